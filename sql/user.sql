-- People: rules for chat.users, what others see of them, and sessions.

create or replace function chat.user_json(p_user chat.users) returns json language sql stable as $$
    select json_build_object(
        'id', p_user.id, 'username', p_user.username, 'name', p_user.name,
        'avatar_id', p_user.avatar_id, 'about', p_user.about, 'status_text', p_user.status_text,
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
declare
    c_spaces constant text := E' \t\n\r\f\v';
    v_avatar_before uuid;
begin
    -- Nothing said is null, however it was written.
    new.about := nullif(btrim(new.about, c_spaces), '');
    new.status_text := nullif(btrim(new.status_text, c_spaces), '');
    new.avatar_url := nullif(btrim(new.avatar_url, c_spaces), '');
    if new.avatar_url is distinct from chat.fit_url(new.avatar_url) then
        perform chat.refuse(422, 'bad_avatar_url', 'avatar_url: must be an http or https address of at most 2,000 bytes.');
    end if;
    if tg_op = 'UPDATE' then
        if new.id <> old.id then
            perform chat.refuse(422, 'immutable_column', 'id: a user''s id never changes.');
        elsif chat.current_actor() <> old.id then
            perform chat.refuse(403, 'not_yourself', 'Only the host project or the user can change a user.');
        end if;
        new.created_at := old.created_at;
        new.revision := old.revision;
        new.changed_xid := old.changed_xid;
        if (new.name, new.username, new.external_id, new.is_guest, new.avatar_id, new.about, new.status_text, new.deactivated_at)
            is not distinct from (old.name, old.username, old.external_id, old.is_guest, old.avatar_id, old.about, old.status_text, old.deactivated_at)
        then
            return new; -- last_seen_at alone is not news: presence tells it; and avatar_url is nobody's before it is a picture
        end if;
        new.revision := old.revision + 1;
        v_avatar_before := old.avatar_id;
    else
        new.id := coalesce(new.id, chat.uuid_v7());
        new.created_at := coalesce(new.created_at, clock_timestamp());
        new.revision := 1;
    end if;

    new.name := btrim(new.name, c_spaces);
    if coalesce(new.name, '') = '' then
        perform chat.refuse(422, 'name_required', 'name: must have at least one character that is not a space.');
    elsif char_length(new.name) > 80 then
        perform chat.refuse(422, 'name_too_long', 'name: must have at most 80 characters.');
    elsif new.username !~ '^\S{1,60}$' then
        perform chat.refuse(422, 'bad_username', 'username: must have 1 to 60 characters and no spaces.');
    elsif char_length(new.external_id) not between 1 and 200 then
        perform chat.refuse(422, 'bad_external_id', 'external_id: must have 1 to 200 characters.');
    elsif char_length(new.about) > 500 then
        perform chat.refuse(422, 'about_too_long', 'about: must have at most 500 characters.');
    elsif char_length(new.status_text) > 100 then
        perform chat.refuse(422, 'status_text_too_long', 'status_text: must have at most 100 characters.');
    elsif new.status_text ~ '[[:cntrl:]\u0085\u2028\u2029]' then
        perform chat.refuse(422, 'bad_status_text', 'status_text: must be one line, without control characters.');
    elsif new.avatar_id is distinct from v_avatar_before then
        perform chat.require_avatar(chat.current_actor(), new.avatar_id);
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

-- Changes one's own profile; null leaves a field as it is, an empty text takes about or status_text away. Event: user.
create or replace function chat.update_user(
    p_actor uuid, p_user uuid, p_name text default null, p_username text default null,
    p_about text default null, p_status_text text default null)
returns chat.users language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_before constant text := chat.act_as(p_actor);
    v_user chat.users;
begin
    if p_actor <> p_user then
        perform chat.refuse(403, 'not_yourself', 'Only the user can change their own profile.');
    end if;
    update chat.users set name = coalesce(p_name, name), username = coalesce(p_username, username),
        about = coalesce(p_about, about), status_text = coalesce(p_status_text, status_text)
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

comment on function chat.update_user(uuid, uuid, text, text, text, text) is
    'Changes a profile; null leaves a field, an empty about or status_text takes it away. Raises CH403 not_yourself, CH404 user_not_found, CH409 username_taken, CH422. Event: user.';

create or replace function chat.set_user_avatar(p_actor uuid, p_user uuid, p_media uuid) returns chat.users language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_before constant text := chat.act_as(p_actor);
    v_user chat.users;
begin
    if p_actor <> p_user then
        perform chat.refuse(403, 'not_yourself', 'Only the user can change their own picture.');
    end if;
    update chat.users set avatar_id = p_media where id = p_user returning * into v_user;
    if v_user.id is null then
        perform chat.refuse(404, 'user_not_found', 'There is no such user.');
    end if;
    perform set_config('chat.actor', v_before, true);
    return v_user;
end
$$;

comment on function chat.set_user_avatar(uuid, uuid, uuid) is
    'Makes an image the picture of a user; null takes it away. Raises CH403 not_yourself, CH404 user_not_found, CH422 bad_avatar. Event: user.';

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

create or replace function chat.require_users(p_field text, p_users uuid[]) returns void language plpgsql stable
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_missing uuid;
begin
    select x into v_missing from unnest(p_users) x
    where not exists (select from chat.users u where u.id = x and u.deactivated_at is null) limit 1;
    if found then
        perform chat.refuse(404, 'user_not_found', format('%s: there is no user %s.', p_field, v_missing));
    end if;
end
$$;

comment on function chat.require_users(text, uuid[]) is 'Raises CH404 user_not_found, naming p_field, unless all of p_users are there.';

create or replace function chat.listed_user_json(p_user chat.users) returns json language sql stable
security definer set search_path = pg_catalog, pg_temp as $$
    select json_build_object('id', p_user.id, 'username', p_user.username, 'name', p_user.name, 'is_guest', p_user.is_guest,
        'avatar_id', p_user.avatar_id, 'status_text', p_user.status_text,
        'online', exists (select from chat.presence p where p.user_id = p_user.id), 'status', chat.status_of(p_user.id),
        'last_seen_at', chat.json_time(p_user.last_seen_at), 'revision', p_user.revision)
$$;

comment on function chat.listed_user_json(chat.users) is 'A user as lists of people show one, with presence.';

create or replace function chat.is_called(p_user chat.users, p_part text) returns boolean language sql immutable as $$
    select nullif(btrim(p_part), '') is null
        or strpos(lower(p_user.name), lower(btrim(p_part))) > 0
        or coalesce(strpos(lower(p_user.username), lower(btrim(p_part))) > 0, false)
$$;

comment on function chat.is_called(chat.users, text) is 'Whether this is a part of a user''s name or username; so are null and blanks.';

-- People by a part of their name or username, by name; p_after is the last id of the page before. Those who are online are
-- few beside those who are not: they are found by their presence, not by walking through everyone.
create or replace function chat.list_users(
    p_actor uuid, p_query text default null, p_after uuid default null, p_limit integer default 50, p_online boolean default false)
returns setof json language plpgsql stable
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_limit constant integer := least(greatest(p_limit, 1), 100);
begin
    if p_online then
        return query
        select chat.listed_user_json(u)
        from chat.users u
        where u.id in (select p.user_id from chat.presence p)
          and u.deactivated_at is null and chat.is_called(u, p_query)
          and (p_after is null or (lower(u.name), u.id) > (select lower(a.name), a.id from chat.users a where a.id = p_after))
        order by lower(u.name), u.id
        limit v_limit;
    else
        return query
        select chat.listed_user_json(u)
        from chat.users u
        where u.deactivated_at is null and chat.is_called(u, p_query)
          and (p_after is null or (lower(u.name), u.id) > (select lower(a.name), a.id from chat.users a where a.id = p_after))
        order by lower(u.name), u.id
        limit v_limit;
    end if;
end
$$;

comment on function chat.list_users(uuid, text, uuid, integer, boolean) is
    'Users who can be written to, by part of name or username, in order of name; p_limit 1 to 100; p_after: last id of the page before; p_online: only who is online or away.';
