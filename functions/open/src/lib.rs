//! The pixel of a mail: `GET /o/{token}`. It always answers a GIF, whatever happens.

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use data_encoding::BASE64;
use masa_domain::link::{Link, LinkKeys, Purpose};
use masa_runtime::{
    Clock, Config, Error, Missing,
    http::{Reply, Request},
};
use masa_store::Store;

/// A transparent GIF of one pixel, 42 bytes.
const GIF: &str = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7";

/// The function.
pub struct Function {
    store: Store,
    keys: LinkKeys,
    gif: Vec<u8>,
    clock: Clock,
}

impl masa_runtime::Function for Function {
    type Event = ApiGatewayV2httpRequest;
    type Answer = ApiGatewayV2httpResponse;

    fn new(sdk: &aws_types::SdkConfig, config: &Config, clock: Clock) -> Result<Self, Missing> {
        let store = Store::new(sdk, config)?;
        let keys = config.read("MASA_SECRET_LINKS", LinkKeys::new)?;
        let gif = BASE64.decode(GIF.as_bytes()).unwrap_or_default();
        Ok(Self { store, keys, gif, clock })
    }

    async fn handle(&self, event: Self::Event, _: &str) -> Result<Self::Answer, Error> {
        if let Ok(request) = Request::new(event)
            && request.method() == "GET"
            && let Some(token) = request.path_parameter("token")
            && let Some(Link::Open { contact, message }) = self.keys.verify(Purpose::Open, token)
            && let Err(error) =
                self.store.opened(contact, message, &request.id(), self.clock.now()).await
        {
            tracing::error!(run = %message.run, %error, "an open was not recorded");
        }
        Ok(Reply::bytes("image/gif", self.gif.clone()).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pixel_is_a_gif() {
        let gif = BASE64.decode(GIF.as_bytes()).expect("base64");
        assert!(gif.starts_with(b"GIF89a") && gif.ends_with(b";") && gif.len() == 42);
    }
}
