//! The tables of the language as a page, `REFERENCE.md`.

use std::fmt::Write as _;

use crate::{
    grammar::{
        BUY, CAP, CLICK, CONDITION, ENTRY, EVENT_SENT, FIELD_TEST, FLOW, FORM, FORM_FILLED, GOAL,
        HAPPENING, Key, LINE, Need, Node, PERSON, PRODUCT, QUESTION, SEND, SHOP, STEP,
        SYSTEM_ANSWERS, TEST, TEST_FILE, Takes, VALUES, WAIT_UNTIL, WAY, WINNER,
    },
    words::quote,
};

/// The chapters, in their order. Those of the files are the first of their part.
pub(crate) static CHAPTERS: [&Node; 25] = [
    &FLOW,
    &ENTRY,
    &GOAL,
    &SEND,
    &HAPPENING,
    &CONDITION,
    &FIELD_TEST,
    &STEP,
    &WAIT_UNTIL,
    &WAY,
    &WINNER,
    &SHOP,
    &FORM,
    &PRODUCT,
    &QUESTION,
    &PERSON,
    &CAP,
    &TEST_FILE,
    &TEST,
    &LINE,
    &FORM_FILLED,
    &BUY,
    &EVENT_SENT,
    &CLICK,
    &SYSTEM_ANSWERS,
];

const BEGINNING: &str = "\
# The language, key by key

Every key of `flow.yaml`, `shop.yaml` and `tests.yaml`. `LANGUAGE.md` is the introduction. This page and the
schemas of editors are made of the tables in `src/grammar`, from which the reader, too, takes the keys that
it knows. The letters in brackets are rows of the product's own list of what it must be able to do.

An editor with a YAML server completes and explains all this, when the first line of a file says where its
schema is: `# yaml-language-server: $schema=` and the path of `schema/flow.schema.json`,
`schema/shop.schema.json` or `schema/tests.schema.json`.

A key with `+` stands beside the one above it. What kinds of values there are is told [at the end](#values).
";

const HOLIDAY: &str = "holiday";

/// The page of all keys, `REFERENCE.md`.
pub fn reference() -> String {
    let mut page = BEGINNING.to_owned();
    for node in CHAPTERS {
        chapter(node, &mut page);
    }
    page.push_str("\n## Values\n\n| | |\n| --- | --- |\n");
    for plain in VALUES {
        row(&mut page, &[plain.name, plain.says]);
    }
    let holidays: Vec<String> = masa_domain::holidays::names().map(quote).collect();
    row(&mut page, &[HOLIDAY, &holidays.join(", ")]);
    page
}

fn chapter(node: &'static Node, page: &mut String) {
    let level = if node.name.ends_with(".yaml") { "##" } else { "###" };
    let example = match node.example {
        "" => String::new(),
        example => format!("\n```yaml\n{}\n```\n", example.trim_end()),
    };
    let (name, says) = (node.name, node.says);
    // A text in memory takes all that is written.
    let _ = write!(page, "\n{level} {name}\n\n{says}\n{example}\n");
    page.push_str("| key | takes | when left out | meaning |\n| --- | --- | --- | --- |\n");
    for head in node.heads {
        row(
            page,
            &[&bold(head.key.name), &words(&head.key.takes), "", &told(&head.key, head.examples)],
        );
        keys(page, head.beside, "+ ");
    }
    if let Some(also) = &node.also {
        row(page, &[&format!("each {}", link(also.node)), "", "", ""]);
        keys(page, also.beside, "+ ");
    }
    let beside = if node.branches().is_empty() { "" } else { "+ " };
    if !beside.is_empty() && !node.keys.is_empty() {
        row(page, &["any of them", "", "", ""]);
    }
    keys(page, node.keys, beside);
}

fn keys(page: &mut String, keys: &[Key], before: &str) {
    let mut tests = Vec::new();
    for key in keys {
        let else_ = match key.need {
            Need::Must => "is needed".to_owned(),
            Need::May("") => String::new(),
            Need::May(value) => quote(value),
            Need::One | Need::OneOrNone => {
                tests.push(key);
                continue;
            }
        };
        let name = format!("{before}{}", quote(key.name));
        row(page, &[&name, &words(&key.takes), &else_, &told(key, &[])]);
    }
    if let Some(first) = tests.first() {
        let names = tests.iter().map(|key| quote(key.name)).collect::<Vec<_>>().join(", ");
        let else_ = if first.need == Need::One { "is needed" } else { "" };
        row(page, &[&format!("{before}one of {names}"), &link(&FIELD_TEST), else_, ""]);
    }
}

/// What a key means, its rows and examples.
fn told(key: &Key, examples: &[&str]) -> String {
    let rows = match key.rows {
        "" => String::new(),
        rows => format!(" ({rows})"),
    };
    let examples: String = examples.iter().map(|example| format!("<br>`{example}`")).collect();
    format!("{}{rows}{examples}", key.says)
}

fn bold(name: &str) -> String {
    format!("**`{name}`**")
}

fn link(node: &Node) -> String {
    format!("[{}](#{})", node.name, node.name.replace(' ', "-"))
}

/// What a key takes, in words.
fn words(takes: &Takes) -> String {
    match takes {
        Takes::Plain(plain) => plain.name.to_owned(),
        Takes::Words(words) => words.iter().map(|word| quote(word)).collect::<Vec<_>>().join(", "),
        Takes::Holiday => HOLIDAY.to_owned(),
        Takes::True => "`true`".to_owned(),
        Takes::Nothing => "nothing".to_owned(),
        Takes::Json => "anything".to_owned(),
        Takes::Either([one, Takes::List(..)]) => format!("{}, or a list of these", words(one)),
        Takes::Either(several) => several.iter().map(words).collect::<Vec<_>>().join(" or "),
        Takes::List(of, _) => format!("list of {}", words(of)),
        Takes::Map(map) => format!("{} by {}", words(&map.of), map.names.name),
        Takes::Node(node) => link(node),
    }
}

fn row(page: &mut String, cells: &[&str]) {
    let _ = writeln!(page, "| {} |", cells.join(" | "));
}
