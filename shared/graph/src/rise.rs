//! Ways that lead back up: beside everything that stands between their ends.

use std::{cmp::Reverse, collections::BTreeMap};

use crate::{
    layout::{Layout, Rect},
    order::{Loop, Side, Tree},
    place::LANE,
    table::Table,
};

/// What a lane has to pass, with the place of its block's node in the order of the tree.
struct Obstacle {
    at: usize,
    place: Rect,
}

/// Draws the loops, shorter ones within longer ones. Those that lead to the same step at the same side
/// share a lane.
pub(crate) fn draw(layout: &mut Layout, tree: &Tree) {
    let mut at: Table<usize> = Table::new(layout.nodes.len());
    for (place, node) in tree.order.iter().enumerate() {
        at.set(*node, place);
    }
    let mut shared: BTreeMap<(Reverse<usize>, Side), Vec<&Loop>> = BTreeMap::new();
    for one in &tree.loops {
        shared.entry((Reverse(at.get(one.to)), one.side)).or_default().push(one);
    }
    if shared.is_empty() {
        return;
    }
    let mut obstacles = obstacles(layout, &at);
    for ((_, side), loops) in shared {
        let Some(to) = loops.first().map(|one| one.to) else { continue };
        let Some(target) = layout.nodes.get(to).map(|node| node.place) else { continue };
        let middle = |place: Rect| place.y + place.height / 2;
        let sources: Vec<(usize, Rect)> = loops
            .iter()
            .filter_map(|one| Some((one.edge, layout.nodes.get(one.from)?.place)))
            .collect();
        let top = target.y;
        let bottom = sources.iter().map(|(_, place)| place.y + place.height).max().unwrap_or(top);
        let block = at.get(to)..at.get(to) + tree.size.get(to);
        let within = obstacles.iter().filter(|one| {
            block.contains(&one.at) && one.place.y < bottom && one.place.y + one.place.height > top
        });
        let x = match side {
            Side::Left => within.map(|one| one.place.x).min().unwrap_or(target.x) - LANE + 2,
            Side::Right => {
                let right = within.map(|one| one.place.x + one.place.width).max();
                right.unwrap_or(target.x + target.width) + LANE - 2
            }
        };
        let edge_of = |place: Rect| match side {
            Side::Left => place.x,
            Side::Right => place.x + place.width,
        };
        for (edge, source) in &sources {
            if let Some(edge) = layout.edges.get_mut(*edge) {
                let (from, to) = (middle(*source), middle(target));
                edge.points =
                    vec![(edge_of(*source), from), (x, from), (x, to), (edge_of(target), to)];
            }
        }
        let place = Rect { x, y: top, width: 1, height: bottom - top };
        obstacles.push(Obstacle { at: at.get(to), place });
    }
}

/// Boxes, words and the upright parts of ways.
fn obstacles(layout: &Layout, at: &Table<usize>) -> Vec<Obstacle> {
    let boxes = layout.nodes.iter().enumerate();
    let boxes = boxes.map(|(node, drawn)| Obstacle { at: at.get(node), place: drawn.place });
    let words = layout.edges.iter().filter_map(|edge| {
        let (_, place) = edge.word.as_ref()?;
        Some(Obstacle { at: at.get(edge.from), place: *place })
    });
    let lanes = layout.edges.iter().flat_map(|edge| {
        let pairs = edge.points.iter().zip(edge.points.iter().skip(1));
        let upright = pairs.filter(|(a, b)| a.0 == b.0);
        upright.map(|(a, b)| {
            let place = Rect { x: a.0, y: a.1.min(b.1), width: 1, height: (a.1 - b.1).abs() };
            Obstacle { at: at.get(edge.from), place }
        })
    });
    boxes.chain(words).chain(lanes).collect()
}
