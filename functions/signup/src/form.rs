//! Forms of public pages: their own page, the snippet and the pop-up for others; a honeypot, a limit for each
//! address, allowed origins, and an answer for people or for scripts.

use std::net::Ipv6Addr;

use http::{
    HeaderValue,
    header::{
        ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_SECURITY_POLICY, LOCATION, REFERRER_POLICY,
        RETRY_AFTER, VARY,
    },
};
use masa_domain::{Form, Setup, pick};
use masa_door::{malformed, sized};
use masa_intake::{
    Malformed,
    form::{Error, Parsed, Submission, parse, written},
};
use masa_pages::{FormPage, Problem};
use masa_runtime::http::{Reply, Request};

use crate::Function;

/// How long browsers may keep a script, in seconds.
const SCRIPT_KEPT: &str = "public, max-age=300";

impl Function {
    /// Shows the form `name`, or takes a submission of it.
    pub(crate) async fn form(&self, name: &str, request: &Request) -> Reply {
        let catalogue = match self.flows.catalogue().await {
            Ok(catalogue) => catalogue,
            Err(error) => {
                tracing::error!(%error, "the forms can't be read");
                return Reply::unavailable();
            }
        };
        let setup = &catalogue.setup;
        let Some(form) = setup.forms.get(name) else {
            return Reply::error(404, "unknown_form", "there is no form of this name");
        };
        if request.method() == "POST"
            && let Err(refusal) = sized(request)
        {
            return refusal;
        }
        let language = language(setup, form, request);
        let page = FormPage { name, form, setup, language: &language };
        match request.method() {
            "GET" | "HEAD" if form.has_page() => self.show(&page, request),
            "POST" => self.take(&page, request).await,
            _ if form.has_page() => Reply::method_not_allowed("GET, HEAD, POST"),
            _ => Reply::method_not_allowed("POST"),
        }
    }

    /// The page; by `?as=snippet` or `?as=popup` what stands on the shop's own pages.
    fn show(&self, page: &FormPage<'_>, request: &Request) -> Reply {
        let address = format!("{}/forms/{}", self.public_url, page.name);
        let any = HeaderValue::from_static("*");
        match request.query("as").as_deref() {
            Some("snippet") => Reply::text(page.snippet(&address)),
            Some("popup") => Reply::script(page.popup(&address), SCRIPT_KEPT)
                .with(ACCESS_CONTROL_ALLOW_ORIGIN, any)
                .with(VARY, HeaderValue::from_static("accept-language")),
            _ => self.html(200, page, page.page(None)),
        }
    }

    /// A page whose form may lead to where the shop says thanks: browsers ask for that, too.
    fn html(&self, status: u16, page: &FormPage<'_>, html: String) -> Reply {
        // Without a referrer browsers name no origin, and no form could be sent from its own page.
        let reply = Reply::html(status, html)
            .instead(REFERRER_POLICY, HeaderValue::from_static("same-origin"))
            .with(VARY, HeaderValue::from_static("accept-language"));
        let thanks = page.form.thanks.as_deref().and_then(origin_of);
        match thanks.and_then(|thanks| HeaderValue::try_from(policy(thanks)).ok()) {
            Some(policy) => reply.instead(CONTENT_SECURITY_POLICY, policy),
            None => reply,
        }
    }

    async fn take(&self, page: &FormPage<'_>, request: &Request) -> Reply {
        let origin = request.header("origin");
        if !self.allowed(page.form, origin) {
            return Reply::error(
                403,
                "origin_not_allowed",
                "add this origin to the form's origins",
            );
        }
        let reply = self.submit(page, request).await;
        match origin.and_then(|origin| HeaderValue::from_str(origin).ok()) {
            Some(origin) => reply.with(ACCESS_CONTROL_ALLOW_ORIGIN, origin),
            None => reply,
        }
    }

    async fn submit(&self, page: &FormPage<'_>, request: &Request) -> Reply {
        let person = request.header("accept").is_some_and(|accept| accept.contains("text/html"));
        let submission = Submission {
            name: page.name,
            form: page.form,
            language: &page.setup.shop.language,
            questions: &page.setup.questions,
            content_type: request.header("content-type"),
            body: request.body(),
            ip: request.source_ip(),
        };
        let reply = match parse(&submission, self.door.contacts(), self.door.clock().now()) {
            Ok(Parsed::Fact(fact)) => match self.admits(page.name, request).await {
                Ok(()) => self.door.record(&fact).await,
                Err(refusal) => refusal,
            },
            // A program that fills in everything learns nothing.
            Ok(Parsed::Honeypot) => Reply::accepted(false),
            Err(Error::ContentType) => {
                return Reply::error(
                    415,
                    "unsupported_media_type",
                    &Error::ContentType.to_string(),
                );
            }
            Err(Error::Malformed(error)) if person && page.form.has_page() => {
                return self.again(page, &error, &submission);
            }
            Err(Error::Malformed(error)) => return malformed(error),
        };
        match person && reply.is_success() {
            true => thanks(page),
            false => reply,
        }
    }

    /// The page with what was written, and what is wrong with it marked.
    fn again(&self, page: &FormPage<'_>, error: &Malformed, sent: &Submission<'_>) -> Reply {
        let given = written(sent.content_type, sent.body);
        let problem = Problem { field: &error.field, given: &given };
        self.html(400, page, page.page(Some(problem)))
    }

    /// Whether not too many submissions come from this network address.
    async fn admits(&self, form: &str, request: &Request) -> Result<(), Reply> {
        let Some(address) = request.source_ip() else { return Ok(()) };
        let visitor = self.door.contacts().visitor(&network(address));
        match self.door.store().admit(visitor, form, self.door.clock().now()).await {
            Ok(true) => Ok(()),
            Ok(false) => {
                let what = "this form was sent from this address very often: wait ten minutes";
                let wait = HeaderValue::from_static("600");
                Err(Reply::error(429, "too_many", what).with(RETRY_AFTER, wait))
            }
            Err(error) => {
                tracing::error!(%error, "a submission was not counted");
                Err(Reply::unavailable())
            }
        }
    }

    /// Whether a page of this origin may post the form. A request without an origin comes from no
    /// page; the form's own page always may.
    fn allowed(&self, form: &Form, origin: Option<&str>) -> bool {
        let own = origin_of(&self.public_url);
        form.origins.is_empty()
            || origin.is_none_or(|origin| {
                own == Some(origin) || form.origins.iter().any(|allowed| allowed == origin)
            })
    }
}

/// Where a person goes who sent the form.
fn thanks(page: &FormPage<'_>) -> Reply {
    let goes = page.form.thanks.as_deref().and_then(|thanks| HeaderValue::try_from(thanks).ok());
    match goes {
        // The browser gets that page; it does not send the form again.
        Some(goes) => Reply::html(303, String::new()).with(LOCATION, goes),
        None => Reply::html(200, FormPage::thanks(page.language)),
    }
}

/// Of the languages in which the form stands: what the form was sent in, `?lang=` asks for or the browser
/// prefers, else the shop's.
fn language(setup: &Setup, form: &Form, request: &Request) -> String {
    let shops = &setup.shop.language;
    let sent = written(request.header("content-type"), request.body()).remove("language");
    let asked = sent.or_else(|| request.query("lang"));
    let asked = asked.as_deref().or_else(|| request.header("accept-language"));
    let asked: String = asked.unwrap_or(shops).chars().take(2).collect();
    match pick(&form.title, &asked, shops) {
        Some((language, _)) if !language.is_empty() => language.to_owned(),
        _ => asked,
    }
}

/// What one customer of a provider has: an IPv4 address, or the first half of an IPv6 one (RFC 6177).
fn network(address: &str) -> String {
    match address.parse::<Ipv6Addr>() {
        Ok(address) => format!("{:x}", address.to_bits() >> 64),
        Err(_) => address.to_owned(),
    }
}

/// Scheme and host of an address.
fn origin_of(url: &str) -> Option<&str> {
    let host = url.find("://")?.checked_add(3)?;
    let end = url.get(host..)?.find(['/', '?', '#']).and_then(|end| end.checked_add(host));
    url.get(..end.unwrap_or(url.len()))
}

fn policy(thanks: &str) -> String {
    format!(
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self' {thanks}; \
         frame-ancestors 'none'; base-uri 'none'"
    )
}
