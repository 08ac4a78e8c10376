//! A server in this process, and callers of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request};
use clinic_api::http::authority::{Authority, Scheme};
use clinic_api::http::digest::ContentDigest;
use clinic_api::http::problem::{Code, MEDIA_TYPE, Problem};
use clinic_api::http::request::Parts;
use clinic_api::http::signature;
use clinic_api::message::CBOR;
use clinic_api::wire;
use clinic_server::app::{App, Config, router};
use clinic_server::clock::Clock;
use clinic_server::store::Store;
use clinic_server::store::sqlite::SqliteStore;
use tempfile::TempDir;
use tower::ServiceExt;

use super::clinic::Clinic;
use super::contract::{self, Asked};
use super::keys::Device;
use super::patient::Patient;

/// 2026-01-01T00:00:00Z.
pub const START: i64 = 1_767_225_600;
pub const HOST: &str = "clinic.example";

pub struct TestClock {
    now: AtomicI64,
    elapsed: AtomicU64,
}

impl TestClock {
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            now: AtomicI64::new(START),
            elapsed: AtomicU64::new(0),
        })
    }

    pub fn advance(&self, seconds: i64) {
        self.now.fetch_add(seconds, Ordering::Relaxed);
        self.elapsed.fetch_add(seconds as u64, Ordering::Relaxed);
    }
}

impl Clock for TestClock {
    fn now(&self) -> i64 {
        self.now.load(Ordering::Relaxed)
    }

    fn elapsed(&self) -> Duration {
        Duration::from_secs(self.elapsed.load(Ordering::Relaxed))
    }
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    /// The problem, if it is a well-formed one.
    pub fn problem(&self) -> Problem {
        assert_eq!(self.headers["content-type"], MEDIA_TYPE, "{}", self.status);
        Problem::from_json(self.status, &self.body).unwrap()
    }

    /// Status and code of a refusal.
    pub fn refused(&self) -> (u16, &'static str) {
        assert!(self.status >= 400, "not refused: {}", self.status);
        (self.status, self.problem().code.as_str())
    }

    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        let code = (self.status >= 400).then(|| self.problem().code.as_str());
        assert_eq!(self.status, status, "{code:?}");
        self
    }

    pub fn read<'b, T: minicbor::Decode<'b, ()>>(&'b self) -> T {
        assert_eq!(self.status, 200);
        assert_eq!(self.headers["content-type"], CBOR);
        wire::decode(&self.body).unwrap()
    }
}

/// How a caller signs.
pub struct Signer<'a> {
    pub device: &'a Device,
    pub authority: &'a str,
    pub created: i64,
}

impl Signer<'_> {
    /// The headers of a signed request with this body.
    pub fn headers(&self, method: &str, target: &str, body: &[u8]) -> Vec<(&'static str, String)> {
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (target, None),
        };
        let digest = ContentDigest::of(body);
        let authority = Authority::parse(Scheme::Http, self.authority).unwrap();
        let parts = Parts {
            method,
            authority: &authority,
            path,
            query,
            content_digest: &digest,
        };
        let signer = |base: &[u8]| self.device.request.sign(base);
        let signed = signature::sign(&parts, self.device.id().0, self.created, signer).unwrap();
        vec![
            ("host", self.authority.to_owned()),
            ("content-type", CBOR.to_owned()),
            ("content-digest", digest.to_string()),
            ("signature-input", signed.signature_input),
            ("signature", signed.signature),
        ]
    }
}

pub struct Site {
    pub clock: Arc<TestClock>,
    pub router: Router,
    pub app: App,
    pub dir: Option<TempDir>,
}

impl Site {
    /// One on SQLite that serves these clinics.
    pub fn new(clinics: &[&Clinic]) -> Self {
        Self::configured(clinics, |_| ())
    }

    /// One on SQLite, with something set otherwise.
    pub fn configured(clinics: &[&Clinic], change: impl FnOnce(&mut Config)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteStore::open(dir.path()).unwrap());
        let mut config = Self::config(clinics);
        change(&mut config);
        let mut site = Self::with(store, TestClock::new(), config);
        site.dir = Some(dir);
        site
    }

    /// One on a store that others may use, too.
    pub fn on(store: Arc<dyn Store>, clock: Arc<TestClock>, clinics: &[&Clinic]) -> Self {
        Self::with(store, clock, Self::config(clinics))
    }

    fn config(clinics: &[&Clinic]) -> Config {
        let name = Authority::parse(Scheme::Https, HOST).unwrap();
        let roots = clinics.iter().map(|c| c.root_id()).collect();
        Config {
            receipt_seed: Some([42; 32]),
            ..Config::new(vec![(Scheme::Https, name)], roots)
        }
    }

    /// One as configured.
    pub fn with(store: Arc<dyn Store>, clock: Arc<TestClock>, config: Config) -> Self {
        let app = App::new(store, clock.clone(), config);
        Self {
            router: router(app.clone()),
            app,
            clock,
            dir: None,
        }
    }

    /// A request with just these headers.
    pub async fn raw(
        &self,
        method: &str,
        target: &str,
        headers: &[(&'static str, String)],
        body: &[u8],
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(target);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let request = request.body(Body::from(body.to_vec())).unwrap();
        let answer = self.send(request).await;
        let asked = Asked {
            method,
            target,
            headers,
            body,
        };
        contract::hold(&asked, &answer);
        answer
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let body = axum::body::to_bytes(response.into_body(), usize::MAX);
        let body = body.await.unwrap().to_vec();
        Answer {
            status,
            headers,
            body,
        }
    }

    pub fn clock_now(&self) -> i64 {
        self.clock.now()
    }

    /// How a device signs now.
    pub fn signer<'a>(&self, device: &'a Device) -> Signer<'a> {
        Signer {
            device,
            authority: HOST,
            created: self.clock.now(),
        }
    }

    /// A signed request.
    pub async fn call(&self, device: &Device, method: &str, target: &str, body: &[u8]) -> Answer {
        let headers = self.signer(device).headers(method, target, body);
        self.raw(method, target, &headers, body).await
    }

    pub async fn get(&self, device: &Device, target: &str) -> Answer {
        self.call(device, "GET", target, b"").await
    }

    pub async fn post(&self, device: &Device, target: &str, body: &[u8]) -> Answer {
        self.call(device, "POST", target, body).await
    }

    /// A request that nobody signed.
    pub async fn anonymous(&self, method: &str, target: &str, body: &[u8]) -> Answer {
        let headers = [("content-type", CBOR.to_owned())];
        self.raw(method, target, &headers, body).await
    }

    /// Founds a clinic.
    pub async fn found(&self, clinic: &Clinic) {
        let body = clinic.founding();
        self.post(&clinic.clinician, "/v1/rosters", &body)
            .await
            .expect(201);
    }

    /// Invites a patient, who claims.
    pub async fn claimed(&self, clinic: &Clinic, patient: &Patient, lookup: u8) -> String {
        let invite = clinic.invite(lookup, self.clock.now() + 3600);
        let body = wire::encode(&invite);
        self.post(&clinic.desk, "/v1/invites", &body)
            .await
            .expect(201);
        let path = format!("/v1/invites/{}", invite.lookup);
        self.anonymous("POST", &format!("{path}/claim"), &patient.claim())
            .await
            .expect(201);
        path
    }

    /// Invites a patient, who claims and is admitted.
    pub async fn enrolled(&self, clinic: &Clinic, patient: &Patient, lookup: u8) -> String {
        let path = self.claimed(clinic, patient, lookup).await;
        self.post(&clinic.desk, &format!("{path}/admit"), b"")
            .await
            .expect(204);
        path
    }

    /// Appends a statement.
    pub async fn append(
        &self,
        device: &Device,
        chain: impl std::fmt::Display,
        statement: &[u8],
    ) -> Answer {
        self.post(device, &format!("/v1/chains/{chain}"), statement)
            .await
    }
}

/// What a refusal with this code looks like, by the table of the contract.
pub fn refusal(code: Code) -> (u16, &'static str) {
    (code.status(), code.as_str())
}
