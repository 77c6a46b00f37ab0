//! Followed links: `GET, HEAD /c/{token}`. The destination stands in the signed token, so a click
//! is one write and no read, and no one can make the redirect lead elsewhere.

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use masa_domain::link::{Link, LinkKeys, Purpose};
use masa_runtime::{
    Clock, Config, Error, Missing,
    http::{Reply, Request},
};
use masa_store::Store;

const BROKEN: &str = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
    <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
    <title>This link is not complete</title></head>\
    <body><p>This link is not complete. Please open it from the message again.</p>\
    <p lang=\"he\" dir=\"rtl\">הקישור אינו שלם. אפשר לפתוח אותו שוב מתוך ההודעה.</p></body></html>";

/// The function.
pub struct Function {
    store: Store,
    keys: LinkKeys,
    clock: Clock,
}

impl masa_runtime::Function for Function {
    type Event = ApiGatewayV2httpRequest;
    type Answer = ApiGatewayV2httpResponse;

    fn new(sdk: &aws_types::SdkConfig, config: &Config, clock: Clock) -> Result<Self, Missing> {
        let store = Store::new(sdk, config)?;
        let keys = config.read("MASA_SECRET_LINKS", LinkKeys::new)?;
        Ok(Self { store, keys, clock })
    }

    async fn handle(&self, event: Self::Event, _: &str) -> Result<Self::Answer, Error> {
        let reply = match Request::new(event) {
            Ok(request) => self.follow(&request).await,
            Err(_) => Reply::html(404, BROKEN.to_owned()),
        };
        Ok(reply.into())
    }
}

impl Function {
    async fn follow(&self, request: &Request) -> Reply {
        if !matches!(request.method(), "GET" | "HEAD") {
            return Reply::method_not_allowed("GET, HEAD");
        }
        let token = request.path_parameter("token").unwrap_or_default();
        let Some(Link::Click { contact, message, key, url }) =
            self.keys.verify(Purpose::Click, token)
        else {
            return Reply::html(404, BROKEN.to_owned());
        };
        // Programs ask for the head of every link; people don't.
        if request.method() == "GET"
            && let Err(error) =
                self.store.clicked(contact, message, &key, &request.id(), self.clock.now()).await
        {
            tracing::error!(run = %message.run, %error, "a click was not recorded");
        }
        let scheme = url.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
        let web = matches!(scheme.as_deref(), Some("http" | "https"));
        let redirect = if web { Reply::redirect(&url) } else { None };
        redirect.unwrap_or_else(|| Reply::html(404, BROKEN.to_owned()))
    }
}
