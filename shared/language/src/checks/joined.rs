//! Segments that something leads into in the moment in which it happens.

use std::collections::BTreeMap;

use masa_domain::{Bought, Condition, Product, PurchaseTest, Setup, Since, Trigger};

use crate::checks::branches::possible;

/// The conditions of segments, by the keys of the triggers that name what may turn them.
pub(super) struct Turning<'s>(BTreeMap<String, Vec<Turn<'s>>>);

/// A part of a segment's condition.
pub(super) struct Turn<'s> {
    pub segment: &'s str,
    /// The whole condition.
    pub when: &'s Condition,
    /// The part, which stands without others in it.
    one: &'s Condition,
}

impl<'s> Turning<'s> {
    pub(super) fn of(setup: &'s Setup) -> Self {
        let mut turning: BTreeMap<String, Vec<Turn<'s>>> = BTreeMap::new();
        for (segment, condition) in &setup.segments {
            let mut open = vec![(&condition.when, true)];
            while let Some((one, answer)) = open.pop() {
                match one {
                    Condition::Not(one) => open.push((one, !answer)),
                    Condition::All(members) | Condition::Any(members) => {
                        open.extend(members.iter().map(|member| (member, answer)));
                    }
                    _ => {
                        for key in keys(one, answer, setup) {
                            let turn = Turn { segment, when: &condition.when, one };
                            turning.entry(key).or_default().push(turn);
                        }
                    }
                }
            }
        }
        Self(turning)
    }

    /// What a trigger of this key may turn.
    pub(super) fn by(&self, key: &str) -> &[Turn<'s>] {
        self.0.get(key).map(Vec::as_slice).unwrap_or_default()
    }

    /// What may turn the condition of a segment, with the key of the triggers that name it.
    pub(super) fn leading_into(&self, segment: &str) -> impl Iterator<Item = (&str, &Turn<'s>)> {
        let all =
            self.0.iter().flat_map(|(key, turns)| turns.iter().map(|turn| (key.as_str(), turn)));
        all.filter(move |(_, turn)| turn.segment == segment)
    }
}

/// The keys of the triggers that name what turns a condition so that it answers `answer`.
fn keys(one: &Condition, answer: bool, setup: &Setup) -> Vec<String> {
    let trigger = match (one, answer) {
        (Condition::List(list), true) => {
            let forms = setup.forms.iter().filter(|(_, form)| form.lists.contains(list));
            let joining = forms.map(|(name, _)| Trigger::Form(name.clone()));
            return joining.chain([Trigger::Joined(list.clone())]).map(|by| by.key()).collect();
        }
        (Condition::List(list), false) => Trigger::Left(list.clone()),
        (Condition::Form { name, .. }, true) => Trigger::Form(name.clone()),
        (Condition::Event { name, .. }, true) => {
            Trigger::Event { name: name.clone(), matching: BTreeMap::new(), same: None }
        }
        (Condition::Purchased(_), true) => return vec!["purchased".to_owned()],
        (Condition::Field { name, .. }, _) => Trigger::Field { name: name.clone(), test: None },
        _ => return Vec::new(),
    };
    vec![trigger.key()]
}

impl Turn<'_> {
    /// Whether what a trigger of the key names may turn it.
    pub(super) fn may_be_by(&self, trigger: &Trigger) -> bool {
        match (self.one, trigger) {
            (Condition::Purchased(test), Trigger::Purchased(bought)) => by_purchase(test, bought),
            (_, Trigger::Field { name, test: Some(test) }) => {
                let turned = Condition::Field { name: name.clone(), test: test.clone() };
                possible(&Condition::All(vec![self.when.clone(), turned]), true)
            }
            _ => true,
        }
    }
}

fn by_purchase(test: &PurchaseTest, bought: &Bought) -> bool {
    let apart = |one: Option<&str>, other: Option<&str>| {
        one.zip(other).is_some_and(|(one, other)| one != other)
    };
    if apart(one(&test.what), one(&bought.product))
        || apart(test.category.as_deref(), bought.category.as_deref())
    {
        return false;
    }
    // All orders are counted: the last of so many is that one alone.
    let all = test.what == Product::Any && test.category.is_none() && test.since == Since::Ever;
    bought.nth.is_none_or(|nth| match all && test.total.is_none() {
        true => nth == test.times,
        false => nth >= test.times,
    })
}

fn one(product: &Product) -> Option<&str> {
    match product {
        Product::One(product) => Some(product),
        _ => None,
    }
}
