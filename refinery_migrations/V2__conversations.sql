-- Conversations (direct, group, room) and who is in them.

create table chat.conversations (
    id               uuid primary key,
    kind             text not null,
    title            text,
    description      text,
    join_policy      text not null default 'invite',
    is_general       boolean not null default false,
    direct_low       uuid references chat.users on delete restrict,
    direct_high      uuid references chat.users on delete restrict,
    created_by       uuid references chat.users on delete restrict,
    created_at       timestamptz not null,
    closed_at        timestamptz,
    last_seq         bigint not null default 0,
    last_message_at  timestamptz,
    revision         bigint not null,
    changed_xid      xid8 not null
) with (fillfactor = 70); -- room for the HOT update that every batch of messages makes

create unique index conversations_direct_key on chat.conversations (direct_low, direct_high) where kind = 'direct';
create unique index conversations_general_key on chat.conversations (is_general) where is_general;
create index conversations_changed_index on chat.conversations (changed_xid);

comment on table chat.conversations is 'A direct chat, a group or a room. Never physically removed: delete closes it.';
comment on column chat.conversations.id is 'Time-ordered UUID (version 7), made when absent.';
comment on column chat.conversations.kind is 'direct: two users (or one, for notes); group: a closed circle; room: can be found and joined.';
comment on column chat.conversations.title is 'Name shown, 1 to 120 characters; null for a direct chat.';
comment on column chat.conversations.description is 'What it is about, at most 1,000 characters.';
comment on column chat.conversations.join_policy is 'Rooms: open (anyone may join), invite (by link), approval (by link, then approved).';
comment on column chat.conversations.is_general is 'True for the one room that every user is in.';
comment on column chat.conversations.direct_low is 'Direct chats: the smaller of the two user ids.';
comment on column chat.conversations.direct_high is 'Direct chats: the larger of the two user ids; the same as direct_low for notes to oneself.';
comment on column chat.conversations.created_by is 'Who made it, and so its first owner; null when the host project did.';
comment on column chat.conversations.created_at is 'When the row was made.';
comment on column chat.conversations.closed_at is 'When set, nothing can be sent any more; its history stays.';
comment on column chat.conversations.last_seq is 'seq of the newest message, 0 while there is none. Raised by trigger only.';
comment on column chat.conversations.last_message_at is 'When the newest message was made. Set by trigger only.';
comment on column chat.conversations.revision is 'Raised by every change of title, description, policy or state; new messages do not raise it.';
comment on column chat.conversations.changed_xid is 'Transaction of the last change that raised revision; see chat.changes_since.';

create table chat.members (
    conversation_id  uuid not null references chat.conversations on delete restrict,
    user_id          uuid not null references chat.users on delete restrict,
    role             text not null default 'member',
    added_by         uuid references chat.users on delete restrict,
    joined_at        timestamptz,
    joined_seq       bigint not null default 0,
    left_at          timestamptz,
    active           boolean not null generated always as (joined_at is not null and left_at is null) stored,
    revision         bigint not null,
    changed_xid      xid8 not null,
    primary key (conversation_id, user_id)
);

create index members_user_index on chat.members (user_id) where active;
create index members_changed_index on chat.members (changed_xid);

comment on table chat.members is 'Who is, or was, in which conversation. Leaving sets left_at; the row stays.';
comment on column chat.members.conversation_id is 'The conversation.';
comment on column chat.members.user_id is 'The user.';
comment on column chat.members.role is 'owner, admin or member.';
comment on column chat.members.added_by is 'Who added the member; null for the host project or oneself.';
comment on column chat.members.joined_at is 'When membership began, or began again.';
comment on column chat.members.joined_seq is 'The conversation''s last_seq at that moment: what came before does not count as unread.';
comment on column chat.members.left_at is 'When the member left or was removed; null while a member.';
comment on column chat.members.active is 'Whether the user is a member now.';
comment on column chat.members.revision is 'Raised by every change; clients keep the highest.';
comment on column chat.members.changed_xid is 'Transaction of the last change; see chat.changes_since.';
