//! A proxy between clients and the API: keeps every byte, and cuts or bends where it is told to.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

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
    /// This byte arrives with one bit changed. Whoever then waits for more than there is, is cut off.
    Flip(Way, usize),
    /// From this byte on, a few dozen bytes arrive one by one.
    Trickle(Way, usize),
    /// Nothing comes through from this byte on, and the connection stays, until [`Proxy::clear`].
    Stall(Way, usize),
    /// The next whole request does not arrive: [`Proxy::held`] has it, and the connection ends.
    Hold,
}

/// So long a connection with a bent byte may be silent.
const BENT: Duration = Duration::from_millis(150);
/// How slow a trickle is, and for how many bytes.
const DROP: (Duration, usize) = (Duration::from_millis(1), 40);

impl Fault {
    fn place(self) -> (Way, usize) {
        match self {
            Self::Cut(way, at)
            | Self::Lose(way, at)
            | Self::Flip(way, at)
            | Self::Trickle(way, at)
            | Self::Stall(way, at) => (way, at),
            Self::Hold => (Way::Up, 0),
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
    held: Mutex<Vec<Vec<u8>>>,
    stalled: AtomicBool,
    /// Both ends of connections on which a byte was bent.
    bent: Mutex<Vec<TcpStream>>,
}

/// What becomes of some bytes.
enum Passes {
    All,
    /// So many, and then the connection ends.
    Until(usize),
    /// All, the connection ending with the next silence.
    Bent,
    /// So many, and a few dozen slowly.
    Slowly(usize),
    /// So many, and no more for now.
    Stalls(usize),
    /// None, until a whole request is there.
    Aside,
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
    ///
    /// A connection with a bent byte ends: its ends may not agree any more where a message
    /// begins, and what comes of that belongs to this fault and not to what follows.
    pub fn clear(&self) -> bool {
        for stream in self.state.bent.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
        self.state.lost.store(false, Ordering::SeqCst);
        self.state.stalled.store(false, Ordering::SeqCst);
        self.state.fault.lock().unwrap().take().is_none()
    }

    /// The requests that were held back since this was last asked, in their order.
    pub fn held(&self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.state.held.lock().unwrap())
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
        let mut aside: Option<Vec<u8>> = None;
        let end = |from: &TcpStream, to: &TcpStream| {
            let _ = from.shutdown(Shutdown::Both);
            let _ = to.shutdown(Shutdown::Both);
        };
        loop {
            let Ok(read) = from.read(&mut buffer) else {
                return end(&from, &to);
            };
            let bytes = &mut buffer[..read];
            let passes = match aside {
                Some(_) => Passes::Aside,
                None => self.spoil(way, bytes),
            };
            let passed = if let Passes::Until(passed) = passes {
                passed
            } else {
                read
            };
            kept.lock().unwrap().extend_from_slice(&bytes[..passed]);
            let written = match passes {
                Passes::All => to.write_all(bytes),
                Passes::Until(passed) => {
                    let _ = to.write_all(&bytes[..passed]);
                    return end(&from, &to);
                }
                Passes::Bent => {
                    for stream in [&from, &to] {
                        stream.set_read_timeout(Some(BENT)).unwrap();
                        self.bent.lock().unwrap().push(stream.try_clone().unwrap());
                    }
                    to.write_all(bytes)
                }
                Passes::Slowly(quick) => slowly(&mut to, bytes, quick),
                Passes::Stalls(passed) => {
                    let first = to.write_all(&bytes[..passed]);
                    while self.stalled.load(Ordering::SeqCst) && !self.ended.load(Ordering::SeqCst)
                    {
                        std::thread::sleep(Duration::from_millis(2));
                    }
                    first.and_then(|()| to.write_all(&bytes[passed..]))
                }
                Passes::Aside => {
                    let whole = aside.get_or_insert_default();
                    whole.extend_from_slice(bytes);
                    if is_whole(whole) {
                        self.held.lock().unwrap().extend(aside.take());
                        return end(&from, &to);
                    }
                    Ok(())
                }
            };
            if written.is_err() {
                return end(&from, &to);
            }
            if read == 0 {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Write);
    }

    /// Does what is set, where these bytes reach its place.
    fn spoil(&self, way: Way, bytes: &mut [u8]) -> Passes {
        let mut set = self.fault.lock().unwrap();
        let Some((fault, gone)) = set.as_mut() else {
            return Passes::All;
        };
        let (on, at) = fault.place();
        if on != way {
            return Passes::All;
        }
        let place = at - *gone;
        if bytes.len() <= place {
            *gone += bytes.len();
            return Passes::All;
        }
        let fault = *fault;
        *set = None;
        match fault {
            Fault::Cut(..) => Passes::Until(place),
            Fault::Lose(..) => {
                self.lost.store(true, Ordering::SeqCst);
                Passes::Until(place)
            }
            Fault::Flip(..) => {
                bytes[place] ^= 0x04;
                Passes::Bent
            }
            Fault::Trickle(..) => Passes::Slowly(place),
            Fault::Stall(..) => {
                self.stalled.store(true, Ordering::SeqCst);
                Passes::Stalls(place)
            }
            Fault::Hold => Passes::Aside,
        }
    }
}

fn slowly(to: &mut TcpStream, bytes: &[u8], quick: usize) -> std::io::Result<()> {
    let (pause, slow) = DROP;
    let until = bytes.len().min(quick + slow);
    to.write_all(&bytes[..quick])?;
    for byte in &bytes[quick..until] {
        to.write_all(&[*byte])?;
        std::thread::sleep(pause);
    }
    to.write_all(&bytes[until..])
}

/// Whether an HTTP/1.1 request has come whole.
fn is_whole(request: &[u8]) -> bool {
    crate::http::length(request).is_some_and(|length| request.len() >= length)
}
