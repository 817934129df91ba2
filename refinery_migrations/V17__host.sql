-- At home in the host project's database: its own table of users, pictures that it names by address, and conversations
-- that it names by a key of its own.

create table chat.links (
    id                 uuid primary key,
    host_table         text not null,
    id_column          text not null,
    name_column        text not null,
    username_column    text,
    avatar_url_column  text,
    active_column      text,
    linked_at          timestamptz not null,
    unlinked_at        timestamptz
);

comment on table chat.links is 'Tables of the host project that chat.users follows. Made by chat.link_users, ended by chat.unlink_users; a row stays.';
comment on column chat.links.id is 'Time-ordered UUID (version 7); the triggers on the host''s table name it.';
comment on column chat.links.host_table is 'The host''s table, with its schema, as it was called when it was linked.';
comment on column chat.links.id_column is 'Its column that external_id is, as text.';
comment on column chat.links.name_column is 'Its column that name follows.';
comment on column chat.links.username_column is 'Its column that username follows; null: left alone.';
comment on column chat.links.avatar_url_column is 'Its column that avatar_url follows; null: left alone.';
comment on column chat.links.active_column is 'Its column that says who may chat: a boolean, or a time from which somebody may not; null: everyone in it may.';
comment on column chat.links.linked_at is 'When it was linked, or linked again.';
comment on column chat.links.unlinked_at is 'When it was unlinked; null while it is followed.';

alter table chat.users
    add column link_id uuid references chat.links on delete restrict,
    add column avatar_url text;

comment on column chat.users.link_id is 'The table of the host''s that the user follows; null for none. Set by chat.link_users and its triggers only.';
comment on column chat.users.avatar_url is 'Where the host has a picture of the user, http or https, at most 2,000 bytes; a server fetches it once and makes it the avatar. Null for nowhere.';

create index users_link_index on chat.users (link_id) where link_id is not null;

create table chat.pictures (
    user_id        uuid primary key references chat.users on delete restrict,
    url            text,
    state          text not null,
    tries          integer not null default 0,
    due_at         timestamptz,
    avatar_before  uuid references chat.media on delete restrict,
    media_id       uuid references chat.media on delete restrict,
    failure        text,
    changed_at     timestamptz not null,
    constraint pictures_state_check check (state in ('waiting', 'fetching', 'ready', 'none')),
    constraint pictures_due_check check ((due_at is not null) = (state in ('waiting', 'fetching')))
) with (fillfactor = 80);

create index pictures_due_index on chat.pictures (due_at) where due_at is not null;

comment on table chat.pictures is 'What became of each user''s avatar_url. Written by trigger and by the servers; a row stays.';
comment on column chat.pictures.user_id is 'Whose picture.';
comment on column chat.pictures.url is 'The address it is about: the user''s avatar_url; null when that was taken away.';
comment on column chat.pictures.state is 'waiting: to be fetched at due_at; fetching: a server is at it, until due_at; ready: fetched; none: there is nothing to fetch, or it was given up.';
comment on column chat.pictures.tries is 'How often a fetch of this address has begun.';
comment on column chat.pictures.due_at is 'From when a server may fetch it; null when none is to.';
comment on column chat.pictures.avatar_before is 'The picture that the user had when the address was set: another one since is the user''s own choice, and stays.';
comment on column chat.pictures.media_id is 'The medium that was made of the last address that was fetched; null for none.';
comment on column chat.pictures.failure is 'Why the last fetch brought nothing: refused, unreachable, too_large, no_image, …; null when it did.';
comment on column chat.pictures.changed_at is 'When this row was last written.';

alter table chat.conversations add column topic text;

create unique index conversations_topic_key on chat.conversations (topic) where topic is not null;

comment on column chat.conversations.topic is 'What it is about in the host''s own words, such as order-4711, 1 to 200 characters; null for none. Unique; never changes. See chat.open_topic.';
