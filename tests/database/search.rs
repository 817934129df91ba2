//! Searching in messages: what is found, by whom, in which order, with the index and without.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use serde_json::Value;
use tokio_postgres::Client;
use uuid::Uuid;

use crate::support::{TestDatabase, column, direct, group, refusal, run, send, user, value};

/// Bodies of the hits, newest first.
async fn found(client: &Client, actor: Uuid, query: &str) -> Vec<String> {
    found_with(client, actor, Some(query), "").await
}

/// With more arguments, as SQL.
async fn found_with(client: &Client, actor: Uuid, query: Option<&str>, more: &str) -> Vec<String> {
    let comma = if more.is_empty() { "" } else { ", " };
    let sql = format!(
        "select coalesce(h -> 'message' ->> 'body', '-') from chat.search_messages($1, $2{comma}{more}) h"
    );
    column(client, &sql, &[&actor, &query]).await
}

/// Everything into blocks, quiet or not.
async fn index_all(client: &Client) {
    run(
        client,
        "update chat.conversations set last_message_at = now() - interval '1 hour'",
        &[],
    )
    .await;
    loop {
        let blocks: i32 = value(client, "select blocks from chat.index_messages()", &[]).await;
        if blocks == 0 {
            break;
        }
    }
    let left: i64 = value(
        client,
        "select count(*) from chat.unindexed_conversations()",
        &[],
    )
    .await;
    assert_eq!(left, 0);
}

#[tokio::test]
async fn words_parts_of_words_phrases_and_scripts_without_spaces_are_found() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    let (ann, ben) = (user(&client, "Ann").await, user(&client, "Ben").await);
    let talk = direct(&client, ann, ben).await;
    let bodies = [
        "The banister was painted",
        "Crème brûlée at Zoë's, naïve?",
        "東京大学で会いましょう",
        "สวัสดีครับ",
        "한국어를 배워요",
        "see https://example.com/path/to-page?id=4711_x",
        "say it with 🎉🎂",
        "one\ntwo   three",
        "100% sure, snake_case and C:\\temp",
        "ПРИВЕТ Мир",
        "a I o",
        "internationalization matters",
    ];
    for body in bodies {
        send(&client, ann, talk, body).await;
    }
    for step in ["before the index", "with the index"] {
        for (query, body) in [
            ("nist", Some(0)),
            ("BANISTER painted", Some(0)),
            ("painted the", Some(0)),
            ("\"was painted\"", Some(0)),
            ("\"painted was\"", None),
            ("creme BRULEE", Some(1)),
            ("Crème", Some(1)),
            ("zoe's", Some(1)),
            ("京", Some(2)),
            ("京大", Some(2)),
            ("東京大学", Some(2)),
            ("大京", None),
            ("สดี", Some(3)),
            ("국", Some(4)),
            ("국어를 배", Some(4)),
            ("example.com/path", Some(5)),
            ("4711", Some(5)),
            ("to-pa", Some(5)),
            ("🎂", Some(6)),
            ("🎉🎂", Some(6)),
            ("\"one two three\"", Some(7)),
            ("100%", Some(8)),
            ("10_%", None),
            ("snake_c", Some(8)),
            ("c:\\te", Some(8)),
            ("привет мир", Some(9)),
            ("internationalization", Some(11)),
            ("nationalizations", None),
            ("tionalization", Some(11)),
            ("\"sure, snake", Some(8)),
            ("“was painted”", Some(0)),
            ("nothing", None),
        ] {
            let expected: Vec<&str> = body.map(|place: usize| bodies[place]).into_iter().collect();
            assert_eq!(
                found(&client, ben, query).await,
                expected,
                "{step}: {query}"
            );
        }
        index_all(&client).await;
    }
}

#[tokio::test]
async fn names_in_data_are_found() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    // Other kinds have rules of their own; here it is only what is searched of them.
    for (kind, data, words) in [
        (
            "file",
            r#"{"url": "https://e.com/1", "name": "Résumé 2026.pdf"}"#,
            "resume",
        ),
        ("contact", r#"{"name": "Grace Hopper"}"#, "hopper"),
        (
            "location",
            r#"{"latitude": 1, "longitude": 2, "address": "Baker Street"}"#,
            "baker",
        ),
        (
            "image",
            r#"{"url": "https://e.com/2", "alt": "A lighthouse"}"#,
            "house",
        ),
    ] {
        let text: String = value(
            &client,
            "select chat.searched_text($1, null, $2::text::jsonb)",
            &[&kind, &data],
        )
        .await;
        assert!(text.contains(words), "{kind}: {text}");
    }
    let text: String = value(
        &client,
        r#"select chat.searched_text('text', 'Hello', '{"name": "secret"}')"#,
        &[],
    )
    .await;
    assert_eq!(text, "hello");
}

#[tokio::test]
async fn only_what_the_searcher_may_read_is_found() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    let (ann, ben, eve) = (
        user(&client, "Ann").await,
        user(&client, "Ben").await,
        user(&client, "Eve").await,
    );
    let ours = group(&client, ann, &[ben]).await;
    let theirs = direct(&client, ann, eve).await;
    let kept = send(&client, ann, ours, "apple kept").await;
    let deleted = send(&client, ann, ours, "apple deleted").await;
    let hidden = send(&client, ann, ours, "apple hidden").await;
    let edited = send(&client, ann, ours, "apple edited").await;
    send(&client, ann, theirs, "apple for Eve").await;
    run(
        &client,
        "insert into chat.messages (conversation_id, kind, body) values ($1, 'system', 'apple of the system')",
        &[&ours],
    )
    .await;
    for step in ["before the index", "with the index"] {
        let said = found(&client, ben, "apple").await;
        assert_eq!(
            said,
            [
                "apple edited",
                "apple hidden",
                "apple deleted",
                "apple kept"
            ],
            "{step}"
        );
        assert_eq!(found(&client, eve, "apple").await, ["apple for Eve"]);

        run(
            &client,
            "select chat.delete_message($1, $2)",
            &[&ann, &deleted],
        )
        .await;
        run(
            &client,
            "select chat.hide_message($1, $2)",
            &[&ben, &hidden],
        )
        .await;
        run(
            &client,
            "select chat.edit_message($1, $2, 'pear edited')",
            &[&ann, &edited],
        )
        .await;
        assert_eq!(found(&client, ben, "apple").await, ["apple kept"], "{step}");
        assert_eq!(found(&client, ben, "pear").await, ["pear edited"], "{step}");
        let of_ann = found(&client, ann, "apple").await;
        assert_eq!(
            of_ann,
            ["apple for Eve", "apple hidden", "apple kept"],
            "{step}"
        );

        run(
            &client,
            "select chat.restore_message(null, $1)",
            &[&deleted],
        )
        .await;
        run(
            &client,
            "select chat.unhide_message($1, $2)",
            &[&ben, &hidden],
        )
        .await;
        run(
            &client,
            "select chat.edit_message($1, $2, 'apple edited')",
            &[&ann, &edited],
        )
        .await;
        index_all(&client).await;
        assert_eq!(
            found(&client, ben, "pear").await,
            Vec::<String>::new(),
            "{step}"
        );
    }
    let hit: Value = value(
        &client,
        "select h from chat.search_messages($1, 'kept') h",
        &[&ben],
    )
    .await;
    assert_eq!(hit["message"]["id"], kept.to_string());
    assert_eq!(hit["message"]["seq"], 1);
    assert_eq!(hit["conversation"]["id"], ours.to_string());
    assert_eq!(hit["conversation"]["title"], "Group");

    let forbidden = ("CH403".to_owned(), "not_a_member".to_owned());
    let in_ours = "select chat.search_messages($1, 'apple', $2)";
    assert_eq!(
        refusal(client.query(in_ours, &[&eve, &ours]).await),
        forbidden
    );
    run(&client, "select chat.leave($1, $2)", &[&ben, &ours]).await;
    assert_eq!(found(&client, ben, "apple").await, Vec::<String>::new());
    assert_eq!(
        refusal(client.query(in_ours, &[&ben, &ours]).await),
        forbidden
    );
}

#[tokio::test]
async fn filters_narrow_a_search_and_stand_alone() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    let (ann, ben) = (user(&client, "Ann").await, user(&client, "Ben").await);
    let ours = group(&client, ann, &[ben]).await;
    let notes = direct(&client, ann, ann).await;
    for (conversation, sender, kind, body, at) in [
        (ours, ann, "text", "plum one", "2026-01-01T10:00:00Z"),
        (ours, ben, "text", "plum two", "2026-01-02T10:00:00Z"),
        (ours, ben, "emoji", "🍑", "2026-01-03T10:00:00Z"),
        (notes, ann, "text", "plum three", "2026-01-04T10:00:00Z"),
    ] {
        run(
            &client,
            "insert into chat.messages (conversation_id, sender_id, kind, body, created_at) values ($1, $2, $3, $4, $5::text::timestamptz)",
            &[&conversation, &sender, &kind, &body, &at],
        )
        .await;
    }
    for step in ["before the index", "with the index"] {
        for (query, more, bodies) in [
            (
                Some("plum"),
                String::new(),
                vec!["plum three", "plum two", "plum one"],
            ),
            (
                Some("plum"),
                format!("p_conversation => '{notes}'"),
                vec!["plum three"],
            ),
            (
                Some("plum"),
                format!("p_sender => '{ben}'"),
                vec!["plum two"],
            ),
            (None, format!("p_sender => '{ben}'"), vec!["🍑", "plum two"]),
            (None, "p_kind => 'emoji'".to_owned(), vec!["🍑"]),
            (Some(" "), "p_kind => 'image'".to_owned(), vec![]),
            (
                None,
                "p_from => '2026-01-02T10:00:00Z', p_until => '2026-01-04T10:00:00Z'".to_owned(),
                vec!["🍑", "plum two"],
            ),
            (
                Some("plum"),
                "p_until => '2026-01-02'".to_owned(),
                vec!["plum one"],
            ),
        ] {
            assert_eq!(
                found_with(&client, ann, query, &more).await,
                bodies,
                "{step}: {query:?} {more}"
            );
        }
        index_all(&client).await;
    }
}

#[tokio::test]
async fn what_can_not_be_searched_for_is_refused_by_name() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    let ann = user(&client, "Ann").await;
    let long = format!("'{}'", "x".repeat(201));
    let many = "'aa bb cc dd ee ff gg hh ii jj kk'";
    for (arguments, key) in [
        ("null", "query_required"),
        ("'  '", "query_required"),
        ("'a'", "term_too_short"),
        ("'\"\"'", "term_too_short"),
        ("'!'", "term_too_short"),
        ("'a', p_kind => 'text'", "term_too_short"),
        (long.as_str(), "query_too_long"),
        (many, "too_many_terms"),
        ("'aa', p_kind => 'system'", "bad_kind"),
        ("'aa', p_kind => 'it''s'", "bad_kind"),
        (
            "'aa', p_from => '2026-02-01', p_until => '2026-01-01'",
            "bad_date",
        ),
        (
            "'aa', p_before => '00000000-0000-0000-0000-000000000000'",
            "bad_before",
        ),
    ] {
        let sql = format!("select chat.search_messages($1, {arguments})");
        assert_eq!(
            refusal(client.query(&sql, &[&ann]).await),
            ("CH422".to_owned(), key.to_owned()),
            "{arguments}"
        );
    }
    for odd in [
        "'';--",
        "it''s & (a | b) :*",
        "%%__\\\\",
        "\"ab\" \"",
        "\u{1F1E9}\u{1F1EA} \u{FE0F}ab",
        "ab\u{200D}cd",
    ] {
        found_with(&client, ann, Some(&format!("ok {odd}")), "").await;
    }
}

#[tokio::test]
async fn pages_follow_each_other_without_repeats_or_gaps() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    let ann = user(&client, "Ann").await;
    let mut places = Vec::new();
    for _ in 0..3 {
        places.push(group(&client, ann, &[]).await);
    }
    // Times that do not follow seq, many of them the same, over several blocks and conversations.
    for place in &places {
        run(
            &client,
            "insert into chat.messages (conversation_id, sender_id, body, created_at)
             select $1, $2, 'pick ' || n, '2026-01-01'::timestamptz + interval '1 minute' * ((n * 37) % 50)
             from generate_series(1, 150) n",
            &[place, &ann],
        )
        .await;
    }
    let expected: Vec<Uuid> = column(
        &client,
        "select id from chat.messages where body like 'pick%' order by created_at desc, id desc",
        &[],
    )
    .await;
    for step in ["before the index", "with the index"] {
        let mut seen: Vec<Uuid> = Vec::new();
        loop {
            let page: Vec<Uuid> = column(
                &client,
                "select (h -> 'message' ->> 'id')::uuid from chat.search_messages($1, 'pick', p_before => $2, p_limit => 17) h",
                &[&ann, &seen.last()],
            )
            .await;
            if page.is_empty() {
                break;
            }
            seen.extend(page);
        }
        assert!(
            seen == expected,
            "{step}: {} of {}",
            seen.len(),
            expected.len()
        );
        index_all(&client).await;
    }
}

const SYLLABLES: [&str; 14] = [
    "an", "ban", "is", "ter", "o", "é", "É", "東", "京", "大", "กา", "🎉", "x-y", "Ж",
];

fn bodies() -> impl Strategy<Value = Vec<String>> {
    let word = prop::collection::vec(prop::sample::select(&SYLLABLES[..]), 1..4)
        .prop_map(|parts| parts.concat());
    let body = prop::collection::vec(word, 1..6).prop_map(|words| words.join(" "));
    prop::collection::vec(body, 40..160)
}

fn queries() -> impl Strategy<Value = Vec<String>> {
    let term = (
        prop::collection::vec(prop::sample::select(&SYLLABLES[..]), 1..4),
        0..3usize,
        any::<bool>(),
    )
        .prop_map(|(parts, cut, is_phrase)| {
            let text: String = parts.concat().chars().skip(cut.min(1)).collect();
            if is_phrase {
                format!("\"{}\"", parts.join(" "))
            } else {
                text
            }
        });
    let query = prop::collection::vec(term, 1..3).prop_map(|terms| terms.join(" "));
    prop::collection::vec(query, 30)
}

/// The same by reading everything.
async fn scanned(client: &Client, actor: Uuid, query: &str) -> Vec<String> {
    column(
        client,
        "select m.body from chat.messages m
         join chat.members b on b.conversation_id = m.conversation_id and b.user_id = $1 and b.active
         where m.deleted_at is null and m.kind <> 'system'
           and not exists (
             select from unnest(chat.search_terms($2)) term
             where strpos(chat.fold_spaces(m.body), term) = 0)
         order by m.created_at desc, m.id desc limit 50",
        &[&actor, &query],
    )
    .await
}

#[tokio::test]
async fn the_index_finds_what_reading_everything_finds() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    let (ann, ben) = (user(&client, "Ann").await, user(&client, "Ben").await);
    let ours = group(&client, ann, &[ben]).await;
    let others = direct(&client, ann, ann).await;
    let mut runner = TestRunner::new(Config::default());
    let mut hits = 0;
    for round in 0..6 {
        let bodies = bodies().new_tree(&mut runner).unwrap().current();
        for (place, conversation) in [(0, ours), (1, others)] {
            let share: Vec<&String> = bodies.iter().skip(place).step_by(2).collect();
            run(
                &client,
                "insert into chat.messages (conversation_id, sender_id, body) select $1, $2, b from unnest($3::text[]) b",
                &[&conversation, &ann, &share],
            )
            .await;
        }
        match round % 3 {
            0 => index_all(&client).await,
            1 => {
                run(&client, "select chat.index_messages(2)", &[]).await;
            }
            _ => {
                run(
                    &client,
                    "update chat.messages set body = 'ban 東 ' || body where seq % 7 = 0",
                    &[],
                )
                .await;
            }
        }
        let queries = queries().new_tree(&mut runner).unwrap().current();
        for query in queries {
            for actor in [ann, ben] {
                match client
                    .query("select chat.search_messages($1, $2)", &[&actor, &query])
                    .await
                {
                    Ok(_) => {
                        let found = found(&client, actor, &query).await;
                        hits += found.len();
                        assert_eq!(found, scanned(&client, actor, &query).await, "{query}");
                    }
                    refused => {
                        let key = refusal(refused).1;
                        let is_too_short = key == "term_too_short" || key == "query_required";
                        assert!(is_too_short, "{query}: {key}");
                    }
                }
                by_lexemes(&client, &query).await;
            }
        }
    }
    assert!(hits > 100, "only {hits} hits");
}

/// Whatever a block says, the index knows of it: no text that matches is in a block that the index would pass over.
async fn by_lexemes(client: &Client, query: &str) {
    let missed: i64 = value(
        client,
        "with asked as (
             select array_agg(distinct '%' || replace(replace(replace(t, '\\', '\\\\'), '%', '\\%'), '_', '\\_') || '%') as patterns,
                 string_agg(l, ' & ')::tsquery as lexemes
             from unnest(chat.search_terms($1)) t left join lateral unnest(chat.term_lexemes(t)) l on true
         )
         select count(*) from chat.search_blocks b, asked a
         where exists (select from unnest(b.texts) x where x like all (a.patterns))
           and not chat.search_lexemes(b.texts, b.marks) @@ a.lexemes",
        &[&query],
    )
    .await;
    assert_eq!(missed, 0, "{query}");
}

/// So many that not all blocks are read: by the newest, and then by the index.
#[tokio::test]
async fn among_many_messages_it_is_the_same() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    let (ann, ben) = (user(&client, "Ann").await, user(&client, "Ben").await);
    for _ in 0..3 {
        group(&client, ann, &[ben]).await;
    }
    run(&client, "set session_replication_role = replica", &[]).await;
    // 21,000 messages: each has some of twenty words, the later ones seldom; times go back and forth.
    run(
        &client,
        "insert into chat.messages (conversation_id, seq, id, sender_id, body, created_at, revision, changed_xid)
         select c.id, n, gen_random_uuid(), $1, w.body, now() - interval '1 day' + interval '1 second' * (n + hashint4(n) % 500), 1, pg_current_xact_id()
         from chat.conversations c, generate_series(1, 7000) n
         cross join lateral (
             select coalesce(string_agg('word' || chr(96 + k), ' '), 'none') as body from generate_series(1, 20) k
             where abs(hashtext(c.id::text || n || k)::bigint) % (k * k * k) = 0) w
         where c.kind = 'group'",
        &[&ann],
    )
    .await;
    run(
        &client,
        "update chat.conversations set last_seq = 7000, last_message_at = now() where kind = 'group'",
        &[],
    )
    .await;
    run(&client, "set session_replication_role = origin", &[]).await;
    index_all(&client).await;
    run(
        &client,
        "update chat.messages set body = 'wordz ' || body where seq in (10, 3000)",
        &[],
    )
    .await;
    for query in [
        "worda",
        "wordb",
        "wordd",
        "wordh",
        "wordt",
        "ordt",
        "wordz",
        "wordb wordc",
        "wordd wordf",
        "wordr words",
        "nothere",
        "wo",
    ] {
        let found = found(&client, ben, query).await;
        assert_eq!(found, scanned(&client, ben, query).await, "{query}");
    }
    let expected: Vec<Uuid> = column(
        &client,
        "select id from chat.messages where body like '%wordf%' order by created_at desc, id desc",
        &[],
    )
    .await;
    let mut seen: Vec<Uuid> = Vec::new();
    loop {
        let page: Vec<Uuid> = column(
            &client,
            "select (h -> 'message' ->> 'id')::uuid from chat.search_messages($1, 'wordf', p_before => $2, p_limit => 30) h",
            &[&ben, &seen.last()],
        )
        .await;
        if page.is_empty() {
            break;
        }
        seen.extend(page);
    }
    assert!(seen == expected, "{} of {}", seen.len(), expected.len());
}

#[tokio::test]
async fn two_who_index_at_once_take_turns_and_what_is_sent_meanwhile_is_found() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    let mut first = database.connect().await;
    let ann = user(&client, "Ann").await;
    let ours = group(&client, ann, &[]).await;
    run(
        &client,
        "insert into chat.messages (conversation_id, sender_id, body) select $1, $2, 'early ' || n from generate_series(1, 100) n",
        &[&ours, &ann],
    )
    .await;
    let transaction = first.transaction().await.unwrap();
    let blocks: Option<i32> = transaction
        .query_one("select blocks from chat.index_messages()", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(blocks, Some(3));
    // The other finds it at work, and says so.
    let row = client
        .query_one("select blocks, unfinished from chat.index_messages()", &[])
        .await
        .unwrap();
    assert_eq!(row.get::<_, Option<i32>>(0), None);
    assert_eq!(row.get::<_, Vec<Uuid>>(1), [ours]);
    // Sending and editing wait for nobody.
    send(&client, ann, ours, "late one").await;
    let early: Uuid = value(
        &client,
        "select id from chat.messages where conversation_id = $1 and seq = 5",
        &[&ours],
    )
    .await;
    run(
        &client,
        "select chat.edit_message($1, $2, 'changed meanwhile')",
        &[&ann, &early],
    )
    .await;
    assert_eq!(found(&client, ann, "late").await, ["late one"]);
    transaction.commit().await.unwrap();

    assert_eq!(found(&client, ann, "changed").await, ["changed meanwhile"]);
    assert_eq!(found(&client, ann, "late").await, ["late one"]);
    assert_eq!(found(&client, ann, "\"early 5\"").await.len(), 10);
    index_all(&client).await;
    assert_eq!(found(&client, ann, "changed").await, ["changed meanwhile"]);
    let notes: i64 = value(&client, "select count(*) from chat.search_edits", &[]).await;
    assert_eq!(notes, 0);
}

#[tokio::test]
async fn a_rest_is_left_until_its_conversation_is_quiet_and_grows_with_it() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    let ann = user(&client, "Ann").await;
    let ours = group(&client, ann, &[]).await;
    let fill = "insert into chat.messages (conversation_id, sender_id, body) select $1, $2, 'n' || n from generate_series(1, $3) n";
    let blocks = "select first_seq || '-' || last_seq from chat.search_blocks where conversation_id = $1 order by first_seq";
    run(&client, fill, &[&ours, &ann, &40]).await;
    run(&client, "select chat.index_messages()", &[]).await;
    assert_eq!(column::<String>(&client, blocks, &[&ours]).await, ["1-32"]);
    index_all(&client).await;
    assert_eq!(
        column::<String>(&client, blocks, &[&ours]).await,
        ["1-32", "33-40"]
    );
    run(&client, fill, &[&ours, &ann, &30]).await;
    run(&client, "select chat.index_messages()", &[]).await;
    assert_eq!(
        column::<String>(&client, blocks, &[&ours]).await,
        ["1-32", "33-64"]
    );
    // What is very long makes smaller blocks, in any script.
    run(
        &client,
        "insert into chat.messages (conversation_id, sender_id, body) select $1, $2, repeat('क', 3990) || n from generate_series(1, 33) n",
        &[&ours, &ann],
    )
    .await;
    index_all(&client).await;
    assert_eq!(found(&client, ann, "ककक33").await.len(), 1);
}
