-- The schema as text, one fact a line, in an order that does not depend on when things were made: tables with their
-- columns, constraints, indexes, triggers and rights; then functions by what they take and give.
with relation as (
    select c.oid, c.oid::regclass::text as name, c.relkind, c.relpersistence, c.reloptions, c.relacl, c.relowner
    from pg_class c
    where c.relnamespace::regnamespace::text like 'chat%' and c.relkind in ('r', 'v', 'm', 'p')
      and c.relname <> 'refinery_schema_history'
), line as (
    select r.name as owner, 0 as part, 0 as place, '' as key,
        concat(case r.relkind when 'v' then 'view ' when 'm' then 'materialized view ' else 'table ' end, r.name,
            case r.relpersistence when 'u' then ', unlogged' end, ', ' || array_to_string(r.reloptions, ', ')) as text
    from relation r
    union all
    select r.name, 1, a.attnum, '', format('    %s %s%s%s', a.attname, format_type(a.atttypid, a.atttypmod),
        case when a.attnotnull then ' not null' end,
        case when a.attgenerated = 's' then ' generated always as (' || pg_get_expr(d.adbin, d.adrelid) || ')'
            else ' default ' || pg_get_expr(d.adbin, d.adrelid) end)
    from relation r
    join pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
    left join pg_attrdef d on d.adrelid = r.oid and d.adnum = a.attnum
    union all
    select r.name, 2, 0, k.contype::text || k.conname, '    ' || pg_get_constraintdef(k.oid) || case when k.convalidated then '' else ' (not validated)' end
    from relation r join pg_constraint k on k.conrelid = r.oid and k.contype <> 'n'
    union all
    select r.name, 3, 0, i.indexrelid::regclass::text, '    ' || substr(pg_get_indexdef(i.indexrelid), length('CREATE ') + 1)
    from relation r join pg_index i on i.indrelid = r.oid
    where not exists (select from pg_constraint k where k.conindid = i.indexrelid and k.contype in ('p', 'u'))
    union all
    select r.name, 4, 0, t.tgname, '    trigger ' || substr(pg_get_triggerdef(t.oid), length('CREATE TRIGGER ') + 1)
    from relation r join pg_trigger t on t.tgrelid = r.oid and not t.tgisinternal
    union all
    select g.name, 5, 0, g.grantee || g.privilege, format('    %s may %s%s', g.grantee, g.privilege,
        case when g.columns is not null then ' (' || g.columns || ')' end)
    from (
        select r.name, x.grantee::regrole::text as grantee, lower(x.privilege_type) as privilege, null as columns
        from relation r cross join aclexplode(r.relacl) x where x.grantee <> r.relowner
        union all
        select r.name, x.grantee::regrole::text, lower(x.privilege_type), string_agg(a.attname, ', ' order by a.attnum)
        from relation r join pg_attribute a on a.attrelid = r.oid cross join aclexplode(a.attacl) x
        where x.grantee <> r.relowner
        group by 1, 2, 3
    ) g
    union all
    -- Behind all tables; what a function does is in sql/.
    select '~', 6, 0, f.signature, f.signature
    from (
        select format('function %s(%s) returns %s%s%s%s', p.oid::regproc, pg_get_function_arguments(p.oid), pg_get_function_result(p.oid),
            case p.provolatile when 'i' then ', immutable' when 's' then ', stable' end,
            case when p.prosecdef then ', security definer' end,
            ', for ' || (
                select string_agg(x.grantee::regrole::text, ' and ' order by x.grantee::regrole::text)
                from aclexplode(p.proacl) x where x.grantee <> p.proowner)) as signature
        from pg_proc p where p.pronamespace::regnamespace::text like 'chat%') f
)
select ltrim(string_agg(case when part = 0 and place = 0 and owner <> '~' then E'\n' else '' end || text, E'\n'
    order by owner collate "C", part, place, key collate "C"), E'\n') || E'\n'
from line;
