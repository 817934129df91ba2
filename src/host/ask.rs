//! Asks an address that the operator named, of the host project, and takes a bounded answer.
//!
//! *Invariant:* one request, to that address and no other: redirects are answers, and what a visitor's headers say goes
//! nowhere else.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, LengthLimitError, Limited};
use hyper::Request;
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, CONNECTION, HOST, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use hyper::rt::{Read, Write};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_util::task::AbortOnDropHandle;
use url::{Host, Url};

/// All of it: look-up, connection, answer. A visitor's page waits for it.
const ANSWER_MAX: Duration = Duration::from_secs(5);
/// What the host says of one person, or its keys, fits into a tenth of it.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

const AGENT: &str = concat!("webchat/", env!("CARGO_PKG_VERSION"));

/// Why there is no answer. Names no header of the request.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    #[error("its host can not be reached")]
    Unreachable,
    #[error("no connection to it is secure: is its certificate one that this system trusts?")]
    Insecure,
    #[error("it took more than {} seconds", ANSWER_MAX.as_secs())]
    TooSlow,
    #[error("its answer has more than {ANSWER_BYTES_MAX} bytes")]
    TooLarge,
    #[error("it broke off")]
    Broken,
    #[error("it answered with status {0}")]
    Status(u16),
    #[error("its answer is not what it should be: {0}")]
    Unreadable(&'static str),
}

pub struct Answer {
    pub status: u16,
    pub body: Bytes,
}

/// Connects anew each time: it is asked seldom, and a connection kept would have to be looked after.
#[derive(Default)]
pub struct Asker {
    /// Made when it is first needed: the system's certificates take a moment to read, and room.
    tls: OnceLock<TlsConnector>,
}

impl Asker {
    /// The answer to a GET with these headers, whatever its status.
    pub async fn get(
        &self,
        url: &Url,
        headers: &[(HeaderName, HeaderValue)],
    ) -> Result<Answer, AskError> {
        timeout(ANSWER_MAX, self.ask(url, headers))
            .await
            .map_err(|_| AskError::TooSlow)?
    }

    async fn ask(
        &self,
        url: &Url,
        headers: &[(HeaderName, HeaderValue)],
    ) -> Result<Answer, AskError> {
        let host = url.host().ok_or(AskError::Unreachable)?;
        let port = url.port_or_known_default().ok_or(AskError::Unreachable)?;
        let tcp = match host {
            Host::Domain(name) => TcpStream::connect((name, port)).await,
            Host::Ipv4(address) => TcpStream::connect((address, port)).await,
            Host::Ipv6(address) => TcpStream::connect((address, port)).await,
        };
        let tcp = tcp.map_err(|_| AskError::Unreachable)?;
        if url.scheme() != "https" {
            return exchange(TokioIo::new(tcp), url, headers).await;
        }
        let name = match host {
            Host::Domain(name) => ServerName::try_from(name.trim_end_matches('.').to_owned())
                .map_err(|_| AskError::Insecure)?,
            Host::Ipv4(address) => std::net::IpAddr::from(address).into(),
            Host::Ipv6(address) => std::net::IpAddr::from(address).into(),
        };
        let tls = self.tls.get_or_init(trusting_the_system);
        let tls = tls.connect(name, tcp).await;
        exchange(
            TokioIo::new(tls.map_err(|_| AskError::Insecure)?),
            url,
            headers,
        )
        .await
    }
}

fn trusting_the_system() -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        tracing::warn!(
            "this system has no certificates to trust, so the host can not be asked by https"
        );
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap_or_else(|_| unreachable!("ring supports the default protocol versions"))
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

async fn exchange<T>(
    io: T,
    url: &Url,
    headers: &[(HeaderName, HeaderValue)],
) -> Result<Answer, AskError>
where
    T: Read + Write + Unpin + Send + 'static,
{
    let broken = |_| AskError::Broken;
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(ANSWER_BYTES_MAX)
        .handshake(io)
        .await
        .map_err(broken)?;
    // It ends with this function; what goes wrong on it is told to the request.
    let _driver = AbortOnDropHandle::new(tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection to the host ended");
        }
    }));
    let authority = match url.port() {
        Some(port) => format!("{}:{port}", url.host_str().unwrap_or_default()),
        None => url.host_str().unwrap_or_default().to_owned(),
    };
    let mut request = Request::get(&url[url::Position::BeforePath..url::Position::AfterQuery])
        .header(HOST, authority)
        .header(USER_AGENT, AGENT)
        .header(ACCEPT, "application/json")
        .header(CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .map_err(|_| AskError::Unreachable)?;
    let more: HeaderMap = headers.iter().cloned().collect();
    request.headers_mut().extend(more);
    let response = sender.send_request(request).await.map_err(broken)?;
    let status = response.status().as_u16();
    let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX);
    match body.collect().await {
        Ok(collected) => Ok(Answer {
            status,
            body: collected.to_bytes(),
        }),
        Err(error) if error.is::<LengthLimitError>() => Err(AskError::TooLarge),
        Err(_) => Err(AskError::Broken),
    }
}
