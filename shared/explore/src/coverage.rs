//! Which steps and ways were taken, as the run's story tells.

use std::collections::BTreeSet;

use masa_domain::{Action, End, Entry, Flow, Moment, What};

use crate::outcome::{Branch, Unreached};

/// What was reached.
#[derive(Debug, Default)]
pub(crate) struct Coverage {
    steps: BTreeSet<String>,
    branches: BTreeSet<Branch>,
    exits: BTreeSet<String>,
    goal: bool,
}

impl Coverage {
    /// Takes note of what a run's story tells.
    pub(crate) fn read(&mut self, flow: &Flow, story: &[Entry]) {
        for entry in story {
            self.entry(flow, entry);
        }
    }

    fn entry(&mut self, flow: &Flow, entry: &Entry) {
        let id = entry.step.as_str();
        match &entry.what {
            What::Entered => return self.walk(flow, flow.first.as_deref()),
            What::Goal(_) => self.goal = true,
            What::Ended(End::Exited { rule }) => {
                self.exits.insert(rule.clone());
            }
            _ => {}
        }
        let Some(step) = flow.steps.get(id) else { return };
        self.steps.insert(id.to_owned());
        let dated = matches!(&step.action, Action::Until { moment: Moment::Date { .. }, .. });
        let sends = flow.sends(id).is_some();
        let word = match (&entry.what, &step.action) {
            (What::Branch(true), _) => "yes",
            (What::Branch(false), _) => "no",
            (What::Came(_), _) => "happened",
            (What::Woke, Action::Await { .. }) => "timed out",
            // A message that was held is tried anew.
            (What::Woke, _) if sends => return,
            (What::Woke | What::Outcome(_), _) => "",
            (What::Way(way), _) => way,
            (What::Note(words), _) if dated && words.ends_with("passed over") => "too late",
            (What::Note(_), _) if dated => "",
            (What::Note(words), _) if sends && words.starts_with("dropped") => "",
            _ => return,
        };
        let ways = flow.ways(step);
        // Where all dates are kept, one that is missing leads on as a late one would.
        let way = ways.iter().find(|(name, _)| *name == word).or(ways.first());
        if ways.len() > 1 {
            let (step, way) = (id.to_owned(), word.to_owned());
            self.branches.insert(Branch { step, way });
        }
        self.walk(flow, way.and_then(|(_, next)| *next));
    }

    /// Steps that no story tells of, up to one that it does.
    fn walk(&mut self, flow: &Flow, from: Option<&str>) {
        let mut next = from;
        let mut passed = BTreeSet::new();
        while let Some(id) = next.filter(|id| passed.insert((*id).to_owned())) {
            self.steps.insert(id.to_owned());
            let Some(step) = flow.steps.get(id) else { return };
            let tells = flow.sends(id).is_some()
                || matches!(
                    step.action,
                    Action::Wait(_)
                        | Action::Quiet { .. }
                        | Action::Until { .. }
                        | Action::Await { .. }
                        | Action::If { .. }
                        | Action::Split { .. }
                );
            match flow.ways(step).as_slice() {
                [(_, then)] if !tells => next = *then,
                _ => return,
            }
        }
    }

    /// What was not.
    pub(crate) fn unreached(&self, flow: &Flow) -> Unreached {
        let branches = flow.steps.iter().flat_map(|(id, step)| {
            let ways = flow.ways(step);
            let several = ways.len() > 1;
            let ways = ways.into_iter().filter(move |_| several);
            ways.map(|(way, _)| Branch { step: id.clone(), way: way.to_owned() })
        });
        let steps = flow.steps.keys().filter(|id| !self.steps.contains(*id)).cloned();
        let exits = flow.exits.iter().map(masa_domain::Trigger::in_words);
        Unreached {
            steps: steps.collect(),
            branches: branches.filter(|branch| !self.branches.contains(branch)).collect(),
            exits: exits.filter(|rule| !self.exits.contains(rule)).collect(),
            goal: flow.goal.is_some() && !self.goal,
        }
    }
}
