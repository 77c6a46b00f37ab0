//! What the doors of platforms share.
//!
//! A platform can't mend what it sends: it repeats a refused webhook for a while and then gives up,
//! or ends the subscription. So what can't be used counts as absent, what concerns nobody is
//! ignored, and only a body that isn't the platform's is refused.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use masa_domain::{
    Also, ContactDetails, ContactId, ContactKey, Fact, FactId, Happening, Item, Platform,
};
use serde_json::{Map, Value};

use crate::{
    amount::Amount,
    json::{Object, Problem},
    malformed::Malformed,
    purchase::{ITEMS_MAX, QUANTITY_MAX},
    value,
};

/// The longest address of a page that is kept, in bytes.
const URL_BYTES_MAX: usize = 2_000;

/// When a webhook came in, and the key of whom it concerns.
#[derive(Clone, Copy)]
pub(crate) struct Receipt<'a> {
    pub(crate) key: &'a ContactKey,
    pub(crate) now: Timestamp,
}

impl Receipt<'_> {
    /// The customer account `id` of a platform, for facts that are of whom it belongs to.
    pub(crate) fn account(self, platform: Platform, id: Option<String>) -> Vec<Also> {
        Vec::from_iter(id.map(|id| Also::Account(self.key.account(platform, &id))))
    }

    /// Whom details name, if anybody: by address, account, or else number, which a family may share.
    pub(crate) fn contact(self, details: &ContactDetails) -> Option<ContactId> {
        match (&details.email, details.also.first()) {
            (None, Some(account)) => Some(account.id()),
            (email, _) => self.key.contact(email.as_deref(), details.phone.as_deref()),
        }
    }

    /// A fact about whoever `details` name, if anybody; at `at`, but nothing has happened in the future.
    pub(crate) fn fact(
        self,
        id: FactId,
        at: Option<Timestamp>,
        mut details: ContactDetails,
        what: Happening,
    ) -> Option<Fact> {
        let contact = self.contact(&details)?;
        details.also.retain(|also| also.id() != contact);
        let (received_at, at) = (self.now, at.unwrap_or(self.now).min(self.now));
        Some(Fact { id, contact, received_at, at, details, what })
    }
}

/// An object of a platform's, or nothing.
#[derive(Clone, Copy)]
pub(crate) struct Part<'a>(Option<&'a Map<String, Value>>);

impl<'a> Part<'a> {
    /// A body's outermost object.
    pub(crate) fn root(body: &'a Value) -> Result<Self, Malformed> {
        Object::root(body).map(|_| Self(body.as_object()))
    }

    /// Nothing.
    pub(crate) fn none() -> Self {
        Self(None)
    }

    /// What stands under `name`, unless it is null.
    pub(crate) fn get(self, name: &str) -> Option<&'a Value> {
        self.0?.get(name).filter(|value| !value.is_null())
    }

    /// Whether `name` is told at all, be it as null.
    pub(crate) fn tells(self, name: &str) -> bool {
        self.0.is_some_and(|map| map.contains_key(name))
    }

    /// The object under `name`.
    pub(crate) fn object(self, name: &str) -> Self {
        Self(self.get(name).and_then(Value::as_object))
    }

    /// The objects of the list under `name`.
    pub(crate) fn list(self, name: &str) -> impl Iterator<Item = Self> {
        let list = self.get(name).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_object).map(|map| Self(Some(map)))
    }

    /// All that it tells.
    pub(crate) fn entries(self) -> impl Iterator<Item = (&'a String, &'a Value)> {
        self.0.into_iter().flatten()
    }

    /// A text without the space around it, unless it is empty.
    pub(crate) fn text(self, name: &str) -> Option<&'a str> {
        self.get(name)?.as_str().map(str::trim).filter(|text| !text.is_empty())
    }

    /// A text in the form that `read` gives it.
    pub(crate) fn read<T>(
        self,
        name: &str,
        read: impl FnOnce(&str) -> Result<T, Problem>,
    ) -> Option<T> {
        read(self.text(name)?).ok()
    }

    /// The name of a person or a product, unless nothing is left of it.
    pub(crate) fn name(self, name: &str) -> Option<String> {
        self.read(name, self::name)
    }

    /// An id: a text or a number. 0 is none.
    pub(crate) fn id(self, name: &str) -> Option<String> {
        match self.get(name)? {
            Value::Number(number) => number.as_u64().filter(|id| *id > 0).map(|id| id.to_string()),
            _ => self.read(name, value::store_id),
        }
    }

    /// Something without which the body isn't the platform's.
    pub(crate) fn required<T>(
        self,
        path: &str,
        found: impl FnOnce(Self, &str) -> Option<T>,
    ) -> Result<T, Malformed> {
        let (within, name) = path.rsplit_once('.').unwrap_or(("", path));
        let holder = within.split('.').filter(|name| !name.is_empty()).fold(self, Self::object);
        found(holder, name).ok_or_else(|| Malformed::at(path, "this is required"))
    }

    /// True, and nothing else.
    pub(crate) fn is(self, name: &str) -> bool {
        self.get(name) == Some(&Value::Bool(true))
    }

    /// An amount of money.
    pub(crate) fn amount(self, name: &str) -> Option<Amount> {
        Amount::read(self.get(name)?)
    }

    /// A moment; without a zone it is UTC.
    pub(crate) fn moment(self, name: &str) -> Option<Timestamp> {
        let text = self.text(name)?;
        text.parse().ok().or_else(|| {
            let civil: DateTime = text.parse().ok()?;
            civil.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
        })
    }

    /// A moment in Unix seconds.
    pub(crate) fn seconds(self, name: &str) -> Option<Timestamp> {
        Timestamp::from_second(self.get(name)?.as_i64()?).ok()
    }

    /// How many pieces a line has by `name`; `None` when it has none left.
    pub(crate) fn quantity(self, name: &str) -> Option<u32> {
        let Some(told) = self.get(name) else { return Some(1) };
        let quantity = match told.as_u64() {
            Some(quantity) => u32::try_from(quantity).unwrap_or(QUANTITY_MAX).min(QUANTITY_MAX),
            // Half a metre is a piece, a negative number is a return.
            None => u32::from(told.as_f64().is_none_or(|quantity| quantity > 0.0)),
        };
        Some(quantity).filter(|quantity| *quantity > 0)
    }
}

/// The lines of an order, as `read` reads one.
pub(crate) fn items<'a>(
    lines: impl Iterator<Item = Part<'a>>,
    read: impl Fn(Part<'a>) -> Option<Item>,
) -> Vec<Item> {
    lines.filter_map(read).take(ITEMS_MAX).collect()
}

/// An event of this name, with the data that there are.
pub(crate) fn event<const N: usize>(name: &str, data: [(&str, Option<Value>); N]) -> Happening {
    let told = data.into_iter().filter_map(|(name, told)| Some((name.to_owned(), told?)));
    let data: Map<String, Value> = told.collect();
    let data = if data.is_empty() { Value::Null } else { Value::Object(data) };
    Happening::Event { name: name.to_owned(), data }
}

/// The name of a person, which has something in it.
pub(crate) fn name(text: &str) -> Result<String, Problem> {
    value::name(text).and_then(|name| if name.is_empty() { Err("send a name") } else { Ok(name) })
}

/// The address of a page of the platform's.
pub(crate) fn url(text: &str) -> Result<String, Problem> {
    let plain = |c: char| c.is_ascii_graphic() && !"\"'<>\\`".contains(c);
    let host = text.strip_prefix("https://").unwrap_or_default();
    let named = host.starts_with(|c: char| c.is_ascii_alphanumeric());
    if text.len() > URL_BYTES_MAX || !named || !text.chars().all(plain) {
        return Err("send an https address");
    }
    Ok(text.to_owned())
}
