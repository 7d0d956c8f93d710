//! The files of one process, as proc(5) describes them.

use std::cell::OnceCell;
use std::fs;
use std::path::PathBuf;

use super::CpuSeconds;
use crate::receivers::hostmetrics::host::{HostPaths, ReadError, read_whole_text};

/// The folder of a process.
#[derive(Debug)]
pub(super) struct ProcessFiles {
    folder: PathBuf,
    /// What was read of `status`, which several ask for and is the slowest of all to read.
    status: OnceCell<ProcessStatus>,
}

/// What is read of `stat`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ProcessStat {
    /// The name, cut off after 15 bytes.
    name: String,
    pub state: char,
    pub parent_pid: u32,
    pub is_kernel_thread: bool,
    pub minor_faults: u64,
    pub major_faults: u64,
    user_ticks: u64,
    system_ticks: u64,
    waiting_ticks: u64,
    pub threads: u64,
    /// When it began, in ticks since the host did.
    pub start_ticks: u64,
}

/// What is read of `status`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ProcessStatus {
    /// The real user.
    pub user_id: u32,
    /// How many signals wait for the whole process.
    pub pending_signals: u64,
    pub switches: ContextSwitches,
    /// Memory; nothing for threads of the kernel, and for processes that ended and whose parent did not ask how.
    pub virtual_bytes: u64,
    pub resident_bytes: u64,
}

/// How often threads gave up the CPU, or were taken it away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct ContextSwitches {
    pub voluntary: u64,
    pub involuntary: u64,
}

/// What is read of `io`: what passed through system calls, whether to a disk or not.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ProcessIo {
    pub bytes_read: u64,
    pub bytes_written: u64,
    pub reads: u64,
    pub writes: u64,
}

/// The kernel keeps so many bytes of a name.
const KEPT_NAME_BYTES: usize = 15;

/// The flag of a thread of the kernel: `PF_KTHREAD` of its `sched.h`.
const KERNEL_THREAD: u64 = 0x0020_0000;

impl ProcessFiles {
    pub fn new(paths: &HostPaths, pid: u32) -> Self {
        Self { folder: paths.proc.join(pid.to_string()), status: OnceCell::new() }
    }

    pub fn stat(&self) -> Result<ProcessStat, ReadError> {
        let text = self.read("stat")?;
        ProcessStat::parse(&text).ok_or_else(|| self.malformed("stat"))
    }

    pub fn status(&self) -> Result<&ProcessStatus, ReadError> {
        if let Some(status) = self.status.get() {
            return Ok(status);
        }
        let status = ProcessStatus::parse(&self.read("status")?);
        Ok(self.status.get_or_init(|| status))
    }

    pub fn io(&self) -> Result<ProcessIo, ReadError> {
        let mut io = ProcessIo::default();
        for (key, number) in self.read("io")?.lines().filter_map(|line| line.split_once(": ")) {
            let Ok(number) = number.trim().parse() else { continue };
            match key {
                "rchar" => io.bytes_read = number,
                "wchar" => io.bytes_written = number,
                "syscr" => io.reads = number,
                "syscw" => io.writes = number,
                _ => {}
            }
        }
        Ok(io)
    }

    /// The command line; empty for threads of the kernel.
    pub fn arguments(&self) -> Result<Vec<String>, ReadError> {
        let text = self.read("cmdline")?;
        let text = text.trim_end_matches('\0');
        Ok(if text.is_empty() { Vec::new() } else { text.split('\0').map(str::to_owned).collect() })
    }

    /// The path of the program; empty for threads of the kernel, which have none.
    pub fn executable(&self) -> Result<String, ReadError> {
        let path = self.folder.join("exe");
        match fs::read_link(&path) {
            Ok(target) => Ok(target.to_string_lossy().into_owned()),
            Err(error) => Err(ReadError::Unreadable { path, error }),
        }
    }

    pub fn cgroup(&self) -> Result<String, ReadError> {
        let text = self.read("cgroup")?;
        Ok(text.strip_suffix('\n').unwrap_or(&text).to_owned())
    }

    pub fn open_files(&self) -> Result<u64, ReadError> {
        let path = self.folder.join("fd");
        let entries = fs::read_dir(&path).map_err(|error| ReadError::Unreadable { path, error })?;
        Ok(entries.count() as u64)
    }

    /// The context switches of all threads, of which there are `threads`.
    pub fn context_switches(&self, threads: u64) -> Result<ContextSwitches, ReadError> {
        if threads == 1 {
            return self.status().map(|status| status.switches);
        }
        let path = self.folder.join("task");
        let tasks = fs::read_dir(&path).map_err(|error| ReadError::Unreadable { path, error })?;
        let mut sum = ContextSwitches::default();
        for task in tasks.filter_map(Result::ok) {
            // A thread may have ended meanwhile.
            let Ok(text) = read_whole_text(&task.path().join("status")) else { continue };
            let switches = ProcessStatus::parse(&text).switches;
            sum.voluntary += switches.voluntary;
            sum.involuntary += switches.involuntary;
        }
        Ok(sum)
    }

    fn read(&self, file: &str) -> Result<String, ReadError> {
        read_whole_text(&self.folder.join(file))
    }

    fn malformed(&self, file: &str) -> ReadError {
        ReadError::Malformed { path: self.folder.join(file), expected: "the fields of proc(5)" }
    }
}

impl ProcessStat {
    fn parse(text: &str) -> Option<Self> {
        // The name may hold any character, a bracket too.
        let (before, fields) = text.rsplit_once(") ")?;
        let (_pid, name) = before.split_once('(')?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        // Fields are numbered from 1, and the first behind the name is the third.
        let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
        Some(Self {
            name: name.to_owned(),
            state: fields.first()?.chars().next()?,
            is_kernel_thread: field(9)? & KERNEL_THREAD != 0,
            parent_pid: u32::try_from(field(4)?).ok()?,
            minor_faults: field(10)?,
            major_faults: field(12)?,
            user_ticks: field(14)?,
            system_ticks: field(15)?,
            threads: field(20)?,
            start_ticks: field(22)?,
            // Delays of block devices are not told everywhere.
            waiting_ticks: field(42).unwrap_or(0),
        })
    }

    pub const fn is_name_cut_off(&self) -> bool {
        self.name.len() >= KEPT_NAME_BYTES
    }

    /// The name; where the kernel cut it off, that of the program `command`, if it goes on like it.
    pub fn full_name<'a>(&'a self, command: &'a str) -> &'a str {
        let file_name = command.rsplit('/').next().unwrap_or(command);
        if self.is_name_cut_off() && file_name.starts_with(&self.name) { file_name } else { &self.name }
    }

    pub fn cpu_seconds(&self) -> CpuSeconds {
        let ticks_per_second = rustix::param::clock_ticks_per_second() as f64;
        [("user", self.user_ticks), ("system", self.system_ticks), ("wait", self.waiting_ticks)]
            .map(|(state, ticks)| (state, ticks as f64 / ticks_per_second))
    }

    /// When it began, to the millisecond.
    pub fn start_time_unix_nano(&self, boot_time_unix_nano: u64) -> u64 {
        let milliseconds = self.start_ticks.saturating_mul(1000) / rustix::param::clock_ticks_per_second();
        boot_time_unix_nano.saturating_add(milliseconds.saturating_mul(1_000_000))
    }
}

impl ProcessStatus {
    fn parse(text: &str) -> Self {
        let mut status = Self::default();
        for (key, value) in text.lines().filter_map(|line| line.split_once(':')) {
            let value = value.trim();
            let number = || value.split_whitespace().next().and_then(|number| number.parse::<u64>().ok());
            let kilobytes = || Some(number()?.saturating_mul(1024));
            match key {
                "VmSize" => status.virtual_bytes = kilobytes().unwrap_or(0),
                "VmRSS" => status.resident_bytes = kilobytes().unwrap_or(0),
                "Uid" => status.user_id = number().and_then(|id| u32::try_from(id).ok()).unwrap_or(0),
                // One bit for each signal.
                "ShdPnd" => {
                    let mask = u64::from_str_radix(value, 16).unwrap_or(0);
                    status.pending_signals = u64::from(mask.count_ones());
                }
                "voluntary_ctxt_switches" => status.switches.voluntary = number().unwrap_or(0),
                "nonvoluntary_ctxt_switches" => status.switches.involuntary = number().unwrap_or(0),
                _ => {}
            }
        }
        status
    }
}
