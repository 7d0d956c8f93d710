//! Scraper `filesystem`: how full the mounted filesystems are.

mod mounts;

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::mounts::{Mount, read_mounts};
use crate::config_section;
use crate::receivers::hostmetrics::host::{Host, HostPaths};
use crate::receivers::hostmetrics::metric_recorder::MetricRecorder;
use crate::receivers::hostmetrics::metric_selection::MetricSelection;
use crate::receivers::hostmetrics::metric_table::{MetricTable, metric_table};
use crate::receivers::hostmetrics::name_filter::{
    DeviceMatchConfig, FsTypeMatchConfig, MountPointMatchConfig, NameFilter,
};
use crate::receivers::scraping::{Scrape, Scraper};

metric_table! {
    /// The metrics of the scraper `filesystem`.
    pub enum FilesystemMetric of "filesystem" since "1.9.0" {
        InodesUsage: on UpDownCounter "system.filesystem.inodes.usage" ["{inodes}"]
            ("device", "mode", "mountpoint", "type", "state") "FileSystem inodes used.";
        Usage: on UpDownCounter "system.filesystem.usage" ["By"]
            ("device", "mode", "mountpoint", "type", "state") "Filesystem bytes used.";
        Utilization: off Gauge "system.filesystem.utilization" ["1"]
            ("device", "mode", "mountpoint", "type") "Fraction of filesystem bytes used.";
    }
}

config_section! {
    /// How full filesystems are.
    pub struct FilesystemConfig {
        /// Which metrics are reported.
        pub metrics: MetricSelection<FilesystemMetric> = MetricSelection::default(),
        /// Whether filesystems without a device, such as tmpfs, and bind mounts are reported too.
        pub include_virtual_filesystems: bool = false,
        /// The devices to report; all where none is written.
        pub include_devices: DeviceMatchConfig = DeviceMatchConfig::default(),
        /// The devices not to report.
        pub exclude_devices: DeviceMatchConfig = DeviceMatchConfig::default(),
        /// The types of filesystem to report; all where none is written.
        pub include_fs_types: FsTypeMatchConfig = FsTypeMatchConfig::default(),
        /// The types of filesystem not to report.
        pub exclude_fs_types: FsTypeMatchConfig = FsTypeMatchConfig::default(),
        /// The mount points to report, from the host's point of view; all where none is written.
        pub include_mount_points: MountPointMatchConfig = MountPointMatchConfig::default(),
        /// The mount points not to report, from the host's point of view.
        pub exclude_mount_points: MountPointMatchConfig = MountPointMatchConfig::default(),
    }
}

/// Reads `/proc/1/mountinfo` and asks each filesystem.
pub struct FilesystemScraper {
    host: Arc<Host>,
    with_virtual: bool,
    devices: NameFilter,
    types: NameFilter,
    mount_points: NameFilter,
    metrics: MetricRecorder<FilesystemMetric>,
}

impl FilesystemScraper {
    pub fn new(config: &FilesystemConfig, host: Arc<Host>) -> Result<Self, String> {
        if host.paths.root == Path::new("/") && is_in_container() {
            tracing::warn!(
                "No root_path is set though this runs in a container: the filesystems reported are the container's"
            );
        }
        Ok(Self {
            host,
            with_virtual: config.include_virtual_filesystems,
            devices: NameFilter::new(&config.include_devices, &config.exclude_devices)?,
            types: NameFilter::new(&config.include_fs_types, &config.exclude_fs_types)?,
            mount_points: NameFilter::new(&config.include_mount_points, &config.exclude_mount_points)?,
            metrics: MetricRecorder::new(&config.metrics),
        })
    }
}

impl Scraper for FilesystemScraper {
    fn name(&self) -> &'static str {
        FilesystemMetric::SCRAPER
    }

    fn scrape(&mut self, scrape: &mut Scrape) {
        let mounts = match read_mounts(&self.host.paths, self.with_virtual) {
            Ok(mounts) => mounts,
            Err(error) => return scrape.fail(FilesystemMetric::METRICS.len(), error.to_string()),
        };
        self.metrics.begin(self.host.boot_time_unix_nano, scrape.time_unix_nano);
        let mut seen = HashSet::new();
        for mount in &mounts {
            if !seen.insert((&mount.mount_point, &mount.device)) || !self.takes(mount) {
                continue;
            }
            let path = path_here(&self.host.paths, &mount.mount_point);
            match rustix::fs::statfs(&path) {
                Ok(stat) => self.record(mount, &Usage::of(&stat)),
                Err(error) => scrape.fail(0, format!("failed to read usage at {}: {error}", path.display())),
            }
        }
        self.metrics.write(&[], &mut scrape.body);
    }
}

impl FilesystemScraper {
    fn takes(&self, mount: &Mount) -> bool {
        self.devices.takes(&mount.device)
            && self.types.takes(&mount.fs_type)
            && self.mount_points.takes(&mount.mount_point)
    }

    fn record(&mut self, mount: &Mount, usage: &Usage) {
        let attributes = |state| [&*mount.device, mount.mode, &*mount.mount_point, &*mount.fs_type, state];
        for (state, bytes) in [("used", usage.used), ("free", usage.free), ("reserved", usage.reserved)] {
            self.metrics.record_count(FilesystemMetric::Usage, bytes, &attributes(state));
        }
        for (state, inodes) in [("used", usage.inodes_used), ("free", usage.inodes_free)] {
            self.metrics.record_count(FilesystemMetric::InodesUsage, inodes, &attributes(state));
        }
        self.metrics.record_double(FilesystemMetric::Utilization, usage.utilization(), &attributes(""));
    }
}

/// How full a filesystem is, in bytes and inodes.
#[derive(Debug, PartialEq, Eq)]
struct Usage {
    used: u64,
    /// What an ordinary user can still write.
    free: u64,
    /// What only the system may still write.
    reserved: u64,
    inodes_used: u64,
    inodes_free: u64,
}

impl Usage {
    fn of(stat: &rustix::fs::StatFs) -> Self {
        let block_size = u64::try_from(stat.f_bsize).unwrap_or(0);
        let bytes = |blocks: u64| blocks.saturating_mul(block_size);
        let used = stat.f_blocks.saturating_sub(stat.f_bfree);
        Self {
            used: bytes(used),
            free: bytes(stat.f_bavail),
            reserved: bytes(stat.f_blocks.saturating_sub(used).saturating_sub(stat.f_bavail)),
            inodes_used: stat.f_files.saturating_sub(stat.f_ffree),
            inodes_free: stat.f_ffree,
        }
    }

    /// The share of what ordinary users have, as `df` shows it; 0 for a filesystem without size.
    fn utilization(&self) -> f64 {
        match self.used.saturating_add(self.free) {
            0 => 0.0,
            total => self.used as f64 / total as f64,
        }
    }
}

/// Where a mount point of the host is for this process. Where its mounts were read as this process sees
/// them, they begin with the root already.
fn path_here(paths: &HostPaths, mount_point: &str) -> PathBuf {
    let mount_point = Path::new(mount_point);
    if mount_point.starts_with(&paths.root) {
        return mount_point.to_owned();
    }
    paths.root.join(mount_point.strip_prefix("/").unwrap_or(mount_point))
}

fn is_in_container() -> bool {
    let is_there = |file: &str| fs::exists(file).unwrap_or(false);
    std::process::id() == 1 || is_there("/.dockerenv") || is_there("/run/.containerenv")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::receivers::hostmetrics::fixture::{
        Fixture, SCRAPE_TIME, config, scrape, scrape_with_failures,
    };

    const MOUNTINFO: &str = "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n\
                             28 27 8:1 / /data rw - xfs /dev/sdb1 ro\n\
                             29 27 0:5 / /shm rw - tmpfs tmpfs rw\n";
    const FILESYSTEMS: &str = "nodev\ttmpfs\n\text4\n\txfs\n";

    fn fixture() -> Fixture {
        let fixture = Fixture::with(&[("proc/1/mountinfo", MOUNTINFO), ("proc/filesystems", FILESYSTEMS)]);
        fixture.write("data/file", "");
        fixture
    }

    #[test]
    fn each_mounted_filesystem_is_reported() {
        let fixture = fixture();
        let mut scraper = FilesystemScraper::new(&config("{}"), fixture.host()).unwrap();
        let lines = scrape(&mut scraper);
        let names: Vec<&str> = lines.iter().map(|line| line.split_once(' ').unwrap().0).collect();
        let root = "{device=/dev/vda,mode=rw,mountpoint=/,type=ext4,state=";
        let data = "{device=/dev/sdb1,mode=ro,mountpoint=/data,type=xfs,state=";
        assert_eq!(
            names,
            [
                format!("system.filesystem.inodes.usage{root}used}}"),
                format!("system.filesystem.inodes.usage{root}free}}"),
                format!("system.filesystem.inodes.usage{data}used}}"),
                format!("system.filesystem.inodes.usage{data}free}}"),
                format!("system.filesystem.usage{root}used}}"),
                format!("system.filesystem.usage{root}free}}"),
                format!("system.filesystem.usage{root}reserved}}"),
                format!("system.filesystem.usage{data}used}}"),
                format!("system.filesystem.usage{data}free}}"),
                format!("system.filesystem.usage{data}reserved}}"),
            ]
        );
    }

    #[test]
    fn a_mount_point_that_is_gone_fails_alone() {
        let fixture = fixture();
        fs::remove_dir_all(fixture.path("data")).unwrap();
        let mut scraper = FilesystemScraper::new(&config("{}"), fixture.host()).unwrap();
        let (lines, failures) = scrape_with_failures(&mut scraper, SCRAPE_TIME);
        let path = fixture.path("data");
        let failure =
            format!("failed to read usage at {}: No such file or directory (os error 2)", path.display());
        assert_eq!((lines.len(), failures), (5, vec![failure]));
    }

    #[test]
    fn filters_choose_by_device_type_and_mount_point() {
        let fixture = fixture();
        for (yaml, mount_points) in [
            ("include_devices: {devices: [^/dev/sd], match_type: regexp}", &["/data"][..]),
            ("exclude_fs_types: {fs_types: [xfs], match_type: strict}", &["/"]),
            ("include_mount_points: {mount_points: [/data, /shm], match_type: strict}", &["/data"]),
            (
                "{include_virtual_filesystems: true, exclude_mount_points: {mount_points: [/shm], match_type: \
                 strict}}",
                &["/", "/data"],
            ),
        ] {
            let mut scraper = FilesystemScraper::new(&config(yaml), fixture.host()).unwrap();
            let lines = scrape(&mut scraper);
            let free = lines
                .iter()
                .filter(|line| line.starts_with("system.filesystem.usage") && line.contains("=free"));
            let found: Vec<&str> = free
                .map(|line| line.split("mountpoint=").nth(1).unwrap().split(',').next().unwrap())
                .collect();
            assert_eq!(found, mount_points, "{yaml}");
        }
    }

    #[test]
    fn a_filesystem_is_used_free_and_reserved() {
        let mut stat = rustix::fs::statfs("/").unwrap();
        stat.f_bsize = 4096;
        (stat.f_blocks, stat.f_bfree, stat.f_bavail, stat.f_files, stat.f_ffree) = (1000, 400, 350, 50, 20);
        let usage = Usage::of(&stat);
        let expected =
            Usage { used: 2_457_600, free: 1_433_600, reserved: 204_800, inodes_used: 30, inodes_free: 20 };
        assert_eq!(usage, expected);
        assert_eq!(usage.utilization(), 600.0 / 950.0);
    }

    #[test]
    fn a_mount_point_lies_below_the_root_unless_it_says_so_itself() {
        let paths = HostPaths::new("/hostfs", |_| None);
        assert_eq!(path_here(&paths, "/boot"), Path::new("/hostfs/boot"));
        assert_eq!(path_here(&paths, "/"), Path::new("/hostfs"));
        assert_eq!(path_here(&paths, "/hostfs/boot"), Path::new("/hostfs/boot"));
        assert_eq!(path_here(&HostPaths::new("", |_| None), "/boot"), Path::new("/boot"));
    }
}
