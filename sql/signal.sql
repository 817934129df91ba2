-- Signals: what two clients of a call tell each other to find a way between them.

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
