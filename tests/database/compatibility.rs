//! Messages as other chats know them: what a page by offset costs, and who has read what.

use serde_json::Value;
use tokio_postgres::Client;
use uuid::Uuid;

use crate::support::{TestDatabase, column, group, run, send, user, value};

/// Messages of each conversation: more than an offset reaches back.
const EACH: i32 = 11_000;

/// Conversations of so many messages each, mixed, so that none lies in one piece; past the triggers, which would
/// announce each.
async fn conversations(client: &Client, owner: Uuid, members: &[Uuid], count: usize) -> Vec<Uuid> {
    let mut groups = Vec::new();
    for _ in 0..count {
        groups.push(group(client, owner, members).await);
    }
    let set = "set session_replication_role = replica";
    client.batch_execute(set).await.unwrap();
    run(
        client,
        "insert into chat.messages (conversation_id, seq, id, sender_id, kind, body, created_at, revision, changed_xid)
         select c, seq, chat.uuid_v7(), $2, 'text', 'message ' || seq, now() - interval '1 day' + seq * interval '1 second', 1, pg_current_xact_id()
         from generate_series(1, $3) seq, unnest($1::uuid[]) c",
        &[&groups, &owner, &EACH],
    )
    .await;
    let raise =
        "update chat.conversations set last_seq = $1, last_message_at = now() where id = any ($2)";
    run(client, raise, &[&i64::from(EACH), &groups]).await;
    let set = "set session_replication_role = origin";
    client.batch_execute(set).await.unwrap();
    client.batch_execute("vacuum analyze").await.unwrap();
    groups
}

/// How many rows of messages a statement reads, and how many times it walks through all of them.
async fn reads(
    client: &Client,
    sql: &str,
    params: &[&(dyn tokio_postgres::types::ToSql + Sync)],
) -> (i64, i64) {
    let counters = "select
        pg_stat_get_xact_tuples_fetched('chat.messages'::regclass)
            + (select sum(pg_stat_get_xact_tuples_returned(indexrelid))::bigint from pg_index
               where indrelid = 'chat.messages'::regclass),
        pg_stat_get_xact_numscans('chat.messages'::regclass)";
    client.batch_execute("begin").await.unwrap();
    let before = client.query_one(counters, &[]).await.unwrap();
    client.query(sql, params).await.unwrap();
    let after = client.query_one(counters, &[]).await.unwrap();
    client.batch_execute("commit").await.unwrap();
    let rose = |column: usize| after.get::<_, i64>(column) - before.get::<_, i64>(column);
    (rose(0), rose(1))
}

#[tokio::test]
async fn a_page_by_offset_reads_what_it_passes_over_and_no_more() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    let ann = user(&client, "Ann").await;
    let ben = user(&client, "Ben").await;
    let groups = conversations(&client, ann, &[ben], 4).await;
    let history = "select * from chat.plain_history($1, $2, 50, $3)";
    let newest = "select * from chat.plain_newest($1, 50, $2)";
    // Six times, so that a plan which the server keeps for later is among them.
    for round in 0..6 {
        for offset in [0, 1_000, 10_000] {
            let (rows, walks) = reads(&client, history, &[&ann, &groups[1], &offset]).await;
            let passed = i64::from(offset) + 50;
            assert!(rows <= 2 * passed + 10, "{round} {offset}: {rows} rows");
            assert_eq!(walks, 0, "{round} {offset}");
        }
        for offset in [0, 1_000] {
            let (rows, walks) = reads(&client, newest, &[&ann, &offset]).await;
            // Of each of the four at most as many as the page and what is passed over.
            let passed = 4 * (i64::from(offset) + 50);
            assert!(rows <= 2 * passed + 50, "{round} {offset}: {rows} rows");
            assert_eq!(walks, 0, "{round} {offset}");
        }
    }
    let page: Vec<Value> = column(&client, history, &[&ben, &groups[1], &10_000]).await;
    assert_eq!(
        (&page[0]["content"], &page[49]["content"]),
        (&Value::from("message 951"), &Value::from("message 1000"))
    );
}

#[tokio::test]
async fn of_many_members_one_who_has_read_is_enough_and_who_came_later_is_none() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    let ann = user(&client, "Ann").await;
    let mut others = Vec::new();
    for number in 0..150 {
        others.push(user(&client, &format!("Member {number}")).await);
    }
    let group = group(&client, ann, &others[..149]).await;
    let first = send(&client, ann, group, "first").await;
    let second = send(&client, ann, group, "second").await;
    let late = "select chat.add_member($1, $2, $3)";
    client.batch_execute("set chat.quiet = on").await.unwrap();
    run(&client, late, &[&ann, &group, &others[149]]).await;
    let flags = async |message: Uuid| -> (bool, bool) {
        let plain: Value = value(
            &client,
            "select chat.plain_message($1, $2)",
            &[&ann, &message],
        )
        .await;
        (plain["is_delivered"] == true, plain["is_read"] == true)
    };
    assert_eq!(flags(first).await, (false, false));
    run(
        &client,
        "select chat.mark_delivered($1, $2, 2)",
        &[&others[7], &group],
    )
    .await;
    run(
        &client,
        "select chat.mark_read($1, $2, 1)",
        &[&others[8], &group],
    )
    .await;
    assert_eq!(flags(first).await, (true, true));
    assert_eq!(flags(second).await, (true, false));
    // Who answers has read; who has left is nobody's reader any more.
    send(&client, others[9], group, "third").await;
    assert_eq!(flags(second).await, (true, true));
    run(&client, "select chat.leave($1, $2)", &[&others[9], &group]).await;
    assert_eq!(flags(second).await, (true, false));
}

#[tokio::test]
async fn what_was_deleted_says_nothing_by_these_functions_either() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    let ann = user(&client, "Ann").await;
    let group = group(&client, ann, &[]).await;
    let gone = send(&client, ann, group, "a secret").await;
    run(
        &client,
        "select chat.delete_message($1, $2)",
        &[&ann, &gone],
    )
    .await;
    let read: Value = value(
        &client,
        "select chat.mark_message_read($1, $2)",
        &[&ann, &gone],
    )
    .await;
    assert_eq!(read["content"], "");
    for sql in [
        "chat.plain_history($1, $2, 50, 0)",
        "chat.plain_newest($1, 50, 0) where $2::uuid is not null",
    ] {
        let page: Vec<Value> =
            column(&client, &format!("select * from {sql}"), &[&ann, &group]).await;
        assert!(page.is_empty(), "{sql}: {page:?}");
    }
}

/// The same as by comparing each message with each member, in groups where everybody came, received and read by chance.
#[tokio::test]
async fn who_has_read_what_is_as_if_every_member_were_asked() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    client.batch_execute("set chat.quiet = on").await.unwrap();
    let mut people = Vec::new();
    for number in 0..12 {
        people.push(user(&client, &format!("Member {number}")).await);
    }
    for round in 0..30 {
        let some = 2 + round % 11;
        let group = group(&client, people[0], &people[1..some]).await;
        run(
            &client,
            "insert into chat.messages (conversation_id, sender_id, body)
             select $1, ($2::uuid[])[1 + floor(random() * $3)::int], 'message' from generate_series(1, 30)",
            &[&group, &people, &(some as f64)],
        )
        .await;
        client
            .batch_execute("set session_replication_role = replica")
            .await
            .unwrap();
        let came = "update chat.members set joined_seq = floor(random() * 31) * floor(random() * 2)
            where conversation_id = $1";
        run(&client, came, &[&group]).await;
        // Marks begin with where one came, and only rise.
        let marks = "update chat.marks k set read_seq = m.joined_seq + floor(random() * random() * (31 - m.joined_seq))
            from chat.members m where k.conversation_id = $1 and (m.conversation_id, m.user_id) = (k.conversation_id, k.user_id)";
        run(&client, marks, &[&group]).await;
        let marks = "update chat.marks set delivered_seq = read_seq + floor(random() * (31 - read_seq)) where conversation_id = $1";
        run(&client, marks, &[&group]).await;
        client
            .batch_execute("set session_replication_role = origin")
            .await
            .unwrap();
        for (limit, offset) in [(100, 0), (7, 5), (1, 29), (2, 0)] {
            let flags: Vec<String> = column(
                &client,
                "select concat(m ->> 'id', m ->> 'is_delivered', m ->> 'is_read') from chat.plain_history($1, $2, $3, $4) m",
                &[&people[0], &group, &limit, &offset],
            )
            .await;
            let asked: Vec<String> = column(
                &client,
                "select concat(m.id, o.is_delivered, o.is_read) from (
                     select * from chat.messages m where m.conversation_id = $1 order by m.seq desc limit $2 offset $3) m
                 cross join lateral (
                     select case when coalesce(bool_or(k.delivered_seq >= m.seq), false) then 'true' else 'false' end as is_delivered,
                         case when coalesce(bool_or(k.read_seq >= m.seq), false) then 'true' else 'false' end as is_read
                     from chat.members r join chat.marks k using (conversation_id, user_id)
                     where r.conversation_id = m.conversation_id and r.user_id <> m.sender_id and r.joined_seq < m.seq) o
                 order by m.seq",
                &[&group, &i64::from(limit), &i64::from(offset)],
            )
            .await;
            assert_eq!(flags, asked, "{round} {limit} {offset}");
        }
    }
}
