//! What a person reads, and what a program reads.

use companion_core::crisis::{self, Contact, Help, Hours, render_text, to_json};
use serde_json::{Value, json};

use crate::oracle::{ask, ask_in, ask_speaking, countries, everything, one_line, services};

#[test]
fn the_page_is_as_it_was_designed() {
    assert_eq!(
        render_text(&ask("nl"), 72),
        "\
You do not have to face this alone. There are people you can talk to.

If your life or someone else's is in danger now, call the emergency
number (Netherlands):
  112
  Source: https://vugd.gov.lv/en/single-emergency-call-number-112-europe
  Not yet verified by a person

Netherlands: people to talk to

113 Zelfmoordpreventie
  Call 113
    free since October 2025
  Call 0800-0113
    free
  Chat https://www.113.nl
  Hours: day and night, every day (24/7)
  Languages: Dutch
  As published: Denk je aan zelfdoding? Bel dan 24/7 gratis en anoniem
    113 of chat op 113.nl
  Source: www.upday.com
  Not yet verified by a person

If nobody answers, try again or try another. If you cannot stay safe,
call the emergency number.

These numbers were gathered from public pages on 24 November 2026.
"
    );
}

#[test]
fn every_number_has_a_line_of_its_own_at_any_width() {
    for country in countries() {
        let help = ask(country);
        for width in [0, 1, 20, 40, 72, 1000, usize::MAX] {
            let text = render_text(&help, width);
            let lines: Vec<&str> = text.lines().map(str::trim_start).collect();
            let first = lines
                .iter()
                .position(|line| *line == help.emergency[0].number);
            let first = first.expect("the emergency number");
            for number in &help.emergency[1..] {
                assert!(lines.contains(&format!("or {}", number.number).as_str()));
            }
            for contact in help.lines.iter().flat_map(|line| &line.contacts) {
                let expected = match contact {
                    Contact::Call { number, .. } => format!("Call {number}"),
                    Contact::Text {
                        number,
                        keyword: None,
                        ..
                    } => format!("Text {number}"),
                    Contact::Text {
                        number,
                        keyword: Some(word),
                        ..
                    } => format!("Text {word} to {number}"),
                    Contact::Chat { url } => format!("Chat {url}"),
                    Contact::WhatsApp { number, .. } => format!("WhatsApp {number}"),
                };
                let at = lines.iter().position(|line| *line == expected);
                assert!(at.expect(&expected) > first, "emergency first: {country}");
            }
        }
    }
}

#[test]
fn every_line_shows_hours_notes_wording_source_and_verification() {
    for help in everything() {
        for line in &help.lines {
            let alone = Help {
                lines: vec![line.clone()],
                ..help.clone()
            };
            let screen = render_text(&alone, 72);
            let start = screen.find("people to talk to\n").expect("heading");
            let text = one_line(&screen[start..]);
            match &line.hours {
                Hours::RoundTheClock => assert!(text.contains("day and night, every day")),
                Hours::Stated(hours) => assert!(text.contains(&format!("Hours: {hours}"))),
                Hours::Unknown => {
                    assert!(text.contains("Hours: not known"), "{}", line.id);
                    assert!(!text.contains("24/7") && !text.contains("day and night"));
                }
            }
            for contact in &line.contacts {
                if let Contact::Call {
                    note: Some(note), ..
                } = contact
                {
                    assert!(text.contains(note));
                }
            }
            if let Some(words) = &line.text_verbatim {
                assert!(text.contains(&one_line(words)), "{}", line.id);
            }
            let host = line.sources[0]
                .address
                .split('/')
                .nth(2)
                .expect("a web address");
            assert!(
                text.contains("Source: ") && text.contains(host),
                "{}",
                line.id
            );
            assert!(text.contains("Not yet verified by a person"));
        }
    }
}

#[test]
fn prose_keeps_to_the_width_and_nothing_but_text_is_printed() {
    for help in everything() {
        for width in [30, 60, 80, 200] {
            for line in render_text(&help, width).lines() {
                // A number, an address or one long word may be wider.
                let words = line.split_whitespace().count();
                let whole = ["Call ", "Text ", "Chat ", "WhatsApp ", "Source: "]
                    .iter()
                    .any(|start| line.trim_start().starts_with(start));
                let fits = line.chars().count() <= width.min(80);
                assert!(fits || whole || words == 1, "{width}: {line}");
                assert!(!line.ends_with(' ') && !line.chars().any(char::is_control));
            }
        }
    }
}

#[test]
fn regions_and_languages_have_names() {
    let argentina = render_text(&ask("AR"), 72);
    assert!(argentina.contains("Area: Entre Ríos") && argentina.contains("Area: Formosa"));
    for help in everything() {
        for line in &help.lines {
            let shown = render_text(&help, 72);
            if let Some(region) = &line.region {
                assert!(!shown.contains(&format!("Area: {region}")));
            }
        }
        let shown = render_text(&help, 1000);
        for names in shown
            .lines()
            .filter_map(|l| l.trim().strip_prefix("Languages: "))
        {
            let named = |name: &str| name.starts_with(|c: char| c.is_uppercase());
            assert!(names.split(", ").all(named), "{names}");
        }
    }
}

#[test]
fn without_a_number_the_page_says_whom_to_call() {
    for help in [crisis::help_without_country(), ask("VA")] {
        let page = one_line(&render_text(&help, 72));
        assert!(page.contains("call the emergency number of the place where you are"));
        assert!(!page.contains("112") && !page.contains("911"));
    }
    let kenya = one_line(&render_text(&ask("KE"), 72));
    assert!(kenya.contains("(Kenya): 999 or 112"));
    assert!(kenya.contains("We do not know a crisis line for this country yet."));
}

#[test]
fn json_has_every_key_for_the_first_line_of_a_country() {
    let json = to_json(&ask_in("AR", "E"));
    assert_eq!(
        json["lines"][0],
        json!({
            "id": "ar-er-135",
            "name": "Línea 135 Entre Ríos",
            "country": "AR",
            "region": "AR-E",
            "region_name": "Entre Ríos",
            "audience": "general",
            "languages": ["es"],
            "hours": {"kind": "round-the-clock", "text": null},
            "contacts": [
                {"kind": "call", "number": "135", "uri": "tel:135", "e164": null, "note": null},
                {"kind": "call", "number": "0800-777-2100", "uri": "tel:08007772100",
                 "e164": null, "note": null},
            ],
            "text_verbatim": null,
            "sources": [
                {"address": "https://www.elonce.com/sociedad/destacaron-la-importancia-de-la-linea-135-en-prevencion-del-suicidio-y-apoyo-en-salud-mental.htm",
                 "published": "2026-02-26"},
                {"address": "https://www.ciudadsatelite.com.ar/noticias/2025/07/16/55865-la-linea-de-asistencia-en-salud-mental-funciona-las-24-horas-en-entre-rios",
                 "published": "2025-07-16"},
            ],
            "confidence": "confirmed",
            "verified_on": null,
        })
    );
    let rest: Vec<&String> = json.as_object().expect("object").keys().collect();
    assert_eq!(
        rest,
        [
            "clinic",
            "compiled_on",
            "country",
            "country_name",
            "emergency",
            "lines",
            "notes",
            "region",
            "region_name",
            "schema",
            "verification"
        ]
    );
    assert_eq!(json["emergency"][0]["uri"], "tel:911");
    assert_eq!(
        (&json["schema"], &json["verification"]),
        (&json!(1), &json!("none"))
    );
}

#[test]
fn json_gives_the_hours_of_every_line_as_the_file_has_them() {
    for country in countries() {
        let json = to_json(&ask(country));
        for service in services(country) {
            let lines = json["lines"].as_array().expect("lines");
            let line = lines.iter().find(|line| line["id"] == service["id"]);
            let expected = match service["hours"].as_str() {
                None => json!({"kind": "unknown", "text": null}),
                Some("24/7") => json!({"kind": "round-the-clock", "text": null}),
                Some(text) => json!({"kind": "stated", "text": text}),
            };
            assert_eq!(line.expect("line")["hours"], expected);
        }
    }
}

#[test]
fn json_of_the_other_contacts_and_of_notes() {
    let contacts = |help: &Help, id: &str| -> Value {
        let json = to_json(help);
        let lines = json["lines"].as_array().expect("lines");
        let line = lines.iter().find(|line| line["id"] == id).expect("line");
        line["contacts"].clone()
    };
    assert_eq!(
        contacts(&ask("US"), "us-trevor-project")[1],
        json!({"kind": "text", "number": "678678", "uri": "sms:678678", "keyword": "START"})
    );
    assert_eq!(
        contacts(&ask("IT"), "it-telefono-amico"),
        json!([
            {"kind": "call", "number": "02 2327 2327", "uri": "tel:0223272327",
             "e164": "+390223272327", "note": null},
            {"kind": "whatsapp", "number": "+39 324 011 7252",
             "url": "https://wa.me/393240117252"},
        ])
    );
    assert_eq!(
        contacts(&ask_speaking("US", "es"), "us-988")[3],
        json!({"kind": "chat", "url": "https://988lifeline.org"})
    );
    let nowhere = to_json(&crisis::help_without_country());
    assert_eq!(nowhere["notes"][0]["code"], "no-country");
    assert_eq!(nowhere["country"], Value::Null);
}
