-- Mentions: whom a message calls by @username, or names in data.mentions. The message bears their ids; a table holds
-- the same by member, so that counting the unread ones is a range of its key.

-- Nearly no message calls anybody, which is seen without reading anything.
create or replace function chat.may_mention(p_body text, p_data jsonb) returns boolean language sql immutable as $$
    select coalesce(strpos(p_body, '@') > 0, false) or coalesce(p_data ? 'mentions', false)
$$;

comment on function chat.may_mention(text, jsonb) is 'Whether a message can mention anybody at all.';

-- Members of the conversation, other than the sender, whom the message names: in data.mentions by id, in body by
-- @username, without regard to case and with or without what punctuation follows. Others are passed over: a name
-- may be that of somebody who has left, or no name at all. Null for nobody.
create or replace function chat.find_mentions(p_conversation uuid, p_sender uuid, p_body text, p_data jsonb) returns uuid[] language plpgsql stable
security definer set search_path = pg_catalog, pg_temp as $$
declare
    c_mentions_max constant integer := 50; -- who means everyone writes to everyone
    v_names text[];
    v_ids uuid[] := array[]::uuid[];
begin
    if jsonb_typeof(p_data -> 'mentions') = 'array' then
        v_ids := array(select x::uuid from jsonb_array_elements_text(p_data -> 'mentions') x limit c_mentions_max);
    end if;
    if strpos(p_body, '@') > 0 then
        v_names := array(
            select distinct n.name from (
                select lower(x[1]) as said from regexp_matches(p_body, '(?:^|[^[:alnum:]@_.])@([^\s@]{1,60})', 'g') x limit 4 * c_mentions_max) s
            cross join lateral (values (s.said), (rtrim(s.said, '.,;:!?)]}''"*_~'))) n (name));
        -- By the key of names alone: most words after an @ are nobody's name, and then no more is asked.
        v_ids := v_ids || array(select u.id from chat.users u where lower(u.username) = any (v_names) and u.username is not null);
    end if;
    if v_ids = '{}' then
        return null;
    end if;
    return (
        select array_agg(f.user_id order by f.user_id)
        from (
            select m.user_id from chat.members m
            where m.conversation_id = p_conversation and m.user_id = any (v_ids) and m.active and m.user_id is distinct from p_sender
            order by m.user_id limit c_mentions_max) f);
end
$$;

comment on function chat.find_mentions(uuid, uuid, text, jsonb) is 'Ids of the members whom a message mentions, at most 50; null for nobody.';

-- As they are called now. A function with a plan that it keeps, called for messages that mention somebody only.
create or replace function chat.mentions_text(p_mentions uuid[]) returns text language plpgsql stable
security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
begin
    return (
        select '[' || string_agg(concat('{"id":"', u.id, '","name":', to_json(u.name), ',"username":', coalesce(to_json(u.username)::text, 'null'), '}'), ',' order by u.id) || ']'
        from chat.users u where u.id = any (p_mentions));
end
$$;

comment on function chat.mentions_text(uuid[]) is 'Those whom a message mentions, as JSON text: [{id, name, username}].';

-- What an edit makes of them.
create or replace function chat.change_mentions(p_conversation uuid, p_seq bigint, p_before uuid[], p_after uuid[]) returns void language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
begin
    update chat.mentions n set removed_at = clock_timestamp()
    where n.conversation_id = p_conversation and n.user_id = any (p_before) and n.seq = p_seq
      and n.user_id <> all (coalesce(p_after, '{}')) and n.removed_at is null;
    insert into chat.mentions as n (conversation_id, user_id, seq)
    select p_conversation, x, p_seq from unnest(p_after) x order by x
    on conflict (conversation_id, user_id, seq) do update set removed_at = null where n.removed_at is not null;
end
$$;

comment on function chat.change_mentions(uuid, bigint, uuid[], uuid[]) is 'Notes whom an edited message mentions now; used by its trigger.';

create or replace trigger a_refuse_delete before delete on chat.mentions
    for each row execute function chat.refuse_delete();
create or replace trigger a_refuse_truncate before truncate on chat.mentions
    for each statement execute function chat.refuse_truncate();

-- Counting stops at 100: beyond, nobody reads the difference.
create or replace function chat.count_mentions(p_conversation uuid, p_user uuid, p_seq bigint) returns bigint language plpgsql stable
security definer set search_path = pg_catalog, pg_temp
-- By the key alone, whatever the tables held when this was planned.
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
begin
    return (
        select count(*) from (
            select from chat.mentions n join chat.messages m on m.conversation_id = n.conversation_id and m.seq = n.seq
            where n.conversation_id = p_conversation and n.user_id = p_user and n.seq > p_seq and n.removed_at is null
              and m.deleted_at is null and not chat.is_hidden(m, p_user)
            limit 100) unread);
end
$$;

comment on function chat.count_mentions(uuid, uuid, bigint) is 'Messages after p_seq that mention a user, neither deleted nor hidden by them; counting stops at 100.';
