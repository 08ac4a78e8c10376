//! What a device has: followed along its logs, as far as it verified them.

use clinic_api::id::{HeadHash, LogId, SpaceId};

use crate::device::Mind;
use crate::server::Server;
use crate::world::World;

impl World<'_> {
    /// Follows a device's logs as far as it verified them: what stands there it has.
    ///
    /// Says whether runs were among it whose bodies were left out.
    pub fn walk(&mut self, who: usize, stripped: &[HeadHash]) -> bool {
        let spaces = self.settled.spaces(self.devices[who].patient);
        let mut mind = std::mem::take(&mut self.devices[who].mind);
        let device = &self.devices[who];
        let mut walk = Walk {
            server: &self.server,
            mind: &mut mind,
            stripped,
            took: Vec::new(),
        };
        for space in spaces {
            for log in device.with(|v| v.logs(space).unwrap()) {
                let own = log.nonce.is_some() && log.open;
                match log.tip {
                    Some(tip) => walk.log(space, log.log, tip.head, own),
                    None => {
                        walk.mind.walked.remove(&(space, log.log));
                    }
                }
            }
        }
        let took = std::mem::take(&mut walk.took);
        // Also what came to be named, or filled, by the end of this round.
        self.lacked = mind.pending.keys().map(|(s, l, _)| (*s, *l)).collect();
        let has = &mut mind.has;
        mind.pending.retain(|(space, log, beat), ops| {
            let missing = device.with(|v| v.missing_in(*space, *log, *beat).unwrap());
            ops.retain(|(number, op)| {
                let still = missing.iter().any(|m| m.number == *number);
                if !still {
                    has.add(*op);
                }
                still
            });
            !missing.is_empty()
        });
        // Where an erasure names them all, nothing was left out.
        let took = took.iter().any(|run| mind.pending.contains_key(run));
        self.devices[who].mind = mind;
        took
    }
}

struct Walk<'a> {
    server: &'a Server,
    mind: &'a mut Mind,
    stripped: &'a [HeadHash],
    /// Runs whose bodies were left out.
    took: Vec<(SpaceId, LogId, u64)>,
}

impl Walk<'_> {
    fn log(&mut self, space: SpaceId, log: LogId, tip: HeadHash, own: bool) {
        let until = self.mind.walked.get(&(space, log)).copied();
        let mut at = Some(tip);
        while let Some(head) = at.filter(|h| Some(*h) != until) {
            let Some(info) = self.server.archive.get(&head) else {
                // Sealed here and not sent: its own writings are known.
                return;
            };
            let stripped = self.stripped.contains(&head);
            if stripped {
                self.took.push((space, log, info.beat));
            }
            let mut pending = Vec::new();
            for (number, op) in &info.ops {
                if stripped || info.erased.contains(number) {
                    pending.push((*number, *op));
                } else {
                    self.mind.has.add(*op);
                }
            }
            if stripped || !info.erased.is_empty() {
                self.mind.pending.insert((space, log, info.beat), pending);
            }
            if !own {
                for (seen, beat) in &info.seen {
                    let told = self.mind.told.entry((space, *seen)).or_default();
                    *told = (*told).max(*beat);
                }
            }
            at = info.previous;
        }
        self.mind.walked.insert((space, log), tip);
    }
}
