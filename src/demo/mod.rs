//! `webchat demo`: a living chat to look at, and a sample shop, a page of another origin, that has it built in.
//!
//! Everything goes by the doors that any project has: the story is plain SQL, the people who answer hold sockets, the shop
//! is a page with one element in it. It has a database of its own, so that nothing made up gets into a real one.

mod life;
mod pictures;
mod shop;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use jsonwebtoken::{Algorithm, DecodingKey};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::identity::Token;
use crate::inspector::{InspectError, Inspector};
use crate::postgres::sessions::Beginning;
use crate::postgres::{Address, Database, DatabaseError};
use crate::settings::{AuthMode, DatabaseSetting, JwtKey, JwtSettings, Settings};

/// Where the private database of the demo is, below that of the chat itself.
const DATA_DIR: &str = "demo";

#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    #[error(
        "DATABASE_URL: a demo makes people and messages up, which have no place in a project's database; run it as `DATABASE_URL= webchat demo`"
    )]
    RealDatabase,
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error(transparent)]
    Inspect(#[from] InspectError),
    #[error("the pictures could not be drawn: {0}")]
    Picture(#[from] png::EncodingError),
    #[error("HOST, PORT: can not serve on {at}: {error}")]
    Bind {
        at: SocketAddr,
        error: std::io::Error,
    },
    #[error("the system gives no random bytes")]
    NoRandomBytes,
    #[error("the general room is gone; remove the demo's data and start again")]
    NoGeneralRoom,
}

/// Somebody of the cast who is there, and answers.
struct Actor {
    key: &'static str,
    id: Uuid,
    token: String,
}

/// Who is online. The others of the story come and go in it alone.
const ONLINE: [&str; 4] = ["maya", "tomas", "amara", "lena"];

/// The settings with what a demo needs: a private database of its own, and ways in for guests and for the shop's customers.
pub fn settings(mut settings: Settings) -> Result<Settings, DemoError> {
    let DatabaseSetting::Private { data_dir } = &settings.database else {
        return Err(DemoError::RealDatabase);
    };
    settings.database = DatabaseSetting::Private {
        data_dir: PathBuf::from(data_dir).join(DATA_DIR),
    };
    let key = Token::generate()
        .map_err(|_| DemoError::NoRandomBytes)?
        .secret;
    settings.auth = vec![AuthMode::Guest, AuthMode::Jwt];
    settings.jwt = Some(JwtSettings {
        algorithm: Algorithm::HS256,
        key: JwtKey::Fixed(DecodingKey::from_secret(key.as_bytes())),
        issuer: None,
        audience: None,
    });
    settings.secret_key = Some(key);
    Ok(settings)
}

/// The shop is next door; where any port will do, any will do for it too.
fn shop_port(chat: u16) -> u16 {
    match chat {
        0 => 0,
        u16::MAX => u16::MAX - 1,
        port => port + 1,
    }
}

/// Tells the story if it was not told yet, then serves chat and shop until `shutdown` completes. `ready` is told where the
/// two are.
pub async fn run(
    mut settings: Settings,
    address: Address,
    shutdown: impl Future<Output = ()>,
    ready: impl FnOnce(SocketAddr, SocketAddr),
) -> Result<(), DemoError> {
    let chat = bind(SocketAddr::new(settings.host, settings.port)).await?;
    let shop = bind(SocketAddr::new(settings.host, shop_port(settings.port))).await?;
    let database = Database::new(address.clone(), 1)?;
    if !database.is_story_told().await? {
        let portraits = database.tell_story(&pictures::draw()?).await?;
        let inspector = Inspector::new(database.clone());
        for (user, portrait) in portraits {
            inspector.look_at(portrait).await?;
            database.set_user_avatar(user, user, Some(portrait)).await?;
        }
    }
    let mut cast = Vec::new();
    for key in ONLINE {
        let token = Token::generate().map_err(|_| DemoError::NoRandomBytes)?;
        if let Some(user) = database.user_of_story(key).await? {
            database
                .start_session(user, &token.hash, 1, Some("webchat demo"), Beginning::Token)
                .await?;
            cast.push(Actor {
                key,
                id: user,
                token: token.secret,
            });
        }
    }
    let general = database
        .general_id()
        .await?
        .ok_or(DemoError::NoGeneralRoom)?;

    let (chat_at, shop_at) = (local(&chat)?, local(&shop)?);
    settings
        .allowed_origins
        .extend(["localhost", "127.0.0.1"].map(|host| format!("http://{host}:{}", shop_at.port())));
    let stop = CancellationToken::new();
    let key = settings.secret_key.clone().unwrap_or_default();
    let living = life::live(chat_at, database, general, cast, stop.clone());
    let selling = shop::serve(shop, chat_at.port(), &key, stop.clone());
    let chatting = async {
        ready(chat_at, shop_at);
        let outcome = crate::server::run(Arc::new(settings), address, chat, shutdown).await;
        stop.cancel();
        outcome
    };
    let (outcome, (), ()) = tokio::join!(chatting, living, selling);
    Ok(outcome?)
}

async fn bind(at: SocketAddr) -> Result<TcpListener, DemoError> {
    TcpListener::bind(at)
        .await
        .map_err(|error| DemoError::Bind { at, error })
}

fn local(tcp: &TcpListener) -> Result<SocketAddr, DemoError> {
    tcp.local_addr().map_err(|error| DemoError::Bind {
        at: SocketAddr::from(([0, 0, 0, 0], 0)),
        error,
    })
}
