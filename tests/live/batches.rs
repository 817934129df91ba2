//! How sends gather into batches, seen from outside: nobody waits for another's lock, and order stays.

use serde_json::json;

use crate::cast::{Cast, until};
use crate::support::{run, value};

#[tokio::test]
async fn a_conversation_that_somebody_has_locked_holds_up_no_other() {
    let cast = Cast::with(&[("SENDS_PER_SECOND", "1000")]).await;
    let mut adas = cast.ada.connect().await;
    let mut eves = cast.eve.connect().await;
    let notes = cast.eve.direct(&cast.eve).await;
    let host = cast.database.connect().await;
    run(&host, "begin", &[]).await;
    run(
        &host,
        "select from chat.conversations where id = $1 for update",
        &[&cast.direct],
    )
    .await;

    for n in 0..100 {
        adas.send(json!({"type": "send", "ref": n, "conversation_id": cast.direct, "body": format!("{n}")}))
            .await;
    }
    let observer = cast.database.connect().await;
    until(
        &observer,
        "select exists (select from pg_stat_activity
         where datname = current_database() and wait_event_type = 'Lock')",
    )
    .await;
    for n in 0..3 {
        eves.send(
            json!({"type": "send", "ref": n, "conversation_id": notes, "body": "not waiting"}),
        )
        .await;
        eves.next_where(|frame| frame["type"] == "ack" && frame["ref"] == n)
            .await;
    }
    let stored: i64 = value(
        &observer,
        "select last_seq from chat.conversations where id = $1",
        &[&cast.direct],
    )
    .await;
    assert_eq!(stored, 0, "the lock was held all the while");

    run(&host, "commit", &[]).await;
    for n in 0..100 {
        let ack = adas
            .next_where(|frame| frame["type"] == "ack" && frame["ref"] == n)
            .await;
        assert_eq!(ack["message"]["seq"], n + 1, "the order of sending");
    }
}
