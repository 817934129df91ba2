-- A person's own state: messages hidden for oneself, and how a conversation is shown and told of. Nobody else
-- learns of either, so both are mirrored to that user alone.

create table chat.hidden_messages (
    conversation_id  uuid not null,
    user_id          uuid not null,
    message_id       uuid not null references chat.messages (id) on delete restrict,
    hidden_at        timestamptz not null,
    unhidden_at      timestamptz,
    revision         bigint not null,
    changed_xid      xid8 not null,
    -- In this order, so that one probe tells that somebody has hidden nothing in a conversation.
    primary key (conversation_id, user_id, message_id),
    foreign key (conversation_id, user_id) references chat.members on delete restrict
);

create index hidden_messages_changed_index on chat.hidden_messages (user_id, changed_xid);

comment on table chat.hidden_messages is 'Messages that a member has deleted for themselves alone. Insert to hide, delete (or set unhidden_at) to show again; the row stays.';
comment on column chat.hidden_messages.conversation_id is 'The message''s conversation. Set by trigger.';
comment on column chat.hidden_messages.user_id is 'From whom it is hidden.';
comment on column chat.hidden_messages.message_id is 'The message.';
comment on column chat.hidden_messages.hidden_at is 'When it was hidden, the last time.';
comment on column chat.hidden_messages.unhidden_at is 'When it was shown again; null while it is hidden.';
comment on column chat.hidden_messages.revision is 'Raised by every change; clients keep the highest.';
comment on column chat.hidden_messages.changed_xid is 'Transaction of the last change; see chat.changes_since.';

create table chat.preferences (
    conversation_id   uuid not null,
    user_id           uuid not null,
    pinned_at         timestamptz,
    archived_at       timestamptz,
    muted_until       timestamptz,
    notify            text not null default 'all',
    is_marked_unread  boolean not null default false,
    revision          bigint not null,
    changed_xid       xid8 not null,
    primary key (conversation_id, user_id),
    foreign key (conversation_id, user_id) references chat.members on delete restrict
);

create index preferences_changed_index on chat.preferences (user_id, changed_xid);

comment on table chat.preferences is 'How a member wants a conversation shown and told of. No row: nothing was ever set. Never physically removed.';
comment on column chat.preferences.conversation_id is 'The conversation.';
comment on column chat.preferences.user_id is 'The member whose preference it is.';
comment on column chat.preferences.pinned_at is 'When it was pinned to the top of the list; null while it is not.';
comment on column chat.preferences.archived_at is 'When it was put away; null while it is not.';
comment on column chat.preferences.muted_until is 'Until when it makes no sound; infinity for ever; null, or past, when it does.';
comment on column chat.preferences.notify is 'What to be told of: all, mentions or none.';
comment on column chat.preferences.is_marked_unread is 'Whether the member marked it unread; reading takes that back.';
comment on column chat.preferences.revision is 'Raised by every change; clients keep the highest.';
comment on column chat.preferences.changed_xid is 'Transaction of the last change; see chat.changes_since.';
