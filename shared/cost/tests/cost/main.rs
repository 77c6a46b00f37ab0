//! What journeys cost: by hand, and the library's.
#![expect(clippy::expect_used, clippy::panic, reason = "test assertions")]

mod data;
mod expected;
mod library;
mod walked;

use masa_cost::{Assumptions, Cost, Prices, cost};
use masa_domain::Flow;
use masa_language::{Files, read};

const SHOP: &str = "
name: Kumkum
url: https://shop.example
address: 7 Garden Road
language: en
";
const MAIL: &str = "---\nsubject: Hello\n---\n<p>Hello</p>\n";

/// A journey as it is written.
fn written(text: &str) -> Flow {
    let mut files = Files::default();
    files.insert("shop.yaml".to_owned(), SHOP.to_owned());
    files.insert("f/flow.yaml".to_owned(), format!("flow: f\n{text}"));
    if text.contains("email: hello") {
        files.insert("f/templates/hello.en.html".to_owned(), MAIL.to_owned());
    }
    let mut library = read(&files).unwrap_or_else(|problems| panic!("{problems:#?}"));
    library.flows.remove(0)
}

fn prices() -> Prices {
    Prices::of("us-east-1", "US", None).expect("there are prices")
}

fn cost_of(text: &str, assumed: &Assumptions) -> Cost {
    cost(&written(text), assumed, &prices()).expect("the assumptions can be")
}

/// Nothing is read, skipped, held or comes back.
fn plain() -> Assumptions {
    Assumptions { opened: 0.0, clicked: 0.0, bounced: 0.0, ..Assumptions::default() }
}

fn near(got: f64, wanted: f64, what: &str) {
    assert!((got - wanted).abs() < 1e-9 * wanted.abs().max(1.0), "{what}: {got}, not {wanted}");
}
