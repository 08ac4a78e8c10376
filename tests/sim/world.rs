//! One run: the devices, the server and the reference, and how a step changes them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::rc::Rc;

use clinic_api::id::{LogId, SpaceId};
use companion_core::sync::SyncError;
use companion_core::vault::VaultError;

use crate::device::Device;
use crate::exceptions;
use crate::lies::{Lie, Telling};
use crate::model::Model;
use crate::server::{Server, Store};
use crate::settled::{CONSOLE, COPY, DEVICES, START, Settled};
use crate::stats::Stats;
use crate::steps::{Act, Step};
use crate::syncing::Cut;

/// What must not be. The words name the promise; nothing that was written is in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation(pub String);

pub type Checked = Result<(), Violation>;

/// A violation unless it holds.
macro_rules! hold {
    ($what:expr, $($words:tt)*) => {
        if !$what {
            return Err($crate::world::Violation(format!($($words)*)));
        }
    };
}
pub(crate) use hold;

pub struct World<'a> {
    pub settled: &'a Settled,
    pub server: Server,
    pub devices: Vec<Device>,
    /// Which history each device is shown.
    pub branch: [usize; DEVICES],
    pub mark: Option<Store>,
    /// Logs that are kept from readers.
    pub withheld: BTreeSet<(usize, SpaceId, LogId)>,
    pub model: Model,
    pub now: i64,
    pub token: u32,
    /// The logs of which the device that synced last lacked bodies, at some time in its round.
    pub lacked: BTreeSet<(SpaceId, LogId)>,
    /// Where the event log ended when the round began.
    pub since: i64,
    /// Whether the copy's place is taken.
    pub copied: bool,
    /// Answers that were right once, by reader and question.
    pub old: BTreeMap<(usize, String), Vec<u8>>,
    pub stats: &'a mut Stats,
}

impl<'a> World<'a> {
    pub fn new(settled: &'a Settled, root: &Path, stats: &'a mut Stats) -> Self {
        let mut devices = Vec::new();
        for n in 0..DEVICES {
            let mut device = Device::new(root.join(format!("{n}")), n as u64, START);
            if n != COPY {
                device.id = settled.ids[n];
                device.patient = [Some(0), Some(0), Some(1), None][n];
                device.put(&settled.vaults[n]);
            }
            devices.push(device);
        }
        let mut world = Self {
            settled,
            server: settled.server.clone(),
            devices,
            branch: [0; DEVICES],
            mark: None,
            withheld: BTreeSet::new(),
            model: Model::default(),
            now: START,
            token: 0,
            since: 0,
            lacked: BTreeSet::new(),
            copied: false,
            old: BTreeMap::new(),
            stats,
        };
        for n in 0..COPY {
            world.walk(n, &[]);
        }
        world
    }

    /// The devices that there are.
    pub fn present(&self) -> impl Iterator<Item = usize> + use<> {
        let copied = self.copied;
        (0..DEVICES).filter(move |n| *n != COPY || copied)
    }

    fn device_of(&self, arg: u8) -> usize {
        let all = if self.copied { DEVICES } else { COPY };
        usize::from(arg) % all
    }

    /// A patient's device.
    fn phone_of(&self, arg: u8) -> usize {
        let all: &[usize] = if self.copied {
            &[0, 1, 2, COPY]
        } else {
            &[0, 1, 2]
        };
        all[usize::from(arg) % all.len()]
    }

    /// Does a step; says whether it did anything.
    pub fn step(&mut self, step: Step) -> Result<bool, Violation> {
        self.now += 1_000;
        for device in &self.devices {
            device.clock.set(self.now + device.skew);
        }
        let [a, b, c] = step.args;
        match step.act {
            Act::Write | Act::Edit | Act::Share | Act::Unshare | Act::Erase => {
                let who = self.phone_of(a);
                let did = self.write(who, step.act, b, c)?;
                if did {
                    self.check(who)?;
                }
                Ok(did)
            }
            Act::Review | Act::Read => {
                let did = self.by_the_clinic(step.act, b, c)?;
                if did {
                    self.check(CONSOLE)?;
                }
                Ok(did)
            }
            Act::Round => {
                let who = self.device_of(a);
                let outcome = self.round(who, None, None);
                self.judge(who, &outcome)?;
                self.check(who)?;
                Ok(true)
            }
            Act::Cut => {
                let who = self.device_of(a);
                let cut = [Cut::BeforeSend, Cut::ReplyLost][usize::from(c) % 2];
                let outcome = self.round(who, None, Some((usize::from(b) % 20 + 1, cut)));
                self.judge(who, &outcome)?;
                self.check(who)?;
                Ok(true)
            }
            Act::Lie => {
                let who = self.device_of(a);
                let lie = Lie::ALL[usize::from(b) % Lie::ALL.len()];
                let telling = Telling::new(lie, [c, b / 16 * 17]);
                let outcome = self.round(who, Some(telling), None);
                if outcome.bent {
                    self.stats.lie(lie);
                    if lie == Lie::FalseReceipt {
                        let times = self.model.excused.entry(exceptions::FALSE_RECEIPT);
                        *times.or_default() += 1;
                    }
                }
                self.judge(who, &outcome)?;
                self.check(who)?;
                Ok(true)
            }
            Act::Kill => self.kill(a, b, c),
            Act::Withhold => Ok(self.withhold(a, b, c)),
            Act::Mark => {
                self.mark = Some(self.server.stores[0].clone());
                Ok(true)
            }
            Act::RollBack => {
                let Some(mark) = self.mark.clone() else {
                    return Ok(false);
                };
                self.server.stores = vec![mark];
                self.branch = [0; DEVICES];
                self.all_went_back();
                Ok(true)
            }
            Act::Fork => {
                if self.server.stores.len() == 1 {
                    let copy = self.server.stores[0].clone();
                    self.server.stores.push(copy);
                }
                for n in 0..DEVICES {
                    self.branch[n] = usize::from(a >> n & 1);
                }
                self.all_went_back();
                Ok(true)
            }
            Act::Heal => {
                self.heal();
                Ok(true)
            }
            Act::Clock => {
                // Most within the five minutes that are followed, few beyond.
                const JUMPS: [i64; 16] = [
                    0,
                    1,
                    -1,
                    30,
                    -30,
                    120,
                    -120,
                    240,
                    -240,
                    290,
                    -290,
                    0,
                    5,
                    3_600,
                    -86_400,
                    400 * 86_400,
                ];
                let who = self.device_of(a);
                let jump = JUMPS[usize::from(b) % JUMPS.len()] * 1_000;
                if self.devices[who].skew == jump {
                    return Ok(false);
                }
                self.devices[who].skew = jump;
                // Two such clocks are less than five minutes apart.
                self.model.clocks_jumped |= jump.abs() > 120_000;
                Ok(true)
            }
            Act::Tick => {
                self.now += (i64::from(a) + 1) * 60_000;
                Ok(true)
            }
            Act::Backup => {
                let who = self.device_of(a);
                let device = &mut self.devices[who];
                device.backup = Some((Rc::new(device.bytes()), device.mind.clone()));
                Ok(true)
            }
            Act::Restore => {
                let who = self.device_of(a);
                let device = &mut self.devices[who];
                let Some((bytes, mind)) = device.backup.clone() else {
                    return Ok(false);
                };
                device.put(&bytes);
                device.mind = mind;
                device.went_back = true;
                self.check(who)?;
                Ok(true)
            }
            Act::Clone => {
                let who = [0, 1, 2][usize::from(a) % 3];
                self.copy(who);
                self.check(COPY)?;
                Ok(true)
            }
            Act::Restart => {
                let who = self.device_of(a);
                self.devices[who].restart();
                self.check(who)?;
                Ok(true)
            }
            Act::Rebuild => {
                let who = self.device_of(a);
                let rebuilt = self.devices[who].with(companion_core::vault::Vault::rebuild_views);
                hold!(rebuilt.is_ok(), "views can't be rebuilt");
                self.check(who)?;
                Ok(true)
            }
        }
    }

    pub fn all_went_back(&mut self) {
        for device in &mut self.devices {
            device.went_back = true;
        }
    }

    pub fn heal(&mut self) {
        self.server.heal();
        self.branch = [0; DEVICES];
        self.withheld.clear();
    }

    fn copy(&mut self, from: usize) {
        let original = &mut self.devices[from];
        let (bytes, mind) = (original.bytes(), original.mind.clone());
        let (id, patient) = (original.id, original.patient);
        original.went_back = true;
        let branch = self.branch[from];
        self.branch[COPY] = branch;
        let copy = &mut self.devices[COPY];
        copy.id = id;
        copy.patient = patient;
        copy.skew = 0;
        copy.backup = None;
        copy.went_back = true;
        copy.clock.set(self.now);
        copy.put(&bytes);
        copy.mind = mind;
        self.withheld.retain(|(n, ..)| *n != COPY);
        self.copied = true;
    }

    fn withhold(&mut self, a: u8, b: u8, c: u8) -> bool {
        let who = self.device_of(a);
        let spaces = self.settled.spaces(self.devices[who].patient);
        let space = spaces[usize::from(b) % spaces.len()];
        let Some(logs) = self.server.stores[self.branch[who]].logs.get(&space) else {
            return false;
        };
        let all: Vec<LogId> = logs.keys().copied().collect();
        if all.is_empty() {
            return false;
        }
        let log = all[usize::from(c) % all.len()];
        self.withheld.insert((who, space, log))
    }

    /// The process dies after so many commits of what it was told to do.
    fn kill(&mut self, a: u8, b: u8, c: u8) -> Result<bool, Violation> {
        const INNER: [Act; 8] = [
            Act::Write,
            Act::Edit,
            Act::Unshare,
            Act::Erase,
            Act::Round,
            Act::Round,
            Act::Round,
            Act::Round,
        ];
        let act = INNER[usize::from(b) % INNER.len()];
        let who = if act == Act::Round {
            self.device_of(a)
        } else {
            self.phone_of(a)
        };
        let commits = if act == Act::Round {
            u32::from(c) % 16
        } else {
            u32::from(c) % 2
        };
        self.devices[who].with(|v| v.kill_after(Some(commits)));
        let did = if act == Act::Round {
            let outcome = self.round(who, None, None);
            let killed = outcome.error == Some(SyncError::Vault(VaultError::Io));
            if !killed {
                self.judge(who, &outcome)?;
            }
            true
        } else {
            match self.try_write(who, act, b / 8, c / 2)? {
                Ok(did) => did,
                Err(error) => {
                    hold!(
                        commits == 0 || self.rightly_refused(who, c / 2, &error),
                        "{act:?} failed before the process was killed"
                    );
                    true
                }
            }
        };
        self.devices[who].revive();
        self.walk(who, &[]);
        self.check(who)?;
        Ok(did)
    }
}
