//! What may stand behind keys: single values, and what is made of them.

use super::{Map, Takes};

/// A single value.
pub(crate) struct Plain {
    pub name: &'static str,
    /// What it is.
    pub says: &'static str,
    /// The JSON types that it may have.
    pub types: &'static [&'static str],
    /// What a text of it looks like, as a regular expression without look-around.
    pub pattern: &'static str,
    /// The least and the greatest number.
    pub range: Option<(i64, i64)>,
}

// What a number says as a text does not need quotes: an id may be `12345`. The reader takes `true` and
// `false` likewise, which no writer means and editors would offer at every name.
const WRITTEN: &[&str] = &["string", "number"];

macro_rules! plain {
    ($($id:ident = $name:literal, $types:expr, $pattern:literal, $range:expr, $says:literal;)*) => {
        $(pub(crate) static $id: Plain =
            Plain { name: $name, says: $says, types: $types, pattern: $pattern, range: $range };)*
        /// All of them.
        pub(crate) static VALUES: &[&Plain] = &[$(&$id),*];
    };
}

plain! {
    TEXT = "text", WRITTEN, r"\S", None, "A text that is not empty.";
    NAME = "name", WRITTEN, r"\S", None,
        "One line of at most 200 characters: the store's own name of a list, event, field, product or link.";
    ID = "id", &["string", "integer"], "^[a-z0-9-]{1,60}$", None, "1 to 60 characters a-z, 0-9 and -.";
    FLOW_NAME = "flow's name", &["string", "integer"], "^[a-z0-9-]{1,40}$", None,
        "1 to 40 characters a-z, 0-9 and -.";
    LANGUAGE = "language", &["string"], "^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$", None,
        "A language code, such as `he`, `en` or `pt-BR`.";
    VALUE = "value", &["string", "number", "boolean"], "", None, "A text, a number, `true` or `false`.";
    MEMBER = "value or null", &["string", "number", "boolean", "null"], "", None,
        "A text, a number, `true`, `false` or `null`.";
    YES_NO = "true or false", &["boolean"], "", None, "`true` or `false`.";
    NUMBER = "number", &["number"], "", None, "A number, such as `200` or `99.5`.";
    WHOLE = "whole number", &["integer"], "", None, "A whole number, such as `3` or `-1`.";
    COUNT = "count", &["integer"], "", Some((1, 1_000_000)), "A whole number from 1 to 1000000.";
    DURATION = "duration", &["string"], "^[0-9]+[smhdw]$", None,
        "A length of time: a whole number and s, m, h, d or w, such as `90m`, `4h`, `2d`, `3w`; at most 10 years. A day is 24 hours.";
    AFTER = "`after` and a duration", &["string"], "^after +[0-9]+[smhdw]$", None, "Such as `after 90d`.";
    OFFSET = "offset", &["string"], "^[+-]?[0-9]+[smhdw]$", None,
        "Before (`-3d`) or after (`+2h`) a date, or on it (`0d`). Its days and weeks are days of the calendar.";
    CLOCK = "time of day", &["string"], "^([01][0-9]|2[0-3]):[0-5][0-9]$", None,
        "In quotes: `\"09:00\"`. Where the contact lives.";
    HOURS = "hours", &["string"], "^([01][0-9]|2[0-3]):[0-5][0-9] *- *([01][0-9]|2[0-3]):[0-5][0-9]$", None,
        "A part of the day, in quotes: `\"09:00-20:00\"`; over midnight when it ends before it begins.";
    DATE = "date", &["string"], r"\S", None,
        "A day such as `2026-12-24`, or the name of a field that holds one; `event.starts_at` and `order.runs_out` are fields of what let the contact in.";
    MOMENT = "moment", &["string"], "^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}.*([Zz]|[+-][0-9]{2}(:?[0-9]{2})?)$",
        None, "Such as `2026-03-01T08:00:00Z`.";
    ZONE = "time zone", &["string"], "^[A-Za-z][A-Za-z0-9_+/-]*$", None,
        "A name of the IANA database, such as `Asia/Jerusalem`.";
    URL = "web address", &["string"], r"^https?://[^/?#\s]+\S*$", None, "Such as `https://shop.example`.";
    ORIGIN = "web origin", &["string"], r"^https?://[^/?#\sA-Z]+$", None,
        "Scheme and host in small letters, nothing after them: `https://shop.example`.";
    SHORT_NAME = "short name", &["string", "integer"], "^[a-z0-9_-]{1,60}$", None,
        "1 to 60 characters a-z, 0-9, - and _.";
    ADDRESS = "e-mail address", &["string"], r"^[!#-+.-:=?A-~-]+@[!#-+.-:=?A-~-]*\.[!#-+.-:=?A-~-]*$", None,
        "Such as `sales@shop.example`.";
    SYSTEM = "address of a system", &["string"],
        r"^(https://[A-Za-z0-9][!-~]*|http://(localhost|127\.0\.0\.1)([:/?][!-~]*)?)$", None,
        "A web address that begins with `https://`, such as `https://crm.example.com/hooks`; on the same machine also with `http://`.";
    CAPPED = "count of a cap", &["integer"], "", Some((1, 100)), "A whole number from 1 to 100.";
    PRIORITY = "priority", &["integer"], "", Some((0, 9)), "A whole number from 0 to 9.";
    STATUS = "HTTP status", &["integer"], "", Some((200, 599)), "A whole number from 200 to 599.";
    PREFIX = "prefix", WRITTEN, "^[A-Z0-9]{1,20}$", None, "1 to 20 characters A-Z and 0-9.";
}

pub(super) const A_TEXT: Takes = Takes::Plain(&TEXT);
pub(super) const A_NAME: Takes = Takes::Plain(&NAME);
pub(super) const A_VALUE: Takes = Takes::Plain(&VALUE);
pub(super) const A_COUNT: Takes = Takes::Plain(&COUNT);
pub(super) const A_DURATION: Takes = Takes::Plain(&DURATION);
pub(super) const A_MOMENT: Takes = Takes::Plain(&MOMENT);
pub(super) const A_CLOCK: Takes = Takes::Plain(&CLOCK);
pub(super) const AN_OFFSET: Takes = Takes::Plain(&OFFSET);
pub(super) const SOME_HOURS: Takes = Takes::Plain(&HOURS);
pub(super) const YES_OR_NO: Takes = Takes::Plain(&YES_NO);

/// A text, or texts by language.
pub(super) const TEXTS: Takes =
    Takes::Either(&[A_TEXT, Takes::Map(&Map { names: &LANGUAGE, of: A_TEXT, count: (1, None) })]);
/// Any, or the one of this name.
pub(super) const ANY_OR_ONE: Takes = Takes::Either(&[Takes::Words(&["any"]), A_NAME]);
/// Any product, one of those that began the run, or the one with this id.
pub(super) const A_PRODUCT: Takes = Takes::Either(&[Takes::Words(&["any", "same"]), A_NAME]);
const WEEKDAY: Takes = Takes::Words(&["sun", "mon", "tue", "wed", "thu", "fri", "sat"]);
/// A day of the week, or several.
pub(super) const WEEKDAYS: Takes = Takes::Either(&[WEEKDAY, Takes::List(&WEEKDAY, 1)]);
pub(super) const KINDS: Takes = Takes::Words(&["marketing", "transactional"]);
pub(super) const REFERRALS: Takes = Takes::Words(&["signup", "purchase"]);
/// Names and whatever they hold.
pub(super) const NAMED_VALUES: Takes =
    Takes::Map(&Map { names: &NAME, of: Takes::Json, count: (0, None) });
