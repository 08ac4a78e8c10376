//! Opening the journal with a passphrase.

use std::io::IsTerminal;
use std::path::PathBuf;

use companion_core::companion::Companion;
use companion_core::env::Env;
use companion_core::problem::{Kind, Problem};
use companion_core::vault::{Cost, PassphraseFile, Vault};

use crate::args::VaultArgs;

/// The shortest passphrase for a new journal, in characters.
const SHORTEST: usize = 12;

/// Opens the journal, or makes a new one where there is none.
pub fn open(env: &Env, args: &VaultArgs) -> Result<Companion, Problem> {
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
        std::fs::create_dir_all(&dir).map_err(companion_core::vault::VaultError::from)?;
    }
    let companion = Companion::open_or_create(&dir, &keys, env.clone())?;
    companion.sync().set_up_patient()?;
    Ok(companion)
}

fn dir(args: &VaultArgs) -> Result<PathBuf, Problem> {
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
    if !new {
        return rpassword::prompt_password("Passphrase: ");
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
