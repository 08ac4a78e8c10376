//! What the machine asks of a network, and what comes back.

use clinic_api::http::problem::{Code, Problem};

/// A request to the clinic API.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// The method, in capitals.
    pub method: &'static str,
    /// The path, from the root.
    pub path: String,
    /// The query, without its question mark.
    pub query: Option<String>,
    /// The body; empty for `GET`.
    pub body: Vec<u8>,
    /// Whether it is signed by this device's request key.
    pub signed: bool,
}

impl Request {
    /// A signed `GET`.
    pub fn get(path: String) -> Self {
        Self {
            method: "GET",
            path,
            query: None,
            body: Vec::new(),
            signed: true,
        }
    }

    /// A signed `POST`.
    pub fn post(path: String, body: Vec<u8>) -> Self {
        Self {
            method: "POST",
            path,
            query: None,
            body,
            signed: true,
        }
    }

    /// With a query.
    #[must_use]
    pub fn query(mut self, query: String) -> Self {
        self.query = Some(query);
        self
    }

    /// Not signed: for what an invite itself protects.
    #[must_use]
    pub fn unsigned(mut self) -> Self {
        self.signed = false;
        self
    }
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} {} ({} bytes)",
            self.method,
            self.path,
            self.body.len()
        )
    }
}

/// What came of a request.
#[derive(Debug, Clone)]
pub enum Reply {
    /// A success with its body.
    Ok(Vec<u8>),
    /// The server's problem.
    Problem(Problem),
    /// No answer: no network, no server, or none that speaks this protocol.
    Unreachable,
}

impl Reply {
    /// The code of a problem.
    pub fn code(&self) -> Option<Code> {
        match self {
            Self::Problem(problem) => Some(problem.code),
            Self::Ok(_) | Self::Unreachable => None,
        }
    }
}
