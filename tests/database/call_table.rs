//! The table of docs/calls.md, walked cell by cell.

use serde_json::Value;
use tokio_postgres::Client;
use uuid::Uuid;

use crate::support::{TestDatabase, direct, group, run, user, value};

const DOCUMENT: &str = include_str!("../../docs/calls.md");
const ACTIONS: [&str; 9] = [
    "request", "response", "answer", "decline", "busy", "ignore", "cancel", "hangup", "end",
];

/// One line of the table: where, in what, as whom; and what each action comes to.
struct Line {
    place: &'static str,
    call: &'static str,
    who: &'static str,
    cells: Vec<&'static str>,
}

fn table() -> Vec<Line> {
    let rows = DOCUMENT
        .lines()
        .filter(|line| line.starts_with('|'))
        .map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect())
        .filter(|cells: &Vec<&str>| cells.len() == 3 + ACTIONS.len());
    let mut rows = rows.map(|cells| Line {
        place: cells[0],
        call: cells[1],
        who: cells[2],
        cells: cells[3..].to_vec(),
    });
    let head = rows.next().unwrap();
    assert_eq!(head.cells, ACTIONS, "the columns of the table");
    assert_eq!(rows.next().unwrap().place, "---");
    rows.collect()
}

/// A conversation with a call in it, and those who may be in it.
struct Stage<'a> {
    client: &'a Client,
    conversation: Uuid,
    caller: Uuid,
    /// The others of a group, whom the call rings for; of a direct chat, the other.
    callee: Uuid,
    second: Uuid,
    owner: Uuid,
    newcomer: Uuid,
    stranger: Uuid,
    call: Option<Uuid>,
}

impl<'a> Stage<'a> {
    /// Of the same people each time. What ran in their direct chat before is over.
    async fn set(client: &'a Client, people: &[Uuid], place: &str) -> Self {
        run(
            client,
            "insert into chat.call_log (call_id, action) select id, 'end' from chat.calls where ended_at is null",
            &[],
        )
        .await;
        let (caller, callee, second, owner) = (people[0], people[1], people[2], people[3]);
        let conversation = match place {
            "direct" => direct(client, caller, callee).await,
            "group" => group(client, owner, &[caller, callee, second]).await,
            other => panic!("there is no setting {other}"),
        };
        Self {
            client,
            conversation,
            caller,
            callee,
            second,
            owner,
            newcomer: people[4],
            stranger: people[5],
            call: None,
        }
    }

    async fn act(&self, actor: Uuid, action: &str) -> Result<Uuid, String> {
        let target = match (action, self.call) {
            ("request", _) | (_, None) => self.conversation,
            (_, Some(call)) => call,
        };
        let acted = self
            .client
            .query_one(
                "select id from chat.call_action($1, $2, $3)",
                &[&actor, &target, &action],
            )
            .await;
        match acted {
            Ok(row) => Ok(row.get(0)),
            Err(error) => {
                let answer = error.as_db_error().unwrap();
                Err(format!("{} {}", answer.code().code(), answer.message()))
            }
        }
    }

    async fn done(&self, actor: Uuid, actions: &[&str]) {
        for action in actions {
            self.act(actor, action).await.unwrap();
        }
    }

    /// Brings about what a line begins with; answers with the one who acts.
    async fn bring_about(&mut self, line: &Line) -> Uuid {
        let (caller, callee, second, owner) = (self.caller, self.callee, self.second, self.owner);
        if line.call != "none yet" {
            self.call = Some(self.act(caller, "request").await.unwrap());
        }
        if line.who.starts_with("newcomer") {
            run(
                self.client,
                "select chat.add_member($1, $2, $3)",
                &[&owner, &self.conversation, &self.newcomer],
            )
            .await;
        }
        let is_group = line.place == "group";
        match (line.call, line.who) {
            ("none yet", _)
            | (
                "ringing",
                "caller, joined" | "callee, called" | "owner, called" | "newcomer, not in it",
            ) => {}
            ("ringing", "callee, ringing") => self.done(callee, &["response"]).await,
            ("ringing", "callee, ringing and ignoring") => {
                self.done(callee, &["response", "ignore"]).await;
            }
            ("ringing", "callee, last one called") => {
                self.done(second, &["decline"]).await;
                self.done(owner, &["decline"]).await;
            }
            ("ringing", "callee, declined") => self.done(callee, &["decline"]).await,
            ("ringing", "callee, busy") => self.done(callee, &["busy"]).await,
            ("cancelled", _) => self.done(caller, &["cancel"]).await,
            ("declined", _) => self.done(callee, &["decline"]).await,
            ("busy", _) => self.done(callee, &["busy"]).await,
            ("missed", _) => self.ring_out().await,
            ("active", _) if !is_group => self.done(callee, &["answer"]).await,
            ("completed", _) if !is_group => {
                // Whoever is asked about has not hung up by themselves in the one case, and has in the other.
                self.done(callee, &["answer", "hangup"]).await;
            }
            ("active" | "completed", _) => {
                self.done(second, &["answer"]).await;
                match line.who {
                    "caller, joined" => self.done(callee, &["answer"]).await,
                    "caller, left" => {
                        self.done(callee, &["answer"]).await;
                        self.done(caller, &["hangup"]).await;
                    }
                    "callee, called" | "newcomer, not in it" | "stranger, no member" => {}
                    "callee, ringing" => self.done(callee, &["response"]).await,
                    "callee, one of three joined" => self.done(callee, &["answer"]).await,
                    "callee, one of two joined" => {
                        self.done(callee, &["answer"]).await;
                        self.done(second, &["hangup"]).await;
                    }
                    "callee, declined" => self.done(callee, &["decline"]).await,
                    "callee, busy" => self.done(callee, &["busy"]).await,
                    "callee, missed" => self.ring_out().await,
                    "callee, left" => self.done(callee, &["answer", "hangup"]).await,
                    "owner, declined" => self.done(owner, &["decline"]).await,
                    other => panic!("nobody knows how one becomes {other:?}"),
                }
                if line.call == "completed" {
                    self.done(second, &["hangup"]).await;
                }
            }
            other => panic!("nobody knows how to come to {other:?}"),
        }
        match line.who.split(',').next().unwrap() {
            "caller" | "member" => caller,
            "callee" => callee,
            "owner" => owner,
            "newcomer" => self.newcomer,
            "stranger" => self.stranger,
            other => panic!("there is no {other}"),
        }
    }

    async fn ring_out(&self) {
        run(
            self.client,
            "insert into chat.call_log (call_id, action) values ($1, 'expire')",
            &[&self.call],
        )
        .await;
    }

    /// What the call is, and the actor in it: `ended, left`. Of an ended one its reason, if asked for.
    async fn state(&self, call: Uuid, actor: Uuid, by_reason: bool) -> String {
        let json: Value = value(self.client, "select chat.read_call(null, $1)", &[&call]).await;
        let own = json["participants"]
            .as_array()
            .unwrap()
            .iter()
            .find(|one| one["user_id"] == actor.to_string());
        let call = match json["end_reason"].as_str() {
            Some(reason) if by_reason => reason,
            _ => json["state"].as_str().unwrap(),
        };
        match own {
            Some(own) => format!("{call}, {}", own["state"].as_str().unwrap()),
            None => call.to_owned(),
        }
    }

    /// All that could have changed, in one text.
    async fn everything(&self) -> String {
        value(
            self.client,
            "select concat(
                (select json_agg(k order by k.id) from chat.calls k where k.conversation_id = $1),
                (select json_agg(p order by p.call_id, p.user_id) from chat.call_participants p join chat.calls k on k.id = p.call_id where k.conversation_id = $1),
                (select json_agg(l order by l.call_id, l.number) from chat.call_log l join chat.calls k on k.id = l.call_id where k.conversation_id = $1),
                (select json_agg(m order by m.seq) from chat.messages m where m.conversation_id = $1))",
            &[&self.conversation],
        )
        .await
    }
}

fn refusal(code: &str) -> String {
    match code {
        "wrong" => "CH409 wrong_call_state".to_owned(),
        "call_not_found" => format!("CH404 {code}"),
        _ if code.starts_with("not_") => format!("CH403 {code}"),
        _ => format!("CH409 {code}"),
    }
}

#[tokio::test]
async fn every_cell_of_the_table_in_the_documents_is_true() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    // Some thousands of transactions, none of which has to outlive the test.
    run(&client, "set synchronous_commit = off", &[]).await;
    let mut people = Vec::new();
    for name in [
        "Caller", "Callee", "Second", "Owner", "Newcomer", "Stranger",
    ] {
        people.push(user(&client, name).await);
    }
    let mut wrong = Vec::new();
    let mut walked = 0;
    for line in table() {
        for (column, cell) in ACTIONS.iter().zip(&line.cells) {
            let synonyms = match *column {
                "answer" => vec!["answer", "accept"],
                "decline" => vec!["decline", "reject"],
                other => vec![other],
            };
            for action in synonyms {
                let mut stage = Stage::set(&client, &people, line.place).await;
                let actor = stage.bring_about(&line).await;
                if let Some(call) = stage.call {
                    check_beginning(&stage, call, actor, &line).await;
                }
                let before = stage.everything().await;
                let outcome = stage.act(actor, action).await;
                let is_as_before = stage.everything().await == before;
                let came_to = match outcome {
                    Err(refused) => {
                        assert!(is_as_before, "what is refused changes nothing");
                        refused
                    }
                    Ok(call) if Some(call) != stage.call => {
                        assert_eq!(stage.state(call, actor, false).await, "ringing, joined");
                        "new".to_owned()
                    }
                    Ok(_) if is_as_before => "=".to_owned(),
                    Ok(call) => stage.state(call, actor, false).await,
                };
                let is_refusal = !cell.contains(' ') && !["=", "new"].contains(cell);
                let told = if is_refusal {
                    refusal(cell)
                } else {
                    (*cell).to_owned()
                };
                if came_to != told {
                    wrong.push(format!(
                        "{} | {} | {} | {action}: {told:?} in the document, {came_to:?} in the database",
                        line.place, line.call, line.who
                    ));
                }
                walked += 1;
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(walked > 300, "only {walked} cells were found");
}

/// The line says what it begins with, and that is what it begins with.
async fn check_beginning(stage: &Stage<'_>, call: Uuid, actor: Uuid, line: &Line) {
    let (_, own) = line.who.split_once(", ").unwrap();
    let own = match own {
        "ringing and ignoring" => "ringing",
        "last one called" => "called",
        "one of three joined" | "one of two joined" => "joined",
        other => other,
    };
    let begins = match own {
        "not in it" | "no member" => line.call.to_owned(),
        own => format!("{}, {own}", line.call),
    };
    assert_eq!(
        stage.state(call, actor, true).await,
        begins,
        "{} | {} | {}",
        line.place,
        line.call,
        line.who
    );
}
