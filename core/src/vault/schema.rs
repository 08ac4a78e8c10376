//! The tables that are migrated with care. Views are not among them: those are rebuilt.
//!
//! A closed migration is never edited; each runs in one transaction with its
//! bump of `user_version`, and imports nothing that may change later.

use rusqlite::{Connection, TransactionBehavior};

use super::VaultError;

const MIGRATIONS: &[&str] = &[
    "
CREATE TABLE meta (
    name TEXT PRIMARY KEY NOT NULL,
    value BLOB NOT NULL
) STRICT;

CREATE TABLE secret (
    name TEXT PRIMARY KEY NOT NULL,
    value BLOB NOT NULL
) STRICT;

CREATE TABLE space (
    space BLOB PRIMARY KEY NOT NULL,
    kind INTEGER NOT NULL,
    patient BLOB,
    roster BLOB
) STRICT;

CREATE TABLE statement (
    chain BLOB NOT NULL,
    number INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (chain, number)
) STRICT;

CREATE TABLE epoch_key (
    epoch BLOB PRIMARY KEY NOT NULL,
    space BLOB NOT NULL,
    key BLOB NOT NULL
) STRICT;

CREATE TABLE log (
    space BLOB NOT NULL,
    log BLOB NOT NULL,
    device BLOB NOT NULL,
    nonce BLOB,
    beat INTEGER NOT NULL DEFAULT 0,
    head BLOB,
    number INTEGER NOT NULL DEFAULT 0,
    header BLOB NOT NULL,
    told INTEGER NOT NULL DEFAULT 0,
    heard_ms INTEGER NOT NULL DEFAULT 0,
    state INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (space, log)
) STRICT;

CREATE TABLE witness (
    space BLOB NOT NULL,
    log BLOB NOT NULL,
    beat INTEGER NOT NULL,
    PRIMARY KEY (space, log)
) STRICT;

CREATE TABLE event (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    space BLOB NOT NULL,
    log BLOB NOT NULL,
    number INTEGER,
    place INTEGER NOT NULL,
    batch INTEGER NOT NULL,
    event BLOB NOT NULL,
    device BLOB NOT NULL,
    author INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    hlc_ms INTEGER NOT NULL,
    hlc_counter INTEGER NOT NULL,
    followed INTEGER NOT NULL,
    judgement INTEGER NOT NULL,
    envelope BLOB NOT NULL,
    UNIQUE (space, log, event)
) STRICT;
CREATE INDEX event_unsealed ON event (space, seq) WHERE number IS NULL;
CREATE INDEX event_unapplied ON event (judgement) WHERE judgement <> 0;
CREATE INDEX event_clock ON event (followed, hlc_ms, hlc_counter);

CREATE TABLE run_out (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    space BLOB NOT NULL,
    log BLOB NOT NULL,
    beat INTEGER NOT NULL,
    first INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    UNIQUE (space, log, beat)
) STRICT;

CREATE TABLE set_aside (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    space BLOB NOT NULL,
    log BLOB NOT NULL,
    number INTEGER NOT NULL,
    reason TEXT NOT NULL,
    bytes BLOB NOT NULL,
    UNIQUE (space, log, number, reason)
) STRICT;
",
    "
-- Frames of which an event of the space says that they were erased. asked: whether the clinic
-- API was asked to erase them, by this device.
CREATE TABLE erased_frame (
    space BLOB NOT NULL,
    log BLOB NOT NULL,
    number INTEGER NOT NULL,
    asked INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (space, log, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX erased_frame_to_ask ON erased_frame (space) WHERE asked = 0;

-- Frames that were served without their bodies, each with the number of its run's head and with
-- its header, by which a body that is served later can still be verified.
CREATE TABLE missing_body (
    space BLOB NOT NULL,
    log BLOB NOT NULL,
    number INTEGER NOT NULL,
    beat INTEGER NOT NULL,
    header BLOB NOT NULL,
    PRIMARY KEY (space, log, number)
) STRICT, WITHOUT ROWID;

-- Frames that came in after their entry was erased, and that no erasure names yet.
CREATE TABLE late_frame (
    space BLOB NOT NULL,
    entry BLOB NOT NULL,
    log BLOB NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (space, log, number)
) STRICT, WITHOUT ROWID;
",
    "
-- The greatest clock reading of another device that was followed. Of this device's own readings
-- the last is the greatest. An index over all of them cost a page at every entry.
CREATE TABLE clock (
    one INTEGER PRIMARY KEY NOT NULL CHECK (one = 1),
    hlc_ms INTEGER NOT NULL,
    hlc_counter INTEGER NOT NULL
) STRICT;
INSERT INTO clock (one, hlc_ms, hlc_counter)
    SELECT 1, hlc_ms, hlc_counter FROM event WHERE followed = 1
    ORDER BY hlc_ms DESC, hlc_counter DESC LIMIT 1;

-- As before, without AUTOINCREMENT, whose table is one more page at every entry.
CREATE TABLE event_now (
    seq INTEGER PRIMARY KEY,
    space BLOB NOT NULL,
    log BLOB NOT NULL,
    number INTEGER,
    place INTEGER NOT NULL,
    batch INTEGER NOT NULL,
    event BLOB NOT NULL,
    device BLOB NOT NULL,
    author INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    hlc_ms INTEGER NOT NULL,
    hlc_counter INTEGER NOT NULL,
    followed INTEGER NOT NULL,
    judgement INTEGER NOT NULL,
    envelope BLOB NOT NULL,
    UNIQUE (space, log, event)
) STRICT;
INSERT INTO event_now (seq, space, log, number, place, batch, event, device, author, kind,
        hlc_ms, hlc_counter, followed, judgement, envelope)
    SELECT seq, space, log, number, place, batch, event, device, author, kind,
        hlc_ms, hlc_counter, followed, judgement, envelope
    FROM event ORDER BY seq;
DROP TABLE event;
ALTER TABLE event_now RENAME TO event;
CREATE INDEX event_unsealed ON event (space, seq) WHERE number IS NULL;
CREATE INDEX event_unapplied ON event (judgement) WHERE judgement <> 0;
",
    "
-- A console has thousands of logs, of which it has told but a few nothing yet.
CREATE INDEX log_to_tell ON log (space) WHERE head IS NOT NULL AND number > told
    AND NOT (nonce IS NOT NULL AND state = 0);
",
    "
-- Where each run of another device ended: a removal names one of these as the last that counts.
CREATE TABLE head (
    space BLOB NOT NULL,
    log BLOB NOT NULL,
    beat INTEGER NOT NULL,
    head BLOB NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (space, log, beat)
) STRICT, WITHOUT ROWID;
INSERT INTO head (space, log, beat, head, number)
    SELECT space, log, beat, head, number FROM log WHERE head IS NOT NULL AND nonce IS NULL;
-- Up to which frame a log counts whose device is out; null where all of it does.
ALTER TABLE log ADD COLUMN counts INTEGER;
",
    "
-- What the header of an event's frame says of its body: a log that was forked has two frames of
-- one number. Not known of what was there before.
ALTER TABLE event ADD COLUMN content BLOB;

-- As before, with that; x'' is any frame of that number.
CREATE TABLE erased_frame_now (
    space BLOB NOT NULL,
    log BLOB NOT NULL,
    number INTEGER NOT NULL,
    content BLOB NOT NULL,
    asked INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (space, log, number, content)
) STRICT, WITHOUT ROWID;
INSERT INTO erased_frame_now (space, log, number, content, asked)
    SELECT space, log, number, x'', asked FROM erased_frame;
DROP TABLE erased_frame;
ALTER TABLE erased_frame_now RENAME TO erased_frame;
CREATE INDEX erased_frame_to_ask ON erased_frame (space) WHERE asked = 0;
CREATE TABLE late_frame_now (
    space BLOB NOT NULL,
    entry BLOB NOT NULL,
    log BLOB NOT NULL,
    number INTEGER NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (space, log, number, content)
) STRICT, WITHOUT ROWID;
INSERT INTO late_frame_now (space, entry, log, number, content)
    SELECT space, entry, log, number, x'' FROM late_frame;
DROP TABLE late_frame;
ALTER TABLE late_frame_now RENAME TO late_frame;
",
    "
-- What the clinic says to all, as it was verified.
CREATE TABLE bulletin (
    roster BLOB NOT NULL,
    number INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (roster, number)
) STRICT;

-- The last one that another member's heads in a space told of.
CREATE TABLE bulletin_witness (
    space BLOB PRIMARY KEY NOT NULL,
    hash BLOB NOT NULL,
    number INTEGER NOT NULL
) STRICT;
",
    "
-- Patient chains, and spaces, that the clinic API erased at their own people's word.
CREATE TABLE departure (
    chain BLOB PRIMARY KEY NOT NULL,
    at_ms INTEGER NOT NULL,
    leave BLOB NOT NULL,
    receipt BLOB NOT NULL
) STRICT, WITHOUT ROWID;
",
];

/// Brings the file to the present shape.
pub(super) fn migrate(conn: &mut Connection) -> Result<(), VaultError> {
    let known = i64::try_from(MIGRATIONS.len()).map_err(|_| VaultError::Internal)?;
    loop {
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let version: i64 = tx.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if version > known {
            return Err(VaultError::Newer);
        }
        let next = usize::try_from(version).map_err(|_| VaultError::Damaged)?;
        let Some(sql) = MIGRATIONS.get(next) else {
            return Ok(());
        };
        tx.execute_batch(sql)?;
        tx.pragma_update(None, "user_version", version + 1)?;
        tx.commit()?;
    }
}
