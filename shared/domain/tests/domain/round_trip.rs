//! What is stored is read back as it was.

use jiff::SignedDuration;
use masa_domain::{
    Also, ConsentGiven, Contact, ContactDetails, Fact, Flow, Message, Status, Stimulus,
};
use proptest::prelude::*;
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    generate::history,
    journeys::flows,
    world::{DAWN, World, contact_id, event, message},
};

fn again<T: Serialize + DeserializeOwned>(value: &T) -> T {
    serde_json::from_str(&serde_json::to_string(value).unwrap()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Goal: flows, facts, contacts and messages come back from JSON as they were.
    #[test]
    fn everything_stored_is_read_back_as_it_was(flows in flows(true), ops in history()) {
        let world = World::after(flows, &ops);
        for flow in world.flows.values() {
            prop_assert_eq!(&again::<Flow>(flow), &**flow, "a flow comes back");
        }
        prop_assert_eq!(&again(&*world.catalogue), &*world.catalogue, "the catalogue comes back");
        for moved in &world.log {
            if let Stimulus::Fact(fact) = &moved.stimulus {
                prop_assert_eq!(&again::<Fact>(fact), &**fact, "a fact comes back");
            }
            prop_assert_eq!(&again::<Contact>(&moved.after), &moved.after, "a contact comes back");
        }
        for message in world.messages.values() {
            prop_assert_eq!(&again::<Message>(message), message, "a message comes back");
        }
    }
}

/// Goal: every fate of a message comes back, with the claim's owner and lease.
#[test]
fn every_fate_of_a_message_is_read_back() {
    let (at, reason) = (DAWN, "mailbox full".to_owned());
    let lease_until = at + SignedDuration::from_mins(2);
    for status in [
        Status::Claimed { owner: "invocation".to_owned(), lease_until, unknowns: 1 },
        Status::Released { at, reason: reason.clone(), unknowns: 1 },
        Status::Sent { at, provider_id: "0100".to_owned() },
        Status::Skipped { at, reason: masa_domain::Skip::RunMovedOn },
        Status::Failed { at, reason },
        Status::Unknown { at },
    ] {
        let run = masa_domain::RunId(masa_domain::Id::derive(&["run"]));
        let message = message(masa_domain::MessageId { run, generation: 7 }, status);
        assert_eq!(again(&message), message, "{:?} comes back", message.status);
    }
}

/// Goal: a fact with all that a sender can tell comes back, and so does the contact that it makes.
#[test]
fn a_full_fact_and_its_contact_are_read_back() {
    let text = |text: &str| Some(text.to_owned());
    let details = ContactDetails {
        email: text("dana@shop.example"),
        phone: text("+972505550123"),
        first_name: text("דנה"),
        last_name: text("Levi"),
        language: text("he"),
        timezone: text("Asia/Jerusalem"),
        country: text("IL"),
        lists: vec!["newsletter".to_owned()],
        fields: [("tea".to_owned(), serde_json::json!({ "kinds": ["green", 1.5, null] }))].into(),
        also: vec![Also::Phone(contact_id()), Also::Account(contact_id())],
        consent: Some(ConsentGiven {
            email: Some(true),
            sms: Some(false),
            text: text("כן, שלחו לי"),
            ip: text("192.0.2.1"),
            at: Some(DAWN),
        }),
    };
    let mut world = World::new([]);
    let fact = world.fact(event("course.done"), details);
    assert_eq!(again(&fact), fact, "the fact comes back");
    world.act(&Stimulus::Fact(Box::new(fact)));
    assert_eq!(again(&world.contact), world.contact, "the contact comes back");
    assert_eq!(world.contact.id, contact_id(), "the contact is the fact's");
    assert_eq!(world.contact.field("language"), Some("he".into()), "the profile was taken over");
}
