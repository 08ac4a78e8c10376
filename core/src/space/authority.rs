//! The table of authority: who may write which event in which space.
//!
//! | Event | Space | Who |
//! |---|---|---|
//! | `MoodRecorded` | *private*, *care* | a patient's device |
//! | `EntryUnshared` | *care* | a patient's device |
//! | `EntryErased` | *private*, *care* | a patient's device |
//! | `EntryReviewed`, `EntriesRead`, `PatientWelcomed` | *care* | a clinician's workstation |
//! | `PatientAdmitted` | *front* | any staff workstation |
//! | `DeviceNamed` | *private* | a patient's device |
//! | `KitChecked` | *private* | a patient's device |
//!
//! Readers judge by the author and the chains that its frame cites, before
//! applying, never by arrival. What fails is kept, unapplied and named. An
//! event of a kind that this version does not know is judged after an upgrade.

use clinic_api::chain::epoch::Parties;
use clinic_api::id::{DeviceId, StatementHash};
use clinic_api::log::Cites;
use clinic_api::member::Role;
use clinic_api::space::SpaceKind;
use minicbor::{Decode, Encode};

use crate::event::Kind;

/// In what quality an author wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Author {
    /// A device of the patient whose space it is.
    #[n(0)]
    Patient,
    /// An administrator's workstation.
    #[n(1)]
    Administrator,
    /// A clinician's workstation.
    #[n(2)]
    Clinician,
    /// The front desk's workstation.
    #[n(3)]
    FrontDesk,
}

impl From<Role> for Author {
    fn from(role: Role) -> Self {
        match role {
            Role::Administrator => Self::Administrator,
            Role::Clinician => Self::Clinician,
            Role::FrontDesk => Self::FrontDesk,
        }
    }
}

/// Whether an author may write that kind of event in that kind of space.
#[must_use]
pub fn may_write(kind: Kind, space: SpaceKind, author: Author) -> bool {
    match kind {
        Kind::MoodRecorded | Kind::EntryErased => {
            matches!(space, SpaceKind::Private | SpaceKind::Care) && author == Author::Patient
        }
        Kind::EntryUnshared => space == SpaceKind::Care && author == Author::Patient,
        Kind::EntryReviewed | Kind::EntriesRead | Kind::PatientWelcomed => {
            space == SpaceKind::Care && author == Author::Clinician
        }
        Kind::DeviceNamed => space == SpaceKind::Private && author == Author::Patient,
        Kind::KitChecked => space == SpaceKind::Private && author == Author::Patient,
        Kind::PatientAdmitted => space == SpaceKind::Front && author != Author::Patient,
    }
}

/// In what quality a device wrote a frame that cites these statements.
///
/// None where it was no member of the space there, or where a citation is in no
/// chain that the reader verified (it may come yet), of another clinic, or one
/// that the space does not have. That the frame is within what a removal lets
/// count is not judged here.
pub fn author_at(parties: Parties<'_>, device: DeviceId, cites: &Cites) -> Option<Author> {
    let none = |hash| (hash == StatementHash::NONE).then_some(());
    let staff = match parties.kind.team() {
        Some(team) => {
            let roster = parties.roster?;
            Some((team, roster, roster.number_of(cites.roster)?))
        }
        None => {
            none(cites.roster)?;
            None
        }
    };
    if parties.kind.of_patient() {
        let chain = parties.patient?;
        let number = chain.number_of(cites.patient)?;
        if let Some((_, roster, _)) = staff
            && chain.clinic_at(number)?.roster != roster.id()
        {
            return None;
        }
        if chain.device_in(device, number) {
            return Some(Author::Patient);
        }
    } else {
        none(cites.patient)?;
    }
    let (team, roster, number) = staff?;
    let role = roster.workstation_role(device, number)?;
    team.includes(role).then(|| role.into())
}
