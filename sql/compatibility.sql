-- Messages as clients of other chats know them: flat, with who wrote what to whom and whether it arrived, in pages that
-- are asked for by an offset. docs/compatibility.md has the addresses.

-- Inlined into what asks.
create or replace function chat.is_plain(p_message chat.messages) returns boolean language sql immutable as $$
    select p_message.deleted_at is null and p_message.kind not in ('system', 'call')
$$;

comment on function chat.is_plain(chat.messages) is 'Whether a message is something that a person said, and still stands: other chats know no other messages.';

create or replace function chat.plain_content(p_message chat.messages) returns text language sql stable
security definer set search_path = pg_catalog, pg_temp as $$
    select case when chat.is_plain(p_message) then coalesce(
        p_message.body, (select d.name from chat.media d where d.id = p_message.media_ids[1]), p_message.data ->> 'name', '')
    else '' end
$$;

comment on function chat.plain_content(chat.messages) is
    'What a message says in words: its body, else the name of the file or the person that it shows; never null.';

-- Who has received and read what is looked up once for the whole page. Those who came after a message have not read it,
-- though their marks are above it. Of all who came between the same two messages of the page the two who have read most, and
-- the two who have received most, tell as much as all of them: two, since nobody counts for their own messages. So a
-- message is compared with a handful, however many members there are. Planned by itself, whatever whoever calls it forbids.
create or replace function chat.plain_messages(p_messages chat.messages[]) returns setof json language sql stable
security definer set search_path = pg_catalog, pg_temp
set jit = off set enable_sort = on set enable_seqscan = on set enable_bitmapscan = on as $$
    with page as materialized (
        select n.place, p_messages[n.place] as message from generate_subscripts(p_messages, 1) n (place)
    ), conversation as materialized (
        select (p.message).conversation_id as id, array_agg((p.message).seq order by (p.message).seq) as seqs from page p group by 1
    ), ranked as (
        select k.conversation_id, k.user_id, r.joined_seq, k.delivered_seq, k.read_seq,
            row_number() over (partition by c.id, width_bucket(r.joined_seq, c.seqs) order by k.delivered_seq desc) as by_delivered,
            row_number() over (partition by c.id, width_bucket(r.joined_seq, c.seqs) order by k.read_seq desc) as by_read
        from conversation c
        join chat.members r on r.conversation_id = c.id and r.active
        join chat.marks k on k.conversation_id = r.conversation_id and k.user_id = r.user_id
        where k.delivered_seq >= c.seqs[1] and k.delivered_seq > r.joined_seq and r.joined_seq < c.seqs[cardinality(c.seqs)]
    ), reader as materialized (
        select * from ranked r where r.by_delivered <= 2 or r.by_read <= 2
    )
    select json_build_object(
        'id', m.id, 'conversation_id', m.conversation_id,
        'user_id', m.sender_id, 'user_name', u.name,
        'sender_id', m.sender_id,
        'receiver_id', case when c.kind = 'direct' then chat.other_of(c, m.sender_id) end,
        'group_id', case when c.kind <> 'direct' then c.id end,
        'content', chat.plain_content(p.message), 'kind', m.kind, 'media_id', m.media_ids[1],
        'timestamp', chat.json_time(m.created_at),
        'is_delivered', exists (
            select from reader r
            where r.conversation_id = m.conversation_id and r.user_id is distinct from m.sender_id
              and r.joined_seq < m.seq and r.delivered_seq >= m.seq),
        'is_read', exists (
            select from reader r
            where r.conversation_id = m.conversation_id and r.user_id is distinct from m.sender_id
              and r.joined_seq < m.seq and r.read_seq >= m.seq))
    from page p
    cross join lateral (select (p.message).*) m
    join chat.conversations c on c.id = m.conversation_id
    left join chat.users u on u.id = m.sender_id
    order by p.place
$$;

comment on function chat.plain_messages(chat.messages[]) is
    'Messages as clients of other chats know them, in the order given: {id, conversation_id, user_id, user_name, sender_id, receiver_id, group_id, content, kind, media_id, timestamp, is_delivered, is_read}; the last two by anybody but the sender.';

create or replace function chat.plain_message(p_actor uuid, p_message uuid) returns json language plpgsql stable
security definer set search_path = pg_catalog, pg_temp as $$
begin
    return (select m from chat.plain_messages(array[chat.require_message(p_actor, p_message)]) m);
end
$$;

comment on function chat.plain_message(uuid, uuid) is 'One message as of chat.plain_messages, to members. Raises CH403 not_a_member, CH404.';

-- The newest p_limit after the newest p_offset, oldest first. Whoever reads by an offset reads all that is before it: the
-- server bounds it. In order from the primary key, as chat.history is; what that forbids makes a plan look so dear that
-- PostgreSQL would compile it, for longer than it runs.
create or replace function chat.plain_history(p_actor uuid, p_conversation uuid, p_limit integer, p_offset integer)
returns setof json language plpgsql stable
security definer set search_path = pg_catalog, pg_temp
set jit = off set enable_sort = off set enable_seqscan = off set enable_bitmapscan = off as $$
declare
    v_hides boolean;
    v_page chat.messages[];
begin
    perform chat.require_member(p_actor, p_conversation);
    v_hides := chat.hides_messages(p_actor, p_conversation);
    v_page := array(
        select page.message from (
            select m as message from chat.messages m
            where m.conversation_id = p_conversation and chat.is_plain(m)
              and (not v_hides or not chat.is_hidden(m, p_actor))
            order by m.seq desc
            limit least(greatest(p_limit, 1), chat.page_messages_max()) offset greatest(p_offset, 0)
        ) page
        order by (page.message).seq);
    return query select m from chat.plain_messages(v_page) m;
end
$$;

comment on function chat.plain_history(uuid, uuid, integer, integer) is
    'The newest p_limit messages (1 to 100) of a conversation after the newest p_offset, oldest first, as of chat.plain_messages; without deleted, hidden and system ones. Raises CH403 not_a_member, CH404.';

create or replace function chat.plain_history_between(p_actor uuid, p_user uuid, p_other uuid, p_limit integer, p_offset integer)
returns setof json language plpgsql stable
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_conversation uuid;
begin
    if p_actor is not null and p_actor not in (p_user, p_other) then
        perform chat.refuse(403, 'not_yourself', 'What two people say to each other is read by the two alone.');
    elsif (select count(*) from chat.users u where u.id in (p_user, p_other)) < (case when p_user = p_other then 1 else 2 end) then
        perform chat.refuse(404, 'user_not_found', 'There is no such user.');
    end if;
    select c.id into v_conversation from chat.conversations c
    where c.kind = 'direct' and c.direct_low = least(p_user, p_other) and c.direct_high = greatest(p_user, p_other);
    if found then
        return query select m from chat.plain_history(p_actor, v_conversation, p_limit, p_offset) m;
    end if;
end
$$;

comment on function chat.plain_history_between(uuid, uuid, uuid, integer, integer) is
    'chat.plain_history of the direct conversation of two users, to the two; nothing where they have none. Raises CH403 not_yourself, CH404 user_not_found.';

-- Of all conversations of the user together. A page can have messages of as many conversations as it is long, and of the one
-- whose newest message is the second newest at most one message less, and so on: no more than these are read.
create or replace function chat.plain_newest(p_actor uuid, p_limit integer, p_offset integer)
returns setof json language plpgsql stable
security definer set search_path = pg_catalog, pg_temp
set jit = off set enable_seqscan = off set enable_bitmapscan = off as $$
declare
    v_limit constant integer := least(greatest(p_limit, 1), chat.page_messages_max());
    v_read constant integer := v_limit + greatest(p_offset, 0);
    v_page chat.messages[];
begin
    v_page := array(
        with newest as materialized (
            select r.conversation_id, row_number() over (order by n.created_at desc, n.id desc) as place
            from chat.members r
            cross join lateral (
                select m.created_at, m.id from chat.messages m
                where m.conversation_id = r.conversation_id and chat.is_plain(m) and not chat.is_hidden(m, p_actor)
                order by m.seq desc limit 1) n
            where r.user_id = p_actor and r.active
            order by 2 limit v_read
        ), page as (
            select m.message, (m.message).created_at, (m.message).id
            from newest n
            cross join lateral (
                select m as message from chat.messages m
                where m.conversation_id = n.conversation_id and chat.is_plain(m) and not chat.is_hidden(m, p_actor)
                order by m.seq desc limit v_read - n.place + 1) m
            order by 2 desc, 3 desc
            limit v_limit offset greatest(p_offset, 0)
        )
        select p.message from page p order by p.created_at, p.id);
    return query select m from chat.plain_messages(v_page) m;
end
$$;

comment on function chat.plain_newest(uuid, integer, integer) is
    'The newest p_limit messages (1 to 100) of all the user''s conversations after the newest p_offset, oldest first, as of chat.plain_messages.';

create or replace function chat.mark_message_read(p_actor uuid, p_message uuid) returns json language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_message constant chat.messages := chat.require_message(p_actor, p_message);
begin
    perform chat.mark(p_actor, v_message.conversation_id, v_message.seq, v_message.seq);
    return (select m from chat.plain_messages(array[v_message]) m);
end
$$;

comment on function chat.mark_message_read(uuid, uuid) is
    'Says that the user has read everything up to a message, which it returns as of chat.plain_messages. Raises CH403 not_a_member, CH404. Events: receipt; preference, to the actor, when it was marked unread.';

create or replace function chat.list_online(p_limit integer) returns json language sql stable
security definer set search_path = pg_catalog, pg_temp as $$
    select coalesce(json_agg(json_build_object('id', o.id, 'name', o.name, 'is_online', true) order by lower(o.name), o.id), '[]')
    from (
        select u.id, u.name from chat.users u
        where u.id in (select p.user_id from chat.presence p) and u.deactivated_at is null
        order by lower(u.name), u.id limit p_limit
    ) o
$$;

comment on function chat.list_online(integer) is 'Who is connected to any server, by name, at most p_limit: [{id, name, is_online}].';
