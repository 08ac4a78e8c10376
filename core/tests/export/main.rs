//! The export and reading it back: what a person takes with them is what they wrote.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure here is a failed test"
)]

#[path = "../support/mod.rs"]
mod support;

mod back;
mod format;
mod hostile;
mod large;
mod random;

use clinic_api::id::{ChainId, MemberId};
use companion_core::companion::Companion;
use companion_core::export::{Progress, VERSION};
use companion_core::import::own::{ArchiveError, Checked, Options, Restored};
use serde_json::Value;

use support::world::{Device, join_locally};

const PRIVATE: Options = Options {
    share: false,
    dry_run: false,
};
const SHARE: Options = Options {
    share: true,
    dry_run: false,
};

fn go_on(_: Progress) -> bool {
    true
}

fn exported(companion: &Companion) -> String {
    let mut bytes = Vec::new();
    let export = companion.export();
    export.write(&mut bytes, &mut go_on).unwrap();
    String::from_utf8(bytes).unwrap()
}

/// The lines that hold an event, without the commas between.
fn lines(export: &str) -> Vec<&str> {
    export
        .lines()
        .filter(|line| line.starts_with("{\"id\""))
        .map(|line| line.trim_end_matches(','))
        .collect()
}

/// Events without what names the vault that wrote them.
fn events(export: &str) -> Vec<Value> {
    let of = |line: &str| -> Value {
        let mut event: Value = serde_json::from_str(line).unwrap();
        event.as_object_mut().unwrap().remove("device").unwrap();
        event
    };
    lines(export).into_iter().map(of).collect()
}

fn import(companion: &Companion, file: &str, options: Options) -> Result<Restored, ArchiveError> {
    let checked = Checked::read(file.as_bytes())?;
    companion
        .restore()
        .run(file.as_bytes(), &checked, options, &mut go_on)
}

/// A patient's device with a clinic: private and care are there.
fn joined(seed: u64) -> Device {
    let device = Device::new(seed);
    join_locally(&device, ChainId([0xc1; 32]), MemberId([0xc2; 32]));
    device
}

/// A file of these events.
fn file_of(events: &[String]) -> String {
    format!(
        "{{\"format\":\"patient-companion-export\",\"version\":{VERSION},\
         \"exported_at\":\"2026-03-02T12:00:00Z\",\"events\":[{}]}}",
        events.join(",")
    )
}
