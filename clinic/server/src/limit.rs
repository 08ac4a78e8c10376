//! How often somebody unknown may ask (token buckets, one a peer and one for
//! all), and how long the server waits for others.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How many peers are remembered at once.
const PEERS: usize = 10_000;

/// Who is at the other end of the connection: an extension of the request.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub IpAddr);

/// How long the server waits for others.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For the head of a request, and for the next one on an idle connection.
    pub head: Duration,
    /// For the next piece of a body.
    pub piece: Duration,
    /// For all of a body.
    pub body: Duration,
    /// For what was begun, once it is to stop.
    pub grace: Duration,
}

impl Default for Patience {
    /// 4 MiB at 35 kB a second are in time; a stop, with its last writes, takes 20
    /// seconds at most.
    fn default() -> Self {
        Self {
            head: Duration::from_secs(15),
            piece: Duration::from_secs(15),
            body: Duration::from_secs(120),
            grace: Duration::from_secs(15),
        }
    }
}

/// How a bucket fills: `burst` at once, then `per_second`.
#[derive(Debug, Clone, Copy)]
pub struct Rate {
    /// How many requests it holds.
    pub burst: f64,
    /// How many come back in a second; above 0.
    pub per_second: f64,
}

/// Limits the requests that no signature protects.
///
/// Knows peers by address (of IPv6 by the /64 network). Behind a proxy all
/// have one address, and its bucket is that of all.
#[derive(Debug)]
pub struct Limiter {
    peer: Rate,
    all: Rate,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    all: Bucket,
    peers: HashMap<IpAddr, Bucket>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    filled: Duration,
}

impl Bucket {
    fn full(rate: Rate, now: Duration) -> Self {
        Self {
            tokens: rate.burst,
            filled: now,
        }
    }

    fn fill(&mut self, rate: Rate, now: Duration) {
        let seconds = now.saturating_sub(self.filled).as_secs_f64();
        self.tokens = (self.tokens + seconds * rate.per_second).min(rate.burst);
        self.filled = now;
    }

    /// The whole seconds to wait, if it is empty.
    fn wait(&self, rate: Rate) -> Option<u32> {
        let missing = 1.0 - self.tokens;
        // Casts of floats saturate.
        (missing > 0.0).then(|| (missing / rate.per_second).ceil() as u32)
    }
}

impl Limiter {
    /// One with these rates.
    pub fn new(peer: Rate, all: Rate) -> Self {
        let state = State {
            all: Bucket::full(all, Duration::ZERO),
            peers: HashMap::new(),
        };
        Self {
            peer,
            all,
            state: Mutex::new(state),
        }
    }

    /// Takes one request of a peer in, at the time `now` of one clock.
    ///
    /// # Errors
    /// After how many seconds to try again. A refused request costs nothing.
    pub fn take(&self, peer: IpAddr, now: Duration) -> Result<(), u32> {
        let peer = network(peer);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let State { all, peers } = &mut *state;
        if !peers.contains_key(&peer) && peers.len() >= PEERS {
            peers.retain(|_, bucket| {
                bucket.fill(self.peer, now);
                bucket.tokens < self.peer.burst
            });
            if peers.len() >= PEERS {
                return Err(1);
            }
        }
        let mine = peers
            .entry(peer)
            .or_insert_with(|| Bucket::full(self.peer, now));
        mine.fill(self.peer, now);
        all.fill(self.all, now);
        let wait = mine.wait(self.peer).max(all.wait(self.all));
        if let Some(seconds) = wait {
            return Err(seconds);
        }
        mine.tokens -= 1.0;
        all.tokens -= 1.0;
        Ok(())
    }
}

fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}
