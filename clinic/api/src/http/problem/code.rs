//! The codes of problems: the list that clients branch on.

use std::fmt;

macro_rules! codes {
    ($($(#[$doc:meta])+ $name:ident = $code:literal, $status:literal, $title:literal;)+) => {
        /// What a server refuses and why. The text of a code is stable and
        /// never reused with another meaning; an unknown one from a newer
        /// server reads as [`Unrecognised`](Self::Unrecognised).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[$doc])+ $name,)+
            /// A code that this version does not know, or an answer that is no
            /// problem of ours: go by the status. Never sent on purpose.
            Unrecognised,
        }

        impl Code {
            /// All that a server sends, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// Its text: lower case, hyphenated.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)+
                    Self::Unrecognised => "unrecognised",
                }
            }

            /// The status it is usually sent with.
            pub fn status(self) -> u16 {
                match self {
                    $(Self::$name => $status,)+
                    Self::Unrecognised => 500,
                }
            }

            /// What it means, in a few words for whoever looks into it.
            pub fn title(self) -> &'static str {
                match self {
                    $(Self::$name => $title,)+
                    Self::Unrecognised => "The server answered in a way that this version does not know",
                }
            }

            /// The code with this text, if this version knows it.
            pub fn from_text(text: &str) -> Option<Self> {
                match text {
                    $($code => Some(Self::$name),)+
                    _ => None,
                }
            }
        }
    };
}

codes! {
    /// The body is not what this path takes. Sending it again does not help.
    MalformedBody = "malformed-body", 400, "The body cannot be read";
    /// The body is over the limit of this path. Send less at once.
    BodyTooLarge = "body-too-large", 413, "The body is too large";
    /// The body is of another type than this path takes.
    UnsupportedMediaType = "unsupported-media-type", 415, "The body is of another type";
    /// The request took too long to arrive. Send it again.
    RequestTimeout = "request-timeout", 408, "The request took too long to arrive";
    /// The version or suite of something sent is not known here. Update whichever is older.
    UnsupportedVersion = "unsupported-version", 400, "This version is not supported";
    /// The content does not have the digest that was sent. Send it again.
    DigestMismatch = "digest-mismatch", 400, "The content does not fit its digest";
    /// A signature or a content digest is required and not there.
    SignatureMissing = "signature-missing", 401, "The request is not signed";
    /// The signature, the digest or what they cover is not in the form of the profile.
    SignatureMalformed = "signature-malformed", 400, "The signature is not in the expected form";
    /// The signature fits another request or another key.
    SignatureInvalid = "signature-invalid", 401, "The signature does not fit";
    /// Signed too long ago or in the future. Comes with `server_time`: sign again by it.
    SignatureStale = "signature-stale", 401, "The request was signed at another time";
    /// No device here has this key id. Enrol, or check the address of the server.
    UnknownDevice = "unknown-device", 401, "The device is not known here";
    /// The device was removed. It keeps what it has and sends no more.
    DeviceRemoved = "device-removed", 403, "The device was removed";
    /// The device is known but may not do this.
    NotAllowed = "not-allowed", 403, "This device may not do this";
    /// There is no such space, or not for this device: which of them is not told.
    UnknownSpace = "unknown-space", 404, "There is no such space";
    /// There is no such chain, or not for this device.
    UnknownChain = "unknown-chain", 404, "There is no such chain";
    /// It was erased, because its people left: nothing is kept under this name any more, nor will be.
    Gone = "gone", 410, "It was erased for good";
    /// There is no such invite.
    UnknownInvite = "unknown-invite", 404, "There is no such invite";
    /// The invite is over seven days old. Ask the clinic for another.
    InviteExpired = "invite-expired", 410, "The invite has expired";
    /// The invite was used. Each serves once.
    InviteUsed = "invite-used", 410, "The invite was used before";
    /// The clinic took the invite back.
    InviteWithdrawn = "invite-withdrawn", 410, "The invite was withdrawn";
    /// Somebody else appended first. Pull, verify, and state it again on top.
    ChainConflict = "chain-conflict", 409, "The chain has grown meanwhile";
    /// The statement does not verify as the chain's next. Sending it again does not help.
    ChainInvalid = "chain-invalid", 422, "The statement does not verify";
    /// Frames between the last stored one and the first one sent are missing. Send from the gap on.
    RunGap = "run-gap", 409, "Frames before these are missing";
    /// Other bytes are already stored for one of these numbers. Start a new log.
    RunConflict = "run-conflict", 409, "Other frames are already stored for these numbers";
    /// The frames are sealed under an epoch whose key somebody holds who has left since. Pull the
    /// chains, and seal again in a new log.
    EpochOutdated = "epoch-outdated", 409, "The members have changed since these frames were sealed";
    /// The frames and their head do not verify. Sending them again does not help.
    RunInvalid = "run-invalid", 422, "The frames do not verify";
    /// More than 512 frames in one push. Send fewer at once.
    TooManyFrames = "too-many-frames", 413, "Too many frames in one push";
    /// One frame is over the limit.
    FrameTooLarge = "frame-too-large", 413, "A frame is too large";
    /// The server has no room left. Keep everything and try later.
    StorageFull = "storage-full", 507, "The server has no room left";
    /// Too many requests. Comes with `retry_after`.
    RateLimited = "rate-limited", 429, "Too many requests";
    /// There is nothing at this path.
    NotFound = "not-found", 404, "There is nothing here";
    /// The path does not take this method.
    MethodNotAllowed = "method-not-allowed", 405, "The method does not fit this path";
    /// The request names a server that this one is not. Check the address.
    WrongAuthority = "wrong-authority", 421, "The request is meant for another server";
    /// A fault in the server. Trying later can help.
    Internal = "internal", 500, "The server failed";
    /// The server is starting, stopping or overloaded. Try later.
    Unavailable = "unavailable", 503, "The server is not available now";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
