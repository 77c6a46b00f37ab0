//! The HTTP server of `masa dev`: the functions' routes as API Gateway would serve them, and the
//! console's own.
//!
//! A request is settled before it is answered: whatever it set off, up to the next wait, is done
//! when the answer comes, so that a test needs no sleep.

use std::sync::Arc;

use anyhow::Result;
use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Path, Request, State},
    http::{HeaderMap, Response, StatusCode, header},
    middleware::{self, Next},
    routing::{get, post},
};
use masa_box::{HttpRequest, HttpResponse};
use tokio::net::TcpListener;

use super::{Dev, api, console, shop};

/// More than any hook takes, so that the hook itself can refuse it.
const BODY_BYTES_MAX: usize = 1024 * 1024;

pub(crate) type Shared = State<Arc<Dev>>;

/// Serves until the process is told to stop, and delivers what falls due meanwhile.
pub(crate) async fn serve(listener: TcpListener, dev: Arc<Dev>) -> Result<()> {
    let own = Router::new()
        .route("/", get(console::page))
        .route("/console.css", get(console::style))
        .route("/console.js", get(console::script))
        .route("/dev/outbox.json", get(api::outbox))
        .route("/dev/overview.json", get(api::overview))
        .route("/dev/contacts.json", get(api::contacts))
        .route("/dev/contacts/{who}", get(api::contact))
        .route("/dev/clock", get(api::clock).post(api::move_clock))
        .route("/dev/shop", post(shop::play))
        .layer(middleware::from_fn(only_from_here));
    let app = own.fallback(function).with_state(Arc::clone(&dev));
    let aws = dev.stack.aws.clone();
    tokio::select! {
        served = axum::serve(listener, app) => served?,
        ended = aws.run() => match ended? {},
        stopped = tokio::signal::ctrl_c() => stopped?,
    }
    Ok(())
}

/// Anything else goes to the functions.
async fn function(State(dev): Shared, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = match to_bytes(body, BODY_BYTES_MAX).await {
        Ok(body) => body,
        Err(error) if is_too_long(&error) => {
            let what = "send at most 256 KiB in one request";
            return refused(StatusCode::PAYLOAD_TOO_LARGE, "too_large", what);
        }
        Err(_) => return refused(StatusCode::BAD_REQUEST, "malformed", "the body is cut"),
    };
    let headers = parts.headers.iter().filter_map(|(name, value)| {
        Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
    });
    let mut request = HttpRequest {
        method: parts.method.as_str().to_owned(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: headers.collect(),
        body: body.to_vec(),
        source_ip: "127.0.0.1".to_owned(),
    };
    dev.set_to_box_time(&mut request);
    match dev.call(request).await {
        Ok(response) => into_axum(response),
        Err(error) => broken(&error),
    }
}

impl Dev {
    /// Hands a request to its function and settles what follows from it.
    pub(crate) async fn call(&self, request: HttpRequest) -> Result<HttpResponse> {
        let aws = self.stack.aws.clone();
        to_its_end(async move {
            let response = aws.http(request).await;
            aws.settle().await?;
            Ok(response)
        })
        .await
    }
}

/// Runs work to its end even when the client has hung up: axum drops the future of such a request,
/// and with it would go other people's messages that it had in hand.
#[expect(clippy::disallowed_methods, reason = "this process is not frozen between requests")]
pub(crate) async fn to_its_end<T: Send + 'static>(
    work: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T> {
    tokio::spawn(work).await?
}

fn into_axum(response: HttpResponse) -> Response<Body> {
    let mut built = Response::builder().status(response.status);
    for (name, value) in response.headers {
        built = built.header(name, value);
    }
    built.body(Body::from(response.body)).unwrap_or_else(|error| broken(&error.into()))
}

/// An answer with a text of its own.
pub(crate) fn answer(
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<Body>,
) -> Response<Body> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, header::HeaderValue::from_static(content_type));
    response
}

/// An error: a stable code, and what to do.
pub(crate) fn refused(status: StatusCode, code: &str, message: &str) -> Response<Body> {
    let body = serde_json::json!({ "error": code, "message": message });
    answer(status, "application/json", body.to_string())
}

/// Whether reading a body ended at the limit, and not because its sender broke off.
fn is_too_long(error: &axum::Error) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        if error.to_string().contains("length limit") {
            return true;
        }
        cause = error.source();
    }
    false
}

/// The box itself failed: its folder is gone, its disk is full.
pub(crate) fn broken(error: &anyhow::Error) -> Response<Body> {
    tracing::error!("{error:#}");
    refused(StatusCode::INTERNAL_SERVER_ERROR, "broken", &format!("{error:#}"))
}

/// The console and `/dev` are for this machine: a page of elsewhere, which can name any host it
/// likes, must not read contacts or move the clock.
async fn only_from_here(request: Request, next: Next) -> Response<Body> {
    let headers = request.headers();
    if here(headers, header::HOST)
        && (!headers.contains_key(header::ORIGIN) || here(headers, header::ORIGIN))
    {
        return next.run(request).await;
    }
    refused(StatusCode::FORBIDDEN, "not_here", "open the console as http://127.0.0.1:PORT")
}

fn here(headers: &HeaderMap, name: header::HeaderName) -> bool {
    let value = headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let host = value.strip_prefix("http://").unwrap_or(value);
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    matches!(name, "127.0.0.1" | "localhost" | "[::1]")
}

/// A path's last part, percent-decoded.
pub(crate) type Last = Path<String>;
