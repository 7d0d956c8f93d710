//! Scraper `disk`: what disks and their partitions read and write, from `/proc/diskstats`.

use std::sync::Arc;

use crate::config_section;
use crate::receivers::hostmetrics::host::Host;
use crate::receivers::hostmetrics::metric_recorder::MetricRecorder;
use crate::receivers::hostmetrics::metric_selection::MetricSelection;
use crate::receivers::hostmetrics::metric_table::{MetricTable, metric_table};
use crate::receivers::hostmetrics::name_filter::{DeviceMatchConfig, NameFilter};
use crate::receivers::scraping::{Scrape, Scraper};

metric_table! {
    /// The metrics of the scraper `disk`.
    pub enum DiskMetric of "disk" since "1.9.0" {
        Io: on Counter "system.disk.io" ["By"] ("device", "direction") "Disk bytes transferred.";
        IoTime: on Counter "system.disk.io_time" ["s"] ("device")
            "Time disk spent activated. On Windows, this is calculated as the inverse of disk idle time.";
        Merged: on Counter "system.disk.merged" ["{operations}"] ("device", "direction")
            "The number of disk reads/writes merged into single physical disk access operations.";
        OperationTime: on Counter "system.disk.operation_time" ["s"] ("device", "direction")
            "Time spent in disk operations.";
        Operations: on Counter "system.disk.operations" ["{operations}"] ("device", "direction")
            "Disk operations count.";
        PendingOperations: on UpDownCounter "system.disk.pending_operations" ["{operations}"] ("device")
            "The queue size of pending I/O operations.";
        WeightedIoTime: on Counter "system.disk.weighted_io_time" ["s"] ("device")
            "Time disk spent activated multiplied by the queue length.";
    }
}

config_section! {
    /// What disks read and write.
    pub struct DiskConfig {
        /// Which metrics are reported.
        pub metrics: MetricSelection<DiskMetric> = MetricSelection::default(),
        /// The devices to report; all where none is written.
        pub include: DeviceMatchConfig = DeviceMatchConfig::default(),
        /// The devices not to report.
        pub exclude: DeviceMatchConfig = DeviceMatchConfig::default(),
    }
}

/// Reads `/proc/diskstats`.
pub struct DiskScraper {
    host: Arc<Host>,
    filter: NameFilter,
    metrics: MetricRecorder<DiskMetric>,
}

/// The kernel counts sectors of 512 bytes, whatever those of the device are.
const SECTOR_BYTES: u64 = 512;

impl DiskScraper {
    pub fn new(config: &DiskConfig, host: Arc<Host>) -> Result<Self, String> {
        let filter = NameFilter::new(&config.include, &config.exclude)?;
        Ok(Self { host, filter, metrics: MetricRecorder::new(&config.metrics) })
    }
}

impl Scraper for DiskScraper {
    fn name(&self) -> &'static str {
        DiskMetric::SCRAPER
    }

    fn scrape(&mut self, scrape: &mut Scrape) {
        let text = match self.host.paths.read_proc("diskstats") {
            Ok(text) => text,
            Err(error) => return scrape.fail(DiskMetric::METRICS.len(), error.to_string()),
        };
        self.metrics.begin(self.host.boot_time_unix_nano, scrape.time_unix_nano);
        for line in text.lines() {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let [_major, _minor, device, numbers @ ..] = &fields[..] else { continue };
            let numbers: Vec<u64> = numbers.iter().map_while(|number| number.parse().ok()).collect();
            let is_used = numbers.iter().any(|number| *number != 0);
            if is_used && self.filter.takes(device) {
                self.record(device, &numbers);
            }
        }
        self.metrics.write(&[], &mut scrape.body);
    }
}

impl DiskScraper {
    /// Records the counters of a device, in the order of the kernel's `Documentation/iostats`.
    fn record(&mut self, device: &str, numbers: &[u64]) {
        let [
            reads,
            merged_reads,
            sectors_read,
            read_milliseconds,
            writes,
            merged_writes,
            sectors_written,
            write_milliseconds,
            in_progress,
            io_milliseconds,
            weighted_milliseconds,
            ..,
        ] = *numbers
        else {
            return;
        };
        for (metric, read, written) in [
            (
                DiskMetric::Io,
                sectors_read.saturating_mul(SECTOR_BYTES),
                sectors_written.saturating_mul(SECTOR_BYTES),
            ),
            (DiskMetric::Operations, reads, writes),
            (DiskMetric::Merged, merged_reads, merged_writes),
        ] {
            self.metrics.record_count(metric, read, &[device, "read"]);
            self.metrics.record_count(metric, written, &[device, "write"]);
        }
        for (metric, milliseconds, attributes) in [
            (DiskMetric::IoTime, io_milliseconds, &[device][..]),
            (DiskMetric::OperationTime, read_milliseconds, &[device, "read"]),
            (DiskMetric::OperationTime, write_milliseconds, &[device, "write"]),
            (DiskMetric::WeightedIoTime, weighted_milliseconds, &[device]),
        ] {
            self.metrics.record_double(metric, milliseconds as f64 / 1000.0, attributes);
        }
        self.metrics.record_count(DiskMetric::PendingOperations, in_progress, &[device]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::receivers::hostmetrics::fixture::{Fixture, config, scrape};

    const DISKSTATS: &str = "   7       0 loop0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n\
                             \u{20}8       0 sda 100 5 2000 345 40 6 800 678 2 900 1023 0 0 0 0 0 0\n\
                             \u{20}8       1 sda1 1 0 8 1 0 0 0 0 0 1 1\n";

    #[test]
    fn what_a_device_did_is_reported_by_direction() {
        let fixture = Fixture::with(&[("proc/diskstats", DISKSTATS)]);
        let yaml = "exclude: {devices: ['1$'], match_type: regexp}";
        let mut scraper = DiskScraper::new(&config(yaml), fixture.host()).unwrap();
        assert_eq!(
            scrape(&mut scraper),
            [
                "system.disk.io{device=sda,direction=read} 1024000",
                "system.disk.io{device=sda,direction=write} 409600",
                "system.disk.io_time{device=sda} 0.9",
                "system.disk.merged{device=sda,direction=read} 5",
                "system.disk.merged{device=sda,direction=write} 6",
                "system.disk.operation_time{device=sda,direction=read} 0.345",
                "system.disk.operation_time{device=sda,direction=write} 0.678",
                "system.disk.operations{device=sda,direction=read} 100",
                "system.disk.operations{device=sda,direction=write} 40",
                "system.disk.pending_operations{device=sda} 2",
                "system.disk.weighted_io_time{device=sda} 1.023",
            ]
        );
    }

    #[test]
    fn only_included_devices_are_reported() {
        let fixture = Fixture::with(&[("proc/diskstats", DISKSTATS)]);
        let yaml = "include: {devices: [sda1, loop0], match_type: strict}";
        let mut scraper = DiskScraper::new(&config(yaml), fixture.host()).unwrap();
        let lines = scrape(&mut scraper);
        assert_eq!((lines.len(), &*lines[0]), (11, "system.disk.io{device=sda1,direction=read} 4096"));
        assert!(lines.iter().all(|line| line.contains("device=sda1")), "{lines:?}");
    }

    #[test]
    fn points_that_lose_their_device_are_added_up() {
        let fixture = Fixture::with(&[("proc/diskstats", DISKSTATS)]);
        let yaml = "metrics: {system.disk.io: {attributes: [direction]}, \
                    system.disk.pending_operations: {attributes: [], aggregation_strategy: max}}";
        let mut scraper = DiskScraper::new(&config(yaml), fixture.host()).unwrap();
        let lines = scrape(&mut scraper);
        assert_eq!(
            lines[..2],
            ["system.disk.io{direction=read} 1028096", "system.disk.io{direction=write} 409600"]
        );
        assert!(lines.contains(&"system.disk.pending_operations 2".to_owned()), "{lines:?}");
    }
}
