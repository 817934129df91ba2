//! The sample shop: pages of another origin that have the chat built in, as any project would write them.

use std::convert::Infallible;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

const PRODUCT: &str = include_str!("shop.html");
const ORDER: &str = include_str!("order.html");
const STYLE: &str = include_str!("shop.css");

/// Serves until stopped. The chat is on the same host, at `chat_port`.
pub async fn serve(tcp: TcpListener, chat_port: u16, stop: CancellationToken) {
    let mut visits = JoinSet::new();
    loop {
        let stream = tokio::select! {
            () = stop.cancelled() => return,
            Some(_) = visits.join_next(), if !visits.is_empty() => continue,
            accepted = tcp.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "the shop can not be entered");
                    return;
                }
            },
        };
        visits.spawn(async move {
            let answer = service_fn(move |request| async move {
                Ok::<_, Infallible>(answer(&request, chat_port))
            });
            let served = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), answer)
                .await;
            if let Err(error) = served {
                tracing::debug!(%error, "a visit of the shop ended");
            }
        });
    }
}

fn answer<B>(request: &Request<B>, chat_port: u16) -> Response<Full<Bytes>> {
    let chat = chat_address(request, chat_port);
    let (status, content_type, content) = match (request.method(), request.uri().path()) {
        (&Method::GET, "/") => page(PRODUCT, &chat),
        (&Method::GET, "/orders/4711") => page(ORDER, &chat),
        (&Method::GET, "/style.css") => (StatusCode::OK, "text/css", STYLE.to_owned()),
        _ => (
            StatusCode::NOT_FOUND,
            "text/plain",
            "There is no such page in this shop.".to_owned(),
        ),
    };
    let mut response = Response::new(Full::from(content));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // As strict as a shop may be: what the chat needs is its own origin, and nothing inline.
    let policy = format!(
        "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src {chat}; frame-src {chat}; connect-src 'self' {chat}"
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

fn page(page: &str, chat: &str) -> (StatusCode, &'static str, String) {
    (
        StatusCode::OK,
        "text/html; charset=utf-8",
        page.replace("{chat}", chat),
    )
}

/// By the name that the visitor came by; what is no name of a host is not put into a page.
fn chat_address<B>(request: &Request<B>, chat_port: u16) -> String {
    let host = request
        .headers()
        .get(HOST)
        .and_then(|host| host.to_str().ok())
        .map(|host| host.rsplit_once(':').map_or(host, |(name, _)| name))
        .filter(|name| {
            name.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte))
        })
        .unwrap_or("localhost");
    format!("http://{host}:{chat_port}")
}
