//! What a drawing shows, in every format.

use medha_graph::prelude::*;
use medha_graph::{Drawing, DrawnEdgeKind, DrawnNodeKind};
use serde_json::json;

#[derive(State, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Essay {
    score: u32,
}

#[derive(Route)]
enum Verdict {
    #[route("write")]
    Revise,
    #[route("publish")]
    Accept,
}

fn verdict(essay: &Essay) -> Verdict {
    if essay.score < 80 { Verdict::Revise } else { Verdict::Accept }
}

async fn node() {}

/// The graph of the README.
fn essay() -> CompiledGraph<Essay> {
    StateGraph::<Essay>::new("essay")
        .node("write", node.retry(RetryPolicy::attempts(3)))
        .node("review", node)
        .node("apologize", node)
        .node("publish", node.interrupts())
        .edge(START, "write")
        .edge("write", "review")
        .conditional_edge("review", verdict)
        .error_edge("write", "apologize")
        .edge("apologize", END)
        .edge("publish", END)
        .compile()
        .unwrap()
}

/// A graph in a graph in a graph, as it is sent.
fn nested() -> Drawing {
    let graph = |name: &str, node: serde_json::Value| {
        json!({
            "version": 1,
            "name": name,
            "nodes": [{"name": START, "kind": "start"}, node, {"name": END, "kind": "end"}],
            "edges": [
                {"source": START, "target": node["name"], "kind": "static"},
                {"source": node["name"], "target": node["name"], "kind": {"conditional": "Again"}},
                {"source": node["name"], "target": END, "kind": "command"},
            ],
        })
    };
    let read = graph("reading", json!({"name": "read", "kind": "node", "is_deferred": true}));
    let research =
        graph("searching", json!({"name": "search", "kind": {"subgraph": read}, "interrupts": true}));
    let whole =
        graph("whole", json!({"name": "research", "kind": {"subgraph": research}, "is_deferred": true}));
    serde_json::from_value(whole).unwrap()
}

#[test]
fn the_structure_is_a_value() {
    let drawing = essay().drawing();
    let nodes: Vec<&str> = drawing.nodes().iter().map(|node| node.name.as_str()).collect();
    assert_eq!(nodes, [START, "write", "review", "apologize", "publish", END]);
    let interrupting: Vec<&str> =
        drawing.nodes().iter().filter(|node| node.interrupts).map(|node| node.name.as_str()).collect();
    assert_eq!(interrupting, ["publish"]);
    let edges: Vec<_> = drawing
        .edges()
        .iter()
        .map(|edge| (edge.source.as_str(), edge.target.as_str(), edge.kind.clone()))
        .collect();
    let choice = |label: &str| DrawnEdgeKind::Conditional(label.to_owned());
    let expected = [
        (START, "write", DrawnEdgeKind::Static),
        ("write", "review", DrawnEdgeKind::Static),
        ("review", "write", choice("Revise")),
        ("review", "publish", choice("Accept")),
        ("write", "apologize", DrawnEdgeKind::Error(None)),
        ("apologize", END, DrawnEdgeKind::Static),
        ("publish", END, DrawnEdgeKind::Static),
    ];
    assert_eq!(edges, expected);
}

#[test]
fn the_essay_is_drawn_in_mermaid() {
    let expected = r#"flowchart TD
    start([START])
    n0["write"]
    n1["review"]
    n2["apologize"]
    n3["publish<br/>(interrupts)"]
    end_([END])
    start --> n0
    n0 --> n1
    n1 -. "Revise" .-> n0
    n1 -. "Accept" .-> n3
    n0 -. "on error" .-> n2
    n2 --> end_
    n3 --> end_
"#;
    assert_eq!(essay().mermaid(), expected);
}

#[test]
fn a_drawing_is_read_back_as_it_was_sent() {
    for drawing in [essay().drawing(), nested()] {
        let sent = serde_json::to_string(&drawing).unwrap();
        assert_eq!(serde_json::from_str::<Drawing>(&sent).unwrap(), drawing, "{sent}");
    }
}

#[test]
fn the_first_version_of_a_sent_drawing_can_be_read() {
    let sent = r#"{"version":1,"name":"team","nodes":[{"name":"__start__","kind":"start"},
        {"name":"a","kind":"node","is_deferred":true},{"name":"b","kind":"node","interrupts":true},
        {"name":"c","kind":{"subgraph":{"version":1,"name":"c","edges":[],
            "nodes":[{"name":"__start__","kind":"start"},{"name":"__end__","kind":"end"}]}}},
        {"name":"__end__","kind":"end"}],
        "edges":[{"source":"__start__","target":"a","kind":"static"},
        {"source":"a","target":"c","kind":{"join":{"number":0,"label":"all"}}},
        {"source":"b","target":"c","kind":{"join":{"number":0,"label":"all"}}},
        {"source":"a","target":"b","kind":{"conditional":"Ask"}},{"source":"a","target":"b","kind":{"error":null}},
        {"source":"b","target":"a","kind":{"error":"Mend"}},{"source":"c","target":"__end__","kind":"command"}]}"#;
    let drawing: Drawing = serde_json::from_str(sent).unwrap();
    assert!(drawing.nodes()[1].is_deferred && drawing.nodes()[2].interrupts);
    let join = DrawnEdgeKind::Join { number: 0, label: "all".to_owned() };
    assert_eq!(drawing.edges().iter().filter(|edge| edge.kind == join).count(), 2);
    assert_eq!(drawing.edges()[5].label().unwrap(), "on error: Mend");
}

#[test]
fn a_sent_drawing_that_makes_no_sense_is_refused() {
    let sent = |version: u32, second: &str, target: &str| {
        json!({
            "version": version,
            "name": "odd",
            "nodes": [{"name": START, "kind": "start"}, {"name": second, "kind": "node"}, {"name": END, "kind": "end"}],
            "edges": [{"source": START, "target": target, "kind": "static"}],
        })
    };
    let start = "the drawing \"odd\" is broken: ";
    let table = [
        (sent(2, "a", "a"), "a drawing of version 2 cannot be read; this is version 1".to_owned()),
        (sent(1, "a", "b"), format!("{start}the edge \"__start__\" -> \"b\" names no node \"b\"")),
        (sent(1, END, END), format!("{start}node \"__end__\" is there twice")),
    ];
    for (drawing, expected) in table {
        assert_eq!(serde_json::from_value::<Drawing>(drawing).unwrap_err().to_string(), expected);
    }
    let mut headless = sent(1, "a", "a");
    headless["nodes"][0]["kind"] = json!("node");
    let error = serde_json::from_value::<Drawing>(headless).unwrap_err().to_string();
    assert_eq!(error, format!("{start}there must be one Start, and its name must be \"__start__\""));
    let mut unknown = sent(1, "a", "a");
    unknown["nodes"][1]["colour"] = json!("red");
    let error = serde_json::from_value::<Drawing>(unknown).unwrap_err().to_string();
    assert!(error.starts_with("unknown field `colour`"), "{error}");
}

#[test]
fn a_subgraph_is_drawn_within_its_node_in_mermaid() {
    let expected = r#"flowchart TD
    start([START])
    subgraph n0["research (deferred)"]
        n0_start([START])
        subgraph n0_n0["search (interrupts)"]
            n0_n0_start([START])
            n0_n0_n0[/"read"/]
            n0_n0_end_([END])
            n0_n0_start --> n0_n0_n0
            n0_n0_n0 -. "Again" .-> n0_n0_n0
            n0_n0_n0 -. "command" .-> n0_n0_end_
        end
        n0_end_([END])
        n0_start --> n0_n0
        n0_n0 -. "Again" .-> n0_n0
        n0_n0 -. "command" .-> n0_end_
    end
    end_([END])
    start --> n0
    n0 -. "Again" .-> n0
    n0 -. "command" .-> end_
"#;
    assert_eq!(nested().mermaid(), expected);
}

#[test]
fn a_collapsed_drawing_shows_a_subgraph_as_one_node() {
    let drawing = nested().collapsed();
    let kinds: Vec<&DrawnNodeKind> = drawing.nodes().iter().map(|node| &node.kind).collect();
    assert_eq!(kinds, [&DrawnNodeKind::Start, &DrawnNodeKind::Node, &DrawnNodeKind::End]);
    assert!(drawing.nodes()[1].is_deferred);
    assert_eq!(drawing.edges(), nested().edges());
    assert!(drawing.mermaid().contains("n0[/\"research\"/]"));
}
