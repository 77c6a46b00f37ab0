//! SES and SNS: what they are asked, and what their answers mean.

use std::collections::BTreeMap;

use aws_sdk_sesv2::{
    operation::send_email::SendEmailError,
    types::{Body, Content, Destination, EmailContent, Message, MessageHeader, MessageTag},
};
use aws_sdk_sns::types::MessageAttributeValue;
use aws_smithy_types::{error::metadata::ProvideErrorMetadata, retry::RetryConfig};
use masa_dispatch::SendJob;
use masa_domain::{ContactId, Kind, Medium};
use masa_runtime::{Config, Missing};
use serde_json::Value;

use crate::{
    compose::{Mail, Text},
    gate::Refuses,
};

/// What became of a send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sent {
    /// It was taken, under this id.
    Accepted(String),
    /// A system took the call and answered this.
    Answered(BTreeMap<String, Value>),
    /// It was refused for good. The reason is a code: messages of SES quote addresses.
    Rejected(String),
    /// It was refused for now, as the next one will be.
    Later(String, Refuses),
    /// Nobody knows.
    Unknown(String),
}

/// The two clients, their own retries off: a retry of the SDK could send twice.
#[derive(Debug, Clone)]
pub(crate) struct Provider {
    ses: aws_sdk_sesv2::Client,
    sns: aws_sdk_sns::Client,
    configuration_set: Option<String>,
    sender_id: Option<String>,
}

impl Provider {
    pub(crate) fn new(sdk: &aws_types::SdkConfig, config: &Config) -> Result<Self, Missing> {
        let once = sdk.to_builder().retry_config(RetryConfig::disabled()).build();
        Ok(Self {
            ses: aws_sdk_sesv2::Client::new(&once),
            sns: aws_sdk_sns::Client::new(&once),
            configuration_set: config.get("MASA_CONFIGURATION_SET").map(str::to_owned),
            sender_id: config.get("MASA_SENDER_ID").map(str::to_owned),
        })
    }

    /// Sends a mail, tagged so that SES's events name the message, and whom its address means.
    pub(crate) async fn mail(
        &self,
        mail: &Mail,
        job: &SendJob,
        medium: Medium,
        addressee: Option<ContactId>,
    ) -> Sent {
        let Some(content) = content(mail) else {
            return Sent::Rejected("Unbuildable".to_owned());
        };
        let request = self
            .ses
            .send_email()
            .from_email_address(&mail.from)
            .destination(Destination::builder().to_addresses(&mail.to).build())
            .content(content)
            .set_reply_to_addresses(mail.reply_to.clone().map(|address| vec![address]))
            .set_email_tags(tags(job, medium, addressee))
            .set_configuration_set_name(self.configuration_set.clone());
        let error = match request.send().await {
            Ok(sent) => return Sent::Accepted(sent.message_id.unwrap_or_default()),
            Err(error) => error,
        };
        let Some(refused) = error.as_service_error() else {
            return unsettled(&error);
        };
        let code = refused.code().unwrap_or("Unknown").to_owned();
        match refused {
            // The quota of the day, by whichever code it comes. The text is looked at and not kept.
            _ if error_text(refused).contains("Daily message quota") => {
                Sent::Later(code, Refuses::Everything)
            }
            SendEmailError::TooManyRequestsException(_) => Sent::Later(code, Refuses::Haste),
            // The limit is the day's quota.
            SendEmailError::LimitExceededException(_)
            | SendEmailError::SendingPausedException(_)
            | SendEmailError::AccountSuspendedException(_)
            | SendEmailError::MailFromDomainNotVerifiedException(_)
            | SendEmailError::NotFoundException(_) => Sent::Later(code, Refuses::Everything),
            // The account's to mend, and not the message's fault. Its text quotes addresses, so it
            // is looked at and not kept.
            SendEmailError::MessageRejected(_) if error_text(refused).contains("not verified") => {
                Sent::Later("IdentityNotVerified".to_owned(), Refuses::Everything)
            }
            SendEmailError::MessageRejected(_) | SendEmailError::BadRequestException(_) => {
                Sent::Rejected(code)
            }
            _ => by_status(&error, code),
        }
    }

    /// Sends a text.
    pub(crate) async fn text(&self, text: &Text, kind: Kind) -> Sent {
        let class = match kind {
            Kind::Marketing => "Promotional",
            Kind::Transactional => "Transactional",
        };
        let mut request = self.sns.publish().phone_number(&text.to).message(&text.body);
        let sender_id = self.sender_id.as_deref();
        for (name, value) in
            [("AWS.SNS.SMS.SMSType", Some(class)), ("AWS.SNS.SMS.SenderID", sender_id)]
        {
            let Some(value) = value else { continue };
            let attribute =
                MessageAttributeValue::builder().data_type("String").string_value(value).build();
            let Ok(attribute) = attribute else {
                return Sent::Rejected("Unbuildable".to_owned());
            };
            request = request.message_attributes(name, attribute);
        }
        let error = match request.send().await {
            Ok(sent) => return Sent::Accepted(sent.message_id.unwrap_or_default()),
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(refused) => {
                let code = refused.code().unwrap_or("Unknown").to_owned();
                by_status(&error, code)
            }
            None => unsettled(&error),
        }
    }
}

fn error_text(refused: &SendEmailError) -> &str {
    refused.message().unwrap_or_default()
}

fn content(mail: &Mail) -> Option<EmailContent> {
    let utf8 = |data: &str| Content::builder().data(data).charset("UTF-8").build().ok();
    let body = Body::builder().html(utf8(&mail.html)?).text(utf8(&mail.text)?).build();
    let mut message = Message::builder().subject(utf8(&mail.subject)?).body(body);
    for (name, value) in &mail.headers {
        message = message.headers(MessageHeader::builder().name(name).value(value).build().ok()?);
    }
    Some(EmailContent::builder().simple(message.build()).build())
}

/// Tags: letters, digits, `_` and `-` only. They come back in SES's events.
fn tags(job: &SendJob, medium: Medium, addressee: Option<ContactId>) -> Option<Vec<MessageTag>> {
    let tag = |name: &str, value: &str| MessageTag::builder().name(name).value(value).build().ok();
    let mut tags = vec![
        tag("flow", &job.flow)?,
        tag("step", &job.step)?,
        tag("medium", medium.as_str())?,
        tag("contact", &job.contact.to_string())?,
        tag("run", &job.message.run.to_string())?,
        tag("generation", &job.message.generation.to_string())?,
    ];
    if let Some(addressee) = addressee.filter(|addressee| *addressee != job.contact) {
        tags.push(tag("addressee", &addressee.to_string())?);
    }
    Some(tags)
}

type SdkError<E> = aws_sdk_sesv2::error::SdkError<E, aws_sdk_sesv2::config::http::HttpResponse>;

/// A refusal by its status: too many is for now, another 4xx for good, the rest nobody knows.
fn by_status<E>(error: &SdkError<E>, code: String) -> Sent {
    let status = error.raw_response().map(|response| response.status().as_u16());
    let throttled = ["Throttling", "Throttled", "TooManyRequests", "RequestLimitExceeded"];
    match status {
        Some(429) => Sent::Later(code, Refuses::Haste),
        Some(_) if throttled.iter().any(|prefix| code.starts_with(prefix)) => {
            Sent::Later(code, Refuses::Haste)
        }
        // Credentials and permissions are the account's to mend, not the message's fault.
        Some(401 | 403) => Sent::Later(code, Refuses::Everything),
        Some(400..=499) => Sent::Rejected(code),
        _ => Sent::Unknown(code),
    }
}

/// No answer that could be read. A request that was not built was surely not sent; of any other,
/// refused connections included, the connector does not tell for certain.
fn unsettled<E>(error: &SdkError<E>) -> Sent {
    match error {
        aws_sdk_sesv2::error::SdkError::ConstructionFailure(_) => {
            Sent::Rejected("Unbuildable".to_owned())
        }
        aws_sdk_sesv2::error::SdkError::TimeoutError(_) => Sent::Unknown("Timeout".to_owned()),
        _ => Sent::Unknown("NoAnswer".to_owned()),
    }
}
