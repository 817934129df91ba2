-- A shop in the chat's own database: its customers are the chat's users, and an order comes with a conversation.

create schema if not exists shop;

create table if not exists shop.customers (
    id uuid primary key default gen_random_uuid(),
    name text not null unique,
    is_staff boolean not null default false);

create table if not exists shop.orders (
    id bigint generated always as identity (start with 4711) primary key,
    customer_id uuid not null references shop.customers,
    conversation_id uuid unique references chat.conversations,
    ordered_at timestamptz not null default now());

insert into shop.customers (name, is_staff) values ('Ada', false), ('Sam', true) on conflict (name) do nothing;

-- From now on the chat's users are these.
select chat.link_users('shop.customers', 'id', 'name');

-- Who may open which: the customer their own order, staff all of them.
create or replace function chat_hook.may_open_topic(p_user uuid, p_external_id text, p_topic text) returns boolean
language sql stable set search_path = pg_catalog, pg_temp as $$
    select exists (
        select from shop.customers c
        where c.id::text = p_external_id
          and (c.is_staff or exists (select from shop.orders o where 'order-' || o.id = p_topic and o.customer_id = c.id)))
$$;

-- Places an order: the order, its conversation and its first message, or none of them.
create or replace function shop.place_order(p_customer uuid, p_words text) returns shop.orders language plpgsql as $$
declare
    v_order shop.orders;
    v_conversation uuid;
begin
    insert into shop.orders (customer_id) values (p_customer) returning * into v_order;
    select id into v_conversation
    from chat.create_topic('order-' || v_order.id, 'Order ' || v_order.id,
        array(select c.id::text from shop.customers c where c.id = p_customer or c.is_staff));
    insert into chat.messages (conversation_id, sender_id, body)
    select v_conversation, u.id, p_words from chat.users u where u.external_id = p_customer::text;
    update shop.orders o set conversation_id = v_conversation where o.id = v_order.id returning * into v_order;
    return v_order;
end
$$;

begin;
select (shop.place_order(c.id, 'Please leave it with the neighbours.')).id as "order" from shop.customers c where c.name = 'Ada';
commit;

select c.topic, u.name as sender, m.seq, m.body
from chat.messages m
join chat.conversations c on c.id = m.conversation_id
join chat.users u on u.id = m.sender_id
where c.topic like 'order-%' and m.kind = 'text'
order by c.id, m.seq;
