//! Drawing a graph from its structure: every node and edge, exactly once.

use std::collections::HashMap;
use std::fmt::Write;

use super::edge::{END, EdgeKind, START};
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
        drawing.line(&format!("j{number}{{{{all}}}}"));
        drawing.arrow(&format!("j{number}"), target, "-->");
    }
    for line in &topology.lines {
        let source = drawing.id(&line.source);
        match &line.kind {
            EdgeKind::Static => drawing.arrow(&source, &line.target, "-->"),
            EdgeKind::Join(_) if line.target == END => drawing.arrow(&source, END, "-->"),
            EdgeKind::Join(_) => {
                let join = drawing.join_of(topology, &line.source, &line.target);
                drawing.line(&format!("{source} --- {join}"));
            }
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

    /// The join node between a source and a target; joins into END were never made.
    fn join_of<S: State>(&self, topology: &Topology<S>, source: &str, target: &str) -> String {
        let source = topology.number(source);
        let is_it = |join: &super::topology::Join| {
            **topology.name_of(join.target) == *target
                && source.is_some_and(|source| join.sources.contains(&source))
        };
        topology.joins.iter().position(is_it).map_or_else(|| self.id(target), |number| format!("j{number}"))
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;")
}
