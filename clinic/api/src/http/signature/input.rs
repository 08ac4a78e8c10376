//! Reads the two fields of a signature, and refuses all but their one form.

use sfv::{BareItem, Dictionary, InnerList, ListEntry, Parameters, Parser};

use super::{ALGORITHM, COMPONENTS, LABEL, SignatureError, TAG, signature_params};
use crate::http::byte_sequence;

/// Longer than any field that could be accepted (about 200 bytes).
const MAX_FIELD: usize = 1024;

const PARAMETERS: [&str; 4] = ["created", "keyid", "alg", "tag"];

/// The only line of a field.
pub(super) fn one_line<'a>(lines: &[&'a str]) -> Result<&'a str, SignatureError> {
    match lines {
        [] => Err(SignatureError::Missing),
        [line] if line.len() > MAX_FIELD => Err(SignatureError::TooLong),
        [line] => Ok(line),
        [_, _, ..] => Err(SignatureError::RepeatedField),
    }
}

/// `Signature`: the 64 bytes.
pub(super) fn signature(line: &str) -> Result<[u8; 64], SignatureError> {
    let ListEntry::Item(item) = only_member(line)? else {
        return Err(SignatureError::NotBytes);
    };
    let BareItem::ByteSequence(bytes) = item.bare_item else {
        return Err(SignatureError::NotBytes);
    };
    if !item.params.is_empty() {
        return Err(SignatureError::SignatureParameters);
    }
    let bytes: [u8; 64] = bytes
        .try_into()
        .map_err(|_| SignatureError::SignatureLength)?;
    if format!("{LABEL}={}", byte_sequence(&bytes)) != line {
        return Err(SignatureError::NotExact);
    }
    Ok(bytes)
}

/// `Signature-Input`: `keyid` and `created`; all else is fixed.
pub(super) fn parameters(line: &str) -> Result<([u8; 32], i64), SignatureError> {
    let ListEntry::InnerList(list) = only_member(line)? else {
        return Err(SignatureError::NotComponents);
    };
    check_components(&list)?;
    check_names(&list.params)?;
    let created = match list.params.get("created") {
        Some(BareItem::Integer(seconds)) => i64::from(*seconds),
        Some(_) | None => return Err(SignatureError::ParameterType),
    };
    let key_id = key_id(string(&list.params, "keyid")?)?;
    if string(&list.params, "alg")? != ALGORITHM {
        return Err(SignatureError::Algorithm);
    }
    if string(&list.params, "tag")? != TAG {
        return Err(SignatureError::Tag);
    }
    // What is left: a repeated label or parameter, of which a parser keeps the
    // last, and other spellings of the same. The base is thus over what came.
    if format!("{LABEL}={}", signature_params(&key_id, created)) != line {
        return Err(SignatureError::NotExact);
    }
    Ok((key_id, created))
}

/// The member of a dictionary that has `sig` and no other.
fn only_member(line: &str) -> Result<ListEntry, SignatureError> {
    let members: Dictionary = Parser::new(line)
        .parse()
        .map_err(|_| SignatureError::NotStructured)?;
    let mut members = members.into_iter();
    match (members.next(), members.next()) {
        (Some((label, member)), None) if label.as_str() == LABEL => Ok(member),
        _ => Err(SignatureError::Label),
    }
}

fn check_components(list: &InnerList) -> Result<(), SignatureError> {
    let as_profiled = list.items.len() == COMPONENTS.len()
        && list.items.iter().zip(COMPONENTS).all(|(item, name)| {
            item.params.is_empty()
                && matches!(&item.bare_item, BareItem::String(text) if text.as_str() == name)
        });
    if as_profiled {
        Ok(())
    } else {
        Err(SignatureError::Components)
    }
}

fn check_names(params: &Parameters) -> Result<(), SignatureError> {
    if !params.keys().all(|key| PARAMETERS.contains(&key.as_str())) {
        return Err(SignatureError::UnknownParameter);
    }
    if params.len() != PARAMETERS.len() {
        return Err(SignatureError::MissingParameter);
    }
    if !params.keys().map(|key| key.as_str()).eq(PARAMETERS) {
        return Err(SignatureError::ParameterOrder);
    }
    Ok(())
}

fn string<'a>(params: &'a Parameters, name: &str) -> Result<&'a str, SignatureError> {
    match params.get(name) {
        Some(BareItem::String(text)) => Ok(text.as_str()),
        Some(_) | None => Err(SignatureError::ParameterType),
    }
}

fn key_id(text: &str) -> Result<[u8; 32], SignatureError> {
    data_encoding::HEXLOWER
        .decode(text.as_bytes())
        .ok()
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or(SignatureError::KeyId)
}
