//! Protocol versions, cipher suites and key exchange groups, from Go's names to rustls's.

use std::sync::Arc;

use rustls::crypto::{CryptoProvider, SupportedKxGroup, ring};
use rustls::version::{TLS12, TLS13};
use rustls::{CipherSuite, SupportedCipherSuite, SupportedProtocolVersion};

use super::TlsConfig;
use crate::pipeline::BuildError;

/// The ring provider, narrowed to the suites and groups the section names.
pub(super) fn provider(config: &TlsConfig) -> Result<Arc<CryptoProvider>, BuildError> {
    let mut provider = ring::default_provider();
    if !config.cipher_suites.is_empty() {
        let named = suites(&config.cipher_suites).map_err(BuildError)?;
        provider.cipher_suites.retain(|suite| suite.tls13().is_some() || named.contains(suite));
    }
    if !config.curve_preferences.is_empty() {
        provider.kx_groups = groups(&config.curve_preferences).map_err(BuildError)?;
    }
    Ok(Arc::new(provider))
}

/// The protocol versions from `min_version` to `max_version`.
pub(super) fn versions(config: &TlsConfig) -> Result<Vec<&'static SupportedProtocolVersion>, BuildError> {
    let (oldest, newest) = version_range(config).map_err(|(_, message)| BuildError(message))?;
    let known = [(12, &TLS12), (13, &TLS13)];
    Ok(known
        .into_iter()
        .filter(|(number, _)| (oldest..=newest).contains(number))
        .map(|(_, version)| version)
        .collect())
}

/// What is wrong with the three kinds of name, each with its field.
pub(super) fn problems(config: &TlsConfig) -> Vec<(&'static str, String)> {
    let mut problems = Vec::new();
    problems.extend(version_range(config).err());
    problems.extend(suites(&config.cipher_suites).err().map(|message| ("cipher_suites", message)));
    problems.extend(groups(&config.curve_preferences).err().map(|message| ("curve_preferences", message)));
    problems
}

/// The oldest and the newest version, as 12 or 13.
fn version_range(config: &TlsConfig) -> Result<(u8, u8), (&'static str, String)> {
    let oldest = version_number(&config.min_version)
        .map_err(|message| ("min_version", format!("invalid TLS min_version: {message}")))?
        .unwrap_or(12);
    let newest = version_number(&config.max_version)
        .map_err(|message| ("max_version", format!("invalid TLS max_version: {message}")))?
        .unwrap_or(13);
    if newest < oldest {
        let message = "invalid TLS configuration: min_version cannot be greater than max_version";
        return Err(("min_version", message.to_owned()));
    }
    if newest < 12 {
        let message = format!("TLS {} is not supported; the lowest max_version is 1.2", config.max_version);
        return Err(("max_version", message));
    }
    Ok((oldest, newest))
}

fn version_number(text: &str) -> Result<Option<u8>, String> {
    match text {
        "" => Ok(None),
        "1.0" => Ok(Some(10)),
        "1.1" => Ok(Some(11)),
        "1.2" => Ok(Some(12)),
        "1.3" => Ok(Some(13)),
        _ => Err(format!("unsupported TLS version: {text:?}")),
    }
}

fn suites(names: &[String]) -> Result<Vec<SupportedCipherSuite>, String> {
    names.iter().map(|name| suite(name)).collect()
}

fn suite(name: &str) -> Result<SupportedCipherSuite, String> {
    let found = ring::ALL_CIPHER_SUITES.iter().find(|suite| iana_name(suite.suite()) == name);
    found.copied().ok_or_else(|| {
        let offered: Vec<String> =
            ring::ALL_CIPHER_SUITES.iter().map(|suite| iana_name(suite.suite())).collect();
        format!("invalid TLS cipher suite: {name:?}; offered are {}", offered.join(", "))
    })
}

/// rustls writes the suites of TLS 1.3 as `TLS13_...`, IANA and Go as `TLS_...`.
fn iana_name(suite: CipherSuite) -> String {
    suite.as_str().map_or_else(String::new, |name| name.replace("TLS13_", "TLS_"))
}

fn groups(names: &[String]) -> Result<Vec<&'static dyn SupportedKxGroup>, String> {
    names.iter().map(|name| group(name)).collect()
}

fn group(name: &str) -> Result<&'static dyn SupportedKxGroup, String> {
    match name {
        "X25519" => Ok(ring::kx_group::X25519),
        "P256" => Ok(ring::kx_group::SECP256R1),
        "P384" => Ok(ring::kx_group::SECP384R1),
        _ => {
            Err(format!("invalid curve type in curve_preferences: {name:?}; offered are X25519, P256, P384"))
        }
    }
}
