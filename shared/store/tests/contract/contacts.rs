//! Facts, states, refusals and suppressions.

use jiff::SignedDuration;
use masa_domain::{
    Channel, Contact, Fact, FactId, MessageId, Refusals, Suppressed, Suppressions, WhySuppressed,
};
use masa_store::{Commit, Loaded, Person, Recorded, Store, key};
use serde_json::json;

use crate::{
    Bench,
    samples::{claimed, contact, details, fact, happenings, person, run, time},
};

async fn state(store: &Store, name: &str) -> Contact {
    store.load(person(name)).await.unwrap().contact.unwrap()
}

pub(crate) async fn a_fact_is_recorded_once(bench: Bench) {
    let first = fact(person("dana"), "1");
    assert_eq!(bench.store.record(&first).await.unwrap(), Recorded::New);
    let again = Fact { received_at: time(100), details: details(), ..first.clone() };
    assert_eq!(bench.store.record(&again).await.unwrap(), Recorded::Duplicate);
    let person = bench.store.everything(person("dana")).await.unwrap();
    assert_eq!(person.facts, [first], "what came first stays");
}

pub(crate) async fn the_same_id_of_another_contact_is_another_fact(bench: Bench) {
    for name in ["dana", "noa"] {
        let recorded = bench.store.record(&fact(person(name), "1")).await.unwrap();
        assert_eq!(recorded, Recorded::New, "{name}");
    }
    assert_eq!(bench.items().await.len(), 2);
}

pub(crate) async fn a_fact_is_read_by_its_id(bench: Bench) {
    let (dana, noa) = (person("dana"), person("noa"));
    let told = Fact { details: details(), ..fact(dana, "1") };
    for fact in [&told, &fact(dana, "2"), &fact(noa, "3")] {
        bench.store.record(fact).await.unwrap();
    }
    assert_eq!(bench.store.fact(dana, told.id).await.unwrap(), Some(told));
    let others = FactId::new("test", "3");
    assert_eq!(bench.store.fact(dana, others).await.unwrap(), None, "it is another's");
}

pub(crate) async fn facts_of_each_kind_round_trip(bench: Bench) {
    let dana = person("dana");
    let mut facts = Vec::new();
    for (number, what) in happenings().into_iter().enumerate() {
        let details = if number % 2 == 0 { details() } else { Default::default() };
        let received_at = time(i64::try_from(number).unwrap());
        facts.push(Fact { what, details, received_at, ..fact(dana, &number.to_string()) });
    }
    for fact in &facts {
        bench.store.record(fact).await.unwrap();
    }
    assert_eq!(bench.store.everything(dana).await.unwrap().facts, facts, "in the order of receipt");
}

pub(crate) async fn nothing_is_loaded_of_a_stranger(bench: Bench) {
    bench.store.commit(&contact(person("dana"))).await.unwrap();
    assert_eq!(bench.store.load(person("noa")).await.unwrap(), Loaded::default());
    assert_eq!(bench.store.everything(person("noa")).await.unwrap(), Person::default());
    assert_eq!(bench.store.messages(person("noa"), run("1")).await.unwrap(), []);
    assert_eq!(bench.store.refusals(person("noa")).await.unwrap(), Refusals::default());
}

pub(crate) async fn refusals_are_loaded_without_a_state(bench: Bench) {
    let dana = person("dana");
    bench.store.refuse(dana, Channel::Sms, time(1)).await.unwrap();
    let loaded = bench.store.load(dana).await.unwrap();
    assert_eq!(loaded.contact, None);
    assert_eq!(loaded.refusals.0, [(Channel::Sms, time(1))].into());
    assert_eq!(bench.sort_keys().await, ["@C"]);
}

pub(crate) async fn a_later_refusal_counts(bench: Bench) {
    let dana = person("dana");
    let (email, sms) = (Channel::Email, Channel::Sms);
    for (channel, seconds) in [(email, 1), (sms, 2), (email, 3), (email, 2), (sms, 1), (email, 3)] {
        bench.store.refuse(dana, channel, time(seconds)).await.unwrap();
    }
    let refusals = bench.store.load(dana).await.unwrap().refusals;
    assert_eq!(refusals.0, [(email, time(3)), (sms, time(2))].into());
    let later = time(3) + SignedDuration::from_nanos(1);
    for at in [later, time(3)] {
        bench.store.refuse(dana, email, at).await.unwrap();
    }
    let refusals = bench.store.load(dana).await.unwrap().refusals;
    assert_eq!(refusals.0.get(&email), Some(&later), "to the nanosecond");
}

pub(crate) async fn the_first_reason_of_a_suppression_stands(bench: Bench) {
    let dana = person("dana");
    for (channel, why, seconds) in [
        (Channel::Email, WhySuppressed::Bounce, 2),
        (Channel::Sms, WhySuppressed::Complaint, 3),
        (Channel::Email, WhySuppressed::Complaint, 1),
        (Channel::Email, WhySuppressed::Bounce, 4),
    ] {
        bench.store.suppress(dana, channel, why, time(seconds)).await.unwrap();
    }
    let loaded = bench.store.load(dana).await.unwrap();
    let bounced = Suppressed { why: WhySuppressed::Bounce, at: time(2) };
    let complained = Suppressed { why: WhySuppressed::Complaint, at: time(3) };
    let suppressions = Suppressions([(Channel::Email, bounced), (Channel::Sms, complained)].into());
    assert_eq!(loaded, Loaded { suppressions, ..Loaded::default() }, "no refusal, no state");
    assert_eq!(bench.sort_keys().await, ["@S"]);
    assert_eq!(bench.store.load(person("noa")).await.unwrap(), Loaded::default());
}

pub(crate) async fn a_state_is_committed_beside_facts_and_refusals(bench: Bench) {
    let dana = person("dana");
    bench.store.record(&fact(dana, "1")).await.unwrap();
    bench.store.refuse(dana, Channel::Email, time(1)).await.unwrap();
    bench.store.suppress(dana, Channel::Sms, WhySuppressed::Bounce, time(2)).await.unwrap();
    let message = claimed(dana, MessageId { run: run("1"), generation: 1 }, "me");
    bench.store.claim(&message, time(0)).await.unwrap();
    assert_eq!(bench.store.commit(&contact(dana)).await.unwrap(), Commit::Done);

    let everything = bench.store.everything(dana).await.unwrap();
    let committed = Contact { version: 1, ..contact(dana) };
    assert_eq!(everything.loaded.contact, Some(committed), "the first commit makes version 1");
    assert_eq!(everything.loaded.refusals.0, [(Channel::Email, time(1))].into());
    assert_eq!(bench.store.refusals(dana).await.unwrap(), everything.loaded.refusals);
    let suppressed = Suppressed { why: WhySuppressed::Bounce, at: time(2) };
    assert_eq!(everything.loaded.suppressions.0, [(Channel::Sms, suppressed)].into());
    assert_eq!(everything.loaded, bench.store.load(dana).await.unwrap());
    assert_eq!(everything.facts, [fact(dana, "1")]);
    assert_eq!(everything.messages, [message]);
}

pub(crate) async fn a_stale_state_conflicts(bench: Bench) {
    let first = contact(person("dana"));
    assert_eq!(bench.store.commit(&first).await.unwrap(), Commit::Done);
    assert_eq!(bench.store.commit(&first).await.unwrap(), Commit::Conflict, "it is there already");

    let read = state(&bench.store, "dana").await;
    let mut next = read.clone();
    next.fields.insert("winner".to_owned(), json!("first"));
    assert_eq!(bench.store.commit(&next).await.unwrap(), Commit::Done);
    next.fields.insert("winner".to_owned(), json!("second"));
    assert_eq!(
        bench.store.commit(&next).await.unwrap(),
        Commit::Conflict,
        "decided upon version 1"
    );

    let stored = state(&bench.store, "dana").await;
    assert_eq!((stored.version, &stored.fields["winner"]), (2, &json!("first")));
    assert_eq!(bench.store.commit(&stored).await.unwrap(), Commit::Done, "upon version 2 it may");
}

pub(crate) async fn a_state_that_is_gone_is_not_made_again(bench: Bench) {
    let erased = Contact { version: 3, ..contact(person("dana")) };
    assert_eq!(bench.store.commit(&erased).await.unwrap(), Commit::Conflict);
    assert_eq!(bench.items().await, []);
}

pub(crate) async fn of_two_commits_one_wins(bench: Bench) {
    let mut read = contact(person("dana"));
    for version in 0..5 {
        assert_eq!(read.version, version);
        let mut rival = read.clone();
        rival.fields.insert("rival".to_owned(), json!(version));
        let (one, other) = tokio::join!(bench.store.commit(&read), bench.store.commit(&rival));
        let mut answers = [one.unwrap(), other.unwrap()];
        let first = answers[0];
        answers.sort_by_key(|answer| *answer == Commit::Conflict);
        assert_eq!(answers, [Commit::Done, Commit::Conflict], "exactly one");
        let winner = if first == Commit::Done { &read } else { &rival };
        let expected = Contact { version: version + 1, ..winner.clone() };
        read = state(&bench.store, "dana").await;
        assert_eq!(read, expected, "what was told done is what stands");
    }
}

pub(crate) async fn a_full_state_round_trips(bench: Bench) {
    let full = contact(person("dana"));
    let bare = Contact::new(person("noa"), time(0));
    for contact in [full, bare] {
        bench.store.commit(&contact).await.unwrap();
        let loaded = bench.store.load(contact.id).await.unwrap().contact;
        assert_eq!(loaded, Some(Contact { version: 1, ..contact }));
    }
}

/// DynamoDB keeps numbers and not how they were written: a whole number reads back as one.
pub(crate) async fn numbers_keep_their_values(bench: Bench) {
    let mut contact = Contact::new(person("dana"), time(0));
    for (name, sent) in [("five", 5.0), ("large", 1e20), ("negative", -3.0), ("zero", -0.0)] {
        contact.fields.insert(name.to_owned(), json!(sent));
    }
    bench.store.commit(&contact).await.unwrap();
    let stored = state(&bench.store, "dana").await;
    for (name, sent) in &contact.fields {
        assert_eq!(stored.fields[name].as_f64(), sent.as_f64(), "{name}");
    }
    assert_eq!(stored.fields["five"], json!(5));
}

/// Five facts of 300 KB: a page of a query holds one MB.
pub(crate) async fn everything_is_read_over_all_pages(bench: Bench) {
    let dana = person("dana");
    for number in 0..5 {
        let mut large = fact(dana, &number.to_string());
        large.received_at = time(number);
        large.details.fields.insert("large".to_owned(), json!("א".repeat(150_000)));
        assert_eq!(bench.store.record(&large).await.unwrap(), Recorded::New);
    }
    let facts = bench.store.everything(dana).await.unwrap().facts;
    let order: Vec<_> = facts.iter().map(|fact| fact.received_at).collect();
    assert_eq!(order, [time(0), time(1), time(2), time(3), time(4)]);
}

pub(crate) async fn contacts_are_listed(bench: Bench) {
    for name in ["dana", "noa"] {
        bench.store.record(&fact(person(name), "1")).await.unwrap();
        bench.store.refuse(person(name), Channel::Email, time(0)).await.unwrap();
        let bounce = WhySuppressed::Bounce;
        bench.store.suppress(person(name), Channel::Email, bounce, time(0)).await.unwrap();
        bench.store.commit(&Contact::new(person(name), time(0))).await.unwrap();
        // What its key says is its contact's, whatever else begins alike.
        assert!(key::contact(person(name)).starts_with("C#"));
    }
    let mut ids: Vec<_> =
        bench.store.contacts().await.unwrap().iter().map(|contact| contact.id).collect();
    ids.sort();
    let mut expected = [person("dana"), person("noa")];
    expected.sort();
    assert_eq!(ids, expected, "states only");
}
