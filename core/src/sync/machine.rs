//! The sync machine: what came in and the time, to what to send, what happened
//! and when to wake. It does no IO but the vault's.
//!
//! A round goes over everything this vault follows: chains first, then per
//! space the epochs, what others wrote, what this device wrote. Dropping the
//! machine at any point loses nothing: all that matters is in the vault before
//! it is sent, and every request can be sent again.

use std::collections::VecDeque;

use clinic_api::chain::Signed;
use clinic_api::http::problem::Code;
use clinic_api::id::{ChainId, SpaceId};
use clinic_api::message::{ChainPage, Erased, Pushed};
use clinic_api::wire;

use super::bulletins::Asked;
use super::epochs::{self, Standing};
use super::erase;
use super::error::SyncError;
use super::leave;
use super::light::{self, Reading};
use super::pull::Pulling;
use super::push;
use super::report::{Alarm, Report};
use super::request::{Reply, Request};
use super::spaces::admitted;
use super::task::{Chain, Parties, Task, Waiting, space_tasks};
use crate::care;
use crate::space::epoch::EpochKey;
use crate::vault::{Me, RunOut, SpaceEntry, Vault};

/// How often the next epoch is tried against others who write it at the same time.
const EPOCH_TRIES: u8 = 4;

/// What the machine wants.
#[derive(Debug)]
pub enum Next {
    /// Send this, and give the reply to [`Machine::receive`].
    Send(Request),
    /// The round is done.
    Done,
}

/// One round of syncing. Make a new one for the next.
#[derive(Debug)]
pub struct Machine {
    pub(super) tasks: VecDeque<Task>,
    pub(super) waiting: Option<Waiting>,
    pub(super) report: Report,
    /// Whether this is a workstation, which follows the spaces of many patients.
    pub(super) many_patients: bool,
    /// The feed, in a round that asks it.
    pub(super) reading: Option<Reading>,
    /// Whether a light round tells what was seen.
    pub(super) tells: bool,
    /// Whether everything was compared, or is.
    pub(super) whole: bool,
    /// The spaces whose sealed runs were refused as outdated.
    outdated: Vec<SpaceId>,
    /// Whether some space was not pulled, for want of keys that are on their way.
    pub(super) held: bool,
    /// Where the next run may be sealed while the push that was given last is on its way.
    ahead: Option<SpaceEntry>,
    pub(super) asked: Asked,
}

impl Machine {
    /// A round over everything that this vault follows.
    ///
    /// # Errors
    /// [`SyncError::NoServer`] before a clinic was joined or founded.
    pub fn new(vault: &Vault) -> Result<Self, SyncError> {
        let mut machine = Self::empty(vault)?;
        machine.tasks = Self::everything(vault)?;
        machine.whole = true;
        Ok(machine)
    }

    /// A round without anything to do yet.
    pub(super) fn empty(vault: &Vault) -> Result<Self, SyncError> {
        let me = vault.me()?.ok_or(SyncError::NoServer)?;
        Ok(Self {
            tasks: VecDeque::new(),
            waiting: None,
            report: Report::default(),
            many_patients: matches!(me, Me::Staff { .. }),
            reading: None,
            tells: false,
            whole: false,
            outdated: Vec::new(),
            held: false,
            ahead: None,
            asked: Asked::default(),
        })
    }

    /// A look at the roster alone.
    pub(super) fn roster(vault: &Vault, roster: ChainId) -> Result<Self, SyncError> {
        let mut machine = Self::empty(vault)?;
        machine.tasks.push_back(Task::Chain(Chain::Roster(roster)));
        Ok(machine)
    }

    /// The tasks of a round over everything.
    pub(super) fn everything(vault: &Vault) -> Result<VecDeque<Task>, SyncError> {
        let mut tasks = VecDeque::new();
        match vault.me()? {
            Some(Me::Patient { chain }) => {
                let spaces = leave::still_here(vault, vault.spaces()?)?;
                let roster = spaces
                    .iter()
                    .find_map(|s| s.roster)
                    .ok_or(SyncError::NoServer)?;
                tasks.push_back(Task::Chain(Chain::Roster(roster)));
                tasks.push_back(Task::Bulletins(roster));
                tasks.push_back(Task::Chain(Chain::Patient(chain)));
                tasks.extend(spaces.into_iter().flat_map(space_tasks));
            }
            Some(Me::Staff { roster, .. }) => {
                tasks.push_back(Task::Chain(Chain::Roster(roster)));
                tasks.push_back(Task::Bulletins(roster));
                tasks.push_back(Task::FollowClinic(roster));
                tasks.push_back(Task::FollowPatients(roster));
            }
            None => return Err(SyncError::NoServer),
        }
        Ok(tasks)
    }

    /// What was done so far.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// Whether the round looks, or looked, at everything.
    pub fn was_full(&self) -> bool {
        self.whole
    }

    /// The next thing to send, or that the round is done.
    ///
    /// # Errors
    /// [`SyncError`]: the round ends; what was saved stays.
    pub fn next(&mut self, vault: &mut Vault) -> Result<Next, SyncError> {
        let next = self.proceed(vault);
        self.doubting(vault, next)
    }

    /// After an error that doesn't pass by itself, the next round looks at everything.
    fn doubting<T>(
        &mut self,
        vault: &mut Vault,
        result: Result<T, SyncError>,
    ) -> Result<T, SyncError> {
        if result.as_ref().is_err_and(|error| !light::passes(error)) {
            light::doubt(vault)?;
        }
        result
    }

    fn proceed(&mut self, vault: &mut Vault) -> Result<Next, SyncError> {
        loop {
            while let Some(task) = self.tasks.pop_front() {
                if let Some(request) = self.begin(vault, task)? {
                    self.report.requests = self.report.requests.saturating_add(1);
                    self.report.bytes = self.report.bytes.saturating_add(request.body.len() as u64);
                    return Ok(Next::Send(request));
                }
            }
            if !self.bulletins_behind(vault)? {
                break;
            }
        }
        self.conclude(vault)?;
        Ok(Next::Done)
    }

    fn begin(&mut self, vault: &mut Vault, task: Task) -> Result<Option<Request>, SyncError> {
        match task {
            Task::Chain(chain) => {
                let id = chain.id();
                // One back, so that a server that shows another history shows itself.
                let from = vault.statement_count(id)?.saturating_sub(1);
                self.waiting = Some(Waiting::Chain(chain, from));
                let path = format!("/v1/chains/{id}");
                Ok(Some(Request::get(path).query(format!("from={from}"))))
            }
            Task::Stand(entry, tries) => match epochs::standing(vault, &entry)? {
                Standing::Current => Ok(None),
                Standing::Waiting => {
                    self.report.waiting.push(entry.space);
                    Ok(None)
                }
                Standing::Write(statement, key) => {
                    let path = format!("/v1/chains/{}", entry.space);
                    let request = Request::post(path, statement.to_bytes());
                    self.waiting = Some(Waiting::Epoch(entry, statement, key, tries));
                    Ok(Some(request))
                }
            },
            Task::Pull(entry, mut pulling) => {
                if epochs::keys_come(vault, &entry)? {
                    self.held = true;
                    return Ok(None);
                }
                let body = pulling.request(vault, entry.space)?;
                self.waiting = Some(Waiting::Pull(entry, pulling));
                Ok(Some(Request::post(
                    format!("/v1/spaces/{}/pull", entry.space),
                    body,
                )))
            }
            Task::Push(entry) => self.begin_push(vault, entry),
            Task::Erase(entry) => {
                let Some((frames, body)) = erase::next(vault, &entry)? else {
                    return Ok(None);
                };
                self.waiting = Some(Waiting::Erase(entry, frames));
                let path = format!("/v1/spaces/{}/erasures", entry.space);
                Ok(Some(Request::post(path, body)))
            }
            Task::Welcome(entry) => {
                if let Some(patient) = entry.patient {
                    care::welcome(vault, patient)?;
                }
                Ok(None)
            }
            Task::FollowClinic(roster) => self.follow_clinic(vault, roster).map(|()| None),
            Task::FollowPatients(roster) => self.follow_patients(vault, roster, true),
            Task::FollowNew(roster) => self.follow_patients(vault, roster, false),
            Task::Feed => {
                self.waiting = Some(Waiting::Feed);
                self.ask_feed().map(Some)
            }
            Task::Bulletins(roster) => self.ask_bulletins(vault, roster).map(Some),
            Task::Changes(changes) => self.plan(vault, &changes, false).map(|()| None),
            Task::Send(entry) => {
                erase::state_late(vault, &entry)?;
                self.tasks.push_front(Task::Erase(entry));
                if vault.spaces_to_send()?.contains(&entry.space) {
                    self.tasks.push_front(Task::Push(entry));
                }
                Ok(None)
            }
            Task::Departed(name) => Ok(Some(self.ask_departure(name))),
            Task::Reseal(entry) => push::reseal(vault, &entry).map(|()| None),
        }
    }

    fn begin_push(
        &mut self,
        vault: &mut Vault,
        entry: SpaceEntry,
    ) -> Result<Option<Request>, SyncError> {
        erase::state_late(vault, &entry)?;
        // What was sealed before goes first, also where nothing new may be sealed now.
        let may_seal = admitted(vault, &entry)? && !self.report.waiting.contains(&entry.space);
        if vault.runs_waiting(entry.space)? == 0 {
            if !may_seal {
                return Ok(None);
            }
            push::seal_next(vault, &entry)?;
        } else if vault.holed(entry.space)? {
            // Others would meet the missing body before the word of it; and whether the run is
            // stored already is not known. The pull shows it, and its frame is named then.
            vault.restart_log(entry.space)?;
            let pull = Task::Pull(entry, Pulling::default());
            self.tasks.push_front(Task::Push(entry));
            self.tasks.push_front(pull);
            return Ok(None);
        }
        let Some(push) = push::next_push(vault, entry.space)? else {
            return Ok(None);
        };
        let push::NextPush { runs, frames, body } = push;
        self.ahead = (may_seal && runs.len() == 1).then_some(entry);
        self.waiting = Some(Waiting::Push(entry, runs, frames));
        Ok(Some(Request::post(
            format!("/v1/spaces/{}/runs", entry.space),
            body,
        )))
    }

    /// Where the next run can be sealed while the push that was given last is on its way: see
    /// [`push::seal_ahead`].
    pub(super) fn ahead(&mut self) -> Option<SpaceEntry> {
        self.ahead.take()
    }

    /// Takes the reply to what was sent last.
    ///
    /// # Errors
    /// [`SyncError`]: the round ends; what was saved stays.
    pub fn receive(&mut self, vault: &mut Vault, reply: Reply) -> Result<(), SyncError> {
        if let Reply::Ok(body) = &reply {
            self.report.bytes = self.report.bytes.saturating_add(body.len() as u64);
        }
        let about = self.waiting.as_ref().and_then(Waiting::patient);
        let name = self.waiting.as_ref().and_then(Waiting::name);
        let asked = matches!(self.waiting, Some(Waiting::Departed(_)));
        let result = self.received(vault, reply);
        let result = match (result, about) {
            (Err(SyncError::Refused(Code::Gone)), _) if !asked => {
                self.said_gone(vault, name, about)
            }
            // What is refused about one patient of many keeps none of the others waiting.
            (Err(SyncError::Refused(code)), Some(patient))
                if self.many_patients && of_one(code) =>
            {
                self.skip(patient);
                Ok(())
            }
            (result, _) => result,
        };
        self.doubting(vault, result)
    }

    pub(super) fn skip(&mut self, patient: ChainId) {
        let (skipped, rest) = std::mem::take(&mut self.tasks)
            .into_iter()
            .partition(|task| task.patient() == Some(patient));
        self.tasks = rest;
        let skipped: VecDeque<Task> = skipped;
        for task in skipped {
            if let Task::Pull(entry, _) = task {
                self.report.waiting.push(entry.space);
            }
        }
    }

    fn received(&mut self, vault: &mut Vault, reply: Reply) -> Result<(), SyncError> {
        match self.waiting.take() {
            Some(Waiting::Chain(chain, from)) => self.received_chain(vault, chain, from, reply),
            Some(Waiting::Epoch(entry, statement, key, tries)) => {
                self.received_epoch(vault, entry, &statement, &key, tries, reply)
            }
            Some(Waiting::Pull(entry, pulling)) => self.received_pull(vault, entry, pulling, reply),
            Some(Waiting::Push(entry, runs, frames)) => {
                self.received_push(vault, entry, &runs, frames, reply)
            }
            Some(Waiting::Erase(entry, frames)) => match reply {
                Reply::Ok(body) => {
                    let _: Erased = wire::decode(&body)?;
                    vault.erased_there(entry.space, &frames)?;
                    self.tasks.push_front(Task::Erase(entry));
                    Ok(())
                }
                other @ (Reply::Problem(_) | Reply::Unreachable) => Err(failure(&other)),
            },
            Some(Waiting::Bulletins(roster, from)) => {
                self.received_bulletins(vault, roster, from, reply)
            }
            Some(Waiting::Departed(name)) => self.received_departure(vault, name, reply),
            Some(Waiting::Feed) => self.received_feed(vault, &reply),
            None => Err(SyncError::Internal),
        }
    }

    fn received_chain(
        &mut self,
        vault: &mut Vault,
        chain: Chain,
        from: u64,
        reply: Reply,
    ) -> Result<(), SyncError> {
        let unknown = reply.code() == Some(Code::UnknownChain);
        if unknown && vault.statement_count(chain.id())? > 0 {
            self.report.alarm(Alarm::ChainForked(chain.id()));
        }
        let body = match reply {
            Reply::Ok(body) => body,
            // A space without an epoch yet.
            Reply::Problem(_) if unknown && matches!(chain, Chain::Epochs(..)) => return Ok(()),
            other @ (Reply::Problem(_) | Reply::Unreachable) => return Err(failure(&other)),
        };
        let page: ChainPage = wire::decode(&body)?;
        let id = chain.id();
        let count = vault.statement_count(id)?;
        let kept = vault.statements_from(id, from)?;
        let mut statements = page.statements.iter();
        // What is kept from there on must come again: the last that was kept when it was asked
        // for, and maybe what somebody else at this vault has added since.
        for (at, kept) in kept.iter().enumerate() {
            let again = statements.next().map(|bytes| Signed::from_bytes(bytes));
            match again {
                Some(Ok(again)) if again.hash() == kept.hash() => {}
                None if at > 0 => break,
                Some(Err(error)) => return Err(error.into()),
                // Another one, or fewer than were shown before: nothing is lost here.
                Some(Ok(_)) | None => {
                    self.report.alarm(Alarm::ChainForked(id));
                    return Ok(());
                }
            }
        }
        for bytes in statements {
            let next = Signed::from_bytes(bytes)?;
            let taken = match chain {
                Chain::Patient(id) => vault.extend_patient(id, &next)?,
                Chain::Roster(id) => vault.extend_roster(id, &next)?,
                Chain::Epochs(entry, _) => vault.extend_epochs(&entry, &next)?,
            };
            if taken.is_err() {
                if let Chain::Epochs(entry, Parties::Earlier) = chain {
                    self.chains_again(&entry);
                    return Ok(());
                }
                self.report.alarm(Alarm::ChainInvalid(id));
                return Ok(());
            }
        }
        if page.more && vault.statement_count(id)? > count {
            self.tasks.push_front(Task::Chain(chain));
        }
        Ok(())
    }

    fn received_epoch(
        &mut self,
        vault: &mut Vault,
        entry: SpaceEntry,
        statement: &Signed,
        key: &EpochKey,
        tries: u8,
        reply: Reply,
    ) -> Result<(), SyncError> {
        match reply {
            Reply::Ok(_) => {
                if vault.extend_epochs(&entry, statement)?.is_err() {
                    return Err(SyncError::Internal);
                }
                Ok(vault.keep_epoch_key(entry.space, statement.hash(), key)?)
            }
            Reply::Problem(p) if p.code == Code::ChainConflict && tries < EPOCH_TRIES => {
                // Somebody else was first: look at theirs.
                self.tasks
                    .push_front(Task::Stand(entry, tries.saturating_add(1)));
                let again = Chain::Epochs(entry, Parties::Earlier);
                self.tasks.push_front(Task::Chain(again));
                Ok(())
            }
            other @ (Reply::Problem(_) | Reply::Unreachable) => Err(failure(&other)),
        }
    }

    /// All chains of a space, before anything else: its parties first.
    fn chains_again(&mut self, entry: &SpaceEntry) {
        let epochs = Chain::Epochs(*entry, Parties::JustNow);
        let roster = entry.roster.map(Chain::Roster);
        let patient = entry.patient.map(Chain::Patient);
        for chain in [Some(epochs), roster, patient].into_iter().flatten() {
            self.tasks.push_front(Task::Chain(chain));
        }
    }

    fn received_pull(
        &mut self,
        vault: &mut Vault,
        entry: SpaceEntry,
        mut pulling: Pulling,
        reply: Reply,
    ) -> Result<(), SyncError> {
        let Reply::Ok(body) = reply else {
            return Err(failure(&reply));
        };
        epochs::open_keys(vault, &entry)?;
        let more = pulling.page(vault, &entry, &body, &mut self.report)?;
        if more {
            self.tasks.push_front(Task::Pull(entry, pulling));
        } else if pulling.wants_chains() {
            let again = Pulling::last_try();
            self.tasks.push_front(Task::Pull(entry, again));
            self.chains_again(&entry);
        } else {
            pulling.finish(vault, &entry, &mut self.report)?;
        }
        Ok(())
    }

    fn received_push(
        &mut self,
        vault: &mut Vault,
        entry: SpaceEntry,
        runs: &[RunOut],
        frames: u64,
        reply: Reply,
    ) -> Result<(), SyncError> {
        match reply {
            Reply::Ok(body) => {
                let _: Pushed = wire::decode(&body)?;
                vault.runs_accepted(runs)?;
                self.report.frames_pushed = self.report.frames_pushed.saturating_add(frames);
                // There may be more: the next push finds nothing and ends it.
                self.tasks.push_front(Task::Push(entry));
                Ok(())
            }
            Reply::Problem(p) if matches!(p.code, Code::RunConflict | Code::RunGap) => {
                // The server holds another end of our own log than we do.
                if self
                    .report
                    .alarms
                    .contains(&Alarm::OwnLogLonger(entry.space))
                {
                    return Err(SyncError::Refused(p.code));
                }
                self.report.alarm(Alarm::OwnLogLonger(entry.space));
                vault.restart_log(entry.space)?;
                self.tasks.push_front(Task::Push(entry));
                Ok(())
            }
            Reply::Problem(p)
                if p.code == Code::EpochOutdated && !self.outdated.contains(&entry.space) =>
            {
                // Somebody left whom this device took for a member when it sealed.
                self.outdated.push(entry.space);
                self.tasks.push_front(Task::Push(entry));
                self.tasks.push_front(Task::Stand(entry, 0));
                self.tasks.push_front(Task::Reseal(entry));
                self.chains_again(&entry);
                Ok(())
            }
            other @ (Reply::Problem(_) | Reply::Unreachable) => Err(failure(&other)),
        }
    }
}

/// Whether a refusal is about what was asked, and not about the server or whoever asks.
fn of_one(code: Code) -> bool {
    [
        Code::UnknownChain,
        Code::UnknownSpace,
        Code::NotAllowed,
        Code::BodyTooLarge,
        Code::ChainConflict,
        Code::ChainInvalid,
        Code::EpochOutdated,
        Code::RunInvalid,
        Code::TooManyFrames,
        Code::FrameTooLarge,
        Code::StorageFull,
    ]
    .contains(&code)
}

/// What a failed request means.
pub(super) fn failure(reply: &Reply) -> SyncError {
    match reply {
        Reply::Problem(p) if p.code == Code::DeviceRemoved => SyncError::Removed,
        Reply::Problem(p) => SyncError::Refused(p.code),
        Reply::Unreachable => SyncError::Unreachable,
        Reply::Ok(_) => SyncError::Internal,
    }
}
