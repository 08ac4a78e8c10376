//! `clinic-console roster`: the clinic's people and workstations.

use std::path::Path;

use clap::{Subcommand, ValueEnum};
use clinic_api::id::PersonId;
use clinic_api::member::{Role, Team};
use companion_core::companion::Companion;
use companion_core::env::Env;
use companion_core::members::words::short;
use companion_core::problem::Problem;
use companion_core::sync::{Colleague, People, RosterChange, Staff, StaffError, StaffWorkstation};
use serde_json::{Value, json};

use super::{Done, How, day, instant, root_kit, workstation};

/// The clinic's people, their roles and workstations, and the root key that says so. Close the
/// console's page first.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    how: How,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Who works here, in which role, at which workstations.
    List {
        /// Those who left, too.
        #[arg(long)]
        all: bool,
    },
    /// Add a person; then add a workstation for them.
    Add {
        /// Their name, as patients see it.
        name: String,
        /// What they do.
        #[arg(long)]
        role: RoleName,
    },
    /// Give a person another role.
    Role {
        /// Name, or number as `list` shows it.
        person: String,
        /// What they do from now on.
        role: RoleName,
    },
    /// Put a person out, with all their workstations.
    Remove {
        /// Name, or number as `list` shows it.
        person: String,
    },
    /// Workstations: add one, put one out.
    #[command(subcommand)]
    Workstation(workstation::What),
    /// The root key's own kit of 24 words.
    #[command(subcommand)]
    RootKit(root_kit::What),
    /// Finish what was cut off, and issue the teams' keys that are due; nothing else.
    Renew,
    /// What changed about the clinic's people, in words.
    Changes,
}

/// A role, as it is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum RoleName {
    /// Manages people; reads nothing clinical.
    Administrator,
    /// Reads and reviews what patients share.
    Clinician,
    /// Who patients are and their appointments; nothing clinical.
    FrontDesk,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Administrator => Self::Administrator,
            RoleName::Clinician => Self::Clinician,
            RoleName::FrontDesk => Self::FrontDesk,
        }
    }
}

fn code(role: Role) -> &'static str {
    match role {
        Role::Administrator => "administrator",
        Role::Clinician => "clinician",
        Role::FrontDesk => "front-desk",
    }
}

fn words(role: Role) -> &'static str {
    match role {
        Role::Administrator => "administrator",
        Role::Clinician => "clinician",
        Role::FrontDesk => "front desk",
    }
}

/// Does what was asked.
pub async fn run(env: &Env, dir: &Path, args: &Args) -> Result<(), Problem> {
    let done = act(env, dir, args).await;
    args.how.print(done)
}

async fn act(env: &Env, dir: &Path, args: &Args) -> Result<Done, Problem> {
    let companion = args.how.open(env, dir)?;
    let staff = companion.staff();
    match &args.what {
        What::List { all } => Ok(list(env, &staff.people()?, *all)),
        What::Add { name, role } => {
            let person = staff.add(name, (*role).into()).await?;
            follow(&companion).await;
            let text = format!(
                "{} is on the list, as {}. They can do nothing yet: add a workstation for them \
                 with `roster workstation add`.",
                name.trim(),
                words((*role).into())
            );
            Ok((json!({ "person": person.to_string() }), text))
        }
        What::Role { person, role } => {
            let found = find(&staff, person)?;
            staff.change_role(found.person, (*role).into()).await?;
            follow(&companion).await;
            let text = format!(
                "{} is {} from now on. {}",
                found.name,
                words((*role).into()),
                told(&companion)
            );
            Ok((named(&found), text))
        }
        What::Remove { person } => {
            let found = find(&staff, person)?;
            staff.remove(found.person).await?;
            follow(&companion).await;
            let text = format!(
                "{} is out, with all their workstations: they read nothing new. What they have \
                 read, they have read. {}",
                found.name,
                told(&companion)
            );
            Ok((named(&found), text))
        }
        What::Workstation(what) => workstation::act(&companion, what, args.how.json).await,
        What::RootKit(what) => root_kit::act(env, &staff, what),
        What::Renew => {
            staff.change(RosterChange::RenewKeys).await?;
            follow(&companion).await;
            let text = "All that was begun is done, and every team has its key.";
            Ok((json!({ "renewed": true }), text.to_owned()))
        }
        What::Changes => changes(env, &companion),
    }
}

/// New keys reach the spaces with a round of syncing. That it fails loses nothing: the next one,
/// of any workstation or phone that is in, does it.
pub(super) async fn follow(companion: &Companion) {
    let _ = companion.sync().round().await;
}

/// Who hears of a change.
fn told(companion: &Companion) -> &'static str {
    let some = companion.front().patients().is_ok_and(|p| !p.is_empty());
    if some {
        "Patients are told when their phones next sync."
    } else {
        ""
    }
}

fn named(colleague: &Colleague) -> Value {
    json!({ "person": colleague.person.to_string() })
}

/// Somebody who is here, by name or by the beginning of their number.
pub(super) fn find(staff: &Staff, typed: &str) -> Result<Colleague, Problem> {
    let wanted = typed.trim().to_lowercase();
    let people = staff.people()?;
    let here = people.all.into_iter().filter(|p| p.role.is_some());
    let number = |p: &PersonId| p.to_string();
    let mut fitting = here.filter(|p| {
        p.name.to_lowercase() == wanted
            || (wanted.len() >= 8 && number(&p.person).starts_with(&wanted))
    });
    match (fitting.next(), fitting.next()) {
        (Some(one), None) => Ok(one),
        (None, _) | (Some(_), Some(_)) => Err(StaffError::UnknownPerson.into()),
    }
}

fn list(env: &Env, people: &People, all: bool) -> Done {
    let shown: Vec<&Colleague> = people
        .all
        .iter()
        .filter(|p| all || p.role.is_some())
        .collect();
    let value = json!({
        "clinic": people.clinic,
        "people": shown.iter().map(|p| seen(p, all)).collect::<Vec<_>>(),
        "root_here": people.root_here,
        "unfinished": people.unfinished,
        "keys_due": people.keys_due.iter().map(|t| team(*t)).collect::<Vec<_>>(),
    });
    let mut lines = vec![people.clinic.clone()];
    for person in shown {
        lines.push(String::new());
        lines.extend(said(env, person, all));
    }
    lines.push(String::new());
    lines.push(if people.root_here {
        "The root key is on this workstation: the list can be changed here.".to_owned()
    } else {
        "The root key is not on this workstation: the list can't be changed here.".to_owned()
    });
    if people.unfinished {
        lines.push(
            "A change was begun here and isn't finished; the next change, or opening the console, \
             goes on with it."
                .to_owned(),
        );
    } else if !people.keys_due.is_empty() {
        lines.push(
            "Somebody left, and new keys are still to be issued: until then nothing new can be \
             shared. Where the root key is: roster renew"
                .to_owned(),
        );
    }
    (value, lines.join("\n"))
}

fn team(team: Team) -> &'static str {
    match team {
        Team::Care => "care",
        Team::Front => "front",
    }
}

fn shows(workstation: &StaffWorkstation, all: bool) -> bool {
    all || workstation.removed_ms.is_none()
}

fn seen(person: &Colleague, all: bool) -> Value {
    let workstations = person.workstations.iter().filter(|w| shows(w, all));
    let workstations: Vec<Value> = workstations
        .map(|w| {
            json!({
                "workstation": w.device.to_string(),
                "since": instant(w.since_ms),
                "removed": w.removed_ms.map(instant),
                "last_heard": w.heard_ms.map(instant),
                "this": w.this,
            })
        })
        .collect();
    json!({
        "person": person.person.to_string(),
        "name": person.name,
        "role": person.role.map(code),
        "since": instant(person.since_ms),
        "yourself": person.yourself,
        "workstations": workstations,
    })
}

fn said(env: &Env, person: &Colleague, all: bool) -> Vec<String> {
    let role = person.role.map_or("left", words);
    let yourself = if person.yourself { ", you" } else { "" };
    let number: String = person.person.to_string().chars().take(8).collect();
    let mut lines = vec![format!(
        "{} ({role}{yourself}), since {}  [{number}]",
        person.name,
        day(env, person.since_ms)
    )];
    for w in person.workstations.iter().filter(|w| shows(w, all)) {
        let heard = match (w.this, w.heard_ms) {
            (true, _) => "this one".to_owned(),
            (false, Some(ms)) => format!("last heard {}", day(env, ms)),
            (false, None) => "not heard yet".to_owned(),
        };
        let out = w
            .removed_ms
            .map_or(String::new(), |ms| format!(", put out {}", day(env, ms)));
        lines.push(format!(
            "    workstation {}, since {}, {heard}{out}",
            short(w.device),
            day(env, w.since_ms)
        ));
    }
    if person.workstations.is_empty() {
        lines.push("    no workstation yet".to_owned());
    }
    lines
}

fn changes(env: &Env, companion: &Companion) -> Result<Done, Problem> {
    let members = companion.members();
    let all = members.changes()?;
    let value: Vec<Value> = all
        .iter()
        .map(|told| {
            json!({
                "at": instant(told.at_ms),
                "by": told.by,
                "text": told.text,
                "in_force": told.in_force_ms.map(instant),
                "new": told.new,
            })
        })
        .collect();
    let lines: Vec<String> = all
        .iter()
        .map(|told| {
            let new = if told.new { "new  " } else { "     " };
            format!("{new}{}  {}", day(env, told.at_ms), told.text)
        })
        .collect();
    members.shown(&all)?;
    Ok((json!({ "changes": value }), lines.join("\n")))
}
