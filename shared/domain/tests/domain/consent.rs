//! Consent: who may be sent advertising, told in any order.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use masa_domain::{
    Answer, Channel, Consent, ConsentGiven, Contact, ContactDetails, Happening, Refusals, Stimulus,
};

use crate::world::{DAWN, World};

fn at(second: i64) -> Timestamp {
    DAWN + SignedDuration::from_secs(second)
}

/// The contact after a signup each: what was said of e-mail, when, and when it was let in.
fn told(said: &[(Option<bool>, Option<i64>, i64)]) -> Contact {
    let mut world = World::new([]);
    for (email, when, received) in said {
        world.now = at(*received);
        let (text, ip) = (Some(format!("words of {received}")), Some("192.0.2.1".to_owned()));
        let consent = ConsentGiven { email: *email, sms: None, text, ip, at: when.map(at) };
        let details = ContactDetails { consent: Some(consent), ..ContactDetails::default() };
        let fact = world.fact(Happening::Signup { form: None }, details);
        world.act(&Stimulus::Fact(Box::new(fact)));
    }
    world.contact
}

/// Goal: the last word counts by when it was said, not by when it arrived; an absent answer keeps
/// what was said, an explicit `false` refuses.
#[test]
fn the_last_word_of_a_contact_counts() {
    use Answer::{Granted, Refused};
    let (yes, no) = (Some(true), Some(false));
    for (said, expected, why) in [
        (&[][..], None, "nothing was said"),
        (&[(None, None, 0)], None, "a channel that is not mentioned is not agreed to"),
        (&[(yes, None, 0)], Some((Granted, 0)), "a yes counts from when it was let in"),
        (&[(yes, Some(-9), 0)], Some((Granted, -9)), "or from when it was said"),
        (&[(yes, Some(9), 0)], Some((Granted, 0)), "but never from the future"),
        (&[(yes, None, 0), (no, None, 5)], Some((Refused, 5)), "an explicit no refuses"),
        (&[(yes, None, 0), (None, None, 5)], Some((Granted, 0)), "an absent answer keeps a yes"),
        (&[(no, None, 0), (None, None, 5)], Some((Refused, 0)), "an absent answer keeps a no"),
        (&[(no, None, 0), (yes, None, 5)], Some((Granted, 5)), "a yes after a no agrees again"),
        (&[(no, None, 5), (yes, Some(2), 9)], Some((Refused, 5)), "a yes before a no is over"),
        (&[(yes, None, 5), (no, Some(2), 9)], Some((Granted, 5)), "a no before a yes is over"),
        (&[(yes, None, 5), (no, None, 5)], Some((Refused, 5)), "a no at the same instant wins"),
        (&[(no, None, 5), (yes, None, 5)], Some((Refused, 5)), "in whichever order it arrives"),
    ] {
        let contact = told(said);
        let consent = contact.consent.get(&Channel::Email);
        let found = consent.map(|consent| (consent.answer, consent.at));
        let expected = expected.map(|(answer, second)| (answer, at(second)));
        assert_eq!(found, expected, "{why}: {said:?}");
        assert_eq!(contact.consent.get(&Channel::Sms), None, "nobody spoke of SMS");
    }
}

/// Goal: an event's repeated yes is as old as the first that was heard of the person, however late
/// that was worked off, and does not lift the no before it.
#[test]
fn a_repeated_yes_is_as_old_as_the_first_that_was_heard() {
    let mut world = World::new([]);
    let said = |email| ContactDetails {
        consent: Some(ConsentGiven { email: Some(email), ..ConsentGiven::default() }),
        ..ContactDetails::default()
    };
    let no = world.fact(Happening::Signup { form: None }, said(false));
    world.now = at(1);
    let what = Happening::Event { name: "visit".to_owned(), data: serde_json::Value::Null };
    let yes = world.fact(what, said(true));
    world.now = at(3_600);
    world.contact = Contact::new(world.contact.id, world.now);
    for fact in [no, yes] {
        world.act(&Stimulus::Fact(Box::new(fact)));
    }
    let consent = world.contact.consent.get(&Channel::Email).unwrap();
    assert_eq!((consent.answer, consent.at), (Answer::Refused, at(0)));
}

/// Goal: the evidence is that of the word that counts.
#[test]
fn the_evidence_belongs_to_the_word_that_counts() {
    let contact = told(&[(Some(true), None, 5), (Some(false), Some(2), 9)]);
    let consent = &contact.consent[&Channel::Email];
    assert_eq!(consent.text.as_deref(), Some("words of 5"), "the words that were agreed to");
    assert_eq!(consent.ip.as_deref(), Some("192.0.2.1"), "the address that they came from");
}

/// Goal: advertising needs a consent younger than any refusal of that channel; at the same instant
/// the refusal wins, and a refusal of one channel says nothing of the other.
#[test]
fn refusals_and_consent_decide_by_the_younger_word() {
    use Answer::{Granted, Refused};
    let refused_at = |channel, second| BTreeMap::from([(channel, at(second))]);
    for (consent, refusals, allowed, why) in [
        (None, BTreeMap::new(), false, "no consent"),
        (Some(Granted), BTreeMap::new(), true, "consent, never refused"),
        (Some(Refused), BTreeMap::new(), false, "an explicit no"),
        (Some(Granted), refused_at(Channel::Email, 4), true, "granted after the refusal"),
        (Some(Granted), refused_at(Channel::Email, 5), false, "refused at the same instant"),
        (Some(Granted), refused_at(Channel::Email, 6), false, "consent older than the refusal"),
        (Some(Granted), refused_at(Channel::Sms, 6), true, "the other channel was refused"),
        (Some(Refused), refused_at(Channel::Email, 4), false, "a no after a refusal"),
        (None, refused_at(Channel::Email, 4), false, "a refusal without any consent"),
    ] {
        let mut contact = told(&[]);
        if let Some(answer) = consent {
            let consent = Consent { answer, at: at(5), text: None, ip: None };
            contact.consent.insert(Channel::Email, consent);
        }
        let allows = Refusals(refusals).allow(&contact, Channel::Email);
        assert_eq!(allows, allowed, "{why}");
        assert!(
            !Refusals::default().allow(&contact, Channel::Sms),
            "a consent to e-mail is none to SMS"
        );
    }
}

/// Goal: K2, K3: what is repeated by an event or a file without a time of its own counts as old only as a
/// yes; a no counts from when it was let in.
#[test]
fn a_repeated_yes_is_old_and_a_no_is_not() {
    let repeat = Happening::Event { name: "visit".to_owned(), data: serde_json::Value::Null };
    for what in [repeat, Happening::Imported { enters: false }] {
        for (before, repeated, expected) in [
            (true, false, Answer::Refused),
            (false, true, Answer::Refused),
            (true, true, Answer::Granted),
        ] {
            let mut world = World::new([]);
            world.tell(Happening::Signup { form: None });
            for (second, email) in [(5, before), (9, repeated)] {
                world.now = at(second);
                let consent = ConsentGiven { email: Some(email), ..ConsentGiven::default() };
                let details =
                    ContactDetails { consent: Some(consent), ..ContactDetails::default() };
                let signup = Happening::Signup { form: None };
                let fact = world.fact(if second == 5 { signup } else { what.clone() }, details);
                world.act(&Stimulus::Fact(Box::new(fact)));
            }
            let found = &world.contact.consent[&Channel::Email];
            assert_eq!(found.answer, expected, "{what:?} {repeated} after {before}");
            let second = if repeated { 5 } else { 9 };
            assert_eq!(found.at, at(second), "{what:?} {repeated} after {before}");
        }
    }
}
