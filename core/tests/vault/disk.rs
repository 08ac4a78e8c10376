//! Disks that can't be written: full ones and read-only ones, each a real file system of
//! its own in a private mount namespace.
//!
//! Needs the right to mount (root, or unprivileged user namespaces); where that is missing,
//! the tests say so and pass.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::child;
use crate::support::{copy_folder, env, open, patient};

/// Runs a task on a small file system that holds a copy of `from`; returns its output and
/// leaves what is on the file system in `back`. None where nothing can be mounted here.
fn on_small_disk(task: &str, from: &Path, back: &Path, size: &str, ro: bool) -> Option<Output> {
    let disk = tempfile::tempdir().unwrap();
    let script = format!(
        "mount -t tmpfs -o size={size} tmpfs {disk} && cp -r {from}/. {disk}/ && \
         {remount} && {{ \"$@\"; code=$?; cp -r {disk}/. {back}/; exit $code; }}",
        disk = disk.path().display(),
        from = from.display(),
        back = back.display(),
        remount = if ro {
            format!("mount -o remount,ro {}", disk.path().display())
        } else {
            "true".to_owned()
        },
    );
    let wrap = ["unshare", "-r", "-m", "sh", "-c", &script, "sh"];
    let probe = Command::new("unshare")
        .args(["-r", "-m", "sh", "-c"])
        .arg(format!("mount -t tmpfs tmpfs {}", disk.path().display()))
        .stderr(Stdio::null())
        .status();
    if !probe.is_ok_and(|status| status.success()) {
        println!("not tested here: no right to mount a file system");
        return None;
    }
    Some(child::command(task, disk.path(), &wrap).output().unwrap())
}

fn saved(output: &Output) -> Vec<String> {
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| line.strip_prefix("saved ").map(str::to_owned))
        .collect()
}

#[test]
fn a_full_disk_is_named_and_loses_nothing_that_was_acknowledged() {
    let (env, _) = env(1);
    for size in ["400k", "416k", "500k", "700k", "1m"] {
        let (dir, back) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        drop(patient(dir.path(), &env));
        let Some(output) = on_small_disk("record", dir.path(), back.path(), size, false) else {
            return;
        };
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let refused: Vec<&str> = text
            .lines()
            .filter_map(|line| line.strip_prefix("refused "))
            .collect();
        assert!(!refused.is_empty(), "{size}: it never filled\n{text}");
        assert!(
            refused.iter().all(|code| *code == "disk-full"),
            "{size}: {refused:?}"
        );
        let saved = saved(&output);
        assert!(
            !saved.is_empty() || size == "400k",
            "{size}: nothing fitted"
        );

        let journal = open(back.path(), &env).unwrap().journal();
        for id in &saved {
            let found = journal.entry(id.parse().unwrap()).unwrap();
            assert!(found.is_some(), "{size}: {id} was acknowledged and is gone");
        }
        assert_eq!(journal.count().unwrap(), saved.len() as u64, "{size}");
        drop(journal);
        crate::kill::assert_whole(back.path(), &env);
    }
}

/// No room even for opening: it is said, and works once there is room.
#[test]
fn a_disk_that_is_full_from_the_start() {
    let (env, _) = env(1);
    let (dir, back) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    drop(patient(dir.path(), &env));
    let used: u64 = std::fs::read_dir(dir.path())
        .unwrap()
        .map(|e| e.unwrap().metadata().unwrap().len().div_ceil(4096) * 4)
        .sum();
    let size = format!("{used}k");
    let Some(output) = on_small_disk("try", dir.path(), back.path(), &size, false) else {
        return;
    };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        text.contains("Full") || text.contains("disk-full"),
        "{text}"
    );
    assert_eq!(
        open(back.path(), &env).unwrap().journal().count().unwrap(),
        0
    );
}

#[test]
fn a_read_only_disk_is_named() {
    let (env, _) = env(1);
    let (dir, back) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    drop(patient(dir.path(), &env));
    let Some(output) = on_small_disk("try", dir.path(), back.path(), "2m", true) else {
        return;
    };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("ReadOnly"), "{text}");
    let again = tempfile::tempdir().unwrap();
    copy_folder(dir.path(), again.path());
    drop(open(again.path(), &env).unwrap());
}
