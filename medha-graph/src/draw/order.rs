//! The order of the items in each row: few lines cross.

use super::grid::Grid;

/// How often the rows are put in order, at most.
const MOST_SWEEPS: usize = 16;
/// After so many sweeps that were no better there will hardly be one that is.
const PATIENCE: usize = 4;

/// Puts each row in the order of the middles of what its items are joined to, downwards and upwards in turn, and keeps
/// the best.
pub(super) fn order_rows(grid: &mut Grid) {
    let mut places = places(grid);
    let mut fewest = crossings(grid, &places);
    let mut best = grid.rows.clone();
    let mut in_vain = 0;
    for sweep in 0..MOST_SWEEPS {
        if fewest == 0 || in_vain == PATIENCE {
            break;
        }
        let downwards = sweep % 2 == 0;
        let count = grid.rows.len();
        for step in 1..count {
            let row = if downwards { step } else { count - 1 - step };
            sort_row(grid, row, &mut places, downwards);
        }
        let now = crossings(grid, &places);
        if now < fewest {
            (fewest, in_vain) = (now, 0);
            best.clone_from(&grid.rows);
        } else {
            in_vain += 1;
        }
    }
    grid.rows = best;
}

fn sort_row(grid: &mut Grid, row: usize, places: &mut [usize], downwards: bool) {
    let joined = if downwards { &grid.above } else { &grid.below };
    let middle = |item: usize| {
        let others = &joined[item];
        if others.is_empty() {
            places[item] as f64
        } else {
            others.iter().map(|other| places[*other] as f64).sum::<f64>() / others.len() as f64
        }
    };
    let mut keyed: Vec<(f64, usize)> = grid.rows[row].iter().map(|item| (middle(*item), *item)).collect();
    keyed.sort_by(|one, other| one.0.total_cmp(&other.0));
    for (place, (_, item)) in keyed.iter().enumerate() {
        places[*item] = place;
    }
    grid.rows[row] = keyed.into_iter().map(|(_, item)| item).collect();
}

/// The place of each item in its row.
fn places(grid: &Grid) -> Vec<usize> {
    let mut places = vec![0; grid.items.len()];
    for row in &grid.rows {
        for (place, item) in row.iter().enumerate() {
            places[*item] = place;
        }
    }
    places
}

fn crossings(grid: &Grid, places: &[usize]) -> usize {
    grid.rows.windows(2).map(|pair| crossings_between(grid, &pair[0], pair[1].len(), places)).sum()
}

/// Counts pairs of lines in the wrong order: for each line, those before it that end further right.
fn crossings_between(grid: &Grid, upper: &[usize], width: usize, places: &[usize]) -> usize {
    let mut ended = Counts(vec![0; width + 1]);
    let mut lines = 0;
    let mut crossings = 0;
    for item in upper {
        let mut ends: Vec<usize> = grid.below[*item].iter().map(|other| places[*other]).collect();
        ends.sort_unstable();
        // Lines from one item do not cross each other.
        crossings += ends.iter().map(|end| lines - ended.up_to(*end)).sum::<usize>();
        lines += ends.len();
        ends.iter().for_each(|end| ended.add(*end));
    }
    crossings
}

/// Counts by position, with sums of beginnings in logarithmic time (a Fenwick tree).
struct Counts(Vec<usize>);

impl Counts {
    fn add(&mut self, position: usize) {
        let mut at = position + 1;
        while let Some(count) = self.0.get_mut(at) {
            *count += 1;
            at += at & at.wrapping_neg();
        }
    }

    fn up_to(&self, position: usize) -> usize {
        let mut at = position + 1;
        let mut sum = 0;
        while at > 0 {
            sum += self.0[at];
            at &= at - 1;
        }
        sum
    }
}
