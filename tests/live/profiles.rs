//! Profiles over HTTP: words, pictures and who is online, who hears of a change, and who may see the picture.

use reqwest::Method;
use serde_json::{Value, json};

use crate::asking::{ask, header};
use crate::cast::Cast;
use crate::media::{png, shown_picture, upload};
use crate::support::Person;

const OWN: &str = "/api/users/me/avatar";

async fn statuses(person: &Person, media: &Value) -> (u16, u16) {
    let id = media.as_str().unwrap();
    let of = async |path: String| {
        let bearer = format!("Bearer {}", person.token);
        let headers = [("authorization", bearer.as_str())];
        let response = ask(person.address, Method::GET, &path, &headers, "").await;
        if response.status() == 200 {
            assert!(header(&response, "content-type").starts_with("image/"));
        }
        response.status().as_u16()
    };
    (
        of(format!("/api/media/{id}")).await,
        of(format!("/api/media/{id}/thumbnail")).await,
    )
}

#[tokio::test]
async fn a_profile_is_changed_by_its_owner_and_told_to_peers_alone() {
    let cast = Cast::assemble().await;
    cast.relayed().await;
    let (mut bobs, mut eves) = (cast.bob.connect().await, cast.eve.connect().await);
    let (status, user) = cast
        .ada
        .put(
            "/api/users/me",
            json!({"about": "I build\nengines.", "status_text": "At sea 🌊"}),
        )
        .await;
    assert_eq!(status, 200, "{user}");
    let event = bobs.next_of("user").await;
    assert_eq!(event["user"]["about"], "I build\nengines.");
    assert_eq!(event["user"]["status_text"], "At sea 🌊");
    eves.heard_nothing().await;
    let (_, seen) = cast.eve.get(&format!("/api/users/{}", cast.ada.id)).await;
    assert_eq!(seen, user, "who asks is told the same");
    let (_, user) = cast
        .ada
        .put("/api/users/me", json!({"status_text": ""}))
        .await;
    assert_eq!(
        (&user["about"], &user["status_text"]),
        (&json!("I build\nengines."), &json!(null))
    );
    let (status, problem) = cast
        .bob
        .put(
            &format!("/api/users/{}", cast.ada.id),
            json!({"about": "A fool"}),
        )
        .await;
    assert_eq!((status, &problem["code"]), (403, &json!("not_yourself")));
}

#[tokio::test]
async fn a_picture_is_told_to_peers_and_seen_by_all_until_it_is_taken_away() {
    let cast = Cast::assemble().await;
    let media = upload(&cast.ada, "me.png", png(700)).await["id"].clone();
    assert_eq!(
        statuses(&cast.bob, &media).await,
        (404, 404),
        "hers alone yet"
    );
    cast.relayed().await;
    let (mut bobs, mut eves) = (cast.bob.connect().await, cast.eve.connect().await);
    let (status, user) = cast.ada.put(OWN, json!({"media_id": media})).await;
    assert_eq!((status, &user["avatar_id"]), (200, &media), "{user}");
    assert_eq!(bobs.next_of("user").await["user"]["avatar_id"], media);
    eves.heard_nothing().await;
    cast.ada.say(cast.direct, "with a face").await;
    let heard = bobs.message("with a face").await;
    assert_eq!(heard["sender_avatar_id"], media);
    assert_eq!(statuses(&cast.eve, &media).await, (200, 200));
    let (_, user) = cast.ada.put(OWN, json!({"media_id": null})).await;
    assert_eq!(user["avatar_id"], json!(null));
    assert_eq!(bobs.next_of("user").await["user"]["avatar_id"], json!(null));
    assert_eq!(statuses(&cast.eve, &media).await, (404, 404));
    assert_eq!(statuses(&cast.ada, &media).await, (200, 200));
}

#[tokio::test]
async fn a_small_picture_stands_for_itself() {
    let cast = Cast::assemble().await;
    let media = upload(&cast.ada, "me.png", png(40)).await;
    assert_eq!(media["thumbnail"], json!(null));
    assert_eq!(statuses(&cast.ada, &media["id"]).await, (200, 200));
}

#[tokio::test]
async fn the_picture_of_a_group_is_its_members_and_no_strangers_business() {
    let cast = Cast::assemble().await;
    let group = cast.ada.group(&[&cast.bob]).await;
    let path = format!("/api/conversations/{group}/avatar");
    let media = json!(shown_picture(&cast.ada, group).await);
    cast.relayed().await;
    let (mut bobs, mut eves) = (cast.bob.connect().await, cast.eve.connect().await);
    for (person, code) in [(&cast.bob, "not_an_admin"), (&cast.eve, "not_a_member")] {
        let (status, problem) = person.put(&path, json!({"media_id": media})).await;
        assert_eq!((status, &problem["code"]), (403, &json!(code)));
    }
    let (status, shown) = cast.ada.put(&path, json!({"media_id": media})).await;
    assert_eq!((status, &shown["avatar_id"]), (200, &media), "{shown}");
    let event = bobs.next_of("conversation").await;
    assert_eq!(event["conversation"]["avatar_id"], media);
    eves.heard_nothing().await;
    assert_eq!(statuses(&cast.bob, &media).await, (200, 200));
    assert_eq!(statuses(&cast.eve, &media).await, (404, 404));
    let (_, listed) = cast.bob.get("/api/conversations").await;
    assert!(
        listed["items"]
            .as_array()
            .unwrap()
            .iter()
            .any(|listed| listed["avatar_id"] == media)
    );
}

#[tokio::test]
async fn what_can_not_be_a_picture_is_refused_by_the_name_of_the_field() {
    let cast = Cast::assemble().await;
    let text = upload(&cast.ada, "a.txt", b"words".to_vec()).await["id"].clone();
    let bobs = upload(&cast.bob, "b.png", png(20)).await["id"].clone();
    let group = cast.ada.group(&[&cast.bob]).await;
    let own = upload(&cast.ada, "a.png", png(20)).await["id"].clone();
    let direct = format!("/api/conversations/{}/avatar", cast.direct);
    let group = format!("/api/conversations/{group}/avatar");
    for (path, media) in [
        (OWN, json!(text)),
        (OWN, json!(bobs)),
        (OWN, json!(uuid::Uuid::nil())),
        (OWN, json!("x")),
        (OWN, json!(7)),
        (group.as_str(), json!(text)),
    ] {
        let (status, problem) = cast.ada.put(path, json!({"media_id": media})).await;
        assert!(
            (status == 422) && problem["detail"].as_str().unwrap().starts_with("media_id:"),
            "{path} {media}: {problem}"
        );
    }
    let (status, _) = cast.ada.put(&direct, json!({"media_id": own})).await;
    assert_eq!(status, 403, "nobody is the admin of a direct chat");
}

#[tokio::test]
async fn a_list_of_people_can_be_of_those_who_are_online() {
    let cast = Cast::assemble().await;
    let _socket = cast.bob.connect().await;
    let names = |query: &'static str| {
        let cast = &cast;
        async move {
            let (status, page) = cast.ada.get(&format!("/api/users{query}")).await;
            assert_eq!(status, 200, "{page}");
            let items = page["items"].as_array().unwrap().clone();
            let name = |user: &Value| user["name"].as_str().unwrap().to_owned();
            items.iter().map(name).collect::<Vec<_>>()
        }
    };
    crate::cast::until(
        &cast.database.connect().await,
        "select exists (select from chat.presence)",
    )
    .await;
    assert_eq!(names("?online=true").await, ["Bob"]);
    assert_eq!(names("?online=true&q=x").await, Vec::<String>::new());
    assert_eq!(names("?online=false").await, ["Ada", "Bob", "Eve"]);
    let (status, problem) = cast.ada.get("/api/users?online=maybe").await;
    assert_eq!((status, &problem["code"]), (422, &json!("bad_parameter")));
}
