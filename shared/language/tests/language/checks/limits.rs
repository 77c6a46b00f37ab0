//! Large flows: the checks stay near linear.

use std::{fmt::Write as _, time::Instant};

use masa_language::Severity;

use super::{SHOP, files, read, steps};

/// Reads a flow within seconds, and far less where the build is optimised; what is quadratic in five
/// thousand steps takes minutes.
#[track_caller]
#[expect(clippy::disallowed_methods, reason = "a bound of the work of a test")]
fn quickly(flow: &str, others: &[(&str, &str)], codes: &[&str]) {
    let files = files(&[flow], others);
    let before = Instant::now();
    let (_, problems) = read(&files);
    let took = before.elapsed();
    assert!(took.as_secs() < 10, "{took:?}");
    let mut found: Vec<&str> = problems.iter().map(|problem| problem.code).collect();
    found.dedup();
    assert_eq!(found, codes, "{:#?}", problems.iter().take(3).collect::<Vec<_>>());
}

/// Numbers that look drawn, the same each time.
fn drawn(below: usize) -> impl FnMut() -> usize {
    let mut state = 7_usize;
    move || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    }
}

#[test]
fn thousands_of_steps_that_jump_and_ask() {
    let count = 1_249;
    let mut to = drawn(count);
    let mut text = String::new();
    for number in 0..count {
        write!(
            text,
            "  - {{ id: m{number}, sms: 'x {{{{ unsubscribe_url }}}}' }}\n  - wait: 1d\n  \
             - if: {{ email: m{}, was: clicked }}\n    then: [ {{ jump: m{} }} ]\n",
            to(),
            to()
        )
        .unwrap();
    }
    writeln!(text, "  - jump: m0").unwrap();
    quickly(&steps(&text), &[], &[]);
    // Without a wait all of it is one loop.
    quickly(&steps(&text.replace("wait: 1d", "count: x")), &[], &["loop-sends"]);
    let nothing =
        text.replace("sms: 'x {{ unsubscribe_url }}'", "count: x").replace("wait: 1d", "count: y");
    let nothing = nothing.lines().map(|line| match line.split_once("if: {") {
        Some((before, _)) => format!("{before}if: {{ list: l }}\n"),
        None => format!("{line}\n"),
    });
    quickly(&steps(&nothing.collect::<String>()), &[], &["endless-loop"]);
}

#[test]
fn thousands_of_dated_waits() {
    let waits = |numbers: &mut dyn Iterator<Item = usize>| {
        numbers
            .map(|n| format!("  - wait_until: {{ date: due, offset: -{n}d }}\n"))
            .collect::<String>()
    };
    quickly(&steps(&waits(&mut (1..=3_600).rev())), &[], &[]);
    quickly(&steps(&waits(&mut (1..=3_600))), &[], &["dates-out-of-order", "too-many-warnings"]);
    // With lengths of time between, which are counted for some of them.
    let mut text = "  - { id: top, wait: 1d }\n".to_owned();
    for n in 0..1_200 {
        writeln!(
            text,
            "  - wait_until: {{ date: due, offset: {}d }}\n  - wait: 1d\n  \
             - if: {{ list: a{n} }}\n    then: [ {{ count: x }} ]",
            n * 2 - 1_200
        )
        .unwrap();
    }
    quickly(&steps(&text), &[], &[]);
    quickly(&steps(&text.replace("wait: 1d", "wait: 3d")), &[], &["dates-out-of-order"]);
}

#[test]
fn forty_levels_of_branches_that_jump_back() {
    let mut text = "  - { id: top, wait: 1d }\n".to_owned();
    for level in 0..40 {
        let indent = " ".repeat(2 + 2 * level);
        writeln!(text, "{indent}- if: {{ list: l{level} }}\n{indent}  else: [ {{ jump: top }} ]\n{indent}  then:").unwrap();
    }
    writeln!(text, "{}- jump: top", " ".repeat(82)).unwrap();
    quickly(&steps(&text), &[], &[]);
}

#[test]
fn thousands_of_fields_that_are_printed() {
    let mut text = String::new();
    let mut mail = "---\nsubject: Hello\n---\n".to_owned();
    for number in 0..4_998 {
        writeln!(text, "  - coupon: code{number}").unwrap();
        writeln!(mail, "{{{{ code{number} }}}}").unwrap();
    }
    let path = "0/templates/hello.en.html";
    quickly(&steps(&format!("{text}  - email: hello\n")), &[(path, &mail)], &[]);
    quickly(
        &steps(&format!("  - if: {{ list: a }}\n    then: [ {{ jump: last }} ]\n{text}  - {{ id: last, email: hello }}\n").replacen("  - coupon: code4997\n", "", 1)),
        &[(path, &mail)],
        &["no-fallback"],
    );
}

#[test]
fn large_conditions() {
    let values: Vec<String> = (0..20_000).map(|number| format!("v{number}")).collect();
    let one_of = format!("{{ field: a, one_of: [{}] }}", values.join(", "));
    let fields: Vec<String> =
        (0..10_000).map(|number| format!("{{ not: {{ field: a, is: v{number} }} }}")).collect();
    let lists: Vec<String> = (0..10_000).map(|number| format!("{{ list: l{number} }}")).collect();
    for members in [
        [one_of.clone(), one_of].join(", "),
        fields.join(", "),
        lists.join(", "),
        format!("{}, {{ not: {{ list: l9 }} }}", lists.join(", ")),
    ] {
        let flow = steps(&format!("  - if: {{ all: [ {members} ] }}\n    then: [ wait: 2d ]\n"));
        let never = members.ends_with("l9 } }");
        quickly(&flow, &[], if never { &["one-way-branch"] } else { &[] });
    }
}

#[test]
fn thousands_of_conditions_one_after_another() {
    let text: String = (0..2_500)
        .map(|n| format!("  - if: {{ field: a, is: v{n} }}\n    then: [ exit ]\n"))
        .collect();
    quickly(&steps(&text), &[], &[]);
    let twice = format!("{text}  - if: {{ field: a, is: v2490 }}\n    then: [ exit ]\n");
    let twice = twice.replacen("  - if: { field: a, is: v0 }\n    then: [ exit ]\n", "", 1);
    quickly(&steps(&twice), &[], &["one-way-branch"]);
    // Names that nearly are others.
    let lists: String = (0..1_600).map(|n| format!("  - join: fora{n:04}\n")).collect();
    let asked: String = (0..1_600)
        .map(|n| format!("  - if: {{ list: forb{n:04} }}\n    then: [ wait: 2d ]\n"))
        .collect();
    quickly(&steps(&format!("{lists}{asked}")), &[], &["unknown-name"]);
}

#[test]
fn many_flows_at_one_trigger() {
    let flows: Vec<String> = (0..2_000)
        .map(|number| steps("  - email: hello\n").replace("flow: one", &format!("flow: f{number}")))
        .collect();
    let flows: Vec<&str> = flows.iter().map(String::as_str).collect();
    let (_, problems) = read(&files(&flows, &[("shop.yaml", SHOP)]));
    assert_eq!(problems.len(), 1_999);
    assert!(problems.iter().all(|problem| problem.code == "same-moment"));
}

#[test]
fn warnings_push_no_error_aside() {
    let texts = "  - sms: x\n".repeat(1_500);
    let lost = format!("{texts}  - exit\n  - wait: 2d\n");
    let (_, problems) = read(&files(&[&steps(&lost)], &[]));
    let of = |severity| problems.iter().filter(move |told| told.severity == severity);
    assert_eq!(of(Severity::Warning).count(), 1_001);
    assert!(of(Severity::Warning).any(|told| told.code == "too-many-warnings"));
    let errors: Vec<_> = of(Severity::Error).map(|told| told.code).collect();
    assert_eq!(errors, ["unreachable-step"]);
}
