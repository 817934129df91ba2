//! People, conversations and messages, made in bulk before a server runs: one by one they would be announced to it.

use anyhow::Result;
use uuid::Uuid;

use crate::database::Database;

/// Someone who can connect.
#[derive(Clone, Debug)]
pub struct Person {
    pub id: Uuid,
    pub token: String,
    pub number: u32,
}

/// Two people and their direct conversation.
#[derive(Clone, Debug)]
pub struct Pair {
    pub conversation: Uuid,
    pub a: Person,
    pub b: Person,
}

/// Brings the number of people to `count` and answers with all of them.
pub fn people(database: &Database, count: u32) -> Result<Vec<Person>> {
    let count = i64::from(count);
    database.rows(
        "insert into chat.users (external_id, name)
         select 'bench-' || n, 'Person ' || n
         from generate_series((select count(*) from chat.users where external_id like 'bench-%'), $1::bigint - 1) n",
        &[&count],
    )?;
    database.rows(
        "select count(chat.start_session(u.id, sha256(convert_to('token-of-' || u.external_id, 'utf8')), interval '1 day'))
         from chat.users u
         where u.external_id like 'bench-%' and not exists (select from chat.sessions s where s.user_id = u.id)",
        &[],
    )?;
    database.run("analyze chat.users, chat.sessions, chat.members, chat.marks")?;
    let rows = database.rows(
        "select id, external_id from chat.users where external_id like 'bench-%'
         order by substr(external_id, 7)::integer limit $1",
        &[&count],
    )?;
    Ok((0..)
        .zip(rows)
        .map(|(number, row)| Person {
            id: row.get(0),
            token: format!("token-of-{}", row.get::<_, String>(1)),
            number,
        })
        .collect())
}

/// Each with the next one.
pub fn pairs(database: &Database, people: &[Person]) -> Result<Vec<Pair>> {
    people
        .chunks_exact(2)
        .map(|two| {
            let row = database.row(
                "select id from chat.open_direct($1, $2)",
                &[&two[0].id, &two[1].id],
            )?;
            Ok(Pair {
                conversation: row.get(0),
                a: two[0].clone(),
                b: two[1].clone(),
            })
        })
        .collect()
}

/// All in one group, where only what is measured is said.
pub fn group(database: &Database, people: &[Person]) -> Result<Uuid> {
    database.run("set chat.quiet = on")?;
    let ids: Vec<Uuid> = people.iter().map(|person| person.id).collect();
    let row = database.row(
        "select id from chat.create_group(null, 'All of them', $1)",
        &[&ids],
    )?;
    Ok(row.get(0))
}

/// So many messages in the conversation, by its members in turn, under the same rules as any.
pub fn messages(database: &Database, conversation: Uuid, count: u32) -> Result<()> {
    database.rows(
        "insert into chat.messages (conversation_id, sender_id, body)
         select $1, m.ids[1 + n % cardinality(m.ids)], 'Message ' || n || ': shall we meet at noon by the river?'
         from generate_series(1, $2::bigint) n,
             (select array_agg(user_id order by user_id) as ids from chat.members where conversation_id = $1) m",
        &[&conversation, &i64::from(count)],
    )?;
    database.run("analyze chat.messages")
}

/// Fills the pairs' conversations with messages, evenly, until there are `count` in all. Triggers stay out of it, which
/// is for us alone to do: nobody is connected, and what they would do is done here.
pub fn bulk_messages(database: &Database, pairs: &[Pair], count: u64) -> Result<()> {
    let ids: Vec<Uuid> = pairs.iter().map(|pair| pair.conversation).collect();
    let each = i64::try_from(count / pairs.len() as u64)?;
    database.run("set session_replication_role = replica")?;
    database.rows(
        "insert into chat.messages (conversation_id, seq, id, sender_id, body, client_id, created_at, revision, changed_xid)
         select c.id, n, chat.uuid_v7(), case when n % 2 = 0 then c.direct_low else c.direct_high end,
             'Message ' || n || ': shall we meet at noon by the river?', 'bulk-' || n,
             now() - (interval '1 second' * ($2::bigint - n)), 1, pg_current_xact_id()
         from chat.conversations c, generate_series(c.last_seq + 1, $2::bigint) n
         where c.id = any ($1)",
        &[&ids, &each],
    )?;
    database.rows(
        "update chat.conversations set last_seq = greatest(last_seq, $2), last_message_at = now() where id = any ($1)",
        &[&ids, &each],
    )?;
    database.rows(
        "update chat.marks set delivered_seq = $2, read_seq = $2 where conversation_id = any ($1) and read_seq < $2",
        &[&ids, &each],
    )?;
    database.run("set session_replication_role = origin")?;
    database.run("vacuum (analyze) chat.messages, chat.conversations, chat.marks")
}

/// Gives the peer the same messages.
pub fn copy_to_peer(database: &Database) -> Result<()> {
    database.run(
        "insert into peer.messages (conversation_id, sender_id, body, client_id, created_at)
         select conversation_id, sender_id, body, client_id, created_at from chat.messages order by conversation_id, seq",
    )?;
    database.run("vacuum (analyze) peer.messages")
}
