//! Groups and rooms as people see them: asking to be let in, links, who does what, and whom one does not want to hear from.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::accessibility::{RULES, check, open_calm};
use crate::browser::Browser;
use crate::support::{Person, TestDatabase, TestServer};

async fn room(owner: &Person, policy: &str, members: &[Uuid]) -> Uuid {
    let body = json!({"name": "Club", "description": "All about it", "join_policy": policy});
    let (_, room) = owner.post("/api/rooms", body).await;
    let id = room["id"].as_str().unwrap().parse().unwrap();
    if !members.is_empty() {
        let path = format!("/api/conversations/{id}/members");
        let (status, added) = owner.post(&path, json!({"user_ids": members})).await;
        assert_eq!(status, 201, "{added}");
    }
    id
}

async fn make_owner(owner: &Person, conversation: Uuid, user: Uuid) {
    let path = format!("/api/conversations/{conversation}/members/{user}");
    let (status, made) = owner.put(&path, json!({"role": "owner"})).await;
    assert_eq!(status, 200, "{made}");
}

/// What the system has told, in order.
const TOLD: &str = "Array.from(document.querySelectorAll('.message--system .message__body'), (body) => body.textContent)";

fn is_told(words: &str) -> String {
    format!("{TOLD}.includes({})", json!(words))
}

/// What may be done about the conversation that is open.
const DEEDS: &str = "Array.from(document.querySelectorAll('.room [data-deed]'), ({ dataset }) => dataset.dialog ?? dataset.deed).join()";

#[tokio::test]
async fn who_asks_waits_and_comes_in_the_moment_that_an_owner_approves() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let bob = Person::guest(server.address, "Bob").await;
    let ada = Browser::enter(server.address, "Ada").await;
    let eve = Browser::enter(server.address, "Eve").await;
    let club = room(&bob, "approval", &[ada.user_id().await]).await;
    make_owner(&bob, club, ada.user_id().await).await;
    ada.go(&format!("/c/{club}")).await;
    ada.until_live().await;
    ada.find("[data-dialog=edit]").await;

    // Eve finds it and asks.
    eve.until_live().await;
    eve.click(".sidebar__new").await;
    eve.click("[data-rooms=browse]").await;
    eve.click(&format!("[data-join=\"{club}\"]")).await;
    eve.until("document.querySelector('.waiting__state')?.textContent === 'Waiting for approval'")
        .await;
    // Ada sees it come, and approves.
    ada.until("document.querySelector('.pane__details').dataset.count === '1'")
        .await;
    ada.click("[data-deed=approve]").await;
    eve.until("document.querySelector('.pane__title')?.textContent === 'Club' && document.querySelector('#composer')")
        .await;
    ada.until(&is_told("Ada let Eve in")).await;
    ada.until("!('count' in document.querySelector('.pane__details').dataset)")
        .await;
    ada.until("document.querySelector('.pane__status').textContent === '3 people in this room'")
        .await;
    eve.until("document.querySelector('#composer:enabled')")
        .await;
    assert_eq!(eve.value(DEEDS).await, "", "a member does nothing of that");
    eve.say("hello").await;
    ada.until_said("hello").await;
    ada.close().await;
    eve.close().await;
    server.stop().await;
}

#[tokio::test]
async fn who_is_not_let_in_is_told_so_and_may_withdraw_before() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let bob = Person::guest(server.address, "Bob").await;
    let club = room(&bob, "approval", &[]).await;
    let eve = Browser::enter(server.address, "Eve").await;
    let ask = format!("fetch('/api/rooms/{club}/join', {{ method: 'POST' }}).then(() => true)");
    eve.value(&ask).await;
    eve.go(&format!("/c/{club}")).await;
    eve.until_live().await;
    eve.until("document.querySelector('.waiting')").await;
    let path = format!(
        "/api/conversations/{club}/members/{}/deny",
        eve.user_id().await
    );
    assert_eq!(bob.post(&path, json!({})).await.0, 200);
    eve.until(
        "document.querySelector('.waiting__state').textContent === 'You were not let in this time'",
    )
    .await;
    eve.value(&ask).await;
    eve.go(&format!("/c/{club}")).await;
    eve.until_live().await;
    eve.click(".waiting__withdraw").await;
    eve.until("document.querySelector('.pane__title')?.textContent === 'General'")
        .await;
    let (_, waiting) = bob
        .get(&format!("/api/conversations/{club}/members?state=pending"))
        .await;
    assert_eq!(waiting["items"], json!([]));
    eve.close().await;
    server.stop().await;
}

#[tokio::test]
async fn a_link_brings_a_stranger_from_its_page_into_the_room() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Browser::enter(server.address, "Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    let club = room(&bob, "invite", &[ada.user_id().await]).await;
    make_owner(&bob, club, ada.user_id().await).await;
    ada.go(&format!("/c/{club}")).await;
    ada.until_live().await;
    ada.click("[data-dialog=link]").await;
    ada.click(".new-link [type=submit]").await;
    ada.until("document.querySelectorAll('.invite').length === 1")
        .await;
    assert_eq!(
        ada.text(".invite__detail").await.split(" · ").next(),
        Some("not used yet")
    );
    let link = ada.text(".invite__address").await;

    let eve = Browser::open(server.address).await;
    eve.go(&link).await;
    assert_eq!(eve.text(".welcome__title").await, "Club");
    assert_eq!(eve.text(".invitation__count").await, "2 people");
    eve.type_into("#name", "Eve").await;
    eve.click("button[type=submit]").await;
    eve.until("document.querySelector('.welcome__form button')?.textContent === 'Join'")
        .await;
    assert_eq!(eve.value("location.pathname").await, link.as_str());
    eve.click("button[type=submit]").await;
    eve.until("document.querySelector('.pane__title')?.textContent === 'Club'")
        .await;
    ada.until(&is_told("Eve joined by a link")).await;
    ada.until("document.querySelector('.invite__detail').textContent.startsWith('used once')")
        .await;
    // Who is in already goes in; once revoked it leads nobody else anywhere.
    eve.go(&link).await;
    assert_eq!(eve.value("location.pathname").await, format!("/c/{club}"));
    ada.click("[data-deed=revoke]").await;
    ada.click(".confirm[open] .confirm__yes").await;
    ada.until("!document.querySelector('.invite')").await;
    let stranger = Browser::open(server.address).await;
    stranger.go(&link).await;
    assert_eq!(
        stranger.text(".welcome__title").await,
        "This link is no longer valid"
    );
    stranger.close_despite(&["410 (Gone)"]).await;
    ada.close().await;
    eve.close().await;
    server.stop().await;
}

#[tokio::test]
async fn an_owner_adds_promotes_edits_removes_and_hands_over_before_leaving() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Browser::enter(server.address, "Ada").await;
    let bob = Browser::enter(server.address, "Bob").await;
    let eve = Person::guest(server.address, "Eve").await;
    let bob_id = bob.user_id().await;
    ada.until_live().await;
    ada.click(".sidebar__new").await;
    ada.click("[data-rooms=new]").await;
    ada.type_into("#room-name", "Engines").await;
    ada.click(".room-form [type=submit]").await;
    ada.until("document.querySelector('.pane__title')?.textContent === 'Engines'")
        .await;
    let club = ada
        .value("document.querySelector('.pane').dataset.conversationId")
        .await;
    let club = club.as_str().unwrap().to_owned();
    ada.until(&is_told("Ada created the room “Engines”")).await;

    ada.click("[data-dialog=add]").await;
    for id in [&bob_id.to_string(), &eve.id.to_string()] {
        ada.click(&format!(
            ".add-people [data-user-id=\"{id}\"] .person__pick"
        ))
        .await;
    }
    ada.click(".add-people [type=submit]").await;
    ada.until(&is_told("Ada added Bob and Eve")).await;
    bob.go(&format!("/c/{club}")).await;
    bob.until_live().await;
    assert_eq!(bob.value(DEEDS).await, "");

    // Bob's page follows what he may do.
    let menu = |id: &str| format!("[popovertarget=\"member-menu-{id}\"]");
    ada.click(&menu(&bob_id.to_string())).await;
    ada.click(&format!(
        "[data-deed=role][data-role=admin][data-user=\"{bob_id}\"]"
    ))
    .await;
    bob.until(&is_told("Ada made Bob an admin")).await;
    bob.until(&format!("{DEEDS}.includes('edit')")).await;
    bob.click("[data-dialog=edit]").await;
    bob.type_into("#room-description", "Steam").await;
    bob.click(".room-form [type=submit]").await;
    ada.until("document.querySelector('.details__description')?.textContent === 'Steam'")
        .await;
    ada.click(&menu(&eve.id.to_string())).await;
    ada.click(&format!("[data-deed=remove][data-user=\"{}\"]", eve.id))
        .await;
    ada.click(".confirm[open] .confirm__yes").await;
    bob.until(&is_told("Eve was removed by Ada")).await;

    // The last owner leaves.
    ada.click(".details__leave").await;
    ada.click(".confirm[open] .confirm__yes").await;
    ada.click(&format!(".hand-over [value=\"{bob_id}\"]")).await;
    ada.click(".hand-over [type=submit]").await;
    ada.until("document.querySelector('.pane__title')?.textContent === 'General'")
        .await;
    bob.until(&is_told("Ada made Bob an owner")).await;
    bob.until(&is_told("Ada left")).await;
    // And Bob closes it.
    bob.click("[data-deed=close]").await;
    bob.click(".confirm[open] .confirm__yes").await;
    bob.until("document.querySelector('.composer--closed')")
        .await;
    bob.until(&format!(
        "{} && {DEEDS} === ''",
        is_told("Bob closed the room")
    ))
    .await;
    ada.close_despite(&["409 (Conflict)"]).await;
    bob.close().await;
    server.stop().await;
}

#[tokio::test]
async fn whom_one_blocks_is_silent_and_folded_away_until_one_unblocks_them() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Browser::enter(server.address, "Ada").await;
    let eve = Person::guest(server.address, "Eve").await;
    let ada_id = ada.user_id().await;
    let body = json!({"name": "Both", "member_ids": [ada_id]});
    let (_, group) = eve.post("/api/groups", body).await;
    let group: Uuid = group["id"].as_str().unwrap().parse().unwrap();
    let path = "/api/conversations/direct";
    let (_, direct) = eve.post(path, json!({"user_id": ada_id})).await;
    let direct: Uuid = direct["id"].as_str().unwrap().parse().unwrap();
    eve.say(direct, "psst").await;
    ada.go(&format!("/c/{direct}")).await;
    ada.until_live().await;
    ada.until("'ready' in document.querySelector('.pane').dataset")
        .await;
    ada.click(".details__block").await;
    ada.click(".confirm[open] .confirm__yes").await;
    ada.until(
        "document.querySelector('.composer--blocked')?.textContent.startsWith('You blocked Eve')",
    )
    .await;
    let body = json!({"body": "hello?"});
    let (status, refused) = eve
        .post(&format!("/api/conversations/{direct}/messages"), body)
        .await;
    assert_eq!((status, &refused["code"]), (403, &json!("blocked")));

    ada.go(&format!("/c/{group}")).await;
    ada.until_live().await;
    ada.until("'ready' in document.querySelector('.pane').dataset")
        .await;
    eve.say(group, "to everyone").await;
    ada.until("document.querySelector('.message[data-folded] .message__folded')?.textContent === 'Message of somebody you blocked · Show'")
        .await;
    let shown =
        "document.querySelector('.message[data-sender] .message__bubble').checkVisibility()";
    assert_eq!(ada.value(shown).await, false);
    ada.click(".message__folded").await;
    assert_eq!(ada.value(shown).await, true);

    ada.click(".sidebar__viewer").await;
    ada.until("document.querySelector('.blocks__person bdi')?.textContent === 'Eve'")
        .await;
    ada.click("[data-unblock]").await;
    ada.until("document.querySelector('.settings__blocks').hidden")
        .await;
    ada.click(".settings .dialog__close").await;
    ada.go(&format!("/c/{direct}")).await;
    ada.until_live().await;
    ada.say("hello again").await;
    let told = eve.history(direct).await;
    assert_eq!(told.first().map(String::as_str), Some("psst"));
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn a_conversation_is_pinned_archived_silenced_and_marked_unread_from_its_details() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Browser::enter(server.address, "Ada").await;
    let eve = Person::guest(server.address, "Eve").await;
    let body = json!({"name": "Both", "member_ids": [ada.user_id().await]});
    let (_, group) = eve.post("/api/groups", body).await;
    let group = group["id"].as_str().unwrap();
    ada.go(&format!("/c/{group}")).await;
    ada.until_live().await;
    ada.until("'ready' in document.querySelector('.pane').dataset")
        .await;
    let entry =
        format!("document.querySelector('.conversation[data-conversation-id=\"{group}\"]')");
    for (button, holds) in [
        (".details__pin", format!("'pinned' in {entry}.dataset")),
        (
            ".details__archive",
            format!("'archived' in {entry}.dataset"),
        ),
        (
            ".details__mentions",
            format!("{entry}.dataset.notify === 'mentions'"),
        ),
    ] {
        ada.click(button).await;
        ada.until(&holds).await;
        ada.until(&format!(
            "document.querySelector('{button}').ariaPressed === 'true'"
        ))
        .await;
        ada.click(button).await;
        ada.until(&format!("!({holds})")).await;
    }
    ada.click(".details__silence").await;
    ada.click("[data-hours='8']").await;
    ada.until(&format!("'muted' in {entry}.dataset")).await;
    ada.click(".details__unread").await;
    ada.until(&format!("{entry}.querySelector('.conversation__marked')"))
        .await;
    ada.click(&format!(
        "{} .conversation__link",
        format_args!("[data-conversation-id=\"{group}\"]")
    ))
    .await;
    ada.until(&format!("!{entry}.querySelector('.conversation__marked')"))
        .await;
    assert_eq!(ada.value("document.title").await, Value::from("Both"));
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn no_rule_is_broken_by_what_leads_groups_and_rooms() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let bob = Person::guest(server.address, "Bob").await;
    let eve = Person::guest(server.address, "Eve").await;
    let ada = open_calm(Browser::enter(server.address, "Ada").await).await;
    let club = room(&bob, "approval", &[ada.user_id().await]).await;
    make_owner(&bob, club, ada.user_id().await).await;
    let (_, invite) = bob
        .post(&format!("/api/conversations/{club}/invites"), json!({}))
        .await;
    eve.post(&format!("/api/rooms/{club}/join"), json!({}))
        .await;
    bob.say(club, "folded").await;
    ada.value(&format!(
        "fetch('/api/users/{}/block', {{ method: 'PUT' }}).then(() => true)",
        bob.id
    ))
    .await;
    ada.go(&format!("/c/{club}")).await;
    ada.until_live().await;
    ada.find("[data-deed=approve]").await;
    ada.find(".message__folded").await;
    check(&ada, "an owner's details", RULES).await;
    ada.click(".member__more").await;
    check(&ada, "what to do about a member", RULES).await;
    ada.value("document.querySelector('.member__menu:popover-open').hidePopover()")
        .await;
    for dialog in ["add", "link", "edit"] {
        ada.click(&format!("[data-dialog={dialog}]")).await;
        ada.find("dialog[open]").await;
        check(&ada, dialog, RULES).await;
        ada.click("dialog[open] .dialog__close").await;
        ada.until("!document.querySelector('dialog[open]')").await;
    }
    ada.click(".sidebar__new").await;
    ada.click("[data-rooms=browse]").await;
    ada.find(".found-room").await;
    check(&ada, "rooms", RULES).await;
    ada.go(&format!("/i/{}", invite["token"].as_str().unwrap()))
        .await;
    ada.go("/i/AAAAAAAAAAAAAAAAAAAAAA").await;
    check(&ada, "a link that leads nowhere", RULES).await;

    let dan = open_calm(Browser::open(server.address).await).await;
    dan.go(&format!("/i/{}", invite["token"].as_str().unwrap()))
        .await;
    check(&dan, "a link's page for somebody new", RULES).await;
    dan.click("button[type=submit]").await;
    dan.until("document.querySelector('.welcome__form button')?.textContent === 'Ask to join'")
        .await;
    check(&dan, "a link's page", RULES).await;
    dan.click("button[type=submit]").await;
    dan.until("document.querySelector('.waiting')").await;
    dan.until_live().await;
    check(&dan, "waiting for approval", RULES).await;
    ada.close_despite(&["404 (Not Found)"]).await;
    dan.close().await;
    server.stop().await;
}
