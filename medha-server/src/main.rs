//! The `medha` binary. Everything it does is in the library, where it can be tested.

use std::process::ExitCode;

/// Answers and statements are many small pieces of memory, of which glibc's allocator keeps few at hand: with this one the rows
/// of a server took a fifth less time, and so did the guard (`cargo bench --bench connectors`, `--bench guard`).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    medha_server::run()
}
