//! Scraper `paging`: swap devices, and how often pages were read, written and missed.

use std::sync::Arc;

use crate::config_section;
use crate::receivers::hostmetrics::host::Host;
use crate::receivers::hostmetrics::metric_recorder::MetricRecorder;
use crate::receivers::hostmetrics::metric_selection::MetricSelection;
use crate::receivers::hostmetrics::metric_table::{MetricTable, metric_table};
use crate::receivers::scraping::{Scrape, Scraper};

metric_table! {
    /// The metrics of the scraper `paging`.
    pub enum PagingMetric of "paging" since "1.9.0" {
        Faults: on Counter "system.paging.faults" ["{faults}"] ("type") "The number of page faults.";
        Operations: on Counter "system.paging.operations" ["{operations}"] ("direction", "type")
            "The number of paging operations.";
        Usage: on UpDownCounter "system.paging.usage" ["By"] ("device", "state")
            "Swap (unix) or pagefile (windows) usage.";
        Utilization: off Gauge "system.paging.utilization" ["1"] ("device", "state")
            "Swap (unix) or pagefile (windows) utilization.";
    }
}

config_section! {
    /// Swap devices and page faults.
    pub struct PagingConfig {
        /// Which metrics are reported.
        pub metrics: MetricSelection<PagingMetric> = MetricSelection::default(),
    }
}

/// Reads `/proc/swaps` and `/proc/vmstat`.
pub struct PagingScraper {
    host: Arc<Host>,
    metrics: MetricRecorder<PagingMetric>,
}

impl PagingScraper {
    pub fn new(config: &PagingConfig, host: Arc<Host>) -> Result<Self, String> {
        Ok(Self { host, metrics: MetricRecorder::new(&config.metrics) })
    }
}

impl Scraper for PagingScraper {
    fn name(&self) -> &'static str {
        PagingMetric::SCRAPER
    }

    fn scrape(&mut self, scrape: &mut Scrape) {
        self.metrics.begin(self.host.boot_time_unix_nano, scrape.time_unix_nano);
        match self.host.paths.read_proc("swaps") {
            // A line of headings comes first.
            Ok(text) => text.lines().skip(1).for_each(|line| self.record_swap(line)),
            Err(error) => scrape.fail(2, format!("failed to read page file stats: {error}")),
        }
        match self.host.paths.read_proc("vmstat") {
            Ok(text) => self.record_counters(&text),
            Err(error) => scrape.fail(2, format!("failed to read swap info: {error}")),
        }
        self.metrics.write(&[], &mut scrape.body);
    }
}

impl PagingScraper {
    /// Records one line of `/proc/swaps`: device, type, size and used in KiB, priority.
    fn record_swap(&mut self, line: &str) {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [device, _type, size, used, ..] = fields[..] else { return };
        let (Ok(size), Ok(used)) = (size.parse::<u64>(), used.parse::<u64>()) else { return };
        for (state, kibibytes) in [("used", used), ("free", size.saturating_sub(used))] {
            self.metrics.record_count(PagingMetric::Usage, kibibytes.saturating_mul(1024), &[device, state]);
            if size > 0 {
                let fraction = kibibytes as f64 / size as f64;
                self.metrics.record_double(PagingMetric::Utilization, fraction, &[device, state]);
            }
        }
    }

    fn record_counters(&mut self, vmstat: &str) {
        let counter = |name: &str| {
            let mut fields = vmstat.lines().filter_map(|line| line.split_once(' '));
            fields
                .find(|(key, _)| *key == name)
                .and_then(|(_, count)| count.trim().parse::<u64>().ok())
                .unwrap_or(0)
        };
        for (name, direction, kind) in [
            ("pswpin", "page_in", "major"),
            ("pswpout", "page_out", "major"),
            ("pgpgin", "page_in", "minor"),
            ("pgpgout", "page_out", "minor"),
        ] {
            self.metrics.record_count(PagingMetric::Operations, counter(name), &[direction, kind]);
        }
        let (all, major) = (counter("pgfault"), counter("pgmajfault"));
        let faults = [("major", major), ("minor", all.saturating_sub(major))];
        self.metrics.record_counts(PagingMetric::Faults, &faults);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::receivers::hostmetrics::fixture::{
        Fixture, SCRAPE_TIME, config, scrape, scrape_with_failures,
    };

    const SWAPS: &str = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n\
                         /dev/sda2                               partition\t1000\t\t250\t\t-2\n";
    const VMSTAT: &str =
        "nr_free_pages 5\npgpgin 11\npgpgout 12\npswpin 3\npswpout 4\npgfault 100\npgmajfault 30\n";

    #[test]
    fn swap_faults_and_operations_are_reported() {
        let fixture = Fixture::with(&[("proc/swaps", SWAPS), ("proc/vmstat", VMSTAT)]);
        let yaml = "metrics: {system.paging.utilization: {enabled: true}}";
        let mut scraper = PagingScraper::new(&config(yaml), fixture.host()).unwrap();
        assert_eq!(
            scrape(&mut scraper),
            [
                "system.paging.faults{type=major} 30",
                "system.paging.faults{type=minor} 70",
                "system.paging.operations{direction=page_in,type=major} 3",
                "system.paging.operations{direction=page_out,type=major} 4",
                "system.paging.operations{direction=page_in,type=minor} 11",
                "system.paging.operations{direction=page_out,type=minor} 12",
                "system.paging.usage{device=/dev/sda2,state=used} 256000",
                "system.paging.usage{device=/dev/sda2,state=free} 768000",
                "system.paging.utilization{device=/dev/sda2,state=used} 0.25",
                "system.paging.utilization{device=/dev/sda2,state=free} 0.75",
            ]
        );
    }

    #[test]
    fn one_missing_file_does_not_keep_the_other_back() {
        let fixture = Fixture::with(&[("proc/swaps", SWAPS)]);
        let mut scraper = PagingScraper::new(&config("{}"), fixture.host()).unwrap();
        let (lines, failures) = scrape_with_failures(&mut scraper, SCRAPE_TIME);
        assert_eq!((lines.len(), failures.len()), (2, 1));
        assert!(failures[0].starts_with("failed to read swap info: cannot read "), "{failures:?}");
    }
}
