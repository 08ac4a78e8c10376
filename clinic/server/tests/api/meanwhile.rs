//! What changes between a decision and its write counts: no write rests on what is no longer so.

use std::sync::Arc;

use clinic_api::http::problem::Code;
use clinic_api::id::{ChainId, InviteLookup, StatementHash};
use clinic_api::log::FrameName;
use clinic_api::message::{Erase, Erased};
use clinic_api::space::SpaceKind;
use clinic_api::wire;
use clinic_server::store::memory::MemoryStore;
use clinic_server::store::{Append, Outcome, Stage, Statement, Store, StoreError};

use crate::support::clinic::Clinic;
use crate::support::keys::Device;
use crate::support::meddling::Meddling;
use crate::support::patient::Patient;
use crate::support::site::{Site, TestClock, refusal};
use crate::support::space::{Log, epoch, hash, parties, push};

const KIND: SpaceKind = SpaceKind::Care;

struct Scene {
    site: Site,
    store: Arc<Meddling>,
    clinic: Clinic,
    patient: Patient,
    second: Device,
    epoch: StatementHash,
}

/// A patient with two devices, not admitted yet, and an epoch of their care space.
async fn scene() -> Scene {
    let clinic = Clinic::new(10);
    let store = Meddling::new(Arc::new(MemoryStore::new()));
    let site = Site::on(store.clone(), TestClock::new(), &[&clinic]);
    site.found(&clinic).await;
    let mut patient = Patient::of(&clinic, 50);
    site.claimed(&clinic, &patient, 1).await;
    let second = Device::new(51);
    let added = patient.state(patient.adding(&second));
    site.append(&patient.device, patient.id(), &added)
        .await
        .expect(201);
    let parties = parties(KIND, Some(&patient), Some(&clinic));
    let first = epoch(&Default::default(), parties, &patient.device);
    site.append(&patient.device, patient.space(KIND), &first)
        .await
        .expect(201);
    Scene {
        site,
        store,
        clinic,
        patient,
        second,
        epoch: hash(&first),
    }
}

/// Appends as another server on the same store would.
fn elsewhere(chain: ChainId, statement: Vec<u8>) -> impl FnOnce(&dyn Store) + Send {
    move |store| {
        let append = Append {
            chain,
            previous: store.chain(chain).unwrap().unwrap().tip.map(|t| t.hash),
            statement: Statement {
                hash: hash(&statement),
                bytes: statement,
            },
            devices: Vec::new(),
            guards: Vec::new(),
            charge: None,
        };
        assert_eq!(store.append(&append).unwrap(), Outcome::Stored);
    }
}

#[tokio::test]
async fn who_is_removed_while_pushing_pushes_nothing() {
    let mut scene = scene().await;
    let (device, space) = (&scene.second, scene.patient.space(KIND));
    let gone = scene.patient.state(Patient::removing(device.id()));
    let chain = scene.patient.id();
    scene.store.before_next_write(elsewhere(chain, gone));
    let run = Log::new(device, space, 1, scene.epoch).run(&[50], 1);
    let path = format!("/v1/spaces/{space}/runs");
    let answer = scene.site.post(device, &path, &push(&[run])).await;
    assert_eq!(answer.refused(), refusal(Code::DeviceRemoved));
    let all = clinic_server::store::PageLimit {
        items: 9,
        bytes: 9999,
    };
    let stored = scene.store.pull(space, &Default::default(), all).unwrap();
    assert!(stored.items.is_empty());
}

#[tokio::test]
async fn who_leaves_the_clinic_while_pushing_pushes_nothing() {
    let mut scene = scene().await;
    let space = scene.patient.space(KIND);
    let clinician = Device::new(10);
    let gone = scene.clinic.remove_workstation(clinician.id());
    let roster = scene.clinic.id();
    scene.store.before_next_write(elsewhere(roster, gone));
    let run = Log::new(&clinician, space, 1, scene.epoch).run(&[50], 1);
    let path = format!("/v1/spaces/{space}/runs");
    let answer = scene.site.post(&clinician, &path, &push(&[run])).await;
    assert_eq!(answer.refused(), refusal(Code::DeviceRemoved));
}

#[tokio::test]
async fn who_is_shut_out_while_pushing_pushes_nothing() {
    let scene = scene().await;
    let (device, space) = (&scene.patient.device, scene.patient.space(KIND));
    scene.store.before_next_write(|store| {
        let (from, to) = (Stage::Claimed, Stage::Withdrawn);
        let done = store.decide(InviteLookup([1; 16]), from, to, &[]);
        assert_eq!(done.unwrap(), Outcome::Stored);
    });
    let run = Log::new(device, space, 1, scene.epoch).run(&[50], 1);
    let path = format!("/v1/spaces/{space}/runs");
    let answer = scene.site.post(device, &path, &push(&[run])).await;
    assert_eq!(answer.refused(), refusal(Code::UnknownDevice));
}

#[tokio::test]
async fn what_does_not_bear_on_a_push_lets_it_through() {
    let mut scene = scene().await;
    let (device, space) = (&scene.second, scene.patient.space(KIND));
    let more = scene.patient.state(scene.patient.adding(&Device::new(52)));
    let chain = scene.patient.id();
    scene.store.before_next_write(elsewhere(chain, more));
    let run = Log::new(device, space, 1, scene.epoch).run(&[50], 1);
    let path = format!("/v1/spaces/{space}/runs");
    let answer = scene.site.post(device, &path, &push(&[run])).await;
    answer.expect(200);
}

#[tokio::test]
async fn an_epoch_misses_nobody_who_left_while_it_was_written() {
    let mut scene = scene().await;
    let kind = SpaceKind::Desk;
    let space = scene.patient.space(kind);
    let members = parties(kind, Some(&scene.patient), Some(&scene.clinic));
    let stale = epoch(&Default::default(), members, &scene.patient.device);
    let roster = scene.clinic.id();
    let gone = scene.clinic.remove_workstation(scene.clinic.desk.id());
    scene.store.before_next_write(elsewhere(roster, gone));
    let answer = scene
        .site
        .append(&scene.patient.device, space, &stale)
        .await;
    assert_eq!(answer.refused(), refusal(Code::ChainConflict));
}

#[tokio::test]
async fn who_leaves_the_clinic_while_inviting_or_admitting_does_neither() {
    for admits in [true, false] {
        let mut scene = scene().await;
        let desk = Device::new(11);
        let gone = scene.clinic.remove_workstation(desk.id());
        let roster = scene.clinic.id();
        scene.store.before_next_write(elsewhere(roster, gone));
        let answer = if admits {
            let path = format!("/v1/invites/{}/admit", "01".repeat(16));
            scene.site.post(&desk, &path, b"").await
        } else {
            let invite = scene.clinic.invite(9, scene.site.clock_now() + 60);
            let body = wire::encode(&invite);
            scene.site.post(&desk, "/v1/invites", &body).await
        };
        assert_eq!(answer.refused(), refusal(Code::DeviceRemoved));
        let first = scene.store.invite(InviteLookup([1; 16])).unwrap().unwrap();
        assert_eq!(first.stage, Stage::Claimed);
        let new = scene.store.invite(InviteLookup([9; 16])).unwrap();
        assert_eq!(new, None);
    }
}

/// A store that was busy may have put the new bytes in place and not ended with the old ones:
/// who asks again, and finds nothing left to erase, is told so only when the store has.
#[tokio::test]
async fn an_erasure_that_the_store_did_not_end_is_not_said_to_be_done() {
    let scene = scene().await;
    let (device, space) = (&scene.patient.device, scene.patient.space(KIND));
    let mut log = Log::new(device, space, 1, scene.epoch);
    let run = log.run(&[50], 1);
    let path = format!("/v1/spaces/{space}/runs");
    scene
        .site
        .post(device, &path, &push(&[run]))
        .await
        .expect(200);
    let frames = vec![FrameName {
        log: log.id(),
        number: 1,
        content: None,
    }];
    let (path, body) = (
        format!("/v1/spaces/{space}/erasures"),
        wire::encode(&Erase { frames }),
    );
    for erased in [1, 0] {
        let answer = scene.site.post(device, &path, &body).await;
        assert_eq!(answer.read::<Erased>().erased, erased);
    }
    scene.store.fail_next(StoreError::Busy);
    let answer = scene.site.post(device, &path, &body).await;
    assert_eq!(answer.refused(), refusal(Code::Unavailable));
    let answer = scene.site.post(device, &path, &body).await;
    assert_eq!(answer.read::<Erased>().erased, 0);
}
