//! Reading no more than one event may take.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

use super::EVENT_BYTES;

/// What is known of the reading while it goes on.
#[derive(Clone, Default)]
pub(super) struct Meter(Rc<Counts>);

#[derive(Default)]
struct Counts {
    /// Bytes since the last event ended.
    bytes: Cell<u64>,
    /// Whether more was wanted than there is.
    ended: Cell<bool>,
}

impl Meter {
    /// An event ended.
    pub(super) fn reset(&self) {
        self.0.bytes.set(0);
    }

    /// Whether reading ended because there was more than an event may take.
    pub(super) fn over(&self) -> bool {
        self.0.bytes.get() > EVENT_BYTES
    }

    /// Whether more was wanted than there is.
    pub(super) fn ended(&self) -> bool {
        self.0.ended.get()
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
        let counts = &self.meter.0;
        counts.ended.set(read == 0);
        counts
            .bytes
            .set(counts.bytes.get().saturating_add(read as u64));
        Ok(read)
    }
}
