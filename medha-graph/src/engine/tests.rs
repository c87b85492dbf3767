//! Decisions of the machine and the superstep as sequences of values: no runtime, no clock.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::checkpoint::{Checkpoint, Frontier, Task};
use super::machine::{Action, AttemptEnd, Machine, OnFailure, Reaction, Time};
use super::superstep::{StepError, TaskEnd, TaskResult, advance};
use crate::node::config::NodeExt;
use crate::{Command, CompiledGraph, END, NodeError, RetryPolicy, START, State, StateGraph};

#[derive(State, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Log {
    best: u32,
    #[state(append)]
    seen: Vec<u32>,
}

fn node() -> std::future::Ready<()> {
    std::future::ready(())
}

const SECOND: Duration = Duration::from_secs(1);

/// Three nodes: "plain", "retried" (twice, a second apart) and "timed" (two seconds).
fn graph() -> CompiledGraph<Log> {
    let policy = RetryPolicy::attempts(2).initial(SECOND).jitter(0.0);
    StateGraph::new("machine")
        .node("plain", node)
        .node("retried", node.retry(policy))
        .node("timed", node.timeout(2 * SECOND))
        .edge(START, "plain")
        .edge(START, "retried")
        .edge(START, "timed")
        .edge("plain", END)
        .edge("retried", END)
        .edge("timed", END)
        .compile()
        .unwrap()
}

fn tasks(graph: &CompiledGraph<Log>, names: &[&str]) -> Vec<Task> {
    let task = |name: &&str| Task::new(graph.topology.number(name).unwrap());
    names.iter().map(task).collect()
}

/// A machine with the tasks of one superstep.
struct Bench {
    graph: CompiledGraph<Log>,
    tasks: Vec<Task>,
    machine: Machine<Log>,
}

impl Bench {
    fn new(names: &[&str], limit: usize, on_failure: OnFailure) -> Self {
        let graph = graph();
        let tasks = tasks(&graph, names);
        let mut machine = Machine::new(limit, on_failure, 1);
        machine.load(&graph.topology, &tasks);
        Self { graph, tasks, machine }
    }

    fn poll(&mut self, now: Time) -> Action {
        self.machine.poll(&self.graph.topology, &self.tasks, now)
    }

    fn fail(&mut self, position: usize, now: Time) -> Reaction {
        let end = AttemptEnd::Failed(NodeError::new("no"));
        self.machine.finish(&self.graph.topology, &self.tasks, position, end, now)
    }

    fn done(&mut self, position: usize) {
        let end = AttemptEnd::Done(Command::new());
        self.machine.finish(&self.graph.topology, &self.tasks, position, end, Time::ZERO);
    }
}

fn start(position: usize, attempt: u32) -> Action {
    Action::Start { position, attempt, timed_from: None }
}

#[test]
fn all_tasks_start_at_once_and_the_superstep_settles_with_the_last() {
    let mut bench = Bench::new(&["plain", "retried"], usize::MAX, OnFailure::Drain);
    assert_eq!([bench.poll(Time::ZERO), bench.poll(Time::ZERO)], [start(0, 1), start(1, 1)]);
    assert_eq!(bench.poll(Time::ZERO), Action::Wait { until: None });
    bench.done(1);
    assert_eq!(bench.poll(Time::ZERO), Action::Wait { until: None });
    bench.done(0);
    assert_eq!(bench.poll(Time::ZERO), Action::Settle);
    assert!(!bench.machine.wants_time(), "nothing here depends on the time");
}

#[test]
fn no_more_tasks_run_than_the_limit_allows() {
    let mut bench = Bench::new(&["plain", "plain", "plain"], 2, OnFailure::Drain);
    assert_eq!([bench.poll(Time::ZERO), bench.poll(Time::ZERO)], [start(0, 1), start(1, 1)]);
    assert_eq!(bench.poll(Time::ZERO), Action::Wait { until: None });
    bench.done(1);
    assert_eq!(bench.poll(Time::ZERO), start(2, 1));
}

#[test]
fn a_retry_starts_when_its_time_has_come_and_not_before() {
    let mut bench = Bench::new(&["retried", "plain"], usize::MAX, OnFailure::Drain);
    assert_eq!([bench.poll(Time::ZERO), bench.poll(Time::ZERO)], [start(0, 1), start(1, 1)]);
    let failed_at = 5 * SECOND;
    assert!(matches!(bench.fail(0, failed_at), Reaction::Retrying { pause, .. } if pause == SECOND));
    assert!(bench.machine.wants_time());
    assert_eq!(bench.poll(failed_at), Action::Wait { until: Some(6 * SECOND) });
    assert_eq!(bench.poll(6 * SECOND), start(0, 2));
    assert!(matches!(bench.fail(0, 7 * SECOND), Reaction::GaveUp));
    bench.done(1);
    assert_eq!(bench.poll(7 * SECOND), Action::Settle);
}

#[test]
fn the_timeouts_of_an_attempt_count_from_its_start() {
    let mut bench = Bench::new(&["timed"], usize::MAX, OnFailure::Drain);
    assert!(bench.machine.wants_time());
    let action = Action::Start { position: 0, attempt: 1, timed_from: Some(10 * SECOND) };
    assert_eq!(bench.poll(10 * SECOND), action);
}

#[test]
fn fail_fast_cancels_what_runs_and_starts_nothing_more() {
    let mut bench = Bench::new(&["plain", "timed", "retried"], 2, OnFailure::FailFast);
    bench.poll(Time::ZERO);
    bench.poll(Time::ZERO);
    bench.fail(0, Time::ZERO);
    assert_eq!(bench.poll(Time::ZERO), Action::CancelRunning);
    assert_eq!(bench.poll(Time::ZERO), Action::Settle);
}

fn wrote(graph: &CompiledGraph<Log>, name: &str, update: LogUpdate) -> TaskResult<Log> {
    let end = TaskEnd::Done(Command::from_update(update));
    TaskResult { node: graph.topology.number(name).unwrap(), end }
}

#[test]
fn two_writers_of_a_plain_field_conflict_in_the_step_that_runs() {
    let graph = graph();
    let frontier = Frontier { step: 3, ..Frontier::empty(&graph.topology) };
    let mut checkpoint = Checkpoint { state: Log::default(), frontier };
    let mut results = vec![
        wrote(&graph, "plain", Log::update().best(1).seen([1])),
        wrote(&graph, "retried", Log::update().seen([2])),
        wrote(&graph, "timed", Log::update().best(1)),
    ];
    let error = advance(&graph.topology, &mut checkpoint, &mut results).unwrap_err();
    let (first, second) = ("plain".to_owned(), "timed".to_owned());
    assert_eq!(error, StepError::Conflict { field: "best".to_owned(), first, second, step: 4 });
}

#[test]
fn reduced_fields_are_merged_in_the_order_of_the_tasks() {
    let graph = graph();
    let frontier = Frontier::empty(&graph.topology);
    let mut checkpoint = Checkpoint { state: Log::default(), frontier };
    let mut results = vec![
        wrote(&graph, "timed", Log::update().seen([1])),
        wrote(&graph, "plain", Log::update().seen([2]).best(9)),
    ];
    advance(&graph.topology, &mut checkpoint, &mut results).unwrap();
    assert_eq!(checkpoint.state, Log { best: 9, seen: vec![1, 2] });
    assert_eq!((checkpoint.frontier.step, checkpoint.frontier.next.len()), (1, 0));
}
