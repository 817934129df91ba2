//! Coming in by what the host's own "current user" endpoint says of a visitor.

use reqwest::Method;
use serde_json::{Value, json};

use crate::asking::{ask, header, problem};
use crate::support::{Client, Socket, TestDatabase, TestHost, TestServer, run, value};

const PAGE: [(&str, &str); 1] = [("accept", "text/html")];

struct Stage {
    host: TestHost,
    server: TestServer,
    client: Client,
    _database: TestDatabase,
}

/// A host that knows Ada and Ben by their cookies.
async fn set_up() -> Stage {
    let host = TestHost::start().await;
    host.answer_by("/me", |head| {
        if head.contains("sid=ada") {
            (
                200,
                json!({"id": 7, "name": "Ada", "username": "ada"}).to_string(),
            )
        } else if head.contains("sid=ben") || head.contains("authorization: bearer bens") {
            (200, json!({"id": 8, "display_name": "Ben"}).to_string())
        } else {
            (401, String::new())
        }
    });
    let database = TestDatabase::create().await;
    let server = TestServer::start_with(
        &database,
        &[("AUTH", "url"), ("AUTH_URL", &host.url("/me"))],
    )
    .await;
    Stage {
        client: database.connect().await,
        host,
        server,
        _database: database,
    }
}

impl Stage {
    async fn visit(&self, cookie: &str) -> reqwest::Response {
        let headers = [PAGE[0], ("cookie", cookie)];
        ask(self.server.address, Method::GET, "/", &headers, "").await
    }

    /// Comes in by a visit; the chat's own cookie.
    async fn come_in(&self, cookie: &str) -> String {
        let response = self.visit(cookie).await;
        assert_eq!(response.status(), 200);
        let set = header(&response, "set-cookie")
            .split(';')
            .next()
            .unwrap()
            .to_owned();
        assert!(set.starts_with("webchat_session="), "{set}");
        set
    }

    async fn whoami(&self, cookie: &str) -> (u16, Value) {
        let headers = [("cookie", cookie)];
        let response = ask(
            self.server.address,
            Method::GET,
            "/api/users/me",
            &headers,
            "",
        )
        .await;
        match response.status().as_u16() {
            200 => (200, response.json().await.unwrap()),
            _ => problem(response).await,
        }
    }

    async fn renew(&self, headers: &[(&str, &str)]) -> reqwest::Response {
        ask(
            self.server.address,
            Method::POST,
            "/auth/token",
            headers,
            "",
        )
        .await
    }

    async fn lapse(&self) {
        run(
            &self.client,
            "update chat.sessions set expires_at = now()",
            &[],
        )
        .await;
    }

    async fn sessions(&self) -> i64 {
        value(&self.client, "select count(*) from chat.sessions", &[]).await
    }
}

#[tokio::test]
async fn whoever_the_host_knows_is_in_by_visiting_and_the_host_sees_no_cookie_of_ours() {
    let stage = set_up().await;
    let own = stage.come_in("sid=ada; webchat_look=dark; theme=x").await;
    assert_eq!(stage.whoami(&own).await.1["username"], "ada");
    let page = stage.visit(&format!("{own}; sid=ada")).await;
    assert_eq!(header(&page, "set-cookie"), "", "in already");
    assert!(page.text().await.unwrap().contains("Ada"));
    let heads = stage.host.heads();
    assert_eq!(heads.len(), 1, "asked once");
    assert!(
        heads[0].contains("cookie: sid=ada; theme=x\r\n") && !heads[0].contains("webchat_"),
        "{}",
        heads[0]
    );
    // Nobody is nobody: no session, and a page without a form that leads nowhere.
    for cookie in ["sid=eve", ""] {
        let page = stage.visit(cookie).await;
        assert_eq!(
            (page.status().as_u16(), header(&page, "set-cookie")),
            (200, "")
        );
        assert!(!page.text().await.unwrap().contains("<form"));
    }
    assert_eq!(
        stage.host.heads().len(),
        2,
        "who shows nothing is not asked for"
    );
    assert_eq!(
        stage.whoami("sid=ada").await.1["code"],
        "not_logged_in",
        "a program begins by /auth/token"
    );
    let begun: Value = stage
        .renew(&[("authorization", "Bearer bens")])
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(
        (begun["user"]["name"].as_str(), begun["expires_in"].as_i64()),
        (Some("Ben"), Some(59))
    );
}

#[tokio::test]
async fn the_same_session_goes_on_while_the_host_knows_the_visitor_and_ends_with_its_log_out() {
    let stage = set_up().await;
    let own = stage.come_in("sid=ada").await;
    let both = format!("{own}; sid=ada");
    let mut socket = Socket::open(stage.server.address, "/ws", &[("cookie", &own)])
        .await
        .unwrap();
    let ready = socket.next_of("ready").await;
    assert!(ready["expires_at"].is_string());
    // Before its end, as the page does, and after it.
    assert_eq!(stage.renew(&[("cookie", &both)]).await.status(), 200);
    stage.lapse().await;
    assert_eq!(stage.whoami(&both).await.0, 200);
    stage.lapse().await;
    assert_eq!(stage.renew(&[("cookie", &both)]).await.status(), 200);
    stage.lapse().await;
    assert_eq!(header(&stage.visit(&both).await, "set-cookie"), "");
    assert_eq!(stage.sessions().await, 1);
    socket.settle().await;
    stage.lapse().await;
    assert_eq!(
        stage.whoami(&own).await.0,
        401,
        "not without what the host knows the visitor by"
    );

    let own = stage.come_in("sid=ada").await;
    let both = format!("{own}; sid=ada");
    let mut socket = Socket::open(stage.server.address, "/ws", &[("cookie", &own)])
        .await
        .unwrap();
    stage.host.answer("/me", 302, "");
    let (status, refused) = problem(stage.renew(&[("cookie", &both)]).await).await;
    assert_eq!(
        (status, refused["code"].as_str()),
        (401, Some("not_logged_in"))
    );
    assert_eq!(
        socket.end().await,
        4401,
        "at once, though its time was not over"
    );
    assert_eq!(stage.whoami(&both).await.0, 401);
    assert!(
        stage
            .host
            .heads()
            .iter()
            .all(|head| head.starts_with("get /me ")),
        "redirects are not followed"
    );
}

#[tokio::test]
async fn somebody_else_at_the_same_browser_gets_a_session_of_their_own() {
    let stage = set_up().await;
    let own = stage.come_in("sid=ada").await;
    let mut socket = Socket::open(stage.server.address, "/ws", &[("cookie", &own)])
        .await
        .unwrap();
    stage.lapse().await;
    let now_ben = format!("{own}; sid=ben");
    assert_eq!(stage.whoami(&now_ben).await.0, 401);
    assert_eq!(socket.end().await, 4401);
    let bens = stage.come_in(&now_ben).await;
    assert_ne!(bens, own);
    assert_eq!(stage.whoami(&bens).await.1["name"], "Ben");
    // The same by what the page asks while it is open.
    let response = stage
        .renew(&[("cookie", &format!("{bens}; sid=ada"))])
        .await;
    assert_eq!(response.status(), 201);
    assert_eq!(
        response.json::<Value>().await.unwrap()["user"]["name"],
        "Ada"
    );
    assert_eq!(stage.whoami(&bens).await.0, 401);
}

#[tokio::test]
async fn a_host_that_does_not_answer_keeps_the_others_out_and_throws_nobody_out_at_once() {
    let stage = set_up().await;
    let own = stage.come_in("sid=ada").await;
    let both = format!("{own}; sid=ada");
    for (status, body) in [
        (500, String::new()),
        (503, "{}".to_owned()),
        (200, "<html>log in</html>".to_owned()),
        (
            200,
            json!({"id": 7, "name": "x".repeat(70_000)}).to_string(),
        ),
    ] {
        stage.host.answer("/me", status, body);
        let (found, refused) = problem(stage.renew(&[("cookie", "sid=ben")]).await).await;
        assert_eq!(
            (found, refused["code"].as_str()),
            (503, Some("host_unavailable"))
        );
        assert_eq!(stage.visit("sid=ben").await.status(), 503);
        stage.lapse().await;
        assert_eq!(stage.whoami(&both).await.0, 200);
        assert_eq!(stage.renew(&[("cookie", &both)]).await.status(), 200);
    }
    stage.host.stop();
    assert_eq!(stage.renew(&[("cookie", "sid=ben")]).await.status(), 503);
    assert_eq!(stage.whoami(&both).await.0, 200);
    // Not for ever.
    run(
        &stage.client,
        "update chat.sessions set proven_at = now() - interval '11 minutes'",
        &[],
    )
    .await;
    stage.lapse().await;
    assert_eq!(stage.whoami(&both).await.1["code"], "host_unavailable");
}
