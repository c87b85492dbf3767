//! A drawing as a Mermaid flowchart.

use std::fmt::Write;

use super::drawing::{Drawing, DrawnEdgeKind, DrawnNode, DrawnNodeKind};
use super::text::{is_forbidden, with_remarks};

pub(super) fn write(drawing: &Drawing) -> String {
    let mut text = String::from("flowchart TD\n");
    graph(&mut text, drawing, "", 1);
    text
}

/// Ids of a subgraph begin with the id of its node, so that they are unique.
fn graph(text: &mut String, drawing: &Drawing, prefix: &str, depth: usize) {
    let ids = ids(drawing, prefix);
    let positions = drawing.positions();
    let id = |name: &str| positions.get(name).map_or("", |position| ids[*position].as_str());
    for (node, id) in drawing.nodes().iter().zip(&ids) {
        write_node(text, node, id, depth);
    }
    let joins = drawing.joins();
    for (number, label, target) in &joins {
        line(text, depth, &format!("{prefix}j{number}{{{{{}}}}}", join_label(label)));
        line(text, depth, &format!("{prefix}j{number} --> {}", id(target)));
    }
    for edge in drawing.edges() {
        let (source, target) = (id(&edge.source), id(&edge.target));
        let label = edge.label().map(|label| escape(&label)).unwrap_or_default();
        let edge = match edge.kind {
            DrawnEdgeKind::Static => format!("{source} --> {target}"),
            DrawnEdgeKind::Join { number, .. } => format!("{source} --- {prefix}j{number}"),
            DrawnEdgeKind::Conditional(_) | DrawnEdgeKind::Error(_) | DrawnEdgeKind::Command => {
                format!("{source} -. \"{label}\" .-> {target}")
            }
        };
        line(text, depth, &edge);
    }
}

fn ids(drawing: &Drawing, prefix: &str) -> Vec<String> {
    let mut number = 0;
    let id = |node: &DrawnNode| match node.kind {
        DrawnNodeKind::Start => format!("{prefix}start"),
        // `end` is a word of the language.
        DrawnNodeKind::End => format!("{prefix}end_"),
        DrawnNodeKind::Node | DrawnNodeKind::Subgraph(_) => {
            number += 1;
            format!("{prefix}n{}", number - 1)
        }
    };
    drawing.nodes().iter().map(id).collect()
}

fn write_node(text: &mut String, node: &DrawnNode, id: &str, depth: usize) {
    match &node.kind {
        DrawnNodeKind::Start | DrawnNodeKind::End => line(text, depth, &format!("{id}([{}])", node.shown())),
        DrawnNodeKind::Node => {
            let (open, close) = if node.is_deferred { ("[/", "/]") } else { ("[", "]") };
            // The shape says that it is deferred.
            let remarks: Vec<&str> =
                node.remarks().into_iter().filter(|remark| *remark != "deferred").collect();
            let remark =
                if remarks.is_empty() { String::new() } else { format!("<br/>({})", remarks.join(", ")) };
            line(text, depth, &format!("{id}{open}\"{}{remark}\"{close}", escape(&node.name)));
        }
        DrawnNodeKind::Subgraph(inner) => {
            let title = escape(&with_remarks(&node.name, &node.remarks()));
            line(text, depth, &format!("subgraph {id}[\"{title}\"]"));
            graph(text, inner, &format!("{id}_"), depth + 1);
            line(text, depth, "end");
        }
    }
}

/// A single word needs no quotes.
fn join_label(label: &str) -> String {
    if !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_lowercase()) && label != "end" {
        label.to_owned()
    } else {
        format!("\"{}\"", escape(label))
    }
}

fn line(text: &mut String, depth: usize, line: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{:width$}{line}", "", width = 4 * depth);
}

/// Text between quotes. Mermaid reads `#` as the start of a character code, every label as HTML and as Markdown, and
/// takes what is between dollars for a formula and what is between percent signs for settings; a list at the beginning
/// it refuses to show at all.
fn escape(text: &str) -> String {
    if text.trim().is_empty() {
        // A label without a visible character is a syntax error.
        return "#160;".to_owned();
    }
    let mut escaped = String::with_capacity(text.len());
    let mut before = None;
    let mut rest = text.chars().peekable();
    let list = list_mark(text);
    let mut at = 0;
    while let Some(character) = rest.next() {
        let is_inside_word = |other: Option<char>| other.is_some_and(char::is_alphanumeric);
        match character {
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '_' if is_inside_word(before) && is_inside_word(rest.peek().copied()) => escaped.push('_'),
            '#' | '`' | '*' | '_' | '~' | '\\' | '[' | ']' | '$' | '%' => push_code(&mut escaped, character),
            _ if list == Some(at) => push_code(&mut escaped, character),
            '\n' | '\r' | '\t' => escaped.push(' '),
            other if is_forbidden(other) => escaped.push(char::REPLACEMENT_CHARACTER),
            other => escaped.push(other),
        }
        before = Some(character);
        at += character.len_utf8();
    }
    escaped
}

/// Where the character is that makes text the beginning of a list: `1.`, `-`, `+`.
fn list_mark(text: &str) -> Option<usize> {
    let start = text.len() - text.trim_start().len();
    let digits = text[start..].bytes().take_while(u8::is_ascii_digit).count();
    let mark = text[start + digits..].chars().next()?;
    let is_mark = if digits > 0 { matches!(mark, '.' | ')') } else { matches!(mark, '-' | '+') };
    is_mark.then_some(start + digits)
}

fn push_code(escaped: &mut String, character: char) {
    // Writing to a string cannot fail.
    let _ = write!(escaped, "#{};", u32::from(character));
}
