-- Sessions: who a token acts for. The token itself stays with the client; here is its SHA-256.

create or replace function chat.start_session(p_user uuid, p_token_hash bytea, p_lifetime interval, p_user_agent text default null)
returns uuid language sql
security definer set search_path = pg_catalog, pg_temp as $$
    insert into chat.sessions (id, user_id, token_hash, user_agent, created_at, expires_at)
    values (chat.uuid_v7(), p_user, p_token_hash, left(p_user_agent, 200), clock_timestamp(), clock_timestamp() + p_lifetime)
    returning id
$$;

comment on function chat.start_session(uuid, bytea, interval, text) is 'Begins a session for a user; returns its id.';

create or replace function chat.live_session(p_token_hash bytea) returns setof chat.sessions language sql stable as $$
    select s.*
    from chat.sessions s join chat.users u on u.id = s.user_id
    where s.token_hash = p_token_hash
      and s.ended_at is null and s.expires_at > clock_timestamp()
      and u.deactivated_at is null
$$;

comment on function chat.live_session(bytea) is 'The session of a token; no row when it has ended or expired, or its user was deactivated.';

-- In plpgsql, which keeps its plan: an SQL function that is not inlined would plan this anew for each request.
create or replace function chat.find_session(p_token_hash bytea)
returns table (session_id uuid, user_id uuid, user_name text, profile json) language plpgsql stable
security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
    return query
    select s.id, u.id, u.name, chat.user_json(u)
    from chat.live_session(p_token_hash) s join chat.users u on u.id = s.user_id;
end
$$;

comment on function chat.find_session(bytea) is 'Whom a live session acts for; no row when it has ended or expired.';

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
    select json_build_object('id', s.id, 'user_agent', s.user_agent,
        'created_at', chat.json_time(s.created_at), 'expires_at', chat.json_time(s.expires_at))
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

-- For a server that may have missed announcements, and for sessions that ran out since they connected.
create or replace function chat.ended_sessions(p_sessions uuid[]) returns setof uuid language sql stable
security definer set search_path = pg_catalog, pg_temp as $$
    select s.id from chat.sessions s
    where s.id = any (p_sessions) and (s.ended_at is not null or s.expires_at <= clock_timestamp())
$$;

comment on function chat.ended_sessions(uuid[]) is 'Those of the given sessions that have ended or expired.';
