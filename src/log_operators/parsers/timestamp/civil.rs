//! Days of the proleptic Gregorian calendar counted from 1970.

/// The days between 1 January 1970 and a date. A day past the end of its month is one of the next.
pub fn days_since_epoch(year: i64, month: u8, day: u8) -> i64 {
    // Years that start in March end with the leap day, so that it never has to be counted inside one.
    let (year, month) =
        if month > 2 { (year, i64::from(month) - 3) } else { (year - 1, i64::from(month) + 9) };
    let days_before_month = (153 * month + 2) / 5;
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leap_days + days_before_month + i64::from(day) - 1 - DAYS_TO_1970
}

/// From 1 March of the year 0 to 1 January 1970.
const DAYS_TO_1970: i64 = 719_468;

/// The year that holds a time given in seconds since 1970.
pub fn year_of(unix_seconds: i64) -> i64 {
    let days = unix_seconds.div_euclid(86_400);
    let estimate = 1970 + days.div_euclid(366);
    let mut year = estimate;
    while days_since_epoch(year + 1, 1, 1) <= days {
        year += 1;
    }
    year
}

/// How many days a month has.
pub fn days_in_month(year: i64, month: u8) -> u8 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_from_1970() {
        for ((year, month, day), expected) in [
            ((1970, 1, 1), 0),
            ((1969, 12, 31), -1),
            ((2000, 2, 29), 11_016),
            ((2000, 3, 1), 11_017),
            ((2023, 2, 29), 19_417), // 1 March 2023
            ((2026, 11, 22), 20_779),
            ((0, 1, 1), -719_528),
        ] {
            assert_eq!(days_since_epoch(year, month, day), expected, "{year}-{month}-{day}");
        }
    }

    #[test]
    fn a_time_is_in_its_year() {
        for (seconds, year) in [
            (0, 1970),
            (-1, 1969),
            (1_767_225_599, 2025), // one second before 2026
            (1_767_225_600, 2026),
            (253_402_300_799, 9999),
        ] {
            assert_eq!(year_of(seconds), year, "{seconds}");
        }
    }
}
