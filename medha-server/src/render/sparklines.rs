//! Several series over the same steps: one row of small bars each, on one scale, so that they can be compared.

use super::text::{cut, pad_right, width};

/// A series: its name, its values (`None` where there is none), and its first and last numbers as they are written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) values: Vec<Option<f64>>,
    pub(crate) first: String,
    pub(crate) last: String,
}

const WIDEST_NAME: usize = 28;
const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Draws the series in `space` columns; where there are more steps than columns, steps share a column by their mean.
pub(crate) fn sparklines(series: &[Series], space: usize) -> String {
    let values = || series.iter().flat_map(|series| series.values.iter().flatten());
    let low = values().copied().fold(0.0, f64::min);
    let high = values().copied().fold(0.0, f64::max);
    let span = high - low;
    if span == 0.0 || !span.is_finite() {
        return String::new();
    }
    let name_width = series.iter().map(|series| width(&series.name).min(WIDEST_NAME)).max().unwrap_or(0);
    let ends = series.iter().map(|series| width(&series.first) + width(&series.last)).max().unwrap_or(0);
    let columns = space.saturating_sub(name_width + ends + 10).max(8);
    let mut out = String::new();
    for one in series {
        let drawn: String = squeeze(&one.values, columns)
            .into_iter()
            .map(|value| value.map_or(' ', |value| LEVELS[level((value - low) / span)]))
            .collect();
        let name = pad_right(&cut(&one.name, WIDEST_NAME), name_width);
        out.push_str(&format!("  {name} {drawn}  {} → {}\n", one.first, one.last));
    }
    out
}

fn level(part: f64) -> usize {
    ((part * (LEVELS.len() - 1) as f64).round() as usize).min(LEVELS.len() - 1)
}

/// Makes many steps few, and few steps wide enough to see.
fn squeeze(values: &[Option<f64>], columns: usize) -> Vec<Option<f64>> {
    if values.len() <= columns {
        let repeat = (columns / values.len().max(1)).clamp(1, 3);
        return values.iter().flat_map(|value| std::iter::repeat_n(*value, repeat)).collect();
    }
    (0..columns)
        .map(|column| {
            let part = &values[column * values.len() / columns..(column + 1) * values.len() / columns];
            let known: Vec<f64> = part.iter().flatten().copied().collect();
            (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(name: &str, values: &[Option<f64>]) -> Series {
        Series { name: name.into(), values: values.to_vec(), first: "1".into(), last: "9".into() }
    }

    #[test]
    fn series_share_a_scale_and_show_their_gaps() {
        let drawn =
            sparklines(&[series("Consumer", &[Some(0.0), Some(7.0)]), series("SMB", &[None, Some(3.5)])], 60);
        let expected = "
  Consumer ▁▁▁███  1 → 9
  SMB         ▅▅▅  1 → 9
";
        assert_eq!(drawn, expected[1..]);
    }

    #[test]
    fn many_steps_are_squeezed_into_the_space() {
        let values: Vec<_> = (0..1000).map(|step| Some(f64::from(step))).collect();
        let drawn = sparklines(&[series("long", &values)], 60);
        assert!(width(drawn.trim_end()) <= 60, "{drawn}");
        assert!(drawn.contains("▁") && drawn.contains("█"), "{drawn}");
    }

    #[test]
    fn nothing_is_drawn_where_all_is_zero_or_unknown() {
        assert_eq!(sparklines(&[series("a", &[None, None])], 60), "");
    }
}
