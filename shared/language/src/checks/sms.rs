//! What an SMS costs, and how one leaves.

use std::collections::BTreeMap;

use masa_domain::{Action, Kind, Medium};

use crate::{
    checks::Checked,
    jinja::Place,
    problem::Report,
    tags::{Tag, Token, tags},
    words::quote,
};

/// How many characters a merge tag is taken for.
const TAG_CHARS: usize = 10;
/// How many characters a link is taken for.
const LINK_CHARS: usize = 40;
/// How many parts a text may have that holds a link and the way out.
const PARTS_OF_TWO_LINKS: usize = 3;

/// The alphabet of GSM 03.38, of which a part holds 160 characters.
const GSM: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡\
                   ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
/// Its extension: each takes the place of two.
const GSM_EXTENSION: &str = "\u{c}^{}\\[~]|€";

pub(super) fn check(checked: &Checked<'_>, report: &mut Report<'_>) {
    let flow = &checked.source.flow;
    for node in &checked.graph.nodes {
        let Action::Sms { text, .. } = &node.step.action else { continue };
        let places = checked.source.places.steps.get(node.id);
        let texts: BTreeMap<&str, Longest> =
            text.iter().map(|(language, text)| (language.as_str(), Longest::of(text))).collect();
        if flow.sends(node.id) == Some((Medium::Sms, Kind::Marketing)) {
            for language in
                texts.iter().filter(|(_, text)| !text.way_out).map(|(language, _)| language)
            {
                let place = places.and_then(|places| places.inner.texts.get(*language)).copied();
                report
                    .add(
                        place.unwrap_or(Place::At(node.at)).mark(1, 1),
                        "sms-without-way-out",
                        "this text advertises and does not say how to refuse",
                    )
                    .hint("end it with `{{ unsubscribe_url }}`");
            }
        }
        let costs: Vec<(&str, &Longest, Cost)> =
            texts.iter().map(|(language, text)| (*language, text, cost(&text.text))).collect();
        if costs.iter().all(|(_, text, cost)| cost.parts <= text.allowed()) {
            continue;
        }
        let told: Vec<String> =
            costs.iter().map(|(language, _, cost)| cost.told(language)).collect();
        let odd = costs.iter().filter(|(_, text, cost)| cost.parts > text.allowed());
        let hint = odd.map(|(.., cost)| cost.hint()).find(|hint| hint.is_some()).flatten();
        let message = format!("this SMS costs several times as much as one: {}", told.join("; "));
        report.add(node.at, "long-sms", message).hint(hint.unwrap_or_else(|| {
            format!(
                "shorten it; a merge tag is taken for {TAG_CHARS} characters and a link for {LINK_CHARS}"
            )
        }));
    }
}

/// The longest that a text may come to be.
#[derive(Default)]
struct Longest {
    text: String,
    link: bool,
    way_out: bool,
}

impl Longest {
    fn of(template: &str) -> Self {
        let mut found = Self::default();
        // For each `if` and `for` that is open, the longest of its branches so far; what is being
        // written is the last member of the other list.
        let mut longest: Vec<String> = Vec::new();
        let mut open = vec![String::new()];
        let mut end = 0;
        let mut trim = false;
        let tags = tags(template);
        for tag in &tags {
            let between = template.get(end..tag.start).unwrap_or_default();
            write(&mut open, between, trim, tag.text.get(2..3) == Some("-"));
            trim = tag.text.ends_with("-}}") || tag.text.ends_with("-%}");
            end = tag.start + tag.text.len();
            if tag.prints {
                let link = found.prints(tag);
                let count = if link { LINK_CHARS } else { TAG_CHARS };
                write(&mut open, &"x".repeat(count), false, false);
                continue;
            }
            match tag.tokens.first() {
                Some(Token::Name("if" | "for", _)) => {
                    longest.push(String::new());
                    open.push(String::new());
                }
                Some(Token::Name("elif" | "else", _)) => end_branch(&mut longest, &mut open),
                Some(Token::Name("endif" | "endfor", _)) => {
                    end_branch(&mut longest, &mut open);
                    open.pop();
                    write(&mut open, &longest.pop().unwrap_or_default(), false, false);
                }
                _ => {}
            }
        }
        write(&mut open, template.get(end..).unwrap_or_default(), trim, false);
        found.text = open.concat().trim().to_owned();
        found
    }

    /// Takes a tag that prints; whether it prints a link.
    fn prints(&mut self, tag: &Tag<'_>) -> bool {
        let has = |word: &str| {
            tag.tokens.iter().any(|token| matches!(token, Token::Name(name, _) if *name == word))
        };
        let way_out = has("unsubscribe_url");
        let link = has("link") && tag.tokens.contains(&Token::Sign(b'('));
        self.way_out |= way_out;
        self.link |= link;
        way_out || link
    }

    fn allowed(&self) -> usize {
        if self.link && self.way_out { PARTS_OF_TWO_LINKS } else { 1 }
    }
}

/// Writes a text without its comments.
fn write(open: &mut [String], text: &str, trim_start: bool, trim_end: bool) {
    let Some(out) = open.last_mut() else { return };
    let text = if trim_start { text.trim_start() } else { text };
    let mut rest = if trim_end { text.trim_end() } else { text };
    while let Some((before, comment)) = rest.split_once("{#") {
        out.push_str(before);
        rest = comment.split_once("#}").map(|(_, after)| after).unwrap_or_default();
    }
    out.push_str(rest);
}

/// Ends a branch: it is kept if it is the longest so far.
fn end_branch(longest: &mut [String], open: &mut [String]) {
    if let (Some(longest), Some(branch)) = (longest.last_mut(), open.last_mut()) {
        let branch = std::mem::take(branch);
        if branch.chars().count() > longest.chars().count() {
            *longest = branch;
        }
    }
}

/// What a text costs.
#[derive(Debug, PartialEq, Eq)]
struct Cost {
    parts: usize,
    /// In the places of its alphabet.
    length: usize,
    /// The first character that is not in GSM 03.38, and whether the others nearly all are.
    foreign: Option<(char, bool)>,
}

fn cost(text: &str) -> Cost {
    let is_gsm = |c: &char| GSM.contains(*c) || GSM_EXTENSION.contains(*c);
    let foreign = text.chars().filter(|c| !is_gsm(c)).count();
    let first = text.chars().find(|c| !is_gsm(c));
    let (widths, one, many): (Vec<usize>, _, _) = match first {
        None => {
            let wide = |c| if GSM_EXTENSION.contains(c) { 2 } else { 1 };
            (text.chars().map(wide).collect(), 160, 153)
        }
        Some(_) => (text.chars().map(char::len_utf16).collect(), 70, 67),
    };
    let length: usize = widths.iter().sum();
    let mut parts = 1;
    let mut room = many;
    // No character is cut in two.
    for width in widths.iter().filter(|_| length > one) {
        if *width > room {
            parts += 1;
            room = many;
        }
        room -= width;
    }
    Cost { parts, length, foreign: first.map(|c| (c, foreign * 10 <= text.chars().count())) }
}

impl Cost {
    fn told(&self, language: &str) -> String {
        let Self { parts, length, foreign } = self;
        let parts = if *parts == 1 { "1 part".to_owned() } else { format!("{parts} parts") };
        let language =
            if language.is_empty() { String::new() } else { format!(" in `{language}`") };
        let alphabet = if foreign.is_some() { "UCS-2" } else { "GSM-7" };
        format!("{parts}{language} ({length} of {alphabet})")
    }

    fn hint(&self) -> Option<String> {
        let (character, alone) = self.foreign?;
        let hint = "is not in the alphabet of GSM, so a part holds 67 characters and not 153";
        alone.then(|| format!("{} {hint}: write it otherwise", quote(&character.to_string())))
    }
}

#[cfg(test)]
mod tests {
    use super::{Cost, Longest, cost};

    fn parts(text: &str) -> (usize, usize) {
        let Cost { parts, length, .. } = cost(text);
        (parts, length)
    }

    #[test]
    fn a_text_is_counted_in_parts() {
        for (text, expected) in [
            (String::new(), (1, 0)),
            ("a".repeat(160), (1, 160)),
            ("a".repeat(161), (2, 161)),
            ("a".repeat(306), (2, 306)),
            ("a".repeat(307), (3, 307)),
            ("€".repeat(80), (1, 160)),
            ("€".repeat(81), (2, 162)),
            // 76 of them fill a part of 153: the last place is left.
            ("€".repeat(153), (3, 306)),
            ("ש".repeat(70), (1, 70)),
            ("ש".repeat(71), (2, 71)),
            ("ש".repeat(135), (3, 135)),
            ("🫖".repeat(35), (1, 70)),
            ("🫖".repeat(36), (2, 72)),
            ("🫖".repeat(67), (3, 134)),
        ] {
            assert_eq!(parts(&text), expected, "{text}");
        }
    }

    #[test]
    fn a_text_is_as_long_as_its_longest_branches() {
        let x = |count: usize| "x".repeat(count);
        for (template, expected) in [
            ("a {{ b }} c", format!("a {} c", x(10))),
            ("{{ link('a') }} {{ unsubscribe_url }}", format!("{} {}", x(40), x(40))),
            ("{% if a %}one{% else %}three{% endif %}.", "three.".to_owned()),
            (
                "{% if a %}{% if b %}12345{% else %}1{% endif %}6{% else %}12{% endif %}",
                "123456".to_owned(),
            ),
            ("{% if a %}1{% elif b %}123{% else %}12{% endif %}", "123".to_owned()),
            ("a {# no #}b {{- c -}} d", format!("a b{}d", x(10))),
            ("  a  ", "a".to_owned()),
        ] {
            assert_eq!(Longest::of(template).text, expected, "{template}");
        }
    }
}
