//! The steps that tests name.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    files::Files,
    flow, layout,
    problem::Report,
    words::{did_you_mean, quote},
    yaml::{Node, Yaml},
};

/// The keys of a line whose value is a step.
const OF_STEPS: [&str; 8] = ["at", "open", "click", "unsubscribe", "email", "sms", "tell", "call"];

/// What is known of a flow by its tests.
struct Played {
    steps: BTreeSet<String>,
    /// The flows that it names: they are live beside it.
    named: Vec<String>,
}

/// The flows of a folder.
pub(crate) struct Flows<'f> {
    /// By folder, without its last `/`: the flow's name.
    folders: BTreeMap<&'f str, String>,
    /// By name; absent for a flow that has problems of its own.
    by_name: BTreeMap<String, Played>,
}

impl<'f> Flows<'f> {
    pub(crate) fn of(files: &'f Files) -> Self {
        let (mut folders, mut by_name) = (BTreeMap::new(), BTreeMap::new());
        for (folder, source) in layout::flows(files) {
            let read = flow::read(files, folder, source, None);
            let Some(name) = read.name else { continue };
            folders.insert(folder.trim_end_matches('/'), name.text.clone());
            if let (Some(source), true) = (read.flow, read.problems.is_empty()) {
                let steps = source.flow.steps.into_keys().collect();
                let named = read.named.into_iter().map(|named| named.flow).collect();
                by_name.insert(name.text, Played { steps, named });
            }
        }
        Self { folders, by_name }
    }

    /// The steps of the flow of a folder, with those of the flows that are live beside it. None when one
    /// of them is not known.
    fn steps(&self, folder: &str) -> Option<BTreeSet<&str>> {
        let mut steps = BTreeSet::new();
        let mut seen = BTreeSet::new();
        let mut open = vec![self.folders.get(folder)?];
        while let Some(name) = open.pop() {
            if seen.insert(name) {
                let played = self.by_name.get(name)?;
                steps.extend(played.steps.iter().map(String::as_str));
                open.extend(&played.named);
            }
        }
        Some(steps)
    }

    /// Reports the steps that the tests of a folder name and that are not there.
    pub(crate) fn check(&self, tests: &Node, folder: &str, report: &mut Report<'_>) {
        let Some(steps) = self.steps(folder) else { return };
        let lines = member(tests, "tests").into_iter().flat_map(members);
        let lines = lines.filter_map(|test| member(test, "steps")).flat_map(members);
        for line in lines {
            let named = OF_STEPS.iter().filter_map(|key| member(line, key));
            for node in named.map(|node| member(node, "step").unwrap_or(node)) {
                let Some(step) = node.scalar().map(|scalar| scalar.text.as_str()) else { continue };
                if !steps.contains(step) {
                    let message = format!("no step of this flow is called {}", quote(step));
                    report
                        .add(node.at, "unknown-step", message)
                        .hint_by(|| did_you_mean(step, steps.iter().copied()));
                }
            }
        }
    }
}

fn member<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    match &node.yaml {
        Yaml::Map(entries) => {
            entries.iter().find(|(known, _)| known.text == key).map(|(_, node)| node)
        }
        _ => None,
    }
}

fn members(node: &Node) -> &[Node] {
    match &node.yaml {
        Yaml::List(members) => members,
        _ => &[],
    }
}
