//! `clinic-console join`: this machine becomes a workstation of the clinic.

use std::path::Path;
use std::time::Duration;

use companion_core::env::Env;
use companion_core::problem::Problem;
use companion_core::sync::pairing::PairingError;
use companion_core::sync::{Joined, Staff, StaffError, SyncError};
use serde_json::json;

use super::{Done, How, input, line};

/// Make this machine a workstation of the clinic, by the code that `roster workstation add`
/// shows.
///
/// It shows 12 digits for whoever added it, and waits until they are confirmed. Without a code
/// it goes on with what was begun.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The code, as scanned or typed.
    code: Option<String>,
    /// The clinic's server, where the code was typed and not scanned.
    #[arg(long, value_name = "URL")]
    at: Option<String>,
    /// What this machine is called on the other one's screen.
    #[arg(long, default_value = "workstation")]
    name: String,
    /// So many seconds it waits for the digits to be confirmed.
    #[arg(long, value_name = "SECONDS", default_value_t = 900)]
    wait: u64,
    #[command(flatten)]
    how: How,
}

/// Does what was asked.
pub async fn run(env: &Env, dir: &Path, args: &Args) -> Result<(), Problem> {
    let done = act(env, dir, args).await;
    args.how.print(done)
}

async fn act(env: &Env, dir: &Path, args: &Args) -> Result<Done, Problem> {
    let companion = args.how.open_or_create(env, dir)?;
    let staff = companion.staff();
    let answering = match &args.code {
        Some(code) => {
            let at = args.at.as_deref();
            Some(staff.answer_workstation(code, at, &args.name).await?)
        }
        None => staff.answering()?,
    };
    let Some(answering) = answering else {
        if companion.office().identity()?.is_some() {
            return joined(staff.finish_joining().await?);
        }
        return Err(input(
            "code-needed",
            "Give the code that `roster workstation add` shows on the other machine.",
        ));
    };
    let digits = answering.digits.to_string();
    if !args.how.json {
        line(&format!(
            "Digits for whoever added this machine:\n\n    {digits}\n\nThey have to be the same \
             there. Waiting for the confirmation."
        ));
    }
    match finished(&staff, args.wait).await? {
        Some(done) => joined(done),
        None => Ok((
            json!({ "joined": false, "digits": digits }),
            "Not confirmed yet. Run `clinic-console join` again, without the code, to go on."
                .to_owned(),
        )),
    }
}

/// Waits until the digits were confirmed; none where that took too long.
async fn finished(staff: &Staff, wait: u64) -> Result<Option<Joined>, Problem> {
    const PAUSE: u64 = 2;
    let mut waited = 0;
    loop {
        match staff.finish_joining().await {
            Ok(joined) => return Ok(Some(joined)),
            Err(StaffError::Sync(SyncError::Pairing(PairingError::NotConfirmed))) => {}
            Err(error) => return Err(error.into()),
        }
        if waited >= wait {
            return Ok(None);
        }
        tokio::time::sleep(Duration::from_secs(PAUSE)).await;
        waited = waited.saturating_add(PAUSE);
    }
}

fn joined(done: Joined) -> Result<Done, Problem> {
    let Joined {
        clinic,
        person,
        front,
        ..
    } = done;
    let value = json!({
        "joined": true,
        "clinic": clinic,
        "person": person,
        "patients": front.agreeing,
        "patients_missing": front.missing.len(),
        "patients_elsewhere": front.foreign.len(),
    });
    let mut lines = vec![
        format!("This machine is a workstation of {clinic}, for {person}."),
        format!(
            "Patients whose membership was verified here: {}.",
            front.agreeing
        ),
    ];
    if !front.agrees() {
        lines.push(format!(
            "Of {} on the clinic's list that could not be verified: don't rely on what is shown \
             for them, and tell whoever added this machine.",
            front.missing.len() + front.foreign.len()
        ));
    }
    lines.push("Open it: clinic-console --dir DIR".to_owned());
    Ok((value, lines.join("\n")))
}
