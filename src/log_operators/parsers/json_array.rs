//! Operator `json_array_parser`: a JSON array of values without names.

use std::borrow::Cow;

use crate::config_section;
use crate::log_operators::{
    BuildContext, InvalidOperator, JsonNumbers, Operator, OperatorError, OperatorSection, ParserFields,
    Value, ValueMap, ValueParser, WriterFields,
};

config_section! {
    /// Reads a JSON array. Its objects become texts of JSON; arrays within it are refused.
    pub struct JsonArrayParserConfig {
        /// What every parser has.
        pub [flatten] parser: ParserFields = ParserFields::default(),
        /// Names for the elements, with commas between. With them the outcome is a map, without them a list, which
        /// `parse_to` must give a name.
        pub header: String = String::new(),
    }
}

impl OperatorSection for JsonArrayParserConfig {
    const TYPE: &'static str = "json_array_parser";

    fn writer(&self) -> &WriterFields {
        &self.parser.transformer.writer
    }

    fn build(&self, context: &BuildContext) -> Result<Box<dyn Operator>, InvalidOperator> {
        let header = match self.header.as_str() {
            "" => None,
            header => Some(header.split(',').map(str::to_owned).collect()),
        };
        self.parser.build(context, JsonArrayParser { header })
    }
}

struct JsonArrayParser {
    header: Option<Vec<String>>,
}

impl ValueParser for JsonArrayParser {
    fn parse(&mut self, value: &Value) -> Result<Value, OperatorError> {
        let text = match value {
            Value::String(text) => Cow::Borrowed(text.as_str()),
            Value::Bytes(bytes) => String::from_utf8_lossy(bytes),
            other => {
                let message = format!("type '{}' cannot be parsed as json array", other.go_type());
                return Err(OperatorError::failed(message));
            }
        };
        let items = match Value::from_json(&text, JsonNumbers::IntsWherePossible) {
            Ok(Value::Array(items)) => items,
            // The Collector takes every other JSON for an array of nothing.
            Ok(_) => Vec::new(),
            Err(_) => return Err(not_parsed()),
        };
        let items: Vec<Value> = items.into_iter().map(flat).collect::<Result<_, _>>()?;
        let Some(header) = &self.header else {
            return Ok(Value::Array(items));
        };
        if header.len() != items.len() {
            let (expected, found) = (header.len(), items.len());
            let message = format!("wrong number of fields: expected {expected}, found {found}");
            return Err(OperatorError::failed(message));
        }
        Ok(Value::Map(header.iter().map(String::as_str).zip(items).collect::<ValueMap>()))
    }
}

fn flat(item: Value) -> Result<Value, OperatorError> {
    match item {
        Value::Array(_) => Err(not_parsed()),
        Value::Map(_) => Ok(item.to_json().into()),
        other => Ok(other),
    }
}

fn not_parsed() -> OperatorError {
    OperatorError::failed("failed to parse entry")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(header: &str, value: impl Into<Value>) -> Result<Value, String> {
        let header = (!header.is_empty()).then(|| header.split(',').map(str::to_owned).collect());
        JsonArrayParser { header }.parse(&value.into()).map_err(|error| error.to_string())
    }

    #[test]
    fn elements_keep_their_types() {
        let text = r#"["a", 1, -2.5, true, null, {"b": [1, "c"]}]"#;
        let values =
            ["a".into(), 1.into(), (-2.5).into(), true.into(), Value::Empty, r#"{"b":[1,"c"]}"#.into()];
        assert_eq!(parsed("", text), Ok(Value::Array(values.to_vec())));
        assert_eq!(parsed("", Value::Bytes(text.into())), Ok(Value::Array(values.to_vec())));
        let named = ["u", "v", "w", "x", "y", "z"].into_iter().zip(values).collect();
        assert_eq!(parsed("u,v,w,x,y,z", text), Ok(Value::Map(named)));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for (header, value, expected) in [
            ("", Value::from("[[1]]"), "failed to parse entry"),
            ("", Value::from("[1"), "failed to parse entry"),
            ("a,b", Value::from("[1]"), "wrong number of fields: expected 2, found 1"),
            ("a", Value::from("{}"), "wrong number of fields: expected 1, found 0"),
            ("", Value::Int(1), "type 'int64' cannot be parsed as json array"),
        ] {
            assert_eq!(parsed(header, value), Err(expected.to_owned()));
        }
        assert_eq!(parsed("", "{}"), Ok(Value::Array(Vec::new())));
    }
}
