\set place random(0, :senders - 1)
insert into bench.naive (conversation_id, sender_id, body, client_id)
select conversation_id, user_id, repeat('b', :body_bytes), gen_random_uuid() from bench.senders where place = :place;
