//! What a message of each kind can say.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use serde_json::{Value, json};

use crate::scene::Scene;
use crate::support::{TestDatabase, refusal, value};

/// A right one of each kind that needs data, with its required fields.
fn right() -> Vec<(&'static str, Value, Vec<&'static str>)> {
    let url = "https://files.example/a%20b.png?size=large#top";
    vec![
        (
            "image",
            json!({"url": url, "width": 640, "height": 480, "name": "a b.png", "type": "image/png", "size": 12345, "alt": "A boat", "alts": ["A boat", ""]}),
            vec!["url", "width", "height"],
        ),
        (
            "gif",
            json!({"url": url, "width": 1, "height": 100_000, "alt": "A boat"}),
            vec!["url", "width", "height"],
        ),
        (
            "video",
            json!({"url": url, "width": 640, "height": 480, "duration_ms": 1500, "name": "a.mp4", "type": "video/mp4", "size": 0}),
            vec!["url"],
        ),
        (
            "audio",
            json!({"url": url, "duration_ms": 86_400_000, "name": "a.ogg", "type": "audio/ogg", "size": 5}),
            vec!["url"],
        ),
        (
            "voice",
            json!({"url": url, "duration_ms": 900, "waveform": [0, 50.5, 100]}),
            vec!["url", "duration_ms"],
        ),
        (
            "file",
            json!({"url": url, "name": "report.pdf", "type": "application/pdf", "size": 1_000_000_000}),
            vec!["url", "name"],
        ),
        (
            "location",
            json!({"latitude": -90, "longitude": 180.0, "accuracy_m": 12.5, "name": "Pole", "address": "1 Ice Way"}),
            vec!["latitude", "longitude"],
        ),
        (
            "contact",
            json!({"name": "Ada", "phones": ["+44 1"], "emails": ["ada@example.org"], "organization": "Engines", "url": "http://example.org"}),
            vec!["name"],
        ),
        (
            "sticker",
            json!({"pack": "cats", "name": "wave", "alt": "A cat waves", "url": url}),
            vec!["pack", "name"],
        ),
    ]
}

impl Scene {
    async fn refused(
        &self,
        kind: &str,
        body: Option<&str>,
        data: Option<&Value>,
    ) -> (String, String) {
        let refused: Option<Vec<String>> = value(
            &self.client,
            "select chat.content_refusal($1, $2, $3)",
            &[&kind, &body, &data],
        )
        .await;
        let refused = refused.unwrap_or_else(|| panic!("{kind} {body:?} {data:?} was taken"));
        (refused[0].clone(), refused[1].clone())
    }

    async fn takes(&self, kind: &str, body: Option<&str>, data: Option<&Value>) {
        let sent = self
            .client
            .query_one(
                "select chat.message_json(m, 'Ann') from chat.send_message($1, $2, $3, p_kind => $4, p_data => $5) m",
                &[&self.ann, &self.group, &body, &kind, &data],
            )
            .await;
        let json: Value = sent.unwrap().get(0);
        assert_eq!(
            (json["kind"].as_str(), json["body"].as_str(), &json["data"]),
            (Some(kind), body, data.unwrap_or(&Value::Null))
        );
    }
}

#[tokio::test]
async fn each_kind_takes_its_data_with_a_caption_and_without_and_with_fields_of_the_senders_own() {
    let scene = Scene::set().await;
    for (kind, mut data, _) in right() {
        scene.takes(kind, None, Some(&data)).await;
        data["ours"] = json!({"order": [4711]});
        scene.takes(kind, Some("Look *here*"), Some(&data)).await;
    }
    scene
        .takes(
            "text",
            Some("x"),
            Some(&json!({"mentions": [], "preview": false, "order": 1})),
        )
        .await;
    scene
        .takes("contact", None, Some(&json!({"user_id": scene.ben})))
        .await;
    scene.takes("emoji", Some("👩🏽‍🚀🏳️‍🌈🇫🇷1️⃣"), None).await;
}

#[tokio::test]
async fn a_missing_or_misshapen_field_is_refused_by_its_name() {
    let scene = Scene::set().await;
    for (kind, data, required) in right() {
        for field in required {
            let mut without = data.clone();
            without.as_object_mut().unwrap().remove(field);
            let mut with_null = data.clone();
            with_null[field] = Value::Null;
            for wrong in [without, with_null] {
                let (code, detail) = scene.refused(kind, None, Some(&wrong)).await;
                assert_eq!(code, "bad_data");
                assert!(
                    detail.starts_with(&format!("data.{field}: is required")),
                    "{detail}"
                );
            }
        }
        for field in data.as_object().unwrap().keys() {
            for value in [
                json!(true),
                json!({"a": 1}),
                json!([["x"]]),
                json!("  "),
                json!(-1e300),
            ] {
                let mut wrong = data.clone();
                wrong[field] = value;
                let (code, detail) = scene.refused(kind, None, Some(&wrong)).await;
                assert_eq!(code, "bad_data", "{wrong}");
                assert!(
                    detail.starts_with(&format!("data.{field}: must ")),
                    "{detail}"
                );
            }
        }
        assert_eq!(scene.refused(kind, None, None).await.0, "bad_data");
        assert_eq!(
            scene.refused(kind, None, Some(&json!([data]))).await.0,
            "bad_data"
        );
        assert_eq!(
            scene.refused(kind, Some("  "), Some(&data)).await.0,
            "body_required"
        );
        assert_eq!(
            scene
                .refused(kind, Some(&"x".repeat(4001)), Some(&data))
                .await
                .0,
            "body_too_long"
        );
        let mut large = data.clone();
        large["ours"] = json!("x".repeat(16_384));
        assert_eq!(
            scene.refused(kind, None, Some(&large)).await.0,
            "data_too_long"
        );
    }
}

#[tokio::test]
async fn an_address_that_is_no_plain_http_is_refused() {
    let scene = Scene::set().await;
    for url in [
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "ftp://x.example/a",
        "//x.example",
        "/a.png",
        "https://",
        "http:///a",
        "https://user:secret@x.example/",
        "https://x.example/a b",
        "https://x.example/\n",
        " https://x.example",
        "https://x.example/<script>",
    ] {
        let (_, detail) = scene
            .refused("file", None, Some(&json!({"url": url, "name": "a"})))
            .await;
        assert!(
            detail.starts_with("data.url: must be an http or https address"),
            "{url}: {detail}"
        );
    }
    let long = format!("https://x.example/{}", "a".repeat(2000));
    scene
        .refused("file", None, Some(&json!({"url": long, "name": "a"})))
        .await;
}

#[tokio::test]
async fn values_just_beyond_their_bounds_are_refused_and_those_at_them_are_not() {
    let scene = Scene::set().await;
    let place =
        |latitude: Value, longitude: Value| json!({"latitude": latitude, "longitude": longitude});
    scene
        .takes("location", None, Some(&place(json!(90), json!(-180))))
        .await;
    for wrong in [
        place(json!(90.000_001), json!(0)),
        place(json!(0), json!(-180.5)),
        place(json!("5"), json!(0)),
    ] {
        scene.refused("location", None, Some(&wrong)).await;
    }
    let voice = |waveform: Value| json!({"url": "https://x.example", "duration_ms": 1, "waveform": waveform});
    scene
        .takes("voice", None, Some(&voice(json!(vec![7; 256]))))
        .await;
    for wrong in [json!(vec![7; 257]), json!([101]), json!([-1]), json!(["7"])] {
        scene.refused("voice", None, Some(&voice(wrong))).await;
    }
    for wrong in [json!(640.5), json!(0), json!(100_001), json!("640")] {
        scene
            .refused(
                "image",
                None,
                Some(&json!({"url": "https://x.example", "width": wrong, "height": 1})),
            )
            .await;
    }
    for wrong in [json!(["not-an-id"]), json!(vec![scene.ann; 51]), json!("x")] {
        scene
            .refused("text", Some("x"), Some(&json!({"mentions": wrong})))
            .await;
    }
    scene
        .refused("text", Some("x"), Some(&json!({"preview": "no"})))
        .await;
    let (_, detail) = scene
        .refused("contact", None, Some(&json!({"phones": ["1"]})))
        .await;
    assert!(detail.starts_with("data.name: is required"), "{detail}");
}

#[tokio::test]
async fn people_write_no_call_system_or_unknown_kind() {
    let scene = Scene::set().await;
    for (kind, status, code) in [
        ("call", "CH422", "bad_kind"),
        ("poll", "CH422", "bad_kind"),
        ("", "CH422", "bad_kind"),
        ("Text", "CH422", "bad_kind"),
        ("system", "CH403", "system_only"),
    ] {
        let sent = scene
            .client
            .query_one(
                "select chat.send_message($1, $2, 'x', p_kind => $3)",
                &[&scene.ann, &scene.group, &kind],
            )
            .await;
        assert_eq!(
            refusal(sent),
            (status.to_owned(), code.to_owned()),
            "{kind}"
        );
    }
}

#[tokio::test]
async fn an_edit_keeps_to_the_rules_of_the_kind_and_what_it_replaced_is_kept() {
    let scene = Scene::set().await;
    let data = json!({"latitude": 1, "longitude": 2});
    let message: uuid::Uuid = value(
        &scene.client,
        "select id from chat.send_message($1, $2, null, p_kind => 'location', p_data => $3)",
        &[&scene.ann, &scene.group, &data],
    )
    .await;
    let edit = "select chat.edit_message($1, $2, $3, $4)";
    let wrong = scene
        .client
        .query_one(
            edit,
            &[
                &scene.ann,
                &message,
                &"here",
                &Some(json!({"latitude": 91, "longitude": 2})),
            ],
        )
        .await;
    assert_eq!(refusal(wrong).1, "bad_data");
    let moved = json!({"latitude": 3, "longitude": 2});
    for (body, given) in [("here", None), ("there", Some(&moved))] {
        scene
            .client
            .query_one(edit, &[&scene.ann, &message, &body, &given])
            .await
            .unwrap();
    }
    let now = scene.message(message).await;
    assert_eq!((&now["body"], &now["data"]), (&json!("there"), &moved));
    let kept: Value = value(
        &scene.client,
        "select json_agg(r) from chat.revisions($1, $2) r",
        &[&scene.ann, &message],
    )
    .await;
    assert_eq!((&kept[0]["body"], &kept[0]["data"]), (&Value::Null, &data));
    assert_eq!(
        (&kept[1]["body"], &kept[1]["data"]),
        (&json!("here"), &data)
    );
}

#[tokio::test]
async fn every_emoji_of_unicode_is_one_and_words_are_none() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    let all: Vec<String> = emojis::iter()
        .flat_map(|emoji| {
            let toned = emoji
                .skin_tones()
                .into_iter()
                .flatten()
                .map(|toned| toned.as_str().to_owned());
            toned.chain([emoji.as_str().to_owned()])
        })
        .collect();
    assert!(all.len() > 3000);
    let refused: Option<Vec<String>> = value(
        &client,
        "select array_agg(x) from unnest($1::text[]) x where chat.is_emoji(x) is not true",
        &[&all],
    )
    .await;
    assert_eq!(refused, None);
    for none in [
        "",
        " ",
        "a",
        "5",
        "#",
        "👍 ",
        "👍👍",
        "👍a",
        "é",
        "日",
        ":)",
        "<b>",
        "\u{200d}",
        "\u{fe0f}",
        "🇫",
        "\u{1f3fb}\u{1f3fb}x",
    ] {
        let is: bool = value(&client, "select chat.is_emoji($1)", &[&none]).await;
        assert!(!is, "{none:?}");
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        // PostgreSQL's text can not hold U+0000, which the server refuses before.
        "[^\u{0}]{0,30}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 20, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::hash_map("[^\u{0}]{0,10}", inner, 0..5)
                .prop_map(|fields| fields.into_iter().collect()),
        ]
    })
}

/// Data of any shape, or right data of which one field became anything.
fn any_data() -> impl Strategy<Value = (String, Value)> {
    let kinds: Vec<&str> = right()
        .iter()
        .map(|(kind, ..)| *kind)
        .chain(["text", "emoji", "system", "call", "x"])
        .collect();
    let wild = (proptest::sample::select(kinds), any_json())
        .prop_map(|(kind, data)| (kind.to_owned(), data));
    let nearly = (
        proptest::sample::select(right()),
        any::<prop::sample::Index>(),
        any_json(),
    )
        .prop_map(|((kind, mut data, _), place, value)| {
            let fields: Vec<String> = data.as_object().unwrap().keys().cloned().collect();
            data[&fields[place.index(fields.len())]] = value;
            (kind.to_owned(), data)
        });
    prop_oneof![wild, nearly]
}

#[tokio::test]
async fn data_of_any_shape_is_either_taken_or_refused_by_name() {
    let scene = Scene::set().await;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    for _ in 0..600 {
        let (kind, data) = any_data().new_tree(&mut runner).unwrap().current();
        let refused: Option<Vec<String>> = value(
            &scene.client,
            "select chat.content_refusal($1, '👍', $2)",
            &[&kind, &data],
        )
        .await;
        if let Some(refused) = refused {
            let field = refused[1].split(':').next().unwrap();
            assert!(
                field == "kind" || field.split('.').next() == Some("data"),
                "{kind} {data}: {refused:?}"
            );
        }
    }
}
