//! The page in the reader's language. It works without a script.

use masa_domain::Channel;
use masa_runtime::http::Reply;

const PAGE: &str = include_str!("page.html");

/// What the page says.
pub(crate) enum Page {
    /// Whether the reader wants to leave.
    Ask,
    /// That it is done.
    Done,
    /// That the link is not complete.
    Broken,
}

impl Page {
    pub(crate) fn reply(&self, language: &str, channel: Channel) -> Reply {
        let hebrew = language == "he" || language.starts_with("he-");
        let status = if matches!(self, Self::Broken) { 404 } else { 200 };
        let (title, text) = if hebrew { self.hebrew(channel) } else { self.english(channel) };
        let button = match (self, hebrew) {
            (Self::Ask, true) => form("להסרה מהרשימה"),
            (Self::Ask, false) => form("Unsubscribe"),
            (Self::Done | Self::Broken, _) => String::new(),
        };
        let (lang, dir) = if hebrew { ("he", "rtl") } else { ("en", "ltr") };
        let page = [
            ("{{lang}}", lang),
            ("{{dir}}", dir),
            ("{{title}}", title),
            ("{{text}}", text),
            ("{{button}}", button.as_str()),
        ]
        .into_iter()
        .fold(PAGE.to_owned(), |page, (place, text)| page.replace(place, text));
        Reply::html(status, page)
    }

    fn hebrew(&self, channel: Channel) -> (&'static str, &'static str) {
        match (self, channel) {
            (Self::Ask, Channel::Email) => {
                ("להסיר מרשימת התפוצה?", "לחיצה על הכפתור תפסיק את המיילים הפרסומיים שלנו.")
            }
            (Self::Ask, Channel::Sms) => {
                ("להסיר מרשימת התפוצה?", "לחיצה על הכפתור תפסיק את ההודעות הפרסומיות שלנו.")
            }
            (Self::Done, Channel::Email) => {
                ("הוסר", "לא יישלחו יותר מיילים פרסומיים לכתובת הזאת. תודה שהיית איתנו.")
            }
            (Self::Done, Channel::Sms) => {
                ("הוסר", "לא יישלחו יותר הודעות פרסומיות למספר הזה. תודה שהיית איתנו.")
            }
            (Self::Broken, _) => {
                ("הקישור אינו שלם", "אפשר לפתוח אותו שוב מתוך ההודעה, או להשיב להודעה עצמה.")
            }
        }
    }

    fn english(&self, channel: Channel) -> (&'static str, &'static str) {
        match (self, channel) {
            (Self::Ask, Channel::Email) => {
                ("Unsubscribe?", "Press the button and our marketing e-mails stop.")
            }
            (Self::Ask, Channel::Sms) => {
                ("Unsubscribe?", "Press the button and our marketing texts stop.")
            }
            (Self::Done, Channel::Email) => (
                "You are unsubscribed",
                "No more marketing e-mails will go to this address. Thank you for having been with us.",
            ),
            (Self::Done, Channel::Sms) => (
                "You are unsubscribed",
                "No more marketing texts will go to this number. Thank you for having been with us.",
            ),
            (Self::Broken, _) => (
                "This link is not complete",
                "Please open it from the message again, or just answer the message.",
            ),
        }
    }
}

/// A form that posts to the page's own address.
fn form(label: &str) -> String {
    format!("<form method=\"post\"><button type=\"submit\">{label}</button></form>")
}
