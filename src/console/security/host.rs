//! The name by which a request asks for the console.

use std::net::IpAddr;

use http::header;
use http::request::Parts;

/// `host:port` as the request has it: in HTTP/2 in the URI, in HTTP/1 in a field.
pub fn authority(request: &Parts) -> Option<String> {
    if let Some(authority) = request.uri.authority() {
        return Some(authority.to_string());
    }
    let mut hosts = request.headers.get_all(header::HOST).into_iter();
    let host = hosts.next()?.to_str().ok()?.to_owned();
    hosts.next().is_none().then_some(host)
}

/// The host in `host:port`, without the brackets of an IPv6 address.
pub fn name_of(authority: &str) -> &str {
    if let Some((address, _)) = authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return address;
    }
    match authority.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => authority,
    }
}

/// True for names and addresses that can only mean this machine. No page has an address of the loopback as its name
/// unless it comes from this machine.
pub fn is_loopback_name(name: &str) -> bool {
    let is_address = name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    is_address || name == "localhost" || name.ends_with(".localhost")
}
