//! `forms` in `shop.yaml`: what a browser may post, and the pages that Masa shows of it (T1).

use std::collections::BTreeMap;

use masa_domain::{Form, Question, is_hosted_elsewhere};

use crate::{
    directory::texts,
    fields::{Fields, label, text, wrong_type},
    grammar::FORM,
    problem::Report,
    shop::{after_scheme, is_host, url},
    words::{did_you_mean, is_name, quote},
    yaml::{Node, Yaml},
};

/// The longest name of a form, which is part of its web address.
const FORM_CHARS_MAX: usize = 60;

/// Reads the forms, and leaves out what is wrong. They may ask these questions.
pub(crate) fn forms(
    node: &Node,
    questions: &BTreeMap<String, Question>,
    report: &mut Report<'_>,
) -> BTreeMap<String, Form> {
    let mut forms = BTreeMap::new();
    let Some(fields) = Fields::of(node, "forms by their names", report) else { return forms };
    for (key, value) in fields.iter() {
        if !is_name(&key.text, FORM_CHARS_MAX) {
            let message = format!("{} is not a form's name", quote(&key.text));
            report.add(key.at, "bad-form-name", message).hint(format!(
                "it is part of a web address: 1 to {FORM_CHARS_MAX} characters a-z, 0-9 and -"
            ));
        }
        if is_hosted_elsewhere(&key.text) {
            let message = format!("{} is the name of a form that others host", quote(&key.text));
            let hint = "journeys name it without a word in shop.yaml; a form of your own needs another name";
            report.add(key.at, "bad-form-name", message).hint(hint);
        }
        if let Some(form) = form(value, questions, report) {
            forms.insert(key.text.clone(), form);
        }
    }
    forms
}

fn form(
    node: &Node,
    questions: &BTreeMap<String, Question>,
    report: &mut Report<'_>,
) -> Option<Form> {
    let fields = Fields::of(node, "a form such as `{ lists: [newsletter] }`", report)?;
    fields.only(&FORM.keys(), report);
    let lists = members(fields.get("lists"), report)
        .iter()
        .filter_map(|list| label(list, "the name of a list", report))
        .collect();
    let origins = members(fields.get("origins"), report)
        .iter()
        .filter_map(|origin| self::origin(origin, report))
        .collect();
    let words = |key: &str, what: &str, report: &mut Report<'_>| {
        let node = fields.get(key)?;
        texts(node, what, report)
    };
    let consent = words("consent", "the words beside the button", report).unwrap_or_default();
    let title = words("title", "what stands over the form", report).unwrap_or_default();
    let text = words("text", "what stands under the title", report).unwrap_or_default();
    let thanks = fields.get("thanks").and_then(|node| url(node, report));
    let mut form = Form { lists, consent, origins, title, text, thanks, ..Form::default() };
    for key in ["text", "ask", "must"] {
        if let Some(node) = fields.get(key).filter(|_| fields.get("title").is_none()) {
            report
                .add(node.at, "missing-key", format!("{} without {}", quote(key), quote("title")))
                .hint("a form with a title has a page of its own, for which these are");
        }
    }
    form.ask = asked(&fields, questions, report);
    form.must = must(&fields, &form, report);
    if form.has_page() && form.ask.is_empty() {
        (form.ask, form.must) = (vec!["email".to_owned()], vec!["email".to_owned()]);
    }
    Some(form)
}

/// What the form asks for, each once, and one address at least.
fn asked(
    fields: &Fields<'_>,
    questions: &BTreeMap<String, Question>,
    report: &mut Report<'_>,
) -> Vec<String> {
    let mut asked: Vec<String> = Vec::new();
    let Some(node) = fields.get("ask") else { return asked };
    let profile = || Form::PROFILE.iter().map(|(name, _)| *name);
    for node in members(Some(node), report) {
        let Some(name) = label(node, "what the form asks for", report) else { continue };
        if asked.contains(&name) {
            report.add(node.at, "asked-twice", format!("{} is asked for already", quote(&name)));
        } else if !questions.contains_key(&name) && profile().all(|known| known != name) {
            let message = format!("{} is no question of the shop", quote(&name));
            let names = profile().chain(questions.keys().map(String::as_str));
            let hint = did_you_mean(&name, names).unwrap_or_else(|| {
                "write it into `questions`, or ask for `email`, `phone`, `first_name`, `last_name`".to_owned()
            });
            report.add(node.at, "unknown-question", message).hint(hint);
        } else {
            asked.push(name);
        }
    }
    let address = |name: &String| name == "email" || name == "phone";
    if !asked.iter().any(address) {
        report
            .add(
                node.at,
                "no-address-asked",
                "a form that asks for no address has nobody to write to",
            )
            .hint("ask for `email` or `phone`");
    }
    asked
}

/// What must be filled in: what the file says, else the first address.
fn must(fields: &Fields<'_>, form: &Form, report: &mut Report<'_>) -> Vec<String> {
    let Some(node) = fields.get("must") else {
        let address = form.ask.iter().find(|name| *name == "email" || *name == "phone");
        return address.into_iter().cloned().collect();
    };
    let mut must = Vec::new();
    for node in members(Some(node), report) {
        let Some(name) = label(node, "what must be filled in", report) else { continue };
        if form.ask.contains(&name) {
            must.push(name);
        } else {
            let message = format!("the form does not ask for {}", quote(&name));
            let hint = did_you_mean(&name, form.ask.iter().map(String::as_str));
            report.add(node.at, "unknown-question", message).maybe_hint(hint);
        }
    }
    must
}

/// The members of a list, which may be left out or empty.
fn members<'n>(node: Option<&'n Node>, report: &mut Report<'_>) -> &'n [Node] {
    match node.map(|node| (node, &node.yaml)) {
        None => &[],
        Some((_, Yaml::List(members))) => members,
        Some((node, Yaml::Scalar(_) | Yaml::Map(_) | Yaml::Broken)) => {
            wrong_type(node, "a list such as `[newsletter]`", report);
            &[]
        }
    }
}

fn origin(node: &Node, report: &mut Report<'_>) -> Option<String> {
    let origin = text(node, "a web origin", report)?;
    let (good, host) = after_scheme(&origin);
    if !good || !is_host(host) || host.chars().any(char::is_uppercase) {
        let message = format!("{} is not a web origin", quote(&origin));
        report
            .add(node.at, "bad-origin", message)
            .hint("scheme and host in small letters, nothing after them: `https://shop.example`");
        return None;
    }
    Some(origin)
}
