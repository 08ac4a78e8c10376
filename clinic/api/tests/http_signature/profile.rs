//! The profile is closed: each departure from it is refused and named.

use clinic_api::http::signature::{Presented, SignatureError};

use crate::support::{INPUT, SIGNATURE};

fn refusal(input: &[&str], signature: &[&str]) -> Option<SignatureError> {
    Presented::parse(input, signature).err()
}

/// The example's input with one part of its text replaced.
fn with(from: &str, to: &str) -> Option<SignatureError> {
    assert_eq!(INPUT.matches(from).count(), 1, "{from} is there once");
    refusal(&[&INPUT.replace(from, to)], &[SIGNATURE])
}

#[test]
fn the_example_itself_is_taken() {
    assert_eq!(refusal(&[INPUT], &[SIGNATURE]), None);
}

#[test]
fn a_missing_or_repeated_field() {
    use SignatureError::{Missing, RepeatedField, TooLong};
    assert_eq!(refusal(&[], &[SIGNATURE]), Some(Missing));
    assert_eq!(refusal(&[INPUT], &[]), Some(Missing));
    assert_eq!(refusal(&[], &[]), Some(Missing));
    assert_eq!(refusal(&[INPUT, INPUT], &[SIGNATURE]), Some(RepeatedField));
    assert_eq!(
        refusal(&[INPUT], &[SIGNATURE, SIGNATURE]),
        Some(RepeatedField)
    );
    let long = format!("{INPUT}{}", " ".repeat(1024));
    assert_eq!(refusal(&[&long], &[SIGNATURE]), Some(TooLong));
    assert_eq!(refusal(&[INPUT], &[&long]), Some(TooLong));
}

#[test]
fn another_or_a_second_label() {
    use SignatureError::{Label, NotExact};
    assert_eq!(with("sig=(", "sig1=("), Some(Label));
    assert_eq!(refusal(&[INPUT], &["sig1=:AAAA:"]), Some(Label));
    assert_eq!(refusal(&[""], &[SIGNATURE]), Some(Label));
    assert_eq!(refusal(&[INPUT], &[""]), Some(Label));
    for two in [
        format!("{INPUT}, other{}", &INPUT[3..]),
        format!("other{}, {INPUT}", &INPUT[3..]),
        format!("a, {INPUT}"),
    ] {
        assert_eq!(refusal(&[&two], &[SIGNATURE]), Some(Label));
    }
    let two = format!("{SIGNATURE}, b={}", &SIGNATURE[4..]);
    assert_eq!(refusal(&[INPUT], &[&two]), Some(Label));
    // The same label again: a parser keeps the last, we keep none.
    let two = format!("{INPUT}, {INPUT}");
    assert_eq!(refusal(&[&two], &[SIGNATURE]), Some(NotExact));
    let two = format!("sig=?0, {INPUT}");
    assert_eq!(refusal(&[&two], &[SIGNATURE]), Some(NotExact));
    let two = format!("{SIGNATURE}, {SIGNATURE}");
    assert_eq!(refusal(&[INPUT], &[&two]), Some(NotExact));
}

#[test]
fn what_is_no_structured_field() {
    use SignatureError::{NotBytes, NotComponents, NotStructured};
    for line in [
        "sig=(",
        "sig=",
        "Sig=()",
        "sig=(\"@method)",
        "\u{e4}",
        ",",
        "\n",
        "sig=1,",
    ] {
        assert_eq!(
            refusal(&[line], &[SIGNATURE]),
            Some(NotStructured),
            "{line}"
        );
        assert_eq!(refusal(&[INPUT], &[line]), Some(NotStructured), "{line}");
    }
    assert_eq!(refusal(&[SIGNATURE], &[SIGNATURE]), Some(NotComponents));
    assert_eq!(refusal(&["sig"], &[SIGNATURE]), Some(NotComponents));
    assert_eq!(refusal(&[INPUT], &[INPUT]), Some(NotBytes));
    assert_eq!(refusal(&[INPUT], &["sig=\"AAAA\""]), Some(NotBytes));
    assert_eq!(refusal(&[INPUT], &["sig"]), Some(NotBytes));
}

#[test]
fn other_components() {
    let all = r#"("@method" "@authority" "@path" "@query" "content-digest")"#;
    for components in [
        // one fewer
        r#"()"#,
        r#"("@authority" "@path" "@query" "content-digest")"#,
        r#"("@method" "@path" "@query" "content-digest")"#,
        r#"("@method" "@authority" "@query" "content-digest")"#,
        r#"("@method" "@authority" "@path" "content-digest")"#,
        r#"("@method" "@authority" "@path" "@query")"#,
        // one more, one twice
        r#"("@method" "@authority" "@path" "@query" "content-digest" "date")"#,
        r#"("@method" "@method" "@authority" "@path" "@query" "content-digest")"#,
        r#"("@method" "@authority" "@path" "@query" "@query")"#,
        // another order, another one, other types, parameters
        r#"("@authority" "@method" "@path" "@query" "content-digest")"#,
        r#"("@method" "@authority" "@path" "content-digest" "@query")"#,
        r#"("@method" "@authority" "@target-uri" "@query" "content-digest")"#,
        r#"("@method" "@authority" "@path" "@query" "Content-Digest")"#,
        r#"("@method" "@authority" "@path" "@query" content-digest)"#,
        r#"("@method" "@authority" "@path" "@query" :AAAA:)"#,
        r#"("@method";req "@authority" "@path" "@query" "content-digest")"#,
        r#"("@method" "@authority" "@path" "@query" "content-digest";sf)"#,
    ] {
        assert_eq!(
            with(all, components),
            Some(SignatureError::Components),
            "{components}"
        );
    }
}

#[test]
fn other_parameters() {
    use SignatureError::{MissingParameter, ParameterOrder, UnknownParameter};
    let tag = ";tag=\"companion-clinic-api\"";
    for more in [";expires=1618884773", ";nonce=\"b3k2pp5k7z\"", ";x", ";a=1"] {
        assert_eq!(with(tag, &format!("{tag}{more}")), Some(UnknownParameter));
        assert_eq!(with(tag, more), Some(UnknownParameter));
        assert_eq!(
            with(";created", &format!("{more};created")),
            Some(UnknownParameter)
        );
    }
    assert_eq!(with(tag, ""), Some(MissingParameter));
    assert_eq!(with(";created=1618884473", ""), Some(MissingParameter));
    assert_eq!(with(";alg=\"ed25519\"", ""), Some(MissingParameter));
    assert_eq!(with("keyid=", "created="), Some(MissingParameter));
    assert_eq!(
        refusal(&[INPUT.split(';').next().unwrap()], &[SIGNATURE]),
        Some(MissingParameter)
    );
    let (alg_tag, tag_alg) = (
        format!(";alg=\"ed25519\"{tag}"),
        format!("{tag};alg=\"ed25519\""),
    );
    assert_eq!(with(&alg_tag, &tag_alg), Some(ParameterOrder));
}

#[test]
fn parameters_of_another_type_or_value() {
    use SignatureError::{Algorithm, KeyId, ParameterType, Tag};
    for created in [
        "1618884473.0",
        "\"1618884473\"",
        "@1618884473",
        "?1",
        "a",
        ":AAAA:",
        "%\"1\"",
    ] {
        assert_eq!(
            with("1618884473", created),
            Some(ParameterType),
            "{created}"
        );
    }
    assert_eq!(with("=1618884473", ""), Some(ParameterType));
    for alg in ["ed25519", "?1", "1", ":ZWQyNTUxOQ==:"] {
        assert_eq!(with("\"ed25519\"", alg), Some(ParameterType), "{alg}");
    }
    for alg in ["Ed25519", "", "hmac-sha256", "none", "ed25519 "] {
        assert_eq!(with("\"ed25519\"", &format!("\"{alg}\"")), Some(Algorithm));
    }
    assert_eq!(
        with("\"companion-clinic-api\"", "companion-clinic-api"),
        Some(ParameterType)
    );
    for tag in [
        "",
        "companion",
        "companion-clinic-api2",
        "Companion-Clinic-Api",
    ] {
        assert_eq!(
            with("\"companion-clinic-api\"", &format!("\"{tag}\"")),
            Some(Tag)
        );
    }
    let key = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    for other in [
        "",
        "00",
        &key[2..],
        &format!("{key}00"),
        &key.to_uppercase(),
        &key.replace("1f", "1g"),
        &key.replace("1f", "1 "),
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    ] {
        assert_eq!(with(key, other), Some(KeyId), "{other}");
    }
    assert_eq!(with(&format!("\"{key}\""), ":AAAA:"), Some(ParameterType));
    assert_eq!(
        with(&format!("\"{key}\""), &format!("a{key}")),
        Some(ParameterType)
    );
}

/// The same values in another spelling: legal structured fields, not ours.
#[test]
fn another_spelling() {
    let tag = ";tag=\"companion-clinic-api\"";
    for (from, to) in [
        ("sig=(", " sig=("),
        ("sig=(", "sig=( "),
        (" \"@path\"", "  \"@path\""),
        (";created", "; created"),
        ("=1618884473", "=01618884473"),
        (tag, &format!("{tag} ")),
        (tag, &format!("{tag}{tag}")),
        (tag, &format!(";tag=\"other\"{tag}")),
        (tag, &format!("{tag};created=1618884473")),
    ] {
        assert_eq!(
            with(from, to),
            Some(SignatureError::NotExact),
            "{from} {to}"
        );
    }
}

#[test]
fn a_signature_in_another_form() {
    use SignatureError::{NotExact, SignatureLength, SignatureParameters};
    let with = |from: &str, to: &str| {
        assert!(SIGNATURE.contains(from));
        refusal(&[INPUT], &[&SIGNATURE.replacen(from, to, 1)])
    };
    assert_eq!(with("==:", "==:;a=1"), Some(SignatureParameters));
    assert_eq!(with("==:", "==:;a"), Some(SignatureParameters));
    assert_eq!(refusal(&[INPUT], &["sig=::"]), Some(SignatureLength));
    assert_eq!(with("sig=:x9vh", "sig=:"), Some(SignatureLength));
    assert_eq!(with("sig=:", "sig=:AAAA"), Some(SignatureLength));
    // 64 bytes leave four unused bits in base64; only zeros are the one form.
    for (from, to) in [
        ("w==:", "x==:"),
        ("==:", ":"),
        ("sig", " sig"),
        ("==:", "==: "),
    ] {
        let refused = with(from, to);
        assert!(
            matches!(refused, Some(NotExact | SignatureError::NotStructured)),
            "{from} {to} {refused:?}"
        );
    }
}
