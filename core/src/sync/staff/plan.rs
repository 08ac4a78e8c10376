//! From a change to the statements that make it, with the team keys that it makes necessary.
//! Pure: over a roster, the keys at hand, time and randomness.

use clinic_api::chain::Signed;
use clinic_api::chain::roster::{CONSENT, Roster, RosterStep, TeamWrap};
use clinic_api::crypto::{self, Signature};
use clinic_api::id::{DeviceId, PersonId};
use clinic_api::member::{DeviceKeys, Role, Team};

use super::change::RosterChange;
use super::error::StaffError;
use crate::env::Env;
use crate::space::clinic;
use crate::space::keys::{DeviceSecrets, RootSecret, Seed, TeamSecret};

/// Who states the change: the root's holder, at one of the clinic's workstations.
pub(super) struct Holder<'a> {
    pub env: &'a Env,
    pub root: &'a RootSecret,
    pub device: &'a DeviceSecrets,
}

/// The statements that bring the roster from where it is to where the change is made, and every
/// team's key is in force and with all of its workstations. None where all is so already.
///
/// # Errors
/// [`StaffError`]: nothing may be sent.
pub(super) fn plan(
    holder: &Holder<'_>,
    roster: &Roster,
    change: &RosterChange,
) -> Result<Vec<Signed>, StaffError> {
    let mut plan = Plan {
        holder,
        now: roster.clone(),
        keys: clinic::open_team_keys(roster, holder.device.reader()),
        statements: Vec::new(),
    };
    if let Some(step) = plan.step(change)? {
        plan.say(step)?;
    }
    for team in Team::ALL {
        if plan.due(team, change) {
            plan.renew(team)?;
        }
    }
    Ok(plan.statements)
}

struct Plan<'a> {
    holder: &'a Holder<'a>,
    now: Roster,
    /// Every team key that this workstation can open.
    keys: Vec<(Team, TeamSecret)>,
    statements: Vec<Signed>,
}

impl Plan<'_> {
    fn say(&mut self, step: RosterStep) -> Result<(), StaffError> {
        let (env, root) = (self.holder.env, self.holder.root);
        let statement = clinic::sign(env, root, Some(self.now.tip()), step);
        self.now.append(&statement)?;
        self.statements.push(statement);
        Ok(())
    }

    fn tip(&self) -> u64 {
        self.now.tip().number
    }

    fn role(&self, person: PersonId) -> Option<Role> {
        self.now.role_at(person, self.tip())
    }

    /// What is still to be stated of the change itself.
    fn step(&self, change: &RosterChange) -> Result<Option<RosterStep>, StaffError> {
        match change.clone() {
            RosterChange::AddPerson { person, name, role } => {
                let known = self.now.person(person).is_some();
                Ok((!known).then_some(RosterStep::PersonAdded { person, name, role }))
            }
            RosterChange::ChangeRole { person, role } => {
                let before = self.role(person).ok_or(StaffError::UnknownPerson)?;
                if before == role {
                    return Ok(None);
                }
                if before == Role::Clinician {
                    self.others_care(person)?;
                }
                Ok(Some(RosterStep::RoleChanged { person, role }))
            }
            RosterChange::RemovePerson { person } => {
                let known = self.now.person(person).is_some();
                let Some(role) = self.role(person) else {
                    return if known {
                        Ok(None)
                    } else {
                        Err(StaffError::UnknownPerson)
                    };
                };
                let own = self.now.workstation(self.holder.device.id());
                if own.is_some_and(|w| w.person == person) {
                    return Err(StaffError::Yourself);
                }
                if role == Role::Clinician {
                    self.others_care(person)?;
                }
                Ok(Some(RosterStep::PersonRemoved { person }))
            }
            RosterChange::AddWorkstation {
                person,
                device,
                consent,
            } => self.workstation(person, device, consent),
            RosterChange::RemoveWorkstation { device } => {
                if device == self.holder.device.id() {
                    return Err(StaffError::Yourself);
                }
                if self.now.workstation(device).is_none() {
                    return Err(StaffError::UnknownWorkstation);
                }
                let within = self.now.workstation_role(device, self.tip()).is_some();
                Ok(within.then_some(RosterStep::WorkstationRemoved { device }))
            }
            RosterChange::RenewKeys => Ok(None),
        }
    }

    /// That somebody else is in the care team, too: without one nobody reads what patients send.
    fn others_care(&self, person: PersonId) -> Result<(), StaffError> {
        let mut others = self.now.people().iter().filter(|p| p.id != person);
        if others.any(|p| p.role_at(self.tip()) == Some(Role::Clinician)) {
            Ok(())
        } else {
            Err(StaffError::LastClinician)
        }
    }

    fn workstation(
        &self,
        person: PersonId,
        device: DeviceKeys,
        consent: Signature,
    ) -> Result<Option<RosterStep>, StaffError> {
        let id = device.id();
        let role = self.role(person).ok_or(StaffError::UnknownPerson)?;
        if self.now.workstation(id).is_some() {
            return Ok(None);
        }
        let tip = self.now.tip();
        let parts: [&[u8]; 3] = [&self.now.id().0, &tip.hash.0, &id.0];
        if !crypto::verify(&device.log, CONSENT, &parts, &consent) {
            return Err(StaffError::Moved);
        }
        let wraps = self.wraps(role, &device)?;
        Ok(Some(RosterStep::WorkstationAdded {
            person,
            device,
            consent,
            wraps,
        }))
    }

    /// A wrap of each team's key in force. Where that key isn't at hand, of one that opens nothing:
    /// [`Plan::due`] has a new one follow.
    fn wraps(&self, role: Role, new: &DeviceKeys) -> Result<Vec<TeamWrap>, StaffError> {
        let env = self.holder.env;
        let mut wraps = Vec::new();
        for team in Team::ALL.into_iter().filter(|t| t.includes(role)) {
            if self.now.team_key_at(team, self.tip()).is_none() {
                continue;
            }
            let secret = match self.in_hand(team, self.tip()) {
                Some(secret) => secret.clone(),
                None => TeamSecret::new(Seed::random(env))?,
            };
            wraps.push(clinic::present_key(env, &self.now, team, &secret, new)?);
        }
        Ok(wraps)
    }

    /// The team's last key issued by a statement up to `number`, if this workstation can open it.
    fn in_hand(&self, team: Team, number: u64) -> Option<&TeamSecret> {
        let last = self.now.team_keys(team).filter(|k| k.issued <= number);
        let last = last.last()?.id;
        self.keys.iter().map(|(_, s)| s).find(|s| s.id() == last)
    }

    /// Whether a team's key is to be issued anew: none is in force, a workstation of the team has
    /// no wrap of it, or has one that opens nothing.
    fn due(&self, team: Team, change: &RosterChange) -> bool {
        let tip = self.tip();
        let Some(key) = self.now.team_key_at(team, tip) else {
            return true;
        };
        let wrapped = |w: &clinic_api::chain::roster::WorkstationRecord| {
            let mut given = w.wraps().iter();
            given.any(|(n, wrap)| wrap.team == team && *n >= key.issued)
        };
        if !self.now.team_workstations(team, tip).all(wrapped) {
            return true;
        }
        let RosterChange::AddWorkstation { device, .. } = change else {
            return false;
        };
        let added = self.added(device.id());
        added.is_some_and(|n| key.issued < n && self.in_hand(team, n).is_none())
            && self
                .now
                .team_workstations(team, tip)
                .any(|w| w.id == device.id())
    }

    fn added(&self, device: DeviceId) -> Option<u64> {
        self.now.workstation(device).map(|w| w.added)
    }

    fn renew(&mut self, team: Team) -> Result<(), StaffError> {
        let env = self.holder.env;
        let fresh = TeamSecret::new(Seed::random(env))?;
        let first = self.now.team_keys(team).next().is_none();
        let step = match self.in_hand(team, self.tip()) {
            Some(old) => clinic::team_key(env, &self.now, team, &fresh, Some(old))?,
            None if first => clinic::team_key(env, &self.now, team, &fresh, None)?,
            None => clinic::team_key_alone(env, &self.now, team, &fresh)?,
        };
        self.say(step)
    }
}
