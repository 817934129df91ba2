-- The host's own table of users, and chat.users after it: one way, by triggers on the host's table.
--
-- The host's transaction is sacred: nothing here makes it fail. What the chat can not take as it is (an empty name, one of
-- 300 characters, a username that somebody else has) is made to fit, and what goes wrong all the same is a warning in the
-- log; chat.link_users, called again, makes good for it, and `webchat doctor` says when it is needed (chat.check_links).
--
-- Inserts, deletes and truncates are followed a statement at a time. Updates are followed by a row trigger on the linked
-- columns that fires where one of them has become another, since PostgreSQL has no statement trigger that would leave
-- an update of other columns alone: that costs nothing.

create or replace function chat.fit_name(p_name text, p_username text, p_id text) returns text language sql immutable as $$
    select coalesce(
        nullif(btrim(left(btrim(p_name, E' \t\n\r\f\v'), 80), E' \t\n\r\f\v'), ''),
        nullif(btrim(left(btrim(p_username, E' \t\n\r\f\v'), 80), E' \t\n\r\f\v'), ''),
        'User ' || left(p_id, 70))
$$;

comment on function chat.fit_name(text, text, text) is
    'A host''s name for somebody as chat.users takes it: trimmed, at most 80 characters; of nothing, the username, or User and the id.';

create or replace function chat.fit_username(p_username text) returns text language sql immutable as $$
    select nullif(left(regexp_replace(p_username, '\s', '', 'g'), 60), '')
$$;

comment on function chat.fit_username(text) is 'A host''s username as chat.users takes it: without spaces, at most 60 characters; null for nothing.';

create or replace function chat.fit_url(p_url text) returns text language sql immutable as $$
    select case when octet_length(btrim(p_url)) <= 2000 and btrim(p_url) ~* '^https?://[^[:space:][:cntrl:]]+$' then btrim(p_url) end
$$;

comment on function chat.fit_url(text) is 'An address as chat.users takes it: http or https, at most 2,000 bytes; null for anything else.';

-- Raises unless the column is there and may be read. Returns its type.
create or replace function chat.require_column(p_argument text, p_table regclass, p_column text) returns regtype language plpgsql stable
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_attribute pg_attribute;
begin
    select * into v_attribute from pg_attribute a
    where a.attrelid = p_table and a.attname::text = p_column and a.attnum > 0 and not a.attisdropped;
    if not found then
        perform chat.refuse(422, 'no_such_column', format('%s: %s has no column %s.', p_argument, p_table, coalesce(quote_ident(p_column), 'null')));
    elsif not has_column_privilege(p_table, v_attribute.attnum, 'select') then
        perform chat.refuse(403, 'no_right',
            format('%s: role %I may not read it; the table''s owner grants it: grant select, trigger on %s to %I.', p_argument, current_user, p_table, current_user));
    end if;
    return v_attribute.atttypid::regtype;
end
$$;

comment on function chat.require_column(text, regclass, text) is
    'The type of a host''s column. Raises CH422 no_such_column, CH403 no_right, naming p_argument.';

-- The link whose triggers a table bears. By the triggers, which go with it when it is renamed.
create or replace function chat.link_of(p_table regclass) returns uuid language sql stable
security definer set search_path = pg_catalog, pg_temp as $$
    select l.id
    from pg_trigger t
    join chat.links l on l.id::text = left(encode(t.tgargs, 'escape'), 36)
    where t.tgrelid = p_table and t.tgfoid = 'chat.linked_users_inserted'::regproc and not t.tgisinternal
$$;

comment on function chat.link_of(regclass) is 'The link of a host''s table, ended or not; null for none.';

-- The statement that brings chat.users up to what is in p_source, rows of the host's table by the alias i. Every name in
-- it is quoted here; p_source is one of this file's own.
create or replace function chat.link_statement(p_link chat.links, p_source text, p_decides_active boolean) returns text language plpgsql immutable
set search_path = pg_catalog, pg_temp as $$
declare
    v_username constant text := case when p_link.username_column is null then 'null' else format('i.%I::text', p_link.username_column) end;
    v_name constant text := format('chat.fit_name(i.%I::text, %s, i.%I::text)', p_link.name_column, v_username, p_link.id_column);
    -- A boolean says who may chat; a time, from when somebody may not.
    v_inactive constant text := case when p_link.active_column is null then 'false' else format(
        'case when pg_typeof(i.%1$I) = ''boolean''::regtype then i.%1$I::text = ''false'' else i.%1$I is not null end', p_link.active_column) end;
begin
    return
        'insert into chat.users as u (external_id, link_id, is_guest, name'
        || case when p_link.username_column is not null then ', username' else '' end
        || case when p_link.avatar_url_column is not null then ', avatar_url' else '' end
        || ', deactivated_at)'
        || format(' select s.id, %L::uuid, false, s.name', p_link.id)
        -- One that another user has, or an earlier row here, is left out.
        || case when p_link.username_column is not null then
            ', case when s.turn = 1 and not exists (select from chat.users o where lower(o.username) = lower(s.username) and o.external_id is distinct from s.id) then s.username end'
            else '' end
        || case when p_link.avatar_url_column is not null then ', s.url' else '' end
        || ', case when s.inactive then clock_timestamp() end'
        || format(' from (select distinct on (1) i.%I::text as id, ', p_link.id_column) || v_name || ' as name'
        || case when p_link.username_column is not null then
            format(', chat.fit_username(i.%1$I::text) as username, row_number() over (partition by lower(chat.fit_username(i.%1$I::text)) order by i.%2$I::text) as turn',
                p_link.username_column, p_link.id_column) else '' end
        || case when p_link.avatar_url_column is not null then format(', chat.fit_url(i.%I::text) as url', p_link.avatar_url_column) else '' end
        || ', ' || v_inactive || ' as inactive'
        || ' from ' || p_source
        || format(' where char_length(i.%I::text) between 1 and 200', p_link.id_column)
        -- Rows of chat.users are locked in one order.
        || ' order by 1) s order by s.id'
        || ' on conflict (external_id) do update set link_id = excluded.link_id, is_guest = false, name = excluded.name'
        || case when p_link.username_column is not null then ', username = excluded.username' else '' end
        || case when p_link.avatar_url_column is not null then ', avatar_url = excluded.avatar_url' else '' end
        || case when p_decides_active then ', deactivated_at = case when excluded.deactivated_at is not null then coalesce(u.deactivated_at, excluded.deactivated_at) end' else '' end
        || ' where (u.link_id, u.is_guest, u.name'
        || case when p_link.username_column is not null then ', u.username' else '' end
        || case when p_link.avatar_url_column is not null then ', u.avatar_url' else '' end
        || case when p_decides_active then ', u.deactivated_at is not null' else '' end
        || ') is distinct from (excluded.link_id, false, excluded.name'
        || case when p_link.username_column is not null then ', excluded.username' else '' end
        || case when p_link.avatar_url_column is not null then ', excluded.avatar_url' else '' end
        || case when p_decides_active then ', excluded.deactivated_at is not null' else '' end
        -- Who follows another table of the host's goes on doing so.
        || ') and (u.link_id is null or u.link_id = excluded.link_id'
        || ' or exists (select from chat.links l where l.id = u.link_id and l.unlinked_at is not null))';
end
$$;

comment on function chat.link_statement(chat.links, text, boolean) is
    'SQL that makes and changes users after rows of a host''s table; p_decides_active: whether it says who is deactivated among those that are there.';

create or replace function chat.warn_not_followed(p_table regclass, p_state text, p_message text, p_detail text) returns void language plpgsql immutable
security definer set search_path = pg_catalog, pg_temp as $$
begin
    raise warning 'webchat could not follow %: % % %', p_table, p_state, p_message, p_detail
        using hint = 'The host''s own change stands; chat.link_users, called again, brings the chat up to it.';
end
$$;

comment on function chat.warn_not_followed(regclass, text, text, text) is 'Warns that a change of a host''s table did not reach the chat.';

-- after insert, once a statement.
create or replace function chat.linked_users_inserted() returns trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    c_tries_max constant integer := 3; -- somebody may take a username in the very moment
    v_link chat.links;
    v_before text;
    v_state text;
    v_message text;
    v_detail text;
begin
    select * into v_link from chat.links l where l.id = tg_argv[0]::uuid and l.unlinked_at is null;
    if not found then
        return null;
    end if;
    for v_try in 1..c_tries_max loop
        begin
            v_before := chat.act_as(null);
            execute chat.link_statement(v_link, 'inserted i', true);
            perform set_config('chat.actor', v_before, true);
            return null;
        exception
            when unique_violation then
                get stacked diagnostics v_state = returned_sqlstate, v_message = message_text, v_detail = pg_exception_detail;
            -- Whatever it is: the host's rows are more to it than ours are to us.
            when others then
                get stacked diagnostics v_state = returned_sqlstate, v_message = message_text, v_detail = pg_exception_detail;
                exit;
        end;
    end loop;
    perform chat.warn_not_followed(tg_relid::regclass, v_state, v_message, v_detail);
    return null;
end
$$;

comment on function chat.linked_users_inserted() is
    'Trigger, on a host''s table: makes users of new rows, or changes those with their external_id. Events: member, user. Never raises.';

-- after update of a linked column that became another, for each row.
create or replace function chat.linked_users_updated() returns trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    c_tries_max constant integer := 3;
    v_link chat.links;
    v_before text;
    v_old constant jsonb := to_jsonb(old);
    v_new constant jsonb := to_jsonb(new);
    v_state text;
    v_message text;
    v_detail text;
begin
    select * into v_link from chat.links l where l.id = tg_argv[0]::uuid and l.unlinked_at is null;
    if not found then
        return null;
    end if;
    for v_try in 1..c_tries_max loop
        begin
            v_before := chat.act_as(null);
            -- Who gets another id in the host's table stays who they are in the chat.
            if v_new ->> v_link.id_column <> v_old ->> v_link.id_column then
                update chat.users u set external_id = v_new ->> v_link.id_column
                where u.external_id = v_old ->> v_link.id_column and u.link_id = v_link.id;
            end if;
            execute chat.link_statement(v_link, '(select ($1).*) i', coalesce(v_new -> v_link.active_column is distinct from v_old -> v_link.active_column, false)) using new;
            perform set_config('chat.actor', v_before, true);
            return null;
        exception
            when unique_violation then
                get stacked diagnostics v_state = returned_sqlstate, v_message = message_text, v_detail = pg_exception_detail;
            when others then
                get stacked diagnostics v_state = returned_sqlstate, v_message = message_text, v_detail = pg_exception_detail;
                exit;
        end;
    end loop;
    perform chat.warn_not_followed(tg_relid::regclass, v_state, v_message, v_detail);
    return null;
end
$$;

comment on function chat.linked_users_updated() is
    'Trigger, on a host''s table: changes the user after a row. Event: user. Never raises.';

-- after delete or truncate, once a statement.
create or replace function chat.linked_users_removed() returns trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_link chat.links;
    v_before text;
    v_state text;
    v_message text;
    v_detail text;
begin
    select * into v_link from chat.links l where l.id = tg_argv[0]::uuid and l.unlinked_at is null;
    if not found then
        return null;
    end if;
    begin
        v_before := chat.act_as(null);
        if tg_op = 'TRUNCATE' then
            update chat.users u set deactivated_at = clock_timestamp() where u.link_id = v_link.id and u.deactivated_at is null;
        else
            execute format(
                'update chat.users u set deactivated_at = clock_timestamp()
                 from removed r where u.external_id = r.%I::text and u.link_id = $1 and u.deactivated_at is null', v_link.id_column)
            using v_link.id;
        end if;
        perform set_config('chat.actor', v_before, true);
    exception when others then
        get stacked diagnostics v_state = returned_sqlstate, v_message = message_text, v_detail = pg_exception_detail;
        perform chat.warn_not_followed(tg_relid::regclass, v_state, v_message, v_detail);
    end;
    return null;
end
$$;

comment on function chat.linked_users_removed() is
    'Trigger, on a host''s table: deactivates the users whose rows are gone. Event: user. Never raises.';

-- Creating a trigger needs the right TRIGGER, and nothing here needs more: what is there is replaced, not dropped.
create or replace function chat.link_users(
    p_table regclass, p_id text default 'id', p_name text default 'name', p_avatar_url text default null,
    p_username text default null, p_active text default null)
returns bigint language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_before constant text := chat.act_as(null);
    v_link chat.links;
    v_columns text[] := array[p_id, p_name];
    v_changed bigint;
    v_gone bigint;
    v_relation pg_class;
begin
    select * into v_relation from pg_class c where c.oid = p_table;
    if not found then
        perform chat.refuse(422, 'no_such_table', 'p_table: there is no such table.');
    elsif v_relation.relkind not in ('r', 'p') or v_relation.relpersistence = 't' or v_relation.relnamespace in ('chat'::regnamespace, 'pg_catalog'::regnamespace) then
        perform chat.refuse(422, 'not_a_table', format('p_table: %s is no table of the host''s.', p_table));
    elsif not has_table_privilege(p_table, 'trigger') then
        perform chat.refuse(403, 'no_right',
            format('p_table: role %I may make no triggers on it; its owner grants it: grant select, trigger on %s to %I.', current_user, p_table, current_user));
    elsif row_security_active(p_table) then
        perform chat.refuse(403, 'rows_hidden',
            format('p_table: its policies hide rows from role %I; a superuser lets it see them: alter role %I bypassrls.', current_user, current_user));
    end if;
    perform chat.require_column('p_id', p_table, p_id);
    perform chat.require_column('p_name', p_table, p_name);
    if p_avatar_url is not null then
        perform chat.require_column('p_avatar_url', p_table, p_avatar_url);
        v_columns := v_columns || p_avatar_url;
    end if;
    if p_username is not null then
        perform chat.require_column('p_username', p_table, p_username);
        v_columns := v_columns || p_username;
    end if;
    if p_active is not null then
        if chat.require_column('p_active', p_table, p_active) <> all (array['boolean', 'timestamptz', 'timestamp', 'date']::regtype[]) then
            perform chat.refuse(422, 'bad_active', format('p_active: %I must be a boolean (true: may chat) or a time (set: may not).', p_active));
        end if;
        v_columns := v_columns || p_active;
    end if;

    select * into v_link from chat.links l where l.id = chat.link_of(p_table);
    if v_link.id is null then
        insert into chat.links (id, host_table, id_column, name_column, username_column, avatar_url_column, active_column, linked_at)
        values (chat.uuid_v7(), p_table::text, p_id, p_name, p_username, p_avatar_url, p_active, clock_timestamp())
        returning * into v_link;
    else
        update chat.links l
        set host_table = p_table::text, id_column = p_id, name_column = p_name, username_column = p_username,
            avatar_url_column = p_avatar_url, active_column = p_active, linked_at = clock_timestamp(), unlinked_at = null
        where l.id = v_link.id returning * into v_link;
    end if;

    -- From the first of these on, others can read the host's table and not write it, until the end of this transaction.
    execute format('create or replace trigger webchat_insert after insert on %s referencing new table as inserted for each statement execute function chat.linked_users_inserted(%L)', p_table, v_link.id);
    execute format('create or replace trigger webchat_update after update of %s on %s for each row when (%s) execute function chat.linked_users_updated(%L)',
        (select string_agg(quote_ident(c.name), ', ') from (select distinct x as name from unnest(v_columns) x) c), p_table,
        (select string_agg(format('old.%1$I::text is distinct from new.%1$I::text', c.name), ' or ') from (select distinct x as name from unnest(v_columns) x) c), v_link.id);
    execute format('create or replace trigger webchat_delete after delete on %s referencing old table as removed for each statement execute function chat.linked_users_removed(%L)', p_table, v_link.id);
    execute format('create or replace trigger webchat_truncate after truncate on %s for each statement execute function chat.linked_users_removed(%L)', p_table, v_link.id);

    execute chat.link_statement(v_link, p_table::text || ' i', true);
    get diagnostics v_changed = row_count;
    execute format(
        'update chat.users u set deactivated_at = clock_timestamp()
         where u.link_id = $1 and u.deactivated_at is null and not exists (select from %s i where i.%I::text = u.external_id)', p_table, p_id)
    using v_link.id;
    get diagnostics v_gone = row_count;
    perform set_config('chat.actor', v_before, true);
    return v_changed + v_gone;
end
$$;

comment on function chat.link_users(regclass, text, text, text, text, text) is
    'Makes chat.users follow a table of the host''s, by external_id = its id as text, now and from now on; again with other columns replaces that. Returns how many users were made or changed. Raises CH422 no_such_table, not_a_table, no_such_column, bad_active, CH403 no_right, rows_hidden. Events: member, user.';

create or replace function chat.unlink_users(p_table regclass) returns void language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_link constant uuid := chat.link_of(p_table);
    v_name text;
    v_event text;
begin
    update chat.links l set unlinked_at = clock_timestamp() where l.id = v_link and l.unlinked_at is null;
    if not found then
        perform chat.refuse(404, 'not_linked', format('p_table: %s is not linked.', p_table));
    end if;
    foreach v_event in array array['insert', 'update', 'delete', 'truncate'] loop
        v_name := 'webchat_' || v_event;
        if pg_has_role((select c.relowner from pg_class c where c.oid = p_table), 'usage') then
            execute format('drop trigger if exists %I on %s', v_name, p_table);
        elsif v_event = 'insert' then
            -- Only an owner drops a trigger. One that is never true costs nothing, and says whose table it was.
            execute format('create or replace trigger %I after insert on %s referencing new table as inserted for each statement when (false) execute function chat.linked_users_inserted(%L)', v_name, p_table, v_link);
        elsif v_event = 'update' then
            execute format('create or replace trigger %I after update on %s for each row when (false) execute function chat.linked_users_updated(%L)', v_name, p_table, v_link);
        else
            execute format('create or replace trigger %I after %s on %s for each statement when (false) execute function chat.linked_users_removed(%L)', v_name, v_event, p_table, v_link);
        end if;
    end loop;
end
$$;

comment on function chat.unlink_users(regclass) is
    'Ends what chat.link_users began: users stay as they are. Raises CH404 not_linked.';

-- For `webchat doctor`: one row for each table that is followed.
create or replace function chat.check_links() returns table (host_table text, is_well boolean, finding text) language plpgsql stable
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_link chat.links;
    v_table regclass;
    v_behind bigint;
    v_message text;
begin
    for v_link in select * from chat.links l where l.unlinked_at is null order by l.id loop
        host_table := v_link.host_table;
        is_well := false;
        select t.tgrelid::regclass into v_table from pg_trigger t
        where t.tgfoid = 'chat.linked_users_inserted'::regproc and t.tgenabled <> 'D' and left(encode(t.tgargs, 'escape'), 36) = v_link.id::text;
        if not found then
            finding := 'its triggers are gone or disabled; call chat.link_users again';
        else
            begin
                execute format(
                    'select count(*) from %s i where not exists (
                        select from chat.users u where u.external_id = i.%I::text and u.link_id = $1)', v_table, v_link.id_column)
                into v_behind using v_link.id;
                is_well := v_behind = 0;
                finding := case when v_behind = 0 then format('%s is followed', v_table)
                    else format('%s of its rows are no users of the chat; call chat.link_users again', v_behind) end;
            exception when others then
                get stacked diagnostics v_message = message_text;
                finding := v_message || '; call chat.link_users again';
            end;
        end if;
        return next;
    end loop;
end
$$;

comment on function chat.check_links() is 'Of each table that chat.users follows, whether it does: for webchat doctor.';

create or replace trigger a_refuse_delete before delete on chat.links
    for each row execute function chat.refuse_delete();
create or replace trigger a_refuse_truncate before truncate on chat.links
    for each statement execute function chat.refuse_truncate();
