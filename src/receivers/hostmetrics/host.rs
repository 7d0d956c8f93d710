//! The host that is measured: where its files are, and when it started.
//!
//! In a container the host's files are mounted somewhere, which `root_path` says. The environment variables
//! `HOST_PROC`, `HOST_SYS`, `HOST_ETC`, `HOST_DEV` and `HOST_PROC_MOUNTINFO` name single folders and have
//! precedence.

use std::path::{Path, PathBuf};
use std::{fs, io};

use parking_lot::Mutex;
use rustix::buffer::spare_capacity;

/// Where the files of the measured host are.
#[derive(Debug, Clone, Default)]
pub struct HostPaths {
    /// Where the host's root is mounted; `/` where this process runs on the host.
    pub root: PathBuf,
    /// The host's `/proc`.
    pub proc: PathBuf,
    /// The host's `/sys`.
    pub sys: PathBuf,
    /// The host's `/etc`.
    pub etc: PathBuf,
    /// The host's `/dev`.
    pub dev: PathBuf,
    /// A `mountinfo` file to read in place of `/proc/1/mountinfo`.
    pub mountinfo: Option<PathBuf>,
}

/// A measured host.
#[derive(Debug, Default)]
pub struct Host {
    /// Where its files are.
    pub paths: HostPaths,
    /// When it started, in nanoseconds since 1970, to the second.
    pub boot_time_unix_nano: u64,
    /// What one scraper of a turn has read for itself and another needs, too.
    pub process_states: ProcessStates,
}

/// The states of all processes, in the letters of proc_pid_stat(5), as one scraper met them in passing.
#[derive(Debug, Default)]
pub struct ProcessStates(Mutex<Option<(u64, Vec<char>)>>);

/// A file that cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The operating system says no.
    #[error("cannot read {}: {error}", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// What it holds is not what the kernel documents.
    #[error("{} does not hold {expected}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What was looked for.
        expected: &'static str,
    },
}

const NANOSECONDS_PER_SECOND: u64 = 1_000_000_000;

impl HostPaths {
    /// The paths under `root_path` (empty for none), as far as `variable` of the environment says nothing else.
    pub fn new(root_path: &str, variable: impl Fn(&str) -> Option<String>) -> Self {
        let root = if root_path.is_empty() { Path::new("/") } else { Path::new(root_path) };
        let set = |name: &str| variable(name).filter(|path| !path.is_empty()).map(PathBuf::from);
        let folder = |name: &str, default: &str| set(name).unwrap_or_else(|| root.join(default));
        Self {
            proc: folder("HOST_PROC", "proc"),
            sys: folder("HOST_SYS", "sys"),
            etc: folder("HOST_ETC", "etc"),
            dev: folder("HOST_DEV", "dev"),
            mountinfo: set("HOST_PROC_MOUNTINFO"),
            root: root.to_owned(),
        }
    }

    /// A file below the host's `/proc` as text.
    pub fn read_proc(&self, file: &str) -> Result<String, ReadError> {
        read_text(&self.proc.join(file))
    }

    /// The same of a file that [`read_whole_text`] may read.
    pub fn read_whole_proc(&self, file: &str) -> Result<String, ReadError> {
        read_whole_text(&self.proc.join(file))
    }

    /// The ids of the processes, or of other things numbered in a folder of the host's `/proc`.
    pub fn numbers_in_proc(&self, folder: &str) -> Result<Vec<u32>, ReadError> {
        let path = self.proc.join(folder);
        let entries = fs::read_dir(&path).map_err(|error| ReadError::Unreadable { path, error })?;
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        Ok(names.filter_map(|name| name.parse().ok()).collect())
    }
}

impl ReadError {
    /// True where the file, or the process it is about, is no longer there.
    pub fn is_gone(&self) -> bool {
        const NO_SUCH_PROCESS: i32 = 3;
        match self {
            Self::Unreadable { error, .. } => {
                error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(NO_SUCH_PROCESS)
            }
            Self::Malformed { .. } => false,
        }
    }
}

impl Host {
    /// The host with these paths; `now_unix_nano` is the time of day.
    pub fn new(paths: HostPaths, now_unix_nano: u64) -> Result<Self, ReadError> {
        let boot_time_unix_nano = boot_time(&paths, now_unix_nano)?;
        Ok(Self { paths, boot_time_unix_nano, process_states: ProcessStates::default() })
    }
}

impl ProcessStates {
    /// Keeps the states for the others of the turn that began at `turn_unix_nano`.
    pub fn leave(&self, turn_unix_nano: u64, states: Vec<char>) {
        *self.0.lock() = Some((turn_unix_nano, states));
    }

    /// Takes what was left in this turn.
    pub fn take(&self, turn_unix_nano: u64) -> Option<Vec<char>> {
        let (left_in, states) = self.0.lock().take()?;
        (left_in == turn_unix_nano).then_some(states)
    }
}

/// The text of a file; what is not UTF-8 is replaced.
pub fn read_text(path: &Path) -> Result<String, ReadError> {
    read_until(path, |_, _| false)
}

/// The text of a file that the kernel hands out all at once, as it does most of `/proc`: what does not fill the room
/// for it is all of it. That saves every second read of the many files that processes have.
pub fn read_whole_text(path: &Path) -> Result<String, ReadError> {
    read_until(path, |bytes_read, room| bytes_read < room)
}

/// The text of a file that the kernel hands out line by line, each of `longest_line` bytes at most and as many as
/// fit a page: where there is room for another one there is none.
pub fn read_lines(path: &Path, longest_line: usize) -> Result<String, ReadError> {
    read_until(path, |bytes_read, room| bytes_read + longest_line < room.min(PAGE_BYTES))
}

/// The least that a page of memory has; most files of `/proc` are no larger.
const PAGE_BYTES: usize = 4096;

/// The least room to read into.
const LEAST_ROOM: usize = 1024;

/// Reads until `is_end` says of a read, by how many bytes came and how many there was room for, that it was the last.
fn read_until(path: &Path, is_end: impl Fn(usize, usize) -> bool) -> Result<String, ReadError> {
    let unreadable = |error: io::Error| ReadError::Unreadable { path: path.to_owned(), error };
    let file = fs::File::open(path).map_err(unreadable)?;
    // Files of `/proc` say that they are empty, so that the room for them has to be guessed.
    let mut bytes = Vec::with_capacity(PAGE_BYTES);
    loop {
        bytes.reserve(LEAST_ROOM);
        let room = bytes.capacity() - bytes.len();
        match rustix::io::read(&file, spare_capacity(&mut bytes)) {
            Ok(bytes_read) if bytes_read == 0 || is_end(bytes_read, room) => break,
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(errno) => return Err(unreadable(errno.into())),
        }
    }
    Ok(String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

/// How many CPUs this process may run on; at least 1.
pub fn usable_cpus() -> u32 {
    rustix::thread::sched_getaffinity(None).map_or(1, |cpus| cpus.count().max(1))
}

/// When the host started. In a container that is when the container did, where its `/proc/uptime` says so.
fn boot_time(paths: &HostPaths, now_unix_nano: u64) -> Result<u64, ReadError> {
    if is_container(paths) {
        let uptime = uptime_seconds(paths)?;
        let now = now_unix_nano as f64 / NANOSECONDS_PER_SECOND as f64;
        return Ok((now - uptime).max(0.0) as u64 * NANOSECONDS_PER_SECOND);
    }
    let stat = paths.read_whole_proc("stat")?;
    let boot_time = stat.lines().find_map(|line| line.strip_prefix("btime ")?.trim().parse::<u64>().ok());
    let malformed = || ReadError::Malformed { path: paths.proc.join("stat"), expected: "a line `btime`" };
    Ok(boot_time.ok_or_else(malformed)? * NANOSECONDS_PER_SECOND)
}

/// How long the host has been running, in seconds.
pub fn uptime_seconds(paths: &HostPaths) -> Result<f64, ReadError> {
    let text = paths.read_whole_proc("uptime")?;
    let seconds = text.split_whitespace().next().and_then(|seconds| seconds.parse().ok());
    seconds.ok_or_else(|| ReadError::Malformed {
        path: paths.proc.join("uptime"),
        expected: "a number of seconds",
    })
}

/// Whether `/proc` is that of a container made by LXC or Docker.
fn is_container(paths: &HostPaths) -> bool {
    let holds = |file: &str, words: &[&str]| {
        paths.read_proc(file).is_ok_and(|text| words.iter().any(|word| text.contains(word)))
    };
    holds("self/cgroup", &["lxc", "docker"])
        || holds("1/environ", &["container=lxc"])
        || fs::exists(paths.root.join(".dockerenv")).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::receivers::hostmetrics::fixture::Fixture;

    #[test]
    fn folders_lie_under_the_root_unless_the_environment_names_them() {
        let paths = HostPaths::new("/hostfs", |name| (name == "HOST_SYS").then(|| "/other/sys".to_owned()));
        assert_eq!(paths.proc, Path::new("/hostfs/proc"));
        assert_eq!(paths.sys, Path::new("/other/sys"));
        let paths = HostPaths::new("", |_| None);
        assert_eq!((paths.proc, paths.root), (PathBuf::from("/proc"), PathBuf::from("/")));
    }

    #[test]
    fn the_start_of_the_host_is_in_stat() {
        let fixture = Fixture::with(&[("proc/stat", "cpu 1 2\nbtime 1700000000\nprocesses 5\n")]);
        assert_eq!(boot_time(&fixture.paths(), 0).unwrap(), 1_700_000_000_000_000_000);
    }

    #[test]
    fn a_container_started_when_its_uptime_began() {
        let cgroup = ("proc/self/cgroup", "1:name=systemd:/docker/0123\n");
        let fixture = Fixture::with(&[cgroup, ("proc/uptime", "100.25 50.00\n"), ("proc/stat", "btime 1\n")]);
        assert_eq!(
            boot_time(&fixture.paths(), 1_700_000_000_500_000_000).unwrap(),
            1_699_999_900_000_000_000
        );
    }

    #[test]
    fn a_file_without_the_start_is_an_error_that_names_it() {
        let fixture = Fixture::with(&[("proc/stat", "cpu 1 2\n")]);
        let error = boot_time(&fixture.paths(), 0).unwrap_err().to_string();
        assert_eq!(error, format!("{} does not hold a line `btime`", fixture.path("proc/stat").display()));
    }

    #[test]
    fn files_of_every_length_are_read_to_their_end() {
        let fixture = Fixture::with(&[]);
        for length in [0, 1, 3583, 3584, 4095, 4096, 4097, 8192, 100_000] {
            let text = "0123456".repeat(length).split_off(length * 6);
            fixture.write("file", &text);
            let path = fixture.path("file");
            assert_eq!(read_text(&path).unwrap(), text, "{length}");
            assert_eq!(read_whole_text(&path).unwrap(), text, "{length}");
            assert_eq!(read_lines(&path, 512).unwrap(), text, "{length}");
        }
    }
}
