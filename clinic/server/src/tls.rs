//! TLS: one certificate with its key, from PEM files, taken anew when they change.
//!
//! rustls with ring: TLS 1.2 and 1.3, no other. A connection keeps what it
//! began with.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

/// Why a certificate cannot be used. Names files, and nothing that is in them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read: check its path and who may read it.
    #[error("cannot read {path}: {error}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// A file is not what it should be.
    #[error("{path} holds no {what} in PEM")]
    Pem {
        /// The file.
        path: PathBuf,
        /// What is not in it.
        what: &'static str,
    },
    /// Certificate and key are not a pair, or not of a kind that is supported.
    #[error("the certificate and its key cannot be used: {0}")]
    Pair(#[source] rustls::Error),
}

/// The certificate that the server shows, and how it speaks TLS.
pub struct Certificates {
    chain: PathBuf,
    key: PathBuf,
    shown: Arc<Shown>,
    config: Arc<ServerConfig>,
}

/// Of the files, what was last read and taken.
struct Files {
    chain: Vec<u8>,
    key: Vec<u8>,
}

struct Shown(RwLock<(Files, Arc<CertifiedKey>)>);

impl Certificates {
    /// The certificate with those that it rests on, and its key.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn load(chain: &Path, key: &Path) -> Result<Self, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let files = Files::read(chain, key)?;
        let pair = files.pair(chain, key, &provider)?;
        let shown = Arc::new(Shown(RwLock::new((files, Arc::new(pair)))));
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Pair)?
            .with_no_client_auth();
        let mut config = config.with_cert_resolver(Arc::<Shown>::clone(&shown));
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self {
            chain: chain.to_owned(),
            key: key.to_owned(),
            shown,
            config: Arc::new(config),
        })
    }

    /// Takes the files anew if they have changed; true: they had. New
    /// connections get the new certificate, open ones go on.
    ///
    /// # Errors
    /// [`TlsError`]; what was shown is shown on.
    pub fn reload(&self) -> Result<bool, TlsError> {
        let files = Files::read(&self.chain, &self.key)?;
        let same = |old: &Files| old.chain == files.chain && old.key == files.key;
        let current = self.shown.0.read();
        if same(&current.unwrap_or_else(PoisonError::into_inner).0) {
            return Ok(false);
        }
        let provider = self.config.crypto_provider();
        let pair = Arc::new(files.pair(&self.chain, &self.key, provider)?);
        let mut shown = self.shown.0.write().unwrap_or_else(PoisonError::into_inner);
        *shown = (files, pair);
        Ok(true)
    }

    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }
}

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificates")
            .field("chain", &self.chain)
            .finish_non_exhaustive()
    }
}

impl Files {
    fn read(chain: &Path, key: &Path) -> Result<Self, TlsError> {
        let read = |path: &Path| {
            std::fs::read(path).map_err(|error| TlsError::File {
                path: path.to_owned(),
                error,
            })
        };
        Ok(Self {
            chain: read(chain)?,
            key: read(key)?,
        })
    }

    fn pair(
        &self,
        chain: &Path,
        key: &Path,
        provider: &CryptoProvider,
    ) -> Result<CertifiedKey, TlsError> {
        let certificates: Result<Vec<_>, pem::Error> =
            CertificateDer::pem_slice_iter(&self.chain).collect();
        let certificates = certificates.ok().filter(|c| !c.is_empty());
        let certificates = certificates.ok_or_else(|| TlsError::Pem {
            path: chain.to_owned(),
            what: "certificate",
        })?;
        let key = PrivateKeyDer::from_pem_slice(&self.key).map_err(|_| TlsError::Pem {
            path: key.to_owned(),
            what: "private key",
        })?;
        CertifiedKey::from_der(certificates, key, provider).map_err(TlsError::Pair)
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let shown = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(&shown.1))
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shown")
    }
}
