//! Templates: what they see of a contact and an occasion, and the layout around a body.

use std::sync::Arc;

use masa_domain::{ContactId, Kind, in_language};
use minijinja::{
    Environment, ErrorKind, UndefinedBehavior, Value,
    value::{Serde, ValueKind},
};
use serde_json::{Map, json};

use crate::{
    ask,
    compose::{Composer, Occasion},
    story::Story,
};

const LAYOUT: &str = include_str!("layout.html");
const STORY: &str = include_str!("story.html");
/// Languages that are written from right to left.
const RIGHT_TO_LEFT: [&str; 5] = ["he", "ar", "fa", "ur", "yi"];
/// The functions that templates may call. A context's value of the same name would hide one.
const FUNCTIONS: [&str; 6] = ["link", "ask", "range", "dict", "namespace", "debug"];

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
        let (of, signer) = (occasion.of(), Arc::new(composer.clone()));
        let clicks = Arc::clone(&signer);
        environment.add_function("link", move |url: String| clicks.click(of, None, &url));
        let (questions, shops) =
            (occasion.setup.questions.clone(), occasion.setup.shop.language.clone());
        let own = language.to_owned();
        environment.add_function("ask", move |name: String| {
            let Some(question) = questions.get(&name) else {
                // It was there when the journey was checked.
                let gone = format!("shop.yaml has no question `{name}` any more");
                return Err(minijinja::Error::new(ErrorKind::InvalidOperation, gone));
            };
            let link = |answer: Option<&str>| signer.answer(of, &name, answer, &own);
            Ok(Value::from_safe_string(ask::block(question, &own, &shops, link)))
        });
        let context = Value::from(Serde(context(occasion, language, unsubscribe)));
        Self { environment, context, language, kind: occasion.kind }
    }

    /// A value that a template makes: of one that is nothing but `{{ name }}` the value itself, of any
    /// other its text.
    pub(crate) fn value(&self, template: &str) -> Result<serde_json::Value, String> {
        let inner = template.trim().strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"));
        let path = inner.map(str::trim).filter(|path| {
            path.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'.')
        });
        let Some(path) = path else { return self.render("text", template).map(|text| json!(text)) };
        let found = self.environment.compile_expression(path);
        let found = found.and_then(|found| found.eval(&self.context));
        let found = found.map_err(|error| describe(&error))?;
        Ok(serde_json::to_value(&found).unwrap_or_default())
    }

    /// What somebody of the shop is told: some words, and a contact's story.
    pub(crate) fn story(&self, words: &str, story: &Story) -> Result<String, String> {
        let base = self.language.split('-').next().unwrap_or_default();
        let dir = if RIGHT_TO_LEFT.contains(&base) { "rtl" } else { "ltr" };
        let lines: Vec<&str> = words.lines().filter(|line| !line.trim().is_empty()).collect();
        let context = json!({ "lang": self.language, "dir": dir, "lines": lines, "story": story });
        let context = Value::from(Serde(context));
        self.environment
            .render_named_str("story.html", STORY, context)
            .map_err(|error| describe(&error))
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

/// The contact's own link to the shop (T13): the shop hands `ref` on with the friend's signup.
fn refer_url(shop: &str, contact: ContactId) -> String {
    let (shop, part) = shop.split_once('#').unwrap_or((shop, ""));
    let sign = if shop.contains('?') { '&' } else { '?' };
    let part = if part.is_empty() { String::new() } else { format!("#{part}") };
    format!("{shop}{sign}ref={contact}{part}")
}

fn context(
    occasion: &Occasion<'_>,
    language: &str,
    unsubscribe: &str,
) -> Map<String, serde_json::Value> {
    let shop = &occasion.setup.shop;
    let here = |texts| in_language(texts, language, &shop.language);
    // Fields first: they can't hide what follows, nor a function that templates call. The run's own
    // codes stand in their place, for another run may have written there since.
    let coupons = occasion.run.coupons.iter();
    let coupons = coupons.map(|(field, code)| (field.clone(), json!(code)));
    let fields = occasion.contact.fields.clone().into_iter().chain(coupons);
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
    context.insert("refer_url".to_owned(), json!(refer_url(&shop.url, occasion.contact.id)));
    context.insert(
        "shop".to_owned(),
        json!({
            "name": here(&shop.name),
            "url": shop.url,
            "address": here(&shop.address),
        }),
    );
    context
}
