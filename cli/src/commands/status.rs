//! `companion status`.

use companion_core::env::Env;
use companion_core::problem::Problem;
use serde_json::json;

use super::kit;
use crate::args::VaultArgs;
use crate::mended;
use crate::open::open;
use crate::out::Out;
use crate::text;
use crate::wrap::wrap;

/// What is saved, what is sent, who can read it.
pub fn run(out: &Out, env: &Env, vault: &VaultArgs) -> Result<(), Problem> {
    let companion = open(env, vault)?;
    let (journal, sync, care) = (companion.journal(), companion.sync(), companion.care());
    let entries = journal.count()?;
    let unsent = sync.unsent()?;
    let server = sync.server()?.map(|s| s.to_string());
    let joining = sync.joining()?;
    let patient = sync.patient()?;
    let (welcomed, readers, readings) = if server.is_some() {
        (
            care.welcomed_ms(patient)?,
            care.readers(patient)?,
            care.readings(patient)?,
        )
    } else {
        (None, Vec::new(), Vec::new())
    };
    let devices = companion.devices().list()?;
    let in_use = devices.iter().filter(|d| d.removed_ms.is_none()).count();
    let pairing = sync.answering()?;
    let left = companion.leaving().left()?;
    let mended = companion.mended()?;
    let kit_state = companion.kit().state()?;
    let joining = joining.filter(|_| left.is_none());
    let clinic = sync.clinic()?.filter(|_| left.is_none());
    let value = json!({
        "entries": entries,
        "unsent": unsent,
        "server": server,
        "clinic": clinic,
        "digits": joining.as_ref().filter(|_| welcomed.is_none()).map(|j| j.digits.to_string()),
        "admitted": welcomed.is_some(),
        "left_ms": left.as_ref().map(|left| left.at_ms),
        "share_by_default": journal.share_by_default()?,
        "readers": readers.iter().map(|r| &r.name).collect::<Vec<_>>(),
        "entries_read": readings.len(),
        "devices": in_use,
        "pairing_digits": pairing.map(|p| p.digits.to_string()),
        "kit": kit::name(kit_state),
        "mended": mended::as_json(mended.as_ref()),
    });
    out.result(&value, || {
        let mut lines = vec![format!("{} on this device.", text::entries(entries))];
        match (&clinic, &server, &joining) {
            (Some(clinic), Some(server), _) if welcomed.is_some() => {
                lines.push(format!("With {clinic}; you were admitted."));
                lines.push(format!("Its server: {server}"));
            }
            (Some(clinic), Some(server), Some(joining)) => {
                lines.push(format!("Joining {clinic}, which hasn't admitted you yet."));
                lines.push(format!("Its server: {server}"));
                lines.push(format!("Digits for the clinic's staff: {}", joining.digits));
            }
            (Some(clinic), Some(server), None) => {
                lines.push(format!(
                    "With {clinic}. `companion sync` brings what is there."
                ));
                lines.push(format!("Its server: {server}"));
            }
            _ if left.is_some() => {
                lines.push("You left your clinic: nothing leaves this device any more.".to_owned());
                lines.push("What it keeps, and the receipt: companion leave".to_owned());
            }
            _ => lines.push("With no clinic yet: nothing leaves this device.".to_owned()),
        }
        if server.is_some() {
            let (noun, verb) = if unsent == 1 {
                ("change", "waits")
            } else {
                ("changes", "wait")
            };
            lines.push(format!("{unsent} {noun} {verb} to be sent."));
        }
        if !readers.is_empty() {
            let names: Vec<_> = readers.iter().map(|r| r.name.as_str()).collect();
            let readers = format!("Can read what you share: {}.", names.join(", "));
            lines.extend(wrap(&readers, 0));
            lines.push(format!(
                "Entries that were opened there: {}.",
                readings.len()
            ));
        }
        if let Some(pairing) = &pairing {
            lines.push("Another device of yours is to let this one in.".to_owned());
            lines.push(format!("The digits to compare there: {}", pairing.digits));
        }
        if devices.len() > 1 {
            let noun = if in_use == 1 { "device" } else { "devices" };
            lines.push(format!(
                "Your journal is on {in_use} {noun}: `companion devices list`."
            ));
        }
        if welcomed.is_some() {
            lines.extend(kit::said(env, kit_state));
        }
        if let Some(mended) = &mended {
            lines.extend(mended::lines(env, mended, server.is_some()));
        }
        lines.push(
            "Nobody watches this around the clock. `companion crisis` shows help.".to_owned(),
        );
        lines.join("\n")
    });
    Ok(())
}
