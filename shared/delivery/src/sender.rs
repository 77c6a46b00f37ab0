//! The sender of mails, `Name <address>`, as it may stand in a header.

use data_encoding::BASE64;

/// What an encoded word holds at most, in bytes of text: 75 characters less its frame (RFC 2047
/// section 2), three quarters of that before base64.
const WORD_BYTES: usize = 45;

/// A sender that can't stand in a header.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("write the sender as `name@example.com` or `Name <name@example.com>`")]
pub struct NotASender;

/// A checked sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender(String);

impl Sender {
    /// Reads `address` or `Name <address>`; a name beyond ASCII becomes encoded words.
    ///
    /// # Errors
    /// [`NotASender`] when there is no plausible ASCII address, or a control character.
    pub fn new(text: &str) -> Result<Self, NotASender> {
        let text = text.trim();
        if text.chars().any(char::is_control) {
            return Err(NotASender);
        }
        let Some((name, rest)) = text.split_once('<') else {
            return plausible(text).map(|address| Self(address.to_owned()));
        };
        let address = plausible(rest.strip_suffix('>').ok_or(NotASender)?)?;
        let name = name.trim().trim_matches('"');
        Ok(Self(match name {
            "" => address.to_owned(),
            name => format!("{} <{address}>", phrase(name)),
        }))
    }

    /// The header's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn plausible(address: &str) -> Result<&str, NotASender> {
    let (local, domain) = address.split_once('@').ok_or(NotASender)?;
    let odd = |c: char| !c.is_ascii_graphic() || matches!(c, '<' | '>' | '@' | ',' | ';' | '"');
    if local.is_empty() || domain.is_empty() || local.contains(odd) || domain.contains(odd) {
        return Err(NotASender);
    }
    Ok(address)
}

/// A display name: quoted when ASCII, else encoded words.
fn phrase(name: &str) -> String {
    if name.is_ascii() {
        return format!("\"{}\"", name.replace(['"', '\\'], ""));
    }
    let mut words = Vec::new();
    let mut word = String::new();
    for c in name.chars() {
        if word.len() + c.len_utf8() > WORD_BYTES {
            words.push(encoded(&word));
            word.clear();
        }
        word.push(c);
    }
    words.push(encoded(&word));
    words.join(" ")
}

fn encoded(word: &str) -> String {
    format!("=?UTF-8?B?{}?=", BASE64.encode(word.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::{NotASender, Sender};

    #[test]
    fn senders_are_read_and_encoded() {
        let header = |text: &str| Sender::new(text).map(|sender| sender.0);
        assert_eq!(header("shop@example.com"), Ok("shop@example.com".to_owned()));
        assert_eq!(
            header("Tea & Co <shop@example.com>"),
            Ok("\"Tea & Co\" <shop@example.com>".to_owned())
        );
        assert_eq!(
            header("תה <shop@example.com>"),
            Ok("=?UTF-8?B?16rXlA==?= <shop@example.com>".to_owned())
        );
        for text in ["", "shop", "a@b>", "x <a@b", "a@b\r\nBcc: c@d", "<a b@c>", "a@b, c@d"] {
            assert_eq!(header(text), Err(NotASender), "{text:?}");
        }
    }
}
