import { type Kysely, sql } from "kysely";

/*
 * The latest diagnoses of an incident, read from the index one by one, however many there are. Without it all of them are
 * read and sorted: an incident that lasts a month has thousands, and a page of the list has up to 500 incidents.
 *
 * Building it keeps workers from storing diagnoses meanwhile, not events from being recorded: the table has at most
 * DIAGNOSES_PER_HOUR rows an hour and incident, a million of which take about a second.
 */
export const diagnosesByTime = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`create index diagnoses_by_time on faultline.diagnoses (incident_id, at, id)`.execute(db);
  },
};
