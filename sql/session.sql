-- Sessions: who a token acts for. The token itself stays with the client; here is its SHA-256.

create or replace function chat.start_session(
    p_user uuid, p_token_hash bytea, p_lifetime interval, p_user_agent text default null, p_began_by text default 'token')
returns uuid language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_session uuid;
begin
    insert into chat.sessions (id, user_id, began_by, user_agent, created_at, expires_at)
    values (chat.uuid_v7(), p_user, p_began_by, left(p_user_agent, 200), clock_timestamp(), clock_timestamp() + p_lifetime)
    returning id into v_session;
    insert into chat.session_tokens (token_hash, session_id, created_at) values (p_token_hash, v_session, clock_timestamp());
    return v_session;
end
$$;

comment on function chat.start_session(uuid, bytea, interval, text, text) is
    'Begins a session for a user, known by a token; returns its id. p_began_by: guest, password or token.';

create or replace function chat.live_session(p_token_hash bytea) returns setof chat.sessions language sql stable as $$
    select s.*
    from chat.session_tokens t join chat.sessions s on s.id = t.session_id join chat.users u on u.id = s.user_id
    where t.token_hash = p_token_hash and (t.expires_at is null or t.expires_at > clock_timestamp())
      and s.ended_at is null and s.expires_at > clock_timestamp()
      and u.deactivated_at is null
$$;

comment on function chat.live_session(bytea) is
    'The session of a token; no row when either has ended or expired, or its user was deactivated.';

-- Milliseconds rather than a time: the server's clock may be another than the database's.
create or replace function chat.milliseconds_until(p_time timestamptz) returns bigint language sql stable as $$
    select greatest(ceil(extract(epoch from p_time - clock_timestamp()) * 1000), 0)::bigint
$$;

comment on function chat.milliseconds_until(timestamptz) is 'How long it is until a time; 0 when it has passed.';

-- In plpgsql, which keeps its plan: an SQL function that is not inlined would plan this anew for each request.
create or replace function chat.find_session(p_token_hash bytea)
returns table (session_id uuid, user_id uuid, user_name text, profile json, expires_at text, expires_in bigint) language plpgsql stable
security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
    return query
    select s.id, u.id, u.name, chat.user_json(u),
        case when s.proven_at is not null then chat.json_time(s.expires_at) end,
        case when s.proven_at is not null then chat.milliseconds_until(s.expires_at) end
    from chat.live_session(p_token_hash) s join chat.users u on u.id = s.user_id;
end
$$;

comment on function chat.find_session(bytea) is
    'Whom a live session acts for; no row when it has ended or expired. expires_at, and expires_in in milliseconds, only where it stands on the host''s word.';

-- Ends one of the user's own sessions. Event: session_ended, to every server that holds its sockets.
create or replace function chat.end_session(p_actor uuid, p_session uuid) returns void language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
begin
    update chat.sessions set ended_at = clock_timestamp()
    where id = p_session and user_id = coalesce(p_actor, user_id) and ended_at is null;
    if not found then
        perform chat.refuse(404, 'session_not_found', 'There is no such session of yours.');
    end if;
end
$$;

comment on function chat.end_session(uuid, uuid) is
    'Ends a session. Raises CH404 session_not_found. Every connection made with it is closed.';

create or replace function chat.list_sessions(p_actor uuid) returns setof json language sql stable
security definer set search_path = pg_catalog, pg_temp as $$
    select json_build_object('id', s.id, 'user_agent', s.user_agent, 'began_by', s.began_by,
        'created_at', chat.json_time(s.created_at), 'last_seen_at', chat.json_time(s.last_seen_at),
        'expires_at', chat.json_time(s.expires_at))
    from chat.sessions s
    where s.user_id = p_actor and s.ended_at is null and s.expires_at > clock_timestamp()
    order by s.id desc
$$;

comment on function chat.list_sessions(uuid) is 'The user''s live sessions, newest first.';

create or replace function chat.sessions_announce() returns trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform chat.announce(array(
        select chat.to_user(n.user_id, json_build_object('type', 'session_ended', 'session_id', n.id))
        from updated n join previous o on o.id = n.id
        where n.ended_at is not null and o.ended_at is null));
    return null;
end
$$;

comment on function chat.sessions_announce() is 'Trigger: announces ended sessions, so that every server closes their connections.';

create or replace trigger a_announce after update on chat.sessions
    referencing old table as previous new table as updated
    for each statement execute function chat.sessions_announce();
create or replace trigger a_refuse_delete before delete on chat.sessions
    for each row execute function chat.refuse_delete();
create or replace trigger a_refuse_truncate before truncate on chat.sessions
    for each statement execute function chat.refuse_truncate();
create or replace trigger a_refuse_delete before delete on chat.session_tokens
    for each row execute function chat.refuse_delete();
create or replace trigger a_refuse_truncate before truncate on chat.session_tokens
    for each statement execute function chat.refuse_truncate();

-- For a server that may have missed announcements, and for sessions that ran out since they connected.
create or replace function chat.ended_sessions(p_sessions uuid[]) returns setof uuid language sql stable
security definer set search_path = pg_catalog, pg_temp as $$
    select s.id from chat.sessions s
    where s.id = any (p_sessions) and (s.ended_at is not null or s.expires_at <= clock_timestamp())
$$;

comment on function chat.ended_sessions(uuid[]) is 'Those of the given sessions that have ended or expired.';

-- For sessions whose end a server waits for: it may have been put off since.
create or replace function chat.session_ends(p_sessions uuid[]) returns table (session_id uuid, expires_in bigint) language sql stable
security definer set search_path = pg_catalog, pg_temp as $$
    select s.id, chat.milliseconds_until(s.expires_at)
    from chat.sessions s
    where s.id = any (p_sessions) and s.ended_at is null and s.expires_at > clock_timestamp()
$$;

comment on function chat.session_ends(uuid[]) is 'In how many milliseconds each of the given sessions ends; no row for those that have.';

-- Not with every request: a row that is written ten minutes apart costs nothing beside what its connection does.
create or replace function chat.see_sessions(p_sessions uuid[]) returns void language sql
security definer set search_path = pg_catalog, pg_temp as $$
    update chat.sessions s set last_seen_at = clock_timestamp()
    where s.id = any (p_sessions) and (s.last_seen_at is null or s.last_seen_at < clock_timestamp() - interval '10 minutes')
$$;

comment on function chat.see_sessions(uuid[]) is 'Notes that sessions are connected, every ten minutes at most.';
