//! The console as a program and as a listener.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::sync::Arc;

use clinic_console::fake::{Fake, PASSPHRASE};
use clinic_console::service::{Service, State};
use clinic_console::{Config, bind, router, serve};

fn fetch(address: SocketAddr, host: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[tokio::test]
async fn serves_until_told_to_stop_and_leaves_the_vault_locked() {
    let listener = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (env, _) = support::still_env();
    let fake = Arc::new(Fake::with_clinic(env.clone()));
    let config = Config::new(address).unwrap();
    let (router, token) = router(fake.clone(), env, config);
    let printed = token.address();
    assert!(printed.starts_with(&format!("http://{address}/")));
    assert!(printed.contains("/open?token="));
    fake.unlock(PASSPHRASE).unwrap();

    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let served = tokio::spawn(async move {
        let stopped = async {
            let _ = stopped.await;
        };
        serve(listener, router, &token, stopped).await
    });
    let answers = tokio::task::spawn_blocking(move || {
        let own = fetch(address, &address.to_string());
        let foreign = fetch(address, "evil.example");
        (own, foreign)
    });
    let (own, foreign) = answers.await.unwrap();
    assert!(own.starts_with("HTTP/1.1 401 "));
    assert!(foreign.starts_with("HTTP/1.1 421 "));

    stop.send(()).unwrap();
    served.await.unwrap().unwrap();
    assert!(fake.state() == State::Locked);
}

#[test]
fn the_program_refuses_to_listen_to_the_network() {
    let output = Command::new(env!("CARGO_BIN_EXE_clinic-console"))
        .args(["--dir", "/nonexistent", "--listen", "0.0.0.0:0"])
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(output.stdout.is_empty());
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("not-loopback"), "{told}");
}
