//! A drawing as boxes of text with lines between them: measured and laid out, from the inside to the outside.

use std::collections::HashMap;

use super::drawing::{Drawing, DrawnEdge, DrawnEdgeKind, DrawnNode, DrawnNodeKind};
use super::layout::{Layout, Link, Plan, Size, lay_out};
use super::text::{columns, with_remarks, wrap};
use crate::graph::edge::{END, START};

/// The font sizes of names and of what is written on lines.
pub(super) const NAME: f64 = 13.0;
pub(super) const LABEL: f64 = 11.0;
/// The height of a line and the width of a column, for a font of size 1: fixed-width fonts are 0.6 wide.
pub(super) const LINE: f64 = 1.3;
const COLUMN: f64 = 0.61;
/// Around what is inside of a subgraph, and above its title.
pub(super) const MARGIN: f64 = 16.0;
pub(super) const ABOVE_TITLE: f64 = 8.0;
/// The longest lines, and the most of them, before a name or a label is cut.
const NAME_COLUMNS: usize = 32;
const LABEL_COLUMNS: usize = 28;
const MOST_LINES: usize = 4;

/// One drawing with its coordinates.
pub(super) struct Picture {
    pub(super) frames: Vec<Frame>,
    pub(super) strokes: Vec<Stroke>,
    /// One centre per frame and one route per stroke.
    pub(super) layout: Layout,
}

/// A box.
pub(super) struct Frame {
    pub(super) shape: Shape,
    pub(super) is_dashed: bool,
    /// The whole name, which may be cut in what is shown.
    pub(super) title: String,
    pub(super) lines: Vec<String>,
    pub(super) size: Size,
    pub(super) inner: Option<Picture>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    End,
    Node,
    Subgraph,
    Join,
}

/// A line.
pub(super) struct Stroke {
    pub(super) pen: Pen,
    pub(super) title: String,
    pub(super) lines: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Pen {
    Solid,
    /// Without an arrow, since it leads to a join.
    Bare,
    Dashed,
    Dotted,
    Error,
}

impl Picture {
    pub(super) fn new(drawing: &Drawing) -> Self {
        let joins = drawing.joins();
        let nodes = drawing.nodes().iter().map(Frame::of);
        let frames: Vec<Frame> = nodes.chain(joins.iter().map(|(_, label, _)| Frame::join(label))).collect();
        let positions = drawing.positions();
        let at = |name: &str| positions.get(name).copied();
        // The joins come after the nodes.
        let join_at: HashMap<usize, usize> = joins
            .iter()
            .zip(drawing.nodes().len()..)
            .map(|((number, ..), position)| (*number, position))
            .collect();
        let target_of = |edge: &DrawnEdge| match &edge.kind {
            DrawnEdgeKind::Join { number, .. } => join_at.get(number).copied(),
            DrawnEdgeKind::Static
            | DrawnEdgeKind::Conditional(_)
            | DrawnEdgeKind::Error(_)
            | DrawnEdgeKind::Command => at(&edge.target),
        };
        // The ends of edges are nodes; that was checked when the drawing was made.
        let edges = drawing.edges().iter().filter_map(|edge| {
            let (source, target) = (at(&edge.source)?, at(&edge.target)?);
            let stroke = Stroke::of(edge, &frames[source].title, &frames[target].title);
            Some((source, target_of(edge)?, stroke))
        });
        let from_joins = joins.iter().filter_map(|(number, label, target)| {
            let (source, target) = (*join_at.get(number)?, at(target)?);
            let title = format!("{label} → {}", frames[target].title);
            Some((source, target, Stroke { pen: Pen::Solid, title, lines: Vec::new() }))
        });
        let mut looks = HashMap::new();
        let link = |(source, target, stroke): &(usize, usize, Stroke)| {
            let next = looks.len();
            let look = *looks.entry((stroke.pen, stroke.lines.clone())).or_insert(next);
            let label = (!stroke.lines.is_empty()).then(|| size_of(&stroke.lines, LABEL));
            Link { source: *source, target: *target, label, look }
        };
        let strokes: Vec<(usize, usize, Stroke)> = edges.chain(from_joins).collect();
        let plan = Plan {
            boxes: frames.iter().map(|frame| frame.size).collect(),
            links: strokes.iter().map(link).collect(),
            first: at(START).unwrap_or(0),
            last: at(END).unwrap_or(0),
        };
        let layout = lay_out(&plan);
        Self { frames, strokes: strokes.into_iter().map(|(_, _, stroke)| stroke).collect(), layout }
    }
}

impl Frame {
    fn of(node: &DrawnNode) -> Self {
        let remarks = node.remarks();
        let mut lines = wrap(node.shown(), NAME_COLUMNS, MOST_LINES);
        lines.extend(remarks.iter().map(|remark| format!("({remark})")));
        let (shape, inner) = match &node.kind {
            DrawnNodeKind::Start | DrawnNodeKind::End => (Shape::End, None),
            DrawnNodeKind::Node => (Shape::Node, None),
            DrawnNodeKind::Subgraph(inner) => (Shape::Subgraph, Some(Picture::new(inner))),
        };
        let text = size_of(&lines, NAME);
        let size = match &inner {
            None => Size { width: (text.width + 24.0).max(56.0), height: text.height + 14.0 },
            Some(inner) => Size {
                width: inner.layout.size.width.max(text.width) + 2.0 * MARGIN,
                height: ABOVE_TITLE + text.height + inner.layout.size.height + 2.0 * MARGIN,
            },
        };
        let title = with_remarks(node.shown(), &remarks);
        Self { shape, is_dashed: node.is_deferred, title, lines, size, inner }
    }

    fn join(label: &str) -> Self {
        let lines = wrap(label, LABEL_COLUMNS, 1);
        let text = size_of(&lines, LABEL);
        let size = Size { width: text.width + 22.0, height: text.height + 6.0 };
        Self { shape: Shape::Join, is_dashed: false, title: label.to_owned(), lines, size, inner: None }
    }
}

impl Stroke {
    fn of(edge: &DrawnEdge, source: &str, target: &str) -> Self {
        let label = edge.label();
        let remark: Vec<&str> = label.as_deref().into_iter().collect();
        Self {
            pen: match edge.kind {
                DrawnEdgeKind::Static => Pen::Solid,
                DrawnEdgeKind::Join { .. } => Pen::Bare,
                DrawnEdgeKind::Conditional(_) => Pen::Dashed,
                DrawnEdgeKind::Error(_) => Pen::Error,
                DrawnEdgeKind::Command => Pen::Dotted,
            },
            title: with_remarks(&format!("{source} → {target}"), &remark),
            lines: label.map(|label| wrap(&label, LABEL_COLUMNS, MOST_LINES)).unwrap_or_default(),
        }
    }
}

/// The size of lines of text in a font.
pub(super) fn size_of(lines: &[String], font: f64) -> Size {
    let widest = lines.iter().map(|line| columns(line)).max().unwrap_or(0);
    Size { width: widest as f64 * COLUMN * font, height: lines.len() as f64 * LINE * font }
}
