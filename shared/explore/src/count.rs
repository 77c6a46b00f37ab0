//! How many paths lead to each point.

use std::collections::BTreeSet;

use crate::search::Point;

/// How many paths lead to each point: along all ways but those that lead back to a point of the same
/// path.
pub(crate) fn paths(points: &[Point]) -> Vec<u64> {
    let mut order = Vec::new();
    // 0: not seen, 1: on the path, 2: done.
    let mut seen = vec![0_u8; points.len()];
    let mut back = BTreeSet::new();
    for root in 0..points.len() {
        let mut stack = vec![(root, 0_usize)];
        if seen.get(root) != Some(&0) {
            continue;
        }
        mark(&mut seen, root, 1);
        while let Some((point, next)) = stack.pop() {
            let to = points.get(point).and_then(|one| one.to.get(next)).copied();
            let Some(to) = to else {
                mark(&mut seen, point, 2);
                order.push(point);
                continue;
            };
            stack.push((point, next.saturating_add(1)));
            match seen.get(to) {
                Some(0) => {
                    mark(&mut seen, to, 1);
                    stack.push((to, 0));
                }
                Some(1) => {
                    back.insert((point, next));
                }
                _ => {}
            }
        }
    }
    let mut paths: Vec<u64> = points.iter().map(|point| point.begins).collect();
    for point in order.into_iter().rev() {
        let Some((own, from)) = paths.get(point).copied().zip(points.get(point)) else {
            continue;
        };
        for (number, to) in from.to.iter().enumerate() {
            if let Some(sum) = paths.get_mut(*to).filter(|_| !back.contains(&(point, number))) {
                *sum = sum.saturating_add(own);
            }
        }
    }
    paths
}

fn mark(seen: &mut [u8], point: usize, how: u8) {
    if let Some(mark) = seen.get_mut(point) {
        *mark = how;
    }
}
