import { type Kysely, sql } from "kysely";

/*
 * faultline.record_events again, in sets: counting into incidents that are open already took most of its time, one incident
 * after the other. It does the same as that of migration 0004, and may run beside it.
 */
export const recordInSets = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`
create or replace function faultline.record_events(batch jsonb, reopen_window_ms bigint, samples_per_hour integer)
returns table (ord integer, recorded boolean, incident_id bigint, transition text, work_id bigint, work_first boolean)
language plpgsql as $$
#variable_conflict use_column
declare
  severities constant text[] := array['critical', 'error', 'warning', 'info'];
  new_ords integer[];
  new_ids bigint[];
  -- What is new of each incident and subject.
  of_fingerprint text[];
  of_subject text[];
  of_events bigint[];
  of_first_at timestamptz[];
  of_last_at timestamptz[];
  of_worst integer[];
  of_quiet_at timestamptz[];
  of_ord integer[];
  groups text[] := '{}';
  group_incidents bigint[] := '{}';
  change_ords integer[] := '{}';
  changes text[] := '{}';
  work_ords integer[] := '{}';
  work_ids bigint[] := '{}';
  work_firsts boolean[] := '{}';
  grp record;
  found_incident faultline.incidents%rowtype;
  first_event jsonb;
  candidate integer;
  candidate_event jsonb;
  change text;
  added_work bigint;
  arrival_hour timestamptz;
begin
  -- What is new: decided by one insert, whoever else records the same event at this moment.
  with input as (
    select e.ord, e.sid from jsonb_to_recordset(batch) as e(ord integer, sid text)
  ), added as (
    insert into faultline.event_keys (sid)
    select i.sid from input i order by i.sid collate "C"
    on conflict do nothing
    returning id, sid
  )
  select coalesce(array_agg(i.ord order by i.ord), '{}'), coalesce(array_agg(a.id order by i.ord), '{}')
  into new_ords, new_ids
  from added a join input i on i.sid = a.sid;

  select array_agg(s.fingerprint), array_agg(s.subject), array_agg(s.events), array_agg(s.first_at), array_agg(s.last_at),
         array_agg(s.worst), array_agg(s.quiet_at), array_agg(s.first_ord)
  into of_fingerprint, of_subject, of_events, of_first_at, of_last_at, of_worst, of_quiet_at, of_ord
  from (
    select e.fingerprint, e.subject, count(*) as events, min(e.received_at) as first_at, max(e.received_at) as last_at,
           min(array_position(severities, e.severity)) as worst,
           max(e.received_at + e.quiet_ms * interval '1 millisecond') as quiet_at, min(e.ord) as first_ord
    from jsonb_to_recordset(batch)
           as e(ord integer, fingerprint text, subject text, received_at timestamptz, severity text, quiet_ms bigint)
    join unnest(new_ords) as n(ord) on n.ord = e.ord
    where e.fingerprint is not null
    group by e.fingerprint, e.subject
  ) s;

  -- The incidents that are open already, nearly all of them under load: locked at once, in the order of the others below.
  select coalesce(array_agg(l.fingerprint), '{}'), coalesce(array_agg(l.id), '{}') into groups, group_incidents
  from (
    select i.fingerprint, i.id from faultline.incidents i
    where i.fingerprint = any (of_fingerprint) and i.current and i.state = 'open'
    order by i.fingerprint collate "C"
    for no key update
  ) l;

  if group_incidents <> '{}' then
    -- Their new subjects within the hour's bound are diagnosed. A statement of its own, to see what was there when the locks
    -- were had.
    with ready as (
      select g.fingerprint, i.id,
             case when i.sample_hour >= date_trunc('hour', s.last_at, 'UTC') then i.samples else 0 end as samples
      from unnest(groups, group_incidents) as g(fingerprint, id)
      join faultline.incidents i on i.id = g.id
      join (
        select u.fingerprint, max(u.last_at) as last_at from unnest(of_fingerprint, of_last_at) as u(fingerprint, last_at)
        group by u.fingerprint
      ) s on s.fingerprint = g.fingerprint
    ), wanted as (
      select r.id, s.ord, r.samples + row_number() over (partition by r.id order by s.ord) as nth
      from ready r
      join unnest(of_fingerprint, of_subject, of_ord) as s(fingerprint, subject, ord) on s.fingerprint = r.fingerprint
      where r.samples < samples_per_hour
        and not exists (select from faultline.work w where w.incident_id = r.id and w.subject = s.subject)
    ), added as (
      insert into faultline.work (kind, incident_id, event_sid, subject, first, sealed_subject, created_at, trace)
      select 'diagnose', w.id, e.event ->> 'sid', e.event ->> 'subject', false, e.event ->> 'sealed_subject',
        (e.event ->> 'received_at')::timestamptz, e.event ->> 'trace'
      from wanted w cross join lateral (select batch -> w.ord as event) e
      where w.nth <= samples_per_hour
      order by w.ord
      returning id, event_sid
    )
    select coalesce(array_agg(w.ord), '{}'), coalesce(array_agg(a.id), '{}'), coalesce(array_agg(false), '{}')
    into work_ords, work_ids, work_firsts
    from added a join wanted w on batch -> w.ord ->> 'sid' = a.event_sid;

    update faultline.incidents i set
      count = i.count + u.events,
      first_seen = least(i.first_seen, u.first_at),
      last_seen = greatest(i.last_seen, u.last_at),
      severity = severities[least(array_position(severities, i.severity), u.worst)],
      quiet_at = greatest(i.quiet_at, u.quiet_at),
      sample_hour = greatest(i.sample_hour, date_trunc('hour', u.last_at, 'UTC')),
      samples = u.added + case when i.sample_hour >= date_trunc('hour', u.last_at, 'UTC') then i.samples else 0 end,
      trace = case
        when u.worst < array_position(severities, i.severity) or (i.count < i.grow_at and i.count + u.events >= i.grow_at)
          then batch -> u.first_ord ->> 'trace'
        else i.trace
      end
    from (
      select g.id, sum(s.events) as events, min(s.first_at) as first_at, max(s.last_at) as last_at, min(s.worst) as worst,
             max(s.quiet_at) as quiet_at, min(s.ord) as first_ord, count(w.ord) as added
      from unnest(groups, group_incidents) as g(fingerprint, id)
      join unnest(of_fingerprint, of_events, of_first_at, of_last_at, of_worst, of_quiet_at, of_ord)
             as s(fingerprint, events, first_at, last_at, worst, quiet_at, ord) on s.fingerprint = g.fingerprint
      left join unnest(work_ords) as w(ord) on w.ord = s.ord
      group by g.id
    ) u
    where i.id = u.id;
  end if;

  -- The others, one by one: they open, or open again.
  for grp in
    select s.fingerprint, sum(s.events) as events, min(s.first_at) as first_at, max(s.last_at) as last_at,
           min(s.worst) as worst, max(s.quiet_at) as quiet_at, array_agg(s.ord order by s.ord) as candidates
    from unnest(of_fingerprint, of_events, of_first_at, of_last_at, of_worst, of_quiet_at, of_ord)
           as s(fingerprint, events, first_at, last_at, worst, quiet_at, ord)
    left join unnest(groups) as g(fingerprint) on g.fingerprint = s.fingerprint
    where g.fingerprint is null
    group by s.fingerprint
    order by s.fingerprint collate "C"
  loop
    first_event := batch -> grp.candidates[1];
    change := null;
    loop
      select * into found_incident from faultline.incidents i
      where i.fingerprint = grp.fingerprint and i.current for no key update;
      if found then
        exit when found_incident.state = 'open';
        if found_incident.resolved_at + reopen_window_ms * interval '1 millisecond' >= grp.first_at then
          change := 'reopened';
          exit;
        end if;
        update faultline.incidents set current = false where id = found_incident.id;
      end if;
      insert into faultline.incidents (fingerprint, state, severity, code, title, product, account, service,
        first_seen, last_seen, docs_url, rule_id, matched, quiet_at)
      values (grp.fingerprint, 'open', first_event ->> 'severity', (first_event ->> 'code')::bigint,
        first_event ->> 'title', first_event ->> 'product', first_event ->> 'account', first_event ->> 'service',
        grp.first_at, grp.last_at, first_event ->> 'docs_url', first_event ->> 'rule_id', first_event -> 'matched',
        grp.quiet_at)
      on conflict (fingerprint) where current do nothing
      returning * into found_incident;
      if found then
        change := 'opened';
        exit;
      end if;
      -- Another process opened it between our two statements: look again.
    end loop;

    groups := groups || grp.fingerprint;
    group_incidents := group_incidents || found_incident.id;
    if change is not null then
      change_ords := change_ords || grp.candidates[1];
      changes := changes || change;
    end if;

    -- Which of them are diagnosed: the one that opened it at once, then new subjects within the hour's bound.
    arrival_hour := date_trunc('hour', grp.last_at, 'UTC');
    if found_incident.sample_hour is null or found_incident.sample_hour < arrival_hour then
      found_incident.sample_hour := arrival_hour;
      found_incident.samples := 0;
    end if;
    foreach candidate in array grp.candidates loop
      candidate_event := batch -> candidate;
      if change is null or candidate <> grp.candidates[1] then
        exit when found_incident.samples >= samples_per_hour;
        continue when exists (
          select from faultline.work w
          where w.incident_id = found_incident.id and w.subject = candidate_event ->> 'subject'
        );
      end if;
      insert into faultline.work (kind, incident_id, event_sid, subject, first, sealed_subject, created_at, trace)
      values ('diagnose', found_incident.id, candidate_event ->> 'sid', candidate_event ->> 'subject',
        change is not null and candidate = grp.candidates[1], candidate_event ->> 'sealed_subject', (candidate_event ->> 'received_at')::timestamptz,
        candidate_event ->> 'trace')
      returning id into added_work;
      found_incident.samples := found_incident.samples + 1;
      work_ords := work_ords || candidate;
      work_ids := work_ids || added_work;
      work_firsts := work_firsts || (change is not null and candidate = grp.candidates[1]);
    end loop;

    update faultline.incidents set
      state = 'open',
      resolved_at = null,
      count = count + grp.events,
      first_seen = least(first_seen, grp.first_at),
      last_seen = greatest(last_seen, grp.last_at),
      severity = severities[least(array_position(severities, severity), grp.worst)],
      quiet_at = greatest(case when change is null then quiet_at end, grp.quiet_at),
      sample_hour = found_incident.sample_hour,
      samples = found_incident.samples,
      trace = case
        when change is not null or grp.worst < array_position(severities, severity)
          or (count < grow_at and count + grp.events >= grow_at) then first_event ->> 'trace'
        else trace
      end
    where id = found_incident.id;
  end loop;

  insert into faultline.events (id, sid, source, account, parent_account, code, level, product, title, occurred_at,
    received_at, resource, service, incident_id, payload)
  select n.id, e.sid, e.source, e.account, e.parent_account, e.code, e.level, e.product, e.title, e.occurred_at,
    e.received_at, e.resource, e.service, g.incident_id, e.payload
  from jsonb_to_recordset(batch)
         as e(ord integer, sid text, source text, account text, parent_account text, code bigint, level text,
              product text, title text, occurred_at text, received_at timestamptz, resource text, service text,
              fingerprint text, payload jsonb)
  join unnest(new_ords, new_ids) as n(ord, id) on n.ord = e.ord
  left join unnest(groups, group_incidents) as g(fingerprint, incident_id) on g.fingerprint = e.fingerprint;

  return query
  select e.ord, true, g.incident_id, c.change, w.work_id, w.work_first
  from jsonb_to_recordset(batch) as e(ord integer, fingerprint text)
  join unnest(new_ords) as n(ord) on n.ord = e.ord
  left join unnest(groups, group_incidents) as g(fingerprint, incident_id) on g.fingerprint = e.fingerprint
  left join unnest(change_ords, changes) as c(ord, change) on c.ord = e.ord
  left join unnest(work_ords, work_ids, work_firsts) as w(ord, work_id, work_first) on w.ord = e.ord
  union all
  select e.ord, false, v.incident_id, null, null, null
  from jsonb_to_recordset(batch) as e(ord integer, sid text)
  left join faultline.event_keys k on k.sid = e.sid
  left join faultline.events v on v.id = k.id
  where not (e.ord = any (new_ords));
end
$$`.execute(db);
  },
};
