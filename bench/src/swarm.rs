//! Many clients on few threads, each thread with an event loop and one large buffer of its own.

mod worker;

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use mio::Waker;

use crate::dialect::{Dialect, Seat};
use crate::tally::Tally;
use worker::Worker;

/// Threads of the generator: enough to read a gigabyte a second, few enough to leave the server its cores.
const THREADS: usize = 2;
/// Longer than any start of ten thousand clients that ends well.
const OPEN_MAX: Duration = Duration::from_secs(120);
/// Between two looks whether everything has arrived.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// A thread that answers nothing for this long is stuck.
const ANSWER_MAX: Duration = Duration::from_secs(30);

/// What clients do. What is sent while it holds is counted in [`Tally`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Load {
    /// They hear, and answer pings.
    Silent,
    /// Closed loop: each client has so many sends under way, and sends the next at each ack.
    Closed { in_flight: u32 },
    /// Open loop: so many sends a second over the first `senders` clients of each thread in turn, whatever comes back.
    /// A send is stamped with the moment when it was due, so that a late one counts as slow.
    Open { a_second: f64, senders: usize },
    /// One send after the other, `every` so often, over all clients in turn: an idle chat.
    Paced { every: Duration },
}

/// What a thread is told.
enum Order {
    Open(Vec<Seat>),
    Load(Load, Watch),
    /// Answer with what was counted since the last time.
    Take,
}

/// Which of the messages that come in are looked at: every so many-th. All are counted.
#[derive(Clone, Copy, Debug)]
pub struct Watch {
    pub every: u32,
}

impl Watch {
    pub const ALL: Self = Self { every: 1 };
    /// Prime, so that it goes round all clients whatever their number is.
    pub const SOME: Self = Self { every: 31 };
}

enum Answer {
    Opened(Result<()>),
    Taken(Box<Tally>),
}

/// Clients that are connected, until it is dropped.
pub struct Swarm {
    threads: Vec<Thread>,
    /// Everything counted so far.
    total: Tally,
}

struct Thread {
    orders: Option<Sender<Order>>,
    waker: Arc<Waker>,
    answers: Receiver<Answer>,
    /// Its id in /proc.
    id: i32,
    handle: Option<JoinHandle<()>>,
}

impl Swarm {
    /// Connects all of them; each is in the chat when this returns.
    pub fn open(dialect: Dialect, seats: Vec<Seat>) -> Result<Self> {
        let run = uuid::Uuid::new_v4().simple().to_string();
        let run = &run[..8];
        let mut swarm = Self {
            threads: (0..THREADS)
                .map(|_| Thread::start(dialect, run))
                .collect::<Result<_>>()?,
            total: Tally::default(),
        };
        swarm.join(seats)?;
        Ok(swarm)
    }

    /// Connects more.
    pub fn join(&mut self, seats: Vec<Seat>) -> Result<()> {
        // Two of a pair sit on different threads, so both threads have the same to do.
        let mut shares: Vec<Vec<Seat>> = self.threads.iter().map(|_| Vec::new()).collect();
        for (place, seat) in seats.into_iter().enumerate() {
            shares[place % THREADS].push(seat);
        }
        for (thread, share) in self.threads.iter().zip(shares) {
            thread.tell(Order::Open(share))?;
        }
        for thread in &self.threads {
            match thread.answers.recv_timeout(OPEN_MAX) {
                Ok(Answer::Opened(outcome)) => outcome?,
                Ok(Answer::Taken(_)) => bail!("a generator thread answered out of turn"),
                Err(error) => bail!("clients could not be connected: {error}"),
            }
        }
        Ok(())
    }

    /// From now on.
    pub fn load(&self, load: Load, watch: Watch) -> Result<()> {
        let share = match load {
            Load::Open { a_second, senders } => Load::Open {
                a_second: a_second / THREADS as f64,
                senders: senders.div_ceil(THREADS),
            },
            other => other,
        };
        for (place, thread) in self.threads.iter().enumerate() {
            // One after the other is the work of one thread.
            let share = match share {
                Load::Paced { .. } if place > 0 => Load::Silent,
                share => share,
            };
            thread.tell(Order::Load(share, watch))?;
        }
        Ok(())
    }

    /// What was counted since the last time.
    pub fn take(&mut self) -> Result<Tally> {
        for thread in &self.threads {
            thread.tell(Order::Take)?;
        }
        let mut sum = Tally::default();
        for thread in &self.threads {
            match thread.answers.recv_timeout(ANSWER_MAX) {
                Ok(Answer::Taken(tally)) => sum.add(&tally),
                Ok(Answer::Opened(_)) => bail!("a generator thread answered out of turn"),
                Err(error) => bail!("a generator thread does not answer: {error}"),
            }
        }
        self.total.add(&sum);
        Ok(sum)
    }

    /// Stops sending and waits until every send is answered and has arrived at each of its `audience` clients.
    /// Says what is wrong when that does not come about within `patience`.
    pub fn settle(
        &mut self,
        audience: u64,
        watch: Watch,
        patience: Duration,
    ) -> Result<Vec<String>> {
        self.load(Load::Silent, watch)?;
        let deadline = Instant::now() + patience;
        loop {
            self.take()?;
            let total = &self.total;
            let answered = total.acked + total.refused == total.sent;
            let is_done = answered && total.received >= total.acked * audience;
            if is_done || Instant::now() >= deadline {
                // A message that came twice may still be on its way behind the one that was waited for.
                std::thread::sleep(LOOK_EVERY);
                self.take()?;
                return Ok(self.faults(audience, watch));
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }

    fn faults(&self, audience: u64, watch: Watch) -> Vec<String> {
        let total = &self.total;
        let mut faults = Vec::new();
        if total.lost > 0 {
            let why = total.first_loss.as_deref().unwrap_or("no reason");
            faults.push(format!("{} connections were lost ({why})", total.lost));
        }
        if total.refused > 0 {
            let why = total.first_refusal.as_deref().unwrap_or("no reason");
            faults.push(format!("{} sends were refused ({why})", total.refused));
        }
        let unanswered = total.sent - total.acked - total.refused;
        if unanswered > 0 {
            faults.push(format!(
                "{unanswered} of {} sends were not answered",
                total.sent
            ));
        }
        let expected = total.acked * audience;
        if total.received != expected {
            faults.push(format!(
                "{} of {expected} deliveries arrived",
                total.received
            ));
        } else if watch.every == 1
            && faults.is_empty()
            && total.received_stamps != total.sent_stamps.wrapping_mul(audience)
        {
            faults.push("some messages arrived twice in the place of others".to_owned());
        }
        faults
    }

    /// Ids of the generator's threads in /proc.
    pub fn thread_ids(&self) -> Vec<i32> {
        self.threads.iter().map(|thread| thread.id).collect()
    }
}

impl Drop for Swarm {
    fn drop(&mut self) {
        for thread in &mut self.threads {
            // A thread whose orders have ended ends, and its connections with it.
            thread.orders = None;
            thread.waker.wake().ok();
        }
        for thread in &mut self.threads {
            if let Some(handle) = thread.handle.take()
                && handle.join().is_err()
            {
                eprintln!("bench: a generator thread has panicked");
            }
        }
    }
}

impl Thread {
    fn start(dialect: Dialect, run: &str) -> Result<Self> {
        let (orders, ordered) = mpsc::channel();
        let (answering, answers) = mpsc::channel();
        let (ids, id) = mpsc::channel();
        let mut worker = Worker::new(dialect, run, ordered, answering)?;
        let waker = worker.waker();
        let handle = std::thread::Builder::new()
            .name("clients".to_owned())
            .spawn(move || {
                if ids
                    .send(rustix::thread::gettid().as_raw_nonzero().get())
                    .is_ok()
                {
                    worker.run();
                }
            })?;
        Ok(Self {
            orders: Some(orders),
            waker,
            answers,
            id: id.recv()?,
            handle: Some(handle),
        })
    }

    fn tell(&self, order: Order) -> Result<()> {
        let orders = self.orders.as_ref().context("the thread has ended")?;
        orders
            .send(order)
            .ok()
            .context("a generator thread has ended")?;
        self.waker.wake()?;
        Ok(())
    }
}
