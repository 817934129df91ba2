//! Reports: each view against a chat whose every message, receipt and file is known.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Client, TestDatabase, column, direct, run, user, value};

struct Story {
    database: TestDatabase,
    client: Client,
    ann: Uuid,
    ben: Uuid,
    direct: Uuid,
}

impl Story {
    /// Two days of Ann and Ben in March 2026, a Monday and a Tuesday.
    async fn tell() -> Self {
        let database = TestDatabase::create().await;
        let client = database.connect().await;
        run(&client, "set timezone = 'UTC'", &[]).await;
        let (ann, ben) = (user(&client, "Ann").await, user(&client, "Ben").await);
        let direct = direct(&client, ann, ben).await;
        let story = Self {
            database,
            client,
            ann,
            ben,
            direct,
        };
        story.say(ann, "2026-03-02 10:00:00+00", "one").await;
        story.say(ann, "2026-03-02 10:00:30+00", "two").await;
        // Ben has both at 10:01, has read them at 10:02, and answers.
        story.mark(ben, 2, 0, "2026-03-02 10:01:00+00").await;
        story.mark(ben, 2, 2, "2026-03-02 10:02:00+00").await;
        story.say(ben, "2026-03-02 10:02:30+00", "three").await;
        story.mark(ann, 3, 3, "2026-03-03 09:00:00+00").await;
        story.say(ann, "2026-03-03 09:02:30+00", "four").await;
        story.say(ben, "2026-03-03 09:02:40+00", "five").await;
        run(
            &story.client,
            "update chat.messages set body = 'five!' where conversation_id = $1 and seq = 5",
            &[&direct],
        )
        .await;
        run(
            &story.client,
            "delete from chat.messages where conversation_id = $1 and seq = 2",
            &[&direct],
        )
        .await;
        story
    }

    async fn say(&self, sender: Uuid, at: &str, body: &str) {
        run(
            &self.client,
            "insert into chat.messages (conversation_id, sender_id, body, created_at)
             values ($1, $2, $3, $4::text::timestamptz)",
            &[&self.direct, &sender, &body, &at],
        )
        .await;
        // Sending says that one has read what is above, now; the story's now is another.
        self.set_times(at).await;
    }

    async fn mark(&self, reader: Uuid, delivered: i64, read: i64, at: &str) {
        run(
            &self.client,
            "select chat.mark($1, $2, $3, $4)",
            &[&reader, &self.direct, &delivered, &read],
        )
        .await;
        self.set_times(at).await;
    }

    async fn set_times(&self, at: &str) {
        run(
            &self.client,
            "update chat.receipts set at = $1::text::timestamptz where at > now() - interval '1 day'",
            &[&at],
        )
        .await;
    }

    async fn rows(&self, sql: &str) -> Value {
        let sql = format!("select coalesce(json_agg(row_to_json(r)), '[]') from ({sql}) r");
        value(&self.client, &sql, &[]).await
    }
}

#[tokio::test]
async fn messages_are_counted_by_day_hour_weekday_and_kind() {
    let story = Story::tell().await;
    assert_eq!(
        story
            .rows("select * from chat_report.messages_by_day order by day")
            .await,
        json!([
            {"day": "2026-03-02", "kind": "text", "messages": 3, "edited": 0, "deleted": 1, "senders": 2, "conversations": 1},
            {"day": "2026-03-03", "kind": "text", "messages": 2, "edited": 1, "deleted": 0, "senders": 2, "conversations": 1},
        ])
    );
    assert_eq!(
        story
            .rows("select hour::text, kind, messages from chat_report.messages_by_hour order by 1")
            .await,
        json!([
            {"hour": "2026-03-02 10:00:00+00", "kind": "text", "messages": 3},
            {"hour": "2026-03-03 09:00:00+00", "kind": "text", "messages": 2},
        ])
    );
    let by_weekday = "select * from chat_report.messages_by_weekday order by weekday";
    assert_eq!(
        story.rows(by_weekday).await,
        json!([{"weekday": 1, "hour": 10, "messages": 3}, {"weekday": 2, "hour": 9, "messages": 2}])
    );
    // Fifteen hours further east it was the next day.
    run(&story.client, "set timezone = 'Etc/GMT-15'", &[]).await;
    assert_eq!(
        story.rows(by_weekday).await,
        json!([{"weekday": 2, "hour": 1, "messages": 3}, {"weekday": 3, "hour": 0, "messages": 2}])
    );
}

#[tokio::test]
async fn who_was_active_and_what_they_sent_is_told_without_the_systems_messages() {
    let story = Story::tell().await;
    run(
        &story.client,
        "insert into chat.messages (conversation_id, kind, body, created_at) values ($1, 'system', 'Hello', '2026-03-05 10:00:00+00')",
        &[&story.direct],
    )
    .await;
    assert_eq!(
        story
            .rows("select day, senders, readers, active, new_users from chat_report.active_users_by_day where day < '2026-04-01' order by day")
            .await,
        json!([
            {"day": "2026-03-02", "senders": 2, "readers": 1, "active": 2, "new_users": 0},
            {"day": "2026-03-03", "senders": 2, "readers": 1, "active": 2, "new_users": 0},
        ])
    );
    assert_eq!(
        story
            .rows("select sum(new_users) as new_users from chat_report.active_users_by_day where day > now() - interval '2 days'")
            .await,
        json!([{"new_users": 2}])
    );
    assert_eq!(
        story
            .rows("select name, messages, conversations, first_at::text, last_at::text from chat_report.user_activity order by name")
            .await,
        json!([
            {"name": "Ann", "messages": 3, "conversations": 1, "first_at": "2026-03-02 10:00:00+00", "last_at": "2026-03-03 09:02:30+00"},
            {"name": "Ben", "messages": 2, "conversations": 1, "first_at": "2026-03-02 10:02:30+00", "last_at": "2026-03-03 09:02:40+00"},
        ])
    );
}

#[tokio::test]
async fn an_answer_is_what_follows_somebody_elses_message() {
    let story = Story::tell().await;
    assert_eq!(
        story
            .rows("select seq, previous_seq, seconds from chat_report.responses order by seq")
            .await,
        json!([
            {"seq": 3, "previous_seq": 2, "seconds": 120},
            {"seq": 4, "previous_seq": 3, "seconds": 82_800},
            {"seq": 5, "previous_seq": 4, "seconds": 10},
        ])
    );
    assert_eq!(
        story
            .rows("select * from chat_report.response_times_by_day order by day")
            .await,
        json!([
            {"day": "2026-03-02", "conversation_kind": "direct", "responses": 1, "median_seconds": 120, "p90_seconds": 120},
            {"day": "2026-03-03", "conversation_kind": "direct", "responses": 2, "median_seconds": 41_405, "p90_seconds": 74_521},
        ])
    );
}

#[tokio::test]
async fn a_message_is_delivered_and_read_when_the_first_mark_reaches_it() {
    let story = Story::tell().await;
    assert_eq!(
        story
            .rows("select seq, delivery_seconds, read_seconds from chat_report.receipt_delays order by seq")
            .await,
        json!([
            {"seq": 1, "delivery_seconds": 60, "read_seconds": 120},
            {"seq": 2, "delivery_seconds": 30, "read_seconds": 90},
            {"seq": 3, "delivery_seconds": 82_650, "read_seconds": 82_650},
            // Ben only answered, and Ann has not come back yet.
            {"seq": 4, "delivery_seconds": null, "read_seconds": null},
            {"seq": 5, "delivery_seconds": null, "read_seconds": null},
        ])
    );
    // Of what came together, the newest.
    assert_eq!(
        story
            .rows("select day, deliveries, delivery_median_seconds, reads, read_median_seconds from chat_report.receipt_delays_by_day order by day")
            .await,
        json!([
            {"day": "2026-03-02", "deliveries": 1, "delivery_median_seconds": 30, "reads": 1, "read_median_seconds": 90},
            {"day": "2026-03-03", "deliveries": 1, "delivery_median_seconds": 82_650, "reads": 1, "read_median_seconds": 82_650},
        ])
    );
}

#[tokio::test]
async fn sizes_files_reactions_and_what_is_unread_are_told() {
    let story = Story::tell().await;
    let store = async |owner: Uuid, bytes: &[u8], kind: &str| -> Uuid {
        value(
            &story.client,
            "select r.id from chat.store_media($1, 'a', $2) s, lateral chat.ready_media(s.id, s.content_id, s.size, sha256($2), $3,
                 4, 3, null, false, null, null, null, null) r",
            &[&owner, &bytes, &kind],
        )
        .await
    };
    let one = store(story.ann, b"picture", "image/png").await;
    // The same bytes: they are there once.
    store(story.ben, b"picture", "image/png").await;
    store(story.ann, b"sound", "audio/mpeg").await;
    run(
        &story.client,
        "select chat.send_message($1, $2, null, p_kind => 'image', p_media => array[$3::uuid])",
        &[&story.ann, &story.direct, &one],
    )
    .await;
    run(
        &story.client,
        "select chat.react($1, m.id, '👍') from chat.messages m where m.conversation_id = $2 and m.seq in (1, 3)",
        &[&story.ben, &story.direct],
    )
    .await;
    assert_eq!(
        story
            .rows("select type, files, bytes, stored_bytes, uploaders, shown from chat_report.media_by_type order by type")
            .await,
        json!([
            {"type": "audio/mpeg", "files": 1, "bytes": 5, "stored_bytes": 5, "uploaders": 1, "shown": 0},
            {"type": "image/png", "files": 2, "bytes": 14, "stored_bytes": 7, "uploaders": 2, "shown": 1},
        ])
    );
    assert_eq!(
        story
            .rows("select day = current_date as today, family, files, bytes from chat_report.media_by_day order by family")
            .await,
        json!([
            {"today": true, "family": "audio", "files": 1, "bytes": 5},
            {"today": true, "family": "image", "files": 2, "bytes": 14},
        ])
    );
    assert_eq!(
        story
            .rows("select kind, title, members, former_members, messages, files, file_bytes from chat_report.conversation_sizes where kind = 'direct'")
            .await,
        json!([{"kind": "direct", "title": "Ann & Ben", "members": 2, "former_members": 0, "messages": 6, "files": 1, "file_bytes": 7}])
    );
    assert_eq!(
        story
            .rows("select emoji, reactions, users from chat_report.reactions_by_emoji")
            .await,
        json!([{"emoji": "👍", "reactions": 2, "users": 1}])
    );
    assert_eq!(
        story
            .rows("select name, conversations, messages, oldest_at > now() - interval '1 minute' as is_new from chat_report.unread_backlog")
            .await,
        json!([{"name": "Ben", "conversations": 1, "messages": 1, "is_new": true}])
    );
}

#[tokio::test]
async fn calls_are_counted_by_what_became_of_them() {
    let story = Story::tell().await;
    // Ann calls twice and Ben answers the first; the third rings.
    for action in ["hangup", "cancel", ""] {
        let call: Uuid = value(
            &story.client,
            "select id from chat.call_action($1, $2, 'request', p_media => 'video')",
            &[&story.ann, &story.direct],
        )
        .await;
        let act = "select chat.call_action($1, $2, $3)";
        if action == "hangup" {
            run(&story.client, act, &[&story.ben, &call, &"answer"]).await;
        }
        if !action.is_empty() {
            run(&story.client, act, &[&story.ann, &call, &action]).await;
        }
    }
    story
        .client
        .batch_execute(
            "set session_replication_role = replica;
             update chat.calls set created_at = '2026-03-02 10:00:00+00', answered_at = answered_at - answered_at + '2026-03-02 10:00:05+00'::timestamptz,
                 ended_at = ended_at - ended_at + '2026-03-02 10:01:35+00'::timestamptz;
             set session_replication_role = origin;",
        )
        .await
        .unwrap();
    assert_eq!(
        story
            .rows("select * from chat_report.calls_by_day order by outcome")
            .await,
        json!([
            {"day": "2026-03-02", "conversation_kind": "direct", "media": "video", "outcome": "cancelled", "calls": 1,
             "median_seconds": null, "total_seconds": null, "answer_median_seconds": null},
            {"day": "2026-03-02", "conversation_kind": "direct", "media": "video", "outcome": "completed", "calls": 1,
             "median_seconds": 90, "total_seconds": 90, "answer_median_seconds": 5},
            {"day": "2026-03-02", "conversation_kind": "direct", "media": "video", "outcome": "running", "calls": 1,
             "median_seconds": null, "total_seconds": null, "answer_median_seconds": null},
        ])
    );
}

#[tokio::test]
async fn who_reports_reads_every_view_and_writes_nothing() {
    let story = Story::tell().await;
    let reader = story.database.connect_as("chat_reader").await;
    let views: Vec<String> = column(
        &story.client,
        "select c.oid::regclass::text from pg_class c where c.relnamespace = 'chat_report'::regnamespace and c.relkind = 'v'",
        &[],
    )
    .await;
    assert!(views.len() >= 15, "{views:?}");
    for view in views {
        reader
            .query(&format!("select * from {view}"), &[])
            .await
            .unwrap_or_else(|error| panic!("{view}: {error}"));
        assert!(
            reader
                .execute(&format!("delete from {view}"), &[])
                .await
                .is_err(),
            "{view}"
        );
    }
}
