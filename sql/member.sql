-- Members: who may add, remove and promote whom, and telling everyone at once.

create or replace function chat.member_event(p_member chat.members, p_name text, p_avatar uuid default null) returns json language sql stable as $$
    select json_build_object('type', 'member', 'member', chat.member_json(p_member, p_name, p_avatar))
$$;

comment on function chat.member_event(chat.members, text, uuid) is 'The event that a membership is new or has changed.';

create or replace function chat.member_json(p_member chat.members, p_name text, p_avatar uuid default null) returns json language sql stable as $$
    select json_build_object(
        'conversation_id', p_member.conversation_id, 'user_id', p_member.user_id, 'user_name', p_name, 'avatar_id', p_avatar,
        'role', p_member.role,
        'state', case when p_member.left_at is not null then 'left' when p_member.joined_at is null then 'pending' else 'active' end,
        'joined_at', chat.json_time(p_member.joined_at), 'left_at', chat.json_time(p_member.left_at),
        'revision', p_member.revision)
$$;

comment on function chat.member_json(chat.members, text, uuid) is 'A membership as clients see it.';

-- before insert or update: checks who may do it, completes, stamps. Locks the conversation, as
-- sending does, so that whoever is removed has sent their last message before it, not after.
create or replace function chat.members_complete() returns trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_actor uuid := chat.current_actor();
    v_actor_role text;
    v_conversation chat.conversations;
    v_joins boolean;
    v_leaves boolean;
begin
    select * into v_conversation from chat.conversations c where c.id = new.conversation_id for no key update;
    if not found then
        perform chat.refuse(404, 'conversation_not_found', 'conversation_id: there is no such conversation.');
    elsif not exists (select from chat.users u where u.id = new.user_id) then
        perform chat.refuse(404, 'user_not_found', 'user_id: there is no such user.');
    elsif new.role is null or new.role not in ('owner', 'admin', 'member') then
        perform chat.refuse(422, 'bad_role', 'role: must be owner, admin or member.');
    end if;

    if tg_op = 'INSERT' then
        v_actor := coalesce(v_actor, new.added_by);
        new.added_by := v_actor;
        new.left_at := null;
        new.revision := 1;
        v_joins := true;
        v_leaves := false;
    else
        if (new.conversation_id, new.user_id) <> (old.conversation_id, old.user_id) then
            perform chat.refuse(422, 'immutable_column', 'conversation_id, user_id: never change.');
        end if;
        new.revision := old.revision;
        new.added_by := old.added_by;
        new.joined_seq := old.joined_seq;
        new.joined_at := old.joined_at;
        if (new.role, new.left_at) is not distinct from (old.role, old.left_at) then
            return new;
        end if;
        v_joins := old.left_at is not null and new.left_at is null;
        v_leaves := old.left_at is null and new.left_at is not null;
        new.revision := old.revision + 1;
    end if;

    if v_conversation.kind = 'direct' and (v_leaves or new.user_id not in (v_conversation.direct_low, v_conversation.direct_high)) then
        perform chat.refuse(409, 'direct_is_fixed', 'A direct conversation always has its two users.');
    elsif v_conversation.closed_at is not null and v_joins then
        perform chat.refuse(409, 'conversation_closed', 'This conversation is closed.');
    end if;

    if v_actor is not null then
        select m.role into v_actor_role from chat.members m
        where m.conversation_id = new.conversation_id and m.user_id = v_actor and m.active;
        if v_joins and v_actor = new.user_id then
            if v_conversation.kind <> 'room' or v_conversation.join_policy <> 'open' or new.role <> 'member' then
                perform chat.refuse(403, 'not_open', 'Only an open room can be joined by oneself, as a member.');
            end if;
        elsif v_leaves and v_actor = new.user_id then
            if v_conversation.is_general then
                perform chat.refuse(409, 'general_is_for_everyone', 'The general room can not be left.');
            end if;
        elsif v_actor_role is null then
            perform chat.refuse(403, 'not_a_member', 'You are not a member of this conversation.');
        elsif v_actor_role = 'member' then
            perform chat.refuse(403, 'not_an_admin', 'Only an owner or admin can do that.');
        -- Whoever joins, for the first time or again, joins as a member, unless an owner says otherwise.
        elsif v_actor_role <> 'owner' and (case when v_joins then new.role <> 'member' else old.role = 'owner' or new.role <> old.role end) then
            perform chat.refuse(403, 'not_an_owner', 'Only an owner can do that.');
        end if;
        if tg_op = 'UPDATE' and old.role = 'owner' and old.left_at is null and (v_leaves or new.role <> 'owner')
            and not exists (select from chat.members m where m.conversation_id = new.conversation_id and m.active and m.role = 'owner' and m.user_id <> new.user_id)
            and exists (select from chat.members m where m.conversation_id = new.conversation_id and m.active and m.user_id <> new.user_id)
        then
            perform chat.refuse(409, 'owner_must_hand_over', 'The last owner makes somebody else an owner before leaving or stepping down.');
        end if;
    end if;

    if v_joins then
        new.joined_at := clock_timestamp();
        new.joined_seq := v_conversation.last_seq;
    elsif v_leaves then
        new.left_at := clock_timestamp();
    end if;
    new.changed_xid := pg_current_xact_id();
    return new;
end
$$;

comment on function chat.members_complete() is 'Trigger: checks who may do it, completes and stamps a membership.';

create or replace trigger a_complete
    before insert or update of conversation_id, user_id, role, added_by, joined_at, joined_seq, left_at on chat.members
    for each row execute function chat.members_complete();

-- after insert or update: a mark to raise, and the news. The member's own connections are
-- subscribed (or not any more) by the envelope's "active", before they get the events behind it.
create or replace function chat.members_announce() returns trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
begin
    insert into chat.marks (conversation_id, user_id, delivered_seq, read_seq)
    select m.conversation_id, m.user_id, m.joined_seq, m.joined_seq
    from changed m where m.active
    order by m.conversation_id, m.user_id
    on conflict (conversation_id, user_id) do nothing;

    perform chat.announce(array(
        select e.envelope
        from changed n
        join chat.members m using (conversation_id, user_id)
        join chat.users u on u.id = m.user_id
        join chat.conversations c on c.id = m.conversation_id
        cross join lateral (values
            (1, json_build_object('conversation', m.conversation_id, 'user', m.user_id, 'active', m.active,
                'event', chat.member_event(m, u.name, u.avatar_id))::text),
            (2, case when m.active then chat.to_user(m.user_id, chat.conversation_event(c)) end)
        ) e (place, envelope)
        where n.changed_xid = pg_current_xact_id() and e.envelope is not null
        order by m.conversation_id, m.user_id, e.place));
    return null;
end
$$;

comment on function chat.members_announce() is 'Trigger: makes marks and announces memberships.';

create or replace trigger c_announce_insert after insert on chat.members
    referencing new table as changed
    for each statement execute function chat.members_announce();
create or replace trigger c_announce_update after update on chat.members
    referencing new table as changed
    for each statement execute function chat.members_announce();

create or replace function chat.members_soft_delete() returns trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
begin
    update chat.members set left_at = clock_timestamp()
    where conversation_id = old.conversation_id and user_id = old.user_id and left_at is null;
    return null;
end
$$;

comment on function chat.members_soft_delete() is 'Trigger: turns a delete into leaving, so delete reports 0 rows.';

create or replace trigger a_soft_delete before delete on chat.members
    for each row execute function chat.members_soft_delete();
create or replace trigger a_refuse_truncate before truncate on chat.members
    for each statement execute function chat.refuse_truncate();

create or replace function chat.add_member(p_actor uuid, p_conversation uuid, p_user uuid, p_role text default 'member')
returns chat.members language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_before constant text := chat.act_as(p_actor);
    v_member chat.members;
begin
    perform chat.require_member(p_actor, p_conversation);
    insert into chat.members (conversation_id, user_id, role, added_by) values (p_conversation, p_user, p_role, p_actor)
    on conflict (conversation_id, user_id) do update set left_at = null, role = excluded.role
        where chat.members.left_at is not null
    returning * into v_member;
    if v_member.user_id is null then
        select * into v_member from chat.members m where m.conversation_id = p_conversation and m.user_id = p_user;
    end if;
    perform set_config('chat.actor', v_before, true);
    return v_member;
end
$$;

comment on function chat.add_member(uuid, uuid, uuid, text) is
    'Adds a member, or brings one back; who is there already stays as they are. Raises CH403 not_a_member, not_an_admin, CH404, CH409. Events: member, conversation.';

create or replace function chat.remove_member(p_actor uuid, p_conversation uuid, p_user uuid) returns chat.members language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_before constant text := chat.act_as(p_actor);
    v_member chat.members;
begin
    perform chat.require_member(p_actor, p_conversation);
    update chat.members m set left_at = clock_timestamp()
    where m.conversation_id = p_conversation and m.user_id = p_user and m.left_at is null
    returning * into v_member;
    if v_member.user_id is null then
        perform chat.refuse(404, 'member_not_found', 'user_id: there is no such member.');
    end if;
    perform set_config('chat.actor', v_before, true);
    return v_member;
end
$$;

comment on function chat.remove_member(uuid, uuid, uuid) is
    'Removes a member. Raises CH403 not_a_member, not_an_admin, not_an_owner, CH404 member_not_found, CH409. Event: member.';

create or replace function chat.leave(p_actor uuid, p_conversation uuid) returns chat.members language sql
security definer set search_path = pg_catalog, pg_temp as $$
    select chat.remove_member(p_actor, p_conversation, p_actor)
$$;

comment on function chat.leave(uuid, uuid) is
    'Leaves a conversation. Raises CH409 owner_must_hand_over, direct_is_fixed, general_is_for_everyone. Event: member.';

create or replace function chat.set_role(p_actor uuid, p_conversation uuid, p_user uuid, p_role text) returns chat.members language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_before constant text := chat.act_as(p_actor);
    v_member chat.members;
begin
    perform chat.require_member(p_actor, p_conversation);
    update chat.members m set role = p_role
    where m.conversation_id = p_conversation and m.user_id = p_user and m.active
    returning * into v_member;
    if v_member.user_id is null then
        perform chat.refuse(404, 'member_not_found', 'user_id: there is no such member.');
    end if;
    perform set_config('chat.actor', v_before, true);
    return v_member;
end
$$;

comment on function chat.set_role(uuid, uuid, uuid, text) is
    'Makes a member an owner, admin or member. Raises CH403 not_an_owner, CH404 member_not_found, CH422 bad_role. Event: member.';

create or replace function chat.join(p_actor uuid, p_conversation uuid) returns chat.members language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_before constant text := chat.act_as(p_actor);
    v_member chat.members;
begin
    -- What is no room is nobody's business but its members'.
    if not exists (select from chat.conversations c where c.id = p_conversation and c.kind = 'room') then
        perform chat.require_member(p_actor, p_conversation);
    end if;
    insert into chat.members (conversation_id, user_id) values (p_conversation, p_actor)
    on conflict (conversation_id, user_id) do update set left_at = null, role = 'member'
        where chat.members.left_at is not null
    returning * into v_member;
    if v_member.user_id is null then
        select * into v_member from chat.members m where m.conversation_id = p_conversation and m.user_id = p_actor;
    end if;
    perform set_config('chat.actor', v_before, true);
    return v_member;
end
$$;

comment on function chat.join(uuid, uuid) is
    'Joins an open room. Raises CH403 not_open, CH404 conversation_not_found, CH409 conversation_closed. Events: member, conversation.';

create or replace function chat.list_members(p_actor uuid, p_conversation uuid, p_after uuid default null, p_limit integer default 50)
returns setof json language plpgsql stable
security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform chat.require_member(p_actor, p_conversation);
    return query
    select (chat.member_json(m, u.name, u.avatar_id)::jsonb || jsonb_build_object(
        'username', u.username, 'delivered_seq', k.delivered_seq, 'read_seq', k.read_seq,
        'online', exists (select from chat.presence p where p.user_id = u.id), 'status', chat.status_of(u.id),
        'last_seen_at', chat.json_time(u.last_seen_at)))::json
    from chat.members m
    join chat.users u on u.id = m.user_id
    join chat.marks k on k.conversation_id = m.conversation_id and k.user_id = m.user_id
    where m.conversation_id = p_conversation and m.active and (p_after is null or m.user_id > p_after)
    order by m.user_id
    limit least(greatest(p_limit, 1), 100);
end
$$;

comment on function chat.list_members(uuid, uuid, uuid, integer) is
    'Active members in order of user id, with marks and presence; p_after: last user_id of the page before. Raises CH403 not_a_member, CH404.';
