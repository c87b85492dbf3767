//! A chart as Vega-Lite v6, without the data: rows come as the data set named `rows`, one object a row.

use medha_connectors::ResultSet;
use serde_json::{Map, Value as Json, json};

use super::legal::{ChartError, View, check};
use super::number::NumberFormat;
use super::spec::{ChartKind, ChartSpec, Encoding, Scale};
use super::value::{MONTHS, WEEKDAYS};
use crate::plan::{DatePart, Grain};

/// The version of the language the specs are written in.
pub const VEGA_LITE_SCHEMA: &str = "https://vega.github.io/schema/vega-lite/v6.json";

/// Bars beyond this many lie down, so that their names can be read.
const STANDING_BARS: usize = 8;
/// Bars with names longer than this lie down.
const SHORT_NAME: usize = 12;
/// Names of the columns the spec makes for itself.
const MEASURE: &str = "measure";
const VALUE: &str = "value";

/// Compiles a chart to Vega-Lite v6; `None` for a table, which is no chart.
///
/// The data is not in it: it is the data set named `rows`, whose rows are objects by the names of the columns (see
/// [`unique_names`](super::unique_names)).
///
/// # Errors
/// If the chart does not fit the result: see [`check`].
pub fn vega_lite(spec: &ChartSpec, result: &ResultSet) -> Result<Option<Json>, ChartError> {
    check(spec, result)?;
    if spec.kind == ChartKind::Table {
        return Ok(None);
    }
    let view = View::new(result);
    let mut compiler = Compiler { spec, view: &view, transforms: Vec::new() };
    let (mark, encoding) = compiler.compile();
    let mut chart = Map::new();
    chart.insert("$schema".into(), json!(VEGA_LITE_SCHEMA));
    chart.insert("title".into(), json!(spec.title));
    chart.insert("description".into(), json!(spec.description));
    chart.insert("data".into(), json!({ "name": "rows" }));
    if !compiler.transforms.is_empty() {
        chart.insert("transform".into(), Json::Array(compiler.transforms));
    }
    chart.insert("mark".into(), mark);
    chart.insert("encoding".into(), Json::Object(encoding));
    if spec.facet.is_none() && spec.kind != ChartKind::Metric {
        chart.insert("width".into(), json!("container"));
    }
    Ok(Some(Json::Object(chart)))
}

/// A field name as Vega reads it: dots, brackets, quotes and backslashes are part of the name, not a path.
pub(crate) fn escape(field: &str) -> String {
    let mut out = String::with_capacity(field.len());
    for letter in field.chars() {
        if matches!(letter, '.' | '[' | ']' | '\\' | '\'' | '"') {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}

/// A string inside a Vega expression.
fn quoted(text: &str) -> String {
    let mut out = String::from("'");
    for letter in text.chars() {
        match letter {
            '\\' | '\'' => {
                out.push('\\');
                out.push(letter);
            }
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\u{2028}' => out.push_str("\\u2028"),
            '\u{2029}' => out.push_str("\\u2029"),
            other => out.push(other),
        }
    }
    out.push('\'');
    out
}

struct Compiler<'a> {
    spec: &'a ChartSpec,
    view: &'a View<'a>,
    transforms: Vec<Json>,
}

impl Compiler<'_> {
    fn compile(&mut self) -> (Json, Map<String, Json>) {
        match self.spec.kind {
            ChartKind::Metric => self.card(),
            ChartKind::Bar | ChartKind::GroupedBar | ChartKind::StackedBar => self.bars(),
            ChartKind::Line | ChartKind::Area => self.lines(),
            ChartKind::Pie => self.pie(),
            ChartKind::Scatter => self.points(),
            ChartKind::Histogram => self.histogram(),
            ChartKind::Heatmap => self.heatmap(),
            ChartKind::Table => (Json::Null, Map::new()),
        }
    }

    fn card(&mut self) -> (Json, Map<String, Json>) {
        let mut encoding = Map::new();
        if let Some(y) = &self.spec.y {
            let (before, after) = y.format.affixes();
            let expression = format!(
                "{}format(datum[{}], {}){}",
                if before.is_empty() { String::new() } else { format!("{} + ", quoted(&before)) },
                quoted(&y.field),
                quoted(&d3_format(&y.format)),
                if after.is_empty() { String::new() } else { format!(" + {}", quoted(&after)) },
            );
            self.transforms.push(json!({ "calculate": expression, "as": "shown" }));
            encoding.insert("text".into(), json!({ "field": "shown", "type": "nominal" }));
        }
        (json!({ "type": "text", "fontSize": 40, "fontWeight": "bold" }), encoding)
    }

    fn bars(&mut self) -> (Json, Map<String, Json>) {
        let mut encoding = Map::new();
        let (Some(x), Some(y)) = (self.spec.x.clone(), self.spec.y.clone()) else {
            return (Json::Null, encoding);
        };
        let lying = self.lie_down(&x);
        let mut names = self.position(&x);
        if x.scale == Scale::Temporal {
            names["timeUnit"] = json!(time_unit(x.grain));
        } else if x.keep_order || self.spec.more_y.len() + usize::from(self.spec.color.is_some()) > 0 {
            names["sort"] = Json::Null;
        } else {
            names["sort"] = json!(if lying { "-x" } else { "-y" });
        }
        let (value, color) = self.series(&y);
        let mut number = number_axis(&value, &y.format);
        number["scale"] = json!({ "zero": true });
        number["stack"] = if self.spec.kind == ChartKind::StackedBar { json!("zero") } else { Json::Null };
        let (names_at, number_at, offset_at) =
            if lying { ("y", "x", "yOffset") } else { ("x", "y", "xOffset") };
        if let Some(color) = color {
            if self.spec.kind == ChartKind::GroupedBar {
                encoding.insert(offset_at.into(), json!({ "field": color["field"], "sort": Json::Null }));
            }
            encoding.insert("color".into(), color);
        }
        encoding.insert(names_at.into(), names);
        encoding.insert(number_at.into(), number);
        self.finish(&mut encoding);
        (json!({ "type": "bar", "tooltip": true }), encoding)
    }

    fn lines(&mut self) -> (Json, Map<String, Json>) {
        let mut encoding = Map::new();
        let (Some(x), Some(y)) = (self.spec.x.clone(), self.spec.y.clone()) else {
            return (Json::Null, encoding);
        };
        let mut along = self.position(&x);
        if x.scale != Scale::Temporal && x.keep_order {
            along["sort"] = Json::Null;
        }
        let (value, color) = self.series(&y);
        let mut number = number_axis(&value, &y.format);
        let area = self.spec.kind == ChartKind::Area;
        if area {
            number["scale"] = json!({ "zero": true });
            number["stack"] = json!("zero");
        }
        encoding.insert("x".into(), along);
        encoding.insert("y".into(), number);
        if let Some(color) = color {
            encoding.insert("color".into(), color);
        }
        self.finish(&mut encoding);
        let mark = if area {
            json!({ "type": "area", "line": true, "tooltip": true })
        } else {
            json!({ "type": "line", "point": true, "tooltip": true })
        };
        (mark, encoding)
    }

    fn pie(&mut self) -> (Json, Map<String, Json>) {
        let mut encoding = Map::new();
        if let (Some(x), Some(y)) = (self.spec.x.clone(), self.spec.y.clone()) {
            let field = self.name_field(&x);
            encoding.insert(
                "theta".into(),
                json!({ "field": escape(&y.field), "type": "quantitative", "stack": "zero" }),
            );
            encoding.insert(
                "color".into(),
                json!({ "field": field, "type": "nominal", "title": x.title, "sort": Json::Null }),
            );
        }
        self.finish(&mut encoding);
        (json!({ "type": "arc", "tooltip": true }), encoding)
    }

    fn points(&mut self) -> (Json, Map<String, Json>) {
        let mut encoding = Map::new();
        for (channel, axis) in [("x", &self.spec.x), ("y", &self.spec.y)] {
            if let Some(axis) = axis {
                let mut number = number_axis(&axis.field, &axis.format);
                number["title"] = json!(axis.title);
                number["scale"] = json!({ "zero": false });
                encoding.insert(channel.into(), number);
            }
        }
        if let Some(size) = &self.spec.size {
            encoding.insert(
                "size".into(),
                json!({ "field": escape(&size.field), "type": "quantitative", "title": size.title }),
            );
        }
        self.finish(&mut encoding);
        (json!({ "type": "point", "tooltip": { "content": "data" } }), encoding)
    }

    fn histogram(&mut self) -> (Json, Map<String, Json>) {
        let mut encoding = Map::new();
        if let Some(x) = &self.spec.x {
            encoding.insert(
                "x".into(),
                json!({ "field": escape(&x.field), "type": "quantitative", "bin": { "maxbins": 20 }, "title": x.title }),
            );
            encoding.insert("y".into(), json!({ "aggregate": "count", "type": "quantitative", "title": "rows", "scale": { "zero": true } }));
        }
        (json!({ "type": "bar", "tooltip": true }), encoding)
    }

    fn heatmap(&mut self) -> (Json, Map<String, Json>) {
        let mut encoding = Map::new();
        for (channel, axis) in [("x", self.spec.x.clone()), ("y", self.spec.y.clone())] {
            if let Some(axis) = axis {
                let mut position = self.position(&axis);
                if axis.scale == Scale::Temporal {
                    position["timeUnit"] = json!(time_unit(axis.grain));
                    position["type"] = json!("ordinal");
                } else {
                    position["sort"] = Json::Null;
                }
                encoding.insert(channel.into(), position);
            }
        }
        if let Some(color) = &self.spec.color {
            let legend = json!({ "format": d3_format(&color.format) });
            encoding.insert(
                "color".into(),
                json!({ "field": escape(&color.field), "type": "quantitative", "title": color.title, "legend": legend }),
            );
        }
        (json!({ "type": "rect", "tooltip": true }), encoding)
    }

    /// The number on the value axis and the colours: several measures are folded into one column and their names.
    fn series(&mut self, y: &Encoding) -> (String, Option<Json>) {
        if self.spec.more_y.is_empty() {
            let color = self.spec.color.clone().map(|color| {
                let field = self.name_field(&color);
                json!({ "field": field, "type": "nominal", "title": color.title, "sort": Json::Null })
            });
            return (y.field.clone(), color);
        }
        let folded: Vec<String> =
            std::iter::once(y).chain(&self.spec.more_y).map(|measure| escape(&measure.field)).collect();
        self.transforms.push(json!({ "fold": folded, "as": [MEASURE, VALUE] }));
        (
            VALUE.into(),
            Some(json!({ "field": MEASURE, "type": "nominal", "title": Json::Null, "sort": Json::Null })),
        )
    }

    /// A discrete or temporal position.
    fn position(&mut self, encoding: &Encoding) -> Json {
        if encoding.scale == Scale::Temporal {
            // Text such as `2025-03` is read as UTC and shown as UTC, so that no reader's zone moves it to February.
            let field = format!("{} (time)", encoding.field);
            self.transforms.push(
                json!({ "calculate": format!("toDate(datum[{}])", quoted(&encoding.field)), "as": field }),
            );
            let axis = encoding.grain.map(|grain| json!({ "format": date_format(grain) }));
            let mut position = json!({
                "field": escape(&field), "type": "temporal", "title": encoding.title, "scale": { "type": "utc" },
            });
            if let Some(axis) = axis {
                position["axis"] = axis;
            }
            return position;
        }
        let kind = if encoding.scale == Scale::Ordinal { "ordinal" } else { "nominal" };
        let field = self.name_field(encoding);
        let angle = if self.view.distinct(encoding) > STANDING_BARS { json!(-40) } else { json!(0) };
        let mut position = json!({ "field": field, "type": kind, "title": encoding.title });
        if !self.lie_down(encoding) {
            position["axis"] = json!({ "labelAngle": angle });
        }
        position
    }

    /// The column that holds the names, made where one column alone does not.
    fn name_field(&mut self, encoding: &Encoding) -> String {
        let fields: Vec<&String> = std::iter::once(&encoding.field).chain(&encoding.joined).collect();
        let expression = match (encoding.part, fields.as_slice()) {
            (Some(DatePart::DayOfWeek), [field]) => lookup(field, &WEEKDAYS, 0),
            (Some(DatePart::MonthOfYear), [field]) => lookup(field, &MONTHS, 1),
            (_, [field]) => {
                if !self.view.values(field).any(|value| *value == medha_connectors::Value::Null) {
                    return escape(field);
                }
                format!("datum[{0}] === null ? '(none)' : datum[{0}]", quoted(field))
            }
            (_, fields) => {
                let part =
                    |field: &&String| format!("(datum[{0}] === null ? '(none)' : datum[{0}])", quoted(field));
                fields.iter().map(part).collect::<Vec<_>>().join(" + ' ' + ")
            }
        };
        let field = format!("{} (name)", encoding.field);
        let transform = json!({ "calculate": expression, "as": field });
        if !self.transforms.contains(&transform) {
            self.transforms.push(transform);
        }
        escape(&field)
    }

    /// Whether bars over these names lie down.
    fn lie_down(&self, x: &Encoding) -> bool {
        if !matches!(self.spec.kind, ChartKind::Bar | ChartKind::GroupedBar | ChartKind::StackedBar)
            || x.scale != Scale::Nominal
        {
            return false;
        }
        let labels = self.view.labels(x);
        labels.len() > STANDING_BARS || labels.iter().any(|name| name.chars().count() > SHORT_NAME)
    }

    /// Small multiples.
    fn finish(&mut self, encoding: &mut Map<String, Json>) {
        if let Some(facet) = self.spec.facet.clone() {
            let field = self.name_field(&facet);
            encoding.insert(
                "facet".into(),
                json!({ "field": field, "type": "nominal", "title": facet.title, "columns": 3 }),
            );
        }
    }
}

/// An expression that names the numbers of a column.
fn lookup(field: &str, names: &[&str], first: i64) -> String {
    let names: Vec<String> = names.iter().map(|name| quoted(name)).collect();
    format!("[{}][datum[{}] - {first}]", names.join(", "), quoted(field))
}

fn number_axis(field: &str, format: &NumberFormat) -> Json {
    let (before, after) = format.affixes();
    let mut axis = json!({ "field": escape(field), "type": "quantitative" });
    let mut look = json!({ "format": d3_format(format) });
    if !before.is_empty() || !after.is_empty() {
        let number = format!("format(datum.value, {})", quoted(&d3_format(format)));
        look = json!({ "labelExpr": format!("{} + {number} + {}", quoted(&before), quoted(&after)) });
    }
    if field == VALUE {
        axis["title"] = Json::Null;
    } else {
        axis["title"] = json!(field.replace('_', " "));
    }
    axis["axis"] = look;
    axis
}

fn d3_format(format: &NumberFormat) -> String {
    match format {
        NumberFormat::Fraction => ".1~%",
        NumberFormat::Percent => ",.1~f",
        NumberFormat::Count => ",d",
        NumberFormat::Plain | NumberFormat::Currency { .. } | NumberFormat::Unit { .. } => ",.2~f",
    }
    .into()
}

fn time_unit(grain: Option<Grain>) -> &'static str {
    match grain {
        Some(Grain::Year) => "utcyear",
        Some(Grain::Quarter) => "utcyearquarter",
        Some(Grain::Month) => "utcyearmonth",
        Some(Grain::Week | Grain::Day) | None => "utcyearmonthdate",
    }
}

fn date_format(grain: Grain) -> &'static str {
    match grain {
        Grain::Day | Grain::Week => "%-d %b %Y",
        Grain::Month => "%b %Y",
        Grain::Quarter | Grain::Year => "%Y",
    }
}
