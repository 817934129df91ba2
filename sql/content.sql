-- What a message of each kind can say: its body, and the shape of its data.

-- 4,000 characters are some 600 words: more is a file.
create or replace function chat.body_characters_max() returns integer language sql immutable as $$ select 4000 $$;

comment on function chat.body_characters_max() is 'The most characters that a message''s body has.';

create or replace function chat.is_plain_text(p_body text) returns boolean language sql immutable as $$
    select char_length(p_body) <= chat.body_characters_max() and p_body ~ '\S'
$$;

comment on function chat.is_plain_text(text) is 'Whether a text message can say this; null for null.';

-- By where Unicode has its pictures, not by a list of them: what next year adds is an emoji here already.
-- One is a flag, a keycap, or a picture with its variation, skin tone or tags, joined to others by U+200D.
create or replace function chat.is_emoji(p_text text, p_count_max integer default 1) returns boolean language sql immutable as $$
    select char_length(p_text) <= 16 * p_count_max
        and p_text ~ format('^(?:[#*0-9]\uFE0F?\u20E3|[\U0001F1E6-\U0001F1FF]{2}|%1$s(?:\u200D%1$s)*){1,%2$s}$',
            '[\u00A9\u00AE\u203C\u2049\u2122\u2139\u2194-\u21AA\u231A-\u23FF\u24C2\u25AA-\u25FE\u2600-\u27BF\u2934\u2935\u2B05-\u2B55\u3030\u303D\u3297\u3299\U0001F000-\U0001F1E5\U0001F200-\U0001FAFF]\uFE0F?[\U0001F3FB-\U0001F3FF]?[\U000E0020-\U000E007F]*',
            p_count_max)
$$;

comment on function chat.is_emoji(text, integer) is 'Whether this is one emoji, or up to p_count_max of them without anything between; null for null.';

-- A call counts where the one who was called has missed it: it rang out, the caller gave up, or they were in another one. Who talked or
-- declined knows of it.
create or replace function chat.counts_as_unread(p_kind text, p_data jsonb) returns boolean language sql immutable as $$
    select case p_kind when 'system' then false when 'call' then p_data ->> 'outcome' in ('missed', 'cancelled', 'busy') else true end
$$;

comment on function chat.counts_as_unread(text, jsonb) is 'Whether messages like this are counted as unread: not what the system says, and of calls only those that were missed.';

-- What data holds for a kind: each field's type, and its least and greatest value, length or number of items.
-- Fields that are not named here are the sender's own affair.
create or replace function chat.data_rules()
returns table (kind text, field text, type text, is_required boolean, low numeric, high numeric) language sql immutable as $$
    values
        -- Whom a text mentions, besides those whose username it bears; and that its link is shown without a preview.
        ('text', 'mentions', 'uuids', false, 0, 50),
        ('text', 'preview', 'boolean', false, null, null),
        -- What lies elsewhere, and is no medium of ours, is shown by its address: 2,000 characters is what browsers and proxies agree on.
        ('image', 'url', 'url', true, 1, 2000),
        -- Pixels. With these a page reserves the space before it has loaded anything.
        ('image', 'width', 'integer', true, 1, 100000),
        ('image', 'height', 'integer', true, 1, 100000),
        ('image', 'name', 'text', false, 1, 255),
        ('image', 'type', 'text', false, 1, 127),
        ('image', 'size', 'integer', false, 0, 1e15),
        ('image', 'alt', 'text', false, 1, 1000),
        -- Of an album what each shows, in the order of its media.
        ('image', 'alts', 'descriptions', false, 0, 10),
        ('gif', 'url', 'url', true, 1, 2000),
        ('gif', 'width', 'integer', true, 1, 100000),
        ('gif', 'height', 'integer', true, 1, 100000),
        ('gif', 'alt', 'text', false, 1, 1000),
        ('video', 'url', 'url', true, 1, 2000),
        ('video', 'width', 'integer', false, 1, 100000),
        ('video', 'height', 'integer', false, 1, 100000),
        -- A day in milliseconds.
        ('video', 'duration_ms', 'integer', false, 0, 86400000),
        ('video', 'name', 'text', false, 1, 255),
        ('video', 'type', 'text', false, 1, 127),
        ('video', 'size', 'integer', false, 0, 1e15),
        ('audio', 'url', 'url', true, 1, 2000),
        ('audio', 'duration_ms', 'integer', false, 0, 86400000),
        ('audio', 'name', 'text', false, 1, 255),
        ('audio', 'type', 'text', false, 1, 127),
        ('audio', 'size', 'integer', false, 0, 1e15),
        ('voice', 'url', 'url', true, 1, 2000),
        ('voice', 'duration_ms', 'integer', true, 0, 86400000),
        -- Loudness from 0 to 100, evenly spaced in time: more bars than that no screen shows.
        ('voice', 'waveform', 'levels', false, 0, 256),
        ('file', 'url', 'url', true, 1, 2000),
        ('file', 'name', 'text', true, 1, 255),
        ('file', 'type', 'text', false, 1, 127),
        ('file', 'size', 'integer', false, 0, 1e15),
        ('location', 'latitude', 'number', true, -90, 90),
        ('location', 'longitude', 'number', true, -180, 180),
        -- Metres; a third of the way around the earth tells nothing.
        ('location', 'accuracy_m', 'number', false, 0, 10000000),
        ('location', 'name', 'text', false, 1, 200),
        ('location', 'address', 'text', false, 1, 500),
        ('contact', 'user_id', 'uuid', false, null, null),
        ('contact', 'name', 'text', false, 1, 120),
        ('contact', 'phones', 'texts', false, 0, 10),
        ('contact', 'emails', 'texts', false, 0, 10),
        ('contact', 'organization', 'text', false, 1, 200),
        ('contact', 'url', 'url', false, 1, 2000),
        ('sticker', 'pack', 'text', true, 1, 60),
        ('sticker', 'name', 'text', true, 1, 60),
        ('sticker', 'alt', 'text', false, 1, 200),
        ('sticker', 'url', 'url', false, 1, 2000),
        -- Of a call that has ended. The database writes them: nobody else can send this kind.
        ('call', 'call_id', 'uuid', true, null, null),
        ('call', 'media', 'text', true, 1, 20),
        ('call', 'outcome', 'text', true, 1, 20),
        ('call', 'duration_ms', 'integer', false, 0, 1e15)
$$;

comment on function chat.data_rules() is 'Per kind: the fields of data, their types, whether they must be there, and their bounds (value, characters or items).';

-- Which rule a field's value breaks, as words that go on after its name; null when it keeps it.
create or replace function chat.value_refusal(p_value jsonb, p_type text, p_low numeric, p_high numeric) returns text language plpgsql immutable as $$
declare
    c_uuid constant text := '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$';
    -- One entry of a list of telephone numbers or addresses.
    c_entry_characters_max constant integer := 254;
    -- Of a picture among several; ten of them, with what JSON puts around them, stay within the bound of data.
    c_description_characters_max constant integer := 300;
    v_text constant text := p_value #>> '{}';
    v_json_type constant text := jsonb_typeof(p_value);
begin
    case p_type
        when 'text' then
            if v_json_type <> 'string' or v_text !~ '\S' or char_length(v_text) > p_high then
                return format('must be a text of 1 to %s characters', p_high);
            end if;
        when 'url' then
            if v_json_type <> 'string' or v_text !~* '^https?://[^\s/?#@]+([/?#][^\s<>"]*)?$' or char_length(v_text) > p_high then
                return format('must be an http or https address of at most %s characters, without a name or password', p_high);
            end if;
        when 'integer' then
            if v_json_type <> 'number' then
                return format('must be a whole number from %s to %s', p_low, p_high);
            elsif v_text::numeric not between p_low and p_high or v_text::numeric % 1 <> 0 then
                return format('must be a whole number from %s to %s', p_low, p_high);
            end if;
        when 'number' then
            if v_json_type <> 'number' then
                return format('must be a number from %s to %s', p_low, p_high);
            elsif v_text::numeric not between p_low and p_high then
                return format('must be a number from %s to %s', p_low, p_high);
            end if;
        when 'boolean' then
            if v_json_type <> 'boolean' then
                return 'must be true or false';
            end if;
        when 'uuid' then
            if v_json_type <> 'string' or v_text !~ c_uuid then
                return 'must be a UUID';
            end if;
        else
            if v_json_type <> 'array' then
                return 'must be a list';
            elsif jsonb_array_length(p_value) > p_high then
                return format('must have at most %s items', p_high);
            end if;
            case p_type
                when 'uuids' then
                    if exists (select from jsonb_array_elements(p_value) x where jsonb_typeof(x) <> 'string' or x #>> '{}' !~ c_uuid) then
                        return 'must hold UUIDs only';
                    end if;
                when 'texts' then
                    if exists (
                        select from jsonb_array_elements(p_value) x
                        where jsonb_typeof(x) <> 'string' or x #>> '{}' !~ '\S' or char_length(x #>> '{}') > c_entry_characters_max)
                    then
                        return format('must hold texts of 1 to %s characters only', c_entry_characters_max);
                    end if;
                when 'descriptions' then
                    if exists (
                        select from jsonb_array_elements(p_value) x
                        where jsonb_typeof(x) <> 'string' or char_length(x #>> '{}') > c_description_characters_max)
                    then
                        return format('must hold texts of at most %s characters only', c_description_characters_max);
                    end if;
                when 'levels' then
                    if exists (
                        select from jsonb_array_elements(p_value) x
                        where case when jsonb_typeof(x) = 'number' then (x #>> '{}')::numeric not between 0 and 100 else true end)
                    then
                        return 'must hold numbers from 0 to 100 only';
                    end if;
            end case;
    end case;
    return null;
end
$$;

comment on function chat.value_refusal(jsonb, text, numeric, numeric) is 'Which rule of chat.data_rules a value breaks, in words; null when it keeps it.';

-- What is wrong with a message's data: {code, detail}, naming the field; null when nothing is. Of a message with media, these
-- say what data would have to say.
create or replace function chat.data_refusal(p_kind text, p_data jsonb, p_has_media boolean) returns text[] language plpgsql immutable as $$
declare
    v_rule record;
    v_wrong text;
begin
    for v_rule in select * from chat.data_rules() r where r.kind = p_kind loop
        if coalesce(jsonb_typeof(p_data -> v_rule.field), 'null') = 'null' then
            if v_rule.is_required and not p_has_media then
                return array['bad_data', format('data.%s: is required of kind %s.', v_rule.field, p_kind)];
            end if;
            continue;
        end if;
        v_wrong := chat.value_refusal(p_data -> v_rule.field, v_rule.type, v_rule.low, v_rule.high);
        if v_wrong is not null then
            return array['bad_data', format('data.%s: %s.', v_rule.field, v_wrong)];
        end if;
    end loop;
    if p_kind = 'contact' and coalesce(p_data ->> 'user_id', p_data ->> 'name') is null then
        return array['bad_data', 'data.name: is required of kind contact, unless data.user_id says who it is.'];
    end if;
    return null;
end
$$;

comment on function chat.data_refusal(text, jsonb, boolean) is 'What is wrong with the data of a message of this kind, as {code, detail}; null when nothing is.';

-- Why a message of this kind can not say this: {code, detail}, naming kind, body or data; null when it can.
-- The same for who inserts, who sends a batch, and who edits.
create or replace function chat.content_refusal(p_kind text, p_body text, p_data jsonb, p_has_media boolean default false) returns text[] language plpgsql immutable as $$
declare
    -- A text may be a handful of emoji too; a message of the kind is one that is shown large.
    c_emoji_max constant integer := 4;
    c_data_bytes_max constant integer := 16384;
begin
    case
        when p_kind in ('text', 'system') or p_body is not null and p_kind in ('image', 'gif', 'video', 'audio', 'voice', 'file', 'location', 'contact', 'sticker') then
            if chat.is_plain_text(p_body) then
                null;
            elsif p_body is null or p_body !~ '\S' then
                return array['body_required', 'body: must have at least one character that is not a space.'];
            else
                return array['body_too_long', format('body: must have at most %s characters, and has %s.', chat.body_characters_max(), char_length(p_body))];
            end if;
        when p_kind = 'emoji' then
            if chat.is_emoji(p_body, c_emoji_max) is not true then
                return array['bad_emoji', format('body: must be 1 to %s emoji without anything between.', c_emoji_max)];
            end if;
        when p_kind in ('image', 'gif', 'video', 'audio', 'voice', 'file', 'location', 'contact', 'sticker') then
            null;
        else
            return array['bad_kind', 'kind: must be text, image, file, audio, video, voice, location, contact, sticker, gif, emoji or system.'];
    end case;
    if p_data is null then
        if p_has_media or p_kind in ('text', 'system', 'emoji') then
            return null;
        end if;
    elsif jsonb_typeof(p_data) <> 'object' then
        return array['bad_data', 'data: must be a JSON object.'];
    elsif octet_length(p_data::text) > c_data_bytes_max then
        return array['data_too_long', format('data: must have at most %s bytes.', c_data_bytes_max)];
    end if;
    return chat.data_refusal(p_kind, p_data, p_has_media);
end
$$;

comment on function chat.content_refusal(text, text, jsonb, boolean) is 'Why a message of this kind can not say this, as {code, detail}; null when it can.';
