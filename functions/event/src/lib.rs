//! Named events: `POST /hooks/event` from the store's server.

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use masa_door::{Door, json, malformed, post, signed};
use masa_intake::signature::StandardWebhooks;
use masa_runtime::{
    Clock, Config, Error, Missing,
    http::{Reply, Request},
};

/// The function.
pub struct Function {
    door: Door,
    secrets: StandardWebhooks,
}

impl masa_runtime::Function for Function {
    type Event = ApiGatewayV2httpRequest;
    type Answer = ApiGatewayV2httpResponse;

    fn new(sdk: &aws_types::SdkConfig, config: &Config, clock: Clock) -> Result<Self, Missing> {
        let secrets = config.read("MASA_SECRET_EVENTS", StandardWebhooks::new)?;
        Ok(Self { door: Door::new(sdk, config, clock)?, secrets })
    }

    async fn handle(&self, event: Self::Event) -> Result<Self::Answer, Error> {
        let reply = match post(event) {
            Ok(request) => self.hook(&request).await,
            Err(refusal) => refusal,
        };
        Ok(reply.into())
    }
}

impl Function {
    async fn hook(&self, request: &Request) -> Reply {
        let now = self.door.clock().now();
        let fact = signed(request, &self.secrets, now).and_then(|id| {
            json(request)?;
            masa_intake::event::parse(request.body(), id, self.door.contacts(), now)
                .map_err(malformed)
        });
        match fact {
            Ok(fact) => self.door.record(&fact).await,
            Err(refusal) => refusal,
        }
    }
}
