//! Which steps and branches the tests reach: the runs' histories, followed along their flows.

use std::collections::BTreeSet;

use anyhow::Result;
use masa_domain::{Action, Entry, Flow, Moment, Run, What};
use masa_language::Library;

use super::world::World;

/// What was reached: the flow, the step, and the way that was taken from it; the word of a way is
/// empty where there is one alone.
#[derive(Debug, Default)]
pub(crate) struct Coverage {
    reached: BTreeSet<(String, String, String)>,
    all: usize,
    found: usize,
}

impl Coverage {
    /// Adds what the contact's runs of the tested flow reached.
    pub(crate) async fn add(&mut self, world: &World) -> Result<()> {
        let Some(flow) = world.flows.get(&world.flow) else { return Ok(()) };
        for run in world.runs().await? {
            for (step, way) in trace(flow, &run) {
                self.reached.insert((flow.name.clone(), step, way));
            }
        }
        Ok(())
    }

    /// What no test reached, of one flow or all.
    pub(crate) fn missed(&mut self, library: &Library, only: Option<&str>) -> Vec<String> {
        let mut missed = Vec::new();
        for flow in &library.flows {
            if only.is_some_and(|only| only != flow.name) {
                continue;
            }
            for (id, step) in &flow.steps {
                for way in words(flow, &step.action, id) {
                    self.all += 1;
                    if self.reached.contains(&(flow.name.clone(), id.clone(), way.clone())) {
                        self.found += 1;
                    } else {
                        let way = if way.is_empty() { way } else { format!(" ({way})") };
                        missed.push(format!("{}/{id}{way}", flow.name));
                    }
                }
            }
        }
        missed
    }

    /// How many of all were reached.
    pub(crate) fn figures(&self) -> (usize, usize) {
        (self.found, self.all)
    }
}

/// The ways from a step that count by themselves. Going on and being late are both to be tested;
/// the end of an `exit` is one way.
fn words(flow: &Flow, action: &Action, id: &str) -> Vec<String> {
    let Some(step) = flow.steps.get(id) else { return Vec::new() };
    match action {
        Action::Exit => vec![String::new()],
        _ => flow.ways(step).into_iter().map(|(word, _)| word.to_owned()).collect(),
    }
}

/// The steps that a run passed, with the way that it took from each.
fn trace(flow: &Flow, run: &Run) -> Vec<(String, String)> {
    let mut passed = Vec::new();
    let mut next = flow.first.clone();
    let mut story = run.story.iter().filter(|entry| !entry.step.is_empty()).peekable();
    while let Some(id) = next.take() {
        let Some(step) = flow.steps.get(&id) else { break };
        let mut own: Vec<&Entry> = Vec::new();
        while let Some(entry) = story.next_if(|entry| entry.step == id) {
            own.push(entry);
        }
        let way = match way(&step.action, &own) {
            Some(way) => way,
            // It stands here, or left from here.
            None => {
                if !matches!(step.action, Action::Exit) {
                    passed.push((id.clone(), String::from("…")));
                }
                break;
            }
        };
        next = flow
            .ways(step)
            .into_iter()
            .find(|(word, _)| *word == way)
            .and_then(|(_, next)| next.map(str::to_owned));
        passed.push((id.clone(), way));
        if matches!(step.action, Action::Exit) {
            break;
        }
    }
    // A step at which a run stood was reached, whatever became of it.
    for entry in &run.story {
        if let (What::Sending, Some(step)) = (&entry.what, flow.steps.get(&entry.step))
            && flow.ways(step).len() == 1
        {
            passed.push((entry.step.clone(), String::new()));
        }
    }
    passed
}

/// The way that was taken, as the step's own entries tell; nothing when the run did not go on.
fn way(action: &Action, own: &[&Entry]) -> Option<String> {
    let find = |is: &dyn Fn(&What) -> Option<String>| own.iter().find_map(|entry| is(&entry.what));
    match action {
        Action::If { .. } => find(&|what| match what {
            What::Branch(true) => Some("yes".to_owned()),
            What::Branch(false) => Some("no".to_owned()),
            _ => None,
        }),
        Action::Split { .. } => find(&|what| match what {
            What::Way(name) => Some(name.clone()),
            _ => None,
        }),
        Action::Await { .. } => find(&|what| match what {
            What::Came(_) => Some("happened".to_owned()),
            What::Woke => Some("timed out".to_owned()),
            _ => None,
        }),
        Action::Until { moment: Moment::Date { .. }, .. } => find(&|what| match what {
            What::Woke => Some(String::new()),
            What::Note(words) if words.ends_with("passed over") => Some("too late".to_owned()),
            What::Note(_) => Some(String::new()),
            _ => None,
        }),
        Action::Wait(_) | Action::Quiet { .. } | Action::Until { .. } => {
            find(&|what| matches!(what, What::Woke).then(String::new))
        }
        Action::Email { .. } | Action::Sms { .. } => find(&|what| match what {
            What::Outcome(_) => Some(String::new()),
            What::Note(words) if words.starts_with("dropped") => Some(String::new()),
            _ => None,
        }),
        _ => Some(String::new()),
    }
}
