//! URLs of targets: how they are written, and where a redirect leads.

use http::{HeaderMap, StatusCode, Uri, header};

/// The URL with these parts, as Go writes it.
///
/// # Errors
///
/// A sentence where the address cannot stand in a URL.
pub(super) fn url_of(
    scheme: &str,
    address: &str,
    path: &str,
    query: &[(String, String)],
) -> Result<Uri, String> {
    let mut text = format!("{scheme}://{address}");
    if !path.starts_with('/') && !path.is_empty() {
        text.push('/');
    }
    push_escaped(&mut text, path, b"/$&+,:;=@~-_.!*'()");
    for (index, (key, value)) in query.iter().enumerate() {
        text.push(if index == 0 { '?' } else { '&' });
        push_query(&mut text, key);
        text.push('=');
        push_query(&mut text, value);
    }
    text.parse().map_err(|error| format!("{text:?} is not a URL: {error}"))
}

/// Where an answer with this status and these header fields sends the client; none where nowhere.
pub(super) fn redirected(from: &Uri, status: StatusCode, headers: &HeaderMap) -> Option<Uri> {
    if !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let location = headers.get(header::LOCATION)?.to_str().ok()?;
    if location.contains("://") {
        return location.parse().ok();
    }
    let (scheme, authority) = (from.scheme_str()?, from.authority()?);
    let target = match location.strip_prefix("//") {
        Some(elsewhere) => format!("{scheme}://{elsewhere}"),
        None if location.starts_with('/') => format!("{scheme}://{authority}{location}"),
        None => {
            let folder = from.path().rsplit_once('/').map_or("", |(folder, _)| folder);
            format!("{scheme}://{authority}{folder}/{location}")
        }
    };
    target.parse().ok()
}

fn push_query(out: &mut String, text: &str) {
    for (index, word) in text.split(' ').enumerate() {
        if index > 0 {
            out.push('+');
        }
        push_escaped(out, word, b"-_.~");
    }
}

/// Appends the text with every byte escaped that is no letter, no digit and not `plain`.
fn push_escaped(out: &mut String, text: &str, plain: &[u8]) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || plain.contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_escaped() {
        let query = [("match[]".to_owned(), "{job=\"a b\"}".to_owned()), ("x".to_owned(), "é".to_owned())];
        let url = url_of("http", "localhost:9090", "/a path", &query).unwrap();
        assert_eq!(
            url.to_string(),
            "http://localhost:9090/a%20path?match%5B%5D=%7Bjob%3D%22a+b%22%7D&x=%C3%A9"
        );
        assert_eq!(url_of("http", "h", "metrics", &[]).unwrap(), "http://h/metrics");
        assert!(url_of("http", "a b", "/", &[]).is_err());
    }

    #[test]
    fn redirects_lead_from_where_they_were_sent() {
        let from: Uri = "http://a:1/x/y?z".parse().unwrap();
        let to = |status, location: &str| {
            let headers = HeaderMap::from_iter([(header::LOCATION, location.parse().unwrap())]);
            redirected(&from, status, &headers).map(|uri| uri.to_string())
        };
        assert_eq!(to(StatusCode::FOUND, "https://b/m").as_deref(), Some("https://b/m"));
        assert_eq!(to(StatusCode::FOUND, "//b/m").as_deref(), Some("http://b/m"));
        assert_eq!(to(StatusCode::PERMANENT_REDIRECT, "/m?n").as_deref(), Some("http://a:1/m?n"));
        assert_eq!(to(StatusCode::SEE_OTHER, "m").as_deref(), Some("http://a:1/x/m"));
        assert_eq!(to(StatusCode::OK, "/m"), None);
    }
}
