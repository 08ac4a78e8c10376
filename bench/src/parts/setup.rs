//! What the parts start from: made once a run, and copied where it would be changed.

use std::path::{Path, PathBuf};

use companion_core::env::Env;
use tempfile::TempDir;

use crate::Result;
use crate::args::Args;
use crate::entries::{earlier, mood};
use crate::words::Words;
use crate::world::device::{copy, now_ms};
use crate::world::site::{Site, round};

/// Entries that the day of the measurement holds, however many there are beside.
pub const TODAY: usize = 3;
/// The patient of a prepared site: the name of their folder.
pub const PATIENT: &str = "patient";

/// How far a prepared site has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The entries are in the patient's vault, and were never sent.
    Recorded,
    /// And are with the clinic API.
    Pushed,
    /// And are in the workstation's views.
    Restored,
}

/// Sizes, repetitions, and a folder that is removed at the end.
#[derive(Debug)]
pub struct Setup {
    dir: TempDir,
    quick: bool,
    repeat: u32,
}

impl Setup {
    /// That of a run.
    ///
    /// # Errors
    /// What the file system says.
    pub fn new(args: &Args) -> Result<Self> {
        std::fs::create_dir_all(&args.dir)?;
        Ok(Self {
            dir: TempDir::new_in(&args.dir)?,
            quick: args.quick,
            repeat: args.repetitions(),
        })
    }

    /// Where the data is.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// How often each measurement is repeated.
    pub fn repeat(&self) -> u32 {
        self.repeat
    }

    /// A size, or a twentieth of it in a quick run.
    pub fn size(&self, full: usize) -> usize {
        if self.quick { full.div_ceil(20) } else { full }
    }

    /// An empty folder, in place of any of that name.
    ///
    /// # Errors
    /// What the file system says.
    pub fn fresh(&self, name: &str) -> Result<PathBuf> {
        let dir = self.dir.path().join(name);
        if dir.exists() {
            std::fs::remove_dir_all(&dir)?;
        }
        std::fs::create_dir_all(&dir)?;
        Ok(dir)
    }

    /// A clinic with one patient who has so many entries, at rest; not to be changed.
    ///
    /// # Errors
    /// What vault, store or network say.
    pub fn prepared(&self, count: usize, stage: Stage) -> Result<PathBuf> {
        let name = format!("prepared-{count}-{stage:?}");
        let dir = self.dir.path().join(&name);
        if dir.exists() {
            return Ok(dir);
        }
        eprintln!("  preparing {count} entries: {stage:?}");
        let making = self.fresh(&format!("{name}-making"))?;
        match stage {
            Stage::Recorded => record(&making, count)?,
            Stage::Pushed => {
                copy(&self.prepared(count, Stage::Recorded)?, &making)?;
                let site = Site::start(&making)?;
                round(&site.patient(PATIENT)?.companion)?;
            }
            Stage::Restored => {
                copy(&self.prepared(count, Stage::Pushed)?, &making)?;
                round(&Site::start(&making)?.office)?;
            }
        }
        std::fs::rename(making, &dir)?;
        Ok(dir)
    }

    /// A copy of what [`Setup::prepared`] makes, to be changed.
    ///
    /// # Errors
    /// As [`Setup::prepared`].
    pub fn copied(&self, count: usize, stage: Stage, name: &str) -> Result<PathBuf> {
        let from = self.prepared(count, stage)?;
        let dir = self.fresh(name)?;
        copy(&from, &dir)?;
        Ok(dir)
    }
}

fn record(dir: &Path, count: usize) -> Result<()> {
    let site = Site::found(dir)?;
    let patient = site.enrol(PATIENT)?;
    let mut words = Words::new(2);
    let now = Env::system().now();
    let journal = patient.companion.journal();
    let few = count.saturating_sub(TODAY);
    journal.import(&earlier(&mut words, now, few), true)?;
    for _ in 0..TODAY.min(count) {
        journal.record(&mood(&mut words, now_ms()), Some(true))?;
    }
    Ok(())
}
