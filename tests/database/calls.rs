//! Calls: who hears of them, who gets in when two come at once, what happens by itself, and what they leave.

use std::time::Duration;

use futures_util::future::join;
use serde_json::{Value, json};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::scene::Scene;
use crate::support::query::{process_id, until_it_waits_for_a_lock};
use crate::support::{Heard, column, direct, refusal, run, user, value};

const ACT: &str = "select id from chat.call_action($1, $2, $3, p_device => $4)";

async fn request(client: &Client, caller: Uuid, conversation: Uuid) -> Uuid {
    act(client, caller, conversation, "request").await
}

async fn act(client: &Client, actor: Uuid, target: Uuid, action: &str) -> Uuid {
    value(client, ACT, &[&actor, &target, &action, &None::<String>]).await
}

async fn state(client: &Client, call: Uuid) -> Value {
    value(client, "select chat.read_call(null, $1)", &[&call]).await
}

/// The messages that calls left in a conversation: what their data says.
async fn summaries(client: &Client, conversation: Uuid) -> Vec<Value> {
    column(
        client,
        "select m.data from chat.messages m where m.conversation_id = $1 and m.kind = 'call' order by m.seq",
        &[&conversation],
    )
    .await
}

/// As if so much time had passed since it rang.
async fn let_pass(client: &Client, call: Uuid, seconds: i32) {
    client
        .batch_execute(&format!(
            "begin; set local session_replication_role = replica;
             update chat.call_participants set called_at = called_at - interval '{seconds} s',
                 joined_at = joined_at - interval '{seconds} s' where call_id = '{call}';
             commit"
        ))
        .await
        .unwrap();
}

async fn expire(client: &Client) -> i32 {
    value(client, "select chat.expire_calls()", &[]).await
}

fn kinds(heard: &[Heard]) -> Vec<&str> {
    heard.iter().map(Heard::kind).collect()
}

#[tokio::test]
async fn a_call_is_told_to_the_members_and_leaves_one_message_with_how_long_it_was() {
    let scene = Scene::set().await;
    let (client, ann, ben) = (&scene.client, scene.ann, scene.ben);
    let mut listener = scene.database.listen().await;
    let call = request(client, ann, scene.group).await;
    let heard = listener.heard().await;
    assert_eq!(kinds(&heard), ["call"]);
    assert_eq!(heard[0].envelope["conversation"], scene.group.to_string());
    let told = &heard[0].event()["call"];
    assert_eq!(
        (&told["state"], &told["media"], &told["revision"]),
        (&json!("ringing"), &json!("audio"), &json!(1))
    );
    assert_eq!(told["participants"][0]["user_id"], ann.to_string());
    assert_eq!(told["participants"][1]["state"], "called");

    for action in ["response", "answer", "hangup"] {
        act(client, ben, call, action).await;
    }
    let heard = listener.heard().await;
    assert_eq!(kinds(&heard), ["call", "call", "message", "call"]);
    let revisions: Vec<_> = heard
        .iter()
        .filter_map(|one| one.event()["call"]["revision"].as_i64())
        .collect();
    assert_eq!(revisions, [2, 3, 4]);
    let left = summaries(client, scene.group).await;
    assert_eq!(left.len(), 1);
    assert_eq!(
        (&left[0]["call_id"], &left[0]["media"], &left[0]["outcome"]),
        (&json!(call), &json!("audio"), &json!("completed"))
    );
    assert!(left[0]["duration_ms"].is_i64());
    let keeps_its_rules: bool = value(
        client,
        "select chat.data_refusal('call', $1, false) is null",
        &[&left[0]],
    )
    .await;
    assert!(keeps_its_rules);
    let log = state(client, call).await["log"].clone();
    let actions: Vec<_> = log
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["action"].as_str().unwrap())
        .collect();
    assert_eq!(actions, ["request", "response", "answer", "hangup"]);
}

#[tokio::test]
async fn plain_sql_calls_and_answers_by_the_same_rules() {
    let scene = Scene::set().await;
    let writer = scene.database.connect_as("chat_writer").await;
    let call: Uuid = value(
        &writer,
        "insert into chat.calls (conversation_id, media, created_by) values ($1, 'video', $2) returning id",
        &[&scene.group, &scene.ann],
    )
    .await;
    let log = "insert into chat.call_log (call_id, user_id, action) values ($1, $2, $3)";
    assert_eq!(run(&writer, log, &[&call, &scene.ben, &"accept"]).await, 1);
    assert_eq!(
        run(&writer, log, &[&call, &scene.ben, &"answer"]).await,
        0,
        "what is done is left out"
    );
    for (user, action, told) in [
        (Some(scene.ben), "ignore", "wrong_call_state"),
        (Some(scene.eve), "answer", "not_a_member"),
        (Some(scene.ben), "dance", "bad_action"),
        (None, "hangup", "user_required"),
    ] {
        let refused = writer.execute(log, &[&call, &user, &action]).await;
        assert_eq!(refusal(refused).1, told, "{action}");
    }
    run(
        &writer,
        "select set_config('chat.actor', $1, false)",
        &[&scene.ann.to_string()],
    )
    .await;
    let refused = writer.execute(log, &[&call, &scene.ben, &"hangup"]).await;
    assert_eq!(refusal(refused).1, "not_yourself");
    let refused = writer.execute(log, &[&call, &scene.ben, &"expire"]).await;
    assert_eq!(refusal(refused).1, "system_only");
    run(&writer, "select set_config('chat.actor', '', false)", &[]).await;
    assert_eq!(run(&writer, log, &[&call, &None::<Uuid>, &"end"]).await, 1);
    assert_eq!(state(&scene.client, call).await["end_reason"], "completed");

    // Not even the owner writes what only the log brings about.
    for statement in [
        "update chat.calls set state = 'active'",
        "update chat.call_participants set state = 'joined'",
        "insert into chat.call_participants (call_id, user_id, state) select id, created_by, 'joined' from chat.calls",
        "update chat.call_log set action = 'end'",
    ] {
        let refused = scene.client.execute(statement, &[]).await;
        assert_eq!(refusal(refused).1, "by_log_only", "{statement}");
    }
    for table in ["calls", "call_participants", "call_log"] {
        for statement in [
            format!("delete from chat.{table}"),
            format!("truncate chat.{table} cascade"),
        ] {
            let refused = scene.client.execute(&statement, &[]).await;
            assert_eq!(refusal(refused).0, "CH403", "{statement}");
        }
    }
}

#[tokio::test]
async fn nobody_sends_or_edits_what_a_call_leaves() {
    let scene = Scene::set().await;
    let (client, ann) = (&scene.client, scene.ann);
    let call = request(client, ann, scene.group).await;
    act(client, ann, call, "cancel").await;
    let message: Uuid = value(
        client,
        "select id from chat.messages where kind = 'call'",
        &[],
    )
    .await;
    for statement in [
        format!(
            "select chat.send_message('{ann}', '{}', null, 'call', p_data => (select data from chat.messages where id = '{message}'))",
            scene.group
        ),
        format!("select chat.edit_message('{ann}', '{message}', 'Never')"),
        format!(
            "select chat.forward_message('{ann}', '{message}', array['{}']::uuid[])",
            scene.group
        ),
    ] {
        let refused = client.execute(&statement, &[]).await;
        assert_eq!(refusal(refused).0, "CH422", "{statement}");
    }
}

#[tokio::test]
async fn one_calls_where_somebody_else_is_and_not_too_many_and_not_in_a_closed_conversation() {
    let scene = Scene::set().await;
    let (client, ann) = (&scene.client, scene.ann);
    let notes = direct(client, ann, ann).await;
    let general: Uuid = value(
        client,
        "select id from chat.conversations where is_general",
        &[],
    )
    .await;
    for n in 0..6 {
        user(client, &format!("Guest {n}")).await;
    }
    let closed = crate::support::group(client, ann, &[scene.ben]).await;
    run(
        client,
        "select chat.close_conversation($1, $2)",
        &[&ann, &closed],
    )
    .await;
    for (caller, place, media, told) in [
        (ann, notes, "audio", "nobody_to_call"),
        (ann, general, "audio", "too_many_to_call"),
        (ann, closed, "audio", "conversation_closed"),
        (ann, scene.group, "smell", "bad_media"),
        (scene.eve, scene.group, "audio", "not_a_member"),
        (ann, Uuid::new_v4(), "audio", "conversation_not_found"),
    ] {
        let refused = client
            .query(
                "select chat.call_action($1, $2, 'request', $3)",
                &[&caller, &place, &media],
            )
            .await;
        assert_eq!(refusal(refused).1, told);
    }
    let long = "x".repeat(61);
    let refused = client
        .query(ACT, &[&ann, &scene.group, &"request", &Some(long)])
        .await;
    assert_eq!(refusal(refused).1, "bad_device");
    let count: i64 = value(client, "select count(*) from chat.calls", &[]).await;
    assert_eq!(count, 0);
}

#[tokio::test]
async fn a_ninth_does_not_get_into_a_call() {
    let scene = Scene::set().await;
    let client = &scene.client;
    let mut others = Vec::new();
    for n in 0..8 {
        others.push(user(client, &format!("Guest {n}")).await);
    }
    let group = crate::support::group(client, scene.ann, &others[..7]).await;
    let call = request(client, scene.ann, group).await;
    run(
        client,
        "select chat.add_member($1, $2, $3)",
        &[&scene.ann, &group, &others[7]],
    )
    .await;
    for other in &others[..7] {
        act(client, *other, call, "answer").await;
    }
    let refused = client
        .query(ACT, &[&others[7], &call, &"answer", &None::<String>])
        .await;
    assert_eq!(refusal(refused).1, "call_full");
    act(client, others[0], call, "hangup").await;
    act(client, others[7], call, "answer").await;
}

#[tokio::test]
async fn of_two_devices_that_answer_at_once_one_gets_in_and_the_other_is_told() {
    let scene = Scene::set().await;
    let call = request(&scene.client, scene.ann, scene.group).await;
    let (one, other) = (
        scene.database.connect().await,
        scene.database.connect().await,
    );
    let answer = |device: &str| (scene.ben, "answer", Some(device.to_owned()));
    one.batch_execute("begin").await.unwrap();
    let (actor, action, device) = answer("phone");
    one.query(ACT, &[&actor, &call, &action, &device])
        .await
        .unwrap();
    let waiting = process_id(&other).await;
    let (actor, action, device) = answer("laptop");
    let (refused, ()) = join(
        async { other.query(ACT, &[&actor, &call, &action, &device]).await },
        async {
            until_it_waits_for_a_lock(&scene.client, waiting).await;
            one.batch_execute("commit").await.unwrap();
        },
    )
    .await;
    assert_eq!(
        refusal(refused),
        ("CH409".to_owned(), "answered_elsewhere".to_owned())
    );
    let told = state(&scene.client, call).await;
    assert_eq!(told["participants"][1]["device"], "phone");
    // The one that is in may ask again.
    let (actor, action, device) = answer("phone");
    one.query(ACT, &[&actor, &call, &action, &device])
        .await
        .unwrap();
    assert_eq!(state(&scene.client, call).await, told);
}

#[tokio::test]
async fn of_a_cancel_and_an_answer_at_once_the_first_counts_whichever_it_is() {
    for first in ["cancel", "answer"] {
        let scene = Scene::set().await;
        let call = request(&scene.client, scene.ann, scene.group).await;
        let (one, other) = (
            scene.database.connect().await,
            scene.database.connect().await,
        );
        let (actor, late, second) = match first {
            "cancel" => (scene.ann, scene.ben, "answer"),
            _ => (scene.ben, scene.ann, "cancel"),
        };
        one.batch_execute("begin").await.unwrap();
        act(&one, actor, call, first).await;
        let waiting = process_id(&other).await;
        let (refused, ()) = join(
            async {
                other
                    .query(ACT, &[&late, &call, &second, &None::<String>])
                    .await
            },
            async {
                until_it_waits_for_a_lock(&scene.client, waiting).await;
                one.batch_execute("commit").await.unwrap();
            },
        )
        .await;
        assert_eq!(
            refusal(refused).1,
            "wrong_call_state",
            "{second} after {first}"
        );
        let told = state(&scene.client, call).await;
        assert_eq!(
            told["state"],
            if first == "cancel" { "ended" } else { "active" }
        );
        let left = summaries(&scene.client, scene.group).await.len();
        assert_eq!(left, usize::from(first == "cancel"));
    }
}

#[tokio::test]
async fn of_two_who_call_each_other_at_once_one_calls_and_the_other_is_told_to_answer() {
    let scene = Scene::set().await;
    let (one, other) = (
        scene.database.connect().await,
        scene.database.connect().await,
    );
    one.batch_execute("begin").await.unwrap();
    let call = request(&one, scene.ann, scene.group).await;
    let waiting = process_id(&other).await;
    let (refused, ()) = join(
        async {
            other
                .query(
                    ACT,
                    &[&scene.ben, &scene.group, &"request", &None::<String>],
                )
                .await
        },
        async {
            until_it_waits_for_a_lock(&scene.client, waiting).await;
            one.batch_execute("commit").await.unwrap();
        },
    )
    .await;
    assert_eq!(refusal(refused).1, "call_in_progress");
    // By the conversation, without knowing the call.
    assert_eq!(act(&other, scene.ben, scene.group, "answer").await, call);
}

#[tokio::test]
async fn what_rings_out_is_missed_once_whoever_looks() {
    let scene = Scene::set().await;
    let client = &scene.client;
    let call = request(client, scene.ann, scene.group).await;
    assert_eq!(expire(client).await, 1, "it rings on");
    let_pass(client, call, 46).await;
    let mut listener = scene.database.listen().await;
    // Eight servers look at once, and again.
    let mut servers = Vec::new();
    for _ in 0..8 {
        servers.push(scene.database.connect().await);
    }
    futures_util::future::join_all(servers.iter().map(|server| expire(server))).await;
    assert_eq!(expire(client).await, 0);
    assert_eq!(kinds(&listener.heard().await), ["message", "call"]);
    let left = summaries(client, scene.group).await;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0]["outcome"], "missed");
    let told = state(client, call).await;
    assert_eq!(told["participants"][1]["state"], "missed");
    assert_eq!(told["log"][1]["user_id"], Value::Null);
}

#[tokio::test]
async fn a_call_that_somebody_is_at_is_passed_over_by_who_looks() {
    let scene = Scene::set().await;
    let client = &scene.client;
    let call = request(client, scene.ann, scene.group).await;
    let_pass(client, call, 46).await;
    let busy = scene.database.connect().await;
    busy.batch_execute("begin").await.unwrap();
    act(&busy, scene.ben, call, "answer").await;
    let looked = tokio::time::timeout(Duration::from_secs(10), expire(client)).await;
    assert_eq!(
        looked.expect("nobody waits for a call that somebody is at"),
        1
    );
    busy.batch_execute("commit").await.unwrap();
    expire(client).await;
    assert_eq!(state(client, call).await["state"], "active");
}

#[tokio::test]
async fn who_is_connected_to_no_server_for_a_while_is_hung_up() {
    let scene = Scene::set().await;
    let (client, server) = (&scene.client, Uuid::new_v4());
    let online = |user: Uuid, status: &'static str| async move {
        let statuses = json!({user.to_string(): status});
        run(
            client,
            "select chat.set_presences($1, $2)",
            &[&server, &statuses],
        )
        .await;
    };
    run(client, "select chat.beat($1)", &[&server]).await;
    online(scene.ann, "online").await;
    online(scene.ben, "online").await;
    let call = request(client, scene.ann, scene.group).await;
    act(client, scene.ben, call, "answer").await;
    let_pass(client, call, 3_600).await;
    online(scene.ben, "offline").await;
    expire(client).await;
    assert_eq!(
        state(client, call).await["state"],
        "active",
        "they may come back"
    );
    run(
        client,
        "update chat.users set last_seen_at = now() - interval '21 s' where id = $1",
        &[&scene.ben],
    )
    .await;
    expire(client).await;
    assert_eq!(
        state(client, call).await["state"],
        "active",
        "a server that has just begun may not know all of its users yet"
    );
    run(
        client,
        "update chat.servers set started_at = now() - interval '21 s'",
        &[],
    )
    .await;
    assert_eq!(expire(client).await, 0);
    let told = state(client, call).await;
    assert_eq!(told["end_reason"], "completed");
    assert_eq!(told["log"][2]["user_id"], scene.ben.to_string());
    assert_eq!(told["log"][2]["action"], "expire");

    // Nobody answers a caller who is gone.
    let call = request(client, scene.ann, scene.group).await;
    let_pass(client, call, 30).await;
    online(scene.ann, "offline").await;
    run(
        client,
        "update chat.users set last_seen_at = now() - interval '21 s'",
        &[],
    )
    .await;
    expire(client).await;
    assert_eq!(state(client, call).await["end_reason"], "cancelled");
}

#[tokio::test]
async fn who_leaves_the_conversation_leaves_its_call_and_closing_it_ends_the_call() {
    let scene = Scene::set().await;
    let client = &scene.client;
    let call = request(client, scene.ann, scene.group).await;
    act(client, scene.ben, call, "answer").await;
    run(
        client,
        "select chat.leave($1, $2)",
        &[&scene.ben, &scene.group],
    )
    .await;
    assert_eq!(state(client, call).await["end_reason"], "completed");
    run(
        client,
        "select chat.add_member($1, $2, $3)",
        &[&scene.ann, &scene.group, &scene.ben],
    )
    .await;
    let call = request(client, scene.ann, scene.group).await;
    run(
        client,
        "select chat.close_conversation($1, $2)",
        &[&scene.ann, &scene.group],
    )
    .await;
    assert_eq!(state(client, call).await["end_reason"], "cancelled");
    let left = summaries(client, scene.group).await;
    assert_eq!(left.len(), 2, "it is told even in a closed one");
    let seqs: Vec<i64> = column(
        client,
        "select seq from chat.messages where conversation_id = $1 order by seq",
        &[&scene.group],
    )
    .await;
    assert_eq!(seqs, (1..=seqs.len() as i64).collect::<Vec<_>>());
}

#[tokio::test]
async fn missed_calls_count_as_unread_and_others_do_not_and_a_call_reads_nothing_for_its_caller() {
    let scene = Scene::set().await;
    let (client, ann, ben) = (&scene.client, scene.ann, scene.ben);
    let mut expected = 0;
    for (action, actor, counts) in [
        ("cancel", ann, true),
        ("decline", ben, false),
        ("busy", ben, true),
        ("answer", ben, false),
    ] {
        let call = request(client, ann, scene.group).await;
        act(client, actor, call, action).await;
        if action == "answer" {
            act(client, ben, call, "hangup").await;
        }
        expected += i64::from(counts);
        assert_eq!(
            scene.conversation(ben).await["unread"],
            expected,
            "{action}"
        );
        assert_eq!(scene.conversation(ann).await["unread"], 0);
    }
    let call = request(client, ann, scene.group).await;
    scene.say(ben, "are you there?").await;
    act(client, ann, call, "cancel").await;
    assert_eq!(scene.conversation(ann).await["unread"], 1);
}

#[tokio::test]
async fn who_ignores_a_call_hears_it_no_more_and_nobody_else_can_tell() {
    let scene = Scene::set().await;
    let client = &scene.client;
    let call = request(client, scene.ann, scene.group).await;
    let before = state(client, call).await;
    let mut listener = scene.database.listen().await;
    act(client, scene.ben, call, "ignore").await;
    act(client, scene.ben, call, "ignore").await;
    let heard = listener.heard().await;
    assert_eq!(kinds(&heard), ["call_ignored"], "once");
    assert_eq!(heard[0].envelope["user"], scene.ben.to_string());
    let seen_by = |actor: Uuid| async move {
        value::<Value>(client, "select chat.read_call($1, $2)", &[&actor, &call]).await
    };
    let annes = seen_by(scene.ann).await;
    assert_eq!(annes["log"].as_array().unwrap().len(), 1);
    assert_eq!(annes["revision"], before["revision"]);
    assert_eq!(annes["participants"], before["participants"]);
    assert_eq!(seen_by(scene.ben).await["log"][1]["action"], "ignore");
    let changes = |actor: Uuid| async move {
        let envelopes: Vec<String> = value(
            client,
            "select envelopes from chat.changes_since($1, chat.current_cursor())",
            &[&actor],
        )
        .await;
        envelopes.join("\n")
    };
    assert!(changes(scene.ben).await.contains("call_ignored"));
    assert!(!changes(scene.ann).await.contains("call_ignored"));
}

#[tokio::test]
async fn whoever_comes_is_given_the_calls_that_run_however_old_and_those_that_changed() {
    let scene = Scene::set().await;
    let client = &scene.client;
    let first: String = value(client, "select chat.current_cursor()", &[]).await;
    let ended = request(client, scene.ann, scene.group).await;
    act(client, scene.ann, ended, "cancel").await;
    let rings = request(client, scene.ann, scene.group).await;
    let now: String = value(client, "select chat.current_cursor()", &[]).await;
    let calls = |actor: Option<Uuid>, cursor: String| async move {
        let envelopes: Vec<String> = value(
            client,
            "select envelopes from chat.changes_since($1, $2)",
            &[&actor, &cursor],
        )
        .await;
        let mut ids: Vec<String> = envelopes
            .iter()
            .map(|one| serde_json::from_str::<Value>(one).unwrap())
            .filter_map(|one| one["event"]["call"]["id"].as_str().map(str::to_owned))
            .collect();
        ids.sort();
        ids
    };
    let mut both = [ended.to_string(), rings.to_string()];
    both.sort();
    assert_eq!(calls(Some(scene.ben), first.clone()).await, both);
    assert_eq!(
        calls(Some(scene.ben), now.clone()).await,
        [rings.to_string()]
    );
    assert_eq!(
        calls(Some(scene.eve), first.clone()).await,
        Vec::<String>::new()
    );
    // The listener's catch-up is for everyone who has been told already.
    assert_eq!(calls(None, first).await, both);
    assert_eq!(calls(None, now).await, Vec::<String>::new());
}

#[tokio::test]
async fn signals_go_to_one_participant_alone_and_large_ones_by_reference() {
    let scene = Scene::set().await;
    let (client, ann, ben) = (&scene.client, scene.ann, scene.ben);
    let call = request(client, ann, scene.group).await;
    let signal = "select chat.signal_call($1, $2, $3, $4)";
    let mut listener = scene.database.listen().await;
    let large = json!({"sdp": "é".repeat(30_000)});
    for data in [json!({"ice": 1}), large.clone(), json!({"ice": 2})] {
        run(client, signal, &[&ann, &call, &ben, &data]).await;
    }
    let heard = listener.heard().await;
    assert_eq!(heard.len(), 3);
    for (place, data) in [(0, json!({"ice": 1})), (2, json!({"ice": 2}))] {
        assert_eq!(heard[place].envelope["user"], ben.to_string());
        assert_eq!(heard[place].event()["data"], data);
        assert_eq!(heard[place].event()["from"], ann.to_string());
    }
    let reference = &heard[1].envelope["reference"];
    let read = "select chat.read_event($1, $2)::json";
    let id: Uuid = reference["id"].as_str().unwrap().parse().unwrap();
    let envelope: Value = value(client, read, &[&reference["type"].as_str(), &id]).await;
    assert_eq!(envelope["user"], ben.to_string());
    assert_eq!(envelope["event"]["data"], large);

    for (from, to, data, told) in [
        (scene.eve, ben, json!(1), "not_a_member"),
        (ann, scene.eve, json!(1), "participant_not_found"),
        (ann, ann, json!(1), "participant_not_found"),
        (
            ann,
            ben,
            json!("x".repeat(2 * 1024 * 1024)),
            "data_too_long",
        ),
    ] {
        let refused = client.execute(signal, &[&from, &call, &to, &data]).await;
        assert_eq!(refusal(refused).1, told);
    }
    let refused = client
        .execute(
            "select chat.signal_call($1, $2, $3, null)",
            &[&ann, &call, &ben],
        )
        .await;
    assert_eq!(refusal(refused).1, "bad_data");
    act(client, ben, call, "decline").await;
    let refused = client
        .execute(signal, &[&ann, &call, &ben, &json!(1)])
        .await;
    assert_eq!(refusal(refused).1, "wrong_call_state");

    // They are kept for as long as somebody may still read them.
    let kept = "select count(*) from chat.call_signals";
    expire(client).await;
    assert_eq!(value::<i64>(client, kept, &[]).await, 1);
    run(
        client,
        "update chat.call_signals set at = at - interval '11 minutes'",
        &[],
    )
    .await;
    expire(client).await;
    assert_eq!(value::<i64>(client, kept, &[]).await, 0);
}

#[tokio::test]
async fn the_calls_of_a_conversation_and_of_a_person_are_listed_newest_first_by_pages() {
    let scene = Scene::set().await;
    let (client, ann) = (&scene.client, scene.ann);
    let alone = direct(client, ann, scene.eve).await;
    let mut made = Vec::new();
    for place in [scene.group, alone, scene.group] {
        let call = request(client, ann, place).await;
        act(client, ann, call, "cancel").await;
        made.push(call);
    }
    made.reverse();
    let list = |actor: Uuid, place: Option<Uuid>, before: Option<Uuid>, limit: i32| async move {
        column::<Value>(
            client,
            "select chat.list_calls($1, $2, $3, $4)",
            &[&actor, &place, &before, &limit],
        )
        .await
    };
    let ids = |calls: &[Value]| -> Vec<Uuid> {
        calls
            .iter()
            .map(|one| one["id"].as_str().unwrap().parse().unwrap())
            .collect()
    };
    assert_eq!(ids(&list(ann, None, None, 50).await), made);
    assert_eq!(ids(&list(ann, None, Some(made[0]), 1).await), made[1..2]);
    assert_eq!(
        ids(&list(scene.ben, None, None, 50).await),
        [made[0], made[2]]
    );
    let eves = list(scene.eve, None, None, 50).await;
    assert_eq!(ids(&eves), made[1..2]);
    assert_eq!(eves[0]["conversation"]["title"], "Ann");
    assert_eq!(ids(&list(ann, Some(alone), None, 50).await), made[1..2]);
    let refused = client
        .query(
            "select chat.list_calls($1, $2)",
            &[&scene.eve, &scene.group],
        )
        .await;
    assert_eq!(refusal(refused).1, "not_a_member");
    let refused = client
        .query("select chat.read_call($1, $2)", &[&scene.eve, &made[0]])
        .await;
    assert_eq!(refusal(refused).1, "not_a_member");
    // Who is no member any more reads no more of it.
    run(
        client,
        "select chat.leave($1, $2)",
        &[&scene.ben, &scene.group],
    )
    .await;
    assert_eq!(list(scene.ben, None, None, 50).await, Vec::<Value>::new());
}

#[tokio::test]
async fn between_two_of_whom_one_has_blocked_the_other_nothing_rings() {
    let scene = Scene::set().await;
    let chat = direct(&scene.client, scene.ann, scene.ben).await;
    let refused = async |caller: Uuid| {
        let refused = scene
            .client
            .query_one(ACT, &[&caller, &chat, &"request", &None::<String>])
            .await;
        refusal(refused).1
    };
    run(
        &scene.client,
        "select chat.block($1, $2)",
        &[&scene.ben, &scene.ann],
    )
    .await;
    assert_eq!(refused(scene.ann).await, "blocked");
    assert_eq!(refused(scene.ben).await, "blocked");
    run(
        &scene.client,
        "select chat.unblock($1, $2)",
        &[&scene.ben, &scene.ann],
    )
    .await;
    request(&scene.client, scene.ann, chat).await;
}
