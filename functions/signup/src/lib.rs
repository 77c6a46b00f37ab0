//! Signups: `POST /hooks/signup` from the store's server, `POST /forms/{form}` from a browser.

mod form;

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use masa_door::{Door, post};
use masa_intake::{signature::StandardWebhooks, signup::parse};
use masa_runtime::{Clock, Config, Error, Missing};
use masa_store::Flows;

/// The function.
pub struct Function {
    door: Door,
    flows: Flows,
    secrets: StandardWebhooks,
}

impl masa_runtime::Function for Function {
    type Event = ApiGatewayV2httpRequest;
    type Answer = ApiGatewayV2httpResponse;

    fn new(sdk: &aws_types::SdkConfig, config: &Config, clock: Clock) -> Result<Self, Missing> {
        let secrets = config.read("MASA_SECRET_EVENTS", StandardWebhooks::new)?;
        let door = Door::new(sdk, config, clock.clone())?;
        let flows = Flows::new(door.store().clone(), clock);
        Ok(Self { door, flows, secrets })
    }

    async fn handle(&self, event: Self::Event, _: &str) -> Result<Self::Answer, Error> {
        let reply = match post(event) {
            Ok(request) => match request.path_parameter("form").map(str::to_owned) {
                Some(form) => self.form(&form, &request).await,
                None => self.door.webhook(&request, &self.secrets, parse).await,
            },
            Err(refusal) => refusal,
        };
        Ok(reply.into())
    }
}
