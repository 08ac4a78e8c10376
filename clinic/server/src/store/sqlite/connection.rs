//! Opening the file: whose it is, how it is written, who may read it.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

use super::super::Result;
use super::{database, failed, schema};

/// How long a statement waits for another process's write.
pub(super) const BUSY: Duration = Duration::from_secs(5);

pub(super) fn connect(path: &Path) -> Result<Connection> {
    let connection = Connection::open(path).map_err(database)?;
    connection.busy_timeout(BUSY).map_err(database)?;
    // Before anything is set that the file itself would remember.
    schema::version(&connection)?;
    let mode: String = connection
        .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))
        .map_err(database)?;
    if mode != "wal" {
        return Err(failed(std::io::Error::other(
            "this file system has no shared memory, which a write-ahead log needs",
        )));
    }
    let settings = [
        ("synchronous", "FULL"),
        ("fullfsync", "ON"),
        ("foreign_keys", "ON"),
        ("trusted_schema", "OFF"),
        ("cell_size_check", "ON"),
        // What is rewritten is overwritten, and no copy goes to a file of its own.
        ("secure_delete", "ON"),
        ("temp_store", "MEMORY"),
    ];
    for (name, value) in settings {
        connection
            .pragma_update(None, name, value)
            .map_err(database)?;
    }
    Ok(connection)
}

#[cfg(unix)]
pub(super) fn make_private(dir: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
}

#[cfg(unix)]
pub(super) fn sync(dir: &Path) -> std::io::Result<()> {
    let here = dir.as_os_str().is_empty();
    let dir = if here { Path::new(".") } else { dir };
    std::fs::File::open(dir)?.sync_all()
}

#[cfg(not(unix))]
pub(super) fn sync(_: &Path) -> std::io::Result<()> {
    Ok(())
}

#[cfg(not(unix))]
pub(super) fn make_private(dir: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(dir)
}

/// SQLite gives the files beside it the same mode.
#[cfg(unix)]
pub(super) fn private_file(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
        .map(drop)
}

#[cfg(not(unix))]
pub(super) fn private_file(_: &Path) -> std::io::Result<()> {
    Ok(())
}
