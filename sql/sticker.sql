-- Stickers in packs, and the GIFs that were shared.

create or replace function chat.refuse_bad_slug(p_field text, p_name text) returns void language plpgsql immutable
set search_path = pg_catalog, pg_temp as $$
begin
    if p_name is null or p_name !~ '^[a-z0-9-]{1,60}$' then
        perform chat.refuse(422, 'bad_name', format('%s: must be 1 to 60 of a to z, 0 to 9 and -.', p_field));
    end if;
end
$$;

comment on function chat.refuse_bad_slug(text, text) is 'Raises CH422 bad_name unless p_name can be what messages call a pack or a sticker by.';

-- Adds a pack: p_stickers is a JSON array of {name, alt, emoji, media_id}, images that the actor may read.
create or replace function chat.add_sticker_pack(p_actor uuid, p_name text, p_title text, p_stickers jsonb) returns json language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    c_stickers_max constant integer := 120; -- some screens of a picker
    v_before constant text := chat.act_as(p_actor);
    v_pack uuid;
    v_item record;
begin
    perform chat.refuse_bad_slug('name', p_name);
    if p_name = 'webchat' or exists (select from chat.sticker_packs k where k.name = p_name) then
        perform chat.refuse(409, 'pack_taken', 'name: there is a pack of this name.');
    elsif coalesce(char_length(btrim(p_title)), 0) not between 1 and 80 then
        perform chat.refuse(422, 'title_required', 'title: must have 1 to 80 characters.');
    elsif jsonb_typeof(p_stickers) is distinct from 'array' then
        perform chat.refuse(422, 'bad_stickers', 'stickers: must be a list.');
    elsif jsonb_array_length(p_stickers) not between 1 and c_stickers_max then
        perform chat.refuse(422, 'bad_stickers', format('stickers: must be 1 to %s.', c_stickers_max));
    end if;
    insert into chat.sticker_packs (id, name, title, created_by, created_at)
    values (chat.uuid_v7(), p_name, btrim(p_title), p_actor, clock_timestamp()) returning id into v_pack;
    for v_item in
        select i.*, m.type, m.state, coalesce(chat.may_read_media(p_actor, i.media_id), false) as may_read
        from rows from (jsonb_to_recordset(p_stickers) as (name text, alt text, emoji text, media_id uuid))
            with ordinality i (name, alt, emoji, media_id, place)
        left join chat.media m on m.id = i.media_id
        order by i.place
    loop
        perform chat.refuse_bad_slug(format('stickers[%s].name', v_item.place - 1), v_item.name);
        if coalesce(char_length(btrim(v_item.alt)), 0) not between 1 and 200 then
            perform chat.refuse(422, 'bad_stickers', format('stickers[%s].alt: must have 1 to 200 characters.', v_item.place - 1));
        elsif v_item.type is null or not v_item.may_read or v_item.state <> 'ready' or v_item.type !~ '^image/' then
            perform chat.refuse(422, 'bad_stickers', format('stickers[%s].media_id: must be an image of yours that is ready.', v_item.place - 1));
        elsif v_item.emoji is not null and chat.is_emoji(v_item.emoji) is not true then
            perform chat.refuse(422, 'bad_stickers', format('stickers[%s].emoji: must be one emoji.', v_item.place - 1));
        elsif exists (select from chat.stickers s where s.pack_id = v_pack and s.name = v_item.name) then
            perform chat.refuse(422, 'bad_stickers', format('stickers[%s].name: is there twice.', v_item.place - 1));
        end if;
        insert into chat.stickers (pack_id, place, name, alt, emoji, media_id)
        values (v_pack, v_item.place, v_item.name, btrim(v_item.alt), v_item.emoji, v_item.media_id);
    end loop;
    perform set_config('chat.actor', v_before, true);
    return chat.sticker_pack_json(v_pack);
end
$$;

comment on function chat.add_sticker_pack(uuid, text, text, jsonb) is
    'Adds a pack of stickers [{name, alt, emoji, media_id}] that everyone can send. Raises CH409 pack_taken, CH422 bad_name, title_required, bad_stickers.';

create or replace function chat.sticker_pack_json(p_pack uuid) returns json language sql stable
security definer set search_path = pg_catalog, pg_temp as $$
    select json_build_object('name', k.name, 'title', k.title, 'stickers', (
        select json_agg(json_build_object('name', s.name, 'alt', s.alt, 'emoji', s.emoji, 'media', chat.media_json(m)) order by s.place)
        from chat.stickers s join chat.media m on m.id = s.media_id where s.pack_id = k.id))
    from chat.sticker_packs k where k.id = p_pack
$$;

comment on function chat.sticker_pack_json(uuid) is 'A pack as clients see it: {name, title, stickers: [{name, alt, emoji, media}]}.';

create or replace function chat.stickers(p_actor uuid) returns setof json language sql stable
security definer set search_path = pg_catalog, pg_temp as $$
    -- The newest hundred: what is not on a screen's row of tabs is not chosen.
    select chat.sticker_pack_json(k.id)
    from chat.sticker_packs k where k.removed_at is null
    order by k.created_at desc, k.id desc limit 100
$$;

comment on function chat.stickers(uuid) is 'Packs that were added, the newest first, at most 100.';

-- GIFs that messages of the actor's conversations show, each once, the newest first, by words of what they show or are called.
create or replace function chat.gifs(p_actor uuid, p_query text default null, p_limit integer default 50) returns setof json language sql stable
security definer set search_path = pg_catalog, pg_temp as $$
    select json_build_object('media', chat.media_json(m), 'alt', g.alt)
    from (
        select distinct on (h.media_id) h.media_id, s.created_at, s.data ->> 'alt' as alt
        from chat.members own
        join chat.message_media h on h.conversation_id = own.conversation_id
        join chat.messages s on s.conversation_id = h.conversation_id and s.seq = h.seq and s.kind = 'gif' and s.deleted_at is null
        where own.user_id = p_actor and own.active
        order by h.media_id, s.created_at desc
    ) g
    join chat.media m on m.id = g.media_id and m.state = 'ready'
    where nullif(btrim(p_query), '') is null or strpos(chat.fold_text(concat(g.alt, ' ', m.name)), chat.fold_text(btrim(p_query))) > 0
    order by g.created_at desc, g.media_id
    limit least(greatest(p_limit, 1), 100)
$$;

comment on function chat.gifs(uuid, text, integer) is 'GIFs shared in the actor''s conversations, the newest first, as {media, alt}; p_limit 1 to 100.';
