//! Binds everything together: runs on a listener until told to stop, then drains.

use std::convert::Infallible;
use std::sync::{Arc, Weak};
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::calls::CallKeeper;
use crate::client_address::Peer;
use crate::command::Commands;
use crate::door_limits::DoorLimits;
use crate::doorkeeper::Doorkeeper;
use crate::host::Host;
use crate::hub::Hub;
use crate::inspector::Inspector;
use crate::listener;
use crate::newest::NewestPages;
use crate::online::Online;
use crate::password::Passwords;
use crate::postgres::{Address, Database, DatabaseError};
use crate::presence::PresenceKeeper;
use crate::preview::{self, Pictures};
use crate::relay::Relay;
use crate::routes::{self, Site};
use crate::search::{self, Indexer};
use crate::session_keeper::SessionKeeper;
use crate::settings::Settings;
use crate::stream::Patient;
use crate::writer::Writer;

/// A client that has not sent its request's head by then is not a browser that anybody waits at.
const HEAD_READ_MAX: Duration = Duration::from_secs(15);
/// hyper's default buffer is 400 KB a connection; a head and a command fit into far less.
const READ_BUFFER_BYTES_MAX: usize = 64 * 1024;
/// After a failed accept (out of file descriptors, mostly) the next try waits, or the loop would spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
const FORGET_EVERY: Duration = Duration::from_secs(60);

/// Serves on `tcp` until `shutdown` completes, then stops accepting, tells clients to come back,
/// writes what waits to be written, and leaves, all within `settings.drain_seconds`.
pub async fn run(
    settings: Arc<Settings>,
    address: Address,
    tcp: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> Result<(), DatabaseError> {
    let metrics = routes::metrics_handle();
    let database = Database::new(address, settings.database_connections_max)?;
    let hub = Hub::new(settings.connections_per_user_max);

    let background = TaskTracker::new();
    let stop_background = CancellationToken::new();
    let previews = settings.link_previews.then(|| {
        let (queue, previewer) =
            preview::new(database.clone(), settings.link_preview_hosts.clone());
        background.spawn(previewer.run(stop_background.clone()));
        queue
    });
    let (tell_heard, heard) = watch::channel(listener::Heard::default());
    let sent = search::Heard::default();
    let calls = Arc::new(Notify::new());
    let online = Arc::<Online>::default();
    background.spawn(listener::run(
        database.clone(),
        Relay::new(
            database.clone(),
            Arc::clone(&hub),
            previews,
            sent.clone(),
            Arc::clone(&calls),
            Arc::clone(&online),
        ),
        tell_heard,
        stop_background.clone(),
    ));
    background.spawn(Indexer::new(database.clone(), sent).run(stop_background.clone()));
    let ring = Duration::from_secs(settings.call_ring_seconds);
    background.spawn(CallKeeper::new(database.clone(), calls, ring).run(stop_background.clone()));
    background.spawn({
        let (online, database) = (Arc::clone(&online), database.clone());
        let stop = stop_background.clone();
        async move { online.run(database, stop).await }
    });
    let inspector = Arc::new(Inspector::new(database.clone()));
    if settings.pictures {
        let (inspector, hosts) = (Arc::clone(&inspector), settings.picture_hosts.clone());
        let pictures = Pictures::new(database.clone(), inspector, hosts);
        background.spawn(pictures.run(stop_background.clone()));
    }
    background.spawn({
        let (inspector, stop) = (Arc::clone(&inspector), stop_background.clone());
        async move { inspector.run(stop).await }
    });
    let stop_presence = CancellationToken::new();
    background
        .spawn(PresenceKeeper::new(database.clone(), Arc::clone(&hub)).run(stop_presence.clone()));

    let session_keeper = Arc::new(SessionKeeper::new(database.clone(), Arc::clone(&hub)));
    background.spawn(Arc::clone(&session_keeper).run(stop_background.clone()));
    let host = Host::new(&settings, &database);
    let doorkeeper = Arc::new(Doorkeeper::new(database.clone(), host));

    let writing = TaskTracker::new();
    let writer = Writer::start(&database, settings.writer_lanes, &writing);
    let commands = Arc::new(Commands::new(
        database.clone(),
        Arc::clone(&hub),
        writer,
        Arc::clone(&doorkeeper),
        settings.sends_per_second_max,
    ));
    let passwords = Arc::<Passwords>::default();
    let door_limits = Arc::new(DoorLimits::new(settings.trusted_proxies.clone()));
    background.spawn(forget_quiet_users(
        Arc::downgrade(&commands),
        Arc::downgrade(&passwords),
        Arc::downgrade(&door_limits),
        stop_background.clone(),
    ));

    let connections = TaskTracker::new();
    let drain = CancellationToken::new();
    let site = Arc::new(Site {
        settings: Arc::clone(&settings),
        database: database.clone(),
        hub: Arc::clone(&hub),
        commands,
        heard,
        newest_pages: NewestPages::new(),
        online,
        inspector,
        passwords: Arc::clone(&passwords),
        doorkeeper,
        door_limits,
        session_keeper,
        uploads: Arc::default(),
        metrics,
        connections: connections.clone(),
    });

    if let Ok(local) = tcp.local_addr() {
        tracing::info!("serving on http://{local}");
    }
    tokio::pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            accepted = tcp.accept() => match accepted {
                Ok((stream, from)) => {
                    let peer = Peer(from.ip());
                    connections.spawn(serve(stream, peer, Arc::clone(&site), drain.clone()));
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    drop(tcp);
    let count = hub.connection_count();
    tracing::info!(connections = count, "draining");
    drain.cancel();
    hub.shut();
    drop(site);
    connections.close();
    let drain_max = Duration::from_secs(settings.drain_seconds);
    let drained = async {
        connections.wait().await;
        // Commands have no holder left, so the writer writes what waits and ends.
        writing.close();
        writing.wait().await;
    };
    if tokio::time::timeout(drain_max, drained).await.is_err() {
        tracing::warn!("not everything was drained in time");
    }
    stop_presence.cancel();
    stop_background.cancel();
    background.close();
    if tokio::time::timeout(drain_max, background.wait())
        .await
        .is_err()
    {
        tracing::warn!("the background tasks did not end in time");
    }
    database.close();
    Ok(())
}

async fn serve(stream: TcpStream, peer: Peer, site: Arc<Site>, drain: CancellationToken) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection without TCP_NODELAY");
    }
    let service = service_fn(move |mut request: Request<Incoming>| {
        let site = Arc::clone(&site);
        request.extensions_mut().insert(peer);
        async move { Ok::<_, Infallible>(routes::answer(site, request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_READ_MAX)
        .max_buf_size(READ_BUFFER_BYTES_MAX)
        .serve_connection(TokioIo::new(Patient::new(stream)), service)
        .with_upgrades();
    tokio::pin!(connection);
    let outcome = tokio::select! {
        outcome = connection.as_mut() => outcome,
        () = drain.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = outcome {
        tracing::debug!(%error, "a connection ended");
    }
}

async fn forget_quiet_users(
    commands: Weak<Commands>,
    passwords: Weak<Passwords>,
    door_limits: Weak<DoorLimits>,
    cancel: CancellationToken,
) {
    loop {
        tokio::select! {
            () = cancel.cancelled() => return,
            () = tokio::time::sleep(FORGET_EVERY) => {}
        }
        let (Some(commands), Some(passwords), Some(door_limits)) = (
            commands.upgrade(),
            passwords.upgrade(),
            door_limits.upgrade(),
        ) else {
            return;
        };
        commands.forget_quiet_users();
        passwords.forget_old_tries();
        door_limits.forget_quiet_addresses();
    }
}
