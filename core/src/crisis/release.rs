use jiff::civil::Date;

use super::Directory;

/// Days after which a verification no longer counts for a release.
const MAX_AGE_DAYS: i32 = 90;

/// Something shown that must not be released as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocker {
    /// The id of a line, or `emergency` and a country.
    pub subject: String,
    /// What is wrong.
    pub reason: Reason,
}

/// Why an entry must not be released.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// No person has verified it.
    NeverVerified,
    /// It was verified more than 90 days ago.
    TooOld,
    /// It claims to have been verified on a day to come.
    InFuture,
}

impl Directory {
    /// All that would be shown without a person's verification of the last 90 days.
    ///
    /// For the release process: a release is made only when this is empty. At run
    /// time nothing is hidden for its age.
    pub fn release_blockers(&self, today: Date) -> Vec<Blocker> {
        let lines = self
            .lines()
            .iter()
            .map(|line| (line.id.clone(), line.verified_on));
        let emergency = self.emergency().iter().flat_map(|(country, numbers)| {
            numbers
                .iter()
                .take(1)
                .map(move |number| (format!("emergency {country}"), number.verified_on))
        });
        emergency
            .chain(lines)
            .filter_map(|(subject, verified_on)| {
                judge(verified_on, today).map(|reason| Blocker { subject, reason })
            })
            .collect()
    }
}

fn judge(verified_on: Option<Date>, today: Date) -> Option<Reason> {
    let Some(day) = verified_on else {
        return Some(Reason::NeverVerified);
    };
    let age = today.since(day).map_or(i32::MAX, |span| span.get_days());
    if age < 0 {
        Some(Reason::InFuture)
    } else if age > MAX_AGE_DAYS {
        Some(Reason::TooOld)
    } else {
        None
    }
}
