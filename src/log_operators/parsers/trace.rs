//! The operator `trace_parser` and the block `trace` of parsers: trace id, span id and flags of an entry read out
//! of fields.

use std::borrow::Cow;

use crate::config::config_section;
use crate::log_operators::{
    BuildContext, EntryTransform, Field, InvalidOperator, LogEntry, Operator, OperatorError, OperatorSection,
    TransformerFields, Value, WriterFields,
};

config_section! {
    /// Reads the trace id, span id and trace flags of an entry, written in hexadecimal, out of fields. A field that
    /// an entry does not have leaves its part empty.
    pub struct TraceConfig {
        /// Where the trace id is.
        pub trace_id: HexadecimalField = HexadecimalField::at("trace_id"),
        /// Where the span id is.
        pub span_id: HexadecimalField = HexadecimalField::at("span_id"),
        /// Where the trace flags are.
        pub trace_flags: HexadecimalField = HexadecimalField::at("trace_flags"),
    }
}

config_section! {
    /// A field with bytes in hexadecimal.
    pub struct HexadecimalField {
        /// The field to read. By default it is the body's under the name of the block.
        pub parse_from: Field = Field::body(),
    }
}

impl HexadecimalField {
    fn at(key: &str) -> Self {
        Self { parse_from: Field::of_body(key) }
    }

    fn read(&self, entry: &LogEntry) -> Result<Vec<u8>, String> {
        self.parse_from
            .get(entry)
            .map_or_else(|| Ok(Vec::new()), |value| decode_hexadecimal(&text_of(&value)))
    }
}

config_section! {
    /// Reads the trace id, span id and trace flags of an entry, written in hexadecimal, out of fields.
    pub struct TraceParserConfig {
        /// `id`, `output`, `on_error`, `if`.
        pub [flatten] transformer: TransformerFields = TransformerFields::default(),
        /// What is read, and from where.
        pub [flatten] trace: TraceConfig = TraceConfig::default(),
    }
}

impl OperatorSection for TraceParserConfig {
    const TYPE: &'static str = "trace_parser";

    fn writer(&self) -> &WriterFields {
        &self.transformer.writer
    }

    fn build(&self, context: &BuildContext) -> Result<Box<dyn Operator>, InvalidOperator> {
        self.transformer.build(context, self.trace.clone())
    }
}

/// What cannot be read is left empty.
impl EntryTransform for TraceConfig {
    fn transform(&mut self, entry: &mut LogEntry) -> Result<(), OperatorError> {
        let mut details = Vec::new();
        let mut read = |name: &str, field: &HexadecimalField| {
            field.read(entry).unwrap_or_else(|error| {
                details.push(format!("{}:{}", Value::from(name).to_json(), Value::from(error).to_json()));
                Vec::new()
            })
        };
        let span_id = read("span_id", &self.span_id);
        let flags = read("trace_flags", &self.trace_flags);
        let trace_id = read("trace_id", &self.trace_id);
        entry.trace_id = trace_id;
        entry.span_id = span_id;
        entry.trace_flags = flags.first().map(|flags| u32::from(*flags));
        if details.is_empty() {
            return Ok(());
        }
        Err(OperatorError::failed(format!("Error decoding traces for logs: {{{}}}", details.join(","))))
    }
}

/// The value as Go prints it, which for texts and numbers is what was meant.
fn text_of(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        Value::Int(number) => Cow::Owned(number.to_string()),
        Value::Double(number) => Cow::Owned(number.to_string()),
        other => Cow::Owned(other.to_json()),
    }
}

fn decode_hexadecimal(text: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::with_capacity(text.len() / 2);
    let mut high = None;
    for character in text.chars() {
        let digit = character.to_digit(16).ok_or_else(|| {
            format!("encoding/hex: invalid byte: U+{:04X} '{character}'", u32::from(character))
        })?;
        match high.take() {
            None => high = Some(digit),
            Some(high) => bytes.push((high << 4 | digit) as u8),
        }
    }
    if high.is_some() {
        return Err("encoding/hex: odd length hex string".to_owned());
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log_operators::ValueMap;

    fn entry(fields: &[(&str, &str)]) -> LogEntry {
        LogEntry::new(1, Value::Map(fields.iter().copied().collect::<ValueMap>()))
    }

    #[test]
    fn ids_and_flags_are_read() {
        let mut entry = entry(&[
            ("trace_id", "480140f3d770a5ae32f0a22b6a812cff"),
            ("span_id", "92C3792D54BA94F3"),
            ("trace_flags", "01"),
        ]);
        TraceConfig::default().transform(&mut entry).unwrap();
        assert_eq!(entry.trace_id, 0x4801_40f3_d770_a5ae_32f0_a22b_6a81_2cff_u128.to_be_bytes());
        assert_eq!(entry.span_id, 0x92c3_792d_54ba_94f3_u64.to_be_bytes());
        assert_eq!(entry.trace_flags, Some(1));
    }

    #[test]
    fn fields_are_where_configured_and_may_be_missing() {
        let mut config = TraceConfig::default();
        config.span_id.parse_from = Field::of_attributes("span");
        let mut entry = LogEntry { trace_id: vec![9], ..LogEntry::default() };
        entry.attributes.insert("span", Value::Int(12));
        config.transform(&mut entry).unwrap();
        assert_eq!((entry.trace_id, entry.span_id, entry.trace_flags), (vec![], vec![0x12], None));
    }

    #[test]
    fn what_is_not_hexadecimal_is_told_and_the_rest_kept() {
        let mut entry = entry(&[("trace_id", "0x12"), ("span_id", "123"), ("trace_flags", "ff")]);
        let error = TraceConfig::default().transform(&mut entry).unwrap_err();
        assert_eq!(
            error.to_string(),
            "Error decoding traces for logs: {\"span_id\":\"encoding/hex: odd length hex string\",\
             \"trace_id\":\"encoding/hex: invalid byte: U+0078 'x'\"}"
        );
        assert_eq!((entry.trace_id, entry.span_id, entry.trace_flags), (vec![], vec![], Some(0xff)));
    }
}
