//! What people and devices type.

use companion_core::{
    crisis::{self, CountryCode, Error, Input, Language, Note, RegionCode},
    problem::{Kind, Problem},
};
use proptest::prelude::*;

use crate::oracle::{ask, countries, ids};

#[test]
fn a_country_is_read_in_either_case() {
    assert_eq!(ask("us"), ask("US"));
    assert_eq!(ask(" nL "), ask("NL"));
    assert_eq!(
        ask("uk"),
        ask("GB"),
        "reserved by ISO 3166 for the United Kingdom"
    );
}

#[test]
fn what_is_no_country_is_refused() {
    for text in ["", "U", "USA", "ZZ", "XX", "1A", "U S", "ÜS", "988", "--"] {
        assert_eq!(text.parse::<CountryCode>(), Err(Error::Country), "{text}");
    }
    // ISO 3166-1 assigns 249 codes.
    assert_eq!(CountryCode::all().count(), 249);
    for country in CountryCode::all() {
        assert_eq!(country.as_str().parse(), Ok(country));
    }
}

#[test]
fn a_region_may_leave_its_country_out() {
    let canada: CountryCode = "CA".parse().expect("country");
    for text in ["QC", "qc", "CA-QC", " ca-qc "] {
        let region = RegionCode::within(canada, text).expect("region");
        assert_eq!(region.as_str(), "CA-QC");
        assert!(region.is_within(canada));
    }
    for text in [
        "", "QUEB", "Q.C", "ZZ-QC", "CA-", "UK-ENG", "CA-QC-1", "Québec",
    ] {
        assert_eq!(
            RegionCode::within(canada, text),
            Err(Error::Region),
            "{text}"
        );
    }
}

#[test]
fn a_language_is_a_tag() {
    for text in ["en", "pt-BR", "zh_Hant_HK", "fil"] {
        assert!(text.parse::<Language>().is_ok(), "{text}");
    }
    for text in [
        "",
        "e",
        "English please",
        "en-",
        "-en",
        "en-ABCDEFGHI",
        "en_US.UTF-8",
    ] {
        assert_eq!(text.parse::<Language>(), Err(Error::Language), "{text}");
    }
}

#[test]
fn help_comes_whatever_was_typed_and_what_was_left_out_is_named() {
    let (help, errors) = crisis::help_for_input(&Input {
        country: Some("us"),
        region: Some("nowhere"),
        audience: Some("friends"),
        language: Some("!"),
    });
    assert_eq!(help, ask("US"));
    assert_eq!(errors, [Error::Audience, Error::Language, Error::Region]);

    let (help, errors) = crisis::help_for_input(&Input {
        country: Some("Narnia"),
        ..Input::default()
    });
    assert_eq!(errors, [Error::Country]);
    assert_eq!(help, crisis::help_without_country());
    assert_eq!(
        (help.country, &help.notes[..]),
        (None, &[Note::NoCountry][..])
    );

    let (help, errors) = crisis::help_for_input(&Input::default());
    assert_eq!((help, errors), (crisis::help_without_country(), vec![]));

    let (help, errors) = crisis::help_for_input(&Input {
        country: Some("US"),
        audience: Some("Veterans"),
        ..Input::default()
    });
    assert_eq!((ids(&help)[0], errors), ("us-veterans-crisis-line", vec![]));
}

#[test]
fn each_error_has_a_code_and_repeats_nothing_of_the_input() {
    let code = |error: Error| Problem::from(error).code;
    assert_eq!(code(Error::Country), "crisis-country");
    assert_eq!(code(Error::Region), "crisis-region");
    assert_eq!(code(Error::Audience), "crisis-audience");
    assert_eq!(code(Error::Language), "crisis-language");
    let problem = Problem::from(Error::Country);
    assert_eq!((problem.kind, problem.retry), (Kind::Input, false));
    let error = "canary-words"
        .parse::<CountryCode>()
        .expect_err("no country");
    assert!(!format!("{error} {error:?} {}", Problem::from(error.clone())).contains("canary"));
}

proptest! {
    #[test]
    fn nothing_typed_can_keep_help_away(
        country in "\\PC{0,4}|[a-zA-Z]{2}", region in "\\PC{0,8}",
        audience in "\\PC{0,8}", language in "\\PC{0,8}", width in any::<usize>(),
    ) {
        let (help, _) = crisis::help_for_input(&Input {
            country: Some(&country),
            region: Some(&region),
            audience: Some(&audience),
            language: Some(&language),
        });
        let code = help.country.map(|country| country.as_str());
        let known = code.is_some_and(|code| countries().any(|country| country == code));
        prop_assert_eq!(known, !help.emergency.is_empty());
        let text = crisis::render_text(&help, width);
        prop_assert!(text.contains("emergency"));
        prop_assert_eq!(&crisis::to_json(&help)["country"], &serde_json::json!(code));
    }
}
