//! The BSD syslog protocol, RFC 3164, as far as its writers keep to it.

use std::borrow::Cow;
use std::sync::LazyLock;

use super::message::SyslogMessage;
use super::reading::{Reading, SyslogError};
use crate::log_operators::parsers::timestamp::GoLayout;

static STAMP: LazyLock<GoLayout> = LazyLock::new(|| GoLayout::new("Jan _2 15:04:05"));

/// The length of `Oct 11 22:14:15`.
const STAMP_OCTETS: usize = 15;

/// Reads a message. Days may have a zero before them, the host may be missing, and more spaces may stand
/// between the parts. `keeps_newlines` allows line ends within the message.
///
/// # Errors
///
/// What is expected and where.
pub fn parse(text: &str, keeps_newlines: bool) -> Result<SyslogMessage<'_>, SyslogError> {
    let mut reading = Reading::new(text);
    let priority = reading.priority()?;
    reading.skip_spaces();
    let expected = "expecting a Stamp timestamp";
    if !looks_like_a_stamp(reading.rest()) {
        return Err(reading.error(expected, 0));
    }
    let time = reading.time(STAMP_OCTETS, &STAMP, expected)?;
    reading.expect(' ', expected)?;
    reading.skip_spaces();
    let mut message =
        SyslogMessage { priority: Some(priority), time: Some(time), ..SyslogMessage::default() };
    message.hostname = hostname(&mut reading).map(Cow::Borrowed);
    let rest = reading.rest();
    let rest = if keeps_newlines { rest } else { rest.strip_suffix('\n').unwrap_or(rest) };
    let is_allowed = |byte: u8| {
        matches!(byte, b' '..=b'~' | b'\t' | 0x80..) || (keeps_newlines && matches!(byte, b'\n' | b'\r'))
    };
    if let Some(at) = rest.bytes().position(|byte| !is_allowed(byte)) {
        return Err(reading.error("expecting a message composed by visible characters only", at));
    }
    if rest.is_empty() {
        return Err(reading.error("expecting a message", 0));
    }
    read_tag(rest, &mut message);
    Ok(message)
}

/// Go's layout takes more than the RFC has; this is what the RFC has.
fn looks_like_a_stamp(text: &str) -> bool {
    let shape = b"Aaa d9 99:99:99";
    text.len() >= STAMP_OCTETS
        && text.bytes().zip(shape).all(|(byte, shape)| match shape {
            b'A' => byte.is_ascii_uppercase(),
            b'a' => byte.is_ascii_lowercase(),
            b'd' => matches!(byte, b' ' | b'0'..=b'3'),
            b'9' => byte.is_ascii_digit(),
            other => byte == *other,
        })
}

/// The first word is the host, unless it has a colon, as tags have.
fn hostname<'t>(reading: &mut Reading<'t>) -> Option<&'t str> {
    let (word, behind) = reading.rest().split_once(' ')?;
    let is_host = (1..=255).contains(&word.len())
        && word.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':')
        && !behind.trim_start_matches(' ').is_empty();
    if !is_host {
        return None;
    }
    let word = reading.take(word.len(), "").ok()?;
    reading.skip_spaces();
    Some(word)
}

/// Takes a tag, such as `su:` or `sshd[411]:`, off the start. Where it is not followed by a space the message
/// keeps it; where the brackets are not followed by a colon the message starts within them, as the Collector's
/// does.
fn read_tag<'t>(rest: &'t str, message: &mut SyslogMessage<'t>) {
    message.message = Some(Cow::Borrowed(rest));
    let is_of_tag = |byte: &u8| matches!(byte, b'!'..=b'~') && !matches!(byte, b':' | b'[');
    let length = rest.bytes().take(MOST_OF_TAG + 1).take_while(is_of_tag).count();
    if length == 0 || length > MOST_OF_TAG {
        return;
    }
    let (tag, behind) = rest.split_at_checked(length).unwrap_or_default();
    if let Some(content) = behind.strip_prefix('[') {
        message.appname = Some(Cow::Borrowed(tag));
        let end = content.find(['[', ']']).unwrap_or(content.len());
        if end > 0 {
            message.message = Some(Cow::Borrowed(content));
        }
        let (content, behind) = content.split_at_checked(end).unwrap_or_default();
        let Some(behind) = behind.strip_prefix(']') else {
            return;
        };
        message.proc_id = Some(Cow::Borrowed(content));
        if let Some(text) = behind.strip_prefix(": ").filter(|text| !text.is_empty()) {
            message.message = Some(Cow::Borrowed(text));
        }
        return;
    }
    if let Some(behind) = behind.strip_prefix(':') {
        message.appname = Some(Cow::Borrowed(tag));
        if let Some(text) = behind.strip_prefix(' ').filter(|text| !text.is_empty()) {
            message.message = Some(Cow::Borrowed(text));
        }
    }
}

/// The RFC has 32; there are devices that write more.
const MOST_OF_TAG: usize = 48;
