//! Restoring 10,000 entries into an empty device, against the bare path.

use std::sync::Arc;
use std::time::Duration;

use super::push::{COUNT, bare_push, one_thread, plaintexts};
use super::setup::{PATIENT, Stage};
use crate::bare::client::Fetcher;
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
    let (mut ours, mut theirs, mut ratio) =
        (Sample::default(), Sample::default(), Sample::default());
    for _ in 0..setup.repeat() {
        let dir = setup.fresh("restore-bare")?;
        let (_, server, keys) = bare_push(&dir, &entries)?;
        let runtime = one_thread()?;
        let mut fetcher = Fetcher::new(Arc::clone(&keys), server.url(), &dir.join("reader"))?;
        let (bare, fetched) = timed(|| {
            runtime.block_on(async {
                while fetcher.fetch().await?.is_some() {}
                Result::Ok(())
            })
        });
        fetched?;
        if fetcher.kept()? != entries {
            return Err("the baseline brought other entries".into());
        }
        drop(server);
        let dir = setup.copied(count, Stage::Pushed, "restore")?;
        let site = Site::start(&dir)?;
        let chain = site.patient(PATIENT)?.chain;
        let (product, report) = timed(|| round(&site.office));
        report?;
        let seen = site
            .office
            .care()
            .entries(chain, i64::MIN, i64::MAX, u32::MAX)?;
        if seen.len() != count {
            return Err("the product brought another number of entries".into());
        }
        let rate = |time: Duration| count as f64 / time.as_secs_f64();
        theirs.add(rate(bare));
        ours.add(rate(product));
        ratio.add(rate(product) / rate(bare));
    }
    Ok(vec![Row {
        what: format!("restore {count} entries, vs the bare path"),
        unit: "entries/s",
        product: ours.stat(),
        baseline: Some(theirs.stat()),
        ratio: Some(ratio.stat()),
        goal: Goal::AtLeast(0.9),
    }])
}
