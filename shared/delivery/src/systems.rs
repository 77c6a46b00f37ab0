//! Systems: signed webhooks that go out (A9), and what their answers mean.
//!
//! They are Standard Webhooks: `webhook-id` is the message's own id, the same with every try, so that
//! a system which keeps it does nothing twice. So whatever is not answered is asked again.

use std::collections::BTreeMap;

use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime_api::client::{
    http::SharedHttpClient,
    orchestrator::{HttpRequest, HttpResponse},
    result::SdkError,
};
use aws_smithy_types::{body::SdkBody, retry::RetryConfig, timeout::TimeoutConfig};
use jiff::Timestamp;
use masa_domain::System;
use masa_intake::signature::StandardWebhooks;
use masa_runtime::{Config, Missing};
use serde_json::Value;

use crate::{gate::Refuses, provider::Sent};

/// The most members of an answer that are kept.
const MEMBERS_MAX: usize = 10;
/// The longest text of an answer that is kept, in bytes with its name; longer ones are left out. All live
/// runs of a contact keep theirs in one item.
const TEXT_BYTES_MAX: usize = 300;

/// Calls systems.
#[derive(Debug, Clone)]
pub(crate) struct Systems {
    http: Option<SharedHttpClient>,
    timeouts: TimeoutConfig,
    secrets: Option<StandardWebhooks>,
}

/// What a system answered.
#[derive(Debug)]
struct Answer {
    status: u16,
    body: Vec<u8>,
}

impl Systems {
    pub(crate) fn new(sdk: &aws_types::SdkConfig, config: &Config) -> Result<Self, Missing> {
        let secrets = match config.get("MASA_SECRET_CALLS") {
            Some(_) => Some(config.read("MASA_SECRET_CALLS", StandardWebhooks::new)?),
            None => None,
        };
        let timeouts = sdk.timeout_config().cloned();
        let timeouts = timeouts.unwrap_or_else(TimeoutConfig::disabled);
        Ok(Self { http: sdk.http_client(), timeouts, secrets })
    }

    /// Calls a system: one POST.
    pub(crate) async fn call(
        &self,
        system: &System,
        id: &str,
        now: Timestamp,
        body: &Value,
    ) -> Sent {
        let (Some(http), Some(secrets)) = (&self.http, &self.secrets) else {
            // The shop's to mend, not the call's fault.
            return Sent::Later("MASA_SECRET_CALLS is not set".to_owned(), Refuses::Everything);
        };
        let body = body.to_string();
        let timestamp = now.as_second();
        let signature = secrets.sign(id, timestamp, body.as_bytes());
        let headers = [
            ("content-type", "application/json".to_owned()),
            ("user-agent", "masa".to_owned()),
            ("webhook-id", id.to_owned()),
            ("webhook-timestamp", timestamp.to_string()),
            ("webhook-signature", signature),
        ];
        let url = system.url.clone();
        let operation = Operation::builder()
            .service_name("system")
            .operation_name("call")
            .http_client(http.clone())
            .endpoint_url(origin(&system.url))
            .no_auth()
            .standard_retry(&RetryConfig::disabled())
            .timeout_config(self.timeouts.clone())
            .serializer(move |(): ()| {
                let mut request = HttpRequest::new(SdkBody::from(body.as_str()));
                request.set_method("POST")?;
                request.set_uri(path(&url))?;
                for (name, value) in headers.clone() {
                    request.headers_mut().try_insert(name, value)?;
                }
                Ok(request)
            })
            .deserializer::<Answer, std::convert::Infallible>(|response: &HttpResponse| {
                let body = response.body().bytes().unwrap_or_default().to_vec();
                Ok(Answer { status: response.status().as_u16(), body })
            })
            .build();
        match operation.invoke(()).await {
            Ok(answer) => answer.into_sent(),
            Err(SdkError::TimeoutError(_)) => {
                Sent::Later("no answer in time".to_owned(), Refuses::Calls)
            }
            Err(_) => Sent::Later("no connection, or it broke".to_owned(), Refuses::Calls),
        }
    }
}

impl Answer {
    fn into_sent(self) -> Sent {
        match self.status {
            200..=299 => Sent::Answered(members(&self.body)),
            // Too early, too much, or a time-out: the same call may work later.
            status @ (408 | 425 | 429) => Sent::Later(format!("HTTP {status}"), Refuses::Calls),
            status @ 400..=499 => Sent::Rejected(format!("HTTP {status}")),
            status => Sent::Later(format!("HTTP {status}"), Refuses::Calls),
        }
    }
}

/// The plain members of a JSON answer, as far as they are kept; none of any other answer.
fn members(body: &[u8]) -> BTreeMap<String, Value> {
    let Ok(Value::Object(members)) = serde_json::from_slice(body) else { return BTreeMap::new() };
    let plain = members.into_iter().filter(|(name, value)| match value {
        Value::Array(_) | Value::Object(_) | Value::Null => false,
        value => name.len().saturating_add(value.to_string().len()) <= TEXT_BYTES_MAX,
    });
    plain.take(MEMBERS_MAX).collect()
}

/// Scheme and host of an address.
fn origin(url: &str) -> &str {
    let after = url.find("://").map_or(0, |at| at.saturating_add(3));
    let end = url.get(after..).and_then(|rest| rest.find(['/', '?', '#']));
    end.and_then(|end| url.get(..after.saturating_add(end))).unwrap_or(url)
}

/// What follows the host.
fn path(url: &str) -> String {
    let rest = url.strip_prefix(origin(url)).unwrap_or_default();
    let rest = rest.split('#').next().unwrap_or_default();
    if rest.starts_with('/') { rest.to_owned() } else { format!("/{rest}") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn addresses_are_cut_at_the_host() {
        for (url, host, rest) in [
            ("https://crm.example.com", "https://crm.example.com", "/"),
            ("https://crm.example.com/a/b?c=d", "https://crm.example.com", "/a/b?c=d"),
            ("http://localhost:9000?c", "http://localhost:9000", "/?c"),
            ("https://crm.example.com/a#b", "https://crm.example.com", "/a"),
        ] {
            assert_eq!((origin(url), path(url).as_str()), (host, rest), "{url}");
        }
    }

    #[test]
    fn of_an_answer_plain_members_are_kept() {
        let long = "x".repeat(301);
        let body =
            json!({ "id": 7, "url": "https://x", "deep": { "a": 1 }, "none": null, "long": long });
        let kept = members(body.to_string().as_bytes());
        let expected = [("id".to_owned(), json!(7)), ("url".to_owned(), json!("https://x"))];
        assert_eq!(kept, expected.into());
        for other in ["", "ok", "[1]", "7", "{\"a\":"] {
            assert_eq!(members(other.as_bytes()), BTreeMap::new(), "{other}");
        }
        let many: BTreeMap<String, Value> = (0..100).map(|n| (n.to_string(), json!(n))).collect();
        assert_eq!(members(json!(many).to_string().as_bytes()).len(), MEMBERS_MAX);
    }
}
