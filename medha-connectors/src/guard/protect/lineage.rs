//! What is known of a column on its way through a statement: whether it is protected, and how.

use std::sync::Arc;

use sqlparser::ast::{Ident, TableAlias};

use crate::guard::error::GuardError;

/// Whether a column can be used freely.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Tag {
    Clear,
    Protected(Arc<Protection>),
}

/// A protected column of the schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Protection {
    /// As `table.column`.
    pub(crate) column: String,
    pub(crate) kind: Kind,
}

/// How it is protected, the least strict first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Masked,
    Aggregate { at_least: u32 },
    Denied,
}

impl Tag {
    /// The stricter of two.
    pub(crate) fn or(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Clear, tag) | (tag, Self::Clear) => tag.clone(),
            (Self::Protected(a), Self::Protected(b)) => {
                Self::Protected(Arc::clone(if a.kind >= b.kind { a } else { b }))
            }
        }
    }

    /// Passes what can be used freely.
    pub(crate) fn free(&self) -> Result<(), GuardError> {
        match self {
            Self::Clear => Ok(()),
            Self::Protected(protection) => Err(protection.misused()),
        }
    }

    /// Passes what can be shown.
    pub(crate) fn shown(&self) -> Result<(), GuardError> {
        match self {
            Self::Protected(protection) if protection.kind != Kind::Masked => Err(protection.misused()),
            Self::Clear | Self::Protected(_) => Ok(()),
        }
    }
}

impl Protection {
    pub(crate) fn misused(&self) -> GuardError {
        let reason = match self.kind {
            Kind::Masked => {
                "is masked: it can be selected as it is, counted and tested for NULL, nothing else".to_owned()
            }
            Kind::Denied => "cannot be read: it can be counted and tested for NULL, nothing else".to_owned(),
            Kind::Aggregate { at_least } => format!(
                "is only shown as the sum or average of at least {at_least} different values, where its table stands \
                 alone in FROM"
            ),
        };
        GuardError::ProtectedColumn { column: self.column.clone(), reason }
    }
}

/// A column under the name it has somewhere.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) tag: Tag,
}

/// The columns of a relation.
#[derive(Debug, Clone, Default)]
pub(crate) struct Columns {
    pub(crate) list: Vec<Column>,
    /// Whether there are others, or in other places, as with table functions; those are free.
    pub(crate) open: bool,
}

impl Columns {
    /// Columns that cannot be known and are free.
    pub(crate) fn unknown() -> Self {
        Self { list: Vec::new(), open: true }
    }

    pub(crate) fn all_free(&self) -> Result<(), GuardError> {
        self.list.iter().try_for_each(|column| column.tag.free())
    }

    /// What all columns of a name are together.
    pub(crate) fn tag(&self, name: &str) -> Option<Tag> {
        let named = self.list.iter().filter(|column| column.name.eq_ignore_ascii_case(name));
        named.map(|column| column.tag.clone()).reduce(|a, b| a.or(&b))
    }

    /// The columns under the names an alias gives them, place by place.
    pub(crate) fn renamed(mut self, alias: Option<&TableAlias>) -> Result<Self, GuardError> {
        let Some(alias) = alias.filter(|alias| !alias.columns.is_empty()) else { return Ok(self) };
        self.in_places()?;
        for (index, name) in alias.columns.iter().enumerate() {
            let name = name.name.value.clone();
            match self.list.get_mut(index) {
                Some(column) => column.name = name,
                None => self.list.push(Column { name, tag: Tag::Clear }),
            }
        }
        Ok(self)
    }

    /// Passes columns whose places are known, or do not matter.
    pub(crate) fn in_places(&self) -> Result<(), GuardError> {
        if self.open { self.all_free() } else { Ok(()) }
    }

    /// Both sides of `UNION ALL`, place by place, under the names of the first.
    pub(crate) fn beside(self, other: &Self) -> Result<Self, GuardError> {
        self.in_places()?;
        other.in_places()?;
        let mut columns = self;
        columns.open |= other.open;
        for (index, column) in other.list.iter().enumerate() {
            match columns.list.get_mut(index) {
                Some(first) => first.tag = first.tag.or(&column.tag),
                None => columns.list.push(column.clone()),
            }
        }
        Ok(columns)
    }
}

/// A table, view, subquery or common table expression under the name it has in a query.
#[derive(Debug, Clone)]
pub(crate) struct Relation {
    pub(crate) name: String,
    pub(crate) columns: Columns,
    /// Whether it is a table of the schema.
    pub(crate) kind: RelationKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RelationKind {
    /// A table that is read as it is.
    Table,
    /// A query in the place of a table, a row for each of its rows.
    Restricted,
    /// Anything else.
    Derived,
}

/// Common table expressions in reach, the innermost last.
pub(crate) type Ctes = Vec<(String, Columns)>;

/// The relations of one `SELECT`, and those around it.
#[derive(Debug, Default)]
pub(crate) struct Scope<'a> {
    pub(crate) relations: Vec<Relation>,
    /// The columns of the `SELECT` itself, for what may name them.
    pub(crate) outputs: Vec<Column>,
    pub(crate) around: Option<&'a Self>,
}

/// What a name means.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) tag: Tag,
    /// Whether it is a column of the one table in this `FROM`.
    pub(crate) of_lone_table: bool,
}

impl<'a> Scope<'a> {
    pub(crate) fn within(around: Option<&'a Self>) -> Self {
        Self { relations: Vec::new(), outputs: Vec::new(), around }
    }

    /// Adds a relation under a name of its own.
    pub(crate) fn add(&mut self, relation: Relation) -> Result<(), GuardError> {
        let is_same = |other: &Relation| other.name.eq_ignore_ascii_case(&relation.name);
        if !relation.name.is_empty() && self.relations.iter().any(is_same) {
            let name = &relation.name;
            return Err(GuardError::not_allowed(format!(
                "the same name {name:?} for two tables of one FROM"
            )));
        }
        self.relations.push(relation);
        Ok(())
    }

    fn outward(&self) -> impl Iterator<Item = &Scope<'a>> {
        std::iter::successors(Some(self), |scope| scope.around)
    }

    fn lone_table(&self) -> bool {
        matches!(self.relations.as_slice(), [relation] if relation.kind == RelationKind::Restricted)
    }

    /// A column without a table: the strictest of all it could mean.
    pub(crate) fn column(&self, name: &Ident) -> Result<Found, GuardError> {
        let mut tag: Option<Tag> = None;
        let mut open = false;
        for (distance, scope) in self.outward().enumerate() {
            let outputs = scope.outputs.iter().filter(|column| column.name.eq_ignore_ascii_case(&name.value));
            let of_relations =
                scope.relations.iter().filter_map(|relation| relation.columns.tag(&name.value));
            let of_tables = of_relations.reduce(|a, b| a.or(&b));
            let certain = of_tables.is_some();
            let of_lone_table = distance == 0 && certain && !open && scope.lone_table();
            for found in of_tables.into_iter().chain(outputs.map(|column| column.tag.clone())) {
                tag = Some(tag.map_or(found.clone(), |tag| tag.or(&found)));
            }
            if let (true, Some(tag)) = (certain, &tag) {
                return Ok(Found { tag: tag.clone(), of_lone_table });
            }
            open |= scope.relations.iter().any(|relation| relation.columns.open);
        }
        let known = |relation: &Relation| {
            relation.name.eq_ignore_ascii_case(&name.value) && !relation.columns.list.is_empty()
        };
        let whole_row = self.outward().any(|scope| scope.relations.iter().any(known));
        let as_it_is = |relation: &Relation| relation.kind == RelationKind::Table;
        let hidden =
            ["rowid", "oid", "_rowid_", "rank"].iter().any(|hidden| name.value.eq_ignore_ascii_case(hidden))
                && self.outward().any(|scope| scope.relations.iter().any(as_it_is));
        match tag {
            Some(tag) => Ok(Found { tag, of_lone_table: false }),
            None if whole_row => Err(GuardError::not_allowed(format!("the whole row {:?}", name.value))),
            None if open || hidden => Ok(Found { tag: Tag::Clear, of_lone_table: false }),
            None => Err(GuardError::UnknownColumn { column: name.value.clone(), table: None, nearest: None }),
        }
    }

    /// A column of a relation that is named.
    pub(crate) fn qualified(&self, relation: &Ident, column: &Ident) -> Result<Found, GuardError> {
        let is_it = |known: &&Relation| known.name.eq_ignore_ascii_case(&relation.value);
        for (distance, scope) in self.outward().enumerate() {
            let Some(relation) = scope.relations.iter().find(is_it) else { continue };
            return match relation.columns.tag(&column.value) {
                Some(tag) => Ok(Found { tag, of_lone_table: distance == 0 && scope.lone_table() }),
                None if relation.columns.open || relation.kind == RelationKind::Table => {
                    Ok(Found { tag: Tag::Clear, of_lone_table: false })
                }
                None => Err(GuardError::UnknownColumn {
                    column: column.value.clone(),
                    table: Some(relation.name.clone()),
                    nearest: None,
                }),
            };
        }
        Err(GuardError::UnknownTable { table: relation.value.clone(), nearest: None })
    }

    /// The columns of a relation that is named.
    pub(crate) fn columns_of(&self, name: &Ident) -> Result<&Columns, GuardError> {
        let is_it = |known: &&Relation| known.name.eq_ignore_ascii_case(&name.value);
        let mut found = self.outward().filter_map(|scope| scope.relations.iter().find(is_it));
        found
            .next()
            .map(|relation| &relation.columns)
            .ok_or_else(|| GuardError::UnknownTable { table: name.value.clone(), nearest: None })
    }
}
