//! A small browser that talks to the real router, and a world that stands still.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests; each test file uses some of them"
)]

pub mod people;

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use clinic_console::fake::{Fake, PASSPHRASE};
use clinic_console::{Config, OpenToken, router};
use companion_core::env::{Clock, Env, Random};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use tower::ServiceExt;

pub const PORT: u16 = 7410;
pub const HOST: &str = "127.0.0.1:7410";
/// A Sunday, 13:00 in Berlin.
pub const NOW: &str = "2026-03-15T12:00:00Z";

/// A clock that goes only when told, in Berlin.
pub struct StillClock(Mutex<Timestamp>);

impl StillClock {
    pub fn advance(&self, by: SignedDuration) {
        let mut now = self.0.lock().unwrap();
        *now = now.checked_add(by).unwrap();
    }
    pub fn minutes(&self, minutes: i64) {
        self.advance(SignedDuration::from_mins(minutes));
    }
}

impl Clock for StillClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
    fn zone(&self) -> TimeZone {
        TimeZone::get("Europe/Berlin").unwrap()
    }
}

/// SplitMix64: never the same twice within a test, the same in every run.
struct Counting(Mutex<u64>);

impl Random for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let mut state = self.0.lock().unwrap();
            *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = *state;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            let random = (z ^ (z >> 31)).to_le_bytes();
            chunk.copy_from_slice(&random[..chunk.len()]);
        }
    }
}

pub fn still_env() -> (Env, Arc<StillClock>) {
    let clock = Arc::new(StillClock(Mutex::new(NOW.parse().unwrap())));
    let env = Env::new(clock.clone(), Arc::new(Counting(Mutex::new(1))));
    (env, clock)
}

/// What came back.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn location(&self) -> &str {
        self.headers
            .get(header::LOCATION)
            .map_or("", |location| location.to_str().unwrap())
    }
    pub fn set_cookie(&self) -> Option<&str> {
        self.headers
            .get(header::SET_COOKIE)
            .map(|cookie| cookie.to_str().unwrap())
    }
    /// The value of the first hidden field of that name.
    pub fn hidden(&self, name: &str) -> String {
        let start = format!("name=\"{name}\" value=\"");
        self.body
            .split_once(&start)
            .and_then(|(_, rest)| rest.split_once('"'))
            .map_or_else(String::new, |(value, _)| value.to_owned())
    }
    pub fn csrf(&self) -> String {
        self.hidden("csrf")
    }
    pub fn shows(&self, text: &str) -> bool {
        self.body.contains(text)
    }
    #[track_caller]
    pub fn assert_shows(&self, text: &str) {
        assert!(self.shows(text), "should show {text:?}");
    }
    #[track_caller]
    pub fn assert_hides(&self, text: &str) {
        assert!(!self.shows(text), "should not show {text:?}");
    }
}

/// A console with its fake service, and a browser before it.
pub struct World {
    pub router: Router,
    pub token: OpenToken,
    pub fake: Arc<Fake>,
    pub clock: Arc<StillClock>,
    pub cookie: Option<String>,
    /// The path below which all pages stand.
    pub place: String,
}

impl World {
    fn new(make: impl FnOnce(Env) -> Fake, change: impl FnOnce(&mut Config)) -> Self {
        let (env, clock) = still_env();
        let fake = Arc::new(make(env.clone()));
        let mut config = Config::new(HOST.parse().unwrap()).unwrap();
        change(&mut config);
        let (router, token) = router(fake.clone(), env, config);
        let address = token.address();
        let place = address.split('/').nth(3).unwrap();
        Self {
            place: format!("/{place}"),
            router,
            token,
            fake,
            clock,
            cookie: None,
        }
    }

    /// No clinic yet.
    pub fn empty() -> Self {
        Self::new(Fake::empty, |_| {})
    }

    /// A clinic with people, locked, not opened by any browser.
    pub fn clinic() -> Self {
        Self::new(Fake::with_clinic, |_| {})
    }

    /// The same with other settings.
    pub fn clinic_with(change: impl FnOnce(&mut Config)) -> Self {
        Self::new(Fake::with_clinic, change)
    }

    /// A clinic with people, unlocked in this browser.
    pub async fn unlocked() -> Self {
        let mut world = Self::clinic();
        world.open().await;
        world.unlock().await;
        world
    }

    /// What follows the host in a fresh one-time address.
    pub fn open_path(&self) -> String {
        let address = self.token.address();
        address
            .strip_prefix(&format!("http://127.0.0.1:7410{}", self.place))
            .expect("the printed address names the host")
            .to_owned()
    }

    pub async fn open(&mut self) {
        let path = self.open_path();
        let answer = self.get(&path).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
    }

    pub async fn unlock(&mut self) -> Answer {
        let page = self.get("/unlock").await;
        let answer = self
            .post(
                "/unlock",
                &[("csrf", &page.csrf()), ("passphrase", PASSPHRASE)],
            )
            .await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        answer
    }

    /// As a browser follows an address that was typed in.
    pub async fn get(&mut self, path: &str) -> Answer {
        self.send(
            self.request(Method::GET, path, None)
                .body(Body::empty())
                .unwrap(),
        )
        .await
    }

    /// As a browser sends one of the console's own forms: with `Origin: null`, for there is no referrer.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let request = self
            .request(Method::POST, path, Some("same-origin"))
            .header(header::ORIGIN, "null")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(encode(fields)))
            .unwrap();
        self.send(request).await
    }

    /// Fetches a page and sends a form to `path` with the token that the page holds.
    pub async fn submit(&mut self, page: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let csrf = self.get(page).await.csrf();
        let mut all = vec![("csrf", csrf.as_str())];
        all.extend_from_slice(fields);
        self.post(path, &all).await
    }

    /// The same form twice, as by a double click: both arrive before either is answered.
    pub async fn post_twice(&mut self, path: &str, fields: &[(&str, &str)]) -> [Answer; 2] {
        let send_one = || {
            let request = self
                .request(Method::POST, path, Some("same-origin"))
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(Body::from(encode(fields)))
                .unwrap();
            let router = self.router.clone();
            tokio::spawn(async move { send(&router, request).await })
        };
        self.fake.hold(true);
        let (first, second) = (send_one(), send_one());
        // The first waits in the service; give the second the time to get as far as it may.
        for _ in 0..1_000 {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            if self.fake.waiting() > 0 {
                break;
            }
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        self.fake.hold(false);
        let (first, second) = (first.await.unwrap(), second.await.unwrap());
        let (first, second) = (self.placed(first), self.placed(second));
        if let Some(set) = second.set_cookie() {
            self.cookie = Some(set.split(';').next().unwrap().to_owned());
        }
        [first, second]
    }

    /// A request with this browser's cookie, without a body yet.
    pub fn request(
        &self,
        method: Method,
        path: &str,
        site: Option<&str>,
    ) -> axum::http::request::Builder {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.place))
            .header(header::HOST, HOST)
            .header("sec-fetch-site", site.unwrap_or("none"))
            .header("sec-fetch-mode", "navigate")
            .header("sec-fetch-dest", "document");
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, cookie);
        }
        request
    }

    /// The answer with its paths as if the pages stood at the root.
    fn placed(&self, mut answer: Answer) -> Answer {
        let at_root = |text: &str| text.replace(&format!("{}/", self.place), "/");
        answer.body = at_root(&answer.body);
        let location = at_root(answer.location());
        if !location.is_empty() {
            let location = location.parse().unwrap();
            answer.headers.insert(header::LOCATION, location);
        }
        answer
    }

    /// Sends a request as it is, keeps the cookie that comes back.
    pub async fn send(&mut self, request: Request<Body>) -> Answer {
        let answer = self.placed(send(&self.router, request).await);
        if let Some(set) = answer.set_cookie() {
            self.cookie = Some(set.split(';').next().unwrap().to_owned());
        }
        answer
    }
}

pub async fn send(router: &Router, request: Request<Body>) -> Answer {
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: String::from_utf8(bytes.to_vec()).unwrap(),
    }
}

/// `application/x-www-form-urlencoded`.
pub fn encode(fields: &[(&str, &str)]) -> String {
    let one = |text: &str| -> String {
        text.bytes()
            .map(|byte| match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
                _ => format!("%{byte:02X}"),
            })
            .collect()
    };
    let pairs: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{}={}", one(name), one(value)))
        .collect();
    pairs.join("&")
}
