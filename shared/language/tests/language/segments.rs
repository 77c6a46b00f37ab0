//! `segments` in `shop.yaml` (T2, C5).

use masa_domain::{Condition, Product, PurchaseTest, Segment, Since};

use crate::{FLOW, SHOP, read, refused, shop_refused, with_steps};

#[test]
fn t2_segments_are_read() {
    let shop = format!("{SHOP}segments:\n  vip: {{ purchased: any, times: 3, since: 90d }}\n");
    let library = read(&[("shop.yaml", &shop)]).unwrap();
    let since = Since::Within("90d".parse().unwrap());
    let vip = PurchaseTest { times: 3, ..PurchaseTest::once(Product::Any, since) };
    assert_eq!(
        library.setup.segments,
        [("vip".to_owned(), Segment::new(Condition::Purchased(vip)))].into()
    );
}

#[test]
fn t2_what_can_t_decide_who_is_in_a_segment() {
    for (condition, expected) in [
        ("{ field: country, is: IL }", &[][..]),
        ("{ all: [ { form: spring }, { not: { list: news } } ] }", &[]),
        ("{ all: [ { consent: email }, { list: news } ] }", &["8:17 not-in-segment"]),
        ("{ days_to: renewal, under: 8 }", &[]),
        ("{ email: hello, was: opened, flow: one }", &["8:8 not-in-segment"]),
        ("{ email: hello, was: opened }", &["8:8 not-in-segment", "8:10 email-before-entry"]),
        ("{ form: sprin }", &["8:8 unknown-form"]),
        ("{ form: typeform-g8hcyeXS }", &[]),
        ("{ weekday: sun }", &["8:8 not-in-segment"]),
        ("{ not: { hour: '09:00-20:00' } }", &["8:15 not-in-segment"]),
        ("{ field: order.total, over: 5 }", &["8:8 not-in-segment"]),
        ("{ days_to: event.on, over: 5 }", &["8:8 not-in-segment"]),
        ("{ purchased: same }", &["8:8 not-in-segment"]),
        ("{ purchased: any, since: entry }", &["8:33 since-before-entry"]),
        ("{ any: [ { list: news }, { list: other } ] }", &["8:33 not-in-segment"]),
        ("{ lists: other }", &["8:10 unknown-condition"]),
    ] {
        let shop = format!("{SHOP}segments:\n  vip: {condition}\n  other: {{ list: news }}\n");
        shop_refused(&shop, expected);
    }
}

#[test]
fn t2_nobody_but_its_condition_moves_a_segment() {
    let shop = format!("{SHOP}segments: {{ vip: {{ purchased: any }} }}\n");
    let asks = with_steps("  - if: { list: vip }\n    then: [ { email: hello } ]\n")
        .replace("joined: news", "joined: vip");
    refused(&[("shop.yaml", &shop), ("one/flow.yaml", &asks)], &[]);
    let moves = with_steps("  - email: hello\n  - join: vip\n  - leave: vip\n");
    refused(
        &[("shop.yaml", &shop), ("one/flow.yaml", &moves)],
        &["one/flow.yaml:5:5 moves-segment", "one/flow.yaml:6:5 moves-segment"],
    );
    let form = shop.replace("[news]", "[news, vip]");
    refused(&[("shop.yaml", &form)], &["shop.yaml:6:3 moves-segment"]);
}

#[test]
fn segments_are_bounded() {
    use std::fmt::Write;

    let mut shop = format!("{SHOP}segments:\n");
    for n in 0..50 {
        writeln!(shop, "  s{n}: {{ list: news }}").unwrap();
    }
    refused(&[("shop.yaml", &shop), ("one/flow.yaml", FLOW)], &[]);
    shop.push_str("  more: { list: news }\n");
    refused(&[("shop.yaml", &shop)], &["shop.yaml:8:3 too-many-segments"]);
}

/// Goal: who is in a segment of those who filled a form that asks for consent has agreed.
#[test]
fn a_segment_may_tell_of_consent() {
    for (condition, asks) in [
        ("{ all: [ { form: spring }, { purchased: any } ] }", false),
        ("{ any: [ { form: spring }, { purchased: any } ] }", true),
        ("{ not: { form: spring } }", true),
    ] {
        let shop = SHOP.replace("lists: [news]", "consent: I agree");
        let shop = format!("{shop}segments: {{ vip: {condition} }}\n");
        let flow = FLOW.replace("joined: news", "joined: vip");
        let library = read(&[("shop.yaml", &shop), ("one/flow.yaml", &flow)]).unwrap();
        let told = library.warnings.iter().any(|told| told.code == "no-consent-asked");
        assert_eq!(told, asks, "{condition}: {:?}", library.warnings);
    }
}

/// Goal: C2: a form that conditions of a flow ask for is one that somebody can fill.
#[test]
fn c2_forms_of_conditions_are_known() {
    for (form, expected) in
        [("spring", &[][..]), ("tally-VwbNEw", &[]), ("sprin", &["one/flow.yaml:4:9 unknown-form"])]
    {
        let steps = format!("  - if: {{ form: {form} }}\n    then: [ {{ email: hello }} ]\n");
        refused(&[("one/flow.yaml", &with_steps(&steps))], expected);
    }
}
