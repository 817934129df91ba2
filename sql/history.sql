-- Reading messages: one, what it said before its edits, and pages of a conversation.

-- A message, deleted or not, that p_actor may know of.
create or replace function chat.require_message(p_actor uuid, p_message uuid) returns chat.messages language plpgsql stable
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_message chat.messages;
begin
    select * into v_message from chat.messages m where m.id = p_message;
    if not found then
        perform chat.refuse(404, 'message_not_found', 'message_id: there is no such message.');
    end if;
    perform chat.require_member(p_actor, v_message.conversation_id);
    return v_message;
end
$$;

comment on function chat.require_message(uuid, uuid) is
    'The row of a message. Raises CH404 message_not_found or CH403 not_a_member unless p_actor (null: the system) is a member.';

-- What a message said before each edit, oldest first, to members.
create or replace function chat.revisions(p_actor uuid, p_message uuid) returns setof json language plpgsql stable
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_message constant chat.messages := chat.require_message(p_actor, p_message);
begin
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
    v_message constant chat.messages := chat.require_message(p_actor, p_message);
begin
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
security definer set search_path = pg_catalog, pg_temp
-- As in chat.messages_complete: a page is read in order, from the primary key.
set enable_sort = off set enable_seqscan = off set enable_bitmapscan = off as $$
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
