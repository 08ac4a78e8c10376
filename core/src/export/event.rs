//! One event as JSON, and back.

use clinic_api::id::DeviceId;
use data_encoding::BASE64;
use serde::{Deserialize, Serialize};

use super::body::BodyJson;
use super::names::{self, AuthorName, SpaceName};
use super::values::{ClockJson, Hex, MomentJson};
use crate::event::{Envelope, EventId, Kind};
use crate::vault::KeptEvent;

/// An event, as it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EventJson {
    id: Hex<EventId>,
    space: SpaceName,
    kind: String,
    code: u32,
    critical: bool,
    written_at: MomentJson,
    clock: ClockJson,
    author: Option<AuthorName>,
    device: Hex<DeviceId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<BodyJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cbor: Option<String>,
}

/// An event that is no event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Odd {
    /// Its kind's name and number are not of one kind.
    #[error("its kind and its code don't belong together")]
    Kind,
    /// Its moment is no date of the calendar, or finer than a millisecond.
    #[error("its time can't be read")]
    Moment,
    /// It has no body, or one of another kind.
    #[error("its body isn't that of its kind")]
    Body,
    /// Its `cbor` is not base64.
    #[error("its cbor isn't base64")]
    Base64,
    /// A mood entry with a value that no entry can have.
    #[error("it holds a value that no entry can have")]
    Value,
    /// More than can be sent at once.
    #[error("it is longer than an event can be")]
    TooLong,
    /// A field is missing, comes twice, isn't known, or holds what it can't.
    #[error("it doesn't have the fields of an event")]
    Fields,
}

impl EventJson {
    /// An event as the vault keeps it; none where it is in no space of a patient.
    pub(crate) fn of(event: &KeptEvent) -> Option<Self> {
        let envelope = &event.envelope;
        let kind = envelope.known_kind();
        let body = kind.and_then(|kind| BodyJson::of(kind, envelope));
        let exact = body.as_ref().and_then(BodyJson::bytes).as_deref() == Some(&*envelope.body);
        Some(Self {
            id: Hex(envelope.id),
            space: SpaceName::of(event.space_kind)?,
            kind: kind.map_or(names::UNKNOWN, names::of_kind).to_owned(),
            code: envelope.kind,
            critical: envelope.critical,
            written_at: (&envelope.at).into(),
            clock: envelope.hlc.into(),
            author: event.author.map(Into::into),
            device: Hex(event.device),
            cbor: (!exact).then(|| BASE64.encode(&envelope.body)),
            body,
        })
    }

    /// The space that it was in.
    pub(crate) fn space(&self) -> SpaceName {
        self.space
    }

    /// Whether a device of the patient wrote it.
    pub(crate) fn of_patient(&self) -> bool {
        self.author == Some(AuthorName::Patient)
    }

    /// Its kind, where this version knows it.
    pub(crate) fn known_kind(&self) -> Option<Kind> {
        Kind::from_code(self.code)
    }

    /// Whether its body is there in the readable form alone.
    pub(crate) fn is_readable(&self) -> bool {
        self.cbor.is_none()
    }

    /// The event, with the very bytes that it had.
    ///
    /// # Errors
    /// [`Odd`].
    pub(crate) fn envelope(&self) -> Result<Envelope, Odd> {
        let named = self.known_kind().map_or(names::UNKNOWN, names::of_kind);
        // A version that knows more names than this one may have written it.
        if self.known_kind().is_some() && self.kind != named {
            return Err(Odd::Kind);
        }
        let body = match (&self.cbor, &self.body) {
            (Some(cbor), _) => BASE64.decode(cbor.as_bytes()).map_err(|_| Odd::Base64)?,
            (None, Some(body)) if Some(body.kind()) == self.known_kind() => {
                body.bytes().ok_or(Odd::Value)?
            }
            (None, _) => return Err(Odd::Body),
        };
        Ok(Envelope {
            id: self.id.0,
            kind: self.code,
            critical: self.critical,
            hlc: self.clock.into(),
            at: self.written_at.moment().ok_or(Odd::Moment)?,
            body: body.into(),
        })
    }
}
