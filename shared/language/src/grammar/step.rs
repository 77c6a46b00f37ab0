//! Steps.

use super::{
    Also, CONDITION, HAPPENING, Head, Key, Map, Node, Takes,
    happening::{AT, OFFSET_OF_DATE},
    values::{
        A_CLOCK, A_COUNT, A_DURATION, A_NAME, A_VALUE, DATE, ID, KINDS, MEMBER, NAME, PREFIX,
        TEXTS, WEEKDAYS, WHOLE, YES_OR_NO,
    },
};

static A_STEP: Takes = Takes::Node(&STEP);

// A constant would have to be known before what it names.
const fn steps() -> Takes {
    Takes::List(&A_STEP, 0)
}

const KIND: Key = Key::new("kind", KINDS, "When other than the journey's.");
const ELSE: &str =
    "What is done otherwise. A branch that is left out, or empty, goes on after the step.";

pub(crate) static STEP: Node = Node {
    name: "step",
    says: "One key says what is done. Runs stand at steps: give an `id` to what you may move.",
    keys: &[Key::new(
        "id",
        Takes::Plain(&ID),
        "The step's name in its journey; made of its words when left out.",
    )],
    heads: &[
        Head::new(
            Key::new("email", A_NAME, "Sends the mail of this template.").rows("A1"),
            &[
                KIND,
                Key::new("subject", TEXTS, "In place of the template's own, also by language.")
                    .rows("D5"),
            ],
            &["{ email: hello, id: again, kind: transactional, subject: { he: שוב, en: Again } }"],
        ),
        Head::new(
            Key::new(
                "sms",
                TEXTS,
                "Sends this text, also by language. `{{ link(url) }}` is a tracked link.",
            )
            .rows("A2"),
            &[KIND],
            &["{ sms: { he: \"שלום {{ link(shop.url) }}\", en: Hello }, kind: transactional }"],
        ),
        Head::new(
            Key::new(
                "tell",
                A_NAME,
                "Writes a mail to this person of `shop.yaml`, with the contact's story.",
            )
            .rows("A8"),
            &[Key::new("text", TEXTS, "The words before the story, also by language.").must()],
            &["{ tell: sales, text: { he: \"כדאי להתקשר\", en: \"{{ first_name }} waits\" } }"],
        ),
        Head::new(
            Key::new(
                "call",
                A_NAME,
                "Calls this system of `shop.yaml` with the contact, and waits for its answer, which \
                 conditions and texts know as `call.…`.",
            )
            .rows("A9"),
            &[Key::new("send", Takes::Map(&SENT), "What it is told beside that; texts are templates.")],
            &["{ call: crm, send: { reason: hot, score: \"{{ score }}\", times: 3 } }"],
        ),
        Head::new(
            Key::new("wait", A_DURATION, "Waits so long after what came before.").rows("A3"),
            &[Key::new("since_last", A_NAME, "Until so long after the last event of this name.")
                .rows("T6")],
            &["{ wait: 4h, since_last: cart }"],
        ),
        Head::new(
            Key::new(
                "wait_until",
                Takes::Node(&WAIT_UNTIL),
                "Waits until a moment, or until something happens.",
            )
            .rows("A3"),
            &[
                Key::new("then", steps(), "What is done when it happened; of a happening alone."),
                Key::new(
                    "else",
                    steps(),
                    "What is done when the time was over; of a happening alone.",
                ),
            ],
            &[
                "{ wait_until: { purchased: any, for: 3d }, then: [ exit ], else: [ { email: hello } ] }",
            ],
        ),
        Head::new(
            Key::new("if", Takes::Node(&CONDITION), "Goes one way or the other."),
            &[
                Key::new("then", steps(), "What is done when it holds.").must(),
                Key::new("else", steps(), ELSE),
            ],
            &["{ if: { list: vip }, then: [ { email: hello } ], else: [ { wait: 2d } ] }"],
        ),
        Head::new(
            Key::new(
                "split",
                Takes::Map(&Map { names: &ID, of: Takes::Node(&WAY), count: (2, None) }),
                "Goes one of several ways, always the same for a contact.",
            )
            .rows("A6"),
            &[Key::new("winner", Takes::Node(&WINNER), "When one of the ways is to win.")],
            &[
                "{ split: { red: { share: 45, steps: [ { email: hello } ] }, rest: { share: 55 } }, \
               winner: { by: clicked, sample: 1000 } }",
            ],
        ),
        Head::new(
            Key::new(
                "set",
                Takes::Map(&Map {
                    names: &NAME,
                    of: Takes::Either(&[
                        Takes::Plain(&MEMBER),
                        Takes::List(&Takes::Plain(&MEMBER), 0),
                    ]),
                    count: (1, None),
                }),
                "Sets fields; `null` clears one. What belongs to the profile is not set by steps.",
            )
            .rows("A5"),
            &[],
            &["{ set: { vip: true, old: null, topics: [tea, ware] } }"],
        ),
        Head::new(
            Key::new(
                "count",
                Takes::Either(&[A_NAME, Takes::Map(&BY_COUNT)]),
                "Adds one to a field, or so much.",
            )
            .rows("A5"),
            &[],
            &["{ count: visits }", "{ count: { points: -3 } }"],
        ),
        Head::new(
            Key::new("append", Takes::Map(&BY_VALUE), "Adds a value to a field that holds a list.")
                .rows("A5"),
            &[],
            &["{ append: { topics: tea } }"],
        ),
        Head::new(
            Key::new("stamp", A_NAME, "Sets a field to today's date, where the contact lives.")
                .rows("A5"),
            &[],
            &["{ stamp: seen_on }"],
        ),
        Head::new(
            Key::new(
                "coupon",
                A_NAME,
                "Sets a field to a code of this run's own, and its texts show that one, whatever another run \
                 writes there.",
            )
            .rows("A10"),
            &[Key::new("prefix", Takes::Plain(&PREFIX), "What the code begins with.")],
            &["{ coupon: code, prefix: TEA }"],
        ),
        Head::new(
            Key::new("join", A_NAME, "The contact joins a list.").rows("A4"),
            &[],
            &["{ join: readers }"],
        ),
        Head::new(
            Key::new("leave", A_NAME, "The contact leaves a list.").rows("A4"),
            &[],
            &["{ leave: readers }"],
        ),
        Head::new(
            Key::new(
                "start",
                A_NAME,
                "Another journey begins beside this one, by its own rules of entry.",
            )
            .rows("A11"),
            &[],
            &["{ start: welcome }"],
        ),
        Head::new(
            Key::new(
                "jump",
                A_NAME,
                "Goes on at another step of this journey. A loop needs a wait.",
            )
            .rows("A11"),
            &[],
            &["{ jump: later }"],
        ),
        Head::new(
            Key::new("exit", Takes::Nothing, "Ends the run. It may stand alone, as a word.")
                .rows("A11"),
            &[],
            &["{ exit, id: bye }"],
        ),
    ],
    ..Node::BASE
};

static SENT: Map = Map { names: &NAME, of: A_VALUE, count: (0, Some(50)) };
static BY_COUNT: Map = Map { names: &NAME, of: Takes::Plain(&WHOLE), count: (1, Some(1)) };
static BY_VALUE: Map = Map { names: &NAME, of: A_VALUE, count: (1, Some(1)) };

pub(crate) static WAIT_UNTIL: Node = Node {
    name: "wait_until",
    says: "A moment, or a happening and how long it is waited for.",
    heads: &[
        Head::new(
            Key::new("at", A_CLOCK, "The next such time where the contact lives.").rows("A3"),
            &[Key::new("days", WEEKDAYS, "On one of these days.")],
            &["{ at: \"09:00\", days: [sun] }"],
        ),
        Head::new(
            Key::new("days", WEEKDAYS, "Until one of these days begins, or at once on such a day.")
                .rows("A3"),
            &[],
            &["{ days: [sun, mon] }"],
        ),
        Head::new(
            Key::new("date", Takes::Plain(&DATE), "A field's date, or this one.").rows("A3"),
            &[OFFSET_OF_DATE, AT],
            &[
                "{ date: renewal, offset: -3d, at: \"10:00\" }",
                "{ date: order.runs_out, offset: -7d }",
            ],
        ),
        Head::new(
            Key::new("holiday", Takes::Holiday, "A holiday's next coming.").rows("A3"),
            &[OFFSET_OF_DATE, AT],
            &["{ holiday: passover, offset: -1d, at: \"09:00\" }"],
        ),
    ],
    also: Some(Also {
        node: &HAPPENING,
        beside: &[Key::new("for", A_DURATION, "So long at most.").must()],
    }),
    example: "{ purchased: any, for: 3d }",
    ..Node::BASE
};

pub(crate) static WAY: Node = Node {
    name: "way",
    says: "One way of a `split`.",
    keys: &[
        Key::new("share", A_COUNT, "Its share; all shares together are the whole.").must(),
        Key::new("steps", steps(), "What is done on it; it goes on after the split."),
        Key::new(
            "hold_out",
            YES_OR_NO,
            "A hold-out group: it goes its way also when another has won.",
        )
        .or("false"),
    ],
    example: "{ share: 45, steps: [ { email: hello } ], hold_out: true }",
    ..Node::BASE
};

pub(crate) static WINNER: Node = Node {
    name: "winner",
    says: "How the better way of a `split` is found.",
    keys: &[
        Key::new(
            "by",
            Takes::Words(&["opened", "clicked", "goal"]),
            "What is counted, by contacts.",
        )
        .must(),
        Key::new(
            "sample",
            A_COUNT,
            "How many contacts go by their shares before anything is decided.",
        )
        .must(),
    ],
    example: "{ by: clicked, sample: 1000 }",
    ..Node::BASE
};
