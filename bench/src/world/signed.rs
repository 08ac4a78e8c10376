//! Signed requests of a device, sent one by one: for what is measured below a whole round.

use clinic_api::http::digest::ContentDigest;
use clinic_api::http::request::Parts;
use clinic_api::http::signature;
use clinic_api::message::{CBOR, Pushed};
use clinic_api::wire;
use companion_core::companion::Companion;
use companion_core::env::Env;
use companion_core::space::keys::DeviceSecrets;
use companion_core::sync::{Machine, Next, Reply, Request, Server};

use crate::Result;
use crate::bare::client::http;
use crate::entries::mood;
use crate::words::Words;
use crate::world::device::now_ms;

/// A device and a connection.
#[derive(Debug, Clone)]
pub struct Caller {
    http: reqwest::Client,
    device: DeviceSecrets,
    server: Server,
}

impl Caller {
    /// The device of a vault, calling the API at an address.
    ///
    /// # Errors
    /// What the vault says.
    pub fn new(companion: &Companion, url: &str) -> Result<Self> {
        Ok(Self {
            http: http()?,
            device: companion.vault().with(|vault| vault.device())?,
            server: Server::parse(url)?,
        })
    }

    /// Sends a request.
    ///
    /// # Errors
    /// No connection.
    pub async fn send(&self, request: &Request) -> Result<Reply> {
        let digest = ContentDigest::of(&request.body);
        let parts = Parts {
            method: request.method,
            authority: self.server.authority(),
            path: &request.path,
            query: request.query.as_deref(),
            content_digest: &digest,
        };
        let created = Env::system().now().as_second();
        let headers = signature::sign(&parts, self.device.id().0, created, |base| {
            self.device.request().sign(base)
        })?;
        let mut url = format!("{}{}", self.server, request.path);
        if let Some(query) = &request.query {
            url = format!("{url}?{query}");
        }
        let method = reqwest::Method::from_bytes(request.method.as_bytes())?;
        let mut builder = self
            .http
            .request(method, url)
            .header("content-digest", digest.to_string())
            .header("signature-input", headers.signature_input)
            .header("signature", headers.signature);
        if !request.body.is_empty() {
            builder = builder.header("content-type", CBOR);
        }
        let answer = builder.body(request.body.clone()).send().await?;
        let status = answer.status();
        let body = answer.bytes().await?.to_vec();
        if status.is_success() {
            return Ok(Reply::Ok(body));
        }
        let status = status.as_u16();
        let problem = clinic_api::http::problem::Problem::from_json(status, &body);
        Ok(Reply::Problem(problem.unwrap_or_else(|_| {
            clinic_api::http::problem::Problem::of_status(status)
        })))
    }
}

/// Seals so many pushes of one entry each, which the API has not seen: the device believes that
/// it has.
///
/// # Errors
/// What vault or network say.
pub async fn sealed_pushes(
    companion: &Companion,
    caller: &Caller,
    words: &mut Words,
    count: usize,
) -> Result<Vec<Request>> {
    let mut sealed = Vec::new();
    for _ in 0..count {
        let mood = mood(words, now_ms());
        companion.journal().record(&mood, Some(true))?;
        let vault = companion.vault();
        let mut machine = vault.with(|vault| Machine::new(vault))?;
        while let Next::Send(request) = vault.with(|vault| machine.next(vault))? {
            let reply = if request.path.ends_with("/runs") {
                sealed.push(request);
                Reply::Ok(wire::encode(&Pushed { stored: 1 }))
            } else {
                caller.send(&request).await?
            };
            vault.with(|vault| machine.receive(vault, reply))?;
        }
    }
    Ok(sealed)
}
