//! The text of `GET /v1/events`: server-sent events, one for each thing that changed.
//!
//! ```text
//! event: changed
//! data: {"kind":"space","id":"<52 letters of base32>"}
//! ```
//!
//! `data: {}` says that anything may have changed: ask the feed. A line that
//! begins with a colon says nothing but that the server is still there.

use data_encoding::BASE32_NOPAD;
use serde_json::{Map, Value};

use crate::message::ChangeKind;

/// The media type of the stream.
pub const MEDIA_TYPE: &str = "text/event-stream";
/// The name of the only event.
pub const CHANGED: &str = "changed";
/// What says that the server is still there.
pub const ALIVE: &str = ":\n\n";
/// More bytes than any line of the stream has.
pub const LONGEST_LINE: usize = 512;

/// A thing that changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Changed {
    /// What kind of thing.
    pub kind: ChangeKind,
    /// Its name.
    pub id: [u8; 32],
}

/// Why a line is not an event's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the data of an event")]
pub struct NotData;

fn word(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Chain => "chain",
        ChangeKind::Epochs => "epochs",
        ChangeKind::Space => "space",
        ChangeKind::Invites => "invites",
    }
}

fn kind(word: &str) -> Option<ChangeKind> {
    let all = [
        ChangeKind::Chain,
        ChangeKind::Epochs,
        ChangeKind::Space,
        ChangeKind::Invites,
    ];
    all.into_iter().find(|kind| self::word(*kind) == word)
}

/// The text of one event; none: anything may have changed.
pub fn event(changed: Option<Changed>) -> String {
    let data = match changed {
        Some(Changed { kind, id }) => {
            let id = BASE32_NOPAD.encode(&id);
            format!(r#"{{"kind":"{}","id":"{id}"}}"#, word(kind))
        }
        None => "{}".to_owned(),
    };
    format!("event: {CHANGED}\ndata: {data}\n\n")
}

/// Reads an event's data; none: anything may have changed.
///
/// A kind that this version doesn't know reads as none, too: asking the feed is never wrong.
///
/// # Errors
/// [`NotData`].
pub fn read(data: &str) -> Result<Option<Changed>, NotData> {
    let members: Map<String, Value> = serde_json::from_str(data).map_err(|_| NotData)?;
    let Some(word) = members.get("kind") else {
        return Ok(None);
    };
    let Some(kind) = kind(word.as_str().ok_or(NotData)?) else {
        return Ok(None);
    };
    let id = members.get("id").and_then(Value::as_str).ok_or(NotData)?;
    let id = BASE32_NOPAD.decode(id.as_bytes()).map_err(|_| NotData)?;
    let id = id.as_slice().try_into().map_err(|_| NotData)?;
    Ok(Some(Changed { kind, id }))
}
