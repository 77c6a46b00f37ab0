//! Answers that nobody is asked for.

use std::collections::BTreeSet;

use masa_domain::{Action, Trigger};

use crate::{
    checks::Checked,
    jinja::asked,
    problem::{Mark, Problem, Report},
    words::quote,
};

/// Reports the flows that an answer moves to a question that no mail asks.
pub(super) fn check(flows: &[Checked<'_>]) -> Vec<Problem> {
    let texts = flows.iter().flat_map(|checked| checked.source.flow.templates.values());
    let texts = texts.flat_map(|languages| languages.values());
    let questions: BTreeSet<String> =
        texts.flat_map(|text| asked(&text.html)).filter_map(|(question, _)| question).collect();
    let mut problems = Vec::new();
    for checked in flows {
        let mut report = Report::new(&checked.source.path);
        let flow = &checked.source.flow;
        let goals = flow.goal.iter().flat_map(|goal| &goal.reached_by);
        let own = flow.triggers.iter().chain(&flow.exits).chain(goals);
        let at = checked.source.places.trigger.unwrap_or(Mark::START);
        let steps = checked.graph.nodes.iter().filter_map(|node| match &node.step.action {
            Action::Await { until, .. } => Some((until.iter(), node.at)),
            _ => None,
        });
        let steps = steps.flat_map(|(until, at)| until.map(move |trigger| (trigger, at)));
        let mut told = BTreeSet::new();
        for (trigger, at) in own.map(|trigger| (trigger, at)).chain(steps) {
            let Trigger::Answered { question, .. } = trigger else { continue };
            if questions.contains(question) || !told.insert(question) {
                continue;
            }
            let message = format!("no mail of this folder asks {}", quote(question));
            report.add(at, "never-asked", message).hint(format!(
                "put `{{{{ ask('{question}') }}}}` into a mail; an answer that comes from elsewhere \
                 counts too"
            ));
        }
        problems.extend(report.into_problems());
    }
    problems
}
