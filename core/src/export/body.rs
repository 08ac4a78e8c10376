//! The bodies of events in words.

use clinic_api::id::{ContentHash, DeviceId, LogId, MemberId};
use clinic_api::log::FrameName;
use clinic_api::wire;
use serde::{Deserialize, Serialize};

use super::values::{Hex, MomentJson, hex, unhex};
use crate::care::{EntriesRead, EntryReviewed, PatientWelcomed, ReviewState, ReviewedVersion};
use crate::device::DeviceNamed;
use crate::event::{EntryId, Envelope, EventId, Kind};
use crate::journal::{EntryErased, EntryUnshared, Mood, MoodRecorded, Sleep, Valence};
use crate::kit::KitChecked;

/// The body of a kind. Which one it is shows by its fields.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum BodyJson {
    Recorded(Recorded),
    Unshared(Unshared),
    Erased(Erased),
    Reviewed(Reviewed),
    Read(Read),
    Named(Named),
    Welcomed(Welcomed),
    KitChecked(CheckedKit),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Recorded {
    entry: Hex<EntryId>,
    replaces: Vec<Hex<EventId>>,
    mood: Box<MoodJson>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Unshared {
    entry: Hex<EntryId>,
    versions: Vec<Hex<EventId>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Erased {
    entry: Hex<EntryId>,
    frames: Vec<FrameJson>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CheckedKit {
    kit: Hex<MemberId>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FrameJson {
    log: Hex<LogId>,
    number: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    content: Option<Hex<ContentHash>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reviewed {
    versions: Vec<ReviewedJson>,
    state: StateJson,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReviewedJson {
    entry: Hex<EntryId>,
    version: Hex<EventId>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum StateJson {
    Reviewed,
    Incorporated,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Read {
    entries: Vec<Hex<EntryId>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Named {
    device: Hex<DeviceId>,
    name: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Welcomed {}

/// A mood entry. A list or value that isn't there is empty.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MoodJson {
    valence: f64,
    felt: MomentJson,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    energy: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    anxiety: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sleep: Option<SleepJson>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    feelings: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    associations: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    words: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    circumstances: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SleepJson {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hours: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    quality: Option<u8>,
}

impl BodyJson {
    /// The body of an event of that kind; none where it is not in words.
    pub(super) fn of(kind: Kind, envelope: &Envelope) -> Option<Self> {
        match kind {
            Kind::MoodRecorded => {
                let body: MoodRecorded = envelope.body().ok()?;
                Some(Self::Recorded(Recorded {
                    entry: Hex(body.entry),
                    replaces: hex(&body.replaces),
                    mood: Box::new(mood_json(&body.mood)?),
                }))
            }
            Kind::EntryUnshared => {
                let body: EntryUnshared = envelope.body().ok()?;
                Some(Self::Unshared(Unshared {
                    entry: Hex(body.entry),
                    versions: hex(&body.versions),
                }))
            }
            Kind::EntryErased => {
                let body: EntryErased = envelope.body().ok()?;
                let frames = body.frames.iter().map(|f| FrameJson {
                    log: Hex(f.log),
                    number: f.number,
                    content: f.content.map(Hex),
                });
                Some(Self::Erased(Erased {
                    entry: Hex(body.entry),
                    frames: frames.collect(),
                }))
            }
            Kind::EntryReviewed => {
                let body: EntryReviewed = envelope.body().ok()?;
                Some(Self::Reviewed(reviewed_json(&body)))
            }
            Kind::EntriesRead => {
                let body: EntriesRead = envelope.body().ok()?;
                Some(Self::Read(Read {
                    entries: hex(&body.entries),
                }))
            }
            Kind::KitChecked => {
                let body: KitChecked = envelope.body().ok()?;
                Some(Self::KitChecked(CheckedKit { kit: Hex(body.kit) }))
            }
            Kind::PatientWelcomed => {
                let _: PatientWelcomed = envelope.body().ok()?;
                Some(Self::Welcomed(Welcomed {}))
            }
            Kind::DeviceNamed => {
                let body: DeviceNamed = envelope.body().ok()?;
                Some(Self::Named(Named {
                    device: Hex(body.device),
                    name: body.name,
                }))
            }
            // In no space of a patient.
            Kind::PatientAdmitted => None,
        }
    }

    /// The kind that this is a body of.
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Recorded(_) => Kind::MoodRecorded,
            Self::Unshared(_) => Kind::EntryUnshared,
            Self::Erased(_) => Kind::EntryErased,
            Self::Reviewed(_) => Kind::EntryReviewed,
            Self::Read(_) => Kind::EntriesRead,
            Self::Named(_) => Kind::DeviceNamed,
            Self::Welcomed(_) => Kind::PatientWelcomed,
            Self::KitChecked(_) => Kind::KitChecked,
        }
    }

    /// The bytes of the body as an event carries it; none where a value can't be.
    pub(super) fn bytes(&self) -> Option<Vec<u8>> {
        Some(match self {
            Self::Recorded(body) => wire::encode(&MoodRecorded {
                entry: body.entry.0,
                replaces: unhex(&body.replaces),
                mood: mood(&body.mood)?,
            }),
            Self::Unshared(body) => wire::encode(&EntryUnshared {
                entry: body.entry.0,
                versions: unhex(&body.versions),
            }),
            Self::Erased(body) => {
                let frames = body.frames.iter().map(|f| FrameName {
                    log: f.log.0,
                    number: f.number,
                    content: f.content.map(|c| c.0),
                });
                wire::encode(&EntryErased {
                    entry: body.entry.0,
                    frames: frames.collect(),
                })
            }
            Self::Reviewed(body) => wire::encode(&reviewed(body)),
            Self::Read(body) => wire::encode(&EntriesRead {
                entries: unhex(&body.entries),
            }),
            Self::Named(body) => wire::encode(&DeviceNamed {
                device: body.device.0,
                name: body.name.clone(),
            }),
            Self::KitChecked(body) => wire::encode(&KitChecked { kit: body.kit.0 }),
            Self::Welcomed(Welcomed {}) => wire::encode(&PatientWelcomed {}),
        })
    }
}

fn reviewed_json(body: &EntryReviewed) -> Reviewed {
    let versions = body.versions.iter().map(|v| ReviewedJson {
        entry: Hex(v.entry),
        version: Hex(v.version),
    });
    Reviewed {
        versions: versions.collect(),
        state: match body.state {
            ReviewState::Reviewed => StateJson::Reviewed,
            ReviewState::Incorporated => StateJson::Incorporated,
        },
    }
}

fn reviewed(body: &Reviewed) -> EntryReviewed {
    let versions = body.versions.iter().map(|v| ReviewedVersion {
        entry: v.entry.0,
        version: v.version.0,
    });
    EntryReviewed {
        versions: versions.collect(),
        state: match body.state {
            StateJson::Reviewed => ReviewState::Reviewed,
            StateJson::Incorporated => ReviewState::Incorporated,
        },
    }
}

/// None where a number has no spelling in JSON.
fn mood_json(mood: &Mood) -> Option<MoodJson> {
    let hours = mood.sleep.and_then(|s| s.hours).unwrap_or_default();
    (mood.valence.value().is_finite() && hours.is_finite()).then_some(())?;
    Some(MoodJson {
        valence: mood.valence.value(),
        felt: (&mood.felt).into(),
        energy: mood.energy,
        anxiety: mood.anxiety,
        sleep: mood.sleep.map(|s| SleepJson {
            hours: s.hours,
            quality: s.quality,
        }),
        feelings: mood.feelings.clone(),
        associations: mood.associations.clone(),
        words: mood.words.clone(),
        circumstances: mood.circumstances.clone(),
        note: mood.note.clone(),
    })
}

fn mood(json: &MoodJson) -> Option<Mood> {
    Some(Mood {
        energy: json.energy,
        anxiety: json.anxiety,
        sleep: json.sleep.map(|s| Sleep {
            hours: s.hours,
            quality: s.quality,
        }),
        feelings: json.feelings.clone(),
        associations: json.associations.clone(),
        words: json.words.clone(),
        circumstances: json.circumstances.clone(),
        note: json.note.clone(),
        ..Mood::new(Valence::new(json.valence).ok()?, json.felt.moment()?)
    })
}
