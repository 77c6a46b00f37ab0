//! The parts of `shop.yaml` that journeys name: questions and people; and the caps.

use super::{
    Head, Key, Map, Node, Takes,
    values::{A_DURATION, ADDRESS, CAPPED, LANGUAGE, SHORT_NAME, TEXTS},
};

pub(crate) static QUESTION: Node = Node {
    name: "question",
    says: "What a mail asks. Its type says what may be answered.",
    keys: &[Key::new("text", TEXTS, "The question, also by language.").must()],
    heads: &[
        Head::new(
            Key::new(
                "type",
                Takes::Words(&["nps", "csat", "ces", "text", "date"]),
                "How likely one recommends, 0 to 10; how content one is, 1 to 5; how easy it was, 1 to 7; \
                 words of one's own; or a day.",
            )
            .rows("A7"),
            &[],
            &["{ type: csat, text: { he: \"איך היה?\", en: \"How was it?\" } }"],
        ),
        Head::new(
            Key::new("type", Takes::Words(&["choice"]), "One of some answers.").rows("A7"),
            &[Key::new(
                "options",
                Takes::Map(&Map { names: &SHORT_NAME, of: TEXTS, count: (2, Some(20)) }),
                "The answers by their names: the words of each, also by language, in this order.",
            )
            .must()],
            &[
                "{ type: choice, text: What held you back?, \
               options: { price: { he: המחיר, en: The price }, later: Just not now } }",
            ],
        ),
    ],
    ..Node::BASE
};

pub(crate) static PERSON: Node = Node {
    name: "person",
    says: "Somebody of the shop who is told things.",
    keys: &[
        Key::new("email", Takes::Plain(&ADDRESS), "Where.").must(),
        Key::new(
            "language",
            Takes::Plain(&LANGUAGE),
            "In which language; in the shop's when left out.",
        ),
    ],
    example: "{ email: sales@shop.example, language: en }",
    ..Node::BASE
};

pub(crate) static CAP: Node = Node {
    name: "cap",
    says: "So many messages within a time at most; what is over it is held. One key says which are counted.",
    keys: &[Key::new("within", A_DURATION, "Within which time.").must()],
    heads: &[
        Head::new(
            Key::new("any", Takes::Plain(&CAPPED), "Mails and texts together.").rows("D2"),
            &[],
            &["{ any: 8, within: 7d }"],
        ),
        Head::new(
            Key::new("email", Takes::Plain(&CAPPED), "Mails.").rows("D2"),
            &[],
            &["{ email: 3, within: 1d }"],
        ),
        Head::new(
            Key::new("sms", Takes::Plain(&CAPPED), "Texts.").rows("D2"),
            &[],
            &["{ sms: 1, within: 1d }"],
        ),
    ],
    ..Node::BASE
};
