//! The table and the JSON.

use std::fmt;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::Result;
use crate::args::Args;
use crate::machine::Machine;
use crate::stats::Stat;

/// What has to hold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Goal {
    /// The ratio is at most this.
    AtMost(f64),
    /// The ratio is at least this.
    AtLeast(f64),
    /// None: a number to know.
    None,
}

impl Goal {
    fn met(self, ratio: Option<f64>) -> Option<bool> {
        match self {
            Self::AtMost(most) => Some(ratio.is_some_and(|r| r <= most)),
            Self::AtLeast(least) => Some(ratio.is_some_and(|r| r >= least)),
            Self::None => None,
        }
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtMost(most) => write!(f, "≤ {most}"),
            Self::AtLeast(least) => write!(f, "≥ {least}"),
            Self::None => f.write_str("-"),
        }
    }
}

/// One line: the product, what it is compared with, and what came of it.
#[derive(Debug, Clone)]
pub struct Row {
    /// What was measured.
    pub what: String,
    /// In what.
    pub unit: &'static str,
    /// The product.
    pub product: Stat,
    /// What it is compared with.
    pub baseline: Option<Stat>,
    /// The product by the baseline, repetition by repetition.
    pub ratio: Option<Stat>,
    /// What has to hold of the ratio's median.
    pub goal: Goal,
}

impl Row {
    /// A number to know, with nothing to compare.
    pub fn known(what: impl Into<String>, unit: &'static str, product: Stat) -> Self {
        Self {
            what: what.into(),
            unit,
            product,
            baseline: None,
            ratio: None,
            goal: Goal::None,
        }
    }

    /// Whether its goal was met; none where it has none.
    pub fn met(&self) -> Option<bool> {
        self.goal.met(self.ratio.map(|r| r.median))
    }

    fn cells(&self) -> [String; 7] {
        let baseline = self.baseline.map_or("-".to_owned(), |b| short(b.median));
        let ratio = self.ratio.map_or("-".to_owned(), |r| {
            format!("{:.2} ({:.2}..{:.2})", r.median, r.least, r.most)
        });
        let met = match self.met() {
            Some(true) => "met",
            Some(false) => "MISSED",
            None => "",
        };
        let (p, unit) = (self.product, self.unit);
        [
            self.what.clone(),
            format!("{} {unit}", short(p.median)),
            format!("{}..{}", short(p.least), short(p.most)),
            baseline,
            ratio,
            self.goal.to_string(),
            met.to_owned(),
        ]
    }

    /// As one line, while measuring.
    pub fn line(&self) -> String {
        self.cells().join("  ")
    }

    fn json(&self) -> Value {
        json!({
            "what": self.what,
            "unit": self.unit,
            "product": stat(self.product),
            "baseline": self.baseline.map(stat),
            "ratio": self.ratio.map(stat),
            "goal": self.goal.to_string(),
            "met": self.met(),
        })
    }
}

fn stat(stat: Stat) -> Value {
    json!({
        "median": stat.median,
        "least": stat.least,
        "most": stat.most,
        "runs": stat.runs,
    })
}

fn short(value: f64) -> String {
    match value.abs() {
        v if v >= 100.0 => format!("{value:.0}"),
        v if v >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// All of a run.
#[derive(Debug)]
pub struct Report {
    /// Where it was made.
    pub machine: Machine,
    /// Whether sizes and repetitions were cut down.
    pub quick: bool,
    /// How often each was repeated.
    pub repeat: u32,
    /// The lines.
    pub rows: Vec<Row>,
}

impl Report {
    /// An empty one.
    pub fn new(args: &Args, dir: &Path) -> Self {
        Self {
            machine: Machine::here(dir),
            quick: args.quick,
            repeat: args.repetitions(),
            rows: Vec::new(),
        }
    }

    /// Writes it as JSON; returns where.
    ///
    /// # Errors
    /// What the file system says.
    pub fn write(&self, out: Option<&Path>) -> Result<PathBuf> {
        let path = match out {
            Some(path) => path.to_owned(),
            None => {
                let stamp = companion_core::env::Env::system().now().as_second();
                PathBuf::from("bench/results").join(format!("{stamp}.json"))
            }
        };
        if let Some(dir) = path.parent() {
            std::fs::create_dir_all(dir)?;
        }
        let all = json!({
            "machine": self.machine.json(),
            "quick": self.quick,
            "repeat": self.repeat,
            "rows": self.rows.iter().map(Row::json).collect::<Vec<_>>(),
        });
        std::fs::write(&path, format!("{all:#}\n"))?;
        Ok(path)
    }
}

const HEAD: [&str; 7] = [
    "measured", "product", "spread", "baseline", "ratio", "goal", "",
];

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.machine)?;
        let quick = if self.quick {
            ", cut down by --quick"
        } else {
            ""
        };
        writeln!(
            f,
            "medians of {} repetitions{quick}; spread and ratio as least..greatest\n",
            self.repeat
        )?;
        let head = HEAD.map(str::to_owned);
        let rows: Vec<[String; 7]> = std::iter::once(head)
            .chain(self.rows.iter().map(Row::cells))
            .collect();
        let mut widths = [0; 7];
        for row in &rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.chars().count().max(*width);
            }
        }
        for row in &rows {
            let cells: Vec<String> = row
                .iter()
                .zip(widths)
                .map(|(cell, width)| format!("{cell:<width$}"))
                .collect();
            writeln!(f, "{}", cells.join("  ").trim_end())?;
        }
        let missed = self.rows.iter().filter(|r| r.met() == Some(false)).count();
        let goals = self.rows.iter().filter(|r| r.met().is_some()).count();
        writeln!(
            f,
            "\n{} of {goals} goals met, {missed} missed",
            goals - missed
        )
    }
}
