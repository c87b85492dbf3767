//! What a name in a query can mean: the relations in reach and their columns.

use sqlparser::ast::Ident;

use super::error::GuardError;

/// The columns of a relation; `None` where they cannot be known, as with some table functions.
pub(crate) type Columns = Option<Vec<String>>;

/// A table, view, subquery or common table expression under the name it has in a query.
#[derive(Debug, Clone)]
pub(crate) struct Relation {
    /// Its alias, or its own name.
    pub(crate) name: String,
    /// The table it is, if it is one of the schema's.
    pub(crate) table: Option<Base>,
    /// Its columns; those of a table in the schema's order, whatever an alias calls them.
    pub(crate) columns: Columns,
}

/// A table of the schema.
#[derive(Debug, Clone)]
pub(crate) struct Base {
    /// Where it stands in the schema.
    pub(crate) place: usize,
    pub(crate) name: String,
}

/// A column of the schema, by the places of its table there and of itself in the table.
pub(crate) type BaseColumn = (usize, usize);

/// Common table expressions in reach, the innermost last.
pub(crate) type Ctes = Vec<(String, Columns)>;

/// The relations of one `SELECT`, and those around it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scope<'a> {
    pub(crate) relations: Vec<Relation>,
    /// The names the `SELECT` gives its own columns.
    pub(crate) outputs: Vec<String>,
    pub(crate) around: Option<&'a Self>,
}

impl<'a> Scope<'a> {
    /// A scope within another.
    pub(crate) fn within(around: Option<&'a Self>) -> Self {
        Self { relations: Vec::new(), outputs: Vec::new(), around }
    }

    fn outward(&self) -> impl Iterator<Item = &Scope<'a>> {
        std::iter::successors(Some(self), |scope| scope.around)
    }

    /// Checks a column without a table.
    pub(crate) fn column(&self, column: &Ident) -> Result<(), GuardError> {
        let name = column.value.as_str();
        let in_reach = |scope: &Scope<'_>| {
            has(&scope.outputs, name) || scope.relations.iter().any(|relation| relation.may_have(name))
        };
        if self.outward().any(in_reach) {
            return Ok(());
        }
        let table = match self.relations.as_slice() {
            [relation] => Some(relation.called().to_owned()),
            _ => None,
        };
        let known = self.outward().flat_map(|scope| {
            let columns = scope.relations.iter().filter_map(|relation| relation.columns.as_ref()).flatten();
            columns.chain(&scope.outputs)
        });
        match nearest(name, known) {
            None if column.quote_style == Some('"') => {
                Err(GuardError::TextInDoubleQuotes { text: name.to_owned() })
            }
            nearest => Err(GuardError::UnknownColumn { column: name.to_owned(), table, nearest }),
        }
    }

    /// Whether a word can be a column that SQLite's full-text tables have and do not list. The schema does not tell which
    /// tables are such; the others have neither column, and SQLite says so.
    pub(crate) fn may_be_hidden(&self, word: &Ident) -> bool {
        let is_table = |relation: &Relation| {
            relation.table.as_ref().is_some_and(|table| table.name.eq_ignore_ascii_case(&word.value))
        };
        let mut relations = self.outward().flat_map(|scope| &scope.relations);
        if word.value.eq_ignore_ascii_case("rank") {
            relations.any(|relation| relation.table.is_some())
        } else {
            relations.any(is_table)
        }
    }

    /// Checks a column of a relation that is named.
    pub(crate) fn qualified(&self, relation: &Ident, column: &Ident) -> Result<(), GuardError> {
        let relation = self.relation(relation)?;
        if relation.may_have(&column.value) {
            return Ok(());
        }
        Err(GuardError::UnknownColumn {
            column: column.value.clone(),
            table: Some(relation.called().to_owned()),
            nearest: nearest(&column.value, relation.columns.iter().flatten()),
        })
    }

    /// The columns of the schema that a name without a table can mean; two where a join has it on both sides.
    pub(crate) fn base_columns(&self, name: &str) -> Vec<BaseColumn> {
        let mut found = Vec::new();
        for scope in self.outward() {
            let mut is_certain = has(&scope.outputs, name);
            for relation in &scope.relations {
                is_certain |= relation.columns.as_ref().is_some_and(|columns| has(columns, name));
                found.extend(relation.base_column(name));
            }
            if is_certain {
                break;
            }
        }
        found
    }

    /// Finds a relation by the name it has here.
    pub(crate) fn relation(&self, name: &Ident) -> Result<&Relation, GuardError> {
        let is_it = |relation: &&Relation| relation.name.eq_ignore_ascii_case(&name.value);
        self.outward().find_map(|scope| scope.relations.iter().find(is_it)).ok_or_else(|| {
            let names =
                self.outward().flat_map(|scope| scope.relations.iter().map(|relation| &relation.name));
            GuardError::UnknownTable { table: name.value.clone(), nearest: nearest(&name.value, names) }
        })
    }
}

impl Relation {
    /// The name to blame.
    fn called(&self) -> &str {
        self.table.as_ref().map_or(&self.name, |table| &table.name)
    }

    /// The column of the schema that a name means here.
    pub(crate) fn base_column(&self, name: &str) -> Option<BaseColumn> {
        let (table, columns) = (self.table.as_ref()?, self.columns.as_ref()?);
        let place = columns.iter().position(|column| column.eq_ignore_ascii_case(name))?;
        Some((table.place, place))
    }

    /// Whether a column of this name is there, or cannot be ruled out.
    fn may_have(&self, column: &str) -> bool {
        self.columns.as_ref().is_none_or(|columns| has(columns, column))
            || (self.table.is_some() && is_row_id(column))
    }
}

/// The columns of the schema on one side of a join that the other side has by name.
pub(crate) fn shared(relations: &[Relation], other: &[Relation]) -> Vec<BaseColumn> {
    let is_there = |name: &String| {
        let mut columns = other.iter().flat_map(|relation| relation.columns.iter().flatten());
        columns.any(|column| column.eq_ignore_ascii_case(name))
    };
    let of_one = |relation: &Relation| -> Vec<BaseColumn> {
        let names = relation.columns.iter().flatten().filter(|name| is_there(name));
        names.filter_map(|name| relation.base_column(name)).collect()
    };
    relations.iter().flat_map(of_one).collect()
}

/// SQLite's names for the number of a row, which no schema lists.
fn is_row_id(column: &str) -> bool {
    ["rowid", "oid", "_rowid_"].iter().any(|name| column.eq_ignore_ascii_case(name))
}

fn has(names: &[String], name: &str) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// The most similar of the known names, if one is similar enough to be meant.
pub(crate) fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n String>) -> Option<String> {
    const SIMILAR_ENOUGH: f64 = 0.6;
    let wanted = name.to_lowercase();
    known
        .map(|known| (strsim::normalized_damerau_levenshtein(&wanted, &known.to_lowercase()), known))
        .filter(|(similarity, _)| *similarity >= SIMILAR_ENOUGH)
        .max_by(|(a, first), (b, second)| a.total_cmp(b).then_with(|| second.cmp(first)))
        .map(|(_, known)| known.clone())
}
