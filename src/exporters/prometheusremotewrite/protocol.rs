//! The two versions of the protocol, and what differs between them for whoever writes labels.
//!
//! See <https://prometheus.io/docs/specs/prw/remote_write_spec/> and
//! <https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/>.

use std::collections::HashMap;

use crate::otlp::wire::{put_length_delimited, put_message, put_varint};

/// A version of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    /// 1.0: every label is written out.
    V1,
    /// 2.0: texts are written once and referred to.
    V2,
}

impl Protocol {
    const ALL: [Self; 2] = [Self::V1, Self::V2];

    /// The full name of the protobuf message.
    pub const fn message_name(self) -> &'static str {
        match self {
            Self::V1 => "prometheus.WriteRequest",
            Self::V2 => "io.prometheus.write.v2.Request",
        }
    }

    /// The version whose message has this name.
    pub fn of_message_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|protocol| protocol.message_name() == name)
    }

    /// The `Content-Type` of requests.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::V1 => "application/x-protobuf",
            Self::V2 => "application/x-protobuf;proto=io.prometheus.write.v2.Request",
        }
    }

    /// The `X-Prometheus-Remote-Write-Version` of requests.
    pub const fn version(self) -> &'static str {
        match self {
            Self::V1 => "0.1.0",
            Self::V2 => "2.0.0",
        }
    }
}

/// Writes labels, in the second version as references to the texts it collects.
pub(super) struct LabelWriter {
    protocol: Protocol,
    symbols: Symbols,
}

/// Texts by number, the empty one being 0.
pub(super) struct Symbols {
    numbers: HashMap<Box<str>, u32>,
    /// The field `symbols` of a request, once for each text.
    encoded: Vec<u8>,
}

impl LabelWriter {
    pub fn new(protocol: Protocol) -> Self {
        Self { protocol, symbols: Symbols::new() }
    }

    /// Appends a label to what [`put_list`](Self::put_list) takes.
    pub fn put(&mut self, out: &mut Vec<u8>, name: &str, value: &str) {
        match self.protocol {
            Protocol::V1 => put_message(out, 1, |out| {
                put_length_delimited(out, 1, name.as_bytes());
                put_length_delimited(out, 2, value.as_bytes());
            }),
            Protocol::V2 => {
                put_varint(out, u64::from(self.symbols.number_of(name)));
                put_varint(out, u64::from(self.symbols.number_of(value)));
            }
        }
    }

    /// Appends the labels to a series or an exemplar, as its field 1.
    pub fn put_list(&self, out: &mut Vec<u8>, labels: &[u8]) {
        match self.protocol {
            Protocol::V1 => out.extend_from_slice(labels),
            Protocol::V2 => put_length_delimited(out, 1, labels),
        }
    }

    /// What a request has before its series.
    pub fn encoded_symbols(&self) -> &[u8] {
        match self.protocol {
            Protocol::V1 => &[],
            Protocol::V2 => &self.symbols.encoded,
        }
    }

    pub const fn protocol(&self) -> Protocol {
        self.protocol
    }
}

impl Symbols {
    /// The empty text alone.
    fn new() -> Self {
        let mut symbols = Self { numbers: HashMap::new(), encoded: Vec::new() };
        symbols.number_of("");
        symbols
    }

    fn number_of(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
        self.numbers.insert(text.into(), number);
        put_length_delimited(&mut self.encoded, 4, text.as_bytes());
        number
    }
}
