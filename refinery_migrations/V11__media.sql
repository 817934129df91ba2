-- Media: what was uploaded, in pieces that are read and written one at a time, so that no program ever holds a whole
-- film. A message names its media; who may read a medium follows from which messages hold it.

create table chat.media (
    id           uuid primary key,
    uploaded_by  uuid references chat.users on delete restrict,
    name         text not null,
    state        text not null,
    size         bigint,
    received     bigint not null default 0,
    content_id   uuid not null,
    type         text,
    sha256       bytea,
    width        integer,
    height       integer,
    duration_ms  bigint,
    is_animated  boolean not null default false,
    created_at   timestamptz not null,
    changed_at   timestamptz not null
) with (fillfactor = 70); -- room for the HOT update that every piece of an upload makes

create index media_uploading_index on chat.media (uploaded_by, changed_at) where state = 'uploading';
create index media_stored_index on chat.media (id) where state = 'stored';
create index media_sha256_index on chat.media (sha256) where sha256 is not null;

comment on table chat.media is 'Files that were uploaded. Never physically removed.';
comment on column chat.media.id is 'Time-ordered UUID (version 7).';
comment on column chat.media.uploaded_by is 'Whose it is; null for the host project.';
comment on column chat.media.name is 'File name to show and to save by, 1 to 255 characters, no path.';
comment on column chat.media.state is 'uploading: pieces are missing; stored: whole, and nobody has looked at it yet; ready: its type is known; abandoned: given up before it was whole.';
comment on column chat.media.size is 'Bytes; null while uploading without a length told before.';
comment on column chat.media.received is 'Bytes that are there.';
comment on column chat.media.content_id is 'Which pieces of chat.media_chunks are its bytes; equal files share them.';
comment on column chat.media.type is 'MIME type by content; null until somebody has looked.';
comment on column chat.media.sha256 is 'SHA-256 of the bytes, 32 bytes; null until ready.';
comment on column chat.media.width is 'Pixels, as shown; null where it has none.';
comment on column chat.media.height is 'Pixels, as shown; null where it has none.';
comment on column chat.media.duration_ms is 'Milliseconds; null where it has none or nobody can tell.';
comment on column chat.media.is_animated is 'Whether an image moves.';
comment on column chat.media.created_at is 'When the upload began.';
comment on column chat.media.changed_at is 'When the last piece came, or somebody looked at it.';

create table chat.media_chunks (
    content_id  uuid not null,
    number      integer not null,
    bytes       bytea not null,
    primary key (content_id, number)
);

-- What is compressed already does not get smaller; and of what is stored as it is, a part can be read by itself.
alter table chat.media_chunks alter column bytes set storage external;

comment on table chat.media_chunks is 'The bytes of media, in pieces of 262,144 bytes; the last one is what is left. See chat.read_media.';
comment on column chat.media_chunks.content_id is 'media.content_id of whichever media have these bytes.';
comment on column chat.media_chunks.number is '0, 1, 2, …';
comment on column chat.media_chunks.bytes is 'The piece.';

create table chat.media_thumbnails (
    media_id  uuid primary key references chat.media on delete restrict,
    type      text not null,
    width     integer not null,
    height    integer not null,
    bytes     bytea not null
);

comment on table chat.media_thumbnails is 'A small still image of a medium.';
comment on column chat.media_thumbnails.media_id is 'The medium.';
comment on column chat.media_thumbnails.type is 'MIME type of the small image.';
comment on column chat.media_thumbnails.width is 'Its pixels.';
comment on column chat.media_thumbnails.height is 'Its pixels.';
comment on column chat.media_thumbnails.bytes is 'The small image.';

alter table chat.messages add column media_ids uuid[];

comment on column chat.messages.media_ids is 'Media that it shows, 1 to 10, in their order; null for none.';

create table chat.message_media (
    media_id         uuid not null references chat.media on delete restrict,
    conversation_id  uuid not null,
    seq              bigint not null,
    place            integer not null,
    -- In this order, so that whether somebody may read a medium is a probe of its key for each conversation that holds it.
    primary key (media_id, conversation_id, seq, place),
    foreign key (conversation_id, seq) references chat.messages on delete restrict
);

create index message_media_conversation_index on chat.message_media (conversation_id, seq);

comment on table chat.message_media is 'messages.media_ids by the medium. Written by trigger only.';
comment on column chat.message_media.media_id is 'The medium.';
comment on column chat.message_media.conversation_id is 'The message''s conversation.';
comment on column chat.message_media.seq is 'The message''s seq.';
comment on column chat.message_media.place is 'Its place among the message''s media, from 1.';

alter table chat.users add column avatar_id uuid references chat.media on delete restrict;
alter table chat.conversations add column avatar_id uuid references chat.media on delete restrict;

comment on column chat.users.avatar_id is 'An image that shows the user; null for none.';
comment on column chat.conversations.avatar_id is 'An image that shows the conversation; null for none.';

create table chat.sticker_packs (
    id          uuid primary key,
    name        text not null unique,
    title       text not null,
    created_by  uuid references chat.users on delete restrict,
    created_at  timestamptz not null,
    removed_at  timestamptz
);

comment on table chat.sticker_packs is 'Stickers that belong together. Everyone can send them.';
comment on column chat.sticker_packs.id is 'Time-ordered UUID (version 7).';
comment on column chat.sticker_packs.name is 'What messages call it by: 1 to 60 of a to z, 0 to 9 and -.';
comment on column chat.sticker_packs.title is 'Its name for people, 1 to 80 characters.';
comment on column chat.sticker_packs.created_by is 'Who added it; null for the host project.';
comment on column chat.sticker_packs.created_at is 'When it was added.';
comment on column chat.sticker_packs.removed_at is 'When it was taken off the list; what was sent of it stays.';

create table chat.stickers (
    pack_id   uuid not null references chat.sticker_packs on delete restrict,
    place     integer not null,
    name      text not null,
    alt       text not null,
    emoji     text,
    media_id  uuid not null references chat.media on delete restrict,
    primary key (pack_id, place),
    unique (pack_id, name)
);

create index stickers_media_index on chat.stickers (media_id);

comment on table chat.stickers is 'The stickers of packs.';
comment on column chat.stickers.pack_id is 'The pack.';
comment on column chat.stickers.place is 'Its place in the pack, from 1.';
comment on column chat.stickers.name is 'What messages call it by: 1 to 60 of a to z, 0 to 9 and -.';
comment on column chat.stickers.alt is 'What it shows, in words, 1 to 200 characters.';
comment on column chat.stickers.emoji is 'An emoji of the same mood, to find it by.';
comment on column chat.stickers.media_id is 'Its image.';

-- They have arguments more now.
drop function if exists chat.send_message(uuid, uuid, text, text, text, uuid, jsonb);
drop function if exists chat.sending_refusal(text, text, jsonb, text, uuid, boolean, timestamptz, boolean, boolean, boolean);
drop function if exists chat.content_refusal(text, text, jsonb);
