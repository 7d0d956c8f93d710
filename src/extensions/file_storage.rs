//! Extension `file_storage`: keeps what components must remember, in one crash-safe file for each of them.
//!
//! A file is a log: every write appends one record with checksums, and an index in memory knows where each
//! key's value is. Values stay in the file. What a write answered OK holds through `kill -9`, as the kernel
//! has it, and with `fsync` through a power failure; concurrent writes share one append and one sync. What
//! a write left unfinished is cut off at the next start; damage anywhere before that is refused, or, with
//! `recreate`, put aside with all that can still be read kept. A file of which most is dead is written anew
//! beside the old one and renamed over it.
//!
//! Why not an embedded database: those that are small (redb) lose what was written without a sync when the
//! *process* ends, which is what `fsync: false` must not, and rewrite tree pages for each value; a queue is
//! written once, read once in order and deleted, which is what a log is made for.

mod client;
mod compaction;
mod config;
mod file_header;
mod file_name;
mod index;
mod log;
mod open;
mod record;
mod recovery;
mod scan;
#[cfg(test)]
mod tests;

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tracing::Span;

use self::client::FileClient;
use self::compaction::SCRATCH_PREFIX;
use self::config::mib;
pub use self::config::{CompactionConfig, FileStorageConfig};
use self::file_name::{collector_file_name, file_name};
use self::log::{Log, LogOptions, Rebound};
use self::open::{compact_on_start, open};
use crate::otlp::Signal;
use crate::pipeline::{
    BoxFuture, BuildError, Component, Extension, ExtensionType, Host, Settings, Stability, StartError,
    Storage, StorageClient, StorageError, StorageOwner,
};
use crate::telemetry::{UtcTime, component_span};

/// How long to wait before looking again whether a file is free.
const LOCK_RETRY_INTERVAL: Duration = Duration::from_millis(50);

/// The type `file_storage` among extensions.
pub struct FileStorage {
    config: Arc<FileStorageConfig>,
    settings: Settings,
    span: Span,
}

impl ExtensionType for FileStorage {
    const TYPE: &'static str = "file_storage";
    const SIGNALS: &'static [(Signal, Stability)] = &[];
    type Config = FileStorageConfig;

    fn create(config: Arc<FileStorageConfig>, settings: Settings) -> Result<Arc<dyn Extension>, BuildError> {
        let span = component_span(&settings, "extension");
        Ok(Arc::new(Self { config, settings, span }))
    }
}

impl Component for FileStorage {
    fn start<'a>(&'a self, _host: &'a Host) -> BoxFuture<'a, Result<(), StartError>> {
        Box::pin(async move {
            let config = Arc::clone(&self.config);
            let prepared = self.settings.control.spawn_blocking(move || prepare(&config)).await;
            prepared.map_err(|_| StartError("the process is stopping".to_owned()))?
        })
    }
}

impl Extension for FileStorage {
    fn storage(&self) -> Option<&dyn Storage> {
        Some(self)
    }
}

impl Storage for FileStorage {
    fn open(&self, owner: StorageOwner) -> BoxFuture<'_, Result<Arc<dyn StorageClient>, StorageError>> {
        Box::pin(async move {
            let log = self.open_when_free(&owner).await?;
            let client = FileClient::new(log, self.settings.control.clone(), self.span.clone());
            Ok(Arc::new(client) as Arc<dyn StorageClient>)
        })
    }
}

impl FileStorage {
    /// Opens the file of `owner`; waits as long as configured where somebody has it.
    async fn open_when_free(&self, owner: &StorageOwner) -> Result<Log, StorageError> {
        let deadline = self.config.timeout.limit().map(|timeout| Instant::now() + timeout);
        loop {
            let (config, owner, span) = (Arc::clone(&self.config), owner.clone(), self.span.clone());
            let now = UtcTime::from_unix_nano(self.settings.clock.now_unix_nano());
            let opening =
                self.settings.control.spawn_blocking(move || open_file(&config, &owner, now, &span));
            match opening.await.map_err(|_| StorageError::Closed)? {
                Err(StorageError::InUse(_)) if deadline.is_none_or(|deadline| Instant::now() < deadline) => {
                    tokio::time::sleep(LOCK_RETRY_INTERVAL).await;
                }
                opened => return opened,
            }
        }
    }
}

fn open_file(
    config: &FileStorageConfig,
    owner: &StorageOwner,
    now: UtcTime,
    span: &Span,
) -> Result<Log, StorageError> {
    let directory = canonical(&config.directory)?;
    let compaction = &config.compaction;
    let scratch_directory =
        if compaction.uses_directory() { canonical(&compaction.directory)? } else { directory.clone() };
    let bytes = |mib_count| u64::try_from(mib(mib_count)).unwrap_or(0);
    let options = LogOptions {
        fsync: config.fsync,
        max_size: u64::try_from(config.max_size).ok().filter(|size| *size > 0),
        recreate: config.recreate,
        scratch_directory,
        values_per_record: usize::try_from(compaction.max_transaction_size)
            .ok()
            .filter(|count| *count > 0)
            .unwrap_or(usize::MAX),
        rebound: compaction.on_rebound.then(|| Rebound {
            needed: bytes(compaction.rebound_needed_threshold_mib),
            trigger: bytes(compaction.rebound_trigger_threshold_mib),
            check_interval: compaction.check_interval.to_std(),
        }),
    };
    warn_of_collector_file(&directory.join(collector_file_name(owner)), span);
    let log = open(directory.join(file_name(owner)), options, now, span)?;
    if compaction.on_start {
        compact_on_start(&log, span);
    }
    Ok(log)
}

/// What the Collector had not delivered is not ours to read; whoever comes from there is told where it is.
fn warn_of_collector_file(path: &Path, span: &Span) {
    if path.try_exists().unwrap_or(false) {
        tracing::warn!(
            parent: span,
            file = %path.display(),
            "The Collector has kept data of this component in a file of its own format, which is left as it is. Let \
             the Collector deliver what is in it, or remove it."
        );
    }
}

fn canonical(directory: &str) -> Result<PathBuf, StorageError> {
    fs::canonicalize(directory).map_err(|error| StorageError::Io {
        context: format!("could not open storage directory {directory}"),
        source: Arc::new(error),
    })
}

/// Makes the directories and takes unfinished files away, where told to.
fn prepare(config: &FileStorageConfig) -> Result<(), StartError> {
    if config.create_directory {
        let mode = config.directory_mode().map_err(|message| StartError(message.to_owned()))?;
        for directory in config.directories() {
            let made = DirBuilder::new().recursive(true).mode(mode).create(directory);
            made.map_err(|error| StartError(format!("could not create directory {directory}: {error}")))?;
        }
    }
    if config.compaction.cleanup_on_start {
        let directory = &config.compaction.directory;
        remove_scratch_files(directory)
            .map_err(|error| StartError(format!("could not clean up directory {directory}: {error}")))?;
    }
    Ok(())
}

fn remove_scratch_files(directory: &str) -> io::Result<()> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_name().as_encoded_bytes().starts_with(SCRATCH_PREFIX.as_bytes()) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
