//! What may be how large. Both sides hold to these; the server refuses what is over them.

/// Frames in one push.
pub const FRAMES_PER_PUSH: usize = 512;
/// Bytes of one sealed frame body: a note of 20,000 characters fits several times.
pub const FRAME_BODY: usize = 256 * 1024;
/// Bytes of a push request's body.
pub const PUSH_BODY: usize = 4 * 1024 * 1024;
/// Bytes of one signed statement: wraps for some hundred recipients.
pub const STATEMENT: usize = 512 * 1024;
/// Bytes of runs in one page of a pull; a page holds at least one run.
pub const PULL_PAGE: usize = 4 * 1024 * 1024;
/// Statements in one page of a chain.
pub const CHAIN_PAGE: usize = 256;
/// Logs in one version vector.
pub const VECTOR: usize = 4096;
/// How long an invite may wait, in seconds: seven days.
pub const INVITE_SECONDS: i64 = 7 * 24 * 60 * 60;
/// Bytes of an invite's offer or claim.
pub const INVITE_BODY: usize = 32 * 1024;
/// Bytes of a pairing's offer or answer.
pub const PAIRING_BODY: usize = 8 * 1024;
/// Pairings of one chain that are kept.
pub const PAIRINGS: usize = 32;
/// Bytes of a name of a clinic or a person on the roster.
pub const NAME: usize = 200;
/// Bytes of a request that founds a roster.
pub const FOUNDING: usize = 1024 * 1024;
/// Frames in one request to erase.
pub const FRAMES_PER_ERASURE: usize = 512;
/// Changes in one page of the feed.
pub const FEED_PAGE: usize = 1000;
/// So often an event stream says that it is still there, in seconds.
pub const EVENTS_ALIVE_SECONDS: u64 = 15;
/// Bytes of one bulletin with its signatures.
pub const BULLETIN: usize = 64 * 1024;
/// Bulletins in one page.
pub const BULLETIN_PAGE: usize = 256;
/// Bytes of a bulletin's topic.
pub const TOPIC: usize = 64;
/// Bytes of a request to leave, and of its receipt.
pub const LEAVE: usize = 4096;

/// Devices of a patient that are in at a time: each is a recipient of every epoch's key, which has
/// to fit into a statement.
pub const DEVICES: usize = 64;

/// Devices of a patient that ever were in.
pub const DEVICES_EVER: usize = 256;
