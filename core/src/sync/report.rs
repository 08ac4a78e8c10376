//! What a sync came to, and what it noticed.

use clinic_api::id::{ChainId, DeviceId, LogId, SpaceId};

/// Something that an honest server would not show. Nothing of it was applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Alarm {
    /// Two statements follow the same one.
    ChainForked(ChainId),
    /// A statement does not verify.
    ChainInvalid(ChainId),
    /// A run does not verify; it was set aside.
    RunInvalid(SpaceId, LogId),
    /// A log by a device that is in no chain.
    UnknownDevice(SpaceId, DeviceId),
    /// A run that cites statements which the server does not show.
    UnknownCitation(SpaceId, LogId),
    /// Frames that do not open with their epoch's key; they were set aside.
    DoesNotOpen(SpaceId, LogId),
    /// Written after its device was removed; it was set aside.
    AfterRemoval(SpaceId, LogId),
    /// Two heads of one number: the log was forked; the first that was seen holds.
    LogForked(SpaceId, LogId),
    /// The body of a frame is missing, and nobody signed its erasure.
    BodyMissing(SpaceId, LogId),
    /// Less of a log is served than another member has seen.
    Withheld(SpaceId, LogId),
    /// The server says that a patient's chain, or a space, is gone, and shows no word of its own
    /// people that proves it. Nothing was let go of here.
    GoneUnproven(ChainId),
    /// This device's own log is longer than it remembers: a restored backup, or a copy of
    /// the vault elsewhere. It goes on in a new log.
    OwnLogLonger(SpaceId),
    /// A clinic's bulletin that doesn't verify; it is not shown.
    BulletinInvalid(ChainId),
    /// Another bulletin in the place of one that was seen: the first that was seen holds.
    BulletinsForked(ChainId),
    /// Fewer bulletins are served than were seen here or by another member.
    BulletinsWithheld(ChainId),
}

/// What a sync came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Frames that the clinic API took, durably.
    pub frames_pushed: u64,
    /// Events of others that are new here.
    pub events_received: u64,
    /// Bytes of request and answer bodies, both ways.
    pub bytes: u64,
    /// Requests made.
    pub requests: u64,
    /// Patients who left, by their own word: what they shared was let go of here, but for what
    /// the clinic took into its record. On a patient's own device: another of theirs did.
    pub left: Vec<ChainId>,
    /// What an honest server would not have shown.
    pub alarms: Vec<Alarm>,
    /// Spaces that could not be sealed in: a team's key is still to be issued, or this
    /// device was not given the key.
    pub waiting: Vec<SpaceId>,
}

impl Report {
    pub(super) fn alarm(&mut self, alarm: Alarm) {
        if !self.alarms.contains(&alarm) {
            self.alarms.push(alarm);
        }
    }
}
