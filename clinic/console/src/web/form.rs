//! A form that one of our own pages sent in this session.

use std::sync::Arc;

use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use zeroize::Zeroizing;

use super::app::App;
use super::refusal::Refusal;
use super::session::Visit;

/// The fields of a form. Has no `Debug`: there may be a passphrase among them.
///
/// Extracting it fails unless the session's cookie came with the request and
/// the session's token with the form.
pub(crate) struct Form(Vec<(String, Zeroizing<String>)>);

impl Form {
    /// A field's text without spaces around it; empty where there is none.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.exactly(name).trim()
    }

    /// A field's text as it was typed; empty where there is none.
    pub(crate) fn exactly(&self, name: &str) -> &str {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map_or("", |(_, value)| value.as_str())
    }

    /// All values of a field that may come more than once.
    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        self.0
            .iter()
            .filter(|(key, _)| key == name)
            .map(|(_, value)| value.as_str().to_owned())
            .collect()
    }
}

impl FromRequest<Arc<App>> for Form {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Refusal> {
        let visit: Visit = request
            .extensions()
            .get()
            .cloned()
            .ok_or(Refusal::NoSession { linked: false })?;
        let fields = axum::extract::Form::<Vec<(String, String)>>::from_request(request, app)
            .await
            .map_err(|rejection| match rejection.into_response().status() {
                StatusCode::PAYLOAD_TOO_LARGE => Refusal::TooLarge,
                _ => Refusal::NotAForm,
            })?;
        let wrap = |(key, value)| (key, Zeroizing::new(value));
        let form = Self(fields.0.into_iter().map(wrap).collect());
        if visit.csrf.fits(form.exactly("csrf")) {
            Ok(form)
        } else {
            Err(Refusal::StaleForm)
        }
    }
}
