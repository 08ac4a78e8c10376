//! Logs with frames, runs and heads.

use clinic_api::crypto::Signature;
use clinic_api::id::{HeaderHash, SpaceId};
use clinic_api::log::{Cites, Head, Header, Item, LogTip, Run, Seen};
use clinic_api::wire::{SUITE, VERSION};
use companion_core::env::Env;
use companion_core::event::{Envelope, EventId, Frame, Hlc, Moment};
use companion_core::space::epoch::EpochKey;
use companion_core::space::frame::{self, Place};
use companion_core::space::keys::DeviceSecrets;

use super::fixed;
use super::world::World;

/// A frame as it was sealed.
pub struct Sealed {
    pub header: Header,
    pub body: Vec<u8>,
    pub epoch: usize,
    pub frame: Frame,
    pub erased: bool,
}

/// A device's log in a space.
pub struct Log {
    pub name: &'static str,
    pub device: DeviceSecrets,
    pub space: SpaceId,
    pub nonce: [u8; 16],
    pub tip: Option<LogTip>,
    pub runs: Vec<Run>,
    pub frames: Vec<Sealed>,
}

/// What a run is made of.
pub struct Part<'a> {
    pub key: &'a EpochKey,
    pub epoch: usize,
    pub cites: Cites,
    pub frames: Vec<Frame>,
    pub erased: &'a [usize],
    pub seen: Vec<Seen>,
}

impl Log {
    pub fn new(env: &Env, name: &'static str, device: &DeviceSecrets, space: SpaceId) -> Self {
        Self {
            name,
            device: device.clone(),
            space,
            nonce: env.random(),
            tip: None,
            runs: Vec::new(),
            frames: Vec::new(),
        }
    }

    pub fn head(&self, number: u64, header: HeaderHash, cites: &Cites, seen: Vec<Seen>) -> Head {
        Head {
            version: VERSION,
            suite: SUITE,
            space: self.space,
            device: self.device.id(),
            nonce: self.nonce,
            beat: self.tip.map_or(1, |t| t.beat + 1),
            previous: self.tip.map(|t| t.head),
            number,
            header,
            seen,
            patient: cites.patient,
            roster: cites.roster,
            at: fixed::NOW_MS,
            epoch: cites.epoch,
            bulletin: None,
        }
    }

    pub fn sign(&self, bytes: &[u8]) -> Signature {
        self.device.log().sign(bytes)
    }

    pub fn write(&mut self, env: &Env, part: Part<'_>) {
        let (mut number, mut last) = self
            .tip
            .map_or((0, HeaderHash::NONE), |t| (t.number, t.header));
        let log = clinic_api::log::log_id(self.space, self.device.id(), &self.nonce);
        let mut items = Vec::new();
        for (i, frame) in part.frames.into_iter().enumerate() {
            number += 1;
            let place = Place {
                space: self.space,
                log,
                number,
                previous: last,
                cites: part.cites,
            };
            let (body, header) = frame::seal(env, part.key, &place, &frame).unwrap();
            last = header.hash(self.space);
            let erased = part.erased.contains(&i);
            items.push(if erased {
                Item::Erased(Header::content_of(&body))
            } else {
                Item::Body(body.clone())
            });
            self.frames.push(Sealed {
                header,
                body,
                epoch: part.epoch,
                frame,
                erased,
            });
        }
        let head = self.head(number, last, &part.cites, part.seen);
        let run = Run::new(items, &head, |bytes| self.sign(bytes));
        let verified = run
            .verify(self.space, self.tip.as_ref(), &self.device.keys().log)
            .unwrap();
        self.tip = Some(verified.tip);
        self.runs.push(run);
    }
}

/// An event whose body means nothing.
pub fn event(env: &Env, kind: u32, critical: bool, counter: u32, body: &[u8]) -> Envelope {
    Envelope {
        id: EventId(env.random()),
        kind,
        critical,
        hlc: Hlc {
            ms: fixed::NOW_MS,
            counter,
        },
        at: Moment::of(env.now(), &env.zone()),
        body: body.to_vec().into(),
    }
}

fn frame(events: Vec<Envelope>) -> Frame {
    Frame { events }
}

fn start(world: &mut World, env: &Env, space: usize, name: &'static str, device: DeviceSecrets) {
    let id = world.parties(space).space().unwrap();
    let log = Log::new(env, name, &device, id);
    world.spaces[space].logs.push(log);
}

struct Next<'a> {
    space: usize,
    log: usize,
    frames: Vec<Frame>,
    erased: &'a [usize],
    seen: Vec<Seen>,
}

fn add(world: &mut World, env: &Env, next: Next<'_>) {
    let cites = world.cites(next.space);
    let space = &mut world.spaces[next.space];
    let part = Part {
        key: space.keys.last().unwrap(),
        epoch: space.keys.len() - 1,
        cites,
        frames: next.frames,
        erased: next.erased,
        seen: next.seen,
    };
    space.logs[next.log].write(env, part);
}

fn seen(world: &World, space: usize, log: usize) -> Seen {
    let tip = world.spaces[space].logs[log].tip.unwrap();
    Seen {
        log: tip.log,
        beat: tip.beat,
        head: tip.head,
    }
}

/// Under the first epochs.
pub fn first(world: &mut World) {
    let env = &fixed::env("logs 1");
    start(world, env, 0, "phone", world.phone.clone());
    let frames = vec![
        frame(vec![event(env, 100, true, 0, b"\xa0")]),
        frame(vec![
            event(env, 100, true, 1, b"\xa1\x00\x19\x01\xf4"),
            event(
                env,
                100,
                true,
                2,
                &[
                    0x58, 0x20, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
                    7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
                ],
            ),
        ]),
    ];
    add(
        world,
        env,
        Next {
            space: 0,
            log: 0,
            frames,
            erased: &[],
            seen: Vec::new(),
        },
    );
    start(world, env, 1, "phone", world.phone.clone());
    let frames = vec![
        frame(vec![event(env, 100, true, 3, b"\xa0")]),
        frame(vec![event(
            env,
            100,
            true,
            4,
            &[&[0x59, 0x04, 0x00][..], &[0x61; 1024]].concat(),
        )]),
    ];
    add(
        world,
        env,
        Next {
            space: 1,
            log: 0,
            frames,
            erased: &[1],
            seen: Vec::new(),
        },
    );
    start(world, env, 2, "phone", world.phone.clone());
    let frames = vec![frame(vec![event(env, 900, true, 5, b"\xf6")])];
    add(
        world,
        env,
        Next {
            space: 2,
            log: 0,
            frames,
            erased: &[],
            seen: Vec::new(),
        },
    );
    start(world, env, 3, "anna", world.anna.clone());
    let frames = vec![frame(vec![event(env, 300, true, 0, b"\xa0")])];
    add(
        world,
        env,
        Next {
            space: 3,
            log: 0,
            frames,
            erased: &[],
            seen: Vec::new(),
        },
    );
    start(world, env, 3, "ben", world.ben.clone());
    let frames = vec![frame(vec![event(env, 300, true, 1, b"\xa0")])];
    let witnessed = vec![seen(world, 3, 0)];
    add(
        world,
        env,
        Next {
            space: 3,
            log: 1,
            frames,
            erased: &[],
            seen: witnessed,
        },
    );
}

/// With a second device and a kit.
pub fn second(world: &mut World) {
    let env = &fixed::env("logs 2");
    let frames = vec![frame(vec![event(env, 100, true, 6, b"\xa1\x00\x01")])];
    add(
        world,
        env,
        Next {
            space: 0,
            log: 0,
            frames,
            erased: &[],
            seen: Vec::new(),
        },
    );
    start(world, env, 0, "tablet", world.tablet.clone());
    let frames = vec![frame(vec![event(env, 100, true, 7, b"\xa1\x00\x02")])];
    let witnessed = vec![seen(world, 0, 0)];
    add(
        world,
        env,
        Next {
            space: 0,
            log: 1,
            frames,
            erased: &[],
            seen: witnessed,
        },
    );
}

/// After removals, under the last epochs.
pub fn third(world: &mut World) {
    let env = &fixed::env("logs 3");
    let witnessed = vec![seen(world, 0, 1)];
    add(
        world,
        env,
        Next {
            space: 0,
            log: 0,
            frames: Vec::new(),
            erased: &[],
            seen: witnessed,
        },
    );
    start(world, env, 1, "anna", world.anna.clone());
    let frames = vec![frame(vec![
        event(env, 200, false, 0, b"\xa0"),
        event(env, 201, false, 1, b"\xa0"),
    ])];
    let witnessed = vec![seen(world, 1, 0)];
    add(
        world,
        env,
        Next {
            space: 1,
            log: 1,
            frames,
            erased: &[],
            seen: witnessed,
        },
    );
    start(world, env, 4, "anna", world.anna.clone());
    let frames = vec![frame(vec![event(env, 901, false, 2, b"\x80")])];
    add(
        world,
        env,
        Next {
            space: 4,
            log: 0,
            frames,
            erased: &[],
            seen: Vec::new(),
        },
    );
}
