//! What people might have written to each other in a year.

use anyhow::Result;
use uuid::Uuid;

use crate::chance::Chance;
use crate::database::Database;

pub const CONVERSATIONS: usize = 300;
/// Of a conversation; the first of all people is in every one besides.
const MEMBERS: usize = 12;
/// Different words.
pub const WORDS: usize = 50_000;
/// Rows of one insert.
const CHUNK: usize = 5_000;

/// Conversations of uneven size over a year, with messages as people might write them. Triggers stay out of it, as in
/// `seed::bulk_messages`.
pub fn fill(database: &Database, text: &mut Text, people: &[Uuid], count: u64) -> Result<()> {
    database.run("set chat.quiet = on")?;
    let mut conversations = Vec::new();
    for place in 0..CONVERSATIONS {
        let mut members: Vec<Uuid> = (0..MEMBERS)
            .map(|nth| people[1 + (place * 7 + nth * nth * 3) % (people.len() - 1)])
            .collect();
        members.push(people[0]);
        members.sort_unstable();
        members.dedup();
        let row = database.row(
            "select id from chat.create_group(null, 'Group', $1)",
            &[&members],
        )?;
        conversations.push((row.get::<_, Uuid>(0), members));
    }
    let weight = |place: usize| ((place + 1) as f64).powf(-0.7);
    let weights: f64 = (0..CONVERSATIONS).map(weight).sum();
    database.run("set session_replication_role = replica")?;
    for (place, (conversation, members)) in conversations.iter().enumerate() {
        let messages = (count as f64 * weight(place) / weights).ceil() as usize;
        for begin in (0..messages).step_by(CHUNK) {
            let bodies: Vec<String> = (begin..messages.min(begin + CHUNK))
                .map(|_| text.body())
                .collect();
            database.rows(
                "insert into chat.messages (conversation_id, seq, id, sender_id, body, created_at, revision, changed_xid)
                 select $1, $2::bigint + b.n, chat.uuid_v7(), ($4::uuid[])[1 + b.n % cardinality($4)], b.body,
                     now() - interval '365 days' * (1 - ($2::bigint + b.n) / $5::float8), 1, pg_current_xact_id()
                 from unnest($3::text[]) with ordinality b (body, n)",
                &[
                    conversation,
                    &i64::try_from(begin)?,
                    &bodies,
                    members,
                    &(messages as f64),
                ],
            )?;
        }
    }
    database.run(
        "update chat.conversations c set last_seq = m.last_seq, last_message_at = m.last_at
         from (select conversation_id, max(seq) as last_seq, max(created_at) as last_at from chat.messages group by 1) m
         where m.conversation_id = c.id;
         set session_replication_role = origin;",
    )?;
    database.run("vacuum (analyze) chat.messages")
}

/// Text like people's: words as frequent as Zipf says, some Chinese, some links. The same in each run.
pub struct Text {
    chance: Chance,
    words: Vec<String>,
}

impl Text {
    pub fn new() -> Self {
        let mut text = Self {
            chance: Chance::new(7),
            words: Vec::new(),
        };
        let mut seen = std::collections::HashSet::new();
        while text.words.len() < WORDS {
            let syllables = match text.words.len() {
                0..200 => 1,
                200..2_000 => 1 + text.chance.below(2),
                _ => 2 + text.chance.below(3),
            };
            let word: String = (0..syllables).map(|_| text.syllable()).collect();
            if seen.insert(word.clone()) {
                text.words.push(word);
            }
        }
        text
    }

    fn pick(&mut self, of: &[&'static str]) -> &'static str {
        of[self.chance.below(of.len())]
    }

    fn syllable(&mut self) -> String {
        let begin = self.pick(&[
            "b", "c", "d", "f", "g", "h", "l", "m", "n", "p", "r", "s", "t", "v", "w", "ch", "cl",
            "dr", "fl", "gr", "pl", "sh", "sp", "st", "th", "tr", "wh",
        ]);
        let middle = self.pick(&["a", "e", "i", "o", "u", "ai", "ea", "ee", "oo", "ou"]);
        let end = self.pick(&["", "", "n", "r", "s", "t", "l", "m", "d", "ng", "st", "ck"]);
        [begin, middle, end].concat()
    }

    /// A word of these ranks, the first of which is the commonest.
    pub fn word_of(&mut self, first: usize, last: usize) -> String {
        let rank = first + self.chance.below(last - first);
        self.words[rank].clone()
    }

    /// Of n words one is as frequent as 1 / rank.
    fn zipf(&mut self) -> usize {
        let rank = (WORDS as f64).powf(self.chance.share()) as usize;
        rank.min(WORDS) - 1
    }

    pub fn cjk(&mut self, count: usize) -> String {
        (0..count)
            .filter_map(|_| {
                let rank = self.chance.share().powi(2) * 3_000.0;
                char::from_u32(0x4e00 + rank as u32)
            })
            .collect()
    }

    /// Some 60 characters.
    fn body(&mut self) -> String {
        if self.chance.share() < 0.05 {
            let count = 5 + self.chance.below(30);
            return self.cjk(count);
        }
        let count = 2 + self.chance.below(16);
        let mut words: Vec<String> = (0..count)
            .map(|_| {
                let rank = self.zipf();
                self.words[rank].clone()
            })
            .collect();
        if self.chance.share() < 0.02 {
            let rank = self.zipf();
            words.push(format!("https://{}.example.com/{rank}", self.words[rank]));
        }
        words.join(" ")
    }
}
