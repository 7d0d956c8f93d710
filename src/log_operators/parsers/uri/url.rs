//! URIs as Go's `net/url` takes them apart: RFC 3986 with what it tolerates beyond.

use std::net::Ipv6Addr;

/// The parts of a URI; those it does not have are empty.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Url<'t> {
    /// In lower case.
    pub scheme: String,
    /// The name before the host, unescaped.
    pub user: String,
    /// Without the brackets of addresses.
    pub host: String,
    /// Digits only.
    pub port: String,
    /// As it is written, or with escapes where they were missing.
    pub path: String,
    /// As it is written.
    pub query: &'t str,
}

/// Keys and values of a query in their order, and what is wrong with the first that cannot be read.
pub fn parse_query(query: &str) -> (Vec<(String, String)>, Option<String>) {
    let (mut pairs, mut first_error) = (Vec::new(), None);
    for pair in query.split('&') {
        if pair.contains(';') {
            // The last of these is the one that Go tells of.
            first_error = Some("invalid semicolon separator in query".to_owned());
            continue;
        }
        if pair.is_empty() {
            continue;
        }
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        match (unescape(key, Part::Query), unescape(value, Part::Query)) {
            (Ok(key), Ok(value)) => pairs.push((key, value)),
            (Err(error), _) | (_, Err(error)) => first_error = first_error.or(Some(error)),
        }
    }
    (pairs, first_error)
}

impl<'t> Url<'t> {
    /// Takes an absolute URI, or the path of one, apart. There are no fragments.
    pub fn parse(text: &'t str) -> Result<Self, String> {
        if text.bytes().any(|byte| byte.is_ascii_control()) {
            return Err("net/url: invalid control character in URL".to_owned());
        }
        match text {
            "" => return Err("empty url".to_owned()),
            "*" => return Ok(Self { path: "*".to_owned(), ..Self::default() }),
            _ => {}
        }
        let (scheme, rest) = split_scheme(text)?;
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let mut url = Self { scheme: scheme.to_ascii_lowercase(), query, ..Self::default() };
        if !rest.starts_with('/') {
            return if url.scheme.is_empty() { Err("invalid URI for request".to_owned()) } else { Ok(url) };
        }
        let mut path = rest;
        if !url.scheme.is_empty()
            && let Some(behind) = rest.strip_prefix("//")
        {
            let authority = behind.split('/').next().unwrap_or_default();
            path = behind.get(authority.len()..).unwrap_or_default();
            url.take_authority(authority)?;
        }
        let unescaped = unescape_bytes(path, Part::Path)?;
        url.path = if path.bytes().all(is_valid_in_path) { path.to_owned() } else { escape_path(&unescaped) };
        Ok(url)
    }

    fn take_authority(&mut self, authority: &str) -> Result<(), String> {
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, authority),
        };
        self.take_host(host)?;
        let Some(user) = user else {
            return Ok(());
        };
        if !user.bytes().all(is_valid_in_user) {
            return Err("net/url: invalid userinfo".to_owned());
        }
        let (name, password) = user.split_once(':').unwrap_or((user, ""));
        self.user = unescape(name, Part::User)?;
        unescape(password, Part::User).map(drop)
    }

    fn take_host(&mut self, text: &str) -> Result<(), String> {
        let (host, colon_and_port) = match text.rfind('[') {
            Some(0) => {
                let (literal, port) = text.rsplit_once(']').ok_or("missing ']' in host")?;
                check_port(port)?;
                (ip_literal(literal.get(1..).unwrap_or_default())?, port.to_owned())
            }
            Some(_) => return Err("invalid IP-literal".to_owned()),
            None => {
                // Several hosts with ports are allowed but for the schemes of the web.
                let is_web = matches!(self.scheme.as_str(), "http" | "https");
                let colon = if is_web { text.find(':') } else { text.rfind(':') };
                check_port(colon.and_then(|at| text.get(at..)).unwrap_or_default())?;
                let host = unescape(text, Part::Host)?;
                let port =
                    host.rfind(':').map_or(String::new(), |at| host.get(at..).unwrap_or_default().to_owned());
                (host.strip_suffix(&port).unwrap_or(&host).to_owned(), port)
            }
        };
        self.host = host;
        self.port = colon_and_port.strip_prefix(':').unwrap_or_default().to_owned();
        Ok(())
    }
}

/// The scheme, without its colon, and the rest; no scheme where a character comes before the colon that none has.
fn split_scheme(text: &str) -> Result<(&str, &str), String> {
    let is_of_scheme = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    let length = text.bytes().take_while(|byte| is_of_scheme(*byte)).count();
    let (scheme, behind) = text.split_at_checked(length).unwrap_or_default();
    match behind.strip_prefix(':') {
        Some(_) if scheme.is_empty() => Err("missing protocol scheme".to_owned()),
        Some(rest) if scheme.starts_with(|first: char| first.is_ascii_alphabetic()) => Ok((scheme, rest)),
        _ => Ok(("", text)),
    }
}

fn check_port(port: &str) -> Result<(), String> {
    let is_valid = port.is_empty()
        || port.strip_prefix(':').is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
    if is_valid { Ok(()) } else { Err(format!("invalid port {port:?} after host")) }
}

/// An address of version 6, which may have a zone.
fn ip_literal(text: &str) -> Result<String, String> {
    let (address, zone) = match text.split_once("%25") {
        Some((address, zone)) => (address, unescape(&format!("%25{zone}"), Part::Zone)?),
        None => (text, String::new()),
    };
    let address = unescape(address, Part::Host)?;
    if address.parse::<Ipv6Addr>().is_err() || zone == "%" {
        return Err(format!("invalid host: ParseAddr({:?}): unable to parse IP", format!("{address}{zone}")));
    }
    Ok(address + &zone)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    User,
    Host,
    Zone,
    Path,
    Query,
}

/// The text with escapes undone; what is no UTF-8 then is replaced.
fn unescape(text: &str, part: Part) -> Result<String, String> {
    unescape_bytes(text, part).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

fn unescape_bytes(text: &str, part: Part) -> Result<Vec<u8>, String> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        match first {
            b'%' => {
                let escape = behind.get(..2).unwrap_or(behind);
                let value = hexadecimal(escape).filter(|value| is_escapable(*value, part));
                let Some(value) = value else {
                    return Err(format!(
                        "invalid URL escape {:?}",
                        format!("%{}", String::from_utf8_lossy(escape))
                    ));
                };
                out.push(value);
                rest = behind.get(2..).unwrap_or_default();
            }
            b'+' if part == Part::Query => out.push(b' '),
            byte if byte.is_ascii()
                && matches!(part, Part::Host | Part::Zone)
                && !is_valid_in_host(*byte) =>
            {
                return Err(format!("invalid character {:?} in host name", char::from(*byte).to_string()));
            }
            byte => out.push(*byte),
        }
    }
    Ok(out)
}

fn hexadecimal(digits: &[u8]) -> Option<u8> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    match digits {
        [high, low] => u8::try_from(digit(high)? << 4 | digit(low)?).ok(),
        _ => None,
    }
}

/// In hosts only what is not ASCII may be escaped, and the percent sign itself.
fn is_escapable(value: u8, part: Part) -> bool {
    match part {
        Part::Host => !value.is_ascii() || value == b'%',
        Part::Zone => matches!(value, b'%' | b' ') || is_valid_in_host(value),
        Part::User | Part::Path | Part::Query => true,
    }
}

const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~')
}

const fn is_valid_in_host(byte: u8) -> bool {
    is_unreserved(byte)
        || matches!(byte, b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=')
        || matches!(byte, b':' | b'[' | b']' | b'<' | b'>' | b'"')
}

const fn is_valid_in_user(byte: u8) -> bool {
    is_unreserved(byte)
        || matches!(byte, b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=')
        || matches!(byte, b':' | b'%' | b'@')
}

const fn is_valid_in_path(byte: u8) -> bool {
    is_unescaped_in_path(byte) || matches!(byte, b'!' | b'\'' | b'(' | b')' | b'*' | b'[' | b']' | b'%')
}

const fn is_unescaped_in_path(byte: u8) -> bool {
    is_unreserved(byte) || matches!(byte, b'$' | b'&' | b'+' | b',' | b'/' | b':' | b';' | b'=' | b'@')
}

fn escape_path(path: &[u8]) -> String {
    let mut out = String::with_capacity(path.len() + 8);
    for byte in path {
        if is_unescaped_in_path(*byte) {
            out.push(char::from(*byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
