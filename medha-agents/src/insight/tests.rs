//! What is found, in which result, word by word.

use jiff::civil::{Date, Time, date};
use medha_connectors::{Truncation, Value};

use super::*;
use crate::chart::fixture::*;
use crate::plan::{CompareOp, Expr, Filter, Grain, Literal, Operand};
use crate::planner::Intent;

fn found(asked: &Asked) -> Vec<Finding> {
    against(asked, Previous::Unknown, None)
}

fn against(asked: &Asked, previous: Previous<'_>, data: Option<DataSpan>) -> Vec<Finding> {
    let columns = asked.columns();
    let findings = find(&Facts {
        step: &asked.step,
        columns: &columns,
        result: &asked.result,
        previous,
        data,
        now: now(),
    });
    for finding in &findings {
        assert!(!finding.evidence.is_empty(), "{finding:?} rests on nothing");
        assert!(finding.evidence.values().all(|number| number.is_finite()), "{finding:?}");
    }
    findings
}

fn texts(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|finding| finding.text.as_str()).collect()
}

fn midnight(date: Date) -> jiff::civil::DateTime {
    date.to_datetime(Time::midnight())
}

fn by_segment(rows: &[(&str, f64)]) -> Asked {
    let rows: Vec<[Value; 2]> = rows.iter().map(|(name, number)| [text(name), float(*number)]).collect();
    Asked::new(Intent::Breakdown, [("segment", segment()), ("revenue", revenue())]).rows(rows)
}

fn monthly(numbers: &[f64]) -> Asked {
    Asked::new(Intent::Trend, [("month", month()), ("revenue", revenue())]).rows(months(2024, numbers))
}

fn total_this_year(value: Value) -> Asked {
    Asked::new(Intent::Number, [("revenue", revenue())]).rows([[value]]).during(
        date(2025, 1, 1),
        date(2026, 1, 1),
        "this year (2025)",
    )
}

#[test]
fn a_number_is_told_with_its_change_against_the_same_span() {
    let asked = total_this_year(float(112_300.0));
    let data = DataSpan { first: midnight(date(2022, 11, 20)), end: midnight(date(2025, 11, 20)) };
    let Compared::With(window) = comparable(asked.step.plan.time.as_ref().unwrap(), now(), Some(data)) else {
        panic!()
    };
    let before = total_this_year(float(100_000.0)).result;
    let findings = against(&asked, Previous::Known(&window, &before), Some(data));
    assert_eq!(
        texts(&findings),
        [
            "Revenue is $112,300, this year (2025).",
            "That is so far (1 Jan to 19 Nov 2025) 12.3% more than in the same span of the year before (1 Jan to 19 Nov 2024): $100,000.",
        ]
    );
    assert!((findings[1].evidence["change_percent"] - 12.3).abs() < 1e-9);
}

#[test]
fn a_change_from_nothing_has_no_percentage() {
    let asked = total_this_year(float(500.0));
    let Compared::With(window) = comparable(asked.step.plan.time.as_ref().unwrap(), now(), None) else {
        panic!()
    };
    let zero = total_this_year(float(0.0)).result;
    let findings = against(&asked, Previous::Known(&window, &zero), None);
    assert!(findings[1].text.contains("$500 more than in"), "{}", findings[1].text);
    assert!(!findings[1].evidence.contains_key("change_percent"));
    let none = total_this_year(Value::Null).result;
    let findings = against(&asked, Previous::Known(&window, &none), None);
    assert_eq!(findings[1].kind, FindingKind::NoEvidence);
}

#[test]
fn where_there_is_no_earlier_data_it_is_said() {
    let asked = total_this_year(float(500.0));
    let since = DataSpan { first: midnight(date(2025, 2, 1)), end: midnight(date(2025, 11, 20)) };
    let compared = comparable(asked.step.plan.time.as_ref().unwrap(), now(), Some(since));
    let findings = against(&asked, Previous::Uncovered(&compared), Some(since));
    assert_eq!(
        findings[1].text,
        "It cannot be compared with the period before (1 Jan to 19 Nov 2024): the data begins on 1 Feb 2025."
    );
}

#[test]
fn a_sum_of_nothing_is_no_value_and_not_zero() {
    let findings = found(&total_this_year(Value::Null));
    assert_eq!(texts(&findings), ["There is no value for revenue, this year (2025): no row has one."]);
    assert_eq!(findings[0].kind, FindingKind::NoEvidence);
}

#[test]
fn no_rows_are_told_with_what_was_looked_for() {
    let mut asked = by_segment(&[]).during(date(2031, 1, 1), date(2032, 1, 1), "in 2031");
    asked.step.plan.filters = vec![Filter::Compare {
        left: region(),
        op: CompareOp::Equal,
        right: Operand::Literal(Literal::Text("West".into())),
    }];
    let data = DataSpan { first: midnight(date(2023, 1, 1)), end: midnight(date(2025, 11, 20)) };
    let findings = against(&asked, Previous::Unknown, Some(data));
    assert_eq!(
        texts(&findings),
        ["There are no rows for region is West and in 2031. The data covers 1 Jan 2023 to 19 Nov 2025."]
    );
}

#[test]
fn groups_have_a_leader_a_total_and_shares() {
    let findings = found(&by_segment(&[("Enterprise", 500.0), ("Mid-Market", 350.0), ("SMB", 150.0)]));
    assert_eq!(
        texts(&findings),
        [
            "Enterprise leads in revenue with $500, 42.9% above Mid-Market ($350).",
            "SMB has the lowest revenue: $150.",
            "Revenue adds up to $1,000 over 3 segments.",
            "Enterprise makes up 50.0% of the total.",
        ]
    );
}

#[test]
fn a_first_few_claims_no_share_of_the_whole() {
    let findings = found(&by_segment(&[("a", 5.0), ("b", 4.0)]).top(1, 2));
    assert_eq!(
        texts(&findings),
        ["A leads in revenue with $5, 25.0% above b ($4).", "The 2 shown add up to $9 of revenue."]
    );
}

#[test]
fn the_least_first_is_told_as_the_lowest() {
    let mut asked = by_segment(&[("a", 1.0), ("b", 4.0)]).top(1, 2);
    asked.step.plan.order[0].descending = false;
    assert_eq!(found(&asked)[0].text, "A has the lowest revenue with $1, 75.0% below b ($4).");
}

#[test]
fn ties_are_told_as_ties() {
    assert_eq!(
        found(&by_segment(&[("a", 5.0), ("b", 5.0), ("c", 1.0)]))[0].text,
        "A and b share the first place in revenue with $5."
    );
    assert_eq!(found(&by_segment(&[("a", 5.0), ("b", 5.0)]))[0].text, "All 2 have the same revenue: $5.");
}

#[test]
fn averages_are_neither_summed_nor_shared() {
    let rows = [[text("a"), float(5.0)], [text("b"), float(4.0)], [text("c"), float(4.5)]];
    let asked =
        Asked::new(Intent::Breakdown, [("segment", segment()), ("average", average(revenue()))]).rows(rows);
    let findings = found(&asked);
    assert!(findings.iter().all(|finding| finding.kind == FindingKind::Leader), "{findings:?}");
}

#[test]
fn groups_without_a_name_or_a_number_are_said() {
    let rows = [[Value::Null, float(5.0)], [text("b"), float(4.0)], [text("c"), Value::Null]];
    let findings =
        found(&Asked::new(Intent::Breakdown, [("segment", segment()), ("revenue", revenue())]).rows(rows));
    assert_eq!(findings[0].text, "(none) leads in revenue with $5, 25.0% above b ($4).");
    assert_eq!(findings.last().unwrap().text, "1 of 3 rows have no value for revenue.");
    let rows = [[text("a"), Value::Null], [text("b"), Value::Null]];
    let findings =
        found(&Asked::new(Intent::Breakdown, [("segment", segment()), ("revenue", revenue())]).rows(rows));
    assert_eq!(texts(&findings), ["There is no value for revenue in any of the 2 rows."]);
}

#[test]
fn a_result_cut_short_gives_no_sums() {
    let mut asked = by_segment(&[("a", 5.0), ("b", 4.0), ("c", 3.0)]);
    asked.result.truncated = Some(Truncation::Rows);
    let findings = found(&asked);
    assert_eq!(findings[0].text, "Only the first 3 rows were read, so sums and shares are not given.");
    assert!(findings.iter().all(|finding| !matches!(finding.kind, FindingKind::Total | FindingKind::Share)));
}

#[test]
fn who_moved_most_is_told_against_the_window_before() {
    let range =
        |asked: Asked| asked.during(date(2025, 7, 1), date(2025, 10, 1), "last quarter (Jul to Sep 2025)");
    let asked = range(by_segment(&[("Enterprise", 500.0), ("SMB", 150.0)]));
    let before = by_segment(&[("Enterprise", 400.0), ("SMB", 200.0)]).result;
    let Compared::With(window) = comparable(asked.step.plan.time.as_ref().unwrap(), now(), None) else {
        panic!()
    };
    let findings = against(&asked, Previous::Known(&window, &before), None);
    let changes: Vec<&Finding> =
        findings.iter().filter(|finding| finding.kind == FindingKind::Change).collect();
    assert_eq!(changes[0].text, "The total is 8.3% more than in the quarter before (Apr to Jun 2025): $600.");
    assert_eq!(
        changes[1].text,
        "Against the quarter before (Apr to Jun 2025), Enterprise gained most, by 25.0% ($400 to $500); SMB lost most, by 25.0% ($200 to $150)."
    );
}

#[test]
fn a_trend_is_claimed_only_with_enough_points_and_a_small_chance() {
    let rising: Vec<f64> = (0..12).map(|step| 100.0 + 10.0 * f64::from(step)).collect();
    let findings = found(&monthly(&rising));
    assert_eq!(findings[0].text, "Revenue went from $100 in Jan 2024 to $210 in Dec 2024, 110.0% up.");
    assert_eq!(
        findings[1].text,
        "There is an upward trend: about $10 more each month (Mann-Kendall, p < 0.001, 12 months)."
    );
    assert_eq!(findings[1].evidence["slope"], 10.0);

    let wavering = [5.0, 9.0, 4.0, 8.0, 6.0, 7.0, 5.0, 9.0, 4.0, 8.0];
    let findings = found(&monthly(&wavering));
    assert_eq!(findings[1].kind, FindingKind::NoEvidence);
    assert!(
        findings[1].text.starts_with("There is no evidence of a trend over these 10 months"),
        "{}",
        findings[1].text
    );

    let few = found(&monthly(&[1.0, 2.0, 3.0, 4.0]));
    assert_eq!(few[1].text, "4 whole months are too few to tell a trend from chance; 8 are needed.");
}

#[test]
fn a_month_that_is_not_over_is_left_out_and_said() {
    let mut numbers = vec![100.0; 22];
    numbers.extend([30.0]);
    let findings = found(&monthly(&numbers));
    assert_eq!(findings[0].text, "Revenue was $100 in Jan 2024 and in Oct 2025 alike.");
    let said = "Nov 2025 is not over (1 Nov to 20 Nov 2025 so far) and is left out of comparisons.";
    assert!(texts(&findings).contains(&said), "{:?}", texts(&findings));
}

#[test]
fn a_first_month_that_the_data_begins_in_is_left_out() {
    let asked = monthly(&[10.0, 100.0, 110.0, 120.0]);
    let data = DataSpan { first: midnight(date(2024, 1, 20)), end: midnight(date(2024, 4, 29)) };
    let findings = against(&asked, Previous::Unknown, Some(data));
    assert_eq!(findings[0].text, "Revenue went from $100 in Feb 2024 to $120 in Apr 2024, 20.0% up.");
    let said = "Jan 2024 is only partly covered and left out of comparisons.";
    assert!(texts(&findings).contains(&said), "{:?}", texts(&findings));
}

#[test]
fn a_value_far_from_the_others_stands_out_beside_a_trend() {
    let mut numbers: Vec<f64> =
        (0..18).map(|step| 100.0 + 10.0 * f64::from(step) + f64::from(step % 3)).collect();
    numbers[9] = 900.0;
    let findings = found(&monthly(&numbers));
    let outlier = findings.iter().find(|finding| finding.kind == FindingKind::Outlier).expect("an outlier");
    assert_eq!(outlier.text, "Oct 2024 ($900, where the trend leads to $191) stands out.");
    let calm: Vec<f64> = (0..18).map(|step| 100.0 + f64::from(step * 7 % 5)).collect();
    assert!(found(&monthly(&calm)).iter().all(|finding| finding.kind != FindingKind::Outlier));
}

#[test]
fn gaps_between_buckets_are_said() {
    let rows = [[text("2025-01"), float(1.0)], [text("2025-04"), float(2.0)]];
    let findings = found(&Asked::new(Intent::Trend, [("month", month()), ("revenue", revenue())]).rows(rows));
    assert!(
        texts(&findings).contains(&"There are no rows for 2 months: Feb 2025 and Mar 2025."),
        "{:?}",
        texts(&findings)
    );
}

#[test]
fn series_are_compared_with_each_other() {
    let rows = (0..5).flat_map(|index| {
        let month = format!("2025-{:02}", index + 5);
        [
            [text(&month), text("Enterprise"), float(100.0 + 10.0 * f64::from(index))],
            [text(&month), text("SMB"), float(80.0 - 10.0 * f64::from(index))],
        ]
    });
    let asked =
        Asked::new(Intent::Trend, [("month", month()), ("segment", segment()), ("revenue", revenue())])
            .rows(rows);
    assert_eq!(
        texts(&found(&asked)),
        [
            "Enterprise has the most revenue over the whole time, $600, before SMB with $300.",
            "From May 2025 to Sep 2025, Enterprise rose most, 40.0% up ($100 to $140); SMB fell most, 50.0% down ($80 to $40).",
            "5 whole months are too few to tell trends from chance; 8 are needed.",
        ]
    );
}

#[test]
fn trends_of_many_series_are_read_together() {
    let rows = (0..10).flat_map(|index| {
        let month = format!("2024-{:02}", index + 1);
        [
            [text(&month), text("up"), float(100.0 + f64::from(index))],
            [
                text(&month),
                text("flat"),
                float([3.0, 1.0, 4.0, 1.5, 5.0, 2.0, 3.0, 1.0, 4.0, 2.0][index as usize]),
            ],
        ]
    });
    let asked =
        Asked::new(Intent::Trend, [("month", month()), ("segment", segment()), ("revenue", revenue())])
            .rows(rows);
    let findings = found(&asked);
    let trend = findings.iter().find(|finding| finding.kind == FindingKind::Trend).expect("a trend");
    assert_eq!(
        trend.text,
        "Trends that chance hardly explains: up up about $1 each month (Mann-Kendall, Holm-adjusted p < 0.05)."
    );
}

#[test]
fn numbers_of_two_windows_are_compared_group_by_group() {
    let window = |month: i8| Expr::Where {
        of: Box::new(revenue()),
        filters: Vec::new(),
        time: by_segment(&[])
            .during(date(2025, month, 1), date(2025, month + 1, 1), "a month")
            .step
            .plan
            .time,
    };
    let outputs = [("segment", segment()), ("2025-04-01", window(4)), ("2025-05-01", window(5))];
    let rows = [[text("a"), float(100.0), float(110.0)], [text("b"), float(90.0), float(45.0)]];
    let findings = found(&Asked::new(Intent::Comparison, outputs).rows(rows));
    assert_eq!(
        findings[0].text,
        "From revenue in Apr 2025 to revenue in May 2025, a gained most, by 10.0% ($100 to $110); b lost most, by 50.0% ($90 to $45)."
    );
}

#[test]
fn a_count_is_told_by_what_is_counted() {
    let asked = Asked::new(Intent::Number, [("count", orders())]).rows([[Value::Integer(7)]]);
    assert_eq!(texts(&found(&asked)), ["Number of orders is 7."]);
}

#[test]
fn groups_that_are_numbers_are_told_with_what_they_are() {
    let outputs = [("id", Expr::Field(field("customers", "id"))), ("revenue", revenue())];
    let rows = [[Value::Integer(2), float(3.0)], [Value::Integer(1), float(1.0)]];
    let findings = found(&Asked::new(Intent::Breakdown, outputs).rows(rows));
    assert_eq!(findings[0].text, "Id 2 leads in revenue with $3, 200.0% above id 1 ($1).");
}

#[test]
fn a_list_is_counted() {
    let asked = Asked::new(Intent::List, [("segment", segment())]).rows([[text("a")], [text("b")]]);
    assert_eq!(texts(&found(&asked)), ["There are 2 rows."]);
}

#[test]
fn rows_without_a_date_are_left_out_and_said() {
    let rows = [[Value::Null, float(1.0)], [text("2025-04"), float(2.0)], [text("2025-05"), float(3.0)]];
    let findings = found(&Asked::new(Intent::Trend, [("month", month()), ("revenue", revenue())]).rows(rows));
    assert!(texts(&findings).contains(&"1 row without a date is left out."), "{:?}", texts(&findings));
}

#[test]
fn a_long_daily_series_is_looked_at_quickly() {
    let day = |index: i32| date(2010, 1, 1).checked_add(jiff::Span::new().days(index)).unwrap();
    let rows = (0..5000).map(|index| [text(&day(index).to_string()), float(f64::from(index))]);
    let bucket = Expr::Bucket { field: field("orders", "ordered_at"), grain: Grain::Day };
    let asked = Asked::new(Intent::Trend, [("day", bucket), ("revenue", revenue())]).rows(rows);
    let trend =
        found(&asked).into_iter().find(|finding| finding.kind == FindingKind::Trend).expect("a trend");
    assert!((trend.evidence["slope"] - 1.0).abs() < 1e-9);
}
