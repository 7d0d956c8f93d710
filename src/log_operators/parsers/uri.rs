//! Operator `uri_parser`: the parts of a URI.

mod url;

use crate::config_section;
use crate::log_operators::{
    BuildContext, InvalidOperator, Operator, OperatorError, OperatorSection, ParserFields, Value, ValueMap,
    ValueParser, WriterFields,
};

use self::url::{Url, parse_query};

config_section! {
    /// Reads a URI: `scheme`, `user`, `host`, `port`, `path` and `query`, as far as it has them. The query is a map
    /// of lists, since a key may come more than once. A text that begins with a question mark is a query alone.
    pub struct UriParserConfig {
        /// What every parser has.
        pub [flatten] parser: ParserFields = ParserFields::default(),
    }
}

impl OperatorSection for UriParserConfig {
    const TYPE: &'static str = "uri_parser";

    fn writer(&self) -> &WriterFields {
        &self.parser.transformer.writer
    }

    fn build(&self, context: &BuildContext) -> Result<Box<dyn Operator>, InvalidOperator> {
        self.parser.build(context, UriParser)
    }
}

struct UriParser;

impl ValueParser for UriParser {
    fn parse(&mut self, value: &Value) -> Result<Value, OperatorError> {
        let Value::String(text) = value else {
            let message = format!("type '{}' cannot be parsed as URI", value.go_type());
            return Err(OperatorError::failed(message));
        };
        let mut map = ValueMap::with_capacity(6);
        if let Some(query) = text.strip_prefix('?') {
            let (pairs, error) = parse_query(query);
            if let Some(error) = error {
                return Err(OperatorError::failed(error));
            }
            put_query(&mut map, pairs);
            return Ok(Value::Map(map));
        }
        let url = Url::parse(text)
            .map_err(|problem| OperatorError::failed(format!("parse {text:?}: {problem}")))?;
        for (key, part) in [
            ("scheme", &url.scheme),
            ("user", &url.user),
            ("host", &url.host),
            ("port", &url.port),
            ("path", &url.path),
        ] {
            if !part.is_empty() {
                map.insert(key, part.as_str().into());
            }
        }
        // Of a query within a URI the Collector passes over the pairs that cannot be read.
        let (pairs, _) = parse_query(url.query);
        put_query(&mut map, pairs);
        Ok(Value::Map(map))
    }
}

fn put_query(map: &mut ValueMap, pairs: Vec<(String, String)>) {
    if pairs.is_empty() {
        return;
    }
    let mut query = ValueMap::new();
    for (key, value) in pairs {
        if let Value::Array(values) = query.get_or_insert_with(&key, || Value::Array(Vec::new())) {
            values.push(value.into());
        }
    }
    map.insert("query", Value::Map(query));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::log_operators::JsonNumbers;

    fn parsed(value: impl Into<Value>) -> Result<Value, String> {
        UriParser.parse(&value.into()).map_err(|error| error.to_string())
    }

    #[test]
    fn parts_become_keys() {
        for (text, expected) in [
            ("http://google.com", r#"{"scheme":"http","host":"google.com"}"#),
            (
                "HTTPS://dev:pass%20word@www.google.com:8443/app/x%2Fy?env=prod&env=stage&x&q=a+b%21",
                r#"{"scheme":"https","user":"dev","host":"www.google.com","port":"8443","path":"/app/x%2Fy",
                    "query":{"env":["prod","stage"],"x":[""],"q":["a b!"]}}"#,
            ),
            ("/docs/a b?token=", r#"{"path":"/docs/a%20b","query":{"token":[""]}}"#),
            (
                "http://[fe80::1%25en0]:80/",
                r#"{"scheme":"http","host":"fe80::1%en0","port":"80","path":"/"}"#,
            ),
            ("mailto:a@b.c?subject=x", r#"{"scheme":"mailto","query":{"subject":["x"]}}"#),
            (
                "amqp://u@h1:1,h2:2/v",
                r#"{"scheme":"amqp","user":"u","host":"h1:1,h2","port":"2","path":"/v"}"#,
            ),
            ("file:///etc/hosts", r#"{"scheme":"file","path":"/etc/hosts"}"#),
            ("//host/path", r#"{"path":"//host/path"}"#),
            ("*", r#"{"path":"*"}"#),
            ("/a?", r#"{"path":"/a"}"#),
            ("/a?b=%zz&c=1;d&e=2", r#"{"path":"/a","query":{"e":["2"]}}"#),
            ("?a=1&b=%C3%A9&&a=2", r#"{"query":{"a":["1","2"],"b":["é"]}}"#),
            ("?", "{}"),
        ] {
            let expected = Value::from_json(expected, JsonNumbers::Doubles).unwrap();
            assert_eq!(parsed(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_uri_is_refused() {
        for (value, expected) in [
            (Value::from(""), r#"parse "": empty url"#),
            (Value::from("google"), r#"parse "google": invalid URI for request"#),
            (Value::from(":x"), r#"parse ":x": missing protocol scheme"#),
            (Value::from("/\u{7f}"), r#"parse "/\u{7f}": net/url: invalid control character in URL"#),
            (Value::from("http://h:8o/"), r#"parse "http://h:8o/": invalid port ":8o" after host"#),
            (Value::from("http://h:1:2/"), r#"parse "http://h:1:2/": invalid port ":1:2" after host"#),
            (Value::from("http://a b/"), r#"parse "http://a b/": invalid character " " in host name"#),
            (Value::from("http://[::1/"), r#"parse "http://[::1/": missing ']' in host"#),
            (Value::from("http://a^b@h/"), r#"parse "http://a^b@h/": net/url: invalid userinfo"#),
            (Value::from("/%z"), r#"parse "/%z": invalid URL escape "%z""#),
            (Value::from("?a=%zz"), r#"invalid URL escape "%zz""#),
            (Value::from("?a;b"), "invalid semicolon separator in query"),
            (Value::Int(1), "type 'int64' cannot be parsed as URI"),
        ] {
            assert_eq!(parsed(value), Err(expected.to_owned()));
        }
    }

    proptest! {
        #[test]
        fn no_text_does_harm(text in "([a-z]{1,4}:)?(//)?([%:@/?&=;#\\[\\]+]|\\PC){0,24}") {
            drop(parsed(text.as_str()));
        }
    }
}
