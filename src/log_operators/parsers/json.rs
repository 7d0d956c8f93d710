//! Operator `json_parser`: a JSON object.

use crate::config_section;
use crate::log_operators::{
    BuildContext, InvalidOperator, JsonNumbers, Operator, OperatorError, OperatorSection, ParserFields,
    Value, ValueMap, ValueParser, WriterFields,
};

config_section! {
    /// Reads a JSON object.
    pub struct JsonParserConfig {
        /// What every parser has.
        pub [flatten] parser: ParserFields = ParserFields::default(),
        /// Whether numbers without a fraction are whole numbers; otherwise all are floating point numbers.
        pub parse_ints: bool = false,
    }
}

impl OperatorSection for JsonParserConfig {
    const TYPE: &'static str = "json_parser";

    fn writer(&self) -> &WriterFields {
        &self.parser.transformer.writer
    }

    fn build(&self, context: &BuildContext) -> Result<Box<dyn Operator>, InvalidOperator> {
        let numbers = if self.parse_ints { JsonNumbers::IntsWherePossible } else { JsonNumbers::Doubles };
        self.parser.build(context, JsonParser(numbers))
    }
}

struct JsonParser(JsonNumbers);

impl ValueParser for JsonParser {
    fn parse(&mut self, value: &Value) -> Result<Value, OperatorError> {
        let Value::String(text) = value else {
            return Err(OperatorError::WrongType { found: value.go_type(), wanted: "JSON" });
        };
        parse_object(text, self.0)
    }
}

/// Reads a JSON object; `null` is one without keys.
///
/// # Errors
///
/// The text is no JSON, or another value than an object.
pub fn parse_object(text: &str, numbers: JsonNumbers) -> Result<Value, OperatorError> {
    match Value::from_json(text, numbers) {
        Ok(object @ Value::Map(_)) => Ok(object),
        Ok(Value::Empty) => Ok(Value::Map(ValueMap::new())),
        Ok(other) => {
            let found = json_type(&other);
            let message =
                format!("json: cannot unmarshal {found} into Go value of type map[string]interface {{}}");
            Err(OperatorError::failed(message))
        }
        Err(error) => Err(OperatorError::failed(format!("invalid JSON: {error}"))),
    }
}

const fn json_type(value: &Value) -> &'static str {
    match value {
        Value::Empty => "null",
        Value::Bool(_) => "bool",
        Value::Int(_) | Value::Double(_) => "number",
        Value::String(_) | Value::Bytes(_) => "string",
        Value::Array(_) => "array",
        Value::Map(_) => "object",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value as Json, json};

    use super::*;

    fn parsed(parse_ints: bool, value: impl Into<Value>) -> Result<Value, String> {
        let numbers = if parse_ints { JsonNumbers::IntsWherePossible } else { JsonNumbers::Doubles };
        JsonParser(numbers).parse(&value.into()).map_err(|error| error.to_string())
    }

    #[test]
    fn an_object_becomes_a_map_of_the_same_types() {
        let text = r#"{"text":"a\u00e9\n","int":1,"large":9007199254740993,"fraction":1.5,"yes":true,"none":null,
                       "list":[1,"x",{}],"map":{"a":{"b":-2}}}"#;
        let list = |one: Value| Value::Array(vec![one, "x".into(), Value::Map(ValueMap::new())]);
        let expected = |int: fn(i64) -> Value| {
            let inner: ValueMap = [("b", int(-2))].into_iter().collect();
            let map: ValueMap = [("a", Value::Map(inner))].into_iter().collect();
            let entries: [(&str, Value); 8] = [
                ("text", "aé\n".into()),
                ("int", int(1)),
                ("large", int(9_007_199_254_740_993)),
                ("fraction", 1.5.into()),
                ("yes", true.into()),
                ("none", Value::Empty),
                ("list", list(int(1))),
                ("map", Value::Map(map)),
            ];
            Value::Map(entries.into_iter().collect())
        };
        assert_eq!(parsed(true, text), Ok(expected(Value::Int)));
        assert_eq!(parsed(false, text), Ok(expected(|int| Value::Double(int as f64))));
    }

    #[test]
    fn null_is_an_object_without_keys() {
        assert_eq!(parsed(false, "null"), Ok(Value::Map(ValueMap::new())));
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for (value, expected) in [
            (Value::Int(1), "type int64 cannot be parsed as JSON"),
            (Value::Bytes("{}".into()), "type []uint8 cannot be parsed as JSON"),
            (
                Value::from("[1]"),
                "json: cannot unmarshal array into Go value of type map[string]interface {}",
            ),
            (Value::from("3"), "json: cannot unmarshal number into Go value of type map[string]interface {}"),
            (Value::from("{} x"), "invalid JSON: trailing characters at line 1 column 4"),
            (Value::from("{"), "invalid JSON: EOF while parsing an object at line 1 column 1"),
        ] {
            assert_eq!(parsed(false, value), Err(expected.to_owned()));
        }
    }

    fn any_json() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::from),
            any::<i64>().prop_map(Json::from),
            any::<f64>().prop_map(Json::from),
            "\\PC{0,8}|\n|\"|\\\\".prop_map(Json::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Json::from),
                prop::collection::vec(("\\PC{0,4}", inner), 0..6)
                    .prop_map(|entries| Json::Object(entries.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn values_are_those_of_the_json(value in any_json(), pretty in any::<bool>()) {
            let json = json!({ "value": value });
            let text = if pretty { serde_json::to_string_pretty(&json) } else { serde_json::to_string(&json) };
            let parsed = parsed(true, text.unwrap()).unwrap();
            prop_assert_eq!(serde_json::from_str::<Json>(&parsed.to_json()).unwrap(), json);
        }

        #[test]
        fn no_text_does_harm(text in "([{}\\[\\]\",:\\\\]|\\PC){0,24}") {
            drop(parsed(true, text));
        }
    }
}
