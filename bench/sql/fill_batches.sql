-- :batches batches of :batch items for each of :clients clients. As the server's lanes have it, no two clients send to
-- the same conversation: they would wait for each other's locks instead of for PostgreSQL. "@" in client_id stands for
-- what makes it new each time.
truncate bench.batches;

insert into bench.batches (client, number, items)
select own.client, b.number, (
    select json_agg(json_build_object(
        'actor', s.user_id, 'conversation_id', s.conversation_id, 'kind', null, 'body', repeat('b', :body_bytes),
        'data', null, 'reply_to', null, 'client_id', '@' || item))
    from (
        select item, 1 + floor(random() * cardinality(own.places))::integer as pick, b.number
        from generate_series(1, :batch) item
    ) i
    join bench.senders s on s.place = own.places[i.pick])
from (
    select r.rank % :clients as client, array_agg(s.place) as places
    from bench.senders s
    join (
        select conversation_id, dense_rank() over (order by conversation_id) as rank
        from bench.senders group by conversation_id
    ) r using (conversation_id)
    where s.place < :senders
    group by 1
) own
cross join generate_series(0, :batches - 1) b (number);

analyze bench.batches;
