//! Signups: `POST /hooks/signup` from the store's server, `/forms/{form}` for browsers, and the forms of
//! others, `POST /hooks/typeform` and `/hooks/tally`.

mod form;

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use masa_domain::ContactKey;
use masa_door::{Door, post, read, secrets, signed_by};
use masa_intake::{
    signature::{StandardWebhooks, Tally, Typeform},
    signup::parse,
    tally, typeform,
};
use masa_runtime::{
    Clock, Config, Error, Missing,
    http::{Reply, Request},
};
use masa_store::Flows;

/// The function.
pub struct Function {
    door: Door,
    flows: Flows,
    secrets: StandardWebhooks,
    typeform: Option<Typeform>,
    tally: Option<Tally>,
    /// Where readers reach Masa.
    public_url: String,
}

impl masa_runtime::Function for Function {
    type Event = ApiGatewayV2httpRequest;
    type Answer = ApiGatewayV2httpResponse;

    fn new(sdk: &aws_types::SdkConfig, config: &Config, clock: Clock) -> Result<Self, Missing> {
        let events = config.read("MASA_SECRET_EVENTS", StandardWebhooks::new)?;
        let door = Door::new(sdk, config, clock.clone())?;
        let flows = Flows::new(door.store().clone(), clock);
        let typeform = secrets(config, "MASA_SECRET_TYPEFORM", Typeform::new)?;
        let tally = secrets(config, "MASA_SECRET_TALLY", Tally::new)?;
        let public_url = config.require("MASA_PUBLIC_URL")?.trim_end_matches('/').to_owned();
        Ok(Self { door, flows, secrets: events, typeform, tally, public_url })
    }

    async fn handle(&self, event: Self::Event, _: &str) -> Result<Self::Answer, Error> {
        let reply = match event.path_parameters.get("form").cloned() {
            Some(form) => match read(event) {
                Ok(request) => self.form(&form, &request).await,
                Err(refusal) => refusal,
            },
            None => match post(event) {
                Ok(request) => self.hook(&request).await,
                Err(refusal) => refusal,
            },
        };
        Ok(reply.into())
    }
}

impl Function {
    async fn hook(&self, request: &Request) -> Reply {
        match request.path().rsplit('/').next() {
            Some("typeform") => self.typeform(request).await,
            Some("tally") => self.tally(request).await,
            _ => self.door.webhook(request, &self.secrets, parse).await,
        }
    }

    async fn typeform(&self, request: &Request) -> Reply {
        let origin = signed_by(self.typeform.as_ref(), |secrets| {
            secrets.verify(request.header("typeform-signature"), request.body())
        });
        let parse = |key: &ContactKey, now| typeform::parse(request.body(), key, now);
        self.door.platform(request, origin, parse).await
    }

    async fn tally(&self, request: &Request) -> Reply {
        let origin = signed_by(self.tally.as_ref(), |secrets| {
            secrets.verify(request.header("tally-signature"), request.body())
        });
        let parse = |key: &ContactKey, now| tally::parse(request.body(), key, now);
        self.door.platform(request, origin, parse).await
    }
}
