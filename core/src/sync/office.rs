//! What a clinic does beside reading: founding itself, inviting and admitting patients.

use clinic_api::chain::patient::PatientChain;
use clinic_api::chain::{ChainError, Signed};
use clinic_api::id::{ChainId, InviteLookup, MemberId};
use clinic_api::limits;
use clinic_api::member::Role;
use clinic_api::message::{
    Claim, InviteRecord, InviteState, Invites, NewInvite, Offer, Statements,
};
use clinic_api::wire;
use minicbor::{Decode, Encode};

use super::address::Server;
use super::error::SyncError;
use super::patients::{clinic_spaces, own_role};
use super::request::Request;
use super::spaces::staff_spaces;
use super::{Cancel, Line, Link, SERVER, server};
use crate::companion::SharedVault;
use crate::front::{Front, FrontError};
use crate::space::authority::Author;
use crate::space::clinic;
use crate::space::invite::{self, InviteCode, InviteSecret};
use crate::space::keys::{RootSecret, Seed};
use crate::vault::{Me, Vault, VaultError};

/// A clinic's office at one workstation. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Office {
    vault: SharedVault,
    line: Line,
}

/// An invite as it is handed to a patient; shown once. Has no `Debug`: it holds the secret.
#[derive(Clone)]
pub struct Invitation {
    /// Under what it is kept.
    pub lookup: InviteLookup,
    /// What a person types.
    pub text: String,
    /// What a QR code holds.
    pub qr: String,
    /// When it ends, in seconds since 1970.
    pub expires: i64,
}

/// An invite as the office follows it. Has no `Debug`: it names a person.
#[derive(Clone)]
pub struct InviteView {
    /// Under what it is kept.
    pub lookup: InviteLookup,
    /// For whom it was made, as typed then; empty where another workstation made it.
    pub name: String,
    /// Their date of birth, as typed then.
    pub birth_date: String,
    /// How far it has come.
    pub state: InviteState,
    /// When it ends, in seconds since 1970.
    pub expires: i64,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct KeptInvite {
    #[n(0)]
    #[cbor(with = "clinic_api::wire::bytes_array")]
    secret: [u8; 16],
    #[n(1)]
    name: String,
    #[n(2)]
    birth_date: String,
}

fn invite_name(lookup: InviteLookup) -> String {
    format!("invite.{lookup}")
}

impl Office {
    pub(crate) fn new(vault: SharedVault, line: Line) -> Self {
        Self { vault, line }
    }

    /// Founds a clinic at this workstation: root key, roster, first clinician, team keys.
    ///
    /// Returns the root's fingerprint, which the operator of the clinic API is
    /// given. Nothing is sent yet: see [`Office::register`].
    ///
    /// # Errors
    /// [`SyncError::Chain`] where a name is empty or too long;
    /// [`VaultError::NotSetUp`] where this vault is somebody's already.
    pub fn found(
        &self,
        server: &str,
        clinic_name: &str,
        clinician: &str,
    ) -> Result<MemberId, SyncError> {
        let address = Server::parse(server)?;
        let mut vault = self.vault.lock();
        if vault.me()?.is_some() {
            return Err(VaultError::NotSetUp.into());
        }
        let env = vault.env().clone();
        let seed = Seed::random(&env);
        let root = RootSecret::new(seed.clone())?;
        let device = vault.device()?;
        let founding = clinic::found(&env, &root, &device, clinic_name.trim(), clinician.trim())?;
        let roster = founding.roster.id();
        vault.keep_root(&seed)?;
        for statement in &founding.statements {
            vault.extend_roster(roster, statement)??;
        }
        for entry in clinic_spaces(roster) {
            vault.follow_space(&entry)?;
        }
        vault.set_setting(SERVER, address.to_string().as_bytes())?;
        vault.set_me(&Me::Staff {
            roster,
            person: founding.person,
        })?;
        Ok(root.id())
    }

    /// The clinic's root fingerprint, name, and the person at this workstation; none before founding.
    ///
    /// # Errors
    /// [`SyncError::Vault`].
    pub fn identity(&self) -> Result<Option<(MemberId, String, String)>, SyncError> {
        let mut vault = self.vault.lock();
        let Some(Me::Staff { roster, person }) = vault.me()? else {
            return Ok(None);
        };
        vault.load_roster(roster)?;
        let chain = vault.chains().roster(roster).ok_or(SyncError::Internal)?;
        let name = chain
            .person(person)
            .map_or(String::new(), |p| p.name.clone());
        Ok(Some((chain.root_id(), chain.name().to_owned(), name)))
    }

    /// Takes another address for the clinic API.
    ///
    /// # Errors
    /// [`SyncError::Address`].
    pub fn set_server(&self, address: &str) -> Result<(), SyncError> {
        let address = Server::parse(address)?;
        Ok(self
            .vault
            .lock()
            .set_setting(SERVER, address.to_string().as_bytes())?)
    }

    /// Makes the clinic known to its API; can be repeated. Nothing is to be done where this
    /// workstation came in later: then the API knows the clinic.
    ///
    /// # Errors
    /// [`SyncError::Refused`] where the operator did not configure this clinic's fingerprint.
    pub async fn register(&self) -> Result<(), SyncError> {
        let (mut link, roster) = self.link()?;
        let statements = {
            let mut vault = self.vault.lock();
            let me = vault.device()?.id();
            vault.load_roster(roster)?;
            let chain = vault.chains().roster(roster).ok_or(SyncError::Internal)?;
            let founder = chain
                .workstation(me)
                .is_some_and(|w| w.added < clinic::FOUNDING);
            if !founder {
                return Ok(());
            }
            let founding = usize::try_from(clinic::FOUNDING).map_err(|_| SyncError::Internal)?;
            let statements = vault.statements(roster)?;
            let first = statements.iter().take(founding);
            first.map(|s| s.to_bytes().into()).collect()
        };
        let body = wire::encode(&Statements { statements });
        link.expect(&Request::post("/v1/rosters".to_owned(), body))
            .await
            .map(drop)
    }

    /// Makes an invite for a patient; its secret is kept here until it ends and never sent.
    ///
    /// # Errors
    /// [`SyncError::Unreachable`] and the like: there is no such invite.
    pub async fn invite(&self, name: &str, birth_date: &str) -> Result<Invitation, SyncError> {
        let (mut link, roster) = self.link()?;
        let (invitation, body) = {
            let mut vault = self.vault.lock();
            let env = vault.env().clone();
            let secret = InviteSecret::generate(&env);
            vault.load_roster(roster)?;
            let chain = vault.chains().roster(roster).ok_or(SyncError::Internal)?;
            let expires = env.now().as_second().saturating_add(limits::INVITE_SECONDS);
            let root = chain.root_id();
            let clinic = chain.name().to_owned();
            let offer = wire::encode(&Offer {
                roster,
                root,
                clinic,
                expires,
            });
            let mac = secret.offer_mac(&offer);
            let lookup = secret.lookup();
            let kept = KeptInvite {
                secret: *secret.expose(),
                name: name.trim().to_owned(),
                birth_date: birth_date.trim().to_owned(),
            };
            vault.keep_secret(&invite_name(lookup), &wire::encode(&kept))?;
            let address = server(&vault)?.ok_or(SyncError::NoServer)?.to_string();
            let qr = InviteCode::qr(&secret, root, &address);
            let invitation = Invitation {
                lookup,
                text: secret.text(),
                qr,
                expires,
            };
            (invitation, wire::encode(&NewInvite { lookup, offer, mac }))
        };
        link.expect(&Request::post("/v1/invites".to_owned(), body))
            .await?;
        Ok(invitation)
    }

    /// The clinic's invites, oldest first.
    ///
    /// # Errors
    /// [`SyncError`].
    pub async fn invites(&self) -> Result<Vec<InviteView>, SyncError> {
        let records = self.records().await?;
        let vault = self.vault.lock();
        records
            .into_iter()
            .map(|r| {
                let kept = kept_invite(&vault, r.lookup)?;
                let (name, birth_date) =
                    kept.map_or((String::new(), String::new()), |k| (k.name, k.birth_date));
                let InviteRecord {
                    lookup,
                    state,
                    expires,
                    ..
                } = r;
                Ok(InviteView {
                    lookup,
                    name,
                    birth_date,
                    state,
                    expires,
                })
            })
            .collect()
    }

    /// Admits a patient whose digits were read out: signs person and chain into *front*.
    ///
    /// # Errors
    /// [`SyncError::DigitsDiffer`], [`SyncError::ForgedClaim`]: withdraw the invite and
    /// start over. [`SyncError::NotClaimed`]: the patient has not typed the invite yet.
    pub async fn admit(
        &self,
        lookup: InviteLookup,
        digits: &str,
        name: &str,
        birth_date: &str,
    ) -> Result<ChainId, AdmitError> {
        let (mut link, roster) = self.link()?;
        let record = self
            .records()
            .await?
            .into_iter()
            .find(|r| r.lookup == lookup);
        let claim = record.and_then(|r| r.claim).ok_or(SyncError::NotClaimed)?;
        let (patient, role) = {
            let mut vault = self.vault.lock();
            self.check_claim(&mut vault, roster, lookup, &claim, digits)?
        };
        let author = Author::from(role);
        Front::new(self.vault.clone()).admit(author, patient, name, birth_date)?;
        {
            let mut vault = self.vault.lock();
            for entry in staff_spaces(patient, roster, Some(role)) {
                vault.follow_space(&entry).map_err(SyncError::from)?;
            }
        }
        let path = format!("/v1/invites/{lookup}/admit");
        link.expect(&Request::post(path, Vec::new())).await?;
        Ok(patient)
    }

    /// Takes an invite back; a device that claimed it is shut out.
    ///
    /// # Errors
    /// [`SyncError`].
    pub async fn withdraw(&self, lookup: InviteLookup) -> Result<(), SyncError> {
        let (mut link, _) = self.link()?;
        let path = format!("/v1/invites/{lookup}/withdraw");
        link.expect(&Request::post(path, Vec::new()))
            .await
            .map(drop)
    }

    /// Runs one of this office's calls without an async runtime; none when cancelled.
    ///
    /// # Errors
    /// Those of the call.
    pub fn blocking<T>(
        &self,
        cancel: &Cancel,
        call: impl AsyncFnOnce(&Self) -> Result<T, SyncError>,
    ) -> Result<Option<T>, SyncError> {
        self.line.block_on(cancel, call(self))
    }

    fn link(&self) -> Result<(Link, ChainId), SyncError> {
        let mut vault = self.vault.lock();
        let Some(Me::Staff { roster, .. }) = vault.me()? else {
            return Err(VaultError::NotSetUp.into());
        };
        let address = server(&vault)?.ok_or(SyncError::NoServer)?;
        Ok((Link::new(&self.line, &mut vault, address)?, roster))
    }

    async fn records(&self) -> Result<Vec<InviteRecord>, SyncError> {
        let (mut link, _) = self.link()?;
        let body = link.expect(&Request::get("/v1/invites".to_owned())).await?;
        let invites: Invites = wire::decode(&body)?;
        Ok(invites.invites)
    }

    fn check_claim(
        &self,
        vault: &mut Vault,
        roster: ChainId,
        lookup: InviteLookup,
        claim: &Claim,
        digits: &str,
    ) -> Result<(ChainId, Role), SyncError> {
        let kept = kept_invite(vault, lookup)?.ok_or(SyncError::NotClaimed)?;
        let secret = InviteSecret::from_bytes(kept.secret);
        let statements: Vec<Signed> = claim
            .statements
            .iter()
            .map(|bytes| Signed::from_bytes(bytes))
            .collect::<Result<_, _>>()?;
        let (first, rest) = statements.split_first().ok_or(SyncError::ForgedClaim)?;
        let mut chain = PatientChain::found(first)?;
        for next in rest {
            chain.append(next)?;
        }
        vault.load_roster(roster)?;
        let clinic = vault.chains().roster(roster).ok_or(SyncError::Internal)?;
        let root = clinic.root_id();
        let joined = chain.clinic_at(chain.tip().number);
        let ours = joined.is_some_and(|c| c.roster == roster && c.root == root);
        if !ours || secret.claim_mac(chain.id(), root) != claim.mac {
            return Err(SyncError::ForgedClaim);
        }
        if !invite::digits(lookup, chain.id(), root, roster)?.matches(digits) {
            return Err(SyncError::DigitsDiffer);
        }
        let me = vault.device()?.id();
        let clinic = vault.chains().roster(roster).ok_or(SyncError::Internal)?;
        let role = clinic
            .workstation_role(me, clinic.tip().number)
            .ok_or(SyncError::Removed)?;
        let known = vault.statement_count(chain.id())?;
        for next in statements
            .iter()
            .skip(usize::try_from(known).unwrap_or(usize::MAX))
        {
            vault.extend_patient(chain.id(), next)??;
        }
        Ok((chain.id(), role))
    }

    /// What the person at this workstation does.
    ///
    /// # Errors
    /// [`SyncError::Removed`] where they are no longer on the roster.
    pub fn role(&self) -> Result<Role, SyncError> {
        let mut vault = self.vault.lock();
        let Some(Me::Staff { roster, .. }) = vault.me()? else {
            return Err(VaultError::NotSetUp.into());
        };
        own_role(&mut vault, roster)?.ok_or(SyncError::Removed)
    }
}

fn kept_invite(vault: &Vault, lookup: InviteLookup) -> Result<Option<KeptInvite>, VaultError> {
    let Some(bytes) = vault.secret(&invite_name(lookup))? else {
        return Ok(None);
    };
    wire::decode(&bytes)
        .map(Some)
        .map_err(|_| VaultError::Damaged)
}

/// Why a patient was not admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AdmitError {
    /// Invite, claim, digits or server.
    #[error(transparent)]
    Sync(#[from] SyncError),
    /// Name or date of birth.
    #[error(transparent)]
    Front(#[from] FrontError),
}

impl From<AdmitError> for crate::problem::Problem {
    fn from(error: AdmitError) -> Self {
        match error {
            AdmitError::Sync(error) => error.into(),
            AdmitError::Front(error) => error.into(),
        }
    }
}

impl From<ChainError> for AdmitError {
    fn from(error: ChainError) -> Self {
        Self::Sync(error.into())
    }
}
