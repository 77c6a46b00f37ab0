//! Forms of public pages: a honeypot, allowed origins, and an answer for people or for scripts.

use http::{HeaderValue, header::ACCESS_CONTROL_ALLOW_ORIGIN};
use masa_domain::{Form, Shop};
use masa_door::malformed;
use masa_intake::form::{Error, Parsed, Submission, parse};
use masa_runtime::http::{Reply, Request};

use crate::Function;

const THANKS: &str = include_str!("thanks.html");

impl Function {
    /// Takes a submission of the form `name`.
    pub(crate) async fn form(&self, name: &str, request: &Request) -> Reply {
        let catalogue = match self.flows.catalogue().await {
            Ok(catalogue) => catalogue,
            Err(error) => {
                tracing::error!(%error, "the forms can't be read");
                return Reply::unavailable();
            }
        };
        let Some(form) = catalogue.setup.forms.get(name) else {
            return Reply::error(404, "unknown_form", "there is no form of this name");
        };
        let origin = request.header("origin");
        if !allowed(form, origin) {
            return Reply::error(
                403,
                "origin_not_allowed",
                "add this origin to the form's origins",
            );
        }
        let reply = self.submit(name, form, &catalogue.setup.shop, request).await;
        match origin.and_then(|origin| HeaderValue::from_str(origin).ok()) {
            Some(origin) => reply.with(ACCESS_CONTROL_ALLOW_ORIGIN, origin),
            None => reply,
        }
    }

    async fn submit(&self, name: &str, form: &Form, shop: &Shop, request: &Request) -> Reply {
        let submission = Submission {
            name,
            form,
            content_type: request.header("content-type"),
            body: request.body(),
            ip: request.source_ip(),
        };
        let reply = match parse(&submission, self.door.contacts(), self.door.clock().now()) {
            Ok(Parsed::Fact(fact)) => self.door.record(&fact).await,
            // A program that fills in everything learns nothing.
            Ok(Parsed::Honeypot) => Reply::accepted(false),
            Err(Error::ContentType) => {
                return Reply::error(
                    415,
                    "unsupported_media_type",
                    &Error::ContentType.to_string(),
                );
            }
            Err(Error::Malformed(error)) => return malformed(error),
        };
        let person = request.header("accept").is_some_and(|accept| accept.contains("text/html"));
        if person && reply.is_success() { thanks(shop, request) } else { reply }
    }
}

/// Whether a page of this origin may post the form. A request without an origin comes from no
/// page.
fn allowed(form: &Form, origin: Option<&str>) -> bool {
    form.origins.is_empty()
        || origin.is_none_or(|origin| form.origins.iter().any(|allowed| allowed == origin))
}

/// The page that a person sees after sending the form, in the browser's language or the shop's.
fn thanks(shop: &Shop, request: &Request) -> Reply {
    let preferred = request.header("accept-language").unwrap_or(&shop.language);
    let hebrew = preferred.to_ascii_lowercase().starts_with("he");
    let [lang, dir, title, text] = if hebrew {
        ["he", "rtl", "תודה!", "קיבלנו את הפרטים. אפשר לסגור את הדף."]
    } else {
        ["en", "ltr", "Thank you!", "We have your details. You can close this page."]
    };
    let page = [("{{lang}}", lang), ("{{dir}}", dir), ("{{title}}", title), ("{{text}}", text)]
        .into_iter()
        .fold(THANKS.to_owned(), |page, (place, text)| page.replace(place, text));
    Reply::html(200, page)
}
