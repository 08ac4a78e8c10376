//! The hybrid clock: its properties, and that it goes on after a restart.

use companion_core::event::{FOLLOW_LIMIT_MS, Hlc, HybridClock};
use proptest::prelude::*;

use crate::support::{DAY, START, env, noted, open, patient};

fn hlc(ms: i64, counter: u32) -> Hlc {
    Hlc { ms, counter }
}

#[test]
fn five_minutes_ahead_is_followed_and_a_millisecond_more_is_not() {
    assert_eq!(FOLLOW_LIMIT_MS, 300_000);
    let mut clock = HybridClock::default();
    assert!(clock.follow(hlc(1_300_000, 7), 1_000_000));
    assert_eq!(clock.tick(1_000_000), hlc(1_300_000, 8));
    let mut clock = HybridClock::default();
    assert!(!clock.follow(hlc(1_300_001, 0), 1_000_000));
    assert_eq!(clock.tick(1_000_000), hlc(1_000_000, 0));
    // Whatever the numbers, nothing overflows.
    assert!(clock.follow(hlc(i64::MAX, 0), i64::MAX));
    assert!(!HybridClock::default().follow(hlc(i64::MAX, u32::MAX), 0));
    assert!(HybridClock::default().follow(hlc(i64::MIN, 0), i64::MIN));
}

#[test]
fn a_counter_at_its_end_goes_on_with_the_next_millisecond() {
    let mut clock = HybridClock::at(hlc(50, u32::MAX));
    assert_eq!(clock.tick(50), hlc(51, 0));
    let mut clock = HybridClock::at(hlc(50, u32::MAX - 1));
    assert_eq!(clock.tick(49), hlc(50, u32::MAX));
    assert_eq!(clock.tick(49), hlc(51, 0));
}

proptest! {
    /// Every reading is greater than all that were made or followed before, and no less than
    /// the device's own time.
    #[test]
    fn readings_only_grow(
        start in 0_i64..2_000_000,
        steps in prop::collection::vec((any::<bool>(), -400_000_i64..400_000, 0_u32..3, -50_000_i64..50_000), 1..60),
    ) {
        let mut clock = HybridClock::default();
        let mut now = start + 10_000_000;
        let mut greatest = Hlc::default();
        for (follow, offset, counter, drift) in steps {
            now += drift;
            if follow {
                let other = hlc(now + offset, counter);
                let followed = clock.follow(other, now);
                prop_assert_eq!(followed, offset <= 300_000);
                if followed {
                    greatest = greatest.max(other);
                }
            } else {
                let made = clock.tick(now);
                prop_assert!(made > greatest);
                prop_assert!(made.ms >= now);
                greatest = made;
            }
            prop_assert!(clock.last() <= greatest.max(clock.last()));
        }
    }
}

/// The wall clock jumps back a year between two entries, and the program is restarted.
#[test]
fn a_clock_that_jumps_back_a_year_keeps_the_order() {
    let dir = tempfile::tempdir().unwrap();
    let (env, clock) = env(1);
    let companion = patient(dir.path(), &env);
    let journal = companion.journal();
    let id = journal.record(&noted("1", START), None).unwrap();
    clock.advance(-365 * DAY);
    journal.edit(id, &noted("2", START)).unwrap();
    drop((journal, companion));
    let companion = open(dir.path(), &env).unwrap();
    let journal = companion.journal();
    clock.advance(-365 * DAY);
    journal.edit(id, &noted("3", START)).unwrap();
    let notes: Vec<_> = journal
        .versions(id)
        .unwrap()
        .into_iter()
        .map(|v| v.mood.note.unwrap())
        .collect();
    assert_eq!(notes, ["3", "2", "1"]);
    assert_eq!(
        journal.entry(id).unwrap().unwrap().mood.note.as_deref(),
        Some("3")
    );
    let space = companion.vault().with(|v| v.spaces().unwrap()[0].space);
    let readings: Vec<Hlc> = companion.vault().with(|v| {
        let all = v.events(space).unwrap();
        all.into_iter().map(|e| e.envelope.hlc).collect()
    });
    assert_eq!(readings, [hlc(START, 0), hlc(START, 1), hlc(START, 2)]);
}
