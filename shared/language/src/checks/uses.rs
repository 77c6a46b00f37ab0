//! The names that a template prints, and those of which it knows there that they hold something.

use std::collections::{BTreeMap, BTreeSet};

use crate::tags::{Tag, Token, tags};

/// A name that is printed as it is: nothing takes its place when it holds nothing.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Printed {
    /// Such as `first_name` or `order.total`.
    pub path: String,
    /// Where it stands, in bytes of the template.
    pub offset: usize,
}

/// The names that a template prints without a fallback, outside an `{% if %}` that asks for them; those
/// that the template makes itself are left out.
pub(super) fn printed(template: &str) -> Vec<Printed> {
    let tags = tags(template);
    let mut open = Open::default();
    let mut found = Vec::new();
    for tag in &tags {
        if !tag.prints {
            open.statement(tag);
            continue;
        }
        let names = names(&tag.tokens);
        found.extend(names.into_iter().filter(|name| !open.knows(&name.path)));
    }
    found
}

/// The names that begin so and that a template uses, in whatever way, each where it stands first; none when
/// the template makes what they stand for itself.
pub(super) fn used(template: &str, prefix: &str) -> Vec<Printed> {
    if !template.contains(prefix) {
        return Vec::new();
    }
    let tags = tags(template);
    let mut open = Open::default();
    let mut found: Vec<Printed> = Vec::new();
    for tag in &tags {
        if !tag.prints {
            open.statement(tag);
        }
        let mut index = 0;
        while index < tag.tokens.len() {
            let (name, after) = path(&tag.tokens, index);
            let new = name.filter(|(path, _)| {
                path.starts_with(prefix) && !found.iter().any(|known| known.path == *path)
            });
            found.extend(new.map(|(path, offset)| Printed { path, offset }));
            index = after;
        }
    }
    found.retain(|name| !open.own.contains(name.path.split('.').next().unwrap_or_default()));
    found
}

/// What is known where a tag stands.
#[derive(Default)]
struct Open {
    frames: Vec<Frame>,
    /// How many open frames know of each name.
    known: BTreeMap<String, usize>,
    /// Names that the template makes.
    own: BTreeSet<String>,
}

/// An `if` or `for` that is open.
struct Frame {
    /// What is known in the branch that is open.
    here: Vec<String>,
    /// What is known in the branches that follow.
    later: Vec<String>,
}

impl Open {
    fn knows(&self, path: &str) -> bool {
        let root = path.split('.').next().unwrap_or_default();
        let ends = path.match_indices('.').map(|(at, _)| at).chain([path.len()]);
        let mut parts = ends.filter_map(|end| path.get(..end));
        self.own.contains(root)
            || parts.any(|part| self.known.get(part).is_some_and(|count| *count > 0))
    }

    fn statement(&mut self, tag: &Tag<'_>) {
        let Some((Token::Name(verb, _), rest)) = tag.tokens.split_first() else { return };
        match *verb {
            "if" => {
                let (here, later) = told_by(rest);
                self.push(here, later);
            }
            "elif" => {
                let Some(frame) = self.pop() else { return };
                let (here, later) = told_by(rest);
                let here = [&*frame.later, &*here].concat();
                self.push(here, [frame.later, later].concat());
            }
            "else" => {
                let Some(frame) = self.pop() else { return };
                self.push(frame.later, Vec::new());
            }
            "for" => {
                let names = rest.split(|token| matches!(token, Token::Name("in", _)));
                let mut parts = names.map(paths);
                self.own.extend(parts.next().unwrap_or_default());
                self.own.insert("loop".to_owned());
                // What is gone through is there, and so is what it is a part of.
                let over = parts.next().unwrap_or_default();
                let whole = over.iter().filter_map(|path| path.split('.').next());
                self.push(whole.map(str::to_owned).collect(), Vec::new());
            }
            "set" | "with" | "macro" => self.own.extend(assigned(rest)),
            "endif" | "endfor" => drop(self.pop()),
            _ => {}
        }
    }

    fn push(&mut self, here: Vec<String>, later: Vec<String>) {
        for path in &here {
            *self.known.entry(path.clone()).or_default() += 1;
        }
        self.frames.push(Frame { here, later });
    }

    fn pop(&mut self) -> Option<Frame> {
        let frame = self.frames.pop()?;
        for path in &frame.here {
            self.known.entry(path.clone()).and_modify(|count| *count = count.saturating_sub(1));
        }
        Some(frame)
    }
}

/// The names that `{% set a = 1 %}` and its like make: those before a `=` or between brackets before it.
fn assigned(tokens: &[Token<'_>]) -> Vec<String> {
    let first = tokens.split(|token| *token == Token::Sign(b'=')).next().unwrap_or_default();
    let keys = tokens.windows(2).filter_map(|pair| match pair {
        [Token::Name(name, _), Token::Sign(b'=')] => Some((*name).to_owned()),
        _ => None,
    });
    paths(first).into_iter().chain(keys).collect()
}

/// What an `if` tells of names: in its own branch, and in those that follow.
fn told_by(tokens: &[Token<'_>]) -> (Vec<String>, Vec<String>) {
    let ways = split(tokens, "or");
    let mut here: Option<Vec<String>> = None;
    let mut later = Vec::new();
    for way in &ways {
        let terms = split(way, "and");
        let mut told = Vec::new();
        for term in &terms {
            match of_term(term) {
                (names, true) => told.extend(names),
                (names, false) if terms.len() == 1 => later.extend(names),
                _ => {}
            }
        }
        here = Some(match here {
            None => told,
            Some(before) => before.into_iter().filter(|name| told.contains(name)).collect(),
        });
    }
    (here.unwrap_or_default(), later)
}

/// The names in a term without `and` and `or`, and whether it is so when they hold something.
fn of_term(term: &[Token<'_>]) -> (Vec<String>, bool) {
    let word = |word: &str| {
        term.iter().any(|token| matches!(token, Token::Name(name, _) if *name == word))
    };
    if word("or") || word("and") {
        return (Vec::new(), true);
    }
    let missing = word("none") || word("undefined");
    let denied = word("not") ^ missing || term.contains(&Token::Sign(b'!'));
    // A profile entry that is missing is defined all the same.
    let names = paths(term).into_iter();
    let names = names.filter(|name| !word("defined") || !PROFILE.contains(&name.as_str()));
    (names.collect(), !denied)
}

/// Profile entries, which templates see also when they are missing.
pub(super) const PROFILE: [&str; 5] = ["first_name", "last_name", "phone", "country", "timezone"];

/// Tokens apart at a word that stands in no brackets.
fn split<'a, 't>(tokens: &'a [Token<'t>], word: &str) -> Vec<&'a [Token<'t>]> {
    let mut depth = 0_i64;
    let parts = tokens.split(|token| {
        match token {
            Token::Sign(b'(' | b'[' | b'{') => depth += 1,
            Token::Sign(b')' | b']' | b'}') => depth -= 1,
            _ => {}
        }
        depth == 0 && matches!(token, Token::Name(name, _) if *name == word)
    });
    parts.collect()
}

/// The names of values in some tokens.
fn paths(tokens: &[Token<'_>]) -> Vec<String> {
    let mut found = Vec::new();
    let mut index = 0;
    while index < tokens.len() {
        let (path, after) = path(tokens, index);
        found.extend(path.map(|(path, _)| path));
        index = after;
    }
    found
}

/// The name of a value that begins at a token, and where it begins in the template; with it the token
/// after that.
fn path(tokens: &[Token<'_>], index: usize) -> (Option<(String, usize)>, usize) {
    const WORDS: [&str; 13] = [
        "if", "elif", "else", "in", "and", "or", "not", "is", "true", "false", "none", "True",
        "False",
    ];
    let sign = |at: usize| match tokens.get(at) {
        Some(Token::Sign(sign)) => Some(*sign),
        _ => None,
    };
    let before = |back: usize| index.checked_sub(back).and_then(|at| tokens.get(at));
    let word =
        |back, word: &str| matches!(before(back), Some(Token::Name(name, _)) if *name == word);
    let Some(Token::Name(name, offset)) = tokens.get(index).copied() else {
        return (None, index + 1);
    };
    // The name of a test, filter, function, method or argument is none of a value.
    let test = word(1, "is") || (word(1, "not") && word(2, "is"));
    let part = matches!(before(1), Some(Token::Sign(b'|' | b'.')));
    let argument = sign(index + 1) == Some(b'=') && sign(index + 2) != Some(b'=');
    let comparison = matches!(before(1), Some(Token::Sign(b'=')));
    if test
        || part
        || WORDS.contains(&name)
        || sign(index + 1) == Some(b'(')
        || (argument && !comparison)
    {
        return (None, index + 1);
    }
    let mut path = name.to_owned();
    let mut after = index + 1;
    while let (Some(b'.'), Some(Token::Name(member, _))) = (sign(after), tokens.get(after + 1)) {
        if sign(after + 2) == Some(b'(') {
            break;
        }
        path.push('.');
        path.push_str(member);
        after += 2;
    }
    (Some((path, offset)), after)
}

/// The names in a tag that prints, without those that something else takes the place of.
fn names(tokens: &[Token<'_>]) -> Vec<Printed> {
    let at = |word: &str| {
        tokens.iter().position(|token| matches!(token, Token::Name(name, _) if *name == word))
    };
    // `{{ a if b else c }}`: what stands between is asked, not printed.
    let asked = at("if").map(|from| from..at("else").unwrap_or(tokens.len()));
    let told = asked.clone().and_then(|asked| tokens.get(asked)).and_then(|asked| asked.get(1..));
    let (here, later) = told.map(told_by).unwrap_or_default();
    let mut found = Vec::new();
    let mut index = 0;
    while index < tokens.len() {
        let (path, after) = path(tokens, index);
        let known = match &asked {
            Some(asked) if asked.contains(&index) => None,
            Some(asked) if index < asked.start => Some(&here),
            _ => Some(&later),
        };
        if let (Some((path, offset)), Some(known)) = (path, known) {
            let known = known.iter().any(|known| {
                path.strip_prefix(known.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            });
            if !known && !falls_back(tokens, after) {
                found.push(Printed { path, offset });
            }
        }
        index = after;
    }
    found
}

/// Whether what stands before a token is followed by `| default(…)`, perhaps after other filters, or by
/// `or`.
fn falls_back(tokens: &[Token<'_>], mut index: usize) -> bool {
    loop {
        match (tokens.get(index), tokens.get(index + 1)) {
            (Some(Token::Sign(b'|')), Some(Token::Name("default" | "d", _))) => return true,
            (Some(Token::Sign(b'|')), Some(Token::Name(..))) => index += 2,
            (Some(Token::Sign(b'(' | b'[')), _) => index = after_bracket(tokens, index),
            (Some(Token::Name("or", _)), _) => return true,
            _ => return false,
        }
    }
}

/// The token after the bracket that closes the one at `index`.
fn after_bracket(tokens: &[Token<'_>], index: usize) -> usize {
    let mut depth = 0_i64;
    for (at, token) in tokens.iter().enumerate().skip(index) {
        match token {
            Token::Sign(b'(' | b'[' | b'{') => depth += 1,
            Token::Sign(b')' | b']' | b'}') => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    tokens.len()
}

#[cfg(test)]
mod tests {
    use super::printed;

    fn names(template: &str) -> Vec<String> {
        printed(template).into_iter().map(|name| name.path).collect()
    }

    #[test]
    fn what_is_printed_as_it_is() {
        for (template, expected) in [
            ("{{ a }} {{ b.c.d | upper }}", &["a", "b.c.d"][..]),
            ("{{ link(a ~ '/x?c=' ~ b) }}", &["a", "b"]),
            ("{{ a | replace('x', b) }}", &["a", "b"]),
            ("{{ a['x'] }}", &["a"]),
            ("{{ 1.5 }}{{ 'a' }}{{ true }}{{ range(3) }}", &[]),
            ("{{ a ~ b | default('x') }}", &["a"]),
            ("{{ b if a }}{{ a if a }}{{ 'x' if a else b }}", &["b", "b"]),
            ("{# {{ a }} #}{% raw %}{{ a }}{% endraw %}", &[]),
        ] {
            assert_eq!(names(template), expected, "{template}");
        }
    }

    #[test]
    fn what_has_a_fallback() {
        for template in [
            "{{ a | default('x') }}",
            "{{ a | d }}",
            "{{ a.b | upper | default('x') | trim }}",
            "{{ a or 'x' }}",
            "{{ a['b'] | default('x') }}",
            "{{ 'x' if not a else a }}",
            "{% set a = b %}{{ a }}",
            "{% for a in b.c %}{{ a.d }}{{ b.e }}{{ loop.index }}{% endfor %}",
        ] {
            assert_eq!(names(template), [""; 0], "{template}");
        }
    }

    #[test]
    fn what_an_if_tells() {
        for (template, expected) in [
            ("{% if a %}{{ a }}{{ a.b }}{% endif %}", &[][..]),
            ("{% if a %}{% else %}{{ a }}{% endif %}{{ a }}", &["a", "a"]),
            ("{% if a.b %}{{ a.b }}{{ a.c }}{% endif %}", &["a.c"]),
            ("{% if a and b %}{{ a }}{{ b }}{% endif %}", &[]),
            ("{% if a or b %}{{ a }}{% endif %}", &["a"]),
            ("{% if (a and b) or (a and c) %}{{ a }}{% endif %}", &["a"]),
            ("{% if (a or b) and c %}{{ a }}{{ c }}{% endif %}", &["a"]),
            ("{% if not a %}{{ a }}{% else %}{{ a }}{% endif %}", &["a"]),
            ("{% if a is none %}{{ a }}{% else %}{{ a }}{% endif %}", &["a"]),
            ("{% if a is not none %}{{ a }}{% endif %}", &[]),
            ("{% if a is defined %}{{ a }}{% endif %}", &[]),
            ("{% if first_name is defined %}{{ first_name }}{% endif %}", &["first_name"]),
            ("{% if a == 'x' %}{{ a }}{% endif %}{% if a != 'x' %}{{ a }}{% endif %}", &["a"]),
            ("{% if a %}{% elif b %}{{ b }}{{ a }}{% endif %}", &["a"]),
            ("{% if not a %}{% elif b %}{{ a }}{% else %}{{ a }}{{ b }}{% endif %}", &["b"]),
            ("{% if a %}{% if b %}{% endif %}{{ a }}{{ b }}{% endif %}", &["b"]),
        ] {
            assert_eq!(names(template), expected, "{template}");
        }
    }
}
