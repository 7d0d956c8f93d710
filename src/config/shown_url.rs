//! URLs as they are shown to those who may not know the credentials within: whole texts that are a URL, an address
//! with a user before it, or a path with parameters.

use serde_yaml::Value;

use super::secret::REDACTED;

/// `value` with the user and the parameters of every URL redacted.
pub fn redact_urls(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(redact_url(&text).unwrap_or(text)),
        Value::Sequence(values) => Value::Sequence(values.into_iter().map(redact_urls).collect()),
        Value::Mapping(entries) => {
            Value::Mapping(entries.into_iter().map(|(key, value)| (key, redact_urls(value))).collect())
        }
        other => other,
    }
}

/// Scheme, host and port of a URL: for those whose path is a secret too. Empty where `url` is none.
pub fn origin_of(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return String::new() };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}")
}

/// None where nothing is to be redacted.
fn redact_url(text: &str) -> Option<String> {
    if text.contains(char::is_whitespace) {
        return None;
    }
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), text),
    };
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let (path, parameters) = path.split_once('?').unwrap_or((path, ""));
    // Without a scheme it may be something else: a mail address, a pattern.
    let has_user = |user: &str| !scheme.is_empty() || user.contains(':');
    let host = authority.rsplit_once('@').filter(|(user, _)| has_user(user)).map(|(_, host)| host);
    let has_parameters = if scheme.is_empty() {
        path.starts_with('/') && parameters.contains('=')
    } else {
        !parameters.is_empty()
    };
    if host.is_none() && !has_parameters {
        return None;
    }
    let authority = host.map_or_else(|| authority.to_owned(), |host| format!("{REDACTED}@{host}"));
    let (mark, parameters) = match (parameters, has_parameters) {
        ("", _) => ("", ""),
        (_, true) => ("?", REDACTED),
        (_, false) => ("?", parameters),
    };
    Some(format!("{scheme}{authority}{path}{mark}{parameters}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_and_parameters_are_redacted_and_nothing_else() {
        for (written, shown) in [
            ("http://user:pass@host:1/x?token=s", "http://[REDACTED]@host:1/x?[REDACTED]"),
            ("https://token@host", "https://[REDACTED]@host"),
            ("postgres://u:p@ss@host/db", "postgres://[REDACTED]@host/db"),
            ("https://host?key=s#part", "https://host?[REDACTED]"),
            ("user:pass@localhost:9100", "[REDACTED]@localhost:9100"),
            ("/metrics?token=s", "/metrics?[REDACTED]"),
            ("http://host:4318/v1/traces", "http://host:4318/v1/traces"),
            ("localhost:4317", "localhost:4317"),
            ("operator@example.com", "operator@example.com"),
            ("/var/log/app-?.log", "/var/log/app-?.log"),
            ("see http://user:pass@host", "see http://user:pass@host"),
        ] {
            let list = Value::Sequence(vec![Value::String(written.to_owned())]);
            assert_eq!(redact_urls(list)[0], shown, "{written}");
        }
    }

    #[test]
    fn an_origin_has_no_user_and_no_path() {
        assert_eq!(origin_of("https://hooks.example.com/services/T0/B0/s3cret"), "https://hooks.example.com");
        assert_eq!(origin_of("http://user:pass@[::1]:8080?x"), "http://[::1]:8080");
        assert_eq!(origin_of("${env:HOOK}"), "");
    }
}
