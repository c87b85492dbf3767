//! The central promise: the order in which tasks finish never shows, and a crash at any storage call loses nothing.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::time::Duration;

use medha_graph::prelude::*;
use medha_graph::store::{
    CheckpointErrorKind, Checkpointer, HistoryQuery, Line, RunId, StoredCheckpoint, ThreadKey,
};
use medha_graph::testing::{Crash, Faults, Simulation, simulate};
use medha_graph::{Join, Node, NodeDefaults, RunError};

#[derive(State, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Mix {
    #[state(append)]
    log: Vec<String>,
    #[state(add)]
    total: u64,
    #[state(merge)]
    last: BTreeMap<String, u64>,
    #[state(with = fold)]
    folded: u64,
    rounds: u32,
}

/// Depends on the order of its arguments, on purpose.
fn fold(current: &mut u64, written: u64) {
    *current = current.wrapping_mul(31).wrapping_add(written);
}

/// A generated node: what it does depends on its number.
struct Worker {
    number: u64,
    asks: bool,
    /// Its first attempt fails.
    stumbles: bool,
    goes_to: Option<String>,
}

impl Node<Mix> for Worker {
    type Output = Result<Command<Mix>, NodeError>;
    async fn run(&self, mix: &Mix, ctx: Ctx) -> Self::Output {
        let mut seen = mix.log.len() as u64 + self.number;
        if self.asks {
            seen += ctx.interrupt::<u64>(format!("number for {}?", self.number)).await;
        }
        if self.stumbles && ctx.task().attempt == 1 {
            return Err(NodeError::new("stumbled"));
        }
        let update = Mix::update()
            .log([format!("{} after {}", ctx.task().node, mix.log.len())])
            .total(self.number)
            .last([(format!("key {}", self.number % 3), seen)])
            .folded(seen);
        let command = Command::new().update(update);
        Ok(match &self.goes_to {
            Some(node) if self.number.is_multiple_of(2) => {
                command.send_within(node, &seen, Duration::from_secs(3))
            }
            Some(node) => command.send(node, &seen),
            None => command,
        })
    }
}

async fn handle(failure: Failure) -> MixUpdate {
    Mix::update().log([format!("{} {:?} {}", failure.node, failure.kind, failure.attempts)]).folded(7)
}

async fn item(Payload(number): Payload<u64>) -> MixUpdate {
    Mix::update().folded(number).log([format!("item {number}")])
}

async fn round(mix: &Mix) -> MixUpdate {
    Mix::update().rounds(mix.rounds + 1)
}

#[derive(Route)]
enum Again {
    #[route("spread")]
    Yes,
    #[route(END)]
    No,
}

async fn spread() {}

/// What shows in stored bytes that a policy was at work.
const POLICIES: [&str; 5] =
    ["its timeout of", "its idle timeout", "its heartbeat timeout", "\"has_fired\":true", "\"timeouts\":{"];

/// A graph with six to twelve parallel workers, and everything that can happen to them.
fn generate(seed: u64) -> CompiledGraph<Mix> {
    let mut rng = fastrand::Rng::with_seed(seed);
    // Of what nodes and joins are told to do; apart, so that another policy makes no other graph.
    let mut policies = fastrand::Rng::with_seed(seed + 1_000_000);
    let stumbled = RetryPolicy::attempts(2).when(|attempted| attempted.text() == "stumbled");
    let width = rng.u64(6..=12);
    let rounds = rng.u32(1..=2);
    let mut graph = StateGraph::<Mix>::new(format!("generated {seed}"))
        .node("spread", spread)
        .node("handle", handle)
        .node("item", item.retry(RetryPolicy::attempts(2)).concurrency(policies.usize(1..=3)))
        .node("round", round.defer())
        .edge(START, "spread")
        .edge("handle", "round")
        .edge("item", "round")
        .error_edge("item", "handle")
        .conditional_edge("round", move |mix: &Mix| if mix.rounds < rounds { Again::Yes } else { Again::No });
    let has_defaults = policies.bool();
    if has_defaults {
        graph = graph.defaults(NodeDefaults::new().timeout(Duration::from_secs(30)).error_to("handle"));
    }
    let mut ends = Vec::new();
    for number in 0..width {
        let name = format!("w{number}");
        let worker = Worker {
            number,
            asks: rng.u8(0..4) == 0,
            stumbles: rng.u8(0..4) == 0,
            goes_to: (rng.u8(0..4) == 0).then(|| "item".to_owned()),
        };
        let node =
            worker.goes_to(["item"]).retry(stumbled.clone()).retry(RetryPolicy::attempts(rng.u32(1..=3)));
        let node = if rng.bool() { node.timeout(Duration::from_secs(rng.u64(1..20))) } else { node };
        let limit = Duration::from_secs(policies.u64(1..20));
        let node = match policies.u8(0..4) {
            0 => node.idle_timeout(limit),
            1 => node.heartbeat_timeout(limit),
            _ => node,
        };
        graph =
            graph.node(&name, node).edge("spread", &name).edge(&name, "round").error_edge(&name, "handle");
        if rng.bool() {
            let after = Worker { number: number + 100, asks: false, stumbles: false, goes_to: None };
            let after_name = format!("after{number}");
            graph = graph
                .node(&after_name, after.goes_to(["item"]))
                .edge(&name, &after_name)
                .edge(&after_name, "round");
            if !has_defaults {
                graph = graph.error_edge(&after_name, "handle");
            }
            ends.push(after_name);
        }
    }
    if ends.len() > 1 {
        let last = Worker { number: 1000, asks: true, stumbles: false, goes_to: None };
        let needed = policies.usize(1..=ends.len());
        let join = if policies.bool() { Join::all(ends) } else { Join::quorum(needed, ends) };
        graph = graph.node("joined", last.goes_to(["item"])).join(join, "joined").edge("joined", "round");
        graph = graph.error_edge("joined", "handle");
    }
    graph.compile().unwrap()
}

fn faults(seed: u64) -> Faults {
    Faults::seeded(seed).failing(0.25).panicking(0.05).hanging(0.2).sparing(["spread", "handle", "round"])
}

/// Runs to the end, answering every question with a number made of its text.
fn play(simulation: &mut Simulation<Mix>) -> Result<Mix, RunError> {
    let mut outcome = simulation.run(Mix::update());
    loop {
        match outcome? {
            Outcome::Done(mix) => return Ok(mix),
            stopped => outcome = simulation.run(answers(stopped.interrupts())),
        }
    }
}

fn answers(interrupts: &[medha_graph::Interrupt]) -> Resume {
    let answer = |interrupt: &medha_graph::Interrupt| interrupt.question.to_string().len() as u64;
    let all = interrupts.iter().map(|interrupt| (interrupt.id, answer(interrupt)));
    all.fold(Resume::next(), |resume, (id, answer)| resume.and(id, answer))
}

#[test]
fn any_completion_order_gives_the_same_checkpoints() {
    let mut policies = BTreeSet::new();
    let (mut orders, mut kinds, mut asked, mut joined, mut failed) = (0, BTreeSet::new(), 0, 0, 0);
    for graph_seed in 0..25 {
        let graph = generate(graph_seed);
        // In some graphs the nodes that handle failures fail too, and with them the run.
        let faults = if graph_seed % 5 == 4 {
            Faults::seeded(graph_seed).failing(0.5).sparing(["spread"])
        } else {
            faults(graph_seed)
        };
        let mut expected = None;
        let mut seen = BTreeSet::new();
        for seed in 0..400 {
            let mut simulation = Simulation::new(&graph, seed, faults.clone());
            let end = match play(&mut simulation) {
                Ok(mix) => {
                    joined += u64::from(mix.log.iter().any(|line| line.starts_with("joined")));
                    String::new()
                }
                Err(error) => {
                    failed += 1;
                    error.to_string()
                }
            };
            let stored = (simulation.checkpoints(), simulation.progress());
            let bytes = format!("{}{end}", serde_json::to_string(&stored).unwrap());
            let happened = |kind: &&str| bytes.contains(&format!(" {kind} "));
            kinds.extend(["Error", "Timeout", "Panic"].into_iter().filter(happened));
            policies.extend(POLICIES.into_iter().filter(|mark| bytes.contains(mark)));
            asked +=
                u64::from(bytes.contains("number for") || simulation.storage_calls() > stored.0.len() as u64);
            seen.insert(simulation.order().to_vec());
            orders += 1;
            let expected = expected.get_or_insert_with(|| bytes.clone());
            assert!(*expected == bytes, "graph {graph_seed}, seed {seed}: {expected}\n\n{bytes}");
        }
        assert!(seen.len() > 200, "only {} orders of graph {graph_seed}", seen.len());
    }
    assert_eq!(orders, 10_000);
    assert_eq!(kinds.len(), 3, "failures, timeouts and panics all happened: {kinds:?}");
    assert_eq!(policies, POLICIES.into(), "every policy had its turn");
    assert!(asked > 5_000, "questions were asked in {asked} runs");
    assert!(joined > 500, "joins fired in {joined} runs");
    assert!((500..=2_000).contains(&failed), "{failed} runs failed");
}

#[test]
fn a_crash_at_any_storage_call_is_made_good_by_a_resume() {
    for graph_seed in 0..8 {
        let graph = generate(graph_seed);
        let mut whole = Simulation::new(&graph, 1, faults(graph_seed));
        let expected = play(&mut whole).unwrap();
        for call in 0..whole.storage_calls() {
            for crash in [Crash::Before(call), Crash::After(call)] {
                let mut simulation = Simulation::new(&graph, call, faults(graph_seed).crash(crash));
                let error = play(&mut simulation).unwrap_err();
                assert!(
                    matches!(&error, RunError::Checkpoint(error) if error.kind == CheckpointErrorKind::Storage),
                    "{error}"
                );
                simulation.recover();
                let mut outcome = match simulation.checkpoints().as_slice() {
                    [] => simulation.run(Mix::update()).unwrap(),
                    [..] => simulation.run(Resume::next()).unwrap(),
                };
                while !outcome.is_done() {
                    outcome = simulation.run(answers(outcome.interrupts())).unwrap();
                }
                assert_eq!(outcome.into_state(), expected, "graph {graph_seed}, {crash:?}");
                let stored = [&simulation, &whole].map(|simulation| timeless(simulation.checkpoints()));
                assert_eq!(stored[0], stored[1], "graph {graph_seed}, {crash:?}");
            }
        }
    }
}

/// All but what no two runs share: their names, their lines, the time.
fn timeless(mut stored: Vec<StoredCheckpoint>) -> Vec<StoredCheckpoint> {
    for checkpoint in &mut stored {
        (checkpoint.run, checkpoint.line, checkpoint.saved_at) = (RunId(0), Line(0), 0);
        checkpoint.written.tasks.iter_mut().for_each(|task| task.task = "0".repeat(32).parse().unwrap());
    }
    stored
}

#[tokio::test(start_paused = true)]
async fn the_driver_stores_what_the_simulation_stores() {
    for graph_seed in 0..25 {
        let graph = generate(graph_seed);
        let mut simulation = Simulation::new(&graph, graph_seed, Faults::none());
        let expected = play(&mut simulation).unwrap();
        let saver = MemorySaver::default();
        let thread = graph.with_checkpointer(saver.clone()).thread("simulated");
        let mut outcome = thread.invoke(Mix::update()).await.unwrap();
        while !outcome.is_done() {
            outcome = thread.resume(answers(outcome.interrupts())).await.unwrap();
        }
        assert_eq!(outcome.into_state(), expected);
        let history = saver.history(&ThreadKey::root("simulated"), &HistoryQuery::default()).await;
        let mut stored = history.unwrap();
        stored.reverse();
        let (stored, simulated) = (timeless(stored), timeless(simulation.checkpoints()));
        assert_eq!(stored, simulated, "graph {graph_seed}");
    }
}

#[test]
fn time_is_virtual_and_waits_for_retries_and_timeouts() {
    async fn never() {
        std::future::pending::<()>().await;
    }
    let policy = RetryPolicy::attempts(2)
        .initial(Duration::from_secs(3600))
        .max(Duration::from_secs(3600))
        .jitter(0.0);
    let graph = StateGraph::<Mix>::new("slow")
        .node("never", never.timeout(Duration::from_secs(86_400)).retry(policy))
        .edge(START, "never")
        .edge("never", END)
        .compile()
        .unwrap();
    let mut simulation = Simulation::new(&graph, 1, Faults::seeded(1).hanging(1.0));
    let error = simulation.run(Mix::update()).unwrap_err();
    assert_eq!(error.to_string(), r#"node "never" failed in step 1: took longer than its timeout of 86400s"#);
    assert_eq!(simulation.elapsed(), Duration::from_secs(2 * 86_400 + 3600));
}

#[test]
fn a_node_that_waits_for_the_world_is_told_that_a_simulation_has_none() {
    async fn never() {
        std::future::pending::<()>().await;
    }
    let graph = StateGraph::<Mix>::new("wait")
        .node("never", never)
        .edge(START, "never")
        .edge("never", END)
        .compile()
        .unwrap();
    let error = simulate(&graph, Mix::update(), 1, &Faults::none()).unwrap_err();
    assert_eq!(
        error.failure().unwrap().error,
        "waits for something outside; a simulation runs nodes that finish by themselves"
    );
}
