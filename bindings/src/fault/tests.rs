use companion_core::problem;

use super::guarded;
use crate::{Problem, ProblemKind};

const PRIVATE: &str = "I told nobody é";

#[test]
fn a_panic_becomes_a_problem_without_its_text() {
    let result: Result<&str, Problem> = guarded(|| -> Result<_, problem::Problem> {
        // Rust's own panic quotes the string.
        Ok(&PRIVATE[..PRIVATE.len() - 1])
    });
    let Err(Problem::Failed {
        kind,
        code,
        retry,
        advice,
    }) = result
    else {
        panic!("it did not fail");
    };
    assert_eq!(kind, ProblemKind::Internal);
    assert_eq!(code, "internal");
    assert!(!retry);
    assert!(!advice.contains("nobody"), "the text of a panic leaked");
}

#[test]
fn a_problem_keeps_its_kind_code_and_advice() {
    let result: Result<(), Problem> =
        guarded(|| Err(problem::Problem::new(problem::Kind::Offline, "far", "Later.").passing()));
    let Err(Problem::Failed {
        kind,
        code,
        retry,
        advice,
    }) = result
    else {
        panic!("it did not fail");
    };
    assert_eq!(
        (kind, code.as_str(), retry, advice.as_str()),
        (ProblemKind::Offline, "far", true, "Later.")
    );
}
