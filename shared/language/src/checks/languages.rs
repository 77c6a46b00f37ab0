//! Texts that are missing in a language of the shop.

use std::collections::{BTreeMap, BTreeSet};

use masa_domain::{Action, Setup};

use crate::{
    checks::Checked,
    problem::{Mark, Problem, Report},
    words::{listed, quote},
};

/// Reports what has texts in some but not all of the languages in which the shop has a name. What is
/// missing in a template is a problem of its first file.
/// What a person is told needs the language of that person alone.
pub(super) fn check(checked: &Checked<'_>, setup: &Setup, report: &mut Report<'_>) -> Vec<Problem> {
    let languages: BTreeSet<&str> = setup.shop.name.keys().map(String::as_str).collect();
    for node in &checked.graph.nodes {
        let (what, texts) = match &node.step.action {
            Action::Sms { text, .. } => ("this SMS", text),
            Action::Email { subject, .. } => ("this subject", subject),
            Action::Tell { person, text } => {
                of_person(person, text, setup, node.at, report);
                continue;
            }
            _ => continue,
        };
        let missing = missing(texts, &languages);
        let Some(names) = listed(missing) else { continue };
        report
            .add(node.at, "missing-translation", format!("{what} has no text in {names}"))
            .hint("write it in each language in which the shop has a name in shop.yaml");
    }
    let mut problems = Vec::new();
    if !checked.source.has_sound_templates {
        return problems;
    }
    for (template, places) in &checked.source.places.templates {
        let texts = checked.source.flow.templates.get(template);
        let missing = texts.map(|texts| missing(texts, &languages)).unwrap_or_default();
        let first = places.values().map(|places| places.html.as_str()).min();
        let (Some(language), Some(first)) = (missing.first(), first) else { continue };
        let folder = first.rsplit_once('/').map(|(folder, _)| folder).unwrap_or_default();
        let file = format!("{folder}/{template}.{language}.html");
        let names = listed(missing).unwrap_or_default();
        let mut report = Report::new(first);
        let message = format!("the template {} has no text in {names}", quote(template));
        report.add(Mark::START, "missing-translation", message).hint(format!(
            "add {}: the shop has a name in this language in shop.yaml",
            quote(&file)
        ));
        problems.extend(report.into_problems());
    }
    problems
}

/// Reports what a person is told in other languages than their own.
fn of_person(
    person: &str,
    text: &BTreeMap<String, String>,
    setup: &Setup,
    at: Mark,
    report: &mut Report<'_>,
) {
    let Some(known) = setup.people.get(person) else { return };
    let language = known.language.as_ref().unwrap_or(&setup.shop.language).as_str();
    if missing(text, &BTreeSet::from([language])).is_empty() {
        return;
    }
    let message = format!("{} reads {}, in which this has no text", quote(person), quote(language));
    report
        .add(at, "missing-translation", message)
        .hint("write it in the language of `people` in shop.yaml, else in the shop's");
}

/// The languages that are missing among `texts`; none when there are no texts, or one for all.
fn missing<'l, T>(texts: &BTreeMap<String, T>, languages: &BTreeSet<&'l str>) -> Vec<&'l str> {
    if texts.is_empty() || texts.contains_key("") {
        return Vec::new();
    }
    // Readers of `pt-BR` get `pt` where there is nothing nearer.
    let has = |language: &str| {
        let base = language.split('-').next().unwrap_or_default();
        texts.contains_key(language) || texts.contains_key(base)
    };
    languages.iter().copied().filter(|language| !has(language)).collect()
}
