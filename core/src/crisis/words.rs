//! Every sentence of the crisis room, in English, in one place to be translated.
//!
//! Readers may be in despair: short and plain, no blame, no promise that anybody
//! watches or that a line answers. A service's own wording is never written here;
//! it comes from the directory.

use jiff::civil::Date;

use super::{Audience, Hours, Language, Note, RegionCode};

pub(super) const OPENING: &str =
    "You do not have to face this alone. There are people you can talk to.";
pub(super) const EMERGENCY: &str =
    "If your life or someone else's is in danger now, call the emergency number";
pub(super) const OR: &str = "or";
pub(super) const NO_EMERGENCY: &str = "If your life or someone else's is in danger now, call \
    the emergency number of the place where you are. If you do not know it, ask anyone near \
    you to call.";
pub(super) const LINES: &str = "people to talk to";
pub(super) const CALL: &str = "Call";
pub(super) const TEXT: &str = "Text";
pub(super) const TEXT_TO: &str = "to";
pub(super) const CHAT: &str = "Chat";
pub(super) const WHATSAPP: &str = "WhatsApp";
pub(super) const AREA: &str = "Area";
pub(super) const HOURS: &str = "Hours";
pub(super) const LANGUAGES: &str = "Languages";
pub(super) const VERBATIM: &str = "As published";
pub(super) const SOURCE: &str = "Source";
pub(super) const ONE_SOURCE: &str = "Known from this one source";
pub(super) const NOT_VERIFIED: &str = "Not yet verified by a person";
pub(super) const EXPIRED: &str =
    "The clinic has not confirmed this number lately. It may still be right.";
pub(super) const CLOSING: &str = "If nobody answers, try again or try another. If you cannot \
    stay safe, call the emergency number.";

pub(super) fn note(note: Note) -> &'static str {
    match note {
        Note::NoCountry => {
            "We do not know which country you are in, so we cannot name a number here. Someone \
             you trust, your doctor or your clinic can help too."
        }
        Note::NoEmergencyNumber => "We do not know the emergency number of this country.",
        Note::NoLine => {
            "We do not know a crisis line for this country yet. If you cannot stay safe, the \
             emergency number is there for you. Someone you trust, your doctor or your clinic \
             can help too."
        }
        Note::RegionIgnored => {
            "The region that was given is not in this country, so all its regions are listed."
        }
        Note::OtherRegions => {
            "We do not know a line for this region. These are lines of other parts of the \
             country; it may still help to call them."
        }
    }
}

pub(super) fn hours(hours: &Hours) -> &str {
    match hours {
        Hours::RoundTheClock => "day and night, every day (24/7)",
        Hours::Stated(hours) => hours,
        Hours::Unknown => "not known; it may be closed now",
    }
}

/// Whom a line is for; nothing for a line that is for everybody.
pub(super) fn audience(audience: Audience) -> Option<&'static str> {
    Some(match audience {
        Audience::General => return None,
        Audience::Youth => "For children and young people",
        Audience::Veterans => "For veterans and service members",
        Audience::Lgbtq => "For LGBTQ+ people",
        Audience::Trans => "For trans people",
        Audience::Indigenous => "For Indigenous people",
        Audience::Men => "For men",
        Audience::Victims => "For people to whom harm was done",
    })
}

pub(super) fn verified(day: Option<Date>) -> String {
    day.map_or_else(
        || NOT_VERIFIED.to_owned(),
        |day| format!("Last verified on {}", date(day)),
    )
}

pub(super) fn gathered(day: Date) -> String {
    format!(
        "These numbers were gathered from public pages on {}.",
        date(day)
    )
}

fn date(day: Date) -> String {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let month = usize::from(day.month().unsigned_abs()) - 1;
    let month = MONTHS.get(month).copied().unwrap_or_default();
    format!("{} {month} {}", day.day(), day.year())
}

/// The name of a region that has lines of its own; else its code.
pub(super) fn region(region: &RegionCode) -> &str {
    match region.as_str() {
        "AR-E" => "Entre Ríos",
        "AR-P" => "Formosa",
        "BE-VLG" => "Flanders",
        "BE-WAL" => "Wallonia",
        "CA-QC" => "Québec",
        "GB-ENG" => "England",
        "US-PR" => "Puerto Rico",
        code => code,
    }
}

/// The name of a language (CLDR, English); else its tag.
pub(super) fn language(language: &Language) -> &str {
    match language.as_str() {
        "am" => "Amharic",
        "ar" => "Arabic",
        "bn" => "Bangla",
        "cr" => "Cree",
        "cs" => "Czech",
        "da" => "Danish",
        "de" => "German",
        "el" => "Greek",
        "en" => "English",
        "es" => "Spanish",
        "et" => "Estonian",
        "fi" => "Finnish",
        "fil" => "Filipino",
        "fr" => "French",
        "he" => "Hebrew",
        "hi" => "Hindi",
        "hu" => "Hungarian",
        "id" => "Indonesian",
        "is" => "Icelandic",
        "it" => "Italian",
        "iu" => "Inuktitut",
        "ja" => "Japanese",
        "ko" => "Korean",
        "lt" => "Lithuanian",
        "ms" => "Malay",
        "ne" => "Nepali",
        "nl" => "Dutch",
        "no" => "Norwegian",
        "oj" => "Ojibwa",
        "pl" => "Polish",
        "pt" => "Portuguese",
        "ru" => "Russian",
        "si" => "Sinhala",
        "sl" => "Slovenian",
        "sv" => "Swedish",
        "sw" => "Swahili",
        "ta" => "Tamil",
        "th" => "Thai",
        "uk" => "Ukrainian",
        "vi" => "Vietnamese",
        "zh" => "Chinese",
        "zh-HK" => "Chinese (Hong Kong)",
        "zh-TW" => "Chinese (Taiwan)",
        tag => tag,
    }
}
