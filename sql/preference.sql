-- Preferences: how one member wants a conversation shown and told of, and that they have marked it unread. They
-- are nobody else's business: each is announced to its user alone.

-- A preference as its user sees it; of a row that is not there (null): nothing was set.
create or replace function chat.preference_json(p_preference chat.preferences) returns json language sql stable as $$
    select json_build_object(
        'conversation_id', p_preference.conversation_id,
        'pinned', p_preference.pinned_at is not null, 'archived', p_preference.archived_at is not null,
        'muted_until', case
            when p_preference.muted_until = 'infinity' then 'infinity'
            when p_preference.muted_until > statement_timestamp() then chat.json_time(p_preference.muted_until) end,
        'notify', coalesce(p_preference.notify, 'all'),
        'marked_unread', coalesce(p_preference.is_marked_unread, false),
        'revision', coalesce(p_preference.revision, 0))
$$;

comment on function chat.preference_json(chat.preferences) is 'A preference as its user sees it; muted_until is null once it is past.';

create or replace function chat.preference_event(p_preference chat.preferences) returns json language sql stable as $$
    select json_build_object('type', 'preference', 'preference', chat.preference_json(p_preference))
$$;

comment on function chat.preference_event(chat.preferences) is 'The event that a user''s preference for a conversation is new or has changed.';

-- before insert or update: checks whose it is and what it says, stamps. What is as it was is not written.
create or replace function chat.preferences_complete() returns trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_actor constant uuid := chat.current_actor();
begin
    if tg_op = 'INSERT' then
        new.user_id := coalesce(new.user_id, v_actor);
        new.revision := 1;
    elsif (new.conversation_id, new.user_id) <> (old.conversation_id, old.user_id) then
        perform chat.refuse(422, 'immutable_column', 'conversation_id, user_id: never change.');
    else
        new.revision := old.revision + 1;
    end if;
    if v_actor <> new.user_id then
        perform chat.refuse(403, 'not_yourself', 'user_id: one sets one''s own preferences only.');
    elsif not exists (select from chat.conversations c where c.id = new.conversation_id) then
        perform chat.refuse(404, 'conversation_not_found', 'conversation_id: there is no such conversation.');
    elsif not exists (
        select from chat.members m
        where m.conversation_id = new.conversation_id and m.user_id = new.user_id and m.active)
    then
        perform chat.refuse(403, 'not_a_member', 'user_id: not a member of this conversation.');
    elsif new.notify is null or new.notify not in ('all', 'mentions', 'none') then
        perform chat.refuse(422, 'bad_notify', 'notify: must be all, mentions or none.');
    -- The last year that ISO 8601 writes with four digits.
    elsif new.muted_until >= '10000-01-01 00:00:00+00' and new.muted_until <> 'infinity' then
        perform chat.refuse(422, 'bad_muted_until', 'muted_until: must be before the year 10000, or infinity.');
    end if;
    if new.muted_until <= clock_timestamp() then
        new.muted_until := null;
    end if;
    new.is_marked_unread := coalesce(new.is_marked_unread, false);
    if tg_op = 'UPDATE' and (new.pinned_at, new.archived_at, new.muted_until, new.notify, new.is_marked_unread)
        is not distinct from (old.pinned_at, old.archived_at, old.muted_until, old.notify, old.is_marked_unread)
    then
        return null;
    end if;
    new.changed_xid := pg_current_xact_id();
    return new;
end
$$;

comment on function chat.preferences_complete() is 'Trigger: checks, completes and stamps a preference.';

create or replace trigger a_complete
    before insert or update of conversation_id, user_id, pinned_at, archived_at, muted_until, notify, is_marked_unread
    on chat.preferences
    for each row execute function chat.preferences_complete();

create or replace function chat.preferences_announce() returns trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform chat.announce(array(
        select chat.to_user(n.user_id, chat.preference_event(row(n.*)::chat.preferences))
        from changed n
        order by n.user_id, n.conversation_id));
    return null;
end
$$;

comment on function chat.preferences_announce() is 'Trigger: announces a preference to its user alone.';

create or replace trigger c_announce_insert after insert on chat.preferences
    referencing new table as changed
    for each statement execute function chat.preferences_announce();
create or replace trigger c_announce_update after update on chat.preferences
    referencing new table as changed
    for each statement execute function chat.preferences_announce();
create or replace trigger a_refuse_delete before delete on chat.preferences
    for each row execute function chat.refuse_delete();
create or replace trigger a_refuse_truncate before truncate on chat.preferences
    for each statement execute function chat.refuse_truncate();

-- null leaves a field as it is; a p_muted_until that is past, such as now(), ends the silence.
create or replace function chat.set_preferences(
    p_actor uuid, p_conversation uuid, p_pinned boolean default null, p_archived boolean default null,
    p_muted_until timestamptz default null, p_notify text default null)
returns chat.preferences language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_before constant text := chat.act_as(p_actor);
    v_preference chat.preferences;
begin
    perform chat.require_member(p_actor, p_conversation);
    if coalesce(p_pinned, p_archived) is not null or p_muted_until is not null or p_notify is not null then
        insert into chat.preferences as p (conversation_id, user_id, pinned_at, archived_at, muted_until, notify)
        values (p_conversation, p_actor, case when p_pinned then clock_timestamp() end,
            case when p_archived then clock_timestamp() end, p_muted_until, coalesce(p_notify, 'all'))
        on conflict (conversation_id, user_id) do update
        set pinned_at = case when coalesce(p_pinned, p.pinned_at is not null) then coalesce(p.pinned_at, excluded.pinned_at) end,
            archived_at = case when coalesce(p_archived, p.archived_at is not null) then coalesce(p.archived_at, excluded.archived_at) end,
            muted_until = coalesce(p_muted_until, p.muted_until),
            notify = coalesce(p_notify, p.notify);
    end if;
    v_preference := chat.find_preference(p_actor, p_conversation);
    perform set_config('chat.actor', v_before, true);
    return v_preference;
end
$$;

comment on function chat.set_preferences(uuid, uuid, boolean, boolean, timestamptz, text) is
    'Pins, archives, mutes (infinity: for ever; a time that is past: no longer) and says what to be told of; null leaves a field. Raises CH403 not_a_member, CH404, CH422 bad_notify, bad_muted_until. Event: preference, to the actor.';

create or replace function chat.mark_unread(p_actor uuid, p_conversation uuid) returns chat.preferences language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_before constant text := chat.act_as(p_actor);
    v_preference chat.preferences;
begin
    perform chat.require_member(p_actor, p_conversation);
    insert into chat.preferences (conversation_id, user_id, is_marked_unread) values (p_conversation, p_actor, true)
    on conflict (conversation_id, user_id) do update set is_marked_unread = true;
    v_preference := chat.find_preference(p_actor, p_conversation);
    perform set_config('chat.actor', v_before, true);
    return v_preference;
end
$$;

comment on function chat.mark_unread(uuid, uuid) is
    'Marks a conversation unread, until its user says again that they have read it. Marks stay where they are. Raises CH403 not_a_member, CH404. Event: preference, to the actor.';

create or replace function chat.find_preference(p_user uuid, p_conversation uuid) returns chat.preferences language plpgsql stable
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_preference chat.preferences;
begin
    select * into v_preference from chat.preferences p where p.conversation_id = p_conversation and p.user_id = p_user;
    if not found then
        v_preference.conversation_id := p_conversation;
        v_preference.user_id := p_user;
        v_preference.notify := 'all';
        v_preference.is_marked_unread := false;
        v_preference.revision := 0;
    end if;
    return v_preference;
end
$$;

comment on function chat.find_preference(uuid, uuid) is 'A user''s preference for a conversation; with revision 0 where nothing was ever set.';

-- What chat.mark_many ends with: who says that they have read, be it no further than before, takes back that they have
-- marked the conversation unread. Nearly always nobody has, which is one probe for each mark and nothing written.
-- The plan is made once, when the table may still be empty: anything but the key is held back.
create or replace function chat.clear_marked_unread(p_marks jsonb) returns void language plpgsql
security definer set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
begin
    if not exists (
        select from jsonb_to_recordset(p_marks) i (actor uuid, conversation_id uuid, read_seq bigint)
        join chat.preferences p on p.conversation_id = i.conversation_id and p.user_id = i.actor
        where i.read_seq is not null and p.is_marked_unread)
    then
        return;
    end if;
    with held as (
        -- In the order of keys, as in chat.mark_many.
        select p.conversation_id, p.user_id
        from chat.preferences p
        join chat.members m on m.conversation_id = p.conversation_id and m.user_id = p.user_id and m.active
        where p.is_marked_unread and (p.conversation_id, p.user_id) in (
            select i.conversation_id, i.actor
            from jsonb_to_recordset(p_marks) i (actor uuid, conversation_id uuid, read_seq bigint)
            where i.read_seq is not null)
        order by p.conversation_id, p.user_id
        for no key update of p
    )
    update chat.preferences p set is_marked_unread = false
    from held h
    where p.conversation_id = h.conversation_id and p.user_id = h.user_id;
end
$$;

comment on function chat.clear_marked_unread(jsonb) is
    'Takes back that conversations were marked unread, for the marks of chat.mark_many that have a read_seq. Events: preference, to the users.';
