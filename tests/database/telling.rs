//! What system messages say of groups and rooms, whoever brings it about.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::scene::Scene;
use crate::support::{column, direct, refusal, run, user, value};

impl Scene {
    async fn told(&self) -> Vec<String> {
        let sql = "select body from chat.messages where conversation_id = $1 and kind = 'system' order by seq";
        column(&self.client, sql, &[&self.group]).await
    }
}

#[tokio::test]
async fn a_group_tells_who_made_it_who_came_who_went_and_who_may_do_what() {
    let scene = Scene::set().await;
    let client = &scene.client;
    let more = [
        user(client, "Carl").await,
        user(client, "Dan").await,
        user(client, "Finn").await,
        user(client, "Gus").await,
    ];
    let group: Uuid = value(
        client,
        "select id from chat.create_group($1, 'Lunch', $2)",
        &[&scene.ann, &vec![scene.ben]],
    )
    .await;
    for (sql, users) in [
        ("select chat.add_members($1, $2, $3)", more.to_vec()),
        (
            "select chat.set_role($1, $2, ($3::uuid[])[1], 'admin')",
            vec![scene.ben],
        ),
        (
            "select chat.remove_member($1, $2, ($3::uuid[])[1])",
            vec![more[0]],
        ),
        (
            "select chat.add_member($1, $2, ($3::uuid[])[1])",
            vec![more[0]],
        ),
        (
            "select chat.leave(($3::uuid[])[1], $2) where $1::uuid is not null",
            vec![more[1]],
        ),
        (
            "select chat.set_role($1, $2, ($3::uuid[])[1], 'owner')",
            vec![scene.ben],
        ),
        (
            "select chat.set_role($1, $2, $1, 'member') where $3::uuid[] is not null",
            vec![],
        ),
    ] {
        run(client, sql, &[&scene.ann, &group, &users]).await;
    }
    run(
        client,
        "select chat.update_conversation($1, $2, 'Dinner', 'At eight')",
        &[&scene.ben, &group],
    )
    .await;
    run(
        client,
        "select chat.update_conversation($1, $2, 'Dinner', 'At eight', 'approval')",
        &[&scene.ben, &group],
    )
    .await;
    let last_seq: i64 = value(
        client,
        "select last_seq from chat.close_conversation($1, $2)",
        &[&scene.ben, &group],
    )
    .await;
    let sql = "select body from chat.messages where conversation_id = $1 order by seq";
    let told: Vec<String> = column(client, sql, &[&group]).await;
    let wanted = [
        "Ann created the group “Lunch”",
        "Ann added Ben",
        "Ann added Carl, Dan and 2 others",
        "Ann made Ben an admin",
        "Carl was removed by Ann",
        "Ann added Carl",
        "Dan left",
        "Ann made Ben an owner",
        "Ann is now a member",
        "Ben changed the name to “Dinner”",
        "Ben changed the description",
        "Ben closed the group",
    ];
    assert_eq!(told, wanted);
    assert_eq!(last_seq, wanted.len() as i64, "the answer knows of it");
    let sql = "select data from chat.messages where conversation_id = $1 and seq = 3";
    let data: Value = value(client, sql, &[&group]).await;
    assert_eq!(
        data,
        json!({"event": "members_added", "actor_id": scene.ann, "actor_name": "Ann", "count": 4,
            "user_ids": more, "user_names": ["Carl", "Dan", "Finn", "Gus"]})
    );
    // Leaving what is closed is nobody's news.
    run(client, "select chat.leave($1, $2)", &[&more[2], &group]).await;
}

#[tokio::test]
async fn plain_sql_makes_them_too_and_the_event_comes_first() {
    let scene = Scene::set().await;
    let writer = scene.database.connect_as("chat_writer").await;
    let mut listener = scene.database.listen().await;
    let insert = "insert into chat.members (conversation_id, user_id) select $1, id from chat.users where name in ('Eve', 'Zoe')";
    run(
        &scene.client,
        "insert into chat.users (name) values ('Zoe')",
        &[],
    )
    .await;
    listener.heard().await;
    run(&writer, insert, &[&scene.group]).await;
    let heard = listener.heard().await;
    let kinds: Vec<_> = heard.iter().map(|heard| heard.kind()).collect();
    assert_eq!(
        kinds,
        [
            "member",
            "conversation",
            "member",
            "conversation",
            "message"
        ]
    );
    run(
        &writer,
        "update chat.members set role = 'admin' where conversation_id = $1 and user_id <> $2",
        &[&scene.group, &scene.ann],
    )
    .await;
    run(
        &writer,
        "delete from chat.members where conversation_id = $1 and user_id = $2",
        &[&scene.group, &scene.eve],
    )
    .await;
    run(
        &writer,
        "update chat.conversations set title = 'New' where id = $1",
        &[&scene.group],
    )
    .await;
    run(
        &writer,
        "delete from chat.conversations where id = $1",
        &[&scene.group],
    )
    .await;
    assert_eq!(
        scene.told().await,
        [
            "Eve and Zoe were added",
            "Ben, Eve and Zoe are now admins",
            "Eve left",
            "The name was changed to “New”",
            "The group was closed",
        ]
    );
}

#[tokio::test]
async fn what_is_told_calls_nobody_counts_for_nobody_and_is_nobodys_to_edit() {
    let scene = Scene::set().await;
    scene.set_username(scene.ben, "ben").await;
    run(
        &scene.client,
        "select chat.update_conversation($1, $2, 'For @ben')",
        &[&scene.ann, &scene.group],
    )
    .await;
    assert_eq!(scene.told().await, ["Ann changed the name to “For @ben”"]);
    let seen = scene.conversation(scene.ben).await;
    assert_eq!((&seen["unread"], &seen["mentions"]), (&json!(0), &json!(0)));
    let sql = "select id from chat.messages where conversation_id = $1";
    let message: Uuid = value(&scene.client, sql, &[&scene.group]).await;
    for who in [scene.ann, scene.ben] {
        let sql = "select chat.edit_message($1, $2, 'Nothing happened')";
        let edited = scene.client.execute(sql, &[&who, &message]).await;
        assert_eq!(refusal(edited).1, "not_the_sender");
    }
    let sql = "select chat.send_message($1, $2, 'Ann left', 'system')";
    let sent = scene.client.execute(sql, &[&scene.ben, &scene.group]).await;
    assert_eq!(refusal(sent).1, "system_only");
}

#[tokio::test]
async fn nothing_is_told_between_two_to_everyone_or_where_it_is_quiet() {
    let scene = Scene::set().await;
    direct(&scene.client, scene.ann, scene.ben).await;
    user(&scene.client, "New").await;
    run(
        &scene.client,
        "update chat.conversations set title = 'Everyone' where is_general",
        &[],
    )
    .await;
    scene
        .client
        .batch_execute("begin; set local chat.quiet = on")
        .await
        .unwrap();
    let sql = "select chat.add_member($1, $2, $3)";
    run(&scene.client, sql, &[&scene.ann, &scene.group, &scene.eve]).await;
    scene.client.batch_execute("commit").await.unwrap();
    let count: i64 = value(&scene.client, "select count(*) from chat.messages", &[]).await;
    assert_eq!(count, 0);
}

#[tokio::test]
async fn the_longest_names_and_a_thousand_people_fit() {
    let scene = Scene::set().await;
    let sql = "with made as (insert into chat.users (name) select repeat('𝒲', 76) || lpad(n::text, 4, '0') from generate_series(1, 1000) n returning id)
        select array_agg(id) from made";
    let people: Vec<Uuid> = value(&scene.client, sql, &[]).await;
    let mut listener = scene.database.listen().await;
    let sql = "select count(*) from chat.add_members($1, $2, $3)";
    let added: i64 = value(&scene.client, sql, &[&scene.ann, &scene.group, &people]).await;
    assert_eq!(added, 1000);
    let told = scene.told().await;
    assert!(
        told.len() == 1 && told[0].ends_with("and 998 others"),
        "{told:?}"
    );
    // Too long for an announcement, it goes as a reference.
    let is_told = |event: &crate::support::Heard| event.envelope["reference"]["type"] == "message";
    listener.next_event(is_told).await;
}
