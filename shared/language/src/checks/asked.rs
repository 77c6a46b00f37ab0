//! Answers that nobody is asked for.

use std::collections::BTreeSet;

use masa_domain::Trigger;

use crate::{
    checks::{Checked, said::happenings},
    files::Files,
    jinja::asked,
    problem::{Problem, Report},
    words::quote,
};

/// Reports the flows that an answer moves to a question that no mail asks. The mails of flows that are
/// not understood ask too.
pub(super) fn check(flows: &[Checked<'_>], files: &Files) -> Vec<Problem> {
    let mails = files.iter().filter(|(path, _)| path.ends_with(".html"));
    let questions: BTreeSet<String> =
        mails.flat_map(|(_, text)| asked(text)).filter_map(|(question, _)| question).collect();
    let mut problems = Vec::new();
    for checked in flows {
        let mut report = Report::new(&checked.source.path);
        let mut told = BTreeSet::new();
        for said in happenings(checked) {
            let Trigger::Answered { question, .. } = said.trigger else { continue };
            if questions.contains(question) || !told.insert(question) {
                continue;
            }
            let message = format!("no mail of this folder asks {}", quote(question));
            report.add(said.at, "never-asked", message).hint(format!(
                "put `{{{{ ask('{question}') }}}}` into a mail; an answer that comes from elsewhere \
                 counts too"
            ));
        }
        problems.extend(report.into_problems());
    }
    problems
}
