//! Runs and heads: what a device signs, pushes and pulls.

use minicbor::{Decode, Encode};

use super::header::{Cites, Header, SALT_LEN};
use crate::bulletin::Seen as BulletinSeen;
use crate::crypto::{self, Signature};
use crate::id::{ContentHash, DeviceId, HeadHash, HeaderHash, LogId, SpaceId, StatementHash};
use crate::limits;
use crate::wire::{self, WireError, bytes_array};

const LABEL: &str = "head";

/// The log that a device writes in a space: the first 16 bytes of
/// `H("log", space ‖ device ‖ nonce)`.
///
/// So nobody can claim another device's log, and one device can start a new
/// log when it must not go on with the old one.
pub fn log_id(space: SpaceId, device: DeviceId, nonce: &[u8; 16]) -> LogId {
    let full = crypto::hash("log", &[&space.0, &device.0, nonce]);
    let mut id = [0; LogId::LEN];
    id.iter_mut().zip(full).for_each(|(to, from)| *to = from);
    LogId(id)
}

/// Another log's head that a device saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Seen {
    /// The log.
    #[n(0)]
    pub log: LogId,
    /// The head's number.
    #[n(1)]
    pub beat: u64,
    /// The head.
    #[n(2)]
    pub head: HeadHash,
}

/// A signed end of a log. Heads are themselves a chain, numbered by `beat`.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Head {
    /// [`wire::VERSION`].
    #[n(0)]
    pub version: u8,
    /// [`wire::SUITE`].
    #[n(1)]
    pub suite: u8,
    /// The space.
    #[n(2)]
    pub space: SpaceId,
    /// Who writes this log.
    #[n(3)]
    pub device: DeviceId,
    /// With space and device, names the log: see [`log_id`].
    #[n(4)]
    #[cbor(with = "bytes_array")]
    pub nonce: [u8; 16],
    /// The head's number; a log's first is 1.
    #[n(5)]
    pub beat: u64,
    /// The head before; none for the first.
    #[n(6)]
    pub previous: Option<HeadHash>,
    /// The number of the log's last frame; 0 while there is none.
    #[n(7)]
    pub number: u64,
    /// The hash of the last frame's header; zeros while there is none.
    #[n(8)]
    pub header: HeaderHash,
    /// What the device newly saw of the space's other logs.
    #[n(9)]
    pub seen: Vec<Seen>,
    /// The patient chain as the device saw it; [`StatementHash::NONE`] where there is none.
    #[n(10)]
    pub patient: StatementHash,
    /// The roster as the device saw it; [`StatementHash::NONE`] where there is none.
    #[n(11)]
    pub roster: StatementHash,
    /// The device's own opinion of the time, in milliseconds since 1970 (UTC).
    #[n(12)]
    pub at: i64,
    /// The last epoch of the space as the device saw it: its key seals the run's frames.
    #[n(13)]
    pub epoch: StatementHash,
    /// The clinic's last bulletin as the device saw it; none where it saw none.
    #[n(14)]
    pub bulletin: Option<BulletinSeen>,
}

impl Head {
    /// The log that it ends.
    pub fn log(&self) -> LogId {
        log_id(self.space, self.device, &self.nonce)
    }

    /// What the frames of its run cite.
    pub fn cites(&self) -> Cites {
        Cites {
            epoch: self.epoch,
            patient: self.patient,
            roster: self.roster,
        }
    }
}

/// Names a frame within its space. A log that was forked has two of one number; the content
/// says which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct FrameName {
    /// The log that it stands in.
    #[n(0)]
    pub log: LogId,
    /// Its number there.
    #[n(1)]
    pub number: u64,
    /// What its header says that its body is; none: any frame of that number, as earlier
    /// versions named them.
    #[n(2)]
    pub content: Option<ContentHash>,
}

/// A frame's body in a run, or what is left of it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Item {
    /// Salt ‖ ciphertext.
    #[n(0)]
    Body(
        #[n(0)]
        #[cbor(with = "minicbor::bytes")]
        Vec<u8>,
    ),
    /// The body was erased; this was its content hash.
    #[n(1)]
    Erased(
        #[n(0)]
        #[cbor(with = "bytes_array")]
        [u8; 32],
    ),
}

impl Item {
    fn content(&self) -> [u8; 32] {
        match self {
            Self::Body(body) => Header::content_of(body),
            Self::Erased(content) => *content,
        }
    }

    /// Leaves the content's hash alone, by which the log still verifies. Says whether there was
    /// a body.
    pub fn erase(&mut self) -> bool {
        let had = matches!(self, Self::Body(_));
        *self = Self::Erased(self.content());
        had
    }
}

/// Consecutive frames of one log, and the head that ends them.
///
/// All its frames cite what the head cites, see [`Head::cites`]. May hold no
/// frames: then the head only tells what its device saw.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Run {
    /// The frames' bodies.
    #[n(0)]
    pub items: Vec<Item>,
    /// The CBOR of a [`Head`], as its device wrote it.
    #[n(1)]
    #[cbor(with = "minicbor::bytes")]
    pub head: Vec<u8>,
    /// Ed25519 by the device's log key over `"head"` and the head.
    #[n(2)]
    #[cbor(with = "bytes_array")]
    pub signature: Signature,
}

/// Where a log ends, as far as it was verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogTip {
    /// The log.
    pub log: LogId,
    /// The number of the last head.
    pub beat: u64,
    /// The last head.
    pub head: HeadHash,
    /// The number of the last frame; 0 while there is none.
    pub number: u64,
    /// The hash of the last frame's header.
    pub header: HeaderHash,
}

/// Why a run is not the next of its log. Nothing of it may be applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// Not a well-formed run.
    #[error("run: {0}")]
    Wire(#[from] WireError),
    /// More frames than a push may hold.
    #[error("too many frames")]
    TooManyFrames,
    /// A body that is too short to be one, or longer than allowed.
    #[error("a frame body of a length that is not allowed")]
    FrameLength,
    /// For another space or another log.
    #[error("for another space or log")]
    WrongLog,
    /// Heads are missing between the last known one and this.
    #[error("heads are missing before this one")]
    Gap,
    /// A head of a number that is already there, or not after the one known. Its
    /// device signed it: the same head is a replay, another proves two histories.
    #[error("another head has that number")]
    Conflict,
    /// The frames do not add up to what the head signs.
    #[error("the frames do not fit the head")]
    FramesDoNotFit,
    /// The signature does not fit the device's log key.
    #[error("the signature does not fit")]
    BadSignature,
}

/// A run that was verified: its head, its frames' headers, and the log's new end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedRun {
    /// The head.
    pub head: Head,
    /// The headers of its frames, in order.
    pub headers: Vec<Header>,
    /// The number of its first frame (where it has any).
    pub first: u64,
    /// The log's new end.
    pub tip: LogTip,
}

impl Run {
    /// Ends frames with a head that `sign` signs (Ed25519 over the bytes it is given).
    pub fn new(items: Vec<Item>, head: &Head, sign: impl FnOnce(&[u8]) -> Signature) -> Self {
        let head = wire::encode(head);
        let signature = sign(&crypto::to_sign(LABEL, &[&head]));
        Self {
            items,
            head,
            signature,
        }
    }

    /// A run from the bytes that travelled; verifies lengths only.
    ///
    /// # Errors
    /// [`RunError`]: refuse it.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RunError> {
        if bytes.len() > limits::PUSH_BODY {
            return Err(WireError::TooLarge.into());
        }
        let run: Self = wire::decode(bytes)?;
        if run.items.len() > limits::FRAMES_PER_PUSH {
            return Err(RunError::TooManyFrames);
        }
        let fits = |item: &Item| match item {
            Item::Body(body) => (SALT_LEN + 16..=limits::FRAME_BODY).contains(&body.len()),
            Item::Erased(_) => true,
        };
        if run.items.iter().all(fits) {
            Ok(run)
        } else {
            Err(RunError::FrameLength)
        }
    }

    /// The bytes to keep and send.
    pub fn to_bytes(&self) -> Vec<u8> {
        wire::encode(self)
    }

    /// What the head says, before anything is verified: to find log and key.
    ///
    /// # Errors
    /// [`RunError::Wire`]: refuse the run.
    pub fn claimed_head(&self) -> Result<Head, RunError> {
        wire::decode_versioned(&self.head).map_err(Into::into)
    }

    /// Takes the body out of the frame of that number, where the run's first is `first`.
    ///
    /// Head, signature and headers stay as they are: the log still verifies. False where the
    /// run holds no such body.
    pub fn erase(&mut self, first: u64, number: u64) -> bool {
        let at = number
            .checked_sub(first)
            .and_then(|at| usize::try_from(at).ok());
        at.and_then(|at| self.items.get_mut(at))
            .is_some_and(Item::erase)
    }

    /// Whether it holds the frame of that name, with its body or without, where its first frame's
    /// number is `first`.
    pub fn holds(&self, first: u64, frame: &FrameName) -> bool {
        let at = frame.number.checked_sub(first);
        let at = at.and_then(|at| usize::try_from(at).ok());
        let item = at.and_then(|at| self.items.get(at));
        item.is_some_and(|item| frame.content.is_none_or(|c| c.0 == item.content()))
    }

    /// What names the head.
    pub fn head_hash(&self) -> HeadHash {
        HeadHash(crypto::hash(LABEL, &[&self.head]))
    }

    /// Whether the head is signed by `key`; that it is the next of its log is another question.
    #[must_use]
    pub fn signed_by(&self, key: &[u8; 32]) -> bool {
        crypto::verify(key, LABEL, &[&self.head], &self.signature)
    }

    /// Verifies the run as the next of its log after `tip` (none: the log's first run).
    ///
    /// `key` is the log key of the device that the head names; that this device
    /// may write in this space is for the caller to judge.
    ///
    /// # Errors
    /// [`RunError`]: nothing of the run may be applied.
    pub fn verify(
        &self,
        space: SpaceId,
        tip: Option<&LogTip>,
        key: &[u8; 32],
    ) -> Result<VerifiedRun, RunError> {
        let head = self.claimed_head()?;
        let log = head.log();
        if head.space != space || tip.is_some_and(|t| t.log != log) {
            return Err(RunError::WrongLog);
        }
        // Signature first: a gap or a conflict then is the device's own word.
        if !self.signed_by(key) {
            return Err(RunError::BadSignature);
        }
        let (beat, previous, number, header) = tip.map_or((0, None, 0, HeaderHash::NONE), |t| {
            (t.beat, Some(t.head), t.number, t.header)
        });
        match head.beat.cmp(&beat.saturating_add(1)) {
            std::cmp::Ordering::Less => return Err(RunError::Conflict),
            std::cmp::Ordering::Greater => return Err(RunError::Gap),
            std::cmp::Ordering::Equal => {}
        }
        if head.previous != previous {
            return Err(RunError::Conflict);
        }
        let cites = head.cites();
        let mut headers = Vec::with_capacity(self.items.len());
        let mut last = header;
        let mut at = number;
        for item in &self.items {
            at = at.saturating_add(1);
            let header = Header::new(log, at, last, &cites, item.content());
            last = header.hash(space);
            headers.push(header);
        }
        if head.number != at || head.header != last {
            return Err(RunError::FramesDoNotFit);
        }
        let tip = LogTip {
            log,
            beat: head.beat,
            head: self.head_hash(),
            number: at,
            header: last,
        };
        Ok(VerifiedRun {
            head,
            headers,
            first: number.saturating_add(1),
            tip,
        })
    }
}
