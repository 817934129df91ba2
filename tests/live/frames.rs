//! Frames that are not what they should be: each is answered by name, and the connection lives.

use serde_json::json;
use uuid::Uuid;

use crate::asking::{BINARY, CLOSE, PING, TEXT, frame};
use crate::cast::Cast;

#[tokio::test]
async fn what_can_not_be_read_is_answered_with_the_field_and_the_connection_lives() {
    let cast = Cast::assemble().await;
    let mut adas = cast.ada.connect().await;
    let mut bobs = cast.bob.connect().await;
    let id = cast.direct;
    for (sent, status, code, detail) in [
        ("", 400, "bad_json", ""),
        ("{", 400, "bad_json", ""),
        ("[1,2]", 400, "bad_json", ""),
        ("hello", 400, "bad_json", ""),
        ("{}{}", 400, "bad_json", ""),
        (r#"{"type":7}"#, 400, "bad_json", ""),
        ("{}", 400, "type_required", "type:"),
        (r#"{"content":"hi"}"#, 400, "type_required", "type:"),
        (r#"{"type":"dance"}"#, 400, "unknown_type", "type:"),
        (
            r#"{"type":"send","conversation_id":"x","body":"b"}"#,
            422,
            "bad_field",
            "conversation_id:",
        ),
        (
            r#"{"type":"send","body":"b"}"#,
            422,
            "bad_field",
            "conversation_id: is required",
        ),
        (
            &format!(r#"{{"type":"send","conversation_id":"{id}","body":7}}"#),
            422,
            "bad_field",
            "body:",
        ),
        (
            &format!(r#"{{"type":"send","conversation_id":"{id}"}}"#),
            422,
            "body_required",
            "body:",
        ),
        (
            &format!(r#"{{"type":"send","conversation_id":"{id}","body":" \n"}}"#),
            422,
            "body_required",
            "body:",
        ),
        (
            &format!(r#"{{"type":"send","conversation_id":"{id}","body":"b","kind":"dance"}}"#),
            422,
            "bad_kind",
            "kind:",
        ),
        (
            &format!(r#"{{"type":"send","conversation_id":"{id}","body":"b","kind":"system"}}"#),
            403,
            "system_only",
            "kind:",
        ),
        (
            &format!(
                r#"{{"type":"send","conversation_id":"{id}","body":"two words","kind":"emoji"}}"#
            ),
            422,
            "bad_emoji",
            "body:",
        ),
        (
            &format!(r#"{{"type":"send","conversation_id":"{id}","body":"b","client_id":""}}"#),
            422,
            "bad_client_id",
            "client_id:",
        ),
        (
            &format!(r#"{{"type":"send","conversation_id":"{id}","body":"b","data":[1]}}"#),
            422,
            "bad_data",
            "data:",
        ),
        (
            &format!(r#"{{"type":"send","conversation_id":"{id}","body":"b","reply_to":"x"}}"#),
            422,
            "bad_field",
            "reply_to:",
        ),
        (
            &format!(
                r#"{{"type":"send","conversation_id":"{}","body":"b"}}"#,
                Uuid::nil()
            ),
            404,
            "conversation_not_found",
            "conversation_id:",
        ),
        (
            r#"{"type":"edit","body":"b"}"#,
            422,
            "bad_field",
            "message_id: is required",
        ),
        (
            &format!(
                r#"{{"type":"edit","message_id":"{}","body":"b"}}"#,
                Uuid::nil()
            ),
            404,
            "message_not_found",
            "message_id:",
        ),
        (
            &format!(r#"{{"type":"delete","message_id":"{}"}}"#, Uuid::nil()),
            404,
            "message_not_found",
            "message_id:",
        ),
        (
            &format!(r#"{{"type":"read","conversation_id":"{id}"}}"#),
            422,
            "bad_field",
            "seq: is required",
        ),
        (
            &format!(r#"{{"type":"read","conversation_id":"{id}","seq":-1}}"#),
            422,
            "bad_seq",
            "seq:",
        ),
        (
            &format!(r#"{{"type":"read","conversation_id":"{id}","seq":1e30}}"#),
            422,
            "bad_field",
            "seq:",
        ),
        (
            &format!(r#"{{"type":"delivered","conversation_id":"{id}","seq":"1"}}"#),
            422,
            "bad_field",
            "seq:",
        ),
        (
            &format!(r#"{{"type":"typing","conversation_id":"{id}","active":1}}"#),
            422,
            "bad_field",
            "active:",
        ),
        (
            r#"{"type":"presence","status":"offline"}"#,
            422,
            "bad_status",
            "status:",
        ),
        (
            r#"{"type":"presence"}"#,
            422,
            "bad_field",
            "status: is required",
        ),
    ] {
        adas.send_text(sent.to_owned()).await;
        let error = adas.next_of("error").await;
        assert_eq!(
            (&error["status"], &error["code"]),
            (&json!(status), &json!(code)),
            "{sent}: {error}"
        );
        assert!(
            error["detail"].as_str().unwrap().starts_with(detail),
            "{sent}: {error}"
        );
        assert!(error.get("ref").is_none());
    }
    let ack = adas.say(cast.direct, "still here").await;
    assert_eq!(ack["message"]["seq"], 1, "nothing else was stored");
    bobs.message("still here").await;
    assert_eq!(bobs.bodies(), ["still here"]);
}

#[tokio::test]
async fn the_reference_of_a_refused_frame_comes_back() {
    let cast = Cast::assemble().await;
    let mut adas = cast.ada.connect().await;
    for reference in [
        json!(1),
        json!("a"),
        json!([1]),
        json!({"b": null}),
        json!(true),
    ] {
        adas.send(json!({"type": "dance", "ref": reference})).await;
        assert_eq!(adas.next_of("error").await["ref"], reference);
        adas.send(json!({"type": "send", "ref": reference, "conversation_id": 1}))
            .await;
        assert_eq!(adas.next_of("error").await["ref"], reference);
        adas.send(json!({"type": "ping", "ref": reference})).await;
        assert_eq!(adas.next_of("pong").await["ref"], reference);
    }
    adas.send(json!({"type": "ping"})).await;
    assert_eq!(adas.next_of("pong").await, json!({"type": "pong"}));
}

#[tokio::test]
async fn a_body_of_a_megabyte_is_refused_by_name_and_the_connection_lives() {
    let cast = Cast::assemble().await;
    let mut adas = cast.ada.connect().await;
    let mut bobs = cast.bob.connect().await;
    for body in ["x".repeat(1_000_000), "ж".repeat(4_001)] {
        let error = adas.say(cast.direct, &body).await;
        assert_eq!(
            (&error["status"], &error["code"]),
            (&json!(422), &json!("body_too_long"))
        );
        let length = body.chars().count().to_string();
        assert!(
            error["detail"].as_str().unwrap().contains(&length),
            "{error}"
        );
    }
    let longest = "ж".repeat(4_000);
    adas.say(cast.direct, &longest).await;
    assert_eq!(bobs.message(&longest).await["seq"], 1);
    assert_eq!(bobs.bodies().len(), 1);

    let data = json!({"type": "send", "conversation_id": cast.direct, "body": "b",
        "data": {"long": "x".repeat(20_000)}});
    assert_eq!(adas.ask(data).await["code"], "data_too_long");
    adas.say(cast.direct, "still here").await;
    bobs.message("still here").await;
}

#[tokio::test]
async fn a_frame_of_three_megabytes_is_answered_and_closes_the_connection() {
    let cast = Cast::assemble().await;
    cast.relayed().await;
    let mut bobs = cast.bob.connect().await;
    // Announced and not sent; sent whole; and in pieces, each small enough.
    for attempt in ["announced", "whole", "pieces"] {
        let mut adas = cast.ada.connect().await;
        let whole = frame(TEXT, &vec![b'x'; 3_000_000]);
        match attempt {
            "announced" => adas.send_bytes(&whole[..100]).await,
            "whole" => adas.send_bytes(&whole).await,
            _ => {
                let mut piece = frame(TEXT, &vec![b'x'; 1_000_000]);
                piece[0] &= 0x7f;
                adas.send_bytes(&piece).await;
                piece[0] = 0;
                adas.send_bytes(&piece).await;
                adas.send_bytes(&piece).await;
            }
        }
        let error = adas.next_of("error").await;
        assert_eq!(
            (&error["status"], &error["code"]),
            (&json!(413), &json!("frame_too_large")),
            "{attempt}"
        );
        assert_eq!(adas.end().await, 1009, "{attempt}");
    }
    bobs.heard_nothing().await;
}

#[tokio::test]
async fn a_binary_frame_is_read_like_a_text() {
    let cast = Cast::assemble().await;
    let mut adas = cast.ada.connect().await;
    let mut bobs = cast.bob.connect().await;
    let send =
        json!({"type": "send", "ref": 1, "conversation_id": cast.direct, "body": "in bytes"});
    adas.send_bytes(&frame(BINARY, send.to_string().as_bytes()))
        .await;
    assert_eq!(adas.next_of("ack").await["ref"], 1);
    bobs.message("in bytes").await;
    adas.send_bytes(&frame(BINARY, &[0, 159, 255])).await;
    assert_eq!(adas.next_of("error").await["code"], "bad_json");
    adas.settle().await;
}

#[tokio::test]
async fn text_that_is_no_utf_8_ends_its_connection_and_no_other() {
    let cast = Cast::assemble().await;
    cast.relayed().await;
    let mut adas = cast.ada.connect().await;
    let mut bobs = cast.bob.connect().await;
    adas.send_bytes(&frame(TEXT, b"\"\xff\"")).await;
    assert_eq!(adas.end().await, 1007);
    bobs.heard_nothing().await;
}

#[tokio::test]
async fn an_unmasked_frame_is_a_protocol_error() {
    let cast = Cast::assemble().await;
    let mut adas = cast.ada.connect().await;
    adas.send_bytes(b"\x81\x02{}").await;
    assert_eq!(adas.end().await, 1002);
}

#[tokio::test]
async fn pings_and_closes_of_the_protocol_are_answered_in_kind() {
    let cast = Cast::assemble().await;
    let mut adas = cast.ada.connect().await;
    adas.send_bytes(&frame(PING, b"there?")).await;
    adas.read_until(b"\x8a\x06there?").await;
    adas.send_bytes(&frame(CLOSE, &1000_u16.to_be_bytes()))
        .await;
    adas.read_until(b"\x88\x02\x03\xe8").await;
}

#[tokio::test]
async fn what_the_database_can_not_hold_is_refused_and_harms_no_other() {
    let cast = Cast::assemble().await;
    let mut adas = cast.ada.connect().await;
    let mut bobs = cast.bob.connect().await;
    let id = cast.direct;
    let nested = format!("{}1{}", r#"{"a":"#.repeat(20_000), "}".repeat(20_000));
    let bad = [
        (r#""body":"a\u0000b""#.to_owned(), "body:"),
        (
            r#""body":"b","client_id":"\u0000""#.to_owned(),
            "client_id:",
        ),
        (r#""body":"b","kind":"te\u0000xt""#.to_owned(), "kind:"),
        (r#""body":"b","data":{"a":"\u0000"}"#.to_owned(), "data:"),
        (r#""body":"b","data":{"\u0000":1}"#.to_owned(), "data:"),
        (r#""body":"b","data":{"a":"\ud800"}"#.to_owned(), "data:"),
        (r#""body":"b","data":{"a":1e999999}"#.to_owned(), "data:"),
        (format!(r#""body":"b","data":{nested}"#), "data:"),
    ];
    // All at once, so that good and bad ones share a batch.
    for (place, (fields, _)) in bad.iter().enumerate() {
        adas.send_text(format!(
            r#"{{"type":"send","ref":"good {place}","conversation_id":"{id}","body":"good {place}"}}"#
        ))
        .await;
        adas.send_text(format!(
            r#"{{"type":"send","ref":{place},"conversation_id":"{id}",{fields}}}"#
        ))
        .await;
    }
    for _ in 0..bad.len() * 2 {
        let answer = adas.next_where(|frame| frame.get("ref").is_some()).await;
        let Some(place) = answer["ref"].as_u64() else {
            assert_eq!(answer["type"], "ack", "{answer}");
            continue;
        };
        let (fields, detail) = &bad[place as usize];
        let fields: String = fields.chars().take(60).collect();
        assert_eq!(answer["status"], 422, "{fields}: {answer}");
        assert!(
            answer["detail"].as_str().unwrap().starts_with(detail),
            "{fields}: {answer}"
        );
    }
    bobs.message(&format!("good {}", bad.len() - 1)).await;
    let wanted: Vec<_> = (0..bad.len())
        .map(|place| format!("good {place}"))
        .collect();
    assert_eq!(bobs.bodies(), wanted);

    // A backslash before what looks like one is no NUL.
    let fine = format!(
        r#"{{"type":"send","ref":1,"conversation_id":"{id}","body":"fine","data":{{"a":"\\u0000"}}}}"#
    );
    adas.send_text(fine).await;
    let message = bobs.message("fine").await;
    assert_eq!(message["data"]["a"], "\\u0000");
}
