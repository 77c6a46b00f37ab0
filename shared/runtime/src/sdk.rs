//! The SDK's configuration in Lambda: from the environment alone.
//!
//! The default chain looks for profile files and instance metadata that a Lambda environment does
//! not have, and pays for it at every cold start.

use std::time::Duration;

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::{behavior_version::BehaviorVersion, result::SdkError};
use aws_smithy_types::{error::metadata::ProvideErrorMetadata, timeout::TimeoutConfig};
use aws_types::{SdkConfig, region::Region};

use crate::config::{Config, Missing};

/// What went wrong with a call: the service's code and message, or which part of the way failed.
/// The SDK's own texts hold whole answers, and an answer may hold a person.
pub fn call_error<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> String {
    match error {
        SdkError::ServiceError(refused) => {
            let refused = refused.err();
            let code = refused.code().unwrap_or("no code");
            format!("{code}: {}", refused.message().unwrap_or("no message"))
        }
        SdkError::ConstructionFailure(_) => "the request can't be built".to_owned(),
        SdkError::TimeoutError(_) => "no answer in time".to_owned(),
        SdkError::DispatchFailure(_) => "no connection, or it broke".to_owned(),
        SdkError::ResponseError(_) => "the answer can't be read".to_owned(),
        _ => "it failed".to_owned(),
    }
}

/// The configuration that all SDK clients of a function share: one HTTPS client, the region and
/// the credentials that Lambda puts into the environment, and `AWS_ENDPOINT_URL` when set.
///
/// # Errors
/// [`Missing`] when region or credentials are absent.
pub fn sdk_config(config: &Config) -> Result<SdkConfig, Missing> {
    let credentials = Credentials::new(
        config.require("AWS_ACCESS_KEY_ID")?,
        config.require("AWS_SECRET_ACCESS_KEY")?,
        config.get("AWS_SESSION_TOKEN").map(str::to_owned),
        None,
        "environment",
    );
    let https = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    let mut sdk = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(config.require("AWS_REGION")?.to_owned()))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(https)
        // A hung connection must end long before the function does, so that a claim can still be
        // released or settled.
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(Duration::from_secs(3))
                .operation_attempt_timeout(Duration::from_secs(8))
                .build(),
        )
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()));
    sdk.set_endpoint_url(config.get("AWS_ENDPOINT_URL").map(str::to_owned));
    Ok(sdk.build())
}
