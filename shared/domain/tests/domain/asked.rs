//! Conditions about times and about what came before: each with its bounds.

use jiff::SignedDuration;
use masa_domain::{
    Again, Channel, Condition, ConsentGiven, ContactDetails, FieldTest, Flow, Happening, Hours,
    MailStatus, Since, Span, Weekday,
};
use serde_json::{Value, json};

use crate::{
    conditions::{answer, asking, holds, on},
    world::{email, event, line, wait},
};

/// Whether `when` holds at this moment for who lives two hours east of UTC and has this field `day`.
fn holds_at(now: &str, day: Value, when: Condition) -> bool {
    let mut world = asking(&on("ask"), &[], when);
    world.now = now.parse().unwrap();
    world.contact.profile.timezone = Some("Asia/Jerusalem".to_owned());
    world.contact.fields.insert("day".to_owned(), day);
    world.tell(event("ask"));
    answer(&world)
}

/// Goal: C4, the time of day where the contact lives, from the first minute up to the one after the
/// last; over midnight too; hours without length are none.
#[test]
fn c4_the_hour() {
    let time = |text: &str| text.parse().unwrap();
    for (from, until, now, expected) in [
        ("09:00", "20:00", "06:59:59", false),
        ("09:00", "20:00", "07:00:00", true),
        ("09:00", "20:00", "17:59:59", true),
        ("09:00", "20:00", "18:00:00", false),
        ("09:00", "20:00", "23:00:00", false),
        ("08:45", "09:15", "06:44:59", false),
        ("08:45", "09:15", "06:45:00", true),
        ("08:45", "09:15", "07:15:00", false),
        ("22:00", "06:00", "19:59:59", false),
        ("22:00", "06:00", "20:00:00", true),
        ("22:00", "06:00", "21:30:00", true),
        ("22:00", "06:00", "22:00:00", true),
        ("22:00", "06:00", "03:59:59", true),
        ("22:00", "06:00", "04:00:00", false),
        ("22:00", "06:00", "10:00:00", false),
        ("09:00", "09:00", "07:00:00", false),
        ("09:00", "09:00", "10:00:00", false),
    ] {
        let when = Condition::Hour(Hours { from: time(from), until: time(until) });
        let holds = holds_at(&format!("2026-03-02T{now}Z"), Value::Null, when);
        assert_eq!(holds, expected, "{from} to {until} at {now} UTC");
    }
}

/// Goal: C4, the day of the week where the contact lives.
#[test]
fn c4_the_weekday() {
    for (days, expected) in
        [(vec![Weekday::Sun], true), (vec![Weekday::Sat, Weekday::Mon], false), (vec![], false)]
    {
        let asked = format!("{days:?}");
        // Still Saturday in UTC.
        let holds = holds_at("2026-02-28T22:30:00Z", Value::Null, Condition::Weekday(days));
        assert_eq!(holds, expected, "{asked}");
    }
}

/// Goal: C4, whole days from today, where the contact lives, to a date; what is no date answers no.
#[test]
fn c4_days_to_a_date() {
    use FieldTest::{Is, Over, Under};
    for (day, test, expected) in [
        (json!("2026-03-12"), Is(json!(10)), true),
        (json!("2026-03-12"), Under(10.into()), false),
        (json!("2026-03-12"), Under(11.into()), true),
        (json!("2026-03-02"), Is(json!(0)), true),
        // Late in the evening in UTC, and the next day where the contact lives.
        (json!("2026-03-11T23:00:00Z"), Is(json!(10)), true),
        (json!("2026-02-28"), Is(json!(-2)), true),
        (json!("soon"), Under(1_000.into()), false),
        (json!("soon"), Over((-1_000).into()), false),
        (Value::Null, Over((-1_000).into()), false),
    ] {
        let asked = format!("{test:?} to {day}");
        let when = Condition::DaysTo { field: "day".to_owned(), test };
        assert_eq!(holds_at("2026-03-01T22:30:00Z", day, when), expected, "{asked}");
    }
}

/// Goal: C5, consent is what was said to this channel.
#[test]
fn c5_consent() {
    for (email, sms, channel, expected) in [
        (Some(true), None, Channel::Email, true),
        (Some(true), None, Channel::Sms, false),
        (Some(false), Some(true), Channel::Email, false),
        (Some(false), Some(true), Channel::Sms, true),
        (None, None, Channel::Email, false),
    ] {
        let consent = Some(ConsentGiven { email, sms, ..ConsentGiven::default() });
        let details = ContactDetails { consent, ..ContactDetails::default() };
        assert_eq!(
            holds(details, Condition::Consent(channel)),
            expected,
            "{channel:?} after e-mail {email:?} and text {sms:?}"
        );
    }
}

/// Whether `when` holds two hours after entering, for who did this an hour before entering, and again
/// so many seconds after it.
fn after_two(what: &Happening, second: i64, when: Condition) -> bool {
    let mut world = asking(&on("ask"), &[("rest", wait("2h"))], when);
    world.tell(what.clone());
    world.pass(3_600);
    world.tell(event("ask"));
    world.now += SignedDuration::from_secs(second);
    world.tell(what.clone());
    world.wake();
    answer(&world)
}

/// Goal: C2, and an event: whether it came, how often, and since when, to the second.
#[test]
fn c2_a_form_and_an_event_since_when() {
    let visit = |since, times| Condition::Event { name: "visit".to_owned(), since, times };
    let form = |name: &str, since| Condition::Form { name: name.to_owned(), since };
    let within = |seconds| Since::Within(Span::seconds(seconds));
    let filled = Happening::Signup { form: Some("spring".to_owned()) };
    let at_once = 0;
    for (what, second, when, expected) in [
        (event("visit"), at_once, visit(Since::Ever, 1), true),
        (event("visit"), at_once, visit(Since::Ever, 2), true),
        (event("visit"), at_once, visit(Since::Ever, 3), false),
        (event("call"), at_once, visit(Since::Ever, 1), false),
        (event("visit"), at_once, visit(within(7_200), 1), true),
        (event("visit"), at_once, visit(within(7_199), 1), false),
        (event("visit"), 60, visit(Since::Entry, 1), true),
        (event("visit"), at_once, visit(Since::Entry, 1), true),
        (event("visit"), -1, visit(Since::Entry, 1), false),
        (event("visit"), 60, visit(Since::Entry, 3), false),
        (filled.clone(), at_once, form("spring", Since::Ever), true),
        (filled.clone(), at_once, form("autumn", Since::Ever), false),
        (filled.clone(), 60, form("spring", Since::Entry), true),
        (filled.clone(), -1, form("spring", Since::Entry), false),
        (filled.clone(), at_once, form("spring", within(7_200)), true),
        (filled, at_once, form("spring", within(7_199)), false),
    ] {
        let asked = format!("{when:?} after {what:?}, the second {second} s after entering");
        assert_eq!(after_two(&what, second, when), expected, "{asked}");
    }
}

/// Goal: C1, of another journey, what became of the mail of its last run; one that was never entered
/// sent nothing.
#[test]
fn c1_a_mail_of_another_journey() {
    for (read, flow, was, expected) in [
        (1, "letters", MailStatus::Opened, true),
        (0, "letters", MailStatus::Opened, false),
        (0, "letters", MailStatus::Sent, true),
        (1, "others", MailStatus::Sent, false),
    ] {
        let (step, flow) = ("letter".to_owned(), Some(flow.to_owned()));
        let when = Condition::Email { step, was, link: None, flow };
        let asked = format!("{when:?} when mail {read} was read");
        let mut world = asking(&on("ask"), &[("letter", email("own"))], when);
        let letters = line("letters", &on("write"), &[("letter", email("letter"))]);
        world.publish(Flow { again: Again::Always, ..letters });
        let mut sent = Vec::new();
        for _ in 0..2 {
            world.pass(60);
            world.tell(event("write"));
            sent.push(world.send());
        }
        world.messages.get_mut(&sent[read]).unwrap().opened_at = Some(world.now);
        world.tell(event("ask"));
        world.send();
        assert_eq!(answer(&world), expected, "{asked}");
    }
}

/// Goal: C1, a mail that was taken by the recipient's server, or came back.
#[test]
fn c1_delivered_and_bounced() {
    use MailStatus::{Bounced, Delivered};
    for (word, was, expected) in [
        (None, Delivered, false),
        (None, Bounced, false),
        (Some(Delivered), Delivered, true),
        (Some(Delivered), Bounced, false),
        (Some(Bounced), Delivered, false),
        (Some(Bounced), Bounced, true),
    ] {
        let when = Condition::Email { step: "hello".to_owned(), was, link: None, flow: None };
        let steps = [("hello", email("hello")), ("rest", wait("2d"))];
        let mut world = asking(&on("ask"), &steps, when);
        world.tell(event("ask"));
        let id = world.send();
        let now = world.now;
        let message = world.messages.get_mut(&id).unwrap();
        match word {
            Some(Delivered) => message.delivered_at = Some(now),
            Some(_) => message.bounced_at = Some(now),
            None => {}
        }
        world.wake();
        assert_eq!(answer(&world), expected, "{was:?} when told {word:?}");
    }
}

/// Goal: C5, what was paid for the order that let in is asked as a number, the rest of it as it is.
#[test]
fn c5_the_order_that_let_in() {
    for (name, test, expected) in [
        ("order.total", FieldTest::Over(99.into()), true),
        ("order.total", FieldTest::Over(100.into()), false),
        ("order.order_id", FieldTest::Is(json!("1001")), true),
        ("order.order_id", FieldTest::Over(1.into()), false),
    ] {
        let order = masa_domain::Order {
            order_id: "1001".to_owned(),
            total: Some("99.50".to_owned()),
            ..Default::default()
        };
        let bought = [masa_domain::Trigger::Purchased(Default::default())];
        let when = Condition::Field { name: name.to_owned(), test };
        let asked = format!("{when:?}");
        let mut world = asking(&bought, &[], when);
        world.tell(Happening::Purchase(order));
        assert_eq!(answer(&world), expected, "{asked}");
    }
}
