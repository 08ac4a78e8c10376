//! The roster: a clinic's people, their workstations, and the team keys.
//!
//! Signed by the clinic's root alone. Names stand in it in the clear: patients
//! are shown who can read, and the server knows who it serves.

mod step;

pub use step::{RosterStep, TeamWrap};

use super::{Body, ChainError, ChainKind, Signed, Tip};
use crate::crypto::{self, Signature};
use crate::id::{ChainId, DeviceId, MemberId, PersonId, SpaceId, StatementHash};
use crate::limits;
use crate::member::{DeviceKeys, Role, SEALED_KEY, Team, Wrap, kem_well_formed, root_id, team_id};
use crate::space::SpaceKind;

/// The label of a workstation's consent; parts: chain, previous statement, its id.
pub const CONSENT: &str = "roster consent";

/// A person, and their roles over time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonRecord {
    /// The person.
    pub id: PersonId,
    /// Their name.
    pub name: String,
    /// Roles by the statement from which they hold; `None` after leaving.
    roles: Vec<(u64, Option<Role>)>,
}

/// A workstation, and when it was in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkstationRecord {
    /// Its name.
    pub id: DeviceId,
    /// Whose it is.
    pub person: PersonId,
    /// Its keys.
    pub keys: DeviceKeys,
    /// The statement that brought it in.
    pub added: u64,
    /// The statement that removed it.
    pub removed: Option<u64>,
    wraps: Vec<(u64, TeamWrap)>,
}

/// A team's key of one generation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamKeyRecord {
    /// The team.
    pub team: Team,
    /// Who it is as a recipient.
    pub id: MemberId,
    /// Its public key.
    pub kem: Vec<u8>,
    /// The statement that issued it.
    pub issued: u64,
    /// The sealed seed of the key before.
    pub previous: Option<Vec<u8>>,
}

/// A verified roster. Made only by verifying statements from the first on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roster {
    hashes: Vec<StatementHash>,
    /// When each statement was signed, by the root's own clock.
    stated: Vec<i64>,
    root: [u8; 32],
    name: String,
    people: Vec<PersonRecord>,
    workstations: Vec<WorkstationRecord>,
    team_keys: Vec<TeamKeyRecord>,
    /// Statements after which a team's key had been held by somebody who left.
    stale: Vec<(u64, Team)>,
}

impl Roster {
    /// Verifies a first statement.
    ///
    /// # Errors
    /// [`ChainError`]: there is no such roster.
    pub fn found(first: &Signed) -> Result<Self, ChainError> {
        let body: Body<RosterStep> = first.body_after(ChainKind::Roster, None)?;
        let RosterStep::Founded { root, name, .. } = body.step else {
            return Err(ChainError::Rule("the first statement founds the roster"));
        };
        checked_name(&name)?;
        if body.signer != root_id(&root) {
            return Err(ChainError::NotAllowed);
        }
        if !first.signed_by(ChainKind::Roster, &root) {
            return Err(ChainError::BadSignature);
        }
        Ok(Self {
            hashes: vec![first.hash()],
            stated: vec![body.at],
            root,
            name,
            people: Vec::new(),
            workstations: Vec::new(),
            team_keys: Vec::new(),
            stale: Vec::new(),
        })
    }

    /// Verifies the next statement and takes it in.
    ///
    /// # Errors
    /// [`ChainError`]: refuse it; the roster is as before.
    pub fn append(&mut self, next: &Signed) -> Result<(), ChainError> {
        let tip = self.tip();
        let body: Body<RosterStep> = next.body_after(ChainKind::Roster, Some(tip))?;
        if body.signer != self.root_id() {
            return Err(ChainError::NotAllowed);
        }
        if !next.signed_by(ChainKind::Roster, &self.root) {
            return Err(ChainError::BadSignature);
        }
        self.take(body.number, tip, body.step)?;
        self.hashes.push(next.hash());
        self.stated.push(body.at);
        Ok(())
    }

    /// Every arm checks all it must before it changes anything.
    fn take(&mut self, number: u64, tip: Tip, step: RosterStep) -> Result<(), ChainError> {
        match step {
            RosterStep::Founded { .. } => Err(ChainError::Rule("a roster is founded once")),
            RosterStep::PersonAdded { person, name, role } => {
                checked_name(&name)?;
                if self.people.iter().any(|p| p.id == person) {
                    return Err(ChainError::Rule("a person joins once"));
                }
                self.people.push(PersonRecord {
                    id: person,
                    name,
                    roles: vec![(number, Some(role))],
                });
                Ok(())
            }
            RosterStep::RoleChanged { person, role } => {
                self.change_role(number, tip, person, Some(role))
            }
            RosterStep::PersonRemoved { person } => {
                self.change_role(number, tip, person, None)?;
                for w in self.workstations.iter_mut().filter(|w| w.person == person) {
                    w.removed.get_or_insert(number);
                }
                Ok(())
            }
            RosterStep::WorkstationAdded {
                person,
                device,
                consent,
                wraps,
            } => self.add_workstation(number, tip, person, device, &consent, wraps),
            RosterStep::WorkstationRemoved { device } => {
                let role = self
                    .workstation(device)
                    .filter(|w| w.present(tip.number))
                    .and_then(|w| self.role_at(w.person, tip.number))
                    .ok_or(ChainError::Rule("no such workstation is in"))?;
                for w in self.workstations.iter_mut().filter(|w| w.id == device) {
                    w.removed = Some(number);
                }
                self.mark_stale(number, role);
                Ok(())
            }
            RosterStep::TeamKeyIssued {
                team,
                kem,
                wraps,
                previous,
            } => self.issue(number, tip, team, kem, wraps, previous.map(Into::into)),
        }
    }

    fn change_role(
        &mut self,
        number: u64,
        tip: Tip,
        person: PersonId,
        role: Option<Role>,
    ) -> Result<(), ChainError> {
        let old = self
            .role_at(person, tip.number)
            .ok_or(ChainError::Rule("no such person"))?;
        for p in self.people.iter_mut().filter(|p| p.id == person) {
            p.roles.push((number, role));
        }
        self.mark_stale(number, old);
        Ok(())
    }

    fn mark_stale(&mut self, number: u64, role: Role) {
        let held = Team::ALL.into_iter().filter(|t| t.includes(role));
        self.stale.extend(held.map(|t| (number, t)));
    }

    fn add_workstation(
        &mut self,
        number: u64,
        tip: Tip,
        person: PersonId,
        device: DeviceKeys,
        consent: &Signature,
        wraps: Vec<TeamWrap>,
    ) -> Result<(), ChainError> {
        let role = self
            .role_at(person, tip.number)
            .ok_or(ChainError::Rule("no such person"))?;
        if !device.well_formed() {
            return Err(ChainError::Rule("device keys of the wrong shape"));
        }
        let id = device.id();
        if self.workstation(id).is_some() {
            return Err(ChainError::Rule("a workstation joins once"));
        }
        if !crypto::verify(
            &device.log,
            CONSENT,
            &[&self.id().0, &tip.hash.0, &id.0],
            consent,
        ) {
            return Err(ChainError::Rule("the new member did not consent"));
        }
        let due: Vec<Team> = Team::ALL
            .into_iter()
            .filter(|t| t.includes(role) && self.team_key_at(*t, tip.number).is_some())
            .collect();
        let given: Vec<Team> = wraps.iter().map(|w| w.team).collect();
        let fit = |w: &TeamWrap| w.wrap.recipient == id.into() && w.wrap.well_formed();
        if given != due || !wraps.iter().all(fit) {
            return Err(ChainError::Rule("wraps for just the teams of the role"));
        }
        self.workstations.push(WorkstationRecord {
            id,
            person,
            keys: device,
            added: number,
            removed: None,
            wraps: wraps.into_iter().map(|w| (number, w)).collect(),
        });
        Ok(())
    }

    fn issue(
        &mut self,
        number: u64,
        tip: Tip,
        team: Team,
        kem: Vec<u8>,
        wraps: Vec<Wrap>,
        previous: Option<Vec<u8>>,
    ) -> Result<(), ChainError> {
        if !kem_well_formed(&kem) {
            return Err(ChainError::Rule("a team key that is none"));
        }
        // Else who left could go on reading, or one team read for the other.
        let id = team_id(&kem);
        if self.team_keys.iter().any(|k| k.id == id) {
            return Err(ChainError::Rule("a team key is issued once"));
        }
        if previous.as_ref().is_some_and(|k| k.len() != SEALED_KEY) {
            return Err(ChainError::Rule("a sealed key of the wrong length"));
        }
        let first = !self.team_keys.iter().any(|k| k.team == team);
        if first != previous.is_none() {
            return Err(ChainError::Rule("a new team key seals the one before"));
        }
        let due: Vec<MemberId> = self
            .team_workstations(team, tip.number)
            .map(|w| w.id.into())
            .collect();
        let given: Vec<MemberId> = wraps.iter().map(|w| w.recipient).collect();
        if given != due || !wraps.iter().all(Wrap::well_formed) {
            return Err(ChainError::Rule(
                "wraps for just the workstations of the team",
            ));
        }
        for wrap in wraps {
            if let Some(w) = self
                .workstations
                .iter_mut()
                .find(|w| wrap.recipient == w.id.into())
            {
                w.wraps.push((number, TeamWrap { team, wrap }));
            }
        }
        self.team_keys.push(TeamKeyRecord {
            team,
            id,
            kem,
            issued: number,
            previous,
        });
        Ok(())
    }

    /// The roster's name: the hash of its first statement.
    pub fn id(&self) -> ChainId {
        self.hashes.first().map_or(ChainId([0; 32]), |&h| h.into())
    }

    /// Where it ends.
    pub fn tip(&self) -> Tip {
        super::statement::tip_of(&self.hashes)
    }

    /// The number of the statement with that hash, if it is in this roster.
    pub fn number_of(&self, hash: StatementHash) -> Option<u64> {
        super::statement::number_of(&self.hashes, hash)
    }

    /// When statement `number` was signed, in milliseconds since 1970, by the root's own clock.
    pub fn stated_ms(&self, number: u64) -> Option<i64> {
        self.stated.get(usize::try_from(number).ok()?).copied()
    }

    /// The fingerprint of the root key.
    pub fn root_id(&self) -> MemberId {
        root_id(&self.root)
    }

    /// The clinic's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// One of the clinic's spaces.
    pub fn space(&self, kind: SpaceKind) -> SpaceId {
        kind.id(self.id())
    }

    /// Everybody who ever was on it.
    pub fn people(&self) -> &[PersonRecord] {
        &self.people
    }

    /// A person, whether still here or not.
    pub fn person(&self, id: PersonId) -> Option<&PersonRecord> {
        self.people.iter().find(|p| p.id == id)
    }

    /// A person's role after statement `number`; none before joining or after leaving.
    pub fn role_at(&self, person: PersonId, number: u64) -> Option<Role> {
        self.person(person)?.role_at(number)
    }

    /// Every workstation that ever was in, in the order of joining.
    pub fn workstations(&self) -> &[WorkstationRecord] {
        &self.workstations
    }

    /// A workstation, whether still in or not.
    pub fn workstation(&self, id: DeviceId) -> Option<&WorkstationRecord> {
        self.workstations.iter().find(|w| w.id == id)
    }

    /// The role of a workstation's person, if both were in after statement `number`.
    pub fn workstation_role(&self, id: DeviceId, number: u64) -> Option<Role> {
        let w = self.workstation(id).filter(|w| w.present(number))?;
        self.role_at(w.person, number)
    }

    /// The statement by which a workstation left a team: it was put out, its person
    /// left, or their role changed to one that the team doesn't include.
    ///
    /// None while it belongs to the team, also where it came back, and if it never did.
    pub fn left_team(&self, device: DeviceId, team: Team) -> Option<u64> {
        let workstation = self.workstation(device)?;
        let person = self.person(workstation.person)?;
        let belongs = |number| {
            self.workstation_role(device, number)
                .is_some_and(|role| team.includes(role))
        };
        if belongs(self.tip().number) {
            return None;
        }
        let changes = person.roles.iter().map(|(n, _)| *n);
        changes
            .chain(workstation.removed)
            .filter(|n| n.checked_sub(1).is_some_and(belongs))
            .max()
    }

    /// A team's key after statement `number`.
    ///
    /// None before the first, and none after somebody left who held it until
    /// the next is issued: nobody seals to a key that an outsider holds.
    pub fn team_key_at(&self, team: Team, number: u64) -> Option<&TeamKeyRecord> {
        let key = self
            .team_keys
            .iter()
            .rev()
            .find(|k| k.team == team && k.issued <= number)?;
        let stale = self
            .stale
            .iter()
            .any(|(n, t)| *t == team && *n > key.issued && *n <= number);
        (!stale).then_some(key)
    }

    /// Every key that a team ever had, oldest first.
    pub fn team_keys(&self, team: Team) -> impl Iterator<Item = &TeamKeyRecord> {
        self.team_keys.iter().filter(move |k| k.team == team)
    }

    /// The workstations that hold a team's key after statement `number`, in order of joining.
    pub fn team_workstations(
        &self,
        team: Team,
        number: u64,
    ) -> impl Iterator<Item = &WorkstationRecord> {
        self.workstations.iter().filter(move |w| {
            w.present(number)
                && self
                    .role_at(w.person, number)
                    .is_some_and(|r| team.includes(r))
        })
    }
}

impl PersonRecord {
    /// The role after statement `number`.
    pub fn role_at(&self, number: u64) -> Option<Role> {
        self.roles
            .iter()
            .rev()
            .find(|(n, _)| *n <= number)
            .and_then(|(_, r)| *r)
    }

    /// The statement that brought the person in.
    pub fn since(&self) -> u64 {
        self.roles.first().map_or(0, |(n, _)| *n)
    }
}

impl WorkstationRecord {
    fn present(&self, number: u64) -> bool {
        self.added <= number && self.removed.is_none_or(|n| n > number)
    }

    /// The wraps of team keys to this workstation, each with the statement that gave it.
    pub fn wraps(&self) -> &[(u64, TeamWrap)] {
        &self.wraps
    }
}

fn checked_name(name: &str) -> Result<(), ChainError> {
    let fits = !name.trim().is_empty() && name.len() <= limits::NAME;
    if fits && !name.chars().any(char::is_control) {
        Ok(())
    } else {
        Err(ChainError::Rule(
            "a name of 1 to 200 bytes without control characters",
        ))
    }
}
