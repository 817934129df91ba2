-- What send_messages.sql does besides sending: how much of that limit is the measurement itself.
\set number random(0, :batches - 1)
select length(replace(items, '@', gen_random_uuid()::text))
from bench.batches where client = :client_id and number = :number;
