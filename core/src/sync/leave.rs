//! Leaving the clinic, and learning that somebody left.

use clinic_api::http::problem::Code;
use clinic_api::id::ChainId;
use clinic_api::leave::{Departure, Leave, SignedLeave, SignedReceipt};
use clinic_api::wire;

use super::error::SyncError;
use super::machine::Machine;
use super::report::Alarm;
use super::request::{Reply, Request};
use super::task::{Task, Waiting};
use super::{Cancel, Link, Sync, server};
use crate::care::own_chain;
use crate::leave::{self, Left, Preview, depart};
use crate::problem::{Kind as ProblemKind, Problem};
use crate::vault::{Me, SpaceEntry, Vault, VaultError};

/// How often the word is given anew where another device extends the chain at the same time.
const TRIES: usize = 4;

/// Leaving: what it means, doing it, and the receipt. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Leaving {
    sync: Sync,
}

/// Why somebody has not left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LeaveError {
    /// The clinic took more into its record than the person was shown: show it, then ask anew.
    #[error("the clinic's record has changed since it was shown")]
    NotAsShown,
    /// The server answered with something that is no receipt for what was asked.
    #[error("the receipt is not for what was asked")]
    Receipt,
    /// The clinic API, the network or the vault.
    #[error(transparent)]
    Sync(#[from] SyncError),
}

impl From<VaultError> for LeaveError {
    fn from(error: VaultError) -> Self {
        Self::Sync(error.into())
    }
}

impl From<LeaveError> for Problem {
    fn from(error: LeaveError) -> Self {
        match error {
            LeaveError::NotAsShown => Self::new(
                ProblemKind::Conflict,
                "leave-changed",
                "The clinic has taken more of your entries into its record since you looked. \
                 Nothing was erased. Look once more, then decide.",
            ),
            LeaveError::Receipt => Self::new(
                ProblemKind::Tampered,
                "receipt-invalid",
                "The server's answer is no receipt for what you asked. It may have erased \
                 everything, or nothing. Nothing was changed on this device. Tell the clinic.",
            ),
            LeaveError::Sync(error) => error.into(),
        }
    }
}

impl Leaving {
    pub(crate) fn new(sync: Sync) -> Self {
        Self { sync }
    }

    /// What leaving would mean, as far as this device knows; sync before, so that it knows all.
    ///
    /// # Errors
    /// [`SyncError::NoServer`] where no clinic was joined; [`SyncError::Left`].
    pub fn preview(&self) -> Result<Preview, SyncError> {
        let mut vault = self.sync.vault.lock();
        server(&vault)?.ok_or(SyncError::NoServer)?;
        Ok(leave::preview(&mut vault)?)
    }

    /// Leaves: has the server erase all that it keeps of this person, and keeps the receipt.
    ///
    /// `shown` is what the person saw and agreed to. When this returns, the server has said that
    /// it is done. The journal stays on this device. After a failure, call it again: where the
    /// server had done it already, this device learns so.
    ///
    /// # Errors
    /// [`LeaveError`]. [`SyncError::Unreachable`]: it may have been done or not; try again.
    pub async fn leave(&self, shown: &Preview) -> Result<Left, LeaveError> {
        for _ in 0..TRIES {
            let report = self.sync.round().await?;
            if !report.left.is_empty() {
                // An earlier try, whose answer was lost, or another device of theirs.
                break;
            }
            let (mut link, chain, word) = {
                let mut vault = self.sync.vault.lock();
                if leave::preview(&mut vault)?.incorporated != shown.incorporated {
                    return Err(LeaveError::NotAsShown);
                }
                let address = server(&vault)?.ok_or(SyncError::NoServer)?;
                let (chain, word) = word(&mut vault)?;
                let link = Link::new(&self.sync.line, &mut vault, address)?;
                (link, chain, word)
            };
            let request = Request::post(format!("/v1/chains/{chain}/leave"), word.to_bytes());
            match link.expect(&request).await {
                Ok(body) => {
                    let receipt: SignedReceipt =
                        wire::decode(&body).map_err(|_| LeaveError::Receipt)?;
                    let told = Departure {
                        leave: Some(word.to_bytes().into()),
                        receipt: receipt.to_bytes().into(),
                    };
                    let taken = depart(&mut self.sync.vault.lock(), chain, &told)?;
                    taken.map_err(|_| LeaveError::Receipt)?;
                    break;
                }
                // The chain grew, or it was done meanwhile: the next round shows which.
                Err(SyncError::Refused(Code::ChainConflict | Code::Gone)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.left()?
            .ok_or(LeaveError::Sync(SyncError::Refused(Code::ChainConflict)))
    }

    /// That this person left, with the receipt; none while they haven't.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn left(&self) -> Result<Option<Left>, VaultError> {
        leave::left(&mut self.sync.vault.lock())
    }

    /// Runs [`Leaving::leave`] without an async runtime; none when cancelled.
    ///
    /// # Errors
    /// As [`Leaving::leave`].
    pub fn leave_blocking(
        &self,
        shown: &Preview,
        cancel: &Cancel,
    ) -> Result<Option<Left>, LeaveError> {
        let done = self
            .sync
            .line
            .block_on(cancel, async { Ok(self.leave(shown).await) })?;
        done.transpose()
    }
}

/// This device's word that everything is to be erased.
fn word(vault: &mut Vault) -> Result<(ChainId, SignedLeave), SyncError> {
    let id = own_chain(vault)?;
    let device = vault.device()?;
    vault.load_patient(id)?;
    let chain = vault.chains().patient(id).ok_or(SyncError::Internal)?;
    let at = vault.env().now().as_millisecond();
    let leave = Leave::new(chain, device.id().into(), at, None);
    Ok((
        id,
        SignedLeave::new(&leave, |bytes| device.log().sign(bytes)),
    ))
}

/// Whether this is a patient's device whose person left.
pub(super) fn has_left(vault: &Vault) -> Result<bool, SyncError> {
    match vault.me()? {
        Some(Me::Patient { chain }) => Ok(vault.is_departed(chain)?),
        Some(Me::Staff { .. }) | None => Ok(false),
    }
}

/// Those of these spaces that are not gone.
pub(super) fn still_here(
    vault: &Vault,
    spaces: Vec<SpaceEntry>,
) -> Result<Vec<SpaceEntry>, VaultError> {
    let mut here = Vec::with_capacity(spaces.len());
    for entry in spaces {
        if !vault.is_departed(entry.space.into())? {
            here.push(entry);
        }
    }
    Ok(here)
}

impl Machine {
    /// The server said that something is gone: before anything is believed, its proof is asked for.
    pub(super) fn said_gone(
        &mut self,
        vault: &Vault,
        name: Option<ChainId>,
        patient: Option<ChainId>,
    ) -> Result<(), SyncError> {
        let own = match vault.me()? {
            Some(Me::Patient { chain }) => Some(chain),
            Some(Me::Staff { .. }) | None => None,
        };
        let name = name.or(own).ok_or(SyncError::Refused(Code::Gone))?;
        match patient.filter(|_| self.many_patients) {
            Some(patient) => self.skip(patient),
            None if own == Some(name) || self.reading.is_some() => {
                self.tasks.clear();
                self.reading = None;
                self.whole = false;
            }
            None => self.tasks.clear(),
        }
        self.tasks.push_front(Task::Departed(name));
        Ok(())
    }

    pub(super) fn ask_departure(&mut self, name: ChainId) -> Request {
        self.waiting = Some(Waiting::Departed(name));
        // Nobody is left there who could sign.
        Request::get(format!("/v1/chains/{name}/leave")).unsigned()
    }

    pub(super) fn received_departure(
        &mut self,
        vault: &mut Vault,
        name: ChainId,
        reply: Reply,
    ) -> Result<(), SyncError> {
        let told: Option<Departure> = match &reply {
            Reply::Ok(body) => wire::decode(body).ok(),
            Reply::Problem(p) if p.code == Code::UnknownChain => None,
            // One patient of many keeps none of the others waiting.
            Reply::Problem(p) if p.code == Code::Gone && self.many_patients => None,
            Reply::Problem(_) | Reply::Unreachable => return Err(super::machine::failure(&reply)),
        };
        let departed = told.map(|told| depart(vault, name, &told)).transpose()?;
        match departed {
            Some(Ok(patient)) => {
                if !self.report.left.contains(&patient) {
                    self.report.left.push(patient);
                }
            }
            Some(Err(_)) | None => self.report.alarm(Alarm::GoneUnproven(name)),
        }
        Ok(())
    }
}
