//! Functions that only compute, per dialect. What is not on a list is refused.

use sqlparser::ast::{Expr, FunctionArg, FunctionArgExpr, Value, ValueWithSpan};

use super::cost::{generated_rows, number_of};
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
    acos age any_value array array_agg array_append array_cat array_length array_position array_to_string ascii asin atan atan2 bit_and \
    bit_or bit_xor bool_and bool_or btrim cardinality cbrt ceil ceiling char_length character_length chr \
    corr cos cosh covar_pop covar_samp date date_bin date_part date_trunc degrees div encode every exp \
    extract floor format gcd generate_series greatest grouping initcap isfinite json_agg json_array_length \
    json_build_array json_build_object json_extract_path json_extract_path_text json_object_agg \
    json_typeof json_array_elements json_array_elements_text json_object_keys jsonb_agg jsonb_array_elements jsonb_array_elements_text jsonb_array_length jsonb_object_keys jsonb_build_array jsonb_build_object jsonb_extract_path \
    jsonb_extract_path_text jsonb_object_agg jsonb_path_exists jsonb_path_query_first jsonb_typeof \
    justify_days justify_hours justify_interval lcm least left ln localtime localtimestamp log log10 \
    log2 lpad make_date make_interval make_time make_timestamp make_timestamptz md5 mod mode now \
    num_nonnulls num_nulls octet_length overlay percentile_cont percentile_disc pi plainto_tsquery quote_ident regexp_split_to_table row \
    position pow power quote_literal radians regexp_count regexp_instr regexp_like regexp_match \
    regexp_replace regexp_substr regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope \
    regexp_matches regexp_split_to_array regr_sxx regr_sxy regr_syy repeat reverse right rpad scale sin sinh split_part sqrt starts_with \
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

const SNOWFLAKE: &str = "\
    acos acosh add_months any_value approx_count_distinct approx_percentile approx_top_k array_agg \
    array_append array_cat array_compact array_construct array_contains array_distinct array_intersection \
    array_max array_min array_position array_prepend array_size array_slice array_sort array_sum \
    array_to_string array_unique_agg arrays_overlap as_array as_char as_date as_decimal as_double as_integer \
    as_number as_object as_timestamp_ntz as_varchar ascii asin asinh atan atan2 atanh bit_length bitand bitor \
    bitxor booland booland_agg boolor boolor_agg boolxor bround cbrt ceil ceiling char charindex chr collate \
    conditional_change_event conditional_true_event contains convert_timezone corr cos cosh cot \
    count_if covar_pop covar_samp date date_from_parts date_part date_trunc dateadd datediff datefromparts day \
    dayname dayofmonth dayofweek dayofweekiso dayofyear decode degrees div0 div0null editdistance endswith \
    equal_null exp factorial flatten floor generator get get_path getdate greatest greatest_ignore_nulls grouping grouping_id \
    haversine hll hour iff ifnull ilike initcap insert is_array is_boolean is_date \
    is_decimal is_double is_integer is_null_value is_object is_real is_timestamp_ntz is_varchar jarowinkler_similarity \
    kurtosis last_day least least_ignore_nulls left len like listagg ln localtime localtimestamp log \
    lpad max_by md5 md5_hex median min_by minute mod mode month monthname months_between next_day nullifzero nvl nvl2 \
    object_agg object_construct object_construct_keep_null object_keys octet_length parse_json percentile_cont \
    percentile_disc pi position pow power previous_day quarter radians ratio_to_report regexp_count regexp_instr \
    regexp_like regexp_replace regexp_substr regexp_substr_all regr_avgx regr_avgy regr_count regr_intercept \
    regr_r2 regr_slope regr_sxx regr_sxy regr_syy repeat reverse right rlike rpad second seq1 seq2 seq4 seq8 sha1 \
    sha1_hex sha2 sha2_hex sin sinh skew soundex space split split_part split_to_table sqrt square startswith stddev stddev_pop \
    stddev_samp strtok strtok_to_array sysdate tan tanh time time_from_parts time_slice timeadd timediff \
    timestamp_from_parts timestamp_ntz_from_parts timestampadd timestampdiff to_array to_boolean to_char to_date \
    to_decimal to_double to_json to_number to_numeric to_object to_time to_timestamp to_timestamp_ltz \
    to_timestamp_ntz to_timestamp_tz to_varchar to_variant translate trunc truncate try_parse_json try_to_boolean \
    try_to_date try_to_decimal try_to_double try_to_number try_to_numeric try_to_time try_to_timestamp typeof \
    uniform unicode var_pop var_samp variance variance_pop variance_samp week weekiso weekofyear width_bucket year \
    yearofweek yearofweekiso zeroifnull";

const BIGQUERY: &str = "\
    acos acosh any_value approx_count_distinct approx_quantiles approx_top_count approx_top_sum array array_agg \
    array_concat array_concat_agg array_length array_reverse array_to_string ascii asin asinh atan atan2 atanh \
    bit_and bit_count bit_or bit_xor byte_length cbrt ceil ceiling char_length character_length chr \
    code_points_to_string collate contains_substr corr cos cosh cot countif covar_pop covar_samp current_datetime \
    date date_add date_diff date_from_unix_date date_sub date_trunc datetime datetime_add datetime_diff \
    datetime_sub datetime_trunc div edit_distance ends_with exp extract farm_fingerprint floor format \
    format_date format_datetime format_time format_timestamp generate_array generate_date_array \
    generate_timestamp_array greatest grouping ieee_divide if ifnull initcap instr int64 is_inf is_nan \
    json_array json_extract json_extract_array json_extract_scalar json_object json_query json_query_array json_type \
    json_value json_value_array last_day lax_bool lax_float64 lax_int64 lax_string least left ln log log10 logical_and \
    logical_or lpad max_by md5 min_by mod normalize offset ordinal parse_date parse_datetime parse_json parse_numeric \
    parse_time parse_timestamp percentile_cont percentile_disc pow power rand range_bucket regexp_contains \
    regexp_extract regexp_extract_all regexp_instr regexp_replace regexp_substr repeat reverse right rpad \
    safe_add safe_divide safe_multiply safe_negate safe_offset safe_ordinal safe_subtract sha1 sha256 \
    sha512 sin sinh soundex split sqrt starts_with stddev stddev_pop stddev_samp string string_agg strpos tan tanh \
    time time_add time_diff time_sub time_trunc timestamp timestamp_add timestamp_diff timestamp_micros \
    timestamp_millis timestamp_seconds timestamp_sub timestamp_trunc to_base64 to_code_points to_hex to_json \
    to_json_string translate trunc unix_date unix_micros unix_millis unix_seconds var_pop var_samp variance week";

const DUCKDB: &str = "\
    acos acosh age any_value approx_count_distinct approx_quantile arg_max arg_max_null arg_min arg_min_null \
    array_agg array_append array_concat array_contains array_distinct array_extract array_has array_length \
    array_position array_slice array_sort array_to_string array_unique ascii asin asinh atan atan2 atanh bit_and \
    bit_count bit_length bit_or bit_xor bool_and bool_or cardinality cbrt ceil ceiling century char_length \
    character_length chr contains corr cos cosh cot count_if count_star countif covar_pop covar_samp \
    damerau_levenshtein date_add date_diff date_part date_sub date_trunc \
    datediff datepart datetrunc day dayname dayofmonth dayofweek dayofyear decade degrees element_at ends_with \
    entropy epoch epoch_ms epoch_ns epoch_us era even exp extract factorial favg first flatten \
    floor fsum gamma gcd generate_series geometric_mean get_current_time greatest \
    greatest_common_divisor grouping grouping_id hamming hash hex histogram hour ifnull instr isfinite isinf isnan \
    isodow isoyear jaccard jaro_similarity jaro_winkler_similarity json_array json_array_length json_contains \
    json_exists json_extract json_extract_path json_extract_path_text json_extract_string json_group_array \
    json_group_object json_keys json_object json_quote json_structure json_type json_valid json_value julian \
    kahan_sum kurtosis kurtosis_pop last last_day lcase lcm least least_common_multiple left left_grapheme len \
    length_grapheme levenshtein lgamma list list_any_value list_append list_avg list_concat \
    list_contains list_count list_distinct list_extract list_first list_has list_has_all list_has_any list_indexof \
    list_intersect list_last list_max list_median list_min list_mode list_position list_product list_reverse \
    list_reverse_sort list_select list_slice list_sort list_string_agg list_sum list_unique list_value list_where \
    listagg ln log log10 log2 lpad mad make_date make_time make_timestamp make_timestamptz map_contains \
    map_contains_value map_entries map_extract map_keys map_values max_by md5 mean median microsecond millennium \
    millisecond min_by minute mode month monthname nanosecond nextafter now octet_length ord \
    percentile_cont percentile_disc pi position pow power prefix product quantile quantile_cont quantile_disc quarter \
    radians range regexp_escape regexp_extract regexp_extract_all regexp_full_match regexp_matches \
    regexp_replace regexp_split_to_array regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx \
    regr_sxy regr_syy repeat reverse right right_grapheme round_even row row_to_json rpad second \
    sem sha1 sha256 signbit sin sinh skewness split split_part sqrt starts_with stddev stddev_pop stddev_samp \
    str_split str_split_regex strftime string_agg string_split string_split_regex string_to_array strip_accents \
    strlen strpos strptime struct_extract suffix sumkahan tan tanh time_bucket timezone timezone_hour \
    timezone_minute to_base64 to_days to_hours to_json to_microseconds to_milliseconds to_minutes to_months \
    to_quarters to_seconds to_timestamp to_weeks to_years today transaction_timestamp translate trunc try_strptime \
    typeof ucase unicode unnest url_decode url_encode var_pop var_samp variance week weekday weekofyear xor year \
    yearweek";

/// Functions that give rows, with the columns they give.
const TABLE_FUNCTIONS: &[(Dialect, &str, &[&str])] = &[
    (Dialect::Sqlite, "json_each", &["key", "value", "type", "atom", "id", "parent", "fullkey", "path"]),
    (Dialect::Sqlite, "json_tree", &["key", "value", "type", "atom", "id", "parent", "fullkey", "path"]),
    (Dialect::Snowflake, "flatten", &["seq", "key", "path", "index", "value", "this"]),
    (Dialect::Snowflake, "generator", &[]),
    (Dialect::Snowflake, "split_to_table", &["seq", "index", "value"]),
    (Dialect::DuckDb, "generate_series", &[]),
    (Dialect::DuckDb, "range", &[]),
    (Dialect::DuckDb, "unnest", &[]),
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
        Dialect::Snowflake => SNOWFLAKE,
        Dialect::BigQuery => BIGQUERY,
        Dialect::DuckDb => DUCKDB,
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
        "generate_series"
        | "range"
        | "generator"
        | "generate_array"
        | "generate_date_array"
        | "generate_timestamp_array" => generated_rows(written, args).map(drop),
        "format" | "printf" if matches!(dialect, Dialect::Sqlite | Dialect::Postgres | Dialect::BigQuery) => {
            check_format(written, args.first())
        }
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

/// The columns of a function in `FROM`, `None` where they depend on the call.
pub(crate) fn table_function_columns(name: &str) -> Columns {
    let wanted = name.to_ascii_lowercase();
    let (_, _, columns) = TABLE_FUNCTIONS.iter().find(|(_, known, _)| *known == wanted)?;
    (!columns.is_empty()).then(|| columns.iter().map(|column| (*column).to_owned()).collect())
}

fn check_made(function: &str, length: Option<&FunctionArg>) -> Result<(), GuardError> {
    match length.and_then(number_of) {
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
        for own in [SQLITE, POSTGRES, MYSQL, SNOWFLAKE, BIGQUERY, DUCKDB] {
            let mut repeated = own
                .split_ascii_whitespace()
                .filter(|name| COMMON.split_ascii_whitespace().any(|common| common == *name));
            assert_eq!(repeated.next(), None);
        }
    }
}
