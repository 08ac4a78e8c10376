use serde_json::{Value, json};

use super::{ClinicHelp, ClinicLine, Contact, EmergencyNumber, Help, Hours, Line, Source, words};

/// Help as JSON: what `companion crisis --json` prints.
///
/// Keys are stable; new ones may be added. Every key is always there, with `null`
/// where nothing is known. Days are `YYYY-MM-DD`.
///
/// - `schema`: 1
/// - `country`, `country_name`, `region`, `region_name`
/// - `compiled_on`: the day on which the directory was put together
/// - `verification`: `none`, `some` or `all` of what is given was verified by a person
/// - `emergency[]`: `number`, `uri`, `sources[]`, `verified_on`
/// - `lines[]`: `id`, `name`, `country`, `region`, `region_name`, `audience`,
///   `languages[]`, `hours`, `contacts[]`, `text_verbatim`, `sources[]`,
///   `confidence`, `verified_on`
/// - `clinic`: `name`, and `lines[]`: `name`, `country`, `region`, `audience`, `hours`,
///   `contacts[]`, `source`, `verified_on`, `bulletin`, `expired` (since when it is out of date)
/// - `hours`: `kind` is `round-the-clock`, `stated` or `unknown`; `text` is given
///   where it is `stated`
/// - `contacts[]`: `kind` is `call` (`number`, `uri`, `e164`, `note`), `text`
///   (`number`, `uri`, `keyword`), `chat` (`url`) or `whatsapp` (`number`, `url`)
/// - `sources[]`: `address`, `published`
/// - `notes[]`: `code`, `text`
pub fn to_json(help: &Help) -> Value {
    json!({
        "schema": 1,
        "country": help.country.map(|country| country.as_str()),
        "country_name": help.country.map(|country| country.name()),
        "region": help.region.as_ref().map(|region| region.as_str()),
        "region_name": help.region.as_ref().map(words::region),
        "compiled_on": help.compiled_on.map(|day| day.to_string()),
        "verification": help.verification.as_str(),
        "emergency": help.emergency.iter().map(emergency).collect::<Vec<_>>(),
        "lines": help.lines.iter().map(line).collect::<Vec<_>>(),
        "clinic": help.clinic.as_ref().map(clinic),
        "notes": help.notes.iter().map(|&note| json!({
            "code": note.code(),
            "text": words::note(note),
        })).collect::<Vec<_>>(),
    })
}

fn emergency(number: &EmergencyNumber) -> Value {
    json!({
        "number": number.number,
        "uri": number.uri,
        "sources": sources(&number.sources),
        "verified_on": number.verified_on.map(|day| day.to_string()),
    })
}

fn hours(hours: &Hours) -> Value {
    let (kind, text) = match hours {
        Hours::RoundTheClock => ("round-the-clock", None),
        Hours::Stated(text) => ("stated", Some(text)),
        Hours::Unknown => ("unknown", None),
    };
    json!({ "kind": kind, "text": text })
}

fn clinic(clinic: &ClinicHelp) -> Value {
    json!({
        "name": clinic.clinic,
        "lines": clinic.lines.iter().map(clinic_line).collect::<Vec<_>>(),
    })
}

fn clinic_line(line: &ClinicLine) -> Value {
    json!({
        "name": line.name,
        "country": line.country.as_str(),
        "region": line.region.as_ref().map(|region| region.as_str()),
        "audience": line.audience.as_str(),
        "hours": hours(&line.hours),
        "contacts": line.contacts.iter().map(contact).collect::<Vec<_>>(),
        "source": line.source,
        "verified_on": line.verified_on.map(|day| day.to_string()),
        "bulletin": line.bulletin,
        "expired": line.expired.map(|at| at.to_string()),
    })
}

fn line(line: &Line) -> Value {
    json!({
        "id": line.id,
        "name": line.name,
        "country": line.country.as_str(),
        "region": line.region.as_ref().map(|region| region.as_str()),
        "region_name": line.region.as_ref().map(words::region),
        "audience": line.audience.as_str(),
        "languages": line.languages.iter().map(|tag| tag.as_str()).collect::<Vec<_>>(),
        "hours": hours(&line.hours),
        "contacts": line.contacts.iter().map(contact).collect::<Vec<_>>(),
        "text_verbatim": line.text_verbatim,
        "sources": sources(&line.sources),
        "confidence": line.confidence.as_str(),
        "verified_on": line.verified_on.map(|day| day.to_string()),
    })
}

fn contact(contact: &Contact) -> Value {
    match contact {
        Contact::Call {
            number,
            uri,
            e164,
            note,
        } => json!({ "kind": "call", "number": number, "uri": uri, "e164": e164, "note": note }),
        Contact::Text {
            number,
            uri,
            keyword,
        } => json!({ "kind": "text", "number": number, "uri": uri, "keyword": keyword }),
        Contact::Chat { url } => json!({ "kind": "chat", "url": url }),
        Contact::WhatsApp { number, url } => {
            json!({ "kind": "whatsapp", "number": number, "url": url })
        }
    }
}

fn sources(sources: &[Source]) -> Value {
    sources
        .iter()
        .map(|source| json!({ "address": source.address, "published": source.published }))
        .collect()
}
