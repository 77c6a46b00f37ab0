//! Conditions, and the tests of fields.

use super::{
    Head, Key, Need, Node, Takes,
    values::{
        A_COUNT, A_DURATION, A_NAME, A_PRODUCT, A_VALUE, NUMBER, SOME_HOURS, WEEKDAYS, YES_OR_NO,
    },
};

pub(super) const IS: Key =
    Key::new("is", A_VALUE, "It equals this; numbers by value.").need(Need::One);
pub(super) const ONE_OF: Key =
    Key::new("one_of", Takes::List(&A_VALUE, 1), "It is one of these.").need(Need::One);
pub(super) const CONTAINS: Key =
    Key::new("contains", A_VALUE, "A text that contains this one, or a list that has this member.")
        .need(Need::One);
pub(super) const OVER: Key =
    Key::new("over", Takes::Plain(&NUMBER), "A number over this one.").need(Need::One);
pub(super) const UNDER: Key =
    Key::new("under", Takes::Plain(&NUMBER), "A number under this one.").need(Need::One);
pub(super) const EMPTY: Key = Key::new(
    "empty",
    YES_OR_NO,
    "`true`: it is missing, or an empty text or list. `false`: the opposite.",
)
.need(Need::One);

/// The tests of a field.
pub(crate) static TESTS: [Key; 6] = [IS, ONE_OF, CONTAINS, OVER, UNDER, EMPTY];

pub(crate) static FIELD_TEST: Node = Node {
    name: "test of a field",
    says: "One of these stands beside the field. A value of another type than the test's answers no.",
    keys: &[Key::new("field", A_NAME, "The field.").must()],
    heads: &[
        Head::new(IS, &[], &["{ field: city, is: Holon }"]),
        Head::new(ONE_OF, &[], &["{ field: city, one_of: [Holon, Haifa] }"]),
        Head::new(CONTAINS, &[], &["{ field: topics, contains: tea }"]),
        Head::new(OVER, &[], &["{ field: order.total, over: 200 }"]),
        Head::new(UNDER, &[], &["{ field: points, under: 10 }"]),
        Head::new(EMPTY, &[], &["{ field: tier, empty: true }"]),
    ],
    ..Node::BASE
};

const SINCE: Key = Key::new(
    "since",
    Takes::Either(&[Takes::Words(&["ever", "entry"]), A_DURATION]),
    "Since when: ever, since the contact entered, or within so long.",
)
.or("ever");
const TIMES: Key = Key::new("times", A_COUNT, "So often at least.").or("1");
static A_CONDITION: Takes = Takes::Node(&CONDITION);

// A constant would have to be known before what it names.
const fn conditions() -> Takes {
    Takes::List(&A_CONDITION, 1)
}

pub(crate) static CONDITION: Node = Node {
    name: "condition",
    says: "What a journey asks about a contact. One key says what is asked.",
    heads: &[
        Head::new(
            Key::new("email", A_NAME, "What became of the mail, text or call that this step sent.").rows("C1"),
            &[
                Key::new(
                    "was",
                    Takes::Words(&["sent", "delivered", "bounced", "opened", "clicked"]),
                    "What is asked.",
                )
                .must(),
                Key::new(
                    "link",
                    A_NAME,
                    "With `was: clicked`: this link, by its name or address; any when left out.",
                ),
                Key::new(
                    "flow",
                    A_NAME,
                    "The step is one of this other journey, of the contact's last run of it.",
                ),
            ],
            &[
                "{ email: hello, was: clicked, link: offer }",
                "{ email: hello, was: opened, flow: welcome }",
            ],
        ),
        Head::new(
            Key::new("form", A_NAME, "A form was filled.").rows("C2"),
            &[SINCE],
            &["{ form: spring, since: 30d }"],
        ),
        Head::new(
            Key::new(
                "purchased",
                A_PRODUCT,
                "Any product was bought, the one with this id, or (`same`) one of the order that let the \
                 contact in. Within a time, the last 30 orders are known.",
            )
            .rows("C3"),
            &[
                Key::new("category", A_NAME, "A product of this category of `shop.yaml`."),
                SINCE,
                Key::new("times", A_COUNT, "So many orders at least.").or("1"),
                Key::new("total", Takes::Plain(&NUMBER), "For so much at least, all together."),
            ],
            &[
                "{ purchased: any, category: tea, since: entry, times: 3, total: 500 }",
                "{ purchased: same, since: entry }",
            ],
        ),
        Head::new(
            Key::new("event", A_NAME, "An event of this name came. How often counts ever; `since` asks when last."),
            &[SINCE, TIMES],
            &["{ event: visit, since: 7d, times: 2 }"],
        ),
        Head::new(
            Key::new(
                "field",
                A_NAME,
                "A field, a profile entry, `event.…` or `order.…` of what let in, or `call.…` of what a system \
                 answered last.",
            )
            .rows("C5"),
            &TESTS,
            &[
                "{ field: event.city, is: Holon }",
                "{ field: city, one_of: [Holon, Haifa] }",
                "{ field: topics, contains: tea }",
                "{ field: order.total, over: 200 }",
                "{ field: points, under: 10 }",
                "{ field: tier, empty: true }",
            ],
        ),
        Head::new(
            Key::new("list", A_NAME, "The contact is on this list.").rows("C5"),
            &[],
            &["{ list: vip }"],
        ),
        Head::new(
            Key::new("consent", Takes::Words(&["email", "sms"]), "The contact agreed to this channel.")
                .rows("C5"),
            &[],
            &["{ consent: email }"],
        ),
        Head::new(
            Key::new(
                "days_to",
                A_NAME,
                "Whole days from today to the date in this field, negative when it has passed.",
            )
            .rows("C4"),
            &[IS, OVER, UNDER],
            &[
                "{ days_to: renewal, under: 10 }",
                "{ days_to: renewal, over: 3 }",
                "{ days_to: renewal, is: 0 }",
            ],
        ),
        Head::new(
            Key::new("weekday", WEEKDAYS, "Today is one of these where the contact lives.").rows("C4"),
            &[],
            &["{ weekday: [fri, sat] }"],
        ),
        Head::new(
            Key::new("hour", SOME_HOURS, "It is this time of day where the contact lives.").rows("C4"),
            &[],
            &["{ hour: \"22:00-06:00\" }"],
        ),
        Head::new(
            Key::new("all", conditions(), "All of these hold.").rows("C6"),
            &[],
            &["{ all: [ { list: vip }, { consent: sms } ] }"],
        ),
        Head::new(
            Key::new("any", conditions(), "Any of these holds.").rows("C6"),
            &[],
            &["{ any: [ { list: vip }, { purchased: any } ] }"],
        ),
        Head::new(
            Key::new("not", Takes::Node(&CONDITION), "This does not hold.").rows("C6"),
            &[],
            &["{ not: { list: vip } }"],
        ),
    ],
    ..Node::BASE
};
