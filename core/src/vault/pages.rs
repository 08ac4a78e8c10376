//! The pages of a damaged vault, read one by one.
//!
//! SQLite gives up at the first page that isn't what was written. So the pages that are whole are
//! laid into a file whose first page is: there, a table can be declared to begin at any page,
//! and so every page that holds rows can be read, whatever became of those above it. The pages
//! stay encrypted all the way. Page format: <https://www.zetetic.net/sqlcipher/design/>
//! (AES-256-CBC, HMAC-SHA512 over ciphertext, IV and page number; 80 bytes at the end of a page).

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use ring::{hmac, pbkdf2};
use rusqlite::types::Value;
use rusqlite::{Connection, params};

use super::wal::{PAGE, Wal};
use super::{VaultError, file};
use crate::space::keys::Seed;

/// What stands at the beginning of a vault's file, and goes into the keys of its pages.
pub(super) type Salt = [u8; 16];

const IV: usize = 16;
const MAC: usize = 64;
/// SQLCipher's own number of rounds from a raw key to the key of its MAC.
const ROUNDS: NonZeroU32 = NonZeroU32::MIN.saturating_add(1);
/// More columns than any table that is read here.
const COLUMNS: usize = 16;
/// No page that holds rows itself has as many; one that points to others may.
const ROWS: usize = 1024;
/// So many earlier states of pages are looked at; at 64 MiB there is an end to it.
const OLDER: usize = 16 * 1024;
/// So many pages are looked at in one go.
const AT_ONCE: usize = 24;

/// Tells a whole page from another, without decrypting it.
pub(super) struct PageCheck(hmac::Key);

impl PageCheck {
    /// For the file of that key and salt.
    pub(super) fn new(key: &Seed, salt: &Salt) -> Self {
        let salt = salt.map(|byte| byte ^ 0x3a);
        let mut mac = zeroize::Zeroizing::new([0; 32]);
        let algorithm = pbkdf2::PBKDF2_HMAC_SHA512;
        pbkdf2::derive(algorithm, ROUNDS, &salt, key.expose(), mac.as_mut_slice());
        Self(hmac::Key::new(hmac::HMAC_SHA512, mac.as_slice()))
    }

    /// Whether the page is what was written there.
    pub(super) fn holds(&self, number: u32, page: &[u8; PAGE]) -> bool {
        let from = if number == 1 { size_of::<Salt>() } else { 0 };
        let to = PAGE - MAC;
        let (Some(body), Some(mac)) = (page.get(from..to), page.get(to..)) else {
            return false;
        };
        debug_assert!(body.len() > IV);
        let all = [body, &number.to_le_bytes()].concat();
        hmac::verify(&self.0, &all, mac).is_ok()
    }
}

/// Whether any page of a file was written under this key: then the key is the file's.
pub(super) fn any_holds(path: &Path, key: &Seed, salt: Option<Salt>) -> std::io::Result<bool> {
    let Some(mut pages) = Pages::open(path)? else {
        return Ok(false);
    };
    let salts: Vec<Salt> = pages.salt().into_iter().chain(salt).collect();
    let checks: Vec<_> = salts.iter().map(|s| PageCheck::new(key, s)).collect();
    while let Some((number, page)) = pages.next()? {
        if checks.iter().any(|check| check.holds(number, &page)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A page with its number.
type Page = (u32, Box<[u8; PAGE]>);

/// The pages of a file in order.
struct Pages {
    file: File,
    next: u32,
}

impl Pages {
    fn open(path: &Path) -> std::io::Result<Option<Self>> {
        match File::open(path) {
            Ok(file) => Ok(Some(Self { file, next: 1 })),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn salt(&mut self) -> Option<Salt> {
        let mut salt = Salt::default();
        self.file.read_exact(&mut salt).ok()?;
        self.file.seek(SeekFrom::Start(0)).ok()?;
        Some(salt)
    }

    fn next(&mut self) -> std::io::Result<Option<Page>> {
        let mut page = Box::new([0; PAGE]);
        match self.file.read_exact(page.as_mut_slice()) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error),
        }
        let number = self.next;
        self.next = number.saturating_add(1);
        Ok(Some((number, page)))
    }
}

/// A damaged vault's files.
pub(super) struct Source<'a> {
    /// The file.
    pub db: &'a Path,
    /// Its journal file.
    pub wal: &'a Path,
    /// Its key.
    pub key: &'a Seed,
    /// Its salt as it is known from elsewhere; what the file says may be what is damaged.
    pub salt: Option<Salt>,
}

/// The whole pages of a damaged vault, laid out to be read. Removed when dropped.
pub(super) struct Rescue {
    path: PathBuf,
    conn: Connection,
    reopen: (Seed, Salt),
    pages: Vec<u32>,
    older: Vec<Page>,
    /// Whether a page was not what was written.
    pub unreadable: bool,
}

/// A row, with what SQLite calls its `rowid`.
pub(super) struct Row {
    /// Its number in its table.
    pub id: i64,
    /// Its columns; those that it doesn't have are null.
    pub columns: Vec<Value>,
}

impl Rescue {
    /// Lays the whole pages of `source` into a file of its own at `path`.
    ///
    /// None where not one page is whole.
    pub(super) fn new(source: &Source<'_>, path: &Path) -> Result<Option<Self>, VaultError> {
        let Some((salt, check)) = of_file(source)? else {
            return Ok(None);
        };
        let Journalled {
            newer,
            mut older,
            mut unreadable,
        } = journalled(source.wal, &check)?;
        let length = std::fs::metadata(source.db).map_or(0, |m| m.len());
        unreadable |= !length.is_multiple_of(PAGE as u64);
        let count = u32::try_from(length / PAGE as u64).map_err(|_| VaultError::TooLarge)?;
        let last = newer.last_key_value().map_or(0, |(number, _)| *number);
        remove(path)?;
        template(path, source.key, &salt, count.max(last))?;
        let mut out = File::options().write(true).open(path)?;
        let mut good = Vec::new();
        if let Some(mut pages) = Pages::open(source.db)? {
            while let Some((number, page)) = pages.next()? {
                let holds = check.holds(number, &page);
                if newer.contains_key(&number) {
                    older.extend((holds && older.len() < OLDER).then_some((number, page)));
                } else if !holds {
                    unreadable = true;
                } else if number > 1 {
                    put(&mut out, number, &page)?;
                    good.push(number);
                }
            }
        }
        for (number, page) in newer.iter().filter(|(number, _)| **number > 1) {
            put(&mut out, *number, page)?;
            good.push(*number);
        }
        drop(out);
        older.retain(|(number, _)| *number > 1);
        Ok(Some(Self {
            conn: reading(path, source.key, &salt)?,
            reopen: (source.key.clone(), salt),
            path: path.to_owned(),
            pages: good,
            older,
            unreadable,
        }))
    }

    /// Every row of every table that can be read, some more than once: as it is now first.
    pub(super) fn rows(
        &mut self,
        mut each: impl FnMut(Row) -> Result<(), VaultError>,
    ) -> Result<(), VaultError> {
        let pages = std::mem::take(&mut self.pages);
        for some in pages.chunks(AT_ONCE) {
            self.rows_of(some, &mut each)?;
        }
        if !self.unreadable {
            return Ok(());
        }
        // A row that stood on a page that is lost may stand on an earlier state of another.
        let mut older = std::mem::take(&mut self.older).into_iter().peekable();
        while older.peek().is_some() {
            let mut some = Vec::new();
            let mut out = File::options().write(true).open(&self.path)?;
            while let Some((number, page)) =
                older.next_if(|(number, _)| some.len() < AT_ONCE && !some.contains(number))
            {
                put(&mut out, number, &page)?;
                some.push(number);
            }
            drop(out);
            // What it had read before is no longer what is there.
            self.conn = reading(&self.path, &self.reopen.0, &self.reopen.1)?;
            self.rows_of(&some, &mut each)?;
        }
        Ok(())
    }

    fn rows_of(
        &mut self,
        pages: &[u32],
        each: &mut impl FnMut(Row) -> Result<(), VaultError>,
    ) -> Result<(), VaultError> {
        self.point_at(pages)?;
        for at in 0..pages.len() {
            for id in self.ids(at)? {
                if let Some(columns) = self.columns(at, id)? {
                    each(Row { id, columns })?;
                }
            }
        }
        Ok(())
    }

    /// Declares one table at each of these pages.
    fn point_at(&mut self, pages: &[u32]) -> Result<(), VaultError> {
        self.conn.pragma_update(None, "writable_schema", "ON")?;
        let sql = "UPDATE sqlite_schema SET rootpage = ?2 WHERE name = ?1";
        let mut update = self.conn.prepare_cached(sql)?;
        for (at, page) in pages.iter().enumerate() {
            update.execute(params![name(at), page])?;
        }
        drop(update);
        Ok(self.conn.pragma_update(None, "writable_schema", "RESET")?)
    }

    /// The numbers of the rows that a page holds, as far as they can be read.
    fn ids(&mut self, at: usize) -> Result<Vec<i64>, VaultError> {
        let sql = format!("SELECT rowid FROM {} LIMIT {}", name(at), ROWS + 1);
        let mut ids = Vec::new();
        let mut read = || -> rusqlite::Result<()> {
            let mut query = self.conn.prepare_cached(&sql)?;
            let mut rows = query.query([])?;
            while let Some(row) = rows.next()? {
                ids.push(row.get(0)?);
            }
            Ok(())
        };
        let result = read();
        unless_unreadable(result)?;
        // A page above others: each of them has its own turn.
        if ids.len() > ROWS {
            ids.clear();
        }
        Ok(ids)
    }

    fn columns(&mut self, at: usize, id: i64) -> Result<Option<Vec<Value>>, VaultError> {
        let sql = format!("SELECT * FROM {} WHERE rowid = ?1", name(at));
        let read = || -> rusqlite::Result<Vec<Value>> {
            let mut query = self.conn.prepare_cached(&sql)?;
            query.query_row([id], |row| {
                (0..COLUMNS).map(|column| row.get(column)).collect()
            })
        };
        let result = read();
        unless_unreadable(result)
    }
}

/// What was read, or none where a page is not one of a table, or points to one that is not whole.
fn unless_unreadable<T>(result: rusqlite::Result<T>) -> Result<Option<T>, VaultError> {
    match result.map_err(VaultError::from) {
        Ok(value) => Ok(Some(value)),
        Err(error @ (VaultError::Full | VaultError::ReadOnly)) => Err(error),
        Err(_) => Ok(None),
    }
}

impl Drop for Rescue {
    fn drop(&mut self) {
        let _ = remove(&self.path);
    }
}

fn name(at: usize) -> String {
    format!("t{at}")
}

fn remove(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// The salt under which pages of the file hold; none where none does.
fn of_file(source: &Source<'_>) -> Result<Option<(Salt, PageCheck)>, VaultError> {
    let stated = Pages::open(source.db)?.and_then(|mut pages| pages.salt());
    for salt in stated.into_iter().chain(source.salt) {
        let check = PageCheck::new(source.key, &salt);
        if let Some(mut pages) = Pages::open(source.db)? {
            while let Some((number, page)) = pages.next()? {
                if check.holds(number, &page) {
                    return Ok(Some((salt, check)));
                }
            }
        }
        if !journalled(source.wal, &check)?.newer.is_empty() {
            return Ok(Some((salt, check)));
        }
    }
    Ok(None)
}

fn put(out: &mut File, number: u32, page: &[u8; PAGE]) -> std::io::Result<()> {
    let at = u64::from(number.saturating_sub(1)) * PAGE as u64;
    out.seek(SeekFrom::Start(at))?;
    out.write_all(page)
}

/// What the journal file holds, of transactions that ended.
struct Journalled {
    /// Each page as it was last.
    newer: BTreeMap<u32, Box<[u8; PAGE]>>,
    /// Pages as they were before, the latest first.
    older: Vec<Page>,
    unreadable: bool,
}

fn journalled(path: &Path, check: &PageCheck) -> Result<Journalled, VaultError> {
    let (mut kept, mut pending) = (Vec::new(), Vec::new());
    let mut unreadable = false;
    if let Some(mut wal) = Wal::open(path)? {
        while let Some(frame) = wal.next()? {
            unreadable |= frame.behind_a_gap;
            if check.holds(frame.number, &frame.page) {
                pending.push((frame.number, frame.page));
            } else {
                unreadable = true;
            }
            if frame.commit {
                kept.append(&mut pending);
            }
        }
    }
    let (mut newer, mut older) = (BTreeMap::new(), Vec::new());
    for (number, page) in kept.into_iter().rev() {
        if let Entry::Vacant(vacant) = newer.entry(number) {
            vacant.insert(page);
        } else if older.len() < OLDER {
            older.push((number, page));
        }
    }
    Ok(Journalled {
        newer,
        older,
        unreadable,
    })
}

/// A file under the same key and salt, with a whole first page and as many pages as are needed.
fn template(path: &Path, key: &Seed, salt: &Salt, pages: u32) -> Result<(), VaultError> {
    let conn = reading(path, key, salt)?;
    let columns: Vec<String> = (0..COLUMNS).map(|column| format!("c{column}")).collect();
    let columns = columns.join(",");
    for at in 0..AT_ONCE {
        conn.execute_batch(&format!("CREATE TABLE {} ({columns})", name(at)))?;
    }
    conn.execute_batch("CREATE TABLE filling (c)")?;
    let mut left = u64::from(pages) * PAGE as u64;
    while left > 0 {
        let some = left.min(64 * 1024 * 1024);
        conn.execute("INSERT INTO filling VALUES (zeroblob(?1))", [some])?;
        left -= some;
    }
    Ok(())
}

fn reading(path: &Path, key: &Seed, salt: &Salt) -> Result<Connection, VaultError> {
    let conn = file::keyed(path, key, Some(salt), true)?;
    let off = |name| conn.pragma_update_and_check(None, name, "OFF", |_| Ok(()));
    off("journal_mode")?;
    conn.pragma_update(None, "synchronous", "OFF")?;
    Ok(conn)
}
