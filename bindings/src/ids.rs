//! Names and times, as strings and numbers on the other side.

use std::str::FromStr;

pub use clinic_api::id::{ChainId, DeviceId, LogId, PersonId, SpaceId};
pub use companion_core::event::{EntryId, EventId};
pub use jiff::Timestamp;

use crate::Problem;

/// A day of the calendar.
pub type Day = jiff::civil::Date;

fn name<T: FromStr>(text: &str) -> Result<T, Problem> {
    text.parse().map_err(|_| Problem::malformed("a name"))
}

fn impossible_date() -> Problem {
    Problem::from(companion_core::problem::Problem::from(
        companion_core::journal::JournalError::Moment(
            companion_core::event::MomentError::OutOfRange,
        ),
    ))
}

uniffi::custom_type!(
    /// Names an entry through all its versions: 32 hexadecimal digits.
    EntryId, String, { remote, lower: |id| id.to_string(), try_lift: |text| Ok(name(&text)?) }
);
uniffi::custom_type!(
    /// Names one version of an entry: 32 hexadecimal digits.
    EventId, String, { remote, lower: |id| id.to_string(), try_lift: |text| Ok(name(&text)?) }
);
uniffi::custom_type!(
    /// Names a patient or a clinic by its chain: 64 hexadecimal digits.
    ChainId, String, { remote, lower: |id| id.to_string(), try_lift: |text| Ok(name(&text)?) }
);
uniffi::custom_type!(
    /// Names a device by its keys: 64 hexadecimal digits.
    DeviceId, String, { remote, lower: |id| id.to_string(), try_lift: |text| Ok(name(&text)?) }
);
uniffi::custom_type!(
    /// Names a space: 64 hexadecimal digits.
    SpaceId, String, { remote, lower: |id| id.to_string(), try_lift: |text| Ok(name(&text)?) }
);
uniffi::custom_type!(
    /// Names a device's log in a space: 32 hexadecimal digits.
    LogId, String, { remote, lower: |id| id.to_string(), try_lift: |text| Ok(name(&text)?) }
);
uniffi::custom_type!(
    /// Names a person at a clinic: 32 hexadecimal digits.
    PersonId, String, { remote, lower: |id| id.to_string(), try_lift: |text| Ok(name(&text)?) }
);
uniffi::custom_type!(
    /// An instant, in milliseconds since 1970 (UTC).
    Timestamp, i64, {
        remote,
        lower: |at| at.as_millisecond(),
        try_lift: |ms| Ok(Timestamp::from_millisecond(ms).map_err(|_| impossible_date())?),
    }
);
uniffi::custom_type!(
    /// A day of the calendar, as `YYYY-MM-DD`.
    Day, String, {
        remote,
        lower: |day| day.to_string(),
        try_lift: |text| Ok(text.parse::<Day>().map_err(|_| impossible_date())?),
    }
);
