import { type Kysely, sql } from "kysely";

/*
 * What is told to whom.
 *
 * incidents.look_at     when the incident must next be looked at for notices; null: only when something happens to it
 * incidents.opened_at   when it was opened or reopened last
 * incidents.grow_at     the count at which its growth is worth a look
 * notices               one row a notice: decided, claimed by the worker that sends it, and what came of it. A row of an
 *                       incident that is `suppressed` says why a receiver was not told; it is written when the reason
 *                       changes, and one among too many is finished when a digest has told it
 * receivers             what outlasts a process: until when a receiver asked to be left alone, and since when it fails
 * silences              whose matchers keep which incidents quiet
 *
 * A trigger keeps `look_at`, so that whatever changes an incident (recording, diagnosis, housekeeping) schedules the look in
 * its own transaction and cannot forget to. Its times come from the incident, not from the database's clock, so that a look
 * is due at once on a machine whose clock is behind. Counting up, which most updates do, does not run it.
 */
export const notices = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`
      alter table faultline.incidents
        add column opened_at timestamptz,
        add column look_at timestamptz,
        add column grow_at bigint`.execute(db);
    await sql`update faultline.incidents set opened_at = first_seen`.execute(db);
    await sql`
      create index incidents_to_look_at on faultline.incidents (look_at, id) where look_at is not null`.execute(db);
    await sql`create index incidents_by_opening on faultline.incidents (opened_at)`.execute(db);

    await sql`
create function faultline.schedule_look() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    new.opened_at := new.first_seen;
    new.look_at := new.opened_at;
  elsif new.state = 'open' and old.state <> 'open' then
    new.opened_at := new.last_seen;
    new.look_at := new.opened_at;
  else
    new.look_at := least(new.look_at, new.last_seen);
  end if;
  return new;
end
$$`.execute(db);
    await sql`
      create trigger schedule_first_look before insert on faultline.incidents
      for each row execute function faultline.schedule_look()`.execute(db);
    await sql`
      create trigger schedule_look before update of state, severity, leading_cause, count on faultline.incidents
      for each row when (
        new.state <> old.state or new.severity <> old.severity or new.leading_cause is distinct from old.leading_cause
        or (new.count >= old.grow_at and old.count < old.grow_at)
      ) execute function faultline.schedule_look()`.execute(db);

    await sql`
      create table faultline.notices (
        id bigint generated always as identity primary key,
        incident_id bigint,
        receiver text not null,
        transition text not null,
        reason text not null,
        state text not null
          check (state in ('pending', 'claimed', 'delivered', 'given_up', 'superseded', 'suppressed')),
        decided_at timestamptz not null,
        since timestamptz not null,
        count bigint not null default 0,
        severity text,
        leading_cause text,
        digest jsonb,
        digest_group text,
        about jsonb,
        dispatched_at timestamptz,
        retry_at timestamptz,
        claimed_at timestamptz,
        taken_over boolean not null default false,
        attempts integer not null default 0,
        finished_at timestamptz,
        failure text,
        failed_at timestamptz,
        reference jsonb,
        refreshed_at timestamptz
      )`.execute(db);
    // As with incidents: receivers remember the ids of notices, also those of a database that is gone.
    await sql`
      select setval(
        pg_get_serial_sequence('faultline.notices', 'id'),
        (extract(epoch from clock_timestamp()) * 1000)::bigint
      )`.execute(db);
    await sql`
      create index notices_by_incident on faultline.notices (incident_id, receiver, id) where incident_id is not null`.execute(
      db,
    );
    await sql`
      create index notices_unfinished on faultline.notices (receiver, id)
      where state in ('pending', 'claimed')`.execute(db);
    await sql`
      create index notices_finished on faultline.notices (receiver, finished_at)
      where state in ('delivered', 'given_up')`.execute(db);
    await sql`
      create index notices_failed on faultline.notices (receiver, failed_at) where failed_at is not null`.execute(db);
    await sql`
      create index notices_of_openings on faultline.notices (decided_at) where reason in ('first', 'reopened')`.execute(
      db,
    );
    await sql`
      create index notices_undigested on faultline.notices (receiver, id)
      where reason = 'suppressed_storm' and finished_at is null`.execute(db);
    await sql`
      create index notices_without_incident on faultline.notices (receiver, transition, id)
      where incident_id is null`.execute(db);

    await sql`
      create table faultline.receivers (
        name text primary key,
        paused_until timestamptz,
        failing_since timestamptz
      )`.execute(db);

    await sql`
      create table faultline.silences (
        id bigint generated always as identity primary key,
        matchers jsonb not null,
        comment text not null,
        created_by text not null,
        starts_at timestamptz not null,
        ends_at timestamptz not null
      )`.execute(db);
    await sql`create index silences_by_end on faultline.silences (ends_at, id)`.execute(db);
  },
};
