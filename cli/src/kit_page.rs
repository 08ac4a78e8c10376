//! The recovery kit as a page to print.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use companion_core::kit::KitPage;
use companion_core::problem::{Kind, Problem};
use qrcode::render::svg;
use qrcode::{EcLevel, QrCode};

/// Writes the page to a new file that only its user may read.
///
/// # Errors
/// Conflict where the file is there; storage where it can't be written.
pub fn write(path: &Path, page: &KitPage, made: &str) -> Result<(), Problem> {
    let html = html(page, made)?;
    let mut options = std::fs::OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(|_| unwritable())?;
    let written = file
        .write_all(html.as_bytes())
        .and_then(|()| file.sync_all());
    written.map_err(|_| unwritable())
}

fn unwritable() -> Problem {
    Problem::new(
        Kind::Storage,
        "page-unwritable",
        "The page can't be written there. Ask for it again: you get the same words.",
    )
}

fn html(page: &KitPage, made: &str) -> Result<String, Problem> {
    let code = QrCode::with_error_correction_level(page.code.qr(), EcLevel::M);
    let code = code.map_err(|_| {
        Problem::new(
            Kind::Internal,
            "qr",
            "The code can't be drawn. Use the words.",
        )
    })?;
    let drawn = code
        .render::<svg::Color<'_>>()
        .min_dimensions(200, 200)
        .build();
    // Only the drawing: a page has no use for the declaration before it.
    let svg = drawn
        .find("<svg")
        .map_or("", |at| drawn.get(at..).unwrap_or_default());
    let words = page.code.words();
    let words = words.iter().map(|word| format!("<li>{word}</li>"));
    let text = KitPage::TEXT.map(|paragraph| format!("<p>{}</p>", escaped(paragraph)));
    Ok(format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <title>{title}</title><style>{STYLE}</style></head><body>\n<h1>{title}</h1>\n\
         <p>Made on {made}. Clinic: {clinic}. Its server: {server}</p>\n\
         <ol>{words}</ol>\n<figure role=\"img\" aria-label=\"The same as a code to scan\">{svg}\
         </figure>\n{text}\n</body></html>\n",
        title = KitPage::TITLE,
        clinic = escaped(&page.clinic),
        server = escaped(&page.server),
        words = words.collect::<String>(),
        text = text.concat(),
    ))
}

const STYLE: &str = "body{font:12pt/1.45 system-ui,sans-serif;max-width:40rem;margin:2rem auto;\
    padding:0 1rem;color:#000;background:#fff}h1{font-size:1.4rem}ol{columns:3;\
    font:14pt/1.7 ui-monospace,monospace;padding-left:2.5rem}svg{width:45mm;height:45mm}\
    figure{margin:1rem 0}@media print{body{margin:0}}";

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            other => out.push(other),
        }
    }
    out
}
