//! `companion readers`.

use std::collections::BTreeMap;

use companion_core::env::Env;
use companion_core::problem::Problem;
use serde_json::json;

use super::kit;
use crate::args::VaultArgs;
use crate::open::open;
use crate::out::Out;
use crate::text::day;
use crate::wrap::wrap;

/// So many readings are shown as text; JSON has them all.
const READINGS: usize = 10;

/// Who can read, since when; what of that has changed; who read which entries when.
pub fn run(out: &Out, env: &Env, vault: &VaultArgs) -> Result<(), Problem> {
    let companion = open(env, vault)?;
    let (care, sync, members) = (companion.care(), companion.sync(), companion.members());
    let patient = sync.patient()?;
    let devices: Vec<_> = companion.devices().list()?.into_iter().collect();
    let own: Vec<_> = devices.iter().filter(|d| d.removed_ms.is_none()).collect();
    let kit_state = companion.kit().state()?;
    let joined = sync.server()?.is_some();
    let (readers, readings, heard) = if joined {
        (
            care.readers(patient)?,
            care.readings(patient)?,
            care.heard(patient)?,
        )
    } else {
        (Vec::new(), Vec::new(), BTreeMap::new())
    };
    let mut names = BTreeMap::new();
    for reading in &readings {
        if let Some((_, name)) = care.person_at(patient, reading.device)? {
            names.insert(reading.device, name);
        }
    }
    let changes = members.changes()?;
    let value = json!({
        "readers": readers.iter().map(|r| json!({
            "name": r.name,
            "role": role(r.role),
            "since_ms": r.since_ms,
            "heard_ms": heard.get(&r.person),
        })).collect::<Vec<_>>(),
        "devices": own.iter().map(|d| json!({ "name": d.name, "since_ms": d.added_ms })).collect::<Vec<_>>(),
        "kit": kit::name(kit_state),
        "changes": changes.iter().map(|c| json!({
            "at_ms": c.at_ms,
            "by": c.by,
            "text": c.text,
            "in_force_ms": c.in_force_ms,
            "new": c.new,
        })).collect::<Vec<_>>(),
        "readings": readings.iter().map(|r| json!({
            "entry": r.entry.to_string(),
            "name": names.get(&r.device),
            "at_ms": r.at_ms,
        })).collect::<Vec<_>>(),
    });
    out.result(&value, || {
        let mut lines = Vec::new();
        if readers.is_empty() {
            lines.push("Nobody at a clinic can read anything of yours.".to_owned());
        } else {
            lines.push("Can read what you share:".to_owned());
        }
        for reader in &readers {
            let last = match heard.get(&reader.person) {
                Some(ms) => format!("last heard {}", day(env, *ms)),
                None => "not heard yet".to_owned(),
            };
            lines.push(format!(
                "  {}, {}, since {}; {last}",
                reader.name,
                role(reader.role),
                day(env, reader.since_ms)
            ));
        }
        let mine = match own.len() {
            1 => "this device".to_owned(),
            many => format!("your {many} devices"),
        };
        lines.extend(wrap(
            &format!("All that you write can be read on {mine}."),
            0,
        ));
        lines.extend(kit::said(env, kit_state));
        if !changes.is_empty() {
            lines.push(String::new());
            lines.push("What has changed:".to_owned());
        }
        for change in &changes {
            let new = if change.new { " (new)" } else { "" };
            let text = format!("{}{new}: {}", day(env, change.at_ms), change.text);
            lines.extend(wrap(&text, 2));
        }
        if !readings.is_empty() {
            lines.push(String::new());
            lines.push(format!("Entries opened at the clinic: {}.", readings.len()));
        }
        for reading in readings.iter().take(READINGS) {
            let who = names
                .get(&reading.device)
                .map_or("somebody who left", String::as_str);
            let entry: String = reading.entry.to_string().chars().take(8).collect();
            lines.push(format!("  {} {entry} by {who}", day(env, reading.at_ms)));
        }
        lines.join("\n")
    });
    members.shown(&changes)?;
    Ok(())
}

fn role(role: companion_core::care::Role) -> &'static str {
    use companion_core::care::Role;
    match role {
        Role::Administrator => "administrator",
        Role::Clinician => "clinician",
        Role::FrontDesk => "front desk",
    }
}
