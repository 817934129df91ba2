-- A commit with nothing in it but a word in the WAL: what the disk takes for one flush.
select pg_logical_emit_message(true, 'bench', 'commit');
