//! Who comes in by the host's word: the user that is made of it, and the session that stands on it.

use serde_json::json;
use uuid::Uuid;

use crate::support::{Client, TestDatabase, refusal, run, value};

fn is(state: &str, key: &str) -> (String, String) {
    (state.to_owned(), key.to_owned())
}

/// Begins a session by a signed token, or goes on with one; its id.
async fn prove(client: &Client, external_id: &str, token: &str, seconds: i32) -> Uuid {
    value(
        client,
        "select session_id from chat.prove_session('jwt', $1, 'Ada', null, null,
            clock_timestamp() + make_interval(secs => $3), 9999, sha256(convert_to($2, 'UTF8')), null, p_user_agent => 'app')",
        &[&external_id, &token, &f64::from(seconds)],
    )
    .await
}

async fn lapse(client: &Client) {
    run(client, "update chat.sessions set expires_at = now()", &[]).await;
    run(
        client,
        "update chat.session_tokens set expires_at = now() where expires_at is not null",
        &[],
    )
    .await;
}

async fn counts(client: &Client) -> (i64, i64) {
    (
        value(client, "select count(*) from chat.sessions", &[]).await,
        value(client, "select count(*) from chat.session_tokens", &[]).await,
    )
}

#[tokio::test]
async fn a_project_makes_its_users_before_they_come_and_each_only_once() {
    let database = TestDatabase::create().await;
    let writer = database.connect_as("chat_writer").await;
    let mut listener = database.listen().await;
    let ada: Uuid = value(
        &writer,
        "select id from chat.arrive('7', ' Ada ', 'ada')",
        &[],
    )
    .await;
    listener.next_event(|event| event.kind() == "member").await;
    let again: Uuid = value(&writer, "select id from chat.arrive('7', null, null)", &[]).await;
    assert_eq!(again, ada);
    let revision: i64 = value(
        &writer,
        "select revision from chat.arrive('7', 'Ada', 'ada')",
        &[],
    )
    .await;
    assert_eq!(revision, 1, "nothing differs, so nothing is written");
    let renamed: String = value(
        &writer,
        "select name || ' ' || username from chat.arrive('7', 'Ada L.', 'ADA')",
        &[],
    )
    .await;
    assert_eq!(renamed, "Ada L. ADA");
    let event = listener.next_event(|event| event.kind() == "user").await;
    assert_eq!(event.event()["user"]["name"], "Ada L.");
    let other: Option<String> = value(
        &writer,
        "select username from chat.arrive('8', 'Ben', 'ada')",
        &[],
    )
    .await;
    assert_eq!(other, None, "hers, whatever the host says");
    for (statement, key) in [
        ("select chat.arrive('9', null)", "name_required"),
        ("select chat.arrive('9', ' ')", "name_required"),
        ("select chat.arrive('', 'Eve')", "bad_external_id"),
        (
            "select chat.arrive(repeat('x', 201), 'Eve')",
            "bad_external_id",
        ),
    ] {
        assert_eq!(
            refusal(writer.query(statement, &[]).await),
            is("CH422", key),
            "{statement}"
        );
    }
    run(
        &writer,
        "update chat.users set deactivated_at = now() where external_id = '7'",
        &[],
    )
    .await;
    let refused = refusal(writer.query("select chat.arrive('7', 'Ada')", &[]).await);
    assert_eq!(refused, is("CH403", "user_deactivated"));
}

#[tokio::test]
async fn a_program_that_shows_ever_new_tokens_leaves_no_trail_of_them() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    let first = prove(&client, "7", "1", 60).await;
    assert_ne!(
        prove(&client, "7", "2", 60).await,
        first,
        "while the first lives, it is one more"
    );
    assert_eq!(counts(&client).await, (2, 2));
    for token in 3..20 {
        lapse(&client).await;
        prove(&client, "7", &token.to_string(), 60).await;
        assert_eq!(counts(&client).await, (2, 2), "{token}");
    }
    // Nobody else's, nor one that a token of ours would open again, nor one that was ended.
    lapse(&client).await;
    let bens = prove(&client, "8", "ben", 60).await;
    assert_eq!(counts(&client).await, (3, 3));
    run(
        &client,
        "insert into chat.session_tokens (token_hash, session_id, created_at) values ('given out', $1, now())",
        &[&bens],
    )
    .await;
    lapse(&client).await;
    assert_ne!(prove(&client, "8", "ben 2", 60).await, bens);
    let ended: i64 = value(&client, "select chat.end_sessions('8')", &[]).await;
    assert_eq!(ended, 2);
    let refused = client
        .query(
            "select from chat.prove_session('jwt', '8', 'Ben', null, null, now() + interval '1 hour', 60, sha256('ben 2'), null)",
            &[],
        )
        .await;
    assert_eq!(refusal(refused), is("CH401", "bad_token"));
    lapse(&client).await;
    let (before, _) = counts(&client).await;
    prove(&client, "8", "ben 3", 60).await;
    assert_eq!(
        counts(&client).await.0,
        before + 1,
        "what was ended stays so"
    );
}

#[tokio::test]
async fn an_end_is_put_off_and_never_drawn_nearer() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    let session = prove(&client, "7", "long", 600).await;
    let ends = "select round(extract(epoch from expires_at - proven_at))::bigint from chat.sessions where id = $1";
    let go_on = async |seconds: i32| {
        run(
            &client,
            "select from chat.prove_session('jwt', '7', 'Ada', null, null, clock_timestamp() + make_interval(secs => $2), 9999,
                sha256(convert_to($2::text, 'UTF8')), null, $1, (select user_id from chat.sessions where id = $1))",
            &[&session, &f64::from(seconds)],
        )
        .await;
        value::<i64>(&client, ends, &[&session]).await
    };
    assert!((595..=600).contains(&go_on(60).await));
    assert!((895..=900).contains(&go_on(900).await));
    assert!(
        (9_990..=9_999).contains(&go_on(99_999).await),
        "no longer than a session may last"
    );
    let listed: serde_json::Value = value(
        &client,
        "select chat.list_sessions(user_id) from chat.sessions where id = $1",
        &[&session],
    )
    .await;
    assert_eq!(
        (&listed["began_by"], &listed["last_seen_at"]),
        (&json!("jwt"), &json!(null))
    );
    run(
        &client,
        "select chat.see_sessions(array[$1::uuid])",
        &[&session],
    )
    .await;
    let listed: serde_json::Value = value(
        &client,
        "select chat.list_sessions(user_id) from chat.sessions where id = $1",
        &[&session],
    )
    .await;
    assert!(listed["last_seen_at"].is_string());
    let guest: Uuid = value(
        &client,
        "select id from chat.create_user('Gus', p_is_guest => true)",
        &[],
    )
    .await;
    let guests: Uuid = value(
        &client,
        "select chat.start_session($1, 'guest', '1 day', null, 'guest')",
        &[&guest],
    )
    .await;
    run(
        &client,
        "update chat.users set external_id = '9' where id = $1",
        &[&guest],
    )
    .await;
    let refused = client
        .query(
            "select from chat.prove_session('jwt', '9', 'Gus', null, null, now() + interval '1 hour', 60, 'proof', null, $1, $2)",
            &[&guests, &guest],
        )
        .await;
    assert_eq!(
        refusal(refused),
        is("CH403", "token_not_allowed"),
        "it needs no proof"
    );
}
