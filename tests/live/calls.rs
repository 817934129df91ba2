//! Calls as clients know them: who hears of them, by which door, and that nobody talks to the dead.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::cast::{Cast, until};
use crate::support::person::id;
use crate::support::{Person, ServerProcess, Socket, run};

fn command(action: &str, call: Uuid, device: &str) -> Value {
    json!({"type": "call", "action": action, "call_id": call, "device": device})
}

async fn request(caller: &Person, conversation: Uuid) -> Uuid {
    let path = format!("/api/conversations/{conversation}/calls");
    let (status, call) = caller
        .post(&path, json!({"media": "video", "device": "test"}))
        .await;
    assert_eq!(status, 201, "{call}");
    id(&call["id"])
}

/// The next event of the call in this state.
async fn call_is(socket: &mut Socket, state: &str) -> Value {
    socket
        .next_where(|frame| frame["type"] == "call" && frame["call"]["state"] == state)
        .await["call"]
        .clone()
}

#[tokio::test]
async fn a_call_rings_on_every_device_until_one_answers_and_no_stranger_hears_of_it() {
    let cast = Cast::assemble().await;
    let mut adas = cast.ada.connect().await;
    let mut phone = cast.bob.connect().await;
    let mut laptop = cast.bob.connect().await;
    let mut eves = cast.eve.connect().await;
    let asked = json!({"type": "call", "action": "request", "conversation_id": cast.direct, "media": "video"});
    let ack = adas.ask(asked.clone()).await;
    assert_eq!(ack["type"], "ack", "{ack}");
    let call = id(&ack["call"]["id"]);
    assert_eq!(ack["call"]["conversation"]["title"], "Bob");
    assert_eq!(
        adas.ask(asked).await["call"]["id"],
        ack["call"]["id"],
        "again is the same call"
    );
    for socket in [&mut phone, &mut laptop] {
        let rings = call_is(socket, "ringing").await;
        assert_eq!(
            (&rings["id"], &rings["media"]),
            (&json!(call), &json!("video"))
        );
    }
    phone.ask(command("response", call, "phone")).await;
    adas.next_where(|frame| frame["call"]["participants"][1]["state"] == "ringing")
        .await;
    let ack = phone.ask(command("answer", call, "phone")).await;
    assert_eq!(ack["call"]["state"], "active", "{ack}");
    let error = laptop.ask(command("answer", call, "laptop")).await;
    assert_eq!(
        (&error["status"], &error["code"]),
        (&json!(409), &json!("answered_elsewhere"))
    );
    let active = laptop
        .seen
        .iter()
        .find(|frame| frame["call"]["state"] == "active")
        .expect("who is told has heard why");
    assert_eq!(active["call"]["participants"][1]["device"], "phone");
    let (status, ended) = cast
        .ada
        .post(&format!("/api/calls/{call}/hangup"), json!({}))
        .await;
    assert_eq!((status, &ended["end_reason"]), (200, &json!("completed")));
    for socket in [&mut adas, &mut phone, &mut laptop] {
        call_is(socket, "ended").await;
    }
    let message = laptop
        .seen
        .iter()
        .find(|frame| frame["message"]["kind"] == "call")
        .expect("what it leaves comes before");
    assert_eq!(message["message"]["data"]["outcome"], "completed");
    eves.heard_nothing().await;
}

#[tokio::test]
async fn whoever_comes_while_it_rings_is_rung_and_who_ignored_it_is_not() {
    let cast = Cast::assemble().await;
    let call = request(&cast.ada, cast.direct).await;
    let cursor = cast.fresh_cursor(&cast.bob).await;
    let mut bobs = cast.bob.resume(&cursor).await;
    assert_eq!(call_is(&mut bobs, "ringing").await["id"], json!(call));
    let mut held = cast
        .bob
        .open(&format!("/ws/private/{}?cursor={cursor}", cast.direct))
        .await
        .unwrap();
    call_is(&mut held, "ringing").await;
    let mut eves = cast.eve.resume(&cursor).await;
    eves.heard_nothing().await;

    let mut adas = cast.ada.connect().await;
    bobs.send(command("ignore", call, "phone")).await;
    let ignored = bobs.next_of("call_ignored").await;
    assert_eq!(ignored["call_id"], json!(call));
    let mut next = cast.bob.resume(&cursor).await;
    next.next_of("call_ignored").await;
    assert!(next.kinds().contains(&"call"), "it goes on all the same");
    adas.heard_nothing().await;
    // A held socket is for its own conversation.
    let group = cast.ada.group(&[&cast.bob]).await;
    let elsewhere = request(&cast.ada, group).await;
    let error = held.ask(command("answer", elsewhere, "held")).await;
    assert_eq!(error["code"], "other_conversation");
    assert_eq!(
        held.ask(command("decline", call, "held")).await["type"],
        "ack"
    );
}

#[tokio::test]
async fn signals_arrive_whole_and_in_order_and_at_their_addressee_alone() {
    let cast = Cast::assemble().await;
    let cleo = Person::guest(cast.server.address, "Cleo").await;
    let group = cast.ada.group(&[&cast.bob, &cleo]).await;
    let mut adas = cast.ada.connect().await;
    let mut bobs = cast.bob.connect().await;
    let mut cleos = cleo.connect().await;
    let call = request(&cast.ada, group).await;
    for socket in [&mut bobs, &mut cleos] {
        call_is(socket, "ringing").await;
        socket.seen.clear();
    }
    // Small ones travel by themselves and those of 60 KB by reference, and none passes another.
    let data = |n: usize| match n % 3 {
        0 => json!({"n": n, "sdp": "ü\"\n".repeat(12_000)}),
        _ => json!({"n": n}),
    };
    for n in 0..30 {
        adas.send(json!({"type": "signal", "call_id": call, "to": cast.bob.id, "data": data(n)}))
            .await;
    }
    for n in 0..30 {
        let signal = bobs.next_of("signal").await;
        assert_eq!(signal["data"], data(n), "the {n}th");
        assert_eq!(
            (&signal["from"], &signal["to"], &signal["call_id"]),
            (&json!(cast.ada.id), &json!(cast.bob.id), &json!(call))
        );
    }
    let large = json!({"sdp": "x".repeat(1_900_000)});
    let path = format!("/api/calls/{call}/signals");
    let (status, _) = cast
        .bob
        .post(&path, json!({"to": cast.ada.id, "data": large}))
        .await;
    assert_eq!(status, 200);
    assert_eq!(adas.next_of("signal").await["data"], large);
    for (person, to, code) in [
        (&cast.eve, cast.bob.id, "not_a_member"),
        (&cast.ada, cast.eve.id, "participant_not_found"),
    ] {
        let (_, refused) = person.post(&path, json!({"to": to, "data": 1})).await;
        assert_eq!(refused["code"], code);
    }
    cleos.heard_nothing().await;
}

#[tokio::test]
async fn a_call_rings_for_as_long_as_the_setting_says_and_is_missed_then() {
    let cast = Cast::with(&[("CALL_RING_SECONDS", "5")]).await;
    let mut adas = cast.ada.connect().await;
    let began = std::time::Instant::now();
    request(&cast.ada, cast.direct).await;
    let ended = call_is(&mut adas, "ended").await;
    assert_eq!(ended["end_reason"], "missed");
    let rang = began.elapsed().as_secs_f64();
    assert!((4.5..20.0).contains(&rang), "{rang} s");
    let (_, conversations) = cast.bob.get("/api/conversations").await;
    assert_eq!(conversations["items"][0]["unread"], 1);
}

#[tokio::test]
async fn callers_at_a_server_that_was_killed_are_hung_up_by_another() {
    let cast = Cast::assemble().await;
    let mut dying = ServerProcess::start(&cast.database).await;
    let database = cast.database.connect().await;
    let mut adas = cast.ada.connect().await;
    let bobs = cast.bob.at(dying.address).connect().await;
    let is_there = format!(
        "select exists (select from chat.presence where user_id = '{}')",
        cast.bob.id
    );
    until(&database, &is_there).await;
    let call = request(&cast.ada, cast.direct).await;
    let bob = cast.bob.at(dying.address);
    bob.post(&format!("/api/calls/{call}/answer"), json!({}))
        .await;
    call_is(&mut adas, "active").await;
    dying.kill();
    drop(bobs);
    until(&database, &format!("select not ({is_there})")).await;
    // As if that, and the living server's start, were half a minute ago.
    run(
        &database,
        "update chat.servers set started_at = started_at - interval '30 s'",
        &[],
    )
    .await;
    run(
        &database,
        "update chat.users set last_seen_at = last_seen_at - interval '30 s' where id = $1",
        &[&cast.bob.id],
    )
    .await;
    run(&database, "begin", &[]).await;
    run(
        &database,
        "set local session_replication_role = replica",
        &[],
    )
    .await;
    run(
        &database,
        "update chat.call_participants set joined_at = joined_at - interval '60 s'",
        &[],
    )
    .await;
    run(&database, "commit", &[]).await;
    let ended = call_is(&mut adas, "ended").await;
    assert_eq!(ended["end_reason"], "completed");
    let (_, told) = cast.ada.get(&format!("/api/calls/{call}")).await;
    let last = told["log"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (&last["action"], &last["user_id"]),
        (&json!("expire"), &json!(cast.bob.id))
    );
}

#[tokio::test]
async fn what_is_no_action_or_names_nothing_is_refused_by_name() {
    let cast = Cast::assemble().await;
    let call = request(&cast.ada, cast.direct).await;
    let (status, _) = cast
        .bob
        .post(&format!("/api/calls/{call}/dance"), json!({}))
        .await;
    assert_eq!(status, 404);
    let (status, answer) = cast
        .bob
        .post(&format!("/api/calls/{}/answer", Uuid::new_v4()), json!({}))
        .await;
    assert_eq!((status, &answer["code"]), (404, &json!("call_not_found")));
    for (frame, detail) in [
        (json!({"action": "dance"}), "action: "),
        (json!({"action": "request"}), "conversation_id: "),
        (json!({"action": "answer"}), "call_id: "),
        (
            json!({"action": "answer", "call_id": call, "device": ""}),
            "device: ",
        ),
        (
            json!({"action": "answer", "call_id": call, "device": "\u{0}"}),
            "device: ",
        ),
        (
            json!({"action": "request", "conversation_id": cast.direct, "media": "smell"}),
            "media: ",
        ),
    ] {
        let mut frame = frame;
        frame["type"] = "call".into();
        let (status, answer) = cast.ada.post("/api/commands", frame.clone()).await;
        assert_eq!(status, 422, "{frame}: {answer}");
        assert!(
            answer["detail"].as_str().unwrap().starts_with(detail),
            "{answer}"
        );
    }
    // By the conversation, without knowing the call; and without a body.
    let by_place = json!({"type": "call", "action": "reject", "conversation_id": cast.direct});
    let (status, answer) = cast.bob.post("/api/commands", by_place).await;
    assert_eq!(
        (status, &answer["call"]["end_reason"]),
        (200, &json!("declined"))
    );
    let (status, _) = cast
        .bob
        .ask(
            reqwest::Method::POST,
            &format!("/api/calls/{call}/decline"),
            None,
        )
        .await;
    assert_eq!(status, 200);
}
