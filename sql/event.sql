-- Cursors, and the one way by which anything is announced.
--
-- An announcement is the payload {"cursor":"…","events":[envelope,…]} on channel webchat; of what is
-- written nowhere, {"events":[envelope,…]}.
-- An envelope says whom an event is for ("conversation", "conversations", "user": whoever
-- is subscribed to any of them gets it once) and holds the event as clients receive it.
-- An event too large for a payload travels as an envelope with a "reference" in its place.

-- A cursor is '<epoch>-<pg_snapshot>': what is not visible in the snapshot is news to its holder.
-- The writing transaction's own id is added to the in-progress list, since pg_current_snapshot()
-- leaves it out: without it a transaction of several statements would lose its later ones.
create or replace function chat.current_cursor() returns text language plpgsql stable
security definer set search_path = pg_catalog, pg_temp as $$
declare
    -- Above this many characters the list of transactions in progress is left out and the
    -- cursor begins at the oldest of them: it repeats more, and still misses nothing.
    c_snapshot_length_max constant integer := 1000;
    v_snapshot pg_snapshot := pg_current_snapshot();
    v_text text := v_snapshot::text;
    v_own constant xid8 := pg_current_xact_id_if_assigned();
begin
    if v_own < pg_snapshot_xmax(v_snapshot) then
        select format('%s:%s:%s', least(pg_snapshot_xmin(v_snapshot), v_own), pg_snapshot_xmax(v_snapshot), string_agg(x::text, ',' order by x))
        into v_text
        from (select pg_snapshot_xip(v_snapshot) union select v_own) in_progress (x);
    end if;
    if length(v_text) > c_snapshot_length_max then
        v_text := format('%s:%s:', pg_snapshot_xmin(v_snapshot), pg_snapshot_xmin(v_snapshot));
    end if;
    return (select label from chat.epochs order by number desc limit 1) || '-' || v_text;
end
$$;

comment on function chat.current_cursor() is
    'The cursor of the present snapshot: chat.changes_since with it returns what is not visible now, and nothing else.';

-- The snapshot inside a cursor; null when it is not of this database's present epoch, not
-- readable, or of a future that this database has not had.
create or replace function chat.read_cursor(p_cursor text) returns pg_snapshot language plpgsql stable
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_snapshot pg_snapshot;
begin
    if p_cursor is null
        or p_cursor !~ '^[a-z0-9]{1,40}-[0-9]{1,19}:[0-9]{1,19}:([0-9]{1,19}(,[0-9]{1,19})*)?$'
        or split_part(p_cursor, '-', 1) is distinct from (select label from chat.epochs order by number desc limit 1)
    then
        return null;
    end if;
    begin
        v_snapshot := split_part(p_cursor, '-', 2)::pg_snapshot;
    exception when invalid_text_representation or numeric_value_out_of_range then
        return null; -- the digits are there but are no snapshot
    end;
    if pg_snapshot_xmax(v_snapshot) > pg_snapshot_xmax(pg_current_snapshot()) then
        return null;
    end if;
    return v_snapshot;
end
$$;

comment on function chat.read_cursor(text) is 'The snapshot in a cursor; null for a foreign, unreadable or future one.';

create or replace function chat.to_conversation(p_conversation uuid, p_event json) returns text language sql immutable as $$
    select '{"conversation":"' || p_conversation || '","event":' || p_event::text || '}'
$$;

comment on function chat.to_conversation(uuid, json) is 'Envelope of an event for a conversation''s members.';

create or replace function chat.to_user(p_user uuid, p_event json) returns text language sql immutable as $$
    select '{"user":"' || p_user || '","event":' || p_event::text || '}'
$$;

comment on function chat.to_user(uuid, json) is 'Envelope of an event for one user.';

-- Announces envelopes, in order, in as few payloads as they fit into: NOTIFY takes a
-- database-wide lock at commit, so each one counts.
create or replace function chat.announce(p_envelopes text[]) returns void language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    -- PostgreSQL's limit is 7,999 bytes.
    c_payload_bytes_max constant integer := 7900;
    v_head text;
    v_room integer;
    v_envelope text;
    v_payload text := ''; -- the envelopes of the payload that is being filled
    v_used integer := 0; -- bytes in it
    v_bytes integer;
begin
    if coalesce(cardinality(p_envelopes), 0) = 0 then
        return;
    end if;
    -- What writes nothing (typing) is not flushed to disk when it commits: it is announced without a
    -- cursor, as chat.announce_cursor explains.
    v_head := case when pg_current_xact_id_if_assigned() is null then '{"events":['
        else '{"cursor":"' || chat.current_cursor() || '","events":[' end;
    v_room := c_payload_bytes_max - octet_length(v_head) - 2;
    -- Put together as they come: cutting parts out of an array of 100,000 takes the square of that.
    foreach v_envelope in array p_envelopes loop
        v_bytes := octet_length(v_envelope) + 1;
        if v_bytes > v_room then
            v_envelope := chat.reference_to(v_envelope::jsonb);
            v_bytes := octet_length(v_envelope) + 1;
        end if;
        if v_used + v_bytes > v_room then
            perform pg_notify('webchat', v_head || v_payload || ']}');
            v_payload := v_envelope;
            v_used := v_bytes;
        else
            v_payload := v_payload || case when v_used > 0 then ',' else '' end || v_envelope;
            v_used := v_used + v_bytes;
        end if;
    end loop;
    perform pg_notify('webchat', v_head || v_payload || ']}');
end
$$;

comment on function chat.announce(text[]) is 'Announces envelopes in order, in as few NOTIFY payloads as they fit into.';

-- Announces nothing but the present cursor, in a transaction that is flushed to disk: only then is it
-- safe to hold on to. What merely reads may have seen ids of transactions that a crash forgets and gives
-- out again, and a cursor that counts those as seen would miss what they are given out for.
create or replace function chat.announce_cursor() returns void language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform pg_logical_emit_message(true, 'webchat', 'cursor');
    perform pg_notify('webchat', '{"cursor":"' || chat.current_cursor() || '"}');
end
$$;

comment on function chat.announce_cursor() is 'Announces the present cursor and no event.';

-- The envelope without its event: the relay reads that with chat.read_event.
create or replace function chat.reference_to(p_envelope jsonb) returns text language sql immutable
set search_path = pg_catalog, pg_temp as $$
    select jsonb_strip_nulls(jsonb_build_object('reference', jsonb_build_object(
        'type', p_envelope #>> '{event,type}',
        'id', coalesce(
            p_envelope #> array['event', p_envelope #>> '{event,type}', 'id'],
            p_envelope #> '{event,user_id}'),
        'user', p_envelope -> 'user')))::text
$$;

comment on function chat.reference_to(jsonb) is 'An envelope''s reference: what it announces, by type and id.';

-- The envelope that a reference stands for, as its row is now; null when there is none.
create or replace function chat.read_event(p_type text, p_id uuid, p_user uuid default null) returns text language plpgsql stable
security definer set search_path = pg_catalog, pg_temp as $$
begin
    case p_type
        when 'message' then
            return (select chat.message_envelope(m, u.name, u.avatar_id)
                    from chat.messages m left join chat.users u on u.id = m.sender_id where m.id = p_id);
        when 'conversation' then
            return (select case when p_user is null
                        then chat.to_conversation(c.id, chat.conversation_event(c))
                        else chat.to_user(p_user, chat.conversation_event(c)) end
                    from chat.conversations c where c.id = p_id);
        when 'user' then
            return (select chat.to_peers(u.id, chat.user_event(u)) from chat.users u where u.id = p_id);
        when 'presence' then
            return (select chat.to_peers(p_id, chat.presence_event(p_id)));
        when 'call' then
            return (select chat.to_conversation(k.conversation_id, chat.call_event(k)) from chat.calls k where k.id = p_id);
        when 'signal' then
            return chat.read_signal(p_id);
        else
            perform chat.refuse(422, 'unknown_event', format('There is no event %L to read.', left(p_type, 50)));
            return null;
    end case;
end
$$;

comment on function chat.read_event(text, uuid, uuid) is 'The envelope that a reference stands for, as its row is now; null when there is none.';
