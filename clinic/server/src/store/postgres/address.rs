//! Where the database is, and how it is reached.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ::postgres::config::{Host, SslMode};
use ::postgres::{Client, Config, Error, NoTls};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::super::{Result, StoreError};

/// How long to wait for a connection.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a peer may keep silent.
const SILENCE: Duration = Duration::from_secs(20);

/// The address of a database, perhaps with a password: it shows nothing of itself.
pub struct Address {
    config: Config,
    tls: Option<MakeRustlsConnect>,
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Address")
    }
}

impl Address {
    /// One from a text like `postgres://user@host/database` or
    /// `host=/run/postgresql dbname=clinic`.
    ///
    /// A database on another machine is spoken to by TLS alone, and must show
    /// a certificate for its name by an authority in the PEM file `ca`; without
    /// that, by one that browsers trust.
    ///
    /// # Errors
    /// [`StoreError::Failed`]: the text is no such address, asks for another
    /// machine without TLS, or the file holds no certificates.
    pub fn new(text: &str, ca: Option<&Path>) -> Result<Self> {
        // The error would quote the text, and the text may hold a password.
        let unclear = "the address of the database is not understood";
        let mut config: Config = text.parse().map_err(|_| failed(unclear))?;
        config
            .application_name("clinic-server")
            .connect_timeout(CONNECT)
            .tcp_user_timeout(SILENCE)
            .keepalives_idle(SILENCE);
        let here = config.get_hostaddrs().iter().all(|a| a.is_loopback())
            && config.get_hosts().iter().all(|host| match host {
                #[cfg(unix)]
                Host::Unix(_) => true,
                Host::Tcp(name) => is_this_machine(name),
            });
        let asked = config.get_ssl_mode();
        if asked == SslMode::Disable && !here {
            return Err(failed("a database on another machine needs TLS"));
        }
        let plain = here && asked != SslMode::Require;
        config.ssl_mode(if plain {
            SslMode::Disable
        } else {
            SslMode::Require
        });
        let tls = if plain {
            None
        } else {
            Some(MakeRustlsConnect::new(tls(ca)?))
        };
        Ok(Self { config, tls })
    }

    pub(super) fn connect(&self) -> std::result::Result<Client, Error> {
        match &self.tls {
            Some(tls) => self.config.connect(tls.clone()),
            None => self.config.connect(NoTls),
        }
    }
}

fn is_this_machine(name: &str) -> bool {
    let address = name.parse::<std::net::IpAddr>();
    name == "localhost" || address.is_ok_and(|a| a.is_loopback())
}

fn failed(text: &'static str) -> StoreError {
    StoreError::Failed(text.into())
}

fn tls(ca: Option<&Path>) -> Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    match ca {
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(file) => {
            let unread = "the file of the database's authority holds no certificates";
            let certificates = CertificateDer::pem_file_iter(file).map_err(|_| failed(unread))?;
            for certificate in certificates {
                let certificate = certificate.map_err(|_| failed(unread))?;
                roots.add(certificate).map_err(|_| failed(unread))?;
            }
            if roots.is_empty() {
                return Err(failed(unread));
            }
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| StoreError::Failed(Box::new(error)))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}
