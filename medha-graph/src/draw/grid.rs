//! Rows of items: the boxes of a layer, the bends of links that pass through it, and between layers the labels.

use std::collections::BTreeMap;

use super::layout::Plan;

/// The most layers a link may pass by bending through them.
const LONGEST_THREAD: usize = 16;
/// The most bends there may be altogether; when there would be more, the longest links go beside the layers.
const MOST_BENDS: usize = 6_000;

/// Rows from top to bottom, items in them from left to right.
#[derive(Debug)]
pub(super) struct Grid {
    pub(super) rows: Vec<Vec<usize>>,
    /// The boxes by their numbers, then bends and labels.
    pub(super) items: Vec<Item>,
    /// The items an item is joined to in the row above and in the row below.
    pub(super) above: Vec<Vec<usize>>,
    pub(super) below: Vec<Vec<usize>>,
    /// The way of each link; `None` for links that go beside the layers.
    pub(super) threads: Vec<Option<Thread>>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Item {
    pub(super) row: usize,
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) kind: ItemKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ItemKind {
    Box,
    Bend,
    Label,
}

/// The items of a link: its source, what is between, its target.
#[derive(Clone, Debug)]
pub(super) struct Thread {
    pub(super) items: Vec<usize>,
    pub(super) label: Option<usize>,
}

impl Grid {
    pub(super) fn new(plan: &Plan, layers: &[usize]) -> Self {
        let longest = longest_thread(plan, layers);
        let is_thread = |source: usize, target: usize| {
            layers[source] < layers[target] && layers[target] - layers[source] <= longest
        };
        let row_of_layer = rows_of_layers(plan, layers, is_thread);
        let item = |(number, size): (usize, &super::layout::Size)| Item {
            row: row_of_layer[layers[number]],
            width: size.width,
            height: size.height,
            kind: ItemKind::Box,
        };
        let items: Vec<Item> = plan.boxes.iter().enumerate().map(item).collect();
        let mut grid = Self {
            rows: vec![Vec::new(); items.iter().map(|item| item.row + 1).max().unwrap_or(0)],
            above: vec![Vec::new(); items.len()],
            below: vec![Vec::new(); items.len()],
            items,
            threads: Vec::with_capacity(plan.links.len()),
        };
        for link in &plan.links {
            let thread = is_thread(link.source, link.target).then(|| {
                let label_row = row_of_layer[layers[link.source]] + 1;
                grid.thread(link.source, link.target, link.label.map(|size| (label_row, size)))
            });
            grid.threads.push(thread);
        }
        grid.fill_rows(plan.first);
        grid
    }

    /// Adds what is between the two boxes.
    fn thread(
        &mut self,
        source: usize,
        target: usize,
        label: Option<(usize, super::layout::Size)>,
    ) -> Thread {
        let mut thread = Thread { items: vec![source], label: None };
        for row in self.items[source].row + 1..self.items[target].row {
            let item = match label {
                Some((label_row, size)) if label_row == row => {
                    thread.label = Some(self.items.len());
                    Item { row, width: size.width, height: size.height, kind: ItemKind::Label }
                }
                Some(_) | None => Item { row, width: 0.0, height: 0.0, kind: ItemKind::Bend },
            };
            thread.items.push(self.items.len());
            self.items.push(item);
            self.above.push(Vec::new());
            self.below.push(Vec::new());
        }
        thread.items.push(target);
        for pair in thread.items.windows(2) {
            self.below[pair[0]].push(pair[1]);
            self.above[pair[1]].push(pair[0]);
        }
        thread
    }

    /// Puts the items into their rows in the order in which a walk down from the first box meets them: trees are
    /// then without crossings.
    fn fill_rows(&mut self, first: usize) {
        let mut seen = vec![false; self.items.len()];
        for root in std::iter::once(first).chain(0..self.items.len()) {
            let mut path = vec![root];
            while let Some(item) = path.pop() {
                if !std::mem::replace(&mut seen[item], true) {
                    self.rows[self.items[item].row].push(item);
                    path.extend(self.below[item].iter().rev());
                }
            }
        }
    }
}

/// Labels get a row of their own below the layer of the source, where there are any.
fn rows_of_layers(plan: &Plan, layers: &[usize], is_thread: impl Fn(usize, usize) -> bool) -> Vec<usize> {
    let mut has_labels = vec![false; layers.iter().copied().max().map_or(0, |layer| layer + 1)];
    for link in plan.links.iter().filter(|link| link.label.is_some() && is_thread(link.source, link.target)) {
        has_labels[layers[link.source]] = true;
    }
    let mut next = 0;
    let row = |has_labels: &bool| {
        let row = next;
        next += 1 + usize::from(*has_labels);
        row
    };
    has_labels.iter().map(row).collect()
}

/// How many layers a link may pass, so that there are not too many bends.
fn longest_thread(plan: &Plan, layers: &[usize]) -> usize {
    let mut spans: BTreeMap<usize, usize> = BTreeMap::new();
    for link in &plan.links {
        if let Some(span) = layers[link.target].checked_sub(layers[link.source]) {
            *spans.entry(span).or_default() += 1;
        }
    }
    let mut bends = 0;
    let mut longest = 1;
    for (span, count) in spans.range(2..=LONGEST_THREAD) {
        bends += (span - 1) * count;
        if bends > MOST_BENDS {
            break;
        }
        longest = *span;
    }
    longest
}
