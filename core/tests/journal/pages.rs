//! Lists and searches, a page at a time.

use companion_core::companion::Companion;
use companion_core::journal::{Cursor, Page};

use crate::support::world::{Device, join_locally};
use crate::support::{START, noted};
use clinic_api::id::{ChainId, MemberId};

fn walk(mut page: impl FnMut(Option<Cursor>) -> Page) -> Vec<String> {
    let mut notes = Vec::new();
    let mut after = None;
    loop {
        let one = page(after);
        notes.extend(one.entries.into_iter().filter_map(|e| e.mood.note));
        after = one.next;
        if after.is_none() {
            return notes;
        }
    }
}

/// Twenty entries of which many share their moment, in both spaces, some in both.
fn filled() -> (Device, Companion) {
    let device = Device::new(3);
    join_locally(&device, ChainId([0xc1; 32]), MemberId([0xc2; 32]));
    let companion = device.companion.clone();
    let journal = companion.journal();
    for n in 0..20_i64 {
        let note = format!("walk {n:02}");
        let at = START + n / 4;
        let id = journal.record(&noted(&note, at), Some(n % 3 == 0)).unwrap();
        if n % 5 == 0 {
            journal.share(id).unwrap();
        }
    }
    (device, companion)
}

#[test]
fn pages_of_any_size_make_the_whole_list() {
    let (_device, companion) = filled();
    let journal = companion.journal();
    let whole = journal.list(i64::MIN, i64::MAX, 1_000).unwrap();
    assert_eq!(whole.len(), 20);
    assert!(whole.is_sorted_by(|a, b| a.mood.felt.ms >= b.mood.felt.ms));
    let whole: Vec<String> = whole.into_iter().filter_map(|e| e.mood.note).collect();
    for size in [1, 2, 3, 7, 19, 20, 21] {
        let pages = walk(|after| journal.page(i64::MIN, i64::MAX, after, size).unwrap());
        assert_eq!(pages, whole, "pages of {size}");
        let pages = walk(|after| journal.search("walk", after, size).unwrap());
        assert_eq!(pages, whole, "found in pages of {size}");
    }
}

#[test]
fn a_page_keeps_to_its_range_and_to_what_was_there() {
    let (_device, companion) = filled();
    let journal = companion.journal();
    // The second and third of five milliseconds hold eight.
    let first = journal.page(START + 1, START + 3, None, 5).unwrap();
    assert_eq!(first.entries.len(), 5);
    // Something newer and something older, written between two pages.
    journal.record(&noted("newer", START + 100), None).unwrap();
    journal.erase(first.entries[0].id).unwrap();
    let second = journal.page(START + 1, START + 3, first.next, 5).unwrap();
    assert_eq!(second.entries.len(), 3);
    assert!(second.next.is_none());
    assert!(journal.page(0, START, None, 5).unwrap().entries.is_empty());
    let none = journal.page(i64::MIN, i64::MAX, None, 0).unwrap();
    assert!(none.entries.is_empty() && none.next.is_none());
}
