//! Happenings: what triggers, exits, goals and `wait_until` name.

use super::{
    Head, Key, Map, Need, Node, Takes,
    condition::{CONTAINS, EMPTY, IS, ONE_OF, OVER, UNDER},
    values::{
        A_CLOCK, A_COUNT, A_DURATION, A_NAME, A_PRODUCT, AN_OFFSET, ANY_OR_ONE, DATE, MEMBER, NAME,
        NUMBER, REFERRALS, YES_OR_NO,
    },
};

pub(crate) static HAPPENING: Node = Node {
    name: "happening",
    says: "What triggers, exits, goals and `wait_until` name. One key says what it is; those beside it may \
           be left out.",
    heads: &[
        Head::new(
            Key::new("joined", A_NAME, "A list was joined.").rows("T2"),
            &[],
            &["{ joined: newsletter }"],
        ),
        Head::new(
            Key::new("left", A_NAME, "A list was left.").rows("T2"),
            &[],
            &["{ left: newsletter }"],
        ),
        Head::new(
            Key::new("form", A_NAME, "A form of `shop.yaml` was filled, or one of `typeform-ID` and `tally-ID`; its answers are fields.")
                .rows("T1"),
            &[],
            &["{ form: spring }"],
        ),
        Head::new(
            Key::new(
                "purchased",
                A_PRODUCT,
                "Any product was bought, the one with this id, or (`same`, not in triggers) one of the order \
                 that let the contact in.",
            )
            .rows("T3"),
            &[
                Key::new("category", A_NAME, "A product of this category of `shop.yaml`."),
                Key::new("nth", A_COUNT, "The contact's order of this number alone."),
                Key::new("every", A_COUNT, "Each order whose number this divides: 5 for each fifth."),
                Key::new("over", Takes::Plain(&NUMBER), "For more than this, in the order's currency."),
            ],
            &[
                "{ purchased: any, category: tea, nth: 3, over: 200 }",
                "{ purchased: mint, every: 5 }",
                "{ purchased: same }",
            ],
        ),
        Head::new(
            Key::new("event", A_NAME, "An event of this name came. A left cart is the event `cart`.")
                .rows("T6, T7, T10"),
            &[
                Key::new(
                    "where",
                    Takes::Map(&Map { names: &NAME, of: Takes::Plain(&MEMBER), count: (0, None) }),
                    "What members of its data must be.",
                ),
                Key::new(
                    "same",
                    A_NAME,
                    "This member of its data equals that of the event that let the contact in. Not in \
                     triggers.",
                ),
            ],
            &["{ event: paid, where: { plan: pro }, same: invoice_id }"],
        ),
        Head::new(
            Key::new("clicked", A_NAME, "A link with this `data-link` was followed, in any mail.")
                .rows("T4"),
            &[],
            &["{ clicked: offer }"],
        ),
        Head::new(
            Key::new(
                "opened",
                ANY_OR_ONE,
                "Mails were read: of all journeys, or of the one that is named. One mail counts once, and a \
                 click is a reading.",
            )
            .rows("T11"),
            &[
                Key::new("times", A_COUNT, "So many.").or("1"),
                Key::new(
                    "since",
                    Takes::Words(&["purchase"]),
                    "Those since the last purchase alone; with `opened: any` only.",
                ),
            ],
            &["{ opened: any, times: 10, since: purchase }", "{ opened: welcome, times: 2 }"],
        ),
        Head::new(
            Key::new("field", A_NAME, "The field changed; with a test: the test turned true.")
                .rows("T8"),
            &MAY_TEST,
            TESTED,
        ),
        Head::new(
            Key::new(
                "answered",
                A_NAME,
                "A question was answered. The answer is also the field of that name.",
            )
            .rows("T9"),
            &MAY_TEST,
            &[
                "{ answered: nps }",
                "{ answered: nps, is: 10 }",
                "{ answered: taste, one_of: [mint, sage] }",
                "{ answered: taste, contains: mint }",
                "{ answered: nps, over: 8 }",
                "{ answered: nps, under: 7 }",
                "{ answered: nps, empty: false }",
            ],
        ),
        Head::new(
            Key::new("date", Takes::Plain(&DATE), "A day came: a field's date, or this one.").rows("T5"),
            &[
                Key::new("yearly", YES_OR_NO, "Each year again; of a field's date alone.").or("false"),
                OFFSET_OF_DATE,
                AT,
            ],
            &["{ date: birthday, yearly: true, offset: -3d, at: \"09:00\" }"],
        ),
        Head::new(
            Key::new("holiday", Takes::Holiday, "A holiday came.").rows("T5"),
            &[OFFSET_OF_DATE, AT],
            &["{ holiday: passover, offset: -7d, at: \"09:00\" }"],
        ),
        Head::new(
            Key::new("silent", A_DURATION, "Nothing was heard of the contact for so long.").rows("T12"),
            &[Key::new(
                "of",
                Takes::Words(&["any", "purchase", "open", "visit"]),
                "What did not come: an order, the reading of a mail, an event `visit`, or none of them.",
            )
            .or("any")],
            &["{ silent: 60d, of: open }"],
        ),
        Head::new(
            Key::new(
                "referred",
                REFERRALS,
                "A friend signed up or bought through the contact's own link.",
            )
            .rows("T13"),
            &[],
            &["{ referred: purchase }"],
        ),
        Head::new(
            Key::new("ended", A_NAME, "This other journey of the contact came to its end."),
            &[],
            &["{ ended: welcome }"],
        ),
    ],
    ..Node::BASE
};

/// How far from the date, and at what time: of happenings and of waits.
pub(super) const OFFSET_OF_DATE: Key =
    Key::new("offset", AN_OFFSET, "So long before or after.").or("0d");
pub(super) const AT: Key = Key::new(
    "at",
    A_CLOCK,
    "At this time of day where the contact lives; when left out at the date's own, else at 09:00.",
);

static MAY_TEST: [Key; 6] = {
    const NEED: Need = Need::OneOrNone;
    [
        IS.need(NEED),
        ONE_OF.need(NEED),
        CONTAINS.need(NEED),
        OVER.need(NEED),
        UNDER.need(NEED),
        EMPTY.need(NEED),
    ]
};

const TESTED: &[&str] = &[
    "{ field: score }",
    "{ field: tier, is: gold }",
    "{ field: tier, one_of: [silver, gold] }",
    "{ field: topics, contains: tea }",
    "{ field: score, over: 100 }",
    "{ field: score, under: 10 }",
    "{ field: tier, empty: true }",
];
