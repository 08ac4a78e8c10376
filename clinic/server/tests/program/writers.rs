//! A clinic and a patient on a running server, and devices that write without pause.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use clinic_api::chain::Signed;
use clinic_api::id::{SpaceId, StatementHash};
use clinic_api::log::{LogTip, Run};
use clinic_api::message::{Have, Pull, Pulled};
use clinic_api::space::SpaceKind;
use clinic_api::wire;

use crate::support::clinic::Clinic;
use crate::support::keys::Device;
use crate::support::patient::Patient;
use crate::support::process::{Server, call, request};
use crate::support::space::{Log, epoch, hash, parties, push};

const KIND: SpaceKind = SpaceKind::Care;

pub struct Scene {
    pub clinic: Clinic,
    pub space: SpaceId,
    pub epoch: StatementHash,
    pub devices: Vec<Device>,
}

/// Sets all up through the API; the patient has these devices, by their seeds.
pub fn scene(server: &Server, clinic: Clinic, seeds: &[u8]) -> Scene {
    let now = server.now();
    let post = |device: &Device, target: &str, body: &[u8], status: u16| {
        let answer = server.call(device, now, "POST", target, body).unwrap();
        answer.expect(status);
    };
    post(&clinic.clinician, "/v1/rosters", &clinic.founding(), 201);
    let mut patient = Patient::of(&clinic, seeds[0]);
    let invite = clinic.invite(1, now + 600);
    post(&clinic.desk, "/v1/invites", &wire::encode(&invite), 201);
    let path = format!("/v1/invites/{}", invite.lookup);
    let cbor = [("content-type", clinic_api::message::CBOR.to_owned())];
    let claim = patient.claim();
    request(
        &server.address,
        "POST",
        &format!("{path}/claim"),
        &cbor,
        &claim,
    )
    .unwrap()
    .expect(201);
    post(&clinic.desk, &format!("{path}/admit"), b"", 204);
    let mut devices = vec![Device::new(seeds[0])];
    for seed in &seeds[1..] {
        let device = Device::new(*seed);
        let added = patient.state(patient.adding(&device));
        let chain = format!("/v1/chains/{}", patient.id());
        post(&patient.device, &chain, &added, 201);
        devices.push(device);
    }
    let parties = parties(KIND, Some(&patient), Some(&clinic));
    let first = epoch(&Default::default(), parties, &patient.device);
    assert!(Signed::from_bytes(&first).is_ok());
    let space = patient.space(KIND);
    post(&patient.device, &format!("/v1/chains/{space}"), &first, 201);
    Scene {
        epoch: hash(&first),
        clinic,
        space,
        devices,
    }
}

/// What one device wrote: runs that were acknowledged, and the one that was under way.
#[derive(Default, Clone)]
pub struct Written {
    pub tip: Option<LogTip>,
    pub acknowledged: Vec<Vec<u8>>,
    pub under_way: Option<(Vec<u8>, LogTip)>,
}

/// A device that writes, and to which server.
pub struct Pen<'a> {
    pub address: &'a str,
    pub device: &'a Device,
    pub written: &'a mut Written,
}

/// How long to write, and how it goes.
#[derive(Default)]
pub struct Progress {
    pub stop: AtomicBool,
    pub acknowledged: AtomicUsize,
    /// How often the server asked to come again; none may, if this is none.
    pub busy: Option<AtomicUsize>,
}

/// Every device writes until its server is gone, while `disturb` does something to it.
pub fn write_until_gone(
    server: &Server,
    scene: &Scene,
    written: &mut [Written],
    disturb: impl FnOnce(),
) {
    let pens = scene
        .devices
        .iter()
        .zip(written)
        .map(|(device, written)| Pen {
            address: &server.address,
            device,
            written,
        });
    write_all(server.now(), scene, pens, &Progress::default(), disturb);
}

/// All write until each one's server is gone or they are told to stop.
pub fn write_all<'a>(
    now: i64,
    scene: &Scene,
    pens: impl Iterator<Item = Pen<'a>>,
    progress: &Progress,
    disturb: impl FnOnce(),
) {
    let failure = Mutex::new(None);
    std::thread::scope(|scope| {
        for pen in pens {
            let failure = &failure;
            scope.spawn(move || {
                if let Err(text) = write(pen, now, scene, progress) {
                    *failure.lock().unwrap() = Some(text);
                }
            });
        }
        disturb();
        progress.stop.store(true, Ordering::Relaxed);
    });
    assert_eq!(failure.into_inner().unwrap(), None);
}

fn write(pen: Pen<'_>, now: i64, scene: &Scene, progress: &Progress) -> Result<(), String> {
    let Pen {
        address,
        device,
        written,
    } = pen;
    let mut log = Log::new(device, scene.space, 1, scene.epoch);
    let path = format!("/v1/spaces/{}/runs", scene.space);
    // Who is only disturbed by the end of its server writes until that.
    while progress.busy.is_none() || !progress.stop.load(Ordering::Relaxed) {
        log.tip = written.tip;
        // What was under way is sent again, byte for byte.
        let (run, tip) = written.under_way.take().unwrap_or_else(|| {
            let count = written.acknowledged.len();
            log.next(&[64, 700], count as u8)
        });
        let body = push(std::slice::from_ref(&run));
        match call(address, device, now, "POST", &path, &body) {
            Ok(answer) if answer.status == 200 => {
                written.tip = Some(tip);
                written.acknowledged.push(run);
                progress.acknowledged.fetch_add(1, Ordering::Relaxed);
            }
            Ok(answer) => {
                written.under_way = Some((run, tip));
                let busy = progress.busy.as_ref().filter(|_| answer.status == 503);
                let Some(busy) = busy else {
                    return Err(format!("refused: {:?}", answer.refused()));
                };
                busy.fetch_add(1, Ordering::Relaxed);
                pause(20);
            }
            Err(_) => {
                written.under_way = Some((run, tip));
                return Ok(());
            }
        }
    }
    Ok(())
}

/// All runs of the space, as the clinician pulls them.
pub fn stored(server: &Server, scene: &Scene) -> Vec<Vec<u8>> {
    let path = format!("/v1/spaces/{}/pull", scene.space);
    let mut have = BTreeMap::new();
    let mut all: Vec<Vec<u8>> = Vec::new();
    loop {
        let known = have.iter().map(|(log, beat)| Have {
            log: *log,
            beat: *beat,
        });
        let body = wire::encode(&Pull {
            have: known.collect(),
        });
        let answer = server
            .call(&scene.clinic.clinician, server.now(), "POST", &path, &body)
            .unwrap();
        let pulled: Pulled = answer.expect(200).read();
        for run in pulled.runs {
            let head = Run::from_bytes(&run).unwrap().claimed_head().unwrap();
            have.insert(head.log(), head.beat);
            all.push(run.into());
        }
        if !pulled.more {
            return all;
        }
    }
}

/// Whether all that was acknowledged is there once and in order, and nothing
/// else but what was under way.
pub fn check(server: &Server, scene: &Scene, written: &[Written]) {
    let stored = stored(server, scene);
    let mut count = 0;
    for written in written {
        let mut expected = written.acknowledged.clone();
        let under_way = written.under_way.as_ref().map(|(run, _)| run);
        expected.extend(under_way.filter(|run| stored.contains(run)).cloned());
        let Some(first) = expected.first() else {
            continue;
        };
        let place = stored.iter().position(|r| r == first).unwrap();
        assert!(stored[place..place + expected.len()] == expected);
        count += expected.len();
    }
    assert_eq!(stored.len(), count);
}

pub fn pause(milliseconds: u64) {
    std::thread::sleep(Duration::from_millis(milliseconds));
}
