import { type Kysely, sql } from "kysely";

/*
 * The tables. Every statement names the schema, since the search_path may be the queue's.
 *
 * event_keys   which events are known; deciding what is new is one insert here, before anything else is touched
 * incidents    `current` marks the newest of a fingerprint: the one that is open or can be reopened
 * work         the outbox: written in the transaction of the event that gave rise to it
 *
 * Columns that change with every event (count, last_seen, quiet_at, …) are in no index, so that counting stays cheap.
 */
export const recordSchema = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`
      create table faultline.event_keys (
        sid text primary key,
        id bigint generated always as identity
      )`.execute(db);

    await sql`
      create table faultline.events (
        id bigint primary key,
        sid text not null,
        source text not null,
        account text not null,
        parent_account text,
        code bigint not null,
        level text not null,
        product text not null,
        title text not null,
        occurred_at text,
        received_at timestamptz not null,
        resource text,
        service text,
        incident_id bigint,
        payload jsonb not null
      )`.execute(db);
    await sql`create index events_by_arrival on faultline.events (received_at, id)`.execute(db);
    await sql`create index events_by_incident on faultline.events (incident_id, received_at, id)`.execute(db);
    await sql`create index events_by_code on faultline.events (code, received_at, id)`.execute(db);

    await sql`
      create table faultline.incidents (
        id bigint generated always as identity primary key,
        fingerprint text not null,
        current boolean not null default true,
        state text not null check (state in ('open', 'resolved')),
        severity text not null check (severity in ('critical', 'error', 'warning', 'info')),
        code bigint not null,
        title text not null,
        product text not null,
        account text not null,
        service text,
        count bigint not null default 0,
        first_seen timestamptz not null,
        last_seen timestamptz not null,
        resolved_at timestamptz,
        docs_url text not null,
        rule_id text,
        matched jsonb not null,
        quiet_at timestamptz not null,
        sample_hour timestamptz,
        samples integer not null default 0,
        leading_cause text
      ) with (fillfactor = 70)`.execute(db);
    await sql`create unique index incidents_current on faultline.incidents (fingerprint) where current`.execute(db);
    await sql`create index incidents_open on faultline.incidents (id) where state = 'open'`.execute(db);
    await sql`create index incidents_by_state on faultline.incidents (state, id)`.execute(db);
    await sql`create index incidents_by_code on faultline.incidents (code, id)`.execute(db);
    // Ids begin at the present moment: those of a database made anew do not meet the ones receivers remember.
    await sql`
      select setval(
        pg_get_serial_sequence('faultline.incidents', 'id'),
        (extract(epoch from clock_timestamp()) * 1000)::bigint
      )`.execute(db);

    await sql`
      create table faultline.work (
        id bigint generated always as identity primary key,
        kind text not null,
        incident_id bigint not null,
        event_sid text not null,
        subject text not null,
        first boolean not null,
        sealed_subject text,
        created_at timestamptz not null,
        dispatched_at timestamptz,
        finished_at timestamptz,
        abandoned text
      )`.execute(db);
    await sql`create index work_by_subject on faultline.work (incident_id, subject)`.execute(db);
    await sql`
      create index work_unfinished on faultline.work (coalesce(dispatched_at, created_at), id)
      where finished_at is null`.execute(db);

    await sql`
      create table faultline.diagnoses (
        id bigint generated always as identity primary key,
        incident_id bigint not null,
        event_sid text not null,
        at timestamptz not null,
        result jsonb not null,
        unique (incident_id, event_sid)
      )`.execute(db);

    await sql`
      create table faultline.quarantined (
        id bigint generated always as identity primary key,
        hash bytea not null unique,
        source text not null,
        reason text not null,
        account text,
        raw text not null,
        received_at timestamptz not null
      )`.execute(db);
    await sql`create index quarantined_by_arrival on faultline.quarantined (received_at, id)`.execute(db);
  },
};
