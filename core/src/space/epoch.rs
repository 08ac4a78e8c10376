//! Epoch keys: making, wrapping, opening, and the way back to older ones.

use clinic_api::chain::epoch::{EpochRecord, EpochStep, Parties};
use clinic_api::chain::patient::LastHead;
use clinic_api::chain::{Body, ChainKind, Signed, Tip};
use clinic_api::crypto::Signature;
use clinic_api::id::{MemberId, SpaceId, StatementHash};

use super::keys::{Reader, Seed};
use super::wrap::{self, Purpose};
use super::{SpaceError, kdf};
use crate::env::Env;

/// The key of one epoch, with what it commits to.
#[derive(Clone, Debug)]
pub struct EpochKey {
    seed: Seed,
    commitment: [u8; 32],
}

impl EpochKey {
    /// The key of an epoch at a place in a space's chain.
    pub fn new(seed: Seed, space: SpaceId, number: u64) -> Self {
        let commitment = kdf::derive(
            seed.expose(),
            &[],
            "epoch commitment",
            &[&space.0, &number.to_be_bytes()],
        );
        Self {
            seed,
            commitment: *commitment.expose(),
        }
    }

    /// The secret.
    pub fn seed(&self) -> &Seed {
        &self.seed
    }

    /// What the epoch's statement says of it.
    pub fn commitment(&self) -> &[u8; 32] {
        &self.commitment
    }

    fn checked(seed: Seed, record: &EpochRecord) -> Result<Self, SpaceError> {
        let key = Self::new(seed, record.step.space, record.number);
        if key.commitment == record.step.commitment {
            Ok(key)
        } else {
            Err(SpaceError::WrongCommitment)
        }
    }
}

struct Slot {
    space: SpaceId,
    number: [u8; 8],
    previous: StatementHash,
    commitment: [u8; 32],
}

impl Slot {
    fn parts(&self) -> [&[u8]; 4] {
        [
            &self.space.0,
            &self.number,
            &self.previous.0,
            &self.commitment,
        ]
    }
}

/// Writes the epoch that follows `last`: a fresh key, wrapped to just the
/// present members, with the key before sealed under it where it is known.
///
/// `closed` are the last heads seen of logs by workstations that left since `last`.
///
/// # Errors
/// [`SpaceError::Chain`] where the chains give no list of members.
pub fn write(
    env: &Env,
    parties: Parties<'_>,
    last: Option<(&EpochRecord, Option<&EpochKey>)>,
    closed: Vec<LastHead>,
    at: i64,
    signer: MemberId,
    sign: impl FnOnce(&[u8]) -> Signature,
) -> Result<(Signed, EpochKey), SpaceError> {
    let space = parties.space().ok_or(SpaceError::NotAMember)?;
    let patient = parties
        .kind
        .of_patient()
        .then_some(parties.patient)
        .flatten();
    let roster = parties.kind.team().and(parties.roster);
    let tips = (patient.map(|p| p.tip()), roster.map(|r| r.tip()));
    let members = parties.recipients(tips.0.map(|t| t.number), tips.1.map(|t| t.number))?;
    let tip = last.map(|(r, _)| Tip {
        number: r.number,
        hash: r.hash,
    });
    let number = tip.map_or(0, |t| t.number.saturating_add(1));
    let key = EpochKey::new(Seed::random(env), space, number);
    let previous = tip.map_or(StatementHash::NONE, |t| t.hash);
    let slot = Slot {
        space,
        number: number.to_be_bytes(),
        previous,
        commitment: key.commitment,
    };
    let wraps = members
        .into_iter()
        .map(|(id, kem)| {
            let purpose = Purpose {
                label: "epoch wrap",
                parts: &slot.parts(),
            };
            wrap::wrap(env, id, kem, purpose, &key.seed)
        })
        .collect::<Result<_, _>>()?;
    let previous_key = match last {
        Some((_, Some(old))) => Some(seal_previous(&key, space, previous, old)?.into()),
        Some((_, None)) | None => None,
    };
    let step = EpochStep {
        space,
        kind: parties.kind,
        patient: tips.0.map(|t| t.hash),
        roster: tips.1.map(|t| t.hash),
        commitment: key.commitment,
        wraps,
        previous_key,
        closed,
    };
    let body = Body::following(ChainKind::Epoch, tip, at, signer, step);
    Ok((Signed::new(&body, sign), key))
}

/// Opens an epoch's key from the wrap to one of the readers.
///
/// # Errors
/// [`SpaceError::NotAMember`] where there is no wrap to any of them;
/// [`SpaceError::DoesNotOpen`] or [`SpaceError::WrongCommitment`] where the
/// epoch's writer wrapped something else: write the next.
pub fn open(record: &EpochRecord, readers: &[Reader<'_>]) -> Result<EpochKey, SpaceError> {
    let slot = Slot {
        space: record.step.space,
        number: record.number.to_be_bytes(),
        previous: record.previous.unwrap_or(StatementHash::NONE),
        commitment: record.step.commitment,
    };
    for reader in readers {
        if let Some(found) = record.step.wraps.iter().find(|w| w.recipient == reader.id) {
            let purpose = Purpose {
                label: "epoch wrap",
                parts: &slot.parts(),
            };
            let seed = wrap::unwrap(*reader, purpose, found)?;
            return EpochKey::checked(seed, record);
        }
    }
    Err(SpaceError::NotAMember)
}

/// Opens the key of the epoch before from a later one's statement.
///
/// # Errors
/// [`SpaceError::NotAMember`] where the later one holds none; else as [`open`].
pub fn open_previous(
    key: &EpochKey,
    record: &EpochRecord,
    previous: &EpochRecord,
) -> Result<EpochKey, SpaceError> {
    let sealed = record
        .step
        .previous_key
        .as_ref()
        .ok_or(SpaceError::NotAMember)?;
    let (once, aad) = previous_parts(key, record.step.space, previous.hash);
    let seed = zeroize::Zeroizing::new(kdf::open_once(&once, &aad, sealed)?);
    EpochKey::checked(Seed::try_from(seed.as_slice())?, previous)
}

fn seal_previous(
    key: &EpochKey,
    space: SpaceId,
    previous: StatementHash,
    old: &EpochKey,
) -> Result<Vec<u8>, SpaceError> {
    let (once, aad) = previous_parts(key, space, previous);
    kdf::seal_once(&once, &aad, old.seed.expose().to_vec())
}

fn previous_parts(key: &EpochKey, space: SpaceId, previous: StatementHash) -> (Seed, Vec<u8>) {
    let parts: [&[u8]; 2] = [&space.0, &previous.0];
    let once = kdf::derive(key.seed.expose(), &[], "previous epoch key", &parts);
    (once, clinic_api::crypto::to_sign("previous epoch", &parts))
}
