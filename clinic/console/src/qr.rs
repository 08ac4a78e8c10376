//! A QR code as SVG without inline style: dark on light in every colour scheme.

use std::fmt::Write as _;

use askama::Template;
use qrcode::{Color, EcLevel, QrCode};

/// A code that is ready to be put into a page: its `Display` is safe SVG.
#[derive(Template)]
#[template(path = "qr.svg")]
pub struct Qr {
    label: String,
    /// The side in modules, with the quiet zone.
    side: usize,
    path: String,
}

// The template escapes every value that it is given.
impl askama::filters::HtmlSafe for Qr {}

/// The margin that ISO/IEC 18004 asks for, in modules.
const QUIET: usize = 4;

/// Draws `payload`; `None` where it is too long for a QR code.
///
/// `label` says what it is to those who do not see it.
pub fn draw(payload: &str, label: &str) -> Option<Qr> {
    let code = QrCode::with_error_correction_level(payload, EcLevel::M).ok()?;
    let width = code.width();
    let modules = code.to_colors();
    let mut path = String::new();
    for (y, row) in modules.chunks(width).enumerate() {
        let mut x = 0;
        for run in row.chunk_by(|a, b| a == b) {
            if run.first() == Some(&Color::Dark) {
                let (x, y, n) = (x + QUIET, y + QUIET, run.len());
                // Writing to a string cannot fail.
                let _ = write!(path, "M{x} {y}h{n}v1h-{n}z");
            }
            x += run.len();
        }
    }
    Some(Qr {
        label: label.into(),
        side: width + 2 * QUIET,
        path,
    })
}
