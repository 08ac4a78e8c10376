//! The name a request is sent to, in the one form that is signed and compared.

use std::fmt;
use std::net::Ipv6Addr;

use thiserror::Error;

use super::problem::Code;

/// The longest host name (RFC 1035, section 2.3.4).
const MAX_HOST: usize = 253;

/// The scheme of a request; it decides which port goes unwritten.
///
/// Behind a proxy that ends TLS it is the scheme that the client used, by
/// configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// `https`, port 443.
    Https,
    /// `http`, port 80: on loopback only.
    Http,
}

impl Scheme {
    /// The port that an authority of this scheme leaves out.
    pub fn default_port(self) -> u16 {
        match self {
            Self::Https => 443,
            Self::Http => 80,
        }
    }
}

/// A host and port as `@authority` has them (RFC 9421, section 2.2.3): lower
/// case, without the scheme's own port.
///
/// Two are equal exactly if their text is equal, so the server compares what a
/// request names with what it is configured to be by `==`. No name is looked
/// up, and a trailing dot or another spelling of an IPv6 address is another
/// authority.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Authority(String);

impl Authority {
    /// Reads `host` or `host:port`, as in a URL, `:authority` or `Host`.
    ///
    /// # Errors
    /// [`AuthorityError`] if it is anything else: user information, a name that
    /// is not ASCII (give it as Punycode), an empty, zero or padded port.
    /// Correct the configured address.
    pub fn parse(scheme: Scheme, text: &str) -> Result<Self, AuthorityError> {
        let (host, port) = split_port(text)?;
        if !is_host(host) {
            return Err(AuthorityError::Host);
        }
        let host = host.to_ascii_lowercase();
        let port = port.map(parse_port).transpose()?;
        Ok(Self(match port {
            Some(port) if port != scheme.default_port() => format!("{host}:{port}"),
            Some(_) | None => host,
        }))
    }

    /// The text, as it is signed.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text is no authority.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AuthorityError {
    /// The host is no name, IPv4 address or bracketed IPv6 address in ASCII.
    #[error("the host is not a name or address")]
    Host,
    /// The port is no number from 1 to 65535 in its shortest form.
    #[error("the port is not a number from 1 to 65535")]
    Port,
}

impl AuthorityError {
    /// The code with which a server refuses a request that names such a host.
    pub fn code(self) -> Code {
        Code::WrongAuthority
    }
}

/// Splits at the colon before the port, which in an IPv6 literal follows `]`.
fn split_port(text: &str) -> Result<(&str, Option<&str>), AuthorityError> {
    let end_of_host = match text.rfind(']') {
        Some(bracket) => bracket + 1,
        None => text.find(':').unwrap_or(text.len()),
    };
    let (host, rest) = text
        .split_at_checked(end_of_host)
        .ok_or(AuthorityError::Host)?;
    if rest.is_empty() {
        return Ok((host, None));
    }
    let port = rest.strip_prefix(':').ok_or(AuthorityError::Host)?;
    Ok((host, Some(port)))
}

fn is_host(host: &str) -> bool {
    if let Some(literal) = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')) {
        return literal.parse::<Ipv6Addr>().is_ok();
    }
    (1..=MAX_HOST).contains(&host.len())
        && host
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'))
}

fn parse_port(text: &str) -> Result<u16, AuthorityError> {
    // `u16::from_str` alone would let "+1" and "01" through.
    if !text.bytes().all(|b| b.is_ascii_digit()) || text.starts_with('0') {
        return Err(AuthorityError::Port);
    }
    text.parse().map_err(|_| AuthorityError::Port)
}
