//! Scraper `load`: how many threads run or wait to, averaged by the kernel.

use std::sync::Arc;

use crate::config_section;
use crate::receivers::hostmetrics::host::{Host, usable_cpus};
use crate::receivers::hostmetrics::metric_recorder::MetricRecorder;
use crate::receivers::hostmetrics::metric_selection::MetricSelection;
use crate::receivers::hostmetrics::metric_table::{MetricTable, metric_table};
use crate::receivers::scraping::{Scrape, Scraper};

metric_table! {
    /// The metrics of the scraper `load`.
    pub enum LoadMetric of "load" since "1.9.0" {
        Average15m: on Gauge "system.cpu.load_average.15m" ["{thread}"] ()
            "Average CPU Load over 15 minutes.";
        Average1m: on Gauge "system.cpu.load_average.1m" ["{thread}"] () "Average CPU Load over 1 minute.";
        Average5m: on Gauge "system.cpu.load_average.5m" ["{thread}"] () "Average CPU Load over 5 minutes.";
    }
}

config_section! {
    /// How many threads run or wait to.
    pub struct LoadConfig {
        /// Whether the load is divided by the number of CPUs.
        pub cpu_average: bool = false,
        /// Which metrics are reported.
        pub metrics: MetricSelection<LoadMetric> = MetricSelection::default(),
    }
}

/// Reads `/proc/loadavg`.
pub struct LoadScraper {
    host: Arc<Host>,
    divisor: f64,
    metrics: MetricRecorder<LoadMetric>,
}

impl LoadScraper {
    pub fn new(config: &LoadConfig, host: Arc<Host>) -> Result<Self, String> {
        let divisor = if config.cpu_average { f64::from(usable_cpus()) } else { 1.0 };
        Ok(Self { host, divisor, metrics: MetricRecorder::new(&config.metrics) })
    }
}

impl Scraper for LoadScraper {
    fn name(&self) -> &'static str {
        LoadMetric::SCRAPER
    }

    fn scrape(&mut self, scrape: &mut Scrape) {
        let text = match self.host.paths.read_whole_proc("loadavg") {
            Ok(text) => text,
            Err(error) => return scrape.fail(LoadMetric::METRICS.len(), error.to_string()),
        };
        let loads: Vec<f64> = text.split_whitespace().map_while(|field| field.parse().ok()).collect();
        let [load_1m, load_5m, load_15m, ..] = loads[..] else {
            return scrape
                .fail(LoadMetric::METRICS.len(), format!("loadavg holds no three averages: {text:?}"));
        };
        self.metrics.begin(self.host.boot_time_unix_nano, scrape.time_unix_nano);
        self.metrics.record_double(LoadMetric::Average1m, load_1m / self.divisor, &[]);
        self.metrics.record_double(LoadMetric::Average5m, load_5m / self.divisor, &[]);
        self.metrics.record_double(LoadMetric::Average15m, load_15m / self.divisor, &[]);
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
    fn the_averages_of_the_kernel_are_reported() {
        let fixture = Fixture::with(&[("proc/loadavg", "0.50 1.25 2.75 3/812 4711\n")]);
        let mut scraper = LoadScraper::new(&config("{}"), fixture.host()).unwrap();
        assert_eq!(
            scrape(&mut scraper),
            [
                "system.cpu.load_average.15m 2.75",
                "system.cpu.load_average.1m 0.5",
                "system.cpu.load_average.5m 1.25",
            ]
        );
    }

    #[test]
    fn the_load_of_one_cpu_is_the_load_divided_by_their_number() {
        let fixture = Fixture::with(&[("proc/loadavg", "8 8 8 1/1 1\n")]);
        let cpus = std::thread::available_parallelism().unwrap().get() as f64;
        let mut scraper = LoadScraper::new(&config("cpu_average: true"), fixture.host()).unwrap();
        assert_eq!(scrape(&mut scraper)[1], format!("system.cpu.load_average.1m {:?}", 8.0 / cpus));
    }

    #[test]
    fn a_missing_file_fails_all_metrics() {
        let fixture = Fixture::with(&[]);
        let mut scraper = LoadScraper::new(&config("{}"), fixture.host()).unwrap();
        let (lines, failures) = scrape_with_failures(&mut scraper, SCRAPE_TIME);
        let path = fixture.path("proc/loadavg");
        let missing = format!("cannot read {}: No such file or directory (os error 2)", path.display());
        assert_eq!((lines, failures), (Vec::new(), vec![missing]));
    }
}
