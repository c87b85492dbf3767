//! How high everything is, and the way of every link: in curves through the rows, or in a lane beside them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::grid::{Grid, ItemKind, Thread};
use super::layout::{Layout, Link, Plan, Point, Route, Size, Turns};

/// The distance of the lines that run beside each other.
const TRACK: f64 = 8.0;
/// From what is already there to the next lane.
const BESIDE: f64 = 14.0;
/// From a lane to its label.
const TO_LABEL: f64 = 5.0;

/// Puts rows below each other and links between them. `centres` are those of the items, from left to right.
pub(super) fn route(plan: &Plan, grid: &Grid, centres: &[f64]) -> Layout {
    let lanes = Lanes::new(plan, grid, centres);
    let heights = Heights::new(grid, centres, &lanes);
    let page = Page { plan, grid, centres, lanes: &lanes, heights: &heights };
    let mut routes: Vec<Route> = (0..plan.links.len()).map(|link| page.route(link)).collect();
    for lane in &lanes.lanes {
        draw_once(lane, plan, grid, &mut routes);
    }
    let centre = |number: usize| Point { x: centres[number], y: heights.middle(grid.items[number].row) };
    Layout {
        size: Size { width: lanes.right, height: heights.bottom },
        centres: (0..plan.boxes.len()).map(centre).collect(),
        routes,
    }
}

/// Leaves the shared parts of a lane to the link that comes from furthest away, and the shared part of the way to it
/// to the link that comes from furthest left.
fn draw_once(lane: &Lane, plan: &Plan, grid: &Grid, routes: &mut [Route]) {
    let gap_of = |link: &usize| grid.items[plan.links[*link].source].row + 1;
    let mut links = lane.links.clone();
    links.sort_by(|one, other| {
        let left = |link: &usize| routes[*link].points[0].x;
        gap_of(one).cmp(&gap_of(other)).then(left(one).total_cmp(&left(other)))
    });
    for (place, link) in links.iter().enumerate() {
        let gap = gap_of(link);
        let is_leftmost = place == 0 || gap_of(&links[place - 1]) != gap;
        let is_whole = gap == lane.bottom() || (gap == lane.top() && lane.bottom() == lane.leaves_in);
        routes[*link].own = match (is_leftmost, is_whole) {
            (true, true) => routes[*link].points.len(),
            // To the height where the lane leads to its target.
            (true, false) if gap == lane.top() => 4,
            (true, false) => 3,
            (false, _) => 2,
        };
    }
}

/// A line beside the rows, used by all links to one box that look alike. Gap `n` is the space above row `n`.
struct Lane {
    target: usize,
    links: Vec<usize>,
    /// The gaps in which links come to it, and the one in which it leads to the target.
    joined_in: BTreeSet<usize>,
    leaves_in: usize,
    x: f64,
    label: Option<Size>,
}

impl Lane {
    fn top(&self) -> usize {
        self.joined_in.first().map_or(self.leaves_in, |first| self.leaves_in.min(*first))
    }

    fn bottom(&self) -> usize {
        self.joined_in.last().map_or(self.leaves_in, |last| self.leaves_in.max(*last))
    }
}

struct Lanes {
    /// From the inner to the outer ones.
    lanes: Vec<Lane>,
    lane_of: HashMap<usize, usize>,
    /// The positions of links at the lower and the upper border of a box, counted from the right.
    ports_below: HashMap<(usize, usize), usize>,
    ports_above: HashMap<(usize, usize), usize>,
    counts: HashMap<(usize, bool), usize>,
    right: f64,
}

impl Lanes {
    fn new(plan: &Plan, grid: &Grid, centres: &[f64]) -> Self {
        let mut lanes = shared(plan, grid);
        let mut skyline = Skyline::new(grid, centres);
        // Short lanes lie inside of long ones.
        lanes.sort_by_key(|lane| lane.bottom() - lane.top());
        for lane in &mut lanes {
            let width = lane.label.map_or(0.0, |label| TO_LABEL + label.width);
            lane.x = skyline.put(2 * lane.top(), 2 * lane.bottom(), width);
        }
        lanes.sort_by(|one, other| one.x.total_cmp(&other.x));
        let mut all = Self {
            lane_of: HashMap::new(),
            ports_below: HashMap::new(),
            ports_above: HashMap::new(),
            counts: HashMap::new(),
            right: skyline.right,
            lanes: Vec::new(),
        };
        for (number, lane) in lanes.iter().enumerate() {
            all.lane_of.extend(lane.links.iter().map(|link| (*link, number)));
            for link in &lane.links {
                let source = plan.links[*link].source;
                let count = all.counts.entry((source, false)).or_default();
                all.ports_below
                    .entry((source, number))
                    .or_insert_with(|| std::mem::replace(count, *count + 1));
            }
            let count = all.counts.entry((lane.target, true)).or_default();
            all.ports_above.insert((lane.target, number), std::mem::replace(count, *count + 1));
        }
        all.lanes = lanes;
        all
    }

    /// How far a link is from the middle of the border; outer lanes begin further to the left, so as not to cross.
    fn port(&self, number: usize, lane: usize, is_above: bool, width: f64) -> f64 {
        let ports = if is_above { &self.ports_above } else { &self.ports_below };
        let place = ports.get(&(number, lane)).copied().unwrap_or(0) as f64;
        let count = self.counts.get(&(number, is_above)).copied().unwrap_or(1) as f64;
        0.4 * width - place * TRACK.min(0.3 * width / count)
    }
}

/// The lanes of the links that are no threads, not yet beside each other.
fn shared(plan: &Plan, grid: &Grid) -> Vec<Lane> {
    let mut lanes: Vec<Lane> = Vec::new();
    let mut by_look: HashMap<(usize, usize), usize> = HashMap::new();
    for (number, link) in plan.links.iter().enumerate().filter(|(number, _)| grid.threads[*number].is_none())
    {
        let Link { source, target, label, look } = *link;
        let lane = *by_look.entry((target, look)).or_insert_with(|| {
            let leaves_in = grid.items[target].row;
            lanes.push(Lane {
                target,
                links: Vec::new(),
                joined_in: BTreeSet::new(),
                leaves_in,
                x: 0.0,
                label,
            });
            lanes.len() - 1
        });
        lanes[lane].links.push(number);
        lanes[lane].joined_in.insert(grid.items[source].row + 1);
    }
    lanes
}

/// How far to the right each height is taken: gap `n` is at `2 * n`, row `n` at `2 * n + 1`. Each value holds up to
/// the next key, so that a lane costs no more than what it covers.
struct Skyline {
    steps: BTreeMap<usize, f64>,
    right: f64,
}

impl Skyline {
    fn new(grid: &Grid, centres: &[f64]) -> Self {
        let rights: Vec<f64> = grid
            .rows
            .iter()
            .map(|row| row.last().map_or(0.0, |item| centres[*item] + grid.items[*item].width / 2.0))
            .collect();
        let mut steps = BTreeMap::new();
        for (row, right) in rights.iter().enumerate() {
            // Curves in a gap stay between the rows above and below it.
            let above = row.checked_sub(1).map_or(*right, |row| rights[row]);
            steps.insert(2 * row, right.max(above));
            steps.insert(2 * row + 1, *right);
        }
        steps.insert(2 * rights.len(), rights.last().copied().unwrap_or(0.0));
        Self { right: rights.into_iter().fold(0.0, f64::max), steps }
    }

    /// Where a lane goes that covers these heights and is so wide.
    fn put(&mut self, top: usize, bottom: usize, width: f64) -> f64 {
        let holds = |steps: &BTreeMap<usize, f64>, at| {
            steps.range(..=at).next_back().map_or(0.0, |(_, right)| *right)
        };
        let (before, after) = (holds(&self.steps, top), holds(&self.steps, bottom));
        let covered: Vec<(usize, f64)> =
            self.steps.range(top..=bottom).map(|(at, right)| (*at, *right)).collect();
        let x = covered.iter().map(|(_, right)| *right).fold(before, f64::max) + BESIDE;
        for (at, _) in covered {
            self.steps.remove(&at);
        }
        self.steps.insert(top, x + width);
        self.steps.entry(bottom + 1).or_insert(after);
        self.right = self.right.max(x + width);
        x
    }
}

/// The heights of rows and gaps, and of the tracks in a gap: the level parts of links to and from lanes.
struct Heights {
    rows: Vec<(f64, f64)>,
    /// By gap, lane and whether the lane leads to its target there.
    tracks: HashMap<(usize, usize, bool), f64>,
    bottom: f64,
}

impl Heights {
    fn new(grid: &Grid, centres: &[f64], lanes: &Lanes) -> Self {
        let gaps = grid.rows.len() + 1;
        let (mut joining, mut leaving) = (vec![Vec::new(); gaps], vec![Vec::new(); gaps]);
        for (number, lane) in lanes.lanes.iter().enumerate() {
            lane.joined_in.iter().for_each(|gap| joining[*gap].push(number));
            leaving[lane.leaves_in].push(number);
        }
        let mut heights = Self { rows: Vec::with_capacity(gaps), tracks: HashMap::new(), bottom: 0.0 };
        let mut y = 0.0;
        for gap in 0..gaps {
            // Outer lanes are joined lower and left higher, so that they do not cross inner ones.
            let tracks = joining[gap].iter().map(|lane| (*lane, false));
            let tracks = tracks.chain(leaving[gap].iter().rev().map(|lane| (*lane, true)));
            let mut next = y + TRACK;
            for (lane, is_leaving) in tracks {
                heights.tracks.insert((gap, lane, is_leaving), next);
                next += TRACK;
            }
            let count = joining[gap].len() + leaving[gap].len();
            y += space(grid, centres, gap, count > 0) + TRACK * count as f64;
            if let Some(row) = grid.rows.get(gap) {
                let height = row.iter().map(|item| grid.items[*item].height).fold(0.0, f64::max);
                heights.rows.push((y, y + height));
                y += height;
            }
        }
        heights.bottom = y;
        heights
    }

    fn middle(&self, row: usize) -> f64 {
        f64::midpoint(self.rows[row].0, self.rows[row].1)
    }

    fn track(&self, gap: usize, lane: usize, is_leaving: bool) -> f64 {
        self.tracks.get(&(gap, lane, is_leaving)).copied().unwrap_or_default()
    }
}

/// The height of a gap without its tracks: more if lines in it go far to the side.
fn space(grid: &Grid, centres: &[f64], gap: usize, has_tracks: bool) -> f64 {
    let (Some(upper), Some(lower)) =
        (gap.checked_sub(1).and_then(|row| grid.rows.get(row)), grid.rows.get(gap))
    else {
        return if has_tracks { 2.0 * TRACK } else { 0.0 };
    };
    let least = if has_labels(grid, upper) || has_labels(grid, lower) { 22.0 } else { 34.0 };
    let sideways = upper
        .iter()
        .flat_map(|item| grid.below[*item].iter().map(move |other| (centres[*item] - centres[*other]).abs()))
        .fold(0.0, f64::max);
    least + (0.08 * sideways).min(100.0)
}

/// Rows have boxes or labels, and bends beside them.
fn has_labels(grid: &Grid, row: &[usize]) -> bool {
    row.iter().all(|item| grid.items[*item].kind != ItemKind::Box)
}

struct Page<'a> {
    plan: &'a Plan,
    grid: &'a Grid,
    centres: &'a [f64],
    lanes: &'a Lanes,
    heights: &'a Heights,
}

impl Page<'_> {
    fn route(&self, number: usize) -> Route {
        match &self.grid.threads[number] {
            Some(thread) => self.curved(&self.plan.links[number], thread),
            None => self.beside(number),
        }
    }

    /// From row to row: past boxes upright, past labels as it comes.
    fn curved(&self, link: &Link, thread: &Thread) -> Route {
        let mut points = Vec::with_capacity(2 * thread.items.len());
        for item in &thread.items {
            let row = self.grid.items[*item].row;
            let (top, bottom) = self.heights.rows[row];
            let x = self.centres[*item];
            if *item == link.source {
                points.push(Point { x, y: self.border(*item, 0.5) });
                points.push(Point { x, y: bottom });
            } else if *item == link.target {
                points.push(Point { x, y: top });
                points.push(Point { x, y: self.border(*item, -0.5) });
            } else if has_labels(self.grid, &self.grid.rows[row]) {
                points.push(Point { x, y: self.heights.middle(row) });
            } else {
                points.push(Point { x, y: top });
                points.push(Point { x, y: bottom });
            }
        }
        points.dedup();
        let label = thread
            .label
            .map(|item| Point { x: self.centres[item], y: self.heights.middle(self.grid.items[item].row) });
        Route { own: points.len(), points, turns: Turns::Curved, label }
    }

    /// Down, to the lane, along it, and to the target from above.
    fn beside(&self, number: usize) -> Route {
        let Link { source, target, label, .. } = self.plan.links[number];
        let position = self.lanes.lane_of[&number];
        let lane = &self.lanes.lanes[position];
        let from =
            self.centres[source] + self.lanes.port(source, position, false, self.plan.boxes[source].width);
        let to =
            self.centres[target] + self.lanes.port(target, position, true, self.plan.boxes[target].width);
        let joined = self.heights.track(self.grid.items[source].row + 1, position, false);
        let left = self.heights.track(lane.leaves_in, position, true);
        let points = vec![
            Point { x: from, y: self.border(source, 0.5) },
            Point { x: from, y: joined },
            Point { x: lane.x, y: joined },
            Point { x: lane.x, y: left },
            Point { x: to, y: left },
            Point { x: to, y: self.border(target, -0.5) },
        ];
        let is_first = lane.links.first() == Some(&number);
        let label = label.filter(|_| is_first).map(|label| Point {
            x: lane.x + TO_LABEL + label.width / 2.0,
            // Beside a row, where no line goes across.
            y: self.heights.middle(usize::midpoint(lane.top(), lane.bottom() - 1)),
        });
        Route { own: points.len(), points, turns: Turns::Square, label }
    }

    /// The lower border of a box is half its height below its centre, the upper one above.
    fn border(&self, number: usize, halves: f64) -> f64 {
        let item = &self.grid.items[number];
        self.heights.middle(item.row) + halves * item.height
    }
}
