//! Where boxes and lines go: a layered layout, as a function from sizes to coordinates.
//!
//! Everything is at most O(n log n) in the boxes and links: what is longer than a few layers, or leads back, does not
//! bend its way through the layers but runs in a lane beside them.

use super::grid::Grid;
use super::layer::layers;
use super::order::order_rows;
use super::place::place_items;
use super::route::route;

/// What is to be laid out. The boxes are numbered by position.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) boxes: Vec<Size>,
    pub(super) links: Vec<Link>,
    /// The box where reading begins.
    pub(super) first: usize,
    /// The box at the bottom.
    pub(super) last: usize,
}

/// A line from a box to a box.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub(super) source: usize,
    pub(super) target: usize,
    pub(super) label: Option<Size>,
    /// Links with the same look and target may share a lane and its label.
    pub(super) look: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Size {
    pub(super) width: f64,
    pub(super) height: f64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Point {
    pub(super) x: f64,
    pub(super) y: f64,
}

/// Coordinates for a [`Plan`]; nothing is outside of the size.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) size: Size,
    /// The centres of the boxes.
    pub(super) centres: Vec<Point>,
    /// One per link.
    pub(super) routes: Vec<Route>,
}

/// The way of one link, from the border of its source to the border of its target.
#[derive(Clone, Debug)]
pub(super) struct Route {
    pub(super) points: Vec<Point>,
    /// How many of the points the link draws itself; from the last of them on it runs on another link's line.
    pub(super) own: usize,
    pub(super) turns: Turns,
    /// The centre of its label; of links that share a lane only the first has one.
    pub(super) label: Option<Point>,
}

/// How a route gets from one point to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turns {
    /// In curves that begin and end upright and never leave the rectangle between two points.
    Curved,
    /// Straight; the points are corners.
    Square,
}

pub(super) fn lay_out(plan: &Plan) -> Layout {
    let layers = layers(plan);
    let mut grid = Grid::new(plan, &layers);
    order_rows(&mut grid);
    let centres = place_items(&grid);
    route(plan, &grid, &centres)
}

#[cfg(test)]
mod tests {
    use super::{Layout, Link, Plan, Point, Size, Turns, lay_out};

    const BOX: Size = Size { width: 60.0, height: 30.0 };
    const LABEL: Size = Size { width: 40.0, height: 14.0 };

    /// Boxes of differing sizes; box 0 is the first and the last box the last.
    fn plan(boxes: usize, links: impl IntoIterator<Item = (usize, usize)>) -> Plan {
        let size = |number: usize| Size {
            width: BOX.width + 25.0 * (number % 4) as f64,
            height: BOX.height + 10.0 * (number % 3) as f64,
        };
        let link = |(number, (source, target)): (usize, (usize, usize))| Link {
            source,
            target,
            label: (number % 3 == 1).then_some(LABEL),
            look: number % 3,
        };
        Plan {
            boxes: (0..boxes).map(size).collect(),
            links: links.into_iter().enumerate().map(link).collect(),
            first: 0,
            last: boxes - 1,
        }
    }

    fn chain(length: usize) -> Vec<(usize, usize)> {
        (1..length).map(|number| (number - 1, number)).collect()
    }

    fn fan(width: usize) -> Vec<(usize, usize)> {
        (1..=width).flat_map(|number| [(0, number), (number, width + 1)]).collect()
    }

    /// A graph without a plan behind it, the same every time.
    fn tangle(boxes: usize, links: usize, seed: u64) -> Vec<(usize, usize)> {
        let mut random = fastrand::Rng::with_seed(seed);
        (0..links).map(|_| (random.usize(..boxes), random.usize(..boxes))).collect()
    }

    fn cases() -> Vec<(String, Plan)> {
        let mut cases = vec![
            ("one box".to_owned(), plan(1, [])),
            ("a box that leads to itself".to_owned(), plan(1, [(0, 0), (0, 0), (0, 0)])),
            ("boxes without links".to_owned(), plan(5, [])),
            ("a chain".to_owned(), plan(9, chain(9))),
            ("a fan".to_owned(), plan(14, fan(12))),
            ("two lines from box to box".to_owned(), plan(2, [(0, 1), (0, 1), (0, 1), (1, 0), (1, 0)])),
            (
                "everything back to the first".to_owned(),
                plan(30, chain(30).into_iter().chain((1..30).map(|n| (n, 0)))),
            ),
            (
                "everything to the last".to_owned(),
                plan(60, chain(60).into_iter().chain((0..59).map(|n| (n, 59)))),
            ),
            (
                "from above and below to the middle".to_owned(),
                plan(90, chain(90).into_iter().chain((0..90).map(|n| (n, 45)))),
            ),
            ("a last box that leads on".to_owned(), plan(4, [(0, 3), (3, 1), (1, 2), (2, 3)])),
        ];
        for seed in 0..40 {
            let (boxes, links) = (2 + seed as usize % 17, 3 * seed as usize);
            cases.push((format!("tangle {seed}"), plan(boxes, tangle(boxes, links, seed))));
        }
        cases
    }

    fn edges_of(centre: Point, size: Size) -> [f64; 4] {
        let (width, height) = (size.width / 2.0, size.height / 2.0);
        [centre.x - width, centre.x + width, centre.y - height, centre.y + height]
    }

    fn overlap(one: [f64; 4], two: [f64; 4]) -> bool {
        one[0] < two[1] - 0.01 && two[0] < one[1] - 0.01 && one[2] < two[3] - 0.01 && two[2] < one[3] - 0.01
    }

    fn everywhere(check: impl Fn(&str, &Plan, &Layout)) {
        for (name, plan) in cases() {
            check(&name, &plan, &lay_out(&plan));
        }
    }

    #[test]
    fn no_two_boxes_overlap_and_no_label_covers_a_box_or_a_label() {
        everywhere(|name, plan, layout| {
            let boxes = layout.centres.iter().zip(&plan.boxes).map(|(centre, size)| edges_of(*centre, *size));
            let labels = layout
                .routes
                .iter()
                .zip(&plan.links)
                .filter_map(|(route, link)| Some(edges_of(route.label?, link.label?)));
            let all: Vec<[f64; 4]> = boxes.chain(labels).collect();
            for (number, one) in all.iter().enumerate() {
                for other in &all[number + 1..] {
                    assert!(!overlap(*one, *other), "{name}: {one:?} and {other:?}");
                }
            }
        });
    }

    #[test]
    fn every_line_begins_and_ends_at_the_borders_of_its_boxes() {
        everywhere(|name, plan, layout| {
            assert_eq!(layout.routes.len(), plan.links.len(), "{name}");
            for (route, link) in layout.routes.iter().zip(&plan.links) {
                let source = edges_of(layout.centres[link.source], plan.boxes[link.source]);
                let target = edges_of(layout.centres[link.target], plan.boxes[link.target]);
                let (start, end) = (route.points[0], route.points[route.points.len() - 1]);
                assert!((start.y - source[3]).abs() < 0.01, "{name}: leaves at the bottom");
                assert!((end.y - target[2]).abs() < 0.01, "{name}: comes from above");
                assert!(source[0] < start.x && start.x < source[1], "{name}: {start:?} in {source:?}");
                assert!(target[0] < end.x && end.x < target[1], "{name}: {end:?} in {target:?}");
            }
        });
    }

    #[test]
    fn no_line_runs_through_a_box() {
        everywhere(|name, plan, layout| {
            for (centre, size) in layout.centres.iter().zip(&plan.boxes) {
                let inside = edges_of(*centre, *size);
                for route in &layout.routes {
                    for pair in route.points.windows(2) {
                        // A curve stays within the rectangle of its ends; it only moves sideways between rows.
                        let (one, two) = (pair[0], pair[1]);
                        let thick = |one: f64, two: f64| {
                            if one == two { (one, one + 0.1) } else { (one.min(two), one.max(two)) }
                        };
                        let ((left, right), (top, bottom)) = (thick(one.x, two.x), thick(one.y, two.y));
                        let line = [left, right, top, bottom];
                        assert!(!overlap(inside, line), "{name}: {inside:?} and {line:?}");
                    }
                }
            }
        });
    }

    #[test]
    fn everything_is_inside_of_the_size() {
        everywhere(|name, plan, layout| {
            let page = [-0.01, layout.size.width + 0.01, -0.01, layout.size.height + 0.01];
            let is_inside = |edges: [f64; 4]| {
                edges[0] >= page[0] && edges[1] <= page[1] && edges[2] >= page[2] && edges[3] <= page[3]
            };
            for (centre, size) in layout.centres.iter().zip(&plan.boxes) {
                assert!(is_inside(edges_of(*centre, *size)), "{name}");
            }
            for (route, link) in layout.routes.iter().zip(&plan.links) {
                let points = route.points.iter().map(|point| edges_of(*point, Size::default()));
                let label = route.label.zip(link.label).map(|(centre, size)| edges_of(centre, size));
                assert!(points.chain(label).all(is_inside), "{name}: {route:?}");
            }
        });
    }

    #[test]
    fn lines_that_lead_on_go_down_and_only_those_that_lead_back_go_up() {
        let layout = lay_out(&plan(5, [(0, 1), (1, 2), (2, 1), (2, 3), (3, 4), (3, 0)]));
        let goes_up = |route: &super::Route| route.points.windows(2).any(|pair| pair[1].y < pair[0].y);
        let up: Vec<bool> = layout.routes.iter().map(goes_up).collect();
        assert_eq!(up, [false, false, true, false, false, true]);
    }

    #[test]
    fn a_chain_is_straight_and_a_diamond_symmetrical() {
        let layout = lay_out(&plan(6, chain(6)));
        assert!(layout.centres.iter().all(|centre| (centre.x - layout.centres[0].x).abs() < 0.01));
        let mut diamond = plan(4, [(0, 1), (0, 2), (1, 3), (2, 3)]);
        diamond.boxes.fill(BOX);
        let layout = lay_out(&diamond);
        let middle = (layout.centres[1].x + layout.centres[2].x) / 2.0;
        assert!((layout.centres[0].x - middle).abs() < 0.5, "{:?}", layout.centres);
        assert!((layout.centres[3].x - middle).abs() < 0.5, "{:?}", layout.centres);
    }

    #[test]
    fn lines_cross_only_where_they_must() {
        // Two chains whose links were added the wrong way round.
        let mut plan = plan(6, [(0, 2), (0, 1), (1, 3), (2, 4), (3, 5), (4, 5)]);
        plan.links.iter_mut().for_each(|link| link.label = None);
        let layout = lay_out(&plan);
        let is_left = |one: usize, two: usize| layout.centres[one].x < layout.centres[two].x;
        assert_eq!(is_left(1, 2), is_left(3, 4));
    }

    #[test]
    fn what_a_link_does_not_draw_itself_another_one_draws() {
        everywhere(|name, plan, layout| {
            let drawn = |one: &Link| {
                let alike = |(link, _): &(&Link, _)| link.target == one.target && link.look == one.look;
                let routes = plan.links.iter().zip(&layout.routes).filter(alike);
                routes.flat_map(|(_, route)| route.points[..route.own].windows(2)).collect::<Vec<_>>()
            };
            for (link, route) in
                plan.links.iter().zip(&layout.routes).filter(|(_, route)| route.own < route.points.len())
            {
                let drawn = drawn(link);
                for pair in route.points[route.own - 1..].windows(2) {
                    let (x, y) = (f64::midpoint(pair[0].x, pair[1].x), f64::midpoint(pair[0].y, pair[1].y));
                    let is_on = |line: &&[Point]| {
                        let between =
                            |at: f64, one: f64, other: f64| one.min(other) <= at && at <= one.max(other);
                        between(x, line[0].x, line[1].x) && between(y, line[0].y, line[1].y)
                    };
                    assert!(drawn.iter().any(is_on), "{name}: nothing is drawn at {x} {y}");
                }
            }
        });
    }

    #[test]
    fn links_back_to_one_box_that_look_alike_share_a_lane_and_a_label() {
        let mut plan = plan(8, fan(6).into_iter().chain((1..=6).map(|worker| (worker, 0))));
        for link in &mut plan.links[12..] {
            (link.label, link.look) = (Some(LABEL), 7);
        }
        let layout = lay_out(&plan);
        let back = &layout.routes[12..];
        let lane = |route: &super::Route| route.points.iter().map(|point| point.x).fold(0.0, f64::max);
        assert!(back.iter().all(|route| route.turns == Turns::Square && lane(route) == lane(&back[0])));
        assert_eq!(back.iter().filter(|route| route.label.is_some()).count(), 1);
        let whole = back.iter().filter(|route| route.own == route.points.len()).count();
        assert_eq!(whole, 1, "the line they share is drawn once");
    }
}
