-- What every other file stands on: refusing with a code, time-ordered ids, the acting
-- user, and times as JSON clients read them.

-- Raises SQLSTATE 'CH' + an HTTP status, a stable machine key as the message and a human
-- sentence as the detail. PostgREST, our own server and psql all read the same error.
create or replace function chat.refuse(p_status integer, p_key text, p_detail text)
returns void language plpgsql
set search_path = pg_catalog, pg_temp as $$
begin
    raise exception using
        errcode = 'CH' || p_status,
        message = p_key,
        detail = p_detail;
end
$$;

comment on function chat.refuse(integer, text, text) is
    'Raises SQLSTATE CH + p_status with p_key as message and p_detail as detail.';

create or replace function chat.refuse_by(p_refusal text[]) returns void language plpgsql
set search_path = pg_catalog, pg_temp as $$
begin
    if p_refusal is not null then
        perform chat.refuse(p_refusal[1]::integer, p_refusal[2], p_refusal[3]);
    end if;
end
$$;

comment on function chat.refuse_by(text[]) is 'Raises what p_refusal, {status, code, detail}, says; nothing for null.';

-- RFC 9562 version 7: 48 bits of Unix milliseconds, then random bits.
create or replace function chat.uuid_v7() returns uuid language sql volatile as $$
    select encode(
        set_bit(set_bit(
            overlay(uuid_send(gen_random_uuid())
                placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3)
                from 1 for 6),
            52, 1), 53, 1),
        'hex')::uuid
$$;

comment on function chat.uuid_v7() is 'A time-ordered UUID, version 7 (RFC 9562).';

-- Whom the present statement acts for: the setting chat.actor, else null, the system.
-- A host project sets it with `set local chat.actor = '…'`; functions that take p_actor set it themselves.
create or replace function chat.current_actor() returns uuid language plpgsql stable
set search_path = pg_catalog, pg_temp as $$
declare
    v_setting constant text := nullif(current_setting('chat.actor', true), '');
begin
    if v_setting is not null and v_setting !~* '^[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}$' then
        perform chat.refuse(422, 'bad_actor', format('The setting chat.actor must be a user id, not %L.', left(v_setting, 50)));
    end if;
    return v_setting::uuid;
end
$$;

comment on function chat.current_actor() is 'The user that the setting chat.actor names; null is the system. Raises CH422 bad_actor.';

-- What a function with an actor begins with. It gives back the setting as it was, for the function to put
-- back when it is done: `perform set_config('chat.actor', v_before, true)`. (A `set` clause would do that by
-- itself, and would need a superuser to create it.) When the function raises, its changes are undone anyway.
create or replace function chat.act_as(p_actor uuid) returns text language plpgsql
set search_path = pg_catalog, pg_temp as $$
declare
    v_before constant text := coalesce(current_setting('chat.actor', true), '');
begin
    perform chat.require_active(p_actor);
    perform set_config('chat.actor', coalesce(p_actor::text, ''), true);
    return v_before;
end
$$;

comment on function chat.act_as(uuid) is
    'Makes p_actor (null: the system) the acting user until the setting is put back; returns the setting before. Raises CH403 user_deactivated, CH404 user_not_found.';

create or replace function chat.require_active(p_actor uuid) returns void language plpgsql stable
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_deactivated_at timestamptz;
begin
    if p_actor is null then
        return;
    end if;
    select u.deactivated_at into v_deactivated_at from chat.users u where u.id = p_actor;
    if not found then
        perform chat.refuse(404, 'user_not_found', 'The acting user does not exist.');
    elsif v_deactivated_at is not null then
        perform chat.refuse(403, 'user_deactivated', 'The acting user has been deactivated.');
    end if;
end
$$;

comment on function chat.require_active(uuid) is
    'Raises CH404 user_not_found or CH403 user_deactivated unless p_actor (null: the system) can act.';

create or replace function chat.json_time(p_time timestamptz) returns text language sql stable as $$
    select to_char(p_time at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$$;

comment on function chat.json_time(timestamptz) is 'ISO 8601 in UTC with microseconds, as every JSON object of webchat gives times.';

-- For triggers on what may never be emptied.
create or replace function chat.refuse_truncate() returns trigger language plpgsql
set search_path = pg_catalog, pg_temp as $$
begin
    perform chat.refuse(403, 'truncate_refused',
        format('%I.%I keeps everything: it can not be truncated.', tg_table_schema, tg_table_name));
    return null;
end
$$;

comment on function chat.refuse_truncate() is 'Trigger: refuses truncate with CH403 truncate_refused.';

create or replace function chat.refuse_delete() returns trigger language plpgsql
set search_path = pg_catalog, pg_temp as $$
begin
    perform chat.refuse(403, 'delete_refused',
        format('Rows of %I.%I are never removed.', tg_table_schema, tg_table_name));
    return null;
end
$$;

comment on function chat.refuse_delete() is 'Trigger: refuses delete with CH403 delete_refused, where there is no soft form of it.';
