//! The bare path's clients: one seals and sends, another fetches and opens.

use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, params};

use super::database;
use super::seal::{Batch, Keys};
use crate::Result;
use crate::raw::Raw;

/// An HTTP client as the product's, without TLS to verify.
///
/// # Errors
/// What the library says.
pub fn http() -> Result<reqwest::Client> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    Ok(reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .build()?)
}

/// Seals and sends.
#[derive(Debug)]
pub struct Sender {
    keys: Arc<Keys>,
    http: reqwest::Client,
    url: String,
    next: u64,
}

impl Sender {
    /// One that begins at number 1.
    ///
    /// # Errors
    /// What the library says.
    pub fn new(keys: Arc<Keys>, url: String) -> Result<Self> {
        Ok(Self {
            keys,
            http: http()?,
            url,
            next: 1,
        })
    }

    /// Seals these entries as one batch and sends it; it is on the server's disk then.
    ///
    /// # Errors
    /// What went wrong on the way.
    pub async fn send(&mut self, entries: &[Vec<u8>]) -> Result<()> {
        let sealed: Result<Vec<_>> = entries.iter().map(|e| self.keys.seal(e)).collect();
        let batch = self.keys.sign(self.next, sealed?);
        let url = format!("{}/batches", self.url);
        let answer = self.http.post(url).body(batch.to_bytes()).send().await?;
        answer.error_for_status()?;
        self.next += entries.len() as u64;
        Ok(())
    }
}

/// Fetches, verifies, opens and keeps.
#[derive(Debug)]
pub struct Fetcher {
    keys: Arc<Keys>,
    public: [u8; 32],
    http: reqwest::Client,
    url: String,
    keep: Keep,
    next: u64,
}

/// Where a reader keeps what it opened.
#[derive(Debug)]
enum Keep {
    /// A plain table.
    Plain(Connection),
    /// As the baseline of saving does: encrypted, with an index and a search table.
    Searchable(Raw),
}

impl Fetcher {
    /// One that holds nothing yet and keeps encrypted and searchable in that folder.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn searchable(keys: Arc<Keys>, url: String, dir: &Path) -> Result<Self> {
        Self::keeping(keys, url, Keep::Searchable(Raw::create(dir)?))
    }

    /// One that holds nothing yet and keeps in a plain file in that folder.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn new(keys: Arc<Keys>, url: String, dir: &Path) -> Result<Self> {
        std::fs::create_dir_all(dir)?;
        let store = database(&dir.join("fetched.db"))?;
        store
            .execute_batch("CREATE TABLE entry (number INTEGER PRIMARY KEY, body BLOB NOT NULL)")?;
        Self::keeping(keys, url, Keep::Plain(store))
    }

    fn keeping(keys: Arc<Keys>, url: String, keep: Keep) -> Result<Self> {
        Ok(Self {
            public: keys.public(),
            keys,
            http: http()?,
            url,
            keep,
            next: 1,
        })
    }

    /// Fetches the next batch; how many entries it held, none where there is none yet.
    ///
    /// # Errors
    /// What went wrong on the way, or a batch that does not verify.
    pub async fn fetch(&mut self) -> Result<Option<usize>> {
        let url = format!("{}/batches/{}", self.url, self.next);
        let answer = self.http.get(url).send().await?;
        if answer.status() == reqwest::StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let bytes = answer.error_for_status()?.bytes().await?;
        let batch = Batch::from_bytes(&bytes)?;
        if batch.first != self.next || !batch.verify(&self.public) {
            return Err("a batch that does not verify".into());
        }
        let opened = batch.items.iter().map(|item| self.keys.open(item));
        let opened: Vec<Vec<u8>> = opened.collect::<Result<_>>()?;
        match &mut self.keep {
            Keep::Plain(store) => {
                let tx = store.transaction()?;
                {
                    let sql = "INSERT INTO entry (number, body) VALUES (?1, ?2)";
                    let mut insert = tx.prepare_cached(sql)?;
                    for (number, body) in (batch.first..).zip(&opened) {
                        insert.execute(params![i64::try_from(number)?, body])?;
                    }
                }
                tx.commit()?;
            }
            Keep::Searchable(raw) => raw.record_all(&opened)?,
        }
        self.next += batch.items.len() as u64;
        Ok(Some(batch.items.len()))
    }

    /// Everything that was fetched, in order.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn kept(&self) -> Result<Vec<Vec<u8>>> {
        let store = match &self.keep {
            Keep::Plain(store) => store,
            Keep::Searchable(raw) => return raw.kept(),
        };
        let mut select = store.prepare("SELECT body FROM entry ORDER BY number")?;
        let rows = select.query_map([], |row| row.get(0))?;
        Ok(rows.collect::<std::result::Result<_, _>>()?)
    }
}
