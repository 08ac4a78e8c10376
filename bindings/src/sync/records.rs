//! What joining and syncing come to.

use companion_core::sync as core;

use crate::redacted::redacted;
use crate::{ChainId, DeviceId, LogId, SpaceId};

/// A joining that was begun.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug, Display)]
pub struct Joining {
    /// The clinic's name, as its offer says.
    pub clinic: String,
    /// The 12 digits for the clinic's staff to compare, in groups of three.
    pub digits: String,
}

redacted!(Joining);

impl From<core::Joining> for Joining {
    fn from(joining: core::Joining) -> Self {
        Self {
            clinic: joining.clinic,
            digits: joining.digits.to_string(),
        }
    }
}

/// Something that an honest server would not show. Nothing of it was applied.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum Alarm {
    /// Two statements follow the same one.
    ChainForked {
        /// The chain.
        chain: ChainId,
    },
    /// A statement does not verify.
    ChainInvalid {
        /// The chain.
        chain: ChainId,
    },
    /// Frames that do not verify; they were set aside.
    RunInvalid {
        /// Their space.
        space: SpaceId,
        /// Their log.
        log: LogId,
    },
    /// A log by a device that is in no chain.
    UnknownDevice {
        /// The log's space.
        space: SpaceId,
        /// The device.
        device: DeviceId,
    },
    /// Frames that cite statements which the server does not show.
    UnknownCitation {
        /// Their space.
        space: SpaceId,
        /// Their log.
        log: LogId,
    },
    /// Frames that do not open with their epoch's key; they were set aside.
    DoesNotOpen {
        /// Their space.
        space: SpaceId,
        /// Their log.
        log: LogId,
    },
    /// Written after its device was removed; it was set aside.
    AfterRemoval {
        /// Its space.
        space: SpaceId,
        /// Its log.
        log: LogId,
    },
    /// Less of a log is served than another member has seen.
    Withheld {
        /// The log's space.
        space: SpaceId,
        /// The log.
        log: LogId,
    },
    /// This device's own log is longer than it remembers: a restored backup, or a copy of the
    /// vault elsewhere. It goes on in a new log.
    OwnLogLonger {
        /// The log's space.
        space: SpaceId,
    },
    /// Two heads of one number: the log was forked; the first that was seen holds.
    LogForked {
        /// The log's space.
        space: SpaceId,
        /// The log.
        log: LogId,
    },
    /// The body of a frame is missing, and nobody signed its erasure.
    BodyMissing {
        /// The frame's space.
        space: SpaceId,
        /// The frame's log.
        log: LogId,
    },
    /// A clinic's bulletin that doesn't verify; it is not shown.
    BulletinInvalid {
        /// The clinic's roster.
        chain: ChainId,
    },
    /// Another bulletin in the place of one that was seen: the first that was seen holds.
    BulletinsForked {
        /// The clinic's roster.
        chain: ChainId,
    },
    /// Fewer bulletins are served than were seen here or by another member.
    BulletinsWithheld {
        /// The clinic's roster.
        chain: ChainId,
    },
    /// The server says that somebody left, and shows no word of theirs: nothing was let go.
    GoneUnproven {
        /// The patient's chain.
        chain: ChainId,
    },
    /// An alarm of a sort that this surface has no name for yet.
    Other,
}

impl From<core::Alarm> for Alarm {
    fn from(alarm: core::Alarm) -> Self {
        match alarm {
            core::Alarm::ChainForked(chain) => Self::ChainForked { chain },
            core::Alarm::ChainInvalid(chain) => Self::ChainInvalid { chain },
            core::Alarm::RunInvalid(space, log) => Self::RunInvalid { space, log },
            core::Alarm::UnknownDevice(space, device) => Self::UnknownDevice { space, device },
            core::Alarm::UnknownCitation(space, log) => Self::UnknownCitation { space, log },
            core::Alarm::DoesNotOpen(space, log) => Self::DoesNotOpen { space, log },
            core::Alarm::AfterRemoval(space, log) => Self::AfterRemoval { space, log },
            core::Alarm::Withheld(space, log) => Self::Withheld { space, log },
            core::Alarm::OwnLogLonger(space) => Self::OwnLogLonger { space },
            core::Alarm::LogForked(space, log) => Self::LogForked { space, log },
            core::Alarm::BodyMissing(space, log) => Self::BodyMissing { space, log },
            core::Alarm::BulletinInvalid(chain) => Self::BulletinInvalid { chain },
            core::Alarm::BulletinsForked(chain) => Self::BulletinsForked { chain },
            core::Alarm::BulletinsWithheld(chain) => Self::BulletinsWithheld { chain },
            core::Alarm::GoneUnproven(chain) => Self::GoneUnproven { chain },
            _ => Self::Other,
        }
    }
}

/// What a round of syncing came to.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct SyncReport {
    /// Frames that the clinic API took, durably.
    pub frames_pushed: u64,
    /// Events of others that are new here.
    pub events_received: u64,
    /// Bytes of request and answer bodies, both ways.
    pub bytes: u64,
    /// Requests made.
    pub requests: u64,
    /// What an honest server would not have shown.
    pub alarms: Vec<Alarm>,
    /// Spaces that could not be sealed in yet: what is written there waits on this device.
    pub waiting: Vec<SpaceId>,
}

impl From<core::Report> for SyncReport {
    fn from(report: core::Report) -> Self {
        Self {
            frames_pushed: report.frames_pushed,
            events_received: report.events_received,
            bytes: report.bytes,
            requests: report.requests,
            alarms: report.alarms.into_iter().map(Into::into).collect(),
            waiting: report.waiting,
        }
    }
}
