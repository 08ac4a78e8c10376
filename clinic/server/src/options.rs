//! The command line.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clinic_api::http::authority::{Authority, Scheme};
use clinic_api::id::{ChainId, MemberId};
use ipnet::IpNet;

use crate::place::Place;

/// Keeps sealed entries for clinics and their patients, and can read none of them.
#[derive(Debug, Parser)]
#[command(version, about)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
    /// How log lines are written, to the standard error output.
    #[arg(
        long,
        global = true,
        value_name = "FORM",
        default_value = "text",
        env = "CLINIC_SERVER_LOG"
    )]
    pub log: LogForm,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogForm {
    /// For people.
    Text,
    /// One JSON object a line, for programs.
    Json,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the clinic API.
    Serve(Box<Serve>),
    /// Copy the store, also while it is served and written to.
    Backup(Backup),
    /// Make a store from a backup, and check it.
    Restore(Restore),
    /// Erase a patient's spaces and chain for good, on request, without reading any of it.
    Erase(Erase),
    /// Read all of a store and verify it: the database, every chain, every log.
    Check(Check),
}

#[derive(Debug, Args)]
pub struct Serve {
    #[command(flatten)]
    pub place: Place,
    /// Address and port to listen on; port 0 takes any free one. Without TLS
    /// only a loopback address, or behind a proxy.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
    /// Fingerprint of the root of a clinic that may found its roster here.
    #[arg(long = "clinic", value_name = "FINGERPRINT")]
    pub clinics: Vec<MemberId>,
    /// Name that clients reach this server by: HOST[:PORT], or https://HOST[:PORT]
    /// behind a proxy that ends TLS. Without any, the address listened on.
    #[arg(long = "authority", value_name = "NAME", value_parser = authority)]
    pub authorities: Vec<(Scheme, Authority)>,
    /// Certificate in PEM, followed by those that it rests on. Taken anew on
    /// SIGHUP, and within a minute when it has changed.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// The certificate's private key in PEM.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// Address or network of a proxy that ends TLS before this server: what it
    /// says of its callers' addresses is believed.
    #[arg(long, value_name = "NET", value_parser = network, conflicts_with = "tls_cert")]
    pub behind_proxy: Vec<IpNet>,
    /// In which header the proxy names its caller. It must write this one itself.
    #[arg(
        long,
        value_name = "HEADER",
        default_value = "x-forwarded-for",
        requires = "behind_proxy"
    )]
    pub proxy_header: ProxyHeader,
    /// Loopback address and port at which Prometheus reads metrics, at /metrics.
    #[arg(long, value_name = "ADDR")]
    pub metrics: Option<SocketAddr>,
    /// Log the address of who asks, too.
    #[arg(long)]
    pub log_addresses: bool,
    /// Requests a second that one address may send unsigned, after a burst of 30 times as many.
    #[arg(long, value_name = "N", default_value = "1", value_parser = rate)]
    pub peer_rate: f64,
    /// Requests a second that all together may send unsigned, after a burst of 10 times as many.
    #[arg(long, value_name = "N", default_value = "30", value_parser = rate)]
    pub all_rate: f64,
    /// Requests a second that one device may send, after a burst of 50 times as many.
    #[arg(long, value_name = "N", default_value = "100", value_parser = rate)]
    pub device_rate: f64,
    /// How much a patient's devices may store, in MiB. Until they are admitted: 8.
    #[arg(long, value_name = "MIB", default_value = "1024")]
    pub patient_storage: u32,
    /// How many days backups are kept, wherever they are: receipts to those who leave name it.
    #[arg(long, value_name = "DAYS", default_value = "35", value_parser = clap::value_parser!(u32).range(0..=3650))]
    pub backup_days: u32,
}

/// In which header a proxy names its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ProxyHeader {
    /// As most proxies do.
    XForwardedFor,
    /// RFC 7239.
    Forwarded,
}

#[derive(Debug, Args)]
pub struct Erase {
    #[command(flatten)]
    pub place: Place,
    /// The request number that the patient's app or the console shows, with or without spaces.
    #[arg(long, value_name = "NUMBER", value_parser = chain)]
    pub chain: ChainId,
    /// How many days backups are kept, for the receipt.
    #[arg(long, value_name = "DAYS", default_value = "35", value_parser = clap::value_parser!(u32).range(0..=3650))]
    pub backup_days: u32,
    /// Do it; without, only say what there is.
    #[arg(long)]
    pub yes: bool,
}

#[derive(Debug, Args)]
pub struct Backup {
    /// Directory of the store.
    #[arg(long, value_name = "DIR", env = "CLINIC_SERVER_DIR")]
    pub dir: PathBuf,
    /// Directory of the backups; made if it is not there. Best on another disk.
    #[arg(long, value_name = "DIR", env = "CLINIC_SERVER_BACKUPS")]
    pub to: PathBuf,
    /// Delete backups in it that are older than this, once the new one is
    /// whole: what patients erase is gone from backups, too, after that time.
    #[arg(long, value_name = "DAYS", default_value = "30", value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub keep: u32,
}

#[derive(Debug, Args)]
pub struct Restore {
    /// The backup.
    #[arg(long, value_name = "FILE")]
    pub from: PathBuf,
    /// Directory for the store; it must hold none.
    #[arg(long, value_name = "DIR", env = "CLINIC_SERVER_DIR")]
    pub dir: PathBuf,
}

#[derive(Debug, Args)]
pub struct Check {
    /// Directory of the store.
    #[arg(long, value_name = "DIR", env = "CLINIC_SERVER_DIR")]
    pub dir: PathBuf,
}

fn authority(text: &str) -> Result<(Scheme, Authority), String> {
    let (scheme, name) = match text.strip_prefix("https://") {
        Some(name) => (Scheme::Https, name),
        None => (Scheme::Http, text.strip_prefix("http://").unwrap_or(text)),
    };
    let name = Authority::parse(scheme, name).map_err(|error| error.to_string())?;
    Ok((scheme, name))
}

fn chain(text: &str) -> Result<ChainId, String> {
    let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let chain = digits.to_ascii_lowercase().parse();
    chain.map_err(|_| "not a request number: 64 digits and letters from a to f".to_owned())
}

fn network(text: &str) -> Result<IpNet, String> {
    let address = text.parse::<IpAddr>().map(IpNet::from).ok();
    address
        .or_else(|| text.parse().ok())
        .ok_or_else(|| "neither an address nor a network, such as 192.0.2.0/24".to_owned())
}

fn rate(text: &str) -> Result<f64, String> {
    let rate: Option<f64> = text.parse().ok();
    rate.filter(|r| (0.001..=1e6).contains(r))
        .ok_or_else(|| "not a number from 0.001 to 1000000".to_owned())
}
