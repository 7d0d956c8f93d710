//! What an engine is told: where it keeps its files, for how long, and how safe.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::database::Durability;

/// What an engine is told.
#[derive(Clone)]
pub struct EngineOptions {
    /// Where the files are. Made where it is missing.
    pub directory: PathBuf,
    /// When what was appended is on disk.
    pub durability: Durability,
    /// How long a piece of time is that has a file of its own. The least retention works by is such a file.
    pub partition_duration: Duration,
    /// How old telemetry gets; none for no limit.
    pub max_age: Option<Duration>,
    /// How many bytes all files may have together; none for no limit.
    pub max_bytes: Option<u64>,
    /// How many bytes the disk must have left for anything to be appended.
    pub min_free_bytes: u64,
    /// The time of day in nanoseconds since 1970.
    pub clock: Arc<dyn Fn() -> u64 + Send + Sync>,
}

impl EngineOptions {
    /// Files of six hours in `directory`, without limits.
    pub fn new(directory: PathBuf, clock: Arc<dyn Fn() -> u64 + Send + Sync>) -> Self {
        Self {
            directory,
            durability: Durability::Normal,
            partition_duration: Duration::from_secs(6 * 3600),
            max_age: None,
            max_bytes: None,
            min_free_bytes: 0,
            clock,
        }
    }
}

impl fmt::Debug for EngineOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("EngineOptions")
            .field("directory", &self.directory)
            .field("durability", &self.durability)
            .field("partition_duration", &self.partition_duration)
            .field("max_age", &self.max_age)
            .field("max_bytes", &self.max_bytes)
            .field("min_free_bytes", &self.min_free_bytes)
            .finish_non_exhaustive()
    }
}
