//! The section `file_storage`, with the Collector's fields, defaults and checks.

use std::io;
use std::path::Path;

use crate::config::{Checking, GoDuration};
use crate::config_section;

const DEFAULT_DIRECTORY: &str = "/var/lib/otelcol/file_storage";

/// The bits of a mode that say who may do what.
const PERMISSION_BITS: i64 = 0o777;

config_section! {
    /// Keeps what components must remember through a restart: one crash-safe file for each of them.
    pub struct FileStorageConfig {
        /// Where the files are.
        pub directory: String = DEFAULT_DIRECTORY.to_owned(),
        /// How long to wait for a file that another process still has open; 0 for ever.
        pub timeout: GoDuration = GoDuration::from_secs(1),
        /// How long one file may become, in bytes; what does not fit is refused. 0 for no limit.
        pub max_size: i64 = 0,
        /// Writing files anew with what is alive in them.
        pub compaction: CompactionConfig = CompactionConfig::default(),
        /// Whether a write is answered only once the disk has it, so that it lives through a power failure;
        /// otherwise it lives through the end of the process.
        pub fsync: bool = false,
        /// Whether the directories are made where they are missing.
        pub create_directory: bool = false,
        /// The mode of directories that are made, in octal.
        pub directory_permissions: String = "0750".to_owned(),
        /// Whether a damaged file is put aside, and what can be read of it is kept; otherwise the start fails.
        pub recreate: bool = false,
    }
    check(section, checking) {
        section.check_values(checking);
    }
}

config_section! {
    /// A file is always written anew once most of it is dead (and at least 32 MiB, or an eighth of `max_size`); this
    /// asks for more.
    pub struct CompactionConfig {
        /// Whether every file is written anew when it is opened.
        pub on_start: bool = false,
        /// Whether a file is written anew when it was large and little of it is still alive.
        pub on_rebound: bool = false,
        /// Where the new files are written, with `on_start` or `on_rebound`; beside the old ones otherwise.
        pub directory: String = DEFAULT_DIRECTORY.to_owned(),
        /// `on_rebound`: how long the file must have become, in MiB.
        pub rebound_needed_threshold_mib: i64 = 100,
        /// `on_rebound`: how much may be alive at most, in MiB.
        pub rebound_trigger_threshold_mib: i64 = 10,
        /// How many values are moved at once; 0 for as many as there are.
        pub max_transaction_size: i64 = 65536,
        /// `on_rebound`: the least time between two looks at the file.
        pub check_interval: GoDuration = GoDuration::from_secs(5),
        /// Whether unfinished files (`tempdb*`) in `directory` are removed at the start.
        pub cleanup_on_start: bool = false,
    }
}

impl CompactionConfig {
    /// True where the section's own directory is used.
    pub const fn uses_directory(&self) -> bool {
        self.on_start || self.on_rebound
    }
}

impl FileStorageConfig {
    /// The directories that are used, the one with the files first.
    pub fn directories(&self) -> Vec<&str> {
        let mut directories = vec![self.directory.as_str()];
        if self.compaction.uses_directory() {
            directories.push(&self.compaction.directory);
        }
        directories
    }

    /// The mode of directories that are made.
    ///
    /// # Errors
    ///
    /// A sentence where it is not one.
    pub fn directory_mode(&self) -> Result<u32, &'static str> {
        let mode = i32::from_str_radix(&self.directory_permissions, 8);
        let mode = mode.map_err(|_| "directory_permissions value must be a valid octal representation")?;
        let permissions = u32::try_from(i64::from(mode) & PERMISSION_BITS).unwrap_or_default();
        let is_permissions = i64::from(permissions) == i64::from(mode);
        is_permissions
            .then_some(permissions)
            .ok_or("directory_permissions contain invalid bits for file access")
    }

    fn check_values(&self, checking: &mut Checking) {
        self.check_directory("directory", &self.directory, checking);
        let compaction = &self.compaction;
        checking.within("compaction", |checking| {
            if compaction.uses_directory() {
                self.check_directory("directory", &compaction.directory, checking);
            }
            if compaction.max_transaction_size < 0 {
                let message = "max transaction size for compaction cannot be less than 0";
                checking.error_at("max_transaction_size", message);
            }
            if compaction.on_rebound && compaction.check_interval <= GoDuration::ZERO {
                let message = "compaction check interval must be positive when rebound compaction is set";
                checking.error_at("check_interval", message);
            }
        });
        self.check_max_size(checking);
        if self.create_directory
            && let Err(message) = self.directory_mode()
        {
            checking.error_at("directory_permissions", message);
        }
    }

    fn check_max_size(&self, checking: &mut Checking) {
        if self.max_size < 0 {
            checking.error_at("max_size", "max size cannot be less than 0");
        }
        let compaction = &self.compaction;
        if self.max_size <= 0 || !compaction.on_rebound {
            return;
        }
        checking.within("compaction", |checking| {
            if mib(compaction.rebound_needed_threshold_mib) > self.max_size {
                let message = "compaction rebound needed threshold cannot be greater than max size";
                checking.error_at("rebound_needed_threshold_mib", message);
            }
            if mib(compaction.rebound_trigger_threshold_mib) > self.max_size {
                let message = "compaction rebound trigger threshold cannot be greater than max size";
                checking.error_at("rebound_trigger_threshold_mib", message);
            }
        });
    }

    fn check_directory(&self, field: &str, directory: &str, checking: &mut Checking) {
        match std::fs::metadata(Path::new(directory)) {
            Ok(found) if found.is_dir() => {}
            Ok(_) => checking.error_at(field, format!("{directory} is not a directory")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if !self.create_directory {
                    checking.error_at(
                        field,
                        format!(
                            "directory must exist: stat {directory}: no such file or directory. You can enable the \
                             create_directory option to automatically create it"
                        ),
                    );
                }
            }
            Err(error) => checking.error_at(
                field,
                format!(
                    "problem accessing configured directory: {directory}, err: stat {directory}: {error}"
                ),
            ),
        }
    }
}

/// So many MiB in bytes.
pub const fn mib(count: i64) -> i64 {
    count.saturating_mul(1024 * 1024)
}
