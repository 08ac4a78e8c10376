//! The recovery kit: when it may be asked for, and what is read from paper.
#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

use companion_core::kit::{KitCode, KitCodeError, KitState, may_ask};
use companion_core::space::words24::WordsError;
use jiff::Timestamp;

/// 2026-11-20, a Friday.
const INFUSION: &str = "2026-11-20T15:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn ms(text: &str) -> i64 {
    at(text).as_millisecond()
}

#[test]
fn nobody_is_asked_in_the_48_hours_after_an_infusion() {
    let infusion = Some(at(INFUSION));
    let asked = |now: &str| may_ask(KitState::Never, infusion, at(now));
    assert!(!asked("2026-11-20T15:00:00Z"));
    assert!(!asked("2026-11-22T14:59:59Z"));
    assert!(asked("2026-11-22T15:00:00Z"));
    // By a clock that is behind, the infusion lies ahead.
    assert!(!asked("2026-11-20T09:00:00Z"));
    assert!(may_ask(KitState::Never, None, at(INFUSION)));
}

#[test]
fn a_kit_is_asked_for_where_none_works_and_its_check_after_half_a_year() {
    let now = at("2026-11-24T12:00:00Z");
    let asked = |state| may_ask(state, None, now);
    assert!(asked(KitState::ShutOut { at_ms: 0 }));
    let made_ms = ms("2025-01-01T00:00:00Z");
    assert!(asked(KitState::Made { made_ms }));
    let recent = ms("2026-11-01T00:00:00Z");
    assert!(!asked(KitState::Made { made_ms: recent }));
    let checked = |checked_ms| KitState::Checked {
        made_ms,
        checked_ms,
    };
    assert!(!asked(checked(recent)));
    // 182 days before is May 26.
    assert!(!asked(checked(ms("2026-05-26T12:00:01Z"))));
    assert!(asked(checked(ms("2026-05-26T12:00:00Z"))));
}

/// The last of the 256-bit vectors of BIP-39 (Trezor's `vectors.json`): all bits set.
const ZOO: &str = "zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo vote";
/// 32 bytes of 0xff in base32 (RFC 4648), by hand: 51 groups of five bits, and the last bit with four zeros.
const FF: &str = "777777777777777777777777777777777777777777777777777Q";

fn fails(text: &str) -> KitCodeError {
    KitCode::parse(text).err().unwrap()
}

#[test]
fn words_and_code_are_the_same_secret() {
    let typed = KitCode::parse(ZOO).unwrap();
    assert!(typed.server().is_none());
    let scanned = KitCode::parse(&format!("PK1:{FF}:S:CLINIC.EXAMPLE")).unwrap();
    assert_eq!(scanned.words().text().as_str(), ZOO);
    assert_eq!(scanned.server(), Some("https://clinic.example"));
    assert_eq!(typed.id(), scanned.id());
    assert_eq!(scanned.qr(), format!("PK1:{FF}:S:CLINIC.EXAMPLE"));
}

#[test]
fn what_is_no_kit_is_refused_by_kind() {
    let short = ZOO.rsplit_once(' ').unwrap().0;
    let count = KitCodeError::Words(WordsError::Count { found: 23 });
    assert_eq!(fails(short), count);
    let unknown = KitCodeError::Words(WordsError::Unknown { position: 24 });
    assert_eq!(fails(&format!("{short} infusion")), unknown);
    let sum = KitCodeError::Words(WordsError::Checksum);
    assert_eq!(fails(&format!("{short} zoo")), sum);
    for code in [
        "PK1:".to_owned(),
        format!("PK1:{FF}"),
        format!("PK1:{FF}:"),
        format!("PK1:{FF}:X:CLINIC.EXAMPLE"),
        // A server elsewhere is reached over TLS alone.
        format!("PK1:{FF}:L:CLINIC.EXAMPLE"),
        format!("PK1:{}:S:CLINIC.EXAMPLE", &FF[..48]),
        format!("PK1:{FF}{FF}:S:CLINIC.EXAMPLE"),
    ] {
        assert_eq!(fails(&code), KitCodeError::NotOurs, "{code}");
    }
}
