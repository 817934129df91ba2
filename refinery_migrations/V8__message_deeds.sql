-- What is done to messages besides writing them: reactions, pins, forwarding and mentions; and the link whose preview
-- a message shows. A message bears what its readers see of all this (so history reads one row a message, as before);
-- the tables keep who did what, and when.

alter table chat.messages
    add column forwarded_from uuid,
    add column mentions uuid[],
    add column reactions jsonb,
    add column pinned_at timestamptz,
    add column pinned_by uuid,
    add column preview_url text,
    add column preview_removed_at timestamptz;

-- No foreign keys: each would be looked at for every message sent, and the triggers that fill these columns have looked.
comment on column chat.messages.forwarded_from is 'id of the message that this one repeats; its kind, body and data are taken from there.';
comment on column chat.messages.mentions is 'Ids of the members whom it mentions; null for nobody. Set by trigger only, from body (@username) and data.mentions.';
comment on column chat.messages.reactions is 'What its readers see of chat.reactions: [{emoji, count, user_ids}]; null for none. Set by trigger only.';
comment on column chat.messages.pinned_at is 'When it was pinned in its conversation; null while it is not.';
comment on column chat.messages.pinned_by is 'Who pinned it; null for the host project. Set by trigger only.';
comment on column chat.messages.preview_url is 'The link of its body whose preview it shows; null while there is none. Set by the server.';
comment on column chat.messages.preview_removed_at is 'When its preview was taken away for good.';
comment on column chat.messages.kind is 'text, image, file, audio, video, voice, location, contact, sticker, gif, emoji or system.';
comment on column chat.messages.body is 'What it says, 1 to 4,000 characters; a caption, or null, where data says what it is. Kept when deleted.';
comment on column chat.messages.data is 'What a kind needs besides its body; a JSON object, checked by chat.data_refusal.';

-- Pins are few. Only rows that bear one are in it, so no plan reads history by it.
create index messages_pinned_index on chat.messages (conversation_id, pinned_at) where pinned_at is not null;

create table chat.reactions (
    conversation_id  uuid not null,
    message_id       uuid not null references chat.messages (id) on delete restrict,
    user_id          uuid not null,
    emoji            text not null,
    reacted_at       timestamptz not null,
    removed_at       timestamptz,
    primary key (conversation_id, message_id, user_id, emoji),
    foreign key (conversation_id, user_id) references chat.members on delete restrict
);

comment on table chat.reactions is 'Who reacted to which message with which emoji. Insert to react, delete (or set removed_at) to take it back; the row stays.';
comment on column chat.reactions.conversation_id is 'The message''s conversation. Set by trigger.';
comment on column chat.reactions.message_id is 'The message.';
comment on column chat.reactions.user_id is 'Who reacted.';
comment on column chat.reactions.emoji is 'One emoji.';
comment on column chat.reactions.reacted_at is 'When, the last time.';
comment on column chat.reactions.removed_at is 'When it was taken back; null while it stands.';

create table chat.mentions (
    conversation_id  uuid not null,
    user_id          uuid not null,
    seq              bigint not null,
    removed_at       timestamptz,
    -- In this order, so that a member's mentions after a mark are one range.
    primary key (conversation_id, user_id, seq),
    foreign key (conversation_id, seq) references chat.messages on delete restrict,
    foreign key (conversation_id, user_id) references chat.members on delete restrict
);

comment on table chat.mentions is 'Whom which message mentions: messages.mentions by the one mentioned. Written by trigger only.';
comment on column chat.mentions.conversation_id is 'The message''s conversation.';
comment on column chat.mentions.user_id is 'Who is mentioned.';
comment on column chat.mentions.seq is 'The message''s seq.';
comment on column chat.mentions.removed_at is 'When an edit took the mention out; null while it stands.';

-- They have one argument more now.
drop function if exists chat.edit_message(uuid, uuid, text);
drop function if exists chat.history(uuid, uuid, bigint, bigint, bigint, integer);
drop function if exists chat.history_page(uuid, uuid, bigint, bigint, bigint, integer);
