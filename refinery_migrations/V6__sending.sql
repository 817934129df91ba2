-- A mark remembers the newest message of one's own: what raised it by sending is told from what raised it by
-- reading without a look at the messages, and sending needs none of the checks that a raise by hand does.

alter table chat.marks add column sent_seq bigint not null default 0;

comment on column chat.marks.sent_seq is 'seq of the newest message of one''s own, which is read by having been sent; 0 while there is none. Set by trigger only.';

-- Each message was checked against its conversation twice. The other key, to the member who sent it, holds its
-- conversation too; a system message, which has no sender, is held by the trigger, which locks the conversation's row.
-- Rows of conversations and members are never removed.
alter table chat.messages drop constraint messages_conversation_id_fkey;

-- Functions that sql/ no longer has.
drop function if exists chat.check_content(text, text, jsonb);
drop function if exists chat.message_event(chat.messages, text);
drop function if exists chat.insert_messages(jsonb, bigint);
drop function if exists chat.refusal_of(text, text, text);
