//! `companion export`.

use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use companion_core::companion::Companion;
use companion_core::env::Env;
use companion_core::export::{ExportError, Exported};
use companion_core::problem::{Kind, Problem};
use serde_json::json;

use crate::args::{Export, VaultArgs};
use crate::interrupt::Interrupt;
use crate::open::open;
use crate::out::Out;
use crate::progress::Progress;
use crate::text;

/// What everybody who has such a file should know.
const WARNING: &str = "It is not encrypted: whoever has it can read everything that you wrote. \
                       Keep it\nsomewhere safe, and delete copies that you no longer need.";

/// Writes everything to a file, or to standard output.
pub fn run(out: &Out, env: &Env, vault: &VaultArgs, args: &Export) -> Result<(), Problem> {
    let to_stdout = args.file.as_os_str() == "-";
    if !to_stdout && !args.force && args.file.symlink_metadata().is_ok() {
        return Err(there());
    }
    let companion = open(env, vault)?;
    if to_stdout {
        let mut stdout = BufWriter::new(std::io::stdout().lock());
        write(out, &companion, &mut stdout)?;
        if !out.is_json() {
            eprintln!("{WARNING}");
        }
        return Ok(());
    }
    let exported = to_file(out, env, &companion, args)?;
    let name = args.file.display().to_string();
    let value = json!({
        "file": name,
        "events": exported.events,
        "encrypted": false,
    });
    let entries = companion.journal().count()?;
    out.result(&value, || {
        format!(
            "Written to {name}:\n{}, with all that happened to them.\n\n{WARNING}\n\
             `companion import` reads it back.",
            text::entries(entries)
        )
    });
    Ok(())
}

/// Writes everything to a file, which is whole when this returns, or not there.
pub fn to_file(
    out: &Out,
    env: &Env,
    companion: &Companion,
    args: &Export,
) -> Result<Exported, Problem> {
    if !args.force && args.file.symlink_metadata().is_ok() {
        return Err(there());
    }
    let partial = Partial::beside(env, &args.file)?;
    let mut file = BufWriter::new(partial.file.try_clone().map_err(ExportError::from)?);
    let exported = write(out, companion, &mut file)?;
    partial.file.sync_all().map_err(ExportError::from)?;
    partial.become_whole(&args.file, args.force)?;
    Ok(exported)
}

fn write(out: &Out, companion: &Companion, to: &mut dyn Write) -> Result<Exported, Problem> {
    let interrupt = Interrupt::listen()?;
    let mut progress = Progress::new("Exporting", out.is_json());
    let exported = companion.export().write(to, &mut |at| {
        progress.show(at.done, at.of);
        !interrupt.told()
    })?;
    Ok(exported)
}

fn there() -> Problem {
    Problem::new(
        Kind::Conflict,
        "file-exists",
        "There is such a file already. Choose another name, or add --force to replace it.",
    )
}

/// A file that is not whole yet, under a name of its own. What stays unfinished goes.
struct Partial {
    file: File,
    at: PathBuf,
}

impl Partial {
    fn beside(env: &Env, file: &Path) -> Result<Self, Problem> {
        let mut name = std::ffi::OsString::from(".");
        name.push(file.file_name().ok_or(ExportError::Write)?);
        let random = u32::from_be_bytes(env.random());
        name.push(format!(".{random:08x}.partial"));
        let at = file.with_file_name(name);
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&at)
            .map_err(ExportError::from)?;
        Ok(Self { file, at })
    }

    /// Takes its name; what is there is replaced only by force.
    fn become_whole(&self, file: &Path, force: bool) -> Result<(), Problem> {
        let moved = if force {
            fs::rename(&self.at, file)
        } else {
            // Unlike renaming, linking fails where another program made that file meanwhile.
            match fs::hard_link(&self.at, file) {
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                    return Err(there());
                }
                // Some file systems know no links.
                Err(_) if file.symlink_metadata().is_err() => fs::rename(&self.at, file),
                linked => linked,
            }
        };
        moved.map_err(ExportError::from)?;
        let folder = file.parent().filter(|f| !f.as_os_str().is_empty());
        // That the name, too, is durable: as far as the file system can say so.
        let _ = File::open(folder.unwrap_or(Path::new("."))).and_then(|f| f.sync_all());
        Ok(())
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // Gone already where it was renamed.
        let _ = fs::remove_file(&self.at);
    }
}
