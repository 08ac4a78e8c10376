//! On PostgreSQL: the database is killed and comes back, and several servers share it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use clinic_api::id::MemberId;
use clinic_server::store::postgres::{Address, PostgresStore};
use clinic_server::store::{Signal, Store, Thing};

use crate::support::clinic::Clinic;
use crate::support::postgres::Cluster;
use crate::support::process::{Server, request};
use crate::writers::{Pen, Progress, Written, check, pause, scene, write_all};

fn start(address: &str, root: MemberId) -> Server {
    Server::start_on(&["--store", address], root, &[])
}

/// What is told to a listener in this process, which is none of the servers.
fn listen(address: &str) -> (PostgresStore, Receiver<Option<Signal>>) {
    let store = PostgresStore::open(Address::new(address, None).unwrap()).unwrap();
    let (told, heard) = channel();
    let told = Mutex::new(told);
    let sink = move |signal| {
        let _ = told.lock().unwrap().send(signal);
    };
    store.listen(Arc::new(sink)).unwrap();
    (store, heard)
}

#[track_caller]
fn hears(heard: &Receiver<Option<Signal>>, expected: impl Fn(Option<Signal>) -> bool) {
    while !expected(heard.recv_timeout(Duration::from_secs(20)).unwrap()) {}
}

/// Waits until this many more were acknowledged.
#[track_caller]
fn goes_on(progress: &Progress, more: usize) {
    let enough = progress.acknowledged.load(Ordering::Relaxed) + more;
    for _ in 0..600 {
        if progress.acknowledged.load(Ordering::Relaxed) >= enough {
            return;
        }
        pause(50);
    }
    panic!("nothing is acknowledged any more");
}

#[test]
fn a_database_that_is_killed_under_load_loses_nothing_and_is_found_again() {
    let mut cluster = Cluster::start();
    let address = cluster.database();
    let clinic = Clinic::new(10);
    let root = clinic.root_id();
    let server = start(&address, root);
    let scene = scene(&server, clinic, &[50, 51, 52, 53, 54, 55]);
    let (store, heard) = listen(&address);
    let mut written = vec![Written::default(); scene.devices.len()];
    let progress = Progress {
        busy: Some(AtomicUsize::new(0)),
        ..Progress::default()
    };
    let pens = scene.devices.iter().zip(&mut written);
    let pens = pens.map(|(device, written)| Pen {
        address: &server.address,
        device,
        written,
    });
    write_all(server.now(), &scene, pens, &progress, || {
        for round in 0..3 {
            goes_on(&progress, 30);
            pause(37 * round);
            cluster.kill();
            pause(1500);
            let ready = request(&server.address, "GET", "/readyz", &[], b"").unwrap();
            assert_eq!(ready.status, 503);
            // What was told before may still be on its way: not of this round.
            while heard.try_recv().is_ok() {}
            cluster.start_again();
            goes_on(&progress, 30);
            hears(&heard, |signal| signal.is_none());
            let space = Thing::Space(scene.space);
            hears(&heard, |signal| signal.is_some_and(|s| s.thing == space));
        }
    });
    assert!(progress.busy.unwrap().into_inner() > 0);
    drop(store);
    check(&server, &scene, &written);
    let ready = request(&server.address, "GET", "/readyz", &[], b"").unwrap();
    assert_eq!(ready.status, 200);
    server.stop();
}

#[test]
fn one_of_two_servers_is_killed_and_the_other_goes_on() {
    let cluster = Cluster::start();
    let address = cluster.database();
    let clinic = Clinic::new(10);
    let root = clinic.root_id();
    let mut one = start(&address, root);
    let two = start(&address, root);
    let scene = scene(&one, clinic, &[50, 51, 52, 53, 54, 55]);
    let mut written = vec![Written::default(); scene.devices.len()];
    for round in 0..4 {
        let progress = Progress {
            busy: Some(AtomicUsize::new(0)),
            ..Progress::default()
        };
        // Each round devices change sides, with what was under way at the other.
        let pens = scene.devices.iter().zip(&mut written).enumerate();
        let pens = pens.map(|(n, (device, written))| Pen {
            address: if (n + round) % 2 == 0 {
                &one.address
            } else {
                &two.address
            },
            device,
            written,
        });
        write_all(two.now(), &scene, pens, &progress, || {
            goes_on(&progress, 40);
            pause(29 * round as u64);
            one.signal("KILL");
            goes_on(&progress, 20);
        });
        check(&two, &scene, &written);
        one.wait();
        one = start(&address, root);
        check(&one, &scene, &written);
    }
    one.stop();
    two.stop();
}

#[test]
fn who_listens_at_one_process_hears_of_pushes_at_another() {
    let cluster = Cluster::start();
    let address = cluster.database();
    let clinic = Clinic::new(10);
    let server = start(&address, clinic.root_id());
    let scene = scene(&server, clinic, &[50]);
    let (_store, heard) = listen(&address);
    let mut written = Written::default();
    let progress = Progress {
        busy: Some(AtomicUsize::new(0)),
        ..Progress::default()
    };
    let pens = scene.devices.iter().zip([&mut written]);
    let pens = pens.map(|(device, written)| Pen {
        address: &server.address,
        device,
        written,
    });
    write_all(server.now(), &scene, pens, &progress, || {
        let signal = heard.recv_timeout(Duration::from_secs(20)).unwrap();
        let signal = signal.unwrap();
        assert_eq!(signal.thing, Thing::Space(scene.space));
        assert!(signal.patient.is_some() && signal.clinic.is_some());
    });
    server.stop();
}
