//! What holds for every picture.

use std::collections::BTreeMap;

use masa_domain::Flow;
use masa_graph::{Align, Layout, Look, Rect, Text, svg, width};
use roxmltree::Document;

/// Checks everything that holds for every picture, in both languages.
pub(crate) fn picture(flow: &Flow) -> Layout {
    for language in ["he", "en"] {
        let layout = Layout::new(flow, language);
        steps_stand_once(flow, &layout);
        boxes_stand_apart(&layout);
        texts_fit(&layout);
        ways_connect(flow, &layout);
        ways_pass_boxes_by(&layout);
        ways_run_apart(&layout);
        everything_is_on_the_sheet(&layout);
        let text = svg(flow, language);
        assert_eq!(text, svg(flow, language), "{}: the same each time", flow.name);
        is_svg(flow, &layout, &text, language);
    }
    Layout::new(flow, "en")
}

fn steps_stand_once(flow: &Flow, layout: &Layout) {
    let mut shown: Vec<&str> =
        layout.nodes.iter().filter_map(|node| node.step.as_deref()).collect();
    shown.sort_unstable();
    let steps: Vec<&str> = flow.steps.keys().map(String::as_str).collect();
    assert_eq!(shown, steps, "{}: every step once", flow.name);
}

/// Neither boxes nor the words of ways lie on one another.
fn boxes_stand_apart(layout: &Layout) {
    let words = layout.edges.iter().filter_map(|edge| edge.word.as_ref());
    let boxes = layout.nodes.iter().map(|node| (node.place, node.tip.as_str()));
    let mut all: Vec<(Rect, &str)> =
        boxes.chain(words.map(|(word, place)| (*place, word.as_str()))).collect();
    all.sort_by_key(|(place, _)| place.y);
    for (at, (place, name)) in all.iter().enumerate() {
        let below = all[at + 1..].iter().take_while(|(other, _)| other.y < place.y + place.height);
        for (other, other_name) in below {
            assert!(!place.overlaps(other), "{name} {place:?} lies on {other_name} {other:?}");
        }
    }
}

fn texts_fit(layout: &Layout) {
    for node in &layout.nodes {
        for text in &node.texts {
            let (left, right) = ends(text);
            let wide = width(&text.text, text.size, text.bold);
            assert!(wide <= text.room, "{:?} is wider than its room", text.text);
            let place = node.place;
            assert!(place.x < left && right < place.x + place.width, "{text:?} in {place:?}");
            assert!(place.y < text.y - text.size / 2 && text.y + 3 < place.y + place.height);
            assert!(!text.text.is_empty(), "{node:?}");
        }
    }
    for (word, place) in layout.edges.iter().filter_map(|edge| edge.word.as_ref()) {
        assert!(width(word, 12, false) <= place.width, "{word}");
    }
}

/// Between which ends a text stands.
fn ends(text: &Text) -> (i32, i32) {
    let wide = width(&text.text, text.size, text.bold);
    match text.align {
        Align::Left => (text.x, text.x + wide),
        Align::Middle => (text.x - wide / 2, text.x + wide / 2),
        Align::Right => (text.x - wide, text.x),
    }
}

/// Every way of the flow is drawn, from the edge of a box to the edge of another.
fn ways_connect(flow: &Flow, layout: &Layout) {
    let mut drawn: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for edge in &layout.edges {
        let (from, to) = (&layout.nodes[edge.from], &layout.nodes[edge.to]);
        let leads_to = match (to.look, &to.step) {
            (Look::End, _) => String::new(),
            (Look::Elsewhere | Look::Missing, _) => to.tip.chars().skip(2).collect(),
            (_, step) => step.clone().expect("ways lead to steps"),
        };
        drawn.entry(from.step.as_deref().unwrap_or_default()).or_default().push(leads_to);
        let (first, last) = (edge.points[0], *edge.points.last().expect("points"));
        assert!(on_edge(from.place, first) && on_edge(to.place, last), "{edge:?}");
        for pair in edge.points.windows(2) {
            let straight = pair[0].0 == pair[1].0 || pair[0].1 == pair[1].1;
            assert!(straight, "{edge:?} turns at right angles");
        }
    }
    for (id, step) in &flow.steps {
        let mut ways: Vec<String> =
            flow.ways(step).iter().map(|(_, to)| to.unwrap_or_default().to_owned()).collect();
        let mut drawn = drawn.remove(id.as_str()).unwrap_or_default();
        // A wait whose two ways lead to one place has one.
        if drawn.len() < ways.len() {
            ways.dedup();
        }
        ways.sort();
        drawn.sort();
        let cut = |id: &String| id.chars().take(20).collect::<String>();
        let (ways, drawn): (Vec<_>, Vec<_>) =
            (ways.iter().map(cut).collect(), drawn.iter().map(cut).collect());
        assert_eq!(drawn, ways, "{}: the ways of {id}", flow.name);
    }
}

fn on_edge(place: Rect, (x, y): (i32, i32)) -> bool {
    let (right, bottom) = (place.x + place.width, place.y + place.height);
    let upright = (x == place.x || x == right) && (place.y..=bottom).contains(&y);
    let level = (y == place.y || y == bottom) && (place.x..=right).contains(&x);
    upright || level
}

/// No way runs through a box.
fn ways_pass_boxes_by(layout: &Layout) {
    let mut boxes: Vec<Rect> = layout.nodes.iter().map(|node| node.place).collect();
    boxes.sort_by_key(|place| place.y);
    let tallest = boxes.iter().map(|place| place.height).max().unwrap_or_default();
    for edge in &layout.edges {
        for pair in edge.points.windows(2) {
            let ((ax, ay), (bx, by)) = (pair[0], pair[1]);
            let way = Rect {
                x: ax.min(bx),
                y: ay.min(by),
                width: (ax - bx).abs().max(1),
                height: (ay - by).abs().max(1),
            };
            let start = boxes.partition_point(|place| place.y < way.y - tallest);
            let near = boxes[start..].iter().take_while(|place| place.y <= way.y + way.height);
            for place in near {
                let inner = Rect {
                    x: place.x + 1,
                    y: place.y + 1,
                    width: place.width - 2,
                    height: place.height - 2,
                };
                assert!(!inner.overlaps(&way), "{edge:?} runs through {place:?}");
            }
        }
    }
}

/// A part of a line: from, to, and the way that runs there.
type Stretch = (i32, i32, usize);

/// Ways that have neither end in common never run on one line, so that each can be followed.
fn ways_run_apart(layout: &Layout) {
    let mut lines: BTreeMap<(bool, i32), Vec<Stretch>> = BTreeMap::new();
    for (at, edge) in layout.edges.iter().enumerate() {
        for pair in edge.points.windows(2).filter(|pair| pair[0] != pair[1]) {
            let ((ax, ay), (bx, by)) = (pair[0], pair[1]);
            let (key, from, to) = match ax == bx {
                true => ((true, ax), ay.min(by), ay.max(by)),
                false => ((false, ay), ax.min(bx), ax.max(bx)),
            };
            lines.entry(key).or_default().push((from, to, at));
        }
    }
    for on_line in lines.values_mut() {
        on_line.sort_unstable();
        for (at, (_, to, one)) in on_line.iter().enumerate() {
            for (_, _, other) in on_line[at + 1..].iter().take_while(|(from, ..)| from < to) {
                let (one, other) = (&layout.edges[*one], &layout.edges[*other]);
                let kin = one.from == other.from || one.to == other.to;
                assert!(kin, "{one:?} runs on {other:?}");
            }
        }
    }
}

fn everything_is_on_the_sheet(layout: &Layout) {
    let on = |x: i32, y: i32| (0..=layout.width).contains(&x) && (0..=layout.height).contains(&y);
    for node in &layout.nodes {
        let Rect { x, y, width, height } = node.place;
        assert!(on(x, y) && on(x + width, y + height), "{node:?}");
    }
    for (x, y) in layout.edges.iter().flat_map(|edge| &edge.points) {
        assert!(on(*x, *y), "{x} {y}");
    }
    for text in &layout.header {
        let (left, right) = ends(text);
        assert!(on(left, text.y) && on(right, text.y), "{text:?}");
    }
}

fn is_svg(flow: &Flow, layout: &Layout, text: &str, language: &str) {
    let options = roxmltree::ParsingOptions { nodes_limit: 1_000_000, ..Default::default() };
    let document = Document::parse_with_options(text, options).expect("well-formed XML");
    let root = document.root_element();
    assert!(root.has_tag_name(("http://www.w3.org/2000/svg", "svg")));
    assert_eq!(root.attribute("role"), Some("img"));
    assert_eq!(root.attribute("lang"), Some(language));
    let first: Vec<_> = root
        .children()
        .filter(roxmltree::Node::is_element)
        .map(|node| node.tag_name().name())
        .take(2)
        .collect();
    assert_eq!(first, ["title", "desc"]);
    let steps = root.descendants().filter_map(|node| node.attribute("data-step")).count();
    assert_eq!(steps, flow.steps.len());
    let ways = root.descendants().filter(|node| node.attribute("data-from").is_some()).count();
    assert_eq!(ways, layout.edges.len());
    let known = ["svg", "title", "desc", "style", "rect", "g", "path", "text"];
    for node in root.descendants().filter(roxmltree::Node::is_element) {
        assert!(known.contains(&node.tag_name().name()), "{node:?}");
        let on = node.attributes().find(|attribute| attribute.name().starts_with("on"));
        assert!(on.is_none() && node.attribute("href").is_none(), "{node:?}");
    }
    texts_stand_in_their_boxes(root, layout);
}

/// As a browser places them: a text that is anchored at its start runs from there in its direction.
fn texts_stand_in_their_boxes(root: roxmltree::Node<'_, '_>, layout: &Layout) {
    let nodes = root.descendants().filter(|node| {
        node.attribute("class").is_some_and(|class| class.split(' ').next() == Some("node"))
    });
    let mut boxes = 0;
    for (node, shown) in nodes.zip(&layout.nodes) {
        boxes += 1;
        let Rect { x, width, .. } = shown.place;
        for text in node.children().filter(|child| child.has_tag_name("text")) {
            let (left, right) = ends_in_svg(text);
            assert!(x < left && right < x + width, "{text:?} in {:?}", shown.place);
        }
    }
    assert_eq!(boxes, layout.nodes.len());
    let head = root.children().filter(|child| child.has_tag_name("text"));
    for (left, right) in head.map(ends_in_svg) {
        assert!((0..=layout.width).contains(&left) && right <= layout.width, "{left} {right}");
    }
}

fn ends_in_svg(text: roxmltree::Node<'_, '_>) -> (i32, i32) {
    // The element of the first letter would anchor it by its own direction.
    assert!(!text.children().any(|part| part.is_element()), "{text:?}");
    let number = |name| text.attribute(name).and_then(|n| n.parse::<i32>().ok()).expect("a number");
    let bold = text.attribute("font-weight").is_some();
    let wide = width(text.text().unwrap_or_default(), number("font-size"), bold);
    let x = number("x");
    let ends = match (text.attribute("text-anchor"), text.attribute("direction")) {
        (Some("middle"), _) => Some((x - wide / 2, x + wide / 2)),
        (Some("start"), Some("ltr")) | (Some("end"), Some("rtl")) => Some((x, x + wide)),
        (Some("end"), Some("ltr")) | (Some("start"), Some("rtl")) => Some((x - wide, x)),
        _ => None,
    };
    ends.expect("an anchor and a direction")
}

pub(crate) fn is_hebrew(letter: char) -> bool {
    ('\u{0590}'..='\u{05FF}').contains(&letter)
}
