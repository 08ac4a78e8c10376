//! The demo's scene: a server, a clinic's workstation and a patient's device.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::path::PathBuf;

use companion_core::companion::Companion;
use companion_core::env::Env;
use companion_core::event::Moment;
use companion_core::import::daylio::Reading;
use companion_core::journal::{Mood, Sleep, Valence};
use companion_core::problem::Problem;
use companion_core::sync::{AdmitError, Cancel, Report, SyncError};
use companion_core::vault::{Cost, PassphraseFile};
use jiff::SignedDuration;
use jiff::tz::TimeZone;

use super::process::{Children, Process};
use super::search::{self, Found};
use super::{PASSPHRASE, failed};
use crate::commands::import;

const CLINIC: &str = "Harbour Street Ketamine Clinic";
const CLINICIAN: &str = "Dr. Mara Lindqvist";
const PATIENT: &str = "Alex Morgan";
const BIRTH_DATE: &str = "1987-03-14";

/// What the demo has running.
pub struct Stage {
    env: Env,
    dir: PathBuf,
    children: Children,
    patient: Companion,
    /// Closed before the console opens the same vault.
    clinic: Option<Companion>,
    server: Option<Process>,
    console: Option<Process>,
    address: String,
    /// Words that stand in the server's files before any patient joined.
    before: BTreeSet<String>,
}

/// What an import came to.
pub struct Imported {
    /// Entries added.
    pub added: u64,
    /// Entries there before.
    pub already: u64,
    /// Lines that were left out.
    pub left_out: usize,
}

impl Stage {
    /// Opens both vaults, or makes them.
    pub fn open(env: &Env, dir: PathBuf, children: Children) -> Result<Self, Problem> {
        let open = |name: &str| {
            let dir = dir.join(name);
            std::fs::create_dir_all(&dir)
                .map_err(|_| failed("The demo's folder can't be made."))?;
            let key = dir.join("vault.key");
            let keys =
                PassphraseFile::new(key, PASSPHRASE.to_owned(), Cost::RECOMMENDED, env.clone());
            Companion::open_or_create(&dir, &keys, env.clone()).map_err(Problem::from)
        };
        let (patient, clinic) = (open("patient")?, open("clinic")?);
        Ok(Self {
            env: env.clone(),
            children,
            patient,
            clinic: Some(clinic),
            server: None,
            console: None,
            address: String::new(),
            before: BTreeSet::new(),
            dir,
        })
    }

    fn clinic(&self) -> Result<&Companion, Problem> {
        self.clinic
            .as_ref()
            .ok_or_else(|| failed("The clinic's vault is closed already."))
    }

    /// Starts the clinic API, which is told the clinic's fingerprint and nothing else.
    pub fn start_server(&mut self) -> Result<String, Problem> {
        // The address is signed with every request, so both vaults must know it.
        let free = TcpListener::bind("127.0.0.1:0")
            .and_then(|l| l.local_addr())
            .map_err(|_| failed("No port is free on this machine."))?;
        self.address = format!("http://{free}");
        let office = self.clinic()?.office();
        let root = match office.identity()? {
            Some((root, ..)) => {
                office.set_server(&self.address)?;
                root
            }
            None => office.found(&self.address, CLINIC, CLINICIAN)?,
        };
        if self.patient.sync().server()?.is_some() {
            self.patient.sync().set_server(&self.address)?;
        }
        let store = self.dir.join("server");
        let args = [
            "serve".to_owned(),
            "--dir".to_owned(),
            store.to_string_lossy().into_owned(),
            "--listen".to_owned(),
            free.to_string(),
            "--clinic".to_owned(),
            root.to_string(),
        ];
        let log = self.dir.join("server.log");
        let (process, _) = Process::start(&self.children, "clinic-server", &args, &log)?;
        self.server = Some(process);
        Ok(self.address.clone())
    }

    /// Makes the clinic known to its API.
    pub fn found_clinic(&mut self) -> Result<(), Problem> {
        let clinic = self.clinic()?;
        let office = clinic.office();
        office.blocking(&Cancel::new(), async |o: &_| o.register().await)?;
        clinic.sync().round_blocking(&Cancel::new())?;
        Ok(())
    }

    /// Enrols the patient through a real invite; the digits, unless it was done before.
    pub fn enrol(&mut self) -> Result<Option<String>, Problem> {
        let sync = self.patient.sync();
        let patient = sync.set_up_patient()?;
        self.before = self.words_at_server();
        if sync.server()?.is_some() && self.patient.care().welcomed_ms(patient)?.is_some() {
            return Ok(None);
        }
        let clinic = self.clinic()?;
        let (office, cancel) = (clinic.office(), Cancel::new());
        let ended = || failed("That was cancelled.");
        let invitation = office
            .blocking(&cancel, async |o: &_| o.invite(PATIENT, BIRTH_DATE).await)?
            .ok_or_else(ended)?;
        let joining = sync
            .join_blocking(&invitation.qr, None, &cancel)?
            .ok_or_else(ended)?;
        let digits = joining.digits.to_string();
        let admitted = office.blocking(&cancel, async |o: &_| {
            let done = o
                .admit(invitation.lookup, &digits, PATIENT, BIRTH_DATE)
                .await;
            Ok::<Result<_, AdmitError>, SyncError>(done)
        })?;
        admitted.ok_or_else(ended)??;
        clinic.sync().round_blocking(&cancel)?;
        sync.round_blocking(&cancel)?;
        Ok(Some(digits))
    }

    /// Imports a Daylio export, shared with the care team.
    pub fn import(
        &self,
        bytes: &[u8],
        moods: &[String],
        zone: &TimeZone,
    ) -> Result<Imported, Problem> {
        let reading = Reading::parse(bytes)?;
        let plan = import::plan(&reading, &import::mapping(moods)?, zone)?;
        let result = self.patient.journal().import(&plan.entries, true)?;
        Ok(Imported {
            added: result.added,
            already: result.already,
            left_out: plan.left_out.len(),
        })
    }

    /// Saves three entries of today: two shared, one private.
    pub fn record_today(&self, zone: &TimeZone) -> Result<u64, Problem> {
        let journal = self.patient.journal();
        let now = self.env.now();
        let felt = |hours: i64| {
            let at = now
                .checked_sub(SignedDuration::from_hours(hours))
                .unwrap_or(now);
            Moment::of(at, zone)
        };
        let mood = |scale: f64, hours| {
            Valence::from_scale(scale).map(|valence| Mood::new(valence, felt(hours)))
        };
        let mut morning = mood(5.0, 6)?;
        morning.sleep = Some(Sleep {
            hours: Some(6.5),
            quality: Some(6),
        });
        morning.anxiety = Some(4);
        morning.note = Some("Woke before the alarm. Quiet head, heavy legs.".to_owned());
        let mut noon = mood(6.0, 3)?;
        noon.energy = Some(5);
        noon.feelings = vec!["calm".to_owned(), "hopeful".to_owned()];
        noon.associations = vec!["selfCare".to_owned()];
        noon.note = Some("Walked around the block in the rain and didn't mind it.".to_owned());
        let mut alone = mood(4.0, 1)?;
        alone.words = vec!["tired of explaining".to_owned()];
        alone.note = Some("This one stays with me for now.".to_owned());
        for (entry, share) in [(&morning, true), (&noon, true), (&alone, false)] {
            journal.record(entry, Some(share))?;
        }
        Ok(3)
    }

    /// Syncs the patient's device.
    pub fn sync_patient(&self) -> Result<Report, Problem> {
        let report = self
            .patient
            .sync()
            .round_blocking(&Cancel::new())?
            .unwrap_or_default();
        if report.alarms.is_empty() {
            Ok(report)
        } else {
            Err(failed("The server showed something that doesn't verify."))
        }
    }

    /// Syncs the clinic's workstation and counts what it can read.
    pub fn read_at_clinic(&self) -> Result<u64, Problem> {
        let clinic = self.clinic()?;
        clinic.sync().round_blocking(&Cancel::new())?;
        let mut read = 0;
        for patient in clinic.front().patients()? {
            let entries = clinic
                .care()
                .entries(patient.chain, i64::MIN, i64::MAX, u32::MAX)?;
            read += entries.len() as u64;
        }
        Ok(read)
    }

    /// Searches the server's files and log for every word of the journal.
    pub fn search_server(&self) -> Result<Found, Problem> {
        let entries = self.patient.journal().list(i64::MIN, i64::MAX, u32::MAX)?;
        let needles: BTreeSet<String> = search::needles(&entries)
            .difference(&self.before)
            .cloned()
            .collect();
        let haystack = self.server_bytes();
        Ok(Found {
            needles: needles.len(),
            hits: search::hits(&haystack, &needles).len(),
            bytes: haystack.len(),
            sample: search::sample(&haystack),
        })
    }

    fn server_bytes(&self) -> Vec<u8> {
        let mut all = std::fs::read(self.dir.join("server.log")).unwrap_or_default();
        all.extend(search::read_all(&self.dir.join("server")));
        all
    }

    /// Words that are the server's own: its tables' names are words too.
    fn words_at_server(&self) -> BTreeSet<String> {
        let kept = self.dir.join("server-words.json");
        if let Ok(text) = std::fs::read_to_string(&kept) {
            return serde_json::from_str::<Vec<String>>(&text)
                .map(|words| words.into_iter().collect())
                .unwrap_or_default();
        }
        let bytes = self.server_bytes();
        let words: BTreeSet<String> = bytes
            .split(|b| !b.is_ascii_alphanumeric())
            .filter(|w| w.len() >= 7)
            .map(|w| String::from_utf8_lossy(w).into_owned())
            .collect();
        let list: Vec<&String> = words.iter().collect();
        if let Ok(text) = serde_json::to_string(&list) {
            let _ = std::fs::write(kept, text);
        }
        words
    }

    /// Starts the console on the clinic's vault, which is closed here first.
    pub fn start_console(&mut self) -> Result<String, Problem> {
        self.clinic = None;
        let dir = self.dir.join("clinic");
        let args = ["--dir".to_owned(), dir.to_string_lossy().into_owned()];
        let log = self.dir.join("console.log");
        let (process, line) = Process::start(&self.children, "clinic-console", &args, &log)?;
        self.console = Some(process);
        let url = line
            .split_whitespace()
            .find(|word| word.starts_with("http://"));
        url.map(str::to_owned)
            .ok_or_else(|| failed("The console did not say where it is."))
    }
}
