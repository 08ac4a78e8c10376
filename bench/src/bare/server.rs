//! The bare path's server: axum over one SQLite file.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path as InPath, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use rusqlite::{Connection, OptionalExtension, params};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use super::database;
use super::seal::Batch;
use crate::Result;
use crate::world::server::runtime;

/// A running server; it ends with its owner.
#[derive(Debug)]
pub struct BareServer {
    address: String,
    runtime: Option<Runtime>,
}

#[derive(Debug)]
struct Shared {
    store: Mutex<Connection>,
    key: [u8; 32],
}

impl BareServer {
    /// Serves from a file in a folder; takes what `key` signed.
    ///
    /// # Errors
    /// What SQLite or the socket says.
    pub fn start(dir: &Path, key: [u8; 32]) -> Result<Self> {
        std::fs::create_dir_all(dir)?;
        let conn = database(&dir.join("bare.db"))?;
        conn.execute_batch(
            "CREATE TABLE IF NOT EXISTS entry (number INTEGER PRIMARY KEY, body BLOB NOT NULL);
             CREATE TABLE IF NOT EXISTS batch (
                 first INTEGER PRIMARY KEY, count INTEGER NOT NULL, signature BLOB NOT NULL);",
        )?;
        let shared = Arc::new(Shared {
            store: Mutex::new(conn),
            key,
        });
        let router = Router::new()
            .route("/batches", post(take))
            .route("/batches/{first}", get(give))
            .layer(DefaultBodyLimit::max(64 * 1024 * 1024))
            .with_state(shared);
        let runtime = runtime()?;
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        let address = listener.local_addr()?.to_string();
        runtime.spawn(async move { axum::serve(TcpNoDelay(listener), router).await });
        Ok(Self {
            address,
            runtime: Some(runtime),
        })
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for BareServer {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Small answers at once, as the product's server does.
struct TcpNoDelay(TcpListener);

impl axum::serve::Listener for TcpNoDelay {
    type Io = tokio::net::TcpStream;
    type Addr = std::net::SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (stream, address) = axum::serve::Listener::accept(&mut self.0).await;
        let _ = stream.set_nodelay(true);
        (stream, address)
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.0.local_addr()
    }
}

async fn take(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let stored = tokio::task::spawn_blocking(move || store(&shared, &body)).await;
    match stored {
        Ok(Ok(())) => StatusCode::CREATED.into_response(),
        Ok(Err(_)) | Err(_) => StatusCode::BAD_REQUEST.into_response(),
    }
}

fn store(shared: &Shared, body: &[u8]) -> Result<()> {
    let batch = Batch::from_bytes(body)?;
    if !batch.verify(&shared.key) {
        return Err("the signature does not fit".into());
    }
    let mut conn = shared.store.lock().unwrap_or_else(PoisonError::into_inner);
    let tx = conn.transaction()?;
    let first = i64::try_from(batch.first)?;
    {
        let mut insert = tx.prepare_cached("INSERT INTO entry (number, body) VALUES (?1, ?2)")?;
        for (number, item) in (first..).zip(&batch.items) {
            insert.execute(params![number, item])?;
        }
        let sql = "INSERT INTO batch (first, count, signature) VALUES (?1, ?2, ?3)";
        let count = i64::try_from(batch.items.len())?;
        tx.prepare_cached(sql)?
            .execute(params![first, count, batch.signature])?;
    }
    tx.commit()?;
    Ok(())
}

async fn give(State(shared): State<Arc<Shared>>, InPath(first): InPath<u64>) -> Response {
    let found = tokio::task::spawn_blocking(move || load(&shared, first)).await;
    match found {
        Ok(Ok(Some(bytes))) => bytes.into_response(),
        Ok(Ok(None)) => StatusCode::NOT_FOUND.into_response(),
        Ok(Err(_)) | Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn load(shared: &Shared, first: u64) -> Result<Option<Vec<u8>>> {
    let conn = shared.store.lock().unwrap_or_else(PoisonError::into_inner);
    let at = i64::try_from(first)?;
    let found: Option<(i64, [u8; 64])> = conn
        .prepare_cached("SELECT count, signature FROM batch WHERE first = ?1")?
        .query_row([at], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((count, signature)) = found else {
        return Ok(None);
    };
    let sql = "SELECT body FROM entry WHERE number >= ?1 AND number < ?2 ORDER BY number";
    let mut select = conn.prepare_cached(sql)?;
    let items = select
        .query_map([at, at + count], |row| row.get(0))?
        .collect::<std::result::Result<Vec<Vec<u8>>, _>>()?;
    let batch = Batch {
        first,
        items,
        signature,
    };
    Ok(Some(batch.to_bytes()))
}
