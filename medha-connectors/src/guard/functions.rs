//! Functions that only compute, per dialect. What is not on a list is refused.

use sqlparser::ast::{Expr, FunctionArg, FunctionArgExpr, UnaryOperator, Value, ValueWithSpan};

use super::error::GuardError;
use super::scope::{Columns, nearest};
use crate::dialect::Dialect;

/// In all three dialects, in lower case. SQLite's mathematics are left out: the bundled library is built without them.
const COMMON: &str = "\
    abs avg coalesce concat concat_ws count cume_dist current_date current_time current_timestamp \
    dense_rank first_value lag last_value lead length lower ltrim max min nth_value ntile nullif \
    percent_rank random rank replace round row_number rtrim sign substr substring sum trim upper";

const SQLITE: &str = "\
    bm25 char date datetime format glob group_concat hex highlight if ifnull iif instr json json_array \
    json_array_length json_extract json_group_array json_group_object json_insert json_object json_patch \
    json_pretty json_quote json_remove json_replace json_set json_type json_valid julianday like likelihood likely octet_length \
    printf quote snippet soundex strftime string_agg time timediff total typeof unhex unicode unistr \
    unixepoch unlikely";

const POSTGRES: &str = "\
    acos age array array_agg array_length array_position array_to_string ascii asin atan atan2 bit_and \
    bit_or bit_xor bool_and bool_or btrim cardinality cbrt ceil ceiling char_length character_length chr \
    corr cos cosh covar_pop covar_samp date date_bin date_part date_trunc degrees div encode every exp \
    extract floor format gcd generate_series greatest grouping initcap isfinite json_agg json_array_length \
    json_build_array json_build_object json_extract_path json_extract_path_text json_object_agg \
    json_typeof jsonb_agg jsonb_array_length jsonb_build_array jsonb_build_object jsonb_extract_path \
    jsonb_extract_path_text jsonb_object_agg jsonb_path_exists jsonb_path_query_first jsonb_typeof \
    justify_days justify_hours justify_interval lcm least left ln localtime localtimestamp log log10 \
    log2 lpad make_date make_interval make_time make_timestamp make_timestamptz md5 mod mode now \
    num_nonnulls num_nulls octet_length overlay percentile_cont percentile_disc pi plainto_tsquery \
    position pow power quote_literal radians regexp_count regexp_instr regexp_like regexp_match \
    regexp_replace regexp_substr regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope \
    regr_sxx regr_sxy regr_syy repeat reverse right rpad scale sin sinh split_part sqrt starts_with \
    stddev stddev_pop stddev_samp string_agg string_to_array strpos tan tanh timezone to_char to_date \
    to_json to_jsonb to_number to_timestamp to_tsquery to_tsvector translate trim_scale trunc ts_rank \
    unnest var_pop var_samp variance websearch_to_tsquery width_bucket";

const MYSQL: &str = "\
    acos adddate addtime any_value ascii asin atan atan2 bin bit_and bit_count bit_length bit_or bit_xor \
    ceil ceiling char char_length character_length conv convert convert_tz cos cot crc32 curdate curtime \
    date date_add date_format date_sub datediff day dayname dayofmonth dayofweek dayofyear degrees elt \
    exp field find_in_set floor format from_days from_unixtime greatest group_concat grouping hex hour \
    if ifnull insert instr interval isnull json_array json_arrayagg json_contains json_contains_path \
    json_depth json_extract json_keys json_length json_object json_objectagg json_overlaps json_quote \
    json_search json_type json_unquote json_valid json_value last_day lcase least left ln localtime \
    localtimestamp locate log log10 log2 lpad makedate maketime md5 microsecond mid minute mod month \
    monthname now oct octet_length ord period_add period_diff pi position pow power quarter quote \
    radians rand regexp_instr regexp_like regexp_replace regexp_substr repeat reverse right rpad \
    sec_to_time second sha1 sha2 sin soundex space sqrt std stddev stddev_pop stddev_samp str_to_date \
    strcmp subdate substring_index subtime tan time time_format time_to_sec timediff timestamp \
    timestampadd timestampdiff to_days to_seconds truncate ucase unhex unix_timestamp utc_date utc_time \
    utc_timestamp var_pop var_samp variance week weekday weekofyear weight_string year yearweek";

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
    let known = || COMMON.split_ascii_whitespace().chain(own.split_ascii_whitespace());
    if !known().any(|known| known == name) {
        let known: Vec<String> = known().map(str::to_owned).collect();
        let nearest = nearest(name, known.iter());
        return Err(GuardError::UnknownFunction { function: written.to_owned(), nearest });
    }
    match name {
        "repeat" | "lpad" | "rpad" => check_made(written, args.get(1)),
        "space" => check_made(written, args.first()),
        "generate_series" => generated_rows(written, args).map(drop),
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
    generated_rows(&wanted, args).map(drop)
}

/// How many rows a call of `generate_series` makes, where its arguments are written as numbers.
pub(crate) fn generated_rows(function: &str, args: &[FunctionArg]) -> Result<Option<f64>, GuardError> {
    let [start, end, step @ ..] = args else {
        return Ok(None);
    };
    let (true, Some(start), Some(end)) =
        (function.eq_ignore_ascii_case("generate_series"), literal(start), literal(end))
    else {
        return Ok(None);
    };
    let step = step.first().map_or(Some(1.0), literal);
    match step.map(|step| ((end - start) / step).abs()) {
        Some(rows) if rows <= MAX_GENERATED => Ok(Some(rows)),
        _ => Err(GuardError::too_large(format!("{function} may make at most {MAX_GENERATED} rows"))),
    }
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

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use sqlx::{Connection, Row, SqliteConnection};

    use super::*;

    #[tokio::test]
    async fn every_function_on_sqlites_list_exists_and_the_lists_do_not_repeat() {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        let rows = sqlx::query("SELECT DISTINCT name FROM pragma_function_list")
            .fetch_all(&mut connection)
            .await
            .unwrap();
        let there: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        let missing: Vec<&str> = SQLITE
            .split_ascii_whitespace()
            .chain(COMMON.split_ascii_whitespace())
            .filter(|name| !there.iter().any(|there| there == name))
            .collect();
        assert_eq!(missing, Vec::<&str>::new());
        for own in [SQLITE, POSTGRES, MYSQL] {
            let mut repeated = own
                .split_ascii_whitespace()
                .filter(|name| COMMON.split_ascii_whitespace().any(|common| common == *name));
            assert_eq!(repeated.next(), None);
        }
    }
}
