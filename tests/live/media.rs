//! Media over HTTP: uploaded whole, by a form or in pieces that survive a cut; downloaded whole or in part, by whoever may.

use std::convert::Infallible;
use std::future::ready;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use reqwest::{Body, Method, Response};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::asking::{ask, header, problem};
use crate::cast::Cast;
use crate::support::person::id;
use crate::support::{Person, run, value};

/// Of a piece in the database.
const CHUNK: usize = 262_144;

/// A PNG of so many pixels a side, red.
pub fn png(side: u32) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, side, side);
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header().unwrap();
    let pixels: Vec<u8> = (0..side * side)
        .flat_map(|at| [200, (at % 251) as u8, (at / 251) as u8])
        .collect();
    writer.write_image_data(&pixels).unwrap();
    writer.finish().unwrap();
    out
}

/// Bytes that are no known type, and tell their place.
fn noise(length: usize) -> Vec<u8> {
    (0..length)
        .map(|at| (at / 255 + at % 255) as u8 | 0x80)
        .collect()
}

async fn send(
    person: &Person,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<reqwest::Body>,
) -> Response {
    let bearer = format!("Bearer {}", person.token);
    let mut all = vec![("authorization", bearer.as_str())];
    all.extend_from_slice(headers);
    ask(person.address, method, path, &all, body).await
}

pub async fn upload(person: &Person, name: &str, bytes: Vec<u8>) -> Value {
    let response = send(
        person,
        Method::POST,
        &format!("/api/media?name={name}"),
        &[],
        bytes,
    )
    .await;
    let status = response.status();
    let media: Value = response.json().await.unwrap();
    assert_eq!(status, 201, "{media}");
    media
}

async fn download(person: &Person, media: &Value, headers: &[(&str, &str)]) -> (u16, Response) {
    let path = format!("/api/media/{}", media["id"].as_str().unwrap());
    let response = send(person, Method::GET, &path, headers, "").await;
    (response.status().as_u16(), response)
}

/// A picture with a small one of it, shown in a conversation; its id.
pub async fn shown_picture(person: &Person, conversation: Uuid) -> Uuid {
    let media = upload(person, "picture.png", png(700)).await;
    let path = format!("/api/conversations/{conversation}/messages");
    let (status, message) = person
        .post(&path, json!({"kind": "image", "media_id": media["id"]}))
        .await;
    assert_eq!(status, 201, "{message}");
    id(&media["id"])
}

#[tokio::test]
async fn an_image_is_known_by_its_content_and_seen_by_whoever_sees_the_message() {
    let cast = Cast::assemble().await;
    let bytes = png(900);
    let media = upload(&cast.ada, "boat.txt", bytes.clone()).await;
    assert_eq!(
        (
            &media["state"],
            &media["type"],
            &media["name"],
            &media["width"],
            &media["size"]
        ),
        (
            &json!("ready"),
            &json!("image/png"),
            &json!("boat.txt"),
            &json!(900),
            &json!(bytes.len())
        )
    );
    assert!(
        media["thumbnail"]["width"].as_i64().unwrap() <= 640,
        "{media}"
    );
    assert_eq!(download(&cast.bob, &media, &[]).await.0, 404);

    cast.relayed().await;
    let mut bobs = cast.bob.connect().await;
    let mut adas = cast.ada.connect().await;
    let ack = adas
        .ask(json!({"type": "send", "conversation_id": cast.direct, "kind": "image", "media_id": media["id"], "body": "Our *boat*"}))
        .await;
    let shown = &ack["message"]["media"][0];
    assert_eq!(
        (&shown["id"], &shown["type"]),
        (&media["id"], &json!("image/png")),
        "{ack}"
    );
    assert_eq!(
        bobs.message("Our *boat*").await["media"],
        ack["message"]["media"]
    );

    let (status, response) = download(&cast.bob, &media, &[]).await;
    assert_eq!(status, 200);
    assert_eq!(header(&response, "content-type"), "image/png");
    assert_eq!(header(&response, "x-content-type-options"), "nosniff");
    assert!(header(&response, "content-disposition").starts_with("inline"));
    assert!(header(&response, "content-security-policy").contains("sandbox"));
    let tag = header(&response, "etag").to_owned();
    assert!(response.bytes().await.unwrap() == bytes);
    assert_eq!(
        download(&cast.bob, &media, &[("if-none-match", &tag)])
            .await
            .0,
        304
    );
    let thumbnail = format!("/api/media/{}/thumbnail", media["id"].as_str().unwrap());
    let response = send(&cast.bob, Method::GET, &thumbnail, &[], "").await;
    assert_eq!(response.status(), 200);
    assert!(header(&response, "content-type").starts_with("image/"));
    assert_eq!(download(&cast.eve, &media, &[]).await.0, 404);
    assert_eq!(
        send(&cast.eve, Method::GET, &thumbnail, &[], "")
            .await
            .status(),
        404
    );
    // What the message showed goes with it.
    let path = format!("/api/messages/{}", ack["message"]["id"].as_str().unwrap());
    cast.ada.delete(&path).await;
    assert_eq!(download(&cast.bob, &media, &[]).await.0, 404);
    assert_eq!(download(&cast.ada, &media, &[]).await.0, 200);
}

#[tokio::test]
async fn any_part_of_a_file_is_what_lies_there() {
    let cast = Cast::assemble().await;
    let bytes = noise(2 * CHUNK + 1000);
    let media = upload(&cast.ada, "a.bin", bytes.clone()).await;
    let end = bytes.len() - 1;
    let edges = [
        0,
        1,
        CHUNK - 1,
        CHUNK,
        CHUNK + 1,
        2 * CHUNK - 1,
        2 * CHUNK,
        end - 1,
        end,
    ];
    for first in edges {
        for last in edges.into_iter().filter(|last| *last >= first) {
            let range = format!("bytes={first}-{last}");
            let (status, response) = download(&cast.ada, &media, &[("range", &range)]).await;
            assert_eq!(status, 206, "{range}");
            assert_eq!(
                header(&response, "content-range"),
                format!("bytes {first}-{last}/{}", bytes.len())
            );
            assert!(
                response.bytes().await.unwrap() == bytes[first..=last],
                "{range}"
            );
        }
    }
    let (status, response) = download(&cast.ada, &media, &[("range", "bytes=-5")]).await;
    assert_eq!(
        (status, response.bytes().await.unwrap().to_vec()),
        (206, bytes[bytes.len() - 5..].to_vec())
    );
    let beyond = format!("bytes={}-", bytes.len());
    let (status, response) = download(&cast.ada, &media, &[("range", &beyond)]).await;
    assert_eq!(
        (status, header(&response, "content-range")),
        (416, format!("bytes */{}", bytes.len()).as_str())
    );
    // Of another state of the file a part is of no use.
    let (status, response) = download(
        &cast.ada,
        &media,
        &[("range", "bytes=0-1"), ("if-range", "\"other\"")],
    )
    .await;
    assert_eq!(
        (status, response.bytes().await.unwrap().len()),
        (200, bytes.len())
    );
    let path = format!("/api/media/{}", media["id"].as_str().unwrap());
    let response = send(&cast.ada, Method::HEAD, &path, &[], "").await;
    assert_eq!(
        (
            response.status().as_u16(),
            header(&response, "content-length")
        ),
        (200, bytes.len().to_string().as_str())
    );
}

#[tokio::test]
async fn an_upload_cut_at_any_place_goes_on_from_there() {
    let cast = Cast::assemble().await;
    let bytes = noise(2 * CHUNK + 77);
    for cuts in [
        vec![],
        vec![1],
        vec![CHUNK - 1],
        vec![CHUNK],
        vec![CHUNK + 1, CHUNK + 2],
        vec![10, CHUNK, 2 * CHUNK, 2 * CHUNK + 76],
    ] {
        let (status, media) = cast
            .ada
            .post("/api/media", json!({"name": "a.bin", "size": bytes.len()}))
            .await;
        assert_eq!(
            (status, &media["state"], &media["received"]),
            (201, &json!("uploading"), &json!(0)),
            "{media}"
        );
        let path = format!("/api/media/{}", media["id"].as_str().unwrap());
        let mut places = vec![0];
        places.extend(&cuts);
        places.push(bytes.len());
        let mut last = Value::Null;
        for part in places.windows(2) {
            let range = format!("bytes {}-{}/{}", part[0], part[1] - 1, bytes.len());
            let again = send(
                &cast.ada,
                Method::PUT,
                &format!("{path}/bytes"),
                &[("content-range", "bytes 5-5/99999999")],
                "x",
            )
            .await;
            assert!(
                matches!(again.status().as_u16(), 409 | 422),
                "{}",
                again.status()
            );
            let response = send(
                &cast.ada,
                Method::PUT,
                &format!("{path}/bytes"),
                &[("content-range", &range)],
                bytes[part[0]..part[1]].to_vec(),
            )
            .await;
            assert_eq!(response.status(), 200, "{range}");
            last = response.json().await.unwrap();
            assert_eq!(last["received"], part[1], "{range}");
        }
        assert_eq!(last["state"], "ready", "{last}");
        let (_, response) = download(&cast.ada, &media, &[]).await;
        assert!(response.bytes().await.unwrap() == bytes, "{cuts:?}");
    }
}

#[tokio::test]
async fn what_came_before_the_line_broke_is_kept() {
    let cast = Cast::assemble().await;
    let bytes = noise(CHUNK + CHUNK / 2);
    let (_, media) = cast
        .ada
        .post("/api/media", json!({"name": "a.bin", "size": bytes.len()}))
        .await;
    let path = format!("/api/media/{}", media["id"].as_str().unwrap());
    // A body that is shorter than it says: the rest never comes.
    let range = format!("bytes 0-{}/{}", bytes.len() - 1, bytes.len());
    let response = send(
        &cast.ada,
        Method::PUT,
        &format!("{path}/bytes"),
        &[("content-range", &range)],
        bytes[..CHUNK + 10].to_vec(),
    )
    .await;
    assert_eq!(problem(response).await.1["code"], "broken_body");
    let (status, info) = cast.ada.get(&format!("{path}/info")).await;
    assert_eq!(
        (status, &info["received"]),
        (200, &json!(CHUNK + 10)),
        "{info}"
    );
    let again = send(
        &cast.ada,
        Method::PUT,
        &format!("{path}/bytes"),
        &[("content-range", &range)],
        bytes.clone(),
    )
    .await;
    assert_eq!(problem(again).await.1["code"], "wrong_offset");
    let range = format!("bytes {}-{}/{}", CHUNK + 10, bytes.len() - 1, bytes.len());
    let response = send(
        &cast.ada,
        Method::PUT,
        &format!("{path}/bytes"),
        &[("content-range", &range)],
        bytes[CHUNK + 10..].to_vec(),
    )
    .await;
    assert_eq!(response.status(), 200);
    assert!(
        download(&cast.ada, &media, &[])
            .await
            .1
            .bytes()
            .await
            .unwrap()
            == bytes
    );
    // Nobody else goes on with it, or learns of it.
    for (method, place) in [
        (Method::PUT, "/bytes"),
        (Method::GET, "/info"),
        (Method::DELETE, ""),
    ] {
        let response = send(
            &cast.eve,
            method,
            &format!("{path}{place}"),
            &[("content-range", "bytes 0-0/5")],
            "x",
        )
        .await;
        assert_eq!(response.status(), 404, "{place}");
    }
}

#[tokio::test]
async fn an_upload_of_which_nothing_more_comes_is_broken_off_and_can_be_gone_on_with() {
    let cast = Cast::with(&[("UPLOAD_STALL_SECONDS", "1")]).await;
    // Neither silence nor a byte now and then keeps a turn.
    let silent = stream::once(ready(noise(CHUNK))).chain(stream::pending());
    let dripping = stream::unfold((), async |()| {
        tokio::time::sleep(Duration::from_millis(100)).await;
        Some((vec![0_u8], ()))
    });
    let (_, media) = cast
        .ada
        .post("/api/media", json!({"name": "a.bin", "size": 2 * CHUNK}))
        .await;
    let path = format!("/api/media/{}", media["id"].as_str().unwrap());
    let range = format!("bytes 0-{}/{}", 2 * CHUNK - 1, 2 * CHUNK);
    let (place, headers) = (format!("{path}/bytes"), [("content-range", range.as_str())]);
    let in_pieces = send(
        &cast.ada,
        Method::PUT,
        &place,
        &headers,
        Body::wrap_stream(silent.map(Ok::<_, Infallible>)),
    );
    let whole = send(
        &cast.bob,
        Method::POST,
        "/api/media?name=b.bin",
        &[],
        Body::wrap_stream(dripping.map(Ok::<_, Infallible>)),
    );
    let (in_pieces, whole) = tokio::join!(in_pieces, whole);
    for response in [in_pieces, whole] {
        let (status, problem) = problem(response).await;
        assert_eq!(
            (status, &problem["code"]),
            (408, &json!("upload_stalled")),
            "{problem}"
        );
    }
    let (_, info) = cast.ada.get(&format!("{path}/info")).await;
    assert_eq!(
        (&info["received"], &info["state"]),
        (&json!(CHUNK), &json!("uploading")),
        "{info}"
    );
}

#[tokio::test]
async fn a_form_with_a_file_is_an_upload() {
    let cast = Cast::assemble().await;
    let body = "--b\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhello\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"../no\u{202e}te.txt\"\r\nContent-Type: image/png\r\n\r\nplain words\r\n--b--\r\n";
    let response = send(
        &cast.ada,
        Method::POST,
        "/api/media",
        &[("content-type", "multipart/form-data; boundary=b")],
        body,
    )
    .await;
    assert_eq!(response.status(), 201);
    let media: Value = response.json().await.unwrap();
    assert_eq!(
        (&media["type"], &media["name"], &media["size"]),
        (&json!("text/plain"), &json!("note.txt"), &json!(11)),
        "{media}"
    );
    for (kind, body, code) in [
        (
            "multipart/form-data; boundary=b",
            "--b--\r\n",
            "file_required",
        ),
        ("multipart/form-data; boundary=b", "nonsense", "bad_form"),
        ("multipart/form-data", "--b--\r\n", "bad_form"),
    ] {
        let response = send(
            &cast.ada,
            Method::POST,
            "/api/media",
            &[("content-type", kind)],
            body,
        )
        .await;
        assert_eq!(problem(response).await.1["code"], code, "{kind} {body}");
    }
    let empty = send(&cast.ada, Method::POST, "/api/media", &[], "").await;
    assert_eq!(problem(empty).await.1["code"], "empty");
}

#[tokio::test]
async fn more_than_the_limit_is_refused_by_name_however_it_comes() {
    let cast = Cast::with(&[("MAX_FILE_SIZE", "300000")]).await;
    let too_large = noise(300_001);
    let whole = send(
        &cast.ada,
        Method::POST,
        "/api/media",
        &[],
        too_large.clone(),
    )
    .await;
    let streamed = reqwest::Body::wrap_stream(futures_util::stream::iter(
        too_large
            .chunks(10_000)
            .map(|piece| Ok::<_, std::io::Error>(piece.to_vec()))
            .collect::<Vec<_>>(),
    ));
    let streamed = send(&cast.ada, Method::POST, "/api/media", &[], streamed).await;
    let begun = send(
        &cast.ada,
        Method::POST,
        "/api/media",
        &[("content-type", "application/json")],
        json!({"name": "a", "size": 300_001}).to_string(),
    )
    .await;
    for response in [whole, streamed, begun] {
        let (status, problem) = problem(response).await;
        assert_eq!((status, &problem["code"]), (413, &json!("file_too_large")));
        assert!(
            problem["detail"].as_str().unwrap().contains("300000"),
            "{problem}"
        );
    }
    upload(&cast.ada, "a", noise(300_000)).await;
    let database = cast.database.connect().await;
    let kept: i64 = value(
        &database,
        "select count(distinct content_id) from chat.media_chunks",
        &[],
    )
    .await;
    assert_eq!(kept, 1, "of what was refused nothing is kept");
}

#[tokio::test]
async fn what_a_browser_might_run_is_a_download_whatever_it_calls_itself() {
    let cast = Cast::assemble().await;
    let script = "<script>alert(1)</script>";
    for bytes in [
        format!("<!doctype html>{script}"),
        format!("<svg xmlns=\"http://www.w3.org/2000/svg\">{script}</svg>"),
        format!("GIF89a<!-- -->{script}"),
        format!("\u{feff}  <html>{script}"),
        format!("%PDF-1.4 {script}"),
        format!("<?xml version=\"1.0\"?><x>{script}</x>"),
    ] {
        let media = upload(&cast.ada, "cat.gif", bytes.clone().into_bytes()).await;
        let (_, response) = download(&cast.ada, &media, &[]).await;
        assert!(
            header(&response, "content-disposition").starts_with("attachment"),
            "{bytes}"
        );
        let kind = header(&response, "content-type").to_owned();
        assert!(
            !kind.contains("html") && !kind.contains("svg") && !kind.contains("image"),
            "{bytes}: {kind}"
        );
        assert!(header(&response, "content-security-policy").contains("sandbox"));
        let as_image = cast
            .ada
            .post(
                &format!("/api/conversations/{}/messages", cast.direct),
                json!({"kind": "image", "media_id": media["id"]}),
            )
            .await;
        assert_eq!(
            (as_image.0, &as_image.1["code"]),
            (422, &json!("bad_media"))
        );
    }
    let picture = upload(&cast.ada, "a.png", png(2)).await;
    let path = format!("/api/media/{}?download", picture["id"].as_str().unwrap());
    let response = send(&cast.ada, Method::GET, &path, &[], "").await;
    assert!(header(&response, "content-disposition").starts_with("attachment"));
}

#[tokio::test]
async fn what_sql_stored_is_looked_at_and_its_message_told_again() {
    let cast = Cast::assemble().await;
    cast.relayed().await;
    let mut bobs = cast.bob.connect().await;
    let database = cast.database.connect().await;
    let media: Uuid = value(
        &database,
        "select id from chat.store_media($1, 'a.png', $2)",
        &[&cast.ada.id, &png(3)],
    )
    .await;
    run(
        &database,
        "insert into chat.messages (conversation_id, sender_id, kind, media_ids) values ($1, $2, 'image', array[$3::uuid])",
        &[&cast.direct, &cast.ada.id, &media],
    )
    .await;
    let event = bobs
        .next_where(|event| {
            event["type"] == "message" && event["message"]["media"][0]["type"] == "image/png"
        })
        .await;
    assert_eq!(event["message"]["media"][0]["width"], 3);
}

#[tokio::test]
async fn stickers_come_in_packs_and_gifs_from_what_was_shared() {
    let cast = Cast::assemble().await;
    let media = upload(&cast.ada, "wave.png", png(4)).await;
    let pack = json!({"name": "cats", "title": "Cats", "stickers": [{"name": "wave", "alt": "A cat waves", "emoji": "👋", "media_id": media["id"]}]});
    let (status, added) = cast.ada.post("/api/stickers", pack.clone()).await;
    assert_eq!(
        (status, &added["stickers"][0]["media"]["id"]),
        (201, &media["id"]),
        "{added}"
    );
    assert_eq!(
        cast.eve.get("/api/stickers").await.1["items"],
        json!([added])
    );
    // Everyone sends and sees them.
    let notes = cast.eve.direct(&cast.eve).await;
    let (status, sent) = cast
        .eve
        .post(
            &format!("/api/conversations/{notes}/messages"),
            json!({"kind": "sticker", "media_id": media["id"], "data": {"pack": "cats", "name": "wave", "alt": "A cat waves"}}),
        )
        .await;
    assert_eq!(status, 201, "{sent}");
    assert_eq!(download(&cast.eve, &media, &[]).await.0, 200);
    assert_eq!(
        cast.bob.post("/api/stickers", pack).await.1["code"],
        "pack_taken"
    );
    let theirs = json!({"name": "mine", "title": "Mine", "stickers": [{"name": "a", "alt": "a", "media_id": Uuid::nil()}]});
    let (status, problem) = cast.bob.post("/api/stickers", theirs).await;
    assert_eq!(status, 422);
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .starts_with("stickers[0].media_id:"),
        "{problem}"
    );

    let gif = upload(&cast.ada, "dance.png", png(5)).await;
    cast.ada
        .post(
            &format!("/api/conversations/{}/messages", cast.direct),
            json!({"kind": "gif", "media_id": gif["id"], "data": {"alt": "Somebody dances"}}),
        )
        .await;
    let found = async |person: &Person, query: &str| {
        let (status, list) = person.get(&format!("/api/gifs?q={query}")).await;
        assert_eq!(status, 200, "{list}");
        list["items"].as_array().unwrap().len()
    };
    assert_eq!(found(&cast.bob, "DANCE").await, 1);
    assert_eq!(found(&cast.bob, "").await, 1);
    assert_eq!(found(&cast.bob, "boat").await, 0);
    assert_eq!(found(&cast.eve, "dance").await, 0);
}
