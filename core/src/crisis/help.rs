use jiff::civil::Date;

use super::{
    Audience, ClinicHelp, Confidence, CountryCode, Directory, EmergencyNumber, Hours, Language,
    Line, RegionCode,
};

/// Where somebody is, and what would suit them best.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// The country that the person chose.
    pub country: CountryCode,
    /// The part of it, one of [`Directory::regions`]: lines of other parts are left
    /// out. Without it they come last, with their region named.
    pub region: Option<RegionCode>,
    /// Whose lines come first. Hides none.
    pub audience: Option<Audience>,
    /// Which language comes first. Hides none.
    pub language: Option<Language>,
}

impl Query {
    /// A query for a country alone.
    pub fn new(country: CountryCode) -> Self {
        Self {
            country,
            region: None,
            audience: None,
            language: None,
        }
    }
}

/// What to show to somebody who needs help now: the emergency number first, then
/// what the notes say, then the lines, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Help {
    /// The country; `None` where none is known.
    pub country: Option<CountryCode>,
    /// The region that the lines were chosen for.
    pub region: Option<RegionCode>,
    /// The first is the one to show first. Empty: none is known.
    pub emergency: Vec<EmergencyNumber>,
    /// The first is the one to show first. Empty: none is known.
    pub lines: Vec<Line>,
    /// What the person should know about all this.
    pub notes: Vec<Note>,
    /// How much of it a person has verified.
    pub verification: Verification,
    /// The day on which the directory was put together.
    pub compiled_on: Option<Date>,
    /// The clinic's own numbers, to be shown before all others; `None` where it gave none.
    pub clinic: Option<ClinicHelp>,
}

/// Something to say beside the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Note {
    /// No usable country was given, so no number is known: say to call the local
    /// emergency number. Stands alone.
    NoCountry,
    /// No emergency number is known: say to call the local one.
    NoEmergencyNumber,
    /// No line is known. Another country's is never taken instead.
    NoLine,
    /// The region is not one of the country's; help is as if none had been given.
    RegionIgnored,
    /// No line is known for the region or the whole country, only for other parts
    /// of it; those are given, with their region.
    OtherRegions,
}

impl Note {
    /// A stable name, as JSON has it.
    pub fn code(self) -> &'static str {
        match self {
            Self::NoCountry => "no-country",
            Self::NoEmergencyNumber => "no-emergency-number",
            Self::NoLine => "no-line",
            Self::RegionIgnored => "region-ignored",
            Self::OtherRegions => "other-regions",
        }
    }
}

/// How much of what is shown a person has verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verification {
    /// Nothing has been verified by a person yet, or there is nothing.
    None,
    /// Part of it.
    Some,
    /// All of it.
    All,
}

impl Verification {
    /// The name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Some => "some",
            Self::All => "all",
        }
    }

    fn of(emergency: &[EmergencyNumber], lines: &[Line]) -> Self {
        let (verified, not): (Vec<_>, Vec<_>) = emergency
            .iter()
            .map(|number| number.verified_on)
            .chain(lines.iter().map(|line| line.verified_on))
            .partition(Option::is_some);
        match (verified.is_empty(), not.is_empty()) {
            (true, _) => Self::None,
            (false, false) => Self::Some,
            (false, true) => Self::All,
        }
    }
}

impl Directory {
    /// The help known for a country.
    ///
    /// Only the place decides which lines are given; audience and language decide
    /// their order. First come lines for the audience asked for, then those for
    /// everybody, then the others; among them those of the region asked for, of
    /// the whole country, of its parts; then nearness of the language; then those
    /// that answer round the clock; then how well sources agree; then the
    /// directory's own order. A place with a code in both parts of ISO 3166 (Puerto
    /// Rico: `PR` and `US-PR`) finds its lines by either.
    pub fn help(&self, query: &Query) -> Help {
        let mut notes = Vec::new();
        let emergency = self.emergency().get(&query.country);
        let emergency = emergency.cloned().unwrap_or_default();
        if emergency.is_empty() {
            notes.push(Note::NoEmergencyNumber);
        }
        let region = query.region.clone().filter(|region| {
            region.is_within(query.country) || self.regions(query.country).contains(region)
        });
        if region != query.region {
            notes.push(Note::RegionIgnored);
        }

        let near = |line: &&Line| {
            line.country == query.country || (region.is_some() && line.region == region)
        };
        let mut lines: Vec<&Line> = self
            .lines()
            .iter()
            .filter(near)
            .filter(|line| place(line, region.as_ref()) != Place::OtherRegion)
            .collect();
        if lines.is_empty() {
            lines = self.lines().iter().filter(near).collect();
            notes.push(if lines.is_empty() {
                Note::NoLine
            } else {
                Note::OtherRegions
            });
        }
        lines.sort_by_key(|line| {
            (
                audience_rank(line, query.audience),
                place(line, region.as_ref()),
                language_rank(line, query.language.as_ref()),
                hours_rank(line),
                line.confidence == Confidence::SingleSource,
            )
        });

        let lines: Vec<Line> = lines.into_iter().cloned().collect();
        Help {
            country: Some(query.country),
            region,
            verification: Verification::of(&emergency, &lines),
            emergency,
            lines,
            notes,
            compiled_on: self.compiled_on(),
            clinic: None,
        }
    }
}

impl Help {
    pub(super) fn without_country(directory: &Directory) -> Self {
        Self {
            country: None,
            region: None,
            emergency: Vec::new(),
            lines: Vec::new(),
            notes: vec![Note::NoCountry],
            verification: Verification::None,
            compiled_on: directory.compiled_on(),
            clinic: None,
        }
    }

    /// The same with the clinic's own numbers first. Nothing else of it changes.
    #[must_use]
    pub fn with_clinic(self, clinic: Option<ClinicHelp>) -> Self {
        Self { clinic, ..self }
    }
}

/// In the order of showing.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    AskedRegion,
    Country,
    /// A part of the country, where none was asked for.
    SomeRegion,
    OtherRegion,
}

fn place(line: &Line, asked: Option<&RegionCode>) -> Place {
    match (&line.region, asked) {
        (None, _) => Place::Country,
        (Some(_), None) => Place::SomeRegion,
        (Some(region), Some(asked)) if region == asked => Place::AskedRegion,
        (Some(_), Some(_)) => Place::OtherRegion,
    }
}

fn audience_rank(line: &Line, asked: Option<Audience>) -> u8 {
    if asked == Some(line.audience) {
        0
    } else if line.audience == Audience::General {
        1
    } else {
        2
    }
}

fn language_rank(line: &Line, asked: Option<&Language>) -> u8 {
    let distances = asked
        .into_iter()
        .flat_map(|asked| line.languages.iter().map(|tag| tag.distance(asked)));
    distances.min().unwrap_or(u8::MAX)
}

fn hours_rank(line: &Line) -> u8 {
    match line.hours {
        Hours::RoundTheClock => 0,
        Hours::Stated(_) => 1,
        Hours::Unknown => 2,
    }
}
