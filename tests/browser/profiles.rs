//! Who somebody is: pictures wherever people and groups are shown, the dialog that tells about a person, one's own
//! profile in the settings, and who is online.

use fantoccini::key::Key;
use serde_json::{Value, json};
use uuid::Uuid;

use super::accessibility::{RULES, check, open_calm};
use super::stage::{direct, general, link, picture, upload};
use crate::browser::Browser;
use crate::support::person::id;
use crate::support::{Person, TestDatabase, TestServer, run, value};

/// Gives somebody a picture; its id.
async fn pictured(person: &Person, color: [u8; 3]) -> String {
    let media = upload(person, "me.png", picture(64, 64, color)).await;
    let (status, user) = person
        .put("/api/users/me/avatar", json!({"media_id": media}))
        .await;
    assert_eq!((status, &user["avatar_id"]), (200, &media));
    media.as_str().unwrap().to_owned()
}

/// JavaScript: which image is shown, and drawn, within the first element that fits; null for none.
fn image_in(css: &str) -> String {
    format!(
        "((image) => image && image.naturalWidth > 0 ? image.getAttribute('src').split('/')[3] : null)(document.querySelector('{css} .avatar__picture'))"
    )
}

async fn until_image(browser: &Browser, css: &str, media: Option<&str>) {
    let media = json!(media);
    browser
        .until(&format!("{} === {media}", image_in(css)))
        .await;
}

/// Of the initials below a picture, which nobody sees, no contrast can be told: they are taken away before.
async fn check_seen(browser: &Browser, state: &str) {
    browser
        .value("document.querySelectorAll('.avatar:has(img)').forEach((avatar) => avatar.firstChild instanceof Text && avatar.firstChild.remove())")
        .await;
    check(browser, state, RULES).await;
}

/// A file to choose, as a camera gives it: wider than high.
fn photo(folder: &tempfile::TempDir) -> String {
    let path = folder.path().join("photo.png");
    std::fs::write(&path, picture(1200, 800, [30, 90, 160])).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Somebody's group with who is at the page, and that page open there.
async fn in_a_group(person: &Person, browser: &Browser) -> Uuid {
    let members = json!({"name": "Engines", "member_ids": [browser.user_id().await]});
    let (status, group) = person.post("/api/groups", members).await;
    assert_eq!(status, 201, "{group}");
    let group = id(&group["id"]);
    browser.go(&format!("/c/{group}")).await;
    browser.until_live().await;
    browser.find("main.pane[data-ready]").await;
    group
}

#[tokio::test]
async fn a_picture_stands_wherever_somebody_does_and_changes_without_a_reload() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Browser::enter(server.address, "Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    let group = in_a_group(&bob, &ada).await;
    let with_ada = direct(&bob, &ada).await;
    bob.say(with_ada, "hello").await;
    bob.say(group, "before").await;
    ada.until_said("before").await;
    ada.value("void (window.here = true)").await;
    let message = format!(".message[data-sender=\"{}\"]", bob.id);
    let member = format!(".member[data-user-id=\"{}\"]", bob.id);
    until_image(&ada, &message, None).await;

    let first = pictured(&bob, [200, 60, 40]).await;
    for place in [&message, &member, &link(with_ada)] {
        until_image(&ada, place, Some(&first)).await;
    }
    assert_eq!(
        ada.value(&format!(
            "document.querySelector('{member} .avatar').textContent"
        ))
        .await,
        "B",
        "initials lie below"
    );
    bob.say(group, "with a face").await;
    ada.until_said("with a face").await;
    until_image(&ada, ".message:last-child", Some(&first)).await;

    let second = pictured(&bob, [40, 160, 60]).await;
    for place in [&message, &member, &link(with_ada)] {
        until_image(&ada, place, Some(&second)).await;
    }
    ada.click(&link(with_ada)).await;
    for place in [".pane__header", ".timeline__start", ".details__profile"] {
        until_image(&ada, place, Some(&second)).await;
    }
    let (_, user) = bob
        .put("/api/users/me/avatar", json!({"media_id": null}))
        .await;
    assert_eq!(user["avatar_id"], json!(null));
    for place in [".pane__header", ".details__profile", &link(with_ada)] {
        until_image(&ada, place, None).await;
    }
    assert_eq!(ada.value("window.here").await, true, "it is the same page");
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn a_name_that_changes_while_a_conversation_is_on_its_way_is_the_new_one_in_it() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Browser::enter(server.address, "Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    let with_ada = direct(&bob, &ada).await;
    bob.say(with_ada, "hello").await;
    ada.find(&link(with_ada)).await;
    // The pane is held back when it has been rendered.
    ada.value(
        "void ((fetched) => window.fetch = async (path, ...rest) => {
            const answer = await fetched(path, ...rest);
            if (path.startsWith('/parts/c/')) await new Promise((go) => window.letGo = go);
            return answer;
        })(window.fetch)",
    )
    .await;
    ada.click(&link(with_ada)).await;
    ada.until("window.letGo").await;
    let media = pictured(&bob, [1, 100, 100]).await;
    let (status, _) = bob.put("/api/users/me", json!({"name": "Robert"})).await;
    assert_eq!(status, 200);
    ada.until(&format!(
        "document.querySelector('{} .conversation__title').textContent === 'Robert'",
        link(with_ada)
    ))
    .await;
    ada.value("letGo()").await;
    ada.until("document.querySelector('.pane__title')?.textContent === 'Robert' && document.title === 'Robert'")
        .await;
    until_image(&ada, ".pane__header", Some(&media)).await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn a_group_is_renamed_and_gets_a_picture_before_the_eyes_of_its_members() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Browser::enter(server.address, "Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    let group = in_a_group(&bob, &ada).await;
    assert_eq!(
        ada.value("document.querySelector('.details__portrait')")
            .await,
        Value::Null,
        "a member has no button for it"
    );
    let media = upload(&bob, "me.png", picture(700, 700, [1, 2, 3])).await;
    let path = format!("/api/conversations/{group}");
    let (status, _) = bob
        .put(&format!("{path}/avatar"), json!({"media_id": media}))
        .await;
    assert_eq!(status, 200);
    let body = json!({"name": "Turbines", "description": "All that turns"});
    assert_eq!(bob.put(&path, body).await.0, 200);
    for place in [
        ".pane__header",
        ".timeline__start",
        ".details__profile",
        &link(group),
    ] {
        until_image(&ada, place, media.as_str()).await;
    }
    ada.until("document.title === 'Turbines' && document.querySelector('.details__title').textContent === 'Turbines'")
        .await;
    ada.until("document.querySelector('.details__description').textContent === 'All that turns'")
        .await;
    ada.until(&format!(
        "document.querySelector('{} .conversation__title').textContent === 'Turbines'",
        link(group)
    ))
    .await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn an_owner_chooses_a_picture_which_becomes_a_small_square_and_takes_it_away() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Browser::enter(server.address, "Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    let client = database.connect().await;
    let folder = tempfile::tempdir().unwrap();
    ada.devtools(
        "Page.setInterceptFileChooserDialog",
        json!({"enabled": true}),
    )
    .await;
    let group: Uuid = value(
        &client,
        "select id from chat.create_group($1, 'Engines', array[$2::uuid])",
        &[&ada.user_id().await, &bob.id],
    )
    .await;
    ada.go(&format!("/c/{group}")).await;
    ada.until_live().await;
    ada.find("main.pane[data-ready]").await;

    ada.click(".details__portrait").await;
    ada.find(".portrait[open]").await;
    ada.type_into(".portrait__file", &photo(&folder)).await;
    ada.find(".portrait__view:not([hidden])").await;
    ada.click(".portrait__use").await;
    ada.until("!document.querySelector('dialog[open]')").await;
    ada.until("document.querySelector('.pane__header .avatar__picture')?.naturalWidth > 0")
        .await;
    let shape: Value = value(
        &client,
        "select json_build_array(m.width, m.height, m.type, m.size < 100000)
         from chat.media m join chat.conversations c on c.avatar_id = m.id where c.id = $1",
        &[&group],
    )
    .await;
    assert_eq!(shape, json!([512, 512, "image/jpeg", true]));

    ada.click(".details__portrait").await;
    ada.click(".portrait__remove").await;
    ada.until("!document.querySelector('dialog[open]')").await;
    until_image(&ada, ".pane__header", None).await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn what_one_says_of_oneself_is_kept_by_the_settings_and_a_picture_shown_at_once() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Browser::enter(server.address, "Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    let folder = tempfile::tempdir().unwrap();
    ada.devtools(
        "Page.setInterceptFileChooserDialog",
        json!({"enabled": true}),
    )
    .await;
    ada.click(".sidebar__viewer").await;
    ada.find(".settings[open]").await;
    for (field, text) in [
        ("username", "ada"),
        ("status", "At sea"),
        ("about", "I build engines."),
    ] {
        ada.type_into(&format!("#settings-{field}"), text).await;
    }
    ada.click(".settings__profile [type=submit]").await;
    ada.until("document.querySelector('#settings-note').textContent === 'Saved.'")
        .await;
    let path = format!("/api/users/{}", ada.user_id().await);
    let (_, user) = bob.get(&path).await;
    assert_eq!(
        (&user["username"], &user["status_text"], &user["about"]),
        (&json!("ada"), &json!("At sea"), &json!("I build engines."))
    );

    ada.click(".settings__portrait").await;
    ada.find(".portrait[open]").await;
    ada.type_into(".portrait__file", &photo(&folder)).await;
    ada.find(".portrait__view:not([hidden])").await;
    // What is no picture says so, and leaves the one that was chosen.
    let paper = folder.path().join("a.txt");
    std::fs::write(&paper, "words").unwrap();
    ada.type_into(".portrait__file", paper.to_str().unwrap())
        .await;
    ada.until("document.querySelector('.portrait__note').textContent.includes('no picture')")
        .await;
    ada.click(".portrait__use").await;
    ada.until("!document.querySelector('.portrait')").await;
    for place in [".settings__picture", ".sidebar__viewer"] {
        ada.until(&format!("{} !== null", image_in(place))).await;
    }
    ada.find("#settings-status").await.clear().await.unwrap();
    ada.click(".settings__profile [type=submit]").await;
    ada.until("document.querySelector('#settings-note').textContent === 'Saved.'")
        .await;
    let (_, user) = bob.get(&path).await;
    assert_eq!(user["status_text"], json!(null));
    assert_ne!(user["avatar_id"], json!(null));
    // As it is when one comes back.
    ada.reload().await;
    ada.until_live().await;
    ada.until(&format!("{} !== null", image_in(".sidebar__viewer")))
        .await;
    ada.click(".sidebar__viewer").await;
    ada.until("document.querySelector('#settings-about').value === 'I build engines.' && document.querySelector('#settings-username').value === 'ada'")
        .await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn a_profile_tells_who_somebody_is_follows_what_changes_and_leads_to_the_chat() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Browser::enter(server.address, "Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    let group = in_a_group(&bob, &ada).await;
    let media = pictured(&bob, [9, 90, 9]).await;
    bob.put(
        "/api/users/me",
        json!({"username": "bob", "about": "<b>I sail</b>", "status_text": "At sea"}),
    )
    .await;
    bob.say(group, "ahoy").await;
    ada.until_said("ahoy").await;

    ada.click(".message__sender").await;
    ada.find(".profile[open]").await;
    let part = |name: &str| format!("document.querySelector('.profile__{name}')?.textContent");
    for (name, text) in [
        ("name", "Bob"),
        ("username", "@bob"),
        ("status", "At sea"),
        ("about", "<b>I sail</b>"),
        ("group", "Engines"),
    ] {
        assert_eq!(ada.value(&part(name)).await, text, "{name}");
    }
    until_image(&ada, ".profile__face", Some(&media)).await;
    ada.until(&format!("{} === 'offline'", part("presence")))
        .await;

    // While it is open: he comes, and says something else.
    let socket = bob.connect().await;
    ada.until(&format!("{} === 'online'", part("presence")))
        .await;
    bob.put(
        "/api/users/me",
        json!({"name": "Robert", "status_text": "Ashore"}),
    )
    .await;
    ada.until(&format!(
        "{} === 'Ashore' && {} === 'Robert'",
        part("status"),
        part("name")
    ))
    .await;
    socket.close().await;
    ada.until(&format!("{}?.startsWith('last seen')", part("presence")))
        .await;

    // Large, and back by one Escape.
    ada.click("a.profile__face").await;
    ada.until("document.querySelector('.profile__large[open] img')?.naturalWidth === 64")
        .await;
    ada.press_chord(&Key::Escape.to_string()).await;
    ada.until(
        "!document.querySelector('.profile__large') && document.querySelector('.profile[open]')",
    )
    .await;
    ada.click(".profile__actions a").await;
    ada.until("document.querySelector('.pane__title')?.textContent === 'Robert'")
        .await;
    assert_eq!(
        ada.value("document.querySelector('dialog[open]')").await,
        Value::Null
    );
    // From the head of the chat with him, by the keyboard alone.
    ada.find("main.pane[data-ready]").await;
    ada.value("document.querySelector('.pane__face').focus()")
        .await;
    ada.press_chord(&Key::Enter.to_string()).await;
    ada.find(".profile[open]").await;
    ada.press_chord(&Key::Escape.to_string()).await;
    ada.until(
        "!document.querySelector('.profile') && document.activeElement.matches('.pane__face')",
    )
    .await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn a_profile_opens_from_a_member_and_from_the_menu_of_a_message_and_leads_to_a_group_in_common()
 {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Browser::enter(server.address, "Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    in_a_group(&bob, &ada).await;
    let general = general(&database.connect().await).await;
    bob.say(general, "to all").await;
    ada.go("/").await;
    ada.until_live().await;
    ada.find("main.pane[data-ready]").await;
    ada.act("to all", "profile").await;
    ada.find(".profile[open]").await;
    ada.press_chord(&Key::Escape.to_string()).await;
    ada.until("!document.querySelector('.profile')").await;
    ada.click(&format!(".member__link[href=\"/u/{}\"]", bob.id))
        .await;
    ada.find(".profile[open]").await;
    assert_eq!(
        ada.value("document.querySelectorAll('.profile__group').length")
            .await,
        1,
        "the general room is nothing that two have in common"
    );
    ada.click(".profile__group").await;
    ada.until("document.querySelector('.pane__title')?.textContent === 'Engines' && !document.querySelector('dialog[open]')")
        .await;
    // One's own leads to the settings.
    ada.find("main.pane[data-ready]").await;
    let own = ada.user_id().await;
    ada.click(&format!(".member__link[href=\"/u/{own}\"]"))
        .await;
    ada.click(".profile[open] .profile__edit").await;
    ada.find(".settings[open]").await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn somebody_is_blocked_from_their_profile_and_no_more() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Browser::enter(server.address, "Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    let group = in_a_group(&bob, &ada).await;
    bob.say(group, "ahoy").await;
    ada.until_said("ahoy").await;
    ada.click(".message__sender").await;
    let words = "document.querySelector('.profile__block:not([hidden])')?.textContent.trim()";
    ada.until(&format!("{words} === 'Block'")).await;
    ada.click(".profile__block").await;
    ada.click(".confirm[open] .confirm__yes").await;
    ada.until(&format!("{words} === 'Unblock'")).await;
    // Behind the dialog it is folded away already.
    ada.until("document.querySelector('.message[data-folded] .message__folded')")
        .await;
    ada.click(".profile__block").await;
    ada.until(&format!("{words} === 'Block'")).await;
    ada.until("!document.querySelector('.message[data-folded]')")
        .await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn who_is_online_comes_first_in_a_new_chat_and_alone_when_asked_for() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let zoe = Person::guest(server.address, "Zoe").await;
    Person::guest(server.address, "Bob").await;
    let socket = zoe.connect().await;
    let ada = Browser::enter(server.address, "Ada").await;
    let names = "JSON.stringify(Array.from(document.querySelectorAll('.new-chat .person__name'), (name) => name.textContent))";
    // Coming is told a moment later.
    let own = ada.user_id().await;
    ada.until(&format!(
        "document.querySelector('.member[data-user-id=\"{own}\"] .presence').dataset.status === 'online'"
    ))
    .await;
    ada.click(".sidebar__new").await;
    ada.until(&format!("{names} === '[\"Ada\",\"Zoe\",\"Bob\"]'"))
        .await;
    ada.click(".new-chat__online").await;
    ada.until(&format!("{names} === '[\"Zoe\"]'")).await;
    let dot = "document.querySelector('.new-chat .person .presence').dataset.status";
    assert_eq!(ada.value(dot).await, "online");
    socket.close().await;
    ada.until(&format!("{dot} === 'offline'")).await;
    ada.click(".new-chat__online").await;
    ada.until(&format!("{names} === '[\"Ada\",\"Bob\",\"Zoe\"]'"))
        .await;
    ada.click(".new-chat__online").await;
    ada.until("document.querySelector('.new-chat__note').textContent === 'Nobody else is online just now.'")
        .await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn who_came_while_a_list_of_people_was_under_way_is_online_in_it() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let zoe = Person::guest(server.address, "Zoe").await;
    let ada = Browser::enter(server.address, "Ada").await;
    ada.hold_answers("/parts/people").await;
    ada.click(".sidebar__new").await;
    // It says that Zoe is offline, and it comes after the word that she is there.
    ada.until_held().await;
    let socket = zoe.connect().await;
    let status = |place: &str| {
        format!(
            "document.querySelector('{place} .presence[data-peer-id=\"{}\"]').dataset.status",
            zoe.id
        )
    };
    ada.until(&format!("{} === 'online'", status(".member")))
        .await;
    ada.let_answers_come().await;
    ada.until("document.querySelector('.new-chat .person')")
        .await;
    assert_eq!(ada.value(&status(".new-chat")).await, "online");
    socket.close().await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn a_picture_that_can_not_be_had_leaves_the_initials() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Browser::enter(server.address, "Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    pictured(&bob, [9, 9, 200]).await;
    let client = database.connect().await;
    // Its bytes are lost.
    run(&client, "update chat.media set state = 'abandoned'", &[]).await;
    in_a_group(&bob, &ada).await;
    let picture = format!(
        "document.querySelector('.member[data-user-id=\"{}\"] .avatar__picture')",
        bob.id
    );
    ada.until(&format!("{picture}.complete")).await;
    assert_eq!(ada.value(&format!("{picture}.naturalWidth")).await, 0);
    // It looks as if there were none.
    let place = ada
        .value(&format!(
            "(({{ x, y, width, height }}) => ({{ x, y, width, height, scale: 1 }}))({picture}.parentElement.getBoundingClientRect())"
        ))
        .await;
    let look = || ada.devtools("Page.captureScreenshot", json!({"clip": place}));
    let with = look().await;
    ada.value(&format!("{picture}.remove()")).await;
    assert_eq!(look().await["data"], with["data"]);
    ada.close_despite(&["Failed to load resource"]).await;
    server.stop().await;
}

#[tokio::test]
async fn no_rule_is_broken_by_profiles_pictures_and_who_is_online() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let folder = tempfile::tempdir().unwrap();
    for (is_phone, scheme) in [(false, "light"), (true, "dark")] {
        let browser = match is_phone {
            true => Browser::open_on_a_phone(server.address).await,
            false => Browser::open(server.address).await,
        };
        let ada = open_calm(browser).await;
        ada.prefer("prefers-color-scheme", scheme).await;
        ada.give_name("Ada").await;
        ada.devtools(
            "Page.setInterceptFileChooserDialog",
            json!({"enabled": true}),
        )
        .await;
        let bob = Person::guest(server.address, "Bob").await;
        pictured(&bob, [20, 90, 20]).await;
        let said = json!({"username": format!("bob-{scheme}"), "about": "I sail.", "status_text": "At sea"});
        assert_eq!(bob.put("/api/users/me", said).await.0, 200);
        let group = in_a_group(&bob, &ada).await;
        bob.say(group, "ahoy").await;
        ada.until_said("ahoy").await;
        check_seen(&ada, &format!("{scheme}, pictures")).await;
        ada.click(".message__sender").await;
        ada.find(".profile[open]").await;
        check_seen(&ada, &format!("{scheme}, a profile")).await;
        ada.click("a.profile__face").await;
        ada.find(".profile__large[open]").await;
        check_seen(&ada, &format!("{scheme}, a large picture")).await;
        ada.press_chord(&Key::Escape.to_string()).await;
        ada.until("!document.querySelector('.profile__large')")
            .await;
        ada.click(".profile .dialog__close").await;
        ada.go("/chats").await;
        ada.until_live().await;
        ada.click(".sidebar__viewer").await;
        ada.find(".settings[open]").await;
        check_seen(&ada, &format!("{scheme}, settings")).await;
        ada.click(".settings__portrait").await;
        ada.find(".portrait[open]").await;
        ada.type_into(".portrait__file", &photo(&folder)).await;
        ada.find(".portrait__view:not([hidden])").await;
        check_seen(&ada, &format!("{scheme}, a picture chosen")).await;
        ada.press_chord(&Key::Escape.to_string()).await;
        ada.until("!document.querySelector('.portrait')").await;
        ada.press_chord(&Key::Escape.to_string()).await;
        ada.until("!document.querySelector('dialog[open]')").await;
        ada.click(".sidebar__new").await;
        ada.click(".new-chat__online").await;
        ada.find(".new-chat__online[aria-pressed=true]").await;
        check_seen(&ada, &format!("{scheme}, who is online")).await;
        ada.close().await;
    }
    server.stop().await;
}
