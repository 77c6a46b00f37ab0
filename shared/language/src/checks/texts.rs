//! The texts that a flow sends.

use std::collections::BTreeMap;

use masa_domain::Action;

use crate::{
    checks::{Checked, uses::used},
    jinja::{Lines, Place},
    problem::{Mark, Problem, Report},
};

/// A text, and the steps that send it.
pub(super) struct Text<'s> {
    pub text: &'s str,
    pub place: Place,
    pub steps: &'s [usize],
}

impl Text<'_> {
    /// The names that begin with `prefix` and that it uses, each where it stands first.
    pub(super) fn names(&self, prefix: &str) -> Vec<(String, Mark)> {
        let names = used(self.text, prefix);
        let lines = (!names.is_empty()).then(|| Lines::of(self.text));
        let placed = names.into_iter().zip(lines.iter().cycle()).map(|(name, lines)| {
            let (line, column) = lines.position(name.offset);
            (name.path, self.place.mark(line, column))
        });
        placed.collect()
    }
}

/// Gives each text of a flow to `tell`, with the report of its file. `report` is that of the flow's file;
/// the answer is what was told of the others.
pub(super) fn each(
    checked: &Checked<'_>,
    report: &mut Report<'_>,
    mut tell: impl FnMut(Text<'_>, &mut Report<'_>),
) -> Vec<Problem> {
    let mut sent_by: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (step, node) in checked.graph.nodes.iter().enumerate() {
        let texts = match &node.step.action {
            Action::Sms { text, .. } | Action::Tell { text, .. } => text,
            Action::Email { template, subject, .. } => {
                sent_by.entry(template).or_default().push(step);
                subject
            }
            _ => continue,
        };
        let places = checked.source.places.steps.get(node.id);
        for (language, text) in texts {
            let place = places.and_then(|places| places.inner.texts.get(language)).copied();
            let place = place.unwrap_or(Place::At(node.at));
            tell(Text { text, place, steps: &[step] }, report);
        }
    }
    let mut problems = Vec::new();
    for (template, languages) in &checked.source.places.templates {
        let texts = checked.source.flow.templates.get(template);
        let Some(steps) = sent_by.get(template.as_str()) else { continue };
        for (language, places) in languages {
            let Some(of) = texts.and_then(|texts| texts.get(language)) else { continue };
            let mut report = Report::new(&places.html);
            tell(Text { text: &of.subject, place: places.subject, steps }, &mut report);
            if let Some((text, place)) = of.preheader.as_ref().zip(places.preheader) {
                tell(Text { text, place, steps }, &mut report);
            }
            tell(Text { text: &of.html, place: places.body, steps }, &mut report);
            problems.extend(report.into_problems());
            if let Some((text, file)) = of.text.as_ref().zip(places.text.as_ref()) {
                let mut report = Report::new(file);
                tell(Text { text, place: Place::Lines(1), steps }, &mut report);
                problems.extend(report.into_problems());
            }
        }
    }
    problems
}
