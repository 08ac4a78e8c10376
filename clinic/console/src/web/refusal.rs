//! Why a request got no page, in plain words, and how to go on.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use companion_core::problem::{Kind, Problem};

use super::shell::render_with;

pub(crate) enum Refusal {
    /// Asked under a name that is not the console's.
    Host {
        asked: Option<String>,
        origin: String,
    },
    /// Sent, fetched or embedded by a page that is not the console's.
    Elsewhere,
    /// Without the cookie of the session.
    NoSession {
        /// Came by a link on another page, so the browser may have held the cookie back.
        linked: bool,
    },
    /// The one-time address was used, is too old, or was never given out.
    TokenSpent,
    /// The form's token is not the session's.
    StaleForm,
    TooLarge,
    NotAForm,
    NotFound,
    WrongMethod,
    /// Goes on at another page of the console.
    GoTo(String),
    Problem(Problem),
}

impl Refusal {
    pub(crate) fn fault() -> Self {
        Self::Problem(Problem::new(
            Kind::Internal,
            "console-fault",
            "Something went wrong inside the console. Nothing that was saved is lost.",
        ))
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

#[derive(Template)]
#[template(path = "refusal.html")]
struct Page {
    heading: String,
    what: Vec<String>,
    steps: Vec<String>,
    link: Option<(String, &'static str)>,
    code: String,
}

const NEW_ADDRESS: &str = "Go to the window in which the console was started and press Enter there. \
    It prints a new address that works once, within ten minutes.";
const OPEN_IT: &str = "Open that address in this browser.";

fn page(
    heading: &str,
    what: &[&str],
    steps: &[&str],
    link: Option<(&str, &'static str)>,
    code: &str,
) -> Page {
    let own = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    Page {
        heading: heading.into(),
        what: own(what),
        steps: own(steps),
        link: link.map(|(href, text)| (href.to_owned(), text)),
        code: code.into(),
    }
}

const TO_START: Option<(&str, &str)> = Some(("/", "Back to the first page"));

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, page) = match self {
            Self::GoTo(path) => return Redirect::to(&path).into_response(),
            Self::Host { asked, origin } => {
                (StatusCode::MISDIRECTED_REQUEST, wrong_host(asked, &origin))
            }
            Self::Elsewhere => (
                StatusCode::FORBIDDEN,
                page(
                    "This did not come from the console",
                    &[
                        "Your browser says that another page, not the console, sent this. \
                   The console did not do it: otherwise any page you visit could act in your name here.",
                    ],
                    &[
                        "If you clicked on something in another page, that page tried to use the console. Close it.",
                        "If you were working in the console, go to its first page and try again there. \
                   If this comes back, update your browser.",
                    ],
                    TO_START,
                    "not-from-console",
                ),
            ),
            Self::NoSession { linked: true } => (
                StatusCode::FORBIDDEN,
                page(
                    "You came here from another page",
                    &[
                        "When you come from another page, the browser does not tell the console that it is you. \
                   This protects what your patients wrote.",
                    ],
                    &[
                        "Go on from here. If you opened the console in this browser, it knows you again.",
                    ],
                    Some(("/", "Go on to the console")),
                    "came-by-link",
                ),
            ),
            Self::NoSession { linked: false } => (
                StatusCode::UNAUTHORIZED,
                page(
                    "This browser has not opened the console",
                    &[
                        "The console opens only for the browser that used the address it printed when it started, \
                   and only at the whole of its address: take it from your history or bookmarks, if you left it. \
                   A session also ends after twelve hours, and when a new address is used.",
                    ],
                    &[NEW_ADDRESS, OPEN_IT],
                    None,
                    "no-session",
                ),
            ),
            Self::TokenSpent => (
                StatusCode::FORBIDDEN,
                page(
                    "This address does not work any more",
                    &["Each address opens the console once, within ten minutes. \
                   This one was used already, is too old, or is not complete."],
                    &[
                        "If you have the console open in this browser, simply go on to its first page.",
                        NEW_ADDRESS,
                        OPEN_IT,
                    ],
                    Some(("/", "Go to the first page")),
                    "address-spent",
                ),
            ),
            Self::StaleForm => (
                StatusCode::FORBIDDEN,
                page(
                    "This page was too old",
                    &[
                        "The page you sent was opened before the console was locked or unlocked the last time. \
                   Nothing was changed.",
                    ],
                    &["Open the page again and repeat what you did."],
                    TO_START,
                    "stale-form",
                ),
            ),
            Self::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                page(
                    "That was too much at once",
                    &["The form you sent is larger than the console accepts. Nothing was changed."],
                    &["Go back and send less."],
                    TO_START,
                    "too-large",
                ),
            ),
            Self::NotAForm => (
                StatusCode::BAD_REQUEST,
                page(
                    "The console could not read that",
                    &["What was sent is not one of the console's own forms. Nothing was changed."],
                    &["Open the page again and repeat what you did."],
                    TO_START,
                    "not-a-form",
                ),
            ),
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                page(
                    "There is nothing here",
                    &["The page you asked for does not exist, or not any more."],
                    &[],
                    TO_START,
                    "not-found",
                ),
            ),
            Self::WrongMethod => (
                StatusCode::METHOD_NOT_ALLOWED,
                page(
                    "This cannot be opened directly",
                    &[
                        "This address belongs to a button in the console and shows nothing by itself.",
                    ],
                    &[],
                    TO_START,
                    "wrong-method",
                ),
            ),
            Self::Problem(problem) => told(&problem),
        };
        render_with(status, &page)
    }
}

fn wrong_host(asked: Option<String>, origin: &str) -> Page {
    let asked = match asked {
        Some(name) => format!("Your browser asked for this page under the name “{name}”."),
        None => "Your browser did not say clearly under which name it asked for this page.".into(),
    };
    let mut page = page(
        "The console does not answer under this name",
        &[],
        &[],
        None,
        "unknown-host",
    );
    page.what = vec![
        asked,
        "The console answers only under this computer’s own names, with its own port. \
         Otherwise a page on the internet could reach what your patients wrote by way of your browser."
            .into(),
    ];
    page.steps = vec![
        format!(
            "On the computer where the console runs, use the address that it printed, \
             as it is: it begins with {origin}/."
        ),
        "If you reach this computer through a tunnel, use the same port number at both ends."
            .into(),
        "If you did not mean to open the console at all, close this page.".into(),
    ];
    page
}

fn told(problem: &Problem) -> (StatusCode, Page) {
    let (status, heading) = match problem.kind {
        Kind::Input => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "This cannot be accepted as it is",
        ),
        Kind::Locked => (StatusCode::FORBIDDEN, "This is locked, or does not fit"),
        Kind::Offline => (
            StatusCode::SERVICE_UNAVAILABLE,
            "The clinic’s server cannot be reached",
        ),
        Kind::Refused => (StatusCode::FORBIDDEN, "This is not allowed from here"),
        Kind::Tampered => (
            StatusCode::BAD_GATEWAY,
            "Something that arrived failed its check",
        ),
        Kind::Storage => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "This computer could not read or save",
        ),
        Kind::Version => (StatusCode::NOT_IMPLEMENTED, "A newer version is needed"),
        Kind::Conflict => (StatusCode::CONFLICT, "It has changed meanwhile"),
        Kind::Internal | _ => (StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong"),
    };
    let steps: &[&str] = if problem.retry {
        &["This may pass by itself: try again in a while."]
    } else {
        &[]
    };
    (
        status,
        page(heading, &[&problem.advice], steps, TO_START, problem.code),
    )
}
