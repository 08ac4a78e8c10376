//! One connection: how it is set up, and what its errors mean.

use std::collections::HashMap;
use std::error::Error as _;

use ::postgres::error::SqlState;
use ::postgres::types::ToSql;
use ::postgres::{Client, Error, Row, Statement};

use super::super::{Result, StoreError};
use super::Address;

/// Every query is by key, so a table that is still small, or not yet analyzed,
/// must not lead to a plan that reads all of it. No transaction may take as
/// long as the time that the feed repeats.
const SETTINGS: &str = "
    SET enable_seqscan = off;
    SET jit = off;
    SET lock_timeout = '5s';
    SET statement_timeout = '10s';
    SET idle_in_transaction_session_timeout = '20s';
    SET default_transaction_isolation = 'read committed';
    SELECT set_config('synchronous_commit', 'on', false)
     WHERE current_setting('synchronous_commit') IN ('off', 'local');
";

/// Why work on a connection did not get done.
#[derive(Debug)]
pub(super) enum Trouble {
    /// Others were in the way, and the database rolled back: begin again.
    Again,
    /// The connection is gone, and nothing was committed.
    Lost(String),
    /// Beginning again does not help.
    Store(StoreError),
}

impl Trouble {
    /// What to tell who does not begin again.
    pub(super) fn settle(self) -> StoreError {
        match self {
            Self::Again => StoreError::Busy,
            Self::Lost(why) => StoreError::Failed(why.into()),
            Self::Store(error) => error,
        }
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        let Some(database) = error.as_db_error() else {
            let io = error.source().is_some_and(|e| e.is::<std::io::Error>());
            let text = error
                .source()
                .map_or_else(|| error.to_string(), |source| format!("{error}: {source}"));
            return if error.is_closed() || io {
                Self::Lost(text)
            } else {
                Self::Store(StoreError::Failed(text.into()))
            };
        };
        let code = database.code();
        // Without its details: these quote what was stored.
        let text = format!("{} ({})", database.message(), code.code());
        let lost = [
            SqlState::ADMIN_SHUTDOWN,
            SqlState::CRASH_SHUTDOWN,
            SqlState::CANNOT_CONNECT_NOW,
            SqlState::TOO_MANY_CONNECTIONS,
            SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
            // A standby that was not promoted yet, or no longer the primary.
            SqlState::READ_ONLY_SQL_TRANSACTION,
        ];
        let again = [
            SqlState::T_R_SERIALIZATION_FAILURE,
            SqlState::T_R_DEADLOCK_DETECTED,
        ];
        let busy = [SqlState::LOCK_NOT_AVAILABLE, SqlState::QUERY_CANCELED];
        let damaged = [SqlState::DATA_CORRUPTED, SqlState::INDEX_CORRUPTED];
        if again.contains(code) {
            Self::Again
        } else if lost.contains(code) || code.code().starts_with("08") {
            Self::Lost(text)
        } else if busy.contains(code) {
            Self::Store(StoreError::Busy)
        } else if *code == SqlState::DISK_FULL {
            Self::Store(StoreError::Full)
        } else if damaged.contains(code) {
            Self::Store(StoreError::Damaged("the database"))
        } else {
            Self::Store(StoreError::Failed(text.into()))
        }
    }
}

/// A connection and its prepared statements.
pub(super) struct Session {
    client: Client,
    prepared: HashMap<&'static str, Statement>,
    /// Whether a transaction may still be open.
    open: bool,
}

type Params<'a> = &'a [&'a (dyn ToSql + Sync)];

impl Session {
    pub(super) fn connect(address: &Address) -> std::result::Result<Self, Trouble> {
        let mut client = address.connect()?;
        client.batch_execute(SETTINGS)?;
        let durable = client.query_one("SELECT current_setting('fsync')", &[])?;
        if durable.try_get::<_, &str>(0)? != "on" {
            let text = "the database does not write to disk what it commits (fsync is off)";
            return Err(StoreError::Failed(text.into()).into());
        }
        Ok(Self {
            client,
            prepared: HashMap::new(),
            open: false,
        })
    }

    /// Whether it can serve again.
    pub(super) fn usable(&self) -> bool {
        !self.open && !self.client.is_closed()
    }

    pub(super) fn client(&mut self) -> &mut Client {
        &mut self.client
    }

    pub(super) fn begin(&mut self) -> std::result::Result<(), Trouble> {
        self.open = true;
        Ok(self.client.batch_execute("BEGIN")?)
    }

    /// Commits. If the connection is lost in the middle, nobody knows.
    pub(super) fn commit(&mut self) -> std::result::Result<(), Trouble> {
        match self.client.batch_execute("COMMIT").map_err(Trouble::from) {
            Ok(()) => {
                self.open = false;
                Ok(())
            }
            Err(Trouble::Lost(why)) => {
                tracing::warn!(%why, "the database was lost during a commit");
                Err(StoreError::Busy.into())
            }
            Err(trouble) => {
                let _ = self.roll_back();
                Err(trouble)
            }
        }
    }

    pub(super) fn roll_back(&mut self) -> std::result::Result<(), Trouble> {
        self.client.batch_execute("ROLLBACK")?;
        self.open = false;
        Ok(())
    }

    fn prepared(&mut self, sql: &'static str) -> std::result::Result<Statement, Trouble> {
        if let Some(statement) = self.prepared.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(sql)?;
        self.prepared.insert(sql, statement.clone());
        Ok(statement)
    }

    pub(super) fn query(
        &mut self,
        sql: &'static str,
        params: Params<'_>,
    ) -> std::result::Result<Vec<Row>, Trouble> {
        let statement = self.prepared(sql)?;
        Ok(self.client.query(&statement, params)?)
    }

    /// At most one row.
    pub(super) fn query_opt(
        &mut self,
        sql: &'static str,
        params: Params<'_>,
    ) -> std::result::Result<Option<Row>, Trouble> {
        let statement = self.prepared(sql)?;
        Ok(self.client.query_opt(&statement, params)?)
    }

    /// How many rows it changed.
    pub(super) fn execute(
        &mut self,
        sql: &'static str,
        params: Params<'_>,
    ) -> std::result::Result<u64, Trouble> {
        let statement = self.prepared(sql)?;
        Ok(self.client.execute(&statement, params)?)
    }
}

/// A column that holds a name.
pub(super) fn name<T>(row: &Row, column: &str) -> std::result::Result<T, Trouble>
where
    T: for<'a> TryFrom<&'a [u8]>,
{
    let bytes: &[u8] = row.try_get(column)?;
    let id: Result<T> = super::super::codes::id(bytes);
    Ok(id?)
}

/// A column that may hold a name.
pub(super) fn maybe<T>(row: &Row, column: &str) -> std::result::Result<Option<T>, Trouble>
where
    T: for<'a> TryFrom<&'a [u8]>,
{
    let bytes: Option<&[u8]> = row.try_get(column)?;
    Ok(bytes.map(super::super::codes::id).transpose()?)
}

/// A column that holds a number.
pub(super) fn count(row: &Row, column: &str) -> std::result::Result<u64, Trouble> {
    Ok(super::super::codes::number(row.try_get(column)?)?)
}
