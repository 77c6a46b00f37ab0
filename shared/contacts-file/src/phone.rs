//! Phones as they are written within a country.

use masa_intake::address::{is_phone_decoration, phone};
use phonenumber::country;

/// A phone in E.164, also one that is written as within `country` (ISO 3166-1 alpha-2):
/// `050-555-0123` of `IL` is `+972505550123`. So is `505550123`, from which a spreadsheet took the
/// leading zero, and `972505550123`, from which it took the plus. What is written with `+` or `00`
/// needs no country and is [`phone`]'s. A number within a country must be one that can be given out
/// there (Google's libphonenumber), for a wrong one can't be told from one of another country.
///
/// # Errors
/// What to do, without the phone.
pub(crate) fn phone_in(text: &str, country: Option<&str>) -> Result<String, &'static str> {
    let bare: String = text.chars().filter(|c| !is_phone_decoration(*c) || *c == '.').collect();
    if is_rounded(&bare) {
        return Err(
            "a spreadsheet rounded this phone (9.7E+11): format its column as text there, \
                    and export it again",
        );
    }
    if bare.starts_with('+') || bare.starts_with("00") {
        return phone(text);
    }
    // Tables that were numbers end in this.
    let bare = bare.strip_suffix(".0").unwrap_or(&bare).replace('.', "");
    if bare.is_empty() || !bare.bytes().all(|b| b.is_ascii_digit()) {
        return Err("a phone holds only digits, spaces, dashes, dots, parentheses and a leading +");
    }
    let country = country.ok_or(
        "write the phone with its country code, such as +972505550123, or give a default country",
    )?;
    let id: country::Id = country
        .to_ascii_uppercase()
        .parse()
        .map_err(|_| "give the default country as two letters that have phones, such as IL")?;
    let number = phonenumber::parse(Some(id), &bare)
        .ok()
        .filter(phonenumber::is_valid)
        .ok_or("this is no phone of the default country: write it with its country code")?;
    phone(&format!("+{}{}", number.country().code(), significant(&number)))
}

/// The national number with the zeros that belong to it (Italy).
fn significant(number: &phonenumber::PhoneNumber) -> String {
    let national = number.national();
    let zeros = usize::from(national.zeros());
    format!("{}{}", "0".repeat(zeros), national.value())
}

/// Whether a spreadsheet wrote a number with a power of ten.
fn is_rounded(bare: &str) -> bool {
    let Some((digits, power)) = bare.split_once(['e', 'E']) else { return false };
    let power = power.strip_prefix('+').unwrap_or(power);
    let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    number(power) && number(&digits.replacen('.', "", 1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::phone_in;

    #[test]
    fn phones_are_read_as_within_their_country() {
        for (written, country, normal) in [
            ("050-555-0123", "IL", "+972505550123"),
            ("050 555 0123", "il", "+972505550123"),
            ("505550123", "IL", "+972505550123"),
            ("505550123.0", "IL", "+972505550123"),
            ("972505550123", "IL", "+972505550123"),
            ("+972505550123", "US", "+972505550123"),
            ("00972-50-555-0123", "US", "+972505550123"),
            ("(212) 555-0123", "US", "+12125550123"),
            ("06 1234 5678", "IT", "+390612345678"),
            ("\u{202a}050\u{a0}555\u{2011}0123\u{202c}", "IL", "+972505550123"),
        ] {
            assert_eq!(phone_in(written, Some(country)).as_deref(), Ok(normal), "{written:?}");
        }
    }

    #[test]
    fn what_is_no_phone_there_is_refused_and_says_why() {
        for (written, country, says) in [
            ("050-555-0123", None, "default country"),
            ("505550123", None, "default country"),
            ("9.72506E+11", Some("IL"), "rounded"),
            ("9.72506e11", None, "rounded"),
            ("12345", Some("IL"), "no phone of the default country"),
            ("050-555-0123", Some("XX"), "two letters"),
            ("050-555-0123", Some("ישראל"), "two letters"),
            ("none", Some("IL"), "only digits"),
            ("", Some("IL"), "only digits"),
            ("050-555-0123;ext=1", Some("IL"), "only digits"),
            ("٠٥٠٥٥٥٠١٢٣", Some("IL"), "only digits"),
        ] {
            let refused = phone_in(written, country).expect_err("it is refused");
            assert!(refused.contains(says), "{written:?}: {refused}");
        }
    }

    proptest! {
        #[test]
        fn any_text_has_one_form_or_none(
            text in r"\PC*|[0-9 .()+-]{0,20}",
            country in r"[A-Z]{2}|IL|US|IT|AR|MX|BR",
        ) {
            if let Ok(normal) = phone_in(&text, Some(&country)) {
                prop_assert_eq!(phone_in(&normal, None), Ok(normal.clone()));
            }
        }
    }
}
