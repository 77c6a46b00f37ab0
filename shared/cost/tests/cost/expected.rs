//! Costs that were computed by hand.

use masa_cost::{Assumptions, MailPlan, Unit};

use crate::{cost_of, near, plain};

/// One mail to everybody, which nobody reads.
#[test]
fn a_mail_by_hand() {
    let told = cost_of("trigger: { joined: a }\nsteps: [ { email: hello } ]\n", &plain());
    for (unit, amount) in [
        // The hook; the decision upon its fact; deliver; SES's two words; a settled message that
        // changed; the decision upon the outcome.
        (Unit::LambdaRequest, 7.0),
        (Unit::ApiRequest, 1.0),
        // The fact; two states of 2 KB; claim and outcome; two words; the index at the end.
        (Unit::WriteUnit, 1.0 + 4.0 + 2.0 + 2.0 + 1.0),
        // Two states, and the look before it is sent.
        (Unit::ReadUnit, 3.0),
        (Unit::StreamRead, 3.0),
        // The job is sent, received, deleted; each word received and deleted.
        (Unit::SqsRequest, 3.0 + 4.0),
        (Unit::TopicPublish, 2.0),
        (Unit::MailEssentials, 1.0),
        (Unit::ScheduleInvocation, 0.0),
        (Unit::TextPart, 0.0),
    ] {
        near(told.amount(unit), amount * 1_000.0, &format!("{unit:?}"));
    }
    // Milliseconds: 10, 25, 100, 10, 10, 2, 25 with a quarter of a gigabyte.
    near(told.amount(Unit::LambdaGbSecond), 182.0 / 4.0, "GB-seconds");
    near(told.amount(Unit::LogGb), 7.0 * 400.0 / 1e6, "logs");
    near(told.of("SES"), 0.16, "a thousand mails");
    near(told.of("DynamoDB"), 0.01 * 0.625 + 0.003 * 0.125, "ten and three thousand units");
    near(told.of("SQS"), 0.007 * 0.4, "seven thousand requests");
    let by_hand = 0.16
        + (0.01 * 0.625 + 0.003 * 0.125)
        + 0.007 * 0.4
        + 0.002 * 0.5
        + 0.001
        + (0.007 * 0.2 + 45.5 * 0.0000133334)
        + 0.0028 * 0.5;
    near(told.usd, by_hand, "the whole");
    near(told.usd, told.services.iter().map(|line| line.usd).sum(), "the sum of the table");
    near(told.usd, told.entry_usd + told.steps.iter().map(|step| step.usd).sum::<f64>(), "by step");
    near(told.cheapest.usd, told.usd, "there is one path, unread");
    assert!(told.dearest.usd > told.usd, "it may be read");
}

/// What comes back is told in another word of SES's, and costs one write more.
#[test]
fn a_mail_that_comes_back_by_hand() {
    let text = "trigger: { joined: a }\nsteps: [ { email: hello } ]\n";
    let (good, bad) =
        (cost_of(text, &plain()), cost_of(text, &Assumptions { bounced: 0.5, ..plain() }));
    near(bad.amount(Unit::TopicPublish), good.amount(Unit::TopicPublish), "two words");
    near(bad.amount(Unit::WriteUnit) - good.amount(Unit::WriteUnit), 500.0, "the suppression");
}

#[test]
fn an_older_account_pays_less_for_mails() {
    let text = "trigger: { joined: a }\nsteps: [ { email: hello } ]\n";
    let told = cost_of(text, &Assumptions { plan: MailPlan::ALaCarte, ..plain() });
    near(told.of("SES"), 0.10, "by the piece");
}

/// A6, C1: shares as written; questions by the assumptions.
#[test]
fn branches_go_by_shares() {
    let text = "
trigger: { joined: a }
steps:
  - { id: first, email: hello }
  - { id: a-day, wait: 1d }
  - id: read
    if: { all: [ { email: first, was: opened }, { not: { list: b } } ] }
    then: [ { id: yes, count: y } ]
    else: [ { id: no, count: n } ]
  - { id: s, split: { red: { share: 45, steps: [ { id: r, count: r } ] }, blue: { share: 45 }, rest: { share: 10, hold_out: true, steps: [ { id: h, count: h } ] } } }
  - { id: w, wait_until: { purchased: any, for: 3d }, then: [ { id: b, count: b } ] }
";
    let told = cost_of(text, &Assumptions { opened: 0.4, yes: 0.25, happened: 0.2, ..plain() });
    let visits = |step: &str| {
        told.steps.iter().find(|one| one.step == step).map_or(f64::NAN, |one| one.visits)
    };
    for (step, wanted) in [
        ("first", 1.0),
        ("read", 1.0),
        ("yes", 0.4 * 0.75),
        ("no", 0.7),
        ("r", 0.45),
        ("h", 0.1),
        ("b", 0.2),
    ] {
        near(visits(step), wanted, step);
    }
    // A day; three days for who does not buy. Who buys tells by a hook.
    near(told.amount(Unit::ScheduleInvocation), 1_000.0 * (1.0 + 0.8), "schedules");
    near(told.amount(Unit::ApiRequest), 1_000.0 * (1.0 + 0.4 + 0.2), "hooks and pixels");
    let times = |operation: &str| {
        let own = told.calls.iter().filter(|call| call.operation == operation && call.metered);
        own.map(|call| call.times).sum::<f64>()
    };
    near(times("DeleteSchedule"), 200.0, "who buys is not waited for");
    near(times("CreateSchedule"), 2_000.0, "two waits each");
    // Decisions: entry, outcome, day, three days or a purchase; a reading. One look, one question.
    near(times("Query"), 1_000.0 * (4.0 + 0.4 + 1.0 + 1.0), "queries");
}

/// T6: waits below a quarter of an hour need no schedule.
#[test]
fn a_short_wait_is_a_delayed_message() {
    let text = |wait: &str| format!("trigger: {{ joined: a }}\nsteps: [ {{ wait: {wait} }} ]\n");
    let short = cost_of(&text("899s"), &plain());
    near(short.amount(Unit::ScheduleInvocation), 0.0, "none");
    near(short.amount(Unit::SqsRequest), 3_000.0, "sent, received, deleted");
    let long = cost_of(&text("900s"), &plain());
    near(long.amount(Unit::ScheduleInvocation), 1_000.0, "one");
    near(long.amount(Unit::SqsRequest), 3_000.0, "the schedule sends the same");
    near(long.amount(Unit::WriteUnit) - short.amount(Unit::WriteUnit), 2_000.0, "the index moves");
}

/// A11: a circle that is left with a half each time is walked twice.
#[test]
fn a_circle_is_walked_as_often_as_expected() {
    let text = "
trigger: { joined: a }
steps:
  - { id: w, wait: 1d }
  - id: again
    if: { list: b }
    then: [ { id: back, jump: w } ]
";
    let told = cost_of(text, &plain());
    let wait = told.steps.iter().find(|one| one.step == "w").expect("it is there");
    assert!((wait.visits - 2.0).abs() < 1e-8, "{}", wait.visits);
    near(told.cut_off, 0.0, "all have left in the end");
    let told = cost_of(text, &Assumptions { yes: 1.0, steps: 30, ..plain() });
    near(told.cut_off, 1.0, "nobody leaves");
    assert!(told.to_string().contains("A circle: 100.0 %"), "{told}");
    let wait = told.steps.iter().find(|one| one.step == "w").expect("it is there");
    near(wait.visits, 10.0, "each round is three steps");
    assert!(told.cheapest.usd <= told.usd && told.usd <= told.dearest.usd + 1e-9, "{told}");
}

#[test]
fn without_messages_there_is_nothing_for_ses_and_sns() {
    let text = "trigger: { joined: a }\nsteps: [ { wait: 1d }, { count: x }, { join: b } ]\n";
    let told = cost_of(text, &Assumptions::default());
    assert!(told.of("SES") == 0.0 && told.of("SNS") == 0.0 && told.usd > 0.0, "{told}");
}

/// A2: a text is paid for by its parts.
#[test]
fn a_text_is_paid_for_by_its_parts() {
    let text =
        "trigger: { joined: a }\nsteps: [ { id: t, sms: 'Shop: hi. {{ unsubscribe_url }}' } ]\n";
    let told = cost_of(text, &plain());
    near(told.of("SNS"), 1_000.0 * 3.0 * 0.00645, "three parts");
    near(told.of("SES"), 0.0, "no mail");
    let told = cost_of(text, &Assumptions { text_parts: 1, skipped: 0.5, ..plain() });
    near(told.of("SNS"), 500.0 * 0.00645, "half of them, one part");
    assert!(told.cheapest.usd < told.usd && told.usd < told.dearest.usd, "{told}");
}

#[test]
fn what_is_printed_says_what_was_assumed_and_of_when_prices_are() {
    let text = "trigger: { joined: a }\nsteps: [ { email: hello } ]\n";
    let told = cost_of(text, &Assumptions::default()).to_string();
    for words in [
        "f: $0.",
        "for 1,000 runs",
        "SES",
        "opened 0.35: of mails are read",
        "Prices of us-east-1, texts to US, gathered on 2026-",
        "The cheapest path: $",
        "The dearest path: $",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
}
