//! The mail log and the table, read side by side.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};
use serde_json::{Map, Value, json};

use crate::stack::Stack;

/// A mail in the log by what the reader sees of it: the address and the subject.
type Letter = (String, String);

/// What the table, its stream and the mail log say.
pub(crate) struct Ledger {
    people: BTreeMap<String, Person>,
    /// The ids that SES gave to each letter.
    mails: BTreeMap<Letter, Vec<String>>,
}

/// What the table says of one contact.
#[derive(Default)]
pub(crate) struct Person {
    state: Value,
    facts: usize,
    messages: Vec<Value>,
    /// By the key of a message: how many claims ended without being released.
    attempts: BTreeMap<String, usize>,
}

/// What has to be true of one contact.
pub(crate) struct Expected {
    pub(crate) email: String,
    /// How many different things were told of it.
    pub(crate) facts: usize,
    /// The second letter of the course.
    pub(crate) second: &'static str,
    /// The order that it made.
    pub(crate) order: Option<String>,
}

/// What the storm did to messages.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) mails: usize,
    pub(crate) outcomes: BTreeMap<String, usize>,
    /// How many claims were left by a dead invocation.
    pub(crate) abandoned: usize,
    /// How many of those had been accepted by SES all the same.
    pub(crate) abandoned_and_sent: usize,
    /// How many messages were sent a second time, since nobody knew.
    pub(crate) resent: usize,
    pub(crate) ends: BTreeMap<String, usize>,
}

impl Ledger {
    /// Reads all about the contacts and letters of the addresses that end with `domain`.
    pub(crate) fn read(stack: &Stack, domain: &str) -> Result<Self> {
        let mut by_key: BTreeMap<String, Person> = BTreeMap::new();
        for item in stack.aws.items(&stack.table)? {
            let (pk, sk) = keys(&item);
            let person = by_key.entry(pk).or_default();
            match sk.split_once('#').map_or(sk.as_str(), |(kind, _)| kind) {
                "@" => person.state = plain(&item),
                "F" => person.facts += 1,
                "M" => person.messages.push(plain(&item)),
                _ => {}
            }
        }
        for change in history(stack)? {
            let (pk, sk) = keys(&change["Keys"]);
            let (old, new) = (&change["OldImage"], &change["NewImage"]);
            if !sk.starts_with("M#") || old["status"] == new["status"] {
                continue;
            }
            let attempts = by_key.entry(pk).or_default().attempts.entry(sk).or_default();
            match new["status"]["M"]["status"]["S"].as_str() {
                Some("claimed") => *attempts += 1,
                Some("released") => *attempts -= 1,
                _ => {}
            }
        }
        let mut people = BTreeMap::new();
        for person in by_key.into_values() {
            let email = person.state["profile"]["email"].as_str().unwrap_or_default().to_owned();
            if email.ends_with(domain) {
                assert!(people.insert(email, person).is_none(), "one contact has one address");
            }
        }
        let mut mails: BTreeMap<Letter, Vec<String>> = BTreeMap::new();
        for mail in stack.aws.mails()? {
            assert_eq!(mail["To"].as_array().map(Vec::len), Some(1), "a mail goes to one address");
            let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let letter = (word(&mail["To"][0]), word(&mail["Subject"]));
            if letter.0.ends_with(domain) {
                mails.entry(letter).or_default().push(word(&mail["MessageId"]));
            }
        }
        Ok(Self { people, mails })
    }

    /// What still moves, in words; nothing when every journey of `all` has come to its end.
    pub(crate) fn live(&self, all: &[Expected]) -> Vec<String> {
        let mut live = Vec::new();
        for expected in all {
            let Some(person) = self.people.get(&expected.email) else {
                live.push("a contact that was not made yet".to_owned());
                continue;
            };
            let entered = 1 + usize::from(expected.order.is_some());
            let runs = person.runs();
            if runs.len() < entered {
                live.push(format!("{} of {entered} runs of a contact", runs.len()));
            }
            for (id, run) in runs.iter().filter(|(_, run)| run["state"]["state"] != "ended") {
                let message = person.messages.iter().rfind(|one| one["id"]["run"] == **id);
                let message = message.map(|message| message["status"].clone());
                live.push(format!("run {id}: {}, last message {message:?}", run["state"]));
            }
        }
        live
    }

    /// Checks everything that is said of `all`, and that nothing else was sent.
    pub(crate) fn check(mut self, all: &[Expected]) -> Counts {
        let mut counts = Counts::default();
        for expected in all {
            let person = self.people.remove(&expected.email).unwrap();
            self.check_runs(&person, expected, &mut counts);
            for message in &person.messages {
                self.check_message(&person, message, expected, &mut counts);
            }
        }
        assert!(self.people.is_empty(), "contacts that nobody told of");
        assert!(self.mails.is_empty(), "mails without a message in the table: {:?}", self.mails);
        counts
    }

    fn check_runs(&self, person: &Person, expected: &Expected, counts: &mut Counts) {
        let Expected { facts, second, order, .. } = expected;
        assert_eq!(person.facts, *facts, "each thing told is one fact");
        let mut flows = BTreeMap::new();
        for (id, run) in person.runs() {
            let flow = run["flow"].as_str().unwrap();
            assert!(flows.insert(flow, run).is_none(), "two runs of {flow}");
            let end = run["state"]["end"]["how"].as_str().unwrap_or("none");
            *counts.ends.entry(format!("{flow} {end}")).or_default() += 1;
            let decided = run["messages"].as_object().unwrap();
            let steps: BTreeSet<&str> = decided.keys().map(String::as_str).collect();
            match (flow, end) {
                ("course", "finished") => {
                    assert_eq!(steps, BTreeSet::from(["first", second]), "run {id}");
                }
                ("course", "exited") => {
                    assert!(order.is_some(), "run {id} was ended by an order that nobody made");
                    assert!(steps.is_subset(&BTreeSet::from(["first", second])), "run {id}");
                }
                ("receipt", "finished") => assert_eq!(steps, BTreeSet::from(["receipt"])),
                _ => panic!("a run of {flow} ended so: {}", run["state"]),
            }
            for (step, generation) in decided {
                let of = |message: &&Value| {
                    message["id"]["run"] == **id && message["id"]["generation"] == *generation
                };
                let messages: Vec<_> = person.messages.iter().filter(of).collect();
                assert_eq!(messages.len(), 1, "run {id}: a record of the message of {step}");
                assert_eq!(messages[0]["step"], **step, "run {id}");
            }
        }
        let entered: BTreeSet<&str> = flows.into_keys().collect();
        let both = BTreeSet::from(["course", "receipt"]);
        let meant = if order.is_some() { both } else { BTreeSet::from(["course"]) };
        assert_eq!(entered, meant, "one run for a signup, one for an order");
        let decided: usize = person.runs().iter().map(|(_, run)| count(&run["messages"])).sum();
        assert_eq!(person.messages.len(), decided, "no message that no run decided");
    }

    fn check_message(
        &mut self,
        person: &Person,
        message: &Value,
        expected: &Expected,
        counts: &mut Counts,
    ) {
        let step = message["step"].as_str().unwrap();
        let (subject, may_be_sent_again) = match step {
            "first" => ("Lesson one".to_owned(), false),
            "beginner" => ("Lesson two, for beginners".to_owned(), false),
            "advanced" => ("Lesson two, for the advanced".to_owned(), false),
            "receipt" => (format!("Order {}", expected.order.as_deref().unwrap()), true),
            _ => panic!("a message of a step {step}"),
        };
        let letter = (expected.email.clone(), subject);
        let ids = self.mails.remove(&letter).unwrap_or_default();
        let key = message["sk"].as_str().unwrap();
        let attempts = person.attempts[key];
        let outcome = message["status"]["status"].as_str().unwrap();
        let told = format!("{key}, {step}: {} after {attempts} attempts", message["status"]);

        let most = if may_be_sent_again { 2 } else { 1 };
        assert!((1..=most).contains(&attempts), "{told}");
        let abandoned = match outcome {
            "sent" => {
                let id = message["status"]["provider_id"].as_str().unwrap();
                assert!(ids.iter().any(|one| one == id), "sent, and not in the mail log: {told}");
                attempts - 1
            }
            "skipped" => attempts - 1,
            "unknown" => attempts,
            _ => panic!("not settled as it should be: {told}"),
        };
        let sent = usize::from(outcome == "sent");
        assert!(ids.len() <= sent + abandoned, "{} mails: {told}", ids.len());
        counts.mails += ids.len();
        counts.abandoned += abandoned;
        counts.abandoned_and_sent += ids.len() - sent;
        counts.resent += attempts - 1;
        *counts.outcomes.entry(format!("{step} {outcome}")).or_default() += 1;
    }
}

impl Person {
    fn runs(&self) -> Vec<(&String, &Value)> {
        self.state["runs"].as_object().into_iter().flatten().collect()
    }
}

/// All changes of the table, oldest first.
fn history(stack: &Stack) -> Result<Vec<Value>> {
    let streams = |action: &str, input: &Value| {
        stack.aws.json("dynamodb", &format!("DynamoDBStreams_20120810.{action}"), input)
    };
    let mut listed = streams("ListStreams", &json!({ "TableName": stack.table }))?;
    let arn = listed["Streams"][0]["StreamArn"].take();
    let stream = streams("DescribeStream", &json!({ "StreamArn": arn }))?;
    let mut changes = Vec::new();
    for shard in stream["StreamDescription"]["Shards"].as_array().context("no shards")? {
        let from = json!({
            "StreamArn": arn, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON",
        });
        let mut next = streams("GetShardIterator", &from)?["ShardIterator"].take();
        while !next.is_null() {
            let mut page = streams("GetRecords", &json!({ "ShardIterator": next }))?;
            let records = page["Records"].as_array_mut().context("no records")?;
            if records.is_empty() {
                break;
            }
            changes.extend(records.iter_mut().map(|record| record["dynamodb"].take()));
            next = page["NextShardIterator"].take();
        }
    }
    Ok(changes)
}

fn keys(item: &Value) -> (String, String) {
    let key = |name: &str| item[name]["S"].as_str().unwrap_or_default().to_owned();
    (key("pk"), key("sk"))
}

fn count(object: &Value) -> usize {
    object.as_object().map_or(0, Map::len)
}

/// An item without DynamoDB's types; numbers stay texts unless they are whole.
fn plain(item: &Value) -> Value {
    let fields = item.as_object().into_iter().flatten();
    fields.map(|(name, value)| (name.clone(), value_of(value))).collect::<Map<_, _>>().into()
}

fn value_of(typed: &Value) -> Value {
    let Some((kind, value)) = typed.as_object().and_then(|one| one.iter().next()) else {
        return Value::Null;
    };
    match kind.as_str() {
        "M" => plain(value),
        "L" => value.as_array().into_iter().flatten().map(value_of).collect::<Vec<_>>().into(),
        "N" => {
            let number = value.as_str().unwrap_or_default();
            number.parse::<i64>().map_or_else(|_| value.clone(), Value::from)
        }
        "NULL" => Value::Null,
        _ => value.clone(),
    }
}
