//! `from_context`: what an action takes of the client that sent a batch.

use crate::otlp::ClientInfo;

/// A value to be found in a [`ClientInfo`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ClientValue {
    Address,
    /// A request header, in lower case.
    Metadata(String),
    /// What an authenticator said.
    Authentication(String),
}

impl ClientValue {
    /// Reads `client.address`, `auth.<attribute>` and `metadata.<header>`; anything else is a header too.
    pub(super) fn parse(text: &str) -> Self {
        if text == "client.address" {
            return Self::Address;
        }
        if let Some(attribute) = text.strip_prefix("auth.") {
            return Self::Authentication(attribute.to_owned());
        }
        Self::Metadata(text.strip_prefix("metadata.").unwrap_or(text).to_lowercase())
    }

    /// The value, several ones joined by `;`. An unknown address is an empty text, as in the Collector.
    pub(super) fn find(&self, client: Option<&ClientInfo>) -> Option<String> {
        match self {
            Self::Address => {
                let address = client.and_then(|client| client.address);
                Some(address.map_or_else(String::new, |address| address.ip().to_canonical().to_string()))
            }
            Self::Metadata(header) => {
                let values = client?.metadata.get(header)?;
                (!values.is_empty()).then(|| values.join(";"))
            }
            Self::Authentication(attribute) => client?.auth.get(attribute).cloned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn client() -> ClientInfo {
        ClientInfo {
            address: Some("[::ffff:10.1.2.3]:4317".parse().unwrap()),
            metadata: BTreeMap::from([("x-tenant".to_owned(), vec!["a".to_owned(), "b".to_owned()])]),
            auth: BTreeMap::from([("subject".to_owned(), "carol".to_owned())]),
        }
    }

    #[test]
    fn what_the_client_sent_is_found_by_its_prefix() {
        for (text, expected) in [
            ("client.address", Some("10.1.2.3")),
            ("metadata.X-Tenant", Some("a;b")),
            ("x-tenant", Some("a;b")),
            ("auth.subject", Some("carol")),
            ("metadata.subject", None),
            ("auth.x-tenant", None),
        ] {
            assert_eq!(ClientValue::parse(text).find(Some(&client())).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn of_an_unknown_client_only_the_empty_address_is_known() {
        assert_eq!(ClientValue::parse("client.address").find(None).as_deref(), Some(""));
        assert_eq!(ClientValue::parse("metadata.x-tenant").find(None), None);
        assert_eq!(ClientValue::parse("auth.subject").find(None), None);
    }
}
