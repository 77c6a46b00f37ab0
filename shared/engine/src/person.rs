//! One person once: contacts that a fact shows to be the same person are joined, and what comes for one
//! that gave way goes to the other.
//!
//! Three conditional writes, each of which may be the last before a crash: the one contact is frozen, the
//! other takes it in, a sign is left in its place. Whoever comes to a frozen contact goes on where that
//! ended, before anything else is decided.

use jiff::Timestamp;
use masa_domain::{ALSO_KNOWN_MAX, Also, Contact, ContactId, Stimulus};
use masa_store::{Commit, Found};

use crate::{Engine, Error};

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
    /// way to it from now on. None when contacts were joined: look again.
    pub(crate) async fn meet(
        &self,
        state: &mut Contact,
        stimulus: &Stimulus,
        now: Timestamp,
    ) -> Result<Option<Vec<ContactId>>, Error> {
        let mut also = Vec::new();
        let Stimulus::Fact(fact) = stimulus else { return Ok(Some(also)) };
        if fact.details.also.is_empty() || state.has_applied(fact) {
            return Ok(Some(also));
        }
        if state.version == 0 {
            // Which of two gives way depends on it.
            state.profile.email.clone_from(&fact.details.email);
        }
        for name in &fact.details.also {
            let id = name.id();
            let known = state.known_as.len().saturating_add(also.len());
            if id == state.id || state.known_as.contains_key(&id) || known >= ALSO_KNOWN_MAX {
                continue;
            }
            let Found { passed, id: end, loaded } = self.store.find(id).await?;
            let leads_on = !passed.is_empty();
            if end == state.id {
                if let Some(frozen) = untaken(passed) {
                    self.take_in(state, frozen, now).await?;
                    return Ok(None);
                }
                also.push(id);
                continue;
            }
            let other = loaded.contact.unwrap_or_else(|| Contact::new(end, now));
            if matches!(name, Also::Phone(_)) && (leads_on || other.profile.email.is_some()) {
                tracing::debug!(contact = %state.id, "the number is another's already");
                continue;
            }
            if !other.gives_way_to(state) {
                tracing::info!(contact = %state.id, to = %other.id, "is one person with another");
                self.store.commit(&state.give_way(other.id)).await?;
                return Ok(None);
            }
            let gone = other.give_way(state.id);
            let taken = gone.gone.is_some_and(|gone| gone.taken);
            tracing::info!(contact = %other.id, to = %state.id, "is one person with another");
            if self.store.commit(&gone).await? == Commit::Conflict || !taken {
                return Ok(None);
            }
            also.push(id);
        }
        Ok(Some(also))
    }

    /// Has `state` take in a frozen contact, and leaves the sign. What it refused is known to claims before.
    async fn take_in(&self, state: &Contact, frozen: Contact, now: Timestamp) -> Result<(), Error> {
        // Read after the contact froze: what is refused from then on is written at both.
        for (channel, at) in self.store.refusals(frozen.id).await?.0 {
            self.store.refuse(state.id, channel, at).await?;
        }
        let sign = frozen.sign(state.id);
        let join = Stimulus::Join(Box::new(frozen));
        if self.decide(state, &join, Vec::new(), now).await? == Commit::Done {
            // When another one left it first, there is nothing left to do.
            self.store.commit(&sign).await?;
        }
        Ok(())
    }
}

/// The contact on the way that was not taken in yet and is nearest to its end.
fn untaken(passed: Vec<Contact>) -> Option<Contact> {
    let mut passed = passed.into_iter().rev();
    passed.find(|contact| contact.gone.is_some_and(|gone| !gone.taken))
}
