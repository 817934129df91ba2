//! HTTP: which address means what, and the one place where a problem becomes a response.

mod account;
mod arrivals;
mod assets;
mod auth;
mod blocks;
mod calls;
mod compatibility;
mod compression;
mod conversations;
mod cors;
mod docs;
mod embed;
mod http;
mod joining;
mod known;
mod language;
mod listed;
mod live;
mod media;
mod messages;
mod openapi;
mod opened;
mod operations;
mod pages;
mod passwords;
mod previews;
mod profile;
mod rooms;
mod schema;
mod search;
mod stickers;
mod time;
mod topics;
mod upload_turns;
mod uploads;
mod users;
mod vcard;

use std::sync::{Arc, OnceLock};

use hyper::body::Incoming;
use hyper::header::{ALLOW, HeaderValue};
use hyper::{Method, Request, StatusCode};
use matchit::Router;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::watch;
use tokio_util::task::TaskTracker;

use crate::command::{Actor, Commands, Manner};
use crate::door_limits::DoorLimits;
use crate::doorkeeper::Doorkeeper;
use crate::frame::Frame;
use crate::hub::Hub;
use crate::identity::{self, Credential};
use crate::inspector::Inspector;
use crate::listener::Heard;
use crate::newest::NewestPages;
use crate::online::Online;
use crate::password::Passwords;
use crate::postgres::Database;
use crate::postgres::sessions::Session;
use crate::problem::Problem;
use crate::session_keeper::SessionKeeper;
use crate::settings::Settings;

use http::{Parameters, Response};
use pages::Place;
use topics::Named;

pub use operations::metrics_handle;
pub use upload_turns::UploadTurns;

/// What answering requests needs.
pub struct Site {
    pub settings: Arc<Settings>,
    pub database: Database,
    pub hub: Arc<Hub<Frame>>,
    pub commands: Arc<Commands>,
    pub heard: watch::Receiver<Heard>,
    pub newest_pages: NewestPages,
    pub online: Arc<Online>,
    pub inspector: Arc<Inspector>,
    pub passwords: Arc<Passwords>,
    pub doorkeeper: Arc<Doorkeeper>,
    pub door_limits: Arc<DoorLimits>,
    pub session_keeper: Arc<SessionKeeper>,
    pub uploads: Arc<UploadTurns>,
    pub metrics: PrometheusHandle,
    /// Sockets run here after their upgrade.
    pub connections: TaskTracker,
}

impl Site {
    /// The cursor from which a client that now reads what there is goes on: taken before anything
    /// is read, so what comes in between arrives twice, never not.
    fn cursor(&self) -> Result<String, Problem> {
        self.heard
            .borrow()
            .cursor
            .clone()
            .ok_or_else(Problem::unavailable)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Route {
    Home,
    Chats,
    OpenConversation,
    OpenPerson,
    OpenInvite,
    OpenTopic,
    OpenWith,
    PartRoom,
    PartRoomDialog,
    PartRooms,
    PartDialog,
    PartBlocks,
    PartAccount,
    PartHome,
    PartChats,
    PartConversation,
    PartPerson,
    PartProfile,
    PartPins,
    PartInfo,
    PartList,
    PartPeople,
    PartFound,
    PartSearch,
    PartSearchOptions,
    PartSenders,
    PartCall,
    PartCalls,
    Asset,
    Embed,
    EmbedScript,
    EmbedCheck,
    EmbedCheckScript,
    Health,
    Ready,
    Metrics,
    Description,
    Docs,
    DocsWire,
    DocsFile,
    GuestAuth,
    TokenAuth,
    SignUp,
    LogIn,
    Password,
    Logout,
    Sessions,
    Session,
    WebSocket,
    WebSocketGeneral,
    WebSocketHeld,
    ServerSentEvents,
    Commands,
    Changes,
    Users,
    User,
    UserAvatar,
    Presence,
    Conversations,
    Conversation,
    ConversationAvatar,
    Direct,
    Topic,
    Groups,
    Rooms,
    JoinRoom,
    Invites,
    Invite,
    JoinInvite,
    ApproveMember,
    DenyMember,
    Block,
    Blocks,
    Members,
    Member,
    ConversationMessages,
    Marks,
    Preferences,
    Unread,
    Message,
    RestoreMessage,
    ForwardMessage,
    PinMessage,
    Pins,
    Vcard,
    Reactions,
    Reaction,
    Revisions,
    Receipts,
    Preview,
    ConversationCalls,
    Calls,
    Call,
    CallAction,
    CallSignals,
    Search,
    AllMedia,
    Media,
    MediaBytes,
    MediaInfo,
    Thumbnail,
    Stickers,
    Gifs,
    OnlineUsers,
    WebSocketOf,
    PlainMessages,
    MessagesBetween,
    ReadMessage,
    GroupMembers,
    Upload,
    DownloadMedia,
    GeneralHistory,
    PrivateChats,
    PlainHistory,
    PlainRooms,
    JoinPlainRoom,
    PlainInvite,
    ApproveInvite,
    DenyInvite,
}

const ROUTES: &[(&str, Route)] = &[
    ("/", Route::Home),
    ("/chats", Route::Chats),
    ("/c/{conversation}", Route::OpenConversation),
    ("/c/{conversation}/{seq}", Route::OpenConversation),
    ("/u/{user}", Route::OpenPerson),
    ("/i/{invite}", Route::OpenInvite),
    ("/parts/c/{conversation}/people", Route::PartRoom),
    (
        "/parts/c/{conversation}/dialog/{name}",
        Route::PartRoomDialog,
    ),
    ("/t/{name}", Route::OpenTopic),
    ("/with/{name}", Route::OpenWith),
    ("/parts/rooms", Route::PartRooms),
    ("/parts/dialog/{name}", Route::PartDialog),
    ("/parts/blocks", Route::PartBlocks),
    ("/parts/account", Route::PartAccount),
    ("/parts", Route::PartHome),
    ("/parts/chats", Route::PartChats),
    ("/parts/c/{conversation}", Route::PartConversation),
    ("/parts/c/{conversation}/{seq}", Route::PartConversation),
    ("/parts/c/{conversation}/pins", Route::PartPins),
    ("/parts/u/{user}", Route::PartPerson),
    ("/parts/u/{user}/profile", Route::PartProfile),
    ("/parts/m/{message}", Route::PartInfo),
    ("/parts/list", Route::PartList),
    ("/parts/people", Route::PartPeople),
    ("/parts/found", Route::PartFound),
    ("/parts/search", Route::PartSearch),
    ("/parts/search/options", Route::PartSearchOptions),
    ("/parts/search/senders", Route::PartSenders),
    ("/parts/call", Route::PartCall),
    ("/parts/calls", Route::PartCalls),
    ("/static/{hash}/{*file}", Route::Asset),
    ("/embed", Route::Embed),
    ("/embed.js", Route::EmbedScript),
    ("/embed/check", Route::EmbedCheck),
    ("/embed/check.js", Route::EmbedCheckScript),
    ("/health", Route::Health),
    ("/ready", Route::Ready),
    ("/metrics", Route::Metrics),
    ("/openapi.json", Route::Description),
    ("/docs", Route::Docs),
    ("/docs/wire", Route::DocsWire),
    ("/docs/ui/{file}", Route::DocsFile),
    ("/auth/guest", Route::GuestAuth),
    ("/auth/token", Route::TokenAuth),
    ("/auth/signup", Route::SignUp),
    ("/auth/login", Route::LogIn),
    ("/auth/password", Route::Password),
    ("/auth/logout", Route::Logout),
    ("/api/sessions", Route::Sessions),
    ("/api/sessions/{session}", Route::Session),
    ("/ws", Route::WebSocket),
    ("/ws/general", Route::WebSocketGeneral),
    ("/ws/private/{conversation}", Route::WebSocketHeld),
    ("/ws/room/{conversation}", Route::WebSocketHeld),
    ("/sse", Route::ServerSentEvents),
    ("/api/commands", Route::Commands),
    ("/api/changes", Route::Changes),
    ("/api/users", Route::Users),
    ("/api/users/{user}", Route::User),
    ("/api/users/me/avatar", Route::UserAvatar),
    ("/api/users/me/presence", Route::Presence),
    ("/api/conversations", Route::Conversations),
    ("/api/conversations/direct", Route::Direct),
    ("/api/conversations/topic", Route::Topic),
    ("/api/conversations/{conversation}", Route::Conversation),
    (
        "/api/conversations/{conversation}/avatar",
        Route::ConversationAvatar,
    ),
    ("/api/groups", Route::Groups),
    ("/api/rooms", Route::Rooms),
    ("/api/rooms/{conversation}/join", Route::JoinRoom),
    ("/api/conversations/{conversation}/invites", Route::Invites),
    ("/api/invites/{invite}", Route::Invite),
    ("/api/invites/{invite}/join", Route::JoinInvite),
    (
        "/api/conversations/{conversation}/members/{user}/approve",
        Route::ApproveMember,
    ),
    (
        "/api/conversations/{conversation}/members/{user}/deny",
        Route::DenyMember,
    ),
    ("/api/users/{user}/block", Route::Block),
    ("/api/blocks", Route::Blocks),
    ("/api/conversations/{conversation}/members", Route::Members),
    (
        "/api/conversations/{conversation}/members/{user}",
        Route::Member,
    ),
    (
        "/api/conversations/{conversation}/messages",
        Route::ConversationMessages,
    ),
    ("/api/conversations/{conversation}/marks", Route::Marks),
    (
        "/api/conversations/{conversation}/preferences",
        Route::Preferences,
    ),
    ("/api/conversations/{conversation}/unread", Route::Unread),
    ("/api/messages/{message}", Route::Message),
    ("/api/messages/{message}/restore", Route::RestoreMessage),
    ("/api/messages/{message}/forward", Route::ForwardMessage),
    ("/api/messages/{message}/pin", Route::PinMessage),
    ("/api/conversations/{conversation}/pins", Route::Pins),
    ("/api/messages/{message}/reactions", Route::Reactions),
    ("/api/messages/{message}/reactions/{emoji}", Route::Reaction),
    ("/api/messages/{message}/revisions", Route::Revisions),
    ("/api/messages/{message}/receipts", Route::Receipts),
    ("/api/messages/{message}/vcard", Route::Vcard),
    ("/api/messages/{message}/preview", Route::Preview),
    (
        "/api/conversations/{conversation}/calls",
        Route::ConversationCalls,
    ),
    ("/api/calls", Route::Calls),
    ("/api/calls/{call}", Route::Call),
    ("/api/calls/{call}/{action}", Route::CallAction),
    ("/api/calls/{call}/signals", Route::CallSignals),
    ("/api/search", Route::Search),
    ("/api/media", Route::AllMedia),
    ("/api/media/{media}", Route::Media),
    ("/api/media/{media}/bytes", Route::MediaBytes),
    ("/api/media/{media}/info", Route::MediaInfo),
    ("/api/media/{media}/thumbnail", Route::Thumbnail),
    ("/api/stickers", Route::Stickers),
    ("/api/gifs", Route::Gifs),
    // Of other chats.
    ("/users", Route::OnlineUsers),
    ("/ws/{who}", Route::WebSocketOf),
    ("/api/messages", Route::PlainMessages),
    (
        "/api/messages/conversation/{user}/{other}",
        Route::MessagesBetween,
    ),
    ("/api/messages/{message}/read", Route::ReadMessage),
    ("/api/groups/{conversation}/members", Route::GroupMembers),
    ("/api/media/upload", Route::Upload),
    ("/api/media/{media}/download", Route::DownloadMedia),
    ("/chats/general/history", Route::GeneralHistory),
    ("/chats/private", Route::PrivateChats),
    ("/chats/private/{conversation}/history", Route::PlainHistory),
    ("/chats/room", Route::PlainRooms),
    ("/chats/room/{conversation}/history", Route::PlainHistory),
    ("/chats/room/{conversation}/join", Route::JoinPlainRoom),
    ("/chats/room/{conversation}/invite", Route::PlainInvite),
    (
        "/chats/room/{conversation}/invite/approve",
        Route::ApproveInvite,
    ),
    ("/chats/room/{conversation}/invite/deny", Route::DenyInvite),
];

fn router() -> &'static Router<Route> {
    static ROUTER: OnceLock<Router<Route>> = OnceLock::new();
    ROUTER.get_or_init(|| {
        let mut router = Router::new();
        for (path, route) in ROUTES {
            if let Err(error) = router.insert(*path, *route) {
                unreachable!("{path} in the table of routes: {error}");
            }
        }
        router
    })
}

/// A request with what its address said.
pub(super) struct Asked {
    pub request: Request<Incoming>,
    pub parameters: Parameters,
}

/// Answers any request, in the language that it asks for.
pub async fn answer(site: Arc<Site>, request: Request<Incoming>) -> Response {
    let language = language::of(&request);
    views::language::scope(language, respond(site, request)).await
}

/// What goes wrong becomes a problem in JSON, or a page for a browser.
async fn respond(site: Arc<Site>, request: Request<Incoming>) -> Response {
    let wants_page = http::accepts_html(request.headers()) && request.method() == Method::GET;
    let look = wants_page.then(|| embed::look(&request));
    let sharing = cors::Sharing::of(&request, &site.settings.allowed_origins);
    if let Some(mut response) = sharing.preflight(&request) {
        sharing.mark(&mut response);
        return http::secured(response, &site.settings);
    }
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let encoding = compression::accepted(request.headers());
    let mut response = match find(&path) {
        Ok((route, parameters)) => {
            let asked = Asked {
                request: match route.takes_token() {
                    true => compatibility::move_token(request),
                    false => request,
                },
                parameters,
            };
            match dispatch(&site, route, asked).await {
                Ok(response) => response,
                Err(problem) => {
                    let is_page = matches!(
                        route,
                        Route::Home
                            | Route::Chats
                            | Route::OpenConversation
                            | Route::OpenPerson
                            | Route::OpenInvite
                            | Route::PlainInvite
                            | Route::OpenTopic
                            | Route::OpenWith
                            | Route::GuestAuth
                            | Route::TokenAuth
                    );
                    http::problem(&problem, look.as_ref().filter(|_| is_page))
                }
            }
        }
        Err(problem) => http::problem(&problem, look.as_ref()),
    };
    metrics::counter!("webchat_http_requests_total", "method" => method_label(&method), "status" => response.status().as_u16().to_string())
        .increment(1);
    sharing.mark(&mut response);
    compression::compressed(http::secured(response, &site.settings), encoding).await
}

/// Only known methods become labels: a label of the client's choosing could be any number of them.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        _ => "other",
    }
}

fn find(path: &str) -> Result<(Route, Parameters), Problem> {
    // A slash at the end is the same address.
    let trimmed = path.trim_end_matches('/');
    let found = router()
        .at(if trimmed.is_empty() { "/" } else { trimmed })
        .map_err(|_| Problem::not_found())?;
    let parameters = found
        .params
        .iter()
        .map(|(name, value)| (name.to_owned(), http::percent_decoded(value)))
        .collect();
    Ok((*found.value, Parameters(parameters)))
}

async fn dispatch(site: &Arc<Site>, route: Route, asked: Asked) -> Result<Response, Problem> {
    let method = asked.request.method().clone();
    match (route, method) {
        (Route::Home, Method::GET | Method::HEAD) => pages::home(site, asked).await,
        (Route::Chats, Method::GET | Method::HEAD) => pages::page(site, asked, Place::Chats).await,
        (Route::OpenConversation, Method::GET | Method::HEAD) => {
            let place = Place::conversation(&asked)?;
            pages::page(site, asked, place).await
        }
        (Route::OpenPerson, Method::GET | Method::HEAD) => {
            let place = Place::person(&asked)?;
            pages::page(site, asked, place).await
        }
        (Route::OpenTopic, Method::GET) => topics::lead(site, asked, Named::Topic).await,
        (Route::OpenWith, Method::GET) => topics::lead(site, asked, Named::Person).await,
        (Route::OpenInvite, Method::GET | Method::HEAD) => rooms::invitation(site, asked).await,
        (Route::OpenInvite, Method::POST) => rooms::join(site, asked).await,
        (Route::PartRoom, Method::GET) => rooms::people(site, asked).await,
        (Route::PartRoomDialog, Method::GET) => rooms::room_dialog(site, asked).await,
        (Route::PartRooms, Method::GET) => rooms::rooms(site, asked).await,
        (Route::PartDialog, Method::GET) => rooms::dialog(site, asked).await,
        (Route::PartBlocks, Method::GET) => rooms::blocks(site, asked).await,
        (Route::PartAccount, Method::GET) => account::part(site, asked).await,
        (Route::PartHome, Method::GET) => pages::pane(site, asked, Place::General).await,
        (Route::PartChats, Method::GET) => pages::pane(site, asked, Place::Chats).await,
        (Route::PartConversation, Method::GET) => {
            let place = Place::conversation(&asked)?;
            pages::pane(site, asked, place).await
        }
        (Route::PartPerson, Method::GET) => {
            let place = Place::person(&asked)?;
            pages::pane(site, asked, place).await
        }
        (Route::PartProfile, Method::GET) => profile::part(site, asked).await,
        (Route::PartPins, Method::GET) => pages::pins(site, asked).await,
        (Route::PartInfo, Method::GET) => pages::info(site, asked).await,
        (Route::PartList, Method::GET) => pages::list(site, asked).await,
        (Route::PartPeople, Method::GET) => pages::people(site, asked).await,
        (Route::PartFound, Method::GET) => pages::find(site, asked).await,
        (Route::PartSearch, Method::GET) => search::part(site, asked).await,
        (Route::PartSearchOptions, Method::GET) => search::options(site, asked).await,
        (Route::PartSenders, Method::GET) => search::senders(site, asked).await,
        (Route::PartCall, Method::GET) => calls::tools(site, asked).await,
        (Route::PartCalls, Method::GET) => calls::log(site, asked).await,
        (Route::Asset, Method::GET | Method::HEAD) => assets::asset(&asked),
        (Route::Embed, Method::GET | Method::HEAD) => Ok(embed::page(site, &asked)),
        (Route::EmbedScript, Method::GET | Method::HEAD) => embed::script(&asked),
        (Route::EmbedCheck, Method::GET | Method::HEAD) => Ok(embed::check(site, &asked)),
        (Route::EmbedCheckScript, Method::GET | Method::HEAD) => {
            Ok(embed::check_script(site, &asked))
        }
        (Route::Health, Method::GET | Method::HEAD) => Ok(operations::health()),
        (Route::Ready, Method::GET | Method::HEAD) => Ok(operations::ready(site).await),
        (Route::Metrics, Method::GET | Method::HEAD) => Ok(operations::metrics(site)),
        (Route::Description, Method::GET | Method::HEAD) => Ok(openapi::description()),
        (Route::Docs, Method::GET | Method::HEAD) => Ok(docs::ui(&asked)),
        (Route::DocsWire, Method::GET | Method::HEAD) => Ok(docs::wire(&asked)),
        (Route::DocsFile, Method::GET | Method::HEAD) => docs::file(&asked),
        (Route::GuestAuth, Method::POST) => auth::guest(site, asked).await,
        (Route::TokenAuth, Method::POST) => arrivals::token(site, asked).await,
        (Route::SignUp, Method::POST) => passwords::sign_up(site, asked).await,
        (Route::LogIn, Method::POST) => passwords::log_in(site, asked).await,
        (Route::Password, Method::PUT) => passwords::change(site, asked).await,
        (Route::Logout, Method::POST) => auth::logout(site, asked).await,
        (Route::Sessions, Method::GET) => auth::sessions(site, asked).await,
        (Route::Session, Method::DELETE) => auth::end_session(site, asked).await,
        (Route::WebSocket, Method::GET) => live::websocket(site, asked, None).await,
        (Route::WebSocketGeneral, Method::GET) => live::websocket_general(site, asked).await,
        (Route::WebSocketHeld, Method::GET) => live::websocket_held(site, asked).await,
        (Route::ServerSentEvents, Method::GET) => live::server_sent_events(site, asked).await,
        (Route::Commands, Method::POST) => live::command(site, asked).await,
        (Route::Changes, Method::GET) => live::changes(site, asked).await,
        (Route::Users, Method::GET) => users::list(site, asked).await,
        (Route::Users, Method::POST) => compatibility::people::create(site, asked).await,
        (Route::User, Method::GET) => users::read(site, asked).await,
        (Route::User, Method::PUT) => users::update(site, asked).await,
        (Route::UserAvatar, Method::PUT) => users::set_avatar(site, asked).await,
        (Route::Presence, Method::PUT) => users::set_presence(site, asked).await,
        (Route::Conversations, Method::GET) => conversations::list(site, asked).await,
        (Route::Conversation, Method::GET) => conversations::read(site, asked).await,
        (Route::Conversation, Method::PUT) => conversations::update(site, asked).await,
        (Route::ConversationAvatar, Method::PUT) => conversations::set_avatar(site, asked).await,
        (Route::Conversation, Method::DELETE) => conversations::close(site, asked).await,
        (Route::Direct, Method::POST) => conversations::open_direct(site, asked).await,
        (Route::Topic, Method::POST) => topics::open_topic(site, asked).await,
        (Route::Groups, Method::POST) => conversations::create_group(site, asked).await,
        (Route::Rooms, Method::POST) => conversations::create_room(site, asked).await,
        (Route::Rooms, Method::GET) => joining::rooms(site, asked).await,
        (Route::Invites, Method::GET) => joining::invites(site, asked).await,
        (Route::Invites, Method::POST) => joining::create_invite(site, asked).await,
        (Route::Invite, Method::GET) => joining::read_invite(site, asked).await,
        (Route::Invite, Method::DELETE) => joining::revoke_invite(site, asked).await,
        (Route::JoinInvite, Method::POST) => joining::join_by_invite(site, asked).await,
        (Route::ApproveMember, Method::POST) => joining::approve(site, asked).await,
        (Route::DenyMember, Method::POST) => joining::deny(site, asked).await,
        (Route::Block, Method::PUT) => blocks::block(site, asked).await,
        (Route::Block, Method::DELETE) => blocks::unblock(site, asked).await,
        (Route::Blocks, Method::GET) => blocks::blocked(site, asked).await,
        (Route::JoinRoom, Method::POST) => conversations::join(site, asked).await,
        (Route::Members, Method::GET) => conversations::members(site, asked).await,
        (Route::Members, Method::POST) => conversations::add_member(site, asked).await,
        (Route::Member, Method::PUT) => conversations::set_role(site, asked).await,
        (Route::Member, Method::DELETE) => conversations::remove_member(site, asked).await,
        (Route::ConversationMessages, Method::GET) => messages::history(site, asked).await,
        (Route::ConversationMessages, Method::POST) => messages::send(site, asked).await,
        (Route::Marks, Method::PUT) => messages::mark(site, asked).await,
        (Route::Preferences, Method::PUT) => conversations::set_preferences(site, asked).await,
        (Route::Unread, Method::POST) => conversations::mark_unread(site, asked).await,
        (Route::Message, Method::GET) => messages::read(site, asked).await,
        (Route::Message, Method::PUT) => messages::edit(site, asked).await,
        (Route::Message, Method::DELETE) => messages::delete(site, asked).await,
        (Route::RestoreMessage, Method::POST) => messages::restore(site, asked).await,
        (Route::ForwardMessage, Method::POST) => messages::forward(site, asked).await,
        (Route::PinMessage, Method::PUT) => messages::pin(site, asked).await,
        (Route::PinMessage, Method::DELETE) => messages::unpin(site, asked).await,
        (Route::Pins, Method::GET) => messages::pins(site, asked).await,
        (Route::Vcard, Method::GET) => vcard::download(site, asked).await,
        (Route::Reactions, Method::GET) => messages::reactions(site, asked).await,
        (Route::Reaction, Method::PUT) => messages::react(site, asked).await,
        (Route::Reaction, Method::DELETE) => messages::unreact(site, asked).await,
        (Route::Revisions, Method::GET) => messages::revisions(site, asked).await,
        (Route::Receipts, Method::GET) => messages::receipts(site, asked).await,
        (Route::Preview, Method::DELETE) => previews::remove(site, asked).await,
        (Route::ConversationCalls, Method::POST) => calls::request(site, asked).await,
        (Route::Calls, Method::GET) => calls::list(site, asked).await,
        (Route::Call, Method::GET) => calls::one(site, asked).await,
        (Route::CallAction, Method::POST) => calls::act(site, asked).await,
        (Route::CallSignals, Method::POST) => calls::signal(site, asked).await,
        (Route::Search, Method::GET) => search::find(site, asked).await,
        (Route::AllMedia, Method::POST) => uploads::upload(site, asked).await,
        (Route::Media, Method::GET | Method::HEAD) => media::download(site, asked).await,
        (Route::Media, Method::DELETE) => uploads::abandon(site, asked).await,
        (Route::MediaBytes, Method::PUT) => uploads::append(site, asked).await,
        (Route::MediaInfo, Method::GET) => media::info(site, asked).await,
        (Route::Thumbnail, Method::GET | Method::HEAD) => media::thumbnail(site, asked).await,
        (Route::Stickers, Method::GET) => stickers::stickers(site, asked).await,
        (Route::Stickers, Method::POST) => stickers::add_sticker_pack(site, asked).await,
        (Route::Gifs, Method::GET) => stickers::gifs(site, asked).await,
        (Route::OnlineUsers, Method::GET) => compatibility::people::online(site, asked).await,
        (Route::WebSocketOf, Method::GET) => compatibility::sockets::of(site, asked).await,
        (Route::PlainMessages, Method::GET) => compatibility::messages::list(site, asked).await,
        (Route::PlainMessages, Method::POST) => compatibility::messages::send(site, asked).await,
        (Route::MessagesBetween, Method::GET) => {
            compatibility::messages::between(site, asked).await
        }
        (Route::ReadMessage, Method::PUT) => compatibility::messages::mark_read(site, asked).await,
        (Route::GroupMembers, Method::GET) => compatibility::groups::members(site, asked).await,
        (Route::GroupMembers, Method::POST) => compatibility::groups::add_member(site, asked).await,
        (Route::Upload, Method::POST) => compatibility::files::upload(site, asked).await,
        (Route::DownloadMedia, Method::GET | Method::HEAD) => {
            compatibility::files::download(site, asked).await
        }
        (Route::GeneralHistory, Method::GET) => {
            compatibility::chats::general_history(site, asked).await
        }
        (Route::PrivateChats, Method::POST) => {
            compatibility::chats::open_private(site, asked).await
        }
        (Route::PlainHistory, Method::GET) => compatibility::chats::history(site, asked).await,
        (Route::PlainRooms, Method::POST) => compatibility::chats::create_room(site, asked).await,
        (Route::JoinPlainRoom, Method::POST) => compatibility::chats::join(site, asked).await,
        (Route::PlainInvite, Method::GET) => compatibility::chats::invitation(site, asked).await,
        (Route::ApproveInvite, Method::POST) => compatibility::chats::approve(site, asked).await,
        (Route::DenyInvite, Method::POST) => compatibility::chats::deny(site, asked).await,
        (route, _) => Ok(method_not_allowed(route)),
    }
}

fn method_not_allowed(route: Route) -> Response {
    let allowed = match route {
        Route::GuestAuth
        | Route::TokenAuth
        | Route::SignUp
        | Route::LogIn
        | Route::Logout
        | Route::Commands
        | Route::Direct
        | Route::Topic
        | Route::Groups
        | Route::JoinRoom
        | Route::JoinInvite
        | Route::ApproveMember
        | Route::DenyMember
        | Route::Unread
        | Route::AllMedia
        | Route::ConversationCalls
        | Route::CallAction
        | Route::CallSignals
        | Route::ForwardMessage
        | Route::Upload
        | Route::PrivateChats
        | Route::PlainRooms
        | Route::JoinPlainRoom
        | Route::ApproveInvite
        | Route::DenyInvite
        | Route::RestoreMessage => "POST",
        Route::Session | Route::Preview => "DELETE",
        Route::UserAvatar
        | Route::Password
        | Route::ConversationAvatar
        | Route::Presence
        | Route::Marks
        | Route::Preferences
        | Route::ReadMessage
        | Route::MediaBytes => "PUT",
        Route::User => "GET, PUT",
        Route::Conversation | Route::Message => "GET, PUT, DELETE",
        Route::Members
        | Route::Rooms
        | Route::Invites
        | Route::OpenInvite
        | Route::ConversationMessages
        | Route::Users
        | Route::PlainMessages
        | Route::GroupMembers
        | Route::Stickers => "GET, POST",
        Route::Media | Route::Invite => "GET, DELETE",
        Route::Block | Route::Member | Route::PinMessage | Route::Reaction => "PUT, DELETE",
        _ => "GET",
    };
    let problem = Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        format!("This address takes {allowed}."),
    );
    let mut response = http::problem(&problem, None);
    response
        .headers_mut()
        .insert(ALLOW, HeaderValue::from_static(allowed));
    response
}

/// The session a request acts by. With a cookie, what changes something must come from a page of
/// an allowed origin.
async fn require_session(site: &Site, request: &Request<Incoming>) -> Result<Session, Problem> {
    let Some((session, credential)) = site.doorkeeper.find_session(request.headers()).await? else {
        return Err(Problem::unauthorized());
    };
    let only_reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if credential == Credential::Cookie && !only_reads {
        identity::check_origin(request.headers(), &site.settings.allowed_origins)?;
    }
    Ok(session)
}

fn actor(session: &Session) -> Actor {
    Actor {
        user: session.user_id,
        session: session.id,
        only: None,
        manner: Manner::Own,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_of_the_table_is_found_with_and_without_a_slash_at_its_end() {
        for (path, route) in ROUTES {
            let path = path.replace(['{', '}', '*'], "");
            assert_eq!(find(&path).unwrap().0, *route, "{path}");
            assert_eq!(find(&format!("{path}/")).unwrap().0, *route, "{path}/");
        }
    }
}
