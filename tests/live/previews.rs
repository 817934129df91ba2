//! Link previews: what comes of a link, and what must not.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::cast::{Cast, until};
use crate::support::person::id;
use crate::support::{Socket, TestServer, column, run, value};

/// More than the sockets on the way hold, so that whoever reads all of it is found out: 64 MiB.
const HUGE_BYTES: usize = 64 * 1024 * 1024;

/// A web site of the test's own, which answers by path and remembers what it was asked.
struct Site {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
    /// Bytes of bodies that were taken from it.
    taken: Arc<Mutex<BTreeMap<String, usize>>>,
    /// Connections.
    most_at_once: Arc<AtomicUsize>,
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
        let taken = Arc::new(Mutex::new(BTreeMap::new()));
        let most_at_once = Arc::new(AtomicUsize::new(0));
        let task = tokio::spawn({
            let (seen, taken) = (Arc::clone(&seen), Arc::clone(&taken));
            let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::clone(&most_at_once));
            async move {
                loop {
                    let (stream, _) = tcp.accept().await.unwrap();
                    let answering = answer(stream, Arc::clone(&seen), Arc::clone(&taken));
                    let now = Arc::clone(&now);
                    most.fetch_max(now.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
                    tokio::spawn(async move {
                        answering.await;
                        now.fetch_sub(1, Ordering::Relaxed);
                    });
                }
            }
        });
        Self {
            address,
            seen,
            taken,
            most_at_once,
            task,
        }
    }

    fn link(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The heads of the requests for a path.
    fn requests(&self, path: &str) -> Vec<String> {
        let start = format!("GET {path} ");
        let seen = self.seen.lock().unwrap();
        seen.iter()
            .filter(|head| head.starts_with(&start))
            .cloned()
            .collect()
    }
}

async fn answer(
    mut stream: TcpStream,
    seen: Arc<Mutex<Vec<String>>>,
    taken: Arc<Mutex<BTreeMap<String, usize>>>,
) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let head = String::from_utf8(head).unwrap();
    seen.lock().unwrap().push(head.clone());
    let path = head.split(' ').nth(1).unwrap().to_owned();
    let page =
        |title: &str| format!("<html><head><title>{title}</title></head><body>words</body></html>");
    let html = "text/html; charset=utf-8";
    let (status, headers, body) = match path.as_str() {
        "/404" => ("404 Not Found", format!("content-type: {html}"), page("Lost").into()),
        "/500" => ("500 Oh", format!("content-type: {html}"), page("Broken").into()),
        "/text" => ("200 OK", "content-type: text/plain".to_owned(), page("Text").into()),
        "/untyped" => ("200 OK", "x: y".to_owned(), page("Untyped").into()),
        "/empty" => ("200 OK", format!("content-type: {html}"), Vec::new()),
        "/broken" => (
            "200 OK",
            format!("content-type: {html}"),
            b"<<html <head><titl>\0</</title \xff\xfe <meta property=\"og:title\" content=\"never ends".to_vec(),
        ),
        "/charset" => ("200 OK", format!("content-type: {html}"), b"<title>\xe9t\xe9</title>".to_vec()),
        "/brotli" => ("200 OK", format!("content-type: {html}\r\ncontent-encoding: br"), page("Odd").into()),
        "/rich" => (
            "200 OK",
            format!("content-type: {html}"),
            "<head><meta property='og:title' content='Rich &amp; \u{202e}fine'><meta name=description content=' a\n b '>\
             <meta property='og:site_name' content='Site'></head>".into(),
        ),
        "/gzip" | "/bomb" => {
            let mut packer = GzEncoder::new(Vec::new(), Compression::best());
            if path == "/gzip" {
                packer.write_all(page("Packed").as_bytes()).unwrap();
            } else {
                packer.write_all(&vec![b' '; HUGE_BYTES]).unwrap();
                packer.write_all(page("Boom").as_bytes()).unwrap();
            }
            ("200 OK", format!("content-type: {html}\r\ncontent-encoding: gzip"), packer.finish().unwrap())
        }
        "/huge" => {
            let mut body = vec![b' '; HUGE_BYTES];
            body.extend(page("Late").bytes());
            ("200 OK", format!("content-type: {html}"), body)
        }
        // Its head is small, and all that is wanted of it.
        "/long" => {
            let mut body = page("Long").into_bytes();
            body.resize(HUGE_BYTES, b' ');
            ("200 OK", format!("content-type: {html}"), body)
        }
        "/loop" => ("302 Found", "location: /loop".to_owned(), Vec::new()),
        "/moved" => ("301 Moved", "location: moved/again?x=y#z".to_owned(), Vec::new()),
        "/moved/again?x=y" => ("307 Moved", "location: /rich".to_owned(), Vec::new()),
        "/heads" => {
            let many = format!("x-filling: {}\r\n", "y".repeat(1_000)).repeat(1_000);
            ("200 OK", format!("{many}content-type: {html}"), page("Heads").into())
        }
        "/garbage" => {
            stream.write_all(b"SSH-2.0-OpenSSH\r\n\r\n").await.ok();
            return;
        }
        "/silent" => return std::future::pending().await,
        "/endless" => {
            let head = format!("HTTP/1.1 200 OK\r\ncontent-type: {html}\r\n\r\n<title>");
            stream.write_all(head.as_bytes()).await.ok();
            while stream.write_all(b"x").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            return;
        }
        _ if path.starts_with("/turn/") => {
            // Long enough for whoever does not wait for its turn to come meanwhile.
            tokio::time::sleep(Duration::from_millis(100)).await;
            (
                "200 OK",
                format!("content-type: {html}"),
                page(&path).into(),
            )
        }
        _ if path.starts_with("/to?") => {
            ("302 Found", format!("location: {}", &path[4..]), Vec::new())
        }
        _ => ("200 OK", format!("content-type: {html}"), page(&path[1..]).into()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\n{headers}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    if stream.write_all(head.as_bytes()).await.is_err() {
        return;
    }
    for chunk in body.chunks(16 * 1024) {
        if stream.write_all(chunk).await.is_err() {
            return;
        }
        *taken.lock().unwrap().entry(path.clone()).or_default() += chunk.len();
    }
}

/// Servers that make previews, and may ask the test's own site for them.
async fn cast_with(site: &Site) -> Cast {
    Cast::with(&[
        ("LINK_PREVIEWS", "true"),
        ("LINK_PREVIEW_HOSTS", &site.address.to_string()),
    ])
    .await
}

impl Socket {
    /// The message once it has a preview.
    async fn previewed(&mut self, message: Uuid) -> Value {
        self.next_where(|frame| {
            frame["type"] == "message"
                && frame["message"]["id"] == message.to_string()
                && !frame["message"]["preview"].is_null()
        })
        .await["message"]
            .clone()
    }
}

#[tokio::test]
async fn a_preview_comes_as_a_change_of_the_message_for_its_members_alone() {
    let site = Site::open().await;
    let cast = cast_with(&site).await;
    let mut bobs = cast.bob.connect().await;
    let mut eves = cast.eve.connect().await;
    let before = cast.fresh_cursor(&cast.bob).await;
    let link = site.link("/rich");
    let said = cast
        .ada
        .say(cast.direct, &format!("look: {link}#part."))
        .await;
    assert_eq!(
        (&said["preview"], &said["revision"]),
        (&Value::Null, &json!(1))
    );

    let message = bobs.previewed(id(&said["id"])).await;
    let preview =
        json!({"url": link, "title": "Rich & fine", "description": "a b", "site_name": "Site"});
    assert_eq!(
        (&message["preview"], &message["revision"]),
        (&preview, &json!(2))
    );
    let path = format!("/api/messages/{}", said["id"].as_str().unwrap());
    assert_eq!(cast.bob.get(&path).await.1, message);
    // Who was away hears of it too.
    let mut back = cast.bob.resume(&before).await;
    assert_eq!(back.previewed(id(&said["id"])).await, message);
    eves.heard_nothing().await;

    // Asked as by a stranger.
    let requests = site.requests("/rich");
    assert_eq!(requests.len(), 1);
    let head = requests[0].to_ascii_lowercase();
    assert!(
        head.contains(&format!("host: {}\r\n", site.address)),
        "{head}"
    );
    assert!(head.contains("user-agent: webchat/"), "{head}");
    for name in [
        "cookie",
        "referer",
        "authorization",
        "origin",
        "forwarded",
        "#part",
    ] {
        assert!(!head.contains(name), "{head}");
    }
}

#[tokio::test]
async fn a_row_of_plain_sql_gets_its_preview_too() {
    let site = Site::open().await;
    let cast = cast_with(&site).await;
    let mut bobs = cast.bob.connect().await;
    let client = cast.database.connect().await;
    let message: Uuid = value(
        &client,
        "insert into chat.messages (conversation_id, sender_id, body) values ($1, $2, $3) returning id",
        &[&cast.direct, &cast.ada.id, &site.link("/plain")],
    )
    .await;
    assert_eq!(bobs.previewed(message).await["preview"]["title"], "plain");

    // Too long to be announced with its content.
    let body = format!("{}{}", "ü ".repeat(1_950), site.link("/longer"));
    let message: Uuid = value(
        &client,
        "insert into chat.messages (conversation_id, sender_id, body) values ($1, $2, $3) returning id",
        &[&cast.direct, &cast.ada.id, &body],
    )
    .await;
    assert_eq!(bobs.previewed(message).await["preview"]["title"], "longer");
}

#[tokio::test]
async fn a_host_is_asked_for_one_page_at_a_time() {
    let site = Site::open().await;
    let cast = cast_with(&site).await;
    let mut bobs = cast.bob.connect().await;
    let mut waiting = Vec::new();
    for n in 0..5 {
        // A different page each, or one would be asked for all.
        let said = cast
            .ada
            .say(cast.direct, &site.link(&format!("/turn/{n}")))
            .await;
        waiting.push(said["id"].clone());
    }
    while !waiting.is_empty() {
        let frame = bobs
            .next_where(|frame| !frame["message"]["preview"].is_null())
            .await;
        waiting.retain(|id| *id != frame["message"]["id"]);
    }
    assert_eq!(site.most_at_once.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_page_is_asked_for_once_by_several_servers_and_for_several_messages() {
    let site = Site::open().await;
    let cast = cast_with(&site).await;
    let hosts = site.address.to_string();
    let second = TestServer::start_with(
        &cast.database,
        &[("LINK_PREVIEWS", "true"), ("LINK_PREVIEW_HOSTS", &hosts)],
    )
    .await;
    let mut bobs = cast.bob.connect().await;
    let link = site.link("/shared");
    let there = cast.ada.at(second.address);
    let (one, two) = tokio::join!(
        cast.ada.say(cast.direct, &link),
        there.say(cast.direct, &link)
    );
    let mut waiting = vec![one["id"].clone(), two["id"].clone()];
    while !waiting.is_empty() {
        let frame = bobs
            .next_where(|frame| frame["message"]["preview"]["title"] == "shared")
            .await;
        waiting.retain(|id| *id != frame["message"]["id"]);
    }
    let later = cast
        .ada
        .say(cast.direct, &format!("again {link}#elsewhere"))
        .await;
    bobs.previewed(id(&later["id"])).await;
    assert_eq!(site.requests("/shared").len(), 1);
    // Each message changed once, whoever was at it.
    let client = cast.database.connect().await;
    let revisions: Vec<i64> = column(
        &client,
        "select revision from chat.messages order by seq",
        &[],
    )
    .await;
    assert_eq!(revisions, [2, 2, 2]);
}

#[tokio::test]
async fn what_is_no_page_gives_no_preview_and_disturbs_nobody() {
    let site = Site::open().await;
    let cast = cast_with(&site).await;
    let mut bobs = cast.bob.connect().await;
    let client = cast.database.connect().await;
    let paths = [
        "/404", "/500", "/text", "/untyped", "/empty", "/broken", "/charset", "/brotli", "/bomb",
        "/huge", "/loop", "/heads", "/garbage", "/silent", "/endless",
    ];
    for path in paths {
        cast.ada.say(cast.direct, &site.link(path)).await;
    }
    // Meanwhile there is chat as ever.
    cast.ada.say(cast.direct, "and what do you say?").await;
    bobs.message("and what do you say?").await;
    for path in paths {
        let found_nothing = format!(
            "select exists (select from chat.link_previews where url = '{}' and state = 'none' and title is null
                 and expires_at - fetched_at = interval '1 hour')",
            site.link(path)
        );
        until(&client, &found_nothing).await;
        let asked = site.requests(path).len();
        assert_eq!(asked, if path == "/loop" { 4 } else { 1 }, "{path}");
    }
    // What is too much is left where it is.
    let taken = site.taken.lock().unwrap()["/huge"];
    assert!(taken < HUGE_BYTES / 2, "{taken}");
    // And the next one is asked for as ever.
    let said = cast.ada.say(cast.direct, &site.link("/fine")).await;
    bobs.previewed(id(&said["id"])).await;
    let changed: i64 = value(
        &client,
        "select count(*) from chat.messages where revision > 1",
        &[],
    )
    .await;
    assert_eq!(changed, 1);
}

#[tokio::test]
async fn pages_that_are_packed_long_or_elsewhere_are_read() {
    let site = Site::open().await;
    let cast = cast_with(&site).await;
    let mut bobs = cast.bob.connect().await;
    for (path, title) in [
        ("/gzip", "Packed"),
        ("/long", "Long"),
        ("/moved", "Rich & fine"),
    ] {
        let link = site.link(path);
        let said = cast.ada.say(cast.direct, &link).await;
        let preview = bobs.previewed(id(&said["id"])).await["preview"].clone();
        assert_eq!(
            (&preview["title"], &preview["url"]),
            (&json!(title), &json!(link))
        );
    }
    let taken = site.taken.lock().unwrap()["/long"];
    assert!(taken < HUGE_BYTES / 2, "{taken}");
}

#[tokio::test]
async fn an_internal_address_is_never_asked_not_even_by_a_redirect() {
    let site = Site::open().await;
    let inside = Site::open().await;
    let cast = cast_with(&site).await;
    let client = cast.database.connect().await;
    let port = inside.address.port();
    let mut links = vec![inside.link("/secret")];
    for target in [
        format!("http://127.0.0.1:{port}/secret"),
        format!("http://2130706433:{port}/secret"),
        format!("http://localhost:{port}/secret"),
        format!("http://[::ffff:127.0.0.1]:{port}/secret"),
        format!("//127.0.0.1:{port}/secret"),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "http://localhost/".to_owned(),
        "http://[::1]/".to_owned(),
        "file:///etc/passwd".to_owned(),
        "gopher://127.0.0.1/".to_owned(),
        format!("http://ann:secret@{}/rich", site.address),
    ] {
        links.push(site.link(&format!("/to?{target}")));
    }
    for link in &links {
        cast.ada.say(cast.direct, link).await;
    }
    until(
        &client,
        &format!(
            "select count(*) = {} from chat.link_previews where state = 'none'",
            links.len()
        ),
    )
    .await;
    assert_eq!(*inside.seen.lock().unwrap(), Vec::<String>::new());
    assert_eq!(site.requests("/rich"), Vec::<String>::new());
}

#[tokio::test]
async fn who_wants_no_preview_has_nobody_asked() {
    let site = Site::open().await;
    let cast = cast_with(&site).await;
    let mut bobs = cast.bob.connect().await;
    let path = format!("/api/conversations/{}/messages", cast.direct);
    let body = json!({"body": site.link("/private"), "data": {"preview": false}});
    assert_eq!(cast.ada.post(&path, body).await.0, 201);
    let body = json!({"body": site.link("/wanted"), "data": {"preview": true}});
    let (_, wanted) = cast.ada.post(&path, body).await;
    bobs.previewed(id(&wanted["id"])).await;
    assert_eq!(site.requests("/private"), Vec::<String>::new());
    let client = cast.database.connect().await;
    let urls: Vec<String> = column(&client, "select url from chat.link_previews", &[]).await;
    assert_eq!(urls, [site.link("/wanted")]);
}

#[tokio::test]
async fn switched_off_nobody_is_asked() {
    let site = Site::open().await;
    let cast = Cast::with(&[
        ("LINK_PREVIEWS", "false"),
        ("LINK_PREVIEW_HOSTS", &site.address.to_string()),
    ])
    .await;
    cast.ada.say(cast.direct, &site.link("/off")).await;
    cast.relayed().await;
    let client = cast.database.connect().await;
    let count: i64 = value(&client, "select count(*) from chat.link_previews", &[]).await;
    assert_eq!((count, site.requests("/off").len()), (0, 0));
}

#[tokio::test]
async fn an_edit_to_another_link_has_another_preview_and_to_none_has_none() {
    let site = Site::open().await;
    let cast = cast_with(&site).await;
    let mut bobs = cast.bob.connect().await;
    let said = cast.ada.say(cast.direct, &site.link("/one")).await;
    let message = id(&said["id"]);
    assert_eq!(bobs.previewed(message).await["preview"]["title"], "one");

    let path = format!("/api/messages/{message}");
    let body = format!("{} and {}", site.link("/two"), site.link("/one"));
    let (_, edited) = cast.ada.put(&path, json!({"body": body})).await;
    assert_eq!(edited["preview"], Value::Null);
    assert_eq!(bobs.previewed(message).await["preview"]["title"], "two");

    let (_, edited) = cast.ada.put(&path, json!({"body": "no link"})).await;
    assert_eq!(edited["preview"], Value::Null);
    cast.relayed().await;
    assert_eq!(cast.bob.get(&path).await.1["preview"], Value::Null);
}

#[tokio::test]
async fn what_its_sender_removes_stays_removed() {
    let site = Site::open().await;
    let cast = cast_with(&site).await;
    let mut bobs = cast.bob.connect().await;
    let said = cast.ada.say(cast.direct, &site.link("/removed")).await;
    let message = id(&said["id"]);
    bobs.previewed(message).await;

    let path = format!("/api/messages/{message}/preview");
    let (status, problem) = cast.eve.delete(&path).await;
    assert_eq!((status, &problem["code"]), (403, &json!("not_a_member")));
    let (status, problem) = cast.bob.delete(&path).await;
    assert_eq!((status, &problem["code"]), (403, &json!("not_the_sender")));
    let (status, _) = cast
        .ada
        .delete(&format!("/api/messages/{}/preview", Uuid::new_v4()))
        .await;
    assert_eq!(status, 404);
    assert_eq!(cast.ada.ask(Method::GET, &path, None).await.0, 405);

    let (status, removed) = cast.ada.delete(&path).await;
    assert_eq!((status, &removed["preview"]), (200, &Value::Null));
    let heard = bobs
        .next_where(|frame| frame["message"]["revision"] == removed["revision"])
        .await;
    assert_eq!(heard["message"], removed);
    // Twice is as once.
    assert_eq!(cast.ada.delete(&path).await, (200, removed));

    let path = format!("/api/messages/{message}");
    cast.ada
        .put(&path, json!({"body": site.link("/instead")}))
        .await;
    let other = cast.ada.say(cast.direct, &site.link("/other")).await;
    bobs.previewed(id(&other["id"])).await;
    assert_eq!(cast.ada.get(&path).await.1["preview"], Value::Null);
    assert_eq!(site.requests("/instead"), Vec::<String>::new());
}

#[tokio::test]
async fn a_deleted_message_shows_no_preview() {
    let site = Site::open().await;
    let cast = cast_with(&site).await;
    let mut bobs = cast.bob.connect().await;
    let said = cast.ada.say(cast.direct, &site.link("/gone")).await;
    bobs.previewed(id(&said["id"])).await;
    let path = format!("/api/messages/{}", said["id"].as_str().unwrap());
    assert_eq!(cast.ada.delete(&path).await.1["preview"], Value::Null);
    let client = cast.database.connect().await;
    run(
        &client,
        "select chat.restore_message(null, $1)",
        &[&id(&said["id"])],
    )
    .await;
    assert_eq!(cast.bob.get(&path).await.1["preview"]["title"], "gone");
}

#[tokio::test]
async fn previews_are_counted_by_what_came_of_them() {
    let site = Site::open().await;
    let cast = cast_with(&site).await;
    let mut bobs = cast.bob.connect().await;
    let said = cast.ada.say(cast.direct, &site.link("/counted")).await;
    bobs.previewed(id(&said["id"])).await;
    let figures = reqwest::get(format!("http://{}/metrics", cast.server.address))
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    let fetched = "webchat_previews_total{outcome=\"fetched\"}";
    assert!(figures.contains(fetched), "{figures}");
    assert!(!figures.contains("/counted"), "{figures}");
}
