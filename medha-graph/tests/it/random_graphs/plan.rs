//! Graphs as data: drawn by proptest, made smaller by it, and built with the public builder.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use medha_graph::prelude::*;
use medha_graph::{IdempotencyKey, Node};
use proptest::collection::vec;
use proptest::prelude::*;

use super::state::{Fields, FieldsUpdate, Mix};

/// A random graph: nodes in an order in which edges lead forward, run one or two rounds.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) nodes: Vec<NodePlan>,
    pub(crate) rounds: u32,
    /// Of what goes wrong in nodes.
    pub(crate) faults: u64,
    /// Whether anything does.
    pub(crate) is_faulty: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct NodePlan {
    /// Earlier nodes that lead here, as numbers to be taken modulo; none means the beginning.
    parents: Vec<usize>,
    /// Whether it waits for all of them.
    joins: bool,
    defers: bool,
    /// Where its failures go: nowhere if not to the handler.
    is_handled: bool,
    attempts: u32,
    times_out: bool,
    /// Its first attempt fails.
    stumbles: bool,
    questions: u32,
    effects: u32,
    /// Whether it asks before its effects.
    asks_first: bool,
    /// Payloads it sends to the item node.
    sends: u32,
    /// Payloads that are fanned out after it.
    fans: u32,
    /// Whether a router after it chooses a side.
    routes: bool,
    writes: Write,
}

#[derive(Clone, Copy, Debug)]
enum Write {
    Log,
    Board,
    Flash,
    OverwriteBoard,
    Merge,
    Winner,
    Twice,
}

pub(crate) fn plans() -> impl Strategy<Value = Plan> {
    (vec(nodes(), 1..8), 1..=2_u32, any::<u64>(), any::<bool>())
        .prop_map(|(nodes, rounds, faults, is_faulty)| Plan { nodes, rounds, faults, is_faulty })
}

fn nodes() -> impl Strategy<Value = NodePlan> {
    let edges = (vec(0..8_usize, 0..4), any::<bool>(), rarely(), mostly());
    let trouble = (1..=3_u32, any::<bool>(), rarely());
    let inside = (few(2), few(2), any::<bool>());
    let on = (few(2), few(3), rarely(), writes());
    (edges, trouble, inside, on).prop_map(|(edges, trouble, inside, on)| NodePlan {
        parents: edges.0,
        joins: edges.1,
        defers: edges.2,
        is_handled: edges.3,
        attempts: trouble.0,
        times_out: trouble.1,
        stumbles: trouble.2,
        questions: inside.0,
        effects: inside.1,
        asks_first: inside.2,
        sends: on.0,
        fans: on.1,
        routes: on.2,
        writes: on.3,
    })
}

fn rarely() -> impl Strategy<Value = bool> {
    (0..6_u8).prop_map(|drawn| drawn == 5)
}

fn mostly() -> impl Strategy<Value = bool> {
    (0..12_u8).prop_map(|drawn| drawn < 11)
}

fn few(most: u32) -> impl Strategy<Value = u32> {
    (0..3 + most).prop_map(|drawn| drawn.saturating_sub(2))
}

fn writes() -> impl Strategy<Value = Write> {
    (0..20_u8).prop_map(|drawn| match drawn {
        0..5 => Write::Log,
        5..9 => Write::Board,
        9..13 => Write::Flash,
        13 => Write::OverwriteBoard,
        14 => Write::Winner,
        15..18 => Write::Twice,
        _ => Write::Merge,
    })
}

/// The world outside: does each thing once per key, and remembers under which keys it was asked.
#[derive(Debug, Default)]
pub(crate) struct Sink(Mutex<BTreeMap<String, BTreeSet<IdempotencyKey>>>);

impl Sink {
    fn deliver(&self, what: &str, key: IdempotencyKey) -> String {
        let mut delivered = self.0.lock().unwrap();
        delivered.entry(what.to_owned()).or_default().insert(key);
        format!("did {what}")
    }

    /// What was done more than once, as somebody who knows keys sees it.
    pub(crate) fn repeated(&self) -> Vec<String> {
        let delivered = self.0.lock().unwrap();
        delivered.iter().filter(|(_, keys)| keys.len() > 1).map(|(what, _)| what.clone()).collect()
    }

    pub(crate) fn all(&self) -> BTreeSet<String> {
        self.0.lock().unwrap().keys().cloned().collect()
    }
}

struct Worker {
    number: usize,
    plan: NodePlan,
}

impl Worker {
    /// What tells this task from every other of its history: its node, its superstep, what it was given.
    fn line(ctx: &Ctx, given: &str) -> String {
        format!("{} in {} given {given}", ctx.task().node, ctx.task().step)
    }

    async fn ask(&self, ctx: &Ctx) -> u64 {
        let mut sum = 0;
        for question in 0..self.plan.questions {
            sum += ctx.interrupt::<u64>(format!("question {question} of {}", self.number)).await;
        }
        sum
    }
}

impl Node<Mix> for Worker {
    type Output = Result<Command<Mix>, NodeError>;

    async fn run(&self, mix: &Mix, ctx: Ctx) -> Self::Output {
        let plan = &self.plan;
        let sink = ctx.context::<Sink>()?;
        let line = Self::line(&ctx, "nothing");
        let mut sum = mix.0.log.len() as u64 + mix.0.flash.iter().sum::<u64>() + self.number as u64;
        if plan.asks_first {
            sum += self.ask(&ctx).await;
        }
        for effect in 0..plan.effects {
            let what = format!("{line} effect {effect}");
            let done: String = ctx
                .once(format!("effect {effect}"), |key| async {
                    Ok::<_, NodeError>(sink.deliver(&what, key))
                })
                .await?;
            sum += done.len() as u64;
        }
        if !plan.asks_first {
            sum += self.ask(&ctx).await;
        }
        if plan.stumbles && ctx.task().attempt == 1 {
            return Err(NodeError::new("stumbled"));
        }
        let update = Fields::update().log([format!("{line} id {}", ctx.task().id)]).total(sum).folded(sum);
        let mut command = Command::new();
        command = match plan.writes {
            Write::Log => command.update(update),
            Write::Board => command.update(update.board([sum, sum + 1])),
            Write::Flash => command.update(update.flash([sum])),
            Write::OverwriteBoard => command.update(update.overwrite_board(vec![sum])),
            Write::Merge => command.update(update.last([(format!("key {}", self.number % 3), sum)])),
            Write::Winner => command.update(update.winner(line.clone())),
            Write::Twice => {
                command.update(update.board([sum])).then(Fields::update().board([1]).winner(&*line))
            }
        };
        for number in 0..plan.sends {
            command = command.send("item", &format!("{line} sent {number}"));
        }
        Ok(command)
    }
}

async fn item(Payload(given): Payload<String>, ctx: Ctx) -> Result<FieldsUpdate, NodeError> {
    let line = Worker::line(&ctx, &given);
    let sink = ctx.context::<Sink>()?;
    let done: String = ctx.once("item", |key| async { Ok::<_, NodeError>(sink.deliver(&line, key)) }).await?;
    Ok(Fields::update().log([format!("{line} id {}", ctx.task().id)]).folded(done.len() as u64))
}

async fn side(mix: &Mix, Payload(given): Payload<String>, ctx: Ctx) -> FieldsUpdate {
    let line = Worker::line(&ctx, &given);
    Fields::update().log([format!("{line} id {}", ctx.task().id)]).flash([mix.0.total % 7])
}

async fn handle(failure: Failure, ctx: Ctx) -> FieldsUpdate {
    let given = failure.payload.as_ref().map_or(String::new(), ToString::to_string);
    let line = format!(
        "{} {:?} {} after {}",
        Worker::line(&ctx, &given),
        failure.kind,
        failure.node,
        failure.attempts
    );
    Fields::update().log([format!("{line} id {}", ctx.task().id)]).folded(7)
}

async fn begin(ctx: Ctx) -> FieldsUpdate {
    Fields::update().log([format!("begin in {} id {}", ctx.task().step, ctx.task().id)])
}

async fn round(mix: &Mix) -> FieldsUpdate {
    Fields::update().rounds(mix.0.rounds + 1)
}

#[derive(Route)]
enum Again {
    #[route("begin")]
    Yes,
    #[route(END)]
    No,
}

#[derive(Route)]
enum Side {
    #[route("left")]
    Left(String),
    #[route("right")]
    Right(String),
    #[route(END)]
    Neither,
}

impl Plan {
    /// The graph, and the world its nodes act on.
    pub(crate) fn build(&self) -> (CompiledGraph<Mix>, Arc<Sink>) {
        let rounds = self.rounds;
        let again = move |mix: &Mix| if mix.0.rounds < rounds { Again::Yes } else { Again::No };
        let mut graph = StateGraph::<Mix>::new("random")
            .node("begin", begin.goes_to(["item", "left", "right"]))
            .node("item", item.retry(RetryPolicy::attempts(2)))
            .node("left", side)
            .node("right", side)
            .node("handle", handle)
            .node("round", round.defer())
            .edge(START, "begin")
            .edge("item", "round")
            .edge("left", "round")
            .edge("right", "round")
            .edge("handle", "round")
            .error_edge("item", "handle")
            .error_edge("left", "handle")
            .error_edge("right", "handle")
            .conditional_edge("round", again);
        for (number, plan) in self.nodes.iter().enumerate() {
            graph = plan.add(number, graph);
        }
        let sink = Arc::new(Sink::default());
        (graph.compile().unwrap().with_context(Arc::clone(&sink)), sink)
    }

    pub(crate) fn faults(&self) -> medha_graph::testing::Faults {
        let faults = medha_graph::testing::Faults::seeded(self.faults).sparing(["begin", "handle", "round"]);
        if self.is_faulty { faults.failing(0.2).panicking(0.05).hanging(0.2) } else { faults }
    }
}

impl NodePlan {
    fn add(&self, number: usize, graph: StateGraph<Mix>) -> StateGraph<Mix> {
        let name = format!("n{number}");
        let node = Worker { number, plan: self.clone() }.goes_to(["item"]);
        let node = node.retry(RetryPolicy::attempts(self.attempts));
        let node = if self.times_out { node.timeout(Duration::from_secs(10)) } else { node };
        let node = if self.defers { node.defer() } else { node };
        let parents: BTreeSet<usize> =
            self.parents.iter().filter(|_| number > 0).map(|parent| parent % number.max(1)).collect();
        let mut graph = graph.node(&name, node).edge(&name, "round");
        let names: Vec<String> = parents.iter().map(|parent| format!("n{parent}")).collect();
        if names.is_empty() {
            graph = graph.edge("begin", &name);
        } else if self.joins && names.len() > 1 {
            graph = graph.edge(names, &name);
        } else {
            graph = names.into_iter().fold(graph, |graph, parent| graph.edge(parent, &name));
        }
        if self.is_handled {
            graph = graph.error_edge(&name, "handle");
        }
        if self.fans > 0 {
            let (source, fans) = (name.clone(), u64::from(self.fans));
            let payloads = move |mix: &Mix| {
                let source = source.clone();
                (0..mix.0.total % (fans + 1)).map(move |number| format!("{source} fanned {number}"))
            };
            graph = graph.fan_out(&name, "item", payloads);
        }
        if self.routes {
            let source = name.clone();
            graph = graph.conditional_edge(&name, move |mix: &Mix| match mix.0.folded % 3 {
                0 => Side::Left(source.clone()),
                1 => Side::Right(source.clone()),
                _ => Side::Neither,
            });
        }
        graph
    }
}
