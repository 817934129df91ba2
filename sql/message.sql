-- Messages: their rules whoever writes them, their place in the conversation, and the doors.

-- What a message is to clients. A deleted one keeps its place and loses its content.
create or replace function chat.message_json(p_message chat.messages, p_sender_name text) returns json language sql stable as $$
    select json_build_object(
        'id', p_message.id, 'conversation_id', p_message.conversation_id, 'seq', p_message.seq,
        'sender_id', p_message.sender_id, 'sender_name', p_sender_name,
        'kind', p_message.kind,
        'body', case when p_message.deleted_at is null then p_message.body end,
        'data', case when p_message.deleted_at is null then p_message.data end,
        'media', null,
        'reply_to', p_message.reply_to, 'client_id', p_message.client_id,
        'created_at', chat.json_time(p_message.created_at),
        'edited_at', chat.json_time(p_message.edited_at),
        'deleted_at', chat.json_time(p_message.deleted_at),
        'revision', p_message.revision,
        'reactions', '[]'::json)
$$;

comment on function chat.message_json(chat.messages, text) is 'A message as clients see it; body, data and media are null once deleted.';

create or replace function chat.message_event(p_message chat.messages, p_sender_name text) returns json language sql stable as $$
    select json_build_object('type', 'message', 'message', chat.message_json(p_message, p_sender_name))
$$;

comment on function chat.message_event(chat.messages, text) is 'The event that a message is new or has changed: always the whole of it.';

-- The shape of what a message says; shared by insert and update.
create or replace function chat.check_content(p_kind text, p_body text, p_data jsonb) returns void language plpgsql
set search_path = pg_catalog, pg_temp as $$
declare
    c_body_characters_max constant integer := 4000; -- some 600 words: more is a file
    c_emoji_characters_max constant integer := 64;
    c_data_bytes_max constant integer := 16384;
begin
    case p_kind
        when 'text', 'system' then
            if p_body is null or p_body !~ '\S' then
                perform chat.refuse(422, 'body_required', 'body: must have at least one character that is not a space.');
            elsif char_length(p_body) > c_body_characters_max then
                perform chat.refuse(422, 'body_too_long', format('body: must have at most %s characters, and has %s.', c_body_characters_max, char_length(p_body)));
            end if;
        when 'emoji' then
            if p_body is null or p_body !~ '^\S+$' or char_length(p_body) > c_emoji_characters_max then
                perform chat.refuse(422, 'bad_emoji', format('body: must be 1 to %s characters without spaces.', c_emoji_characters_max));
            end if;
        else
            perform chat.refuse(422, 'bad_kind', 'kind: must be text, emoji or system.');
    end case;
    if jsonb_typeof(p_data) <> 'object' then
        perform chat.refuse(422, 'bad_data', 'data: must be a JSON object.');
    elsif octet_length(p_data::text) > c_data_bytes_max then
        perform chat.refuse(422, 'data_too_long', format('data: must have at most %s bytes.', c_data_bytes_max));
    end if;
end
$$;

comment on function chat.check_content(text, text, jsonb) is 'Raises CH422 (naming kind, body or data) unless a message of this kind can say this.';

-- before insert. The conversation's row is locked first and everything else is read after,
-- with a snapshot that sees whatever the lock waited for: so seq is gapless and in the order
-- of commit, and nobody sends after being removed. Rows of this statement that came before
-- are seen too, so a row skipped by `on conflict do nothing` leaves no gap.
create or replace function chat.messages_complete() returns trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_actor constant uuid := chat.current_actor();
    v_closed_at timestamptz;
    v_is_member boolean;
    v_is_deactivated boolean;
    v_has_reply_target boolean;
    v_last_seq bigint;
begin
    new.kind := coalesce(new.kind, 'text');
    if new.kind = 'system' then
        if v_actor is not null or new.sender_id is not null then
            perform chat.refuse(403, 'system_only', 'kind: only the host project writes system messages, without a sender_id.');
        end if;
    else
        new.sender_id := coalesce(new.sender_id, v_actor);
        if new.sender_id is null then
            perform chat.refuse(422, 'sender_required', 'sender_id: only system messages have no sender.');
        elsif v_actor <> new.sender_id then
            perform chat.refuse(403, 'not_the_sender', 'sender_id: must be the acting user.');
        end if;
    end if;
    perform chat.check_content(new.kind, new.body, new.data);
    if char_length(new.client_id) not between 1 and 64 then
        perform chat.refuse(422, 'bad_client_id', 'client_id: must have 1 to 64 characters.');
    end if;

    select c.closed_at into v_closed_at from chat.conversations c where c.id = new.conversation_id for no key update;
    if not found then
        perform chat.refuse(404, 'conversation_not_found', 'conversation_id: there is no such conversation.');
    end if;
    select
        m.active, u.deactivated_at is not null,
        new.reply_to is null or exists (select from chat.messages r where r.id = new.reply_to and r.conversation_id = new.conversation_id),
        coalesce((select max(l.seq) from chat.messages l where l.conversation_id = new.conversation_id), 0)
    into v_is_member, v_is_deactivated, v_has_reply_target, v_last_seq
    from (select) one
    left join (chat.members m join chat.users u on u.id = m.user_id)
        on m.conversation_id = new.conversation_id and m.user_id = new.sender_id;
    if new.sender_id is not null and v_is_member is not true then
        perform chat.refuse(403, 'not_a_member', 'The sender is not a member of this conversation.');
    elsif v_is_deactivated then
        perform chat.refuse(403, 'user_deactivated', 'The sender has been deactivated.');
    elsif v_closed_at is not null then
        perform chat.refuse(409, 'conversation_closed', 'This conversation is closed.');
    elsif not v_has_reply_target then
        perform chat.refuse(422, 'reply_to_not_found', 'reply_to: there is no such message in this conversation.');
    end if;

    new.id := coalesce(new.id, chat.uuid_v7());
    new.seq := v_last_seq + 1;
    new.created_at := coalesce(new.created_at, clock_timestamp());
    new.edited_at := null;
    new.deleted_at := null;
    new.deleted_by := null;
    new.revision := 1;
    new.changed_xid := pg_current_xact_id();
    return new;
end
$$;

comment on function chat.messages_complete() is 'Trigger: checks a new message, gives it its place and completes it.';

create or replace trigger a_complete before insert on chat.messages
    for each row execute function chat.messages_complete();

-- after insert: the conversation's last_seq and the senders' marks are raised once a statement, then the news.
create or replace function chat.messages_announce_new() returns trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
begin
    update chat.conversations c set last_seq = n.last_seq, last_message_at = n.last_message_at
    from (select i.conversation_id, max(i.seq) as last_seq, max(i.created_at) as last_message_at from inserted i group by 1) n
    where c.id = n.conversation_id;

    update chat.marks k set delivered_seq = n.last_seq, read_seq = n.last_seq
    from (
        select i.conversation_id, i.sender_id, max(i.seq) as last_seq
        from inserted i where i.sender_id is not null group by 1, 2 order by 1, 2) n
    where k.conversation_id = n.conversation_id and k.user_id = n.sender_id;

    perform chat.announce(array(
        select chat.to_conversation(m.conversation_id, chat.message_event(row(m.*)::chat.messages, u.name))
        from inserted m left join chat.users u on u.id = m.sender_id
        order by m.conversation_id, m.seq));
    return null;
end
$$;

comment on function chat.messages_announce_new() is 'Trigger: raises last_seq and the senders'' marks, and announces new messages.';

create or replace trigger c_announce_insert after insert on chat.messages
    referencing new table as inserted
    for each statement execute function chat.messages_announce_new();

-- before update of what people set: who may, what stays, the kept revision, the stamp.
create or replace function chat.messages_guard_update() returns trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_actor constant uuid := chat.current_actor();
    v_role text;
begin
    if (new.id, new.conversation_id, new.seq, new.sender_id, new.kind, new.reply_to, new.client_id, new.created_at)
        is distinct from (old.id, old.conversation_id, old.seq, old.sender_id, old.kind, old.reply_to, old.client_id, old.created_at)
    then
        perform chat.refuse(422, 'immutable_column',
            'id, conversation_id, seq, sender_id, kind, reply_to, client_id, created_at: never change.');
    end if;
    -- Before anything else, since even an update that changes nothing returns the row to its caller.
    if v_actor is not null then
        select m.role into v_role from chat.members m
        where m.conversation_id = old.conversation_id and m.user_id = v_actor and m.active;
        if v_role is null then
            perform chat.refuse(403, 'not_a_member', 'You are not a member of this conversation.');
        end if;
    end if;
    new.edited_at := old.edited_at;
    new.deleted_by := old.deleted_by;
    if (new.body, new.data, new.deleted_at) is not distinct from (old.body, old.data, old.deleted_at) then
        return new;
    end if;

    if new.deleted_at is null and old.deleted_at is not null then
        if v_role = 'member' then
            perform chat.refuse(403, 'not_an_admin', 'Only an owner or admin can restore a message.');
        end if;
    elsif old.deleted_at is not null then
        if (new.body, new.data) is distinct from (old.body, old.data) then
            perform chat.refuse(409, 'message_deleted', 'A deleted message can not be edited.');
        end if;
        new.deleted_at := old.deleted_at;
        return new;
    elsif new.deleted_at is not null then
        if v_actor is distinct from old.sender_id and v_role = 'member' then
            perform chat.refuse(403, 'not_the_sender', 'Only the sender, an owner or an admin can delete a message.');
        end if;
        new.deleted_at := clock_timestamp();
        new.deleted_by := v_actor;
    end if;

    if (new.body, new.data) is distinct from (old.body, old.data) then
        if v_actor is not null and v_actor is distinct from old.sender_id then
            perform chat.refuse(403, 'not_the_sender', 'Only the sender can edit a message.');
        end if;
        perform chat.check_content(new.kind, new.body, new.data);
        insert into chat.message_revisions (conversation_id, message_id, revision, body, data, replaced_at, replaced_by)
        values (old.conversation_id, old.id, old.revision, old.body, old.data, clock_timestamp(), v_actor);
        new.edited_at := clock_timestamp();
    end if;
    if new.deleted_at is null then
        new.deleted_by := null;
    end if;
    new.revision := old.revision + 1;
    new.changed_xid := pg_current_xact_id();
    return new;
end
$$;

comment on function chat.messages_guard_update() is 'Trigger: checks an edit, a soft delete or a restore; keeps the revision; stamps.';

create or replace trigger a_guard_update
    before update of id, conversation_id, seq, sender_id, kind, body, data, reply_to, client_id, created_at, edited_at, deleted_at, deleted_by
    on chat.messages
    for each row execute function chat.messages_guard_update();

create or replace function chat.messages_announce_changed() returns trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform chat.announce(array(
        select chat.to_conversation(m.conversation_id, chat.message_event(row(m.*)::chat.messages, u.name))
        from updated m
        join previous o on o.conversation_id = m.conversation_id and o.seq = m.seq
        left join chat.users u on u.id = m.sender_id
        where o.revision <> m.revision
        order by m.conversation_id, m.seq));
    return null;
end
$$;

comment on function chat.messages_announce_changed() is 'Trigger: announces edited, deleted and restored messages.';

create or replace trigger c_announce_update after update on chat.messages
    referencing old table as previous new table as updated
    for each statement execute function chat.messages_announce_changed();

-- before delete: soft. Each row is an update of its own; chat.delete_messages does many with one announcement.
create or replace function chat.messages_soft_delete() returns trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
begin
    update chat.messages set deleted_at = clock_timestamp()
    where conversation_id = old.conversation_id and seq = old.seq and deleted_at is null;
    return null;
end
$$;

comment on function chat.messages_soft_delete() is 'Trigger: turns a delete into a soft delete, so delete reports 0 rows.';

create or replace trigger a_soft_delete before delete on chat.messages
    for each row execute function chat.messages_soft_delete();
create or replace trigger a_refuse_truncate before truncate on chat.messages
    for each statement execute function chat.refuse_truncate();
create or replace trigger a_refuse_delete before delete on chat.message_revisions
    for each row execute function chat.refuse_delete();
create or replace trigger a_refuse_truncate before truncate on chat.message_revisions
    for each statement execute function chat.refuse_truncate();

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

create or replace function chat.edit_message(p_actor uuid, p_message uuid, p_body text) returns chat.messages language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_before constant text := chat.act_as(p_actor);
    v_message chat.messages;
begin
    update chat.messages m set body = p_body where m.id = p_message returning * into v_message;
    if v_message.id is null then
        perform chat.refuse(404, 'message_not_found', 'message_id: there is no such message.');
    end if;
    perform set_config('chat.actor', v_before, true);
    return v_message;
end
$$;

comment on function chat.edit_message(uuid, uuid, text) is
    'Changes a message''s body and keeps the old one. Raises CH403 not_the_sender, not_a_member; CH404; CH409 message_deleted; CH422. Event: message.';

create or replace function chat.delete_message(p_actor uuid, p_message uuid) returns chat.messages language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_before constant text := chat.act_as(p_actor);
    v_message chat.messages;
begin
    update chat.messages m set deleted_at = clock_timestamp() where m.id = p_message returning * into v_message;
    if v_message.id is null then
        perform chat.refuse(404, 'message_not_found', 'message_id: there is no such message.');
    end if;
    perform set_config('chat.actor', v_before, true);
    return v_message;
end
$$;

comment on function chat.delete_message(uuid, uuid) is
    'Deletes a message for everyone, softly; once deleted it stays so. Raises CH403 not_the_sender, not_a_member; CH404. Event: message.';

create or replace function chat.delete_messages(p_actor uuid, p_messages uuid[]) returns bigint language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_before constant text := chat.act_as(p_actor);
    v_count bigint;
begin
    update chat.messages m set deleted_at = clock_timestamp() where m.id = any (p_messages) and m.deleted_at is null;
    get diagnostics v_count = row_count;
    perform set_config('chat.actor', v_before, true);
    return v_count;
end
$$;

comment on function chat.delete_messages(uuid, uuid[]) is
    'Deletes many messages for everyone with one announcement, all or none; returns how many. Raises CH403. Events: message.';

create or replace function chat.restore_message(p_actor uuid, p_message uuid) returns chat.messages language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_before constant text := chat.act_as(p_actor);
    v_message chat.messages;
begin
    update chat.messages m set deleted_at = null where m.id = p_message returning * into v_message;
    if v_message.id is null then
        perform chat.refuse(404, 'message_not_found', 'message_id: there is no such message.');
    end if;
    perform set_config('chat.actor', v_before, true);
    return v_message;
end
$$;

comment on function chat.restore_message(uuid, uuid) is
    'Brings a deleted message back. Raises CH403 not_an_admin, not_a_member; CH404. Event: message.';

-- What a message said before each edit, oldest first, to members.
create or replace function chat.revisions(p_actor uuid, p_message uuid) returns setof json language plpgsql stable
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_message chat.messages;
begin
    select * into v_message from chat.messages m where m.id = p_message;
    if not found then
        perform chat.refuse(404, 'message_not_found', 'message_id: there is no such message.');
    end if;
    perform chat.require_member(p_actor, v_message.conversation_id);
    if v_message.deleted_at is not null and p_actor is not null then
        perform chat.refuse(409, 'message_deleted', 'This message was deleted.');
    end if;
    return query
    select json_build_object('revision', r.revision, 'body', r.body, 'data', r.data,
        'replaced_at', chat.json_time(r.replaced_at), 'replaced_by', r.replaced_by)
    from chat.message_revisions r
    where r.conversation_id = v_message.conversation_id and r.message_id = p_message
    order by r.revision;
end
$$;

comment on function chat.revisions(uuid, uuid) is 'What a message said before each edit, oldest first. Raises CH403 not_a_member, CH404, CH409 message_deleted.';

create or replace function chat.read_message(p_actor uuid, p_message uuid) returns json language plpgsql stable
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_message chat.messages;
begin
    select * into v_message from chat.messages m where m.id = p_message;
    if not found then
        perform chat.refuse(404, 'message_not_found', 'message_id: there is no such message.');
    end if;
    perform chat.require_member(p_actor, v_message.conversation_id);
    return chat.message_json(v_message, (select u.name from chat.users u where u.id = v_message.sender_id));
end
$$;

comment on function chat.read_message(uuid, uuid) is 'One message, to members. Raises CH403 not_a_member, CH404.';

-- One page of a conversation, always in the order of seq: the newest, or those right before p_before,
-- right after p_after, or around p_around. Each branch walks the primary key and stops at the limit.
create or replace function chat.history(
    p_actor uuid, p_conversation uuid, p_before bigint default null, p_after bigint default null,
    p_around bigint default null, p_limit integer default 50)
returns table (seq bigint, message json) language plpgsql stable
security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
    v_limit constant integer := least(greatest(p_limit, 1), 100);
begin
    perform chat.require_member(p_actor, p_conversation);
    if p_after is not null then
        return query
        select m.seq, chat.message_json(m, u.name)
        from chat.messages m left join chat.users u on u.id = m.sender_id
        where m.conversation_id = p_conversation and m.seq > p_after
        order by m.seq limit v_limit;
    elsif p_around is not null then
        return query
        select h.seq, h.message from chat.history(p_actor, p_conversation, least(p_around, 9223372036854775806) + 1, null, null, (v_limit + 1) / 2) h
        union all
        (select h.seq, h.message from chat.history(p_actor, p_conversation, null, p_around, null, v_limit / 2) h where v_limit > 1);
    else
        return query
        select page.seq, page.message from (
            select m.seq, chat.message_json(m, u.name) as message
            from chat.messages m left join chat.users u on u.id = m.sender_id
            where m.conversation_id = p_conversation and m.seq < coalesce(p_before, 9223372036854775807)
            order by m.seq desc limit v_limit
        ) page
        order by page.seq;
    end if;
end
$$;

comment on function chat.history(uuid, uuid, bigint, bigint, bigint, integer) is
    'A page of messages in order of seq: the newest, before, after or around a seq; p_limit 1 to 100. Raises CH403 not_a_member, CH404.';
