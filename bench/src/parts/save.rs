//! Saving an entry, against SQLCipher with the same row, index and search table.
//!
//! Entry by entry in turn, so that whatever else the disk and the processor do meets both.

use crate::clock::timed;
use crate::entries::{event, mood};
use crate::raw::Raw;
use crate::report::{Goal, Row};
use crate::stats::Sample;
use crate::words::Words;
use crate::world::device;
use crate::{Result, parts::Setup};

/// Entries saved by both before anything counts.
const WARM: usize = 200;

/// Measures it.
///
/// # Errors
/// What the vault or SQLCipher says; a search that finds differently in both.
pub fn measure(setup: &Setup) -> Result<Vec<Row>> {
    let dir = setup.fresh("save")?;
    let mut raw = Raw::create(&dir.join("raw"))?;
    let companion = device::patient(&dir.join("patient"))?;
    let journal = companion.journal();
    let mut words = Words::new(1);
    let each = setup.size(300);
    let mut ms = device::now_ms();
    let mut save = |product: &mut Sample, bare: &mut Sample| -> Result<()> {
        ms += 1;
        let mood = mood(&mut words, ms);
        let mut id = [0; 16];
        id.iter_mut()
            .zip(ms.to_be_bytes())
            .for_each(|(to, from)| *to = from);
        let bytes = event(mood.clone(), id);
        let note = mood.note.clone().unwrap_or_default();
        let (took, saved) = timed(|| raw.record(id, ms, &bytes, &note));
        saved?;
        bare.add_micros(took);
        let (took, saved) = timed(|| journal.record(&mood, Some(false)));
        saved?;
        product.add_micros(took);
        Ok(())
    };
    let mut ignored = (Sample::default(), Sample::default());
    for _ in 0..setup.size(WARM) {
        save(&mut ignored.0, &mut ignored.1)?;
    }
    let (mut product, mut bare, mut ratio) =
        (Sample::default(), Sample::default(), Sample::default());
    for _ in 0..setup.repeat() {
        let (mut ours, mut theirs) = (Sample::default(), Sample::default());
        for _ in 0..each {
            save(&mut ours, &mut theirs)?;
        }
        product.add(ours.median());
        bare.add(theirs.median());
        ratio.add(ours.median() / theirs.median());
    }
    for word in ["ba", "stra", "tri"] {
        let found = journal.search(word, None, u32::MAX)?.entries.len() as u64;
        if found != raw.found(word)? {
            return Err("the product and the baseline find different entries".into());
        }
    }
    Ok(vec![Row {
        what: "save one entry, vs raw SQLCipher".to_owned(),
        unit: "µs",
        product: product.stat(),
        baseline: Some(bare.stat()),
        ratio: Some(ratio.stat()),
        goal: Goal::AtMost(1.3),
    }])
}
