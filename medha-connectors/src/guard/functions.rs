//! Functions that only compute, per dialect. What is not on a list is refused.

use sqlparser::ast::{Expr, FunctionArg, FunctionArgExpr, UnaryOperator, Value, ValueWithSpan};

use super::error::GuardError;
use super::scope::{Columns, nearest};
use crate::dialect::Dialect;

/// In all three dialects.
const COMMON: &[&str] = &[
    "abs",
    "acos",
    "asin",
    "atan",
    "atan2",
    "avg",
    "ceil",
    "ceiling",
    "coalesce",
    "concat",
    "concat_ws",
    "cos",
    "count",
    "cume_dist",
    "current_date",
    "current_time",
    "current_timestamp",
    "degrees",
    "dense_rank",
    "exp",
    "first_value",
    "floor",
    "lag",
    "last_value",
    "lead",
    "length",
    "ln",
    "log",
    "log10",
    "log2",
    "lower",
    "ltrim",
    "max",
    "min",
    "mod",
    "nth_value",
    "ntile",
    "nullif",
    "percent_rank",
    "pi",
    "pow",
    "power",
    "radians",
    "random",
    "rank",
    "replace",
    "round",
    "row_number",
    "rtrim",
    "sign",
    "sin",
    "sqrt",
    "substr",
    "substring",
    "sum",
    "tan",
    "trim",
    "upper",
];

const SQLITE: &[&str] = &[
    "acosh",
    "asinh",
    "atanh",
    "bm25",
    "char",
    "cosh",
    "date",
    "datetime",
    "format",
    "glob",
    "group_concat",
    "hex",
    "highlight",
    "if",
    "ifnull",
    "iif",
    "instr",
    "json",
    "json_array",
    "json_array_length",
    "json_extract",
    "json_group_array",
    "json_group_object",
    "json_object",
    "json_patch",
    "json_quote",
    "json_remove",
    "json_replace",
    "json_set",
    "json_type",
    "json_valid",
    "julianday",
    "like",
    "likelihood",
    "likely",
    "median",
    "octet_length",
    "percentile",
    "percentile_cont",
    "percentile_disc",
    "printf",
    "quote",
    "sinh",
    "snippet",
    "soundex",
    "strftime",
    "string_agg",
    "tanh",
    "time",
    "timediff",
    "total",
    "trunc",
    "typeof",
    "unhex",
    "unicode",
    "unistr",
    "unixepoch",
    "unlikely",
];

const POSTGRES: &[&str] = &[
    "age",
    "array",
    "array_agg",
    "array_length",
    "array_position",
    "array_to_string",
    "ascii",
    "bit_and",
    "bit_or",
    "bit_xor",
    "bool_and",
    "bool_or",
    "btrim",
    "cardinality",
    "cbrt",
    "char_length",
    "character_length",
    "chr",
    "corr",
    "cosh",
    "covar_pop",
    "covar_samp",
    "date",
    "date_bin",
    "date_part",
    "date_trunc",
    "div",
    "encode",
    "every",
    "extract",
    "format",
    "gcd",
    "greatest",
    "grouping",
    "initcap",
    "isfinite",
    "json_agg",
    "json_array_length",
    "json_build_array",
    "json_build_object",
    "json_extract_path",
    "json_extract_path_text",
    "json_object_agg",
    "json_typeof",
    "jsonb_agg",
    "jsonb_array_length",
    "jsonb_build_array",
    "jsonb_build_object",
    "jsonb_extract_path",
    "jsonb_extract_path_text",
    "jsonb_object_agg",
    "jsonb_path_exists",
    "jsonb_path_query_first",
    "jsonb_typeof",
    "justify_days",
    "justify_hours",
    "justify_interval",
    "lcm",
    "least",
    "left",
    "localtime",
    "localtimestamp",
    "lpad",
    "make_date",
    "make_interval",
    "make_time",
    "make_timestamp",
    "make_timestamptz",
    "md5",
    "mode",
    "now",
    "num_nonnulls",
    "num_nulls",
    "octet_length",
    "overlay",
    "percentile_cont",
    "percentile_disc",
    "position",
    "quote_literal",
    "regexp_count",
    "regexp_instr",
    "regexp_like",
    "regexp_match",
    "regexp_replace",
    "regexp_substr",
    "regr_avgx",
    "regr_avgy",
    "regr_count",
    "regr_intercept",
    "regr_r2",
    "regr_slope",
    "regr_sxx",
    "regr_sxy",
    "regr_syy",
    "repeat",
    "reverse",
    "right",
    "rpad",
    "scale",
    "sinh",
    "split_part",
    "starts_with",
    "stddev",
    "stddev_pop",
    "stddev_samp",
    "string_agg",
    "string_to_array",
    "strpos",
    "tanh",
    "timezone",
    "to_char",
    "to_date",
    "to_json",
    "to_jsonb",
    "to_number",
    "to_timestamp",
    "to_tsquery",
    "to_tsvector",
    "plainto_tsquery",
    "translate",
    "trim_scale",
    "trunc",
    "ts_rank",
    "unnest",
    "var_pop",
    "var_samp",
    "variance",
    "websearch_to_tsquery",
    "width_bucket",
];

const MYSQL: &[&str] = &[
    "adddate",
    "addtime",
    "any_value",
    "ascii",
    "bin",
    "bit_and",
    "bit_count",
    "bit_length",
    "bit_or",
    "bit_xor",
    "char",
    "char_length",
    "character_length",
    "conv",
    "convert",
    "convert_tz",
    "cot",
    "crc32",
    "curdate",
    "curtime",
    "date",
    "date_add",
    "date_format",
    "date_sub",
    "datediff",
    "day",
    "dayname",
    "dayofmonth",
    "dayofweek",
    "dayofyear",
    "elt",
    "field",
    "find_in_set",
    "format",
    "from_days",
    "from_unixtime",
    "greatest",
    "group_concat",
    "grouping",
    "hex",
    "hour",
    "if",
    "ifnull",
    "insert",
    "instr",
    "interval",
    "isnull",
    "json_array",
    "json_arrayagg",
    "json_contains",
    "json_contains_path",
    "json_depth",
    "json_extract",
    "json_keys",
    "json_length",
    "json_object",
    "json_objectagg",
    "json_overlaps",
    "json_quote",
    "json_search",
    "json_type",
    "json_unquote",
    "json_valid",
    "json_value",
    "last_day",
    "lcase",
    "least",
    "left",
    "localtime",
    "localtimestamp",
    "locate",
    "lpad",
    "makedate",
    "maketime",
    "md5",
    "microsecond",
    "mid",
    "minute",
    "month",
    "monthname",
    "now",
    "oct",
    "octet_length",
    "ord",
    "period_add",
    "period_diff",
    "position",
    "quarter",
    "quote",
    "rand",
    "regexp_instr",
    "regexp_like",
    "regexp_replace",
    "regexp_substr",
    "repeat",
    "reverse",
    "right",
    "rpad",
    "sec_to_time",
    "second",
    "sha1",
    "sha2",
    "soundex",
    "space",
    "std",
    "stddev",
    "stddev_pop",
    "stddev_samp",
    "str_to_date",
    "strcmp",
    "subdate",
    "substring_index",
    "subtime",
    "time",
    "time_format",
    "time_to_sec",
    "timediff",
    "timestamp",
    "timestampadd",
    "timestampdiff",
    "to_days",
    "to_seconds",
    "truncate",
    "ucase",
    "unhex",
    "unix_timestamp",
    "utc_date",
    "utc_time",
    "utc_timestamp",
    "var_pop",
    "var_samp",
    "variance",
    "week",
    "weekday",
    "weekofyear",
    "weight_string",
    "year",
    "yearweek",
];

/// Functions that give rows, with the columns they give.
const TABLE_FUNCTIONS: &[(Dialect, &str, &[&str])] = &[
    (Dialect::Sqlite, "json_each", &["key", "value", "type", "atom", "id", "parent", "fullkey", "path"]),
    (Dialect::Sqlite, "json_tree", &["key", "value", "type", "atom", "id", "parent", "fullkey", "path"]),
    (Dialect::Postgres, "generate_series", &[]),
    (Dialect::Postgres, "unnest", &[]),
    (Dialect::Postgres, "json_array_elements", &[]),
    (Dialect::Postgres, "json_array_elements_text", &[]),
    (Dialect::Postgres, "json_each", &[]),
    (Dialect::Postgres, "json_each_text", &[]),
    (Dialect::Postgres, "json_object_keys", &[]),
    (Dialect::Postgres, "jsonb_array_elements", &[]),
    (Dialect::Postgres, "jsonb_array_elements_text", &[]),
    (Dialect::Postgres, "jsonb_each", &[]),
    (Dialect::Postgres, "jsonb_each_text", &[]),
    (Dialect::Postgres, "jsonb_object_keys", &[]),
    (Dialect::Postgres, "regexp_matches", &[]),
    (Dialect::Postgres, "regexp_split_to_table", &[]),
    (Dialect::Postgres, "string_to_table", &[]),
];

/// The longest text a padding or repeating function may make.
const MAX_MADE: u64 = 10_000;
/// The most rows a generator may make.
const MAX_GENERATED: f64 = 1_000_000.0;

/// Checks a function by its name in lower case, and the sizes its arguments ask for.
pub(crate) fn check(
    name: &str,
    written: &str,
    args: &[FunctionArg],
    dialect: Dialect,
) -> Result<(), GuardError> {
    let own = match dialect {
        Dialect::Sqlite => SQLITE,
        Dialect::Postgres => POSTGRES,
        Dialect::MySql => MYSQL,
    };
    if !COMMON.contains(&name) && !own.contains(&name) {
        let known: Vec<String> = COMMON.iter().chain(own).map(|known| (*known).to_owned()).collect();
        let nearest = nearest(name, known.iter());
        return Err(GuardError::UnknownFunction { function: written.to_owned(), nearest });
    }
    match name {
        "repeat" | "lpad" | "rpad" => check_made(written, args.get(1)),
        "space" => check_made(written, args.first()),
        "format" | "printf" if dialect == Dialect::Sqlite => check_format(written, args.first()),
        _ => Ok(()),
    }
}

/// Checks a function in `FROM`.
pub(crate) fn check_table_function(
    name: &str,
    args: &[FunctionArg],
    dialect: Dialect,
) -> Result<(), GuardError> {
    let wanted = name.to_ascii_lowercase();
    let of_dialect = || TABLE_FUNCTIONS.iter().filter(|(of, _, _)| *of == dialect).map(|(_, name, _)| *name);
    if !of_dialect().any(|known| known == wanted) {
        let known: Vec<String> = of_dialect().map(str::to_owned).collect();
        return Err(GuardError::UnknownFunction {
            function: name.to_owned(),
            nearest: nearest(&wanted, known.iter()),
        });
    }
    if wanted == "generate_series"
        && let [start, end, step @ ..] = args
        && let (Some(start), Some(end)) = (literal(start), literal(end))
    {
        let step = step.first().and_then(literal).unwrap_or(1.0);
        if ((end - start) / step).abs() > MAX_GENERATED || step == 0.0 {
            return Err(GuardError::too_large(format!("{name} makes more than {MAX_GENERATED} rows")));
        }
    }
    Ok(())
}

/// The columns of a function in `FROM`, `None` where they depend on the call.
pub(crate) fn table_function_columns(name: &str) -> Columns {
    let wanted = name.to_ascii_lowercase();
    let (_, _, columns) = TABLE_FUNCTIONS.iter().find(|(_, known, _)| *known == wanted)?;
    (!columns.is_empty()).then(|| columns.iter().map(|column| (*column).to_owned()).collect())
}

fn check_made(function: &str, length: Option<&FunctionArg>) -> Result<(), GuardError> {
    match length.and_then(literal) {
        #[allow(clippy::cast_precision_loss, reason = "a bound of ten thousand is exact")]
        Some(length) if length <= MAX_MADE as f64 => Ok(()),
        _ => Err(GuardError::too_large(format!(
            "{function} needs a length of at most {MAX_MADE}, written as a number"
        ))),
    }
}

/// A width in a format makes a text of that length out of nothing.
fn check_format(function: &str, format: Option<&FunctionArg>) -> Result<(), GuardError> {
    let Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(ValueWithSpan {
        value: Value::SingleQuotedString(format),
        ..
    })))) = format
    else {
        return Err(GuardError::not_allowed(format!("{function} without a format written as text")));
    };
    let mut widths = format.split(|c: char| !c.is_ascii_digit()).filter(|digits| !digits.is_empty());
    let too_wide = widths.any(|width| width.parse::<u64>().map_or(true, |width| width > MAX_MADE));
    if too_wide || format.contains('*') {
        return Err(GuardError::too_large(format!("{function} needs widths of at most {MAX_MADE}")));
    }
    Ok(())
}

/// The value of an argument that is written as a number.
fn literal(arg: &FunctionArg) -> Option<f64> {
    match arg {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => number(expr),
        _ => None,
    }
}

fn number(expr: &Expr) -> Option<f64> {
    match expr {
        Expr::Value(ValueWithSpan { value: Value::Number(digits, _), .. }) => digits.parse().ok(),
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => number(expr).map(|number| -number),
        Expr::Nested(inner) => number(inner),
        _ => None,
    }
}
