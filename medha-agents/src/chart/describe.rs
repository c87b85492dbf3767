//! What a chart shows, in words: its text alternative, with the numbers that matter.

use medha_connectors::ResultSet;

use super::legal::View;
use super::spec::{ChartKind, ChartSpec, Encoding, Scale};

/// Fills in the description of a chart that is otherwise complete.
pub(crate) fn describe(spec: &mut ChartSpec, result: &ResultSet) {
    let view = View::new(result);
    spec.description = match (spec.kind, &spec.x, &spec.y) {
        (ChartKind::Metric, x, Some(y)) => card(spec, &view, x.as_ref(), y),
        (ChartKind::Histogram, Some(x), _) => {
            format!("Histogram of {}: {}.", words(x), spread(&view, x).unwrap_or_else(|| "no numbers".into()))
        }
        (ChartKind::Scatter, Some(x), Some(y)) => {
            format!("Scatter plot of {} against {}, {}.", words(y), words(x), counted(view.rows(), "point"))
        }
        (ChartKind::Heatmap, Some(x), Some(y)) => heatmap(spec, &view, x, y),
        (ChartKind::Table, _, _) | (_, None, _) | (_, _, None) => table(result),
        (_, Some(x), Some(y)) => drawn(spec, &view, x, y),
    };
}

fn card(spec: &ChartSpec, view: &View<'_>, x: Option<&Encoding>, y: &Encoding) -> String {
    let number = |encoding: &Encoding| {
        let value = view.numbers(&encoding.field).next().flatten();
        let shown = value.map_or_else(|| "no value".to_owned(), |value| encoding.format.show(value));
        format!("{}: {shown}", words(encoding))
    };
    let numbers: Vec<String> = std::iter::once(y).chain(&spec.more_y).map(number).collect();
    match x.and_then(|x| view.labels(x).into_iter().next()) {
        Some(name) => format!("{name}. {}.", capital(&numbers.join(", "))),
        None => format!("{}.", capital(&numbers.join(", "))),
    }
}

fn table(result: &ResultSet) -> String {
    let rows = counted(result.rows.len(), "row");
    let columns = counted(result.columns.len(), "column");
    let more = if result.truncated.is_some() { "; there are more rows than were read" } else { "" };
    format!("Table of {rows} and {columns}{more}.")
}

fn heatmap(spec: &ChartSpec, view: &View<'_>, x: &Encoding, y: &Encoding) -> String {
    let Some(color) = &spec.color else { return String::new() };
    let cells = extremes(view, color, |row| {
        format!("{} and {}", view.labels(x).swap_remove(row), view.labels(y).swap_remove(row))
    });
    format!(
        "Heatmap of {} by {} and {}, {}{}.",
        words(color),
        words(x),
        words(y),
        counted(view.rows(), "cell"),
        cells
    )
}

fn drawn(spec: &ChartSpec, view: &View<'_>, x: &Encoding, y: &Encoding) -> String {
    let mut measures: Vec<String> = std::iter::once(y).chain(&spec.more_y).map(words).collect();
    let last = measures.pop().unwrap_or_default();
    let measures = if measures.is_empty() { last } else { format!("{} and {last}", measures.join(", ")) };
    let mut text = format!("{} of {measures} by {}", capital(spec.kind.words()), words(x));
    if let Some(color) = &spec.color {
        text.push_str(&format!(
            ", one series for each of {}",
            counted_of(view.distinct(color), &words(color))
        ));
    }
    if let Some(facet) = &spec.facet {
        text.push_str(&format!(", one pane for each of {}", counted_of(view.distinct(facet), &words(facet))));
    }
    let labels = view.labels(x);
    if matches!(x.scale, Scale::Temporal) || matches!(spec.kind, ChartKind::Line | ChartKind::Area) {
        if let (Some(first), Some(last)) = (labels.iter().min(), labels.iter().max())
            && first != last
        {
            text.push_str(&format!(", {first} to {last}"));
        }
    } else {
        let what = if spec.kind == ChartKind::Pie { "part" } else { "bar" };
        text.push_str(&format!(", {}", counted(view.rows() * (1 + spec.more_y.len()), what)));
    }
    let series = spec.color.as_ref().map(|color| view.labels(color));
    text.push_str(&extremes(view, y, |row| match &series {
        Some(series) => format!("{}, {}", series[row], labels[row]),
        None => labels[row].clone(),
    }));
    text.push('.');
    text
}

/// `: highest $9 (West), lowest $2 (East)`.
fn extremes(view: &View<'_>, y: &Encoding, name: impl Fn(usize) -> String) -> String {
    let numbers: Vec<(usize, f64)> = view
        .numbers(&y.field)
        .enumerate()
        .filter_map(|(row, number)| number.map(|number| (row, number)))
        .collect();
    let highest = numbers.iter().max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)));
    let lowest = numbers.iter().min_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
    match (highest, lowest) {
        (Some(highest), Some(lowest)) if highest.1 > lowest.1 => format!(
            ": highest {} ({}), lowest {} ({})",
            y.format.show(highest.1),
            name(highest.0),
            y.format.show(lowest.1),
            name(lowest.0)
        ),
        (Some(all), Some(_)) if numbers.len() > 1 => format!(": all {}", y.format.show(all.1)),
        (Some(only), _) => format!(": {} ({})", y.format.show(only.1), name(only.0)),
        (None, _) => String::new(),
    }
}

fn spread(view: &View<'_>, x: &Encoding) -> Option<String> {
    let numbers: Vec<f64> = view.numbers(&x.field).flatten().collect();
    let least = numbers.iter().copied().min_by(f64::total_cmp)?;
    let most = numbers.iter().copied().max_by(f64::total_cmp)?;
    Some(format!(
        "{} from {} to {}",
        counted(numbers.len(), "value"),
        x.format.show(least),
        x.format.show(most)
    ))
}

fn words(encoding: &Encoding) -> String {
    encoding.title.clone().unwrap_or_else(|| encoding.field.replace('_', " "))
}

fn counted(count: usize, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

fn counted_of(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} values of {what}") }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
