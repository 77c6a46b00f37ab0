//! The page of a question that a mail asked (A7): `GET /a/{token}` shows it with the answer chosen
//! whose link was followed, `POST /a/{token}` takes the answer. Scanners follow every link of a mail, so
//! a GET records nothing.

use html_escape::encode_double_quoted_attribute;
use masa_domain::{
    ContactDetails, ContactId, Fact, FactId, Happening, MessageId, Question, QuestionKind,
    link::{Link, Purpose},
};
use masa_pages::word;
use masa_runtime::http::{Reply, Request};

use crate::{
    Function,
    page::{self, Page},
};

/// The largest form that is read, in bytes: an answer of words, percent-encoded, and the rest.
const BODY_BYTES_MAX: usize = 32 * 1024;

/// A question on its way to a reader.
struct Asked<'a> {
    contact: ContactId,
    message: MessageId,
    name: String,
    question: &'a Question,
    /// The language of the page, and the shop's.
    language: String,
    shops: &'a str,
}

impl Function {
    pub(crate) async fn answer(&self, request: &Request) -> Reply {
        if !matches!(request.method(), "GET" | "HEAD" | "POST") {
            return Reply::method_not_allowed("GET, HEAD, POST");
        }
        let token = request.path_parameter("token").unwrap_or_default();
        let Some(Link::Answer { contact, message, question: name, answer, language }) =
            self.keys.verify(Purpose::Answer, token)
        else {
            return Page::Broken.reply("en");
        };
        let catalogue = match self.flows.catalogue().await {
            Ok(catalogue) => catalogue,
            Err(error) => {
                tracing::error!(%error, "the questions can't be read");
                return Reply::unavailable();
            }
        };
        let Some(question) = catalogue.setup.questions.get(&name) else {
            return Page::Closed.reply(&language);
        };
        let shops = catalogue.setup.shop.language.as_str();
        let asked = Asked { contact, message, name, question, language, shops };
        if request.method() == "POST" {
            self.take(&asked, request).await
        } else {
            asked.show(200, answer.as_deref(), &request.id(), false)
        }
    }

    /// Takes an answer: one conditional write. The same form sent again is the same answer; the page
    /// opened again makes a new one.
    async fn take(&self, asked: &Asked<'_>, request: &Request) -> Reply {
        if request.body().len() > BODY_BYTES_MAX {
            return Reply::too_large();
        }
        let (mut written, mut visit) = (None, String::new());
        for (name, value) in form_urlencoded::parse(request.body()) {
            match name.as_ref() {
                "answer" => written = Some(value.into_owned()),
                "visit" => visit = value.chars().take(20).collect(),
                _ => {}
            }
        }
        let written = written.unwrap_or_default();
        let Some(answer) = asked.question.kind.value(&written) else {
            return asked.show(400, None, &request.id(), true);
        };
        let now = self.clock.now();
        let Asked { contact, message, name, .. } = asked;
        let of = format!("{}.{}", message.run, message.generation);
        let fact = Fact {
            id: FactId::new("answer", &[&of, name.as_str(), &visit, &answer.to_string()].join("|")),
            contact: *contact,
            received_at: now,
            at: now,
            details: ContactDetails::default(),
            what: Happening::Answered { question: name.clone(), answer },
        };
        match self.store.record(&fact).await {
            Ok(_) => {
                tracing::info!(%contact, question = %name, "answered");
                Page::Answered.reply(&asked.language)
            }
            Err(error) => {
                tracing::error!(%contact, %error, "an answer was not recorded");
                Reply::unavailable()
            }
        }
    }
}

impl Asked<'_> {
    /// The page with the form. `unclear`: what was sent is no answer.
    fn show(&self, status: u16, chosen: Option<&str>, visit: &str, unclear: bool) -> Reply {
        let word = |english, hebrew| word(&self.language, english, hebrew);
        let (question, language) = (self.question, self.language.as_str());
        let asked = masa_pages::Asked {
            question,
            language,
            shops: self.shops,
            name: "answer",
            given: chosen,
            must: true,
        };
        let title = asked.words();
        let ends = self.question.kind.ends(&self.language);
        let hint = match (unclear, &self.question.kind, ends) {
            (true, QuestionKind::Text | QuestionKind::Date, _) => {
                word("Please write an answer.", "צריך לכתוב תשובה.").to_owned()
            }
            (true, ..) => word("Please choose an answer.", "צריך לבחור תשובה.").to_owned(),
            (false, _, Some((low, high))) => format!("{low} · {high}"),
            (false, _, None) => String::new(),
        };
        let form = format!(
            "<form method=\"post\"><input type=\"hidden\" name=\"visit\" value=\"{}\">\
             <fieldset><legend class=\"unseen\">{title}</legend>{}</fieldset>\
             <button type=\"submit\">{}</button></form>",
            encode_double_quoted_attribute(visit),
            asked.fields(),
            word("Send", "שליחה"),
        );
        page::reply(status, &self.language, &title, &hint, &form)
    }
}
