-- Links that let people into a group or room. Joining by one is a membership that names it: chat.members_complete in
-- member.sql judges that, so a row that another program inserts with invite_token obeys the same rules.

create or replace function chat.invite_json(p_invite chat.invites, p_creator_name text) returns json language sql stable as $$
    select json_build_object(
        'token', p_invite.token, 'conversation_id', p_invite.conversation_id,
        'created_by', p_invite.created_by, 'creator_name', p_creator_name,
        'created_at', chat.json_time(p_invite.created_at), 'expires_at', chat.json_time(p_invite.expires_at),
        'max_uses', p_invite.max_uses, 'uses', p_invite.uses, 'revoked_at', chat.json_time(p_invite.revoked_at))
$$;

comment on function chat.invite_json(chat.invites, text) is 'A link as owners and admins see it.';

-- Of 16 random bytes, put together of the bytes of two version 4 UUIDs that bear no version or variant.
create or replace function chat.random_token() returns text language sql volatile as $$
    select translate(rtrim(encode(substring(a from 1 for 6) || substring(a from 10 for 7) || substring(b from 1 for 3), 'base64'), '='), '+/', '-_')
    from (select uuid_send(gen_random_uuid()), uuid_send(gen_random_uuid())) random (a, b)
$$;

comment on function chat.random_token() is '128 random bits as 22 characters of base64url.';

-- Why a link lets somebody in no more: {status, code, detail}; null when it does. p_removed_at is when they were removed.
create or replace function chat.invite_refusal(p_invite chat.invites, p_removed_at timestamptz) returns text[] language plpgsql stable
security definer set search_path = pg_catalog, pg_temp as $$
begin
    if p_invite.token is null then
        return array['404', 'invite_not_found', 'There is no such link.'];
    elsif p_invite.revoked_at is not null then
        return array['410', 'invite_revoked', 'This link has been revoked.'];
    elsif p_invite.expires_at <= clock_timestamp() then
        return array['410', 'invite_expired', 'This link has expired.'];
    elsif p_invite.uses >= p_invite.max_uses then
        return array['410', 'invite_used_up', 'This link has been used as often as it can be.'];
    elsif p_removed_at >= p_invite.created_at then
        return array['403', 'removed', 'You were removed, and links from before do not let you in again.'];
    end if;
    return null;
end
$$;

comment on function chat.invite_refusal(chat.invites, timestamptz) is
    'Why a link lets in nobody, or not somebody who was removed at p_removed_at, as {status, code, detail}; null when it does.';

-- before insert or update: checks who may do it, completes. Locks the conversation, so that the number of links that
-- stand is counted right.
create or replace function chat.invites_complete() returns trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    c_standing_max constant integer := 100; -- of one conversation: more nobody oversees
    c_uses_max constant integer := 100000; -- beyond, none is the honest limit
    v_actor uuid := chat.current_actor();
    v_conversation chat.conversations;
begin
    if tg_op = 'UPDATE' then
        if (new.token, new.conversation_id, new.created_by, new.created_at, new.expires_at, new.max_uses)
            is distinct from (old.token, old.conversation_id, old.created_by, old.created_at, old.expires_at, old.max_uses)
        then
            perform chat.refuse(422, 'immutable_column', 'token, conversation_id, created_by, created_at, expires_at, max_uses: never change.');
        end if;
        perform chat.require_admin(v_actor, old.conversation_id);
        new.revoked_at := coalesce(old.revoked_at, case when new.revoked_at is not null then clock_timestamp() end);
        return new;
    end if;

    v_actor := coalesce(v_actor, new.created_by);
    select * into v_conversation from chat.conversations c where c.id = new.conversation_id for no key update;
    perform chat.require_admin(v_actor, new.conversation_id);
    if v_conversation.kind = 'direct' then
        perform chat.refuse(409, 'direct_is_fixed', 'A direct conversation always has its two users.');
    elsif v_conversation.is_general then
        perform chat.refuse(409, 'general_is_for_everyone', 'Everyone is in the general room.');
    elsif v_conversation.closed_at is not null then
        perform chat.refuse(409, 'conversation_closed', 'This conversation is closed.');
    elsif new.expires_at <= clock_timestamp() or new.expires_at >= '10000-01-01 00:00:00+00' then
        perform chat.refuse(422, 'bad_expires_at', 'expires_at: must be in the future, before the year 10000.');
    elsif new.max_uses not between 1 and c_uses_max then
        perform chat.refuse(422, 'bad_max_uses', format('max_uses: must be 1 to %s.', c_uses_max));
    elsif (
        select count(*) from chat.invites i
        where i.conversation_id = new.conversation_id and chat.invite_refusal(i, null) is null) >= c_standing_max
    then
        perform chat.refuse(409, 'too_many_invites', format('At most %s links at once: revoke one first.', c_standing_max));
    end if;
    new.token := chat.random_token();
    new.created_by := v_actor;
    new.created_at := clock_timestamp();
    new.uses := 0;
    new.revoked_at := null;
    return new;
end
$$;

comment on function chat.invites_complete() is 'Trigger: checks who makes or revokes a link, and completes it.';

create or replace trigger a_complete
    before insert or update of token, conversation_id, created_by, created_at, expires_at, max_uses, revoked_at on chat.invites
    for each row execute function chat.invites_complete();

create or replace function chat.invites_soft_delete() returns trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
begin
    update chat.invites set revoked_at = clock_timestamp() where token = old.token and revoked_at is null;
    return null;
end
$$;

comment on function chat.invites_soft_delete() is 'Trigger: turns a delete into revoking, so delete reports 0 rows.';

create or replace trigger a_soft_delete before delete on chat.invites
    for each row execute function chat.invites_soft_delete();
create or replace trigger a_refuse_truncate before truncate on chat.invites
    for each statement execute function chat.refuse_truncate();

-- after insert or update of a membership that came by a link: one use. The trigger that judged it has locked the link;
-- of several rows of one statement each was judged before any was counted, so it is judged here once more.
create or replace function chat.members_count_use() returns trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
begin
    update chat.invites i set uses = i.uses + 1
    where i.token = new.invite_token and (i.max_uses is null or i.uses < i.max_uses);
    if not found then
        perform chat.refuse(410, 'invite_used_up', 'This link has been used as often as it can be.');
    end if;
    return null;
end
$$;

comment on function chat.members_count_use() is 'Trigger: counts a use of the link by which somebody joined, or asked to.';

create or replace trigger b_count_use_insert after insert on chat.members
    for each row when (new.invite_token is not null) execute function chat.members_count_use();
create or replace trigger b_count_use_update after update on chat.members
    for each row when (new.invite_token is not null and old.invite_token is distinct from new.invite_token)
    execute function chat.members_count_use();

create or replace function chat.create_invite(
    p_actor uuid, p_conversation uuid, p_expires_at timestamptz default null, p_max_uses integer default null)
returns chat.invites language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_before constant text := chat.act_as(p_actor);
    v_invite chat.invites;
begin
    insert into chat.invites (conversation_id, created_by, expires_at, max_uses)
    values (p_conversation, p_actor, p_expires_at, p_max_uses)
    returning * into v_invite;
    perform set_config('chat.actor', v_before, true);
    return v_invite;
end
$$;

comment on function chat.create_invite(uuid, uuid, timestamptz, integer) is
    'Makes a link into a group or room, until p_expires_at and for p_max_uses (null: no end). Raises CH403 not_a_member, not_an_admin, CH404, CH409 direct_is_fixed, general_is_for_everyone, conversation_closed, too_many_invites, CH422 bad_expires_at, bad_max_uses.';

create or replace function chat.list_invites(p_actor uuid, p_conversation uuid) returns setof json language plpgsql stable
security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform chat.require_admin(p_actor, p_conversation);
    return query
    select chat.invite_json(i, u.name)
    from chat.invites i left join chat.users u on u.id = i.created_by
    where i.conversation_id = p_conversation and chat.invite_refusal(i, null) is null
    order by i.created_at desc;
end
$$;

comment on function chat.list_invites(uuid, uuid) is
    'The links that let people into a conversation now, the newest first. Raises CH403 not_a_member, not_an_admin, CH404.';

-- Who may not see a link is told what somebody is who has guessed one: that there is none.
create or replace function chat.revoke_invite(p_actor uuid, p_token text) returns chat.invites language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_before constant text := chat.act_as(p_actor);
    v_invite chat.invites;
begin
    select * into v_invite from chat.invites i where i.token = p_token;
    perform chat.refuse_by(case when not found then chat.invite_refusal(null, null) end);
    update chat.invites i set revoked_at = clock_timestamp() where i.token = p_token returning * into v_invite;
    perform set_config('chat.actor', v_before, true);
    return v_invite;
end
$$;

comment on function chat.revoke_invite(uuid, text) is
    'Ends a link for good; again does no harm. Raises CH403 not_a_member, not_an_admin, CH404 invite_not_found.';

-- What somebody who has the link may see before they join. Members see it whatever has become of the link: it leads them in.
create or replace function chat.read_invite(p_actor uuid, p_token text) returns json language plpgsql stable
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_invite chat.invites;
    v_member chat.members;
    v_conversation chat.conversations;
begin
    select * into v_invite from chat.invites i where i.token = p_token;
    select * into v_member from chat.members m where m.conversation_id = v_invite.conversation_id and m.user_id = p_actor;
    select * into v_conversation from chat.conversations c where c.id = v_invite.conversation_id;
    if v_member.active is not true then
        perform chat.refuse_by(chat.invite_refusal(v_invite, v_member.removed_at));
        if v_conversation.closed_at is not null then
            perform chat.refuse(409, 'conversation_closed', 'This conversation is closed.');
        end if;
    end if;
    return json_build_object(
        'conversation_id', v_conversation.id, 'kind', v_conversation.kind,
        'title', v_conversation.title, 'description', v_conversation.description,
        'member_count', chat.count_members(v_conversation.id), 'join_policy', v_conversation.join_policy,
        'state', chat.member_state(v_member));
end
$$;

comment on function chat.read_invite(uuid, text) is
    'Where a link leads: {conversation_id, kind, title, description, member_count, join_policy, state}, state being the actor''s own: active, pending, left or null. Raises CH403 removed, CH404 invite_not_found, CH409 conversation_closed, CH410 invite_expired, invite_revoked, invite_used_up.';

create or replace function chat.join_by_invite(p_actor uuid, p_token text) returns chat.members language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_before constant text := chat.act_as(p_actor);
    v_conversation uuid;
    v_member chat.members;
begin
    select i.conversation_id into v_conversation from chat.invites i where i.token = p_token;
    perform chat.refuse_by(case when not found then chat.invite_refusal(null, null) end);
    v_member := chat.walk_in(p_actor, v_conversation, p_token);
    perform set_config('chat.actor', v_before, true);
    return v_member;
end
$$;

comment on function chat.join_by_invite(uuid, text) is
    'Joins by a link: active, or pending where joining needs approval, and for who was removed. Raises CH403 removed, CH404 invite_not_found, CH409 conversation_closed, CH410 invite_expired, invite_revoked, invite_used_up. Events: member, conversation.';
