//! Many at once: on one server, and on two servers over one store.

use std::sync::Arc;

use clinic_api::http::authority::{Authority, Scheme};
use clinic_api::http::problem::Code;
use clinic_api::id::StatementHash;
use clinic_api::message::{ChainPage, Pushed};
use clinic_api::space::SpaceKind;
use clinic_server::app::Config;
use clinic_server::store::sqlite::SqliteStore;

use crate::support::clinic::Clinic;
use crate::support::keys::Device;
use crate::support::patient::Patient;
use crate::support::site::{HOST, Site, TestClock, refusal};
use crate::support::space::{Log, epoch, hash, parties, push};

const KIND: SpaceKind = SpaceKind::Care;
const WRITERS: u8 = 8;

/// A patient with eight devices, and the epoch of their care space.
async fn eight(site: &Site, clinic: &Clinic) -> (Patient, Vec<Device>, StatementHash) {
    site.found(clinic).await;
    let mut patient = Patient::of(clinic, 50);
    site.enrolled(clinic, &patient, 1).await;
    let mut devices = vec![Device::new(50)];
    for seed in 51..50 + WRITERS {
        let device = Device::new(seed);
        let added = patient.state(patient.adding(&device));
        site.append(&patient.device, patient.id(), &added)
            .await
            .expect(201);
        devices.push(device);
    }
    let first = epoch(
        &Default::default(),
        parties(KIND, Some(&patient), Some(clinic)),
        &patient.device,
    );
    site.append(&patient.device, patient.space(KIND), &first)
        .await
        .expect(201);
    (patient, devices, hash(&first))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn eight_devices_push_to_one_space_at_once() {
    let clinic = Clinic::new(10);
    let site = Arc::new(Site::new(&[&clinic]));
    let (patient, devices, epoch) = eight(&site, &clinic).await;
    let space = patient.space(KIND);
    let tasks: Vec<_> = devices
        .into_iter()
        .map(|device| {
            let site = Arc::clone(&site);
            tokio::spawn(async move {
                let mut log = Log::new(&device, space, 1, epoch);
                let path = format!("/v1/spaces/{space}/runs");
                let mut runs = Vec::new();
                for n in 0..10 {
                    let run = log.run(&[64, 64], n);
                    let body = push(std::slice::from_ref(&run));
                    let answer = site.post(&device, &path, &body).await;
                    assert_eq!(answer.read::<Pushed>().stored, 1);
                    runs.push(run);
                }
                (log.id(), runs)
            })
        })
        .collect();
    let mut expected = Vec::new();
    for task in tasks {
        expected.push(task.await.unwrap());
    }
    expected.sort();
    let expected: Vec<_> = expected.into_iter().flat_map(|(_, runs)| runs).collect();
    let world_read = {
        let body = clinic_api::wire::encode(&clinic_api::message::Pull { have: Vec::new() });
        let path = format!("/v1/spaces/{space}/pull");
        let answer = site.post(&clinic.clinician, &path, &body).await;
        let pulled: clinic_api::message::Pulled = answer.read();
        pulled
            .runs
            .into_iter()
            .map(Vec::<u8>::from)
            .collect::<Vec<_>>()
    };
    assert_eq!(world_read, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn of_eight_rivals_for_one_place_in_a_chain_one_wins() {
    let clinic = Clinic::new(10);
    // Two servers on one store, each with its own memory of the chains.
    let dir = tempfile::tempdir().unwrap();
    let clock = TestClock::new();
    let sites: Vec<Arc<Site>> = (0..2)
        .map(|_| {
            let store = SqliteStore::open(dir.path()).unwrap();
            Arc::new(Site::on(Arc::new(store), clock.clone(), &[&clinic]))
        })
        .collect();
    let (mut patient, _, _) = eight(&sites[0], &clinic).await;
    let chain = patient.id();
    for round in 0..5 {
        let rivals: Vec<Vec<u8>> = (0..WRITERS)
            .map(|n| patient.next(patient.adding(&Device::new(100 + 10 * round + n))))
            .collect();
        let tasks: Vec<_> = rivals
            .iter()
            .enumerate()
            .map(|(n, rival)| {
                let (site, rival) = (Arc::clone(&sites[n % 2]), rival.clone());
                tokio::spawn(async move {
                    let device = Device::new(50 + n as u8);
                    site.append(&device, chain, &rival).await
                })
            })
            .collect();
        let mut winner = None;
        for (n, task) in tasks.into_iter().enumerate() {
            let answer = task.await.unwrap();
            if answer.status == 201 {
                assert_eq!(winner.replace(n), None, "two won");
            } else {
                assert_eq!(answer.refused(), refusal(Code::ChainConflict));
            }
        }
        let winner = &rivals[winner.expect("nobody won")];
        let signed = clinic_api::chain::Signed::from_bytes(winner).unwrap();
        patient.chain.append(&signed).unwrap();
        patient.statements.push(winner.clone());
        for site in &sites {
            let path = format!("/v1/chains/{chain}");
            let page: ChainPage = site.get(&patient.device, &path).await.read();
            let read: Vec<Vec<u8>> = page.statements.into_iter().map(Into::into).collect();
            assert_eq!(read, patient.statements);
        }
    }
}

/// What one server let in, the other knows at once, and what one shut out is out at both.
#[tokio::test]
async fn two_servers_on_one_store_are_of_one_mind() {
    let clinic = Clinic::new(10);
    let dir = tempfile::tempdir().unwrap();
    let clock = TestClock::new();
    let site = || {
        let store = SqliteStore::open(dir.path()).unwrap();
        Site::on(Arc::new(store), clock.clone(), &[&clinic])
    };
    let (one, two) = (site(), site());
    let (mut patient, _, epoch) = eight(&one, &clinic).await;
    let space = patient.space(KIND);
    let path = format!("/v1/spaces/{space}/runs");
    let second = Device::new(51);
    let mut log = Log::new(&second, space, 1, epoch);
    for site in [&two, &one, &two] {
        let body = push(&[log.run(&[50], 1)]);
        site.post(&second, &path, &body).await.expect(200);
    }
    let gone = patient.state(Patient::removing(second.id()));
    one.append(&patient.device, patient.id(), &gone)
        .await
        .expect(201);
    let body = push(&[log.run(&[50], 1)]);
    let answer = two.post(&second, &path, &body).await;
    assert_eq!(answer.refused(), refusal(Code::DeviceRemoved));
    let lookup = format!("/v1/invites/{}", "01".repeat(16));
    let used = two.anonymous("GET", &lookup, b"").await;
    assert_eq!(used.refused(), refusal(Code::InviteUsed));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn of_eight_claims_one_wins() {
    let clinic = Clinic::new(10);
    let site = Arc::new(Site::new(&[&clinic]));
    site.found(&clinic).await;
    let invite = clinic.invite(1, site.clock_now() + 600);
    let body = clinic_api::wire::encode(&invite);
    site.post(&clinic.desk, "/v1/invites", &body)
        .await
        .expect(201);
    let tasks: Vec<_> = (0..WRITERS)
        .map(|n| {
            let (site, body) = (Arc::clone(&site), Patient::of(&clinic, 50 + n).claim());
            let path = format!("/v1/invites/{}/claim", invite.lookup);
            tokio::spawn(async move { site.anonymous("POST", &path, &body).await })
        })
        .collect();
    let mut won = 0;
    for task in tasks {
        let answer = task.await.unwrap();
        if answer.status == 201 {
            won += 1;
        } else {
            assert_eq!(answer.refused(), refusal(Code::InviteUsed));
        }
    }
    assert_eq!(won, 1);
}

/// A server that has just started knows no chain, and one without memory never does.
#[tokio::test]
async fn chains_are_verified_again_from_what_is_stored() {
    let clinic = Clinic::new(10);
    let dir = tempfile::tempdir().unwrap();
    let clock = TestClock::new();
    let name = Authority::parse(Scheme::Https, HOST).unwrap();
    let roots = vec![clinic.root_id()];
    let mut config = Config::new(vec![(Scheme::Https, name)], roots);
    config.chain_bytes = 0;
    let site = || {
        let store = SqliteStore::open(dir.path()).unwrap();
        Site::with(Arc::new(store), clock.clone(), config.clone())
    };
    let forgetful = site();
    let (patient, devices, epoch) = eight(&forgetful, &clinic).await;
    let space = patient.space(KIND);
    let path = format!("/v1/spaces/{space}/runs");
    for (n, device) in devices.iter().enumerate() {
        let site = if n % 2 == 0 { &forgetful } else { &site() };
        let run = Log::new(device, space, 1, epoch).run(&[50], 1);
        let answer = site.post(device, &path, &push(&[run])).await;
        assert_eq!(answer.read::<Pushed>().stored, 1);
    }
}
