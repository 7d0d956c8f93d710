//! Handshakes in memory, with certificates made on the spot.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{ClientConfig, ServerConfig};
use tempfile::TempDir;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::{ClientTlsConfig, ServerTlsConfig};
use crate::config::{Checking, GoDuration, Section};

struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self { issuer: CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap() }
    }

    fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// A certificate chain and its key, both in PEM.
    fn issue(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }
}

fn write(directory: &TempDir, name: &str, text: &str) -> String {
    let path = directory.path().join(name);
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn server_section(directory: &TempDir, authority: &Authority, name: &str) -> ServerTlsConfig {
    let (certificate, key) = authority.issue(name);
    let mut section = ServerTlsConfig::default();
    section.shared.cert_file = write(directory, "server.crt", &certificate);
    section.shared.key_file = write(directory, "server.key", &key);
    section
}

fn client_section(directory: &TempDir, authority: &Authority) -> ClientTlsConfig {
    let mut section = ClientTlsConfig::default();
    section.shared.ca_file = write(directory, "ca.crt", &authority.pem());
    section
}

/// A configuration without a session to resume, so that the next handshake shows certificates again.
fn new_client(section: &ClientTlsConfig) -> Arc<ClientConfig> {
    section.client_config(&[]).unwrap().unwrap()
}

/// One handshake and one byte each way; the error of whichever side refused.
async fn handshake(
    server: Arc<ServerConfig>,
    client: Arc<ClientConfig>,
    section: &ClientTlsConfig,
) -> Result<Option<Vec<u8>>, String> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let (server_io, client_io) = tokio::io::duplex(16 * 1024);
    let name = section.server_name("localhost").unwrap();
    let serve = async {
        let mut stream = TlsAcceptor::from(server).accept(server_io).await?;
        let mut byte = [0];
        stream.read_exact(&mut byte).await?;
        stream.write_all(&byte).await?;
        stream.flush().await?;
        Ok::<_, std::io::Error>(stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec))
    };
    let call = async {
        let mut stream = TlsConnector::from(client).connect(name, client_io).await?;
        stream.write_all(&[7]).await?;
        stream.flush().await?;
        let mut byte = [0];
        stream.read_exact(&mut byte).await?;
        assert_eq!(byte, [7]);
        Ok::<_, std::io::Error>(())
    };
    let (served, called) = tokio::join!(serve, call);
    called.map_err(|error| error.to_string())?;
    served.map_err(|error| error.to_string())
}

fn messages(section: &impl Section) -> Vec<String> {
    let mut checking = Checking::default();
    section.check(&mut checking);
    checking.into_errors().into_iter().map(|error| error.message).collect()
}

#[tokio::test]
async fn a_client_reaches_a_server_whose_ca_it_knows() {
    let directory = TempDir::new().unwrap();
    let authority = Authority::new();
    let server = server_section(&directory, &authority, "localhost").server_config(&[b"h2", b"http/1.1"]);
    let client = client_section(&directory, &authority);
    let config = client.client_config(&[b"h2"]).unwrap().unwrap();
    assert_eq!(handshake(server.unwrap(), config, &client).await, Ok(Some(b"h2".to_vec())));
}

#[tokio::test]
async fn an_unknown_ca_and_a_wrong_name_are_refused_unless_verification_is_off() {
    let directory = TempDir::new().unwrap();
    let authority = Authority::new();
    let server = server_section(&directory, &authority, "elsewhere.test").server_config(&[]).unwrap();
    let mut client = client_section(&directory, &authority);
    let config = new_client(&client);
    let error = handshake(Arc::clone(&server), config, &client).await.unwrap_err();
    assert!(error.contains("not valid for name"), "{error}");

    client.server_name_override = "elsewhere.test".to_owned();
    let config = new_client(&client);
    assert_eq!(handshake(Arc::clone(&server), config, &client).await, Ok(None));

    let mut stranger = client_section(&directory, &Authority::new());
    stranger.server_name_override = "elsewhere.test".to_owned();
    let config = new_client(&stranger);
    let error = handshake(Arc::clone(&server), config, &stranger).await.unwrap_err();
    assert!(error.contains("invalid peer certificate"), "{error}");

    stranger.insecure_skip_verify = true;
    let config = new_client(&stranger);
    assert_eq!(handshake(server, config, &stranger).await, Ok(None));
}

#[tokio::test]
async fn mutual_tls_takes_only_clients_of_the_client_ca() {
    let directory = TempDir::new().unwrap();
    let (authority, client_authority) = (Authority::new(), Authority::new());
    let mut section = server_section(&directory, &authority, "localhost");
    section.client_ca_file = write(&directory, "client-ca.crt", &client_authority.pem());
    section.client_ca_file_reload = true;
    let server = section.server_config(&[]).unwrap();

    let mut client = client_section(&directory, &authority);
    let anonymous = new_client(&client);
    assert!(handshake(Arc::clone(&server), anonymous, &client).await.is_err());

    let (certificate, key) = client_authority.issue("client.test");
    client.shared.cert_pem = crate::config::Secret::new(certificate);
    client.shared.key_pem = crate::config::Secret::new(key);
    let known = new_client(&client);
    assert_eq!(handshake(Arc::clone(&server), known, &client).await, Ok(None));

    // Two certificates in the file: another length, whatever the clock's resolution.
    let others = format!("{}{}", Authority::new().pem(), Authority::new().pem());
    write(&directory, "client-ca.crt", &others);
    let known = new_client(&client);
    assert!(handshake(Arc::clone(&server), known, &client).await.is_err());
}

#[tokio::test]
async fn a_certificate_is_read_again_and_a_broken_one_is_not_taken() {
    let directory = TempDir::new().unwrap();
    let authority = Authority::new();
    let mut section = server_section(&directory, &authority, "old.test");
    section.shared.reload_interval = GoDuration::parse("1ns").unwrap();
    let server = section.server_config(&[]).unwrap();
    let mut client = client_section(&directory, &authority);
    client.server_name_override = "new.test".to_owned();
    assert!(handshake(Arc::clone(&server), new_client(&client), &client).await.is_err());

    server_section(&directory, &authority, "new.test");
    assert_eq!(handshake(Arc::clone(&server), new_client(&client), &client).await, Ok(None));

    write(&directory, "server.key", "no key");
    assert_eq!(handshake(server, new_client(&client), &client).await, Ok(None));
}

#[tokio::test]
async fn versions_are_kept_to() {
    let directory = TempDir::new().unwrap();
    let authority = Authority::new();
    let mut section = server_section(&directory, &authority, "localhost");
    section.shared.min_version = "1.3".to_owned();
    let server = section.server_config(&[]).unwrap();
    let mut client = client_section(&directory, &authority);
    client.shared.max_version = "1.2".to_owned();
    let config = new_client(&client);
    assert!(handshake(server, config, &client).await.is_err());

    section.shared.min_version = "1.0".to_owned();
    section.shared.cipher_suites = vec!["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256".to_owned()];
    section.shared.curve_preferences = vec!["P256".to_owned()];
    let server = section.server_config(&[]).unwrap();
    let config = new_client(&client);
    assert_eq!(handshake(server, config, &client).await, Ok(None));
}

#[test]
fn insecure_means_plain_text_unless_a_ca_is_given() {
    let mut section = ClientTlsConfig { insecure: true, ..ClientTlsConfig::default() };
    assert!(section.client_config(&[]).unwrap().is_none());
    let directory = TempDir::new().unwrap();
    section.shared.ca_file = write(&directory, "ca.crt", &Authority::new().pem());
    assert!(section.client_config(&[]).unwrap().is_some());
}

#[test]
fn what_cannot_be_is_refused_in_the_collectors_words() {
    type Change = fn(&mut ServerTlsConfig);
    let cases: [(Change, &str); 7] = [
        (|tls| tls.shared.ca_file = "a".into(), ""),
        (
            |tls| tls.shared.min_version = "1.4".into(),
            "invalid TLS min_version: unsupported TLS version: \"1.4\"",
        ),
        (
            |tls| tls.shared.max_version = "1.1".into(),
            "invalid TLS configuration: min_version cannot be greater than max_version",
        ),
        (|tls| tls.shared.key_file.clear(), "for auth via TLS, provide both certificate and key, or neither"),
        (|tls| tls.shared.tpm.enabled = true, "keys inside a TPM are not supported; use key_file or key_pem"),
        (
            |tls| tls.shared.curve_preferences = vec!["P224".into()],
            "invalid curve type in curve_preferences: \"P224\"; offered are X25519, P256, P384",
        ),
        (
            |tls| tls.shared.reload_interval = GoDuration::from_secs(-1),
            "'reload_interval' must be non-negative",
        ),
    ];
    for (change, message) in cases {
        let mut section = ServerTlsConfig::default();
        section.shared.cert_file = "c".into();
        section.shared.key_file = "k".into();
        change(&mut section);
        assert_eq!(messages(&section).first().map_or("", String::as_str), message);
    }
    let mut section = ClientTlsConfig::default();
    section.shared.cipher_suites = vec!["TLS_RSA_WITH_RC4_128_SHA".into()];
    assert!(messages(&section)[0].starts_with("invalid TLS cipher suite: \"TLS_RSA_WITH_RC4_128_SHA\""));
    assert_eq!(
        messages(&ServerTlsConfig::default()),
        ["TLS configuration must include both certificate and key for server connections"]
    );
}

#[test]
fn errors_name_field_and_file() {
    let directory = TempDir::new().unwrap();
    let authority = Authority::new();
    let missing = directory.path().join("missing.pem");
    let missing = missing.to_str().unwrap();
    let mut section = server_section(&directory, &authority, "localhost");
    section.shared.cert_file = missing.to_owned();
    let error = section.server_config(&[]).unwrap_err().to_string();
    assert_eq!(
        error,
        format!(
            "failed to load TLS config: failed to load TLS cert and key: cannot read tls.cert_file \
             {missing:?}: No such file or directory (os error 2)"
        )
    );

    let mut section = server_section(&directory, &authority, "localhost");
    section.shared.key_file = write(&directory, "other.key", &authority.issue("x.test").1);
    let error = section.server_config(&[]).unwrap_err().to_string();
    assert!(error.contains("do not work together"), "{error}");

    let mut client = ClientTlsConfig::default();
    client.shared.ca_file = write(&directory, "empty.pem", "nothing");
    let error = client.client_config(&[]).unwrap_err().to_string();
    assert!(
        error.starts_with("failed to load TLS config: failed to load CA CertPool: tls.ca_file"),
        "{error}"
    );
    assert!(error.ends_with("holds no certificate in PEM"), "{error}");
    assert!(Path::new(&client.shared.ca_file).is_absolute());
}
