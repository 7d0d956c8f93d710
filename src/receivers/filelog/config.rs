//! What users write under `file_log`.

mod ordering;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub use self::ordering::{OrderingConfig, SortConfig, SortType};
use super::encoding::TextEncoding;
use super::glob;
use super::splitting::Boundary;
use crate::config::{ByteSize, Checking, GoDuration, Optional, compile_go_regexp};
use crate::log_operators::{Operators, Template};
use crate::pipeline::exporting::RetryConfig;
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
        /// Which of the files are read where that depends on their names or age, and in which order.
        pub ordering_criteria: OrderingConfig = OrderingConfig::default(),
        /// Where the files there are at the first start are read from: `end` or `beginning`. Files that
        /// appear later are read from their beginning, and files with an offset in `storage` from there.
        pub start_at: StartAt = StartAt::End,
        /// What separates entries, where that is not the end of the line.
        pub multiline: MultilineConfig = MultilineConfig::default(),
        /// How long after the file grew last an unfinished entry at its end is taken as it is; 0 for never.
        pub force_flush_period: GoDuration = GoDuration::from_millis(500),
        /// How text is written in the files: `utf-8`, `utf-8-raw`, `utf-16le`, `utf-16be`, `ascii`, `big5` and
        /// others by their IANA names; `nop` for bytes that are no text.
        pub encoding: String = "utf-8".to_owned(),
        /// Whether spaces, tabs and line ends before the text of an entry are kept.
        pub preserve_leading_whitespaces: bool = false,
        /// Whether spaces, tabs and line ends behind the text of an entry are kept.
        pub preserve_trailing_whitespaces: bool = false,
        /// What each record says of its file.
        pub [flatten] file_attributes: FileAttributesConfig = FileAttributesConfig::default(),
        /// Attributes of every record. `EXPR(...)` in a text stands for what that expression yields.
        pub attributes: BTreeMap<String, String> = BTreeMap::new(),
        /// Attributes of the resource of every record, written like `attributes`.
        pub resource: BTreeMap<String, String> = BTreeMap::new(),
        /// What is made of each entry: parsers and transformers, in their order.
        pub operators: Operators = Operators::default(),
        /// Lines at the beginning of each file that are no entries, but say something of all of them.
        pub header: Optional<HeaderConfig> = Optional::absent(HeaderConfig::default()),
        /// The id of a storage extension that keeps how far each file was read through a restart.
        pub storage: Option<String> = None,
        /// What to do with a batch that the pipeline cannot take now. While this is off it is offered until it
        /// is taken, and the files are not read on; on, it is dropped after `max_elapsed_time`.
        pub retry_on_failure: RetryOnFailureConfig = RetryOnFailureConfig::default(),
        /// How files are watched and read.
        pub [flatten] reading: ReadingConfig = ReadingConfig::default(),
    }
    check(section, checking) {
        section.check_values(checking);
    }
}

config_section! {
    /// What each record says of its file.
    pub struct FileAttributesConfig {
        /// Whether each record says the file's name, in `log.file.name`.
        pub include_file_name: bool = true,
        /// Whether each record says the file's path, in `log.file.path`.
        pub include_file_path: bool = false,
        /// Whether each record says the file's name behind all links, in `log.file.name_resolved`.
        pub include_file_name_resolved: bool = false,
        /// Whether each record says the file's path behind all links, in `log.file.path_resolved`.
        pub include_file_path_resolved: bool = false,
        /// Whether each record says the name of the file's owner, in `log.file.owner.name`.
        pub include_file_owner_name: bool = false,
        /// Whether each record says the name of the file's group, in `log.file.owner.group.name`.
        pub include_file_owner_group_name: bool = false,
        /// Whether each record says the file's permissions, such as `644`, in `log.file.permissions`.
        pub include_file_permissions: bool = false,
        /// Whether each record says which entry of its file it is, in `log.file.record_number`.
        pub include_file_record_number: bool = false,
        /// Whether each record says at which byte of its file it begins, in `log.file.record_offset`.
        pub include_file_record_offset: bool = false,
    }
}

config_section! {
    /// How files are watched and read.
    pub struct ReadingConfig {
        /// How long from one look at the files to the next.
        pub poll_interval: GoDuration = GoDuration::from_millis(200),
        /// How many bytes of a file's beginning tell it apart from others, at least 16.
        pub fingerprint_size: ByteSize = ByteSize(1000),
        /// How large the buffer files are read with is at first; at least 64 KiB are taken.
        pub initial_buffer_size: ByteSize = ByteSize(16 * 1024),
        /// How long an entry may be in bytes.
        pub max_log_size: ByteSize = ByteSize(1024 * 1024),
        /// What becomes of longer ones: `split` makes several, `truncate` leaves out the rest.
        pub max_log_size_behavior: OversizedEntry = OversizedEntry::Split,
        /// How many files may be open; half as many are looked at in one go.
        pub max_concurrent_files: i64 = 1024,
        /// How many goes there are in one interval at most; 0 for no limit.
        pub max_batches: i64 = 0,
        /// Whether a file is deleted once it was read to its end and that was taken.
        pub delete_after_read: bool = false,
        /// Whether a file is read only while a shared lock on it can be had.
        pub acquire_fs_lock: bool = false,
        /// `gzip`: every file is compressed. `auto`: those that begin like a gzip file are. Empty: none is.
        pub compression: Compression = Compression::None,
        /// What happens where a file is shorter than what was read of it, and begins as before: `ignore` waits
        /// until it is longer, `read_whole_file` begins anew, `read_new` goes on from where it ends now.
        pub on_truncate: OnTruncate = OnTruncate::Ignore,
        /// Whether the system is told that it need not keep in memory what was read.
        pub file_cache_advise: bool = false,
        /// Taken for compatibility: files that are gone are remembered, 4096 of them, through restarts too.
        pub polls_to_archive: i64 = 0,
        /// Taken for compatibility: files that did not change are never opened.
        pub skip_unmodified_files: bool = false,
    }
}

config_section! {
    /// Entries of several lines. One of the two patterns is written.
    pub struct MultilineConfig {
        /// A regular expression that matches where an entry begins.
        pub line_start_pattern: String = String::new(),
        /// A regular expression that matches where an entry ends.
        pub line_end_pattern: String = String::new(),
        /// Whether what the pattern matches is left out of the entry.
        pub omit_pattern: bool = false,
    }
}

config_section! {
    /// The header of each file.
    pub struct HeaderConfig {
        /// A regular expression that matches each line of the header, and no line behind it.
        pub pattern: String = String::new(),
        /// What makes attributes of a line of the header; all records of the file get them.
        pub metadata_operators: Operators = Operators::default(),
    }
    check(section, checking) {
        if section.metadata_operators.is_empty() {
            checking.error_at(
                "metadata_operators",
                "invalid config for 'header': at least one operator must be specified for `metadata_operators`",
            );
        }
        if let Err(error) = compile_go_regexp(&section.pattern) {
            let message = format!("invalid config for 'header': failed to compile `pattern`: {error}");
            checking.error_at("pattern", message);
        }
    }
}

config_section! {
    /// Offers a batch again that the pipeline could not take.
    pub struct RetryOnFailureConfig {
        /// Whether there is an end to it.
        pub enabled: bool = false,
        /// The wait before the second offer.
        pub initial_interval: GoDuration = GoDuration::from_secs(1),
        /// The longest wait.
        pub max_interval: GoDuration = GoDuration::from_secs(30),
        /// When to give up where `enabled`, counted from the first offer; 0 for never.
        pub max_elapsed_time: GoDuration = GoDuration::from_secs(300),
    }
}

impl RetryOnFailureConfig {
    /// The waits between offers.
    pub fn waits(&self) -> RetryConfig {
        let max_elapsed_time = if self.enabled { self.max_elapsed_time } else { GoDuration::ZERO };
        RetryConfig {
            enabled: true,
            initial_interval: self.initial_interval,
            max_interval: self.max_interval,
            max_elapsed_time,
            ..RetryConfig::default()
        }
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
        match TextEncoding::named(&self.encoding) {
            Err(error) => checking.error_at("encoding", error.to_string()),
            Ok(encoding) => {
                if let Err(message) = Boundary::new(&self.multiline, encoding) {
                    checking.error_at("multiline", message);
                }
            }
        }
        for (field, texts) in [("attributes", &self.attributes), ("resource", &self.resource)] {
            for (key, text) in texts {
                if let Err(error) = Template::compile(text) {
                    checking.within(field, |checking| checking.error_at(key, error.to_string()));
                }
            }
        }
        if self.start_at == StartAt::End {
            if self.reading.delete_after_read {
                let message = "'delete_after_read' cannot be used with 'start_at: end'";
                checking.error_at("delete_after_read", message);
            }
            if self.header.is_on() {
                checking.error_at("header", "'header' cannot be specified with 'start_at: end'");
            }
        }
        self.reading.check_values(checking);
    }
}

impl ReadingConfig {
    fn check_values(&self, checking: &mut Checking) {
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

    /// How many files are looked at in one go.
    pub fn files_in_one_go(&self) -> usize {
        usize::try_from(self.max_concurrent_files / 2).unwrap_or(usize::MAX).max(1)
    }

    /// How many files are looked at in one interval.
    pub fn files_in_one_poll(&self) -> usize {
        match usize::try_from(self.max_batches) {
            Ok(0) | Err(_) => usize::MAX,
            Ok(goes) => self.files_in_one_go().saturating_mul(goes),
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

config_word! {
    /// What becomes of entries that are too long.
    pub enum OversizedEntry {
        /// They are cut into several.
        Split = "split",
        /// What is too much is left out.
        Truncate = "truncate",
    }
    refused(_text) { "must be either 'split' or 'truncate'".to_owned() }
}

config_word! {
    /// Which files are compressed.
    pub enum Compression {
        /// None.
        None = "",
        /// All.
        Gzip = "gzip",
        /// Those that begin as such files do.
        Auto = "auto",
    }
}

config_word! {
    /// What happens to a file that was cut off and begins as before.
    pub enum OnTruncate {
        /// It waits until it is as long again.
        Ignore = "ignore",
        /// It is read from its beginning.
        ReadWholeFile = "read_whole_file",
        /// It is read from where it ends.
        ReadNew = "read_new",
    }
    refused(_text) { "must be one of: ignore, read_whole_file, read_new".to_owned() }
}
