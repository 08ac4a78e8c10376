//! `kill -9` while many push at once and share transactions.

use crate::support::clinic::Clinic;
use crate::support::process::Server;
use crate::writers::{Written, check, pause, scene, write_until_gone};

#[test]
fn what_was_acknowledged_to_64_at_once_survives_kill_9() {
    let dir = tempfile::tempdir().unwrap();
    let clinic = Clinic::new(10);
    let root = clinic.root_id();
    let mut server = Server::start(dir.path(), root);
    let seeds: Vec<u8> = (50..114).collect();
    let scene = scene(&server, clinic, &seeds);
    let mut written = vec![Written::default(); scene.devices.len()];
    for round in 0..2 {
        write_until_gone(&server, &scene, &mut written, || {
            pause(2000 + 300 * round);
            server.signal("KILL");
        });
        server.wait();
        server = Server::start(dir.path(), root);
        let acknowledged: usize = written.iter().map(|w| w.acknowledged.len()).sum();
        assert!(acknowledged > 64, "{acknowledged}");
        check(&server, &scene, &written);
    }
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
}
