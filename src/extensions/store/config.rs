//! The section `store` among extensions.

use crate::config::{ByteSize, Checking, GoDuration};
use crate::store::engine::Durability;
use crate::{config_section, config_word};

/// The shortest piece of time that has a file of its own.
const SHORTEST_PARTITION: GoDuration = GoDuration::from_secs(60);

config_section! {
    /// Keeps traces, metrics and logs on this machine, where exporter `store` writes them and the console reads them. Also a
    /// storage for other components.
    pub struct StoreConfig {
        /// Where the files are; made where it is missing. It belongs to one process.
        pub directory: String = "weir-data".to_owned(),
        /// What goes, and when.
        pub retention: RetentionConfig = RetentionConfig::default(),
        /// `normal`: what was taken lives through the end of the process, and through a power failure but for the last
        /// moments. `full`: through a power failure too, at the price of waiting for the disk.
        pub durability: StoreDurability = StoreDurability::Normal,
        /// How much the disk must have left; with less nothing is taken.
        pub min_free_bytes: ByteSize = ByteSize(512 << 20),
        /// The piece of time that has files of its own, which go as a whole when they are old enough.
        pub partition_duration: GoDuration = GoDuration::from_secs(6 * 3600),
        /// Whether everything is kept in memory and gone when the process ends, for demonstrations and tests. No file is
        /// written.
        pub in_memory: bool = false,
        /// In memory: how many bytes of serialized telemetry are kept; over that the oldest go.
        pub memory_limit: ByteSize = ByteSize(256 << 20),
    }
    check(section, checking) {
        section.check_values(checking);
    }
}

config_section! {
    /// What goes, and when: whichever limit is reached first.
    pub struct RetentionConfig {
        /// How old telemetry gets; 0 for no limit.
        pub max_age: GoDuration = GoDuration::from_secs(7 * 24 * 3600),
        /// How many bytes all files may have together, the oldest go first; 0 for no limit.
        pub max_bytes: ByteSize = ByteSize(10_000_000_000),
    }
}

config_word! {
    /// When what was taken is on disk.
    pub enum StoreDurability {
        /// As good as at once.
        Normal = "normal",
        /// Before it is answered.
        Full = "full",
    }
}

impl From<StoreDurability> for Durability {
    fn from(durability: StoreDurability) -> Self {
        match durability {
            StoreDurability::Normal => Self::Normal,
            StoreDurability::Full => Self::Full,
        }
    }
}

impl StoreConfig {
    /// The limit of bytes, where there is one.
    pub fn max_bytes(&self) -> Option<u64> {
        Some(self.retention.max_bytes.0).filter(|bytes| *bytes > 0)
    }

    fn check_values(&self, checking: &mut Checking) {
        if self.directory.is_empty() && !self.in_memory {
            checking.error_at("directory", "'directory' must be the path of a directory");
        }
        if self.partition_duration < SHORTEST_PARTITION {
            checking.error_at("partition_duration", "'partition_duration' must be at least 1m");
        }
        if self.retention.max_age.is_negative() {
            checking.within("retention", |checking| {
                checking.error_at("max_age", "'max_age' must not be negative; 0 is for no limit");
            });
        }
    }
}
