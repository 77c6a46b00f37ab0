//! `shop.yaml`: who sends, and what journeys may name.

use std::collections::BTreeMap;

use masa_domain::{ProductFacts, Setup, Shop};

use crate::{
    directory::{Names, caps, people, questions, systems},
    fields::{Fields, by_language, label, text},
    files::Files,
    forms::forms,
    grammar::{PRODUCT, SHOP},
    problem::{Mark, Problem, Report},
    segments::{SegmentPlaces, joined_by_forms, segments},
    steps::span,
    words::{is_language, quote},
    yaml::{self, Node},
};

/// Where it stands.
pub(crate) const FILE: &str = "shop.yaml";

/// What was read of the file.
#[derive(Default)]
pub(crate) struct Outcome {
    pub setup: Setup,
    /// Where the conditions of its segments stand.
    pub segments: SegmentPlaces,
    /// The names that journeys may use; `None` when they can't be known.
    pub names: Option<Names>,
    /// Whether its forms, questions, segments and products are all understood.
    pub has_sound_names: bool,
    /// Whether who sends and who is told are understood.
    pub has_sound_people: bool,
    pub problems: Vec<Problem>,
}

/// Reads the file.
pub(crate) fn read(files: &Files) -> Outcome {
    let mut report = Report::new(FILE);
    let mut outcome = Outcome::default();
    match files.get(FILE) {
        Some(source) => {
            if let Some(root) = yaml::parse(source, 0, &mut report) {
                file(&root, &mut outcome, &mut report);
            }
        }
        None if files.has(FILE) => {}
        None => report
            .add(Mark::START, "missing-file", "this file is missing")
            .hint("it says who sends: `name`, `url`, `address` and `language`"),
    }
    outcome.problems = report.into_problems();
    outcome
}

fn file(root: &Node, outcome: &mut Outcome, report: &mut Report<'_>) {
    let Some(fields) = Fields::of(root, "the shop: `name`, `url`, `address`, `language`,", report)
    else {
        return;
    };
    fields.only(&SHOP.keys(), report);
    // Behind a mistyped key anything may stand.
    let are_keys_known = report.len() == 0;
    outcome.names = Names::of(&fields);
    let setup = &mut outcome.setup;
    let before = report.len();
    let part = |key| fields.get(key);
    setup.products = part("products").map(|node| products(node, report)).unwrap_or_default();
    setup.questions = part("questions").map(|node| questions(node, report)).unwrap_or_default();
    let form = part("forms").map(|node| forms(node, &setup.questions, report));
    setup.forms = form.unwrap_or_default();
    (setup.segments, outcome.segments) =
        part("segments").map(|node| segments(node, &setup.forms, report)).unwrap_or_default();
    joined_by_forms(&fields, &setup.forms, &setup.segments, report);
    outcome.has_sound_names = are_keys_known && report.len() == before;
    let before = report.len();
    setup.people = part("people").map(|node| people(node, report)).unwrap_or_default();
    setup.shop = shop(&fields, report);
    outcome.has_sound_people = are_keys_known && report.len() == before;
    setup.systems = part("systems").map(|node| systems(node, report)).unwrap_or_default();
    setup.caps = part("cap").map(|node| caps(node, report)).unwrap_or_default();
}

fn shop(fields: &Fields<'_>, report: &mut Report<'_>) -> Shop {
    let timezone = fields.get("timezone").and_then(|node| timezone(node, report));
    let language = fields.must("language", report).and_then(|node| language(node, report));
    let url = fields.must("url", report).and_then(|node| url(node, report));
    let texts = |key: &str, what: &str, report: &mut Report<'_>| {
        let node = fields.must(key, report)?;
        let texts = by_language(node, what, report)?;
        let own = language.clone().unwrap_or_default();
        let texts: BTreeMap<String, String> = texts
            .into_iter()
            .map(|(code, _, one)| (code.map_or_else(|| own.clone(), str::to_owned), one))
            .collect();
        if !own.is_empty() && !texts.contains_key(&own) {
            let message =
                format!("{} has no text in the shop's language {}", quote(key), quote(&own));
            report.add(node.at, "missing-translation", message);
        }
        Some(texts)
    };
    let name = texts("name", "the shop's name, or its names by language,", report);
    let address = texts("address", "the shop's postal address, or by language,", report);
    Shop {
        name: name.unwrap_or_default(),
        url: url.unwrap_or_default(),
        address: address.unwrap_or_default(),
        language: language.clone().unwrap_or_default(),
        timezone: timezone.unwrap_or_default(),
    }
}

pub(crate) fn language(node: &Node, report: &mut Report<'_>) -> Option<String> {
    let language = text(node, "a language code", report)?;
    if !is_language(&language) {
        let message = format!("{} is not a language code", quote(&language));
        report.add(node.at, "bad-language", message).hint("such as `he`, `en` or `pt-BR`");
        return None;
    }
    Some(language)
}

fn timezone(node: &Node, report: &mut Report<'_>) -> Option<String> {
    let name = text(node, "a time zone", report)?;
    if masa_domain::zone(&name).is_none() {
        let message = format!("{} is not a time zone", quote(&name));
        report
            .add(node.at, "bad-timezone", message)
            .hint("a name of the IANA database, such as `Asia/Jerusalem` or `Europe/Berlin`");
        return None;
    }
    Some(name)
}

fn products(node: &Node, report: &mut Report<'_>) -> BTreeMap<String, ProductFacts> {
    let mut products = BTreeMap::new();
    let Some(fields) = Fields::of(node, "products by their ids", report) else { return products };
    for (key, value) in fields.iter() {
        let what = "what is known of a product, such as `{ category: tea, lasts: 30d }`,";
        let Some(facts) = Fields::of(value, what, report) else { continue };
        facts.only(&PRODUCT.keys(), report);
        let category = facts.get("category").and_then(|node| label(node, "a category", report));
        let lasts = facts.get("lasts").and_then(|node| {
            let written = text(node, "a duration such as `30d`", report)?;
            span(node, &written, report)
        });
        products.insert(key.text.clone(), ProductFacts { category, lasts });
    }
    products
}

pub(crate) fn url(node: &Node, report: &mut Report<'_>) -> Option<String> {
    let url = text(node, "a web address", report)?;
    let (good, rest) = after_scheme(&url);
    if !good || !host_of(rest) || url.contains(|c: char| c.is_whitespace() || c.is_control()) {
        let message = format!("{} is not a web address", quote(&url));
        report.add(node.at, "bad-url", message).hint("such as `https://shop.example`");
        return None;
    }
    Some(url)
}

/// Whether a text begins with `https://` or `http://`, and what follows.
pub(crate) fn after_scheme(url: &str) -> (bool, &str) {
    match url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")) {
        Some(rest) => (true, rest),
        None => (false, url),
    }
}

/// Whether an address without its scheme begins with a host.
pub(crate) fn host_of(rest: &str) -> bool {
    is_host(rest.split(['/', '?', '#']).next().unwrap_or_default())
}

/// Whether a text is a host, perhaps with a port.
pub(crate) fn is_host(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    };
    !host.is_empty()
        && host.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '.'))
        && !host.starts_with(['.', '-'])
        && port.is_none_or(|port| port.parse::<u16>().is_ok())
}
