use super::*;
use clinic_api::message::ChangeKind;

fn said(bytes: &[u8], piece: usize) -> Result<Vec<Option<Changed>>, Ended> {
    let mut lines = Lines::default();
    for piece in bytes.chunks(piece) {
        lines.take(piece)?;
    }
    Ok(lines.said.into())
}

/// Thirty-two zero bytes are fifty-two letters A in base32 (RFC 4648).
const ZEROS: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

#[test]
fn events_are_read_in_any_pieces() {
    let text = format!(
        ":\n\nevent: changed\ndata: {{\"kind\":\"space\",\"id\":\"{ZEROS}\"}}\n\n: here\n\n\
         event: changed\r\ndata: {{}}\r\n\r\nevent: other\ndata: nonsense\n\n\
         event: changed\ndata: {{\"kind\":\"later\",\"id\":\"x\"}}\n\nevent: changed\ndata: {{\"ki"
    );
    let space = Changed {
        kind: ChangeKind::Space,
        id: [0; 32],
    };
    for piece in [1, 7, 4096] {
        // What a later version says may be anything; what is not whole says nothing yet.
        assert_eq!(said(text.as_bytes(), piece), Ok(vec![Some(space), None]));
    }
}

#[test]
fn what_is_no_event_ends_the_stream() {
    let bad_id = ZEROS.replace('A', "1");
    for text in [
        "event: changed\ndata: <html>\n\n".to_owned(),
        format!("event: changed\ndata: {{\"kind\":\"space\",\"id\":\"{bad_id}\"}}\n\n"),
        "event: changed\ndata: {\"kind\":\"space\"}\n\n".to_owned(),
        format!("data: {}", "x".repeat(600)),
    ] {
        assert_eq!(said(text.as_bytes(), 64), Err(Ended), "{text}");
    }
    assert_eq!(said(&[0xff, b'\n'], 64), Err(Ended));
}
