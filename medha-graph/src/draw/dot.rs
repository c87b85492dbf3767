//! A drawing in DOT, the language of `GraphViz`.

use std::fmt::Write;

use super::drawing::{Drawing, DrawnEdge, DrawnEdgeKind, DrawnNode, DrawnNodeKind};
use super::layer::layers;
use super::layout::{Link, Plan, Size};
use super::text::{is_forbidden, with_remarks};
use crate::graph::edge::{END, START};

pub(super) fn write(drawing: &Drawing) -> String {
    let mut text = format!("digraph {} {{\n", quoted(drawing.name()));
    // `compound` lets an edge end at the border of a cluster.
    line(&mut text, 1, "compound=true;");
    line(&mut text, 1, "node [shape=box, style=rounded, fontname=\"monospace\"];");
    line(&mut text, 1, "edge [fontname=\"monospace\", fontsize=11];");
    graph(&mut text, drawing, "", 1);
    text.push_str("}\n");
    text
}

/// Where the edges of a node begin and end: an edge cannot end at a cluster, only at a node in it, and is cut at the
/// border.
struct Place {
    id: String,
    entry: String,
    exit: String,
    cluster: Option<String>,
}

fn graph(text: &mut String, drawing: &Drawing, prefix: &str, depth: usize) {
    let positions = drawing.positions();
    let places = places(drawing, prefix);
    let place = |name: &str| positions.get(name).map(|position| &places[*position]);
    for (node, place) in drawing.nodes().iter().zip(&places) {
        write_node(text, node, place, depth);
    }
    for (number, label, target) in drawing.joins() {
        let join = format!("{prefix}j{number}");
        line(text, depth, &format!("{join} [label={}, shape=hexagon, style=solid];", quoted(label)));
        if let Some(target) = place(target) {
            let head = target.cluster.as_ref().map(|cluster| format!(" [lhead={cluster}]"));
            line(text, depth, &format!("{join} -> {}{};", target.entry, head.unwrap_or_default()));
        }
    }
    for (edge, leads_back) in drawing.edges().iter().zip(lead_back(drawing)) {
        let (Some(source), Some(target)) = (place(&edge.source), place(&edge.target)) else { continue };
        let mut settings = Vec::new();
        if let Some(label) = edge.label() {
            settings.push(format!("label={}", quoted(&label)));
        }
        settings.extend(style(&edge.kind).iter().map(|setting| (*setting).to_owned()));
        if leads_back {
            settings.push("constraint=false".to_owned());
        }
        // An edge from a cluster to itself has no border to be cut at.
        let is_loop = edge.source == edge.target;
        settings.extend(source.cluster.iter().filter(|_| !is_loop).map(|cluster| format!("ltail={cluster}")));
        let target = if let DrawnEdgeKind::Join { number, .. } = edge.kind {
            format!("{prefix}j{number}")
        } else {
            settings
                .extend(target.cluster.iter().filter(|_| !is_loop).map(|cluster| format!("lhead={cluster}")));
            target.entry.clone()
        };
        let settings =
            if settings.is_empty() { String::new() } else { format!(" [{}]", settings.join(", ")) };
        line(text, depth, &format!("{} -> {target}{settings};", source.exit));
    }
}

fn places(drawing: &Drawing, prefix: &str) -> Vec<Place> {
    let mut number = 0;
    let place = |node: &DrawnNode| {
        let id = match node.kind {
            DrawnNodeKind::Start => format!("{prefix}start"),
            DrawnNodeKind::End => format!("{prefix}end"),
            DrawnNodeKind::Node | DrawnNodeKind::Subgraph(_) => {
                number += 1;
                format!("{prefix}n{}", number - 1)
            }
        };
        match node.kind {
            DrawnNodeKind::Start | DrawnNodeKind::End | DrawnNodeKind::Node => {
                Place { entry: id.clone(), exit: id.clone(), cluster: None, id }
            }
            DrawnNodeKind::Subgraph(_) => Place {
                entry: format!("{id}_start"),
                exit: format!("{id}_end"),
                cluster: Some(format!("cluster_{id}")),
                id,
            },
        }
    };
    drawing.nodes().iter().map(place).collect()
}

/// Which edges close a circle: `GraphViz` would otherwise choose for itself, and turn graphs with clusters upside down.
fn lead_back(drawing: &Drawing) -> Vec<bool> {
    let positions = drawing.positions();
    let at = |name: &str| positions.get(name).copied().unwrap_or_default();
    let link =
        |edge: &DrawnEdge| Link { source: at(&edge.source), target: at(&edge.target), label: None, look: 0 };
    let plan = Plan {
        boxes: vec![Size::default(); positions.len()],
        links: drawing.edges().iter().map(link).collect(),
        first: at(START),
        last: at(END),
    };
    let layers = layers(&plan);
    plan.links.iter().map(|link| layers[link.source] >= layers[link.target]).collect()
}

fn write_node(text: &mut String, node: &DrawnNode, place: &Place, depth: usize) {
    let id = &place.id;
    match &node.kind {
        DrawnNodeKind::Start | DrawnNodeKind::End => {
            line(text, depth, &format!("{id} [label={}, shape=oval, style=solid];", quoted(node.shown())));
        }
        DrawnNodeKind::Node => {
            let label = match node.remarks().as_slice() {
                [] => node.name.clone(),
                remarks => format!("{}\n({})", node.name, remarks.join(", ")),
            };
            let style = if node.is_deferred { ", style=\"rounded,dashed\"" } else { "" };
            line(text, depth, &format!("{id} [label={}{style}];", quoted(&label)));
        }
        DrawnNodeKind::Subgraph(inner) => {
            line(text, depth, &format!("subgraph cluster_{id} {{"));
            let title = with_remarks(&node.name, &node.remarks());
            line(text, depth + 1, &format!("label={};", quoted(&title)));
            line(text, depth + 1, &format!("style={};", if node.is_deferred { "dashed" } else { "solid" }));
            graph(text, inner, &format!("{id}_"), depth + 1);
            line(text, depth, "}");
        }
    }
}

fn style(kind: &DrawnEdgeKind) -> &'static [&'static str] {
    match kind {
        DrawnEdgeKind::Static => &[],
        DrawnEdgeKind::Join { .. } => &["dir=none"],
        DrawnEdgeKind::Conditional(_) => &["style=dashed"],
        DrawnEdgeKind::Error(_) => &["style=dashed", "color=\"#b91c1c\"", "fontcolor=\"#b91c1c\""],
        DrawnEdgeKind::Command => &["style=dotted"],
    }
}

fn line(text: &mut String, depth: usize, line: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{:width$}{line}", "", width = 4 * depth);
}

/// A quoted string: a backslash begins an escape, and entities like those of HTML are decoded.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '&' => quoted.push_str("&amp;"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push(' '),
            other if is_forbidden(other) => quoted.push(char::REPLACEMENT_CHARACTER),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}
