-- Messages deleted for oneself: a row of chat.hidden_messages takes a message out of one member's history, list
-- and count. Everybody else sees it as before, and reading it by its id works for all.

create or replace function chat.hidden_event(p_hidden chat.hidden_messages, p_seq bigint) returns json language sql stable as $$
    select json_build_object('type', 'hidden',
        'conversation_id', p_hidden.conversation_id, 'message_id', p_hidden.message_id, 'seq', p_seq,
        'hidden', p_hidden.unhidden_at is null, 'revision', p_hidden.revision)
$$;

comment on function chat.hidden_event(chat.hidden_messages, bigint) is 'The event that a user has hidden a message, or shows it again.';

-- Whether a user sees less of a conversation than the others do. For nearly everyone it is one probe that finds nothing.
create or replace function chat.hides_messages(p_user uuid, p_conversation uuid) returns boolean language plpgsql stable
security definer set search_path = pg_catalog, pg_temp as $$
begin
    return exists (
        select from chat.hidden_messages h
        where h.conversation_id = p_conversation and h.user_id = p_user and h.unhidden_at is null);
end
$$;

comment on function chat.hides_messages(uuid, uuid) is 'Whether a user has hidden any message of a conversation.';

create or replace function chat.is_hidden(p_message chat.messages, p_user uuid) returns boolean language plpgsql stable
security definer set search_path = pg_catalog, pg_temp as $$
begin
    return exists (
        select from chat.hidden_messages h
        where h.conversation_id = p_message.conversation_id and h.user_id = p_user and h.message_id = p_message.id and h.unhidden_at is null);
end
$$;

comment on function chat.is_hidden(chat.messages, uuid) is 'Whether a user has deleted a message for themselves.';

-- before insert or update: checks whose it is, completes, stamps. What is hidden already is no second row, and what
-- is as it was is not written: repeating is harmless, and reports 0 rows.
create or replace function chat.hidden_messages_complete() returns trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_actor constant uuid := chat.current_actor();
begin
    if tg_op = 'INSERT' then
        new.user_id := coalesce(new.user_id, v_actor);
        select m.conversation_id into new.conversation_id from chat.messages m where m.id = new.message_id;
        if not found then
            perform chat.refuse(404, 'message_not_found', 'message_id: there is no such message.');
        end if;
    elsif (new.conversation_id, new.user_id, new.message_id) <> (old.conversation_id, old.user_id, old.message_id) then
        perform chat.refuse(422, 'immutable_column', 'conversation_id, user_id, message_id: never change.');
    end if;
    if v_actor <> new.user_id then
        perform chat.refuse(403, 'not_yourself', 'user_id: one hides messages from oneself only.');
    end if;
    -- Locked, so that two who hide the same message for the same user take turns: the second finds the first's row.
    perform from chat.members m
    where m.conversation_id = new.conversation_id and m.user_id = new.user_id and m.active for no key update;
    if not found then
        perform chat.refuse(403, 'not_a_member', 'user_id: not a member of this conversation.');
    end if;

    if tg_op = 'INSERT' then
        update chat.hidden_messages h set unhidden_at = null
        where h.conversation_id = new.conversation_id and h.user_id = new.user_id and h.message_id = new.message_id
          and h.unhidden_at is not null;
        if exists (
            select from chat.hidden_messages h
            where h.conversation_id = new.conversation_id and h.user_id = new.user_id and h.message_id = new.message_id)
        then
            return null;
        end if;
        new.unhidden_at := null;
        new.revision := 1;
    elsif (new.unhidden_at is null) = (old.unhidden_at is null) then
        return null;
    else
        new.unhidden_at := case when new.unhidden_at is not null then clock_timestamp() end;
        new.revision := old.revision + 1;
    end if;
    new.hidden_at := case when new.unhidden_at is null then clock_timestamp() else old.hidden_at end;
    new.changed_xid := pg_current_xact_id();
    return new;
end
$$;

comment on function chat.hidden_messages_complete() is 'Trigger: checks who hides what, completes and stamps; hiding again is the same row.';

create or replace trigger a_complete
    before insert or update of conversation_id, user_id, message_id, hidden_at, unhidden_at on chat.hidden_messages
    for each row execute function chat.hidden_messages_complete();

create or replace function chat.hidden_messages_announce() returns trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform chat.announce(array(
        select chat.to_user(n.user_id, chat.hidden_event(row(n.*)::chat.hidden_messages, m.seq))
        from changed n join chat.messages m on m.id = n.message_id
        order by n.user_id, n.conversation_id, m.seq));
    return null;
end
$$;

comment on function chat.hidden_messages_announce() is 'Trigger: announces to a user alone what they have hidden or show again.';

create or replace trigger c_announce_insert after insert on chat.hidden_messages
    referencing new table as changed
    for each statement execute function chat.hidden_messages_announce();
create or replace trigger c_announce_update after update on chat.hidden_messages
    referencing new table as changed
    for each statement execute function chat.hidden_messages_announce();

create or replace function chat.hidden_messages_soft_delete() returns trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
begin
    update chat.hidden_messages set unhidden_at = clock_timestamp()
    where conversation_id = old.conversation_id and user_id = old.user_id and message_id = old.message_id
      and unhidden_at is null;
    return null;
end
$$;

comment on function chat.hidden_messages_soft_delete() is 'Trigger: turns a delete into showing again, so delete reports 0 rows.';

create or replace trigger a_soft_delete before delete on chat.hidden_messages
    for each row execute function chat.hidden_messages_soft_delete();
create or replace trigger a_refuse_truncate before truncate on chat.hidden_messages
    for each statement execute function chat.refuse_truncate();

create or replace function chat.hide_message(p_actor uuid, p_message uuid) returns chat.messages language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_before constant text := chat.act_as(p_actor);
    v_message constant chat.messages := chat.require_message(p_actor, p_message);
begin
    insert into chat.hidden_messages (message_id, user_id) values (p_message, p_actor);
    perform set_config('chat.actor', v_before, true);
    return v_message;
end
$$;

comment on function chat.hide_message(uuid, uuid) is
    'Deletes a message for the actor alone; again does no harm. Raises CH403 not_a_member, CH404. Event: hidden, to the actor.';

create or replace function chat.unhide_message(p_actor uuid, p_message uuid) returns chat.messages language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_before constant text := chat.act_as(p_actor);
    v_message constant chat.messages := chat.require_message(p_actor, p_message);
begin
    update chat.hidden_messages h set unhidden_at = clock_timestamp()
    where h.conversation_id = v_message.conversation_id and h.user_id = p_actor and h.message_id = p_message
      and h.unhidden_at is null;
    perform set_config('chat.actor', v_before, true);
    return v_message;
end
$$;

comment on function chat.unhide_message(uuid, uuid) is
    'Shows the actor a message again that they have hidden. Raises CH403 not_a_member, CH404. Event: hidden, to the actor.';
