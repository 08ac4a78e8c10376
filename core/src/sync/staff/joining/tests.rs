//! What a new machine believes of the roster that a server shows it.

use clinic_api::chain::Signed;
use clinic_api::chain::roster::{Roster, RosterStep};
use clinic_api::id::PersonId;
use clinic_api::member::Role;

use super::{Offered, checked_roster};
use crate::env::Env;
use crate::space::clinic;
use crate::space::keys::{DeviceSecrets, RootSecret, Seed};
use crate::sync::StaffError;
use crate::sync::SyncError;
use crate::sync::pairing::{PairingError, PairingKind};

/// A clinic, as far as a statement is needed of it.
struct Clinic {
    env: Env,
    root: RootSecret,
    roster: Roster,
    statements: Vec<Signed>,
}

impl Clinic {
    fn of(root: &RootSecret) -> Self {
        let env = Env::system();
        let first = DeviceSecrets::generate(&env).unwrap();
        let founding = clinic::found(&env, root, &first, "Clinic", "Dr. Adler").unwrap();
        Self {
            env,
            root: root.clone(),
            roster: founding.roster,
            statements: founding.statements,
        }
    }

    fn say(&mut self, step: RosterStep) {
        let next = clinic::sign(&self.env, &self.root, Some(self.roster.tip()), step);
        self.roster.append(&next).unwrap();
        self.statements.push(next);
    }

    /// An administrator, and what is offered to their machine.
    fn offers(&mut self, person: PersonId) -> Offered {
        let (name, role) = ("Kim Roe".to_owned(), Role::Administrator);
        self.say(RosterStep::PersonAdded { person, name, role });
        let tip = self.roster.tip();
        Offered {
            kind: PairingKind::Workstation,
            chain: self.roster.id(),
            number: tip.number,
            hash: tip.hash,
            roster: Some(self.roster.id()),
            root: Some(self.roster.root_id()),
            expires: 0,
            person: Some(person),
        }
    }

    /// Takes the machine in, with a wrap that opens nothing.
    fn takes(&mut self, person: PersonId, new: &DeviceSecrets) {
        let secret = crate::space::keys::TeamSecret::new(Seed::random(&self.env)).unwrap();
        let team = clinic_api::member::Team::Front;
        let wrap = clinic::present_key(&self.env, &self.roster, team, &secret, new.keys());
        self.say(RosterStep::WorkstationAdded {
            person,
            device: new.keys().clone(),
            consent: clinic::consent(&self.roster, new),
            wraps: vec![wrap.unwrap()],
        });
    }
}

const KIM: PersonId = PersonId([7; 16]);
const ELSE: PersonId = PersonId([8; 16]);

fn new_machine() -> DeviceSecrets {
    DeviceSecrets::generate(&Env::system()).unwrap()
}

fn root() -> RootSecret {
    RootSecret::new(Seed::random(&Env::system())).unwrap()
}

fn assert_forged(result: Result<Roster, StaffError>) {
    let forged = StaffError::Sync(SyncError::Pairing(PairingError::Forged));
    assert_eq!(result.unwrap_err(), forged);
}

#[test]
fn the_roster_that_was_offered_is_taken() {
    let (root, new) = (root(), new_machine());
    let mut clinic = Clinic::of(&root);
    let offered = clinic.offers(KIM);
    clinic.takes(KIM, &new);
    let taken = checked_roster(&clinic.statements, &offered, new.id()).unwrap();
    assert_eq!(taken.tip(), clinic.roster.tip());
}

#[test]
fn another_clinic_is_not_taken_for_the_one_that_offered() {
    let (root, new) = (root(), new_machine());
    let mut clinic = Clinic::of(&root);
    let offered = clinic.offers(KIM);
    // Another roster of the same root, and one of another root.
    for other in [&root, &self::root()] {
        let mut other = Clinic::of(other);
        other.offers(KIM);
        other.takes(KIM, &new);
        assert_forged(checked_roster(&other.statements, &offered, new.id()));
    }
    assert_forged(checked_roster(&[], &offered, new.id()));
}

/// The server shows a branch in which what was offered never happened.
#[test]
fn a_roster_without_what_was_offered_is_not_taken() {
    let (root, new) = (root(), new_machine());
    let mut clinic = Clinic::of(&root);
    let mut branch = Clinic {
        env: Env::system(),
        root: root.clone(),
        roster: clinic.roster.clone(),
        statements: clinic.statements.clone(),
    };
    let offered = clinic.offers(KIM);
    branch.offers(ELSE);
    let (name, role) = ("Kim Roe".to_owned(), Role::Administrator);
    branch.say(RosterStep::PersonAdded {
        person: KIM,
        name,
        role,
    });
    branch.takes(KIM, &new);
    assert_forged(checked_roster(&branch.statements, &offered, new.id()));
}

#[test]
fn a_place_that_is_another_persons_or_nobodys_is_not_taken() {
    let (root, new) = (root(), new_machine());
    let mut clinic = Clinic::of(&root);
    clinic.offers(ELSE);
    let offered = clinic.offers(KIM);
    assert_forged(checked_roster(&clinic.statements, &offered, new.id()));
    clinic.takes(ELSE, &new);
    assert_forged(checked_roster(&clinic.statements, &offered, new.id()));
}
