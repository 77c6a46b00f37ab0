//! Answers that are made to fail, as the SDK's clients take them.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use aws_sdk_dynamodb::{error::ProvideErrorMetadata, types::AttributeValue::S};
use futures_util::future::BoxFuture;
use masa_box::{AwsBox, Call, Fault, Interceptor};

use crate::{new_box, schedule, services::mail};

/// Answers the first calls with a fault; the service does not see them.
struct First {
    left: AtomicUsize,
    fault: Fault,
}

impl Interceptor for First {
    fn before<'a>(&'a self, _: &'a Call) -> BoxFuture<'a, Result<(), Fault>> {
        let count = |left: usize| left.checked_sub(1);
        let failing = self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, count).is_ok();
        Box::pin(async move { if failing { Err(self.fault) } else { Ok(()) } })
    }

    fn after<'a>(&'a self, _: &'a Call) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async { Ok(()) })
    }
}

fn code(error: &impl ProvideErrorMetadata) -> String {
    error.code().unwrap_or("no code").to_owned()
}

/// Makes one call to a service; the error is the code that the client reads.
async fn call(opened: &AwsBox, service: &str) -> Result<(), String> {
    let config = opened.sdk_config();
    match service {
        "dynamodb" => {
            let put = aws_sdk_dynamodb::Client::new(&config).put_item().table_name("masa");
            let put = put.item("pk", S("C#1".into())).item("sk", S("@".into()));
            put.send().await.map(drop).map_err(|error| code(&error))
        }
        "sqs" => {
            let send = aws_sdk_sqs::Client::new(&config).send_message();
            let send = send.queue_url(opened.queue_url("work")).message_body("{}");
            send.send().await.map(drop).map_err(|error| code(&error))
        }
        "ses" => {
            let client = aws_sdk_sesv2::Client::new(&config);
            let sent = mail(&client, &["dana@example.com"], "hello", vec![]).await;
            sent.map(drop).map_err(|(code, _)| code)
        }
        "sns" => {
            let publish = aws_sdk_sns::Client::new(&config).publish();
            let publish = publish.phone_number("+972505550123").message("hello");
            publish.send().await.map(drop).map_err(|error| code(&error))
        }
        "scheduler" => {
            let made = schedule(opened, "run.1", "2026-03-03T08:00:00", "{}").await;
            made.map_err(|error| code(&*error))
        }
        other => Err(format!("no service {other}")),
    }
}

/// Whether the SDK tries again after such an answer.
const AGAIN: bool = true;
const ONCE: bool = false;

/// The answers of the services that a caller must be able to tell apart.
const ANSWERS: [(&str, u16, &str, bool); 21] = [
    ("dynamodb", 400, "ProvisionedThroughputExceededException", AGAIN),
    ("dynamodb", 400, "ThrottlingException", AGAIN),
    ("dynamodb", 500, "InternalServerError", AGAIN),
    ("dynamodb", 400, "TransactionConflictException", ONCE),
    ("dynamodb", 400, "ConditionalCheckFailedException", ONCE),
    ("sqs", 400, "RequestThrottled", AGAIN),
    ("sqs", 500, "InternalFailure", AGAIN),
    ("sqs", 503, "ServiceUnavailable", AGAIN),
    ("scheduler", 429, "ThrottlingException", AGAIN),
    ("scheduler", 500, "InternalServerException", AGAIN),
    ("scheduler", 409, "ConflictException", ONCE),
    ("ses", 429, "TooManyRequestsException", AGAIN),
    ("ses", 500, "InternalFailure", AGAIN),
    // The quota of the day: the SDK takes the code for a throttle.
    ("ses", 400, "LimitExceededException", AGAIN),
    ("ses", 400, "SendingPausedException", ONCE),
    ("ses", 400, "AccountSuspendedException", ONCE),
    ("ses", 400, "MessageRejected", ONCE),
    ("sns", 400, "Throttling", AGAIN),
    ("sns", 429, "ThrottledException", AGAIN),
    ("sns", 500, "InternalError", AGAIN),
    ("sns", 400, "InvalidParameter", ONCE),
];

#[tokio::test]
async fn an_answer_that_is_made_to_fail_is_taken_for_what_it_is() {
    for (service, status, code, again) in ANSWERS {
        let opened = new_box();
        let fail = |times: usize| {
            let first = First { left: times.into(), fault: Fault::Answer(status, code) };
            opened.set_interceptor(Some(Arc::new(first)));
        };
        fail(usize::MAX);
        let failed = call(&opened, service).await;
        assert_eq!(failed, Err(code.to_owned()), "{service}");
        let tries = opened.meter().take();
        assert_eq!(tries.len(), if again { 3 } else { 1 }, "{service} {code}");

        fail(1);
        let expected = if again { Ok(()) } else { Err(code.to_owned()) };
        assert_eq!(call(&opened, service).await, expected, "{service} {code}");
    }
}
