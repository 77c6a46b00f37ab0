//! Steps that wait, and those with ways of their own.

use masa_domain::{Action, Moment, Way, Winner, WonBy};

use crate::{
    condition::{Conditions, weekdays},
    fields::{Fields, label, positive, word, wrong_type},
    grammar::{HAPPENING, WAIT_UNTIL, WAY, WINNER},
    happening::{At, Happenings, anchor, clock, duration, flag, optional, place},
    problem::Mark,
    steps::{ID_CHARS_MAX, Inner, Steps, What, Written},
    words::{is_name, quote},
    yaml::{Node, Yaml},
};

/// How deep a step may stand in the branches of others.
const DEPTH_MAX: usize = 40;

impl Steps<'_, '_> {
    pub(crate) fn wait(&mut self, fields: &Fields<'_>, value: &Node) -> Option<Action> {
        let span = duration(value, self.report);
        match fields.get("since_last") {
            None => span.map(Action::Wait),
            Some(node) => {
                let event = label(node, "the name of an event", self.report)?;
                Some(Action::Quiet { event, span: span? })
            }
        }
    }

    /// Until a moment, or until something happens.
    pub(crate) fn wait_until(
        &mut self,
        fields: &Fields<'_>,
        value: &Node,
        depth: usize,
    ) -> Option<What> {
        let what = "a moment or a happening, such as `{ at: \"09:00\" }`,";
        let Some(until) = Fields::of(value, what, self.report) else {
            self.branches(fields, depth);
            return None;
        };
        let head = ["date", "holiday"].into_iter().find(|head| until.get(head).is_some());
        let happens = HAPPENING.heads().iter().any(|head| until.get(head).is_some());
        if happens && head.is_none() {
            let (names, flows) = (self.names, &mut *self.flows);
            let mut happenings = Happenings { report: self.report, names, flows };
            let trigger = happenings.of(&until, At::Run, &WAIT_UNTIL);
            let span = until.must("for", self.report).and_then(|node| duration(node, self.report));
            let (then, otherwise) = self.branches(fields, depth)?;
            return Some(What::Await { until: vec![trigger?], span: span?, then, otherwise });
        }
        for name in ["then", "else"] {
            if let Some(node) = fields.get(name) {
                self.report
                    .add(node.at, "unknown-key", format!("`{name}` is not known here"))
                    .hint("only a wait for something that may not happen has two ways");
            }
        }
        let moment = match head {
            Some(head) => {
                until.only(&WAIT_UNTIL.known(head), self.report);
                let anchor = anchor(head, until.get(head)?, self.report);
                let (offset, at) = place(&until, self.report)?;
                Moment::Date { anchor: anchor?, offset, at }
            }
            None => {
                until.only(&WAIT_UNTIL.known("at"), self.report);
                let at = optional(until.get("at"), |node| clock(node, self.report))?;
                let days = optional(until.get("days"), |node| weekdays(node, self.report))?;
                let days = days.unwrap_or_default();
                if at.is_none() && days.is_empty() {
                    self.report
                        .add(value.at, "missing-key", "this waits for nothing")
                        .hint("such as `{ at: \"09:00\" }`, `{ date: renewal, offset: -3d }` or `{ purchased: any, for: 3d }`");
                    return None;
                }
                Moment::Clock { at, days }
            }
        };
        Some(What::Plain(Action::Until { moment, late: None }))
    }

    pub(crate) fn split(
        &mut self,
        fields: &Fields<'_>,
        value: &Node,
        depth: usize,
    ) -> Option<What> {
        if !self.may_nest(fields.at, depth) {
            return None;
        }
        let what = "ways by their names, such as `{ a: { share: 50, steps: […] }, b: … }`,";
        let mut ways = Vec::new();
        for (key, node) in Fields::of(value, what, self.report)?.iter() {
            let what = "a way such as `{ share: 50, steps: […] }`";
            let Some(way) = Fields::of(node, what, self.report) else { continue };
            way.only(&WAY.keys(), self.report);
            if !is_name(&key.text, ID_CHARS_MAX) {
                let message = format!("{} is not a way's name", quote(&key.text));
                self.report.add(key.at, "bad-id", message).hint("it is made of a-z, 0-9 and -");
            }
            let share = way.must("share", self.report).and_then(|node| positive(node, self.report));
            let hold_out = flag(&way, "hold_out", self.report);
            let steps = self.branch_steps(way.get("steps"), depth);
            let (Some(share), Some(hold_out)) = (share, hold_out) else {
                self.complete = false;
                continue;
            };
            let way = Way { name: key.text.clone(), share, hold_out, first: None };
            ways.push((way, steps));
        }
        if ways.len() < 2 {
            self.report.add(value.at, "one-way", "a split needs two ways at least");
            return None;
        }
        let winner = match fields.get("winner") {
            None => None,
            Some(node) => {
                let what = "how a way wins, such as `{ by: clicked, sample: 1000 }`,";
                let winner = Fields::of(node, what, self.report)?;
                winner.only(&WINNER.keys(), self.report);
                let words =
                    [("opened", WonBy::Opened), ("clicked", WonBy::Clicked), ("goal", WonBy::Goal)];
                let by =
                    winner.must("by", self.report).and_then(|node| word(node, &words, self.report));
                let sample =
                    winner.must("sample", self.report).and_then(|node| positive(node, self.report));
                Some(Winner { by: by?, sample: sample? })
            }
        };
        Some(What::Split { ways, winner })
    }

    pub(crate) fn may_nest(&mut self, at: Mark, depth: usize) -> bool {
        if depth >= DEPTH_MAX {
            let message = format!("steps stand more than {DEPTH_MAX} deep in each other");
            self.report.add(at, "too-deep", message);
        }
        depth < DEPTH_MAX
    }

    pub(crate) fn branches(
        &mut self,
        fields: &Fields<'_>,
        depth: usize,
    ) -> Option<(Vec<Written>, Vec<Written>)> {
        if !self.may_nest(fields.at, depth) {
            return None;
        }
        let then = self.branch_steps(fields.get("then"), depth);
        Some((then, self.branch_steps(fields.get("else"), depth)))
    }

    pub(crate) fn branch(
        &mut self,
        fields: &Fields<'_>,
        value: &Node,
        depth: usize,
    ) -> Option<What> {
        if !self.may_nest(fields.at, depth) {
            return None;
        }
        let mut inner = Inner::default();
        let mut conditions = Conditions {
            report: self.report,
            mentions: self.mentions,
            marks: &mut inner.condition,
            flows: self.flows,
            before_entry: false,
        };
        let when = conditions.read(value);
        if fields.get("then").is_none() {
            self.report.add(fields.at, "missing-key", "`then` is missing").maybe_hint(
                fields.get("else").map(|_| "turn the condition around with `not`".to_owned()),
            );
            self.complete = false;
        }
        let then = self.branch_steps(fields.get("then"), depth);
        let otherwise = self.branch_steps(fields.get("else"), depth);
        // The steps of the branches have left their own.
        self.inner = inner;
        Some(What::If { when: when?, then, otherwise })
    }

    pub(crate) fn branch_steps(&mut self, node: Option<&Node>, depth: usize) -> Vec<Written> {
        let Some(node) = node else { return Vec::new() };
        match &node.yaml {
            Yaml::List(members) => self.several(members, depth + 1),
            Yaml::Scalar(_) | Yaml::Map(_) | Yaml::Broken => {
                wrong_type(node, "a list of steps", self.report);
                self.complete = false;
                Vec::new()
            }
        }
    }
}
