//! Purchases: `POST /hooks/purchase` from the store's server, `POST /hooks/shopify` from Shopify.

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use masa_domain::ContactKey;
use masa_door::{Door, json, malformed, post, unsigned};
use masa_intake::{
    purchase::parse,
    shopify::{self, Parsed},
    signature::{Refused, Shopify, StandardWebhooks},
};
use masa_runtime::{
    Clock, Config, Error, Missing,
    http::{Reply, Request},
};

/// The function.
pub struct Function {
    door: Door,
    secrets: StandardWebhooks,
    /// Absent in a stack without Shopify, which then proves no origin.
    shopify: Option<Shopify>,
}

impl masa_runtime::Function for Function {
    type Event = ApiGatewayV2httpRequest;
    type Answer = ApiGatewayV2httpResponse;

    fn new(sdk: &aws_types::SdkConfig, config: &Config, clock: Clock) -> Result<Self, Missing> {
        let shopify = match config.get("MASA_SECRET_SHOPIFY") {
            Some(_) => Some(config.read("MASA_SECRET_SHOPIFY", Shopify::new)?),
            None => None,
        };
        Ok(Self {
            door: Door::new(sdk, config, clock)?,
            secrets: config.read("MASA_SECRET_EVENTS", StandardWebhooks::new)?,
            shopify,
        })
    }

    async fn handle(&self, event: Self::Event, _: &str) -> Result<Self::Answer, Error> {
        let reply = match post(event) {
            Ok(request) if request.path().ends_with("/hooks/shopify") => {
                self.shopify(&request).await
            }
            Ok(request) => {
                // An order counts once, whatever the webhook's id is.
                let order = |body: &[u8], _: &str, key: &ContactKey, now| parse(body, key, now);
                self.door.webhook(&request, &self.secrets, order).await
            }
            Err(refusal) => refusal,
        };
        Ok(reply.into())
    }
}

impl Function {
    async fn shopify(&self, request: &Request) -> Reply {
        let now = self.door.clock().now();
        let origin = match &self.shopify {
            Some(secrets) => {
                secrets.verify(request.header("x-shopify-hmac-sha256"), request.body())
            }
            None => Err(Refused::Wrong),
        };
        let parsed = origin.map_err(unsigned).and_then(|()| {
            json(request)?;
            let topic = request.header("x-shopify-topic").unwrap_or_default();
            shopify::parse(topic, request.body(), self.door.contacts(), now).map_err(malformed)
        });
        match parsed {
            Ok(Parsed::Fact(fact)) => self.door.record(&fact).await,
            // Shopify drops a subscription whose deliveries keep failing: what Masa has no use
            // for is still a success.
            Ok(Parsed::Ignored) => Reply::accepted(false),
            Err(refusal) => refusal,
        }
    }
}
