//! The section of the extension.

use crate::config::ByteSize;
use crate::config_section;

config_section! {
    /// Keeps traces, metrics and logs on this machine, for the console and for whoever replays them.
    pub struct StoreConfig {
        /// Whether everything is kept in memory and gone when the process ends.
        pub in_memory: bool = true,
        /// In memory: how many bytes of serialized telemetry are kept; over that the oldest go.
        pub memory_limit: ByteSize = ByteSize(256 << 20),
    }
}
