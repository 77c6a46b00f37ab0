//! Two invocations at the same time, in every order of their calls that can make a difference.
//!
//! Orders that differ only in calls which do not touch the same thing lead to the same end, so of those
//! one is run (sleep sets: Godefroid, "Partial-Order Methods for the Verification of Concurrent
//! Systems").

use masa_box::{Call, Delivery, Ready};
use serde_json::{Value, json};

use crate::{
    fault::Fault,
    mirror::{Held, Violation},
    scenario::{
        ALERT, CLUB, REMIND, THANKS, WELCOME, alert, hours, number, open, purchase, signup,
    },
    shop::{Act, BY_NUMBER},
    sim::{Progress, Sim, broken},
};

/// One of the two.
#[derive(Debug, Clone)]
pub enum Racer {
    /// A request.
    Request(Act),
    /// What is ready for this function, as soon as something is.
    Delivery(&'static str),
    /// A second copy of the first racer's job.
    Copy,
    /// A job on the wake queue: what is overdue is looked after.
    Overdue(&'static str),
    /// A job on the wake queue: the first fact of somebody once more.
    Replay(&'static str),
}

/// What leads to a race.
#[derive(Debug, Clone)]
pub enum Before {
    /// As in a scenario.
    Act(Act),
    /// What is ready for a function is delivered.
    Deliver(&'static str),
    /// The next schedule fires, in its time; what it does is not delivered yet.
    Fire,
    /// The next call of an operation will go wrong.
    Fault(&'static str, Fault),
}

/// A race.
#[derive(Debug, Clone)]
pub struct Race {
    /// What it is called.
    pub name: &'static str,
    /// The journeys, as YAML.
    pub flows: &'static [&'static str],
    /// What happens before.
    pub before: Vec<Before>,
    /// Who races.
    pub racers: [Racer; 2],
}

fn race(
    name: &'static str,
    flows: &'static [&'static str],
    before: Vec<Before>,
    racers: [Racer; 2],
) -> Race {
    Race { name, flows, before, racers }
}

fn noa() -> Before {
    Before::Act(signup("s1", "noa", &["newsletter"]))
}

fn buys() -> Act {
    purchase("1001", "noa")
}

/// Noa's first wait is over, and nothing was made of it yet.
fn waited(more: Option<Act>) -> Vec<Before> {
    let mut before = vec![noa(), Before::Act(Act::Settle), Before::Fire];
    before.extend(more.map(Before::Act));
    before
}

/// Noa's first mail is on the queue.
fn decided(more: Option<Act>) -> Vec<Before> {
    let mut before = vec![noa(), Before::Deliver("advance")];
    before.extend(more.map(Before::Act));
    before
}

/// All races.
pub fn races() -> Vec<Race> {
    let mut races = races_of_runs();
    races.extend(races_of_messages());
    races.extend(races_of_joining());
    races
}

fn races_of_runs() -> Vec<Race> {
    let wake = || Racer::Delivery("wake");
    let advance = || Racer::Delivery("advance");
    let late = Act::Skip(jiff::SignedDuration::from_hours(3));
    let two_lists = vec![Before::Act(signup("s1", "noa", &["newsletter", "buyers"]))];
    vec![
        race(
            "a purchase and the end of a wait",
            &[WELCOME, THANKS],
            waited(Some(buys())),
            [advance(), wake()],
        ),
        race("a wake twice", &[WELCOME], waited(None), [wake(), Racer::Copy]),
        race(
            "an open and the end of a wait",
            &[WELCOME],
            waited(None),
            [Racer::Request(open("noa", "hello")), wake()],
        ),
        race(
            "the end of a wait and a look after what is overdue",
            &[WELCOME],
            waited(Some(late)),
            [wake(), Racer::Overdue("noa")],
        ),
        race(
            "a fact and its replay",
            &[WELCOME, THANKS],
            two_lists,
            [advance(), Racer::Replay("noa")],
        ),
        race(
            "a webhook twice",
            &[WELCOME, THANKS],
            vec![noa(), Before::Act(hours(1))],
            [Racer::Request(buys()), Racer::Request(buys())],
        ),
    ]
}

fn races_of_messages() -> Vec<Race> {
    let deliver = || Racer::Delivery("deliver");
    let feedback = || Racer::Delivery("feedback");
    let leaves = Act::Unsubscribe { who: "noa".to_owned() };
    let click = Act::Click { who: "noa".to_owned(), step: "hello".to_owned() };
    let bounced = vec![
        Before::Act(signup("s1", "bounce", &["buyers"])),
        Before::Act(Act::Settle),
        Before::Fire,
        Before::Deliver("wake"),
        Before::Act(purchase("1001", "bounce")),
        Before::Deliver("advance"),
    ];
    let unanswered = vec![
        noa(),
        Before::Deliver("advance"),
        Before::Fault("SendEmail", Fault::LostReply),
        Before::Deliver("deliver"),
        Before::Act(Act::Skip(jiff::SignedDuration::from_mins(10))),
    ];
    let texted = vec![Before::Act(alert()), Before::Deliver("advance")];
    vec![
        race(
            "a click and an open",
            &[WELCOME],
            vec![noa(), Before::Act(Act::Settle)],
            [Racer::Request(click), Racer::Request(open("noa", "hello"))],
        ),
        race(
            "an unsubscribe and a mail",
            &[WELCOME],
            decided(None),
            [deliver(), Racer::Request(leaves)],
        ),
        race("a mail twice", &[WELCOME], decided(None), [deliver(), Racer::Copy]),
        race("a text twice", &[ALERT], texted, [deliver(), Racer::Copy]),
        race("a mail and SES's event of it", &[WELCOME], decided(None), [deliver(), feedback()]),
        race(
            "a mail of unknown outcome and SES's late event of it",
            &[WELCOME],
            unanswered,
            [deliver(), feedback()],
        ),
        race("a bounce and the next mail", &[CLUB, THANKS], bounced, [deliver(), feedback()]),
        race(
            "a purchase and a mail of the journey that it ends",
            &[WELCOME, THANKS],
            decided(Some(buys())),
            [deliver(), Racer::Delivery("advance")],
        ),
    ]
}

/// A number's contact turns out to be an address's.
fn races_of_joining() -> Vec<Race> {
    let texted = |first, then| {
        let mut before = vec![Before::Act(number("s1", &["tea"]))];
        before.extend(first);
        before.push(Before::Act(then));
        before
    };
    let advance = || Racer::Delivery("advance");
    let (joins, settle) = (signup("s2", "noa", &["tea"]), Before::Act(Act::Settle));
    let refuses = Act::Refuse { id: "n1".to_owned(), who: BY_NUMBER.to_owned(), mails: false };
    vec![
        race(
            "a joining and the end of a wait",
            &[REMIND],
            texted(vec![settle.clone(), Before::Fire], joins.clone()),
            [advance(), Racer::Delivery("wake")],
        ),
        race(
            "a joining and a text",
            &[REMIND],
            texted(vec![Before::Deliver("advance")], joins.clone()),
            [advance(), Racer::Delivery("deliver")],
        ),
        race(
            "a joining and a refusal",
            &[REMIND],
            texted(vec![settle.clone()], joins.clone()),
            [advance(), Racer::Request(refuses)],
        ),
        race(
            "a joining and a look after what is overdue",
            &[REMIND],
            texted(vec![settle], joins),
            [advance(), Racer::Overdue(BY_NUMBER)],
        ),
    ]
}

/// A point at which either may go on.
#[derive(Debug, Clone)]
struct Choice {
    taken: usize,
    tried: [bool; 2],
    asleep: [bool; 2],
    calls: [Option<Call>; 2],
}

/// Goes through the orders of a race, one run each.
#[derive(Debug, Default)]
pub struct Orders {
    choices: Vec<Choice>,
    depth: usize,
    begun: bool,
}

impl Orders {
    /// Prepares the next run; false when all orders have been run.
    pub fn advance(&mut self) -> bool {
        self.depth = 0;
        if !std::mem::replace(&mut self.begun, true) {
            return true;
        }
        while let Some(last) = self.choices.last_mut() {
            last.tried[last.taken] = true;
            let other = 1 - last.taken;
            if last.calls[other].is_some() && !last.tried[other] && !last.asleep[other] {
                last.taken = other;
                return true;
            }
            self.choices.pop();
        }
        false
    }

    /// Who goes on, of two that may make these calls; nobody when this order was run before in another
    /// dress.
    fn choose(&mut self, calls: [Option<Call>; 2]) -> Option<usize> {
        if self.depth == self.choices.len() {
            let asleep = self.sleepers(&calls);
            let awake = |racer: &usize| calls[*racer].is_some() && !asleep[*racer];
            let taken = [0, 1].into_iter().find(awake)?;
            self.choices.push(Choice { taken, tried: [false; 2], asleep, calls });
        }
        let taken = self.choices[self.depth].taken;
        self.depth += 1;
        Some(taken)
    }

    /// Who need not go on now: that order was run already, and what was done since makes no difference
    /// to it.
    fn sleepers(&self, calls: &[Option<Call>; 2]) -> [bool; 2] {
        let mut asleep = [false; 2];
        if let Some(last) = self.choices.last()
            && let Some(done) = &last.calls[last.taken]
        {
            let other = 1 - last.taken;
            let slept = last.asleep[other] || last.tried[other];
            let same = calls[other] == last.calls[other];
            let apart = calls[other].as_ref().is_some_and(|call| independent(call, done));
            asleep[other] = slept && same && apart;
        }
        asleep
    }
}

/// Whether it makes no difference which of two calls comes first.
fn independent(one: &Call, other: &Call) -> bool {
    let reads = |call: &Call| matches!(call.operation.as_str(), "GetItem" | "Query");
    if reads(one) && reads(other) {
        return true;
    }
    if one.service != other.service {
        return true;
    }
    if one.service != "dynamodb" {
        return one.target != other.target;
    }
    // A query reads many items of its partition.
    let partition = |call: &Call| call.target.split(' ').next().unwrap_or_default().to_owned();
    match (one.operation.as_str(), other.operation.as_str()) {
        ("Query", _) | (_, "Query") => partition(one) != partition(other),
        _ => one.target != other.target,
    }
}

impl Sim {
    /// Runs a race in the next order, to the end of the two.
    ///
    /// # Errors
    /// [`Violation`].
    pub async fn race(&mut self, race: &Race, orders: &mut Orders) -> Held {
        for before in &race.before {
            match before {
                Before::Act(act) => self.act(act).await?,
                Before::Deliver(function) => self.deliver_to(function).await?,
                Before::Fire => self.fire().await?,
                Before::Fault(operation, fault) => self.hub.next(operation, *fault),
            }
        }
        let mut racers = [None; 2];
        for _ in 0..10_000 {
            for (racer, begun) in race.racers.iter().zip(&mut racers) {
                if begun.is_none() {
                    *begun = self.start(racer).await?;
                }
            }
            let calls = racers.map(|racer| racer.and_then(|id| self.hub.pending(id)));
            if calls.iter().all(Option::is_none) {
                return Ok(());
            }
            let Some(taken) = orders.choose(calls) else {
                for id in self.in_flight() {
                    self.finish(id).await?;
                }
                return Ok(());
            };
            if let Some(id) = racers[taken]
                && matches!(self.go_on(id, true).await?, Progress::Blocked)
            {
                return Err(broken("a racer stands still"));
            }
        }
        Err(Violation("a race without an end".to_owned()))
    }

    async fn deliver_to(&mut self, function: &str) -> Held {
        while let Some(delivery) = self.take_for(function)? {
            let id = self.begin_delivery(delivery);
            self.finish(id).await?;
        }
        Ok(())
    }

    /// The next delivery to a function, one message at a time.
    fn take_for(&mut self, function: &str) -> Held<Option<Delivery>> {
        let queue = if function == "deliver" { masa_stack::SEND_QUEUE } else { function };
        let ready = self.ready()?.into_iter().find(|ready| match ready {
            Ready::Stream { function: of, .. } | Ready::Rate { function: of } => of == function,
            Ready::Messages { queue: of, .. } => of == queue,
            Ready::Schedule { .. } => false,
        });
        let Some(mut ready) = ready else { return Ok(None) };
        if let Ready::Messages { ids, .. } = &mut ready {
            ids.truncate(1);
        }
        self.take(&ready)
    }

    /// The clock moves to the next schedule, which fires.
    async fn fire(&mut self) -> Held {
        let schedules = self.stack.aws.schedules().map_err(broken)?;
        let due = schedules.first().and_then(|(due, _)| *due);
        let due = due.ok_or_else(|| broken("no schedule stands"))?;
        self.stack.aws.set_clock(due).map_err(broken)?;
        for ready in self.ready()? {
            if matches!(ready, Ready::Schedule { .. }) {
                self.deliver(&ready).await?;
            }
        }
        Ok(())
    }

    /// Lets a racer come to its first call; nothing when it can't begin yet.
    async fn start(&mut self, racer: &Racer) -> Held<Option<u32>> {
        let who = |sim: &Self, who: &str| {
            sim.shop.contact(who).ok_or_else(|| broken("nobody has that name"))
        };
        let delivery = match racer {
            Racer::Request(act) => {
                let request = self.shop.request(act, self.now(), &self.mirror);
                let (function, request) = request.ok_or_else(|| broken("nothing to ask for"))?;
                let id = self.begin_request(function, request);
                self.go_on(id, false).await?;
                return Ok(Some(id));
            }
            Racer::Delivery(function) => self.take_for(function)?,
            Racer::Copy => {
                let Some((_, last)) = self.delivered.last().cloned() else { return Ok(None) };
                let body = last.event.pointer("/Records/0/body").and_then(Value::as_str);
                let queue = match last.function.as_str() {
                    "deliver" => masa_stack::SEND_QUEUE,
                    _ => masa_stack::WAKE_QUEUE,
                };
                let body = body.unwrap_or_default();
                self.stack.aws.enqueue(queue, body, 0).map_err(broken)?;
                self.take_for(&last.function)?
            }
            Racer::Overdue(name) => {
                self.wake(&json!({ "contact": who(self, name)?, "overdue": true }))?
            }
            Racer::Replay(name) => {
                let contact = who(self, name)?;
                let fact = self.mirror.facts.get(&contact).and_then(|facts| facts.first());
                let fact = fact.ok_or_else(|| broken("no fact is stored"))?.id;
                self.wake(&json!({ "contact": contact, "fact": fact }))?
            }
        };
        let Some(delivery) = delivery else { return Ok(None) };
        let id = self.begin_delivery(delivery);
        self.go_on(id, false).await?;
        Ok(Some(id))
    }

    /// Puts a job on the wake queue and takes it.
    fn wake(&mut self, job: &Value) -> Held<Option<Delivery>> {
        let queue = masa_stack::WAKE_QUEUE;
        self.stack.aws.enqueue(queue, &job.to_string(), 0).map_err(broken)?;
        let last = self.ready()?.into_iter().find_map(|ready| match ready {
            Ready::Messages { queue: of, ids } if of == queue => ids.last().cloned(),
            _ => None,
        });
        let ids = last.into_iter().collect();
        self.take(&Ready::Messages { queue: queue.to_owned(), ids })
    }
}
