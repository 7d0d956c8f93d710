//! The two versions of the protocol, and how labels are written in each.
//!
//! See <https://prometheus.io/docs/specs/prw/remote_write_spec/> and
//! <https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/>.

use std::collections::HashMap;

use crate::otlp::wire::{put_length_delimited, put_message, put_varint, read_varint};

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

/// Encodes labels for the series of one batch, in the second version as the numbers of texts it collects.
pub(super) struct LabelWriter {
    protocol: Protocol,
    numbers: HashMap<Box<str>, u32>,
    texts: Vec<Box<str>>,
}

/// The texts that the series of one request refer to, numbered from 0, which is the empty text.
pub(super) struct RequestSymbols {
    /// By the number in the batch; [`UNUSED`] for texts that were not referred to.
    numbers: Vec<u32>,
    count: u32,
    /// The field `symbols` of the request, once for each text.
    encoded: Vec<u8>,
}

const UNUSED: u32 = u32::MAX;

impl LabelWriter {
    pub fn new(protocol: Protocol) -> Self {
        let mut writer = Self { protocol, numbers: HashMap::new(), texts: Vec::new() };
        writer.number_of("");
        writer
    }

    pub const fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Appends an encoded label.
    pub fn put(&mut self, out: &mut Vec<u8>, name: &str, value: &str) {
        match self.protocol {
            Protocol::V1 => put_message(out, 1, |out| {
                put_length_delimited(out, 1, name.as_bytes());
                put_length_delimited(out, 2, value.as_bytes());
            }),
            Protocol::V2 => {
                put_varint(out, u64::from(self.number_of(name)));
                put_varint(out, u64::from(self.number_of(value)));
            }
        }
    }

    /// The number of a text.
    pub fn number_of(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = u32::try_from(self.texts.len()).unwrap_or(UNUSED);
        self.numbers.insert(text.into(), number);
        self.texts.push(text.into());
        number
    }

    /// Appends encoded labels to a series or an exemplar, as its field 1.
    pub fn put_list(&self, out: &mut Vec<u8>, labels: &[u8], symbols: &mut RequestSymbols) {
        match self.protocol {
            Protocol::V1 => out.extend_from_slice(labels),
            Protocol::V2 => put_message(out, 1, |out| {
                let mut rest = labels;
                while let Ok((number, behind)) = read_varint(rest) {
                    let number = u32::try_from(number).unwrap_or_default();
                    put_varint(out, u64::from(symbols.number_of(number, &self.texts)));
                    rest = behind;
                }
            }),
        }
    }

    /// The number in the request of a text with a number in the batch.
    pub fn number_in(&self, symbols: &mut RequestSymbols, number: u32) -> u32 {
        symbols.number_of(number, &self.texts)
    }
}

impl RequestSymbols {
    /// The empty text alone; nothing in the first version.
    pub fn new(writer: &LabelWriter) -> Self {
        let mut symbols = Self { numbers: Vec::new(), count: 0, encoded: Vec::new() };
        if writer.protocol == Protocol::V2 {
            symbols.number_of(0, &writer.texts);
        }
        symbols
    }

    /// What a request has before its series.
    pub fn into_encoded(self) -> Vec<u8> {
        self.encoded
    }

    /// How long that is.
    pub const fn encoded_length(&self) -> usize {
        self.encoded.len()
    }

    fn number_of(&mut self, number_in_batch: u32, texts: &[Box<str>]) -> u32 {
        let place = number_in_batch as usize;
        if place >= self.numbers.len() {
            self.numbers.resize(texts.len().max(place + 1), UNUSED);
        }
        let Some(number) = self.numbers.get_mut(place) else { return 0 };
        if *number == UNUSED {
            *number = self.count;
            self.count += 1;
            let text = texts.get(place).map_or(&[][..], |text| text.as_bytes());
            put_length_delimited(&mut self.encoded, 4, text);
        }
        *number
    }
}
