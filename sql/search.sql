-- Searching in messages: by words, parts of words, and runs of characters in scripts that have no spaces.
--
-- The index comes a moment after the messages (chat.index_messages), by blocks of some thirty: sending writes nothing
-- for it. A search asks the index for blocks that may hold what is looked for, newest first, compares their texts, and
-- stops when its page is full. What is not indexed yet is read directly, so a message is found as soon as it is there.
-- Whatever the index says, every hit is compared with the message itself.

-- Text as it is compared: small letters, no accents. Most text is ASCII, where that is one cheap step.
create or replace function chat.fold_text(p_text text) returns text language sql immutable parallel safe as $$
    select case when octet_length(p_text) = char_length(p_text) then lower(p_text collate "C")
        -- Variation selectors go as well: whether a heart is asked to be red makes it no other heart.
        else normalize(lower(regexp_replace(normalize(p_text, NFKD), U&'[\0300-\036F\FE0E\FE0F]', '', 'g')), NFC) end
$$;

comment on function chat.fold_text(text) is 'Text as search compares it: in small letters and without accents (NFKD less U+0300 to U+036F, then NFC).';

-- Folded, with any run of spaces and control characters as one space: a phrase goes over the end of a line.
create or replace function chat.fold_spaces(p_text text) returns text language sql immutable parallel safe as $$
    select case when p_text ~ U&'  |[\0001-\001F\007F\00A0\2000-\200B\2028\2029\3000]'
        then btrim(regexp_replace(chat.fold_text(p_text), U&'[ \0001-\001F\007F\00A0\2000-\200B\2028\2029\3000]+', ' ', 'g'))
        else chat.fold_text(p_text) end
$$;

comment on function chat.fold_spaces(text) is 'Text as search compares it, each run of spaces and line ends one space.';

-- What can be searched of a message: what it says, and the names in its data, whatever kind has them. Of system messages
-- nothing; data of a text is the host's own. A bar keeps a phrase from going over from one part to the next.
create or replace function chat.searched_text(p_kind text, p_body text, p_data jsonb) returns text language sql immutable parallel safe as $$
    select case
        when p_kind = 'system' then ''
        when p_data is null or p_kind in ('text', 'emoji') then coalesce(chat.fold_spaces(p_body), '')
        -- Names are a line; what is longer is cut off, so that a block has its bounds.
        else chat.fold_spaces(concat_ws(' | ', p_body, left(p_data ->> 'name', 500), left(p_data ->> 'address', 500),
            left(p_data ->> 'organization', 500), left(p_data ->> 'alt', 500), left(p_data ->> 'alts', 3000)))
        end
$$;

comment on function chat.searched_text(text, text, jsonb) is
    'What can be searched of a message, folded: its body, and name, address, organization, alt and alts of its data.';

-- Two kinds of runs of characters. Words are found by how they begin, and by how any rest of them begins. Scripts without
-- spaces (Thai, Chinese, kana, Hangul, …), signs and emoji have no words: pairs of characters stand for those.
-- Everything else, in ASCII all but letters and digits, divides.
create or replace function chat.word_runs(p_text text) returns setof text language sql immutable parallel safe as $$
    select distinct w from string_to_table(
        case when octet_length(p_text) = char_length(p_text)
            then translate(p_text, E'!"#$%&''()*+,-./:;<=>?@[\\]^_`{|}~', repeat(' ', 32))
            else regexp_replace(p_text, U&'[\0001-/:-@\005B-`{-\00A9\00AB-\00B4\00B6-\00B9\00BB-\00BF\0E00-\109F\1780-\17FF\2000-\2BFF\2E00-\D7FF\F900-\FAFF\FE00-\FE6F\FF00-\FFEF\+010000-\+10FFFF]+', ' ', 'g')
        end, ' ') w
    where w <> ''
$$;

comment on function chat.word_runs(text) is 'The words of a folded text, each once.';

create or replace function chat.dense_runs(p_text text) returns setof text language sql immutable parallel safe as $$
    select distinct w from string_to_table(
        case when octet_length(p_text) = char_length(p_text) then ''
            else regexp_replace(p_text, U&'[^\0E00-\109F\1780-\17FF\2070-\2BFF\2E80-\2FDF\3005-\3007\3021-\3029\3031-\3035\3038-\D7FF\F900-\FAFF\FF66-\FF9F\+010000-\+10FFFF]+', ' ', 'g')
        end, ' ') w
    where w <> ''
$$;

comment on function chat.dense_runs(text) is 'The runs of a folded text that are of scripts without spaces, signs or emoji, each once.';

create or replace function chat.search_letters_max() returns integer language sql immutable parallel safe as $$ select 8 $$;

comment on function chat.search_letters_max() is 'How many letters of a word, or of a rest of it, the index holds: what differs only later is told apart by comparing.';

-- What the index holds of a block: every rest of a word from two letters on, pairs of characters of the other scripts, and
-- the marks as they are. The index below is made of it, so it is of plain immutable parts, and changing what it says
-- takes `reindex index chat.search_blocks_lexemes_index`.
create or replace function chat.search_lexemes(p_texts text[], p_marks text[]) returns tsvector language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp as $$
declare
    v_text constant text := array_to_string(p_texts, ' ');
begin
    return array_to_tsvector(p_marks || array(
        select substr(w, i, chat.search_letters_max()) from chat.word_runs(v_text) w, generate_series(1, char_length(w) - 1) i
        union all
        select substr(w, i, 2) from chat.dense_runs(v_text) w, generate_series(1, char_length(w)) i));
end
$$;

comment on function chat.search_lexemes(text[], text[]) is 'What the index of chat.search_blocks holds of a block.';

-- Here and not among the tables' changes, because it is made of the function above. Its list of pending entries, which
-- every search has to read, is as long as a turn of the indexer needs, which merges it before it is done: all blocks of a
-- turn at once take half as long as one by one. Without statistics, which would take all blocks' lexemes anew to make.
do $$
begin
    if to_regclass('chat.search_blocks_lexemes_index') is null then
        create index search_blocks_lexemes_index on chat.search_blocks using gin (chat.search_lexemes(texts, marks)) with (fastupdate = on, gin_pending_list_limit = 16384);
        alter index chat.search_blocks_lexemes_index alter column 1 set statistics 0;
    end if;
end
$$;

-- What the index is asked for one term: all its runs, as the beginning of a rest of a word; null when they are too short.
create or replace function chat.term_lexemes(p_term text) returns text[] language sql immutable parallel safe as $$
    select array_agg(format('''%s'':*', l))
    from (
        -- Of a long word its beginning and its end, which is a rest as well.
        select unnest(array[left(w, chat.search_letters_max()), right(w, chat.search_letters_max())]) as l
        from chat.word_runs(p_term) w where char_length(w) >= 2
        union
        select substr(w, i, 2) from chat.dense_runs(p_term) w, generate_series(1, greatest(char_length(w) - 1, 1)) i
    ) parts
$$;

comment on function chat.term_lexemes(text) is 'What the index is asked for a term of a search, as parts of a tsquery; null when it is too short.';

-- What is looked for: words, and "phrases" in quotation marks, folded, each once. A quotation mark without its other one
-- goes to the end.
create or replace function chat.search_terms(p_query text) returns text[] language plpgsql immutable
set search_path = pg_catalog, pg_temp as $$
declare
    c_characters_max constant integer := 200; -- a sentence; more is pasted by mistake
    c_terms_max constant integer := 10;
    v_terms text[];
begin
    if char_length(p_query) > c_characters_max then
        perform chat.refuse(422, 'query_too_long', format('q: must have at most %s characters, and has %s.', c_characters_max, char_length(p_query)));
    end if;
    select array_agg(distinct t.term) into v_terms
    from (
        select btrim(chat.fold_spaces(coalesce(m[1], m[2]))) as term
        from regexp_matches(translate(p_query, '“”„‟«»', '""""""'), '"([^"]*)"?|([^\s"]+)', 'g') m
    ) t
    where t.term <> '';
    if cardinality(v_terms) > c_terms_max then
        perform chat.refuse(422, 'too_many_terms', format('q: must have at most %s words or phrases, and has %s.', c_terms_max, cardinality(v_terms)));
    elsif v_terms is null and p_query ~ '\S' then
        perform chat.refuse(422, 'term_too_short', 'q: must have at least one word or part of a word of two characters, or one character of a script without spaces.');
    end if;
    return v_terms;
end
$$;

comment on function chat.search_terms(text) is
    'Words and "phrases" of a search, folded; null when there are none. Raises CH422 query_too_long, too_many_terms, term_too_short.';

-- Blocks that may hold it, newest first. A function by itself for the sake of its plan: of all conditions only
-- the lexemes may be an index's, since the others are true of most blocks.
create or replace function chat.find_search_blocks(
    p_lexemes tsquery, p_conversations uuid[], p_from timestamptz, p_until timestamptz, p_before timestamptz,
    out conversations uuid[], out seqs bigint[], out lasts timestamptz[]) language plpgsql stable
security definer set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan set work_mem = '16MB'
set enable_seqscan = off set enable_indexscan = off set enable_indexonlyscan = off set enable_nestloop = off
-- Said, since the caller has said otherwise for itself.
set enable_hashjoin = on set enable_bitmapscan = on as $$
begin
    with found as materialized (
        select b.conversation_id, b.first_seq, b.first_at, b.last_at
        from chat.search_blocks b where chat.search_lexemes(b.texts, b.marks) @@ p_lexemes
    ), mine as (
        select f.* from found f join unnest(p_conversations) c on c = f.conversation_id
        where f.last_at < p_before and f.last_at >= p_from and f.first_at <= p_until
        order by f.last_at desc
    )
    select array_agg(m.conversation_id), array_agg(m.first_seq), array_agg(m.last_at) into conversations, seqs, lasts from mine m;
end
$$;

comment on function chat.find_search_blocks(tsquery, uuid[], timestamptz, timestamptz, timestamptz) is
    'Blocks of these conversations whose index has the lexemes and whose messages can be of that time, newest first; used by chat.search_messages.';

-- The newest messages that say what is looked for, in one of the searcher's conversations or in all. What counts is what the
-- searcher may read: of conversations that they are a member of, not deleted, not hidden by them, no system messages.
-- Blocks come in the order of their newest message, so a hit that is newer than the next block's is in its place for good.
--
-- Three ways to blocks, none of which is good for all: of few messages every block; the newest blocks of all
-- conversations, where a page of anything common is full soon; and the index, for what is left.
-- As in chat.insert_messages, the plans are made once and held to the indexes.
create or replace function chat.search_messages(
    p_actor uuid, p_query text, p_conversation uuid default null, p_sender uuid default null, p_kind text default null,
    p_from timestamptz default null, p_until timestamptz default null, p_before uuid default null, p_limit integer default 50)
returns setof json language plpgsql stable
security definer set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
    c_few_messages constant integer := 16384; -- some 500 blocks, read in a few hundredths of a second
    -- When these fill a page it is common, and twice as many go on being read until the page is sure; else it is seldom
    -- enough for the index, which would have to put most blocks in order for what is common.
    v_newest integer := 256;
    c_blocks_first constant integer := 16; -- blocks read at a time, at first; then twice as many each time
    c_blocks_most constant integer := 256;
    v_limit constant integer := least(greatest(coalesce(p_limit, 50), 1), chat.page_messages_max());
    v_terms text[];
    v_patterns text[];
    v_lexemes text[];
    v_from constant timestamptz := coalesce(p_from, '-infinity');
    v_until constant timestamptz := coalesce(p_until, 'infinity');
    v_before_at timestamptz := timestamptz 'infinity';
    v_before_id uuid := uuid 'ffffffff-ffff-ffff-ffff-ffffffffffff';
    v_latest timestamptz;
    v_conversations uuid[];
    v_messages bigint;
    -- Hits so far, newest first.
    v_places uuid[] := '{}'::uuid[];
    v_seqs bigint[] := '{}'::bigint[];
    v_times timestamptz[] := '{}'::timestamptz[];
    v_ids uuid[] := '{}'::uuid[];
    -- Blocks still to be read, newest first; and what comes after them is older than v_rest.
    v_blocks record;
    v_rest timestamptz := timestamptz 'infinity';
    v_newer timestamptz;
    v_is_last boolean;
    v_at integer;
    v_count integer;
    v_step integer := c_blocks_first;
begin
    perform chat.require_active(p_actor);
    if p_conversation is not null then
        perform chat.require_member(p_actor, p_conversation);
    end if;
    v_terms := chat.search_terms(p_query);
    if p_kind !~ '^[a-z_]{1,20}$' or p_kind = 'system' then
        perform chat.refuse(422, 'bad_kind', 'kind: must be a kind of message that people send, such as text or image.');
    elsif p_from > p_until then
        perform chat.refuse(422, 'bad_date', 'from, until: from must not be later than until.');
    elsif v_terms is null and p_sender is null and p_kind is null and p_from is null and p_until is null then
        perform chat.refuse(422, 'query_required', 'q: must have at least one word, unless sender_id, kind, from or until says what to find.');
    end if;
    if v_terms is not null then
        v_patterns := array(select '%' || regexp_replace(t, '([\\%_])', '\\\1', 'g') || '%' from unnest(v_terms) t);
        v_lexemes := array(select l from unnest(v_terms) t, unnest(chat.term_lexemes(t)) l);
        if cardinality(v_lexemes) = 0 then
            perform chat.refuse(422, 'term_too_short', 'q: must have at least one word or part of a word of two characters, or one character of a script without spaces.');
        end if;
    end if;
    v_lexemes := v_lexemes || array(select format('''%s''', mark) from unnest(array['@' || p_sender, '#' || p_kind]) mark where mark is not null);
    if p_before is not null then
        -- Of what one may not read, not even that it is there.
        select m.created_at, m.id into v_before_at, v_before_id from chat.messages m
        where m.id = p_before and (p_actor is null or exists (
            select from chat.members own where own.conversation_id = m.conversation_id and own.user_id = p_actor and own.active));
        if not found then
            perform chat.refuse(422, 'bad_before', 'before: must be the id of the last message of the page before.');
        end if;
    end if;
    v_latest := least(v_until, v_before_at);

    if p_conversation is not null then
        v_conversations := array[p_conversation];
    elsif p_actor is not null then
        v_conversations := array(select m.conversation_id from chat.members m where m.user_id = p_actor and m.active);
    else
        v_conversations := array(select c.id from chat.conversations c order by c.id);
    end if;

    -- What is not in blocks yet, and what was edited since: all of it, whatever its time.
    with unindexed as (
        select c.id, b.last_seq from unnest(v_conversations) one
        join chat.conversations c on c.id = one
        cross join lateral (
            select coalesce((select i.last_seq from chat.search_blocks i where i.conversation_id = c.id order by i.first_seq desc limit 1), 0) as last_seq) b
        where c.last_seq > b.last_seq
    ), candidates as (
        select m.* from unindexed n join chat.messages m on m.conversation_id = n.id and m.seq > n.last_seq
        union
        select m.* from unnest(v_conversations) one
        join chat.search_edits e on e.conversation_id = one
        join chat.messages m on m.conversation_id = e.conversation_id and m.seq = e.seq
    ), hits as (
        select m.conversation_id, m.seq, m.created_at, m.id from candidates m
        where m.deleted_at is null and m.kind <> 'system' and (m.sender_id = p_sender or p_sender is null) and (m.kind = p_kind or p_kind is null)
          and m.created_at >= v_from and m.created_at < v_until and (m.created_at, m.id) < (v_before_at, v_before_id)
          and (v_patterns is null or chat.searched_text(m.kind, m.body, m.data) like all (v_patterns))
          and not exists (
            select from chat.hidden_messages h
            where h.conversation_id = m.conversation_id and h.user_id = p_actor and h.message_id = m.id and h.unhidden_at is null)
        order by m.created_at desc, m.id desc limit v_limit
    )
    select coalesce(array_agg(h.conversation_id), '{}'), coalesce(array_agg(h.seq), '{}'), coalesce(array_agg(h.created_at), '{}'), coalesce(array_agg(h.id), '{}')
    into v_places, v_seqs, v_times, v_ids from hits h;

    select sum(c.last_seq)::bigint into v_messages from unnest(v_conversations) one join chat.conversations c on c.id = one;
    <<ways>>
    loop
        if v_messages <= c_few_messages or cardinality(v_lexemes) = 0 and v_rest < 'infinity' then
            select array_agg(b.conversation_id) as conversations, array_agg(b.first_seq) as seqs, array_agg(b.last_at) as lasts into v_blocks
            from (
                select b.conversation_id, b.first_seq, b.last_at from unnest(v_conversations) one
                join chat.search_blocks b on b.conversation_id = one
                where b.last_at >= v_from and b.first_at <= v_latest and b.last_at < v_rest
                order by b.last_at desc
            ) b;
            v_is_last := true;
        elsif v_rest = 'infinity' or cardinality(v_ids) = v_limit then
            -- Of what has the very time of the oldest, all.
            v_newer := v_rest;
            select n.last_at into v_rest from chat.search_blocks n
            where n.last_at < v_newer and n.last_at >= v_from and n.first_at <= v_latest order by n.last_at desc offset v_newest - 1 limit 1;
            v_is_last := not found;
            v_rest := coalesce(v_rest, timestamptz '-infinity');
            select array_agg(b.conversation_id) as conversations, array_agg(b.first_seq) as seqs, array_agg(b.last_at) as lasts into v_blocks
            from (
                select b.conversation_id, b.first_seq, b.last_at from chat.search_blocks b
                where b.last_at >= greatest(v_from, v_rest) and b.last_at < v_newer and b.first_at <= v_latest and b.conversation_id = any (v_conversations)
                order by b.last_at desc
            ) b;
            v_newest := v_newest * 2;
        else
            v_blocks := chat.find_search_blocks(array_to_string(v_lexemes, ' & ')::tsquery, v_conversations, v_from, v_latest, v_rest);
            v_is_last := true;
        end if;

        v_at := 1;
        v_count := coalesce(cardinality(v_blocks.conversations), 0);
        loop
            -- Nothing that is still to come is newer than the last of the page.
            exit ways when cardinality(v_ids) = v_limit
                and (v_times[v_limit] > coalesce(v_blocks.lasts[v_at], v_rest) or v_at > v_count and v_is_last);
            exit when v_at > v_count;
            with hits as (
                select m.conversation_id, m.seq, m.created_at, m.id
                from unnest(v_blocks.conversations[v_at : v_at + v_step - 1], v_blocks.seqs[v_at : v_at + v_step - 1]) k (conversation_id, first_seq)
                join chat.search_blocks b on b.conversation_id = k.conversation_id and b.first_seq = k.first_seq
                cross join lateral unnest(b.texts) with ordinality t (searched, place)
                join chat.messages m on m.conversation_id = b.conversation_id and m.seq = b.first_seq + t.place - 1
                where (v_patterns is null or t.searched like all (v_patterns))
                  and m.deleted_at is null and m.kind <> 'system' and (m.sender_id = p_sender or p_sender is null) and (m.kind = p_kind or p_kind is null)
                  and m.created_at >= v_from and m.created_at < v_until and (m.created_at, m.id) < (v_before_at, v_before_id)
                  -- An edit may have come after the block was made.
                  and (v_patterns is null or m.edited_at is null or chat.searched_text(m.kind, m.body, m.data) like all (v_patterns))
                  and not exists (
                    select from chat.hidden_messages h
                    where h.conversation_id = m.conversation_id and h.user_id = p_actor and h.message_id = m.id and h.unhidden_at is null)
            ), newest as (
                select * from hits
                union
                select * from unnest(v_places, v_seqs, v_times, v_ids)
                order by 3 desc, 4 desc limit v_limit
            )
            select coalesce(array_agg(n.conversation_id), '{}'), coalesce(array_agg(n.seq), '{}'), coalesce(array_agg(n.created_at), '{}'), coalesce(array_agg(n.id), '{}')
            into v_places, v_seqs, v_times, v_ids from newest n;
            v_at := v_at + v_step;
            v_step := least(v_step * 2, c_blocks_most);
        end loop;
        exit when v_is_last;
    end loop;

    return query
    select json_build_object(
        'message', chat.message_json(m, u.name, u.avatar_id),
        'conversation', json_build_object('id', c.id, 'kind', c.kind, 'title', coalesce(c.title, peer.name)))
    from unnest(v_places, v_seqs) with ordinality hit (conversation_id, seq, place)
    join chat.messages m on m.conversation_id = hit.conversation_id and m.seq = hit.seq
    join chat.conversations c on c.id = m.conversation_id
    left join chat.users u on u.id = m.sender_id
    left join chat.users peer on peer.id = chat.other_of(c, p_actor)
    order by hit.place;
end
$$;

comment on function chat.search_messages(uuid, text, uuid, uuid, text, timestamptz, timestamptz, uuid, integer) is
    'Messages that the actor may read and that hold all words, parts of words and "phrases" of p_query, newest first, as {message, conversation: {id, kind, title}}; p_until is not included; p_before: last message''s id of the page before; p_limit 1 to 100. Raises CH403 not_a_member, CH404, CH422.';

-- after update: blocks are not touched, or two who edit would wait for each other's blocks. A note says that this message
-- is to be read by itself until its block was made anew. Each edit leaves one, and an indexer takes away those that it
-- has seen, so an edit that commits meanwhile keeps its own.
create or replace function chat.messages_note_edit() returns trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
begin
    insert into chat.search_edits (conversation_id, seq, revision) values (new.conversation_id, new.seq, new.revision)
    on conflict do nothing;
    return null;
end
$$;

comment on function chat.messages_note_edit() is 'Trigger: notes that a message says something else than its block does.';

create or replace trigger d_note_edit after update of body, data on chat.messages
    for each row when ((old.body, old.data) is distinct from (new.body, new.data)) execute function chat.messages_note_edit();

-- 32 messages a block: with more, two words that many blocks hold are seldom in the same message; with fewer there are
-- more blocks to put in order.
create or replace function chat.search_block_messages() returns integer language sql immutable as $$ select 32 $$;

comment on function chat.search_block_messages() is 'How many messages a block of the search index has when it is full.';

-- Makes the blocks of a range of messages that begins a block, or makes them anew. Returns how many.
create or replace function chat.write_search_blocks(p_conversation uuid, p_first_seq bigint, p_last_seq bigint) returns integer language plpgsql
security definer set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
    -- A tsvector takes a megabyte: 30,000 characters, each the beginning of up to eight, stay below it in every script.
    c_characters_max constant integer := 30000;
    -- Four messages do whatever they say (4,000 characters, and four names of 500).
    c_messages_of_long constant integer := 4;
    v_blocks integer;
begin
    insert into chat.search_blocks as s (conversation_id, first_seq, last_seq, first_at, last_at, is_full, texts, marks)
    select p_conversation, min(t.seq), max(t.seq), min(t.created_at), max(t.created_at),
        max(t.seq) - min(t.seq) + 1 = case when t.is_long then c_messages_of_long else chat.search_block_messages() end,
        array_agg(t.searched order by t.seq),
        array_agg(distinct '#' || t.kind) || (array_agg(distinct '@' || t.sender_id) filter (where t.sender_id is not null))
    from (
        select m.seq, m.created_at, m.kind, m.sender_id, x.searched, (m.seq - p_first_seq) / chat.search_block_messages() as nth,
            sum(char_length(x.searched)) over (partition by (m.seq - p_first_seq) / chat.search_block_messages()) > c_characters_max as is_long
        from chat.messages m cross join lateral (select chat.searched_text(m.kind, m.body, m.data) as searched) x
        where m.conversation_id = p_conversation and m.seq between p_first_seq and p_last_seq
    ) t
    group by t.nth, t.is_long, case when t.is_long then (t.seq - p_first_seq) / c_messages_of_long end
    on conflict (conversation_id, first_seq) do update
    set last_seq = excluded.last_seq, first_at = excluded.first_at, last_at = excluded.last_at, is_full = excluded.is_full,
        texts = excluded.texts, marks = excluded.marks;
    get diagnostics v_blocks = row_count;
    return v_blocks;
end
$$;

comment on function chat.write_search_blocks(uuid, bigint, bigint) is 'Makes the blocks of the search index for these messages; used by chat.index_messages.';

-- Conversations with messages that are in no block. It looks at each conversation: for the start, not for every second.
create or replace function chat.unindexed_conversations() returns setof uuid language plpgsql stable
security definer set search_path = pg_catalog, pg_temp set enable_bitmapscan = off as $$
begin
    return query
    select c.id from chat.conversations c
    where c.last_seq > coalesce((select b.last_seq from chat.search_blocks b where b.conversation_id = c.id order by b.first_seq desc limit 1), 0)
    union
    select e.conversation_id from chat.search_edits e;
end
$$;

comment on function chat.unindexed_conversations() is 'Conversations for chat.index_messages to work on.';

-- Brings the search index further, by about p_blocks_max blocks: of the given conversations, or of all. Full blocks are
-- made at once; a rest of fewer messages when the conversation has been quiet for a while, since the block they begin is
-- made anew when it grows. Returns how many blocks were made, and the conversations for which there is more to do, now or
-- once they are quiet. One session at a time: blocks is null when another one is at it. Nobody waits for it but by that.
create or replace function chat.index_messages(
    p_blocks_max integer default 1000, p_conversations uuid[] default null,
    out blocks integer, out unfinished uuid[]) language plpgsql
security definer set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
    c_lock constant bigint := 8602755350403507576; -- "wc index" as bytes, which others are unlikely to choose
    c_quiet constant interval := interval '20 seconds';
    v_conversations constant uuid[] := coalesce(p_conversations, array(select chat.unindexed_conversations()));
    v_conversation record;
    v_block record;
    v_last_seq bigint;
begin
    unfinished := v_conversations;
    if not pg_try_advisory_xact_lock(c_lock) then
        return;
    end if;
    blocks := 0;
    unfinished := '{}'::uuid[];
    for v_conversation in
        select c.id, c.last_seq, c.last_message_at from unnest(v_conversations) one join chat.conversations c on c.id = one
    loop
        if blocks >= p_blocks_max then
            unfinished := unfinished || v_conversation.id;
            continue;
        end if;

        -- Edits: their blocks anew, and then away with the notes that were there before these were read.
        for v_block in
            select b.first_seq, b.last_seq, array_agg(e.seq) as seqs, array_agg(e.revision) as revisions
            from (select * from chat.search_edits where conversation_id = v_conversation.id order by seq limit p_blocks_max) e
            left join lateral (
                select i.first_seq, i.last_seq from chat.search_blocks i
                where i.conversation_id = e.conversation_id and i.first_seq <= e.seq order by i.first_seq desc limit 1
            ) b on b.last_seq >= e.seq
            group by b.first_seq, b.last_seq
        loop
            if v_block.first_seq is not null then
                blocks := blocks + chat.write_search_blocks(v_conversation.id, v_block.first_seq, v_block.last_seq);
            end if;
            delete from chat.search_edits d using unnest(v_block.seqs, v_block.revisions) seen (seq, revision)
            where d.conversation_id = v_conversation.id and d.seq = seen.seq and d.revision = seen.revision;
        end loop;

        -- New ones, from the block that is not full on.
        select b.first_seq, b.last_seq, b.is_full into v_block
        from chat.search_blocks b where b.conversation_id = v_conversation.id order by b.first_seq desc limit 1;
        if v_conversation.last_seq > coalesce(v_block.last_seq, 0) then
            if v_block.is_full or v_block.first_seq is null then
                v_block.first_seq := coalesce(v_block.last_seq, 0) + 1;
            end if;
            v_last_seq := least(v_conversation.last_seq,
                v_block.first_seq + greatest(p_blocks_max - blocks, 1)::bigint * chat.search_block_messages() - 1);
            if v_conversation.last_message_at >= clock_timestamp() - c_quiet then
                v_last_seq := v_last_seq - (v_last_seq - v_block.first_seq + 1) % chat.search_block_messages();
            end if;
            if v_last_seq > coalesce(v_block.last_seq, 0) then
                blocks := blocks + chat.write_search_blocks(v_conversation.id, v_block.first_seq, v_last_seq);
            end if;
            if v_last_seq < v_conversation.last_seq then
                unfinished := unfinished || v_conversation.id;
            end if;
        end if;
    end loop;
    if blocks > 0 then
        perform gin_clean_pending_list('chat.search_blocks_lexemes_index');
    end if;
end
$$;

comment on function chat.index_messages(integer, uuid[]) is
    'Brings the search index further by about so many blocks; returns how many, and the conversations with more to do. Null blocks: another session is at it.';
