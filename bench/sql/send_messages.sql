-- The server's own statement, with a batch from the scratch table in place of its parameter.
\set number random(0, :batches - 1)
select status, code, detail, message::text
from chat.send_messages((
    select replace(items, '@', gen_random_uuid()::text) from bench.batches where client = :client_id and number = :number
)::jsonb) order by item;
