//! What one user can read, worked out once: for every table the query that stands in its place.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use sqlparser::ast::{BinaryOperator, Expr, ObjectName, ObjectNamePart, VisitMut, VisitorMut};

use super::lineage::{Column, Columns, Kind, Protection, Tag};
use super::source::{self, Origin, Shown, Source};
use super::{names, views};
use crate::dialect::Dialect;
use crate::fingerprint::Fingerprint;
use crate::guard::parse;
use crate::guard::policy::{
    Action, OtherTables, Parents, Policy, PolicyError, PolicyProblem, RowFilter, TableRules, User,
};
use crate::schema::{Schema, Table, TableKind};

/// What one user can read of one database.
#[derive(Debug)]
pub(crate) struct Access {
    /// The tables and columns that are there.
    pub(crate) visible: Arc<Schema>,
    /// The same as the user may know it.
    pub(crate) shown: Arc<Schema>,
    /// How each of them is read, by its name in lower case.
    pub(crate) sources: HashMap<String, Source>,
    /// All tables of the database, in lower case.
    pub(crate) all_tables: HashSet<String>,
    /// Of the policy and the user.
    pub(crate) fingerprint: Fingerprint,
    /// How much deeper a tree can be once the rules are in it.
    pub(crate) deepening: usize,
}

impl Access {
    pub(crate) fn new(
        policy: &Policy,
        user: &User,
        schema: &Schema,
        dialect: Dialect,
        namespace: &[String],
        definitions: &BTreeMap<String, String>,
    ) -> Result<Self, PolicyError> {
        policy.validate(schema, dialect)?;
        let maker = Maker { policy, user, schema, dialect, namespace };
        let all_tables = schema.tables.iter().map(|table| table.name.to_lowercase()).collect();
        let fingerprint = policy.fingerprint(user);
        let mut access = Self {
            visible: Arc::default(),
            shown: Arc::default(),
            sources: HashMap::new(),
            all_tables,
            fingerprint,
            deepening: 0,
        };
        let mut problems = Vec::new();
        for table in
            schema.tables.iter().filter(|table| table.kind == TableKind::Table && maker.is_there(table))
        {
            match maker.source(table, Reach::Listed) {
                Ok(source) => drop(access.sources.insert(table.name.to_lowercase(), source)),
                Err(error) => problems.extend(error.problems),
            }
        }
        if problems.is_empty() {
            views::add(&maker, &mut access, definitions, &mut problems);
        }
        if !problems.is_empty() {
            return Err(PolicyError { problems });
        }
        let visible = visible(schema, &access.sources);
        access.shown = Arc::new(shown(visible.clone(), &access.sources));
        access.visible = Arc::new(visible);
        access.deepening = deepening(&access.sources, dialect);
        Ok(access)
    }
}

/// The part of the schema that is there.
fn visible(schema: &Schema, sources: &HashMap<String, Source>) -> Schema {
    let mut visible = schema.clone();
    visible.tables.retain_mut(|table| {
        let Some(source) = sources.get(&table.name.to_lowercase()) else { return false };
        table.columns.retain(|column| source.columns.tag(&column.name).is_some());
        true
    });
    visible
}

/// What is there, without what it tells of rows, values and tables that are not. Where a query stands in the place of a table,
/// a look at the whole table tells of rows that may not be there.
fn shown(mut visible: Schema, sources: &HashMap<String, Source>) -> Schema {
    let there: HashMap<String, HashSet<String>> = visible
        .tables
        .iter()
        .map(|table| {
            let columns = table.columns.iter().map(|column| column.name.to_lowercase());
            (table.name.to_lowercase(), columns.collect())
        })
        .collect();
    for table in &mut visible.tables {
        // They can name columns that are not there.
        table.definition = None;
        table.partitioned_by = None;
        if sources.get(&table.name.to_lowercase()).is_some_and(|source| source.query.is_some()) {
            table.row_count = None;
            table.columns.iter_mut().for_each(|column| column.profile = None);
        }
        let has = |column: &String| table.columns.iter().any(|known| known.name.eq_ignore_ascii_case(column));
        if !table.primary_key.iter().all(has) {
            table.primary_key.clear();
        }
        table.unique_keys.retain(|key| key.iter().all(has));
        table.foreign_keys.retain(|key| {
            let target = there.get(&key.references.to_lowercase());
            let has_there =
                |column: &String| target.is_some_and(|names| names.contains(&column.to_lowercase()));
            key.columns.iter().all(has) && target.is_some() && key.referenced_columns.iter().all(has_there)
        });
        table.indexes.retain(|index| index.columns.iter().flatten().all(has));
    }
    visible
}

/// The most that a query in a table's place can deepen a tree by. One that cannot be read back makes no statement pass.
fn deepening(sources: &HashMap<String, Source>, dialect: Dialect) -> usize {
    let queries = sources.values().filter_map(|source| source.query.as_ref());
    let written = queries.filter_map(|query| parse::words(&query.to_string(), dialect).ok());
    written.map(|words| words.deepening()).max().unwrap_or(0)
}

/// Which columns of a table a query over it gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Those the policy lists.
    Listed,
    /// All, for a view, which says itself what it shows.
    Whole,
}

/// Makes the sources for one user.
pub(super) struct Maker<'a> {
    pub(super) policy: &'a Policy,
    pub(super) user: &'a User,
    pub(super) schema: &'a Schema,
    pub(super) dialect: Dialect,
    pub(super) namespace: &'a [String],
}

impl Maker<'_> {
    /// Whether a table is there for the user.
    pub(super) fn is_there(&self, table: &Table) -> bool {
        match self.policy.rules(&table.name) {
            Some(rules) => rules.readers.as_ref().is_none_or(|readers| self.user.is_one_of(readers)),
            None => self.policy.other_tables == OtherTables::Allow,
        }
    }

    pub(super) fn source(&self, table: &Table, reach: Reach) -> Result<Source, PolicyError> {
        let condition = self.condition(table, &mut Vec::new())?;
        let origin = Origin::Table(names::table(&table.name, self.namespace, self.dialect));
        self.source_of(table, reach, origin, condition, &Columns::default())
    }

    /// The query over a table or a view, of whose columns something may be known already.
    pub(super) fn source_of(
        &self,
        table: &Table,
        reach: Reach,
        origin: Origin,
        condition: Option<Expr>,
        known: &Columns,
    ) -> Result<Source, PolicyError> {
        let rules = self.policy.rules(&table.name);
        let listed = |name: &str| reach == Reach::Whole || rules.is_none_or(|rules| rules.has_column(name));
        let shown: Vec<Shown<'_>> = table
            .columns
            .iter()
            .filter(|column| listed(&column.name))
            .map(|column| self.shown(table, &column.name, rules, known))
            .collect();
        let mut words: Vec<String> = self.row_rules(table);
        let masked = shown.iter().filter_map(|shown| Some((shown.action?, &shown.column.name)));
        words.extend(masked.map(|(action, column)| format!("{}.{column}: {}", table.name, in_words(action))));
        let narrowed = condition.is_some()
            || shown.iter().any(|shown| shown.action.is_some())
            || rules.is_some_and(|rules| rules.columns.is_some());
        let is_view = matches!(origin, Origin::View { .. });
        let query = match narrowed || is_view {
            false => None,
            true => Some(source::query(origin, &shown, condition, self.dialect).map_err(|error| {
                PolicyProblem::View { view: table.name.clone(), reason: error.to_string() }
            })?),
        };
        let columns = Columns { list: shown.into_iter().map(|shown| shown.column).collect(), open: false };
        Ok(Source { table: table.name.clone(), query, columns, kind: table.kind, rules: words })
    }

    fn shown<'r>(
        &self,
        table: &Table,
        column: &str,
        rules: Option<&'r TableRules>,
        known: &Columns,
    ) -> Shown<'r> {
        let rule = rules
            .and_then(|rules| rules.protection(column))
            .filter(|rule| !self.user.is_one_of(&rule.unless));
        let kind = rule.map(|rule| match &rule.action {
            Action::Deny => Kind::Denied,
            Action::Aggregate { at_least } => Kind::Aggregate { at_least: *at_least },
            Action::Null | Action::Partial { .. } | Action::Hash { .. } => Kind::Masked,
        });
        let own = kind.map_or(Tag::Clear, |kind| {
            Tag::Protected(Arc::new(Protection { column: format!("{}.{column}", table.name), kind }))
        });
        let tag = known.tag(column).map_or(own.clone(), |tag| tag.or(&own));
        Shown { column: Column { name: column.to_owned(), tag }, action: rule.map(|rule| &rule.action) }
    }

    /// The conditions of a table and of the tables it refers to.
    pub(super) fn condition(
        &self,
        table: &Table,
        stack: &mut Vec<String>,
    ) -> Result<Option<Expr>, PolicyError> {
        let rules = self.policy.rules(&table.name);
        let mut conditions = Vec::new();
        for rule in rules.iter().flat_map(|rules| &rules.rows) {
            if !self.user.is_one_of(&rule.unless) {
                conditions.push(self.bound(table, &rule.keep)?);
            }
        }
        stack.push(table.name.to_lowercase());
        if rules.is_none_or(|rules| rules.parents == Parents::Follow) {
            for key in &table.foreign_keys {
                let Some(parent) = self.schema.table(&key.references) else { continue };
                if stack.contains(&parent.name.to_lowercase()) {
                    continue;
                }
                if let Some(condition) = self.condition(parent, stack)? {
                    let there = match key.referenced_columns.is_empty() {
                        true => &parent.primary_key,
                        false => &key.referenced_columns,
                    };
                    conditions.push(self.of_parent(parent, there, &key.columns, condition)?);
                }
            }
        }
        stack.pop();
        Ok(conditions.into_iter().map(|condition| Expr::Nested(Box::new(condition))).reduce(|left, right| {
            Expr::BinaryOp { left: Box::new(left), op: BinaryOperator::And, right: Box::new(right) }
        }))
    }

    /// `columns IN (SELECT there FROM parent WHERE condition)`.
    fn of_parent(
        &self,
        parent: &Table,
        there: &[String],
        columns: &[String],
        condition: Expr,
    ) -> Result<Expr, PolicyError> {
        let shown: Vec<Shown<'_>> = there
            .iter()
            .map(|name| Shown { column: Column { name: name.clone(), tag: Tag::Clear }, action: None })
            .collect();
        let origin = Origin::Table(names::table(&parent.name, self.namespace, self.dialect));
        let subquery = source::query(origin, &shown, Some(condition), self.dialect)
            .map_err(|error| PolicyProblem::View { view: parent.name.clone(), reason: error.to_string() })?;
        let mut here: Vec<Expr> =
            columns.iter().map(|column| Expr::Identifier(names::ident(column, self.dialect))).collect();
        let expr = if here.len() == 1 { here.remove(0) } else { Expr::Tuple(here) };
        Ok(Expr::InSubquery { expr: Box::new(expr), subquery: Box::new(subquery), negated: false })
    }

    /// A condition with the user's attributes, and with the names of tables in it written so that they mean tables.
    fn bound(&self, table: &Table, written: &str) -> Result<Expr, PolicyError> {
        let problem = |reason| PolicyProblem::Condition {
            table: table.name.clone(),
            condition: written.to_owned(),
            reason,
        };
        let filter = RowFilter::parse(written, self.dialect).map_err(problem)?;
        if let Some(attribute) =
            filter.attributes().into_iter().find(|name| self.user.attribute(name).is_none())
        {
            return Err(PolicyProblem::MissingAttribute {
                table: table.name.clone(),
                condition: written.to_owned(),
                attribute,
                user: self.user.id.clone(),
            }
            .into());
        }
        let mut condition = filter.bound_to(self.user, self.dialect).map_err(problem)?;
        let _: ControlFlow<()> = condition.visit(&mut Qualify { maker: self });
        Ok(condition)
    }

    fn row_rules(&self, table: &Table) -> Vec<String> {
        let rules = self.policy.rules(&table.name);
        let own =
            rules.iter().flat_map(|rules| &rules.rows).filter(|rule| !self.user.is_one_of(&rule.unless));
        let mut words: Vec<String> =
            own.map(|rule| format!("{}: only rows with {:?}", table.name, rule.keep)).collect();
        if rules.is_none_or(|rules| rules.parents == Parents::Follow) {
            let parents = table.foreign_keys.iter().filter(|key| {
                !key.references.eq_ignore_ascii_case(&table.name)
                    && self.policy.restricts(
                        &key.references,
                        self.user,
                        self.schema,
                        &mut vec![table.name.clone()],
                    )
            });
            words.extend(
                parents.map(|key| {
                    format!("{}: only rows whose row of {:?} is there", table.name, key.references)
                }),
            );
        }
        words
    }
}

/// Writes the tables of a condition with their namespace, so that a name in a statement cannot take their place.
struct Qualify<'a> {
    maker: &'a Maker<'a>,
}

impl VisitorMut for Qualify<'_> {
    type Break = ();

    fn pre_visit_relation(&mut self, relation: &mut ObjectName) -> ControlFlow<()> {
        if let [ObjectNamePart::Identifier(name)] = relation.0.as_slice()
            && let Some(table) = self.maker.schema.table(&name.value)
        {
            *relation = names::table(&table.name, self.maker.namespace, self.maker.dialect);
        }
        ControlFlow::Continue(())
    }
}

fn in_words(action: &Action) -> String {
    match action {
        Action::Deny => "denied".to_owned(),
        Action::Null => "shown as NULL".to_owned(),
        Action::Partial { .. } => "masked".to_owned(),
        Action::Hash { .. } => "hashed".to_owned(),
        Action::Aggregate { at_least } => format!("only over at least {at_least} values"),
    }
}
