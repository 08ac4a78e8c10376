//! Medians and spreads.

use std::time::Duration;

/// Repetitions of one measurement.
#[derive(Debug, Clone, Default)]
pub struct Sample(Vec<f64>);

impl Sample {
    /// Adds one.
    pub fn add(&mut self, value: f64) {
        self.0.push(value);
        self.0.sort_by(f64::total_cmp);
    }

    /// Adds a time, in microseconds.
    pub fn add_micros(&mut self, time: Duration) {
        self.add(time.as_secs_f64() * 1e6);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value below which that share lies, interpolated; not a number where there are none.
    pub fn quantile(&self, share: f64) -> f64 {
        let Some(last) = self.0.len().checked_sub(1) else {
            return f64::NAN;
        };
        let at = share.clamp(0.0, 1.0) * last as f64;
        let below = at.floor();
        let value = |at: f64| self.0.get(at as usize).copied().unwrap_or(f64::NAN);
        let (low, high) = (value(below), value(at.ceil()));
        low + (high - low) * (at - below)
    }

    /// The median.
    pub fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    /// Median with least and greatest.
    pub fn stat(&self) -> Stat {
        Stat {
            median: self.median(),
            least: self.quantile(0.0),
            most: self.quantile(1.0),
            runs: self.len(),
        }
    }
}

impl FromIterator<f64> for Sample {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        let mut sample = Self::default();
        values.into_iter().for_each(|v| sample.add(v));
        sample
    }
}

/// What repetitions came to.
#[derive(Debug, Clone, Copy)]
pub struct Stat {
    /// The median.
    pub median: f64,
    /// The least.
    pub least: f64,
    /// The greatest.
    pub most: f64,
    /// How many there were.
    pub runs: usize,
}

impl Stat {
    /// All of it divided by a number.
    #[must_use]
    pub fn over(self, divisor: f64) -> Self {
        Self {
            median: self.median / divisor,
            least: self.least / divisor,
            most: self.most / divisor,
            runs: self.runs,
        }
    }
}
