//! Whatever a person does, what they take with them is all of it, to the last bit.

use companion_core::journal::{ASSOCIATIONS, FEELINGS, Mood, Sleep, Valence};
use proptest::prelude::*;
use proptest::sample::select;

use crate::support::{START, noted};
use crate::{SHARE, exported, import, joined, lines};

#[derive(Debug, Clone)]
enum Step {
    Record(Written, bool),
    Edit(usize, Written),
    Share(usize),
    Erase(usize),
    Wait(i64),
}

#[derive(Clone)]
struct Written(Mood);

impl std::fmt::Debug for Written {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mood = &self.0;
        write!(f, "{:?} {:?} {:?}", mood.valence, mood.felt, mood.note)
    }
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        proptest::collection::vec(any::<char>(), 0..60).prop_map(String::from_iter),
        select(vec![
            "\u{0}\u{1}\u{1f}\u{7f}\u{85}".to_owned(),
            "\u{2028}\u{2029}\u{feff}\u{fffe}\u{ffff}".to_owned(),
            "\u{d7ff}\u{e000}\u{10ffff}\u{1f9dc}\u{200d}\u{2640}".to_owned(),
            "e\u{301} \u{e9} \u{212b} \u{202e}gnirts".to_owned(),
            "\"\\/\u{8}\u{c}\r\n\t</script>".to_owned(),
            "\\ud800 \\u0000 \\".to_owned(),
        ]),
    ]
}

fn word() -> impl Strategy<Value = String> {
    text().prop_map(|text| text.chars().take(100).collect())
}

fn written() -> impl Strategy<Value = Written> {
    let numbers = (
        prop_oneof![-1.0..=1.0, select(vec![-0.0, 5e-324, 0.1 + 0.2, -1.0, 1.0])],
        proptest::option::of(0_u8..=10),
        proptest::option::of(0_u8..=10),
        proptest::option::of((
            proptest::option::of(0.0..=24.0),
            proptest::option::of(0_u8..=10),
        )),
    );
    let moment = (
        -2_208_988_800_000_i64..4_133_980_800_000,
        -93_600..=93_600,
        select(vec!["UTC", "Europe/Berlin", "Pacific/Apia"]),
    );
    let words = (
        proptest::collection::vec(select(FEELINGS.to_vec()), 0..4),
        proptest::collection::vec(select(ASSOCIATIONS.to_vec()), 0..4),
        proptest::collection::vec(word(), 0..4),
        proptest::collection::vec(word(), 0..4),
        proptest::option::of(text()),
    );
    (numbers, moment, words).prop_map(|(numbers, moment, words)| {
        let mut felt = noted("", START).felt;
        (felt.ms, felt.offset, felt.zone) = (moment.0, moment.1, moment.2.to_owned());
        let owned = |list: Vec<&str>| list.into_iter().map(str::to_owned).collect();
        Written(Mood {
            energy: numbers.1,
            anxiety: numbers.2,
            sleep: numbers.3.map(|(hours, quality)| Sleep { hours, quality }),
            feelings: owned(words.0),
            associations: owned(words.1),
            words: words.2,
            circumstances: words.3,
            note: words.4,
            ..Mood::new(Valence::new(numbers.0).unwrap(), felt)
        })
    })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (written(), any::<bool>()).prop_map(|(w, share)| Step::Record(w, share)),
        3 => (any::<usize>(), written()).prop_map(|(at, w)| Step::Edit(at, w)),
        1 => any::<usize>().prop_map(Step::Share),
        1 => any::<usize>().prop_map(Step::Erase),
        1 => (-1000_i64..100_000).prop_map(Step::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn all_of_it_comes_back_to_the_last_bit(steps in proptest::collection::vec(step(), 1..24)) {
        let old = joined(1);
        let journal = old.companion.journal();
        let mut entries = Vec::new();
        for step in steps {
            let pick = |at: usize| (!entries.is_empty()).then(|| entries[at % entries.len()]);
            match step {
                Step::Record(mood, share) => {
                    entries.push(journal.record(&mood.0, Some(share)).unwrap());
                }
                Step::Edit(at, mood) => if let Some(entry) = pick(at) {
                    journal.edit(entry, &mood.0).unwrap();
                },
                Step::Share(at) => if let Some(entry) = pick(at) {
                    journal.share(entry).unwrap();
                },
                Step::Erase(at) => if let Some(entry) = pick(at) {
                    journal.erase(entry).unwrap();
                    entries.retain(|e| *e != entry);
                },
                Step::Wait(ms) => old.clock.advance(ms),
            }
        }
        let file = exported(&old.companion);
        // Nothing that a person can write needs the form that people can't read.
        prop_assert!(!file.contains("\"cbor\""));
        let new = joined(2);
        import(&new.companion, &file, SHARE).unwrap();
        // Erasures name the frames of their own vault; these were never sent, so there are none.
        let same = |export: &str| -> Vec<String> {
            let of = |line: &str| {
                let (before, rest) = line.split_once("\"device\":\"").unwrap();
                format!("{before}{}", rest.split_once('"').unwrap().1)
            };
            lines(export).into_iter().map(of).collect()
        };
        prop_assert_eq!(same(&file), same(&exported(&new.companion)));
        let all = |j: &companion_core::journal::Journal| {
            let list = j.list(i64::MIN, i64::MAX, 1000).unwrap();
            list.into_iter().map(|e| (e.id, e.version, e.mood, e.shared)).collect::<Vec<_>>()
        };
        prop_assert_eq!(all(&journal), all(&new.companion.journal()));
    }
}
