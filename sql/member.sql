-- Members: who may add, remove and promote whom, and telling everyone at once.

create or replace function chat.member_event(p_member chat.members, p_name text, p_avatar uuid default null) returns json language sql stable as $$
    select json_build_object('type', 'member', 'member', chat.member_json(p_member, p_name, p_avatar))
$$;

comment on function chat.member_event(chat.members, text, uuid) is 'The event that a membership is new or has changed.';

create or replace function chat.member_state(p_member chat.members) returns text language sql immutable as $$
    select case when p_member.user_id is null then null when p_member.left_at is not null then 'left'
        when p_member.joined_at is null then 'pending' else 'active' end
$$;

comment on function chat.member_state(chat.members) is 'active; pending: waits to be let in; left; null for no membership at all.';

create or replace function chat.member_json(p_member chat.members, p_name text, p_avatar uuid default null) returns json language sql stable as $$
    select json_build_object(
        'conversation_id', p_member.conversation_id, 'user_id', p_member.user_id, 'user_name', p_name, 'avatar_id', p_avatar,
        'role', p_member.role, 'state', chat.member_state(p_member),
        'asked_at', chat.json_time(p_member.asked_at),
        'joined_at', chat.json_time(p_member.joined_at), 'left_at', chat.json_time(p_member.left_at),
        'revision', p_member.revision)
$$;

comment on function chat.member_json(chat.members, text, uuid) is 'A membership as clients see it.';

-- Counting stops at 10,000: nobody reads the difference.
create or replace function chat.count_members(p_conversation uuid) returns bigint language sql stable
security definer set search_path = pg_catalog, pg_temp as $$
    select count(*) from (select from chat.members m where m.conversation_id = p_conversation and m.active limit 10000) counted
$$;

comment on function chat.count_members(uuid) is 'How many active members a conversation has; counting stops at 10,000.';

create or replace function chat.is_admin(p_user uuid, p_conversation uuid) returns boolean language sql stable
security definer set search_path = pg_catalog, pg_temp as $$
    select exists (
        select from chat.members m
        where m.conversation_id = p_conversation and m.user_id = p_user and m.active and m.role in ('owner', 'admin'))
$$;

comment on function chat.is_admin(uuid, uuid) is 'Whether a user is an owner or admin of a conversation.';

create or replace function chat.require_admin(p_actor uuid, p_conversation uuid) returns void language plpgsql stable
security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform chat.require_member(p_actor, p_conversation);
    if p_actor is not null and not chat.is_admin(p_actor, p_conversation) then
        perform chat.refuse(403, 'not_an_admin', 'Only an owner or admin can do that.');
    end if;
end
$$;

comment on function chat.require_admin(uuid, uuid) is
    'Raises CH403 not_a_member, not_an_admin or CH404 unless p_actor (null: the system) is an owner or admin.';

-- before insert or update: checks who may do it, completes, stamps. Locks the conversation, as
-- sending does, so that whoever is removed has sent their last message before it, not after.
--
-- Who joins by themselves walks in through a room's door, or by a link that the row names (then the system may write it
-- too). Where joining needs approval, and for who was removed, that is asking: the row waits, with joined_at null.
-- Somebody else brings in whom they like, whoever waits included.
create or replace function chat.members_complete() returns trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_actor uuid := chat.current_actor();
    v_actor_role text;
    v_conversation chat.conversations;
    v_invite chat.invites;
    v_was text := null; -- the state before; null: no row
    v_joins boolean;
    v_leaves boolean;
    v_walks_in boolean;
    v_waits boolean := false;
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
        new.left_at := null;
        new.asked_at := null;
        new.removed_at := null;
        new.revision := 1;
        v_joins := true;
        v_leaves := false;
    else
        if (new.conversation_id, new.user_id) <> (old.conversation_id, old.user_id) then
            perform chat.refuse(422, 'immutable_column', 'conversation_id, user_id: never change.');
        end if;
        v_was := chat.member_state(old);
        v_joins := new.left_at is null and (v_was = 'left' or v_was = 'pending' and new.joined_at is not null);
        v_leaves := new.left_at is not null and v_was <> 'left';
        new.revision := old.revision;
        new.added_by := old.added_by;
        new.joined_seq := old.joined_seq;
        new.joined_at := old.joined_at;
        new.asked_at := old.asked_at;
        new.removed_at := old.removed_at;
        if not v_joins then
            new.invite_token := old.invite_token;
        end if;
        if (new.role, new.left_at) is not distinct from (old.role, old.left_at) and not v_joins then
            return new;
        end if;
        new.revision := old.revision + 1;
    end if;
    v_walks_in := v_joins and (coalesce(v_actor = new.user_id, false) or v_actor is null and new.invite_token is not null and v_was is distinct from 'pending');

    if v_conversation.kind = 'direct' and (v_leaves or new.user_id not in (v_conversation.direct_low, v_conversation.direct_high)) then
        perform chat.refuse(409, 'direct_is_fixed', 'A direct conversation always has its two users.');
    elsif v_conversation.closed_at is not null and v_joins then
        perform chat.refuse(409, 'conversation_closed', 'This conversation is closed.');
    end if;

    if v_walks_in then
        if new.role <> 'member' then
            perform chat.refuse(403, 'not_open', 'Who joins by themselves joins as a member.');
        elsif v_conversation.kind = 'direct' or v_conversation.is_general and new.invite_token is not null then
            perform chat.refuse(403, 'not_open', 'No link leads there.');
        elsif new.invite_token is null and v_was is distinct from 'pending'
            and (v_conversation.kind <> 'room' or v_conversation.join_policy = 'invite')
        then
            perform chat.refuse(403, 'not_open', 'Only an open room, or one that lets people in, can be joined without a link.');
        end if;
        v_waits := v_conversation.join_policy = 'approval' or new.removed_at is not null
            or new.invite_token is null and (v_conversation.kind <> 'room' or v_conversation.join_policy <> 'open');
        -- Who waits already goes on waiting, and has used a link once.
        if v_was = 'pending' and v_waits then
            return old;
        elsif new.invite_token is not null and (v_was is distinct from 'pending' or new.invite_token is distinct from old.invite_token) then
            -- Locked, so that of two who come at once the second finds the first's use counted.
            select * into v_invite from chat.invites i
            where i.token = new.invite_token and i.conversation_id = new.conversation_id for no key update;
            perform chat.refuse_by(chat.invite_refusal(v_invite, new.removed_at));
        end if;
    elsif v_actor is not null then
        select m.role into v_actor_role from chat.members m
        where m.conversation_id = new.conversation_id and m.user_id = v_actor and m.active;
        if v_leaves and v_actor = new.user_id then
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
        if v_was = 'active' and old.role = 'owner' and (v_leaves or new.role <> 'owner')
            and not exists (select from chat.members m where m.conversation_id = new.conversation_id and m.active and m.role = 'owner' and m.user_id <> new.user_id)
            and exists (select from chat.members m where m.conversation_id = new.conversation_id and m.active and m.user_id <> new.user_id)
        then
            perform chat.refuse(409, 'owner_must_hand_over', 'The last owner makes somebody else an owner before leaving or stepping down.');
        end if;
    end if;

    if v_joins then
        new.added_by := v_actor;
        if not v_walks_in and v_was is distinct from 'pending' then
            new.invite_token := null;
        end if;
        if v_waits then
            new.joined_at := null;
            new.asked_at := clock_timestamp();
        else
            new.joined_at := clock_timestamp();
            new.joined_seq := v_conversation.last_seq;
            new.removed_at := null;
            if v_was is distinct from 'pending' then
                new.asked_at := null;
            end if;
        end if;
    elsif v_leaves then
        new.left_at := clock_timestamp();
        new.invite_token := null;
        -- The system may do it for whoever: only of an owner or admin it is known that they did not want them there.
        if v_was = 'active' and v_actor <> new.user_id then
            new.removed_at := new.left_at;
        end if;
    end if;
    new.changed_xid := pg_current_xact_id();
    return new;
end
$$;

comment on function chat.members_complete() is 'Trigger: checks who may do it, completes and stamps a membership.';

create or replace trigger a_complete
    before insert or update of conversation_id, user_id, role, added_by, joined_at, joined_seq, left_at, asked_at, removed_at, invite_token
    on chat.members
    for each row execute function chat.members_complete();

-- Whom a membership is told: the members, and its user, whose connections are subscribed (or not any more) by the
-- envelope's "active" before they get the events behind it. That somebody waits, or was not let in, is their own business
-- and that of those who decide.
create or replace function chat.member_envelopes(p_member chat.members, p_name text, p_avatar uuid) returns setof text language plpgsql stable
security definer set search_path = pg_catalog, pg_temp as $$
begin
    if p_member.joined_at is null then
        return query
        select chat.to_user(x.user_id, chat.member_event(p_member, p_name, p_avatar))
        from (
            select p_member.user_id
            union
            select m.user_id from chat.members m
            where m.conversation_id = p_member.conversation_id and m.active and m.role in ('owner', 'admin')
        ) x order by x.user_id;
    else
        return next json_build_object('conversation', p_member.conversation_id, 'user', p_member.user_id, 'active', p_member.active,
            'event', chat.member_event(p_member, p_name, p_avatar))::text;
    end if;
end
$$;

comment on function chat.member_envelopes(chat.members, text, uuid) is
    'Envelopes of the event that a membership is new or has changed: for all members; of who waits, for themselves, owners and admins.';

-- after insert or update: a mark to raise, and the news.
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
        -- Each by its whole key, whatever is known of the table: with a part of it, thousands who come at once are sought
        -- among all of them.
        cross join lateral (
            select x as member from chat.members x where x.conversation_id = n.conversation_id and x.user_id = n.user_id offset 0
        ) m
        join chat.users u on u.id = n.user_id
        join chat.conversations c on c.id = n.conversation_id
        cross join lateral (
            select 1 as place, x as envelope from chat.member_envelopes(m.member, u.name, u.avatar_id) x
            union all
            select 2, chat.to_user(n.user_id, chat.conversation_event(c)) where (m.member).active
        ) e
        where n.changed_xid = pg_current_xact_id()
        order by n.conversation_id, n.user_id, e.place));
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
    on conflict (conversation_id, user_id) do update set left_at = null, joined_at = clock_timestamp(), role = excluded.role
        where not chat.members.active
    returning * into v_member;
    if v_member.user_id is null then
        select * into v_member from chat.members m where m.conversation_id = p_conversation and m.user_id = p_user;
    end if;
    perform set_config('chat.actor', v_before, true);
    return v_member;
end
$$;

comment on function chat.add_member(uuid, uuid, uuid, text) is
    'Adds a member, brings one back, or lets in who waits; who is there already stays as they are. Raises CH403 not_a_member, not_an_admin, CH404, CH409. Events: member, conversation.';

-- All or none. Those who are there already stay as they are.
create or replace function chat.add_members(p_actor uuid, p_conversation uuid, p_users uuid[], p_role text default 'member')
returns setof chat.members language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    c_members_max constant integer := 1000; -- at once, as in chat.create_group
    v_before constant text := chat.act_as(p_actor);
begin
    perform chat.require_admin(p_actor, p_conversation);
    if coalesce(cardinality(p_users), 0) not between 1 and c_members_max then
        perform chat.refuse(422, 'too_many_members', format('user_ids: must be 1 to %s.', c_members_max));
    end if;
    perform chat.require_users('user_ids', p_users);
    -- Locked before anybody is looked for, and in two statements, so that each tells in one message whom it concerns.
    perform from chat.conversations c where c.id = p_conversation for no key update;
    update chat.members m set left_at = null, joined_at = clock_timestamp(), role = p_role
    where m.conversation_id = p_conversation and m.user_id = any (p_users) and not m.active;
    insert into chat.members (conversation_id, user_id, role, added_by)
    select p_conversation, x, p_role, p_actor from (select distinct x from unnest(p_users) x) d
    where not exists (select from chat.members m where m.conversation_id = p_conversation and m.user_id = x)
    order by x;
    perform set_config('chat.actor', v_before, true);
    return query
    select m.* from chat.members m where m.conversation_id = p_conversation and m.user_id = any (p_users) order by m.user_id;
end
$$;

comment on function chat.add_members(uuid, uuid, uuid[], text) is
    'Adds 1 to 1,000 members, all or none, as chat.add_member does each; in order of user id. Raises CH403 not_a_member, not_an_admin, CH404, CH409, CH422. Events: member, conversation, message.';

create or replace function chat.remove_member(p_actor uuid, p_conversation uuid, p_user uuid) returns chat.members language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_before constant text := chat.act_as(p_actor);
    v_member chat.members;
begin
    -- Who waits to be let in may think better of it.
    if p_actor is distinct from p_user or not exists (
        select from chat.members m
        where m.conversation_id = p_conversation and m.user_id = p_user and chat.member_state(m) = 'pending')
    then
        perform chat.require_member(p_actor, p_conversation);
    end if;
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
    'Removes a member, who then comes back only with approval or by being added. Raises CH403 not_a_member, not_an_admin, not_an_owner, CH404 member_not_found, CH409. Events: member, message.';

create or replace function chat.leave(p_actor uuid, p_conversation uuid) returns chat.members language sql
security definer set search_path = pg_catalog, pg_temp as $$
    select chat.remove_member(p_actor, p_conversation, p_actor)
$$;

comment on function chat.leave(uuid, uuid) is
    'Leaves a conversation, or asks no longer to be let in. Raises CH409 owner_must_hand_over, direct_is_fixed, general_is_for_everyone. Event: member.';

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

-- The conversation is locked before the membership is looked for, so that an insert never meets a row that is there:
-- its trigger judges a link, and must do so once.
create or replace function chat.walk_in(p_actor uuid, p_conversation uuid, p_token text) returns chat.members language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_member chat.members;
begin
    perform from chat.conversations c where c.id = p_conversation for no key update;
    select * into v_member from chat.members m where m.conversation_id = p_conversation and m.user_id = p_actor;
    case chat.member_state(v_member)
        when 'active' then
            null;
        when 'left' then
            update chat.members m set left_at = null, role = 'member', invite_token = p_token
            where m.conversation_id = p_conversation and m.user_id = p_actor returning * into v_member;
        when 'pending' then
            -- The door may be open by now.
            update chat.members m set joined_at = clock_timestamp(), invite_token = coalesce(p_token, m.invite_token)
            where m.conversation_id = p_conversation and m.user_id = p_actor returning * into v_member;
        else
            insert into chat.members (conversation_id, user_id, invite_token) values (p_conversation, p_actor, p_token)
            returning * into v_member;
    end case;
    return v_member;
end
$$;

comment on function chat.walk_in(uuid, uuid, text) is
    'The actor''s membership, made or asked for by themselves, by a link or (p_token null) by a room''s door; used by chat.join and chat.join_by_invite.';

create or replace function chat.join(p_actor uuid, p_conversation uuid) returns chat.members language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_before constant text := chat.act_as(p_actor);
    v_member chat.members;
begin
    -- What is no room is nobody's business but its members'.
    if not exists (select from chat.conversations c where c.id = p_conversation and c.kind = 'room') then
        perform chat.require_member(p_actor, p_conversation);
        perform chat.refuse(403, 'not_open', 'Only a room can be joined without a link.');
    end if;
    perform chat.require_topic(p_actor, c.topic) from chat.conversations c where c.id = p_conversation and c.topic is not null;
    v_member := chat.walk_in(p_actor, p_conversation, null);
    perform set_config('chat.actor', v_before, true);
    return v_member;
end
$$;

comment on function chat.join(uuid, uuid) is
    'Joins an open room, or asks to be let into one that needs approval, as who was removed from any does. Raises CH403 not_open, topic_refused, CH404 conversation_not_found, CH409 conversation_closed. Events: member; conversation, when active.';

-- Deciding again as before answers as before. What is over (withdrawn, decided otherwise) is no request any more.
create or replace function chat.decide_join(p_actor uuid, p_conversation uuid, p_user uuid, p_approve boolean) returns chat.members language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_before constant text := chat.act_as(p_actor);
    v_member chat.members;
    v_state text;
begin
    perform chat.require_admin(p_actor, p_conversation);
    perform from chat.conversations c where c.id = p_conversation for no key update;
    select * into v_member from chat.members m where m.conversation_id = p_conversation and m.user_id = p_user;
    v_state := chat.member_state(v_member);
    if v_state = 'pending' and p_approve then
        update chat.members m set joined_at = clock_timestamp()
        where m.conversation_id = p_conversation and m.user_id = p_user returning * into v_member;
    elsif v_state = 'pending' then
        update chat.members m set left_at = clock_timestamp()
        where m.conversation_id = p_conversation and m.user_id = p_user returning * into v_member;
    elsif v_member.asked_at is null or not (case when p_approve then v_state = 'active' else v_state = 'left' and v_member.joined_at is null end) then
        perform chat.refuse(404, 'request_not_found', 'user_id: this user has not asked to join.');
    end if;
    perform set_config('chat.actor', v_before, true);
    return v_member;
end
$$;

comment on function chat.decide_join(uuid, uuid, uuid, boolean) is
    'Lets in who asked to join, or does not: then they may ask again. Raises CH403 not_a_member, not_an_admin, CH404 conversation_not_found, request_not_found, CH409 conversation_closed. Events: member, to the asker, owners and admins; when let in to everyone, and conversation to the asker.';

create or replace function chat.list_members(
    p_actor uuid, p_conversation uuid, p_after uuid default null, p_limit integer default 50, p_state text default 'active')
returns setof json language plpgsql stable
security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform chat.require_member(p_actor, p_conversation);
    if p_state is null or p_state not in ('active', 'pending') then
        perform chat.refuse(422, 'bad_state', 'state: must be active or pending.');
    elsif p_state = 'pending' then
        perform chat.require_admin(p_actor, p_conversation);
    end if;
    return query
    select (chat.member_json(m, u.name, u.avatar_id)::jsonb || jsonb_build_object(
        'username', u.username, 'delivered_seq', coalesce(k.delivered_seq, 0), 'read_seq', coalesce(k.read_seq, 0),
        'online', exists (select from chat.presence p where p.user_id = u.id), 'status', chat.status_of(u.id),
        'last_seen_at', chat.json_time(u.last_seen_at)))::json
    from chat.members m
    join chat.users u on u.id = m.user_id
    left join chat.marks k on k.conversation_id = m.conversation_id and k.user_id = m.user_id
    where m.conversation_id = p_conversation and (p_after is null or m.user_id > p_after)
      and case when p_state = 'active' then m.active else m.joined_at is null and m.left_at is null end
    order by m.user_id
    limit least(greatest(p_limit, 1), 100);
end
$$;

comment on function chat.list_members(uuid, uuid, uuid, integer, text) is
    'Active members in order of user id, with marks and presence; p_state pending: those who wait to be let in, for owners and admins; p_after: last user_id of the page before. Raises CH403 not_a_member, not_an_admin, CH404, CH422 bad_state.';

create or replace function chat.read_request(p_actor uuid, p_conversation uuid) returns json language sql stable
security definer set search_path = pg_catalog, pg_temp as $$
    select json_build_object('id', c.id, 'kind', c.kind, 'title', c.title, 'description', c.description,
        'member_count', chat.count_members(c.id))
    from chat.members m join chat.conversations c on c.id = m.conversation_id
    where m.conversation_id = p_conversation and m.user_id = p_actor and chat.member_state(m) = 'pending'
$$;

comment on function chat.read_request(uuid, uuid) is
    'What somebody who waits to be let in may know: {id, kind, title, description, member_count}; null for who does not wait.';

-- Rooms that anybody can find: those that one may join, or ask to. By title; p_after is the last id of the page before.
create or replace function chat.list_rooms(p_actor uuid, p_query text default null, p_after uuid default null, p_limit integer default 50)
returns setof json language sql stable
security definer set search_path = pg_catalog, pg_temp as $$
    select json_build_object(
        'id', c.id, 'title', c.title, 'description', c.description, 'join_policy', c.join_policy, 'is_general', c.is_general,
        'member_count', chat.count_members(c.id),
        'state', (select chat.member_state(m) from chat.members m where m.conversation_id = c.id and m.user_id = p_actor))
    from chat.conversations c
    where c.kind = 'room' and c.join_policy in ('open', 'approval') and c.closed_at is null
      -- Who has business with a topic is led there by the host.
      and c.topic is null
      and (nullif(btrim(p_query), '') is null
        or strpos(lower(c.title), lower(btrim(p_query))) > 0
        or strpos(lower(c.description), lower(btrim(p_query))) > 0)
      and (p_after is null or (lower(c.title), c.id) > (select lower(a.title), a.id from chat.conversations a where a.id = p_after))
    order by lower(c.title), c.id
    limit least(greatest(p_limit, 1), 100)
$$;

comment on function chat.list_rooms(uuid, text, uuid, integer) is
    'Open and approval rooms that are not closed and no topics, by a part of title or description: {id, title, description, join_policy, is_general, member_count, state}, state being the actor''s own: active, pending, left or null. By title; p_limit 1 to 100; p_after: last id of the page before.';
