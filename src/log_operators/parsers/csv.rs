//! Operator `csv_parser`: fields between delimiters.

mod row;

use std::borrow::Cow;

use crate::config_section;
use crate::log_operators::{
    BuildContext, Fate, InvalidOperator, LogEntry, Operator, OperatorError, OperatorSection, Outlet,
    ParserFields, ParserFrame, Value, ValueMap, WriterFields,
};

use self::row::{Quotes, read_row};

config_section! {
    /// Reads fields between delimiters, with names for them out of a header. All values are texts.
    pub struct CsvParserConfig {
        /// What every parser has.
        pub [flatten] parser: ParserFields = ParserFields::default(),
        /// The names, with delimiters between; either this or `header_attribute` is needed.
        pub header: String = String::new(),
        /// The attribute of each entry that has its names.
        pub header_attribute: String = String::new(),
        /// The character between names. Empty is that of `delimiter`.
        pub header_delimiter: String = String::new(),
        /// The character between fields. Empty is a comma.
        pub delimiter: String = String::new(),
        /// Whether quotation marks may stand within fields that are not in quotation marks, and single ones within
        /// those that are.
        pub lazy_quotes: bool = false,
        /// Whether quotation marks are characters like any other.
        pub ignore_quotes: bool = false,
    }
}

impl OperatorSection for CsvParserConfig {
    const TYPE: &'static str = "csv_parser";

    fn writer(&self) -> &WriterFields {
        &self.parser.transformer.writer
    }

    fn build(&self, context: &BuildContext) -> Result<Box<dyn Operator>, InvalidOperator> {
        let delimiter = if self.delimiter.is_empty() { "," } else { &self.delimiter };
        let header_delimiter =
            if self.header_delimiter.is_empty() { delimiter } else { &self.header_delimiter };
        let quotes = match (self.lazy_quotes, self.ignore_quotes) {
            (true, true) => {
                let message = "only one of 'ignore_quotes' or 'lazy_quotes' can be true";
                return Err(InvalidOperator::whole(message));
            }
            (true, false) => Quotes::Lazy,
            (false, true) => Quotes::Ignored,
            (false, false) => Quotes::Strict,
        };
        let delimiter = only_character("delimiter", delimiter)?;
        let header_delimiter = only_character("header_delimiter", header_delimiter)?;
        let names = match (self.header.as_str(), self.header_attribute.as_str()) {
            ("", "") => {
                let message = "missing required field 'header' or 'header_attribute'";
                return Err(InvalidOperator::whole(message));
            }
            ("", attribute) => Names::Attribute(attribute.to_owned()),
            (header, "") if header.contains(header_delimiter) => {
                Names::Fixed(header.split(header_delimiter).map(str::to_owned).collect())
            }
            (_, "") => return Err(InvalidOperator::at("header", "missing field delimiter in header")),
            _ => {
                let message = "only one header parameter can be set: 'header' or 'header_attribute'";
                return Err(InvalidOperator::whole(message));
            }
        };
        let frame = self.parser.frame(context)?;
        Ok(Box::new(CsvParser { frame, rows: Rows { names, delimiter, header_delimiter, quotes } }))
    }
}

fn only_character(key: &str, text: &str) -> Result<char, InvalidOperator> {
    let mut characters = text.chars();
    match (characters.next(), characters.next()) {
        (Some(character), None) => Ok(character),
        _ => Err(InvalidOperator::at(key, format!("invalid '{key}': '{text}'"))),
    }
}

struct CsvParser {
    frame: ParserFrame,
    rows: Rows,
}

struct Rows {
    names: Names,
    delimiter: char,
    header_delimiter: char,
    quotes: Quotes,
}

enum Names {
    Fixed(Vec<String>),
    Attribute(String),
}

impl Operator for CsvParser {
    fn process(&mut self, entry: &mut LogEntry, outlet: &mut Outlet<'_>) -> Fate {
        let Self { frame, rows } = self;
        if let Some(fate) = frame.transformer().pass_by(entry, outlet) {
            return fate;
        }
        let parsed = match rows.names_for(entry) {
            // A header from an attribute is a copy, since what is parsed may replace that.
            Ok(names) => frame.parse_with(entry, |value| rows.parse(value, &names)),
            Err(error) => Err(error),
        };
        match parsed {
            Ok(()) => Fate::GoesOn,
            Err(error) => frame.transformer().fail(&error, outlet),
        }
    }
}

impl Rows {
    fn names_for(&self, entry: &LogEntry) -> Result<Cow<'_, [String]>, OperatorError> {
        let attribute = match &self.names {
            Names::Fixed(names) => return Ok(Cow::Borrowed(names)),
            Names::Attribute(attribute) => attribute,
        };
        match entry.attributes.get(attribute) {
            Some(Value::String(header)) => {
                Ok(Cow::Owned(header.split(self.header_delimiter).map(str::to_owned).collect()))
            }
            Some(other) => {
                let message = format!("header is expected to be a string but is {}", other.go_type());
                Err(OperatorError::failed(message))
            }
            None => {
                Err(OperatorError::failed(format!("failed to read dynamic header attribute {attribute}")))
            }
        }
    }

    fn parse(&self, value: &Value, names: &[String]) -> Result<Value, OperatorError> {
        let text = match value {
            Value::String(text) => Cow::Borrowed(text.as_str()),
            Value::Bytes(bytes) => String::from_utf8_lossy(bytes),
            other => {
                let message = format!("type '{}' cannot be parsed as csv", other.go_type());
                return Err(OperatorError::failed(message));
            }
        };
        let fields = read_row(&text, self.delimiter, self.quotes)?;
        if fields.len() != names.len() {
            let (expected, found) = (names.len(), fields.len());
            let message = format!("wrong number of fields: expected {expected}, found {found}");
            return Err(OperatorError::failed(message));
        }
        Ok(Value::Map(
            names.iter().zip(fields).map(|(name, field)| (name.as_str(), field)).collect::<ValueMap>(),
        ))
    }
}

#[cfg(test)]
mod tests;
