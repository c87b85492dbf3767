//! Which layer each box is in: links lead down, except those that close a circle.

use super::layout::Plan;

/// The layer of every box, from 0 without gaps. A link whose target is not below its source leads back.
pub(super) fn layers(plan: &Plan) -> Vec<usize> {
    let out = outgoing(plan);
    let Walk { finished, closes_circle } = walk(plan, &out);
    let mut layers = vec![0; plan.boxes.len()];
    let leads_on = |link: &usize| !closes_circle[*link];
    // What finished last has everything that leads to it before it.
    for &number in finished.iter().rev() {
        for link in out[number].iter().copied().filter(leads_on) {
            let target = plan.links[link].target;
            layers[target] = layers[target].max(layers[number] + 1);
        }
    }
    let mut incoming = vec![0; plan.boxes.len()];
    for link in (0..plan.links.len()).filter(leads_on) {
        incoming[plan.links[link].target] += 1;
    }
    // Each box is now as high as it can be. One with more links below than above has shorter lines further down.
    for &number in &finished {
        let below = out[number].iter().copied().filter(leads_on).map(|link| layers[plan.links[link].target]);
        if number != plan.first
            && out[number].iter().copied().filter(leads_on).count() > incoming[number]
            && let Some(nearest) = below.min()
        {
            layers[number] = nearest - 1;
        }
    }
    if let Some(lowest) = layers.iter().copied().max() {
        layers[plan.last] = lowest;
    }
    without_gaps(layers)
}

struct Walk {
    /// The boxes, each after everything it leads to.
    finished: Vec<usize>,
    closes_circle: Vec<bool>,
}

/// Depth first, from the first box and then from whatever it does not reach.
fn walk(plan: &Plan, out: &[Vec<usize>]) -> Walk {
    #[derive(Clone, Copy, PartialEq)]
    enum Seen {
        Never,
        OnPath,
        Done,
    }
    let mut seen = vec![Seen::Never; plan.boxes.len()];
    let mut walk =
        Walk { finished: Vec::with_capacity(seen.len()), closes_circle: vec![false; plan.links.len()] };
    for root in std::iter::once(plan.first).chain(0..plan.boxes.len()) {
        if seen[root] != Seen::Never {
            continue;
        }
        seen[root] = Seen::OnPath;
        let mut path = vec![(root, 0)];
        while let Some((number, next)) = path.last_mut() {
            let Some(&link) = out[*number].get(*next) else {
                seen[*number] = Seen::Done;
                walk.finished.push(*number);
                path.pop();
                continue;
            };
            *next += 1;
            let target = plan.links[link].target;
            match seen[target] {
                Seen::Never => {
                    seen[target] = Seen::OnPath;
                    path.push((target, 0));
                }
                Seen::OnPath => walk.closes_circle[link] = true,
                Seen::Done => {}
            }
        }
    }
    walk
}

fn outgoing(plan: &Plan) -> Vec<Vec<usize>> {
    let mut out = vec![Vec::new(); plan.boxes.len()];
    for (number, link) in plan.links.iter().enumerate() {
        out[link.source].push(number);
    }
    out
}

fn without_gaps(mut layers: Vec<usize>) -> Vec<usize> {
    let mut used: Vec<usize> = layers.clone();
    used.sort_unstable();
    used.dedup();
    for layer in &mut layers {
        *layer = used.partition_point(|other| other < layer);
    }
    layers
}
