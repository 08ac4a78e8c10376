//! What surrounds the pages, and who may see those of an open vault.

use std::sync::Arc;

use askama::Template;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use companion_core::problem::Kind;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::app::App;
use super::refusal::Refusal;
use super::session::{self, Visit, Why};
use crate::service::{MendedView, State, SyncView};
use crate::words::{Moment, ago, name};

/// What a handler gives back.
pub(crate) type Page = Result<Response, Refusal>;

/// Renders a page.
pub(crate) fn render(template: &impl Template) -> Response {
    render_with(StatusCode::OK, template)
}

/// Renders a page that is not simply a success.
pub(crate) fn render_with(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => {
            let kind = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
            (status, kind, html).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Header, navigation and state of sync around every page of an open vault.
pub(crate) struct Shell {
    pub(crate) clinic: String,
    pub(crate) person: String,
    pub(crate) csrf: String,
    /// Where "sync now" comes back to.
    pub(crate) here: String,
    pub(crate) sync: SyncLine,
    pub(crate) notice: Option<String>,
    /// What became of a damaged vault.
    pub(crate) mended: Option<String>,
    /// The instant of the page, for a printed one.
    pub(crate) as_of: String,
    pub(crate) patients_here: bool,
    pub(crate) invites_here: bool,
}

/// How fresh is what is shown.
pub(crate) struct SyncLine {
    pub(crate) text: String,
    /// What stands in the way, with its code.
    pub(crate) trouble: Option<(String, &'static str)>,
    /// What that means for what is on view.
    pub(crate) meaning: &'static str,
}

impl SyncLine {
    fn new(view: SyncView, now: Timestamp) -> Self {
        let text = match view.last_ok {
            Some(at) => format!("Last synced {}", ago(now, at)),
            None => "Not synced yet".into(),
        };
        let tampered = view
            .problem
            .as_ref()
            .is_some_and(|p| p.kind == Kind::Tampered);
        let trouble = view.problem.map(|problem| (problem.advice, problem.code));
        let meaning = if tampered {
            "Something from the server failed its check and is not shown. What you see passed, and may be out of date."
        } else {
            "What you see may be out of date."
        };
        Self {
            text,
            trouble,
            meaning,
        }
    }
}

/// A visit by the person whose vault is open. Others are sent to where they can open it.
pub(crate) struct Unlocked {
    pub(crate) visit: Visit,
    pub(crate) now: Timestamp,
    pub(crate) zone: TimeZone,
    clinic: String,
    person: String,
    sync: SyncView,
    mended: Option<MendedView>,
    path: String,
}

impl Unlocked {
    /// The shell for a page; what was to be said once is taken into it.
    pub(crate) fn shell(&self, app: &App) -> Shell {
        let notice = session::change(app, &self.visit, |session| session.memory.notice.take());
        Shell {
            clinic: name(&self.clinic),
            person: name(&self.person),
            csrf: self.visit.csrf.as_str().into(),
            here: self.path.clone(),
            sync: SyncLine::new(self.sync.clone(), self.now),
            notice: notice.flatten(),
            mended: self.mended.as_ref().map(|mended| self.of_damage(mended)),
            as_of: self.date(self.now),
            patients_here: self.path.starts_with("/patients"),
            invites_here: self.path.starts_with("/invites"),
        }
    }

    fn of_damage(&self, mended: &MendedView) -> String {
        let rest = match (mended.identity, mended.filled) {
            (false, _) => {
                "Its keys could not be read, so the clinic’s server doesn’t know this workstation any more."
            }
            (true, false) => {
                "A sync brings back what the server has; until then, something may be missing here."
            }
            (true, true) => "A sync has brought back what the server has.",
        };
        format!(
            "On {} this workstation’s file was found damaged, and a fresh one was begun. {rest} \
             Nothing was deleted: the old file is kept in {}.",
            self.date(mended.at),
            mended.aside,
        )
    }

    /// To be said on the next page.
    pub(crate) fn say(&self, app: &App, notice: impl Into<String>) {
        let notice = Some(notice.into());
        session::change(app, &self.visit, |session| session.memory.notice = notice);
    }

    /// Today by this workstation's clock.
    pub(crate) fn today(&self) -> Date {
        Moment::in_zone(self.now, &self.zone).date()
    }

    /// An instant by this workstation's clock: `Thu 5 March 2026, 14:10`.
    pub(crate) fn date(&self, at: Timestamp) -> String {
        Moment::in_zone(at, &self.zone).day_and_time()
    }
}

impl FromRequestParts<Arc<App>> for Unlocked {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refusal> {
        let visit = Visit::from_request_parts(parts, app).await?;
        let path = match parts.uri.path_and_query() {
            Some(path) => path.as_str().to_owned(),
            None => "/".into(),
        };
        let (state, sync) = app
            .ask(|service| {
                let state = service.state();
                let open = matches!(state, State::Open { .. });
                (state, open.then(|| (service.sync(), service.mended())))
            })
            .await?;
        match (state, sync) {
            (
                State::Open {
                    clinic_name,
                    person_name,
                },
                Some((sync, mended)),
            ) if visit.unlocked => Ok(Self {
                visit,
                now: app.env.now(),
                zone: app.env.zone(),
                clinic: clinic_name,
                person: person_name,
                sync,
                mended,
                path,
            }),
            (State::NoClinic, _) => Err(Refusal::GoTo("/start".into())),
            (State::Locked | State::Open { .. }, _) => {
                session::change(app, &visit, |session| {
                    let memory = &mut session.memory;
                    if parts.method == Method::GET {
                        memory.wanted = Some(path);
                    } else {
                        memory.wanted = Some(page_of(&path).to_owned());
                        memory.why = Some(Why::NotDone);
                    }
                });
                Err(Refusal::GoTo("/unlock".into()))
            }
        }
    }
}

/// The page whose form goes to `path`.
fn page_of(path: &str) -> &str {
    if path.starts_with("/invites") {
        return "/invites";
    }
    path.strip_suffix("/reviewed").unwrap_or("/patients")
}

/// A path within the console, for coming back to; anything else becomes the first page.
pub(crate) fn own_path(path: &str) -> &str {
    let own = path.starts_with("/patients") || path.starts_with("/invites");
    let plain = path
        .chars()
        .all(|c| c.is_ascii_graphic() && !matches!(c, '\\' | '"' | '<' | '>'));
    if own && plain && path.len() < 500 {
        path
    } else {
        "/"
    }
}
