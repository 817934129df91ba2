-- Sending: many at once, or one. What may be sent is decided by chat.sending_refusal in message.sql, as for plain inserts.

-- Sends a batch: a JSON array of {"actor", "conversation_id", "kind", "body", "data", "reply_to", "client_id", "media_ids"}.
-- One result for each item ("item" counts from 1): status 201 and the message; 200 and the
-- message that was there, when this (conversation, sender, client_id) was sent before; or the refusal's
-- status, code and detail. A bad item fails alone.
-- A batch is one insert. What was sent before is looked for only when that insert meets it, and items are
-- tried one by one only when a value is not what its column takes.
create or replace function chat.send_messages(p_items jsonb)
returns table (item bigint, status integer, code text, detail text, message json) language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
    v_before constant text := chat.act_as(null);
    c_items_max constant integer := 1000; -- bounds how long the conversations stay locked
    v_repeats bigint[];
begin
    if jsonb_typeof(p_items) is distinct from 'array' then
        perform chat.refuse(422, 'bad_items', 'p_items: must be a JSON array.');
    elsif jsonb_array_length(p_items) > c_items_max then
        perform chat.refuse(422, 'too_many_items', format('p_items: at most %s at once.', c_items_max));
    end if;

    begin
        begin
            return query select * from chat.insert_messages(p_items, '{}');
        exception when unique_violation then
            v_repeats := chat.find_repeats(p_items);
            return query
            select * from chat.insert_messages(p_items, v_repeats)
            union all
            select r.* from unnest(v_repeats) place, chat.send_item(p_items -> (place - 1)::integer, place) r
            order by item;
        end;
    exception when sqlstate 'CH403' or sqlstate 'CH404' or sqlstate 'CH409' or sqlstate 'CH422'
        or invalid_parameter_value or invalid_text_representation or untranslatable_character or unique_violation then
        return query select r.* from generate_series(1::bigint, jsonb_array_length(p_items)) place, chat.send_item(p_items -> (place - 1)::integer, place) r;
    end;
    perform set_config('chat.actor', v_before, true);
end
$$;

comment on function chat.send_messages(jsonb) is
    'Sends a batch of {actor, conversation_id, kind, body, data, reply_to, client_id, media_ids}; one result an item: 201 new, 200 sent before, or its refusal. Events: message.';

-- The items of a batch but those at p_left_out, judged and inserted as one statement. What is refused is answered so;
-- raises for a value that is not what its column takes, and for a client_id that is there already.
--
-- The rows are completed here as chat.messages_complete would, by the same rules, since a trigger's queries for each
-- row would cost more than all the rest. The conversations are locked first, in the order of ids, so that two batches
-- never wait for each other in a circle, and everything else is read after.
-- The plan is made once, at the first batch, when the tables may still be small: joins by anything but an index are
-- held back.
create or replace function chat.insert_messages(p_items jsonb, p_left_out bigint[])
returns table (item bigint, status integer, code text, detail text, message json) language plpgsql
security definer set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
declare
    v_answers bigint;
begin
    perform from chat.conversations c
    where c.id in (select i.conversation_id from jsonb_to_recordset(p_items) i (conversation_id uuid))
    order by c.id for no key update;

    return query
    with judged as materialized (
        select a.*, row_number() over (partition by a.conversation_id, a.refusal is null order by a.place) as nth
        from (
            select i.place, i.conversation_id, i.actor, coalesce(i.kind, 'text') as kind, i.body, i.data, i.reply_to, i.client_id, i.media_ids,
                -- last_seq, but within a trigger of the very statement that raises it.
                coalesce((select l.seq from chat.messages l where l.conversation_id = c.id and l.seq > c.last_seq order by l.seq desc limit 1), c.last_seq) as last_seq,
                -- The commonest message of all is seen to be right at a glance.
                case when i.actor is not null and coalesce(i.kind, 'text') = 'text' and chat.is_plain_text(i.body) and i.data is null
                    and i.reply_to is null and i.media_ids is null and chat.is_client_id(i.client_id) and m.active and u.deactivated_at is null and c.closed_at is null
                    and not c.is_silenced
                then null else chat.sending_refusal(coalesce(i.kind, 'text'), i.body, i.data, i.client_id, i.actor,
                    c.id is not null, c.closed_at, m.active, u.deactivated_at is not null,
                    i.actor is not null and c.is_silenced,
                    i.reply_to is null or exists (select from chat.messages r where r.id = i.reply_to and r.conversation_id = i.conversation_id),
                    i.media_ids, case when i.media_ids is not null then chat.media_refusal(i.actor, coalesce(i.kind, 'text'), i.media_ids) end
                ) end as refusal
            from rows from (jsonb_to_recordset(p_items) as
                (conversation_id uuid, actor uuid, kind text, body text, data jsonb, reply_to uuid, client_id text, media_ids uuid[])) with ordinality
                i (conversation_id, actor, kind, body, data, reply_to, client_id, media_ids, place)
            left join chat.conversations c on c.id = i.conversation_id
            left join chat.members m on m.conversation_id = i.conversation_id and m.user_id = i.actor
            left join chat.users u on u.id = i.actor
            where i.place <> all (p_left_out)
        ) a
    ), fresh as (
        insert into chat.messages (conversation_id, seq, id, sender_id, kind, body, data, reply_to, client_id, media_ids, mentions, created_at, revision, changed_xid)
        select j.conversation_id, j.last_seq + j.nth, chat.uuid_v7(), j.actor, j.kind, j.body, j.data, j.reply_to, j.client_id, j.media_ids,
            case when chat.may_mention(j.body, j.data) then chat.find_mentions(j.conversation_id, j.actor, j.body, j.data) end,
            clock_timestamp(), 1, pg_current_xact_id()
        from judged j where j.refusal is null order by j.place
        returning *
    )
    -- Rows come back in the order in which they went in.
    select f.place, 201, null, null, chat.message_json(f.message, u.name, u.avatar_id)
    from (
        select row(r.*)::chat.messages as message, r.sender_id,
            (array(select j.place from judged j where j.refusal is null order by j.place))[row_number() over ()] as place
        from fresh r
    ) f left join chat.users u on u.id = f.sender_id
    union all
    select j.place, j.refusal[1]::integer, j.refusal[2], j.refusal[3], null
    from judged j where j.refusal is not null
    order by 1;
    get diagnostics v_answers = row_count;
    -- Then the rows and the items do not correspond, nor are the seqs without gaps: each by itself, then.
    if v_answers <> jsonb_array_length(p_items) - cardinality(p_left_out) then
        perform chat.refuse(409, 'not_stored', 'A trigger of the host project has left this message out.');
    end if;
end
$$;

comment on function chat.insert_messages(jsonb, bigint[]) is 'Judges and inserts a batch as one statement; used by chat.send_messages.';

-- One item by itself, whatever is wrong with it.
create or replace function chat.send_item(p_item jsonb, p_place bigint)
returns table (item bigint, status integer, code text, detail text, message json) language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
    v_there chat.messages;
    v_detail text;
begin
    begin
        return query select p_place, r.status, r.code, r.detail, r.message from chat.insert_messages(
            jsonb_build_array(case when jsonb_typeof(p_item) = 'object' then p_item else '{}' end), '{}') r;
        return;
    exception
        -- A trigger of the host project's may refuse as ours do.
        when sqlstate 'CH403' or sqlstate 'CH404' or sqlstate 'CH409' or sqlstate 'CH422' then
            get stacked diagnostics v_detail = pg_exception_detail;
            return query select p_place, right(sqlstate, 3)::integer, sqlerrm, v_detail, null::json;
            return;
        when invalid_text_representation or untranslatable_character then
            return query select p_place, 422, 'bad_value'::text, sqlerrm, null::json;
            return;
        when unique_violation then
            null;
    end;
    v_there := chat.find_sent((p_item ->> 'conversation_id')::uuid, (p_item ->> 'actor')::uuid, p_item ->> 'client_id');
    if chat.says_the_same(v_there, p_item) then
        return query
        select p_place, 200, null::text, null::text, chat.message_json(v_there, u.name, u.avatar_id)
        from (select) one left join chat.users u on u.id = v_there.sender_id;
    else
        return query select p_place, 409, 'client_id_taken'::text, 'client_id: it was sent before with another content.'::text, null::json;
    end if;
end
$$;

comment on function chat.send_item(jsonb, bigint) is 'Sends one item of a batch by itself; used by chat.send_messages.';

-- The message that bears a client_id; its row is null when there is none.
-- Without sorting, this order can only come from messages_client_key. By its three columns alone, the planner may
-- take any index that begins with the conversation, and read all of it.
create or replace function chat.find_sent(p_conversation uuid, p_sender uuid, p_client_id text) returns chat.messages language plpgsql stable
security definer set search_path = pg_catalog, pg_temp
set enable_sort = off set enable_seqscan = off set enable_bitmapscan = off as $$
declare
    v_message chat.messages;
begin
    if p_sender is null then
        select * into v_message from chat.messages m
        where m.conversation_id = p_conversation and m.sender_id is null and m.client_id >= p_client_id
        order by m.conversation_id, m.sender_id, m.client_id limit 1;
    else
        select * into v_message from chat.messages m
        where m.conversation_id = p_conversation and m.sender_id = p_sender and m.client_id >= p_client_id
        order by m.conversation_id, m.sender_id, m.client_id limit 1;
    end if;
    if v_message.client_id = p_client_id then
        return v_message;
    end if;
    return null;
end
$$;

comment on function chat.find_sent(uuid, uuid, text) is 'The message of this sender that bears this client_id; null when there is none.';

-- Whether an item says what a message said when it was sent, which an edit may have replaced since.
create or replace function chat.says_the_same(p_message chat.messages, p_item jsonb) returns boolean language plpgsql stable
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_body text := p_message.body;
    v_data jsonb := p_message.data;
begin
    if p_message.edited_at is not null then
        select r.body, r.data into v_body, v_data from chat.message_revisions r
        where r.conversation_id = p_message.conversation_id and r.message_id = p_message.id
        order by r.revision limit 1;
    end if;
    return (p_message.kind, p_message.reply_to, v_body, v_data, to_jsonb(p_message.media_ids)) is not distinct from
        (coalesce(p_item ->> 'kind', 'text'), (p_item ->> 'reply_to')::uuid, p_item ->> 'body', nullif(p_item -> 'data', 'null'),
            nullif(p_item -> 'media_ids', 'null'));
end
$$;

comment on function chat.says_the_same(chat.messages, jsonb) is 'Whether an item of a batch says what the message said when it was sent.';

-- The items (counted from 1) whose client_id is there already, or comes earlier in the batch.
create or replace function chat.find_repeats(p_items jsonb) returns bigint[] language sql stable
security definer set search_path = pg_catalog, pg_temp as $$
    select coalesce(array_agg(i.place order by i.place), '{}')
    from (
        select *, row_number() over (partition by conversation_id, actor, client_id order by place) as copy
        from rows from (jsonb_to_recordset(p_items) as (conversation_id uuid, actor uuid, client_id text)) with ordinality
            o (conversation_id, actor, client_id, place)
    ) i
    where i.client_id is not null
      and (i.copy > 1 or (chat.find_sent(i.conversation_id, i.actor, i.client_id)).id is not null)
$$;

comment on function chat.find_repeats(jsonb) is 'Places of the items of a batch that were sent before, or earlier in it.';

-- Sends one message. Raises CH403 not_a_member, user_deactivated, blocked; CH404 conversation_not_found; CH409
-- conversation_closed, client_id_taken; CH422 (kind, body, data, reply_to, client_id, media_ids). Event: message.
create or replace function chat.send_message(
    p_actor uuid, p_conversation uuid, p_body text, p_kind text default 'text', p_client_id text default null,
    p_reply_to uuid default null, p_data jsonb default null, p_media uuid[] default null)
returns chat.messages language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_before constant text := chat.act_as(null);
    v_result record;
    v_message chat.messages;
begin
    select * into v_result from chat.send_item(jsonb_build_object(
        'actor', p_actor, 'conversation_id', p_conversation, 'body', p_body, 'kind', p_kind,
        'client_id', p_client_id, 'reply_to', p_reply_to, 'data', p_data, 'media_ids', p_media), 1);
    if v_result.code is not null then
        perform chat.refuse(v_result.status, v_result.code, v_result.detail);
    end if;
    select * into v_message from chat.messages m where m.id = (v_result.message ->> 'id')::uuid;
    perform set_config('chat.actor', v_before, true);
    return v_message;
end
$$;

comment on function chat.send_message(uuid, uuid, text, text, text, uuid, jsonb, uuid[]) is
    'Sends one message; the same p_client_id again returns the message that is there. Raises CH403, CH404, CH409, CH422. Event: message.';
