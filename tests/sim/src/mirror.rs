//! The table as its stream tells it, record by record, and what must hold of every change.

use std::collections::{BTreeMap, BTreeSet};

use aws_lambda_events::event::dynamodb::EventRecord;
use jiff::SignedDuration;
use masa_domain::{
    Contact, ContactId, ContactKey, Fact, Flow, Kind, Medium, Message, MessageId, OnUnknown,
    Refusals, Status, Suppressions, What, story,
};
use masa_store::{REFUSALS, STATE, SUPPRESSIONS, from_image};
use serde_json::Value;

use crate::hub::Acceptance;

/// Something that must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation(pub String);

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

pub(crate) type Held<T = ()> = Result<T, Violation>;

pub(crate) fn must(holds: bool, what: impl FnOnce() -> String) -> Held {
    if holds { Ok(()) } else { Err(Violation(what())) }
}

/// What was known at a message's claim.
#[derive(Debug, Clone)]
struct Claimed {
    owner: String,
    permitted: bool,
    suppressed: bool,
}

/// A message and its sends.
#[derive(Debug, Default)]
struct Sends {
    claim: Option<Claimed>,
    accepted: u32,
}

/// The table, and what was sent.
pub struct Mirror {
    /// The number of the last record that was read.
    pub(crate) position: String,
    /// All states.
    pub contacts: BTreeMap<ContactId, Contact>,
    /// All messages.
    pub messages: BTreeMap<(ContactId, MessageId), Message>,
    /// Messages that expired; a job of theirs that is still about begins anew, and is skipped.
    pub(crate) expired: BTreeSet<MessageId>,
    /// All facts.
    pub facts: BTreeMap<ContactId, Vec<Fact>>,
    /// The flows that were published.
    pub(crate) flows: BTreeMap<(String, u32), Flow>,
    refusals: BTreeMap<ContactId, Refusals>,
    suppressions: BTreeMap<ContactId, Suppressions>,
    sends: BTreeMap<MessageId, Sends>,
    key: ContactKey,
}

impl Mirror {
    pub(crate) fn new(key: ContactKey) -> Self {
        Self {
            position: String::new(),
            contacts: BTreeMap::new(),
            messages: BTreeMap::new(),
            expired: BTreeSet::new(),
            facts: BTreeMap::new(),
            flows: BTreeMap::new(),
            refusals: BTreeMap::new(),
            suppressions: BTreeMap::new(),
            sends: BTreeMap::new(),
            key,
        }
    }

    /// The contact that an id means, which may have given way to others.
    pub(crate) fn meant(&self, id: ContactId) -> ContactId {
        let mut id = id;
        while let Some(gone) = self.contacts.get(&id).and_then(|contact| contact.gone) {
            id = gone.to;
        }
        id
    }

    /// All contacts that are somebody: that gave way to none, or were not taken in yet.
    pub(crate) fn people(&self) -> impl Iterator<Item = &Contact> {
        self.contacts.values().filter(|contact| {
            let stays = self.contacts.get(&self.meant(contact.id));
            contact.gone.is_none_or(|gone| {
                !gone.taken && stays.is_none_or(|stays| !stays.known_as.contains_key(&contact.id))
            })
        })
    }

    /// What is known of the contact that an id means.
    pub(crate) fn facts_of(&self, contact: ContactId) -> Vec<&Fact> {
        let facts = self.facts.iter().filter(|(id, _)| self.meant(**id) == contact);
        facts.flat_map(|(_, facts)| facts).collect()
    }

    /// All live runs.
    pub(crate) fn live(&self) -> impl Iterator<Item = (&Contact, &masa_domain::Run)> {
        self.people().flat_map(|contact| {
            contact.runs.values().filter(|run| run.is_live()).map(move |run| (contact, run))
        })
    }

    /// Reads new records, and the acceptances between them.
    pub(crate) fn read(&mut self, records: Vec<Value>, acceptances: Vec<Acceptance>) -> Held {
        let mut acceptances = acceptances.into_iter().peekable();
        for record in records {
            let record: EventRecord = serde_json::from_value(record)
                .map_err(|error| Violation(format!("a stream record can't be read: {error}")))?;
            let sequence = record.change.sequence_number.clone().unwrap_or_default();
            while let Some(accepted) = acceptances.next_if(|accepted| accepted.head < sequence) {
                self.accept(&accepted)?;
            }
            self.record(record)?;
            self.position = sequence;
        }
        acceptances.try_for_each(|accepted| self.accept(&accepted))
    }

    fn record(&mut self, record: EventRecord) -> Held {
        let mut change = record.change;
        let mut part = |name: &str| match change.keys.remove(name) {
            Some(serde_dynamo::AttributeValue::S(text)) => text,
            _ => String::new(),
        };
        let (pk, sk) = (part("pk"), part("sk"));
        must(!is_personal(&pk) && !is_personal(&sk), || {
            format!("an address in the key {pk} {sk}")
        })?;
        let Some(contact) = pk.strip_prefix("C#").and_then(|id| id.parse::<ContactId>().ok())
        else {
            return Ok(());
        };
        let mut image = change.new_image;
        let (watched, due) = (image.get("watch").is_some(), number(image.get("due")));
        for name in ["pk", "sk"] {
            image.remove(name);
        }
        let gone = image.is_empty();
        let read = |error: masa_store::Error| Violation(format!("{pk} {sk}: {error}"));
        match sk.as_str() {
            STATE => {
                let next: Contact = from_image(&sk, image).map_err(read)?;
                let expected = next.due().map(|due| due.as_second());
                must(watched == due.is_some() && due == expected, || {
                    format!("{contact} stands in the index at {due:?}, and is due at {expected:?}")
                })?;
                self.state(next)?;
            }
            REFUSALS => {
                self.refusals.insert(contact, from_image(&sk, image).map_err(read)?);
            }
            SUPPRESSIONS => {
                self.suppressions.insert(contact, from_image(&sk, image).map_err(read)?);
            }
            _ if sk.starts_with("F#") && !gone => {
                must(record.event_name == "INSERT", || format!("the fact {sk} was changed"))?;
                let fact = from_image(&sk, image).map_err(read)?;
                self.facts.entry(contact).or_default().push(fact);
            }
            // It has expired.
            _ if sk.starts_with("M#") && gone => {
                if let Some(id) = message_id(&format!("{pk} {sk}")) {
                    self.messages.remove(&id);
                    self.expired.insert(id.1);
                }
            }
            _ if sk.starts_with("M#") => {
                self.message(from_image(&sk, image).map_err(read)?)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn state(&mut self, next: Contact) -> Held {
        let before = self.contacts.get(&next.id);
        let version = before.map_or(0, |before| before.version);
        must(next.version == version + 1, || {
            format!("version {} of {} was committed over {version}", next.version, next.id)
        })?;
        for run in next.runs.values() {
            let old = before.and_then(|before| before.runs.get(&run.id));
            let generation = old.map_or(0, |old| old.generation);
            must(run.generation >= generation, || format!("run {} went back", run.id))?;
            let ended = old.is_some_and(|old| !old.is_live());
            // A goal may be reached after the end.
            let stays = old.is_some_and(|old| {
                (old.generation, &old.state) == (run.generation, &run.state)
                    && (old.story == run.story || old.goal_at != run.goal_at)
            });
            must(!ended || stays, || format!("run {} moved after its end", run.id))?;
            must(wakes_in_time(run), || format!("run {} woke too early: {:?}", run.id, run.story))?;
            if run.forgotten == 0 {
                let told = story::fold(&run.story);
                let same = told.generation == run.generation
                    && told.state.as_ref() == Some(&run.state)
                    && told.messages == run.messages;
                must(same, || format!("run {} is not what its history tells: {run:?}", run.id))?;
            }
        }
        for (flow, ledger) in &next.flows {
            let inside =
                next.runs.values().filter(|run| run.flow == *flow && run.is_live()).count();
            let ended =
                u64::from(ledger.finished) + u64::from(ledger.left) + u64::from(ledger.failed);
            must(u64::from(ledger.entered) == ended + inside as u64, || {
                format!("{flow}: {ledger:?} and {inside} inside")
            })?;
        }
        self.contacts.insert(next.id, next);
        Ok(())
    }

    fn message(&mut self, next: Message) -> Held {
        let key = (next.contact, next.id);
        let before = self.messages.get(&key).cloned();
        let old = before.as_ref().map(|before| &before.status);
        let policy = self.policy(&next);
        let legal = match (old, &next.status) {
            (Some(old), new) if old == new => true,
            (None, Status::Claimed { unknowns: 0, .. }) => true,
            (Some(Status::Claimed { unknowns, .. }), Status::Claimed { unknowns: more, .. }) => {
                // A system knows a call by its id: whatever the policy, it is made again.
                (policy == OnUnknown::Resend || next.medium == Medium::Call)
                    && *more == unknowns + 1
            }
            (Some(Status::Released { unknowns, .. }), Status::Claimed { unknowns: same, .. }) => {
                same == unknowns
            }
            (Some(Status::Claimed { .. }), _) => true,
            (Some(Status::Sent { .. }), _) | (None, _) => false,
            (Some(_), Status::Sent { .. }) => true,
            (Some(_), _) => false,
        };
        must(legal, || format!("message {:?} went from {old:?} to {:?}", next.id, next.status))?;
        if let Some(before) = &before {
            must(
                before.opens.is_subset(&next.opens) && before.clicks.is_subset(&next.clicks),
                || format!("message {:?} forgot who read it", next.id),
            )?;
            must(before.opened_at.is_none() || before.opened_at == next.opened_at, || {
                format!("message {:?} was opened for the first time again", next.id)
            })?;
        }
        if let Status::Claimed { owner, .. } = &next.status
            && old != Some(&next.status)
        {
            let claim = Claimed {
                owner: owner.clone(),
                permitted: self.permitted(&next),
                suppressed: self.is_suppressed(&next),
            };
            self.sends.entry(next.id).or_default().claim = Some(claim);
        }
        self.messages.insert(key, next);
        Ok(())
    }

    /// SES or SNS took a message.
    fn accept(&mut self, accepted: &Acceptance) -> Held {
        let claimed = accepted.claimed.as_str();
        let id = message_id(claimed);
        let found = id.and_then(|id| self.messages.get(&id).cloned());
        let Some(message) = found else {
            return Err(Violation(format!("a message was sent without a claim: {claimed:?}")));
        };
        let holds = matches!(&message.status, Status::Claimed { owner, .. } if self
            .sends
            .get(&message.id)
            .and_then(|sends| sends.claim.as_ref())
            .is_some_and(|claim| claim.owner == *owner));
        must(holds, || format!("{:?} was sent while it was {:?}", message.id, message.status))?;
        let now = self.permitted(&message);
        let policy = self.policy(&message);
        let Some(sends) = self.sends.get_mut(&message.id) else { return Ok(()) };
        sends.accepted += 1;
        let most = match (&message.status, policy) {
            // A system knows a call by its id: it may get it as often as it takes.
            _ if message.medium == Medium::Call => u32::MAX,
            (Status::Claimed { unknowns, .. }, OnUnknown::Resend) => 1 + (*unknowns).min(1),
            _ => 1,
        };
        must(sends.accepted <= most, || {
            format!("{:?} of step {} was sent {} times", message.id, message.step, sends.accepted)
        })?;
        let claim = sends.claim.as_ref();
        must(now || claim.is_some_and(|claim| claim.permitted), || {
            format!("{:?} was sent to who had refused before its claim", message.id)
        })?;
        must(!claim.is_some_and(|claim| claim.suppressed), || {
            format!("{:?} was sent to an address that was suppressed before its claim", message.id)
        })
    }

    /// How often a provider took a message.
    pub(crate) fn accepted(&self, id: MessageId) -> u32 {
        self.sends.get(&id).map_or(0, |sends| sends.accepted)
    }

    pub(crate) fn sends(&self, message: &Message) -> Option<(Medium, Kind)> {
        self.flows.get(&(message.flow.clone(), message.version))?.sends(&message.step)
    }

    fn policy(&self, message: &Message) -> OnUnknown {
        let flow = self.flows.get(&(message.flow.clone(), message.version));
        let sends = flow.and_then(|flow| Some((flow, flow.sends(&message.step)?.1)));
        sends.map_or(OnUnknown::Skip, |(flow, kind)| flow.on_unknown(kind))
    }

    /// Whether consent and refusals, as they stand, let this message go.
    fn permitted(&self, message: &Message) -> bool {
        let kind = self.sends(message).map(|(_, kind)| kind);
        if kind == Some(Kind::Transactional) {
            return true;
        }
        let Some(channel) = message.medium.channel() else { return true };
        let Some(contact) = self.contacts.get(&self.meant(message.contact)) else { return false };
        let mut refusals = self.refusals.get(&contact.id).cloned().unwrap_or_default();
        let phone = contact.profile.phone.as_deref();
        let refuser = self.key.refuser(contact.id, phone, channel);
        if let Some(of_number) = self.refusals.get(&refuser) {
            refusals.merge(of_number.clone());
        }
        refusals.allow(contact, channel)
    }

    fn is_suppressed(&self, message: &Message) -> bool {
        let Some(channel) = message.medium.channel() else { return false };
        let contact = self.contacts.get(&self.meant(message.contact));
        let address = contact.and_then(|contact| contact.profile.email.as_deref());
        let addressee = self.key.contact(Some(address.unwrap_or_default()), None);
        let of_contact = addressee.and_then(|addressee| self.suppressions.get(&addressee));
        of_contact.is_some_and(|suppressed| suppressed.0.contains_key(&channel))
    }
}

/// Whether each wait lasted as long as it should, but for what functions' clocks differ by.
fn wakes_in_time(run: &masa_domain::Run) -> bool {
    const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_secs(5);
    let mut until = None;
    run.story.iter().all(|entry| match &entry.what {
        What::Waiting(moment) => {
            until = Some(*moment);
            true
        }
        What::Woke => until.is_none_or(|until| until.duration_since(entry.at) <= CLOCKS_DIFFER),
        _ => true,
    })
}

/// The message that a key `C#… M#run#generation` names.
fn message_id(key: &str) -> Option<(ContactId, MessageId)> {
    let (pk, sk) = key.split_once(' ')?;
    let contact = pk.strip_prefix("C#")?.parse().ok()?;
    let (run, generation) = sk.strip_prefix("M#")?.split_once('#')?;
    Some((contact, MessageId { run: run.parse().ok()?, generation: generation.parse().ok()? }))
}

fn number(value: Option<&serde_dynamo::AttributeValue>) -> Option<i64> {
    match value {
        Some(serde_dynamo::AttributeValue::N(number)) => number.parse().ok(),
        _ => None,
    }
}

/// Whether a text tells who somebody is. All addresses and numbers of the simulation are recognised.
pub(crate) fn is_personal(text: &str) -> bool {
    ["@example.com", "amazonses.com", "972505550"].iter().any(|part| text.contains(part))
}
