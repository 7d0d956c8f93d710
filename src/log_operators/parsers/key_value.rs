//! Operator `key_value_parser`: pairs such as `level=info msg="all is well"`.

use crate::config_section;
use crate::log_operators::{
    BuildContext, Field, InvalidOperator, Operator, OperatorError, OperatorSection, ParserFields, Value,
    ValueMap, ValueParser, WriterFields,
};

config_section! {
    /// Reads pairs of keys and values. Delimiters within single or double quotation marks are none; the marks
    /// are left out.
    pub struct KeyValueParserConfig {
        /// What every parser has.
        pub [flatten] parser: ParserFields = ParserFields::default(),
        /// What is between a key and its value.
        pub delimiter: String = "=".to_owned(),
        /// What is between pairs. Empty is a space.
        pub pair_delimiter: String = String::new(),
    }
}

impl OperatorSection for KeyValueParserConfig {
    const TYPE: &'static str = "key_value_parser";

    fn writer(&self) -> &WriterFields {
        &self.parser.transformer.writer
    }

    fn build(&self, context: &BuildContext) -> Result<Box<dyn Operator>, InvalidOperator> {
        if self.delimiter.is_empty() {
            return Err(InvalidOperator::whole("delimiter is a required parameter"));
        }
        let pair_delimiter = if self.pair_delimiter.is_empty() { " " } else { &self.pair_delimiter };
        if self.delimiter == pair_delimiter {
            return Err(InvalidOperator::whole("delimiter and pair_delimiter cannot be the same value"));
        }
        let parser = KeyValueParser {
            delimiter: self.delimiter.clone(),
            pair_delimiter: pair_delimiter.to_owned(),
            parse_from: self.parser.parse_from.clone(),
        };
        self.parser.build(context, parser)
    }
}

struct KeyValueParser {
    delimiter: String,
    pair_delimiter: String,
    parse_from: Field,
}

impl ValueParser for KeyValueParser {
    fn parse(&mut self, value: &Value) -> Result<Value, OperatorError> {
        let Value::String(text) = value else {
            return Err(OperatorError::WrongType { found: value.go_type(), wanted: "key value pairs" });
        };
        if text.is_empty() {
            return Err(OperatorError::failed(format!("parse from field {} is empty", self.parse_from)));
        }
        let pairs = split_outside_quotes(text, &self.pair_delimiter)?;
        let mut map = ValueMap::with_capacity(pairs.len());
        let mut problems = Vec::new();
        for pair in &pairs {
            match pair.split_once(&self.delimiter) {
                Some((key, value)) => {
                    map.insert(key.trim(), value.trim().into());
                }
                None => problems.push(format!("cannot split {pair:?} into 2 items, got 1 item(s)")),
            }
        }
        if problems.is_empty() {
            Ok(Value::Map(map))
        } else {
            Err(OperatorError::failed(problems.join("; ")))
        }
    }
}

/// The parts of a text between delimiters that stand outside of quotation marks, without those marks and without
/// empty parts. A backslash keeps a quotation mark from being one.
fn split_outside_quotes(text: &str, delimiter: &str) -> Result<Vec<String>, OperatorError> {
    let mut parts = Vec::new();
    let mut part = String::new();
    let (mut quote, mut is_escaped) = (None, false);
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        if quote.is_none()
            && let Some(behind) = rest.strip_prefix(delimiter)
        {
            if !part.is_empty() {
                parts.push(std::mem::take(&mut part));
            }
            rest = behind;
            continue;
        }
        rest = rest.get(character.len_utf8()..).unwrap_or_default();
        if is_escaped {
            is_escaped = false;
        } else {
            match quote {
                None if matches!(character, '"' | '\'') => {
                    quote = Some(character);
                    continue;
                }
                Some(open) if open == character => {
                    quote = None;
                    continue;
                }
                _ => is_escaped = character == '\\',
            }
        }
        part.push(character);
    }
    if quote.is_some() {
        let message = "failed to parse pairs from input: never reached the end of a quoted value";
        return Err(OperatorError::failed(message));
    }
    if !part.is_empty() {
        parts.push(part);
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parsed(delimiter: &str, pair_delimiter: &str, value: impl Into<Value>) -> Result<Value, String> {
        let (delimiter, pair_delimiter) = (delimiter.to_owned(), pair_delimiter.to_owned());
        let mut parser = KeyValueParser { delimiter, pair_delimiter, parse_from: Field::body() };
        parser.parse(&value.into()).map_err(|error| error.to_string())
    }

    fn map(entries: &[(&str, &str)]) -> Result<Value, String> {
        Ok(Value::Map(entries.iter().copied().collect()))
    }

    #[test]
    fn pairs_become_keys_and_values() {
        for (delimiter, pair_delimiter, text, expected) in [
            ("=", " ", "name=stanza age=2", map(&[("name", "stanza"), ("age", "2")])),
            ("=", " ", "a=b=c  d= ", map(&[("a", "b=c"), ("d", "")])),
            (
                "=",
                " ",
                r#"msg="all is  well" x='it"s' "k y"=v"#,
                map(&[("msg", "all is  well"), ("x", "it\"s"), ("k y", "v")]),
            ),
            ("=", " ", r#"a="x \" y" b=\"z"#, map(&[("a", r#"x \" y"#), ("b", r#"\"z"#)])),
            (":", ",", "a: 1, b :2,,c:,", map(&[("a", "1"), ("b", "2"), ("c", "")])),
            ("=", "\n", "a=1 2\nb=3", map(&[("a", "1 2"), ("b", "3")])),
            ("==", "::", "a==1::b==é::a==2", map(&[("a", "2"), ("b", "é")])),
        ] {
            assert_eq!(parsed(delimiter, pair_delimiter, text), expected, "{text}");
        }
    }

    #[test]
    fn what_has_no_pairs_is_refused() {
        for (value, expected) in [
            (Value::from(""), "parse from field body is empty"),
            (
                Value::from("a b c=1"),
                r#"cannot split "a" into 2 items, got 1 item(s); cannot split "b" into 2 items, got 1 item(s)"#,
            ),
            (
                Value::from("a=\"b"),
                "failed to parse pairs from input: never reached the end of a quoted value",
            ),
            (Value::Int(1), "type int64 cannot be parsed as key value pairs"),
        ] {
            assert_eq!(parsed("=", " ", value), Err(expected.to_owned()));
        }
    }

    proptest! {
        #[test]
        fn no_text_does_harm(text in r#"([=,"'\\ é]|\PC){0,24}"#, pair_delimiter in "[, é]{1,2}") {
            drop(parsed("=", &pair_delimiter, text));
        }
    }
}
