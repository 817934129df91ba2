-- Profiles: what people say of themselves, and pictures of people and conversations.

alter table chat.users
    add column about text,
    add column status_text text;

comment on column chat.users.about is 'What the user says of themselves, 1 to 500 characters; null for nothing.';
comment on column chat.users.status_text is 'What the user says of the moment, 1 to 100 characters in one line; null for nothing.';

-- Whether somebody may read a medium is asked of the pictures, too. Neither keeps an update of another column from being HOT.
create index users_avatar_index on chat.users (avatar_id) where avatar_id is not null;
create index conversations_avatar_index on chat.conversations (avatar_id) where avatar_id is not null;

-- They have arguments more now.
drop function if exists chat.update_user(uuid, uuid, text, text);
drop function if exists chat.list_users(uuid, text, uuid, integer);
drop function if exists chat.message_text(chat.messages, text);
drop function if exists chat.message_json(chat.messages, text);
drop function if exists chat.message_envelope(chat.messages, text);
drop function if exists chat.member_json(chat.members, text);
drop function if exists chat.member_event(chat.members, text);
