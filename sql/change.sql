-- What has changed since a cursor, for a client that comes back and for a listener that lost
-- its connection alike; and the epoch that keeps cursors of another history apart.

-- What became visible since the cursor's snapshot is exactly what was written by a transaction
-- that had not begun then (changed_xid >= xmax) or was in progress (changed_xid in xip), whatever
-- the order of commits. A function that is stable reads everything, and the cursor it returns, with
-- one snapshot. Envelopes come in an order in which they can be applied. p_actor null: for everyone.
create or replace function chat.changes_since(p_actor uuid, p_cursor text)
returns table (is_reset boolean, cursor text, envelopes text[]) language plpgsql stable
security definer set search_path = pg_catalog, pg_temp as $$
declare
    c_rows_max constant integer := 5000; -- beyond, loading afresh is cheaper for everybody
    v_since constant pg_snapshot := chat.read_cursor(p_cursor);
    v_xmax constant xid8 := pg_snapshot_xmax(v_since);
    v_xip constant xid8[] := array(select pg_snapshot_xip(v_since));
    v_envelopes text[];
begin
    if v_since is null then
        return query select true, chat.current_cursor(), '{}'::text[];
        return;
    end if;
    with own as materialized (
        select m.conversation_id as id from chat.members m where m.user_id = p_actor and m.active
        union all
        select c.id from chat.conversations c where p_actor is null
    ), change as (
        select 1 as place, c.id as key, 0::bigint as seq, chat.to_conversation(c.id, chat.conversation_event(c)) as envelope
        from chat.conversations c
        where (c.changed_xid >= v_xmax or c.changed_xid = any (v_xip)) and c.id in (select o.id from own o)
        union all
        -- Each once to somebody who asks; to all whom it concerns when the server does.
        select 2, m.conversation_id, 0, e.envelope
        from chat.members m join chat.users u on u.id = m.user_id
        cross join lateral (
            select x as envelope from chat.member_envelopes(m, u.name, u.avatar_id) x where p_actor is null
            union all
            select chat.to_user(p_actor, chat.member_event(m, u.name, u.avatar_id)) where p_actor is not null and m.joined_at is null
            union all
            select x from chat.member_envelopes(m, u.name, u.avatar_id) x where p_actor is not null and m.joined_at is not null
        ) e
        where (m.changed_xid >= v_xmax or m.changed_xid = any (v_xip))
          and (m.user_id = p_actor
            or m.conversation_id in (select o.id from own o) and (m.joined_at is not null or p_actor is null or chat.is_admin(p_actor, m.conversation_id)))
        union all
        -- Who became a member gets the conversation too, as when it is announced.
        select 2, m.conversation_id, 1, chat.to_user(m.user_id, chat.conversation_event(c))
        from chat.members m join chat.conversations c on c.id = m.conversation_id
        where (m.changed_xid >= v_xmax or m.changed_xid = any (v_xip)) and m.active
          and (p_actor is null or m.user_id = p_actor)
        union all
        select 3, u.id, 0, chat.to_peers(u.id, chat.user_event(u))
        from chat.users u
        where (u.changed_xid >= v_xmax or u.changed_xid = any (v_xip))
          and (p_actor is null or u.id = p_actor or exists (
            select from chat.members m where m.user_id = u.id and m.active and m.conversation_id in (select o.id from own o)))
        union all
        (select 4, m.conversation_id, m.seq, chat.message_envelope(row(m.*)::chat.messages, u.name, u.avatar_id)
        from own o
        -- Two probes of the index for each conversation, never a walk through what is old.
        cross join lateral (
            select x.* from chat.messages x where x.conversation_id = o.id and x.changed_xid >= v_xmax
            union all
            select x.* from chat.messages x where x.conversation_id = o.id and x.changed_xid = any (v_xip) and x.changed_xid < v_xmax
        ) m
        left join chat.users u on u.id = m.sender_id
        limit c_rows_max + 1)
        union all
        (select 5, r.conversation_id, 0, chat.to_receipt_readers(row(r.conversation_id, r.user_id, k.delivered_seq, k.read_seq, r.at, null)::chat.receipts)
        from own o
        cross join lateral (
            select x.conversation_id, x.user_id, max(x.at) as at from (
                select y.* from chat.receipts y where y.conversation_id = o.id and y.changed_xid >= v_xmax
                union all
                select y.* from chat.receipts y where y.conversation_id = o.id and y.changed_xid = any (v_xip) and y.changed_xid < v_xmax
            ) x group by 1, 2
        ) r
        join chat.marks k on k.conversation_id = r.conversation_id and k.user_id = r.user_id
        where p_actor is null or r.user_id = p_actor or not chat.has_more_members(r.conversation_id, 100)
        limit c_rows_max + 1)
        union all
        -- What is a user's own, to that user alone.
        select 6, h.conversation_id, m.seq, chat.to_user(h.user_id, chat.hidden_event(row(h.*)::chat.hidden_messages, m.seq))
        from (
            select x.* from chat.hidden_messages x where x.user_id = p_actor
            union all
            select x.* from chat.hidden_messages x where p_actor is null
        ) h
        join chat.messages m on m.id = h.message_id
        where h.changed_xid >= v_xmax or h.changed_xid = any (v_xip)
        union all
        select 7, p.conversation_id, 0, chat.to_user(p.user_id, chat.preference_event(row(p.*)::chat.preferences))
        from (
            select x.* from chat.preferences x where x.user_id = p_actor
            union all
            select x.* from chat.preferences x where p_actor is null
        ) p
        where p.changed_xid >= v_xmax or p.changed_xid = any (v_xip)
        union all
        select 8, b.blocked_id, 0, chat.to_user(b.user_id, chat.block_event(row(b.*)::chat.blocks, u.name))
        from (
            select x.* from chat.blocks x where x.user_id = p_actor
            union all
            select x.* from chat.blocks x where p_actor is null
        ) b
        join chat.users u on u.id = b.blocked_id
        where b.changed_xid >= v_xmax or b.changed_xid = any (v_xip)
        union all
        select 9, k.id, 0, chat.to_conversation(k.conversation_id, chat.call_event(k))
        from chat.calls k
        where (k.changed_xid >= v_xmax or k.changed_xid = any (v_xip)) and k.conversation_id in (select o.id from own o)
        union all
        -- What rings or goes on is given to everyone who comes, however long ago it began: a page that opens meanwhile rings.
        select 9, k.id, 0, chat.to_conversation(k.conversation_id, chat.call_event(k))
        from chat.calls k
        where k.ended_at is null and p_actor is not null and not (k.changed_xid >= v_xmax or k.changed_xid = any (v_xip))
          and k.conversation_id in (select o.id from own o)
        union all
        select 10, k.id, 0, chat.to_user(p.user_id, chat.call_ignored_event(k))
        from chat.calls k join chat.call_participants p on p.call_id = k.id
        where k.ended_at is null and p.user_id = p_actor and p.ignored_at is not null and p.state in ('called', 'ringing')
    )
    select array_agg(l.envelope order by l.place, l.key, l.seq) into v_envelopes
    from (select * from change limit c_rows_max + 1) l;

    if cardinality(v_envelopes) > c_rows_max then
        return query select true, chat.current_cursor(), '{}'::text[];
    else
        return query select false, chat.current_cursor(), coalesce(v_envelopes, '{}');
    end if;
end
$$;

comment on function chat.changes_since(uuid, text) is
    'Envelopes of all that became visible to the actor (null: to anyone) since the cursor, and the cursor to go on from; is_reset for a foreign or unreadable cursor, or beyond 5,000 rows.';

-- Compares where the data lives with where it lived before. Elsewhere, transaction ids start
-- again: a new epoch begins, cursors of the old one get a reset, and rows stamped with ids that this
-- cluster has not reached are restamped, or fresh cursors would repeat them for ever.
create or replace function chat.renew_epoch() returns text language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_identity constant text := (select format('%s/%s/%s', s.system_identifier, left(pg_walfile_name(pg_current_wal_lsn()), 8), d.oid)
        from pg_control_system() s, pg_database d where d.datname = current_database());
    v_last chat.epochs;
    v_label text;
    v_table text;
begin
    select * into v_last from chat.epochs e order by e.number desc limit 1;
    if v_last.identity = v_identity then
        return v_last.label;
    end if;
    lock table chat.epochs in share row exclusive mode;
    select * into v_last from chat.epochs e order by e.number desc limit 1;
    if v_last.identity = v_identity then
        return v_last.label;
    end if;
    v_label := format('e%sx%s', coalesce(v_last.number, 0) + 1, left(md5(v_identity), 8));
    foreach v_table in array array['users', 'conversations', 'members', 'messages', 'receipts', 'hidden_messages', 'preferences', 'blocks', 'calls'] loop
        execute format('alter table chat.%I disable trigger user', v_table);
        execute format('update chat.%I set changed_xid = ''0'' where changed_xid >= pg_current_xact_id()', v_table);
        execute format('alter table chat.%I enable trigger user', v_table);
    end loop;
    insert into chat.epochs (number, identity, label, began_at)
    values (coalesce(v_last.number, 0) + 1, v_identity, v_label, clock_timestamp());
    return v_label;
end
$$;

comment on function chat.renew_epoch() is
    'The label of the present epoch; begins a new one after a restore elsewhere, a recovery to a point in time or a failover.';
