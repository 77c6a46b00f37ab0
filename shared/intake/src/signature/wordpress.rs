//! What WordPress does to a webhook's secret before it signs with it.

/// `wp_specialchars_decode($text, ENT_QUOTES)` (`wp-includes/formatting.php`): five characters come
/// back from how WordPress writes them, each once, and no others.
pub(super) fn specialchars_decode(text: &str) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        decoded.push_str(before);
        let entity = after.split_once(';').and_then(|(name, rest)| Some((entity(name)?, rest)));
        let (character, after) = entity.unwrap_or(('&', after));
        decoded.push(character);
        rest = after;
    }
    decoded.push_str(rest);
    decoded
}

/// The character that `&name;` stands for. Numbers may begin with any zeros; hexadecimal ones are
/// known of the quotes and the ampersand alone.
fn entity(name: &str) -> Option<char> {
    let number = name.strip_prefix('#');
    let hexadecimal = number.and_then(|number| number.strip_prefix(['x', 'X']));
    let bare = |digits: &'_ str| digits.trim_start_matches('0').to_owned();
    match (name, hexadecimal.map(bare).as_deref(), number.map(bare).as_deref()) {
        ("amp", ..) | (_, Some("26"), _) | (_, None, Some("38")) => Some('&'),
        ("quot", ..) | (_, Some("22"), _) | (_, None, Some("34")) => Some('"'),
        (_, Some("27"), _) | (_, None, Some("39")) => Some('\''),
        ("lt", ..) | (_, None, Some("60")) => Some('<'),
        ("gt", ..) | (_, None, Some("62")) => Some('>'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::specialchars_decode;

    #[test]
    fn five_characters_come_back() {
        for (text, decoded) in [
            ("plain", "plain"),
            ("a &amp; b", "a & b"),
            ("&lt;&gt;&quot;&#039;", "<>\"'"),
            ("&#39;&#0000039;&#x27;&#X0027;", "''''"),
            ("&#34;&#034;&#x22;&#60;&#62;&#38;&#x26;", "\"\"\"<>&&"),
            ("&amp;lt;", "&lt;"),
            ("&&amp;;", "&&;"),
            ("&#x3c;&#x3e;&apos;&nbsp;&LT;&eacute;", "&#x3c;&#x3e;&apos;&nbsp;&LT;&eacute;"),
            ("&", "&"),
            ("&;&#;&#x;", "&;&#;&#x;"),
            ("סוד&amp;&#039;", "סוד&'"),
            ("a & b ; &quot;", "a & b ; \""),
        ] {
            assert_eq!(specialchars_decode(text), decoded, "{text}");
        }
    }
}
