//! Routes as the `d` of an SVG path.

use std::fmt::Write;

use super::layout::{Point, Route, Turns};

/// The radius of corners.
const ROUND: f64 = 6.0;

/// The part of a route that it draws itself, moved by `origin`.
pub(super) fn path(route: &Route, origin: Point) -> String {
    let points: Vec<Point> = route
        .points
        .iter()
        .take(route.own)
        .map(|point| Point { x: point.x + origin.x, y: point.y + origin.y })
        .collect();
    match route.turns {
        Turns::Curved => curved(&points),
        Turns::Square => square(&points),
    }
}

/// A number with one decimal at most.
pub(super) fn short(number: f64) -> f64 {
    // Adding zero makes a negative zero positive.
    (number * 10.0).round() / 10.0 + 0.0
}

fn curved(points: &[Point]) -> String {
    let mut text = String::new();
    let lean: Vec<f64> = (0..points.len()).map(|number| lean(points, number)).collect();
    for (number, point) in points.iter().enumerate() {
        let (x, y) = (short(point.x), short(point.y));
        // Writing to a string cannot fail.
        let _ = match number.checked_sub(1) {
            None => write!(text, "M{x} {y}"),
            Some(before) if short(points[before].x) == x => write!(text, "V{y}"),
            Some(before) => {
                let start = points[before];
                let half = (point.y - start.y) / 2.0;
                // Handles do not reach over the other end, so that the curve stays between the ends.
                let far = (point.x - start.x).abs();
                let handle = |lean: f64| (lean * half).clamp(-far, far);
                let (from, to) =
                    (short(start.x + handle(lean[before])), short(point.x - handle(lean[number])));
                let middle = short(start.y + half);
                write!(text, "C{from} {middle} {to} {middle} {x} {y}")
            }
        };
    }
    text
}

/// How far to the side a curve goes for each step down when it passes a point: on its way from the point before to
/// the point after, or not at all where it turns, begins, ends, or is straight.
fn lean(points: &[Point], number: usize) -> f64 {
    let Some(([before, after], here)) = number
        .checked_sub(1)
        .and_then(|before| Some(([*points.get(before)?, *points.get(number + 1)?], points[number])))
    else {
        return 0.0;
    };
    let keeps_direction = (here.x - before.x) * (after.x - here.x) > 0.0;
    if keeps_direction { (after.x - before.x) / (after.y - before.y) } else { 0.0 }
}

fn square(points: &[Point]) -> String {
    let mut text = String::new();
    for (number, point) in points.iter().enumerate() {
        let before = number.checked_sub(1).map(|number| points[number]);
        // Writing to a string cannot fail.
        let _ = match (before, points.get(number + 1)) {
            (None, _) => write!(text, "M{} {}", short(point.x), short(point.y)),
            (Some(_), None) => write!(text, "L{} {}", short(point.x), short(point.y)),
            (Some(before), Some(after)) => {
                let (start, end) = (towards(*point, before), towards(*point, *after));
                write!(
                    text,
                    "L{} {}Q{} {} {} {}",
                    short(start.x),
                    short(start.y),
                    short(point.x),
                    short(point.y),
                    short(end.x),
                    short(end.y)
                )
            }
        };
    }
    text
}

/// A little way from the corner to the next point, at most half of it.
fn towards(corner: Point, other: Point) -> Point {
    let (x, y) = (other.x - corner.x, other.y - corner.y);
    let length = x.abs() + y.abs();
    if length == 0.0 {
        return corner;
    }
    let part = ROUND.min(length / 2.0) / length;
    Point { x: corner.x + part * x, y: corner.y + part * y }
}
