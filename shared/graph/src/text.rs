//! Texts: what may stand in a picture, how wide it is, and how it is cut.

use std::fmt::Write as _;

/// How much of a template is looked at, in letters.
const TEMPLATE_CHARS: usize = 2_000;

/// Which way a text runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From left to right.
    Left,
    /// From right to left.
    Right,
}

/// How wide a text is at most, in pixels at this font size; wide enough for the common system fonts.
/// Combining marks have no width of their own.
pub fn width(text: &str, size: i32, bold: bool) -> i32 {
    let thousandths: i64 = text.chars().map(|letter| i64::from(letter_width(letter))).sum();
    let per_mille = if bold { 1_130 } else { 1_000 };
    let pixels = (thousandths * i64::from(size) * per_mille + 999_999) / 1_000_000;
    i32::try_from(pixels).unwrap_or(i32::MAX)
}

/// The width of a letter, in thousandths of the font size: those of `DejaVu` Sans, the widest font
/// that is common, a little rounded up.
fn letter_width(letter: char) -> u16 {
    match letter {
        'i' | 'j' | 'l' | '\'' | 'I' => 300,
        ' ' | '.' | ',' | ':' | ';' | '|' | '/' | '\\' | '·' | '’' => 345,
        'f' | 't' | 'r' | '(' | ')' | '[' | ']' | '-' | '!' | '`' => 420,
        '"' | '*' | '_' | '?' | '‹' | '›' | '“' | '”' => 540,
        '0'..='9' | 'a'..='e' | 'g'..='h' | 'k' | 'n'..='q' | 's' | 'u'..='v' | 'x'..='z' => 645,
        'm' | '%' => 980,
        'M' | '+' | '=' | '<' | '>' | '#' | '~' | '&' | '{' | '}' | 'w' => 870,
        'W' | '@' | '…' | '—' => 1_010,
        ' '..='~' => 790,
        '\u{0591}'..='\u{05BD}' | '\u{0300}'..='\u{036F}' | '\u{064B}'..='\u{065F}' => 0,
        '\u{0590}'..='\u{05FF}' => 720,
        '\u{1F000}'.. => 1_400,
        '\u{1100}'.. => 1_200,
        _ => 950,
    }
}

/// A text of one line without anything that is no letter of XML, or that would turn what stands beside
/// it around.
pub(crate) fn clean(text: &str) -> String {
    let mut words = String::new();
    for word in text.split(|letter: char| letter.is_whitespace() || letter.is_control()) {
        let shown = word.chars().filter(|letter| !is_hidden(*letter));
        let before = words.len();
        if before > 0 {
            words.push(' ');
        }
        words.extend(shown);
        if words.len() == before + usize::from(before > 0) {
            words.truncate(before);
        }
    }
    words
}

fn is_hidden(letter: char) -> bool {
    matches!(
        letter,
        '\u{200B}'..='\u{200F}'
            | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{FEFF}'
            | '\u{FFFE}'
            | '\u{FFFF}'
    )
}

/// Whether a letter is one of a script that runs from right to left.
pub(crate) fn is_right_to_left(letter: char) -> bool {
    matches!(letter, '\u{0590}'..='\u{08FF}' | '\u{FB1D}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFC}')
}

/// The direction of a text: that of its first letter that has one.
pub(crate) fn direction(text: &str) -> Direction {
    let strong = text.chars().find(|letter| letter.is_alphabetic());
    match strong.is_some_and(is_right_to_left) {
        true => Direction::Right,
        false => Direction::Left,
    }
}

/// A font.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Font {
    /// Pixels.
    pub size: i32,
    pub bold: bool,
}

impl Font {
    pub(crate) fn width(self, text: &str) -> i32 {
        width(text, self.size, self.bold)
    }
}

/// The text, or as much of it as fits into `room` pixels with an ellipsis.
pub(crate) fn fit(text: &str, font: Font, room: i32) -> String {
    match font.width(text) <= room {
        true => text.to_owned(),
        false => {
            let kept = prefix(text, font, room - font.width("…"));
            format!("{}…", kept.trim_end())
        }
    }
}

/// The text in lines of at most `room` pixels, broken at spaces where there are some; what is more than
/// `lines` ends with an ellipsis.
pub(crate) fn wrap(text: &str, font: Font, room: i32, lines: usize) -> Vec<String> {
    let mut wrapped = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        if wrapped.len() + 1 >= lines {
            wrapped.push(fit(rest, font, room));
            break;
        }
        let whole = prefix(rest, font, room);
        let line = match rest.get(whole.len()..) {
            Some("") | None => whole,
            Some(after) if after.starts_with(' ') => whole,
            // A word that is longer than a line is broken.
            Some(_) => match whole.rfind(' ').and_then(|space| whole.get(..space)) {
                Some(words) if !words.is_empty() => words,
                _ => whole,
            },
        };
        // No letter fits: nothing is ever shown of such a text.
        if line.is_empty() {
            break;
        }
        rest = rest.get(line.len()..).unwrap_or_default().trim_start();
        wrapped.push(line.trim_end().to_owned());
    }
    wrapped
}

/// As many of the first letters as fit.
fn prefix(text: &str, font: Font, room: i32) -> &str {
    let scale = i64::from(font.size) * if font.bold { 1_130 } else { 1_000 };
    let mut sum = 0;
    for (at, letter) in text.char_indices() {
        sum += i64::from(letter_width(letter)) * scale;
        if sum > i64::from(room) * 1_000_000 {
            return text.get(..at).unwrap_or_default();
        }
    }
    text
}

/// The first `limit` letters; an ellipsis tells that there were more.
pub(crate) fn shorten(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default().trim_end()),
        None => text.to_owned(),
    }
}

/// Adds a text to XML, as content or as an attribute's value.
pub(crate) fn escape(text: &str, xml: &mut String) {
    for letter in text.chars() {
        match letter {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '"' => xml.push_str("&quot;"),
            '\'' => xml.push_str("&#39;"),
            letter if letter.is_control() || is_hidden(letter) => xml.push(' '),
            letter => xml.push(letter),
        }
    }
}

/// What a template shows at first sight: without tags, of each choice the first, and names in place of
/// values.
pub(crate) fn without_tags(template: &str) -> String {
    let mut shown = String::new();
    // What stands further down is never shown.
    let end = template.char_indices().nth(TEMPLATE_CHARS).map_or(template.len(), |(at, _)| at);
    let mut rest = template.get(..end).unwrap_or_default();
    // How deep within choices, and at which depth the text is passed over.
    let (mut depth, mut passed): (usize, Option<usize>) = (0, None);
    while let Some(start) = rest.find('{') {
        let (before, from) = rest.split_at(start);
        if passed.is_none() {
            shown.push_str(before);
        }
        let close = match from.get(..2) {
            Some("{%") => "%}",
            Some("{{") => "}}",
            Some("{#") => "#}",
            _ => "",
        };
        let Some(end) = from.find(close).filter(|_| !close.is_empty()) else {
            if passed.is_none() {
                shown.push('{');
            }
            rest = from.get(1..).unwrap_or_default();
            continue;
        };
        let inside = from.get(2..end).unwrap_or_default().trim_matches(['-', '+', ' ']);
        rest = from.get(end + 2..).unwrap_or_default();
        match (close, inside.split_whitespace().next().unwrap_or_default()) {
            ("%}", "if" | "for") => depth += 1,
            ("%}", "else" | "elif") => passed = passed.or(Some(depth)),
            ("%}", "endif" | "endfor") => {
                passed = passed.filter(|passed| *passed < depth);
                depth = depth.saturating_sub(1);
            }
            ("}}", _) if passed.is_none() => {
                let name = inside.split(['|', '(']).next().unwrap_or_default().trim();
                let _ = write!(shown, "[{name}]");
            }
            _ => {}
        }
    }
    if passed.is_none() {
        shown.push_str(rest);
    }
    clean(&shown)
}

#[cfg(test)]
mod tests {
    use super::{Direction, Font, clean, direction, fit, without_tags, wrap};

    const FONT: Font = Font { size: 12, bold: false };

    #[test]
    fn lines_break_at_spaces_and_end_with_an_ellipsis() {
        let lines = wrap("one two three four five six seven", FONT, 66, 3);
        assert_eq!(lines, ["one two", "three four", "five six…"]);
        let long = wrap(&"x".repeat(60), FONT, 60, 2);
        assert!(long.iter().all(|line| FONT.width(line) <= 60), "{long:?}");
        assert!(long[1].ends_with('…'));
        assert_eq!(wrap("", FONT, 60, 2), Vec::<String>::new());
        assert_eq!(wrap("wide", FONT, 1, 3), Vec::<String>::new(), "no endless loop");
        assert_eq!(fit("short", FONT, 60), "short");
    }

    #[test]
    fn what_is_no_letter_is_left_out() {
        assert_eq!(clean("a\n b\u{0}\u{202E}c\t\u{200F} d"), "a b c d");
        assert_eq!(clean(" \u{200F} x"), "x");
    }

    #[test]
    fn the_first_letter_decides_the_direction() {
        assert_eq!(direction("12 תה and more"), Direction::Right);
        assert_eq!(direction("12 and תה"), Direction::Left);
    }

    #[test]
    fn templates_are_shown_without_their_tags() {
        let subject = "{% if name %}{{ name }}, happy{% else %}Happy{% endif %} birthday {";
        assert_eq!(without_tags(subject), "[name], happy birthday {");
        let nested = "{% if a %}{% if b %}1{% else %}2{% endif %}3{% else %}4{% if c %}5{% endif %}{% endif %}6";
        assert_eq!(without_tags(nested), "136");
        assert_eq!(without_tags("{{ link(url ~ 'x') }} {% open"), "[link] {% open");
    }
}
