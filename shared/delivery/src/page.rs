//! Templates: what they see of a contact and an occasion, and the layout around a body.

use std::{collections::BTreeMap, sync::Arc};

use masa_domain::Kind;
use minijinja::{
    Environment, UndefinedBehavior, Value,
    value::{Serde, ValueKind},
};
use serde_json::{Map, json};

use crate::compose::{Composer, Occasion};

const LAYOUT: &str = include_str!("layout.html");
/// Languages that are written from right to left.
const RIGHT_TO_LEFT: [&str; 5] = ["he", "ar", "fa", "ur", "yi"];
/// The functions that templates may call. A context's value of the same name would hide one.
const FUNCTIONS: [&str; 5] = ["link", "range", "dict", "namespace", "debug"];

/// Templates of one message in one language.
pub(crate) struct Page<'a> {
    environment: Environment<'static>,
    context: Value,
    pub(crate) language: &'a str,
    kind: Kind,
}

impl<'a> Page<'a> {
    pub(crate) fn new(
        composer: &Composer,
        occasion: &Occasion<'_>,
        language: &'a str,
        unsubscribe: &str,
    ) -> Self {
        let mut environment = Environment::new();
        // A field that nobody filled prints nothing, also when it is a part of one.
        environment.set_undefined_behavior(UndefinedBehavior::Chainable);
        environment.add_filter("default", default);
        environment.add_filter("d", default);
        let signer = Arc::new((composer.clone(), occasion.contact.clone(), occasion.run.clone()));
        let (flow, shop) = (occasion.flow.clone(), occasion.shop.clone());
        let (message, kind) = (occasion.message, occasion.kind);
        environment.add_function("link", move |url: String| {
            let (composer, contact, run) = &*signer;
            let occasion = Occasion { contact, run, message, flow: &flow, shop: &shop, kind };
            composer.click(&occasion, None, &url)
        });
        let context = Value::from(Serde(context(occasion, language, unsubscribe)));
        Self { environment, context, language, kind }
    }

    pub(crate) fn render(&self, name: &str, template: &str) -> Result<String, String> {
        self.environment
            .render_named_str(name, template, &self.context)
            .map_err(|error| describe(&error))
    }

    pub(crate) fn unsubscribe_label(&self) -> &'static str {
        if self.language.starts_with("he") {
            "להסרה מרשימת התפוצה"
        } else {
            "Unsubscribe"
        }
    }

    /// Puts a body fragment into the layout; a whole document stays as it is.
    pub(crate) fn lay_out(
        &self,
        subject: &str,
        preheader: &str,
        body: String,
    ) -> Result<String, String> {
        let start: String = body.trim_start().chars().take(9).collect();
        let start = start.to_ascii_lowercase();
        if start.starts_with("<!doctype") || start.starts_with("<html") {
            return Ok(body);
        }
        let base = self.language.split('-').next().unwrap_or_default();
        let dir = if RIGHT_TO_LEFT.contains(&base) { "rtl" } else { "ltr" };
        let context = minijinja::context! {
            lang => self.language,
            dir => dir,
            subject => subject,
            preheader => preheader,
            kind => match self.kind {
                Kind::Marketing => "marketing",
                Kind::Transactional => "transactional",
            },
            body => Value::from_safe_string(body),
            ..self.context.clone()
        };
        self.environment
            .render_named_str("layout.html", LAYOUT, context)
            .map_err(|error| describe(&error))
    }
}

/// Describes a template's error without the values that it met.
fn describe(error: &minijinja::Error) -> String {
    match error.line() {
        Some(line) => format!("line {line}: {}", error.kind()),
        None => error.kind().to_string(),
    }
}

/// The `default` filter: an empty text counts as missing, as an empty field of a form should.
fn default(value: Value, other: Option<Value>) -> Value {
    let missing = match value.kind() {
        ValueKind::Undefined | ValueKind::None => true,
        ValueKind::String => value.as_str().is_some_and(|text| text.trim().is_empty()),
        _ => false,
    };
    if missing { other.unwrap_or_default() } else { value }
}

fn context(
    occasion: &Occasion<'_>,
    language: &str,
    unsubscribe: &str,
) -> Map<String, serde_json::Value> {
    let shop = occasion.shop;
    let in_language = |texts: &BTreeMap<String, String>| {
        let text = texts.get(language).or_else(|| texts.get(&shop.language));
        text.or_else(|| texts.values().next()).cloned().unwrap_or_default()
    };
    // Fields first: they can't hide what follows, nor a function that templates call.
    let fields = occasion.contact.fields.clone().into_iter();
    let mut context: Map<String, _> =
        fields.filter(|(name, _)| !FUNCTIONS.contains(&name.as_str())).collect();
    if let serde_json::Value::Object(data) = &occasion.run.data {
        context.extend(data.clone());
    }
    for name in ["email", "phone", "first_name", "last_name", "timezone", "country"] {
        context.insert(name.to_owned(), occasion.contact.field(name).unwrap_or_default());
    }
    context.insert("language".to_owned(), json!(language));
    context.insert("unsubscribe_url".to_owned(), json!(unsubscribe));
    context.insert(
        "shop".to_owned(),
        json!({
            "name": in_language(&shop.name),
            "url": shop.url,
            "address": in_language(&shop.address),
        }),
    );
    context
}
