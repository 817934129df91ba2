//! Pictures that the host names by address: whose turn it is to fetch one, and whose word counts.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::scene::Scene;
use crate::support::{column, refusal, run, value};

const URL: &str = "https://example.com/ann.png";

impl Scene {
    async fn name_picture(&self, user: Uuid, url: Option<&str>) {
        run(
            &self.client,
            "update chat.users set avatar_url = $2 where id = $1",
            &[&user, &url],
        )
        .await;
    }

    async fn claim_pictures(&self) -> Vec<String> {
        column(&self.client, "select url from chat.claim_pictures(10)", &[]).await
    }

    async fn fetched(&self, user: Uuid, url: &str) -> (bool, Uuid) {
        let media: Uuid = value(
            &self.client,
            "select (chat.store_media(null, 'picture.png', $1)).id",
            &[&url.as_bytes()],
        )
        .await;
        self.ready(media, "image/png").await;
        let is_stored = value(
            &self.client,
            "select chat.store_picture($1, $2, $3)",
            &[&user, &url, &media],
        )
        .await;
        (is_stored, media)
    }

    async fn avatar(&self, user: Uuid) -> Option<Uuid> {
        value(
            &self.client,
            "select avatar_id from chat.users where id = $1",
            &[&user],
        )
        .await
    }
}

#[tokio::test]
async fn a_picture_is_fetched_once_by_whoever_comes_first() {
    let scene = Scene::set().await;
    assert!(scene.claim_pictures().await.is_empty());
    scene.name_picture(scene.ann, Some(URL)).await;
    assert_eq!(scene.claim_pictures().await, [URL]);
    assert!(scene.claim_pictures().await.is_empty(), "one is at it");
    let mut listener = scene.database.listen().await;
    let (is_stored, media) = scene.fetched(scene.ann, URL).await;
    assert!(is_stored);
    assert_eq!(scene.avatar(scene.ann).await, Some(media));
    let heard = listener.next().await;
    assert_eq!(heard.envelope["event"]["user"]["avatar_id"], json!(media));
    // The same address again is no news, and everybody may look.
    scene.name_picture(scene.ann, Some(URL)).await;
    assert!(scene.claim_pictures().await.is_empty());
    let may_look: bool = value(
        &scene.client,
        "select chat.may_read_media($1, $2)",
        &[&scene.eve, &media],
    )
    .await;
    assert!(may_look);
}

#[tokio::test]
async fn a_server_that_never_told_what_it_fetched_is_not_waited_for() {
    let scene = Scene::set().await;
    scene.name_picture(scene.ann, Some(URL)).await;
    scene.claim_pictures().await;
    run(
        &scene.client,
        "update chat.pictures set due_at = now() - interval '1 second'",
        &[],
    )
    .await;
    assert_eq!(scene.claim_pictures().await, [URL]);
}

#[tokio::test]
async fn a_picture_of_ones_own_choice_stays_until_the_host_names_another_address() {
    let scene = Scene::set().await;
    scene.name_picture(scene.ann, Some(URL)).await;
    scene.claim_pictures().await;
    // Chosen while the other is on its way.
    let own = scene.store(scene.ann, "me.png", b"me").await;
    scene.ready(own, "image/png").await;
    run(
        &scene.client,
        "select chat.set_user_avatar($1, $1, $2)",
        &[&scene.ann, &own],
    )
    .await;
    assert!(scene.fetched(scene.ann, URL).await.0);
    assert_eq!(scene.avatar(scene.ann).await, Some(own));
    scene.name_picture(scene.ann, Some(URL)).await;
    assert!(scene.claim_pictures().await.is_empty());

    let another = "https://example.com/ann.png?v=2";
    scene.name_picture(scene.ann, Some(another)).await;
    assert_eq!(scene.claim_pictures().await, [another]);
    let (_, media) = scene.fetched(scene.ann, another).await;
    assert_eq!(scene.avatar(scene.ann).await, Some(media));
}

#[tokio::test]
async fn what_comes_of_an_address_that_is_another_by_now_is_left_out() {
    let scene = Scene::set().await;
    scene.name_picture(scene.ann, Some(URL)).await;
    scene.claim_pictures().await;
    scene
        .name_picture(scene.ann, Some("https://example.com/2"))
        .await;
    assert!(!scene.fetched(scene.ann, URL).await.0);
    assert_eq!(scene.avatar(scene.ann).await, None);
    assert_eq!(scene.claim_pictures().await, ["https://example.com/2"]);
}

#[tokio::test]
async fn an_address_that_is_taken_away_takes_its_picture_along_and_no_other() {
    let scene = Scene::set().await;
    for (user, has_own) in [(scene.ann, false), (scene.ben, true)] {
        scene.name_picture(user, Some(URL)).await;
        scene.claim_pictures().await;
        scene.fetched(user, URL).await;
        if has_own {
            let own = scene.store(user, "me.png", b"me").await;
            scene.ready(own, "image/png").await;
            run(
                &scene.client,
                "select chat.set_user_avatar($1, $1, $2)",
                &[&user, &own],
            )
            .await;
        }
        scene.name_picture(user, None).await;
        assert_eq!(scene.avatar(user).await.is_some(), has_own);
    }
}

#[tokio::test]
async fn a_fetch_that_brought_nothing_is_tried_again_a_few_times_or_not_at_all() {
    let scene = Scene::set().await;
    let fail = "select chat.fail_picture($1, $2, 'unreachable', $3)";
    let state = "select concat_ws(' ', state, tries, failure, round(extract(epoch from due_at - now()) / 60)) from chat.pictures";
    scene.name_picture(scene.ann, Some(URL)).await;
    for expected in [
        "waiting 1 unreachable 1",
        "waiting 2 unreachable 10",
        "waiting 3 unreachable 100",
        "none 4 unreachable",
    ] {
        run(
            &scene.client,
            "update chat.pictures set due_at = now()",
            &[],
        )
        .await;
        assert_eq!(scene.claim_pictures().await, [URL]);
        run(&scene.client, fail, &[&scene.ann, &URL, &false]).await;
        assert_eq!(value::<String>(&scene.client, state, &[]).await, expected);
    }
    scene
        .name_picture(scene.ann, Some("https://example.com/x"))
        .await;
    scene.claim_pictures().await;
    run(
        &scene.client,
        fail,
        &[&scene.ann, &"https://example.com/x", &true],
    )
    .await;
    assert_eq!(
        value::<String>(&scene.client, state, &[]).await,
        "none 1 unreachable"
    );
}

#[tokio::test]
async fn an_address_is_one_that_a_server_can_ask() {
    let scene = Scene::set().await;
    for url in [
        "ftp://example.com/x",
        "javascript:alert(1)",
        "/ann.png",
        "https://",
        "https://a b",
        &format!("https://example.com/{}", "x".repeat(2000)),
    ] {
        let answer = scene
            .client
            .execute(
                "update chat.users set avatar_url = $2 where id = $1",
                &[&scene.ann, &url],
            )
            .await;
        assert_eq!(
            refusal(answer),
            ("CH422".to_owned(), "bad_avatar_url".to_owned()),
            "{url}"
        );
    }
}

#[tokio::test]
async fn a_writer_names_pictures_and_what_others_see_of_somebody_does_not_have_the_address() {
    let scene = Scene::set().await;
    let writer = scene.database.connect_as("chat_writer").await;
    run(
        &writer,
        "insert into chat.users (name, external_id, avatar_url) values ('Kim', '9', $1)",
        &[&URL],
    )
    .await;
    assert_eq!(scene.claim_pictures().await, [URL]);
    let seen: Value = value(
        &scene.client,
        "select chat.user_json(u) from chat.users u where external_id = '9'",
        &[],
    )
    .await;
    assert!(!seen.to_string().contains("example.com"), "{seen}");
}

#[tokio::test]
async fn who_comes_by_the_hosts_word_brings_the_address_of_their_picture() {
    let scene = Scene::set().await;
    let arrive = "select (chat.arrive('host-9', 'Kim', null, $1)).avatar_url";
    for (url, kept) in [
        (Some(URL), URL),
        (None, URL),
        (Some("javascript:alert(1)"), URL),
        (Some("https://example.com/2"), "https://example.com/2"),
    ] {
        let found: String = value(&scene.client, arrive, &[&url]).await;
        assert_eq!(found, kept, "{url:?}");
    }
    assert_eq!(scene.claim_pictures().await, ["https://example.com/2"]);
}
