//! `companion import` of this program's own export.

use std::fs::File;
use std::io::Seek;

use companion_core::env::Env;
use companion_core::import::own::{ArchiveError, Checked, Options, Restored};
use companion_core::problem::{Kind, Problem};
use serde_json::{Value, json};

use crate::args::{Import, VaultArgs};
use crate::interrupt::Interrupt;
use crate::open::open;
use crate::out::Out;
use crate::progress::Progress;

/// Reads a file whole, then saves what is the person's.
pub fn run(
    out: &Out,
    env: &Env,
    vault: &VaultArgs,
    args: &Import,
    mut file: File,
) -> Result<(), Problem> {
    let checked = Checked::read(&file)?;
    file.rewind().map_err(|_| ArchiveError::Unreadable)?;
    let companion = open(env, vault)?;
    let by_default = companion.journal().share_by_default()?;
    let options = Options {
        share: args.share || (by_default && !args.private),
        dry_run: args.dry_run,
    };
    let interrupt = Interrupt::listen()?;
    let mut progress = Progress::new("Importing", out.is_json());
    let restore = companion.restore();
    let came = restore.run(&file, &checked, options, &mut |at| {
        progress.show(at.done, at.of);
        !interrupt.told()
    })?;
    drop(progress);
    if came.stopped {
        return Err(stopped(came.added));
    }
    out.result(&value(args, &checked, &came), || {
        words(args, &checked, &came).join("\n")
    });
    Ok(())
}

/// What was saved stays.
pub fn stopped(added: u64) -> Problem {
    let advice = format!(
        "Stopped. {added} were added and stay; import the same file again to go on from there."
    );
    Problem::new(Kind::Input, "import-stopped", advice)
}

fn value(args: &Import, checked: &Checked, came: &Restored) -> Value {
    json!({
        "format": "patient-companion-export",
        "dry_run": args.dry_run,
        "events": checked.events,
        "added": came.added,
        "already": came.already,
        "shared": came.shared,
        "made_private": came.made_private,
        "differing": came.differing,
        "gone": came.gone,
        "erased": came.erased,
        "kept_in_file": {
            "of_others": checked.of_others,
            "newer": checked.newer,
            "unread": checked.unread,
        },
    })
}

fn words(args: &Import, checked: &Checked, came: &Restored) -> Vec<String> {
    let mut lines = Vec::new();
    let verb = if args.dry_run { "would be" } else { "were" };
    lines.push(format!(
        "{} of {} events in the file {verb} added.",
        came.added, checked.events
    ));
    let mut say = |number: u64, text: &str| {
        if number > 0 {
            lines.push(format!("{number} {text}"));
        }
    };
    say(came.already, "were here already.");
    say(
        came.shared,
        "versions of entries are shared with your care team.",
    );
    say(
        came.made_private,
        "versions were shared before and are private now. To share them with\n  \
         your care team, import the file once more with --share.",
    );
    say(
        came.differing,
        "have the name of one that is here and say something else;\n  what is here stays.",
    );
    say(
        came.gone,
        "are about entries that you erased: those stay erased.",
    );
    say(
        came.erased,
        "entries were erased here, as the file says that you had erased them.",
    );
    for (kind, number) in &checked.of_others {
        let what = match *kind {
            "entry-reviewed" => "reviews by your care team",
            "entries-read" => "notes of what your care team opened",
            "patient-welcomed" => "welcomes by a clinic",
            _ => "events that others wrote",
        };
        say(*number, &format!("{what} stay in the file only."));
    }
    say(
        checked.newer,
        "are of a newer version of this program and stay in the file: update, then\n  \
         import it once more.",
    );
    say(checked.unread, "could never be read and stay in the file.");
    if args.dry_run {
        lines.push("Nothing was saved.".to_owned());
    }
    lines
}
