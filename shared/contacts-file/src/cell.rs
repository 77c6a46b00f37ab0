//! What stands in one cell: texts that no spreadsheet takes for a formula, and values of fields.

use serde_json::{Number, Value};

/// What begins a formula in a spreadsheet (OWASP, CSV injection), also in its wide form.
const BEGINS_FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

/// A text that spreadsheets show and don't run: one that begins like a formula gets a `'` in front, as
/// people write it there. Plain numbers and phones (`-5`, `+972505550123`) stay, for there is nothing in
/// them to run, and other programs couldn't read them any more.
pub(crate) fn safe(text: &str) -> String {
    let bare = text.trim_start_matches('\'');
    let runs = begins_formula(bare) && (bare.len() < text.len() || !is_number(text));
    if runs { format!("'{text}") } else { text.to_owned() }
}

/// The text that [`safe`] wrote, or that somebody protected likewise.
pub(crate) fn bare(cell: &str) -> &str {
    let guarded = |rest: &&str| begins_formula(rest.trim_start_matches('\''));
    cell.strip_prefix('\'').filter(guarded).unwrap_or(cell)
}

fn begins_formula(text: &str) -> bool {
    text.starts_with(['\t', '\r', '\n']) || text.trim_start().starts_with(BEGINS_FORMULA)
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    let plain = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    plain(whole) && plain(part)
}

/// A field's value as the text of a cell, from which [`value`] makes the same again.
pub(crate) fn text(field: &Value) -> String {
    match field {
        Value::String(text) if !text.is_empty() && text.trim() == text && is_plain(text) => {
            if value(text) == *field { text.clone() } else { field.to_string() }
        }
        other => other.to_string(),
    }
}

/// Whether CSV and XML both hold all characters of a text as they are.
fn is_plain(text: &str) -> bool {
    text.chars().all(|c| c == '\n' || !(c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}')))
}

/// A field's value from a cell: a number as JSON writes it is a number (`42`, not `042`), so are
/// `true`, `false`, and lists and quoted texts of JSON; all else is text as it stands.
pub(crate) fn value(cell: &str) -> Value {
    let told = match cell.as_bytes() {
        [b'0'..=b'9' | b'-', ..] => number(cell).map(Value::Number),
        [b't' | b'f' | b'[' | b'"', ..] => serde_json::from_str(cell).ok(),
        _ => None,
    };
    told.unwrap_or_else(|| Value::String(cell.to_owned()))
}

/// A number in the one form in which JSON writes it.
fn number(cell: &str) -> Option<Number> {
    let whole = cell.parse().map(|whole: i64| Number::from(whole)).ok();
    let whole = whole.or_else(|| cell.parse().map(|whole: u64| Number::from(whole)).ok());
    // By the standard library, which reads the last digit too.
    let number = whole.or_else(|| Number::from_f64(cell.parse().ok()?));
    number.filter(|number| number.to_string() == cell)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::{bare, safe, text, value};

    #[test]
    fn formulas_are_shown_and_not_run() {
        for (written, shown) in [
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("-2+3", "'-2+3"),
            ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
            (" =1", "' =1"),
            ("\t=1", "'\t=1"),
            ("\rx", "'\rx"),
            ("＝1", "'＝1"),
            ("'=1", "''=1"),
            ("-5", "-5"),
            ("+972505550123", "+972505550123"),
            ("dana@example.com", "dana@example.com"),
            ("'tis", "'tis"),
            ("", ""),
        ] {
            assert_eq!(safe(written), shown);
        }
        assert_eq!(bare("'+972505550123"), "+972505550123", "people protect phones so");
    }

    #[test]
    fn cells_are_values() {
        for (cell, field) in [
            ("42", json!(42)),
            ("-0.5", json!(-0.5)),
            ("042", json!("042")),
            ("1.50", json!("1.50")),
            ("true", json!(true)),
            ("TRUE", json!("TRUE")),
            ("null", json!("null")),
            ("[1,\"a\"]", json!([1, "a"])),
            ("[1", json!("[1")),
            ("\"42\"", json!("42")),
            ("{\"a\":1}", json!("{\"a\":1}")),
            ("כחול", json!("כחול")),
        ] {
            assert_eq!(value(cell), field, "{cell}");
        }
    }

    proptest! {
        #[test]
        fn texts_come_back(written in any::<String>()) {
            let shown = safe(&written);
            prop_assert_eq!(bare(&shown), &written);
            let field = json!(written);
            prop_assert_eq!(value(text(&field).trim()), field);
        }

        #[test]
        fn any_cell_begins_no_formula(written in "['=+@\t -]{0,4}[a-z0-9.]{0,3}") {
            let shown = safe(&written);
            let runs = shown.trim_start().starts_with(['=', '+', '-', '@']);
            prop_assert!(!runs || shown.get(1..).is_some_and(|rest| rest.parse::<f64>().is_ok()));
        }
    }
}
