-- Passwords: signing up, logging in, changing one. Passwords themselves never come here: the server hashes and compares.

create or replace trigger a_refuse_delete before delete on chat.passwords
    for each row execute function chat.refuse_delete();
create or replace trigger a_refuse_truncate before truncate on chat.passwords
    for each statement execute function chat.refuse_truncate();

-- Argon2id as a PHC string: so nothing else gets in by mistake, a password least of all.
create or replace function chat.refuse_bad_hash(p_hash text) returns void language plpgsql immutable
set search_path = pg_catalog, pg_temp as $$
begin
    if p_hash is null or p_hash !~ '^\$argon2id\$v=19\$' then
        perform chat.refuse(422, 'bad_hash', 'hash: must be of Argon2id, as a PHC string.');
    end if;
end
$$;

comment on function chat.refuse_bad_hash(text) is 'Raises CH422 bad_hash unless p_hash is one of Argon2id.';

create or replace function chat.sign_up(p_username text, p_name text, p_email text, p_hash text) returns chat.users language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    c_email_characters_max constant integer := 254; -- RFC 5321
    v_email constant text := nullif(btrim(p_email), '');
    v_user chat.users;
begin
    perform chat.refuse_bad_hash(p_hash);
    if coalesce(btrim(p_username), '') = '' then
        perform chat.refuse(422, 'username_required', 'username: must have at least one character.');
    elsif char_length(v_email) > c_email_characters_max or v_email !~ '^[^@[:space:][:cntrl:]]+@[^@[:space:][:cntrl:]]+$' then
        perform chat.refuse(422, 'bad_email', format('email: must be an address of at most %s characters.', c_email_characters_max));
    end if;
    v_user := chat.create_user(coalesce(nullif(btrim(p_name), ''), p_username), p_username);
    insert into chat.passwords (user_id, hash, email, created_at, changed_at)
    values (v_user.id, p_hash, v_email, clock_timestamp(), clock_timestamp());
    return v_user;
end
$$;

comment on function chat.sign_up(text, text, text, text) is
    'Makes a user who logs in by username and password. Raises CH409 username_taken, CH422 username_required, bad_username, name_too_long, bad_email, bad_hash. Event: member, of the general room.';

-- One row for a user who can log in, and none otherwise: the server then compares with a hash of nobody.
create or replace function chat.find_password(p_username text) returns table (user_id uuid, hash text) language sql stable
security definer set search_path = pg_catalog, pg_temp as $$
    select u.id, p.hash
    from chat.users u join chat.passwords p on p.user_id = u.id
    where lower(u.username) = lower(btrim(p_username)) and u.deactivated_at is null
$$;

comment on function chat.find_password(text) is 'The password''s hash of whoever has this username; no row for who has none, or is deactivated.';

create or replace function chat.read_password(p_user uuid) returns text language sql stable
security definer set search_path = pg_catalog, pg_temp as $$
    select p.hash from chat.passwords p where p.user_id = p_user
$$;

comment on function chat.read_password(uuid) is 'The password''s hash of a user; null for none.';

-- Whoever knew the old one is out: all other sessions end. Event: session_ended.
create or replace function chat.set_password(p_actor uuid, p_hash text, p_session uuid) returns void language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform chat.refuse_bad_hash(p_hash);
    update chat.passwords p set hash = p_hash, changed_at = clock_timestamp() where p.user_id = p_actor;
    if not found then
        perform chat.refuse(404, 'no_password', 'You have no password here.');
    end if;
    update chat.sessions s set ended_at = clock_timestamp()
    where s.user_id = p_actor and s.id is distinct from p_session and s.ended_at is null;
end
$$;

comment on function chat.set_password(uuid, text, uuid) is
    'Changes a password, and ends all sessions of its user but p_session. Raises CH404 no_password, CH422 bad_hash. Event: session_ended, to the servers.';
