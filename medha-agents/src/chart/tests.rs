//! Which chart, for which result.

use medha_connectors::Value;
use serde_json::json;

use super::fixture::*;
use super::*;
use crate::plan::{Expr, TopPerGroup};
use crate::planner::Intent;

fn chosen(asked: &Asked) -> ChartSpec {
    let spec = choose(&asked.step, &asked.columns(), &asked.result);
    assert_eq!(check(&spec, &asked.result), Ok(()), "what is chosen is legal");
    for kind in &spec.alternatives {
        assert!(
            redraw(&spec, *kind, &asked.result).is_ok() || asked.step.intent == Intent::Share,
            "{kind:?} is offered and legal"
        );
    }
    spec
}

fn drawn(asked: &Asked) -> serde_json::Value {
    vega_lite(&chosen(asked), &asked.result).unwrap().expect("a chart")
}

fn named(count: usize) -> Vec<[Value; 2]> {
    (0..count).map(|index| [text(&format!("s{index}")), float(index as f64 + 1.0)]).collect()
}

fn by_segment(intent: Intent, count: usize) -> Asked {
    Asked::new(intent, [("segment", segment()), ("revenue", revenue())]).rows(named(count))
}

fn crossed(first: usize, second: usize) -> Vec<[Value; 3]> {
    let row = |index: usize| {
        [
            text(&format!("a{}", index / second)),
            text(&format!("b{}", index % second)),
            float(index as f64 + 1.0),
        ]
    };
    (0..first * second).map(row).collect()
}

#[test]
fn the_kind_follows_from_what_was_asked_and_how_many_there_are() {
    use ChartKind::*;
    let margin = || Expr::Metric("margin".into());
    let profit = || Expr::Metric("profit".into());
    let cases = [
        ("one number", Asked::new(Intent::Number, [("revenue", revenue())]).rows([[float(5.0)]]), Metric),
        ("the one first", by_segment(Intent::Ranking, 1).top(1, 1), Metric),
        ("a few groups", by_segment(Intent::Breakdown, 4), Bar),
        ("far too many groups", by_segment(Intent::Breakdown, 300), Histogram),
        ("a share of few", by_segment(Intent::Share, 4), Pie),
        ("a share of many", by_segment(Intent::Share, 7), Bar),
        ("a share of the first few only", by_segment(Intent::Share, 4).top(1, 4), Bar),
        (
            "over time",
            Asked::new(Intent::Trend, [("month", month()), ("revenue", revenue())])
                .rows(months(2025, &[1.0, 2.0, 3.0])),
            Line,
        ),
        (
            "two points in time",
            Asked::new(Intent::Trend, [("month", month()), ("revenue", revenue())])
                .rows(months(2025, &[1.0, 2.0])),
            Bar,
        ),
        ("nothing", by_segment(Intent::Breakdown, 0), Table),
        (
            "a list",
            Asked::new(Intent::List, [("segment", segment()), ("region", region())])
                .rows([[text("a"), text("b")], [text("c"), text("d")]]),
            Table,
        ),
        (
            "two measures of one unit",
            Asked::new(
                Intent::Breakdown,
                [("segment", segment()), ("revenue", revenue()), ("profit", profit())],
            )
            .rows([[text("a"), float(5.0), float(1.0)], [text("b"), float(4.0), float(2.0)]]),
            GroupedBar,
        ),
        (
            "two measures of two units",
            Asked::new(
                Intent::Breakdown,
                [("segment", segment()), ("revenue", revenue()), ("margin", margin())],
            )
            .rows([[text("a"), float(5.0), float(1.0)], [text("b"), float(4.0), float(2.0)]]),
            Bar,
        ),
        (
            "three units",
            Asked::new(
                Intent::Breakdown,
                [("segment", segment()), ("revenue", revenue()), ("margin", margin()), ("orders", orders())],
            )
            .rows([
                [text("a"), float(5.0), float(1.0), Value::Integer(3)],
                [text("b"), float(4.0), float(2.0), Value::Integer(3)],
            ]),
            Table,
        ),
        (
            "two groups",
            Asked::new(
                Intent::Breakdown,
                [("segment", segment()), ("region", region()), ("revenue", revenue())],
            )
            .rows(crossed(3, 4)),
            GroupedBar,
        ),
        (
            "two groups, shares",
            Asked::new(Intent::Share, [("segment", segment()), ("region", region()), ("revenue", revenue())])
                .rows(crossed(3, 4)),
            StackedBar,
        ),
        (
            "two large groups",
            Asked::new(
                Intent::Breakdown,
                [("segment", segment()), ("region", region()), ("revenue", revenue())],
            )
            .rows(crossed(30, 25)),
            Heatmap,
        ),
        (
            "weekdays",
            Asked::new(Intent::Breakdown, [("weekday", weekday()), ("orders", orders())])
                .rows((0..7).map(|day| [Value::Integer(day), Value::Integer(10 + day)])),
            Bar,
        ),
        (
            "no names",
            Asked::new(Intent::Breakdown, [("revenue", revenue())])
                .rows((0..30).map(|index| [float(f64::from(index))])),
            Histogram,
        ),
        (
            "no numbers at all",
            Asked::new(Intent::Breakdown, [("segment", segment()), ("revenue", revenue())])
                .rows([[text("a"), Value::Null], [text("b"), Value::Null]]),
            Table,
        ),
    ];
    for (what, asked, expected) in cases {
        assert_eq!(chosen(&asked).kind, expected, "{what}");
    }
}

#[test]
fn series_over_time_are_coloured_lines_up_to_twenty() {
    let series = |count: usize| {
        let rows = (0..count * 6).map(move |index| {
            [
                text(&format!("2025-{:02}", index % 6 + 1)),
                text(&format!("s{}", index / 6)),
                float(index as f64),
            ]
        });
        Asked::new(Intent::Trend, [("month", month()), ("segment", segment()), ("revenue", revenue())])
            .rows(rows)
    };
    let spec = chosen(&series(3));
    assert_eq!(spec.kind, ChartKind::Line);
    assert_eq!(spec.color.map(|color| color.field).as_deref(), Some("segment"));
    assert!(spec.alternatives.contains(&ChartKind::StackedBar));
    assert_eq!(chosen(&series(21)).kind, ChartKind::Table, "twenty-one colours cannot be told apart");
}

#[test]
fn a_pie_is_refused_with_negatives_and_with_averages() {
    let negative = by_segment(Intent::Share, 0).rows([[text("a"), float(5.0)], [text("b"), float(-1.0)]]);
    let spec = chosen(&negative);
    assert_eq!(spec.kind, ChartKind::Bar);
    assert_eq!(
        redraw(&spec, ChartKind::Pie, &negative.result).unwrap_err().to_string(),
        "a pie chart would mislead here: some numbers are negative"
    );
    let outputs = [("segment", segment()), ("average", average(revenue()))];
    let averages =
        Asked::new(Intent::Breakdown, outputs).rows([[text("a"), float(5.0)], [text("b"), float(1.0)]]);
    assert_eq!(
        redraw(&chosen(&averages), ChartKind::Pie, &averages.result).unwrap_err().to_string(),
        "a pie chart would mislead here: \"average\" cannot be added up"
    );
}

#[test]
fn no_line_goes_over_names_without_an_order() {
    let asked = by_segment(Intent::Breakdown, 4);
    let error = redraw(&chosen(&asked), ChartKind::Line, &asked.result).unwrap_err();
    assert_eq!(error.to_string(), "a line chart would mislead here: \"segment\" has no order to go along");
}

#[test]
fn a_column_that_is_not_there_is_an_error_that_names_it() {
    let asked = by_segment(Intent::Breakdown, 4);
    let mut spec = chosen(&asked);
    if let Some(y) = &mut spec.y {
        y.field = "profit".into();
    }
    assert_eq!(
        vega_lite(&spec, &asked.result).unwrap_err().to_string(),
        r#"the result has no column "profit"; it has "segment", "revenue""#
    );
}

#[test]
fn a_share_is_drawn_by_the_share_column() {
    let outputs = [("segment", segment()), ("revenue", revenue()), ("share", share(revenue()))];
    let asked = Asked::new(Intent::Share, outputs)
        .rows([[text("a"), float(3.0), float(0.75)], [text("b"), float(1.0), float(0.25)]]);
    let spec = chosen(&asked);
    assert_eq!(spec.y.map(|y| y.field).as_deref(), Some("share"));
    assert_eq!(
        spec.description,
        "Pie chart of share by segment, 2 parts: highest 75.0% (a), lowest 25.0% (b)."
    );
}

#[test]
fn names_in_two_columns_are_one_name() {
    let outputs = [
        ("first_name", Expr::Field(field("customers", "first_name"))),
        ("last_name", Expr::Field(field("customers", "last_name"))),
        ("revenue", revenue()),
    ];
    let rows = [
        [text("Ada"), text("Ng"), float(3.0)],
        [text("Ada"), text("Fox"), float(1.0)],
        [text("Bo"), text("Ng"), float(1.0)],
    ];
    let asked = Asked::new(Intent::Ranking, outputs).rows(rows).top(2, 3);
    let spec = chosen(&asked);
    assert_eq!(spec.kind, ChartKind::Bar);
    assert_eq!(spec.x.as_ref().map(|x| x.joined.clone()), Some(vec!["last_name".to_owned()]));
    assert!(spec.description.ends_with("highest $3 (Ada Ng), lowest $1 (Ada Fox)."), "{}", spec.description);
}

#[test]
fn an_identifier_beside_a_name_is_not_drawn() {
    let outputs =
        [("id", Expr::Field(field("customers", "id"))), ("segment", segment()), ("revenue", revenue())];
    let rows = [[Value::Integer(7), text("a"), float(3.0)], [Value::Integer(8), text("b"), float(1.0)]];
    let spec = chosen(&Asked::new(Intent::Ranking, outputs).rows(rows));
    assert_eq!((spec.kind, spec.x.map(|x| x.field).as_deref()), (ChartKind::Bar, Some("segment")));
}

#[test]
fn the_first_of_each_group_are_bars_with_both_names() {
    let rows = [[text("West"), text("a"), float(3.0)], [text("East"), text("a"), float(1.0)]];
    let mut asked =
        Asked::new(Intent::Ranking, [("region", region()), ("segment", segment()), ("revenue", revenue())])
            .rows(rows);
    asked.step.plan.top_per_group =
        Some(TopPerGroup { partition: vec![region()], order: Vec::new(), count: 1 });
    let spec = chosen(&asked);
    assert_eq!(spec.kind, ChartKind::Bar);
    assert!(spec.description.contains("West a"), "{}", spec.description);
}

#[test]
fn bars_start_at_zero_and_keep_the_order_of_the_rows() {
    let chart = drawn(&by_segment(Intent::Ranking, 4).top(1, 4));
    assert_eq!(chart["$schema"], VEGA_LITE_SCHEMA);
    assert_eq!(chart["data"], json!({ "name": "rows" }));
    assert_eq!(chart["encoding"]["y"]["scale"]["zero"], true);
    assert_eq!(chart["encoding"]["x"]["sort"], json!(null));
    assert_eq!(chart["encoding"]["y"]["axis"]["labelExpr"], "'$' + format(datum.value, ',.2~f') + ''");
}

#[test]
fn many_bars_lie_down() {
    let chart = drawn(&by_segment(Intent::Ranking, 12));
    assert_eq!(chart["encoding"]["y"]["field"], "segment");
    assert_eq!(chart["encoding"]["x"]["scale"]["zero"], true);
}

#[test]
fn names_with_dots_brackets_and_quotes_are_escaped() {
    let outputs = [("a.b[c]", segment()), ("customer's \"sum\"", revenue())];
    let chart = drawn(&Asked::new(Intent::Breakdown, outputs).rows(named(3)));
    assert_eq!(chart["encoding"]["x"]["field"], r"a\.b\[c\]");
    assert_eq!(chart["encoding"]["y"]["field"], r#"customer\'s \"sum\""#);
}

#[test]
fn months_are_read_and_shown_in_utc() {
    let chart = drawn(
        &Asked::new(Intent::Trend, [("month", month()), ("revenue", revenue())])
            .rows(months(2025, &[1.0, 2.0, 3.0])),
    );
    assert_eq!(chart["transform"][0], json!({ "calculate": "toDate(datum['month'])", "as": "month (time)" }));
    assert_eq!(chart["encoding"]["x"]["scale"]["type"], "utc");
}

#[test]
fn several_measures_are_folded_into_series() {
    let outputs = [("month", month()), ("revenue", revenue()), ("profit", Expr::Metric("profit".into()))];
    let rows = (1..5).map(|index| [text(&format!("2025-0{index}")), float(f64::from(index)), float(1.0)]);
    let chart = drawn(&Asked::new(Intent::Trend, outputs).rows(rows));
    let folded = json!({ "fold": ["revenue", "profit"], "as": ["measure", "value"] });
    assert!(chart["transform"].as_array().unwrap().contains(&folded), "{chart}");
    assert_eq!(chart["encoding"]["color"]["field"], "measure");
}

#[test]
fn more_than_five_thousand_marks_are_a_table() {
    let rows = (0..5001).map(|index| [float(f64::from(index)), float(1.0)]);
    let asked = Asked::new(Intent::Breakdown, [("revenue", revenue()), ("orders", orders())]).rows(rows);
    assert_eq!(chosen(&asked).kind, ChartKind::Table);
}

#[test]
fn a_spec_survives_being_stored() {
    let spec = chosen(&by_segment(Intent::Breakdown, 4));
    let stored = serde_json::to_string(&spec).unwrap();
    assert_eq!(serde_json::from_str::<ChartSpec>(&stored).unwrap(), spec);
}
