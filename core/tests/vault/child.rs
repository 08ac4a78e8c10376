//! Child processes: this test program run again, with a task in its environment.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use companion_core::companion::Companion;
use companion_core::env::Env;

use crate::support::{START, keys, noted};

/// How many vaults are opened at once.
pub const CROWD: usize = 12;
const TASK: &str = "VAULT_TEST_TASK";
const DIR: &str = "VAULT_TEST_DIR";

/// This program, running one test of its own that does a task. `wrap` goes before it.
pub fn command(task: &str, dir: &Path, wrap: &[&str]) -> Command {
    let program = std::env::current_exe().unwrap();
    let args = ["child::task", "--exact", "--nocapture", "--quiet"];
    let mut command = match wrap.split_first() {
        Some((first, rest)) => {
            let mut command = Command::new(first);
            command.args(rest).arg(program);
            command
        }
        None => Command::new(program),
    };
    command
        .args(args)
        .env(TASK, task)
        .env(DIR, dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    command
}

pub fn spawn(task: &str, dir: &Path) -> Child {
    command(task, dir, &[]).spawn().unwrap()
}

/// Does nothing where no task is given: then it is a test like any other, and passes.
#[test]
fn task() {
    let Ok(task) = std::env::var(TASK) else {
        return;
    };
    let dir = std::path::PathBuf::from(std::env::var(DIR).unwrap());
    match task.as_str() {
        "record" => record(&dir),
        "hold" => hold(&dir),
        "import" => import(&dir),
        "crowd" => crowd(&dir),
        "try" => attempt(&dir),
        "mend" => mend(&dir),
        other => panic!("no such task: {other}"),
    }
}

fn open(dir: &Path) -> Companion {
    let env = Env::system();
    Companion::open(dir, &keys(dir, &env), env.clone()).unwrap()
}

/// Records until it is killed or nothing more fits; names each entry once it is saved.
fn record(dir: &Path) {
    let companion = open(dir);
    let journal = companion.journal();
    let mut refused = 0;
    for n in 0.. {
        // What is refused once may not be half there: go on a little, with less, then end.
        let length = if refused > 0 { 0 } else { n % 7 * 700 };
        let note = "x".repeat(usize::try_from(length).unwrap());
        match journal.record(&noted(&note, START + n), Some(false)) {
            Ok(id) => println!("saved {id}"),
            Err(error) => {
                let problem = companion_core::problem::Problem::from(error);
                println!("refused {}", problem.code);
                refused += 1;
                if refused > 5 {
                    return;
                }
            }
        }
    }
}

/// Holds the vault until its standard input ends.
fn hold(dir: &Path) {
    let _companion = open(dir);
    println!("held");
    let mut line = String::new();
    let _ = std::io::stdin().read_line(&mut line);
}

fn import(dir: &Path) {
    let companion = open(dir);
    let entries = crate::kill::many_imported();
    println!("started");
    let result = companion.journal().import(&entries, false);
    println!("imported {}", result.is_ok());
}

/// Says what opening and writing come to.
fn attempt(dir: &Path) {
    let env = Env::system();
    match Companion::open(dir, &keys(dir, &env), env.clone()) {
        Ok(companion) => {
            println!("opened {}", companion.journal().count().unwrap());
            match companion.journal().record(&noted("", START), Some(false)) {
                Ok(_) => println!("recorded"),
                Err(error) => {
                    println!(
                        "refused {}",
                        companion_core::problem::Problem::from(error).code
                    );
                }
            }
        }
        Err(error) => println!("{error:?}"),
    }
}

/// Mends a vault, and says when it is done.
fn mend(dir: &Path) {
    let env = Env::system();
    let mended = Companion::mend(dir, &keys(dir, &env), env.clone());
    println!("mended {}", mended.is_ok());
}

/// Many threads open vaults at the same moment, before anything else was opened here.
fn crowd(dir: &Path) {
    let barrier = std::sync::Barrier::new(CROWD);
    std::thread::scope(|scope| {
        for n in 0..CROWD {
            let (dir, barrier) = (dir.join(format!("{n}")), &barrier);
            scope.spawn(move || {
                let env = Env::system();
                let keys = keys(&dir, &env);
                barrier.wait();
                match Companion::open(&dir, &keys, env.clone()) {
                    Ok(_) => println!("opened"),
                    Err(error) => println!("failed {error:?}"),
                }
            });
        }
    });
}
