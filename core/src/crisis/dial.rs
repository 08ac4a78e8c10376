//! From a number as people write it to what a phone takes.

/// The digits, and a leading star, of a number as it is dialled in its country.
///
/// `None` if there is anything else than digits, a leading star and the usual
/// separators: such a number is not for guessing.
pub(super) fn dialled(number: &str) -> Option<String> {
    let mut out = String::new();
    for c in number.trim().chars() {
        match c {
            '0'..='9' => out.push(c),
            '*' if out.is_empty() => out.push(c),
            ' ' | '-' | '.' | '(' | ')' => {}
            _ => return None,
        }
    }
    out.ends_with(|c: char| c.is_ascii_digit()).then_some(out)
}

/// `+` and the digits of a number that is written in international form; of another none.
pub(super) fn international(number: &str) -> Option<String> {
    let digits = dialled(number.trim().strip_prefix('+')?)?;
    // ITU-T E.164: at most 15 digits with the country code.
    let fits = digits.len() <= 15 && digits.starts_with(|c: char| c.is_ascii_digit());
    fits.then(|| format!("+{digits}"))
}

/// The international form of an ordinary number.
///
/// Call it only for numbers that the directory marks as `e164_dialable`. `None`
/// for a country whose prefixes are not known here.
pub(super) fn e164(country: &str, number: &str) -> Option<String> {
    let (code, trunk) = prefixes(country)?;
    let digits = dialled(number).filter(|digits| !digits.starts_with('*'))?;
    let subscriber = digits.strip_prefix(trunk)?;
    // ITU-T E.164: at most 15 digits with the country code.
    (code.len() + subscriber.len() <= 15).then(|| format!("+{code}{subscriber}"))
}

/// The address that opens a WhatsApp conversation with a number in international form.
pub(super) fn whatsapp(number: &str) -> Option<String> {
    let digits = dialled(number.trim().strip_prefix('+')?)?;
    digits
        .starts_with(|c: char| c.is_ascii_digit())
        .then(|| format!("https://wa.me/{digits}"))
}

/// Country code, and the trunk prefix that is left out after it. Empty where
/// numbers have none; Italy's leading 0 is part of the number and stays.
/// Source: national numbering plans notified to the ITU (E.164).
fn prefixes(country: &str) -> Option<(&'static str, &'static str)> {
    Some(match country {
        "AR" => ("54", "0"),
        "BD" => ("880", "0"),
        "DK" => ("45", ""),
        "ES" => ("34", ""),
        "FI" => ("358", "0"),
        "HK" => ("852", ""),
        "IS" => ("354", ""),
        "IT" => ("39", ""),
        "JP" => ("81", "0"),
        "KE" => ("254", "0"),
        "MY" => ("60", "0"),
        "NO" => ("47", ""),
        "PH" => ("63", "0"),
        "PT" => ("351", ""),
        "SI" => ("386", "0"),
        _ => return None,
    })
}
