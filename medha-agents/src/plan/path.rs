//! Ways from one dataset to another over the relationships of a model.

use std::collections::{BTreeMap, BTreeSet};

use super::error::CompileError;
use crate::semantic::{Dataset, Relationship, Role, SemanticModel, hint};

/// One relationship taken, from the many side to the one side (`forward`) or back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Step {
    pub(super) relationship: usize,
    pub(super) forward: bool,
}

/// Steps from a dataset to another.
pub(super) type Path = Vec<Step>;

/// A step costs this much; the other costs only choose among ways.
const STEP: u32 = 100;
/// To one side and then out to many again: rows meet only because they share something.
const TURN: u32 = 1000;
/// A column that is not called like the key it refers to (`original_language_id`).
const OTHER_NAME: u32 = 25;
/// A relationship that nobody declared.
const GUESSED: u32 = 10;
/// The leading column of a link's key refers to the link's owner.
const OWNER: u32 = 5;
/// A way named by its last relationship.
const LAST: u32 = 50;
/// Ways longer than this mean nothing to anybody.
const LONGEST: usize = 8;

/// Finds ways over the relationships of one model.
#[derive(Debug)]
pub(super) struct Paths<'a> {
    model: &'a SemanticModel,
    edges: BTreeMap<&'a str, Vec<(Step, &'a str)>>,
}

impl<'a> Paths<'a> {
    pub(super) fn new(model: &'a SemanticModel) -> Self {
        let mut edges: BTreeMap<&str, Vec<(Step, &str)>> = BTreeMap::new();
        for (relationship, known) in model.relationships.iter().enumerate() {
            if known.from == known.to {
                continue;
            }
            let (from, to) = (known.from.as_str(), known.to.as_str());
            edges.entry(from).or_default().push((Step { relationship, forward: true }, to));
            edges.entry(to).or_default().push((Step { relationship, forward: false }, from));
        }
        Self { model, edges }
    }

    pub(super) fn relationship(&self, step: Step) -> &'a Relationship {
        &self.model.relationships[step.relationship]
    }

    /// The dataset a step leads to.
    pub(super) fn end(&self, step: Step) -> &'a str {
        let relationship = self.relationship(step);
        if step.forward { &relationship.to } else { &relationship.from }
    }

    /// The best way from a dataset to another, over the named relationship if there is a name.
    pub(super) fn find(&self, from: &str, to: &str, via: Option<&str>) -> Result<Path, CompileError> {
        self.only(from, to, self.ways(from, to, via)?)
    }

    /// All ways that are as good as the best.
    pub(super) fn ways(&self, from: &str, to: &str, via: Option<&str>) -> Result<Vec<Path>, CompileError> {
        match via {
            None => Ok(self.shortest(from, to)),
            Some(via) => self.over(from, to, via),
        }
    }

    /// Whether a way touches a dataset on its way.
    pub(super) fn passes(&self, way: &[Step], dataset: &str) -> bool {
        way.iter().any(|step| self.end(*step) == dataset)
    }

    /// The best way that takes at least one step: from a dataset to rows of the same dataset, too.
    pub(super) fn find_related(&self, from: &str, to: &str) -> Result<Path, CompileError> {
        if from != to {
            return self.find(from, to, None);
        }
        let own = self.model.relationships.iter().enumerate();
        let ways = own
            .filter(|(_, known)| known.from == from && known.to == to)
            .map(|(relationship, _)| vec![Step { relationship, forward: false }])
            .collect();
        self.only(from, to, ways)
    }

    fn only(&self, from: &str, to: &str, mut ways: Vec<Path>) -> Result<Path, CompileError> {
        match ways.len() {
            0 => Err(CompileError::Unrelated { from: from.to_owned(), to: to.to_owned() }),
            1 => Ok(ways.remove(0)),
            _ => Err(CompileError::Ambiguous {
                from: from.to_owned(),
                to: to.to_owned(),
                ways: ways
                    .iter()
                    .map(|way| way.iter().map(|step| self.relationship(*step).name.clone()).collect())
                    .collect(),
            }),
        }
    }

    /// All ways of the least cost; the empty way if both are the same.
    fn shortest(&self, from: &str, to: &str) -> Vec<Path> {
        if from == to {
            return vec![Vec::new()];
        }
        // A state is the last step taken: the cost of the next one depends on it.
        let mut best: BTreeMap<Option<Step>, u32> = BTreeMap::new();
        let mut before: BTreeMap<Step, BTreeSet<Option<Step>>> = BTreeMap::new();
        let mut open: BTreeSet<(u32, usize, Option<Step>)> = BTreeSet::from([(0, 0, None)]);
        let mut found: Option<u32> = None;
        let mut ends: BTreeSet<Step> = BTreeSet::new();
        while let Some((cost, length, last)) = open.pop_first() {
            if found.is_some_and(|found| cost > found) {
                break;
            }
            if best.get(&last).is_some_and(|known| *known < cost) {
                continue;
            }
            let here = last.map_or(from, |step| self.end(step));
            if let Some(step) = last.filter(|_| here == to) {
                found = Some(cost);
                ends.insert(step);
                continue;
            }
            if length == LONGEST {
                continue;
            }
            for (step, end) in self.edges.get(here).into_iter().flatten() {
                if last.is_some_and(|last| last.relationship == step.relationship) || *end == from {
                    continue;
                }
                let cost = cost + self.cost(last, *step);
                let known = best.get(&Some(*step)).copied();
                if known.is_none_or(|known| cost < known) {
                    best.insert(Some(*step), cost);
                    before.insert(*step, BTreeSet::from([last]));
                    open.insert((cost, length + 1, Some(*step)));
                } else if known == Some(cost) {
                    before.entry(*step).or_default().insert(last);
                }
            }
        }
        ends.into_iter().flat_map(|end| unwind(end, &before, LONGEST)).collect()
    }

    /// The best ways that take a named relationship.
    fn over(&self, from: &str, to: &str, via: &str) -> Result<Vec<Path>, CompileError> {
        let Some(relationship) = self.model.relationships.iter().position(|known| known.name == via) else {
            let names = self.model.relationships.iter().map(|known| known.name.as_str());
            let hint = hint(via, names);
            return Err(CompileError::Unknown { kind: "relationship", name: via.to_owned(), hint });
        };
        let known = &self.model.relationships[relationship];
        let own = known.from == known.to;
        let mut candidates: Vec<(u32, Path)> = Vec::new();
        for forward in [true, false] {
            if own && !forward {
                continue;
            }
            let (near, far) = if forward { (&known.from, &known.to) } else { (&known.to, &known.from) };
            let step = Step { relationship, forward };
            for head in self.shortest_without(from, near, relationship) {
                for tail in self.shortest_without(far, to, relationship) {
                    let path: Path = head.iter().copied().chain([step]).chain(tail).collect();
                    let last = path.last() == Some(&step) && forward;
                    let cost = self.total(&path) + if last { 0 } else { LAST };
                    candidates.push((cost, path));
                }
            }
        }
        let least = candidates.iter().map(|(cost, _)| *cost).min();
        Ok(candidates.into_iter().filter(|(cost, _)| Some(*cost) == least).map(|(_, path)| path).collect())
    }

    fn shortest_without(&self, from: &str, to: &str, relationship: usize) -> Vec<Path> {
        let mut others = Self { model: self.model, edges: self.edges.clone() };
        for edges in others.edges.values_mut() {
            edges.retain(|(step, _)| step.relationship != relationship);
        }
        others.shortest(from, to)
    }

    fn total(&self, path: &[Step]) -> u32 {
        let mut last = None;
        path.iter().fold(0, |sum, step| {
            let cost = self.cost(last, *step);
            last = Some(*step);
            sum + cost
        })
    }

    fn cost(&self, last: Option<Step>, step: Step) -> u32 {
        let relationship = self.relationship(step);
        let mut cost = STEP;
        if relationship.from_columns != relationship.to_columns {
            cost += OTHER_NAME;
        }
        if relationship.guessed {
            cost += GUESSED;
        }
        if last.is_some_and(|last| last.forward) && !step.forward {
            cost += TURN;
        }
        if !step.forward
            && let Some(many) = self.model.dataset(&relationship.from)
            && many.primary_key.len() > 1
            && many.primary_key.first() == relationship.from_columns.first()
        {
            cost -= OWNER;
        }
        cost
    }
}

/// Whether a way meets rows only through something they share.
pub(super) fn turns(path: &[Step]) -> bool {
    path.windows(2).any(|pair| pair[0].forward && !pair[1].forward)
}

/// Whether a dataset only says that rows of others belong together: it has nothing to sum up.
pub(super) fn is_pure_link(dataset: &Dataset) -> bool {
    dataset.hidden || !dataset.fields.iter().any(|field| field.role == Role::Measure)
}

fn unwind(end: Step, before: &BTreeMap<Step, BTreeSet<Option<Step>>>, longest: usize) -> Vec<Path> {
    if longest == 0 {
        return Vec::new();
    }
    let mut paths = Vec::new();
    for last in before.get(&end).into_iter().flatten() {
        match last {
            None => paths.push(vec![end]),
            Some(last) => paths.extend(unwind(*last, before, longest - 1).into_iter().map(|mut path| {
                path.push(end);
                path
            })),
        }
    }
    paths
}
