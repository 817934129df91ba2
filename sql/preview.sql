-- Link previews: what the page behind a message's first link says of itself. Servers fetch, and take turns here; what
-- they find is kept for every message that names the page.
--
-- A preview is of what the message says: whoever attaches one names the edit that it was found in by its time
-- (edited_at, null for a message as it was sent), and one that comes after the next edit is left out.

-- A fetch takes a few seconds, with its wait for others: a server that has not stored anything by then is gone.
create or replace function chat.preview_fetch_max() returns interval language sql immutable as $$ select interval '30 seconds' $$;

comment on function chat.preview_fetch_max() is 'How long a server may be at a preview before another begins anew.';

-- The preview of an address, as messages carry it. A function with a plan that it keeps, called for messages with a
-- preview only; by nothing but its key, as chat.reply_text.
create or replace function chat.preview_text(p_url text) returns text language plpgsql stable
security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
begin
    return (
        select concat(
            '{"url":', to_json(l.url)::text, ',"title":', to_json(l.title)::text,
            ',"description":', coalesce(to_json(l.description)::text, 'null'),
            ',"site_name":', coalesce(to_json(l.site_name)::text, 'null'), '}')
        from chat.link_previews l
        where l.url = p_url and l.title is not null);
end
$$;

comment on function chat.preview_text(text) is 'The preview of an address, as JSON text: {url, title, description, site_name}; null when there is none.';

-- Whether a message may have a preview of what it said at p_edited_at.
create or replace function chat.wants_preview(p_message chat.messages, p_edited_at timestamptz) returns boolean language sql immutable as $$
    select p_message.kind = 'text' and p_message.deleted_at is null and p_message.preview_removed_at is null
        and p_message.edited_at is not distinct from p_edited_at
        and p_message.data ->> 'preview' is distinct from 'false'
$$;

comment on function chat.wants_preview(chat.messages, timestamptz) is
    'Whether a message may have a preview of a link that it had when edited_at was this: not deleted or edited since, its preview not removed, data.preview not false.';

-- One insert decides between servers that ask at once: it waits for whoever was first, and then changes nothing.
-- What most asks find is looked up before, without a lock; by nothing but keys, since every message with a link asks.
create or replace function chat.claim_preview(p_message uuid, p_url text, p_edited_at timestamptz) returns text language plpgsql
security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
declare
    v_now constant timestamptz := clock_timestamp();
    v_state text;
begin
    perform from chat.messages m
    where m.id = p_message and m.preview_url is distinct from p_url and chat.wants_preview(m, p_edited_at);
    if not found then
        return 'done';
    end if;

    select l.state into v_state from chat.link_previews l
    where l.url = p_url
        and case l.state when 'fetching' then l.fetch_began_at > v_now - chat.preview_fetch_max() else l.expires_at > v_now end;
    if not found then
        insert into chat.link_previews as l (url, state, fetch_began_at) values (p_url, 'fetching', v_now)
        on conflict (url) do update set state = 'fetching', fetch_began_at = v_now
        where case l.state when 'fetching' then l.fetch_began_at <= v_now - chat.preview_fetch_max() else l.expires_at <= v_now end;
        if found then
            return 'fetch';
        end if;
        select l.state into v_state from chat.link_previews l where l.url = p_url;
    end if;

    if v_state = 'fetching' then
        return 'wait';
    elsif v_state = 'ready' then
        perform chat.attach_preview(p_message, p_url, p_edited_at);
    end if;
    return 'done';
end
$$;

comment on function chat.claim_preview(uuid, text, timestamptz) is
    'What is to be done for a message''s preview of p_url: fetch (the caller is to, and nobody else is), wait (another is at it) or done (attached, or nothing to do). Event: message, when it was attached.';

create or replace function chat.store_preview(p_url text, p_title text, p_description text, p_site_name text) returns void language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    c_ready_for constant interval := interval '7 days';
    c_none_for constant interval := interval '1 hour';
    v_now constant timestamptz := clock_timestamp();
begin
    if p_title is null then
        -- One that was given up comes late, and knows no better than who came after it.
        update chat.link_previews l set state = 'none', fetched_at = v_now, expires_at = v_now + c_none_for
        where l.url = p_url and l.state = 'fetching';
    else
        update chat.link_previews l
        set state = 'ready', title = p_title, description = p_description, site_name = p_site_name,
            fetched_at = v_now, expires_at = v_now + c_ready_for
        where l.url = p_url;
    end if;
end
$$;

comment on function chat.store_preview(text, text, text, text) is
    'Keeps what a claimed fetch found, for 7 days; p_title null: that it found nothing, for an hour.';

create or replace function chat.attach_preview(p_message uuid, p_url text, p_edited_at timestamptz) returns boolean language plpgsql
security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
begin
    update chat.messages m
    set preview_url = p_url, revision = m.revision + 1, changed_xid = pg_current_xact_id()
    where m.id = p_message and m.preview_url is distinct from p_url and chat.wants_preview(m, p_edited_at)
        and chat.preview_text(p_url) is not null;
    return found;
end
$$;

comment on function chat.attach_preview(uuid, text, timestamptz) is
    'Gives a message the stored preview of p_url, unless it is deleted, was edited since p_edited_at, wants none or had it removed; returns whether it did. Event: message.';

create or replace function chat.remove_preview(p_actor uuid, p_message uuid) returns chat.messages language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_before constant text := chat.act_as(p_actor);
    v_message chat.messages;
    v_role text;
begin
    select m.* into v_message from chat.messages m where m.id = p_message for no key update;
    if not found then
        perform chat.refuse(404, 'message_not_found', 'message_id: there is no such message.');
    end if;
    if p_actor is not null then
        select m.role into v_role from chat.members m
        where m.conversation_id = v_message.conversation_id and m.user_id = p_actor and m.active;
        if v_role is null then
            perform chat.refuse(403, 'not_a_member', 'You are not a member of this conversation.');
        elsif p_actor is distinct from v_message.sender_id and v_role = 'member' then
            perform chat.refuse(403, 'not_the_sender', 'Only the sender, an owner or an admin can remove a preview.');
        end if;
    end if;
    if v_message.deleted_at is not null then
        perform chat.refuse(409, 'message_deleted', 'A deleted message has no preview.');
    end if;
    if v_message.preview_removed_at is null then
        update chat.messages m
        set preview_url = null, preview_removed_at = clock_timestamp(), revision = m.revision + 1, changed_xid = pg_current_xact_id()
        where m.id = p_message
        returning * into v_message;
    end if;
    perform set_config('chat.actor', v_before, true);
    return v_message;
end
$$;

comment on function chat.remove_preview(uuid, uuid) is
    'Takes the preview off a message, which gets none again, whatever it is edited to. Raises CH403 not_the_sender, not_a_member; CH404; CH409 message_deleted. Event: message.';

-- before update, after messages_guard_update: who says something else links to something else, until a server has
-- looked. The guard has raised the revision and stamped.
create or replace function chat.messages_clear_preview() returns trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
begin
    new.preview_url := null;
    return new;
end
$$;

comment on function chat.messages_clear_preview() is 'Trigger: what a message said before an edit is not previewed after it.';

create or replace trigger b_clear_preview before update of body, data on chat.messages
    for each row when (
        old.preview_url is not null
        and (new.body is distinct from old.body or (new.data ->> 'preview') is not distinct from 'false'))
    execute function chat.messages_clear_preview();

create or replace trigger a_refuse_delete before delete on chat.link_previews
    for each row execute function chat.refuse_delete();
create or replace trigger a_refuse_truncate before truncate on chat.link_previews
    for each statement execute function chat.refuse_truncate();
