//! Bytes on the wire and on the server's disk, and the server's processor time, an entry.
//!
//! In batches of 50 entries. Counted at the socket, by a proxy: headers, chains, everything
//! that a poll of either side sends. The plaintext is the note's 600 bytes alone; the event around
//! it has some 120 more.

use std::path::Path;

use super::setup::{PATIENT, Stage};
use crate::entries::{NOTE, mood};
use crate::report::{Goal, Row};
use crate::stats::{Sample, Stat};
use crate::words::Words;
use crate::world::device::now_ms;
use crate::world::proxy::Proxy;
use crate::world::server::Server;
use crate::world::site::{Site, poll, round};
use crate::{Result, parts::Setup};

/// Entries in a batch.
const BATCH: usize = 50;
/// Batches in one repetition.
const EACH: usize = 8;

/// Measures it.
///
/// # Errors
/// What vault, store or network say.
pub fn measure(setup: &Setup) -> Result<Vec<Row>> {
    let dir = setup.copied(setup.size(1_000), Stage::Restored, "bytes")?;
    let (mut up, mut down) = (Sample::default(), Sample::default());
    let (mut cpu_up, mut cpu_down) = (Sample::default(), Sample::default());
    let mut stored = Sample::default();
    let mut words = Words::new(4);
    for _ in 0..setup.repeat() {
        let before = stored_bytes(&dir)?;
        let batches = setup.size(EACH).max(2);
        {
            let proxy = Proxy::listen()?;
            let site = Site::start_behind(&dir, Some(&proxy))?;
            let patient = site.patient(PATIENT)?;
            for companion in [&patient.companion, &site.office] {
                round(companion)?;
                poll(companion)?;
            }
            for _ in 0..batches {
                for _ in 0..BATCH {
                    let mood = mood(&mut words, now_ms());
                    patient.companion.journal().record(&mood, Some(true))?;
                }
                for (companion, wire, cpu) in [
                    (&patient.companion, &mut up, &mut cpu_up),
                    (&site.office, &mut down, &mut cpu_down),
                ] {
                    let (bytes, used) = (proxy.bytes(), Server::cpu());
                    let report = poll(companion)?;
                    if report.frames_pushed + report.events_received < BATCH as u64 {
                        return Err("not every entry was carried".into());
                    }
                    let now = proxy.bytes();
                    let both = now.up + now.down - bytes.up - bytes.down;
                    wire.add(both as f64 / BATCH as f64);
                    cpu.add_micros((Server::cpu() - used) / BATCH as u32);
                }
            }
        }
        let grown = stored_bytes(&dir)? - before;
        stored.add(grown as f64 / (BATCH * batches) as f64);
    }
    let row = |what: &str, sample: &Sample| Row {
        what: format!("{what}, an entry, vs its note"),
        unit: "bytes",
        product: sample.stat(),
        baseline: Some(plain()),
        ratio: Some(sample.stat().over(NOTE as f64)),
        goal: Goal::AtMost(1.5),
    };
    Ok(vec![
        row("on the wire to push (a poll, both ways)", &up),
        row("on the wire to pull (a poll, both ways)", &down),
        row("stored by the server", &stored),
        Row::known("server CPU to take an entry in", "µs", cpu_up.stat()),
        Row::known("server CPU to give an entry out", "µs", cpu_down.stat()),
    ])
}

fn plain() -> Stat {
    Sample::from_iter([NOTE as f64]).stat()
}

/// Bytes of the server's files, when it is stopped.
fn stored_bytes(dir: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(dir.join("server"))? {
        bytes += entry?.metadata()?.len();
    }
    Ok(bytes)
}
