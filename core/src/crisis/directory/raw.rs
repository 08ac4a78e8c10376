//! The directory as its file has it, and the way from there to what may be shown.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Deserialize;
use serde_json::Value;

use super::Directory;
use crate::crisis::{
    Confidence, Contact, CountryCode, EmergencyNumber, Error, Hours, Line, Source,
    dial::{dialled, e164, whatsapp},
    retired::Retired,
};

const SCHEMA: u32 = 1;

#[derive(Deserialize)]
struct File {
    schema: u32,
    compiled_on: String,
    emergency: BTreeMap<String, Value>,
    services: Vec<Value>,
    retired: Vec<RetiredNumber>,
}

#[derive(Deserialize)]
struct RetiredNumber {
    number: String,
    country: String,
}

#[derive(Deserialize)]
struct Emergency {
    numbers: Vec<String>,
    sources: Vec<Page>,
    verified_on: Option<String>,
}

#[derive(Deserialize)]
struct Service {
    id: String,
    country: String,
    region: Option<String>,
    name: String,
    audience: String,
    languages: Vec<String>,
    phone: Vec<Phone>,
    sms: Vec<Sms>,
    chat_url: Option<String>,
    whatsapp: Option<String>,
    hours: Option<String>,
    text_verbatim: Option<String>,
    sources: Vec<Page>,
    confidence: String,
    verified_on: Option<String>,
}

#[derive(Deserialize)]
struct Phone {
    number: String,
    e164_dialable: bool,
    note: Option<String>,
}

#[derive(Deserialize)]
struct Sms {
    number: String,
    keyword: Option<String>,
}

#[derive(Deserialize)]
struct Page {
    url: String,
    published: Option<String>,
}

pub(super) fn read(json: &str) -> Result<Directory, Error> {
    let file: File = serde_json::from_str(json).map_err(|error| Error::Directory {
        line: error.line(),
        column: error.column(),
    })?;
    if file.schema != SCHEMA {
        return Err(Error::Directory { line: 0, column: 0 });
    }
    let mut retired = Retired::default();
    for entry in &file.retired {
        // A retired number that cannot be placed must not be lost in silence.
        let country = entry
            .country
            .parse()
            .map_err(|_| Error::Directory { line: 0, column: 0 })?;
        retired.insert(country, &entry.number);
    }
    Ok(Directory {
        compiled_on: day(Some(&file.compiled_on)),
        emergency: file
            .emergency
            .into_iter()
            .filter_map(|(country, entry)| {
                let country = country.parse().ok()?;
                Some((country, emergency(country, entry, &retired)?))
            })
            .collect(),
        lines: file
            .services
            .into_iter()
            .filter_map(|entry| line(Service::deserialize(entry).ok()?, &retired))
            .collect(),
        retired,
    })
}

fn emergency(
    country: CountryCode,
    entry: Value,
    retired: &Retired,
) -> Option<Vec<EmergencyNumber>> {
    let entry = Emergency::deserialize(entry).ok()?;
    let verified_on = day(entry.verified_on.as_deref());
    let sources: Vec<Source> = entry.sources.into_iter().map(Source::from).collect();
    let numbers: Vec<_> = entry
        .numbers
        .into_iter()
        .filter(|number| !retired.stands_in(country, number))
        .filter_map(|number| {
            Some(EmergencyNumber {
                uri: format!("tel:{}", dialled(&number)?),
                number,
                sources: sources.clone(),
                verified_on,
            })
        })
        .collect();
    (!numbers.is_empty()).then_some(numbers)
}

fn line(service: Service, retired: &Retired) -> Option<Line> {
    let country: CountryCode = service.country.parse().ok()?;
    let clean = |text: &String| !retired.stands_in(country, text);
    let confidence = match service.confidence.as_str() {
        "confirmed" => Confidence::Confirmed,
        "single-source" => Confidence::SingleSource,
        _ => return None,
    };
    let contacts = contacts(&service, country, retired);
    if contacts.is_empty() || service.sources.is_empty() || !clean(&service.name) {
        return None;
    }
    Some(Line {
        region: match &service.region {
            Some(region) => Some(region.parse().ok()?),
            None => None,
        },
        audience: service.audience.parse().ok()?,
        languages: service
            .languages
            .iter()
            .filter_map(|tag| tag.parse().ok())
            .collect(),
        hours: match service.hours.filter(clean) {
            Some(hours) if hours == "24/7" => Hours::RoundTheClock,
            Some(hours) => Hours::Stated(hours),
            None => Hours::Unknown,
        },
        text_verbatim: service.text_verbatim.filter(clean),
        sources: service.sources.into_iter().map(Source::from).collect(),
        verified_on: day(service.verified_on.as_deref()),
        id: service.id,
        name: service.name,
        country,
        contacts,
        confidence,
    })
}

fn contacts(service: &Service, country: CountryCode, retired: &Retired) -> Vec<Contact> {
    let clean = |text: &String| !retired.stands_in(country, text);
    let calls = service.phone.iter().filter_map(|phone| {
        let note = phone.note.clone();
        // A note can carry what makes the number right (`then press 1`), so a
        // number whose note may not be shown goes with it.
        (clean(&phone.number) && note.as_ref().is_none_or(clean)).then_some(())?;
        Some(Contact::Call {
            uri: format!("tel:{}", dialled(&phone.number)?),
            e164: phone
                .e164_dialable
                .then(|| e164(country.as_str(), &phone.number))
                .flatten(),
            number: phone.number.clone(),
            note,
        })
    });
    let texts = service.sms.iter().filter_map(|sms| {
        clean(&sms.number).then_some(())?;
        Some(Contact::Text {
            uri: format!("sms:{}", dialled(&sms.number)?),
            number: sms.number.clone(),
            keyword: sms.keyword.clone(),
        })
    });
    let chat = service.chat_url.iter().filter_map(|url| {
        let is_web = url.starts_with("https://") || url.starts_with("http://");
        (is_web && clean(url)).then(|| Contact::Chat { url: url.clone() })
    });
    let whatsapp = service.whatsapp.iter().filter_map(|number| {
        (clean(number) && !retired.is_international(country, number)).then_some(())?;
        Some(Contact::WhatsApp {
            url: whatsapp(number)?,
            number: number.clone(),
        })
    });
    calls.chain(texts).chain(chat).chain(whatsapp).collect()
}

/// A day as the file writes it. What is no day is none: never a reason to trust.
fn day(text: Option<&str>) -> Option<Date> {
    text?.parse().ok()
}

impl From<Page> for Source {
    fn from(page: Page) -> Self {
        Self {
            address: page.url,
            published: page.published,
        }
    }
}
