//! Which fields the messages of OTLP/JSON have, for readers stricter than a receiver may be: the
//! specification has receivers skip what they do not know.

use super::schema::{self, Kind, Message};
use crate::otlp::Signal;

/// One kind of message inside a request.
#[derive(Clone, Copy)]
pub struct MessageShape(&'static Message);

impl MessageShape {
    /// The `Export*ServiceRequest` of a signal.
    pub fn request(signal: Signal) -> Self {
        Self(schema::export_request(signal))
    }

    /// True where the message has a field called `key`, in either spelling.
    pub fn has_field(self, key: &str) -> bool {
        self.0.field_named(key).is_some()
    }

    /// The message, or each message of the list, under `key`; none for other kinds of field.
    pub fn message_in(self, key: &str) -> Option<Self> {
        match self.0.field_named(key)?.1.kind {
            Kind::Message(message) => Some(Self(message)),
            _ => None,
        }
    }

    /// The lowerCamelCase names of all fields.
    pub fn field_names(self) -> Vec<&'static str> {
        self.0.fields.iter().map(|field| field.name).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_known_in_both_spellings_at_any_depth() {
        let request = MessageShape::request(Signal::Traces);
        assert_eq!(request.field_names(), ["resourceSpans"]);
        let span = request
            .message_in("resourceSpans")
            .and_then(|group| group.message_in("scope_spans"))
            .and_then(|group| group.message_in("spans"))
            .unwrap();
        assert!(span.has_field("traceId") && span.has_field("trace_id"));
        assert!(!span.has_field("traceID"));
        assert!(span.message_in("traceId").is_none(), "an id is no message");
    }
}
