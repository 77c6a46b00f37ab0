//! Steps that change fields.

use std::collections::BTreeMap;

use masa_domain::Action;
use serde_json::Value;

use crate::{
    condition::single,
    fields::{Fields, label, text, whole, wrong_type},
    happening::optional,
    problem::Mark,
    steps::Steps,
    words::quote,
    yaml::{Node, Yaml},
};

/// Profile entries. They come from the hooks; a field of the same name would never be seen.
pub(crate) const PROFILE: [&str; 7] =
    ["email", "phone", "first_name", "last_name", "language", "timezone", "country"];

impl Steps<'_, '_> {
    pub(crate) fn set(&mut self, value: &Node) -> Option<Action> {
        let fields = Fields::of(value, "fields to set, such as `{ status: vip }`,", self.report)?;
        let mut set = BTreeMap::new();
        let mut complete = true;
        for (key, node) in fields.iter() {
            complete &= self.writable(&key.text, key.at);
            match node.to_json() {
                Some(value) if !is_storable(&value) => {
                    let what = "a field holds a text, a number below 1e100, true, false or a list \
                                of these, of at most 4096 bytes";
                    self.report.add(node.at, "bad-value", what);
                    complete = false;
                }
                Some(value) => {
                    set.insert(key.text.clone(), value);
                }
                None => {
                    wrong_type(
                        node,
                        "a text, or a number that can be written in JSON,",
                        self.report,
                    );
                    complete = false;
                }
            }
        }
        if set.is_empty() && complete {
            self.report.add(value.at, "empty-list", "this step sets nothing");
            return None;
        }
        complete.then_some(Action::Set(set))
    }

    pub(crate) fn count(&mut self, value: &Node) -> Option<Action> {
        if !matches!(value.yaml, Yaml::Map(_)) {
            let field = label(value, "a field to count", self.report)?;
            return self.writable(&field, value.at).then_some(Action::Count { field, by: 1 });
        }
        let fields = Fields::of(value, "a field to count", self.report)?;
        let mut entries = fields.iter();
        let Some((key, by)) = entries.next() else {
            self.report.add(value.at, "empty-list", "this step counts nothing");
            return None;
        };
        if let Some((second, _)) = entries.next() {
            self.report
                .add(second.at, "two-actions", "a step counts one field")
                .hint("write a step of its own for each");
            return None;
        }
        let writable = self.writable(&key.text, key.at);
        let by = whole(by, "a whole number", self.report)?;
        writable.then(|| Action::Count { field: key.text.clone(), by })
    }

    pub(crate) fn append(&mut self, value: &Node) -> Option<Action> {
        let fields =
            Fields::of(value, "a field and a value, such as `{ topics: tea }`,", self.report)?;
        let mut entries = fields.iter();
        let (Some((key, node)), None) = (entries.next(), entries.next()) else {
            self.report
                .add(value.at, "two-actions", "a step appends to one field")
                .hint("write a step of its own for each");
            return None;
        };
        let value = single(node, self.report);
        self.writable(&key.text, key.at)
            .then_some(())
            .and(value)
            .map(|value| Action::Append { field: key.text.clone(), value })
    }

    pub(crate) fn field_of(&mut self, value: &Node) -> Option<String> {
        let field = label(value, "a field's name", self.report)?;
        self.writable(&field, value.at).then_some(field)
    }

    pub(crate) fn coupon(&mut self, fields: &Fields<'_>, value: &Node) -> Option<Action> {
        let field = self.field_of(value);
        let prefix = optional(fields.get("prefix"), |node| {
            let prefix = text(node, "what the code begins with", self.report)?;
            let good = prefix.len() <= 20
                && prefix.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
            if !good {
                self.report.add(
                    node.at,
                    "bad-prefix",
                    "a code begins with at most 20 characters A-Z and 0-9",
                );
            }
            good.then_some(prefix)
        })?;
        Some(Action::Coupon { field: field?, prefix: prefix.unwrap_or_default() })
    }

    /// Whether a field may be changed by a step.
    pub(crate) fn writable(&mut self, field: &str, at: Mark) -> bool {
        if PROFILE.contains(&field) {
            let message = format!("{} belongs to the contact's profile", quote(field));
            self.report
                .add(at, "profile-field", message)
                .hint("steps change the store's own fields; the profile comes from signups");
            return false;
        }
        if field.trim().is_empty() {
            self.report.add(at, "bad-name", "a field needs a name");
            return false;
        }
        true
    }
}

/// Whether a field may hold `value`: what forms and webhooks may set too, and the table can store.
fn is_storable(value: &Value) -> bool {
    let plain = |value: &Value| match value {
        Value::Number(number) => number
            .as_f64()
            .is_some_and(|number| number == 0.0 || (1e-100..=1e100).contains(&number.abs())),
        Value::Array(_) | Value::Object(_) => false,
        Value::Null | Value::Bool(_) | Value::String(_) => true,
    };
    let plain = match value {
        Value::Array(members) => members.iter().all(plain),
        value => plain(value),
    };
    plain && value.to_string().len() <= 4096
}
