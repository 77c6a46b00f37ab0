//! The conditions of segments are checked as those of flows are.

use super::{SHOP, files, steps, told_of};

const FLOW: &str =
    "  - join: newsletter\n  - set: { birthday_on: 2020-01-01, nickname: x }\n  - wait: 2d\n";

/// What is told of a segment with this condition, which begins in column 8 of line 12.
#[track_caller]
fn asked(condition: &str, expected: &[&str]) -> Option<String> {
    let shop = format!("{SHOP}segments:\n  vip: {condition}\n");
    let expected: Vec<String> = expected.iter().map(|at| format!("shop.yaml:{at}")).collect();
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    let told = told_of(&files(&[&steps(FLOW)], &[("shop.yaml", &shop)]), &expected);
    told.first().and_then(|told| told.hint.clone())
}

#[test]
fn t2_names_that_are_mistyped_in_segments() {
    for (condition, expected) in [
        ("{ list: newsletter }", &[][..]),
        ("{ list: newsleter }", &["12:8 unknown-name"]),
        ("{ any: [ { list: newsleter }, { purchased: any } ] }", &["12:17 unknown-name"]),
        ("{ list: letters }", &[]),
        ("{ field: birthdya_on, empty: false }", &["12:8 unknown-name"]),
        ("{ days_to: birthday_on, under: 3 }", &[]),
        ("{ event: order-refundet }", &["12:8 unknown-name"]),
        ("{ purchased: mnit }", &["12:8 unknown-name"]),
        ("{ purchased: mint }", &[]),
        ("{ purchased: any, category: tee }", &["12:8 unknown-name"]),
        ("{ purchased: any, category: tea }", &[]),
    ] {
        asked(condition, expected);
    }
    let hint = asked("{ list: newsleter }", &["12:8 unknown-name"]);
    assert_eq!(hint.as_deref(), Some("did you mean `newsletter`?"));
    // What a segment asks for counts for those of flows, too: a name that stands in both is on purpose.
    let shop = format!("{SHOP}segments:\n  vip: {{ list: newsleter }}\n");
    let flow = steps(&format!("{FLOW}  - leave: newsleter\n"));
    told_of(&files(&[&flow], &[("shop.yaml", &shop)]), &[]);
}

#[test]
fn a7_answers_that_segments_ask_for_in_vain() {
    for (condition, expected) in [
        ("{ field: nps, over: 8 }", &[][..]),
        ("{ field: nps, is: 11 }", &["12:8 impossible-answer"]),
        ("{ not: { field: nps, under: 11 } }", &["12:15 impossible-answer"]),
        ("{ field: nps, empty: false }", &[]),
        // A step fills it with other things, or nobody knows its answers.
        ("{ field: nickname, is: 11 }", &[]),
        ("{ field: code, is: x }", &[]),
    ] {
        asked(condition, expected);
    }
}

#[test]
fn segments_in_which_nobody_or_everybody_is() {
    for (condition, expected) in [
        ("{ all: [ { list: plain }, { not: { list: plain } } ] }", &["12:8 one-way-branch"][..]),
        ("{ any: [ { list: plain }, { not: { list: plain } } ] }", &["12:8 one-way-branch"]),
        (
            "{ all: [ { list: plain }, { days_to: birthday_on, is: soon } ] }",
            &["12:34 one-way-branch"],
        ),
        ("{ all: [ { list: plain }, { not: { list: news } } ] }", &[]),
        (
            "{ all: [ { purchased: any, times: 5 }, { not: { purchased: any, times: 3 } } ] }",
            &["12:8 one-way-branch"],
        ),
        ("{ all: [ { purchased: any, times: 3 }, { not: { purchased: any, times: 5 } } ] }", &[]),
    ] {
        asked(condition, expected);
    }
    let shop = |condition: &str| format!("{SHOP}segments:\n  vip: {condition}\n");
    for (condition, who) in [
        ("{ all: [ { list: plain }, { not: { list: plain } } ] }", "nobody"),
        ("{ any: [ { list: plain }, { not: { list: plain } } ] }", "everybody"),
    ] {
        let files = files(&[&steps(FLOW)], &[("shop.yaml", &shop(condition))]);
        let told = told_of(&files, &["shop.yaml:12:8 one-way-branch"]);
        assert!(told[0].message.starts_with(who), "{}", told[0]);
    }
}
