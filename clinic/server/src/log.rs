//! Log lines as JSON: one object a line, the same fields as the text has.

use std::fmt;
use std::io::Write;

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

/// Writes each event as a line of JSON: `time`, `level`, `message`, the
/// event's fields, and `request` where it happened in one.
#[derive(Debug)]
pub struct JsonLines<W>(W);

impl<W> JsonLines<W> {
    /// To this writer.
    pub fn to(writer: W) -> Self {
        Self(writer)
    }
}

/// The number of a request, kept with its span.
struct Request(Value);

#[derive(Default)]
struct Fields(Map<String, Value>);

impl Fields {
    fn put(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }
}

impl<S, W> Layer<S> for JsonLines<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if attributes.metadata().name() == "request"
            && let Some(number) = fields.0.remove("id")
            && let Some(span) = context.span(id)
        {
            span.extensions_mut().insert(Request(number));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let Fields(mut line) = fields;
        let mut put = |name: &str, value: Value| line.insert(name.to_owned(), value);
        put("level", event.metadata().level().as_str().into());
        let mut time = String::new();
        if SystemTime.format_time(&mut Writer::new(&mut time)).is_ok() {
            put("time", time.into());
        }
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(Request(number)) = span.extensions().get() {
                put("request", number.clone());
            }
        }
        let mut text = Value::Object(line).to_string();
        text.push('\n');
        // Where log lines cannot be written, nobody can be told so.
        let _ = self.0.make_writer().write_all(text.as_bytes());
    }
}
