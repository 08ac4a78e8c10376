//! The tables, and how they came to be.

use super::super::StoreError;
use super::session::{Session, Trouble};

/// What locks out another server that brings up the schema: "clnc".
const LOCK: i64 = 0x636c_6e63;

/// Migration `n` brings the schema from version `n` to `n + 1`. Never edited
/// once released; a change is one more. Codes are those of SQLite's tables.
///
/// Bodies are not compressed: they are ciphertext. Old versions of a run's row
/// come of rewriting alone, and are to be taken away at once.
const MIGRATIONS: [&str; 4] = [
    "
    CREATE TABLE clinic_store (version bigint NOT NULL);
    INSERT INTO clinic_store VALUES (0);

    CREATE TABLE chains (
        chain    bytea  NOT NULL PRIMARY KEY CHECK (octet_length(chain) = 32),
        kind     bigint NOT NULL CHECK (kind BETWEEN 1 AND 3),
        length   bigint NOT NULL CHECK (length >= 0),
        tip      bytea  CHECK (octet_length(tip) = 32),
        standing bigint NOT NULL CHECK (standing BETWEEN 1 AND 3),
        revision bigint NOT NULL DEFAULT 0,
        charged  bigint NOT NULL DEFAULT 0,
        CHECK ((tip IS NULL) = (length = 0))
    ) WITH (fillfactor = 80);

    CREATE TABLE statements (
        chain  bytea  NOT NULL REFERENCES chains (chain),
        number bigint NOT NULL CHECK (number >= 0),
        bytes  bytea  NOT NULL,
        PRIMARY KEY (chain, number)
    );

    CREATE TABLE devices (
        device bytea NOT NULL CHECK (octet_length(device) = 32),
        chain  bytea NOT NULL CHECK (octet_length(chain) = 32),
        PRIMARY KEY (device, chain)
    );

    CREATE TABLE spaces (
        space bytea  NOT NULL PRIMARY KEY CHECK (octet_length(space) = 32),
        kind  bigint NOT NULL CHECK (kind BETWEEN 1 AND 5),
        owner bytea  NOT NULL CHECK (octet_length(owner) = 32)
    );

    CREATE TABLE invites (
        lookup  bytea  NOT NULL PRIMARY KEY CHECK (octet_length(lookup) = 16),
        roster  bytea  NOT NULL CHECK (octet_length(roster) = 32),
        number  bigint NOT NULL,
        offer   bytea  NOT NULL,
        mac     bytea  NOT NULL CHECK (octet_length(mac) = 32),
        expires bigint NOT NULL,
        stage   bigint NOT NULL CHECK (stage BETWEEN 1 AND 4),
        claim   bytea,
        chain   bytea  CHECK (octet_length(chain) = 32),
        UNIQUE (roster, number),
        CHECK ((claim IS NULL) = (chain IS NULL))
    );

    CREATE TABLE logs (
        space  bytea  NOT NULL REFERENCES spaces (space),
        log    bytea  NOT NULL CHECK (octet_length(log) = 16),
        device bytea  NOT NULL CHECK (octet_length(device) = 32),
        beat   bigint NOT NULL CHECK (beat >= 1),
        head   bytea  NOT NULL CHECK (octet_length(head) = 32),
        number bigint NOT NULL CHECK (number >= 0),
        header bytea  NOT NULL CHECK (octet_length(header) = 32),
        PRIMARY KEY (space, log)
    ) WITH (fillfactor = 80);

    CREATE TABLE runs (
        space  bytea  NOT NULL,
        log    bytea  NOT NULL,
        beat   bigint NOT NULL CHECK (beat >= 1),
        first  bigint NOT NULL CHECK (first >= 1),
        number bigint NOT NULL CHECK (number >= 0),
        bytes  bytea  NOT NULL,
        PRIMARY KEY (space, log, beat),
        FOREIGN KEY (space, log) REFERENCES logs (space, log)
    ) WITH (
        autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0,
        toast.autovacuum_vacuum_threshold = 0, toast.autovacuum_vacuum_scale_factor = 0
    );

    ALTER TABLE statements ALTER bytes SET STORAGE EXTERNAL;
    ALTER TABLE runs ALTER bytes SET STORAGE EXTERNAL;

    CREATE TABLE feed (
        id       bytea  NOT NULL CHECK (octet_length(id) = 32),
        kind     bigint NOT NULL CHECK (kind BETWEEN 0 AND 3),
        patient  bytea  CHECK (octet_length(patient) = 32),
        clinic   bytea  CHECK (octet_length(clinic) = 32),
        revision bigint NOT NULL,
        stamp    bigint NOT NULL,
        PRIMARY KEY (id, kind)
    );

    CREATE INDEX feed_of_patient ON feed (patient, stamp) WHERE patient IS NOT NULL;
    CREATE INDEX feed_of_clinic ON feed (clinic, stamp) WHERE clinic IS NOT NULL;
",
    // Pairings.
    "
    CREATE TABLE pairings (
        lookup    bytea   NOT NULL PRIMARY KEY CHECK (octet_length(lookup) = 16),
        owner     bytea   NOT NULL CHECK (octet_length(owner) = 32),
        offer     bytea   NOT NULL,
        mac       bytea   NOT NULL CHECK (octet_length(mac) = 32),
        expires   bigint  NOT NULL,
        withdrawn boolean NOT NULL DEFAULT false,
        answer    bytea
    );

    CREATE INDEX pairings_of_owner ON pairings (owner);
",
    "
    CREATE TABLE bulletins (
        roster bytea  NOT NULL REFERENCES chains (chain),
        number bigint NOT NULL CHECK (number >= 1),
        bytes  bytea  NOT NULL,
        PRIMARY KEY (roster, number)
    );
",
    // Who left: their rows in chains and devices stay, as names that nobody can take again. What
    // was theirs is to be taken away at once, also where it was a statement or a claim.
    "
    CREATE TABLE departures (
        chain   bytea NOT NULL PRIMARY KEY CHECK (octet_length(chain) = 32),
        leave   bytea,
        receipt bytea NOT NULL
    );

    CREATE TABLE receipt_key (
        one  bigint NOT NULL PRIMARY KEY CHECK (one = 1),
        seed bytea  NOT NULL CHECK (octet_length(seed) = 32)
    );

    ALTER TABLE statements SET (
        autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0,
        toast.autovacuum_vacuum_threshold = 0, toast.autovacuum_vacuum_scale_factor = 0
    );
    ALTER TABLE invites SET (
        toast.autovacuum_vacuum_threshold = 0, toast.autovacuum_vacuum_scale_factor = 0
    );
",
];

/// The version of a database that is ours or empty.
fn version(session: &mut Session) -> Result<i64, Trouble> {
    let tables = session.client().query_one(
        "SELECT count(*), count(*) FILTER (WHERE relname = 'clinic_store')
         FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'",
        &[],
    )?;
    let (all, ours): (i64, i64) = (tables.try_get(0)?, tables.try_get(1)?);
    if ours == 0 {
        return if all == 0 {
            Ok(0)
        } else {
            Err(StoreError::Foreign.into())
        };
    }
    let row = session
        .client()
        .query_one("SELECT version FROM clinic_store", &[])?;
    let found = row.try_get(0)?;
    let known = MIGRATIONS.len() as i64;
    if found > known {
        return Err(StoreError::NewerSchema { found, known }.into());
    }
    Ok(found)
}

/// Brings the schema up to this version, each migration with its number in one
/// transaction, one server at a time.
pub(super) fn migrate(session: &mut Session) -> Result<(), Trouble> {
    loop {
        session.begin()?;
        // Whoever waits here waits for another server's migration.
        session
            .client()
            .batch_execute("SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0")?;
        session
            .client()
            .execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK])?;
        let next = version(session).map(|found| usize::try_from(found).unwrap_or(usize::MAX));
        let Some(migration) = next.map(|n| MIGRATIONS.get(n)).inspect_err(|_| {
            let _ = session.roll_back();
        })?
        else {
            return session.roll_back();
        };
        session.client().batch_execute(migration)?;
        session
            .client()
            .batch_execute("UPDATE clinic_store SET version = version + 1")?;
        session.commit()?;
    }
}
