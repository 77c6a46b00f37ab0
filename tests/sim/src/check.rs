//! What must hold when nothing is in the middle, and at the end.

use std::collections::{BTreeMap, BTreeSet};

use masa_box::AwsBox;
use masa_dispatch::{SendJob, WakeJob};
use masa_domain::{ContactId, Happening, Medium, MessageId, OnUnknown, RunId, State, Status};
use masa_stack::{
    ADVANCE_DEAD_LETTERS, FEEDBACK_DEAD_LETTERS, FEEDBACK_QUEUE, SEND_DEAD_LETTERS, SEND_QUEUE,
    WAKE_DEAD_LETTERS, WAKE_QUEUE,
};
use serde::de::DeserializeOwned;

use crate::{
    mirror::{Held, Mirror, Violation, is_personal, must},
    sim::{Sim, broken},
};

/// The positions for which a schedule stands, or a wake or a send is on its way; with those whose
/// outcome is recorded, as long as the stream may still have to tell of it.
fn under_way(aws: &AwsBox, mirror: &Mirror, told: Told) -> Held<BTreeSet<(RunId, u32)>> {
    let mut found = BTreeSet::new();
    for (due, spec) in aws.schedules().map_err(broken)? {
        let text = |name: &str| spec.get(name).and_then(serde_json::Value::as_str);
        let name = text("Name").unwrap_or_default();
        let input = spec.pointer("/Target/Input").and_then(serde_json::Value::as_str);
        must(!is_personal(name) && !is_personal(input.unwrap_or_default()), || {
            format!("the schedule {name} tells who somebody is")
        })?;
        let position = name.split_once('.');
        if let Some((run, generation)) = position.filter(|_| due.is_some())
            && let (Ok(run), Ok(generation)) = (run.parse(), generation.parse())
        {
            found.insert((run, generation));
        }
    }
    for job in jobs::<WakeJob>(aws, WAKE_QUEUE)? {
        match job {
            WakeJob::Wake { run, generation, .. } => {
                found.insert((run, generation));
            }
            WakeJob::Message { message, .. } => {
                found.insert((message.run, message.generation));
            }
            WakeJob::Fact { .. } | WakeJob::Overdue { .. } | WakeJob::Look { .. } => {}
        }
    }
    for job in jobs::<SendJob>(aws, SEND_QUEUE)? {
        found.insert((job.message.run, job.message.generation));
    }
    for (contact, run) in mirror.live().filter(|_| told == Told::Perhaps) {
        let id = MessageId { run: run.id, generation: run.generation };
        let settled = mirror.messages.get(&(run.home(run.generation, contact.id), id));
        if settled.is_some_and(|message| message.status.settled_at().is_some())
            && matches!(run.state, State::Sending { .. })
        {
            found.insert((run.id, run.generation));
        }
    }
    Ok(found)
}

/// Whether the stream has told of all that was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Perhaps,
    Surely,
}

/// The contacts for whom any job is on a queue, visible or not.
pub(crate) fn with_jobs(aws: &AwsBox) -> Held<BTreeSet<ContactId>> {
    let wakes = jobs::<WakeJob>(aws, WAKE_QUEUE)?.into_iter().map(|job| match job {
        WakeJob::Wake { contact, .. }
        | WakeJob::Fact { contact, .. }
        | WakeJob::Message { contact, .. }
        | WakeJob::Overdue { contact }
        | WakeJob::Look { contact } => contact,
    });
    let sends = jobs::<SendJob>(aws, SEND_QUEUE)?.into_iter().map(|job| job.contact);
    Ok(wakes.chain(sends).collect())
}

fn jobs<J: DeserializeOwned>(aws: &AwsBox, queue: &str) -> Held<Vec<J>> {
    let mut jobs = Vec::new();
    for message in aws.messages(queue).map_err(broken)? {
        let body = message.get("body").and_then(serde_json::Value::as_str).unwrap_or_default();
        must(!is_personal(body), || format!("a message in {queue} tells who somebody is: {body}"))?;
        if let Ok(job) = serde_json::from_str(body) {
            jobs.push(job);
        }
    }
    Ok(jobs)
}

impl Sim {
    /// What once was under way for a run's position stays under way until the run moves.
    pub(crate) fn check_ways_forward(&mut self) -> Held {
        let under_way = under_way(&self.stack.aws, &self.mirror, Told::Perhaps)?;
        let mut lost = None;
        for (contact, run) in self.mirror.live() {
            let key = (run.id, run.generation);
            if under_way.contains(&key) {
                self.armed.insert(key);
            } else if self.armed.contains(&key) && !self.losses {
                lost = Some((contact.id, run.clone()));
            }
        }
        match lost {
            Some((contact, run)) => Err(Violation(format!(
                "nothing moves run {} of {contact} any more: {run:?}",
                run.id
            ))),
            None => Ok(()),
        }
    }

    /// When nothing can be delivered now, something is on its way for every live run all the same: for
    /// its position, or what led to it and was not worked off to its end, which may be the wake or
    /// message of another run of the contact.
    pub(crate) fn check_all_under_way(&self) -> Held {
        if self.losses || !self.in_flight().is_empty() {
            return Ok(());
        }
        let under_way = under_way(&self.stack.aws, &self.mirror, Told::Surely)?;
        let runs: BTreeSet<RunId> = under_way.into_iter().map(|(run, _)| run).collect();
        let causes = with_jobs(&self.stack.aws)?;
        for (contact, run) in self.mirror.live() {
            let is_cause = |id| self.mirror.meant(id) == self.mirror.meant(contact.id);
            let caused = causes.iter().copied().any(is_cause);
            must(runs.contains(&run.id) || caused, || {
                format!("nothing moves run {} of {}: {run:?}", run.id, contact.id)
            })?;
        }
        Ok(())
    }

    /// What must hold at rest, after the healing: all journeys are over, nothing is left in a queue,
    /// and all counters equal the facts.
    ///
    /// # Errors
    /// The first [`crate::Violation`].
    pub fn check_at_rest(&self) -> Held {
        let frozen = self.mirror.people().find(|contact| contact.gone.is_some());
        must(frozen.is_none(), || format!("nobody took {:?} in", frozen.map(|frozen| frozen.id)))?;
        let stuck = self.mirror.live().next();
        must(stuck.is_none(), || format!("a run never ended: {:?}", stuck.map(|(_, run)| run)))?;
        for contact in self.mirror.people() {
            let missed = contact.look_at.filter(|at| *at <= self.now());
            must(missed.is_none(), || format!("nobody looked at {} at {missed:?}", contact.id))?;
        }
        for queue in [SEND_QUEUE, WAKE_QUEUE, FEEDBACK_QUEUE] {
            let left = self.stack.aws.queue_depth(queue).map_err(broken)?;
            must(left == 0, || format!("{left} messages are left in {queue}"))?;
        }
        if !self.losses {
            for queue in
                [SEND_DEAD_LETTERS, WAKE_DEAD_LETTERS, ADVANCE_DEAD_LETTERS, FEEDBACK_DEAD_LETTERS]
            {
                let left = self.stack.aws.messages(queue).map_err(broken)?;
                must(left.is_empty(), || format!("dead letters in {queue}: {left:?}"))?;
            }
        }
        self.check_counters()
    }

    fn check_counters(&self) -> Held {
        for contact in self.mirror.people() {
            let facts = self.mirror.facts_of(contact.id);
            let bought = |what: &Happening| matches!(what, Happening::Purchase(_));
            let orders = facts.iter().filter(|fact| bought(&fact.what)).count();
            must(contact.purchases.orders as usize == orders, || {
                format!("{orders} orders are counted as {}", contact.purchases.orders)
            })?;
            let mut events: BTreeMap<&str, u32> = BTreeMap::new();
            for fact in &facts {
                if let Happening::Event { name, .. } = &fact.what {
                    *events.entry(name).or_default() += 1;
                }
            }
            for (name, times) in events {
                let seen = contact.seen.get(&format!("event:{name}")).map_or(0, |seen| seen.times);
                must(seen == times, || format!("{times} events {name} are counted as {seen}"))?;
            }
            let unheard = facts.iter().find(|fact| {
                !contact.applied.contains_key(&fact.id)
                    && self.now().duration_since(fact.received_at).as_hours() < 24
            });
            must(unheard.is_none(), || format!("a fact was never applied: {unheard:?}"))?;
        }
        for ((_, id), message) in &self.mirror.messages {
            let sent = self.mirror.accepted(*id);
            // Of mails SES's events tell in the end, whatever was recorded; of texts and calls nothing
            // does.
            let settled = matches!(
                &message.status,
                Status::Unknown { .. } | Status::Skipped { .. } | Status::Failed { .. }
            );
            let doubtful = settled && matches!(message.medium, Medium::Sms | Medium::Call);
            let doubtful = doubtful || self.mirror.expired.contains(id);
            must(message.was_sent() == (sent > 0) || doubtful, || {
                format!("{id:?} is {:?} and was taken {sent} times", message.status)
            })?;
        }
        for facts in self.mirror.facts.keys() {
            must(self.mirror.contacts.contains_key(facts), || {
                format!("facts of {facts} were never applied")
            })?;
        }
        Ok(())
    }

    /// What the journeys came to, for comparing: who was sent what how often, and how runs ended.
    pub fn summary(&self) -> Vec<String> {
        let mut lines: BTreeMap<String, u32> = BTreeMap::new();
        for ((contact, id), message) in &self.mirror.messages {
            let sent = self.mirror.accepted(*id);
            if sent > 0 {
                let contact = self.mirror.meant(*contact);
                let line = format!("{contact} {} {} sent", message.flow, message.step);
                *lines.entry(line).or_default() += sent;
            }
        }
        for contact in self.mirror.people() {
            for (flow, ledger) in &contact.flows {
                let line = format!(
                    "{} {flow} entered {} finished {} left {} failed {}",
                    contact.id, ledger.entered, ledger.finished, ledger.left, ledger.failed
                );
                lines.insert(line, 1);
            }
            let lists: Vec<_> = contact.lists.keys().collect();
            lines.insert(format!("{} lists {lists:?} {:?}", contact.id, contact.fields), 1);
        }
        lines.into_iter().map(|(line, times)| format!("{times} x {line}")).collect()
    }

    /// Whether some message's fate is a matter of policy: nobody knew whether it was sent.
    pub fn has_unknowns(&self) -> bool {
        self.mirror.messages.values().any(|message| match &message.status {
            Status::Unknown { .. } => true,
            Status::Claimed { unknowns, .. } | Status::Released { unknowns, .. } => *unknowns > 0,
            _ => self.mirror.accepted(message.id) > 1,
        })
    }

    /// Whether this simulation has a flow that sends again what it does not know.
    pub fn resends(&self) -> bool {
        self.mirror.flows.values().any(|flow| {
            let mut kinds = flow.steps.keys().filter_map(|step| flow.sends(step));
            kinds.any(|(_, kind)| flow.on_unknown(kind) == OnUnknown::Resend)
        })
    }
}
