-- Who comes in by the host project's word: a signed token, its "current user" endpoint, or chat_hook.authenticate.
-- What the host says was found to be true before it comes here.

create or replace function chat.arrive(
    p_external_id text, p_name text, p_username text default null, p_avatar_url text default null)
returns chat.users language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    c_name_characters_max constant integer := 80; -- as of every name
    v_before constant text := chat.act_as(null);
    v_name constant text := nullif(btrim(left(btrim(p_name, E' \t\n\r\f\v'), c_name_characters_max), E' \t\n\r\f\v'), '');
    v_username text := btrim(p_username);
    v_url constant text := chat.fit_url(p_avatar_url);
    v_user chat.users;
begin
    select u.* into v_user from chat.users u where u.external_id = p_external_id;
    if v_user.deactivated_at is not null then
        perform chat.refuse(403, 'user_deactivated', 'This user was deactivated.');
    end if;
    -- The host's users are the host's business: one whose username is no good here, or another's, comes in without.
    if v_username !~ '^\S{1,60}$' or exists (
        select from chat.users o where lower(o.username) = lower(v_username) and o.id is distinct from v_user.id)
    then
        v_username := null;
    end if;
    begin
        if v_user.id is null then
            v_user := chat.create_user(v_name, v_username, p_external_id);
        end if;
        -- Whom the host's own table tells of is as that says.
        if (coalesce(v_name, v_user.name), coalesce(v_username, v_user.username), coalesce(v_url, v_user.avatar_url))
            is distinct from (v_user.name, v_user.username, v_user.avatar_url)
            and not exists (select from chat.links l where l.id = v_user.link_id and l.unlinked_at is null)
        then
            update chat.users u set name = coalesce(v_name, u.name), username = coalesce(v_username, u.username),
                avatar_url = coalesce(v_url, u.avatar_url)
            where u.id = v_user.id returning u.* into v_user;
        end if;
    exception when sqlstate 'CH409' or unique_violation then
        if v_username is null then
            raise; -- it is not for the username
        end if;
        -- Somebody took it this very moment.
        v_user := chat.arrive(p_external_id, p_name, null, p_avatar_url);
    end;
    perform set_config('chat.actor', v_before, true);
    return v_user;
end
$$;

comment on function chat.arrive(text, text, text, text) is
    'The user whom the host project knows by p_external_id, made or brought up to what the host says; null leaves a field. A username that is taken or unfit is left out, a long name cut, a picture''s address that is none passed over; whom a linked table of the host''s tells of (chat.link_users) stays as that says. Raises CH403 user_deactivated, CH422 name_required, bad_external_id. Event: user, or member for a new one.';

-- Begins a session on the host's word, or puts off the end of the one that is there: by p_session, else by the proof, if that
-- is a token that was shown before.
create or replace function chat.prove_session(
    p_began_by text, p_external_id text, p_name text, p_username text, p_avatar_url text,
    p_expires_at timestamptz, p_seconds_max integer, p_proof_hash bytea, p_token_hash bytea,
    p_session uuid default null, p_only_user uuid default null, p_user_agent text default null)
returns table (session_id uuid, user_id uuid, user_name text, profile json, expires_at text, expires_in bigint) language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
    c_lock constant integer := 2003133538; -- "webb": first sights of one person take turns
    v_now constant timestamptz := clock_timestamp();
    v_ends constant timestamptz := least(p_expires_at, v_now + make_interval(secs => p_seconds_max));
    v_user chat.users;
    v_known chat.sessions;
    v_session chat.sessions;
begin
    if v_ends <= v_now then
        perform chat.refuse(401, 'token_expired', 'The token has expired; get another from where it came.');
    end if;
    perform pg_advisory_xact_lock(c_lock, hashtext(p_external_id));
    v_user := chat.arrive(p_external_id, p_name, p_username, p_avatar_url);
    if p_only_user <> v_user.id then
        perform chat.refuse(403, 'another_user', 'token: is of another user than the session.');
    end if;

    select s.* into v_known from chat.session_tokens t join chat.sessions s on s.id = t.session_id where t.token_hash = p_proof_hash;
    if v_known.ended_at is not null or v_known.user_id <> v_user.id then
        perform chat.refuse(401, 'bad_token', 'The session of this token was ended; get another from where it came.');
    end if;
    select s.* into v_session from chat.sessions s
    where s.id = p_session and s.user_id = v_user.id and s.ended_at is null and s.proven_at is not null;
    if v_session.id is null then
        v_session := v_known;
    end if;
    if p_only_user is not null and v_session.id is distinct from p_session then
        perform chat.refuse(403, 'token_not_allowed', 'token: this session does not stand on the host''s word.');
    end if;

    if v_session.id is null and p_token_hash is null then
        -- A program that shows the host's next token goes on with a session that has run out, rather than leave one behind for
        -- every token; but not with one that something else than the host's tokens would open again.
        select s.* into v_session from chat.sessions s
        where s.user_id = v_user.id and s.began_by = p_began_by and s.ended_at is null and s.expires_at <= v_now
          and s.user_agent is not distinct from left(p_user_agent, 200)
          and not exists (select from chat.session_tokens t where t.session_id = s.id and t.expires_at is null)
        order by s.id desc limit 1;
    end if;

    if v_session.id is null then
        insert into chat.sessions as s (id, user_id, began_by, user_agent, created_at, proven_at, expires_at)
        values (chat.uuid_v7(), v_user.id, p_began_by, left(p_user_agent, 200), v_now, v_now, v_ends)
        returning s.* into v_session;
    else
        update chat.sessions s set expires_at = greatest(s.expires_at, v_ends), proven_at = v_now
        where s.id = v_session.id and s.ended_at is null
        returning s.* into v_session;
        if v_session.id is null then
            perform chat.refuse(401, 'not_logged_in', 'The session was ended.');
        end if;
    end if;
    if p_began_by = 'jwt' then
        -- What a signed token says of its end is final: one that is over need not be remembered, and its row serves the next.
        update chat.session_tokens t set token_hash = p_proof_hash, created_at = v_now, expires_at = v_ends
        where t.token_hash = (
                select o.token_hash from chat.session_tokens o
                where o.session_id = v_session.id and o.expires_at < v_now
                order by o.expires_at limit 1)
          and not exists (select from chat.session_tokens k where k.token_hash = p_proof_hash);
    end if;
    insert into chat.session_tokens as t (token_hash, session_id, created_at, expires_at)
    select x.hash, v_session.id, v_now, x.ends
    from (values (p_proof_hash, v_ends), (p_token_hash, null)) x (hash, ends)
    -- A session that goes on is known by what it was known by.
    where x.hash is not null and (x.hash = p_proof_hash or v_session.id is distinct from p_session)
    on conflict (token_hash) do update set session_id = excluded.session_id, expires_at = greatest(t.expires_at, excluded.expires_at);
    return query select v_session.id, v_user.id, v_user.name, chat.user_json(v_user),
        chat.json_time(v_session.expires_at), chat.milliseconds_until(v_session.expires_at);
end
$$;

comment on function chat.prove_session(text, text, text, text, text, timestamptz, integer, bytea, bytea, uuid, uuid, text) is
    'Begins a session of whom the host speaks of, until p_expires_at or for p_seconds_max, or puts off the end of the one that is there. Known from then on by p_proof_hash, the host''s token, and, if it is another than p_session, p_token_hash. Raises CH401 bad_token when its session was ended, token_expired; CH403 another_user than p_only_user, token_not_allowed where p_session needs no proof, user_deactivated; CH422 of a user. Event: as chat.arrive.';

-- What the session stands on can not be asked for at the moment: that alone puts nobody out, for a while.
create or replace function chat.keep_session(p_token_hash bytea, p_seconds integer, p_grace_seconds integer) returns boolean language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_now constant timestamptz := clock_timestamp();
    v_ends timestamptz;
begin
    update chat.sessions s
    set expires_at = greatest(s.expires_at, least(v_now + make_interval(secs => p_seconds), s.proven_at + make_interval(secs => p_grace_seconds)))
    from chat.session_tokens t
    where t.token_hash = p_token_hash and t.session_id = s.id
      and s.ended_at is null and s.proven_at + make_interval(secs => p_grace_seconds) > v_now
    returning s.expires_at into v_ends;
    update chat.session_tokens t set expires_at = v_ends
    where t.token_hash = p_token_hash and t.expires_at < v_ends;
    return v_ends is not null;
end
$$;

comment on function chat.keep_session(bytea, integer, integer) is
    'Puts off the end of a session whose host does not answer by p_seconds, until p_grace_seconds after its last word. Whether it lives.';

-- Whose end may be put off: the session of a token that has run out, and was not ended.
create or replace function chat.lapsed_session(p_token_hash bytea) returns table (session_id uuid, user_id uuid, began_by text) language sql stable
security definer set search_path = pg_catalog, pg_temp as $$
    select s.id, s.user_id, s.began_by
    from chat.session_tokens t join chat.sessions s on s.id = t.session_id
    where t.token_hash = p_token_hash and s.ended_at is null and s.proven_at is not null
$$;

comment on function chat.lapsed_session(bytea) is
    'The session of a token, whether or not its time is over, where it stands on the host''s word and was not ended.';

-- For the host project's own log-out. Event: session_ended, to every server that holds its sockets.
create or replace function chat.end_sessions(p_external_id text) returns bigint language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_count bigint;
begin
    update chat.sessions s set ended_at = clock_timestamp()
    from chat.users u
    where u.external_id = p_external_id and s.user_id = u.id and s.ended_at is null;
    get diagnostics v_count = row_count;
    return v_count;
end
$$;

comment on function chat.end_sessions(text) is
    'Ends all sessions of the user whom the host knows by p_external_id, and their connections; returns how many. Event: session_ended.';
