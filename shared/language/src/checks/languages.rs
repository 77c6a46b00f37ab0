//! Texts that are missing in a language of the shop.

use std::collections::{BTreeMap, BTreeSet};

use masa_domain::{Action, Shop};

use crate::{
    checks::Checked,
    problem::{Mark, Problem, Report},
    words::{listed, quote},
};

/// Reports what has texts in some but not all of the languages in which the shop has a name. What is
/// missing in a template is a problem of its first file.
pub(super) fn check(checked: &Checked<'_>, shop: &Shop, report: &mut Report<'_>) -> Vec<Problem> {
    let languages: BTreeSet<&str> = shop.name.keys().map(String::as_str).collect();
    for node in &checked.graph.nodes {
        let (what, texts) = match &node.step.action {
            Action::Sms { text, .. } => ("this SMS", text),
            Action::Email { subject, .. } => ("this subject", subject),
            _ => continue,
        };
        let missing = missing(texts, &languages);
        let Some(names) = listed(missing) else { continue };
        report
            .add(node.at, "missing-translation", format!("{what} has no text in {names}"))
            .hint("write it in each language in which the shop has a name in shop.yaml");
    }
    let mut problems = Vec::new();
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
