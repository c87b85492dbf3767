//! What a cache may hold, and for how long.

use std::time::Duration;

/// The limits of a [`ResultCache`](super::ResultCache).
///
/// By default answers are kept for a minute, one up to 1 MiB and all of them up to 64 MiB.
#[derive(Debug, Clone, PartialEq)]
pub struct CacheOptions {
    /// No answer is older.
    pub ttl: Duration,
    /// Which part of `ttl` is taken off by chance, from 0 to 1, so that answers that came together do not go together.
    pub jitter: f64,
    /// All answers together take no more memory, counted roughly.
    pub max_bytes: u64,
    /// An answer that takes more is not kept: it goes straight to whoever asked.
    pub max_value_bytes: usize,
}

impl Default for CacheOptions {
    fn default() -> Self {
        Self {
            ttl: Duration::from_secs(60),
            jitter: 0.1,
            max_bytes: 64 * 1024 * 1024,
            max_value_bytes: 1024 * 1024,
        }
    }
}

impl CacheOptions {
    /// How long one answer is kept; `chance` is between 0 and 1.
    pub(super) fn lifetime(&self, chance: f64) -> Duration {
        let jitter = if self.jitter.is_finite() { self.jitter.clamp(0.0, 1.0) } else { 0.0 };
        self.ttl.mul_f64(1.0 - jitter * chance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chance_shortens_a_life_and_never_lengthens_it() {
        let options = CacheOptions { jitter: 0.25, ..CacheOptions::default() };
        assert_eq!(options.lifetime(0.0), Duration::from_secs(60));
        assert_eq!(options.lifetime(1.0), Duration::from_secs(45));
        let odd = |jitter| CacheOptions { jitter, ..CacheOptions::default() }.lifetime(1.0);
        assert_eq!(odd(9.0), Duration::ZERO);
        assert_eq!(odd(-1.0), Duration::from_secs(60));
        assert_eq!(odd(f64::NAN), Duration::from_secs(60));
    }
}
