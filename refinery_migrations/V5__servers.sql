-- Which servers run, who is connected to them, and the epoch that cursors belong to.

-- Both tables are unlogged: after a crash of PostgreSQL they are empty, so every server finds that it is
-- not registered any more and writes its users anew.
create unlogged table chat.servers (
    id            uuid primary key,
    started_at    timestamptz not null,
    heartbeat_at  timestamptz not null
) with (fillfactor = 50);

comment on table chat.servers is 'One row for each running server; heartbeat_at is its lease.';
comment on column chat.servers.id is 'The server process''s own id.';
comment on column chat.servers.started_at is 'When it registered.';
comment on column chat.servers.heartbeat_at is 'Its last sign of life. Any server removes one whose lease has run out.';

create unlogged table chat.presence (
    server_id  uuid not null,
    user_id    uuid not null,
    status     text not null,
    since      timestamptz not null,
    primary key (user_id, server_id)
);

create index presence_server_index on chat.presence (server_id);

comment on table chat.presence is 'Who is connected to which server now.';
comment on column chat.presence.server_id is 'The server.';
comment on column chat.presence.user_id is 'The user.';
comment on column chat.presence.status is 'online or away.';
comment on column chat.presence.since is 'When this status began.';

create table chat.epochs (
    number      bigint primary key,
    identity    text not null,
    label       text not null unique,
    began_at    timestamptz not null
);

comment on table chat.epochs is 'Histories of transaction ids this data has lived in; the highest number is the present one.';
comment on column chat.epochs.number is '1, 2, 3, … in the order they began.';
comment on column chat.epochs.identity is 'The cluster''s system identifier and timeline and the database''s oid.';
comment on column chat.epochs.label is 'Prefix of every cursor of this epoch.';
comment on column chat.epochs.began_at is 'When a server first saw it.';

create table chat.sql_applied (
    only_row    boolean primary key default true check (only_row),
    version     integer not null,
    digest      text not null,
    applied_at  timestamptz not null
);

comment on table chat.sql_applied is 'Which edition of functions, triggers, views and grants the database holds.';
comment on column chat.sql_applied.only_row is 'Always true: the table has one row.';
comment on column chat.sql_applied.version is 'Edition number; a server with a lower one does not apply its own.';
comment on column chat.sql_applied.digest is 'SHA-256 of the edition''s text, in hexadecimal.';
comment on column chat.sql_applied.applied_at is 'When it was applied.';
