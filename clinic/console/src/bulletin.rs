//! `clinic-console bulletin`: what the clinic says to all its patients.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use clinic_api::bulletin::Kind as About;
use companion_core::bulletin::{BulletinView, Bulletins, Drafted, Saying, Standing};
use companion_core::companion::Companion;
use companion_core::crisis::CrisisNumbers;
use companion_core::env::Env;
use companion_core::problem::{Kind, Problem};
use companion_core::vault::{Cost, PassphraseFile};
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Value, json};

/// What the clinic says to all its patients. Close the console's page first.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
    /// Print one JSON object instead of text.
    #[arg(long, global = true)]
    json: bool,
    /// File whose first line is the passphrase; asked for at the terminal otherwise.
    #[arg(long, global = true, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Those in force, as this workstation knows them.
    List {
        /// Those that were replaced, too.
        #[arg(long)]
        all: bool,
    },
    /// One of them, whole.
    Show {
        /// Its number.
        number: u64,
    },
    /// Say something; the last of the same topic is replaced.
    ///
    /// Crisis numbers take two people where the clinic has two: the draft is then written
    /// to --draft FILE, for the other to sign.
    Publish(Publish),
    /// Sign a colleague's draft, and publish it.
    Sign {
        /// The draft.
        file: PathBuf,
        /// Don't ask first.
        #[arg(long)]
        yes: bool,
    },
}

/// What is said: one of these.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Says {
    /// Crisis numbers: a JSON file, {"numbers": [{"label", "country", "call", "source", "verified_on", ...}]}.
    #[arg(long, value_name = "FILE")]
    numbers: Option<PathBuf>,
    /// A text.
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,
    /// Hours or a schedule, as text.
    #[arg(long, value_name = "TEXT")]
    schedule: Option<String>,
}

#[derive(Debug, clap::Args)]
struct Publish {
    #[command(flatten)]
    says: Says,
    /// What it is about: small letters, digits, hyphens.
    #[arg(long, value_name = "NAME", default_value = "clinic")]
    topic: String,
    /// The last day on which it holds; it is marked after that, and stays.
    #[arg(long, value_name = "YYYY-MM-DD")]
    expires: Option<Date>,
    /// Where to write the draft if a second person has to sign.
    #[arg(long, value_name = "FILE")]
    draft: Option<PathBuf>,
}

/// Does what was asked.
pub async fn run(env: &Env, dir: &Path, args: &Args) -> Result<(), Problem> {
    let keys = PassphraseFile::new(
        dir.join("vault.key"),
        passphrase(args.passphrase_file.as_deref())?,
        Cost::RECOMMENDED,
        env.clone(),
    );
    let companion = Companion::open(dir, &keys, env.clone())?;
    let bulletins = companion.bulletins();
    let (value, text) = match &args.what {
        What::List { all } => list(&bulletins, *all)?,
        What::Show { number } => {
            let all = bulletins.all()?;
            let found = all.iter().find(|view| view.number == *number);
            let view =
                found.ok_or_else(|| input("no-such-bulletin", "There is no such bulletin."))?;
            (seen(view), in_words(view))
        }
        What::Publish(publish) => {
            pull(&bulletins).await?;
            say(env, &bulletins, publish).await?
        }
        What::Sign { file, yes } => {
            pull(&bulletins).await?;
            let draft = std::fs::read(file).map_err(|_| unreadable())?;
            let review = bulletins.review(&draft)?;
            if !yes {
                eprintln!(
                    "{} wants to publish, as number {}:",
                    review.by, review.body.number
                );
                eprintln!("{}", said(review.body.kind, &review.body.content));
                confirm()?;
            }
            let whole = bulletins.sign(&draft)?;
            bulletins.publish(&whole).await?;
            published(review.body.number)
        }
    };
    if args.json {
        println!("{value}");
    } else {
        println!("{text}");
    }
    Ok(())
}

fn list(bulletins: &Bulletins, all: bool) -> Result<(Value, String), Problem> {
    let views = if all {
        bulletins.all()?
    } else {
        bulletins.current()?
    };
    let text: Vec<String> = views.iter().map(in_words).collect();
    let text = if text.is_empty() {
        "The clinic has published nothing yet.".to_owned()
    } else {
        text.join("\n\n")
    };
    let value = json!({ "bulletins": views.iter().map(seen).collect::<Vec<_>>() });
    Ok((value, text))
}

/// What was published before has to be known, and to be whole.
async fn pull(bulletins: &Bulletins) -> Result<(), Problem> {
    if bulletins.pull().await?.alarms.is_empty() {
        return Ok(());
    }
    Err(Problem::new(
        Kind::Tampered,
        "server-odd",
        "The server showed something that doesn't verify, so nothing was published. \
         Tell who runs it.",
    ))
}

async fn say(
    env: &Env,
    bulletins: &Bulletins,
    publish: &Publish,
) -> Result<(Value, String), Problem> {
    let says = &publish.says;
    let saying = match (&says.numbers, &says.text, &says.schedule) {
        (Some(file), ..) => Saying::Numbers(numbers(file)?),
        (_, Some(text), _) => Saying::Text(text.clone()),
        (_, _, Some(text)) => Saying::Schedule(text.clone()),
        (None, None, None) => return Err(input("nothing-to-say", "Say what to publish.")),
    };
    let expires = publish.expires.map(|day| end_of(env, day)).transpose()?;
    match bulletins.draft(saying, &publish.topic, expires)? {
        Drafted::Ready(bulletin) => {
            bulletins.publish(&bulletin).await?;
            Ok(published(bulletin.claimed().map_or(0, |body| body.number)))
        }
        Drafted::NeedsSecond(bulletin) => {
            let Some(file) = &publish.draft else {
                return Err(input(
                    "bulletin-draft-needed",
                    "Crisis numbers are signed by two people. Give --draft FILE, and have a \
                     colleague sign that file.",
                ));
            };
            std::fs::write(file, bulletin.to_bytes()).map_err(|_| {
                Problem::new(
                    Kind::Storage,
                    "draft-unwritable",
                    "The draft can't be written there.",
                )
            })?;
            let file = file.display().to_string();
            let text = format!(
                "Not published yet. A colleague has to sign {file}: \
                 clinic-console --dir DIR bulletin sign {file}"
            );
            Ok((json!({ "published": false, "draft": file }), text))
        }
    }
}

fn published(number: u64) -> (Value, String) {
    let value = json!({ "published": true, "number": number });
    (value, format!("Published as number {number}."))
}

fn numbers(file: &Path) -> Result<CrisisNumbers, Problem> {
    let text = std::fs::read(file).map_err(|_| unreadable())?;
    serde_json::from_slice(&text).map_err(|error| {
        input(
            "numbers-unreadable",
            &format!(
                "This file holds no numbers that can be read (line {}).",
                error.line()
            ),
        )
    })
}

fn end_of(env: &Env, day: Date) -> Result<Timestamp, Problem> {
    let zone = env.zone();
    let next = day.tomorrow();
    let at = next.and_then(|day| zone.to_timestamp(day.at(0, 0, 0, 0)));
    let at = at.ok();
    at.filter(|at| *at > env.now())
        .ok_or_else(|| input("expires", "Give a day of expiry that is not over yet."))
}

fn input(code: &'static str, advice: &str) -> Problem {
    Problem::new(Kind::Input, code, advice)
}

fn unreadable() -> Problem {
    input("file-unreadable", "This file can't be read.")
}

fn passphrase(file: Option<&Path>) -> Result<String, Problem> {
    let unreadable = |_| input("passphrase-unreadable", "The passphrase can't be read.");
    match file {
        Some(file) => {
            let text = std::fs::read_to_string(file).map_err(unreadable)?;
            Ok(text.lines().next().unwrap_or_default().to_owned())
        }
        None if std::io::stdin().is_terminal() => {
            rpassword::prompt_password("Passphrase: ").map_err(unreadable)
        }
        None => Err(input(
            "passphrase-needed",
            "Give the passphrase: --passphrase-file FILE, or run this at a terminal.",
        )),
    }
}

fn confirm() -> Result<(), Problem> {
    let declined = || {
        input(
            "not-confirmed",
            "Nothing was signed. Give --yes if you have read what it says and stand for it.",
        )
    };
    if !std::io::stdin().is_terminal() {
        return Err(declined());
    }
    eprint!("Do you stand for it? Every patient will see it. (yes/no) ");
    let mut answer = String::new();
    std::io::stdin()
        .read_line(&mut answer)
        .map_err(|_| declined())?;
    if answer.trim() == "yes" {
        Ok(())
    } else {
        Err(declined())
    }
}

fn about(kind: About) -> &'static str {
    match kind {
        About::CrisisNumbers => "numbers",
        About::Text => "text",
        About::Schedule => "schedule",
        About::Unknown(_) => "unknown",
    }
}

fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Current => "current",
        Standing::Expired => "expired",
        Standing::Replaced => "replaced",
    }
}

fn seen(view: &BulletinView) -> Value {
    json!({
        "number": view.number,
        "at": view.at.map(|at| at.to_string()),
        "expires": view.expires.map(|at| at.to_string()),
        "kind": about(view.kind),
        "topic": view.topic,
        "standing": standing(view.standing),
        "signers": view.signers,
        "numbers": view.numbers().map(|n| n.numbers),
        "text": view.text(),
    })
}

fn in_words(view: &BulletinView) -> String {
    let at = view
        .at
        .map_or(String::new(), |at| at.strftime("%Y-%m-%d").to_string());
    let head = format!(
        "{}  {} \"{}\", {}, {at}, signed by {}",
        view.number,
        about(view.kind),
        view.topic,
        standing(view.standing),
        view.signers.join(" and "),
    );
    format!("{head}\n{}", said(view.kind, &view.content))
}

/// What a bulletin says, each line set in.
fn said(kind: About, content: &[u8]) -> String {
    let lines: Vec<String> = match kind {
        About::CrisisNumbers => {
            let numbers: CrisisNumbers = clinic_api::wire::decode(content).unwrap_or_default();
            let line = |n: &companion_core::crisis::ClinicNumber| {
                let ways = [&n.call, &n.text, &n.chat].into_iter().flatten();
                let ways: Vec<&str> = ways.map(String::as_str).collect();
                let day = n.verified_on.as_deref().unwrap_or("never");
                let (ways, hours) = (ways.join(", "), n.hours.as_deref().unwrap_or("unknown"));
                format!(
                    "{} ({}): {ways}; hours {hours}; verified {day}, {}",
                    n.label, n.country, n.source
                )
            };
            numbers.numbers.iter().map(line).collect()
        }
        About::Text | About::Schedule => {
            let text = String::from_utf8_lossy(content);
            text.lines().map(str::to_owned).collect()
        }
        About::Unknown(_) => vec!["Written by a newer version.".to_owned()],
    };
    // Whatever a colleague wrote, it can't move the cursor.
    let plain = |line: String| line.replace(char::is_control, " ");
    let lines = lines.into_iter().map(|line| format!("    {}", plain(line)));
    lines.collect::<Vec<_>>().join("\n")
}
