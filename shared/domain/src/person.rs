//! One person once (K1): contacts that turn out to be the same person become one, in mid-journey.
//!
//! A contact's id is made of an address, so that no door needs to look one up; what is known of a person
//! under another address, number or account stands elsewhere. When it turns out whose that is, the one
//! contact gives way ([`Contact::give_way`]): from then on it is frozen, and whatever comes for it goes to
//! the other, which first takes it in ([`crate::Stimulus::Join`]). What is left of it is a sign that shows
//! the way ([`Contact::sign`]).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    consent::{Answer, Consent},
    contact::{APPLIED_KEPT, Contact, FlowLedger, Paced, forget_oldest},
    decide::{Effect, Need, Verdict},
    flow::Again,
    id::{ContactId, RunId},
    run::{End, Run, State},
    walk::Walk,
};

/// Under how many other ids a contact is known at most; further ones stay contacts of their own.
pub const ALSO_KNOWN_MAX: usize = 50;

/// The rule by which a run ends whose contact turns out to be on the same journey twice.
const JOINED: &str = "joined";

/// Another id under which the sender of a fact knows its contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum Also {
    /// A number's, told along with an address. Families share one: the first contact with an address that
    /// tells a number is whom it means.
    Phone(ContactId),
    /// A customer account's of a platform. It is one person's, whatever its address becomes.
    Account(ContactId),
}

impl Also {
    /// The id.
    pub fn id(self) -> ContactId {
        match self {
            Self::Phone(id) | Self::Account(id) => id,
        }
    }
}

/// Where a contact went that gave way to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gone {
    /// To which contact.
    pub to: ContactId,
    /// Whether that one has taken it in; until then this state holds what it was.
    pub taken: bool,
}

impl Contact {
    /// A sign that shows the way to `to`: all that is left of a contact, or all that there ever was.
    #[must_use]
    pub fn sign(&self, to: ContactId) -> Self {
        let gone = Some(Gone { to, taken: true });
        Self { version: self.version, gone, ..Self::new(self.id, self.created_at) }
    }

    /// This contact, frozen until `to` has taken it in.
    #[must_use]
    pub fn give_way(&self, to: ContactId) -> Self {
        Self { gone: Some(Gone { to, taken: false }), ..self.clone() }
    }

    /// Whether this contact gives way to `other`, and not the other to it, when both are one person. Of any
    /// two the same one does, whoever asks and whenever: so there are no circles.
    pub fn gives_way_to(&self, other: &Self) -> bool {
        self.id < other.id
    }

    /// Takes in all that `other` was; what both tell stands as this contact has it.
    fn take_in(&mut self, other: Self, now: Timestamp) {
        self.created_at = self.created_at.min(other.created_at);
        self.take_in_person(&other);
        for (list, since) in other.lists {
            let known = self.lists.get(&list).copied();
            self.join(&list, since);
            if known.is_some_and(|known| since < known) {
                self.lists.insert(list, since);
            }
        }
        for (segment, theirs) in other.segments {
            // Whoever was in it does not enter it anew.
            let own = self.segments.entry(segment).or_insert_with(|| theirs.clone());
            if own.since.is_none() && own.by == theirs.by {
                own.since = theirs.since;
            }
        }
        self.purchases.take_in(other.purchases);
        for (key, theirs) in other.seen {
            self.have_seen(key, theirs);
        }
        for (hour, times) in other.hours {
            let own = self.hours.entry(hour).or_default();
            *own = own.saturating_add(times);
        }
        self.paced.extend(other.paced);
        self.paced.sort_by_key(|Paced { at, message, .. }| (*at, *message));
        self.paced.dedup();
        for (flow, theirs) in other.flows {
            let own = self.flows.entry(flow).or_insert_with(|| FlowLedger::new(theirs.last_at));
            own.take_in(&theirs);
        }
        for (id, mut run) in other.runs {
            run.moved.push(Moved { from: other.id, generation: run.generation });
            self.runs.insert(id, run);
        }
        self.applied.extend(other.applied);
        forget_oldest(&mut self.applied, APPLIED_KEPT, |at| *at);
        self.known_as.extend(other.known_as);
        self.known_as.insert(other.id, now);
    }

    /// Name, address, fields and consent: what this contact lacks, and what is younger.
    fn take_in_person(&mut self, other: &Self) {
        let (own, theirs) = (&mut self.profile, &other.profile);
        for (name, to, from) in [
            ("email", &mut own.email, &theirs.email),
            ("phone", &mut own.phone, &theirs.phone),
            ("first_name", &mut own.first_name, &theirs.first_name),
            ("last_name", &mut own.last_name, &theirs.last_name),
            ("language", &mut own.language, &theirs.language),
            ("timezone", &mut own.timezone, &theirs.timezone),
            ("country", &mut own.country, &theirs.country),
        ] {
            let (known, told) = (self.told_at.get(name), other.told_at.get(name));
            let is_younger = known.is_some() && told > known;
            if from.is_none() || (to.is_some() && !is_younger) {
                continue;
            }
            to.clone_from(from);
            if let Some(told) = told {
                self.told_at.insert(name.to_owned(), *told);
            }
        }
        for (name, value) in &other.fields {
            if !self.fields.contains_key(name) {
                self.set_field(name, value.clone());
            }
        }
        for (channel, theirs) in &other.consent {
            // At the same instant a refusal wins.
            let rank = |consent: &Consent| (consent.at, consent.answer == Answer::Refused);
            if self.consent.get(channel).is_none_or(|own| rank(own) < rank(theirs)) {
                self.consent.insert(*channel, theirs.clone());
            }
        }
    }
}

impl FlowLedger {
    fn take_in(&mut self, other: &Self) {
        self.last_at = self.last_at.max(other.last_at);
        for (own, theirs) in [
            (&mut self.entered, other.entered),
            (&mut self.finished, other.finished),
            (&mut self.left, other.left),
            (&mut self.failed, other.failed),
            (&mut self.reached, other.reached),
        ] {
            *own = own.saturating_add(theirs);
        }
    }
}

/// Where a run's messages stand that it decided before its contact was taken in by another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// At the contact that it was of.
    pub from: ContactId,
    /// Those up to this generation.
    pub generation: u32,
}

impl Run {
    /// The contact at which the message of `generation` stands; `own` is whose the run is.
    pub fn home(&self, generation: u32, own: ContactId) -> ContactId {
        let moved = self.moved.iter().find(|moved| generation <= moved.generation);
        moved.map_or(own, |moved| moved.from)
    }
}

impl Walk<'_> {
    /// Takes in a contact that gave way to this one. Nothing begins by it; of a journey that both are on
    /// and that one may not be on twice, the older passage goes on.
    pub(crate) fn take_in(&mut self, other: &Contact) -> Result<Verdict, Need> {
        if self.contact.known_as.contains_key(&other.id) {
            return Ok(self.again());
        }
        let mut other = other.clone();
        for doubled in self.doubled(&other)? {
            for contact in [&mut self.contact, &mut other] {
                let Some(mut run) = contact.runs.remove(&doubled) else { continue };
                if matches!(run.state, State::Waiting { .. }) {
                    let generation = run.generation;
                    self.effects.push(Effect::Disarm { run: doubled, generation });
                }
                let end = End::Exited { rule: JOINED.to_owned() };
                contact.count_end(&run.flow, &end);
                run.go(State::Ended { end, at: self.now }, self.now);
                contact.runs.insert(doubled, run);
            }
        }
        let live = other.runs.values().filter(|run| run.is_live());
        let moved: Vec<RunId> = live.map(|run| run.id).collect();
        self.contact.take_in(other, self.now);
        moved.into_iter().for_each(|run| self.stand_by(run));
        Ok(Verdict::Applied)
    }

    /// The live runs by which one person would be on a journey twice, against its rule.
    fn doubled(&self, other: &Contact) -> Result<Vec<RunId>, Need> {
        let mut doubled = Vec::new();
        for name in other.flows.keys() {
            if !self.contact.flows.contains_key(name) {
                continue;
            }
            let inside = |contact: &Contact| {
                let runs = contact.runs.values();
                let runs = runs.filter(|run| run.is_live() && run.flow == *name);
                runs.map(|run| (run.entered_at, run.id, run.version)).min()
            };
            let (ours, their) = (inside(&self.contact), inside(other));
            let Some((_, _, version)) = ours.or(their) else { continue };
            let again = self.flow(name, version)?.map_or(Again::Never, |flow| flow.again);
            // Of two the younger; where the other one's is over, this one would be the second.
            let ends = match again {
                Again::Always => None,
                Again::Never => ours.max(their),
                Again::After(_) => ours.max(their).filter(|_| ours.is_some() && their.is_some()),
            };
            doubled.extend(ends.map(|(_, id, _)| id));
        }
        Ok(doubled)
    }
}
