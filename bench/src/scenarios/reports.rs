//! How long the reports take in a large chat.

use std::time::Instant;

use anyhow::Result;
use uuid::Uuid;

use super::Bench;
use crate::corpus::{Text, fill};
use crate::database::Database;
use crate::report::Column;
use crate::seed;

const MESSAGES: u64 = 1_000_000;
const MESSAGES_QUICK: u64 = 50_000;
const PEOPLE: u32 = 200;
/// Marks of everyone in each conversation were raised so often that all together are about as many as the messages.
const MARKS_OF_MEMBERS: i64 = 12;
/// The middle one counts.
const TIMES: usize = 3;
/// Of these one asks for one conversation: they have a row for each message, or for each of its readers.
const OF_ONE_CONVERSATION: [&str; 2] = ["responses", "receipt_delays"];

pub fn run(bench: &mut Bench) -> Result<()> {
    if bench.webchat().is_none() {
        return Ok(());
    }
    let count = if bench.is_quick {
        MESSAGES_QUICK
    } else {
        MESSAGES
    };
    bench.with_database("reports", |bench, database| {
        let people = seed::people(database, PEOPLE)?;
        let ids: Vec<Uuid> = people.iter().map(|person| person.id).collect();
        fill(database, &mut Text::new(), &ids, count)?;
        raise_marks(database)?;
        let receipts: i64 = database
            .row("select count(*) from chat.receipts", &[])?
            .get(0);
        let section = format!("Reports: {count} messages, {receipts} receipts");
        let views = database.rows(
            "select c.relname::text from pg_class c where c.relnamespace = 'chat_report'::regnamespace and c.relkind = 'v' order by 1",
            &[],
        )?;
        let largest: Uuid = database
            .row("select id from chat.conversations order by last_seq desc limit 1", &[])?
            .get(0);
        for view in views {
            let view: String = view.get(0);
            let is_of_one = OF_ONE_CONVERSATION.contains(&view.as_str());
            let condition = if is_of_one {
                format!(" where conversation_id = '{largest}'")
            } else {
                String::new()
            };
            // With all of its columns, which a count alone would leave out.
            let sql = format!(
                "select count(r.*) from (select * from chat_report.{view}{condition} offset 0) r"
            );
            let mut took = Vec::new();
            for _ in 0..TIMES {
                let began = Instant::now();
                database.row(&sql, &[])?;
                took.push(began.elapsed().as_secs_f64() * 1e3);
            }
            took.sort_by(f64::total_cmp);
            let what = if is_of_one {
                " of the largest conversation"
            } else {
                ""
            };
            bench.report.figure(
                &section,
                &format!("{view}{what}, ms"),
                Column::Webchat,
                took[TIMES / 2],
            );
        }
        Ok(())
    })
}

/// In steps, at the times of what they reach, a minute later. Triggers stay out of it.
fn raise_marks(database: &Database) -> Result<()> {
    database.run("set session_replication_role = replica")?;
    database.rows(
        "insert into chat.receipts (conversation_id, user_id, delivered_seq, read_seq, at, changed_xid)
         select m.conversation_id, u.user_id, m.seq, m.seq, m.created_at + interval '1 minute', pg_current_xact_id()
         from chat.messages m join chat.members u on u.conversation_id = m.conversation_id
         where (m.seq + hashtext(u.user_id::text)) % $1 = 0
         on conflict do nothing",
        &[&MARKS_OF_MEMBERS],
    )?;
    database.run("set session_replication_role = origin")?;
    database.run("vacuum (analyze) chat.messages, chat.receipts")
}
