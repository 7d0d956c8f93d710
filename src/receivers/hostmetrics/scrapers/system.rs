//! Scraper `system`: how long the host has been running.

use std::sync::Arc;

use crate::config_section;
use crate::receivers::hostmetrics::host::{Host, uptime_seconds};
use crate::receivers::hostmetrics::metric_recorder::MetricRecorder;
use crate::receivers::hostmetrics::metric_selection::MetricSelection;
use crate::receivers::hostmetrics::metric_table::{MetricTable, metric_table};
use crate::receivers::scraping::{Scrape, Scraper};

metric_table! {
    /// The metrics of the scraper `system`.
    pub enum SystemMetric of "system" since "1.9.0" {
        Uptime: on Gauge "system.uptime" ["s"] () "The time the system has been running";
    }
}

config_section! {
    /// How long the host has been running.
    pub struct SystemConfig {
        /// Which metrics are reported.
        pub metrics: MetricSelection<SystemMetric> = MetricSelection::default(),
    }
}

/// Reads `/proc/uptime`.
pub struct SystemScraper {
    host: Arc<Host>,
    metrics: MetricRecorder<SystemMetric>,
}

impl SystemScraper {
    pub fn new(config: &SystemConfig, host: Arc<Host>) -> Result<Self, String> {
        Ok(Self { host, metrics: MetricRecorder::new(&config.metrics) })
    }
}

impl Scraper for SystemScraper {
    fn name(&self) -> &'static str {
        SystemMetric::SCRAPER
    }

    fn scrape(&mut self, scrape: &mut Scrape) {
        self.metrics.begin(self.host.boot_time_unix_nano, scrape.time_unix_nano);
        match uptime_seconds(&self.host.paths) {
            // Whole seconds, a begun one included, as sysinfo(2) counts them.
            Ok(seconds) => self.metrics.record_double(SystemMetric::Uptime, seconds.ceil(), &[]),
            Err(error) => scrape.fail(SystemMetric::METRICS.len(), error.to_string()),
        }
        self.metrics.write(&[], &mut scrape.body);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::receivers::hostmetrics::fixture::{
        Fixture, SCRAPE_TIME, config, scrape, scrape_with_failures,
    };

    #[test]
    fn the_uptime_is_in_whole_seconds() {
        let fixture = Fixture::with(&[("proc/uptime", "12345.01 99.00\n")]);
        let mut scraper = SystemScraper::new(&config("{}"), fixture.host()).unwrap();
        assert_eq!(scrape(&mut scraper), ["system.uptime 12346.0"]);
    }

    #[test]
    fn a_file_without_a_number_is_a_failure() {
        let fixture = Fixture::with(&[("proc/uptime", "\n")]);
        let mut scraper = SystemScraper::new(&config("{}"), fixture.host()).unwrap();
        let (lines, failures) = scrape_with_failures(&mut scraper, SCRAPE_TIME);
        let failure = format!("{} does not hold a number of seconds", fixture.path("proc/uptime").display());
        assert_eq!((lines, failures), (Vec::new(), vec![failure]));
    }
}
