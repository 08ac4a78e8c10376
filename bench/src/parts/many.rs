//! 1, 8 and 64 patients pushing at once: single entries, sealed beforehand, so that it is the
//! server that is measured.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use clinic_api::id::MemberId;
use companion_core::sync::{Reply, Request};

use crate::clock::Stopwatch;
use crate::report::{Goal, Row};
use crate::stats::{Sample, Stat};
use crate::words::Words;
use crate::world::device::{self, copy};
use crate::world::postgres::Postgres;
use crate::world::server::Server;
use crate::world::signed::{Caller, sealed_pushes};
use crate::world::site::Site;
use crate::{Result, parts::Setup};

/// How many push at once.
const PATIENTS: [usize; 3] = [1, 8, 64];
/// Pushes of all of them together, in one repetition.
const PUSHES: usize = 1_280;

struct Ready {
    name: String,
    pushes: Vec<Request>,
}

/// Measures it.
///
/// # Errors
/// What vault, store or network say. A push that fails is counted, not an error.
pub fn measure(setup: &Setup) -> Result<Vec<Row>> {
    let dir = setup.fresh("many")?;
    let site = Site::found(&dir)?;
    let mut rows = on(setup, "SQLite", site, |root| {
        let run = setup.fresh("many-run")?;
        copy(&dir.join("server"), &run)?;
        Server::sqlite(&run, root, None)
    })?;
    let Some(postgres) = Postgres::start()? else {
        eprintln!("  PostgreSQL is not installed: left out");
        return Ok(rows);
    };
    let base = postgres.database("base", "template0")?;
    let dir = setup.fresh("many-postgres")?;
    let site = Site::found_on(&dir, |root| Server::postgres(&base, root))?;
    rows.extend(on(setup, "PostgreSQL", site, |root| {
        Server::postgres(&postgres.database("run", "base")?, root)
    })?);
    Ok(rows)
}

/// Measures a store: `start` starts a server in the state in which the site is left.
fn on(
    setup: &Setup,
    store: &str,
    site: Site,
    start: impl Fn(MemberId) -> Result<Server>,
) -> Result<Vec<Row>> {
    let (root, most, dir) = (site.root, setup.size(64).max(8), site.dir.clone());
    let total = setup.size(PUSHES);
    let ready = prepare(&site, most, total)?;
    drop(site);
    let mut rows = Vec::new();
    let mut alone: Option<Stat> = None;
    for at_once in PATIENTS.map(|n| n.min(most)) {
        let (mut rate, mut failed) = (Sample::default(), Sample::default());
        for _ in 0..setup.repeat() {
            let server = start(root)?;
            let url = format!("http://{}", server.address());
            let each = total / at_once;
            let pushing = ready
                .iter()
                .take(at_once)
                .map(|r| {
                    let pushes = r.pushes.iter().take(each).cloned().collect();
                    Ok((caller(&dir, r, &url)?, pushes))
                })
                .collect::<Result<Vec<_>>>()?;
            let (took, sent, lost) = push_all(pushing)?;
            rate.add(sent as f64 / took.as_secs_f64());
            failed.add(lost as f64);
        }
        let growth = alone.map(|a| rate.stat().over(a.median));
        rows.push(Row {
            what: format!("{at_once} patients push single entries at once ({store}), vs one"),
            unit: "entries/s",
            product: rate.stat(),
            baseline: alone,
            ratio: growth,
            goal: growth.map_or(Goal::None, |_| Goal::AtLeast(1.0)),
        });
        rows.push(Row {
            what: format!("failed pushes of {at_once} patients ({store})"),
            unit: "pushes",
            product: failed.stat(),
            baseline: None,
            ratio: Some(failed.stat()),
            goal: Goal::AtMost(0.0),
        });
        alone = alone.or(Some(rate.stat()));
    }
    Ok(rows)
}

fn caller(dir: &Path, ready: &Ready, url: &str) -> Result<Caller> {
    let companion = device::open(&dir.join(&ready.name))?;
    Caller::new(&companion, url)
}

fn prepare(site: &Site, patients: usize, total: usize) -> Result<Vec<Ready>> {
    eprintln!("  preparing {patients} patients");
    let runtime = super::push::one_thread()?;
    let mut all = Vec::new();
    for number in 0..patients {
        let name = format!("patient-{number}");
        let patient = site.enrol(&name)?;
        // The first alone pushes all; the first eight an eighth each.
        let count = match number {
            0 => total,
            1..8 => total / 8,
            _ => total / patients,
        };
        let caller = Caller::new(&patient.companion, &site.url())?;
        let mut words = Words::new(number as u64);
        let pushes = sealed_pushes(&patient.companion, &caller, &mut words, count);
        all.push(Ready {
            name,
            pushes: runtime.block_on(pushes)?,
        });
    }
    Ok(all)
}

/// Sends everything, each patient's pushes one after the other: how long it took, how many were
/// taken, and how many not.
fn push_all(all: Vec<(Caller, Vec<Request>)>) -> Result<(Duration, u64, u64)> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let (sent, lost) = (AtomicU64::new(0), AtomicU64::new(0));
    let (sent, lost) = (std::sync::Arc::new(sent), std::sync::Arc::new(lost));
    let watch = Stopwatch::start();
    let tasks: Vec<_> = all
        .into_iter()
        .map(|(caller, pushes)| {
            let (sent, lost) = (sent.clone(), lost.clone());
            runtime.spawn(async move {
                for push in &pushes {
                    let taken = matches!(caller.send(push).await, Ok(Reply::Ok(_)));
                    let counter = if taken { &sent } else { &lost };
                    counter.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    runtime.block_on(async {
        for task in tasks {
            task.await?;
        }
        Result::Ok(())
    })?;
    let took = watch.elapsed();
    Ok((
        took,
        sent.load(Ordering::Relaxed),
        lost.load(Ordering::Relaxed),
    ))
}
