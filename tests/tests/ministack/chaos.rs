//! What goes wrong while journeys run: processes die, and deliveries stop, overlap and double.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, Ordering},
    thread::sleep,
    time::Duration,
};

use anyhow::{Context as _, Result};
use masa_tests::tools::Started;
use serde_json::{Value, json};

use crate::stack::Stack;

/// The seconds for which a queue message that was handed out is hidden, when nothing is wrong. The template's own time
/// is for functions that may run for half a minute; here it is how long the test waits after a kill.
const HIDDEN: u32 = 20;

/// How many records of the stream go together. Lambda halves a batch whose function failed; MiniStack does not, and one
/// of the template's size would never be worked off between two kills.
const STREAM_BATCH: u32 = 10;

/// A sequence of numbers that looks random and is the same for the same seed (`SplitMix64`).
#[derive(Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number from `from` up to and without `to`.
    pub(crate) fn roll(&mut self, from: u64, to: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        from + (mixed ^ (mixed >> 31)) % (to - from)
    }

    fn one_of<T>(&mut self, all: &mut Vec<T>) -> Option<T> {
        let count = u64::try_from(all.len()).unwrap();
        (count > 0).then(|| all.swap_remove(usize::try_from(self.roll(0, count)).unwrap()))
    }
}

/// Kills function processes until `stop`, every second time one that sends, where a death costs most; returns how many
/// of each function.
pub(crate) fn kill_functions(
    stack: &Stack,
    mut dice: Dice,
    stop: &AtomicBool,
) -> Result<BTreeMap<String, u32>> {
    let mut killed = BTreeMap::new();
    while !stop.load(Ordering::Relaxed) {
        pause(dice.roll(50, 350));
        let named = |process: Started| {
            // `<stack>-<name in the template>-<end>`; none when it has ended since.
            let name = process.variable("AWS_LAMBDA_FUNCTION_NAME")?;
            Some((name.split('-').nth(1)?.to_owned(), process))
        };
        let mut running: Vec<_> = stack.functions()?.into_iter().filter_map(named).collect();
        if dice.roll(0, 2) == 0 {
            running.retain(|(name, _)| name == "Deliver");
        }
        // One process dies, or all of a machine that carries several.
        let deaths = if dice.roll(0, 20) == 0 { running.len() } else { 1 };
        for _ in 0..deaths {
            let Some((name, process)) = dice.one_of(&mut running) else { break };
            if process.kill() {
                *killed.entry(name).or_default() += 1;
            }
        }
    }
    Ok(killed)
}

/// What [`trouble_deliveries`] did.
#[derive(Debug, Default)]
pub(crate) struct Troubles {
    pub(crate) pauses: u32,
    pub(crate) overlaps: u32,
    pub(crate) copies: usize,
}

/// Troubles the deliveries from queues and stream until `stop`, and leaves them in order.
pub(crate) fn trouble_deliveries(
    stack: &Stack,
    mut dice: Dice,
    stop: &AtomicBool,
) -> Result<Troubles> {
    let mut done = Troubles::default();
    let sources: Vec<_> = mappings(stack)?.iter().map(source).collect();
    let mut queues = queues(stack)?;
    queues.retain(|queue| sources.iter().any(|source| source.ends_with(name(queue))));
    for queue in &queues {
        hide_for(stack, queue, HIDDEN)?;
    }
    update(stack, &stream_mapping(stack)?, &json!({ "BatchSize": STREAM_BATCH }))?;
    while !stop.load(Ordering::Relaxed) {
        pause(dice.roll(200, 1500));
        if dice.roll(0, 2) == 0 {
            let mut all = mappings(stack)?;
            let mapping = dice.one_of(&mut all).context("no mapping")?;
            enable(stack, &mapping, false)?;
            pause(dice.roll(500, 2000));
            for queue in queues.iter().filter(|queue| source(&mapping).ends_with(name(queue))) {
                done.copies += double(stack, queue)?;
            }
            enable(stack, &mapping, true)?;
            done.pauses += 1;
        } else {
            for queue in &queues {
                hide_for(stack, queue, 1)?;
            }
            pause(dice.roll(1000, 3000));
            for queue in &queues {
                hide_for(stack, queue, HIDDEN)?;
            }
            done.overlaps += 1;
        }
    }
    Ok(done)
}

/// Delivers every record of the table's stream once more, from the first on. That mends, too, what MiniStack loses: it
/// takes a stream's batch for done although the function named records that failed.
pub(crate) fn replay_stream(stack: &Stack) -> Result<()> {
    let mut mapping = stream_mapping(stack)?;
    stack.aws.rest("lambda", "DELETE", &path(&mapping)?, "")?;
    mapping["FunctionName"] = mapping["FunctionArn"].clone();
    mapping["StartingPosition"] = json!("TRIM_HORIZON");
    mapping["Enabled"] = json!(true);
    mapping["BatchSize"] = json!(100);
    stack.aws.rest("lambda", "POST", MAPPINGS, &mapping.to_string())?;
    Ok(())
}

/// The addresses of all queues.
pub(crate) fn queues(stack: &Stack) -> Result<Vec<String>> {
    let listed = sqs(stack, "ListQueues", &json!({}))?;
    let urls = listed["QueueUrls"].as_array().context("no queues")?;
    Ok(urls.iter().filter_map(|url| url.as_str().map(str::to_owned)).collect())
}

pub(crate) fn sqs(stack: &Stack, action: &str, input: &Value) -> Result<Value> {
    stack.aws.json("sqs", &format!("AmazonSQS.{action}"), input)
}

const MAPPINGS: &str = "/2015-03-31/event-source-mappings";

fn mappings(stack: &Stack) -> Result<Vec<Value>> {
    let listed = stack.aws.rest("lambda", "GET", MAPPINGS, "")?;
    listed["EventSourceMappings"].as_array().cloned().context("no mappings")
}

fn stream_mapping(stack: &Stack) -> Result<Value> {
    let mut all = mappings(stack)?.into_iter();
    all.find(|mapping| source(mapping).contains(":dynamodb:")).context("nothing reads the stream")
}

fn source(mapping: &Value) -> String {
    mapping["EventSourceArn"].as_str().unwrap_or_default().to_owned()
}

fn path(mapping: &Value) -> Result<String> {
    Ok(format!("{MAPPINGS}/{}", mapping["UUID"].as_str().context("a mapping without an id")?))
}

fn enable(stack: &Stack, mapping: &Value, enabled: bool) -> Result<()> {
    update(stack, mapping, &json!({ "Enabled": enabled }))
}

fn update(stack: &Stack, mapping: &Value, input: &Value) -> Result<()> {
    stack.aws.rest("lambda", "PUT", &path(mapping)?, &input.to_string()).map(drop)
}

fn hide_for(stack: &Stack, queue: &str, seconds: u32) -> Result<()> {
    let attributes = json!({ "VisibilityTimeout": seconds.to_string() });
    let input = json!({ "QueueUrl": queue, "Attributes": attributes });
    sqs(stack, "SetQueueAttributes", &input).map(drop)
}

/// Puts a copy of some waiting messages beside them; returns how many.
fn double(stack: &Stack, queue: &str) -> Result<usize> {
    let input = json!({ "QueueUrl": queue, "MaxNumberOfMessages": 10, "VisibilityTimeout": 0 });
    let received = sqs(stack, "ReceiveMessage", &input)?;
    let waiting = received["Messages"].as_array().cloned().unwrap_or_default();
    for message in &waiting {
        let input = json!({ "QueueUrl": queue, "MessageBody": message["Body"] });
        sqs(stack, "SendMessage", &input)?;
    }
    Ok(waiting.len())
}

/// Some messages of a queue with their attributes.
pub(crate) fn first_messages(stack: &Stack, queue: &str) -> Result<Value> {
    let input = json!({
        "QueueUrl": queue, "MaxNumberOfMessages": 10, "AttributeNames": ["All"],
        "MessageAttributeNames": ["All"],
    });
    Ok(sqs(stack, "ReceiveMessage", &input)?["Messages"].take())
}

fn name(queue: &str) -> &str {
    queue.rsplit('/').next().unwrap_or_default()
}

#[expect(clippy::disallowed_methods, reason = "the deployed stack lives in the machine's time")]
pub(crate) fn pause(millis: u64) {
    sleep(Duration::from_millis(millis));
}
