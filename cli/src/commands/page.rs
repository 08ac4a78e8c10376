//! Parts of a longer list, and where the next one begins.

use companion_core::journal::{Cursor, Page};
use companion_core::problem::{Kind, Problem};
use serde_json::Value;

use crate::args::PageArgs;

/// A cursor that was given.
pub fn after(args: &PageArgs) -> Result<Option<Cursor>, Problem> {
    let bad = || {
        Problem::new(
            Kind::Input,
            "cursor",
            "That is no place in a list. Use what an earlier page gave as its next.",
        )
    };
    let Some(text) = &args.next else {
        return Ok(None);
    };
    let (felt_ms, entry) = text.split_once('.').ok_or_else(bad)?;
    Ok(Some(Cursor {
        felt_ms: felt_ms.parse().map_err(|_| bad())?,
        entry: entry.parse().map_err(|_| bad())?,
    }))
}

/// The place after a page, to be given back as it is.
pub fn next(page: &Page) -> Option<String> {
    page.next
        .map(|cursor| format!("{}.{}", cursor.felt_ms, cursor.entry))
}

/// The same as JSON.
pub fn next_json(page: &Page) -> Value {
    next(page).map_or(Value::Null, Value::String)
}
