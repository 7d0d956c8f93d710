//! Time zones by their names in the system's database.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use tz::TimeZone;

use super::civil::days_since_epoch;
use super::go_layout::{TimeFields, ZoneInText};
use crate::pipeline::Clock;

/// A time zone with its history.
#[derive(Debug, Clone)]
pub struct Location {
    zone: Arc<TimeZone>,
    is_utc: bool,
}

/// A zone that the system does not know, in the words of Go's `time.LoadLocation`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnknownLocation {
    /// The name could not be one.
    #[error("time: invalid location name")]
    Invalid,
    /// The database has no such zone.
    #[error("unknown time zone {0}")]
    Unknown(String),
}

/// Where systems keep their zones.
const DATABASES: [&str; 4] =
    ["/usr/share/zoneinfo", "/usr/share/lib/zoneinfo", "/usr/lib/locale/TZ", "/etc/zoneinfo"];

impl Location {
    /// UTC.
    pub fn utc() -> Self {
        Self { zone: Arc::new(TimeZone::utc()), is_utc: true }
    }

    /// The zone of the machine: the variable `TZ`, without it `/etc/localtime`, and UTC where there is neither.
    pub fn local() -> Self {
        let file = match std::env::var("TZ") {
            Err(_) => read_zone(Path::new("/etc/localtime")),
            Ok(name) => match name.strip_prefix(':').unwrap_or(&name) {
                absolute if absolute.starts_with('/') => read_zone(Path::new(absolute)),
                name => return Self::named(name).unwrap_or_else(|_| Self::utc()),
            },
        };
        file.map_or_else(Self::utc, |zone| Self { zone: Arc::new(zone), is_utc: false })
    }

    /// The zone of a name like `Europe/Madrid`; an empty name is UTC, `Local` the machine's zone.
    ///
    /// # Errors
    ///
    /// [`UnknownLocation`].
    pub fn named(name: &str) -> Result<Self, UnknownLocation> {
        match name {
            "" | "UTC" => return Ok(Self::utc()),
            "Local" => return Ok(Self::local()),
            _ if name.contains("..") || name.starts_with(['/', '\\']) => {
                return Err(UnknownLocation::Invalid);
            }
            _ => {}
        }
        let zone = DATABASES
            .iter()
            .find_map(|database| read_zone(&Path::new(database).join(name)))
            .ok_or_else(|| UnknownLocation::Unknown(name.to_owned()))?;
        Ok(Self { zone: Arc::new(zone), is_utc: false })
    }

    /// The seconds since 1970 of what the clocks of this zone show. What they show twice is one of both times,
    /// what they never show one an hour off, as Go's `time.Date` has it.
    fn unix_seconds(&self, wall_seconds: i64) -> i64 {
        let guess = wall_seconds - self.offset_at(wall_seconds);
        wall_seconds - self.offset_at(guess)
    }

    fn offset_at(&self, unix_seconds: i64) -> i64 {
        if self.is_utc {
            return 0;
        }
        match self.zone.find_local_time_type(unix_seconds) {
            Ok(local_time_type) => local_time_type.ut_offset().into(),
            // Outside of what the database covers.
            Err(_) => {
                let types = self.zone.as_ref().as_ref().local_time_types();
                types.iter().find(|one| !one.is_dst()).map_or(0, |one| one.ut_offset().into())
            }
        }
    }

    /// The offset that goes by an abbreviation in this zone; first choice is the one in force at the time.
    fn offset_of_abbreviation(&self, abbreviation: &str, wall_seconds: i64) -> Option<i64> {
        if self.is_utc {
            return (abbreviation == "UTC").then_some(0);
        }
        let types = self.zone.as_ref().as_ref().local_time_types();
        let mut called_so = types.iter().filter(|one| one.time_zone_designation() == abbreviation);
        let in_force = called_so.clone().find(|one| {
            let at = wall_seconds - i64::from(one.ut_offset());
            self.zone
                .find_local_time_type(at)
                .is_ok_and(|found| found.time_zone_designation() == abbreviation)
        });
        in_force.or_else(|| called_so.next()).map(|one| one.ut_offset().into())
    }

    fn abbreviation_at(&self, unix_seconds: i64) -> &str {
        if self.is_utc {
            return "UTC";
        }
        self.zone.find_local_time_type(unix_seconds).map_or("", |found| found.time_zone_designation())
    }
}

fn read_zone(file: &Path) -> Option<TimeZone> {
    TimeZone::from_tz_data(&std::fs::read(file).ok()?).ok()
}

/// The zones that abbreviations in texts name, each read once.
#[derive(Debug, Default)]
pub struct AbbreviatedZones(HashMap<String, Option<Location>>);

/// Texts come from outside: beyond so many abbreviations all are forgotten.
const MOST_ABBREVIATIONS: usize = 256;

impl AbbreviatedZones {
    /// The moment, in nanoseconds since 1970, that fields read from a text mean where nothing in the text says
    /// otherwise in `location`. A missing year is the one that brings the time nearest to the clock's,
    /// but no more than seven days after that.
    ///
    /// An abbreviation that `location` does not know is looked up as a zone's own name.
    ///
    /// # Errors
    ///
    /// [`UnknownLocation`] for an abbreviation that is neither.
    pub fn moment(
        &mut self,
        fields: &TimeFields<'_>,
        location: &Location,
        clock: Clock,
    ) -> Result<u64, UnknownLocation> {
        if fields.year != 0 {
            let seconds = self.unix_seconds(fields, fields.year, location)?;
            return Ok(unix_nanoseconds(seconds, fields.nanosecond));
        }
        let now = (clock.now_unix_nano() / 1_000_000_000) as i64;
        let year = super::civil::year_of(now);
        let this_year = self.unix_seconds(fields, year, location)?;
        let seconds = if this_year > now + 7 * 86_400 {
            self.unix_seconds(fields, year - 1, location)?
        } else {
            this_year
        };
        Ok(unix_nanoseconds(seconds, fields.nanosecond))
    }

    fn unix_seconds(
        &mut self,
        fields: &TimeFields<'_>,
        year: i64,
        location: &Location,
    ) -> Result<i64, UnknownLocation> {
        let days = days_since_epoch(year, fields.month, fields.day);
        let of_day = (i64::from(fields.hour) * 60 + i64::from(fields.minute)) * 60 + i64::from(fields.second);
        let wall = days * 86_400 + of_day;
        match fields.zone {
            ZoneInText::Absent => Ok(location.unix_seconds(wall)),
            ZoneInText::Utc => Ok(wall),
            ZoneInText::Offset(offset) => Ok(wall - offset),
            ZoneInText::Abbreviation(abbreviation) => self.abbreviated(abbreviation, wall, location),
        }
    }

    fn abbreviated(
        &mut self,
        abbreviation: &str,
        wall: i64,
        location: &Location,
    ) -> Result<i64, UnknownLocation> {
        if let Some(offset) = location.offset_of_abbreviation(abbreviation, wall) {
            let seconds = wall - offset;
            if offset != 0 || location.abbreviation_at(seconds) == abbreviation {
                return Ok(seconds);
            }
        }
        if let Some(hours) = abbreviation.strip_prefix("GMT").and_then(|hours| hours.parse::<i64>().ok())
            && hours != 0
        {
            return Ok(wall - hours * 3600);
        }
        let zone = self
            .zone_called(abbreviation)
            .ok_or_else(|| UnknownLocation::Unknown(abbreviation.to_owned()))?;
        let offset = zone.offset_of_abbreviation(abbreviation, wall);
        Ok(offset.map_or(wall, |offset| wall - offset))
    }

    fn zone_called(&mut self, name: &str) -> Option<&Location> {
        if self.0.len() >= MOST_ABBREVIATIONS && !self.0.contains_key(name) {
            self.0.clear();
        }
        self.0.entry(name.to_owned()).or_insert_with(|| Location::named(name).ok()).as_ref()
    }
}

/// Times before 1970 or after 2554 come around at the ends of 64 bits.
fn unix_nanoseconds(seconds: i64, nanosecond: u32) -> u64 {
    seconds.wrapping_mul(1_000_000_000).wrapping_add(nanosecond.into()) as u64
}
