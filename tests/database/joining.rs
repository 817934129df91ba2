//! Asking to be let in, links that let in, and coming back after a removal.

use serde_json::{Value, json};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::scene::Scene;
use crate::support::query::Params;
use crate::support::{Heard, TestDatabase, column, refusal, room, run, send, user, value};

fn is(state: &str, key: &str) -> (String, String) {
    (state.to_owned(), key.to_owned())
}

/// What became of a statement.
async fn try_it(
    client: &Client,
    sql: &str,
    params: Params<'_>,
) -> Result<u64, tokio_postgres::Error> {
    client.execute(sql, params).await
}

/// A room of Ann's that lets in whom she likes; Ben and Cleo are not in it, and nothing else is told to anybody.
struct Door {
    database: TestDatabase,
    client: crate::support::Client,
    ann: Uuid,
    ben: Uuid,
    cleo: Uuid,
    room: Uuid,
}

impl Door {
    async fn set() -> Self {
        let database = TestDatabase::create().await;
        let client = database.connect().await;
        run(
            &client,
            "update chat.conversations set closed_at = now() where is_general",
            &[],
        )
        .await;
        let ann = user(&client, "Ann").await;
        let (ben, cleo) = (user(&client, "Ben").await, user(&client, "Cleo").await);
        let room = room(&client, ann).await;
        let door = Self {
            database,
            client,
            ann,
            ben,
            cleo,
            room,
        };
        door.set_policy("approval").await;
        door
    }

    async fn set_policy(&self, policy: &str) {
        let sql = "update chat.conversations set join_policy = $2 where id = $1";
        run(&self.client, sql, &[&self.room, &policy]).await;
    }

    async fn join(&self, who: Uuid) -> String {
        let sql = "select chat.member_state(m) from chat.join($1, $2) m";
        value(&self.client, sql, &[&who, &self.room]).await
    }

    async fn decide(&self, who: Uuid, approve: bool) -> Result<u64, tokio_postgres::Error> {
        let sql = "select chat.decide_join($1, $2, $3, $4)";
        try_it(&self.client, sql, &[&self.ann, &self.room, &who, &approve]).await
    }

    async fn state(&self, who: Uuid) -> String {
        let sql = "select chat.member_state(m) from chat.members m where conversation_id = $1 and user_id = $2";
        value(&self.client, sql, &[&self.room, &who]).await
    }

    async fn link(&self, max_uses: Option<i32>) -> String {
        let sql = "select token from chat.create_invite($1, $2, null, $3)";
        value(&self.client, sql, &[&self.ann, &self.room, &max_uses]).await
    }

    async fn join_by(&self, who: Uuid, token: &str) -> Result<String, tokio_postgres::Error> {
        let sql = "select chat.member_state(m) from chat.join_by_invite($1, $2) m";
        Ok(self.client.query_one(sql, &[&who, &token]).await?.get(0))
    }

    async fn uses(&self, token: &str) -> i32 {
        let sql = "select uses from chat.invites where token = $1";
        value(&self.client, sql, &[&token]).await
    }

    async fn remove(&self, who: Uuid) {
        let sql = "select chat.remove_member($1, $2, $3)";
        run(&self.client, sql, &[&self.ann, &self.room, &who]).await;
    }
}

/// Of what was announced, who was told of whose state.
fn told(heard: &[Heard]) -> Vec<(Value, String)> {
    heard
        .iter()
        .filter(|heard| heard.kind() == "member")
        .map(|heard| {
            let state = heard.event()["member"]["state"].as_str().unwrap();
            (heard.envelope["user"].clone(), state.to_owned())
        })
        .collect()
}

#[tokio::test]
async fn who_asks_waits_and_only_they_and_those_who_decide_know() {
    let door = Door::set().await;
    let mut listener = door.database.listen().await;
    assert_eq!(door.join(door.ben).await, "pending");
    let heard = listener.heard().await;
    let mut whom = told(&heard);
    whom.sort_by_key(|(user, _)| user.to_string());
    let pending = "pending".to_owned();
    assert_eq!(
        whom,
        [
            (json!(door.ann), pending.clone()),
            (json!(door.ben), pending)
        ]
    );
    for heard in &heard {
        assert_eq!(heard.envelope["conversation"], Value::Null, "not the room");
        assert_eq!(
            heard.envelope["active"],
            Value::Null,
            "nobody is subscribed"
        );
    }
    // Asking twice is asking once.
    assert_eq!(door.join(door.ben).await, "pending");
    assert!(listener.heard().await.is_empty());
    // Whoever waits reads nothing and does nothing.
    send(&door.client, door.ann, door.room, "a secret").await;
    for sql in [
        "select chat.history($1, $2)",
        "select chat.read_conversation($1, $2)",
        "select chat.list_members($1, $2)",
        "select chat.send_message($1, $2, 'hi')",
        "select chat.mark_read($1, $2, 1)",
        "select chat.announce_typing($1, $2)",
        "select chat.mark_unread($1, $2)",
        "select chat.create_invite($1, $2)",
    ] {
        let asked = try_it(&door.client, sql, &[&door.ben, &door.room]).await;
        assert_eq!(refusal(asked), is("CH403", "not_a_member"), "{sql}");
    }
    let listed = "select count(*) from chat.list_conversations($1)";
    let own: i64 = value(&door.client, listed, &[&door.ben]).await;
    assert_eq!(own, 0);
    let sql = "select m ->> 'user_name' from chat.list_members($1, $2, p_state => 'pending') m";
    let waiting: Vec<String> = column(&door.client, sql, &[&door.ann, &door.room]).await;
    assert_eq!(waiting, ["Ben"]);
}

#[tokio::test]
async fn a_decision_is_made_once_and_told_to_whom_it_concerns() {
    let door = Door::set().await;
    door.join(door.ben).await;
    door.join(door.cleo).await;
    let mut listener = door.database.listen().await;
    door.decide(door.ben, true).await.unwrap();
    let heard = listener.heard().await;
    assert_eq!(
        heard.iter().map(Heard::kind).collect::<Vec<_>>(),
        ["member", "conversation", "message"]
    );
    assert_eq!(
        (
            &heard[0].envelope["conversation"],
            &heard[0].envelope["active"]
        ),
        (&json!(door.room), &json!(true))
    );
    assert_eq!(heard[1].envelope["user"], json!(door.ben));
    assert_eq!(heard[2].event()["message"]["body"], "Ann let Ben in");
    door.decide(door.ben, true).await.unwrap();
    assert!(
        listener.heard().await.is_empty(),
        "the same answer, no news"
    );

    door.decide(door.cleo, false).await.unwrap();
    let heard = listener.heard().await;
    let mut whom = told(&heard);
    whom.sort_by_key(|(user, _)| user.to_string());
    let left = "left".to_owned();
    assert_eq!(heard.len(), 2, "and no message");
    assert_eq!(
        whom,
        [(json!(door.ann), left.clone()), (json!(door.cleo), left)]
    );
    door.decide(door.cleo, false).await.unwrap();
    for (who, approve) in [
        (door.cleo, true),
        (door.ben, false),
        (door.ann, true),
        (Uuid::new_v4(), true),
    ] {
        assert_eq!(
            refusal(door.decide(who, approve).await),
            is("CH404", "request_not_found")
        );
    }
    // They may ask again, and think better of it.
    assert_eq!(door.join(door.cleo).await, "pending");
    run(
        &door.client,
        "select chat.leave($1, $2)",
        &[&door.cleo, &door.room],
    )
    .await;
    assert_eq!(door.state(door.cleo).await, "left");
    // Only owners and admins decide.
    door.join(door.cleo).await;
    let sql = "select chat.decide_join($1, $2, $3, true)";
    let decided = try_it(&door.client, sql, &[&door.ben, &door.room, &door.cleo]).await;
    assert_eq!(refusal(decided), is("CH403", "not_an_admin"));
    let decided = try_it(&door.client, sql, &[&door.cleo, &door.room, &door.cleo]).await;
    assert_eq!(refusal(decided), is("CH403", "not_a_member"));
    // Adding is letting in; and where the door is open by now, asking again is coming in.
    let add = "select chat.add_member($1, $2, $3)";
    run(&door.client, add, &[&door.ann, &door.room, &door.cleo]).await;
    assert_eq!(door.state(door.cleo).await, "active");
    let dan = user(&door.client, "Dan").await;
    door.join(dan).await;
    door.set_policy("open").await;
    assert_eq!(door.join(dan).await, "active");
}

#[tokio::test]
async fn plain_sql_asks_and_decides_by_the_same_rules() {
    let door = Door::set().await;
    let writer = door.database.connect_as("chat_writer").await;
    let act = |who: Uuid| format!("set chat.actor = '{who}'");
    writer.batch_execute(&act(door.ben)).await.unwrap();
    let insert = "insert into chat.members (conversation_id, user_id) values ($1, $2)";
    run(&writer, insert, &[&door.room, &door.ben]).await;
    assert_eq!(door.state(door.ben).await, "pending");
    let approve =
        "update chat.members set joined_at = now() where conversation_id = $1 and user_id = $2";
    run(&writer, approve, &[&door.room, &door.ben]).await;
    assert_eq!(door.state(door.ben).await, "pending", "not by oneself");
    writer.batch_execute(&act(door.cleo)).await.unwrap();
    let approved = try_it(&writer, approve, &[&door.room, &door.ben]).await;
    assert_eq!(refusal(approved), is("CH403", "not_a_member"));
    writer.batch_execute(&act(door.ann)).await.unwrap();
    run(&writer, approve, &[&door.room, &door.ben]).await;
    assert_eq!(door.state(door.ben).await, "active");
    // A link that the row names is judged and counted.
    let link = door.link(Some(1)).await;
    writer.batch_execute("reset chat.actor").await.unwrap();
    let insert =
        "insert into chat.members (conversation_id, user_id, invite_token) values ($1, $2, $3)";
    run(&writer, insert, &[&door.room, &door.cleo, &link]).await;
    assert_eq!(
        (door.state(door.cleo).await.as_str(), door.uses(&link).await),
        ("pending", 1)
    );
    let dan = user(&door.client, "Dan").await;
    let joined = try_it(&writer, insert, &[&door.room, &dan, &link]).await;
    assert_eq!(refusal(joined), is("CH410", "invite_used_up"));
    // Of several rows of one statement too.
    let link = door.link(Some(2)).await;
    let insert = "insert into chat.members (conversation_id, user_id, invite_token)
        select $1::uuid, u.id, $2::text from chat.create_user('One') u union all select $1::uuid, u.id, $2::text from chat.create_user('Two') u
        union all select $1::uuid, u.id, $2::text from chat.create_user('Three') u";
    let joined = try_it(&door.client, insert, &[&door.room, &link]).await;
    assert_eq!(refusal(joined), is("CH410", "invite_used_up"));
    assert_eq!(door.uses(&link).await, 0);
    // Nobody says themselves how often it was used.
    for sql in [
        "update chat.invites set uses = 0",
        "insert into chat.invites (token, conversation_id) values ('x', gen_random_uuid())",
    ] {
        let (state, _) = refusal(writer.batch_execute(sql).await);
        assert_eq!(state, "42501", "{sql}");
    }
    let deleted = run(
        &writer,
        "delete from chat.invites where token = $1",
        &[&link],
    )
    .await;
    assert_eq!(deleted, 0);
    assert_eq!(
        refusal(door.join_by(dan, &link).await),
        is("CH410", "invite_revoked")
    );
}

#[tokio::test]
async fn a_link_lets_in_until_it_has_expired_is_revoked_or_used_up() {
    let door = Door::set().await;
    door.set_policy("invite").await;
    let link = door.link(None).await;
    assert_eq!(link.len(), 22);
    assert!(
        link.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    );
    let sql = "select chat.read_invite($1, $2)";
    let nobody: Option<Uuid> = None;
    let seen: Value = value(&door.client, sql, &[&nobody, &link]).await;
    assert_eq!(
        seen,
        json!({"conversation_id": door.room, "kind": "room", "title": "Room", "description": null,
            "member_count": 1, "join_policy": "invite", "state": null})
    );
    let (state, _) = refusal(
        try_it(
            &door.client,
            "select chat.join($1, $2)",
            &[&door.ben, &door.room],
        )
        .await,
    );
    assert_eq!(state, "CH403", "without it nobody comes in");
    for _ in 0..2 {
        assert_eq!(door.join_by(door.ben, &link).await.unwrap(), "active");
    }
    assert_eq!(door.uses(&link).await, 1, "who is there already uses none");

    run(
        &door.client,
        "select chat.revoke_invite($1, $2)",
        &[&door.ann, &link],
    )
    .await;
    assert_eq!(
        refusal(door.join_by(door.cleo, &link).await),
        is("CH410", "invite_revoked")
    );
    // It leads in who is in.
    let seen: Value = value(&door.client, sql, &[&door.ben, &link]).await;
    assert_eq!(seen["state"], "active");
    let short: String = value(
        &door.client,
        "select token from chat.create_invite($1, $2, clock_timestamp() + interval '50 ms')",
        &[&door.ann, &door.room],
    )
    .await;
    run(&door.client, "select pg_sleep(0.06)", &[]).await;
    for sql in [
        "select chat.read_invite($1, $2)",
        "select chat.join_by_invite($1, $2)",
    ] {
        let asked = try_it(&door.client, sql, &[&door.cleo, &short]).await;
        assert_eq!(refusal(asked), is("CH410", "invite_expired"));
        let asked = try_it(&door.client, sql, &[&door.cleo, &"nonsense"]).await;
        assert_eq!(refusal(asked), is("CH404", "invite_not_found"));
    }
    let sql = "select count(*) from chat.list_invites($1, $2)";
    let standing: i64 = value(&door.client, sql, &[&door.ann, &door.room]).await;
    assert_eq!(standing, 0);
    for (arguments, key) in [
        ("now() - interval '1 day', null", "bad_expires_at"),
        ("'10000-01-01', null", "bad_expires_at"),
        ("null, 0", "bad_max_uses"),
        ("null, 100001", "bad_max_uses"),
    ] {
        let sql = format!("select chat.create_invite($1, $2, {arguments})");
        let made = try_it(&door.client, &sql, &[&door.ann, &door.room]).await;
        assert_eq!(refusal(made), is("CH422", key));
    }
    run(
        &door.client,
        "select chat.create_invite($1, $2) from generate_series(1, 100)",
        &[&door.ann, &door.room],
    )
    .await;
    let made = try_it(
        &door.client,
        "select chat.create_invite($1, $2)",
        &[&door.ann, &door.room],
    )
    .await;
    assert_eq!(refusal(made), is("CH409", "too_many_invites"));
    for sql in [
        "select chat.create_invite($1, $2)",
        "select chat.list_invites($1, $2)",
    ] {
        let asked = try_it(&door.client, sql, &[&door.ben, &door.room]).await;
        assert_eq!(refusal(asked), is("CH403", "not_an_admin"));
    }
}

#[tokio::test]
async fn no_link_leads_to_two_people_or_to_the_room_of_all() {
    let scene = Scene::set().await;
    let direct = crate::support::direct(&scene.client, scene.ann, scene.ben).await;
    let sql = "select id from chat.conversations where is_general";
    let general: Uuid = value(&scene.client, sql, &[]).await;
    let system: Option<Uuid> = None;
    for (place, key) in [
        (direct, "direct_is_fixed"),
        (general, "general_is_for_everyone"),
    ] {
        let made = try_it(
            &scene.client,
            "select chat.create_invite($1, $2)",
            &[&system, &place],
        )
        .await;
        assert_eq!(refusal(made), is("CH409", key));
    }
}

#[tokio::test]
async fn of_many_who_come_at_once_a_link_lets_in_as_many_as_it_may() {
    let door = Door::set().await;
    door.set_policy("invite").await;
    let link = door.link(Some(3)).await;
    let tries = (0..12).map(|number| {
        let (database, link) = (&door.database, &link);
        async move {
            let client = database.connect().await;
            let who = user(&client, &format!("Number {number}")).await;
            let sql = "select chat.join_by_invite($1, $2)";
            client.execute(sql, &[&who, link]).await
        }
    });
    let outcomes = futures_util::future::join_all(tries).await;
    let (came, turned): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    assert_eq!(came.len(), 3);
    for outcome in turned {
        assert_eq!(refusal(outcome), is("CH410", "invite_used_up"));
    }
    assert_eq!(door.uses(&link).await, 3);
}

#[tokio::test]
async fn who_comes_while_a_link_is_being_revoked_waits_and_is_turned_away() {
    let door = Door::set().await;
    let link = door.link(None).await;
    let mut revoker = door.database.connect().await;
    let revoking = revoker.transaction().await.unwrap();
    revoking
        .execute("select chat.revoke_invite($1, $2)", &[&door.ann, &link])
        .await
        .unwrap();
    let joiner = door.database.connect().await;
    let pid: i32 = value(&joiner, "select pg_backend_pid()", &[]).await;
    let sql = "select chat.join_by_invite($1, $2)";
    let join = async { try_it(&joiner, sql, &[&door.ben, &link]).await };
    let (joined, ()) = tokio::join!(join, async {
        crate::support::query::until_it_waits_for_a_lock(&door.client, pid).await;
        revoking.commit().await.unwrap();
    });
    assert_eq!(refusal(joined), is("CH410", "invite_revoked"));
}

#[tokio::test]
async fn who_was_removed_comes_back_only_with_approval_or_by_being_added() {
    let door = Door::set().await;
    door.set_policy("open").await;
    let old = door.link(None).await;
    assert_eq!(door.join_by(door.ben, &old).await.unwrap(), "active");
    door.remove(door.ben).await;
    assert_eq!(
        refusal(door.join_by(door.ben, &old).await),
        is("CH403", "removed")
    );
    let sql = "select chat.read_invite($1, $2)";
    let read = try_it(&door.client, sql, &[&door.ben, &old]).await;
    assert_eq!(refusal(read), is("CH403", "removed"));
    // An open door and a link made later are for asking.
    assert_eq!(door.join(door.ben).await, "pending");
    door.decide(door.ben, false).await.unwrap();
    let new = door.link(None).await;
    assert_eq!(door.join_by(door.ben, &new).await.unwrap(), "pending");
    assert_eq!(
        refusal(door.join_by(door.cleo, "nonsense").await),
        is("CH404", "invite_not_found")
    );
    door.decide(door.ben, true).await.unwrap();
    // That is over with it: who leaves by themselves walks in again.
    let leave = "select chat.leave($1, $2)";
    run(&door.client, leave, &[&door.ben, &door.room]).await;
    assert_eq!(door.join_by(door.ben, &old).await.unwrap(), "active");
    door.remove(door.ben).await;
    let add = "select chat.add_member($1, $2, $3)";
    run(&door.client, add, &[&door.ann, &door.room, &door.ben]).await;
    assert_eq!(door.state(door.ben).await, "active");
    // What the host project ends was no admin's will.
    let delete = "delete from chat.members where conversation_id = $1 and user_id = $2";
    run(&door.client, delete, &[&door.room, &door.ben]).await;
    assert_eq!(door.join(door.ben).await, "active");
}

#[tokio::test]
async fn requests_are_resumed_by_the_asker_by_admins_and_by_a_listener_alone() {
    let door = Door::set().await;
    let add = "select chat.add_member($1, $2, $3)";
    run(&door.client, add, &[&door.ann, &door.room, &door.cleo]).await;
    let start: String = value(&door.client, "select chat.current_cursor()", &[]).await;
    door.join(door.ben).await;
    let since = async |actor: Option<Uuid>| -> Vec<Value> {
        let sql = "select x::json from chat.changes_since($1, $2), unnest(envelopes) x";
        column(&door.client, sql, &[&actor, &start]).await
    };
    for who in [door.ann, door.ben] {
        let changes = since(Some(who)).await;
        assert_eq!(changes.len(), 1, "{changes:?}");
        assert_eq!(changes[0]["event"]["member"]["state"], "pending");
    }
    assert!(since(Some(door.cleo)).await.is_empty());
    let mut whom: Vec<_> = since(None)
        .await
        .iter()
        .map(|change| change["user"].to_string())
        .collect();
    whom.sort();
    let mut wanted = [json!(door.ann).to_string(), json!(door.ben).to_string()];
    wanted.sort();
    assert_eq!(whom, wanted);
}

#[tokio::test]
async fn rooms_are_found_by_whoever_may_join_or_ask() {
    let door = Door::set().await;
    let sql = "select r from chat.list_rooms($1, $2) r";
    let found: Vec<Value> = column(&door.client, sql, &[&door.ben, &"ROO"]).await;
    assert_eq!(
        found,
        [
            json!({"id": door.room, "title": "Room", "description": null, "join_policy": "approval",
            "is_general": false, "member_count": 1, "state": null})
        ]
    );
    door.join(door.ben).await;
    let found: Vec<Value> = column(&door.client, sql, &[&door.ben, &"roo"]).await;
    assert_eq!(found[0]["state"], "pending");
    door.set_policy("invite").await;
    for who in [door.ann, door.ben] {
        let found: Vec<Value> = column(&door.client, sql, &[&who, &None::<String>]).await;
        assert!(
            found.is_empty(),
            "by link only, and the general room is closed"
        );
    }
    door.set_policy("open").await;
    run(
        &door.client,
        "select chat.close_conversation($1, $2)",
        &[&door.ann, &door.room],
    )
    .await;
    let found: Vec<Value> = column(&door.client, sql, &[&door.ann, &None::<String>]).await;
    assert!(found.is_empty());
}
