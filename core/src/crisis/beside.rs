//! `crisis-clinic.json`: the clinic's numbers beside the vault, for when it is locked.
//!
//! Nothing in it is secret and nothing about the person but which clinic it is.
//! It is written from verified bulletins whenever the vault is open; read, it is
//! believed no further than to be shown as the clinic's. Broken, too large or
//! missing, it is as if there were none: help never waits for it.

use std::io::Read;
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::clinic::{ClinicHelp, CrisisNumbers};

/// The file's name, in the vault's folder.
pub const FILE: &str = "crisis-clinic.json";
const SCHEMA: u32 = 1;
/// More than any honest file has.
const LARGEST: u64 = 256 * 1024;

#[derive(Serialize, Deserialize)]
struct File {
    schema: u32,
    clinic: String,
    bulletins: Vec<Bulletin>,
}

#[derive(Serialize, Deserialize)]
struct Bulletin {
    number: u64,
    /// Milliseconds since 1970.
    expires: Option<i64>,
    #[serde(flatten)]
    content: CrisisNumbers,
}

/// The bulletins in force: number, when it expires (ms), what it says.
pub(crate) type InForce = Vec<(u64, Option<i64>, CrisisNumbers)>;

/// The bytes of the file.
pub(crate) fn written(clinic: &str, bulletins: &InForce) -> Option<Vec<u8>> {
    let bulletin = |(number, expires, content): &(u64, Option<i64>, CrisisNumbers)| Bulletin {
        number: *number,
        expires: *expires,
        content: content.clone(),
    };
    let file = File {
        schema: SCHEMA,
        clinic: clinic.to_owned(),
        bulletins: bulletins.iter().map(bulletin).collect(),
    };
    serde_json::to_vec_pretty(&file).ok()
}

/// What is shown of bulletins that are in force; none where nothing is.
pub(crate) fn shown(clinic: &str, bulletins: &InForce, now: Timestamp) -> Option<ClinicHelp> {
    let mut lines = Vec::new();
    for (number, expires, content) in bulletins {
        let expired = expires
            .and_then(|ms| Timestamp::from_millisecond(ms).ok())
            .filter(|at| *at <= now);
        lines.extend(content.lines(*number, expired));
    }
    // What is out of date comes after what is not; it stays.
    lines.sort_by_key(|line| line.expired.is_some());
    (!lines.is_empty()).then(|| ClinicHelp {
        clinic: clinic.to_owned(),
        lines,
    })
}

/// The clinic's numbers as they are kept beside the vault in `dir`, without opening it.
///
/// None where there are none, or the file can't be used: never an error, and never a wait.
pub fn clinic_help(dir: &Path, now: Timestamp) -> Option<ClinicHelp> {
    let path = dir.join(FILE);
    // Not a pipe, which could wait for ever, and not a link to somewhere else.
    let meta = std::fs::symlink_metadata(&path).ok()?;
    (meta.is_file() && meta.len() <= LARGEST).then_some(())?;
    let mut bytes = Vec::new();
    let file = std::fs::File::open(&path).ok()?;
    file.take(LARGEST).read_to_end(&mut bytes).ok()?;
    let file: File = serde_json::from_slice(&bytes).ok()?;
    (file.schema == SCHEMA && name(&file.clinic)).then_some(())?;
    let bulletins = file.bulletins.into_iter();
    let bulletins = bulletins
        .map(|b| (b.number, b.expires, b.content))
        .collect();
    shown(&file.clinic, &bulletins, now)
}

fn name(text: &str) -> bool {
    text.len() <= clinic_api::limits::NAME && !text.chars().any(char::is_control)
}
