//! Journeys that nobody writes by hand: hostile, long, deep and circular ones.

use std::collections::BTreeMap;

use masa_domain::{Action, Condition, Flow, MailStatus, Moment, Span, Step, Trigger, Way};
use masa_graph::{Layout, Look, mermaid, svg};
use proptest::prelude::{ProptestConfig, Strategy, proptest};
use roxmltree::Document;

use crate::check;

fn flow(first: &str, steps: impl IntoIterator<Item = (String, Step)>) -> Flow {
    Flow {
        name: "shape".to_owned(),
        first: Some(first.to_owned()),
        triggers: vec![Trigger::event("begin")],
        steps: steps.into_iter().collect(),
        ..Flow::default()
    }
}

fn to(id: &str) -> Option<String> {
    (!id.is_empty()).then(|| id.to_owned())
}

fn mail(id: &str, next: &str) -> (String, Step) {
    let action = Action::Email { template: id.to_owned(), kind: None, subject: BTreeMap::new() };
    (id.to_owned(), Step { action, next: to(next) })
}

fn wait(id: &str, next: &str) -> (String, Step) {
    (id.to_owned(), Step { action: Action::Wait(Span::seconds(86_400)), next: to(next) })
}

fn jump(id: &str, target: &str) -> (String, Step) {
    (id.to_owned(), Step { action: Action::Jump(target.to_owned()), next: None })
}

fn opened(step: &str) -> Condition {
    let step = step.to_owned();
    Condition::Email { step, was: MailStatus::Opened, link: None, flow: None }
}

fn branch(id: &str, then: &str, otherwise: &str) -> (String, Step) {
    let action = Action::If { when: opened("hello"), then: to(then), otherwise: to(otherwise) };
    (id.to_owned(), Step { action, next: None })
}

/// The texts and attributes of a drawing, as a reader of XML sees them.
fn words(svg: &str) -> String {
    let document = Document::parse(svg).expect("XML");
    let texts = document.descendants().filter(|node| {
        node.is_text() && !node.parent().is_some_and(|node| node.has_tag_name("style"))
    });
    texts.filter_map(|node| node.text()).collect::<Vec<_>>().join("\n")
}

#[test]
fn hostile_names_are_words() {
    let names = [
        "<script>alert(1)</script>".to_owned(),
        "\"'><g onload=\"x\">&amp;&#0;]]>".to_owned(),
        "line\nbreak\r\tand \u{0}\u{1b}\u{7}\u{202e}more".to_owned(),
        "x".repeat(200),
        "שלום ".repeat(40),
        "W".repeat(200) + "\u{1F375}",
        "end".to_owned(),
        "--> n1; click n1 call x() `md` #quot; %%{init}%%".to_owned(),
    ];
    let mut steps = Vec::new();
    for (at, name) in names.iter().enumerate() {
        let next = names.get(at + 1).map(String::as_str).unwrap_or_default();
        let subject = [("en".to_owned(), format!("{name} {{{{ {name} }}}} {{% {name}"))];
        let action = Action::Email { template: name.clone(), kind: None, subject: subject.into() };
        steps.push((name.clone(), Step { action, next: to(next) }));
    }
    let split = names.iter().map(|name| Way {
        name: name.clone(),
        share: 1,
        hold_out: false,
        first: Some(name.clone()),
    });
    let split = Action::Split { ways: split.collect(), winner: None };
    steps.push(("split".to_owned(), Step { action: split, next: None }));
    let mut flow = flow("split", steps);
    flow.name = names.join(" ");
    flow.triggers = names.iter().map(Trigger::event).collect();
    flow.exits = names.iter().map(|name| Trigger::Form(name.clone())).collect();
    check::picture(&flow);
    let drawing = svg(&flow, "en");
    assert!(words(&drawing).contains("<script>"), "it is shown as it is written");
    assert!(!drawing.contains("<script") && !drawing.contains('\u{202e}'));
    let chart = mermaid(&flow, "en");
    for line in chart.lines().filter(|line| line.contains(":::")) {
        let (_, label) = line.split_once('"').expect("a label");
        let (label, _) = label.rsplit_once('"').expect("a label");
        assert!(
            !label.replace("<br/>", "").contains(['"', '<', '>', '`', '%', '{', '\u{1b}']),
            "{line}"
        );
    }
    assert!(chart.contains("#lt;script#gt;"), "{chart}");
    assert!(chart.contains("#quot;"), "{chart}");
}

#[test]
fn five_thousand_steps_in_a_row_are_drawn() {
    let ids: Vec<String> = (0..=5_000).map(|at| format!("s{at:04}")).collect();
    let steps = ids.windows(2).map(|pair| match pair[0] == "s4999" {
        true => mail(&pair[0], ""),
        false => mail(&pair[0], &pair[1]),
    });
    let flow = flow("s0000", steps);
    let layout = check::picture(&flow);
    let tops: Vec<i32> = layout.nodes[1..=5_000].iter().map(|node| node.place.y).collect();
    assert!(tops.is_sorted(), "one below the other");
    assert!(svg(&flow, "en").len() < 5_000 * 1_500, "so much for each step at most");
    assert!(mermaid(&flow, "en").len() < 5_000 * 300);
}

#[test]
fn five_thousand_conditions_with_jumps_ahead_are_drawn() {
    // Each jumps to a step of its own, far below: all of these ways are open at one time.
    let count = 1_666;
    let mut steps = Vec::new();
    for at in 0..count {
        let after = if at + 1 == count { "t0000".to_owned() } else { format!("a{:04}", at + 1) };
        steps.push(branch(&format!("a{at:04}"), &format!("j{at:04}"), &after));
        steps.push(jump(&format!("j{at:04}"), &format!("t{at:04}")));
        let next = if at + 1 == count { String::new() } else { format!("t{:04}", at + 1) };
        steps.push(wait(&format!("t{at:04}"), &next));
    }
    let flow = flow("a0000", steps);
    let drawing = svg(&flow, "en");
    assert!(drawing.len() < 8 << 20, "{}", drawing.len());
    let layout = Layout::new(&flow, "en");
    let corners: usize = layout.edges.iter().map(|edge| edge.points.len()).sum();
    assert!(corners < 20 * layout.edges.len(), "{corners}");
}

#[test]
fn five_thousand_ways_back_are_drawn() {
    let count = 1_666;
    let mut steps = Vec::new();
    for at in 0..count {
        let after = if at + 1 == count { String::new() } else { format!("w{:04}", at + 1) };
        steps.push(wait(&format!("w{at:04}"), &format!("a{at:04}")));
        steps.push(branch(&format!("a{at:04}"), &format!("j{at:04}"), &after));
        let back = format!("w{:04}", at / 2);
        steps.push(jump(&format!("j{at:04}"), &back));
    }
    let flow = flow("w0000", steps);
    let drawing = svg(&flow, "en");
    assert!(drawing.len() < 16 << 20, "{}", drawing.len());
}

#[test]
fn forty_levels_are_drawn() {
    // Both branches of each level go on, and all of them meet again.
    let mut steps = Vec::new();
    for level in 0..40 {
        let inner = if level == 39 { "core".to_owned() } else { format!("if{:02}", level + 1) };
        let out = if level == 0 { String::new() } else { format!("meet{:02}", level - 1) };
        steps.push(branch(&format!("if{level:02}"), &inner, &format!("else{level:02}")));
        steps.push(mail(&format!("else{level:02}"), &format!("meet{level:02}")));
        steps.push(wait(&format!("meet{level:02}"), &out));
    }
    steps.push(mail("core", "meet39"));
    let layout = check::picture(&flow("if00", steps));
    assert!(layout.width < 40 * 600, "{}", layout.width);
    // Deeper than any stack: what is deep is not gone into by calls of calls.
    let deep = (0..5_000).map(|at| {
        let next = if at == 4_999 { String::new() } else { format!("i{:04}", at + 1) };
        branch(&format!("i{at:04}"), &next, "")
    });
    check::picture(&flow("i0000", deep));
}

#[test]
fn deep_conditions_are_cut() {
    let mut when = opened("hello");
    for _ in 0..100 {
        when = Condition::All(vec![Condition::Not(Box::new(when)), opened("other")]);
    }
    let many = Condition::Any(vec![opened("one"); 10_000]);
    for when in [when, many] {
        let action = Action::If { when, then: None, otherwise: None };
        let flow = flow("if", [("if".to_owned(), Step { action, next: None })]);
        let layout = check::picture(&flow);
        let node = layout.nodes.iter().find(|node| node.look == Look::Condition);
        let node = node.expect("the condition");
        assert!(node.tip.contains('…') && node.tip.chars().count() < 600, "{}", node.tip);
    }
}

#[test]
fn a_loop_runs_beside_its_steps() {
    let flow = flow(
        "hello",
        [
            mail("hello", "pause"),
            wait("pause", "read"),
            branch("read", "thanks", "again"),
            jump("again", "hello"),
            mail("thanks", ""),
        ],
    );
    let layout = check::picture(&flow);
    let back: Vec<_> = layout.edges.iter().filter(|edge| edge.back).collect();
    assert_eq!(back.len(), 1, "one way leads back");
    assert_eq!(layout.nodes[back[0].to].step.as_deref(), Some("hello"), "it is drawn to its end");
    let lanes = back[0].points.iter().map(|(x, _)| *x);
    let lane = lanes.max().expect("points");
    let right = layout.nodes[..6].iter().map(|node| node.place.x + node.place.width).max();
    assert!(lane > right.expect("boxes"), "beside all boxes");
    assert!(lane < right.expect("boxes") + 20, "and near them");
    assert!(svg(&flow, "en").contains(r#"class="way back""#));
    assert!(mermaid(&flow, "en").contains("-.->"));
}

#[test]
fn circles_are_drawn() {
    // Loops within one another, more of them than there are sides.
    let ways = ["left", "middle", "right"].map(|name| Way {
        name: name.to_owned(),
        share: 1,
        hold_out: name == "right",
        first: to(name),
    });
    let split = Action::Split { ways: ways.into(), winner: None };
    let nested = flow(
        "outer",
        [
            wait("outer", "inner"),
            wait("inner", "ask"),
            branch("ask", "back-in", "split"),
            jump("back-in", "inner"),
            ("split".to_owned(), Step { action: split, next: None }),
            jump("left", "outer"),
            jump("middle", "outer"),
            jump("right", "inner"),
        ],
    );
    let layout = check::picture(&nested);
    assert_eq!(layout.edges.iter().filter(|edge| edge.back).count(), 2, "one line at each side");
    let named = layout.nodes.iter().filter(|node| node.look == Look::Elsewhere).count();
    assert_eq!(named, 2, "what stands between them names where it goes on");
    // Circles that no tree of branches has: into one another's middle, to itself, and by plain links.
    check::picture(&flow(
        "a",
        [branch("a", "b", "c"), wait("b", "j"), jump("j", "c"), wait("c", "k"), jump("k", "b")],
    ));
    check::picture(&flow("a", [jump("a", "a")]));
    check::picture(&flow("a", [wait("a", "b"), wait("b", "a")]));
    check::picture(&flow("a", [branch("a", "a", "a")]));
}

#[test]
fn steps_that_nothing_leads_to_stand_below() {
    let lost = flow(
        "a",
        [
            wait("a", "b"),
            mail("b", ""),
            wait("lost", "b"),
            wait("round", "rounder"),
            jump("rounder", "round"),
        ],
    );
    let layout = check::picture(&lost);
    let lost: Vec<&str> = layout
        .nodes
        .iter()
        .filter(|node| node.lost)
        .filter_map(|node| node.step.as_deref())
        .collect();
    assert_eq!(lost, ["lost", "round", "rounder"]);
    let empty = Flow { first: None, ..flow("a", []) };
    check::picture(&empty);
    check::picture(&flow("nowhere", []));
    let dangling = check::picture(&flow("a", [branch("a", "gone", "b"), wait("b", "gone")]));
    assert_eq!(dangling.nodes.iter().filter(|node| node.look == Look::Missing).count(), 2);
}

#[test]
fn ways_to_one_place_and_late_ones_are_drawn() {
    let until = |id: &str, next: &str, late: &str| {
        let moment = Moment::Date {
            anchor: masa_domain::Anchor::Field("renewal".to_owned()),
            offset: "-3d".parse().expect("an offset"),
            at: None,
        };
        (id.to_owned(), Step { action: Action::Until { moment, late: to(late) }, next: to(next) })
    };
    let flow = flow(
        "a",
        [
            until("a", "x", "b"),
            branch("x", "y", "z"),
            mail("y", "z"),
            mail("z", "b"),
            until("b", "c", "c"),
            branch("c", "d", "d"),
            mail("d", ""),
        ],
    );
    let layout = check::picture(&flow);
    let from = |id: &str| {
        let edges =
            layout.edges.iter().filter(|edge| layout.nodes[edge.from].step.as_deref() == Some(id));
        edges.map(|edge| edge.word.as_ref().map(|(word, _)| word.as_str())).collect::<Vec<_>>()
    };
    assert_eq!(from("a"), [Some("in time"), Some("too late")]);
    assert_eq!(from("b"), [None], "it goes on at the same place");
    assert_eq!(from("c"), [Some("yes"), Some("no")]);
}

#[test]
fn jumps_over_a_meeting_pass_it_by() {
    let flow = flow(
        "a",
        [
            branch("a", "in", "else"),
            branch("in", "far", "near"),
            jump("far", "last"),
            mail("near", "meet"),
            mail("else", "meet"),
            mail("meet", "fork"),
            branch("fork", "more", "last"),
            mail("more", "last"),
            mail("last", ""),
        ],
    );
    check::picture(&flow);
}

#[test]
fn what_passed_one_meeting_by_passes_a_wider_one_too() {
    let ways = |id: &str, ids: &[&str]| {
        let way =
            |id: &&str| Way { name: (*id).to_owned(), share: 1, hold_out: false, first: to(id) };
        let action = Action::Split { ways: ids.iter().map(way).collect(), winner: None };
        (id.to_owned(), Step { action, next: None })
    };
    let flow = flow(
        "a",
        [
            ways("a", &["x", "y", "z"]),
            mail("x", "first"),
            mail("y", "first"),
            mail("z", "second"),
            // `far` passes `meet` by, and then `second`, which is wider.
            branch("first", "p", "q"),
            branch("p", "r", "far"),
            mail("r", "meet"),
            jump("far", "last"),
            mail("q", "meet"),
            mail("meet", "second"),
            ways("second", &["s1", "s2", "s3", "s4", "s5", "s6"]),
            mail("s1", "last"),
            mail("s2", "last"),
            mail("s3", "last"),
            mail("s4", "last"),
            mail("s5", "last"),
            mail("s6", "last"),
            mail("last", ""),
        ],
    );
    check::picture(&flow);
}

/// A journey of arbitrary steps, each of which leads to arbitrary ones or ends.
fn arbitrary() -> impl Strategy<Value = Flow> {
    let step = (0..6_u8, 0..40_usize, 0..40_usize, 0..40_usize);
    proptest::collection::vec(step, 1..30).prop_map(|drawn| {
        let count = drawn.len();
        // Every tenth way leads to the end, most others a little further.
        let id = |at: usize| if at >= count { String::new() } else { format!("s{at:02}") };
        let near = |at: usize, by: usize| id(if by > 36 { count } else { at + 1 + by % 4 });
        let steps = drawn.into_iter().enumerate().map(|(at, (kind, a, b, c))| match kind {
            0 | 1 => mail(&id(at), &near(at, a)),
            2 => wait(&id(at), &near(at, a)),
            3 => jump(&id(at), &id(a % count)),
            4 => branch(&id(at), &near(at, a), &id(b)),
            _ => {
                let ways = [near(at, a), near(at, b), id(c)].map(|first| Way {
                    name: format!("to {first}"),
                    share: 1,
                    hold_out: false,
                    first: to(&first),
                });
                let action = Action::Split { ways: ways.into(), winner: None };
                (id(at), Step { action, next: None })
            }
        });
        flow("s00", steps.collect::<Vec<_>>())
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever leads where: boxes stand apart, ways run between them and lead where they say.
    #[test]
    fn any_journey_is_drawn(flow in arbitrary()) {
        check::picture(&flow);
    }
}
