-- Searching in messages: their text again, folded, in blocks. Both tables are derived from chat.messages: they can be
-- emptied and are filled again by chat.index_messages. Sending writes neither.

create table chat.search_blocks (
    conversation_id  uuid not null,
    first_seq        bigint not null,
    last_seq         bigint not null,
    first_at         timestamptz not null,
    last_at          timestamptz not null,
    is_full          boolean not null,
    texts            text[] not null,
    marks            text[] not null,
    primary key (conversation_id, first_seq)
    -- Texts are kept beside the rows, so that looking for blocks reads some hundred bytes of each and no more.
) with (toast_tuple_target = 128);

create index search_blocks_last_at_index on chat.search_blocks (last_at, first_at, conversation_id, first_seq);

comment on table chat.search_blocks is 'The text of some thirty consecutive messages a row, for chat.search_messages. Written by chat.index_messages only.';
comment on column chat.search_blocks.conversation_id is 'The conversation.';
comment on column chat.search_blocks.first_seq is 'seq of the first message; every seq up to last_seq is in this block.';
comment on column chat.search_blocks.last_seq is 'seq of the last message.';
comment on column chat.search_blocks.first_at is 'The least created_at of its messages.';
comment on column chat.search_blocks.last_at is 'The greatest created_at of its messages.';
comment on column chat.search_blocks.is_full is 'Whether it stays as it is; the last block of a conversation may still grow.';
comment on column chat.search_blocks.texts is 'What can be searched of each message, folded, in order of seq; empty for system messages.';
comment on column chat.search_blocks.marks is 'Who sent any of its messages, and of which kinds they are: @user id, #kind.';

create table chat.search_edits (
    conversation_id  uuid not null,
    seq              bigint not null,
    revision         bigint not null,
    primary key (conversation_id, seq, revision)
);

comment on table chat.search_edits is 'Edits that chat.search_blocks may not know of yet; these messages are searched one by one. Written by trigger, taken away by chat.index_messages.';
comment on column chat.search_edits.conversation_id is 'The message''s conversation.';
comment on column chat.search_edits.seq is 'The message''s seq.';
comment on column chat.search_edits.revision is 'The message''s revision that the edit made.';
