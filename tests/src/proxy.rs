//! A proxy between clients and the API: keeps every byte, and cuts or bends where it is told to.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

/// The way that bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From a client to the API.
    Up,
    /// From the API to a client.
    Down,
}

/// What goes wrong, once. Offsets count the bytes of that way since the fault was set.
#[derive(Debug, Clone, Copy)]
pub enum Fault {
    /// The connection ends after so many bytes; the next one is fine.
    Cut(Way, usize),
    /// The connection ends after so many bytes, and nothing gets through until [`Proxy::clear`].
    Lose(Way, usize),
    /// This byte arrives with one bit changed.
    Flip(Way, usize),
}

impl Fault {
    fn place(self) -> (Way, usize) {
        match self {
            Self::Cut(way, at) | Self::Lose(way, at) | Self::Flip(way, at) => (way, at),
        }
    }
}

#[derive(Debug, Default)]
struct State {
    port: AtomicU16,
    ended: AtomicBool,
    lost: AtomicBool,
    fault: Mutex<Option<(Fault, usize)>>,
    wire: Mutex<Vec<Arc<Mutex<Vec<u8>>>>>,
}

/// The proxy; it ends with its owner.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    state: Arc<State>,
}

impl Proxy {
    /// Listens on a free port of this machine.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::<State>::default();
        let of_thread = state.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if of_thread.ended.load(Ordering::SeqCst) {
                    return;
                }
                of_thread.carry(client);
            }
        });
        Self { port, state }
    }

    /// The name that clients use.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Carries everything to this port from now on.
    pub fn forward_to(&self, port: u16) {
        self.state.port.store(port, Ordering::SeqCst);
    }

    /// Sets what goes wrong next.
    pub fn set(&self, fault: Fault) {
        *self.state.fault.lock().unwrap() = Some((fault, 0));
    }

    /// Lets everything pass again; whether the fault had happened.
    pub fn clear(&self) -> bool {
        self.state.lost.store(false, Ordering::SeqCst);
        self.state.fault.lock().unwrap().take().is_none()
    }

    /// Every byte that went over the wire, connection by connection and way by way.
    pub fn wire(&self) -> Vec<Vec<u8>> {
        let wire = self.state.wire.lock().unwrap();
        wire.iter().map(|one| one.lock().unwrap().clone()).collect()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.state.ended.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts.
        drop(TcpStream::connect(("127.0.0.1", self.port)));
    }
}

impl State {
    fn carry(self: &Arc<Self>, client: TcpStream) {
        if self.lost.load(Ordering::SeqCst) {
            return;
        }
        let port = self.port.load(Ordering::SeqCst);
        let Ok(server) = TcpStream::connect(("127.0.0.1", port)) else {
            return;
        };
        for stream in [&client, &server] {
            stream.set_nodelay(true).unwrap();
        }
        let up = (client.try_clone().unwrap(), server.try_clone().unwrap());
        for (way, (from, to)) in [(Way::Up, up), (Way::Down, (server, client))] {
            let kept = Arc::<Mutex<Vec<u8>>>::default();
            self.wire.lock().unwrap().push(kept.clone());
            let state = self.clone();
            std::thread::spawn(move || state.pump(way, from, to, &kept));
        }
    }

    fn pump(&self, way: Way, mut from: TcpStream, mut to: TcpStream, kept: &Mutex<Vec<u8>>) {
        let mut buffer = vec![0; 16 * 1024];
        while let Ok(read) = from.read(&mut buffer) {
            let (cut, passed) = self.spoil(way, &mut buffer[..read]);
            kept.lock().unwrap().extend_from_slice(&buffer[..passed]);
            if to.write_all(&buffer[..passed]).is_err() || cut {
                let _ = from.shutdown(Shutdown::Both);
                let _ = to.shutdown(Shutdown::Both);
                return;
            }
            if read == 0 {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Write);
    }

    /// Does what is set, where these bytes reach its place: whether to cut, and how many pass.
    fn spoil(&self, way: Way, bytes: &mut [u8]) -> (bool, usize) {
        let mut set = self.fault.lock().unwrap();
        let Some((fault, gone)) = set.as_mut() else {
            return (false, bytes.len());
        };
        let (on, at) = fault.place();
        if on != way {
            return (false, bytes.len());
        }
        let place = at - *gone;
        if bytes.len() <= place {
            *gone += bytes.len();
            return (false, bytes.len());
        }
        let fault = *fault;
        *set = None;
        match fault {
            Fault::Cut(..) => (true, place),
            Fault::Lose(..) => {
                self.lost.store(true, Ordering::SeqCst);
                (true, place)
            }
            Fault::Flip(..) => {
                bytes[place] ^= 0x04;
                (false, bytes.len())
            }
        }
    }
}
