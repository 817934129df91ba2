-- What has happened in the demo's chat before anybody looks: people, conversations, three days of messages, told once, in
-- plain SQL as any project may write it. The server has put the drawn pictures into pg_temp.pictures (name, bytes).

-- History is brought along: nobody needs to be told that people were added three days ago.
set local chat.quiet = on;

create temporary table people on commit drop as
select * from (values
    ('maya', 'Maya Lindqvist', 'Runs Fjell & Field', 'Founder. Sells what she carries herself.'),
    ('tomas', 'Tomás Rivera', 'Ask me about your order', 'Customer care at Fjell & Field, weekdays from 8 to 17.'),
    ('priya', 'Priya Nair', 'Testing tents in the rain', 'Tries the gear before anybody buys it.'),
    ('kenji', 'Kenji Sato', 'On the trail until Friday', 'Writes the trail notes. Slow answers, good photos.'),
    ('amara', 'Amara Okafor', 'Coffee first', 'Warehouse and returns.'),
    ('lena', 'Lena Vogel', null, 'Photographs what we sell.'),
    ('omar', 'Omar Haddad', 'متاح', 'Speaks to suppliers in three languages.'),
    ('nora', 'Nora Berg', null, 'A customer of the shop.')
) p (key, name, status_text, about);

insert into chat.users (external_id, username, name, status_text, about, created_at)
select 'demo-' || key, key, name, status_text, about, now() - interval '90 days' from people;

create temporary table conversations on commit drop as
with told as (
    insert into chat.conversations (kind, title, description, join_policy, topic, created_by, created_at)
    select c.kind, c.title, c.description, c.join_policy, c.topic, u.id, now() - interval '60 days'
    from (values
        ('group', 'Shop team', null, 'invite', null, 'maya'),
        ('room', 'Trail stories', 'Where you went, what broke, what you would carry again.', 'open', null, 'kenji'),
        ('room', 'Gear questions', 'Is it waterproof? Will it fit? Ask those who use it.', 'open', null, 'priya'),
        ('room', 'Order 4711', 'Trail lamp, two sets of pegs', 'invite', 'order-4711', 'tomas')
    ) c (kind, title, description, join_policy, topic, owner)
    join chat.users u on u.external_id = 'demo-' || c.owner
    returning id, title
)
select t.id, case t.title when 'Shop team' then 'team' when 'Trail stories' then 'trail' when 'Gear questions' then 'gear' else 'order' end as key
from told t
union all
select c.id, 'general' from chat.conversations c where c.is_general
union all
select (chat.open_direct(a.id, b.id)).id, 'tomas-nora'
from chat.users a, chat.users b where a.external_id = 'demo-tomas' and b.external_id = 'demo-nora';

insert into chat.members (conversation_id, user_id, role)
select c.id, u.id, case when (c.key, p.key) in (('team', 'maya'), ('trail', 'kenji'), ('gear', 'priya'), ('order', 'tomas')) then 'owner'
        when (c.key, p.key) = ('general', 'maya') then 'admin' else 'member' end
from conversations c cross join people p join chat.users u on u.external_id = 'demo-' || p.key
where (c.key = 'team' and p.key <> 'nora') or (c.key = 'trail' and p.key not in ('tomas', 'amara')) or (c.key = 'gear' and p.key <> 'omar')
    or (c.key = 'order' and p.key in ('tomas', 'nora')) or (c.key, p.key) = ('general', 'maya')
order by c.id, u.id
on conflict (conversation_id, user_id) do update set role = excluded.role where chat.members.role <> excluded.role;

create temporary table told (ref text, id uuid) on commit drop;

create function pg_temp.person(p_key text) returns uuid language sql stable as $$
    select id from chat.users where external_id = 'demo-' || p_key
$$;

create function pg_temp.message(p_ref text) returns uuid language sql stable as $$
    select id from pg_temp.told where ref = p_ref
$$;

-- One message, so long ago; p_ref names it for answers and reactions.
create function pg_temp.say(
    p_conversation text, p_by text, p_ago interval, p_body text, p_ref text default null, p_reply_to text default null,
    p_kind text default 'text', p_data jsonb default null, p_pictures text[] default null)
returns void language plpgsql as $$
declare
    v_sender constant uuid := pg_temp.person(p_by);
    v_id uuid;
begin
    insert into chat.messages (conversation_id, sender_id, kind, body, data, reply_to, media_ids, created_at)
    select c.id, v_sender, p_kind, p_body, p_data, pg_temp.message(p_reply_to),
        (select array_agg((chat.store_media(v_sender, b.name || '.png', b.bytes)).id order by array_position(p_pictures, b.name))
            from pg_temp.pictures b where b.name = any (p_pictures)),
        now() - p_ago
    from pg_temp.conversations c where c.key = p_conversation
    returning id into v_id;
    insert into pg_temp.told values (p_ref, v_id);
end
$$;

create function pg_temp.feel(p_ref text, p_emoji text, variadic p_people text[]) returns void language plpgsql as $$
begin
    perform chat.react(pg_temp.person(k), pg_temp.message(p_ref), p_emoji) from unnest(p_people) k;
end
$$;

do $$
begin
    perform pg_temp.say('general', 'maya', '2 days 6:10', 'Good morning, and welcome to all who found us over the weekend. This room is for everybody: customers, friends and those of us who pack the boxes.', 'welcome');
    perform pg_temp.say('general', 'amara', '2 days 6:04', 'Morning! The delivery from Tromsø is here. **Forty lamps**, not one broken ✨', 'lamps');
    perform pg_temp.say('general', 'lena', '2 days 5:31', 'Evening light above the fjord, from yesterday’s shoot', 'fjord', p_kind => 'image', p_pictures => '{fjord}', p_data => '{"alt": "Evening sun above a fjord between dark hills"}');
    perform pg_temp.say('general', 'priya', '2 days 5:28', 'That goes on the front page, doesn’t it?', null, 'fjord');
    perform pg_temp.say('general', 'lena', '2 days 5:27', 'If Maya lets me 😄', null);
    perform pg_temp.say('general', 'maya', '2 days 5:20', 'She does.', 'does');
    perform pg_temp.say('general', 'omar', '1 day 7:40', 'صباح الخير! وصل المصباح الجديد، وهو جميل جدًا.', 'omar');
    perform pg_temp.say('general', 'tomas', '1 day 7:32', 'Three people asked this week whether the lamp floats. It does. Please do not ask how I know.', 'floats');
    perform pg_temp.say('general', 'kenji', '1 day 2:15', null, 'thinking', p_kind => 'sticker', p_data => '{"pack": "webchat", "name": "laugh"}', p_reply_to => 'floats');
    perform pg_temp.say('general', 'priya', '5:40', 'Rain test of the two-person tent, hour six: dry. I have read the manual twice and the shampoo bottle once.', 'tent');
    perform pg_temp.say('general', 'amara', '5:31', 'What does the shampoo say?', null, 'tent');
    perform pg_temp.say('general', 'priya', '5:30', 'To rinse and repeat. I am not going out there.', 'rinse');
    perform pg_temp.say('general', 'kenji', '2:05', 'Back on Friday. We are here, if anybody wants to bring coffee:', null);
    perform pg_temp.say('general', 'kenji', '2:04', null, 'hut', p_kind => 'location', p_data => '{"latitude": 61.6364, "longitude": 8.3125, "name": "Hut below Galdhøpiggen"}');
    perform pg_temp.say('general', 'maya', '0:24', 'New trail notes are up: https://fjell-and-field.example/notes/friday — thanks, @kenji and @lena!', 'notes');

    perform pg_temp.say('trail', 'kenji', '2 days 9:00', 'Three days, two passes, one pair of socks too few.', 'socks');
    perform pg_temp.say('trail', 'kenji', '2 days 8:58', 'Snow line, the lake at six in the morning, and the ridge on the way down', 'ridge', p_kind => 'image', p_pictures => '{snow,lake,ridge}', p_data => '{"alts": ["Snow on blue mountains", "A still lake at dawn", "A green ridge under clouds"]}');
    perform pg_temp.say('trail', 'lena', '2 days 8:30', 'The lake! What time, and which lens?', null, 'ridge');
    perform pg_temp.say('trail', 'kenji', '2 days 8:12', E'Ten past six. A phone, and patience:\n\n1. put it on a stone\n2. wait until the wind has gone\n3. wait longer', 'patience');
    perform pg_temp.say('trail', 'nora', '1 day 3:02', 'First trip with the lamp. It lasted two nights on one charge.', 'nora-trip');
    perform pg_temp.say('trail', 'priya', '1 day 2:50', 'Low or middle?', null, 'nora-trip');
    perform pg_temp.say('trail', 'nora', '1 day 2:44', 'Middle, and low when everybody slept.');
    perform pg_temp.say('trail', 'maya', '1 day 2:40', null, null, p_kind => 'sticker', p_data => '{"pack": "webchat", "name": "love"}');

    perform pg_temp.say('gear', 'nora', '1 day 4:00', 'Do the pegs hold in sand?', 'pegs');
    perform pg_temp.say('gear', 'priya', '1 day 3:41', 'The long ones do. The short ones hold in grass and gravel; in sand bury them sideways.', 'sideways', 'pegs');
    perform pg_temp.say('gear', 'kenji', '1 day 3:10', 'Or tie them to something that your friends will carry.', 'friends');

    perform pg_temp.say('team', 'maya', '1 day 8:00', 'Plan for Friday: `release` at ten, notes at eleven, cake at twelve.', 'plan');
    perform pg_temp.say('team', 'amara', '1 day 7:58', 'Cake at ten, release at eleven. Otherwise fine.', 'cake');
    perform pg_temp.say('team', 'omar', '1 day 7:51', 'Supplier says the blue ones are two weeks late. I have asked for the date in writing.');

    perform pg_temp.say('order', 'tomas', '3:10', 'Hello Nora, your order 4711 is packed: one trail lamp and two sets of pegs.', 'packed');
    perform pg_temp.say('order', 'nora', '3:02', 'Lovely! Could you add the longer pegs instead of the second set?', 'longer');
    perform pg_temp.say('order', 'tomas', '2:58', 'Done. Same price today; it leaves at four.', 'done', 'longer');

    perform pg_temp.say('tomas-nora', 'nora', '2 days 3:00', 'Hi Tomás, is the lamp repairable?');
    perform pg_temp.say('tomas-nora', 'tomas', '2 days 2:56', 'Two screws, and every part can be had. The battery is a common one.', 'repair');

    perform pg_temp.feel('welcome', '👋', 'amara', 'lena', 'kenji');
    perform pg_temp.feel('lamps', '🎉', 'maya', 'tomas');
    perform pg_temp.feel('fjord', '😍', 'maya', 'amara', 'omar', 'nora');
    perform pg_temp.feel('fjord', '📸', 'kenji');
    perform pg_temp.feel('omar', '❤️', 'maya');
    perform pg_temp.feel('floats', '😂', 'priya', 'lena', 'nora');
    perform pg_temp.feel('rinse', '🤣', 'tomas', 'amara', 'kenji');
    perform pg_temp.feel('hut', '☕', 'priya');
    perform pg_temp.feel('notes', '👏', 'lena', 'kenji');
    perform pg_temp.feel('ridge', '🏔️', 'nora', 'maya', 'lena');
    perform pg_temp.feel('patience', '😄', 'lena');
    perform pg_temp.feel('sideways', '👍', 'nora');
    perform pg_temp.feel('cake', '🍰', 'maya', 'priya', 'lena');
    perform pg_temp.feel('done', '🙏', 'nora');
    perform chat.pin_message(pg_temp.person('maya'), pg_temp.message('welcome'));
end
$$;

-- All of them have read nearly all of it, a while after it was said.
select chat.mark_read(m.user_id, m.conversation_id, greatest(c.last_seq - case when u.external_id = 'demo-nora' then 1 else 0 end, 1))
from chat.members m join chat.conversations c on c.id = m.conversation_id join chat.users u on u.id = m.user_id
where u.external_id like 'demo-%' and m.active and c.last_seq > 0;

update chat.receipts r set at = least(now(), m.created_at + interval '40 seconds')
from chat.messages m where m.conversation_id = r.conversation_id and m.seq = greatest(r.read_seq, 1);
