//! A patient's whole journal as JSON: every event of their spaces, in a format that people and
//! other programs can read, and that [`crate::import::own`] reads back event for event.
//!
//! The format is described by `docs/EXPORT.md` and `docs/export.schema.json`. What it says is
//! not encrypted: whoever has the file can read it.

mod body;
mod error;
mod event;
mod names;
mod values;

pub use error::ExportError;
pub(crate) use event::EventJson;
pub use event::Odd;
pub(crate) use names::{UNKNOWN, of_kind};

use std::io::Write;

use jiff::Timestamp;

use crate::care;
use crate::companion::SharedVault;
use crate::vault::{SpaceEntry, Vault, VaultError};

/// What the file says it is.
pub const FORMAT: &str = "patient-companion-export";
/// The version of the format that is written, and the newest that is read.
pub const VERSION: u32 = 1;

/// So many events are read at a time: memory stays flat, and others may use the vault between.
const PAGE: usize = 256;

/// How far long work is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Events that are done.
    pub done: u64,
    /// Events in all.
    pub of: u64,
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Exported {
    /// Events.
    pub events: u64,
}

/// Writes what is the patient's. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Export {
    vault: SharedVault,
}

impl Export {
    pub(crate) fn new(vault: SharedVault) -> Self {
        Self { vault }
    }

    /// Writes every event of the patient's spaces, in the order of their clocks.
    ///
    /// The same events give the same bytes, but for the time of the export. What is saved while
    /// this runs is not in it; what is erased while this runs may be. `watch` is asked after
    /// every page whether to go on.
    ///
    /// # Errors
    /// [`ExportError::Stopped`] where `watch` said no, [`ExportError::Write`] where `to` takes
    /// no more, [`ExportError::Vault`] on a workstation or where the vault failed: what was
    /// written so far is no export.
    pub fn write(
        &self,
        to: &mut dyn Write,
        watch: &mut dyn FnMut(Progress) -> bool,
    ) -> Result<Exported, ExportError> {
        let (order, at) = {
            let vault = self.vault.lock();
            let spaces = own_spaces(&vault)?;
            (vault.event_order(&spaces)?, vault.env().now())
        };
        let at = Timestamp::from_second(at.as_second()).unwrap_or_default();
        write!(
            to,
            "{{\n\"format\":\"{FORMAT}\",\n\"version\":{VERSION},\n\"exported_at\":\"{at}\",\n\"events\":["
        )?;
        let mut exported = Exported::default();
        let mut last = None;
        let mut done = 0_u64;
        for page in order.chunks(PAGE) {
            let kept = self.vault.lock().events_at(page)?;
            for event in kept {
                // Both branches of a log that was forked hold the same event.
                if last.as_ref() == Some(&event) {
                    continue;
                }
                let Some(json) = EventJson::of(&event) else {
                    continue;
                };
                let before = if exported.events == 0 { "\n" } else { ",\n" };
                to.write_all(before.as_bytes())?;
                last = Some(event);
                serde_json::to_writer(&mut *to, &json).map_err(std::io::Error::from)?;
                exported.events = exported.events.saturating_add(1);
            }
            done = done.saturating_add(page.len() as u64);
            let of = order.len() as u64;
            if !watch(Progress { done, of }) {
                return Err(ExportError::Stopped);
            }
        }
        to.write_all(b"\n]\n}\n")?;
        to.flush()?;
        Ok(exported)
    }
}

/// The spaces of the patient whose device this is.
pub(crate) fn own_spaces(vault: &Vault) -> Result<Vec<SpaceEntry>, VaultError> {
    let own = care::own_chain(vault)?;
    let all = vault.spaces()?;
    Ok(all
        .into_iter()
        .filter(|s| s.patient == Some(own) && s.kind.of_patient())
        .collect())
}
