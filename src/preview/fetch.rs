//! Asks for a page as a stranger would, and takes no more of it than its head needs; or for a picture, likewise.
//!
//! *Invariant:* an address is looked up once and judged before it is connected to, for the first request and for each
//! redirect; nothing here resolves a name again, keeps a cookie, or goes by a proxy.

use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use flate2::write::GzDecoder;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{
    ACCEPT, ACCEPT_ENCODING, CONNECTION, CONTENT_ENCODING, CONTENT_TYPE, HOST, HeaderMap,
    HeaderName, LOCATION, USER_AGENT,
};
use hyper::rt::{Read, Write as AsyncWrite};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rustls::client::Resumption;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_util::task::AbortOnDropHandle;
use url::{Host, Url};

use super::address::is_public;
use super::html::{Found, read_page};
use super::link::{Allowed, Reach, normalized};

/// All of it: look-up, connections, redirects, reading. Who reads along sees the preview a moment after the message.
const FETCH_MAX: Duration = Duration::from_secs(5);
/// Each connection, with TLS.
const CONNECT_MAX: Duration = Duration::from_secs(3);
/// Of a host's addresses, so many are tried.
const ADDRESSES_MAX: usize = 3;
const REDIRECTS_MAX: u32 = 3;
/// Of one page, as it comes and unpacked: heads of common pages have a tenth of it.
const PAGE_BYTES_MAX: usize = 512 * 1024;
/// hyper's buffer, in bytes, and so the most that a response's head may have.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// Of a picture, in which there is more to read.
const PICTURE_MAX: Duration = Duration::from_secs(15);

/// What is asked for, and as whom.
#[derive(Clone, Copy)]
enum Wanted {
    Page,
    Picture,
}

impl Wanted {
    fn agent(self) -> &'static str {
        match self {
            Self::Page => concat!("webchat/", env!("CARGO_PKG_VERSION"), " (link preview)"),
            Self::Picture => concat!("webchat/", env!("CARGO_PKG_VERSION"), " (picture)"),
        }
    }

    fn accept(self) -> &'static str {
        match self {
            Self::Page => "text/html, application/xhtml+xml",
            Self::Picture => "image/webp, image/png, image/jpeg, image/gif",
        }
    }

    fn accept_encoding(self) -> &'static str {
        match self {
            Self::Page => "gzip",
            // An image is as small as it gets.
            Self::Picture => "identity",
        }
    }
}

/// Why there is no preview, or no picture. For the metrics and, at most, the debug log.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    #[error("its address is not to be asked")]
    Refused,
    #[error("its host can not be reached")]
    Unreachable,
    #[error("no connection to it is secure: is its certificate one that this system trusts?")]
    Insecure,
    #[error("it took too long")]
    TooSlow,
    #[error("it redirects too often")]
    TooManyRedirects,
    #[error("its answer is not what was asked for")]
    NoPage,
    #[error("it has too many bytes")]
    TooLarge,
    #[error("its page has no title")]
    NoTitle,
}

impl FetchError {
    /// As the metric's label.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::Insecure => "insecure",
            Self::TooSlow => "too_slow",
            Self::TooManyRedirects => "too_many_redirects",
            Self::NoPage => "no_page",
            Self::TooLarge => "too_large",
            Self::NoTitle => "no_title",
        }
    }
}

impl From<hyper::Error> for FetchError {
    fn from(_: hyper::Error) -> Self {
        Self::Unreachable
    }
}

pub struct Fetcher {
    allowed: Allowed,
    tls: TlsConnector,
}

impl Fetcher {
    pub fn new(allowed: Allowed) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            tracing::warn!(
                "this system has no certificates to trust, so links to https pages get no preview"
            );
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap_or_else(|_| unreachable!("ring supports the default protocol versions"))
            .with_root_certificates(roots)
            .with_no_client_auth();
        // A ticket of an earlier connection would be a cookie by another name.
        config.resumption = Resumption::disabled();
        Self {
            allowed,
            tls: TlsConnector::from(Arc::new(config)),
        }
    }

    /// What the page says of itself.
    pub async fn fetch(&self, url: &Url) -> Result<Found, FetchError> {
        timeout(FETCH_MAX, async {
            self.follow(url.clone(), Wanted::Page).await?.read().await
        })
        .await
        .map_err(|_| FetchError::TooSlow)?
    }

    /// The bytes of what may be a picture; whoever asked looks.
    pub async fn fetch_picture(&self, url: &Url, bytes_max: usize) -> Result<Vec<u8>, FetchError> {
        timeout(PICTURE_MAX, async {
            let mut asked = self.follow(url.clone(), Wanted::Picture).await?;
            asked.read_bytes(bytes_max).await
        })
        .await
        .map_err(|_| FetchError::TooSlow)?
    }

    async fn follow(&self, mut url: Url, wanted: Wanted) -> Result<Asked, FetchError> {
        for _ in 0..=REDIRECTS_MAX {
            let asked = self.ask(&url, wanted).await?;
            match asked.response.status().as_u16() {
                200..=299 => return Ok(asked),
                301 | 302 | 303 | 307 | 308 => {
                    let target = text(asked.response.headers(), &LOCATION)
                        .and_then(|location| url.join(location).ok())
                        .ok_or(FetchError::NoPage)?;
                    url = normalized(target).ok_or(FetchError::Refused)?;
                }
                _ => return Err(FetchError::NoPage),
            }
        }
        Err(FetchError::TooManyRedirects)
    }

    async fn ask(&self, url: &Url, wanted: Wanted) -> Result<Asked, FetchError> {
        let reach = self.allowed.reach(url);
        if reach == Reach::Nothing {
            return Err(FetchError::Refused);
        }
        // https to a host on port 80 is as the address says.
        let is_https = url.scheme() == "https";
        timeout(CONNECT_MAX, async {
            let tcp = connect(url, reach).await?;
            if !is_https {
                return Ok(handshake(TokioIo::new(tcp)).await?);
            }
            let name = match url.host() {
                Some(Host::Domain(name)) => {
                    ServerName::try_from(name.trim_end_matches('.').to_owned())
                        .map_err(|_| FetchError::Insecure)?
                }
                Some(Host::Ipv4(address)) => IpAddr::from(address).into(),
                Some(Host::Ipv6(address)) => IpAddr::from(address).into(),
                None => return Err(FetchError::Refused),
            };
            let tls = self.tls.connect(name, tcp).await;
            let tls = tls.map_err(|_| FetchError::Insecure)?;
            Ok(handshake(TokioIo::new(tls)).await?)
        })
        .await
        .map_err(|_| FetchError::TooSlow)??
        .ask(url, wanted)
        .await
    }
}

/// The one look-up, and the connection to one of the addresses that it found.
async fn connect(url: &Url, reach: Reach) -> Result<TcpStream, FetchError> {
    let port = url.port_or_known_default().ok_or(FetchError::Refused)?;
    let addresses: Vec<SocketAddr> = match url.host().ok_or(FetchError::Refused)? {
        Host::Ipv4(address) => vec![(address, port).into()],
        Host::Ipv6(address) => vec![(address, port).into()],
        Host::Domain(name) => tokio::net::lookup_host((name, port))
            .await
            .map_err(|_| FetchError::Unreachable)?
            .collect(),
    };
    if addresses.is_empty() {
        return Err(FetchError::Unreachable);
    }
    let judged: Vec<SocketAddr> = addresses
        .into_iter()
        .filter(|address| reach == Reach::AnyAddress || is_public(address.ip()))
        .take(ADDRESSES_MAX)
        .collect();
    // The first may be of a family that leads nowhere from here: it must leave time for the others.
    let attempt_max = u32::try_from(judged.len())
        .ok()
        .and_then(|count| CONNECT_MAX.checked_div(count))
        .ok_or(FetchError::Refused)?;
    for address in judged {
        if let Ok(Ok(stream)) = timeout(attempt_max, TcpStream::connect(address)).await {
            return Ok(stream);
        }
    }
    Err(FetchError::Unreachable)
}

async fn handshake<T>(io: T) -> Result<Connected, hyper::Error>
where
    T: Read + AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) = http1::Builder::new()
        .max_buf_size(HEAD_BYTES_MAX)
        .handshake(io)
        .await?;
    // It ends with whoever holds the handle; what goes wrong on it is told to the request.
    let driver = AbortOnDropHandle::new(tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection for a preview ended");
        }
    }));
    Ok(Connected { sender, driver })
}

struct Connected {
    sender: http1::SendRequest<Empty<Bytes>>,
    driver: AbortOnDropHandle<()>,
}

impl Connected {
    async fn ask(mut self, url: &Url, wanted: Wanted) -> Result<Asked, FetchError> {
        let host = match url.port() {
            Some(port) => format!("{}:{port}", url.host_str().unwrap_or_default()),
            None => url.host_str().unwrap_or_default().to_owned(),
        };
        let request = Request::get(&url[url::Position::BeforePath..url::Position::AfterQuery])
            .header(HOST, host)
            .header(USER_AGENT, wanted.agent())
            .header(ACCEPT, wanted.accept())
            .header(ACCEPT_ENCODING, wanted.accept_encoding())
            .header(CONNECTION, "close")
            .body(Empty::new())
            .map_err(|_| FetchError::Refused)?;
        let response = self.sender.send_request(request).await?;
        Ok(Asked {
            response,
            _driver: self.driver,
        })
    }
}

/// An answer, and what brings its body.
struct Asked {
    response: Response<Incoming>,
    _driver: AbortOnDropHandle<()>,
}

impl Asked {
    async fn read_bytes(&mut self, bytes_max: usize) -> Result<Vec<u8>, FetchError> {
        let coding = text(self.response.headers(), &CONTENT_ENCODING).unwrap_or_default();
        if !["", "identity"].contains(&coding.trim()) {
            return Err(FetchError::NoPage);
        }
        let mut bytes = Vec::new();
        let body = self.response.body_mut();
        while let Some(frame) = body.frame().await {
            if let Ok(chunk) = frame?.into_data() {
                // What it says of its length before may be untrue; this is not.
                if bytes.len() + chunk.len() > bytes_max {
                    return Err(FetchError::TooLarge);
                }
                bytes.extend_from_slice(&chunk);
            }
        }
        Ok(bytes)
    }

    async fn read(&mut self) -> Result<Found, FetchError> {
        let headers = self.response.headers();
        let kind = text(headers, &CONTENT_TYPE).ok_or(FetchError::NoPage)?;
        let mut parts = kind.split(';').map(str::trim);
        let essence = parts.next().unwrap_or_default();
        if !["text/html", "application/xhtml+xml"]
            .iter()
            .any(|page| essence.eq_ignore_ascii_case(page))
        {
            return Err(FetchError::NoPage);
        }
        let charset = parts
            .filter_map(|part| part.split_once('='))
            .find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))
            .map(|(_, charset)| charset.trim().trim_matches('"').to_owned());
        let coding = text(headers, &CONTENT_ENCODING).unwrap_or_default().trim();
        let mut page = match coding.to_ascii_lowercase().as_str() {
            "" | "identity" => Page::Plain(Start::default()),
            "gzip" | "x-gzip" => Page::Gzip(Box::new(GzDecoder::new(Start::default()))),
            _ => return Err(FetchError::NoPage),
        };

        let body = self.response.body_mut();
        let mut bytes = 0;
        while bytes < PAGE_BYTES_MAX {
            let Some(frame) = body.frame().await else {
                break;
            };
            let Ok(chunk) = frame?.into_data() else {
                continue;
            };
            bytes += chunk.len();
            if page.take(&chunk).is_break() {
                break;
            }
        }
        // A page made to be hard to read takes some milliseconds, which others need not wait for.
        tokio::task::spawn_blocking(move || read_page(page.start(), charset.as_deref()))
            .await
            .map_err(|_| FetchError::NoPage)?
            .ok_or(FetchError::NoTitle)
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    // Not `to_str`: redirects name places in UTF-8 more often than they should.
    std::str::from_utf8(headers.get(name)?.as_bytes()).ok()
}

enum Page {
    Plain(Start),
    Gzip(Box<GzDecoder<Start>>),
}

impl Page {
    /// Breaks off when no more is needed, or can be read.
    fn take(&mut self, chunk: &[u8]) -> std::ops::ControlFlow<()> {
        let outcome = match self {
            Self::Plain(start) => start.write_all(chunk),
            Self::Gzip(decoder) => decoder.write_all(chunk).and_then(|()| decoder.flush()),
        };
        match outcome {
            Ok(()) => std::ops::ControlFlow::Continue(()),
            // Damaged, too much, or enough: what came before may do.
            Err(_) => std::ops::ControlFlow::Break(()),
        }
    }

    fn start(&self) -> &[u8] {
        match self {
            Self::Plain(start) => &start.bytes,
            Self::Gzip(decoder) => &decoder.get_ref().bytes,
        }
    }
}

/// A page's beginning: takes bytes until its head has ended, or until they are too many, and then refuses more.
#[derive(Default)]
struct Start {
    bytes: Vec<u8>,
    is_over: bool,
}

impl Write for Start {
    fn write(&mut self, chunk: &[u8]) -> std::io::Result<usize> {
        if self.is_over {
            return Err(std::io::ErrorKind::WriteZero.into());
        }
        const HEAD_ENDS: [&[u8]; 2] = [b"</head", b"<body"];
        let room = PAGE_BYTES_MAX - self.bytes.len();
        let taken = &chunk[..chunk.len().min(room)];
        // The end may have begun in the chunk before.
        let from = self.bytes.len().saturating_sub(HEAD_ENDS[0].len() - 1);
        self.bytes.extend_from_slice(taken);
        self.is_over = taken.len() == room
            || HEAD_ENDS.iter().any(|end| {
                self.bytes[from..]
                    .windows(end.len())
                    .any(|bytes| bytes.eq_ignore_ascii_case(end))
            });
        Ok(chunk.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_kept_of_a_page_than_its_head() {
        let mut start = Start::default();
        start.write_all(b"<head><title>x</title></HE").unwrap();
        assert!(!start.is_over);
        start.write_all(b"AD><p>").unwrap();
        assert!(start.is_over);
        assert!(start.write_all(b"more").is_err());
    }

    #[test]
    fn no_more_is_unpacked_of_a_page_than_its_limit() {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packer.write_all(&vec![b' '; 64 * 1024 * 1024]).unwrap();
        let bomb = packer.finish().unwrap();
        assert!(bomb.len() < PAGE_BYTES_MAX);
        let mut page = Page::Gzip(Box::new(GzDecoder::new(Start::default())));
        assert!(page.take(&bomb).is_break());
        assert_eq!(page.start().len(), PAGE_BYTES_MAX);
    }

    #[tokio::test]
    async fn a_name_is_connected_to_only_where_its_address_may_be_asked() {
        let tcp = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = tcp.local_addr().unwrap().port();
        for host in ["localhost", "127.0.0.1", "[::ffff:127.0.0.1]"] {
            let url = Url::parse(&format!("http://{host}:{port}/")).unwrap();
            let refused = connect(&url, Reach::PublicAddresses).await;
            assert!(matches!(refused, Err(FetchError::Refused)), "{refused:?}");
            let stream = connect(&url, Reach::AnyAddress).await.unwrap();
            let (_, peer) = tcp.accept().await.unwrap();
            // Nobody had come before.
            assert_eq!(peer.port(), stream.local_addr().unwrap().port());
        }
    }

    #[tokio::test]
    async fn a_name_of_this_machine_is_refused_once_it_is_looked_up() {
        let fetcher = Fetcher::new(Allowed::new(Vec::new()));
        for url in [
            "http://localhost/",
            "https://localhost/",
            "http://127.0.0.1/",
        ] {
            let fetched = fetcher.fetch(&Url::parse(url).unwrap()).await;
            assert!(matches!(fetched, Err(FetchError::Refused)), "{fetched:?}");
        }
    }
}
