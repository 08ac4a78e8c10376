//! Journals that people bring: from other apps, and their own export.
//!
//! A format is read whole before anything of it is saved. Nothing here opens a file.

pub mod daylio;
pub mod own;

/// What a file is, by how it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// JSON: an export of this software (see [`own`]).
    Own,
    /// Anything else is read as Daylio's CSV (see [`daylio`]).
    Daylio,
}

impl Format {
    /// The format of a file that begins with these bytes; the first hundred are plenty.
    pub fn detect(start: &[u8]) -> Self {
        let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
        // A brace can't begin a line of column names.
        match start.iter().find(|byte| !byte.is_ascii_whitespace()) {
            Some(b'{') => Self::Own,
            Some(_) | None => Self::Daylio,
        }
    }
}
