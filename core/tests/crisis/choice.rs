//! Which lines a person gets, and in which order.

use companion_core::crisis::{Audience, Contact, Directory, Help, Note};

use crate::oracle::{ask, ask_for, ask_in, ask_speaking, ids};

fn calls(help: &Help, nth: usize) -> Vec<&str> {
    help.lines[nth]
        .contacts
        .iter()
        .filter_map(|contact| match contact {
            Contact::Call { number, .. } => Some(number.as_str()),
            Contact::Text { .. } | Contact::Chat { .. } | Contact::WhatsApp { .. } => None,
        })
        .collect()
}

#[test]
fn the_same_digits_are_another_service_in_another_country() {
    let (us, ca) = (ask("US"), ask("CA"));
    assert_eq!(
        (us.lines[0].id.as_str(), calls(&us, 0)),
        ("us-988", vec!["988"])
    );
    assert_eq!(
        (ca.lines[0].id.as_str(), calls(&ca, 0)),
        ("ca-988", vec!["988"])
    );
    assert_ne!(us.lines[0].sources, ca.lines[0].sources);

    let id = |country, number: &str| {
        let help = ask(country);
        (0..help.lines.len())
            .find(|&nth| calls(&help, nth).contains(&number))
            .map(|nth| help.lines[nth].id.clone())
    };
    assert_eq!(id("NL", "113").as_deref(), Some("nl-113"));
    assert_eq!(id("PE", "113").as_deref(), Some("pe-113-5"));
    assert_eq!(id("NO", "113"), None, "the ambulance is no line");
    assert_eq!(ask("NO").emergency[0].number, "113");
    assert_eq!(ask("NL").emergency[0].number, "112");
    assert_eq!(id("GB", "116 123").as_deref(), Some("gb-samaritans"));
    assert_eq!(id("HU", "116 123").as_deref(), Some("hu-116-123"));
}

#[test]
fn without_a_region_national_lines_come_before_those_of_a_part() {
    assert_eq!(
        ids(&ask("AR")),
        ["ar-salud-mental", "ar-cas", "ar-er-135", "ar-p-formosa"]
    );
    assert_eq!(
        ids(&ask("GB")),
        [
            "gb-samaritans",
            "gb-shout",
            "gb-calm",
            "gb-nhs-111-option-2",
            "gb-childline",
            "gb-papyrus"
        ]
    );
}

#[test]
fn a_region_brings_its_lines_first_and_leaves_other_parts_out() {
    assert_eq!(
        ids(&ask_in("AR", "E")),
        ["ar-er-135", "ar-salud-mental", "ar-cas"]
    );
    assert_eq!(ids(&ask_in("AR", "AR-P"))[0], "ar-p-formosa");
    assert_eq!(ids(&ask_in("AR", "ar-b")), ["ar-salud-mental", "ar-cas"]);
    assert_eq!(
        ids(&ask_in("CA", "qc"))[..2],
        ["ca-qc-1866-appelle", "ca-988"]
    );
    assert!(!ids(&ask_in("CA", "ON")).contains(&"ca-qc-1866-appelle"));
    assert_eq!(ids(&ask_in("GB", "ENG"))[0], "gb-nhs-111-option-2");
    assert!(!ids(&ask_in("GB", "SCT")).contains(&"gb-nhs-111-option-2"));
    assert_eq!(ids(&ask_in("BE", "VLG")), ["be-vlg-1813"]);
}

#[test]
fn a_region_without_any_line_gets_those_of_other_parts_and_is_told() {
    let brussels = ask_in("BE", "BRU");
    assert_eq!(ids(&brussels), ["be-wal-cps", "be-vlg-1813"]);
    assert_eq!(brussels.notes, [Note::OtherRegions]);
}

#[test]
fn a_region_of_another_country_is_ignored_and_named() {
    let odd = ask_in("GB", "CA-QC");
    assert_eq!(odd.notes, [Note::RegionIgnored]);
    assert_eq!((odd.region.as_ref(), odd.lines), (None, ask("GB").lines));
}

#[test]
fn puerto_rico_is_found_by_both_of_its_codes() {
    let own = ask("PR");
    assert_eq!((ids(&own), own.notes.len()), (vec!["pr-linea-pas"], 0));
    assert_eq!(ids(&ask_in("PR", "US-PR")), ["pr-linea-pas"]);
    let as_region = ask_in("US", "PR");
    assert_eq!(ids(&as_region)[..2], ["pr-linea-pas", "us-988"]);
    assert!(!ids(&ask("US")).contains(&"pr-linea-pas"));
    assert!(
        !ids(&ask_in("US", "CA")).contains(&"ca-988"),
        "California is not Canada"
    );
}

#[test]
fn the_audience_asked_for_comes_first_and_hides_nobody() {
    let veterans = ask_for("US", Audience::Veterans);
    assert_eq!(ids(&veterans)[..2], ["us-veterans-crisis-line", "us-988"]);
    assert!(matches!(
        &veterans.lines[0].contacts[0],
        Contact::Call { note: Some(note), .. } if note == "then press 1"
    ));
    assert_eq!(veterans.lines.len(), ask("US").lines.len());
    // General lines come before those for yet others.
    let position = |id| ids(&veterans).iter().position(|&other| other == id);
    assert!(position("us-crisis-text-line") < position("us-trevor-project"));
    assert_eq!(ids(&ask_for("AU", Audience::Indigenous))[0], "au-13yarn");
    assert_eq!(ids(&ask_for("FR", Audience::Youth)), ["fr-3114"]);
}

#[test]
fn the_language_asked_for_comes_first_and_hides_no_line() {
    let first = |country, tag| ask_speaking(country, tag).lines[0].id.clone();
    assert_eq!(first("FI", "sv"), "fi-mieli-sv");
    assert_eq!(first("FI", "sv-FI"), "fi-mieli-sv");
    assert_eq!(first("FI", "RU"), "fi-mieli-uk-ru");
    assert_eq!(first("BE", "nl"), "be-vlg-1813");
    assert_eq!(
        first("HK", "zh"),
        "hk-18111",
        "the very tag before another script"
    );
    assert_eq!(ask_speaking("FI", "am").lines, ask("FI").lines);
    assert_eq!(ask_speaking("FI", "sv").lines.len(), ask("FI").lines.len());
}

#[test]
fn round_the_clock_comes_first_then_the_order_of_the_directory() {
    assert_eq!(ids(&ask("ZA")), ["za-sadag-suicide", "za-sadag-cipla"]);
    assert_eq!(
        ids(&ask("AU"))[..4],
        [
            "au-beyond-blue",
            "au-lifeline",
            "au-suicide-call-back",
            "au-13yarn"
        ]
    );
    // One source only comes after agreeing ones.
    assert_eq!(ids(&ask("IE")).last(), Some(&"ie-your-mental-health"));
}

#[test]
fn where_no_line_is_known_the_emergency_number_stands_and_it_is_said() {
    for (country, number) in [("BD", "999"), ("KE", "999")] {
        let help = ask(country);
        assert_eq!((ids(&help), &help.notes[..]), (vec![], &[Note::NoLine][..]));
        assert_eq!(help.emergency[0].number, number);
    }
    let unknown = ask("VA");
    assert_eq!(unknown.notes, [Note::NoEmergencyNumber, Note::NoLine]);
    assert!(unknown.emergency.is_empty() && unknown.lines.is_empty());
}

#[test]
fn the_regions_to_offer_are_those_with_lines() {
    let regions = |country: &str| -> Vec<String> {
        let regions = Directory::compiled().regions(country.parse().expect("country"));
        regions.iter().map(ToString::to_string).collect()
    };
    assert_eq!(regions("AR"), ["AR-E", "AR-P"]);
    assert_eq!(regions("BE"), ["BE-VLG", "BE-WAL"]);
    assert_eq!(regions("US"), [""; 0]);
}
