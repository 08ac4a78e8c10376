//! The QR code is the one that an independent reader has read.
#![allow(clippy::unwrap_used, reason = "tests")]

use clinic_console::qr::draw;

/// The golden picture was rasterised by Chromium and read by `zbarimg` 0.23, which gave exactly this text.
const PAYLOAD: &str = "CLINIC1:DZMUPRVV4VFZKRMHLCDHHUMRNYYV:7F3A91C20B5ED8642A17E9F04C83B6D1";

#[test]
fn draws_the_picture_that_was_read_back() {
    let svg = draw(PAYLOAD, "Invite").unwrap().to_string();
    assert_eq!(svg, include_str!("golden/qr.svg").trim_end());
}

#[test]
fn is_escaped_and_refuses_what_does_not_fit() {
    let svg = draw("x", "\"><script>").unwrap().to_string();
    assert!(!svg.contains("<script"));
    assert!(draw(&"x".repeat(4_000), "Invite").is_none());
}
