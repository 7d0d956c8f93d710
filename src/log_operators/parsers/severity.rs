//! The operator `severity_parser` and the block `severity` of parsers: the severity of an entry read out of a
//! field.

mod mapping;

use std::collections::BTreeMap;

use super::timestamp::missing_field;
use crate::config::{Anything, config_section};
use crate::log_operators::{
    BuildContext, EntryTransform, Field, InvalidOperator, LogEntry, Operator, OperatorError, OperatorSection,
    Text, TransformerFields, Value, WriterFields, severity_name,
};

use self::mapping::SeverityMapping;

config_section! {
    /// Reads the severity of an entry out of a field.
    ///
    /// Without a mapping the names and numbers of OTLP are known in any case (`info`, `WARN3`, `17`), and besides
    /// `warning` and `err` with the same numerals.
    pub struct SeverityConfig {
        /// The field with the severity; needed.
        pub parse_from: Option<Field> = None,
        /// The mapping to start from: `none` for an empty one, `otel` for the names and numbers of OTLP alone.
        pub preset: String = String::new(),
        /// More values for severities, by the name or number of the severity: a text, a whole number, a range
        /// such as `{min: 500, max: 599}`, one of `2xx`, `3xx`, `4xx`, `5xx`, or a list of these.
        pub mapping: BTreeMap<String, Anything> = BTreeMap::new(),
        /// Whether the severity text becomes the name of the severity, such as `ERROR2`, instead of what the field
        /// has. Texts of unknown severities stay.
        pub overwrite_text: bool = false,
    }
}

config_section! {
    /// Reads the severity of an entry out of a field.
    pub struct SeverityParserConfig {
        /// `id`, `output`, `on_error`, `if`.
        pub [flatten] transformer: TransformerFields = TransformerFields::default(),
        /// What is read, and from where.
        pub [flatten] severity: SeverityConfig = SeverityConfig::default(),
    }
}

impl OperatorSection for SeverityParserConfig {
    const TYPE: &'static str = "severity_parser";

    fn writer(&self) -> &WriterFields {
        &self.transformer.writer
    }

    fn build(&self, context: &BuildContext) -> Result<Box<dyn Operator>, InvalidOperator> {
        self.transformer.build(context, self.severity.parser()?)
    }
}

/// Reads severities, as configured.
#[derive(Debug)]
pub struct SeverityParser {
    parse_from: Field,
    mapping: SeverityMapping,
    overwrite_text: bool,
    /// The last text that was looked up, with its severity: most lines have that of the one before.
    last: (Text, u8),
}

impl SeverityConfig {
    /// Makes a parser of what is configured.
    ///
    /// # Errors
    ///
    /// What is missing or cannot be, in the Collector's words.
    pub fn parser(&self) -> Result<SeverityParser, InvalidOperator> {
        let mut mapping = SeverityMapping::preset(&self.preset);
        for (severity, values) in &self.mapping {
            mapping
                .add_configured(severity, &values.0)
                .map_err(|error| InvalidOperator::at(severity, error).within("mapping"))?;
        }
        let Some(parse_from) = self.parse_from.clone() else {
            return Err(InvalidOperator::whole("missing required field 'parse_from'"));
        };
        let last = (Text::default(), mapping.find(""));
        Ok(SeverityParser { parse_from, mapping, overwrite_text: self.overwrite_text, last })
    }
}

/// A value that is not in the mapping is kept as the text, with the number 0.
impl EntryTransform for SeverityParser {
    fn transform(&mut self, entry: &mut LogEntry) -> Result<(), OperatorError> {
        let value = self.parse_from.get(entry).ok_or_else(|| missing_field(&self.parse_from))?;
        let (severity, text) = self.find(&value).map_err(|error| error.within("parse"))?;
        entry.severity = severity;
        entry.severity_text = text;
        Ok(())
    }
}

impl SeverityParser {
    fn find(&mut self, value: &Value) -> Result<(u8, Text), OperatorError> {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Bytes(bytes) => String::from_utf8_lossy(bytes).into(),
            Value::Int(number) => number.to_string().into(),
            // Beyond, a whole number of 64 bits would be another one.
            Value::Double(number) if *number == number.trunc() && number.abs() < 2_f64.powi(63) => {
                (*number as i64).to_string().into()
            }
            Value::Double(_) => {
                let message = "type float64 cannot be a severity unless it is a whole number";
                return Err(OperatorError::failed(message));
            }
            other => {
                return Err(OperatorError::failed(format!("type {} cannot be a severity", other.go_type())));
            }
        };
        let severity = if text == self.last.0 { self.last.1 } else { self.mapping.find(&text) };
        if text != self.last.0 {
            self.last = (text.clone(), severity);
        }
        if self.overwrite_text && severity != 0 {
            return Ok((severity, severity_name(severity).into()));
        }
        Ok((severity, text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log_operators::ValueMap;

    fn parser(yaml: &str) -> Result<SeverityParser, String> {
        let yaml: serde_yaml::Value = serde_yaml::from_str(yaml).unwrap();
        let mut config = SeverityConfig { parse_from: Some(Field::body()), ..SeverityConfig::default() };
        config.preset = yaml.get("preset").and_then(|text| text.as_str()).unwrap_or_default().to_owned();
        config.overwrite_text = yaml.get("overwrite_text").is_some_and(|flag| flag.as_bool().unwrap());
        let mapping =
            yaml.get("mapping").and_then(|mapping| mapping.as_mapping()).cloned().unwrap_or_default();
        for (severity, values) in mapping {
            config.mapping.insert(severity.as_str().unwrap().to_owned(), Anything(values));
        }
        config.parser().map_err(|error| error.to_string())
    }

    fn parsed(yaml: &str, value: impl Into<Value>) -> Result<(u8, String), String> {
        let mut entry = LogEntry::new(1, value.into());
        parser(yaml).unwrap().transform(&mut entry).map_err(|error| error.to_string())?;
        Ok((entry.severity, entry.severity_text.to_string()))
    }

    fn severity(number: u8, text: &str) -> Result<(u8, String), String> {
        Ok((number, text.to_owned()))
    }

    #[test]
    fn names_and_numbers_of_otlp_are_known() {
        for (value, expected) in [
            (Value::from("trace"), severity(1, "trace")),
            (Value::from("INFO"), severity(9, "INFO")),
            (Value::from("Warn3"), severity(15, "Warn3")),
            (Value::from("warning"), severity(13, "warning")),
            (Value::from("ERR2"), severity(18, "ERR2")),
            (Value::from("fatal4"), severity(24, "fatal4")),
            (Value::from("17"), severity(17, "17")),
            (Value::from(17), severity(17, "17")),
            (Value::from(21.0), severity(21, "21")),
            (Value::Bytes("debug".into()), severity(5, "debug")),
            (Value::from("nonsense"), severity(0, "nonsense")),
            (Value::from(404), severity(0, "404")),
        ] {
            assert_eq!(parsed("{}", value.clone()), expected, "{value:?}");
        }
    }

    #[test]
    fn presets_are_where_a_mapping_starts() {
        assert_eq!(parsed("{preset: none}", "info"), severity(0, "info"));
        assert_eq!(parsed("{preset: otel}", "info"), severity(9, "info"));
        assert_eq!(parsed("{preset: otel}", "warning"), severity(0, "warning"));
        assert_eq!(parsed("{preset: none, mapping: {error: nooo}}", "NOOO"), severity(17, "NOOO"));
    }

    #[test]
    fn mappings_have_texts_numbers_ranges_and_lists() {
        let yaml = "mapping:
          warn: 5xx
          error2: [{min: 300, max: 399}, nooo, 404]
          fatal: {min: 1002, max: 1000}
          '9': ok
          info4: 2xx";
        for (value, expected) in [
            (Value::from(500), 13),
            (Value::from("599"), 13),
            (Value::from(600), 0),
            (Value::from(300.0), 18),
            (Value::from("NOoo"), 18),
            (Value::from("404"), 18),
            (Value::from("403"), 0),
            (Value::from(1001), 21),
            (Value::from("OK"), 9),
            (Value::from(204), 12),
        ] {
            assert_eq!(parsed(yaml, value.clone()).unwrap().0, expected, "{value:?}");
        }
    }

    #[test]
    fn texts_are_overwritten_where_asked_for() {
        assert_eq!(parsed("{overwrite_text: true}", "err2"), severity(18, "ERROR2"));
        assert_eq!(parsed("{overwrite_text: true}", "huh"), severity(0, "huh"));
    }

    #[test]
    fn what_is_no_severity_is_refused() {
        for (value, expected) in [
            (Value::from(1.5), "parse: type float64 cannot be a severity unless it is a whole number"),
            (Value::from(true), "parse: type bool cannot be a severity"),
            (Value::Map(ValueMap::new()), "parse: type map[string]interface {} cannot be a severity"),
        ] {
            assert_eq!(parsed("{}", value), Err(expected.to_owned()));
        }
        let parse_from = Some(Field::of_attributes("level"));
        let mut parser = SeverityConfig { parse_from, ..SeverityConfig::default() }.parser().unwrap();
        let error = parser.transform(&mut LogEntry::default()).unwrap_err().to_string();
        assert_eq!(
            error,
            r#"log entry does not have the expected parse_from field: {"parse_from":"attributes.level"}"#
        );
    }

    #[test]
    fn mappings_that_cannot_be_are_refused() {
        assert_eq!(
            SeverityConfig::default().parser().unwrap_err().to_string(),
            "missing required field 'parse_from'"
        );
        assert_eq!(
            parser("{mapping: {error: true}}").unwrap_err(),
            "type bool cannot be parsed as a severity"
        );
        assert_eq!(
            parser("{mapping: {error: [{min: 1}]}}").unwrap_err(),
            "type map[string]interface {} cannot be parsed as a severity"
        );
    }

    #[test]
    fn severities_that_there_are_not_have_the_number_0_as_in_the_collector() {
        assert_eq!(parsed("{mapping: {critical: info}}", "info"), severity(0, "info"));
    }
}
