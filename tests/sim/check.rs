//! What must hold: of a round, of what a device shows, and at the end of a run.

use std::collections::BTreeSet;

use clinic_api::id::{HeadHash, LogId, SpaceId};
use companion_core::journal::Entry;
use companion_core::sync::Alarm;

use crate::exceptions;
use crate::lies::Lie;
use crate::model::{Place, Shared, What};
use crate::settled::{CONSOLE, PATIENTS};
use crate::syncing::{Outcome, met_itself};
use crate::world::{Checked, Violation, World, hold};
use crate::writing::token_in;

impl World<'_> {
    /// Tampering is named, and nothing else is.
    pub fn judge(&mut self, who: usize, round: &Outcome) -> Checked {
        self.justified(who, round)?;
        let whole = round.ended && round.error.is_none();
        if whole {
            self.witnessed(who, round)?;
        }
        if round.bent {
            let lie = round.lie.expect("bent by a lie");
            let named = round.alarms.iter().any(|a| lie.named_by(a));
            let must = lie.always_named() && (lie != Lie::Strip || round.took_stripped);
            if must && whole {
                hold!(
                    named,
                    "{lie:?} was not named by device {who}: {:?}",
                    round.alarms
                );
            }
            if whole && !named && !lie.shows_less() && round.waiting.is_empty() {
                self.complete(who, round).map_err(|v| {
                    Violation(format!(
                        "{lie:?} changed what device {who} got, unnamed: {}",
                        v.0
                    ))
                })?;
            }
            return Ok(());
        }
        let excused = self.devices[who].went_back;
        match round.error {
            None => {}
            Some(error) if excused && met_itself(error) => return Ok(()),
            Some(error) => {
                return Err(Violation(format!(
                    "an honest round of {who} fails: {error}"
                )));
            }
        }
        if whole {
            hold!(
                round.waiting.is_empty(),
                "device {who} waits, and nobody knows for what"
            );
            self.complete(who, round)?;
        }
        Ok(())
    }

    /// Nothing is alarmed about that did not happen.
    fn justified(&self, who: usize, round: &Outcome) -> Checked {
        let forked = |log: &LogId| self.server.forked.contains(log);
        let lie = round.lie.filter(|_| round.bent);
        for alarm in &round.alarms {
            let right = match alarm {
                Alarm::OwnLogLonger(_) => self.devices[who].went_back || lie == Some(Lie::Refuse),
                Alarm::Withheld(space, log) => self.told(who, *space, *log),
                // A vault that went back may have sealed, and not sent, another head of a number.
                Alarm::LogForked(space, log) => {
                    forked(log) || (self.devices[who].went_back && self.tip(who, *space, *log).2)
                }
                Alarm::RunInvalid(_, log) => forked(log),
                // It took a run of that log without its bodies.
                Alarm::BodyMissing(space, log) => self.lacked.contains(&(*space, *log)),
                _ => false,
            };
            let by_lie = lie.is_some_and(|l| l.named_by(alarm) || l == Lie::Refuse);
            hold!(
                right || by_lie,
                "device {who} raised a false alarm: {} {:?}",
                name(alarm),
                round.lie
            );
        }
        Ok(())
    }

    fn tip(&self, who: usize, space: SpaceId, log: LogId) -> (u64, Option<HeadHash>, bool) {
        let state = self.devices[who].with(|v| v.log(space, log).unwrap());
        state.map_or((0, None, false), |s| {
            let own = s.nonce.is_some();
            s.tip
                .map_or((0, None, own), |t| (t.beat, Some(t.head), own))
        })
    }

    /// Whether some head that a device verified says that there is more of a log than it has.
    fn told(&self, who: usize, space: SpaceId, log: LogId) -> bool {
        let told = self.devices[who].mind.told.get(&(space, log));
        told.is_some_and(|told| *told > self.tip(who, space, log).0)
    }

    /// Less than a witness saw is an alarm.
    fn witnessed(&self, who: usize, round: &Outcome) -> Checked {
        let failed: BTreeSet<LogId> = round
            .alarms
            .iter()
            .filter_map(|alarm| match alarm {
                Alarm::RunInvalid(_, log) | Alarm::LogForked(_, log) => Some(*log),
                _ => None,
            })
            .collect();
        for (space, log) in self.devices[who].mind.told.keys() {
            let own = self.tip(who, *space, *log).2;
            let skip = own || failed.contains(log) || round.waiting.contains(space);
            if !skip && self.told(who, *space, *log) {
                let named = round.alarms.contains(&Alarm::Withheld(*space, *log));
                hold!(
                    named,
                    "device {who} was served less than a witness saw, unnamed"
                );
            }
        }
        Ok(())
    }

    /// A whole honest round brings everything that the server shows.
    fn complete(&mut self, who: usize, round: &Outcome) -> Checked {
        let spaces = self.settled.spaces(self.devices[who].patient);
        for space in spaces {
            let Some(logs) = self.server.stores[self.branch[who]].logs.get(&space) else {
                continue;
            };
            for (log, heads) in logs {
                let (beat, head, own) = self.tip(who, space, *log);
                let last = heads.len() as u64;
                if self.withheld.contains(&(who, space, *log)) || beat > last {
                    continue;
                }
                if beat == last && head == heads.last().copied() {
                    continue;
                }
                if self.server.forked.contains(log) {
                    *self
                        .model
                        .excused
                        .entry(exceptions::LOG_FORKED)
                        .or_default() += 1;
                    continue;
                }
                // Its own log came back longer: it is pulled from the start in the next round.
                if own && round.alarms.contains(&Alarm::OwnLogLonger(space)) {
                    continue;
                }
                return Err(Violation(format!(
                    "device {who} lacks what the server showed: {beat} of {last}"
                )));
            }
        }
        Ok(())
    }

    /// What a device shows is what the reference says.
    pub fn check(&mut self, who: usize) -> Checked {
        match self.devices[who].patient {
            Some(patient) => self.check_phone(who, patient),
            None => (0..PATIENTS).try_for_each(|patient| {
                self.check_care(who, patient)?;
                self.check_reviews(who, patient)
            }),
        }
    }

    fn check_phone(&mut self, who: usize, patient: usize) -> Checked {
        let journal = self.devices[who].companion().journal();
        let Ok(list) = journal.list(i64::MIN, i64::MAX, 1_000) else {
            return Err(Violation("the journal can't be read".into()));
        };
        let has = self.devices[who].mind.has.clone();
        let mut shown = BTreeSet::new();
        for entry in &list {
            let (at, version) = self.known(patient, entry)?;
            hold!(shown.insert(at), "an entry is shown twice");
            hold!(has.has(version), "device {who} shows what it can't have");
            if !self.model.in_order(at, &has) {
                hold!(
                    self.model.clocks_jumped,
                    "the clocks of one device went back"
                );
                continue;
            }
            if self.model.erased(at, &has).next().is_some() {
                *self
                    .model
                    .excused
                    .entry(exceptions::ERASED_IN_ONE_SPACE)
                    .or_default() += 1;
            }
            let latest = self.model.latest(at, None, &has);
            hold!(
                latest.contains(&version),
                "device {who} shows a version that was replaced"
            );
            let expected = self.model.shared_entry(at, &has);
            let fits = match expected {
                Shared::Yes => entry.shared,
                Shared::No => !entry.shared,
                Shared::Open => true,
            };
            hold!(
                fits,
                "device {who} says shared={} of an entry: {expected:?}",
                entry.shared
            );
        }
        for entry in 0..self.model.entries.len() {
            if self.model.entries[entry].patient == patient
                && !self.model.versions(entry, None, &has).is_empty()
            {
                hold!(shown.contains(&entry), "device {who} lost an entry");
            }
        }
        Ok(())
    }

    /// The entry and the version that are shown, both known to the reference.
    fn known(&self, patient: usize, entry: &Entry) -> Result<(usize, usize), Violation> {
        let at = self.model.by_entry.get(&entry.id.0).copied();
        let at = at.ok_or_else(|| Violation("an entry that nobody wrote is shown".into()))?;
        hold!(
            self.model.entries[at].patient == patient,
            "an entry of another patient is shown"
        );
        let version = self.model.by_event.get(&entry.version.0).copied();
        let version =
            version.ok_or_else(|| Violation("a version that nobody wrote is shown".into()))?;
        let op = &self.model.ops[version];
        hold!(op.entry == at, "a version is shown in another entry");
        let What::Version(_, token) = op.what else {
            return Err(Violation("what is no version is shown as one".into()));
        };
        hold!(
            token_in(&entry.mood) == Some(token),
            "a version is shown with another text"
        );
        Ok((at, version))
    }

    fn check_care(&mut self, who: usize, patient: usize) -> Checked {
        let care = self.devices[who].companion().care();
        let chain = self.settled.chains[patient];
        let Ok(list) = care.entries(chain, i64::MIN, i64::MAX, 1_000) else {
            return Err(Violation("the shared entries can't be read".into()));
        };
        let has = self.devices[who].mind.has.clone();
        let mut shown = BTreeSet::new();
        for entry in &list {
            let (at, version) = self.known(patient, entry)?;
            hold!(shown.insert(at), "a shared entry is shown twice");
            let place = self.model.ops[version].what;
            let in_care = matches!(place, What::Version(Place::Care, _));
            hold!(in_care, "what is private is shown to the clinic");
            hold!(has.has(version), "device {who} shows what it can't have");
            if !self.model.in_order(at, &has) {
                hold!(
                    self.model.clocks_jumped,
                    "the clocks of one device went back"
                );
                continue;
            }
            let latest = self.model.latest(at, Some(Place::Care), &has);
            hold!(
                latest.contains(&version),
                "device {who} shows a version that was replaced"
            );
            let shared = self.model.shared(version, at, &has);
            hold!(
                shared != Shared::No,
                "what was taken back is shown to the clinic"
            );
        }
        for entry in 0..self.model.entries.len() {
            if self.model.entries[entry].patient == patient
                && !shown.contains(&entry)
                && self.model.shared_entry(entry, &has) == Shared::Yes
                && self.model.in_order(entry, &has)
            {
                return Err(Violation(format!(
                    "device {who} does not show a shared entry"
                )));
            }
        }
        Ok(())
    }

    /// Every review that a device has is shown, and no other.
    fn check_reviews(&self, who: usize, patient: usize) -> Checked {
        let care = self.devices[who].companion().care();
        let Ok(list) = care.reviews(self.settled.chains[patient]) else {
            return Err(Violation("the reviews can't be read".into()));
        };
        let mut shown = BTreeSet::new();
        for review in list {
            let version = self.model.by_event.get(&review.version.0).copied();
            hold!(version.is_some(), "a review of what nobody wrote is shown");
            shown.extend(version);
        }
        let has = &self.devices[who].mind.has;
        let mut expected = BTreeSet::new();
        for (at, op) in self.model.ops.iter().enumerate() {
            if let What::Reviewed(version) = op.what
                && op.patient == patient
                && has.has(at)
            {
                expected.insert(version);
            }
        }
        hold!(
            shown == expected,
            "device {who} shows other reviews than it has"
        );
        Ok(())
    }

    /// The server is honest again and time passes: everybody comes to the same.
    pub fn finish(&mut self) -> Checked {
        self.heal();
        self.now += 3_600_000;
        for device in &mut self.devices {
            device.skew = 0;
            device.clock.set(self.now);
        }
        let everybody: Vec<usize> = self.present().collect();
        let mut quiet = false;
        let mut last = String::new();
        for _ in 0..8 {
            let before = self.server.arrived.len();
            let mut alarms = false;
            for who in &everybody {
                let outcome = self.round(*who, None, None);
                self.judge(*who, &outcome)?;
                if outcome.error.is_some() || !self.only_forks(&outcome) {
                    alarms = true;
                    let names: Vec<String> = outcome.alarms.iter().map(name).collect();
                    last = format!("device {who}: {names:?} {:?}", outcome.error);
                }
            }
            quiet = self.server.arrived.len() == before && !alarms;
            if quiet {
                break;
            }
        }
        hold!(quiet, "there is no peace under an honest server: {last}");
        for who in &everybody {
            let unsent = self.devices[*who].companion().sync().unsent();
            hold!(matches!(unsent, Ok(0)), "device {who} has something unsent");
            self.check(*who)?;
            if let Some(patient) = self.devices[*who].patient {
                self.check_care(*who, patient)?;
                self.check_reviews(*who, patient)?;
            }
        }
        self.nothing_lost(&everybody)?;
        self.nothing_erased_shown(&everybody)?;
        self.agreed(&everybody)
    }

    fn only_forks(&self, outcome: &Outcome) -> bool {
        outcome.alarms.iter().all(|alarm| match alarm {
            Alarm::RunInvalid(_, log) | Alarm::LogForked(_, log) | Alarm::Withheld(_, log) => {
                self.server.forked.contains(log)
            }
            // The word of an erasure may stand in the branch that was lost.
            Alarm::BodyMissing(space, _) => {
                let logs = self.server.stores[0].logs.get(space);
                logs.is_some_and(|l| l.keys().any(|log| self.server.forked.contains(log)))
            }
            _ => false,
        })
    }

    /// What anybody acknowledged is with everybody who may read it.
    fn nothing_lost(&mut self, everybody: &[usize]) -> Checked {
        let store = &self.server.stores[0];
        let mut stored: BTreeSet<usize> = BTreeSet::new();
        let mut in_forks: BTreeSet<usize> = BTreeSet::new();
        for info in self.server.archive.values() {
            if self.server.forked.contains(&info.log) {
                in_forks.extend(info.ops.iter().map(|(_, op)| *op));
            }
        }
        for head in store.logs.values().flat_map(|l| l.values()).flatten() {
            stored.extend(self.server.archive[head].ops.iter().map(|(_, op)| *op));
        }
        for who in everybody {
            for op in &self.devices[*who].mind.own {
                let (of, has) = (&self.model.ops[*op], &self.devices[*who].mind.has);
                let gone = |place| self.model.erased(of.entry, has).any(|(_, p)| p == place);
                let erased = matches!(of.what, What::Version(place, _) if gone(place));
                if stored.contains(op) || erased {
                    continue;
                }
                hold!(
                    in_forks.contains(op),
                    "what device {who} acknowledged is with nobody else: {:?}",
                    of.what
                );
                *self
                    .model
                    .excused
                    .entry(exceptions::LOG_FORKED)
                    .or_default() += 1;
            }
        }
        Ok(())
    }

    /// What was erased anywhere is gone everywhere, at last.
    fn nothing_erased_shown(&self, everybody: &[usize]) -> Checked {
        for entry in 0..self.model.entries.len() {
            for who in everybody {
                let has = &self.devices[*who].mind.has;
                let erased = self.model.erased(entry, has).next().is_some();
                let left = !self.model.versions(entry, None, has).is_empty();
                hold!(
                    !(erased && left),
                    "an erased entry is still shown by device {who}"
                );
            }
        }
        Ok(())
    }

    /// Who has the same shows the same.
    fn agreed(&self, everybody: &[usize]) -> Checked {
        for patient in 0..PATIENTS {
            let chain = self.settled.chains[patient];
            let phones: Vec<usize> = everybody
                .iter()
                .copied()
                .filter(|w| self.devices[*w].patient == Some(patient))
                .collect();
            let journal = |w: usize| {
                let journal = self.devices[w].companion().journal();
                journal.list(i64::MIN, i64::MAX, 1_000).unwrap()
            };
            for pair in phones.windows(2) {
                if self.same(pair[0], pair[1], patient, false) {
                    hold!(journal(pair[0]) == journal(pair[1]), "two phones differ");
                }
            }
            let care = |w: usize| {
                let care = self.devices[w].companion().care();
                care.entries(chain, i64::MIN, i64::MAX, 1_000).unwrap()
            };
            for phone in phones {
                if self.same(phone, CONSOLE, patient, true) {
                    hold!(care(phone) == care(CONSOLE), "phone and clinic differ");
                }
            }
        }
        Ok(())
    }

    /// Whether two readers have the same writings of a patient, in the care space or in all.
    fn same(&self, one: usize, other: usize, patient: usize, care_alone: bool) -> bool {
        let private = |what| matches!(what, What::Version(Place::Private, _));
        let ops = self.model.ops.iter().enumerate();
        ops.filter(|(_, op)| op.patient == patient && !(care_alone && private(op.what)))
            .all(|(at, _)| {
                self.devices[one].mind.has.has(at) == self.devices[other].mind.has.has(at)
            })
    }
}

/// An alarm's name, without what it is about.
pub fn name(alarm: &Alarm) -> String {
    let text = format!("{alarm:?}");
    text.split('(').next().unwrap_or_default().to_owned()
}
