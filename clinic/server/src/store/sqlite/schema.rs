//! The tables, and how they came to be.

use rusqlite::{Connection, TransactionBehavior};

use super::super::{Result, StoreError};
use super::database;

/// Marks the file as ours: "clnc".
const APPLICATION: i64 = 0x636c_6e63;

/// Migration `n` brings the schema from version `n` to `n + 1`. Never edited
/// once released; a change is one more.
const MIGRATIONS: [&str; 5] = [
    // 1. Codes: chain kind 1 patient, 2 roster, 3 epoch; standing 1 pending,
    // 2 admitted, 3 withdrawn; space kind as in its hash; stage 1 waiting,
    // 2 claimed, 3 admitted, 4 withdrawn.
    "CREATE TABLE chains (
        chain    BLOB NOT NULL PRIMARY KEY CHECK (length(chain) = 32),
        kind     INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 3),
        length   INTEGER NOT NULL CHECK (length >= 0),
        tip      BLOB CHECK (length(tip) = 32),
        standing INTEGER NOT NULL CHECK (standing BETWEEN 1 AND 3),
        revision INTEGER NOT NULL DEFAULT 0,
        charged  INTEGER NOT NULL DEFAULT 0,
        CHECK ((tip IS NULL) = (length = 0))
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE statements (
        chain  BLOB NOT NULL REFERENCES chains (chain),
        number INTEGER NOT NULL CHECK (number >= 0),
        bytes  BLOB NOT NULL,
        PRIMARY KEY (chain, number)
    ) STRICT;

    CREATE TABLE devices (
        device BLOB NOT NULL CHECK (length(device) = 32),
        chain  BLOB NOT NULL REFERENCES chains (chain),
        PRIMARY KEY (device, chain)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE spaces (
        space BLOB NOT NULL PRIMARY KEY REFERENCES chains (chain),
        kind  INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 5),
        owner BLOB NOT NULL REFERENCES chains (chain)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE invites (
        lookup  BLOB NOT NULL PRIMARY KEY CHECK (length(lookup) = 16),
        roster  BLOB NOT NULL REFERENCES chains (chain),
        number  INTEGER NOT NULL,
        offer   BLOB NOT NULL,
        mac     BLOB NOT NULL CHECK (length(mac) = 32),
        expires INTEGER NOT NULL,
        stage   INTEGER NOT NULL CHECK (stage BETWEEN 1 AND 4),
        claim   BLOB,
        chain   BLOB REFERENCES chains (chain),
        UNIQUE (roster, number),
        CHECK ((claim IS NULL) = (chain IS NULL))
    ) STRICT;

    CREATE TABLE logs (
        space  BLOB NOT NULL REFERENCES spaces (space),
        log    BLOB NOT NULL CHECK (length(log) = 16),
        device BLOB NOT NULL CHECK (length(device) = 32),
        beat   INTEGER NOT NULL CHECK (beat >= 1),
        head   BLOB NOT NULL CHECK (length(head) = 32),
        number INTEGER NOT NULL CHECK (number >= 0),
        header BLOB NOT NULL CHECK (length(header) = 32),
        PRIMARY KEY (space, log)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE runs (
        space  BLOB NOT NULL,
        log    BLOB NOT NULL,
        beat   INTEGER NOT NULL CHECK (beat >= 1),
        first  INTEGER NOT NULL CHECK (first >= 1),
        number INTEGER NOT NULL CHECK (number >= 0),
        bytes  BLOB NOT NULL,
        PRIMARY KEY (space, log, beat),
        FOREIGN KEY (space, log) REFERENCES logs (space, log)
    ) STRICT;",
    // 2. What changed: a row for each thing; kind 0 chain, 1 epochs, 2 space,
    // 3 invites. A stamp is a time in milliseconds; what was here before gets
    // small numbers, all different, so that it can be read in pages.
    "CREATE TABLE feed (
        kind     INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 3),
        id       BLOB NOT NULL REFERENCES chains (chain),
        patient  BLOB REFERENCES chains (chain),
        clinic   BLOB REFERENCES chains (chain),
        revision INTEGER NOT NULL,
        stamp    INTEGER NOT NULL,
        PRIMARY KEY (kind, id)
    ) STRICT, WITHOUT ROWID;

    CREATE INDEX feed_of_patient ON feed (patient, stamp) WHERE patient IS NOT NULL;
    CREATE INDEX feed_of_clinic ON feed (clinic, stamp) WHERE clinic IS NOT NULL;

    WITH joined (chain, clinic) AS (
        SELECT chain, roster FROM (
            SELECT chain, roster, max(rowid) FROM invites
            WHERE chain IS NOT NULL GROUP BY chain
        )
    ),
    owners (owner, patient, clinic) AS (
        SELECT chain, chain, joined.clinic FROM chains LEFT JOIN joined USING (chain)
        WHERE kind = 1
        UNION ALL SELECT chain, NULL, chain FROM chains WHERE kind = 2
    ),
    things (kind, id, patient, clinic) AS (
        SELECT 0, owner, patient, clinic FROM owners
        UNION ALL SELECT 1, space, patient, clinic FROM spaces JOIN owners USING (owner)
        UNION ALL SELECT 2, space, patient, clinic FROM spaces JOIN owners USING (owner)
        UNION ALL SELECT 3, owner, NULL, clinic FROM owners WHERE patient IS NULL
    )
    INSERT INTO feed (kind, id, patient, clinic, revision, stamp)
    SELECT kind, id, patient, clinic, 1, row_number() OVER (ORDER BY kind, id) FROM things;",
    // 3. Pairings.
    "CREATE TABLE pairings (
        lookup    BLOB NOT NULL PRIMARY KEY CHECK (length(lookup) = 16),
        owner     BLOB NOT NULL REFERENCES chains (chain),
        offer     BLOB NOT NULL,
        mac       BLOB NOT NULL CHECK (length(mac) = 32),
        expires   INTEGER NOT NULL,
        withdrawn INTEGER NOT NULL DEFAULT 0 CHECK (withdrawn IN (0, 1)),
        answer    BLOB
    ) STRICT;

    CREATE INDEX pairings_of_owner ON pairings (owner);",
    // 4. What clinics say to all. That there is another is stamped on the roster's chain.
    "CREATE TABLE bulletins (
        roster BLOB NOT NULL REFERENCES chains (chain),
        number INTEGER NOT NULL CHECK (number >= 1),
        bytes  BLOB NOT NULL,
        PRIMARY KEY (roster, number)
    ) STRICT;",
    // 5. Who left: their rows in chains and devices stay, as names that nobody can take again.
    "CREATE TABLE departures (
        chain   BLOB NOT NULL PRIMARY KEY REFERENCES chains (chain),
        leave   BLOB,
        receipt BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE receipt_key (
        one  INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
        seed BLOB NOT NULL CHECK (length(seed) = 32)
    ) STRICT, WITHOUT ROWID;",
];

/// The version of a file that is ours or empty.
///
/// # Errors
/// [`StoreError::Foreign`], [`StoreError::NewerSchema`].
pub(super) fn version(connection: &Connection) -> Result<i64> {
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let found = pragma("user_version").map_err(database)?;
    let application = pragma("application_id").map_err(database)?;
    let empty: bool = connection
        .query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| {
            row.get(0)
        })
        .map_err(database)?;
    let fresh = empty && application == 0 && found == 0;
    if !fresh && application != APPLICATION {
        return Err(StoreError::Foreign);
    }
    let known = MIGRATIONS.len() as i64;
    if found > known {
        return Err(StoreError::NewerSchema { found, known });
    }
    Ok(found)
}

/// Brings the schema up to this version, each migration with its number in one
/// transaction, so that a crash or a second process finds it before or after.
pub(super) fn migrate(connection: &mut Connection) -> Result<()> {
    loop {
        let tx = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(database)?;
        let found = version(&tx)?;
        let next = usize::try_from(found).map_err(|_| StoreError::Foreign)?;
        let Some(migration) = MIGRATIONS.get(next) else {
            return Ok(());
        };
        tx.execute_batch(migration).map_err(database)?;
        tx.pragma_update(None, "application_id", APPLICATION)
            .map_err(database)?;
        tx.pragma_update(None, "user_version", found + 1)
            .map_err(database)?;
        tx.commit().map_err(database)?;
    }
}
