//! What people are shown as: words of their own and pictures, of groups and rooms too, and who is told and may look.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::scene::Scene;
use crate::support::{direct, refusal, run, send, value};

const SET_OWN: &str = "select chat.user_json(u) from chat.set_user_avatar($1, $1, $2) u";
const SET_GROUP: &str =
    "select chat.conversation_json(c) from chat.set_conversation_avatar($1, $2, $3) c";

impl Scene {
    /// An image of Ann's that nobody has been shown.
    async fn picture(&self) -> Uuid {
        let media = self.store(self.ann, "me.png", b"picture").await;
        self.ready(media, "image/png").await;
        media
    }

    async fn set_own(&self, actor: Uuid, media: Option<Uuid>) -> Result<Value, (String, String)> {
        let answer = self.client.query_one(SET_OWN, &[&actor, &media]).await;
        answer
            .map(|row| row.get(0))
            .map_err(|error| refusal::<()>(Err(error)))
    }

    async fn set_of(
        &self,
        actor: Uuid,
        conversation: Uuid,
        media: Option<Uuid>,
    ) -> Result<Value, (String, String)> {
        let answer = self
            .client
            .query_one(SET_GROUP, &[&actor, &conversation, &media])
            .await;
        answer
            .map(|row| row.get(0))
            .map_err(|error| refusal::<()>(Err(error)))
    }

    async fn may_look(&self, actor: Uuid, media: Uuid) -> bool {
        let small: Result<Vec<u8>, _> = self
            .client
            .query_one(
                "select bytes from chat.read_thumbnail($1, $2)",
                &[&actor, &media],
            )
            .await
            .map(|row| row.get(0));
        let whole = self.read(actor, media, 0, None).await;
        assert_eq!(small.is_ok(), whole.is_ok(), "one as the other");
        whole.is_ok()
    }
}

fn is(state: &str, key: &str) -> (String, String) {
    (state.to_owned(), key.to_owned())
}

#[tokio::test]
async fn a_profile_has_words_within_limits_and_nothing_said_is_null() {
    let scene = Scene::set().await;
    let change = "select chat.user_json(u) from chat.update_user($1, $1, p_about => $2, p_status_text => $3) u";
    let said: Value = value(
        &scene.client,
        change,
        &[&scene.ann, &" I build\nengines. ", &" At sea 🌊 "],
    )
    .await;
    assert_eq!(
        (&said["about"], &said["status_text"], &said["revision"]),
        (&json!("I build\nengines."), &json!("At sea 🌊"), &json!(2))
    );
    let as_it_was: Value = value(
        &scene.client,
        change,
        &[&scene.ann, &None::<&str>, &None::<&str>],
    )
    .await;
    assert_eq!(as_it_was, said, "null leaves a field, and nothing is news");
    let nothing: Value = value(&scene.client, change, &[&scene.ann, &"", &" "]).await;
    assert_eq!(
        (&nothing["about"], &nothing["status_text"]),
        (&json!(null), &json!(null))
    );
    for (column, text, key) in [
        ("about", "é".repeat(501), "about_too_long"),
        ("status_text", "é".repeat(101), "status_text_too_long"),
        ("status_text", "two\nlines".to_owned(), "bad_status_text"),
        (
            "status_text",
            "two\u{2028}lines".to_owned(),
            "bad_status_text",
        ),
        ("status_text", "a\u{7}b".to_owned(), "bad_status_text"),
    ] {
        let update = format!("update chat.users set {column} = $2 where id = $1");
        assert_eq!(
            refusal(scene.client.execute(&update, &[&scene.ann, &text]).await),
            is("CH422", key)
        );
    }
    let longest = "é".repeat(500);
    run(
        &scene.client,
        "update chat.users set about = $2, status_text = left($2, 100) where id = $1",
        &[&scene.ann, &longest],
    )
    .await;
}

#[tokio::test]
async fn a_picture_is_an_image_that_is_ready_and_that_one_may_read() {
    let scene = Scene::set().await;
    let picture = scene.picture().await;
    let bad = Err(is("CH422", "bad_avatar"));
    assert_eq!(
        scene.set_own(scene.ben, Some(picture)).await,
        bad,
        "not his"
    );
    assert_eq!(scene.set_own(scene.ann, Some(Uuid::nil())).await, bad);
    let unseen = scene.store(scene.ann, "new.png", b"new").await;
    assert_eq!(
        scene.set_own(scene.ann, Some(unseen)).await,
        bad,
        "not ready"
    );
    for media_type in ["image/svg+xml", "video/mp4", "application/pdf"] {
        let media = scene.store(scene.ann, "a", media_type.as_bytes()).await;
        scene.ready(media, media_type).await;
        assert_eq!(
            scene.set_own(scene.ann, Some(media)).await,
            bad,
            "{media_type}"
        );
    }
    for media_type in ["image/jpeg", "image/png", "image/gif", "image/webp"] {
        let media = scene.store(scene.ann, "a", media_type.as_bytes()).await;
        scene.ready(media, media_type).await;
        let user = scene.set_own(scene.ann, Some(media)).await.unwrap();
        assert_eq!(user["avatar_id"], json!(media));
    }
    assert_eq!(
        scene.set_own(scene.ann, None).await.unwrap()["avatar_id"],
        json!(null)
    );
    // What a group shows, its members may show as well.
    run(
        &scene.client,
        "select chat.send_message($1, $2, null, p_kind => 'image', p_media => array[$3::uuid])",
        &[&scene.ann, &scene.group, &picture],
    )
    .await;
    assert!(scene.set_own(scene.ben, Some(picture)).await.is_ok());
    // The same rules for who writes the column.
    assert_eq!(
        refusal(
            scene
                .client
                .execute(
                    "update chat.users set avatar_id = $2 where id = $1",
                    &[&scene.eve, &unseen]
                )
                .await
        ),
        is("CH422", "bad_avatar")
    );
    assert_eq!(
        refusal(
            scene
                .client
                .execute(
                    "select chat.set_user_avatar($1, $2, null)",
                    &[&scene.ben, &scene.ann]
                )
                .await
        ),
        is("CH403", "not_yourself")
    );
}

#[tokio::test]
async fn a_new_picture_reaches_whoever_shares_a_conversation_once_and_is_in_what_they_said() {
    let scene = Scene::set().await;
    run(
        &scene.client,
        "update chat.conversations set closed_at = now() where is_general",
        &[],
    )
    .await;
    let picture = scene.picture().await;
    let before = scene.say(scene.ann, "before").await;
    assert!(
        scene
            .message(before)
            .await
            .get("sender_avatar_id")
            .is_none(),
        "left out where there is none"
    );
    let mut listener = scene.database.listen().await;
    scene.set_own(scene.ann, Some(picture)).await.unwrap();
    let told = listener.heard().await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].event()["type"], "user");
    assert_eq!(told[0].event()["user"]["avatar_id"], json!(picture));
    assert_eq!(told[0].event()["user"]["revision"], 2);
    assert!(
        told[0].envelope["conversations"]
            .as_array()
            .unwrap()
            .contains(&json!(scene.group))
    );
    scene.set_own(scene.ann, Some(picture)).await.unwrap();
    assert!(
        listener.heard().await.is_empty(),
        "the same again is no news"
    );

    // As they are shown now, by every road.
    let own = json!(picture);
    let now = scene.say(scene.ann, "now").await;
    let announced = listener.heard().await;
    assert_eq!(announced[0].event()["message"]["sender_avatar_id"], own);
    run(
        &scene.client,
        "select chat.edit_message($1, $2, 'after')",
        &[&scene.ann, &now],
    )
    .await;
    assert_eq!(
        listener.heard().await[0].event()["message"]["sender_avatar_id"],
        own
    );
    run(
        &scene.client,
        "select chat.delete_message($1, $2)",
        &[&scene.ann, &before],
    )
    .await;
    assert_eq!(
        scene.message(before).await["sender_avatar_id"],
        own,
        "of a deleted one, too"
    );
    let page: String = value(
        &scene.client,
        "select chat.history_page($1, $2, null, null, null, 10)",
        &[&scene.ben, &scene.group],
    )
    .await;
    let page: Value = serde_json::from_str(&page).unwrap();
    for message in page["items"].as_array().unwrap() {
        assert_eq!(message["sender_avatar_id"], own, "{message}");
    }
    let bens = send(&scene.client, scene.ben, scene.group, "mine").await;
    assert!(scene.message(bens).await.get("sender_avatar_id").is_none());
    assert_eq!(
        scene.conversation(scene.ben).await["last_message"]["sender_avatar_id"],
        json!(null)
    );
    let members: Vec<Value> = crate::support::column(
        &scene.client,
        "select m from chat.list_members($1, $2) m",
        &[&scene.ben, &scene.group],
    )
    .await;
    let pictures: Vec<_> = members.iter().map(|member| &member["avatar_id"]).collect();
    assert_eq!(pictures, [&own, &json!(null)]);
    let chat = direct(&scene.client, scene.ben, scene.ann).await;
    let chat: Value = value(
        &scene.client,
        "select chat.read_conversation($1, $2)",
        &[&scene.ben, &chat],
    )
    .await;
    assert_eq!(chat["peer"]["avatar_id"], own);
    assert_eq!(chat["members"][0]["avatar_id"], own);
    let found: Value = value(
        &scene.client,
        "select chat.list_users($1, 'ann')",
        &[&scene.ben],
    )
    .await;
    assert_eq!(found["avatar_id"], own);
}

#[tokio::test]
async fn owners_and_admins_set_the_picture_of_a_group_and_its_members_hear_of_it() {
    let scene = Scene::set().await;
    let picture = scene.picture().await;
    assert_eq!(
        scene.set_of(scene.ben, scene.group, None).await.unwrap()["avatar_id"],
        json!(null),
        "what changes nothing is refused to no member"
    );
    run(
        &scene.client,
        "select chat.send_message($1, $2, null, p_kind => 'image', p_media => array[$3::uuid])",
        &[&scene.ann, &scene.group, &picture],
    )
    .await;
    for (actor, key) in [(scene.ben, "not_an_admin"), (scene.eve, "not_a_member")] {
        assert_eq!(
            scene.set_of(actor, scene.group, Some(picture)).await,
            Err(is("CH403", key))
        );
    }
    let mut listener = scene.database.listen().await;
    let group = scene
        .set_of(scene.ann, scene.group, Some(picture))
        .await
        .unwrap();
    assert_eq!(group["avatar_id"], json!(picture));
    let told = listener.heard().await;
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!(told[0].envelope["conversation"], json!(scene.group));
    assert_eq!(
        told[1].event()["message"]["body"],
        "Ann changed the picture"
    );
    assert_eq!(told[0].event()["conversation"]["avatar_id"], json!(picture));
    assert_eq!(told[0].event()["conversation"]["revision"], 2);

    let chat = direct(&scene.client, scene.ann, scene.ben).await;
    assert_eq!(
        refusal(
            scene
                .client
                .execute(
                    "update chat.conversations set avatar_id = $2 where id = $1",
                    &[&chat, &picture]
                )
                .await
        ),
        is("CH422", "bad_avatar"),
        "a direct chat shows the other's"
    );
    let unready = scene.store(scene.ann, "x.png", b"x").await;
    assert_eq!(
        scene.set_of(scene.ann, scene.group, Some(unready)).await,
        Err(is("CH422", "bad_avatar"))
    );
}

#[tokio::test]
async fn a_picture_is_seen_by_whoever_sees_what_bears_it_and_no_longer_than_it_does() {
    let scene = Scene::set().await;
    let (own, groups) = (scene.picture().await, scene.picture().await);
    for media in [own, groups] {
        assert!(!scene.may_look(scene.ben, media).await && !scene.may_look(scene.eve, media).await);
    }
    scene.set_own(scene.ann, Some(own)).await.unwrap();
    scene
        .set_of(scene.ann, scene.group, Some(groups))
        .await
        .unwrap();
    assert!(scene.may_look(scene.ben, own).await && scene.may_look(scene.eve, own).await);
    assert!(scene.may_look(scene.ben, groups).await);
    assert!(!scene.may_look(scene.eve, groups).await, "no member");
    run(
        &scene.client,
        "select chat.remove_member($1, $2, $3)",
        &[&scene.ann, &scene.group, &scene.ben],
    )
    .await;
    assert!(
        !scene.may_look(scene.ben, groups).await,
        "no longer a member"
    );
    scene.set_own(scene.ann, None).await.unwrap();
    assert!(!scene.may_look(scene.eve, own).await);
    assert!(scene.may_look(scene.ann, own).await, "it is still hers");
}

#[tokio::test]
async fn a_small_image_is_its_own_thumbnail_and_a_large_one_or_a_paper_is_not() {
    let scene = Scene::set().await;
    let stored = |media_type: &'static str, length: usize| {
        let scene = &scene;
        async move {
            let media = scene.store(scene.ann, "a", &vec![7; length]).await;
            scene.ready(media, media_type).await;
            run(
                &scene.client,
                "delete from chat.media_thumbnails where media_id = $1",
                &[&media],
            )
            .await;
            let read = scene
                .client
                .query_one(
                    "select type, octet_length(bytes) from chat.read_thumbnail($1, $2)",
                    &[&scene.ann, &media],
                )
                .await;
            read.map(|row| (row.get::<_, String>(0), row.get::<_, i32>(1)))
                .map_err(|error| refusal::<()>(Err(error)).1)
        }
    };
    assert_eq!(
        stored("image/png", 61_440).await,
        Ok(("image/png".to_owned(), 61_440))
    );
    let none = Err("no_thumbnail".to_owned());
    assert_eq!(stored("image/png", 61_441).await, none);
    assert_eq!(stored("application/pdf", 10).await, none);
    assert_eq!(stored("image/svg+xml", 10).await, none);
}

#[tokio::test]
async fn people_who_are_online_are_found_by_themselves() {
    let scene = Scene::set().await;
    let server = Uuid::new_v4();
    run(&scene.client, "select chat.beat($1)", &[&server]).await;
    let statuses = json!({scene.ben.to_string(): "away", scene.eve.to_string(): "online"});
    run(
        &scene.client,
        "select chat.set_presences($1, $2)",
        &[&server, &statuses],
    )
    .await;
    let names = |query: &'static str, limit: i32, after: Option<Uuid>| {
        let scene = &scene;
        async move {
            let found: Vec<Value> = crate::support::column(
                &scene.client,
                "select u from chat.list_users($1, $2, $3, $4, true) u",
                &[&scene.ann, &query, &after, &limit],
            )
            .await;
            found
                .iter()
                .map(|user| format!("{} {}", user["name"], user["status"]).replace('"', ""))
                .collect::<Vec<_>>()
        }
    };
    assert_eq!(names("", 50, None).await, ["Ben away", "Eve online"]);
    assert_eq!(names("", 1, None).await, ["Ben away"]);
    assert_eq!(names("", 1, Some(scene.ben)).await, ["Eve online"]);
    assert_eq!(names("v", 50, None).await, ["Eve online"]);
    run(
        &scene.client,
        "select chat.deactivate_user(null, $1)",
        &[&scene.eve],
    )
    .await;
    assert_eq!(names("", 50, None).await, ["Ben away"]);
}

#[tokio::test]
async fn two_have_in_common_the_groups_that_both_are_in_and_not_the_general_room() {
    let scene = Scene::set().await;
    direct(&scene.client, scene.ann, scene.ben).await;
    run(
        &scene.client,
        "select chat.create_group($1, 'Of two', array[$2::uuid])",
        &[&scene.ann, &scene.eve],
    )
    .await;
    let common = |user: Uuid| {
        let scene = &scene;
        async move {
            let found: Vec<Value> = crate::support::column(
                &scene.client,
                "select c from chat.list_common_conversations($1, $2) c",
                &[&scene.ann, &user],
            )
            .await;
            found
                .iter()
                .map(|one| one["id"].clone())
                .collect::<Vec<_>>()
        }
    };
    assert_eq!(common(scene.ben).await, [json!(scene.group)]);
    run(
        &scene.client,
        "select chat.leave($1, $2)",
        &[&scene.ben, &scene.group],
    )
    .await;
    assert_eq!(common(scene.ben).await, Vec::<Value>::new());
    assert_eq!(common(scene.eve).await.len(), 1);
}
