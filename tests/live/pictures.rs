//! Pictures that the host names by address: fetched by a server, once and carefully, and shown as any other.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::cast::{Cast, until};
use crate::media::png;
use crate::support::{TestServer, run, value};

/// Past what a picture may have.
const HUGE_BYTES: usize = 8 * 1024 * 1024;

/// The host's own site, which remembers what it was asked for.
struct Site {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Drop for Site {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Site {
    async fn open() -> Self {
        let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = tcp.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let task = tokio::spawn({
            let seen = Arc::clone(&seen);
            async move {
                loop {
                    let (stream, _) = tcp.accept().await.unwrap();
                    tokio::spawn(answer(stream, Arc::clone(&seen)));
                }
            }
        });
        Self {
            address,
            seen,
            task,
        }
    }

    fn link(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn requests(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

async fn answer(mut stream: TcpStream, seen: Arc<Mutex<Vec<String>>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let head = String::from_utf8(head).unwrap();
    let path = head.split(' ').nth(1).unwrap().to_owned();
    seen.lock().unwrap().push(head);
    let (status, headers, body) = match path.as_str() {
        "/page" => ("200 OK", String::new(), b"<html>no picture</html>".to_vec()),
        "/svg" => (
            "200 OK",
            String::new(),
            b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec(),
        ),
        "/huge" => ("200 OK", String::new(), vec![0; HUGE_BYTES]),
        "/404" => ("404 Not Found", String::new(), png(8)),
        _ if path.starts_with("/to?") => (
            "302 Found",
            format!("location: {}\r\n", &path[4..]),
            Vec::new(),
        ),
        _ => ("200 OK", "content-type: image/png\r\n".to_owned(), png(900)),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n",
        body.len()
    );
    if stream.write_all(head.as_bytes()).await.is_ok() {
        stream.write_all(&body).await.ok();
    }
}

async fn cast_with(site: &Site) -> Cast {
    Cast::with(&[
        ("PICTURES", "true"),
        ("PICTURE_HOSTS", &site.address.to_string()),
    ])
    .await
}

impl Cast {
    async fn name_picture(&self, url: Option<&str>) {
        let client = self.database.connect().await;
        run(
            &client,
            "update chat.users set avatar_url = $2 where id = $1",
            &[&self.ada.id, &url],
        )
        .await;
    }
}

#[tokio::test]
async fn a_picture_that_the_host_names_is_fetched_once_and_told_to_peers() {
    let site = Site::open().await;
    let cast = cast_with(&site).await;
    // Whichever of two comes first.
    let settings = [
        ("PICTURES", "true"),
        ("PICTURE_HOSTS", &site.address.to_string()),
    ];
    let second = TestServer::start_with(&cast.database, &settings).await;
    let (mut bobs, mut eves) = (cast.bob.connect().await, cast.eve.connect().await);
    cast.name_picture(Some(&site.link("/ada.png?v=1"))).await;
    let event = bobs.next_of("user").await;
    let media = event["user"]["avatar_id"].as_str().unwrap().to_owned();
    assert!(!event.to_string().contains("ada.png"), "{event}");
    // Small, whatever it was: a page shows fifty of them.
    let (status, info) = cast.bob.get(&format!("/api/media/{media}/info")).await;
    assert_eq!((status, &info["state"]), (200, &json!("ready")));
    assert!(info["size"].as_i64().unwrap() <= 128 * 1024, "{info}");
    assert!(info["width"].as_i64().unwrap() <= 640, "{info}");
    cast.name_picture(Some(&site.link("/ada.png?v=1"))).await;
    cast.name_picture(None).await;
    let event = bobs.next_of("user").await;
    assert_eq!(event["user"]["avatar_id"], Value::Null);
    eves.heard_nothing().await;

    let requests = site.requests();
    assert_eq!(requests.len(), 1, "{requests:?}");
    let head = requests[0].to_ascii_lowercase();
    assert!(head.starts_with("get /ada.png?v=1 "), "{head}");
    for name in ["cookie", "referer", "authorization", "origin"] {
        assert!(!head.contains(name), "{head}");
    }
    second.stop().await;
}

#[tokio::test]
async fn nothing_is_fetched_from_where_only_the_server_gets_to() {
    let site = Site::open().await;
    let elsewhere = Site::open().await;
    let cast = cast_with(&site).await;
    let client = cast.database.connect().await;
    let port = site.address.port();
    for (url, failure) in [
        (
            "http://169.254.169.254/latest/meta-data".to_owned(),
            "refused",
        ),
        ("http://localhost/x.png".to_owned(), "refused"),
        // The same place by a name that is not listed.
        (format!("http://localhost:{port}/x.png"), "refused"),
        (format!("http://[::1]:{port}/x.png"), "refused"),
        ("http://0x7f000001/x.png".to_owned(), "refused"),
        ("http://10.0.0.7/x.png".to_owned(), "refused"),
        (elsewhere.link("/x.png"), "refused"),
        (
            site.link(&format!("/to?{}", elsewhere.link("/x.png"))),
            "refused",
        ),
        (site.link("/to?http://169.254.169.254/"), "refused"),
        (site.link("/to?file:///etc/passwd"), "refused"),
        (site.link("/huge"), "too_large"),
        (site.link("/page"), "no_image"),
        (site.link("/svg"), "no_image"),
        (site.link("/404"), "no_page"),
    ] {
        cast.name_picture(Some(&url)).await;
        until(
            &client,
            &format!(
                "select exists (select from chat.pictures where url = '{url}' and state = 'none')"
            ),
        )
        .await;
        let found: String = value(
            &client,
            "select failure from chat.pictures where url = $1",
            &[&url],
        )
        .await;
        assert_eq!(found, failure, "{url}");
    }
    assert!(elsewhere.requests().is_empty());
    let (_, user) = cast.bob.get(&format!("/api/users/{}", cast.ada.id)).await;
    assert_eq!(user["avatar_id"], Value::Null);
}
