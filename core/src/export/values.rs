//! How single values are written: names as hex, moments, clock readings.

use std::fmt::Display;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::event::{Hlc, Moment};

/// The name of a thing, as lower-case hex.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hex<T>(pub(crate) T);

impl<T: Display> Serialize for Hex<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de, T: FromStr> Deserialize<'de> for Hex<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse()
            .map(Self)
            .map_err(|_| de::Error::custom("not a name"))
    }
}

pub(crate) fn hex<T: Copy>(all: &[T]) -> Vec<Hex<T>> {
    all.iter().copied().map(Hex).collect()
}

pub(crate) fn unhex<T: Copy>(all: &[Hex<T>]) -> Vec<T> {
    all.iter().map(|hex| hex.0).collect()
}

/// A moment: the instant, and what the clocks there were ahead of UTC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MomentJson {
    instant: Instant,
    offset_seconds: i32,
    zone: String,
}

/// RFC 3339 in UTC; milliseconds since 1970 where no date of the calendar says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
enum Instant {
    Date(String),
    Ms(i64),
}

impl From<&Moment> for MomentJson {
    fn from(moment: &Moment) -> Self {
        Self {
            instant: match Timestamp::from_millisecond(moment.ms) {
                Ok(at) => Instant::Date(at.to_string()),
                Err(_) => Instant::Ms(moment.ms),
            },
            offset_seconds: moment.offset,
            zone: moment.zone.clone(),
        }
    }
}

impl MomentJson {
    /// The moment; none where the instant is no date, or finer than a millisecond.
    pub(crate) fn moment(&self) -> Option<Moment> {
        let ms = match &self.instant {
            Instant::Ms(ms) => *ms,
            Instant::Date(text) => {
                let at: Timestamp = text.parse().ok()?;
                let ms = at.as_millisecond();
                (Timestamp::from_millisecond(ms).ok()? == at).then_some(ms)?
            }
        };
        Some(Moment {
            ms,
            offset: self.offset_seconds,
            zone: self.zone.clone(),
        })
    }
}

/// A reading of the hybrid clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClockJson {
    ms: i64,
    counter: u32,
}

impl From<Hlc> for ClockJson {
    fn from(hlc: Hlc) -> Self {
        Self {
            ms: hlc.ms,
            counter: hlc.counter,
        }
    }
}

impl From<ClockJson> for Hlc {
    fn from(clock: ClockJson) -> Self {
        Self {
            ms: clock.ms,
            counter: clock.counter,
        }
    }
}
