//! Signed links: what a reader's click, open or unsubscribe proves.
//!
//! A token is `base64url(payload ‖ mac)`; the MAC is HMAC-SHA256 over purpose and payload, cut to
//! 128 bits (RFC 2104 section 5 allows half of the hash and no less). The purpose is part of what
//! is signed, so a pixel's token can't unsubscribe anyone. The destination of a click stands in
//! its token: no look-up, and no open redirect.

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::{
    consent::Channel,
    id::{ContactId, Id, MessageId, RunId},
};

const MAC_BYTES: usize = 16;
/// Far above what any mail program cuts, far below what a URL may hold.
const TOKEN_CHARS_MAX: usize = 4_096;

/// The secrets under which links are signed: the first signs, all verify, so that a key can be
/// rotated while old mails still work.
#[derive(Clone)]
pub struct LinkKeys(Vec<Vec<u8>>);

/// There is no usable secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("each link secret needs at least 16 characters, and at least one secret is needed")]
pub struct WeakSecret;

/// What a token may be for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// The pixel of a message.
    Open {
        /// Whose.
        contact: ContactId,
        /// Which message.
        message: MessageId,
    },
    /// A link of a message.
    Click {
        /// Whose.
        contact: ContactId,
        /// Which message.
        message: MessageId,
        /// Which link ([`link_key`]).
        key: String,
        /// Where it leads.
        url: String,
    },
    /// The answer to a question that a message asked.
    Answer {
        /// Whose.
        contact: ContactId,
        /// Of which message.
        message: MessageId,
        /// To which question.
        question: String,
        /// What is chosen when the page opens.
        answer: Option<String>,
        /// The language of the page.
        language: String,
    },
    /// The refusal of a channel.
    Unsubscribe {
        /// Whose.
        contact: ContactId,
        /// Of what.
        channel: Channel,
        /// The language of the page.
        language: String,
    },
}

/// What a token is used for; a token for another purpose does not verify.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// `GET /o/{token}`
    Open,
    /// `GET /c/{token}`
    Click,
    /// `GET, POST /u/{token}`
    Unsubscribe,
    /// `GET, POST /a/{token}`
    Answer,
}

impl Purpose {
    fn label(self) -> &'static [u8] {
        match self {
            Self::Open => b"masa.open.1|",
            Self::Click => b"masa.click.1|",
            Self::Unsubscribe => b"masa.unsubscribe.1|",
            Self::Answer => b"masa.answer.1|",
        }
    }
}

impl LinkKeys {
    /// Keys from a comma-separated list of secrets.
    ///
    /// # Errors
    /// When the list is empty or a secret is shorter than 16 characters.
    pub fn new(secrets: &str) -> Result<Self, WeakSecret> {
        let keys: Vec<Vec<u8>> = secrets
            .split(',')
            .map(|secret| secret.trim().as_bytes().to_vec())
            .filter(|key| !key.is_empty())
            .collect();
        if keys.is_empty() || keys.iter().any(|key| key.len() < 16) {
            return Err(WeakSecret);
        }
        Ok(Self(keys))
    }

    /// The token of a link.
    pub fn sign(&self, link: &Link) -> String {
        let (purpose, mut bytes) = encode(link);
        let key = self.0.first().map(Vec::as_slice).unwrap_or_default();
        let tag = mac(key, purpose, &bytes).finalize().into_bytes();
        bytes.extend(tag.iter().take(MAC_BYTES));
        BASE64URL_NOPAD.encode(&bytes)
    }

    /// What a token says, when it is for `purpose` and signed with one of the keys.
    pub fn verify(&self, purpose: Purpose, token: &str) -> Option<Link> {
        if token.len() > TOKEN_CHARS_MAX {
            return None;
        }
        let bytes = BASE64URL_NOPAD.decode(token.as_bytes()).ok()?;
        let (payload, tag) = bytes.split_at_checked(bytes.len().checked_sub(MAC_BYTES)?)?;
        let signed = |key: &Vec<u8>| mac(key, purpose, payload).verify_truncated_left(tag).is_ok();
        if !self.0.iter().any(signed) {
            return None;
        }
        decode(purpose, payload)
    }
}

impl std::fmt::Debug for LinkKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LinkKeys(…)")
    }
}

/// The key under which follows of a link are recorded: its name, or a digest of its address.
pub fn link_key(name: Option<&str>, url: &str) -> String {
    match name {
        Some(name) => name.to_owned(),
        None => {
            let digest = Sha256::digest(url.as_bytes());
            let short: Vec<u8> = digest.iter().take(8).copied().collect();
            HEXLOWER.encode(&short)
        }
    }
}

fn mac(key: &[u8], purpose: Purpose, payload: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key)
        .unwrap_or_else(|_| unreachable!("HMAC takes a key of any length (RFC 2104)"));
    mac.update(purpose.label());
    mac.update(payload);
    mac
}

fn encode(link: &Link) -> (Purpose, Vec<u8>) {
    let message = |contact: &ContactId, message: &MessageId| {
        let mut bytes = contact.0.bytes().to_vec();
        bytes.extend(message.run.0.bytes());
        bytes.extend(message.generation.to_be_bytes());
        bytes
    };
    match link {
        Link::Open { contact, message: id } => (Purpose::Open, message(contact, id)),
        Link::Click { contact, message: id, key, url } => {
            let mut bytes = message(contact, id);
            bytes.push(u8::try_from(key.len()).unwrap_or(u8::MAX));
            bytes.extend(key.bytes().take(usize::from(u8::MAX)));
            bytes.extend(url.bytes());
            (Purpose::Click, bytes)
        }
        Link::Answer { contact, message: id, question, answer, language } => {
            let mut bytes = message(contact, id);
            // Names hold no NUL.
            let answer = answer.as_deref().unwrap_or_default();
            bytes.extend([question.as_str(), answer, language].join("\0").bytes());
            (Purpose::Answer, bytes)
        }
        Link::Unsubscribe { contact, channel, language } => {
            let mut bytes = contact.0.bytes().to_vec();
            bytes.push(match channel {
                Channel::Email => b'e',
                Channel::Sms => b's',
            });
            bytes.extend(language.bytes());
            (Purpose::Unsubscribe, bytes)
        }
    }
}

fn decode(purpose: Purpose, payload: &[u8]) -> Option<Link> {
    let (contact, rest) = payload.split_first_chunk::<16>()?;
    let contact = ContactId(Id::from_bytes(*contact));
    if purpose == Purpose::Unsubscribe {
        let (channel, language) = rest.split_first()?;
        let channel = match channel {
            b'e' => Channel::Email,
            b's' => Channel::Sms,
            _ => return None,
        };
        let language = String::from_utf8(language.to_vec()).ok()?;
        return Some(Link::Unsubscribe { contact, channel, language });
    }
    let (run, rest) = rest.split_first_chunk::<16>()?;
    let (generation, rest) = rest.split_first_chunk::<4>()?;
    let message =
        MessageId { run: RunId(Id::from_bytes(*run)), generation: u32::from_be_bytes(*generation) };
    if purpose == Purpose::Open {
        return rest.is_empty().then_some(Link::Open { contact, message });
    }
    if purpose == Purpose::Answer {
        let text = String::from_utf8(rest.to_vec()).ok()?;
        let mut parts = text.split('\0').map(str::to_owned);
        let (question, answer, language) = (parts.next()?, parts.next()?, parts.next()?);
        let answer = Some(answer).filter(|answer| !answer.is_empty());
        return Some(Link::Answer { contact, message, question, answer, language });
    }
    let (length, rest) = rest.split_first()?;
    let (key, url) = rest.split_at_checked(usize::from(*length))?;
    let key = String::from_utf8(key.to_vec()).ok()?;
    let url = String::from_utf8(url.to_vec()).ok()?;
    Some(Link::Click { contact, message, key, url })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links() -> Vec<(Purpose, Link)> {
        let contact = ContactId(Id::derive(&["contact"]));
        let message = MessageId { run: RunId(Id::derive(&["run"])), generation: 3 };
        let url = "https://shop.example/מבצע?a=b".to_owned();
        let key = "offer".to_owned();
        let (channel, language) = (Channel::Email, "he".to_owned());
        vec![
            (Purpose::Open, Link::Open { contact, message }),
            (Purpose::Click, Link::Click { contact, message, key, url }),
            (
                Purpose::Answer,
                Link::Answer {
                    contact,
                    message,
                    question: "nps".to_owned(),
                    answer: Some("9".to_owned()),
                    language: language.clone(),
                },
            ),
            (
                Purpose::Answer,
                Link::Answer {
                    contact,
                    message,
                    question: "why".to_owned(),
                    answer: None,
                    language: language.clone(),
                },
            ),
            (Purpose::Unsubscribe, Link::Unsubscribe { contact, channel, language }),
        ]
    }

    #[test]
    fn a_token_verifies_for_its_own_purpose_and_under_any_key_of_the_list() {
        let old = LinkKeys::new("an-old-secret-of-the-shop").expect("a key");
        let new =
            LinkKeys::new("a-new-secret-of-the-shop, an-old-secret-of-the-shop").expect("keys");
        for (purpose, link) in links() {
            let token = old.sign(&link);
            assert_eq!(new.verify(purpose, &token), Some(link), "an old mail still works");
            for other in [Purpose::Open, Purpose::Click, Purpose::Unsubscribe, Purpose::Answer] {
                if other != purpose {
                    assert_eq!(new.verify(other, &token), None, "one purpose each");
                }
            }
        }
    }

    #[test]
    fn no_changed_or_cut_token_verifies() {
        let keys = LinkKeys::new("a-secret-of-the-shop-itself").expect("a key");
        for (purpose, link) in links() {
            let token = keys.sign(&link);
            let bytes = BASE64URL_NOPAD.decode(token.as_bytes()).expect("base64url");
            for n in 0..bytes.len() {
                let cut = BASE64URL_NOPAD.encode(&bytes[..n]);
                assert_eq!(keys.verify(purpose, &cut), None, "cut to {n} bytes");
                let mut flipped = bytes.clone();
                flipped[n] ^= 1;
                let flipped = BASE64URL_NOPAD.encode(&flipped);
                assert_eq!(keys.verify(purpose, &flipped), None, "byte {n} changed");
            }
        }
        assert_eq!(keys.verify(Purpose::Open, &"A".repeat(1_000_000)), None, "oversized");
        assert!(LinkKeys::new("").is_err() && LinkKeys::new("short").is_err(), "weak secrets");
    }
}
