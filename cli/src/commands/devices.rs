//! `companion devices`.

use std::io::{BufRead, IsTerminal, Write};

use companion_core::companion::Companion;
use companion_core::device::{Device, DeviceError};
use companion_core::env::Env;
use companion_core::problem::{Kind, Problem};
use companion_core::sync::pairing::Waiting;
use companion_core::sync::{Cancel, Sync, SyncError};
use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};
use serde_json::{Value, json};

use crate::args::{Devices, DevicesCommand, Pair, Remove, VaultArgs};
use crate::open::open;
use crate::out::Out;
use crate::text::day;
use crate::wrap::shorten;

/// What is typed to go on.
const WORD: &str = "remove";
/// A name in a list, at most.
const NAME: usize = 40;

/// Does what is asked with the person's devices.
pub fn run(out: &Out, env: &Env, vault: &VaultArgs, args: &Devices) -> Result<(), Problem> {
    let companion = open(env, vault)?;
    match &args.command {
        DevicesCommand::List => list(out, env, &companion),
        DevicesCommand::Pair(pair) => self::pair(out, &companion, pair),
        DevicesCommand::Rename(rename) => {
            let devices = companion.devices();
            let device = devices.find(&rename.device)?;
            devices.rename(device.id, &rename.name)?;
            let value = json!({ "device": device.id.to_string(), "name": rename.name.trim() });
            out.result(&value, || {
                "Renamed. Only your own devices see the name.".to_owned()
            });
            Ok(())
        }
        DevicesCommand::Remove(args) => remove(out, &companion, args),
        DevicesCommand::Adopt(args) => adopt(out, &companion, &args.device),
    }
}

fn list(out: &Out, env: &Env, companion: &Companion) -> Result<(), Problem> {
    let devices = companion.devices().list()?;
    let value = json!({ "devices": devices.iter().map(as_json).collect::<Vec<_>>() });
    out.result(&value, || {
        let lines: Vec<String> = devices.iter().map(|d| line(out, env, d)).collect();
        lines.join("\n")
    });
    Ok(())
}

fn as_json(device: &Device) -> Value {
    json!({
        "id": device.id.to_string(),
        "name": device.name,
        "this": device.this,
        "added_ms": device.added_ms,
        "heard_ms": device.heard_ms,
        "removed_ms": device.removed_ms,
    })
}

fn line(out: &Out, env: &Env, device: &Device) -> String {
    let id: String = device.id.to_string().chars().take(8).collect();
    let name = device.name.as_deref().unwrap_or("(no name)");
    let mut said = format!("{}  {}", out.dim(&id), out.bold(&shorten(name, NAME)));
    if device.this {
        said.push_str(", this device");
    }
    let mut since = format!("yours since {}", day(env, device.added_ms));
    if let Some(removed) = device.removed_ms {
        since = format!("{since}, removed {}", day(env, removed));
    }
    let heard = device
        .heard_ms
        .map(|ms| format!(", last heard {}", day(env, ms)));
    format!("{said}\n          {since}{}", heard.unwrap_or_default())
}

/// Runs a call over the network to its end.
fn wait<T>(
    sync: &Sync,
    call: impl AsyncFnOnce(&Sync) -> Result<T, SyncError>,
) -> Result<T, Problem> {
    let done = sync.blocking(&Cancel::new(), call)?;
    done.ok_or_else(|| Problem::new(Kind::Internal, "cancelled", "That was cancelled."))
}

fn pair(out: &Out, companion: &Companion, args: &Pair) -> Result<(), Problem> {
    let sync = companion.sync();
    if args.withdraw {
        wait(&sync, async |sync| sync.withdraw_pairing().await)?;
        out.result(&json!({ "withdrawn": true }), || {
            "The pairing has ended. Nobody was let in.".to_owned()
        });
        return Ok(());
    }
    if args.answer {
        let waiting = wait(&sync, async |sync| sync.pairing_answer().await)?;
        answered(out, waiting.as_ref());
        return Ok(());
    }
    if let Some(digits) = &args.confirm {
        let added = wait(&sync, async |sync| sync.confirm_pairing(Some(digits)).await)?;
        out.result(&json!({ "added": added.to_string() }), || {
            "It is one of your devices now: `companion sync` there brings your whole journal."
                .to_owned()
        });
        return Ok(());
    }
    let offer = wait(&sync, async |sync| sync.offer_pairing().await)?;
    let value = json!({ "text": offer.text, "qr": offer.qr, "expires": offer.expires });
    out.result(&value, || {
        format!(
            "{}\nOn the new device, scan this, or enter:\n\n    {}\n\n\
             (`companion enrol --pair`; where it is typed, with\n --server {})\n\
             Show it to nobody else. It is good for a day and for one device. Then come back:\n\
             `companion devices pair --confirm DIGITS`, with the digits that it shows.",
            drawn(&offer.qr),
            offer.text,
            sync.server()
                .ok()
                .flatten()
                .map_or_else(String::new, |s| s.to_string()),
        )
    });
    Ok(())
}

fn answered(out: &Out, waiting: Option<&Waiting>) {
    let value = json!({
        "name": waiting.map(|w| &w.name),
        "digits": waiting.map(|w| w.digits.to_string()),
    });
    out.result(&value, || match waiting {
        Some(waiting) => format!(
            "A device that calls itself \u{201c}{}\u{201d} answered.\n\n    {}\n\n\
             If it is in your hand and shows these digits, let it in with --confirm.\n\
             If not, end the pairing with --withdraw.",
            shorten(&waiting.name, NAME),
            waiting.digits
        ),
        None => "Nobody has answered yet.".to_owned(),
    });
}

/// A code as a terminal shows it; nothing where it is too long for one.
fn drawn(text: &str) -> String {
    let code = QrCode::with_error_correction_level(text.as_bytes(), EcLevel::L);
    code.map_or_else(
        |_| String::new(),
        |code| code.render::<Dense1x2>().quiet_zone(true).build(),
    )
}

fn remove(out: &Out, companion: &Companion, args: &Remove) -> Result<(), Problem> {
    let devices = companion.devices();
    let device = devices.find(&args.device)?;
    if !args.yes && !device.this {
        let kept = Problem::new(
            Kind::Input,
            "remove-not-confirmed",
            "Nothing was removed. To remove it without being asked, add --yes.",
        );
        if out.is_json() || !std::io::stdin().is_terminal() {
            return Err(kept);
        }
        eprintln!(
            "It will read nothing that is written from now on, and what it writes later doesn't\n\
             count. What is on it stays on it. What it wrote and you haven't received is set\n\
             aside: `companion devices adopt` takes it over."
        );
        eprint!("\nType \u{201c}{WORD}\u{201d} to remove it, anything else to keep it: ");
        let _ = std::io::stderr().flush();
        let mut answer = String::new();
        let read = std::io::stdin().lock().read_line(&mut answer);
        if read.is_err() || answer.trim() != WORD {
            return Err(kept);
        }
    }
    let removed = devices.blocking(&Cancel::new(), async |devices| {
        devices.remove(device.id).await
    });
    removed?;
    out.result(&json!({ "removed": device.id.to_string() }), || {
        "Removed. It is told when it next syncs, and reads nothing new.".to_owned()
    });
    Ok(())
}

fn adopt(out: &Out, companion: &Companion, said: &str) -> Result<(), Problem> {
    let devices = companion.devices();
    let device = devices.find(said)?;
    let adopted: Result<_, DeviceError> = devices.blocking(&Cancel::new(), async |devices| {
        devices.adopt(device.id).await
    });
    let adopted = adopted?.unwrap_or_default();
    let value = json!({
        "adopted": adopted.events,
        "already": adopted.already,
        "left": adopted.left,
    });
    out.result(&value, || {
        let mut said = match adopted.events {
            0 => "There was nothing to take over.".to_owned(),
            1 => "Took over 1 change: it is this device's now.".to_owned(),
            n => format!("Took over {n} changes: they are this device's now."),
        };
        if adopted.left > 0 {
            said.push_str("\nSomething of it was left: it wasn't written while it was yours.");
        }
        said
    });
    Ok(())
}
