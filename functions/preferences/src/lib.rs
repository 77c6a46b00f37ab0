//! The unsubscribe page (`GET /u/{token}` shows it, `POST /u/{token}` acts), and the page of a question
//! (`/a/{token}`).
//!
//! Mail providers post to it without a person (RFC 8058), link scanners get it without one. So a
//! GET changes nothing, and a POST acts whatever its body is, without a redirect, as often as it
//! comes.

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use masa_domain::link::{Link, LinkKeys, Purpose};
use masa_runtime::{
    Clock, Config, Error, Missing,
    http::{Reply, Request},
};
use masa_store::{Flows, Store};

mod answer;
mod page;

use page::Page;

/// The function.
pub struct Function {
    store: Store,
    flows: Flows,
    keys: LinkKeys,
    clock: Clock,
}

impl masa_runtime::Function for Function {
    type Event = ApiGatewayV2httpRequest;
    type Answer = ApiGatewayV2httpResponse;

    fn new(sdk: &aws_types::SdkConfig, config: &Config, clock: Clock) -> Result<Self, Missing> {
        let store = Store::new(sdk, config)?;
        let keys = config.read("MASA_SECRET_LINKS", LinkKeys::new)?;
        let flows = Flows::new(store.clone(), clock.clone());
        Ok(Self { store, flows, keys, clock })
    }

    async fn handle(&self, event: Self::Event, _: &str) -> Result<Self::Answer, Error> {
        let reply = match Request::new(event) {
            Ok(request) if request.path().starts_with("/a/") => self.answer(&request).await,
            Ok(request) => self.unsubscribe(&request).await,
            Err(_) => Page::Broken.reply("en"),
        };
        Ok(reply.into())
    }
}

impl Function {
    async fn unsubscribe(&self, request: &Request) -> Reply {
        if !matches!(request.method(), "GET" | "HEAD" | "POST") {
            return Reply::method_not_allowed("GET, HEAD, POST");
        }
        let token = request.path_parameter("token").unwrap_or_default();
        let Some(Link::Unsubscribe { contact, channel, language }) =
            self.keys.verify(Purpose::Unsubscribe, token)
        else {
            return Page::Broken.reply("en");
        };
        if request.method() != "POST" {
            return Page::Ask(channel).reply(&language);
        }
        match self.store.refuse(contact, channel, self.clock.now()).await {
            Ok(()) => {
                tracing::info!(%contact, channel = channel.as_str(), "refused");
                Page::Done(channel).reply(&language)
            }
            Err(error) => {
                tracing::error!(%contact, %error, "a refusal was not recorded");
                Reply::unavailable()
            }
        }
    }
}
