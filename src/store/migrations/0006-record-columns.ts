import { type Kysely, sql } from "kysely";

/*
 * faultline.record_columns does what faultline.record_events of migration 0005 does, for less: what most events of a batch have
 * in common comes once, as a kind, and everything comes in arrays, which cost a fraction of JSON to read. Incidents of which
 * no further event is to be diagnosed, nearly all of them under load, are locked and counted in one statement. It answers in
 * one row. record_events stays, for older processes; both may run at once.
 *
 * Three lists, each of its own length; numbers that point into them count from 1.
 *
 * incidents   fingerprints, and of_…: what all events of the batch come to, by incident
 * kinds       k_…; k_incident is null where no incident is opened. k_opening is what only an incident that is opened needs
 * events      kinds, sids, …. A sealed text that is '' stands for one that has been left out, since the event was not
 *             expected to be diagnosed; when it is after all, everything is undone with SQLSTATE ZS001
 *
 * duplicates, known_incidents   the events that were known, and their incidents
 * incidents                     by incident
 * used_up                       the incidents of which no further event is diagnosed in this hour
 * changed, changes              the events that opened an incident, or opened it again
 * worked, work_ids, work_firsts the events that are diagnosed
 */
export const recordColumns = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`
create function faultline.record_columns(
  fingerprints text[], of_events integer[], of_first_at timestamptz[], of_last_at timestamptz[], of_quiet_at timestamptz[],
  of_worst integer[], of_first integer[],
  k_incident integer[], k_severity integer[], k_quiet_ms bigint[], k_source text[], k_account text[], k_parent_account text[],
  k_code bigint[], k_level text[], k_product text[], k_title text[], k_service text[], k_opening text[],
  kinds integer[], sids text[], received timestamptz[], occurred text[], resources text[], subjects text[], sealed text[],
  traces text[], payloads jsonb[],
  reopen_window_ms bigint, samples_per_hour integer,
  out duplicates integer[], out known_incidents bigint[], out incidents bigint[], out used_up integer[],
  out changed integer[], out changes text[], out worked integer[], out work_ids bigint[], out work_firsts boolean[]
)
language plpgsql as $$
#variable_conflict use_column
declare
  severities constant text[] := array['critical', 'error', 'warning', 'info'];
  -- By event; null where it was known.
  new_ids bigint[];
  news integer;
  held integer[];
  held_ids bigint[];
  counted integer[];
  opened integer[];
  unsealed boolean;
  grp record;
  found_incident faultline.incidents%rowtype;
  opening jsonb;
  kind integer;
  candidate integer;
  change text;
  added_work bigint;
  arrival_hour timestamptz;
begin
  -- What is new: decided by one insert, whoever else records the same event at this moment.
  with added as (
    insert into faultline.event_keys (sid)
    select e.sid from unnest(sids) as e(sid) order by e.sid collate "C"
    on conflict do nothing
    returning id, sid
  )
  select array_agg(a.id order by e.ord), count(a.id) into new_ids, news
  from unnest(sids) with ordinality as e(sid, ord) left join added a on a.sid = e.sid;

  if news < cardinality(sids) then
    select array_agg(e.ord), array_agg(v.incident_id) into duplicates, known_incidents
    from unnest(sids, new_ids) with ordinality as e(sid, id, ord)
    left join faultline.event_keys k on k.sid = e.sid
    left join faultline.events v on v.id = k.id
    where e.id is null;
    if news = 0 then return; end if;

    -- What the others come to.
    select array_agg(case when s.grp is not null then i.fingerprint end order by i.ord), array_agg(s.events order by i.ord),
           array_agg(s.first_at order by i.ord), array_agg(s.last_at order by i.ord), array_agg(s.quiet_at order by i.ord),
           array_agg(s.worst order by i.ord), array_agg(s.first order by i.ord)
    into fingerprints, of_events, of_first_at, of_last_at, of_quiet_at, of_worst, of_first
    from unnest(fingerprints) with ordinality as i(fingerprint, ord)
    left join (
      select k_incident[e.kind] as grp, count(*) as events, min(e.at) as first_at, max(e.at) as last_at,
             max(e.at + k_quiet_ms[e.kind] * interval '1 millisecond') as quiet_at, min(k_severity[e.kind]) as worst,
             min(e.ord) as first
      from unnest(new_ids, kinds, received) with ordinality as e(id, kind, at, ord)
      where e.id is not null
      group by 1
    ) s on s.grp = i.ord;
  end if;

  -- The incidents that are there: locked in a fixed order, and those of which no further event is diagnosed counted. Which of
  -- them are open is asked of the locked rows, so that an update finds its rows by id alone, whatever statistics say.
  with there as materialized (
    select f.ord::integer as ord, i.id, i.state, i.samples, i.sample_hour
    from unnest(fingerprints) with ordinality as f(fingerprint, ord)
    join faultline.incidents i on i.fingerprint = f.fingerprint and i.current
    order by i.fingerprint collate "C"
    for no key update of i
  ), done as (
    update faultline.incidents i set
      count = i.count + of_events[t.ord],
      first_seen = least(i.first_seen, of_first_at[t.ord]),
      last_seen = greatest(i.last_seen, of_last_at[t.ord]),
      severity = severities[least(array_position(severities, i.severity), of_worst[t.ord])],
      quiet_at = greatest(i.quiet_at, of_quiet_at[t.ord]),
      trace = case
        when of_worst[t.ord] < array_position(severities, i.severity)
          or (i.count < i.grow_at and i.count + of_events[t.ord] >= i.grow_at)
          then traces[of_first[t.ord]]
        else i.trace
      end
    from there t
    where i.id = t.id and t.state = 'open' and t.samples >= samples_per_hour
      and t.sample_hour >= date_trunc('hour', of_last_at[t.ord], 'UTC')
    returning t.ord
  )
  select coalesce(array_agg(t.ord order by t.ord), '{}'), coalesce(array_agg(t.id order by t.ord), '{}'),
         coalesce((select array_agg(d.ord) from done d), '{}')
  into held, held_ids, counted
  from there t;

  used_up := counted;
  if cardinality(counted) = cardinality(fingerprints) then
    incidents := held_ids;
  else
    incidents := array_fill(null::bigint, array[cardinality(fingerprints)]);
    for place in 1..cardinality(held) loop
      if held[place] = any (counted) then incidents[held[place]] := held_ids[place]; end if;
    end loop;
  end if;

  if cardinality(counted) < cardinality(array_remove(fingerprints, null)) then
    -- The other open ones. Statements of their own, to see what was there when the locks were had.
    select coalesce(array_agg(h.ord), '{}') into opened
    from unnest(held, held_ids) as h(ord, id) join faultline.incidents i on i.id = h.id
    where i.state = 'open' and not h.ord = any (counted);

    if cardinality(opened) > 0 then
      for place in 1..cardinality(held) loop
        if held[place] = any (opened) then incidents[held[place]] := held_ids[place]; end if;
      end loop;

      -- Their new subjects within the hour's bound are diagnosed.
      with ready as (
        select o.ord, i.id,
               case when i.sample_hour >= date_trunc('hour', of_last_at[o.ord], 'UTC') then i.samples else 0 end as samples
        from unnest(opened) as o(ord) join faultline.incidents i on i.id = incidents[o.ord]
      ), fresh as (
        select k_incident[e.kind] as grp, e.subject, min(e.ord)::integer as ord
        from unnest(new_ids, kinds, subjects) with ordinality as e(id, kind, subject, ord)
        where e.id is not null and k_incident[e.kind] = any (opened)
        group by 1, 2
      ), wanted as (
        select r.id, f.ord, f.subject, r.samples + row_number() over (partition by r.id order by f.ord) as nth
        from ready r join fresh f on f.grp = r.ord
        where r.samples < samples_per_hour
          and not exists (select from faultline.work w where w.incident_id = r.id and w.subject = f.subject)
      ), added as (
        insert into faultline.work (kind, incident_id, event_sid, subject, first, sealed_subject, created_at, trace)
        select 'diagnose', w.id, sids[w.ord], w.subject, false, sealed[w.ord], received[w.ord], traces[w.ord]
        from wanted w
        where w.nth <= samples_per_hour
        order by w.ord
        returning id, event_sid, sealed_subject
      )
      select array_agg(w.ord), array_agg(a.id), array_agg(false), bool_or(a.sealed_subject = '')
      into worked, work_ids, work_firsts, unsealed
      from added a join wanted w on sids[w.ord] = a.event_sid;
      if unsealed then
        raise exception 'an event to be diagnosed came without its subject' using errcode = 'ZS001';
      end if;

      with done as (
        update faultline.incidents i set
          count = i.count + of_events[u.ord],
          first_seen = least(i.first_seen, of_first_at[u.ord]),
          last_seen = greatest(i.last_seen, of_last_at[u.ord]),
          severity = severities[least(array_position(severities, i.severity), of_worst[u.ord])],
          quiet_at = greatest(i.quiet_at, of_quiet_at[u.ord]),
          sample_hour = greatest(i.sample_hour, date_trunc('hour', of_last_at[u.ord], 'UTC')),
          samples = u.added
            + case when i.sample_hour >= date_trunc('hour', of_last_at[u.ord], 'UTC') then i.samples else 0 end,
          trace = case
            when of_worst[u.ord] < array_position(severities, i.severity)
              or (i.count < i.grow_at and i.count + of_events[u.ord] >= i.grow_at)
              then traces[of_first[u.ord]]
            else i.trace
          end
        from (
          select o.ord, incidents[o.ord] as id, count(w.ord) as added
          from unnest(opened) as o(ord) left join unnest(worked) as w(ord) on k_incident[kinds[w.ord]] = o.ord
          group by o.ord
        ) u
        where i.id = u.id
        returning u.ord, i.samples
      )
      select used_up || array_agg(d.ord) filter (where d.samples >= samples_per_hour) into used_up from done d;
    end if;

    -- The others, one by one: they open, or open again.
    for grp in
      select s.ord, array_agg(s.first order by s.first) as candidates
      from (
        select k_incident[e.kind] as ord, min(e.ord)::integer as first
        from unnest(new_ids, kinds, subjects) with ordinality as e(id, kind, subject, ord)
        where e.id is not null and k_incident[e.kind] is not null and incidents[k_incident[e.kind]] is null
        group by k_incident[e.kind], e.subject
      ) s
      group by s.ord
      order by fingerprints[s.ord] collate "C"
    loop
      change := null;
      loop
        select * into found_incident from faultline.incidents i
        where i.fingerprint = fingerprints[grp.ord] and i.current for no key update;
        if found then
          exit when found_incident.state = 'open';
          if found_incident.resolved_at + reopen_window_ms * interval '1 millisecond' >= of_first_at[grp.ord] then
            change := 'reopened';
            exit;
          end if;
          update faultline.incidents set current = false where id = found_incident.id;
        end if;
        kind := kinds[grp.candidates[1]];
        opening := k_opening[kind];
        insert into faultline.incidents (fingerprint, state, severity, code, title, product, account, service,
          first_seen, last_seen, docs_url, rule_id, matched, quiet_at)
        values (fingerprints[grp.ord], 'open', severities[k_severity[kind]], k_code[kind], k_title[kind], k_product[kind],
          k_account[kind], k_service[kind], of_first_at[grp.ord], of_last_at[grp.ord], opening ->> 'docs_url',
          opening ->> 'rule_id', opening -> 'matched', of_quiet_at[grp.ord])
        on conflict (fingerprint) where current do nothing
        returning * into found_incident;
        if found then
          change := 'opened';
          exit;
        end if;
        -- Another process opened it between our two statements: look again.
      end loop;

      incidents[grp.ord] := found_incident.id;
      if change is not null then
        changed := changed || grp.candidates[1];
        changes := changes || change;
      end if;

      -- Which of them are diagnosed: the one that opened it at once, then new subjects within the hour's bound.
      arrival_hour := date_trunc('hour', of_last_at[grp.ord], 'UTC');
      if found_incident.sample_hour is null or found_incident.sample_hour < arrival_hour then
        found_incident.sample_hour := arrival_hour;
        found_incident.samples := 0;
      end if;
      foreach candidate in array grp.candidates loop
        if change is null or candidate <> grp.candidates[1] then
          exit when found_incident.samples >= samples_per_hour;
          continue when exists (
            select from faultline.work w
            where w.incident_id = found_incident.id and w.subject = subjects[candidate]
          );
        end if;
        if sealed[candidate] = '' then
          raise exception 'an event to be diagnosed came without its subject' using errcode = 'ZS001';
        end if;
        insert into faultline.work (kind, incident_id, event_sid, subject, first, sealed_subject, created_at, trace)
        values ('diagnose', found_incident.id, sids[candidate], subjects[candidate],
          change is not null and candidate = grp.candidates[1], sealed[candidate], received[candidate], traces[candidate])
        returning id into added_work;
        found_incident.samples := found_incident.samples + 1;
        worked := worked || candidate;
        work_ids := work_ids || added_work;
        work_firsts := work_firsts || (change is not null and candidate = grp.candidates[1]);
      end loop;
      if found_incident.samples >= samples_per_hour then used_up := used_up || grp.ord; end if;

      update faultline.incidents set
        state = 'open',
        resolved_at = null,
        count = count + of_events[grp.ord],
        first_seen = least(first_seen, of_first_at[grp.ord]),
        last_seen = greatest(last_seen, of_last_at[grp.ord]),
        severity = severities[least(array_position(severities, severity), of_worst[grp.ord])],
        quiet_at = greatest(case when change is null then quiet_at end, of_quiet_at[grp.ord]),
        sample_hour = found_incident.sample_hour,
        samples = found_incident.samples,
        trace = case
          when change is not null or of_worst[grp.ord] < array_position(severities, severity)
            or (count < grow_at and count + of_events[grp.ord] >= grow_at) then traces[grp.candidates[1]]
          else trace
        end
      where id = found_incident.id;
    end loop;
  end if;

  insert into faultline.events (id, sid, source, account, parent_account, code, level, product, title, occurred_at,
    received_at, resource, service, incident_id, payload)
  select e.id, e.sid, k.source, k.account, k.parent_account, k.code, k.level, k.product, k.title, e.occurred_at,
    e.received_at, e.resource, k.service, incidents[k.incident], e.payload
  from unnest(new_ids, kinds, sids, received, occurred, resources, payloads)
         as e(id, kind, sid, received_at, occurred_at, resource, payload)
  join unnest(k_incident, k_source, k_account, k_parent_account, k_code, k_level, k_product, k_title, k_service)
         with ordinality as k(incident, source, account, parent_account, code, level, product, title, service, ord)
    on k.ord = e.kind
  where e.id is not null;
end
$$`.execute(db);
  },
};
