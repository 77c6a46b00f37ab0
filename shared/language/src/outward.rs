//! Steps that tell people and systems.

use std::collections::BTreeMap;

use masa_domain::Action;
use serde_json::Value;

use crate::{
    condition::single,
    fields::{Fields, by_language, label},
    jinja::{self, Calls, Place},
    steps::Steps,
    yaml::{Node, Yaml},
};

/// The most values that a call sends.
const VALUES_MAX: usize = 50;

impl Steps<'_, '_> {
    pub(crate) fn tell(&mut self, fields: &Fields<'_>, value: &Node) -> Option<Action> {
        let person = label(value, "a person of shop.yaml", self.report)?;
        if let Some(names) = self.names {
            names.know("people", &person, value.at, self.report);
        }
        let node = fields.must("text", self.report)?;
        let mut text = BTreeMap::new();
        for (language, node, template) in
            by_language(node, "what the person is told, or texts by language,", self.report)?
        {
            jinja::check(&template, Place::of(node), Calls::Nothing, self.report);
            let language = language.unwrap_or_default().to_owned();
            self.inner.texts.insert(language.clone(), Place::of(node));
            text.insert(language, template);
        }
        Some(Action::Tell { person, text })
    }

    pub(crate) fn call(&mut self, fields: &Fields<'_>, value: &Node) -> Option<Action> {
        let system = label(value, "a system of shop.yaml", self.report)?;
        if let Some(names) = self.names {
            names.know("systems", &system, value.at, self.report);
        }
        let mut send = BTreeMap::new();
        if let Some(node) = fields.get("send") {
            let what = "values by their names, such as `{ score: \"{{ score }}\" }`,";
            let values = Fields::of(node, what, self.report)?;
            for (key, node) in values.iter() {
                let value = single(node, self.report)?;
                if let (Value::String(template), Yaml::Scalar(_)) = (&value, &node.yaml) {
                    jinja::check(template, Place::of(node), Calls::Nothing, self.report);
                }
                send.insert(key.text.clone(), value);
            }
            if send.len() > VALUES_MAX {
                let message = format!("a call sends at most {VALUES_MAX} values");
                self.report.add(node.at, "bad-number", message);
                return None;
            }
        }
        Some(Action::Call { system, send })
    }
}
