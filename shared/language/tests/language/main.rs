//! Reading journeys: what is refused and where, what comes out, and what hostile files do.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "test assertions")]

mod bad_flows;
mod bad_steps;
mod bad_templates;
mod bad_tests;
mod checks;
mod folder;
mod forms;
mod full;
mod hostile;
mod library;
mod pages;
mod segments;
mod shop;
mod slips;
mod words;

use masa_language::{Files, Library, Problem, Severity};

/// A good, small library: `overrides` replace its files or add to them.
fn files(overrides: &[(&str, &str)]) -> Files {
    let mut files = Files::from_texts([
        ("shop.yaml", SHOP),
        ("one/flow.yaml", FLOW),
        ("one/templates/hello.he.html", HELLO),
        ("one/templates/hello.en.html", HELLO),
    ]);
    for (path, text) in overrides {
        files.insert((*path).to_owned(), (*text).to_owned());
    }
    files
}

const SHOP: &str = "\
name: Tea
url: https://shop.example
address: 1 Garden Road
language: en
forms:
  spring: { lists: [news] }
";

const FLOW: &str = "\
flow: one
trigger: { joined: news }
steps:
  - email: hello
";

const HELLO: &str = "\
---
subject: Hello
---
<p>Hello</p>
";

fn read(overrides: &[(&str, &str)]) -> Result<Library, Vec<Problem>> {
    masa_language::read(&files(overrides))
}

/// Asserts that a library with these files has exactly these errors, each written as
/// `file:line:column code`. Warnings are told of by the tests of `checks`.
#[track_caller]
fn refused(overrides: &[(&str, &str)], expected: &[&str]) {
    let mut problems = read(overrides).err().unwrap_or_default();
    problems.retain(|problem| problem.severity == Severity::Error);
    let found: Vec<String> =
        problems.iter().map(|p| format!("{}:{}:{} {}", p.file, p.line, p.column, p.code)).collect();
    let texts: String =
        overrides.iter().map(|(path, text)| format!("{path}:\n{text:.500}\n")).collect();
    assert_eq!(found, expected, "\n{texts}\n{problems:#?}");
}

/// Asserts the problems of `one/flow.yaml`, each written as `line:column code`.
#[track_caller]
fn flow_refused(flow: &str, expected: &[&str]) {
    let expected: Vec<String> = expected.iter().map(|at| format!("one/flow.yaml:{at}")).collect();
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    refused(&[("one/flow.yaml", flow)], &expected);
}

/// Asserts the problems of `shop.yaml`, likewise.
#[track_caller]
fn shop_refused(shop: &str, expected: &[&str]) {
    let expected: Vec<String> = expected.iter().map(|at| format!("shop.yaml:{at}")).collect();
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    refused(&[("shop.yaml", shop)], &expected);
}

/// A flow with these steps, which begin in its line 4.
fn with_steps(steps: &str) -> String {
    format!("flow: one\ntrigger: {{ joined: news }}\nsteps:\n{steps}")
}

#[test]
fn the_base_of_these_tests_is_good() {
    let library = read(&[]).unwrap();
    assert_eq!(library.flows.len(), 1);
}
