//! The driver: decides what is delivered next, lets invocations go on one AWS call at a time, and looks
//! after each step whether all holds.

use std::{
    collections::{BTreeMap, BTreeSet},
    future::Future,
    pin::Pin,
    sync::Arc,
};

use futures_util::poll;
use jiff::{SignedDuration, Timestamp};
use masa_box::{ClockMode, Delivery, HttpRequest, HttpResponse, Ready, skewed};
use masa_domain::{Flow, RunId};
use masa_stack::{Stack, TABLE};

use crate::{
    container::{CONTAINER, Slots},
    fault::{Fault, Plan},
    hub::{Hub, INVOCATION, Made},
    log,
    mirror::{Held, Mirror, Violation, must},
    shop::{Shop, settings},
};

/// When every simulation begins.
pub(crate) const DAWN: &str = "2026-03-01T08:00:00Z";
/// How often an invocation is polled without a step forward before it counts as standing still.
const SPINS: u32 = 500;
/// After so many deliveries a simulation goes round in circles.
const STEPS_MAX: u32 = 20_000;
/// How long a function may run: what a slow call costs.
const TIMEOUT: SignedDuration = SignedDuration::from_secs(30);

/// How late a stream or a queue hands something out again.
pub(crate) const AGAIN_WITHIN: SignedDuration = SignedDuration::from_hours(20);

/// Whether everything is delivered once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Echo {
    /// It is not.
    Never,
    /// At once.
    AtOnce,
    /// Whenever nothing else is to be done, for a day.
    Late,
}

/// What an invocation came to.
pub(crate) enum Outcome {
    /// A delivery was finished.
    Delivered,
    /// A request was answered.
    Answered(HttpResponse),
}

/// How far an invocation came.
pub(crate) enum Progress {
    /// To its next call.
    Waiting,
    /// To its end.
    Done(Outcome),
    /// It died.
    Died,
    /// To something that another invocation holds.
    Blocked,
}

/// An invocation in the middle.
struct Flight {
    id: u32,
    function: String,
    container: u32,
    future: Pin<Box<dyn Future<Output = Result<Outcome, masa_box::Error>>>>,
}

/// A simulation.
pub struct Sim {
    /// The functions, on the box.
    pub stack: Stack,
    /// The table, as its stream tells it.
    pub mirror: Mirror,
    pub(crate) shop: Shop,
    pub(crate) hub: Arc<Hub>,
    flights: Vec<Flight>,
    next: u32,
    /// How far each function's clock is off.
    pub(crate) skew: SignedDuration,
    /// The wakes and sends that were once under way, by run and generation.
    pub(crate) armed: BTreeSet<(RunId, u32)>,
    /// What was delivered and when, for who wants to deliver it again.
    pub(crate) delivered: Vec<(Timestamp, Delivery)>,
    /// Whether everything is delivered once more.
    pub echo: Echo,
    /// Whether a lost schedule or a dead letter is the test's own doing.
    pub(crate) losses: bool,
    deliveries: u64,
}

pub(crate) fn broken(error: impl std::fmt::Display) -> Violation {
    Violation(format!("the simulation itself: {error}"))
}

impl Sim {
    /// A simulation in which these flows are live and these faults will come.
    ///
    /// # Errors
    /// [`Violation`] when it can't be set up.
    pub async fn new(flows: Vec<Flow>, plan: Plan) -> Held<Self> {
        log::listen();
        let start = DAWN.parse().map_err(broken)?;
        let clock = ClockMode::Virtual(start);
        let stack = Stack::open_in(&Slots, None, clock, settings()).map_err(broken)?;
        stack.aws.keep_records();
        let hub = Hub::new(&stack.aws, plan);
        let shop = Shop::new();
        let mirror = Mirror::new(shop.contacts.clone());
        let mut sim = Self {
            stack,
            mirror,
            shop,
            hub,
            flights: Vec::new(),
            next: 1,
            skew: SignedDuration::ZERO,
            armed: BTreeSet::new(),
            delivered: Vec::new(),
            echo: Echo::Never,
            losses: false,
            deliveries: 0,
        };
        sim.publish(flows).await?;
        sim.stack.aws.set_interceptor(Some(Arc::clone(&sim.hub) as _));
        Ok(sim)
    }

    /// The clock.
    pub fn now(&self) -> Timestamp {
        self.stack.aws.clock().now()
    }

    /// All calls so far.
    pub fn made(&self) -> Vec<Made> {
        self.hub.made()
    }

    /// How many AWS calls the functions made.
    pub fn calls(&self) -> usize {
        self.hub.calls()
    }

    /// The faults that came.
    pub fn fired(&self) -> BTreeMap<Fault, u64> {
        self.hub.fired()
    }

    /// How many deliveries and requests there were.
    pub fn invocations(&self) -> u64 {
        self.deliveries
    }

    /// Begins an invocation, and lets it come to its first call.
    fn begin(
        &mut self,
        function: &str,
        future: impl Future<Output = Result<Outcome, masa_box::Error>> + 'static,
    ) -> u32 {
        let id = self.next;
        self.next += 1;
        self.deliveries += 1;
        let taken: BTreeSet<u32> = self
            .flights
            .iter()
            .filter(|flight| flight.function == function)
            .map(|flight| flight.container)
            .collect();
        let container = (0..).find(|slot| !taken.contains(slot)).unwrap_or_default();
        let future = skewed(self.skew, INVOCATION.scope(id, CONTAINER.scope(container, future)));
        let future = Box::pin(future);
        self.flights.push(Flight { id, function: function.to_owned(), container, future });
        id
    }

    pub(crate) fn begin_delivery(&mut self, delivery: Delivery) -> u32 {
        let aws = self.stack.aws.clone();
        let function = delivery.function.clone();
        self.begin(
            &function,
            async move { aws.deliver(delivery).await.map(|_| Outcome::Delivered) },
        )
    }

    pub(crate) fn begin_request(&mut self, function: &str, request: HttpRequest) -> u32 {
        let aws = self.stack.aws.clone();
        self.begin(function, async move { Ok(Outcome::Answered(aws.http(request).await)) })
    }

    /// The invocations that are in the middle.
    pub(crate) fn in_flight(&self) -> Vec<u32> {
        self.flights.iter().map(|flight| flight.id).collect()
    }

    /// Lets an invocation make one call, or come to its first.
    pub(crate) async fn go_on(&mut self, id: u32, permit: bool) -> Held<Progress> {
        if permit {
            self.hub.permit(id);
        }
        let flight = self.flights.iter_mut().find(|flight| flight.id == id);
        let Some(flight) = flight else { return Err(broken(format!("no invocation {id}"))) };
        for spin in 0..SPINS {
            if let std::task::Poll::Ready(outcome) = poll!(flight.future.as_mut()) {
                self.end(id).await?;
                return outcome.map(Progress::Done).map_err(broken);
            }
            if let Some(fault) = self.hub.died(id) {
                self.end(id).await?;
                if fault == Fault::Slow {
                    self.pass(TIMEOUT)?;
                }
                return Ok(Progress::Died);
            }
            // At the first poll it may not have taken its permit yet.
            if self.hub.is_waiting(id) && (spin > 0 || !permit) {
                self.look().await?;
                return Ok(Progress::Waiting);
            }
            tokio::task::yield_now().await;
        }
        Ok(Progress::Blocked)
    }

    async fn end(&mut self, id: u32) -> Held {
        self.flights.retain(|flight| flight.id != id);
        self.hub.ended(id);
        self.look().await
    }

    /// Kills an invocation in the middle.
    pub(crate) async fn kill(&mut self, id: u32) -> Held {
        self.end(id).await
    }

    /// Lets an invocation run to its end; nothing when it died.
    pub(crate) async fn finish(&mut self, id: u32) -> Held<Option<Outcome>> {
        loop {
            match self.go_on(id, true).await? {
                Progress::Waiting => {}
                Progress::Done(outcome) => return Ok(Some(outcome)),
                Progress::Died => return Ok(None),
                Progress::Blocked => return Err(broken("an invocation stands still")),
            }
        }
    }

    /// Takes and delivers something ready.
    pub(crate) async fn deliver(&mut self, ready: &Ready) -> Held {
        if let Some(delivery) = self.take(ready)? {
            let again = (self.echo == Echo::AtOnce).then(|| delivery.clone());
            for delivery in std::iter::once(delivery).chain(again) {
                let id = self.begin_delivery(delivery);
                self.finish(id).await?;
            }
        } else {
            self.look().await?;
        }
        Ok(())
    }

    pub(crate) fn take(&mut self, ready: &Ready) -> Held<Option<Delivery>> {
        let delivery = self.stack.aws.take(ready).map_err(broken)?;
        let now = self.now();
        self.delivered.extend(delivery.clone().map(|delivery| (now, delivery)));
        Ok(delivery)
    }

    pub(crate) fn ready(&self) -> Held<Vec<Ready>> {
        self.stack.aws.ready().map_err(broken)
    }

    /// Sends a request, and again while it is not answered as a store would have it. The function is
    /// for the trace.
    pub(crate) async fn request(&mut self, function: &str, request: &HttpRequest) -> Held<u16> {
        for _ in 0..8 {
            let id = self.begin_request(function, request.clone());
            if let Some(Outcome::Answered(response)) = self.finish(id).await?
                && response.status < 500
            {
                return Ok(response.status);
            }
        }
        Err(Violation(format!("{} {} is never answered", request.method, request.path)))
    }

    /// Moves the clock.
    pub(crate) fn pass(&mut self, span: SignedDuration) -> Held {
        let target = self.now().checked_add(span).map_err(broken)?;
        self.stack.aws.set_clock(target).map_err(broken)
    }

    /// Delivers what is ready, in order, until nothing is; time stands still.
    ///
    /// # Errors
    /// [`Violation`].
    pub async fn settle(&mut self) -> Held {
        for _ in 0..STEPS_MAX {
            let Some(ready) = self.ready()?.into_iter().next() else { return Ok(()) };
            self.deliver(&ready).await?;
        }
        Err(Violation("the functions go round in circles".to_owned()))
    }

    /// Delivers everything up to a moment, in its time.
    ///
    /// # Errors
    /// [`Violation`].
    pub async fn run_until(&mut self, until: Timestamp) -> Held {
        for _ in 0..STEPS_MAX {
            self.settle().await?;
            if self.echo == Echo::Late {
                self.repeat().await?;
            }
            self.check_all_under_way()?;
            let next = self.stack.aws.next_timed().map_err(broken)?;
            let stop = match next.filter(|next| *next <= until) {
                Some(next) => next,
                // The sweeper alone may still have something to do.
                None => match self.next_sweep().filter(|next| *next <= until) {
                    Some(next) => next,
                    None => break,
                },
            };
            self.stack.aws.set_clock(stop).map_err(broken)?;
        }
        self.stack.aws.set_clock(until).map_err(broken)?;
        self.settle().await
    }

    /// Delivers once more what was delivered within a day, as a stream or queue might.
    async fn repeat(&mut self) -> Held {
        let now = self.now();
        self.delivered.retain(|(at, _)| now.duration_since(*at) < AGAIN_WITHIN);
        for (_, delivery) in self.delivered.clone() {
            let id = self.begin_delivery(delivery);
            self.finish(id).await?;
        }
        self.settle().await
    }

    /// When the next overdue run or lost date is found.
    fn next_sweep(&self) -> Option<Timestamp> {
        let hour = SignedDuration::from_hours(1);
        let lost = |contact: &masa_domain::Contact| contact.look_at?.checked_add(hour).ok();
        let contacts = self.mirror.contacts.values();
        let due = contacts.flat_map(|contact| [contact.due(), lost(contact)]).flatten().min()?;
        let later = due.max(self.now()).checked_add(SignedDuration::from_mins(15));
        later.ok()
    }

    /// Publishes flows.
    pub(crate) async fn publish(&mut self, flows: Vec<Flow>) -> Held {
        self.stack.store.publish(&self.shop.publication(flows)).await.map_err(broken)?;
        let catalogue = self.stack.store.catalogue().await.map_err(broken)?;
        for (name, live) in catalogue.flows {
            let flow = self.stack.store.flow(&name, live.version).await.map_err(broken)?;
            let flow = flow.ok_or_else(|| broken("a published flow is gone"))?;
            self.mirror.flows.insert((name, live.version), flow);
        }
        Ok(())
    }

    /// Reads what happened since, and checks it.
    pub(crate) async fn look(&mut self) -> Held {
        let aws = &self.stack.aws;
        let records = aws.records(TABLE, &self.mirror.position).map_err(broken)?;
        self.mirror.read(records, self.hub.take_acceptances())?;
        if self.flights.is_empty() {
            self.check_ways_forward()?;
        }
        must(log::personal().is_none(), || {
            format!("a line of the log tells who somebody is: {:?}", log::personal())
        })
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        self.flights.clear();
        self.stack.aws.set_interceptor(None);
        self.hub.release();
    }
}
