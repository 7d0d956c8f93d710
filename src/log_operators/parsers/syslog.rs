//! Operator `syslog_parser`: messages of RFC 3164 and RFC 5424.

mod framing;
mod message;
mod reading;
mod rfc3164;
mod rfc5424;

use std::borrow::Cow;

use crate::config_section;
use crate::log_operators::{
    BuildContext, InvalidOperator, LogEntry, Operator, OperatorError, OperatorSection, ParserFields, Value,
    ValueMap, ValueParser, WriterFields,
};
use crate::pipeline::Clock;

use self::framing::Framing;
use self::message::{Priority, SyslogMessage, leading_priority};
use super::timestamp::{AbbreviatedZones, Location};

config_section! {
    /// Reads syslog messages: `timestamp`, `priority`, `facility`, `facility_text`, `hostname`, `appname`, `proc_id`,
    /// `msg_id`, `structured_data` and `message`, as far as a message has them. The entry's time and severity are
    /// those of the message, unless a block `timestamp` says where else the time is.
    pub struct SyslogParserConfig {
        /// What every parser has.
        pub [flatten] parser: ParserFields = ParserFields::default(),
        /// The format: `rfc3164`, `rfc5424`, or `none` for messages of any form, of which a priority at the start is
        /// read; needed.
        pub protocol: String = String::new(),
        /// The zone of the times of RFC 3164, which do not say it themselves, such as `Europe/Madrid`. Empty is UTC.
        pub location: String = String::new(),
        /// Whether a message has its length in octets and a space before it (RFC 6587).
        pub enable_octet_counting: bool = false,
        /// Whether messages may lack the priority in angle brackets; those have no severity then.
        pub allow_skip_pri_header: bool = false,
        /// What a message of RFC 5424 ends with (RFC 6587): `LF` or `NUL`. Without it a message ends with the text.
        pub non_transparent_framing_trailer: Option<String> = None,
        /// The most octets that a length may say; 0 means 8192.
        pub max_octets: u64 = 0,
    }
}

impl OperatorSection for SyslogParserConfig {
    const TYPE: &'static str = "syslog_parser";

    fn writer(&self) -> &WriterFields {
        &self.parser.transformer.writer
    }

    fn build(&self, context: &BuildContext) -> Result<Box<dyn Operator>, InvalidOperator> {
        let protocol = self.protocol()?;
        let location = Location::named(&self.location).map_err(|error| {
            let message = format!("failed to load location {}: {error}", self.location);
            InvalidOperator::at("location", message)
        })?;
        let parser = SyslogParser {
            protocol,
            location,
            framing: self.framing(protocol)?,
            may_lack_priority: self.allow_skip_pri_header && !self.enable_octet_counting,
            has_own_timestamp: self.parser.timestamp.is_none(),
            clock: context.clock,
            zones: AbbreviatedZones::default(),
            last: None,
        };
        self.parser.build(context, parser)
    }
}

impl SyslogParserConfig {
    fn protocol(&self) -> Result<Protocol, InvalidOperator> {
        match self.protocol.to_lowercase().as_str() {
            "rfc3164" => Ok(Protocol::Rfc3164),
            "rfc5424" => Ok(Protocol::Rfc5424),
            "none" => Ok(Protocol::None),
            "" => Err(InvalidOperator::whole("missing field 'protocol'")),
            other => Err(InvalidOperator::at("protocol", format!("unsupported protocol version: {other}"))),
        }
    }

    fn framing(&self, protocol: Protocol) -> Result<Framing, InvalidOperator> {
        let invalid = |message: &str| Err(InvalidOperator::at("non_transparent_framing_trailer", message));
        let most_octets = if self.max_octets == 0 { DEFAULT_MOST_OCTETS } else { self.max_octets };
        let Some(trailer) = self.non_transparent_framing_trailer.as_deref() else {
            let counting = Framing::OctetCounting { most_octets };
            return Ok(if self.enable_octet_counting { counting } else { Framing::None });
        };
        if self.enable_octet_counting {
            return invalid("only one of octet_counting or non_transparent_framing can be enabled");
        }
        match (protocol, trailer) {
            (Protocol::None, _) => invalid("non_transparent_framing is not compatible with protocol none"),
            (Protocol::Rfc3164, _) => {
                invalid("non_transparent_framing is only compatible with protocol rfc5424")
            }
            (Protocol::Rfc5424, "LF") => Ok(Framing::Trailer('\n')),
            (Protocol::Rfc5424, "NUL") => Ok(Framing::Trailer('\0')),
            (Protocol::Rfc5424, other) => invalid(&format!(
                "invalid non_transparent_framing_trailer '{other}'. Must be either 'LF' or 'NUL'"
            )),
        }
    }
}

const DEFAULT_MOST_OCTETS: u64 = 8192;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Rfc3164,
    Rfc5424,
    None,
}

struct SyslogParser {
    protocol: Protocol,
    location: Location,
    framing: Framing,
    may_lack_priority: bool,
    /// Whether the message's own time becomes the entry's.
    has_own_timestamp: bool,
    clock: Clock,
    zones: AbbreviatedZones,
    /// What the last message read says of its entry besides the values in the map.
    last: Option<OfEntry>,
}

#[derive(Debug, Clone, Copy)]
struct OfEntry {
    time_unix_nano: Option<u64>,
    priority: Option<Priority>,
}

impl ValueParser for SyslogParser {
    fn parse(&mut self, value: &Value) -> Result<Value, OperatorError> {
        self.last = None;
        let Value::String(text) = value else {
            let message = format!("unable to convert type '{}' to bytes", value.go_type());
            return Err(OperatorError::failed(message));
        };
        if self.protocol == Protocol::None {
            return Ok(Value::Map(self.parse_raw(self.framing.without_count(text))));
        }
        let framed = self.framing.last_message(text).map_err(OperatorError::Failed)?;
        let lacks_priority = self.may_lack_priority && framed.len() > 1 && !framed.starts_with('<');
        let framed = self.with_priority(framed);
        let read = match self.protocol {
            Protocol::Rfc3164 => rfc3164::parse(&framed, self.framing.keeps_newlines()),
            _ => rfc5424::parse(&framed),
        };
        let mut message = read.map_err(|error| OperatorError::failed(error.to_string()))?;
        if lacks_priority {
            message.priority = None;
        }
        self.take(message)
    }

    fn finish(&mut self, entry: &mut LogEntry) -> Result<(), OperatorError> {
        let Some(last) = self.last.take() else {
            return Ok(());
        };
        if let Some(time) = last.time_unix_nano.filter(|_| self.has_own_timestamp) {
            entry.time_unix_nano = Some(time);
        }
        if let Some(priority) = last.priority {
            entry.attributes.remove("severity");
            entry.severity = priority.severity_number();
            entry.severity_text = priority.severity_text().into();
        }
        Ok(())
    }
}

impl SyslogParser {
    /// A message without any priority gets one to be read with, where it may lack it.
    fn with_priority<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.may_lack_priority && !message::has_priority_anywhere(text) {
            return Cow::Owned(format!("<0>{text}"));
        }
        Cow::Borrowed(text)
    }

    fn parse_raw(&mut self, text: &str) -> ValueMap {
        let priority = leading_priority(text);
        self.last = Some(OfEntry { time_unix_nano: None, priority });
        let mut map = ValueMap::with_capacity(5);
        if let Some(priority) = priority {
            priority.put(&mut map);
        }
        map.insert("message", text.into());
        map
    }

    fn take(&mut self, message: SyslogMessage<'_>) -> Result<Value, OperatorError> {
        let time = message.time.as_ref().map(|time| self.zones.moment(time, &self.location, self.clock));
        let time_unix_nano = time.transpose().map_err(|error| OperatorError::failed(error.to_string()))?;
        self.last = Some(OfEntry { time_unix_nano, priority: message.priority });
        Ok(Value::Map(message.into_map()))
    }
}

#[cfg(test)]
mod tests;
