//! What users write under `file_log`.

#[cfg(test)]
mod tests;

use super::glob;
use crate::config::{ByteSize, Checking, GoDuration};
use crate::{config_section, config_word};

config_section! {
    /// Reads log files as they grow: through rotation, restarts and compression.
    pub struct FileLogConfig {
        /// Glob patterns of the files to read: `*`, `**` for any number of folders, `?`, `[a-z]`, `{a,b}`.
        pub include: Vec<String> = Vec::new(),
        /// Glob patterns of files not to read although `include` has them.
        pub exclude: Vec<String> = Vec::new(),
        /// Files not modified for so long are not read; 0 for no limit.
        pub exclude_older_than: GoDuration = GoDuration::ZERO,
        /// Where the files there are at the first start are read from: `end` or `beginning`. Files that
        /// appear later are read from their beginning.
        pub start_at: StartAt = StartAt::End,
        /// How long after the file grew last an unfinished line at its end is taken as it is; 0 for never.
        pub force_flush_period: GoDuration = GoDuration::from_millis(500),
        /// Whether spaces, tabs and line ends before the text of a line are kept.
        pub preserve_leading_whitespaces: bool = false,
        /// Whether spaces, tabs and line ends behind the text of a line are kept.
        pub preserve_trailing_whitespaces: bool = false,
        /// Whether each record says the file's name, in `log.file.name`.
        pub include_file_name: bool = true,
        /// Whether each record says the file's path, in `log.file.path`.
        pub include_file_path: bool = false,
        /// How long from one look at the files to the next.
        pub poll_interval: GoDuration = GoDuration::from_millis(200),
        /// How many bytes of a file's beginning tell it apart from others, at least 16.
        pub fingerprint_size: ByteSize = ByteSize(1000),
        /// How large the buffer files are read with is at first.
        pub initial_buffer_size: ByteSize = ByteSize(16 * 1024),
        /// How long a line may be; what is longer is cut into several.
        pub max_log_size: ByteSize = ByteSize(1024 * 1024),
        /// How many files may be open; half as many are looked at in one go.
        pub max_concurrent_files: i64 = 1024,
        /// How many goes there are in one interval at most; 0 for no limit.
        pub max_batches: i64 = 0,
    }
    check(section, checking) {
        section.check_values(checking);
    }
}

/// The fewest bytes that may tell files apart.
const MIN_FINGERPRINT_SIZE: u64 = 16;

impl FileLogConfig {
    fn check_values(&self, checking: &mut Checking) {
        if self.include.is_empty() {
            checking.error_at("include", "'include' must be specified");
        }
        for (field, patterns) in [("include", &self.include), ("exclude", &self.exclude)] {
            if patterns.iter().any(|pattern| glob::Glob::parse(pattern).is_err()) {
                checking.error_at(field, format!("{field}: parse glob: syntax error in pattern"));
            }
        }
        if self.fingerprint_size.0 < MIN_FINGERPRINT_SIZE {
            let message = format!("'fingerprint_size' must be at least {MIN_FINGERPRINT_SIZE} bytes");
            checking.error_at("fingerprint_size", message);
        }
        if self.max_log_size.0 == 0 {
            checking.error_at("max_log_size", "'max_log_size' must be positive");
        }
        if self.max_concurrent_files < 1 {
            checking.error_at("max_concurrent_files", "'max_concurrent_files' must be positive");
        }
        if self.max_batches < 0 {
            checking.error_at("max_batches", "'max_batches' must not be negative");
        }
    }
}

config_word! {
    /// Where reading begins.
    #[derive(Default)]
    pub enum StartAt {
        /// Behind what there is.
        #[default]
        End = "end",
        /// With the first byte.
        Beginning = "beginning",
    }
    refused(text) { format!("invalid start_at location '{text}'") }
}
