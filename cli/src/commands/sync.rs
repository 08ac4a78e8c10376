//! `companion sync`.

use companion_core::companion::Companion;
use companion_core::env::Env;
use companion_core::problem::{Kind, Problem};
use companion_core::sync::{Alarm, Cancel, Followed, Report};
use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};

use crate::args::{Sync, VaultArgs};
use crate::open::open;
use crate::out::Out;

/// Exchanges what is new with the clinic.
pub fn run(out: &Out, env: &Env, vault: &VaultArgs, how: &Sync) -> Result<(), Problem> {
    let companion = open(env, vault)?;
    if how.follow {
        return follow(out, &companion);
    }
    let report = companion
        .sync()
        .round_blocking(&Cancel::new())?
        .unwrap_or_default();
    out.result(&report_json(&report), || said(&report));
    Ok(())
}

/// A report in words.
fn said(report: &Report) -> String {
    let mut lines = vec![format!(
        "Sent {}, received {}.",
        count(report.frames_pushed, "entry", "entries"),
        count(report.events_received, "change", "changes"),
    )];
    if !report.left.is_empty() {
        lines = vec![
            "You left your clinic, by another of your devices. Your journal stays here, for you"
                .to_owned(),
            "alone, and nothing is sent any more. What the clinic keeps: companion leave"
                .to_owned(),
        ];
    }
    if !report.waiting.is_empty() {
        lines.push(
            "Some entries wait until the clinic, or another device of yours, has set up keys."
                .to_owned(),
        );
    }
    lines.extend(report.alarms.iter().map(|a| alarm_text(a).to_owned()));
    lines.join("\n")
}

/// Stays in sync until a signal ends it, or until trying again can't help.
fn follow(out: &Out, companion: &Companion) -> Result<(), Problem> {
    let fault = |_| {
        Problem::new(
            Kind::Internal,
            "runtime",
            "Waiting for the clinic can't be begun on this machine.",
        )
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(fault)?;
    let cancel = Cancel::new();
    let mut fatal = None;
    let followed = runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt()).map_err(fault)?;
        let mut terminate = signal(SignalKind::terminate()).map_err(fault)?;
        let sync = companion.sync();
        let following = sync.follow(&cancel, |event| {
            fatal = tell(out, event);
            if fatal.is_some() {
                cancel.cancel();
            }
        });
        tokio::select! {
            followed = following => followed.map_err(Problem::from),
            _ = interrupt.recv() => Ok(()),
            _ = terminate.recv() => Ok(()),
        }
    });
    runtime.shutdown_background();
    followed?;
    fatal.map_or(Ok(()), Err)
}

/// A line for what happened; the problem, where trying again can't help.
fn tell(out: &Out, event: &Followed) -> Option<Problem> {
    match event {
        Followed::Live => out.each(&json!({ "live": true }), || {
            "Connected: what is new comes at once.".to_owned()
        }),
        Followed::Polling => out.each(&json!({ "live": false }), || {
            "The connection was lost: asking from time to time.".to_owned()
        }),
        Followed::Round(report) => out.each(&report_json(report), || said(report)),
        Followed::Failed(error) => {
            let problem = Problem::from(*error);
            if !problem.retry {
                return Some(problem);
            }
            let value = json!({ "failed": problem.code });
            out.each(&value, || problem.advice.to_string());
        }
        _ => {}
    }
    None
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
        "left": !report.left.is_empty(),
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
        Alarm::BulletinInvalid(_) => "bulletin-invalid",
        Alarm::BulletinsForked(_) => "bulletins-forked",
        Alarm::BulletinsWithheld(_) => "bulletins-withheld",
        Alarm::GoneUnproven(_) => "gone-unproven",
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
        Alarm::BulletinsWithheld(_) => {
            "The server shows less of what the clinic says to all than was seen. Tell the clinic."
        }
        Alarm::GoneUnproven(_) => {
            "The server says that it erased your journal there, and shows no word of yours that \
             it should. Your journal here is untouched. Ask the clinic."
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
