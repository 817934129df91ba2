-- Reactions: who answered which message with which emoji. The table keeps each of them; the message bears what its
-- readers see, so that reading a page reads no second table, and so that a changed reaction is a changed message.

-- What a message bears: each emoji in the order in which it came, how many gave it, and who, the first hundred of them.
-- That many names nobody reads; all of them are in chat.list_reactions.
create or replace function chat.reactions_json(p_conversation uuid, p_message uuid) returns jsonb language plpgsql stable
security definer set search_path = pg_catalog, pg_temp
set enable_seqscan = off as $$
declare
    c_users_max constant integer := 100;
begin
    return (
        select jsonb_agg(jsonb_build_object('emoji', e.emoji, 'count', e.given, 'user_ids', to_jsonb(e.user_ids[1:c_users_max])) order by e.first_at, e.emoji)
        from (
            select r.emoji, count(*) as given, min(r.reacted_at) as first_at, array_agg(r.user_id order by r.reacted_at, r.user_id) as user_ids
            from chat.reactions r
            where r.conversation_id = p_conversation and r.message_id = p_message and r.removed_at is null
            group by r.emoji) e);
end
$$;

comment on function chat.reactions_json(uuid, uuid) is 'Reactions to a message as its readers see them: [{emoji, count, user_ids}], the first 100 users each; null for none.';

-- before insert or update: checks who reacts to what, completes. What is there already is no second row, and what is
-- as it was is not written: repeating is harmless, and reports 0 rows. The message is locked, so that what it bears
-- counts everyone's.
create or replace function chat.reactions_complete() returns trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    -- Different ones to one message: a row on a phone holds six, and three rows are enough.
    c_emoji_max constant integer := 20;
    v_actor constant uuid := chat.current_actor();
    v_message chat.messages;
    v_closed_at timestamptz;
    v_is_silenced boolean;
begin
    if tg_op = 'INSERT' then
        new.user_id := coalesce(new.user_id, v_actor);
    elsif (new.conversation_id, new.message_id, new.user_id, new.emoji) is distinct from (old.conversation_id, old.message_id, old.user_id, old.emoji) then
        perform chat.refuse(422, 'immutable_column', 'conversation_id, message_id, user_id, emoji: never change.');
    end if;
    if v_actor <> new.user_id then
        perform chat.refuse(403, 'not_yourself', 'user_id: one reacts for oneself only.');
    end if;
    select * into v_message from chat.messages m where m.id = new.message_id for no key update;
    if not found then
        perform chat.refuse(404, 'message_not_found', 'message_id: there is no such message.');
    end if;
    new.conversation_id := v_message.conversation_id;
    select c.closed_at, c.is_silenced into v_closed_at, v_is_silenced
    from chat.members m join chat.conversations c on c.id = m.conversation_id
    where m.conversation_id = new.conversation_id and m.user_id = new.user_id and m.active;
    if not found then
        perform chat.refuse(403, 'not_a_member', 'user_id: not a member of this conversation.');
    elsif chat.is_emoji(new.emoji) is not true then
        perform chat.refuse(422, 'bad_emoji', 'emoji: must be one emoji.');
    elsif v_message.deleted_at is not null then
        perform chat.refuse(409, 'message_deleted', 'This message was deleted.');
    elsif v_closed_at is not null then
        perform chat.refuse(409, 'conversation_closed', 'This conversation is closed.');
    elsif v_is_silenced and new.removed_at is null then
        perform chat.refuse(403, 'blocked', 'One of you has blocked the other.');
    end if;

    if tg_op = 'INSERT' then
        update chat.reactions r set removed_at = null
        where r.conversation_id = new.conversation_id and r.message_id = new.message_id and r.user_id = new.user_id and r.emoji = new.emoji
          and r.removed_at is not null;
        if exists (
            select from chat.reactions r
            where r.conversation_id = new.conversation_id and r.message_id = new.message_id and r.user_id = new.user_id and r.emoji = new.emoji)
        then
            return null;
        end if;
        new.removed_at := null;
    elsif (new.removed_at is null) = (old.removed_at is null) then
        return null;
    end if;
    if new.removed_at is not null then
        new.removed_at := clock_timestamp();
        new.reacted_at := old.reacted_at;
        return new;
    end if;
    if (
        select count(distinct r.emoji) from chat.reactions r
        where r.conversation_id = new.conversation_id and r.message_id = new.message_id and r.removed_at is null and r.emoji <> new.emoji) >= c_emoji_max
    then
        perform chat.refuse(409, 'too_many_reactions', format('A message has at most %s different reactions.', c_emoji_max));
    end if;
    new.reacted_at := clock_timestamp();
    return new;
end
$$;

comment on function chat.reactions_complete() is 'Trigger: checks who reacts to what and completes; reacting again is the same row.';

create or replace trigger a_complete
    before insert or update of conversation_id, message_id, user_id, emoji, reacted_at, removed_at on chat.reactions
    for each row execute function chat.reactions_complete();

-- after insert or update: the message bears the news, and announces itself.
create or replace function chat.reactions_raise_messages() returns trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
begin
    update chat.messages m
    set reactions = chat.reactions_json(m.conversation_id, m.id), revision = m.revision + 1, changed_xid = pg_current_xact_id()
    where m.id in (select c.message_id from changed c);
    return null;
end
$$;

comment on function chat.reactions_raise_messages() is 'Trigger: gives messages their changed reactions.';

create or replace trigger c_raise_insert after insert on chat.reactions
    referencing new table as changed
    for each statement execute function chat.reactions_raise_messages();
create or replace trigger c_raise_update after update on chat.reactions
    referencing new table as changed
    for each statement execute function chat.reactions_raise_messages();

create or replace function chat.reactions_soft_delete() returns trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
begin
    update chat.reactions set removed_at = clock_timestamp()
    where conversation_id = old.conversation_id and message_id = old.message_id and user_id = old.user_id and emoji = old.emoji
      and removed_at is null;
    return null;
end
$$;

comment on function chat.reactions_soft_delete() is 'Trigger: turns a delete into taking back, so delete reports 0 rows.';

create or replace trigger a_soft_delete before delete on chat.reactions
    for each row execute function chat.reactions_soft_delete();
create or replace trigger a_refuse_truncate before truncate on chat.reactions
    for each statement execute function chat.refuse_truncate();

create or replace function chat.react(p_actor uuid, p_message uuid, p_emoji text) returns chat.messages language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_before constant text := chat.act_as(p_actor);
    v_message chat.messages;
begin
    insert into chat.reactions (message_id, user_id, emoji) values (p_message, p_actor, p_emoji);
    select * into v_message from chat.messages m where m.id = p_message;
    perform set_config('chat.actor', v_before, true);
    return v_message;
end
$$;

comment on function chat.react(uuid, uuid, text) is
    'Reacts to a message with an emoji; again does no harm. Raises CH403 not_a_member, blocked, CH404, CH409 message_deleted, conversation_closed, too_many_reactions, CH422 bad_emoji. Event: message.';

create or replace function chat.unreact(p_actor uuid, p_message uuid, p_emoji text) returns chat.messages language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_before constant text := chat.act_as(p_actor);
    v_message chat.messages := chat.require_message(p_actor, p_message);
begin
    update chat.reactions r set removed_at = clock_timestamp()
    where r.conversation_id = v_message.conversation_id and r.message_id = p_message and r.user_id = p_actor and r.emoji = p_emoji
      and r.removed_at is null;
    if found then
        select * into v_message from chat.messages m where m.id = p_message;
    end if;
    perform set_config('chat.actor', v_before, true);
    return v_message;
end
$$;

comment on function chat.unreact(uuid, uuid, text) is
    'Takes a reaction back; one that is not there does no harm. Raises CH403 not_a_member, CH404, CH409 message_deleted, conversation_closed. Event: message.';

-- Who reacted with what, in the order in which they did.
create or replace function chat.list_reactions(p_actor uuid, p_message uuid) returns setof json language plpgsql stable
security definer set search_path = pg_catalog, pg_temp as $$
declare
    c_rows_max constant integer := 1000; -- some screens of names; a message bears the full counts
    v_message constant chat.messages := chat.require_message(p_actor, p_message);
begin
    return query
    select json_build_object('emoji', r.emoji, 'user_id', r.user_id, 'user_name', u.name, 'avatar_id', u.avatar_id, 'reacted_at', chat.json_time(r.reacted_at))
    from chat.reactions r join chat.users u on u.id = r.user_id
    where r.conversation_id = v_message.conversation_id and r.message_id = p_message and r.removed_at is null
      and v_message.deleted_at is null
    order by r.reacted_at, r.user_id, r.emoji
    limit c_rows_max;
end
$$;

comment on function chat.list_reactions(uuid, uuid) is 'Who reacted to a message with what, first to last, at most 1,000; none of a deleted one. Raises CH403 not_a_member, CH404.';
