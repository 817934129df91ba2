-- System messages of groups and rooms: who came, who went, who may do what, and what became of the conversation itself.
-- Triggers write them, after what they tell has been announced, so plain SQL brings them about too. Nobody is mentioned
-- by one, it counts as unread for nobody, and nobody but the host project can edit one.
--
-- Who brings conversations along from elsewhere sets chat.quiet to on (`set local chat.quiet = on`), and nothing is told.
--
-- data is for clients, who may say it in their own words: {"event", "actor_id", "actor_name", "user_ids", "user_names",
-- "count"} and what the event adds. body says the same in English, for search and for people who read the table.

create or replace function chat.names_in_words(p_names text[], p_count bigint) returns text language sql immutable as $$
    select case
        when p_count = 1 then p_names[1]
        when p_count = 2 then format('%s and %s', p_names[1], p_names[2])
        when p_count = 3 then format('%s, %s and %s', p_names[1], p_names[2], p_names[3])
        else format('%s, %s and %s others', p_names[1], p_names[2], p_count - 2) end
$$;

comment on function chat.names_in_words(text[], bigint) is 'The first of p_count names, as a part of a sentence.';

-- p_data is what chat.tell has put together.
create or replace function chat.system_words(p_data jsonb) returns text language plpgsql immutable
set search_path = pg_catalog, pg_temp as $$
declare
    v_event constant text := p_data ->> 'event';
    v_actor constant text := p_data ->> 'actor_name';
    v_count constant bigint := (p_data ->> 'count')::bigint;
    v_people constant text := chat.names_in_words(array(select jsonb_array_elements_text(p_data -> 'user_names')), v_count);
    v_were constant text := case when v_count = 1 then 'was' else 'were' end;
    v_kind constant text := p_data ->> 'kind';
    v_role text;
begin
    case v_event
        when 'created' then
            return case when v_actor is null then format('The %s “%s” was created', v_kind, p_data ->> 'title')
                else format('%s created the %s “%s”', v_actor, v_kind, p_data ->> 'title') end;
        when 'members_added' then
            return case when v_actor is null then format('%s %s added', v_people, v_were) else format('%s added %s', v_actor, v_people) end;
        when 'members_approved' then
            return case when v_actor is null then format('%s %s let in', v_people, v_were) else format('%s let %s in', v_actor, v_people) end;
        when 'members_joined' then
            return case when (p_data ->> 'by_link')::boolean then format('%s joined by a link', v_people) else format('%s joined', v_people) end;
        when 'members_left' then
            return format('%s left', v_people);
        when 'members_removed' then
            return case when v_actor is null then format('%s %s removed', v_people, v_were)
                else format('%s %s removed by %s', v_people, v_were, v_actor) end;
        when 'role_changed' then
            v_role := case p_data ->> 'role'
                when 'owner' then case when v_count = 1 then 'an owner' else 'owners' end
                when 'admin' then case when v_count = 1 then 'an admin' else 'admins' end
                else case when v_count = 1 then 'a member' else 'members' end end;
            return case
                when v_actor is null or p_data -> 'user_ids' = jsonb_build_array(p_data -> 'actor_id')
                then format('%s %s now %s', v_people, case when v_count = 1 then 'is' else 'are' end, v_role)
                else format('%s made %s %s', v_actor, v_people, v_role) end;
        when 'title_changed' then
            return case when v_actor is null then format('The name was changed to “%s”', p_data ->> 'title')
                else format('%s changed the name to “%s”', v_actor, p_data ->> 'title') end;
        when 'description_changed' then
            return case when v_actor is null then 'The description was changed' else format('%s changed the description', v_actor) end;
        when 'picture_changed' then
            return case when v_actor is null then 'The picture was changed' else format('%s changed the picture', v_actor) end;
        when 'closed' then
            return case when v_actor is null then format('The %s was closed', v_kind) else format('%s closed the %s', v_actor, v_kind) end;
        else
            null;
    end case;
    return null;
end
$$;

comment on function chat.system_words(jsonb) is 'What a system message''s data says, in English.';

create or replace function chat.tell(p_conversation chat.conversations, p_event text, p_actor uuid, p_users uuid[] default '{}', p_more jsonb default '{}')
returns void language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    c_names_max constant integer := 20; -- named in data: with the longest names there are, these fit into it
    v_before text;
    v_data jsonb;
begin
    -- Two people know what happens between them, and what happens to the room of all is told to nobody in particular.
    -- In one that is closed, closing is the last that is told.
    if p_conversation.kind = 'direct' or p_conversation.is_general or p_conversation.closed_at is not null and p_event <> 'closed'
        or current_setting('chat.quiet', true) = 'on'
    then
        return;
    end if;
    select jsonb_build_object(
        'event', p_event, 'actor_id', p_actor, 'actor_name', (select a.name from chat.users a where a.id = p_actor),
        'user_ids', coalesce(jsonb_agg(u.id order by u.place) filter (where u.place <= c_names_max), '[]'),
        'user_names', coalesce(jsonb_agg(u.name order by u.place) filter (where u.place <= c_names_max), '[]'),
        'count', count(*)) || p_more
    into v_data
    from (
        select x.id, x.name, row_number() over (order by lower(x.name), x.id) as place
        from chat.users x where x.id = any (p_users)
    ) u;
    -- The system says it, whoever acts.
    v_before := chat.act_as(null);
    insert into chat.messages (conversation_id, kind, body, data)
    values (p_conversation.id, 'system', chat.system_words(v_data), v_data);
    perform set_config('chat.actor', v_before, true);
end
$$;

comment on function chat.tell(chat.conversations, text, uuid, uuid[], jsonb) is
    'Writes a system message into a group or room: what p_actor (null: the host project) did, and to whom; nothing where the setting chat.quiet is on. Event: message.';

-- after insert: its first message, which says that it was made. (The trigger before has given it its first members.)
create or replace function chat.conversations_tell_created() returns trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_conversation chat.conversations;
begin
    for v_conversation in select * from inserted i order by i.id loop
        perform chat.tell(v_conversation, 'created', v_conversation.created_by,
            p_more => jsonb_build_object('kind', v_conversation.kind, 'title', v_conversation.title));
    end loop;
    return null;
end
$$;

comment on function chat.conversations_tell_created() is 'Trigger: says in a new group or room who made it.';

create or replace trigger d_tell_insert after insert on chat.conversations
    referencing new table as inserted
    for each statement execute function chat.conversations_tell_created();

-- A row trigger, so that the update of last_seq by every batch of messages costs nothing here.
create or replace function chat.conversations_tell_changed() returns trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_actor constant uuid := chat.current_actor();
begin
    if new.title is distinct from old.title then
        perform chat.tell(new, 'title_changed', v_actor, p_more => jsonb_build_object('title', new.title));
    end if;
    if coalesce(new.description, '') <> coalesce(old.description, '') then
        perform chat.tell(new, 'description_changed', v_actor);
    end if;
    if new.avatar_id is distinct from old.avatar_id then
        perform chat.tell(new, 'picture_changed', v_actor);
    end if;
    if new.closed_at is not null and old.closed_at is null then
        perform chat.tell(new, 'closed', v_actor, p_more => jsonb_build_object('kind', new.kind));
    end if;
    return null;
end
$$;

comment on function chat.conversations_tell_changed() is 'Trigger: says who changed a group or room, or closed it.';

create or replace trigger d_tell_update after update on chat.conversations
    for each row when (new.revision <> old.revision) execute function chat.conversations_tell_changed();

-- after insert: who came. That its maker is its first member goes without saying.
create or replace function chat.members_tell_new() returns trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_told record;
begin
    for v_told in
        select c, n.added_by as actor, n.invite_token is not null as by_link,
            n.invite_token is not null or n.added_by is not distinct from n.user_id as is_own_deed,
            array_agg(n.user_id) as users
        from changed n join chat.conversations c on c.id = n.conversation_id
        where n.active and c.kind <> 'direct' and not c.is_general
          and not (c.last_seq = 0 and n.added_by is null and n.user_id is not distinct from c.created_by)
        group by c, c.id, 2, 3, 4
        order by c.id, 3, 2
    loop
        if v_told.is_own_deed then
            perform chat.tell(v_told.c, 'members_joined', v_told.actor, v_told.users, jsonb_build_object('by_link', v_told.by_link));
        else
            perform chat.tell(v_told.c, 'members_added', v_told.actor, v_told.users);
        end if;
    end loop;
    return null;
end
$$;

comment on function chat.members_tell_new() is 'Trigger: says who joined a group or room, or was added to it.';

create or replace trigger d_tell_insert after insert on chat.members
    referencing new table as changed
    for each statement execute function chat.members_tell_new();

-- after update: who came back, was let in, left, was removed, or may do other things now. A removed member's own
-- connections have been unsubscribed by what was announced before, so this does not reach them.
create or replace function chat.members_tell_changed() returns trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_actor constant uuid := chat.current_actor();
    v_told record;
begin
    for v_told in
        select c, w.event, case when w.event = 'members_joined' and n.invite_token is not null then n.user_id else v_actor end as actor,
            case w.event
                when 'role_changed' then jsonb_build_object('role', n.role)
                when 'members_joined' then jsonb_build_object('by_link', n.invite_token is not null)
                else '{}' end as more,
            array_agg(n.user_id) as users
        from changed n
        join previous o using (conversation_id, user_id)
        join chat.conversations c on c.id = n.conversation_id
        cross join lateral (select case
            when n.active and not o.active and chat.member_state(row(o.*)::chat.members) = 'left'
                and (v_actor = n.user_id or n.invite_token is not null) then 'members_joined'
            when n.active and not o.active and chat.member_state(row(o.*)::chat.members) = 'left' then 'members_added'
            when n.active and not o.active and v_actor = n.user_id then 'members_joined'
            when n.active and not o.active then 'members_approved'
            when o.active and not n.active and n.removed_at is null then 'members_left'
            when o.active and not n.active then 'members_removed'
            when n.active and n.role <> o.role then 'role_changed' end) w (event)
        where w.event is not null and c.kind <> 'direct' and not c.is_general
        group by c, c.id, 2, 3, 4
        order by c.id, 2, 4
    loop
        perform chat.tell(v_told.c, v_told.event, v_told.actor, v_told.users, v_told.more);
    end loop;
    return null;
end
$$;

comment on function chat.members_tell_changed() is 'Trigger: says who came to a group or room, went, or has another role.';

create or replace trigger d_tell_update after update on chat.members
    referencing old table as previous new table as changed
    for each statement execute function chat.members_tell_changed();
