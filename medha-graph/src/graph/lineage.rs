//! What a graph was called and looked like before: renamed nodes and fields, and how an older state becomes today's.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};

use serde_json::{Map, Value};

use super::problem::BuildProblem;
use super::topology::nearest;
use crate::engine::name::Name;
use crate::engine::record::{Progress, StoredCheckpoint, StoredOutcome, StoredTask};
use crate::engine::superstep::panic_text;

/// Changes the fields of a state of one version into those of the next.
pub(crate) type Migration = Arc<dyn Fn(&mut Map<String, Value>) + Send + Sync>;

/// The earlier shapes of a graph.
#[derive(Clone, Default)]
pub(crate) struct Lineage {
    /// From a version to the one after it.
    pub(crate) migrations: Vec<(u32, Migration)>,
    /// From the old name to the new one.
    pub(crate) nodes: Vec<(String, String)>,
    pub(crate) fields: Vec<(String, String)>,
    /// That a checkpoint was written by another shape is logged once.
    noticed: Arc<OnceLock<()>>,
}

impl Lineage {
    /// Whether a state of this version can be brought to that one.
    pub(crate) fn reaches(&self, from: u32, to: u32) -> bool {
        (from..to).all(|version| self.migration(version).is_some())
    }

    /// Brings the fields of a state from one version to another, and gives them their names of today.
    pub(crate) fn migrate(&self, state: &mut Map<String, Value>, from: u32, to: u32) -> Result<(), String> {
        for version in from..to {
            let migration =
                self.migration(version).ok_or_else(|| format!("version {version} has no migration"))?;
            catch_unwind(AssertUnwindSafe(|| migration(state))).map_err(|panic| {
                format!("the migration from version {version} panicked: {}", panic_text(panic.as_ref()))
            })?;
        }
        for (old, new) in &self.fields {
            if let Some(value) = state.remove(old) {
                state.insert(new.clone(), value);
            }
        }
        Ok(())
    }

    /// The name a field has today.
    pub(crate) fn field<'a>(&'a self, name: &'a str) -> &'a str {
        today(&self.fields, name)
    }

    /// Gives the nodes of a stored checkpoint their names of today.
    pub(crate) fn rename(&self, stored: &mut StoredCheckpoint) {
        if self.nodes.is_empty() {
            return;
        }
        let name = |name: &mut Name| *name = Name::from(today(&self.nodes, name));
        let of_task = |task: &mut StoredTask| name(&mut task.node);
        stored.next.iter_mut().chain(&mut stored.deferred).for_each(of_task);
        for join in &mut stored.joins {
            name(&mut join.target);
            join.arrived.iter_mut().chain(&mut join.missing).for_each(name);
        }
    }

    /// The name a node has today.
    pub(crate) fn node<'a>(&'a self, name: &'a str) -> &'a str {
        today(&self.nodes, name)
    }

    /// The same for what tasks of an unfinished superstep wrote, and the targets they named.
    pub(crate) fn rename_progress(&self, progress: &mut Progress) {
        if self.nodes.is_empty() && self.fields.is_empty() {
            return;
        }
        let of_tasks = progress.tasks.iter_mut().filter_map(|task| task.outcome.as_mut());
        for outcome in of_tasks.chain(&mut progress.commands) {
            if let StoredOutcome::Done { goto, writes, .. } = outcome {
                writes
                    .iter_mut()
                    .for_each(|write| write.field = Name::from(today(&self.fields, &write.field)));
                goto.iter_mut().for_each(|(target, _)| *target = today(&self.nodes, target).to_owned());
            }
        }
    }

    /// Does this once for the graph.
    pub(crate) fn notice(&self, log: impl FnOnce()) {
        self.noticed.get_or_init(log);
    }

    fn migration(&self, from: u32) -> Option<&Migration> {
        self.migrations.iter().find(|(version, _)| *version == from).map(|(_, migration)| migration)
    }

    /// What is wrong with it.
    pub(crate) fn problems(&self, version: u32, nodes: &[&str], fields: &[&str]) -> Vec<BuildProblem> {
        let mut problems = Vec::new();
        let mut seen = BTreeSet::new();
        for (from, _) in &self.migrations {
            let mut bad = |reason: String| problems.push(BuildProblem::BadMigration { from: *from, reason });
            if !seen.insert(*from) {
                bad("it was added twice".to_owned());
            }
            if *from >= version {
                bad(format!("the graph has version {version}; a migration leads to a version up to that"));
            }
        }
        for (what, renames, names) in [("node", &self.nodes, nodes), ("field", &self.fields, fields)] {
            problems.extend(bad_renames(what, renames, names));
        }
        problems
    }
}

fn bad_renames(what: &'static str, renames: &[(String, String)], names: &[&str]) -> Vec<BuildProblem> {
    let mut problems = Vec::new();
    let mut seen = BTreeMap::new();
    for (old, new) in renames {
        let mut bad = |reason: String| {
            problems.push(BuildProblem::BadRename { what, old: old.clone(), new: new.clone(), reason });
        };
        let last = today(renames, old);
        if names.contains(&old.as_str()) {
            bad(format!("there is a {what} {old:?}"));
        } else if seen.insert(old, new).is_some() {
            bad(format!("{old:?} was renamed twice"));
        } else if !names.contains(&last) {
            let hint = nearest(last, names.iter().copied());
            let hint = hint.map(|name| format!("; did you mean {name:?}?")).unwrap_or_default();
            bad(format!("there is no {what} {last:?}{hint}"));
        }
    }
    problems
}

/// Follows renames; each is followed once, so that a circle ends.
fn today<'a>(renames: &'a [(String, String)], name: &'a str) -> &'a str {
    let mut name = name;
    for _ in renames {
        match renames.iter().find(|(old, _)| old == name) {
            Some((_, new)) => name = new,
            None => break,
        }
    }
    name
}

impl fmt::Debug for Lineage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let versions: Vec<u32> = self.migrations.iter().map(|(version, _)| *version).collect();
        f.debug_struct("Lineage")
            .field("migrations", &versions)
            .field("nodes", &self.nodes)
            .field("fields", &self.fields)
            .finish_non_exhaustive()
    }
}
