-- Pictures that the host names by address (chat.users.avatar_url): servers fetch them, and take turns here. Browsers are
-- never sent to another site for one: what was fetched is a medium as any.

-- after insert or update of avatar_url: there is something to fetch, or no more. A picture of the address before, and
-- none of the user's own choice, goes with it.
create or replace function chat.note_picture(p_user uuid, p_url text, p_avatar uuid) returns void language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_now constant timestamptz := clock_timestamp();
    v_before constant text := chat.act_as(null);
begin
    insert into chat.pictures as p (user_id, url, state, due_at, avatar_before, changed_at)
    values (p_user, p_url, case when p_url is null then 'none' else 'waiting' end, case when p_url is not null then v_now end, p_avatar, v_now)
    on conflict (user_id) do update
    set url = excluded.url, state = excluded.state, tries = 0, due_at = excluded.due_at, avatar_before = excluded.avatar_before,
        failure = null, changed_at = v_now;
    if p_url is null then
        update chat.users u set avatar_id = null
        from chat.pictures p
        where u.id = p_user and p.user_id = u.id and u.avatar_id = p.media_id;
    end if;
    perform set_config('chat.actor', v_before, true);
end
$$;

comment on function chat.note_picture(uuid, text, uuid) is
    'Notes that a user''s avatar_url is another; null takes the picture that came from the one before away. Event: user.';

create or replace function chat.users_note_pictures() returns trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
begin
    insert into chat.pictures (user_id, url, state, due_at, avatar_before, changed_at)
    select u.id, u.avatar_url, 'waiting', clock_timestamp(), u.avatar_id, clock_timestamp()
    from inserted u where u.avatar_url is not null
    order by u.id;
    return null;
end
$$;

comment on function chat.users_note_pictures() is 'Trigger: notes the pictures that new users have somewhere.';

create or replace trigger d_note_pictures after insert on chat.users
    referencing new table as inserted
    for each statement execute function chat.users_note_pictures();

create or replace function chat.users_note_picture() returns trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform chat.note_picture(new.id, new.avatar_url, new.avatar_id);
    return null;
end
$$;

comment on function chat.users_note_picture() is 'Trigger: notes that a user''s picture is somewhere else now.';

create or replace trigger d_note_picture after update of avatar_url on chat.users
    for each row when (old.avatar_url is distinct from new.avatar_url) execute function chat.users_note_picture();

-- A fetch takes a few seconds: a server that has not told what came of it by then is gone.
create or replace function chat.claim_pictures(p_limit integer) returns table (user_id uuid, url text) language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
    c_fetch_max constant interval := interval '1 minute';
    v_now constant timestamptz := clock_timestamp();
begin
    return query
    with due as (
        select p.user_id from chat.pictures p
        where p.due_at <= v_now
        order by p.due_at
        limit least(greatest(p_limit, 1), 100)
        for no key update skip locked
    )
    update chat.pictures p
    set state = 'fetching', tries = p.tries + 1, due_at = v_now + c_fetch_max, changed_at = v_now
    from due d where p.user_id = d.user_id
    returning p.user_id, p.url;
end
$$;

comment on function chat.claim_pictures(integer) is
    'Pictures that are due, 1 to 100: the caller fetches them, and nobody else does for a minute.';

create or replace function chat.store_picture(p_user uuid, p_url text, p_media uuid) returns boolean language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_before constant text := chat.act_as(null);
    v_avatar_before uuid;
begin
    -- In the order in which who sets another address locks them.
    perform from chat.users u where u.id = p_user for no key update;
    update chat.pictures p
    set state = 'ready', due_at = null, media_id = p_media, failure = null, changed_at = clock_timestamp()
    where p.user_id = p_user and p.url = p_url and p.state = 'fetching'
    returning p.avatar_before into v_avatar_before;
    if not found then
        perform set_config('chat.actor', v_before, true);
        return false;
    end if;
    update chat.users u set avatar_id = p_media
    where u.id = p_user and u.avatar_id is not distinct from v_avatar_before;
    perform set_config('chat.actor', v_before, true);
    return true;
end
$$;

comment on function chat.store_picture(uuid, text, uuid) is
    'Makes what a claimed fetch brought the user''s picture, unless they chose another meanwhile; false when the address is another by now. Raises CH422 bad_avatar. Event: user.';

create or replace function chat.fail_picture(p_user uuid, p_url text, p_failure text, p_is_final boolean) returns void language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    c_tries_max constant integer := 4; -- at once, and after 1, 10 and 100 minutes: who is away longer names another address when back
    v_now constant timestamptz := clock_timestamp();
begin
    update chat.pictures p
    set state = case when p_is_final or p.tries >= c_tries_max then 'none' else 'waiting' end,
        due_at = case when not p_is_final and p.tries < c_tries_max then v_now + interval '1 minute' * 10 ^ (p.tries - 1) end,
        failure = p_failure, changed_at = v_now
    where p.user_id = p_user and p.url = p_url and p.state = 'fetching';
end
$$;

comment on function chat.fail_picture(uuid, text, text, boolean) is
    'Keeps why a claimed fetch brought nothing; it is tried again after 1, 10 and 100 minutes, unless p_is_final.';

create or replace trigger a_refuse_delete before delete on chat.pictures
    for each row execute function chat.refuse_delete();
create or replace trigger a_refuse_truncate before truncate on chat.pictures
    for each statement execute function chat.refuse_truncate();
