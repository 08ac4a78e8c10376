//! The server is built without the code that decrypts.

use std::process::Command;

#[test]
fn the_server_is_built_without_core_and_without_hpke() {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "-p", "clinic-server", "-e", "normal"])
        .args(["--prefix", "none", "--manifest-path"])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        .output()
        .unwrap();
    assert!(tree.status.success());
    let tree = String::from_utf8(tree.stdout).unwrap();
    let names: Vec<&str> = tree.lines().filter_map(|l| l.split(' ').next()).collect();
    assert!(names.contains(&"clinic-api") && names.contains(&"ring"));
    let decrypting = [
        "companion-core",
        "companion-ffi",
        "hpke",
        "x-wing",
        "ml-kem",
        "x25519-dalek",
        "chacha20poly1305",
        "argon2",
    ];
    for name in decrypting {
        assert!(!names.contains(&name), "{name}");
    }
}
