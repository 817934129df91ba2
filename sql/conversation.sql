-- Conversations: direct chats, groups, rooms, and the general room that everyone is in.

create or replace function chat.conversation_json(p_conversation chat.conversations) returns json language sql stable
security definer set search_path = pg_catalog, pg_temp as $$
    select json_build_object(
        'id', p_conversation.id, 'kind', p_conversation.kind,
        'title', p_conversation.title, 'description', p_conversation.description, 'avatar_id', p_conversation.avatar_id,
        'topic', p_conversation.topic, 'join_policy', p_conversation.join_policy, 'is_general', p_conversation.is_general,
        -- A direct chat is named after the other one, who differs by reader: both are given.
        'members', case when p_conversation.kind = 'direct' then (
            select json_agg(json_build_object('id', u.id, 'name', u.name, 'avatar_id', u.avatar_id) order by u.id)
            from chat.users u where u.id in (p_conversation.direct_low, p_conversation.direct_high)) end,
        'created_by', p_conversation.created_by,
        'created_at', chat.json_time(p_conversation.created_at),
        'closed_at', chat.json_time(p_conversation.closed_at),
        'last_seq', p_conversation.last_seq,
        'last_message_at', chat.json_time(p_conversation.last_message_at),
        'revision', p_conversation.revision)
$$;

comment on function chat.conversation_json(chat.conversations) is 'A conversation as every member sees it.';

create or replace function chat.conversation_event(p_conversation chat.conversations) returns json language sql stable as $$
    select json_build_object('type', 'conversation', 'conversation', chat.conversation_json(p_conversation))
$$;

comment on function chat.conversation_event(chat.conversations) is 'The event that a conversation is new or has changed.';

-- Inlined into what asks: nothing is called for it.
create or replace function chat.other_of(p_conversation chat.conversations, p_user uuid) returns uuid language sql immutable as $$
    select case when p_conversation.direct_low = p_user then p_conversation.direct_high else p_conversation.direct_low end
$$;

comment on function chat.other_of(chat.conversations, uuid) is 'The other user of a direct conversation; of notes to oneself, oneself.';

-- Whether more than p_count members are active; looks at no more than that many rows.
create or replace function chat.has_more_members(p_conversation uuid, p_count integer) returns boolean language sql stable
security definer set search_path = pg_catalog, pg_temp as $$
    select count(*) > p_count
    from (select from chat.members m where m.conversation_id = p_conversation and m.active limit p_count + 1) counted
$$;

comment on function chat.has_more_members(uuid, integer) is 'Whether a conversation has more than p_count active members.';

-- Raises CH404 conversation_not_found or CH403 not_a_member unless p_actor is an active member. The system may read all.
create or replace function chat.require_member(p_actor uuid, p_conversation uuid) returns void language plpgsql stable
security definer set search_path = pg_catalog, pg_temp as $$
begin
    if exists (select from chat.members m where m.conversation_id = p_conversation and m.user_id = p_actor and m.active) then
        return;
    elsif not exists (select from chat.conversations c where c.id = p_conversation) then
        perform chat.refuse(404, 'conversation_not_found', 'conversation_id: there is no such conversation.');
    elsif p_actor is not null then
        perform chat.refuse(403, 'not_a_member', 'You are not a member of this conversation.');
    end if;
end
$$;

comment on function chat.require_member(uuid, uuid) is
    'Raises CH404 conversation_not_found or CH403 not_a_member unless p_actor (null: the system) is an active member.';

-- before insert or update of what people set: checks, completes, stamps.
create or replace function chat.conversations_complete() returns trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_actor uuid := chat.current_actor();
    v_pair uuid[];
    v_avatar_before uuid;
begin
    if tg_op = 'INSERT' then
        v_actor := coalesce(v_actor, new.created_by);
        new.id := coalesce(new.id, chat.uuid_v7());
        new.created_by := v_actor;
        new.created_at := coalesce(new.created_at, clock_timestamp());
        new.last_seq := 0;
        new.last_message_at := null;
        new.revision := 1;
        if new.kind = 'direct' then
            v_pair := array[least(new.direct_low, new.direct_high), greatest(new.direct_low, new.direct_high)];
            new.title := null;
            if new.direct_low is null or new.direct_high is null then
                perform chat.refuse(422, 'direct_users_required', 'direct_low, direct_high: a direct conversation names its two users.');
            elsif v_actor is not null and v_actor <> all (v_pair) then
                perform chat.refuse(403, 'not_yourself', 'direct_low, direct_high: you must be one of the two users.');
            end if;
            new.direct_low := v_pair[1];
            new.direct_high := v_pair[2];
            -- Who is just blocking the other holds their own row: of the two, the later sees what the earlier did.
            perform from chat.users u where u.id = any (v_pair) order by u.id for share;
        end if;
        new.is_silenced := new.kind = 'direct' and chat.is_blocked(new.direct_low, new.direct_high);
    else
        if (new.id, new.kind, new.direct_low, new.direct_high, new.is_general, new.topic, new.created_by, new.created_at)
            is distinct from (old.id, old.kind, old.direct_low, old.direct_high, old.is_general, old.topic, old.created_by, old.created_at)
        then
            perform chat.refuse(422, 'immutable_column',
                'id, kind, direct_low, direct_high, is_general, topic, created_by, created_at: never change.');
        end if;
        if (new.title, new.description, new.join_policy, new.avatar_id, new.closed_at)
            is not distinct from (old.title, old.description, old.join_policy, old.avatar_id, old.closed_at)
        then
            return new;
        end if;
        if v_actor is not null and not chat.is_admin(v_actor, old.id) then
            perform chat.refuse(403, 'not_an_admin', 'Only an owner or admin can change this conversation.');
        end if;
        new.revision := old.revision + 1;
        v_avatar_before := old.avatar_id;
    end if;

    new.title := btrim(new.title, E' \t\n\r\f\v');
    if new.kind not in ('direct', 'group', 'room') or new.kind is null then
        perform chat.refuse(422, 'bad_kind', 'kind: must be direct, group or room.');
    elsif new.topic is not null and (new.kind = 'direct' or new.is_general) then
        perform chat.refuse(422, 'bad_topic', 'topic: only for a group or room, and not for the general one.');
    elsif new.topic !~ '^[^[:cntrl:]]{1,200}$' or new.topic <> btrim(new.topic) then
        perform chat.refuse(422, 'bad_topic', 'topic: must have 1 to 200 characters, no control characters, and no space at either end.');
    elsif new.kind <> 'direct' and coalesce(new.title, '') = '' then
        perform chat.refuse(422, 'title_required', 'title: must have at least one character that is not a space.');
    elsif char_length(new.title) > 120 then
        perform chat.refuse(422, 'title_too_long', 'title: must have at most 120 characters.');
    elsif char_length(new.description) > 1000 then
        perform chat.refuse(422, 'description_too_long', 'description: must have at most 1,000 characters.');
    elsif new.join_policy is null or new.join_policy not in ('open', 'invite', 'approval') then
        perform chat.refuse(422, 'bad_join_policy', 'join_policy: must be open, invite or approval.');
    elsif new.kind <> 'direct' and coalesce(new.direct_low, new.direct_high) is not null then
        perform chat.refuse(422, 'not_direct', 'direct_low, direct_high: only for kind direct.');
    elsif new.is_general and new.kind <> 'room' then
        perform chat.refuse(422, 'general_is_a_room', 'is_general: only a room can be the general one.');
    elsif new.kind = 'direct' and new.avatar_id is not null then
        perform chat.refuse(422, 'bad_avatar', 'avatar_id: a direct conversation shows the other''s picture.');
    elsif new.avatar_id is distinct from v_avatar_before then
        perform chat.require_avatar(v_actor, new.avatar_id);
    end if;
    new.changed_xid := pg_current_xact_id();
    return new;
end
$$;

comment on function chat.conversations_complete() is 'Trigger: checks, completes and stamps a conversation.';

-- Not on last_seq and last_message_at: new messages raise those without changing the conversation.
create or replace trigger a_complete
    before insert or update of id, kind, title, description, join_policy, avatar_id, is_general, topic, direct_low, direct_high, created_by, created_at, closed_at
    on chat.conversations
    for each row execute function chat.conversations_complete();

-- after insert: the creator is its first owner, but of a topic, which is the host's: a member like everybody; a direct chat has its two users; everyone is in the general room.
create or replace function chat.conversations_add_first_members() returns trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_before constant text := chat.act_as(null);
begin
    insert into chat.members (conversation_id, user_id, role)
    select c.id, first.user_id, first.role
    from inserted c
    cross join lateral (
        select c.created_by, case when c.topic is null then 'owner' else 'member' end where c.kind <> 'direct' and c.created_by is not null
        union select c.direct_low, 'member' where c.kind = 'direct'
        union select c.direct_high, 'member' where c.kind = 'direct'
        union select u.id, 'member' from chat.users u where c.is_general and u.deactivated_at is null and u.id is distinct from c.created_by
    ) first (user_id, role)
    order by c.id, first.user_id;
    perform set_config('chat.actor', v_before, true);
    return null;
end
$$;

comment on function chat.conversations_add_first_members() is 'Trigger: gives a new conversation its first members.';

create or replace trigger b_add_first_members after insert on chat.conversations
    referencing new table as inserted
    for each statement execute function chat.conversations_add_first_members();

-- A row trigger, so that the update of last_seq by every batch of messages costs nothing here.
create or replace function chat.conversations_announce() returns trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform chat.announce(array[chat.to_conversation(new.id, chat.conversation_event(new))]);
    return null;
end
$$;

comment on function chat.conversations_announce() is 'Trigger: announces a changed conversation to its members.';

create or replace trigger c_announce after update on chat.conversations
    for each row when (new.revision <> old.revision) execute function chat.conversations_announce();

create or replace function chat.conversations_soft_delete() returns trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
begin
    update chat.conversations set closed_at = clock_timestamp() where id = old.id and closed_at is null;
    return null;
end
$$;

comment on function chat.conversations_soft_delete() is 'Trigger: turns a delete into closing, so delete reports 0 rows.';

create or replace trigger a_soft_delete before delete on chat.conversations
    for each row execute function chat.conversations_soft_delete();
create or replace trigger a_refuse_truncate before truncate on chat.conversations
    for each statement execute function chat.refuse_truncate();

-- The direct conversation of two users, made when there is none; with oneself it holds notes.
create or replace function chat.open_direct(p_actor uuid, p_user uuid) returns chat.conversations language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_before constant text := chat.act_as(null);
    v_conversation chat.conversations;
begin
    perform chat.require_active(p_actor);
    if not exists (select from chat.users u where u.id = p_user and u.deactivated_at is null) then
        perform chat.refuse(404, 'user_not_found', 'user_id: there is no such user.');
    end if;
    insert into chat.conversations (kind, direct_low, direct_high, created_by)
    values ('direct', p_actor, p_user, p_actor)
    on conflict (direct_low, direct_high) where kind = 'direct' do nothing
    returning * into v_conversation;
    if v_conversation.id is null then
        select * into v_conversation from chat.conversations c
        where c.kind = 'direct' and c.direct_low = least(p_actor, p_user) and c.direct_high = greatest(p_actor, p_user);
    end if;
    perform set_config('chat.actor', v_before, true);
    return v_conversation;
end
$$;

comment on function chat.open_direct(uuid, uuid) is
    'The direct conversation of two users, made when there is none. Raises CH404 user_not_found. Events: member, conversation.';

create or replace function chat.open_direct_with(p_actor uuid, p_external_id text) returns chat.conversations language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_user constant uuid := (select u.id from chat.users u where u.external_id = p_external_id and u.deactivated_at is null);
begin
    if v_user is null then
        perform chat.refuse(404, 'user_not_found', 'external_id: there is no such user.');
    end if;
    return chat.open_direct(p_actor, v_user);
end
$$;

comment on function chat.open_direct_with(uuid, text) is
    'chat.open_direct with whom the host knows by this id. Raises CH404 user_not_found. Events: member, conversation.';

create or replace function chat.create_group(p_actor uuid, p_title text, p_members uuid[] default '{}')
returns chat.conversations language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_before constant text := chat.act_as(null);
    c_members_max constant integer := 1000; -- at once; more can be added after
    v_conversation chat.conversations;
begin
    perform chat.require_active(p_actor);
    if cardinality(p_members) > c_members_max then
        perform chat.refuse(422, 'too_many_members', format('member_ids: at most %s at once.', c_members_max));
    end if;
    perform chat.require_users('member_ids', p_members);
    insert into chat.conversations (kind, title, created_by) values ('group', p_title, p_actor) returning * into v_conversation;
    insert into chat.members (conversation_id, user_id, added_by)
    select v_conversation.id, x, p_actor from (select distinct x from unnest(p_members) x) d
    where x is distinct from p_actor order by x;
    perform set_config('chat.actor', v_before, true);
    return v_conversation;
end
$$;

comment on function chat.create_group(uuid, text, uuid[]) is
    'Makes a group of the actor (its owner; null: the host project''s, without owner) and the members. Raises CH404 user_not_found, CH422. Events: member, conversation.';

create or replace function chat.create_room(p_actor uuid, p_title text, p_description text default null, p_join_policy text default 'open')
returns chat.conversations language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_before constant text := chat.act_as(null);
    v_conversation chat.conversations;
begin
    perform chat.require_active(p_actor);
    insert into chat.conversations (kind, title, description, join_policy, created_by)
    values ('room', p_title, p_description, p_join_policy, p_actor)
    returning * into v_conversation;
    perform set_config('chat.actor', v_before, true);
    return v_conversation;
end
$$;

comment on function chat.create_room(uuid, text, text, text) is
    'Makes a room owned by the actor. Raises CH422 (title, description, join_policy). Events: member, conversation.';

-- null leaves a field as it is.
create or replace function chat.update_conversation(
    p_actor uuid, p_conversation uuid, p_title text default null, p_description text default null, p_join_policy text default null)
returns chat.conversations language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_before constant text := chat.act_as(p_actor);
    v_conversation chat.conversations;
begin
    perform chat.require_member(p_actor, p_conversation);
    update chat.conversations c
    set title = coalesce(p_title, c.title), description = coalesce(p_description, c.description),
        join_policy = coalesce(p_join_policy, c.join_policy)
    where c.id = p_conversation;
    -- With the message that says so.
    select * into v_conversation from chat.conversations c where c.id = p_conversation;
    perform set_config('chat.actor', v_before, true);
    return v_conversation;
end
$$;

comment on function chat.update_conversation(uuid, uuid, text, text, text) is
    'Changes title, description, join policy; null leaves a field. Raises CH403 not_a_member, not_an_admin, CH404, CH422. Events: conversation, message.';

create or replace function chat.set_conversation_avatar(p_actor uuid, p_conversation uuid, p_media uuid) returns chat.conversations language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_before constant text := chat.act_as(p_actor);
    v_conversation chat.conversations;
begin
    perform chat.require_member(p_actor, p_conversation);
    update chat.conversations c set avatar_id = p_media where c.id = p_conversation returning * into v_conversation;
    perform set_config('chat.actor', v_before, true);
    return v_conversation;
end
$$;

comment on function chat.set_conversation_avatar(uuid, uuid, uuid) is
    'Makes an image the picture of a group or room; null takes it away. Raises CH403 not_a_member, not_an_admin, CH404, CH422 bad_avatar. Events: conversation, message.';

create or replace function chat.close_conversation(p_actor uuid, p_conversation uuid) returns chat.conversations language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_before constant text := chat.act_as(p_actor);
    v_conversation chat.conversations;
begin
    perform chat.require_member(p_actor, p_conversation);
    update chat.conversations c set closed_at = coalesce(c.closed_at, clock_timestamp())
    where c.id = p_conversation;
    -- With the message that says so.
    select * into v_conversation from chat.conversations c where c.id = p_conversation;
    perform set_config('chat.actor', v_before, true);
    return v_conversation;
end
$$;

comment on function chat.close_conversation(uuid, uuid) is
    'Closes a conversation: its history stays, nothing can be sent. Raises CH403 not_a_member, not_an_admin, CH404. Events: conversation, message.';

-- Messages after p_seq that are not the user's own, count (see chat.counts_as_unread), and are not deleted or hidden by the user.
-- Counting stops at 10,000: nobody reads the difference, and a busy room must not make a list slow.
create or replace function chat.count_unread(p_conversation uuid, p_user uuid, p_seq bigint) returns bigint language sql stable
security definer set search_path = pg_catalog, pg_temp as $$
    select count(*) from (
        select from chat.messages m
        where m.conversation_id = p_conversation and m.seq > p_seq
          and m.sender_id is distinct from p_user and chat.counts_as_unread(m.kind, m.data) and m.deleted_at is null
          -- Asked once, and then of each message only for who has hidden any.
          and (not exists (
                select from chat.hidden_messages h
                where h.conversation_id = p_conversation and h.user_id = p_user and h.unhidden_at is null)
            or not exists (
                select from chat.hidden_messages h
                where h.conversation_id = m.conversation_id and h.user_id = p_user and h.message_id = m.id and h.unhidden_at is null))
        limit 10000) unread
$$;

comment on function chat.count_unread(uuid, uuid, bigint) is 'Unread messages of a user after p_seq; counting stops at 10,000.';

-- One conversation as one member sees it: with role, marks, counts of what is unread, preference and the newest message that they
-- have not hidden; a direct one bears the other's name, and says whether the other is there.
create or replace function chat.conversation_for(p_actor uuid, p_conversation chat.conversations) returns jsonb language sql stable
security definer set search_path = pg_catalog, pg_temp as $$
    select chat.conversation_json(p_conversation)::jsonb || jsonb_build_object(
        'role', m.role,
        'delivered_seq', k.delivered_seq,
        'read_seq', k.read_seq,
        'unread', chat.count_unread(m.conversation_id, m.user_id, greatest(k.read_seq, m.joined_seq)),
        'mentions', chat.count_mentions(m.conversation_id, m.user_id, greatest(k.read_seq, m.joined_seq)),
        'last_message', (
            select chat.message_json(last, u.name, u.avatar_id)
            from chat.messages last left join chat.users u on u.id = last.sender_id
            where last.conversation_id = m.conversation_id and not chat.is_hidden(last, m.user_id)
            order by last.seq desc limit 1),
        'preference', (
            select chat.preference_json(p)::jsonb - 'conversation_id' - 'revision'
            from (select) one left join chat.preferences p on p.conversation_id = m.conversation_id and p.user_id = m.user_id))
        || case when p_conversation.kind = 'direct' then (
            select jsonb_build_object('title', u.name, 'peer', jsonb_build_object(
                'id', u.id, 'avatar_id', u.avatar_id, 'status', chat.status_of(u.id), 'last_seen_at', chat.json_time(u.last_seen_at),
                'blocked', exists (select from chat.blocks b where b.user_id = p_actor and b.blocked_id = u.id and b.unblocked_at is null)))
            from chat.users u
            where u.id = chat.other_of(p_conversation, p_actor))
        else '{}' end
    from chat.members m join chat.marks k using (conversation_id, user_id)
    where m.conversation_id = p_conversation.id and m.user_id = p_actor
$$;

comment on function chat.conversation_for(uuid, chat.conversations) is
    'A conversation with what is the member''s own: role, marks, unread, mentions, preference; and its newest message.';

-- How far all the others are: the least of their marks, for a tick below a message. {"delivered_seq", "read_seq"}; null
-- where there is no other, and above 100 members, where receipts are not told to everyone either.
create or replace function chat.others_marks(p_user uuid, p_conversation uuid) returns json language sql stable
security definer set search_path = pg_catalog, pg_temp as $$
    select json_build_object('delivered_seq', min(k.delivered_seq), 'read_seq', min(k.read_seq))
    from chat.members m join chat.marks k using (conversation_id, user_id)
    where m.conversation_id = p_conversation and m.active and m.user_id <> p_user
      and not chat.has_more_members(p_conversation, 100)
    having count(*) > 0
$$;

comment on function chat.others_marks(uuid, uuid) is
    'The least marks among the other active members; null without any, and above 100 members.';

-- With what would make a list slow: how many members there are (counting stops at 10,000), and how far they are.
create or replace function chat.read_conversation(p_actor uuid, p_conversation uuid) returns jsonb language plpgsql stable
security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform chat.require_member(p_actor, p_conversation);
    return (
        select chat.conversation_for(p_actor, c) || jsonb_build_object(
            'member_count', chat.count_members(p_conversation),
            'others', chat.others_marks(p_actor, p_conversation))
        from chat.conversations c where c.id = p_conversation);
end
$$;

comment on function chat.read_conversation(uuid, uuid) is
    'One conversation as its member sees it, with member_count and the others'' least marks. Raises CH403 not_a_member, CH404.';

-- The user's conversations, the most recently active first; the page before ended at (p_before_at, p_before_id).
create or replace function chat.list_conversations(
    p_actor uuid, p_before_at timestamptz default null, p_before_id uuid default null, p_limit integer default 50)
returns table (active_at timestamptz, id uuid, conversation jsonb) language sql stable
security definer set search_path = pg_catalog, pg_temp as $$
    select page.active_at, page.id, chat.conversation_for(p_actor, c)
    from (
        select coalesce(c.last_message_at, c.created_at) as active_at, c.id
        from chat.members m join chat.conversations c on c.id = m.conversation_id
        where m.user_id = p_actor and m.active
          and (p_before_at is null or (coalesce(c.last_message_at, c.created_at), c.id) < (p_before_at, p_before_id))
        order by 1 desc, 2 desc
        limit least(greatest(p_limit, 1), 100)
    ) page
    join chat.conversations c on c.id = page.id
    order by 1 desc, 2 desc
$$;

comment on function chat.list_conversations(uuid, timestamptz, uuid, integer) is
    'The user''s conversations, most recently active first, with unread counts and newest messages; p_limit 1 to 100.';

-- The user's conversations by a part of what they are called, the most recently active first.
create or replace function chat.find_conversations(p_actor uuid, p_query text, p_limit integer default 10)
returns setof jsonb language sql stable
security definer set search_path = pg_catalog, pg_temp as $$
    select chat.conversation_for(p_actor, c)
    from chat.members m
    join chat.conversations c on c.id = m.conversation_id
    left join chat.users peer on c.kind = 'direct'
        and peer.id = chat.other_of(c, p_actor)
    where m.user_id = p_actor and m.active
      and strpos(lower(coalesce(peer.name, c.title)), lower(btrim(p_query))) > 0
    order by coalesce(c.last_message_at, c.created_at) desc, c.id desc
    limit least(greatest(p_limit, 1), 100)
$$;

comment on function chat.find_conversations(uuid, text, integer) is
    'The user''s conversations by a part of their title, or of the other''s name; most recently active first; p_limit 1 to 100.';

create or replace function chat.list_common_conversations(p_actor uuid, p_user uuid, p_limit integer default 20)
returns setof json language sql stable
security definer set search_path = pg_catalog, pg_temp as $$
    select json_build_object('id', c.id, 'kind', c.kind, 'title', c.title, 'avatar_id', c.avatar_id)
    from chat.members m
    join chat.members o on o.conversation_id = m.conversation_id and o.user_id = p_user and o.active
    join chat.conversations c on c.id = m.conversation_id and c.kind <> 'direct' and not c.is_general
    where m.user_id = p_actor and m.active
    order by coalesce(c.last_message_at, c.created_at) desc, c.id desc
    limit least(greatest(p_limit, 1), 100)
$$;

comment on function chat.list_common_conversations(uuid, uuid, integer) is
    'Groups and rooms that both are in, as {id, kind, title, avatar_id}, most recently active first, without the general room; p_limit 1 to 100.';
