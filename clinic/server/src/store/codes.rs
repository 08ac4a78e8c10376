//! How values stand in columns: the same numbers in every database.

use clinic_api::chain::ChainKind;
use clinic_api::space::SpaceKind;

use super::{Result, Stage, Standing, StoreError};

pub(super) fn kind_code(kind: ChainKind) -> i64 {
    match kind {
        ChainKind::Patient => 1,
        ChainKind::Roster => 2,
        ChainKind::Epoch => 3,
    }
}

pub(super) fn kind_of(code: i64) -> Result<ChainKind> {
    [ChainKind::Patient, ChainKind::Roster, ChainKind::Epoch]
        .into_iter()
        .find(|k| kind_code(*k) == code)
        .ok_or(StoreError::Damaged("an unknown kind of chain"))
}

pub(super) fn standing_code(standing: Standing) -> i64 {
    match standing {
        Standing::Pending => 1,
        Standing::Admitted => 2,
        Standing::Withdrawn => 3,
        Standing::Gone => 4,
    }
}

pub(super) fn standing_of(code: i64) -> Result<Standing> {
    [
        Standing::Pending,
        Standing::Admitted,
        Standing::Withdrawn,
        Standing::Gone,
    ]
    .into_iter()
    .find(|s| standing_code(*s) == code)
    .ok_or(StoreError::Damaged("an unknown standing"))
}

pub(super) fn space_kind(code: i64) -> Result<SpaceKind> {
    SpaceKind::OF_PATIENT
        .into_iter()
        .chain(SpaceKind::OF_CLINIC)
        .find(|k| i64::from(k.code()) == code)
        .ok_or(StoreError::Damaged("an unknown kind of space"))
}

pub(super) fn stage_code(stage: Stage) -> i64 {
    match stage {
        Stage::Waiting => 1,
        Stage::Claimed => 2,
        Stage::Admitted => 3,
        Stage::Withdrawn => 4,
    }
}

pub(super) fn stage_of(code: i64) -> Result<Stage> {
    [
        Stage::Waiting,
        Stage::Claimed,
        Stage::Admitted,
        Stage::Withdrawn,
    ]
    .into_iter()
    .find(|s| stage_code(*s) == code)
    .ok_or(StoreError::Damaged("an unknown stage of an invite"))
}

/// A number for a column. What is stored counts up from 0 and never gets
/// there; what a caller only asks for may, and then lies beyond all there is.
pub(super) fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn number(column: i64) -> Result<u64> {
    u64::try_from(column).map_err(|_| StoreError::Damaged("a negative number"))
}

pub(super) fn id<'a, T: TryFrom<&'a [u8]>>(column: &'a [u8]) -> Result<T> {
    column
        .try_into()
        .map_err(|_| StoreError::Damaged("a name of the wrong length"))
}
