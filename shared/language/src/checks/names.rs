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
        said::{conditions, happenings},
        uses::used,
    },
    problem::{Mark, Problem, Report},
    tests::{Line, Test},
    words::{did_you_mean, quote},
};

/// The fewest characters of a name that may be mistyped.
const CHARS_MIN: usize = 4;
/// From so many characters on, another letter in place of one is a slip.
const CHARS_OF_SLIP: usize = 6;
/// From so many characters on, two slips are.
const CHARS_OF_TWO: usize = 8;
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
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Field => "field",
            Self::Event => "event",
            Self::Product => "product",
            Self::Category => "category",
        }
    }
}

/// A name that a flow asks for.
struct Asked<'s> {
    kind: Kind,
    name: &'s str,
    file: &'s str,
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
/// `shop.yaml`, of texts or tests, and categories that no product has.
pub(super) fn check(flows: &[Checked<'_>], setup: &Setup, tests: &[Test]) -> Vec<Problem> {
    let asked: Vec<Asked<'_>> = flows.iter().flat_map(asked).collect();
    let mut names = Names::default();
    names.of_shop(setup);
    flows.iter().for_each(|checked| names.of_flow(checked));
    tests.iter().for_each(|test| names.of_test(test));
    asked.iter().for_each(|asked| names.named(asked.kind, asked.name).times += 1);
    let likely = names.likely();
    let mut problems = Vec::new();
    for Asked { kind, name, file, at } in asked {
        let mut report = Report::new(file);
        let (kind, named) = (kind, names.named(kind, name));
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

/// The names for which a flow asks.
fn asked<'s>(checked: &Checked<'s>) -> Vec<Asked<'s>> {
    let file = checked.source.path.as_str();
    let mut asked = Vec::new();
    let mut add = |kind, name: &'s str, at| asked.push(Asked { kind, name, file, at });
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
    for condition in conditions(checked) {
        match condition.when {
            Condition::List(list) => add(Kind::List, list, condition.at),
            Condition::Event { name, .. } => add(Kind::Event, name, condition.at),
            Condition::Field { name, .. } | Condition::DaysTo { field: name, .. } => {
                add(Kind::Field, name, condition.at);
            }
            Condition::Purchased(test) => {
                of_purchase(&test.what, test.category.as_deref(), condition.at, &mut add);
            }
            _ => {}
        }
    }
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
    asked.retain(|asked| !BROUGHT.iter().any(|root| asked.name.starts_with(root)));
    asked
}

fn of_purchase<'s>(
    product: &'s Product,
    category: Option<&'s str>,
    at: Mark,
    add: &mut impl FnMut(Kind, &'s str, Mark),
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
        let flow = &checked.source.flow;
        let mut texts: Vec<&str> = Vec::new();
        for step in flow.steps.values() {
            match &step.action {
                Action::Join(list) => self.made(Kind::List, list),
                Action::Set(fields) => {
                    fields.keys().for_each(|field| self.made(Kind::Field, field));
                }
                Action::Stamp(field)
                | Action::Count { field, .. }
                | Action::Append { field, .. }
                | Action::Coupon { field, .. } => self.made(Kind::Field, field),
                Action::Sms { text, .. } | Action::Tell { text, .. } => {
                    texts.extend(text.values().map(String::as_str));
                }
                Action::Call { send, .. } => texts.extend(send.values().filter_map(Value::as_str)),
                _ => {}
            }
        }
        for mail in flow.templates.values().flat_map(BTreeMap::values) {
            texts.extend([mail.subject.as_str(), mail.html.as_str()]);
        }
        let names = texts.into_iter().flat_map(|text| used(text, ""));
        let roots: BTreeSet<String> =
            names.filter_map(|name| name.path.split('.').next().map(str::to_owned)).collect();
        roots.iter().for_each(|root| self.named(Kind::Field, root).times += 1);
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
        let known = self.0.get(&(kind, name.chars().next()?))?.iter().take(COMPARED_MAX);
        let near = known.filter_map(|known| Some((slips(name, known)?, known)));
        near.min().map(|(_, known)| known.as_str())
    }
}

/// How many slips lead from one name to another, when that is likely to have happened. Names that
/// differ in numbers alone are two.
fn slips(one: &str, other: &str) -> Option<usize> {
    let (count, other_count) = (one.chars().count(), other.chars().count());
    let short = count.min(other_count);
    let words = |name: &str| name.chars().filter(|c| !c.is_numeric()).collect::<String>();
    if short < CHARS_MIN || count.abs_diff(other_count) > 2 || words(one) == words(other) {
        return None;
    }
    let letters = |name: &str| {
        let mut letters: Vec<char> = name.chars().collect();
        letters.sort_unstable();
        letters
    };
    // Of short words that differ in one letter, both are likely words.
    if short < CHARS_OF_SLIP && count == other_count && letters(one) != letters(other) {
        return None;
    }
    let most = if short < CHARS_OF_TWO { 1 } else { 2 };
    let distance = strsim::damerau_levenshtein(one, other);
    (distance <= most).then_some(distance)
}

#[cfg(test)]
mod tests {
    use super::slips;

    #[test]
    fn what_is_likely_a_slip() {
        for (one, other) in [
            ("newsleter", "newsletter"),
            ("birthdya", "birthday"),
            ("cart abandond", "cart abandoned"),
            ("first visit", "first_visit"),
            ("tire", "tier"),
            ("citty", "city"),
        ] {
            assert!(slips(one, other).is_some(), "{one} {other}");
        }
        for (one, other) in [
            ("vip", "vips"),
            ("card", "cart"),
            ("week 1", "week 2"),
            ("over 50", "over 100"),
            ("opted in", "opted out"),
            ("topic tea", "topic ware"),
        ] {
            assert_eq!(slips(one, other), None, "{one} {other}");
        }
    }
}
