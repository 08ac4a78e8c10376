//! From a file to its events, one at a time.

use std::io::{BufReader, ErrorKind, Read};
use std::ops::ControlFlow;

use struson::reader::{JsonReader, JsonStreamReader, ReaderError, ReaderSettings, ValueType};
use struson::serde::DeserializerError;

use super::limited::{Limited, Meter};
use super::{ArchiveError, FILE_EVENTS, Odd};
use crate::export::{EventJson, FORMAT, VERSION};

/// Nothing of the format is nested half as deep.
const DEEPEST: u32 = 32;

/// What to do with an event, given with its number.
type Each<'a> = dyn FnMut(u64, EventJson) -> Result<ControlFlow<()>, ArchiveError> + 'a;

/// Reads a whole file, and gives each event to `each` until it breaks. Fields of the file may
/// stand in any order: other programs sort them.
pub(super) fn read(from: impl Read, each: &mut Each<'_>) -> Result<(), ArchiveError> {
    let meter = Meter::default();
    let mut from = BufReader::new(from);
    let start = skip_mark(&mut from).map_err(|_| ArchiveError::Unreadable)?;
    let limited = Limited::new(start.as_slice().chain(from), meter.clone());
    let settings = ReaderSettings {
        track_path: false,
        max_nesting_depth: Some(DEEPEST),
        // Each number is judged by what it is for.
        restrict_number_values: false,
        ..ReaderSettings::default()
    };
    let json = JsonStreamReader::new_custom(limited, settings);
    let reader = Reader {
        json,
        meter,
        event: 0,
    };
    reader.file(each)
}

/// The first bytes, without a mark of the order of bytes.
fn skip_mark(from: &mut impl Read) -> std::io::Result<Vec<u8>> {
    let mut start = Vec::with_capacity(3);
    from.take(3).read_to_end(&mut start)?;
    if start == b"\xef\xbb\xbf" {
        start.clear();
    }
    Ok(start)
}

struct Reader<R: Read> {
    json: JsonStreamReader<R>,
    meter: Meter,
    event: u64,
}

impl<R: Read> Reader<R> {
    fn file(mut self, each: &mut Each<'_>) -> Result<(), ArchiveError> {
        let (mut format, mut version, mut at, mut events) = (false, false, false, false);
        self.begins_object()?;
        while self.json.has_next().map_err(|e| self.error(&e))? {
            let name = self.json.next_name_owned().map_err(|e| self.error(&e))?;
            let before = match name.as_str() {
                "format" => {
                    if self.text()? != FORMAT {
                        return Err(ArchiveError::NotOurs);
                    }
                    std::mem::replace(&mut format, true)
                }
                "version" => {
                    let found = self.version()?;
                    if found != VERSION {
                        return Err(ArchiveError::Newer { found });
                    }
                    std::mem::replace(&mut version, true)
                }
                "exported_at" => {
                    self.text()?;
                    std::mem::replace(&mut at, true)
                }
                "events" => {
                    if self.events(each)?.is_break() {
                        return Ok(());
                    }
                    std::mem::replace(&mut events, true)
                }
                _ if format && version => true,
                // Some other JSON.
                _ => return Err(ArchiveError::NotOurs),
            };
            if before {
                return Err(self.malformed());
            }
        }
        self.json.end_object().map_err(|e| self.error(&e))?;
        let event = self.event;
        if let Err(error) = self.json.consume_trailing_whitespace() {
            return Err(after(event, &error));
        }
        if format && version && at && events {
            Ok(())
        } else {
            Err(ArchiveError::NotOurs)
        }
    }

    fn begins_object(&mut self) -> Result<(), ArchiveError> {
        match self.json.begin_object() {
            Err(ReaderError::UnexpectedValueType { .. }) => Err(ArchiveError::NotOurs),
            other => other.map_err(|e| self.error(&e)),
        }
    }

    fn text(&mut self) -> Result<String, ArchiveError> {
        match self.json.next_string() {
            Err(ReaderError::UnexpectedValueType { .. }) => Err(ArchiveError::NotOurs),
            other => other.map_err(|e| self.error(&e)),
        }
    }

    fn version(&mut self) -> Result<u32, ArchiveError> {
        match self.json.next_number_as_string() {
            Err(ReaderError::UnexpectedValueType { .. }) => Err(ArchiveError::NotOurs),
            Err(error) => Err(self.error(&error)),
            Ok(text) => text.parse().map_err(|_| ArchiveError::NotOurs),
        }
    }

    fn events(&mut self, each: &mut Each<'_>) -> Result<ControlFlow<()>, ArchiveError> {
        if self.json.peek().map_err(|e| self.error(&e))? != ValueType::Array {
            return Err(ArchiveError::NotOurs);
        }
        self.json.begin_array().map_err(|e| self.error(&e))?;
        self.meter.reset();
        while self.json.has_next().map_err(|e| self.error(&e))? {
            if self.event >= FILE_EVENTS {
                return Err(ArchiveError::TooMany);
            }
            self.event = self.event.saturating_add(1);
            let event = match self.json.deserialize_next::<EventJson>() {
                Ok(event) => event,
                Err(DeserializerError::ReaderError(error)) => return Err(self.in_event(&error)),
                // Its text may quote what was written: only that it is so is kept.
                Err(_) => return Err(self.odd(Odd::Fields)),
            };
            self.meter.reset();
            if each(self.event, event)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        self.json.end_array().map_err(|e| self.error(&e))?;
        Ok(ControlFlow::Continue(()))
    }

    fn odd(&self, odd: Odd) -> ArchiveError {
        let event = self.event;
        ArchiveError::Event { event, odd }
    }

    fn malformed(&self) -> ArchiveError {
        let (event, at) = (self.event, self.json.current_position(false));
        let line = at.line_pos.map_or(0, |p| p.line).saturating_add(1);
        ArchiveError::Malformed { event, line }
    }

    fn in_event(&self, error: &ReaderError) -> ArchiveError {
        if matches!(
            error,
            ReaderError::UnexpectedValueType { .. } | ReaderError::UnexpectedStructure { .. }
        ) {
            self.odd(Odd::Fields)
        } else {
            self.error(error)
        }
    }

    fn error(&self, error: &ReaderError) -> ArchiveError {
        let event = self.event;
        if self.meter.over() {
            return ArchiveError::TooLarge { event };
        }
        if let ReaderError::IoError { error, .. } = error {
            return if error.kind() == ErrorKind::InvalidData {
                ArchiveError::NotUtf8 { event }
            } else if error.kind() == ErrorKind::UnexpectedEof {
                ArchiveError::CutOff { event }
            } else {
                ArchiveError::Unreadable
            };
        }
        if self.meter.ended() {
            ArchiveError::CutOff { event }
        } else {
            self.malformed()
        }
    }
}

/// What is wrong behind the end of the file's JSON.
fn after(event: u64, error: &ReaderError) -> ArchiveError {
    let line = if let ReaderError::SyntaxError(syntax) = error {
        syntax.location.line_pos
    } else {
        None
    };
    let line = line.map_or(0, |p| p.line).saturating_add(1);
    ArchiveError::Malformed { event, line }
}
