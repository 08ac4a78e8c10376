//! Names of months in the languages that an export may be written in.
//!
//! Full and short forms after Unicode CLDR: English, German, Spanish, French,
//! Italian, Portuguese, Dutch, Polish, Swedish, Russian; Danish and Norwegian
//! come with them. No name means different months in two of these languages.

#[rustfmt::skip]
const NAMES: [&[&str]; 12] = [
    &["january", "jan", "januar", "jän", "jänner", "enero", "ene", "janvier", "janv", "gennaio",
      "gen", "janeiro", "januari", "stycznia", "styczeń", "sty", "января", "январь", "янв"],
    &["february", "feb", "februar", "febrero", "février", "févr", "febbraio", "fevereiro", "fev",
      "februari", "febr", "lutego", "luty", "lut", "февраля", "февраль", "февр", "фев"],
    &["march", "mar", "märz", "mär", "marzo", "mars", "março", "maart", "mrt", "marca", "marzec",
      "marts", "марта", "март", "мар"],
    &["april", "apr", "abril", "abr", "avril", "avr", "aprile", "kwietnia", "kwiecień", "kwi",
      "апреля", "апрель", "апр"],
    &["may", "mai", "mayo", "maggio", "mag", "maio", "mei", "maja", "maj", "мая", "май"],
    &["june", "jun", "juni", "junio", "juin", "giugno", "giu", "junho", "czerwca", "czerwiec",
      "cze", "июня", "июнь", "июн"],
    &["july", "jul", "juli", "julio", "juillet", "juil", "luglio", "lug", "julho", "lipca",
      "lipiec", "lip", "июля", "июль", "июл"],
    &["august", "aug", "agosto", "ago", "août", "augustus", "augusti", "sierpnia", "sierpień",
      "sie", "августа", "август", "авг"],
    &["september", "sep", "sept", "septiembre", "setiembre", "septembre", "settembre", "set",
      "setembro", "września", "wrzesień", "wrz", "сентября", "сентябрь", "сент", "сен"],
    &["october", "oct", "oktober", "okt", "octubre", "octobre", "ottobre", "ott", "outubro",
      "out", "października", "październik", "paź", "октября", "октябрь", "окт"],
    &["november", "nov", "noviembre", "novembre", "novembro", "listopada", "listopad", "lis",
      "ноября", "ноябрь", "нояб", "ноя"],
    &["december", "dec", "dezember", "dez", "diciembre", "dic", "décembre", "déc", "dicembre",
      "dezembro", "desember", "des", "grudnia", "grudzień", "gru", "декабря", "декабрь", "дек"],
];

/// The month, 1 to 12, that a lower-case word names. `dotted` says whether the
/// day is followed by a dot.
pub(super) fn number(word: &str, dotted: bool) -> Option<i8> {
    // `listopada` is November in Polish and October in Croatian, which (unlike
    // Polish) puts a dot after the day. Better unplaced than a month off.
    if dotted && word.starts_with("lis") {
        return None;
    }
    let month = NAMES.iter().position(|names| names.contains(&word))?;
    i8::try_from(month).ok()?.checked_add(1)
}
