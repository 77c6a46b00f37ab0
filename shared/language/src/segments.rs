//! `segments` in `shop.yaml`: lists whose members a condition decides (T2, C5).

use std::collections::BTreeMap;

use masa_domain::{Action, Condition, Form, Product, Segment};

use crate::{
    checks::{form, with_inner},
    condition::Conditions,
    directory::by_name,
    fields::Fields,
    flow::Source,
    problem::{Mark, Problem, Report},
    words::quote,
    yaml::Node,
};

/// How many segments a shop may have: each is asked at each decision, and stands in each contact's state.
const SEGMENTS_MAX: usize = 50;

/// Segments by their names.
type Segments = BTreeMap<String, Segment>;
/// Where the conditions of segments stand: an outer one before those in it.
pub(crate) type SegmentPlaces = BTreeMap<String, Vec<Mark>>;

/// Reads the segments, and leaves out what is wrong. They may ask for these forms.
pub(crate) fn segments(
    node: &Node,
    forms: &BTreeMap<String, Form>,
    report: &mut Report<'_>,
) -> (Segments, SegmentPlaces) {
    let read = by_name(node, "segments by their names", report, |node, report| {
        let (mut mentions, mut marks, mut flows) = (Vec::new(), Vec::new(), Vec::new());
        let mut conditions = Conditions {
            report,
            mentions: &mut mentions,
            marks: &mut marks,
            flows: &mut flows,
            before_entry: true,
        };
        Some((conditions.read(node)?, marks))
    });
    let segments: Segments =
        read.iter().map(|(name, (when, _))| (name.clone(), Segment::new(when.clone()))).collect();
    if segments.len() > SEGMENTS_MAX {
        let message =
            format!("there are {} segments, and at most {SEGMENTS_MAX} may be", segments.len());
        report
            .add(node.at, "too-many-segments", message)
            .hint("ask for the rest in an `if` of the journey");
    }
    for (condition, marks) in read.values() {
        for (one, at) in with_inner(condition, marks) {
            form(one, at, forms, report);
            if let Some((what, hint)) = out_of_place(one, &segments) {
                report
                    .add(at, "not-in-segment", format!("a segment can't ask for {what}"))
                    .hint(hint);
            }
        }
    }
    (segments, read.into_iter().map(|(name, (_, marks))| (name, marks)).collect())
}

/// What can't decide who is in a segment, and what to do instead.
fn out_of_place(
    condition: &Condition,
    segments: &BTreeMap<String, Segment>,
) -> Option<(&'static str, &'static str)> {
    let of_a_run =
        "it belongs to one run of a journey; have the journey set a field, and ask for that";
    Some(match condition {
        Condition::Email { .. } => {
            ("a mail", "put the reader on a list in the mail's journey, and ask for that list")
        }
        Condition::Consent(_) => (
            "consent",
            "what is refused on the page of a mail is looked for when something is sent, not here; ask in the \
             journey",
        ),
        Condition::Weekday(_) | Condition::Hour(_) => (
            "days of the week and hours",
            "everybody would enter and leave each day; ask in the journey",
        ),
        Condition::Field { name, .. } | Condition::DaysTo { field: name, .. }
            if ["event.", "order.", "call."].iter().any(|root| name.starts_with(root)) =>
        {
            ("what began a journey", of_a_run)
        }
        Condition::Purchased(test) if test.what == Product::Same => ("the same product", of_a_run),
        Condition::List(list) if segments.contains_key(list) => {
            ("another segment", "write that one's condition out; `all` and `any` join them")
        }
        _ => return None,
    })
}

/// Reports the forms that put contacts into segments.
pub(crate) fn joined_by_forms(
    fields: &Fields<'_>,
    forms: &BTreeMap<String, Form>,
    segments: &BTreeMap<String, Segment>,
    report: &mut Report<'_>,
) {
    let joined = forms.values().flat_map(|form| &form.lists);
    for list in joined.filter(|list| segments.contains_key(*list)) {
        let at = fields.get("forms").map_or(Mark::START, |node| node.at);
        tell(list, at, report);
    }
}

/// Reports the steps that put contacts into segments, or take them out.
pub(crate) fn moved_by_steps(
    source: &Source,
    segments: &BTreeMap<String, Segment>,
) -> Vec<Problem> {
    let mut report = Report::new(&source.path);
    for (id, step) in &source.flow.steps {
        let (Action::Join(list) | Action::Leave(list)) = &step.action else { continue };
        if segments.contains_key(list) {
            let at = source.places.steps.get(id).map_or(Mark::START, |places| places.at);
            tell(list, at, &mut report);
        }
    }
    report.into_problems()
}

fn tell(list: &str, at: Mark, report: &mut Report<'_>) {
    let message = format!("{} is a segment: its condition alone decides who is in it", quote(list));
    report
        .add(at, "moves-segment", message)
        .hint("take another name for the list, and ask for that list in the segment if it matters");
}
