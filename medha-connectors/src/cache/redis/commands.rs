//! What is asked of Redis. A value has the generation of its connection before it; one of another generation is not there.

use std::time::Duration;

use ::redis::{Cmd, Pipeline, cmd, pipe};

use crate::cache::key::CacheKey;
use crate::cache::shared::Turn;
use crate::fingerprint::Fingerprinter;

/// A turn of which nothing is heard ends after this.
const TURN: Duration = Duration::from_secs(3);
/// A generation is remembered longer than any value of the one before lives.
const SPARE: Duration = Duration::from_secs(3600);
/// The generation of a connection that was never invalidated. All have 16 characters.
const FIRST: &str = "0000000000000000";

const LOOK: &str = "\
local generation = redis.call('GET', KEYS[1]) or ARGV[3]
local value = redis.call('GET', KEYS[2])
if value and string.sub(value, 1, 16) == generation then
  return {'found', string.sub(value, 17), redis.call('PTTL', KEYS[2])}
end
if redis.call('SET', KEYS[3], ARGV[1], 'NX', 'PX', ARGV[2]) then return {'load', generation, 0} end
return {'wait', '', 0}";

const STORE: &str = "\
if (redis.call('GET', KEYS[1]) or ARGV[5]) == ARGV[2] then
  redis.call('SET', KEYS[2], ARGV[2] .. ARGV[3], 'PX', ARGV[4])
end
if redis.call('GET', KEYS[3]) == ARGV[1] then redis.call('DEL', KEYS[3]) end
return 1";

const KEEP: &str = "\
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 0";

const END: &str = "\
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0";

/// The names of what is kept, all beginning with a prefix.
#[derive(Debug, Clone)]
pub(super) struct Names {
    prefix: String,
}

impl Names {
    pub(super) fn new(prefix: String) -> Self {
        Self { prefix }
    }

    /// Where invalidated connections are told.
    pub(super) fn channel(&self) -> String {
        format!("{}:invalidated", self.prefix)
    }

    fn of(&self, connection: &str, what: &str) -> String {
        // In braces, so that a cluster keeps all of a connection in one place; hashed, as a name may have any character.
        let connection = Fingerprinter::of("connection 1").text(connection).finish().to_string();
        format!("{}:{{{}}}:{what}", self.prefix, &connection[..32])
    }

    fn generation(&self, connection: &str) -> String {
        self.of(connection, "generation")
    }

    fn value(&self, key: &CacheKey) -> String {
        self.of(key.connection(), &format!("answer:{}", key.digest()))
    }

    fn turn(&self, key: &CacheKey) -> String {
        self.of(key.connection(), &format!("turn:{}", key.digest()))
    }

    pub(super) fn look(&self, key: &CacheKey, token: &str) -> Cmd {
        let mut look = cmd("EVAL");
        look.arg(LOOK).arg(3).arg(self.generation(key.connection())).arg(self.value(key)).arg(self.turn(key));
        look.arg(token).arg(milliseconds(TURN)).arg(FIRST);
        look
    }

    pub(super) fn store(&self, key: &CacheKey, turn: &Turn, value: &[u8], lifetime: Duration) -> Cmd {
        let mut store = cmd("EVAL");
        store
            .arg(STORE)
            .arg(3)
            .arg(self.generation(key.connection()))
            .arg(self.value(key))
            .arg(self.turn(key));
        store.arg(&turn.token).arg(&turn.generation).arg(value).arg(milliseconds(lifetime)).arg(FIRST);
        store
    }

    pub(super) fn keep_turn(&self, key: &CacheKey, turn: &Turn) -> Cmd {
        let mut keep = cmd("EVAL");
        keep.arg(KEEP).arg(1).arg(self.turn(key)).arg(&turn.token).arg(milliseconds(TURN));
        keep
    }

    pub(super) fn end_turn(&self, key: &CacheKey, turn: &Turn) -> Cmd {
        let mut end = cmd("EVAL");
        end.arg(END).arg(1).arg(self.turn(key)).arg(&turn.token);
        end
    }

    pub(super) fn forget(&self, key: &CacheKey) -> Cmd {
        let mut forget = cmd("DEL");
        forget.arg(self.value(key));
        forget
    }

    /// Begins a new generation and tells everybody. Its token is by chance: counted ones would come again when Redis has
    /// forgotten the count.
    pub(super) fn invalidate(&self, connection: &str, longest_life: Duration) -> Pipeline {
        let mut invalidate = pipe();
        let life = milliseconds(longest_life.saturating_add(SPARE));
        invalidate.cmd("SET").arg(self.generation(connection)).arg(token()).arg("PX").arg(life).ignore();
        invalidate.cmd("PUBLISH").arg(self.channel()).arg(connection).ignore();
        invalidate
    }
}

/// Sixteen characters that nobody else has.
pub(super) fn token() -> String {
    format!("{:016x}", fastrand::u64(1..))
}

/// At least one: Redis knows no shorter life.
fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX).clamp(1, 1 << 52)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_a_connection_stay_together_and_show_nothing_of_it() {
        let names = Names::new("medha".to_owned());
        let generation = names.generation("postgres://db/sales} x");
        let (start, end) = (generation.find('{').unwrap(), generation.find('}').unwrap());
        assert_eq!((&generation[..start], &generation[end..]), ("medha:", "}:generation"));
        assert!(generation[start + 1..end].chars().all(|digit| digit.is_ascii_hexdigit()));
        assert_ne!(generation, names.generation("postgres://db/sales"));
        assert_eq!((token().len(), FIRST.len()), (16, 16));
    }
}
