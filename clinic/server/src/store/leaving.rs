//! What leaving erases, and what is left then.

use clinic_api::id::{ChainId, SpaceId};

use super::Guard;

/// What leaving erases.
pub struct Leaving<'a> {
    /// The patient chain.
    pub chain: ChainId,
    /// Spaces of it that are still here: their runs and epochs go.
    pub spaces: Vec<SpaceId>,
    /// Whether the chain goes, too: its statements, its pairings, and what its claim left with an
    /// invite.
    pub everything: bool,
    /// What the patient signed; none where the operator erases without.
    pub leave: Option<Vec<u8>>,
    /// What the decision rested on.
    pub guards: Vec<Guard>,
    /// Makes the receipt that is kept, within the transaction; none: nothing is written.
    pub receipt: &'a dyn Fn(Swept) -> Option<Vec<u8>>,
}

/// How much leaving erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    /// Runs.
    pub runs: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// What is left of a chain or space that was erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Departed {
    /// What the patient signed; none where the operator erased without.
    pub leave: Option<Vec<u8>>,
    /// The receipt.
    pub receipt: Vec<u8>,
}
