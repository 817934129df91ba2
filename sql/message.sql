-- Messages: their place in the conversation, who may send and change them, and the doors. What each kind can say is in
-- content.sql, what is done to messages in reaction.sql, pin.sql, mention.sql and forward.sql.

-- What a message is to clients, as JSON text. A deleted one keeps its place and loses its content.
-- Put together by hand, since it is the most frequent work of the database: json_build_object takes twice as long.
-- Text that people write goes through to_json, which quotes it; the rest are ids, numbers and fixed words.
create or replace function chat.message_text(p_message chat.messages, p_sender_name text, p_sender_avatar uuid default null) returns text language sql stable as $$
    select concat(
        '{"id":"', p_message.id, '","conversation_id":"', p_message.conversation_id, '","seq":', p_message.seq,
        ',"sender_id":', coalesce('"' || p_message.sender_id || '"', 'null'),
        ',"sender_name":', coalesce(to_json(p_sender_name)::text, 'null'),
        -- Left out where there is none, as for most.
        ',"sender_avatar_id":"' || p_sender_avatar || '"',
        ',"kind":"', p_message.kind, '","body":', coalesce(case when p_message.deleted_at is null then to_json(p_message.body)::text end, 'null'),
        ',"client_id":', coalesce(to_json(p_message.client_id)::text, 'null'),
        ',"created_at":"', chat.json_time(p_message.created_at), '","revision":', p_message.revision,
        -- What most messages have nothing of, in one piece.
        case
            when p_message.revision = 1 and p_message.data is null and p_message.reply_to is null
                and p_message.mentions is null and p_message.forwarded_from is null and p_message.media_ids is null
            then ',"data":null,"media":null,"reply_to":null,"reply":null,"forwarded":false,"edited_at":null,"deleted_at":null,'
                '"pinned_at":null,"pinned_by":null,"mentions":[],"reactions":[],"preview":null}'
            when p_message.deleted_at is not null
            then concat(
                ',"data":null,"media":null,"reply_to":', coalesce('"' || p_message.reply_to || '"', 'null'),
                ',"reply":null,"forwarded":', case when p_message.forwarded_from is null then 'false' else 'true' end,
                ',"edited_at":', coalesce('"' || chat.json_time(p_message.edited_at) || '"', 'null'),
                ',"deleted_at":"', chat.json_time(p_message.deleted_at), '"',
                ',"pinned_at":null,"pinned_by":null,"mentions":[],"reactions":[],"preview":null}')
            else concat(
                ',"data":', coalesce(p_message.data::text, 'null'),
                ',"media":', coalesce(case when p_message.media_ids is not null then chat.media_text(p_message.media_ids) end, 'null'),
                ',"reply_to":', coalesce('"' || p_message.reply_to || '"', 'null'),
                ',"reply":', coalesce(case when p_message.reply_to is not null then chat.reply_text(p_message.reply_to) end, 'null'),
                ',"forwarded":', case when p_message.forwarded_from is null then 'false' else 'true' end,
                ',"edited_at":', coalesce('"' || chat.json_time(p_message.edited_at) || '"', 'null'),
                ',"deleted_at":null',
                ',"pinned_at":', coalesce('"' || chat.json_time(p_message.pinned_at) || '"', 'null'),
                ',"pinned_by":', coalesce('"' || p_message.pinned_by || '"', 'null'),
                ',"mentions":', coalesce(case when p_message.mentions is not null then chat.mentions_text(p_message.mentions) end, '[]'),
                ',"reactions":', coalesce(p_message.reactions::text, '[]'),
                ',"preview":', coalesce(case when p_message.preview_url is not null then chat.preview_text(p_message.preview_url) end, 'null'), '}')
            end)
$$;

comment on function chat.message_text(chat.messages, text, uuid) is 'A message as clients see it, as JSON text; once deleted, what it says and what was done to it is left out.';

create or replace function chat.message_json(p_message chat.messages, p_sender_name text, p_sender_avatar uuid default null) returns json language sql stable as $$
    select chat.message_text(p_message, p_sender_name, p_sender_avatar)::json
$$;

comment on function chat.message_json(chat.messages, text, uuid) is 'A message as clients see it; once deleted, what it says and what was done to it is left out.';

-- The message that another one answers, as far as it is shown above the answer. It is as of when the JSON is made: what
-- changes later comes with the quoted message's own event. A function with a plan that it keeps, called for answers
-- only; by nothing but its key, or a plan made while the table was small would read all of it later.
create or replace function chat.reply_text(p_message uuid) returns text language plpgsql stable
security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
begin
    return (
        select concat(
            '{"id":"', q.id, '","seq":', q.seq, ',"sender_id":', coalesce('"' || q.sender_id || '"', 'null'),
            ',"sender_name":', coalesce(to_json(u.name)::text, 'null'), ',"kind":"', q.kind,
            '","excerpt":', coalesce(case when q.deleted_at is null then to_json(left(q.body, chat.excerpt_characters_max()))::text end, 'null'),
            ',"deleted":', case when q.deleted_at is null then 'false' else 'true' end, '}')
        from chat.messages q left join chat.users u on u.id = q.sender_id
        where q.id = p_message);
end
$$;

comment on function chat.reply_text(uuid) is
    'A quoted message, as JSON text: {id, seq, sender_id, sender_name, kind, excerpt, deleted}; excerpt is null once deleted.';

-- Two lines on a wide screen.
create or replace function chat.excerpt_characters_max() returns integer language sql immutable as $$ select 120 $$;

comment on function chat.excerpt_characters_max() is 'The most characters of a quoted message''s body that an answer carries.';

-- The event that a message is new or has changed, always the whole of it, for the members.
create or replace function chat.message_envelope(p_message chat.messages, p_sender_name text, p_sender_avatar uuid default null) returns text language sql stable as $$
    select '{"conversation":"' || p_message.conversation_id || '","event":{"type":"message","message":'
        || chat.message_text(p_message, p_sender_name, p_sender_avatar) || '}}'
$$;

comment on function chat.message_envelope(chat.messages, text, uuid) is 'Envelope of the event that a message is new or has changed: always the whole of it.';

create or replace function chat.is_client_id(p_client_id text) returns boolean language sql immutable as $$
    select coalesce(char_length(p_client_id) between 1 and 64, true)
$$;

comment on function chat.is_client_id(text) is 'Whether this can be a client_id: none, or 1 to 64 characters.';

-- Why a new message is refused: {status, code, detail}; null when it is not. What it says comes first, then who
-- says it and where: p_conversation_exists, p_closed_at, p_is_member and p_is_deactivated (of the sender; null when
-- not a member), p_reply_exists (true when nothing is answered) and p_media_refusal (of chat.media_refusal; null without
-- media) are looked up by the caller.
create or replace function chat.sending_refusal(
    p_kind text, p_body text, p_data jsonb, p_client_id text, p_sender uuid,
    p_conversation_exists boolean, p_closed_at timestamptz, p_is_member boolean, p_is_deactivated boolean, p_is_blocked boolean,
    p_reply_exists boolean, p_media uuid[], p_media_refusal text[])
returns text[] language plpgsql immutable as $$
declare
    v_content text[];
begin
    if (p_kind = 'system') <> (p_sender is null) then
        if p_sender is null then
            return array['422', 'sender_required', 'sender_id: only system messages have no sender.'];
        end if;
        return array['403', 'system_only', 'kind: only the host project writes system messages, without a sender_id.'];
    end if;
    v_content := chat.content_refusal(p_kind, p_body, p_data, p_media is not null);
    if v_content is not null then
        return '422'::text || v_content;
    elsif not chat.is_client_id(p_client_id) then
        return array['422', 'bad_client_id', 'client_id: must have 1 to 64 characters.'];
    elsif not p_conversation_exists then
        return array['404', 'conversation_not_found', 'conversation_id: there is no such conversation.'];
    elsif p_sender is not null and p_is_member is not true then
        return array['403', 'not_a_member', 'The sender is not a member of this conversation.'];
    elsif p_is_deactivated then
        return array['403', 'user_deactivated', 'The sender has been deactivated.'];
    elsif p_closed_at is not null then
        return array['409', 'conversation_closed', 'This conversation is closed.'];
    elsif p_is_blocked then
        return array['403', 'blocked', 'One of you has blocked the other.'];
    elsif not p_reply_exists then
        return array['422', 'reply_to_not_found', 'reply_to: there is no such message in this conversation.'];
    elsif p_media_refusal is not null then
        return '422'::text || p_media_refusal;
    end if;
    return null;
end
$$;

comment on function chat.sending_refusal(text, text, jsonb, text, uuid, boolean, timestamptz, boolean, boolean, boolean, boolean, uuid[], text[]) is
    'Why a new message is refused, as {status, code, detail}; null when it is not. For rows and for batches alike.';

-- before insert, of what chat.send_messages has not completed already. The conversation's row is locked first and
-- everything else is read after, with a snapshot that sees whatever the lock waited for: so seq is gapless and in
-- the order of commit, and nobody sends after being removed. Rows of this statement that came before
-- are seen too, so a row skipped by `on conflict do nothing` leaves no gap.
-- Without sorting, the newest seq can only come from the end of the primary key. Left to itself, the planner
-- takes any index of an empty table, keeps that plan while the table fills, and each row then reads all before.
create or replace function chat.messages_complete() returns trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp
set enable_sort = off set enable_seqscan = off set enable_bitmapscan = off as $$
declare
    v_actor constant uuid := chat.current_actor();
    v_original chat.messages;
    v_conversation_exists boolean;
    v_closed_at timestamptz;
    v_is_member boolean;
    v_is_deactivated boolean;
    v_is_blocked boolean;
    v_reply_exists boolean;
    v_last_seq bigint;
    v_refusal text[];
begin
    new.kind := coalesce(new.kind, 'text');
    new.preview_url := null;
    if new.forwarded_from is not null then
        new.sender_id := coalesce(new.sender_id, v_actor);
        v_original := chat.require_forwardable(new.sender_id, new.forwarded_from);
        new.kind := v_original.kind;
        new.body := v_original.body;
        -- Whom the original called is not called again elsewhere.
        new.data := nullif(v_original.data - 'mentions', '{}');
        new.preview_url := v_original.preview_url;
        new.media_ids := v_original.media_ids;
    end if;
    if new.kind = 'system' then
        if v_actor is not null then
            perform chat.refuse(403, 'system_only', 'kind: only the host project writes system messages, without a sender_id.');
        end if;
    else
        new.sender_id := coalesce(new.sender_id, v_actor);
        if v_actor <> new.sender_id then
            perform chat.refuse(403, 'not_the_sender', 'sender_id: must be the acting user.');
        end if;
    end if;

    -- What says that it was closed comes after that, and is the last.
    select case when new.kind <> 'system' or new.data ->> 'event' is distinct from 'closed' then c.closed_at end,
        c.is_silenced
    into v_closed_at, v_is_blocked
    from chat.conversations c where c.id = new.conversation_id for no key update;
    v_conversation_exists := found;
    select
        m.active, u.deactivated_at is not null,
        new.reply_to is null or exists (select from chat.messages r where r.id = new.reply_to and r.conversation_id = new.conversation_id),
        coalesce((select l.seq from chat.messages l where l.conversation_id = new.conversation_id order by l.seq desc limit 1), 0)
    into v_is_member, v_is_deactivated, v_reply_exists, v_last_seq
    from (select) one
    left join (chat.members m join chat.users u on u.id = m.user_id)
        on m.conversation_id = new.conversation_id and m.user_id = new.sender_id;
    v_refusal := chat.sending_refusal(new.kind, new.body, new.data, new.client_id, new.sender_id,
        v_conversation_exists, v_closed_at, v_is_member, v_is_deactivated, v_is_blocked and new.kind <> 'system', v_reply_exists,
        new.media_ids, case when new.media_ids is not null then chat.media_refusal(new.sender_id, new.kind, new.media_ids) end);
    if v_refusal is not null then
        perform chat.refuse(v_refusal[1]::integer, v_refusal[2], v_refusal[3]);
    end if;

    new.id := coalesce(new.id, chat.uuid_v7());
    new.seq := v_last_seq + 1;
    new.created_at := coalesce(new.created_at, clock_timestamp());
    new.edited_at := null;
    new.deleted_at := null;
    new.deleted_by := null;
    new.pinned_at := null;
    new.pinned_by := null;
    new.reactions := null;
    new.preview_removed_at := null;
    -- A name in what the system tells calls nobody.
    new.mentions := case when new.forwarded_from is null and chat.may_mention(new.body, new.data) and not (new.kind = 'system' and new.data ? 'event')
        then chat.find_mentions(new.conversation_id, new.sender_id, new.body, new.data) end;
    new.revision := 1;
    new.changed_xid := pg_current_xact_id();
    return new;
end
$$;

comment on function chat.messages_complete() is 'Trigger: checks a new message, gives it its place and completes it.';

-- A row that bears this transaction's stamp was completed by chat.insert_messages. Nobody else can stamp one: the
-- column is granted to no role, and a stamp that came with copied rows is another transaction's.
create or replace trigger a_complete before insert on chat.messages
    for each row when (new.changed_xid is distinct from pg_current_xact_id()) execute function chat.messages_complete();

-- after insert: the conversation's last_seq and the senders' marks are raised once a statement, then the news.
create or replace function chat.messages_announce_new() returns trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
begin
    update chat.conversations c set last_seq = n.last_seq, last_message_at = n.last_message_at
    from (select i.conversation_id, max(i.seq) as last_seq, max(i.created_at) as last_message_at from inserted i group by 1) n
    where c.id = n.conversation_id;

    update chat.marks k set delivered_seq = n.last_seq, read_seq = n.last_seq, sent_seq = n.last_seq
    from (
        select i.conversation_id, i.sender_id, max(i.seq) as last_seq
        -- A call leaves its message when it ends, whatever its caller has read by then.
        from inserted i where i.sender_id is not null and i.kind <> 'call' group by 1, 2 order by 1, 2) n
    where k.conversation_id = n.conversation_id and k.user_id = n.sender_id;

    if exists (select from inserted i where i.mentions is not null) then
        insert into chat.mentions (conversation_id, user_id, seq)
        select i.conversation_id, x, i.seq from inserted i cross join unnest(i.mentions) x
        order by 1, 2, 3;
    end if;
    if exists (select from inserted i where i.media_ids is not null) then
        insert into chat.message_media (media_id, conversation_id, seq, place)
        select m.id, i.conversation_id, i.seq, m.place from inserted i cross join unnest(i.media_ids) with ordinality m (id, place)
        order by 1, 2, 3, 4;
    end if;

    perform chat.announce(array(
        select chat.message_envelope(row(m.*)::chat.messages, u.name, u.avatar_id)
        from inserted m left join chat.users u on u.id = m.sender_id
        order by m.conversation_id, m.seq));
    return null;
end
$$;

comment on function chat.messages_announce_new() is 'Trigger: raises last_seq and the senders'' marks, notes mentions and media, and announces new messages.';

create or replace trigger c_announce_insert after insert on chat.messages
    referencing new table as inserted
    for each statement execute function chat.messages_announce_new();

-- before update of what people set: who may, what stays, the kept revision, the stamp.
create or replace function chat.messages_guard_update() returns trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_actor constant uuid := chat.current_actor();
    v_role text;
    v_refusal text[];
begin
    if (new.id, new.conversation_id, new.seq, new.sender_id, new.kind, new.reply_to, new.client_id, new.forwarded_from, new.media_ids, new.created_at)
        is distinct from (old.id, old.conversation_id, old.seq, old.sender_id, old.kind, old.reply_to, old.client_id, old.forwarded_from, old.media_ids, old.created_at)
    then
        perform chat.refuse(422, 'immutable_column',
            'id, conversation_id, seq, sender_id, kind, reply_to, client_id, forwarded_from, media_ids, created_at: never change.');
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
    new.pinned_by := old.pinned_by;
    new.mentions := old.mentions;
    -- Pinned again, or taken down again, is as it was.
    if (new.pinned_at is null) = (old.pinned_at is null) then
        new.pinned_at := old.pinned_at;
    end if;
    if (new.body, new.data, new.deleted_at, new.pinned_at) is not distinct from (old.body, old.data, old.deleted_at, old.pinned_at) then
        return new;
    end if;

    if new.deleted_at is null and old.deleted_at is not null then
        if v_role = 'member' then
            perform chat.refuse(403, 'not_an_admin', 'Only an owner or admin can restore a message.');
        end if;
    elsif old.deleted_at is not null then
        if (new.body, new.data) is distinct from (old.body, old.data) then
            perform chat.refuse(409, 'message_deleted', 'A deleted message can not be edited.');
        elsif new.pinned_at is not null then
            perform chat.refuse(409, 'message_deleted', 'A deleted message can not be pinned.');
        end if;
        new.deleted_at := old.deleted_at;
        return new;
    elsif new.deleted_at is not null then
        if v_actor is distinct from old.sender_id and v_role = 'member' then
            perform chat.refuse(403, 'not_the_sender', 'Only the sender, an owner or an admin can delete a message.');
        end if;
        new.deleted_at := clock_timestamp();
        new.deleted_by := v_actor;
        new.pinned_at := null;
    end if;
    -- Other words in an old message would be heard as new ones are, and so would a pin. What is taken back may be.
    if v_actor is not null
        and ((new.body, new.data) is distinct from (old.body, old.data) or (new.pinned_at is not null and old.pinned_at is null))
        and chat.is_silenced(old.conversation_id)
    then
        perform chat.refuse(403, 'blocked', 'One of you has blocked the other.');
    end if;

    if (new.pinned_at is null) <> (old.pinned_at is null) then
        if new.deleted_at is null then
            perform chat.require_may_pin(v_role, old.conversation_id, new.pinned_at is not null);
        end if;
        new.pinned_at := case when new.pinned_at is not null then clock_timestamp() end;
        new.pinned_by := case when new.pinned_at is not null then v_actor end;
    end if;

    if (new.body, new.data) is distinct from (old.body, old.data) then
        if v_actor is not null and v_actor is distinct from old.sender_id then
            perform chat.refuse(403, 'not_the_sender', 'Only the sender can edit a message.');
        end if;
        v_refusal := chat.content_refusal(new.kind, new.body, new.data, new.media_ids is not null);
        if v_refusal is not null then
            perform chat.refuse(422, v_refusal[1], v_refusal[2]);
        end if;
        insert into chat.message_revisions (conversation_id, message_id, revision, body, data, replaced_at, replaced_by)
        values (old.conversation_id, old.id, old.revision, old.body, old.data, clock_timestamp(), v_actor);
        new.edited_at := clock_timestamp();
        new.mentions := case when chat.may_mention(new.body, new.data)
            then chat.find_mentions(old.conversation_id, old.sender_id, new.body, new.data) end;
        if new.mentions is distinct from old.mentions then
            perform chat.change_mentions(old.conversation_id, old.seq, old.mentions, new.mentions);
        end if;
    end if;
    if new.deleted_at is null then
        new.deleted_by := null;
    end if;
    new.revision := old.revision + 1;
    new.changed_xid := pg_current_xact_id();
    return new;
end
$$;

comment on function chat.messages_guard_update() is 'Trigger: checks an edit, a soft delete, a restore or a pin; keeps the revision; stamps.';

create or replace trigger a_guard_update
    before update of id, conversation_id, seq, sender_id, kind, body, data, reply_to, client_id, forwarded_from, media_ids, created_at, edited_at, deleted_at, deleted_by,
        mentions, pinned_at, pinned_by
    on chat.messages
    for each row execute function chat.messages_guard_update();

create or replace function chat.messages_announce_changed() returns trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform chat.announce(array(
        select chat.message_envelope(row(m.*)::chat.messages, u.name, u.avatar_id)
        from updated m
        join previous o on o.conversation_id = m.conversation_id and o.seq = m.seq
        left join chat.users u on u.id = m.sender_id
        where o.revision <> m.revision
        order by m.conversation_id, m.seq));
    return null;
end
$$;

comment on function chat.messages_announce_changed() is 'Trigger: announces messages that were edited, deleted, restored, pinned, reacted to or given a preview.';

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

-- What a function ends with that changes one message: there must have been one, and the acting user is put back.
create or replace function chat.end_change(p_message chat.messages, p_before text) returns chat.messages language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
begin
    if p_message.id is null then
        perform chat.refuse(404, 'message_not_found', 'message_id: there is no such message.');
    end if;
    perform set_config('chat.actor', p_before, true);
    return p_message;
end
$$;

comment on function chat.end_change(chat.messages, text) is
    'The message that was changed, with the setting chat.actor as it was before. Raises CH404 message_not_found when there was none.';

-- p_data null leaves it as it is.
create or replace function chat.edit_message(p_actor uuid, p_message uuid, p_body text, p_data jsonb default null) returns chat.messages language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_before constant text := chat.act_as(p_actor);
    v_message chat.messages;
begin
    update chat.messages m set body = p_body, data = coalesce(p_data, m.data) where m.id = p_message returning * into v_message;
    return chat.end_change(v_message, v_before);
end
$$;

comment on function chat.edit_message(uuid, uuid, text, jsonb) is
    'Changes a message''s body, and its data where p_data is not null, and keeps what it said. Raises CH403 not_the_sender, not_a_member, blocked; CH404; CH409 message_deleted; CH422. Event: message.';

create or replace function chat.delete_message(p_actor uuid, p_message uuid) returns chat.messages language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_before constant text := chat.act_as(p_actor);
    v_message chat.messages;
begin
    update chat.messages m set deleted_at = clock_timestamp() where m.id = p_message returning * into v_message;
    return chat.end_change(v_message, v_before);
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
    return chat.end_change(v_message, v_before);
end
$$;

comment on function chat.restore_message(uuid, uuid) is
    'Brings a deleted message back. Raises CH403 not_an_admin, not_a_member; CH404. Event: message.';
