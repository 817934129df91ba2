-- Topics: conversations that the host knows by a key of its own, such as order-4711, made when somebody first opens them or
-- by the host beforehand. Who may open one is the host's to say (chat_hook.may_open_topic); nobody in it has power over
-- the others, but whom the host makes an admin.

create schema if not exists chat_hook;

comment on schema chat_hook is 'Functions that the host project may replace: the chat asks them, and puts none in the place of one that is there.';

do $$
begin
    if to_regprocedure('chat_hook.may_open_topic(uuid, text, text)') is null then
        create function chat_hook.may_open_topic(p_user uuid, p_external_id text, p_topic text) returns boolean language sql stable
        set search_path = pg_catalog, pg_temp as 'select true';

        comment on function chat_hook.may_open_topic(uuid, text, text) is
            'Whether a user (p_external_id: the host''s own id for them, or null) may open or join the conversation of a topic. Yours to replace; everyone may.';
    end if;
end
$$;

revoke all on schema chat_hook from public;
revoke all on function chat_hook.may_open_topic(uuid, text, text) from public;

-- A hook that fails says nothing: then nobody is let in by it.
create or replace function chat.require_topic(p_user uuid, p_topic text) returns void language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_may boolean;
    v_state text;
    v_message text;
begin
    if p_user is null then
        return;
    end if;
    begin
        v_may := chat_hook.may_open_topic(p_user, (select u.external_id from chat.users u where u.id = p_user), p_topic);
    exception when others then
        get stacked diagnostics v_state = returned_sqlstate, v_message = message_text;
        raise warning 'chat_hook.may_open_topic failed, so % is refused: % %', p_topic, v_state, v_message;
    end;
    if v_may is not true then
        perform chat.refuse(403, 'topic_refused', 'You may not open this topic.');
    end if;
end
$$;

comment on function chat.require_topic(uuid, text) is
    'Raises CH403 topic_refused unless chat_hook.may_open_topic says that p_user (null: the system) may; one that fails, and is logged, does not.';

-- Of two who come at once, one makes it and the other joins.
create or replace function chat.open_topic(p_actor uuid, p_topic text, p_title text default null) returns chat.conversations language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_before constant text := chat.act_as(p_actor);
    v_quiet constant text := coalesce(current_setting('chat.quiet', true), '');
    v_conversation chat.conversations;
begin
    if p_topic is null then
        perform chat.refuse(422, 'bad_topic', 'topic: must have 1 to 200 characters.');
    end if;
    select * into v_conversation from chat.conversations c where c.topic = p_topic;
    if not found then
        perform chat.require_topic(p_actor, p_topic);
        -- Who happened to be the first is no news, and the conversation begins with what is said in it.
        perform set_config('chat.quiet', 'on', true);
        insert into chat.conversations (kind, topic, title, join_policy, created_by)
        values ('room', p_topic, coalesce(nullif(btrim(p_title), ''), left(p_topic, 120)), 'open', p_actor)
        on conflict (topic) where topic is not null do nothing
        returning * into v_conversation;
        perform set_config('chat.quiet', v_quiet, true);
        if v_conversation.id is null then
            select * into v_conversation from chat.conversations c where c.topic = p_topic;
            if not found then
                -- A transaction that sees only what was there when it began: it has to begin again.
                raise exception using errcode = 'serialization_failure', message = 'another transaction made this topic';
            end if;
        end if;
    end if;
    if p_actor is not null
        and not exists (select from chat.members m where m.conversation_id = v_conversation.id and m.user_id = p_actor and m.active)
    then
        perform chat.require_topic(p_actor, p_topic);
        -- To be let in where one is not is asked for with a link, or of the host.
        if v_conversation.kind <> 'room' or v_conversation.join_policy <> 'open'
            or (chat.walk_in(p_actor, v_conversation.id, null)).joined_at is null
        then
            perform chat.refuse(403, 'not_a_member', 'You are not a member of this conversation.');
        end if;
        select * into v_conversation from chat.conversations c where c.id = v_conversation.id;
    end if;
    perform set_config('chat.actor', v_before, true);
    return v_conversation;
end
$$;

comment on function chat.open_topic(uuid, text, text) is
    'The conversation of a topic, with the actor (null: the system) in it: made as an open room when there is none, named p_title or after the topic; joined when it is open. Raises CH403 topic_refused, not_a_member, CH409 conversation_closed, CH422 bad_topic, title_too_long. Events: conversation, member.';

-- For the host, in one transaction with whatever the topic is of.
create or replace function chat.create_topic(p_topic text, p_title text default null, p_members text[] default '{}', p_join_policy text default 'invite')
returns chat.conversations language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_before constant text := chat.act_as(null);
    v_quiet constant text := coalesce(current_setting('chat.quiet', true), '');
    v_conversation chat.conversations;
    v_missing text;
begin
    if p_topic is null then
        perform chat.refuse(422, 'bad_topic', 'p_topic: must have 1 to 200 characters.');
    end if;
    select x into v_missing from unnest(p_members) x
    where not exists (select from chat.users u where u.external_id = x and u.deactivated_at is null) limit 1;
    if found then
        perform chat.refuse(404, 'user_not_found', format('p_members: there is no user %s.', coalesce(v_missing, 'null')));
    end if;
    -- The conversation begins with what the host, or somebody, says in it.
    perform set_config('chat.quiet', 'on', true);
    insert into chat.conversations (kind, topic, title, join_policy)
    values ('room', p_topic, coalesce(nullif(btrim(p_title), ''), left(p_topic, 120)), p_join_policy)
    on conflict (topic) where topic is not null do nothing
    returning * into v_conversation;
    if v_conversation.id is null then
        perform chat.refuse(409, 'topic_taken', 'p_topic: there is a conversation of it.');
    end if;
    insert into chat.members (conversation_id, user_id)
    select v_conversation.id, u.id from chat.users u where u.external_id = any (p_members) order by u.id;
    perform set_config('chat.quiet', v_quiet, true);
    select * into v_conversation from chat.conversations c where c.id = v_conversation.id;
    perform set_config('chat.actor', v_before, true);
    return v_conversation;
end
$$;

comment on function chat.create_topic(text, text, text[], text) is
    'Makes the conversation of a topic, for the host, with the members of these external_ids; with join_policy invite nobody else comes in. Raises CH404 user_not_found, CH409 topic_taken, CH422 bad_topic, title_too_long, bad_join_policy. Events: member, conversation.';
