-- One statement, so one transaction and one round trip. The payload is what a client would get; spaces bring it to size.
\set place random(0, :senders - 1)
with sent as (
    insert into bench.naive (conversation_id, sender_id, body, client_id)
    select conversation_id, user_id, repeat('b', :body_bytes), gen_random_uuid() from bench.senders where place = :place
    returning *
)
select pg_notify('bench', rpad(row_to_json(sent)::text, :payload_bytes)) from sent;
