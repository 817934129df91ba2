//! HTTP clients that ask for the same page again and again, each as soon as it has the last one.

use std::io;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use memchr::memmem::{self, Finder};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use crate::latency::Latencies;
use crate::stamp::now_ns;
use std::io::{Read, Write};
use std::net::SocketAddr;

/// More than a page has, so that one system call takes it.
const BUFFER_BYTES: usize = 256 * 1024;
/// A server that answers nobody for this long is stuck.
const SILENCE_MAX: Duration = Duration::from_secs(10);

/// What to ask for, and what an answer must hold.
pub struct Page {
    pub address: SocketAddr,
    pub path: String,
    pub token: String,
    pub messages: usize,
}

#[derive(Debug, Default)]
pub struct Pages {
    pub count: u64,
    pub bytes: u64,
    pub latencies: Latencies,
    pub elapsed: Duration,
}

struct Reader {
    socket: TcpStream,
    request: Vec<u8>,
    /// Of the answer, as far as it is there.
    answer: Vec<u8>,
    /// Bytes of the whole answer, once its head is there.
    expected: Option<usize>,
    asked_ns: u64,
}

/// Has one keep-alive connection ask for each of the pages, for `warm_up` and then, counted, for `measured`. `begin` is
/// called between the two, and what it returns when the time is over is returned as well.
pub fn read<T>(
    pages: &[Page],
    warm_up: Duration,
    measured: Duration,
    begin: impl FnOnce() -> T,
) -> Result<(Pages, T)> {
    let mut poll = Poll::new()?;
    let mut readers = Vec::new();
    for (place, page) in pages.iter().enumerate() {
        let mut socket = TcpStream::connect(page.address)?;
        poll.registry().register(
            &mut socket,
            Token(place),
            Interest::READABLE | Interest::WRITABLE,
        )?;
        readers.push(Reader {
            socket,
            request: format!(
                "GET {} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\r\n",
                page.path, page.address, page.token
            )
            .into_bytes(),
            answer: Vec::new(),
            expected: None,
            asked_ns: 0,
        });
    }
    let bodies = Finder::new("\"body\"");
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut events = Events::with_capacity(64);
    let mut counted = Pages::default();
    let mut begin = Some(begin);
    let mut watched = None;
    let mut since = Instant::now();
    let mut last_answer = Instant::now();
    loop {
        if begin.is_some() && since.elapsed() >= warm_up {
            watched = begin.take().map(|begin| begin());
            counted = Pages::default();
            since = Instant::now();
        } else if begin.is_none() && since.elapsed() >= measured {
            counted.elapsed = since.elapsed();
            let watched = watched.context("the warm-up is over")?;
            return Ok((counted, watched));
        }
        ensure!(
            last_answer.elapsed() < SILENCE_MAX,
            "the server does not answer"
        );
        poll.poll(&mut events, Some(Duration::from_millis(100)))?;
        for event in &events {
            let place = event.token().0;
            let reader = &mut readers[place];
            if reader.asked_ns == 0 {
                reader.ask()?;
            }
            while let Some((head_bytes, total)) = reader.read(&mut buffer)? {
                last_answer = Instant::now();
                counted.count += 1;
                counted.bytes += (total - head_bytes) as u64;
                counted.latencies.record(now_ns() - reader.asked_ns);
                let messages = bodies.find_iter(&reader.answer[head_bytes..total]).count();
                ensure!(
                    messages == pages[place].messages,
                    "a page has {messages} messages: {}",
                    String::from_utf8_lossy(&reader.answer[..total.min(500)])
                );
                reader.answer.clear();
                reader.expected = None;
                reader.ask()?;
            }
        }
    }
}

impl Reader {
    fn ask(&mut self) -> Result<()> {
        self.asked_ns = now_ns();
        match self.socket.write(&self.request) {
            Ok(written) if written == self.request.len() => Ok(()),
            // It asks again when the socket says so.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::NotConnected
                ) =>
            {
                self.asked_ns = 0;
                Ok(())
            }
            Ok(_) => bail!("a request of a hundred bytes was taken in parts"),
            Err(error) => Err(error.into()),
        }
    }

    /// Where the head of the answer ends, and the whole of it; none while it is not all there.
    fn read(&mut self, buffer: &mut [u8]) -> Result<Option<(usize, usize)>> {
        loop {
            match self.socket.read(buffer) {
                Ok(0) => bail!("the server closed a connection"),
                Ok(count) => self.answer.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(error) if error.kind() == io::ErrorKind::NotConnected => return Ok(None),
                Err(error) => return Err(error.into()),
            }
            let Some(head) = memmem::find(&self.answer, b"\r\n\r\n") else {
                continue;
            };
            let head_bytes = head + 4;
            if self.expected.is_none() {
                let head = String::from_utf8_lossy(&self.answer[..head]).into_owned();
                ensure!(
                    head.starts_with("HTTP/1.1 200 "),
                    "an answer begins with {head}"
                );
                let length: usize = head
                    .lines()
                    .find_map(|line| {
                        let (name, value) = line.split_once(':')?;
                        name.eq_ignore_ascii_case("content-length")
                            .then(|| value.trim().parse().ok())?
                    })
                    .context("an answer has no content-length")?;
                self.expected = Some(head_bytes + length);
            }
            if let Some(total) = self.expected
                && self.answer.len() >= total
            {
                return Ok(Some((head_bytes, total)));
            }
        }
    }
}
