-- Sending: many at once, or one. What may be sent is decided by the triggers in message.sql.

-- Sends a batch: a JSON array of {"actor", "conversation_id", "kind", "body", "data", "reply_to", "client_id"}.
-- One result for each item, in order ("item" counts from 1): status 201 and the message; 200 and the
-- message that was there, when this (conversation, sender, client_id) was sent before; or the refusal's
-- status, code and detail. A bad item fails alone.
-- The whole batch is one insert; only if that is refused is each item tried by itself.
create or replace function chat.send_messages(p_items jsonb)
returns table (item bigint, status integer, code text, detail text, message json) language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
    v_before constant text := chat.act_as(null);
    c_items_max constant integer := 1000; -- bounds how long the conversations stay locked
    v_item jsonb;
    v_place bigint;
    v_code text;
    v_detail text;
    v_state text;
begin
    if jsonb_typeof(p_items) is distinct from 'array' then
        perform chat.refuse(422, 'bad_items', 'p_items: must be a JSON array.');
    elsif jsonb_array_length(p_items) > c_items_max then
        perform chat.refuse(422, 'too_many_items', format('p_items: at most %s at once.', c_items_max));
    end if;

    begin
        return query select * from chat.insert_messages(p_items, 0);
        perform set_config('chat.actor', v_before, true);
        return;
    exception
        -- Refusals, and values that are not what their column takes.
        when sqlstate 'CH403' or sqlstate 'CH404' or sqlstate 'CH409' or sqlstate 'CH422'
            or invalid_text_representation or untranslatable_character or unique_violation then
            if jsonb_array_length(p_items) = 1 then
                get stacked diagnostics v_state = returned_sqlstate, v_code = message_text, v_detail = pg_exception_detail;
                return query select 1::bigint, r.status, r.code, r.detail, null::json from chat.refusal_of(v_state, v_code, v_detail) r;
                perform set_config('chat.actor', v_before, true);
                return;
            end if;
    end;

    for v_item, v_place in select e.value, e.ordinality from jsonb_array_elements(p_items) with ordinality e loop
        begin
            return query select * from chat.insert_messages(jsonb_build_array(v_item), v_place - 1);
        exception
            when sqlstate 'CH403' or sqlstate 'CH404' or sqlstate 'CH409' or sqlstate 'CH422'
                or invalid_text_representation or untranslatable_character or unique_violation then
                get stacked diagnostics v_state = returned_sqlstate, v_code = message_text, v_detail = pg_exception_detail;
                return query select v_place, r.status, r.code, r.detail, null::json from chat.refusal_of(v_state, v_code, v_detail) r;
        end;
    end loop;
    perform set_config('chat.actor', v_before, true);
end
$$;

comment on function chat.send_messages(jsonb) is
    'Sends a batch of {actor, conversation_id, kind, body, data, reply_to, client_id}; one result an item: 201 new, 200 sent before, or its refusal. Events: message.';

create or replace function chat.refusal_of(p_state text, p_message text, p_detail text)
returns table (status integer, code text, detail text) language sql immutable
set search_path = pg_catalog, pg_temp as $$
    select
        case when p_state like 'CH%' then right(p_state, 3)::integer when p_state = '23505' then 409 else 422 end,
        case when p_state like 'CH%' then p_message when p_state = '23505' then 'id_taken' else 'bad_value' end,
        case when p_state like 'CH%' then p_detail else p_message end
$$;

comment on function chat.refusal_of(text, text, text) is 'An error as status, code and detail.';

-- The insert of a batch, all or nothing; p_offset is added to each item's number.
create or replace function chat.insert_messages(p_items jsonb, p_offset bigint)
returns table (item bigint, status integer, code text, detail text, message json) language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
    -- In the order of ids, so that two batches never wait for each other in a circle.
    perform from chat.conversations c
    where c.id in (select (e.value ->> 'conversation_id')::uuid from jsonb_array_elements(p_items) e)
    order by c.id for no key update;

    return query
    with asked as materialized (
        select e.ordinality + p_offset as place, chat.uuid_v7() as id,
            (e.value ->> 'conversation_id')::uuid as conversation_id, (e.value ->> 'actor')::uuid as actor,
            coalesce(e.value ->> 'kind', 'text') as kind, e.value ->> 'body' as body,
            nullif(e.value -> 'data', 'null') as data, (e.value ->> 'reply_to')::uuid as reply_to,
            e.value ->> 'client_id' as client_id
        from jsonb_array_elements(p_items) with ordinality e
    ), fresh as (
        insert into chat.messages (id, conversation_id, sender_id, kind, body, data, reply_to, client_id)
        select a.id, a.conversation_id, a.actor, a.kind, a.body, a.data, a.reply_to, a.client_id
        from asked a order by a.place
        on conflict (conversation_id, sender_id, client_id) where client_id is not null do nothing
        returning *
    ), answered as (
        select a.place, 201 as status, row(f.*)::chat.messages as message
        from asked a join fresh f on f.id = a.id
        union all
        -- Skipped by the insert: it was sent before, earlier or in this very batch.
        select a.place,
            case when same.is_same then 200 else 409 end, row(m.*)::chat.messages
        from asked a
        cross join lateral (
            select x.* from chat.messages x
            where x.conversation_id = a.conversation_id and x.client_id = a.client_id
              and (x.sender_id = a.actor or (x.sender_id is null and a.actor is null))
            union all
            select x.* from fresh x
            where x.conversation_id = a.conversation_id and x.client_id = a.client_id
              and x.sender_id is not distinct from a.actor
            limit 1
        ) m
        -- Compared with what it said when it was sent, which an edit may have replaced since.
        left join lateral (
            select r.body, r.data from chat.message_revisions r
            where m.edited_at is not null and r.conversation_id = m.conversation_id and r.message_id = m.id
            order by r.revision limit 1
        ) first on true
        cross join lateral (select
            m.kind = a.kind and m.reply_to is not distinct from a.reply_to
            and case when m.edited_at is null then m.body else first.body end is not distinct from a.body
            and case when m.edited_at is null then m.data else first.data end is not distinct from a.data
        ) same (is_same)
        where not exists (select from fresh f where f.id = a.id)
    )
    select n.place, n.status,
        case when n.status = 409 then 'client_id_taken' end,
        case when n.status = 409 then 'client_id: it was sent before with another content.' end,
        case when n.status <> 409 then chat.message_json(n.message, u.name) end
    from answered n left join chat.users u on u.id = (n.message).sender_id
    order by n.place;
end
$$;

comment on function chat.insert_messages(jsonb, bigint) is 'Inserts a batch, all or nothing; used by chat.send_messages.';

-- Sends one message. Raises CH403 not_a_member, user_deactivated; CH404 conversation_not_found; CH409
-- conversation_closed, client_id_taken; CH422 (kind, body, data, reply_to, client_id). Event: message.
create or replace function chat.send_message(
    p_actor uuid, p_conversation uuid, p_body text, p_kind text default 'text', p_client_id text default null,
    p_reply_to uuid default null, p_data jsonb default null)
returns chat.messages language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_before constant text := chat.act_as(null);
    v_result record;
    v_message chat.messages;
begin
    select * into v_result from chat.insert_messages(jsonb_build_array(jsonb_build_object(
        'actor', p_actor, 'conversation_id', p_conversation, 'body', p_body, 'kind', p_kind,
        'client_id', p_client_id, 'reply_to', p_reply_to, 'data', p_data)), 0);
    if v_result.code is not null then
        perform chat.refuse(v_result.status, v_result.code, v_result.detail);
    end if;
    select * into v_message from chat.messages m where m.id = (v_result.message ->> 'id')::uuid;
    perform set_config('chat.actor', v_before, true);
    return v_message;
end
$$;

comment on function chat.send_message(uuid, uuid, text, text, text, uuid, jsonb) is
    'Sends one message; the same p_client_id again returns the message that is there. Raises CH403, CH404, CH409, CH422. Event: message.';
