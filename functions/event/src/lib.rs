//! Named events: `POST /hooks/event` from the store's server.

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use masa_door::{Door, post};
use masa_intake::{event::parse, signature::StandardWebhooks};
use masa_runtime::{Clock, Config, Error, Missing};

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

    async fn handle(&self, event: Self::Event, _: &str) -> Result<Self::Answer, Error> {
        let reply = match post(event) {
            Ok(request) => self.door.webhook(&request, &self.secrets, parse).await,
            Err(refusal) => refusal,
        };
        Ok(reply.into())
    }
}
