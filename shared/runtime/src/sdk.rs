//! The SDK's configuration in Lambda: from the environment alone.
//!
//! The default chain looks for profile files and instance metadata that a Lambda environment does
//! not have, and pays for it at every cold start.

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_types::{SdkConfig, region::Region};

use crate::config::{Config, Missing};

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
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()));
    sdk.set_endpoint_url(config.get("AWS_ENDPOINT_URL").map(str::to_owned));
    Ok(sdk.build())
}
