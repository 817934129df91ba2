//! The private PostgreSQL, against the real programs. Each test has a data directory, and so a cluster, of its own.

#![allow(clippy::unwrap_used)]

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, geteuid, getpgid, kill_process};
use tokio_postgres::NoTls;
use tokio_util::sync::CancellationToken;
use webchat::postgres::private::{PrivateError, PrivateOptions, PrivatePostgres, StopMode};

#[tokio::test]
async fn it_starts_in_an_empty_folder_and_stops() {
    let folder = Folder::new();
    let postgres = start(&folder.data_dir).await;
    assert_eq!(
        text(
            &postgres,
            "select current_setting('server_encoding') || current_setting('data_checksums')"
        )
        .await,
        "UTF8on"
    );
    assert_eq!(
        text(&postgres, "select current_setting('listen_addresses')").await,
        ""
    );
    let socket_dir = fs::metadata(postgres.socket_dir()).unwrap();
    assert_eq!(socket_dir.mode() & 0o777, 0o700);

    let pid = folder.postmaster().unwrap();
    assert_eq!(
        getpgid(Some(pid)).unwrap(),
        pid,
        "a process group of its own, out of reach of the terminal's Ctrl-C"
    );

    postgres.stop().await.unwrap();
    assert_eq!(folder.postmaster(), None);
    assert!(!folder.data_dir.join("postgres.new").exists());
}

#[tokio::test]
async fn rows_are_there_after_a_stop_and_a_start() {
    let folder = Folder::new();
    let postgres = start(&folder.data_dir).await;
    write_row(&postgres).await;
    postgres.stop().await.unwrap();

    let postgres = start(&folder.data_dir).await;
    assert_row(&postgres).await;
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn a_postmaster_that_was_killed_is_started_again_and_recovers() {
    let folder = Folder::new();
    let postgres = start(&folder.data_dir).await;
    write_row(&postgres).await;
    // Still connected, so that a child of the postmaster is there to outlive it for a moment.
    let (_client, connection) = postgres.config().connect(NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    kill_process(folder.postmaster().unwrap(), Signal::KILL).unwrap();
    drop(postgres);

    let postgres = start(&folder.data_dir).await;
    assert_row(&postgres).await;
    assert!(connection.await.unwrap().is_err());
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn a_killed_postmaster_is_started_again_and_has_every_row() {
    let folder = Folder::new();
    let postgres = start(&folder.data_dir).await;
    let killed = folder.postmaster().unwrap();
    let (client, connection) = postgres.config().connect(NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    client
        .batch_execute("create table counted (number int)")
        .await
        .unwrap();

    let cancel = CancellationToken::new();
    let kill = async {
        let mut acknowledged = 0;
        while let Ok(1) = client.execute("insert into counted values (1)", &[]).await {
            acknowledged += 1;
            if acknowledged == 100 {
                kill_process(killed, Signal::KILL).unwrap();
            }
        }
        assert!(connection.await.unwrap().is_err());
        back_again(&postgres, &folder, killed).await;
        cancel.cancel();
        acknowledged
    };
    let (acknowledged, ()) = tokio::join!(kill, postgres.keep_running(cancel.clone()));

    let rows = text(&postgres, "select count(*) from counted").await;
    let rows: u32 = rows.parse().unwrap();
    // One more than we know of, when it was committed and the answer was lost.
    assert!(acknowledged >= 100);
    assert!(
        (acknowledged..=acknowledged + 1).contains(&rows),
        "{rows} of {acknowledged}"
    );
    postgres.stop().await.unwrap();
    assert_eq!(folder.postmaster(), None);
}

#[tokio::test]
async fn a_postmaster_that_outlived_its_server_is_picked_up() {
    let folder = Folder::new();
    let postgres = start(&folder.data_dir).await;
    write_row(&postgres).await;
    let pid = folder.postmaster();
    // What a kill -9 of the server leaves: the locks are gone, the postmaster is not.
    drop(postgres);

    let postgres = start(&folder.data_dir).await;
    assert_row(&postgres).await;
    assert_eq!(folder.postmaster(), pid);
    postgres.stop().await.unwrap();
    assert_eq!(folder.postmaster(), None);
}

#[tokio::test]
async fn the_last_of_two_users_stops_it() {
    let folder = Folder::new();
    let first = start(&folder.data_dir).await;
    let second = start(&folder.data_dir).await;
    let pid = folder.postmaster();

    first.stop().await.unwrap();
    assert_eq!(folder.postmaster(), pid);
    assert_eq!(text(&second, "select 'here'").await, "here");

    second.stop().await.unwrap();
    assert_eq!(folder.postmaster(), None);
}

#[tokio::test]
async fn two_that_start_at_once_share_one_cluster() {
    let folder = Folder::new();
    let (first, second) = tokio::join!(start(&folder.data_dir), start(&folder.data_dir));
    write_row(&first).await;
    assert_row(&second).await;
    let (a, b) = tokio::join!(first.stop(), second.stop());
    a.unwrap();
    b.unwrap();
    assert_eq!(folder.postmaster(), None);
}

#[tokio::test]
async fn a_stale_postmaster_file_that_names_a_stranger_does_not_stop_the_start() {
    let folder = Folder::new();
    let postgres = start(&folder.data_dir).await;
    write_row(&postgres).await;
    let pid_file = folder.data_dir.join("postgres/postmaster.pid");
    let socket_lock = postgres.socket_dir().join(".s.PGSQL.5432.lock");
    let (pid_text, lock_text) = (
        fs::read_to_string(&pid_file).unwrap(),
        fs::read_to_string(&socket_lock).unwrap(),
    );
    postgres.stop().await.unwrap();

    // After a crash of the machine, the numbers belong to a process of the same user that has nothing to do with it.
    let owner = fs::metadata(folder.data_dir.join("postgres")).unwrap();
    let mut stranger = sleeping_stranger(owner.uid());
    for (path, text) in [(pid_file, pid_text), (socket_lock, lock_text)] {
        let (_, rest) = text.split_once('\n').unwrap();
        fs::write(&path, format!("{}\n{rest}", stranger.id())).unwrap();
        if geteuid().is_root() {
            std::os::unix::fs::chown(&path, Some(owner.uid()), Some(owner.gid())).unwrap();
        }
    }

    let postgres = start(&folder.data_dir).await;
    assert_row(&postgres).await;
    postgres.stop().await.unwrap();
    assert!(
        stranger.try_wait().unwrap().is_none(),
        "the stranger is left alone"
    );
    stranger.kill().unwrap();
    stranger.wait().unwrap();
}

#[tokio::test]
async fn a_start_that_was_killed_in_the_middle_is_begun_afresh() {
    let folder = Folder::new();
    fs::create_dir_all(folder.data_dir.join("postgres.new/base")).unwrap();
    fs::write(folder.data_dir.join("postgres.new/PG_VERSION"), "15\n").unwrap();
    let postgres = start(&folder.data_dir).await;
    write_row(&postgres).await;
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn it_is_restarted_under_its_clients_on_the_same_socket() {
    let folder = Folder::new();
    let postgres = start(&folder.data_dir).await;
    write_row(&postgres).await;
    let before = folder.postmaster();
    for mode in [StopMode::Fast, StopMode::Immediate] {
        postgres.restart(mode).await.unwrap();
        assert_row(&postgres).await;
        assert_ne!(folder.postmaster(), before);
    }
    postgres.stop_mode(StopMode::Smart).await.unwrap();
    assert!(postgres.config().connect(NoTls).await.is_err());
    postgres.start_again().await.unwrap();
    assert_row(&postgres).await;
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn a_long_path_with_odd_characters_works() {
    let folder = Folder::new();
    let long = folder
        .data_dir
        .join("a long, \"odd\" name ".repeat(3))
        .join("x".repeat(100));
    let postgres = start(&long).await;
    assert!(postgres.socket_dir().as_os_str().len() < 90);
    write_row(&postgres).await;
    drop(postgres);
    let postgres = start(&long).await;
    assert_row(&postgres).await;
    let socket_dir = postgres.socket_dir().to_owned();
    postgres.stop().await.unwrap();
    fs::remove_dir_all(socket_dir).unwrap();
}

#[tokio::test]
async fn an_odd_name_that_is_short_enough_keeps_its_socket_beside_it() {
    let folder = Folder::new();
    let odd = folder.data_dir.join("a, \"b\" ");
    let postgres = start(&odd).await;
    assert!(postgres.socket_dir().starts_with(&odd));
    write_row(&postgres).await;
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn files_that_are_no_cluster_are_left_alone() {
    let folder = Folder::new();
    let precious = folder.data_dir.join("postgres/precious");
    fs::create_dir_all(precious.parent().unwrap()).unwrap();
    fs::write(&precious, "").unwrap();
    let error = PrivatePostgres::start(options(&folder.data_dir))
        .await
        .unwrap_err();
    assert!(matches!(error, PrivateError::NotACluster { .. }), "{error}");
    assert!(precious.exists());
}

#[tokio::test]
async fn a_cluster_of_a_version_that_is_not_installed_is_named() {
    let folder = Folder::new();
    let postgres = start(&folder.data_dir).await;
    postgres.stop().await.unwrap();
    fs::write(folder.data_dir.join("postgres/PG_VERSION"), "9\n").unwrap();
    let error = PrivatePostgres::start(options(&folder.data_dir))
        .await
        .unwrap_err();
    assert!(
        matches!(error, PrivateError::VersionMissing { needed: 9, .. }),
        "{error}"
    );
    assert!(!error.to_string().contains('\n'));
}

#[tokio::test]
async fn a_setting_that_postgresql_refuses_is_named_at_once() {
    let folder = Folder::new();
    let mut options = options(&folder.data_dir);
    options.extra = vec![("work_mem".to_owned(), "plenty".to_owned())];
    let began = Instant::now();
    let error = PrivatePostgres::start(options).await.unwrap_err();
    assert!(matches!(error, PrivateError::Start { .. }), "{error}");
    assert!(error.to_string().contains("work_mem"), "{error}");
    assert!(began.elapsed() < Duration::from_secs(30));
}

#[tokio::test]
async fn a_data_directory_that_was_copied_while_running_gets_a_postmaster_of_its_own() {
    let folder = Folder::new();
    let postgres = start(&folder.data_dir).await;
    write_row(&postgres).await;
    let copy = Folder::new();
    let copied = Command::new("cp")
        .arg("-a")
        .arg(folder.data_dir.join("postgres"))
        .arg(&copy.data_dir)
        .status()
        .unwrap();
    assert!(copied.success());

    let other = start(&copy.data_dir).await;
    assert_ne!(folder.postmaster(), copy.postmaster());
    assert_ne!(postgres.socket_dir(), other.socket_dir());
    other.stop().await.unwrap();
    assert_eq!(text(&postgres, "select 'here'").await, "here");
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn under_a_closed_parent_root_keeps_the_cluster_elsewhere_with_a_link() {
    // Only root has another user's processes to worry about.
    if !geteuid().is_root() {
        return;
    }
    let folder = Folder::closed();
    let postgres = start(&folder.data_dir).await;
    write_row(&postgres).await;
    let link = folder.data_dir.join("postgres");
    let cluster = fs::read_link(&link).unwrap();
    assert!(cluster.starts_with("/var/lib/webchat"));
    postgres.stop().await.unwrap();

    let postgres = start(&folder.data_dir).await;
    assert_row(&postgres).await;
    postgres.stop().await.unwrap();

    // Deleting the data directory means beginning afresh, yet what was elsewhere is not lost.
    fs::remove_dir_all(&folder.data_dir).unwrap();
    let postgres = start(&folder.data_dir).await;
    assert_ne!(fs::read_link(&link).unwrap(), cluster);
    assert!(cluster.join("PG_VERSION").exists());
    assert_eq!(
        text(&postgres, "select to_regclass('kept')::text is null").await,
        "true"
    );
    postgres.stop().await.unwrap();
    remove_cluster(&cluster);
}

#[tokio::test]
async fn root_serves_a_cluster_as_its_owner_unless_that_is_root() {
    // Nobody else can become another user.
    if !geteuid().is_root() {
        return;
    }
    let folder = Folder::new();
    let postgres = start(&folder.data_dir).await;
    postgres.stop().await.unwrap();
    let cluster = folder.data_dir.join("postgres");
    chown_all(&cluster, 65534);
    chown_all(&folder.data_dir.join("postgres.socket"), 65534);

    let postgres = start(&folder.data_dir).await;
    let process = fs::metadata(format!(
        "/proc/{}",
        folder.postmaster().unwrap().as_raw_pid()
    ));
    if let Ok(process) = process {
        assert_eq!(process.uid(), 65534);
    }
    postgres.stop().await.unwrap();

    chown_all(&cluster, 0);
    let error = PrivatePostgres::start(options(&folder.data_dir))
        .await
        .unwrap_err();
    assert!(
        matches!(error, PrivateError::NotOwner { owner: 0, .. }),
        "{error}"
    );
}

// --- Folders --------------------------------------------------------------------------------------------------------

/// A data directory that ends with its test, and takes a postmaster along that a failed test left running.
struct Folder {
    _temp: tempfile::TempDir,
    data_dir: PathBuf,
}

impl Folder {
    /// Below a directory that everybody may pass.
    fn new() -> Self {
        let folder = Self::closed();
        fs::create_dir(&folder.data_dir).unwrap();
        // Whatever the umask is.
        for dir in [folder._temp.path(), &folder.data_dir] {
            fs::set_permissions(dir, Permissions::from_mode(0o755)).unwrap();
        }
        folder
    }

    /// Below a directory that only its owner may pass, and not made yet.
    fn closed() -> Self {
        let temp = tempfile::Builder::new()
            .prefix("webchat-test-")
            .permissions(Permissions::from_mode(0o700))
            // Not TMPDIR, which may be closed to PostgreSQL's user itself.
            .tempdir_in("/tmp")
            .unwrap();
        let data_dir = temp.path().join("data");
        Self {
            _temp: temp,
            data_dir,
        }
    }

    /// The process that the cluster's file names; the file goes with an orderly stop.
    fn postmaster(&self) -> Option<Pid> {
        let text = fs::read_to_string(self.data_dir.join("postgres/postmaster.pid")).ok()?;
        Pid::from_raw(text.lines().next()?.parse().ok()?)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if std::thread::panicking()
            && let Some(pid) = self.postmaster()
        {
            kill_process(pid, Signal::QUIT).ok();
        }
        if let Ok(cluster) = fs::read_link(self.data_dir.join("postgres")) {
            remove_cluster(&cluster);
        }
    }
}

fn remove_cluster(cluster: &Path) {
    let beside = |suffix| format!("{}{suffix}", cluster.display());
    fs::remove_dir_all(cluster).ok();
    fs::remove_dir_all(beside(".socket")).ok();
    fs::remove_file(beside(".users")).ok();
}

fn chown_all(path: &Path, uid: u32) {
    let status = Command::new("chown")
        .arg("-R")
        .arg(uid.to_string())
        .arg(path)
        .status();
    assert!(status.unwrap().success());
}

fn sleeping_stranger(uid: u32) -> std::process::Child {
    use std::os::unix::process::CommandExt;
    let mut command = Command::new("sleep");
    command.arg("600").current_dir("/");
    if geteuid().is_root() {
        command.uid(uid);
    }
    command.spawn().unwrap()
}

// --- Rows -----------------------------------------------------------------------------------------------------------

fn options(data_dir: &Path) -> PrivateOptions {
    PrivateOptions {
        data_dir: data_dir.to_owned(),
        durable: false,
        extra: Vec::new(),
    }
}

async fn start(data_dir: &Path) -> PrivatePostgres {
    PrivatePostgres::start(options(data_dir)).await.unwrap()
}

/// Waits for another postmaster than the one that was killed, and for its first answer.
async fn back_again(postgres: &PrivatePostgres, folder: &Folder, killed: Pid) {
    let back = async {
        while folder.postmaster().is_none_or(|pid| pid == killed)
            || postgres.config().connect(NoTls).await.is_err()
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), back)
        .await
        .unwrap();
}

async fn text(postgres: &PrivatePostgres, query: &str) -> String {
    let (client, connection) = postgres.config().connect(NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    let rows = client
        .simple_query(&format!("select ({query})::text"))
        .await
        .unwrap();
    drop(client);
    connection.await.unwrap().unwrap();
    rows.iter()
        .find_map(|message| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        })
        .unwrap_or_default()
}

async fn write_row(postgres: &PrivatePostgres) {
    let (client, connection) = postgres.config().connect(NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    client
        .batch_execute("create table kept (word text); insert into kept values ('kept')")
        .await
        .unwrap();
    drop(client);
    connection.await.unwrap().unwrap();
}

async fn assert_row(postgres: &PrivatePostgres) {
    assert_eq!(text(postgres, "select word from kept").await, "kept");
}
