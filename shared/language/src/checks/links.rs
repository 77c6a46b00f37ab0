//! Links that no mail has.

use std::collections::{BTreeMap, BTreeSet};

use masa_domain::{Action, Condition, Flow, Trigger};

use crate::{
    checks::{
        Checked,
        said::{conditions, happenings},
    },
    problem::{Problem, Report},
    words::{did_you_mean, quote},
};

/// The names of links in HTML, as they are written.
pub(crate) fn names(html: &str) -> impl Iterator<Item = &str> {
    html.split("data-link=").skip(1).filter_map(|rest| {
        let quote = rest.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
        rest.get(1..)?.split(quote).next()
    })
}

/// Reports the links that conditions and happenings name and that no mail has of which that is asked.
pub(super) fn check(flows: &[Checked<'_>]) -> Vec<Problem> {
    let by_name: BTreeMap<&str, &Flow> = flows
        .iter()
        .map(|checked| (checked.source.flow.name.as_str(), &checked.source.flow))
        .collect();
    let all: BTreeSet<&str> = by_name.values().flat_map(|flow| of_flow(flow)).collect();
    let mut problems = Vec::new();
    for checked in flows {
        let mut report = Report::new(&checked.source.path);
        for said in happenings(checked) {
            let Trigger::Clicked(link) = said.trigger else { continue };
            if !may_be(link, &all) {
                let message = format!("no mail of this folder has a link {}", quote(link));
                report.add(said.at, "unknown-name", message).hint(hint(link, &all));
            }
        }
        for asked in conditions(checked) {
            let Condition::Email { step, link: Some(link), flow, .. } = asked.when else {
                continue;
            };
            let flow = match flow {
                None => Some(&checked.source.flow),
                Some(flow) => by_name.get(flow.as_str()).copied(),
            };
            let Some(known) = flow.and_then(|flow| of_step(flow, step)) else { continue };
            // A link is named by its address, too.
            if !link.contains('/') && !may_be(link, &known) {
                let message = format!("{} has no link {}", quote(step), quote(link));
                report.add(asked.at, "unknown-name", message).hint(hint(link, &known));
            }
        }
        problems.extend(report.into_problems());
    }
    problems
}

/// Whether one of these may be it: a name may be made by the template.
fn may_be(link: &str, known: &BTreeSet<&str>) -> bool {
    known.contains(link) || known.iter().any(|name| name.contains("{{"))
}

fn hint(link: &str, known: &BTreeSet<&str>) -> String {
    did_you_mean(link, known.iter().copied())
        .unwrap_or_else(|| format!("write `<a data-link=\"{link}\" href=\"…\">` into the mail"))
}

fn of_flow(flow: &Flow) -> impl Iterator<Item = &str> {
    let mails = flow.templates.values().flat_map(BTreeMap::values);
    mails.flat_map(|mail| names(&mail.html))
}

/// The names of the links that a step sends; none when it is no message of the flow.
fn of_step<'f>(flow: &'f Flow, step: &str) -> Option<BTreeSet<&'f str>> {
    match &flow.steps.get(step)?.action {
        Action::Email { template, .. } => {
            let mails = flow.templates.get(template)?.values();
            Some(mails.flat_map(|mail| names(&mail.html)).collect())
        }
        Action::Sms { .. } => Some(BTreeSet::new()),
        _ => None,
    }
}
