//! Certificates for TLS on loopback, made on the spot.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};

use crate::send::spans;

/// A certificate authority.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// A certificate and its key, both in PEM.
pub struct Issued {
    certificate: String,
    key: String,
}

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self { issuer: CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap() }
    }

    /// A certificate for hosts.
    pub fn issue(&self, hosts: &[IpAddr]) -> Issued {
        let key = KeyPair::generate().unwrap();
        let hosts: Vec<String> = hosts.iter().map(IpAddr::to_string).collect();
        let params = CertificateParams::new(hosts).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Issued { certificate: certificate.pem(), key: key.serialize_pem() }
    }

    /// Writes the authority's own certificate and returns where.
    pub fn write(&self, directory: &Path, name: &str) -> PathBuf {
        write(directory, name, &self.issuer.pem())
    }

    /// A gRPC connection that trusts this authority and shows `identity`, where there is one.
    pub async fn grpc(
        &self,
        address: SocketAddr,
        identity: Option<&Issued>,
    ) -> Result<Channel, tonic::transport::Error> {
        let mut tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(self.issuer.pem()));
        if let Some(identity) = identity {
            tls = tls.identity(Identity::from_pem(&identity.certificate, &identity.key));
        }
        Endpoint::from_shared(format!("https://{address}"))?.tls_config(tls)?.connect().await
    }

    /// Whether a server turns `identity` away. It may do so only at the first request, since in TLS 1.3 a client is done
    /// with the handshake before the server has seen its certificate.
    pub async fn grpc_is_refused(&self, address: SocketAddr, identity: Option<&Issued>) -> bool {
        match self.grpc(address, identity).await {
            Err(_) => true,
            Ok(channel) => TraceServiceClient::new(channel).export(spans(Vec::new())).await.is_err(),
        }
    }

    /// A connection for HTTP that trusts this authority and shows `identity`.
    pub async fn http(&self, address: SocketAddr, identity: &Issued) -> TlsStream<TcpStream> {
        let mut roots = RootCertStore::empty();
        roots.add(self.issuer.der().clone()).unwrap();
        let chain = vec![CertificateDer::from_pem_slice(identity.certificate.as_bytes()).unwrap()];
        let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_client_auth_cert(chain, key)
            .unwrap();
        let connection = TcpStream::connect(address).await.unwrap();
        let server = ServerName::from(address.ip());
        TlsConnector::from(Arc::new(config)).connect(server, connection).await.unwrap()
    }
}

impl Issued {
    /// Writes certificate and key and returns where.
    pub fn write(&self, directory: &Path, name: &str) -> (PathBuf, PathBuf) {
        let certificate = write(directory, &format!("{name}.crt"), &self.certificate);
        (certificate, write(directory, &format!("{name}.key"), &self.key))
    }
}

fn write(directory: &Path, name: &str, text: &str) -> PathBuf {
    let path = directory.join(name);
    std::fs::write(&path, text).unwrap();
    path
}
