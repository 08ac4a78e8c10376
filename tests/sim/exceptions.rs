//! What the present code cannot keep, by name. Each stands among the known gaps of
//! docs/THREAT-MODEL.md; a run counts how often it asked for one.

/// "The device's own clock is believed by its own vault": entries of a device whose clock was
/// more than five minutes ahead win over later changes. Of such an entry any version may be
/// shown, and it may be shared or not; readers with the same set still show the same.
///
/// Asked for where somebody wrote with an earlier clock reading than what they had before them.
pub const CLOCK_AHEAD: &str = "clock ahead";

/// An entry that was erased where it stood, while another device of the patient copied it to the
/// other space: the copy stays until it is erased, too.
pub const ERASED_IN_ONE_SPACE: &str = "erased in one space";

/// "A log forked by its own device, with the server's help, may be noticed late, or by some
/// readers only": a vault went back or was copied, and the server lost or hid what it had
/// stored. Of that log each reader keeps the branch that it saw first.
pub const LOG_FORKED: &str = "log forked";

/// A server that says "stored" and does not store is found out by others' heads alone; the
/// device that wrote sends nothing again. The bytes come back when the server is honest.
pub const FALSE_RECEIPT: &str = "false receipt";
