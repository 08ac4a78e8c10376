//! Serves the pages over a made-up clinic, to look at them.
//!
//! `cargo run -p clinic-console --features fake --example pages -- [empty] [PORT]`

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use clinic_console::fake::{Fake, PASSPHRASE};
use clinic_console::{Config, bind, router, serve};
use companion_core::env::Env;
use companion_core::problem::Problem;

#[tokio::main]
async fn main() -> Result<(), Problem> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let env = Env::system();
    let port = args.iter().find_map(|arg| arg.parse().ok()).unwrap_or(0);
    let listener = bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
    let fake = if args.iter().any(|arg| arg == "empty") {
        Fake::empty(env.clone())
    } else {
        Fake::with_clinic(env.clone())
    };
    let Ok(address) = listener.local_addr() else {
        return Ok(());
    };
    let (router, token) = router(Arc::new(fake), env, Config::new(address)?);
    println!("{}", token.address());
    eprintln!("Passphrase: {PASSPHRASE}");
    serve(listener, router, &token, async {
        let _ = tokio::signal::ctrl_c().await;
    })
    .await
}
