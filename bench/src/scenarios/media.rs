//! Files up and down, beside psql's own way with the same bytes; what that takes of memory; and small images of photos.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::Bench;
use crate::chance::Chance;
use crate::database::Database;
use crate::machine::{self, Meter};
use crate::product::{Product, Server};
use crate::report::Column;
use crate::seed::{self, Person};
use anyhow::{Context, Result, ensure};

const MIB: usize = 1024 * 1024;
/// The largest that a server takes by default.
const FILE_BYTES: usize = 100 * MIB;
const FILE_BYTES_QUICK: usize = 16 * MIB;
/// As `chat.media_chunk_bytes`: what psql copies has rows of the same size.
const CHUNK_BYTES: usize = 262_144;
/// Uploads and downloads at once, of different people.
const AT_ONCE: usize = 4;
/// One way and the other in turns, since a machine is not the same from one moment to the next.
const TURNS: usize = 3;
/// A telephone's photo.
const PHOTO_PIXELS: (u16, u16) = (4_000, 3_000);
const PHOTOS: u32 = 20;
const PHOTOS_QUICK: u32 = 3;
/// A transfer that takes longer is no figure.
const TRANSFER_MAX: Duration = Duration::from_secs(300);

pub fn run(bench: &mut Bench) -> Result<()> {
    let Some(product) = bench.webchat() else {
        return Ok(());
    };
    bench.with_database("media", |bench, database| {
        transfer(bench, database, &product)?;
        make_small(bench, database, &product)
    })
}

/// The bytes of a file that nothing makes smaller, another one for each seed, so that none is known already.
fn noise(seed: u64, length: usize) -> Vec<u8> {
    Chance::new(seed).bytes(length)
}

fn transfer(bench: &mut Bench, database: &Database, product: &Product) -> Result<()> {
    let length = if bench.is_quick {
        FILE_BYTES_QUICK
    } else {
        FILE_BYTES
    };
    let section = format!("Media: files of {} MiB", length / MIB);
    let people = seed::people(database, u32::try_from(AT_ONCE)?)?;
    let server = product.start(database)?;
    let folder = tempfile::tempdir()?;
    let program = bench.postgres_program("psql");
    let (mut up, mut down, mut psql_up, mut psql_down) = (0.0, 0.0, 0.0, 0.0);
    machine::reset_peak(server.pid())?;
    let (before, _) = machine::memory_bytes(server.pid())?;
    for turn in 0..TURNS {
        let bytes = noise(turn as u64, length);
        let began = Instant::now();
        let media = upload(server.address, &people[0], "noise.bin", &bytes)?;
        up += began.elapsed().as_secs_f64();
        let began = Instant::now();
        let received = download(server.address, &people[0], &media)?;
        down += began.elapsed().as_secs_f64();
        ensure!(received == bytes, "a download is not what was uploaded");
        let psql = copy_by_psql(&program, database, folder.path(), &bytes)?;
        psql_up += psql.0.as_secs_f64();
        psql_down += psql.1.as_secs_f64();
    }
    let alone = machine::peak_bytes(server.pid())?;
    let rate = |seconds: f64| (length * TURNS) as f64 / MIB as f64 / seconds;
    let report = &mut bench.report;
    for (figure, ours, theirs) in [
        ("upload, MiB/s", up, psql_up),
        ("download, MiB/s", down, psql_down),
    ] {
        report.figure(&section, figure, Column::Webchat, rate(ours));
        report.figure(&section, figure, Column::Limit, rate(theirs));
    }
    let (up, down) = at_once(&server, &people, length)?;
    let together = (length * AT_ONCE) as f64 / MIB as f64;
    let grown = |peak: u64| peak.saturating_sub(before) as f64 / 1024.0;
    let all = machine::peak_bytes(server.pid())?;
    for (figure, value) in [
        (format!("upload, {AT_ONCE} at once, MiB/s"), together / up),
        (
            format!("download, {AT_ONCE} at once, MiB/s"),
            together / down,
        ),
        (
            "the server's memory at most above rest, one at a time, KiB".to_owned(),
            grown(alone),
        ),
        (
            format!("the server's memory at most above rest, {AT_ONCE} at once, KiB"),
            grown(all),
        ),
    ] {
        report.figure(&section, &figure, Column::Webchat, value);
    }
    Ok(())
}

/// Seconds until the last of several uploads is done, and the last of several downloads.
fn at_once(server: &Server, people: &[Person], length: usize) -> Result<(f64, f64)> {
    let files: Vec<Vec<u8>> = (0..AT_ONCE)
        .map(|place| noise(1_000 + place as u64, length))
        .collect();
    let began = Instant::now();
    let media = each(people, |place, person| {
        upload(server.address, person, "noise.bin", &files[place])
    })?;
    let up = began.elapsed().as_secs_f64();
    let began = Instant::now();
    let received = each(people, |place, person| {
        download(server.address, person, &media[place])
    })?;
    let down = began.elapsed().as_secs_f64();
    ensure!(received == files, "a download is not what was uploaded");
    Ok((up, down))
}

/// Does something for each of some people at once.
fn each<T: Send>(
    people: &[Person],
    deed: impl Fn(usize, &Person) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    std::thread::scope(|scope| {
        let deed = &deed;
        let running: Vec<_> = people
            .iter()
            .enumerate()
            .map(|(place, person)| scope.spawn(move || deed(place, person)))
            .collect();
        running
            .into_iter()
            .map(|one| {
                one.join()
                    .unwrap_or_else(|_| Err(anyhow::anyhow!("a transfer broke")))
            })
            .collect()
    })
}

/// `\copy` of rows of the same bytes into a table and out of it: how long each took.
fn copy_by_psql(
    program: &Path,
    database: &Database,
    folder: &Path,
    bytes: &[u8],
) -> Result<(Duration, Duration)> {
    let file = folder.join("rows");
    write_rows(&file, bytes)?;
    database.run(
        "drop table if exists public.copied;
         create table public.copied (number integer primary key, bytes bytea not null);
         alter table public.copied alter column bytes set storage external",
    )?;
    let copy = |direction: &str, place: &Path| -> Result<Duration> {
        let command = format!(
            "\\copy public.copied {direction} '{}' with (format binary)",
            place.display()
        );
        let began = Instant::now();
        let output = Command::new(program)
            .args([
                "--no-psqlrc",
                "--quiet",
                &database.url,
                "--command",
                &command,
            ])
            .stdin(Stdio::null())
            .output()
            .context("psql can not be run")?;
        ensure!(
            output.status.success(),
            "psql failed: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(began.elapsed())
    };
    let up = copy("from", &file)?;
    let down = copy("to", Path::new("/dev/null"))?;
    database.run("drop table public.copied")?;
    Ok((up, down))
}

/// As PostgreSQL's binary format for `copy` has it: a head, the rows, an end.
fn write_rows(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    file.write_all(b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0")?;
    for (number, piece) in (0_i32..).zip(bytes.chunks(CHUNK_BYTES)) {
        file.write_all(&2_i16.to_be_bytes())?;
        file.write_all(&4_i32.to_be_bytes())?;
        file.write_all(&number.to_be_bytes())?;
        file.write_all(&i32::try_from(piece.len())?.to_be_bytes())?;
        file.write_all(piece)?;
    }
    file.write_all(&(-1_i16).to_be_bytes())?;
    Ok(file.flush()?)
}

/// Photos are decoded and made small in a server one at a time.
fn make_small(bench: &mut Bench, database: &Database, product: &Product) -> Result<()> {
    let count = if bench.is_quick { PHOTOS_QUICK } else { PHOTOS };
    let (width, height) = PHOTO_PIXELS;
    let section = format!("Media: photos of {width} by {height} pixels");
    let person = seed::people(database, 1)?.remove(0);
    let server = product.start(database)?;
    let photos: Vec<Vec<u8>> = (0..count).map(photo).collect::<Result<_>>()?;
    machine::reset_peak(server.pid())?;
    let (before, _) = machine::memory_bytes(server.pid())?;
    let meter = Meter::start(&[server.pid()], bench.cluster.postmaster, Vec::new());
    for photo in &photos {
        let media = upload(server.address, &person, "photo.jpg", photo)?;
        ensure!(!media.is_empty(), "a photo was not taken");
    }
    let usage = meter.stop();
    let peak = machine::peak_bytes(server.pid())?.saturating_sub(before);
    let report = &mut bench.report;
    for (figure, value) in [
        (
            "small images/s, one at a time",
            f64::from(count) / usage.elapsed.as_secs_f64(),
        ),
        (
            "CPU of the server each, ms",
            usage.us_each(usage.server, u64::from(count)) / 1e3,
        ),
        (
            "bytes of a photo",
            photos.iter().map(Vec::len).sum::<usize>() as f64 / f64::from(count),
        ),
        (
            "the server's memory at most above rest, KiB",
            peak as f64 / 1024.0,
        ),
    ] {
        report.figure(&section, figure, Column::Webchat, value);
    }
    Ok(())
}

/// Colours that run into each other, with the grain that photos have; another one for each number.
fn photo(number: u32) -> Result<Vec<u8>> {
    let (width, height) = PHOTO_PIXELS;
    let mut grain = Chance::new(u64::from(number));
    let mut pixels = Vec::with_capacity(usize::from(width) * usize::from(height) * 3);
    for y in 0..u32::from(height) {
        for x in 0..u32::from(width) {
            let dark = grain.below(16);
            for colour in [x / 16, y / 12, (x + y) / 28] {
                pixels.push(u8::try_from((colour as usize + dark) % 256)?);
            }
        }
    }
    let mut bytes = Vec::new();
    jpeg_encoder::Encoder::new(&mut bytes, 85).encode(
        &pixels,
        width,
        height,
        jpeg_encoder::ColorType::Rgb,
    )?;
    Ok(bytes)
}

/// Uploads a file as it is; answers with its medium's id, once the server has looked at it.
fn upload(address: SocketAddr, person: &Person, name: &str, bytes: &[u8]) -> Result<String> {
    let mut socket = open(address)?;
    write!(
        socket,
        "POST /api/media?name={name} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/octet-stream\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        person.token,
        bytes.len()
    )?;
    socket.write_all(bytes)?;
    let mut answer = String::new();
    socket.read_to_string(&mut answer)?;
    ensure!(answer.starts_with("HTTP/1.1 201 "), "an upload: {answer}");
    let (_, rest) = answer.split_once("\"id\"").context("a medium has an id")?;
    let id = rest.split('"').nth(1).context("an id is a text")?;
    Ok(id.to_owned())
}

fn download(address: SocketAddr, person: &Person, media: &str) -> Result<Vec<u8>> {
    let mut socket = open(address)?;
    write!(
        socket,
        "GET /api/media/{media} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\r\n",
        person.token
    )?;
    let mut answer = Vec::new();
    BufReader::with_capacity(MIB, socket).read_to_end(&mut answer)?;
    ensure!(
        answer.starts_with(b"HTTP/1.1 200 "),
        "a download was refused"
    );
    let head = memchr::memmem::find(&answer, b"\r\n\r\n").context("an answer has a head")?;
    Ok(answer.split_off(head + 4))
}

fn open(address: SocketAddr) -> Result<TcpStream> {
    let socket = TcpStream::connect(address)?;
    socket.set_read_timeout(Some(TRANSFER_MAX))?;
    socket.set_write_timeout(Some(TRANSFER_MAX))?;
    Ok(socket)
}
