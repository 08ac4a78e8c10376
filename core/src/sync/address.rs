//! Where the clinic API is.

use clinic_api::http::authority::{Authority, Scheme};

use super::error::SyncError;

/// The address of a clinic API: `https://` anywhere, or `http://` on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    scheme: Scheme,
    authority: Authority,
}

impl Server {
    /// An address as it was typed or scanned.
    ///
    /// # Errors
    /// [`SyncError::Address`].
    pub fn parse(text: &str) -> Result<Self, SyncError> {
        let text = text.trim().trim_end_matches('/');
        let (scheme, rest) = if let Some(rest) = text.strip_prefix("https://") {
            (Scheme::Https, rest)
        } else if let Some(rest) = text.strip_prefix("http://") {
            (Scheme::Http, rest)
        } else {
            return Err(SyncError::Address);
        };
        let authority = Authority::parse(scheme, rest).map_err(|_| SyncError::Address)?;
        let server = Self { scheme, authority };
        // Without TLS a network would see who talks to whom, and when.
        if matches!(server.scheme, Scheme::Http) && !server.is_loopback() {
            return Err(SyncError::Address);
        }
        Ok(server)
    }

    fn is_loopback(&self) -> bool {
        let authority = self.authority.to_string();
        let host = match authority
            .strip_prefix('[')
            .and_then(|rest| rest.split_once(']'))
        {
            Some((host, _)) => host.to_owned(),
            None => authority.split(':').next().unwrap_or_default().to_owned(),
        };
        host == "localhost"
            || host
                .parse::<std::net::IpAddr>()
                .is_ok_and(|address| address.is_loopback())
    }

    /// As it is signed for.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }
}

impl std::fmt::Display for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scheme = match self.scheme {
            Scheme::Https => "https",
            Scheme::Http => "http",
        };
        write!(f, "{scheme}://{}", self.authority)
    }
}
