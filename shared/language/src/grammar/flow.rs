//! `flow.yaml`: what stands around the steps.

use super::{
    Also, CONDITION, HAPPENING, Key, Node, STEP, Takes,
    values::{A_DURATION, AFTER, FLOW_NAME, KINDS, PRIORITY, SOME_HOURS, WEEKDAYS, YES_OR_NO},
};

const A_HAPPENING: Takes = Takes::Node(&HAPPENING);
const HAPPENINGS: Takes = Takes::Either(&[A_HAPPENING, Takes::List(&A_HAPPENING, 1)]);

pub(crate) static FLOW: Node = Node {
    name: "flow.yaml",
    says: "A journey: what lets a contact in, what ends it, and its steps.",
    keys: &[
        Key::new(
            "flow",
            Takes::Plain(&FLOW_NAME),
            "The journey's name. No two journeys have the same.",
        )
        .must(),
        Key::new("trigger", HAPPENINGS, "What lets a contact in: any of these.").must(),
        Key::new("entry", Takes::Node(&ENTRY), "Who may enter, and how often."),
        Key::new("exit", HAPPENINGS, "What ends the run at once: any of these."),
        Key::new("goal", Takes::Node(&GOAL), "What the journey is for: counted, and ends nothing.")
            .rows("I4"),
        Key::new("send", Takes::Node(&SEND), "How its messages are sent."),
        Key::new(
            "steps",
            Takes::List(&Takes::Node(&STEP), 1),
            "What is done, one after the other.",
        )
        .must(),
    ],
    example: r#"flow: greeting
trigger: [ { joined: newsletter }, { form: spring } ]
entry: { if: { consent: email }, again: never }
exit: { purchased: any }
goal: { purchased: any, within: 14d }
send: { kind: marketing, hours: "09:00-20:00", rest: israel }
steps:
  - email: hello
  - wait: 2d
  - if: { email: hello, was: opened }
    then:
      - email: hello
        subject: { he: סיפור, en: A story }
"#,
    ..Node::BASE
};

pub(crate) static ENTRY: Node = Node {
    name: "entry",
    says: "Who may enter, and how often.",
    keys: &[
        Key::new(
            "if",
            Takes::Node(&CONDITION),
            "Only contacts for whom this holds. It may ask about what lets in: `event.city`, `order.total`.",
        ),
        Key::new(
            "again",
            Takes::Either(&[Takes::Words(&["never", "always"]), Takes::Plain(&AFTER)]),
            "Whether a contact may enter again: never, at every trigger, or when so much has passed since \
             the last entry and nobody is inside.",
        )
        .or("never"),
        Key::new(
            "late",
            Takes::Words(&["skip", "latest", "all"]),
            "What becomes of dated waits whose time has passed when a contact comes to them: on to the \
             next dated wait; what follows, if it is the last one that has passed; or always what follows.",
        )
        .or("skip"),
    ],
    example: "{ if: { field: event.city, is: Holon }, again: after 90d, late: latest }",
    ..Node::BASE
};

pub(crate) static GOAL: Node = Node {
    name: "goal",
    says: "A happening, and how long after the entry it counts.",
    also: Some(Also {
        node: &HAPPENING,
        beside: &[Key::new("within", A_DURATION, "So long after the entry at most.").must()],
    }),
    example: "{ purchased: any, category: tea, within: 14d }",
    ..Node::BASE
};

pub(crate) static SEND: Node = Node {
    name: "send",
    says: "How messages are sent. What holds here holds for all messages of the journey, but not for a \
           step that is `kind: transactional` in a marketing journey.",
    keys: &[
        Key::new("kind", KINDS, "Advertising, which needs consent, or service that was asked for.")
            .or("marketing"),
        Key::new(
            "on_unknown",
            Takes::Words(&["skip", "resend"]),
            "What becomes of a message of which nobody knows whether it was sent. When left out, marketing \
             is skipped and the rest is sent again.",
        ),
        Key::new(
            "hours",
            SOME_HOURS,
            "When messages may go, where the contact lives; otherwise they are held.",
        )
        .rows("D1"),
        Key::new("days", WEEKDAYS, "The days on which they may go; any when left out.").rows("D1"),
        Key::new(
            "rest",
            Takes::Words(&["none", "israel"]),
            "`israel`: nothing goes on the Sabbath, on holidays and on days of mourning.",
        )
        .or("none")
        .rows("D1"),
        Key::new(
            "deadline",
            A_DURATION,
            "What is held for longer is dropped, and the run goes on; nothing is dropped when left out.",
        )
        .rows("D2"),
        Key::new(
            "priority",
            Takes::Plain(&PRIORITY),
            "When a cap has room for one message only, the higher goes first.",
        )
        .or("5")
        .rows("D3"),
        Key::new(
            "best_hour",
            YES_OR_NO,
            "Whether messages wait for the hour at which the contact reads most, or else the audience.",
        )
        .or("false")
        .rows("D4"),
    ],
    example: "{ kind: marketing, on_unknown: skip, hours: \"09:00-20:00\", days: [sun, mon, tue, wed, thu], \
              rest: israel, deadline: 2d, priority: 8, best_hour: true }",
    ..Node::BASE
};
