//! How far datasets are from one another over the relationships.

use std::collections::VecDeque;

use crate::semantic::SemanticModel;

/// Distances between all pairs of datasets.
#[derive(Debug)]
pub(crate) struct JoinGraph {
    /// Steps in either direction; `usize::MAX` where there is no way.
    any: Vec<Vec<usize>>,
    /// Steps from the many side to the one side only.
    up: Vec<Vec<usize>>,
    /// Relationships from the many side to the one side: from, to, place in the model.
    edges: Vec<(usize, usize, usize)>,
}

impl JoinGraph {
    /// Measures all distances.
    pub(crate) fn new(model: &SemanticModel) -> Self {
        let count = model.datasets.len();
        let position = |name: &str| model.datasets.iter().position(|dataset| dataset.name == name);
        let edges: Vec<(usize, usize, usize)> = model
            .relationships
            .iter()
            .enumerate()
            .filter_map(|(place, relationship)| {
                Some((position(&relationship.from)?, position(&relationship.to)?, place))
            })
            .collect();
        let upward = |from: usize| edges.iter().filter(move |edge| edge.0 == from).map(|edge| edge.1);
        let downward = |to: usize| edges.iter().filter(move |edge| edge.1 == to).map(|edge| edge.0);
        Self {
            any: (0..count)
                .map(|start| reach(start, count, |at| upward(at).chain(downward(at)).collect()))
                .collect(),
            up: (0..count).map(|start| reach(start, count, |at| upward(at).collect())).collect(),
            edges: edges.clone(),
        }
    }

    /// Steps between two datasets in either direction, if there is a way.
    pub(crate) fn distance(&self, from: usize, to: usize) -> Option<usize> {
        self.any.get(from)?.get(to).copied().filter(|steps| *steps != usize::MAX)
    }

    /// Steps from the many side to the one side, if such a way exists; each row has at most one row there.
    pub(crate) fn steps_up(&self, from: usize, to: usize) -> Option<usize> {
        self.up.get(from)?.get(to).copied().filter(|steps| *steps != usize::MAX)
    }

    /// The first steps of the shortest ways to the one side: where each leads, and by which relationship.
    pub(crate) fn first_steps_up(&self, from: usize, to: usize) -> Vec<(usize, usize)> {
        let Some(steps) = self.steps_up(from, to).filter(|steps| *steps >= 2) else { return Vec::new() };
        let leads =
            |edge: &&(usize, usize, usize)| edge.0 == from && self.steps_up(edge.1, to) == Some(steps - 1);
        self.edges.iter().filter(leads).map(|edge| (edge.1, edge.2)).collect()
    }

    /// How much it costs to bring two datasets together: ways to the one side are cheaper.
    pub(crate) fn cost(&self, from: usize, to: usize) -> Option<f32> {
        let any = self.distance(from, to)?;
        Some(match self.steps_up(from, to) {
            Some(up) if up == any => any as f32,
            Some(_) | None => any as f32 + 0.5,
        })
    }
}

fn reach(start: usize, count: usize, next: impl Fn(usize) -> Vec<usize>) -> Vec<usize> {
    let mut steps = vec![usize::MAX; count];
    let mut queue = VecDeque::from([start]);
    steps[start] = 0;
    while let Some(at) = queue.pop_front() {
        for neighbour in next(at) {
            if steps[neighbour] == usize::MAX {
                steps[neighbour] = steps[at] + 1;
                queue.push_back(neighbour);
            }
        }
    }
    steps
}
