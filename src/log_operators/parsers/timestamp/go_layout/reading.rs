//! Reading a text element by element.

use super::{TimeFields, ZoneInText};
use crate::log_operators::parsers::timestamp::civil::days_in_month;
use crate::log_operators::parsers::timestamp::elements::Element;

/// Why a text cannot be read as an element.
pub enum Unreadable {
    /// It is not of its form.
    Shape,
    /// It is of its form, but too large or too small.
    Range(&'static str),
}

/// A text and what is read of it.
pub struct Reading<'v> {
    /// What is not read yet.
    pub rest: &'v str,
    year: i64,
    month: Option<u8>,
    day: Option<u8>,
    day_of_year: Option<u16>,
    hour: u8,
    minute: u8,
    second: u8,
    nanosecond: u32,
    is_morning: Option<bool>,
    zone: ZoneInText<'v>,
}

impl<'v> Reading<'v> {
    /// A text that is yet to be read.
    pub fn new(value: &'v str) -> Self {
        Self {
            rest: value,
            year: 0,
            month: None,
            day: None,
            day_of_year: None,
            hour: 0,
            minute: 0,
            second: 0,
            nanosecond: 0,
            is_morning: None,
            zone: ZoneInText::Absent,
        }
    }

    /// Passes a literal text; false where the value goes on differently.
    pub fn skip(&mut self, literal: &str) -> bool {
        if literal.is_empty() {
            return true;
        }
        // Most literals are one character, which is seen without a call.
        if let ([wanted], [first, ..]) = (literal.as_bytes(), self.rest.as_bytes())
            && wanted == first
            && *wanted != b' '
        {
            self.rest = self.rest.get(1..).unwrap_or_default();
            return true;
        }
        if let Some(behind) = self.rest.strip_prefix(literal)
            && !literal.contains(' ')
        {
            self.rest = behind;
            return true;
        }
        let mut literal = literal;
        while let Some(character) = literal.chars().next() {
            if character == ' ' {
                if !self.rest.is_empty() && !self.rest.starts_with(' ') {
                    return false;
                }
                literal = literal.trim_start_matches(' ');
                self.rest = self.rest.trim_start_matches(' ');
                continue;
            }
            let Some(behind) = self.rest.strip_prefix(character) else {
                return false;
            };
            self.rest = behind;
            literal = literal.get(character.len_utf8()..).unwrap_or_default();
        }
        true
    }

    /// Reads an element. `has_fraction_next` says that the layout has a fraction behind it.
    pub fn read(&mut self, element: Element, has_fraction_next: bool) -> Result<(), Unreadable> {
        match element {
            Element::LongYear => self.year = i64::from(self.exact_digits(4)?),
            Element::ShortYear => {
                let year = i64::from(self.exact_digits(2)?);
                self.year = if year >= 69 { year + 1900 } else { year + 2000 };
            }
            Element::LongMonth => self.month = Some(self.name(&MONTHS, false)? + 1),
            Element::ShortMonth => self.month = Some(self.name(&MONTHS, true)? + 1),
            Element::Month { fixed } => self.month = Some(self.number(fixed, 1..=12, "month")?),
            Element::LongWeekday => drop(self.name(&WEEKDAYS, false)?),
            Element::ShortWeekday => drop(self.name(&WEEKDAYS, true)?),
            Element::Day { fixed, padded } => {
                self.skip_one_space(padded);
                self.day = Some(self.number(fixed, 0..=99, "day")?);
            }
            Element::DayOfYear { padded } => {
                self.skip_one_space(padded);
                self.skip_one_space(padded);
                self.day_of_year = Some(self.up_to_three_digits(!padded)?);
            }
            Element::Hour => self.hour = self.number(false, 0..=23, "hour")?,
            Element::Hour12 { fixed } => self.hour = self.number(fixed, 0..=12, "hour")?,
            Element::Minute { fixed } => self.minute = self.number(fixed, 0..=59, "minute")?,
            Element::Second { fixed } => {
                self.second = self.number(fixed, 0..=59, "second")?;
                if !has_fraction_next {
                    self.optional_fraction();
                }
            }
            Element::HalfOfDay { upper } => {
                let (morning, evening) = if upper { ("AM", "PM") } else { ("am", "pm") };
                self.is_morning = Some(self.one_of(morning, evening)?);
            }
            Element::ZoneAbbreviation => self.zone_abbreviation()?,
            Element::ZoneOffset { shape, zulu } => self.zone_offset(shape, zulu)?,
            Element::ExactFraction(digits) => self.exact_fraction(digits)?,
            Element::Fraction => self.optional_fraction(),
        }
        Ok(())
    }

    fn take(&mut self, bytes: usize) -> Result<&'v str, Unreadable> {
        let (taken, rest) = self.rest.split_at_checked(bytes).ok_or(Unreadable::Shape)?;
        self.rest = rest;
        Ok(taken)
    }

    fn digits_ahead(&self, at_most: usize) -> usize {
        self.rest.bytes().take(at_most).take_while(u8::is_ascii_digit).count()
    }

    fn exact_digits(&mut self, count: usize) -> Result<u32, Unreadable> {
        let digits = self.take(count)?;
        if digits.bytes().all(|byte| byte.is_ascii_digit()) {
            Ok(decimal(digits))
        } else {
            Err(Unreadable::Shape)
        }
    }

    fn number(
        &mut self,
        fixed: bool,
        range: std::ops::RangeInclusive<u8>,
        what: &'static str,
    ) -> Result<u8, Unreadable> {
        let (number, count) = match *self.rest.as_bytes() {
            [tens @ b'0'..=b'9', ones @ b'0'..=b'9', ..] => ((tens - b'0') * 10 + (ones - b'0'), 2),
            [ones @ b'0'..=b'9', ..] if !fixed => (ones - b'0', 1),
            _ => return Err(Unreadable::Shape),
        };
        self.rest = self.rest.get(count..).unwrap_or_default();
        if range.contains(&number) { Ok(number) } else { Err(Unreadable::Range(what)) }
    }

    fn up_to_three_digits(&mut self, fixed: bool) -> Result<u16, Unreadable> {
        let count = self.digits_ahead(3);
        if count == 0 || (fixed && count < 3) {
            return Err(Unreadable::Shape);
        }
        Ok(decimal(self.take(count)?) as u16)
    }

    fn skip_one_space(&mut self, padded: bool) {
        if padded {
            self.rest = self.rest.strip_prefix(' ').unwrap_or(self.rest);
        }
    }

    fn name(&mut self, names: &[&str], is_short: bool) -> Result<u8, Unreadable> {
        for (index, name) in (0_u8..).zip(names) {
            let name = if is_short { name.get(..3).unwrap_or(name) } else { name };
            if let Some((start, rest)) = self.rest.split_at_checked(name.len())
                && start.eq_ignore_ascii_case(name)
            {
                self.rest = rest;
                return Ok(index);
            }
        }
        Err(Unreadable::Shape)
    }

    fn one_of(&mut self, yes: &str, no: &str) -> Result<bool, Unreadable> {
        match self.take(2)? {
            text if text == yes => Ok(true),
            text if text == no => Ok(false),
            _ => Err(Unreadable::Shape),
        }
    }

    /// A point or comma with digits, where there is one. Digits beyond the ninth are passed over.
    fn optional_fraction(&mut self) {
        let Some(digits) = self.rest.strip_prefix(['.', ',']) else {
            return;
        };
        let count = digits.bytes().take_while(u8::is_ascii_digit).count();
        if let Some((fraction, rest)) = digits.split_at_checked(count)
            && count > 0
        {
            self.nanosecond = nanoseconds(fraction);
            self.rest = rest;
        }
    }

    fn exact_fraction(&mut self, digits: usize) -> Result<(), Unreadable> {
        let (point, fraction) = (self.take(1)?, self.take(digits)?);
        if !matches!(point, "." | ",") || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Unreadable::Shape);
        }
        self.nanosecond = nanoseconds(fraction);
        Ok(())
    }

    fn zone_offset(&mut self, shape: &str, zulu: bool) -> Result<(), Unreadable> {
        if zulu && let Some(rest) = self.rest.strip_prefix('Z') {
            self.rest = rest;
            self.zone = ZoneInText::Utc;
            return Ok(());
        }
        let text = self.take(shape.len())?;
        let mut parts = [0_i64; 3];
        let mut digits = 0;
        for (byte, expected) in text.bytes().zip(shape.bytes()).skip(1) {
            if expected == b':' {
                if byte != b':' {
                    return Err(Unreadable::Shape);
                }
                continue;
            }
            if !byte.is_ascii_digit() {
                return Err(Unreadable::Shape);
            }
            if let Some(part) = parts.get_mut(digits / 2) {
                *part = *part * 10 + i64::from(byte - b'0');
            }
            digits += 1;
        }
        let [hours, minutes, seconds] = parts;
        // Up to and with 24 and 60, as some people write offsets of 24 hours or 60 minutes.
        for (part, most, what) in [
            (seconds, 60, "time zone offset second"),
            (minutes, 60, "time zone offset minute"),
            (hours, 24, "time zone offset hour"),
        ] {
            if part > most {
                return Err(Unreadable::Range(what));
            }
        }
        let offset = (hours * 60 + minutes) * 60 + seconds;
        self.zone = match text.as_bytes().first() {
            Some(b'+') => ZoneInText::Offset(offset),
            Some(b'-') => ZoneInText::Offset(-offset),
            _ => return Err(Unreadable::Shape),
        };
        Ok(())
    }

    fn zone_abbreviation(&mut self) -> Result<(), Unreadable> {
        if let Some(rest) = self.rest.strip_prefix("UTC") {
            self.rest = rest;
            self.zone = ZoneInText::Utc;
            return Ok(());
        }
        let length = abbreviation_length(self.rest).ok_or(Unreadable::Shape)?;
        self.zone = ZoneInText::Abbreviation(self.take(length)?);
        Ok(())
    }

    /// The fields, checked against each other.
    pub fn finish(self) -> Result<TimeFields<'v>, &'static str> {
        let hour = match self.is_morning {
            Some(false) if self.hour < 12 => self.hour + 12,
            Some(true) if self.hour == 12 => 0,
            _ => self.hour,
        };
        let (month, day) = match self.day_of_year {
            Some(day_of_year) => self.month_and_day(day_of_year)?,
            None => (self.month.unwrap_or(1), self.day.unwrap_or(1)),
        };
        if day < 1 || day > days_in_month(self.year, month) {
            return Err(": day out of range");
        }
        let Self { year, minute, second, nanosecond, zone, .. } = self;
        Ok(TimeFields { year, month, day, hour, minute, second, nanosecond, zone })
    }

    fn month_and_day(&self, day_of_year: u16) -> Result<(u8, u8), &'static str> {
        let mut left = day_of_year;
        for month in 1..=12 {
            let days = days_in_month(self.year, month);
            if left >= 1 && left <= u16::from(days) {
                let day = left as u8;
                if self.month.is_some_and(|given| given != month) {
                    return Err(": day-of-year does not match month");
                }
                if self.day.is_some_and(|given| given != day) {
                    return Err(": day-of-year does not match day");
                }
                return Ok((month, day));
            }
            left = left.saturating_sub(u16::from(days));
        }
        Err(": day-of-year out of range")
    }
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// How much of the text is a zone's abbreviation: three to five capitals, the longer ones ending in `T`.
fn abbreviation_length(text: &str) -> Option<usize> {
    if text.starts_with("ChST") || text.starts_with("MeST") {
        return Some(4);
    }
    if let Some(behind) = text.strip_prefix("GMT") {
        return Some(3 + signed_hours_length(behind).unwrap_or(0));
    }
    if text.starts_with(['+', '-']) {
        return (text.len() >= 3).then(|| signed_hours_length(text)).flatten();
    }
    let capitals = text.bytes().take(6).take_while(u8::is_ascii_uppercase).count();
    let fourth_or_fifth = text.as_bytes().get(capitals.wrapping_sub(1));
    match capitals {
        3 => Some(3),
        4 if fourth_or_fifth == Some(&b'T') || text.starts_with("WITA") => Some(4),
        5 if fourth_or_fifth == Some(&b'T') => Some(5),
        _ => None,
    }
}

/// The length of a sign with a number of hours up to 23.
fn signed_hours_length(text: &str) -> Option<usize> {
    let digits = text.strip_prefix(['+', '-'])?;
    let count = digits.bytes().take_while(u8::is_ascii_digit).count();
    let hours: u64 = digits.get(..count)?.parse().ok()?;
    (hours <= 23).then_some(count + 1)
}

fn decimal(digits: &str) -> u32 {
    digits.bytes().fold(0, |number, digit| number * 10 + u32::from(digit - b'0'))
}

fn nanoseconds(digits: &str) -> u32 {
    let kept = digits.get(..9).unwrap_or(digits);
    (kept.len()..9).fold(decimal(kept), |number, _| number * 10)
}
