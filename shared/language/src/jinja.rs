//! Checks a template's own language (`MiniJinja`): its syntax, and the names of filters, tests and
//! functions, which the engine would look up only when a mail is made.

use minijinja::Environment;

use crate::{
    problem::{Mark, Report},
    tags::{Tag, Token, tags},
    words::quote,
    yaml::{Node, Style, Yaml},
};

/// The longest tag, in bytes. The engine reads a chain of operators by recursion.
const TAG_BYTES_MAX: usize = 1_000;
/// The most `elif` in a template. The engine reads them by recursion too.
const ELIFS_MAX: usize = 100;
/// The longest line, in characters: the engine counts columns in 16 bits.
const LINE_CHARS_MAX: usize = 60_000;

/// Where a template stands, so that a place in it becomes a place in its file.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place {
    /// Its first line is this line of the file, and columns are the same.
    Lines(usize),
    /// Its first character is here, and each of its lines is indented as far.
    Block(Mark),
    /// All of it at one place.
    At(Mark),
}

impl Place {
    /// The place of a text that stands in YAML.
    pub(crate) fn of(node: &Node) -> Self {
        match &node.yaml {
            Yaml::Scalar(scalar) if scalar.style == Style::Literal => Self::Block(node.at),
            _ => Self::At(node.at),
        }
    }

    pub(crate) fn mark(self, line: usize, column: usize) -> Mark {
        match self {
            Self::Lines(first) => Mark { line: first + line - 1, column },
            Self::Block(Mark { line: first, column: indent }) => {
                Mark { line: first + line - 1, column: indent + column - 1 }
            }
            Self::At(mark) => mark,
        }
    }
}

/// What a template may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Calls {
    /// `link(url)`, in texts: HTML has `<a href>`.
    Link,
    /// `ask('question')`, in the HTML of mails.
    Ask,
    /// Nothing of ours.
    Nothing,
}

/// Checks one template.
pub(crate) fn check(template: &str, place: Place, calls: Calls, report: &mut Report<'_>) {
    if let Some(line) = template.lines().position(|line| line.chars().nth(LINE_CHARS_MAX).is_some())
    {
        let message = format!("this line is longer than {LINE_CHARS_MAX} characters");
        report.add(place.mark(line + 1, 1), "line-too-long", message);
        return;
    }
    let found = tags(template);
    let lines = Lines::of(template);
    if too_much(&found, &lines, place, report) {
        return;
    }
    let env = Environment::new();
    if let Err(error) = env.template_from_str(template) {
        let line = error.line().unwrap_or(1);
        let what = error.detail().unwrap_or("it can't be read");
        let column = column_of_error(&env, &found, &lines, line);
        report
            .add(place.mark(line, column), "template-syntax", format!("template error: {what}"))
            .maybe_hint(hint(what));
        return;
    }
    for tag in &found {
        for (name, offset, kind) in unknown_names(&env, tag, calls) {
            let (line, column) = lines.position(offset);
            let message = format!("there is no {kind} {}", quote(name));
            report.add(place.mark(line, column), kind.code(), message).maybe_hint(kind.hint(name));
        }
    }
}

fn hint(what: &str) -> Option<String> {
    let statement = what.strip_prefix("unknown statement ")?;
    let closing = statement.starts_with("end") || matches!(statement, "else" | "elif");
    Some(if closing {
        format!("nothing is open here that {} could close", quote(statement))
    } else {
        "there are: `if`, `for`, `set`, `with`, `filter`, `raw`".to_owned()
    })
}

/// Refuses what the engine might not survive.
fn too_much(found: &[Tag<'_>], lines: &Lines, place: Place, report: &mut Report<'_>) -> bool {
    let mark = |tag: &Tag<'_>| {
        let (line, column) = lines.position(tag.start);
        place.mark(line, column)
    };
    if let Some(tag) = found.iter().find(|tag| tag.text.len() > TAG_BYTES_MAX) {
        let message = format!("this tag is longer than {TAG_BYTES_MAX} bytes");
        report
            .add(mark(tag), "tag-too-long", message)
            .hint("a `}}` or `%}` may be missing, or a quote");
        return true;
    }
    let mut elifs =
        found.iter().filter(|tag| matches!(tag.tokens.first(), Some(Token::Name("elif", _))));
    if let Some(tag) = elifs.nth(ELIFS_MAX) {
        report.add(mark(tag), "too-many-elifs", format!("there are more than {ELIFS_MAX} `elif`"));
        return true;
    }
    false
}

/// The column of the tag in `line` that the engine stumbled over: one that is broken by itself, or
/// else the line's first.
fn column_of_error(env: &Environment<'_>, found: &[Tag<'_>], lines: &Lines, line: usize) -> usize {
    let here: Vec<&Tag<'_>> =
        found.iter().filter(|tag| lines.position(tag.start).0 == line).collect();
    let broken = here.iter().find(|tag| tag.prints && env.template_from_str(tag.text).is_err());
    let statement = || here.iter().find(|tag| !tag.prints);
    broken.or_else(statement).or(here.first()).map_or(1, |tag| lines.position(tag.start).1)
}

/// What a name in a template names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Filter,
    Test,
    Function,
    Method,
}

impl Kind {
    fn code(self) -> &'static str {
        match self {
            Self::Filter => "unknown-filter",
            Self::Test => "unknown-test",
            Self::Function => "unknown-function",
            Self::Method => "unknown-method",
        }
    }
}

impl Kind {
    fn hint(self, name: &str) -> Option<String> {
        let hint = match (self, name) {
            (Self::Function, "link") => {
                "here an `<a href>` is signed by itself; `link(url)` is for SMS and txt"
            }
            (Self::Function, "ask") => {
                "a question stands in the HTML of a mail alone, below its subject: `{{ ask('nps') }}`"
            }
            (Self::Function, _) if exists(&Environment::new(), name, "filter") => {
                "a filter stands behind what it changes: `{{ name | default('you') }}`"
            }
            (Self::Method, _) => "filters change a value: `{{ name | upper }}`",
            _ => return None,
        };
        Some(hint.to_owned())
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Filter => "filter",
            Self::Test => "test",
            Self::Function => "function",
            Self::Method => "method",
        })
    }
}

/// The names in a tag that name nothing, and where they stand.
fn unknown_names<'t>(
    env: &Environment<'_>,
    tag: &Tag<'t>,
    calls: Calls,
) -> Vec<(&'t str, usize, Kind)> {
    let mut unknown = Vec::new();
    let tokens = &tag.tokens;
    for (index, token) in tokens.iter().enumerate() {
        let Token::Name(name, offset) = *token else { continue };
        let before = |back: usize| index.checked_sub(back).and_then(|at| tokens.get(at));
        let named =
            |word: &str, back| matches!(before(back), Some(Token::Name(name, _)) if *name == word);
        let after_is = named("is", 1) || (named("not", 1) && named("is", 2));
        let called = tokens.get(index + 1) == Some(&Token::Sign(b'('));
        let keyword = matches!(name, "if" | "elif" | "else" | "in" | "and" | "or" | "not" | "is");
        let (known, kind) = if before(1) == Some(&Token::Sign(b'|')) {
            (exists(env, name, "filter"), Kind::Filter)
        } else if after_is && !keyword {
            (exists(env, name, "test"), Kind::Test)
        } else if !called || keyword || statement(tag, index) {
            continue;
        } else if before(1) == Some(&Token::Sign(b'.')) {
            // Only the state of a loop has methods.
            (named("loop", 2), Kind::Method)
        } else {
            let ours = match name {
                "link" => calls == Calls::Link,
                "ask" => calls == Calls::Ask,
                _ => name == "loop",
            };
            (ours || env.globals().any(|(global, _)| global == name), Kind::Function)
        };
        if !known {
            unknown.push((name, offset, kind));
        }
    }
    unknown
}

/// The questions that a template asks, and where, in bytes; no question when its name is not written
/// out.
pub(crate) fn asked(template: &str) -> Vec<(Option<String>, usize)> {
    let mut asked = Vec::new();
    for tag in tags(template) {
        for (index, token) in tag.tokens.iter().enumerate() {
            let Token::Name("ask", offset) = *token else { continue };
            let after = tag.tokens.get(index + 1..).unwrap_or_default();
            match after {
                [Token::Sign(b'('), Token::Value(text), Token::Sign(b')'), ..] => {
                    let name = text.trim_matches(['\'', '"']);
                    asked.push((Some(name.to_owned()), offset));
                }
                [Token::Sign(b'('), ..] => asked.push((None, offset)),
                _ => {}
            }
        }
    }
    asked
}

/// Whether a name is the word that says what a statement does, or a filter of `{% filter … %}`.
fn statement(tag: &Tag<'_>, index: usize) -> bool {
    let of_filter = matches!(tag.tokens.first(), Some(Token::Name("filter", _)));
    !tag.prints && (index == 0 || (index == 1 && of_filter))
}

/// Whether the engine knows a filter or test of this name, which consists of letters and digits.
fn exists(env: &Environment<'_>, name: &str, kind: &str) -> bool {
    let question = format!("{{% if '{name}' is {kind} %}}yes{{% endif %}}");
    env.render_str(&question, ()).is_ok_and(|answer| answer == "yes")
}

/// Where the lines of a text begin.
pub(crate) struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    pub(crate) fn of(text: &'t str) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let starts = std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect();
        Self { text, starts }
    }

    /// Line and column of a byte, both from 1, the column in characters.
    pub(crate) fn position(&self, byte: usize) -> (usize, usize) {
        let line = self.starts.partition_point(|start| *start <= byte);
        let start = self.starts.get(line.saturating_sub(1)).copied().unwrap_or(0);
        let before = self.text.get(start..byte).unwrap_or_default();
        (line.max(1), before.chars().count() + 1)
    }
}
