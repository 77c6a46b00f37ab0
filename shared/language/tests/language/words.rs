//! Every word of the language once: what stands in a flow file, and the flow that it is.

use masa_domain::{
    Action, Activity, Anchor, Bought, Channel, Condition, FieldTest, Flow, Hours, Late, MailStatus,
    Moment, Product, PurchaseTest, Referral, Rest, Since, Span, Trigger, Weekday, WonBy,
};
use masa_language::Files;
use serde_json::json;

use crate::{HELLO, full::SHOP};

const FLOW: &str = r#"flow: words
trigger:
  - { left: vip }
  - { purchased: any, category: tea, nth: 3, over: 200 }
  - { purchased: mint, every: 5 }
  - { event: moved, where: { city: Holon, floor: 2 } }
  - { clicked: offer }
  - { opened: any, times: 10, since: purchase }
  - { opened: words, times: 2 }
  - { field: score }
  - { field: score, over: 100 }
  - { answered: nps, under: 7 }
  - { date: birthday, yearly: true, offset: -3d, at: "10:30" }
  - { date: 2026-12-24 }
  - { holiday: passover, offset: -1w }
  - { silent: 60d, of: open }
  - { silent: 8w }
  - { referred: purchase }
  - { ended: words }
entry:
  if: { all: [ { field: event.city, is: Holon }, { email: hello, was: delivered, flow: words } ] }
  late: latest
exit: [ { event: paid, same: invoice_id }, { purchased: same, category: tea } ]
goal: { purchased: any, within: 14d }
send: { hours: "09:00-20:00", days: [sun, mon], rest: israel, deadline: 2d, priority: 8, best_hour: true }
steps:
  - email: hello
    subject: { he: שוב, en: Again }
  - { wait: 4h, since_last: cart }
  - wait_until: { at: "09:00", days: [sun, wed] }
  - id: before
    wait_until: { date: event.starts_at, offset: -1h }
  - wait_until: { holiday: hanukkah, at: "08:00" }
  - wait_until: { event: paid, same: invoice_id, for: 3d }
    then: [ { join: payers } ]
  - split:
      red: { share: 45, steps: [ { append: { topics: tea } } ] }
      none: { share: 10, hold_out: true }
    winner: { by: clicked, sample: 1000 }
  - stamp: last_gift
  - { coupon: code, prefix: TEA }
  - { tell: sales, text: { he: שלום, en: Hello } }
  - { call: crm, send: { reason: hot, score: "{{ score }}", times: 3 } }
  - start: words
  - if:
      any:
        - { form: spring, since: 30d }
        - { purchased: any, category: tea, since: entry, times: 3, total: 99.5 }
        - { purchased: same, times: 2 }
        - { event: visit, since: 1w, times: 2 }
        - { consent: sms }
        - { days_to: renewal, under: 10 }
        - { weekday: [fri, sat] }
        - { hour: "22:00-06:00" }
        - { email: hello, was: bounced }
    then: [ { jump: before } ]
"#;

/// What the flow names of the shop.
const NAMED: &str = "\
questions: { nps: { type: nps, text: How likely? } }
people: { sales: sales@example.com }
systems: { crm: 'https://crm.example.com' }
";

fn flow() -> Flow {
    let files = Files::from_texts([
        ("shop.yaml", format!("{SHOP}{NAMED}")),
        ("words/flow.yaml", FLOW.to_owned()),
        ("words/templates/hello.he.html", HELLO.to_owned()),
        ("words/templates/hello.en.html", HELLO.to_owned()),
    ]);
    let mut library = masa_language::read(&files)
        .map_err(|problems| problems.iter().map(|p| format!("{p}\n")).collect::<String>())
        .unwrap();
    library.flows.remove(0)
}

fn text(text: &str) -> String {
    text.to_owned()
}

#[test]
fn t1_to_t13_the_triggers() {
    let tea = Bought {
        category: Some(text("tea")),
        nth: Some(3),
        over: Some(200.into()),
        ..Bought::default()
    };
    let mint = Bought { product: Product::One(text("mint")), every: Some(5), ..Bought::default() };
    let where_ = [(text("city"), json!("Holon")), (text("floor"), json!(2))].into();
    let opened = |of: Option<&str>, times, since_purchase| Trigger::Opened {
        of: of.map(text),
        times,
        since_purchase,
    };
    let field = |test| Trigger::Field { name: text("score"), test };
    let date = |anchor, yearly, offset: &str, at: Option<&str>| Trigger::Date {
        anchor,
        yearly,
        offset: offset.parse().unwrap(),
        at: at.map(|at| at.parse().unwrap()),
    };
    let expected = [
        Trigger::Left(text("vip")),
        Trigger::Purchased(tea),
        Trigger::Purchased(mint),
        Trigger::Event { name: text("moved"), matching: where_, same: None },
        Trigger::Clicked(text("offer")),
        opened(None, 10, true),
        opened(Some("words"), 2, false),
        field(None),
        field(Some(FieldTest::Over(100.into()))),
        Trigger::Answered { question: text("nps"), test: Some(FieldTest::Under(7.into())) },
        date(Anchor::Field(text("birthday")), true, "-3d", Some("10:30")),
        date(Anchor::Day("2026-12-24".parse().unwrap()), false, "0d", None),
        date(Anchor::Holiday(text("passover")), false, "-7d", None),
        Trigger::Silent { span: "60d".parse().unwrap(), of: Activity::Open },
        Trigger::Silent { span: "56d".parse().unwrap(), of: Activity::Any },
        Trigger::Referred(Referral::Purchase),
        Trigger::Ended(text("words")),
    ];
    let flow = flow();
    assert_eq!(flow.triggers.len(), expected.len());
    for (is, expected) in flow.triggers.iter().zip(&expected) {
        assert_eq!(is, expected);
    }
}

#[test]
fn the_head_of_the_flow() {
    let flow = flow();
    let paid =
        Trigger::Event { name: text("paid"), matching: [].into(), same: Some(text("invoice_id")) };
    let again = Bought { category: Some(text("tea")), ..Product::Same.into() };
    assert_eq!(flow.exits, [paid, Trigger::Purchased(again)]);
    assert_eq!(flow.late, Late::Latest);
    let goal = flow.goal.unwrap();
    assert_eq!(goal.reached_by, [Trigger::Purchased(Product::Any.into())]);
    assert_eq!(goal.within, Span::seconds(14 * 86_400));
    let hours = Hours { from: "09:00".parse().unwrap(), until: "20:00".parse().unwrap() };
    assert_eq!(flow.windows.hours, Some(hours), "D1");
    assert_eq!(flow.windows.days, [Weekday::Sun, Weekday::Mon], "D1");
    assert_eq!(flow.windows.rest, Rest::Israel, "D1");
    assert_eq!(flow.deadline, Some(Span::seconds(2 * 86_400)), "D2");
    assert_eq!((flow.priority, flow.best_hour), (8, true), "D3, D4");
}

#[test]
fn a1_to_a11_the_steps() {
    let flow = flow();
    let action = |id: &str| flow.steps[id].action.clone();
    let Action::Email { subject, .. } = action("hello") else { panic!("a mail") };
    assert_eq!(subject, [(text("he"), text("שוב")), (text("en"), text("Again"))].into());
    let quiet = Action::Quiet { event: text("cart"), span: "4h".parse().unwrap() };
    assert_eq!(action("quiet-cart"), quiet, "A3");
    let Action::Until { moment: Moment::Clock { at, days }, .. } = action("until-day-09-00") else {
        panic!("a time of day: {:?}", flow.steps.keys())
    };
    assert_eq!(at.unwrap().to_string(), "09:00");
    assert_eq!(days, [Weekday::Sun, Weekday::Wed]);
    let Action::Until { moment, late } = action("before") else { panic!("a date") };
    let anchor = Anchor::Field(text("event.starts_at"));
    assert_eq!(moment, Moment::Date { anchor, offset: "-1h".parse().unwrap(), at: None });
    assert_eq!(late.as_deref(), Some("until-0d-on-hanukkah"), "the next dated wait of the list");
    let Action::Await { until, span, then, otherwise } = action("until-event-paid") else {
        panic!("a happening")
    };
    assert_eq!((until.len(), span), (1, Span::seconds(3 * 86_400)));
    assert_eq!(then.as_deref(), Some("join-payers"));
    assert_eq!(otherwise.as_deref(), Some("split"), "a way that is left out goes on");
    let Action::Split { ways, winner } = action("split") else { panic!("a split") };
    let ways: Vec<_> = ways
        .iter()
        .map(|way| (way.name.as_str(), way.share, way.hold_out, way.first.as_deref()))
        .collect();
    let expected =
        [("red", 45, false, Some("append-topics")), ("none", 10, true, Some("stamp-last-gift"))];
    assert_eq!(ways, expected, "A6");
    assert_eq!(winner.map(|winner| (winner.by, winner.sample)), Some((WonBy::Clicked, 1000)));
    let append = Action::Append { field: text("topics"), value: json!("tea") };
    assert_eq!(action("append-topics"), append, "A5");
    assert_eq!(action("stamp-last-gift"), Action::Stamp(text("last_gift")), "A5");
    let coupon = Action::Coupon { field: text("code"), prefix: text("TEA") };
    assert_eq!(action("coupon-code"), coupon, "A10");
    let said = [(text("he"), text("שלום")), (text("en"), text("Hello"))].into();
    let tell = Action::Tell { person: text("sales"), text: said };
    assert_eq!(action("tell-sales"), tell, "A8");
    let sent = [("reason", json!("hot")), ("score", json!("{{ score }}")), ("times", json!(3))];
    let send = sent.map(|(name, value)| (text(name), value)).into();
    assert_eq!(action("call-crm"), Action::Call { system: text("crm"), send }, "A9");
    assert_eq!(action("start-words"), Action::Start(text("words")), "A11");
    assert_eq!(action("jump-before"), Action::Jump(text("before")), "A11");
}

#[test]
fn c1_to_c6_the_conditions() {
    let flow = flow();
    let Some(Condition::All(entry)) = &flow.entry_if else { panic!("all of some") };
    let city = FieldTest::Is(json!("Holon"));
    assert_eq!(entry[0], Condition::Field { name: text("event.city"), test: city });
    let (was, link, flow_name) = (MailStatus::Delivered, None, Some(text("words")));
    assert_eq!(entry[1], Condition::Email { step: text("hello"), was, link, flow: flow_name });
    let Action::If { when: Condition::Any(any), .. } = &flow.steps["if-any"].action else {
        panic!("any of some")
    };
    let hours = Hours { from: "22:00".parse().unwrap(), until: "06:00".parse().unwrap() };
    let expected = [
        Condition::Form { name: text("spring"), since: Since::Within("30d".parse().unwrap()) },
        Condition::Purchased(PurchaseTest {
            category: Some(text("tea")),
            times: 3,
            total: serde_json::Number::from_f64(99.5),
            ..PurchaseTest::once(Product::Any, Since::Entry)
        }),
        Condition::Purchased(PurchaseTest {
            times: 2,
            ..PurchaseTest::once(Product::Same, Since::Ever)
        }),
        Condition::Event {
            name: text("visit"),
            since: Since::Within("7d".parse().unwrap()),
            times: 2,
        },
        Condition::Consent(Channel::Sms),
        Condition::DaysTo { field: text("renewal"), test: FieldTest::Under(10.into()) },
        Condition::Weekday(vec![Weekday::Fri, Weekday::Sat]),
        Condition::Hour(hours),
        Condition::Email { step: text("hello"), was: MailStatus::Bounced, link: None, flow: None },
    ];
    for (is, expected) in any.iter().zip(&expected) {
        assert_eq!(is, expected);
    }
    assert_eq!(any.len(), expected.len());
}
