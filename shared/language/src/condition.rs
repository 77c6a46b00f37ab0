//! Conditions: `{ email: hello, was: opened }`, `{ purchased: any }`, `{ all: [ … ] }`.

use masa_domain::{Condition, FieldTest, MailStatus, Product, Since};
use serde_json::Value;

use crate::{
    fields::{Fields, Heads, label, list, word, wrong_type},
    problem::{Mark, Report},
    words::{quote, slug},
    yaml::{Key, Node, Scalar},
};

/// How deep conditions may stand in each other.
const DEPTH_MAX: usize = 40;

const HEADS: [&str; 7] = ["email", "purchased", "field", "list", "all", "any", "not"];
const TESTS: [&str; 6] = ["is", "one_of", "contains", "over", "under", "empty"];

const NAMES: Heads = Heads {
    what: "condition",
    unknown: "unknown-condition",
    two: "two-conditions",
    apart: "join conditions with `all: [ … ]` or `any: [ … ]`",
    beside: &["was", "link", "since", "is", "one_of", "contains", "over", "under", "empty"],
};

const TEST_NAMES: Heads = Heads {
    what: "field test",
    unknown: "missing-test",
    two: "two-tests",
    apart: "join conditions with `all: [ … ]` or `any: [ … ]`",
    beside: &["field"],
};

/// A step that a condition names.
#[derive(Debug)]
pub(crate) struct Mention {
    pub step: String,
    pub at: Mark,
}

/// Reads conditions, and remembers the steps that they name.
pub(crate) struct Conditions<'r, 'f> {
    pub report: &'r mut Report<'f>,
    pub mentions: &'r mut Vec<Mention>,
    /// Whether the condition is asked before there is a run: of entry.
    pub before_entry: bool,
}

impl Conditions<'_, '_> {
    pub(crate) fn read(&mut self, node: &Node) -> Option<Condition> {
        self.nested(node, 0)
    }

    fn nested(&mut self, node: &Node, depth: usize) -> Option<Condition> {
        if depth >= DEPTH_MAX {
            let message = format!("conditions stand more than {DEPTH_MAX} deep in each other");
            self.report.add(node.at, "too-deep", message);
            return None;
        }
        let fields =
            Fields::of(node, "a condition such as `{ email: hello, was: opened }`", self.report)?;
        let (head, key, value) = fields.head(&HEADS, &NAMES, self.report)?;
        let beside: &[&str] = match head {
            "email" => &["was", "link"],
            "purchased" => &["since"],
            "field" => &TESTS,
            _ => &[],
        };
        // Without a test, an unknown key was meant to be one, which is told below.
        if head != "field" || TESTS.iter().any(|test| fields.get(test).is_some()) {
            fields.only(&[&[head], beside].concat(), self.report);
        }
        match head {
            "email" => self.email(&fields, key, value),
            "purchased" => self.purchased(&fields, value),
            "field" => self.field(&fields, value),
            "list" => label(value, "a list", self.report).map(Condition::List),
            "all" => self.several(value, depth).map(Condition::All),
            "any" => self.several(value, depth).map(Condition::Any),
            _ => self.nested(value, depth + 1).map(|one| Condition::Not(Box::new(one))),
        }
    }

    fn several(&mut self, node: &Node, depth: usize) -> Option<Vec<Condition>> {
        let members = list(node, "a list of conditions", self.report)?;
        let read: Vec<_> = members.iter().map(|one| self.nested(one, depth + 1)).collect();
        read.into_iter().collect()
    }

    fn email(&mut self, fields: &Fields<'_>, key: &Key, value: &Node) -> Option<Condition> {
        if self.before_entry {
            self.report
                .add(key.at, "email-before-entry", "nothing was sent yet when the entry is decided")
                .hint("ask this in an `if` step");
        }
        let step = label(value, "the id of a step", self.report);
        if let Some(step) = &step
            && !self.before_entry
        {
            self.mentions.push(Mention { step: step.clone(), at: value.at });
        }
        let was = fields.must("was", self.report).and_then(|was| {
            let words = [
                ("sent", MailStatus::Sent),
                ("opened", MailStatus::Opened),
                ("clicked", MailStatus::Clicked),
            ];
            word(was, &words, self.report)
        });
        let link = match fields.get("link") {
            Some(link) => Some(label(link, "a link's name or address", self.report)?),
            None => None,
        };
        if let (Some(node), Some(MailStatus::Sent | MailStatus::Opened)) = (fields.get("link"), was)
        {
            self.report
                .add(node.at, "link-not-clicked", "a link is asked about with `was: clicked` alone")
                .hint("write `was: clicked`, or leave the link out");
        }
        Some(Condition::Email { step: step?, was: was?, link })
    }

    fn purchased(&mut self, fields: &Fields<'_>, value: &Node) -> Option<Condition> {
        let what = product(value, self.report);
        let since = match fields.get("since") {
            None => Some(Since::Ever),
            Some(node) => {
                let since =
                    word(node, &[("entry", Since::Entry), ("ever", Since::Ever)], self.report);
                if self.before_entry && since == Some(Since::Entry) {
                    self.report
                        .add(
                            node.at,
                            "since-before-entry",
                            "there is no entry yet when it is decided",
                        )
                        .hint("leave `since` out to ask about all purchases");
                }
                since
            }
        };
        Some(Condition::Purchased { what: what?, since: since? })
    }

    fn field(&mut self, fields: &Fields<'_>, value: &Node) -> Option<Condition> {
        let name = label(value, "a field's name", self.report);
        let (test, _, wanted) = fields.head(&TESTS, &TEST_NAMES, self.report)?;
        let test = match test {
            "is" => FieldTest::Is(self.single(wanted)?),
            "one_of" => {
                let members = list(wanted, "a list of values", self.report)?;
                let members: Vec<_> = members.iter().map(|one| self.single(one)).collect();
                FieldTest::OneOf(members.into_iter().collect::<Option<_>>()?)
            }
            "contains" => FieldTest::Contains(self.single(wanted)?),
            "over" => FieldTest::Over(self.number(wanted)?),
            "under" => FieldTest::Under(self.number(wanted)?),
            _ => FieldTest::Empty(word(wanted, &[("true", true), ("false", false)], self.report)?),
        };
        Some(Condition::Field { name: name?, test })
    }

    /// A text, number or truth value.
    fn single(&mut self, node: &Node) -> Option<Value> {
        match node.scalar().map(Scalar::value) {
            Some(Some(Value::Null)) => {
                self.report
                    .add(node.at, "wrong-type", "a value was expected here, not nothing")
                    .hint("a field without a value is asked for with `empty: true`");
                None
            }
            Some(Some(value)) => Some(value),
            _ => {
                wrong_type(node, "a text, a number, true or false", self.report);
                None
            }
        }
    }

    fn number(&mut self, node: &Node) -> Option<serde_json::Number> {
        match node.scalar().and_then(Scalar::value) {
            Some(Value::Number(number)) => Some(number),
            _ => {
                wrong_type(node, "a number", self.report);
                None
            }
        }
    }
}

/// `any` or a product's id.
pub(crate) fn product(node: &Node, report: &mut Report<'_>) -> Option<Product> {
    let product = label(node, "`any` or the id of a product", report)?;
    Some(if product == "any" { Product::Any } else { Product::One(product) })
}

/// What a condition is about, as part of the id of its step.
pub(crate) fn about(condition: &Condition) -> String {
    let joined = |first: &str, second: &str| match slug(second) {
        second if second.is_empty() => first.to_owned(),
        second => format!("{first}-{second}"),
    };
    match condition {
        Condition::Email { step, was, .. } => {
            let was = match was {
                MailStatus::Sent => "sent",
                MailStatus::Opened => "opened",
                MailStatus::Clicked => "clicked",
            };
            format!("{}-{was}", slug(step))
        }
        Condition::Purchased { what: Product::Any, .. } => "purchased".to_owned(),
        Condition::Purchased { what: Product::One(product), .. } => joined("purchased", product),
        Condition::Field { name, .. } => match slug(name) {
            name if name.is_empty() => "field".to_owned(),
            name => name,
        },
        Condition::List(list) => joined("list", list),
        Condition::All(_) => "all".to_owned(),
        Condition::Any(_) => "any".to_owned(),
        Condition::Not(one) => joined("not", &about(one)),
    }
}

/// Reports the conditions that name no sending step of the flow. `sending` are its e-mails and
/// SMS, `others` its other steps.
pub(crate) fn check_mentions(
    mentions: &[Mention],
    sending: &std::collections::BTreeSet<String>,
    others: &std::collections::BTreeSet<String>,
    report: &mut Report<'_>,
) {
    for Mention { step, at } in mentions {
        if sending.contains(step) {
            continue;
        }
        let names = || sending.iter().map(String::as_str);
        let message = if others.contains(step) {
            format!("the step {} sends nothing", quote(step))
        } else {
            format!("no step of this flow is called {}", quote(step))
        };
        report
            .add(*at, "unknown-step", message)
            .maybe_hint(crate::words::did_you_mean(step, names()));
    }
}
