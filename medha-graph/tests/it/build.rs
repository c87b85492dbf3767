//! What is found before the first run, and what a drawing shows.

use medha_graph::graph::BuildProblem;
use medha_graph::prelude::*;

#[derive(State, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Log {
    #[state(append)]
    seen: Vec<String>,
}

async fn node() {}

fn nodes(names: &[&str]) -> StateGraph<Log> {
    names.iter().fold(StateGraph::new("build"), |graph, name| graph.node(*name, node))
}

#[test]
fn a_join_that_waits_for_what_runs_after_it_is_refused() {
    let graph = nodes(&["a", "b", "c"]).edge(START, "a").edge(["a", "c"], "b").edge("b", "c").edge("c", END);
    let error = graph.compile().unwrap_err();
    let expected = BuildProblem::JoinNeverFires { node: "b".to_owned(), missing: vec!["c".to_owned()] };
    assert_eq!(error.problems[0], expected, "{error}");
}

#[test]
fn a_join_in_a_loop_that_something_else_enters_is_accepted() {
    let graph = nodes(&["a", "b", "c"])
        .edge(START, "a")
        .edge(START, "c")
        .edge(["a", "c"], "b")
        .edge("b", "c")
        .edge("c", END);
    graph.compile().unwrap();
}

#[test]
fn a_join_that_was_added_twice_is_refused_in_whatever_order_its_sources_are() {
    let graph = nodes(&["a", "b", "c"])
        .edge(START, "a")
        .edge(START, "b")
        .edge(["a", "b"], "c")
        .edge(["b", "a"], "c")
        .edge("c", END);
    let error = graph.compile().unwrap_err();
    let expected = BuildProblem::DuplicateEdge { edge: "the join [\"b\", \"a\"] -> \"c\"".to_owned() };
    assert_eq!(error.problems, [expected]);
}

#[test]
fn joins_into_one_node_are_drawn_apart() {
    let drawing = nodes(&["a", "b", "c", "d"])
        .edge(START, "a")
        .edge(START, "b")
        .edge(START, "c")
        .edge(["b", "c"], END)
        .edge(["a", "b"], "d")
        .edge(["a", "c"], "d")
        .edge("d", END)
        .compile()
        .unwrap()
        .mermaid();
    let lines: Vec<&str> = drawing.lines().map(str::trim).collect();
    for line in
        ["n1 --> end_", "n2 --> end_", "n0 --- j0", "n1 --- j0", "n0 --- j1", "n2 --- j1", "j1 --> n3"]
    {
        assert!(lines.contains(&line), "{line} is not in\n{drawing}");
    }
}

#[test]
fn odd_names_do_not_break_a_drawing() {
    let names = ["two\nlines", "#35;", "`code`", "\"quoted\" <b>"];
    let graph = nodes(&names)
        .edge(START, names[0])
        .edge(names[0], names[1])
        .edge(names[1], names[2])
        .edge(names[2], names[3])
        .edge(names[3], END);
    let drawing = graph.compile().unwrap().mermaid();
    let shown: Vec<&str> = drawing.lines().filter_map(|line| line.trim().strip_prefix('n')).take(4).collect();
    let expected =
        ["0[\"two lines\"]", "1[\"#35;35;\"]", "2[\"#96;code#96;\"]", "3[\"&quot;quoted&quot; &lt;b&gt;\"]"];
    assert_eq!(shown, expected);
    assert_eq!(drawing.lines().count(), 1 + 6 + 5, "{drawing}");
}
