//! The words, against a list typed from the documentation of `HKStateOfMind` in the order of
//! its raw values.

use companion_core::journal::{ASSOCIATIONS, FEELINGS, is_association, is_feeling};

/// `HKStateOfMind.Label`, raw values 1 to 38.
const LABELS: &str = "amazed amused angry anxious ashamed brave calm content disappointed \
    discouraged disgusted embarrassed excited frustrated grateful guilty happy hopeless irritated \
    jealous joyful lonely passionate peaceful proud relieved sad scared stressed surprised worried \
    annoyed confident drained hopeful indifferent overwhelmed satisfied";

/// `HKStateOfMind.Association`, raw values 1 to 18.
const TOPICS: &str = "community currentEvents dating education family fitness friends health \
    hobbies identity money partner selfCare spirituality tasks travel work weather";

fn sorted(text: &str) -> Vec<&str> {
    let mut words: Vec<&str> = text.split_whitespace().collect();
    words.sort_unstable();
    words
}

#[test]
fn the_words_are_those_of_state_of_mind() {
    assert_eq!(sorted(LABELS).len(), 38);
    assert_eq!(sorted(TOPICS).len(), 18);
    assert_eq!(FEELINGS.to_vec(), sorted(LABELS));
    assert_eq!(ASSOCIATIONS.to_vec(), sorted(TOPICS));
    for word in ["", "Happy", "happy ", "melancholic", "self-care"] {
        assert!(!is_feeling(word) && !is_association(word), "{word:?}");
    }
    assert!(is_feeling("hopeless") && !is_association("hopeless"));
    assert!(is_association("selfCare") && !is_feeling("selfCare"));
}
