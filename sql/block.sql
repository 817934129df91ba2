-- Blocking: who blocks somebody gets no direct message of theirs, nor do they send any; nor do they change what they said
-- before, or react to it, which would be heard as well. What both are in besides goes on
-- as before: a page folds away what somebody blocked says there, for its reader alone.

create or replace function chat.block_json(p_block chat.blocks, p_name text) returns json language sql stable as $$
    select json_build_object(
        'user_id', p_block.blocked_id, 'user_name', p_name, 'blocked', p_block.unblocked_at is null,
        'created_at', chat.json_time(p_block.created_at), 'revision', p_block.revision)
$$;

comment on function chat.block_json(chat.blocks, text) is 'A block as the one who blocks sees it; p_name is the other''s.';

create or replace function chat.block_event(p_block chat.blocks, p_name text) returns json language sql stable as $$
    select json_build_object('type', 'block', 'block', chat.block_json(p_block, p_name))
$$;

comment on function chat.block_event(chat.blocks, text) is 'The event that somebody is blocked, or not any more.';

-- Two probes of the key. Asked when two begin a chat, and when one of them blocks or does no more; what was answered stands
-- in conversations.is_silenced.
create or replace function chat.is_blocked(p_one uuid, p_other uuid) returns boolean language plpgsql stable
security definer set search_path = pg_catalog, pg_temp as $$
begin
    return exists (select from chat.blocks b where b.user_id = p_one and b.blocked_id = p_other and b.unblocked_at is null)
        or exists (select from chat.blocks b where b.user_id = p_other and b.blocked_id = p_one and b.unblocked_at is null);
end
$$;

comment on function chat.is_blocked(uuid, uuid) is 'Whether either of two users has blocked the other.';

create or replace function chat.is_silenced(p_conversation uuid) returns boolean language sql stable
security definer set search_path = pg_catalog, pg_temp as $$
    select exists (select from chat.conversations c where c.id = p_conversation and c.is_silenced)
$$;

comment on function chat.is_silenced(uuid) is
    'Whether this is the direct conversation of two of whom one has blocked the other: they hear nothing of each other there.';

-- before insert or update: checks whose it is, completes, stamps. Who is blocked already is no second row, and what is as
-- it was is not written: repeating is harmless, and reports 0 rows.
create or replace function chat.blocks_complete() returns trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_actor constant uuid := chat.current_actor();
begin
    if tg_op = 'INSERT' then
        new.user_id := coalesce(new.user_id, v_actor);
    elsif (new.user_id, new.blocked_id) <> (old.user_id, old.blocked_id) then
        perform chat.refuse(422, 'immutable_column', 'user_id, blocked_id: never change.');
    end if;
    if v_actor <> new.user_id then
        perform chat.refuse(403, 'not_yourself', 'user_id: one blocks for oneself only.');
    elsif new.user_id = new.blocked_id then
        perform chat.refuse(422, 'blocks_oneself', 'user_id: nobody can block themselves.');
    end if;
    -- Locked, so that the same block, made twice at once, is one row: the second finds the first's.
    perform from chat.users u where u.id = new.user_id for no key update;
    if not found or not exists (select from chat.users u where u.id = new.blocked_id) then
        perform chat.refuse(404, 'user_not_found', 'user_id: there is no such user.');
    end if;

    if tg_op = 'INSERT' then
        update chat.blocks b set unblocked_at = null
        where b.user_id = new.user_id and b.blocked_id = new.blocked_id and b.unblocked_at is not null;
        if exists (select from chat.blocks b where b.user_id = new.user_id and b.blocked_id = new.blocked_id) then
            return null;
        end if;
        new.unblocked_at := null;
        new.revision := 1;
    elsif (new.unblocked_at is null) = (old.unblocked_at is null) then
        return null;
    else
        new.unblocked_at := case when new.unblocked_at is not null then clock_timestamp() end;
        new.revision := old.revision + 1;
    end if;
    new.created_at := case when new.unblocked_at is null then clock_timestamp() else old.created_at end;
    new.changed_xid := pg_current_xact_id();
    return new;
end
$$;

comment on function chat.blocks_complete() is 'Trigger: checks who blocks whom, completes and stamps; blocking again is the same row.';

create or replace trigger a_complete
    before insert or update of user_id, blocked_id, created_at, unblocked_at on chat.blocks
    for each row execute function chat.blocks_complete();

-- after insert or update: the two's direct chat is silent, or no more. It is locked as sending does, so what is sent after is
-- refused. Then the news.
create or replace function chat.blocks_announce() returns trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform from chat.conversations c
    join changed n on c.kind = 'direct' and c.direct_low = least(n.user_id, n.blocked_id) and c.direct_high = greatest(n.user_id, n.blocked_id)
    order by c.id for no key update of c;
    update chat.conversations c set is_silenced = chat.is_blocked(c.direct_low, c.direct_high)
    from changed n
    where c.kind = 'direct' and c.direct_low = least(n.user_id, n.blocked_id) and c.direct_high = greatest(n.user_id, n.blocked_id);
    perform chat.announce(array(
        select chat.to_user(n.user_id, chat.block_event(row(n.*)::chat.blocks, u.name))
        from changed n join chat.users u on u.id = n.blocked_id
        order by n.user_id, n.blocked_id));
    return null;
end
$$;

comment on function chat.blocks_announce() is 'Trigger: silences the direct chat of the two, and announces to a user alone whom they block, or not any more.';

create or replace trigger c_announce_insert after insert on chat.blocks
    referencing new table as changed
    for each statement execute function chat.blocks_announce();
create or replace trigger c_announce_update after update on chat.blocks
    referencing new table as changed
    for each statement execute function chat.blocks_announce();

create or replace function chat.blocks_soft_delete() returns trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
begin
    update chat.blocks set unblocked_at = clock_timestamp()
    where user_id = old.user_id and blocked_id = old.blocked_id and unblocked_at is null;
    return null;
end
$$;

comment on function chat.blocks_soft_delete() is 'Trigger: turns a delete into the end of a block, so delete reports 0 rows.';

create or replace trigger a_soft_delete before delete on chat.blocks
    for each row execute function chat.blocks_soft_delete();
create or replace trigger a_refuse_truncate before truncate on chat.blocks
    for each statement execute function chat.refuse_truncate();

create or replace function chat.block(p_actor uuid, p_user uuid) returns chat.blocks language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_before constant text := chat.act_as(p_actor);
    v_block chat.blocks;
begin
    insert into chat.blocks (user_id, blocked_id) values (p_actor, p_user);
    select * into v_block from chat.blocks b where b.user_id = p_actor and b.blocked_id = p_user;
    perform set_config('chat.actor', v_before, true);
    return v_block;
end
$$;

comment on function chat.block(uuid, uuid) is
    'Blocks a user: neither sends the other direct messages; again does no harm. Raises CH404 user_not_found, CH422 blocks_oneself. Event: block, to the actor.';

create or replace function chat.unblock(p_actor uuid, p_user uuid) returns chat.blocks language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_before constant text := chat.act_as(p_actor);
    v_block chat.blocks;
begin
    update chat.blocks b set unblocked_at = clock_timestamp()
    where b.user_id = p_actor and b.blocked_id = p_user and b.unblocked_at is null;
    select * into v_block from chat.blocks b where b.user_id = p_actor and b.blocked_id = p_user;
    if not found then
        perform chat.refuse(404, 'block_not_found', 'user_id: you have not blocked this user.');
    end if;
    perform set_config('chat.actor', v_before, true);
    return v_block;
end
$$;

comment on function chat.unblock(uuid, uuid) is
    'Ends a block; again does no harm. Raises CH404 block_not_found for who was never blocked. Event: block, to the actor.';

create or replace function chat.list_blocks(p_actor uuid, p_after uuid default null, p_limit integer default 50)
returns setof json language sql stable
security definer set search_path = pg_catalog, pg_temp as $$
    select (chat.block_json(b, u.name)::jsonb || jsonb_build_object('username', u.username))::json
    from chat.blocks b join chat.users u on u.id = b.blocked_id
    where b.user_id = p_actor and b.unblocked_at is null and (p_after is null or b.blocked_id > p_after)
    order by b.blocked_id
    limit least(greatest(p_limit, 1), 100)
$$;

comment on function chat.list_blocks(uuid, uuid, integer) is
    'Whom the actor blocks, in order of user id; p_limit 1 to 100; p_after: last user_id of the page before.';
