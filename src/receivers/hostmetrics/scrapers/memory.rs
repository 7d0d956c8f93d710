//! Scraper `memory`: what memory is used for, from `/proc/meminfo`.

use std::sync::Arc;

use crate::config_section;
use crate::receivers::hostmetrics::host::{Host, HostPaths};
use crate::receivers::hostmetrics::metric_recorder::MetricRecorder;
use crate::receivers::hostmetrics::metric_selection::MetricSelection;
use crate::receivers::hostmetrics::metric_table::{MetricTable, metric_table};
use crate::receivers::scraping::{Scrape, Scraper};

metric_table! {
    /// The metrics of the scraper `memory`.
    pub enum MemoryMetric of "memory" since "1.9.0" {
        Available: off UpDownCounter "system.linux.memory.available" ["By"] ()
            "An estimate of how much memory is available for starting new applications, without swapping. This \
             is a more accurate alternative than system.memory.usage with state=free. (Linux only)";
        Dirty: off UpDownCounter "system.linux.memory.dirty" ["By"] ()
            "The amount of dirty memory according to `/proc/meminfo`.";
        Limit: off UpDownCounter "system.memory.limit" ["By"] () "Total bytes of memory available.";
        HugepagesLimit: off UpDownCounter "system.memory.linux.hugepages.limit" ["{page}"] ()
            "Total number of hugepages available.";
        HugepagesPageSize: off UpDownCounter "system.memory.linux.hugepages.page_size" ["By"] ()
            "System hugepage size in bytes.";
        HugepagesReserved: off UpDownCounter "system.memory.linux.hugepages.reserved" ["{page}"] ()
            "Number of reserved hugepages (hugepages for which a commitment to allocate has been made, but no \
             allocation has yet been made). This is reported as a separate metric rather than a usage state \
             because reserved pages are already counted in free pages - they represent a subset of free pages \
             that cannot be used for non-reserved allocations.";
        HugepagesSurplus: off UpDownCounter "system.memory.linux.hugepages.surplus" ["{page}"] ()
            "Number of surplus hugepages (overcommitted hugepages beyond the persistent pool). This is reported \
             as a separate metric rather than a usage state because surplus pages can be in either used or free \
             state, and including them would break the semantic convention that usage states must sum to the \
             limit.";
        HugepagesUsage: off UpDownCounter "system.memory.linux.hugepages.usage" ["{page}"]
            ("system.memory.linux.hugepages.state") "Number of hugepages in use by state.";
        HugepagesUtilization: off Gauge "system.memory.linux.hugepages.utilization" ["1"]
            ("system.memory.linux.hugepages.state") "Percentage of hugepages in use by state.";
        Shared: off UpDownCounter "system.memory.linux.shared" ["By"] ()
            "Shared memory usage, including tmpfs filesystems and System V/POSIX shared memory. Only supported \
             on Linux.";
        PageSize: off Gauge "system.memory.page_size" ["By"] ()
            "A constant value for the system's configured page size.";
        Usage: on UpDownCounter "system.memory.usage" ["By"] ("state") "Bytes of memory in use.";
        Utilization: off Gauge "system.memory.utilization" ["1"] ("state")
            "Percentage of memory bytes in use.";
    }
}

config_section! {
    /// What memory is used for.
    pub struct MemoryConfig {
        /// Which metrics are reported.
        pub metrics: MetricSelection<MemoryMetric> = MetricSelection::default(),
    }
}

/// Reads `/proc/meminfo`.
pub struct MemoryScraper {
    host: Arc<Host>,
    metrics: MetricRecorder<MemoryMetric>,
}

impl MemoryScraper {
    pub fn new(config: &MemoryConfig, host: Arc<Host>) -> Result<Self, String> {
        Ok(Self { host, metrics: MetricRecorder::new(&config.metrics) })
    }
}

impl Scraper for MemoryScraper {
    fn name(&self) -> &'static str {
        MemoryMetric::SCRAPER
    }

    fn scrape(&mut self, scrape: &mut Scrape) {
        let memory = match self.host.paths.read_whole_proc("meminfo") {
            Ok(text) => MemoryInfo::parse(&text),
            Err(error) => return scrape.fail(MemoryMetric::METRICS.len(), error.to_string()),
        };
        if memory.total == 0 {
            return scrape.fail(MemoryMetric::METRICS.len(), "invalid total memory: 0");
        }
        self.metrics.begin(self.host.boot_time_unix_nano, scrape.time_unix_nano);
        self.record_usage(&memory);
        self.record_hugepages(&memory);
        self.metrics.write(&[], &mut scrape.body);
    }
}

impl MemoryScraper {
    fn record_usage(&mut self, memory: &MemoryInfo) {
        let cached = memory.cached + memory.slab_reclaimable;
        let available = memory.available.unwrap_or(memory.free + cached);
        let states = [
            ("used", memory.total.saturating_sub(available)),
            ("free", memory.free),
            ("buffered", memory.buffers),
            ("cached", cached),
            ("slab_reclaimable", memory.slab_reclaimable),
            ("slab_unreclaimable", memory.slab_unreclaimable),
        ];
        self.metrics.record_counts(MemoryMetric::Usage, &states);
        for (state, bytes) in states {
            let fraction = bytes as f64 / memory.total as f64;
            self.metrics.record_double(MemoryMetric::Utilization, fraction, &[state]);
        }
        for (metric, bytes) in [
            (MemoryMetric::Limit, memory.total),
            (MemoryMetric::Available, available),
            (MemoryMetric::Dirty, memory.dirty),
            (MemoryMetric::Shared, memory.shared),
            (MemoryMetric::PageSize, rustix::param::page_size() as u64),
        ] {
            self.metrics.record_count(metric, bytes, &[]);
        }
    }

    fn record_hugepages(&mut self, memory: &MemoryInfo) {
        for (metric, count) in [
            (MemoryMetric::HugepagesPageSize, memory.hugepage_size),
            (MemoryMetric::HugepagesLimit, memory.hugepages_total),
            (MemoryMetric::HugepagesReserved, memory.hugepages_reserved),
            (MemoryMetric::HugepagesSurplus, memory.hugepages_surplus),
        ] {
            self.metrics.record_count(metric, count, &[]);
        }
        let used = memory.hugepages_total.saturating_sub(memory.hugepages_free);
        let states = [("free", memory.hugepages_free), ("used", used)];
        self.metrics.record_counts(MemoryMetric::HugepagesUsage, &states);
        if memory.hugepages_total == 0 {
            return;
        }
        for (state, pages) in states {
            let fraction = pages as f64 / memory.hugepages_total as f64;
            self.metrics.record_double(MemoryMetric::HugepagesUtilization, fraction, &[state]);
        }
    }
}

/// How much memory the host has; 0 where that cannot be read.
pub(super) fn total_memory_bytes(paths: &HostPaths) -> u64 {
    paths.read_whole_proc("meminfo").map_or(0, |text| MemoryInfo::parse(&text).total)
}

/// What is read of `/proc/meminfo`, in bytes and pages.
#[derive(Debug, Default)]
struct MemoryInfo {
    total: u64,
    free: u64,
    /// Not before Linux 3.14.
    available: Option<u64>,
    buffers: u64,
    cached: u64,
    dirty: u64,
    shared: u64,
    slab_reclaimable: u64,
    slab_unreclaimable: u64,
    hugepages_total: u64,
    hugepages_free: u64,
    hugepages_reserved: u64,
    hugepages_surplus: u64,
    hugepage_size: u64,
}

impl MemoryInfo {
    fn parse(text: &str) -> Self {
        let mut memory = Self::default();
        for (key, value) in text.lines().filter_map(|line| line.split_once(':')) {
            let (number, unit) = match value.trim().split_once(' ') {
                Some((number, "kB")) => (number, 1024),
                _ => (value.trim(), 1),
            };
            let Ok(number) = number.parse::<u64>() else { continue };
            let number = number.saturating_mul(unit);
            match key {
                "MemTotal" => memory.total = number,
                "MemFree" => memory.free = number,
                "MemAvailable" => memory.available = Some(number),
                "Buffers" => memory.buffers = number,
                "Cached" => memory.cached = number,
                "Dirty" => memory.dirty = number,
                "Shmem" => memory.shared = number,
                "SReclaimable" => memory.slab_reclaimable = number,
                "SUnreclaim" => memory.slab_unreclaimable = number,
                "HugePages_Total" => memory.hugepages_total = number,
                "HugePages_Free" => memory.hugepages_free = number,
                "HugePages_Rsvd" => memory.hugepages_reserved = number,
                "HugePages_Surp" => memory.hugepages_surplus = number,
                "Hugepagesize" => memory.hugepage_size = number,
                _ => {}
            }
        }
        memory
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::receivers::hostmetrics::fixture::{
        Fixture, SCRAPE_TIME, config, scrape, scrape_with_failures,
    };

    const MEMINFO: &str = "MemTotal:        1000 kB\nMemFree:          300 kB\nMemAvailable:     600 kB\n\
        Buffers:           50 kB\nCached:           150 kB\nSwapCached:         9 kB\nDirty:              7 kB\n\
        Shmem:             11 kB\nSReclaimable:      40 kB\nSUnreclaim:        20 kB\nHugePages_Total:      10\n\
        HugePages_Free:        6\nHugePages_Rsvd:        2\nHugePages_Surp:        1\nHugepagesize:    2048 kB\n";

    #[test]
    fn memory_is_reported_by_state() {
        let fixture = Fixture::with(&[("proc/meminfo", MEMINFO)]);
        let mut scraper = MemoryScraper::new(&config("{}"), fixture.host()).unwrap();
        assert_eq!(
            scrape(&mut scraper),
            [
                "system.memory.usage{state=used} 409600",
                "system.memory.usage{state=free} 307200",
                "system.memory.usage{state=buffered} 51200",
                "system.memory.usage{state=cached} 194560",
                "system.memory.usage{state=slab_reclaimable} 40960",
                "system.memory.usage{state=slab_unreclaimable} 20480",
            ]
        );
    }

    #[test]
    fn what_is_off_by_default_can_be_turned_on() {
        let fixture = Fixture::with(&[("proc/meminfo", MEMINFO)]);
        let names =
            MemoryMetric::METRICS.iter().map(|metric| metric.name).filter(|name| !name.ends_with("usage"));
        let switches: Vec<String> = names.map(|name| format!("{name}: {{enabled: true}}")).collect();
        let yaml = format!("metrics: {{system.memory.usage: {{enabled: false}}, {}}}", switches.join(", "));
        let mut scraper = MemoryScraper::new(&config(&yaml), fixture.host()).unwrap();
        assert_eq!(
            scrape(&mut scraper),
            [
                "system.linux.memory.available 614400".to_owned(),
                "system.linux.memory.dirty 7168".to_owned(),
                "system.memory.limit 1024000".to_owned(),
                "system.memory.linux.hugepages.limit 10".to_owned(),
                "system.memory.linux.hugepages.page_size 2097152".to_owned(),
                "system.memory.linux.hugepages.reserved 2".to_owned(),
                "system.memory.linux.hugepages.surplus 1".to_owned(),
                "system.memory.linux.hugepages.utilization{system.memory.linux.hugepages.state=free} 0.6"
                    .to_owned(),
                "system.memory.linux.hugepages.utilization{system.memory.linux.hugepages.state=used} 0.4"
                    .to_owned(),
                "system.memory.linux.shared 11264".to_owned(),
                format!("system.memory.page_size {}", rustix::param::page_size()),
                "system.memory.utilization{state=used} 0.4".to_owned(),
                "system.memory.utilization{state=free} 0.3".to_owned(),
                "system.memory.utilization{state=buffered} 0.05".to_owned(),
                "system.memory.utilization{state=cached} 0.19".to_owned(),
                "system.memory.utilization{state=slab_reclaimable} 0.04".to_owned(),
                "system.memory.utilization{state=slab_unreclaimable} 0.02".to_owned(),
            ]
        );
    }

    #[test]
    fn a_host_without_memory_is_not_believed() {
        let fixture = Fixture::with(&[("proc/meminfo", "MemFree: 5 kB\n")]);
        let mut scraper = MemoryScraper::new(&config("{}"), fixture.host()).unwrap();
        let (lines, failures) = scrape_with_failures(&mut scraper, SCRAPE_TIME);
        assert_eq!((lines, failures), (Vec::new(), vec!["invalid total memory: 0".to_owned()]));
    }
}
