//! A proxy that counts every byte between clients and the API, headers included.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use crate::Result;

#[derive(Debug, Default)]
struct Counts {
    up: AtomicU64,
    down: AtomicU64,
    ended: AtomicBool,
    server: OnceLock<String>,
}

/// Bytes that went either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Bytes {
    /// To the API.
    pub up: u64,
    /// From the API.
    pub down: u64,
}

/// The proxy; it ends with its owner.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    counts: Arc<Counts>,
}

impl Proxy {
    /// Listens on a free port; what comes before [`Proxy::forward`] is hung up on.
    ///
    /// # Errors
    /// What the socket says.
    pub fn listen() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let counts = Arc::<Counts>::default();
        let of_thread = Arc::clone(&counts);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if of_thread.ended.load(Ordering::SeqCst) {
                    return;
                }
                if let Some(server) = of_thread.server.get() {
                    let _ = carry(&client, server, &of_thread);
                }
            }
        });
        Ok(Self { address, counts })
    }

    /// Where to carry everything; told once.
    pub fn forward(&self, server: &str) {
        let _ = self.counts.server.set(server.to_owned());
    }

    /// The name that clients use: host and port.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// What went over it so far.
    pub fn bytes(&self) -> Bytes {
        Bytes {
            up: self.counts.up.load(Ordering::SeqCst),
            down: self.counts.down.load(Ordering::SeqCst),
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.counts.ended.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts.
        drop(TcpStream::connect(self.address));
    }
}

type Counter = fn(&Counts) -> &AtomicU64;

fn carry(client: &TcpStream, server: &str, counts: &Arc<Counts>) -> std::io::Result<()> {
    let server = TcpStream::connect(server)?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let ways: [(_, _, Counter); 2] = [(client, &server, |c| &c.up), (&server, client, |c| &c.down)];
    for (from, to, counter) in ways {
        let (from, to, counts) = (from.try_clone()?, to.try_clone()?, Arc::clone(counts));
        std::thread::spawn(move || pump(from, to, counter(&counts)));
    }
    Ok(())
}

fn pump(mut from: TcpStream, mut to: TcpStream, counter: &AtomicU64) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(read) = from.read(&mut buffer) {
        // Counted before they are passed on: who got an answer finds it counted.
        counter.fetch_add(read as u64, Ordering::SeqCst);
        let Some(bytes) = buffer.get(..read).filter(|b| !b.is_empty()) else {
            break;
        };
        if to.write_all(bytes).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}
