//! Writing the roster: founding a clinic, people, workstations, team keys.

use clinic_api::chain::roster::{CONSENT, Roster, RosterStep, TeamWrap};
use clinic_api::chain::{Body, ChainKind, Signed, Tip};
use clinic_api::crypto;
use clinic_api::id::{ChainId, MemberId, PersonId};
use clinic_api::member::{DeviceKeys, Role, Team, Wrap};

use super::keys::{DeviceSecrets, Reader, RootSecret, Seed, TeamSecret};
use super::wrap::{self, Purpose};
use super::{SpaceError, kdf};
use crate::env::Env;

/// A founded clinic: its first statements, and the secrets made for it.
#[derive(Debug)]
pub struct Founding {
    /// The roster's statements, to be sent to the clinic API in this order.
    pub statements: Vec<Signed>,
    /// The roster that they make.
    pub roster: Roster,
    /// The first person: a clinician.
    pub person: PersonId,
}

/// How many statements found a clinic: see [`found`].
pub const FOUNDING: u64 = 5;

/// Founds a clinic: root and name, its first clinician with this workstation, both team keys.
///
/// # Errors
/// [`SpaceError::Chain`] where a name breaks the roster's rules.
pub fn found(
    env: &Env,
    root: &RootSecret,
    workstation: &DeviceSecrets,
    clinic: &str,
    clinician: &str,
) -> Result<Founding, SpaceError> {
    let step = RosterStep::Founded {
        root: *root.sign().public(),
        name: clinic.to_owned(),
        nonce: env.random(),
    };
    let first = sign(env, root, None, step);
    let mut roster = Roster::found(&first)?;
    let mut statements = vec![first];
    let person = PersonId(env.random());
    let mut say = |roster: &mut Roster, step| -> Result<(), SpaceError> {
        let statement = sign(env, root, Some(roster.tip()), step);
        roster.append(&statement)?;
        statements.push(statement);
        Ok(())
    };
    let name = clinician.to_owned();
    say(
        &mut roster,
        RosterStep::PersonAdded {
            person,
            name,
            role: Role::Clinician,
        },
    )?;
    let step = RosterStep::WorkstationAdded {
        person,
        device: workstation.keys().clone(),
        consent: consent(&roster, workstation),
        wraps: Vec::new(),
    };
    say(&mut roster, step)?;
    for team in Team::ALL {
        let secret = TeamSecret::new(Seed::random(env))?;
        let step = team_key(env, &roster, team, &secret, None)?;
        say(&mut roster, step)?;
    }
    Ok(Founding {
        statements,
        roster,
        person,
    })
}

/// Signs a statement of the roster.
pub fn sign(env: &Env, root: &RootSecret, tip: Option<Tip>, step: RosterStep) -> Signed {
    let at = env.now().as_millisecond();
    let body = Body::following(ChainKind::Roster, tip, at, root.id(), step);
    Signed::new(&body, |bytes| root.sign().sign(bytes))
}

/// A workstation's consent to be next on this roster.
pub fn consent(roster: &Roster, workstation: &DeviceSecrets) -> crypto::Signature {
    let parts: [&[u8]; 3] = [&roster.id().0, &roster.tip().hash.0, &workstation.id().0];
    workstation.log().sign(&crypto::to_sign(CONSENT, &parts))
}

/// The step that issues a team's new key to just its present workstations.
///
/// `before` is the team's key so far; without it a second key is refused by the roster.
///
/// # Errors
/// [`SpaceError::BadKey`] where a workstation's key is none.
pub fn team_key(
    env: &Env,
    roster: &Roster,
    team: Team,
    secret: &TeamSecret,
    before: Option<&TeamSecret>,
) -> Result<RosterStep, SpaceError> {
    let previous = match before {
        Some(old) => {
            let (once, aad) = previous_parts(secret, roster.id(), team);
            Some(kdf::seal_once(&once, &aad, old.seed().expose().to_vec())?)
        }
        None => None,
    };
    issue(env, roster, team, secret, previous)
}

/// The step that issues a team's new key where nobody at hand has the one before.
///
/// What should be the sealed key before opens to nothing. No history is lost by it: epochs seal
/// the key of the epoch before, and each is written by somebody who can open that.
///
/// # Errors
/// As [`team_key`].
pub fn team_key_alone(
    env: &Env,
    roster: &Roster,
    team: Team,
    secret: &TeamSecret,
) -> Result<RosterStep, SpaceError> {
    let (left, right): ([u8; 32], [u8; 16]) = (env.random(), env.random());
    issue(
        env,
        roster,
        team,
        secret,
        Some([&left[..], &right].concat()),
    )
}

fn issue(
    env: &Env,
    roster: &Roster,
    team: Team,
    secret: &TeamSecret,
    previous: Option<Vec<u8>>,
) -> Result<RosterStep, SpaceError> {
    let wraps = roster
        .team_workstations(team, roster.tip().number)
        .map(|w| wrap_team_key(env, roster.id(), team, secret, w.id.into(), &w.keys.kem))
        .collect::<Result<_, _>>()?;
    Ok(RosterStep::TeamKeyIssued {
        team,
        kem: secret.public().to_vec(),
        wraps,
        previous: previous.map(Into::into),
    })
}

/// The wraps of all teams' present keys that a new workstation of that role needs.
///
/// # Errors
/// [`SpaceError::BadKey`] where its key is none.
pub fn team_wraps(
    env: &Env,
    roster: &Roster,
    role: Role,
    secrets: &[(Team, TeamSecret)],
    new: &DeviceSecrets,
) -> Result<Vec<TeamWrap>, SpaceError> {
    let due = secrets.iter().filter(|(team, _)| team.includes(role));
    due.map(|(team, secret)| present_key(env, roster, *team, secret, new.keys()))
        .collect()
}

/// A team's present key for one new workstation.
///
/// # Errors
/// [`SpaceError::BadKey`] where its key is none.
pub fn present_key(
    env: &Env,
    roster: &Roster,
    team: Team,
    secret: &TeamSecret,
    new: &DeviceKeys,
) -> Result<TeamWrap, SpaceError> {
    let recipient = new.id().into();
    let wrap = wrap_team_key(env, roster.id(), team, secret, recipient, &new.kem)?;
    Ok(TeamWrap { team, wrap })
}

fn wrap_team_key(
    env: &Env,
    roster: ChainId,
    team: Team,
    secret: &TeamSecret,
    recipient: MemberId,
    kem: &[u8],
) -> Result<Wrap, SpaceError> {
    let parts: [&[u8]; 3] = [&roster.0, &[team_code(team)], &secret.id().0];
    let purpose = Purpose {
        label: "team wrap",
        parts: &parts,
    };
    wrap::wrap(env, recipient, kem, purpose, secret.seed())
}

/// All the team keys that a workstation can open: its wraps, and back from each to the first.
///
/// A wrap that doesn't open is passed over: it was not made for this workstation.
pub fn open_team_keys(roster: &Roster, reader: Reader<'_>) -> Vec<(Team, TeamSecret)> {
    let mut all = Vec::new();
    let mine = roster
        .workstations()
        .iter()
        .find(|w| reader.id == w.id.into());
    for (number, given) in mine.into_iter().flat_map(|w| w.wraps()) {
        let keys: Vec<_> = roster.team_keys(given.team).collect();
        let Some(at) = keys.iter().rposition(|k| k.issued <= *number) else {
            continue;
        };
        let Some(record) = keys.get(at) else { continue };
        let parts: [&[u8]; 3] = [&roster.id().0, &[team_code(given.team)], &record.id.0];
        let purpose = Purpose {
            label: "team wrap",
            parts: &parts,
        };
        let Ok(seed) = wrap::unwrap(reader, purpose, &given.wrap) else {
            continue;
        };
        let Ok(mut secret) = TeamSecret::new(seed) else {
            continue;
        };
        if secret.id() != record.id {
            continue;
        }
        let mut sealed = record.previous.as_deref();
        let mut older = keys.iter().take(at).rev();
        all.push((given.team, secret.clone()));
        while let (Some(bytes), Some(before)) = (sealed, older.next()) {
            let (once, aad) = previous_parts(&secret, roster.id(), given.team);
            let Ok(seed) = kdf::open_once(&once, &aad, bytes) else {
                break;
            };
            let seed = zeroize::Zeroizing::new(seed);
            let Ok(next) = Seed::try_from(seed.as_slice()).and_then(TeamSecret::new) else {
                break;
            };
            if next.id() != before.id {
                break;
            }
            sealed = before.previous.as_deref();
            secret = next;
            all.push((given.team, secret.clone()));
        }
    }
    all
}

fn team_code(team: Team) -> u8 {
    match team {
        Team::Care => 1,
        Team::Front => 2,
    }
}

fn previous_parts(secret: &TeamSecret, roster: ChainId, team: Team) -> (Seed, Vec<u8>) {
    let code = [team_code(team)];
    let parts: [&[u8]; 2] = [&roster.0, &code];
    let once = kdf::derive(secret.seed().expose(), &[], "previous team key", &parts);
    (once, crypto::to_sign("previous team", &parts))
}
