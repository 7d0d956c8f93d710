//! Old files: their names, and how long they are kept.
//!
//! A full file `name.ext` is renamed to `name-2026-11-22T15-04-05.000.ext`, the time in UTC or local.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use time::OffsetDateTime;

use super::RotationConfig;

const MIB: u64 = 1024 * 1024;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A time in a name, digits as zeros.
const TIME_PATTERN: &str = "0000-00-00T00-00-00.000";

/// How large a file may grow.
pub(super) fn max_bytes(rotation: &RotationConfig) -> u64 {
    match rotation.max_megabytes {
        0 => 100 * MIB,
        megabytes => u64::from(megabytes) * MIB,
    }
}

/// Renames the file at `path` to the name of an old one and deletes old files that are no longer kept.
pub(super) fn move_aside(path: &Path, rotation: &RotationConfig) -> io::Result<()> {
    let mut now = SystemTime::now();
    let mut aside = old_path(path, now, rotation);
    // Two files may fill up within a millisecond, and a rename would destroy the first.
    while aside.try_exists()? {
        now += Duration::from_millis(1);
        aside = old_path(path, now, rotation);
    }
    match fs::rename(path, &aside) {
        // It was moved already, by a rotation that then could not begin a new file, or by somebody else.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        renamed => renamed?,
    }
    delete_old(path, rotation);
    Ok(())
}

/// Deletes what is beyond the number or the age of old files that are kept.
pub(super) fn delete_old(path: &Path, rotation: &RotationConfig) {
    let mut old = match old_paths(path) {
        Ok(old) => old,
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "Cannot list old files.");
            return;
        }
    };
    // The time in the name sorts as text.
    old.sort();
    old.reverse();
    let kept_by_number = match rotation.max_backups {
        0 => old.len(),
        number => old.len().min(number as usize),
    };
    let oldest_kept = (rotation.max_days > 0)
        .then(|| old_path(path, SystemTime::now() - DAY * rotation.max_days, rotation));
    let is_too_old = |file: &PathBuf| oldest_kept.as_ref().is_some_and(|oldest| file < oldest);
    let kept = old.iter().take(kept_by_number).take_while(|file| !is_too_old(file)).count();
    for file in old.split_off(kept) {
        if let Err(error) = fs::remove_file(&file) {
            tracing::warn!(path = %file.display(), %error, "Cannot delete an old file.");
        }
    }
}

/// The old files of `path`, in no order.
fn old_paths(path: &Path) -> io::Result<Vec<PathBuf>> {
    let (prefix, extension) = name_parts(path);
    let mut old = Vec::new();
    for entry in fs::read_dir(directory_of(path))? {
        let name = entry?.file_name();
        let is_old = name
            .to_str()
            .and_then(|name| name.strip_prefix(&prefix)?.strip_suffix(&extension))
            .is_some_and(is_time);
        if is_old {
            old.push(path.with_file_name(name));
        }
    }
    Ok(old)
}

fn is_time(text: &str) -> bool {
    let as_pattern: String =
        text.chars().map(|character| if character.is_ascii_digit() { '0' } else { character }).collect();
    as_pattern == TIME_PATTERN
}

fn old_path(path: &Path, time: SystemTime, rotation: &RotationConfig) -> PathBuf {
    let (prefix, extension) = name_parts(path);
    path.with_file_name(format!("{prefix}{}{extension}", time_in_name(time, rotation.localtime)))
}

/// What stands before and behind the time: `name-` and `.ext`.
fn name_parts(path: &Path) -> (String, String) {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    match name.rfind('.') {
        Some(dot) => (format!("{}-", &name[..dot]), name[dot..].to_owned()),
        None => (format!("{name}-"), String::new()),
    }
}

fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

fn time_in_name(time: SystemTime, is_local: bool) -> String {
    let utc = OffsetDateTime::from(time);
    let shown = if is_local { utc + local_offset(utc) } else { utc };
    let (date, time) = (shown.date(), shown.time());
    format!(
        "{:04}-{:02}-{:02}T{:02}-{:02}-{:02}.{:03}",
        date.year(),
        u8::from(date.month()),
        date.day(),
        time.hour(),
        time.minute(),
        time.second(),
        time.millisecond()
    )
}

/// How far local time is ahead of UTC; nothing where the system has no time zone.
fn local_offset(utc: OffsetDateTime) -> time::Duration {
    let zone = tz::TimeZone::local().ok();
    let seconds = zone
        .as_ref()
        .and_then(|zone| zone.find_local_time_type(utc.unix_timestamp()).ok())
        .map_or(0, |local_time_type| local_time_type.ut_offset());
    time::Duration::seconds(seconds.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_hold_the_time_before_the_extension() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_millis(1_795_359_845_007);
        let rotation = RotationConfig::default();
        for (path, expected) in [
            ("data.json", "data-2026-11-22T15-04-05.007.json"),
            ("/var/out/data.json", "/var/out/data-2026-11-22T15-04-05.007.json"),
            ("/var/out.d/data", "/var/out.d/data-2026-11-22T15-04-05.007"),
            ("a.b.c", "a.b-2026-11-22T15-04-05.007.c"),
        ] {
            assert_eq!(old_path(Path::new(path), time, &rotation), Path::new(expected));
        }
    }

    fn left_of(names: &[&str], rotation: &RotationConfig) -> Vec<String> {
        let directory = tempfile::tempdir().unwrap();
        for name in names {
            fs::write(directory.path().join(name), "").unwrap();
        }
        delete_old(&directory.path().join("data.json"), rotation);
        let entries = fs::read_dir(directory.path()).unwrap();
        let mut left: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        left.sort();
        left
    }

    #[test]
    fn the_newest_are_kept_and_strangers_are_left_alone() {
        let names = [
            "data-2025-01-01T00-00-00.000.json",
            "data-2026-01-01T00-00-00.000.json",
            "data-2026-01-01T00-00-00.001.json",
            "data-of-mine.json",
            "data.json",
            "other-2020-01-01T00-00-00.000.json",
        ];
        let rotation = RotationConfig { max_backups: 2, ..RotationConfig::default() };
        assert_eq!(left_of(&names, &rotation), names[1..]);
        let rotation = RotationConfig { max_backups: 0, ..RotationConfig::default() };
        assert_eq!(left_of(&names, &rotation), names);
    }

    #[test]
    fn files_older_than_so_many_days_are_deleted() {
        let days_ago = |days: u32| {
            let time = SystemTime::now() - DAY * days + Duration::from_secs(60);
            format!("data-{}.json", time_in_name(time, false))
        };
        let (young, old) = (days_ago(3), days_ago(4));
        let rotation = RotationConfig { max_days: 3, ..RotationConfig::default() };
        assert_eq!(left_of(&[&young, &old], &rotation), [young]);
    }
}
