-- People and the sessions by which browsers and programs act for them.
-- Columns that triggers fill (id, timestamps, revision, changed_xid) have no default:
-- the rules stand in sql/, where they can change without a migration.

create table chat.users (
    id              uuid primary key,
    external_id     text unique,
    username        text,
    name            text not null,
    is_guest        boolean not null default false,
    created_at      timestamptz not null,
    last_seen_at    timestamptz,
    deactivated_at  timestamptz,
    revision        bigint not null,
    changed_xid     xid8 not null
) with (fillfactor = 90);

create unique index users_username_key on chat.users (lower(username)) where username is not null;
create index users_name_index on chat.users (lower(name), id);
create index users_changed_index on chat.users (changed_xid);

comment on table chat.users is 'Everyone who can chat: people of the host project, guests and bots. Never physically removed.';
comment on column chat.users.id is 'Time-ordered UUID (version 7), made when absent.';
comment on column chat.users.external_id is 'The host project''s own id for this user, 1 to 200 characters.';
comment on column chat.users.username is 'Unique handle without regard to case, 1 to 60 characters, no spaces.';
comment on column chat.users.name is 'Display name, 1 to 80 characters.';
comment on column chat.users.is_guest is 'True for a user who came with no account.';
comment on column chat.users.created_at is 'When the row was made.';
comment on column chat.users.last_seen_at is 'When the user''s last connection ended; null while never connected.';
comment on column chat.users.deactivated_at is 'When set, the user can neither act nor log in; their messages stay.';
comment on column chat.users.revision is 'Raised by every change that others can see; clients keep the highest.';
comment on column chat.users.changed_xid is 'Transaction of the last change that others can see; see chat.changes_since.';

create table chat.sessions (
    id          uuid primary key,
    user_id     uuid not null references chat.users on delete restrict,
    token_hash  bytea not null unique,
    user_agent  text,
    created_at  timestamptz not null,
    expires_at  timestamptz not null,
    ended_at    timestamptz
);

create index sessions_user_index on chat.sessions (user_id) where ended_at is null;

comment on table chat.sessions is 'Log-ins of browsers and API clients. Tokens themselves are never stored.';
comment on column chat.sessions.id is 'Time-ordered UUID (version 7).';
comment on column chat.sessions.user_id is 'Whom the session acts for.';
comment on column chat.sessions.token_hash is 'SHA-256 of the bearer token, 32 bytes.';
comment on column chat.sessions.user_agent is 'What the client called itself, at most 200 characters.';
comment on column chat.sessions.created_at is 'When the session began.';
comment on column chat.sessions.expires_at is 'From when the token is refused.';
comment on column chat.sessions.ended_at is 'When the session was ended by log-out or by an administrator.';
