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
    return (
        select chat.message_json(v_message, u.name, u.avatar_id)
        from (select) one left join chat.users u on u.id = v_message.sender_id);
end
$$;

comment on function chat.read_message(uuid, uuid) is 'One message, to members. Raises CH403 not_a_member, CH404.';

create or replace function chat.page_messages_max() returns integer language sql immutable as $$ select 100 $$;

comment on function chat.page_messages_max() is 'The most messages of a page: some screens full.';

-- The seqs of a page: the newest, or those right before p_before, right after p_after, or around p_around. They have
-- no gaps, so a page is a range, known before any message is read.
create or replace function chat.page_range(
    p_conversation uuid, p_before bigint, p_after bigint, p_around bigint, p_limit integer,
    out first_seq bigint, out last_seq bigint) language plpgsql stable
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_limit constant bigint := least(greatest(p_limit, 1), chat.page_messages_max())::bigint;
    v_newest bigint;
begin
    select c.last_seq into v_newest from chat.conversations c where c.id = p_conversation;
    if p_after is not null then
        first_seq := least(greatest(p_after, 0), v_newest) + 1;
        last_seq := least(first_seq + v_limit - 1, v_newest);
    elsif p_around is not null then
        last_seq := least(greatest(p_around, 0), v_newest);
        first_seq := greatest(last_seq - (v_limit + 1) / 2, 0) + 1;
        last_seq := least(last_seq + v_limit / 2, v_newest);
    else
        last_seq := case when p_before is null then v_newest else least(greatest(p_before, 1) - 1, v_newest) end;
        first_seq := greatest(last_seq - v_limit, 0) + 1;
    end if;
end
$$;

comment on function chat.page_range(uuid, bigint, bigint, bigint, integer) is
    'First and last seq of a page of a conversation: the newest, before, after or around a seq.';

-- The first message that was sent at a time or after it. Found by halving, since nothing is ordered by time: seqs rise
-- with it, unless the host project has written messages that bear an older time; then it is near the place.
create or replace function chat.seq_at(p_conversation uuid, p_at timestamptz) returns bigint language plpgsql stable
security definer set search_path = pg_catalog, pg_temp
set enable_sort = off set enable_seqscan = off set enable_bitmapscan = off as $$
declare
    v_low bigint := 1::bigint;
    v_high bigint;
    v_middle bigint;
begin
    if p_at is null then
        return null;
    end if;
    select c.last_seq + 1 into v_high from chat.conversations c where c.id = p_conversation;
    while v_low < v_high loop
        v_middle := (v_low + v_high) / 2;
        if (select m.created_at from chat.messages m where m.conversation_id = p_conversation and m.seq = v_middle) < p_at then
            v_low := v_middle + 1;
        else
            v_high := v_middle;
        end if;
    end loop;
    return v_low;
end
$$;

comment on function chat.seq_at(uuid, timestamptz) is
    'seq of the first message of a conversation from a time on; one beyond the newest when there is none; null for null.';

create or replace function chat.first_unread(p_actor uuid, p_conversation uuid) returns bigint language plpgsql stable
security definer set search_path = pg_catalog, pg_temp as $$
begin
    return (
        select greatest(k.read_seq, m.joined_seq) + 1
        from chat.members m join chat.marks k using (conversation_id, user_id)
        where m.conversation_id = p_conversation and m.user_id = p_actor);
end
$$;

comment on function chat.first_unread(uuid, uuid) is 'seq right after what the member has read; one beyond the newest when that is all.';

-- One page of a conversation, always in the order of seq. A page is a range of seqs: what its reader has hidden is
-- missing from it, and nothing else takes its place.
create or replace function chat.history(
    p_actor uuid, p_conversation uuid, p_before bigint default null, p_after bigint default null,
    p_around bigint default null, p_limit integer default 50, p_date timestamptz default null)
returns table (seq bigint, message json) language plpgsql stable
security definer set search_path = pg_catalog, pg_temp
-- As in chat.messages_complete: a page is read in order, from the primary key.
set enable_sort = off set enable_seqscan = off set enable_bitmapscan = off as $$
#variable_conflict use_column
declare
    v_range record;
    v_hides boolean;
begin
    perform chat.require_member(p_actor, p_conversation);
    v_range := chat.page_range(p_conversation, p_before, coalesce(p_after, chat.seq_at(p_conversation, p_date) - 1), p_around, p_limit);
    v_hides := chat.hides_messages(p_actor, p_conversation);
    return query
    select m.seq, chat.message_json(m, u.name, u.avatar_id)
    from chat.messages m left join chat.users u on u.id = m.sender_id
    where m.conversation_id = p_conversation and m.seq between v_range.first_seq and v_range.last_seq
      and (not v_hides or not chat.is_hidden(m, p_actor))
    order by m.seq;
end
$$;

comment on function chat.history(uuid, uuid, bigint, bigint, bigint, integer, timestamptz) is
    'A page of messages in order of seq: the newest, before, after or around a seq, or from a date on; p_limit 1 to 100. Raises CH403 not_a_member, CH404.';

-- The same page as one text, as GET /api/conversations/{id}/messages answers: {"items": […], "next": …}. It travels to
-- the client as it is.
create or replace function chat.history_page(
    p_actor uuid, p_conversation uuid, p_before bigint, p_after bigint, p_around bigint, p_limit integer, p_date timestamptz default null)
returns text language plpgsql stable
security definer set search_path = pg_catalog, pg_temp
-- And planned once: planning anew for each page would take as long as reading it.
set plan_cache_mode = force_generic_plan
set enable_sort = off set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
    v_after constant bigint := coalesce(p_after, chat.seq_at(p_conversation, p_date) - 1);
    v_range record;
    v_hides boolean;
    v_items text;
    v_next bigint;
begin
    perform chat.require_member(p_actor, p_conversation);
    v_range := chat.page_range(p_conversation, p_before, v_after, p_around, p_limit);
    v_hides := chat.hides_messages(p_actor, p_conversation);
    select string_agg(page.message, ',') into v_items
    from (
        select chat.message_text(m, u.name, u.avatar_id) as message
        from chat.messages m left join chat.users u on u.id = m.sender_id
        where m.conversation_id = p_conversation and m.seq between v_range.first_seq and v_range.last_seq
          and (not v_hides or not chat.is_hidden(m, p_actor))
        order by m.seq
    ) page;
    -- From where the next page goes on; none when this one was not full, or begins with the first message.
    if v_range.last_seq - v_range.first_seq + 1 >= least(greatest(p_limit, 1), chat.page_messages_max()) then
        v_next := case when v_after is not null then v_range.last_seq else nullif(v_range.first_seq, 1) end;
    end if;
    return concat('{"items":[', v_items, '],"next":', coalesce(v_next::text, 'null'), '}');
end
$$;

comment on function chat.history_page(uuid, uuid, bigint, bigint, bigint, integer, timestamptz) is
    'A page of chat.history as JSON text, {"items": […], "next": …}. Raises CH403 not_a_member, CH404.';

-- The newest page for who may hold it already, as it was at the cursor p_known: null when it is still the same. That no
-- message of the conversation has changed since, and no member, is an index's answer; the page is fifty rows and more.
-- What is held is the page of those who have hidden nothing. Whoever has gets a page of their own, each time, and
-- chat.hides_messages, asked in the same statement, tells that it is not to be held.
create or replace function chat.newest_page(p_actor uuid, p_conversation uuid, p_limit integer, p_known text)
returns text language plpgsql stable
security definer set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
    v_known constant pg_snapshot := chat.read_cursor(p_known);
begin
    if v_known is not null
        and not chat.hides_messages(p_actor, p_conversation)
        and not exists (
            select from chat.messages m
            where m.conversation_id = p_conversation
              and m.changed_xid >= pg_snapshot_xmin(v_known) and not pg_visible_in_snapshot(m.changed_xid, v_known))
        -- Its messages bear their senders' names and pictures.
        and not exists (
            select from chat.users u join chat.members m on m.conversation_id = p_conversation and m.user_id = u.id
            where u.changed_xid >= pg_snapshot_xmin(v_known) and not pg_visible_in_snapshot(u.changed_xid, v_known))
    then
        perform chat.require_member(p_actor, p_conversation);
        return null;
    end if;
    return chat.history_page(p_actor, p_conversation, null, null, null, p_limit);
end
$$;

comment on function chat.newest_page(uuid, uuid, integer, text) is
    'The newest page as of chat.history_page; null when nothing of it has changed since a cursor, and its reader has hidden nothing. Raises CH403 not_a_member, CH404.';
