//! What a syslog message says, and its priority.

use std::borrow::Cow;

use crate::log_operators::parsers::timestamp::TimeFields;
use crate::log_operators::{Value, ValueMap};

/// What a message of either RFC says.
#[derive(Debug, Default)]
pub struct SyslogMessage<'t> {
    /// Facility and severity.
    pub priority: Option<Priority>,
    /// The version of the protocol, which RFC 5424 alone has.
    pub version: Option<i64>,
    /// When it was written.
    pub time: Option<TimeFields<'t>>,
    /// The host that wrote it.
    pub hostname: Option<Cow<'t, str>>,
    /// The application that wrote it; the tag of RFC 3164.
    pub appname: Option<Cow<'t, str>>,
    /// The process that wrote it.
    pub proc_id: Option<Cow<'t, str>>,
    /// The kind of the message.
    pub msg_id: Option<Cow<'t, str>>,
    /// Parameters by element.
    pub structured_data: Option<ValueMap>,
    /// The text itself.
    pub message: Option<Cow<'t, str>>,
}

impl SyslogMessage<'_> {
    /// The message as the map that operators behind see.
    pub fn into_map(self) -> ValueMap {
        let mut map = ValueMap::with_capacity(12);
        if let Some(priority) = self.priority {
            priority.put(&mut map);
        }
        if let Some(version) = self.version {
            map.insert("version", Value::Int(version));
        }
        for (name, text) in [
            ("hostname", self.hostname),
            ("appname", self.appname),
            ("proc_id", self.proc_id),
            ("msg_id", self.msg_id),
        ] {
            // A hyphen is nothing, in both RFCs.
            if let Some(text) = text.filter(|text| !text.is_empty() && text != "-") {
                map.insert(name, text.into_owned().into());
            }
        }
        if let Some(structured_data) = self.structured_data {
            map.insert("structured_data", Value::Map(structured_data));
        }
        if let Some(message) = self.message.filter(|message| !message.is_empty()) {
            map.insert("message", message.into_owned().into());
        }
        map
    }
}

/// Facility and severity in one number: eight times the facility and the severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Priority(u8);

/// The highest priority: facility 23 and severity 7.
const HIGHEST: u8 = 191;

/// The names of the facilities, by number.
const FACILITIES: [&str; 24] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
    "ntp", "security", "console", "cron2", "local0", "local1", "local2", "local3", "local4", "local5",
    "local6", "local7",
];

/// The severities of syslog, by number, each with OTLP's severity number.
const SEVERITIES: [(&str, u8); 8] = [
    ("emerg", 21),
    ("alert", 19),
    ("crit", 18),
    ("err", 17),
    ("warning", 13),
    ("notice", 10),
    ("info", 9),
    ("debug", 5),
];

impl Priority {
    /// The priority of a number, if there is one.
    pub fn new(number: u32) -> Option<Self> {
        u8::try_from(number).ok().filter(|number| *number <= HIGHEST).map(Self)
    }

    /// The name of the severity.
    pub fn severity_text(self) -> &'static str {
        self.severity().0
    }

    /// OTLP's number of the severity.
    pub fn severity_number(self) -> u8 {
        self.severity().1
    }

    fn severity(self) -> (&'static str, u8) {
        SEVERITIES.get(usize::from(self.0 % 8)).copied().unwrap_or_default()
    }

    /// Writes the values that the Collector has for a priority.
    pub fn put(self, map: &mut ValueMap) {
        let facility = self.0 / 8;
        map.insert("priority", Value::Int(self.0.into()));
        map.insert("severity", Value::Int((self.0 % 8).into()));
        map.insert("facility", Value::Int(facility.into()));
        map.insert(
            "facility_text",
            FACILITIES.get(usize::from(facility)).copied().unwrap_or_default().into(),
        );
    }
}

/// The priority that a text of any form starts with: one to three digits in angle brackets.
pub fn leading_priority(text: &str) -> Option<Priority> {
    let digits = digits_in_brackets(text)?;
    Priority::new(digits.parse().ok()?)
}

/// Whether there is something like a priority at any place.
pub fn has_priority_anywhere(text: &str) -> bool {
    text.match_indices('<').any(|(at, _)| digits_in_brackets(text.get(at..).unwrap_or_default()).is_some())
}

fn digits_in_brackets(text: &str) -> Option<&str> {
    let (digits, _) = text.strip_prefix('<')?.split_once('>')?;
    let are_digits = (1..=3).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    are_digits.then_some(digits)
}
