//! Which chart: by rule, from what was asked, what the columns mean and how many rows there are.

use medha_connectors::ResultSet;

use super::column::{Column, ColumnRole, column_words, measures};
use super::describe;
use super::legal::{ChartError, View, check};
use super::spec::{ChartKind, ChartSpec, Encoding, Scale};
use crate::plan::{DatePart, Grain};
use crate::planner::{Intent, PlannedStep};

/// At most so many series when there is a choice.
const FEW_SERIES: usize = 8;

/// Chooses the chart for one step's result; it is always one that [`check`] accepts.
///
/// `columns` are the meanings of the result's columns, in their order, from [`columns_of`](super::columns_of).
#[must_use]
pub fn choose(step: &PlannedStep, columns: &[Column], result: &ResultSet) -> ChartSpec {
    let chooser = Chooser { step, columns, view: View::new(result), result };
    let drafts = if columns.len() == result.columns.len() { chooser.drafts() } else { Vec::new() };
    let mut legal = drafts.into_iter().filter(|draft| check(draft, result).is_ok());
    let mut chosen = legal.next().unwrap_or_else(|| chooser.blank(ChartKind::Table));
    let mut alternatives: Vec<ChartKind> = Vec::new();
    if chosen.kind != ChartKind::Table {
        let offered = legal
            .map(|draft| draft.kind)
            .chain(preferred(chosen.kind).iter().copied())
            .chain([ChartKind::Table]);
        for kind in offered.filter(|kind| *kind != chosen.kind) {
            let fits = recast(&chosen, kind).is_some_and(|spec| check(&spec, result).is_ok());
            if fits && !alternatives.contains(&kind) {
                alternatives.push(kind);
            }
        }
    }
    chosen.alternatives = alternatives;
    describe::describe(&mut chosen, result);
    chosen
}

/// Draws the same result another way, as the user asked.
///
/// # Errors
/// If that drawing would mislead; the error says why.
pub fn redraw(spec: &ChartSpec, kind: ChartKind, result: &ResultSet) -> Result<ChartSpec, ChartError> {
    let Some(mut drawn) = recast(spec, kind) else {
        return Err(ChartError::Misleading { kind, reason: "the columns do not fit it".into() });
    };
    check(&drawn, result)?;
    drawn.alternatives = spec.alternatives.iter().copied().filter(|&other| other != kind).collect();
    if !drawn.alternatives.contains(&spec.kind) && spec.kind != kind {
        drawn.alternatives.insert(0, spec.kind);
    }
    describe::describe(&mut drawn, result);
    Ok(drawn)
}

/// The same encodings under another kind, moved where the kind wants them.
fn recast(spec: &ChartSpec, kind: ChartKind) -> Option<ChartSpec> {
    let mut drawn = ChartSpec { kind, ..spec.clone() };
    if kind == spec.kind || kind == ChartKind::Table {
        return Some(drawn);
    }
    if spec.kind == ChartKind::Heatmap {
        (drawn.y, drawn.color) = (spec.color.clone(), spec.y.clone());
    }
    if kind == ChartKind::Heatmap {
        drawn.color.as_ref()?;
        std::mem::swap(&mut drawn.y, &mut drawn.color);
    }
    if matches!(kind, ChartKind::Bar | ChartKind::Pie) && drawn.color.is_none() {
        drawn.more_y.clear();
    }
    if kind == ChartKind::Histogram {
        (drawn.x, drawn.y, drawn.color) = (drawn.y.take(), None, None);
        drawn.more_y.clear();
    }
    Some(drawn)
}

/// What else is worth offering beside a kind, best first.
fn preferred(kind: ChartKind) -> &'static [ChartKind] {
    use ChartKind::{Area, Bar, GroupedBar, Heatmap, Histogram, Line, Pie, StackedBar};
    match kind {
        ChartKind::Bar => &[Pie, Line],
        ChartKind::GroupedBar => &[StackedBar, Line, Heatmap],
        ChartKind::StackedBar => &[GroupedBar, Area, Line, Heatmap],
        ChartKind::Line => &[Area, Bar, StackedBar, GroupedBar, Heatmap],
        ChartKind::Area => &[Line, Bar, StackedBar],
        ChartKind::Pie => &[Bar],
        ChartKind::Heatmap => &[GroupedBar, StackedBar],
        ChartKind::Scatter => &[Histogram],
        ChartKind::Metric | ChartKind::Histogram | ChartKind::Table => &[],
    }
}

struct Chooser<'a> {
    step: &'a PlannedStep,
    columns: &'a [Column],
    view: View<'a>,
    result: &'a ResultSet,
}

impl Chooser<'_> {
    /// Charts that suit, best first; the first legal one is drawn.
    fn drafts(&self) -> Vec<ChartSpec> {
        let rows = self.result.rows.len();
        let listed = self.step.intent == Intent::List
            && !self.step.plan.outputs.iter().any(|output| output.expr.is_aggregate());
        let Some((first, others)) = self.measures() else { return Vec::new() };
        if rows == 0 || listed {
            return Vec::new();
        }
        let times: Vec<&Column> =
            self.with_role(|role| matches!(role, ColumnRole::Bucket(_) | ColumnRole::Moment));
        let names = self.names();
        let y = self.encode(first);
        let more: Vec<Encoding> = others
            .iter()
            .filter(|other| other.format == first.format)
            .map(|other| self.encode(other))
            .collect();
        if rows == 1 {
            return vec![self.card(&times, &names, y, others)];
        }
        let units = 1 + others
            .iter()
            .enumerate()
            .filter(|(index, other)| {
                other.format != first.format
                    && others[..*index].iter().all(|before| before.format != other.format)
            })
            .count();
        if units > 2 {
            return Vec::new();
        }
        match (times.as_slice(), names.as_slice()) {
            ([], []) => self.without_names(first, &others),
            ([time], []) => self.over_time(time, None, y, more),
            ([time], [name]) => self.over_time(time, Some(name), y, more),
            ([time], [one, two]) => self.panes_over_time(time, one, two, y),
            ([], [name]) => self.by_name(name, y, more, &others),
            ([], [one, two]) => self.by_two(one, two, y),
            _ => Vec::new(),
        }
    }

    /// The measure that matters most, and the others in order.
    fn measures(&self) -> Option<(&Column, Vec<&Column>)> {
        let (first, others) = measures(self.step, self.columns)?;
        Some((&self.columns[first], others.into_iter().map(|index| &self.columns[index]).collect()))
    }

    fn with_role(&self, wanted: impl Fn(ColumnRole) -> bool) -> Vec<&Column> {
        self.columns.iter().filter(|column| wanted(column.role)).collect()
    }

    /// What the rows are named by: columns that label one thing together are one name; what a unique name already
    /// tells apart adds nothing.
    fn names(&self) -> Vec<Encoding> {
        let mut names: Vec<(Option<&str>, Encoding)> = Vec::new();
        for column in self.with_role(|role| matches!(role, ColumnRole::Category | ColumnRole::Part(_))) {
            let same =
                names.iter_mut().find(|(labels, _)| labels.is_some() && *labels == column.labels.as_deref());
            match same {
                Some((_, encoding)) => encoding.joined.push(column.name.clone()),
                None => names.push((column.labels.as_deref(), self.encode(column))),
            }
        }
        let mut names: Vec<Encoding> = names.into_iter().map(|(_, encoding)| encoding).collect();
        if names.len() < 2 || !self.with_role(|role| matches!(role, ColumnRole::Bucket(_))).is_empty() {
            return names;
        }
        if self.step.plan.top_per_group.is_some() {
            let others: Vec<Encoding> = names.split_off(1);
            names[0].joined.extend(
                others.into_iter().flat_map(|other| std::iter::once(other.field).chain(other.joined)),
            );
            return names;
        }
        let rows = self.result.rows.len();
        let unique: Vec<&Encoding> = names.iter().filter(|name| self.view.distinct(name) == rows).collect();
        // A label beats an identifier; the first of equals stands.
        match unique.iter().find(|name| !self.looks_like_key(name)).or(unique.first()) {
            Some(best) => vec![(*best).clone()],
            None => names,
        }
    }

    fn words(&self, column: &Column) -> String {
        let place = self.columns.iter().position(|other| other.name == column.name);
        place.map_or_else(|| column.words(), |place| column_words(self.step, self.columns, place))
    }

    fn looks_like_key(&self, name: &Encoding) -> bool {
        let lower = name.field.to_ascii_lowercase();
        lower == "id"
            || lower.ends_with("_id")
            || lower.ends_with("code")
            || self.view.values(&name.field).all(|value| super::number(value).is_some())
    }

    fn encode(&self, column: &Column) -> Encoding {
        let (scale, grain, keep_order) = match column.role {
            ColumnRole::Bucket(grain @ (Grain::Day | Grain::Week | Grain::Month)) => {
                (Scale::Temporal, Some(grain), true)
            }
            ColumnRole::Bucket(grain) => (Scale::Ordinal, Some(grain), true),
            ColumnRole::Part(_) => (Scale::Ordinal, None, true),
            ColumnRole::Moment => (Scale::Temporal, None, true),
            ColumnRole::Category
                if !column.name.to_ascii_lowercase().ends_with("id")
                    && self.view.values(&column.name).all(|value| super::number(value).is_some()) =>
            {
                (Scale::Ordinal, None, true)
            }
            // Names without an asked order are set by size.
            ColumnRole::Category => (Scale::Nominal, None, !self.step.plan.order.is_empty()),
            ColumnRole::Measure => (Scale::Quantitative, None, false),
        };
        Encoding {
            field: column.name.clone(),
            joined: Vec::new(),
            scale,
            grain,
            part: match column.role {
                ColumnRole::Part(part) => Some(part),
                ColumnRole::Bucket(_) | ColumnRole::Moment | ColumnRole::Category | ColumnRole::Measure => {
                    None
                }
            },
            title: Some(self.words(column)),
            format: column.format.clone(),
            additive: column.additive,
            keep_order,
        }
    }

    fn blank(&self, kind: ChartKind) -> ChartSpec {
        ChartSpec {
            kind,
            x: None,
            y: None,
            more_y: Vec::new(),
            color: None,
            size: None,
            facet: None,
            title: self.step.title.clone(),
            description: String::new(),
            alternatives: Vec::new(),
        }
    }

    /// One row: a card with its number, and what it belongs to.
    fn card(&self, times: &[&Column], names: &[Encoding], y: Encoding, others: Vec<&Column>) -> ChartSpec {
        let x = names.first().cloned().or_else(|| times.first().map(|time| self.encode(time)));
        let more_y = others.into_iter().map(|other| self.encode(other)).collect();
        ChartSpec { x, y: Some(y), more_y, ..self.blank(ChartKind::Metric) }
    }

    /// Rows without names: how the numbers are spread, or how two of them go together.
    fn without_names(&self, first: &Column, others: &[&Column]) -> Vec<ChartSpec> {
        match others {
            [] => vec![ChartSpec { x: Some(self.encode(first)), ..self.blank(ChartKind::Histogram) }],
            [other] => vec![ChartSpec {
                x: Some(self.encode(other)),
                y: Some(self.encode(first)),
                ..self.blank(ChartKind::Scatter)
            }],
            _ => Vec::new(),
        }
    }

    /// Along time: lines, bars where there are only two points.
    fn over_time(
        &self,
        time: &Column,
        series: Option<&Encoding>,
        y: Encoding,
        more: Vec<Encoding>,
    ) -> Vec<ChartSpec> {
        let x = self.encode(time);
        let points = self.view.distinct(&x);
        let color = series.cloned();
        let more_y = if color.is_some() { Vec::new() } else { more };
        let line = ChartSpec { x: Some(x), y: Some(y), more_y, color, ..self.blank(ChartKind::Line) };
        let bar = ChartSpec {
            kind: if line.color.is_some() || !line.more_y.is_empty() {
                ChartKind::GroupedBar
            } else {
                ChartKind::Bar
            },
            ..line.clone()
        };
        let alone = ChartSpec { more_y: Vec::new(), ..line.clone() };
        if points <= 2 { vec![bar, line, alone] } else { vec![line, alone, bar] }
    }

    /// Along time by two names: the one with fewer values makes the panes.
    fn panes_over_time(&self, time: &Column, one: &Encoding, two: &Encoding, y: Encoding) -> Vec<ChartSpec> {
        let (pane, series) =
            if self.view.distinct(one) <= self.view.distinct(two) { (one, two) } else { (two, one) };
        if self.view.distinct(pane) > FEW_SERIES {
            return Vec::new();
        }
        let line = ChartSpec {
            x: Some(self.encode(time)),
            y: Some(y),
            color: Some(series.clone()),
            facet: Some(pane.clone()),
            ..self.blank(ChartKind::Line)
        };
        vec![line]
    }

    /// A number, or several of one unit, for each name.
    fn by_name(
        &self,
        name: &Encoding,
        y: Encoding,
        more: Vec<Encoding>,
        others: &[&Column],
    ) -> Vec<ChartSpec> {
        let bar = ChartSpec { x: Some(name.clone()), y: Some(y), ..self.blank(ChartKind::Bar) };
        let grouped = ChartSpec { kind: ChartKind::GroupedBar, more_y: more, ..bar.clone() };
        let pie = ChartSpec { kind: ChartKind::Pie, ..bar.clone() };
        let whole = self.step.plan.limit.is_none() && self.result.truncated.is_none();
        let mut drafts = match self.step.intent {
            Intent::Share if whole => vec![pie, bar],
            Intent::Number
            | Intent::Breakdown
            | Intent::Ranking
            | Intent::Trend
            | Intent::Comparison
            | Intent::Share
            | Intent::List => {
                if grouped.more_y.is_empty() {
                    vec![bar]
                } else {
                    vec![grouped, bar]
                }
            }
        };
        if let [other] = others {
            let scatter = ChartSpec {
                x: Some(self.encode(other)),
                y: drafts[0].y.clone(),
                ..self.blank(ChartKind::Scatter)
            };
            drafts.push(scatter);
        }
        let histogram = ChartSpec { x: drafts[0].y.clone(), ..self.blank(ChartKind::Histogram) };
        if self.result.rows.len() > FEW_SERIES * 2 {
            drafts.push(histogram);
        }
        drafts
    }

    /// A number for each pair of names: the one with fewer values gives the colours.
    fn by_two(&self, one: &Encoding, two: &Encoding, y: Encoding) -> Vec<ChartSpec> {
        let ordered = |encoding: &Encoding| encoding.scale == Scale::Ordinal;
        let swap = match (ordered(one), ordered(two)) {
            (true, false) => false,
            (false, true) => true,
            _ => self.view.distinct(one) < self.view.distinct(two),
        };
        let (x, color) = if swap { (two, one) } else { (one, two) };
        let grouped = ChartSpec {
            x: Some(x.clone()),
            y: Some(y),
            color: Some(color.clone()),
            ..self.blank(ChartKind::GroupedBar)
        };
        let stacked = ChartSpec { kind: ChartKind::StackedBar, ..grouped.clone() };
        let heatmap = ChartSpec {
            kind: ChartKind::Heatmap,
            y: Some(color.clone()),
            color: grouped.y.clone(),
            ..grouped.clone()
        };
        let line = ChartSpec { kind: ChartKind::Line, ..grouped.clone() };
        let hours = self.columns.iter().any(|column| column.role == ColumnRole::Part(DatePart::HourOfDay));
        match () {
            () if hours => vec![line, heatmap, grouped],
            () if self.view.distinct(color) > FEW_SERIES => vec![heatmap, stacked, grouped],
            () if self.step.intent == Intent::Share => vec![stacked, grouped, heatmap],
            () => vec![grouped, heatmap, stacked],
        }
    }
}
