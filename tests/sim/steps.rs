//! Bytes to steps: four bytes a step, so that any bytes are a valid sequence and any part of one
//! can be left out.

use std::fmt;

/// Bytes of a step: what, and three arguments.
pub const WIDTH: usize = 4;

/// What a step does. How often each comes up in random bytes is its weight in [`TABLE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Act {
    /// A patient's device records an entry, private or shared.
    Write,
    /// A patient's device writes a new version of an entry.
    Edit,
    /// A patient lets the care team read an entry.
    Share,
    /// A patient takes an entry back.
    Unshare,
    /// A patient erases an entry.
    Erase,
    /// A clinician reviews an entry as it is shown.
    Review,
    /// A console leaves the trace of a reading.
    Read,
    /// A device syncs, and the server answers as it does now.
    Round,
    /// A round is cut: before the n-th request left, or after its reply was lost.
    Cut,
    /// The process dies after the n-th commit of what it does.
    Kill,
    /// A round in which the server lies once.
    Lie,
    /// From here on the server keeps a log from some readers.
    Withhold,
    /// The server keeps a copy of its state.
    Mark,
    /// The server goes back to the copy.
    RollBack,
    /// From here on the server shows two histories to two groups of readers.
    Fork,
    /// The server is honest again, with all that it ever received.
    Heal,
    /// A device's clock jumps.
    Clock,
    /// Time passes.
    Tick,
    /// A device's vault is copied.
    Backup,
    /// A device's vault goes back to the copy.
    Restore,
    /// A copy of a patient's vault goes on beside the original.
    Clone,
    /// A process ends and starts again.
    Restart,
    /// A device rebuilds its views.
    Rebuild,
}

/// Of 128 random steps.
const TABLE: &[(Act, usize)] = &[
    (Act::Write, 14),
    (Act::Edit, 16),
    (Act::Share, 8),
    (Act::Unshare, 8),
    (Act::Erase, 4),
    (Act::Review, 6),
    (Act::Read, 2),
    (Act::Round, 32),
    (Act::Cut, 6),
    (Act::Kill, 7),
    (Act::Lie, 8),
    (Act::Withhold, 1),
    (Act::Mark, 1),
    (Act::RollBack, 1),
    (Act::Fork, 1),
    (Act::Heal, 4),
    (Act::Clock, 1),
    (Act::Tick, 1),
    (Act::Backup, 2),
    (Act::Restore, 1),
    (Act::Clone, 1),
    (Act::Restart, 1),
    (Act::Rebuild, 2),
];

/// All kinds of step.
pub fn all() -> impl Iterator<Item = Act> {
    TABLE.iter().map(|(act, _)| *act)
}

/// A decoded step.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// What.
    pub act: Act,
    /// Its arguments; each act takes what it needs of them.
    pub args: [u8; 3],
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c] = self.args;
        write!(f, "{:?}({a},{b},{c})", self.act)
    }
}

/// The steps that bytes stand for; what is missing of the last is zero.
pub fn decode(bytes: &[u8]) -> Vec<Step> {
    let total: usize = TABLE.iter().map(|(_, weight)| weight).sum();
    bytes
        .chunks(WIDTH)
        .map(|chunk| {
            let mut four = [0; WIDTH];
            four[..chunk.len()].copy_from_slice(chunk);
            let [what, a, b, c] = four;
            let mut at = usize::from(what) % total;
            let mut act = Act::Write;
            for (of, weight) in TABLE {
                act = *of;
                if at < *weight {
                    break;
                }
                at -= weight;
            }
            Step {
                act,
                args: [a, b, c],
            }
        })
        .collect()
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c] = self.args;
        write!(f, "{:?} {a} {b} {c}", self.act)
    }
}

/// Steps as a file of the corpus has them: one a line by its name, so that a change of the table
/// does not change what they mean; comments behind `#`.
pub fn parse(text: &str) -> Vec<Step> {
    let lines = text.lines().filter_map(|line| line.split('#').next());
    let lines = lines.map(str::trim).filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let mut words = line.split_whitespace();
            let name = words.next().unwrap_or_default();
            let act = all().find(|act| format!("{act:?}") == name);
            let args = [(); 3].map(|()| words.next().and_then(|w| w.parse().ok()).unwrap_or(0));
            Step {
                act: act.unwrap_or_else(|| panic!("no step is called {name}")),
                args,
            }
        })
        .collect()
}

/// Bytes that repeat with the seed (SplitMix64).
pub struct Source(u64);

impl Source {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A run of 32 to 287 steps.
    pub fn run(&mut self) -> Vec<Step> {
        let steps = 32 + usize::try_from(self.next() % 256).unwrap_or(0);
        let words = (steps * WIDTH).div_ceil(8);
        let bytes: Vec<u8> = (0..words).flat_map(|_| self.next().to_le_bytes()).collect();
        decode(&bytes)
    }
}
