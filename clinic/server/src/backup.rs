//! Copies of the SQLite store: made while it is served, named by their time,
//! deleted when they are too old, and made a store again.
//!
//! A copy is `VACUUM INTO`: one snapshot, whatever is written meanwhile, in
//! one file, and without what was erased before it was made.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

/// The name of the store in its directory, as [`crate::store::sqlite`] has it.
pub(crate) const STORE: &str = "clinic.db";
/// Marks a file as a store of ours ("clnc"), as [`crate::store::sqlite`] does.
const APPLICATION: i64 = 0x636c_6e63;
/// How long a copy waits for others.
const BUSY: Duration = Duration::from_secs(30);
const DAY: i64 = 24 * 60 * 60;

/// Why there is no backup, or no store from one. What was there is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// There is no store in the directory: check the path.
    #[error("there is no store in {0}")]
    NoStore(PathBuf),
    /// The file is not a store of this server.
    #[error("{0} is not a store of this server")]
    Foreign(PathBuf),
    /// The file is damaged: take an older backup, and look at the disk.
    #[error("{0} is damaged")]
    Damaged(PathBuf),
    /// There is a store already: stop its server and move it away first.
    #[error("{0} holds a store already; stop the server and move it away first")]
    Occupied(PathBuf),
    /// What the system says of a file: often a full disk, or no right to it.
    #[error("{path}: {error}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// What the database says: often a full disk.
    #[error("{path}: {error}")]
    Database {
        /// The file.
        path: PathBuf,
        /// What it says.
        error: rusqlite::Error,
    },
}

type Result<T> = std::result::Result<T, BackupError>;

/// Copies the store in `dir` to a new file in `to`, which is made if it is not
/// there; `now` in seconds since 1970 gives its name.
///
/// When it returns, the copy is whole, was read through once, and is on the disk.
///
/// # Errors
/// [`BackupError`]; nothing that looks like a backup is left.
pub fn backup(dir: &Path, to: &Path, now: i64) -> Result<PathBuf> {
    let store = dir.join(STORE);
    if !store.exists() {
        return Err(BackupError::NoStore(dir.to_owned()));
    }
    make_private(to).map_err(file(to))?;
    let finished = to.join(name(now)?);
    if finished.exists() {
        let error = std::io::ErrorKind::AlreadyExists.into();
        return Err(file(&finished)(error));
    }
    let part = finished.with_extension("part");
    let made = copy(&store, &part).and_then(|()| verify(&part));
    if let Err(error) = made.and_then(|()| settle(&part, &finished)) {
        // The error that counts is the first.
        let _ = std::fs::remove_file(&part);
        return Err(error);
    }
    Ok(finished)
}

fn copy(store: &Path, part: &Path) -> Result<()> {
    let connection = open(store)?;
    // Where a copy was broken off, its rest is in the way.
    private_file(part).map_err(file(part))?;
    let name = part.to_str().ok_or_else(|| {
        let error = std::io::Error::other("the name is not UTF-8");
        file(part)(error)
    })?;
    connection
        .execute("VACUUM INTO ?1", [name])
        .map_err(database(part))?;
    Ok(())
}

/// Deletes the backups in `to` that are more than `keep` days older than the
/// one just made, and says which. Other files are left alone.
///
/// # Errors
/// [`BackupError`]; some may be deleted then.
pub fn expire(to: &Path, made: &Path, keep: u32) -> Result<Vec<PathBuf>> {
    let Some(newest) = made.file_name().and_then(|n| n.to_str()) else {
        return Ok(Vec::new());
    };
    let oldest = earlier(newest, keep)?;
    let mut gone = Vec::new();
    for entry in std::fs::read_dir(to).map_err(file(to))? {
        let path = entry.map_err(file(to))?.path();
        let name = path.file_name().and_then(|n| n.to_str());
        // Names sort as their times do.
        if name.is_some_and(|n| is_name(n) && n < oldest.as_str()) {
            std::fs::remove_file(&path).map_err(file(&path))?;
            gone.push(path);
        }
    }
    sync(to).map_err(file(to))?;
    gone.sort();
    Ok(gone)
}

/// Makes the store of `dir` from a backup. The backup stays.
///
/// # Errors
/// [`BackupError`]: nothing was made.
pub fn restore(from: &Path, dir: &Path) -> Result<()> {
    let store = dir.join(STORE);
    let beside = |end: &str| dir.join(format!("{STORE}{end}"));
    if ["", "-wal", "-shm", "-journal"]
        .into_iter()
        .any(|end| beside(end).exists())
    {
        return Err(BackupError::Occupied(dir.to_owned()));
    }
    verify(from)?;
    make_private(dir).map_err(file(dir))?;
    let part = dir.join(format!("{STORE}.part"));
    private_file(&part).map_err(file(&part))?;
    std::fs::copy(from, &part).map_err(file(&part))?;
    settle(&part, &store)
}

/// Opens a store of ours that is there.
fn open(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(database(path))?;
    connection.busy_timeout(BUSY).map_err(database(path))?;
    let application =
        connection.pragma_query_value(None, "application_id", |row| row.get::<_, i64>(0));
    match application {
        Ok(APPLICATION) => Ok(connection),
        Ok(_) => Err(BackupError::Foreign(path.to_owned())),
        Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::NotADatabase) => {
            Err(BackupError::Foreign(path.to_owned()))
        }
        Err(error) => Err(database(path)(error)),
    }
}

/// Reads a store through.
pub(crate) fn verify(path: &Path) -> Result<()> {
    let connection = open(path)?;
    let damaged = || BackupError::Damaged(path.to_owned());
    let found =
        connection.pragma_query_value(None, "integrity_check", |row| row.get::<_, String>(0));
    let broken = connection.query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| {
        row.get::<_, i64>(0)
    });
    match (found, broken) {
        (Ok(found), Ok(0)) if found == "ok" => Ok(()),
        _ => Err(damaged()),
    }
}

/// What was written is on the disk, under its final name.
fn settle(part: &Path, finished: &Path) -> Result<()> {
    let whole = std::fs::File::open(part).and_then(|f| f.sync_all());
    whole.map_err(file(part))?;
    std::fs::rename(part, finished).map_err(file(finished))?;
    let dir = finished.parent().unwrap_or(finished);
    sync(dir).map_err(file(dir))
}

/// `clinic-2026-01-01T00-00-00Z.db`. SQLite knows the calendar.
fn name(now: i64) -> Result<String> {
    format(
        "SELECT strftime('clinic-%Y-%m-%dT%H-%M-%SZ.db', ?1, 'unixepoch')",
        now,
    )
}

/// The name of a backup made so many days before the one with this name.
fn earlier(name: &str, days: u32) -> Result<String> {
    let time: String = name.chars().skip("clinic-".len()).take(19).collect();
    let (date, clock) = time.split_once('T').unwrap_or((&time, ""));
    let time = format!("{date} {}", clock.replace('-', ":"));
    let memory = PathBuf::from(":memory:");
    let connection = Connection::open_in_memory().map_err(database(&memory))?;
    let seconds: i64 = connection
        .query_row("SELECT unixepoch(?1)", [time], |row| row.get(0))
        .map_err(database(&memory))?;
    self::name(seconds.saturating_sub(i64::from(days).saturating_mul(DAY)))
}

fn format(sql: &str, now: i64) -> Result<String> {
    let memory = PathBuf::from(":memory:");
    Connection::open_in_memory()
        .and_then(|connection| connection.query_row(sql, [now], |row| row.get(0)))
        .map_err(database(&memory))
}

/// Whether a file is called as a backup is.
fn is_name(name: &str) -> bool {
    let pattern = "clinic-0000-00-00T00-00-00Z.db";
    name.len() == pattern.len()
        && name.chars().zip(pattern.chars()).all(|(c, p)| match p {
            '0' => c.is_ascii_digit(),
            other => c == other,
        })
}

fn file(path: &Path) -> impl Fn(std::io::Error) -> BackupError {
    let path = path.to_owned();
    move |error| BackupError::File {
        path: path.clone(),
        error,
    }
}

fn database(path: &Path) -> impl Fn(rusqlite::Error) -> BackupError {
    let path = path.to_owned();
    move |error| BackupError::Database {
        path: path.clone(),
        error,
    }
}

fn sync(dir: &Path) -> std::io::Result<()> {
    std::fs::File::open(dir)?.sync_all()
}

fn make_private(dir: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
}

/// An empty file for this user alone.
fn private_file(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .map(drop)
}
