//! What must hold for every random graph, whatever happens to its runs.

use std::collections::BTreeSet;
use std::env;

use medha_graph::prelude::*;
use medha_graph::store::retention::Retention;
use medha_graph::store::{CheckpointErrorKind, TaskProgress};
use medha_graph::testing::{Crash, Faults, Simulation};
use medha_graph::{Durability, Input, InterruptId, RunError};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestCaseResult, TestRng, TestRunner};

use super::plan::{Plan, plans};
use super::state::{Fields, Mix};

/// Graphs that are drawn unless `MEDHA_SEEDS` says otherwise.
const CASES: u32 = 2_000;
/// How often a run is taken up again before it counts as stuck.
const PATIENCE: u32 = 400;

/// How a thread ended: its state, or why it failed.
type End = Result<Mix, String>;

#[test]
fn random_graphs_keep_every_promise() {
    keep_every_promise(0);
}

/// The other half, so that two cores are busy.
#[test]
fn more_random_graphs_keep_every_promise() {
    keep_every_promise(1);
}

fn keep_every_promise(half: u64) {
    let number = |name: &str, default: u64| env::var(name).map_or(default, |text| text.parse().unwrap());
    let (cases, first) = (number("MEDHA_SEEDS", CASES.into()).div_ceil(2), number("MEDHA_FIRST_SEED", 1));
    let seed = first.wrapping_mul(2).wrapping_add(half);
    let config = Config { cases: cases.try_into().unwrap(), failure_persistence: None, ..Config::default() };
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let coverage = std::cell::RefCell::new(Coverage::default());
    let result =
        runner.run(&(plans(), 0..u64::MAX), |(plan, seed)| check(&plan, seed, &mut coverage.borrow_mut()));
    if let Err(error) = result {
        panic!("with MEDHA_FIRST_SEED={first}: {error}");
    }
    coverage.borrow().check(cases);
}

/// What happened in all cases: a property that nothing put to the test proves nothing.
#[derive(Debug, Default)]
struct Coverage {
    done: u64,
    failed: u64,
    asked: u64,
    effects: u64,
    crashes: u64,
    lost_races: u64,
    joins: u64,
    pruned: u64,
    disturbed: u64,
}

impl Coverage {
    #[allow(clippy::print_stdout, reason = "whoever runs many seeds by hand reads it")]
    fn report(&self, cases: u64) {
        println!("{cases} graphs: {self:?}");
    }

    fn check(&self, cases: u64) {
        self.report(cases);
        if cases < 500 {
            return;
        }
        let Self { done, failed, asked, effects, crashes, lost_races, joins, pruned, disturbed } = self;
        for often in [done, failed, asked, effects, crashes, lost_races, joins, pruned, disturbed] {
            assert!(*often > cases / 50, "something hardly ever happened: {self:?}");
        }
    }
}

fn check(plan: &Plan, seed: u64, coverage: &mut Coverage) -> TestCaseResult {
    let mut rng = fastrand::Rng::with_seed(seed);
    let (graph, sink) = plan.build();
    let mut whole = Simulation::new(&graph, rng.u64(..), plan.faults());
    let end = play(&mut whole);
    each_task_wrote_once(&whole, &end)?;
    let expected = canonical(end);
    let effects = sink.all();
    note(coverage, &whole, &expected, effects.len());
    same(&sink.repeated(), &Vec::new(), "effects were done twice in an undisturbed run")?;
    same(&whole.misfits(), &Vec::new(), "the disk holds another state than the run had")?;

    in_another_order(plan, &whole, &expected, rng.u64(..))?;
    let durability = [Durability::Sync, Durability::Async, Durability::Exit][rng.usize(0..3)];
    after_a_crash(plan, durability, &whole, &expected, &effects, &mut rng, coverage)?;
    raced(plan, &expected, &effects, &mut rng, coverage)?;
    disturbed(plan, &expected, &effects, &mut rng, coverage)?;
    pruned(&mut whole, &mut rng, coverage)
}

/// The order of completion is seen nowhere: not in the state, not in a byte of what is stored.
fn in_another_order(plan: &Plan, whole: &Simulation<Mix>, expected: &End, seed: u64) -> TestCaseResult {
    let (graph, _) = plan.build();
    let mut other = Simulation::new(&graph, seed, plan.faults());
    same(&canonical(play(&mut other)), expected, "another order, another end")?;
    let stored = |simulation: &Simulation<Mix>| {
        serde_json::to_string(&(simulation.checkpoints(), simulation.progress())).unwrap()
    };
    same(&stored(&other), &stored(whole), "another order, other bytes")
}

/// A process dies before or after some storage call, and another goes on: nothing is lost, nothing done twice.
fn after_a_crash(
    plan: &Plan,
    durability: Durability,
    whole: &Simulation<Mix>,
    expected: &End,
    effects: &BTreeSet<String>,
    rng: &mut fastrand::Rng,
    coverage: &mut Coverage,
) -> TestCaseResult {
    let (graph, sink) = plan.build();
    let graph = graph.with_durability(durability);
    let call = rng.u64(0..whole.storage_calls().max(1));
    let crash = if rng.bool() { Crash::Before(call) } else { Crash::After(call) };
    let mut simulation = Simulation::new(&graph, rng.u64(..), plan.faults().crash(crash));
    let what = format!("{durability:?}, {crash:?}");
    let end = match try_play(&mut simulation) {
        Err(RunError::Checkpoint(error)) => {
            same(&error.kind, &CheckpointErrorKind::Storage, &what)?;
            coverage.crashes += 1;
            simulation.recover();
            play(&mut simulation)
        }
        // With fewer calls the crash may not have come.
        other => other.map_err(|error| error.to_string()),
    };
    same(&canonical(end), expected, &what)?;
    same(&simulation.misfits(), &Vec::new(), &what)?;
    same(&sink.all(), effects, &what)?;
    match durability {
        Durability::Sync | Durability::Async => same(&sink.repeated(), &Vec::new(), &what),
        // A run that is stored when it ends forgets with a crash which effects it had.
        Durability::Exit => Ok(()),
    }
}

/// Two processes run the thread at once, and one or both may die.
fn raced(
    plan: &Plan,
    expected: &End,
    effects: &BTreeSet<String>,
    rng: &mut fastrand::Rng,
    coverage: &mut Coverage,
) -> TestCaseResult {
    let (graph, sink) = plan.build();
    let dying = if rng.bool() { 0.0 } else { 0.05 };
    let mut simulation = Simulation::new(&graph, rng.u64(..), plan.faults().dying(dying));
    let mut inputs = [Fields::update().into(), Fields::update().into()];
    for _ in 0..rng.u32(1..=3) {
        let ends = simulation.race(inputs);
        for end in ends.into_iter().flatten() {
            if let Err(RunError::Checkpoint(error)) = end {
                prop_is(
                    matches!(error.kind, CheckpointErrorKind::Conflict { .. })
                        || error.to_string().contains("effect"),
                    &error.to_string(),
                )?;
                coverage.lost_races += 1;
            }
        }
        inputs = [next_input(&simulation), next_input(&simulation)];
    }
    simulation.leave_alone();
    same(&canonical(play(&mut simulation)), expected, "two processes at once")?;
    same(&simulation.misfits(), &Vec::new(), "two processes at once")?;
    same(&sink.all(), effects, "two processes at once")?;
    same(&sink.repeated(), &Vec::new(), "two processes at once")
}

/// Runs are drained and cancelled, again and again.
fn disturbed(
    plan: &Plan,
    expected: &End,
    effects: &BTreeSet<String>,
    rng: &mut fastrand::Rng,
    coverage: &mut Coverage,
) -> TestCaseResult {
    let durability = [Durability::Sync, Durability::Async, Durability::Exit][rng.usize(0..3)];
    let (graph, sink) = plan.build();
    let graph = graph.with_durability(durability);
    let faults = plan.faults().draining(0.2).cancelling(0.2);
    let mut simulation = Simulation::new(&graph, rng.u64(..), faults);
    let end = canonical(play(&mut simulation));
    coverage.disturbed += u64::from(simulation.runs() > 3);
    let what = format!("drained and cancelled, {durability:?}");
    same(&end, expected, &what)?;
    same(&simulation.misfits(), &Vec::new(), &what)?;
    same(&sink.all(), effects, &what)?;
    same(&sink.repeated(), &Vec::new(), &what)
}

/// Whatever is forgotten, what is kept can be read and is what it was.
fn pruned(whole: &mut Simulation<Mix>, rng: &mut fastrand::Rng, coverage: &mut Coverage) -> TestCaseResult {
    for _ in 0..2 {
        let last = rng.usize(1..=whole.checkpoints().len().max(1));
        let retention = Retention::last(last);
        let retention = if rng.bool() { retention.inputs() } else { retention };
        let head = whole.checkpoints().pop();
        let pruned = whole.prune(&retention).unwrap();
        coverage.pruned += u64::from(pruned.still_needed > 0);
        same(&whole.misfits(), &Vec::new(), &format!("{retention:?}"))?;
        same(&whole.checkpoints().pop().map(|kept| kept.id), &head.map(|head| head.id), "the head stays")?;
    }
    Ok(())
}

fn note(coverage: &mut Coverage, whole: &Simulation<Mix>, expected: &End, effects: usize) {
    coverage.done += u64::from(expected.is_ok());
    coverage.failed += u64::from(expected.is_err());
    coverage.effects += u64::from(effects > 0);
    let stored = whole.checkpoints();
    coverage.joins += u64::from(stored.iter().any(|checkpoint| !checkpoint.joins.is_empty()));
    coverage.asked += u64::from(whole.storage_calls() > stored.len() as u64 + effects as u64);
}

/// Runs until the thread is done or fails with nothing left to answer, whatever stops it on the way.
fn play(simulation: &mut Simulation<Mix>) -> End {
    try_play(simulation).map_err(|error| error.to_string())
}

fn try_play(simulation: &mut Simulation<Mix>) -> Result<Mix, RunError> {
    for _ in 0..PATIENCE {
        match simulation.run(next_input(simulation)) {
            Ok(Outcome::Done(mix)) => return Ok(mix),
            Ok(_) | Err(RunError::Cancelled { .. }) => {}
            Err(error @ RunError::Checkpoint(_)) => return Err(error),
            Err(error) if open(simulation).is_empty() => return Err(error),
            Err(_) => {}
        }
    }
    panic!("the run gets nowhere")
}

/// The questions nobody has answered, and the answers: numbers made of their text.
fn open(simulation: &Simulation<Mix>) -> Vec<(InterruptId, u64)> {
    let of_task = |task: &TaskProgress| {
        task.open().map(|open| (open.id, open.value.to_string().len() as u64)).collect::<Vec<_>>()
    };
    simulation.progress().tasks.iter().flat_map(of_task).collect()
}

/// What takes the thread up where it stands: an input, answers to what is open, or just on.
fn next_input(simulation: &Simulation<Mix>) -> Input<Mix> {
    if simulation.checkpoints().is_empty() {
        return Fields::update().into();
    }
    open(simulation).into_iter().fold(Resume::next(), |resume, (id, answer)| resume.and(id, answer)).into()
}

fn canonical(end: End) -> End {
    end.map(Mix::canonical)
}

/// No write is lost and none comes twice: each task that is stored as done has its line in the log.
fn each_task_wrote_once(whole: &Simulation<Mix>, end: &End) -> TestCaseResult {
    let Ok(mix) = end else { return Ok(()) };
    let lines: BTreeSet<&String> = mix.0.log.iter().collect();
    same(&lines.len(), &mix.0.log.len(), "a line came twice")?;
    let stored = whole.checkpoints();
    let writes = stored.iter().flat_map(|checkpoint| checkpoint.written.writes_to("log"));
    same(&writes.count(), &mix.0.log.len(), "a line is missing")
}

fn prop_is(is_so: bool, what: &str) -> TestCaseResult {
    if is_so { Ok(()) } else { Err(TestCaseError::fail(what.to_owned())) }
}

fn same<T: PartialEq + std::fmt::Debug>(found: &T, expected: &T, what: &str) -> TestCaseResult {
    if found == expected {
        return Ok(());
    }
    Err(TestCaseError::fail(format!("{what}:\n   found {found:?}\nexpected {expected:?}")))
}

#[test]
fn every_storage_error_is_an_error_of_the_run() {
    let mut runner = TestRunner::new_with_rng(
        Config { cases: 25, failure_persistence: None, ..Config::default() },
        TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]),
    );
    let result = runner.run(&(plans(), 0..u64::MAX), |(plan, seed)| {
        for durability in [Durability::Sync, Durability::Async, Durability::Exit] {
            let build =
                |faults: Faults| Simulation::new(&plan.build().0.with_durability(durability), seed, faults);
            let mut whole = build(plan.faults());
            let _ = play(&mut whole);
            for call in 0..whole.storage_calls() {
                for crash in [Crash::Before(call), Crash::After(call)] {
                    let mut simulation = build(plan.faults().crash(crash));
                    let end = try_play(&mut simulation);
                    let is_storage = matches!(
                        &end,
                        Err(RunError::Checkpoint(error)) if error.kind == CheckpointErrorKind::Storage
                    );
                    prop_is(is_storage, &format!("{durability:?}, {crash:?}: {end:?}"))?;
                }
            }
        }
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
}
