-- One session may be known by several tokens: the host project's own, and those that were given out for it here. And a
-- session that stands on the host's word ends with it, unless the host gives its word again.

create table chat.session_tokens (
    token_hash  bytea primary key,
    session_id  uuid not null references chat.sessions on delete restrict,
    created_at  timestamptz not null,
    expires_at  timestamptz
);

create index session_tokens_session_index on chat.session_tokens (session_id);

comment on table chat.session_tokens is 'What sessions are known by. Tokens themselves are never stored.';
comment on column chat.session_tokens.token_hash is 'SHA-256 of the token, 32 bytes.';
comment on column chat.session_tokens.session_id is 'The session that whoever shows the token acts by.';
comment on column chat.session_tokens.created_at is 'When the token was first seen, or given out.';
comment on column chat.session_tokens.expires_at is 'From when the host''s own token is refused, though its session may live on; null: as long as the session.';

insert into chat.session_tokens (token_hash, session_id, created_at)
select s.token_hash, s.id, s.created_at from chat.sessions s;

alter table chat.sessions
    drop column token_hash,
    add column began_by text,
    add column proven_at timestamptz,
    add column last_seen_at timestamptz;

update chat.sessions s set began_by = case
    when exists (select from chat.users u where u.id = s.user_id and u.is_guest) then 'guest'
    when exists (select from chat.passwords p where p.user_id = s.user_id) then 'password'
    else 'token' end;

alter table chat.sessions
    alter column began_by set not null,
    add constraint sessions_began_by_check check (began_by in ('guest', 'password', 'jwt', 'url', 'sql', 'token'));

comment on column chat.sessions.began_by is 'How it began: guest, password, jwt, url, sql, or token for one made by an operator.';
comment on column chat.sessions.proven_at is 'When the host last said whose session it is; null where no word of the host is needed.';
comment on column chat.sessions.last_seen_at is 'When it was last seen connected, to some ten minutes; null while never.';

-- What they take or answer with is another now; sql/ makes them anew.
drop function if exists chat.start_session(uuid, bytea, interval, text);
drop function if exists chat.find_session(bytea);
