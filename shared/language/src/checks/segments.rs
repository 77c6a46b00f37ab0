//! The conditions of segments: what is told of those of flows is told of them.

use std::collections::BTreeSet;

use masa_domain::Setup;

use crate::{
    checks::{
        answers,
        branches::{culprit, possible},
        said::{Asked, asked},
    },
    problem::{Problem, Report},
    segments::SegmentPlaces,
    shop,
    words::quote,
};

/// The conditions that segments ask.
pub(super) fn conditions<'s>(setup: &'s Setup, places: &SegmentPlaces) -> Vec<Asked<'s>> {
    let segments = setup.segments.iter();
    segments
        .flat_map(|(name, segment)| {
            asked(None, &segment.when, places.get(name).map(Vec::as_slice).unwrap_or_default())
        })
        .collect()
}

/// Reports the segments in which nobody or everybody is, and the answers for which they ask in vain.
pub(super) fn check(
    setup: &Setup,
    places: &SegmentPlaces,
    filled: &BTreeSet<&str>,
) -> Vec<Problem> {
    let mut report = Report::new(shop::FILE);
    for (name, segment) in &setup.segments {
        let marks = places.get(name).map(Vec::as_slice).unwrap_or_default();
        let (answer, who, so) =
            match (possible(&segment.when, true), possible(&segment.when, false)) {
                (false, _) => (true, "nobody", "never"),
                (true, false) => (false, "everybody", "always"),
                (true, true) => continue,
            };
        let message = format!("{who} is in the segment {}: this is {so} so", quote(name));
        report
            .add(culprit(&segment.when, answer, marks), "one-way-branch", message)
            .hint("mend what is asked, or remove the segment");
    }
    answers::of_conditions(&conditions(setup, places), setup, filled, &mut report);
    report.into_problems()
}
