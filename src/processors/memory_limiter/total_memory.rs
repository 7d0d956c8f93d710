//! How much memory there is for this process: the quota of its control group (versions 1 and 2), else
//! what the machine has.

use std::fs;
use std::path::{Path, PathBuf};

/// The memory in bytes, or none where the system does not tell. `root` is `/` but for tests.
pub(super) fn total_memory(root: &Path) -> Option<u64> {
    [machine_memory(root), quota(root)].into_iter().flatten().min()
}

/// `MemTotal` of `/proc/meminfo`, which is in KiB.
fn machine_memory(root: &Path) -> Option<u64> {
    let meminfo = fs::read_to_string(root.join("proc/meminfo")).ok()?;
    let value = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = value.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

/// The least quota of the process's control group and the groups around it.
fn quota(root: &Path) -> Option<u64> {
    let groups = fs::read_to_string(root.join("proc/self/cgroup")).ok()?;
    groups.lines().filter_map(|line| quota_of(root, line)).min()
}

/// The quota of one line of `/proc/self/cgroup`: `hierarchy:controllers:path`. Version 2 is hierarchy 0
/// and lists no controllers.
fn quota_of(root: &Path, line: &str) -> Option<u64> {
    let (hierarchy, rest) = line.split_once(':')?;
    let (controllers, group) = rest.split_once(':')?;
    let (mount, file) = if hierarchy == "0" && controllers.is_empty() {
        ("sys/fs/cgroup", "memory.max")
    } else if controllers.split(',').any(|controller| controller == "memory") {
        ("sys/fs/cgroup/memory", "memory.limit_in_bytes")
    } else {
        return None;
    };
    let mount = root.join(mount);
    // Inside a container the path may be the host's and lead nowhere; then the mount itself is the group.
    let group: PathBuf = mount.join(group.trim_start_matches('/'));
    let groups = group.ancestors().take_while(|directory| directory.starts_with(&mount));
    groups.filter_map(|directory| read_quota(&directory.join(file))).min()
}

/// The number in a quota file; none for `max`.
fn read_quota(file: &Path) -> Option<u64> {
    fs::read_to_string(file).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn total_with(files: &[(&str, &str)]) -> Option<u64> {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        total_memory(root.path())
    }

    const MEMINFO: (&str, &str) = ("proc/meminfo", "MemTotal:        1000 kB\nMemFree:   10 kB\n");

    #[test]
    fn without_a_quota_it_is_the_machines() {
        assert_eq!(total_with(&[MEMINFO]), Some(1_024_000));
        assert_eq!(
            total_with(&[MEMINFO, ("proc/self/cgroup", "0::/\n"), ("sys/fs/cgroup/memory.max", "max\n")]),
            Some(1_024_000)
        );
        assert_eq!(total_with(&[]), None);
    }

    #[test]
    fn the_least_quota_on_the_way_up_counts_in_version_2() {
        assert_eq!(
            total_with(&[
                MEMINFO,
                ("proc/self/cgroup", "0::/system.slice/weir.service\n"),
                ("sys/fs/cgroup/system.slice/weir.service/memory.max", "max\n"),
                ("sys/fs/cgroup/system.slice/memory.max", "500000\n"),
                ("sys/fs/cgroup/memory.max", "600000\n"),
            ]),
            Some(500_000)
        );
    }

    #[test]
    fn version_1_is_read_even_where_the_path_is_the_hosts() {
        assert_eq!(
            total_with(&[
                MEMINFO,
                ("proc/self/cgroup", "12:cpu,cpuacct:/docker/1\n9:memory:/docker/1\n0::/docker/1\n"),
                ("sys/fs/cgroup/memory/memory.limit_in_bytes", "300000\n"),
            ]),
            Some(300_000)
        );
    }

    #[test]
    fn a_quota_above_what_there_is_does_not_count() {
        let unlimited = ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
        let groups = ("proc/self/cgroup", "9:memory:/\n");
        assert_eq!(total_with(&[MEMINFO, groups, unlimited]), Some(1_024_000));
    }
}
