//! What the engine keeps and gives back.

mod damage;
mod fidelity;
mod format_version;
mod limits;
mod recovery;
mod retention;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::{EngineOptions, SqliteStore};

/// The time of day in these tests.
const NOW: u64 = 1_800_000_000_000_000_000;

fn options(directory: &Path) -> EngineOptions {
    let mut options = EngineOptions::new(directory.to_owned(), Arc::new(|| NOW));
    options.partition_duration = Duration::from_secs(3600);
    options
}

fn open(directory: &Path) -> SqliteStore {
    SqliteStore::open(&options(directory)).unwrap()
}
