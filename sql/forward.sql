-- Forwarding: a message that repeats another, in whichever conversations its sender is in. It says that it was
-- forwarded, and not from where: who reads it may not be a member there.

create or replace function chat.require_forwardable(p_sender uuid, p_message uuid) returns chat.messages language plpgsql stable
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_message chat.messages;
begin
    if p_sender is null then
        perform chat.refuse(422, 'sender_required', 'sender_id: a forwarded message has a sender.');
    end if;
    v_message := chat.require_message(p_sender, p_message);
    if v_message.deleted_at is not null then
        perform chat.refuse(409, 'message_deleted', 'A deleted message can not be forwarded.');
    elsif v_message.kind in ('system', 'call') then
        perform chat.refuse(422, 'not_forwardable', 'message_id: what the system says can not be forwarded.');
    end if;
    return v_message;
end
$$;

comment on function chat.require_forwardable(uuid, uuid) is
    'The message, for a sender who can forward it. Raises CH403 not_a_member, CH404, CH409 message_deleted, CH422 not_forwardable, sender_required.';

-- With p_client_id it is safe to repeat: a conversation that has it already answers with the message that is there.
create or replace function chat.forward_message(p_actor uuid, p_message uuid, p_conversations uuid[], p_client_id text default null)
returns setof chat.messages language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    c_conversations_max constant integer := 20; -- at once: more is a mailing
    v_before constant text := chat.act_as(p_actor);
    v_conversation uuid;
    v_message chat.messages;
begin
    perform chat.require_forwardable(p_actor, p_message);
    if coalesce(cardinality(p_conversations), 0) not between 1 and c_conversations_max then
        perform chat.refuse(422, 'bad_conversations', format('conversation_ids: must be 1 to %s.', c_conversations_max));
    end if;
    -- In the order of ids, as every batch locks them.
    for v_conversation in select distinct x from unnest(p_conversations) x order by x loop
        v_message := null;
        -- Locked before it is looked at, so that the same again, at the same time, finds the first.
        perform from chat.conversations c where c.id = v_conversation for no key update;
        if p_client_id is not null then
            v_message := chat.find_sent(v_conversation, p_actor, p_client_id);
        end if;
        if v_message.id is null then
            insert into chat.messages (conversation_id, sender_id, forwarded_from, client_id)
            values (v_conversation, p_actor, p_message, p_client_id)
            returning * into v_message;
        elsif v_message.forwarded_from is distinct from p_message then
            perform chat.refuse(409, 'client_id_taken', 'client_id: it was sent before with another content.');
        end if;
        return next v_message;
    end loop;
    perform set_config('chat.actor', v_before, true);
end
$$;

comment on function chat.forward_message(uuid, uuid, uuid[], text) is
    'Repeats a message in 1 to 20 conversations, all or none. Raises CH403 not_a_member, CH404, CH409 message_deleted, conversation_closed, client_id_taken, CH422. Events: message.';
