//! How far to the right each item is: as near as can be to what it is joined to, without overlaps.

use super::grid::{Grid, Item, ItemKind};

/// How often the rows are moved, down and up: first towards one side, then between both.
const SWEEPS: usize = 6;

/// The centres of the items; the leftmost border is at 0.
pub(super) fn place_items(grid: &Grid) -> Vec<f64> {
    let mut centres = vec![0.0; grid.items.len()];
    for row in &grid.rows {
        let offsets = offsets(grid, row);
        let middle = offsets.last().copied().unwrap_or(0.0) / 2.0;
        for (item, offset) in row.iter().zip(offsets) {
            centres[*item] = offset - middle;
        }
    }
    for _ in 0..SWEEPS {
        for row in &grid.rows {
            move_row(grid, row, &mut centres, &[&grid.above]);
        }
        for row in grid.rows.iter().rev() {
            move_row(grid, row, &mut centres, &[&grid.below]);
        }
    }
    for _ in 0..SWEEPS {
        for row in grid.rows.iter().chain(grid.rows.iter().rev()) {
            move_row(grid, row, &mut centres, &[&grid.above, &grid.below]);
        }
    }
    let borders = centres.iter().zip(&grid.items).map(|(centre, item)| centre - item.width / 2.0);
    let left = borders.reduce(f64::min).unwrap_or(0.0);
    centres.iter_mut().for_each(|centre| *centre -= left);
    centres
}

/// Moves the items of a row to where they are nearest to the middles of what they are joined to.
fn move_row(grid: &Grid, row: &[usize], centres: &mut [f64], joined: &[&Vec<Vec<usize>>]) {
    let wishes = row.iter().map(|item| {
        let (mut sum, mut weights) = (0.0, 0.0);
        for other in joined.iter().flat_map(|joined| &joined[*item]) {
            let weight = pull(&grid.items[*item], &grid.items[*other]);
            sum += weight * centres[*other];
            weights += weight;
        }
        // What is joined to nothing stays, if nothing pushes it.
        if weights > 0.0 { (sum / weights, weights) } else { (centres[*item], 0.01) }
    });
    let wishes: Vec<(f64, f64)> = wishes.collect();
    for (item, centre) in row.iter().zip(nearest_in_order(&wishes, &offsets(grid, row))) {
        centres[*item] = centre;
    }
}

/// Long lines should be straight: bends pull at each other more than boxes do.
fn pull(one: &Item, other: &Item) -> f64 {
    match (one.kind, other.kind) {
        (ItemKind::Box, ItemKind::Box) => 1.0,
        (ItemKind::Box, ItemKind::Bend | ItemKind::Label)
        | (ItemKind::Bend | ItemKind::Label, ItemKind::Box) => 2.0,
        (ItemKind::Bend | ItemKind::Label, ItemKind::Bend | ItemKind::Label) => 8.0,
    }
}

/// The centres of the items of a row when they stand as close as they may, the first at 0.
fn offsets(grid: &Grid, row: &[usize]) -> Vec<f64> {
    let mut at = 0.0;
    let mut offsets = Vec::with_capacity(row.len());
    for (place, number) in row.iter().enumerate() {
        let item = &grid.items[*number];
        if let Some(before) = place.checked_sub(1).map(|place| &grid.items[row[place]]) {
            let between = match (before.kind, item.kind) {
                (ItemKind::Box, ItemKind::Box) => 28.0,
                (ItemKind::Bend, ItemKind::Bend) => 14.0,
                (ItemKind::Box | ItemKind::Bend | ItemKind::Label, _) => 18.0,
            };
            at += f64::midpoint(before.width, item.width) + between;
        }
        offsets.push(at);
    }
    offsets
}

/// The positions with the least weighted squared distance to the wishes, among those that keep the offsets as the
/// least distances (isotonic regression, by pooling what is in each other's way).
fn nearest_in_order(wishes: &[(f64, f64)], offsets: &[f64]) -> Vec<f64> {
    struct Pool {
        mean: f64,
        weight: f64,
        members: usize,
    }
    let mut pools: Vec<Pool> = Vec::new();
    for ((wish, weight), offset) in wishes.iter().zip(offsets) {
        let mut pool = Pool { mean: wish - offset, weight: *weight, members: 1 };
        while let Some(before) = pools.pop_if(|before| before.mean > pool.mean) {
            let weight = before.weight + pool.weight;
            pool = Pool {
                mean: (before.mean * before.weight + pool.mean * pool.weight) / weight,
                weight,
                members: before.members + pool.members,
            };
        }
        pools.push(pool);
    }
    let means = pools.iter().flat_map(|pool| std::iter::repeat_n(pool.mean, pool.members));
    means.zip(offsets).map(|(mean, offset)| mean + offset).collect()
}
