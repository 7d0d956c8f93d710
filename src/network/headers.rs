//! Header fields: those written as a map or as a list of `{name, value}`, the Collector's `MapList`, and what
//! several clients read of a response's.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::config::{Checking, ConfigValue, Decoding, Node, NodeValue, Secret, Secrets, TypeDocs};
use crate::config_section;

/// Header fields in the order written. The values are secrets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HeaderFields(Vec<(String, Secret)>);

config_section! {
    /// One header field of a list.
    pub struct HeaderField {
        /// The name.
        pub name: String = String::new(),
        /// The value.
        pub value: Secret = Secret::default(),
    }
}

impl HeaderFields {
    /// Names and values as HTTP has them. Those that are not valid were refused by
    /// [`check`](ConfigValue::check).
    pub fn valid_fields(&self) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
        self.0.iter().filter_map(|(name, value)| {
            let mut value = HeaderValue::from_str(value.reveal()).ok()?;
            value.set_sensitive(true);
            Some((HeaderName::try_from(name.as_str()).ok()?, value))
        })
    }

    /// True where no field is written.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn set(&mut self, name: &str, value: Secret) {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }
}

/// How long a response asks to wait (`Retry-After`): a number of seconds, or the time until an HTTP date.
pub fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

/// A map adds to the default fields, a list replaces them, as in the Collector.
impl ConfigValue for HeaderFields {
    fn update(&mut self, node: &Node, decoding: &mut Decoding) {
        match &node.value {
            NodeValue::Null => {}
            NodeValue::Map(entries) => {
                for entry in entries {
                    let mut value = Secret::default();
                    decoding
                        .within(format!("[{}]", entry.key), |decoding| value.update(&entry.value, decoding));
                    self.set(&entry.key, value);
                }
            }
            NodeValue::List(_) => {
                let mut fields: Vec<HeaderField> = Vec::new();
                fields.update(node, decoding);
                self.0 = fields.into_iter().map(|field| (field.name, field.value)).collect();
            }
            _ => {
                let hint = "write names with values, or a list of {name, value}";
                decoding.wrong_type(node, "map", Some(hint.to_owned()));
            }
        }
    }

    fn check(&self, checking: &mut Checking) {
        for (name, value) in &self.0 {
            if HeaderName::try_from(name.as_str()).is_err() {
                checking.error(format!("{name:?} is not a valid name of a header field"));
            }
            if HeaderValue::from_str(value.reveal()).is_err() {
                checking.error(format!("the value of header field {name:?} holds a character it must not"));
            }
        }
    }

    fn to_yaml(&self, secrets: Secrets) -> serde_yaml::Value {
        let entries = self.0.iter().map(|(name, value)| (name.clone().into(), value.to_yaml(secrets)));
        serde_yaml::Value::Mapping(entries.collect())
    }

    fn type_docs() -> TypeDocs {
        TypeDocs::Map(Box::new(Secret::type_docs()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Entry, Location};

    fn map(entries: &[(&str, &str)]) -> Node {
        let entry = |(key, value): &(&str, &str)| Entry {
            key: (*key).to_owned(),
            key_location: Location::unknown(),
            value: Node::anonymous(NodeValue::String((*value).to_owned())),
        };
        Node::anonymous(NodeValue::Map(entries.iter().map(entry).collect()))
    }

    fn shown(fields: &HeaderFields) -> Vec<(String, String)> {
        let text =
            |(name, value): (HeaderName, HeaderValue)| (name.to_string(), value.to_str().unwrap().to_owned());
        fields.valid_fields().map(text).collect()
    }

    #[test]
    fn a_map_and_a_list_mean_the_same() {
        let mut from_map = HeaderFields::default();
        from_map.update(&map(&[("X-Token", "a"), ("X-Tenant", "b")]), &mut Decoding::default());
        let list =
            vec![map(&[("name", "X-Token"), ("value", "a")]), map(&[("name", "X-Tenant"), ("value", "b")])];
        let mut from_list = HeaderFields::default();
        from_list.update(&Node::anonymous(NodeValue::List(list)), &mut Decoding::default());
        assert_eq!(from_map, from_list);
        let expected = [("x-token", "a"), ("x-tenant", "b")].map(|(name, value)| (name.into(), value.into()));
        assert_eq!(shown(&from_map), expected);
        assert!(!format!("{from_map:?}").contains("\"a\""));
    }

    #[test]
    fn what_is_no_header_field_is_refused() {
        let mut fields = HeaderFields::default();
        fields.update(&map(&[("bad name", "a"), ("X-Token", "a\nb")]), &mut Decoding::default());
        let mut checking = Checking::default();
        fields.check(&mut checking);
        let messages: Vec<String> = checking.into_errors().into_iter().map(|error| error.message).collect();
        assert_eq!(
            messages,
            [
                "\"bad name\" is not a valid name of a header field",
                "the value of header field \"X-Token\" holds a character it must not",
            ]
        );
    }
}
