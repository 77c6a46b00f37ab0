//! Answers that a question never has.

use std::collections::BTreeSet;

use masa_domain::{Action, Condition, FieldTest, Question, Setup, Trigger};
use serde_json::{Number, Value};

use crate::{
    checks::{
        Checked,
        branches::passes,
        said::{Asked, conditions, happenings},
    },
    problem::{Mark, Report},
    words::{did_you_mean, quote},
};

/// The fields that steps fill, beside the answers of the questions of the same names.
pub(super) fn filled<'s>(flows: &[Checked<'s>]) -> BTreeSet<&'s str> {
    let steps = flows.iter().flat_map(|checked| checked.source.flow.steps.values());
    let mut filled = BTreeSet::new();
    for step in steps {
        match &step.action {
            Action::Set(fields) => {
                let fields = fields.iter().filter(|(_, value)| !value.is_null());
                filled.extend(fields.map(|(name, _)| name.as_str()));
            }
            Action::Stamp(field)
            | Action::Count { field, .. }
            | Action::Append { field, .. }
            | Action::Coupon { field, .. } => {
                filled.insert(field.as_str());
            }
            _ => {}
        }
    }
    filled
}

/// Reports the tests of answers of a flow that none passes, or each does. `filled` are the fields that hold
/// other things too.
pub(super) fn check(
    checked: &Checked<'_>,
    setup: &Setup,
    filled: &BTreeSet<&str>,
    report: &mut Report<'_>,
) {
    let question = |field: &str| question(field, setup, filled);
    for said in happenings(checked) {
        let (name, question, test) = match said.trigger {
            Trigger::Answered { question, test: Some(test) } => {
                (question, setup.questions.get(question), test)
            }
            Trigger::Field { name, test: Some(test) } => (name, question(name), test),
            _ => continue,
        };
        question.into_iter().for_each(|question| of_test(name, question, test, said.at, report));
    }
    of_conditions(&conditions(checked), setup, filled, report);
}

/// Reports those of these conditions.
pub(super) fn of_conditions(
    conditions: &[Asked<'_>],
    setup: &Setup,
    filled: &BTreeSet<&str>,
    report: &mut Report<'_>,
) {
    for asked in conditions {
        let Condition::Field { name, test } = asked.when else { continue };
        let question = question(name, setup, filled).into_iter();
        question.for_each(|question| of_test(name, question, test, asked.at, report));
    }
}

/// The question whose answers alone a field holds.
fn question<'s>(field: &str, setup: &'s Setup, filled: &BTreeSet<&str>) -> Option<&'s Question> {
    setup.questions.get(field).filter(|_| !filled.contains(field))
}

fn of_test(name: &str, question: &Question, test: &FieldTest, at: Mark, report: &mut Report<'_>) {
    let written = question.kind.answers();
    let answers: Vec<Value> =
        written.iter().filter_map(|answer| question.kind.value(answer)).collect();
    if answers.is_empty() || matches!(test, FieldTest::Empty(_)) {
        return;
    }
    let known = || written.iter().map(String::as_str);
    for never in one_by_one(test) {
        if answers.iter().any(|answer| passes(&never, answer)) {
            continue;
        }
        let message =
            format!("no answer to {} is ever so: {}", quote(name), quote(&never.in_words()));
        let hint = match &never {
            FieldTest::Is(Value::String(text)) if text.parse::<Number>().is_ok() => {
                Some(format!("an answer here is a number: write {} without quotes", quote(text)))
            }
            FieldTest::Is(Value::String(text)) => did_you_mean(text, known()),
            _ => did_you_mean("", known()),
        };
        report.add(at, "impossible-answer", message).maybe_hint(hint);
    }
    if answers.iter().all(|answer| passes(test, answer)) {
        let message = format!("every answer to {} is so: {}", quote(name), quote(&test.in_words()));
        report
            .add(at, "impossible-answer", message)
            .hint("write `empty: false` to ask whether there is an answer");
    }
}

/// A test as those of which one must pass.
fn one_by_one(test: &FieldTest) -> Vec<FieldTest> {
    match test {
        FieldTest::OneOf(values) => values.iter().cloned().map(FieldTest::Is).collect(),
        test => vec![test.clone()],
    }
}
