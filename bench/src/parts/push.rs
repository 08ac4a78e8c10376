//! Pushing 10,000 entries that were recorded before, against the bare path.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use super::setup::{PATIENT, Stage};
use crate::bare::client::Sender;
use crate::bare::seal::Keys;
use crate::bare::server::BareServer;
use crate::clock::timed;
use crate::entries::{event, mood};
use crate::report::{Goal, Row};
use crate::stats::Sample;
use crate::words::Words;
use crate::world::site::{Site, round};
use crate::{Result, parts::Setup};

/// Entries that are pushed and restored.
pub const COUNT: usize = 10_000;
/// Entries in a batch of the bare path: as many as frames in one of the product's runs, and as
/// many as bytes are counted with.
pub const BATCHES: [usize; 2] = [clinic_api::limits::FRAMES_PER_PUSH, 50];

/// Measures it.
///
/// # Errors
/// What vault, store or network say; a product that pushed another number of entries.
pub fn measure(setup: &Setup) -> Result<Vec<Row>> {
    let count = setup.size(COUNT);
    let entries = plaintexts(count);
    let mut against = Against::default();
    for _ in 0..setup.repeat() {
        let bare = BATCHES.map(|batch| {
            let dir = setup.fresh("push-bare")?;
            Ok(bare_push(&dir, &entries, batch)?.0)
        });
        let dir = setup.copied(count, Stage::Recorded, "push")?;
        let site = Site::start(&dir)?;
        let patient = site.patient(PATIENT)?;
        let (product, report) = timed(|| round(&patient.companion));
        if report?.frames_pushed != count as u64 {
            return Err("the product pushed another number of entries".into());
        }
        against.add(count, product, bare)?;
    }
    Ok(against.rows(&format!("push {count} entries"), Goal::AtLeast(0.5)))
}

/// The product against the bare path with each size of batch, in entries a second.
#[derive(Debug, Default)]
pub struct Against {
    ours: Sample,
    theirs: [Sample; 2],
    ratio: [Sample; 2],
}

impl Against {
    /// One repetition: how long each took.
    ///
    /// # Errors
    /// That of the bare path, where it failed.
    pub fn add(
        &mut self,
        count: usize,
        product: Duration,
        bare: [Result<Duration>; 2],
    ) -> Result<()> {
        let rate = |time: Duration| count as f64 / time.as_secs_f64();
        self.ours.add(rate(product));
        for ((bare, theirs), ratio) in bare.into_iter().zip(&mut self.theirs).zip(&mut self.ratio) {
            let bare = bare?;
            theirs.add(rate(bare));
            ratio.add(rate(product) / rate(bare));
        }
        Ok(())
    }

    /// A line for each size of batch.
    pub fn rows(&self, what: &str, goal: Goal) -> Vec<Row> {
        let each = BATCHES.iter().zip(&self.theirs).zip(&self.ratio);
        each.map(|((batch, theirs), ratio)| Row {
            what: format!("{what}, vs the bare path in batches of {batch}"),
            unit: "entries/s",
            product: self.ours.stat(),
            baseline: Some(theirs.stat()),
            ratio: Some(ratio.stat()),
            goal,
        })
        .collect()
    }
}

/// The plaintext of so many entries.
pub fn plaintexts(count: usize) -> Vec<Vec<u8>> {
    let mut words = Words::new(2);
    let each = |number: usize| event(mood(&mut words, number as i64 * 1000), [number as u8; 16]);
    (0..count).map(each).collect()
}

/// One thread, as the product's blocking calls have.
///
/// # Errors
/// What the system says.
pub fn one_thread() -> Result<Runtime> {
    Ok(Builder::new_current_thread().enable_all().build()?)
}

/// Pushes by the bare path into a fresh server in a folder: how long it took, and the server.
///
/// # Errors
/// What went wrong on the way.
pub fn bare_push(
    dir: &Path,
    entries: &[Vec<u8>],
    batch: usize,
) -> Result<(Duration, BareServer, Arc<Keys>)> {
    let keys = Arc::new(Keys::fixed()?);
    let server = BareServer::start(dir, keys.public())?;
    let mut sender = Sender::new(Arc::clone(&keys), server.url())?;
    let runtime = one_thread()?;
    let (took, sent) = timed(|| {
        runtime.block_on(async {
            for batch in entries.chunks(batch) {
                sender.send(batch).await?;
            }
            Result::Ok(())
        })
    });
    sent?;
    Ok((took, server, keys))
}
