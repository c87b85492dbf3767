//! The few statistics that findings rest on, each with its source.

/// What the Mann-Kendall test says about a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MannKendall {
    /// The number of rising pairs less the number of falling pairs.
    pub s: f64,
    /// The chance of an `s` at least so far from zero in a series without any trend, two-sided.
    pub p: f64,
}

/// Tests a series for a monotonic trend (Mann 1945, Kendall 1975).
///
/// The normal approximation with the correction for ties and for continuity is used, which is good from about eight
/// values on. `None` with fewer than three values.
///
/// ```
/// use medha_agents::insight::mann_kendall;
///
/// let rising: Vec<f64> = (0..10).map(f64::from).collect();
/// assert!(mann_kendall(&rising).is_some_and(|test| test.p < 0.001));
/// ```
#[must_use]
pub fn mann_kendall(series: &[f64]) -> Option<MannKendall> {
    let n = series.len() as f64;
    if series.len() < 3 {
        return None;
    }
    let mut s = 0.0;
    for (index, earlier) in series.iter().enumerate() {
        for later in &series[index + 1..] {
            s += match later.total_cmp(earlier) {
                std::cmp::Ordering::Greater => 1.0,
                std::cmp::Ordering::Equal => 0.0,
                std::cmp::Ordering::Less => -1.0,
            };
        }
    }
    let spread = |count: f64| count * (count - 1.0) * (2.0 * count + 5.0);
    let variance = (spread(n) - ties(series).into_iter().map(spread).sum::<f64>()) / 18.0;
    if variance <= 0.0 {
        return Some(MannKendall { s, p: 1.0 });
    }
    let z = if s == 0.0 { 0.0 } else { (s.abs() - 1.0) / variance.sqrt() };
    Some(MannKendall { s, p: two_sided(z) })
}

/// The median of the slopes between all pairs, in units a step (Sen 1968, Theil 1950); `None` with fewer than two values.
#[must_use]
pub fn sen_slope(series: &[f64]) -> Option<f64> {
    let mut slopes = Vec::with_capacity(series.len() * series.len().saturating_sub(1) / 2);
    for (index, earlier) in series.iter().enumerate() {
        for (distance, later) in series[index + 1..].iter().enumerate() {
            slopes.push((later - earlier) / (distance as f64 + 1.0));
        }
    }
    median(&slopes)
}

/// The middle value; `None` of nothing.
#[must_use]
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        length if length % 2 == 1 => Some(sorted[middle]),
        _ => Some((sorted[middle - 1] + sorted[middle]) / 2.0),
    }
}

/// How far each value lies from the median, in robust standard deviations (Iglewicz and Hoaglin 1993).
///
/// The deviation is 1.4826 times the median absolute deviation; `None` where that is zero, as nothing can be said then.
/// Values beyond 3.5 are called outliers.
#[must_use]
pub fn robust_scores(values: &[f64]) -> Option<Vec<f64>> {
    let middle = median(values)?;
    let deviations: Vec<f64> = values.iter().map(|value| (value - middle).abs()).collect();
    let deviation = median(&deviations).filter(|deviation| *deviation > 0.0)?;
    Some(values.iter().map(|value| (value - middle) / (1.4826 * deviation)).collect())
}

/// Raises p-values so that all of them can be read together (Holm 1979), in the order given.
pub(crate) fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let mut adjusted = vec![1.0; p_values.len()];
    let mut least: f64 = 0.0;
    for (rank, &index) in order.iter().enumerate() {
        least = least.max(p_values[index] * (p_values.len() - rank) as f64).min(1.0);
        adjusted[index] = least;
    }
    adjusted
}

/// The sizes of groups of equal values.
fn ties(series: &[f64]) -> Vec<f64> {
    let mut sorted = series.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.chunk_by(|a, b| a == b).map(|group| group.len() as f64).filter(|&count| count > 1.0).collect()
}

/// The chance that a standard normal lies at least `z` from zero, by formula 7.1.26 of Abramowitz and Stegun
/// (error below 1.5e-7).
fn two_sided(z: f64) -> f64 {
    let x = z.abs() / std::f64::consts::SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * x);
    let polynomial = t
        * (0.254_829_592
            + t * (-0.284_496_736 + t * (1.421_413_741 + t * (-1.453_152_027 + t * 1.061_405_429))));
    (polynomial * (-x * x).exp()).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-4
    }

    #[test]
    fn the_mann_kendall_test_agrees_with_values_worked_out_by_hand() {
        // n = 8, all rising: s = 28, variance = 8*7*21/18 = 65.333, z = 27/8.0829 = 3.3404, p = 0.000837.
        let rising: Vec<f64> = (1..=8).map(f64::from).collect();
        let test = mann_kendall(&rising).unwrap();
        assert_eq!(test.s, 28.0);
        assert!((test.p - 0.000_837).abs() < 2e-6, "{}", test.p);
        // Ties: 1 1 2 2 3 3 4 4: s = 24, variance = (8*7*21 - 4*2*1*9)/18 = 61.333, z = 23/7.8316 = 2.9368, p = 0.003316.
        let tied = mann_kendall(&[1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 4.0, 4.0]).unwrap();
        assert_eq!(tied.s, 24.0);
        assert!((tied.p - 0.003_316).abs() < 5e-6, "{}", tied.p);
    }

    #[test]
    fn a_flat_series_has_no_trend() {
        assert_eq!(mann_kendall(&[5.0; 10]), Some(MannKendall { s: 0.0, p: 1.0 }));
        assert_eq!(mann_kendall(&[1.0, 2.0]), None);
        assert_eq!(sen_slope(&[5.0; 10]), Some(0.0));
    }

    #[test]
    fn the_slope_shrugs_off_one_wild_value() {
        let mut series: Vec<f64> = (0..11).map(|step| 3.0 * f64::from(step)).collect();
        series[5] = 1e6;
        assert!(close(sen_slope(&series).unwrap(), 3.0));
        assert_eq!(sen_slope(&[1.0]), None);
    }

    #[test]
    fn outliers_are_told_by_the_median_deviation() {
        let mut values = vec![10.0, 11.0, 9.0, 10.5, 9.5, 10.0, 11.0, 9.0, 10.0, 10.5, 9.5];
        values.push(40.0);
        let scores = robust_scores(&values).unwrap();
        assert!(scores[11] > 3.5);
        assert!(scores[..11].iter().all(|score| score.abs() < 3.5));
        assert_eq!(robust_scores(&[1.0, 1.0, 1.0, 9.0]), None, "most values equal: nothing can be said");
    }

    #[test]
    fn many_tests_together_need_smaller_chances() {
        assert_eq!(holm(&[0.01, 0.04, 0.03]), [0.03, 0.06, 0.06]);
        assert_eq!(holm(&[]), Vec::<f64>::new());
    }
}
