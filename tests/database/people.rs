//! The rules of users, conversations and members.

use serde_json::json;
use tokio_postgres::Client;
use uuid::Uuid;

use crate::support::{TestDatabase, column, direct, group, refusal, room, run, send, user, value};

fn is(state: &str, key: &str) -> (String, String) {
    (state.to_owned(), key.to_owned())
}

async fn call(client: &Client, sql: &str, ids: &[&Uuid]) -> Result<u64, tokio_postgres::Error> {
    let params: Vec<&(dyn tokio_postgres::types::ToSql + Sync)> = ids
        .iter()
        .map(|id| *id as &(dyn tokio_postgres::types::ToSql + Sync))
        .collect();
    client.execute(sql, &params).await
}

async fn general(client: &Client) -> Uuid {
    value(
        client,
        "select id from chat.conversations where is_general",
        &[],
    )
    .await
}

#[tokio::test]
async fn a_user_has_a_name_and_unique_handles() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    run(
        &client,
        "select chat.create_user(' Ann ', 'Ann', 'host-1')",
        &[],
    )
    .await;
    let trimmed: String = value(&client, "select name from chat.users", &[]).await;
    assert_eq!(trimmed, "Ann");
    for (statement, state, key) in [
        ("select chat.create_user('')", "CH422", "name_required"),
        ("select chat.create_user(' ')", "CH422", "name_required"),
        ("select chat.create_user(null)", "CH422", "name_required"),
        (
            "select chat.create_user(repeat('é', 81))",
            "CH422",
            "name_too_long",
        ),
        (
            "select chat.create_user('x', 'a b')",
            "CH422",
            "bad_username",
        ),
        ("select chat.create_user('x', '')", "CH422", "bad_username"),
        (
            "select chat.create_user('x', 'ANN')",
            "CH409",
            "username_taken",
        ),
        (
            "select chat.create_user('x', null, '')",
            "CH422",
            "bad_external_id",
        ),
        (
            "select chat.create_user('x', null, 'host-1')",
            "CH409",
            "external_id_taken",
        ),
        (
            "update chat.users set id = gen_random_uuid()",
            "CH422",
            "immutable_column",
        ),
        ("update chat.users set name = ''", "CH422", "name_required"),
    ] {
        assert_eq!(
            refusal(client.batch_execute(statement).await),
            is(state, key),
            "{statement}"
        );
    }
}

#[tokio::test]
async fn a_changed_name_reaches_whoever_shares_a_conversation_and_nobody_else() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    run(
        &client,
        "update chat.conversations set closed_at = now()",
        &[],
    )
    .await;
    let (ann, ben, cleo) = (
        user(&client, "Ann").await,
        user(&client, "Ben").await,
        user(&client, "Cleo").await,
    );
    let shared = direct(&client, ann, ben).await;
    direct(&client, ben, cleo).await;
    let mut listener = database.listen().await;
    run(
        &client,
        "update chat.users set last_seen_at = now() where id = $1",
        &[&ann],
    )
    .await;
    assert!(listener.heard().await.is_empty(), "presence tells that");
    run(&client, "select chat.update_user($1, $1, 'Anna')", &[&ann]).await;
    let told = listener.heard().await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].envelope["user"], json!(ann));
    assert_eq!(told[0].envelope["conversations"], json!([shared]));
    assert_eq!(told[0].event()["user"]["name"], "Anna");
    assert_eq!(told[0].event()["user"]["revision"], 2);
    assert_eq!(
        refusal(
            call(
                &client,
                "select chat.update_user($1, $2, 'x')",
                &[&ben, &ann]
            )
            .await
        ),
        is("CH403", "not_yourself")
    );
}

#[tokio::test]
async fn deleting_a_user_deactivates_and_ends_their_sessions() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    let ann = user(&client, "Ann").await;
    let session: Uuid = value(
        &client,
        "select chat.start_session($1, 'hash', '1 day')",
        &[&ann],
    )
    .await;
    let mut listener = database.listen().await;
    assert_eq!(
        run(&client, "delete from chat.users where id = $1", &[&ann]).await,
        0
    );
    let told = listener
        .next_event(|event| event.kind() == "session_ended")
        .await;
    assert_eq!(told.event()["session_id"], json!(session));
    assert_eq!(told.envelope["user"], json!(ann));
    let found: i64 = value(
        &client,
        "select count(*) from chat.find_session('hash')",
        &[],
    )
    .await;
    assert_eq!(found, 0);
    let is_there: bool = value(
        &client,
        "select deactivated_at is not null from chat.users where id = $1",
        &[&ann],
    )
    .await;
    assert!(is_there);
}

#[tokio::test]
async fn two_users_have_one_direct_conversation_whoever_begins() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    let (ann, ben, cleo) = (
        user(&client, "Ann").await,
        user(&client, "Ben").await,
        user(&client, "Cleo").await,
    );
    let first = direct(&client, ann, ben).await;
    assert_eq!(direct(&client, ben, ann).await, first);
    let insert =
        "insert into chat.conversations (kind, direct_low, direct_high) values ('direct', $1, $2)";
    for pair in [[&ann, &ben], [&ben, &ann]] {
        let (state, _) = refusal(call(&client, insert, &pair).await);
        assert_eq!(state, "23505");
    }
    let members: Vec<Uuid> = column(
        &client,
        "select user_id from chat.members where conversation_id = $1 and active order by 1",
        &[&first],
    )
    .await;
    assert_eq!(members, [ann.min(ben), ann.max(ben)]);
    for sql in [
        "insert into chat.members (conversation_id, user_id) values ($1, $2)",
        "select chat.add_member(null, $1, $2)",
    ] {
        assert_eq!(
            refusal(call(&client, sql, &[&first, &cleo]).await),
            is("CH409", "direct_is_fixed")
        );
    }
    assert_eq!(
        refusal(call(&client, "select chat.leave($2, $1)", &[&first, &ben]).await),
        is("CH409", "direct_is_fixed")
    );
    assert_eq!(
        refusal(
            call(
                &client,
                "select chat.open_direct($1, $2)",
                &[&ann, &Uuid::new_v4()]
            )
            .await
        ),
        is("CH404", "user_not_found")
    );

    let notes = direct(&client, ann, ann).await;
    assert_ne!(notes, first);
    assert_eq!(direct(&client, ann, ann).await, notes);
    send(&client, ann, notes, "milk").await;
    let members: i64 = value(
        &client,
        "select count(*) from chat.members where conversation_id = $1",
        &[&notes],
    )
    .await;
    assert_eq!(members, 1);
}

#[tokio::test]
async fn a_direct_conversation_names_both_its_users() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    let ann = user(&client, "Ann").await;
    for columns in ["direct_low", "direct_high"] {
        let sql = format!("insert into chat.conversations (kind, {columns}) values ('direct', $1)");
        assert_eq!(
            refusal(call(&client, &sql, &[&ann]).await),
            is("CH422", "direct_users_required")
        );
    }
}

#[tokio::test]
async fn both_users_beginning_at_once_get_one_conversation() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    let (ann, ben) = (user(&client, "Ann").await, user(&client, "Ben").await);
    let begin = |from: Uuid, to: Uuid| {
        let database = &database;
        async move { direct(&*database.connect().await, from, to).await }
    };
    let opened = futures_util::future::join_all((0..8).map(|number| match number % 2 {
        0 => begin(ann, ben),
        _ => begin(ben, ann),
    }))
    .await;
    assert!(opened.iter().all(|id| *id == opened[0]));
}

#[tokio::test]
async fn everyone_is_in_the_general_room_and_stays() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    let general = general(&client).await;
    let ann = user(&client, "Ann").await;
    let created: Uuid = value(
        &client,
        "insert into chat.users (name) values ('By plain SQL') returning id",
        &[],
    )
    .await;
    send(&client, created, general, "hi all").await;
    assert_eq!(
        refusal(call(&client, "select chat.leave($1, $2)", &[&ann, &general]).await),
        is("CH409", "general_is_for_everyone")
    );
    let (state, _) = refusal(
        client
            .batch_execute("insert into chat.conversations (kind, title, is_general) values ('room', 'Second', true)")
            .await,
    );
    assert_eq!(state, "23505", "there is one");

    // A host that wants none closes it: it stays closed, and nobody is added.
    run(
        &client,
        "delete from chat.conversations where id = $1",
        &[&general],
    )
    .await;
    let late = user(&client, "Late").await;
    let rooms: i64 = value(
        &client,
        "select count(*) from chat.members where user_id = $1",
        &[&late],
    )
    .await;
    assert_eq!(rooms, 0);
    webchat::postgres::migrate::migrate(&database.address())
        .await
        .unwrap();
    let count: i64 = value(
        &client,
        "select count(*) from chat.conversations where is_general",
        &[],
    )
    .await;
    assert_eq!(count, 1);
}

#[tokio::test]
async fn a_group_is_run_by_its_owner_and_admins() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    let (ann, ben, cleo, dan) = (
        user(&client, "Ann").await,
        user(&client, "Ben").await,
        user(&client, "Cleo").await,
        user(&client, "Dan").await,
    );
    let group = group(&client, ann, &[ben, cleo]).await;
    let add = "select chat.add_member($1, $2, $3)";
    let remove = "select chat.remove_member($1, $2, $3)";
    let promote = "select chat.set_role($1, $2, $3, 'admin')";
    let rename = "select chat.update_conversation($1, $2, 'Renamed')";
    for (sql, ids, state, key) in [
        (add, vec![&ben, &group, &dan], "CH403", "not_an_admin"),
        (add, vec![&dan, &group, &dan], "CH403", "not_a_member"),
        (remove, vec![&ben, &group, &cleo], "CH403", "not_an_admin"),
        (promote, vec![&ben, &group, &ben], "CH403", "not_an_admin"),
        (rename, vec![&ben, &group], "CH403", "not_an_admin"),
        (rename, vec![&dan, &group], "CH403", "not_a_member"),
        (
            "select chat.join($1, $2)",
            vec![&dan, &group],
            "CH403",
            "not_a_member",
        ),
        (
            remove,
            vec![&ann, &group, &dan],
            "CH404",
            "member_not_found",
        ),
        (
            "select chat.set_role($1, $2, $3, 'boss')",
            vec![&ann, &group, &ben],
            "CH422",
            "bad_role",
        ),
    ] {
        assert_eq!(
            refusal(call(&client, sql, &ids).await),
            is(state, key),
            "{sql}"
        );
    }

    call(&client, promote, &[&ann, &group, &ben]).await.unwrap();
    call(&client, rename, &[&ben, &group]).await.unwrap();
    call(&client, add, &[&ben, &group, &dan]).await.unwrap();
    call(&client, remove, &[&ben, &group, &cleo]).await.unwrap();
    for (sql, ids) in [
        (promote, [&ben, &group, &dan]), // an admin makes no admins
        (remove, [&ben, &group, &ann]),  // and does not overthrow the owner
    ] {
        assert_eq!(
            refusal(call(&client, sql, &ids).await),
            is("CH403", "not_an_owner"),
            "{sql}"
        );
    }
    assert_eq!(
        refusal(
            call(
                &client,
                "select chat.send_message($1, $2, 'hi')",
                &[&cleo, &group]
            )
            .await
        ),
        is("CH403", "not_a_member")
    );
    assert_eq!(
        refusal(
            call(
                &client,
                "select * from chat.history($1, $2)",
                &[&cleo, &group]
            )
            .await
        ),
        is("CH403", "not_a_member")
    );
}

#[tokio::test]
async fn an_admin_adds_members_and_makes_nobody_an_admin() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    let (ann, ben, cleo) = (
        user(&client, "Ann").await,
        user(&client, "Ben").await,
        user(&client, "Cleo").await,
    );
    let group = group(&client, ann, &[ben]).await;
    call(
        &client,
        "select chat.set_role($1, $2, $3, 'admin')",
        &[&ann, &group, &ben],
    )
    .await
    .unwrap();
    for role in ["admin", "owner"] {
        let sql = format!("select chat.add_member($1, $2, $3, '{role}')");
        assert_eq!(
            refusal(call(&client, &sql, &[&ben, &group, &cleo]).await),
            is("CH403", "not_an_owner"),
            "{role}"
        );
    }
}

#[tokio::test]
async fn an_admin_brings_a_former_admin_back_as_a_member() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    let (ann, ben, cleo) = (
        user(&client, "Ann").await,
        user(&client, "Ben").await,
        user(&client, "Cleo").await,
    );
    let group = group(&client, ann, &[ben, cleo]).await;
    for admin in [&ben, &cleo] {
        call(
            &client,
            "select chat.set_role($1, $2, $3, 'admin')",
            &[&ann, &group, admin],
        )
        .await
        .unwrap();
    }
    call(&client, "select chat.leave($1, $2)", &[&cleo, &group])
        .await
        .unwrap();
    call(
        &client,
        "select chat.add_member($1, $2, $3)",
        &[&ben, &group, &cleo],
    )
    .await
    .unwrap();
    let role: String = value(
        &client,
        "select role from chat.members where conversation_id = $1 and user_id = $2 and active",
        &[&group, &cleo],
    )
    .await;
    assert_eq!(role, "member");
}

#[tokio::test]
async fn the_last_owner_hands_over_before_leaving() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    let (ann, ben) = (user(&client, "Ann").await, user(&client, "Ben").await);
    let group = group(&client, ann, &[ben]).await;
    let leave = "select chat.leave($1, $2)";
    assert_eq!(
        refusal(call(&client, leave, &[&ann, &group]).await),
        is("CH409", "owner_must_hand_over")
    );
    // Stepping down is leaving in all but name.
    for role in ["member", "admin"] {
        let sql = format!("select chat.set_role($1, $2, $1, '{role}')");
        assert_eq!(
            refusal(call(&client, &sql, &[&ann, &group]).await),
            is("CH409", "owner_must_hand_over")
        );
    }
    call(
        &client,
        "select chat.set_role($1, $2, $3, 'owner')",
        &[&ann, &group, &ben],
    )
    .await
    .unwrap();
    call(&client, leave, &[&ann, &group]).await.unwrap();
    // The last of all may go: nobody is left to hand over to.
    call(&client, leave, &[&ben, &group]).await.unwrap();
}

#[tokio::test]
async fn leaving_keeps_the_row_and_coming_back_renews_it() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    let (ann, ben) = (user(&client, "Ann").await, user(&client, "Ben").await);
    let room = room(&client, ann).await;
    let mut listener = database.listen().await;
    call(&client, "select chat.join($1, $2)", &[&ben, &room])
        .await
        .unwrap();
    let told = listener.heard().await;
    assert_eq!(told[0].kind(), "member");
    assert_eq!(told[0].envelope["active"], json!(true));
    assert_eq!(
        (told[1].kind(), &told[1].envelope["user"]),
        ("conversation", &json!(ben))
    );

    call(&client, "select chat.join($1, $2)", &[&ben, &room])
        .await
        .unwrap();
    assert!(
        listener.heard().await.is_empty(),
        "who is there already is no news"
    );

    assert_eq!(
        run(
            &client,
            "delete from chat.members where conversation_id = $1 and user_id = $2",
            &[&room, &ben]
        )
        .await,
        0
    );
    let told = listener.heard().await;
    assert_eq!(told.len(), 2);
    assert_eq!(told[1].event()["message"]["body"], "Ben left");
    assert_eq!(
        (
            &told[0].envelope["active"],
            &told[0].event()["member"]["state"]
        ),
        (&json!(false), &json!("left"))
    );
    assert_eq!(
        refusal(
            call(
                &client,
                "select chat.send_message($1, $2, 'hi')",
                &[&ben, &room]
            )
            .await
        ),
        is("CH403", "not_a_member")
    );

    send(&client, ann, room, "meanwhile").await;
    call(&client, "select chat.join($1, $2)", &[&ben, &room])
        .await
        .unwrap();
    let row = client
        .query_one(
            "select m.revision, m.joined_seq, m.left_at is null,
                (chat.read_conversation(m.user_id, m.conversation_id) ->> 'unread')::bigint
             from chat.members m where m.conversation_id = $1 and m.user_id = $2",
            &[&room, &ben],
        )
        .await
        .unwrap();
    // After that they joined, that they left, and what was said meanwhile.
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (3, 3));
    assert!(row.get::<_, bool>(2));
    assert_eq!(
        row.get::<_, i64>(3),
        0,
        "what came before does not count as unread"
    );
}

#[tokio::test]
async fn a_closed_conversation_keeps_its_history_and_takes_nobody_in() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    let (ann, ben) = (user(&client, "Ann").await, user(&client, "Ben").await);
    let room = room(&client, ann).await;
    send(&client, ann, room, "hi").await;
    let mut listener = database.listen().await;
    assert_eq!(
        run(
            &client,
            "delete from chat.conversations where id = $1",
            &[&room]
        )
        .await,
        0
    );
    let told = listener.heard().await;
    assert_eq!(told.len(), 2);
    assert!(told[0].event()["conversation"]["closed_at"].is_string());
    assert_eq!(told[1].event()["message"]["body"], "The room was closed");
    let history: i64 = value(
        &client,
        "select count(*) from chat.history($1, $2)",
        &[&ann, &room],
    )
    .await;
    assert_eq!(history, 2);
    assert_eq!(
        refusal(call(&client, "select chat.join($1, $2)", &[&ben, &room]).await),
        is("CH409", "conversation_closed")
    );
}

#[tokio::test]
async fn what_identifies_a_conversation_or_a_member_never_changes() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    let (ann, ben) = (user(&client, "Ann").await, user(&client, "Ben").await);
    group(&client, ann, &[]).await;
    for statement in [
        "update chat.conversations set id = gen_random_uuid()",
        "update chat.conversations set kind = 'direct'",
        "update chat.conversations set created_by = null where created_by is not null",
        "update chat.conversations set is_general = not is_general",
        "update chat.conversations set created_at = now()",
        "update chat.members set conversation_id = gen_random_uuid()",
        &format!("update chat.members set user_id = '{ben}' where user_id = '{ann}'"),
    ] {
        let (state, key) = refusal(client.batch_execute(statement).await);
        // A conversation that is not there is refused before anything else.
        assert!(
            key == "immutable_column" || key == "conversation_not_found",
            "{statement}: {state} {key}"
        );
    }
    for (statement, key) in [
        (
            "insert into chat.conversations (kind, title) values ('club', 'x')",
            "bad_kind",
        ),
        (
            "insert into chat.conversations (kind, title) values ('group', ' ')",
            "title_required",
        ),
        (
            "insert into chat.conversations (kind, title) values ('group', repeat('x', 121))",
            "title_too_long",
        ),
        (
            "insert into chat.conversations (kind, title, description) values ('room', 'x', repeat('x', 1001))",
            "description_too_long",
        ),
        (
            "insert into chat.conversations (kind, title, join_policy) values ('room', 'x', 'secret')",
            "bad_join_policy",
        ),
        (
            "insert into chat.conversations (kind, title, is_general) values ('group', 'x', true)",
            "general_is_a_room",
        ),
        (
            "insert into chat.conversations (kind) values ('direct')",
            "direct_users_required",
        ),
    ] {
        assert_eq!(
            refusal(client.batch_execute(statement).await),
            is("CH422", key),
            "{statement}"
        );
    }
}
