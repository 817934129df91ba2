-- The first epoch: announcing anything needs its label.
select chat.renew_epoch();

-- The one room that everyone is in. A host that wants none closes it, and it stays closed.
insert into chat.conversations (kind, title, is_general, join_policy)
select 'room', 'General', true, 'open'
where not exists (select from chat.conversations c where c.is_general);
