//! Reading values of the right type out of nodes, and saying what is wrong with the others.

use std::collections::{BTreeMap, btree_map::Entry};

use crate::{
    grammar::Node as Known,
    problem::{Mark, Report},
    words::{did_you_mean, is_language, listed, quote},
    yaml::{Key, Node, Scalar, Yaml},
};

/// Reports a value of the wrong type; one that could not be read was reported before.
pub(crate) fn wrong_type(node: &Node, what: &str, report: &mut Report<'_>) {
    refuse(node, what, None, report);
}

/// As [`wrong_type`], with how to mend it.
fn refuse(node: &Node, what: &str, hint: Option<String>, report: &mut Report<'_>) {
    if matches!(node.yaml, Yaml::Broken) {
        return;
    }
    let message = format!("{what} was expected here, not {}", node.kind());
    report.add(node.at, "wrong-type", message).maybe_hint(hint);
}

/// The entries of a mapping, each key once.
pub(crate) struct Fields<'n> {
    pub at: Mark,
    entries: Vec<(&'n Key, &'n Node)>,
}

impl<'n> Fields<'n> {
    /// The entries of `node`, which `what` (with its article) describes. Keys that stand twice are
    /// reported, and the first counts.
    pub(crate) fn of(node: &'n Node, what: &str, report: &mut Report<'_>) -> Option<Self> {
        let Yaml::Map(all) = &node.yaml else {
            refuse(node, what, mapping_hint(node), report);
            return None;
        };
        let mut seen = BTreeMap::new();
        let mut entries = Vec::new();
        for (key, value) in all {
            match seen.entry(key.text.as_str()) {
                Entry::Vacant(new) => {
                    new.insert(key.at.line);
                    entries.push((key, value));
                }
                Entry::Occupied(first) => {
                    let (key_text, line) = (quote(&key.text), first.get());
                    let message = format!("{key_text} stands here twice, first in line {line}");
                    report.add(key.at, "duplicate-key", message);
                }
            }
        }
        Some(Self { at: node.at, entries })
    }

    /// Reports the keys that are not known.
    pub(crate) fn only(&self, known: &[&str], report: &mut Report<'_>) {
        for (key, _) in &self.entries {
            if !known.contains(&key.text.as_str()) {
                let message = format!("{} is not known here", quote(&key.text));
                report
                    .add(key.at, "unknown-key", message)
                    .maybe_hint(did_you_mean(&key.text, known.iter().copied()));
            }
        }
    }

    /// The value of a key.
    pub(crate) fn get(&self, key: &str) -> Option<&'n Node> {
        self.entries.iter().find(|(known, _)| known.text == key).map(|(_, node)| *node)
    }

    /// The value of a key that must be there.
    pub(crate) fn must(&self, key: &str, report: &mut Report<'_>) -> Option<&'n Node> {
        let found = self.get(key);
        if found.is_none() {
            report.add(self.at, "missing-key", format!("{} is missing", quote(key)));
        }
        found
    }

    /// All keys and values.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'n Key, &'n Node)> {
        self.entries.iter().copied()
    }

    /// The one entry whose key is a head: it tells what the whole mapping is.
    pub(crate) fn head(
        &self,
        codes: &Heads,
        report: &mut Report<'_>,
    ) -> Option<(&'static str, &'n Key, &'n Node)> {
        let heads = codes.node.heads();
        let mut found = self.iter().filter_map(|(key, node)| {
            let head = heads.iter().find(|head| **head == key.text)?;
            Some((*head, key, node))
        });
        let first = found.next();
        if let (Some((one, ..)), Some((two, key, _))) = (first, found.next()) {
            let message = format!("`{one}` and `{two}` can't stand in one {}", codes.what);
            report.add(key.at, codes.two, message).hint(codes.apart);
            return None;
        }
        if first.is_none() {
            self.no_head(&heads, codes, report);
        }
        first
    }

    fn no_head(&self, heads: &[&str], codes: &Heads, report: &mut Report<'_>) {
        let likely = self.iter().map(|(key, _)| key).find(|key| !codes.node.has_beside(&key.text));
        let Some(key) = likely else {
            let message = format!("this {} says nothing", codes.what);
            let known = listed(heads.iter().copied()).map(|names| format!("there are: {names}"));
            report.add(self.at, codes.unknown, message).maybe_hint(known);
            return;
        };
        let message = format!("there is no {} {}", codes.what, quote(&key.text));
        report
            .add(key.at, codes.unknown, message)
            .maybe_hint(did_you_mean(&key.text, heads.iter().copied()));
    }
}

/// How the problems of a mapping that one key tells are named.
pub(crate) struct Heads {
    /// What the mapping is, without an article.
    pub what: &'static str,
    /// The code when there is none of the known keys.
    pub unknown: &'static str,
    /// The code when there are two.
    pub two: &'static str,
    /// How to say two things.
    pub apart: &'static str,
    /// The keys that tell, and those that stand beside them.
    pub node: &'static Known,
}

/// A text; numbers and truth values are taken as they were written, so that an id may be `12345`.
pub(crate) fn text(node: &Node, what: &str, report: &mut Report<'_>) -> Option<String> {
    let scalar = scalar(node, what, report)?;
    if scalar.text.trim().is_empty() {
        report.add(
            node.at,
            "empty-text",
            format!("{what} was expected here, but the text is empty"),
        );
        return None;
    }
    if scalar.text.contains('\0') {
        report.add(node.at, "wrong-type", "a text can't hold a NUL character");
        return None;
    }
    Some(scalar.text.clone())
}

fn scalar<'n>(node: &'n Node, what: &str, report: &mut Report<'_>) -> Option<&'n Scalar> {
    let written = node.scalar().filter(|scalar| !scalar.is_null());
    if written.is_none() {
        refuse(node, what, single_hint(node), report);
    }
    written
}

/// How to make one value of what stands there.
fn single_hint(node: &Node) -> Option<String> {
    Some(match &node.yaml {
        Yaml::List(members) => match members.first().and_then(Node::scalar) {
            Some(one) if members.len() == 1 => {
                format!("write it without brackets and `-`: {}", quote(&one.text))
            }
            _ => "only one may stand here, without brackets and `-`".to_owned(),
        },
        Yaml::Map(_) => "write it behind the colon, without braces".to_owned(),
        Yaml::Scalar(_) => "write it behind the colon, after a space".to_owned(),
        Yaml::Broken => return None,
    })
}

/// How to make a mapping of what stands there.
fn mapping_hint(node: &Node) -> Option<String> {
    match &node.yaml {
        Yaml::List(members) => {
            let is_one = matches!(members.as_slice(), [Node { yaml: Yaml::Map(_), .. }]);
            let how = "write `key: value` without brackets and `-`";
            is_one.then(|| how.to_owned())
        }
        Yaml::Scalar(scalar) => {
            let (key, value) = scalar.text.split_once(':')?;
            let is_key = !key.is_empty() && !key.contains(char::is_whitespace);
            (is_key && !value.is_empty()).then(|| {
                format!("write a space after the colon: {}", quote(&format!("{key}: {value}")))
            })
        }
        Yaml::Map(_) | Yaml::Broken => None,
    }
}

/// How to make a list of what stands there.
fn list_hint(node: &Node) -> Option<String> {
    match &node.yaml {
        Yaml::Map(entries) => {
            let (key, _) = entries.first()?;
            let first = quote(&format!("- {}: …", key.text));
            Some(format!("begin each member of the list with `- `, on a line of its own: {first}"))
        }
        Yaml::Scalar(scalar) if !scalar.is_null() => mapping_hint(node).or_else(|| {
            Some(format!("put it between brackets: {}", quote(&format!("[{}]", scalar.text))))
        }),
        _ => None,
    }
}

/// The longest name of a list, event, field or product.
const LABEL_CHARS_MAX: usize = 200;

/// A name that the store chose: one line of text.
pub(crate) fn label(node: &Node, what: &str, report: &mut Report<'_>) -> Option<String> {
    let label = text(node, what, report)?;
    if label.chars().count() > LABEL_CHARS_MAX || label.chars().any(char::is_control) {
        let message = format!("{what} is one line of at most {LABEL_CHARS_MAX} characters");
        report.add(node.at, "bad-name", message);
        return None;
    }
    Some(label)
}

/// A whole number.
pub(crate) fn whole(node: &Node, what: &str, report: &mut Report<'_>) -> Option<i64> {
    let number = node.scalar().and_then(Scalar::value).and_then(|value| value.as_i64());
    if number.is_none() {
        wrong_type(node, what, report);
    }
    number
}

/// A whole number from 1 to a million.
pub(crate) fn positive(node: &Node, report: &mut Report<'_>) -> Option<u32> {
    let number = whole(node, "a whole number", report)?;
    let fits = u32::try_from(number).ok().filter(|number| (1..=1_000_000).contains(number));
    if fits.is_none() {
        report.add(node.at, "bad-number", "a number from 1 to 1000000 was expected here");
    }
    fits
}

/// One of some words.
pub(crate) fn word<T: Copy>(
    node: &Node,
    words: &[(&str, T)],
    report: &mut Report<'_>,
) -> Option<T> {
    let names = || words.iter().map(|(name, _)| *name);
    let written = text(node, "a word", report)?;
    let found = words.iter().find(|(name, _)| *name == written);
    if found.is_none() {
        let flag = match written.to_ascii_lowercase().as_str() {
            "yes" | "on" => "true",
            "no" | "off" => "false",
            _ => "",
        };
        report
            .add(node.at, "unknown-word", format!("{} is not known here", quote(&written)))
            .maybe_hint(match names().find(|name| *name == flag) {
                Some(name) => Some(format!("did you mean {}?", quote(name))),
                None => did_you_mean(&written, names()),
            });
    }
    found.map(|(_, value)| *value)
}

/// The members of a list, which is not empty.
pub(crate) fn list<'n>(node: &'n Node, what: &str, report: &mut Report<'_>) -> Option<&'n [Node]> {
    let Yaml::List(members) = &node.yaml else {
        refuse(node, what, list_hint(node), report);
        return None;
    };
    if members.is_empty() {
        report.add(
            node.at,
            "empty-list",
            format!("{what} was expected here, but the list is empty"),
        );
        return None;
    }
    Some(members)
}

/// One text, or texts by language: `None` as the language stands for one text for all.
pub(crate) fn by_language<'n>(
    node: &'n Node,
    what: &str,
    report: &mut Report<'_>,
) -> Option<Vec<(Option<&'n str>, &'n Node, String)>> {
    if !matches!(node.yaml, Yaml::Map(_)) {
        return text(node, what, report).map(|one| vec![(None, node, one)]);
    }
    let fields = Fields::of(node, what, report)?;
    let mut texts = Vec::new();
    let mut complete = true;
    for (key, value) in fields.iter() {
        if !is_language(&key.text) {
            let message = format!("{} is not a language code", quote(&key.text));
            report.add(key.at, "bad-language", message).hint("such as `he`, `en` or `pt-BR`");
            complete = false;
        }
        match text(value, what, report) {
            Some(one) => texts.push((Some(key.text.as_str()), value, one)),
            None => complete = false,
        }
    }
    if texts.is_empty() && complete {
        report.add(node.at, "empty-list", format!("{what} was expected here"));
        return None;
    }
    complete.then_some(texts)
}
