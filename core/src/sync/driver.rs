//! The thin driver: carries the machine's requests over HTTPS.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use clinic_api::events::MEDIA_TYPE;
use clinic_api::http::digest::ContentDigest;
use clinic_api::http::problem::{Code, Problem};
use clinic_api::http::request::Parts;
use clinic_api::http::signature;
use clinic_api::message::CBOR;

use super::address::Server;
use super::error::SyncError;
use super::events::Events;
use super::request::{Reply, Request};
use crate::env::Env;
use crate::space::keys::{DeviceSecrets, KitSecret, SigningSeed};
use clinic_api::id::MemberId;

/// More than any answer of the protocol: a hostile server can't fill the memory.
const LARGEST_ANSWER: usize = 8 * 1024 * 1024;
const CONNECT: Duration = Duration::from_secs(10);
const WHOLE: Duration = Duration::from_secs(60);

/// As whom requests are signed.
#[derive(Debug, Clone)]
pub(super) struct Credentials {
    id: MemberId,
    key: SigningSeed,
}

impl From<&DeviceSecrets> for Credentials {
    fn from(device: &DeviceSecrets) -> Self {
        Self {
            id: device.id().into(),
            key: device.request().clone(),
        }
    }
}

impl From<&KitSecret> for Credentials {
    fn from(kit: &KitSecret) -> Self {
        Self {
            id: kit.keys().id(),
            key: kit.sign().clone(),
        }
    }
}

/// The connections to one clinic API. Clones share them.
#[derive(Debug, Clone)]
pub(super) struct Driver {
    client: reqwest::Client,
    server: Server,
    /// Seconds to add to this device's clock for signing, learned from the server.
    offset: Arc<AtomicI64>,
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
            .build()
            .map_err(|_| SyncError::Internal)?;
        Ok(Self {
            client,
            server,
            offset: Arc::default(),
        })
    }

    /// Where they lead to.
    pub(super) fn server(&self) -> &Server {
        &self.server
    }

    /// Sends a request; a stale signature is mended once by the server's time.
    pub(super) async fn send(
        &self,
        env: &Env,
        who: &Credentials,
        request: &Request,
    ) -> Result<Reply, SyncError> {
        let reply = self.once(env, who, request).await?;
        if self.mended(env, &reply) {
            return self.once(env, who, request).await;
        }
        Ok(reply)
    }

    /// Opens the event stream; else, what the server answered.
    pub(super) async fn events(
        &self,
        env: &Env,
        who: &Credentials,
    ) -> Result<Result<Events, Reply>, SyncError> {
        let mut again = true;
        loop {
            let request = Request::get("/v1/events".to_owned());
            let builder = self.signed(env, who, &request)?;
            let answer = tokio::time::timeout(WHOLE, twice(builder)).await;
            let Ok(Some(response)) = answer else {
                return Ok(Err(Reply::Unreachable));
            };
            let kind = response.headers().get("content-type");
            let stream = kind.is_some_and(|kind| kind.as_bytes() == MEDIA_TYPE.as_bytes());
            if response.status().as_u16() == 200 && stream {
                return Ok(Ok(Events::new(response)));
            }
            let reply = tokio::time::timeout(WHOLE, read(response)).await;
            let reply = reply.unwrap_or(Reply::Unreachable);
            if !(std::mem::take(&mut again) && self.mended(env, &reply)) {
                return Ok(Err(reply));
            }
        }
    }

    /// Learns the server's time from a refusal; whether there was something to learn.
    fn mended(&self, env: &Env, reply: &Reply) -> bool {
        if let Reply::Problem(problem) = reply
            && problem.code == Code::SignatureStale
            && let Some(now) = problem.server_time
        {
            let offset = now.saturating_sub(env.now().as_second());
            self.offset.store(offset, Ordering::Relaxed);
            return true;
        }
        false
    }

    async fn once(
        &self,
        env: &Env,
        who: &Credentials,
        request: &Request,
    ) -> Result<Reply, SyncError> {
        let builder = self.signed(env, who, request)?.timeout(WHOLE);
        Ok(match twice(builder).await {
            Some(response) => read(response).await,
            None => Reply::Unreachable,
        })
    }

    fn signed(
        &self,
        env: &Env,
        who: &Credentials,
        request: &Request,
    ) -> Result<reqwest::RequestBuilder, SyncError> {
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
            let offset = self.offset.load(Ordering::Relaxed);
            let created = env.now().as_second().saturating_add(offset);
            let headers = signature::sign(&parts, who.id.0, created, |base| who.key.sign(base))
                .map_err(|_| SyncError::Internal)?;
            builder = builder
                .header("content-digest", digest.to_string())
                .header("signature-input", headers.signature_input)
                .header("signature", headers.signature);
        }
        if !request.body.is_empty() {
            builder = builder.header("content-type", CBOR);
        }
        Ok(builder.body(request.body.clone()))
    }
}

async fn read(mut response: reqwest::Response) -> Reply {
    let status = response.status().as_u16();
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= LARGEST_ANSWER => {
                body.extend_from_slice(&chunk);
            }
            Ok(Some(_)) => return Reply::Unreachable,
            Ok(None) => break,
            Err(_) => return Reply::Unreachable,
        }
    }
    if (200..300).contains(&status) {
        return Reply::Ok(body);
    }
    Reply::Problem(Problem::from_json(status, &body).unwrap_or_else(|_| Problem::of_status(status)))
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
