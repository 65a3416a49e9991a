import { type Kysely, sql } from "kysely";

/*
 * Where the traces of a delivery go on, as W3C `traceparent`; null where nothing is traced.
 *
 * work.trace        the delivery that gave rise to it
 * incidents.trace   what made it change last in a way that people may want to hear of: a delivery or a diagnosis. Time alone,
 *                   which resolves an incident, leaves it
 * notices.trace     the same when the notice was decided
 *
 * faultline.record_events is replaced by one that reads a `trace` of each event and is otherwise that of migration 0002; an
 * older process that calls it gives none. What changes an incident here is what schedules a look in migration 0003.
 */
export const traces = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`alter table faultline.work add column trace text`.execute(db);
    await sql`alter table faultline.incidents add column trace text`.execute(db);
    await sql`alter table faultline.notices add column trace text`.execute(db);
    await sql`
create or replace function faultline.record_events(batch jsonb, reopen_window_ms bigint, samples_per_hour integer)
returns table (ord integer, recorded boolean, incident_id bigint, transition text, work_id bigint, work_first boolean)
language plpgsql as $$
#variable_conflict use_column
declare
  severities constant text[] := array['critical', 'error', 'warning', 'info'];
  new_ords integer[];
  new_ids bigint[];
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

  -- The incidents they belong to.
  for grp in
    select s.fingerprint, sum(s.events) as events, min(s.first_at) as first_at, max(s.last_at) as last_at,
           min(s.worst) as worst, max(s.quiet_at) as quiet_at, array_agg(s.first_ord order by s.first_ord) as candidates
    from (
      select e.fingerprint, count(*) as events, min(e.received_at) as first_at, max(e.received_at) as last_at,
             min(array_position(severities, e.severity)) as worst, min(e.ord) as first_ord,
             max(e.received_at + e.quiet_ms * interval '1 millisecond') as quiet_at
      from jsonb_to_recordset(batch)
             as e(ord integer, fingerprint text, subject text, received_at timestamptz, severity text, quiet_ms bigint)
      join unnest(new_ords) as n(ord) on n.ord = e.ord
      where e.fingerprint is not null
      group by e.fingerprint, e.subject
    ) s
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
