//! A person's state: one value that holds all a decision needs, so that a decision is committed
//! with one conditional write.

use std::{cmp::Reverse, collections::BTreeMap, io};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    consent::{Answer, Channel, Consent},
    fact::{Fact, Happening, OrderStatus},
    id::{ContactId, FactId, MessageId, RunId},
    person::Gone,
    purchases::{Purchases, Turned},
    run::{End, Run},
    segments::Membership,
    setup::Cap,
    trigger::{Activity, Trigger},
};

/// Where mails that were read since the last purchase are counted.
pub(crate) const READ_SINCE_PURCHASE: &str = "opened-since-purchase";

/// How long a fact can be delivered again: a DynamoDB stream keeps a record for 24 hours; one more
/// for clocks that differ.
const REDELIVERY: SignedDuration = SignedDuration::from_hours(25);

/// The most that a state may take, in bytes of JSON: DynamoDB's 400 KB with room to spare. Bounds on
/// counts come first; what they leave too large is trimmed by [`Contact::fit`].
const STATE_BYTES_MAX: usize = 300 * 1024;

/// How many kinds of happenings a contact's summary remembers; the oldest goes first.
const SEEN_KEPT: usize = 200;

/// How many ended runs stay in the state; the oldest goes first.
const ENDED_RUNS_KEPT: usize = 10;

/// How many runs of a contact may be live; further ones are not entered.
pub(crate) const LIVE_RUNS_MAX: usize = 20;

/// How many messages are counted for caps at most.
const PACED_KEPT: usize = 100;

/// How many mails a contact must have read before one hour is called the best.
const READS_KNOWN: u32 = 5;

/// How many applied facts are remembered; beyond it the oldest goes first, although it could still
/// be delivered again. Nobody buys five hundred times a day.
pub(crate) const APPLIED_KEPT: usize = 500;

/// How many lists a contact may be on.
const LISTS_MAX: usize = 200;

/// What all fields of a contact may hold together, in bytes of JSON; what goes beyond is not taken.
const FIELD_BYTES_MAX: usize = 48 * 1024;

/// A contact and everything that its journeys decide on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Contact {
    /// Who.
    pub id: ContactId,
    /// How often this state was committed; a commit is conditioned on it.
    pub version: u64,
    /// When Masa first heard of the person.
    pub created_at: Timestamp,
    /// Where it went, when it turned out to be another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gone: Option<Gone>,
    /// The other ids under which it is known, and since when.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub known_as: BTreeMap<ContactId, Timestamp>,
    /// Name, address, language.
    #[serde(default)]
    pub profile: Profile,
    /// As of when entries of the profile were told, by senders that say so: an older version of the
    /// person that comes late does not undo a younger one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub told_at: BTreeMap<String, Timestamp>,
    /// The store's own fields.
    #[serde(default)]
    pub fields: BTreeMap<String, Value>,
    /// Lists and since when.
    #[serde(default)]
    pub lists: BTreeMap<String, Timestamp>,
    /// The shop's segments: since when the contact is in them, or that it is not. One that was published
    /// since the contact moved last is missing, or is of another condition.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub segments: BTreeMap<String, Membership>,
    /// Consent by channel.
    #[serde(default)]
    pub consent: BTreeMap<Channel, Consent>,
    /// What was bought.
    #[serde(default)]
    pub purchases: Purchases,
    /// How often what happened: `form:…`, `event:…`, `opened` (mails), `opened:<flow>`,
    /// `opened-since-purchase`, `clicked:<link>`, `referred:…`, `due:…` (dates and silences).
    #[serde(default)]
    pub seen: BTreeMap<String, Seen>,
    /// At which hours mails were read first, where the contact lives: how often (D4).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub hours: BTreeMap<u8, u32>,
    /// The last advertising messages, for the shop's caps (D2).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paced: Vec<Paced>,
    /// When the next date or silence comes that a live flow waits for, as far as it was known when this
    /// was set: a wake stands for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub look_at: Option<Timestamp>,
    /// Entries by flow, for re-entry.
    #[serde(default)]
    pub flows: BTreeMap<String, FlowLedger>,
    /// Live runs and the last ended ones.
    #[serde(default)]
    pub runs: BTreeMap<RunId, Run>,
    /// Facts that were applied and may still be delivered again.
    #[serde(default)]
    pub applied: BTreeMap<FactId, Timestamp>,
}

/// Who the person is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Profile {
    /// Normalised address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// E.164.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Given name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// Family name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// BCP 47.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// IANA name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// ISO 3166-1 alpha-2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
}

/// How often something happened, and when last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// How often.
    pub times: u32,
    /// When last.
    pub last_at: Timestamp,
}

/// A message that counts for caps (D2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paced {
    /// Which.
    pub message: MessageId,
    /// By which way it goes.
    pub channel: Channel,
    /// When it was decided.
    pub at: Timestamp,
}

/// A contact's entries into one flow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowLedger {
    /// How often.
    pub entered: u32,
    /// When last.
    pub last_at: Timestamp,
    /// How many of the runs came to the end.
    #[serde(default)]
    pub finished: u32,
    /// How many left by an exit step or rule.
    #[serde(default)]
    pub left: u32,
    /// How many could not go on.
    #[serde(default)]
    pub failed: u32,
    /// How many reached the flow's goal.
    #[serde(default)]
    pub reached: u32,
}

impl FlowLedger {
    /// A first entry is about to be counted.
    pub(crate) fn new(at: Timestamp) -> Self {
        Self { entered: 0, last_at: at, finished: 0, left: 0, failed: 0, reached: 0 }
    }
}

/// What a fact led to.
pub(crate) struct Led {
    /// The lists that the contact joined.
    pub joined: Vec<String>,
    /// What its order came to be.
    pub turned: Option<Turned>,
}

impl Contact {
    /// A person of whom nothing is known yet.
    pub fn new(id: ContactId, now: Timestamp) -> Self {
        Self {
            id,
            version: 0,
            created_at: now,
            gone: None,
            known_as: BTreeMap::new(),
            profile: Profile::default(),
            told_at: BTreeMap::new(),
            fields: BTreeMap::new(),
            lists: BTreeMap::new(),
            segments: BTreeMap::new(),
            consent: BTreeMap::new(),
            purchases: Purchases::default(),
            seen: BTreeMap::new(),
            hours: BTreeMap::new(),
            paced: Vec::new(),
            look_at: None,
            flows: BTreeMap::new(),
            runs: BTreeMap::new(),
            applied: BTreeMap::new(),
        }
    }

    /// Whether nothing is known of the person yet. Its state may have been committed all the same, for
    /// others to lead to.
    pub(crate) fn is_new(&self) -> bool {
        *self == Self { version: self.version, ..Self::new(self.id, self.created_at) }
    }

    /// Whether `fact` changed this state already.
    pub fn has_applied(&self, fact: &Fact) -> bool {
        self.applied.contains_key(&fact.id)
    }

    /// Takes over what `fact` tells, and returns what it led to.
    pub(crate) fn apply(&mut self, fact: &Fact, now: Timestamp) -> Led {
        // From now on, for one that was replayed long after it came can be delivered again too.
        self.applied.insert(fact.id, now.max(fact.received_at));
        let forget = now.checked_sub(REDELIVERY).unwrap_or(Timestamp::MIN);
        // What is told without a time of its own is as old as the first that was heard of the person,
        // not as the moment when that was worked off.
        self.created_at = self.created_at.min(fact.received_at);
        self.applied.retain(|_, at| *at >= forget);
        forget_oldest(&mut self.applied, APPLIED_KEPT, |at| *at);
        self.apply_details(fact);
        self.count(fact);
        let turned = self.take_order(fact);
        let lists = fact.details.lists.iter();
        let joined = lists.filter(|list| self.join(list, fact.received_at)).cloned().collect();
        Led { joined, turned }
    }

    fn take_order(&mut self, fact: &Fact) -> Option<Turned> {
        let Happening::Purchase(order) = &fact.what else { return None };
        let turned = self.purchases.take(order, fact.at);
        if turned.is_some_and(|turned| turned.to == OrderStatus::Paid) {
            self.seen.remove(READ_SINCE_PURCHASE);
        }
        turned
    }

    /// Counts what happened.
    fn count(&mut self, fact: &Fact) {
        match &fact.what {
            Happening::Signup { form: None }
            | Happening::Imported { .. }
            | Happening::Purchase(_) => {}
            Happening::Due { trigger } => self.see(format!("due:{trigger}"), fact.at),
            Happening::Signup { form: Some(form) } => self.see(format!("form:{form}"), fact.at),
            Happening::Event { name, .. } => self.see(format!("event:{name}"), fact.at),
            Happening::Answered { question, answer } => {
                self.see(format!("answered:{question}"), fact.at);
                self.set_field(question, answer.clone());
            }
            Happening::Opened { flow, .. } => {
                for key in ["opened", READ_SINCE_PURCHASE, &format!("opened:{flow}")] {
                    self.see(key.to_owned(), fact.at);
                }
            }
            Happening::Clicked { link, .. } => self.see(format!("clicked:{link}"), fact.at),
            Happening::Referred(did) => {
                self.see(Trigger::Referred(*did).key(), fact.at);
            }
        }
    }

    fn see(&mut self, key: String, at: Timestamp) {
        self.have_seen(key, Seen { times: 1, last_at: at });
    }

    /// Counts what happened some times.
    pub(crate) fn have_seen(&mut self, key: String, more: Seen) {
        let seen = self.seen.entry(key).or_insert(Seen { times: 0, ..more });
        let times = seen.times.saturating_add(more.times);
        *seen = Seen { times, last_at: seen.last_at.max(more.last_at) };
        forget_oldest(&mut self.seen, SEEN_KEPT, |seen| seen.last_at);
    }

    /// When the contact was last known to do this.
    pub(crate) fn active_at(&self, activity: Activity) -> Option<Timestamp> {
        let seen = |key: &str| self.seen.get(key).map(|seen| seen.last_at);
        match activity {
            Activity::Purchase => self.purchases.last_at,
            Activity::Open => seen("opened"),
            Activity::Visit => seen("event:visit"),
            Activity::Any => self.purchases.last_at.max(seen("opened")).max(seen("event:visit")),
        }
    }

    /// Counts a message for caps, and forgets those that count for none any more.
    pub(crate) fn pace(&mut self, message: Paced, caps: &[Cap]) {
        let of = |channel| caps.iter().filter(move |cap| cap.counts(channel));
        self.paced.push(message);
        self.paced
            .retain(|sent| of(sent.channel).any(|cap| cap.within.after(sent.at) > message.at));
        let surplus = self.paced.len().saturating_sub(PACED_KEPT);
        self.paced.drain(..surplus);
    }

    /// A message did not go after all; false when it did not count.
    pub(crate) fn unpace(&mut self, message: MessageId) -> bool {
        let before = self.paced.len();
        self.paced.retain(|sent| sent.message != message);
        self.paced.len() < before
    }

    /// When the messages were decided that a cap counts.
    pub(crate) fn paced(&self, cap: &Cap) -> Vec<Timestamp> {
        let sent = self.paced.iter().filter(|sent| cap.counts(sent.channel));
        sent.map(|sent| sent.at).collect()
    }

    /// Counts the hour at which a mail was read.
    pub(crate) fn reads_at(&mut self, hour: i8) {
        let Ok(hour) = u8::try_from(hour) else { return };
        let times = self.hours.entry(hour).or_default();
        *times = times.saturating_add(1);
    }

    /// The hour at which this contact reads most, the earliest of several; none as long as too little
    /// is known.
    pub fn best_hour(&self) -> Option<u8> {
        let known: u32 = self.hours.values().fold(0, |sum, times| sum.saturating_add(*times));
        let best = self.hours.iter().max_by_key(|(hour, times)| (**times, Reverse(**hour)));
        best.filter(|_| known >= READS_KNOWN).map(|(hour, _)| *hour)
    }

    fn apply_details(&mut self, fact: &Fact) {
        self.apply_profile(fact);
        let told = &fact.details;
        for (name, value) in &told.fields {
            self.set_field(name, value.clone());
        }
        if let Some(consent) = &told.consent {
            let received_at = fact.received_at;
            for (channel, said) in [(Channel::Email, consent.email), (Channel::Sms, consent.sms)] {
                let Some(said) = said else { continue };
                let answer = if said { Answer::Granted } else { Answer::Refused };
                // Systems repeat what they know with every event, and so do files. Only a signup, or a time of its
                // own, makes a yes younger than a refusal that they were never told.
                let untold = match fact.what {
                    Happening::Event { .. } if said => self.created_at,
                    // A number's refusal is older than a contact that is made of a file.
                    Happening::Imported { .. } if said => Timestamp::UNIX_EPOCH,
                    _ => received_at,
                };
                let at = consent.at.unwrap_or(untold).min(received_at);
                // At the same instant a refusal wins, in whichever order the two were told.
                let stands = |known: &Consent| {
                    known.at > at || (known.at == at && known.answer == Answer::Refused)
                };
                if self.consent.get(&channel).is_some_and(stands) {
                    continue;
                }
                let (text, ip) = (consent.text.clone(), consent.ip.clone());
                self.consent.insert(channel, Consent { answer, at, text, ip });
            }
        }
    }

    /// Puts the contact on `list`; false when it stood there already.
    pub(crate) fn join(&mut self, list: &str, at: Timestamp) -> bool {
        if self.lists.contains_key(list) || self.lists.len() >= LISTS_MAX {
            return false;
        }
        self.lists.insert(list.to_owned(), at);
        true
    }

    /// Sets a field of the store's own; `null` clears it.
    pub(crate) fn set_field(&mut self, name: &str, value: Value) {
        let before = self.fields.remove(name);
        if value.is_null() {
            return;
        }
        let others: usize = self.fields.iter().map(|(name, value)| weight(name, value)).sum();
        if others.saturating_add(weight(name, &value)) <= FIELD_BYTES_MAX {
            self.fields.insert(name.to_owned(), value);
        } else if let Some(before) = before {
            self.fields.insert(name.to_owned(), before);
        }
    }

    /// A profile entry or field by its name in journeys and templates.
    pub fn field(&self, name: &str) -> Option<Value> {
        let text = |value: &Option<String>| value.clone().map(Value::String);
        match name {
            "email" => text(&self.profile.email),
            "phone" => text(&self.profile.phone),
            "first_name" => text(&self.profile.first_name),
            "last_name" => text(&self.profile.last_name),
            "language" => text(&self.profile.language),
            "timezone" => text(&self.profile.timezone),
            "country" => text(&self.profile.country),
            _ => self.fields.get(name).cloned(),
        }
    }

    /// Counts the end of a run.
    pub(crate) fn count_end(&mut self, flow: &str, end: &End) {
        let Some(ledger) = self.flows.get_mut(flow) else { return };
        let count = match end {
            End::Finished => &mut ledger.finished,
            End::Left | End::Exited { .. } => &mut ledger.left,
            End::Failed { .. } => &mut ledger.failed,
        };
        *count = count.saturating_add(1);
    }

    /// When somebody should look after this contact, unless it moves before: the first of its live
    /// runs' times, cut up to the hour so that quick moves do not change it. `None` without a live
    /// run.
    pub fn due(&self) -> Option<Timestamp> {
        const HOUR: i64 = 3_600;
        let live = self.runs.values().filter(|run| run.is_live());
        let first = live.map(|run| run.overdue_at).min()?;
        let hours = first.as_second().div_euclid(HOUR).saturating_add(1);
        Some(Timestamp::from_second(hours.saturating_mul(HOUR)).unwrap_or(Timestamp::MAX))
    }

    /// Trims what is only told and no longer decided on, until the state fits into its item: a state
    /// that can't be committed would stop the contact for ever.
    pub(crate) fn fit(&mut self) {
        self.forget_ended_runs();
        while self.is_too_large() {
            let before = self.clone();
            self.runs.retain(|_, run| run.is_live());
            self.runs.values_mut().for_each(Run::forget_story);
            let (seen, applied) = (self.seen.len(), self.applied.len());
            self.purchases.forget_half();
            forget_oldest(&mut self.seen, seen / 2, |seen| seen.last_at);
            forget_oldest(&mut self.applied, applied / 2, |at| *at);
            if *self == before {
                return;
            }
        }
    }

    fn is_too_large(&self) -> bool {
        let mut bytes = Counted(0);
        serde_json::to_writer(&mut bytes, self).is_ok() && bytes.0 > STATE_BYTES_MAX
    }

    /// Drops the oldest ended runs beyond those that are kept.
    fn forget_ended_runs(&mut self) {
        let mut ended: BTreeMap<RunId, Timestamp> =
            self.runs.iter().filter_map(|(id, run)| run.ended_at().map(|at| (*id, at))).collect();
        forget_oldest(&mut ended, ENDED_RUNS_KEPT, |at| *at);
        self.runs.retain(|id, run| run.is_live() || ended.contains_key(id));
    }
}

/// Counts what is written, and keeps none of it.
struct Counted(usize);

impl io::Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.saturating_add(bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Drops the oldest entries beyond `kept`.
pub(crate) fn forget_oldest<K: Ord + Clone, V>(
    map: &mut BTreeMap<K, V>,
    kept: usize,
    at: impl Fn(&V) -> Timestamp,
) {
    while map.len() > kept {
        let oldest = map.iter().min_by_key(|(_, value)| at(value)).map(|(key, _)| key.clone());
        let Some(oldest) = oldest else { return };
        map.remove(&oldest);
    }
}

/// What a field holds, in bytes of JSON.
fn weight(name: &str, value: &Value) -> usize {
    name.len().saturating_add(value.to_string().len())
}
