//! Flow files: the keys around the steps, and YAML itself.

use crate::{FLOW, HELLO, flow_refused, read, refused};

#[test]
fn yaml_that_cannot_be_read() {
    for (flow, expected) in [
        ("", "1:1 empty-file"),
        ("# nothing\n", "1:1 empty-file"),
        ("flow: one\n  trigger: x\n", "2:10 yaml-syntax"),
        ("flow: one\ntrigger: [ { joined: news }\nsteps: []\n", "3:1 yaml-syntax"),
        ("flow: \"one\nsteps: []\n", "1:7 yaml-syntax"),
        ("flow: one\nsteps:\n\t- exit\n", "3:2 yaml-syntax"),
        ("flow: one\n---\nflow: two\n", "2:1 two-documents"),
        ("flow: &a one\n", "1:7 no-anchors"),
        ("flow: *a\n", "1:7 yaml-syntax"),
        ("a: &a x\nb: *a\n", "1:4 no-anchors"),
        ("flow: !!str one\n", "1:7 no-tags"),
        ("- flow\n", "1:1 wrong-type"),
        ("one\n", "1:1 wrong-type"),
    ] {
        flow_refused(flow, &[expected]);
    }
}

#[test]
fn all_problems_are_told_at_once() {
    flow_refused(
        "flow: One\ntriger: { joined: news }\nentry: { if: { list: x, since: ever }, again: sometimes }\nflow: two\nsteps:\n  - email: hello\n  - wait: 2 days\n",
        &[
            "1:1 missing-key",
            "1:7 bad-flow-name",
            "2:1 unknown-key",
            "3:25 unknown-key",
            "3:47 unknown-word",
            "4:1 duplicate-key",
            "7:11 bad-duration",
        ],
    );
}

#[test]
fn the_keys_of_a_flow() {
    let steps = "steps: [ email: hello ]\n";
    for (head, expected) in [
        ("trigger: { joined: news }\n", "1:1 missing-key"),
        ("flow: one\n", "1:1 missing-key"),
        ("flow: \ntrigger: { joined: news }\n", "1:1 wrong-type"),
        ("flow: ''\ntrigger: { joined: news }\n", "1:7 empty-text"),
        ("flow: [one]\ntrigger: { joined: news }\n", "1:7 wrong-type"),
        ("flow: מסע\ntrigger: { joined: news }\n", "1:7 bad-flow-name"),
        (
            "flow: a-name-that-is-longer-than-forty-characters\ntrigger: { joined: news }\n",
            "1:7 bad-flow-name",
        ),
        ("flow: one\ntrigger: joined\n", "2:10 wrong-type"),
        ("flow: one\ntrigger: []\n", "2:10 empty-list"),
        ("flow: one\ntrigger: {}\n", "2:10 unknown-trigger"),
        ("flow: one\ntrigger: { join: news }\n", "2:12 unknown-trigger"),
        ("flow: one\ntrigger: { joined: news, form: spring }\n", "2:26 two-triggers"),
        ("flow: one\ntrigger: { joined: news, x: y }\n", "2:26 unknown-key"),
        ("flow: one\ntrigger: { joined: [news] }\n", "2:20 wrong-type"),
        ("flow: one\ntrigger: [ { joined: news }, { form: sprung } ]\n", "2:38 unknown-form"),
        ("flow: one\ntrigger: { joined: news }\nexit: [ { form: autumn } ]\n", "3:17 unknown-form"),
        ("flow: one\ntrigger: { joined: news }\nexit: { bought: any }\n", "3:9 unknown-trigger"),
        ("flow: one\ntrigger: { joined: news }\nexit: { ended: two }\n", "3:16 unknown-flow"),
        ("flow: one\ntrigger: { date: 2026-12-24, yearly: true }\n", "2:18 not-yearly"),
        ("flow: one\ntrigger: { event: paid, same: id }\n", "2:31 same-in-trigger"),
        ("flow: one\ntrigger: { purchased: same }\n", "2:23 same-in-trigger"),
        ("flow: one\ntrigger: { opened: one, since: purchase }\n", "2:32 since-of-flow"),
        ("flow: one\ntrigger: { joined: news }\nsend: marketing\n", "3:7 wrong-type"),
        ("flow: one\ntrigger: { joined: news }\nsend: { kind: spam }\n", "3:15 unknown-word"),
        ("flow: one\ntrigger: { joined: news }\nsend: { hours: 9 }\n", "3:16 bad-time"),
        (
            "flow: one\ntrigger: { joined: news }\nsend: { on_unknown: twice }\n",
            "3:21 unknown-word",
        ),
        ("flow: one\ntrigger: { joined: news }\nsend: { on_unknown: [] }\n", "3:21 wrong-type"),
        ("flow: one\ntrigger: { joined: news }\nsend: { on-unknown: skip }\n", "3:9 unknown-key"),
        ("flow: one\ntrigger: { joined: news }\nentry: never\n", "3:8 wrong-type"),
        ("flow: one\ntrigger: { joined: news }\nentry: { again: after 90 }\n", "3:17 bad-duration"),
        ("flow: one\ntrigger: { joined: news }\nentry: { again: 90d }\n", "3:17 unknown-word"),
    ] {
        flow_refused(&format!("{head}{steps}"), &[expected]);
    }
}

#[test]
fn hints_name_what_may_be_sent_and_how() {
    let hint = |send: &str| {
        let flow = format!("{FLOW}send: {{ {send} }}\n");
        read(&[("one/flow.yaml", &flow)]).unwrap_err()[0].hint.clone().unwrap_or_default()
    };
    assert_eq!(hint("kind: spam"), "there are: `marketing`, `transactional`");
    assert_eq!(hint("on_unknown: resent"), "did you mean `resend`?");
    assert_eq!(hint("on_unknown: twice"), "there are: `skip`, `resend`");
    assert_eq!(hint("on-unknown: skip"), "did you mean `on_unknown`?");
}

#[test]
fn flows_without_steps() {
    let head = "flow: one\ntrigger: { joined: news }\n";
    for (steps, expected) in [
        ("", "1:1 missing-key"),
        ("steps:\n", "3:1 wrong-type"),
        ("steps: []\n", "3:8 empty-list"),
        ("steps: { email: hello }\n", "3:8 wrong-type"),
    ] {
        let flow = format!("{head}{steps}");
        let problems = read(&[("one/flow.yaml", &flow)]).unwrap_err();
        let mine: Vec<_> = problems.iter().filter(|p| p.file == "one/flow.yaml").collect();
        assert_eq!(mine.len(), 1, "{problems:#?}");
        assert_eq!(format!("{}:{} {}", mine[0].line, mine[0].column, mine[0].code), expected);
    }
}

#[test]
fn what_is_asked_before_entry() {
    let flow = |condition: &str| {
        format!(
            "flow: one\ntrigger: {{ joined: news }}\nentry: {{ if: {condition} }}\nsteps: [ email: hello ]\n"
        )
    };
    for (condition, expected) in [
        ("{ email: hello, was: opened }", "3:16 email-before-entry"),
        ("{ not: { email: hello, was: sent } }", "3:23 email-before-entry"),
        ("{ purchased: any, since: entry }", "3:39 since-before-entry"),
    ] {
        flow_refused(&flow(condition), &[expected]);
    }
    read(&[("one/flow.yaml", &flow("{ purchased: any, since: ever }"))]).unwrap();
}

#[test]
fn files_that_would_not_be_found() {
    for (path, expected) in [
        ("flow.yaml", "flow.yaml:1:1 misplaced-file"),
        ("one/flow.yml", "one/flow.yml:1:1 misplaced-file"),
        ("one/Flow.yaml", "one/Flow.yaml:1:1 misplaced-file"),
        ("group/one/flow.yaml", "group/one/flow.yaml:1:1 misplaced-file"),
        ("one/shop.yaml", "one/shop.yaml:1:1 misplaced-file"),
        ("shop.yml", "shop.yml:1:1 misplaced-file"),
        ("one/hello.he.html", "one/hello.he.html:1:1 misplaced-file"),
        ("one/templates/he/hello.he.html", "one/templates/he/hello.he.html:1:1 misplaced-file"),
        ("two/templates/hello.he.html", "two/templates/hello.he.html:1:1 missing-file"),
    ] {
        refused(&[(path, HELLO)], &[expected]);
    }
    read(&[("one/notes.txt", "x"), ("one/tests/a.yaml", "x"), ("README.html", "x")]).unwrap();
}

#[test]
fn two_flows_with_one_name() {
    refused(
        &[("two/flow.yaml", FLOW), ("two/templates/hello.en.html", HELLO)],
        &["two/flow.yaml:1:7 duplicate-flow"],
    );
}
