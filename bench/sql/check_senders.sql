-- Sends one message for everyone: what is refused would be measured as if it had been sent.
do $$
declare
    v_code text;
begin
    select r.code into v_code
    from (select distinct conversation_id, user_id from bench.senders) s
    cross join lateral chat.send_messages(jsonb_build_array(jsonb_build_object(
        'actor', s.user_id, 'conversation_id', s.conversation_id, 'body', 'May I?', 'client_id', gen_random_uuid()))) r
    where r.status <> 201 limit 1;
    if v_code is not null then
        raise exception 'a pair can not send: %', v_code;
    end if;
end
$$;
