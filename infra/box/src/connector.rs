//! The SDK's HTTP connector: which service a request is for, and its answer.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Weak},
};

use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
    },
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
    runtime_components::RuntimeComponents,
};
use serde_json::{Value, json};

use crate::{
    Inner,
    answer::{Answer, Protocol, Refusal},
    http::decode_form,
    meter::{Call, Fault, current_function},
    scheduler, ses, sns, sqs, systems, target,
};

/// What stands in for the network. It does not keep the box alive, because the box keeps the functions alive and
/// they keep this.
#[derive(Clone)]
pub(crate) struct Connector(pub(crate) Weak<Inner>);

impl fmt::Debug for Connector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("masa_box::Connector")
    }
}

impl HttpClient for Connector {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let function = current_function();
        let inner = self.0.upgrade();
        HttpConnectorFuture::new(async move {
            let inner = inner.ok_or_else(|| ConnectorError::io("the box was dropped".into()))?;
            let request = Request::read(&request)?;
            inner.call(function, request).await
        })
    }
}

/// The part of a request that matters.
#[derive(Debug)]
struct Request {
    service: Service,
    operation: String,
    /// The whole address.
    url: String,
    /// The headers; of those that come twice, one.
    headers: BTreeMap<String, String>,
    /// The last segment of the path, and the query.
    name: String,
    query: String,
    body: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Service {
    Dynamodb,
    Sqs,
    Ses,
    Sns,
    Scheduler,
    /// None of AWS's: a system that gets a webhook.
    System,
    Unknown,
}

impl Service {
    fn name(self) -> &'static str {
        match self {
            Self::Dynamodb => "dynamodb",
            Self::Sqs => "sqs",
            Self::Ses => "ses",
            Self::Sns => "sns",
            Self::Scheduler => "scheduler",
            Self::System => "system",
            Self::Unknown => "unknown",
        }
    }

    fn protocol(self) -> Protocol {
        if self == Self::Sns { Protocol::Query } else { Protocol::Json }
    }
}

impl Request {
    fn read(request: &HttpRequest) -> Result<Self, ConnectorError> {
        let body = request.body().bytes();
        let body = body
            .ok_or_else(|| ConnectorError::user("the box takes no streaming bodies".into()))?
            .to_vec();
        let rest = request.uri().split_once("://").map_or(request.uri(), |(_, rest)| rest);
        let (host, rest) = rest.split_once('/').unwrap_or((rest, ""));
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let target = request.headers().get("x-amz-target");
        let (service, operation) = match target.and_then(|target| target.split_once('.')) {
            Some(("DynamoDB_20120810", operation)) => (Service::Dynamodb, operation.to_owned()),
            Some(("AmazonSQS", operation)) => (Service::Sqs, operation.to_owned()),
            Some((other, operation)) => (Service::Unknown, format!("{other}.{operation}")),
            None if request.headers().get("webhook-id").is_some() => {
                (Service::System, "Call".to_owned())
            }
            None => by_host(host, request.method(), path, &body),
        };
        let name = path.rsplit('/').next().unwrap_or_default().to_owned();
        let (url, query) = (request.uri().to_owned(), query.to_owned());
        let headers = request.headers().iter();
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Ok(Self { service, operation, url, headers, name, query, body })
    }

    /// The JSON body; an empty one is an empty object.
    fn json(&self) -> Result<Value, Refusal> {
        if self.body.is_empty() {
            return Ok(json!({}));
        }
        serde_json::from_slice(&self.body)
            .map_err(|error| Refusal::new(400, "SerializationException", error.to_string()))
    }

    /// A webhook as a system sees it.
    fn call(&self) -> systems::Call<'_> {
        systems::Call { url: &self.url, headers: &self.headers, body: &self.body }
    }

    /// What the call is about, as [`Call::target`] says it.
    fn target(&self) -> String {
        let input = || self.json().unwrap_or_default();
        match self.service {
            Service::Dynamodb => target::items(&self.operation, &input()),
            Service::Sqs => target::queue(&input()),
            Service::Scheduler => self.name.clone(),
            Service::Ses | Service::Sns | Service::System | Service::Unknown => String::new(),
        }
    }
}

fn by_host(host: &str, method: &str, path: &str, body: &[u8]) -> (Service, String) {
    let service = host.split('.').next().unwrap_or_default();
    let collection = path.split('/').next().unwrap_or_default();
    let (service, operation) = match (service, method, collection) {
        ("email", "POST", _) if path == "v2/email/outbound-emails" => (Service::Ses, "SendEmail"),
        ("email", ..) => (Service::Ses, ""),
        ("scheduler", "POST", "schedules") => (Service::Scheduler, "CreateSchedule"),
        ("scheduler", "GET", "schedules") if path.contains('/') => {
            (Service::Scheduler, "GetSchedule")
        }
        ("scheduler", "DELETE", "schedules") => (Service::Scheduler, "DeleteSchedule"),
        ("scheduler", ..) => (Service::Scheduler, ""),
        ("sns", ..) => {
            let action = sns::form(body).remove("Action").unwrap_or_default();
            return (Service::Sns, action);
        }
        _ => (Service::Unknown, ""),
    };
    let named =
        if operation.is_empty() { format!("{method} {host}/{path}") } else { operation.to_owned() };
    (service, named)
}

impl Inner {
    async fn call(
        self: Arc<Self>,
        function: String,
        request: Request,
    ) -> Result<HttpResponse, ConnectorError> {
        let call = Call {
            function,
            service: request.service.name(),
            operation: request.operation.clone(),
            target: request.target(),
        };
        let protocol = request.service.protocol();
        let interceptor = self.interceptor();
        self.meter.record(&call);
        if let Some(interceptor) = &interceptor
            && let Err(fault) = interceptor.before(&call).await
        {
            return faulty(fault, protocol);
        }
        let answer = self.serve(&request);
        self.changed.notify_one();
        if let Some(interceptor) = &interceptor
            && let Err(fault) = interceptor.after(&call).await
        {
            return faulty(fault, protocol);
        }
        answer.into_response()
    }

    fn serve(&self, request: &Request) -> Answer {
        let operation = request.operation.as_str();
        let now = self.clock.micros();
        let answered = match request.service {
            Service::Dynamodb => return self.dynamo.answer(operation, &request.body),
            Service::Sqs => request
                .json()
                .and_then(|input| {
                    sqs::answer(&mut self.state(), &self.registry(), now, operation, &input)
                })
                .map(|output| Answer::json(output.to_string())),
            Service::Ses => request
                .json()
                .and_then(|input| {
                    ses::answer(&self.state(), &self.registry(), now, operation, &input)
                })
                .map(|output| Answer::json(output.to_string())),
            Service::Sns => sns::answer(&self.state(), now, operation, &sns::form(&request.body))
                .map(Answer::xml),
            Service::Scheduler => self.serve_schedule(request, now),
            Service::System => {
                let answers = &self.registry().systems;
                systems::answer(&self.state(), answers, now, request.call())
            }
            Service::Unknown => Err(Refusal::unknown("service", operation)),
        };
        answered.unwrap_or_else(|refusal| Answer::refusal(request.service.protocol(), refusal))
    }

    fn serve_schedule(&self, request: &Request, now: i64) -> Result<Answer, Refusal> {
        let group = decode_form(&request.query).find(|(name, _)| name == "groupName");
        let group = group.map(|(_, value)| value);
        let target = scheduler::Target { name: &request.name, group: group.as_deref() };
        let input = request.json()?;
        let output = scheduler::answer(&self.state(), now, &request.operation, &target, &input)?;
        Ok(Answer::json(output.to_string()))
    }
}

fn faulty(fault: Fault, protocol: Protocol) -> Result<HttpResponse, ConnectorError> {
    match fault {
        Fault::Lost => Err(ConnectorError::io("the connection broke".into())),
        Fault::Timeout => Err(ConnectorError::timeout("the call timed out".into())),
        Fault::Answer(status, code) => {
            Answer::refusal(protocol, Refusal::new(status, code, "made to fail")).into_response()
        }
    }
}
