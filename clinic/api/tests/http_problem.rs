//! Problems through the public interface.

use std::collections::HashSet;

use clinic_api::http::problem::{Code, MAX_BYTES, Problem, ReadError};
use proptest::prelude::*;
use serde_json::{Value, json};

#[expect(clippy::unwrap_used, reason = "a test helper")]
fn as_value(problem: &Problem) -> Value {
    serde_json::from_str(&problem.to_json()).unwrap()
}

#[test]
fn a_stale_signature_tells_the_time() {
    let problem = Problem::new(Code::SignatureStale).with_server_time(1_618_884_473);
    assert_eq!(
        as_value(&problem),
        json!({
            "type": "urn:companion:problem:signature-stale",
            "title": "The request was signed at another time",
            "status": 401,
            "code": "signature-stale",
            "server_time": 1_618_884_473,
        })
    );
}

#[test]
fn all_members_are_written_and_read() {
    let problem = Problem::new(Code::RateLimited)
        .with_detail("Wait a little.")
        .with_retry_after(30);
    assert_eq!(
        as_value(&problem),
        json!({
            "type": "urn:companion:problem:rate-limited",
            "title": "Too many requests",
            "status": 429,
            "code": "rate-limited",
            "detail": "Wait a little.",
            "retry_after": 30,
        })
    );
    let read = Problem::from_json(429, problem.to_json().as_bytes()).unwrap();
    assert_eq!(read.code, Code::RateLimited);
    assert_eq!(read.retry_after, Some(30));
    assert_eq!(read.detail, None, "a server's text is not kept");
}

/// The list of the contract: these texts are what clients branch on.
#[test]
fn codes_are_those_of_the_contract() {
    let expected = [
        ("malformed-body", 400),
        ("body-too-large", 413),
        ("unsupported-media-type", 415),
        ("request-timeout", 408),
        ("unsupported-version", 400),
        ("digest-mismatch", 400),
        ("signature-missing", 401),
        ("signature-malformed", 400),
        ("signature-invalid", 401),
        ("signature-stale", 401),
        ("unknown-device", 401),
        ("device-removed", 403),
        ("not-allowed", 403),
        ("unknown-space", 404),
        ("unknown-chain", 404),
        ("gone", 410),
        ("unknown-invite", 404),
        ("invite-expired", 410),
        ("invite-used", 410),
        ("invite-withdrawn", 410),
        ("chain-conflict", 409),
        ("chain-invalid", 422),
        ("run-gap", 409),
        ("run-conflict", 409),
        ("epoch-outdated", 409),
        ("run-invalid", 422),
        ("too-many-frames", 413),
        ("frame-too-large", 413),
        ("storage-full", 507),
        ("rate-limited", 429),
        ("not-found", 404),
        ("method-not-allowed", 405),
        ("wrong-authority", 421),
        ("internal", 500),
        ("unavailable", 503),
    ];
    let actual: Vec<_> = Code::ALL.iter().map(|c| (c.as_str(), c.status())).collect();
    assert_eq!(actual, expected);
    let titles: HashSet<_> = Code::ALL.iter().map(|c| c.title()).collect();
    assert_eq!(titles.len(), expected.len(), "each title says one thing");
    for code in Code::ALL {
        let read = Problem::from_json(code.status(), Problem::new(*code).to_json().as_bytes());
        assert_eq!(read, Ok(Problem::new(*code)));
    }
}

#[test]
fn an_unknown_code_keeps_the_status_and_the_hints() {
    let newer = json!({
        "type": "urn:companion:problem:moon-phase", "code": "moon-phase",
        "title": "t", "status": 418, "retry_after": 7, "server_time": 5, "more": {"a": []},
    });
    let read = Problem::from_json(418, newer.to_string().as_bytes()).unwrap();
    assert_eq!(read.code, Code::Unrecognised);
    assert_eq!(read.status, 418);
    assert_eq!(read.retry_after, Some(7));
    assert_eq!(read.server_time, Some(5));
    assert!(!format!("{read:?} {read}").contains("moon"));
}

#[test]
fn what_says_no_more_than_its_status_is_about_blank() {
    let problem = Problem::of_status(502);
    let written = as_value(&problem);
    assert_eq!(written["type"], "about:blank");
    assert_eq!(written["status"], 502);
    assert!(written.get("code").is_none());
    assert_eq!(
        Problem::from_json(502, problem.to_json().as_bytes()),
        Ok(problem)
    );
}

#[test]
fn type_and_the_answers_own_status_decide() {
    let body = json!({
        "type": "urn:companion:problem:run-gap", "code": "device-removed", "status": 403,
    });
    let read = Problem::from_json(409, body.to_string().as_bytes()).unwrap();
    assert_eq!((read.code, read.status), (Code::RunGap, 409));
    for other in [
        json!({"code": "device-removed"}),
        json!({"type": "device-removed"}),
        json!({"type": "https://other.example/device-removed"}),
        json!({"type": "urn:companion:problem:Device-Removed"}),
        json!({"type": "urn:companion:problem:unrecognised"}),
        json!({"type": 3}),
        json!({"type": ["urn:companion:problem:device-removed"]}),
        json!({}),
    ] {
        let read = Problem::from_json(403, other.to_string().as_bytes()).unwrap();
        assert_eq!(
            (read.code, read.status),
            (Code::Unrecognised, 403),
            "{other}"
        );
    }
}

#[test]
fn members_of_another_type_or_range_are_ignored() {
    for (retry_after, server_time) in [
        ("\"30\"", "\"1\""),
        ("-1", "1.5"),
        ("4294967296", "9223372036854775808"),
        ("1e400", "null"),
        ("[30]", "{}"),
    ] {
        let body = format!(
            "{{\"type\":\"urn:companion:problem:unavailable\",\"retry_after\":{retry_after},\"server_time\":{server_time}}}"
        );
        match Problem::from_json(503, body.as_bytes()) {
            Ok(read) => assert_eq!(read, Problem::new(Code::Unavailable), "{body}"),
            // 1e400 is a number of JSON that no double holds.
            Err(error) => assert_eq!((retry_after, error), ("1e400", ReadError::NotJson)),
        }
    }
}

#[test]
fn what_is_no_problem_is_refused_and_not_shown() {
    let secret = "a page of somebody's words";
    for (body, expected) in [
        ("", ReadError::NotJson),
        (secret, ReadError::NotJson),
        ("{\"type\":", ReadError::NotJson),
        ("{} {}", ReadError::NotJson),
        ("[]", ReadError::NotObject),
        ("null", ReadError::NotObject),
        ("\"urn:companion:problem:internal\"", ReadError::NotObject),
    ] {
        let error = Problem::from_json(500, body.as_bytes()).unwrap_err();
        assert_eq!(error, expected, "{body}");
        assert!(!format!("{error:?} {error}").contains("words"));
    }
    let not_utf8 = b"{\"type\":\"\xff\"}";
    assert_eq!(Problem::from_json(500, not_utf8), Err(ReadError::NotJson));
    let deep = "[".repeat(MAX_BYTES);
    assert_eq!(
        Problem::from_json(500, deep.as_bytes()),
        Err(ReadError::NotJson)
    );
}

/// 16 KiB are 16,384 bytes; `{}` and spaces.
#[test]
fn the_size_is_limited() {
    let fits = format!("{{}}{}", " ".repeat(16_382));
    assert_eq!(
        Problem::from_json(500, fits.as_bytes()),
        Ok(Problem::of_status(500))
    );
    let over = format!("{fits} ");
    assert_eq!(
        Problem::from_json(500, over.as_bytes()),
        Err(ReadError::TooLarge)
    );
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
        Just(Value::from("urn:companion:problem:run-gap")),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        let key = prop_oneof![
            Just("type".to_owned()),
            Just("status".to_owned()),
            Just("retry_after".to_owned()),
            Just("server_time".to_owned()),
            ".{0,8}",
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::hash_map(key, inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_bytes_give_an_answer(status in any::<u16>(), body in any::<Vec<u8>>()) {
        let _ = Problem::from_json(status, &body);
    }

    #[test]
    fn any_object_keeps_the_status(status in any::<u16>(), value in any_json()) {
        match Problem::from_json(status, value.to_string().as_bytes()) {
            Ok(problem) => {
                prop_assert!(value.is_object());
                prop_assert_eq!(problem.status, status);
            }
            Err(error) => prop_assert!(error == ReadError::TooLarge || !value.is_object()),
        }
    }
}
