//! The event stream at its reader: what the server says has changed, as soon as it does.

use std::collections::VecDeque;
use std::time::Duration;

use clinic_api::events::{self, Changed};
use clinic_api::limits;
use tokio::time::{Instant, timeout_at};

/// Three signs of life that did not come: the stream is dead.
const SILENCE: Duration = Duration::from_secs(3 * limits::EVENTS_ALIVE_SECONDS);

/// Why a stream is over. It is opened again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ended;

/// An open stream.
pub(super) struct Events {
    response: reqwest::Response,
    lines: Lines,
    heard: Instant,
}

impl Events {
    pub(super) fn new(response: reqwest::Response) -> Self {
        Self {
            response,
            lines: Lines::default(),
            heard: Instant::now(),
        }
    }

    /// The next that is said to have changed; none: anything may have. Can be cancelled.
    pub(super) async fn next(&mut self) -> Result<Option<Changed>, Ended> {
        loop {
            if let Some(said) = self.ready() {
                return Ok(said);
            }
            let chunk = timeout_at(self.heard + SILENCE, self.response.chunk()).await;
            let Ok(Ok(Some(chunk))) = chunk else {
                return Err(Ended);
            };
            self.heard = Instant::now();
            self.lines.take(&chunk)?;
        }
    }

    /// What came already.
    pub(super) fn ready(&mut self) -> Option<Option<Changed>> {
        self.lines.said.pop_front()
    }
}

/// Bytes to events, as the HTML standard says of event streams, as far as ours go.
#[derive(Default)]
struct Lines {
    line: Vec<u8>,
    changed: bool,
    data: Option<String>,
    said: VecDeque<Option<Changed>>,
}

impl Lines {
    fn take(&mut self, bytes: &[u8]) -> Result<(), Ended> {
        for byte in bytes {
            match byte {
                b'\n' => {
                    let line = std::mem::take(&mut self.line);
                    self.line(&line)?;
                }
                b'\r' => {}
                _ if self.line.len() >= events::LONGEST_LINE => return Err(Ended),
                byte => self.line.push(*byte),
            }
        }
        Ok(())
    }

    fn line(&mut self, line: &[u8]) -> Result<(), Ended> {
        let line = std::str::from_utf8(line).map_err(|_| Ended)?;
        if line.is_empty() {
            let data = self.data.take();
            if std::mem::take(&mut self.changed)
                && let Some(data) = data
            {
                let said = events::read(&data).map_err(|_| Ended)?;
                if !self.said.contains(&said) {
                    self.said.push_back(said);
                }
            }
            return Ok(());
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => self.changed = value == events::CHANGED,
            "data" => self.data = Some(value.to_owned()),
            // A sign of life, or a field that is not ours.
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
