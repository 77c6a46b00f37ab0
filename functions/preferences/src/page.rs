//! The pages in the reader's language. They work without a script.

use masa_domain::Channel;
use masa_runtime::http::Reply;

/// What a page says.
pub(crate) enum Page {
    /// Whether the reader wants to leave.
    Ask(Channel),
    /// That it is done.
    Done(Channel),
    /// That an answer was taken.
    Answered,
    /// That a question is not asked any more.
    Closed,
    /// That the link is not complete.
    Broken,
}

impl Page {
    pub(crate) fn reply(&self, language: &str) -> Reply {
        let hebrew = masa_pages::is_hebrew(language);
        let status = if matches!(self, Self::Broken) { 404 } else { 200 };
        let (title, text) = if hebrew { self.hebrew() } else { self.english() };
        let form = match (self, hebrew) {
            (Self::Ask(_), true) => form("להסרה מהרשימה"),
            (Self::Ask(_), false) => form("Unsubscribe"),
            _ => String::new(),
        };
        reply(status, language, title, text, &form)
    }

    fn hebrew(&self) -> (&'static str, &'static str) {
        match self {
            Self::Ask(Channel::Email) => {
                ("להסיר מרשימת התפוצה?", "לחיצה על הכפתור תפסיק את המיילים הפרסומיים שלנו.")
            }
            Self::Ask(Channel::Sms) => {
                ("להסיר מרשימת התפוצה?", "לחיצה על הכפתור תפסיק את ההודעות הפרסומיות שלנו.")
            }
            Self::Done(Channel::Email) => {
                ("הוסר", "לא יישלחו יותר מיילים פרסומיים לכתובת הזאת. תודה שהיית איתנו.")
            }
            Self::Done(Channel::Sms) => {
                ("הוסר", "לא יישלחו יותר הודעות פרסומיות למספר הזה. תודה שהיית איתנו.")
            }
            Self::Answered => ("תודה!", "התשובה התקבלה. אפשר לסגור את הדף."),
            Self::Closed => ("השאלה כבר נסגרה", "תודה שרצית לענות. אפשר פשוט להשיב להודעה עצמה."),
            Self::Broken => {
                ("הקישור אינו שלם", "אפשר לפתוח אותו שוב מתוך ההודעה, או להשיב להודעה עצמה.")
            }
        }
    }

    fn english(&self) -> (&'static str, &'static str) {
        match self {
            Self::Ask(Channel::Email) => {
                ("Unsubscribe?", "Press the button and our marketing e-mails stop.")
            }
            Self::Ask(Channel::Sms) => {
                ("Unsubscribe?", "Press the button and our marketing texts stop.")
            }
            Self::Done(Channel::Email) => (
                "You are unsubscribed",
                "No more marketing e-mails will go to this address. Thank you for having been with us.",
            ),
            Self::Done(Channel::Sms) => (
                "You are unsubscribed",
                "No more marketing texts will go to this number. Thank you for having been with us.",
            ),
            Self::Answered => ("Thank you!", "We have your answer. You can close this page."),
            Self::Closed => (
                "This question is closed",
                "Thank you for wanting to answer. You can just reply to the message.",
            ),
            Self::Broken => (
                "This link is not complete",
                "Please open it from the message again, or just answer the message.",
            ),
        }
    }
}

/// A page of these parts. All but the language are HTML.
pub(crate) fn reply(status: u16, language: &str, title: &str, text: &str, form: &str) -> Reply {
    Reply::html(status, masa_pages::page(language, title, text, form))
}

/// A form that posts to the page's own address.
fn form(label: &str) -> String {
    format!("<form method=\"post\"><button type=\"submit\">{label}</button></form>")
}
