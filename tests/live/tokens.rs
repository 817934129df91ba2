//! Coming in by a token that the host project signs; what it holds for, and for how long.

use std::time::{Duration, Instant};

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::asking::{ask, handshake, header, problem};
use crate::support::tokens::{KeyPair, SECRET, claims, seconds_from_now, signed};
use crate::support::{Person, Socket, TestDatabase, TestHost, TestServer, run, value};

async fn serve(more: &[(&str, &str)]) -> (TestDatabase, TestServer) {
    let database = TestDatabase::create().await;
    let mut settings = vec![("AUTH", "guest,jwt"), ("SECRET_KEY", SECRET)];
    settings.extend_from_slice(more);
    let server = TestServer::start_with(&database, &settings).await;
    (database, server)
}

/// A socket by any token, and its `ready`.
async fn connect(server: &TestServer, token: &str) -> (Socket, Value) {
    let bearer = format!("Bearer {token}");
    let mut socket = Socket::open(server.address, "/ws", &[("authorization", &bearer)])
        .await
        .unwrap();
    let ready = socket.next_of("ready").await;
    (socket, ready)
}

/// Who one is by a token; or the status and code of the refusal.
async fn whoami(server: &TestServer, token: &str) -> Result<Value, (u16, String)> {
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str())];
    let response = ask(server.address, Method::GET, "/api/users/me", &headers, "").await;
    if response.status() == 200 {
        return Ok(response.json().await.unwrap());
    }
    let (status, problem) = problem(response).await;
    Err((status, problem["code"].as_str().unwrap().to_owned()))
}

fn refused(status: u16, code: &str) -> Result<Value, (u16, String)> {
    Err((status, code.to_owned()))
}

async fn exchange(server: &TestServer, headers: &[(&str, &str)], body: Value) -> reqwest::Response {
    ask(
        server.address,
        Method::POST,
        "/auth/token",
        headers,
        body.to_string(),
    )
    .await
}

#[tokio::test]
async fn a_signed_token_opens_every_door_at_first_sight_and_makes_its_user_once() {
    let (database, server) = serve(&[]).await;
    let token = signed(
        &json!({"sub": "u-7", "name": " Ada ", "username": "ada", "exp": seconds_from_now(60)}),
    );
    // All at once: one user, one session.
    let (a, b, c) = tokio::join!(
        whoami(&server, &token),
        whoami(&server, &token),
        connect(&server, &token)
    );
    let ada = a.unwrap();
    assert_eq!(
        (ada["name"].as_str(), ada["username"].as_str()),
        (Some("Ada"), Some("ada"))
    );
    assert_eq!(b.unwrap()["id"], ada["id"]);
    let (_socket, ready) = c;
    assert_eq!(ready["user"]["id"], ada["id"]);
    assert!(ready["expires_at"].is_string(), "{ready}");
    let client = database.connect().await;
    let counts: String = value(
        &client,
        "select (select count(*) from chat.users) || ' ' || (select count(*) from chat.sessions where began_by = 'jwt')
             || ' ' || (select external_id from chat.users)",
        &[],
    )
    .await;
    assert_eq!(counts, "1 1 u-7");
    // The newest page looks the session up by itself: it is begun there, too.
    let other = signed(&json!({"sub": "u-7", "name": "Ada", "exp": seconds_from_now(90)}));
    let general: Uuid = value(
        &client,
        "select id from chat.conversations where is_general",
        &[],
    )
    .await;
    let bearer = format!("Bearer {other}");
    let path = format!("/api/conversations/{general}/messages");
    let page = ask(
        server.address,
        Method::GET,
        &path,
        &[("authorization", &bearer)],
        "",
    )
    .await;
    assert_eq!(page.status(), 200);
}

#[tokio::test]
async fn what_the_host_says_of_somebody_is_brought_up_to_date_and_nothing_is_written_in_vain() {
    let (database, server) = serve(&[]).await;
    let client = database.connect().await;
    let saying = |sub: Value, more: Value| {
        let mut claims =
            json!({"sub": sub, "exp": seconds_from_now(60 + i64::from(rand::random::<u16>()))});
        claims
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        signed(&claims)
    };
    assert_eq!(
        whoami(&server, &saying(json!(7), json!({}))).await,
        refused(401, "bad_token"),
        "no name at first sight"
    );
    let ada = whoami(
        &server,
        &saying(
            json!(7),
            json!({"name": "Ada", "preferred_username": "ada"}),
        ),
    )
    .await
    .unwrap();
    let same = whoami(&server, &saying(json!("7"), json!({"name": "Ada"})))
        .await
        .unwrap();
    assert_eq!(
        (&same["id"], &same["revision"]),
        (&ada["id"], &ada["revision"])
    );
    let renamed = whoami(
        &server,
        &saying(json!("7"), json!({"name": "Ada L.", "username": null})),
    )
    .await
    .unwrap();
    assert_eq!(
        (&renamed["id"], &renamed["name"], &renamed["username"]),
        (&ada["id"], &json!("Ada L."), &json!("ada"))
    );
    // Somebody else's username, or one that is none, is left out; a name that is too long is cut.
    for username in ["ADA", "a b", &"x".repeat(61)] {
        let ben = saying(
            json!(username),
            json!({"name": "b".repeat(200), "username": username}),
        );
        let ben = whoami(&server, &ben).await.unwrap();
        assert_eq!(
            (
                ben["username"].as_str(),
                ben["name"].as_str().unwrap().len()
            ),
            (None, 80)
        );
    }
    for bad in [
        json!(""),
        json!("x".repeat(201)),
        json!("a\0b"),
        json!(7.5),
        json!(-1),
        json!(null),
        json!(["a"]),
    ] {
        let token = saying(bad.clone(), json!({"name": "Eve"}));
        assert_eq!(
            whoami(&server, &token).await,
            refused(401, "bad_token"),
            "{bad}"
        );
    }
    run(
        &client,
        "update chat.users set deactivated_at = now() where external_id = '7'",
        &[],
    )
    .await;
    assert_eq!(
        whoami(&server, &saying(json!("7"), json!({"name": "Ada"}))).await,
        refused(403, "user_deactivated")
    );
}

#[tokio::test]
async fn a_token_that_is_forged_or_out_of_its_time_is_refused_by_what_is_wrong() {
    let (_database, server) = serve(&[
        ("JWT_ISSUER", "https://host.example"),
        ("JWT_AUDIENCE", "chat"),
    ])
    .await;
    let good = json!({"sub": "7", "name": "Ada", "iss": "https://host.example", "aud": ["chat", "shop"], "exp": seconds_from_now(60)});
    let with = |field: &str, value: Value| {
        let mut claims = good.clone();
        claims[field] = value;
        claims
    };
    let without = |field: &str| {
        let mut claims = good.clone();
        claims.as_object_mut().unwrap().remove(field);
        claims
    };
    assert!(whoami(&server, &signed(&good)).await.is_ok());
    assert!(
        whoami(&server, &signed(&with("aud", json!("chat"))))
            .await
            .is_ok()
    );
    assert!(
        whoami(&server, &signed(&with("nbf", json!(seconds_from_now(10)))))
            .await
            .is_ok(),
        "within the leeway"
    );
    for (claims, code) in [
        (with("exp", json!(seconds_from_now(-1))), "token_expired"),
        (
            with("exp", json!(seconds_from_now(-9_999))),
            "token_expired",
        ),
        (with("exp", json!("soon")), "bad_token"),
        (without("exp"), "bad_token"),
        (without("sub"), "bad_token"),
        (with("nbf", json!(seconds_from_now(120))), "bad_token"),
        (with("iss", json!("https://evil.example")), "bad_token"),
        (without("iss"), "bad_token"),
        (with("aud", json!("shop")), "bad_token"),
        (without("aud"), "bad_token"),
    ] {
        assert_eq!(
            whoami(&server, &signed(&claims)).await,
            refused(401, code),
            "{claims}"
        );
    }
    // Times that no calendar has are as far off as a session lasts.
    assert!(
        whoami(&server, &signed(&with("exp", json!(1e15))))
            .await
            .is_ok()
    );

    let token = signed(&good);
    let parts: Vec<&str> = token.split('.').collect();
    let [head, body, signature] = parts[..] else {
        panic!("three parts")
    };
    let text = |json: Value| base64_url(json.to_string().as_bytes());
    let eves = text(with("sub", json!("eve")));
    let of_another_key = EncodingKey::from_secret(b"another key of thirty-two characters");
    for (forged, what) in [
        (
            format!("{}.{body}.", text(json!({"alg": "none", "typ": "JWT"}))),
            "no signature",
        ),
        (
            format!("{}.{body}.{signature}", text(json!({"alg": "none"}))),
            "alg none with a signature",
        ),
        (
            format!("{}.{body}.{signature}", text(json!({"alg": "HS512"}))),
            "another algorithm",
        ),
        (
            format!("{}.{body}.{signature}", text(json!({"alg": "RS256"}))),
            "another family",
        ),
        (format!("{head}.{eves}.{signature}"), "another body"),
        (format!("{head}.{body}."), "an empty signature"),
        (
            format!("{head}.{body}.{}", &signature[..20]),
            "half a signature",
        ),
        (
            encode(
                &Header::new(Algorithm::HS384),
                &good,
                &EncodingKey::from_secret(SECRET.as_bytes()),
            )
            .unwrap(),
            "HS384 by the right key",
        ),
        (
            encode(&Header::new(Algorithm::HS256), &good, &of_another_key).unwrap(),
            "another key",
        ),
        ("a.b.c".to_owned(), "no JWT"),
        ("..".to_owned(), "nothing"),
        (
            format!("{head}.{}.{signature}", "A".repeat(5_000)),
            "garbage",
        ),
    ] {
        assert_eq!(
            whoami(&server, &forged).await,
            refused(401, "bad_token"),
            "{what}"
        );
    }
    for garbage in ["x", "a.b", "a.b.c.d", &"A".repeat(9_000)] {
        assert_eq!(
            whoami(&server, garbage).await,
            refused(401, "not_logged_in")
        );
        let exchanged = exchange(&server, &[], json!({"token": garbage})).await;
        assert_eq!(problem(exchanged).await.1["code"], "bad_token");
    }
}

fn base64_url(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

#[tokio::test]
async fn each_kind_of_public_key_verifies_and_is_never_taken_for_a_secret() {
    for algorithm in [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA] {
        let (pair, other) = (KeyPair::generate(algorithm), KeyPair::generate(algorithm));
        let name = format!("{algorithm:?}");
        let (_database, server) =
            serve(&[("JWT_ALGORITHM", &name), ("JWT_PUBLIC_KEY", &pair.public)]).await;
        let claims = claims("7", "Ada", 60);
        assert_eq!(
            whoami(&server, &pair.signed(&claims, None)).await.unwrap()["name"],
            "Ada",
            "{name}"
        );
        // What everyone knows as a key to sign by: the public key, in every form somebody may have taken for the secret.
        for secret in [pair.public.as_str(), pair.public.trim(), SECRET] {
            let key = EncodingKey::from_secret(secret.as_bytes());
            let forged = encode(&Header::new(Algorithm::HS256), &claims, &key).unwrap();
            assert_eq!(
                whoami(&server, &forged).await,
                refused(401, "bad_token"),
                "{name}"
            );
        }
        assert_eq!(
            whoami(&server, &other.signed(&claims, None)).await,
            refused(401, "bad_token"),
            "{name}"
        );
    }
}

#[tokio::test]
async fn keys_that_the_host_publishes_are_fetched_and_fetched_anew_when_it_signs_by_another() {
    let (first, second, mallorys) = (
        KeyPair::generate(Algorithm::ES256),
        KeyPair::generate(Algorithm::ES256),
        KeyPair::generate(Algorithm::ES256),
    );
    let host = TestHost::start().await;
    // What is not for us among them does no harm; an HMAC key there is no key at all.
    let odd =
        json!({"kty": "oct", "k": base64_url(SECRET.as_bytes()), "kid": "oct", "alg": "HS256"});
    host.answer(
        "/keys",
        200,
        json!({"keys": [odd, {"kty": "new"}, first.listed("1")]}).to_string(),
    );
    let (_database, server) = serve(&[
        ("JWT_ALGORITHM", "ES256"),
        ("JWT_JWKS_URL", &host.url("/keys")),
    ])
    .await;
    let claims = |n: i64| claims("7", "Ada", 60 + n);
    assert!(
        whoami(&server, &first.signed(&claims(1), Some("1")))
            .await
            .is_ok()
    );
    assert!(
        whoami(&server, &first.signed(&claims(2), None))
            .await
            .is_ok(),
        "the only one needs no name"
    );
    assert!(
        whoami(&server, &first.signed(&claims(3), Some("1")))
            .await
            .is_ok()
    );
    assert_eq!(host.heads().len(), 1, "fetched once");
    assert_eq!(
        whoami(&server, &mallorys.signed(&claims(4), Some("1"))).await,
        refused(401, "bad_token")
    );
    let forged = encode(
        &Header::new(Algorithm::HS256),
        &claims(5),
        &EncodingKey::from_secret(SECRET.as_bytes()),
    );
    assert_eq!(
        whoami(&server, &forged.unwrap()).await,
        refused(401, "bad_token")
    );
    assert_eq!(host.heads().len(), 1, "nor for what is no token of ours");
    // Anybody can name a key: the host is not asked each time.
    for n in 0..3 {
        let unknown = mallorys.signed(&claims(10 + n), Some(&format!("unknown {n}")));
        assert_eq!(whoami(&server, &unknown).await, refused(401, "bad_token"));
    }
    assert_eq!(host.heads().len(), 1, "not within a minute");

    // The host signs by another key: a server that has not asked for a minute (here: a new one) asks, and takes both.
    host.answer(
        "/keys",
        200,
        json!({"keys": [first.listed("1"), second.listed("2")]}).to_string(),
    );
    let (_database, server) = serve(&[
        ("JWT_ALGORITHM", "ES256"),
        ("JWT_JWKS_URL", &host.url("/keys")),
    ])
    .await;
    assert!(
        whoami(&server, &second.signed(&claims(20), Some("2")))
            .await
            .is_ok()
    );
    host.stop();
    assert!(
        whoami(&server, &first.signed(&claims(21), Some("1")))
            .await
            .is_ok(),
        "kept while the host is away"
    );

    let (_database, server) = serve(&[
        ("JWT_ALGORITHM", "ES256"),
        ("JWT_JWKS_URL", &host.url("/keys")),
    ])
    .await;
    assert_eq!(
        whoami(&server, &first.signed(&claims(22), Some("1"))).await,
        refused(503, "host_unavailable")
    );
}

#[tokio::test]
async fn connections_end_with_their_token_within_a_moment() {
    let (_database, server) = serve(&[]).await;
    let ends = Instant::now() + Duration::from_secs(3);
    let short = signed(&claims("7", "Ada", 3));
    let (mut socket, ready) = connect(&server, &short).await;
    let mut ada = Person::of(
        server.address,
        &json!({"user": ready["user"], "access_token": short}),
    );
    let mut stream = ada.stream(None).await;
    ada.token = signed(&claims("7", "Ada", 600));
    let (mut later, _) = connect(&server, &ada.token).await;
    assert_eq!(socket.end().await, 4401);
    while stream.next().await.is_some() {}
    let late = Instant::now().saturating_duration_since(ends);
    assert!(late < Duration::from_secs(2), "{late:?} after its end");
    assert_eq!(whoami(&server, &short).await, refused(401, "token_expired"));
    later.settle().await;
}

#[tokio::test]
async fn a_token_of_the_same_user_puts_the_end_off_over_the_open_socket_and_no_other_does() {
    let (database, server) = serve(&[]).await;
    let second =
        TestServer::start_with(&database, &[("AUTH", "jwt"), ("SECRET_KEY", SECRET)]).await;
    let short = signed(&claims("7", "Ada", 4));
    let (mut socket, ready) = connect(&server, &short).await;
    // The same session's socket at another server goes on with it.
    let (mut elsewhere, _) = connect(&second, &short).await;
    let mut answer = async |token: &str| {
        socket
            .send(json!({"type": "authenticate", "ref": "a", "token": token}))
            .await;
        socket.next_where(|frame| frame["ref"] == "a").await
    };
    for (token, status, code) in [
        (signed(&claims("8", "Eve", 600)), 403, "another_user"),
        (signed(&claims("7", "Ada", -5)), 401, "token_expired"),
        ("nonsense".to_owned(), 401, "bad_token"),
    ] {
        let refused = answer(&token).await;
        assert_eq!(
            (&refused["status"], &refused["code"]),
            (&json!(status), &json!(code)),
            "{refused}"
        );
    }
    let client = database.connect().await;
    let eves: i64 = value(
        &client,
        "select count(*) from chat.users where external_id = '8'",
        &[],
    )
    .await;
    assert_eq!(eves, 0, "a refused token makes nobody");
    let ack = answer(&signed(&claims("7", "Ada", 9))).await;
    assert_eq!(ack["type"], "ack");
    assert!(
        ack["expires_at"].as_str() > ready["expires_at"].as_str(),
        "{ack}"
    );
    // Past the first end.
    tokio::time::sleep(Duration::from_secs(5)).await;
    socket.settle().await;
    elsewhere.settle().await;
    assert_eq!(
        whoami(&server, &short).await,
        refused(401, "token_expired"),
        "the old token itself is over"
    );
    assert_eq!(
        (socket.end().await, elsewhere.end().await),
        (4401, 4401),
        "and so is the session at its new end"
    );

    let guest = Person::guest(server.address, "Gus").await;
    let mut guests = guest.connect().await;
    guests
        .send(json!({"type": "authenticate", "ref": "a", "token": signed(&claims("9", "Gus", 60))}))
        .await;
    assert_eq!(
        guests.next_where(|frame| frame["ref"] == "a").await["code"],
        "another_user"
    );
}

#[tokio::test]
async fn an_exchanged_token_gives_a_session_and_one_that_is_there_goes_on() {
    let (database, server) = serve(&[]).await;
    let first = signed(&claims("7", "Ada", 600));
    let response = exchange(&server, &[], json!({"token": first})).await;
    assert_eq!(response.status(), 201);
    let cookie = header(&response, "set-cookie").to_owned();
    assert!(
        cookie.starts_with("webchat_session=") && cookie.contains("SameSite=Lax"),
        "{cookie}"
    );
    let begun: Value = response.json().await.unwrap();
    assert!(
        (590..=600).contains(&begun["expires_in"].as_i64().unwrap()),
        "{begun}"
    );
    assert_eq!(begun["user"]["name"], "Ada");
    let token = begun["access_token"].as_str().unwrap();
    assert_ne!(token, first);
    let pair = cookie.split(';').next().unwrap();

    // By cookie and by header, the session goes on.
    for (headers, body) in [
        (
            vec![("cookie", pair)],
            json!({"token": signed(&claims("7", "Ada", 900))}),
        ),
        (
            vec![("authorization", &*format!("Bearer {token}"))],
            json!({"token": signed(&claims("7", "Ada", 1_200))}),
        ),
    ] {
        let response = exchange(&server, &headers, body).await;
        assert_eq!(response.status(), 200);
        assert!(
            header(&response, "set-cookie").starts_with(pair),
            "the same cookie again"
        );
        let going_on: Value = response.json().await.unwrap();
        assert_eq!(going_on["access_token"], token);
        assert!(going_on["expires_in"].as_i64() > begun["expires_in"].as_i64());
    }
    // The host's token may stand in the header; the session is then the cookie's.
    let bearer = format!("Bearer {}", signed(&claims("7", "Ada", 1_500)));
    let response = exchange(
        &server,
        &[("authorization", &bearer), ("cookie", pair)],
        json!({}),
    )
    .await;
    assert_eq!(response.status(), 200);
    let client = database.connect().await;
    let sessions: i64 = value(&client, "select count(*) from chat.sessions", &[]).await;
    assert_eq!(sessions, 1);
    // Another user's token begins another.
    let response = exchange(
        &server,
        &[("cookie", pair)],
        json!({"token": signed(&claims("8", "Ben", 60))}),
    )
    .await;
    assert_eq!(response.status(), 201);
    assert_eq!(
        response.json::<Value>().await.unwrap()["user"]["name"],
        "Ben"
    );

    for (body, status, code) in [
        (json!({}), 422, "bad_field"),
        (json!({"token": 7}), 422, "bad_field"),
        (json!({"token": "a\0"}), 401, "bad_token"),
        (
            json!({"token": signed(&claims("7", "Ada", -60))}),
            401,
            "token_expired",
        ),
    ] {
        let (found, problem) = problem(exchange(&server, &[], body.clone()).await).await;
        assert_eq!(
            (found, problem["code"].as_str().unwrap()),
            (status, code),
            "{body}"
        );
    }
    let foreign = [("origin", "https://evil.example")];
    let refused = problem(exchange(&server, &foreign, json!({"token": first})).await).await;
    assert_eq!(refused.1["code"], "origin_not_allowed");
}

#[tokio::test]
async fn a_frame_on_another_site_gets_a_cookie_of_its_own_that_counts_before_the_other() {
    let (_database, server) = serve(&[("AUTH", "guest,password,jwt")]).await;
    let account = json!({"username": "dora", "password": "correct horse", "framed": true});
    let form = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("accept", "text/html"),
    ];
    let post = async |path: &'static str, headers: &[(&str, &str)], body: String| {
        let response = ask(server.address, Method::POST, path, headers, body).await;
        let cookies: Vec<String> = response
            .headers()
            .get_all("set-cookie")
            .iter()
            .map(|value| value.to_str().unwrap().to_owned())
            .collect();
        (response.status().as_u16(), cookies)
    };
    let mut pair = String::new();
    for (path, headers, body, status) in [
        (
            "/auth/token",
            &[][..],
            json!({"token": signed(&claims("7", "Ada", 60)), "framed": true}).to_string(),
            201,
        ),
        (
            "/auth/token",
            &form,
            format!(
                "framed=1&next=/chats&token={}",
                signed(&claims("7", "Ada", 70))
            ),
            303,
        ),
        ("/auth/signup", &[], account.to_string(), 201),
        ("/auth/login", &[], account.to_string(), 200),
        (
            "/auth/login",
            &form,
            "username=dora&password=correct+horse&framed=1".to_owned(),
            303,
        ),
        ("/auth/guest", &[], json!({"framed": true}).to_string(), 201),
        ("/auth/guest", &form, "name=Gus&framed=1".to_owned(), 303),
    ] {
        let (found, cookies) = post(path, headers, body).await;
        assert_eq!((found, cookies.len()), (status, 1), "{path} {cookies:?}");
        for part in [
            "webchat_framed=",
            "SameSite=None",
            "Secure",
            "Partitioned",
            "HttpOnly",
            "Path=/",
            "Max-Age=",
        ] {
            assert!(
                cookies[0].contains(part),
                "{path}: {part} is missing in {}",
                cookies[0]
            );
        }
        pair = cookies[0].split(';').next().unwrap().to_owned();
    }
    let plain = Person::guest(server.address, "Plain").await;
    let both = format!("webchat_session={}; {pair}", plain.token);
    let me = ask(
        server.address,
        Method::GET,
        "/api/users/me",
        &[("cookie", &both)],
        "",
    )
    .await;
    assert_eq!(me.json::<Value>().await.unwrap()["name"], "Gus");
    // A session that goes on keeps its kind of cookie, whatever is said with it.
    let (_, cookies) = post(
        "/auth/token",
        &[],
        json!({"token": signed(&claims("7", "Ada", 80)), "framed": true}).to_string(),
    )
    .await;
    let framed = cookies[0].split(';').next().unwrap().to_owned();
    let proof = json!({"token": signed(&claims("7", "Ada", 90))}).to_string();
    let (status, cookies) = post("/auth/token", &[("cookie", &framed)], proof).await;
    assert_eq!(status, 200);
    assert!(
        cookies[0].starts_with(&framed) && cookies[0].contains("Partitioned"),
        "{cookies:?}"
    );
    // Logging out takes back both.
    let (status, cookies) = post("/auth/logout", &[("cookie", &both)], String::new()).await;
    assert_eq!((status, cookies.len()), (200, 2));
    assert!(
        cookies.iter().all(|cookie| cookie.contains("Max-Age=0")),
        "{cookies:?}"
    );
    assert!(cookies[1].contains("Partitioned") && cookies[1].contains("SameSite=None"));
}

#[tokio::test]
async fn a_token_whose_session_was_ended_is_refused_for_good_on_every_server() {
    let (database, server) = serve(&[]).await;
    let second =
        TestServer::start_with(&database, &[("AUTH", "jwt"), ("SECRET_KEY", SECRET)]).await;
    let token = signed(&claims("7", "Ada", 600));
    let (mut here, _) = connect(&server, &token).await;
    let (mut there, _) = connect(&second, &token).await;
    // By the session that it was exchanged for.
    let begun: Value = exchange(&server, &[], json!({"token": token}))
        .await
        .json()
        .await
        .unwrap();
    let ada = Person::of(server.address, &begun);
    let mut exchanged = ada.at(second.address).connect().await;
    assert_eq!(ada.post("/auth/logout", json!({})).await.0, 200);
    assert_eq!(
        (here.end().await, there.end().await, exchanged.end().await),
        (4401, 4401, 4401)
    );
    for server in [&server, &second] {
        assert_eq!(whoami(server, &token).await, refused(401, "bad_token"));
        assert_eq!(
            whoami(server, &ada.token).await,
            refused(401, "not_logged_in")
        );
        assert_eq!(
            problem(exchange(server, &[], json!({"token": token})).await)
                .await
                .1["code"],
            "bad_token"
        );
        let bearer = format!("Bearer {token}");
        assert_eq!(
            handshake(server.address, "/ws", &[("authorization", &bearer)])
                .await
                .status(),
            401
        );
    }
    // Another token of the same user is another matter.
    let next = signed(&claims("7", "Ada", 601));
    assert!(whoami(&server, &next).await.is_ok());
    // The host's own log-out ends them all, from its own transaction.
    let (mut here, _) = connect(&server, &next).await;
    let (mut there, _) = connect(&second, &next).await;
    let host = database.connect_as("chat_writer").await;
    let ended: i64 = value(&host, "select chat.end_sessions('7')", &[]).await;
    assert_eq!(ended, 1);
    assert_eq!((here.end().await, there.end().await), (4401, 4401));
    assert_eq!(whoami(&server, &next).await, refused(401, "bad_token"));
}

#[tokio::test]
async fn the_list_of_sessions_says_how_each_began() {
    let (_database, server) = serve(&[]).await;
    let token = signed(&claims("7", "Ada", 600));
    let (_socket, ready) = connect(&server, &token).await;
    let ada = Person::of(
        server.address,
        &json!({"user": ready["user"], "access_token": token}),
    );
    let (_, list) = ada.get("/api/sessions").await;
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    assert_eq!(list["items"][0]["began_by"], "jwt");
    assert_eq!(list["items"][0]["expires_at"], ready["expires_at"]);
    let guest = Person::guest(server.address, "Gus").await;
    let (_, list) = guest.get("/api/sessions").await;
    assert_eq!(list["items"][0]["began_by"], "guest");
    let mut socket = Socket::open(
        server.address,
        "/ws",
        &[("authorization", &format!("Bearer {}", guest.token))],
    )
    .await
    .unwrap();
    assert_eq!(socket.next_of("ready").await["expires_at"], Value::Null);
}

#[tokio::test]
async fn where_no_mode_has_tokens_they_are_no_way_in() {
    let database = TestDatabase::create().await;
    let server = TestServer::start_with(&database, &[("SECRET_KEY", SECRET)]).await;
    let token = signed(&claims("7", "Ada", 600));
    assert_eq!(whoami(&server, &token).await, refused(401, "not_logged_in"));
    let (status, problem) = problem(exchange(&server, &[], json!({"token": token})).await).await;
    assert_eq!(
        (status, problem["code"].as_str().unwrap()),
        (403, "token_not_allowed")
    );
}
