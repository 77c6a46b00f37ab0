//! The answers of the services, in the three protocols that the SDK speaks to them.

use aws_smithy_runtime_api::{
    client::{orchestrator::HttpResponse, result::ConnectorError},
    http::StatusCode,
};
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};

/// Which shape errors have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// AWS JSON 1.0 and REST JSON: the code in a header and in `__type`.
    Json,
    /// AWS query: XML.
    Query,
}

/// An error of a service.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) message: String,
    /// More members of the JSON body.
    pub(crate) extra: Vec<(&'static str, Value)>,
}

impl Refusal {
    pub(crate) fn new(status: u16, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { status, code: code.into(), message: message.into(), extra: Vec::new() }
    }

    /// The answer to an operation that the box does not have.
    pub(crate) fn unknown(service: &str, operation: &str) -> Self {
        Self::new(
            400,
            "UnknownOperationException",
            format!("the box does not model {service} {operation}"),
        )
    }
}

impl From<rusqlite::Error> for Refusal {
    fn from(error: rusqlite::Error) -> Self {
        Self::new(500, "InternalFailure", format!("the box's state: {error}"))
    }
}

impl From<crate::Error> for Refusal {
    fn from(error: crate::Error) -> Self {
        Self::new(500, "InternalFailure", error.to_string())
    }
}

/// An answer on its way to the SDK.
#[derive(Debug)]
pub(crate) struct Answer {
    status: u16,
    content_type: &'static str,
    error: Option<String>,
    body: String,
}

impl Answer {
    pub(crate) fn json(body: impl Into<String>) -> Self {
        Self {
            status: 200,
            content_type: "application/x-amz-json-1.0",
            error: None,
            body: body.into(),
        }
    }

    /// A JSON body that names its own error.
    pub(crate) fn raw(status: u16, body: String) -> Self {
        Self { status, ..Self::json(body) }
    }

    pub(crate) fn xml(body: String) -> Self {
        Self { status: 200, content_type: "text/xml", error: None, body }
    }

    pub(crate) fn refusal(protocol: Protocol, refusal: Refusal) -> Self {
        match protocol {
            Protocol::Json => {
                let mut body = json!({"__type": refusal.code, "message": refusal.message});
                if let Some(members) = body.as_object_mut() {
                    let extra = refusal.extra.into_iter();
                    members.extend(extra.map(|(name, value)| (name.to_owned(), value)));
                }
                Self {
                    status: refusal.status,
                    error: Some(refusal.code),
                    ..Self::json(body.to_string())
                }
            }
            Protocol::Query => Self {
                status: refusal.status,
                ..Self::xml(format!(
                    "<ErrorResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><Error><Type>{}</Type>\
                     <Code>{}</Code><Message>{}</Message></Error><RequestId>box</RequestId></ErrorResponse>",
                    if refusal.status < 500 { "Sender" } else { "Receiver" },
                    escape(&refusal.code),
                    escape(&refusal.message),
                ))
            },
        }
    }

    /// The answer as the SDK's connector returns it.
    pub(crate) fn into_response(self) -> Result<HttpResponse, ConnectorError> {
        let status = StatusCode::try_from(self.status)
            .map_err(|error| ConnectorError::other(error.into(), None))?;
        let mut response = HttpResponse::new(status, SdkBody::from(self.body));
        let headers = response.headers_mut();
        headers.insert("content-type", self.content_type);
        headers.insert("x-amzn-requestid", "box");
        if let Some(code) = self.error {
            headers
                .try_insert("x-amzn-errortype", code)
                .map_err(|error| ConnectorError::other(error.into(), None))?;
        }
        Ok(response)
    }
}

/// Text as XML content.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
