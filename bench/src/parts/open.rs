//! Opening a vault and reading today, at three sizes in turn.

use super::setup::{PATIENT, Stage, TODAY};
use crate::clock::timed;
use crate::entries::moment;
use crate::report::{Goal, Row};
use crate::stats::Sample;
use crate::world::device;
use crate::{Result, parts::Setup};

/// Openings in one repetition.
const EACH: usize = 10;

/// Measures it.
///
/// # Errors
/// What the vault says; a day that holds other entries than it should.
pub fn measure(setup: &Setup) -> Result<Vec<Row>> {
    let sizes = [1_000, 10_000, 100_000].map(|n| setup.size(n));
    let mut dirs = Vec::new();
    for size in sizes {
        let name = format!("open-{size}");
        let dir = setup.copied(size, Stage::Recorded, &name)?;
        // Once, so that the first measured opening finds no journal to take in.
        drop(device::open(&dir.join(PATIENT))?);
        dirs.push(dir.join(PATIENT));
    }
    let mut samples = [(); 3].map(|()| Sample::default());
    for _ in 0..setup.repeat() {
        let mut round = [(); 3].map(|()| Sample::default());
        for _ in 0..setup.size(EACH).max(3) {
            for (dir, sample) in dirs.iter().zip(&mut round) {
                let today = moment(device::now_ms()).local().date();
                let (took, read) = timed(|| -> Result<_> {
                    let companion = device::open(dir)?;
                    let day = companion.journal().day(today)?;
                    Ok((companion, day))
                });
                let (companion, day) = read?;
                if day.len() != TODAY {
                    return Err("midnight passed since the vaults were made: measure again".into());
                }
                sample.add_micros(took);
                drop(companion);
            }
        }
        for (sample, round) in samples.iter_mut().zip(&round) {
            sample.add(round.median());
        }
    }
    let [small, middle, large] = samples;
    let row = |size: usize, sample: &Sample, goal| Row {
        what: format!("open and read today at {size} entries, vs {}", sizes[0]),
        unit: "µs",
        product: sample.stat(),
        baseline: Some(small.stat()),
        ratio: Some(Sample::from_iter([sample.median() / small.median()]).stat()),
        goal,
    };
    Ok(vec![
        Row::known(
            format!("open and read today at {} entries", sizes[0]),
            "µs",
            small.stat(),
        ),
        row(sizes[1], &middle, Goal::AtMost(1.2)),
        row(sizes[2], &large, Goal::AtMost(1.2)),
    ])
}
