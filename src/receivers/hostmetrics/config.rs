//! The section of the receiver.

use super::scrapers::ScrapersConfig;
use crate::config::GoDuration;
use crate::config_section;
use crate::receivers::scraping::ScrapeSchedule;

config_section! {
    /// Reads how the host is from `/proc` and `/sys`: CPU, memory, disks, filesystems, load, network and
    /// processes (Linux).
    pub struct HostMetricsConfig {
        /// When it is read.
        pub [flatten] schedule: ScrapeSchedule = ScrapeSchedule::default(),
        /// Where the root of the host is mounted, for a Weir that runs in a container. The environment
        /// variables `HOST_PROC`, `HOST_SYS`, `HOST_ETC`, `HOST_DEV` and `HOST_PROC_MOUNTINFO` name single
        /// folders and have precedence.
        pub root_path: String = String::new(),
        /// Taken for compatibility, without effect: the host is not announced as an entity.
        pub metadata_collection_interval: GoDuration = GoDuration::from_secs(300),
        /// What is read; at least one.
        pub scrapers: ScrapersConfig = ScrapersConfig::default(),
    }
    check(section, checking) {
        if !section.scrapers.is_any_on() {
            let message = "must specify at least one scraper when using host_metrics receiver";
            checking.error_at("scrapers", message);
        }
        if !section.root_path.is_empty() && let Err(error) = std::fs::metadata(&section.root_path) {
            checking.error_at("root_path", format!("invalid root_path: {}: {error}", section.root_path));
        }
    }
}
