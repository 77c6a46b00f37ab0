//! Composing: a template, a contact and an occasion become a mail or a text.

use std::collections::BTreeMap;

use jiff::Timestamp;
use masa_domain::{
    Channel, Contact, ContactId, ContactKey, Flow, Kind, MessageId, Person, Run, Setup,
    in_language,
    link::{Link, LinkKeys, link_key},
};
use masa_runtime::{Config, Missing};
use serde_json::{Map, Value, json};

use crate::{
    html::{to_text, track_links},
    page::Page,
    sender::Sender,
    story::Story,
};

/// The longest address that is tracked: the token must fit into [`masa_domain::link`]'s limit.
const URL_BYTES_MAX: usize = 2_000;
/// The longest SMS that SNS takes, in characters.
const SMS_CHARS_MAX: usize = 1_600;
/// Longer subjects are cut by every mail program, and refused by some servers.
const SUBJECT_CHARS_MAX: usize = 500;

/// A mail, ready to be sent to one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// The recipient.
    pub to: String,
    /// The sender's header.
    pub from: String,
    /// The subject.
    pub subject: String,
    /// The HTML part.
    pub html: String,
    /// The text part.
    pub text: String,
    /// Further headers.
    pub headers: Vec<(String, String)>,
    /// Whom an answer reaches, when not the sender.
    pub reply_to: Option<String>,
}

/// A text, ready to be sent to one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// The recipient, E.164.
    pub to: String,
    /// The words.
    pub body: String,
}

/// A message that can't be composed. The text names template and problem, no person.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CannotCompose {
    /// The flow has no such template.
    #[error("template `{0}` is not in this version of the flow")]
    NoTemplate(String),
    /// A template failed for this contact.
    #[error("template `{template}`: {problem}")]
    Template {
        /// Which.
        template: String,
        /// What failed.
        problem: String,
    },
}

/// Whom a message is for, and why.
#[derive(Debug, Clone, Copy)]
pub struct Occasion<'a> {
    /// Whom.
    pub contact: &'a Contact,
    /// The run that decided it.
    pub run: &'a Run,
    /// The message.
    pub message: MessageId,
    /// The contact at which it stands: another one that gave way to this, perhaps.
    pub home: ContactId,
    /// The run's flow.
    pub flow: &'a Flow,
    /// Who sends, and what the shop says of itself.
    pub setup: &'a Setup,
    /// Whether it is advertising.
    pub kind: Kind,
}

/// What links name: whose they are, and of which message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Of {
    pub(crate) contact: ContactId,
    pub(crate) message: MessageId,
}

impl Occasion<'_> {
    pub(crate) fn of(&self) -> Of {
        Of { contact: self.home, message: self.message }
    }
}

/// Composes messages.
#[derive(Debug, Clone)]
pub struct Composer {
    from: Sender,
    /// The base of all links, without a slash at its end.
    public_url: String,
    keys: LinkKeys,
    contacts: ContactKey,
}

impl Composer {
    /// A composer by the settings.
    ///
    /// # Errors
    /// [`Missing`] when one is absent or unusable.
    pub fn new(config: &Config) -> Result<Self, Missing> {
        Ok(Self {
            from: config.read("MASA_FROM", Sender::new)?,
            public_url: config.require("MASA_PUBLIC_URL")?.trim_end_matches('/').to_owned(),
            keys: config.read("MASA_SECRET_LINKS", LinkKeys::new)?,
            contacts: ContactKey::new(config.require("MASA_CONTACT_KEY")?),
        })
    }

    /// Composes the mail of `template`, under one of `subjects` when there are any.
    ///
    /// # Errors
    /// [`CannotCompose`] when the template is missing or fails for this contact.
    pub fn mail(
        &self,
        to: &str,
        template: &str,
        subjects: &BTreeMap<String, String>,
        occasion: &Occasion<'_>,
    ) -> Result<Mail, CannotCompose> {
        let languages = occasion.flow.templates.get(template);
        let (language, parts) = languages
            .and_then(|languages| pick(languages, occasion))
            .ok_or_else(|| CannotCompose::NoTemplate(template.to_owned()))?;
        let failed = |problem: String| CannotCompose::Template {
            template: format!("{template}.{language}"),
            problem,
        };
        let unsubscribe = self.unsubscribe(occasion, Channel::Email, language);
        let page = Page::new(self, occasion, language, &unsubscribe);

        let subject = subjects.get(language).or_else(|| subjects.get("")).unwrap_or(&parts.subject);
        let subject = page.render("subject", subject).map_err(failed)?;
        let subject = one_line(&subject, SUBJECT_CHARS_MAX);
        let body = page.render("body.html", &parts.html).map_err(failed)?;
        let body = track_links(&body, |name, url| self.click(occasion.of(), name, url))
            .map_err(|error| failed(error.to_string()))?;
        let text = match &parts.text {
            Some(text) => page.render("text", text).map_err(failed)?,
            None => to_text(&body).map_err(|error| failed(error.to_string()))?,
        };
        let text = self.with_footer(&text, &page, occasion.kind, &unsubscribe).map_err(failed)?;
        let preheader = parts.preheader.as_deref().unwrap_or_default();
        let preheader = page.render("preheader", preheader).map_err(failed)?;
        let html = page.lay_out(&subject, &preheader, body).map_err(failed)?;
        let html = match occasion.kind {
            Kind::Marketing => with_way_out(html, &page, &unsubscribe).map_err(failed)?,
            Kind::Transactional => html,
        };
        let html = before_end(html, &pixel(&self.pixel_url(occasion)));

        let headers = match occasion.kind {
            Kind::Marketing => vec![
                // RFC 8058 section 3.1.
                ("List-Unsubscribe".to_owned(), format!("<{unsubscribe}>")),
                ("List-Unsubscribe-Post".to_owned(), "List-Unsubscribe=One-Click".to_owned()),
            ],
            Kind::Transactional => Vec::new(),
        };
        let (to, from) = (to.to_owned(), self.from.as_str().to_owned());
        Ok(Mail { to, from, subject, html, text, headers, reply_to: None })
    }

    /// Composes a text.
    ///
    /// # Errors
    /// [`CannotCompose`] when the template is missing or fails for this contact.
    pub fn text(
        &self,
        to: &str,
        texts: &BTreeMap<String, String>,
        occasion: &Occasion<'_>,
    ) -> Result<Text, CannotCompose> {
        let (language, template) =
            pick(texts, occasion).ok_or_else(|| CannotCompose::NoTemplate("sms".to_owned()))?;
        let language =
            if language.is_empty() { occasion.setup.shop.language.as_str() } else { language };
        let failed =
            |problem: String| CannotCompose::Template { template: "sms".to_owned(), problem };
        let unsubscribe = self.unsubscribe(occasion, Channel::Sms, language);
        let page = Page::new(self, occasion, language, &unsubscribe);
        let body = page.render("sms", template).map_err(failed)?.trim().to_owned();
        if body.is_empty() || body.chars().count() > SMS_CHARS_MAX {
            return Err(failed(format!("an SMS has between 1 and {SMS_CHARS_MAX} characters")));
        }
        Ok(Text { to: to.to_owned(), body })
    }

    /// Composes the mail that tells somebody of the shop (A8): `text`, and the contact's story. Answers
    /// to it reach the contact. Nothing in it is tracked.
    ///
    /// # Errors
    /// [`CannotCompose`] when the text fails for this contact.
    pub fn tell(
        &self,
        person: &Person,
        text: &BTreeMap<String, String>,
        occasion: &Occasion<'_>,
    ) -> Result<Mail, CannotCompose> {
        let shops = occasion.setup.shop.language.as_str();
        let language = person.language.as_deref().unwrap_or(shops);
        let failed =
            |problem: String| CannotCompose::Template { template: "tell".to_owned(), problem };
        let page = Page::new(self, occasion, language, "");
        let words = page.render("text", in_language(text, language, shops)).map_err(failed)?;
        let story = Story::new(occasion, language);
        let html = page.story(&words, &story).map_err(failed)?;
        let text = to_text(&html).map_err(|error| failed(error.to_string()))?;
        Ok(Mail {
            to: person.email.clone(),
            from: self.from.as_str().to_owned(),
            subject: one_line(&story.subject, SUBJECT_CHARS_MAX),
            html,
            text,
            headers: Vec::new(),
            reply_to: occasion.contact.profile.email.clone(),
        })
    }

    /// Composes what a system is told (A9): a Standard Webhook's payload.
    ///
    /// # Errors
    /// [`CannotCompose`] when a value fails for this contact.
    pub fn call(
        &self,
        send: &BTreeMap<String, Value>,
        occasion: &Occasion<'_>,
        step: &str,
        now: Timestamp,
    ) -> Result<Value, CannotCompose> {
        let failed =
            |problem: String| CannotCompose::Template { template: "call".to_owned(), problem };
        let language = occasion.setup.shop.language.as_str();
        let page = Page::new(self, occasion, language, "");
        let mut sent = Map::new();
        for (name, value) in send {
            let value = match value {
                Value::String(template) => page.value(template).map_err(failed)?,
                value => value.clone(),
            };
            sent.insert(name.clone(), value);
        }
        let contact = occasion.contact;
        let profile = &contact.profile;
        Ok(json!({
            "type": format!("{}.{step}", occasion.flow.name),
            "timestamp": now,
            "data": {
                "flow": occasion.flow.name,
                "step": step,
                "contact": {
                    "id": contact.id,
                    "email": profile.email,
                    "phone": profile.phone,
                    "first_name": profile.first_name,
                    "last_name": profile.last_name,
                    "language": profile.language,
                    "country": profile.country,
                },
                "send": sent,
            },
        }))
    }

    /// Under whose id a refusal of `channel` is kept.
    pub(crate) fn refuser(&self, contact: &Contact, channel: Channel) -> ContactId {
        self.contacts.refuser(contact.id, contact.profile.phone.as_deref(), channel)
    }

    /// The contact whom an address alone would mean, under whose id it is suppressed.
    pub(crate) fn addressee(&self, address: &str) -> Option<ContactId> {
        self.contacts.contact(Some(address), None)
    }

    /// Ends a text part as the layout ends an HTML part: who sends, and the way out.
    fn with_footer(
        &self,
        text: &str,
        page: &Page<'_>,
        kind: Kind,
        unsubscribe: &str,
    ) -> Result<String, String> {
        let mut text = text.trim_end().to_owned();
        if text.contains(unsubscribe) {
            return Ok(text);
        }
        text.push_str("\n\n-- \n");
        text.push_str(&page.render("footer", "{{ shop.name }}\n{{ shop.address }}\n")?);
        if kind == Kind::Marketing {
            text.push_str(&format!("{}: {unsubscribe}\n", page.unsubscribe_label()));
        }
        Ok(text)
    }

    pub(crate) fn click(&self, of: Of, name: Option<&str>, url: &str) -> String {
        let url = &ascii(url);
        // Leaving is no click, an answer is told by its page, and an endless address must still work.
        let own = url.strip_prefix(&self.public_url);
        let page = own.is_some_and(|path| path.starts_with("/u/") || path.starts_with("/a/"));
        if url.len() > URL_BYTES_MAX || page {
            return url.clone();
        }
        let named = name.filter(|name| {
            (1..=60).contains(&name.len())
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b))
        });
        let token = self.keys.sign(&Link::Click {
            contact: of.contact,
            message: of.message,
            key: link_key(named, url),
            url: url.to_owned(),
        });
        format!("{}/c/{token}", self.public_url)
    }

    /// The address of the page of a question, where `answer` is chosen.
    pub(crate) fn answer(
        &self,
        of: Of,
        question: &str,
        answer: Option<&str>,
        language: &str,
    ) -> String {
        let Of { contact, message } = of;
        let (question, language) = (question.to_owned(), language.to_owned());
        let answer = answer.map(str::to_owned);
        let link = Link::Answer { contact, message, question, answer, language };
        format!("{}/a/{}", self.public_url, self.keys.sign(&link))
    }

    fn pixel_url(&self, occasion: &Occasion<'_>) -> String {
        let Of { contact, message } = occasion.of();
        format!("{}/o/{}", self.public_url, self.keys.sign(&Link::Open { contact, message }))
    }

    fn unsubscribe(&self, occasion: &Occasion<'_>, channel: Channel, language: &str) -> String {
        let (contact, language) = (self.refuser(occasion.contact, channel), language.to_owned());
        let token = self.keys.sign(&Link::Unsubscribe { contact, channel, language });
        format!("{}/u/{token}", self.public_url)
    }
}

/// The contact's language, else the shop's, else whichever there is.
fn pick<'m, T>(
    languages: &'m BTreeMap<String, T>,
    occasion: &Occasion<'_>,
) -> Option<(&'m str, &'m T)> {
    let own = occasion.contact.profile.language.as_deref().unwrap_or_default();
    masa_domain::pick(languages, own, &occasion.setup.shop.language)
}

/// An address as it may stand in a header: what is not ASCII is percent-encoded (RFC 3987 3.1).
fn ascii(url: &str) -> String {
    let mut encoded = String::with_capacity(url.len());
    for c in url.chars() {
        if c.is_ascii_graphic() {
            encoded.push(c);
        } else {
            let mut bytes = [0; 4];
            for byte in c.encode_utf8(&mut bytes).bytes() {
                encoded.push_str(&format!("%{byte:02X}"));
            }
        }
    }
    encoded
}

/// A header's text: no line break can begin another header, and no override of the direction can
/// make it read otherwise (Unicode TR 36 section 3.7).
fn one_line(text: &str, chars_max: usize) -> String {
    let overrides = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let words: Vec<&str> = text
        .split(|c: char| c.is_control() || c.is_whitespace() || overrides(c))
        .filter(|word| !word.is_empty())
        .collect();
    words.join(" ").chars().take(chars_max).collect()
}

/// A whole document without a way out gets one: the law asks for it, and for the sender's address.
fn with_way_out(html: String, page: &Page<'_>, unsubscribe: &str) -> Result<String, String> {
    if html.contains(unsubscribe) {
        return Ok(html);
    }
    let footer = format!(
        "<p>{{{{ shop.name }}}}, {{{{ shop.address }}}} · \
         <a href=\"{{{{ unsubscribe_url }}}}\">{}</a></p>",
        page.unsubscribe_label()
    );
    Ok(before_end(html, &page.render("footer.html", &footer)?))
}

fn pixel(url: &str) -> String {
    format!(
        "<img src=\"{url}\" width=\"1\" height=\"1\" alt=\"\" \
         style=\"display:block;width:1px;height:1px;border:0\">"
    )
}

fn before_end(mut html: String, addition: &str) -> String {
    match html.to_ascii_lowercase().rfind("</body>") {
        Some(end) => html.insert_str(end, addition),
        None => html.push_str(addition),
    }
    html
}
