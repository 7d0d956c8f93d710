//! What can be said of an address to listen on before anything listens there.

use crate::config::Checking;

/// The kinds of address that [`Listener::bind`](super::Listener::bind) knows.
const TRANSPORTS: [&str; 4] = ["tcp", "tcp4", "tcp6", "unix"];

/// Notes what is wrong with the fields `transport` and `endpoint` of a section. A port may be a service's name, which only
/// the system knows, so that only numbers are looked at.
pub fn check_listening_address(transport: &str, endpoint: &str, checking: &mut Checking) {
    if !TRANSPORTS.contains(&transport) {
        checking
            .error_at("transport", format!("invalid transport type {transport:?} (tcp, tcp4, tcp6 or unix)"));
    }
    if transport == "unix" {
        return;
    }
    let Some((_, port)) = endpoint.rsplit_once(':') else { return };
    let is_number = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    if is_number && port.parse::<u16>().is_err() {
        let message =
            format!("{endpoint} is no address to listen on: a port is a number from 0 to {}", u16::MAX);
        checking.error_at("endpoint", message);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_cannot_be_are_refused_before_the_start() {
        let said = |transport: &str, endpoint: &str| {
            let mut checking = Checking::default();
            check_listening_address(transport, endpoint, &mut checking);
            checking.into_errors().into_iter().map(|error| error.message).collect::<Vec<_>>()
        };
        assert_eq!(
            said("tcp", "localhost:99999"),
            ["localhost:99999 is no address to listen on: a port is a number from 0 to 65535"]
        );
        assert_eq!(said("udp", ":1"), ["invalid transport type \"udp\" (tcp, tcp4, tcp6 or unix)"]);
        for (transport, endpoint) in [
            ("tcp", "[::1]:65535"),
            ("tcp4", ":0"),
            ("tcp", "localhost:http"),
            ("unix", "/run/otlp:99999"),
            ("tcp", ""),
        ] {
            assert_eq!(said(transport, endpoint), [""; 0], "{transport} {endpoint}");
        }
    }
}
