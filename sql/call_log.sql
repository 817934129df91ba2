-- What is done with a call: a row of chat.call_log, which is judged, and carried out, by its trigger; so functions and plain SQL
-- obey the same rules. docs/calls.md has them as a table, and a test drives the database through every cell of it. And what
-- happens by itself, once however many servers look.

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
