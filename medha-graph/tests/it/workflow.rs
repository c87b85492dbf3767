//! A workflow that uses everything together, the way an application does.

use std::sync::Arc;

use medha_graph::prelude::*;

#[derive(State, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Analysis {
    /// What the user wants to know.
    question: String,
    steps: Vec<Step>,
    #[state(append)]
    answers: Vec<String>,
    #[state(append)]
    notes: Vec<String>,
    summary: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Step {
    sql: String,
}

/// A dependency, as a trait object.
trait Database: Send + Sync {
    fn query(&self, sql: &str) -> Result<String, QueryError>;
}

#[derive(Clone, Debug, Serialize, Deserialize, thiserror::Error)]
#[error("unknown column {column:?}")]
struct QueryError {
    column: String,
    nearest: Option<String>,
}

#[derive(Serialize)]
struct Progress<'a> {
    running: &'a str,
}

async fn plan(analysis: &Analysis, ctx: Ctx) -> Result<AnalysisUpdate, NodeError> {
    let sure: bool = ctx.interrupt(serde_json::json!({"understood": analysis.question})).await;
    if !sure {
        return Err(NodeError::new("the user said no").terminal());
    }
    let steps = ["revenue", "revenu"].map(|column| Step { sql: format!("select {column}") });
    Ok(Analysis::update().steps(steps.to_vec()))
}

async fn execute(
    _: &Analysis,
    Payload(step): Payload<Step>,
    database: Context<dyn Database>,
    ctx: Ctx,
) -> Result<AnalysisUpdate, NodeError> {
    ctx.emit(Progress { running: &step.sql });
    match database.query(&step.sql) {
        Ok(answer) => Ok(Analysis::update().answers([answer])),
        Err(error) => Err(NodeError::from(error.clone()).terminal().with_detail(error)),
    }
}

async fn recover(failure: Failure) -> Result<Command<Analysis>, NodeError> {
    let error: QueryError = failure.detail().ok_or_else(|| NodeError::new("nothing to mend"))?;
    let nearest = error.nearest.ok_or_else(|| NodeError::new("no column is near").terminal())?;
    let step = Step { sql: format!("select {nearest}") };
    let note = format!("{} read as {nearest}", error.column);
    Ok(Command::new().update(Analysis::update().notes([note])).send("execute", &step))
}

async fn summarize(analysis: &Analysis) -> AnalysisUpdate {
    Analysis::update().summary(Some(analysis.answers.join(", ")))
}

#[derive(Route)]
enum Work {
    #[route("execute")]
    Run(Step),
    #[route("summarize")]
    NothingToDo,
}

fn dispatch(analysis: &Analysis) -> Vec<Work> {
    match analysis.steps.as_slice() {
        [] => vec![Work::NothingToDo],
        steps => steps.iter().cloned().map(Work::Run).collect(),
    }
}

#[derive(Route)]
enum Recovery {
    #[route("recover")]
    Mend,
}

fn mendable(failure: &Failure) -> Option<Recovery> {
    failure.detail::<QueryError>().map(|_| Recovery::Mend)
}

fn workflow() -> StateGraph<Analysis> {
    StateGraph::new("analysis")
        .node("plan", plan)
        .node("execute", execute.retry(RetryPolicy::attempts(2)))
        .node("recover", recover.goes_to(["execute"]))
        .node("summarize", summarize.defer())
        .edge(START, "plan")
        .conditional_edge("plan", dispatch)
        .edge("execute", "summarize")
        .conditional_error_edge("execute", mendable)
        .edge("summarize", END)
}

struct Fake;

impl Database for Fake {
    fn query(&self, sql: &str) -> Result<String, QueryError> {
        match sql {
            "select revenue" => Ok("42".to_owned()),
            sql => Err(QueryError {
                column: sql.replace("select ", ""),
                nearest: sql.contains("revenu").then(|| "revenue".to_owned()),
            }),
        }
    }
}

#[tokio::test]
async fn a_workflow_asks_fans_out_recovers_and_sums_up() {
    let graph = workflow()
        .compile()
        .unwrap()
        .with_context::<dyn Database>(Arc::new(Fake))
        .with_checkpointer(MemorySaver::default());
    let thread = graph.thread("conversation-1");

    let outcome = thread.invoke(Analysis::update().question("revenue?")).await.unwrap();
    let Outcome::Interrupted { interrupts, .. } = outcome else { panic!("it asks first") };
    assert_eq!(interrupts[0].question["understood"], "revenue?");

    let mut events = thread.stream(Resume::answer(true));
    let mut seen = Vec::new();
    while let Some(event) = events.next().await {
        match event.unwrap() {
            Event::TaskFinished { task, .. } => seen.push(format!("{} done", task.node)),
            Event::TaskFailed { task, is_handled, .. } => {
                seen.push(format!("{} failed {is_handled}", task.node))
            }
            Event::Custom { value, .. } => seen.push(value["running"].to_string()),
            _ => {}
        }
    }
    let expected = [
        "plan done",
        "\"select revenue\"",
        "execute done",
        "\"select revenu\"",
        "execute failed true",
        "recover done",
        "\"select revenue\"",
        "execute done",
        "summarize done",
    ];
    assert_eq!(seen, expected);
    let state = thread.state().await.unwrap().unwrap().state;
    assert_eq!(state.summary.as_deref(), Some("42, 42"));
    assert_eq!(state.notes, ["revenu read as revenue"]);
}
