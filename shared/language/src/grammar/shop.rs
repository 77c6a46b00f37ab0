//! `shop.yaml`.

use super::{
    CAP, CONDITION, Key, Map, Node, PERSON, QUESTION, Takes,
    values::{
        A_DURATION, A_NAME, ADDRESS, ID, LANGUAGE, NAME, ORIGIN, SHORT_NAME, SYSTEM, TEXTS, URL,
        ZONE,
    },
};

const A_CAP: Takes = Takes::Node(&CAP);

pub(crate) static SHOP: Node = Node {
    name: "shop.yaml",
    says: "Who sends, what journeys may name, and how much advertising a contact gets.",
    keys: &[
        Key::new(
            "name",
            TEXTS,
            "The shop's name, also by language. Its languages are those of the mails.",
        )
        .must(),
        Key::new("url", Takes::Plain(&URL), "The shop's address on the web.").must(),
        Key::new("address", TEXTS, "The postal address, which the law wants under advertising.")
            .must(),
        Key::new("language", Takes::Plain(&LANGUAGE), "Of contacts of whom none is known.").must(),
        Key::new(
            "timezone",
            Takes::Plain(&ZONE),
            "Where contacts live of whom nothing else is known; UTC when left out.",
        ),
        Key::new(
            "forms",
            Takes::Map(&Map { names: &ID, of: Takes::Node(&FORM), count: (0, None) }),
            "The forms that may be filled. The name is part of the form's web address.",
        ),
        Key::new(
            "products",
            Takes::Map(&Map { names: &NAME, of: Takes::Node(&PRODUCT), count: (0, None) }),
            "What is known of products, by their ids.",
        ),
        Key::new(
            "questions",
            Takes::Map(&Map { names: &SHORT_NAME, of: Takes::Node(&QUESTION), count: (0, None) }),
            "What mails ask with `{{ ask('nps') }}`. An answer is also the contact's field of that name.",
        )
        .rows("A7"),
        Key::new(
            "segments",
            Takes::Map(&Map { names: &SHORT_NAME, of: Takes::Node(&CONDITION), count: (0, Some(50)) }),
            "Lists whose members a condition decides: `joined`, `left` and `list` name them as any other. It \
             asks for no mail, consent, hour, weekday or other segment.",
        )
        .rows("T2, C5"),
        Key::new(
            "people",
            Takes::Map(&Map {
                names: &SHORT_NAME,
                of: Takes::Either(&[Takes::Plain(&ADDRESS), Takes::Node(&PERSON)]),
                count: (0, None),
            }),
            "Who is told things by `tell`, by name or role.",
        )
        .rows("A8"),
        Key::new(
            "systems",
            Takes::Map(&Map { names: &SHORT_NAME, of: Takes::Plain(&SYSTEM), count: (0, None) }),
            "Where `call` goes.",
        )
        .rows("A9"),
        Key::new(
            "cap",
            Takes::Either(&[A_CAP, Takes::List(&A_CAP, 1)]),
            "How much advertising a contact gets at most, of all journeys together. All of these hold.",
        )
        .rows("D2"),
    ],
    example: "\
name: { he: קומקום, en: Kettle }
url: https://shop.example
address: { he: רחוב הגן 1, en: 1 Garden Road }
language: he
timezone: Asia/Jerusalem
forms:
  spring: { lists: [newsletter] }
products:
  mint: { category: tea, lasts: 30d }
questions:
  nps: { type: nps, text: How likely are you to recommend us? }
segments:
  regulars: { purchased: any, times: 3, since: 365d }
people:
  service: service@shop.example
  sales: { email: sales@shop.example, language: en }
systems:
  crm: https://crm.example.com/hooks
cap: [ { email: 3, within: 1d }, { any: 8, within: 7d } ]
",
    ..Node::BASE
};

pub(crate) static FORM: Node = Node {
    name: "form",
    says: "A form: of the shop's pages, or with a page of its own.",
    keys: &[
        Key::new("lists", Takes::List(&A_NAME, 0), "The lists that who fills it joins."),
        Key::new(
            "consent",
            TEXTS,
            "The words beside the button, also by language, kept with the consent as its evidence.",
        ),
        Key::new(
            "origins",
            Takes::List(&Takes::Plain(&ORIGIN), 0),
            "The sites whose pages may send it.",
        ),
        Key::new(
            "title",
            TEXTS,
            "What stands over it, also by language. With it, the form has a page at its own address.",
        ),
        Key::new("text", TEXTS, "What stands under the title."),
        Key::new(
            "ask",
            Takes::List(&A_NAME, 1),
            "What its page asks for, in this order: `email`, `phone`, `first_name`, `last_name` and questions. \
             The address alone when left out.",
        ),
        Key::new(
            "must",
            Takes::List(&A_NAME, 0),
            "What of it must be filled in; the first address when left out.",
        ),
        Key::new(
            "thanks",
            Takes::Plain(&URL),
            "The page to which the browser goes when it was sent. One that says thanks when left out.",
        ),
    ],
    example: "\
lists: [newsletter]
consent: { he: בשליחת הטופס אפשר לכתוב לי, en: By sending this I agree to get letters }
origins: [https://shop.example]
title: { he: בואו נהיה בקשר, en: Stay in touch }
text: { he: פעם בשבוע, en: Once a week }
ask: [email, first_name]
must: [email]
thanks: https://shop.example/thanks
",
    ..Node::BASE
};

pub(crate) static PRODUCT: Node = Node {
    name: "product",
    says: "What is known of a product.",
    keys: &[
        Key::new("category", A_NAME, "What `category` asks for."),
        Key::new("lasts", A_DURATION, "How long one lasts: what `order.runs_out` counts."),
    ],
    example: "{ category: tea, lasts: 30d }",
    ..Node::BASE
};
