//! One library that uses every construct, and what becomes of it.

use std::collections::BTreeMap;

use masa_domain::{
    Action, Again, Condition, FieldTest, Flow, Kind, MailStatus, OnUnknown, Product, PurchaseTest,
    Since, Span, Trigger,
};
use masa_language::{Files, digest};
use serde_json::json;

use crate::HELLO;

pub(crate) const FLOW: &str = r#"# A journey with everything.
flow: all-of-it
trigger:
  - joined: newsletter
  - { form: spring }
  - purchased: any
  - purchased: 12345
  - event: course.done
entry:
  if: { all: [ { field: country, is: IL }, { not: { list: staff } } ] }
  again: after 90d
exit: [ { purchased: sku-1 }, { event: moved } ]
send: { kind: transactional, on_unknown: skip }

steps:
  - email: hello
  - wait: 2d
  - if: { email: hello, was: opened }
    then:
      - email: hello
        kind: marketing
      - if: { email: hello-2, was: clicked, link: offer }
        then: []
        else:
          - { exit, id: bye }
    else:
      - sms: "שלום {{ first_name | default('לך') }}: {{ link(shop.url) }}"
      - id: nudge
        kind: marketing
        sms:
          he: |
            שלום
            {{ first_name }}
          en: Hello
  - wait: 2d
  - set: { status: vip, old: null, size: 4.5, tags: [a, 1], on: true, code: 007 }
  - count: visits
  - count: { "Points left": -3 }
  - join: VIP club
  - leave: רשימה
  - if:
      any:
        - purchased: any
        - { purchased: sku-1, since: entry }
        - { purchased: sku-1, since: ever }
        - { email: nudge, was: sent }
        - { field: a, one_of: [x, 2, false] }
        - { field: b, contains: y }
        - { field: c, over: 10 }
        - { field: d, under: -0.5 }
        - { field: e, empty: true }
    then: [ wait: 90m ]
  - if: { field: first_name, is: "2" }
    then:
      - if: { list: VIP club }
        then: [ exit ]
        else: [ wait: 3w ]
"#;

pub(crate) const SHOP: &str = "\
name: { he: קומקום, en: Kettle }
url: https://shop.example
address: { he: רחוב הגן 1, en: 1 Garden Road }
language: he
forms:
  spring: { lists: [newsletter], consent: I agree, origins: [https://shop.example] }
";

pub(crate) const TEMPLATE: &str = "\
---\r
subject: \"{{ first_name | default('שלום') }}, ברוכים הבאים\"\r
preheader: It is warm\r
---\r
<p>{% if first_name %}{{ first_name }}{% endif %}</p>\r
";

pub(crate) fn files() -> Files {
    Files::from_texts([
        ("shop.yaml", SHOP.to_owned()),
        ("all/flow.yaml", FLOW.to_owned()),
        ("all/templates/hello.he.html", TEMPLATE.to_owned()),
        ("all/templates/hello.en.html", HELLO.to_owned()),
        ("all/templates/hello.en.txt", "Hello {{ link(shop.url) }}\n".to_owned()),
    ])
}

fn flow() -> Flow {
    let mut library = masa_language::read(&files())
        .map_err(|problems| problems.iter().map(|p| format!("{p}\n")).collect::<String>())
        .unwrap();
    assert_eq!(library.flows.len(), 1);
    library.flows.remove(0)
}

fn condition(flow: &Flow, step: &str) -> Condition {
    match &flow.steps[step].action {
        Action::If { when, .. } => when.clone(),
        other => unreachable!("{step} is {other:?}"),
    }
}

fn email(step: &str, was: MailStatus, link: Option<&str>) -> Condition {
    Condition::Email { step: step.to_owned(), was, link: link.map(str::to_owned), flow: None }
}

fn field(name: &str, test: FieldTest) -> Condition {
    Condition::Field { name: name.to_owned(), test }
}

fn bought(what: Product, since: Since) -> Condition {
    Condition::Purchased(PurchaseTest::once(what, since))
}

fn one(product: &str) -> Product {
    Product::One(product.to_owned())
}

fn days(days: u32) -> Span {
    Span::seconds(days * 86_400)
}

#[test]
fn the_head_is_read() {
    let flow = flow();
    assert_eq!(flow.name, "all-of-it");
    assert_eq!(flow.kind, Kind::Transactional);
    assert_eq!(flow.on_unknown, Some(OnUnknown::Skip));
    assert_eq!(
        flow.triggers,
        [
            Trigger::Joined("newsletter".to_owned()),
            Trigger::Form("spring".to_owned()),
            Trigger::Purchased(Product::Any.into()),
            Trigger::Purchased(one("12345").into()),
            Trigger::event("course.done".to_owned()),
        ]
    );
    assert_eq!(
        flow.exits,
        [Trigger::Purchased(one("sku-1").into()), Trigger::event("moved".to_owned())]
    );
    assert_eq!(flow.again, Again::After(days(90)));
    let not_staff = Condition::Not(Box::new(Condition::List("staff".to_owned())));
    let country = field("country", FieldTest::Is(json!("IL")));
    assert_eq!(flow.entry_if, Some(Condition::All(vec![country, not_staff])));
}

/// Where each step leads: `next`, or for a branch `then|else`; `.` is the end.
fn ways(flow: &Flow) -> BTreeMap<&str, String> {
    let name = |step: &Option<String>| step.clone().unwrap_or_else(|| ".".to_owned());
    let ways = flow.steps.iter().map(|(id, step)| match &step.action {
        Action::If { then, otherwise, .. } => {
            assert_eq!(step.next, None, "a branch names its own ways");
            (id.as_str(), format!("{}|{}", name(then), name(otherwise)))
        }
        _ => (id.as_str(), name(&step.next)),
    });
    ways.collect()
}

#[test]
fn steps_have_ids_and_lead_on() {
    let flow = flow();
    assert_eq!(flow.first.as_deref(), Some("hello"));
    let expected = [
        ("hello", "wait-2d"),
        ("wait-2d", "if-hello-opened"),
        ("if-hello-opened", "hello-2|sms"),
        ("hello-2", "if-hello-2-clicked"),
        ("if-hello-2-clicked", "wait-2d-2|bye"),
        ("bye", "."),
        ("sms", "nudge"),
        ("nudge", "wait-2d-2"),
        ("wait-2d-2", "set-code-old-on-size-status-tags"),
        ("set-code-old-on-size-status-tags", "count-visits"),
        ("count-visits", "count-points-left"),
        ("count-points-left", "join-vip-club"),
        ("join-vip-club", "leave"),
        ("leave", "if-any"),
        ("if-any", "wait-90m|if-first-name"),
        ("wait-90m", "if-first-name"),
        ("if-first-name", "if-list-vip-club|."),
        ("if-list-vip-club", "exit|wait-3w"),
        ("exit", "."),
        ("wait-3w", "."),
    ];
    let expected: BTreeMap<&str, String> =
        expected.into_iter().map(|(id, way)| (id, way.to_owned())).collect();
    assert_eq!(ways(&flow), expected);
}

#[test]
fn steps_do_what_was_written() {
    let flow = flow();
    let action = |step: &str| flow.steps[step].action.clone();
    let mail =
        |kind| Action::Email { template: "hello".to_owned(), kind, subject: BTreeMap::new() };
    assert_eq!(action("hello"), mail(None));
    assert_eq!(action("hello-2"), mail(Some(Kind::Marketing)));
    assert_eq!(action("wait-90m"), Action::Wait(Span::seconds(90 * 60)));
    let text = |texts: &[(&str, &str)]| -> BTreeMap<String, String> {
        texts.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
    };
    let all = text(&[("", "שלום {{ first_name | default('לך') }}: {{ link(shop.url) }}")]);
    assert_eq!(action("sms"), Action::Sms { text: all, kind: None });
    let two = text(&[("en", "Hello"), ("he", "שלום\n{{ first_name }}\n")]);
    assert_eq!(action("nudge"), Action::Sms { text: two, kind: Some(Kind::Marketing) });
    let set = json!({ "status": "vip", "old": null, "size": 4.5, "tags": ["a", 1], "on": true, "code": "007" });
    let set = set.as_object().unwrap().clone().into_iter().collect();
    assert_eq!(action("set-code-old-on-size-status-tags"), Action::Set(set));
    assert_eq!(action("count-visits"), Action::Count { field: "visits".to_owned(), by: 1 });
    assert_eq!(
        action("count-points-left"),
        Action::Count { field: "Points left".to_owned(), by: -3 }
    );
    assert_eq!(action("join-vip-club"), Action::Join("VIP club".to_owned()));
    assert_eq!(action("leave"), Action::Leave("רשימה".to_owned()));
    assert_eq!(action("exit"), Action::Exit);
    assert_eq!(action("bye"), Action::Exit);
}

#[test]
fn conditions_ask_what_was_written() {
    let flow = flow();
    assert_eq!(condition(&flow, "if-hello-opened"), email("hello", MailStatus::Opened, None));
    assert_eq!(
        condition(&flow, "if-hello-2-clicked"),
        email("hello-2", MailStatus::Clicked, Some("offer"))
    );
    assert_eq!(condition(&flow, "if-list-vip-club"), Condition::List("VIP club".to_owned()));
    assert_eq!(condition(&flow, "if-first-name"), field("first_name", FieldTest::Is(json!("2"))));
    let number = |value: serde_json::Value| value.as_number().unwrap().clone();
    assert_eq!(
        condition(&flow, "if-any"),
        Condition::Any(vec![
            bought(Product::Any, Since::Ever),
            bought(one("sku-1"), Since::Entry),
            bought(one("sku-1"), Since::Ever),
            email("nudge", MailStatus::Sent, None),
            field("a", FieldTest::OneOf(vec![json!("x"), json!(2), json!(false)])),
            field("b", FieldTest::Contains(json!("y"))),
            field("c", FieldTest::Over(number(json!(10)))),
            field("d", FieldTest::Under(number(json!(-0.5)))),
            field("e", FieldTest::Empty(true)),
        ])
    );
}

#[test]
fn templates_are_read() {
    let flow = flow();
    assert_eq!(flow.templates.keys().collect::<Vec<_>>(), ["hello"]);
    let hello = &flow.templates["hello"];
    let hebrew = &hello["he"];
    assert_eq!(hebrew.subject, "{{ first_name | default('שלום') }}, ברוכים הבאים");
    assert_eq!(hebrew.preheader.as_deref(), Some("It is warm"));
    assert_eq!(hebrew.html, "<p>{% if first_name %}{{ first_name }}{% endif %}</p>\r\n");
    assert_eq!(hebrew.text, None);
    assert_eq!(hello["en"].subject, "Hello");
    assert_eq!(hello["en"].html, "<p>Hello</p>\n");
    assert_eq!(hello["en"].text.as_deref(), Some("Hello {{ link(shop.url) }}\n"));
}

#[test]
fn the_digest_tells_what_a_flow_says_and_not_how() {
    let base = "flow: one\ntrigger: { joined: a }\nsteps:\n  - set: { b: 1, a: 2 }\n";
    let same =
        "# Again.\nsteps: [ { set: { a: 2, b: 1 } } ]\ntrigger: [ joined: a ]\nflow: 'one'\n";
    let other = base.replace("b: 1", "b: 3");
    let of = |flow: &str| {
        let files = Files::from_texts([("shop.yaml", SHOP), ("one/flow.yaml", flow)]);
        digest(&masa_language::read(&files).unwrap().flows[0])
    };
    assert_eq!(of(base), of(same));
    assert_ne!(of(base), of(&other));
    // A digest decides whether publishing makes a new version: it may not change by itself.
    assert_eq!(of(base), "7275c1f1267d857bea75e0eee4bafff3af6b6bb92474cf58a57c3a93e8a31315");
}

/// What a flow does not say is its kind's, message by message.
#[test]
fn what_becomes_of_an_unknown_outcome_is_the_kinds_unless_the_flow_says() {
    let (marketing, transactional) = (Kind::Marketing, Kind::Transactional);
    for (send, own, of_marketing, of_transactional) in [
        ("", None, OnUnknown::Skip, OnUnknown::Resend),
        ("send: {}\n", None, OnUnknown::Skip, OnUnknown::Resend),
        ("send: { kind: transactional }\n", None, OnUnknown::Skip, OnUnknown::Resend),
        ("send: { on_unknown: skip }\n", Some(OnUnknown::Skip), OnUnknown::Skip, OnUnknown::Skip),
        (
            "send: { on_unknown: resend, kind: marketing }\n",
            Some(OnUnknown::Resend),
            OnUnknown::Resend,
            OnUnknown::Resend,
        ),
    ] {
        let flow = format!("{}{send}", crate::FLOW);
        let library = crate::read(&[("one/flow.yaml", &flow)]).unwrap();
        let flow = &library.flows[0];
        assert_eq!(flow.on_unknown, own, "{send}");
        assert_eq!(flow.on_unknown(marketing), of_marketing, "{send}");
        assert_eq!(flow.on_unknown(transactional), of_transactional, "{send}");
    }
}

#[test]
fn a_flow_survives_json() {
    let flow = flow();
    let json = serde_json::to_string(&flow).unwrap();
    assert_eq!(serde_json::from_str::<Flow>(&json).unwrap(), flow);
}
