//! Documents as people get them wrong, and such as look wrong and are not.

use super::{document, parse, reader_says, schema_says};
use crate::reference::CHAPTERS;

/// Asserts what both say of a mapping of a kind.
#[track_caller]
fn both(kind: &str, text: &str, good: bool) {
    let node = CHAPTERS.into_iter().find(|node| node.name == kind).unwrap();
    let (file, document) = document(node, parse(text));
    let (schema, reader) = (schema_says(file, &document), reader_says(file, &document));
    assert_eq!(schema.is_empty(), good, "the schema of {kind} says of {text}: {schema:#?}");
    assert_eq!(reader.is_empty(), good, "the reader says of {text}: {reader:#?}");
}

/// A shop that says this, too.
fn shop(more: &str) -> String {
    format!("{{ name: Tea, url: 'https://shop.example', address: x, language: en, {more} }}")
}

#[test]
fn values_that_cannot_be_read() {
    for (kind, text) in [
        ("step", "{ wait: 2 }"),
        ("step", "{ wait: 2 days }"),
        ("step", "{ wait: -2d }"),
        ("step", "{ wait: 1.5h }"),
        ("entry", "{ again: after 90 }"),
        ("entry", "{ again: 90d }"),
        ("goal", "{ purchased: any, within: 14 }"),
        ("happening", "{ date: birthday, offset: 3 }"),
        ("happening", "{ date: birthday, offset: 3 days }"),
        ("wait_until", "{ at: 9:00 }"),
        ("wait_until", "{ at: \"24:00\" }"),
        ("wait_until", "{ at: 9 }"),
        ("send", "{ hours: 9-20 }"),
        ("send", "{ hours: \"09:00\" }"),
        ("send", "{ days: [] }"),
        ("send", "{ days: sunday }"),
        ("happening", "{ purchased: any, nth: 0 }"),
        ("happening", "{ purchased: any, every: 1.5 }"),
        ("happening", "{ holiday: new-moon }"),
        ("happening", "{ event: paid, where: { plan: [pro] } }"),
        ("condition", "{ field: score, over: ten }"),
        ("condition", "{ field: score, one_of: [] }"),
        ("condition", "{ field: score, is: null }"),
        ("condition", "{ purchased: any, since: birth }"),
        ("condition", "{ all: [] }"),
        ("step", "{ email: hello, id: Hello }"),
        ("step", "{ email: '' }"),
        ("step", "{ sms: {} }"),
        ("step", "{ sms: { hebrew: x } }"),
        ("step", "{ coupon: code, prefix: tea }"),
        ("step", "{ set: {} }"),
        ("step", "{ set: { size: { a: 1 } } }"),
        ("step", "{ count: { a: 1, b: 1 } }"),
        ("step", "{ count: { a: many } }"),
        ("step", "{ append: { a: [1] } }"),
        ("step", "{ split: { a: { share: 1 } } }"),
        ("step", "{ split: { A: { share: 1 }, b: { share: 1 } } }"),
        ("step", "{ exit: true }"),
        ("step", "leave"),
        ("step", "{ if: { list: vip }, then: { exit } }"),
        ("line", "{ advance: 2 }"),
        ("line", "{ advance_to: tomorrow }"),
        ("line", "{ advance_to: 2026-12-24 }"),
        ("line", "{ nothing: false }"),
        ("line", "{ answer: { nps: 9, csat: 4 } }"),
        ("line", "{ buy: { quantity: 0 } }"),
        ("test", "{ name: it, steps: [] }"),
        ("form", "{ lists: newsletter }"),
        ("form", "{ origins: [ 'https://shop.example/' ] }"),
        ("form", "{ origins: [shop.example] }"),
        ("product", "{ lasts: a month }"),
        ("flow.yaml", "{ flow: One, trigger: { joined: news }, steps: [ { email: hello } ] }"),
        ("flow.yaml", "{ flow: one, trigger: [], steps: [ { email: hello } ] }"),
        ("flow.yaml", "{ flow: one, trigger: { joined: news }, steps: [] }"),
        ("shop.yaml", "{ name: Tea, url: shop.example, address: x, language: en }"),
        ("shop.yaml", "{ name: Tea, url: 'https://shop.example', address: x, language: english }"),
        ("shop.yaml", "{ name: {}, url: 'https://shop.example', address: x, language: en }"),
    ] {
        both(kind, text, false);
    }
}

#[test]
fn doses_tellings_and_calls_that_cannot_be_read() {
    for (kind, text) in [
        ("send", "{ priority: 10 }"),
        ("send", "{ priority: -1 }"),
        ("send", "{ priority: high }"),
        ("send", "{ best_hour: \"09:00\" }"),
        ("step", "{ tell: sales }"),
        ("step", "{ tell: sales, text: '' }"),
        ("step", "{ call: crm, send: [score] }"),
        ("step", "{ call: crm, send: { score: null } }"),
        ("step", "{ call: crm, send: { score: [1] } }"),
        ("line", "{ reads: 0 }"),
        ("line", "{ system: crm }"),
        ("answer of a system", "{ name: crm, status: 100 }"),
        ("answer of a system", "{ name: crm, status: 600 }"),
    ] {
        both(kind, text, false);
    }
}

#[test]
fn parts_of_the_shop_that_cannot_be_read() {
    for (kind, text) in [
        ("question", "{ type: choice, text: Why? }"),
        ("question", "{ type: choice, text: Why?, options: { price: The price } }"),
        ("question", "{ type: choice, text: Why?, options: { Price: The price, later: Later } }"),
        ("question", "{ type: nps, text: Why?, options: { price: The price, later: Later } }"),
        ("person", "{ email: sales }"),
        ("person", "{ email: sales@shop }"),
        ("person", "{ email: \"sales@shop.example,anna@shop.example\" }"),
        ("person", "{ email: sales@shop.example, language: english }"),
        ("cap", "{ within: 1d }"),
        ("cap", "{ any: 0, within: 1d }"),
        ("cap", "{ any: 101, within: 1d }"),
        ("cap", "{ email: 1, sms: 1, within: 1d }"),
        ("shop.yaml", &shop("cap: []")),
        ("shop.yaml", &shop("people: { Anna: anna@shop.example }")),
        ("shop.yaml", &shop("people: { anna: 5 }")),
        ("shop.yaml", &shop("people: [anna@shop.example]")),
        ("shop.yaml", &shop("systems: { crm: 'http://crm.example.com' }")),
        ("shop.yaml", &shop("systems: { crm: 'http://localhost.example.com' }")),
        ("shop.yaml", &shop("systems: { crm: 'https://crm.example.com/a b' }")),
        ("shop.yaml", &shop("systems: { crm: 'https://' }")),
    ] {
        both(kind, text, false);
    }
}

#[test]
fn values_in_other_words() {
    for (kind, text) in [
        ("step", "exit"),
        ("step", "{ exit }"),
        ("step", "{ wait: 90m }"),
        ("step", "{ sms: Hello }"),
        ("step", "{ join: 2026 }"),
        ("step", "{ set: { a: 1, b: 2.5, c: [], d: false } }"),
        ("happening", "{ purchased: 12345 }"),
        ("happening", "{ date: 2026-12-24 }"),
        ("happening", "{ date: birthday, offset: 0d }"),
        ("happening", "{ date: birthday, offset: +2h }"),
        ("happening", "{ event: paid, where: { plan: null } }"),
        ("wait_until", "{ days: sun }"),
        ("send", "{ hours: \"22:00-06:00\", days: [sun] }"),
        ("send", "{}"),
        ("condition", "{ hour: \"09:00 - 20:00\" }"),
        ("condition", "{ field: score, is: false }"),
        ("line", "{ signup: }"),
        ("line", "{ advance_to: \"2026-12-24T09:00+02:00\" }"),
        ("line", "{ body: 120 }"),
        ("test", "{ name: it, contact: { consent: {} }, steps: [ { outside: true } ] }"),
        ("form", "{}"),
        ("send", "{ priority: 0 }"),
        ("step", "{ call: crm }"),
        ("step", "{ call: crm, send: {} }"),
        ("step", "{ tell: sales, text: 5 }"),
        ("answer of a system", "{ name: crm, answers: [] }"),
        ("question", "{ type: text, text: Why? }"),
        ("question", "{ type: choice, text: Why?, options: { 1: One, two_3: { he: שתיים } } }"),
        ("person", "{ email: o'neil+tea@shop.example }"),
        ("cap", "{ any: 100, within: 90m }"),
        ("shop.yaml", &shop("cap: { sms: 1, within: 1d }")),
        ("shop.yaml", &shop("people: { anna_2: anna@shop.example, ben: { email: b@c.example } }")),
        (
            "shop.yaml",
            &shop("systems: { crm: 'http://localhost:8080/hooks', erp: 'http://127.0.0.1' }"),
        ),
        ("shop.yaml", &shop("systems: { crm: 'https://crm.example.com:8443?a=1' }")),
        (
            "shop.yaml",
            "{ name: 1869, url: 'http://shop.example:8080/a', address: x, language: en }",
        ),
    ] {
        both(kind, text, true);
    }
}
