use super::{
    ClinicHelp, Confidence, Contact, CountryCode, EmergencyNumber, Help, Line, Source, words,
};

/// Longer lines of prose are hard to follow on any screen.
const WIDEST: usize = 80;
/// Below this, wrapping tears sentences into single words.
const NARROWEST: usize = 20;

/// Help as plain text, for a terminal or a printer: what `companion crisis` shows.
///
/// The emergency number comes first, and every number has a line of its own that
/// is never broken, whatever `width` (in columns) is. Other lines break between
/// words at `width`, or at 80. No colours, no control characters. Ends in a newline.
pub fn render_text(help: &Help, width: usize) -> String {
    let mut page = Page {
        out: String::new(),
        width: width.clamp(NARROWEST, WIDEST),
    };
    page.prose(0, words::OPENING);
    page.gap();
    if let Some(clinic) = &help.clinic {
        clinic_lines(&mut page, clinic);
    }
    let country = help.country.map_or("", CountryCode::name);
    if help.emergency.is_empty() {
        page.prose(0, words::NO_EMERGENCY);
    } else {
        page.prose(0, &format!("{} ({country}):", words::EMERGENCY));
        emergency(&mut page, &help.emergency);
    }
    for &note in &help.notes {
        page.gap();
        page.prose(0, words::note(note));
    }
    if !help.lines.is_empty() {
        page.gap();
        page.prose(0, &format!("{country}: {}", words::LINES));
    }
    for line in &help.lines {
        page.gap();
        crisis_line(&mut page, line);
    }
    if !help.lines.is_empty() {
        page.gap();
        page.prose(0, words::CLOSING);
    }
    if let Some(day) = help.compiled_on.filter(|_| help.country.is_some()) {
        page.gap();
        page.prose(0, &words::gathered(day));
    }
    page.out
}

/// The numbers of a country come from one entry, so they share source and day.
fn emergency(page: &mut Page, numbers: &[EmergencyNumber]) {
    for (at, number) in numbers.iter().enumerate() {
        match at {
            0 => page.whole(2, &number.number),
            _ => page.whole(2, &format!("{} {}", words::OR, number.number)),
        }
    }
    if let Some(first) = numbers.first() {
        source(page, &first.sources);
        page.prose(2, &words::verified(first.verified_on));
    }
}

fn crisis_line(page: &mut Page, line: &Line) {
    page.prose(0, &line.name);
    if let Some(audience) = words::audience(line.audience) {
        page.prose(2, audience);
    }
    if let Some(region) = &line.region {
        page.prose(2, &format!("{}: {}", words::AREA, words::region(region)));
    }
    contacts(page, &line.contacts);
    page.prose(
        2,
        &format!("{}: {}", words::HOURS, words::hours(&line.hours)),
    );
    let languages: Vec<_> = line.languages.iter().map(words::language).collect();
    if !languages.is_empty() {
        page.prose(
            2,
            &format!("{}: {}", words::LANGUAGES, languages.join(", ")),
        );
    }
    if let Some(text) = &line.text_verbatim {
        page.prose(2, &format!("{}: {text}", words::VERBATIM));
    }
    source(page, &line.sources);
    if line.confidence == Confidence::SingleSource {
        page.prose(2, words::ONE_SOURCE);
    }
    page.prose(2, &words::verified(line.verified_on));
}

/// The clinic's own numbers: before all others.
fn clinic_lines(page: &mut Page, clinic: &ClinicHelp) {
    page.prose(0, &format!("{}:", clinic.clinic));
    for line in &clinic.lines {
        page.prose(0, &line.name);
        if let Some(audience) = words::audience(line.audience) {
            page.prose(2, audience);
        }
        if let Some(region) = &line.region {
            page.prose(2, &format!("{}: {}", words::AREA, words::region(region)));
        }
        contacts(page, &line.contacts);
        page.prose(
            2,
            &format!("{}: {}", words::HOURS, words::hours(&line.hours)),
        );
        page.prose(2, &format!("{}: {}", words::SOURCE, line.source));
        page.prose(2, &words::verified(line.verified_on));
        if line.expired.is_some() {
            page.prose(2, words::EXPIRED);
        }
        page.gap();
    }
}

fn contacts(page: &mut Page, contacts: &[Contact]) {
    for contact in contacts {
        match contact {
            Contact::Call { number, note, .. } => {
                page.whole(2, &format!("{} {number}", words::CALL));
                if let Some(note) = note {
                    page.prose(4, note);
                }
            }
            Contact::Text {
                number, keyword, ..
            } => page.whole(
                2,
                &match keyword {
                    Some(word) => format!("{} {word} {} {number}", words::TEXT, words::TEXT_TO),
                    None => format!("{} {number}", words::TEXT),
                },
            ),
            Contact::Chat { url } => page.whole(2, &format!("{} {url}", words::CHAT)),
            Contact::WhatsApp { number, .. } => {
                page.whole(2, &format!("{} {number}", words::WHATSAPP));
            }
        }
    }
}

/// The main source, whole if it fits; else its host, as an address that is cut
/// would lead nowhere.
fn source(page: &mut Page, sources: &[Source]) {
    let Some(source) = sources.first() else {
        return;
    };
    let whole = format!("{}: {}", words::SOURCE, source.address);
    let host = source
        .address
        .split_once("://")
        .and_then(|(_, rest)| rest.split('/').next());
    match host {
        Some(host) if whole.chars().count() + 2 > page.width => {
            page.whole(2, &format!("{}: {host}", words::SOURCE));
        }
        _ => page.whole(2, &whole),
    }
}

struct Page {
    out: String,
    width: usize,
}

impl Page {
    /// An empty line.
    fn gap(&mut self) {
        self.out.push('\n');
    }

    /// A line that is never broken.
    fn whole(&mut self, indent: usize, text: &str) {
        self.out.extend(std::iter::repeat_n(' ', indent));
        self.out.push_str(text);
        self.out.push('\n');
    }

    /// Text broken between words; what follows the first line stands in by two more.
    fn prose(&mut self, indent: usize, text: &str) {
        let mut line = String::new();
        let mut inset = indent;
        for word in text.split(' ') {
            let needed = inset + line.chars().count() + 1 + word.chars().count();
            if !line.is_empty() && needed > self.width {
                self.whole(inset, &line);
                line.clear();
                inset = if indent == 0 { 0 } else { indent + 2 };
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        self.whole(inset, &line);
    }
}
