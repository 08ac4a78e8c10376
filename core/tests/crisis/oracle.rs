//! The directory as its file has it, and what tests ask of it.

use std::sync::LazyLock;

use companion_core::crisis::{self, Audience, Help, Input, Query};
use serde_json::Value;

pub static FILE: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../data/crisis-lines.json")).expect("JSON")
});

pub fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("{key}"))
}

pub fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().unwrap_or_else(|| panic!("{key}"))
}

pub fn countries() -> impl Iterator<Item = &'static str> {
    FILE["emergency"]
        .as_object()
        .expect("emergency")
        .keys()
        .map(String::as_str)
}

/// The services of a country that may be shown.
pub fn services(country: &str) -> impl Iterator<Item = &'static Value> {
    list(&FILE, "services").iter().filter(move |service| {
        service["country"] == country && service["confidence"] != "unconfirmed"
    })
}

pub fn ask(country: &str) -> Help {
    crisis::help(&Query::new(country.parse().expect("country")))
}

pub fn ask_in(country: &str, region: &str) -> Help {
    let (help, errors) = crisis::help_for_input(&Input {
        country: Some(country),
        region: Some(region),
        ..Input::default()
    });
    assert_eq!(errors, []);
    help
}

pub fn ask_for(country: &str, audience: Audience) -> Help {
    crisis::help(&Query {
        audience: Some(audience),
        ..Query::new(country.parse().expect("country"))
    })
}

pub fn ask_speaking(country: &str, language: &str) -> Help {
    crisis::help(&Query {
        language: Some(language.parse().expect("language")),
        ..Query::new(country.parse().expect("country"))
    })
}

pub fn ids(help: &Help) -> Vec<&str> {
    help.lines.iter().map(|line| line.id.as_str()).collect()
}

/// Every help that the directory can give: all countries with all regions, audiences
/// and languages that it has, one at a time.
pub fn everything() -> Vec<Help> {
    let mut all = Vec::new();
    let strings = |key: &str| -> Vec<String> {
        let mut found: Vec<String> = list(&FILE, "services")
            .iter()
            .flat_map(|service| match service[key].as_array() {
                Some(many) => many.clone(),
                None => vec![service[key].clone()],
            })
            .filter_map(|value| value.as_str().map(str::to_owned))
            .collect();
        found.sort();
        found.dedup();
        found
    };
    let (regions, languages) = (strings("region"), strings("languages"));
    for country in countries() {
        all.push(ask(country));
        all.extend(regions.iter().map(|region| ask_in(country, region)));
        all.extend(Audience::ALL.map(|audience| ask_for(country, audience)));
        all.extend(languages.iter().map(|tag| ask_speaking(country, tag)));
    }
    all
}

pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
