//! The rules of `core/data/README.md`, over the whole directory.

use std::collections::BTreeMap;

use companion_core::crisis::{self, Contact, Hours, Line, Verification};

use crate::oracle::{FILE, ask, countries, everything, list, services, text};

#[test]
fn every_country_of_the_file_gives_its_emergency_numbers_in_order() {
    for country in countries() {
        let help = ask(country);
        let expected: Vec<_> = list(&FILE["emergency"][country], "numbers")
            .iter()
            .map(|number| number.as_str().expect("number"))
            .collect();
        let given: Vec<_> = help.emergency.iter().map(|n| n.number.as_str()).collect();
        assert_eq!(given, expected, "{country}");
        for number in &help.emergency {
            assert_eq!(number.uri, format!("tel:{}", number.number));
            let sources = list(&FILE["emergency"][country], "sources");
            assert_eq!(number.sources.len(), sources.len());
            assert_eq!(number.sources[0].address, text(&sources[0], "url"));
        }
    }
    assert_eq!(countries().count(), 53);
}

#[test]
fn every_entry_that_may_be_shown_is_there_whole() {
    let mut seen = 0;
    for country in countries() {
        let help = ask(country);
        let shown: BTreeMap<_, _> = help.lines.iter().map(|l| (l.id.as_str(), l)).collect();
        assert_eq!(shown.len(), help.lines.len(), "{country}: an entry twice");
        assert_eq!(services(country).count(), help.lines.len(), "{country}");
        for service in services(country) {
            let line = shown[text(service, "id")];
            assert_eq!(line.name, text(service, "name"));
            assert_eq!(line.country.as_str(), country);
            assert_eq!(
                line.region.as_ref().map(|r| r.as_str()),
                service["region"].as_str()
            );
            assert_eq!(line.audience.as_str(), text(service, "audience"));
            assert_eq!(line.confidence.as_str(), text(service, "confidence"));
            let languages: Vec<_> = line.languages.iter().map(|l| l.as_str()).collect();
            assert_eq!(serde_json::json!(languages), service["languages"]);
            assert_eq!(
                line.text_verbatim.as_deref(),
                service["text_verbatim"].as_str()
            );
            assert_eq!(line.sources.len(), list(service, "sources").len());
            for (given, source) in line.sources.iter().zip(list(service, "sources")) {
                assert_eq!(given.address, text(source, "url"));
                assert_eq!(given.published.as_deref(), source["published"].as_str());
            }
            assert_eq!(contacts(line), contacts_of(service));
            seen += 1;
        }
    }
    assert_eq!(seen, 112, "117 entries, of them 5 unconfirmed");
}

fn contacts(line: &Line) -> Vec<(&str, &str, Option<&str>)> {
    line.contacts
        .iter()
        .map(|contact| match contact {
            Contact::Call { number, note, .. } => ("call", number.as_str(), note.as_deref()),
            Contact::Text {
                number, keyword, ..
            } => ("text", number.as_str(), keyword.as_deref()),
            Contact::Chat { url } => ("chat", url.as_str(), None),
            Contact::WhatsApp { number, .. } => ("whatsapp", number.as_str(), None),
        })
        .collect()
}

fn contacts_of(service: &serde_json::Value) -> Vec<(&str, &str, Option<&str>)> {
    let phones = list(service, "phone")
        .iter()
        .map(|phone| ("call", text(phone, "number"), phone["note"].as_str()));
    let sms = list(service, "sms")
        .iter()
        .map(|sms| ("text", text(sms, "number"), sms["keyword"].as_str()));
    let one = |kind, key: &str| service[key].as_str().map(|value| (kind, value, None));
    phones
        .chain(sms)
        .chain(one("chat", "chat_url"))
        .chain(one("whatsapp", "whatsapp"))
        .collect()
}

#[test]
fn no_line_of_another_country_is_ever_given() {
    for help in everything() {
        let country = help.country.expect("country");
        for line in &help.lines {
            // A line for the very region that was asked for is of that place by
            // either of its codes (US-PR is PR).
            let asked_for = help.region.is_some() && line.region == help.region;
            assert!(
                line.country == country || asked_for,
                "{} in {country}",
                line.id
            );
        }
    }
}

#[test]
fn nothing_unconfirmed_is_shown() {
    let hidden: Vec<_> = list(&FILE, "services")
        .iter()
        .filter(|service| service["confidence"] == "unconfirmed")
        .collect();
    assert_eq!(hidden.len(), 5);
    for help in everything() {
        let (screen, json) = shown(&help);
        for service in &hidden {
            assert!(!screen.contains(text(service, "name")) && !json.contains(text(service, "id")));
            for phone in list(service, "phone") {
                let number = text(phone, "number");
                assert!(
                    !screen.contains(number) && !json.contains(number),
                    "{number}"
                );
            }
        }
    }
}

#[test]
fn no_retired_number_is_shown_however_it_is_written() {
    let retired = list(&FILE, "retired");
    assert_eq!(retired.len(), 26);
    for help in everything() {
        let (screen, json) = shown(&help);
        for entry in retired {
            if help
                .country
                .is_some_and(|c| c.as_str() == text(entry, "country"))
            {
                let number = text(entry, "number");
                assert!(!has_number(&screen, number), "{number} on screen");
                assert!(!has_number(&json, number), "{number} in JSON");
            }
        }
    }
}

/// Whether the whole number stands in the text, its digits held apart by at most
/// three other characters that are no letters.
fn has_number(text: &str, number: &str) -> bool {
    let wanted: Vec<char> = number.chars().filter(char::is_ascii_digit).collect();
    let text: Vec<char> = text.chars().collect();
    (0..text.len()).any(|start| {
        if start > 0 && text[start - 1].is_ascii_digit() {
            return false;
        }
        let mut at = start;
        for (nth, digit) in wanted.iter().enumerate() {
            let mut gap = 0;
            while nth > 0 && gap < 3 && at < text.len() && !text[at].is_alphanumeric() {
                at += 1;
                gap += 1;
            }
            if text.get(at) != Some(digit) {
                return false;
            }
            at += 1;
        }
        text.get(at).is_none_or(|next| !next.is_ascii_digit())
    })
}

#[test]
fn the_search_for_retired_numbers_finds_whole_numbers_only() {
    for text in ["Call 141", "1-4-1", "(1) 41.", "x141x"] {
        assert!(has_number(text, "141"), "{text}");
    }
    for text in ["1141", "1410", "14", "14 and 1", "1 141x4"] {
        assert_eq!(has_number(text, "141"), text == "1 141x4", "{text}");
    }
}

#[test]
fn a_number_is_dialled_as_it_is_written() {
    for line in everything().iter().flat_map(|help| &help.lines) {
        for contact in &line.contacts {
            let (scheme, number, uri) = match contact {
                Contact::Call { number, uri, .. } => ("tel:", number, uri),
                Contact::Text { number, uri, .. } => ("sms:", number, uri),
                Contact::Chat { .. } | Contact::WhatsApp { .. } => continue,
            };
            let keys = |text: &str| -> String {
                text.chars()
                    .filter(|c| c.is_ascii_digit() || *c == '*')
                    .collect()
            };
            assert_eq!(uri, &format!("{scheme}{}", keys(number)));
        }
    }
    let star = &ask("CL").lines[0];
    assert!(matches!(
        &star.contacts[0],
        Contact::Call { number, uri, e164: None, .. } if number == "*4141" && uri == "tel:*4141"
    ));
}

/// International forms by libphonenumber 9.0.43, from number and country.
const E164: &[(&str, &str)] = &[
    ("(011) 5275-1135", "+541152751135"),
    ("70 201 201", "+4570201201"),
    ("91 459 00 55", "+34914590055"),
    ("09 2525 0116", "+358925250116"),
    ("09 2525 0111", "+358925250111"),
    ("09 2525 0112", "+358925250112"),
    ("09 2525 0114", "+358925250114"),
    ("09 2525 0115", "+358925250115"),
    ("2389 2222", "+85223892222"),
    ("2389 2223", "+85223892223"),
    ("2896 0000", "+85228960000"),
    ("2382 0000", "+85223820000"),
    ("552 2218", "+3545522218"),
    ("02 2327 2327", "+390223272327"),
    ("050-3655-0279", "+815036550279"),
    ("22 40 00 40", "+4722400040"),
    ("0919-057-1553", "+639190571553"),
    ("0917-899-8727", "+639178998727"),
    ("213 544 545", "+351213544545"),
    ("912 802 669", "+351912802669"),
    ("963 524 660", "+351963524660"),
    ("01 520 99 00", "+38615209900"),
];

#[test]
fn only_ordinary_numbers_have_an_international_form() {
    let mut found = BTreeMap::new();
    for line in countries().flat_map(|country| ask(country).lines) {
        for contact in line.contacts {
            if let Contact::Call { number, e164, .. } = contact {
                found.extend(e164.map(|e164| (number, e164)));
            }
        }
    }
    let expected: BTreeMap<_, _> = E164.iter().copied().collect();
    let found: BTreeMap<_, _> = found
        .iter()
        .map(|(n, e)| (n.as_str(), e.as_str()))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn hours_are_stated_and_never_round_the_clock_where_none_are_known() {
    for country in countries() {
        let help = ask(country);
        for service in services(country) {
            let line = help.lines.iter().find(|l| l.id == text(service, "id"));
            let line = line.expect("line");
            match service["hours"].as_str() {
                None => assert_eq!(line.hours, Hours::Unknown),
                Some("24/7") => assert_eq!(line.hours, Hours::RoundTheClock),
                Some(other) => assert_eq!(line.hours, Hours::Stated(other.to_owned())),
            }
        }
    }
}

#[test]
fn what_nobody_verified_says_so() {
    for help in everything() {
        assert_eq!(help.verification, Verification::None);
        assert!(help.lines.iter().all(|line| line.verified_on.is_none()));
    }
}

#[test]
#[ignore = "the release gate: fails until a person has verified all that is shown"]
fn release_shows_only_what_a_person_verified_in_the_last_90_days() {
    let today = companion_core::env::Env::system().now();
    let today = jiff::tz::Offset::UTC.to_datetime(today).date();
    let blockers = crisis::Directory::compiled().release_blockers(today);
    assert!(blockers.is_empty(), "{}: {blockers:#?}", blockers.len());
}

fn shown(help: &crisis::Help) -> (String, String) {
    (
        crisis::render_text(help, 72),
        crisis::to_json(help).to_string(),
    )
}
