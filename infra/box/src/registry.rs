//! Which function handles what.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use futures_util::future::BoxFuture;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{AwsBox, Error, filter, http::Route, queues::Queue};

/// A function as Lambda sees it: an event in JSON, an answer in JSON or an error.
pub type Handler = Arc<dyn Fn(Value) -> BoxFuture<'static, Result<Value, String>> + Send + Sync>;

/// Makes a [`Handler`] of a function with types: the event and the answer go through JSON as they do on Lambda.
pub fn handler<E, R, F, X>(function: impl Fn(E) -> F + Send + Sync + 'static) -> Handler
where
    E: DeserializeOwned,
    R: Serialize,
    X: fmt::Display,
    F: Future<Output = Result<R, X>> + Send + 'static,
{
    Arc::new(move |event| {
        let called = serde_json::from_value(event).map(&function);
        Box::pin(async move {
            let called =
                called.map_err(|error| format!("the event does not fit the function: {error}"))?;
            let answer = called.await.map_err(|error| error.to_string())?;
            serde_json::to_value(answer).map_err(|error| error.to_string())
        })
    })
}

/// Counts the invocations: each has a request id of its own.
static INVOCATIONS: AtomicU64 = AtomicU64::new(0);

/// Makes a [`Handler`] of one of Masa's functions.
pub fn function<F: masa_runtime::Function>(function: F) -> Handler {
    let function = Arc::new(function);
    handler(move |event| {
        let function = Arc::clone(&function);
        let invocation = format!("box-{}", INVOCATIONS.fetch_add(1, Ordering::Relaxed));
        async move { function.handle(event, &invocation).await }
    })
}

/// A table's stream as the source of a function's events: a Lambda event source mapping that reports partial
/// failures, bisects, and gives a record up after some tries so that it blocks nobody.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamSource {
    /// The table.
    pub table: String,
    /// Lambda filter patterns, any of which lets a record through; none lets all. The box knows equality and the
    /// operators `prefix`, `suffix`, `exists`, `anything-but` and `equals-ignore-case`.
    pub patterns: Vec<Value>,
    /// The most records of an invocation, at least 1.
    pub batch_size: usize,
    /// How often a single record may fail before it is given up, at least 1.
    pub max_attempts: u32,
    /// The queue that is told about a record given up.
    pub dead_letter_queue: Option<String>,
}

#[derive(Clone)]
pub(crate) struct StreamFunction {
    pub(crate) function: String,
    pub(crate) source: StreamSource,
    pub(crate) handler: Handler,
}

#[derive(Clone)]
pub(crate) struct QueueFunction {
    pub(crate) function: String,
    pub(crate) queue: Queue,
    pub(crate) batch_size: usize,
    pub(crate) handler: Handler,
}

#[derive(Clone)]
pub(crate) struct HttpFunction {
    pub(crate) function: String,
    pub(crate) routes: Vec<Route>,
    pub(crate) handler: Handler,
}

#[derive(Clone)]
pub(crate) struct RateFunction {
    pub(crate) function: String,
    /// Microseconds.
    pub(crate) every: i64,
    pub(crate) handler: Handler,
}

impl AwsBox {
    /// The names of the functions that are registered.
    #[must_use]
    pub fn functions(&self) -> BTreeSet<String> {
        self.0.registry().all().map(|(name, _)| name.clone()).collect()
    }
}

#[derive(Clone, Default)]
pub(crate) struct Registry {
    /// How systems outside AWS answer.
    pub(crate) systems: crate::systems::Answers,
    queues: BTreeMap<String, Queue>,
    pub(crate) streams: Vec<StreamFunction>,
    pub(crate) consumers: Vec<QueueFunction>,
    pub(crate) rates: Vec<RateFunction>,
    pub(crate) http: Vec<HttpFunction>,
    /// The queue that gets SES's events.
    pub(crate) ses_events: Option<String>,
}

impl Registry {
    pub(crate) fn queue(&self, name: &str) -> Option<&Queue> {
        self.queues.get(name)
    }

    pub(crate) fn queues(&self) -> impl Iterator<Item = &Queue> {
        self.queues.values()
    }

    fn all(&self) -> impl Iterator<Item = (&String, &Handler)> {
        let http = self.http.iter().map(|http| (&http.function, &http.handler));
        let queues = self.consumers.iter().map(|queue| (&queue.function, &queue.handler));
        let streams = self.streams.iter().map(|stream| (&stream.function, &stream.handler));
        let rates = self.rates.iter().map(|rate| (&rate.function, &rate.handler));
        http.chain(queues).chain(streams).chain(rates)
    }

    pub(crate) fn handler(&self, function: &str) -> Option<Handler> {
        let found = self.all().find(|(name, _)| *name == function);
        found.map(|(_, handler)| Arc::clone(handler))
    }

    pub(crate) fn add_queue(&mut self, queue: Queue) -> Result<(), Error> {
        let redrive = queue.redrive.as_ref();
        if let Some(redrive) =
            redrive.filter(|redrive| !self.queues.contains_key(&redrive.dead_letter_queue))
        {
            let missing = &redrive.dead_letter_queue;
            return Err(Error::Registration(format!(
                "add the queue {missing} before {}",
                queue.name
            )));
        }
        for consumer in &mut self.consumers {
            if consumer.queue.name == queue.name {
                consumer.queue = queue.clone();
            }
        }
        self.queues.insert(queue.name.clone(), queue);
        Ok(())
    }

    pub(crate) fn add_ses_events(&mut self, queue: &str) -> Result<(), Error> {
        if !self.queues.contains_key(queue) {
            return Err(Error::Registration(format!("add the queue {queue} first")));
        }
        self.ses_events = Some(queue.to_owned());
        Ok(())
    }

    /// A function that is registered again takes the place of its former self, in its place in the order.
    pub(crate) fn add_http(&mut self, function: HttpFunction) {
        match self.http.iter_mut().find(|other| other.function == function.function) {
            Some(former) => *former = function,
            None => self.http.push(function),
        }
    }

    pub(crate) fn add_rate(&mut self, function: RateFunction) {
        match self.rates.iter_mut().find(|other| other.function == function.function) {
            Some(former) => *former = function,
            None => self.rates.push(function),
        }
    }

    pub(crate) fn add_consumer(
        &mut self,
        function: &str,
        queue: &str,
        batch_size: usize,
        handler: Handler,
    ) -> Result<(), Error> {
        let queue = self.queue(queue).cloned();
        let queue =
            queue.ok_or_else(|| Error::Registration(format!("add {function}'s queue first")))?;
        let batch_size = batch_size.max(1);
        let function = QueueFunction { function: function.to_owned(), queue, batch_size, handler };
        match self.consumers.iter_mut().find(|other| other.queue.name == function.queue.name) {
            Some(former) => *former = function,
            None => self.consumers.push(function),
        }
        Ok(())
    }

    pub(crate) fn add_stream(&mut self, function: StreamFunction) -> Result<(), Error> {
        for pattern in &function.source.patterns {
            filter::check(pattern).map_err(Error::Registration)?;
        }
        let dead_letters = function.source.dead_letter_queue.as_ref();
        if let Some(missing) = dead_letters.filter(|name| !self.queues.contains_key(*name)) {
            return Err(Error::Registration(format!("add the queue {missing} first")));
        }
        match self.streams.iter_mut().find(|other| other.function == function.function) {
            Some(former) => *former = function,
            None => self.streams.push(function),
        }
        Ok(())
    }
}
