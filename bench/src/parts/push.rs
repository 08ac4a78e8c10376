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
/// Entries in a batch: frames in one of the product's runs.
pub const BATCH: usize = clinic_api::limits::FRAMES_PER_PUSH;

/// Measures it.
///
/// # Errors
/// What vault, store or network say; a product that pushed another number of entries.
pub fn measure(setup: &Setup) -> Result<Vec<Row>> {
    let count = setup.size(COUNT);
    let entries = plaintexts(count);
    let (mut ours, mut theirs, mut ratio) =
        (Sample::default(), Sample::default(), Sample::default());
    for _ in 0..setup.repeat() {
        let bare = bare_push(&setup.fresh("push-bare")?, &entries)?.0;
        let dir = setup.copied(count, Stage::Recorded, "push")?;
        let site = Site::start(&dir)?;
        let patient = site.patient(PATIENT)?;
        let (product, report) = timed(|| round(&patient.companion));
        if report?.frames_pushed != count as u64 {
            return Err("the product pushed another number of entries".into());
        }
        let rate = |time: Duration| count as f64 / time.as_secs_f64();
        theirs.add(rate(bare));
        ours.add(rate(product));
        ratio.add(rate(product) / rate(bare));
    }
    Ok(vec![Row {
        what: format!("push {count} entries, vs the bare path"),
        unit: "entries/s",
        product: ours.stat(),
        baseline: Some(theirs.stat()),
        ratio: Some(ratio.stat()),
        goal: Goal::AtLeast(0.5),
    }])
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
pub fn bare_push(dir: &Path, entries: &[Vec<u8>]) -> Result<(Duration, BareServer, Arc<Keys>)> {
    let keys = Arc::new(Keys::fixed()?);
    let server = BareServer::start(dir, keys.public())?;
    let mut sender = Sender::new(Arc::clone(&keys), server.url())?;
    let runtime = one_thread()?;
    let (took, sent) = timed(|| {
        runtime.block_on(async {
            for batch in entries.chunks(BATCH) {
                sender.send(batch).await?;
            }
            Result::Ok(())
        })
    });
    sent?;
    Ok((took, server, keys))
}
