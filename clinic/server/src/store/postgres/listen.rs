//! Telling who listens: NOTIFY with each commit, LISTEN on a connection of its own.

use std::fmt::Write as _;
use std::sync::{Arc, Weak};
use std::time::Duration;

use ::postgres::fallible_iterator::FallibleIterator;
use clinic_api::id::ChainId;

use super::super::feed::{Signal, Sinks, Thing};
use super::super::{Result, StoreError};
use super::session::{Session, Trouble};
use super::{Address, Write};

/// How long to wait for something before looking whether the store is still in use.
const TICK: Duration = Duration::from_secs(1);
/// After how many quiet ticks to ask whether the database is still there.
const QUIET: u32 = 10;
/// How long it may take to answer that.
const ANSWER: Duration = Duration::from_secs(5);
/// How long to wait before a new connection.
const PAUSE: Duration = Duration::from_millis(200);

/// Tells of a transaction's changes once it is committed.
pub(super) fn notify(write: &mut Write<'_>) -> std::result::Result<(), Trouble> {
    let texts: Vec<String> = write.signals.iter().map(text).collect();
    write.session.execute(
        "SELECT pg_notify('clinic_feed', text) FROM unnest($1::text[]) AS told (text)",
        &[&texts],
    )?;
    Ok(())
}

/// Listens from now on, as long as the store is there.
pub(super) fn start(address: Arc<Address>, sinks: &Arc<Sinks>) -> Result<()> {
    let session = listening(&address).map_err(Trouble::settle)?;
    let sinks = Arc::downgrade(sinks);
    std::thread::Builder::new()
        .name("store-listen".to_owned())
        .spawn(move || listen(session, &address, &sinks))
        .map_err(|error| StoreError::Failed(Box::new(error)))
        .map(drop)
}

fn listening(address: &Address) -> std::result::Result<Session, Trouble> {
    let mut session = Session::connect(address)?;
    session.client().batch_execute("LISTEN clinic_feed")?;
    Ok(session)
}

fn listen(session: Session, address: &Address, sinks: &Weak<Sinks>) {
    let mut session = Some(session);
    loop {
        if let Some(open) = session.as_mut() {
            hear(open, sinks);
        }
        // Here the connection was lost, or the store is no longer in use.
        let Some(sinks) = sinks.upgrade() else {
            return;
        };
        session = match listening(address) {
            Ok(session) => Some(session),
            Err(trouble) => {
                let why = trouble.settle();
                tracing::warn!(%why, "cannot listen to the database");
                std::thread::sleep(PAUSE);
                None
            }
        };
        if session.is_some() {
            // What changed in between, nobody will say.
            sinks.tell_lost();
        }
    }
}

/// Tells what it hears, until the connection is lost or the store is gone.
fn hear(session: &mut Session, sinks: &Weak<Sinks>) {
    let mut quiet = 0;
    loop {
        let heard = session.client().notifications().timeout_iter(TICK).next();
        let Some(sinks) = sinks.upgrade() else {
            return;
        };
        match heard {
            Ok(Some(told)) => {
                quiet = 0;
                match signal(told.payload()) {
                    Some(signal) => sinks.tell(&[signal]),
                    // A newer server's words.
                    None => sinks.tell_lost(),
                }
            }
            Ok(None) => {
                quiet += 1;
                let closed = session.client().is_closed();
                let asked = quiet >= QUIET;
                if closed || (asked && session.client().is_valid(ANSWER).is_err()) {
                    return;
                }
                if asked {
                    quiet = 0;
                }
            }
            Err(_) => return,
        }
    }
}

/// Kind, thing, patient and clinic, with "-" for none.
fn text(signal: &Signal) -> String {
    let (kind, id) = signal.thing.parts();
    let mut text = format!("{kind} {}", ChainId(id));
    for whose in [signal.patient, signal.clinic] {
        // Writing to a string does not fail.
        let _ = match whose {
            Some(chain) => write!(text, " {chain}"),
            None => write!(text, " -"),
        };
    }
    text
}

fn signal(text: &str) -> Option<Signal> {
    let mut parts = text.split(' ');
    let kind = parts.next()?.parse().ok()?;
    let id: ChainId = parts.next()?.parse().ok()?;
    let mut whose = || match parts.next()? {
        "-" => Some(None),
        chain => chain.parse().ok().map(Some),
    };
    Some(Signal {
        patient: whose()?,
        clinic: whose()?,
        thing: Thing::of(kind, id.0).ok()?,
    })
}
