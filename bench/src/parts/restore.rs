//! Restoring 10,000 entries into an empty device, against the bare path.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::push::{Against, BATCHES, COUNT, bare_push, one_thread, plaintexts};
use super::setup::{PATIENT, Stage};
use crate::bare::client::Fetcher;
use crate::bare::seal::Keys;
use crate::clock::timed;
use crate::report::{Goal, Row};
use crate::stats::Sample;
use crate::world::site::{Site, round};
use crate::{Result, parts::Setup};

/// Measures it.
///
/// # Errors
/// What vault, store or network say; a product or a baseline that brought other entries.
pub fn measure(setup: &Setup) -> Result<Vec<Row>> {
    let count = setup.size(COUNT);
    let entries = plaintexts(count);
    let mut against = Against::default();
    let (mut theirs, mut ratio) = (Sample::default(), Sample::default());
    for _ in 0..setup.repeat() {
        let bare = BATCHES.map(|batch| bare_restore(setup, &entries, batch, Fetcher::new));
        let [batch, _] = BATCHES;
        let searchable = bare_restore(setup, &entries, batch, Fetcher::searchable)?;
        let dir = setup.copied(count, Stage::Pushed, "restore")?;
        let site = Site::start(&dir)?;
        let chain = site.patient(PATIENT)?.chain;
        let (product, report) = timed(|| round(&site.office));
        report?;
        let care = site.office.care();
        if care.entries(chain, i64::MIN, i64::MAX, u32::MAX)?.len() != count {
            return Err("the product brought another number of entries".into());
        }
        against.add(count, product, bare)?;
        theirs.add(count as f64 / searchable.as_secs_f64());
        ratio.add(searchable.as_secs_f64() / product.as_secs_f64());
    }
    let mut rows = against.rows(&format!("restore {count} entries"), Goal::AtLeast(0.9));
    rows.extend(rows.first().cloned().map(|first| Row {
        what: format!("restore {count} entries, vs the bare path into raw SQLCipher with search"),
        baseline: Some(theirs.stat()),
        ratio: Some(ratio.stat()),
        goal: Goal::None,
        ..first
    }));
    Ok(rows)
}

/// How long the bare path takes to bring all that was pushed by it.
fn bare_restore(
    setup: &Setup,
    entries: &[Vec<u8>],
    batch: usize,
    reader: fn(Arc<Keys>, String, &Path) -> Result<Fetcher>,
) -> Result<Duration> {
    let dir = setup.fresh("restore-bare")?;
    let (_, server, keys) = bare_push(&dir, entries, batch)?;
    let runtime = one_thread()?;
    let mut fetcher = reader(keys, server.url(), &dir.join("reader"))?;
    let (took, fetched) = timed(|| {
        runtime.block_on(async {
            while fetcher.fetch().await?.is_some() {}
            Result::Ok(())
        })
    });
    fetched?;
    if fetcher.kept()? != entries {
        return Err("the baseline brought other entries".into());
    }
    Ok(took)
}
