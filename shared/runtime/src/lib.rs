//! What every function shares: configuration, clock, SDK set-up, HTTP and batch helpers.
//!
//! A function is a [`Function`]: built once from the SDK's configuration, its settings and a
//! clock, then handed events. [`run`] is what a Lambda binary does with it; the box does the same
//! with its own connector and clock. That configuration is the one seam between the two.

mod batch;
mod clock;
mod config;
pub mod http;
mod sdk;

use std::future::Future;

use lambda_runtime::{LambdaEvent, service_fn};
use serde::{Serialize, de::DeserializeOwned};

pub use batch::{chain, stream_batch};
pub use clock::Clock;
pub use config::{Config, Missing};
pub use sdk::{call_error, sdk_config};

/// Why an invocation failed as a whole; the text never holds an address.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// One Lambda function.
pub trait Function: Sized + Send + Sync + 'static {
    /// What it is invoked with.
    type Event: DeserializeOwned + Send;
    /// What it answers.
    type Answer: Serialize;

    /// Builds the function.
    ///
    /// # Errors
    /// [`Missing`] when a setting that it needs is absent or unusable.
    fn new(sdk: &aws_types::SdkConfig, config: &Config, clock: Clock) -> Result<Self, Missing>;

    /// Handles one event. `invocation` names this handling of it and no other, also when Lambda
    /// hands the same event out twice.
    ///
    /// # Errors
    /// When the whole event has to be delivered again.
    fn handle(
        &self,
        event: Self::Event,
        invocation: &str,
    ) -> impl Future<Output = Result<Self::Answer, Error>> + Send;
}

/// Runs `F` as a Lambda function until the environment is closed.
///
/// # Errors
/// When the configuration is incomplete, or Lambda's runtime interface fails.
pub async fn run<F: Function>() -> Result<(), Error> {
    lambda_runtime::tracing::init_default_subscriber();
    let config = Config::from_env();
    let sdk = sdk_config(&config)?;
    let function = F::new(&sdk, &config, Clock::system())?;
    let function = &function;
    lambda_runtime::run(service_fn(async move |event: LambdaEvent<F::Event>| {
        function.handle(event.payload, &event.context.request_id).await
    }))
    .await
}
