//! Rounds of starting a program and killing it, until the kills fell before and after the work was done.

use std::process::Command;
use std::time::{Duration, Instant};

use companion_tests::chance::Chance;
use companion_tests::process::{PATIENCE, Process};

/// Enough rounds, if both happened often enough.
const LEAST: u32 = 24;
const MOST: u32 = 150;
/// So often each must have happened: cut short, and done.
const EACH: u32 = 6;

/// How a round ended.
pub struct Round {
    /// The standard output, as far as it came.
    pub out: String,
    /// Whether the program had ended by itself, and well.
    pub done: bool,
}

/// How long a program takes that is left alone.
pub fn takes(command: &mut Command) -> Duration {
    let start = Instant::now();
    let mut process = Process::start(command);
    let status = process.wait(PATIENCE);
    assert!(status.success(), "{}", process.complained());
    start.elapsed()
}

/// Starts a program and kills it after a while.
pub fn cut(command: &mut Command, after: Duration) -> Round {
    let mut process = Process::start(command);
    std::thread::sleep(after);
    let done = !process.runs();
    process.kill();
    let status = process.wait(PATIENCE);
    let ended = process.ended(status);
    assert!(ended.err.is_empty(), "{}", ended.err);
    assert!(!done || ended.code == Some(0), "{}", ended.out);
    Round {
        out: ended.out,
        done,
    }
}

/// Runs `round` with its number and a delay, until it was cut short and was done often enough.
pub fn rounds(
    chance: &mut Chance,
    usual: Duration,
    mut round: impl FnMut(&mut Chance, u32, Duration) -> bool,
) {
    let (mut cut, mut done) = (0, 0);
    // A busy machine is slower than it was a moment ago: the times follow.
    let mut usual = usual;
    for number in 0..MOST {
        if number >= LEAST && cut >= EACH && done >= EACH {
            println!("{cut} cut short, {done} done");
            return;
        }
        // While a program only starts, there is nothing to break.
        let after = usual.mul_f64(0.3) + chance.within(usual);
        if round(chance, number, after) {
            done += 1;
        } else {
            cut += 1;
            if after > usual {
                usual = usual.mul_f64(1.2);
            }
        }
    }
    panic!("of {MOST} rounds {cut} were cut short and {done} done: the times are off");
}
