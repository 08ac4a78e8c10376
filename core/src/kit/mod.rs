//! The recovery kit: 24 words on paper, with which a new device gets everything back.
//!
//! Making, replacing, shutting out and restoring need the clinic API: see [`crate::sync::Kit`].
//! Here is what needs none: the words, what the page says, whether a kit is there and was
//! checked, and when it may be asked for.

mod body;
mod code;
mod due;
mod page;
mod view;

pub use body::KitChecked;
pub use code::{KitCode, KitCodeError};
pub use due::may_ask;
pub use page::KitPage;
pub use view::KitView;

use clinic_api::chain::patient::PatientChain;
use clinic_api::id::{MemberId, SpaceId};
use clinic_api::space::SpaceKind;

use crate::care::own_chain;
use crate::space::authority::Author;
use crate::space::keys::KitSecret;
use crate::vault::{Draft, Vault, VaultError};

/// Whether there is a recovery kit that would work. Always on view: a person should never have
/// to guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KitState {
    /// None was ever made.
    Never,
    /// One was made, and nobody typed its words since.
    Made {
        /// When, in milliseconds since 1970, by the clock of the device that made it.
        made_ms: i64,
    },
    /// One was made, and its words were typed and found right.
    Checked {
        /// When it was made, in milliseconds since 1970.
        made_ms: i64,
        /// When it was checked last, in milliseconds since 1970.
        checked_ms: i64,
    },
    /// The last one was shut out, and none took its place.
    ShutOut {
        /// When, in milliseconds since 1970.
        at_ms: i64,
    },
}

/// The state of a patient's kit, from their chain and from what is in *private*.
pub(crate) fn state(vault: &mut Vault) -> Result<KitState, VaultError> {
    let chain = loaded(vault)?;
    let private = chain.space(SpaceKind::Private);
    if let Some(kit) = chain.kit() {
        let made_ms = chain.stated_ms(kit.adopted).unwrap_or(0);
        return Ok(match view::checked_ms(vault, private, kit.id)? {
            Some(checked_ms) => KitState::Checked {
                made_ms,
                checked_ms,
            },
            None => KitState::Made { made_ms },
        });
    }
    let last = chain.kits().last().and_then(|kit| kit.retired);
    Ok(last.map_or(KitState::Never, |number| KitState::ShutOut {
        at_ms: chain.stated_ms(number).unwrap_or(0),
    }))
}

/// Whether these are the words of the kit that is in; if they are, that is noted for all the
/// person's devices.
pub(crate) fn check(vault: &mut Vault, code: &KitCode) -> Result<bool, VaultError> {
    let secret = KitSecret::new(code.secret()).map_err(|_| VaultError::Internal)?;
    let chain = loaded(vault)?;
    let fits = chain.kit().is_some_and(|kit| kit.id == secret.keys().id());
    if fits {
        note_checked(vault, chain.space(SpaceKind::Private), secret.keys().id())?;
    }
    Ok(fits)
}

fn note_checked(vault: &mut Vault, private: SpaceId, kit: MemberId) -> Result<(), VaultError> {
    let space = vault.space(private)?;
    let draft = Draft::new(space, &KitChecked { kit });
    vault.append(Author::Patient, vec![vec![draft]])?;
    Ok(())
}

/// The own chain, as it is known here.
fn loaded(vault: &mut Vault) -> Result<PatientChain, VaultError> {
    let id = own_chain(vault)?;
    vault.load_patient(id)?;
    vault
        .chains()
        .patient(id)
        .cloned()
        .ok_or(VaultError::Internal)
}
