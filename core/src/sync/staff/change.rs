//! What a holder of the root key wants of the roster, and the act that was prepared for it.

use clinic_api::chain::Signed;
use clinic_api::crypto::Signature;
use clinic_api::id::{DeviceId, PersonId};
use clinic_api::member::{DeviceKeys, Role};
use clinic_api::wire::{self, bytes_array};
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use crate::vault::{Vault, VaultError};

/// A change of the roster. Stated so that it can be planned again on another roster: what is so
/// already is left out.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum RosterChange {
    /// Somebody begins to work here.
    #[n(0)]
    AddPerson {
        /// Chosen by whoever asks, at random.
        #[n(0)]
        person: PersonId,
        /// As patients see it.
        #[n(1)]
        name: String,
        /// What they do.
        #[n(2)]
        role: Role,
    },
    /// Somebody does something else from here on.
    #[n(1)]
    ChangeRole {
        /// Who.
        #[n(0)]
        person: PersonId,
        /// What they do now.
        #[n(1)]
        role: Role,
    },
    /// Somebody leaves, with all their workstations.
    #[n(2)]
    RemovePerson {
        /// Who.
        #[n(0)]
        person: PersonId,
    },
    /// Another workstation of somebody who is here.
    #[n(3)]
    AddWorkstation {
        /// Whose.
        #[n(0)]
        person: PersonId,
        /// Its keys.
        #[n(1)]
        device: DeviceKeys,
        /// Its consent to be the next on the roster as it was shown to it.
        #[n(2)]
        #[cbor(with = "bytes_array")]
        consent: Signature,
    },
    /// A workstation that is lost, stolen or no longer used.
    #[n(4)]
    RemoveWorkstation {
        /// Which.
        #[n(0)]
        device: DeviceId,
    },
    /// Nothing but the team keys that are still to be issued.
    #[n(5)]
    RenewKeys,
}

/// An act that was begun: in the vault before its first statement is sent, until the server has all.
#[derive(Debug, Clone, Encode, Decode)]
#[cbor(map)]
pub(super) struct Kept {
    #[n(0)]
    pub change: RosterChange,
    #[n(1)]
    statements: Vec<ByteVec>,
}

const NAME: &str = "staff.act";

impl Kept {
    pub(super) fn new(change: RosterChange, statements: &[Signed]) -> Self {
        let statements = statements.iter().map(|s| s.to_bytes().into()).collect();
        Self { change, statements }
    }

    pub(super) fn statements(&self) -> Result<Vec<Signed>, VaultError> {
        let all = self.statements.iter().map(|b| Signed::from_bytes(b));
        all.collect::<Result<_, _>>()
            .map_err(|_| VaultError::Damaged)
    }

    pub(super) fn load(vault: &Vault) -> Result<Option<Self>, VaultError> {
        let bytes = vault.secret(NAME)?;
        bytes
            .map(|b| wire::decode(&b).map_err(|_| VaultError::Damaged))
            .transpose()
    }

    pub(super) fn keep(&self, vault: &mut Vault) -> Result<(), VaultError> {
        vault.keep_secret(NAME, &wire::encode(self))
    }

    pub(super) fn forget(vault: &mut Vault) -> Result<(), VaultError> {
        vault.forget_secret(NAME)
    }
}
