//! The section of the exporter, with the Collector's fields, defaults and checks.

use crate::config::{Checking, GoDuration, Optional};
use crate::config_section;

config_section! {
    /// Writes telemetry to a file.
    pub struct FileExporterConfig {
        /// The file. With `group_by`, a pattern with one `*` in it.
        pub path: String = String::new(),
        /// Whether to go on with a file that is there; otherwise it is emptied at start.
        pub append: bool = false,
        /// Begins a new file when the current one is large enough, and keeps the old ones for a while.
        pub rotation: Optional<RotationConfig> = Optional::off(RotationConfig::default()),
        /// `json`: one OTLP/JSON document a line. `proto`: OTLP requests in protobuf, each preceded by its
        /// length as four bytes, most significant first.
        pub format: String = "json".to_owned(),
        /// `zstd` to compress each document or request, which is then preceded by its compressed length
        /// as four bytes in either format; empty for no compression.
        pub compression: String = String::new(),
        /// Taken for compatibility: what was answered OK has already been handed to the operating system.
        pub flush_interval: GoDuration = GoDuration::from_secs(1),
        /// Writes a file for each value of a resource attribute. There is no rotation then.
        pub group_by: GroupByConfig = GroupByConfig::default(),
        /// Whether to create the directory of the file.
        pub create_directory: bool = false,
        /// The permissions of a directory that is created, in octal, less the umask; 0755 unless set.
        pub directory_permissions: String = String::new(),
    }
    check(section, checking) {
        section.check_values(checking);
    }
}

config_section! {
    /// When a new file begins, and how long old ones are kept.
    pub struct RotationConfig {
        /// How large a file may grow, in MiB; 0 for 100.
        pub max_megabytes: u32 = 100,
        /// For how many days of 24 hours old files are kept; 0 for ever.
        pub max_days: u32 = 0,
        /// How many old files are kept; 0 for all.
        pub max_backups: u32 = 100,
        /// Whether the names of old files have local time; otherwise UTC.
        pub localtime: bool = false,
    }
}

config_section! {
    /// A file for each value of a resource attribute.
    pub struct GroupByConfig {
        /// Whether telemetry is grouped.
        pub enabled: bool = false,
        /// The resource attribute whose text takes the place of the `*` in the path. It may hold
        /// slashes, which lead into directories, but never out of the path's own.
        pub resource_attribute: String = "fileexporter.path_segment".to_owned(),
        /// How many files are open at the same time; the one not written for longest is closed.
        pub max_open_files: u32 = 100,
    }
}

impl FileExporterConfig {
    /// Whether documents are compressed.
    pub fn is_compressed(&self) -> bool {
        !self.compression.is_empty()
    }

    /// The path before and behind its `*`, where grouping is on.
    pub(super) fn pattern(&self) -> Option<(&str, &str)> {
        if self.group_by.enabled { self.path.split_once('*') } else { None }
    }

    /// The permissions of directories.
    pub(super) fn directory_mode(&self) -> u32 {
        u32::from_str_radix(&self.directory_permissions, 8).unwrap_or(0o755)
    }

    fn check_values(&self, checking: &mut Checking) {
        if self.path.is_empty() {
            checking.error_at("path", "path must be non-empty");
        }
        if self.append && self.is_compressed() {
            let message = "append and compression enabled at the same time is not supported";
            checking.error_at("append", message);
        }
        if self.append && self.rotation.is_on() {
            checking.error_at("append", "append and rotation enabled at the same time is not supported");
        }
        if self.format != "json" && self.format != "proto" {
            checking.error_at("format", "format type is not supported");
        }
        if self.is_compressed() && self.compression != "zstd" {
            checking.error_at("compression", "compression is not supported");
        }
        if self.flush_interval.is_negative() {
            checking.error_at("flush_interval", "flush_interval must be larger than zero");
        }
        if self.group_by.enabled {
            self.check_group_by(checking);
        }
        self.check_directory_permissions(checking);
    }

    fn check_group_by(&self, checking: &mut Checking) {
        if self.path.matches('*').count() != 1 {
            checking.error_at("path", "path must contain exactly one * when group_by is enabled");
        }
        if self.path.starts_with('*') {
            checking.error_at("path", "path must not start with * when group_by is enabled");
        }
        if self.group_by.resource_attribute.is_empty() {
            checking.error_at("group_by", "resource_attribute must not be empty when group_by is enabled");
        }
        if self.group_by.max_open_files == 0 {
            checking.error_at("group_by", "max_open_files must be positive when group_by is enabled");
        }
    }

    fn check_directory_permissions(&self, checking: &mut Checking) {
        if self.directory_permissions.is_empty() {
            return;
        }
        let message = match u32::from_str_radix(&self.directory_permissions, 8) {
            _ if !self.create_directory => "directory_permissions requires create_directory to be true",
            Err(_) => "directory_permissions value must be a valid octal representation",
            Ok(mode) if mode & !0o777 != 0 => "directory_permissions contain invalid bits for file access",
            Ok(_) => return,
        };
        checking.error_at("directory_permissions", message);
    }
}
