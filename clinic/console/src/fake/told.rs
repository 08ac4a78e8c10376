//! What the made-up people told.

pub(super) struct Told {
    /// How many hours ago.
    pub(super) ago: i64,
    /// Valence in hundredths.
    pub(super) valence: i32,
    pub(super) labels: &'static [&'static str],
    pub(super) about: &'static [&'static str],
    pub(super) note: &'static str,
}

pub(super) const fn plain(ago: i64, valence: i32) -> Told {
    Told {
        ago,
        valence,
        labels: &[],
        about: &[],
        note: "",
    }
}

pub(super) const MARIA: &[Told] = &[
    Told {
        ago: 5,
        valence: 42,
        labels: &["Calm", "Hopeful"],
        about: &["Family"],
        note: "Walked to the market with my sister. First time in weeks that I wanted to.",
    },
    Told {
        ago: 27,
        valence: 30,
        labels: &["Content"],
        about: &["Work"],
        note: "",
    },
    Told {
        ago: 53,
        valence: -12,
        labels: &["Irritated", "Drained"],
        about: &["Work", "Sleep"],
        note: "Slept badly and was short with everyone.\nThe evening was better.",
    },
    Told {
        ago: 78,
        valence: 24,
        labels: &["Peaceful"],
        about: &["Hobbies"],
        note: "",
    },
    Told {
        ago: 101,
        valence: 50,
        labels: &["Grateful", "Calm"],
        about: &["Friends"],
        note: "The day after the infusion. Quiet in my head, as if somebody had turned down a radio.",
    },
    plain(126, 18),
    plain(149, -5),
    Told {
        ago: 174,
        valence: -30,
        labels: &["Worried"],
        about: &["Health"],
        note: "Afraid that it will not last.",
    },
    plain(198, -22),
    plain(223, 2),
    plain(246, 20),
    plain(270, 35),
    plain(295, 28),
    plain(318, -8),
    plain(343, -35),
    plain(366, -40),
    plain(391, -18),
    plain(414, 5),
    plain(438, 12),
    plain(463, -28),
    plain(486, -52),
    Told {
        ago: 511,
        valence: -60,
        labels: &["Sad", "Lonely"],
        about: &["Money"],
        note: "Did not get up until three.",
    },
    plain(534, -48),
    plain(559, -66),
    plain(582, -58),
    plain(606, -70),
    plain(631, -62),
    plain(655, -74),
];

pub(super) const JONAS: [i32; 9] = [-18, -34, -20, -46, -8, 6, -12, -58, -64];

/// A slow rise with waves, in hundredths of valence.
pub(super) fn wave(i: i64) -> i32 {
    let saw = (i * 37 % 41 - 20) + ((i % 60) - 30).abs() - i / 8;
    i32::try_from(saw.clamp(-95, 90)).unwrap_or(0)
}
