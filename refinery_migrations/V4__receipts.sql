-- How far each member has received and read: a narrow table of watermarks that are only
-- raised, in place (no index besides the key, so every raise is a HOT update), and a log
-- of when each was raised.

create table chat.marks (
    conversation_id  uuid not null,
    user_id          uuid not null,
    delivered_seq    bigint not null default 0,
    read_seq         bigint not null default 0,
    primary key (conversation_id, user_id),
    foreign key (conversation_id, user_id) references chat.members on delete restrict
) with (fillfactor = 50);

comment on table chat.marks is 'How far each member has received and read. Made with the membership; only ever raised.';
comment on column chat.marks.conversation_id is 'The conversation.';
comment on column chat.marks.user_id is 'The member.';
comment on column chat.marks.delivered_seq is 'Every message up to this seq has reached one of the member''s devices.';
comment on column chat.marks.read_seq is 'Every message up to this seq was read; never above delivered_seq.';

create table chat.receipts (
    conversation_id  uuid not null,
    user_id          uuid not null,
    delivered_seq    bigint not null,
    read_seq         bigint not null,
    at               timestamptz not null,
    changed_xid      xid8 not null,
    primary key (conversation_id, user_id, delivered_seq, read_seq),
    foreign key (conversation_id, user_id) references chat.members on delete restrict
);

create index receipts_changed_index on chat.receipts (conversation_id, changed_xid);

comment on table chat.receipts is 'When each watermark of chat.marks was raised, and to what. Written by trigger only.';
comment on column chat.receipts.conversation_id is 'The conversation.';
comment on column chat.receipts.user_id is 'The member.';
comment on column chat.receipts.delivered_seq is 'delivered_seq after the raise.';
comment on column chat.receipts.read_seq is 'read_seq after the raise.';
comment on column chat.receipts.at is 'When it was raised.';
comment on column chat.receipts.changed_xid is 'Transaction of the raise; see chat.changes_since.';
