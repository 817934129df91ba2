-- Calls. A call is requested by inserting a row of chat.calls; whatever is done with it after that is a row of chat.call_log,
-- which is judged, and carried out, by the trigger below: so functions and plain SQL obey the same rules. docs/calls.md
-- has them as a table, and a test drives the database through every cell of it.

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
    left join chat.users u on c.kind = 'direct'
        and u.id = case when c.direct_low = p_actor then c.direct_high else c.direct_low end
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
    elsif p_conversation.kind = 'direct' and chat.is_blocked(p_conversation.direct_low, p_conversation.direct_high) then
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
    v_refusal text[];
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
    v_refusal := chat.calling_refusal(v_conversation, new.created_by);
    if v_refusal is not null then
        perform chat.refuse(v_refusal[1]::integer, v_refusal[2], v_refusal[3]);
    end if;
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

-- before insert: what an action does in the state in which it finds the call. The conversation is locked first, as by sending, then
-- the call: actions of one call take turns, and nobody answers what was cancelled.
create or replace function chat.call_log_apply() returns trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_actor constant uuid := chat.current_actor();
    v_conversation chat.conversations;
    v_call chat.calls;
    v_own chat.call_participants;
    v_role text;
    v_is_caller boolean;
    v_joined bigint;
    v_rings bigint;
    v_end text; -- the reason, when the call ends
begin
    new.action := case new.action when 'accept' then 'answer' when 'reject' then 'decline' else new.action end;
    if new.action is null
        or new.action not in ('request', 'response', 'answer', 'decline', 'busy', 'ignore', 'cancel', 'hangup', 'end', 'expire')
    then
        perform chat.refuse(422, 'bad_action',
            'action: must be request, response, answer, accept, decline, reject, busy, ignore, cancel, hangup or end.');
    end if;
    perform chat.check_device(new.device);
    select c.* into v_conversation
    from chat.conversations c where c.id = (select k.conversation_id from chat.calls k where k.id = new.call_id)
    for no key update;
    select * into v_call from chat.calls k where k.id = new.call_id for no key update;
    if not found then
        perform chat.refuse(404, 'call_not_found', 'call_id: there is no such call.');
    end if;

    if new.action = 'expire' then
        if v_actor is not null then
            perform chat.refuse(403, 'system_only', 'action: calls expire by themselves.');
        end if;
    else
        new.user_id := coalesce(new.user_id, v_actor);
        if v_actor <> new.user_id then
            perform chat.refuse(403, 'not_yourself', 'user_id: in calls one acts for oneself.');
        elsif new.user_id is null and new.action <> 'end' then
            perform chat.refuse(422, 'user_required', 'user_id: says who acts; the system can but end a call.');
        end if;
        select m.role into v_role from chat.members m
        where m.conversation_id = v_call.conversation_id and m.user_id = new.user_id and m.active;
        if new.user_id is not null and v_role is null then
            perform chat.refuse(403, 'not_a_member', 'You are not a member of this conversation.');
        end if;
    end if;
    select * into v_own from chat.call_participants p where p.call_id = v_call.id and p.user_id = new.user_id;
    v_is_caller := new.user_id is not distinct from v_call.created_by;
    select coalesce(max(l.number), 0) + 1 into new.number from chat.call_log l where l.call_id = v_call.id;
    new.at := clock_timestamp();
    if new.number = 1 then
        -- The request, by which chat.calls_ring has just made the participants.
        new.state_before := null;
        new.state_after := v_own.state;
        new.call_state_before := null;
        new.call_state_after := v_call.state;
        return new;
    end if;
    new.state_before := v_own.state;
    new.state_after := null;
    new.call_state_before := v_call.state;

    -- What is asked again in the state that it led to is not done again, and is no mistake: it is left out of the log.
    case new.action
        when 'request' then
            if v_is_caller and v_call.state = 'ringing' then
                return null;
            elsif v_call.state <> 'ended' then
                perform chat.refuse(409, 'call_in_progress', 'A call is running in this conversation: answer it to join.');
            end if;
        when 'response' then
            if v_own.state = 'ringing' then
                return null;
            elsif v_own.state = 'called' then
                new.state_after := 'ringing';
            end if;
        when 'answer' then
            if v_own.state = 'joined' then
                if v_own.device is distinct from new.device then
                    perform chat.refuse(409, 'answered_elsewhere', 'You are in this call by another device.');
                end if;
                return null;
            elsif v_call.state <> 'ended' then
                select count(*) into v_joined from chat.call_participants p where p.call_id = v_call.id and p.state = 'joined';
                if v_joined >= chat.call_participants_max() then
                    perform chat.refuse(409, 'call_full', format('%s people are in this call, and no more can be.', v_joined));
                end if;
                new.state_after := 'joined';
            end if;
        when 'decline' then
            if v_own.state = 'declined' then
                return null;
            elsif v_own.state in ('called', 'ringing') then
                new.state_after := 'declined';
            end if;
        when 'busy' then
            if v_own.state = 'busy' then
                return null;
            elsif v_own.state in ('called', 'ringing') then
                new.state_after := 'busy';
            end if;
        when 'ignore' then
            if v_own.state in ('called', 'ringing') then
                if v_own.ignored_at is not null then
                    return null;
                end if;
                new.state_after := v_own.state;
            end if;
        when 'cancel' then
            if not v_is_caller then
                perform chat.refuse(403, 'not_the_caller', 'Only the caller can cancel a call.');
            elsif v_call.end_reason = 'cancelled' then
                return null;
            elsif v_call.state = 'ringing' then
                v_end := 'cancelled';
            end if;
        when 'hangup' then
            if v_own.state = 'left' then
                return null;
            elsif v_own.state = 'joined' and v_call.state = 'active' then
                new.state_after := 'left';
            end if;
        when 'end' then
            if new.user_id is not null and not v_is_caller
                and (v_conversation.kind = 'direct' or v_role not in ('owner', 'admin'))
            then
                perform chat.refuse(403, 'not_the_caller', 'Only the caller, or an owner or admin of a group, can end a call for everyone.');
            elsif v_call.state = 'ended' then
                return null;
            end if;
            v_end := case when v_call.state = 'active' then 'completed' else 'cancelled' end;
        when 'expire' then
            if new.user_id is null then
                update chat.call_participants p set state = 'missed'
                where p.call_id = v_call.id and p.state in ('called', 'ringing');
                if not found then
                    return null;
                end if;
            else
                new.state_after := case when v_own.state = 'joined' then 'left' when v_own.state in ('called', 'ringing') then 'missed' end;
                if new.state_after is null then
                    return null;
                end if;
            end if;
    end case;

    if v_own.user_id is null and new.action in ('response', 'decline', 'busy', 'ignore', 'hangup') then
        perform chat.refuse(403, 'not_a_participant', 'This call does not ring for you.');
    elsif new.state_after is null and v_end is null and new.action <> 'expire' then
        perform chat.refuse(409, 'wrong_call_state', format('The call is %s, and you are %s in it: this can not be done now.',
            v_call.state, coalesce(v_own.state, 'not')));
    end if;

    if new.state_after is not null then
        insert into chat.call_participants as p (call_id, user_id, state, device, joined_at)
        values (v_call.id, new.user_id, new.state_after, new.device, case when new.state_after = 'joined' then new.at end)
        on conflict (call_id, user_id) do update set
            state = excluded.state,
            device = case when excluded.state = 'joined' then excluded.device else p.device end,
            joined_at = coalesce(excluded.joined_at, p.joined_at),
            left_at = case when excluded.state = 'left' then new.at end,
            ignored_at = case when new.action = 'ignore' then new.at else p.ignored_at end;
    end if;
    if new.action = 'ignore' then
        new.call_state_after := v_call.state;
        perform chat.announce(array[chat.to_user(new.user_id, chat.call_ignored_event(v_call))]);
        return new;
    end if;

    select count(*) filter (where p.state = 'joined'), count(*) filter (where p.state in ('called', 'ringing'))
    into v_joined, v_rings
    from chat.call_participants p where p.call_id = v_call.id;
    if v_end is null then
        if v_call.state = 'ringing' and new.state_after = 'joined' then
            v_call.state := 'active';
            v_call.answered_at := new.at;
        elsif v_call.state = 'active' and v_joined < 2 then
            v_end := 'completed';
        elsif v_call.state = 'ringing' and v_joined = 0 then
            v_end := 'cancelled'; -- the caller is gone
        elsif v_call.state = 'ringing' and v_rings = 0 then
            select case when bool_or(p.state = 'declined') then 'declined' when bool_or(p.state = 'busy') then 'busy' else 'missed' end
            into v_end
            from chat.call_participants p where p.call_id = v_call.id;
        end if;
    end if;
    if v_end is not null then
        update chat.call_participants p set
            state = case when p.state = 'joined' then 'left' else 'missed' end,
            left_at = case when p.state = 'joined' then new.at end
        where p.call_id = v_call.id and p.state in ('joined', 'called', 'ringing');
        select p.state into new.state_after from chat.call_participants p where p.call_id = v_call.id and p.user_id = new.user_id;
        v_call.state := 'ended';
        v_call.ended_at := new.at;
        v_call.end_reason := v_end;
    end if;
    new.call_state_after := v_call.state;
    update chat.calls k set
        state = v_call.state, answered_at = v_call.answered_at, ended_at = v_call.ended_at, end_reason = v_call.end_reason,
        revision = v_call.revision + 1, changed_xid = pg_current_xact_id()
    where k.id = v_call.id;
    return new;
end
$$;

comment on function chat.call_log_apply() is
    'Trigger: judges an action by the state of the call, carries it out and completes its row; what was done already is left out. Raises CH403 not_a_member, not_a_participant, not_the_caller, not_yourself, system_only; CH404 call_not_found; CH409 wrong_call_state, call_in_progress, answered_elsewhere, call_full; CH422 bad_action, bad_device, user_required. Event: call; of ignore call_ignored, to the user alone.';

create or replace trigger a_apply before insert on chat.call_log
    for each row execute function chat.call_log_apply();

-- Calls and their participants change by what is logged, and by nothing else.
create or replace function chat.refuse_but_by_log() returns trigger language plpgsql
set search_path = pg_catalog, pg_temp as $$
begin
    if pg_trigger_depth() < 2 then
        perform chat.refuse(403, 'by_log_only', 'Calls and their participants change by rows of chat.call_log.');
    end if;
    return new;
end
$$;

comment on function chat.refuse_but_by_log() is 'Trigger: refuses with CH403 by_log_only what no other trigger does.';

create or replace trigger a_by_log_only before update on chat.calls
    for each row execute function chat.refuse_but_by_log();
create or replace trigger a_by_log_only before insert or update on chat.call_participants
    for each row execute function chat.refuse_but_by_log();
create or replace trigger a_by_log_only before update on chat.call_log
    for each row execute function chat.refuse_but_by_log();

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

-- Passes on what two clients of a call have to tell each other. What fits into a notification is written nowhere; what does not is
-- kept for as long as servers may take to read it.
create or replace function chat.signal_call(p_actor uuid, p_call uuid, p_to uuid, p_data jsonb) returns void language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    -- As much as a frame holds.
    c_data_bytes_max constant integer := 2 * 1024 * 1024;
    -- Beside it a payload has its cursor, of up to a thousand bytes and some.
    c_announced_bytes_max constant integer := 6000;
    v_call constant chat.calls := chat.require_call(p_actor, p_call);
    v_from text;
    v_to text;
    v_envelope text;
    v_id uuid;
begin
    perform chat.require_active(p_actor);
    select p.state into v_from from chat.call_participants p where p.call_id = p_call and p.user_id = p_actor;
    select p.state into v_to from chat.call_participants p where p.call_id = p_call and p.user_id = p_to and p.user_id <> p_actor;
    if v_from is null then
        perform chat.refuse(403, 'not_a_participant', 'You are not in this call.');
    elsif v_to is null then
        perform chat.refuse(404, 'participant_not_found', 'to: there is no such other participant.');
    elsif p_data is null then
        perform chat.refuse(422, 'bad_data', 'data: is required.');
    elsif octet_length(p_data::text) > c_data_bytes_max then
        perform chat.refuse(422, 'data_too_long', format('data: must have at most %s bytes.', c_data_bytes_max));
    elsif v_call.state = 'ended' or v_from not in ('called', 'ringing', 'joined') or v_to not in ('called', 'ringing', 'joined') then
        perform chat.refuse(409, 'wrong_call_state', format('The call is %s, you are %s and they are %s in it: nothing can be told now.',
            v_call.state, v_from, v_to));
    end if;
    v_envelope := chat.to_user(p_to, chat.signal_event(p_call, v_call.conversation_id, p_actor, p_to, p_data));
    if octet_length(v_envelope) > c_announced_bytes_max then
        insert into chat.call_signals (id, call_id, from_user, to_user, data, at)
        values (chat.uuid_v7(), p_call, p_actor, p_to, p_data, clock_timestamp())
        returning id into v_id;
        v_envelope := json_build_object('reference', json_build_object('type', 'signal', 'id', v_id))::text;
    end if;
    perform chat.announce(array[v_envelope]);
end
$$;

comment on function chat.signal_call(uuid, uuid, uuid, jsonb) is
    'Tells another participant''s clients something; both must be in the call, or it must ring for them. Raises CH403 not_a_member, not_a_participant; CH404 call_not_found, participant_not_found; CH409 wrong_call_state; CH422 bad_data, data_too_long. Event: signal, to p_to alone.';

create or replace function chat.signal_event(p_call uuid, p_conversation uuid, p_from uuid, p_to uuid, p_data jsonb) returns json language sql immutable as $$
    select json_build_object('type', 'signal', 'call_id', p_call, 'conversation_id', p_conversation, 'from', p_from, 'to', p_to, 'data', p_data)
$$;

comment on function chat.signal_event(uuid, uuid, uuid, uuid, jsonb) is 'The event by which one participant''s client tells another''s something.';

create or replace function chat.read_signal(p_id uuid) returns text language sql stable
security definer set search_path = pg_catalog, pg_temp as $$
    select chat.to_user(s.to_user, chat.signal_event(s.call_id, k.conversation_id, s.from_user, s.to_user, s.data))
    from chat.call_signals s join chat.calls k on k.id = s.call_id
    where s.id = p_id
$$;

comment on function chat.read_signal(uuid) is 'Envelope of a signal that was too large for a notification; null when it is gone.';

-- Once, by whichever server comes first: what has rung for long enough is missed, and who has been connected to no server for longer
-- than p_grace is hung up. That is judged only once some server has been there for as long: after a crash of PostgreSQL nobody is
-- connected according to the table, until their servers have told it again.
create or replace function chat.expire_calls(p_ring interval default '45 seconds', p_grace interval default '20 seconds')
returns integer language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    -- A listener that was away for longer resumes without signals, and clients begin anew.
    c_signals_kept constant interval := interval '10 minutes';
    v_before constant text := chat.act_as(null);
    v_now constant timestamptz := clock_timestamp();
    v_is_known boolean;
    v_call record;
    v_count bigint;
begin
    delete from chat.call_signals s where s.at < v_now - c_signals_kept;
    select exists (select from chat.servers s where s.started_at < v_now - p_grace) into v_is_known;
    for v_call in
        select k.id, k.conversation_id from chat.calls k
        where k.ended_at is null and exists (
            select from chat.call_participants p
            where p.call_id = k.id
              and (p.state in ('called', 'ringing') and p.called_at < v_now - p_ring
                or p.state = 'joined' and v_is_known and chat.is_lost(p, v_now - p_grace)))
        order by k.id
    loop
        -- In the order in which actions lock. What somebody else is at comes the next time.
        perform from chat.conversations c where c.id = v_call.conversation_id for no key update skip locked;
        continue when not found;
        insert into chat.call_log (call_id, user_id, action)
        select v_call.id, p.user_id, 'expire' from chat.call_participants p
        where p.call_id = v_call.id and p.state = 'joined' and v_is_known and chat.is_lost(p, v_now - p_grace)
        order by p.user_id;
        insert into chat.call_log (call_id, action)
        select v_call.id, 'expire'
        where exists (
            select from chat.call_participants p
            where p.call_id = v_call.id and p.state in ('called', 'ringing') and p.called_at < v_now - p_ring);
    end loop;
    select count(*) into v_count from chat.calls k where k.ended_at is null;
    perform set_config('chat.actor', v_before, true);
    return v_count::integer;
end
$$;

comment on function chat.expire_calls(interval, interval) is
    'Ends what has rung for p_ring, and hangs up who has been connected to no server for p_grace; returns how many calls run on. Events: call, message.';

create or replace function chat.is_lost(p_participant chat.call_participants, p_since timestamptz) returns boolean language sql stable
security definer set search_path = pg_catalog, pg_temp as $$
    select greatest(u.last_seen_at, p_participant.joined_at) < p_since
        and not exists (select from chat.presence p where p.user_id = u.id)
    from chat.users u where u.id = p_participant.user_id
$$;

comment on function chat.is_lost(chat.call_participants, timestamptz) is 'Whether a participant has been connected to no server since then.';

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
