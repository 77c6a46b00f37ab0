//! E-mail addresses and phones in the one form under which a person is known.
//!
//! All functions are idempotent: what they return, they return again.

mod provider;

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};

use crate::value::is_bidi_control;

pub use provider::{Rules, canonical};

/// RFC 5321: the part before the @, in bytes.
const LOCAL_BYTES_MAX: usize = 64;

/// RFC 5321 with erratum 1690: the whole address, in bytes.
const EMAIL_BYTES_MAX: usize = 254;

/// An address in lower case, its domain in punycode (UTS 46).
///
/// # Errors
/// What to do, without the address.
pub fn email(text: &str) -> Result<String, &'static str> {
    let text = text.trim();
    if text.chars().any(|c| c.is_whitespace() || c.is_control() || is_bidi_control(c)) {
        return Err("an e-mail address holds no spaces and no control characters");
    }
    let Some((local, domain)) = text.split_once('@') else {
        return Err("send an e-mail address, such as dana@example.com");
    };
    if domain.contains('@') {
        return Err("an e-mail address has exactly one @");
    }
    let (local, domain) = (email_local(local)?, email_domain(domain)?);
    if local.len() + 1 + domain.len() > EMAIL_BYTES_MAX {
        return Err("an e-mail address has at most 254 characters");
    }
    Ok(format!("{local}@{domain}"))
}

fn email_local(local: &str) -> Result<String, &'static str> {
    if local.is_empty() || local.len() > LOCAL_BYTES_MAX {
        return Err("the part before the @ has 1 to 64 characters");
    }
    // SES takes no others (no SMTPUTF8), and quoted ones are how headers are smuggled in.
    let known = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&b);
    if !local.bytes().all(known) {
        return Err(
            "the part before the @ holds only ASCII letters, digits and .!#$%&'*+-/=?^_`{|}~",
        );
    }
    if local.starts_with('.') || local.ends_with('.') || local.contains("..") {
        return Err("the part before the @ has no dot at its ends and no two in a row");
    }
    Ok(local.to_ascii_lowercase())
}

fn email_domain(domain: &str) -> Result<String, &'static str> {
    const WRONG: &str = "the part after the @ must be a domain name, such as example.com";
    let ascii = Uts46::new()
        .to_ascii(
            domain.as_bytes(),
            AsciiDenyList::STD3,
            Hyphens::CheckFirstLast,
            DnsLength::Verify,
        )
        .map_err(|_| WRONG)?;
    let (_, top) = ascii.rsplit_once('.').ok_or(WRONG)?;
    // A top level of digits is an IP address, which nobody signs up with.
    if top.bytes().all(|b| b.is_ascii_digit()) {
        return Err(WRONG);
    }
    Ok(ascii.into_owned())
}

/// A phone in E.164: `+`, country code and number, 8 to 15 digits. Spaces, dashes, dots and
/// parentheses go, and so do the invisible direction marks that phones copied from right-to-left
/// pages bring along; a leading `00` is the `+`.
///
/// # Errors
/// What to do, without the phone.
pub fn phone(text: &str) -> Result<String, &'static str> {
    const WRONG: &str = "send a phone with its country code, such as +972505550123";
    let bare: String = text.chars().filter(|c| !is_phone_decoration(*c)).collect();
    let digits = bare.strip_prefix('+').or_else(|| bare.strip_prefix("00")).ok_or(WRONG)?;
    let countable = (8..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    // No country code begins with 0.
    if !countable || digits.starts_with('0') {
        return Err(WRONG);
    }
    Ok(format!("+{digits}"))
}

/// What may stand between the digits of a phone.
pub fn is_phone_decoration(c: char) -> bool {
    c.is_whitespace()
        || is_bidi_control(c)
        || matches!(c, '-' | '.' | '(' | ')' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{email, phone};

    #[test]
    fn addresses_take_one_form() {
        for (written, normal) in [
            ("dana@example.com", "dana@example.com"),
            ("  Dana.Levi+Shop@Example.COM\t", "dana.levi+shop@example.com"),
            ("dana@דוגמה.קום", "dana@xn--6dbbec0c.xn--9dbq2a"),
            ("dana@BÜCHER.example", "dana@xn--bcher-kva.example"),
            ("o'neil@mail.example.org", "o'neil@mail.example.org"),
            ("dana@ｅｘａｍｐｌｅ.com", "dana@example.com"),
        ] {
            assert_eq!(email(written).as_deref(), Ok(normal), "{written:?}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let long_local = format!("{}@example.com", "a".repeat(65));
        let long = format!("a@{}.example.com", vec!["b".repeat(60); 4].join("."));
        for written in [
            "",
            "dana",
            "@example.com",
            "dana@",
            "dana@@example.com",
            "a@b@example.com",
            "da na@example.com",
            "dana@exa mple.com",
            "dana@example",
            "dana@192.0.2.1",
            "dana@[192.0.2.1]",
            "דנה@example.com",
            "dana@example..com",
            "dana@-example.com",
            "dana@example.com.",
            ".dana@example.com",
            "dana.@example.com",
            "da..na@example.com",
            "\"dana\"@example.com",
            "dana@example.com\r\nBcc: x@example.com",
            "dana\u{0}@example.com",
            "dana\u{202e}@example.com",
            "dana@exam\u{200f}ple.com",
            "Dana <dana@example.com>",
            "a@example.com,b@example.com",
            "dana@exa_mple.com",
            "dana@example.com/x",
            &long_local,
            &long,
        ] {
            assert!(email(written).is_err(), "{written:?} is refused");
        }
    }

    #[test]
    fn phones_take_one_form() {
        for (written, normal) in [
            ("+972505550123", "+972505550123"),
            (" +972 50-555.0123 ", "+972505550123"),
            ("00972 (50) 555 0123", "+972505550123"),
            ("\u{202a}+972\u{a0}50\u{2011}555\u{2011}0123\u{202c}", "+972505550123"),
        ] {
            assert_eq!(phone(written).as_deref(), Ok(normal), "{written:?}");
        }
        for written in [
            "",
            "+",
            "0505550123",
            "972505550123",
            "+1234567",
            "+1234567890123456",
            "+97250555O123",
            "+972+505550123",
            "00",
            "+0972505550123",
            "+٩٧٢٥٠٥٥٥٠١٢٣",
            "+972505550123;ext=1",
        ] {
            assert!(phone(written).is_err(), "{written:?} is refused");
        }
    }

    proptest! {
        #[test]
        fn an_address_stays_as_it_is(
            text in r"[ a-zA-Z0-9.+_'-]{1,12}@[a-zA-Z0-9äßאבגİſ。.-]{1,16}\.(com|קום|Example)",
        ) {
            if let Ok(normal) = email(&text) {
                prop_assert_eq!(email(&normal), Ok(normal.clone()));
            }
        }

        #[test]
        fn any_text_has_one_form_or_none(text in any::<String>()) {
            if let Ok(normal) = email(&text) {
                prop_assert_eq!(email(&normal), Ok(normal.clone()));
            }
            if let Ok(normal) = phone(&text) {
                prop_assert_eq!(phone(&normal), Ok(normal.clone()));
            }
        }

        #[test]
        fn a_phone_stays_as_it_is(text in r"(\+|00)[0-9 ().-]{8,20}") {
            if let Ok(normal) = phone(&text) {
                prop_assert_eq!(phone(&normal), Ok(normal.clone()));
            }
        }
    }
}
