//! `wide_state` and `pydantic_state`: six nodes over fifteen fields, in a loop that triples a list until it is longer
//! than a bound.

use medha_graph::prelude::*;

use crate::row::{Row, Saver};
use crate::wide_nodes::{self, Wide, WideNode};

/// The end of the name; the bound, which is also the length of texts; rows and columns of the message.
const SIZES: [(&str, usize, usize, usize); 3] =
    [("25x300", 300, 5, 5), ("15x600", 600, 3, 5), ("9x1200", 1_200, 3, 3)];

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for (kind, is_checked) in [("wide_state", false), ("pydantic_state", true)] {
        for (size, length, height, width) in SIZES {
            for (end, saver) in Saver::SUITE {
                rows.push(Row::of(
                    format!("{kind}_{size}{end}"),
                    saver,
                    move || wide(is_checked, length).compile().unwrap(),
                    move || input(height, width),
                ));
            }
        }
    }
    let graph = || wide(true, 300).compile().unwrap();
    rows.push(Row::first_event("pydantic_state_25x300_first_event_latency", graph, || input(5, 5)));
    rows.push(Row::compilation("pydantic_state_25x300_compilation", || wide(true, 300)));
    rows.push(Row::compilation("wide_state_15x600_compilation", || wide(false, 600)));
    rows
}

fn input(rows: usize, columns: usize) -> <Wide as State>::Update {
    Wide::update().messages([wide_nodes::message(rows, columns)])
}

#[derive(Route)]
enum Again {
    #[route("one")]
    Yes,
    #[route(END)]
    No,
}

fn wide(is_checked: bool, length: usize) -> StateGraph<Wide> {
    let node = |work| WideNode { is_checked, length, work };
    StateGraph::starting_from("wide", Wide::initial())
        .node("one", node(wide_nodes::one))
        .node("two", node(wide_nodes::two))
        .node("three", node(wide_nodes::three))
        .node("four", node(wide_nodes::four))
        .node("five", node(wide_nodes::five))
        .node("six", node(wide_nodes::six))
        .edge(START, "one")
        .edge("one", "two")
        .edge("two", "three")
        .edge("two", "four")
        .edge(["three", "four"], "five")
        .edge("five", "six")
        .conditional_edge(
            "six",
            move |wide: &Wide| {
                if wide.grown() > length { Again::No } else { Again::Yes }
            },
        )
}
