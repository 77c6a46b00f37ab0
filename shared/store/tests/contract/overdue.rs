//! The index of contacts with a run that should have moved.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use masa_domain::{Channel, Contact, ContactId, End, MessageId, State, WhySuppressed};
use masa_store::{Commit, WATCHES};

use crate::{
    Bench, Item,
    samples::{claimed, contact, fact, person, run, time},
};

/// Far more than these tests store.
const ALL: i32 = 1_000;

impl Bench {
    /// Everybody who is overdue, partition by partition.
    async fn overdue(&self, now: Timestamp) -> Vec<ContactId> {
        let mut overdue = Vec::new();
        for watch in WATCHES {
            overdue.extend(self.store.overdue(watch, now, ALL).await.unwrap());
        }
        overdue
    }

    /// Asserts that this one is overdue from `due` on, and nobody else ever.
    async fn overdue_from(&self, id: ContactId, due: &str) {
        let due: Timestamp = due.parse().unwrap();
        let just_before = due - SignedDuration::from_nanos(1);
        assert_eq!(self.overdue(just_before).await, [], "not before {due}");
        for now in [due, due + SignedDuration::from_hours(9_999)] {
            assert_eq!(self.overdue(now).await, [id], "from {due} on");
        }
    }

    /// Commits what was read, once more, after `change`.
    async fn change(&self, id: ContactId, change: impl FnOnce(&mut Contact)) {
        let mut contact = self.store.load(id).await.unwrap().contact.unwrap();
        change(&mut contact);
        assert_eq!(self.store.commit(&contact).await.unwrap(), Commit::Done);
    }

    /// Everything in the index.
    async fn indexed(&self) -> Vec<Item> {
        let scan = self.client.scan().table_name(&self.table).index_name("overdue");
        scan.send().await.unwrap().items.unwrap()
    }
}

/// A contact whose one run should have moved by then.
fn inside(id: ContactId, overdue_at: Timestamp) -> Contact {
    let mut contact = contact(id);
    contact.runs.retain(|id, _| *id == run("1"));
    contact.runs.values_mut().for_each(|run| run.overdue_at = overdue_at);
    contact
}

fn end(contact: &mut Contact, name: &str) {
    let state = State::Ended { end: End::Finished, at: time(1) };
    contact.runs.get_mut(&run(name)).unwrap().state = state;
}

pub(crate) async fn a_live_run_is_found_from_its_hour_on(bench: Bench) {
    let dana = person("dana");
    bench.store.commit(&inside(dana, time(0))).await.unwrap();
    bench.overdue_from(dana, "2026-03-01T09:00:00Z").await;
    bench
        .change(dana, |dana| dana.runs.values_mut().for_each(|run| run.overdue_at = time(9_000)))
        .await;
    bench.overdue_from(dana, "2026-03-01T11:00:00Z").await;
    bench.change(dana, |dana| end(dana, "1")).await;
    assert_eq!(bench.overdue(Timestamp::MAX).await, [], "its last run has ended");
    assert_eq!(bench.indexed().await, []);
}

pub(crate) async fn the_earliest_of_the_runs_counts(bench: Bench) {
    let dana = person("dana");
    let mut full = contact(dana);
    full.runs.get_mut(&run("0")).unwrap().overdue_at = time(4 * 3_600);
    full.runs.get_mut(&run("1")).unwrap().overdue_at = time(2 * 3_600);
    // When an ended run should have moved does not matter.
    full.runs.get_mut(&run("2")).unwrap().overdue_at = time(-3_600);
    bench.store.commit(&full).await.unwrap();
    bench.overdue_from(dana, "2026-03-01T11:00:00Z").await;
    bench.change(dana, |dana| end(dana, "1")).await;
    bench.overdue_from(dana, "2026-03-01T13:00:00Z").await;
    bench.change(dana, |dana| end(dana, "0")).await;
    assert_eq!(bench.overdue(Timestamp::MAX).await, []);
}

pub(crate) async fn nobody_is_found_without_a_live_run(bench: Bench) {
    bench.store.commit(&Contact::new(person("dana"), time(0))).await.unwrap();
    let mut ended = inside(person("noa"), time(0));
    end(&mut ended, "1");
    bench.store.commit(&ended).await.unwrap();
    assert_eq!(bench.overdue(Timestamp::MAX).await, []);
    bench.change(person("dana"), |dana| dana.runs = inside(dana.id, time(0)).runs).await;
    bench.overdue_from(person("dana"), "2026-03-01T09:00:00Z").await;
}

pub(crate) async fn a_lost_commit_changes_no_time(bench: Bench) {
    let dana = person("dana");
    let first = inside(dana, time(0));
    bench.store.commit(&first).await.unwrap();
    for late in [inside(dana, time(-9_000)), inside(dana, time(9_000)), Contact::new(dana, time(0))]
    {
        assert_eq!(bench.store.commit(&late).await.unwrap(), Commit::Conflict);
    }
    bench.overdue_from(dana, "2026-03-01T09:00:00Z").await;
}

/// Whatever else is stored of a contact, one entry is all that the index has, and only keys.
pub(crate) async fn only_states_are_in_the_index(bench: Bench) {
    let dana = person("dana");
    let message = MessageId { run: run("1"), generation: 7 };
    bench.store.record(&fact(dana, "1")).await.unwrap();
    bench.store.refuse(dana, Channel::Email, time(0)).await.unwrap();
    bench.store.suppress(dana, Channel::Email, WhySuppressed::Bounce, time(0)).await.unwrap();
    bench.store.claim(&claimed(dana, message, "me"), time(0)).await.unwrap();
    bench.store.opened(dana, message, "request", time(0)).await.unwrap();
    assert_eq!(bench.indexed().await, [], "none of these is looked after");
    bench.store.commit(&inside(dana, time(0))).await.unwrap();
    let indexed = bench.indexed().await;
    assert_eq!(indexed.len(), 1, "{indexed:?}");
    let mut names: Vec<_> = indexed[0].keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["due", "pk", "sk", "watch"]);
    assert_eq!(crate::key(&indexed[0], "sk"), "@");
    bench.overdue_from(dana, "2026-03-01T09:00:00Z").await;
}

pub(crate) async fn who_is_longest_overdue_comes_first(bench: Bench) {
    let now = time(24 * 3_600);
    let mut expected = BTreeMap::new();
    for number in 0..48_i64 {
        let id = person(&number.to_string());
        // In some other order than they are stored, each in an hour of its own; some are not due.
        let hour = number * 29 % 48;
        bench.store.commit(&inside(id, time(hour * 3_600))).await.unwrap();
        if hour < 24 {
            expected.insert(hour, id);
        }
    }
    let mut found = Vec::new();
    for watch in WATCHES {
        let all = bench.store.overdue(watch, now, ALL).await.unwrap();
        assert!(!all.is_empty(), "contacts are spread over all partitions");
        let ordered = expected.values().copied().filter(|id| all.contains(id));
        assert_eq!(all, ordered.collect::<Vec<_>>(), "the longest overdue first");
        let some = bench.store.overdue(watch, now, 2).await.unwrap();
        assert_eq!(some, all.iter().copied().take(2).collect::<Vec<_>>(), "and no more than asked");
        found.extend(all);
    }
    found.sort();
    let mut everybody: Vec<_> = expected.into_values().collect();
    everybody.sort();
    assert_eq!(found, everybody, "each is in one partition");
}
