//! When a failed attempt is tried again: a policy is a value, the decision a function.

use std::error::Error;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;

use super::superstep::panic_text;
use crate::node::failure::FailureKind;

/// How often, and how long apart, a failing node is tried.
///
/// Attempts after the first wait `initial * factor^(n-1)`, at most `max`, then shortened by up to `jitter` of it,
/// so that many runs that failed together do not come back together. An error that asked for its own pause
/// ([`NodeError::retry_after`](crate::NodeError::retry_after)) waits exactly that. A policy retries errors and
/// timeouts, never panics, unless [`when`](Self::when) says otherwise; terminal errors are never retried.
///
/// A node may have several policies. The first one that matches a failure decides, and each counts only the failures
/// it decided; a failure that none matches is final.
///
/// ```
/// use std::{io, time::Duration};
/// use medha_graph::prelude::*;
///
/// #[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
/// struct Page { text: String }
///
/// async fn fetch() -> Result<PageUpdate, NodeError> { Err(io::Error::other("no line"))? }
///
/// // Ten quick attempts while the line is bad, and two for everything else.
/// let bad_line = RetryPolicy::attempts(10).initial(Duration::from_millis(1))
///     .when(|attempted| attempted.error::<io::Error>().is_some());
/// let fetch = fetch.retry(bad_line).retry(RetryPolicy::attempts(2));
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let graph = StateGraph::<Page>::new("page").node("fetch", fetch)
///     .edge(START, "fetch").edge("fetch", END).compile().unwrap();
/// let error = graph.invoke(Page::update()).await.unwrap_err();
/// assert_eq!(error.failure().unwrap().attempts, 10);
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct RetryPolicy {
    attempts: u32,
    initial: Duration,
    factor: f64,
    max: Duration,
    jitter: f64,
    when: Option<When>,
}

/// A failed attempt, as a retry policy sees it.
#[derive(Clone, Copy, Debug)]
pub struct Attempted<'a> {
    pub(crate) source: Option<&'a (dyn Error + Send + Sync + 'static)>,
    pub(crate) kind: FailureKind,
    pub(crate) text: &'a str,
    pub(crate) attempt: u32,
}

impl<'a> Attempted<'a> {
    /// The error the node returned, or the first of its causes of this type; none after a panic or a timeout.
    pub fn error<E: Error + 'static>(&self) -> Option<&'a E> {
        let mut error: &(dyn Error + 'static) = self.source?;
        loop {
            match error.downcast_ref() {
                Some(found) => return Some(found),
                None => error = error.source()?,
            }
        }
    }

    /// How the attempt ended.
    pub fn kind(&self) -> FailureKind {
        self.kind
    }

    /// What went wrong, with its causes.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// The number of the attempt, from 1.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }
}

/// The condition of a policy.
#[derive(Clone)]
struct When(Arc<dyn Fn(&Attempted<'_>) -> bool + Send + Sync>);

impl fmt::Debug for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("When")
    }
}

impl RetryPolicy {
    /// Up to this many attempts, the first one included; half a second, doubled each time, at most half a minute,
    /// with half of it jitter.
    pub const fn attempts(attempts: u32) -> Self {
        Self {
            attempts,
            initial: Duration::from_millis(500),
            factor: 2.0,
            max: Duration::from_secs(30),
            jitter: 0.5,
            when: None,
        }
    }

    /// The wait before the second attempt.
    #[must_use]
    pub const fn initial(mut self, initial: Duration) -> Self {
        self.initial = initial;
        self
    }

    /// What each further wait is multiplied by.
    #[must_use]
    pub const fn factor(mut self, factor: f64) -> Self {
        self.factor = factor;
        self
    }

    /// The longest wait.
    #[must_use]
    pub const fn max(mut self, max: Duration) -> Self {
        self.max = max;
        self
    }

    /// The share of a wait that is random, from 0 to 1.
    #[must_use]
    pub const fn jitter(mut self, jitter: f64) -> Self {
        self.jitter = jitter;
        self
    }

    /// Only after failures for which the function returns true, panics included. It is not asked about terminal errors.
    ///
    /// A failure it refuses is left to the next policy of the node, if there is one. It must be pure.
    #[must_use]
    pub fn when(mut self, condition: impl Fn(&Attempted<'_>) -> bool + Send + Sync + 'static) -> Self {
        self.when = Some(When(Arc::new(condition)));
        self
    }

    /// What is wrong with the numbers, if anything is.
    pub(crate) fn problem(&self) -> Option<&'static str> {
        if self.attempts == 0 {
            Some("a retry policy needs at least one attempt")
        } else if !self.factor.is_finite() || self.factor < 1.0 {
            Some("the factor of a retry policy is a number of at least 1")
        } else if !(0.0..=1.0).contains(&self.jitter) {
            Some("the jitter of a retry policy is between 0 and 1")
        } else {
            None
        }
    }

    fn matches(&self, attempted: &Attempted<'_>) -> bool {
        match &self.when {
            Some(When(condition)) => condition(attempted),
            None => attempted.kind != FailureKind::Panic,
        }
    }

    /// What to do after the failure of this number, from 1, among those this policy decides.
    fn after(&self, failures: u32, asked: Option<Duration>, rng: &mut Rng) -> Retry {
        if failures >= self.attempts {
            return Retry::GiveUp;
        }
        if let Some(pause) = asked {
            return Retry::After(pause);
        }
        let exponent = i32::try_from(failures - 1).unwrap_or(i32::MAX);
        let grown = self.initial.as_secs_f64() * self.factor.powi(exponent);
        // Nothing, however often it is multiplied, is nothing; as floats zero times infinity is no number.
        let seconds = if self.initial.is_zero() { 0.0 } else { grown.min(self.max.as_secs_f64()) };
        let wait = Duration::try_from_secs_f64(seconds * (1.0 - self.jitter * rng.f64()));
        Retry::After(wait.unwrap_or(self.max))
    }
}

/// Lets the first policy that matches decide what follows a failure that may be retried, or says why none could.
///
/// `counts` has the failures each policy has decided so far, and is empty before the first.
pub(crate) fn after_failure(
    policies: &[RetryPolicy],
    attempted: &Attempted<'_>,
    asked: Option<Duration>,
    counts: &mut Vec<u32>,
    rng: &mut Rng,
) -> Result<Retry, String> {
    let find = || policies.iter().position(|policy| policy.matches(attempted));
    let found = catch_unwind(AssertUnwindSafe(find));
    let found = found.map_err(|panic| {
        format!("the condition of its retry policy panicked: {}", panic_text(panic.as_ref()))
    })?;
    let Some(index) = found else { return Ok(Retry::GiveUp) };
    counts.resize(policies.len(), 0);
    counts[index] = counts[index].saturating_add(1);
    Ok(policies[index].after(counts[index], asked, rng))
}

/// The decision after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Retry {
    /// Try again after this wait.
    After(Duration),
    /// That was the last attempt.
    GiveUp,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> RetryPolicy {
        RetryPolicy::attempts(5).initial(Duration::from_secs(1)).max(Duration::from_secs(6)).jitter(0.0)
    }

    /// What one policy decides after the failure of this number.
    fn decide(policy: &RetryPolicy, failure: u32, asked: Option<Duration>) -> Retry {
        policy.after(failure, asked, &mut Rng::with_seed(1))
    }

    const fn after(seconds: u64) -> Retry {
        Retry::After(Duration::from_secs(seconds))
    }

    #[test]
    fn waits_grow_by_the_factor_up_to_the_maximum_and_then_end() {
        let table: [(RetryPolicy, &[Retry]); 5] = [
            (policy(), &[after(1), after(2), after(4), after(6), Retry::GiveUp]),
            (policy().factor(1.0), &[after(1), after(1), after(1), after(1), Retry::GiveUp]),
            (policy().factor(3.0).max(Duration::from_secs(9)), &[after(1), after(3), after(9), after(9)]),
            (
                policy().initial(Duration::from_secs(8)),
                &[after(6), after(6), after(6), after(6), Retry::GiveUp],
            ),
            (RetryPolicy::attempts(1), &[Retry::GiveUp]),
        ];
        for (policy, expected) in table {
            let decisions: Vec<Retry> =
                (1..=expected.len()).map(|failure| decide(&policy, failure as u32, None)).collect();
            assert_eq!(decisions, expected, "{policy:?}");
        }
    }

    #[derive(Debug, thiserror::Error)]
    #[error("busy")]
    struct Busy;

    #[derive(Debug, thiserror::Error)]
    #[error("the call failed")]
    struct Call(#[source] Busy);

    fn failed<E: Error + Send + Sync + 'static>(source: &E) -> Attempted<'_> {
        Attempted {
            source: Some(source),
            kind: FailureKind::Error,
            text: "the call failed: busy",
            attempt: 1,
        }
    }

    const fn without_error(kind: FailureKind) -> Attempted<'static> {
        Attempted { source: None, kind, text: "it took too long", attempt: 1 }
    }

    #[test]
    fn the_first_policy_that_matches_decides_by_its_own_count() {
        let busy = policy().when(|attempted| attempted.error::<Busy>().is_some());
        let slow = RetryPolicy::attempts(3)
            .initial(Duration::from_secs(10))
            .jitter(0.0)
            .when(|attempted| attempted.kind() == FailureKind::Timeout);
        let policies = [busy, slow];
        let (nested, other) = (Call(Busy), std::fmt::Error);
        let timeout = without_error(FailureKind::Timeout);
        let table = [
            (failed(&nested), after(1)),
            (timeout, after(10)),
            (failed(&nested), after(2)),
            (timeout, after(20)),
            (failed(&Busy), after(4)),
            (timeout, Retry::GiveUp),
            (failed(&other), Retry::GiveUp),
            (failed(&Busy), after(6)),
        ];
        let (mut counts, mut rng) = (Vec::new(), Rng::with_seed(1));
        for (step, (attempted, expected)) in table.into_iter().enumerate() {
            let decision = after_failure(&policies, &attempted, None, &mut counts, &mut rng);
            assert_eq!(decision, Ok(expected), "step {step}");
        }
        assert_eq!(counts, [4, 3]);
    }

    #[test]
    fn a_policy_retries_panics_only_if_its_condition_says_so() {
        let panicked = without_error(FailureKind::Panic);
        let decide = |policy: RetryPolicy| {
            after_failure(&[policy], &panicked, None, &mut Vec::new(), &mut Rng::with_seed(1))
        };
        assert_eq!(decide(policy()), Ok(Retry::GiveUp));
        assert_eq!(decide(policy().when(|_| true)), Ok(after(1)));
        assert_eq!(decide(policy().when(|attempted| attempted.text().contains("long"))), Ok(after(1)));
    }

    #[test]
    fn a_condition_that_panics_is_a_reason_to_give_up() {
        let policies = [policy().when(|_| panic!("which one?"))];
        let attempted = failed(&Busy);
        let decision =
            after_failure(&policies, &attempted, None, &mut Vec::new(), &mut Rng::with_seed(1)).unwrap_err();
        assert_eq!(decision, "the condition of its retry policy panicked: which one?");
    }

    #[test]
    fn an_error_that_asks_for_a_pause_gets_exactly_that() {
        let pause = Duration::from_secs(99);
        assert_eq!(decide(&policy(), 1, Some(pause)), Retry::After(pause));
        assert_eq!(decide(&policy(), 5, Some(pause)), Retry::GiveUp);
    }

    #[test]
    fn jitter_shortens_a_wait_and_never_lengthens_it() {
        let mut rng = Rng::with_seed(7);
        for _ in 0..1000 {
            let Retry::After(wait) = policy().jitter(0.5).after(1, None, &mut rng) else { panic!("gave up") };
            assert!(wait >= Duration::from_millis(500) && wait <= Duration::from_secs(1), "{wait:?}");
        }
    }

    #[test]
    fn waits_at_the_ends_of_what_a_duration_holds_do_not_overflow() {
        let endless = RetryPolicy::attempts(3).initial(Duration::MAX).max(Duration::MAX).jitter(0.0);
        assert_eq!(decide(&endless, 2, None), Retry::After(Duration::MAX));
        let at_once = RetryPolicy::attempts(u32::MAX).initial(Duration::ZERO);
        assert_eq!(decide(&at_once, 5_000, None), Retry::After(Duration::ZERO));
        let patient = RetryPolicy::attempts(u32::MAX).jitter(0.0);
        assert_eq!(decide(&patient, u32::MAX - 1, None), after(30));
    }
}
