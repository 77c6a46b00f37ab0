//! A flow file.

use std::collections::{BTreeMap, BTreeSet};

use masa_domain::{
    Action, Again, Condition, Flow, Goal, Kind, Late, OnUnknown, PRIORITY, Rest, Span, Step,
    Windows,
};

use crate::{
    condition::{Conditions, Mention, check_mentions, hours, weekdays},
    directory::Names,
    fields::{Fields, text, whole, word},
    files::Files,
    flatten::{Flat, StepPlaces, flatten},
    grammar::{ENTRY, FLOW, GOAL, SEND},
    happening::{At, Happenings, Named, duration, flag},
    problem::{Mark, Problem, Report},
    slips,
    steps::{Steps, Written, check_templates, span},
    template::{self, TemplatePlaces, Templates},
    words::{did_you_mean, is_name, quote},
    yaml::{self, Node, Yaml},
};

/// The longest name of a flow.
const NAME_CHARS_MAX: usize = 40;

/// The kinds of messages.
pub(crate) const KINDS: [(&str, Kind); 2] =
    [("marketing", Kind::Marketing), ("transactional", Kind::Transactional)];

/// What becomes of a message of which nobody knows whether it was sent.
const ON_UNKNOWN: [(&str, OnUnknown); 2] =
    [("skip", OnUnknown::Skip), ("resend", OnUnknown::Resend)];

/// A flow's name, and where it stands.
pub(crate) struct Name {
    pub text: String,
    pub file: String,
    pub at: Mark,
}

/// What was read of a flow file.
pub(crate) struct Outcome {
    pub name: Option<Name>,
    /// The flow, unless its name or what begins it is missing.
    pub flow: Option<Source>,
    /// The flows that it names.
    pub named: Vec<Named>,
    pub problems: Vec<Problem>,
}

/// A flow, and where its parts stand in its files.
pub(crate) struct Source {
    /// The flow's file.
    pub path: String,
    pub flow: Flow,
    pub places: Places,
    /// Whether all that stands in its file is understood.
    pub is_whole: bool,
    /// Whether its templates are all understood.
    pub has_sound_templates: bool,
}

/// Where the parts of a flow stand.
#[derive(Default)]
pub(crate) struct Places {
    pub trigger: Option<Mark>,
    /// The triggers, one by one.
    pub triggers: Vec<Mark>,
    /// The exits, one by one.
    pub exits: Vec<Mark>,
    /// What the flow is for.
    pub goal: Option<Mark>,
    /// Whether a contact may enter again.
    pub again: Option<Mark>,
    /// The condition of entry: an outer one before those in it.
    pub entry: Vec<Mark>,
    /// The hours, days or rest in which messages go.
    pub windows: Option<Mark>,
    /// How long messages may be held.
    pub deadline: Option<Mark>,
    /// The steps, by id.
    pub steps: BTreeMap<String, StepPlaces>,
    /// The templates, by name and language.
    pub templates: BTreeMap<String, BTreeMap<String, TemplatePlaces>>,
}

/// Reads `<folder>flow.yaml` and the templates beside it. `names` are those of the shop, when
/// they are known.
pub(crate) fn read(files: &Files, folder: &str, source: &str, names: Option<&Names>) -> Outcome {
    let path = format!("{folder}flow.yaml");
    let mut problems = Vec::new();
    let templates = template::read(files, &format!("{folder}templates/"), names, &mut problems);
    let mut report = Report::new(&path);
    let mut outcome = Outcome { name: None, flow: None, named: Vec::new(), problems: Vec::new() };
    if let Some(root) = yaml::parse(source, 0, &mut report) {
        let mut reader = Reader {
            report: &mut report,
            names,
            mentions: Vec::new(),
            flows: Vec::new(),
            places: Places::default(),
        };
        if let Some((name, flow)) = reader.file(&root, templates, &mut problems) {
            outcome.name = name;
            let places = reader.places;
            outcome.flow = flow.map(|flow| Source {
                path: path.clone(),
                flow,
                places,
                is_whole: false,
                has_sound_templates: problems.iter().all(leaves_all_understood),
            });
        }
        outcome.named = reader.flows;
    }
    let told = report.into_problems();
    if let Some(source) = &mut outcome.flow {
        source.is_whole = told.iter().all(leaves_all_understood);
    }
    problems.extend(told);
    outcome.problems = problems;
    outcome
}

/// Whether everything is understood where this is wrong, and a name alone is not known.
fn leaves_all_understood(problem: &Problem) -> bool {
    const NAMES: [&str; 6] = [
        "unknown-form",
        "unknown-person",
        "unknown-question",
        "unknown-system",
        "unknown-template",
        "unused-template",
    ];
    NAMES.contains(&problem.code)
}

/// How messages are sent.
#[derive(Default)]
struct Send {
    kind: Kind,
    on_unknown: Option<OnUnknown>,
    windows: Windows,
    deadline: Option<Span>,
    priority: Option<u8>,
    best_hour: bool,
}

struct Reader<'r, 'f> {
    report: &'r mut Report<'f>,
    names: Option<&'r Names>,
    mentions: Vec<Mention>,
    flows: Vec<Named>,
    places: Places,
}

impl<'f> Reader<'_, 'f> {
    fn file(
        &mut self,
        root: &Node,
        templates: Templates,
        problems: &mut Vec<Problem>,
    ) -> Option<(Option<Name>, Option<Flow>)> {
        let fields = Fields::of(root, "a flow: `flow`, `trigger` and `steps`", self.report)?;
        fields.only(&FLOW.keys(), self.report);
        let name = fields.must("flow", self.report).and_then(|node| self.name(node));
        let triggers = fields.must("trigger", self.report);
        self.places.trigger = triggers.map(|node| node.at);
        self.places.triggers = triggers.map(places).unwrap_or_default();
        let triggers = triggers.and_then(|node| self.happenings().several(node, At::Trigger));
        let (entry_if, again, late) =
            fields.get("entry").map(|node| self.entry(node)).unwrap_or_default();
        let exits = fields.get("exit");
        self.places.exits = exits.map(places).unwrap_or_default();
        let exits = exits.and_then(|node| self.happenings().several(node, At::Run));
        let exits = exits.unwrap_or_default();
        let goal = fields.get("goal");
        self.places.goal = goal.map(|node| node.at);
        let goal = goal.and_then(|node| self.goal(node));
        let send = fields.get("send").map(|node| self.send(node)).unwrap_or_default();
        let flat = match fields.must("steps", self.report) {
            Some(node) => self.steps(node, &templates, problems),
            None => Flat::default(),
        };
        self.places.steps = flat.places;
        self.places.templates = templates.places;
        let flow = name.as_ref().zip(triggers).map(|(name, triggers)| {
            let mut by_name = templates.by_name;
            let used = used_templates(&flat.steps);
            by_name.retain(|template, _| used.contains(template));
            Flow {
                name: name.text.clone(),
                kind: send.kind,
                on_unknown: send.on_unknown,
                windows: send.windows,
                deadline: send.deadline,
                priority: send.priority.unwrap_or(PRIORITY),
                best_hour: send.best_hour,
                triggers,
                entry_if,
                again,
                late,
                exits,
                goal,
                first: flat.first,
                steps: flat.steps,
                templates: by_name,
            }
        });
        Some((name, flow))
    }

    fn name(&mut self, node: &Node) -> Option<Name> {
        let name = text(node, "the name of the flow", self.report)?;
        if !is_name(&name, NAME_CHARS_MAX) {
            let message = format!("{} is not a flow's name", quote(&name));
            self.report
                .add(node.at, "bad-flow-name", message)
                .hint(format!("a name is 1 to {NAME_CHARS_MAX} characters a-z, 0-9 and -"));
            return None;
        }
        Some(Name { text: name, file: self.report.file().to_owned(), at: node.at })
    }

    fn happenings(&mut self) -> Happenings<'_, 'f> {
        Happenings { report: self.report, names: self.names, flows: &mut self.flows }
    }

    /// One happening, and how long it counts.
    fn goal(&mut self, node: &Node) -> Option<Goal> {
        let what = "what the flow is for, such as `{ purchased: any, within: 14d }`,";
        let fields = Fields::of(node, what, self.report)?;
        let reached_by = self.happenings().of(&fields, At::Run, &GOAL);
        let within = fields.must("within", self.report);
        let within = within.and_then(|node| duration(node, self.report));
        Some(Goal { reached_by: vec![reached_by?], within: within? })
    }

    fn entry(&mut self, node: &Node) -> (Option<Condition>, Again, Late) {
        let what = "`if`, `again` and `late`, such as `{ again: after 90d }`,";
        let Some(fields) = Fields::of(node, what, self.report) else { return Default::default() };
        fields.only(&ENTRY.keys(), self.report);
        let condition = fields.get("if").and_then(|node| {
            let mut conditions = Conditions {
                report: self.report,
                mentions: &mut self.mentions,
                marks: &mut self.places.entry,
                flows: &mut self.flows,
                before_entry: true,
            };
            conditions.read(node)
        });
        self.places.again = fields.get("again").map(|node| node.at);
        let again = fields.get("again").and_then(|node| self.again(node));
        let words = [("skip", Late::Skip), ("latest", Late::Latest), ("all", Late::All)];
        let late = fields.get("late").and_then(|node| word(node, &words, self.report));
        (condition, again.unwrap_or_default(), late.unwrap_or_default())
    }

    fn again(&mut self, node: &Node) -> Option<Again> {
        let written = text(node, "`never`, `always` or such as `after 90d`", self.report)?;
        match written.as_str() {
            "never" => Some(Again::Never),
            "always" => Some(Again::Always),
            other => match other.strip_prefix("after ") {
                Some(pause) => span(node, pause.trim(), self.report).map(Again::After),
                None => {
                    let message = format!("{} is not known here", quote(other));
                    let hint = match slips::span(other) {
                        Some(span) => format!("did you mean `after {span}`?"),
                        None => "write `never`, `always` or such as `after 90d`".to_owned(),
                    };
                    self.report.add(node.at, "unknown-word", message).hint(hint);
                    None
                }
            },
        }
    }

    fn send(&mut self, node: &Node) -> Send {
        let what = "a mapping such as `{ kind: marketing }`";
        let Some(fields) = Fields::of(node, what, self.report) else { return Send::default() };
        fields.only(&SEND.keys(), self.report);
        let report = &mut *self.report;
        let kind = fields.get("kind").and_then(|node| word(node, &KINDS, report));
        let on_unknown = fields.get("on_unknown").and_then(|node| word(node, &ON_UNKNOWN, report));
        let words = [("none", Rest::None), ("israel", Rest::Israel)];
        let windows = Windows {
            hours: fields.get("hours").and_then(|node| hours(node, report)),
            days: fields.get("days").and_then(|node| weekdays(node, report)).unwrap_or_default(),
            rest: fields
                .get("rest")
                .and_then(|node| word(node, &words, report))
                .unwrap_or_default(),
        };
        let windows_at = ["hours", "days", "rest"].into_iter().find_map(|key| fields.get(key));
        self.places.windows = windows_at.map(|node| node.at);
        self.places.deadline = fields.get("deadline").map(|node| node.at);
        let deadline = fields.get("deadline").and_then(|node| duration(node, report));
        let priority = fields.get("priority").and_then(|node| priority(node, report));
        let best_hour = flag(&fields, "best_hour", report).unwrap_or_default();
        Send { kind: kind.unwrap_or_default(), on_unknown, windows, deadline, priority, best_hour }
    }

    fn steps(&mut self, node: &Node, templates: &Templates, problems: &mut Vec<Problem>) -> Flat {
        let mut steps = Steps::new(self.report, &mut self.mentions, self.names, &mut self.flows);
        let written: Vec<Written> = steps.read(node);
        let (named, complete, jumps) = (steps.templates, steps.complete, steps.jumps);
        let mut sending = steps.broken_ids;
        let meant = check_templates(&named, &templates.files, self.report);
        let flat = flatten(written, self.report);
        let mut others = BTreeSet::new();
        for (id, step) in &flat.steps {
            let sends = matches!(
                step.action,
                Action::Email { .. }
                    | Action::Sms { .. }
                    | Action::Tell { .. }
                    | Action::Call { .. }
            );
            if sends { &mut sending } else { &mut others }.insert(id.clone());
        }
        check_mentions(&self.mentions, &sending, &others, self.report);
        check_jumps(&jumps, &flat, complete, self.report);
        if complete {
            let used: BTreeSet<&str> = named.iter().map(|(name, _)| name.as_str()).collect();
            for (name, file) in &templates.files {
                if !used.contains(name.as_str()) && !meant.contains(name) {
                    problems.extend(unused(name, file));
                }
            }
        }
        flat
    }
}

/// Where the members of a list stand, or what stands in place of a list with one member.
fn places(node: &Node) -> Vec<Mark> {
    match &node.yaml {
        Yaml::List(members) => members.iter().map(|member| member.at).collect(),
        _ => vec![node.at],
    }
}

/// From 0 to 9.
fn priority(node: &Node, report: &mut Report<'_>) -> Option<u8> {
    let number = whole(node, "a number from 0 to 9", report)?;
    let priority = u8::try_from(number).ok().filter(|number| *number <= 9);
    if priority.is_none() {
        report.add(node.at, "bad-number", "a priority is a number from 0 to 9, the higher first");
    }
    priority
}

/// Reports jumps to steps that do not exist.
fn check_jumps(jumps: &[Mention], flat: &Flat, complete: bool, report: &mut Report<'_>) {
    for Mention { step, at } in jumps {
        if !complete || flat.steps.contains_key(step) {
            continue;
        }
        let message = format!("no step of this flow is called {}", quote(step));
        let hint = did_you_mean(step, flat.steps.keys().map(String::as_str));
        report.add(*at, "unknown-step", message).maybe_hint(hint);
    }
}

fn unused(name: &str, file: &str) -> Vec<Problem> {
    let mut report = Report::new(file);
    report
        .add(Mark::START, "unused-template", format!("no step sends the template {}", quote(name)))
        .hint(format!("add the step `- email: {name}`, or remove the file"));
    report.into_problems()
}

fn used_templates(steps: &BTreeMap<String, Step>) -> BTreeSet<String> {
    let actions = steps.values().map(|step| &step.action);
    actions
        .filter_map(|action| match action {
            Action::Email { template, .. } => Some(template.clone()),
            _ => None,
        })
        .collect()
}
