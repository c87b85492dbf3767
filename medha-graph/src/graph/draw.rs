//! Drawing a graph from its structure: every node and edge, exactly once.

use std::collections::HashMap;
use std::fmt::Write;

use super::edge::{END, EdgeKind, Line, START};
use super::join::join_label;
use super::topology::Topology;
use crate::state::State;

pub(crate) fn mermaid<S: State>(topology: &Topology<S>) -> String {
    let mut drawing = Drawing { text: String::from("flowchart TD\n"), ids: HashMap::new() };
    drawing.node(START, "start([START])");
    for (number, node) in topology.nodes.iter().enumerate() {
        let (open, close) = if node.config.is_deferred { ("[/", "/]") } else { ("[", "]") };
        drawing.node(&node.name, &format!("n{number}{open}\"{}\"{close}", escape(&node.name)));
    }
    drawing.node(END, "end_([END])");
    for (number, join) in topology.joins.iter().enumerate() {
        let target = topology.name_of(join.target);
        let label = join_label(join.needed, join.sources.len());
        drawing.line(&format!("j{number}{{{{{label}}}}}"));
        drawing.arrow(&format!("j{number}"), target, "-->");
    }
    let joins = drawn_joins(&topology.lines);
    for line in &topology.lines {
        let source = drawing.id(&line.source);
        match &line.kind {
            EdgeKind::Static => drawing.arrow(&source, &line.target, "-->"),
            EdgeKind::Join { number, .. } => match joins.iter().position(|join| join == number) {
                Some(join) => drawing.line(&format!("{source} --- j{join}")),
                None => drawing.arrow(&source, &line.target, "-->"),
            },
            EdgeKind::Conditional(label) => {
                drawing.arrow(&source, &line.target, &format!("-. \"{}\" .->", escape(label)));
            }
            EdgeKind::Error(None) => drawing.arrow(&source, &line.target, "-. \"on error\" .->"),
            EdgeKind::Error(Some(label)) => {
                drawing.arrow(&source, &line.target, &format!("-. \"on error: {}\" .->", escape(label)));
            }
            EdgeKind::Command => drawing.arrow(&source, &line.target, "-. \"command\" .->"),
        }
    }
    drawing.text
}

struct Drawing {
    text: String,
    ids: HashMap<String, String>,
}

impl Drawing {
    fn node(&mut self, name: &str, shape: &str) {
        let end = shape.find(['(', '[', '{']).unwrap_or(shape.len());
        self.ids.insert(name.to_owned(), shape[..end].to_owned());
        self.line(shape);
    }

    fn id(&self, name: &str) -> String {
        self.ids.get(name).cloned().unwrap_or_else(|| escape(name))
    }

    fn arrow(&mut self, source: &str, target: &str, arrow: &str) {
        let target = self.id(target);
        self.line(&format!("{source} {arrow} {target}"));
    }

    fn line(&mut self, line: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.text, "    {line}");
    }
}

/// The joins that have a place of their own, in the order of the topology: those into END were never made.
fn drawn_joins(lines: &[Line]) -> Vec<usize> {
    let mut joins = Vec::new();
    for line in lines.iter().filter(|line| line.target != END) {
        if let EdgeKind::Join { number, .. } = line.kind
            && joins.last() != Some(&number)
        {
            joins.push(number);
        }
    }
    joins
}

/// Text between quotes: Mermaid reads `#` as the start of a character code, a back-tick as Markdown, and a line ends a
/// statement.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '#' => escaped.push_str("#35;"),
            '`' => escaped.push_str("#96;"),
            '\n' | '\r' => escaped.push(' '),
            other => escaped.push(other),
        }
    }
    escaped
}
