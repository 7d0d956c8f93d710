//! Operator `regex_parser`: the named groups of a regular expression.

use std::num::NonZeroUsize;

use ::regex::bytes::Regex;
use lru::LruCache;

use crate::config::{compile_go_regexp, config_section};
use crate::log_operators::{
    BuildContext, InvalidOperator, Operator, OperatorError, OperatorSection, ParserFields, Value, ValueMap,
    ValueParser, WriterFields,
};

config_section! {
    /// Reads a text with a regular expression: each named group becomes a key.
    pub struct RegexParserConfig {
        /// What every parser has.
        pub [flatten] parser: ParserFields = ParserFields::default(),
        /// The expression in Go's syntax, with at least one named group such as `(?P<level>[A-Z]+)`; needed. It may
        /// match anywhere in the text.
        pub regex: String = String::new(),
        /// Remembers the outcomes of the last texts, for sources that say the same over and over.
        pub cache: RegexCacheConfig = RegexCacheConfig::default(),
    }
}

config_section! {
    /// What is remembered.
    pub struct RegexCacheConfig {
        /// How many texts, at most 65535; 0 for none.
        pub size: u32 = 0,
    }
}

impl OperatorSection for RegexParserConfig {
    const TYPE: &'static str = "regex_parser";

    fn writer(&self) -> &WriterFields {
        &self.parser.transformer.writer
    }

    fn build(&self, context: &BuildContext) -> Result<Box<dyn Operator>, InvalidOperator> {
        if self.regex.is_empty() {
            return Err(InvalidOperator::whole("missing required field 'regex'"));
        }
        let regex = compile_go_regexp(&self.regex)
            .map_err(|error| InvalidOperator::at("regex", format!("compiling regex: {error}")))?;
        let groups = NamedGroups::new(regex);
        if groups.names.is_empty() {
            let message = "no named capture groups in regex pattern: use named capture groups like \
                           '^(?P<my_key>.*)$' to specify the key name for the parsed field";
            return Err(InvalidOperator::at("regex", message));
        }
        let size = u16::try_from(self.cache.size)
            .map_err(|_| InvalidOperator::at("size", "a cache has at most 65535 texts").within("cache"))?;
        let cache = NonZeroUsize::new(size.into()).map(LruCache::new);
        self.parser.build(context, RegexParser { groups, cache })
    }
}

/// A regular expression with the names of its groups.
#[derive(Debug)]
pub struct NamedGroups {
    regex: Regex,
    names: Vec<(usize, String)>,
}

impl NamedGroups {
    /// The groups of an expression that have names.
    pub fn new(regex: Regex) -> Self {
        let names = regex.capture_names().enumerate();
        let names = names.filter_map(|(index, name)| Some((index, name?.to_owned()))).collect();
        Self { regex, names }
    }

    /// What each named group matched; a group that took no part has an empty text.
    ///
    /// # Errors
    ///
    /// The expression matches nowhere.
    pub fn of(&self, text: &str) -> Result<ValueMap, OperatorError> {
        let captures = self
            .regex
            .captures(text.as_bytes())
            .ok_or_else(|| OperatorError::failed("regex pattern does not match"))?;
        let mut values = ValueMap::with_capacity(self.names.len());
        for (index, name) in &self.names {
            let range = captures.get(*index).map_or(0..0, |group| group.range());
            let value = text.get(range).unwrap_or_default();
            values.insert(name, value.into());
        }
        Ok(values)
    }
}

struct RegexParser {
    groups: NamedGroups,
    cache: Option<LruCache<String, ValueMap>>,
}

impl ValueParser for RegexParser {
    fn parse(&mut self, value: &Value) -> Result<Value, OperatorError> {
        let Value::String(text) = value else {
            let message = format!("type '{}' cannot be parsed as regex", value.go_type());
            return Err(OperatorError::failed(message));
        };
        if let Some(known) = self.cache.as_mut().and_then(|cache| cache.get(text.as_str())) {
            return Ok(Value::Map(known.clone()));
        }
        let values = self.groups.of(text)?;
        if let Some(cache) = &mut self.cache {
            cache.put(text.to_string(), values.clone());
        }
        Ok(Value::Map(values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parser(regex: &str, cache: usize) -> RegexParser {
        let groups = NamedGroups::new(compile_go_regexp(regex).unwrap());
        RegexParser { groups, cache: NonZeroUsize::new(cache).map(LruCache::new) }
    }

    fn map(entries: &[(&str, &str)]) -> Value {
        Value::Map(entries.iter().copied().collect())
    }

    #[test]
    fn named_groups_become_keys() {
        let regex = r"^Host=(?P<host>[^,]+), Type=(?P<type>.*)$";
        let parsed = parser(regex, 0).parse(&"Host=127.0.0.1, Type=HTTP".into());
        assert_eq!(parsed, Ok(map(&[("host", "127.0.0.1"), ("type", "HTTP")])));
    }

    #[test]
    fn groups_without_a_name_are_left_out_and_those_without_part_are_empty() {
        let parsed = parser(r"(?P<a>\d+)(x)?(?P<b>y)?(?<ü>.)", 0).parse(&"id 42xé".into());
        assert_eq!(parsed, Ok(map(&[("a", "42"), ("b", ""), ("ü", "é")])));
    }

    #[test]
    fn outcomes_are_remembered() {
        let mut parser = parser("(?P<a>.)", 2);
        for text in ["1", "2", "1", "3", "2", "1"] {
            assert_eq!(parser.parse(&text.into()), Ok(map(&[("a", text)])));
        }
        assert_eq!(parser.cache.unwrap().len(), 2);
    }

    #[test]
    fn what_does_not_match_is_refused() {
        for (value, expected) in [
            (Value::from("x"), "regex pattern does not match"),
            (Value::Int(1), "type 'int64' cannot be parsed as regex"),
        ] {
            assert_eq!(parser(r"(?P<a>\d)", 1).parse(&value), Err(OperatorError::failed(expected)));
        }
    }
}
