//! API Gateway's HTTP API: routes, and the payload of version 2.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
};

use data_encoding::BASE64;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use crate::{
    Error,
    clock::BoxClock,
    registry::{HttpFunction, Registry},
};

/// Counts the requests: each has an id of its own, also within one virtual instant.
static REQUESTS: AtomicU64 = AtomicU64::new(0);

/// A request from outside.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HttpRequest {
    /// `GET`, upper case.
    pub method: String,
    /// The path as it came, without the query.
    pub path: String,
    /// The query as it came, without the question mark; may be empty.
    pub query: String,
    /// The headers in their order; a name may come twice.
    pub headers: Vec<(String, String)>,
    /// The body's bytes.
    pub body: Vec<u8>,
    /// The caller's address.
    pub source_ip: String,
}

/// The answer to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpResponse {
    /// The status.
    pub status: u16,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body's bytes.
    pub body: Vec<u8>,
}

impl HttpResponse {
    /// API Gateway's own words.
    pub(crate) fn gateway(status: u16, message: &str) -> Self {
        Self {
            status,
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: json!({"message": message}).to_string().into_bytes(),
        }
    }
}

/// A route key, `POST /hooks/signup` or `ANY /c/{token}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Route {
    key: String,
    method: String,
    segments: Vec<String>,
}

impl Route {
    pub(crate) fn parse(key: &str) -> Result<Self, Error> {
        let (method, path) = key
            .split_once(' ')
            .filter(|(method, path)| !method.is_empty() && path.starts_with('/'))
            .ok_or_else(|| {
                Error::Registration(format!("{key:?} is no route key like \"GET /c/{{token}}\""))
            })?;
        let segments = path.split('/').map(str::to_owned).collect();
        Ok(Self { key: key.to_owned(), method: method.to_owned(), segments })
    }

    /// The path parameters when the route fits.
    fn fit(&self, method: &str, path: &str) -> Option<BTreeMap<String, String>> {
        if self.method != "ANY" && self.method != method {
            return None;
        }
        let mut parameters = BTreeMap::new();
        let mut parts = path.split('/');
        for segment in &self.segments {
            let parameter = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
            match parameter.map(|name| (name, name.strip_suffix('+'))) {
                Some((_, Some(greedy))) => {
                    let rest: Vec<_> = parts.by_ref().collect();
                    parameters.insert(greedy.to_owned(), decode(&rest.join("/"), false));
                    return (!rest.is_empty()).then_some(parameters);
                }
                Some((name, None)) => {
                    let part = parts.next().filter(|part| !part.is_empty())?;
                    parameters.insert(name.to_owned(), decode(part, false));
                }
                None => {
                    parts.next().filter(|part| part == segment)?;
                }
            }
        }
        parts.next().is_none().then_some(parameters)
    }

    /// Which of two fitting routes wins: the one with more fixed segments, then the one with a method.
    fn rank(&self) -> (usize, bool) {
        let fixed = self.segments.iter().filter(|segment| !segment.starts_with('{'));
        (fixed.count(), self.method != "ANY")
    }
}

/// The function for a request, and its event; nothing when no route fits.
pub(crate) fn route<'a>(
    registry: &'a Registry,
    request: &HttpRequest,
    clock: &BoxClock,
) -> Option<(&'a HttpFunction, Value)> {
    let fitting = registry.http.iter().flat_map(|function| {
        let routes = function.routes.iter();
        routes.filter_map(move |route| {
            Some((function, route, route.fit(&request.method, &request.path)?))
        })
    });
    let (function, route, parameters) = fitting.max_by_key(|(_, route, _)| route.rank())?;
    Some((function, event(request, &route.key, &parameters, clock)))
}

fn event(
    request: &HttpRequest,
    key: &str,
    parameters: &BTreeMap<String, String>,
    clock: &BoxClock,
) -> Value {
    let now = clock.now();
    let headers = joined(
        request.headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone())),
    );
    let header =
        |name: &str| headers.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let cookies: Vec<_> = request
        .headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("cookie"))
        .flat_map(|(_, value)| value.split("; "))
        .collect();
    let mut event = json!({
        "version": "2.0",
        "routeKey": key,
        "rawPath": request.path,
        "rawQueryString": request.query,
        "headers": headers,
        "requestContext": {
            "accountId": crate::ACCOUNT,
            "apiId": "box",
            "domainName": header("host"),
            "domainPrefix": "box",
            "http": {
                "method": request.method,
                "path": request.path,
                "protocol": "HTTP/1.1",
                "sourceIp": request.source_ip,
                "userAgent": header("user-agent"),
            },
            "requestId": format!("box-{}", REQUESTS.fetch_add(1, Ordering::Relaxed)),
            "routeKey": key,
            "stage": "$default",
            "time": now.to_zoned(TimeZone::UTC).strftime("%d/%b/%Y:%H:%M:%S %z").to_string(),
            "timeEpoch": now.as_millisecond(),
        },
        "isBase64Encoded": false,
    });
    if let Some(members) = event.as_object_mut() {
        if !cookies.is_empty() {
            members.insert("cookies".to_owned(), json!(cookies));
        }
        if !request.query.is_empty() {
            let query = joined(decode_form(&request.query));
            members.insert("queryStringParameters".to_owned(), query.into());
        }
        if !parameters.is_empty() {
            members.insert("pathParameters".to_owned(), json!(parameters));
        }
        body(members, &request.body, &header("content-type"));
    }
    event
}

/// Several values of a name in one, as API Gateway gives them.
fn joined(pairs: impl Iterator<Item = (String, String)>) -> Map<String, Value> {
    let mut joined = BTreeMap::<String, String>::new();
    for (name, value) in pairs {
        joined
            .entry(name)
            .and_modify(|values| *values = format!("{values},{value}"))
            .or_insert(value);
    }
    joined.into_iter().map(|(name, value)| (name, value.into())).collect()
}

/// A body is text for a few content types; anything else, a form and no content type too, is base64.
fn body(event: &mut Map<String, Value>, body: &[u8], content_type: &str) {
    if body.is_empty() {
        return;
    }
    let media = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let textual = media.starts_with("text/")
        || matches!(
            media.as_str(),
            "application/json" | "application/xml" | "application/javascript"
        );
    match str::from_utf8(body) {
        Ok(text) if textual => {
            event.insert("body".to_owned(), text.into());
        }
        _ => {
            event.insert("body".to_owned(), BASE64.encode(body).into());
            event.insert("isBase64Encoded".to_owned(), true.into());
        }
    }
}

/// What API Gateway makes of a function's answer. Without a `statusCode` the whole answer is the body.
pub(crate) fn response(answer: &Value) -> HttpResponse {
    let Some(status) = answer.get("statusCode").and_then(Value::as_u64) else {
        return HttpResponse {
            status: 200,
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: answer.as_str().map_or_else(|| answer.to_string(), str::to_owned).into_bytes(),
        };
    };
    let mut headers = Vec::new();
    for (name, value) in answer.get("headers").and_then(Value::as_object).into_iter().flatten() {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        headers.push((name.to_ascii_lowercase(), value));
    }
    for cookie in answer.get("cookies").and_then(Value::as_array).into_iter().flatten() {
        headers.push(("set-cookie".to_owned(), cookie.as_str().unwrap_or_default().to_owned()));
    }
    let text = answer.get("body").and_then(Value::as_str).unwrap_or_default();
    let encoded = answer.get("isBase64Encoded").and_then(Value::as_bool) == Some(true);
    let body =
        if encoded { BASE64.decode(text.as_bytes()).ok() } else { Some(text.as_bytes().to_vec()) };
    match (body, u16::try_from(status)) {
        (Some(body), Ok(status)) => HttpResponse { status, headers, body },
        _ => HttpResponse::gateway(500, "Internal Server Error"),
    }
}

/// The pairs of a query or form, decoded.
pub(crate) fn decode_form(form: &str) -> impl Iterator<Item = (String, String)> + '_ {
    form.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(name, true), decode(value, true))
    })
}

/// Percent-decoding; what is no escape stays as it is.
fn decode(text: &str, plus_is_space: bool) -> String {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let escape = if first == b'%' { tail.first_chunk::<2>() } else { None };
        let byte =
            escape.and_then(|digits| u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok());
        decoded.push(byte.unwrap_or(if first == b'+' && plus_is_space { b' ' } else { first }));
        rest = if byte.is_some() { tail.get(2..).unwrap_or_default() } else { tail };
    }
    String::from_utf8_lossy(&decoded).into_owned()
}
