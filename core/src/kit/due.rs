//! When a person may be asked to make a kit, or to check it.

use jiff::{SignedDuration, Timestamp};

use super::KitState;

/// So long after an infusion nobody is asked: writing down 24 words takes a clear head, and a
/// paper mislaid then is lost. From the issue of this capability; marked for clinical sign-off in
/// docs/CLINICAL-SAFETY.md.
const AFTER_INFUSION: SignedDuration = SignedDuration::from_hours(48);
/// A paper that nobody looked at for half a year may be gone. Ours, without a source.
const CHECK_AGAIN: SignedDuration = SignedDuration::from_hours(24 * 182);

/// Whether the app may bring up the kit by itself: where none is there, or it wasn't checked for
/// half a year, and the last infusion ended 48 hours ago or more.
///
/// What a person opens by themselves is never refused.
#[must_use]
pub fn may_ask(state: KitState, last_infusion: Option<Timestamp>, now: Timestamp) -> bool {
    let since = |then: Timestamp| now.duration_since(then);
    // One that lies ahead, by a wrong clock, counts as just over.
    if last_infusion.is_some_and(|ended| since(ended) < AFTER_INFUSION) {
        return false;
    }
    let checked_ms = match state {
        KitState::Never | KitState::ShutOut { .. } => return true,
        KitState::Made { made_ms } => made_ms,
        KitState::Checked { checked_ms, .. } => checked_ms,
    };
    Timestamp::from_millisecond(checked_ms).map_or(true, |at| since(at) >= CHECK_AGAIN)
}
