//! Facts by when they came in, and what keys say.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};
use masa_domain::{Fact, MessageId};
use masa_store::{Arrival, key};

use crate::{
    Bench,
    samples::{claimed, contact, fact, person, run},
};

/// Instants with and without a fraction of a second: as texts they have another order.
pub(crate) async fn facts_are_found_by_when_they_came_in(bench: Bench) {
    let first: Timestamp = "2026-03-01T08:00:00Z".parse().unwrap();
    let last: Timestamp = "2026-03-01T08:10:00.5Z".parse().unwrap();
    let millis = SignedDuration::from_millis;
    let mut expected = Vec::new();
    for (number, at, inside) in [
        (0, first - millis(1), false),
        (1, first, true),
        (2, first + millis(250), true),
        (3, last - millis(500), true),
        (4, last, true),
        (5, last + millis(1), false),
        (6, last + millis(86_400_000), false),
    ] {
        let dana = person(&number.to_string());
        let fact = Fact { received_at: at, ..fact(dana, "1") };
        bench.store.record(&fact).await.unwrap();
        if inside {
            expected.push(Arrival { contact: dana, fact: fact.id, received_at: at });
        }
    }
    let mut broken = bench.items().await.remove(0);
    broken.insert("sk".to_owned(), AttributeValue::S("F#what".to_owned()));
    broken.insert("received_at".to_owned(), AttributeValue::S(first.to_string()));
    bench.put(broken).await;
    bench.store.commit(&contact(person("1"))).await.unwrap();
    let message = claimed(person("1"), MessageId { run: run("1"), generation: 7 }, "me");
    bench.store.claim(&message, first).await.unwrap();
    let mut found = bench.store.arrivals(first, last).await.unwrap();
    found.sort_by_key(|arrival| arrival.received_at);
    assert_eq!(found, expected);
}

pub(crate) async fn keys_say_what_they_are_of(bench: Bench) {
    let dana = person("dana");
    let fact = fact(dana, "1");
    let message = MessageId { run: run("1"), generation: 7 };
    bench.store.record(&fact).await.unwrap();
    bench.store.claim(&claimed(dana, message, "me"), fact.received_at).await.unwrap();
    let items = bench.items().await;
    let parts = |item| (crate::key(item, "pk"), crate::key(item, "sk"));
    let [(pk, of_fact), (_, of_message)] = [parts(&items[0]), parts(&items[1])];
    assert_eq!(key::contact_of(&pk), Some(dana));
    assert_eq!((key::fact_of(&of_fact), key::message_of(&of_fact)), (Some(fact.id), None));
    assert_eq!((key::fact_of(&of_message), key::message_of(&of_message)), (None, Some(message)));
    for text in ["", "@", "C#", "F#", "M#", "C#x", "F#x", "M#x", "M#x#1", &of_message[..29]] {
        assert_eq!(key::contact_of(text), None, "{text}");
        assert_eq!((key::fact_of(text), key::message_of(text)), (None, None), "{text}");
    }
}
