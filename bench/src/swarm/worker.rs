//! The event loop of one thread of clients.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, TryRecvError};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use mio::{Events, Interest, Poll, Token, Waker};

use super::{Answer, Load, Order, Watch};
use crate::client::{Client, Stage};
use crate::dialect::{Dialect, Heard, Seat, Speaker};
use crate::frame::{self, CLOSE, PING, PONG, TEXT};
use crate::stamp::{Stamp, StampFinder, now_ns};
use crate::tally::Tally;

/// One system call takes what a socket's kernel buffer holds, some hundreds of frames.
const BUFFER_BYTES: usize = 512 * 1024;
/// Clients of one thread that may be in their handshake at once: fewer than a listening socket's backlog takes.
const OPENING_MAX: usize = 64;
const EVENTS_MAX: usize = 1_024;
/// How long the loop sleeps when nothing is due.
const IDLE_WAIT: Duration = Duration::from_millis(500);
/// Sends made up in one turn when the loop has fallen behind; the clients must be read in between.
const DUE_MAX: u32 = 256;

const WAKE: Token = Token(usize::MAX);

pub(super) struct Worker {
    poll: Poll,
    waker: Arc<Waker>,
    orders: Receiver<Order>,
    answers: Sender<Answer>,
    speaker: Speaker,
    stamps: StampFinder,
    /// A place each; empty once lost.
    clients: Vec<Option<Client>>,
    to_open: VecDeque<Seat>,
    opening: usize,
    is_asked_to_open: bool,
    load: Load,
    watch: Watch,
    messages_until_look: u32,
    /// When the next send is due, for loads with a clock.
    next_due_ns: u64,
    next_sender: usize,
    last_stamp_ns: u64,
    tally: Tally,
    since: Instant,
    buffer: Vec<u8>,
    /// A payload in the making.
    payload: Vec<u8>,
}

/// Why a client is no more.
type Loss = String;

impl Worker {
    pub(super) fn new(
        dialect: Dialect,
        run: &str,
        orders: Receiver<Order>,
        answers: Sender<Answer>,
    ) -> Result<Self> {
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKE)?);
        Ok(Self {
            poll,
            waker,
            orders,
            answers,
            speaker: Speaker::new(dialect, run),
            stamps: StampFinder::new(),
            clients: Vec::new(),
            to_open: VecDeque::new(),
            opening: 0,
            is_asked_to_open: false,
            load: Load::Silent,
            watch: Watch::ALL,
            messages_until_look: 1,
            next_due_ns: 0,
            next_sender: 0,
            last_stamp_ns: 0,
            tally: Tally::default(),
            since: Instant::now(),
            buffer: vec![0; BUFFER_BYTES],
            payload: Vec::new(),
        })
    }

    pub(super) fn waker(&self) -> Arc<Waker> {
        Arc::clone(&self.waker)
    }

    /// Until its orders end.
    pub(super) fn run(&mut self) {
        let mut events = Events::with_capacity(EVENTS_MAX);
        loop {
            let wait = self.wait();
            if let Err(error) = self.poll.poll(&mut events, Some(wait))
                && error.kind() != io::ErrorKind::Interrupted
            {
                eprintln!("bench: clients can not be polled: {error}");
                return;
            }
            for event in &events {
                if event.token() == WAKE {
                    if !self.obey() {
                        return;
                    }
                    continue;
                }
                let place = event.token().0;
                let outcome = self.attend(
                    place,
                    event.is_readable() || event.is_read_closed() || event.is_error(),
                    event.is_read_closed(),
                );
                if let Err(loss) = outcome {
                    self.lose(place, loss);
                }
            }
            self.open_more();
            self.send_what_is_due();
        }
    }

    fn wait(&self) -> Duration {
        match self.load {
            Load::Open { .. } | Load::Paced { .. } => {
                Duration::from_nanos(self.next_due_ns.saturating_sub(now_ns())).min(IDLE_WAIT)
            }
            Load::Silent | Load::Closed { .. } => IDLE_WAIT,
        }
    }

    /// False when there will be no more orders.
    fn obey(&mut self) -> bool {
        loop {
            let answer = match self.orders.try_recv() {
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Disconnected) => return false,
                Ok(Order::Open(seats)) => {
                    self.to_open.extend(seats);
                    self.is_asked_to_open = true;
                    continue;
                }
                Ok(Order::Load(load, watch)) => {
                    self.begin(load, watch);
                    continue;
                }
                Ok(Order::Take) => {
                    let mut tally = std::mem::take(&mut self.tally);
                    tally.elapsed = self.since.elapsed();
                    self.since = Instant::now();
                    Answer::Taken(Box::new(tally))
                }
            };
            if self.answers.send(answer).is_err() {
                return false;
            }
        }
    }

    fn begin(&mut self, load: Load, watch: Watch) {
        self.load = load;
        self.watch = watch;
        self.messages_until_look = watch.every;
        self.next_due_ns = now_ns();
        if let Load::Closed { in_flight } = load {
            for place in 0..self.clients.len() {
                for _ in 0..in_flight {
                    self.send_from(place, None);
                }
                self.flush(place);
            }
        }
    }

    // --- Opening ----------------------------------------------------------------------------------------------------

    fn open_more(&mut self) {
        while self.opening < OPENING_MAX
            && let Some(seat) = self.to_open.pop_front()
        {
            if let Err(error) = self.open(seat) {
                self.answer_opening(Err(error.into()));
                return;
            }
        }
        if self.is_asked_to_open && self.opening == 0 {
            self.answer_opening(Ok(()));
        }
    }

    fn open(&mut self, seat: Seat) -> io::Result<()> {
        let mut client = Client::connect(seat)?;
        self.poll.registry().register(
            &mut client.socket,
            Token(self.clients.len()),
            Interest::READABLE | Interest::WRITABLE,
        )?;
        self.clients.push(Some(client));
        self.opening += 1;
        Ok(())
    }

    fn answer_opening(&mut self, outcome: Result<()>) {
        self.is_asked_to_open = false;
        self.to_open.clear();
        // Whoever asked has left when nobody takes it; the orders' end tells.
        self.answers.send(Answer::Opened(outcome)).ok();
    }

    // --- Sending ----------------------------------------------------------------------------------------------------

    fn send_what_is_due(&mut self) {
        let (every_ns, senders, is_stamped_as_due) = match self.load {
            Load::Open { a_second, senders } => (
                (1e9 / a_second) as u64,
                senders.min(self.clients.len()),
                true,
            ),
            Load::Paced { every } => (every.as_nanos() as u64, self.clients.len(), false),
            Load::Silent | Load::Closed { .. } => return,
        };
        for _ in 0..DUE_MAX {
            if self.next_due_ns > now_ns() || senders == 0 {
                return;
            }
            let place = self.next_sender % senders;
            self.next_sender += 1;
            self.send_from(place, is_stamped_as_due.then_some(self.next_due_ns));
            self.flush(place);
            self.next_due_ns += every_ns;
        }
    }

    /// Queues one send. Stamps are unique in this thread, since they are references too.
    fn send_from(&mut self, place: usize, due_ns: Option<u64>) {
        let Some(Some(client)) = self.clients.get_mut(place) else {
            return;
        };
        let at_ns = due_ns.unwrap_or_else(now_ns).max(self.last_stamp_ns + 1);
        self.last_stamp_ns = at_ns;
        let stamp = Stamp {
            at_ns,
            sender: client.seat.number,
        };
        self.speaker
            .write_send(&mut self.payload, &client.seat, stamp);
        client.queue_frame(TEXT, &self.payload);
        client.in_flight += 1;
        self.tally.sent += 1;
        self.tally.sent_stamps = self.tally.sent_stamps.wrapping_add(at_ns);
    }

    fn flush(&mut self, place: usize) {
        if let Some(Some(client)) = self.clients.get_mut(place)
            && let Err(error) = client.flush()
        {
            self.lose(place, error.to_string());
        }
    }

    // --- Hearing ----------------------------------------------------------------------------------------------------

    fn attend(&mut self, place: usize, is_readable: bool, is_closed: bool) -> Result<(), Loss> {
        let Some(Some(client)) = self.clients.get_mut(place) else {
            return Ok(());
        };
        if client.stage == Stage::Connecting {
            if let Some(error) = client.socket.take_error().map_err(|e| e.to_string())? {
                return Err(error.to_string());
            }
            if client.socket.peer_addr().is_err() {
                return Ok(());
            }
            client.stage = Stage::Upgrading;
            let request = self.speaker.upgrade(&client.seat);
            client.queue(&request);
        }
        if is_readable {
            self.read_all(place, is_closed)?;
        }
        if let Some(Some(client)) = self.clients.get_mut(place) {
            client.flush().map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    fn read_all(&mut self, place: usize, is_closed: bool) -> Result<(), Loss> {
        let mut buffer = std::mem::take(&mut self.buffer);
        let outcome = loop {
            let Some(Some(client)) = self.clients.get_mut(place) else {
                break Ok(());
            };
            match client.read(&mut buffer) {
                Ok(None) => break Ok(()),
                Err(error) => break Err(error.to_string()),
                Ok(Some(read)) => {
                    if let Err(loss) = self.hear_all(place, &buffer[..read.filled]) {
                        break Err(loss);
                    }
                    // The end of the stream is found by reading to it.
                    if !read.may_be_more && !is_closed {
                        break Ok(());
                    }
                }
            }
        };
        self.buffer = buffer;
        outcome
    }

    fn hear_all(&mut self, place: usize, mut bytes: &[u8]) -> Result<(), Loss> {
        let now = now_ns();
        self.tally.received_bytes += bytes.len() as u64;
        if self.stage(place) == Some(Stage::Upgrading) {
            let Some(rest) = after_upgrade(bytes)? else {
                self.keep(place, bytes);
                return Ok(());
            };
            self.set_stage(place, Stage::Opening);
            bytes = rest;
        }
        while let Some(frame) = frame::first(bytes) {
            match frame.opcode {
                TEXT => self.hear(place, frame.payload, now)?,
                PING => self.reply(place, PONG, frame.payload),
                PONG => {}
                CLOSE => return Err(closing_words(frame.payload)),
                other => return Err(format!("a frame of opcode {other}")),
            }
            bytes = &bytes[frame.bytes..];
        }
        self.keep(place, bytes);
        Ok(())
    }

    fn hear(&mut self, place: usize, payload: &[u8], now: u64) -> Result<(), Loss> {
        match self.speaker.hear(payload) {
            Heard::Message => {
                self.tally.received += 1;
                self.messages_until_look -= 1;
                if self.messages_until_look == 0 {
                    self.messages_until_look = self.watch.every;
                    self.look_at_message(place, payload, now);
                }
            }
            Heard::Ack(at_ns) => {
                self.tally.acked += 1;
                self.tally.to_ack.record(now.saturating_sub(at_ns));
                if let Some(Some(client)) = self.clients.get_mut(place) {
                    client.in_flight = client.in_flight.saturating_sub(1);
                }
                if let Load::Closed { .. } = self.load {
                    self.send_from(place, None);
                }
            }
            Heard::Refusal => {
                let words = String::from_utf8_lossy(payload).into_owned();
                if self.stage(place) != Some(Stage::Open) {
                    return Err(words);
                }
                self.tally.refused += 1;
                self.tally.first_refusal.get_or_insert(words);
            }
            Heard::Greeting => {
                if let Some(Some(client)) = self.clients.get_mut(place) {
                    let words = self.speaker.introduction(&client.seat);
                    client.queue_frame(TEXT, &words);
                }
            }
            Heard::Ready => {
                if self.stage(place) == Some(Stage::Opening) {
                    self.set_stage(place, Stage::Open);
                    self.opening -= 1;
                }
            }
            Heard::Ping => self.reply(place, TEXT, self.speaker.pong()),
            Heard::Other => {}
        }
        Ok(())
    }

    fn look_at_message(&mut self, place: usize, payload: &[u8], now: u64) {
        let Some(stamp) = self.stamps.find(payload) else {
            return;
        };
        self.tally.received_stamps = self.tally.received_stamps.wrapping_add(stamp.at_ns);
        let own =
            matches!(&self.clients[place], Some(client) if client.seat.number == stamp.sender);
        if !own {
            self.tally.received_by_others += 1;
            self.tally.to_others.record(now.saturating_sub(stamp.at_ns));
        }
    }

    fn reply(&mut self, place: usize, opcode: u8, payload: &[u8]) {
        if let Some(Some(client)) = self.clients.get_mut(place) {
            client.queue_frame(opcode, payload);
        }
    }

    fn stage(&self, place: usize) -> Option<Stage> {
        Some(self.clients.get(place)?.as_ref()?.stage)
    }

    fn set_stage(&mut self, place: usize, stage: Stage) {
        if let Some(Some(client)) = self.clients.get_mut(place) {
            client.stage = stage;
        }
    }

    fn keep(&mut self, place: usize, rest: &[u8]) {
        if let Some(Some(client)) = self.clients.get_mut(place) {
            client.keep(rest);
        }
    }

    fn lose(&mut self, place: usize, loss: Loss) {
        let Some(client) = self.clients.get_mut(place).and_then(Option::take) else {
            return;
        };
        if client.stage == Stage::Open {
            self.tally.lost += 1;
            self.tally.first_loss.get_or_insert(loss);
        } else {
            self.opening -= 1;
            if self.is_asked_to_open {
                self.answer_opening(Err(anyhow!("a client could not connect: {loss}")));
            }
        }
    }
}

/// What follows the answer to an upgrade; none while it is not all there.
fn after_upgrade(bytes: &[u8]) -> Result<Option<&[u8]>, Loss> {
    const END: &[u8] = b"\r\n\r\n";
    let Some(end) = memchr::memmem::find(bytes, END) else {
        return Ok(None);
    };
    if !bytes.starts_with(b"HTTP/1.1 101 ") {
        return Err(String::from_utf8_lossy(bytes).into_owned());
    }
    Ok(Some(&bytes[end + END.len()..]))
}

fn closing_words(payload: &[u8]) -> String {
    match payload {
        [high, low, reason @ ..] => format!(
            "closed with {} {}",
            u16::from_be_bytes([*high, *low]),
            String::from_utf8_lossy(reason)
        ),
        _ => "closed".to_owned(),
    }
}
