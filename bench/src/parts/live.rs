//! One new entry, from `record` returning to the other's view, against the bare path's round trip.

use std::sync::Arc;
use std::time::Duration;

use super::push::one_thread;
use super::setup::{PATIENT, Stage};
use crate::bare::client::{Fetcher, Sender};
use crate::bare::seal::Keys;
use crate::bare::server::BareServer;
use crate::clock::timed;
use crate::entries::{event, mood};
use crate::report::{Goal, Row};
use crate::stats::Sample;
use crate::words::Words;
use crate::world::device::now_ms;
use crate::world::follower::Follower;
use crate::world::site::{Site, round};
use crate::{Result, parts::Setup};

/// Entries in one repetition.
const EACH: usize = 20;
/// Between two entries.
const PAUSE: Duration = Duration::from_millis(30);

/// Measures it.
///
/// # Errors
/// What vault, store or network say; an entry that was not seen.
pub fn measure(setup: &Setup) -> Result<Vec<Row>> {
    let keys = Arc::new(Keys::fixed()?);
    let dir = setup.fresh("live-bare")?;
    let bare = BareServer::start(&dir, keys.public())?;
    let runtime = one_thread()?;
    let mut sender = Sender::new(Arc::clone(&keys), bare.url())?;
    let mut fetcher = Fetcher::new(keys, bare.url(), &dir.join("reader"))?;
    let dir = setup.copied(setup.size(1_000), Stage::Restored, "live")?;
    let site = Site::start(&dir)?;
    let patient = site.patient(PATIENT)?;
    round(&patient.companion)?;
    round(&site.office)?;
    let _writer = Follower::start(&patient.companion)?;
    let reader = Follower::start(&site.office)?;
    let mut words = Words::new(3);
    let (mut ours, mut theirs, mut ratio) =
        (Sample::default(), Sample::default(), Sample::default());
    for _ in 0..setup.repeat() {
        let (mut product, mut baseline) = (Sample::default(), Sample::default());
        for _ in 0..setup.size(EACH).max(3) {
            let mood = mood(&mut words, now_ms());
            let plain = event(mood.clone(), [1; 16]);
            let (took, fetched) = timed(|| {
                runtime.block_on(async {
                    sender.send(std::slice::from_ref(&plain)).await?;
                    fetcher.fetch().await
                })
            });
            if fetched? != Some(1) {
                return Err("the baseline did not bring the entry".into());
            }
            baseline.add_micros(took);
            let entry = patient.companion.journal().record(&mood, Some(true))?;
            let care = site.office.care();
            let (took, seen) = timed(|| -> Result<_> {
                loop {
                    let entries = care.entries(patient.chain, mood.felt.ms, i64::MAX, 10)?;
                    if entries.iter().any(|e| e.id == entry) {
                        return Ok(());
                    }
                    reader.wait()?;
                }
            });
            seen?;
            product.add_micros(took);
            // What it said after the entry was there is not about the next one.
            std::thread::sleep(PAUSE);
            reader.forget();
        }
        ours.add(product.median());
        theirs.add(baseline.median());
        ratio.add(product.median() / baseline.median());
    }
    Ok(vec![Row {
        what: "one entry, recorded to seen by who follows, vs the bare path".to_owned(),
        unit: "µs",
        product: ours.stat(),
        baseline: Some(theirs.stat()),
        ratio: Some(ratio.stat()),
        goal: Goal::AtMost(4.0),
    }])
}
