//! Who is connected here, what they are subscribed to, and a bounded queue for each.
//!
//! *Invariant:* nothing here waits, and nothing here knows SQL, HTML or sockets. A connection whose
//! queue is full is closed with a code and comes back by its cursor; it never slows another.
//!
//! Users, not connections, are subscribed: a membership holds for all of a user's tabs and devices.

mod connection;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::sync::{Notify, mpsc};
use uuid::Uuid;

pub use connection::{Attachment, Close, Subscriber};

/// Frames that may wait for one connection. A client that is this far behind (some seconds of a
/// busy room) does better to come back by its cursor.
const QUEUE_FRAMES_MAX: usize = 1_024;

/// Whom an event is for: whoever is subscribed to any of these gets it once.
#[derive(Clone, Debug, Default)]
pub struct Audience {
    pub conversations: Vec<Uuid>,
    pub user: Option<Uuid>,
    /// Of what is for one user alone: the conversation that it is about, so that their connections held to that get it.
    pub about: Option<Uuid>,
}

/// What the connections of a user amount to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Online,
    Away,
    Offline,
}

impl Status {
    pub fn name(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Away => "away",
            Self::Offline => "offline",
        }
    }
}

pub struct Hub<F> {
    next_id: AtomicU64,
    connections_per_user_max: usize,
    // A std mutex: never held across an await, and every hold is short.
    inner: Mutex<Inner<F>>,
}

struct Inner<F> {
    users: HashMap<Uuid, Arc<User<F>>>,
    conversations: HashMap<Uuid, Vec<Arc<User<F>>>>,
    /// Users whose presence may be another since it was last asked.
    changed_users: HashSet<Uuid>,
    is_closed: bool,
}

struct User<F> {
    id: Uuid,
    // Only locked while `Inner` is; its own mutex lets both share the user.
    state: Mutex<UserConnections<F>>,
}

struct UserConnections<F> {
    connections: Vec<Arc<Subscriber<F>>>,
    conversations: HashSet<Uuid>,
    is_loaded: bool,
    /// Memberships announced while the list was being read, which may be newer than the list.
    while_loading: HashMap<Uuid, bool>,
}

impl<F: Clone> Hub<F> {
    pub fn new(connections_per_user_max: usize) -> Arc<Self> {
        Arc::new(Self {
            next_id: AtomicU64::new(1),
            connections_per_user_max,
            inner: Mutex::new(Inner {
                users: HashMap::new(),
                conversations: HashMap::new(),
                changed_users: HashSet::new(),
                is_closed: false,
            }),
        })
    }

    /// Takes a connection in. From now on its user's announced memberships are followed; events
    /// come once the list of conversations is there.
    pub fn attach(
        self: &Arc<Self>,
        user_id: Uuid,
        session: Uuid,
        only: Option<Uuid>,
    ) -> Result<Attachment<F>, Close> {
        let (sender, queue) = mpsc::channel(QUEUE_FRAMES_MAX);
        let subscriber = Arc::new(Subscriber {
            id: self.next_id.fetch_add(1, Ordering::Relaxed),
            user: user_id,
            session,
            only,
            queue: sender,
            is_away: AtomicBool::new(false),
            close: OnceLock::new(),
            closed: Notify::new(),
        });
        let mut inner = self.lock();
        if inner.is_closed {
            return Err(Close::GoingAway);
        }
        let user = inner.users.entry(user_id).or_insert_with(|| {
            Arc::new(User {
                id: user_id,
                state: Mutex::new(UserConnections {
                    connections: Vec::with_capacity(1),
                    conversations: HashSet::new(),
                    is_loaded: false,
                    while_loading: HashMap::new(),
                }),
            })
        });
        let mut state = lock(&user.state);
        if state.connections.len() >= self.connections_per_user_max {
            return Err(Close::TooManyConnections);
        }
        state.connections.push(Arc::clone(&subscriber));
        let must_load = !state.is_loaded;
        drop(state);
        inner.changed_users.insert(user_id);
        drop(inner);
        metrics::gauge!("webchat_connections").increment(1);
        Ok(Attachment {
            hub: Arc::clone(self),
            subscriber,
            queue,
            must_load,
        })
    }

    /// The user's conversations as the database listed them after [`Self::attach`]. What was
    /// announced in the meantime counts for more than the list.
    pub fn finish_load(&self, user_id: Uuid, listed: Vec<Uuid>) {
        let mut inner = self.lock();
        let Some(user) = inner.users.get(&user_id).cloned() else {
            return;
        };
        let mut state = lock(&user.state);
        if state.is_loaded {
            return;
        }
        let mut conversations: HashSet<Uuid> = listed.into_iter().collect();
        for (conversation, is_member) in state.while_loading.drain() {
            if is_member {
                conversations.insert(conversation);
            } else {
                conversations.remove(&conversation);
            }
        }
        for conversation in &conversations {
            inner
                .conversations
                .entry(*conversation)
                .or_default()
                .push(Arc::clone(&user));
        }
        state.conversations = conversations;
        state.is_loaded = true;
    }

    /// A user has joined or left a conversation: their connections follow at once.
    pub fn set_member(&self, user_id: Uuid, conversation: Uuid, is_member: bool) {
        let mut inner = self.lock();
        let Some(user) = inner.users.get(&user_id).cloned() else {
            return;
        };
        let mut state = lock(&user.state);
        if !state.is_loaded {
            state.while_loading.insert(conversation, is_member);
        } else if is_member {
            if state.conversations.insert(conversation) {
                inner
                    .conversations
                    .entry(conversation)
                    .or_default()
                    .push(Arc::clone(&user));
            }
        } else if state.conversations.remove(&conversation) {
            inner.unsubscribe(conversation, &user);
        }
        if !is_member {
            for subscriber in &state.connections {
                if subscriber.only == Some(conversation) {
                    subscriber.end(Close::NotAMember);
                }
            }
        }
    }

    /// Whether the user is connected here and a member of the conversation, as far as is known here.
    pub fn is_member(&self, user_id: Uuid, conversation: Uuid) -> bool {
        let inner = self.lock();
        inner
            .users
            .get(&user_id)
            .is_some_and(|user| lock(&user.state).conversations.contains(&conversation))
    }

    /// Puts the frame into the queue of everyone it is for; returns how many.
    pub fn publish(&self, audience: &Audience, frame: &F) -> usize {
        let inner = self.lock();
        let mut count = 0;
        let mut deliver = |user: &User<F>| {
            for subscriber in &lock(&user.state).connections {
                // Whoever is held to one conversation is a member of it, by whichever the user was reached.
                let is_wanted =
                    |only| audience.conversations.contains(&only) || audience.about == Some(only);
                if subscriber.only.is_none_or(is_wanted) {
                    subscriber.offer(frame);
                    count += 1;
                }
            }
        };
        match (audience.conversations.as_slice(), audience.user) {
            ([conversation], None) => {
                for user in inner.conversations.get(conversation).into_iter().flatten() {
                    deliver(user);
                }
            }
            (conversations, target) => {
                let mut reached = HashSet::new();
                for conversation in conversations {
                    for user in inner.conversations.get(conversation).into_iter().flatten() {
                        if reached.insert(user.id) {
                            deliver(user);
                        }
                    }
                }
                if let Some(user) = target.and_then(|id| inner.users.get(&id))
                    && reached.insert(user.id)
                {
                    deliver(user);
                }
            }
        }
        count
    }

    /// Whether more than half of what a queue holds waits for any connection.
    pub fn is_anyone_behind(&self) -> bool {
        let inner = self.lock();
        inner.users.values().any(|user| {
            lock(&user.state).connections.iter().any(|subscriber| {
                subscriber.close.get().is_none()
                    && subscriber.queue.capacity() < QUEUE_FRAMES_MAX / 2
            })
        })
    }

    /// Ends the connections that were made with any of these sessions.
    pub fn end_sessions(&self, sessions: &[Uuid]) {
        let inner = self.lock();
        for user in inner.users.values() {
            for subscriber in &lock(&user.state).connections {
                if sessions.contains(&subscriber.session) {
                    subscriber.end(Close::SessionEnded);
                }
            }
        }
    }

    /// Whether any connection here was made with a session of the user's.
    pub fn has_session(&self, user_id: Uuid, session: Uuid) -> bool {
        let inner = self.lock();
        inner.users.get(&user_id).is_some_and(|user| {
            let state = lock(&user.state);
            state.connections.iter().any(|c| c.session == session)
        })
    }

    /// Says whether the person is away from the connections of a session.
    pub fn set_session_away(&self, user_id: Uuid, session: Uuid, is_away: bool) {
        let mut inner = self.lock();
        if let Some(user) = inner.users.get(&user_id).cloned() {
            for subscriber in &lock(&user.state).connections {
                if subscriber.session == session {
                    subscriber.is_away.store(is_away, Ordering::Relaxed);
                }
            }
            inner.changed_users.insert(user_id);
        }
    }

    /// The sessions that connections here were made with.
    pub fn sessions(&self) -> Vec<Uuid> {
        let inner = self.lock();
        let mut sessions: Vec<Uuid> = inner
            .users
            .values()
            .flat_map(|user| {
                lock(&user.state)
                    .connections
                    .iter()
                    .map(|c| c.session)
                    .collect::<Vec<_>>()
            })
            .collect();
        sessions.sort_unstable();
        sessions.dedup();
        sessions
    }

    /// Ends every connection; they may come back.
    pub fn end_all(&self, close: Close) {
        let inner = self.lock();
        for user in inner.users.values() {
            for subscriber in &lock(&user.state).connections {
                subscriber.end(close);
            }
        }
    }

    /// Ends every connection and takes no new one.
    pub fn shut(&self) {
        self.lock().is_closed = true;
        self.end_all(Close::GoingAway);
    }

    pub fn connection_count(&self) -> usize {
        let inner = self.lock();
        inner
            .users
            .values()
            .map(|user| lock(&user.state).connections.len())
            .sum()
    }

    /// Users that came, went, or changed their status since this was last asked.
    pub fn take_changed_users(&self) -> HashSet<Uuid> {
        std::mem::take(&mut self.lock().changed_users)
    }

    /// Has a user looked at again by [`Self::take_changed_users`].
    pub fn touch(&self, user_id: Uuid) {
        self.lock().changed_users.insert(user_id);
    }

    /// Every user that is connected here.
    pub fn connected_users(&self) -> Vec<Uuid> {
        self.lock().users.keys().copied().collect()
    }

    pub fn status(&self, user_id: Uuid) -> Status {
        let inner = self.lock();
        match inner.users.get(&user_id) {
            None => Status::Offline,
            Some(user) => {
                let state = lock(&user.state);
                if state
                    .connections
                    .iter()
                    .all(|c| c.is_away.load(Ordering::Relaxed))
                {
                    Status::Away
                } else {
                    Status::Online
                }
            }
        }
    }

    fn detach(&self, subscriber: &Arc<Subscriber<F>>) {
        let mut inner = self.lock();
        metrics::gauge!("webchat_connections").decrement(1);
        let Some(user) = inner.users.get(&subscriber.user).cloned() else {
            return;
        };
        let mut state = lock(&user.state);
        state.connections.retain(|other| other.id != subscriber.id);
        if state.connections.is_empty() {
            for conversation in std::mem::take(&mut state.conversations) {
                inner.unsubscribe(conversation, &user);
            }
            inner.users.remove(&subscriber.user);
        }
        inner.changed_users.insert(subscriber.user);
    }

    fn lock(&self) -> MutexGuard<'_, Inner<F>> {
        lock(&self.inner)
    }
}

impl<F> Inner<F> {
    fn unsubscribe(&mut self, conversation: Uuid, user: &Arc<User<F>>) {
        if let Some(users) = self.conversations.get_mut(&conversation) {
            if let Some(place) = users.iter().position(|other| Arc::ptr_eq(other, user)) {
                users.swap_remove(place);
            }
            if users.is_empty() {
                self.conversations.remove(&conversation);
            }
        }
    }
}

/// A panic while the lock was held leaves nothing half done that matters more than going on.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u128) -> Uuid {
        Uuid::from_u128(n)
    }

    fn to(conversation: Uuid) -> Audience {
        Audience {
            conversations: vec![conversation],
            ..Audience::default()
        }
    }

    fn connect(hub: &Arc<Hub<u32>>, user: Uuid, conversations: &[Uuid]) -> Attachment<u32> {
        let attachment = hub.attach(user, id(99), None).ok().unwrap();
        if attachment.must_load {
            hub.finish_load(user, conversations.to_vec());
        }
        attachment
    }

    #[test]
    fn an_event_reaches_every_device_of_members_and_nobody_else() {
        let hub = Hub::new(10);
        let mut phone = connect(&hub, id(1), &[id(7)]);
        let mut laptop = connect(&hub, id(1), &[]);
        let mut stranger = connect(&hub, id(2), &[id(8)]);
        hub.publish(&to(id(7)), &5);
        assert_eq!(phone.queue.try_recv(), Ok(5));
        assert_eq!(laptop.queue.try_recv(), Ok(5));
        assert!(stranger.queue.try_recv().is_err());
    }

    #[test]
    fn a_removal_announced_while_the_list_is_read_counts_for_more_than_the_list() {
        let hub: Arc<Hub<u32>> = Hub::new(10);
        let mut attachment = hub.attach(id(1), id(99), None).ok().unwrap();
        hub.set_member(id(1), id(7), false);
        hub.set_member(id(1), id(8), true);
        hub.finish_load(id(1), vec![id(7)]);
        hub.publish(&to(id(7)), &1);
        hub.publish(&to(id(8)), &2);
        assert_eq!(attachment.queue.try_recv(), Ok(2));
        assert!(attachment.queue.try_recv().is_err());
    }

    #[test]
    fn one_for_several_conversations_and_the_user_arrives_once() {
        let hub = Hub::new(10);
        let mut ada = connect(&hub, id(1), &[id(7), id(8)]);
        let audience = Audience {
            conversations: vec![id(7), id(8)],
            user: Some(id(1)),
            about: None,
        };
        assert_eq!(hub.publish(&audience, &1), 1);
        assert_eq!(ada.queue.try_recv(), Ok(1));
        assert!(ada.queue.try_recv().is_err());
    }

    #[test]
    fn what_is_for_one_user_alone_reaches_their_connection_held_to_what_it_is_about() {
        let hub = Hub::new(10);
        let mut held =
            [id(7), id(8)].map(|only| hub.attach(id(1), id(99), Some(only)).ok().unwrap());
        hub.finish_load(id(1), vec![id(7), id(8)]);
        for (about, number) in [(Some(id(7)), 1), (None, 2)] {
            let audience = Audience {
                user: Some(id(1)),
                about,
                ..Audience::default()
            };
            hub.publish(&audience, &number);
        }
        assert_eq!(held[0].queue.try_recv(), Ok(1));
        assert!(held.iter_mut().all(|one| one.queue.try_recv().is_err()));
    }

    #[test]
    fn a_full_queue_ends_its_own_connection_and_slows_no_other() {
        let hub = Hub::new(10);
        let slow = connect(&hub, id(1), &[id(7)]);
        let mut fast = connect(&hub, id(2), &[id(7)]);
        for n in 0..=QUEUE_FRAMES_MAX as u32 {
            hub.publish(&to(id(7)), &n);
            assert_eq!(fast.queue.try_recv(), Ok(n));
        }
        assert_eq!(slow.subscriber().close.get(), Some(&Close::TooSlow));
        assert_eq!(fast.subscriber().close.get(), None);
    }

    #[test]
    fn the_last_connection_to_go_leaves_nothing_behind() {
        let hub = Hub::new(10);
        let phone = connect(&hub, id(1), &[id(7)]);
        let laptop = connect(&hub, id(1), &[]);
        drop(phone);
        assert_eq!(hub.status(id(1)), Status::Online);
        drop(laptop);
        assert_eq!(hub.status(id(1)), Status::Offline);
        let inner = hub.lock();
        assert!(inner.users.is_empty() && inner.conversations.is_empty());
    }

    #[test]
    fn one_connection_too_many_is_refused_by_name() {
        let hub = Hub::new(1);
        let _first = connect(&hub, id(1), &[]);
        assert_eq!(
            hub.attach(id(1), id(99), None).err(),
            Some(Close::TooManyConnections)
        );
    }
}
