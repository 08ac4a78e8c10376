//! Asking when nothing is new, with few frames and with many.

use std::time::Duration;

use companion_core::companion::Companion;
use companion_core::sync::Report;

use super::setup::{PATIENT, Stage};
use crate::clock::timed;
use crate::report::{Goal, Row};
use crate::stats::Sample;
use crate::world::site::{Site, poll, round};
use crate::{Result, parts::Setup};

/// Calls in one repetition.
const EACH: usize = 20;
/// Patients of a clinic of 1,000 spaces: three each, and the clinic's own.
const PATIENTS: usize = 333;
/// After so long the feed repeats nothing.
const QUIET: Duration = Duration::from_secs(130);

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
    let patients = sites.iter().map(|(_, patient)| &patient.companion);
    let workstations = sites.iter().map(|(site, _)| &site.office);
    let (patients, workstations): (Vec<_>, Vec<_>) = (patients.collect(), workstations.collect());
    let of = |who: &str| {
        format!(
            "{who}, nothing new, at {} frames, vs {}",
            sizes[1], sizes[0]
        )
    };
    let mut rows = vec![
        compare(setup, of("poll of a patient"), &patients, poll)?,
        compare(setup, of("poll of a workstation"), &workstations, poll)?,
        compare(setup, of("whole round of a patient"), &patients, round)?,
    ];
    let spaces = setup.size(PATIENTS) * 3;
    let few = clinic(setup, "feed-1", 1)?;
    let many = clinic(setup, "feed-many", setup.size(PATIENTS))?;
    if spaces == PATIENTS * 3 {
        // The feed repeats what changed in the last two minutes: that is not "nothing new".
        eprintln!("  waiting for the feed to be quiet");
        std::thread::sleep(QUIET);
    }
    let what = format!("feed of a workstation, nothing new, at {spaces} spaces of patients, vs 3");
    rows.push(compare(setup, what, &[&few.office, &many.office], poll)?);
    Ok(rows)
}

/// A clinic of so many patients, of whom its workstation knows all.
fn clinic(setup: &Setup, name: &str, patients: usize) -> Result<Site> {
    let dir = setup.fresh(name)?;
    let site = Site::found(&dir)?;
    eprintln!("  preparing {patients} patients");
    for number in 0..patients {
        site.admit(&format!("patient-{number}"))?;
    }
    for _ in 0..2 {
        round(&site.office)?;
    }
    poll(&site.office)?;
    Ok(site)
}

/// The same call on few (first) and on many (second), in turn.
fn compare(
    setup: &Setup,
    what: String,
    two: &[&Companion],
    call: fn(&Companion) -> Result<Report>,
) -> Result<Row> {
    let mut samples = [Sample::default(), Sample::default()];
    let mut ratio = Sample::default();
    for companion in two {
        call(companion)?;
    }
    for _ in 0..setup.repeat() {
        let mut each = [Sample::default(), Sample::default()];
        for _ in 0..setup.size(EACH).max(3) {
            for (companion, sample) in two.iter().zip(&mut each) {
                let (took, report) = timed(|| call(companion));
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
    Ok(Row {
        what,
        unit: "µs",
        product: large.stat(),
        baseline: Some(small.stat()),
        ratio: Some(ratio.stat()),
        goal: Goal::AtMost(1.2),
    })
}
