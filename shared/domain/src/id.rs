//! Identifiers: 128 bits, derived from what they name, written as 26 lower-case base32 characters.
//!
//! Derived and not drawn, so that the same input always gives the same key and a repeated stimulus
//! meets its own traces. The alphabet fits schedule names (`[0-9a-zA-Z-_.]`, 64 characters) and
//! links, and nothing of an address can be read from an id.

use std::{fmt, str::FromStr};

use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{consent::Channel, fact::Platform};

/// A text that is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an id: 26 lower-case base32 characters are needed")]
pub struct NotAnId;

/// 128 derived bits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id([u8; 16]);

impl Id {
    /// An id from the parts that name a thing. Parts are length-prefixed: `["ab","c"]` and
    /// `["a","bc"]` differ.
    pub fn derive(parts: &[&str]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        Self::cut(&hash.finalize())
    }

    /// The raw bytes, for links.
    pub fn bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// A number that is as good as drawn by chance, and always the same for this id.
    pub(crate) fn number(&self) -> u64 {
        self.0.iter().take(8).fold(0, |number, byte| (number << 8) | u64::from(*byte))
    }

    /// An id from its raw bytes.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    fn cut(digest: &[u8]) -> Self {
        let mut id = [0; 16];
        for (to, from) in id.iter_mut().zip(digest) {
            *to = *from;
        }
        Self(id)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE32_NOPAD.encode(&self.0).to_ascii_lowercase())
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Id {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        if text.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(NotAnId);
        }
        let bytes =
            BASE32_NOPAD.decode(text.to_ascii_uppercase().as_bytes()).map_err(|_| NotAnId)?;
        bytes.try_into().map(Self).map_err(|_| NotAnId)
    }
}

impl Serialize for Id {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

macro_rules! typed_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Id);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                text.parse().map(Self)
            }
        }
    };
}

typed_id! {
    /// A person, derived from the normalised e-mail address or else the phone, under a secret key.
    ContactId
}
typed_id! {
    /// One contact's passage through one flow, derived from contact, flow and cause.
    RunId
}
typed_id! {
    /// Something that happened, derived from its source and the source's own id: the dedupe key.
    FactId
}

impl FactId {
    /// The id of what `source` (a door, such as `signup` or `shopify.order`) calls `id`.
    pub fn new(source: &str, id: &str) -> Self {
        Self(Id::derive(&["fact", source, id]))
    }
}

impl RunId {
    /// The run that `cause` (a fact, or another run's wake) starts in `flow`.
    pub fn new(contact: ContactId, flow: &str, cause: Id) -> Self {
        Self(Id::derive(&["run", &contact.to_string(), flow, &cause.to_string()]))
    }
}

/// The secret under which contact ids are derived. It is never rotated: another key would make
/// every known person a new one.
#[derive(Clone)]
pub struct ContactKey(Vec<u8>);

impl ContactKey {
    /// A key from a secret text.
    pub fn new(secret: &str) -> Self {
        Self(secret.as_bytes().to_vec())
    }

    /// The contact of a normalised address or phone. `None` when there is neither.
    pub fn contact(&self, email: Option<&str>, phone: Option<&str>) -> Option<ContactId> {
        match (email, phone) {
            (Some(email), _) => Some(self.derive("email", email)),
            (None, Some(phone)) => Some(self.derive("phone", phone)),
            (None, None) => None,
        }
    }

    /// Under whose id a refusal of `channel` by `contact` is kept: a number's is the number's own,
    /// for whoever else has given it. (An e-mail address is what a contact's id is made of.)
    pub fn refuser(&self, contact: ContactId, phone: Option<&str>, channel: Channel) -> ContactId {
        let number = phone.filter(|_| channel == Channel::Sms);
        number.and_then(|number| self.contact(None, Some(number))).unwrap_or(contact)
    }

    /// The contact of whom only a customer account of a platform is known.
    pub fn account(&self, platform: Platform, id: &str) -> ContactId {
        self.derive(platform.as_str(), id)
    }

    /// A network address, for counting what comes from it: it can't be read back.
    pub fn visitor(&self, address: &str) -> Id {
        self.derive("visitor", address).0
    }

    fn derive(&self, kind: &str, value: &str) -> ContactId {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).unwrap_or_else(|_| {
            unreachable!("HMAC takes a key of any length (RFC 2104)");
        });
        mac.update(kind.as_bytes());
        mac.update(b":");
        mac.update(value.as_bytes());
        ContactId(Id::cut(&mac.finalize().into_bytes()))
    }
}

impl fmt::Debug for ContactKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ContactKey(…)")
    }
}

/// A message: the run that decided it and the run's generation at that moment. A step visited
/// twice gives two messages; a stimulus delivered twice gives one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MessageId {
    /// The run.
    pub run: RunId,
    /// Its generation when the message was decided.
    pub generation: u32,
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.run, self.generation)
    }
}
