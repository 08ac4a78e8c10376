//! Believing that somebody left, on proof alone, and letting go.

use clinic_api::id::{ChainId, SpaceId};
use clinic_api::leave::{Departure as Told, SignedLeave, SignedReceipt};
use clinic_api::space::SpaceKind;

use crate::care::taken_in;
use crate::event::EventId;
use crate::vault::{Departure, LetGo, Me, Vault, VaultError};

/// What was shown proves nothing: nothing is let go of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unproven;

/// Takes in what a server shows of a chain, or a space, that is gone: its own people's word.
///
/// The word is verified by the chain as it is known here, and has to name what is said to be
/// gone. The receipt has to be for that word. A workstation then lets go of what that patient
/// shared, but for what the clinic took into its record; a patient's own device keeps its journal.
/// Returns the patient chain.
pub(crate) fn depart(
    vault: &mut Vault,
    name: ChainId,
    told: &Told,
) -> Result<Result<ChainId, Unproven>, VaultError> {
    let Some(proof) = proof(vault, name, told)? else {
        return Ok(Err(Unproven));
    };
    let Proof {
        patient,
        names,
        spaces,
        departure,
    } = proof;
    let mut let_go = Vec::new();
    if matches!(vault.me()?, Some(Me::Staff { .. })) {
        for space in spaces {
            let keep = own_copies(vault, patient, space)?;
            let_go.push(LetGo { space, keep });
        }
    }
    vault.depart(&names, &departure, &let_go)?;
    Ok(Ok(patient))
}

struct Proof {
    patient: ChainId,
    names: Vec<ChainId>,
    spaces: Vec<SpaceId>,
    departure: Departure,
}

fn proof(vault: &mut Vault, name: ChainId, told: &Told) -> Result<Option<Proof>, VaultError> {
    let Some(patient) = patient_of(vault, name)? else {
        return Ok(None);
    };
    let leave = told
        .leave
        .as_ref()
        .map(|bytes| SignedLeave::from_bytes(bytes));
    let (Some(Ok(leave)), Ok(receipt)) = (leave, SignedReceipt::from_bytes(&told.receipt)) else {
        return Ok(None);
    };
    vault.load_patient(patient)?;
    let Some(chain) = vault.chains().patient(patient) else {
        return Ok(None);
    };
    let (Ok(word), Ok(receipted)) = (leave.verify(chain), receipt.verify()) else {
        return Ok(None);
    };
    let spaces = word.gone();
    let whole = word.spaces.is_none().then_some(patient);
    let gone = spaces.iter().map(|space| ChainId::from(*space));
    let names: Vec<ChainId> = gone.chain(whole).collect();
    let fits = receipted.chain == patient && receipted.request == Some(leave.hash());
    let fits = fits && receipted.spaces == word.gone();
    Ok((fits && names.contains(&name)).then_some(Proof {
        patient,
        names,
        spaces,
        departure: Departure {
            at_ms: vault.env().now().as_millisecond(),
            leave,
            receipt,
        },
    }))
}

/// The patient whose chain, or space, that is.
fn patient_of(vault: &Vault, name: ChainId) -> Result<Option<ChainId>, VaultError> {
    let spaces = vault.spaces()?;
    let of_chain = spaces.iter().find(|s| s.patient == Some(name));
    let found = of_chain.or_else(|| spaces.iter().find(|s| ChainId::from(s.space) == name));
    Ok(found.and_then(|space| space.patient))
}

/// The versions that the clinic took into its record, and the word that it did.
fn own_copies(vault: &Vault, patient: ChainId, space: SpaceId) -> Result<Vec<EventId>, VaultError> {
    if space != SpaceKind::Care.id(patient) {
        return Ok(Vec::new());
    }
    let taken = taken_in(vault, space)?;
    Ok(taken.iter().flat_map(|t| [t.version, t.review]).collect())
}
