//! What the schema is made of, and how it comes about.

use webchat::postgres::migrate::{self, Migrated, SQL_VERSION, SqlState};

use crate::support::{TestDatabase, column, run, value};

#[tokio::test]
async fn everything_in_the_schema_says_what_it_is_for() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    let silent: Vec<String> = column(
        &client,
        "select c.relname || coalesce('.' || a.attname, '')
         from pg_class c
         left join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
         where c.relnamespace::regnamespace::text like 'chat%' and c.relkind in ('r', 'v', 'm', 'p', 'f')
           and c.relname <> 'refinery_schema_history'
           and (col_description(c.oid, a.attnum) is null or obj_description(c.oid, 'pg_class') is null)
         union all
         select p.oid::regprocedure::text from pg_proc p
         where p.pronamespace::regnamespace::text like 'chat%' and obj_description(p.oid, 'pg_proc') is null",
        &[],
    )
    .await;
    assert_eq!(silent, Vec::<String>::new());
}

#[tokio::test]
async fn every_function_passes_the_checker() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    let is_available: bool = value(
        &client,
        "select exists (select from pg_available_extensions where name = 'plpgsql_check')",
        &[],
    )
    .await;
    // A check that passes where it can not be made would be none; `make test` installs it.
    if !is_available && std::env::var_os("WITHOUT_PLPGSQL_CHECK").is_some() {
        return;
    }
    assert!(
        is_available,
        "PostgreSQL's extension plpgsql_check is not installed; where there is no package of it, \
         set WITHOUT_PLPGSQL_CHECK=1 to do without"
    );
    run(&client, "create extension plpgsql_check", &[]).await;
    // Triggers that stand on tables of a host's are looked at on one.
    client
        .batch_execute(
            "create table public.people (id bigint, name text, login text, picture text, is_active boolean);
             select chat.link_users('public.people', 'id', 'name', 'picture', 'login', 'is_active')",
        )
        .await
        .unwrap();
    let complaints: Vec<String> = column(
        &client,
        "with checked as (
             select p.oid, t.tgrelid, t.tgoldtable, t.tgnewtable
             from pg_proc p
             join pg_language l on l.oid = p.prolang and l.lanname = 'plpgsql'
             left join pg_trigger t on t.tgfoid = p.oid and not t.tgisinternal
             where p.pronamespace::regnamespace::text like 'chat%'
         )
         select format('%s on %s, line %s: %s %s: %s', c.oid::regprocedure, c.tgrelid::regclass,
             r.lineno, r.level, r.sqlstate, r.message)
         from checked c
         cross join lateral plpgsql_check_function_tb(c.oid, coalesce(c.tgrelid, 0),
             oldtable => c.tgoldtable, newtable => c.tgnewtable, extra_warnings => true,
             performance_warnings => true, security_warnings => true) r
         where r.message not like 'unused parameter%'",
        &[],
    )
    .await;
    assert!(complaints.is_empty(), "{complaints:#?}");
    let count: i64 = value(
        &client,
        "select count(*) from pg_proc p join pg_language l on l.oid = p.prolang
         where p.pronamespace = 'chat'::regnamespace and l.lanname = 'plpgsql'",
        &[],
    )
    .await;
    assert!(count > 40, "only {count} functions were checked");
}

#[tokio::test]
async fn functions_that_act_for_their_owner_pin_the_search_path() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    let open: Vec<String> = column(
        &client,
        "select p.oid::regprocedure::text from pg_proc p
         where p.pronamespace::regnamespace::text like 'chat%' and p.prosecdef
           and not coalesce(p.proconfig, '{}') @> array['search_path=pg_catalog, pg_temp']",
        &[],
    )
    .await;
    assert_eq!(open, Vec::<String>::new());
}

#[tokio::test]
async fn migrating_again_changes_nothing() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    let state = "select (select string_agg(oid::text || xmin::text, ',' order by oid) from pg_proc
            where pronamespace = 'chat'::regnamespace)
        || (select applied_at::text from chat.sql_applied)
        || (select count(*)::text from chat.conversations)";
    let before: String = value(&client, state, &[]).await;
    assert_eq!(
        migrate::migrate(&database.address()).await.unwrap(),
        Migrated {
            table_changes: 0,
            sql: SqlState::Current
        }
    );
    assert_eq!(value::<String>(&client, state, &[]).await, before);
}

#[tokio::test]
async fn another_text_of_the_same_edition_is_applied() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    run(&client, "update chat.sql_applied set digest = 'other'", &[]).await;
    run(&client, "drop function chat.leave(uuid, uuid)", &[]).await;
    assert_eq!(
        migrate::migrate(&database.address()).await.unwrap().sql,
        SqlState::Applied
    );
    let held: (i32, String) = held(&client).await;
    assert_eq!(held, (SQL_VERSION, migrate::digest()));
    let is_back: bool = value(
        &client,
        "select to_regprocedure('chat.leave(uuid, uuid)') is not null",
        &[],
    )
    .await;
    assert!(is_back);
}

#[tokio::test]
async fn a_newer_edition_is_left_alone() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    let newer = SQL_VERSION + 1;
    run(
        &client,
        "update chat.sql_applied set version = $1, digest = 'of the future'",
        &[&newer],
    )
    .await;
    run(&client, "drop function chat.leave(uuid, uuid)", &[]).await;
    assert_eq!(
        migrate::migrate(&database.address()).await.unwrap().sql,
        SqlState::NewerInDatabase(newer)
    );
    assert_eq!(held(&client).await, (newer, "of the future".to_owned()));
    let is_back: bool = value(
        &client,
        "select to_regprocedure('chat.leave(uuid, uuid)') is not null",
        &[],
    )
    .await;
    assert!(!is_back);
}

#[tokio::test]
async fn eight_servers_that_start_at_once_migrate_once() {
    let database = TestDatabase::empty().await;
    let starts = (0..8).map(|_| {
        let address = database.address();
        async move { migrate::migrate(&address).await.unwrap() }
    });
    let outcomes = futures_util::future::join_all(starts).await;
    let applied = outcomes
        .iter()
        .filter(|one| one.sql == SqlState::Applied)
        .count();
    let changed = outcomes.iter().filter(|one| one.table_changes > 0).count();
    assert_eq!((applied, changed), (1, 1));

    let client = database.connect().await;
    assert_eq!(held(&client).await, (SQL_VERSION, migrate::digest()));
    let general: i64 = value(&client, "select count(*) from chat.conversations", &[]).await;
    let epochs: i64 = value(&client, "select count(*) from chat.epochs", &[]).await;
    assert_eq!((general, epochs), (1, 1));
}

async fn held(client: &tokio_postgres::Client) -> (i32, String) {
    let row = client
        .query_one("select version, digest from chat.sql_applied", &[])
        .await
        .unwrap();
    (row.get(0), row.get(1))
}

/// Where the schema is kept as text, so that what a change makes of it is read in its difference.
const DUMP: &str = "docs/schema.txt";

#[tokio::test]
async fn the_schema_in_the_documents_is_the_one_that_is_made() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    let made: String = value(&client, include_str!("dump.sql"), &[]).await;
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(DUMP);
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    let difference: Vec<String> = made
        .lines()
        .filter(|line| !kept.lines().any(|other| other == *line))
        .map(|line| format!("+ {line}"))
        .chain(
            kept.lines()
                .filter(|line| !made.lines().any(|other| other == *line))
                .map(|line| format!("- {line}")),
        )
        .collect();
    assert!(
        made == kept,
        "{DUMP} is not current; `make schema` writes it anew. What differs:\n{}",
        difference.join("\n")
    );
}
