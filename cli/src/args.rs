//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use companion_core::journal::Valence;

/// Your journal between sessions: sealed on this machine, shared only as you choose.
///
/// Nobody watches it around the clock. In danger, call your local emergency
/// number; `companion crisis` shows the numbers of your country.
#[derive(Debug, Parser)]
#[command(
    name = "companion",
    version,
    verbatim_doc_comment,
    after_help = "\
Exit codes: 0 done; 2 no such command; 65 what was given can't be used, or isn't
there; 69 the server can't be reached; 70 a fault in this program; 73 there
already, or in use; 74 the disk; 76 something received didn't verify; 77 locked,
or not allowed; 78 a newer version is needed; 130 stopped. See docs/CLI.md."
)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// The journal's folder and how it is opened.
    #[command(flatten)]
    pub vault: VaultArgs,
    /// Print one JSON object instead of text.
    #[arg(long, global = true)]
    pub json: bool,
}

/// Which journal.
#[derive(Debug, clap::Args)]
pub struct VaultArgs {
    /// Folder of the journal; made if it is not there.
    #[arg(long, global = true, env = "COMPANION_DIR", value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// File whose first line is the passphrase; asked for at the terminal otherwise.
    #[arg(
        long,
        global = true,
        env = "COMPANION_PASSPHRASE_FILE",
        value_name = "FILE"
    )]
    pub passphrase_file: Option<PathBuf>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Crisis lines and emergency numbers; needs no journal, no passphrase, no network.
    Crisis(Crisis),
    /// Join your clinic with an invite, or your own journal on another device.
    Enrol(Enrol),
    /// Save how you feel.
    Log(Log),
    /// Show entries, newest first.
    List(List),
    /// Find entries by the words in them; nothing of a search is kept.
    Search(Search),
    /// Show one entry with its earlier versions.
    Show(EntryArg),
    /// Change an entry; its earlier versions are kept.
    Edit(Edit),
    /// Erase an entry for good, with its earlier versions.
    Erase(Erase),
    /// Let the care team read an entry from now on.
    Share(EntryArg),
    /// Take an entry back from the care team; what was read stays read.
    Unshare(EntryArg),
    /// Bring a journal: an export of this program, or Daylio's CSV file.
    Import(Import),
    /// Write all that is yours to a file that people and other programs can read.
    Export(Export),
    /// Exchange what is new with the clinic.
    Sync(Sync),
    /// Your devices: which there are, pairing another one, names, removing one.
    Devices(Devices),
    /// What is saved, what is sent, who can read it.
    Status,
    /// Who can read what you write, what of that has changed, and what was read.
    Readers,
    /// Your recovery kit: 24 words that bring your journal back onto a new device.
    Kit(Kit),
    /// Leave your clinic: its server erases what it keeps of you. Without --yes, what that means.
    Leave(Leave),
    /// Show the whole product on this machine: server, clinic, patient and console.
    Demo(Demo),
}

/// Whose help.
#[derive(Debug, clap::Args)]
pub struct Crisis {
    /// Country, as its two letters: US, DE, …
    #[arg(long, env = "COMPANION_COUNTRY", value_name = "CC")]
    pub country: Option<String>,
    /// Region: QC or CA-QC.
    #[arg(long, value_name = "RR")]
    pub region: Option<String>,
    /// general, youth, veterans, lgbtq, trans, indigenous, men or victims.
    #[arg(long, value_name = "A")]
    pub audience: Option<String>,
    /// Language: en, es, pt-BR, …
    #[arg(long, value_name = "L")]
    pub lang: Option<String>,
}

/// The recovery kit; without a word more, whether there is one.
#[derive(Debug, clap::Args)]
pub struct Kit {
    /// What to do.
    #[command(subcommand)]
    pub command: Option<KitCommand>,
}

/// What to do with the recovery kit.
#[derive(Debug, Subcommand)]
pub enum KitCommand {
    /// Make one; an earlier one stops working.
    Make {
        /// Write it as a page to print, instead of showing it here.
        #[arg(long, value_name = "FILE")]
        page: Option<PathBuf>,
    },
    /// Type its words, to see that they are right; needs no network.
    Check,
    /// Shut out one that was lost.
    ShutOut,
    /// Bring a journal back by its kit, into a new folder.
    Restore {
        /// Address of the clinic's server; the code on the page holds it.
        #[arg(long, value_name = "URL")]
        server: Option<String>,
    },
}

/// How to join.
#[derive(Debug, clap::Args)]
pub struct Enrol {
    /// The invite: its 28 letters and digits, or the text of its QR code.
    #[arg(long, required_unless_present = "pair", conflicts_with = "pair")]
    pub invite: Option<String>,
    /// The code that `companion devices pair` shows on a device that you have already.
    #[arg(long, value_name = "CODE")]
    pub pair: Option<String>,
    /// With --pair: what to call this device.
    #[arg(
        long,
        value_name = "NAME",
        requires = "pair",
        default_value = "New device"
    )]
    pub name: String,
    /// Address of the clinic's server; a QR code holds it.
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,
    /// Share new entries with the care team unless said otherwise.
    #[arg(long)]
    pub share_by_default: bool,
}

/// What was felt.
#[derive(Debug, Clone, clap::Args)]
pub struct Feeling {
    /// Energy, 0 to 10.
    #[arg(long, value_name = "0-10")]
    pub energy: Option<u8>,
    /// Anxiety, 0 to 10.
    #[arg(long, value_name = "0-10")]
    pub anxiety: Option<u8>,
    /// Hours slept.
    #[arg(long, value_name = "HOURS")]
    pub sleep: Option<f64>,
    /// How good the sleep was, 0 to 10.
    #[arg(long, value_name = "0-10")]
    pub sleep_quality: Option<u8>,
    /// A feeling: one of the list (calm, anxious, hopeful, …) or a word of your own; repeatable.
    #[arg(long = "feeling", value_name = "WORD")]
    pub feelings: Vec<String>,
    /// What it has to do with: work, family, … or your own words; repeatable.
    #[arg(long = "about", value_name = "WORD")]
    pub about: Vec<String>,
    /// A note; `-` reads it from standard input.
    #[arg(long)]
    pub note: Option<String>,
    /// When it was felt: 2026-11-24, 2026-11-24T08:30; now otherwise.
    #[arg(long, value_name = "WHEN")]
    pub at: Option<String>,
}

/// A new entry.
#[derive(Debug, clap::Args)]
pub struct Log {
    /// How you feel.
    #[arg(value_name = "0-10", allow_negative_numbers = true,
          help = format!("How you feel, {}", scale()))]
    pub mood: f64,
    /// The rest, all of it optional.
    #[command(flatten)]
    pub feeling: Feeling,
    /// Let the care team read it.
    #[arg(long, conflicts_with = "private")]
    pub share: bool,
    /// Keep it to yourself.
    #[arg(long)]
    pub private: bool,
}

/// A change of an entry.
#[derive(Debug, clap::Args)]
pub struct Edit {
    /// The entry, as `list` shows it; its first characters are enough.
    pub entry: String,
    /// The new mood.
    #[arg(long, value_name = "0-10", allow_negative_numbers = true,
          help = format!("The new mood, {}", scale()))]
    pub mood: Option<f64>,
    /// What changes; the rest stays.
    #[command(flatten)]
    pub feeling: Feeling,
}

/// An entry.
#[derive(Debug, clap::Args)]
pub struct EntryArg {
    /// The entry, as `list` shows it; its first characters are enough.
    pub entry: String,
}

/// An entry to be erased.
#[derive(Debug, clap::Args)]
pub struct Erase {
    /// The entry, as `list` shows it; its first characters are enough.
    pub entry: String,
    /// Don't ask first.
    #[arg(long)]
    pub yes: bool,
}

/// Which entries.
#[derive(Debug, clap::Args)]
pub struct List {
    /// Only this day.
    #[arg(long, value_name = "YYYY-MM-DD",
          conflicts_with_all = ["from", "to", "after", "before", "next"])]
    pub day: Option<String>,
    /// From this day on.
    #[arg(long, value_name = "YYYY-MM-DD", conflicts_with = "after")]
    pub from: Option<String>,
    /// Up to this day, included.
    #[arg(long, value_name = "YYYY-MM-DD", conflicts_with = "before")]
    pub to: Option<String>,
    /// After this day, which is left out.
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub after: Option<String>,
    /// Before this day, which is left out.
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub before: Option<String>,
    /// How many, and which of them.
    #[command(flatten)]
    pub page: PageArgs,
}

/// A part of a longer list.
#[derive(Debug, clap::Args)]
pub struct PageArgs {
    /// At most so many.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub most: u32,
    /// Go on after an earlier page: what that one gave as its next.
    #[arg(long, value_name = "CURSOR")]
    pub next: Option<String>,
}

/// What to look for.
#[derive(Debug, clap::Args)]
pub struct Search {
    /// Entries in which all of these words begin a word are found.
    #[arg(required = true, value_name = "WORD")]
    pub words: Vec<String>,
    /// How many, and which of them.
    #[command(flatten)]
    pub page: PageArgs,
}

/// What to bring.
#[derive(Debug, clap::Args)]
pub struct Import {
    /// The file; what it is shows by itself.
    pub file: PathBuf,
    /// Say what would come, and save nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Let the care team read the imported entries; of an export, those that they could read.
    #[arg(long, conflicts_with = "private")]
    pub share: bool,
    /// Keep all of it to yourself, whatever you set for new entries.
    #[arg(long)]
    pub private: bool,
    /// Daylio: what a mood name means, from -1 to 1: `--mood calm=0.4`; repeatable.
    #[arg(long = "mood", value_name = "NAME=VALUE", allow_hyphen_values = true)]
    pub moods: Vec<String>,
    /// Daylio: time zone in which it was written, such as Europe/Berlin; this machine's otherwise.
    #[arg(long, value_name = "ZONE")]
    pub zone: Option<String>,
}

/// Where to write it.
#[derive(Debug, clap::Args)]
pub struct Export {
    /// The file, which must not be there yet; `-` is standard output.
    pub file: PathBuf,
    /// Replace a file that is there.
    #[arg(long)]
    pub force: bool,
}

/// How to leave.
#[derive(Debug, clap::Args)]
pub struct Leave {
    /// Write all that is yours to this file first.
    #[arg(long, value_name = "FILE", conflicts_with = "no_export")]
    pub export: Option<PathBuf>,
    /// Leave without such a file.
    #[arg(long)]
    pub no_export: bool,
    /// Leave now. It can't be undone.
    #[arg(long)]
    pub yes: bool,
    /// Delete the journal on this machine, too, once you have left.
    #[arg(long)]
    pub erase_here: bool,
}

/// How to show it. With `--dir`, the folder keeps the data and a second run continues from it.
#[derive(Debug, clap::Args)]
pub struct Demo {
    /// Your own Daylio export instead of the built-in journal.
    #[arg(long, value_name = "FILE")]
    pub import: Option<PathBuf>,
    /// What a mood name of that file means, from -1 to 1; repeatable.
    #[arg(long = "mood", value_name = "NAME=VALUE", allow_hyphen_values = true)]
    pub moods: Vec<String>,
    /// End when everything was shown, instead of staying up until Ctrl-C.
    #[arg(long)]
    pub exit: bool,
}

/// What to do with your devices.
#[derive(Debug, clap::Args)]
pub struct Devices {
    /// What to do.
    #[command(subcommand)]
    pub command: DevicesCommand,
}

/// What to do with your devices.
#[derive(Debug, Subcommand)]
pub enum DevicesCommand {
    /// Which devices are and were yours.
    List,
    /// Bring in another device: shows a code for it; then confirm what it answers.
    Pair(Pair),
    /// Call a device something else; only your own devices see the name.
    Rename(Rename),
    /// Put a device out: it reads nothing new, and what it writes later doesn't count.
    Remove(Remove),
    /// Take over what a removed device had written and you had not received.
    Adopt(DeviceArg),
}

/// How far a pairing is.
#[derive(Debug, clap::Args)]
#[group(multiple = false)]
pub struct Pair {
    /// Show which device answered, with its digits.
    #[arg(long)]
    pub answer: bool,
    /// Let the device in whose screen shows these digits.
    #[arg(long, value_name = "DIGITS")]
    pub confirm: Option<String>,
    /// End the pairing that is open.
    #[arg(long)]
    pub withdraw: bool,
}

/// A device.
#[derive(Debug, clap::Args)]
pub struct DeviceArg {
    /// The device: its name, or the first characters of its id.
    pub device: String,
}

/// A device and a name.
#[derive(Debug, clap::Args)]
pub struct Rename {
    /// The device: its name, or the first characters of its id.
    pub device: String,
    /// Its new name.
    pub name: String,
}

/// A device to be removed.
#[derive(Debug, clap::Args)]
pub struct Remove {
    /// The device: its name, or the first characters of its id.
    pub device: String,
    /// Don't ask first.
    #[arg(long)]
    pub yes: bool,
}

/// How to sync.
#[derive(Debug, clap::Args)]
pub struct Sync {
    /// Stay in sync until ended (Ctrl-C): a line for each exchange.
    #[arg(long)]
    pub follow: bool,
}

/// The scale in words.
fn scale() -> String {
    format!("from 0 ({}) to 10 ({})", Valence::LEAST, Valence::MOST)
}
