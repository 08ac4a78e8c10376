//! Hundreds of faults of every kind, and then an honest wire again.

use std::collections::BTreeMap;
use std::time::Duration;

use companion_core::sync::{Report, SyncError};
use companion_tests::chance::Chance;
use companion_tests::http::deliver;
use companion_tests::proxy::{Fault, Way};
use companion_tests::site::Site;

use crate::people::{Device, review_one, reviewed};
use crate::wire::requests;

const ROUNDS: usize = 400;
/// So often each kind of fault must have happened.
const EACH: u32 = 12;
const PATIENCE: Duration = Duration::from_millis(500);

fn fault(chance: &mut Chance) -> (&'static str, Fault) {
    let way = match chance.below(2) {
        0 => Way::Up,
        _ => Way::Down,
    };
    // Near the beginning there are heads, further on bodies; a round may end before.
    let most = match chance.below(3) {
        0 => 300,
        1 => 1_500,
        _ => 5_000,
    };
    let at = usize::try_from(chance.below(most)).unwrap();
    match chance.below(8) {
        0 => ("cut", Fault::Cut(way, at)),
        1 => ("lost", Fault::Lose(way, at)),
        2 => ("late", Fault::Hold),
        3 => ("slow", Fault::Trickle(way, at)),
        _ => ("bent", Fault::Flip(way, at)),
    }
}

/// What a fault may lead to, and nothing else: it is named, and passes.
fn judge(result: &Result<Report, SyncError>, kind: &str, happened: bool) {
    let what = format!("{kind}, happened: {happened}");
    match result {
        Ok(report) if !happened || kind != "bent" => assert_eq!(report.alarms, [], "{what}"),
        Ok(_) => {}
        Err(
            error @ (SyncError::Vault(_)
            | SyncError::Internal
            | SyncError::Removed
            | SyncError::OtherClinic),
        ) => panic!("{what}: {error}"),
        Err(error) => assert!(happened, "{what}: {error}"),
    }
}

/// Sends up to three requests that went by before, in any order, to the API itself.
fn repeat(site: &Site, chance: &mut Chance, mut late: Vec<Vec<u8>>) -> u32 {
    let mut recorded = requests(site.proxy(), 12);
    let mut sent = 0;
    while let Some(index) = pick(chance, late.len()) {
        sent +=
            u32::from(deliver(site.server.port(), &late.swap_remove(index), PATIENCE).is_some());
    }
    for _ in 0..chance.below(4) {
        if let Some(index) = pick(chance, recorded.len()) {
            let request = recorded.swap_remove(index);
            sent += u32::from(deliver(site.server.port(), &request, PATIENCE).is_some());
        }
    }
    sent
}

fn pick(chance: &mut Chance, of: usize) -> Option<usize> {
    (of > 0).then(|| usize::try_from(chance.below(of as u64)).unwrap())
}

/// What the clinic sees is the patient's, and each only once.
fn assert_true(seen: &[String], written: &[String]) {
    assert!(
        seen.iter().all(|note| written.contains(note)),
        "nothing foreign"
    );
    assert!(seen.windows(2).all(|two| two[0] != two[1]), "nothing twice");
}

#[test]
fn mixed_faults_lose_nothing_repeat_nothing_and_forge_nothing() {
    let site = Site::behind_proxy();
    let device = Device::enrol(&site);
    let mut chance = Chance::new("hostile wire");
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    let mut written = Vec::new();
    let mut late = Vec::new();
    for round in 0..ROUNDS {
        match chance.below(3) {
            0 => review_one(&site, device.chain),
            1 => {}
            _ => {
                let note = format!("round {round:04}");
                device.record(&note);
                written.push(note);
            }
        }
        let (kind, fault) = fault(&mut chance);
        site.proxy().set(fault);
        let result = match chance.below(3) {
            0 => site.office.try_sync(),
            _ => device.sync(),
        };
        let happened = site.proxy().clear();
        judge(&result, kind, happened);
        *counts.entry(kind).or_default() += u32::from(happened);
        late.extend(site.proxy().held());
        if chance.below(6) == 0 {
            let sent = repeat(&site, &mut chance, std::mem::take(&mut late));
            *counts.entry("repeated").or_default() += sent;
        }
        if round % 20 == 0 {
            assert_true(&site.office.notes(device.chain), &written);
            assert_eq!(
                device.notes(),
                written,
                "nothing is lost where it was written"
            );
        }
    }
    println!("{counts:?}");
    let kinds = ["cut", "lost", "late", "slow", "bent", "repeated"];
    for kind in kinds {
        let count = counts.get(kind).copied().unwrap_or_default();
        assert!(count >= EACH, "{kind}: {count}");
    }

    for _ in 0..2 {
        let report = device.sync().expect("an honest wire");
        assert_eq!(report.alarms, []);
        site.office.sync();
    }
    let report = device.sync().unwrap();
    assert_eq!(
        (report.frames_pushed, report.events_received),
        (0, 0),
        "all is said"
    );
    assert_eq!(site.office.notes(device.chain), written);
    assert_eq!(device.notes(), written);
    let reviews = reviewed(site.office.companion(), device.chain);
    assert!(reviews.len() > 20);
    assert_eq!(device.reviewed(), reviews);
}
