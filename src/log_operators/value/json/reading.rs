//! JSON read straight into the places where its values stay.

use super::JsonNumbers;
use crate::log_operators::value::collecting::{MapCollector, put_text};
use crate::log_operators::value::{Text, Value, ValueMap};
use crate::otlp::json::reader::{Reader, Value as Token};

/// The value of `text`; none where it is no JSON, or nested too deep.
pub(super) fn read_json(text: &str, numbers: JsonNumbers) -> Option<Value> {
    let mut reading = Reading { reader: Reader::new(text), numbers };
    let mut value = Value::Empty;
    reading.read_value(&mut value, 0)?;
    reading.reader.end().ok()?;
    Some(value)
}

/// As deep as `serde_json` goes.
const MOST_LEVELS: usize = 127;

struct Reading<'a> {
    reader: Reader<'a>,
    numbers: JsonNumbers,
}

/// Values are made where they stay, since the processor waits when the bytes of a short text are moved right after they
/// were written: a fifth of the time.
impl Reading<'_> {
    fn read_value(&mut self, to: &mut Value, level: usize) -> Option<()> {
        match self.reader.value().ok()? {
            Token::String(text) => {
                *to = Value::String(Text::default());
                if let Value::String(to) = to {
                    put_text(to, &text);
                }
            }
            Token::Number(number) => *to = self.number(number)?,
            Token::Bool(truth) => *to = Value::Bool(truth),
            Token::Null => *to = Value::Empty,
            Token::Object | Token::Array if level == MOST_LEVELS => return None,
            Token::Object => *to = Value::Map(self.object(level + 1)?),
            Token::Array => *to = Value::Array(self.array(level + 1)?),
        }
        Some(())
    }

    fn object(&mut self, level: usize) -> Option<ValueMap> {
        let mut map = MapCollector::with_capacity(if level == 1 { 8 } else { 4 });
        let mut is_first = true;
        while let Some(key) = self.reader.next_key(is_first).ok()? {
            self.read_value(map.value_of(&key), level)?;
            is_first = false;
        }
        Some(map.into_map())
    }

    fn array(&mut self, level: usize) -> Option<Vec<Value>> {
        let mut items = Vec::new();
        while self.reader.next_element(items.is_empty()).ok()? {
            let mut item = Value::Empty;
            self.read_value(&mut item, level)?;
            items.push(item);
        }
        Some(items)
    }

    fn number(&self, number: &str) -> Option<Value> {
        // Integers have no zero below zero.
        if let Ok(whole) = number.parse::<i64>()
            && number != "-0"
        {
            return Some(match self.numbers {
                JsonNumbers::Doubles => Value::Double(whole as f64),
                JsonNumbers::IntsWherePossible => Value::Int(whole),
            });
        }
        number.parse::<f64>().ok().filter(|number| number.is_finite()).map(Value::Double)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bits(value: Option<Value>) -> String {
        // Minus zero is shown with its sign, which comparing does not see.
        format!("{value:?}")
    }

    #[test]
    fn as_many_levels_are_read_as_by_serde_json() {
        for levels in [1, 126, 127, 128, 200] {
            let text = "[".repeat(levels) + &"]".repeat(levels);
            let by_serde = Value::from_serde_json(&text, JsonNumbers::Doubles).ok();
            assert_eq!(read_json(&text, JsonNumbers::Doubles), by_serde, "{levels}");
        }
    }

    #[test]
    fn half_a_character_is_repaired_as_in_the_collector() {
        assert_eq!(read_json(r#""a\ud83d""#, JsonNumbers::Doubles), Some("a\u{fffd}".into()));
    }

    proptest! {
        #[test]
        fn what_is_read_is_what_serde_json_reads(
            text in r#"([{}\[\],:"]|"[a-c\\n"é]{0,9}"|"[a-z]{0,12}":|-?[0-9.eE]{1,20}|true|false|null|\\PC| ){0,16}"#,
            ints in any::<bool>(),
        ) {
            let numbers = if ints { JsonNumbers::IntsWherePossible } else { JsonNumbers::Doubles };
            for text in [format!("{{\"k\":{text}}}"), format!("[{text}]"), text] {
                let by_serde = Value::from_serde_json(&text, numbers).ok();
                prop_assert_eq!(bits(read_json(&text, numbers)), bits(by_serde));
            }
        }
    }
}
