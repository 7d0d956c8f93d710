//! The moments that texts mean, with their zones and missing years.

use super::*;

/// 2026-11-22T12:00:00Z
const NOW: u64 = 1_795_348_800_000_000_000;

async fn moment(layout_type: &str, layout: &str, location: &str, value: &str) -> Result<u64, String> {
    let config = TimestampConfig {
        parse_from: Some(Field::body()),
        layout: layout.to_owned(),
        layout_type: layout_type.to_owned(),
        location: location.to_owned(),
        ..TimestampConfig::default()
    };
    moment_by(&config, value).await
}

async fn moment_by(config: &TimestampConfig, value: &str) -> Result<u64, String> {
    let context = BuildContext { clock: Clock::starting_at(NOW) };
    let mut entry = LogEntry::new(1, value.into());
    let mut parser = config.parser(&context).map_err(|error| error.to_string())?;
    parser.transform(&mut entry).map_err(|error| error.to_string())?;
    Ok(entry.time_unix_nano.unwrap())
}

const SECOND: u64 = 1_000_000_000;

#[tokio::test(start_paused = true)]
async fn zones_are_those_of_the_text_or_else_of_the_location() {
    for (layout, location, value, seconds) in [
        ("2006-01-02 15:04:05", "UTC", "2023-06-16 18:11:15", 1_686_939_075),
        // Daylight saving time, standard time, and the hour that comes twice.
        ("2006-01-02 15:04:05", "Europe/Berlin", "2023-06-16 18:11:15", 1_686_931_875),
        ("2006-01-02 15:04:05", "Europe/Berlin", "2023-01-16 18:11:15", 1_673_889_075),
        ("2006-01-02 15:04:05", "America/New_York", "2023-06-16 14:11:15", 1_686_939_075),
        ("2006-01-02T15:04:05Z07:00", "America/New_York", "2023-06-16T18:11:15Z", 1_686_939_075),
        ("2006-01-02T15:04:05Z07:00", "America/New_York", "2023-06-16T20:11:15+02:00", 1_686_939_075),
        ("2006-01-02T15:04:05Z", "", "2023-06-16T18:11:15Z", 1_686_939_075),
        ("2006-01-02 15:04:05 MST", "America/New_York", "2023-06-16 14:11:15 EDT", 1_686_939_075),
        ("2006-01-02 15:04:05 MST", "UTC", "2023-01-16 13:11:15 EST", 1_673_892_675),
        ("2006-01-02 15:04:05 MST", "UTC", "2023-06-16 18:11:15 UTC", 1_686_939_075),
        ("2006-01-02 15:04:05 MST", "UTC", "2023-06-16 18:11:15 GMT", 1_686_939_075),
        ("2006-01-02 15:04:05 MST", "UTC", "2023-06-16 18:11:15 GMT-3", 1_686_949_875),
    ] {
        let expected = Ok(seconds * SECOND);
        assert_eq!(moment("gotime", layout, location, value).await, expected, "{value} in {location}");
    }
    assert_eq!(
        moment("gotime", "2006 MST", "UTC", "2023 QQQ").await,
        Err("failed to load location QQQ: unknown time zone QQQ".to_owned())
    );
}

#[tokio::test(start_paused = true)]
async fn a_missing_year_is_the_last_that_brings_no_time_more_than_seven_days_ahead() {
    for (value, seconds) in [
        ("Nov 22 12:00:00", 1_795_348_800),
        ("Nov 29 12:00:00", 1_795_953_600),
        ("Nov 29 12:00:01", 1_764_417_601), // 2025
        ("Dec 31 00:00:00", 1_767_139_200), // 2025
        ("Jan 1 00:00:00", 1_767_225_600),  // 2026
        ("Feb 29 00:00:00", 1_772_323_200), // 1 March 2026
    ] {
        let expected = Ok(seconds * SECOND);
        assert_eq!(moment("strptime", "%b %d %H:%M:%S", "UTC", value).await, expected, "{value}");
    }
}

#[tokio::test(start_paused = true)]
async fn abbreviations_may_be_given_zones() {
    let mut config = TimestampConfig {
        parse_from: Some(Field::body()),
        layout: "%Y-%m-%d %H:%M:%S %Z".to_owned(),
        location: "UTC".to_owned(),
        ..TimestampConfig::default()
    };
    config.time_zone_locations.insert("IST".to_owned(), "Asia/Kolkata".to_owned());
    assert_eq!(moment_by(&config, "2023-06-16 23:41:15 IST").await, Ok(1_686_939_075 * SECOND));
    config.layout = "%F".to_owned();
    assert_eq!(
        moment_by(&config, "").await,
        Err(
            "'time_zone_locations' requires the layout to contain a timezone abbreviation directive (%Z for \
             strptime / MST for gotime), but layout \"%F\" has none"
                .to_owned()
        )
    );
    config.time_zone_locations.insert("X".to_owned(), "No/Where".to_owned());
    assert_eq!(
        moment_by(&config, "").await,
        Err("invalid 'location': invalid time_zone_locations entry \"X\": failed to load location \"No/Where\": \
             unknown time zone No/Where"
            .to_owned())
    );
}

#[tokio::test(start_paused = true)]
async fn sections_that_cannot_be_are_refused() {
    for (layout_type, layout, location, expected) in [
        ("strptime", "", "", "missing required configuration parameter `layout`"),
        ("strptime", "%1", "", "invalid strptime layout: format string should not contain decimals"),
        (
            "gotime",
            "15:04:05:999",
            "",
            "invalid gotime layout: invalid fractional seconds directive: ':999'. must be preceded with '.' or ','",
        ),
        (
            "epoch",
            "m",
            "",
            "invalid `layout` for `epoch` type: specify 's', 'ms', 'us', 'ns', 's.ms', 's.us', or 's.ns'",
        ),
        ("fake", "s", "", "unsupported layout_type fake: valid values are 'strptime', 'gotime', and 'epoch'"),
        (
            "gotime",
            "2006",
            "../etc",
            "invalid 'location': failed to load location ../etc: time: invalid location name",
        ),
        (
            "gotime",
            "2006",
            "No/Where",
            "invalid 'location': failed to load location No/Where: unknown time zone No/Where",
        ),
    ] {
        assert_eq!(moment(layout_type, layout, location, "1").await, Err(expected.to_owned()));
    }
    let missing = TimestampConfig { layout: "s".to_owned(), ..TimestampConfig::default() };
    assert_eq!(moment_by(&missing, "1").await, Err("missing required parameter 'parse_from'".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn what_is_no_text_or_not_there_is_refused() {
    let config = TimestampConfig {
        parse_from: Some(Field::of_attributes("time")),
        layout: "%Y".to_owned(),
        ..TimestampConfig::default()
    };
    let mut parser = config.parser(&BuildContext::default()).unwrap();
    let mut entry = LogEntry::default();
    assert_eq!(
        parser.transform(&mut entry).unwrap_err().to_string(),
        r#"log entry does not have the expected parse_from field: {"parse_from":"attributes.time"}"#
    );
    entry.attributes.insert("time", Value::Int(2020));
    let error = parser.transform(&mut entry).unwrap_err().to_string();
    assert_eq!(error, "type int64 cannot be parsed as a time");
}
