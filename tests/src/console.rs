//! A clinician's browser, as far as the console's pages need one: it follows, keeps a cookie and sends forms.

use crate::http::{Answer, request};

/// A browser without script, at one console.
#[derive(Debug)]
pub struct Browser {
    port: u16,
    /// The path below which the console's pages stand.
    place: String,
    cookie: String,
    /// The page that is shown.
    pub page: String,
}

impl Browser {
    /// Opens the address that the console printed.
    pub fn open(address: &str) -> Self {
        let rest = address.strip_prefix("http://127.0.0.1:").expect("loopback");
        let (port, rest) = rest.split_once('/').unwrap();
        let (place, target) = rest.split_once('/').unwrap();
        let mut browser = Self {
            port: port.parse().unwrap(),
            place: format!("/{place}"),
            cookie: String::new(),
            page: String::new(),
        };
        browser.visit(&format!("/{target}"));
        browser
    }

    /// Goes to a page.
    pub fn visit(&mut self, target: &str) -> u16 {
        let cookie = self.cookie.clone();
        let target = format!("{}{target}", self.place);
        let answer = request(self.port, "GET", &target, &[("cookie", &cookie)], "");
        self.follow(answer)
    }

    /// Sends a form of the page that is shown.
    pub fn send(&mut self, target: &str, fields: &[(&str, &str)]) -> u16 {
        let token = self.value("csrf");
        let mut form = format!("csrf={token}");
        for (name, value) in fields {
            form.push_str(&format!("&{name}={}", escaped(value)));
        }
        let origin = format!("http://127.0.0.1:{}", self.port);
        let headers = [
            ("cookie", self.cookie.as_str()),
            ("origin", origin.as_str()),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        let target = format!("{}{target}", self.place);
        let answer = request(self.port, "POST", &target, &headers, &form);
        self.follow(answer)
    }

    /// The value of the first field of that name.
    pub fn value(&self, name: &str) -> String {
        let field = format!("name=\"{name}\" value=\"");
        self.after(&field).expect("a form")
    }

    /// What stands after a text on the page, up to the next quote.
    pub fn after(&self, text: &str) -> Option<String> {
        let (_, rest) = self.page.split_once(text)?;
        rest.split('"').next().map(str::to_owned)
    }

    /// Unlocks the vault.
    pub fn unlock(&mut self, passphrase: &str) {
        let status = self.send("/unlock", &[("passphrase", passphrase)]);
        assert_eq!(status, 200, "{}", self.page);
        assert!(self.page.contains("<h1>Patients</h1>"), "{}", self.page);
    }

    fn follow(&mut self, mut answer: Answer) -> u16 {
        for _ in 0..5 {
            if let [cookie, ..] = answer.header("set-cookie").as_slice() {
                self.cookie = cookie.split(';').next().unwrap().to_owned();
            }
            let Some(next) = answer.header("location").first().map(|l| (*l).to_owned()) else {
                break;
            };
            let path = next.split('#').next().unwrap();
            answer = request(self.port, "GET", path, &[("cookie", &self.cookie)], "");
        }
        let status = answer.status;
        // As if the pages stood at the root.
        self.page = answer.body.replace(&format!("{}/", self.place), "/");
        status
    }
}

fn escaped(text: &str) -> String {
    text.bytes().map(|b| format!("%{b:02X}")).collect()
}
