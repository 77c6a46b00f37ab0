//! One person once: contacts that a fact shows to be the same person are joined, and what comes for one
//! that gave way goes to the other.
//!
//! Three conditional writes, each of which may be the last before a crash: the one contact is frozen, the
//! other takes it in, a sign is left in its place. Whoever comes to a frozen contact goes on where that
//! ended, before anything else is decided.

use jiff::Timestamp;
use masa_domain::{ALSO_KNOWN_MAX, Also, Contact, ContactId, Fact, Stimulus};
use masa_store::{Commit, Found};

use crate::{Engine, Error};

/// Where another id of a contact turned out to lead.
enum Led {
    /// To the contact itself.
    Here,
    /// To somebody else, who stays it.
    Elsewhere,
    /// Something was changed: look again.
    Changed,
}

impl Engine {
    /// The state of the contact that an id means; none when something changed on the way to it: look again.
    pub(crate) async fn person(
        &self,
        id: ContactId,
        now: Timestamp,
    ) -> Result<Option<Contact>, Error> {
        let found = self.store.find(id).await?;
        let state = found.loaded.contact.unwrap_or_else(|| Contact::new(found.id, now));
        match untaken(found.passed) {
            Some(frozen) => {
                self.take_in(&state, frozen, now).await?;
                Ok(None)
            }
            None => Ok(Some(state)),
        }
    }

    /// Finds out whether the other ids of a fact's contact mean the same one: returns those that show the
    /// way to it from now on. None when something changed: look again.
    pub(crate) async fn meet(
        &self,
        state: &mut Contact,
        stimulus: &Stimulus,
        now: Timestamp,
    ) -> Result<Option<Vec<ContactId>>, Error> {
        let mut also = Vec::new();
        let Stimulus::Fact(fact) = stimulus else { return Ok(Some(also)) };
        if state.has_applied(fact) {
            return Ok(Some(also));
        }
        for name in &fact.details.also {
            if name.id() == state.id || state.known_as.contains_key(&name.id()) {
                continue;
            }
            if state.version == 0 {
                // Nothing leads to where nobody is: who is there later might lead back.
                if self.store.commit(state).await? == Commit::Conflict {
                    return Ok(None);
                }
                state.version = 1;
            }
            let known = state.known_as.len().saturating_add(also.len());
            match self.lead(state, fact, *name, known < ALSO_KNOWN_MAX, now).await? {
                Led::Here => also.push(name.id()),
                Led::Elsewhere => {}
                Led::Changed => return Ok(None),
            }
        }
        Ok(Some(also))
    }

    /// Finds out where another id of a fact's contact leads, and joins the two if they are one.
    async fn lead(
        &self,
        state: &Contact,
        fact: &Fact,
        name: Also,
        may_be_new: bool,
        now: Timestamp,
    ) -> Result<Led, Error> {
        let Found { passed, id: end, loaded } = self.store.find(name.id()).await?;
        let leads_on = !passed.is_empty();
        if let Some(frozen) = untaken(passed) {
            let stays = loaded.contact.unwrap_or_else(|| Contact::new(end, now));
            self.take_in(&stays, frozen, now).await?;
            return Ok(Led::Changed);
        }
        if end == state.id {
            self.take_refusals(name.id(), state.id).await?;
            return Ok(Led::Here);
        }
        if !may_be_new || !joins(state, fact, name, leads_on, loaded.contact.as_ref()) {
            tracing::debug!(contact = %state.id, other = %end, "stay two");
            return Ok(Led::Elsewhere);
        }
        let Some(other) = loaded.contact else {
            // Nobody: from now on it leads here.
            let sign = Contact::new(end, now).sign(state.id);
            if self.store.commit(&sign).await? == Commit::Conflict {
                return Ok(Led::Changed);
            }
            self.take_refusals(end, state.id).await?;
            return Ok(Led::Here);
        };
        let (goes, stays) = match other.gives_way_to(state) {
            true => (&other, state),
            false => (state, &other),
        };
        tracing::info!(contact = %goes.id, to = %stays.id, "is one person with another");
        self.store.commit(&goes.give_way(stays.id)).await?;
        Ok(Led::Changed)
    }

    /// Has `state` take in a frozen contact, and leaves the sign. What it refused is known to claims before.
    async fn take_in(&self, state: &Contact, frozen: Contact, now: Timestamp) -> Result<(), Error> {
        self.take_refusals(frozen.id, state.id).await?;
        let sign = frozen.sign(state.id);
        let join = Stimulus::Join(Box::new(frozen));
        match self.decide(state, &join, Vec::new(), now).await {
            Ok(Commit::Done) => {}
            Ok(Commit::Conflict) => return Ok(()),
            // It is committed; what was not asked for becomes overdue, and is found.
            Err(error @ Error::Dispatch(_)) if error.is_permanent() => {
                self.store.commit(&sign).await?;
                return Err(error);
            }
            Err(error) => return Err(error),
        }
        // When another one left it first, there is nothing left to do.
        self.store.commit(&sign).await?;
        Ok(())
    }

    /// Takes over what was refused under an id, once it leads to another: what is refused from then on is
    /// written at both.
    async fn take_refusals(&self, from: ContactId, to: ContactId) -> Result<(), Error> {
        for (channel, at) in self.store.refusals(from).await?.0 {
            self.store.refuse(to, channel, at).await?;
        }
        Ok(())
    }
}

/// Whether an id that a fact tells along with its contact means that one too: `other` is whom it means so
/// far, if anybody.
fn joins(
    state: &Contact,
    fact: &Fact,
    name: Also,
    leads_on: bool,
    other: Option<&Contact>,
) -> bool {
    match name {
        Also::Account(_) => true,
        // Families share one; and who has another number already is a shop's own address, perhaps.
        Also::Phone(_) => {
            let (own, told) = (state.profile.phone.as_ref(), fact.details.phone.as_ref());
            !leads_on
                && own.is_none_or(|own| Some(own) == told)
                && other.is_none_or(|other| other.profile.email.is_none())
        }
    }
}

/// The contact on the way that was not taken in yet and is nearest to its end.
fn untaken(passed: Vec<Contact>) -> Option<Contact> {
    let mut passed = passed.into_iter().rev();
    passed.find(|contact| contact.gone.is_some_and(|gone| !gone.taken))
}
