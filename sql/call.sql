-- Calls: what one is to clients, who may request it, whom it rings for, what it leaves, and the doors. A row of chat.calls requests
-- one; whatever is done with it after that is a row of chat.call_log (call_log.sql).

-- Everyone sends to everyone: with nine, a phone would encode its picture eight times.
create or replace function chat.call_participants_max() returns integer language sql immutable as $$ select 8 $$;

comment on function chat.call_participants_max() is 'How many can be in a call, and how many members a conversation has at most in which one can call.';

create or replace function chat.device_characters_max() returns integer language sql immutable as $$ select 60 $$;

comment on function chat.device_characters_max() is 'The most characters of what a client calls itself.';

create or replace function chat.call_json(p_call chat.calls) returns jsonb language sql stable
security definer set search_path = pg_catalog, pg_temp as $$
    select jsonb_build_object(
        'id', p_call.id, 'conversation_id', p_call.conversation_id, 'media', p_call.media, 'state', p_call.state,
        'created_by', p_call.created_by, 'created_at', chat.json_time(p_call.created_at),
        'answered_at', chat.json_time(p_call.answered_at), 'ended_at', chat.json_time(p_call.ended_at),
        'end_reason', p_call.end_reason, 'duration_ms', chat.call_duration_ms(p_call), 'revision', p_call.revision,
        'participants', (
            select jsonb_agg(jsonb_build_object(
                'user_id', p.user_id, 'user_name', u.name, 'state', p.state, 'device', p.device,
                'joined_at', chat.json_time(p.joined_at), 'left_at', chat.json_time(p.left_at))
                order by p.user_id = p_call.created_by desc, p.user_id)
            from chat.call_participants p join chat.users u on u.id = p.user_id
            where p.call_id = p_call.id))
$$;

comment on function chat.call_json(chat.calls) is 'A call as clients see it, the caller first of its participants. Who ignores it is not told.';

create or replace function chat.call_duration_ms(p_call chat.calls) returns bigint language sql immutable as $$
    select (extract(epoch from p_call.ended_at - p_call.answered_at) * 1000)::bigint
$$;

comment on function chat.call_duration_ms(chat.calls) is 'How long people talked; null of a call that nobody answered, or that goes on.';

create or replace function chat.call_event(p_call chat.calls) returns json language sql stable as $$
    select json_build_object('type', 'call', 'call', chat.call_json(p_call))
$$;

comment on function chat.call_event(chat.calls) is 'The event that a call is new or has changed: always the whole of it.';

create or replace function chat.call_ignored_event(p_call chat.calls) returns json language sql stable as $$
    select json_build_object('type', 'call_ignored', 'call_id', p_call.id, 'conversation_id', p_call.conversation_id)
$$;

comment on function chat.call_ignored_event(chat.calls) is 'The event that a user has silenced a call, for that user''s own devices alone.';

-- The conversation of a call, as its list names it: a direct one after the other.
create or replace function chat.called_in(p_actor uuid, p_conversation uuid) returns jsonb language sql stable
security definer set search_path = pg_catalog, pg_temp as $$
    select jsonb_build_object('id', c.id, 'kind', c.kind, 'title', coalesce(u.name, c.title))
    from chat.conversations c
    left join chat.users u on c.kind = 'direct' and u.id = chat.other_of(c, p_actor)
    where c.id = p_conversation
$$;

comment on function chat.called_in(uuid, uuid) is 'The conversation of a call: {id, kind, title}; of a direct one, title is the other''s name.';

-- Why nobody, or not this caller, can call in a conversation: {status, code, detail}; null when they can. The conversation is locked.
create or replace function chat.calling_refusal(p_conversation chat.conversations, p_caller uuid) returns text[] language plpgsql stable
security definer set search_path = pg_catalog, pg_temp as $$
begin
    if not exists (
        select from chat.members m where m.conversation_id = p_conversation.id and m.user_id = p_caller and m.active)
    then
        return array['403', 'not_a_member', 'You are not a member of this conversation.'];
    elsif p_conversation.closed_at is not null then
        return array['409', 'conversation_closed', 'This conversation is closed.'];
    elsif p_conversation.is_silenced then
        return array['403', 'blocked', 'One of you has blocked the other.'];
    elsif chat.has_more_members(p_conversation.id, chat.call_participants_max()) then
        return array['409', 'too_many_to_call', format('A call is for at most %s people, and this conversation has more.', chat.call_participants_max())];
    elsif not chat.has_more_members(p_conversation.id, 1) then
        return array['409', 'nobody_to_call', 'There is nobody else in this conversation.'];
    elsif exists (select from chat.calls c where c.conversation_id = p_conversation.id and c.ended_at is null) then
        return array['409', 'call_in_progress', 'A call is running in this conversation: answer it to join.'];
    end if;
    return null;
end
$$;

comment on function chat.calling_refusal(chat.conversations, uuid) is
    'Why a user can not call in a conversation now, as {status, code, detail}; null when they can.';

-- before insert: who may call whom. The conversation is locked, as by sending, so that of two calls at once one comes first.
create or replace function chat.calls_complete() returns trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_actor constant uuid := chat.current_actor();
    v_conversation chat.conversations;
begin
    new.created_by := coalesce(new.created_by, v_actor);
    if new.created_by is null then
        perform chat.refuse(422, 'caller_required', 'created_by: a call has a caller.');
    elsif v_actor <> new.created_by then
        perform chat.refuse(403, 'not_yourself', 'created_by: must be the acting user.');
    elsif new.media is null or new.media not in ('audio', 'video') then
        perform chat.refuse(422, 'bad_media', 'media: must be audio or video.');
    end if;
    perform chat.check_device(new.device);
    select * into v_conversation from chat.conversations c where c.id = new.conversation_id for no key update;
    if not found then
        perform chat.refuse(404, 'conversation_not_found', 'conversation_id: there is no such conversation.');
    end if;
    perform chat.refuse_by(chat.calling_refusal(v_conversation, new.created_by));
    new.id := chat.uuid_v7();
    new.state := 'ringing';
    new.created_at := clock_timestamp();
    new.answered_at := null;
    new.ended_at := null;
    new.end_reason := null;
    new.revision := 1;
    new.changed_xid := pg_current_xact_id();
    return new;
end
$$;

comment on function chat.calls_complete() is 'Trigger: checks a new call, and completes it.';

create or replace trigger a_complete before insert on chat.calls
    for each row execute function chat.calls_complete();

create or replace function chat.check_device(p_device text) returns void language plpgsql immutable
set search_path = pg_catalog, pg_temp as $$
begin
    if char_length(p_device) not between 1 and chat.device_characters_max() then
        perform chat.refuse(422, 'bad_device', format('device: must have 1 to %s characters.', chat.device_characters_max()));
    end if;
end
$$;

comment on function chat.check_device(text) is 'Raises CH422 bad_device unless a client can call itself so; null is allowed.';

-- after insert, before it is announced: the caller is in the call, and it rings for all the others.
create or replace function chat.calls_ring() returns trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_before constant text := chat.act_as(null);
begin
    insert into chat.call_participants (call_id, user_id, state, device, called_at, joined_at)
    select new.id, m.user_id,
        case when m.user_id = new.created_by then 'joined' else 'called' end,
        case when m.user_id = new.created_by then new.device end,
        case when m.user_id <> new.created_by then new.created_at end,
        case when m.user_id = new.created_by then new.created_at end
    from chat.members m
    where m.conversation_id = new.conversation_id and m.active
    order by m.user_id;
    insert into chat.call_log (call_id, user_id, action, device) values (new.id, new.created_by, 'request', new.device);
    perform set_config('chat.actor', v_before, true);
    return null;
end
$$;

comment on function chat.calls_ring() is 'Trigger: gives a new call its participants, and logs the request.';

create or replace trigger b_ring after insert on chat.calls
    for each row execute function chat.calls_ring();

create or replace function chat.calls_announce() returns trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform chat.announce(array(
        select chat.to_conversation(n.conversation_id, chat.call_event(row(n.*)::chat.calls))
        from changed n order by n.id));
    return null;
end
$$;

comment on function chat.calls_announce() is 'Trigger: announces calls to the members of their conversations.';

create or replace trigger c_announce_insert after insert on chat.calls
    referencing new table as changed
    for each statement execute function chat.calls_announce();
create or replace trigger c_announce_update after update on chat.calls
    referencing new table as changed
    for each statement execute function chat.calls_announce();

-- The newest message's seq, by what is there, as chat.messages_complete finds it. A function of its own, since what it says of plans would else
-- be said of every trigger that the insert sets off.
create or replace function chat.newest_seq(p_conversation uuid) returns bigint language plpgsql stable
security definer set search_path = pg_catalog, pg_temp
set enable_sort = off set enable_seqscan = off set enable_bitmapscan = off as $$
begin
    return coalesce((select l.seq from chat.messages l where l.conversation_id = p_conversation order by l.seq desc limit 1), 0);
end
$$;

comment on function chat.newest_seq(uuid) is 'seq of the newest message of a conversation; 0 while there is none.';

-- after a call has ended: the message that says how. It is complete, and bears this transaction's stamp, so that no rule for those
-- who send asks whether its caller is still there, or the conversation open.
create or replace function chat.calls_summarize() returns trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_last_seq bigint;
begin
    perform from chat.conversations c where c.id = new.conversation_id for no key update;
    v_last_seq := chat.newest_seq(new.conversation_id);
    insert into chat.messages (conversation_id, seq, id, sender_id, kind, data, created_at, revision, changed_xid)
    values (new.conversation_id, v_last_seq + 1, chat.uuid_v7(), new.created_by, 'call',
        jsonb_strip_nulls(jsonb_build_object(
            'call_id', new.id, 'media', new.media, 'outcome', new.end_reason, 'duration_ms', chat.call_duration_ms(new))),
        clock_timestamp(), 1, pg_current_xact_id());
    return null;
end
$$;

comment on function chat.calls_summarize() is 'Trigger: leaves a message of kind call, once. Event: message.';

create or replace trigger b_summarize after update on chat.calls
    for each row when (old.ended_at is null and new.ended_at is not null) execute function chat.calls_summarize();

create or replace trigger a_refuse_delete before delete on chat.calls
    for each row execute function chat.refuse_delete();
create or replace trigger a_refuse_truncate before truncate on chat.calls
    for each statement execute function chat.refuse_truncate();
create or replace trigger a_refuse_delete before delete on chat.call_participants
    for each row execute function chat.refuse_delete();
create or replace trigger a_refuse_truncate before truncate on chat.call_participants
    for each statement execute function chat.refuse_truncate();
create or replace trigger a_refuse_delete before delete on chat.call_log
    for each row execute function chat.refuse_delete();
create or replace trigger a_refuse_truncate before truncate on chat.call_log
    for each statement execute function chat.refuse_truncate();

-- Who leaves a conversation, or is removed from it, is in no call of it any more.
create or replace function chat.members_leave_calls() returns trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_before constant text := chat.act_as(null);
begin
    insert into chat.call_log (call_id, user_id, action)
    select k.id, new.user_id, 'expire' from chat.calls k
    where k.conversation_id = new.conversation_id and k.ended_at is null
      and exists (select from chat.call_participants p where p.call_id = k.id and p.user_id = new.user_id);
    perform set_config('chat.actor', v_before, true);
    return null;
end
$$;

comment on function chat.members_leave_calls() is 'Trigger: who is no member any more leaves the running call. Event: call.';

create or replace trigger d_leave_calls after update of left_at on chat.members
    for each row when (old.left_at is null and new.left_at is not null) execute function chat.members_leave_calls();

create or replace function chat.conversations_end_calls() returns trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_before constant text := chat.act_as(null);
begin
    insert into chat.call_log (call_id, action)
    select k.id, 'end' from chat.calls k where k.conversation_id = new.id and k.ended_at is null;
    perform set_config('chat.actor', v_before, true);
    return null;
end
$$;

comment on function chat.conversations_end_calls() is 'Trigger: closing a conversation ends its call. Event: call.';

create or replace trigger d_end_calls after update of closed_at on chat.conversations
    for each row when (old.closed_at is null and new.closed_at is not null) execute function chat.conversations_end_calls();

-- Everything that one can do with a call. p_target is the conversation to request one in, else the call, or the conversation whose
-- running call is meant.
create or replace function chat.call_action(
    p_actor uuid, p_target uuid, p_action text, p_media text default 'audio', p_device text default null)
returns chat.calls language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_before constant text := chat.act_as(p_actor);
    v_call chat.calls;
begin
    if p_action = 'request' then
        perform chat.require_member(p_actor, p_target);
        -- Locked before it is looked at, so that the same again, at the same time, finds the first.
        perform from chat.conversations c where c.id = p_target for no key update;
        select * into v_call from chat.calls k
        where k.conversation_id = p_target and k.ended_at is null and k.state = 'ringing' and k.created_by = p_actor
          and k.media = p_media and k.device is not distinct from p_device;
        if not found then
            insert into chat.calls (conversation_id, media, created_by, device) values (p_target, p_media, p_actor, p_device)
            returning * into v_call;
        end if;
    else
        select * into v_call from chat.calls k
        where k.id = p_target or k.conversation_id = p_target and k.ended_at is null;
        if not found then
            perform chat.refuse(404, 'call_not_found', 'call_id: there is no such call.');
        end if;
        insert into chat.call_log (call_id, user_id, action, device) values (v_call.id, p_actor, p_action, p_device);
        select * into v_call from chat.calls k where k.id = v_call.id;
    end if;
    perform set_config('chat.actor', v_before, true);
    return v_call;
end
$$;

comment on function chat.call_action(uuid, uuid, text, text, text) is
    'Requests a call in a conversation, or does something with a call: response, answer (accept), decline (reject), busy, ignore, cancel, hangup, end. The same again does no harm. Raises CH403 not_a_member, not_a_participant, not_the_caller, blocked; CH404 conversation_not_found, call_not_found; CH409 wrong_call_state, call_in_progress, answered_elsewhere, call_full, too_many_to_call, nobody_to_call, conversation_closed; CH422 bad_action, bad_media, bad_device. Events: call; at its end message; of ignore call_ignored, to the actor alone.';

create or replace function chat.require_call(p_actor uuid, p_call uuid) returns chat.calls language plpgsql stable
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_call chat.calls;
begin
    select * into v_call from chat.calls k where k.id = p_call;
    if not found then
        perform chat.refuse(404, 'call_not_found', 'call_id: there is no such call.');
    end if;
    perform chat.require_member(p_actor, v_call.conversation_id);
    return v_call;
end
$$;

comment on function chat.require_call(uuid, uuid) is
    'The row of a call. Raises CH404 call_not_found or CH403 not_a_member unless p_actor (null: the system) is a member of its conversation.';

-- Newest first; ids are in the order of time. Of one conversation all of them; else those that the user was called by, or in.
create or replace function chat.list_calls(p_actor uuid, p_conversation uuid default null, p_before uuid default null, p_limit integer default 50)
returns setof jsonb language plpgsql stable
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_limit constant integer := least(greatest(p_limit, 1), 100);
begin
    -- Of what one may not read, not even that it is there.
    if p_before is not null and not exists (
        select from chat.calls k
        where k.id = p_before and (p_actor is null or exists (
            select from chat.members m where m.conversation_id = k.conversation_id and m.user_id = p_actor and m.active)))
    then
        perform chat.refuse(422, 'bad_before', 'before: there is no such call.');
    end if;
    if p_conversation is not null then
        perform chat.require_member(p_actor, p_conversation);
        return query
        select chat.call_json(k) || jsonb_build_object('conversation', chat.called_in(p_actor, k.conversation_id))
        from chat.calls k
        where k.conversation_id = p_conversation and (p_before is null or k.id < p_before)
        order by k.id desc limit v_limit;
    else
        return query
        select chat.call_json(k) || jsonb_build_object('conversation', chat.called_in(p_actor, k.conversation_id))
        from chat.call_participants p
        join chat.calls k on k.id = p.call_id
        join chat.members m on m.conversation_id = k.conversation_id and m.user_id = p_actor and m.active
        where p.user_id = p_actor and (p_before is null or p.call_id < p_before)
        order by p.call_id desc limit v_limit;
    end if;
end
$$;

comment on function chat.list_calls(uuid, uuid, uuid, integer) is
    'Calls of a conversation, or (null) the user''s own, newest first, with their conversation; p_before: the last id of the page before. Raises CH403 not_a_member, CH404, CH422 bad_before.';

create or replace function chat.read_call(p_actor uuid, p_call uuid) returns jsonb language plpgsql stable
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_call constant chat.calls := chat.require_call(p_actor, p_call);
begin
    return chat.call_json(v_call) || jsonb_build_object(
        'conversation', chat.called_in(p_actor, v_call.conversation_id),
        'log', (
            select jsonb_agg(jsonb_build_object(
                'number', l.number, 'at', chat.json_time(l.at), 'user_id', l.user_id, 'action', l.action, 'device', l.device,
                'state', l.state_after, 'call_state', l.call_state_after) order by l.number)
            from chat.call_log l
            where l.call_id = p_call and (l.action <> 'ignore' or l.user_id = p_actor or p_actor is null)));
end
$$;

comment on function chat.read_call(uuid, uuid) is
    'One call with its conversation and its log, in which who ignored it is seen by themselves alone. Raises CH403 not_a_member, CH404 call_not_found.';
