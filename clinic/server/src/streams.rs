//! Who waits for what: the open event streams of this process, and what each is still to be told.
//!
//! A stream costs what it has not been told yet, and that has a limit: beyond
//! it a stream is told that anything may have changed. Nothing here waits for
//! a reader.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use clinic_api::events::Changed;
use clinic_api::id::{ChainId, DeviceId};
use clinic_api::message::ChangeKind;
use tokio::sync::Notify;

use crate::store::{Signal, Thing};

/// So many things are kept for a stream that does not take them.
const KEPT: usize = 64;

/// Of what a stream is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    /// Everything of a patient chain.
    Patient(ChainId),
    /// Everything of a clinic and its patients.
    Clinic(ChainId),
    /// A roster alone.
    Roster(ChainId),
}

/// A thing, as it is named to readers.
pub fn changed(thing: Thing) -> Changed {
    let (kind, id) = match thing {
        Thing::Chain(chain) => (ChangeKind::Chain, chain.0),
        Thing::Epochs(space) => (ChangeKind::Epochs, space.0),
        Thing::Space(space) => (ChangeKind::Space, space.0),
        Thing::Invites(roster) => (ChangeKind::Invites, roster.0),
    };
    Changed { kind, id }
}

/// The open streams.
#[derive(Debug)]
pub struct Streams {
    most: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    next: u64,
    closed: bool,
    open: HashMap<u64, Open>,
    by_topic: HashMap<Topic, BTreeSet<u64>>,
    by_device: HashMap<DeviceId, u64>,
}

#[derive(Debug)]
struct Open {
    device: DeviceId,
    topics: Vec<Topic>,
    ear: Arc<Ear>,
}

/// What a stream was told and has not taken yet.
#[derive(Debug, Default)]
struct Ear {
    told: Mutex<Told>,
    more: Notify,
}

/// What is new for a stream.
#[derive(Debug, Default)]
pub struct Told {
    /// What changed.
    pub changed: BTreeSet<Changed>,
    /// Whether anything else may have changed, too.
    pub anything: bool,
    /// Whether the stream is to end.
    pub ended: bool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Ear {
    fn tell(&self, tell: impl FnOnce(&mut Told)) {
        tell(&mut lock(&self.told));
        self.more.notify_one();
    }
}

impl Told {
    fn add(&mut self, changed: Option<Changed>) {
        let known = |c| self.changed.contains(&c);
        match changed {
            Some(one) if self.changed.len() < KEPT || known(one) => {
                self.changed.insert(one);
            }
            _ => {
                self.changed.clear();
                self.anything = true;
            }
        }
    }
}

impl Streams {
    /// None yet, and at most so many at once.
    pub fn new(most: usize) -> Self {
        Self {
            most,
            state: Mutex::default(),
        }
    }

    /// Tells whoever it concerns; none: anything may have changed. Returns at once.
    pub fn signal(&self, signal: Option<Signal>) {
        let state = lock(&self.state);
        let Some(signal) = signal else {
            for open in state.open.values() {
                open.ear.tell(|told| told.add(None));
            }
            return;
        };
        let roster = signal.clinic.filter(|c| signal.thing == Thing::Chain(*c));
        let topics = [
            signal.patient.map(Topic::Patient),
            signal.clinic.map(Topic::Clinic),
            roster.map(Topic::Roster),
        ];
        let of_topics = topics
            .iter()
            .flatten()
            .filter_map(|t| state.by_topic.get(t));
        let concerned: BTreeSet<u64> = of_topics.flatten().copied().collect();
        for open in concerned.iter().filter_map(|id| state.open.get(id)) {
            open.ear.tell(|told| told.add(Some(changed(signal.thing))));
        }
    }

    /// Opens a device's stream, and ends the one that it had. None: there are too many, or
    /// no more are to come.
    pub fn open(self: &Arc<Self>, device: DeviceId, topics: Vec<Topic>) -> Option<Listening> {
        let mut state = lock(&self.state);
        let older = state.by_device.get(&device).copied();
        let room = older.is_some() || state.open.len() < self.most;
        if state.closed || !room {
            return None;
        }
        if let Some(older) = older {
            state.end(older);
        }
        let id = state.next;
        state.next = id.wrapping_add(1);
        let ear = Arc::<Ear>::default();
        state.by_device.insert(device, id);
        state.attach(id, &topics);
        let open = Open {
            device,
            topics,
            ear: Arc::clone(&ear),
        };
        state.open.insert(id, open);
        Some(Listening {
            streams: Arc::clone(self),
            id,
            ear,
        })
    }

    /// Ends all, and lets no more be opened.
    pub fn close(&self) {
        let mut state = lock(&self.state);
        state.closed = true;
        let all: Vec<u64> = state.open.keys().copied().collect();
        for id in all {
            state.end(id);
        }
    }
}

impl State {
    fn attach(&mut self, id: u64, topics: &[Topic]) {
        for topic in topics {
            self.by_topic.entry(*topic).or_default().insert(id);
        }
    }

    fn detach(&mut self, id: u64, topics: &[Topic]) {
        for topic in topics {
            if let Some(ids) = self.by_topic.get_mut(topic) {
                ids.remove(&id);
                if ids.is_empty() {
                    self.by_topic.remove(topic);
                }
            }
        }
    }

    fn end(&mut self, id: u64) {
        let Some(open) = self.open.remove(&id) else {
            return;
        };
        self.detach(id, &open.topics);
        if self.by_device.get(&open.device) == Some(&id) {
            self.by_device.remove(&open.device);
        }
        open.ear.tell(|told| told.ended = true);
    }
}

/// One stream's place. Given up when dropped.
#[derive(Debug)]
pub struct Listening {
    streams: Arc<Streams>,
    id: u64,
    ear: Arc<Ear>,
}

impl Listening {
    /// What is new, once there is something. Can be cancelled.
    pub async fn told(&self) -> Told {
        loop {
            let more = self.ear.more.notified();
            {
                let mut told = lock(&self.ear.told);
                if told.ended || told.anything || !told.changed.is_empty() {
                    return std::mem::take(&mut *told);
                }
            }
            more.await;
        }
    }

    /// Is told of these from now on.
    pub fn follow(&self, topics: Vec<Topic>) {
        let mut state = lock(&self.streams.state);
        let Some(open) = state.open.get_mut(&self.id) else {
            return;
        };
        if open.topics == topics {
            return;
        }
        let before = std::mem::replace(&mut open.topics, topics.clone());
        state.detach(self.id, &before);
        state.attach(self.id, &topics);
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        lock(&self.streams.state).end(self.id);
    }
}
