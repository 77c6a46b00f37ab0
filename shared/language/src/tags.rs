//! The tags of a template, found as the template engine finds them.
//!
//! The engine tells the line of an error but not its column, checks the names of filters only when
//! a mail is made, and reads a chain of operators by recursion, however long. So the checker looks
//! at the tags itself.

/// A tag `{{ … }}` or `{% … %}`.
#[derive(Debug)]
pub(crate) struct Tag<'t> {
    /// The tag with its braces; cut at the end of the template when it is not closed.
    pub text: &'t str,
    /// Where it begins, in bytes of the template.
    pub start: usize,
    /// Whether it prints a value.
    pub prints: bool,
    /// What stands in it.
    pub tokens: Vec<Token<'t>>,
}

/// A word, text or sign in a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Token<'t> {
    /// A name, and where it begins in bytes of the template.
    Name(&'t str, usize),
    /// A text between quotes, or a number, as it is written.
    Value(&'t str),
    /// A sign.
    Sign(u8),
}

/// The tags of `template`, in order.
pub(crate) fn tags(template: &str) -> Vec<Tag<'_>> {
    let mut scanner = Scanner { template, position: 0, balance: 0 };
    let mut tags = Vec::new();
    while let Some(tag) = scanner.next_tag() {
        tags.extend(tag);
    }
    tags
}

struct Scanner<'t> {
    template: &'t str,
    position: usize,
    /// Brackets that are open; the engine keeps this count from one tag to the next.
    balance: i64,
}

impl<'t> Scanner<'t> {
    fn rest(&self) -> &'t str {
        self.template.get(self.position..).unwrap_or_default()
    }

    /// The next tag; `Some(None)` for a comment or raw text.
    fn next_tag(&mut self) -> Option<Option<Tag<'t>>> {
        let rest = self.rest();
        let (offset, kind) = rest.bytes().zip(rest.bytes().skip(1)).enumerate().find_map(
            |(offset, pair)| match pair {
                (b'{', kind @ (b'{' | b'%' | b'#')) => Some((offset, kind)),
                _ => None,
            },
        )?;
        let start = self.position + offset;
        self.position = start + 2;
        if kind == b'#' {
            self.skip_past("#}");
            return Some(None);
        }
        if kind == b'%' && self.raw() {
            return Some(None);
        }
        // `{{-` and `{%+` control white space.
        if self.rest().starts_with(['-', '+']) {
            self.position += 1;
        }
        let prints = kind == b'{';
        let tokens = self.tokens(if prints { "}}" } else { "%}" });
        let text = self.template.get(start..self.position).unwrap_or_default();
        Some(Some(Tag { text, start, prints, tokens }))
    }

    fn skip_past(&mut self, end: &str) {
        self.position = match self.rest().find(end) {
            Some(offset) => self.position + offset + end.len(),
            None => self.template.len(),
        };
    }

    /// Skips raw text, if this is where it begins.
    fn raw(&mut self) -> bool {
        let Some(length) = basic_tag(self.rest(), "raw") else { return false };
        self.position += length;
        while let Some(offset) = self.rest().find("{%") {
            self.position += offset + 2;
            let rest = self.rest();
            let inner = rest.strip_prefix(['-', '+']).unwrap_or(rest);
            if let Some(length) = basic_tag(inner, "endraw") {
                self.position += rest.len() - inner.len() + length;
                return true;
            }
        }
        self.position = self.template.len();
        true
    }

    fn tokens(&mut self, end: &str) -> Vec<Token<'t>> {
        let mut tokens = Vec::new();
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_ascii_start();
            self.position += rest.len() - trimmed.len();
            if self.balance == 0 {
                let bare = trimmed.strip_prefix(['-', '+']).unwrap_or(trimmed);
                if let Some(after) = trimmed.strip_prefix(end).or_else(|| bare.strip_prefix(end)) {
                    self.position += trimmed.len() - after.len();
                    return tokens;
                }
            }
            let Some(first) = trimmed.bytes().next() else { return tokens };
            let length = match first {
                b'\'' | b'"' => string_length(trimmed, first),
                b if b.is_ascii_alphanumeric() || b == b'_' => word_length(trimmed),
                _ => trimmed.chars().next().map_or(1, char::len_utf8),
            };
            tokens.push(match first {
                b'(' | b'[' | b'{' => self.sign(first, 1),
                b')' | b']' | b'}' => self.sign(first, -1),
                b'\'' | b'"' | b'0'..=b'9' => {
                    Token::Value(trimmed.get(..length).unwrap_or_default())
                }
                b if b.is_ascii_alphabetic() || b == b'_' => {
                    Token::Name(trimmed.get(..length).unwrap_or_default(), self.position)
                }
                b => Token::Sign(b),
            });
            self.position += length;
        }
    }

    fn sign(&mut self, sign: u8, delta: i64) -> Token<'t> {
        self.balance += delta;
        Token::Sign(sign)
    }
}

/// The length of ` name %}`, when the text begins with that.
fn basic_tag(text: &str, name: &str) -> Option<usize> {
    let rest = text.trim_ascii_start().strip_prefix(name)?.trim_ascii_start();
    let rest = rest.strip_prefix(['-', '+']).unwrap_or(rest).strip_prefix("%}")?;
    Some(text.len() - rest.len())
}

fn string_length(text: &str, delimiter: u8) -> usize {
    let mut escaped = false;
    for (offset, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b if b == delimiter => return offset + 1,
            _ => {}
        }
    }
    text.len()
}

fn word_length(text: &str) -> usize {
    text.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count()
}

#[cfg(test)]
mod tests {
    use super::{Token, tags};

    fn texts(template: &str) -> Vec<&str> {
        tags(template).into_iter().map(|tag| tag.text).collect()
    }

    #[test]
    fn tags_are_found_where_the_engine_finds_them() {
        assert_eq!(texts("a {{ b }} c {%- if d -%} e"), ["{{ b }}", "{%- if d -%}"]);
        assert_eq!(
            texts("{{ '}}' }}{{ {'a': {'b': 1}} }}"),
            ["{{ '}}' }}", "{{ {'a': {'b': 1}} }}"]
        );
        assert_eq!(texts("{# {{ a }} #}{{ b }}"), ["{{ b }}"]);
        assert_eq!(texts("{% raw %}{{ a }}{% endraw %}{{ b }}"), ["{{ b }}"]);
        assert_eq!(texts("{{ open"), ["{{ open"], "one that is not closed goes on to the end");
        assert_eq!(texts("שלום {{ 'ש\\'' }}"), ["{{ 'ש\\'' }}"]);
    }

    #[test]
    fn names_are_told_from_texts() {
        let tags = tags("{{ a.b | c('d') }}");
        let names: Vec<&str> = tags[0]
            .tokens
            .iter()
            .filter_map(|token| if let Token::Name(name, _) = token { Some(*name) } else { None })
            .collect();
        assert_eq!(names, ["a", "b", "c"]);
    }
}
