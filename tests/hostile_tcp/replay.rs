//! What was recorded, sent once more by somebody who holds no key.

use std::time::Duration;

use companion_tests::http::deliver;
use companion_tests::site::Site;

use crate::people::{Device, reviewed};
use crate::wire::{requests, target};

const PATIENCE: Duration = Duration::from_secs(5);
const NOTE: &str = "unmistakable kingfisher";

fn of(requests: &[Vec<u8>], end: &str) -> Vec<Vec<u8>> {
    let of_kind = requests.iter().filter(|r| target(r).ends_with(end));
    of_kind.cloned().collect()
}

fn again(site: &Site, request: &[u8]) -> (u16, Vec<u8>) {
    deliver(site.server.port(), request, PATIENCE).expect("an answer")
}

/// The request with one byte of its body changed.
fn bent(request: &[u8]) -> Vec<u8> {
    let mut bent = request.to_vec();
    *bent.last_mut().unwrap() ^= 0x04;
    bent
}

/// The request, going elsewhere.
fn moved(request: &[u8], from: &str, to: &str) -> Vec<u8> {
    let at = memchr::memmem::find(request, from.as_bytes()).unwrap();
    [&request[..at], to.as_bytes(), &request[at + from.len()..]].concat()
}

/// A site on which a patient has shared an entry that the clinic has read; all requests so far.
fn scene() -> (Site, Device, Vec<Vec<u8>>) {
    let site = Site::behind_proxy();
    let device = Device::enrol(&site);
    device.record(NOTE);
    device.sync().unwrap();
    site.office.sync();
    device.sync().unwrap();
    let recorded = requests(site.proxy(), usize::MAX);
    (site, device, recorded)
}

/// That nobody finds anything new, and nothing has changed.
fn assert_as_before(site: &Site, device: &Device) {
    let before = reviewed(site.office.companion(), device.chain);
    let report = device.sync().expect("the device syncs");
    assert_eq!((report.events_received, report.alarms), (0, vec![]));
    let report = site.office.sync();
    assert_eq!(report.events_received, 0);
    assert_eq!(site.office.notes(device.chain), [NOTE]);
    assert_eq!(device.notes(), [NOTE]);
    assert_eq!(reviewed(site.office.companion(), device.chain), before);
}

#[test]
fn a_push_again_adds_nothing() {
    let (site, device, recorded) = scene();
    let pushes = of(&recorded, "/runs");
    assert!(pushes.len() >= 3);
    for push in pushes.iter().rev().chain(&pushes) {
        let (status, body) = again(&site, push);
        assert_eq!(status, 200);
        assert_eq!(body, [0xa1, 0x00, 0x00], "none of its runs was new");
    }
    assert_as_before(&site, &device);
}

#[test]
fn a_pull_again_gives_what_went_by_before_and_stays_sealed() {
    let (site, device, recorded) = scene();
    let pulls = of(&recorded, "/pull");
    assert!(!pulls.is_empty());
    let mut given = 0;
    for pull in &pulls {
        let (status, body) = again(&site, pull);
        assert_eq!(status, 200);
        given += body.len();
        assert!(memchr::memmem::find(&body, NOTE.as_bytes()).is_none());
    }
    assert!(given > 1_000, "what is given was seen before, sealed");
    assert_as_before(&site, &device);
}

#[test]
fn nothing_of_a_request_can_be_changed() {
    let (site, device, recorded) = scene();
    let mut tried = 0;
    for request in recorded
        .iter()
        .filter(|r| target(r).starts_with("/v1/spaces/"))
    {
        assert_eq!(again(&site, &bent(request)).0, 400, "the digest");
        // Another space of the same patient, or another action.
        let path = target(request);
        let other = recorded
            .iter()
            .map(|r| target(r))
            .find(|p| *p != path && p.len() == path.len() && p.starts_with("/v1/spaces/"));
        if let Some(other) = other {
            assert_eq!(
                again(&site, &moved(request, &path, &other)).0,
                401,
                "the path"
            );
        }
        let query = moved(request, &path, &format!("{path}?from=0"));
        assert_eq!(again(&site, &query).0, 401, "the query");
        let later = moved(request, ";created=1", ";created=2");
        assert_eq!(again(&site, &later).0, 401, "the time");
        let host = moved(request, "host: 127.0.0.1", "host: 127.0.0.2");
        assert_eq!(again(&site, &host).0, 421, "the name");
        tried += 1;
    }
    assert!(tried > 5);
    assert_as_before(&site, &device);
}

#[test]
fn an_invite_admits_nobody_a_second_time() {
    let (site, device, recorded) = scene();
    let before = site.office.companion().front().patients().unwrap().len();
    for end in ["/claim", "/admit"] {
        let some = of(&recorded, end);
        assert_eq!(some.len(), 1, "{end}");
        let (status, _) = again(&site, &some[0]);
        assert!(status < 300 || status == 410, "{end}: {status}");
    }
    let claim = of(&recorded, "/claim");
    let (status, _) = again(&site, &bent(&claim[0]));
    assert!(status >= 400, "another claim: {status}");
    // Statements of chains, too, are there once.
    let chains = recorded
        .iter()
        .filter(|r| r.starts_with(b"POST /v1/chains/"));
    for statement in chains {
        let (status, _) = again(&site, statement);
        assert!(status == 201 || status == 409, "{status}");
    }
    assert_as_before(&site, &device);
    let patients = site.office.companion().front().patients().unwrap();
    assert_eq!(patients.len(), before);
}
