//! Making, shutting out and using the recovery kit.

use clinic_api::chain::patient::PatientChain;
use clinic_api::chain::roster::Roster;
use clinic_api::chain::{ChainError, Signed};
use clinic_api::http::problem::Code;
use clinic_api::id::{ChainId, MemberId};
use clinic_api::message::Chains;
use clinic_api::wire;

use super::address::Server;
use super::chains::{TRIES, append, loaded, whole};
use super::driver::Credentials;
use super::error::SyncError;
use super::request::Request;
use super::spaces::patient_spaces;
use super::{Cancel, Link, Report, SERVER, Sync, server};
use crate::care::own_chain;
use crate::kit::{self, KitCode, KitPage, KitState};
use crate::problem::{Kind as ProblemKind, Problem};
use crate::space::keys::{KitSecret, Seed};
use crate::space::patient;
use crate::vault::{Me, Vault, VaultError};

/// A kit's secret between its making and the page that a person holds.
const MAKING: &str = "kit.making";
/// The secret of the kit that this device is being restored by, until it has keys of its own.
const RESTORING: &str = "kit.restoring";

/// The recovery kit: making, checking, shutting out, restoring by it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Kit {
    sync: Sync,
}

/// Why something about a kit was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KitError {
    /// No kit is in that could be shut out.
    #[error("there is no recovery kit")]
    None,
    /// The clinic API knows no journal of this kit: another server, or a kit that was replaced.
    #[error("the kit is not known there")]
    Unknown,
    /// The vault is somebody's already: a kit restores into a fresh one.
    #[error("this vault is in use")]
    NotFresh,
    /// The server showed a chain in which this kit did not sign its own adoption.
    #[error("the chain is not this kit's")]
    Forged,
    /// The clinic API, the network or the vault.
    #[error(transparent)]
    Sync(#[from] SyncError),
}

impl From<VaultError> for KitError {
    fn from(error: VaultError) -> Self {
        Self::Sync(error.into())
    }
}

impl From<KitError> for Problem {
    fn from(error: KitError) -> Self {
        match error {
            KitError::None => Self::new(
                ProblemKind::Conflict,
                "no-kit",
                "There is no recovery kit now.",
            ),
            KitError::Unknown => Self::new(
                ProblemKind::Refused,
                "kit-unknown",
                "The clinic's server knows no journal of this kit. Look whether the address is \
                 the right one. A kit stops working when a newer one is made, or when it is shut \
                 out.",
            ),
            KitError::NotFresh => Self::new(
                ProblemKind::Refused,
                "not-fresh",
                "There is a journal here already. Nothing was changed. A kit brings a journal \
                 back into an empty place.",
            ),
            KitError::Forged => Self::new(
                ProblemKind::Tampered,
                "kit-forged",
                "The server showed a journal that isn't this kit's. Nothing of it was used. Tell \
                 the clinic.",
            ),
            KitError::Sync(error) => error.into(),
        }
    }
}

impl Kit {
    pub(crate) fn new(sync: Sync) -> Self {
        Self { sync }
    }

    /// Whether there is a kit, and when it was made and checked.
    ///
    /// # Errors
    /// [`VaultError::NotSetUp`] where this is no patient's vault.
    pub fn state(&self) -> Result<KitState, VaultError> {
        kit::state(&mut self.sync.vault.lock())
    }

    /// "Check my kit": whether these are the words of the kit that is in. Needs no network. If
    /// they are right, the day is noted for all the person's devices.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn check(&self, code: &KitCode) -> Result<bool, VaultError> {
        kit::check(&mut self.sync.vault.lock(), code)
    }

    /// Makes a kit, or one in place of another, which stops working.
    ///
    /// When this returns, the kit can open everything that the person has at the server. Called
    /// again after a failure, and until [`Kit::handed_over`], it gives the same words.
    ///
    /// # Errors
    /// [`SyncError::NoServer`] before a clinic was joined; [`SyncError::Unreachable`] try later:
    /// an earlier kit may have been replaced by then.
    pub async fn make(&self) -> Result<KitPage, SyncError> {
        let (mut link, id) = self.link()?;
        let secret = making(&mut self.sync.vault.lock())?;
        let kit = KitSecret::new(&secret)?;
        let state = self.sync.state(&mut link, id, |vault, chain| {
            if chain.kits().iter().any(|k| k.id == kit.keys().id()) {
                return Ok(None);
            }
            let device = vault.device()?;
            let env = vault.env().clone();
            Ok(Some(patient::adopt_kit(&env, chain, &device, &kit)))
        });
        state.await?;
        // The next epochs are written by this round; without them the kit would open nothing.
        self.sync.round().await?;
        let mut vault = self.sync.vault.lock();
        let address = server(&vault)?.ok_or(SyncError::NoServer)?.to_string();
        let chain = own(&mut vault)?;
        let record = chain.kits().iter().find(|k| k.id == kit.keys().id());
        let made_ms = record.and_then(|k| chain.stated_ms(k.adopted)).unwrap_or(0);
        Ok(KitPage {
            code: KitCode::new(secret, Some(address.clone())),
            clinic: clinic_name(&mut vault, &chain)?,
            server: address,
            made_ms,
        })
    }

    /// The person holds the page: the secret leaves this device.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn handed_over(&self) -> Result<(), VaultError> {
        self.sync.vault.lock().forget_secret(MAKING)
    }

    /// Shuts a lost kit out, at once: it opens nothing that is written from then on.
    ///
    /// # Errors
    /// [`KitError::None`]; [`SyncError::Unreachable`] try again soon.
    pub async fn shut_out(&self) -> Result<(), KitError> {
        let (mut link, id) = self.link()?;
        self.sync.catch_up(&mut link, id).await?;
        if own(&mut self.sync.vault.lock())?.kit().is_none() {
            return Err(KitError::None);
        }
        let state = self.sync.state(&mut link, id, |vault, chain| {
            let Some(kit) = chain.kit() else {
                return Ok(None);
            };
            let device = vault.device()?;
            let env = vault.env().clone();
            Ok(Some(patient::retire_kit(&env, chain, &device, kit.id)))
        });
        state.await?;
        self.sync.vault.lock().forget_secret(MAKING)?;
        self.sync.round().await?;
        Ok(())
    }

    /// Brings a journal back onto this device by its kit and the clinic API, and nothing else.
    ///
    /// `at` is the clinic API's address where the words were typed. After any failure, or a
    /// killed process, call it again. Other devices stay in: the person looks at them afterwards,
    /// and removes the one that was lost.
    ///
    /// # Errors
    /// [`KitError`].
    pub async fn restore(&self, code: &KitCode, at: Option<&str>) -> Result<Report, KitError> {
        let address = at.or(code.server()).ok_or(SyncError::NoServer)?;
        let address = Server::parse(address)?;
        let kit = KitSecret::new(code.secret()).map_err(SyncError::from)?;
        if !free_for(&self.sync.vault.lock(), code)? {
            return Err(KitError::NotFresh);
        }
        let mut link = {
            let vault = self.sync.vault.lock();
            let who = Credentials::from(&kit);
            Link::of(&self.sync.line, &vault, address.clone(), who)?
        };
        let chain = found(&mut link, &kit).await?;
        let roster = match chain.chain.clinic_at(chain.chain.tip().number) {
            Some(clinic) => roster(&mut link, clinic.roster, clinic.root).await?,
            None => return Err(KitError::Unknown),
        };
        {
            let mut vault = self.sync.vault.lock();
            vault.keep_secret(RESTORING, code.secret().expose())?;
            take(&mut vault, &chain.statements, |v, next| {
                v.extend_patient(chain.chain.id(), next)
            })?;
            take(&mut vault, &roster.statements, |v, next| {
                v.extend_roster(roster.chain.id(), next)
            })?;
        }
        self.let_in(&mut link, &kit, chain.chain.id()).await?;
        {
            let mut vault = self.sync.vault.lock();
            for entry in patient_spaces(chain.chain.id(), Some(roster.chain.id())) {
                vault.follow_space(&entry)?;
            }
            vault.set_setting(SERVER, address.to_string().as_bytes())?;
            let chain = chain.chain.id();
            vault.set_me(&Me::Patient { chain })?;
        }
        Ok(self.sync.round().await?)
    }

    /// Runs one of these calls without an async runtime; none when cancelled.
    ///
    /// # Errors
    /// Those of the call.
    pub fn blocking<T, E: From<SyncError>>(
        &self,
        cancel: &Cancel,
        call: impl AsyncFnOnce(&Self) -> Result<T, E>,
    ) -> Result<Option<T>, E> {
        let done = self
            .sync
            .line
            .block_on(cancel, async { Ok(call(self).await) })?;
        done.transpose()
    }

    /// The connection as this device, and the own chain.
    fn link(&self) -> Result<(Link, ChainId), SyncError> {
        let mut vault = self.sync.vault.lock();
        let address = server(&vault)?.ok_or(SyncError::NoServer)?;
        let id = own_chain(&vault)?;
        Ok((Link::new(&self.sync.line, &mut vault, address)?, id))
    }

    /// Adds this device to the chain by the kit's signature, unless it is in.
    async fn let_in(&self, link: &mut Link, kit: &KitSecret, id: ChainId) -> Result<(), KitError> {
        for _ in 0..TRIES {
            let next = {
                let mut vault = self.sync.vault.lock();
                let device = vault.device()?;
                let chain = loaded(&mut vault, id)?;
                if chain.device_in(device.id(), chain.tip().number) {
                    return Ok(());
                }
                let env = vault.env().clone();
                patient::add_device_by_kit(&env, &chain, kit, &device)
            };
            if append(link, id, &next).await? {
                self.sync
                    .vault
                    .lock()
                    .extend_patient(id, &next)?
                    .map_err(SyncError::from)?;
                return Ok(());
            }
            let now = found(link, kit).await?;
            let mut vault = self.sync.vault.lock();
            take(&mut vault, &now.statements, |v, next| {
                v.extend_patient(id, next)
            })?;
        }
        Err(SyncError::Refused(Code::ChainConflict).into())
    }
}

/// The kit that this vault is being restored by; none otherwise.
pub(super) fn restoring(vault: &Vault) -> Result<Option<KitSecret>, SyncError> {
    let Some(kept) = vault.secret(RESTORING)? else {
        return Ok(None);
    };
    let seed = Seed::try_from(kept.as_slice())?;
    Ok(Some(KitSecret::new(&seed)?))
}

/// Every space gave its keys to this device: the kit goes back into its drawer.
pub(super) fn restored(vault: &mut Vault) -> Result<(), SyncError> {
    if vault.secret(RESTORING)?.is_some() {
        vault.forget_secret(RESTORING)?;
    }
    Ok(())
}

/// The secret of the kit that is being made, kept until the person holds the page.
fn making(vault: &mut Vault) -> Result<Seed, SyncError> {
    let chain = own(vault)?;
    if let Some(kept) = vault.secret(MAKING)? {
        let seed = Seed::try_from(kept.as_slice())?;
        let id = KitSecret::new(&seed)?.keys().id();
        let over = chain
            .kits()
            .iter()
            .any(|k| k.id == id && k.retired.is_some());
        if !over {
            return Ok(seed);
        }
    }
    let seed = Seed::random(&vault.env().clone());
    vault.keep_secret(MAKING, seed.expose())?;
    Ok(seed)
}

/// A chain that was pulled whole and verified, with its statements.
struct Pulled<C> {
    chain: C,
    statements: Vec<Signed>,
}

/// The chain in which this kit signed its own adoption, and is still in.
async fn found(link: &mut Link, kit: &KitSecret) -> Result<Pulled<PatientChain>, KitError> {
    let unknown = |error| {
        let gone = [SyncError::Refused(Code::UnknownDevice), SyncError::Removed];
        if gone.contains(&error) {
            KitError::Unknown
        } else {
            error.into()
        }
    };
    let body = link
        .expect(&Request::get("/v1/chains".to_owned()))
        .await
        .map_err(unknown)?;
    let chains: Chains = wire::decode(&body).map_err(SyncError::from)?;
    for id in chains.chains {
        let statements = whole(link, id).await?;
        let Some((first, rest)) = statements.split_first() else {
            continue;
        };
        let mut chain = PatientChain::found(first).map_err(|_| KitError::Forged)?;
        for next in rest {
            chain.append(next).map_err(|_| KitError::Forged)?;
        }
        let ours = chain.kit().is_some_and(|k| k.id == kit.keys().id());
        if chain.id() != id || !ours {
            return Err(KitError::Forged);
        }
        return Ok(Pulled { chain, statements });
    }
    Err(KitError::Unknown)
}

/// The roster that a patient's chain names.
async fn roster(link: &mut Link, id: ChainId, root: MemberId) -> Result<Pulled<Roster>, KitError> {
    let statements = whole(link, id).await?;
    let (first, rest) = statements.split_first().ok_or(KitError::Forged)?;
    let mut chain = Roster::found(first).map_err(|_| KitError::Forged)?;
    for next in rest {
        chain.append(next).map_err(|_| KitError::Forged)?;
    }
    if chain.id() != id || chain.root_id() != root {
        return Err(KitError::Forged);
    }
    Ok(Pulled { chain, statements })
}

/// Keeps what of a chain is not kept yet.
fn take(
    vault: &mut Vault,
    statements: &[Signed],
    extend: impl Fn(&mut Vault, &Signed) -> Result<Result<(), ChainError>, VaultError>,
) -> Result<(), KitError> {
    let Some(first) = statements.first() else {
        return Err(KitError::Forged);
    };
    let kept = vault.statements(first.hash().into())?;
    let again = kept
        .iter()
        .zip(statements)
        .all(|(kept, served)| kept.hash() == served.hash());
    if !again || kept.len() > statements.len() {
        return Err(KitError::Forged);
    }
    for next in statements.iter().skip(kept.len()) {
        extend(vault, next)?.map_err(|_| KitError::Forged)?;
    }
    Ok(())
}

/// Whether a kit may restore into this vault: a fresh one, or one where just that was begun.
fn free_for(vault: &Vault, code: &KitCode) -> Result<bool, KitError> {
    let begun = vault.secret(RESTORING)?;
    Ok(match vault.me()? {
        None => true,
        Some(_) => begun.is_some_and(|kept| kept.as_slice() == code.secret().expose()),
    })
}

fn own(vault: &mut Vault) -> Result<PatientChain, SyncError> {
    let id = own_chain(vault)?;
    loaded(vault, id)
}

pub(super) fn clinic_name(vault: &mut Vault, chain: &PatientChain) -> Result<String, SyncError> {
    let Some(clinic) = chain.clinic_at(chain.tip().number) else {
        return Ok(String::new());
    };
    vault.load_roster(clinic.roster)?;
    let roster = vault.chains().roster(clinic.roster);
    Ok(roster.map_or(String::new(), |r| r.name().to_owned()))
}
