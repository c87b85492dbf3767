//! What a drawing shows, in every format.

use std::time::{Duration, Instant};

use medha_graph::draw::{Drawing, DrawnEdgeKind, DrawnInterrupt, DrawnNodeKind};
use medha_graph::prelude::*;
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
        .node("publish", node)
        .edge(START, "write")
        .edge("write", "review")
        .conditional_edge("review", verdict)
        .error_edge("write", "apologize")
        .edge("apologize", END)
        .edge("publish", END)
        .compile()
        .unwrap()
        .with_interrupt_before(["publish"])
}

fn chain(length: usize) -> CompiledGraph<Essay> {
    let names: Vec<String> = (0..length).map(|number| format!("step {number}")).collect();
    let graph = names.iter().fold(StateGraph::new("chain"), |graph, name| graph.node(name, node));
    let graph = names.windows(2).fold(graph, |graph, pair| graph.edge(&pair[0], &pair[1]));
    graph.edge(START, &names[0]).edge(&names[length - 1], END).compile().unwrap()
}

fn fan(width: usize) -> CompiledGraph<Essay> {
    let names: Vec<String> = (0..width).map(|number| format!("worker {number}")).collect();
    let add =
        |graph: StateGraph<Essay>, name: &String| graph.node(name, node).edge(START, name).edge(name, END);
    names.iter().fold(StateGraph::new("fan"), add).compile().unwrap()
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
    let research = graph(
        "searching",
        json!({"name": "search", "kind": {"subgraph": read}, "interrupts": ["before", "after"]}),
    );
    let whole =
        graph("whole", json!({"name": "research", "kind": {"subgraph": research}, "is_deferred": true}));
    serde_json::from_value(whole).unwrap()
}

#[test]
fn the_structure_is_a_value() {
    let drawing = essay().drawing();
    let nodes: Vec<&str> = drawing.nodes().iter().map(|node| node.name.as_str()).collect();
    assert_eq!(nodes, [START, "write", "review", "apologize", "publish", END]);
    let interrupts: Vec<&[DrawnInterrupt]> =
        drawing.nodes().iter().map(|node| node.interrupts.as_slice()).collect();
    assert_eq!(interrupts, [&[] as &[_], &[], &[], &[], &[DrawnInterrupt::Before], &[]]);
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
    n3["publish<br/>(interrupt before)"]
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
fn the_essay_is_drawn_in_dot() {
    let expected = r##"digraph "essay" {
    compound=true;
    node [shape=box, style=rounded, fontname="monospace"];
    edge [fontname="monospace", fontsize=11];
    start [label="START", shape=oval, style=solid];
    n0 [label="write"];
    n1 [label="review"];
    n2 [label="apologize"];
    n3 [label="publish\n(interrupt before)"];
    end [label="END", shape=oval, style=solid];
    start -> n0;
    n0 -> n1;
    n1 -> n0 [label="Revise", style=dashed, constraint=false];
    n1 -> n3 [label="Accept", style=dashed];
    n0 -> n2 [label="on error", style=dashed, color="#b91c1c", fontcolor="#b91c1c"];
    n2 -> end;
    n3 -> end;
}
"##;
    assert_eq!(essay().dot(), expected);
}

#[test]
fn the_essay_is_drawn_in_svg() {
    let drawn = essay().svg();
    assert!(drawn == include_str!("drawing/essay.svg"), "look at this picture before you keep it:\n{drawn}");
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
        {"name":"a","kind":"node","is_deferred":true},{"name":"b","kind":"node","interrupts":["after"]},
        {"name":"c","kind":{"subgraph":{"version":1,"name":"c","edges":[],
            "nodes":[{"name":"__start__","kind":"start"},{"name":"__end__","kind":"end"}]}}},
        {"name":"__end__","kind":"end"}],
        "edges":[{"source":"__start__","target":"a","kind":"static"},
        {"source":"a","target":"c","kind":{"join":{"number":0,"label":"all"}}},
        {"source":"b","target":"c","kind":{"join":{"number":0,"label":"all"}}},
        {"source":"a","target":"b","kind":{"conditional":"Ask"}},{"source":"a","target":"b","kind":{"error":null}},
        {"source":"b","target":"a","kind":{"error":"Mend"}},{"source":"c","target":"__end__","kind":"command"}]}"#;
    let drawing: Drawing = serde_json::from_str(sent).unwrap();
    assert!(drawing.nodes()[1].is_deferred);
    assert_eq!(drawing.nodes()[2].interrupts, [DrawnInterrupt::After]);
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
fn every_edge_of_a_long_chain_is_drawn() {
    let graph = chain(400);
    let count = |text: &str, part: &str| text.matches(part).count();
    assert_eq!(count(&graph.mermaid(), " --> "), 401);
    assert_eq!(count(&graph.dot(), " -> "), 401);
    let svg = graph.svg();
    assert_eq!(count(&svg, "<path class=\"edge\""), 401);
    assert_eq!(count(&svg, "<g class=\"node\">"), 400);
    for number in [0, 199, 398] {
        assert!(svg.contains(&format!("<title>step {number} → step {}</title>", number + 1)));
    }
}

#[test]
fn large_graphs_are_drawn_soon() {
    let long = chain(5_000).drawing();
    for (name, drawing) in
        [("chain", &long), ("circles", &with_circles(&long)), ("fan", &fan(1_000).drawing())]
    {
        for (format, write) in [
            ("mermaid", Drawing::mermaid as fn(&Drawing) -> String),
            ("dot", Drawing::dot),
            ("svg", Drawing::svg),
        ] {
            let start = Instant::now();
            assert!(write(drawing).len() > 10_000);
            // A chain takes a fifth of a second; what is quadratic would take more than ten.
            assert!(start.elapsed() < Duration::from_secs(8), "{name} as {format}: {:?}", start.elapsed());
        }
    }
}

#[test]
fn a_subgraph_is_drawn_within_its_node_in_mermaid() {
    let expected = r#"flowchart TD
    start([START])
    subgraph n0["research (deferred)"]
        n0_start([START])
        subgraph n0_n0["search (interrupt before, interrupt after)"]
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
fn a_subgraph_is_a_cluster_in_dot() {
    let expected = r#"digraph "whole" {
    compound=true;
    node [shape=box, style=rounded, fontname="monospace"];
    edge [fontname="monospace", fontsize=11];
    start [label="START", shape=oval, style=solid];
    subgraph cluster_n0 {
        label="research (deferred)";
        style=dashed;
        n0_start [label="START", shape=oval, style=solid];
        subgraph cluster_n0_n0 {
            label="search (interrupt before, interrupt after)";
            style=solid;
            n0_n0_start [label="START", shape=oval, style=solid];
            n0_n0_n0 [label="read\n(deferred)", style="rounded,dashed"];
            n0_n0_end [label="END", shape=oval, style=solid];
            n0_n0_start -> n0_n0_n0;
            n0_n0_n0 -> n0_n0_n0 [label="Again", style=dashed, constraint=false];
            n0_n0_n0 -> n0_n0_end [label="command", style=dotted];
        }
        n0_end [label="END", shape=oval, style=solid];
        n0_start -> n0_n0_start [lhead=cluster_n0_n0];
        n0_n0_end -> n0_n0_start [label="Again", style=dashed, constraint=false];
        n0_n0_end -> n0_end [label="command", style=dotted, ltail=cluster_n0_n0];
    }
    end [label="END", shape=oval, style=solid];
    start -> n0_start [lhead=cluster_n0];
    n0_end -> n0_start [label="Again", style=dashed, constraint=false];
    n0_end -> end [label="command", style=dotted, ltail=cluster_n0];
}
"#;
    assert_eq!(nested().dot(), expected);
}

#[test]
fn a_subgraph_is_a_box_around_its_nodes_in_svg() {
    let svg = nested().svg();
    well_formed(&svg);
    let boxes: Vec<[f64; 4]> =
        ["research (deferred)", "search (interrupt before, interrupt after)", "read (deferred)"]
            .map(|title| {
                let (_, after) = svg.split_once(&format!("<title>{title}</title>\n<rect ")).unwrap();
                let value = |name: &str| -> f64 {
                    let (_, value) = after.split_once(&format!("{name}=\"")).unwrap();
                    value.split('"').next().unwrap().parse().unwrap()
                };
                [value("x"), value("y"), value("x") + value("width"), value("y") + value("height")]
            })
            .to_vec();
    for pair in boxes.windows(2) {
        let (outer, inner) = (pair[0], pair[1]);
        assert!(outer[0] < inner[0] && outer[1] < inner[1], "{outer:?} is not around {inner:?}");
        assert!(outer[2] > inner[2] && outer[3] > inner[3], "{outer:?} is not around {inner:?}");
    }
    assert_eq!(svg.matches("<path class=\"edge\"").count(), 9);
}

#[test]
fn a_collapsed_drawing_shows_a_subgraph_as_one_node() {
    let drawing = nested().collapsed();
    let kinds: Vec<&DrawnNodeKind> = drawing.nodes().iter().map(|node| &node.kind).collect();
    assert_eq!(kinds, [&DrawnNodeKind::Start, &DrawnNodeKind::Node, &DrawnNodeKind::End]);
    assert!(drawing.nodes()[1].is_deferred);
    assert_eq!(drawing.edges(), nested().edges());
    assert!(drawing.mermaid().contains("n0[/\"research\"/]"));
    assert!(!drawing.svg().contains("<title>search"));
}

#[test]
fn breakpoints_on_every_node_are_drawn_on_every_node() {
    let drawing = essay().with_interrupt_before(["*"]).with_interrupt_after(["write"]).drawing();
    let mermaid = drawing.mermaid();
    assert!(mermaid.contains("n0[\"write<br/>(interrupt before, interrupt after)\"]"), "{mermaid}");
    assert_eq!(mermaid.matches("interrupt before").count(), 4);
}

#[test]
fn the_edges_of_a_join_meet_before_its_target() {
    let graph = ["a", "b", "c"]
        .iter()
        .fold(StateGraph::<Essay>::new("join"), |graph, name| graph.node(*name, node))
        .edge(START, "a")
        .edge(START, "b")
        .edge(["a", "b"], "c")
        .edge("c", END)
        .compile()
        .unwrap();
    let dot = graph.dot();
    for line in ["j0 [label=\"all\", ", "j0 -> n2;", "n0 -> j0 [dir=none];", "n1 -> j0 [dir=none];"] {
        assert!(dot.contains(line), "{line} is not in\n{dot}");
    }
    let svg = graph.svg();
    assert_eq!(svg.matches("<g class=\"join\">").count(), 1);
    for title in ["a → c", "b → c", "all → c"] {
        assert!(svg.contains(&format!("<title>{title}</title>")), "{title} is not in\n{svg}");
    }
}

#[test]
fn names_and_labels_are_escaped_for_every_format() {
    let table = [
        ("\"quoted\"", "&quot;quoted&quot;", r#"\"quoted\""#, "&quot;quoted&quot;"),
        ("<b> & </svg>", "&lt;b&gt; &amp; &lt;/svg&gt;", "<b> &amp; </svg>", "&lt;b&gt; &amp; &lt;/svg&gt;"),
        ("two\nlines", "two lines", r"two\nlines", "two</text>"),
        ("a]-->b[c", "a#93;--&gt;b#91;c", "a]-->b[c", "a]--&gt;b[c"),
        (r"back\slash\N", "back#92;slash#92;N", r"back\\slash\\N", r"back\slash\N"),
        (
            "`code` *b* _i_ a_b",
            "#96;code#96; #42;b#42; #95;i#95; a_b",
            "`code` *b* _i_ a_b",
            "`code` *b* _i_ a_b",
        ),
        (
            "#35; $$x$$ %%{init}%%",
            "#35;35; #36;#36;x#36;#36; #37;#37;{init}#37;#37;",
            "#35; $$",
            "#35; $$x$$ %%{init}%%",
        ),
        ("1. first", "1#46; first", "1. first", "1. first"),
        ("- item", "#45; item", "- item", "- item"),
        ("漢字 🙂 é", "漢字 🙂 é", "漢字 🙂 é", "漢字 🙂 é"),
        ("bell\u{7}\u{0}", "bell\u{fffd}\u{fffd}", "bell\u{fffd}\u{fffd}", "bell\u{fffd}\u{fffd}"),
        (" ", "#160;", "\" \"", " </title>"),
        ("end", "end", "\"end\"", "end"),
    ];
    for (name, mermaid, dot, svg) in table {
        let drawing = named(name);
        let text = drawing.mermaid();
        assert_eq!(text.lines().nth(2), Some(format!("    n0[\"{mermaid}\"]").as_str()), "{name:?}");
        assert!(text.contains(&format!("start -. \"{mermaid}\" .-> n0")), "{name:?}:\n{text}");
        assert_eq!(text.lines().count(), 6, "{name:?}:\n{text}");
        let text = drawing.dot();
        assert_eq!(text.matches(dot).count(), 3, "as a title, a name and a label: {name:?}\n{text}");
        let text = drawing.svg();
        well_formed(&text);
        assert!(text.contains(&format!(">{svg}")), "{name:?}:\n{text}");
    }
}

#[test]
fn a_name_as_long_as_an_essay_is_cut_in_the_picture_and_whole_in_its_title() {
    let essay = "All about bridges, and who built them. ".repeat(500);
    let svg = named(&essay).svg();
    well_formed(&svg);
    assert!(svg.contains(&format!("<title>{essay}</title>")));
    assert_eq!(svg.matches('…').count(), 2, "in the box and on the edge");
    let (_, width) = svg.split_once(" width=\"").unwrap();
    assert!(width.split('"').next().unwrap().parse::<f64>().unwrap() < 400.0);
}

/// A drawing whose graph, node and label all have this name.
fn named(name: &str) -> Drawing {
    serde_json::from_value(json!({
        "version": 1,
        "name": name,
        "nodes": [{"name": START, "kind": "start"}, {"name": name, "kind": "node"}, {"name": END, "kind": "end"}],
        "edges": [
            {"source": START, "target": name, "kind": {"conditional": name}},
            {"source": name, "target": END, "kind": "static"},
        ],
    }))
    .unwrap()
}

/// The same with an edge from every node to some other one.
fn with_circles(drawing: &Drawing) -> Drawing {
    let mut sent = serde_json::to_value(drawing).unwrap();
    let count = drawing.nodes().len();
    let edges = sent["edges"].as_array_mut().unwrap();
    edges.extend((1..count - 1).map(|number| {
        let target = &drawing.nodes()[1 + number * 7919 % (count - 2)].name;
        json!({"source": drawing.nodes()[number].name, "target": target, "kind": {"conditional": "Jump"}})
    }));
    serde_json::from_value(sent).unwrap()
}

/// Every element is closed in its turn, and text has no character that begins markup.
fn well_formed(svg: &str) {
    let mut open: Vec<&str> = Vec::new();
    for part in svg.split('<').skip(1) {
        let (tag, text) = part.split_once('>').unwrap();
        assert!(!text.contains('>') && !text.contains(|c: char| c.is_control() && c != '\n'), "{part:?}");
        for entity in text.split('&').skip(1) {
            let name = entity.split(';').next().unwrap();
            assert!(["amp", "lt", "gt", "quot", "#39"].contains(&name), "{part:?}");
        }
        let name = tag.split([' ', '/']).find(|name| !name.is_empty()).unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name));
        } else if !tag.ends_with('/') {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?} are not closed");
}
