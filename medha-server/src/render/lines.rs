//! One line or cloud of points in braille, with the least and greatest values beside it.

use std::fmt::Write as _;

use textplots::{Chart, Plot as _, Shape};

use super::text::{pad_left, width};

/// Whether points are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// A line through the points, in order.
    Line,
    /// The points alone.
    Points,
}

/// What is written at the ends of the axes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Labels {
    pub(crate) first: String,
    pub(crate) last: String,
    pub(crate) least: String,
    pub(crate) most: String,
}

/// Dots: a character is two wide and four high.
const HEIGHT: u32 = 32;
const WIDEST: usize = 72;
/// The plot library needs at least 32 dots.
const NARROWEST: usize = 16;

/// Draws points in `space` columns; nothing if there are fewer than two or they cannot be scaled.
pub(crate) fn lines(points: &[(f64, f64)], mark: Mark, labels: &Labels, space: usize) -> String {
    // The plot library counts in single precision, which is enough for dots.
    let points: Vec<(f32, f32)> = points.iter().map(|(x, y)| (*x as f32, *y as f32)).collect();
    let is_finite = |(x, y): &(f32, f32)| x.is_finite() && y.is_finite();
    let range = |of: fn(&(f32, f32)) -> f32| {
        let values = points.iter().map(of);
        (values.clone().fold(f32::INFINITY, f32::min), values.fold(f32::NEG_INFINITY, f32::max))
    };
    let ((left, right), (mut low, mut high)) = (range(|point| point.0), range(|point| point.1));
    if points.len() < 2 || !points.iter().all(is_finite) || left >= right {
        return String::new();
    }
    if low >= high {
        // A flat line runs through the middle.
        let margin = low.abs().max(1.0);
        (low, high) = (low - margin, high + margin);
    }
    let label_width = width(&labels.least).max(width(&labels.most));
    let columns = space.saturating_sub(label_width + 5).clamp(NARROWEST, WIDEST);
    let dots = u32::try_from(columns * 2).unwrap_or(32);
    let shape = match mark {
        Mark::Line => Shape::Lines(&points),
        Mark::Points => Shape::Points(&points),
    };
    let mut chart = Chart::new_with_y_range(dots, HEIGHT, left, right, low, high);
    let chart = chart.lineplot(&shape);
    chart.figures();
    framed(&chart.frame(), labels, label_width, columns)
}

fn framed(canvas: &str, labels: &Labels, label_width: usize, columns: usize) -> String {
    let rows: Vec<&str> = canvas.lines().collect();
    let mut out = String::new();
    for (index, row) in rows.iter().enumerate() {
        let label = match index {
            0 => labels.most.as_str(),
            _ if index + 1 == rows.len() => labels.least.as_str(),
            _ => "",
        };
        let line = format!("  {} │{row}", pad_left(label, label_width));
        let _ = writeln!(out, "{}", line.trim_end_matches([' ', '\u{2800}']));
    }
    let gap = columns.saturating_sub(width(&labels.first) + width(&labels.last)).max(2);
    let indent = " ".repeat(label_width + 4);
    let _ = writeln!(out, "{indent}{}{}{}", labels.first, " ".repeat(gap), labels.last);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels() -> Labels {
        Labels { first: "2025-01".into(), last: "2025-06".into(), least: "0".into(), most: "50".into() }
    }

    #[test]
    fn a_rising_line_ends_at_the_top_right() {
        let points: Vec<_> = (0..6).map(|x| (f64::from(x), f64::from(10 * x))).collect();
        let drawn = lines(&points, Mark::Line, &labels(), 40);
        let rows: Vec<&str> = drawn.lines().collect();
        assert!(rows.iter().all(|row| width(row) <= 40), "{drawn}");
        assert!(rows[0].starts_with("  50 │"), "{drawn}");
        let bottom = rows.iter().find(|row| row.starts_with("   0 │")).unwrap();
        assert!(width(rows[0]) > width(bottom), "{drawn}");
        assert!(rows.last().unwrap().trim_start().starts_with("2025-01"), "{drawn}");
        assert!(drawn.trim_end().ends_with("2025-06"), "{drawn}");
    }

    #[test]
    fn what_cannot_be_scaled_is_not_drawn_and_a_flat_line_is() {
        assert_eq!(lines(&[(0.0, 1.0)], Mark::Line, &labels(), 40), "");
        assert_eq!(lines(&[(0.0, 1.0), (1.0, f64::NAN)], Mark::Line, &labels(), 40), "");
        assert_eq!(lines(&[(1.0, 1.0), (1.0, 2.0)], Mark::Points, &labels(), 40), "");
        assert_ne!(lines(&[(0.0, 5.0), (1.0, 5.0)], Mark::Line, &labels(), 1), "");
    }
}
