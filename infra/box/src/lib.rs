//! AWS in one process, for Masa: the services it uses behind the SDK's HTTP connector, and the functions fed as
//! Lambda feeds them.
//!
//! What it models: `DynamoDB` with conditions, transactions, an index and streams (by dynoxide), SQS with delays,
//! visibility timeouts and dead letters, SES version 2 with its events, SNS, both with an outbox, one-time schedules and
//! rates of `EventBridge` Scheduler, HTTP API events, stream and queue batches with partial failures and redelivery.
//! The real SDK clients talk to it through [`AwsBox::sdk_config`]; nothing else is swapped. State survives the death of
//! the process at any moment. What is delivered next, when, and what dies on the way, a caller may choose himself
//! ([`AwsBox::ready`], [`AwsBox::take`], [`AwsBox::deliver`], [`skewed`]).
//!
//! # Divergences
//! - **No IAM, no quotas, no throttling, no cold starts, no time limits.** Faults come from an [`Interceptor`] only.
//! - `DynamoDB` reads are always consistent, of the index too; there is no `TransactionConflict`; a stream has one
//!   shard; a request token is remembered by the system's clock and forgotten at a restart; items past their TTL stay
//!   until [`AwsBox::expire`]; ARNs in `DescribeTable` name the region `dynoxide`.
//! - A stream record lives until every registered consumer has had it, not 24 hours. Retries come at once. The count
//!   of tries starts again with the process, and leaves out an invocation that died. On virtual time a record was
//!   created when it is handed over.
//! - A failed queue message waits out its visibility timeout, or the one that was set since. `ReceiveMessage` never
//!   waits for messages; a visibility timeout may be prolonged beyond twelve hours in all. A handle of an older receive
//!   is refused, or deletes nothing (AWS: sometimes); but an invocation that ends well after its message was received
//!   again deletes it. There is no FIFO, no retention limit and no checksum of attributes. Messages that a dead process
//!   had in hand are visible at once.
//! - Schedules: `at(...)` in UTC to a queue only; they fire exactly when due (AWS: within 60 s), once (AWS: at least
//!   once); one in the past fires at once; a missing target is a dead letter at once, without retries.
//! - Rates: ticks are multiples of the rate since 1970 (AWS: counted from the schedule's creation); a failed one is
//!   tried again at once (Lambda: after one minute and two). On the way of [`AwsBox::advance_to`] several ticks between
//!   two other stops are one, the last: years pass in milliseconds. The same after a restart.
//! - SES takes Simple content and one recipient, verifies no sender and limits nothing. Its events `Send`, `Delivery`,
//!   `Bounce` and `Complaint` come at once, once and in order, and to a queue only. SNS publishes to phone numbers only.
//! - HTTP: no size limits, no CORS, no throttling; a path is not normalised.
//! - [`AwsBox::settle`], [`AwsBox::advance_to`] and [`AwsBox::run`] deliver one thing at a time, the oldest first; only
//!   HTTP requests, and what a caller delivers himself, run at once. Nothing is delivered twice unless he does that.

mod answer;
mod clock;
mod connector;
mod delivery;
mod dynamo;
mod filter;
mod http;
mod meter;
mod outbox;
mod pump;
mod queues;
mod rates;
mod received;
mod registry;
mod scheduler;
mod ses;
mod ses_events;
mod sns;
mod sqs;
mod state;
mod streams;
mod systems;
mod table;
mod target;

use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
};

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_smithy_runtime_api::client::{
    behavior_version::BehaviorVersion, stalled_stream_protection::StalledStreamProtectionConfig,
};
use aws_smithy_types::retry::RetryConfig;
use aws_types::{SdkConfig, region::Region};
use jiff::Timestamp;
use serde_json::Value;

pub use crate::{
    clock::{BoxClock, ClockMode, skewed},
    delivery::{Delivery, Ready},
    http::{HttpRequest, HttpResponse},
    meter::{Call, Fault, Interceptor, Meter},
    pump::Settled,
    queues::{Queue, Redrive},
    registry::{Handler, StreamSource, function, handler},
};
use crate::{
    connector::Connector,
    dynamo::Dynamo,
    http::Route,
    registry::{HttpFunction, Registry, StreamFunction},
    state::State,
    streams::StreamTurns,
};

/// The region of the box.
pub const REGION: &str = "us-east-1";
/// The account of the box.
pub const ACCOUNT: &str = "000000000000";

/// Why the box could not do something. None of these is an answer of AWS.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The data folder can't be made or read.
    #[error("the data folder: {0}")]
    Folder(#[from] std::io::Error),
    /// Another process has the data folder open.
    #[error("the data folder is in use by another process: stop it, or give another folder")]
    InUse,
    /// The state database failed.
    #[error("the box's state")]
    State(#[from] rusqlite::Error),
    /// The table's database failed.
    #[error("the box's table")]
    Table(#[from] dynoxide::DynoxideError),
    /// Something that the box stored does not read back.
    #[error("the box's state is broken: {0}")]
    Broken(String),
    /// Queues, routes or filters don't fit together.
    #[error("{0}")]
    Registration(String),
}

impl Error {
    /// An error while opening: a lock is another process.
    fn opening(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => {
                Self::InUse
            }
            _ => Self::State(error),
        }
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::Broken(error.to_string())
    }
}

/// The box. Clones are the same box; it ends when the last one is dropped, whatever clients are left.
#[derive(Clone)]
pub struct AwsBox(Arc<Inner>);

pub(crate) struct Inner {
    clock: BoxClock,
    clock_key: &'static str,
    dynamo: Dynamo,
    state: Mutex<State>,
    registry: RwLock<Arc<Registry>>,
    meter: Meter,
    interceptor: RwLock<Option<Arc<dyn Interceptor>>>,
    streams: Mutex<StreamTurns>,
    /// Functions with one reader of their source that are being invoked.
    busy: Mutex<Vec<String>>,
    /// Held by whoever delivers all that comes.
    turn: tokio::sync::Mutex<()>,
    /// Told when a call may have made something ready.
    changed: tokio::sync::Notify,
}

impl Inner {
    /// Never held across an await.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// As [`Inner::state`].
    fn busy_functions(&self) -> MutexGuard<'_, Vec<String>> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn registry(&self) -> Arc<Registry> {
        Arc::clone(&self.registry.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn interceptor(&self) -> Option<Arc<dyn Interceptor>> {
        self.interceptor.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn register(
        &self,
        change: impl FnOnce(&mut Registry) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut registry = self.registry.write().unwrap_or_else(PoisonError::into_inner);
        change(Arc::make_mut(&mut registry))
    }
}

impl AwsBox {
    /// Opens the box kept in a folder, which is made when it is missing, or a new one in memory.
    ///
    /// # Errors
    /// [`Error::InUse`] when another process has the folder; [`Error::Folder`], [`Error::State`] or [`Error::Table`]
    /// when it can't be read.
    pub fn open(data: Option<&Path>, clock: ClockMode) -> Result<Self, Error> {
        if let Some(folder) = data {
            std::fs::create_dir_all(folder)?;
        }
        let file = |name: &str| data.map(|folder| folder.join(name));
        // The state first: its lock keeps a second process away from both files.
        let state = State::open(file("box.sqlite").as_deref())?;
        let dynamo = Dynamo::open(file("dynamodb.sqlite").as_deref())?;
        let clock_key = BoxClock::key(clock);
        let clock = BoxClock::new(clock, state.number(clock_key)?);
        state.keep_number(clock_key, clock.kept())?;
        state.recover(clock.micros())?;
        Ok(Self(Arc::new(Inner {
            clock,
            clock_key,
            dynamo,
            state: Mutex::new(state),
            registry: RwLock::default(),
            meter: Meter::default(),
            interceptor: RwLock::default(),
            streams: Mutex::default(),
            busy: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
            changed: tokio::sync::Notify::new(),
        })))
    }

    /// The configuration for the SDK clients: the one seam.
    #[must_use]
    pub fn sdk_config(&self) -> SdkConfig {
        let credentials = Credentials::from_keys("box", "box", None);
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static(REGION))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(Connector(Arc::downgrade(&self.0)))
            .retry_config(RetryConfig::standard())
            // Nothing streams here, and a watch on throughput would only read the clock.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .time_source(self.0.clock.clone())
            .sleep_impl(self.0.clock.clone())
            .build()
    }

    /// Builds one of Masa's functions on this box: its clients, its clock, these settings.
    ///
    /// # Errors
    /// What the function's `new` says is missing.
    pub fn build<F: masa_runtime::Function>(
        &self,
        config: &masa_runtime::Config,
    ) -> Result<Handler, masa_runtime::Missing> {
        F::new(&self.sdk_config(), config, self.clock().into()).map(function)
    }

    /// The box's clock.
    #[must_use]
    pub fn clock(&self) -> BoxClock {
        self.0.clock.clone()
    }

    /// The count of AWS calls.
    #[must_use]
    pub fn meter(&self) -> &Meter {
        &self.0.meter
    }

    /// Puts something between the SDK and the services, or takes it away.
    pub fn set_interceptor(&self, interceptor: Option<Arc<dyn Interceptor>>) {
        *self.0.interceptor.write().unwrap_or_else(PoisonError::into_inner) = interceptor;
    }

    /// Adds a queue, or changes how it behaves. Its messages are kept whether it is added or not.
    ///
    /// # Errors
    /// [`Error::Registration`] when its queue for dead letters is not added yet.
    pub fn add_queue(&self, queue: Queue) -> Result<(), Error> {
        self.0.register(|registry| registry.add_queue(queue))
    }

    /// Gives requests to a function, by route keys such as `POST /hooks/signup`, `ANY /c/{token}`, `GET /x/{all+}`.
    /// A function registered again, here or below, takes the place of its former self.
    ///
    /// # Errors
    /// [`Error::Registration`] for a route key that is none.
    pub fn on_http(&self, function: &str, routes: &[&str], handler: Handler) -> Result<(), Error> {
        let routes = routes.iter().map(|key| Route::parse(key)).collect::<Result<_, _>>()?;
        self.0.register(|registry| {
            registry.add_http(HttpFunction { function: function.to_owned(), routes, handler });
            Ok(())
        })
    }

    /// Gives a queue's messages to a function, at most `batch_size` at once.
    ///
    /// # Errors
    /// [`Error::Registration`] when the queue is not added yet.
    pub fn on_queue(
        &self,
        function: &str,
        queue: &str,
        batch_size: usize,
        handler: Handler,
    ) -> Result<(), Error> {
        self.0.register(|registry| registry.add_consumer(function, queue, batch_size, handler))
    }

    /// Gives a table's stream to a function. Each function has its own place in the stream, kept under its name.
    ///
    /// # Errors
    /// [`Error::Registration`] for a filter that the box doesn't know, or a queue that is not added yet.
    pub fn on_stream(
        &self,
        function: &str,
        source: StreamSource,
        handler: Handler,
    ) -> Result<(), Error> {
        let function = StreamFunction { function: function.to_owned(), source, handler };
        self.0.register(|registry| registry.add_stream(function))
    }

    /// Answers a request as API Gateway and Lambda would; no route is a 404, a failed function a 500.
    pub async fn http(&self, request: HttpRequest) -> HttpResponse {
        let registry = self.0.registry();
        let Some((function, event)) = http::route(&registry, &request, &self.0.clock) else {
            return HttpResponse::gateway(404, "Not Found");
        };
        match pump::invoke(&function.function, &function.handler, event).await {
            Ok(answer) => http::response(&answer),
            Err(_) => HttpResponse::gateway(500, "Internal Server Error"),
        }
    }

    /// Hands an event to a registered function, as a test or a simulation likes; nothing else is touched.
    ///
    /// # Errors
    /// What the function answered, or that there is no such function.
    pub async fn invoke(&self, function: &str, event: Value) -> Result<Value, String> {
        let handler = self.0.registry().handler(function);
        let handler = handler.ok_or_else(|| format!("no function {function}"))?;
        pump::invoke(function, &handler, event).await
    }

    /// The URL of a queue.
    #[must_use]
    pub fn queue_url(&self, name: &str) -> String {
        sqs::queue_url(name)
    }

    /// The ARN of a queue.
    #[must_use]
    pub fn queue_arn(&self, name: &str) -> String {
        sqs::queue_arn(name)
    }

    /// What SES and SNS accepted, oldest first: `id`, `channel`, `to`, `from`, `subject`, `html`, `text`, `headers`,
    /// `flow`, `step`, `sent_at`, and the tags or attributes.
    ///
    /// # Errors
    /// When the state can't be read.
    pub fn outbox(&self) -> Result<Vec<Value>, Error> {
        self.0.state().sent()
    }

    /// How many messages SES and SNS accepted.
    ///
    /// # Errors
    /// When the state can't be read.
    pub fn outbox_len(&self) -> Result<u64, Error> {
        self.0.state().sent_count()
    }

    /// The schedules as `GetSchedule` gives them, first due first; without an instant when it fired or is disabled.
    ///
    /// # Errors
    /// When the state can't be read.
    pub fn schedules(&self) -> Result<Vec<(Option<Timestamp>, Value)>, Error> {
        let schedules = self.0.state().schedules()?;
        let timed = schedules.into_iter();
        timed.map(|(due, spec)| Ok((due.map(clock::timestamp).transpose()?, spec))).collect()
    }

    /// The messages of a queue, visible or not, as SQS event records: for queues of dead letters.
    ///
    /// # Errors
    /// When the state can't be read.
    pub fn messages(&self, queue: &str) -> Result<Vec<Value>, Error> {
        let messages = self.0.state().messages(queue)?;
        messages.iter().map(|message| pump::queue_record(queue, message)).collect()
    }

    /// How many messages a queue holds, visible or not.
    ///
    /// # Errors
    /// When the state can't be read.
    pub fn queue_depth(&self, queue: &str) -> Result<u64, Error> {
        self.0.state().depth(queue)
    }
}
