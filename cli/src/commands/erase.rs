//! `companion erase`.

use std::io::{BufRead, IsTerminal, Write};

use companion_core::env::Env;
use companion_core::problem::{Kind, Problem};
use serde_json::json;

use super::find;
use crate::args::{Erase, VaultArgs};
use crate::open::open;
use crate::out::Out;
use crate::text;

/// What is typed to go on.
const WORD: &str = "erase";

/// Erases an entry for good; asks first.
pub fn run(out: &Out, env: &Env, vault: &VaultArgs, args: &Erase) -> Result<(), Problem> {
    let companion = open(env, vault)?;
    let journal = companion.journal();
    let entry = find::entry(&journal, &args.entry)?;
    let with_clinic = companion.sync().server()?.is_some();
    if !args.yes {
        if out.is_json() || !std::io::stdin().is_terminal() {
            return Err(Problem::new(
                Kind::Input,
                "erase-not-confirmed",
                "Nothing was erased. To erase it for good without being asked, add --yes.",
            ));
        }
        eprintln!("{}\n\n{}", text::line(out, &entry), before(with_clinic));
        eprint!("\nType “{WORD}” to erase it, anything else to keep it: ");
        let _ = std::io::stderr().flush();
        let mut answer = String::new();
        let read = std::io::stdin().lock().read_line(&mut answer);
        if read.is_err() || answer.trim() != WORD {
            return Err(Problem::new(
                Kind::Input,
                "erase-not-confirmed",
                "Nothing was erased.",
            ));
        }
    }
    journal.erase(entry.id)?;
    out.result(&json!({ "erased": entry.id.to_string() }), || {
        let mut said = "Erased from this device, with its earlier versions.".to_owned();
        if with_clinic {
            said.push_str(
                "\nAt the next `companion sync` your care team's devices forget it, too, and the\n\
                 clinic's server deletes its sealed copy. What somebody has read already stays\n\
                 read, and the server's backups hold it, sealed, until they expire.",
            );
        }
        said
    });
    Ok(())
}

fn before(with_clinic: bool) -> &'static str {
    if with_clinic {
        "It will be gone with its earlier versions, and can't be brought back: from this\n\
         device now; from your care team's devices and the clinic's server at the next\n\
         sync. What somebody has read already stays read, and what the clinic wrote into\n\
         its own record stays there. Backups of the server hold it, sealed, until they\n\
         expire. An export or a backup that you made still holds it."
    } else {
        "It will be gone from this device with its earlier versions, and can't be brought\n\
         back. It was nowhere else, but for exports and backups that you made."
    }
}
