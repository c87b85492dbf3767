//! A graph is drawn without running it: for a README, for Graphviz, as a picture, or as data for a page of your own.
//!
//! Run it with `cargo run --example drawing`; with a path behind it (`-- drawing.svg`), it writes the picture there. The
//! drawing shows what `compile()` knows: routes with their labels, error edges, joins, breakpoints and deferred nodes.

use std::time::Duration;

use medha_graph::CompiledGraph;
use medha_graph::draw::DrawnEdgeKind;
use medha_graph::prelude::*;

#[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
struct Photo {
    faces: u32,
}

#[derive(Route)]
enum People {
    #[route("blur")]
    Some,
    #[route("publish")]
    Nobody,
}

async fn step() {}

async fn ask(ctx: Ctx) {
    ctx.interrupt::<bool>("publish it?").await;
}

fn people(photo: &Photo) -> People {
    if photo.faces > 0 { People::Some } else { People::Nobody }
}

fn photo() -> Result<CompiledGraph<Photo>, medha_graph::BuildError> {
    let graph = StateGraph::<Photo>::new("photo")
        .node("upload", step)
        .node("find faces", step.retry(RetryPolicy::attempts(3)).timeout(Duration::from_secs(5)))
        .node("read date", step)
        .node("check", step)
        .node("blur", step)
        .node("publish", ask)
        .node("report", step.defer())
        .edge(START, "upload")
        .edge("upload", "find faces")
        .edge("upload", "read date")
        .error_edge("find faces", "report")
        .edge(["find faces", "read date"], "check")
        .conditional_edge("check", people)
        .edge("blur", "publish")
        .edge("publish", "report")
        .edge("report", END)
        .compile()?;
    Ok(graph.with_interrupt_before(["publish"]))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let graph = photo()?;
    println!("Mermaid, which many pages show as a picture:\n\n{}", graph.mermaid());
    println!("DOT, for Graphviz:\n\n{}", graph.dot());

    let svg = graph.svg();
    println!(
        "SVG, without any other program: {} bytes, {} lines of text in it",
        svg.len(),
        svg.matches("<text").count()
    );
    if let Some(path) = std::env::args_os().nth(1) {
        std::fs::write(path, &svg)?;
    }

    // The same as a value; it is also `Serialize`.
    let drawing = graph.drawing();
    println!(
        "\n{} nodes and {} edges; what goes wrong leads to:",
        drawing.nodes().len(),
        drawing.edges().len()
    );
    for edge in drawing.edges().iter().filter(|edge| matches!(edge.kind, DrawnEdgeKind::Error(_))) {
        println!("  {} -> {}", edge.source, edge.target);
    }
    Ok(())
}
