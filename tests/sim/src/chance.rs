//! Histories by chance: what comes from outside, what is delivered, in which order, how often, at the
//! same time as what, and what goes wrong. All of it follows from one number.

use jiff::{SignedDuration, Timestamp};
use masa_box::{Delivery, Ready};
use masa_domain::{Flow, Kind, OnUnknown, Template};
use masa_stack::TABLE;

use crate::{
    mirror::Held,
    shop::Act,
    sim::{AGAIN_WITHIN, Progress, Sim, broken},
};

/// How many invocations run at the same time at most.
const AT_ONCE: usize = 3;
/// How long an invocation runs at most before it is killed: what Lambda would do, and less than a
/// claim's lease.
const RUNS_FOR: SignedDuration = SignedDuration::from_secs(25);
/// The customers.
const PEOPLE: [&str; 4] = ["noa", "dan", "bounce", "complaint"];

/// What is done in a history by chance.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tally {
    /// Acts from outside.
    pub acts: u64,
    /// Deliveries that came twice.
    pub again: u64,
    /// Invocations that were killed in the middle.
    pub killed: u64,
    /// Stray wakes and sends.
    pub strays: u64,
    /// Items that expired.
    pub expired: u64,
    /// The most invocations at the same time.
    pub at_once: u64,
}

/// Gives generated flows what it takes to be sent: templates, kinds, policies.
pub fn sendable(mut flows: Vec<Flow>, random: &mut fastrand::Rng) -> Vec<Flow> {
    for flow in &mut flows {
        flow.kind = if random.bool() { Kind::Marketing } else { Kind::Transactional };
        flow.on_unknown = match random.u8(0..4) {
            0 => Some(OnUnknown::Skip),
            1 => Some(OnUnknown::Resend),
            _ => None,
        };
        let template = Template {
            subject: "Hello".to_owned(),
            html: "<p><a href=\"https://shop.example/spring\">Look</a></p>".to_owned(),
            ..Template::default()
        };
        flow.templates.insert("hello".to_owned(), [("en".to_owned(), template)].into());
    }
    flows
}

struct Chance<'s> {
    sim: &'s mut Sim,
    random: fastrand::Rng,
    /// Since when an invocation runs.
    begun: Vec<(u32, Timestamp)>,
    /// What was delivered, and when.
    past: Vec<(Timestamp, Delivery)>,
    flows: Vec<Flow>,
    steps: Vec<String>,
    acts: u32,
    tally: Tally,
}

/// Plays a history of so many steps, heals, and checks.
///
/// # Errors
/// The first [`crate::Violation`].
pub async fn play(sim: &mut Sim, flows: Vec<Flow>, seed: u64, steps: u32) -> Held<Tally> {
    let mut random = fastrand::Rng::with_seed(seed);
    let per_mille = random.choice([0, 5, 20, 60, 150]).unwrap_or(0);
    sim.hub.chances(random.u64(..), per_mille);
    let names = flows.iter().flat_map(|flow| flow.steps.keys().cloned()).collect();
    let mut chance = Chance {
        sim,
        random,
        begun: Vec::new(),
        past: Vec::new(),
        flows,
        steps: names,
        acts: 0,
        tally: Tally::default(),
    };
    for _ in 0..steps {
        chance.step().await?;
    }
    chance.heal().await?;
    Ok(chance.tally)
}

impl Chance<'_> {
    async fn step(&mut self) -> Held {
        self.kill_the_late().await?;
        match self.random.u32(0..100) {
            0..12 => self.act().await,
            12..45 => self.deliver().await,
            45..80 => self.go_on().await,
            80..85 => self.again().await,
            85..88 => self.stray().await,
            88..90 => self.kill().await,
            90..91 => self.expire().await,
            _ => self.pass().await,
        }
    }

    fn is_full(&self) -> bool {
        self.sim.in_flight().len() >= AT_ONCE
    }

    fn note(&mut self, id: u32) {
        self.begun.push((id, self.sim.now()));
        self.tally.at_once = self.tally.at_once.max(self.sim.in_flight().len() as u64);
    }

    fn skew(&mut self) {
        self.sim.skew = SignedDuration::from_millis(self.random.i64(-2_000..=2_000));
    }

    /// Something comes from outside; its function runs on beside others.
    async fn act(&mut self) -> Held {
        if self.is_full() {
            return self.go_on().await;
        }
        self.acts += 1;
        let who = self.random.choice(PEOPLE).unwrap_or_default().to_owned();
        let step = self.random.choice(self.steps.iter()).cloned().unwrap_or_default();
        // Sometimes the store sends the same again.
        let number =
            if self.random.u8(0..5) == 0 { self.acts.saturating_sub(1) } else { self.acts };
        let act = match self.random.u32(0..20) {
            0..6 => {
                let lists = (0..3).filter(|_| self.random.bool());
                let lists = lists.map(|list| format!("list{list}")).collect();
                Act::Signup { id: format!("s{number}"), who, lists }
            }
            6..9 => Act::Purchase { order: format!("o{number}"), who },
            9..12 => {
                let name = format!("event{}", self.random.u8(0..2));
                Act::Event { id: format!("e{number}"), who, name }
            }
            12..15 => Act::Open { who, step },
            15..17 => Act::Click { who, step },
            17..18 if self.random.bool() => {
                Act::Refuse { id: format!("n{number}"), who, mails: self.random.bool() }
            }
            17..18 => Act::Unsubscribe { who },
            18..19 => Act::Form { who },
            _ => return self.republish().await,
        };
        let request = self.sim.shop.request(&act, self.sim.now(), &self.sim.mirror);
        let Some((function, request)) = request else { return Ok(()) };
        self.tally.acts += 1;
        self.skew();
        let id = self.sim.begin_request(function, request);
        self.note(id);
        self.sim.go_on(id, false).await?;
        Ok(())
    }

    /// One flow is published in another version: without its last steps' branches, or as it was.
    async fn republish(&mut self) -> Held {
        let Some(flow) = self.random.choice(self.flows.iter()).cloned() else { return Ok(()) };
        let mut changed = flow;
        changed.kind = if self.random.bool() { Kind::Marketing } else { Kind::Transactional };
        self.sim.publish(vec![changed]).await
    }

    async fn deliver(&mut self) -> Held {
        if self.is_full() {
            return self.go_on().await;
        }
        let ready = self.sim.ready()?;
        let Some(mut ready) = self.random.choice(ready) else { return self.go_on().await };
        match &mut ready {
            Ready::Messages { ids, .. } => {
                self.random.shuffle(ids);
                let some = self.random.usize(1..=ids.len().max(1));
                ids.truncate(some);
            }
            Ready::Stream { records, .. } => *records = self.random.usize(1..=(*records).max(1)),
            Ready::Schedule { .. } | Ready::Rate { .. } => {}
        }
        let Some(delivery) = self.sim.take(&ready)? else { return self.sim.look().await };
        self.past.push((self.sim.now(), delivery.clone()));
        self.begin(delivery).await
    }

    async fn begin(&mut self, delivery: Delivery) -> Held {
        self.skew();
        let id = self.sim.begin_delivery(delivery);
        self.note(id);
        self.sim.go_on(id, false).await?;
        Ok(())
    }

    /// One invocation makes one call.
    async fn go_on(&mut self) -> Held {
        let Some(id) = self.random.choice(self.sim.in_flight()) else { return Ok(()) };
        match self.sim.go_on(id, true).await? {
            Progress::Blocked => Err(broken("an invocation stands still")),
            Progress::Waiting | Progress::Done(_) | Progress::Died => Ok(()),
        }
    }

    /// Something that was delivered before is delivered again.
    async fn again(&mut self) -> Held {
        let now = self.sim.now();
        self.past.retain(|(at, _)| now.duration_since(*at) < AGAIN_WITHIN);
        if self.is_full() {
            return Ok(());
        }
        let Some((_, delivery)) = self.random.choice(self.past.iter()).cloned() else {
            return Ok(());
        };
        self.tally.again += 1;
        self.begin(delivery).await
    }

    /// A wake or a send of any generation of any run: a schedule that fires twice, or after it was
    /// deleted.
    async fn stray(&mut self) -> Held {
        let contacts = self.sim.mirror.contacts.values();
        let runs = contacts.flat_map(|contact| contact.runs.values().map(|run| (contact.id, run)));
        let runs: Vec<_> = runs.map(|(contact, run)| (contact, run.id, run.generation)).collect();
        let Some((contact, run, generation)) = self.random.choice(runs) else { return Ok(()) };
        // One of the present comes too early, which no schedule does.
        let generation = self.random.u32(0..=generation).min(generation.saturating_sub(1));
        self.tally.strays += 1;
        let body = match self.random.u8(0..3) {
            0 => serde_json::json!({ "contact": contact, "overdue": true }),
            _ => serde_json::json!({ "contact": contact, "run": run, "generation": generation }),
        };
        let wakes = masa_stack::WAKE_QUEUE;
        self.sim.stack.aws.enqueue(wakes, &body.to_string(), 0).map_err(broken)?;
        self.sim.look().await
    }

    async fn kill(&mut self) -> Held {
        let Some(id) = self.random.choice(self.sim.in_flight()) else { return Ok(()) };
        self.tally.killed += 1;
        self.sim.kill(id).await
    }

    async fn kill_the_late(&mut self) -> Held {
        let now = self.sim.now();
        let alive = self.sim.in_flight();
        self.begun.retain(|(id, _)| alive.contains(id));
        let late = self.begun.iter().filter(|(_, since)| now.duration_since(*since) >= RUNS_FOR);
        for id in late.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.tally.killed += 1;
            self.sim.kill(id).await?;
        }
        Ok(())
    }

    /// What has expired goes; sometimes that is everything but states and what stands in queues.
    async fn expire(&mut self) -> Held {
        if self.sim.in_flight().is_empty() && self.random.bool() {
            // No stream keeps a record as long as that.
            self.sim.settle().await?;
            // And no queue a message.
            let sends = self.sim.stack.aws.queue_depth(masa_stack::SEND_QUEUE).map_err(broken)?;
            if sends == 0 {
                self.sim.pass(SignedDuration::from_hours(401 * 24))?;
                // Nor does a shop send its last order again a year later.
                self.acts += 1;
            }
        }
        self.tally.expired += self.sim.stack.aws.expire(TABLE).map_err(broken)? as u64;
        self.sim.look().await
    }

    async fn pass(&mut self) -> Held {
        if !self.sim.in_flight().is_empty() {
            return self.sim.pass(SignedDuration::from_millis(self.random.i64(0..8_000)));
        }
        let now = self.sim.now();
        let next = self.sim.stack.aws.next_timed().map_err(broken)?;
        let span = match next.filter(|_| self.random.u8(0..4) > 0) {
            // A schedule fires within the minute, and sometimes late.
            Some(next) => {
                let late = self.random.choice([0, 0, 30, 59, 900]).unwrap_or(0);
                next.max(now).duration_since(now).saturating_add(SignedDuration::from_secs(late))
            }
            None => SignedDuration::from_secs(self.random.i64(0..7_200)),
        };
        self.sim.pass(span)
    }

    /// Nothing goes wrong any more; everything comes to its end.
    async fn heal(&mut self) -> Held {
        self.sim.hub.chances(0, 0);
        self.sim.skew = SignedDuration::ZERO;
        for id in self.sim.in_flight() {
            self.sim.finish(id).await?;
        }
        for _ in 0..40 {
            let month = self.sim.now().checked_add(SignedDuration::from_hours(30 * 24));
            self.sim.run_until(month.map_err(broken)?).await?;
            if self.sim.mirror.live().next().is_none() {
                break;
            }
        }
        self.sim.check_at_rest()
    }
}
