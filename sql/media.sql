-- Media: uploading in pieces, reading in pieces, and who may read what.
--
-- A medium is begun, appended to and then whole (state stored). A server looks at what is stored and tells what it is
-- (state ready): its type by content, its size in pixels, a thumbnail, and that nobody's whereabouts are in it.

-- A piece is a row: large enough that a film is some hundreds of them, small enough to be held by many at once.
create or replace function chat.media_chunk_bytes() returns integer language sql immutable as $$ select 262144 $$;

comment on function chat.media_chunk_bytes() is 'Bytes of each piece of a medium but its last.';

create or replace function chat.media_json(p_media chat.media) returns json language sql stable
security definer set search_path = pg_catalog, pg_temp as $$
    select json_build_object(
        'id', p_media.id, 'name', p_media.name, 'state', p_media.state, 'size', p_media.size, 'received', p_media.received,
        'type', p_media.type, 'width', p_media.width, 'height', p_media.height, 'duration_ms', p_media.duration_ms,
        'animated', p_media.is_animated,
        'thumbnail', (
            select json_build_object('width', t.width, 'height', t.height)
            from chat.media_thumbnails t where t.media_id = p_media.id))
$$;

comment on function chat.media_json(chat.media) is
    'A medium as clients see it: {id, name, state, size, received, type, width, height, duration_ms, animated, thumbnail}.';

-- The media of a message. A function with a plan that it keeps, called for messages that have any.
create or replace function chat.media_text(p_media uuid[]) returns text language plpgsql stable
security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
begin
    return (
        select '[' || string_agg((chat.media_json(m)::jsonb - 'state' - 'received')::text, ',' order by p.place) || ']'
        from unnest(p_media) with ordinality p (id, place) join chat.media m on m.id = p.id);
end
$$;

comment on function chat.media_text(uuid[]) is 'The media of a message, as JSON text, in their order.';

-- A file's name without what is not one: a path, and characters that steer or hide.
create or replace function chat.clean_file_name(p_name text) returns text language sql immutable as $$
    select coalesce(nullif(btrim(left(regexp_replace(regexp_replace(p_name, '^.*[/\\]', ''), '[[:cntrl:]\u200E\u200F\u202A-\u202E\u2066-\u2069]', '', 'g'), 255), ' .'), ''), 'file')
$$;

comment on function chat.clean_file_name(text) is 'The last part of a path, at most 255 characters, without control characters and such as turn the reading direction; file when nothing is left.';

create or replace function chat.media_complete() returns trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
begin
    new.id := coalesce(new.id, chat.uuid_v7());
    new.content_id := coalesce(new.content_id, chat.uuid_v7());
    new.name := chat.clean_file_name(new.name);
    new.created_at := clock_timestamp();
    new.changed_at := new.created_at;
    return new;
end
$$;

comment on function chat.media_complete() is 'Trigger: completes a new medium.';

create or replace trigger a_complete before insert on chat.media
    for each row execute function chat.media_complete();
create or replace trigger a_refuse_delete before delete on chat.media
    for each row execute function chat.refuse_delete();
create or replace trigger a_refuse_truncate before truncate on chat.media
    for each statement execute function chat.refuse_truncate();
create or replace trigger a_refuse_truncate before truncate on chat.media_chunks
    for each statement execute function chat.refuse_truncate();
create or replace trigger a_refuse_delete before delete on chat.message_media
    for each row execute function chat.refuse_delete();
create or replace trigger a_refuse_truncate before truncate on chat.message_media
    for each statement execute function chat.refuse_truncate();

-- p_size null: not known before the end.
create or replace function chat.begin_media(p_actor uuid, p_name text, p_size bigint default null) returns chat.media language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    -- As much as a server can be told to take (MAX_FILE_SIZE).
    c_bytes_max constant bigint := 10::bigint * 1024 * 1024 * 1024;
    -- What somebody begins and never ends is kept for days: this bounds it.
    c_uploads_max constant integer := 50;
    v_before constant text := chat.act_as(p_actor);
    v_media chat.media;
begin
    if coalesce(p_name, '') = '' then
        perform chat.refuse(422, 'name_required', 'name: must have at least one character.');
    elsif p_size is not null and p_size not between 1 and c_bytes_max then
        perform chat.refuse(422, 'bad_size', format('size: must be 1 to %s bytes.', c_bytes_max));
    elsif (select count(*) from chat.media m where m.uploaded_by = p_actor and m.state = 'uploading') >= c_uploads_max then
        perform chat.refuse(409, 'too_many_uploads', format('At most %s uploads of one user wait for their end.', c_uploads_max));
    end if;
    insert into chat.media (uploaded_by, name, state, size) values (p_actor, p_name, 'uploading', p_size) returning * into v_media;
    perform set_config('chat.actor', v_before, true);
    return v_media;
end
$$;

comment on function chat.begin_media(uuid, text, bigint) is
    'Begins an upload of p_size bytes (null: until chat.finish_media). Raises CH409 too_many_uploads, CH422 name_required, bad_size.';

-- The row of an upload, for its own user (null: for the system), locked.
create or replace function chat.require_upload(p_actor uuid, p_media uuid) returns chat.media language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_media chat.media;
begin
    select * into v_media from chat.media m where m.id = p_media for no key update;
    if not found or (p_actor is not null and v_media.uploaded_by is distinct from p_actor) then
        perform chat.refuse(404, 'media_not_found', 'media_id: there is no such medium of yours.');
    elsif v_media.state <> 'uploading' then
        perform chat.refuse(409, 'upload_ended', 'media_id: its upload has ended.');
    end if;
    return v_media;
end
$$;

comment on function chat.require_upload(uuid, uuid) is
    'The row of an unfinished upload, locked. Raises CH404 media_not_found unless it is p_actor''s (null: the system), CH409 upload_ended.';

-- Appends bytes at p_offset, which must be where the upload stands: so a piece that comes twice, or out of turn, is told
-- from the next one. With its last byte an upload of known size is stored. Returns how many bytes are there.
create or replace function chat.append_media(p_actor uuid, p_media uuid, p_offset bigint, p_bytes bytea) returns bigint language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    c_chunk constant integer := chat.media_chunk_bytes();
    v_media constant chat.media := chat.require_upload(p_actor, p_media);
    v_received constant bigint := v_media.received + octet_length(p_bytes);
    v_number constant integer := (v_media.received / c_chunk)::integer;
    -- What the last piece still takes, when it is not full.
    v_room constant integer := ((c_chunk - v_media.received % c_chunk) % c_chunk)::integer;
begin
    if p_offset is distinct from v_media.received then
        perform chat.refuse(409, 'wrong_offset', format('The next byte is at %s, not at %s.', v_media.received, p_offset));
    elsif v_received > v_media.size then
        perform chat.refuse(422, 'too_many_bytes', format('body: the upload has %s bytes, and would have %s.', v_media.size, v_received));
    end if;
    if v_room > 0 then
        update chat.media_chunks c set bytes = c.bytes || substring(p_bytes from 1 for v_room)
        where c.content_id = v_media.content_id and c.number = v_number;
    end if;
    insert into chat.media_chunks (content_id, number, bytes)
    select v_media.content_id, v_number + (v_room > 0)::integer + n, substring(p_bytes from v_room + n * c_chunk + 1 for c_chunk)
    from generate_series(0, (octet_length(p_bytes) - v_room + c_chunk - 1) / c_chunk - 1) n;
    update chat.media m
    set received = v_received, changed_at = clock_timestamp(),
        state = case when v_received = m.size then 'stored' else m.state end
    where m.id = p_media;
    return v_received;
end
$$;

comment on function chat.append_media(uuid, uuid, bigint, bytea) is
    'Appends bytes to an upload, at the offset where it stands; returns the bytes received. Raises CH404 media_not_found, CH409 upload_ended, wrong_offset, CH422 too_many_bytes.';

create or replace function chat.finish_media(p_actor uuid, p_media uuid) returns chat.media language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_media chat.media := chat.require_upload(p_actor, p_media);
begin
    if v_media.received = 0 then
        perform chat.refuse(422, 'empty', 'body: the file is empty.');
    elsif v_media.size <> v_media.received then
        perform chat.refuse(409, 'incomplete', format('%s of %s bytes are there.', v_media.received, v_media.size));
    end if;
    update chat.media m set state = 'stored', size = m.received, changed_at = clock_timestamp()
    where m.id = p_media returning * into v_media;
    return v_media;
end
$$;

comment on function chat.finish_media(uuid, uuid) is
    'Ends an upload whose size was not told before. Raises CH404 media_not_found, CH409 upload_ended, incomplete, CH422 empty.';

create or replace function chat.abandon_media(p_actor uuid, p_media uuid) returns void language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_media constant chat.media := chat.require_upload(p_actor, p_media);
begin
    update chat.media m set state = 'abandoned', changed_at = clock_timestamp() where m.id = p_media;
    delete from chat.media_chunks c where c.content_id = v_media.content_id;
end
$$;

comment on function chat.abandon_media(uuid, uuid) is
    'Gives an unfinished upload up: its row stays, its bytes go. Raises CH404 media_not_found, CH409 upload_ended.';

-- A whole file at once, from SQL. A server looks at it a moment later; until then its type is unknown.
create or replace function chat.store_media(p_actor uuid, p_name text, p_bytes bytea) returns chat.media language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_media chat.media;
begin
    if octet_length(p_bytes) = 0 then
        perform chat.refuse(422, 'empty', 'bytes: the file is empty.');
    end if;
    v_media := chat.begin_media(p_actor, p_name, octet_length(p_bytes));
    perform chat.append_media(p_actor, v_media.id, 0, p_bytes);
    select * into v_media from chat.media m where m.id = v_media.id;
    return v_media;
end
$$;

comment on function chat.store_media(uuid, text, bytea) is
    'Stores a file; a server tells what it is a moment later. Raises CH409 too_many_uploads, CH422 name_required, empty.';

-- Whether somebody may read a medium: whoever uploaded it, members of a conversation in which a message shows it, and
-- everyone where it is a person's picture or a sticker.
create or replace function chat.may_read_media(p_actor uuid, p_media uuid) returns boolean language plpgsql stable
security definer set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
begin
    return p_actor is null
        or exists (select from chat.media m where m.id = p_media and m.uploaded_by = p_actor)
        or exists (
            select from chat.message_media h
            join chat.members m on m.conversation_id = h.conversation_id and m.user_id = p_actor and m.active
            join chat.messages s on s.conversation_id = h.conversation_id and s.seq = h.seq and s.deleted_at is null
            where h.media_id = p_media)
        or exists (select from chat.stickers s where s.media_id = p_media)
        or exists (select from chat.users u where u.avatar_id = p_media)
        or exists (
            select from chat.conversations c
            join chat.members m on m.conversation_id = c.id and m.user_id = p_actor and m.active
            where c.avatar_id = p_media);
end
$$;

comment on function chat.may_read_media(uuid, uuid) is
    'Whether p_actor (null: the system) may read a medium: its uploader, members of a conversation that shows it, everyone for avatars and stickers.';

create or replace function chat.is_picture(p_type text) returns boolean language sql immutable as $$
    select p_type in ('image/jpeg', 'image/png', 'image/gif', 'image/webp')
$$;

comment on function chat.is_picture(text) is 'Whether a MIME type is of an image that every browser shows.';

-- What can be the picture of a person or a conversation: an image that every browser shows and that the actor may read, since
-- who sees what bears it may read it from then on.
create or replace function chat.require_avatar(p_actor uuid, p_media uuid) returns void language plpgsql stable
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_media chat.media;
begin
    if p_media is null then
        return;
    end if;
    select * into v_media from chat.media m where m.id = p_media;
    if not found or not chat.may_read_media(p_actor, p_media) then
        perform chat.refuse(422, 'bad_avatar', 'avatar_id: there is no such medium for you.');
    elsif v_media.state <> 'ready' then
        perform chat.refuse(422, 'bad_avatar', 'avatar_id: it is not ready yet; try again in a moment.');
    elsif not chat.is_picture(v_media.type) then
        perform chat.refuse(422, 'bad_avatar', 'avatar_id: must be a JPEG, PNG, GIF or WebP image.');
    end if;
end
$$;

comment on function chat.require_avatar(uuid, uuid) is
    'Raises CH422 bad_avatar unless p_media (null: none) is an image that is ready and that p_actor (null: the system) may read.';

create or replace function chat.require_media(p_actor uuid, p_media uuid) returns chat.media language plpgsql stable
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_media chat.media;
begin
    -- What one may not read is not told from what is not there: ids of media are in no list.
    select * into v_media from chat.media m where m.id = p_media;
    if not found or not chat.may_read_media(p_actor, p_media) then
        perform chat.refuse(404, 'media_not_found', 'media_id: there is no such medium for you.');
    end if;
    return v_media;
end
$$;

comment on function chat.require_media(uuid, uuid) is 'The row of a medium that p_actor may read. Raises CH404 media_not_found.';

create or replace function chat.read_media(p_actor uuid, p_media uuid, p_offset bigint default 0, p_length integer default null)
returns bytea language plpgsql stable
security definer set search_path = pg_catalog, pg_temp as $$
declare
    c_length_max constant integer := 64 * 1024 * 1024; -- in one value of one row; a film is read in parts
    v_media constant chat.media := chat.require_media(p_actor, p_media);
    v_length constant bigint := least(coalesce(p_length, c_length_max), c_length_max, v_media.received - p_offset);
begin
    if p_offset < 0 or p_length < 0 then
        perform chat.refuse(422, 'bad_range', 'offset, length: must not be negative.');
    elsif v_media.state in ('uploading', 'abandoned') then
        perform chat.refuse(409, 'media_not_ready', 'media_id: not all of it is there.');
    elsif v_length <= 0 then
        return ''::bytea;
    end if;
    return (
        select string_agg(chat.chunk_part(c, p_offset, v_length), ''::bytea order by c.number)
        from chat.media_chunks c
        where c.content_id = v_media.content_id
          and c.number between p_offset / chat.media_chunk_bytes() and (p_offset + v_length - 1) / chat.media_chunk_bytes());
end
$$;

comment on function chat.read_media(uuid, uuid, bigint, integer) is
    'Bytes of a medium from an offset on, at most 64 MiB at once; less at its end. Raises CH404 media_not_found, CH409 media_not_ready, CH422 bad_range.';

-- Only the part that is asked for is read from disk, since pieces are stored as they are.
create or replace function chat.chunk_part(p_chunk chat.media_chunks, p_offset bigint, p_length bigint) returns bytea language sql immutable as $$
    select substring(p_chunk.bytes
        from (greatest(p_offset - p_chunk.number::bigint * chat.media_chunk_bytes(), 0) + 1)::integer
        for (least(p_offset + p_length - p_chunk.number::bigint * chat.media_chunk_bytes(), chat.media_chunk_bytes())
            - greatest(p_offset - p_chunk.number::bigint * chat.media_chunk_bytes(), 0))::integer)
$$;

comment on function chat.chunk_part(chat.media_chunks, bigint, bigint) is 'What of a piece lies within a range of its medium''s bytes.';

-- What a server needs to send a medium's bytes; the bytes themselves it reads by content_id, without asking again.
create or replace function chat.open_media(p_actor uuid, p_media uuid)
returns table (content_id uuid, size bigint, type text, name text, sha256 bytea) language plpgsql stable
security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
    v_media constant chat.media := chat.require_media(p_actor, p_media);
begin
    if v_media.state <> 'ready' then
        perform chat.refuse(409, 'media_not_ready', 'media_id: it is not ready yet; try again in a moment.');
    end if;
    return query select v_media.content_id, v_media.size, v_media.type, v_media.name, v_media.sha256;
end
$$;

comment on function chat.open_media(uuid, uuid) is 'How to send a medium that is ready, for the server. Raises CH404 media_not_found, CH409 media_not_ready.';

create or replace function chat.read_content(p_content uuid, p_number integer) returns bytea language sql stable
security definer set search_path = pg_catalog, pg_temp as $$
    select c.bytes from chat.media_chunks c where c.content_id = p_content and c.number = p_number
$$;

comment on function chat.read_content(uuid, integer) is 'One piece, for the server, which has asked chat.open_media before.';

-- Under the medium's own id, which no upload has: a server that begins again, after another one died over it, writes over
-- what that one left.
create or replace function chat.write_content(p_content uuid, p_number integer, p_bytes bytea) returns void language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
begin
    if not exists (select from chat.media m where m.id = p_content and m.state = 'stored') then
        perform chat.refuse(409, 'upload_ended', 'media_id: another server has looked at it.');
    end if;
    insert into chat.media_chunks (content_id, number, bytes) values (p_content, p_number, p_bytes)
    on conflict (content_id, number) do update set bytes = excluded.bytes;
end
$$;

comment on function chat.write_content(uuid, integer, bytea) is
    'One piece of what a server keeps in place of what was uploaded, since that told where it was made; p_content: the id of the medium, which is stored. Raises CH409 upload_ended.';

-- What a server found in a stored file. p_content: the upload's, or the medium's own id when it had to be cleaned; the other
-- goes, and so does what is there already as another medium's: equal files share their bytes. Nobody is told which.
create or replace function chat.ready_media(
    p_media uuid, p_content uuid, p_size bigint, p_sha256 bytea, p_type text, p_width integer, p_height integer,
    p_duration_ms bigint, p_is_animated boolean,
    p_thumbnail bytea, p_thumbnail_type text, p_thumbnail_width integer, p_thumbnail_height integer)
returns chat.media language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_media chat.media;
    v_equal uuid;
begin
    select * into v_media from chat.media m where m.id = p_media for no key update;
    if v_media.id is null then
        perform chat.refuse(404, 'media_not_found', 'media_id: there is no such medium.');
    elsif v_media.state <> 'stored' then
        -- Another server was faster.
        if p_content <> v_media.content_id then
            delete from chat.media_chunks c where c.content_id = p_content;
        end if;
        return v_media;
    end if;
    if p_content <> v_media.content_id then
        delete from chat.media_chunks c where c.content_id = v_media.content_id;
    end if;
    -- What is left of a server's work that ended before its end.
    delete from chat.media_chunks c
    where c.content_id = p_media and (p_content <> p_media or c.number >= ceil(p_size::numeric / chat.media_chunk_bytes()));
    -- Locked, so that its pieces are there as long as they are shared.
    select m.content_id into v_equal from chat.media m
    where m.sha256 = p_sha256 and m.size = p_size and m.state = 'ready' and m.id <> p_media
    order by m.id limit 1 for key share;
    if v_equal is not null then
        delete from chat.media_chunks c where c.content_id = p_content;
    end if;
    update chat.media m
    set state = 'ready', content_id = coalesce(v_equal, p_content), size = p_size, received = p_size, sha256 = p_sha256, type = p_type,
        width = p_width, height = p_height, duration_ms = p_duration_ms, is_animated = p_is_animated, changed_at = clock_timestamp()
    where m.id = p_media returning * into v_media;
    if p_thumbnail is not null then
        insert into chat.media_thumbnails (media_id, type, width, height, bytes)
        values (p_media, p_thumbnail_type, p_thumbnail_width, p_thumbnail_height, p_thumbnail);
    end if;
    -- Messages that show it already, since they came from SQL, tell what it is now.
    update chat.messages s set revision = s.revision + 1, changed_xid = pg_current_xact_id()
    where (s.conversation_id, s.seq) in (select h.conversation_id, h.seq from chat.message_media h where h.media_id = p_media);
    return v_media;
end
$$;

comment on function chat.ready_media(uuid, uuid, bigint, bytea, text, integer, integer, bigint, boolean, bytea, text, integer, integer) is
    'Notes what a server found in a stored medium. Raises CH404 media_not_found. Events: message, for those that show it.';

create or replace function chat.stored_media() returns setof uuid language sql stable
security definer set search_path = pg_catalog, pg_temp as $$
    select m.id from chat.media m where m.state = 'stored' order by m.id limit 100
$$;

comment on function chat.stored_media() is 'Media that wait for a server to look at them, the first hundred.';

-- Whoever went away in the middle of an upload can come back for it this long.
create or replace function chat.expire_uploads() returns bigint language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    c_kept_for constant interval := interval '7 days';
    v_count bigint;
begin
    with expired as (
        select m.id, m.content_id from chat.media m
        where m.state = 'uploading' and m.changed_at < clock_timestamp() - c_kept_for
        for no key update skip locked
    ), emptied as (
        delete from chat.media_chunks c using expired e where c.content_id = e.content_id
    )
    update chat.media m set state = 'abandoned', changed_at = clock_timestamp() from expired e where m.id = e.id;
    get diagnostics v_count = row_count;
    return v_count;
end
$$;

comment on function chat.expire_uploads() is 'Gives up uploads of which nothing came for 7 days; returns how many.';

-- An image that is small as it is has no smaller one made of it: it is its own.
create or replace function chat.read_thumbnail(p_actor uuid, p_media uuid)
returns table (type text, bytes bytea) language plpgsql stable
security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
    c_bytes_max constant integer := 60 * 1024; -- what a server takes for small
    v_media constant chat.media := chat.require_media(p_actor, p_media);
begin
    return query select t.type, t.bytes from chat.media_thumbnails t where t.media_id = p_media;
    if not found and v_media.state = 'ready' and v_media.size <= c_bytes_max
        and chat.is_picture(v_media.type)
    then
        return query select v_media.type, chat.read_media(p_actor, p_media);
    elsif not found then
        perform chat.refuse(404, 'no_thumbnail', 'media_id: there is no small image of it.');
    end if;
end
$$;

comment on function chat.read_thumbnail(uuid, uuid) is 'The small image of a medium, or the medium where it is a small image itself. Raises CH404 media_not_found, no_thumbnail.';

-- Why a message of a kind can not show these media, as {code, detail}; null when it can.
create or replace function chat.media_refusal(p_sender uuid, p_kind text, p_media uuid[]) returns text[] language plpgsql stable
security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
declare
    c_album_max constant integer := 10; -- what a phone shows as one group
    v_types constant text := case p_kind
        when 'image' then '^image/' when 'gif' then '^(image/(gif|webp|png)|video/mp4)$' when 'sticker' then '^image/'
        when 'video' then '^video/' when 'audio' then '^audio/' when 'voice' then '^(audio|video)/(webm|ogg|mp4|mpeg|x-m4a|aac|wav|x-wav|flac)'
        when 'file' then '' end;
    v_count constant integer := case when p_kind in ('image', 'file') then c_album_max else 1 end;
    v_wrong record;
begin
    if v_types is null then
        return array['bad_media', format('media_ids: a message of kind %s has none.', p_kind)];
    elsif cardinality(p_media) not between 1 and v_count then
        return array['bad_media', format('media_ids: must be 1 to %s of kind %s.', v_count, p_kind)];
    end if;
    select p.id, m.id is null or not chat.may_read_media(p_sender, p.id) as is_missing, m.state, m.type into v_wrong
    from unnest(p_media) p (id) left join chat.media m on m.id = p.id
    where m.id is null or m.state not in ('stored', 'ready') or m.type !~ v_types or not chat.may_read_media(p_sender, p.id)
    limit 1;
    if not found then
        return null;
    elsif v_wrong.is_missing then
        return array['bad_media', format('media_ids: there is no medium %s for the sender.', v_wrong.id)];
    elsif v_wrong.state not in ('stored', 'ready') then
        return array['bad_media', format('media_ids: not all of %s is there.', v_wrong.id)];
    end if;
    return array['bad_media', format('media_ids: %s is %s, which is nothing of kind %s.', v_wrong.id, v_wrong.type, p_kind)];
end
$$;

comment on function chat.media_refusal(uuid, text, uuid[]) is 'Why a message of a kind can not show these media, as {code, detail}; null when it can.';

create or replace function chat.read_stored(p_media uuid)
returns table (state text, content_id uuid, size bigint, name text) language sql stable
security definer set search_path = pg_catalog, pg_temp as $$
    select m.state, m.content_id, m.size, m.name from chat.media m where m.id = p_media
$$;

comment on function chat.read_stored(uuid) is 'Where a medium''s bytes are, for the server that looks at them.';
