//! Reading JSON of senders that can't mend what they send: what can't be used counts as absent.

use jiff::Timestamp;
use serde_json::Value;

use crate::{
    json::{Object, Problem},
    malformed::Malformed,
    value,
};

/// An object, or one that is not there and has nothing in it.
pub(crate) struct Usable<'a>(Option<Object<'a>>);

impl<'a> Usable<'a> {
    /// The body's outermost object: without one it isn't the sender's.
    pub(crate) fn root(body: &'a Value) -> Result<Self, Malformed> {
        Object::root(body).map(|object| Self(Some(object)))
    }

    /// A text in the form that `read` gives it.
    pub(crate) fn read<T>(
        &self,
        name: &str,
        read: impl FnOnce(&str) -> Result<T, Problem>,
    ) -> Option<T> {
        self.0.as_ref()?.read_usable(name, read).ok().flatten()
    }

    /// The name of a person or a product.
    pub(crate) fn name(&self, name: &str) -> Option<String> {
        self.read(name, value::name).filter(|name| !name.is_empty())
    }

    /// A moment, at most `now`.
    pub(crate) fn moment(&self, name: &str, now: Timestamp) -> Option<Timestamp> {
        self.read(name, |text| value::moment(text, now))
    }

    /// An id, as a number or as text.
    pub(crate) fn id(&self, name: &str) -> Option<String> {
        self.whole(name).map(|id| id.to_string()).or_else(|| self.read(name, value::store_id))
    }

    /// An id without which the body isn't the sender's.
    pub(crate) fn required_id(&self, name: &str) -> Result<String, Malformed> {
        const PROBLEM: &str = "send the id: a whole number that is not negative, or text";
        self.id(name).ok_or_else(|| Malformed::at(name, PROBLEM))
    }

    /// A whole number that isn't negative.
    pub(crate) fn whole(&self, name: &str) -> Option<u64> {
        self.0.as_ref()?.whole(name).ok().flatten()
    }

    /// Whether it is said to be so.
    pub(crate) fn is(&self, name: &str) -> bool {
        let said = self.0.as_ref().and_then(|object| object.flag(name).ok().flatten());
        said == Some(true)
    }

    /// Whether there is anything of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.as_ref().is_some_and(|object| object.get(name).is_some())
    }

    /// An object within.
    pub(crate) fn object(&self, name: &str) -> Usable<'a> {
        Usable(self.0.as_ref().and_then(|object| object.object(name).ok().flatten()))
    }

    /// The objects of a list.
    pub(crate) fn list(&self, name: &str) -> impl Iterator<Item = Usable<'a>> {
        let list = self.0.as_ref().and_then(|object| object.list(name).ok());
        let objects = list.unwrap_or_default().into_iter();
        objects.map(|(path, value)| Usable(Object::at(&path, value).ok()))
    }

    /// The first usable text among these.
    pub(crate) fn first(
        places: &[(&Usable<'_>, &str)],
        read: impl Fn(&str) -> Result<String, Problem>,
    ) -> Option<String> {
        places.iter().find_map(|(object, name)| object.read(name, &read))
    }
}
