-- Calls: who rings whom, who answered, and how it ended. What is said in a call never passes through here; only what two
-- browsers have to tell each other to find a way between them does (signals).

create table chat.calls (
    id               uuid primary key,
    conversation_id  uuid not null references chat.conversations on delete restrict,
    media            text not null,
    state            text not null,
    created_by       uuid not null,
    device           text,
    created_at       timestamptz not null,
    answered_at      timestamptz,
    ended_at         timestamptz,
    end_reason       text,
    revision         bigint not null,
    changed_xid      xid8 not null,
    -- Of one conversation newest first, as ids are in the order of time.
    unique (conversation_id, id),
    foreign key (conversation_id, created_by) references chat.members on delete restrict
);

create unique index calls_running_key on chat.calls (conversation_id) where ended_at is null;
create index calls_changed_index on chat.calls (changed_xid);

comment on table chat.calls is 'Calls. Insert to request one; everything after that is a row of call_log. Never removed.';
comment on column chat.calls.id is 'Time-ordered UUID (version 7), made when absent.';
comment on column chat.calls.conversation_id is 'Where it rings; at most one call of a conversation runs.';
comment on column chat.calls.media is 'audio or video.';
comment on column chat.calls.state is 'ringing: nobody has answered yet; active: somebody has; ended.';
comment on column chat.calls.created_by is 'The caller.';
comment on column chat.calls.device is 'What the client calls itself that requested it, at most 60 characters; null when it did not say.';
comment on column chat.calls.created_at is 'When it was requested.';
comment on column chat.calls.answered_at is 'When the first one answered; null when nobody did.';
comment on column chat.calls.ended_at is 'When it ended; null while it rings or is active.';
comment on column chat.calls.end_reason is 'completed (somebody had answered), missed (it rang out), declined, busy, or cancelled (the caller gave up); null until it ended.';
comment on column chat.calls.revision is 'Raised by every change of it or its participants; clients keep the highest.';
comment on column chat.calls.changed_xid is 'Transaction of the last change; see chat.changes_since.';

create table chat.call_participants (
    call_id     uuid not null references chat.calls on delete restrict,
    user_id     uuid not null references chat.users on delete restrict,
    state       text not null,
    device      text,
    called_at   timestamptz,
    joined_at   timestamptz,
    left_at     timestamptz,
    ignored_at  timestamptz,
    primary key (call_id, user_id)
);

create index call_participants_user_index on chat.call_participants (user_id, call_id);

comment on table chat.call_participants is 'Who is, or was, in a call or called by it. Written by trigger only.';
comment on column chat.call_participants.call_id is 'The call.';
comment on column chat.call_participants.user_id is 'The user.';
comment on column chat.call_participants.state is
    'called: no device has said yet that it rings; ringing: one has; joined: in the call; declined; busy; missed: it rang out, or ended before they answered; left.';
comment on column chat.call_participants.device is 'What the client calls itself by which they are in the call; null when it did not say.';
comment on column chat.call_participants.called_at is 'Since when it rings for them; null for who was not called.';
comment on column chat.call_participants.joined_at is 'When they joined, the last time; null when they never did.';
comment on column chat.call_participants.left_at is 'When they left; null while in the call, and when never in it.';
comment on column chat.call_participants.ignored_at is 'When they silenced it on their own devices. Nobody else is told.';

create table chat.call_log (
    call_id            uuid not null references chat.calls on delete restrict,
    number             integer not null,
    at                 timestamptz not null,
    user_id            uuid references chat.users on delete restrict,
    action             text not null,
    device             text,
    state_before       text,
    state_after        text,
    call_state_before  text,
    call_state_after   text not null,
    primary key (call_id, number)
);

comment on table chat.call_log is 'Every action that a call has accepted. Insert call_id, user_id and action to act; docs/calls.md says what each does in which state.';
comment on column chat.call_log.call_id is 'The call.';
comment on column chat.call_log.number is '1, 2, 3, … in the order in which they were accepted. Set by trigger.';
comment on column chat.call_log.at is 'When it was accepted. Set by trigger.';
comment on column chat.call_log.user_id is 'Who acted, or whom expire concerns; null for the system.';
comment on column chat.call_log.action is
    'request, response, answer (accept), decline (reject), busy, ignore, cancel, hangup, end; or expire, by the system alone.';
comment on column chat.call_log.device is 'What the client calls itself, at most 60 characters; null when it did not say.';
comment on column chat.call_log.state_before is 'The user''s state before; null for who was no participant. Set by trigger.';
comment on column chat.call_log.state_after is 'And after. Set by trigger.';
comment on column chat.call_log.call_state_before is 'The call''s state before; null of its request. Set by trigger.';
comment on column chat.call_log.call_state_after is 'And after. Set by trigger.';

-- Unlogged: after a crash nobody waits for them any more.
create unlogged table chat.call_signals (
    id         uuid primary key,
    call_id    uuid not null,
    from_user  uuid not null,
    to_user    uuid not null,
    data       jsonb not null,
    at         timestamptz not null
);

create index call_signals_at_index on chat.call_signals (at);

comment on table chat.call_signals is 'Signals too large for a notification, for the minutes until every server has relayed them. Written by chat.signal_call only.';
comment on column chat.call_signals.id is 'What the notification refers to.';
comment on column chat.call_signals.call_id is 'The call.';
comment on column chat.call_signals.from_user is 'Whose client sent it.';
comment on column chat.call_signals.to_user is 'Whose clients get it.';
comment on column chat.call_signals.data is 'What they tell each other: a session description (SDP) or candidates (ICE).';
comment on column chat.call_signals.at is 'When it was sent.';

-- A call leaves a message when it has ended.
comment on column chat.messages.kind is 'text, image, file, audio, video, voice, location, contact, sticker, gif, emoji, call or system.';
