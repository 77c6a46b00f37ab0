//! The journeys of the library.

use masa_domain::Flow;
use masa_graph::{Align, Direction, Layout, Look, mermaid, svg};
use masa_language::{Files, read};

use crate::check::{self, is_hebrew};

fn library() -> Vec<Flow> {
    let files = Files::from_texts(masa_flows::FILES.iter().copied());
    read(&files).expect("the library is good").flows
}

fn journey(name: &str) -> Flow {
    library().into_iter().find(|flow| flow.name == name).expect("a journey of the library")
}

#[test]
fn every_journey_is_drawn() {
    let library = library();
    assert!(library.len() >= 17, "{}", library.len());
    for flow in &library {
        let layout = check::picture(flow);
        let starts = layout.nodes.iter().filter(|node| node.look == Look::Trigger).count();
        assert_eq!(starts, 1, "{}", flow.name);
        assert!(layout.nodes.iter().all(|node| !node.lost), "{}", flow.name);
        for trigger in flow.triggers.iter().chain(&flow.exits) {
            let said = layout.nodes.iter().any(|node| node.tip.contains(&trigger.in_words()));
            assert!(said, "{}: {}", flow.name, trigger.in_words());
        }
    }
}

#[test]
fn a_journey_tells_what_it_does() {
    let layout = Layout::new(&journey("welcome"), "en");
    let tips: Vec<&str> = layout.nodes.iter().map(|node| node.tip.as_str()).collect();
    for tip in [
        "Trigger · joined: newsletter · form: landing-spring",
        "Leaves at once on · purchased: any",
        "Mail · hello · [first_name], the kettle’s on",
        "Wait · wait-2d · 2 days",
        "Condition · if-hello-opened · hello was opened",
    ] {
        assert!(tips.contains(&tip), "{tip} is one of {tips:#?}");
    }
    let named = |edge: &&masa_graph::Edge| edge.word.is_some();
    let words: Vec<&str> = layout
        .edges
        .iter()
        .filter(named)
        .map(|edge| edge.word.as_ref().expect("a word").0.as_str())
        .collect();
    assert_eq!(words, ["yes", "no"]);
}

#[test]
fn hebrew_pictures_are_written_from_the_right() {
    let layout = Layout::new(&journey("punch-card"), "he");
    let mut hebrew = 0;
    for text in layout.nodes.iter().filter(|node| node.icon.is_some()).flat_map(|node| &node.texts)
    {
        assert_eq!(text.align, Align::Right, "{text:?}");
        if text.text.chars().any(is_hebrew) {
            assert_eq!(text.direction, Direction::Right, "{text:?}");
            hebrew += 1;
        }
    }
    assert!(hebrew > 20, "{hebrew} Hebrew lines");
    let step = layout.nodes.iter().find(|node| node.step.as_deref() == Some("card-full"));
    assert_eq!(step.expect("a step").tip, "תנאי · card-full · card מעל 4");
    let words: Vec<&str> = layout
        .edges
        .iter()
        .filter_map(|edge| edge.word.as_ref())
        .map(|(word, _)| word.as_str())
        .collect();
    assert!(words.contains(&"כן") && words.contains(&"הזמן עבר"), "{words:?}");
    assert!(svg(&journey("punch-card"), "he").contains("סוף"));
}

#[test]
fn branches_meet_below_both() {
    let layout = Layout::new(&journey("local"), "en");
    let top = |id: &str| {
        let node = layout.nodes.iter().find(|node| node.step.as_deref() == Some(id));
        node.expect("a step").place.y
    };
    for above in ["no-ticket-yet", "booked", "booked-late", "exit"] {
        assert!(top(above) < top("eve"), "{above} stands above where the ways meet");
    }
}

#[test]
fn mermaid_names_every_step_and_way() {
    for flow in library() {
        for language in ["en", "he"] {
            let text = mermaid(&flow, language);
            let layout = Layout::new(&flow, language);
            assert!(text.starts_with("flowchart TD\n"), "{text}");
            assert_eq!(text.matches("-->").count(), layout.edges.len(), "{text}");
            assert_eq!(text, mermaid(&flow, language));
            let classes = text.lines().filter(|line| line.contains(":::"));
            assert_eq!(classes.count(), layout.nodes.len(), "{text}");
        }
    }
    let text = mermaid(&journey("welcome"), "en");
    assert!(text.contains(r#"{{"Condition<br/>if-hello-opened<br/>hello was opened"}}"#), "{text}");
    assert!(text.contains(r#"-->|"yes"|"#), "{text}");
}
