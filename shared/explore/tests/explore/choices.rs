//! What is tried: each kind of trigger, condition and wait, so that both of its ways are taken.

use masa_explore::{Bounds, Fate, Unreached};

use crate::{found, words};

/// T1 to T13: each lets somebody in.
#[test]
fn every_trigger_lets_in() {
    for trigger in [
        "{ joined: newsletter }",
        "{ left: newsletter }",
        "{ form: spring }",
        "{ purchased: any }",
        "{ purchased: any, category: tea, nth: 3, over: 200 }",
        "{ purchased: mint, every: 5 }",
        "{ event: lesson, where: { plan: pro } }",
        "{ clicked: more }",
        "{ opened: any, times: 10 }",
        "{ opened: any, times: 3, since: purchase }",
        "{ field: tier, is: gold }",
        "{ field: tier }",
        "{ answered: nps, over: 8 }",
        "{ date: birthday, yearly: true, offset: -3d, at: \"09:00\" }",
        "{ date: 2026-12-24 }",
        "{ date: 2020-12-24 }",
        "{ holiday: passover, offset: -7d }",
        "{ silent: 60d, of: open }",
        "{ silent: 60d, of: any }",
        "{ referred: signup }",
        "{ ended: other }",
    ] {
        let text = format!("trigger: {trigger}\nsteps: [ {{ set: {{ inside: true }} }} ]\n");
        // The other journey has to be there to be named.
        let other = "trigger: { event: x }\nsteps: [ { count: x } ]\n";
        let library = crate::written(&[("f", &text), ("other", other)]);
        let told = masa_explore::explore(&library, "f", &Bounds::default()).expect("there is one");
        let expected = "no message; inside = true; finished".to_owned();
        assert_eq!(words(&told), [expected].into(), "{trigger}: {told}");
        assert_eq!(told.unreached, Unreached::default(), "{trigger}");
    }
}

/// C1 to C6: each is answered both ways.
#[test]
fn every_condition_is_answered_both_ways() {
    for condition in [
        "{ email: first, was: sent }",
        "{ email: first, was: delivered }",
        "{ email: first, was: bounced }",
        "{ email: first, was: opened }",
        "{ email: first, was: clicked }",
        "{ email: first, was: clicked, link: more }",
        "{ email: mail, was: opened, flow: other }",
        "{ email: mail, was: bounced, flow: other }",
        "{ form: spring, since: 30d }",
        "{ form: spring, since: entry }",
        "{ purchased: any }",
        "{ purchased: mint, since: 30d }",
        "{ purchased: any, category: tea, since: entry }",
        "{ purchased: any, times: 3, total: 500 }",
        "{ event: visit, since: 7d }",
        "{ event: visit, times: 3 }",
        "{ field: tier, is: gold }",
        "{ field: tier, one_of: [gold, silver] }",
        "{ field: tags, contains: tea }",
        "{ field: points, over: 4 }",
        "{ field: points, under: 4 }",
        "{ field: first_name, empty: true }",
        "{ field: language, is: en }",
        "{ field: event.plan, is: pro }",
        "{ list: vip }",
        "{ consent: email }",
        "{ consent: sms }",
        "{ days_to: renewal, under: 10 }",
        "{ weekday: [fri, sat] }",
        "{ hour: \"22:00-06:00\" }",
        "{ all: [ { field: a, is: 1 }, { field: b, is: 2 }, { not: { list: c } } ] }",
        "{ any: [ { field: a, is: 1 }, { all: [ { list: b }, { weekday: [tue] } ] } ] }",
        "{ not: { field: points, over: 3 } }",
    ] {
        let text = format!(
            "
trigger: {{ event: came }}
send: {{ kind: transactional }}
steps:
  - {{ id: first, email: hello }}
  - {{ id: a-day, wait: 1d }}
  - id: asked
    if: {condition}
    then: [ {{ id: yes, set: {{ answer: true }} }} ]
    else: [ {{ id: no, set: {{ answer: false }} }} ]
"
        );
        let other = "trigger: { event: x }\nsteps: [ { id: mail, email: hello } ]\n";
        let library = crate::written(&[("f", &text), ("other", other)]);
        let told = masa_explore::explore(&library, "f", &Bounds::default()).expect("there is one");
        assert_eq!(told.unreached, Unreached::default(), "{condition}: {told}");
        assert!(told.is_sound() && told.bounds.is_empty(), "{condition}: {told}");
    }
}

/// A3, T6, A6, A11: each wait and each way.
#[test]
fn every_way_of_a_wait_is_taken() {
    for steps in [
        "[ { id: w, wait_until: { purchased: any, for: 3d }, then: [ { count: a } ], else: [ { count: b } ] } ]",
        "[ { id: w, wait_until: { answered: nps, over: 8, for: 3d }, then: [ { count: a } ] } ]",
        "[ { email: hello }, { id: w, wait_until: { clicked: more, for: 3d }, then: [ { count: a } ] } ]",
        "[ { email: hello }, { id: w, wait_until: { opened: f, times: 1, for: 3d }, then: [ { count: a } ] } ]",
        "[ { id: w, wait_until: { event: paid, same: invoice, for: 3d }, then: [ { count: a } ] } ]",
        "[ { id: w, wait_until: { silent: 2d, of: visit, for: 3d }, then: [ { count: a } ] } ]",
        "[ { id: w, wait_until: { field: tier, is: gold, for: 3d }, then: [ { count: a } ] } ]",
        "[ { id: w, wait_until: { left: vip, for: 3d }, then: [ { count: a } ] } ]",
        "[ { id: w, wait: 4h, since_last: cart }, { count: a } ]",
        "[ { id: w, wait_until: { at: \"09:00\", days: [sun] } }, { count: a } ]",
        "[ { id: w, wait_until: { date: renewal, offset: -3d } }, { count: a } ]",
        "[ { id: w, wait_until: { date: event.starts_at, offset: -1d } }, { id: a, count: a }, { id: v, wait_until: { date: event.starts_at, offset: +1d } }, { id: b, count: b } ]",
        "[ { id: s, split: { red: { share: 45, steps: [ { count: r } ] }, blue: { share: 45 }, rest: { share: 10, hold_out: true } } }, { id: t, split: { x: { share: 1 }, y: { share: 1 } } } ]",
    ] {
        let text = format!(
            "trigger: {{ event: came }}\nentry: {{ if: {{ not: {{ list: z }} }} }}\nsteps: {steps}\n"
        );
        let text = match steps.contains("left: vip") {
            // Only who is on it can leave it.
            true => text.replace("{ not: { list: z } }", "{ list: vip }"),
            false => text,
        };
        let told = found(&text, &Bounds::default());
        assert_eq!(told.unreached, Unreached::default(), "{steps}: {told}");
        assert!(told.is_sound(), "{steps}: {told}");
    }
}

/// T9: an answer that does not pass the test is tried too.
#[test]
fn answers_of_both_kinds_are_given() {
    let text = "
trigger: { joined: a }
steps:
  - id: asked
    wait_until: { answered: nps, for: 3d }
    then:
      - id: fan
        if: { field: nps, over: 8 }
        then: [ { id: yes, set: { fan: true } } ]
        else: [ { id: no, set: { fan: false } } ]
";
    // Any answer ends the wait; what it is decides the rest.
    let told = found(text, &Bounds::default());
    assert!(told.unreached.branches.is_empty(), "{told}");
    let told = found(&text.replace("nps, for", "nps, over: 8, for"), &Bounds::default());
    let no = told.outcomes.iter().find(|one| one.outcome.fields.get("fan") == Some(&false.into()));
    assert!(no.is_none(), "only a fan's answer ends that wait: {told}");
}

/// T9: each answer that leads elsewhere is given, also when one test lets several pass.
#[test]
fn each_answer_of_a_list_that_leads_elsewhere_is_given() {
    let text = "
trigger: { joined: a }
steps:
  - id: asked
    wait_until: { answered: nps, one_of: [3, 9], for: 3d }
    then:
      - { id: q, if: { field: nps, is: 3 }, then: [ { id: yes, count: x } ], else: [ { id: no, count: y } ] }
";
    let told = found(text, &Bounds::default());
    assert_eq!(told.unreached, Unreached::default(), "{told}");
}

/// A9, C5: of each member that is asked about a system answers what passes and what doesn't.
#[test]
fn what_a_system_answers_is_tried_both_ways() {
    for condition in [
        "{ field: call.plan, is: pro }",
        "{ field: call.plan, one_of: [pro, gold] }",
        "{ field: call.plan, contains: pro }",
        "{ field: call.plan, empty: true }",
        "{ field: call.plan, empty: false }",
        "{ field: call.score, over: 5 }",
        "{ not: { field: call.score, under: 5 } }",
        "{ all: [ { field: call.plan, is: pro }, { field: call.score, over: 5 }, { field: call.seats, under: 3 } ] }",
        "{ all: [ { email: to-crm, was: sent }, { field: call.plan, empty: true } ] }",
    ] {
        let text = format!(
            "
trigger: {{ joined: a }}
steps:
  - {{ id: to-crm, call: crm, send: {{ why: hot }} }}
  - id: asked
    if: {condition}
    then: [ {{ id: yes, set: {{ answer: true }} }} ]
    else: [ {{ id: no, set: {{ answer: false }} }} ]
"
        );
        let told = found(&text, &Bounds::default());
        assert_eq!(told.unreached, Unreached::default(), "{condition}: {told}");
        assert!(told.is_sound() && told.bounds.is_empty(), "{condition}: {told}");
        // An answer that does not pass, and not only a call that fails.
        let answered = |yes: bool| {
            told.outcomes.iter().any(|one| {
                let outcome = &one.outcome;
                outcome.messages.iter().all(|one| one.fate == Fate::Sent)
                    && outcome.fields.get("answer") == Some(&yes.into())
            })
        };
        assert!(answered(true) && answered(false), "{condition}: {told}");
    }
}

/// A9: only plain members are kept of an answer, so none is a list.
#[test]
fn no_system_answers_with_a_list() {
    let text = "
trigger: { joined: a }
steps:
  - { id: to-crm, call: crm, send: { why: hot } }
  - { id: asked, if: { field: call.tags, contains: 5 }, then: [ { id: yes, count: x } ] }
";
    let told = found(text, &Bounds::default());
    assert!(told.is_sound() && told.unreached.steps.contains("yes"), "{told}");
}

/// A9: the way to an outcome tells what was answered; nothing, where nobody asks.
#[test]
fn a_path_tells_what_a_system_answered() {
    let text = "
trigger: { joined: a }
steps:
  - { id: to-crm, call: crm, send: { why: hot } }
  - { id: asked, if: { field: call.plan, is: pro }, then: [ { id: yes, count: x } ] }
";
    let told = found(text, &Bounds::default()).to_string();
    for words in
        ["`to-crm` is answered: plan = \"pro\"", "`to-crm` is answered: plan = \"not pro\""]
    {
        assert!(told.contains(words), "{words}: {told}");
    }
    let text = text.lines().take(4).collect::<Vec<_>>().join("\n");
    let told = found(&text, &Bounds::default());
    assert_eq!(
        words(&told),
        ["to-crm; finished", "to-crm (skipped); finished"].map(str::to_owned).into()
    );
    assert!(told.to_string().contains("`to-crm` is answered\n"), "{told}");
}

/// D1, D2: a message that may not go yet is held, and dropped at its deadline.
#[test]
fn what_is_held_goes_later_or_is_dropped() {
    let text = "
trigger: { joined: a }
send: { hours: \"20:00-21:00\", deadline: DEADLINE }
steps: [ { email: hello } ]
";
    let told = found(&text.replace("DEADLINE", "1d"), &Bounds::default());
    let expected = ["hello; finished", "hello (skipped); finished", "hello (bounced); finished"];
    assert_eq!(words(&told), expected.map(str::to_owned).into(), "{told}");
    let told = found(&text.replace("DEADLINE", "1h"), &Bounds::default());
    assert_eq!(words(&told), ["hello (dropped); finished".to_owned()].into(), "{told}");
}

/// A refusal, and a mail that came back, hold for the messages that follow by the same way.
#[test]
fn what_was_refused_stays_so() {
    let text = "
trigger: { joined: a }
steps:
  - email: hello
  - { id: a-day, wait: 1d }
  - email: story
  - { id: by-text, sms: 'Shop: hi. Opt out: {{ unsubscribe_url }}' }
";
    let told = found(text, &Bounds::default());
    let expected = [
        "hello, story, by-text; finished",
        "hello, story, by-text (skipped); finished",
        "hello, story (skipped), by-text; finished",
        "hello, story (skipped), by-text (skipped); finished",
        "hello, story (bounced), by-text; finished",
        "hello, story (bounced), by-text (skipped); finished",
        "hello (skipped), story (skipped), by-text; finished",
        "hello (skipped), story (skipped), by-text (skipped); finished",
        "hello (bounced), story (skipped), by-text; finished",
        "hello (bounced), story (skipped), by-text (skipped); finished",
    ];
    assert_eq!(words(&told), expected.map(str::to_owned).into(), "{told}");
}
