//! What is counted, for Prometheus. Nothing of it tells who: a label is a
//! route's template, a status, or a word from a fixed list.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// The media type of what [`Metrics::text`] gives: OpenMetrics, which Prometheus reads.
pub const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Upper ends of the histograms' buckets, in seconds.
const BUCKETS: [f64; 12] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
];

/// A request that was answered.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Answered {
    pub method: &'static str,
    pub route: String,
    pub status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    route: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Operation {
    operation: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Kind {
    kind: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Limit {
    limit: &'static str,
}

#[derive(Debug, Clone, Copy)]
struct Durations;

impl MetricConstructor<Histogram> for Durations {
    fn new_metric(&self) -> Histogram {
        Histogram::new(BUCKETS)
    }
}

/// All that is counted.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Family<Answered, Counter>,
    durations: Family<Route, Histogram, Durations>,
    limited: Family<Limit, Counter>,
    pushes: Counter,
    frames: Counter,
    bytes: Counter,
    operations: Family<Operation, Histogram, Durations>,
    errors: Family<Kind, Counter>,
    refused: Family<Kind, Counter>,
    reloads: Family<Kind, Counter>,
    /// Connections that are open.
    pub(crate) connections: Gauge,
    /// Requests that wait for a thread.
    pub(crate) waiting: Gauge,
    /// Requests that a thread works on.
    pub(crate) working: Gauge,
    streams: Gauge,
    pub(crate) held: Gauge<u64, AtomicU64>,
}

/// Something that is counted while it lasts.
#[derive(Debug)]
pub struct Counted(Gauge);

impl Counted {
    /// One more of these.
    pub(crate) fn new(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Metrics {
    /// All at nothing.
    pub fn new() -> Self {
        let new = Self {
            registry: Registry::with_prefix("clinic"),
            requests: Family::default(),
            durations: Family::new_with_constructor(Durations),
            limited: Family::default(),
            pushes: Counter::default(),
            frames: Counter::default(),
            bytes: Counter::default(),
            operations: Family::new_with_constructor(Durations),
            errors: Family::default(),
            refused: Family::default(),
            reloads: Family::default(),
            connections: Gauge::default(),
            waiting: Gauge::default(),
            working: Gauge::default(),
            streams: Gauge::default(),
            held: Gauge::default(),
        };
        // What has not happened yet is 0, not absent: else a first time is no change.
        for kind in ["busy", "full", "damaged", "schema", "failed"] {
            let _ = new.errors.get_or_create(&Kind { kind });
        }
        for kind in ["handshake-failed", "handshake-late", "answer-late"] {
            let _ = new.refused.get_or_create(&Kind { kind });
        }
        for kind in ["taken", "failed"] {
            let _ = new.reloads.get_or_create(&Kind { kind });
        }
        for limit in ["peer", "device"] {
            let _ = new.limited.get_or_create(&Limit { limit });
        }
        new.registered()
    }

    fn registered(mut self) -> Self {
        let r = &mut self.registry;
        let requests = "Requests answered, by route template and status";
        r.register("http_requests", requests, self.requests.clone());
        let durations = "From a request's head to the head of its answer";
        r.register_with_unit(
            "http_request_duration",
            durations,
            Unit::Seconds,
            self.durations.clone(),
        );
        let limited = "Requests refused because there were too many";
        r.register("rate_limited", limited, self.limited.clone());
        let pushes = "Pushes that were stored";
        r.register("pushes", pushes, self.pushes.clone());
        r.register("frames_stored", "Frames stored", self.frames.clone());
        let bytes = "Sealed bytes of runs and statements that were stored";
        r.register_with_unit("stored", bytes, Unit::Bytes, self.bytes.clone());
        let operations = "How long the store took";
        r.register_with_unit(
            "store_duration",
            operations,
            Unit::Seconds,
            self.operations.clone(),
        );
        let errors = "What the store could not do";
        r.register("store_errors", errors, self.errors.clone());
        let refused = "Connections given up on: handshake failed or late, answer not taken";
        r.register("connections_dropped", refused, self.refused.clone());
        let reloads = "Certificates taken anew, or not";
        r.register("certificate_reloads", reloads, self.reloads.clone());
        let connections = "Connections open";
        r.register("connections", connections, self.connections.clone());
        let waiting = "Requests that wait for a thread";
        r.register("work_waiting", waiting, self.waiting.clone());
        let working = "Requests that a thread works on";
        r.register("work_running", working, self.working.clone());
        let streams = "Streams of events open";
        r.register("event_streams", streams, self.streams.clone());
        let held = "Room taken by bodies of requests";
        r.register_with_unit("bodies", held, Unit::Bytes, self.held.clone());
        self
    }

    /// All of it as text.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = text::encode(&mut text, &self.registry);
        text
    }

    /// A stream of events, counted as open until this is dropped.
    pub fn stream(&self) -> Counted {
        Counted::new(&self.streams)
    }

    pub(crate) fn answered(&self, request: Answered, took: Duration) {
        let route = Route {
            route: request.route.clone(),
        };
        self.durations
            .get_or_create(&route)
            .observe(took.as_secs_f64());
        self.requests.get_or_create(&request).inc();
    }

    /// A request was refused by this limit: "peer" or "device".
    pub(crate) fn limited(&self, limit: &'static str) {
        self.limited.get_or_create(&Limit { limit }).inc();
    }

    /// A connection was given up on, and why.
    pub(crate) fn dropped(&self, kind: &'static str) {
        self.refused.get_or_create(&Kind { kind }).inc();
    }

    /// The certificate was taken anew, or could not be.
    pub fn reloaded(&self, kind: &'static str) {
        self.reloads.get_or_create(&Kind { kind }).inc();
    }

    pub(crate) fn store(&self, operation: &'static str, took: Duration) {
        self.operations
            .get_or_create(&Operation { operation })
            .observe(took.as_secs_f64());
    }

    pub(crate) fn store_error(&self, kind: &'static str) {
        self.errors.get_or_create(&Kind { kind }).inc();
    }

    pub(crate) fn pushed(&self, frames: u64, bytes: u64) {
        self.pushes.inc();
        self.frames.inc_by(frames);
        self.bytes.inc_by(bytes);
    }

    pub(crate) fn stated(&self, bytes: u64) {
        self.bytes.inc_by(bytes);
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}
