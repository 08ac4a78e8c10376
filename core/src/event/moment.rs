//! When and where in the world's zones something happened.

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use minicbor::{Decode, Encode};

/// The greatest offset from UTC that any clock is taken to show, in seconds: 26 hours.
pub const FURTHEST_OFFSET: u32 = 93_600;

/// A moment that can't be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MomentError {
    /// Before the year 1900 or after 2100, or no date of the calendar.
    #[error("a date between the years 1900 and 2100 is needed")]
    OutOfRange,
    /// An offset of more than a day, or a zone name that is none.
    #[error("not a time zone")]
    Zone,
}

/// An instant, with the offset and the zone where it happened.
///
/// The offset is kept beside the zone's name, because the rules of zones change
/// after the fact and what a person saw on their clock must not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct Moment {
    /// Milliseconds since 1970 (UTC).
    #[n(0)]
    pub ms: i64,
    /// Seconds east of UTC.
    #[n(1)]
    pub offset: i32,
    /// The IANA name of the zone; "UTC" where none is known.
    #[n(2)]
    pub zone: String,
}

impl Moment {
    /// The moment of an instant as the clocks of a zone showed it.
    pub fn of(at: Timestamp, zone: &TimeZone) -> Self {
        Self {
            ms: at.as_millisecond(),
            offset: zone.to_offset(at).seconds(),
            zone: zone.iana_name().unwrap_or("UTC").to_owned(),
        }
    }

    /// The instant.
    pub fn timestamp(&self) -> Timestamp {
        Timestamp::from_millisecond(self.ms).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// The date and time that a clock showed there.
    pub fn local(&self) -> jiff::civil::DateTime {
        let offset = Offset::from_seconds(self.offset).unwrap_or(Offset::UTC);
        offset.to_datetime(self.timestamp())
    }

    /// Refuses what no clock can have shown; for moments that come from outside.
    ///
    /// # Errors
    /// [`MomentError`]: correct the date.
    pub fn check(&self) -> Result<(), MomentError> {
        // 1900-01-01 and 2101-01-01, in milliseconds since 1970.
        const FROM: i64 = -2_208_988_800_000;
        const BEFORE: i64 = 4_133_980_800_000;
        if !(FROM..BEFORE).contains(&self.ms) {
            return Err(MomentError::OutOfRange);
        }
        let named = !self.zone.is_empty()
            && self.zone.len() <= 64
            && self.zone.bytes().all(|b| b.is_ascii_graphic());
        if self.offset.unsigned_abs() > FURTHEST_OFFSET || !named {
            return Err(MomentError::Zone);
        }
        Ok(())
    }
}
