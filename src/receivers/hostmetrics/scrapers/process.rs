//! Scraper `process`: CPU time, memory and input and output of each process, each a resource of its own.

mod config;
mod files;
mod resource_attributes;
#[cfg(test)]
mod tests;
mod users;

use std::collections::HashMap;
use std::sync::Arc;

pub use self::config::ProcessConfig;
use self::files::{ProcessFiles, ProcessStat};
use self::resource_attributes::{ResourceAttribute, ResourceWriter};
use self::users::Users;
use super::memory::total_memory_bytes;
use crate::receivers::hostmetrics::host::{Host, ReadError, usable_cpus};
use crate::receivers::hostmetrics::metric_recorder::MetricRecorder;
use crate::receivers::hostmetrics::metric_table::{MetricTable, metric_table};
use crate::receivers::hostmetrics::name_filter::NameFilter;
use crate::receivers::scraping::{Scrape, Scraper};

metric_table! {
    /// The metrics of the scraper `process`.
    pub enum ProcessMetric of "process" since "1.43.0" {
        ContextSwitches: off Counter "process.context_switches" ["{count}"] ("type")
            "Number of times the process has been context switched.";
        CpuTime: on Counter "process.cpu.time" ["s"] ("state")
            "Total CPU seconds broken down by different states.";
        CpuUtilization: off Gauge "process.cpu.utilization" ["1"] ("state")
            "Percentage of total CPU time used by the process since last scrape, expressed as a value between 0 \
             and 1. On the first scrape, no data point is emitted for this metric.";
        DiskIo: on Counter "process.disk.io" ["By"] ("direction") "Disk bytes transferred.";
        DiskOperations: off Counter "process.disk.operations" ["{operations}"] ("direction")
            "Number of disk operations performed by the process.";
        Handles: off UpDownCounter "process.handles" ["{count}"] ()
            "Number of open handles held by the process.";
        MemoryUsage: on UpDownCounter "process.memory.usage" ["By"] ()
            "The amount of physical memory in use.";
        MemoryUtilization: off Gauge "process.memory.utilization" ["1"] ()
            "Percentage of total physical memory that is used by the process.";
        MemoryVirtual: on UpDownCounter "process.memory.virtual" ["By"] ()
            "The amount of committed virtual memory.";
        OpenFileDescriptors: off UpDownCounter "process.open_file_descriptors" ["{count}"] ()
            "Number of file descriptors in use by the process.";
        PagingFaults: off Counter "process.paging.faults" ["{faults}"] ("type")
            "Number of page faults the process has made.";
        SignalsPending: off UpDownCounter "process.signals_pending" ["{signals}"] ()
            "Number of pending signals for the process.";
        Threads: off UpDownCounter "process.threads" ["{threads}"] () "Process threads count.";
        Uptime: off Gauge "process.uptime" ["s"] () "The time the process has been running.";
    }
}

/// Reads the folder of each process in `/proc`.
pub struct ProcessScraper {
    host: Arc<Host>,
    config: ProcessConfig,
    filter: NameFilter,
    resource: ResourceWriter,
    metrics: MetricRecorder<ProcessMetric>,
    cpus: f64,
    /// What each process had used in the last turn. A number is given anew, so the start time belongs to it.
    previous: HashMap<(u32, u64), CpuSeconds>,
    /// The same in this turn.
    current: HashMap<(u32, u64), CpuSeconds>,
    previous_time_unix_nano: u64,
}

/// The CPU time of a process, in seconds by state.
type CpuSeconds = [(&'static str, f64); 3];

/// What one turn reads once for all processes.
struct Turn {
    users: Users,
    memory_bytes: u64,
    seconds_since_last: f64,
}

impl ProcessScraper {
    pub fn new(config: &ProcessConfig, host: Arc<Host>) -> Result<Self, String> {
        let metrics = MetricRecorder::new(&config.metrics);
        if metrics.is_on(ProcessMetric::Handles) {
            tracing::warn!("process.handles is of Windows only and is not reported");
        }
        Ok(Self {
            filter: NameFilter::new(&config.include, &config.exclude)?,
            resource: ResourceWriter::new(&config.resource_attributes)?,
            metrics,
            cpus: f64::from(usable_cpus()),
            previous: HashMap::new(),
            current: HashMap::new(),
            previous_time_unix_nano: 0,
            config: config.clone(),
            host,
        })
    }
}

impl Scraper for ProcessScraper {
    fn name(&self) -> &'static str {
        ProcessMetric::SCRAPER
    }

    fn scrape(&mut self, scrape: &mut Scrape) {
        let mut pids = match self.host.paths.numbers_in_proc("") {
            Ok(pids) => pids,
            Err(error) => return scrape.fail(ProcessMetric::METRICS.len(), error.to_string()),
        };
        pids.sort_unstable();
        let turn = self.begin_turn(scrape.time_unix_nano);
        let mut states = Vec::with_capacity(pids.len());
        for pid in pids {
            let files = ProcessFiles::new(&self.host.paths, pid);
            let stat = files.stat();
            states.extend(stat.as_ref().map(|stat| stat.state));
            self.scrape_process(pid, &files, stat, &turn, scrape);
        }
        self.host.process_states.leave(scrape.time_unix_nano, states);
        self.previous = std::mem::take(&mut self.current);
        self.previous_time_unix_nano = scrape.time_unix_nano;
        if self.config.mute_process_all_errors {
            scrape.forget_failures();
        }
    }
}

impl ProcessScraper {
    fn begin_turn(&self, time_unix_nano: u64) -> Turn {
        let is_owner_on = self.resource.is_on(ResourceAttribute::Owner);
        let is_share_on = self.metrics.is_on(ProcessMetric::MemoryUtilization);
        Turn {
            users: if is_owner_on { Users::read(&self.host.paths) } else { Users::default() },
            memory_bytes: if is_share_on { total_memory_bytes(&self.host.paths) } else { 0 },
            seconds_since_last: time_unix_nano.saturating_sub(self.previous_time_unix_nano) as f64 / 1e9,
        }
    }

    fn scrape_process(
        &mut self,
        pid: u32,
        files: &ProcessFiles,
        stat: Result<ProcessStat, ReadError>,
        turn: &Turn,
        scrape: &mut Scrape,
    ) {
        let stat = match stat {
            Ok(stat) => stat,
            // It has ended since it was listed.
            Err(error) if error.is_gone() => return,
            Err(error) if self.config.mute_process_name_error => return drop(error),
            Err(error) => {
                return scrape.fail(1, format!("error reading process name for pid {pid}: {error}"));
            }
        };
        let arguments = self.arguments(files, &stat);
        let name = stat.full_name(arguments.first().map_or("", String::as_str)).to_owned();
        let start_unix_nano = stat.start_time_unix_nano(self.host.boot_time_unix_nano);
        let age_nanoseconds = scrape.time_unix_nano.saturating_sub(start_unix_nano);
        let is_old_enough =
            u128::from(age_nanoseconds) >= self.config.scrape_process_delay.to_std().as_nanos();
        if !self.filter.takes(&name) || !is_old_enough {
            return;
        }
        let mut problems = Problems { name: &name, pid, scrape };
        self.begin_resource(files, &stat, &name, &arguments, turn, &mut problems);
        self.metrics.begin(start_unix_nano, problems.scrape.time_unix_nano);
        self.record_times(pid, &stat, turn);
        self.metrics.record_double(ProcessMetric::Uptime, age_nanoseconds as f64 / 1e9, &[]);
        self.record_files(files, &stat, turn, &mut problems);
        if self.resource.is_wanted() {
            self.metrics.write(self.resource.encoded(), &mut problems.scrape.body);
        } else {
            self.metrics.clear();
        }
    }

    /// The command line, where it is needed: as a resource attribute, or for a name that the kernel cut off.
    fn arguments(&self, files: &ProcessFiles, stat: &ProcessStat) -> Vec<String> {
        let is_asked_for = self.resource.is_on(ResourceAttribute::Command)
            || self.resource.is_on(ResourceAttribute::CommandLine)
            || stat.is_name_cut_off();
        // A thread of the kernel has none.
        if is_asked_for && !stat.is_kernel_thread {
            files.arguments().unwrap_or_default()
        } else {
            Vec::new()
        }
    }

    fn begin_resource(
        &mut self,
        files: &ProcessFiles,
        stat: &ProcessStat,
        name: &str,
        arguments: &[String],
        turn: &Turn,
        problems: &mut Problems<'_, '_>,
    ) {
        let resource = &mut self.resource;
        resource.begin();
        resource.put_number(ResourceAttribute::Pid, problems.pid);
        resource.put_number(ResourceAttribute::ParentPid, stat.parent_pid);
        resource.put_text(ResourceAttribute::ExecutableName, name);
        resource.put_text(ResourceAttribute::Command, arguments.first().map_or("", String::as_str));
        resource.put_text(ResourceAttribute::CommandLine, &arguments.join(" "));
        if resource.is_on(ResourceAttribute::ExecutablePath) {
            let path = if stat.is_kernel_thread { Ok(String::new()) } else { files.executable() };
            let is_muted = self.config.mute_process_exe_error;
            let path = problems.note(1, is_muted, "executable", path).unwrap_or_default();
            resource.put_text(ResourceAttribute::ExecutablePath, &path);
        }
        if resource.is_on(ResourceAttribute::Cgroup) || resource.is_on(ResourceAttribute::LinuxCgroup) {
            let is_muted = self.config.mute_process_cgroup_error;
            let cgroup = problems.note(0, is_muted, "cgroup", files.cgroup()).unwrap_or_default();
            resource.put_text(ResourceAttribute::Cgroup, &cgroup);
            resource.put_text(ResourceAttribute::LinuxCgroup, &cgroup);
        }
        if resource.is_on(ResourceAttribute::Owner) {
            let owner = files.status().and_then(|status| turn.users.name_of(status.user_id));
            let is_muted = self.config.mute_process_user_error;
            if let Some(owner) = problems.note(0, is_muted, "username", owner) {
                resource.put_text(ResourceAttribute::Owner, owner);
            }
        }
    }

    fn record_times(&mut self, pid: u32, stat: &ProcessStat, turn: &Turn) {
        let times = stat.cpu_seconds();
        for (state, seconds) in times {
            self.metrics.record_double(ProcessMetric::CpuTime, seconds, &[state]);
        }
        let faults = [("major", stat.major_faults), ("minor", stat.minor_faults)];
        self.metrics.record_counts(ProcessMetric::PagingFaults, &faults);
        self.metrics.record_count(ProcessMetric::Threads, stat.threads, &[]);
        if !self.metrics.is_on(ProcessMetric::CpuUtilization) {
            return;
        }
        let process = (pid, stat.start_ticks);
        if let Some(previous) = self.previous.get(&process).filter(|_| turn.seconds_since_last > 0.0) {
            for ((state, seconds), (_, before)) in times.iter().zip(previous) {
                let share = (seconds - before) / turn.seconds_since_last / self.cpus;
                self.metrics.record_double(ProcessMetric::CpuUtilization, share, &[state]);
            }
        }
        self.current.insert(process, times);
    }

    /// Records what stands in files of its own.
    fn record_files(
        &mut self,
        files: &ProcessFiles,
        stat: &ProcessStat,
        turn: &Turn,
        problems: &mut Problems<'_, '_>,
    ) {
        use ProcessMetric as Metric;
        let metrics = &mut self.metrics;
        if metrics.is_any_on(&[Metric::MemoryUsage, Metric::MemoryVirtual, Metric::MemoryUtilization])
            && let Some(memory) = problems.note(2, false, "memory info", files.status())
        {
            metrics.record_count(Metric::MemoryUsage, memory.resident_bytes, &[]);
            metrics.record_count(Metric::MemoryVirtual, memory.virtual_bytes, &[]);
            if turn.memory_bytes > 0 {
                let percent = 100.0 * memory.resident_bytes as f64 / turn.memory_bytes as f64;
                metrics.record_double(Metric::MemoryUtilization, percent, &[]);
            }
        }
        if metrics.is_any_on(&[Metric::DiskIo, Metric::DiskOperations])
            && let Some(io) = problems.note(1, self.config.mute_process_io_error, "disk usage", files.io())
        {
            metrics.record_counts(Metric::DiskIo, &[("read", io.bytes_read), ("write", io.bytes_written)]);
            metrics.record_counts(Metric::DiskOperations, &[("read", io.reads), ("write", io.writes)]);
        }
        if metrics.is_on(Metric::ContextSwitches)
            && let Some(switches) =
                problems.note(1, false, "context switch counts", files.context_switches(stat.threads))
        {
            metrics.record_counts(
                Metric::ContextSwitches,
                &[("involuntary", switches.involuntary), ("voluntary", switches.voluntary)],
            );
        }
        if metrics.is_on(Metric::OpenFileDescriptors)
            && let Some(count) = problems.note(1, false, "open file descriptor count", files.open_files())
        {
            metrics.record_count(Metric::OpenFileDescriptors, count, &[]);
        }
        if metrics.is_on(Metric::SignalsPending)
            && let Some(status) = problems.note(1, false, "pending signals", files.status())
        {
            metrics.record_count(Metric::SignalsPending, status.pending_signals, &[]);
        }
    }
}

/// Where it is noted what of a process cannot be read.
struct Problems<'a, 'scrape> {
    name: &'a str,
    pid: u32,
    scrape: &'scrape mut Scrape,
}

impl Problems<'_, '_> {
    /// The value, or none after noting why there is none. That a process has ended is no failure.
    fn note<T>(
        &mut self,
        metrics: usize,
        is_muted: bool,
        what: &str,
        result: Result<T, ReadError>,
    ) -> Option<T> {
        match result {
            Ok(value) => return Some(value),
            Err(error) if is_muted || error.is_gone() => {}
            Err(error) => {
                let Self { name, pid, .. } = self;
                let problem = format!("error reading {what} for process {name:?} (pid {pid}): {error}");
                self.scrape.fail(metrics, problem);
            }
        }
        None
    }
}
