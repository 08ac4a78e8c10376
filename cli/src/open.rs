//! Opening the journal with a passphrase.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use companion_core::companion::Companion;
use companion_core::env::Env;
use companion_core::problem::{Kind, Problem};
use companion_core::vault::{Cost, KeyStore, PassphraseFile, Vault, VaultError};

use crate::args::VaultArgs;
use crate::mended;

/// The shortest passphrase for a new journal, in characters.
const SHORTEST: usize = 12;

/// Opens the journal, or makes a new one where there is none. Damage is mended, and told.
pub fn open(env: &Env, args: &VaultArgs) -> Result<Companion, Problem> {
    opened(env, args, Companion::open_or_mend)
}

/// Mends a journal of which damage showed only in reading, and tells.
pub fn mend(env: &Env, args: &VaultArgs) -> Result<(), Problem> {
    opened(env, args, Companion::mend).map(drop)
}

/// Opens a place for a journal that comes from elsewhere: nobody's yet, or one that was begun so.
///
/// # Errors
/// As [`open`].
pub fn open_empty(env: &Env, args: &VaultArgs) -> Result<Companion, Problem> {
    raw(env, args, Companion::open_or_create)
}

fn opened(
    env: &Env,
    args: &VaultArgs,
    how: impl FnOnce(&Path, &dyn KeyStore, Env) -> Result<Companion, VaultError>,
) -> Result<Companion, Problem> {
    let companion = raw(env, args, how)?;
    companion.sync().set_up_patient()?;
    mended::tell(env, &companion)?;
    Ok(companion)
}

fn raw(
    env: &Env,
    args: &VaultArgs,
    how: impl FnOnce(&Path, &dyn KeyStore, Env) -> Result<Companion, VaultError>,
) -> Result<Companion, Problem> {
    let dir = dir(args)?;
    let new = !Vault::exists(&dir);
    let passphrase = passphrase(args, new)?;
    let keys = PassphraseFile::new(
        dir.join("vault.key"),
        passphrase,
        Cost::RECOMMENDED,
        env.clone(),
    );
    if new {
        std::fs::create_dir_all(&dir).map_err(VaultError::from)?;
    }
    Ok(how(&dir, &keys, env.clone())?)
}

/// The journal's folder.
pub fn dir(args: &VaultArgs) -> Result<PathBuf, Problem> {
    if let Some(dir) = &args.dir {
        return Ok(dir.clone());
    }
    let data = std::env::var_os("XDG_DATA_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/share")));
    data.map(|d| d.join("companion")).ok_or_else(|| {
        Problem::new(
            Kind::Input,
            "no-folder",
            "Say where the journal is: --dir DIR.",
        )
    })
}

fn passphrase(args: &VaultArgs, new: bool) -> Result<String, Problem> {
    let unreadable = |_| {
        Problem::new(
            Kind::Input,
            "passphrase-unreadable",
            "The passphrase can't be read.",
        )
    };
    let passphrase = match &args.passphrase_file {
        Some(file) => {
            let text = std::fs::read_to_string(file).map_err(unreadable)?;
            text.lines().next().unwrap_or_default().to_owned()
        }
        None if std::io::stdin().is_terminal() => ask(new).map_err(unreadable)?,
        None => {
            return Err(Problem::new(
                Kind::Input,
                "passphrase-needed",
                "Give the passphrase: --passphrase-file FILE, or run this at a terminal.",
            ));
        }
    };
    if new && passphrase.chars().count() < SHORTEST {
        return Err(Problem::new(
            Kind::Input,
            "passphrase-short",
            "Choose a longer passphrase, at least 12 characters: four or five random words are \
             easy to remember and hard to guess. Nobody can recover it for you.",
        ));
    }
    Ok(passphrase)
}

fn ask(new: bool) -> std::io::Result<String> {
    // Once is enough where a journal is opened again, after it was mended.
    static ASKED: OnceLock<String> = OnceLock::new();
    if let Some(asked) = ASKED.get() {
        return Ok(asked.clone());
    }
    if !new {
        let asked = rpassword::prompt_password("Passphrase: ")?;
        return Ok(ASKED.get_or_init(|| asked).clone());
    }
    eprintln!("This is a new journal. Choose a passphrase: four or five random words are good.");
    eprintln!("Nobody can recover it for you, so keep it somewhere safe.");
    loop {
        let first = rpassword::prompt_password("New passphrase: ")?;
        let again = rpassword::prompt_password("Once more: ")?;
        if first == again {
            return Ok(first);
        }
        eprintln!("These two differ. Try again.");
    }
}
