-- Presence and typing: what is true only now. Who is connected stands in the unlogged table
-- chat.presence, one row for each server and user; typing is announced and written nowhere.

-- online before away, of all the servers a user is connected to; offline when to none.
create or replace function chat.status_of(p_user uuid) returns text language sql stable
security definer set search_path = pg_catalog, pg_temp as $$
    select coalesce(max(p.status), 'offline') from chat.presence p where p.user_id = p_user
$$;

comment on function chat.status_of(uuid) is 'online, away or offline, over all servers.';

create or replace function chat.presence_event(p_user uuid) returns json language sql stable
security definer set search_path = pg_catalog, pg_temp as $$
    select json_build_object('type', 'presence', 'user_id', u.id, 'status', chat.status_of(u.id),
        'last_seen_at', chat.json_time(u.last_seen_at))
    from chat.users u where u.id = p_user
$$;

comment on function chat.presence_event(uuid) is 'The event that a user is online, away or offline.';

-- Writes what a server knows of its users: a JSON object of user id to online, away or offline, and
-- announces those whose status over all servers is another now.
create or replace function chat.set_presences(p_server uuid, p_statuses jsonb) returns void language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_users uuid[];
    v_before text[];
begin
    -- One at a time for each user, or two servers could each miss what the other changes.
    select array_agg(x.id) into v_users
    from (select u.id from chat.users u where u.id in (select k::uuid from jsonb_object_keys(p_statuses) k)
          order by u.id for no key update) x;
    v_before := array(select chat.status_of(x) from unnest(v_users) x);

    delete from chat.presence p
    where p.server_id = p_server and p.user_id = any (v_users) and p_statuses ->> p.user_id::text = 'offline';
    insert into chat.presence (server_id, user_id, status, since)
    select p_server, x, p_statuses ->> x::text, clock_timestamp()
    from unnest(v_users) x where p_statuses ->> x::text in ('online', 'away')
    on conflict (user_id, server_id) do update set status = excluded.status, since = excluded.since
        where presence.status <> excluded.status;

    perform chat.announce_presences(v_users, v_before);
end
$$;

comment on function chat.set_presences(uuid, jsonb) is
    'Writes the statuses ({user id: online, away or offline}) of a server''s users. Events: presence.';

-- For users whose status is not what it was before: remembers when they left, and tells their peers.
create or replace function chat.announce_presences(p_users uuid[], p_before text[]) returns void language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_before constant text := chat.act_as(null);
    v_changed uuid[];
begin
    select array_agg(b.user_id order by b.place) into v_changed
    from unnest(p_users, p_before) with ordinality b (user_id, status, place)
    where chat.status_of(b.user_id) <> b.status;
    update chat.users u set last_seen_at = clock_timestamp()
    where u.id = any (v_changed) and chat.status_of(u.id) = 'offline';
    perform chat.announce(array(
        select chat.to_peers(x, chat.presence_event(x)) from unnest(v_changed) x));
    perform set_config('chat.actor', v_before, true);
end
$$;

comment on function chat.announce_presences(uuid[], text[]) is 'Announces users whose status differs from the one before. Events: presence.';

-- Envelopes of the users whose presence is younger than p_within, for a listener that has heard nothing
-- for so long: presence has no cursor to resume from.
create or replace function chat.recent_presences(p_within interval) returns setof text language sql stable
security definer set search_path = pg_catalog, pg_temp as $$
    select chat.to_peers(r.user_id, chat.presence_event(r.user_id))
    from (
        select p.user_id from chat.presence p where p.since > clock_timestamp() - p_within
        union
        select u.id from chat.users u where u.last_seen_at > clock_timestamp() - p_within
    ) r
$$;

comment on function chat.recent_presences(interval) is 'Envelopes of the users who came, went or changed status within p_within.';

-- A server's sign of life; announcing the cursor proves to its listener that NOTIFY arrives.
-- Returns false when the server was not registered (any more): then it writes all its users' presence anew.
create or replace function chat.beat(p_server uuid) returns boolean language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_was_registered boolean;
begin
    update chat.servers set heartbeat_at = clock_timestamp() where id = p_server;
    v_was_registered := found;
    if not v_was_registered then
        insert into chat.servers (id, started_at, heartbeat_at) values (p_server, clock_timestamp(), clock_timestamp())
        on conflict (id) do nothing;
    end if;
    perform chat.announce_cursor();
    return v_was_registered;
end
$$;

comment on function chat.beat(uuid) is 'Renews a server''s lease; false when it was not registered. Announces the cursor.';

-- Takes servers off whose lease has run out (or the one that leaves), and their users offline.
create or replace function chat.expire_servers(p_lease interval, p_leaving uuid default null) returns integer language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_servers uuid[];
    v_users uuid[];
    v_before text[];
begin
    select array_agg(s.id) into v_servers
    from (select s.id from chat.servers s
          where s.heartbeat_at < clock_timestamp() - p_lease or s.id = p_leaving
          order by s.id for update skip locked) s;
    -- Rows of a server that is not registered at all are nobody's: left by one taken off before.
    select array_agg(x.id) into v_users
    from (select u.id from chat.users u
          where u.id in (select p.user_id from chat.presence p
                         where p.server_id = any (v_servers) or not exists (select from chat.servers s where s.id = p.server_id))
          order by u.id for no key update) x;
    if v_servers is null and v_users is null then
        return 0;
    end if;
    v_before := array(select chat.status_of(x) from unnest(v_users) x);
    delete from chat.servers s where s.id = any (v_servers);
    delete from chat.presence p where not exists (select from chat.servers s where s.id = p.server_id);
    perform chat.announce_presences(v_users, v_before);
    return coalesce(cardinality(v_servers), 0);
end
$$;

comment on function chat.expire_servers(interval, uuid) is
    'Removes servers silent for longer than p_lease, and p_leaving; their users go offline. Events: presence.';

create or replace function chat.to_typing_readers(p_user uuid, p_conversation uuid, p_state text) returns text language sql stable
security definer set search_path = pg_catalog, pg_temp as $$
    select chat.to_conversation(p_conversation, json_build_object(
        'type', 'typing', 'conversation_id', p_conversation, 'user_id', p_user, 'user_name', u.name,
        'active', p_state <> 'stopped', 'recording', p_state = 'recording'))
    from chat.users u where u.id = p_user
$$;

comment on function chat.to_typing_readers(uuid, uuid, text) is 'Envelope of a typing event.';

create or replace function chat.announce_typing(p_actor uuid, p_conversation uuid, p_state text default 'active') returns void language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform chat.require_member(p_actor, p_conversation);
    if p_state is null or p_state not in ('active', 'recording', 'stopped') then
        perform chat.refuse(422, 'bad_state', 'state: must be active, recording or stopped.');
    end if;
    if not chat.is_silenced(p_conversation) then
        perform chat.announce(array[chat.to_typing_readers(p_actor, p_conversation, p_state)]);
    end if;
end
$$;

comment on function chat.announce_typing(uuid, uuid, text) is
    'Says that a user is typing (active, recording) or not any more (stopped); written nowhere, and told to nobody between two of whom one has blocked the other. Raises CH403 not_a_member, CH404, CH422. Event: typing.';

-- Many at once, in one notification: a JSON array of {"actor", "conversation_id", "state"}; who is no member is passed over,
-- and who is blocked.
create or replace function chat.announce_typings(p_items jsonb) returns void language sql
security definer set search_path = pg_catalog, pg_temp as $$
    select chat.announce(array_agg(chat.to_typing_readers(m.user_id, m.conversation_id, i.state)))
    from jsonb_to_recordset(p_items) i (actor uuid, conversation_id uuid, state text)
    join chat.members m on m.conversation_id = i.conversation_id and m.user_id = i.actor and m.active
    join chat.conversations c on c.id = m.conversation_id and not c.is_silenced
$$;

comment on function chat.announce_typings(jsonb) is 'Announces typing of {actor, conversation_id, state} for many at once. Events: typing.';
