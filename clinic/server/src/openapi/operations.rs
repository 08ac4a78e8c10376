//! What each route takes, answers and refuses.

use clinic_api::http::problem::Code;

/// Who may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// A device that is known, by its signature.
    Device,
    /// A workstation that becomes known by this very request.
    Workstation,
    /// Anybody.
    None,
}

/// What comes back when it is done.
#[derive(Debug, Clone, Copy)]
pub enum Answer {
    /// A status alone.
    Status(u16),
    /// 200 with a message, by its schema.
    Cbor(&'static str),
    /// 200 with something of that media type.
    Other(&'static str),
}

impl Answer {
    pub fn status(self) -> u16 {
        match self {
            Self::Status(status) => status,
            Self::Cbor(_) | Self::Other(_) => 200,
        }
    }
}

/// A route with its method.
#[derive(Debug)]
pub struct Operation {
    pub method: &'static str,
    pub path: &'static str,
    pub id: &'static str,
    pub about: &'static str,
    pub proof: Proof,
    /// Numbers in the query, and what they are.
    pub query: &'static [(&'static str, &'static str)],
    /// The schema of the body; none: there must be no body.
    pub request: Option<&'static str>,
    pub answer: Answer,
    /// Groups of codes.
    pub refusals: &'static [&'static [Code]],
}

impl Operation {
    /// Every code that it may be refused with.
    pub fn codes(&self) -> impl Iterator<Item = Code> {
        self.refusals.iter().flat_map(|group| group.iter().copied())
    }
}

/// Of every request that a device has to sign.
const SIGNED: &[Code] = &[
    Code::SignatureMissing,
    Code::SignatureMalformed,
    Code::SignatureInvalid,
    Code::SignatureStale,
    Code::UnknownDevice,
    Code::DeviceRemoved,
    Code::Gone,
    Code::WrongAuthority,
    Code::DigestMismatch,
    Code::RateLimited,
];
/// Of every request whose body is read, be it to see that there is none.
const READ: &[Code] = &[
    Code::BodyTooLarge,
    Code::RequestTimeout,
    Code::MalformedBody,
];
/// Of every request with a message in its body.
const MESSAGE: &[Code] = &[Code::UnsupportedMediaType, Code::UnsupportedVersion];
/// Of every request that asks the store.
const STORE: &[Code] = &[Code::Unavailable, Code::Internal, Code::StorageFull];
/// Of an invite that no longer waits.
const INVITE: &[Code] = &[
    Code::UnknownInvite,
    Code::InviteUsed,
    Code::InviteWithdrawn,
    Code::InviteExpired,
];

pub const OPERATIONS: &[Operation] = &[
    Operation {
        method: "GET",
        path: "/v1/chains",
        id: "ownChains",
        about: "The chains that the caller is in",
        proof: Proof::Device,
        query: &[],
        request: None,
        answer: Answer::Cbor("Chains"),
        refusals: &[SIGNED, READ, STORE],
    },
    Operation {
        method: "GET",
        path: "/v1/chains/{chain}",
        id: "readChain",
        about: "Statements of a chain that the caller may read",
        proof: Proof::Device,
        query: &[("from", "The number of the first statement")],
        request: None,
        answer: Answer::Cbor("ChainPage"),
        refusals: &[SIGNED, READ, STORE, &[Code::UnknownChain]],
    },
    Operation {
        method: "POST",
        path: "/v1/chains/{chain}",
        id: "appendStatement",
        about: "Append one statement to a patient chain, a roster or the epochs of a space",
        proof: Proof::Device,
        query: &[],
        request: Some("Statement"),
        answer: Answer::Status(201),
        refusals: &[
            SIGNED,
            READ,
            MESSAGE,
            STORE,
            &[
                Code::UnknownChain,
                Code::NotAllowed,
                Code::ChainConflict,
                Code::ChainInvalid,
            ],
        ],
    },
    Operation {
        method: "GET",
        path: "/v1/bulletins/{roster}",
        id: "readBulletins",
        about: "A clinic's bulletins, for its patients and staff",
        proof: Proof::Device,
        query: &[("from", "The number of the first bulletin")],
        request: None,
        answer: Answer::Cbor("BulletinPage"),
        refusals: &[SIGNED, READ, STORE, &[Code::UnknownChain]],
    },
    Operation {
        method: "POST",
        path: "/v1/bulletins/{roster}",
        id: "publishBulletin",
        about: "Publish a clinic's next bulletin, from one of its workstations",
        proof: Proof::Device,
        query: &[],
        request: Some("Bulletin"),
        answer: Answer::Status(201),
        refusals: &[
            SIGNED,
            READ,
            MESSAGE,
            STORE,
            &[
                Code::UnknownChain,
                Code::NotAllowed,
                Code::ChainConflict,
                Code::ChainInvalid,
            ],
        ],
    },
    Operation {
        method: "POST",
        path: "/v1/chains/{chain}/leave",
        id: "leave",
        about: "Erase a patient's chain with its spaces, or spaces of it, for good",
        proof: Proof::Device,
        query: &[],
        request: Some("SignedLeave"),
        answer: Answer::Cbor("SignedReceipt"),
        refusals: &[
            SIGNED,
            READ,
            MESSAGE,
            STORE,
            &[
                Code::UnknownChain,
                Code::NotAllowed,
                Code::ChainConflict,
                Code::ChainInvalid,
            ],
        ],
    },
    Operation {
        method: "GET",
        path: "/v1/chains/{chain}/leave",
        id: "readDeparture",
        about: "What is left of a patient chain, or a space, that was erased",
        proof: Proof::None,
        query: &[],
        request: None,
        answer: Answer::Cbor("Departure"),
        refusals: &[READ, STORE, &[Code::RateLimited, Code::UnknownChain]],
    },
    Operation {
        method: "POST",
        path: "/v1/rosters",
        id: "foundRoster",
        about: "The first statements of a clinic that the operator serves, signed by one of its workstations",
        proof: Proof::Workstation,
        query: &[],
        request: Some("Statements"),
        answer: Answer::Status(201),
        refusals: &[
            &[
                Code::SignatureMissing,
                Code::SignatureMalformed,
                Code::SignatureInvalid,
                Code::SignatureStale,
                Code::UnknownDevice,
                Code::WrongAuthority,
                Code::DigestMismatch,
                Code::RateLimited,
            ],
            READ,
            MESSAGE,
            STORE,
            &[Code::NotAllowed, Code::ChainConflict, Code::ChainInvalid],
        ],
    },
    Operation {
        method: "POST",
        path: "/v1/spaces/{space}/runs",
        id: "push",
        about: "Append runs to the caller's own logs: all of them or none",
        proof: Proof::Device,
        query: &[],
        request: Some("Push"),
        answer: Answer::Cbor("Pushed"),
        refusals: &[
            SIGNED,
            READ,
            MESSAGE,
            STORE,
            &[
                Code::UnknownSpace,
                Code::NotAllowed,
                Code::TooManyFrames,
                Code::FrameTooLarge,
                Code::RunGap,
                Code::RunConflict,
                Code::EpochOutdated,
                Code::RunInvalid,
            ],
        ],
    },
    Operation {
        method: "POST",
        path: "/v1/spaces/{space}/pull",
        id: "pull",
        about: "Runs that the caller lacks",
        proof: Proof::Device,
        query: &[],
        request: Some("Pull"),
        answer: Answer::Cbor("Pulled"),
        refusals: &[SIGNED, READ, MESSAGE, STORE, &[Code::UnknownSpace]],
    },
    Operation {
        method: "POST",
        path: "/v1/spaces/{space}/erasures",
        id: "erase",
        about: "Erase the bodies of frames that the patient's devices wrote, for good",
        proof: Proof::Device,
        query: &[],
        request: Some("Erase"),
        answer: Answer::Cbor("Erased"),
        refusals: &[
            SIGNED,
            READ,
            MESSAGE,
            STORE,
            &[Code::UnknownSpace, Code::NotAllowed, Code::TooManyFrames],
        ],
    },
    Operation {
        method: "POST",
        path: "/v1/invites",
        id: "createInvite",
        about: "Keep a new invite of the caller's clinic",
        proof: Proof::Device,
        query: &[],
        request: Some("NewInvite"),
        answer: Answer::Status(201),
        refusals: &[
            SIGNED,
            READ,
            MESSAGE,
            STORE,
            &[Code::NotAllowed, Code::InviteUsed, Code::InviteExpired],
        ],
    },
    Operation {
        method: "GET",
        path: "/v1/invites",
        id: "listInvites",
        about: "The invites of the caller's clinic",
        proof: Proof::Device,
        query: &[],
        request: None,
        answer: Answer::Cbor("Invites"),
        refusals: &[SIGNED, READ, STORE, &[Code::NotAllowed]],
    },
    Operation {
        method: "GET",
        path: "/v1/invites/{lookup}",
        id: "readInvite",
        about: "An invite that waits, as a joiner sees it",
        proof: Proof::None,
        query: &[],
        request: None,
        answer: Answer::Cbor("InviteOffer"),
        refusals: &[&[Code::RateLimited], STORE, INVITE],
    },
    Operation {
        method: "POST",
        path: "/v1/invites/{lookup}/claim",
        id: "claimInvite",
        about: "Answer an invite with a new patient chain",
        proof: Proof::None,
        query: &[],
        request: Some("Claim"),
        answer: Answer::Status(201),
        refusals: &[
            &[Code::RateLimited],
            READ,
            MESSAGE,
            STORE,
            INVITE,
            &[Code::ChainConflict, Code::ChainInvalid],
        ],
    },
    Operation {
        method: "POST",
        path: "/v1/invites/{lookup}/admit",
        id: "admit",
        about: "Admit the patient who claimed an invite",
        proof: Proof::Device,
        query: &[],
        request: None,
        answer: Answer::Status(204),
        refusals: &[SIGNED, READ, STORE, INVITE, &[Code::NotAllowed]],
    },
    Operation {
        method: "POST",
        path: "/v1/invites/{lookup}/withdraw",
        id: "withdraw",
        about: "Take an invite back, and shut out who claimed it",
        proof: Proof::Device,
        query: &[],
        request: None,
        answer: Answer::Status(204),
        refusals: &[SIGNED, READ, STORE, INVITE, &[Code::NotAllowed]],
    },
    Operation {
        method: "POST",
        path: "/v1/pairings",
        id: "createPairing",
        about: "Keep a new pairing of a chain or roster that the caller is in",
        proof: Proof::Device,
        query: &[],
        request: Some("NewPairing"),
        answer: Answer::Status(201),
        refusals: &[
            SIGNED,
            READ,
            MESSAGE,
            STORE,
            &[Code::NotAllowed, Code::InviteUsed, Code::InviteExpired],
        ],
    },
    Operation {
        method: "GET",
        path: "/v1/pairings/{lookup}",
        id: "readPairing",
        about: "A pairing that waits, as the new device sees it",
        proof: Proof::None,
        query: &[],
        request: None,
        answer: Answer::Cbor("PairingOffer"),
        refusals: &[&[Code::RateLimited], STORE, INVITE],
    },
    Operation {
        method: "POST",
        path: "/v1/pairings/{lookup}/answer",
        id: "answerPairing",
        about: "Answer a pairing with a new device",
        proof: Proof::None,
        query: &[],
        request: Some("PairingAnswer"),
        answer: Answer::Status(201),
        refusals: &[&[Code::RateLimited], READ, MESSAGE, STORE, INVITE],
    },
    Operation {
        method: "GET",
        path: "/v1/pairings/{lookup}/answer",
        id: "readPairingAnswer",
        about: "Whether a pairing of the caller's chain or roster was answered, and how",
        proof: Proof::Device,
        query: &[],
        request: None,
        answer: Answer::Cbor("PairingAnswered"),
        refusals: &[
            SIGNED,
            READ,
            STORE,
            &[
                Code::UnknownInvite,
                Code::InviteWithdrawn,
                Code::InviteExpired,
            ],
        ],
    },
    Operation {
        method: "POST",
        path: "/v1/pairings/{lookup}/withdraw",
        id: "withdrawPairing",
        about: "End a pairing, answered or not, and forget its answer",
        proof: Proof::Device,
        query: &[],
        request: None,
        answer: Answer::Status(204),
        refusals: &[SIGNED, READ, STORE, &[Code::UnknownInvite]],
    },
    Operation {
        method: "GET",
        path: "/v1/feed",
        id: "feed",
        about: "What changed since a position of what the caller may read: a hint",
        proof: Proof::Device,
        query: &[("since", "The position that the last answer gave")],
        request: None,
        answer: Answer::Cbor("Feed"),
        refusals: &[SIGNED, READ, STORE],
    },
    Operation {
        method: "GET",
        path: "/v1/events",
        id: "events",
        about: "Tells at once of what changes; ends with the device's removal and with a newer stream of it",
        proof: Proof::Device,
        query: &[],
        request: None,
        answer: Answer::Other("text/event-stream"),
        refusals: &[SIGNED, READ, STORE],
    },
    Operation {
        method: "GET",
        path: "/v1/time",
        id: "time",
        about: "The server's time",
        proof: Proof::None,
        query: &[],
        request: None,
        answer: Answer::Cbor("ServerTime"),
        refusals: &[],
    },
    Operation {
        method: "GET",
        path: "/v1/openapi.json",
        id: "describe",
        about: "This document",
        proof: Proof::None,
        query: &[],
        request: None,
        answer: Answer::Other("application/json"),
        refusals: &[],
    },
    Operation {
        method: "GET",
        path: "/healthz",
        id: "health",
        about: "The process answers",
        proof: Proof::None,
        query: &[],
        request: None,
        answer: Answer::Other("text/plain; charset=utf-8"),
        refusals: &[],
    },
    Operation {
        method: "GET",
        path: "/readyz",
        id: "readiness",
        about: "The store answers, and the server is not stopping",
        proof: Proof::None,
        query: &[],
        request: None,
        answer: Answer::Other("text/plain; charset=utf-8"),
        refusals: &[&[Code::Unavailable]],
    },
];
