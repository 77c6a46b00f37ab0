//! Masa's functions on the box, wired as `infra/template.yaml` wires them on AWS.
//!
//! Routes, queues, filters and settings stand here once more; a test holds them against the
//! template.

// The SDK's futures nest deeply.
#![recursion_limit = "256"]

use std::path::Path;

use jiff::SignedDuration;
use masa_box::{AwsBox, ClockMode, Handler, Queue, Redrive, StreamSource};
use masa_domain::{Medium, Message, MessageId, Status};
use masa_runtime::{Config, Missing};
use masa_store::Store;
use serde_json::{Value, json};

/// The table's name on the box.
pub const TABLE: &str = "masa";
/// The queues' names on the box.
pub const SEND_QUEUE: &str = "send";
/// Due waits.
pub const WAKE_QUEUE: &str = "wake";
/// What SES tells of mails.
pub const FEEDBACK_QUEUE: &str = "feedback";
/// Messages that could not be sent.
pub const SEND_DEAD_LETTERS: &str = "send-dead-letters";
/// Wakes that could not be worked off, and schedules that found no queue.
pub const WAKE_DEAD_LETTERS: &str = "wake-dead-letters";
/// Events of SES that could not be worked off.
pub const FEEDBACK_DEAD_LETTERS: &str = "feedback-dead-letters";
/// Stream records that could not be worked off.
pub const ADVANCE_DEAD_LETTERS: &str = "advance-dead-letters";

/// How often a queue message is received before the queue itself makes it a dead letter: once more
/// than its function needs to give it up with a cause.
pub const RECEIVES_MAX: u32 = 100;
/// Seconds for which a received message is hidden, as in the template: six times a function's
/// time limit.
pub const VISIBILITY_S: u32 = 180;
/// How often journeys are looked for that nothing moves any more, and dates that nobody was woken for.
pub const SWEEP_EVERY: SignedDuration = SignedDuration::from_mins(15);

/// The stream's filters: new facts, and messages whose fate is settled. Not what `advance` itself
/// writes, and no claim.
pub fn stream_patterns() -> [Value; 2] {
    [
        json!({"eventName": ["INSERT"], "dynamodb": {"Keys": {"sk": {"S": [{"prefix": "F#"}]}}}}),
        json!({"eventName": ["INSERT", "MODIFY"], "dynamodb": {
            "Keys": {"sk": {"S": [{"prefix": "M#"}]}},
            "NewImage": {"status": {"M": {"status": {"S": ["sent", "answered", "skipped", "failed", "unknown"]}}}},
        }}),
    ]
}

/// The routes of each HTTP function.
pub const ROUTES: [(&str, &[&str]); 6] = [
    (
        "signup",
        &["ANY /hooks/signup", "ANY /hooks/typeform", "ANY /hooks/tally", "ANY /forms/{form}"],
    ),
    (
        "purchase",
        &[
            "ANY /hooks/purchase",
            "ANY /hooks/shopify",
            "ANY /hooks/woocommerce",
            "ANY /hooks/stripe",
        ],
    ),
    ("event", &["ANY /hooks/event"]),
    ("open", &["ANY /o/{token}"]),
    ("click", &["ANY /c/{token}"]),
    ("preferences", &["ANY /u/{token}", "ANY /a/{token}"]),
];

/// Why a stack can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The box.
    #[error(transparent)]
    Box(#[from] masa_box::Error),
    /// The table.
    #[error(transparent)]
    Store(#[from] masa_store::Error),
    /// A setting.
    #[error(transparent)]
    Missing(#[from] Missing),
}

/// The functions and everything around them, in one process.
#[derive(Clone)]
pub struct Stack {
    /// AWS.
    pub aws: AwsBox,
    /// The table, for those who look.
    pub store: Store,
    /// The settings of the functions.
    pub config: Config,
}

/// Where functions run.
pub trait Containers {
    /// Makes a function's handler.
    ///
    /// # Errors
    /// What the function's `new` says is missing.
    fn handler<F: masa_runtime::Function>(
        &self,
        aws: &AwsBox,
        config: &Config,
    ) -> Result<Handler, Missing>;
}

/// One container of each function, always warm.
struct Warm;

impl Containers for Warm {
    fn handler<F: masa_runtime::Function>(
        &self,
        aws: &AwsBox,
        config: &Config,
    ) -> Result<Handler, Missing> {
        aws.build::<F>(config)
    }
}

impl Stack {
    /// Opens a stack kept in the folder `data`, or in memory. `settings` are those that differ
    /// from the box's own; secrets and `MASA_PUBLIC_URL` must be among them.
    ///
    /// # Errors
    /// [`Error`] when the folder can't be used or a setting is missing.
    pub fn open(data: Option<&Path>, clock: ClockMode, settings: Config) -> Result<Self, Error> {
        Self::open_in(&Warm, data, clock, settings)
    }

    /// The same, with the functions in containers of one's own making.
    ///
    /// # Errors
    /// As [`Stack::open`].
    pub fn open_in(
        containers: &impl Containers,
        data: Option<&Path>,
        clock: ClockMode,
        settings: Config,
    ) -> Result<Self, Error> {
        let aws = AwsBox::open(data, clock)?;
        aws.ensure_table(TABLE)?;
        let config = wiring(&aws).overridden_by(settings);
        add_queues(&aws)?;
        let (mut routes, mut handlers) =
            (ROUTES.into_iter(), http_handlers(containers, &aws, &config)?.into_iter());
        while let (Some((function, routes)), Some(handler)) = (routes.next(), handlers.next()) {
            aws.on_http(function, routes, handler)?;
        }
        aws.on_stream(
            "advance",
            StreamSource {
                table: TABLE.to_owned(),
                patterns: stream_patterns().to_vec(),
                batch_size: 100,
                max_attempts: 50,
                dead_letter_queue: Some(ADVANCE_DEAD_LETTERS.to_owned()),
            },
            containers.handler::<masa_advance::Function>(&aws, &config)?,
        )?;
        aws.on_queue(
            "wake",
            WAKE_QUEUE,
            10,
            containers.handler::<masa_wake::Function>(&aws, &config)?,
        )?;
        aws.on_queue(
            "deliver",
            SEND_QUEUE,
            10,
            containers.handler::<masa_deliver::Function>(&aws, &config)?,
        )?;
        let feedback = containers.handler::<masa_feedback::Function>(&aws, &config)?;
        aws.on_queue("feedback", FEEDBACK_QUEUE, 10, feedback)?;
        aws.publish_ses_events(FEEDBACK_QUEUE)?;
        let sweep = containers.handler::<masa_sweep::Function>(&aws, &config)?;
        aws.on_rate("sweep", SWEEP_EVERY, sweep)?;
        let dates = containers.handler::<masa_dates::Function>(&aws, &config)?;
        aws.on_rate("dates", SWEEP_EVERY, dates)?;
        let store = Store::new(&aws.sdk_config(), &config)?;
        Ok(Self { aws, store, config })
    }
}

impl Stack {
    /// Settles the messages that a killed process had in hand. On AWS a claim's lease and a grace period
    /// have to pass first; the box's SES and SNS are still here and know for certain what they took.
    ///
    /// # Errors
    /// [`Error`] when outbox or table can't be read or written.
    pub async fn recover(&self) -> Result<(), Error> {
        let outbox = self.aws.outbox()?;
        let messages = self.store.all_messages().await?;
        for message in &messages {
            let Status::Claimed { owner, unknowns, .. } = &message.status else { continue };
            let taken = match message.medium {
                // SES's event of it was stored together with it, and will tell.
                Medium::Email | Medium::Tell
                    if outbox.iter().any(|mail| is_of(mail, message.id)) =>
                {
                    continue;
                }
                // A system knows the call by its id, and does nothing twice.
                Medium::Email | Medium::Tell | Medium::Call => None,
                Medium::Sms => {
                    let contact = self.store.find(message.contact).await?.loaded.contact;
                    let number = contact.and_then(|contact| contact.profile.phone);
                    // A text carries no tag: it is the one to this number that no message knows.
                    outbox.iter().find(|sent| {
                        text(sent, "channel") == "sms"
                            && number.as_deref() == Some(text(sent, "to"))
                            && !messages.iter().any(|other| was_sent_as(other, text(sent, "id")))
                    })
                }
            };
            let at = self.aws.clock().now();
            let outcome = match taken {
                Some(sent) => Status::Sent { at, provider_id: text(sent, "id").to_owned() },
                None => Status::Released {
                    at,
                    reason: "the process was killed".to_owned(),
                    unknowns: *unknowns,
                },
            };
            self.store.settle(message.contact, message.id, owner, &outcome).await?;
        }
        Ok(())
    }
}

fn was_sent_as(message: &Message, id: &str) -> bool {
    matches!(&message.status, Status::Sent { provider_id, .. } if provider_id == id)
}

/// Whether an accepted mail carries the tags of this message.
fn is_of(mail: &Value, id: MessageId) -> bool {
    let Some(tags) = mail.get("tags") else { return false };
    text(tags, "run") == id.run.to_string() && text(tags, "generation") == id.generation.to_string()
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The functions behind [`ROUTES`], in its order.
fn http_handlers(
    containers: &impl Containers,
    aws: &AwsBox,
    config: &Config,
) -> Result<[Handler; 6], Missing> {
    Ok([
        containers.handler::<masa_signup::Function>(aws, config)?,
        containers.handler::<masa_purchase::Function>(aws, config)?,
        containers.handler::<masa_event::Function>(aws, config)?,
        containers.handler::<masa_open::Function>(aws, config)?,
        containers.handler::<masa_click::Function>(aws, config)?,
        containers.handler::<masa_preferences::Function>(aws, config)?,
    ])
}

fn add_queues(aws: &AwsBox) -> Result<(), Error> {
    let queue = |name: &str, dead_letters: Option<&str>| Queue {
        name: name.to_owned(),
        visibility_timeout_s: VISIBILITY_S,
        redrive: dead_letters.map(|queue| Redrive {
            dead_letter_queue: queue.to_owned(),
            max_receive_count: RECEIVES_MAX,
        }),
    };
    for (name, dead_letters) in [
        (SEND_DEAD_LETTERS, None),
        (WAKE_DEAD_LETTERS, None),
        (ADVANCE_DEAD_LETTERS, None),
        (FEEDBACK_DEAD_LETTERS, None),
        (SEND_QUEUE, Some(SEND_DEAD_LETTERS)),
        (WAKE_QUEUE, Some(WAKE_DEAD_LETTERS)),
        (FEEDBACK_QUEUE, Some(FEEDBACK_DEAD_LETTERS)),
    ] {
        aws.add_queue(queue(name, dead_letters))?;
    }
    Ok(())
}

/// The settings that the template makes from its own resources.
fn wiring(aws: &AwsBox) -> Config {
    [
        ("MASA_TABLE", TABLE.to_owned()),
        ("MASA_SEND_QUEUE", aws.queue_url(SEND_QUEUE)),
        ("MASA_SEND_DEAD_LETTERS", aws.queue_url(SEND_DEAD_LETTERS)),
        ("MASA_WAKE_QUEUE", aws.queue_url(WAKE_QUEUE)),
        ("MASA_WAKE_QUEUE_ARN", aws.queue_arn(WAKE_QUEUE)),
        ("MASA_WAKE_DEAD_LETTERS", aws.queue_url(WAKE_DEAD_LETTERS)),
        ("MASA_ADVANCE_DEAD_LETTERS", aws.queue_url(ADVANCE_DEAD_LETTERS)),
        ("MASA_FEEDBACK_QUEUE", aws.queue_url(FEEDBACK_QUEUE)),
        ("MASA_FEEDBACK_DEAD_LETTERS", aws.queue_url(FEEDBACK_DEAD_LETTERS)),
        ("MASA_CONFIGURATION_SET", "masa".to_owned()),
        ("MASA_SCHEDULE_ROLE_ARN", format!("arn:aws:iam::{}:role/schedule", masa_box::ACCOUNT)),
        ("MASA_SCHEDULE_GROUP", "masa".to_owned()),
        ("MASA_SCHEDULE_DLQ_ARN", aws.queue_arn(WAKE_DEAD_LETTERS)),
    ]
    .into_iter()
    .collect()
}
