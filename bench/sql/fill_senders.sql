insert into bench.senders (place, conversation_id, user_id)
select n, s.conversation_id, s.user_id
from generate_series(0, :senders + :places_again - 1) n
join (
    select row_number() over (order by random()) - 1 as place, p.conversation_id, u.user_id
    from bench.pairs p cross join unnest(p.user_ids) u (user_id)
) s on s.place = n % :senders;

analyze bench.senders;
