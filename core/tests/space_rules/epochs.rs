//! Epochs against chains that are not theirs, and what makes one current.

use clinic_api::chain::ChainError;
use clinic_api::chain::epoch::{EpochChain, Parties};
use clinic_api::chain::patient::{ClinicRef, LastHead, PatientChain};
use clinic_api::chain::roster::{Roster, RosterStep};
use clinic_api::id::{HeadHash, LogId, MemberId, SpaceId};
use clinic_api::member::Team;
use clinic_api::space::SpaceKind;
use companion_core::space::keys::{Seed, TeamSecret};
use companion_core::space::{SpaceError, clinic, epoch, patient};

use super::vectors::fixed;
use super::vectors::world::{Who, World};

const NO_KEY: ChainError = ChainError::Rule("the team's key is still to be issued");

fn roster_after(world: &World, count: usize) -> Roster {
    let mut roster = Roster::found(&world.roster_statements[0]).unwrap();
    for next in &world.roster_statements[1..count] {
        roster.append(next).unwrap();
    }
    roster
}

fn patient_after(world: &World, count: usize) -> PatientChain {
    let mut chain = PatientChain::found(&world.patient_statements[0]).unwrap();
    for next in &world.patient_statements[1..count] {
        chain.append(next).unwrap();
    }
    chain
}

#[test]
fn an_epoch_is_current_until_somebody_comes_or_leaves() {
    let world = World::new();
    let care = &world.spaces[1];
    let mut chain = EpochChain::default();
    chain.append(world.parties(1), &care.statements[0]).unwrap();
    let current = |patient: usize, roster: usize| {
        let (patient, roster) = (patient_after(&world, patient), roster_after(&world, roster));
        chain.is_current(Parties {
            kind: SpaceKind::Care,
            patient: Some(&patient),
            roster: Some(&roster),
        })
    };
    assert!(current(2, 9));
    assert!(!current(3, 9), "a device came");
    assert!(!current(2, 10), "a clinician left: the key is stale");
    assert!(!current(2, 11), "the team has a new key");
    assert!(
        world
            .spaces
            .iter()
            .enumerate()
            .all(|(n, s)| { s.chain.is_current(world.parties(n)) })
    );
}

#[test]
fn nobody_writes_an_epoch_to_a_key_that_somebody_took_along() {
    let world = World::new();
    let (patient, roster) = (patient_after(&world, 2), roster_after(&world, 10));
    assert!(roster.team_key_at(Team::Care, 8).is_some());
    assert!(roster.team_key_at(Team::Care, 9).is_none());
    let parties = Parties {
        kind: SpaceKind::Care,
        patient: Some(&patient),
        roster: Some(&roster),
    };
    let (signer, sign) = world.signer(Who::Phone);
    let result = epoch::write(
        &fixed::env("stale"),
        parties,
        None,
        Vec::new(),
        0,
        signer,
        sign,
    );
    assert_eq!(result.unwrap_err(), SpaceError::Chain(NO_KEY));
}

#[test]
fn a_team_that_only_gains_somebody_keeps_its_key() {
    let world = World::new();
    let mut roster = roster_after(&world, 9);
    let env = fixed::env("gain");
    let desk = roster.workstation(world.desk.id()).unwrap().person;
    let step = RosterStep::RoleChanged {
        person: desk,
        role: clinic_api::member::Role::Clinician,
    };
    let change = clinic::sign(&env, &world.root, Some(roster.tip()), step);
    roster.append(&change).unwrap();
    assert!(roster.team_key_at(Team::Care, 9).is_some());
    assert!(roster.team_key_at(Team::Front, 9).is_none());
    let secret = TeamSecret::new(Seed::random(&env)).unwrap();
    let step = clinic::team_key(&env, &roster, Team::Care, &secret, Some(&world.teams[0].1));
    let issued = clinic::sign(&env, &world.root, Some(roster.tip()), step.unwrap());
    roster.append(&issued).unwrap();
    let opened = clinic::open_team_keys(&roster, world.desk.reader());
    let care: Vec<MemberId> = opened
        .iter()
        .filter(|(team, _)| *team == Team::Care)
        .map(|(_, key)| key.id())
        .collect();
    assert_eq!(care, [secret.id(), world.teams[0].1.id()]);
}

#[test]
fn an_epoch_for_a_clinic_that_the_patient_is_not_with_is_refused() {
    let world = World::new();
    let env = fixed::env("another clinic");
    let other = clinic::found(&env, &world.root, &world.anna, "Elsewhere", "A").unwrap();
    let parties = Parties {
        kind: SpaceKind::Care,
        patient: Some(&world.patient),
        roster: Some(&other.roster),
    };
    let (signer, sign) = world.signer(Who::Anna);
    let (statement, _) = epoch::write(&env, parties, None, Vec::new(), 0, signer, sign).unwrap();
    let refused = EpochChain::default().append(parties, &statement);
    let why = ChainError::Rule("cites the roster of the patient's clinic");
    assert_eq!(refused, Err(why));
}

#[test]
fn a_clinic_with_another_root_is_another_clinic() {
    let world = World::new();
    let env = fixed::env("another root");
    let mut chain = PatientChain::found(&patient::found(&env, &world.phone)).unwrap();
    let clinic = ClinicRef {
        roster: world.roster.id(),
        root: MemberId([8; 32]),
    };
    let joined = patient::join_clinic(&env, chain.tip(), &world.phone, clinic);
    chain.append(&joined).unwrap();
    let parties = Parties {
        kind: SpaceKind::Care,
        patient: Some(&chain),
        roster: Some(&world.roster),
    };
    let (signer, sign) = world.signer(Who::Phone);
    let (statement, _) = epoch::write(&env, parties, None, Vec::new(), 0, signer, sign).unwrap();
    assert!(EpochChain::default().append(parties, &statement).is_err());
}

#[test]
fn who_is_out_opens_nothing_new_and_what_is_new_opens_what_was_before() {
    let world = World::new();
    let records = world.spaces[0].chain.all();
    let tablet = |n: usize| epoch::open(&records[n], &[world.tablet.reader()]).map(drop);
    assert_eq!(tablet(0), Err(SpaceError::NotAMember));
    assert_eq!(tablet(1), Ok(()));
    assert_eq!(tablet(2), Err(SpaceError::NotAMember));
    let kit = epoch::open(&records[2], &[world.kit.reader()]).unwrap();
    let before = epoch::open_previous(&kit, &records[2], &records[1]).unwrap();
    let first = epoch::open_previous(&before, &records[1], &records[0]).unwrap();
    let known = world.spaces[0].keys[0].seed().expose();
    assert_eq!(first.seed().expose(), known);
    let skipped = epoch::open_previous(&kit, &records[2], &records[0]);
    assert_eq!(skipped.unwrap_err(), SpaceError::DoesNotOpen);
    let ben: Vec<_> = clinic::open_team_keys(&world.roster, world.ben.reader());
    let ids: Vec<MemberId> = ben.iter().map(|(_, key)| key.id()).collect();
    assert_eq!(ids, [world.teams[0].1.id(), world.teams[1].1.id()]);
}

/// Each is right in all but that it goes back.
#[test]
fn an_epoch_does_not_go_back_behind_what_the_one_before_cited() {
    let world = World::new();
    let care = &world.spaces[1];
    let last = care.chain.last().map(|record| (record, care.keys.last()));
    for (patient, roster) in [(5, 9), (4, 12)] {
        let (patient, roster) = (patient_after(&world, patient), roster_after(&world, roster));
        let parties = Parties {
            kind: SpaceKind::Care,
            patient: Some(&patient),
            roster: Some(&roster),
        };
        let (signer, sign) = world.signer(Who::Phone);
        let env = fixed::env("back");
        let (next, _) = epoch::write(&env, parties, last, Vec::new(), 0, signer, sign).unwrap();
        let refused = care.chain.clone().append(world.parties(1), &next);
        let why = "cites no earlier statement than the epoch before";
        assert_eq!(refused, Err(ChainError::Rule(why)));
    }
}

#[test]
fn the_epoch_after_a_workstation_left_closes_its_logs() {
    let world = World::new();
    let front = &world.spaces[3];
    let (anna, ben) = (front.logs[0].tip.unwrap(), front.logs[1].tip.unwrap());
    let left = world.roster.left_team(world.ben.id(), Team::Front).unwrap();
    assert_eq!(left, 9);
    let other = HeadHash([9; 32]);
    let counts = |log, beat, head| front.chain.counts(left, log, beat, head);
    assert!(counts(ben.log, ben.beat, ben.head));
    assert!(!counts(ben.log, ben.beat, other), "another branch");
    assert!(!counts(ben.log, ben.beat + 1, ben.head));
    assert!(
        !counts(anna.log, anna.beat, anna.head),
        "not named: nothing"
    );
    let mut before = EpochChain::default();
    before
        .append(world.parties(3), &front.statements[0])
        .unwrap();
    assert!(
        before.counts(left, ben.log, ben.beat + 1, other),
        "not closed yet"
    );
}

/// Of a log of which the closing head is number 3, as heads 1 to 4 are judged.
#[test]
fn heads_before_the_last_that_counts_do_too() {
    let last = LastHead {
        space: SpaceId([1; 32]),
        log: LogId([2; 16]),
        beat: 3,
        head: HeadHash([3; 32]),
    };
    let (that, other) = (HeadHash([3; 32]), HeadHash([4; 32]));
    let judged = |beat| [that, other].map(|head| last.covers(last.log, beat, head));
    let found = [1, 2, 3, 4].map(judged);
    assert_eq!(found, [[true; 2], [true; 2], [true, false], [false; 2]]);
    assert!(!last.covers(LogId([5; 16]), 3, that));
}
