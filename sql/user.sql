-- People: rules for chat.users, what others see of them, and sessions.

create or replace function chat.user_json(p_user chat.users) returns json language sql stable as $$
    select json_build_object(
        'id', p_user.id, 'username', p_user.username, 'name', p_user.name,
        'is_guest', p_user.is_guest, 'last_seen_at', chat.json_time(p_user.last_seen_at),
        'created_at', chat.json_time(p_user.created_at), 'deactivated_at', chat.json_time(p_user.deactivated_at),
        'revision', p_user.revision)
$$;

comment on function chat.user_json(chat.users) is 'A user as others see one; external_id is the host project''s business.';

create or replace function chat.user_event(p_user chat.users) returns json language sql stable as $$
    select json_build_object('type', 'user', 'user', chat.user_json(p_user))
$$;

comment on function chat.user_event(chat.users) is 'The event that a user has changed.';

-- Envelope for whoever shares a conversation with the user, and the user. Conversations of
-- more than 500 members are left out: an event to everyone for everyone grows with the square.
create or replace function chat.to_peers(p_user uuid, p_event json) returns text language sql stable
security definer set search_path = pg_catalog, pg_temp as $$
    select '{"user":"' || p_user || '","conversations":'
        || coalesce((
            select json_agg(m.conversation_id)::text
            from chat.members m
            where m.user_id = p_user and m.active and not chat.has_more_members(m.conversation_id, 500)), '[]')
        || ',"event":' || p_event::text || '}'
$$;

comment on function chat.to_peers(uuid, json) is
    'Envelope of an event for whoever shares a conversation of at most 500 members with the user.';

-- before insert or update: checks, completes, stamps.
create or replace function chat.users_complete() returns trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
begin
    if tg_op = 'UPDATE' then
        if new.id <> old.id then
            perform chat.refuse(422, 'immutable_column', 'id: a user''s id never changes.');
        elsif chat.current_actor() <> old.id then
            perform chat.refuse(403, 'not_yourself', 'Only the host project or the user can change a user.');
        end if;
        new.created_at := old.created_at;
        new.revision := old.revision;
        new.changed_xid := old.changed_xid;
        if (new.name, new.username, new.external_id, new.is_guest, new.deactivated_at)
            is not distinct from (old.name, old.username, old.external_id, old.is_guest, old.deactivated_at)
        then
            return new; -- last_seen_at alone is not news: presence tells it
        end if;
        new.revision := old.revision + 1;
    else
        new.id := coalesce(new.id, chat.uuid_v7());
        new.created_at := coalesce(new.created_at, clock_timestamp());
        new.revision := 1;
    end if;

    new.name := btrim(new.name, E' \t\n\r\f\v');
    if coalesce(new.name, '') = '' then
        perform chat.refuse(422, 'name_required', 'name: must have at least one character that is not a space.');
    elsif char_length(new.name) > 80 then
        perform chat.refuse(422, 'name_too_long', 'name: must have at most 80 characters.');
    elsif new.username !~ '^\S{1,60}$' then
        perform chat.refuse(422, 'bad_username', 'username: must have 1 to 60 characters and no spaces.');
    elsif char_length(new.external_id) not between 1 and 200 then
        perform chat.refuse(422, 'bad_external_id', 'external_id: must have 1 to 200 characters.');
    end if;
    new.changed_xid := pg_current_xact_id();
    return new;
end
$$;

comment on function chat.users_complete() is 'Trigger: checks, completes and stamps a user.';

create or replace trigger a_complete before insert or update on chat.users
    for each row execute function chat.users_complete();

-- after insert: everyone is in the general room.
create or replace function chat.users_join_general() returns trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_before constant text := chat.act_as(null);
begin
    insert into chat.members (conversation_id, user_id)
    select c.id, u.id from chat.conversations c cross join inserted u
    where c.is_general and c.closed_at is null and u.deactivated_at is null
    order by u.id;
    perform set_config('chat.actor', v_before, true);
    return null;
end
$$;

comment on function chat.users_join_general() is 'Trigger: makes new users members of the general room.';

create or replace trigger b_join_general after insert on chat.users
    referencing new table as inserted
    for each statement execute function chat.users_join_general();

create or replace function chat.users_announce() returns trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_before constant text := chat.act_as(null);
begin
    perform chat.announce(array(
        select chat.to_peers(u.id, chat.user_event(u))
        from chat.users u join updated n on n.id = u.id join previous o on o.id = n.id
        where n.revision <> o.revision
        order by u.id));
    -- A deactivated user's log-ins end with them.
    update chat.sessions s set ended_at = clock_timestamp()
    from updated n join previous o on o.id = n.id
    where s.user_id = n.id and n.deactivated_at is not null and o.deactivated_at is null and s.ended_at is null;
    -- One who was made deactivated has not been in the general room before.
    insert into chat.members (conversation_id, user_id)
    select c.id, n.id from updated n join previous o on o.id = n.id cross join chat.conversations c
    where c.is_general and c.closed_at is null and n.deactivated_at is null and o.deactivated_at is not null
    order by n.id
    on conflict (conversation_id, user_id) do nothing;
    perform set_config('chat.actor', v_before, true);
    return null;
end
$$;

comment on function chat.users_announce() is 'Trigger: announces changed users to whoever shares a conversation with them.';

create or replace trigger c_announce after update on chat.users
    referencing old table as previous new table as updated
    for each statement execute function chat.users_announce();

-- before delete: a delete deactivates.
create or replace function chat.users_soft_delete() returns trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
begin
    update chat.users set deactivated_at = clock_timestamp() where id = old.id and deactivated_at is null;
    return null;
end
$$;

comment on function chat.users_soft_delete() is 'Trigger: turns a delete into a deactivation, so delete reports 0 rows.';

create or replace trigger a_soft_delete before delete on chat.users
    for each row execute function chat.users_soft_delete();
create or replace trigger a_refuse_truncate before truncate on chat.users
    for each statement execute function chat.refuse_truncate();

-- Makes a user, a member of the general room from the start.
-- Raises CH422 name_required, name_too_long, bad_username, bad_external_id; CH409 username_taken, external_id_taken.
create or replace function chat.create_user(
    p_name text, p_username text default null, p_external_id text default null, p_is_guest boolean default false)
returns chat.users language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_user chat.users;
    v_constraint text;
begin
    insert into chat.users (name, username, external_id, is_guest)
    values (p_name, p_username, p_external_id, p_is_guest)
    returning * into v_user;
    return v_user;
exception when unique_violation then
    get stacked diagnostics v_constraint = constraint_name;
    perform chat.refuse(409,
        case v_constraint when 'users_username_key' then 'username_taken' else 'external_id_taken' end,
        case v_constraint when 'users_username_key' then 'username: another user has it.'
            else 'external_id: another user has it.' end);
    return null;
end
$$;

comment on function chat.create_user(text, text, text, boolean) is
    'Makes a user. Raises CH422 (name, username, external_id) and CH409 username_taken, external_id_taken. Event: member.';

-- Changes one's own name or username; null leaves a field as it is. Event: user.
create or replace function chat.update_user(p_actor uuid, p_user uuid, p_name text default null, p_username text default null)
returns chat.users language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_before constant text := chat.act_as(p_actor);
    v_user chat.users;
begin
    if p_actor <> p_user then
        perform chat.refuse(403, 'not_yourself', 'Only the user can change their own profile.');
    end if;
    update chat.users set name = coalesce(p_name, name), username = coalesce(p_username, username)
    where id = p_user returning * into v_user;
    if v_user.id is null then
        perform chat.refuse(404, 'user_not_found', 'There is no such user.');
    end if;
    perform set_config('chat.actor', v_before, true);
    return v_user;
exception when unique_violation then
    perform chat.refuse(409, 'username_taken', 'username: another user has it.');
    return null;
end
$$;

comment on function chat.update_user(uuid, uuid, text, text) is
    'Changes a profile; null leaves a field. Raises CH403 not_yourself, CH404 user_not_found, CH409 username_taken, CH422. Event: user.';

create or replace function chat.deactivate_user(p_actor uuid, p_user uuid) returns void language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_before constant text := chat.act_as(p_actor);
begin
    if p_actor <> p_user then
        perform chat.refuse(403, 'not_yourself', 'Only the host project or the user can deactivate a user.');
    end if;
    update chat.users set deactivated_at = clock_timestamp() where id = p_user and deactivated_at is null;
    perform set_config('chat.actor', v_before, true);
end
$$;

comment on function chat.deactivate_user(uuid, uuid) is
    'Deactivates a user (p_actor null: by the host project) and ends their sessions. Raises CH403 not_yourself. Event: user.';

-- People by a part of their name or username, by name; p_after is the last id of the page before.
create or replace function chat.list_users(p_actor uuid, p_query text default null, p_after uuid default null, p_limit integer default 50)
returns setof json language plpgsql stable
security definer set search_path = pg_catalog, pg_temp as $$
begin
    return query
    select json_build_object('id', u.id, 'username', u.username, 'name', u.name, 'is_guest', u.is_guest,
        'online', exists (select from chat.presence p where p.user_id = u.id),
        'last_seen_at', chat.json_time(u.last_seen_at), 'revision', u.revision)
    from chat.users u
    where u.deactivated_at is null
      and (nullif(btrim(p_query), '') is null
        or strpos(lower(u.name), lower(btrim(p_query))) > 0
        or strpos(lower(u.username), lower(btrim(p_query))) > 0)
      and (p_after is null or (lower(u.name), u.id) > (select lower(a.name), a.id from chat.users a where a.id = p_after))
    order by lower(u.name), u.id
    limit least(greatest(p_limit, 1), 100);
end
$$;

comment on function chat.list_users(uuid, text, uuid, integer) is
    'Users who can be written to, by part of name or username, in order of name; p_limit 1 to 100; p_after: last id of the page before.';
