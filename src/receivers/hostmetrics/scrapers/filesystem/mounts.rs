//! The mounted filesystems, from `mountinfo` as proc_pid_mountinfo(5) describes it.

use std::collections::HashMap;
use std::fs;

use crate::receivers::hostmetrics::host::{HostPaths, ReadError, read_text};

/// A mounted filesystem.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mount {
    /// The device, or the name a filesystem without one has.
    pub device: String,
    /// `rw`, `ro` or `unknown`.
    pub mode: &'static str,
    /// Where it is mounted, from the host's point of view.
    pub mount_point: String,
    /// The type of filesystem.
    pub fs_type: String,
}

/// One line of `mountinfo`.
#[derive(Debug)]
struct Line<'a> {
    device_number: &'a str,
    /// What of the filesystem is mounted.
    root: &'a str,
    mount_point: &'a str,
    options: &'a str,
    fs_type: &'a str,
    source: &'a str,
    super_options: &'a str,
}

/// The host's mounts in the order mounted. Unless `with_virtual`, those without a device and bind mounts,
/// which show a part of what is mounted elsewhere, are left out.
pub(super) fn read_mounts(paths: &HostPaths, with_virtual: bool) -> Result<Vec<Mount>, ReadError> {
    let text = read_mountinfo(paths)?;
    let types = if with_virtual { Vec::new() } else { device_filesystems(paths)? };
    let mut first_devices = HashMap::new();
    let mut mounts = Vec::new();
    for line in text.lines() {
        let line = Line::parse(line).ok_or_else(|| ReadError::Malformed {
            path: paths.proc.join("1/mountinfo"),
            expected: "lines as in proc_pid_mountinfo(5)",
        })?;
        if !with_virtual && !types.iter().any(|fs_type| fs_type == line.fs_type) {
            continue;
        }
        // Whatever is mounted of a device later is of the device as it was named first.
        let device = *first_devices.entry(line.device_number).or_insert_with(|| line.device());
        if with_virtual || !line.is_bind() {
            mounts.push(Mount {
                device: real_device(paths, device, line.device_number),
                mode: line.mode(),
                mount_point: unescape(line.mount_point),
                fs_type: line.fs_type.to_owned(),
            });
        }
    }
    Ok(mounts)
}

impl<'a> Line<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let (mount, filesystem) = line.split_once(" - ")?;
        let mut mount = mount.split_whitespace().skip(2);
        let mut filesystem = filesystem.split_whitespace();
        Some(Self {
            device_number: mount.next()?,
            root: mount.next()?,
            mount_point: mount.next()?,
            options: mount.next().unwrap_or_default(),
            fs_type: filesystem.next()?,
            source: filesystem.next()?,
            super_options: filesystem.next().unwrap_or_default(),
        })
    }

    /// The device; of filesystems without one that mount a part of themselves, that part.
    fn device(&self) -> &'a str {
        if self.source.starts_with('/') || self.root == "/" { self.source } else { self.root }
    }

    /// True where a folder of a device is mounted. A subvolume of btrfs is none: it is named in the options.
    fn is_bind(&self) -> bool {
        let subvolume = self.super_options.split(',').find_map(|option| option.strip_prefix("subvol="));
        self.source.starts_with('/') && self.root != "/" && subvolume != Some(self.root)
    }

    /// Writable only where both the mount and the filesystem are.
    fn mode(&self) -> &'static str {
        let has = |options: &str, word: &str| options.split(',').any(|option| option == word);
        if has(self.options, "ro") || has(self.super_options, "ro") {
            "ro"
        } else if has(self.options, "rw") {
            "rw"
        } else {
            "unknown"
        }
    }
}

fn read_mountinfo(paths: &HostPaths) -> Result<String, ReadError> {
    if let Some(path) = &paths.mountinfo {
        return read_text(path);
    }
    // The first process sees what the host mounts; who may not look at it sees its own.
    paths.read_proc("1/mountinfo").or_else(|_| paths.read_proc("self/mountinfo"))
}

/// The types of filesystem that are on devices. ZFS says it is not, but is.
fn device_filesystems(paths: &HostPaths) -> Result<Vec<String>, ReadError> {
    let text = paths.read_proc("filesystems")?;
    let on_device = |line: &str| match line.strip_prefix("nodev") {
        None => Some(line.trim().to_owned()),
        Some(name) => (name.trim() == "zfs").then(|| "zfs".to_owned()),
    };
    Ok(text.lines().filter_map(on_device).collect())
}

/// The device itself, where `device` is another name of it.
fn real_device(paths: &HostPaths, device: &str, device_number: &str) -> String {
    if let Some(name) = device.strip_prefix("/dev/mapper/")
        && let Ok(path) = fs::canonicalize(paths.dev.join("mapper").join(name))
    {
        return path.to_string_lossy().into_owned();
    }
    if device == "/dev/root"
        && let Ok(path) = fs::read_link(paths.sys.join("dev/block").join(device_number))
        && let Some(name) = path.file_name()
    {
        return format!("/dev/{}", name.to_string_lossy());
    }
    device.to_owned()
}

/// Puts back what the kernel writes as `\040`: blanks, tabs, line ends and backslashes.
fn unescape(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, behind)) = rest.split_first() {
        let digits = behind.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(escaped) if *byte == b'\\' => {
                out.push(escaped);
                rest = behind.get(3..).unwrap_or_default();
            }
            _ => {
                out.push(*byte);
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::receivers::hostmetrics::fixture::Fixture;

    fn mount(device: &str, mode: &'static str, mount_point: &str, fs_type: &str) -> Mount {
        Mount { device: device.into(), mode, mount_point: mount_point.into(), fs_type: fs_type.into() }
    }

    fn mounts(mountinfo: &str, with_virtual: bool) -> Vec<Mount> {
        let filesystems = "nodev\tsysfs\nnodev\ttmpfs\nnodev\tzfs\n\text4\n\tbtrfs\n";
        let fixture = Fixture::with(&[("proc/1/mountinfo", mountinfo), ("proc/filesystems", filesystems)]);
        read_mounts(&fixture.paths(), with_virtual).unwrap()
    }

    const MIXED: &str = "27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard\n\
                         28 27 254:0 /var/lib/a /srv/a rw - ext4 /dev/disk/by-id/x rw\n\
                         29 27 0:21 / /proc rw - proc proc rw\n\
                         30 27 0:30 /snapshot /snap rw - tmpfs tmpfs rw\n\
                         31 27 0:31 / /tank rw - zfs tank/home ro\n";

    #[test]
    fn filesystems_on_devices_are_mounts() {
        assert_eq!(
            mounts(MIXED, false),
            [mount("/dev/vda", "rw", "/", "ext4"), mount("tank/home", "ro", "/tank", "zfs")]
        );
    }

    #[test]
    fn bind_mounts_and_those_without_a_device_are_virtual() {
        let all = mounts(MIXED, true);
        assert_eq!(all.len(), 5);
        assert_eq!(all[1], mount("/dev/vda", "rw", "/srv/a", "ext4"));
        assert_eq!(all[3], mount("/snapshot", "rw", "/snap", "tmpfs"));
    }

    #[test]
    fn a_subvolume_is_no_bind_mount_but_a_folder_in_it_is() {
        let mountinfo = "40 1 0:40 /@home /home rw - btrfs /dev/sda2 rw,subvolid=256,subvol=/@home\n\
                         41 1 0:40 /@home/u /mnt rw - btrfs /dev/sda2 rw,subvolid=256,subvol=/@home\n";
        assert_eq!(mounts(mountinfo, false), [mount("/dev/sda2", "rw", "/home", "btrfs")]);
    }

    #[test]
    fn escaped_characters_are_put_back() {
        let mountinfo = "27 1 8:1 / /my\\040disk\\134a ro - ext4 /dev/sda1 rw\n";
        assert_eq!(mounts(mountinfo, false), [mount("/dev/sda1", "ro", "/my disk\\a", "ext4")]);
    }

    #[test]
    fn other_names_of_a_device_are_resolved() {
        let mountinfo =
            "27 1 8:1 / / rw - ext4 /dev/root rw\n28 1 253:0 / /lv rw - ext4 /dev/mapper/vg-lv rw\n";
        let fixture = Fixture::with(&[("proc/1/mountinfo", mountinfo), ("proc/filesystems", "\text4\n")]);
        for (link, target) in
            [("sys/dev/block/8:1", "../../devices/block/sda1"), ("dev/mapper/vg-lv", "../dm-0")]
        {
            fs::create_dir_all(fixture.path(link).parent().unwrap()).unwrap();
            std::os::unix::fs::symlink(target, fixture.path(link)).unwrap();
        }
        fixture.write("dev/dm-0", "");
        let device = fs::canonicalize(fixture.path("dev/dm-0")).unwrap();
        let expected =
            [mount("/dev/sda1", "rw", "/", "ext4"), mount(device.to_str().unwrap(), "rw", "/lv", "ext4")];
        assert_eq!(read_mounts(&fixture.paths(), false).unwrap(), expected);
    }

    #[test]
    fn a_line_of_another_form_is_an_error() {
        let fixture = Fixture::with(&[("proc/1/mountinfo", "27 1 8:1 / /\n"), ("proc/filesystems", "")]);
        let error = read_mounts(&fixture.paths(), false).unwrap_err().to_string();
        assert!(error.ends_with("does not hold lines as in proc_pid_mountinfo(5)"), "{error}");
    }
}
