//! A form (T1): as a page, as a snippet for the shop's own pages, and as a pop-up for them.

use std::{borrow::Cow, collections::BTreeMap};

use html_escape::{encode_double_quoted_attribute, encode_text};
use masa_domain::{Form, Question, Setup, in_language};
use serde_json::json;

use crate::{Asked, fill, lang_and_dir, page, word};

const POPUP: &str = include_str!("popup.js");
const SNIPPET: &str = include_str!("snippet.html");

/// A form in a language.
#[derive(Debug, Clone, Copy)]
pub struct FormPage<'a> {
    /// Its name, which is part of its address.
    pub name: &'a str,
    /// It.
    pub form: &'a Form,
    /// The shop whose form it is.
    pub setup: &'a Setup,
    /// The reader's language.
    pub language: &'a str,
}

/// What is wrong with what was sent.
#[derive(Debug, Clone, Copy)]
pub struct Problem<'a> {
    /// The name of the field, as far as it is known.
    pub field: &'a str,
    /// What was sent, by the names of the fields.
    pub given: &'a BTreeMap<String, String>,
}

impl FormPage<'_> {
    fn text<'t>(&'t self, texts: &'t BTreeMap<String, String>) -> Cow<'t, str> {
        encode_text(in_language(texts, self.language, &self.setup.shop.language))
    }

    /// The page, which posts to its own address. With a problem, it says so and keeps what was written.
    pub fn page(&self, problem: Option<Problem<'_>>) -> String {
        let form = self.html("", problem);
        page(self.language, &self.text(&self.form.title), &self.text(&self.form.text), &form)
    }

    /// The page that says thanks.
    pub fn thanks(language: &str) -> String {
        let title = word(language, "Thank you!", "תודה!");
        let text = word(
            language,
            "We have your details. You can close this page.",
            "קיבלנו את הפרטים. אפשר לסגור את הדף.",
        );
        page(language, title, text, "")
    }

    /// What stands on a page of the shop's: no script, and the form alone. `address` is the form's own.
    pub fn snippet(&self, address: &str) -> String {
        let (lang, dir) = lang_and_dir(self.language);
        fill(
            SNIPPET,
            &[
                ("lang", lang),
                ("dir", dir),
                ("title", &self.text(&self.form.title)),
                ("text", &self.text(&self.form.text)),
                ("form", &self.html(address, None)),
            ],
        )
    }

    /// The script that shows the form over a page of the shop's, to whom it was not shown before.
    /// `address` is the form's own.
    pub fn popup(&self, address: &str) -> String {
        let text = |english, hebrew| word(self.language, english, hebrew);
        let says = json!({
            "name": self.name,
            "address": address,
            "html": self.snippet(address),
            "close": text("Close", "סגירה"),
            "thanks": text("Thank you! We have your details.", "תודה! קיבלנו את הפרטים."),
            "again": text("That did not work. Please try again.", "זה לא עבד. אפשר לנסות שוב."),
            "goes": self.form.thanks,
        });
        // A script may stand in a page, where this would end it.
        let says = says.to_string().replace('<', "\\u003c");
        fill(POPUP, &[("says", &says)])
    }

    /// The form. `address`: where it is sent, when not to the address of the page.
    fn html(&self, address: &str, problem: Option<Problem<'_>>) -> String {
        let action = match address {
            "" => String::new(),
            address => format!(" action=\"{}\"", encode_double_quoted_attribute(address)),
        };
        let fields: String = self.form.ask.iter().map(|name| self.field(name, problem)).collect();
        let consent = match self.form.asks_consent() {
            true => format!("<p class=\"consent\">{}</p>", self.text(&self.form.consent)),
            false => String::new(),
        };
        let wrong = problem.map(|_| {
            let text =
                word(self.language, "Please look at what is marked.", "אפשר לבדוק את מה שמסומן?");
            format!("<p class=\"wrong\" role=\"alert\">{text}</p>")
        });
        format!(
            "<form method=\"post\" accept-charset=\"utf-8\"{action}>{}{fields}\
             <div class=\"unseen\" aria-hidden=\"true\"><label>{}<input name=\"{}\" tabindex=\"-1\" \
             autocomplete=\"off\"></label></div>\
             <input type=\"hidden\" name=\"language\" value=\"{}\">{consent}\
             <button type=\"submit\">{}</button></form>",
            wrong.unwrap_or_default(),
            word(self.language, "Leave this empty", "להשאיר ריק"),
            Form::HONEYPOT,
            encode_double_quoted_attribute(self.language),
            word(self.language, "Send", "שליחה"),
        )
    }

    fn field(&self, name: &str, problem: Option<Problem<'_>>) -> String {
        let given = problem.and_then(|problem| problem.given.get(name)).map(String::as_str);
        let wrong = problem.is_some_and(|problem| problem.field == name);
        let must = self.form.must.iter().any(|must| must == name);
        if let Some(question) = self.setup.questions.get(name) {
            return self.question(name, question, given, must, wrong);
        }
        let (kind, label) = match name {
            "email" => ("email", word(self.language, "E-mail", "מייל")),
            "phone" => (
                "tel",
                word(self.language, "Phone, with its country code", "טלפון, עם קידומת המדינה"),
            ),
            "first_name" => ("text", word(self.language, "First name", "שם פרטי")),
            _ => ("text", word(self.language, "Last name", "שם משפחה")),
        };
        let complete =
            Form::PROFILE.iter().find(|(own, _)| *own == name).map(|(_, complete)| *complete);
        // Addresses and numbers run from the left in any page.
        let dir = if matches!(kind, "email" | "tel") { " dir=\"ltr\"" } else { "" };
        format!(
            "<label class=\"line\">{label}{}<input type=\"{kind}\" name=\"{name}\" value=\"{}\" \
             autocomplete=\"{}\"{dir}{}{}></label>",
            self.optional(must),
            encode_double_quoted_attribute(given.unwrap_or_default()),
            complete.unwrap_or("on"),
            if must { " required" } else { "" },
            if wrong { " aria-invalid=\"true\"" } else { "" },
        )
    }

    fn question(
        &self,
        name: &str,
        question: &Question,
        given: Option<&str>,
        must: bool,
        wrong: bool,
    ) -> String {
        let shops = &self.setup.shop.language;
        let asked = Asked { question, language: self.language, shops, name, given, must };
        let ends = question.kind.ends(self.language);
        let ends = ends.map(|(low, high)| format!(" <small>{low} · {high}</small>"));
        format!(
            "<fieldset class=\"line\"{}><legend>{}{}{}</legend>{}</fieldset>",
            if wrong { " aria-invalid=\"true\"" } else { "" },
            asked.words(),
            self.optional(must),
            ends.unwrap_or_default(),
            asked.fields(),
        )
    }

    fn optional(&self, must: bool) -> &'static str {
        match must {
            true => "",
            false => {
                word(self.language, " <small>(if you like)</small>", " <small>(אם בא לך)</small>")
            }
        }
    }
}
