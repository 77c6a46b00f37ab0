//! Arbitrary journeys and happenings, over an alphabet so small that things meet. The simulation
//! (`tests/sim`) uses them too.

use std::collections::BTreeMap;

use masa_domain::{
    Action, Again, Anchor, Channel, ClockTime, Condition, ConsentGiven, ContactDetails, FieldTest,
    Flow, Goal, Happening, Hours, Item, Kind, MailStatus, Moment, Offset, Order, PRIORITY, Product,
    PurchaseTest, Rest, Since, Span, Step, Trigger, Way, Weekday, Windows,
};
use proptest::{
    collection::{btree_map, vec},
    option,
    prelude::*,
    sample::select,
};
use serde_json::{Value, json};

/// The link that mails have beside `offer`.
pub(crate) const URL: &str = "https://shop.example/tea";

fn name(kind: &'static str, count: u32) -> impl Strategy<Value = String> {
    (0..count).prop_map(move |n| format!("{kind}{n}"))
}

fn list() -> impl Strategy<Value = String> {
    name("list", 3)
}

fn field() -> impl Strategy<Value = String> {
    name("field", 3)
}

pub(crate) fn value() -> impl Strategy<Value = Value> {
    select(vec![
        json!(null),
        json!(true),
        json!(0),
        json!(5),
        json!(5.0),
        json!(-7.5),
        json!(i64::MAX),
        json!(u64::MAX),
        json!(""),
        json!("vip"),
        json!("very vip"),
        json!([]),
        json!(["vip", 5]),
        json!({ "tea": [1, null] }),
        json!("2026-03-01"),
        json!("2026-03-01T12:30:00Z"),
    ])
}

fn product() -> impl Strategy<Value = Product> {
    prop_oneof![Just(Product::Any), Just(Product::Same), name("product", 2).prop_map(Product::One)]
}

pub(crate) fn trigger(chase: bool) -> impl Strategy<Value = Trigger> {
    let calm = prop_oneof![
        3 => list().prop_map(Trigger::Joined),
        1 => name("form", 2).prop_map(Trigger::Form),
        1 => product().prop_map(|product| Trigger::Purchased(product.into())),
        2 => name("event", 2).prop_map(Trigger::event),
        1 => Just(Trigger::Clicked("offer".to_owned())),
        1 => (1..3_u32, any::<bool>()).prop_map(|(times, since_purchase)| Trigger::Opened {
            of: None,
            times,
            since_purchase,
        }),
    ];
    if !chase {
        return calm.boxed();
    }
    prop_oneof![
        4 => calm,
        1 => list().prop_map(Trigger::Left),
        1 => (field(), option::of(field_test()))
            .prop_map(|(name, test)| Trigger::Field { name, test }),
        1 => name("flow", 3).prop_map(Trigger::Ended),
    ]
    .boxed()
}

fn field_test() -> impl Strategy<Value = FieldTest> {
    let number = select(vec![0, 5, 6]).prop_map(serde_json::Number::from);
    prop_oneof![
        value().prop_map(FieldTest::Is),
        vec(value(), 0..3).prop_map(FieldTest::OneOf),
        value().prop_map(FieldTest::Contains),
        number.clone().prop_map(FieldTest::Over),
        number.prop_map(FieldTest::Under),
        any::<bool>().prop_map(FieldTest::Empty),
    ]
}

pub(crate) fn condition() -> impl Strategy<Value = Condition> {
    let was = select(vec![
        MailStatus::Sent,
        MailStatus::Delivered,
        MailStatus::Bounced,
        MailStatus::Opened,
        MailStatus::Clicked,
    ]);
    let link = option::of(select(vec!["offer".to_owned(), URL.to_owned()]));
    let since = || select(vec![Since::Entry, Since::Ever, Since::Within(Span::seconds(3_600))]);
    let leaf = prop_oneof![
        3 => (name("s", 8), was, link, option::weighted(0.3, name("flow", 3)))
            .prop_map(|(step, was, link, flow)| Condition::Email { step, was, link, flow }),
        1 => (product(), since(), 1..3_u32).prop_map(|(what, since, times)| {
            Condition::Purchased(PurchaseTest { times, ..PurchaseTest::once(what, since) })
        }),
        1 => (name("event", 2), since(), 1..3_u32)
            .prop_map(|(name, since, times)| Condition::Event { name, since, times }),
        1 => (name("form", 2), since()).prop_map(|(name, since)| Condition::Form { name, since }),
        1 => Just(Condition::Consent(Channel::Email)),
        1 => (field(), field_test()).prop_map(|(field, test)| Condition::DaysTo { field, test }),
        1 => Just(Condition::Weekday(vec![Weekday::Sun, Weekday::Mon])),
        1 => (field(), field_test()).prop_map(|(name, test)| Condition::Field { name, test }),
        1 => list().prop_map(Condition::List),
    ];
    leaf.prop_recursive(2, 6, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Condition::All),
            vec(inner.clone(), 0..3).prop_map(Condition::Any),
            inner.prop_map(|one| Condition::Not(Box::new(one))),
        ]
    })
}

fn action(chase: bool) -> impl Strategy<Value = Action> {
    let span = || select(vec![0, 45, 3_600, 172_800]).prop_map(Span::seconds);
    let text: BTreeMap<_, _> = [(String::new(), "hi".to_owned())].into();
    prop_oneof![
        4 => Just(Action::Email { template: "hello".to_owned(), kind: None, subject: BTreeMap::new() }),
        2 => Just(Action::Sms { text: text.clone(), kind: Some(Kind::Transactional) }),
        1 => Just(Action::Tell { person: "service".to_owned(), text: text.clone() }),
        1 => Just(Action::Call { system: "crm".to_owned(), send: BTreeMap::new() }),
        4 => span().prop_map(Action::Wait),
        1 => btree_map(field(), value(), 0..3).prop_map(Action::Set),
        1 => (field(), select(vec![1, -2, i64::MAX]))
            .prop_map(|(field, by)| Action::Count { field, by }),
        2 => list().prop_map(Action::Join),
        1 => list().prop_map(move |list| match chase {
            true => Action::Leave(list),
            false => Action::Join(list),
        }),
        1 => Just(Action::Exit),
        1 => (name("event", 2), span()).prop_map(|(event, span)| Action::Quiet { event, span }),
        1 => (0..1_440_u16).prop_map(|minute| Action::Until {
            moment: Moment::Clock { at: Some(ClockTime::minute(minute)), days: Vec::new() },
            late: None,
        }),
        1 => (field(), value()).prop_map(|(field, value)| Action::Append { field, value }),
        1 => field().prop_map(Action::Stamp),
        1 => field().prop_map(|field| Action::Coupon { field, prefix: "TEA".to_owned() }),
        1 => (name("flow", 3), field()).prop_map(move |(flow, field)| match chase {
            true => Action::Start(flow),
            false => Action::Stamp(field),
        }),
    ]
}

/// A step as people write it: a tree.
#[derive(Debug, Clone)]
enum Node {
    Do(Action),
    Fork(Fork, Vec<Node>, Vec<Node>),
}

/// By what a fork goes one way or the other.
#[derive(Debug, Clone)]
enum Fork {
    If(Condition),
    Await(Trigger),
    Split,
    /// A date, and where who is late goes on.
    Dated(String),
}

fn fork(chase: bool) -> impl Strategy<Value = Fork> {
    prop_oneof![
        4 => condition().prop_map(Fork::If),
        2 => trigger(chase).prop_map(Fork::Await),
        1 => Just(Fork::Split),
        1 => field().prop_map(Fork::Dated),
    ]
}

fn nodes(chase: bool) -> impl Strategy<Value = Vec<Node>> {
    let node = action(chase).prop_map(Node::Do).prop_recursive(3, 16, 4, move |inner| {
        (fork(chase), vec(inner.clone(), 0..4), vec(inner, 0..3))
            .prop_map(|(fork, then, otherwise)| Node::Fork(fork, then, otherwise))
    });
    vec(node, 0..8)
}

fn forked(fork: Fork, then: Option<String>, otherwise: Option<String>) -> Step {
    let way = |name: &str, first| Way { name: name.to_owned(), share: 1, hold_out: false, first };
    let action = match fork {
        Fork::If(when) => Action::If { when, then, otherwise },
        Fork::Await(trigger) => {
            Action::Await { until: vec![trigger], span: Span::seconds(3_600), then, otherwise }
        }
        Fork::Split => {
            Action::Split { ways: vec![way("a", then), way("b", otherwise)], winner: None }
        }
        Fork::Dated(field) => {
            let anchor = Anchor::Field(field);
            let moment = Moment::Date { anchor, offset: Offset::default(), at: None };
            return Step { action: Action::Until { moment, late: otherwise }, next: then };
        }
    };
    Step { action, next: None }
}

/// Lays the tree out as steps that name the next one, and returns the first.
fn lay_out(
    nodes: &[Node],
    after: Option<String>,
    steps: &mut BTreeMap<String, Step>,
    count: &mut u32,
) -> Option<String> {
    let Some((node, rest)) = nodes.split_first() else { return after };
    let id = format!("s{count}");
    *count += 1;
    let next = lay_out(rest, after, steps, count);
    let step = match node {
        Node::Do(action) => Step { action: action.clone(), next },
        Node::Fork(fork, then, otherwise) => {
            let then = lay_out(then, next.clone(), steps, count);
            let otherwise = lay_out(otherwise, next, steps, count);
            forked(fork.clone(), then, otherwise)
        }
    };
    steps.insert(id.clone(), step);
    Some(id)
}

/// When messages may go, for how long they are held, which goes first, and whether at the best hour.
fn dose() -> impl Strategy<Value = (Windows, Option<Span>, u8, bool)> {
    let hours = Hours { from: ClockTime::minute(540), until: ClockTime::minute(1_200) };
    let windows = prop_oneof![
        3 => Just(Windows::default()),
        1 => Just(Windows { hours: Some(hours), ..Windows::default() }),
        1 => Just(Windows { days: vec![Weekday::Sun], rest: Rest::Israel, ..Windows::default() }),
    ];
    let deadline = option::of(select(vec![0, 3_600, 172_800]).prop_map(Span::seconds));
    (windows, deadline, select(vec![PRIORITY, 2, 8]), prop::bool::weighted(0.2))
}

fn flow(chase: bool) -> impl Strategy<Value = Flow> {
    let again = prop_oneof![
        Just(Again::Never),
        Just(Again::Always),
        select(vec![0, 60, 86_400]).prop_map(|pause| Again::After(Span::seconds(pause))),
    ];
    let entry_if = option::weighted(0.2, condition());
    let goal = option::weighted(0.3, trigger(chase));
    (
        nodes(chase),
        vec(trigger(chase), 1..4),
        vec(trigger(chase), 0..2),
        again,
        entry_if,
        goal,
        dose(),
    )
        .prop_map(|(nodes, triggers, exits, again, entry_if, goal, dose)| {
            let (windows, deadline, priority, best_hour) = dose;
            let (mut steps, mut count) = (BTreeMap::new(), 0);
            let first = lay_out(&nodes, None, &mut steps, &mut count);
            Flow {
                triggers,
                entry_if,
                again,
                exits,
                windows,
                deadline,
                priority,
                best_hour,
                goal: goal.map(|by| Goal { reached_by: vec![by], within: Span::seconds(7_200) }),
                first,
                steps,
                ..Flow::default()
            }
        })
}

/// Several journeys without loops; those that may not `chase` do not begin one another
/// by what steps do, but by joining lists, of which there are few.
pub(crate) fn flows(chase: bool) -> impl Strategy<Value = Vec<Flow>> {
    vec(flow(chase), 1..5).prop_map(|mut flows| {
        for (n, flow) in flows.iter_mut().enumerate() {
            flow.name = format!("flow{n}");
        }
        flows
    })
}

pub(crate) fn happening() -> impl Strategy<Value = Happening> {
    let order = vec(name("product", 2), 0..3).prop_map(|products| Order {
        currency: Some("ILS".to_owned()),
        total: Some("120.50".to_owned()),
        items: products.into_iter().map(item).collect(),
        ..Order::default()
    });
    prop_oneof![
        option::of(name("form", 2)).prop_map(|form| Happening::Signup { form }),
        order.prop_map(Happening::Purchase),
        (name("event", 2), value()).prop_map(|(name, data)| Happening::Event { name, data }),
        (field(), value()).prop_map(|(question, answer)| Happening::Answered { question, answer }),
    ]
}

pub(crate) fn item(product_id: String) -> Item {
    Item { product_id, name: None, quantity: 2, price: Some("60.25".to_owned()) }
}

pub(crate) fn details() -> impl Strategy<Value = ContactDetails> {
    let yes = || option::of(any::<bool>());
    let consent =
        (yes(), yes()).prop_map(|(email, sms)| ConsentGiven { email, sms, ..Default::default() });
    let lists = prop_oneof![2 => Just(Vec::new()), 1 => vec(list(), 1..3)];
    (lists, btree_map(field(), value(), 0..2), option::of(consent)).prop_map(
        |(lists, fields, consent)| ContactDetails {
            lists,
            fields,
            consent,
            ..ContactDetails::default()
        },
    )
}
