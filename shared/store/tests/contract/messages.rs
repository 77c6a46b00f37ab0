//! Messages: first claims and outcomes.

use masa_domain::{Medium, Message, MessageId, Skip, Status};
use masa_store::{Claim, Settle, key};

use crate::{
    Bench,
    samples::{claimed, person, run, time},
};

pub(crate) const ID: fn() -> MessageId = || MessageId { run: run("1"), generation: 1 };

/// Dana's, as this one claims it.
pub(crate) fn message(owner: &str) -> Message {
    claimed(person("dana"), ID(), owner)
}

pub(crate) fn sent() -> Status {
    Status::Sent { at: time(1), provider_id: "ses-1".to_owned() }
}

impl Bench {
    pub(crate) async fn claim(&self, owner: &str) -> Claim {
        self.store.claim(&message(owner), time(0)).await.unwrap()
    }

    pub(crate) async fn settle(&self, owner: &str, outcome: &Status) -> Settle {
        self.store.settle(person("dana"), ID(), owner, outcome).await.unwrap()
    }

    pub(crate) async fn stored(&self) -> Message {
        let mut messages = self.store.messages(person("dana"), run("1")).await.unwrap();
        assert_eq!(messages.len(), 1);
        messages.remove(0)
    }
}

pub(crate) async fn a_message_is_claimed_once(bench: Bench) {
    assert_eq!(bench.claim("me").await, Claim::Won);
    assert_eq!(bench.claim("you").await, Claim::Held(Box::new(message("me"))));
    assert_eq!(bench.stored().await, message("me"));
}

/// The answer to a claim was lost, and the SDK makes it again.
pub(crate) async fn a_claim_is_recognised_by_its_owner(bench: Bench) {
    assert_eq!(bench.claim("me").await, Claim::Won);
    assert_eq!(bench.claim("me").await, Claim::Won);
    bench.settle("me", &sent()).await;
    let settled = Message { status: sent(), ..message("me") };
    assert_eq!(bench.claim("me").await, Claim::Held(Box::new(settled)), "what is settled is over");
}

pub(crate) async fn a_settled_message_is_not_claimed_again(bench: Bench) {
    for (number, outcome) in outcomes().into_iter().enumerate() {
        let dana = person("dana");
        let id = MessageId { run: run("1"), generation: u32::try_from(number).unwrap() };
        bench.store.claim(&claimed(dana, id, "me"), time(0)).await.unwrap();
        bench.store.settle(dana, id, "me", &outcome).await.unwrap();
        let answer = bench.store.claim(&claimed(dana, id, "you"), time(0)).await.unwrap();
        let held = Message { status: outcome, ..claimed(dana, id, "me") };
        assert_eq!(answer, Claim::Held(Box::new(held)));
    }
}

/// What ends a message for good.
pub(crate) fn outcomes() -> Vec<Status> {
    let at = time(1);
    let skipped =
        [Skip::NoConsent, Skip::Refused, Skip::Suppressed, Skip::NoAddress, Skip::RunMovedOn];
    let mut outcomes: Vec<_> =
        skipped.into_iter().map(|reason| Status::Skipped { at, reason }).collect();
    outcomes.push(sent());
    outcomes.push(Status::Failed { at, reason: "הדחייה".to_owned() });
    outcomes.push(Status::Unknown { at });
    outcomes
}

pub(crate) async fn of_two_claims_one_wins(bench: Bench) {
    let (mine, yours) = (message("me"), message("you"));
    let (one, other) =
        tokio::join!(bench.store.claim(&mine, time(0)), bench.store.claim(&yours, time(0)));
    match (one.unwrap(), other.unwrap()) {
        (Claim::Won, Claim::Held(held)) => assert_eq!(*held, mine),
        (Claim::Held(held), Claim::Won) => assert_eq!(*held, yours),
        neither => panic!("exactly one wins: {neither:?}"),
    }
}

pub(crate) async fn only_the_owner_settles_and_once(bench: Bench) {
    bench.claim("me").await;
    assert_eq!(bench.settle("you", &sent()).await, Settle::Lost);
    assert_eq!(bench.stored().await, message("me"), "a stranger changes nothing");
    assert_eq!(bench.settle("me", &sent()).await, Settle::Done);
    let later = Status::Unknown { at: time(99) };
    assert_eq!(bench.settle("me", &later).await, Settle::Lost);
    assert_eq!(bench.settle("me", &sent()).await, Settle::Lost, "the same again, too");
    assert_eq!(bench.stored().await.status, sent(), "the first outcome stands");
}

pub(crate) async fn a_message_that_was_never_claimed_is_not_settled(bench: Bench) {
    assert_eq!(bench.settle("me", &sent()).await, Settle::Lost);
    assert_eq!(bench.items().await, []);
}

pub(crate) async fn messages_round_trip_in_each_state(bench: Bench) {
    let dana = person("dana");
    let (at, reason) = (time(1), "later".to_owned());
    let owner = "me".to_owned();
    let states = outcomes().into_iter().chain([
        Status::Claimed { owner, lease_until: time(90), unknowns: 1 },
        Status::Released { at, reason, unknowns: u32::MAX },
    ]);
    let mut messages = Vec::new();
    for (number, status) in states.enumerate() {
        let id = MessageId { run: run("1"), generation: u32::try_from(number).unwrap() };
        messages.push(Message {
            status,
            medium: [Medium::Email, Medium::Sms, Medium::Tell, Medium::Call][number % 4],
            version: u32::MAX,
            opened_at: Some(time(2)),
            clicked_at: Some(time(3)),
            links: [("offer".to_owned(), time(3)), ("0123456789abcdef".to_owned(), time(4))].into(),
            delivered_at: Some(time(5)),
            bounced_at: Some(time(6)),
            complained_at: Some(time(7)),
            ..claimed(dana, id, "me")
        });
    }
    for message in &messages {
        // A claim is the one way in, and it takes a message as it is.
        assert_eq!(bench.store.claim(message, time(0)).await.unwrap(), Claim::Won);
    }
    assert_eq!(bench.store.messages(dana, run("1")).await.unwrap(), messages);
    assert_eq!(bench.store.everything(dana).await.unwrap().messages, messages);
}

pub(crate) async fn a_message_is_read_by_its_id(bench: Bench) {
    bench.claim("me").await;
    let read = |contact, id| bench.store.message(contact, id);
    assert_eq!(read(person("dana"), ID()).await.unwrap(), Some(message("me")));
    let next = MessageId { generation: 2, ..ID() };
    let other = MessageId { run: run("2"), ..ID() };
    for (contact, id) in [(person("dana"), next), (person("dana"), other), (person("noa"), ID())] {
        assert_eq!(read(contact, id).await.unwrap(), None);
    }
}

pub(crate) async fn a_runs_messages_come_in_its_order(bench: Bench) {
    let (dana, noa) = (person("dana"), person("noa"));
    for generation in [10, 9, 100, 2, u32::MAX] {
        for (contact, run) in [(dana, run("1")), (dana, run("2")), (noa, run("1"))] {
            let id = MessageId { run, generation };
            bench.store.claim(&claimed(contact, id, "me"), time(0)).await.unwrap();
        }
    }
    let messages = bench.store.messages(dana, run("1")).await.unwrap();
    let seen: Vec<_> = messages
        .iter()
        .map(|message| (message.contact, message.id.run, message.id.generation))
        .collect();
    assert_eq!(seen, [2, 9, 10, 100, u32::MAX].map(|generation| (dana, run("1"), generation)));
    assert!(
        bench.sort_keys().await.contains(&key::message(MessageId { run: run("2"), generation: 9 }))
    );
}
