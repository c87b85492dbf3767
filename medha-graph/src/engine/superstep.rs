//! A superstep is a function: a checkpoint and what its tasks wrote give the next checkpoint.
//!
//! Results come in the order of the tasks, never in the order they finished, so the next checkpoint does not
//! depend on timing. On an error the checkpoint is spent: the caller goes back to the last one it stored.

use std::any::Any;
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use super::checkpoint::{Checkpoint, Task, TaskInput};
use super::record::Json;
use super::round::Round;
use crate::graph::edge::{END, START};
use crate::graph::topology::{NodeEntry, NodeIx, Outgoing, Topology, hint};
use crate::node::command::{Command, Goto};
use crate::node::sent::Sent;
use crate::state::{FieldSet, State, Update};

/// What one task of a superstep came to.
#[derive(Debug)]
pub(crate) struct TaskResult<S: State> {
    pub(crate) node: NodeIx,
    pub(crate) end: TaskEnd<S>,
}

#[derive(Debug)]
pub(crate) enum TaskEnd<S: State> {
    /// It wrote an update and perhaps named targets.
    Done(Command<S>),
    /// It failed, and these tasks take over.
    Handled(Vec<Task>),
}

/// Why a superstep has no next checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StepError {
    Conflict { field: String, first: String, second: String, step: u64 },
    Overwrites { field: String, first: String, second: String, step: u64 },
    Merge { field: String, node: String, step: u64, reason: String },
    Router { node: String, reason: String },
    UnknownTarget { node: String, target: String, hint: String },
}

/// Merges what the tasks wrote and works out what runs next. Empties `results` and keeps its space.
pub(crate) fn advance<S: State>(
    topology: &Topology<S>,
    checkpoint: &mut Checkpoint<S>,
    results: &mut Vec<TaskResult<S>>,
) -> Result<(), StepError> {
    let step = checkpoint.frontier.step + 1;
    merge_all(topology, checkpoint, results)?;
    checkpoint.frontier.step = step;
    checkpoint.frontier.next.clear();
    let mut queue = Queue::new(topology, checkpoint, results.len());
    for result in results.drain(..) {
        let node = topology.node(result.node);
        match result.end {
            TaskEnd::Handled(tasks) => tasks.into_iter().for_each(|task| queue.plan(task)),
            TaskEnd::Done(command) => {
                let goto = command.into_parts().1.into_parts().map(|(_, goto)| goto);
                queue.take_over(node, goto.unwrap_or_default())?;
            }
        }
    }
    queue.release();
    Ok(())
}

/// Merges what the tasks wrote, and works nothing else out. Empties the updates of `results`.
pub(crate) fn merge_all<S: State>(
    topology: &Topology<S>,
    checkpoint: &mut Checkpoint<S>,
    results: &mut [TaskResult<S>],
) -> Result<(), StepError> {
    let step = checkpoint.frontier.step + 1;
    if results.len() > 1 {
        check_conflicts(topology, results, step)?;
        let_overwrites_win(topology, results, step)?;
    }
    if !topology.ephemeral.is_empty() {
        let commands = results.iter().filter_map(|result| match &result.end {
            TaskEnd::Done(command) => Some(command.written(&topology.fields)),
            TaskEnd::Handled(_) => None,
        });
        clear_ephemeral(topology, checkpoint, commands.fold(FieldSet::EMPTY, FieldSet::or));
    }
    for result in results.iter_mut() {
        if let TaskEnd::Done(command) = &mut result.end {
            let node = topology.name_of(result.node);
            for update in command.updates_mut() {
                merge(&mut checkpoint.state, std::mem::take(update), node, step)?;
            }
        }
    }
    Ok(())
}

/// The same as [`advance`] for the only task of a superstep, which cannot conflict with anything.
#[inline]
pub(crate) fn advance_one<S: State>(
    topology: &Topology<S>,
    checkpoint: &mut Checkpoint<S>,
    command: Command<S>,
) -> Result<(), StepError> {
    let step = checkpoint.frontier.step + 1;
    let Some(task) = checkpoint.frontier.next.pop() else { return Ok(()) };
    let node = topology.node(task.node);
    if !topology.ephemeral.is_empty() {
        clear_ephemeral(topology, checkpoint, command.written(&topology.fields));
    }
    let (update, rest) = command.into_parts();
    merge(&mut checkpoint.state, update, &node.name, step)?;
    let mut targets = Vec::new();
    if let Some((more, goto)) = rest.into_parts() {
        targets = goto;
        for update in more {
            merge(&mut checkpoint.state, update, &node.name, step)?;
        }
    }
    checkpoint.frontier.step = step;
    let mut queue = Queue::new(topology, checkpoint, 1);
    queue.take_over(node, targets)?;
    queue.release();
    Ok(())
}

/// Merges the input of a run and starts at the first edges.
pub(crate) fn begin<S: State>(
    topology: &Topology<S>,
    checkpoint: &mut Checkpoint<S>,
    input: S::Update,
) -> Result<(), StepError> {
    if !topology.ephemeral.is_empty() {
        clear_ephemeral(topology, checkpoint, input.written(&topology.fields));
    }
    merge(&mut checkpoint.state, input, START, checkpoint.frontier.step)?;
    checkpoint.frontier.next.clear();
    let mut queue = Queue::new(topology, checkpoint, 1);
    queue.follow(START, &topology.start)?;
    queue.release();
    Ok(())
}

/// Merges what comes from outside between two supersteps, and plans its targets besides what is planned.
pub(crate) fn amend<S: State>(
    topology: &Topology<S>,
    checkpoint: &mut Checkpoint<S>,
    command: Command<S>,
) -> Result<(), StepError> {
    let written = command.written(&topology.fields).and(topology.ephemeral);
    checkpoint.frontier.live = checkpoint.frontier.live.or(written);
    let (update, rest) = command.into_parts();
    let (more, targets) = rest.into_parts().unwrap_or_default();
    for update in std::iter::once(update).chain(more) {
        merge(&mut checkpoint.state, update, START, checkpoint.frontier.step)?;
    }
    let start: Arc<str> = Arc::from(START);
    let mut queue = Queue::new(topology, checkpoint, 1);
    for goto in targets {
        queue.goto(&start, goto)?;
    }
    queue.release();
    Ok(())
}

fn check_conflicts<S: State>(
    topology: &Topology<S>,
    results: &[TaskResult<S>],
    step: u64,
) -> Result<(), StepError> {
    let written = |result: &TaskResult<S>| match &result.end {
        TaskEnd::Done(command) => command.written(&topology.fields).and(topology.exclusive),
        TaskEnd::Handled(_) => FieldSet::EMPTY,
    };
    let mut before = FieldSet::EMPTY;
    for result in results {
        let mine = written(result);
        if let Some(field) = mine.and(before).first() {
            let mut one = FieldSet::EMPTY;
            one.insert(field);
            let first = results.iter().find(|earlier| !written(earlier).and(one).is_empty());
            let name = |result: &TaskResult<S>| topology.name_of(result.node).to_string();
            return Err(StepError::Conflict {
                field: topology.fields[field].name.to_string(),
                first: first.map(name).unwrap_or_default(),
                second: name(result),
                step,
            });
        }
        before = before.or(mine);
    }
    Ok(())
}

/// An overwrite stands alone: other writes of its field do not count, and a second overwrite is a conflict.
fn let_overwrites_win<S: State>(
    topology: &Topology<S>,
    results: &mut [TaskResult<S>],
    step: u64,
) -> Result<(), StepError> {
    let fields = &topology.fields;
    let overwritten = |result: &TaskResult<S>| match &result.end {
        TaskEnd::Done(command) => {
            command.updates().map(|update| update.overwritten(fields)).fold(FieldSet::EMPTY, FieldSet::or)
        }
        TaskEnd::Handled(_) => FieldSet::EMPTY,
    };
    let mut by: Vec<(FieldSet, usize)> = Vec::new();
    let mut all = FieldSet::EMPTY;
    for (index, result) in results.iter().enumerate() {
        let mine = overwritten(result);
        if let Some(field) = mine.and(all).first() {
            let first = by.iter().find(|(set, _)| set.contains(field)).map_or(index, |(_, first)| *first);
            let name = |index: usize| topology.name_of(results[index].node).to_string();
            let field = fields[field].name.to_string();
            return Err(StepError::Overwrites { field, first: name(first), second: name(index), step });
        }
        if !mine.is_empty() {
            all = all.or(mine);
            by.push((mine, index));
        }
    }
    if all.is_empty() {
        return Ok(());
    }
    for (index, result) in results.iter_mut().enumerate() {
        let mine = by.iter().find(|(_, by)| *by == index).map_or(FieldSet::EMPTY, |(set, _)| *set);
        if let TaskEnd::Done(command) = &mut result.end {
            for update in command.updates_mut() {
                all.minus(mine).positions().for_each(|position| update.forget(position, fields));
            }
        }
    }
    Ok(())
}

/// Clears the ephemeral fields that the superstep before wrote.
fn clear_ephemeral<S: State>(topology: &Topology<S>, checkpoint: &mut Checkpoint<S>, written: FieldSet) {
    for position in checkpoint.frontier.live.positions() {
        checkpoint.state.clear_field(position);
    }
    checkpoint.frontier.live = written.and(topology.ephemeral);
}

#[inline]
fn merge<S: State>(state: &mut S, update: S::Update, node: &str, step: u64) -> Result<(), StepError> {
    let refused = |field: &str, reason: String| StepError::Merge {
        field: field.to_owned(),
        node: node.to_owned(),
        step,
        reason,
    };
    match catch_unwind(AssertUnwindSafe(|| state.apply(update))) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(refused(error.field(), error.reason().to_owned())),
        Err(panic) => Err(refused("?", format!("a reducer panicked: {}", panic_text(panic.as_ref())))),
    }
}

/// The next superstep while it is collected.
struct Queue<'a, S: State> {
    topology: &'a Topology<S>,
    state: &'a S,
    tasks: &'a mut Vec<Task>,
    joins: &'a mut Vec<Round>,
    deferred: &'a mut Vec<Task>,
    /// Nodes already queued without a payload; a list is faster until there are many.
    queued: Option<HashSet<NodeIx>>,
}

impl<'a, S: State> Queue<'a, S> {
    #[inline]
    fn new(topology: &'a Topology<S>, checkpoint: &'a mut Checkpoint<S>, sources: usize) -> Self {
        let frontier = &mut checkpoint.frontier;
        Self {
            topology,
            state: &checkpoint.state,
            tasks: &mut frontier.next,
            joins: &mut frontier.joins,
            deferred: &mut frontier.deferred,
            queued: (sources > 8).then(HashSet::new),
        }
    }

    #[inline]
    fn take_over(&mut self, node: &NodeEntry<S>, targets: Vec<Goto>) -> Result<(), StepError> {
        for goto in targets {
            self.goto(&node.name, goto)?;
        }
        self.follow(&node.name, &node.out)
    }

    #[inline]
    fn follow(&mut self, name: &str, out: &Outgoing<S>) -> Result<(), StepError> {
        for target in &out.direct {
            self.reach(*target);
        }
        for (join, position) in &out.joins {
            self.arrive(*join, *position);
        }
        for router in &out.routers {
            let mut problem = None;
            let state = self.state;
            let choose = AssertUnwindSafe(|| {
                (router.pick)(state, &mut |choice| match router.targets.get(choice.index) {
                    Some(target) => self.choose(*target, choice.payload, &mut problem),
                    None => problem = Some(format!("it chose target {}, and there is none", choice.index)),
                });
            });
            let panicked =
                catch_unwind(choose).err().map(|panic| format!("it panicked: {}", panic_text(&*panic)));
            if let Some(reason) = panicked.or(problem) {
                return Err(StepError::Router { node: name.to_owned(), reason });
            }
        }
        Ok(())
    }

    #[inline]
    fn choose(&mut self, target: Option<NodeIx>, payload: Option<Box<Sent>>, problem: &mut Option<String>) {
        let Some(node) = target else { return };
        let Some(sent) = payload else { return self.reach(node) };
        match sent.payload {
            Ok(payload) => self.send(node, payload, sent.timeout),
            Err(error) => *problem = Some(format!("its payload cannot be written as JSON: {error}")),
        }
    }

    fn goto(&mut self, node: &Arc<str>, goto: Goto) -> Result<(), StepError> {
        let target = goto.target;
        match (self.topology.number(&target), goto.payload) {
            (Some(number), None) => self.reach(number),
            (Some(number), Some(payload)) => self.send(number, payload, goto.timeout),
            (None, _) if target == END => {}
            (None, _) => {
                let names = self.topology.nodes.iter().map(|entry| &*entry.name);
                let node = node.to_string();
                return Err(StepError::UnknownTarget { node, hint: hint(&target, names), target });
            }
        }
        Ok(())
    }

    fn send(&mut self, node: NodeIx, payload: Json, timeout: Option<Duration>) {
        self.plan(Task::given(node, TaskInput::Payload(payload), timeout));
    }

    /// Queues a task, or lets it wait if its node is deferred.
    fn plan(&mut self, task: Task) {
        if self.topology.node(task.node).config.is_deferred {
            self.deferred.push(task);
        } else {
            self.tasks.push(task);
        }
    }

    /// Queues a node once, however many edges lead to it.
    #[inline]
    fn reach(&mut self, node: NodeIx) {
        let is_same = |task: &Task| task.node == node && matches!(task.input(), TaskInput::State);
        if self.topology.node(node).config.is_deferred {
            if !self.deferred.iter().any(is_same) {
                self.deferred.push(Task::new(node));
            }
            return;
        }
        let is_new = match &mut self.queued {
            Some(queued) => queued.insert(node),
            None => !self.tasks.iter().any(is_same),
        };
        if is_new {
            self.tasks.push(Task::new(node));
        }
    }

    fn arrive(&mut self, join: usize, position: usize) {
        let entry = &self.topology.joins[join];
        if self.joins[join].arrive(position, entry.needed) {
            self.reach(entry.target);
        }
    }

    /// Lets the tasks of deferred nodes run if nothing else will.
    #[inline]
    fn release(self) {
        if self.tasks.is_empty() {
            self.tasks.append(self.deferred);
        }
    }
}

/// What a panic said.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned())
}
