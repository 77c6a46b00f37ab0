//! What the functions asked of AWS, counted; and the one place where a call can be held up or made to fail.

use std::sync::{Mutex, PoisonError};

use futures_util::future::BoxFuture;

tokio::task_local! {
    /// The function that is being invoked in this task.
    static FUNCTION: String;
}

/// One AWS call, an SDK's retry counted as a call of its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Call {
    /// The function that made it; empty when it was made outside an invocation.
    pub function: String,
    /// `dynamodb`, `sqs`, `ses`, `sns`, `scheduler`, or `unknown`.
    pub service: &'static str,
    /// The operation as AWS names it, `PutItem`.
    pub operation: String,
    /// What it is about, for who reads a trace; never an address. Of `dynamodb` the key's `pk` and `sk`, of a query
    /// the index and the partition; of `sqs` the queue's name; of `scheduler` the schedule's; else empty.
    pub target: String,
}

/// Something that goes wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The connection breaks: the SDK sees an input/output error.
    Lost,
    /// The call times out.
    Timeout,
    /// AWS answers with this status and error code, in the shape of the service's protocol.
    Answer(u16, &'static str),
}

/// Stands between the SDK and the services: may wait, so that a driver decides the order of calls, or fail.
/// A crash is a future that never ends, which the driver drops.
pub trait Interceptor: Send + Sync {
    /// Runs before the service sees the call; an error means that it never does.
    fn before<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<(), Fault>>;
    /// Runs after the service has done it; an error takes the place of the answer.
    fn after<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<(), Fault>>;
}

/// Counts the AWS calls.
#[derive(Debug, Default)]
pub struct Meter(Mutex<Vec<Call>>);

/// The meter forgets its oldest half here, so that a box that nobody asks doesn't grow for ever.
const KEPT_CALLS: usize = 100_000;

impl Meter {
    /// The calls since the last `take`, in the order they arrived; of very many only the last 50,000 or more.
    pub fn take(&self) -> Vec<Call> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn record(&self, call: &Call) {
        let mut calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if calls.len() >= KEPT_CALLS {
            calls.drain(..KEPT_CALLS / 2);
        }
        calls.push(call.clone());
    }
}

/// Runs `future` in the name of `function`.
pub(crate) async fn in_function<F: Future>(function: &str, future: F) -> F::Output {
    FUNCTION.scope(function.to_owned(), future).await
}

/// The function that this task is invoking.
pub(crate) fn current_function() -> String {
    FUNCTION.try_with(Clone::clone).unwrap_or_default()
}
