-- Receipts: watermarks that are only raised, the log of their raises, and who read what when.

-- before insert or update: never lowered, never beyond the newest message, read implies delivered.
create or replace function chat.marks_raise_only() returns trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_last_seq bigint;
begin
    if tg_op = 'UPDATE' then
        if (new.conversation_id, new.user_id) <> (old.conversation_id, old.user_id) then
            perform chat.refuse(422, 'immutable_column', 'conversation_id, user_id: never change.');
        elsif chat.current_actor() <> old.user_id then
            perform chat.refuse(403, 'not_yourself', 'Only the user can raise their own marks.');
        end if;
        new.read_seq := greatest(new.read_seq, old.read_seq);
        new.delivered_seq := greatest(new.delivered_seq, old.delivered_seq);
    end if;
    select c.last_seq into v_last_seq from chat.conversations c where c.id = new.conversation_id;
    new.read_seq := greatest(least(new.read_seq, v_last_seq), 0);
    new.delivered_seq := greatest(least(new.delivered_seq, v_last_seq), new.read_seq);
    if tg_op = 'UPDATE' and (new.delivered_seq, new.read_seq) is not distinct from (old.delivered_seq, old.read_seq) then
        return null; -- nothing raised, nothing written
    end if;
    return new;
end
$$;

comment on function chat.marks_raise_only() is 'Trigger: keeps marks rising, within the conversation, and read within delivered.';

create or replace trigger a_raise_only before insert on chat.marks
    for each row execute function chat.marks_raise_only();
-- Not of a raise by sending (see chat.messages_announce_new), which is right as it is.
create or replace trigger a_raise_only_by_reading before update on chat.marks
    for each row when (new.sent_seq = old.sent_seq or new.read_seq <> new.sent_seq or new.delivered_seq <> new.sent_seq)
    execute function chat.marks_raise_only();

-- after update: the log and the news. A raise up to one's own message (delivered_seq = sent_seq) is what sending did;
-- the message itself tells that, so there is neither log nor event. In conversations of more than
-- 100 members only the user's own devices are told.
create or replace function chat.marks_announce() returns trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_at constant timestamptz := clock_timestamp();
    v_envelopes text[];
begin
    with logged as (
        insert into chat.receipts (conversation_id, user_id, delivered_seq, read_seq, at, changed_xid)
        select n.conversation_id, n.user_id, n.delivered_seq, n.read_seq, v_at, pg_current_xact_id()
        from updated n
        where n.delivered_seq <> n.sent_seq
        order by n.conversation_id, n.user_id
        returning *
    )
    select array_agg(chat.to_receipt_readers(row(l.*)::chat.receipts) order by l.conversation_id, l.user_id)
    into v_envelopes
    from logged l;
    perform chat.announce(v_envelopes);
    return null;
end
$$;

comment on function chat.marks_announce() is 'Trigger: logs and announces raised marks.';

create or replace trigger c_announce after update on chat.marks
    referencing new table as updated
    for each statement execute function chat.marks_announce();
create or replace trigger a_refuse_delete before delete on chat.marks
    for each row execute function chat.refuse_delete();
create or replace trigger a_refuse_truncate before truncate on chat.marks
    for each statement execute function chat.refuse_truncate();
create or replace trigger a_refuse_delete before delete on chat.receipts
    for each row execute function chat.refuse_delete();
create or replace trigger a_refuse_truncate before truncate on chat.receipts
    for each statement execute function chat.refuse_truncate();

create or replace function chat.to_receipt_readers(p_receipt chat.receipts) returns text language sql stable
security definer set search_path = pg_catalog, pg_temp as $$
    select case when chat.has_more_members(p_receipt.conversation_id, 100)
            or (select c.is_silenced from chat.conversations c where c.id = p_receipt.conversation_id)
        then chat.to_user(p_receipt.user_id, e.event)
        else chat.to_conversation(p_receipt.conversation_id, e.event) end
    from (select json_build_object(
        'type', 'receipt', 'conversation_id', p_receipt.conversation_id, 'user_id', p_receipt.user_id,
        'delivered_seq', p_receipt.delivered_seq, 'read_seq', p_receipt.read_seq,
        'at', chat.json_time(p_receipt.at)) as event) e
$$;

comment on function chat.to_receipt_readers(chat.receipts) is
    'Envelope of a receipt: for the members, or, above 100 of them and where one of two has blocked the other, for the user''s own devices.';

-- Raises many marks: a JSON array of {"actor", "conversation_id", "delivered_seq", "read_seq"}. What
-- would lower a mark, or is of no member, is passed over. Returns how many marks rose. A read_seq, be it one that raises
-- nothing, also takes back that the conversation was marked unread.
create or replace function chat.mark_many(p_marks jsonb) returns bigint language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_before constant text := chat.act_as(null);
    v_count bigint;
begin
    if jsonb_typeof(p_marks) is distinct from 'array' then
        perform chat.refuse(422, 'bad_items', 'p_marks: must be a JSON array.');
    end if;
    with wanted as (
        select i.conversation_id, i.actor, max(coalesce(i.delivered_seq, 0)) as delivered_seq, max(coalesce(i.read_seq, 0)) as read_seq
        from jsonb_to_recordset(p_marks) i (actor uuid, conversation_id uuid, delivered_seq bigint, read_seq bigint)
        group by 1, 2
    ), held as (
        -- In the order of keys, so that two batches never wait for each other in a circle.
        select k.conversation_id, k.user_id, w.delivered_seq, w.read_seq
        from wanted w
        join chat.marks k on k.conversation_id = w.conversation_id and k.user_id = w.actor
        join chat.members m on m.conversation_id = k.conversation_id and m.user_id = k.user_id and m.active
        where k.delivered_seq < w.delivered_seq or k.read_seq < w.read_seq
        order by k.conversation_id, k.user_id
        for no key update of k
    )
    update chat.marks k set delivered_seq = h.delivered_seq, read_seq = h.read_seq
    from held h
    where k.conversation_id = h.conversation_id and k.user_id = h.user_id;
    get diagnostics v_count = row_count;
    perform chat.clear_marked_unread(p_marks);
    perform set_config('chat.actor', v_before, true);
    return v_count;
end
$$;

comment on function chat.mark_many(jsonb) is
    'Raises marks of {actor, conversation_id, delivered_seq, read_seq}; a read_seq takes back chat.mark_unread. Returns how many rose. Raises CH422 bad_items. Events: receipt; preference, to the actor.';

create or replace function chat.mark(p_actor uuid, p_conversation uuid, p_delivered_seq bigint, p_read_seq bigint)
returns chat.marks language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_mark chat.marks;
begin
    perform chat.require_member(p_actor, p_conversation);
    perform chat.mark_many(jsonb_build_array(jsonb_build_object(
        'actor', p_actor, 'conversation_id', p_conversation, 'delivered_seq', p_delivered_seq, 'read_seq', p_read_seq)));
    select * into v_mark from chat.marks k where k.conversation_id = p_conversation and k.user_id = p_actor;
    return v_mark;
end
$$;

comment on function chat.mark(uuid, uuid, bigint, bigint) is
    'Raises one''s marks in a conversation; null leaves one as it is. Raises CH403 not_a_member, CH404. Events: receipt; preference, to the actor, when it was marked unread.';

create or replace function chat.mark_delivered(p_actor uuid, p_conversation uuid, p_seq bigint) returns chat.marks language sql
security definer set search_path = pg_catalog, pg_temp as $$
    select chat.mark(p_actor, p_conversation, p_seq, null)
$$;

comment on function chat.mark_delivered(uuid, uuid, bigint) is
    'Says that every message up to p_seq has reached the user. Raises CH403 not_a_member, CH404. Event: receipt.';

create or replace function chat.mark_read(p_actor uuid, p_conversation uuid, p_seq bigint) returns chat.marks language sql
security definer set search_path = pg_catalog, pg_temp as $$
    select chat.mark(p_actor, p_conversation, p_seq, p_seq)
$$;

comment on function chat.mark_read(uuid, uuid, bigint) is
    'Says that the user has read every message up to p_seq. Raises CH403 not_a_member, CH404. Events: receipt; preference, to the actor, when it was marked unread.';

-- Who received and read a message, and when: {"delivered_count", "read_count", "items"}; above
-- 100 members the counts only. Sending later in the conversation counts as having read.
create or replace function chat.message_receipts(p_actor uuid, p_message uuid) returns json language plpgsql stable
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_message constant chat.messages := chat.require_message(p_actor, p_message);
begin
    return (
        with reader as (
            select k.user_id, k.delivered_seq >= v_message.seq as is_delivered, k.read_seq >= v_message.seq as is_read, k.read_seq
            from chat.members m join chat.marks k using (conversation_id, user_id)
            where m.conversation_id = v_message.conversation_id and m.active
              and m.user_id is distinct from v_message.sender_id and m.joined_seq < v_message.seq
        )
        select json_build_object(
            'delivered_count', count(*) filter (where r.is_delivered),
            'read_count', count(*) filter (where r.is_read),
            'items', case when not chat.has_more_members(v_message.conversation_id, 100) then coalesce((
                select json_agg(json_build_object(
                    'user_id', i.user_id, 'user_name', u.name, 'avatar_id', u.avatar_id,
                    'delivered_at', chat.json_time(least(d.at, s.at)), 'read_at', chat.json_time(least(rd.at, s.at))) order by u.name, u.id)
                from reader i
                join chat.users u on u.id = i.user_id
                left join lateral (
                    select l.at from chat.receipts l
                    where l.conversation_id = v_message.conversation_id and l.user_id = i.user_id and l.delivered_seq >= v_message.seq
                    order by l.delivered_seq, l.read_seq limit 1) d on true
                left join lateral (
                    select l.at, l.read_seq from chat.receipts l
                    where l.conversation_id = v_message.conversation_id and l.user_id = i.user_id
                      and l.delivered_seq >= v_message.seq and l.read_seq >= v_message.seq
                    order by l.delivered_seq, l.read_seq limit 1) rd on true
                left join lateral (
                    -- Marks only rise: what they sent before that receipt stands below its read_seq.
                    select o.created_at as at from chat.messages o
                    where o.conversation_id = v_message.conversation_id and o.sender_id = i.user_id
                      and o.seq > v_message.seq and o.seq <= coalesce(rd.read_seq, i.read_seq)
                    order by o.seq limit 1) s on true
                where i.is_delivered), '[]') end)
        from reader r);
end
$$;

comment on function chat.message_receipts(uuid, uuid) is
    'Who received and read a message, when; counts only above 100 members. Raises CH403 not_a_member, CH404.';
