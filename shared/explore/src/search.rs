//! The walk: breadth-first over points, each once, with all ways between them kept for counting.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    sync::Arc,
};

use masa_domain::{Flow, Id, State, Trigger};
use masa_language::Library;
use serde_json::Value;

use crate::{
    Bounds,
    act::Source,
    asks::Asks,
    beside::{beside, brings},
    clock::seconds,
    compared::Compared,
    count,
    coverage::Coverage,
    key::key,
    moves::{Move, Mover},
    outcome::{Ending, Event, Exploration, Finding, Found, Outcome, Path, Reached},
    people::People,
    setting::Person,
    stage::Stage,
    world::World,
};

/// A walk.
pub(crate) struct Search<'a> {
    library: &'a Library,
    flow: &'a Flow,
    bounds: &'a Bounds,
    stage: Stage,
    asks: BTreeMap<String, Asks>,
    always: Asks,
    points: Vec<Point>,
    known: HashMap<Id, usize>,
    queue: VecDeque<(usize, World)>,
    outcomes: Vec<(Outcome, Vec<usize>)>,
    numbers: HashMap<String, usize>,
    coverage: Coverage,
    findings: Vec<Finding>,
    /// What fields are compared with.
    values: BTreeMap<String, Vec<Option<Value>>>,
    reached: BTreeSet<Reached>,
    entries: usize,
    refused: usize,
    /// The first contact that was refused, and what would have let it in.
    turned_away: Option<Path>,
}

/// A point that was come to.
pub(crate) struct Point {
    /// From where it was come to first.
    from: Option<usize>,
    event: Event,
    /// Who entered, at a first point.
    contact: Option<Arc<str>>,
    depth: u32,
    /// How many entries begin here.
    pub(crate) begins: u64,
    /// Where it leads.
    pub(crate) to: Vec<usize>,
}

impl<'a> Search<'a> {
    pub(crate) fn new(library: &'a Library, flow: &'a Flow, bounds: &'a Bounds) -> Self {
        let mut asks = Asks::by_step(flow);
        let always = Asks::always(flow);
        for own in asks.values_mut() {
            own.add(always.clone());
        }
        Self {
            library,
            flow,
            bounds,
            stage: Stage::new(library, beside(library, flow)),
            asks,
            always,
            points: Vec::new(),
            known: HashMap::new(),
            queue: VecDeque::new(),
            outcomes: Vec::new(),
            numbers: HashMap::new(),
            coverage: Coverage::default(),
            findings: Vec::new(),
            values: Compared::new(library, flow).values(),
            reached: BTreeSet::new(),
            entries: 0,
            refused: 0,
            turned_away: None,
        }
    }

    pub(crate) fn run(mut self) -> Exploration {
        self.enter();
        while let Some((point, world)) = self.queue.pop_front() {
            self.expand(point, &world);
        }
        self.told()
    }

    fn bound(&mut self, bound: &'static str, limit: impl ToString) {
        self.reached.insert(Reached { bound, limit: limit.to_string() });
    }

    /// What a run did beyond what its story keeps may be missing among what was reached.
    fn lost(&mut self, world: &World) {
        if world.lost {
            self.bound("story", "more happened to a run in one go than its story keeps");
        }
    }

    /// All entries: each trigger with each contact.
    fn enter(&mut self) {
        let people = People::new(self.library, self.flow, self.bounds.start);
        let share = self.bounds.contacts.checked_div(self.flow.triggers.len()).unwrap_or(0);
        for trigger in &self.flow.triggers {
            let (all, whole) = people.all(trigger, share.max(1));
            if !whole {
                self.bound("contacts", self.bounds.contacts);
            }
            for person in all {
                self.entry(person, trigger);
            }
        }
        if self.points.is_empty() && self.findings.is_empty() {
            self.nobody();
        }
    }

    /// Nobody entered, so that nothing is known of the journey.
    fn nobody(&mut self) {
        let why = match self.entries {
            0 => "no trigger can come for any contact that was tried".to_owned(),
            1 => "the only contact that was tried is refused at the entry".to_owned(),
            entries => format!("all {entries} contacts that were tried are refused at the entry"),
        };
        let path = self.turned_away.take();
        let path = path.unwrap_or(Path { contact: "nobody".to_owned(), events: Vec::new() });
        self.findings.push(Finding { what: format!("nobody enters: {why}"), path });
    }

    fn entry(&mut self, person: Person, trigger: &Trigger) {
        let library = self.library;
        let words: Arc<str> = person.in_words().into();
        let brought = brings(self.flow, trigger, &person.brought);
        let world = World::new(person, self.flow);
        let data = Value::Null;
        let source = Source {
            library,
            contact: &world.contact,
            data: &data,
            values: &self.values,
            now: world.now,
        };
        for act in source.acts(trigger, &brought) {
            self.entries += 1;
            let mut world = world.clone();
            let what = format!("enters: {}", act.words);
            let event = Event { after: 0, what };
            let Some(story) = world.tell(&self.stage, &act) else {
                self.undecided(None, event, &words);
                continue;
            };
            if world.run().is_none() {
                self.refused += 1;
                self.turned_away.get_or_insert_with(|| Path {
                    contact: words.to_string(),
                    events: vec![event],
                });
                continue;
            }
            self.coverage.read(self.flow, &story);
            self.lost(&world);
            world.dropped(&story);
            let asks = self.asks_at(&world);
            let id = self.id(&world, &asks);
            let point = match self.known.get(&id) {
                Some(point) => *point,
                None => {
                    let contact = Some(Arc::clone(&words));
                    self.add(id, Point { contact, ..new_point(event) }, world)
                }
            };
            if let Some(point) = self.points.get_mut(point) {
                point.begins += 1;
            }
        }
    }

    /// What the rest of the journey asks at a point.
    fn asks_at(&self, world: &World) -> Asks {
        let step = match world.run().map(|run| &run.state) {
            Some(State::Sending { step } | State::Waiting { step, .. }) => Some(step),
            Some(State::Ended { .. }) | None => None,
        };
        step.and_then(|step| self.asks.get(step)).unwrap_or(&self.always).clone()
    }

    fn id(&self, world: &World, asks: &Asks) -> Id {
        Id::derive(&[&key(world, asks), &world.happenings.to_string()])
    }

    fn add(&mut self, id: Id, point: Point, world: World) -> usize {
        let index = self.points.len();
        self.points.push(point);
        self.known.insert(id, index);
        if let Some(stuck) = world.stuck() {
            let path = self.path(index);
            self.findings.push(Finding { what: stuck, path });
        }
        match world.outcome(false) {
            Some(outcome) => self.ends(index, outcome),
            None => self.queue.push_back((index, world)),
        }
        index
    }

    fn ends(&mut self, point: usize, outcome: Outcome) {
        let text = serde_json::to_string(&outcome).unwrap_or_default();
        let number = self.numbers.get(&text).copied();
        let Some(number) = number else {
            self.numbers.insert(text, self.outcomes.len());
            if let Ending::Failed { reason } = &outcome.end {
                let (what, path) = (format!("a run fails: {reason}"), self.path(point));
                self.findings.push(Finding { what, path });
            }
            self.outcomes.push((outcome, vec![point]));
            return;
        };
        if let Some((_, points)) = self.outcomes.get_mut(number) {
            points.push(point);
        }
    }

    /// A bound cuts a path off here.
    fn cut(&mut self, point: usize, world: &World, bound: &'static str, limit: impl ToString) {
        self.bound(bound, limit);
        let outcome = world.outcome(true);
        let Some(outcome) = outcome else { return };
        let known = self.outcomes.iter().any(|(_, points)| points.last() == Some(&point));
        if !known {
            self.ends(point, outcome);
        }
    }

    fn undecided(&mut self, from: Option<usize>, event: Event, contact: &Arc<str>) {
        let mut path = match from {
            Some(from) => self.path(from),
            None => Path { contact: contact.to_string(), events: Vec::new() },
        };
        path.events.push(event);
        let what = "nothing can be decided: the decision asks for something again and again";
        self.findings.push(Finding { what: what.to_owned(), path });
    }

    fn expand(&mut self, point: usize, world: &World) {
        let depth = self.points.get(point).map_or(0, |point| point.depth);
        if depth >= self.bounds.depth {
            return self.cut(point, world, "depth", self.bounds.depth);
        }
        let asks = self.asks_at(world);
        let (library, flow) = (self.library, self.flow);
        let moves =
            Mover { library, flow, stage: &self.stage, values: &self.values }.moves(world, &asks);
        for one in moves {
            let mover = Mover { library, flow, stage: &self.stage, values: &self.values };
            let Some((next, words, story)) = mover.apply(world, &one) else {
                let event =
                    Event { after: seconds(world.entered_at, world.now), what: describe(&one) };
                self.undecided(Some(point), event, &Arc::from(""));
                continue;
            };
            self.lost(&next);
            if self.changes_nothing(world, &next, &one, &asks) {
                // It may have been the goal.
                self.coverage.read(flow, &story);
                continue;
            }
            if next.happenings > self.bounds.happenings {
                self.bound("happenings", self.bounds.happenings);
                continue;
            }
            let after = seconds(next.entered_at, next.now);
            if after > i64::from(self.bounds.span.as_seconds()) {
                self.cut(point, world, "span", self.bounds.span);
                continue;
            }
            let next_asks = self.asks_at(&next);
            let id = self.id(&next, &next_asks);
            let to = match self.known.get(&id) {
                Some(to) => *to,
                None if self.points.len() >= self.bounds.states => {
                    self.cut(point, world, "states", self.bounds.states);
                    continue;
                }
                None => {
                    let event = Event { after, what: words };
                    let from = Some(point);
                    let new = Point { from, depth: depth.saturating_add(1), ..new_point(event) };
                    self.add(id, new, next)
                }
            };
            self.coverage.read(flow, &story);
            if let Some(point) = self.points.get_mut(point) {
                point.to.push(to);
            }
        }
    }

    /// Whether something from outside left all as it was, but for the time.
    fn changes_nothing(&self, world: &World, next: &World, one: &Move, asks: &Asks) -> bool {
        let (Move::Tell(_) | Move::Read(..)) = one else { return false };
        let mut same = world.clone();
        same.now = next.now;
        key(&same, asks) == key(next, &self.asks_at(next))
    }

    /// What happened up to a point.
    fn path(&self, point: usize) -> Path {
        let mut path = Path { contact: String::new(), events: Vec::new() };
        let mut at = self.points.get(point);
        while let Some(point) = at {
            path.events.push(point.event.clone());
            if let Some(contact) = &point.contact {
                path.contact = contact.to_string();
            }
            at = point.from.and_then(|from| self.points.get(from));
        }
        path.events.reverse();
        path
    }

    fn told(self) -> Exploration {
        let paths = count::paths(&self.points);
        let mut outcomes: Vec<Found> = Vec::new();
        for (outcome, points) in &self.outcomes {
            let counts = points.iter().filter_map(|point| paths.get(*point));
            let first =
                points.iter().min_by_key(|point| self.points.get(**point).map(|one| one.depth));
            outcomes.push(Found {
                outcome: outcome.clone(),
                paths: counts.fold(0_u64, |sum, paths| sum.saturating_add(*paths)),
                shortest: self.path(first.copied().unwrap_or(usize::MAX)),
            });
        }
        // The order in which they were found decides between equals.
        outcomes.sort_by_key(|found| std::cmp::Reverse(found.paths));
        Exploration {
            flow: self.flow.name.clone(),
            outcomes,
            entries: self.entries,
            refused: self.refused,
            states: self.points.len(),
            bounds: self.reached,
            unreached: self.coverage.unreached(self.flow),
            findings: self.findings,
        }
    }
}

fn new_point(event: Event) -> Point {
    Point { from: None, event, contact: None, depth: 0, begins: 0, to: Vec::new() }
}

fn describe(one: &Move) -> String {
    match one {
        Move::Settle(message, _) => format!("the outcome of `{}`", message.step),
        Move::Read(_, link) => link.clone().unwrap_or_else(|| "a mail is read".to_owned()),
        Move::Wake => "the wait is over".to_owned(),
        Move::Tell(act) => act.words.clone(),
    }
}
