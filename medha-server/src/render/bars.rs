//! Horizontal bars in eighths of a character, from zero.

use super::text::{cut, pad_left, width};

/// A bar: its name, its length, and the number beside it as it is written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bar {
    pub(crate) name: String,
    pub(crate) value: f64,
    pub(crate) shown: String,
}

const WIDEST_NAME: usize = 32;
const LONGEST_BAR: usize = 50;

/// Draws bars in `space` columns. Negative ones grow to the left of a common zero.
pub(crate) fn bars(bars: &[Bar], space: usize) -> String {
    let names: Vec<String> = bars.iter().map(|bar| cut(&bar.name, WIDEST_NAME)).collect();
    let widest = |texts: &mut dyn Iterator<Item = usize>| texts.max().unwrap_or(0);
    let name_width = widest(&mut names.iter().map(|name| width(name)));
    let number_width = widest(&mut bars.iter().map(|bar| width(&bar.shown)));
    let length = space.saturating_sub(name_width + number_width + 6).clamp(8, LONGEST_BAR);

    let most = bars.iter().map(|bar| bar.value).fold(0.0, f64::max);
    let least = bars.iter().map(|bar| bar.value).fold(0.0, f64::min);
    let span = most - least;
    if span == 0.0 || !span.is_finite() {
        return String::new();
    }
    let eighths = |value: f64| (value.abs() / span * (length * 8) as f64).round() as usize;
    let left = eighths(least).div_ceil(8);
    let mut out = String::new();
    for (bar, name) in bars.iter().zip(&names) {
        let filled = eighths(bar.value);
        let drawn = if bar.value < 0.0 {
            // There are no blocks that fill from the right, so these are whole.
            pad_left(&"█".repeat(filled.div_ceil(8).min(left)), left)
        } else {
            format!("{}{}", " ".repeat(left), blocks(filled))
        };
        let line = format!("  {} │{drawn} {}", pad_left(name, name_width), bar.shown);
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

fn blocks(eighths: usize) -> String {
    const PARTS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    format!("{}{}", "█".repeat(eighths / 8), PARTS[eighths % 8])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(name: &str, value: f64) -> Bar {
        Bar { name: name.into(), value, shown: value.to_string() }
    }

    #[test]
    fn bars_are_as_long_as_their_numbers_are_great() {
        let drawn = bars(&[bar("Enterprise", 500.0), bar("Mid", 250.0), bar("SMB", 3.0)], 40);
        let expected = "
  Enterprise │█████████████████████ 500
         Mid │██████████▌ 250
         SMB │▏ 3
";
        assert_eq!(drawn, expected[1..]);
    }

    #[test]
    fn negative_bars_grow_to_the_left_of_zero() {
        let drawn = bars(&[bar("a", 30.0), bar("b", -10.0)], 30);
        let expected = "
  a │     ███████████████ 30
  b │█████ -10
";
        assert_eq!(drawn, expected[1..]);
    }

    #[test]
    fn nothing_is_drawn_where_all_is_zero() {
        assert_eq!(bars(&[bar("a", 0.0)], 40), "");
        assert_eq!(bars(&[], 40), "");
    }
}
