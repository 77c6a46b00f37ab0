//! Journeys, walked on all paths: some whose outcomes are known, hostile ones, and the library's.
#![expect(clippy::expect_used, clippy::panic, reason = "test assertions")]

mod bounds;
mod choices;
mod entries;
mod exact;
mod library;

use std::collections::BTreeSet;

use masa_explore::{Bounds, Exploration, explore};
use masa_language::{Files, Library, read};

const SHOP: &str = "
name: Kumkum
url: https://shop.example
address: 7 Garden Road
language: en
timezone: Asia/Jerusalem
forms: { spring: { lists: [newsletter] } }
products:
  mint: { category: tea, lasts: 30d }
  bag: { category: tea, lasts: 5d }
  pot: { category: ware }
systems: { crm: https://crm.example.com/hooks }
questions: { nps: { type: nps, text: How likely? } }
";
const MAIL: &str = "---\nsubject: Hello\n---\n<p><a href=\"https://shop.example/\" data-link=\"more\">Look</a></p>\n";

/// The library of these flows; each has the templates `hello` and `story`.
fn written(flows: &[(&str, &str)]) -> Library {
    let mut files = Files::default();
    files.insert("shop.yaml".to_owned(), SHOP.to_owned());
    for (name, text) in flows {
        files.insert(format!("{name}/flow.yaml"), format!("flow: {name}\n{text}"));
        for template in ["hello", "story"].iter().filter(|one| text.contains(**one)) {
            files.insert(format!("{name}/templates/{template}.en.html"), MAIL.to_owned());
        }
    }
    read(&files).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

/// What is found of one flow `f`.
fn found(text: &str, bounds: &Bounds) -> Exploration {
    explore(&written(&[("f", text)]), "f", bounds).expect("there is a flow `f`")
}

/// The outcomes in words, in the order of the words.
fn words(found: &Exploration) -> BTreeSet<String> {
    found.outcomes.iter().map(|one| one.outcome.to_string()).collect()
}
