//! From bytes to records: encoding, delimiter, line numbers, and where a file was cut.

use std::borrow::Cow;
use std::io::{Chain, Read};

use csv::StringRecord;

use super::{FILE_BYTES, ImportError};

/// Follows the file as a last record of its own. Where it does not come back as
/// one, a quoted field was still open at the end of the file.
const SENTINEL: &[u8] = b"\n.";

/// A file's text, and whether it ends inside a character.
pub(super) struct Content<'a> {
    text: Cow<'a, str>,
    broken_end: bool,
}

impl<'a> Content<'a> {
    /// Checks size and encoding, and takes off the byte-order mark.
    pub(super) fn decode(bytes: &'a [u8]) -> Result<Self, ImportError> {
        if bytes.len() > FILE_BYTES {
            return Err(ImportError::TooLarge);
        }
        let (text, broken_end) = match std::str::from_utf8(bytes) {
            Ok(text) => (Cow::Borrowed(text), false),
            Err(error) if error.error_len().is_some() => {
                let position = error.valid_up_to();
                return Err(ImportError::NotUtf8 { position });
            }
            // Only the last character is cut: that record is named, the others are whole.
            Err(_) => (String::from_utf8_lossy(bytes), true),
        };
        let text = match text {
            Cow::Borrowed(text) => Cow::Borrowed(text.strip_prefix('\u{feff}').unwrap_or(text)),
            Cow::Owned(text) => Cow::Owned(match text.strip_prefix('\u{feff}') {
                Some(rest) => rest.to_owned(),
                None => text,
            }),
        };
        if text.trim().is_empty() {
            return Err(ImportError::Empty);
        }
        Ok(Self { text, broken_end })
    }

    /// The records of this text, the line of column names among them.
    pub(super) fn records(&self, delimiter: u8) -> Records<'_> {
        let bytes = self.text.as_bytes();
        Records {
            reader: csv::ReaderBuilder::new()
                .delimiter(delimiter)
                .has_headers(false)
                .flexible(true)
                .from_reader(bytes.chain(SENTINEL)),
            record: StringRecord::new(),
            lines: Lines {
                bytes,
                at: 0,
                line: 1,
            },
            broken_end: self.broken_end,
        }
    }
}

/// One record of the file.
pub(super) struct Record<'a> {
    /// The line on which it starts.
    pub(super) line: u64,
    pub(super) fields: &'a StringRecord,
    /// Whether the file ends inside of it.
    pub(super) cut_off: bool,
}

/// Reads one record after the other; empty lines are none.
pub(super) struct Records<'a> {
    reader: csv::Reader<Chain<&'a [u8], &'static [u8]>>,
    record: StringRecord,
    lines: Lines<'a>,
    broken_end: bool,
}

impl Records<'_> {
    pub(super) fn next(&mut self) -> Result<Option<Record<'_>>, ImportError> {
        let before = self.offset();
        match self.reader.read_record(&mut self.record) {
            Ok(true) => {}
            Ok(false) => return Ok(None),
            Err(_) => return Err(ImportError::Unreadable),
        }
        let end = self.lines.bytes.len();
        let start = self.lines.start_of_record(before);
        if start >= end {
            return Ok(None);
        }
        let after = self.offset();
        // Beyond the file lies the line break that ends its last record, and no more.
        let open_quote = after > end.saturating_add(1);
        Ok(Some(Record {
            line: self.lines.line_at(start),
            fields: &self.record,
            cut_off: open_quote || (self.broken_end && after >= end),
        }))
    }

    fn offset(&self) -> usize {
        usize::try_from(self.reader.position().byte()).unwrap_or(usize::MAX)
    }
}

/// Counts lines as an editor does; the CSV reader's own count differs between
/// files with CRLF, with LF and with empty lines.
struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u64,
}

impl Lines<'_> {
    /// Where a record begins whose predecessor ended at `offset`.
    fn start_of_record(&self, offset: usize) -> usize {
        let rest = self.bytes.get(offset..).unwrap_or_default();
        let breaks = rest.iter().take_while(|b| matches!(b, b'\r' | b'\n'));
        offset.saturating_add(breaks.count())
    }

    /// The line on which the byte at `start` stands; `start` never goes back.
    fn line_at(&mut self, start: usize) -> u64 {
        let passed = self.bytes.get(self.at..start).unwrap_or_default();
        let mut bytes = passed.iter().peekable();
        while let Some(byte) = bytes.next() {
            let ends_line =
                *byte == b'\n' || (*byte == b'\r' && bytes.peek().copied() != Some(&b'\n'));
            self.line = self.line.saturating_add(u64::from(ends_line));
        }
        self.at = start;
        self.line
    }
}
