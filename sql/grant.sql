-- Who may do what. Three roles, made where the owner may create roles:
--   chat_server  runs the server
--   chat_writer  other projects: they write the tables and call the functions
--   chat_reader  people who report
-- Nothing is granted to public. Columns that triggers alone set are granted to nobody.

do $$
declare
    v_role text;
begin
    if exists (select from pg_roles r where r.rolname = current_user and (r.rolsuper or r.rolcreaterole)) then
        foreach v_role in array array['chat_server', 'chat_writer', 'chat_reader'] loop
            if not exists (select from pg_roles r where r.rolname = v_role) then
                begin
                    execute format('create role %I nologin', v_role);
                exception when duplicate_object or unique_violation then
                    null; -- roles are the cluster's: another database's webchat was a moment faster
                end;
            end if;
            -- So that the server, connected as the owner, can step down to it.
            if v_role = 'chat_server' and not pg_has_role(current_user, v_role, 'usage') then
                execute format('grant %I to current_user', v_role);
            end if;
        end loop;
    end if;
end
$$;

revoke all on schema chat from public;
revoke all on all tables in schema chat from public;
revoke all on all functions in schema chat from public;
revoke all on schema chat_report from public;
revoke all on all tables in schema chat_report from public;
revoke all on schema chat_hook from public;

do $$
begin
    if (select count(*) < 3 from pg_roles r where r.rolname in ('chat_server', 'chat_writer', 'chat_reader')) then
        return; -- the owner may not create roles and nobody has: the owner runs everything
    end if;

    grant usage on schema chat to chat_server, chat_writer, chat_reader;

    grant usage on schema chat_report to chat_reader;
    grant select on all tables in schema chat_report to chat_reader;

    grant select on all tables in schema chat to chat_server;
    grant execute on all functions in schema chat to chat_server;

    -- The host's own functions. Whoever replaces one by `create or replace` leaves its grants as they are.
    grant usage on schema chat_hook to chat_server;
    grant execute on all functions in schema chat_hook to chat_server;

    grant select on chat.users, chat.conversations, chat.members, chat.messages, chat.message_revisions,
        chat.reactions, chat.mentions, chat.media, chat.message_media, chat.sticker_packs, chat.stickers, chat.marks, chat.receipts, chat.hidden_messages, chat.preferences, chat.link_previews, chat.invites, chat.blocks,
        chat.servers, chat.presence to chat_writer, chat_reader;
    grant select on chat.links, chat.pictures to chat_writer, chat_reader;
    -- They make triggers on the host's tables: for the owner, and whom the owner trusts with it.
    revoke execute on function chat.link_users(regclass, text, text, text, text, text), chat.unlink_users(regclass) from chat_server;
    grant select on chat.calls, chat.call_participants, chat.call_log to chat_writer, chat_reader;

    grant insert (id, external_id, username, name, is_guest, avatar_id, avatar_url, about, status_text, created_at),
        update (external_id, username, name, is_guest, avatar_id, avatar_url, about, status_text, deactivated_at), delete on chat.users to chat_writer;
    grant insert (id, kind, title, description, join_policy, avatar_id, topic, direct_low, direct_high, created_by, created_at),
        update (title, description, join_policy, avatar_id, closed_at), delete on chat.conversations to chat_writer;
    grant insert (conversation_id, user_id, role, added_by, invite_token),
        update (role, joined_at, left_at, invite_token), delete on chat.members to chat_writer;
    grant insert (conversation_id, created_by, expires_at, max_uses),
        update (revoked_at), delete on chat.invites to chat_writer;
    grant insert (user_id, blocked_id),
        update (unblocked_at), delete on chat.blocks to chat_writer;
    grant insert (id, conversation_id, sender_id, kind, body, data, reply_to, client_id, forwarded_from, media_ids, created_at),
        update (body, data, deleted_at, pinned_at), delete on chat.messages to chat_writer;
    grant insert (conversation_id, message_id, user_id, emoji),
        update (removed_at), delete on chat.reactions to chat_writer;
    grant update (delivered_seq, read_seq) on chat.marks to chat_writer;
    grant insert (conversation_id, user_id, message_id),
        update (unhidden_at), delete on chat.hidden_messages to chat_writer;
    grant insert (conversation_id, user_id, pinned_at, archived_at, muted_until, notify, is_marked_unread),
        update (pinned_at, archived_at, muted_until, notify, is_marked_unread) on chat.preferences to chat_writer;

    grant insert (conversation_id, media, created_by, device) on chat.calls to chat_writer;
    grant insert (call_id, user_id, action, device) on chat.call_log to chat_writer;

    grant execute on function
        chat.call_action(uuid, uuid, text, text, text), chat.signal_call(uuid, uuid, uuid, jsonb), chat.expire_calls(interval, interval),
        chat.list_calls(uuid, uuid, uuid, integer), chat.read_call(uuid, uuid)
        to chat_writer;
    grant execute on function
        chat.open_topic(uuid, text, text), chat.create_topic(text, text, text[], text), chat.open_direct_with(uuid, text)
        to chat_writer;
    grant execute on function
        chat.uuid_v7(), chat.arrive(text, text, text, text), chat.end_sessions(text),
        chat.current_cursor(), chat.changes_since(uuid, text),
        chat.create_user(text, text, text, boolean), chat.update_user(uuid, uuid, text, text, text, text),
        chat.set_user_avatar(uuid, uuid, uuid), chat.deactivate_user(uuid, uuid), chat.list_users(uuid, text, uuid, integer, boolean),
        chat.open_direct(uuid, uuid), chat.create_group(uuid, text, uuid[]), chat.create_room(uuid, text, text, text),
        chat.update_conversation(uuid, uuid, text, text, text), chat.set_conversation_avatar(uuid, uuid, uuid), chat.close_conversation(uuid, uuid),
        chat.read_conversation(uuid, uuid), chat.list_conversations(uuid, timestamptz, uuid, integer),
        chat.find_conversations(uuid, text, integer), chat.list_common_conversations(uuid, uuid, integer),
        chat.add_member(uuid, uuid, uuid, text), chat.remove_member(uuid, uuid, uuid), chat.leave(uuid, uuid),
        chat.set_role(uuid, uuid, uuid, text), chat.join(uuid, uuid), chat.list_members(uuid, uuid, uuid, integer, text),
        chat.add_members(uuid, uuid, uuid[], text), chat.decide_join(uuid, uuid, uuid, boolean), chat.list_rooms(uuid, text, uuid, integer),
        chat.create_invite(uuid, uuid, timestamptz, integer), chat.list_invites(uuid, uuid), chat.revoke_invite(uuid, text),
        chat.read_invite(uuid, text), chat.join_by_invite(uuid, text),
        chat.block(uuid, uuid), chat.unblock(uuid, uuid), chat.list_blocks(uuid, uuid, integer), chat.is_blocked(uuid, uuid),
        chat.send_message(uuid, uuid, text, text, text, uuid, jsonb, uuid[]), chat.send_messages(jsonb),
        chat.edit_message(uuid, uuid, text, jsonb), chat.delete_message(uuid, uuid), chat.delete_messages(uuid, uuid[]),
        chat.restore_message(uuid, uuid), chat.revisions(uuid, uuid), chat.read_message(uuid, uuid),
        chat.hide_message(uuid, uuid), chat.unhide_message(uuid, uuid), chat.remove_preview(uuid, uuid),
        chat.set_preferences(uuid, uuid, boolean, boolean, timestamptz, text), chat.mark_unread(uuid, uuid),
        chat.history(uuid, uuid, bigint, bigint, bigint, integer, timestamptz), chat.seq_at(uuid, timestamptz), chat.first_unread(uuid, uuid),
        chat.react(uuid, uuid, text), chat.unreact(uuid, uuid, text), chat.list_reactions(uuid, uuid),
        chat.pin_message(uuid, uuid), chat.unpin_message(uuid, uuid), chat.list_pins(uuid, uuid),
        chat.forward_message(uuid, uuid, uuid[], text),
        chat.add_sticker_pack(uuid, text, text, jsonb), chat.stickers(uuid), chat.gifs(uuid, text, integer),
        chat.is_emoji(text, integer),
        chat.begin_media(uuid, text, bigint), chat.append_media(uuid, uuid, bigint, bytea), chat.finish_media(uuid, uuid),
        chat.abandon_media(uuid, uuid), chat.store_media(uuid, text, bytea), chat.read_media(uuid, uuid, bigint, integer),
        chat.search_messages(uuid, text, uuid, uuid, text, timestamptz, timestamptz, uuid, integer),
        chat.index_messages(integer, uuid[]),
        chat.mark_delivered(uuid, uuid, bigint), chat.mark_read(uuid, uuid, bigint), chat.mark_many(jsonb),
        chat.message_receipts(uuid, uuid), chat.announce_typing(uuid, uuid, text)
        to chat_writer;
end
$$;
