//! `clinic-console roster workstation`: letting a machine in, and putting one out.

use std::time::Duration;

use clap::Subcommand;
use clinic_api::id::DeviceId;
use companion_core::companion::Companion;
use companion_core::members::words::short;
use companion_core::problem::Problem;
use companion_core::sync::pairing::Waiting;
use companion_core::sync::{Staff, StaffError};
use serde_json::json;

use super::roster::{find, follow};
use super::{Done, at_terminal, line, typed};

/// What to do with workstations.
#[derive(Debug, Subcommand)]
pub enum What {
    /// Let another machine in: shows a code for `clinic-console join`, then compares digits.
    Add {
        /// Whose: name, or number as `roster list` shows it.
        person: String,
        /// So many seconds it waits for the machine to answer; 0 only shows the code.
        #[arg(long, value_name = "SECONDS", default_value_t = 600)]
        wait: u64,
    },
    /// Let the machine in that answered; the digits on its screen are read from standard input.
    Confirm,
    /// Take the code back that was shown last.
    Cancel,
    /// Put a workstation out: lost, stolen or no longer used.
    Remove {
        /// Its number, as `roster list` shows it.
        workstation: String,
    },
}

/// Does what was asked.
pub async fn act(companion: &Companion, what: &What, json: bool) -> Result<Done, Problem> {
    let staff = companion.staff();
    match what {
        What::Add { person, wait } => {
            let found = find(&staff, person)?;
            let offer = staff.offer_workstation(found.person).await?;
            let value = json!({
                "code": offer.text,
                "qr": offer.qr,
                "expires": offer.expires,
                "person": found.person.to_string(),
            });
            let text = format!(
                "On {}'s new machine run:\n\n    clinic-console --dir DIR join '{}'\n\nThe code is \
                 good for one machine and for a day. Hand it over yourself, not by mail.",
                found.name, offer.qr
            );
            if *wait == 0 || json || !at_terminal() {
                let text = format!("{text}\nWhen it shows digits: roster workstation confirm");
                return Ok((value, text));
            }
            line(&text);
            match answered(&staff, *wait).await? {
                Some(_) => confirm(&staff).await,
                None => Ok((
                    value,
                    "No machine has answered yet. When it shows digits: roster workstation confirm"
                        .to_owned(),
                )),
            }
        }
        What::Confirm => confirm(&staff).await,
        What::Cancel => {
            staff.withdraw_workstation().await?;
            Ok((
                json!({ "cancelled": true }),
                "Nobody comes in by that code.".to_owned(),
            ))
        }
        What::Remove { workstation } => {
            let device = which(&staff, workstation)?;
            staff.remove_workstation(device).await?;
            follow(companion).await;
            let text = format!(
                "Workstation {} is out: it reads nothing new, and the server refuses it. What was \
                 read there was read.",
                short(device)
            );
            Ok((json!({ "workstation": device.to_string() }), text))
        }
    }
}

async fn answered(staff: &Staff, wait: u64) -> Result<Option<Waiting>, Problem> {
    const PAUSE: u64 = 2;
    let mut waited = 0;
    loop {
        if let Some(answer) = staff.workstation_answer().await? {
            return Ok(Some(answer));
        }
        if waited >= wait {
            return Ok(None);
        }
        tokio::time::sleep(Duration::from_secs(PAUSE)).await;
        waited = waited.saturating_add(PAUSE);
    }
}

async fn confirm(staff: &Staff) -> Result<Done, Problem> {
    let digits = typed("The 12 digits on the new machine's screen: ")?;
    let device = staff.confirm_workstation(&digits).await?;
    let text = format!(
        "Workstation {} is in. It reads all that its person's role reads.",
        short(device)
    );
    Ok((json!({ "workstation": device.to_string() }), text))
}

/// A workstation that is in, by the beginning of its number.
fn which(staff: &Staff, typed: &str) -> Result<DeviceId, Problem> {
    let wanted = typed.trim().to_lowercase();
    let people = staff.people()?;
    let all = people.all.iter().flat_map(|p| &p.workstations);
    let mut fitting = all.filter(|w| {
        let within = w.removed_ms.is_none();
        within && wanted.len() >= 8 && w.device.to_string().starts_with(&wanted)
    });
    match (fitting.next(), fitting.next()) {
        (Some(one), None) => Ok(one.device),
        (None, _) | (Some(_), Some(_)) => Err(StaffError::UnknownWorkstation.into()),
    }
}
