//! What stores tell of orders: `POST /hooks/purchase` from the store's server, and the platforms' own
//! webhooks `POST /hooks/shopify`, `/hooks/woocommerce` and `/hooks/stripe`.

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use masa_domain::ContactKey;
use masa_door::{Door, post, secrets, signed_by};
use masa_intake::{
    purchase::parse,
    shopify::{self, Delivery},
    signature::{Shopify, StandardWebhooks, Stripe, WooCommerce},
    stripe, woocommerce,
};
use masa_runtime::{
    Clock, Config, Error, Missing,
    http::{Reply, Request},
};

/// The function.
pub struct Function {
    door: Door,
    secrets: StandardWebhooks,
    shopify: Option<Shopify>,
    woocommerce: Option<WooCommerce>,
    stripe: Option<Stripe>,
}

impl masa_runtime::Function for Function {
    type Event = ApiGatewayV2httpRequest;
    type Answer = ApiGatewayV2httpResponse;

    fn new(sdk: &aws_types::SdkConfig, config: &Config, clock: Clock) -> Result<Self, Missing> {
        Ok(Self {
            door: Door::new(sdk, config, clock)?,
            secrets: config.read("MASA_SECRET_EVENTS", StandardWebhooks::new)?,
            shopify: secrets(config, "MASA_SECRET_SHOPIFY", Shopify::new)?,
            woocommerce: secrets(config, "MASA_SECRET_WOOCOMMERCE", WooCommerce::new)?,
            stripe: secrets(config, "MASA_SECRET_STRIPE", Stripe::new)?,
        })
    }

    async fn handle(&self, event: Self::Event, _: &str) -> Result<Self::Answer, Error> {
        let reply = match post(event) {
            Ok(request) => match request.path().rsplit('/').next() {
                Some("shopify") => self.shopify(&request).await,
                Some("woocommerce") => self.woocommerce(&request).await,
                Some("stripe") => self.stripe(&request).await,
                _ => {
                    // An order counts once, whatever the webhook's id is.
                    let order = |body: &[u8], _: &str, key: &ContactKey, now| parse(body, key, now);
                    self.door.webhook(&request, &self.secrets, order).await
                }
            },
            Err(refusal) => refusal,
        };
        Ok(reply.into())
    }
}

impl Function {
    async fn shopify(&self, request: &Request) -> Reply {
        let origin = signed_by(self.shopify.as_ref(), |secrets| {
            secrets.verify(request.header("x-shopify-hmac-sha256"), request.body())
        });
        let delivery = Delivery {
            topic: request.header("x-shopify-topic").unwrap_or_default(),
            triggered_at: request.header("x-shopify-triggered-at"),
            body: request.body(),
        };
        let parse = |key: &ContactKey, now| shopify::parse(&delivery, key, now);
        self.door.platform(request, origin, parse).await
    }

    async fn woocommerce(&self, request: &Request) -> Reply {
        let signature = request.header("x-wc-webhook-signature");
        // The shop asks whether the address answers when the webhook is saved, and signs nothing.
        let kind = request.header("content-type");
        if signature.is_none() && woocommerce::is_ping(kind, request.body()) {
            return Reply::accepted(false);
        }
        let origin = signed_by(self.woocommerce.as_ref(), |secrets| {
            secrets.verify(signature, request.body())
        });
        let topic = request.header("x-wc-webhook-topic").unwrap_or_default();
        let parse = |key: &ContactKey, now| woocommerce::parse(topic, request.body(), key, now);
        self.door.platform(request, origin, parse).await
    }

    async fn stripe(&self, request: &Request) -> Reply {
        let now = self.door.clock().now();
        let origin = signed_by(self.stripe.as_ref(), |secrets| {
            secrets.verify(request.header("stripe-signature"), request.body(), now)
        });
        let parse = |key: &ContactKey, now| stripe::parse(request.body(), key, now);
        self.door.platform(request, origin, parse).await
    }
}
