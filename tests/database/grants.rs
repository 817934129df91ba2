//! Who may do what.

use webchat::postgres::Database;
use webchat::postgres::sessions::Beginning;

use crate::support::{TestDatabase, column, direct, refusal, run, send, user, value};

/// SQLSTATE of `insufficient_privilege`.
const DENIED: &str = "42501";

#[tokio::test]
async fn nothing_is_granted_to_public() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    let granted: Vec<String> = column(
        &client,
        "select what from (
             select 'schema ' || n.nspname as what, coalesce(n.nspacl, acldefault('n', n.nspowner)) as acl
             from pg_namespace n where n.nspname like 'chat%'
             union all
             select c.oid::regclass::text, coalesce(c.relacl, acldefault('r', c.relowner))
             from pg_class c where c.relnamespace::regnamespace::text like 'chat%' and c.relkind in ('r', 'v')
             union all
             select a.attrelid::regclass || '.' || a.attname, a.attacl
             from pg_attribute a join pg_class c on c.oid = a.attrelid
             where c.relnamespace::regnamespace::text like 'chat%' and a.attacl is not null
             union all
             select p.oid::regprocedure::text, coalesce(p.proacl, acldefault('f', p.proowner))
             from pg_proc p where p.pronamespace::regnamespace::text like 'chat%'
         ) granted
         cross join lateral aclexplode(acl) one
         where one.grantee = 0",
        &[],
    )
    .await;
    assert_eq!(granted, Vec::<String>::new());
}

#[tokio::test]
async fn a_writer_can_not_set_what_triggers_set() {
    let database = TestDatabase::create().await;
    let writer = database.connect_as("chat_writer").await;
    let (ann, ben) = (user(&writer, "Ann").await, user(&writer, "Ben").await);
    let conversation = direct(&writer, ann, ben).await;
    send(&writer, ann, conversation, "hi").await;
    run(
        &writer,
        "insert into chat.messages (conversation_id, sender_id, body) values ($1, $2, 'plain')",
        &[&conversation, &ann],
    )
    .await;
    for statement in [
        "insert into chat.messages (conversation_id, seq) values ('{conversation}', 9)",
        "insert into chat.messages (conversation_id, changed_xid) values ('{conversation}', '9')",
        "insert into chat.messages (conversation_id, revision) values ('{conversation}', 9)",
        "update chat.messages set seq = 9",
        "update chat.messages set changed_xid = '9'",
        "update chat.messages set revision = 9",
        "update chat.messages set sender_id = null",
        "update chat.conversations set last_seq = 9",
        "update chat.conversations set revision = 9",
        "update chat.users set changed_xid = '9'",
        "update chat.users set revision = 9",
        "update chat.members set joined_seq = 0",
        "update chat.members set changed_xid = '9'",
        "insert into chat.receipts values ('{conversation}', '{conversation}', 1, 1, now(), '9')",
        "delete from chat.marks",
        "delete from chat.receipts",
        "insert into chat.message_revisions select * from chat.message_revisions",
        "update chat.message_revisions set body = 'never said'",
        "insert into chat.hidden_messages (revision) values (9)",
        "update chat.hidden_messages set changed_xid = '9'",
        "update chat.preferences set revision = 9",
        "delete from chat.preferences",
        "update chat.messages set preview_url = null",
        "update chat.messages set preview_removed_at = null",
        "insert into chat.link_previews (url) values ('https://example.com/')",
        "update chat.link_previews set title = 'Another'",
        "select chat.store_preview('https://example.com/', 'Another', null, null)",
        "insert into chat.links (host_table) values ('x')",
        "update chat.users set link_id = null",
        "update chat.conversations set topic = 'another'",
        "update chat.pictures set state = 'none'",
        "select chat.store_picture(null, '', null)",
        "select chat.link_users('chat.users')",
        "insert into chat.calls (conversation_id, state) values ('{conversation}', 'active')",
        "update chat.calls set state = 'ended'",
        "insert into chat.call_participants (state) values ('joined')",
        "update chat.call_participants set state = 'joined'",
        "update chat.call_log set action = 'answer'",
        "insert into chat.call_log (number) values (9)",
        "delete from chat.call_log",
        "insert into chat.call_signals (data) values ('{}')",
        "select from chat.call_signals",
        "insert into chat.epochs values (9, '', '', now())",
        "select from chat.sessions",
        "select from chat.passwords",
        "select from chat.session_tokens",
        "select chat.prove_session('jwt', '7', 'Eve', null, null, now(), 60, null, null)",
        "select chat_hook.authenticate('')",
        "select from chat.epochs",
        "select chat.find_session('')",
        "select chat.renew_epoch()",
        "select chat.announce('{}')",
        "truncate chat.messages",
        "alter table chat.messages disable trigger all",
    ] {
        let statement = statement.replace("{conversation}", &conversation.to_string());
        let (state, _) = refusal(writer.batch_execute(&statement).await);
        assert_eq!(state, DENIED, "{statement}");
    }
}

#[tokio::test]
async fn a_reader_only_reads_and_not_the_sessions() {
    let database = TestDatabase::create().await;
    let owner = database.connect().await;
    let (ann, ben) = (user(&owner, "Ann").await, user(&owner, "Ben").await);
    let conversation = direct(&owner, ann, ben).await;
    send(&owner, ann, conversation, "hi").await;

    let reader = database.connect_as("chat_reader").await;
    for table in [
        "users",
        "conversations",
        "members",
        "messages",
        "message_revisions",
        "marks",
        "receipts",
        "hidden_messages",
        "preferences",
        "link_previews",
        "links",
        "pictures",
        "calls",
        "call_participants",
        "call_log",
        "servers",
        "presence",
    ] {
        reader
            .query(&format!("select * from chat.{table}"), &[])
            .await
            .unwrap();
        for statement in [
            format!("delete from chat.{table}"),
            format!("insert into chat.{table} default values"),
        ] {
            let (state, _) = refusal(reader.batch_execute(&statement).await);
            assert_eq!(state, DENIED, "{statement}");
        }
    }
    for statement in [
        "select from chat.sessions",
        "select from chat.passwords",
        "update chat.messages set body = ''",
        "update chat.marks set read_seq = 1",
        "select chat.create_user('Eve')",
        "select chat.current_cursor()",
    ] {
        let (state, _) = refusal(reader.batch_execute(statement).await);
        assert_eq!(state, DENIED, "{statement}");
    }
}

#[tokio::test]
async fn the_servers_role_suffices_for_all_that_a_server_does() {
    let database = TestDatabase::create().await;
    // Its pool steps down to chat_server by itself.
    let server = Database::new(database.address(), 2).unwrap();
    let (ann, _) = server.create_guest("Ann").await.unwrap();
    let (ben, _) = server.create_guest("Ben").await.unwrap();
    let token = [7_u8; 32];
    let session = server
        .start_session(ann, &token, 1, Some("browser"), Beginning::Guest)
        .await
        .unwrap();
    assert_eq!(
        server
            .find_session(&token)
            .await
            .unwrap()
            .map(|s| s.user_id),
        Some(ann)
    );
    server.renew_epoch().await.unwrap();
    server.announce_cursor().await.unwrap();

    let client = database.connect_as("chat_server").await;
    let cursor: String = client
        .query_one("select chat.current_cursor()", &[])
        .await
        .unwrap()
        .get(0);
    let conversation = direct(&client, ann, ben).await;
    let message = send(&client, ann, conversation, "hi").await;
    run(
        &client,
        "select chat.edit_message($1, $2, 'hello')",
        &[&ann, &message],
    )
    .await;
    server
        .mark(ben, conversation, Some(1), Some(1))
        .await
        .unwrap();
    server.message_receipts(ann, message).await.unwrap();
    let here = uuid::Uuid::new_v4();
    assert!(!server.beat(here).await.unwrap());
    assert!(server.beat(here).await.unwrap());
    server
        .set_presences(here, &format!("{{\"{ann}\":\"online\"}}"))
        .await
        .unwrap();
    server
        .expire_servers(std::time::Duration::from_secs(60), Some(here))
        .await
        .unwrap();
    let changes = server.changes_since(Some(ben), &cursor).await.unwrap();
    assert!(!changes.is_reset && !changes.envelopes.is_empty());
    server.end_session(ann, session).await.unwrap();

    // And no more than it needs: tables are read, never written.
    for statement in [
        "insert into chat.users (name) values ('Eve')",
        "update chat.messages set body = ''",
        "delete from chat.messages",
        "truncate chat.messages",
    ] {
        let (state, _) = refusal(client.batch_execute(statement).await);
        assert_eq!(state, DENIED, "{statement}");
    }
    let may_all: Vec<String> = column(
        &client,
        "select p.oid::regprocedure::text from pg_proc p
         where p.pronamespace = 'chat'::regnamespace and not has_function_privilege(p.oid, 'execute')
         order by 1",
        &[],
    )
    .await;
    // Those make triggers on the host's tables, which is for the owner.
    assert_eq!(
        may_all,
        [
            "chat.link_users(regclass,text,text,text,text,text)",
            "chat.unlink_users(regclass)"
        ]
    );
    let role: String = value(&client, "select current_user::text", &[]).await;
    assert_eq!(role, "chat_server");
}
