-- Ids ascend, as those of version 7 do, and seq within each conversation: so the indexes grow where they would.
\set first random(0, :senders - 1)
\set last :first + :batch - 1
insert into bench.plain (conversation_id, seq, id, sender_id, kind, body, client_id, created_at, revision, changed_xid)
select s.conversation_id, s.seq, lpad(to_hex(s.seq), 32, '0')::uuid, s.user_id, 'text', repeat('b', :body_bytes),
    gen_random_uuid(), clock_timestamp(), 1, pg_current_xact_id()
from (
    select conversation_id, user_id, nextval('bench.row_number') as seq
    from bench.senders where place between :first and :last
) s;
