//! Orders of which a run knows nothing.

use super::{files, told, told_of};

/// A flow with a trigger and steps, which begin in its line 4.
fn flow(trigger: &str, steps: &str) -> String {
    format!("flow: one\ntrigger: {trigger}\nsteps:\n{steps}")
}

const ORDER: &str = "{ purchased: any }";
const EVENT: &str = "{ event: order-placed }";

#[test]
fn t3_what_asks_for_an_order_that_never_was() {
    for (steps, at) in [
        ("  - if: { purchased: same }\n    then: [ wait: 2d ]\n", "4:9"),
        ("  - if: { not: { field: order.total, over: 9 } }\n    then: [ wait: 2d ]\n", "4:16"),
        ("  - if: { days_to: order.runs_out, over: 9 }\n    then: [ wait: 2d ]\n", "4:9"),
        ("  - wait_until: { purchased: same, for: 2d }\n", "4:5"),
        ("  - wait_until: { date: order.runs_out, offset: -7d }\n", "4:5"),
        ("  - kind: transactional\n    sms: \"{{ order.total | default(0) }}\"\n", "5:10"),
    ] {
        let expected = format!("{at} no-order");
        told(&flow(EVENT, steps), &[&expected]);
        told(&flow("{ joined: news }", steps), &[&expected]);
        told(&flow(ORDER, steps), &[]);
        // Some runs have one.
        told(&flow(&format!("[ {ORDER}, {EVENT} ]"), steps), &[]);
    }
    let exit = flow(EVENT, "  - wait: 2d\n").replace("steps:", "exit: { purchased: same }\nsteps:");
    told(&exit, &["3:7 no-order"]);
    told(&exit.replace(EVENT, ORDER), &[]);
    told(&exit.replace("same", "any"), &[]);
}

#[test]
fn an_order_in_a_mail() {
    let asks = "  - if: { consent: email }\n    then: [ { id: hello, email: hello } ]\n";
    let of = |trigger: &str, body: &str, expected: &[&str]| {
        let mail = format!("---\nsubject: Hello\n---\n{body}\n");
        let files = files(&[&flow(trigger, asks)], &[]);
        let mut files = files;
        for language in ["en", "he"] {
            files.insert(format!("0/templates/hello.{language}.html"), mail.clone());
        }
        told_of(&files, expected);
    };
    let at = ["0/templates/hello.en.html:4:4 no-order", "0/templates/hello.he.html:4:4 no-order"];
    of(EVENT, "{{ order.order_id }}", &at);
    of(EVENT, "{{ order.total | default(0) }}", &at);
    of(EVENT, "{{ event.data.total | default(0) }}", &[]);
    of(ORDER, "{{ order.order_id }}", &[]);
    // Whoever asks for it knows that it may be missing.
    of(EVENT, "{% if order %}{{ order.order_id }}{% endif %}", &[]);
}

#[test]
fn an_order_that_another_flow_hands_on() {
    let asks = flow("{ joined: plain }", "  - if: { purchased: same }\n    then: [ wait: 2d ]\n");
    let other = |trigger: &str| flow(trigger, "  - start: one\n").replace("flow: one", "flow: two");
    told_of(&files(&[&asks, &other(ORDER)], &[]), &[]);
    told_of(&files(&[&asks, &other("{ event: x }")], &[]), &["0/flow.yaml:4:9 no-order"]);
}
