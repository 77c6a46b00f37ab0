//! The console's page and its files: nothing is loaded from elsewhere.

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, Response, StatusCode, header},
};

use super::server::answer;

const PAGE: &str = include_str!("../console/index.html");
const STYLE: &str = include_str!("../console/console.css");
const SCRIPT: &str = include_str!("../console/console.js");

/// Scripts from this server only; mails are shown in frames of their own without any, and may
/// load images from anywhere as they would in a mail program.
const POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src * data:; \
     frame-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

pub(crate) async fn page() -> Response<Body> {
    file("text/html; charset=utf-8", PAGE)
}

pub(crate) async fn style() -> Response<Body> {
    file("text/css; charset=utf-8", STYLE)
}

pub(crate) async fn script() -> Response<Body> {
    file("text/javascript; charset=utf-8", SCRIPT)
}

fn file(content_type: &'static str, text: &'static str) -> Response<Body> {
    let mut response = answer(StatusCode::OK, content_type, text);
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-cache"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        let name: HeaderName = name;
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
