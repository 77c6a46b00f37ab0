//! Contacts: facts, state, refusals.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use masa_domain::{
    Channel, Contact, ContactId, Fact, FactId, Gone, Message, Refusals, Suppressed, Suppressions,
    WhySuppressed,
    planted::{self, Bug},
};

use crate::{
    Store,
    error::{Error, unavailable},
    item::{
        DUE, Item, LOOK, NEVER, OVERDUE, REFUSALS, SHARD, STATE, SUPPRESSIONS, WATCH, WATCHES,
        corrupt, expires, from_item, key, text, to_item, watch,
    },
    messages::write,
};

/// How often a contact may have given way; each time the next one had a greater id.
const HOPS_MAX: usize = 20;

#[derive(Debug, thiserror::Error)]
#[error("it gave way to others more than {HOPS_MAX} times")]
struct WayTooLong;

/// Whether a fact was new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// It is stored now.
    New,
    /// It was stored before.
    Duplicate,
}

/// Whether a state was committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Commit {
    /// It was.
    Done,
    /// Another commit came first: load and decide again. It may have been this very one, when the
    /// answer to it was lost.
    Conflict,
}

/// What one query says of a contact.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Loaded {
    /// The state, once a fact was applied.
    pub contact: Option<Contact>,
    /// The refusals.
    pub refusals: Refusals,
    /// The suppressions.
    pub suppressions: Suppressions,
}

/// Where a contact is, which may have given way to others.
#[derive(Debug, Clone)]
pub struct Found {
    /// The contacts that gave way, on the way from the id that was asked for.
    pub passed: Vec<Contact>,
    /// The id at which the way ends.
    pub id: ContactId,
    /// What stands there.
    pub loaded: Loaded,
}

/// Everything of a contact.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Person {
    /// State and refusals.
    pub loaded: Loaded,
    /// All messages, by run and generation.
    pub messages: Vec<Message>,
    /// All facts.
    pub facts: Vec<Fact>,
}

impl Store {
    /// Stores a fact: one conditional write, whose key is the dedupe key.
    ///
    /// # Errors
    /// [`Error::Unavailable`]; the caller may send the same fact again.
    pub async fn record(&self, fact: &Fact) -> Result<Recorded, Error> {
        let mut item = to_item(&key::contact(fact.contact), &key::fact(fact.id), fact)?;
        item.insert("expires".to_owned(), expires(fact.received_at));
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        match put.condition_expression("attribute_not_exists(pk)").send().await {
            Ok(_) => Ok(Recorded::New),
            Err(error) if lost(error.as_service_error()) => Ok(Recorded::Duplicate),
            Err(error) => Err(unavailable("PutItem", error)),
        }
    }

    /// Reads a contact's state, refusals and suppressions: one strongly consistent query.
    ///
    /// # Errors
    /// [`Error`] when the table can't be read, or holds something else.
    pub async fn load(&self, contact: ContactId) -> Result<Loaded, Error> {
        let mut loaded = Loaded::default();
        for item in self.query(contact, STATE).await? {
            match sort_key(&item) {
                STATE => loaded.contact = Some(from_item(item)?),
                REFUSALS => loaded.refusals = from_item(item)?,
                SUPPRESSIONS => loaded.suppressions = from_item(item)?,
                _ => {}
            }
        }
        Ok(loaded)
    }

    /// Reads the contact that an id means: one strongly consistent query, and one more for each contact on
    /// the way that gave way to another.
    ///
    /// # Errors
    /// As [`Store::load`].
    pub async fn find(&self, contact: ContactId) -> Result<Found, Error> {
        let mut found = Found { passed: Vec::new(), id: contact, loaded: Loaded::default() };
        while found.passed.len() <= HOPS_MAX {
            found.loaded = self.load(found.id).await?;
            let gone = found.loaded.contact.as_ref().and_then(|state| state.gone);
            let Some(gone) = gone else { return Ok(found) };
            found.passed.extend(found.loaded.contact.take());
            found.id = gone.to;
        }
        Err(corrupt(&key::contact(contact), STATE, &WayTooLong))
    }

    /// Reads a stored fact; `None` when it is not there (any more).
    ///
    /// # Errors
    /// [`Error`] when the table can't be read, or holds something else.
    pub async fn fact(&self, contact: ContactId, fact: FactId) -> Result<Option<Fact>, Error> {
        let item = self.item(&key::contact(contact), &key::fact(fact)).await?;
        item.map(from_item).transpose()
    }

    /// One item, read consistently.
    pub(crate) async fn item(&self, pk: &str, sk: &str) -> Result<Option<Item>, Error> {
        let got = self
            .client
            .get_item()
            .table_name(&self.table)
            .consistent_read(true)
            .key("pk", text(pk))
            .key("sk", text(sk))
            .send()
            .await
            .map_err(|error| unavailable("GetItem", error))?;
        Ok(got.item)
    }

    /// Reads the refusals under an id alone: one strongly consistent read.
    ///
    /// # Errors
    /// [`Error`] when the table can't be read, or holds something else.
    pub async fn refusals(&self, contact: ContactId) -> Result<Refusals, Error> {
        let item = self.item(&key::contact(contact), REFUSALS).await?;
        item.map_or_else(|| Ok(Refusals::default()), from_item)
    }

    /// Commits a contact's new state, decided upon `contact.version`: one conditional write.
    ///
    /// # Errors
    /// [`Error::Unavailable`]: the state may or may not be committed; load and decide again.
    pub async fn commit(&self, contact: &Contact) -> Result<Commit, Error> {
        let read = contact.version;
        let next = Contact { version: read.saturating_add(1), ..contact.clone() };
        let mut item = to_item(&key::contact(contact.id), STATE, &next)?;
        if let Some(due) = contact.due() {
            item.insert(WATCH.to_owned(), text(watch(contact.id)));
            item.insert(DUE.to_owned(), AttributeValue::N(due.as_second().to_string()));
        }
        // A sign is nobody to be looked at.
        if contact.gone.is_none_or(|gone| !gone.taken) {
            let look = contact.look_at.map_or(NEVER, jiff::Timestamp::as_second);
            item.insert(SHARD.to_owned(), text(watch(contact.id)));
            item.insert(LOOK.to_owned(), AttributeValue::N(look.to_string()));
        }
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        let put = if planted::on(Bug::DropCondition) {
            put
        } else if read == 0 {
            put.condition_expression("attribute_not_exists(pk)")
        } else {
            put.condition_expression("version = :read")
                .expression_attribute_values(":read", AttributeValue::N(read.to_string()))
        };
        match put.send().await {
            Ok(_) => Ok(Commit::Done),
            Err(error) if lost(error.as_service_error()) => Ok(Commit::Conflict),
            Err(error) => Err(unavailable("PutItem", error)),
        }
    }

    /// Reads the suppressions under an id alone: one strongly consistent read.
    ///
    /// # Errors
    /// [`Error`] when the table can't be read, or holds something else.
    pub async fn suppressions(&self, contact: ContactId) -> Result<Suppressions, Error> {
        let item = self.item(&key::contact(contact), SUPPRESSIONS).await?;
        item.map_or_else(|| Ok(Suppressions::default()), from_item)
    }

    /// Records that a contact refused a channel: one write, seen by every claim from then on, and one
    /// read. A younger refusal stands. If the contact gave way to another, that one refused too: it has
    /// taken the refusals in that stood here before, and this one is written there.
    ///
    /// # Errors
    /// [`Error::Unavailable`]; it may be done again.
    pub async fn refuse(
        &self,
        contact: ContactId,
        channel: Channel,
        refused_at: Timestamp,
    ) -> Result<(), Error> {
        let mut refuser = contact;
        for _ in 0..=HOPS_MAX {
            self.refuse_as(refuser, channel, refused_at).await?;
            match self.gone(refuser).await? {
                Some(gone) => refuser = gone.to,
                None => return Ok(()),
            }
        }
        Err(corrupt(&key::contact(contact), STATE, &WayTooLong))
    }

    /// Where a contact went: one strongly consistent read.
    async fn gone(&self, contact: ContactId) -> Result<Option<Gone>, Error> {
        let got = self
            .client
            .get_item()
            .table_name(&self.table)
            .consistent_read(true)
            .key("pk", text(key::contact(contact)))
            .key("sk", text(STATE))
            .projection_expression("gone")
            .send()
            .await
            .map_err(|error| unavailable("GetItem", error))?;
        let gone = got.item.and_then(|mut state| state.remove("gone"));
        let read = gone.map(serde_dynamo::from_attribute_value).transpose();
        read.map_err(|error| corrupt(&key::contact(contact), STATE, &error))
    }

    async fn refuse_as(
        &self,
        contact: ContactId,
        channel: Channel,
        refused_at: Timestamp,
    ) -> Result<(), Error> {
        let refuse = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", text(key::contact(contact)))
            .key("sk", text(REFUSALS))
            .update_expression("SET #channel = :at")
            .condition_expression("attribute_not_exists(#channel) OR #channel < :at")
            .expression_attribute_names("#channel", channel.as_str())
            .expression_attribute_values(":at", text(in_order(refused_at)));
        // Lost means that there is nothing to change.
        write(refuse).await.map(|_| ())
    }

    /// Records that nothing may go to a contact by a channel any more: one write, seen by every claim
    /// from then on. The first reason stands.
    ///
    /// # Errors
    /// [`Error::Unavailable`]; it may be done again.
    pub async fn suppress(
        &self,
        contact: ContactId,
        channel: Channel,
        why: WhySuppressed,
        since: Timestamp,
    ) -> Result<(), Error> {
        let pk = key::contact(contact);
        let suppressed = serde_dynamo::to_attribute_value(Suppressed { why, at: since });
        let suppressed = suppressed.map_err(|error| corrupt(&pk, SUPPRESSIONS, &error))?;
        self.client
            .update_item()
            .table_name(&self.table)
            .key("pk", text(pk))
            .key("sk", text(SUPPRESSIONS))
            .update_expression("SET #channel = if_not_exists(#channel, :suppressed)")
            .expression_attribute_names("#channel", channel.as_str())
            .expression_attribute_values(":suppressed", suppressed)
            .send()
            .await
            .map_err(|error| unavailable("UpdateItem", error))?;
        Ok(())
    }

    /// Contacts with a run that should have moved before `now`, the longest overdue first: one page of
    /// the index, of one of [`crate::WATCHES`]. The index follows the table within seconds.
    ///
    /// # Errors
    /// [`Error`] when the index can't be read.
    pub async fn overdue(
        &self,
        watch: &str,
        now: Timestamp,
        limit: i32,
    ) -> Result<Vec<ContactId>, Error> {
        let page = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(OVERDUE)
            .key_condition_expression("#watch = :watch AND #due <= :now")
            .expression_attribute_names("#watch", WATCH)
            .expression_attribute_names("#due", DUE)
            .expression_attribute_values(":watch", text(watch))
            .expression_attribute_values(":now", AttributeValue::N(now.as_second().to_string()))
            .limit(limit)
            .send()
            .await
            .map_err(|error| unavailable("Query", error))?;
        page.items.unwrap_or_default().iter().map(indexed).collect()
    }

    /// All contacts with a live run, in no order: the whole index, half a read unit for about a hundred
    /// of them.
    ///
    /// # Errors
    /// [`Error`] when the index can't be read.
    pub async fn inside(&self) -> Result<Vec<ContactId>, Error> {
        let mut inside = Vec::new();
        for watch in WATCHES {
            let mut pages = self
                .client
                .query()
                .table_name(&self.table)
                .index_name(OVERDUE)
                .key_condition_expression("#watch = :watch")
                .expression_attribute_names("#watch", WATCH)
                .expression_attribute_values(":watch", text(watch))
                .into_paginator()
                .send();
            while let Some(page) = pages.next().await {
                let page = page.map_err(|error| unavailable("Query", error))?;
                for item in page.items.unwrap_or_default() {
                    inside.push(indexed(&item)?);
                }
            }
        }
        Ok(inside)
    }

    /// Lets a contact's place in the index be taken by others until `later`, when nothing can be done
    /// for it as things are: one write. Its next commit says anew when it is due.
    ///
    /// # Errors
    /// [`Error::Unavailable`]; it may be done again.
    pub async fn postpone(&self, contact: ContactId, later: Timestamp) -> Result<(), Error> {
        let postpone = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", text(key::contact(contact)))
            .key("sk", text(STATE))
            .update_expression("SET #due = :later")
            .condition_expression("attribute_exists(#due)")
            .expression_attribute_names("#due", DUE)
            .expression_attribute_values(
                ":later",
                AttributeValue::N(later.as_second().to_string()),
            );
        write(postpone).await.map(|_| ())
    }

    /// Reads everything of a contact, also what came for it under other ids, for people who ask; no journey
    /// does.
    ///
    /// # Errors
    /// [`Error`] when the table can't be read, or holds something else.
    pub async fn everything(&self, contact: ContactId) -> Result<Person, Error> {
        let Found { passed, id, loaded } = self.find(contact).await?;
        let mut person = Person { loaded, ..Person::default() };
        let mut ids: BTreeSet<ContactId> = passed.iter().map(|passed| passed.id).collect();
        let known = person.loaded.contact.iter().flat_map(|contact| contact.known_as.keys());
        ids.extend(known.chain([&id]));
        for id in ids {
            for item in self.query(id, "").await? {
                match sort_key(&item) {
                    sk if sk.starts_with("M#") => person.messages.push(from_item(item)?),
                    sk if sk.starts_with("F#") => person.facts.push(from_item(item)?),
                    _ => {}
                }
            }
        }
        person.facts.sort_by_key(|fact| fact.received_at);
        person.messages.sort_by_key(|message| message.id);
        Ok(person)
    }

    /// The states of all contacts, for the console: a scan, whose cost grows with the table.
    ///
    /// # Errors
    /// [`Error`] when the table can't be read, or holds something else.
    pub async fn contacts(&self) -> Result<Vec<Contact>, Error> {
        let states: Vec<Contact> = self.scan("sk = :kind", STATE).await?;
        Ok(states.into_iter().filter(|contact| contact.gone.is_none()).collect())
    }

    /// All items of a kind.
    pub(crate) async fn scan<T: serde::de::DeserializeOwned>(
        &self,
        filter: &str,
        kind: &str,
    ) -> Result<Vec<T>, Error> {
        let mut found = Vec::new();
        let mut pages = self
            .client
            .scan()
            .table_name(&self.table)
            .filter_expression(filter)
            .expression_attribute_values(":kind", text(kind))
            .into_paginator()
            .items()
            .send();
        while let Some(item) = pages.next().await {
            found.push(from_item(item.map_err(|error| unavailable("Scan", error))?)?);
        }
        Ok(found)
    }

    /// A contact's items whose sort key begins with `prefix`, all pages.
    pub(crate) async fn query(&self, contact: ContactId, prefix: &str) -> Result<Vec<Item>, Error> {
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .expression_attribute_values(":pk", text(key::contact(contact)));
        let query = if prefix.is_empty() {
            query.key_condition_expression("pk = :pk")
        } else {
            query
                .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
                .expression_attribute_values(":prefix", text(prefix))
        };
        let mut pages = query.into_paginator().items().send();
        let mut items = Vec::new();
        while let Some(item) = pages.next().await {
            items.push(item.map_err(|error| unavailable("Query", error))?);
        }
        Ok(items)
    }
}

/// An instant whose texts are in the order of time: always with nine decimals.
fn in_order(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.9fZ").to_string()
}

fn sort_key(item: &Item) -> &str {
    item.get("sk").and_then(|sk| sk.as_s().ok()).map(String::as_str).unwrap_or_default()
}

/// Whether a put lost its condition.
fn lost(error: Option<&aws_sdk_dynamodb::operation::put_item::PutItemError>) -> bool {
    error.is_some_and(|error| error.is_conditional_check_failed_exception())
}

/// The contact of an entry of the index.
pub(crate) fn indexed(item: &Item) -> Result<ContactId, Error> {
    let pk = item.get("pk").and_then(|pk| pk.as_s().ok()).map_or("", String::as_str);
    let id = pk.strip_prefix("C#").unwrap_or_default().parse();
    id.map_err(|error| corrupt(pk, OVERDUE, &error))
}
