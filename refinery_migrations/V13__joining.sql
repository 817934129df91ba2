-- How people come into groups and rooms and stay out of them: asking to be let in, links that let in, and what is left
-- of a membership that somebody else ended. And whom a person does not want to hear from.

create table chat.invites (
    token            text primary key,
    conversation_id  uuid not null references chat.conversations on delete restrict,
    created_by       uuid references chat.users on delete restrict,
    created_at       timestamptz not null,
    expires_at       timestamptz,
    max_uses         integer,
    uses             integer not null default 0,
    revoked_at       timestamptz
);

create index invites_conversation_index on chat.invites (conversation_id, created_at);

comment on table chat.invites is 'Links that let people into a group or room. Insert to make one, delete (or set revoked_at) to revoke it; the row stays.';
comment on column chat.invites.token is 'The secret in the link: 128 random bits as 22 characters of base64url. Set by trigger only.';
comment on column chat.invites.conversation_id is 'Where it leads.';
comment on column chat.invites.created_by is 'Who made it; null when the host project did.';
comment on column chat.invites.created_at is 'When it was made. It lets in nobody who was removed later.';
comment on column chat.invites.expires_at is 'Until when it lets anybody in; null: until it is revoked.';
comment on column chat.invites.max_uses is 'How often it can be used; null: any number of times.';
comment on column chat.invites.uses is 'How often somebody joined, or asked to, by it. Set by trigger only.';
comment on column chat.invites.revoked_at is 'When it was revoked, for good; null while it stands.';

alter table chat.members
    add column asked_at timestamptz,
    add column removed_at timestamptz,
    add column invite_token text references chat.invites on delete restrict;

comment on column chat.members.asked_at is 'When the user asked to be let in; stays when that was decided. Null for who came otherwise.';
comment on column chat.members.joined_at is 'When membership began, or began again; null while somebody waits to be let in, and of who was not. Setting it lets them in.';
comment on column chat.members.left_at is 'When the member left or was removed, or was not let in; null while a member or waiting.';
comment on column chat.members.removed_at is 'When an owner or admin ended the membership; null once a member again. Who was removed comes back only with approval.';
comment on column chat.members.invite_token is 'The link by which they came, or asked to; null for who came otherwise, and once they have left.';

-- Few rows wait. Only they are in it.
create index members_pending_index on chat.members (conversation_id, asked_at) where joined_at is null and left_at is null;

create table chat.blocks (
    user_id       uuid not null references chat.users on delete restrict,
    blocked_id    uuid not null references chat.users on delete restrict,
    created_at    timestamptz not null,
    unblocked_at  timestamptz,
    revision      bigint not null,
    changed_xid   xid8 not null,
    primary key (user_id, blocked_id)
);

create index blocks_changed_index on chat.blocks (user_id, changed_xid);

comment on table chat.blocks is 'Whom a person does not want to hear from. Insert to block, delete (or set unblocked_at) to end it; the row stays.';
comment on column chat.blocks.user_id is 'Who blocks.';
comment on column chat.blocks.blocked_id is 'Who is blocked.';
comment on column chat.blocks.created_at is 'When they were blocked, the last time.';
comment on column chat.blocks.unblocked_at is 'When that ended; null while it stands.';
comment on column chat.blocks.revision is 'Raised by every change; clients keep the highest.';
comment on column chat.blocks.changed_xid is 'Transaction of the last change; see chat.changes_since.';

-- So that sending asks nothing more than the row that it locks.
alter table chat.conversations add column is_silenced boolean not null default false;

comment on column chat.conversations.is_silenced is 'Direct chats: whether one of the two has blocked the other, so that nothing can be sent. Set by trigger only.';

-- They have one argument more now.
drop function if exists chat.list_members(uuid, uuid, uuid, integer);
drop function if exists chat.sending_refusal(text, text, jsonb, text, uuid, boolean, timestamptz, boolean, boolean, boolean, uuid[], text[]);
