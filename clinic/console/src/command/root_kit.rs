//! `clinic-console roster root-kit`: the root key on paper.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use companion_core::env::Env;
use companion_core::problem::{Kind, Problem};
use companion_core::space::words24::Words;
use companion_core::sync::{RootKit, Staff};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{Done, day, instant, typed};

/// What to do with the root key's kit.
#[derive(Debug, Subcommand)]
pub enum What {
    /// Whether the root key is here, and whether its kit was made and checked.
    State,
    /// Show the 24 words, or write them as a page to print.
    Make {
        /// A new file for the page; delete it once it is printed.
        #[arg(long, value_name = "FILE")]
        page: Option<PathBuf>,
    },
    /// Type the words of the kit, to see that they are right.
    Check,
    /// Bring the root key onto this workstation, by the words.
    Restore,
    /// Take the root key off this workstation; its kit was checked here before.
    Forget,
}

/// What stands on the page: what it is, where to keep it, what it can't do.
const PAGE: [&str; 5] = [
    "These 24 words are your clinic's root key. Whoever has them decides who works at the clinic: \
     they can add people and workstations, and put them out.",
    "Keep this page in a safe, away from the workstations, and a second one at another place. Two \
     people should know where. Don't photograph it, and don't type it anywhere but into \
     clinic-console.",
    "To use it, at an administrator's workstation: clinic-console --dir DIR roster root-kit restore",
    "It opens nothing by itself: patients' entries are read at workstations, not with this page. It \
     needs a workstation that is on the list, so see that more than one person has one.",
    "If this page was seen by somebody who shouldn't have: they can't read what is there, but could \
     let themselves in. Everybody would see it in the list. There is no way yet to change the root.",
];

/// Does what was asked.
pub fn act(env: &Env, staff: &Staff, what: &What) -> Result<Done, Problem> {
    match what {
        What::State => state(env, staff),
        What::Make { page } => make(env, staff, page.as_deref()),
        What::Check => {
            staff.check_root_kit(&words()?)?;
            let (value, _) = state(env, staff)?;
            let text = "Right: these words bring the root key back.";
            Ok((value, text.to_owned()))
        }
        What::Restore => {
            staff.restore_root(&words()?)?;
            let (value, _) = state(env, staff)?;
            let text = "The root key is on this workstation now. Whoever can open its vault \
                        decides who works at the clinic. To take it off again: roster root-kit \
                        forget";
            Ok((value, text.to_owned()))
        }
        What::Forget => {
            staff.forget_root()?;
            let (value, _) = state(env, staff)?;
            let text = "The root key is not on this workstation any more. Only the kit's words \
                        bring it back.";
            Ok((value, text.to_owned()))
        }
    }
}

fn words() -> Result<Zeroizing<String>, Problem> {
    typed("The kit's 24 words: ")
}

fn state(env: &Env, staff: &Staff) -> Result<Done, Problem> {
    let RootKit {
        root_here,
        made_ms,
        checked_ms,
        ..
    } = staff.root_kit()?;
    let value = json!({
        "root_here": root_here,
        "made": made_ms.map(instant),
        "checked": checked_ms.map(instant),
    });
    let here = if root_here {
        "The clinic's root key is on this workstation: whoever can open its vault decides who \
         works at the clinic."
    } else {
        "The clinic's root key is not on this workstation."
    };
    let made = match (made_ms, checked_ms) {
        (_, Some(ms)) => format!("Its kit was checked here on {}.", day(env, ms)),
        (Some(ms), None) => format!(
            "Its kit was made here on {}, and never checked. Type its words once: roster root-kit \
             check",
            day(env, ms)
        ),
        (None, None) if root_here => {
            "Its kit was never made here. If this machine is lost without \
             one, nobody can be added or put out any more: roster root-kit make"
                .to_owned()
        }
        (None, None) => "Nothing is known here of its kit.".to_owned(),
    };
    Ok((value, format!("{here}\n{made}")))
}

fn make(env: &Env, staff: &Staff, page: Option<&Path>) -> Result<Done, Problem> {
    if let Some(path) = page.filter(|path| path.exists()) {
        return Err(Problem::new(
            Kind::Conflict,
            "file-exists",
            format!("{} is there already. Nothing was written.", path.display()),
        ));
    }
    let clinic = staff.people()?.clinic;
    let words = staff.make_root_kit()?;
    let text = text(&clinic, &words, &day(env, env.now().as_millisecond()));
    let Some(path) = page else {
        let list: Vec<Value> = words.iter().map(Value::from).collect();
        return Ok((json!({ "clinic": clinic, "words": list }), text.to_string()));
    };
    write(path, &text)?;
    let said = format!(
        "Written to {}. Print it, then delete the file. Then type its words once: roster root-kit \
         check",
        path.display()
    );
    Ok((json!({ "page": path }), said))
}

fn text(clinic: &str, words: &Words, made: &str) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(4_096));
    text.push_str(&format!("The root key of {clinic}, {made}\n\n"));
    for (at, word) in words.iter().enumerate() {
        text.push_str(&format!("{:>4}. {word:<10}", at + 1));
        if at % 4 == 3 {
            text.push('\n');
        }
    }
    for paragraph in PAGE {
        text.push('\n');
        let mut width = 0;
        for word in paragraph.split(' ') {
            if width + word.len() > 76 {
                text.push('\n');
                width = 0;
            } else if width > 0 {
                text.push(' ');
            }
            text.push_str(word);
            width += word.len() + 1;
        }
        text.push('\n');
    }
    text
}

/// A new file that only its user may read.
fn write(path: &Path, text: &str) -> Result<(), Problem> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(path).and_then(|mut file| {
        file.write_all(text.as_bytes())
            .and_then(|()| file.sync_all())
    });
    written.map_err(|_| {
        Problem::new(
            Kind::Storage,
            "page-unwritable",
            "The page can't be written there. Ask for it again: the words are the same.",
        )
    })
}
