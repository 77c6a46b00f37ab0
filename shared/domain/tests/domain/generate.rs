//! Arbitrary journeys and histories, over an alphabet so small that things meet.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use masa_domain::{
    Action, Again, Condition, ConsentGiven, ContactDetails, FieldTest, Flow, Happening, Item, Kind,
    MailStatus, MessageId, Order, Product, RunId, Since, Span, Status, Step, Stimulus, Trigger,
    link::link_key,
};
use proptest::{
    collection::{btree_map, vec},
    option,
    prelude::*,
    sample::{Index, select},
};
use serde_json::{Value, json};

use crate::world::{Outcome, World, message};

/// The link that mails have beside `offer`.
pub(crate) const URL: &str = "https://shop.example/tea";

/// How long a table stream keeps a fact, and so how late it can come again.
const STREAM: SignedDuration = SignedDuration::from_hours(24);

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

fn happening() -> impl Strategy<Value = Happening> {
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

/// Something that the world does. An index picks among what there is at that moment.
#[derive(Debug, Clone)]
pub(crate) enum Op {
    /// A fact comes, `late` seconds after it was let in; the function may crash after the commit.
    Fact { what: Happening, details: Box<ContactDetails>, late: u32, crash: bool },
    /// A message on the queue meets its fate.
    Settle { which: Index, outcome: Outcome, crash: bool },
    /// A wake fires, at its time or late.
    Wake { which: Index, crash: bool },
    /// A mail is read.
    Read { which: Index, clicked: Option<bool> },
    /// An earlier stimulus comes again.
    Again(Index),
    /// A wake or an outcome for any generation of any run, or of no run.
    Stray { which: Option<Index>, generation: u32, wake: bool },
    /// Time passes, in seconds.
    Pass(u32),
}

fn op() -> impl Strategy<Value = Op> {
    let crash = || prop::bool::weighted(0.2);
    let which = any::<Index>;
    prop_oneof![
        4 => (happening(), details(), select(vec![0, 0, 30, 3_600]), crash())
            .prop_map(|(what, details, late, crash)| Op::Fact { what, details: Box::new(details), late, crash }),
        5 => (which(), outcome(), crash())
            .prop_map(|(which, outcome, crash)| Op::Settle { which, outcome, crash }),
        3 => (which(), crash()).prop_map(|(which, crash)| Op::Wake { which, crash }),
        2 => (which(), option::of(any::<bool>()))
            .prop_map(|(which, clicked)| Op::Read { which, clicked }),
        2 => which().prop_map(Op::Again),
        1 => (option::of(which()), 0..6_u32, any::<bool>())
            .prop_map(|(which, generation, wake)| Op::Stray { which, generation, wake }),
        1 => (0..1_800_u32).prop_map(Op::Pass),
    ]
}

pub(crate) fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        4 => Just(Outcome::Sent),
        1 => Just(Outcome::Skipped),
        1 => Just(Outcome::Failed),
        1 => Just(Outcome::Unknown),
    ]
}

/// A history.
pub(crate) fn history() -> impl Strategy<Value = Vec<Op>> {
    vec(op(), 0..40)
}

impl World {
    /// A world in which `ops` happened.
    pub(crate) fn after(flows: Vec<Flow>, ops: &[Op]) -> Self {
        let mut world = Self::new(flows);
        ops.iter().for_each(|op| world.play(op));
        world
    }

    fn play(&mut self, op: &Op) {
        match op {
            Op::Fact { what, details, late, crash } => {
                let mut fact = self.fact(what.clone(), (**details).clone());
                fact.received_at -= SignedDuration::from_secs(i64::from(*late));
                fact.at = fact.received_at - SignedDuration::from_secs(i64::from(*late % 7));
                self.receive(&Stimulus::Fact(Box::new(fact)), *crash);
            }
            Op::Settle { which, outcome, crash } => {
                let Some(id) = pick(self.sends.keys(), which) else { return };
                let stimulus = self.settle(id, *outcome);
                self.receive(&stimulus, *crash);
            }
            Op::Wake { which, crash } => {
                self.mend();
                let Some((run, generation)) = pick(self.armed.keys(), which) else { return };
                let until = self.armed.remove(&(run, generation)).unwrap();
                self.now = self.now.max(until);
                self.receive(&Stimulus::Wake { run, generation }, *crash);
            }
            Op::Read { which, clicked } => {
                let Some(id) = pick(self.messages.keys(), which) else { return };
                self.read(id, *clicked);
            }
            Op::Again(which) => self.again(which),
            Op::Stray { which, generation, wake } => self.stray(which, *generation, *wake),
            Op::Pass(seconds) => {
                self.mend();
                self.pass(*seconds);
            }
        }
    }

    fn receive(&mut self, stimulus: &Stimulus, crash: bool) {
        if crash { self.act_and_crash(stimulus) } else { self.act(stimulus) }
    }

    /// The reader opens a mail, or follows a link in it: the named one or the other.
    fn read(&mut self, id: MessageId, named: Option<bool>) {
        let now = self.now;
        let message = self.messages.get_mut(&id).unwrap();
        message.opened_at = Some(now);
        if let Some(named) = named {
            message.clicked_at = Some(now);
            message.links.insert(link_key(named.then_some("offer"), URL), now);
        }
    }

    fn again(&mut self, which: &Index) {
        let Some(stimulus) = pick(self.log.iter().map(|moved| &moved.stimulus), which) else {
            return;
        };
        if let Stimulus::Fact(fact) = &stimulus
            && self.now.duration_since(fact.received_at) > STREAM
        {
            return;
        }
        self.act(&stimulus);
    }

    fn stray(&mut self, which: &Option<Index>, generation: u32, wake: bool) {
        let known = which.and_then(|which| pick(self.contact.runs.keys(), &which));
        let run = known.unwrap_or(RunId(masa_domain::Id::derive(&["nobody's run"])));
        let status = Status::Unknown { at: self.now };
        self.act(&match wake {
            true => Stimulus::Wake { run, generation },
            false => Stimulus::Message(Box::new(message(MessageId { run, generation }, status))),
        });
    }
}

fn pick<'a, T: Clone + 'a>(
    items: impl ExactSizeIterator<Item = &'a T>,
    which: &Index,
) -> Option<T> {
    let mut items = items;
    (items.len() > 0).then(|| which.index(items.len())).and_then(|n| items.nth(n)).cloned()
}
