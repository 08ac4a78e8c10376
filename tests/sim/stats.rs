//! How often everything happened, so that nothing is promised in vain.

use std::collections::BTreeMap;
use std::fmt;

use companion_core::sync::Alarm;

use crate::check::name;
use crate::lies::Lie;
use crate::steps::Act;

#[derive(Debug, Clone, Default)]
pub struct Stats {
    pub runs: u64,
    /// Steps that did something.
    pub steps: u64,
    pub acts: BTreeMap<String, u64>,
    /// Lies that changed an answer.
    pub lies: BTreeMap<String, u64>,
    pub alarms: BTreeMap<String, u64>,
    pub excused: BTreeMap<String, u64>,
    /// Erasures that devices stated by themselves.
    pub late_erasures: u64,
}

fn count(map: &mut BTreeMap<String, u64>, name: String) {
    *map.entry(name).or_default() += 1;
}

impl Stats {
    pub fn act(&mut self, act: Act) {
        self.steps += 1;
        count(&mut self.acts, format!("{act:?}"));
    }

    pub fn lie(&mut self, lie: Lie) {
        count(&mut self.lies, format!("{lie:?}"));
    }

    pub fn alarm(&mut self, alarm: &Alarm) {
        count(&mut self.alarms, name(alarm));
    }

    pub fn excuse(&mut self, excused: &BTreeMap<&'static str, u64>) {
        for (name, times) in excused {
            *self.excused.entry((*name).to_owned()).or_default() += times;
        }
    }

    pub fn add(&mut self, other: &Self) {
        self.runs += other.runs;
        self.steps += other.steps;
        self.late_erasures += other.late_erasures;
        for (mine, theirs) in [
            (&mut self.acts, &other.acts),
            (&mut self.lies, &other.lies),
            (&mut self.alarms, &other.alarms),
            (&mut self.excused, &other.excused),
        ] {
            for (name, times) in theirs {
                *mine.entry(name.clone()).or_default() += times;
            }
        }
    }
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (title, map) in [
            ("steps", &self.acts),
            ("lies that changed an answer", &self.lies),
            ("alarms", &self.alarms),
            ("exceptions", &self.excused),
        ] {
            let all: Vec<String> = map.iter().map(|(n, t)| format!("{n} {t}")).collect();
            writeln!(f, "{title}: {}", all.join(", "))?;
        }
        writeln!(f, "late erasures: {}", self.late_erasures)
    }
}
