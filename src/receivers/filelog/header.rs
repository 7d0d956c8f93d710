//! The lines at the beginning of a file that say something of all its entries.

use std::fs::File;
use std::io;
use std::sync::Arc;

use regex::bytes::Regex;

use super::config::HeaderConfig;
use super::encoding::{EntryText, TextEncoding};
use super::source::{GzipPlace, Source};
use super::splitting::{Boundary, Cut, Splitter};
use crate::config::compile_go_regexp;
use crate::log_operators::{LogEntry, OperatorChain, ValueMap};
use crate::pipeline::{BuildError, Settings};

/// Reads headers.
pub struct HeaderReader {
    pattern: Regex,
    chain: OperatorChain,
    splitter: Splitter,
    encoding: TextEncoding,
}

/// What a header says.
#[derive(Debug)]
pub struct Header {
    /// The attributes of all records of the file.
    pub attributes: ValueMap,
    /// How many bytes it takes.
    pub length: u64,
}

impl HeaderReader {
    /// A reader of headers as `config` says.
    pub fn new(
        config: &HeaderConfig,
        encoding: TextEncoding,
        splitter: impl FnOnce(Boundary) -> Splitter,
        settings: &Settings,
    ) -> Result<Self, BuildError> {
        let pattern = compile_go_regexp(&config.pattern).map_err(|error| BuildError(error.to_string()))?;
        let chain = OperatorChain::build(&config.metadata_operators, settings)?;
        Ok(Self { pattern, chain, splitter: splitter(Boundary::LineEnd(encoding)), encoding })
    }

    /// The header of `file`; none where it may not be whole yet.
    pub fn read(
        &mut self,
        file: &Arc<File>,
        gzip: Option<GzipPlace>,
        buffer: &mut Vec<u8>,
        unix_nano: u64,
    ) -> io::Result<Option<Header>> {
        let mut source = Source::open(file, 0, gzip.map(|_| GzipPlace::default()))?;
        let mut header = Header { attributes: ValueMap::new(), length: 0 };
        let mut filled = 0;
        loop {
            if filled == buffer.len() {
                buffer.resize(2 * filled, 0);
            }
            let room = buffer.get_mut(filled..).unwrap_or_default();
            let (room_length, read) = (room.len(), source.read_fully(room)?);
            filled += read;
            let mut start = 0;
            while let Some(rest) = buffer.get(start..filled)
                && let Some(Cut::Entry { length, text }) = self.splitter.first_cut(rest, false, &mut false)
            {
                let line = rest.get(text).unwrap_or_default();
                if !self.take_line(line, &mut header.attributes, unix_nano) {
                    return Ok(Some(header));
                }
                start += length;
                header.length += length as u64;
            }
            buffer.copy_within(start..filled, 0);
            filled -= start;
            if read < room_length {
                return Ok(None);
            }
        }
    }

    /// Takes the attributes out of a line; false where it belongs to no header.
    fn take_line(&mut self, line: &[u8], attributes: &mut ValueMap, unix_nano: u64) -> bool {
        let text = match self.encoding.decode(line) {
            EntryText::Text(text) => text.into_owned(),
            EntryText::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        };
        let text = text.trim_matches(['\r', '\n']);
        if !self.pattern.is_match(text.as_bytes()) {
            return false;
        }
        let mut finished = Vec::new();
        self.chain.process(LogEntry::new(unix_nano, text.into()), &mut finished);
        for entry in finished {
            for (key, value) in entry.attributes.iter() {
                attributes.insert(key, value.clone());
            }
        }
        true
    }
}
