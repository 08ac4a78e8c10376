//! `companion sync`.

use companion_core::env::Env;
use companion_core::problem::Problem;
use companion_core::sync::{Alarm, Cancel, Report};
use serde_json::{Value, json};

use crate::args::VaultArgs;
use crate::open::open;
use crate::out::Out;

/// Exchanges what is new with the clinic.
pub fn run(out: &Out, env: &Env, vault: &VaultArgs) -> Result<(), Problem> {
    let companion = open(env, vault)?;
    let report = companion
        .sync()
        .round_blocking(&Cancel::new())?
        .unwrap_or_default();
    out.result(&report_json(&report), || {
        let mut lines = vec![format!(
            "Sent {}, received {}.",
            count(report.frames_pushed, "entry", "entries"),
            count(report.events_received, "change", "changes"),
        )];
        if !report.waiting.is_empty() {
            lines.push("Some entries wait until the clinic has set up its keys anew.".to_owned());
        }
        lines.extend(report.alarms.iter().map(|a| alarm_text(a).to_owned()));
        lines.join("\n")
    });
    Ok(())
}

fn count(number: u64, one: &str, many: &str) -> String {
    if number == 1 {
        format!("1 {one}")
    } else {
        format!("{number} {many}")
    }
}

/// A report as JSON.
pub fn report_json(report: &Report) -> Value {
    json!({
        "frames_pushed": report.frames_pushed,
        "events_received": report.events_received,
        "bytes": report.bytes,
        "requests": report.requests,
        "waiting": report.waiting.len(),
        "alarms": report.alarms.iter().map(alarm_code).collect::<Vec<_>>(),
    })
}

fn alarm_code(alarm: &Alarm) -> &'static str {
    match alarm {
        Alarm::ChainForked(_) => "chain-forked",
        Alarm::ChainInvalid(_) => "chain-invalid",
        Alarm::RunInvalid(..) => "run-invalid",
        Alarm::UnknownDevice(..) => "unknown-device",
        Alarm::UnknownCitation(..) => "unknown-citation",
        Alarm::DoesNotOpen(..) => "does-not-open",
        Alarm::AfterRemoval(..) => "after-removal",
        Alarm::LogForked(..) => "log-forked",
        Alarm::BodyMissing(..) => "body-missing",
        Alarm::Withheld(..) => "withheld",
        Alarm::OwnLogLonger(_) => "own-log-longer",
        _ => "unknown",
    }
}

fn alarm_text(alarm: &Alarm) -> &'static str {
    match alarm {
        Alarm::OwnLogLonger(_) => {
            "This journal was restored from a backup, or a copy of it is in use elsewhere. \
             It goes on safely; nothing was lost."
        }
        Alarm::Withheld(..) => {
            "The server shows less than another member has seen. Tell the clinic."
        }
        Alarm::AfterRemoval(..) => "A removed device wrote something; it was set aside.",
        Alarm::ChainForked(_)
        | Alarm::ChainInvalid(_)
        | Alarm::RunInvalid(..)
        | Alarm::UnknownDevice(..)
        | Alarm::UnknownCitation(..)
        | Alarm::DoesNotOpen(..)
        | Alarm::LogForked(..)
        | Alarm::BodyMissing(..)
        | _ => {
            "The server showed something that doesn't verify. It was set aside and not used. \
             Tell the clinic."
        }
    }
}
