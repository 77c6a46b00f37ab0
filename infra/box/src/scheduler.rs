//! `EventBridge` Scheduler: one-time schedules to a queue.

use jiff::{civil::DateTime, tz::TimeZone};
use rusqlite::{OptionalExtension, params};
use serde_json::{Value, json};

use crate::{
    Error, answer::Refusal, queues::NewMessage, registry::Registry, sqs::queue_arn, state::State,
};

/// The longest name, characters.
const LONGEST_NAME: usize = 64;
/// The largest input, bytes.
const LARGEST_INPUT: usize = 256 * 1024;
/// Seconds for which a target is tried, at least and at most.
const EVENT_AGE_S: std::ops::RangeInclusive<i64> = 60..=86_400;
/// How often a target is tried again, at most.
const RETRIES: std::ops::RangeInclusive<i64> = 0..=185;

/// A call, as its path and query name the schedule.
#[derive(Debug)]
pub(crate) struct Target<'a> {
    pub(crate) name: &'a str,
    /// From the query; in a create it stands in the body.
    pub(crate) group: Option<&'a str>,
}

/// Answers one call.
pub(crate) fn answer(
    state: &State,
    now: i64,
    operation: &str,
    target: &Target<'_>,
    input: &Value,
) -> Result<Value, Refusal> {
    let group = input.get("GroupName").and_then(Value::as_str);
    let group = group.or(target.group).unwrap_or("default");
    check_name(target.name)?;
    check_name(group)?;
    let gone = || {
        let message = format!("Schedule {} does not exist.", target.name);
        Refusal::new(404, "ResourceNotFoundException", message)
    };
    match operation {
        "CreateSchedule" => create(state, now, group, target.name, input),
        "GetSchedule" => state.schedule(group, target.name)?.ok_or_else(gone),
        "DeleteSchedule" => {
            let mut statement =
                state.db.prepare_cached("DELETE FROM schedules WHERE grp = ?1 AND name = ?2")?;
            match statement.execute([group, target.name])? {
                0 => Err(gone()),
                _ => Ok(json!({})),
            }
        }
        other => Err(Refusal::unknown("scheduler", other)),
    }
}

/// The ARN of a schedule of the box.
fn schedule_arn(group: &str, name: &str) -> String {
    format!("arn:aws:scheduler:{}:{}:schedule/{group}/{name}", crate::REGION, crate::ACCOUNT)
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new(400, "ValidationException", message)
}

fn check_name(name: &str) -> Result<(), Refusal> {
    let legal = (1..=LONGEST_NAME).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    if legal {
        Ok(())
    } else {
        Err(invalid("a name of a schedule or group must match [0-9a-zA-Z-_.]{1,64}"))
    }
}

fn create(
    state: &State,
    now: i64,
    group: &str,
    name: &str,
    input: &Value,
) -> Result<Value, Refusal> {
    let due = due(input)?;
    check_target(input)?;
    let mut spec = input.clone();
    if let Some(members) = spec.as_object_mut() {
        members.remove("ClientToken");
        members.insert("Name".to_owned(), json!(name));
        members.insert("GroupName".to_owned(), json!(group));
        members.insert("Arn".to_owned(), json!(schedule_arn(group, name)));
        members.insert("CreationDate".to_owned(), json!(seconds(now)));
        members.insert("LastModificationDate".to_owned(), json!(seconds(now)));
        members.entry("State").or_insert(json!("ENABLED"));
        members.entry("ActionAfterCompletion").or_insert(json!("NONE"));
        members.entry("ScheduleExpressionTimezone").or_insert(json!("UTC"));
    }
    let enabled = spec.get("State").and_then(Value::as_str) == Some("ENABLED");
    let mut statement = state.db.prepare_cached(
        "INSERT INTO schedules (grp, name, due, spec, created_at) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO NOTHING",
    )?;
    let made =
        statement.execute(params![group, name, enabled.then_some(due), spec.to_string(), now])?;
    if made == 0 {
        let message = format!("Schedule {name} already exists.");
        return Err(Refusal::new(409, "ConflictException", message));
    }
    Ok(json!({"ScheduleArn": schedule_arn(group, name)}))
}

#[expect(clippy::cast_precision_loss, reason = "the protocol's dates are floats of seconds")]
fn seconds(micros: i64) -> f64 {
    micros as f64 / 1_000_000.0
}

/// When an `at(...)` expression is due, microseconds since 1970.
fn due(input: &Value) -> Result<i64, Refusal> {
    let expression = input.get("ScheduleExpression").and_then(Value::as_str);
    let expression = expression.unwrap_or_default();
    let zone = input.get("ScheduleExpressionTimezone").and_then(Value::as_str);
    if !matches!(zone.unwrap_or("UTC"), "UTC" | "Etc/UTC") {
        return Err(invalid("the box models the time zone UTC only"));
    }
    let local = expression.strip_prefix("at(").and_then(|rest| rest.strip_suffix(')'));
    // Exactly `yyyy-mm-ddThh:mm:ss`: no fraction and no zone, which jiff alone would take.
    let local = local.filter(|local| local.len() == 19 && local.as_bytes().get(10) == Some(&b'T'));
    let local: Option<DateTime> = local.and_then(|local| local.parse().ok());
    let instant = local.and_then(|local| local.to_zoned(TimeZone::UTC).ok());
    let instant = instant.ok_or_else(|| {
        invalid(format!(
            "Invalid Schedule Expression {expression}: the box models at(yyyy-mm-ddThh:mm:ss)"
        ))
    })?;
    Ok(instant.timestamp().as_microsecond())
}

fn check_target(input: &Value) -> Result<(), Refusal> {
    let text = |pointer: &str| input.pointer(pointer).and_then(Value::as_str);
    let number = |pointer: &str| input.pointer(pointer).and_then(Value::as_i64);
    if text("/FlexibleTimeWindow/Mode") != Some("OFF") {
        return Err(invalid("the box models the flexible time window OFF only"));
    }
    if !text("/Target/Arn").unwrap_or_default().starts_with("arn:aws:sqs:") {
        return Err(invalid("the box models SQS targets only"));
    }
    if !text("/Target/RoleArn").unwrap_or_default().starts_with("arn:aws:iam::") {
        return Err(invalid("Target.RoleArn is not the ARN of a role"));
    }
    match text("/Target/Input") {
        None => return Err(invalid("the box models targets with an Input only")),
        Some(given) if given.len() > LARGEST_INPUT => return Err(invalid("Input is over 256 KB")),
        Some(_) => {}
    }
    let age = number("/Target/RetryPolicy/MaximumEventAgeInSeconds");
    let retries = number("/Target/RetryPolicy/MaximumRetryAttempts");
    if age.is_some_and(|age| !EVENT_AGE_S.contains(&age))
        || retries.is_some_and(|n| !RETRIES.contains(&n))
    {
        return Err(invalid("RetryPolicy is out of range"));
    }
    match text("/ActionAfterCompletion") {
        None | Some("NONE" | "DELETE") => Ok(()),
        Some(_) => Err(invalid("ActionAfterCompletion is NONE or DELETE")),
    }
}

/// What became of a schedule that was due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fired {
    /// Its message is in the target queue.
    Sent,
    /// There is no such queue: the message is in the dead-letter queue, or nowhere when that is missing too.
    Dead,
}

impl State {
    fn schedule(&self, group: &str, name: &str) -> Result<Option<Value>, Error> {
        let mut statement =
            self.db.prepare_cached("SELECT spec FROM schedules WHERE grp = ?1 AND name = ?2")?;
        let spec: Option<String> =
            statement.query_row([group, name], |row| row.get(0)).optional()?;
        Ok(spec.map(|spec| serde_json::from_str(&spec)).transpose()?)
    }

    /// All schedules, by group and name.
    pub(crate) fn schedules(&self) -> Result<Vec<(Option<i64>, Value)>, Error> {
        let mut statement =
            self.db.prepare_cached("SELECT due, spec FROM schedules ORDER BY due, grp, name")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))?;
        rows.map(|row| {
            let (due, spec) = row?;
            Ok((due, serde_json::from_str(&spec)?))
        })
        .collect()
    }

    /// When the next schedule is due, microseconds since 1970.
    pub(crate) fn next_schedule(&self) -> Result<Option<i64>, Error> {
        let mut statement =
            self.db.prepare_cached("SELECT min(due) FROM schedules WHERE due IS NOT NULL")?;
        Ok(statement.query_row([], |row| row.get(0))?)
    }

    /// The groups and names of schedules that are due, first due first.
    pub(crate) fn due_schedules(
        &self,
        now: i64,
        most: usize,
    ) -> Result<Vec<(String, String)>, Error> {
        let mut statement = self.db.prepare_cached(
            "SELECT grp, name FROM schedules WHERE due <= ?1 ORDER BY due, grp, name LIMIT ?2",
        )?;
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let due = statement.query_map([now, most], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(due.collect::<Result<_, _>>()?)
    }

    /// Fires a schedule if it is due: its message and the end of the schedule in one transaction.
    pub(crate) fn fire(
        &mut self,
        registry: &Registry,
        group: &str,
        name: &str,
        now: i64,
    ) -> Result<Option<Fired>, Error> {
        let mut statement = self.db.prepare_cached(
            "SELECT spec FROM schedules WHERE grp = ?1 AND name = ?2 AND due <= ?3",
        )?;
        let due = statement.query_row(params![group, name, now], |row| row.get::<_, String>(0));
        let due = due.optional()?;
        drop(statement);
        let Some(spec) = due else {
            return Ok(None);
        };
        let spec: Value = serde_json::from_str(&spec)?;
        let transaction = rusqlite::Transaction::new_unchecked(
            &self.db,
            rusqlite::TransactionBehavior::Immediate,
        )?;
        let fired = self.deliver_schedule(registry, &spec, now)?;
        if spec.get("ActionAfterCompletion").and_then(Value::as_str) == Some("DELETE") {
            let mut delete =
                self.db.prepare_cached("DELETE FROM schedules WHERE grp = ?1 AND name = ?2")?;
            delete.execute([group, name])?;
        } else {
            let mut keep = self
                .db
                .prepare_cached("UPDATE schedules SET due = NULL WHERE grp = ?1 AND name = ?2")?;
            keep.execute([group, name])?;
        }
        transaction.commit()?;
        Ok(Some(fired))
    }

    fn deliver_schedule(
        &self,
        registry: &Registry,
        spec: &Value,
        now: i64,
    ) -> Result<Fired, Error> {
        let text = |pointer: &str| spec.pointer(pointer).and_then(Value::as_str);
        let queue_at = |pointer: &str| {
            let arn = text(pointer)?;
            registry.queues().find(|queue| queue_arn(&queue.name) == arn)
        };
        let (queue, fired) = match queue_at("/Target/Arn") {
            Some(queue) => (Some(queue), Fired::Sent),
            None => (queue_at("/Target/DeadLetterConfig/Arn"), Fired::Dead),
        };
        if let Some(queue) = queue {
            self.enqueue(&NewMessage {
                queue: &queue.name,
                body: text("/Target/Input").unwrap_or("{}"),
                attributes: "{}",
                now,
                delay_s: 0,
            })?;
        }
        Ok(fired)
    }
}
