//! The routes, with a list of them, against which the API's description is held.

use axum::Router;
use axum::handler::Handler;
use axum::middleware;
use axum::routing;
use clinic_api::http::problem::Code;

use crate::api::{
    bulletins, chains, erasures, events, feed, health, invites, leave, pairings, rosters, runs,
};
use crate::app::App;
use crate::openapi;
use crate::record::record;
use crate::refusal::Refusal;

/// Routes, and what they are called. Each has to be described in `openapi.rs`.
struct Routes {
    router: Router<App>,
    list: Vec<(&'static str, &'static str)>,
}

impl Routes {
    fn new() -> Self {
        Self {
            router: Router::new(),
            list: Vec::new(),
        }
    }

    fn get<T: 'static>(mut self, path: &'static str, handler: impl Handler<T, App>) -> Self {
        self.list.push(("GET", path));
        self.router = self.router.route(path, routing::get(handler));
        self
    }

    fn post<T: 'static>(mut self, path: &'static str, handler: impl Handler<T, App>) -> Self {
        self.list.push(("POST", path));
        self.router = self.router.route(path, routing::post(handler));
        self
    }
}

fn all() -> Routes {
    Routes::new()
        .get("/v1/chains", chains::own)
        .get("/v1/chains/{chain}", chains::read)
        .post("/v1/chains/{chain}", chains::append)
        .get("/v1/bulletins/{roster}", bulletins::read)
        .post("/v1/bulletins/{roster}", bulletins::publish)
        .get("/v1/chains/{chain}/leave", leave::departed)
        .post("/v1/chains/{chain}/leave", leave::leave)
        .post("/v1/rosters", rosters::found)
        .post("/v1/spaces/{space}/runs", runs::push)
        .post("/v1/spaces/{space}/pull", runs::pull)
        .post("/v1/spaces/{space}/erasures", erasures::erase)
        .get("/v1/invites", invites::list)
        .post("/v1/invites", invites::create)
        .get("/v1/invites/{lookup}", invites::offer)
        .post("/v1/invites/{lookup}/claim", invites::claim)
        .post("/v1/invites/{lookup}/admit", invites::admit)
        .post("/v1/invites/{lookup}/withdraw", invites::withdraw)
        .post("/v1/pairings", pairings::create)
        .get("/v1/pairings/{lookup}", pairings::offer)
        .post("/v1/pairings/{lookup}/answer", pairings::answer)
        .get("/v1/pairings/{lookup}/answer", pairings::answered)
        .post("/v1/pairings/{lookup}/withdraw", pairings::withdraw)
        .get("/v1/feed", feed::read)
        .get("/v1/events", events::open)
        .get("/v1/time", health::time)
        .get("/v1/openapi.json", openapi::serve)
        .get("/healthz", health::healthz)
        .get("/readyz", health::readyz)
}

/// The routes of the clinic API.
pub fn router(app: App) -> Router {
    all()
        .router
        .fallback(async || Refusal::from(Code::NotFound))
        .method_not_allowed_fallback(async || Refusal::from(Code::MethodNotAllowed))
        .layer(middleware::from_fn_with_state(app.clone(), record))
        .with_state(app)
}

/// Method and path template of each route.
pub fn list() -> Vec<(&'static str, &'static str)> {
    all().list
}
