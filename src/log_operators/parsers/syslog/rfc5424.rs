//! The syslog protocol of RFC 5424.

use std::borrow::Cow;
use std::sync::LazyLock;

use super::message::SyslogMessage;
use super::reading::{Reading, SyslogError};
use crate::log_operators::parsers::timestamp::{GoLayout, TimeFields};
use crate::log_operators::{Value, ValueMap};

static RFC3339_MICRO: LazyLock<GoLayout> =
    LazyLock::new(|| GoLayout::new("2006-01-02T15:04:05.999999Z07:00"));

/// Reads a message.
///
/// # Errors
///
/// What is expected and where.
pub fn parse(text: &str) -> Result<SyslogMessage<'_>, SyslogError> {
    let mut reading = Reading::new(text);
    let priority = reading.priority()?;
    let version = version(&mut reading)?;
    reading.expect(' ', VERSION)?;
    let time = time(&mut reading)?;
    let mut field = |most: usize, what: &str| {
        reading.expect(' ', what)?;
        reading.graphic(most, what).map(Cow::Borrowed)
    };
    let mut message = SyslogMessage {
        priority: Some(priority),
        version: Some(version),
        time,
        hostname: Some(field(255, HOSTNAME)?),
        appname: Some(field(48, APPNAME)?),
        proc_id: Some(field(128, PROCID)?),
        msg_id: Some(field(32, MSGID)?),
        ..SyslogMessage::default()
    };
    reading.expect(' ', MSGID)?;
    message.structured_data = structured_data(&mut reading)?;
    if !reading.rest().is_empty() {
        reading.expect(' ', "parsing error")?;
        message.message = Some(Cow::Borrowed(reading.rest()));
    }
    Ok(message)
}

const VERSION: &str = "expecting a version value in the range 1-999";
const TIMESTAMP: &str = "expecting a RFC3339MICRO timestamp or a nil value";
const HOSTNAME: &str = "expecting an hostname (from 1 to max 255 US-ASCII characters) or a nil value";
const APPNAME: &str = "expecting an app-name (from 1 to max 48 US-ASCII characters) or a nil value";
const PROCID: &str = "expecting a procid (from 1 to max 128 US-ASCII characters) or a nil value";
const MSGID: &str = "expecting a msgid (from 1 to max 32 US-ASCII characters) or a nil value";
const STRUCTURED_DATA: &str = "expecting a structured data section containing one or more elements \
    (`[id( key=\"value\")*]+`) or a nil value";
const ELEMENT_ID: &str = "expecting a structured data element id (from 1 to max 32 US-ASCII characters; except `=`, \
    ` `, `]`, and `\"`";
const PARAMETER: &str = "expecting a structured data parameter (`key=\"value\"`, both part from 1 to max 32 US-ASCII \
    characters; key cannot contain `=`, ` `, `]`, and `\"`, while value cannot contain `]`, backslash, and `\"` \
    unless escaped)";
const ESCAPE: &str = "expecting chars `]`, `\"`, and `\\` to be escaped within param value";

fn version(reading: &mut Reading<'_>) -> Result<i64, SyslogError> {
    let digits = reading.count(3, |byte| byte.is_ascii_digit());
    let error = reading.error(VERSION, 0);
    let digits = reading.take(digits, VERSION)?;
    digits.parse().ok().filter(|_| !digits.starts_with('0')).ok_or(error)
}

fn time<'t>(reading: &mut Reading<'t>) -> Result<Option<TimeFields<'t>>, SyslogError> {
    if reading.passes('-') {
        return Ok(None);
    }
    let octets = reading.count(usize::MAX, |byte| byte != b' ');
    let text = reading.rest().get(..octets).unwrap_or_default();
    let fraction = text.split_once('.').map_or("", |(_, behind)| behind);
    let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
    // Go's layout takes more than the RFC has: a comma before a fraction, and one of any length.
    if digits > 6 || text.contains(',') || text.ends_with('.') {
        return Err(reading.error(TIMESTAMP, 0));
    }
    reading.time(octets, &RFC3339_MICRO, TIMESTAMP).map(Some)
}

fn structured_data(reading: &mut Reading<'_>) -> Result<Option<ValueMap>, SyslogError> {
    if reading.passes('-') {
        return Ok(None);
    }
    let mut elements = ValueMap::new();
    reading.expect('[', STRUCTURED_DATA)?;
    loop {
        let id = name(reading, ELEMENT_ID)?;
        if elements.get(id).is_some() {
            return Err(reading.error("duplicate structured data element id", 0));
        }
        let mut parameters = ValueMap::new();
        while reading.passes(' ') {
            let name = name(reading, PARAMETER)?;
            reading.expect('=', PARAMETER)?;
            reading.expect('"', PARAMETER)?;
            parameters.insert(name, parameter_value(reading)?.into());
        }
        reading.expect(']', STRUCTURED_DATA)?;
        elements.insert(id, Value::Map(parameters));
        if !reading.passes('[') {
            return Ok(Some(elements));
        }
    }
}

fn name<'t>(reading: &mut Reading<'t>, what: &str) -> Result<&'t str, SyslogError> {
    let is_of_name = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'=' | b']' | b'"');
    match reading.count(32, is_of_name) {
        0 => Err(reading.error(what, 0)),
        octets => reading.take(octets, what),
    }
}

/// Reads up to and with the closing quotation mark.
fn parameter_value(reading: &mut Reading<'_>) -> Result<String, SyslogError> {
    let mut value = String::new();
    loop {
        let plain = reading.count(usize::MAX, |byte| !matches!(byte, b'"' | b'\\' | b']'));
        value.push_str(reading.take(plain, PARAMETER)?);
        if reading.passes('"') {
            return Ok(value);
        }
        if !reading.passes('\\') {
            return Err(reading.error(if reading.rest().is_empty() { PARAMETER } else { ESCAPE }, 0));
        }
        match reading.rest().chars().next() {
            Some(escaped @ ('"' | '\\' | ']')) => {
                value.push(escaped);
                reading.expect(escaped, ESCAPE)?;
            }
            _ => return Err(reading.error(ESCAPE, 0)),
        }
    }
}
