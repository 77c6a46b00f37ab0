//! Stands at every AWS call of every invocation: counts it, holds it until it may go on, and makes it
//! go wrong where the plan says so.

use std::{
    collections::BTreeMap,
    future::{pending, poll_fn},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Poll,
};

use futures_util::future::BoxFuture;
use masa_box::{AwsBox, Call, Fault as Answer, Interceptor};
use masa_stack::TABLE;

use crate::fault::{Fault, Plan};

tokio::task_local! {
    /// The invocation that makes the call.
    pub(crate) static INVOCATION: u32;
}

/// How many tries the SDK has.
const TRIES: u32 = 3;

/// A call that was made.
#[derive(Debug, Clone)]
pub struct Made {
    /// By which invocation.
    pub invocation: u32,
    /// What it was.
    pub call: Call,
    /// What went wrong with it.
    pub fault: Option<Fault>,
}

/// SES or SNS took a message.
#[derive(Debug, Clone)]
pub(crate) struct Acceptance {
    /// The key of the message that this invocation had claimed last: `C#… M#…`.
    pub(crate) claimed: String,
    /// The newest record of the table's stream at that moment.
    pub(crate) head: String,
}

/// Random faults.
struct Chances {
    random: fastrand::Rng,
    /// Of a thousand calls so many go wrong.
    per_mille: u32,
}

#[derive(Default)]
struct Inner {
    made: Vec<Made>,
    plan: Plan,
    /// What comes over the next call of an operation, once.
    next: Option<(&'static str, Fault)>,
    chances: Option<Chances>,
    /// A fault that goes on, for how many more tries of the same call.
    lasting: BTreeMap<u32, (Call, Fault, u32)>,
    /// What happens to the call that an invocation has in hand, once it is done.
    after: BTreeMap<u32, Fault>,
    /// Invocations that may make so many calls.
    permits: BTreeMap<u32, u32>,
    waiting: BTreeMap<u32, Call>,
    dead: BTreeMap<u32, Fault>,
    fired: BTreeMap<Fault, u64>,
    accepted: u64,
    acceptances: Vec<Acceptance>,
    aws: Option<AwsBox>,
}

/// The interceptor of the simulation.
#[derive(Default)]
pub(crate) struct Hub(Mutex<Inner>);

impl Hub {
    pub(crate) fn new(aws: &AwsBox, plan: Plan) -> Arc<Self> {
        let inner = Inner { plan, aws: Some(aws.clone()), ..Inner::default() };
        Arc::new(Self(Mutex::new(inner)))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets go of the box, which holds this.
    pub(crate) fn release(&self) {
        self.inner().aws = None;
    }

    pub(crate) fn permit(&self, invocation: u32) {
        *self.inner().permits.entry(invocation).or_default() += 1;
    }

    pub(crate) fn is_waiting(&self, invocation: u32) -> bool {
        self.inner().waiting.contains_key(&invocation)
    }

    /// The call before which an invocation waits.
    pub(crate) fn pending(&self, invocation: u32) -> Option<Call> {
        self.inner().waiting.get(&invocation).cloned()
    }

    /// What an invocation died of.
    pub(crate) fn died(&self, invocation: u32) -> Option<Fault> {
        self.inner().dead.get(&invocation).copied()
    }

    /// Forgets what it knew of an invocation that is over.
    pub(crate) fn ended(&self, invocation: u32) {
        let mut inner = self.inner();
        inner.permits.remove(&invocation);
        inner.waiting.remove(&invocation);
        inner.lasting.remove(&invocation);
        inner.after.remove(&invocation);
    }

    pub(crate) fn made(&self) -> Vec<Made> {
        self.inner().made.clone()
    }

    pub(crate) fn calls(&self) -> usize {
        self.inner().made.len()
    }

    pub(crate) fn fired(&self) -> BTreeMap<Fault, u64> {
        self.inner().fired.clone()
    }

    pub(crate) fn take_acceptances(&self) -> Vec<Acceptance> {
        std::mem::take(&mut self.inner().acceptances)
    }

    /// The next call of `operation` goes wrong.
    pub(crate) fn next(&self, operation: &'static str, fault: Fault) {
        self.inner().next = Some((operation, fault));
    }

    /// From now on so many of a thousand calls go wrong; none at 0.
    pub(crate) fn chances(&self, seed: u64, per_mille: u32) {
        let random = fastrand::Rng::with_seed(seed);
        self.inner().chances = (per_mille > 0).then_some(Chances { random, per_mille });
    }
}

impl Inner {
    fn fault(&mut self, invocation: u32, call: &Call) -> Option<Fault> {
        if let Some((same, fault, left)) = self.lasting.get_mut(&invocation) {
            if same == call && *left > 0 {
                *left -= 1;
                return Some(*fault);
            }
            self.lasting.remove(&invocation);
        }
        let next = self.next.take_if(|(operation, _)| *operation == call.operation);
        let planned = self.plan.0.get(&self.made.len()).copied().or(next.map(|(_, fault)| fault));
        let fault = planned.or_else(|| self.chances.as_mut()?.draw())?;
        if !fault.fits(call) {
            return None;
        }
        *self.fired.entry(fault).or_default() += 1;
        if fault.lasts() {
            self.lasting.insert(invocation, (call.clone(), fault, TRIES - 1));
        }
        Some(fault)
    }

    /// Notes that a message was taken, if one was.
    fn note_acceptance(&mut self, invocation: u32) {
        let Some(aws) = self.aws.clone() else { return };
        let accepted = aws.outbox_len().unwrap_or_default();
        if accepted > self.accepted {
            self.accepted = accepted;
            let own = self.made.iter().rev().filter(|made| made.invocation == invocation);
            let mut claimed = own.filter(|made| made.call.target.contains(" M#"));
            let claimed = claimed.next().map(|made| made.call.target.clone()).unwrap_or_default();
            let head = aws.stream_head(TABLE).unwrap_or_default();
            self.acceptances.push(Acceptance { claimed, head });
        }
    }
}

impl Chances {
    fn draw(&mut self) -> Option<Fault> {
        if self.random.u32(0..1000) >= self.per_mille {
            return None;
        }
        self.random.choice(Fault::ALL)
    }
}

impl Interceptor for Hub {
    fn before<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<(), Answer>> {
        Box::pin(async move {
            let Ok(invocation) = INVOCATION.try_with(|id| *id) else { return Ok(()) };
            // The driver polls whom it lets go on; nobody has to be woken.
            poll_fn(|_| {
                let mut inner = self.inner();
                match inner.permits.get_mut(&invocation).filter(|permits| **permits > 0) {
                    Some(permits) => {
                        *permits -= 1;
                        inner.waiting.remove(&invocation);
                        Poll::Ready(())
                    }
                    None => {
                        inner.waiting.insert(invocation, call.clone());
                        Poll::Pending
                    }
                }
            })
            .await;
            let fault = {
                let mut inner = self.inner();
                let fault = inner.fault(invocation, call);
                inner.made.push(Made { invocation, call: call.clone(), fault });
                inner.after.remove(&invocation);
                if fault == Some(Fault::CrashBefore) {
                    inner.dead.insert(invocation, Fault::CrashBefore);
                } else if let Some(fault) = fault {
                    inner.after.insert(invocation, fault);
                }
                fault
            };
            match fault {
                Some(Fault::CrashBefore) => pending().await,
                Some(fault) => fault.instead(call).map_or(Ok(()), Err),
                None => Ok(()),
            }
        })
    }

    fn after<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<(), Answer>> {
        Box::pin(async move {
            let Ok(invocation) = INVOCATION.try_with(|id| *id) else { return Ok(()) };
            let fault = {
                let mut inner = self.inner();
                if matches!(call.service, "ses" | "sns" | "system") {
                    inner.note_acceptance(invocation);
                }
                let fault = inner.after.remove(&invocation);
                if let Some(fault @ (Fault::CrashAfter | Fault::Slow)) = fault {
                    inner.dead.insert(invocation, fault);
                }
                fault
            };
            match fault {
                Some(Fault::CrashAfter | Fault::Slow) => pending().await,
                Some(fault) => fault.afterwards(call).map_or(Ok(()), Err),
                None => Ok(()),
            }
        })
    }
}
