//! Scraper `cpu`: how long each CPU was in which state, and how many there are.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;

use crate::config_section;
use crate::receivers::hostmetrics::host::{Host, HostPaths, read_text};
use crate::receivers::hostmetrics::metric_recorder::MetricRecorder;
use crate::receivers::hostmetrics::metric_selection::MetricSelection;
use crate::receivers::hostmetrics::metric_table::{MetricTable, metric_table};
use crate::receivers::scraping::{Scrape, Scraper};

metric_table! {
    /// The metrics of the scraper `cpu`.
    pub enum CpuMetric of "cpu" since "1.9.0" {
        Frequency: off Gauge "system.cpu.frequency" ["Hz"] ("cpu") "Current frequency of the CPU core in Hz.";
        LogicalCount: on UpDownCounter "system.cpu.logical.count" ["{cpu}"] ()
            "Number of available logical CPUs.";
        PhysicalCount: off UpDownCounter "system.cpu.physical.count" ["{cpu}"] ()
            "Number of available physical CPUs.";
        Time: on Counter "system.cpu.time" ["s"] ("cpu" opt_in, "state")
            "Total seconds each logical CPU spent on each mode.";
        Utilization: off Gauge "system.cpu.utilization" ["1"] ("cpu" opt_in, "state")
            "Difference in system.cpu.time since the last measurement per logical CPU, divided by the elapsed \
             time (value in interval [0,1]).";
    }
}

config_section! {
    /// The time of each CPU by state.
    pub struct CpuConfig {
        /// Which metrics are reported.
        pub metrics: MetricSelection<CpuMetric> = MetricSelection::default(),
    }
}

/// Reads `/proc/stat` and what else is asked for.
pub struct CpuScraper {
    host: Arc<Host>,
    metrics: MetricRecorder<CpuMetric>,
    /// What was read in the last turn.
    previous: Vec<CpuTimes>,
}

/// The states reported, and where their ticks are behind the name of a CPU in `/proc/stat`.
const STATES: [(&str, usize); 8] = [
    ("user", 0),
    ("system", 2),
    ("idle", 3),
    ("interrupt", 5),
    ("nice", 1),
    ("softirq", 6),
    ("steal", 7),
    ("wait", 4),
];

/// The ticks of one CPU, in the order of [`STATES`].
#[derive(Debug, Clone, PartialEq)]
struct CpuTimes {
    cpu: String,
    ticks: [u64; STATES.len()],
}

impl CpuScraper {
    pub fn new(config: &CpuConfig, host: Arc<Host>) -> Result<Self, String> {
        Ok(Self { host, metrics: MetricRecorder::new(&config.metrics), previous: Vec::new() })
    }
}

impl Scraper for CpuScraper {
    fn name(&self) -> &'static str {
        CpuMetric::SCRAPER
    }

    fn scrape(&mut self, scrape: &mut Scrape) {
        self.metrics.begin(self.host.boot_time_unix_nano, scrape.time_unix_nano);
        if self.metrics.is_any_on(&[CpuMetric::Time, CpuMetric::Utilization]) {
            match self.host.paths.read_whole_proc("stat") {
                Ok(text) => self.record_times(parse_times(&text)),
                Err(error) => scrape.fail(2, error.to_string()),
            }
        }
        if self.metrics.is_any_on(&[CpuMetric::LogicalCount, CpuMetric::PhysicalCount, CpuMetric::Frequency])
        {
            match self.host.paths.read_proc("cpuinfo") {
                Ok(text) => self.record_processors(&parse_processors(&text)),
                Err(error) => scrape.fail(2, error.to_string()),
            }
        }
        self.metrics.write(&[], &mut scrape.body);
    }
}

impl CpuScraper {
    fn record_times(&mut self, times: Vec<CpuTimes>) {
        let ticks_per_second = rustix::param::clock_ticks_per_second() as f64;
        for cpu in &times {
            for ((state, _), ticks) in STATES.iter().zip(cpu.ticks) {
                let seconds = ticks as f64 / ticks_per_second;
                self.metrics.record_double(CpuMetric::Time, seconds, &[&cpu.cpu, state]);
            }
            if let Some(previous) = self.previous.iter().find(|previous| previous.cpu == cpu.cpu) {
                for ((state, _), share) in STATES.iter().zip(cpu.shares_since(previous)) {
                    self.metrics.record_double(CpuMetric::Utilization, share, &[&cpu.cpu, state]);
                }
            }
        }
        self.previous = times;
    }

    fn record_processors(&mut self, processors: &[Processor]) {
        self.metrics.record_count(CpuMetric::LogicalCount, processors.len() as u64, &[]);
        if self.metrics.is_on(CpuMetric::PhysicalCount) {
            let cores = physical_cores(&self.host.paths, processors);
            self.metrics.record_count(CpuMetric::PhysicalCount, cores as u64, &[]);
        }
        for processor in processors {
            let Some(megahertz) = processor.megahertz else { continue };
            let cpu = format!("cpu{}", processor.number);
            self.metrics.record_double(CpuMetric::Frequency, megahertz * 1e6, &[&cpu]);
        }
    }
}

impl CpuTimes {
    /// Which share of the time since `previous` was spent in each state; nothing where no time passed.
    fn shares_since(&self, previous: &Self) -> [f64; STATES.len()] {
        let total = |times: &Self| times.ticks.iter().sum::<u64>() as f64;
        let elapsed = total(self) - total(previous);
        let mut shares = [0.0; STATES.len()];
        if elapsed > 0.0 {
            for ((share, now), before) in shares.iter_mut().zip(self.ticks).zip(previous.ticks) {
                *share = (now as f64 - before as f64) / elapsed;
            }
        }
        shares
    }
}

/// The times of the single CPUs; the first line, which is the sum of all, is left out.
fn parse_times(stat: &str) -> Vec<CpuTimes> {
    let lines = stat.lines().skip(1).take_while(|line| line.starts_with("cpu"));
    lines.filter_map(parse_time_line).collect()
}

fn parse_time_line(line: &str) -> Option<CpuTimes> {
    let (cpu, numbers) = line.split_once(' ')?;
    let numbers: Vec<u64> = numbers.split_whitespace().map_while(|number| number.parse().ok()).collect();
    // Time stolen by a hypervisor is not told before Linux 2.6.11.
    if numbers.len() < 7 {
        return None;
    }
    let ticks = STATES.map(|(_, place)| numbers.get(place).copied().unwrap_or(0));
    Some(CpuTimes { cpu: cpu.to_owned(), ticks })
}

/// One CPU of `/proc/cpuinfo`.
#[derive(Debug, Default)]
struct Processor {
    number: u32,
    megahertz: Option<f64>,
    /// The socket it is in.
    physical_id: Option<u32>,
    /// How many cores the socket has.
    cores: Option<u32>,
}

fn parse_processors(cpuinfo: &str) -> Vec<Processor> {
    let mut processors: Vec<Processor> = Vec::new();
    for (key, value) in cpuinfo.lines().filter_map(|line| line.split_once(':')) {
        let (key, value) = (key.trim(), value.trim());
        if key == "processor"
            && let Ok(number) = value.parse()
        {
            processors.push(Processor { number, ..Processor::default() });
        }
        let Some(processor) = processors.last_mut() else { continue };
        match key {
            "cpu MHz" => processor.megahertz = value.parse().ok(),
            "physical id" => processor.physical_id = value.parse().ok(),
            "cpu cores" => processor.cores = value.parse().ok(),
            _ => {}
        }
    }
    processors
}

/// How many cores there are: CPUs that share one name the same siblings. Where the kernel does not tell
/// siblings, the cores of each socket are added up.
fn physical_cores(paths: &HostPaths, processors: &[Processor]) -> usize {
    for file in ["core_cpus_list", "thread_siblings_list"] {
        let siblings: BTreeSet<String> = topology_files(paths, file);
        if !siblings.is_empty() {
            return siblings.len();
        }
    }
    let sockets = processors.iter().filter_map(|processor| processor.physical_id.zip(processor.cores));
    sockets.collect::<BTreeSet<_>>().iter().map(|(_, cores)| *cores as usize).sum()
}

fn topology_files(paths: &HostPaths, file: &str) -> BTreeSet<String> {
    let Ok(entries) = fs::read_dir(paths.sys.join("devices/system/cpu")) else { return BTreeSet::new() };
    let folders = entries.filter_map(|entry| entry.ok()).filter(|entry| {
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix("cpu"));
        number.is_some_and(|number| number.starts_with(|digit: char| digit.is_ascii_digit()))
    });
    folders.filter_map(|folder| read_text(&folder.path().join("topology").join(file)).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::receivers::hostmetrics::fixture::{Fixture, SCRAPE_TIME, config, scrape, scrape_at};

    // A tick is a hundredth of a second on every architecture Linux has.
    const STAT: &str = "cpu  300 20 100 5000 40 10 6 2 0 0\ncpu0 200 10 50 2500 20 5 3 2 0 0\n\
                        cpu1 100 10 50 2500 20 5 3\nintr 5\n";
    const STAT_LATER: &str =
        "cpu  0 0 0 0 0 0 0 0\ncpu0 250 10 60 2540 20 5 3 2 0 0\ncpu1 100 10 50 2500 20 5 3\n";
    const CPUINFO: &str = "processor\t: 0\nmodel name\t: A\ncpu MHz\t\t: 2400.500\nphysical id\t: 0\ncpu cores\t: 2\n\n\
                           processor\t: 1\ncpu MHz\t\t: 1200.000\nphysical id\t: 0\ncpu cores\t: 2\n\n";

    #[test]
    fn the_time_of_all_cpus_is_reported_by_state() {
        let fixture = Fixture::with(&[("proc/stat", STAT), ("proc/cpuinfo", CPUINFO)]);
        let mut scraper = CpuScraper::new(&config("{}"), fixture.host()).unwrap();
        assert_eq!(
            scrape(&mut scraper),
            [
                "system.cpu.logical.count 2",
                "system.cpu.time{state=user} 3.0",
                "system.cpu.time{state=system} 1.0",
                "system.cpu.time{state=idle} 50.0",
                "system.cpu.time{state=interrupt} 0.1",
                "system.cpu.time{state=nice} 0.2",
                "system.cpu.time{state=softirq} 0.06",
                "system.cpu.time{state=steal} 0.02",
                "system.cpu.time{state=wait} 0.4",
            ]
        );
    }

    #[test]
    fn the_time_of_each_cpu_is_reported_where_it_is_asked_for() {
        let fixture = Fixture::with(&[("proc/stat", STAT), ("proc/cpuinfo", CPUINFO)]);
        let yaml = "metrics: {system.cpu.time: {attributes: [cpu, state]}}";
        let mut scraper = CpuScraper::new(&config(yaml), fixture.host()).unwrap();
        assert_eq!(
            scrape(&mut scraper),
            [
                "system.cpu.logical.count 2",
                "system.cpu.time{cpu=cpu0,state=user} 2.0",
                "system.cpu.time{cpu=cpu0,state=system} 0.5",
                "system.cpu.time{cpu=cpu0,state=idle} 25.0",
                "system.cpu.time{cpu=cpu0,state=interrupt} 0.05",
                "system.cpu.time{cpu=cpu0,state=nice} 0.1",
                "system.cpu.time{cpu=cpu0,state=softirq} 0.03",
                "system.cpu.time{cpu=cpu0,state=steal} 0.02",
                "system.cpu.time{cpu=cpu0,state=wait} 0.2",
                "system.cpu.time{cpu=cpu1,state=user} 1.0",
                "system.cpu.time{cpu=cpu1,state=system} 0.5",
                "system.cpu.time{cpu=cpu1,state=idle} 25.0",
                "system.cpu.time{cpu=cpu1,state=interrupt} 0.05",
                "system.cpu.time{cpu=cpu1,state=nice} 0.1",
                "system.cpu.time{cpu=cpu1,state=softirq} 0.03",
                "system.cpu.time{cpu=cpu1,state=steal} 0.0",
                "system.cpu.time{cpu=cpu1,state=wait} 0.2",
            ]
        );
    }

    #[test]
    fn utilization_is_the_share_of_the_time_since_the_last_scrape() {
        let fixture = Fixture::with(&[("proc/stat", STAT)]);
        let yaml = "metrics: {system.cpu.time: {enabled: false}, system.cpu.logical.count: {enabled: false}, \
                    system.cpu.utilization: {enabled: true, attributes: [cpu, state]}}";
        let mut scraper = CpuScraper::new(&config(yaml), fixture.host()).unwrap();
        assert_eq!(scrape(&mut scraper), Vec::<String>::new());
        fixture.write("proc/stat", STAT_LATER);
        let lines = scrape_at(&mut scraper, SCRAPE_TIME + 1_000_000_000);
        assert_eq!(
            lines[..8],
            [
                "system.cpu.utilization{cpu=cpu0,state=user} 0.5",
                "system.cpu.utilization{cpu=cpu0,state=system} 0.1",
                "system.cpu.utilization{cpu=cpu0,state=idle} 0.4",
                "system.cpu.utilization{cpu=cpu0,state=interrupt} 0.0",
                "system.cpu.utilization{cpu=cpu0,state=nice} 0.0",
                "system.cpu.utilization{cpu=cpu0,state=softirq} 0.0",
                "system.cpu.utilization{cpu=cpu0,state=steal} 0.0",
                "system.cpu.utilization{cpu=cpu0,state=wait} 0.0",
            ]
        );
        // No time passed for the other CPU.
        assert!(
            lines[8..].iter().all(|line| line.contains("cpu=cpu1") && line.ends_with(" 0.0")),
            "{lines:?}"
        );
    }

    const COUNTS: &str = "metrics: {system.cpu.time: {enabled: false}, system.cpu.physical.count: {enabled: true}, \
                          system.cpu.frequency: {enabled: true}}";

    #[test]
    fn cores_are_counted_by_their_siblings() {
        let fixture = Fixture::with(&[
            ("proc/cpuinfo", CPUINFO),
            ("sys/devices/system/cpu/cpu0/topology/core_cpus_list", "0-1\n"),
            ("sys/devices/system/cpu/cpu1/topology/core_cpus_list", "0-1\n"),
            ("sys/devices/system/cpu/cpufreq/topology/core_cpus_list", "7\n"),
        ]);
        let mut scraper = CpuScraper::new(&config(COUNTS), fixture.host()).unwrap();
        assert_eq!(
            scrape(&mut scraper),
            [
                "system.cpu.frequency{cpu=cpu0} 2400500000.0",
                "system.cpu.frequency{cpu=cpu1} 1200000000.0",
                "system.cpu.logical.count 2",
                "system.cpu.physical.count 1",
            ]
        );
    }

    #[test]
    fn without_siblings_the_cores_of_the_sockets_are_counted() {
        let fixture = Fixture::with(&[("proc/cpuinfo", CPUINFO)]);
        let mut scraper = CpuScraper::new(&config(COUNTS), fixture.host()).unwrap();
        assert_eq!(scrape(&mut scraper)[3], "system.cpu.physical.count 2");
    }
}
