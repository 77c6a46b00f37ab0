//! HTTP requests and answers as API Gateway's payload format 2.0 carries them.

use aws_lambda_events::{
    apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse},
    encodings::Body,
};
use data_encoding::{BASE32_NOPAD, BASE64};
use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS},
};
use serde_json::json;
use sha2::{Digest as _, Sha256};

/// The largest body that a hook takes, in bytes.
pub const BODY_BYTES_MAX: usize = 256 * 1024;

/// A request as a function sees it.
#[derive(Debug)]
pub struct Request {
    inner: ApiGatewayV2httpRequest,
    body: Vec<u8>,
}

/// A body that says it is base64 and is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the body is not valid base64")]
pub struct BadBody;

impl Request {
    /// Reads a request. Lambda hands over as plain text only bodies of text, JSON, XML and
    /// JavaScript; all others, forms included, arrive as base64.
    ///
    /// # Errors
    /// [`BadBody`] when the base64 is broken.
    pub fn new(mut inner: ApiGatewayV2httpRequest) -> Result<Self, BadBody> {
        let text = inner.body.take().unwrap_or_default();
        let body = if inner.is_base64_encoded {
            BASE64.decode(text.as_bytes()).map_err(|_| BadBody)?
        } else {
            text.into_bytes()
        };
        Ok(Self { inner, body })
    }

    /// The method, in capitals.
    pub fn method(&self) -> &str {
        self.inner.request_context.http.method.as_str()
    }

    /// The path without the query.
    pub fn path(&self) -> &str {
        self.inner.raw_path.as_deref().unwrap_or_default()
    }

    /// A parameter of the route's path.
    pub fn path_parameter(&self, name: &str) -> Option<&str> {
        self.inner.path_parameters.get(name).map(String::as_str)
    }

    /// A parameter of the query; the first of several.
    pub fn query(&self, name: &str) -> Option<String> {
        let query = self.inner.raw_query_string.as_deref().unwrap_or_default();
        let mut parameters = form_urlencoded::parse(query.as_bytes());
        parameters.find(|(own, _)| own == name).map(|(_, value)| value.into_owned())
    }

    /// A header's text; `None` when it is absent or not text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.inner.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The caller's network address.
    pub fn source_ip(&self) -> Option<&str> {
        self.inner.request_context.http.source_ip.as_deref()
    }

    /// Ten characters that name this request: one that is worked off twice counts once.
    pub fn id(&self) -> String {
        let id = self.inner.request_context.request_id.as_deref().unwrap_or_default();
        let time = self.inner.request_context.time_epoch.to_string();
        let digest = Sha256::digest(format!("{time} {id}"));
        BASE32_NOPAD.encode(&digest).chars().take(10).collect::<String>().to_ascii_lowercase()
    }

    /// The body's bytes, as they came in.
    pub fn body(&self) -> &[u8] {
        &self.body
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Reply {
    status: i64,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Vec<u8>,
    binary: bool,
}

impl Reply {
    /// The answer to a fact that is stored now, or was already.
    pub fn accepted(duplicate: bool) -> Self {
        Self::json(200, &json!({ "accepted": true, "duplicate": duplicate }))
    }

    /// An error: a stable code, and what to do.
    pub fn error(status: u16, code: &str, message: &str) -> Self {
        Self::json(status, &json!({ "error": code, "message": message }))
    }

    /// 405, with the methods that there are.
    pub fn method_not_allowed(allowed: &'static str) -> Self {
        let message = format!("use {allowed}");
        Self::error(405, "method_not_allowed", &message)
            .with(http::header::ALLOW, HeaderValue::from_static(allowed))
    }

    /// 413.
    pub fn too_large() -> Self {
        Self::error(413, "too_large", "send at most 256 KiB in one request")
    }

    /// 503: the store may try again, and should.
    pub fn unavailable() -> Self {
        Self::error(503, "unavailable", "nothing was stored; send the same request again")
    }

    /// JSON.
    pub fn json(status: u16, value: &serde_json::Value) -> Self {
        Self::new(status, "application/json", value.to_string().into_bytes())
    }

    /// A page. No script runs in it, and nothing is loaded from elsewhere.
    pub fn html(status: u16, page: String) -> Self {
        let policy = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; \
                      frame-ancestors 'none'; base-uri 'none'";
        Self::new(status, "text/html; charset=utf-8", page.into_bytes())
            .with(http::header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy))
            .with(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"))
    }

    /// Bytes that are not text.
    pub fn bytes(content_type: &'static str, body: Vec<u8>) -> Self {
        Self { binary: true, ..Self::new(200, content_type, body) }
    }

    /// A redirect that is not cached. `None` when `url` can't stand in a header.
    pub fn redirect(url: &str) -> Option<Self> {
        let location = HeaderValue::try_from(url).ok()?;
        Some(Self::new(302, "text/plain", Vec::new()).with(LOCATION, location))
    }

    /// A text to read.
    pub fn text(text: String) -> Self {
        Self::new(200, "text/plain; charset=utf-8", text.into_bytes())
            .with(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"))
    }

    /// A script for pages of others, which caches may keep as `kept` says (`Cache-Control`).
    pub fn script(script: String, kept: &'static str) -> Self {
        Self::new(200, "text/javascript; charset=utf-8", script.into_bytes())
            .instead(CACHE_CONTROL, HeaderValue::from_static(kept))
            .with(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"))
    }

    /// The same, with this header in place of another of its name.
    #[must_use]
    pub fn instead(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.retain(|(own, _)| *own != name);
        self.with(name, value)
    }

    /// The same, with one more header.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Whether it is a success.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    fn new(status: u16, content_type: &'static str, body: Vec<u8>) -> Self {
        let headers = vec![
            (CONTENT_TYPE, HeaderValue::from_static(content_type)),
            // Every answer is about one person at one moment.
            (CACHE_CONTROL, HeaderValue::from_static("no-store")),
            (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
            (HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex")),
        ];
        Self { status: i64::from(status), headers, body, binary: false }
    }
}

impl From<Reply> for ApiGatewayV2httpResponse {
    fn from(reply: Reply) -> Self {
        let body = if reply.binary {
            Body::Text(BASE64.encode(&reply.body))
        } else {
            Body::Text(String::from_utf8_lossy(&reply.body).into_owned())
        };
        let mut response = Self::default();
        response.status_code = reply.status;
        response.headers = reply.headers.into_iter().collect::<HeaderMap>();
        response.is_base64_encoded = reply.binary;
        response.body = Some(body);
        response
    }
}
