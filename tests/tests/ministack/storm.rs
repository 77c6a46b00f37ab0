//! Five hundred journeys while everything fails.
//!
//! For a minute and as long as the store still posts, at random:
//!
//! - **Function processes are killed** (SIGKILL): five times a second one of them, now and then all at once, idle or with
//!   a request or a batch in hand, at whatever point of it; every second time one of `deliver`.
//! - **Deliveries stop**: an event source mapping is switched off, and on again.
//! - **Deliveries overlap**: a queue hides what it handed out for one second, so that messages come again while their
//!   batch is still worked on.
//! - **Deliveries double**: waiting queue messages are copied.
//! - Afterwards **the stream is delivered again from its beginning**.
//!
//! MiniStack itself is not killed, and neither are its HTTP API, table, schedules and mail log: they stand for what AWS
//! promises. Schedules are late by up to ten seconds, of themselves. Where MiniStack does less than Lambda, the test
//! helps: batches of the stream are small, since a failed one is not halved, and what was handed out to who died comes
//! again after 20 seconds and not 180.
//!
//! What is hit differs from run to run, even for one seed (`STORM_SEED`), since the machine's timing does; what has to
//! hold afterwards does not.

use std::{
    collections::BTreeMap,
    env,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

use crate::{
    chaos::{self, Dice},
    ledger::{Expected, Ledger},
    signed::Webhook,
    stack::Stack,
};

const JOURNEYS: usize = 500;
/// How many connections the store posts by.
const CONNECTIONS: usize = 4;
/// The milliseconds between two signups of one connection, so that the journeys of the first readers are well under way
/// when the last ones sign up.
const PACE: u64 = 250;
/// How long the storm lasts at least.
const STORM: Duration = Duration::from_secs(60);
/// How many invocations die in the middle, at least, before it ends; fewer would show nothing.
const DEATHS: usize = 20;
/// How long it lasts at most.
const STORM_MAX: Duration = Duration::from_secs(120);
/// How long everything may take to come to rest: a claim's lease of 90 seconds, redeliveries, the wait and the second
/// letter, and, after a failure on top, a pause of minutes.
const REST: Duration = Duration::from_secs(600);

/// Where the readers live.
pub(crate) const DOMAIN: &str = "@example.com";

/// Lets the journeys run through the storm, and checks what they left.
pub(crate) fn nothing_twice_nothing_lost_nothing_stuck(stack: &Stack) {
    let start = now();
    let seed = seed();
    println!("storm: STORM_SEED={seed}");
    let (all, killed, troubles) = rage(stack, seed).unwrap();
    let deaths = deaths(stack);
    println!("storm: {:?}: killed {killed:?}; {deaths} invocations died", start.elapsed());
    println!("storm: {troubles:?}; {} mails so far", stack.aws.mails().unwrap().len());
    assert!(deaths >= DEATHS, "only {deaths} invocations died in the middle");

    chaos::replay_stream(stack).unwrap();
    // The stream is in order: what follows from this one shows that all before it came again.
    let last = Reader { number: JOURNEYS };
    last.sign_up(stack).unwrap();
    let all: Vec<_> = all.into_iter().chain([last.expected()]).collect();
    come_to_rest(stack, &all).unwrap();

    println!("storm: {:?}: at rest", start.elapsed());
    let counts = Ledger::read(stack, DOMAIN).unwrap().check(&all);
    println!("storm: {:?}: {counts:?}", start.elapsed());
}

type Raged = (Vec<Expected>, BTreeMap<String, u32>, chaos::Troubles);

/// Posts everything while the storm lasts.
fn rage(stack: &Stack, seed: u64) -> Result<Raged> {
    let start = now();
    let (stop, mut dice) = (AtomicBool::new(false), Dice::new(seed));
    let (first, second) = (Dice::new(dice.roll(0, u64::MAX)), Dice::new(dice.roll(0, u64::MAX)));
    thread::scope(|scope| {
        let killer = scope.spawn(|| chaos::kill_functions(stack, first, &stop));
        let troubler = scope.spawn(|| chaos::trouble_deliveries(stack, second, &stop));
        let stores: Vec<_> = (0..CONNECTIONS)
            .map(|connection| scope.spawn(move || keep_store(stack, connection)))
            .collect();
        let calm = || stores.iter().all(thread::ScopedJoinHandle::is_finished);
        while start.elapsed() < STORM_MAX
            && !(start.elapsed() > STORM && calm() && deaths(stack) >= DEATHS)
        {
            chaos::pause(500);
        }
        stop.store(true, Ordering::Relaxed);
        let mut all = Vec::new();
        for store in stores {
            all.extend(store.join().unwrap()?);
        }
        Ok((all, killer.join().unwrap()?, troubler.join().unwrap()?))
    })
}

/// Posts one connection's share: the signups with some orders, then the other orders.
fn keep_store(stack: &Stack, connection: usize) -> Result<Vec<Expected>> {
    let readers: Vec<_> = (0..JOURNEYS)
        .filter(|number| number % CONNECTIONS == connection)
        .map(|number| Reader { number })
        .collect();
    for reader in &readers {
        reader.sign_up(stack)?;
        if reader.buys_at_once() {
            reader.buy(stack)?;
        }
        chaos::pause(PACE);
    }
    for reader in readers.iter().filter(|reader| reader.buys() && !reader.buys_at_once()) {
        reader.buy(stack)?;
    }
    Ok(readers.iter().map(Reader::expected).collect())
}

/// One reader, who does what the number says.
struct Reader {
    number: usize,
}

impl Reader {
    fn email(&self) -> String {
        format!("reader-{}{DOMAIN}", self.number)
    }

    /// Whether the store posts the signup twice.
    fn is_told_twice(&self) -> bool {
        self.number % 7 == 1
    }

    /// Whether the reader signs up once more.
    fn comes_again(&self) -> bool {
        self.number % 11 == 2
    }

    fn buys(&self) -> bool {
        self.number % 5 == 3
    }

    fn buys_at_once(&self) -> bool {
        self.number % 10 == 3
    }

    fn is_advanced(&self) -> bool {
        self.number.is_multiple_of(2)
    }

    fn order(&self) -> Option<String> {
        self.buys().then(|| format!("storm-{}", self.number))
    }

    fn sign_up(&self, stack: &Stack) -> Result<()> {
        let body = json!({
            "email": self.email(),
            "language": "en",
            "lists": ["course"],
            "fields": { "level": if self.is_advanced() { "advanced" } else { "beginner" } },
            "consent": { "email": true, "text": "I agree" },
        });
        let told = Webhook::new("/hooks/signup", &format!("storm-{}", self.number), &body)?;
        tell(stack, &told)?;
        if self.is_told_twice() {
            ensure!(tell(stack, &told)?, "what was accepted is known from then on");
        }
        if self.comes_again() {
            let id = format!("storm-{}-again", self.number);
            tell(stack, &Webhook::new("/hooks/signup", &id, &body)?)?;
        }
        Ok(())
    }

    fn buy(&self, stack: &Stack) -> Result<()> {
        let body = json!({
            "order_id": self.order(), "email": self.email(), "currency": "ILS", "total": "40.00",
            "items": [{ "product_id": "tea", "quantity": 1, "price": "40.00" }],
        });
        for attempt in ["order", "order-again"] {
            let id = format!("storm-{}-{attempt}", self.number);
            let duplicate = tell(stack, &Webhook::new("/hooks/purchase", &id, &body)?)?;
            ensure!(duplicate || attempt == "order", "an order counts once");
        }
        Ok(())
    }

    fn expected(&self) -> Expected {
        let told = [true, self.comes_again(), self.buys()];
        Expected {
            email: self.email(),
            facts: told.into_iter().filter(|told| *told).count(),
            second: if self.is_advanced() { "advanced" } else { "beginner" },
            order: self.order(),
        }
    }
}

/// Posts until it is accepted, as a store does; returns whether it was known.
fn tell(stack: &Stack, webhook: &Webhook) -> Result<bool> {
    let mut last = String::new();
    for attempt in 0..100 {
        chaos::pause(20 * attempt.min(10));
        match webhook.send(stack) {
            Ok(answer) if answer.status == 200 => {
                let body: Value = serde_json::from_slice(&answer.body)?;
                ensure!(body["accepted"] == true, "{body}");
                return body["duplicate"].as_bool().context("not said whether it is a duplicate");
            }
            Ok(answer) if answer.status < 500 => bail!("refused: {}", answer.text()),
            Ok(answer) => last = answer.text(),
            Err(error) => last = format!("{error:#}"),
        }
    }
    bail!("not accepted in a hundred attempts: {last}")
}

/// Waits until every journey has ended and nothing is on its way.
fn come_to_rest(stack: &Stack, all: &[Expected]) -> Result<()> {
    let start = now();
    loop {
        let moves = moving(stack, all)?;
        if moves.is_empty() {
            return Ok(());
        }
        if start.elapsed() > REST {
            let shown = moves.iter().take(20).cloned().collect::<Vec<_>>().join("\n");
            bail!("{} things still move after {REST:?}, among them:\n{shown}", moves.len());
        }
        chaos::pause(2000);
    }
}

/// What is on its way, in words. The table is looked at when nothing else is.
fn moving(stack: &Stack, all: &[Expected]) -> Result<Vec<String>> {
    let mut moving = Vec::new();
    for queue in chaos::queues(stack)? {
        let input = json!({ "QueueUrl": queue, "AttributeNames": ["All"] });
        let mut count = chaos::sqs(stack, "GetQueueAttributes", &input)?;
        let count = count["Attributes"].take();
        let held = ["", "NotVisible", "Delayed"].map(|kind| {
            count[format!("ApproximateNumberOfMessages{kind}")].as_str().unwrap_or("?").to_owned()
        });
        if held.iter().all(|number| number == "0") {
            continue;
        }
        if queue.contains("DeadLetters") {
            bail!("dead letters in {queue}: {}", chaos::first_messages(stack, &queue)?);
        }
        moving.push(format!("{queue} holds {held:?}"));
    }
    let schedules = stack.aws.rest("scheduler", "GET", "/schedules?ScheduleGroup=masa", "")?;
    let schedules = schedules["Schedules"].as_array().map_or(0, Vec::len);
    if schedules > 0 {
        moving.push(format!("{schedules} schedules stand"));
    }
    if moving.is_empty() {
        moving = Ledger::read(stack, DOMAIN)?.live(all);
    }
    Ok(moving)
}

/// How many invocations died with their process.
fn deaths(stack: &Stack) -> usize {
    stack.log().matches("Runtime exited before returning a response").count()
}

#[expect(clippy::disallowed_methods, reason = "another seed each time, unless one is given")]
fn seed() -> u64 {
    let time = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    env::var("STORM_SEED").map_or_else(|_| time(), |seed| seed.parse().unwrap())
}

#[expect(clippy::disallowed_methods, reason = "the deployed stack lives in the machine's time")]
fn now() -> Instant {
    Instant::now()
}
