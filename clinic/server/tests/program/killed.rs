//! `kill -9` while devices push: what was acknowledged is there.

use crate::support::clinic::Clinic;
use crate::support::process::Server;
use crate::writers::{Written, check, pause, scene, write_until_gone};

#[test]
fn what_was_acknowledged_survives_kill_9() {
    let dir = tempfile::tempdir().unwrap();
    let clinic = Clinic::new(10);
    let root = clinic.root_id();
    let mut server = Server::start(dir.path(), root);
    let scene = scene(&server, clinic, &[50, 51, 52]);
    let mut written = vec![Written::default(); scene.devices.len()];
    for round in 0..6 {
        write_until_gone(&server, &scene, &mut written, || {
            pause(150 + 37 * round);
            server.signal("KILL");
        });
        server.wait();
        server = Server::start(dir.path(), root);
        assert!(written.iter().all(|w| !w.acknowledged.is_empty()));
        check(&server, &scene, &written);
    }
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
}
