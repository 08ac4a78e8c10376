//! What is set when the console starts.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use companion_core::problem::{Kind, Problem};
use jiff::SignedDuration;

/// How the console is reached and how long it stays open.
#[derive(Debug, Clone)]
pub struct Config {
    listen: SocketAddr,
    /// The vault is locked after this long without a request. Thirty minutes unless changed.
    pub idle: SignedDuration,
    /// The clinic's server, offered when a clinic is created.
    pub server: Option<String>,
}

impl Config {
    /// For a console that listens at `listen`, with its real port.
    ///
    /// # Errors
    /// `Input` (`not-loopback`) for any address but 127.0.0.1 and ::1.
    pub fn new(listen: SocketAddr) -> Result<Self, Problem> {
        Ok(Self {
            listen: loopback(listen)?,
            idle: SignedDuration::from_mins(30),
            server: None,
        })
    }

    /// Where it listens; always this machine alone.
    pub fn listen(&self) -> SocketAddr {
        self.listen
    }

    /// The address to show to people.
    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.listen)
    }

    /// Every name under which this console answers, as it stands in a Host header.
    pub(crate) fn hosts(&self) -> Vec<String> {
        let port = self.listen.port();
        let names = ["127.0.0.1", "localhost", "[::1]"];
        let mut hosts: Vec<String> = names.iter().map(|name| format!("{name}:{port}")).collect();
        if port == 80 {
            // Browsers leave out the port that the scheme implies.
            hosts.extend(names.map(String::from));
        }
        hosts
    }
}

/// Lets through the two addresses that only this machine can reach.
pub(crate) fn loopback(address: SocketAddr) -> Result<SocketAddr, Problem> {
    match address.ip() {
        IpAddr::V4(Ipv4Addr::LOCALHOST) | IpAddr::V6(Ipv6Addr::LOCALHOST) => Ok(address),
        IpAddr::V4(_) | IpAddr::V6(_) => Err(Problem::new(
            Kind::Input,
            "not-loopback",
            "The console shows what patients wrote, so it listens on this computer alone: use 127.0.0.1 or ::1.",
        )),
    }
}
