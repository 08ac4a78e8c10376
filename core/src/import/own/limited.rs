//! Reading no more than one event may take.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

use super::EVENT_BYTES;

/// How many bytes were read since the last event ended.
#[derive(Clone, Default)]
pub(super) struct Meter(Rc<Cell<u64>>);

impl Meter {
    /// An event ended.
    pub(super) fn reset(&self) {
        self.0.set(0);
    }

    /// Whether reading ended because there was more than an event may take.
    pub(super) fn over(&self) -> bool {
        self.0.get() > EVENT_BYTES
    }
}

/// Fails where an event goes on for longer than any can: a string of gigabytes is never held.
pub(super) struct Limited<R> {
    from: R,
    meter: Meter,
}

impl<R> Limited<R> {
    pub(super) fn new(from: R, meter: Meter) -> Self {
        Self { from, meter }
    }
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        if self.meter.over() {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let read = self.from.read(to)?;
        let all = self.meter.0.get().saturating_add(read as u64);
        self.meter.0.set(all);
        Ok(read)
    }
}
