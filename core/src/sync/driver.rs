//! The thin driver: carries the machine's requests over HTTPS.

use std::sync::Arc;
use std::time::Duration;

use clinic_api::http::digest::ContentDigest;
use clinic_api::http::problem::{Code, Problem};
use clinic_api::http::request::Parts;
use clinic_api::http::signature;
use clinic_api::message::CBOR;

use super::address::Server;
use super::error::SyncError;
use super::request::{Reply, Request};
use crate::env::Env;
use crate::space::keys::DeviceSecrets;

/// More than any answer of the protocol: a hostile server can't fill the memory.
const LARGEST_ANSWER: usize = 8 * 1024 * 1024;
const CONNECT: Duration = Duration::from_secs(10);
const WHOLE: Duration = Duration::from_secs(60);

/// A connection to one clinic API.
#[derive(Debug)]
pub(super) struct Driver {
    client: reqwest::Client,
    server: Server,
    /// Seconds to add to this device's clock for signing, learned from the server.
    offset: i64,
}

impl Driver {
    pub(super) fn new(server: Server) -> Result<Self, SyncError> {
        let roots = rustls::RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|_| SyncError::Internal)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        // The HTTP client leaves a configuration that it is given as it is.
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .connect_timeout(CONNECT)
            .timeout(WHOLE)
            .build()
            .map_err(|_| SyncError::Internal)?;
        Ok(Self {
            client,
            server,
            offset: 0,
        })
    }

    /// Sends a request; a stale signature is mended once by the server's time.
    pub(super) async fn send(
        &mut self,
        env: &Env,
        device: &DeviceSecrets,
        request: &Request,
    ) -> Result<Reply, SyncError> {
        let reply = self.once(env, device, request).await?;
        if let Reply::Problem(problem) = &reply
            && problem.code == Code::SignatureStale
            && let Some(now) = problem.server_time
        {
            self.offset = now.saturating_sub(env.now().as_second());
            return self.once(env, device, request).await;
        }
        Ok(reply)
    }

    async fn once(
        &self,
        env: &Env,
        device: &DeviceSecrets,
        request: &Request,
    ) -> Result<Reply, SyncError> {
        let mut url = format!("{}{}", self.server, request.path);
        if let Some(query) = &request.query {
            url.push('?');
            url.push_str(query);
        }
        let method = match request.method {
            "POST" => reqwest::Method::POST,
            _ => reqwest::Method::GET,
        };
        let mut builder = self.client.request(method, url);
        if request.signed {
            let digest = ContentDigest::of(&request.body);
            let parts = Parts {
                method: request.method,
                authority: self.server.authority(),
                path: &request.path,
                query: request.query.as_deref(),
                content_digest: &digest,
            };
            let created = env.now().as_second().saturating_add(self.offset);
            let headers = signature::sign(&parts, device.id().0, created, |base| {
                device.request().sign(base)
            })
            .map_err(|_| SyncError::Internal)?;
            builder = builder
                .header("content-digest", digest.to_string())
                .header("signature-input", headers.signature_input)
                .header("signature", headers.signature);
        }
        if !request.body.is_empty() {
            builder = builder.header("content-type", CBOR);
        }
        let Some(mut response) = twice(builder.body(request.body.clone())).await else {
            return Ok(Reply::Unreachable);
        };
        let status = response.status().as_u16();
        let mut body = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() <= LARGEST_ANSWER => {
                    body.extend_from_slice(&chunk);
                }
                Ok(Some(_)) => return Ok(Reply::Unreachable),
                Ok(None) => break,
                Err(_) => return Ok(Reply::Unreachable),
            }
        }
        if (200..300).contains(&status) {
            return Ok(Reply::Ok(body));
        }
        Ok(Reply::Problem(
            Problem::from_json(status, &body).unwrap_or_else(|_| Problem::of_status(status)),
        ))
    }
}

/// Sends a request; once more where the connection had ended meanwhile, as servers end idle
/// ones. Any request of the protocol can be sent again.
async fn twice(request: reqwest::RequestBuilder) -> Option<reqwest::Response> {
    let again = request.try_clone();
    match request.send().await {
        Ok(response) => Some(response),
        Err(error) if error.is_connect() || error.is_timeout() => None,
        Err(_) => again?.send().await.ok(),
    }
}
