-- What the limits are measured with, in a schema of its own. Nothing here stands in the measured statements' way:
-- scratch tables are unlogged where only their content matters, and logged where writing them is what is measured.

create schema bench;

-- Everyone who can send, and where. :senders places in a random order, then the first :places_again of them once
-- more, so that any run of that many places is one of an index, wherever it begins.
create unlogged table bench.senders (place integer primary key, conversation_id uuid not null, user_id uuid not null);

-- Batches as the server sends them, one text each, for one size and number of clients at a time. Not compressed, since
-- taking that apart is no work of the server's.
create unlogged table bench.batches (
    client  integer not null,
    number  integer not null,
    items   text not null,
    primary key (client, number)
);
alter table bench.batches alter column items set storage external;

-- The naive chat: a table of messages with the two indexes that it needs.
create table bench.naive (
    id               bigserial primary key,
    conversation_id  uuid not null,
    sender_id        uuid not null,
    body             text not null,
    client_id        text,
    created_at       timestamptz not null default now()
);
create index naive_conversation_index on bench.naive (conversation_id, id);

-- chat.messages without triggers and foreign keys: the columns, their checks and all indexes.
create table bench.plain (like chat.messages including all);

-- Many numbers at once to each connection, so that taking one costs no WAL and no lock.
create sequence bench.row_number cache 10000;
