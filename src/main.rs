//! The `weir` binary: arguments, then one command. Without one it runs pipelines until a signal.

use std::process::ExitCode;

use weir::cli;

/// Batches are allocated on one core and freed on another all the time; glibc's allocator takes up to
/// twice the CPU for that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::dispatch(std::env::args_os(), cli::run::run)
}
