//! The sample shop: pages of another origin that have the chat built in, as any project would write them.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

const LAYOUT: &str = include_str!("layout.html");
const PRODUCT: &str = include_str!("product.html");
const ORDER: &str = include_str!("order.html");
const STYLE: &str = include_str!("shop.css");

/// How long a token holds. Short, so that one sees it renewed.
const TOKEN_SECONDS: u64 = 300;

/// Who is signed in to the shop, as its token tells the chat.
#[derive(Serialize)]
struct Claims {
    sub: &'static str,
    name: &'static str,
    exp: u64,
}

#[derive(Clone)]
struct Shop {
    chat_port: u16,
    /// Shop and chat alone know it.
    key: EncodingKey,
}

/// Serves until stopped. The chat is on the same host, at `chat_port`, and takes tokens that are signed by `key`.
pub async fn serve(tcp: TcpListener, chat_port: u16, key: &str, stop: CancellationToken) {
    let key = EncodingKey::from_secret(key.as_bytes());
    let shop = Arc::new(Shop { chat_port, key });
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
        let shop = Arc::clone(&shop);
        visits.spawn(async move {
            let answer = service_fn(|request| {
                let answer = answer(&request, &shop);
                async move { Ok::<_, Infallible>(answer) }
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

fn answer<B>(request: &Request<B>, shop: &Shop) -> Response<Full<Bytes>> {
    let chat = chat_address(request, shop.chat_port);
    let (status, content_type, content) = match (request.method(), request.uri().path()) {
        (&Method::GET, "/") => page("Trail lamp", PRODUCT, &chat),
        (&Method::GET, "/orders/4711") => page("Order 4711", ORDER, &chat),
        (&Method::GET, "/chat-token") => match token(&shop.key) {
            Some(token) => (
                StatusCode::OK,
                "application/json",
                json!({"token": token}).to_string(),
            ),
            None => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "text/plain",
                "There is no token.".to_owned(),
            ),
        },
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

fn page(title: &str, content: &str, chat: &str) -> (StatusCode, &'static str, String) {
    (
        StatusCode::OK,
        "text/html; charset=utf-8",
        LAYOUT
            .replace("{title}", title)
            .replace("{content}", content)
            .replace("{chat}", chat),
    )
}

/// A shop asks its own session who is there; here it is always the same customer.
fn token(key: &EncodingKey) -> Option<String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    let claims = Claims {
        sub: "demo-nora",
        name: "Nora Berg",
        exp: now.as_secs() + TOKEN_SECONDS,
    };
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, key).ok()
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
