//! How often somebody may ask (token buckets: one a peer and one for all where
//! nobody signed, one a device where one did), and how long the server waits
//! for others.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use clinic_api::id::DeviceId;

/// How many peers are remembered at once.
const PEERS: usize = 10_000;
/// How many devices are remembered at once.
const DEVICES: usize = 100_000;

/// Who is at the other end of the connection: an extension of the request.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub IpAddr);

/// How long the server waits for others.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For the head of a request, and for the next one on an idle connection.
    pub head: Duration,
    /// For the next piece of a body, or of an answer to be read.
    pub piece: Duration,
    /// For all of a body, or of an answer to be read.
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
/// Knows peers by address (of IPv6 by the /64 network). Behind a proxy that
/// the operator did not name, all have one address, and its bucket is that of all.
#[derive(Debug)]
pub struct Limiter {
    all: Rate,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    all: Bucket,
    peers: Buckets<IpAddr>,
}

/// Limits the requests of each device that signed.
#[derive(Debug)]
pub struct DeviceLimiter(Mutex<Buckets<DeviceId>>);

/// A bucket for each of many; full ones need not be remembered.
#[derive(Debug)]
struct Buckets<K> {
    rate: Rate,
    most: usize,
    buckets: HashMap<K, Bucket>,
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

impl<K: Eq + Hash> Buckets<K> {
    fn new(rate: Rate, most: usize) -> Self {
        Self {
            rate,
            most,
            buckets: HashMap::new(),
        }
    }

    /// The bucket of one, filled up to now; none when too many are remembered.
    fn of(&mut self, key: K, now: Duration) -> Option<&mut Bucket> {
        let rate = self.rate;
        if !self.buckets.contains_key(&key) && self.buckets.len() >= self.most {
            self.buckets.retain(|_, bucket| {
                bucket.fill(rate, now);
                bucket.tokens < rate.burst
            });
            if self.buckets.len() >= self.most {
                return None;
            }
        }
        let bucket = self.buckets.entry(key);
        let bucket = bucket.or_insert_with(|| Bucket::full(rate, now));
        bucket.fill(rate, now);
        Some(bucket)
    }
}

impl Limiter {
    /// One with these rates.
    pub fn new(peer: Rate, all: Rate) -> Self {
        let state = State {
            all: Bucket::full(all, Duration::ZERO),
            peers: Buckets::new(peer, PEERS),
        };
        Self {
            all,
            state: Mutex::new(state),
        }
    }

    /// Takes one request of a peer in, at the time `now` of one clock.
    ///
    /// # Errors
    /// After how many seconds to try again. A refused request costs nothing.
    pub fn take(&self, peer: IpAddr, now: Duration) -> Result<(), u32> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let State { all, peers } = &mut *state;
        let rate = peers.rate;
        let mine = peers.of(network(peer), now).ok_or(1_u32)?;
        all.fill(self.all, now);
        let wait = mine.wait(rate).max(all.wait(self.all));
        if let Some(seconds) = wait {
            return Err(seconds);
        }
        mine.tokens -= 1.0;
        all.tokens -= 1.0;
        Ok(())
    }
}

impl DeviceLimiter {
    /// One with this rate for each device.
    pub fn new(rate: Rate) -> Self {
        Self(Mutex::new(Buckets::new(rate, DEVICES)))
    }

    /// Takes one request in that this device has signed: only once its
    /// signature is verified, else anybody could use up what is its own.
    ///
    /// # Errors
    /// As [`Limiter::take`].
    pub fn take(&self, device: DeviceId, now: Duration) -> Result<(), u32> {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let rate = buckets.rate;
        let mine = buckets.of(device, now).ok_or(1_u32)?;
        if let Some(seconds) = mine.wait(rate) {
            return Err(seconds);
        }
        mine.tokens -= 1.0;
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
