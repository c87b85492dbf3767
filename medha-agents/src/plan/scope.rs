//! Which tables a query reads, under which aliases, and how they are joined.
//!
//! Joins are made as fields are asked for, so a query joins only what it needs. A row that refers to nothing is
//! left out when what it refers to is shown, grouped by or filtered on (there is nothing to show it under), and
//! kept when what it refers to is merely part of a number (`LEFT JOIN`), so that sums stay whole.
//! Conditions on the many side of the rows become `IN` or `EXISTS`, so that they never multiply rows.

use std::collections::BTreeSet;

use super::analysis::FieldRef;
use super::context::Context;
use super::error::CompileError;
use super::path::{Path, Step};
use super::select::{Select, nested};
use crate::semantic::{Dataset, JoinType};

/// What happens to rows that a join finds nothing for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unmatched {
    /// They are left out.
    Drop,
    /// They are kept.
    Keep,
}

/// A table in a query.
#[derive(Debug)]
struct Instance<'a> {
    dataset: &'a Dataset,
    alias: String,
    /// The steps from the root of its frame.
    path: Path,
    parent: usize,
    unmatched: Unmatched,
}

/// The tables of one `SELECT`.
#[derive(Debug)]
struct Frame<'a> {
    /// The steps from the root of the outermost frame to this frame's root.
    prefix: Path,
    instances: Vec<Instance<'a>>,
}

/// The tables of a query and of the `EXISTS` around the place that is being written.
#[derive(Debug)]
pub(super) struct Scope<'a> {
    pub(super) context: &'a Context<'a>,
    frames: Vec<Frame<'a>>,
    /// The dataset that ways start from, and the steps to it.
    origins: Vec<(String, Path)>,
    taken: BTreeSet<String>,
    /// What the plan is about: related rows belong to it.
    pub(super) subject: String,
    /// What joins made from here on do with unmatched rows.
    pub(super) unmatched: Unmatched,
}

impl<'a> Scope<'a> {
    /// A query over the rows of a dataset.
    pub(super) fn new(context: &'a Context<'a>, root: &str) -> Result<Self, CompileError> {
        let dataset = context.dataset(root)?;
        let mut scope = Self {
            context,
            frames: Vec::new(),
            origins: vec![(root.to_owned(), Vec::new())],
            taken: BTreeSet::new(),
            subject: root.to_owned(),
            unmatched: Unmatched::Drop,
        };
        scope.push_frame(dataset, Vec::new());
        Ok(scope)
    }

    /// The alias of the root.
    pub(super) fn root(&self) -> (&'a Dataset, &str) {
        let root = &self.frames[0].instances[0];
        (root.dataset, &root.alias)
    }

    /// Whether a row of the root may stand in several rows of the query.
    pub(super) fn is_multiplied(&self) -> bool {
        self.multipliers().next().is_some()
    }

    /// The joins that multiply rows: the step taken and the path to its end.
    pub(super) fn multipliers(&self) -> impl Iterator<Item = &Path> {
        let instances = self.frames[0].instances.iter();
        instances.map(|instance| &instance.path).filter(|path| path.last().is_some_and(|step| !step.forward))
    }

    /// The steps from the root to every table of the outermost query.
    pub(super) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.frames[0].instances.iter().map(|instance| &instance.path)
    }

    /// The way to a field's dataset from the root of the outermost frame.
    pub(super) fn way(&self, field: &FieldRef) -> Result<Path, CompileError> {
        self.way_to(&field.dataset, field.via.as_deref())
    }

    pub(super) fn way_to(&self, dataset: &str, via: Option<&str>) -> Result<Path, CompileError> {
        self.context.dataset(dataset)?;
        let Some((origin, head)) = self.origins.last() else {
            return Err(CompileError::unsupported("a query without a root"));
        };
        match self.context.paths.find(origin, dataset, via) {
            Ok(tail) => Ok(join(head, &tail)),
            Err(error @ CompileError::Ambiguous { .. }) => {
                let ways = self.context.paths.ways(origin, dataset, via)?;
                let ways = ways.iter().map(|tail| join(head, tail)).collect();
                self.joined(dataset).or_else(|| self.nearest(ways)).ok_or(error)
            }
            Err(error) => Err(error),
        }
    }

    /// Of several ways the one that the query already goes furthest, or that leads over what the plan is about.
    fn nearest(&self, ways: Vec<Path>) -> Option<Path> {
        let instances = || {
            self.frames.iter().flat_map(|frame| {
                frame.instances.iter().map(|instance| [frame.prefix.as_slice(), &instance.path].concat())
            })
        };
        let shared = |way: &Path| {
            let taken = |length: &usize| instances().any(|known| known == way[..*length]);
            (1..=way.len()).take_while(taken).count()
        };
        let rank = |way: &Path| (shared(way), self.context.paths.passes(way, &self.subject));
        let best = ways.iter().map(rank).max()?;
        let mut winners = ways.into_iter().filter(|way| rank(way) == best);
        let winner = winners.next()?;
        winners.next().is_none().then_some(winner)
    }

    /// The way to rows that belong to the row the plan is about, and never to that row itself.
    pub(super) fn way_to_related(&self, dataset: &str) -> Result<Path, CompileError> {
        let root = self.root().0.name.as_str();
        let [_] = self.origins.as_slice() else { return self.way_to(dataset, None) };
        let head = if self.subject == root {
            Vec::new()
        } else {
            let head = self.context.paths.find(root, &self.subject, None).unwrap_or_default();
            if head.iter().all(|step| step.forward) { head } else { Vec::new() }
        };
        let from = if head.is_empty() { root } else { self.subject.as_str() };
        Ok(join(&head, &self.context.paths.find_related(from, dataset)?))
    }

    /// The way to the one table of a dataset that is joined already.
    fn joined(&self, dataset: &str) -> Option<Path> {
        let mut ways = self.frames.iter().flat_map(|frame| {
            let found = frame.instances.iter().filter(|instance| instance.dataset.name == dataset);
            found.map(|instance| [frame.prefix.as_slice(), &instance.path].concat())
        });
        let way = ways.next()?;
        ways.next().is_none().then_some(way)
    }

    /// The alias of the table at the end of a way, joined if it is not yet.
    pub(super) fn alias(&mut self, way: &[Step]) -> Result<String, CompileError> {
        let (frame, instance) = self.place(way)?;
        Ok(self.frames[frame].instances[instance].alias.clone())
    }

    /// The alias of a field's table.
    pub(super) fn alias_of(&mut self, field: &FieldRef) -> Result<String, CompileError> {
        let way = self.way(field)?;
        self.alias(&way)
    }

    /// The first steps of a way up to a step that would multiply rows and is not taken yet.
    pub(super) fn multiplying_part(&self, way: &[Step]) -> Option<Path> {
        let frame = &self.frames[self.frame_of(way)];
        let rest = &way[frame.prefix.len()..];
        let place = (0..rest.len()).find(|&place| {
            !rest[place].forward && !frame.instances.iter().any(|known| known.path == rest[..=place])
        })?;
        Some(way[..frame.prefix.len() + place + 1].to_vec())
    }

    /// `IN` or `EXISTS` over the rows at the end of a way whose last step goes to the many side.
    pub(super) fn exists(
        &mut self,
        way: &[Step],
        origin: Option<(String, Path)>,
        body: impl FnOnce(&mut Self) -> Result<Vec<String>, CompileError>,
    ) -> Result<String, CompileError> {
        let Some((last, head)) = way.split_last() else {
            return Err(CompileError::unsupported("rows cannot be related to themselves without a way"));
        };
        let outer = self.alias(head)?;
        let before = self.unmatched;
        self.unmatched = Unmatched::Drop;
        let dataset = self.context.dataset(self.context.paths.end(*last))?;
        self.push_frame(dataset, way.to_vec());
        let pushed = origin.is_some();
        self.origins.extend(origin);
        let member = self.membership(*last, head, &outer, dataset)?;
        let mut conditions = match &member {
            Some((_, key)) => {
                let given = format!("{key} IS NOT NULL");
                std::iter::once(given).chain(self.innermost_filter()?).collect()
            }
            None => vec![self.on(*last, &outer, dataset)?],
        };
        conditions.extend(body(self)?);
        if pushed {
            self.origins.pop();
        }
        let from = self.table_lines(self.frames.len() - 1)?;
        self.frames.pop();
        self.unmatched = before;
        let shown = member.as_ref().map_or("1", |(_, key)| key.as_str());
        let select = Select { items: vec![shown.to_owned()], from, filters: conditions, ..Select::default() };
        let rows = nested(&select.to_sql());
        Ok(match member {
            Some((own, _)) => format!("{own} IN {rows}"),
            None => format!("EXISTS {rows}"),
        })
    }

    /// The key outside and the key inside, where `IN` says the same as `EXISTS`: one column, never `NULL` outside.
    ///
    /// Databases gather the keys of an `IN` once, but look for an `EXISTS` row by row, which takes long where the
    /// reference has no index.
    fn membership(
        &self,
        step: Step,
        head: &[Step],
        outer: &str,
        dataset: &Dataset,
    ) -> Result<Option<(String, String)>, CompileError> {
        let relationship = self.context.paths.relationship(step);
        let ([near], [far]) = (relationship.to_columns.as_slice(), relationship.from_columns.as_slice())
        else {
            return Ok(None);
        };
        let owner = self.context.dataset(&relationship.to)?;
        let of_root = self.frames.iter().any(|frame| frame.prefix == head);
        if step.forward || !of_root || owner.primary_key != [near.clone()] {
            return Ok(None);
        }
        let inner = self.frames.last().map(|frame| frame.instances[0].alias.as_str()).unwrap_or_default();
        let own = self.context.field_or_column(owner, outer, near)?;
        Ok(Some((own, self.context.field_or_column(dataset, inner, far)?)))
    }

    /// The condition that the innermost root's own rows must meet.
    fn innermost_filter(&self) -> Result<Option<String>, CompileError> {
        match self.frames.last().and_then(|frame| frame.instances.first()) {
            Some(root) => self.row_filter(root.dataset, &root.alias),
            None => Ok(None),
        }
    }

    /// The tables of the outermost query, one line each.
    pub(super) fn from(&self) -> Result<Vec<String>, CompileError> {
        self.table_lines(0)
    }

    /// The conditions that the root's own rows must meet.
    pub(super) fn root_filter(&self) -> Result<Option<String>, CompileError> {
        let root = &self.frames[0].instances[0];
        self.row_filter(root.dataset, &root.alias)
    }

    fn row_filter(&self, dataset: &Dataset, alias: &str) -> Result<Option<String>, CompileError> {
        let filter = dataset.row_filter.as_ref();
        filter.map(|filter| self.context.condition_sql(filter, dataset, alias)).transpose()
    }

    fn push_frame(&mut self, dataset: &'a Dataset, prefix: Path) {
        let alias = self.new_alias(&dataset.name);
        let root = Instance { dataset, alias, path: Vec::new(), parent: 0, unmatched: Unmatched::Drop };
        self.frames.push(Frame { prefix, instances: vec![root] });
    }

    fn new_alias(&mut self, name: &str) -> String {
        let mut alias = name.to_owned();
        let mut number = 1;
        while !self.taken.insert(alias.to_lowercase()) {
            number += 1;
            alias = format!("{name}_{number}");
        }
        alias
    }

    fn frame_of(&self, way: &[Step]) -> usize {
        self.frames.iter().rposition(|frame| way.starts_with(&frame.prefix)).unwrap_or(0)
    }

    /// Finds or joins the table at the end of a way.
    fn place(&mut self, way: &[Step]) -> Result<(usize, usize), CompileError> {
        let frame = self.frame_of(way);
        let start = self.frames[frame].prefix.len();
        let rest = way[start..].to_vec();
        let mut here = 0;
        for length in 1..=rest.len() {
            let path = &rest[..length];
            let known = self.frames[frame].instances.iter().position(|instance| instance.path == path);
            let step = path[length - 1];
            here = match known {
                Some(known) => {
                    if self.unmatched == Unmatched::Drop && self.join_type(step).is_none() {
                        self.frames[frame].instances[known].unmatched = Unmatched::Drop;
                    }
                    known
                }
                None => {
                    let dataset = self.context.dataset(self.context.paths.end(step))?;
                    let alias = self.new_alias(&dataset.name);
                    let unmatched = match self.join_type(step) {
                        Some(JoinType::Left) => Unmatched::Keep,
                        Some(JoinType::Inner) => Unmatched::Drop,
                        None => self.unmatched,
                    };
                    let instance = Instance { dataset, alias, path: path.to_vec(), parent: here, unmatched };
                    self.frames[frame].instances.push(instance);
                    self.frames[frame].instances.len() - 1
                }
            };
        }
        Ok((frame, here))
    }

    fn join_type(&self, step: Step) -> Option<JoinType> {
        self.context.paths.relationship(step).join_type
    }

    fn table_lines(&self, frame: usize) -> Result<Vec<String>, CompileError> {
        let instances = &self.frames[frame].instances;
        let root = &instances[0];
        let mut lines = vec![self.context.table(root.dataset, &root.alias)];
        for instance in &instances[1..] {
            let Some(step) = instance.path.last() else { continue };
            let parent = &instances[instance.parent];
            let mut on = join_condition(self.context, *step, parent.dataset, &parent.alias, instance)?;
            if let Some(filter) = self.row_filter(instance.dataset, &instance.alias)? {
                on = format!("{on} AND ({filter})");
            }
            let word = match instance.unmatched {
                Unmatched::Drop => "JOIN",
                Unmatched::Keep => "LEFT JOIN",
            };
            let table = self.context.table(instance.dataset, &instance.alias);
            lines.push(format!("{word} {table} ON {on}"));
        }
        Ok(lines)
    }

    /// The condition that ties the innermost frame's root to the row outside.
    fn on(&self, step: Step, outer: &str, dataset: &'a Dataset) -> Result<String, CompileError> {
        let Some(frame) = self.frames.last() else {
            return Err(CompileError::unsupported("a query without a root"));
        };
        let relationship = self.context.paths.relationship(step);
        let parent = if step.forward { &relationship.from } else { &relationship.to };
        let parent = self.context.dataset(parent)?;
        let root = &frame.instances[0];
        let on = join_condition(self.context, step, parent, outer, root)?;
        Ok(match self.row_filter(dataset, &root.alias)? {
            Some(filter) => format!("{on} AND ({filter})"),
            None => on,
        })
    }
}

fn join_condition(
    context: &Context<'_>,
    step: Step,
    parent: &Dataset,
    parent_alias: &str,
    child: &Instance<'_>,
) -> Result<String, CompileError> {
    let relationship = context.paths.relationship(step);
    let (near, far) = if step.forward {
        (&relationship.from_columns, &relationship.to_columns)
    } else {
        (&relationship.to_columns, &relationship.from_columns)
    };
    let pairs: Result<Vec<String>, CompileError> = near
        .iter()
        .zip(far)
        .map(|(near, far)| {
            let near = context.field_or_column(parent, parent_alias, near)?;
            let far = context.field_or_column(child.dataset, &child.alias, far)?;
            Ok(format!("{near} = {far}"))
        })
        .collect();
    Ok(pairs?.join(" AND "))
}

/// A way after a way, without going out to the many side and straight back to the same row.
fn join(head: &[Step], tail: &[Step]) -> Path {
    let mut way = head.to_vec();
    for step in tail {
        match way.last() {
            Some(last) if last.relationship == step.relationship && !last.forward && step.forward => {
                way.pop();
            }
            _ => way.push(*step),
        }
    }
    way
}
