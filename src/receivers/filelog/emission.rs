//! What becomes of entries: records written straight to the wire, or first changed by operators.

use bytes::Bytes;

use super::computed_values::{ComputedValues, fixed_values};
use super::config::FileLogConfig;
use super::encoding::{EntryText, TextEncoding};
use super::file_attributes::FileAttributes;
use super::records::{BodyKind, RecordWriter, encode_resource, put_number_attribute};
use crate::log_operators::{LogEntry, OperatorChain, Value, ValueMap, append_log_entries};
use crate::otlp::{Batch, Signal};
use crate::pipeline::{BuildError, InFlightBytes, Settings};

/// When a batch has so many bytes it goes out.
const BATCH_BYTES: usize = 512 * 1024;

/// When a batch has so many records it goes out.
const BATCH_RECORDS: usize = 8192;

/// So many entries leave the operators before they are written: few enough to be in the processor's cache still.
const ENTRIES_WRITTEN_AT_ONCE: usize = 64;

/// Attributes that are numbers.
const RECORD_NUMBER: &str = "log.file.record_number";
const RECORD_OFFSET: &str = "log.file.record_offset";

/// Makes batches of entries.
pub struct Emitter {
    encoding: TextEncoding,
    trim: Trim,
    says_record_number: bool,
    says_record_offset: bool,
    in_flight: InFlightBytes,
    way: Way,
    /// The attributes of one record.
    attributes: Vec<u8>,
}

enum Way {
    /// There is nothing to change.
    Straight(RecordWriter),
    /// There are operators.
    Changed(Box<ChangedEntries>),
}

struct ChangedEntries {
    chain: OperatorChain,
    resource: ValueMap,
    computed: ComputedValues,
    finished: Vec<LogEntry>,
    /// The entries written since the last batch, as the body of a request.
    body: Vec<u8>,
    /// How many those are.
    items: usize,
}

impl ChangedEntries {
    fn write_finished(&mut self) {
        append_log_entries(&mut self.body, &self.finished);
        self.items += self.finished.len();
        self.finished.clear();
    }
}

/// Which white space around an entry is taken off.
#[derive(Debug, Clone, Copy)]
struct Trim {
    leading: bool,
    trailing: bool,
}

/// Where an entry is from.
#[derive(Debug, Clone, Copy)]
pub struct EntryOrigin {
    /// Which entry of its file it is, from 1.
    pub record_number: u64,
    /// At which byte of its file it begins.
    pub offset: u64,
    /// When it was read.
    pub unix_nano: u64,
}

impl Emitter {
    /// As `config` says.
    pub fn new(
        config: &FileLogConfig,
        encoding: TextEncoding,
        settings: &Settings,
    ) -> Result<Self, BuildError> {
        let resource = fixed_values(&config.resource);
        let computed = ComputedValues::new(config)?;
        let way = if config.operators.is_empty() && computed.is_empty() {
            Way::Straight(RecordWriter::new(encode_resource(&resource)))
        } else {
            let chain = OperatorChain::build(&config.operators, settings)?;
            let changed = ChangedEntries {
                chain,
                resource,
                computed,
                finished: Vec::new(),
                body: Vec::new(),
                items: 0,
            };
            Way::Changed(Box::new(changed))
        };
        let is_text = encoding != TextEncoding::Bytes;
        Ok(Self {
            encoding,
            trim: Trim {
                leading: is_text && !config.preserve_leading_whitespaces,
                trailing: is_text && !config.preserve_trailing_whitespaces,
            },
            says_record_number: config.file_attributes.include_file_record_number,
            says_record_offset: config.file_attributes.include_file_record_offset,
            in_flight: settings.in_flight.clone(),
            way,
            attributes: Vec::new(),
        })
    }

    /// Takes the entry whose text is written in `bytes`. Empty ones are left out.
    pub fn put(&mut self, bytes: &[u8], of_file: &FileAttributes, origin: EntryOrigin) {
        let bytes = if self.encoding.is_utf_16() { bytes } else { self.trim.bytes(bytes) };
        if bytes.is_empty() {
            return;
        }
        let mut text = self.encoding.decode(bytes);
        if self.encoding.is_utf_16()
            && let EntryText::Text(decoded) = &text
        {
            text = EntryText::Text(self.trim.text(decoded).to_owned().into());
        }
        match &mut self.way {
            Way::Straight(writer) => {
                let mut attributes = of_file.encoded.as_slice();
                if self.says_record_number || self.says_record_offset {
                    self.attributes.clear();
                    self.attributes.extend_from_slice(attributes);
                    if self.says_record_number {
                        put_number_attribute(&mut self.attributes, RECORD_NUMBER, origin.record_number);
                    }
                    if self.says_record_offset {
                        put_number_attribute(&mut self.attributes, RECORD_OFFSET, origin.offset);
                    }
                    attributes = &self.attributes;
                }
                let (kind, body) = match &text {
                    EntryText::Text(text) => (BodyKind::Text, text.as_bytes()),
                    EntryText::Bytes(bytes) => (BodyKind::Bytes, *bytes),
                };
                if !body.is_empty() {
                    writer.put(kind, body, attributes, origin.unix_nano);
                }
            }
            Way::Changed(changed) => {
                let body = match text {
                    EntryText::Text(text) => Value::String(text.into()),
                    EntryText::Bytes(bytes) => Value::Bytes(Bytes::copy_from_slice(bytes)),
                };
                let mut entry = LogEntry::new(origin.unix_nano, body);
                entry.resource = changed.resource.clone();
                changed.computed.add_to(&mut entry);
                entry.attributes.merge(of_file.values.clone());
                if self.says_record_number {
                    entry.attributes.insert(RECORD_NUMBER, Value::Int(origin.record_number.cast_signed()));
                }
                if self.says_record_offset {
                    entry.attributes.insert(RECORD_OFFSET, Value::Int(origin.offset.cast_signed()));
                }
                changed.chain.process(entry, &mut changed.finished);
                if changed.finished.len() >= ENTRIES_WRITTEN_AT_ONCE {
                    changed.write_finished();
                }
            }
        }
    }

    /// Lets operators send on what they held back until now.
    pub fn tick(&mut self) {
        if let Way::Changed(changed) = &mut self.way {
            changed.chain.tick(&mut changed.finished);
        }
    }

    /// Lets operators send on all they hold back.
    pub fn flush(&mut self) {
        if let Way::Changed(changed) = &mut self.way {
            changed.chain.flush(&mut changed.finished);
        }
    }

    /// Whether operators hold entries back.
    pub fn holds_entries(&self) -> bool {
        match &self.way {
            Way::Straight(_) => false,
            Way::Changed(changed) => changed.chain.next_deadline().is_some(),
        }
    }

    /// Whether there is enough for a batch.
    pub fn is_full(&self) -> bool {
        match &self.way {
            Way::Straight(writer) => writer.bytes() >= BATCH_BYTES || writer.items() >= BATCH_RECORDS,
            Way::Changed(changed) => changed.body.len() >= BATCH_BYTES || changed.items >= BATCH_RECORDS,
        }
    }

    /// The batch of what there is; none where there is nothing.
    pub fn take(&mut self) -> Option<Batch> {
        match &mut self.way {
            Way::Straight(writer) => writer.take(&self.in_flight),
            Way::Changed(changed) => {
                changed.write_finished();
                let items = std::mem::take(&mut changed.items);
                if items == 0 {
                    return None;
                }
                // The next batch is about as large, and grows by half a megabyte where there is no room for all of it.
                let room = Vec::with_capacity(changed.body.len() / 8 * 9);
                let body = Bytes::from(std::mem::replace(&mut changed.body, room));
                Some(Batch::from_valid_part(Signal::Logs, self.in_flight.track(body), items))
            }
        }
    }
}

impl Trim {
    fn bytes(self, mut bytes: &[u8]) -> &[u8] {
        while let [rest @ .., last] = bytes
            && self.trailing
            && is_space(*last)
        {
            bytes = rest;
        }
        while let [first, rest @ ..] = bytes
            && self.leading
            && is_space(*first)
        {
            bytes = rest;
        }
        bytes
    }

    fn text(self, text: &str) -> &str {
        let is_space = |character: char| u8::try_from(character).is_ok_and(is_space);
        let text = if self.trailing { text.trim_end_matches(is_space) } else { text };
        if self.leading { text.trim_start_matches(is_space) } else { text }
    }
}

const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}
