//! Arbitrary journeys and happenings, over an alphabet so small that things meet. The simulation
//! (`tests/sim`) uses them too.

use std::collections::BTreeMap;

use masa_domain::{
    Action, Again, Condition, ConsentGiven, ContactDetails, FieldTest, Flow, Happening, Item, Kind,
    MailStatus, Order, Product, Since, Span, Step, Trigger,
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
    ])
}

fn product() -> impl Strategy<Value = Product> {
    prop_oneof![Just(Product::Any), name("product", 2).prop_map(Product::One)]
}

pub(crate) fn trigger() -> impl Strategy<Value = Trigger> {
    prop_oneof![
        3 => list().prop_map(Trigger::Joined),
        1 => name("form", 2).prop_map(Trigger::Form),
        1 => product().prop_map(Trigger::Purchased),
        2 => name("event", 2).prop_map(Trigger::Event),
    ]
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
    let was = select(vec![MailStatus::Sent, MailStatus::Opened, MailStatus::Clicked]);
    let link = option::of(select(vec!["offer".to_owned(), URL.to_owned()]));
    let since = select(vec![Since::Entry, Since::Ever]);
    let leaf = prop_oneof![
        3 => (name("s", 8), was, link)
            .prop_map(|(step, was, link)| Condition::Email { step, was, link }),
        1 => (product(), since).prop_map(|(what, since)| Condition::Purchased { what, since }),
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

fn action(leave: bool) -> impl Strategy<Value = Action> {
    let span = select(vec![0, 45, 3_600, 172_800]).prop_map(Span::seconds);
    let text = BTreeMap::from([(String::new(), "hi".to_owned())]);
    prop_oneof![
        4 => Just(Action::Email { template: "hello".to_owned(), kind: None }),
        2 => Just(Action::Sms { text, kind: Some(Kind::Transactional) }),
        4 => span.prop_map(Action::Wait),
        1 => btree_map(field(), value(), 0..3).prop_map(Action::Set),
        1 => (field(), select(vec![1, -2, i64::MAX]))
            .prop_map(|(field, by)| Action::Count { field, by }),
        2 => list().prop_map(Action::Join),
        1 => list().prop_map(move |list| match leave {
            true => Action::Leave(list),
            false => Action::Join(list),
        }),
        1 => Just(Action::Exit),
    ]
}

/// A step as people write it: a tree.
#[derive(Debug, Clone)]
enum Node {
    Do(Action),
    Choose(Condition, Vec<Node>, Vec<Node>),
}

fn nodes(leave: bool) -> impl Strategy<Value = Vec<Node>> {
    let node = action(leave).prop_map(Node::Do).prop_recursive(3, 16, 4, |inner| {
        (condition(), vec(inner.clone(), 0..4), vec(inner, 0..3))
            .prop_map(|(when, then, otherwise)| Node::Choose(when, then, otherwise))
    });
    vec(node, 0..8)
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
        Node::Choose(when, then, otherwise) => {
            let then = lay_out(then, next.clone(), steps, count);
            let otherwise = lay_out(otherwise, next, steps, count);
            Step { action: Action::If { when: when.clone(), then, otherwise }, next: None }
        }
    };
    steps.insert(id.clone(), step);
    Some(id)
}

fn flow(leave: bool) -> impl Strategy<Value = Flow> {
    let again = prop_oneof![
        Just(Again::Never),
        Just(Again::Always),
        select(vec![0, 60, 86_400]).prop_map(|pause| Again::After(Span::seconds(pause))),
    ];
    let entry_if = option::weighted(0.2, condition());
    (nodes(leave), vec(trigger(), 1..4), vec(trigger(), 0..2), again, entry_if).prop_map(
        |(nodes, triggers, exits, again, entry_if)| {
            let (mut steps, mut count) = (BTreeMap::new(), 0);
            let first = lay_out(&nodes, None, &mut steps, &mut count);
            Flow {
                name: String::new(),
                kind: Kind::Marketing,
                on_unknown: None,
                triggers,
                entry_if,
                again,
                exits,
                first,
                steps,
                templates: BTreeMap::new(),
            }
        },
    )
}

/// Several journeys without loops; those that never `leave` a list cannot chase one another.
pub(crate) fn flows(leave: bool) -> impl Strategy<Value = Vec<Flow>> {
    vec(flow(leave), 1..5).prop_map(|mut flows| {
        for (n, flow) in flows.iter_mut().enumerate() {
            flow.name = format!("flow{n}");
        }
        flows
    })
}

pub(crate) fn happening() -> impl Strategy<Value = Happening> {
    let order = vec(name("product", 2), 0..3).prop_map(|products| Order {
        order_id: "1001".to_owned(),
        currency: Some("ILS".to_owned()),
        total: Some("120.50".to_owned()),
        items: products.into_iter().map(item).collect(),
        coupon: None,
    });
    prop_oneof![
        option::of(name("form", 2)).prop_map(|form| Happening::Signup { form }),
        order.prop_map(Happening::Purchase),
        (name("event", 2), value()).prop_map(|(name, data)| Happening::Event { name, data }),
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
