//! Finding an entry by the first characters of its name.

use companion_core::event::EntryId;
use companion_core::journal::{Entry, Journal, JournalError};
use companion_core::problem::{Kind, Problem};

/// So many entries are looked at in one go.
const PAGE: u32 = 1_000;

/// The one entry whose name begins like this.
pub fn entry(journal: &Journal, text: &str) -> Result<Entry, Problem> {
    if let Ok(id) = text.parse::<EntryId>() {
        return journal
            .entry(id)?
            .ok_or_else(|| JournalError::NotFound.into());
    }
    if text.len() < 4 || !text.chars().all(|c| c.is_ascii_hexdigit()) {
        return Err(Problem::new(
            Kind::Input,
            "entry-name",
            "Name an entry by at least the first four characters that `list` shows.",
        ));
    }
    let wanted = text.to_lowercase();
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let page = journal.page(i64::MIN, i64::MAX, after, PAGE)?;
        let of_page = page.entries.into_iter();
        found.extend(of_page.filter(|e| e.id.to_string().starts_with(&wanted)));
        after = page.next;
        if after.is_none() || found.len() > 1 {
            break;
        }
    }
    let mut found = found.into_iter();
    match (found.next(), found.next()) {
        (Some(entry), None) => Ok(entry),
        (Some(_), Some(_)) => Err(Problem::new(
            Kind::Input,
            "entry-ambiguous",
            "Several entries begin like that. Type more of its name.",
        )),
        (None, _) => Err(JournalError::NotFound.into()),
    }
}
