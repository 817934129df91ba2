-- Functions of the host project that webchat calls. They are made once, where they are absent, and never touched again: the
-- host replaces them by its own.

create schema if not exists chat_hook;

comment on schema chat_hook is 'Functions that the host project may replace by its own; webchat calls them.';

do $do$
begin
    if to_regprocedure('chat_hook.authenticate(text)') is null then
        create function chat_hook.authenticate(token text)
        returns table (external_id text, name text, username text, avatar_url text, expires_at timestamptz)
        language sql stable
        set search_path = pg_catalog, pg_temp as $$
            select null::text, null::text, null::text, null::text, null::timestamptz where false
        $$;
        comment on function chat_hook.authenticate(text) is
            'Whom one of the host project''s own tokens stands for: one row, or none for nobody. The host replaces it; as it was made, it knows nobody.';
        revoke all on function chat_hook.authenticate(text) from public;
    end if;
end
$do$;
