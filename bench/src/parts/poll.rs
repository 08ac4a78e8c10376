//! Asking when nothing is new, with few frames and with many.

use super::setup::{PATIENT, Stage};
use crate::clock::timed;
use crate::report::{Goal, Row};
use crate::stats::Sample;
use crate::world::site::{Site, round};
use crate::{Result, parts::Setup};

/// Rounds in one repetition.
const EACH: usize = 20;

/// Measures it.
///
/// # Errors
/// What vault, store or network say; a round that brought something.
pub fn measure(setup: &Setup) -> Result<Vec<Row>> {
    let sizes = [1_000, 100_000].map(|n| setup.size(n));
    let mut sites = Vec::new();
    for size in sizes {
        let dir = setup.copied(size, Stage::Restored, &format!("poll-{size}"))?;
        let site = Site::start(&dir)?;
        let patient = site.patient(PATIENT)?;
        // What the other said meanwhile comes first.
        for _ in 0..2 {
            round(&patient.companion)?;
            round(&site.office)?;
        }
        sites.push((site, patient));
    }
    let mut rows = Vec::new();
    for (who, of_office) in [("patient", false), ("workstation", true)] {
        let mut samples = [Sample::default(), Sample::default()];
        let mut ratio = Sample::default();
        for _ in 0..setup.repeat() {
            let mut each = [Sample::default(), Sample::default()];
            for _ in 0..setup.size(EACH).max(3) {
                for ((site, patient), sample) in sites.iter().zip(&mut each) {
                    let polling = if of_office {
                        &site.office
                    } else {
                        &patient.companion
                    };
                    let (took, report) = timed(|| round(polling));
                    let report = report?;
                    if report.events_received + report.frames_pushed > 0 {
                        return Err("there was something new".into());
                    }
                    sample.add_micros(took);
                }
            }
            let [small, large] = &each;
            ratio.add(large.median() / small.median());
            for (sample, each) in samples.iter_mut().zip(&each) {
                sample.add(each.median());
            }
        }
        let [small, large] = samples;
        rows.push(Row {
            what: format!(
                "poll of a {who}, nothing new, at {} frames, vs {}",
                sizes[1], sizes[0]
            ),
            unit: "µs",
            product: large.stat(),
            baseline: Some(small.stat()),
            ratio: Some(ratio.stat()),
            goal: Goal::AtMost(1.2),
        });
    }
    Ok(rows)
}
