//! `tests.yaml`.

use super::{
    HAPPENING, Head, Key, Map, Node, Takes,
    values::{
        A_COUNT, A_DURATION, A_MOMENT, A_NAME, A_TEXT, ANY_OR_ONE, NAME, NAMED_VALUES, REFERRALS,
        STATUS,
    },
};

const START: &str = "2026-03-01T08:00:00Z";

pub(crate) static TEST_FILE: Node = Node {
    name: "tests.yaml",
    says: "The tests of the journey beside it.",
    keys: &[
        Key::new("start", A_MOMENT, "When the clock of the tests begins.").or(START),
        Key::new("tests", Takes::List(&Takes::Node(&TEST), 1), "The tests.").must(),
    ],
    example: "\
start: 2026-03-01T08:00:00Z
tests:
  - name: who signs up gets the greeting
    steps:
      - signup: { lists: [newsletter] }
      - email: hello
",
    ..Node::BASE
};

pub(crate) static TEST: Node = Node {
    name: "test",
    says: "What is done to a contact, and what has to follow. Live are the journey itself and those that it \
           names.",
    keys: &[
        Key::new("name", A_TEXT, "What holds.").must(),
        Key::new("start", A_MOMENT, "When the clock begins; that of the file when left out."),
        Key::new(
            "contact",
            NAMED_VALUES,
            "What is known of the contact before, as a signup tells it: `first_name`, `language`, `phone`, \
             `consent`, `fields` and so on. It agrees to both channels unless this says otherwise.",
        ),
        Key::new(
            "steps",
            Takes::List(&Takes::Node(&LINE), 1),
            "What is done and what has to follow, in order.",
        )
        .must(),
    ],
    example: "\
name: who opens the greeting gets the story
start: 2026-12-01T08:00:00Z
contact: { first_name: Noa, language: he, phone: null, fields: { city: Holon } }
steps:
  - signup: { lists: [newsletter] }
  - email: hello
  - open: hello
  - advance: 2d
  - email: story
  - nothing: true
",
    ..Node::BASE
};

const fn done(
    name: &'static str,
    takes: Takes,
    says: &'static str,
    examples: &'static [&'static str],
) -> Head {
    Head::new(Key::new(name, takes, says), &[], examples)
}

pub(crate) static LINE: Node = Node {
    name: "line",
    says: "A line of a test: something is done, or something has to follow. One key says which.",
    heads: &[
        done(
            "signup",
            Takes::Json,
            "The contact signs up; the value is merged into the signup's body.",
            &["{ signup: { lists: [newsletter], fields: { city: Holon } } }"],
        ),
        done(
            "form",
            Takes::Node(&FORM_FILLED),
            "It fills a form.",
            &["{ form: { name: spring } }"],
        ),
        done(
            "buy",
            Takes::Either(&[ANY_OR_ONE, Takes::Node(&BUY)]),
            "It buys: one for 100, unless more is said.",
            &["{ buy: any }", "{ buy: { product: mint, quantity: 2, total: 120 } }"],
        ),
        done("event", Takes::Node(&EVENT_SENT), "An event comes.", &["{ event: { type: visit } }"]),
        done("open", A_NAME, "It opens the last mail of this step.", &["{ open: hello }"]),
        done(
            "click",
            Takes::Either(&[A_NAME, Takes::Node(&CLICK)]),
            "It follows a link of the last message of this step: the first one, unless it is named.",
            &["{ click: hello }", "{ click: { step: hello, link: spring } }"],
        ),
        done("answer", Takes::Map(&ANSWER), "It answers a question.", &["{ answer: { nps: 9 } }"]),
        done(
            "system",
            Takes::Node(&SYSTEM_ANSWERS),
            "From now on a system answers its calls so.",
            &["{ system: { name: crm, status: 503 } }"],
        ),
        done(
            "due",
            Takes::Node(&HAPPENING),
            "This date or silence comes now; by `advance` it comes by itself.",
            &["{ due: { date: birthday, yearly: true } }"],
        ),
        done("reads", A_COUNT, "It reads so many mails of other journeys.", &["{ reads: 10 }"]),
        done("referred", REFERRALS, "A friend signs up, or buys.", &["{ referred: purchase }"]),
        done(
            "unsubscribe",
            A_NAME,
            "It unsubscribes by the last message of this step.",
            &["{ unsubscribe: hello }"],
        ),
        done("advance", A_DURATION, "So much time passes.", &["{ advance: 2d }"]),
        done(
            "advance_to",
            A_MOMENT,
            "Time passes up to this moment.",
            &["{ advance_to: 2026-12-24T09:00:00Z }"],
        ),
        done("email", A_NAME, "The next message is this step's mail.", &["{ email: hello }"]),
        done("sms", A_NAME, "The next message is this step's text.", &["{ sms: nudge }"]),
        done(
            "tell",
            A_NAME,
            "The next message is this step's mail to a person of the shop.",
            &["{ tell: to-sales }"],
        ),
        done(
            "call",
            A_NAME,
            "The next message is this step's call of a system.",
            &["{ call: to-crm }"],
        ),
        done(
            "subject",
            A_TEXT,
            "The subject of that mail contains this.",
            &["{ subject: the kettle }"],
        ),
        done("body", A_TEXT, "That message contains this.", &["{ body: FIRSTCUP }"]),
        done(
            "nothing",
            Takes::True,
            "No message is left. The end of a test expects that too.",
            &["{ nothing: true }"],
        ),
        done("at", A_NAME, "The run stands at this step.", &["{ at: wait-2d }"]),
        done(
            "ended",
            Takes::Words(&["finished", "left"]),
            "The run came to its end, or an exit ended it.",
            &["{ ended: finished }"],
        ),
        done("outside", Takes::True, "The contact is not inside.", &["{ outside: true }"]),
        done("list", A_NAME, "The contact is on this list.", &["{ list: newsletter }"]),
        done("no_list", A_NAME, "The contact is not on this list.", &["{ no_list: newsletter }"]),
        done(
            "field",
            NAMED_VALUES,
            "The contact's fields hold this; `null` for one that is missing.",
            &["{ field: { city: Holon, old: null } }"],
        ),
    ],
    ..Node::BASE
};

static ANSWER: Map = Map { names: &NAME, of: Takes::Json, count: (1, Some(1)) };

pub(crate) static FORM_FILLED: Node = Node {
    name: "filled form",
    says: "A form and its answers.",
    keys: &[
        Key::new("name", A_NAME, "The form of `shop.yaml`.").must(),
        Key::new("fields", NAMED_VALUES, "The answers."),
    ],
    example: "{ name: spring, fields: { city: Holon } }",
    ..Node::BASE
};

pub(crate) static BUY: Node = Node {
    name: "purchase",
    says: "An order.",
    keys: &[
        Key::new("product", ANY_OR_ONE, "The product's id.").or("any"),
        Key::new("quantity", A_COUNT, "How many.").or("1"),
        Key::new("total", Takes::Json, "What is paid, as the shop would write it.").or("100"),
    ],
    example: "{ product: mint, quantity: 2, total: 120 }",
    ..Node::BASE
};

pub(crate) static EVENT_SENT: Node = Node {
    name: "sent event",
    says: "An event and its data.",
    keys: &[
        Key::new("type", A_NAME, "The event's name.").must(),
        Key::new("data", Takes::Json, "Its data."),
    ],
    example: "{ type: visit, data: { page: /tea } }",
    ..Node::BASE
};

pub(crate) static CLICK: Node = Node {
    name: "click",
    says: "A link of a message.",
    keys: &[
        Key::new("step", A_NAME, "The step that sent the message.").must(),
        Key::new("link", A_NAME, "The link's name; the first link when left out."),
    ],
    example: "{ step: hello, link: spring }",
    ..Node::BASE
};

pub(crate) static SYSTEM_ANSWERS: Node = Node {
    name: "answer of a system",
    says: "What a system answers to each call.",
    keys: &[
        Key::new("name", A_NAME, "The system of `shop.yaml`.").must(),
        Key::new("status", Takes::Plain(&STATUS), "The HTTP status.").or("200"),
        Key::new("answers", Takes::Json, "The JSON body; empty when left out."),
    ],
    example: "{ name: crm, status: 201, answers: { stage: lead } }",
    ..Node::BASE
};
