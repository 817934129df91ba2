-- What web pages say of themselves, each fetched once for all the messages that name it.

create table chat.link_previews (
    url             text primary key,
    state           text not null,
    title           text,
    description     text,
    site_name       text,
    fetch_began_at  timestamptz not null,
    fetched_at      timestamptz,
    expires_at      timestamptz,
    -- A normalised address is ASCII, and a key of more bytes fits into no index.
    constraint link_previews_url_check check (octet_length(url) between 8 and 2000 and url ~ '^https?://'),
    constraint link_previews_state_check check (state in ('fetching', 'ready', 'none')),
    constraint link_previews_title_check check (char_length(title) between 1 and 200),
    constraint link_previews_description_check check (char_length(description) between 1 and 400),
    constraint link_previews_site_name_check check (char_length(site_name) between 1 and 80),
    constraint link_previews_ready_check check (state <> 'ready' or title is not null),
    constraint link_previews_fetched_check check (state = 'fetching' or (fetched_at is not null and expires_at is not null))
);

comment on table chat.link_previews is 'What linked pages say of themselves. Written by the server; a row stays, and is fetched anew when it has expired and somebody links to it again.';
comment on column chat.link_previews.url is 'The address, normalised and without its fragment, at most 2,000 characters.';
comment on column chat.link_previews.state is 'fetching: a server is at it; ready: title is the page''s; none: the last fetch found nothing to show.';
comment on column chat.link_previews.title is 'The page''s title, at most 200 characters; null when none was ever found. It outlives a later fetch that finds nothing: messages that show it keep it.';
comment on column chat.link_previews.description is 'What the page says it is about, at most 400 characters.';
comment on column chat.link_previews.site_name is 'The site''s name for itself, at most 80 characters.';
comment on column chat.link_previews.fetch_began_at is 'When the last fetch began; one that takes longer than 30 seconds is given up.';
comment on column chat.link_previews.fetched_at is 'When the last fetch ended.';
comment on column chat.link_previews.expires_at is 'Until when its outcome counts: 7 days for what was found, an hour for nothing.';
