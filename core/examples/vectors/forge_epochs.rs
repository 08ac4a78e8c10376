//! Forged epochs.

use clinic_api::chain::ChainKind;
use clinic_api::chain::epoch::EpochStep;
use clinic_api::chain::patient::LastHead;
use clinic_api::id::{HeadHash, LogId, StatementHash};
use serde_json::{Value, json};

use super::forge::say;
use super::forge_chains::{step, tip, world_wrap};
use super::hex;
use super::world::{Who, World};

/// What a chain of epochs refuses, shown on *care*.
pub fn epochs(world: &World) -> Vec<Value> {
    let care = &world.spaces[1];
    let good: EpochStep = step(&care.statements[1]);
    let case = |name: &str, who, change: &dyn Fn(&mut EpochStep), error: &str| {
        let mut step = good.clone();
        change(&mut step);
        let tip = Some(tip(&care.statements, 1));
        let statement = say(world, who, ChainKind::Epoch, tip, step);
        json!({
            "kind": "epoch", "space": care.name, "name": name, "after": 1,
            "statement": hex(statement.to_bytes()), "error": error,
        })
    };
    let patient = |n: usize| Some(world.patient_statements[n].hash());
    let closed = |space: usize| LastHead {
        space: world.parties(space).space().unwrap(),
        log: LogId([1; 16]),
        beat: 1,
        head: HeadHash([2; 32]),
    };
    let roster = |n: usize| Some(world.roster_statements[n].hash());
    let team_out = world.roster_statements.len() - 3;
    let first: EpochStep = step(&care.statements[0]);
    let with_before = {
        let mut step = first;
        step.previous_key = Some(vec![0; 48].into());
        let statement = say(world, Who::Phone, ChainKind::Epoch, None, step);
        json!({ "kind": "epoch", "space": care.name, "name": "the first holds one before", "after": 0, "statement": hex(statement.to_bytes()), "error": "rule" })
    };
    vec![
        case(
            "a recipient is missing",
            Who::Phone,
            &|s| {
                s.wraps.pop();
            },
            "rule",
        ),
        case(
            "a recipient too many",
            Who::Phone,
            &|s| s.wraps.push(world_wrap(world)),
            "rule",
        ),
        case(
            "another recipient",
            Who::Phone,
            &|s| s.wraps[0].recipient = world.tablet.id().into(),
            "rule",
        ),
        case(
            "recipients in another order",
            Who::Phone,
            &|s| s.wraps.reverse(),
            "rule",
        ),
        case(
            "a recipient twice",
            Who::Phone,
            &|s| s.wraps[1] = s.wraps[0].clone(),
            "rule",
        ),
        case(
            "the team's key before",
            Who::Phone,
            &|s| s.wraps.last_mut().unwrap().recipient = world.teams[0].1.id(),
            "rule",
        ),
        case(
            "a wrap cut short",
            Who::Phone,
            &|s| {
                s.wraps[0].enc.pop();
            },
            "rule",
        ),
        case(
            "a sealed key of another length",
            Who::Phone,
            &|s| s.previous_key = Some(vec![0; 47].into()),
            "rule",
        ),
        case(
            "cites the patient chain before joining",
            Who::Phone,
            &|s| s.patient = patient(0),
            "rule",
        ),
        case(
            "cites an earlier roster, with its recipients",
            Who::Phone,
            &|s| {
                s.roster = roster(7);
                s.wraps.last_mut().unwrap().recipient = world.teams[0].1.id();
            },
            "rule",
        ),
        case(
            "cites a roster whose key somebody took along",
            Who::Phone,
            &|s| s.roster = roster(team_out),
            "rule",
        ),
        case(
            "cites another clinic's roster",
            Who::Phone,
            &|s| s.roster = Some(StatementHash([3; 32])),
            "rule",
        ),
        case("cites no roster", Who::Phone, &|s| s.roster = None, "rule"),
        case(
            "for another space",
            Who::Phone,
            &|s| s.space = world.parties(0).space().unwrap(),
            "rule",
        ),
        case(
            "of another kind",
            Who::Phone,
            &|s| s.kind = clinic_api::space::SpaceKind::Desk,
            "rule",
        ),
        case("by the front desk", Who::Desk, &|_| (), "not-allowed"),
        case("by a removed device", Who::Tablet, &|_| (), "not-allowed"),
        case("by a removed workstation", Who::Ben, &|_| (), "not-allowed"),
        case("by the root", Who::Root, &|_| (), "not-allowed"),
        case(
            "closes a log of another space",
            Who::Phone,
            &|s| s.closed = vec![closed(0)],
            "rule",
        ),
        case(
            "closes a log twice",
            Who::Phone,
            &|s| s.closed = vec![closed(1), closed(1)],
            "rule",
        ),
        with_before,
    ]
}
