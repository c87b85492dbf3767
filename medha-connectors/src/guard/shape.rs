//! What may stand in a query, at any depth: an allow-list of kinds of nodes.
//!
//! It is a visitor, so that no corner of the tree is missed; names are left to `names`.

use std::ops::ControlFlow;

use sqlparser::ast::{
    AccessExpr, BinaryOperator, CastKind, DataType, Expr, Function, FunctionArg, FunctionArgExpr,
    FunctionArgumentClause, FunctionArguments, GroupByExpr, GroupByWithModifier, JoinConstraint,
    JsonPathElem, ObjectNamePart, PivotValueSource, Query, Select, SelectFlavor, SelectItem, SelectModifiers,
    SetExpr, Statement, TableAlias, TableFactor, TableWithJoins, Top, TopQuantity, Value, ValueTableMode,
    ValueWithSpan, Visit, Visitor, WildcardAdditionalOptions,
};

use super::error::GuardError;
use super::parts::constraint;
use super::{functions, types};
use crate::dialect::Dialect;

/// Checks every node of the query.
pub(crate) fn check(query: &Query, dialect: Dialect) -> Result<(), GuardError> {
    match query.visit(&mut Shape { dialect }) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(error) => Err(*error),
    }
}

/// Checks an expression that stands outside a query.
pub(crate) fn check_expression(expr: &Expr, dialect: Dialect) -> Result<(), GuardError> {
    match expr.visit(&mut Shape { dialect }) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(error) => Err(*error),
    }
}

struct Shape {
    dialect: Dialect,
}

type Verdict = ControlFlow<Box<GuardError>>;
const FINE: Verdict = ControlFlow::Continue(());

fn refuse(construct: impl Into<String>) -> Verdict {
    ControlFlow::Break(Box::new(GuardError::not_allowed(construct)))
}

fn refuse_if(refused: bool, construct: &str) -> Verdict {
    if refused { refuse(construct) } else { FINE }
}

impl Visitor for Shape {
    type Break = Box<GuardError>;

    fn pre_visit_statement(&mut self, _statement: &Statement) -> Verdict {
        refuse("a statement that is not a query")
    }

    fn pre_visit_query(&mut self, query: &Query) -> Verdict {
        refuse_if(!query.locks.is_empty(), "a locking clause such as FOR UPDATE")?;
        refuse_if(query.for_clause.is_some(), "a FOR clause")?;
        refuse_if(query.settings.is_some(), "a SETTINGS clause")?;
        refuse_if(query.format_clause.is_some(), "a FORMAT clause")?;
        refuse_if(!query.pipe_operators.is_empty(), "a pipe operator")?;
        if let Some(fetch) = &query.fetch {
            refuse_if(fetch.with_ties || fetch.percent, "FETCH with ties or percents")?;
        }
        if let Some(order) = &query.order_by {
            refuse_if(order.interpolate.is_some(), "INTERPOLATE")?;
        }
        for cte in query.with.iter().flat_map(|with| &with.cte_tables) {
            refuse_if(cte.from.is_some(), "FROM after a common table expression")?;
            alias(Some(&cte.alias))?;
        }
        body(&query.body)
    }

    fn pre_visit_select(&mut self, select: &Select) -> Verdict {
        refuse_if(select.into.is_some(), "SELECT INTO")?;
        let is_number = |top: &Top| {
            matches!(top, Top { with_ties: false, percent: false, quantity: Some(TopQuantity::Constant(_)) })
        };
        let plain_top = self.dialect == Dialect::Snowflake && select.top.as_ref().is_none_or(is_number);
        refuse_if(select.top.is_some() && !plain_top, "TOP")?;
        refuse_if(!select.optimizer_hints.is_empty(), "an optimizer hint")?;
        let plans = |modifiers: &SelectModifiers| {
            let only = SelectModifiers {
                straight_join: modifiers.straight_join,
                sql_no_cache: modifiers.sql_no_cache,
                ..SelectModifiers::default()
            };
            *modifiers == only
        };
        refuse_if(!select.select_modifiers.as_ref().is_none_or(plans), "a modifier of SELECT")?;
        refuse_if(select.exclude.is_some(), "EXCLUDE")?;
        refuse_if(!select.lateral_views.is_empty(), "LATERAL VIEW")?;
        refuse_if(select.prewhere.is_some(), "PREWHERE")?;
        refuse_if(!select.connect_by.is_empty(), "CONNECT BY")?;
        let orders = [&select.cluster_by, &select.distribute_by];
        refuse_if(
            orders.iter().any(|order| !order.is_empty()) || !select.sort_by.is_empty(),
            "CLUSTER, DISTRIBUTE or SORT BY",
        )?;
        refuse_if(select.qualify.is_some() && !self.is_analytical(), "QUALIFY")?;
        let as_struct = matches!(select.value_table_mode, None | Some(ValueTableMode::AsStruct));
        refuse_if(!as_struct, "SELECT AS VALUE")?;
        refuse_if(select.flavor != SelectFlavor::Standard, "a query that starts with FROM")?;
        select.projection.iter().try_for_each(|selected| self.item(selected))?;
        self.group_by(&select.group_by)?;
        select.from.iter().try_for_each(|from| self.joins(from))
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> Verdict {
        refuse_if(self.dialect == Dialect::DuckDb && is_called_like_a_join(factor), "a join of this kind")?;
        match factor {
            TableFactor::Table {
                name,
                alias: name_alias,
                args,
                with_hints,
                version,
                with_ordinality,
                partitions,
                json_path,
                sample,
                index_hints,
            } => {
                alias(name_alias.as_ref())?;
                refuse_if(!with_hints.is_empty() || !index_hints.is_empty(), "a hint at a table")?;
                refuse_if(version.is_some(), "a version of a table")?;
                refuse_if(!partitions.is_empty(), "a partition of a table")?;
                refuse_if(json_path.is_some() || sample.is_some(), "a path into a table or a sample of it")?;
                match args {
                    None => refuse_if(*with_ordinality, "WITH ORDINALITY on a table"),
                    Some(args) => {
                        refuse_if(args.settings.is_some(), "settings of a table function")?;
                        self.table_function(&name.to_string(), &args.args)
                    }
                }
            }
            TableFactor::Derived { alias: name, sample, .. } => {
                refuse_if(sample.is_some(), "a sample of a subquery")?;
                alias(name.as_ref())
            }
            TableFactor::Function { name, args, alias: name_alias, .. } => {
                alias(name_alias.as_ref())?;
                self.table_function(&name.to_string(), args)
            }
            TableFactor::NestedJoin { alias: name, table_with_joins } => {
                refuse_if(name.is_some(), "an alias of a join")?;
                self.joins(table_with_joins)
            }
            TableFactor::UNNEST { alias: name, with_offset, with_offset_alias, .. }
                if self.dialect == Dialect::BigQuery
                    || (matches!(self.dialect, Dialect::Postgres | Dialect::DuckDb)
                        && !with_offset
                        && with_offset_alias.is_none()) =>
            {
                alias(name.as_ref())
            }
            TableFactor::TableFunction { expr: Expr::Function(function), alias: name }
                if self.dialect == Dialect::Snowflake =>
            {
                alias(name.as_ref())?;
                let FunctionArguments::List(list) = &function.args else {
                    return refuse("a table function without arguments");
                };
                refuse_if(!list.clauses.is_empty(), "a clause in the arguments of a table function")?;
                self.table_function(&function.name.to_string(), &list.args)
            }
            TableFactor::Pivot { value_source, default_on_null, alias: name, .. } if self.is_warehouse() => {
                alias(name.as_ref())?;
                refuse_if(
                    name.as_ref().is_some_and(|name| !name.columns.is_empty()),
                    "names for the columns of PIVOT",
                )?;
                refuse_if(default_on_null.is_some(), "a default in PIVOT")?;
                refuse_if(
                    !matches!(value_source, PivotValueSource::List(_)),
                    "PIVOT over values that are not listed",
                )
            }
            TableFactor::Unpivot { alias: name, .. } if self.is_warehouse() => alias(name.as_ref()),
            _ => refuse("a table expression of this kind"),
        }
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> Verdict {
        let postgres = self.dialect == Dialect::Postgres;
        let warehouse = self.is_warehouse();
        let analytical = self.is_analytical();
        match expr {
            Expr::Identifier(_)
            | Expr::CompoundIdentifier(_)
            | Expr::IsFalse(_)
            | Expr::IsNotFalse(_)
            | Expr::IsTrue(_)
            | Expr::IsNotTrue(_)
            | Expr::IsNull(_)
            | Expr::IsNotNull(_)
            | Expr::IsUnknown(_)
            | Expr::IsNotUnknown(_)
            | Expr::IsDistinctFrom(..)
            | Expr::IsNotDistinctFrom(..)
            | Expr::InList { .. }
            | Expr::InSubquery { .. }
            | Expr::Between { .. }
            | Expr::Like { any: false, .. }
            | Expr::ILike { any: false, .. }
            | Expr::SimilarTo { .. }
            | Expr::RLike { .. }
            | Expr::UnaryOp { .. }
            | Expr::Extract { .. }
            | Expr::Ceil { .. }
            | Expr::Floor { .. }
            | Expr::Position { .. }
            | Expr::Substring { .. }
            | Expr::Trim { .. }
            | Expr::Overlay { .. }
            | Expr::Collate { .. }
            | Expr::Nested(_)
            | Expr::Value(_)
            | Expr::Case { .. }
            | Expr::Exists { .. }
            | Expr::Subquery(_)
            | Expr::Tuple(_)
            | Expr::Interval(_) => FINE,
            Expr::AnyOp { .. } | Expr::AllOp { .. } if self.dialect != Dialect::Sqlite => FINE,
            Expr::AtTimeZone { .. }
            | Expr::Array(_)
            | Expr::GroupingSets(_)
            | Expr::Cube(_)
            | Expr::Rollup(_)
                if postgres || analytical =>
            {
                FINE
            }
            Expr::Like { .. } | Expr::ILike { .. } | Expr::InUnnest { .. } if warehouse => FINE,
            Expr::JsonAccess { path, .. } if self.dialect == Dialect::Snowflake => {
                let plain = path.path.iter().all(|part| {
                    matches!(part, JsonPathElem::Dot { .. } | JsonPathElem::Bracket { key: Expr::Value(_) })
                });
                refuse_if(!plain, "a computed path into JSON")
            }
            Expr::CompoundFieldAccess { access_chain, .. } if postgres || analytical => {
                let by_place = access_chain.iter().all(|access| matches!(access, AccessExpr::Subscript(_)));
                refuse_if(!by_place, &format!("the expression {}", shortened(&expr.to_string())))
            }
            Expr::Struct { fields, .. } if self.dialect == Dialect::BigQuery => {
                refuse_if(!fields.is_empty(), "a STRUCT with types")
            }
            Expr::Named { .. } if self.dialect == Dialect::BigQuery => FINE,
            Expr::BinaryOp { op, .. } => operator(op),
            Expr::Cast { kind, data_type, format, .. } => {
                refuse_if(format.is_some(), "CAST with a format")?;
                let tries = matches!(kind, CastKind::TryCast | CastKind::SafeCast);
                refuse_if(tries && !analytical, "TRY_CAST")?;
                self.data_type(data_type)
            }
            Expr::Convert { data_type, styles, is_try: false, .. } if self.dialect == Dialect::MySql => {
                refuse_if(!styles.is_empty(), "CONVERT with a style")?;
                data_type.as_ref().map_or(FINE, |data_type| self.data_type(data_type))
            }
            Expr::TypedString(typed) => self.data_type(&typed.data_type),
            Expr::Function(function) => self.function(function),
            _ => refuse(format!("the expression {}", shortened(&expr.to_string()))),
        }
    }

    fn pre_visit_value(&mut self, value: &ValueWithSpan) -> Verdict {
        refuse_if(matches!(value.value, Value::Placeholder(_)), "a placeholder, because nothing fills it in,")
    }
}

impl Shape {
    fn function(&self, function: &Function) -> Verdict {
        refuse_if(function.uses_odbc_syntax, "the {fn ...} notation")?;
        refuse_if(!matches!(function.parameters, FunctionArguments::None), "a function with parameters")?;
        let written = function.name.to_string();
        let args = match &function.args {
            FunctionArguments::None => &[][..],
            FunctionArguments::Subquery(_)
                if matches!(self.dialect, Dialect::Postgres | Dialect::BigQuery | Dialect::DuckDb)
                    && written.eq_ignore_ascii_case("array") =>
            {
                return FINE;
            }
            FunctionArguments::Subquery(_) => return refuse("a query as the argument of a function"),
            FunctionArguments::List(list) => {
                list.clauses.iter().try_for_each(|clause| match clause {
                    FunctionArgumentClause::IgnoreOrRespectNulls(_)
                    | FunctionArgumentClause::OrderBy(_)
                    | FunctionArgumentClause::Separator(_) => FINE,
                    FunctionArgumentClause::Limit(_) if self.dialect == Dialect::BigQuery => FINE,
                    _ => refuse("this clause in the arguments of a function"),
                })?;
                &list.args
            }
        };
        self.arguments(args)?;
        let name = function_name(function, self.dialect)?;
        let is_star = |arg: &FunctionArg| matches!(arg, FunctionArg::Unnamed(FunctionArgExpr::Wildcard));
        refuse_if(name != "count" && args.iter().any(is_star), "a function over all columns")?;
        functions::check(&name, &written, args, self.dialect)
            .map_or_else(|error| ControlFlow::Break(Box::new(error)), |()| FINE)
    }

    fn table_function(&self, name: &str, args: &[FunctionArg]) -> Verdict {
        self.arguments(args)?;
        functions::check_table_function(name, args, self.dialect)
            .map_or_else(|error| ControlFlow::Break(Box::new(error)), |()| FINE)
    }

    fn arguments(&self, args: &[FunctionArg]) -> Verdict {
        args.iter().try_for_each(|arg| match arg {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(_) | FunctionArgExpr::Wildcard) => FINE,
            FunctionArg::Named { arg: FunctionArgExpr::Expr(_), .. }
                if self.dialect == Dialect::Snowflake =>
            {
                FINE
            }
            _ => refuse("a named argument or a qualified wildcard in a function"),
        })
    }

    fn is_warehouse(&self) -> bool {
        matches!(self.dialect, Dialect::Snowflake | Dialect::BigQuery)
    }

    /// The warehouses and DuckDB share much of their grammar.
    fn is_analytical(&self) -> bool {
        self.is_warehouse() || self.dialect == Dialect::DuckDb
    }

    fn item(&self, item: &SelectItem) -> Verdict {
        match item {
            SelectItem::UnnamedExpr(_) => FINE,
            // To PostgreSQL a text after a text on the next line is more of the same text, not a name.
            SelectItem::ExprWithAlias { alias, .. }
                if self.dialect == Dialect::Postgres
                    && alias.quote_style.is_none()
                    && alias.value.eq_ignore_ascii_case("isnull") =>
            {
                refuse("ISNULL, which means IS NULL to PostgreSQL and a name to us,")
            }
            SelectItem::ExprWithAlias { alias, .. } => refuse_if(
                !matches!(self.dialect, Dialect::Sqlite | Dialect::MySql) && alias.quote_style == Some('\''),
                "an alias in single quotes",
            ),
            SelectItem::Wildcard(options) | SelectItem::QualifiedWildcard(_, options) => {
                let WildcardAdditionalOptions {
                    wildcard_token: _,
                    opt_ilike,
                    opt_exclude,
                    opt_except,
                    opt_replace,
                    opt_rename,
                    opt_alias,
                } = options;
                let plain = opt_ilike.is_none()
                    && (opt_exclude.is_none()
                        || matches!(self.dialect, Dialect::Snowflake | Dialect::DuckDb))
                    && (opt_except.is_none() || self.dialect == Dialect::BigQuery)
                    && (opt_replace.is_none() || self.is_analytical())
                    && opt_rename.is_none()
                    && opt_alias.is_none();
                refuse_if(!plain, "an option of a wildcard")
            }
            SelectItem::ExprWithAliases { .. } => refuse("several aliases of one expression"),
        }
    }

    fn group_by(&self, group_by: &GroupByExpr) -> Verdict {
        match group_by {
            GroupByExpr::Expressions(_, modifiers) => {
                modifiers.iter().try_for_each(|modifier| match modifier {
                    GroupByWithModifier::Rollup if self.dialect == Dialect::MySql => FINE,
                    _ => refuse("this modifier of GROUP BY"),
                })
            }
            GroupByExpr::All(modifiers) => {
                refuse_if(!self.is_analytical() || !modifiers.is_empty(), "GROUP BY ALL")
            }
        }
    }

    fn joins(&self, from: &TableWithJoins) -> Verdict {
        from.joins.iter().try_for_each(|join| {
            refuse_if(join.global, "a GLOBAL join")?;
            match constraint(&join.join_operator) {
                Some(
                    JoinConstraint::On(_)
                    | JoinConstraint::Using(_)
                    | JoinConstraint::Natural
                    | JoinConstraint::None,
                ) => FINE,
                None => refuse("a join of this kind"),
            }
        })
    }

    fn data_type(&self, data_type: &DataType) -> Verdict {
        refuse_if(!types::is_harmless(data_type, self.dialect), &format!("the type {data_type}"))
    }
}

/// The one word a function is called by; a qualified name could be a function of another schema.
fn function_name(function: &Function, dialect: Dialect) -> ControlFlow<Box<GuardError>, String> {
    let is_safe = |part: &ObjectNamePart| {
        part.as_ident()
            .is_some_and(|ident| ident.quote_style.is_none() && ident.value.eq_ignore_ascii_case("safe"))
    };
    let parts = match function.name.0.as_slice() {
        // In BigQuery it gives NULL in place of an error.
        [safe, rest @ ..] if dialect == Dialect::BigQuery && is_safe(safe) => rest,
        parts => parts,
    };
    match parts {
        [part] => match part.as_ident() {
            Some(ident) => ControlFlow::Continue(ident.value.to_ascii_lowercase()),
            None => ControlFlow::Break(Box::new(GuardError::not_allowed("a computed function name"))),
        },
        _ => ControlFlow::Break(Box::new(GuardError::not_allowed(format!(
            "the qualified function {}",
            function.name
        )))),
    }
}

fn body(body: &SetExpr) -> Verdict {
    match body {
        SetExpr::Select(_) | SetExpr::Query(_) | SetExpr::Values(_) => FINE,
        SetExpr::SetOperation { left, right, .. } => {
            self::body(left)?;
            self::body(right)
        }
        SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_) => {
            refuse("a statement that writes")
        }
        SetExpr::Table(_) => refuse("TABLE instead of SELECT"),
    }
}

/// To DuckDB `a ASOF JOIN b` and `a POSITIONAL JOIN b` are joins, to the parser `a` has that name.
fn is_called_like_a_join(factor: &TableFactor) -> bool {
    let (TableFactor::Table { alias, .. }
    | TableFactor::Derived { alias, .. }
    | TableFactor::Function { alias, .. }
    | TableFactor::UNNEST { alias, .. }) = factor
    else {
        return false;
    };
    let name = alias.as_ref().map(|alias| &alias.name).filter(|name| name.quote_style.is_none());
    name.is_some_and(|name| ["asof", "positional"].iter().any(|join| name.value.eq_ignore_ascii_case(join)))
}

fn alias(alias: Option<&TableAlias>) -> Verdict {
    refuse_if(alias.is_some_and(|alias| alias.at.is_some()), "AT in an alias")
}

fn operator(operator: &BinaryOperator) -> Verdict {
    match operator {
        BinaryOperator::Custom(_)
        | BinaryOperator::PGCustomBinaryOperator(_)
        | BinaryOperator::Assignment => refuse(format!("the operator {operator}")),
        _ => FINE,
    }
}

fn shortened(text: &str) -> String {
    const LONGEST: usize = 60;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{:?}", format!("{}...", &text[..end])),
        None => format!("{text:?}"),
    }
}
