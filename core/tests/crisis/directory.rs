//! Directories other than the one that is compiled in: verified, damaged, hostile.

use companion_core::crisis::{
    Blocker, Contact, Directory, Error, Help, Query, Reason, Verification, render_text, to_json,
};
use jiff::civil::date;
use serde_json::{Value, json};

fn service(id: &str, changes: Value) -> Value {
    let mut entry = json!({
        "id": id, "country": "CA", "region": null, "name": "A line", "audience": "general",
        "languages": ["en"], "phone": [{"number": "55 1234", "e164_dialable": false, "note": null}],
        "sms": [], "chat_url": null, "whatsapp": null, "hours": null, "text_verbatim": null,
        "sources": [{"url": "https://example.org/a", "quote": "", "published": null}],
        "confidence": "confirmed", "replaces": [], "notes": null,
    });
    for (key, value) in changes.as_object().expect("object") {
        entry[key] = value.clone();
    }
    entry
}

fn file(emergency_day: Value, services: &[Value]) -> String {
    json!({
        "schema": 1, "compiled_on": "2026-11-24", "method": "",
        "emergency": {"CA": {
            "numbers": ["911"],
            "sources": [{"url": "https://example.org", "quote": "", "published": null}],
            "verified_on": emergency_day,
        }},
        "services": services,
        "retired": [
            {"number": "1-800-555-0199", "country": "CA", "reason": "closed"},
            {"number": "0345 036 1628", "country": "CA", "reason": "replaced"},
            {"number": "777", "country": "GB", "reason": "closed"},
        ],
    })
    .to_string()
}

fn read(services: &[Value]) -> Help {
    let directory = Directory::parse(&file(Value::Null, services)).expect("directory");
    directory.help(&Query::new("CA".parse().expect("country")))
}

fn ids(help: &Help) -> Vec<&str> {
    help.lines.iter().map(|line| line.id.as_str()).collect()
}

#[test]
fn a_verified_line_shows_its_day_and_stays_when_it_is_old() {
    let services = [
        service("ca-old", json!({"verified_on": "2019-03-01"})),
        service("ca-none", json!({})),
    ];
    let help = read(&services);
    assert_eq!(ids(&help), ["ca-old", "ca-none"]);
    assert_eq!(help.verification, Verification::Some);
    let text = render_text(&help, 72);
    assert!(text.contains("  Last verified on 1 March 2019\n"));
    assert_eq!(to_json(&help)["lines"][0]["verified_on"], "2019-03-01");

    let all = Directory::parse(&file(json!("2026-11-01"), &services[..1])).expect("directory");
    let help = all.help(&Query::new("CA".parse().expect("country")));
    assert_eq!(help.verification, Verification::All);
    assert!(!render_text(&help, 72).contains("Not yet verified"));
}

#[test]
fn hours_come_before_confidence_and_both_before_the_order_of_the_file() {
    let services = [
        service("ca-unknown", json!({})),
        service("ca-stated", json!({"hours": "Fridays"})),
        service(
            "ca-one-source",
            json!({"hours": "24/7", "confidence": "single-source"}),
        ),
        service("ca-b", json!({"hours": "24/7"})),
        service("ca-a", json!({"hours": "24/7"})),
    ];
    assert_eq!(
        ids(&read(&services)),
        ["ca-b", "ca-a", "ca-one-source", "ca-stated", "ca-unknown"]
    );
}

#[test]
fn a_language_is_found_by_the_codes_that_devices_send() {
    let first = |asked: &str, spoken: [&str; 2]| -> String {
        let services = spoken.map(|tag| service(tag, json!({"languages": ["en", tag]})));
        let directory = Directory::parse(&file(Value::Null, &services)).expect("directory");
        let help = directory.help(&Query {
            language: Some(asked.parse().expect("language")),
            ..Query::new("CA".parse().expect("country"))
        });
        help.lines[0].id.clone()
    };
    // Preferred values and macrolanguages of the IANA Language Subtag Registry.
    for (asked, registered) in [
        ("nb-NO", "no"),
        ("nn", "no"),
        ("iw", "he"),
        ("in", "id"),
        ("tl", "fil"),
        ("cmn", "zh"),
        ("yue-HK", "zh-HK"),
        ("pt-BR", "pt"),
    ] {
        assert_eq!(first(asked, ["fr", registered]), registered, "{asked}");
    }
    assert_eq!(
        first("zh-hk", ["zh", "zh-HK"]),
        "zh-HK",
        "the very tag first"
    );
}

#[test]
fn a_day_that_is_none_verifies_nothing() {
    for day in ["2026-02-30", "yesterday", "", "24.11.2026"] {
        let help = read(&[service("ca-a", json!({"verified_on": day}))]);
        assert_eq!(help.lines[0].verified_on, None, "{day}");
    }
}

#[test]
fn a_release_is_held_up_by_what_is_unverified_older_than_90_days_or_from_the_future() {
    let on = |day: &str| json!({"verified_on": day});
    let services = [
        service("ca-89", on("2026-08-27")),
        service("ca-90", on("2026-08-26")),
        service("ca-91", on("2026-08-25")),
        service("ca-tomorrow", on("2026-11-25")),
        service("ca-never", json!({})),
        service("ca-hidden", json!({"confidence": "unconfirmed"})),
    ];
    let directory = Directory::parse(&file(json!("2026-11-24"), &services)).expect("directory");
    let found = directory.release_blockers(date(2026, 11, 24));
    let blocker = |subject: &str, reason| Blocker {
        subject: subject.to_owned(),
        reason,
    };
    assert_eq!(
        found,
        [
            blocker("ca-91", Reason::TooOld),
            blocker("ca-tomorrow", Reason::InFuture),
            blocker("ca-never", Reason::NeverVerified),
        ]
    );
    // All 53 countries and 112 lines of today's directory.
    let compiled = Directory::compiled().release_blockers(date(2026, 11, 24));
    assert_eq!(compiled.len(), 53 + 112);
    assert_eq!(compiled[0], blocker("emergency AR", Reason::NeverVerified));
}

#[test]
fn a_retired_number_is_dropped_wherever_it_stands() {
    let call = |number: &str, note: Value| json!({"phone": [{"number": number, "e164_dialable": false, "note": note}]});
    for changes in [
        call("1-800-555-0199", Value::Null),
        call("1 (800) 5550199", Value::Null),
        call("988", json!("or 1 800 555 0199")),
        json!({"phone": [], "sms": [{"number": "18005550199", "keyword": null}]}),
        json!({"phone": [], "whatsapp": "+1 345 036 1628"}),
        json!({"phone": [], "whatsapp": "+13450361628"}),
        json!({"name": "Line 1-800-555-0199"}),
    ] {
        assert_eq!(
            ids(&read(&[service("ca-a", changes.clone())])),
            [""; 0],
            "{changes}"
        );
    }
    let kept = read(&[service(
        "ca-a",
        json!({"text_verbatim": "Call 1 800 555 0199", "hours": "24/7 on 1-800-555-0199"}),
    )]);
    assert_eq!(kept.lines[0].text_verbatim, None);
    assert!(!render_text(&kept, 72).contains("0199"));
    // Another country's retired number, and a longer number, are none of it.
    for number in ["777", "1-800-555-01990"] {
        assert_eq!(
            read(&[service("ca-a", call(number, Value::Null))])
                .lines
                .len(),
            1
        );
    }
}

#[test]
fn one_bad_entry_takes_no_other_away() {
    let good = service("ca-good", json!({}));
    for bad in [
        json!("text"),
        json!({}),
        service("ca-bad", json!({"country": "ZZ"})),
        service("ca-bad", json!({"region": "Québec"})),
        service("ca-bad", json!({"audience": "friends"})),
        service("ca-bad", json!({"confidence": "certain"})),
        service("ca-bad", json!({"sources": []})),
        service("ca-bad", json!({"phone": []})),
        service(
            "ca-bad",
            json!({"phone": [], "chat_url": "javascript:alert(1)"}),
        ),
        service("ca-bad", json!({"phone": [], "whatsapp": "324 011 7252"})),
    ] {
        assert_eq!(
            ids(&read(&[bad.clone(), good.clone()])),
            ["ca-good"],
            "{bad}"
        );
    }
}

#[test]
fn a_number_with_anything_but_keys_and_separators_is_not_guessed_at() {
    let numbers = [
        "",
        "*",
        "12*34",
        "12#",
        "12;34",
        "+1 23",
        "1 866 APPELLE",
        "12\n34",
        "１２",
    ];
    for number in numbers {
        let phone = json!({"phone": [{"number": number, "e164_dialable": false, "note": null}]});
        assert_eq!(ids(&read(&[service("ca-a", phone)])), [""; 0], "{number}");
    }
}

#[test]
fn an_international_form_is_never_guessed() {
    // Marked as ordinary, but of a country whose prefixes the code does not know,
    // or without the leading 0 that its country's numbers have.
    for (country, number) in [("CA", "613 555 0100"), ("FI", "9 2525 0111")] {
        let entry = service(
            "a",
            json!({"country": country,
                   "phone": [{"number": number, "e164_dialable": true, "note": null}]}),
        );
        let directory = Directory::parse(&file(Value::Null, &[entry])).expect("directory");
        let help = directory.help(&Query::new(country.parse().expect("country")));
        assert!(matches!(
            &help.lines[0].contacts[0],
            Contact::Call { e164: None, .. }
        ));
    }
}

#[test]
fn what_is_no_directory_is_refused() {
    for text in ["", "{", "[]", "null", "{\"schema\":1}", "\u{0}"] {
        assert!(
            matches!(Directory::parse(text), Err(Error::Directory { .. })),
            "{text}"
        );
    }
    let newer = file(Value::Null, &[]).replace("\"schema\":1", "\"schema\":2");
    assert_eq!(
        Directory::parse(&newer).map(|_| ()),
        Err(Error::Directory { line: 0, column: 0 })
    );
    let lost = file(Value::Null, &[]).replace("\"country\":\"GB\"", "\"country\":\"ZZ\"");
    assert!(
        Directory::parse(&lost).is_err(),
        "a retired number of no country"
    );
}

#[test]
fn an_empty_directory_still_gives_words() {
    let help = Directory::default().help(&Query::new("US".parse().expect("country")));
    assert!(help.emergency.is_empty() && help.lines.is_empty());
    let text = render_text(&help, 72).replace('\n', " ");
    assert!(text.contains("emergency number of the place where you are"));
}
