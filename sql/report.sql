-- Reports, for people with psql or a BI tool: names and columns stay as they are, and only more are added behind.
-- Days and hours are those of the session's time zone: set timezone = 'Europe/Berlin'. System messages are left out, and
-- what was deleted counts, since it was said. None of this costs anything unless it is asked for.

create schema if not exists chat_report;

comment on schema chat_report is 'Reports on the chat: views to read, for chat_reader.';

create or replace view chat_report.messages_by_day as
    select said.day, said.kind,
        sum(said.messages)::bigint as messages, sum(said.edited)::bigint as edited, sum(said.deleted)::bigint as deleted,
        count(distinct said.sender_id) as senders, count(distinct said.conversation_id) as conversations
    from (
        -- Of each sender in each conversation first, which leaves little to tell apart.
        select m.created_at::date as day, m.kind, m.conversation_id, m.sender_id,
            count(*) as messages, count(m.edited_at) as edited, count(m.deleted_at) as deleted
        from chat.messages m
        where m.kind <> 'system'
        group by 1, 2, 3, 4
    ) said
    group by said.day, said.kind;

comment on view chat_report.messages_by_day is 'Messages of each day and kind.';
comment on column chat_report.messages_by_day.day is 'The day on which they were sent, in the session''s time zone.';
comment on column chat_report.messages_by_day.kind is 'Kind: text, image, file, and so on.';
comment on column chat_report.messages_by_day.messages is 'How many were sent, those included that were deleted later.';
comment on column chat_report.messages_by_day.edited is 'How many of them were edited since.';
comment on column chat_report.messages_by_day.deleted is 'How many of them were deleted since.';
comment on column chat_report.messages_by_day.senders is 'Different users who sent them; the host project itself is none.';
comment on column chat_report.messages_by_day.conversations is 'Different conversations that they were sent to.';

create or replace view chat_report.messages_by_hour as
    select date_trunc('hour', m.created_at) as hour, m.kind, count(*) as messages
    from chat.messages m
    where m.kind <> 'system'
    group by 1, 2;

comment on view chat_report.messages_by_hour is 'Messages of each hour and kind.';
comment on column chat_report.messages_by_hour.hour is 'When the hour began, in which they were sent.';
comment on column chat_report.messages_by_hour.kind is 'Kind: text, image, file, and so on.';
comment on column chat_report.messages_by_hour.messages is 'How many were sent.';

create or replace view chat_report.messages_by_weekday as
    select extract(isodow from h.hour)::integer as weekday, extract(hour from h.hour)::integer as hour, sum(h.messages)::bigint as messages
    from chat_report.messages_by_hour h
    group by 1, 2;

comment on view chat_report.messages_by_weekday is 'When people write: messages by day of the week and hour of the day, over all time.';
comment on column chat_report.messages_by_weekday.weekday is '1 for Monday to 7 for Sunday, in the session''s time zone.';
comment on column chat_report.messages_by_weekday.hour is '0 to 23, in the session''s time zone.';
comment on column chat_report.messages_by_weekday.messages is 'How many were sent.';

create or replace view chat_report.active_users_by_day as
    select coalesce(deeds.day, joined.day) as day,
        coalesce(deeds.senders, 0) as senders, coalesce(deeds.readers, 0) as readers, coalesce(deeds.active, 0) as active,
        coalesce(joined.users, 0) as new_users
    from (
        select deed.day, count(distinct deed.user_id) filter (where deed.sent) as senders,
            count(distinct deed.user_id) filter (where not deed.sent) as readers, count(distinct deed.user_id) as active
        from (
            select m.created_at::date as day, m.sender_id as user_id, true as sent
            from chat.messages m
            where m.sender_id is not null and m.kind <> 'system'
            group by 1, 2
            union all
            select r.at::date, r.user_id, false from chat.receipts r where r.read_seq > 0 group by 1, 2
        ) deed
        group by deed.day
    ) deeds
    full join (
        select u.created_at::date as day, count(*) as users from chat.users u group by 1
    ) joined on joined.day = deeds.day;

comment on view chat_report.active_users_by_day is 'Users who did something on a day.';
comment on column chat_report.active_users_by_day.day is 'The day, in the session''s time zone.';
comment on column chat_report.active_users_by_day.senders is 'Different users who sent something.';
comment on column chat_report.active_users_by_day.readers is 'Different users who received or read something.';
comment on column chat_report.active_users_by_day.active is 'Different users who did either.';
comment on column chat_report.active_users_by_day.new_users is 'Users who came to the chat on that day.';

create or replace view chat_report.user_activity as
    select u.id as user_id, u.name, u.username, u.is_guest, u.created_at, u.last_seen_at, u.deactivated_at,
        coalesce(said.messages, 0) as messages, coalesce(said.conversations, 0) as conversations, said.first_at, said.last_at
    from chat.users u
    left join (
        select one.sender_id, sum(one.messages)::bigint as messages, count(*) as conversations,
            min(one.first_at) as first_at, max(one.last_at) as last_at
        from (
            select m.sender_id, m.conversation_id, count(*) as messages, min(m.created_at) as first_at, max(m.created_at) as last_at
            from chat.messages m
            where m.sender_id is not null and m.kind <> 'system'
            group by 1, 2
        ) one
        group by one.sender_id
    ) said on said.sender_id = u.id;

comment on view chat_report.user_activity is 'What each user has sent.';
comment on column chat_report.user_activity.user_id is 'The user.';
comment on column chat_report.user_activity.name is 'Their name.';
comment on column chat_report.user_activity.username is 'Their username; null for none.';
comment on column chat_report.user_activity.is_guest is 'Whether they came as a guest.';
comment on column chat_report.user_activity.created_at is 'When they came to the chat.';
comment on column chat_report.user_activity.last_seen_at is 'When they were last online; null: never, or still.';
comment on column chat_report.user_activity.deactivated_at is 'When they were deactivated; null: not.';
comment on column chat_report.user_activity.messages is 'How many messages they have sent.';
comment on column chat_report.user_activity.conversations is 'To how many conversations.';
comment on column chat_report.user_activity.first_at is 'When they sent the first; null for none.';
comment on column chat_report.user_activity.last_at is 'When they sent the last; null for none.';

create or replace view chat_report.responses as
    select line.conversation_id, line.seq, line.sender_id, line.created_at as sent_at,
        line.previous_seq, line.previous_sender_id, line.previous_at,
        extract(epoch from line.created_at - line.previous_at)::float8 as seconds
    from (
        select m.conversation_id, m.seq, m.sender_id, m.created_at,
            lag(m.seq) over before as previous_seq, lag(m.sender_id) over before as previous_sender_id,
            lag(m.created_at) over before as previous_at
        from chat.messages m
        where m.kind <> 'system' and m.sender_id is not null
        window before as (partition by m.conversation_id order by m.seq)
    ) line
    where line.sender_id <> line.previous_sender_id;

comment on view chat_report.responses is 'Messages that follow one of somebody else: who answered whom, and after how long. Quick for one conversation_id.';
comment on column chat_report.responses.conversation_id is 'The conversation.';
comment on column chat_report.responses.seq is 'seq of the answer.';
comment on column chat_report.responses.sender_id is 'Who answered.';
comment on column chat_report.responses.sent_at is 'When.';
comment on column chat_report.responses.previous_seq is 'seq of the message before.';
comment on column chat_report.responses.previous_sender_id is 'Whose it is.';
comment on column chat_report.responses.previous_at is 'When it was sent.';
comment on column chat_report.responses.seconds is 'Seconds from the one to the other.';

create or replace view chat_report.response_times_by_day as
    select r.sent_at::date as day, c.kind as conversation_kind, count(*) as responses,
        percentile_cont(0.5) within group (order by r.seconds) as median_seconds,
        percentile_cont(0.9) within group (order by r.seconds) as p90_seconds
    from chat_report.responses r
    join chat.conversations c on c.id = r.conversation_id
    group by 1, 2;

comment on view chat_report.response_times_by_day is 'How long people wait for an answer, by the day of the answer.';
comment on column chat_report.response_times_by_day.day is 'The day of the answers, in the session''s time zone.';
comment on column chat_report.response_times_by_day.conversation_kind is 'direct, group or room.';
comment on column chat_report.response_times_by_day.responses is 'How many answers there were: messages that follow one of somebody else.';
comment on column chat_report.response_times_by_day.median_seconds is 'Half of them came within so many seconds.';
comment on column chat_report.response_times_by_day.p90_seconds is 'Nine of ten came within so many seconds.';

create or replace view chat_report.receipt_delays as
    select m.conversation_id, m.seq, m.sender_id, m.created_at as sent_at, u.user_id,
        delivered.at as delivered_at, read.at as read_at,
        extract(epoch from delivered.at - m.created_at)::float8 as delivery_seconds,
        extract(epoch from read.at - m.created_at)::float8 as read_seconds
    from chat.messages m
    join chat.members u on u.conversation_id = m.conversation_id and u.user_id is distinct from m.sender_id
        and u.joined_seq < m.seq and u.joined_at is not null and (u.left_at is null or u.left_at > m.created_at)
    -- Marks are only raised, and read is never ahead of delivered: the first row that reaches a message is the earliest.
    left join lateral (
        select r.at from chat.receipts r
        where r.conversation_id = m.conversation_id and r.user_id = u.user_id and r.delivered_seq >= m.seq
        order by r.delivered_seq, r.read_seq limit 1
    ) delivered on true
    left join lateral (
        select r.at from chat.receipts r
        where r.conversation_id = m.conversation_id and r.user_id = u.user_id and r.delivered_seq >= m.seq and r.read_seq >= m.seq
        order by r.delivered_seq, r.read_seq limit 1
    ) read on true
    where m.kind <> 'system';

comment on view chat_report.receipt_delays is 'Each message and each member it was for: when it was delivered and read, by receipts; who only answers writes none. Ask for one conversation_id, or a limit: it has a row for every reader of every message.';
comment on column chat_report.receipt_delays.conversation_id is 'The conversation.';
comment on column chat_report.receipt_delays.seq is 'seq of the message.';
comment on column chat_report.receipt_delays.sender_id is 'Who sent it; null for the host project.';
comment on column chat_report.receipt_delays.sent_at is 'When.';
comment on column chat_report.receipt_delays.user_id is 'Whom it was for.';
comment on column chat_report.receipt_delays.delivered_at is 'When it had come to them; null: not yet.';
comment on column chat_report.receipt_delays.read_at is 'When they had read it; null: not yet.';
comment on column chat_report.receipt_delays.delivery_seconds is 'Seconds until it had come.';
comment on column chat_report.receipt_delays.read_seconds is 'Seconds until it was read.';

create or replace view chat_report.receipt_delays_by_day as
    with raised as (
        select r.conversation_id, r.user_id, r.at, r.delivered_seq, r.read_seq,
            r.delivered_seq > coalesce(lag(r.delivered_seq) over before, 0) as is_delivery,
            r.read_seq > coalesce(lag(r.read_seq) over before, 0) as is_reading
        from chat.receipts r
        window before as (partition by r.conversation_id, r.user_id order by r.delivered_seq, r.read_seq)
    ), reached as (
        select r.conversation_id, r.user_id, r.at, r.delivered_seq as seq, false as is_read from raised r where r.is_delivery
        union all
        select r.conversation_id, r.user_id, r.at, r.read_seq, true from raised r where r.is_reading
    ), waited as (
        select r.at, c.kind, r.is_read, extract(epoch from r.at - m.created_at)::float8 as seconds
        from reached r
        join chat.messages m on m.conversation_id = r.conversation_id and m.seq = r.seq
            and m.kind <> 'system' and m.sender_id is distinct from r.user_id
        join chat.conversations c on c.id = r.conversation_id
    )
    select w.at::date as day, w.kind as conversation_kind,
        count(*) filter (where not w.is_read) as deliveries,
        percentile_cont(0.5) within group (order by w.seconds) filter (where not w.is_read) as delivery_median_seconds,
        percentile_cont(0.9) within group (order by w.seconds) filter (where not w.is_read) as delivery_p90_seconds,
        count(*) filter (where w.is_read) as reads,
        percentile_cont(0.5) within group (order by w.seconds) filter (where w.is_read) as read_median_seconds,
        percentile_cont(0.9) within group (order by w.seconds) filter (where w.is_read) as read_p90_seconds
    from waited w
    group by 1, 2;

comment on view chat_report.receipt_delays_by_day is 'How long messages wait until they have come and until they are read. Whoever comes back receives and reads several at once: counted is the newest of them, once.';
comment on column chat_report.receipt_delays_by_day.day is 'The day of the receipt, in the session''s time zone.';
comment on column chat_report.receipt_delays_by_day.conversation_kind is 'direct, group or room.';
comment on column chat_report.receipt_delays_by_day.deliveries is 'How often something had come to a member.';
comment on column chat_report.receipt_delays_by_day.delivery_median_seconds is 'Half of the time within so many seconds of its sending.';
comment on column chat_report.receipt_delays_by_day.delivery_p90_seconds is 'Nine times of ten within so many seconds.';
comment on column chat_report.receipt_delays_by_day.reads is 'How often a member had read something.';
comment on column chat_report.receipt_delays_by_day.read_median_seconds is 'Half of the time within so many seconds of its sending.';
comment on column chat_report.receipt_delays_by_day.read_p90_seconds is 'Nine times of ten within so many seconds.';

create or replace view chat_report.conversation_sizes as
    select c.id as conversation_id, c.kind,
        case when c.kind = 'direct' then (
            select string_agg(u.name, ' & ' order by u.name) from chat.users u where u.id in (c.direct_low, c.direct_high))
        else c.title end as title,
        c.created_at, c.closed_at, coalesce(members.active, 0) as members, coalesce(members.former, 0) as former_members,
        c.last_seq as messages, coalesce(files.files, 0) as files, coalesce(files.bytes, 0) as file_bytes, c.last_message_at
    from chat.conversations c
    left join (
        select m.conversation_id, count(*) filter (where m.active) as active, count(*) filter (where m.left_at is not null) as former
        from chat.members m group by 1
    ) members on members.conversation_id = c.id
    left join (
        select h.conversation_id, count(*) as files, sum(e.size)::bigint as bytes
        from chat.message_media h join chat.media e on e.id = h.media_id
        group by 1
    ) files on files.conversation_id = c.id;

comment on view chat_report.conversation_sizes is 'How large each conversation is.';
comment on column chat_report.conversation_sizes.conversation_id is 'The conversation.';
comment on column chat_report.conversation_sizes.kind is 'direct, group or room.';
comment on column chat_report.conversation_sizes.title is 'Its title; of a direct one the names of the two.';
comment on column chat_report.conversation_sizes.created_at is 'When it began.';
comment on column chat_report.conversation_sizes.closed_at is 'When it was closed; null: open.';
comment on column chat_report.conversation_sizes.members is 'Members now.';
comment on column chat_report.conversation_sizes.former_members is 'Members who left or were removed.';
comment on column chat_report.conversation_sizes.messages is 'All messages ever, those of the system and those deleted included.';
comment on column chat_report.conversation_sizes.files is 'Files that its messages show.';
comment on column chat_report.conversation_sizes.file_bytes is 'Their size, in bytes.';
comment on column chat_report.conversation_sizes.last_message_at is 'When the newest message was sent; null for none.';

create or replace view chat_report.media_by_type as
    select coalesce(e.type, 'unknown') as type, count(*) as files, coalesce(sum(e.size), 0)::bigint as bytes,
        coalesce(sum(e.size) filter (where e.is_first), 0)::bigint as stored_bytes,
        count(distinct e.uploaded_by) as uploaders, sum(e.shown)::bigint as shown
    from (
        select m.type, m.size, m.uploaded_by, row_number() over (partition by m.content_id order by m.id) = 1 as is_first,
            (select count(*) from chat.message_media h where h.media_id = m.id) as shown
        from chat.media m
        where m.state in ('stored', 'ready')
    ) e
    group by 1;

comment on view chat_report.media_by_type is 'Files by what they are.';
comment on column chat_report.media_by_type.type is 'MIME type by content; unknown: nobody has looked yet.';
comment on column chat_report.media_by_type.files is 'How many there are.';
comment on column chat_report.media_by_type.bytes is 'Their size, in bytes.';
comment on column chat_report.media_by_type.stored_bytes is 'What they take in the database, in bytes: equal files share it.';
comment on column chat_report.media_by_type.uploaders is 'Different users who uploaded them.';
comment on column chat_report.media_by_type.shown is 'How often messages show them.';

create or replace view chat_report.media_by_day as
    select m.created_at::date as day, split_part(coalesce(m.type, 'unknown'), '/', 1) as family, count(*) as files,
        coalesce(sum(m.size), 0)::bigint as bytes, count(distinct m.uploaded_by) as uploaders
    from chat.media m
    where m.state in ('stored', 'ready')
    group by 1, 2;

comment on view chat_report.media_by_day is 'Files uploaded each day.';
comment on column chat_report.media_by_day.day is 'The day on which the upload began, in the session''s time zone.';
comment on column chat_report.media_by_day.family is 'image, video, audio, text, application; unknown: nobody has looked yet.';
comment on column chat_report.media_by_day.files is 'How many.';
comment on column chat_report.media_by_day.bytes is 'Their size, in bytes.';
comment on column chat_report.media_by_day.uploaders is 'Different users who uploaded them.';

create or replace view chat_report.unread_backlog as
    select u.id as user_id, u.name, u.last_seen_at, count(*) as conversations, sum(behind.messages)::bigint as messages, min(oldest.created_at) as oldest_at
    from chat.members m
    join chat.users u on u.id = m.user_id and u.deactivated_at is null
    join chat.conversations c on c.id = m.conversation_id
    join chat.marks k on k.conversation_id = m.conversation_id and k.user_id = m.user_id
    cross join lateral (select greatest(k.read_seq, m.joined_seq) as seq, c.last_seq - greatest(k.read_seq, m.joined_seq) as messages) behind
    left join chat.messages oldest on oldest.conversation_id = m.conversation_id and oldest.seq = behind.seq + 1
    where m.active and behind.messages > 0
    group by u.id;

comment on view chat_report.unread_backlog is 'Users who have not read everything. By marks, so at once: what the system said and what was deleted counts too, unlike in the chat itself.';
comment on column chat_report.unread_backlog.user_id is 'The user.';
comment on column chat_report.unread_backlog.name is 'Their name.';
comment on column chat_report.unread_backlog.last_seen_at is 'When they were last online; null: never, or still.';
comment on column chat_report.unread_backlog.conversations is 'Conversations with something after their mark.';
comment on column chat_report.unread_backlog.messages is 'Messages after their marks.';
comment on column chat_report.unread_backlog.oldest_at is 'When the oldest of these was sent.';

create or replace view chat_report.reactions_by_emoji as
    select r.emoji, count(*) as reactions, count(distinct r.user_id) as users, max(r.reacted_at) as last_at
    from chat.reactions r
    where r.removed_at is null
    group by r.emoji;

comment on view chat_report.reactions_by_emoji is 'What people react with.';
comment on column chat_report.reactions_by_emoji.emoji is 'The emoji.';
comment on column chat_report.reactions_by_emoji.reactions is 'Reactions with it that stand.';
comment on column chat_report.reactions_by_emoji.users is 'Different users who react with it.';
comment on column chat_report.reactions_by_emoji.last_at is 'When the newest of them was made.';

create or replace view chat_report.calls_by_day as
    select c.created_at::date as day, v.kind as conversation_kind, c.media, coalesce(c.end_reason, 'running') as outcome, count(*) as calls,
        percentile_cont(0.5) within group (order by extract(epoch from c.ended_at - c.answered_at)::float8) as median_seconds,
        sum(extract(epoch from c.ended_at - c.answered_at))::float8 as total_seconds,
        percentile_cont(0.5) within group (order by extract(epoch from c.answered_at - c.created_at)::float8) as answer_median_seconds
    from chat.calls c
    join chat.conversations v on v.id = c.conversation_id
    group by 1, 2, 3, 4;

comment on view chat_report.calls_by_day is 'Calls and what became of them.';
comment on column chat_report.calls_by_day.day is 'The day on which they began to ring, in the session''s time zone.';
comment on column chat_report.calls_by_day.conversation_kind is 'direct, group or room.';
comment on column chat_report.calls_by_day.media is 'audio or video.';
comment on column chat_report.calls_by_day.outcome is 'completed, missed, declined, busy or cancelled; running: it rings or goes on.';
comment on column chat_report.calls_by_day.calls is 'How many.';
comment on column chat_report.calls_by_day.median_seconds is 'Half of them lasted so many seconds at most; null where nobody answered.';
comment on column chat_report.calls_by_day.total_seconds is 'Seconds that all of them lasted together.';
comment on column chat_report.calls_by_day.answer_median_seconds is 'Half of them were answered within so many seconds.';
