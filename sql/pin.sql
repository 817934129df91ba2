-- Pins: messages that a conversation keeps at hand. A pin is a column of the message, so pinning one is a change of it.

-- Whether somebody in p_role (null: the system) can pin one more, or take one down. In rooms, which strangers join, owners and admins do; in
-- a direct chat or group everyone does.
create or replace function chat.require_may_pin(p_role text, p_conversation uuid, p_pins boolean) returns void language plpgsql stable
security definer set search_path = pg_catalog, pg_temp
set enable_seqscan = off as $$
declare
    c_pins_max constant integer := 100; -- what is not looked through is not at hand
begin
    if p_role = 'member' and exists (select from chat.conversations c where c.id = p_conversation and c.kind = 'room') then
        perform chat.refuse(403, 'not_an_admin', 'In a room only an owner or admin can pin messages.');
    end if;
    if p_pins and (select count(*) from chat.messages m where m.conversation_id = p_conversation and m.pinned_at is not null) >= c_pins_max then
        perform chat.refuse(409, 'too_many_pins', format('A conversation has at most %s pinned messages.', c_pins_max));
    end if;
end
$$;

comment on function chat.require_may_pin(text, uuid, boolean) is
    'Raises CH403 not_an_admin or CH409 too_many_pins unless somebody in this role can pin (p_pins) or unpin a message there.';

create or replace function chat.pin_message(p_actor uuid, p_message uuid) returns chat.messages language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_before constant text := chat.act_as(p_actor);
    v_message chat.messages;
begin
    update chat.messages m set pinned_at = clock_timestamp() where m.id = p_message returning * into v_message;
    return chat.end_change(v_message, v_before);
end
$$;

comment on function chat.pin_message(uuid, uuid) is
    'Pins a message in its conversation; again does no harm. Raises CH403 not_a_member, not_an_admin, blocked, CH404, CH409 message_deleted, too_many_pins. Event: message.';

create or replace function chat.unpin_message(p_actor uuid, p_message uuid) returns chat.messages language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_before constant text := chat.act_as(p_actor);
    v_message chat.messages;
begin
    update chat.messages m set pinned_at = null where m.id = p_message returning * into v_message;
    return chat.end_change(v_message, v_before);
end
$$;

comment on function chat.unpin_message(uuid, uuid) is
    'Takes a pin down; one that is not there does no harm. Raises CH403 not_a_member, not_an_admin, CH404. Event: message.';

-- There are so few that they are one page.
create or replace function chat.list_pins(p_actor uuid, p_conversation uuid) returns setof json language plpgsql stable
security definer set search_path = pg_catalog, pg_temp
set enable_seqscan = off as $$
begin
    perform chat.require_member(p_actor, p_conversation);
    return query
    select chat.message_json(m, u.name, u.avatar_id)
    from chat.messages m left join chat.users u on u.id = m.sender_id
    where m.conversation_id = p_conversation and m.pinned_at is not null and not chat.is_hidden(m, p_actor)
    order by m.pinned_at desc, m.seq desc;
end
$$;

comment on function chat.list_pins(uuid, uuid) is 'Pinned messages of a conversation, the newest pin first. Raises CH403 not_a_member, CH404.';
