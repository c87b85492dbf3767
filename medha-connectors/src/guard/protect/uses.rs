//! What expressions do with columns. A protected one can be given on as it is, counted and tested for `NULL`.

use std::ops::ControlFlow;
use std::ptr;

use sqlparser::ast::{
    BinaryOperator, CaseWhen, DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr,
    FunctionArguments, Ident, Query, SelectItem, SetExpr, Value, ValueWithSpan, VisitMut, VisitorMut,
};
use sqlparser::tokenizer::Span;

use super::lineage::{Ctes, Found, Kind, Scope, Tag};
use super::walk::Protect;
use crate::guard::error::GuardError;
use crate::guard::parse;
use crate::guard::words::{is_namespace, is_time_unit};

impl Protect<'_> {
    /// Checks an expression that gives a value on, and says what the value is.
    pub(super) fn value(
        &mut self,
        expr: &mut Expr,
        scope: &Scope<'_>,
        ctes: &Ctes,
    ) -> Result<Tag, GuardError> {
        match expr {
            Expr::Nested(inner) => self.value(inner, scope, ctes),
            Expr::Identifier(_) | Expr::CompoundIdentifier(_) => {
                self.found(expr, scope).map(|found| found.tag)
            }
            Expr::Subquery(query) => {
                let columns = self.query(query, Some(scope), ctes)?;
                columns.in_places()?;
                Ok(columns.list.iter().fold(Tag::Clear, |tag, column| tag.or(&column.tag)))
            }
            _ => self.uses(expr, scope, ctes).map(|()| Tag::Clear),
        }
    }

    /// Checks expressions that use what they name.
    pub(super) fn uses<V: VisitMut>(
        &mut self,
        node: &mut V,
        scope: &Scope<'_>,
        ctes: &Ctes,
    ) -> Result<(), GuardError> {
        let mut uses = Uses {
            protect: self,
            scope,
            ctes,
            depth: 0,
            fine: Vec::new(),
            exists: Vec::new(),
            narrowed: Vec::new(),
        };
        match node.visit(&mut uses) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(error) => Err(*error),
        }
    }

    /// What a name means; a namespace before it is taken off, since the query in a table's place has none.
    fn found(&self, expr: &mut Expr, scope: &Scope<'_>) -> Result<Found, GuardError> {
        match expr {
            Expr::Identifier(name) => match scope.column(name) {
                Err(_) if is_time_unit(name, self.dialect) => {
                    Ok(Found { tag: Tag::Clear, of_lone_table: false })
                }
                found => found,
            },
            Expr::CompoundIdentifier(parts) => {
                let found = match parts.as_slice() {
                    [qualifiers @ .., relation, column]
                        if is_namespace(&qualifiers.iter().collect::<Vec<&Ident>>(), self.namespace) =>
                    {
                        scope.qualified(relation, column)?
                    }
                    _ => return Err(GuardError::not_allowed(format!("the name {expr}"))),
                };
                parts.drain(..parts.len() - 2);
                Ok(found)
            }
            _ => Err(GuardError::not_allowed(format!("the name {expr}"))),
        }
    }
}

struct Uses<'w, 'a, 's> {
    protect: &'w mut Protect<'a>,
    scope: &'w Scope<'s>,
    ctes: &'w Ctes,
    /// How many queries around the node that is visited; those have been walked by themselves.
    depth: usize,
    /// Names whose use is fine, by where they stand.
    fine: Vec<*const Expr>,
    /// Queries that are only asked whether they give anything.
    exists: Vec<*const Query>,
    /// Sums and averages to be shown over enough values only.
    narrowed: Vec<(*const Expr, u32)>,
}

fn verdict(outcome: Result<(), GuardError>) -> ControlFlow<Box<GuardError>> {
    match outcome {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => ControlFlow::Break(Box::new(error)),
    }
}

impl VisitorMut for Uses<'_, '_, '_> {
    type Break = Box<GuardError>;

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<Self::Break> {
        if self.depth == 0 {
            let is_test = self.exists.contains(&ptr::from_ref(&*query));
            let columns = self.protect.query(query, Some(self.scope), self.ctes);
            verdict(columns.and_then(|columns| if is_test { Ok(()) } else { columns.all_free() }))?;
        }
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _query: &mut Query) -> ControlFlow<Self::Break> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Self::Break> {
        if self.depth > 0 {
            return ControlFlow::Continue(());
        }
        match expr {
            Expr::IsNull(inner) | Expr::IsNotNull(inner) => {
                let name = ptr::from_ref(bare(inner));
                self.fine.push(name);
                ControlFlow::Continue(())
            }
            Expr::Exists { subquery, .. } => {
                self.exists.push(ptr::from_ref(&**subquery));
                ControlFlow::Continue(())
            }
            Expr::Function(_) => verdict(self.function(expr)),
            Expr::Identifier(_) | Expr::CompoundIdentifier(_) => {
                let is_fine = self.fine.contains(&ptr::from_ref(&*expr));
                let found = self.protect.found(expr, self.scope);
                verdict(found.and_then(|found| if is_fine { Ok(()) } else { found.tag.free() }))
            }
            _ => ControlFlow::Continue(()),
        }
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Self::Break> {
        let here = ptr::from_ref(&*expr);
        if self.depth == 0
            && let Some(index) = self.narrowed.iter().position(|(place, _)| *place == here)
        {
            let (_, at_least) = self.narrowed.remove(index);
            return verdict(self.narrow(expr, at_least));
        }
        ControlFlow::Continue(())
    }
}

impl Uses<'_, '_, '_> {
    /// Counting says how many there are, and a sum or average of enough values says little of one.
    fn function(&mut self, expr: &mut Expr) -> Result<(), GuardError> {
        let place = ptr::from_ref(&*expr);
        let Expr::Function(function) = expr else { return Ok(()) };
        let Some(name) = function.name.0.last().and_then(|part| part.as_ident()) else { return Ok(()) };
        let name = name.value.to_ascii_lowercase();
        let is_lone = function.name.0.len() == 1;
        let Some(argument) = only_argument(function) else { return Ok(()) };
        match name.as_str() {
            "count" if is_lone => self.fine.push(ptr::from_ref(argument)),
            "sum" | "avg" if is_lone => {
                let mut argument = argument.clone();
                if !matches!(argument, Expr::Identifier(_) | Expr::CompoundIdentifier(_)) {
                    return Ok(());
                }
                let found = self.protect.found(&mut argument, self.scope)?;
                if let Tag::Protected(protection) = &found.tag
                    && let Kind::Aggregate { at_least } = protection.kind
                {
                    if !found.of_lone_table || !is_plain(function) {
                        return Err(protection.misused());
                    }
                    self.fine.extend(only_argument(function).map(ptr::from_ref));
                    self.narrowed.push((place, at_least));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// `CASE WHEN count(DISTINCT column) >= n THEN sum(column) END`.
    fn narrow(&self, expr: &mut Expr, at_least: u32) -> Result<(), GuardError> {
        let Expr::Function(function) = &*expr else { return Ok(()) };
        let mut count = function.clone();
        count.name = vec![Ident::new("count")].into();
        if let FunctionArguments::List(list) = &mut count.args {
            list.duplicate_treatment = Some(DuplicateTreatment::Distinct);
        }
        let template = parse::one_query("SELECT CASE WHEN 1 THEN 1 END", self.protect.dialect)?;
        let SetExpr::Select(select) = *template.body else { return Ok(()) };
        let Some(SelectItem::UnnamedExpr(mut case)) = select.projection.into_iter().next() else {
            return Ok(());
        };
        if let Expr::Case { conditions, .. } = &mut case {
            let number = Value::Number(at_least.to_string(), false);
            let condition = Expr::BinaryOp {
                left: Box::new(Expr::Function(count)),
                op: BinaryOperator::GtEq,
                right: Box::new(Expr::Value(ValueWithSpan { value: number, span: Span::empty() })),
            };
            *conditions = vec![CaseWhen { condition, result: expr.clone() }];
        }
        *expr = case;
        Ok(())
    }
}

/// A name without the parentheses around it.
fn bare(expr: &Expr) -> &Expr {
    match expr {
        Expr::Nested(inner) => bare(inner),
        _ => expr,
    }
}

fn only_argument(function: &Function) -> Option<&Expr> {
    let FunctionArguments::List(list) = &function.args else { return None };
    match list.args.as_slice() {
        [FunctionArg::Unnamed(FunctionArgExpr::Expr(expr))] if list.clauses.is_empty() => Some(bare(expr)),
        _ => None,
    }
}

/// Whether a function is called with an argument and nothing else.
fn is_plain(function: &Function) -> bool {
    let FunctionArguments::List(list) = &function.args else { return false };
    list.duplicate_treatment.is_none()
        && function.filter.is_none()
        && function.over.is_none()
        && function.null_treatment.is_none()
        && function.within_group.is_empty()
}
