-- Messages and what they said before they were edited.
-- History is read by the primary key and by nothing else: a second index that orders
-- by time or id tempts the planner to walk it backwards through other conversations.

create table chat.messages (
    conversation_id  uuid not null references chat.conversations on delete restrict,
    seq              bigint not null,
    id               uuid not null,
    sender_id        uuid,
    kind             text not null default 'text',
    body             text,
    data             jsonb,
    reply_to         uuid,
    client_id        text,
    created_at       timestamptz not null,
    edited_at        timestamptz,
    deleted_at       timestamptz,
    deleted_by       uuid references chat.users on delete restrict,
    revision         bigint not null,
    changed_xid      xid8 not null,
    primary key (conversation_id, seq),
    constraint messages_id_key unique (id),
    foreign key (conversation_id, sender_id) references chat.members on delete restrict
);

-- System messages, which have no sender, are told apart by their key as well.
create unique index messages_client_key on chat.messages (conversation_id, sender_id, client_id) nulls not distinct
    where client_id is not null;
create index messages_changed_index on chat.messages (conversation_id, changed_xid);

comment on table chat.messages is 'Every message ever sent. Insert to send, update body to edit, delete (or set deleted_at) to delete softly.';
comment on column chat.messages.conversation_id is 'Where it was sent.';
comment on column chat.messages.seq is 'Place in the conversation: 1, 2, 3, … without gaps, in the order of commit. Set by trigger only.';
comment on column chat.messages.id is 'Time-ordered UUID (version 7), made when absent.';
comment on column chat.messages.sender_id is 'Who sent it, an active member; null for system messages only.';
comment on column chat.messages.kind is 'text, emoji or system.';
comment on column chat.messages.body is 'What it says, 1 to 4,000 characters. Kept when deleted.';
comment on column chat.messages.data is 'What a kind needs besides its body; a JSON object.';
comment on column chat.messages.reply_to is 'id of the message of the same conversation that this one answers.';
comment on column chat.messages.client_id is 'The sender''s own key, 1 to 64 characters: sending it again makes no second message.';
comment on column chat.messages.created_at is 'When it was sent; orders nothing, seq does.';
comment on column chat.messages.edited_at is 'When its body was last changed.';
comment on column chat.messages.deleted_at is 'When it was deleted for everyone; setting it to null restores it.';
comment on column chat.messages.deleted_by is 'Who deleted it; null for the host project.';
comment on column chat.messages.revision is 'Raised by every change; clients keep the highest.';
comment on column chat.messages.changed_xid is 'Transaction of the last change; see chat.changes_since.';

create table chat.message_revisions (
    conversation_id  uuid not null references chat.conversations on delete restrict,
    message_id       uuid not null references chat.messages (id) on delete restrict,
    revision         bigint not null,
    body             text,
    data             jsonb,
    replaced_at      timestamptz not null,
    replaced_by      uuid references chat.users on delete restrict,
    primary key (conversation_id, message_id, revision)
);

comment on table chat.message_revisions is 'What a message said before each edit. Written by trigger only.';
comment on column chat.message_revisions.conversation_id is 'The message''s conversation.';
comment on column chat.message_revisions.message_id is 'The message.';
comment on column chat.message_revisions.revision is 'The message''s revision that had this content.';
comment on column chat.message_revisions.body is 'Its body then.';
comment on column chat.message_revisions.data is 'Its data then.';
comment on column chat.message_revisions.replaced_at is 'When the edit replaced it.';
comment on column chat.message_revisions.replaced_by is 'Who edited; null for the host project.';
