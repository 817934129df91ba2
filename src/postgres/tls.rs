//! TLS to PostgreSQL, with the meanings of `sslmode` that libpq gives them: `require` encrypts,
//! `verify-ca` and `verify-full` also check who answers.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{Config, Connection, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::DatabaseError;

pub(super) type Connector = TlsConnector;
pub(super) type Wire =
    Connection<Socket, <MakeRustlsConnect as tokio_postgres::tls::MakeTlsConnect<Socket>>::Stream>;

#[derive(Clone)]
pub struct TlsConnector(MakeRustlsConnect);

/// A URL's configuration and its connector. tokio_postgres knows neither `sslmode=verify-…` nor
/// `sslrootcert`; they are taken out here and obeyed.
pub(super) fn parse_url(url: &str) -> Result<(Config, TlsConnector), DatabaseError> {
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let mut verify = false;
    let mut root_file = None;
    let mut kept = form_urlencoded::Serializer::new(String::new());
    for (key, value) in form_urlencoded::parse(query.as_bytes()) {
        match (key.as_ref(), value.as_ref()) {
            ("sslmode", "verify-ca" | "verify-full") => {
                verify = true;
                kept.append_pair("sslmode", "require");
            }
            ("sslmode", "allow") => {
                kept.append_pair("sslmode", "prefer");
            }
            ("sslrootcert", file) => root_file = Some(file.to_owned()),
            _ => {
                kept.append_pair(&key, &value);
            }
        }
    }
    // libpq reads %20 as a space; form encoding writes + for it, which libpq does not read so.
    let query = kept.finish().replace('+', "%20");
    let url = if query.is_empty() {
        base.to_owned()
    } else {
        format!("{base}?{query}")
    };
    let mut config: Config = url.parse().map_err(|error| {
        DatabaseError::Internal(format!("DATABASE_URL can not be read: {error}"))
    })?;
    no_tls_on_sockets(&mut config);
    let connector = if verify && config.get_ssl_mode() != SslMode::Disable {
        TlsConnector::verified(root_file.as_deref())?
    } else {
        TlsConnector::unverified()
    };
    Ok((config, connector))
}

/// A Unix socket has no name that a certificate could be for, and nobody on its way.
pub(super) fn no_tls_on_sockets(config: &mut Config) {
    if config
        .get_hosts()
        .iter()
        .all(|host| matches!(host, Host::Unix(_)))
    {
        config.ssl_mode(SslMode::Disable);
    }
}

impl TlsConnector {
    pub(super) fn unverified() -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = Arc::new(AnyCertificate(provider));
        let config = builder()
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        Self(MakeRustlsConnect::new(config))
    }

    fn verified(root_file: Option<&str>) -> Result<Self, DatabaseError> {
        let mut roots = RootCertStore::empty();
        let certificates = match root_file {
            Some(file) => {
                use rustls::pki_types::pem::PemObject;
                CertificateDer::pem_file_iter(file)
                    .and_then(Iterator::collect::<Result<Vec<_>, _>>)
                    .map_err(|error| {
                        DatabaseError::Internal(format!(
                            "sslrootcert {file} can not be read: {error}"
                        ))
                    })?
            }
            None => rustls_native_certs::load_native_certs().certs,
        };
        roots.add_parsable_certificates(certificates);
        let config = builder()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self(MakeRustlsConnect::new(config)))
    }
}

fn builder() -> rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier> {
    ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap_or_else(|_| unreachable!("ring supports the default protocol versions"))
}

impl tokio_postgres::tls::MakeTlsConnect<Socket> for TlsConnector {
    type Stream = <MakeRustlsConnect as tokio_postgres::tls::MakeTlsConnect<Socket>>::Stream;
    type TlsConnect =
        <MakeRustlsConnect as tokio_postgres::tls::MakeTlsConnect<Socket>>::TlsConnect;
    type Error = <MakeRustlsConnect as tokio_postgres::tls::MakeTlsConnect<Socket>>::Error;

    fn make_tls_connect(&mut self, domain: &str) -> Result<Self::TlsConnect, Self::Error> {
        // A socket has no name; a connector is asked for all the same, and never used.
        let domain = if domain.is_empty() {
            "localhost"
        } else {
            domain
        };
        <MakeRustlsConnect as tokio_postgres::tls::MakeTlsConnect<Socket>>::make_tls_connect(
            &mut self.0,
            domain,
        )
    }
}

/// `sslmode=require` and below: encrypted, whoever answers.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            cert,
            dss,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            cert,
            dss,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
