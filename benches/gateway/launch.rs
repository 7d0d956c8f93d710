//! How the gateway bench starts processes: on which cores, and where their files are.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Outcome;

/// `command` bound to the given cores, for example `0` or `0,1`.
pub fn pinned(command: Command, cores: &str) -> Command {
    let mut pinned = Command::new("taskset");
    pinned.args(["--cpu-list", cores]).arg(command.get_program()).args(command.get_args());
    pinned
}

/// A directory for configs and logs of this run.
pub fn work_directory() -> Outcome<PathBuf> {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("gateway");
    fs::create_dir_all(&directory)?;
    Ok(directory)
}
