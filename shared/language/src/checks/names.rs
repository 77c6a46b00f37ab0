//! Names that are probably mistyped: nobody keeps a list of them, but they stand in one place alone and
//! nearly as elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use masa_domain::{
    Action, Anchor, Condition, Form, Moment, OrderStatus, Product, Setup, Trigger,
    is_hosted_elsewhere,
};
use serde_json::Value;

use crate::{
    changes::PROFILE,
    checks::{
        Checked,
        near::slips,
        said::{self, conditions, happenings},
        texts,
        uses::used,
    },
    problem::{Mark, Problem, Report},
    shop,
    tests::{Line, Test},
    words::{did_you_mean, quote},
};

/// With how many names one is compared.
const COMPARED_MAX: usize = 500;
/// What begins the names of values that are no fields of the contact.
const BROUGHT: [&str; 3] = ["event.", "order.", "call."];

/// What has a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    List,
    Field,
    Event,
    Product,
    Category,
    /// The beginning of a value's name in a text: a field, or one of [`VALUES`].
    Tag,
}

/// What texts know beside fields.
const VALUES: [&str; 12] = [
    "answer",
    "call",
    "due",
    "event",
    "form",
    "imported",
    "mail",
    "order",
    "refer_url",
    "referred",
    "shop",
    "unsubscribe_url",
];

impl Kind {
    /// The kind of what has such a name.
    fn named(self) -> Self {
        match self {
            Self::Tag => Self::Field,
            kind => kind,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Field => "field",
            Self::Event => "event",
            Self::Product => "product",
            Self::Category => "category",
            Self::Tag => "merge tag",
        }
    }
}

/// A name for which a file asks.
struct Asked {
    kind: Kind,
    name: String,
    file: String,
    at: Mark,
}

/// What is known of a name.
#[derive(Default)]
struct Named {
    times: usize,
    /// Whether something makes what has this name.
    is_made: bool,
}

/// All names of a folder.
#[derive(Default)]
struct Names(BTreeMap<Kind, BTreeMap<String, Named>>);

/// Reports names that are asked for in one place of the folder and nearly are others of its flows, of
/// `shop.yaml`, of texts or tests, and categories that no product has. `segments` are the conditions of
/// segments.
pub(super) fn check(
    flows: &[Checked<'_>],
    segments: &[said::Asked<'_>],
    setup: &Setup,
    tests: &[Test],
) -> Vec<Problem> {
    let mut asked: Vec<Asked> = flows.iter().flat_map(asked).collect();
    asked.extend(flows.iter().flat_map(in_texts));
    of_conditions(segments, &mut |kind, name, at| {
        asked.push(Asked { kind, name: name.to_owned(), file: shop::FILE.to_owned(), at });
    });
    asked.retain(|asked| !BROUGHT.iter().any(|root| asked.name.starts_with(root)));
    let mut names = Names::default();
    names.of_shop(setup);
    flows.iter().for_each(|checked| names.of_flow(checked));
    tests.iter().for_each(|test| names.of_test(test));
    asked.iter().for_each(|asked| names.named(asked.kind.named(), &asked.name).times += 1);
    let likely = names.likely();
    let mut problems = Vec::new();
    for Asked { kind, name, file, at } in asked {
        let mut report = Report::new(&file);
        let name = name.as_str();
        let named = names.named(kind.named(), name);
        if named.is_made {
            continue;
        }
        if kind == Kind::Category {
            let known = setup.products.values().filter_map(|product| product.category.as_deref());
            let known: BTreeSet<&str> = known.collect();
            let message = format!("no product of shop.yaml has the category {}", quote(name));
            report.add(at, "unknown-name", message).maybe_hint(did_you_mean(name, known));
        } else if named.times == 1
            && let Some(meant) = likely.nearest(kind, name)
        {
            let message =
                format!("the {} {} stands nowhere else in this folder", kind.word(), quote(name));
            report.add(at, "unknown-name", message).hint(format!("did you mean {}?", quote(meant)));
        }
        problems.extend(report.into_problems());
    }
    problems
}

/// Reports the forms for which conditions of a flow ask, and which nobody can fill.
pub(super) fn forms(checked: &Checked<'_>, setup: &Setup, report: &mut Report<'_>) {
    for condition in conditions(checked) {
        form(condition.when, condition.at, &setup.forms, report);
    }
}

/// Reports a form of which `shop.yaml` does not know.
pub(crate) fn form(
    when: &Condition,
    at: Mark,
    forms: &BTreeMap<String, Form>,
    report: &mut Report<'_>,
) {
    let Condition::Form { name, .. } = when else { return };
    if !forms.contains_key(name) && !is_hosted_elsewhere(name) {
        let message = format!("no form is called {}", quote(name));
        let hint = did_you_mean(name, forms.keys().map(String::as_str));
        report.add(at, "unknown-form", message).maybe_hint(hint);
    }
}

/// The names for which a flow asks, but in its texts.
fn asked(checked: &Checked<'_>) -> Vec<Asked> {
    let mut asked = Vec::new();
    let mut add = |kind, name: &str, at| {
        let file = checked.source.path.clone();
        asked.push(Asked { kind, name: name.to_owned(), file, at });
    };
    for said in happenings(checked) {
        match said.trigger {
            Trigger::Joined(list) | Trigger::Left(list) => add(Kind::List, list, said.at),
            Trigger::Event { name, .. } => add(Kind::Event, name, said.at),
            Trigger::Field { name, .. } | Trigger::Date { anchor: Anchor::Field(name), .. } => {
                add(Kind::Field, name, said.at)
            }
            Trigger::Purchased(bought) => {
                of_purchase(&bought.product, bought.category.as_deref(), said.at, &mut add);
            }
            _ => {}
        }
    }
    of_conditions(&conditions(checked), &mut add);
    for node in &checked.graph.nodes {
        match &node.step.action {
            Action::Quiet { event, .. } => add(Kind::Event, event, node.at),
            Action::Leave(list) => add(Kind::List, list, node.at),
            Action::Until { moment: Moment::Date { anchor: Anchor::Field(name), .. }, .. } => {
                add(Kind::Field, name, node.at);
            }
            _ => {}
        }
    }
    asked
}

fn of_conditions(conditions: &[said::Asked<'_>], add: &mut impl FnMut(Kind, &str, Mark)) {
    for condition in conditions {
        match condition.when {
            Condition::List(list) => add(Kind::List, list, condition.at),
            Condition::Event { name, .. } => add(Kind::Event, name, condition.at),
            Condition::Field { name, .. } | Condition::DaysTo { field: name, .. } => {
                add(Kind::Field, name, condition.at);
            }
            Condition::Purchased(test) => {
                of_purchase(&test.what, test.category.as_deref(), condition.at, add);
            }
            _ => {}
        }
    }
}

/// The names with which those of values in a flow's texts begin, each once, where it stands first.
fn in_texts(checked: &Checked<'_>) -> Vec<Asked> {
    let mut found: BTreeMap<String, (String, Mark)> = BTreeMap::new();
    let mut add = |path: &str, file: &str, at| {
        let root = path.split('.').next().unwrap_or_default();
        if !VALUES.contains(&root) && !found.contains_key(root) {
            found.insert(root.to_owned(), (file.to_owned(), at));
        }
    };
    let path = checked.source.path.as_str();
    texts::each(checked, &mut Report::new(path), |text, report| {
        text.names("").iter().for_each(|(path, at)| add(path, report.file(), *at));
    });
    for node in &checked.graph.nodes {
        let Action::Call { send, .. } = &node.step.action else { continue };
        let names = send.values().filter_map(Value::as_str).flat_map(|text| used(text, ""));
        names.for_each(|name| add(&name.path, path, node.at));
    }
    let found = found.into_iter();
    found.map(|(name, (file, at))| Asked { kind: Kind::Tag, name, file, at }).collect()
}

fn of_purchase(
    product: &Product,
    category: Option<&str>,
    at: Mark,
    add: &mut impl FnMut(Kind, &str, Mark),
) {
    if let Product::One(product) = product {
        add(Kind::Product, product, at);
    }
    category.into_iter().for_each(|category| add(Kind::Category, category, at));
}

impl Names {
    fn named(&mut self, kind: Kind, name: &str) -> &mut Named {
        self.0.entry(kind).or_default().entry(name.to_owned()).or_default()
    }

    fn made(&mut self, kind: Kind, name: &str) {
        self.named(kind, name).is_made = true;
    }

    fn of_shop(&mut self, setup: &Setup) {
        let lists = setup.forms.values().flat_map(|form| &form.lists);
        lists.chain(setup.segments.keys()).for_each(|list| self.made(Kind::List, list));
        VALUES.iter().for_each(|value| self.made(Kind::Tag, value));
        setup.questions.keys().for_each(|question| self.made(Kind::Field, question));
        PROFILE.iter().for_each(|field| self.made(Kind::Field, field));
        for (product, facts) in &setup.products {
            self.made(Kind::Product, product);
            facts.category.iter().for_each(|category| self.made(Kind::Category, category));
        }
        let orders = [OrderStatus::Placed, OrderStatus::Refunded, OrderStatus::Cancelled];
        let orders = orders.into_iter().filter_map(OrderStatus::event);
        orders.chain(["visit"]).for_each(|event| self.made(Kind::Event, event));
    }

    fn of_flow(&mut self, checked: &Checked<'_>) {
        for step in checked.source.flow.steps.values() {
            match &step.action {
                Action::Join(list) => self.made(Kind::List, list),
                Action::Set(fields) => {
                    fields.keys().for_each(|field| self.made(Kind::Field, field));
                }
                Action::Stamp(field)
                | Action::Count { field, .. }
                | Action::Append { field, .. }
                | Action::Coupon { field, .. } => self.made(Kind::Field, field),
                _ => {}
            }
        }
    }

    fn of_test(&mut self, test: &Test) {
        test.contact.iter().for_each(|(name, value)| self.of_signup(name, value));
        for step in &test.steps {
            match &step.what {
                Line::Signup(Value::Object(body)) => {
                    body.iter().for_each(|(name, value)| self.of_signup(name, value));
                }
                Line::Form { fields, .. } => {
                    fields.keys().for_each(|field| self.made(Kind::Field, field));
                }
                Line::Buy { product: Some(product), .. } => self.made(Kind::Product, product),
                Line::Event { name, .. } => self.made(Kind::Event, name),
                Line::OnList(list) | Line::NotOnList(list) => {
                    self.named(Kind::List, list).times += 1;
                }
                Line::Field(fields) => {
                    fields.keys().for_each(|field| self.named(Kind::Field, field).times += 1);
                }
                _ => {}
            }
        }
    }

    /// What a signup says of a contact.
    fn of_signup(&mut self, name: &str, value: &Value) {
        match value {
            Value::Array(lists) if name == "lists" => {
                let lists = lists.iter().filter_map(Value::as_str);
                lists.for_each(|list| self.made(Kind::List, list));
            }
            Value::Object(fields) if name == "fields" => {
                fields.keys().for_each(|field| self.made(Kind::Field, field));
            }
            _ => self.made(Kind::Field, name),
        }
    }

    /// The names that one may have been meant to be, by their first letters.
    fn likely(&self) -> Likely {
        let mut likely = Likely::default();
        for (kind, names) in &self.0 {
            let names = names.iter().filter(|(_, named)| named.is_made || named.times > 1);
            for (name, _) in names {
                let first = name.chars().next().unwrap_or_default();
                likely.0.entry((*kind, first)).or_default().push(name.clone());
            }
        }
        likely
    }
}

#[derive(Default)]
struct Likely(BTreeMap<(Kind, char), Vec<String>>);

impl Likely {
    fn nearest(&self, kind: Kind, name: &str) -> Option<&str> {
        let first = name.chars().next()?;
        let kinds = BTreeSet::from([kind, kind.named()]);
        let known = kinds.into_iter().filter_map(|kind| self.0.get(&(kind, first))).flatten();
        let known = known.take(COMPARED_MAX);
        let near = known.filter_map(|known| Some((slips(name, known)?, known)));
        near.min().map(|(_, known)| known.as_str())
    }
}
