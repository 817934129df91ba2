//! chat.users after the host's own table: one way, live, and never in the host's way.

use uuid::Uuid;

use crate::support::{Client, TestDatabase, column, refusal, run, user, value};

const LINK: &str =
    "select chat.link_users('public.people', 'id', 'name', 'picture', 'login', 'is_active')";
/// Of everyone of the host's: external_id, name, username, whether they may chat.
const FOLLOWERS: &str = "select concat_ws('|', external_id, name, coalesce(username, '-'), (deactivated_at is null)::text)
     from chat.users where link_id is not null order by length(external_id), external_id";

struct Host {
    database: TestDatabase,
    client: Client,
}

impl Host {
    /// A host with a table of people, of whom two are there.
    async fn set() -> Self {
        let database = TestDatabase::create().await;
        let client = database.connect().await;
        client
            .batch_execute(
                "create table public.people (
                    id bigint primary key, name text, login text, picture text, is_active boolean default true, seen integer default 0);
                 insert into public.people (id, name, login) values (1, 'Ann', 'ann'), (2, 'Ben', 'ben')",
            )
            .await
            .unwrap();
        Self { database, client }
    }

    async fn linked() -> Self {
        let host = Self::set().await;
        assert_eq!(value::<i64>(&host.client, LINK, &[]).await, 2);
        host
    }

    async fn followers(&self) -> Vec<String> {
        column(&self.client, FOLLOWERS, &[]).await
    }

    async fn run(&self, sql: &str) {
        self.client.batch_execute(sql).await.unwrap();
    }
}

#[tokio::test]
async fn who_is_in_the_hosts_table_is_in_the_chat_and_in_the_general_room() {
    let host = Host::linked().await;
    assert_eq!(host.followers().await, ["1|Ann|ann|true", "2|Ben|ben|true"]);
    let in_general: i64 = value(
        &host.client,
        "select count(*) from chat.members m join chat.users u on u.id = m.user_id where u.link_id is not null and m.active",
        &[],
    )
    .await;
    assert_eq!(in_general, 2);
    let again: i64 = value(&host.client, LINK, &[]).await;
    assert_eq!(again, 0, "nothing is news");
}

#[tokio::test]
async fn inserts_updates_and_deletes_of_the_host_are_followed() {
    let host = Host::linked().await;
    host.run(
        "insert into public.people (id, name, login) values (3, 'Eve', 'eve'), (4, 'Dan', null)",
    )
    .await;
    host.run("update public.people set name = 'Benjamin', login = 'benjamin' where id = 2")
        .await;
    host.run("update public.people set is_active = false where id = 3")
        .await;
    host.run("delete from public.people where id = 1").await;
    assert_eq!(
        host.followers().await,
        [
            "1|Ann|ann|false",
            "2|Benjamin|benjamin|true",
            "3|Eve|eve|false",
            "4|Dan|-|true"
        ]
    );
    // Back again, in whatever way.
    host.run("insert into public.people (id, name, login) values (1, 'Ann', 'ann')")
        .await;
    host.run("update public.people set is_active = true where id = 3")
        .await;
    assert!(
        host.followers()
            .await
            .iter()
            .all(|one| one.ends_with("true"))
    );
    host.run("truncate public.people").await;
    assert!(
        host.followers()
            .await
            .iter()
            .all(|one| one.ends_with("false"))
    );
}

#[tokio::test]
async fn who_gets_another_id_in_the_hosts_table_stays_the_same_user() {
    let host = Host::linked().await;
    let who = "select id from chat.users where external_id = $1";
    let ann: Uuid = value(&host.client, who, &[&"1"]).await;
    host.run("update public.people set id = 7 where id = 1")
        .await;
    assert_eq!(value::<Uuid>(&host.client, who, &[&"7"]).await, ann);
    assert_eq!(host.followers().await.len(), 2);
}

#[tokio::test]
async fn what_the_chat_can_not_take_is_made_to_fit_and_the_hosts_own_row_is_written() {
    let host = Host::linked().await;
    let long = "é".repeat(300);
    for (id, name, login) in [
        (3_i64, Some(""), None),
        (4, None, Some("dan the man")),
        (5, Some(long.as_str()), Some(long.as_str())),
        (6, Some("  \n Kim  "), Some("   ")),
    ] {
        run(
            &host.client,
            "insert into public.people (id, name, login, picture) values ($1, $2, $3, 'javascript:alert(1)')",
            &[&id, &name, &login],
        )
        .await;
    }
    let (e80, e60) = ("é".repeat(80), "é".repeat(60));
    assert_eq!(
        host.followers().await[2..],
        [
            "3|User 3|-|true".to_owned(),
            "4|dan the man|dantheman|true".to_owned(),
            format!("5|{e80}|{e60}|true"),
            "6|Kim|-|true".to_owned(),
        ]
    );
    let pictures: i64 = value(
        &host.client,
        "select count(*) from chat.users where avatar_url is not null",
        &[],
    )
    .await;
    assert_eq!(pictures, 0);
}

#[tokio::test]
async fn a_username_that_somebody_else_has_is_left_to_them() {
    let host = Host::set().await;
    run(
        &host.client,
        "select chat.create_user('A guest', 'ANN', null, true)",
        &[],
    )
    .await;
    host.run("insert into public.people (id, name, login) values (3, 'Another Ben', 'Ben')")
        .await;
    run(&host.client, LINK, &[]).await;
    assert_eq!(
        host.followers().await,
        ["1|Ann|-|true", "2|Ben|ben|true", "3|Another Ben|-|true"]
    );
    let guest: String = value(
        &host.client,
        "select name from chat.users where username = 'ANN'",
        &[],
    )
    .await;
    assert_eq!(guest, "A guest");
    host.run("update public.people set login = 'ben' where id = 1")
        .await;
    assert_eq!(host.followers().await[0], "1|Ann|-|true");
}

#[tokio::test]
async fn a_user_whom_the_host_had_made_before_is_the_one_that_is_followed() {
    let host = Host::set().await;
    let ann: Uuid = value(
        &host.client,
        "select id from chat.create_user('A.', null, '1')",
        &[],
    )
    .await;
    let bot: Uuid = value(
        &host.client,
        "select id from chat.create_user('Bot', null, 'bot')",
        &[],
    )
    .await;
    run(&host.client, LINK, &[]).await;
    let name: String = value(
        &host.client,
        "select name from chat.users where id = $1",
        &[&ann],
    )
    .await;
    assert_eq!(name, "Ann");
    host.run("truncate public.people").await;
    let active: Vec<Uuid> = column(
        &host.client,
        "select id from chat.users where deactivated_at is null",
        &[],
    )
    .await;
    assert_eq!(active, [bot], "who is in no table of the host's stays");
}

#[tokio::test]
async fn whatever_goes_wrong_in_the_chat_the_hosts_transaction_is_not_harmed() {
    let host = Host::linked().await;
    // As bad as it can get: the chat can take nobody.
    host.run(
        "create function public.fail() returns trigger language plpgsql as $$ begin raise 'no'; end $$;
         create trigger z_fail before insert or update on chat.users for each row execute function public.fail()",
    )
    .await;
    host.run(
        "begin;
         insert into public.people (id, name) values (3, 'Eve');
         update public.people set name = 'Anna' where id = 1;
         delete from public.people where id = 2;
         commit",
    )
    .await;
    let there: Vec<String> = column(
        &host.client,
        "select name from public.people order by id",
        &[],
    )
    .await;
    assert_eq!(there, ["Anna", "Eve"]);
    assert_eq!(host.followers().await, ["1|Ann|ann|true", "2|Ben|ben|true"]);
    let found: String = value(
        &host.client,
        "select finding from chat.check_links() where not is_well",
        &[],
    )
    .await;
    assert!(found.contains("1 of its rows"), "{found}");
    // Once it can, one call makes good for it.
    host.run("drop trigger z_fail on chat.users").await;
    run(&host.client, LINK, &[]).await;
    assert_eq!(
        host.followers().await,
        ["1|Anna|ann|true", "2|Ben|ben|false", "3|Eve|-|true"]
    );
    let is_well: bool = value(&host.client, "select is_well from chat.check_links()", &[]).await;
    assert!(is_well);
}

#[tokio::test]
async fn a_host_that_acts_for_somebody_still_writes_its_own_users() {
    let host = Host::linked().await;
    host.run(
        "begin;
         select set_config('chat.actor', (select id::text from chat.users where external_id = '1'), true);
         update public.people set name = 'Benjamin' where id = 2;
         do $$ begin assert current_setting('chat.actor') <> ''; end $$;
         commit",
    )
    .await;
    assert_eq!(host.followers().await[1], "2|Benjamin|ben|true");
}

#[tokio::test]
async fn an_update_of_other_columns_does_not_reach_the_chat() {
    let host = Host::linked().await;
    // Whoever is called would fail, and warn; nobody is.
    let fires =
        "select count(*) from pg_stat_xact_user_functions where funcname like 'linked_users%'";
    host.run("begin; set local track_functions = 'all'; update public.people set seen = seen + 1, name = name")
        .await;
    assert_eq!(value::<i64>(&host.client, fires, &[]).await, 0);
    host.run("update public.people set name = 'Anna' where id = 1")
        .await;
    assert_eq!(value::<i64>(&host.client, fires, &[]).await, 1);
    host.run("commit").await;
}

#[tokio::test]
async fn a_renamed_user_is_told_to_whoever_shares_a_conversation() {
    let host = Host::linked().await;
    let mut listener = host.database.listen().await;
    host.run("update public.people set name = 'Anna' where id = 1")
        .await;
    let heard = listener.next().await;
    assert_eq!(
        (
            &heard.envelope["event"]["type"],
            &heard.envelope["event"]["user"]["name"]
        ),
        (&"user".into(), &"Anna".into())
    );
}

#[tokio::test]
async fn a_link_is_made_again_with_other_columns_and_ended() {
    let host = Host::linked().await;
    host.run(
        "alter table public.people add column \"Full \"\"Name\" text, add column banned_at timestamptz;
         update public.people set \"Full \"\"Name\" = name || ' Smith'",
    )
    .await;
    run(
        &host.client,
        "select chat.link_users('public.people', 'id', 'Full \"Name', p_active => 'banned_at')",
        &[],
    )
    .await;
    assert_eq!(
        host.followers().await,
        ["1|Ann Smith|ann|true", "2|Ben Smith|ben|true"]
    );
    host.run("update public.people set banned_at = now() where id = 2; update public.people set name = 'X' where id = 1")
        .await;
    assert_eq!(
        host.followers().await,
        ["1|Ann Smith|ann|true", "2|Ben Smith|ben|false"]
    );
    run(
        &host.client,
        "select chat.unlink_users('public.people')",
        &[],
    )
    .await;
    host.run("delete from public.people; alter table public.people drop column name")
        .await;
    assert_eq!(host.followers().await[0], "1|Ann Smith|ann|true");
    assert_eq!(
        refusal(
            host.client
                .execute("select chat.unlink_users('public.people')", &[])
                .await
        ),
        ("CH404".to_owned(), "not_linked".to_owned())
    );
}

#[tokio::test]
async fn what_can_not_be_linked_is_refused_by_the_name_of_the_argument() {
    let host = Host::set().await;
    host.run("create view public.someone as select * from public.people")
        .await;
    for (arguments, key, begins) in [
        ("'public.people', 'nr'", "no_such_column", "p_id: "),
        (
            "'public.people', 'id', 'ctid'",
            "no_such_column",
            "p_name: ",
        ),
        (
            "'public.people', 'id', 'name', ''",
            "no_such_column",
            "p_avatar_url: ",
        ),
        (
            "'public.people', p_username => 'x; drop'",
            "no_such_column",
            "p_username: ",
        ),
        (
            "'public.people', p_active => 'seen'",
            "bad_active",
            "p_active: ",
        ),
        ("'public.people', null", "no_such_column", "p_id: "),
        ("'public.someone'", "not_a_table", "p_table: "),
        ("'chat.users'", "not_a_table", "p_table: "),
        ("null", "no_such_table", "p_table: "),
    ] {
        let sql = format!("select chat.link_users({arguments})");
        let error = host.client.execute(&sql, &[]).await.unwrap_err();
        let error = error.as_db_error().unwrap();
        assert_eq!(
            (error.code().code(), error.message()),
            ("CH422", key),
            "{sql}"
        );
        assert!(error.detail().unwrap().starts_with(begins), "{error:?}");
    }
}

#[tokio::test]
async fn ids_are_uuids_or_texts_as_the_host_likes() {
    let host = Host::set().await;
    host.run(
        "create table public.staff (key uuid primary key, name varchar(20));
         create table public.bots (key text, name text);
         insert into public.staff values ('0192f0c1-2b7a-7c3e-9f00-0000000000aa', 'Sue');
         insert into public.bots values ('deploy', 'Deploy'), (repeat('x', 201), 'Too long'), (null, 'Nobody'), ('', 'Empty')",
    )
    .await;
    for table in ["staff", "bots"] {
        run(
            &host.client,
            &format!("select chat.link_users('public.{table}', 'key')"),
            &[],
        )
        .await;
    }
    assert_eq!(
        host.followers().await,
        [
            "deploy|Deploy|-|true",
            "0192f0c1-2b7a-7c3e-9f00-0000000000aa|Sue|-|true"
        ]
    );
    // The one table's ids are not taken over by another's.
    host.run("insert into public.bots values ('0192f0c1-2b7a-7c3e-9f00-0000000000aa', 'Impostor')")
        .await;
    assert!(host.followers().await[1].contains("|Sue|"));
}

#[tokio::test]
async fn the_hosts_writers_need_no_right_in_the_chat_and_its_owner_one_on_the_table() {
    let host = Host::set().await;
    let (owner, writer) = ("host_owner", "host_writer");
    // Roles are the cluster's.
    for role in [owner, writer] {
        host.run(&format!(
            "do $$ begin create role {role}; exception when duplicate_object then null; end $$"
        ))
        .await;
    }
    host.run(
        "alter table public.people owner to host_owner; grant all on schema public to host_owner, host_writer;
         grant insert, update, delete, select on public.people to host_writer;
         alter table public.people enable row level security;
         create policy own on public.people to host_writer using (true)",
    )
    .await;
    run(&host.client, LINK, &[]).await;
    let client = host.database.connect_as(writer).await;
    run(
        &client,
        "insert into public.people (id, name, login) values (3, 'Eve', 'eve')",
        &[],
    )
    .await;
    run(
        &client,
        "update public.people set name = 'Eva' where id = 3",
        &[],
    )
    .await;
    assert_eq!(host.followers().await[2], "3|Eva|eve|true");
    let (state, _) = refusal(client.execute("select from chat.users", &[]).await);
    assert_eq!(state, "42501");

    // A chat whose owner is no superuser is told what it lacks.
    host.run(
        "do $$ begin create role chat_owner_in_test; exception when duplicate_object then null; end $$;
         grant usage, create on schema chat to chat_owner_in_test;
         grant select, insert, update on chat.links to chat_owner_in_test;
         alter function chat.link_users owner to chat_owner_in_test;
         grant execute on all functions in schema chat to chat_owner_in_test",
    )
    .await;
    for (grant, key) in [
        ("", "no_right"),
        (
            "grant select, trigger on public.people to chat_owner_in_test",
            "rows_hidden",
        ),
    ] {
        host.run(grant).await;
        let (state, found) = refusal(host.client.execute(LINK, &[]).await);
        assert_eq!((state.as_str(), found.as_str()), ("CH403", key));
    }
    host.run(
        "reassign owned by chat_owner_in_test to current_user; drop owned by chat_owner_in_test",
    )
    .await;
}

#[tokio::test]
async fn a_guest_is_nobodys_row() {
    let host = Host::linked().await;
    let guest = user(&host.client, "Guest").await;
    host.run("delete from public.people").await;
    let active: Vec<Uuid> = column(
        &host.client,
        "select id from chat.users where deactivated_at is null",
        &[],
    )
    .await;
    assert_eq!(active, [guest]);
}
