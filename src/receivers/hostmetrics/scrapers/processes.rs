//! Scraper `processes`: how many processes there are in which state, and how many there ever were.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config_section;
use crate::receivers::hostmetrics::host::{Host, ReadError};
use crate::receivers::hostmetrics::metric_recorder::MetricRecorder;
use crate::receivers::hostmetrics::metric_selection::MetricSelection;
use crate::receivers::hostmetrics::metric_table::{MetricTable, metric_table};
use crate::receivers::scraping::{Scrape, Scraper};

metric_table! {
    /// The metrics of the scraper `processes`.
    pub enum ProcessesMetric of "processes" since "1.9.0" {
        Count: on UpDownCounter "system.processes.count" ["{processes}"] ("status")
            "Total number of processes in each state.";
        Created: on Counter "system.processes.created" ["{processes}"] ()
            "Total number of created processes. Supported on Linux and OpenBSD.";
    }
}

config_section! {
    /// How many processes there are.
    pub struct ProcessesConfig {
        /// Which metrics are reported.
        pub metrics: MetricSelection<ProcessesMetric> = MetricSelection::default(),
    }
}

/// Reads `/proc/stat` and the state of each process.
pub struct ProcessesScraper {
    host: Arc<Host>,
    metrics: MetricRecorder<ProcessesMetric>,
}

impl ProcessesScraper {
    pub fn new(config: &ProcessesConfig, host: Arc<Host>) -> Result<Self, String> {
        Ok(Self { host, metrics: MetricRecorder::new(&config.metrics) })
    }
}

impl Scraper for ProcessesScraper {
    fn name(&self) -> &'static str {
        ProcessesMetric::SCRAPER
    }

    fn scrape(&mut self, scrape: &mut Scrape) {
        self.metrics.begin(self.host.boot_time_unix_nano, scrape.time_unix_nano);
        if let Err(error) = self.record(scrape.time_unix_nano) {
            scrape.fail(ProcessesMetric::METRICS.len(), error.to_string());
        }
        self.metrics.write(&[], &mut scrape.body);
    }
}

impl ProcessesScraper {
    fn record(&mut self, turn_unix_nano: u64) -> Result<(), ReadError> {
        let stat = self.host.paths.read_whole_proc("stat")?;
        let counter = |name: &str| {
            let mut fields = stat.lines().filter_map(|line| line.split_once(' '));
            fields.find(|(key, _)| *key == name).and_then(|(_, count)| count.trim().parse::<u64>().ok())
        };
        if self.metrics.is_on(ProcessesMetric::Count) {
            let mut counts = self.count_states(turn_unix_nano)?;
            let total: u64 = counts.values().sum();
            // The kernel knows at one moment what the loop above gathered over many.
            counts.insert("blocked", counter("procs_blocked").unwrap_or(0));
            counts.insert("running", counter("procs_running").unwrap_or(0));
            let known: u64 = counts.values().sum();
            *counts.entry("unknown").or_default() += total.saturating_sub(known);
            if counts.get("unknown") == Some(&0) {
                counts.remove("unknown");
            }
            for (status, count) in counts {
                self.metrics.record_count(ProcessesMetric::Count, count, &[status]);
            }
        }
        if let Some(created) = counter("processes") {
            self.metrics.record_count(ProcessesMetric::Created, created, &[]);
        }
        Ok(())
    }

    /// How many processes are in which state.
    fn count_states(&self, turn_unix_nano: u64) -> Result<BTreeMap<&'static str, u64>, ReadError> {
        let states = match self.host.process_states.take(turn_unix_nano) {
            Some(states) => states,
            None => self.read_states()?,
        };
        let mut counts = BTreeMap::new();
        for state in states {
            *counts.entry(status_of(state)).or_default() += 1;
        }
        Ok(counts)
    }

    /// The state of each process. Those that end meanwhile have none.
    fn read_states(&self) -> Result<Vec<char>, ReadError> {
        let paths = &self.host.paths;
        let stat_of = |pid| paths.read_whole_proc(&format!("{pid}/stat")).ok();
        // The name before the state may hold any character.
        let state_in = |stat: &str| stat.rsplit_once(") ").and_then(|(_, fields)| fields.chars().next());
        let stats = paths.numbers_in_proc("")?.into_iter().filter_map(stat_of);
        Ok(stats.map(|stat| state_in(&stat).unwrap_or(UNKNOWN_STATE)).collect())
    }
}

/// A letter that no state has.
const UNKNOWN_STATE: char = '?';

/// The word for a state in proc_pid_stat(5).
const fn status_of(state: char) -> &'static str {
    match state {
        'D' => "blocked",
        'I' => "idle",
        'R' => "running",
        'S' => "sleeping",
        'T' | 't' => "stopped",
        'W' => "paging",
        'Z' => "zombies",
        _ => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::receivers::hostmetrics::fixture::{Fixture, SCRAPE_TIME, config, scrape, scrape_at};

    const STAT: &str = "cpu  1 2\nprocesses 4711\nprocs_running 2\nprocs_blocked 1\n";

    #[test]
    fn processes_are_counted_by_state() {
        let fixture = Fixture::with(&[
            ("proc/stat", STAT),
            ("proc/1/stat", "1 (init) S 0 1\n"),
            ("proc/2/stat", "2 (a) R (b) S 0 1\n"),
            ("proc/3/stat", "3 (worker) I 2 0\n"),
            ("proc/4/stat", "4 (gone) Z 1 0\n"),
            ("proc/5/stat", "5 (traced) t 1 0\n"),
            ("proc/6/stat", "6 (busy) R 1 0\n"),
            ("proc/7/stat", "7 (parked) P 1 0\n"),
            ("proc/sys/stat", "no process"),
        ]);
        let mut scraper = ProcessesScraper::new(&config("{}"), fixture.host()).unwrap();
        // Blocked and running ones are those the kernel counts.
        assert_eq!(
            scrape(&mut scraper),
            [
                "system.processes.count{status=blocked} 1",
                "system.processes.count{status=idle} 1",
                "system.processes.count{status=running} 2",
                "system.processes.count{status=sleeping} 2",
                "system.processes.count{status=stopped} 1",
                "system.processes.count{status=unknown} 1",
                "system.processes.count{status=zombies} 1",
                "system.processes.created 4711",
            ]
        );
    }

    #[test]
    fn what_another_scraper_read_in_the_same_turn_is_not_read_again() {
        let fixture = Fixture::with(&[("proc/stat", STAT), ("proc/1/stat", "1 (init) S 0 1\n")]);
        let host = fixture.host();
        let mut scraper = ProcessesScraper::new(&config("{}"), Arc::clone(&host)).unwrap();
        let idle = "system.processes.count{status=idle} 3".to_owned();
        host.process_states.leave(SCRAPE_TIME, vec!['I', 'I', 'I']);
        assert!(scrape_at(&mut scraper, SCRAPE_TIME).contains(&idle));
        // Those of the turn before say nothing of this one.
        host.process_states.leave(SCRAPE_TIME, vec!['I', 'I', 'I']);
        assert!(!scrape_at(&mut scraper, SCRAPE_TIME + 1).contains(&idle));
    }
}
