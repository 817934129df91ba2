//! Media: uploaded and read in pieces, by whoever may, and shown by messages.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::scene::Scene;
use crate::support::{direct, refusal, run, value};

const CHUNK: usize = 262_144;

/// Bytes that tell their place.
fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at / 251 + at % 251) as u8).collect()
}

impl Scene {
    async fn begin(&self, actor: Uuid, size: Option<i64>) -> Uuid {
        value(
            &self.client,
            "select id from chat.begin_media($1, 'a.bin', $2)",
            &[&actor, &size],
        )
        .await
    }

    async fn append(
        &self,
        actor: Uuid,
        media: Uuid,
        offset: i64,
        bytes: &[u8],
    ) -> Result<i64, String> {
        let answer = self
            .client
            .query_one(
                "select chat.append_media($1, $2, $3, $4)",
                &[&actor, &media, &offset, &bytes],
            )
            .await;
        match answer {
            Ok(row) => Ok(row.get(0)),
            Err(error) => Err(refusal::<()>(Err(error)).1),
        }
    }

    pub async fn read(
        &self,
        actor: Uuid,
        media: Uuid,
        offset: i64,
        length: Option<i32>,
    ) -> Result<Vec<u8>, String> {
        let answer = self
            .client
            .query_one(
                "select chat.read_media($1, $2, $3, $4)",
                &[&actor, &media, &offset, &length],
            )
            .await;
        match answer {
            Ok(row) => Ok(row.get(0)),
            Err(error) => Err(refusal::<()>(Err(error)).1),
        }
    }

    pub async fn store(&self, actor: Uuid, name: &str, bytes: &[u8]) -> Uuid {
        value(
            &self.client,
            "select id from chat.store_media($1, $2, $3)",
            &[&actor, &name, &bytes],
        )
        .await
    }

    /// As a server does that has looked at it.
    pub async fn ready(&self, media: Uuid, media_type: &str) -> Value {
        value(
            &self.client,
            "select chat.media_json(r) from chat.media m, lateral chat.ready_media(m.id, m.content_id, m.size,
                 (select sha256(string_agg(c.bytes, '' order by c.number)) from chat.media_chunks c where c.content_id = m.content_id),
                 $2, 4, 3, null, false, '\\x01', 'image/webp', 2, 1) r where m.id = $1",
            &[&media, &media_type],
        )
        .await
    }

    async fn show(
        &self,
        actor: Uuid,
        conversation: Uuid,
        kind: &str,
        media: &[Uuid],
    ) -> Result<Value, String> {
        let sent = self
            .client
            .query_one(
                "select chat.message_json(m, null) from chat.send_message($1, $2, null, p_kind => $3, p_media => $4) m",
                &[&actor, &conversation, &kind, &media],
            )
            .await;
        match sent {
            Ok(row) => Ok(row.get(0)),
            Err(error) => Err(refusal::<()>(Err(error)).1),
        }
    }
}

#[tokio::test]
async fn what_was_appended_in_whatever_pieces_is_read_back_in_whatever_parts() {
    let scene = Scene::set().await;
    let all = bytes(3 * CHUNK + 77);
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    for _ in 0..6 {
        let media = scene.begin(scene.ann, Some(all.len() as i64)).await;
        let mut cuts: Vec<usize> = proptest::collection::vec(0..=all.len(), 0..6)
            .new_tree(&mut runner)
            .unwrap()
            .current();
        cuts.extend([0, all.len()]);
        cuts.sort_unstable();
        cuts.dedup();
        for part in cuts.windows(2) {
            let received = scene
                .append(scene.ann, media, part[0] as i64, &all[part[0]..part[1]])
                .await;
            assert_eq!(received, Ok(part[1] as i64), "{cuts:?}");
        }
        assert!(
            scene.read(scene.ann, media, 0, None).await.unwrap() == all,
            "{cuts:?}"
        );
        for _ in 0..20 {
            let (from, length) = (0..all.len() + 5, 0..2 * CHUNK as i32)
                .new_tree(&mut runner)
                .unwrap()
                .current();
            let part = scene
                .read(scene.ann, media, from as i64, Some(length))
                .await
                .unwrap();
            let end = (from + length as usize).min(all.len());
            assert!(part == all[from.min(end)..end], "{from} {length}");
        }
    }
    let sizes: Vec<i32> = crate::support::column(
        &scene.client,
        "select distinct octet_length(bytes) from chat.media_chunks order by 1",
        &[],
    )
    .await;
    assert_eq!(
        sizes,
        [77, CHUNK as i32],
        "all pieces but the last are full"
    );
}

#[tokio::test]
async fn a_piece_twice_or_out_of_turn_or_too_long_is_refused_and_the_upload_goes_on() {
    let scene = Scene::set().await;
    let media = scene.begin(scene.ann, Some(10)).await;
    assert_eq!(scene.append(scene.ann, media, 0, b"hello").await, Ok(5));
    assert_eq!(
        scene.append(scene.ann, media, 0, b"hello").await,
        Err("wrong_offset".to_owned())
    );
    assert_eq!(
        scene.append(scene.ann, media, 6, b"x").await,
        Err("wrong_offset".to_owned())
    );
    assert_eq!(
        scene.append(scene.ann, media, 5, b"worldx").await,
        Err("too_many_bytes".to_owned())
    );
    assert_eq!(
        scene.append(scene.ben, media, 5, b"world").await,
        Err("media_not_found".to_owned())
    );
    assert_eq!(
        scene.read(scene.ann, media, 0, None).await,
        Err("media_not_ready".to_owned())
    );
    assert_eq!(scene.append(scene.ann, media, 5, b"world").await, Ok(10));
    assert_eq!(
        scene.append(scene.ann, media, 10, b"").await,
        Err("upload_ended".to_owned())
    );
    assert_eq!(
        scene.read(scene.ann, media, 0, None).await.unwrap(),
        b"helloworld"
    );
}

#[tokio::test]
async fn an_upload_of_unknown_size_ends_when_it_is_said_to() {
    let scene = Scene::set().await;
    let media = scene.begin(scene.ann, None).await;
    let finish = "select size from chat.finish_media($1, $2)";
    assert_eq!(
        refusal(scene.client.query_one(finish, &[&scene.ann, &media]).await).1,
        "empty"
    );
    scene.append(scene.ann, media, 0, b"abc").await.unwrap();
    assert_eq!(
        refusal(scene.client.query_one(finish, &[&scene.ben, &media]).await).1,
        "media_not_found"
    );
    assert_eq!(
        value::<i64>(&scene.client, finish, &[&scene.ann, &media]).await,
        3
    );
    let short = scene.begin(scene.ann, Some(4)).await;
    scene.append(scene.ann, short, 0, b"abc").await.unwrap();
    assert_eq!(
        refusal(scene.client.query_one(finish, &[&scene.ann, &short]).await).1,
        "incomplete"
    );
}

#[tokio::test]
async fn only_members_of_a_conversation_that_shows_a_medium_read_it_and_only_while_it_does() {
    let scene = Scene::set().await;
    let media = scene.store(scene.ann, "boat.png", b"picture").await;
    scene.ready(media, "image/png").await;
    let unknown = Err("media_not_found".to_owned());
    assert_eq!(scene.read(scene.ben, media, 0, None).await, unknown);
    // Nobody shows what they may not read.
    let own = direct(&scene.client, scene.eve, scene.eve).await;
    assert_eq!(
        scene.show(scene.eve, own, "image", &[media]).await,
        Err("bad_media".to_owned())
    );
    let shown = scene
        .show(scene.ann, scene.group, "image", &[media])
        .await
        .unwrap();
    assert_eq!(
        scene.read(scene.ben, media, 0, None).await.unwrap(),
        b"picture"
    );
    assert_eq!(scene.read(scene.eve, media, 0, None).await, unknown);
    let message: Uuid = shown["id"].as_str().unwrap().parse().unwrap();
    run(
        &scene.client,
        "select chat.delete_message($1, $2)",
        &[&scene.ann, &message],
    )
    .await;
    assert_eq!(scene.read(scene.ben, media, 0, None).await, unknown);
    assert_eq!(
        scene.read(scene.ann, media, 0, None).await.unwrap(),
        b"picture",
        "its uploader still does"
    );
    run(
        &scene.client,
        "select chat.restore_message($1, $2)",
        &[&scene.ann, &message],
    )
    .await;
    run(
        &scene.client,
        "select chat.remove_member($1, $2, $3)",
        &[&scene.ann, &scene.group, &scene.ben],
    )
    .await;
    assert_eq!(scene.read(scene.ben, media, 0, None).await, unknown);
}

#[tokio::test]
async fn forwarding_takes_the_media_along() {
    let scene = Scene::set().await;
    let media = scene.store(scene.ann, "boat.png", b"picture").await;
    scene.ready(media, "image/png").await;
    let shown = scene
        .show(scene.ann, scene.group, "image", &[media])
        .await
        .unwrap();
    let message: Uuid = shown["id"].as_str().unwrap().parse().unwrap();
    let other = direct(&scene.client, scene.ben, scene.eve).await;
    let forwarded: Value = value(
        &scene.client,
        "select chat.message_json(m, null) from chat.forward_message($1, $2, array[$3::uuid]) m",
        &[&scene.ben, &message, &other],
    )
    .await;
    assert_eq!(forwarded["media"], shown["media"]);
    assert_eq!(
        scene.read(scene.eve, media, 0, None).await.unwrap(),
        b"picture"
    );
}

#[tokio::test]
async fn a_message_shows_media_that_fit_its_kind() {
    let scene = Scene::set().await;
    let mut ids = std::collections::HashMap::new();
    for media_type in [
        "image/png",
        "image/gif",
        "video/mp4",
        "audio/mpeg",
        "audio/webm",
        "application/pdf",
    ] {
        let media = scene
            .store(scene.ann, media_type, media_type.as_bytes())
            .await;
        scene.ready(media, media_type).await;
        ids.insert(media_type, media);
    }
    for (kind, fits) in [
        ("image", vec!["image/png", "image/gif"]),
        ("gif", vec!["image/png", "image/gif", "video/mp4"]),
        ("video", vec!["video/mp4"]),
        ("audio", vec!["audio/mpeg", "audio/webm"]),
        ("voice", vec!["video/mp4", "audio/mpeg", "audio/webm"]),
        ("sticker", vec!["image/png", "image/gif"]),
        ("file", ids.keys().copied().collect()),
        ("text", vec![]),
        ("location", vec![]),
    ] {
        for (media_type, media) in &ids {
            let shown = scene.show(scene.ann, scene.group, kind, &[*media]).await;
            assert_eq!(
                shown.is_ok(),
                fits.contains(media_type),
                "{kind} {media_type}: {shown:?}"
            );
        }
    }
    let png = ids["image/png"];
    let album = scene
        .show(
            scene.ann,
            scene.group,
            "image",
            &[png, ids["image/gif"], png],
        )
        .await
        .unwrap();
    let order: Vec<_> = album["media"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["type"].clone())
        .collect();
    assert_eq!(order, ["image/png", "image/gif", "image/png"]);
    assert_eq!(
        album["media"][0],
        json!({
            "id": png, "name": "png", "size": 9, "type": "image/png", "width": 4, "height": 3, "duration_ms": null,
            "animated": false, "thumbnail": {"width": 2, "height": 1},
        })
    );
    for wrong in [vec![], vec![png; 11], vec![Uuid::nil()]] {
        assert!(
            scene
                .show(scene.ann, scene.group, "image", &wrong)
                .await
                .is_err()
        );
    }
    assert_eq!(
        scene
            .show(scene.ann, scene.group, "video", &[ids["video/mp4"]; 2])
            .await,
        Err("bad_media".to_owned())
    );
    let unfinished = scene.begin(scene.ann, Some(5)).await;
    assert_eq!(
        scene
            .show(scene.ann, scene.group, "file", &[unfinished])
            .await,
        Err("bad_media".to_owned())
    );
}

#[tokio::test]
async fn equal_files_share_their_bytes_and_nobody_learns_of_it() {
    let scene = Scene::set().await;
    let all = bytes(CHUNK + 5);
    let first = scene.store(scene.ann, "a", &all).await;
    scene.ready(first, "image/png").await;
    let second = scene.store(scene.eve, "b", &all).await;
    let told = scene.ready(second, "image/png").await;
    let contents: i64 = value(
        &scene.client,
        "select count(distinct content_id) from chat.media_chunks",
        &[],
    )
    .await;
    assert_eq!(contents, 1);
    assert!(scene.read(scene.eve, second, 0, None).await.unwrap() == all);
    assert!(scene.read(scene.ann, first, 0, None).await.unwrap() == all);
    assert_eq!(
        scene.read(scene.eve, first, 0, None).await,
        Err("media_not_found".to_owned())
    );
    assert!(
        !told.to_string().contains(&first.to_string()) && told.get("sha256").is_none(),
        "{told}"
    );
}

#[tokio::test]
async fn what_a_server_left_that_died_over_a_file_is_written_over_or_taken_away() {
    let scene = Scene::set().await;
    let pieces_of = async |content: Uuid| -> i64 {
        let sql = "select count(*) from chat.media_chunks where content_id = $1";
        value(&scene.client, sql, &[&content]).await
    };
    let write = async |media: Uuid, number: i32, bytes: &[u8]| {
        let sql = "select chat.write_content($1, $2, $3)";
        let written = scene
            .client
            .query_one(sql, &[&media, &number, &bytes])
            .await;
        written
            .map(drop)
            .map_err(|error| refusal::<()>(Err(error)).1)
    };
    let ready = async |media: Uuid, size: i64| {
        let sql = "select chat.ready_media($1, $1, $2, '\\xaa', 'image/png', 4, 3, null, false, null, null, null, null)";
        run(&scene.client, sql, &[&media, &size]).await;
    };
    // It had written three pieces; the next one finds that one is enough.
    let media = scene.store(scene.ann, "a", &bytes(2 * CHUNK + 5)).await;
    for number in 0..3 {
        write(media, number, &bytes(CHUNK)).await.unwrap();
    }
    write(media, 0, b"clean").await.unwrap();
    ready(media, 5).await;
    assert_eq!(
        scene.read(scene.ann, media, 0, None).await.unwrap(),
        b"clean"
    );
    assert_eq!(pieces_of(media).await, 1);
    // One that comes later changes nothing.
    assert_eq!(
        write(media, 0, b"late").await,
        Err("upload_ended".to_owned())
    );
    ready(media, 4).await;
    assert_eq!(
        scene.read(scene.ann, media, 0, None).await.unwrap(),
        b"clean"
    );
    // The next one finds that nothing has to be cleaned.
    let media = scene.store(scene.ann, "b", b"whole").await;
    write(media, 0, b"clea").await.unwrap();
    scene.ready(media, "image/png").await;
    assert_eq!(
        scene.read(scene.ann, media, 0, None).await.unwrap(),
        b"whole"
    );
    assert_eq!(pieces_of(media).await, 0);
}

#[tokio::test]
async fn what_came_from_sql_is_shown_at_once_and_told_again_when_somebody_has_looked() {
    let scene = Scene::set().await;
    let media = scene
        .store(scene.ann, "../../photos/boat\u{202e}gnp.exe", b"picture")
        .await;
    let shown = scene
        .show(scene.ann, scene.group, "image", &[media])
        .await
        .unwrap();
    assert_eq!(
        (&shown["media"][0]["type"], &shown["media"][0]["name"]),
        (&Value::Null, &json!("boatgnp.exe"))
    );
    let waiting: Vec<Uuid> =
        crate::support::column(&scene.client, "select * from chat.stored_media()", &[]).await;
    assert_eq!(waiting, [media]);
    let mut listener = scene.database.listen().await;
    scene.ready(media, "image/png").await;
    let told = listener.heard().await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].event()["message"]["media"][0]["type"], "image/png");
    assert_eq!(told[0].event()["message"]["revision"], 2);
    // A second server that has looked as well changes nothing.
    scene.ready(media, "image/gif").await;
    assert_eq!(listener.heard().await.len(), 0);
}

#[tokio::test]
async fn uploads_that_nobody_ends_are_given_up_and_bounded() {
    let scene = Scene::set().await;
    let media = scene.begin(scene.ann, Some(10)).await;
    scene.append(scene.ann, media, 0, b"hello").await.unwrap();
    let expire = "select chat.expire_uploads()";
    assert_eq!(value::<i64>(&scene.client, expire, &[]).await, 0);
    run(
        &scene.client,
        "update chat.media set changed_at = now() - interval '8 days'",
        &[],
    )
    .await;
    assert_eq!(value::<i64>(&scene.client, expire, &[]).await, 1);
    assert_eq!(
        scene.append(scene.ann, media, 5, b"world").await,
        Err("upload_ended".to_owned())
    );
    for _ in 0..50 {
        scene.begin(scene.ann, None).await;
    }
    let one_more = scene
        .client
        .query_one("select chat.begin_media($1, 'x', 1)", &[&scene.ann])
        .await;
    assert_eq!(refusal(one_more).1, "too_many_uploads");
    let chunks: i64 = value(&scene.client, "select count(*) from chat.media_chunks", &[]).await;
    assert_eq!(chunks, 0);
}

#[tokio::test]
async fn media_are_neither_written_past_the_functions_nor_removed() {
    let scene = Scene::set().await;
    let media = scene.store(scene.ann, "a", b"x").await;
    let writer = scene.database.connect_as("chat_writer").await;
    for statement in [
        "update chat.media set type = 'text/html'",
        "insert into chat.media (name) values ('x')",
        "select bytes from chat.media_chunks",
        "delete from chat.media",
    ] {
        assert_eq!(
            refusal(writer.execute(statement, &[]).await).0,
            "42501",
            "{statement}"
        );
    }
    assert_eq!(
        refusal(scene.client.execute("delete from chat.media", &[]).await).1,
        "delete_refused"
    );
    let read: Vec<u8> = value(&writer, "select chat.read_media(null, $1)", &[&media]).await;
    assert_eq!(read, b"x");
}
