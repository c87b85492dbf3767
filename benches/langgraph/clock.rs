//! The CPU time of this process: on a busy machine the only figure that says what a program costs.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// What this process has used of all processors.
pub(crate) fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
